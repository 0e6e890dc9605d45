/* Entries made by hand. What breaks a rule is refused by its name and leaves nothing; what keeps
 * them is stored, and spreads, and does no harm. Each begins a log of its own. */
#include "sync/replica_internal.h"
#include "tests/sim/hostile.h"

#include <stdlib.h>
#include <string.h>

#define LINKS_AT 115u /* the count of links in the header of a log's number 0 */

void forgery_begin(struct forgery *f, struct world *w, struct node *hostile, struct node *victim)
{
    *f = (struct forgery){.w = w, .victim = victim, .hostile = hostile};
    f->header = (struct vl_entry_header){.circle = w->circle, .lamport = 1, .wall = {0}};
    memcpy(f->header.sign_key, hostile->keys->card.sign, sizeof f->header.sign_key);
    hostile_bytes(w, f->header.incarnation, sizeof f->header.incarnation);
    vl_log_id(f->header.sign_key, f->header.incarnation, &f->header.log);
    hostile_bytes(w, f->header.epoch_key.bytes, sizeof f->header.epoch_key.bytes);
}

static bool take_parent(struct forgery *f, const struct vl_id *id)
{
    const struct vl_entry_row *row = memory_storage_entry(f->victim->memory, id);
    if (row == NULL) return false;
    f->header.auth[f->header.auth_count++] = *id;
    f->header.links[f->header.link_count++] = *id;
    if (row->lamport >= f->header.lamport) f->header.lamport = row->lamport + 1;
    return true;
}

/* All newest control entries may show more of her branches than an entry may (F6), and be refused
 * for that. */
static bool any_crowded(const struct forgery *f)
{
    bool any = false;
    for (unsigned i = 0; i < f->w->profile.nodes; i++)
        any |= vl_replica_is_crowded(f->victim->replica, &f->w->nodes[i].person);
    return any;
}

bool forgery_take_newest(struct forgery *f)
{
    const struct vl_membership *m = vl_replica_membership(f->victim->replica);
    struct vl_bytes frontier[VL_AUTH_MAX];
    if (m == NULL || any_crowded(f)) return false;
    size_t count = vl_membership_frontier(m, frontier, VL_AUTH_MAX);
    if (count == 0 || count > VL_AUTH_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        struct vl_id id;
        memcpy(id.bytes, frontier[i].data, sizeof id.bytes);
        if (!take_parent(f, &id)) return false;
    }
    return true;
}

static vl_result keep_id(void *context, const struct vl_entry_row *row)
{
    *(struct vl_id *)context = row->id;
    return VL_OK;
}

/* The nth control entry of the victim's copy in its one order; 0: the founding. */
static bool control_at(const struct forgery *f, size_t at, struct vl_id *out)
{
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL, .max = at + 1};
    memset(out, 0, sizeof *out);
    return f->victim->storage.entry_scan(f->victim->storage.self, &scan, keep_id, out) == VL_OK &&
           !vl_id_is_zero(out);
}

bool forgery_take_old(struct forgery *f)
{
    struct vl_id id;
    size_t entries = memory_storage_entry_count(f->victim->memory);
    return control_at(f, seeded_below(&f->w->life, entries), &id) && take_parent(f, &id);
}

/* Content that she holds the key for; false: none. `newest`: else the oldest. */
static bool real_content(struct forgery *f, bool newest)
{
    struct vl_epoch_info epochs[64];
    struct vl_buffer body = {0};
    if (f->hostile->replica == NULL) return false;
    size_t count = vl_replica_epochs(f->hostile->replica, epochs, 64);
    if (count == 0) return false;
    f->header.epoch_key = epochs[newest || count > 64 ? 0 : count - 1].key_id;
    const uint8_t *secret = epoch_secret(f->hostile->replica, &f->header.epoch_key);
    struct vl_operation operation = {.type = 1,
                                     .record = {{1}},
                                     .field = 3,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("hostile")};
    vl_result result = secret == NULL ? VL_ERR_NO_KEY : vl_body_encode(&operation, 1, &body);
    if (result == VL_OK) result = vl_blob_seal(vl_buffer_view(&body), secret, &f->header, &f->blob);
    vl_buffer_finish(&body);
    return result == VL_OK;
}

static const struct vl_entry_row *somebodys_words(struct forgery *f)
{
    struct world *w = f->w;
    const struct node *author = &w->nodes[seeded_below(&w->life, w->profile.nodes)];
    if (author->hostile || author->stolen || author->acknowledged_count == 0) return NULL;
    const struct vl_id *id =
        &author->acknowledged[seeded_below(&w->life, author->acknowledged_count)];
    const struct vl_entry_row *row = memory_storage_entry(f->victim->memory, id);
    return row == NULL || row->entry.blob.data == NULL || row->kind != VL_ENTRY_CONTENT ? NULL
                                                                                        : row;
}

static const struct node *anybody(struct forgery *f)
{
    return &f->w->nodes[seeded_below(&f->w->life, f->w->profile.nodes)];
}

/* ---- what breaks a rule: false when it cannot be made now ---- */

static bool lamport_inflation(struct forgery *f)
{
    uint64_t right = f->header.lamport;
    f->header.lamport = seeded_chance(&f->w->life, 500) ? UINT64_C(1) << 63 : right + 1;
    f->expected = VL_ERR_LAMPORT;
    return true;
}

static bool bad_signature(struct forgery *f)
{
    f->bad_signature = true;
    f->expected = VL_ERR_SIGNATURE;
    return true;
}

static bool other_circle(struct forgery *f)
{
    hostile_bytes(f->w, f->header.circle.bytes, sizeof f->header.circle.bytes);
    f->expected = VL_ERR_CIRCLE;
    return true;
}

static bool endless_pending(struct forgery *f)
{
    hostile_bytes(f->w, f->header.links[0].bytes, sizeof f->header.links[0].bytes);
    f->header.link_count = 1;
    f->expected = VL_ERR_MISSING;
    return true;
}

static bool unknown_author(struct forgery *f)
{
    uint8_t seed[32];
    hostile_bytes(f->w, seed, sizeof seed);
    if (vl_device_keys_from_seed(seed, &f->stranger) != VL_OK) return false;
    memcpy(f->header.sign_key, f->stranger->card.sign, sizeof f->header.sign_key);
    vl_log_id(f->header.sign_key, f->header.incarnation, &f->header.log);
    f->expected = VL_ERR_AUTHORITY;
    return true;
}

static bool control_alone(struct forgery *f)
{
    f->control = (struct vl_control){.kind = VL_CONTROL_LEAVE};
    f->expected = VL_ERR_AUTHORITY;
    return true;
}

static void insert(struct vl_buffer *h, size_t at, const void *data, size_t size)
{
    need(vl_buffer_reserve(h, size) == VL_OK ? h : NULL);
    memmove(h->data + at + size, h->data + at, h->size - at);
    memcpy(h->data + at, data, size);
    h->size += size;
}

static void twist_lamport(struct forgery *f, struct vl_buffer *h)
{
    size_t at = LINKS_AT + 1 + 32 * f->header.link_count;
    while (h->data[at] >= 0x80)
        at++;
    h->data[at] |= 0x80;
    insert(h, at + 1, "", 1); /* one more byte, of nothing */
}

static void twist_end(struct forgery *f, struct vl_buffer *h)
{
    (void)f;
    insert(h, h->size, "", 1);
}

static void twist_links(struct forgery *f, struct vl_buffer *h)
{
    h->data[LINKS_AT]++;
    insert(h, LINKS_AT + 1, f->header.links[0].bytes, 32); /* the first one twice */
}

static void twist_many_links(struct forgery *f, struct vl_buffer *h)
{
    uint8_t id[32] = {0};
    while (h->data[LINKS_AT] <= VL_LINKS_MAX) {
        id[31] = h->data[LINKS_AT]++;
        insert(h, LINKS_AT + 1, id, sizeof id);
    }
    (void)f;
}

static bool long_lamport(struct forgery *f)
{
    f->twist = twist_lamport;
    f->expected = VL_ERR_NOT_CANONICAL;
    return true;
}

static bool more_bytes(struct forgery *f)
{
    f->twist = twist_end;
    f->expected = VL_ERR_TRAILING;
    return true;
}

static bool link_twice(struct forgery *f)
{
    f->twist = twist_links;
    f->expected = VL_ERR_LINKS;
    return true;
}

static bool many_links(struct forgery *f)
{
    f->twist = twist_many_links;
    f->expected = VL_ERR_TOO_LARGE;
    return true;
}

static int by_id(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

/* The founding is in the past of every other entry. */
static bool needless_link(struct forgery *f)
{
    struct vl_id founding;
    if (f->header.link_count == VL_LINKS_MAX || !control_at(f, 0, &founding)) return false;
    for (size_t i = 0; i < f->header.link_count; i++)
        if (vl_id_equal(&f->header.links[i], &founding)) return false;
    f->header.links[f->header.link_count++] = founding;
    qsort(f->header.links, f->header.link_count, sizeof f->header.links[0], by_id);
    f->expected = VL_ERR_LINKS;
    return true;
}

static bool hidden_auth(struct forgery *f)
{
    f->header.auth_count--;
    f->expected = VL_ERR_AUTH;
    return true;
}

/* What an honest person wrote, with her signature, put into a log of the hostile one. */
static bool words_moved(struct forgery *f)
{
    const struct vl_entry_row *row = somebodys_words(f);
    if (row == NULL) return false;
    f->signature = row->entry.signature;
    f->expected = VL_ERR_SIGNATURE;
    return vl_buffer_append(&f->blob, row->entry.blob.data, row->entry.blob.size) == VL_OK;
}

static bool words_to_other_circle(struct forgery *f)
{
    return words_moved(f) && other_circle(f);
}

static bool enrolment_of_other_circle(struct forgery *f)
{
    const struct node *n = anybody(f);
    struct vl_id circle;
    hostile_bytes(f->w, &circle, sizeof circle);
    vl_enrolment_sign(n->keys, &circle, &n->person, &f->enrolment);
    f->control = (struct vl_control){.kind = VL_CONTROL_ADD,
                                     .target = n->person,
                                     .enrolments = &f->enrolment,
                                     .enrolment_count = 1};
    f->expected = VL_ERR_SIGNATURE;
    return true;
}

static bool enrolment_of_other_person(struct forgery *f)
{
    const struct node *n = anybody(f);
    f->enrolment = node_enrolment(f->w, n);
    f->control = (struct vl_control){.kind = VL_CONTROL_ADD,
                                     .target = f->hostile->person,
                                     .enrolments = &f->enrolment,
                                     .enrolment_count = 1};
    f->expected = VL_ERR_SIGNATURE;
    return !vl_id_equal(&n->person, &f->hostile->person);
}

static bool second_founding(struct forgery *f)
{
    vl_enrolment_sign(f->hostile->keys, &f->w->circle, &f->hostile->person, &f->enrolment);
    f->control = (struct vl_control){.kind = VL_CONTROL_FOUND,
                                     .is_private = true,
                                     .enrolments = &f->enrolment,
                                     .enrolment_count = 1};
    memcpy(f->control.random, f->header.incarnation, sizeof f->header.incarnation);
    f->expected = VL_ERR_CIRCLE;
    return true;
}

/* ---- what keeps them ---- */

/* The ciphertext of somebody else's words in an entry of her own, under the same key. */
static bool words_copied(struct forgery *f)
{
    const struct vl_entry_row *row = somebodys_words(f);
    struct vl_entry_header header;
    if (row == NULL || vl_entry_header_decode(row->entry.header, &header) != VL_OK) return false;
    f->header.epoch_key = header.epoch_key;
    f->must_not_merge = true;
    return vl_buffer_append(&f->blob, row->entry.blob.data, row->entry.blob.size) == VL_OK;
}

static bool old_epoch(struct forgery *f)
{
    return real_content(f, false);
}

static bool hidden_blob(struct forgery *f)
{
    f->without_blob = true;
    return real_content(f, true);
}

static bool game(struct forgery *f)
{
    static const enum vl_control_kind games[] = {
        VL_CONTROL_REMOVE, VL_CONTROL_REMOVE,   VL_CONTROL_DEMOTE, VL_CONTROL_PROMOTE,
        VL_CONTROL_VOUCH,  VL_CONTROL_STEPDOWN, VL_CONTROL_LEAVE,  VL_CONTROL_VOTE};
    size_t which = seeded_below(&f->w->life, sizeof games / sizeof *games);
    f->control = (struct vl_control){.kind = games[which]};
    if (games[which] != VL_CONTROL_LEAVE && games[which] != VL_CONTROL_STEPDOWN)
        f->control.target = anybody(f)->person;
    return true;
}

static bool endorsement(struct forgery *f)
{
    const struct world *w = f->w;
    size_t known = w->proposal_count < PROPOSALS_MAX ? w->proposal_count : PROPOSALS_MAX;
    if (known == 0) return false;
    f->control = (struct vl_control){.kind = VL_CONTROL_ENDORSE,
                                     .target = w->proposals[seeded_below(&f->w->life, known)]};
    return true;
}

static bool tombstone(struct forgery *f)
{
    const struct node *author = anybody(f);
    f->control = (struct vl_control){.kind = VL_CONTROL_TOMBSTONE, .ids = f->ids, .id_count = 1};
    hostile_bytes(f->w, &f->ids[0], sizeof f->ids[0]);
    if (author->acknowledged_count > 0)
        f->ids[0] = author->acknowledged[seeded_below(&f->w->life, author->acknowledged_count)];
    return true;
}

static int by_recipient(const void *a, const void *b)
{
    return memcmp(((const struct vl_seal *)a)->recipient, ((const struct vl_seal *)b)->recipient,
                  32);
}

/* Boxes for everybody that nobody can open. */
static size_t rubbish_boxes(struct forgery *f)
{
    size_t count = 0;
    for (unsigned i = 0; i < f->w->profile.nodes; i++) {
        const struct node *n = &f->w->nodes[i];
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known |= memcmp(f->seals[k].recipient, n->keys->card.sign, 32) == 0;
        if (known || !members_sees(f->victim, n)) continue;
        memcpy(f->seals[count].recipient, n->keys->card.sign, 32);
        hostile_bytes(f->w, f->seals[count++].box, sizeof f->seals[0].box);
    }
    qsort(f->seals, count, sizeof *f->seals, by_recipient);
    return count;
}

static bool rubbish_epoch(struct forgery *f)
{
    size_t count = rubbish_boxes(f);
    f->control =
        (struct vl_control){.kind = VL_CONTROL_EPOCH, .seals = f->seals, .seal_count = count};
    hostile_bytes(f->w, f->control.key_id.bytes, sizeof f->control.key_id.bytes);
    return count > 0;
}

static bool rubbish_seal(struct forgery *f)
{
    struct vl_epoch_info epoch;
    size_t count = rubbish_boxes(f);
    if (vl_replica_epochs(f->victim->replica, &epoch, 1) == 0) return false;
    f->control = (struct vl_control){
        .kind = VL_CONTROL_SEAL, .target = epoch.entry, .seals = f->seals, .seal_count = count};
    return count > 0;
}

enum past_kind { NO_PAST, NEWEST_PAST, OLD_PAST };

static const struct {
    const char *what;
    bool (*make)(struct forgery *f);
    bool is_control;
    enum past_kind past;
} kinds[] = {
    {"an inflated lamport number", lamport_inflation, false, NO_PAST},
    {"a lamport number one too high", lamport_inflation, false, NEWEST_PAST},
    {"a bad signature", bad_signature, false, NEWEST_PAST},
    {"an entry of another circle", other_circle, false, NEWEST_PAST},
    {"an entry that waits for ever", endless_pending, false, NO_PAST},
    {"an entry of a device that nobody enrolled", unknown_author, false, NO_PAST},
    {"a control entry without a past", control_alone, true, NO_PAST},
    {"a number in more bytes than it needs", long_lamport, false, NEWEST_PAST},
    {"a byte after the end", more_bytes, false, NEWEST_PAST},
    {"a link twice", link_twice, false, NEWEST_PAST},
    {"more links than may be", many_links, false, NEWEST_PAST},
    {"a link that says nothing", needless_link, false, NEWEST_PAST},
    {"an entry that hides a control entry of its past", hidden_auth, false, NEWEST_PAST},
    {"somebody's signature under her own entry", words_moved, false, NEWEST_PAST},
    {"somebody's words in another circle", words_to_other_circle, false, NEWEST_PAST},
    {"an enrolment of another circle", enrolment_of_other_circle, true, NEWEST_PAST},
    {"an enrolment of another person", enrolment_of_other_person, true, NEWEST_PAST},
    {"a second founding", second_founding, true, NO_PAST},
    {"somebody's sealed words as her own", words_copied, false, NEWEST_PAST},
    {"words under an old epoch", old_epoch, false, NEWEST_PAST},
    {"backdated words under an old epoch", old_epoch, false, OLD_PAST},
    {"an entry whose blob she hides", hidden_blob, false, NEWEST_PAST},
    {"a membership game", game, true, NEWEST_PAST},
    {"a backdated membership game", game, true, OLD_PAST},
    {"another backdated membership game", game, true, OLD_PAST},
    {"an endorsement", endorsement, true, NEWEST_PAST},
    {"a backdated endorsement", endorsement, true, OLD_PAST},
    {"a tombstone", tombstone, true, NEWEST_PAST},
    {"a backdated tombstone", tombstone, true, OLD_PAST},
    {"an epoch of rubbish", rubbish_epoch, true, NEWEST_PAST},
    {"a seal of rubbish", rubbish_seal, true, NEWEST_PAST},
};

const size_t hostile_entry_kinds = sizeof kinds / sizeof *kinds;

/* ---- giving ---- */

static vl_result encode(struct forgery *f, bool is_control, struct vl_buffer *header)
{
    uint8_t rubbish[104];
    f->header.kind = is_control ? VL_ENTRY_CONTROL : VL_ENTRY_CONTENT;
    if (is_control) f->header.epoch_key = (struct vl_id){{0}};
    if (is_control) VL_TRY(vl_control_encode(&f->control, &f->blob));
    hostile_bytes(f->w, rubbish, sizeof rubbish);
    if (f->blob.size == 0) VL_TRY(vl_buffer_append(&f->blob, rubbish, sizeof rubbish));
    f->header.blob_size = (uint32_t)f->blob.size;
    vl_blob_hash(vl_buffer_view(&f->blob), &f->header.blob_hash);
    VL_TRY(vl_entry_header_encode(&f->header, header));
    if (f->twist != NULL) f->twist(f, header);
    return VL_OK;
}

static void check_stored(struct forgery *f, const char *what, const struct vl_id *id,
                         vl_result result, size_t stored)
{
    const struct vl_entry_row *row = memory_storage_entry(f->victim->memory, id);
    bool backdated = f->expected == VL_OK && result == VL_ERR_AUTHORITY; /* before her enrolment */
    if (hostile_is_ours(result)) return;
    if ((result != f->expected && !backdated) || stored != (result == VL_OK ? 1u : 0u) ||
        (row != NULL) != (result == VL_OK))
        world_fail(f->w, "%s took %s as %s", f->victim->name, what, vl_result_name(result));
    else if (f->must_not_merge && row != NULL && (row->flags & VL_ENTRY_MERGED) != 0)
        world_fail(f->w, "%s believes %s", f->victim->name, what);
}

static void give(struct forgery *f, const char *what, bool is_control)
{
    struct vl_buffer header = {0};
    size_t stored = 0;
    struct vl_id id;
    vl_result result = encode(f, is_control, &header);
    if (result == VL_OK) {
        struct vl_entry entry = {.header = vl_buffer_view(&header),
                                 .blob = vl_buffer_view(&f->blob)};
        vl_entry_sign(entry.header, f->stranger != NULL ? f->stranger : f->hostile->keys,
                      entry.signature);
        if (f->bad_signature) entry.signature[7] ^= 1;
        if (f->signature != NULL) memcpy(entry.signature, f->signature, sizeof entry.signature);
        if (f->without_blob) entry.blob = vl_bytes(NULL, 0);
        vl_entry_id(entry.header, &id);
        result = vl_replica_receive(f->victim->replica, &entry, 1, &stored);
        tell(f->w, "with the keys of %s somebody gives %s %s: %s", f->hostile->name,
             f->victim->name, what, vl_result_name(result));
        check_stored(f, what, &id, result, stored);
    }
    vl_buffer_finish(&header);
}

size_t hostile_entry(struct world *w, struct node *hostile, struct node *victim)
{
    struct forgery f;
    size_t which = seeded_below(&w->life, sizeof kinds / sizeof *kinds);
    forgery_begin(&f, w, hostile, victim);
    bool possible =
        kinds[which].past == NO_PAST ||
        (kinds[which].past == NEWEST_PAST ? forgery_take_newest(&f) : forgery_take_old(&f));
    if (possible && kinds[which].make(&f)) give(&f, kinds[which].what, kinds[which].is_control);
    vl_buffer_finish(&f.blob);
    vl_device_keys_destroy(f.stranger);
    network_pump_node(w, victim);
    return which;
}
