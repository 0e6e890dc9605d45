/* Own entries. Each call is one transaction and returns after its durable commit (I5): only then
 * may anybody see the entry, else a power cut would make this device use a number twice. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int id_order(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

/* ---- one entry, inside a transaction ---- */

struct draft {
    enum vl_entry_kind kind;
    const struct vl_control *control; /* CONTROL */
    struct vl_bytes body;             /* CONTENT, SEALED: not sealed yet */
    const struct epoch *epoch;        /* CONTENT, SEALED */
    const struct recipients *to;      /* SEALED */
    const uint8_t *founding;          /* the first entry of all: the circle's random bytes */
    vl_wall now;
};

/* Whether the log goes on with this entry; one that is full does not. */
static bool goes_on(const struct chain *own, const struct draft *draft)
{
    bool control = draft->kind == VL_ENTRY_CONTROL;
    return own != NULL && own->row.bytes + VL_ENTRY_BYTES_MAX <= VL_LOG_BYTES_MAX &&
           !(control && own->row.controls >= VL_LOG_CONTROLS_MAX);
}

static void own_place(const struct vl_replica *r, const struct draft *draft, struct place *place,
                      struct vl_entry_header *header)
{
    const struct chain *own = chain_own(r);
    *header =
        (struct vl_entry_header){.circle = r->circle, .kind = draft->kind, .wall = draft->now};
    place->is_new = !goes_on(own, draft);
    if (!place->is_new) {
        place->row = own->row;
        header->log = own->row.log;
        header->seq = own->row.tip_seq + 1;
        header->prev = own->row.tip;
        return;
    }
    uint32_t index = chain_free_index(r);
    memcpy(header->sign_key, r->keys->card.sign, sizeof header->sign_key);
    if (draft->founding != NULL)
        memcpy(header->incarnation, draft->founding, sizeof header->incarnation);
    else
        randombytes_buf(header->incarnation, sizeof header->incarnation);
    vl_log_id(header->sign_key, header->incarnation, &header->log);
    place->row = (struct vl_log_row){
        .index = index, .parent = index, .log = header->log, .flags = VL_LOG_OWN};
    memcpy(place->row.sign_key, header->sign_key, sizeof place->row.sign_key);
}

/* AUTHORITY: nobody with authority let me in, as far as is known here, and what I write would be
 * nobody's. LIMIT: I have begun so many logs that with another one all of them would be closed. */
static vl_result own_person(const struct vl_replica *r, const struct vl_entry_header *header,
                            struct place *place)
{
    if (!place->is_new) return VL_OK;
    if (header->auth_count == 0)
        vl_person_id(header->sign_key, &place->row.person); /* I found the circle */
    else if (!member_person(r, header->sign_key, header->auth, header->auth_count,
                            &place->row.person) ||
             vl_id_is_zero(&place->row.person))
        return VL_ERR_AUTHORITY;
    bool many = vl_replica_share(r, &place->row.person) >= VL_PERSON_CHAINS_MAX ||
                vl_replica_is_crowded(r, &place->row.person);
    return many ? VL_ERR_LIMIT : VL_OK;
}

/* The logs that this device wrote before: it goes on in the new one. */
static void leave_others(struct vl_replica *r, uint32_t index)
{
    for (uint32_t i = 0; i < r->chain_count; i++) {
        struct chain *chain = &r->chains[i];
        if (i == index || (chain->row.flags & VL_LOG_OWN) == 0) continue;
        r->relive |= row_is_closed(&chain->row);
        chain->row.flags &= ~VL_LOG_OWN;
        chain->dirty = true;
    }
}

static vl_result make_blob(struct vl_replica *r, const struct draft *draft,
                           struct vl_entry_header *header, struct vl_buffer *blob)
{
    if (draft->kind == VL_ENTRY_CONTROL) {
        VL_TRY(vl_control_encode(draft->control, blob));
    } else if (draft->kind == VL_ENTRY_SEALED) {
        header->epoch_key = draft->epoch->key_id;
        VL_TRY(vl_sealed_seal(draft->body, draft->to->cards, draft->to->count, header, blob));
    } else {
        const uint8_t *secret = epoch_secret(r, &draft->epoch->key_id);
        assert(secret != NULL);
        header->epoch_key = draft->epoch->key_id;
        VL_TRY(vl_blob_seal(draft->body, secret, header, blob));
    }
    if (blob->size > VL_BLOB_BYTES_MAX) return VL_ERR_TOO_LARGE;
    header->blob_size = (uint32_t)blob->size;
    vl_blob_hash(vl_buffer_view(blob), &header->blob_hash);
    return VL_OK;
}

/* What the entry does: a control entry must have authority; content is merged. */
static vl_result take_effect(struct vl_replica *r, const struct draft *draft, uint32_t chain,
                             const struct vl_entry_header *header, const struct vl_id *id,
                             struct vl_bytes blob, uint32_t *flags)
{
    if (draft->kind != VL_ENTRY_CONTROL) {
        r->over = false;
        VL_TRY(merge_entry(r, chain, header, id, blob, flags));
        /* what we cannot merge ourselves, or what would be lost in it, is not to be written */
        if ((*flags & VL_ENTRY_MERGED) == 0) return VL_ERR_INVALID;
        return r->over ? VL_ERR_LIMIT : VL_OK;
    }
    struct control_entry about = {
        .id = id, .header = header, .control = draft->control, .author = r->keys->card.sign};
    VL_TRY(member_check(r, &about));
    VL_TRY(member_would(r, &about));
    *flags |= VL_ENTRY_MERGED;
    return member_learn(r, &about);
}

static vl_result append(struct vl_replica *r, const struct draft *draft, struct vl_id *id)
{
    struct place place;
    struct vl_entry_header header;
    struct parents parents = {0};
    struct vl_buffer blob = {0}, encoded = {0};
    struct past *past = NULL;
    uint32_t flags = VL_ENTRY_VERIFIED;
    own_place(r, draft, &place, &header);
    const struct vl_id *target = draft->control == NULL ? NULL : &draft->control->target;
    vl_result result = links_choose(r, &place, target, &parents, &header);
    if (result == VL_OK) result = own_person(r, &header, &place);
    if (result != VL_OK) goto done;
    qsort(header.links, header.link_count, sizeof header.links[0], id_order);
    result = make_blob(r, draft, &header, &blob);
    if (result != VL_OK) goto done;
    result = vl_entry_header_encode(&header, &encoded);
    if (result != VL_OK) goto done;
    struct vl_entry entry = {.header = vl_buffer_view(&encoded), .blob = vl_buffer_view(&blob)};
    vl_entry_id(entry.header, id);
    vl_entry_sign(entry.header, r->keys, entry.signature);
    result = parents_past(&parents, &header, id, place.row.index, &past);
    if (result != VL_OK) goto done;
    result = take_effect(r, draft, place.row.index, &header, id, entry.blob, &flags);
    if (result != VL_OK) goto done;
    result = put_entry(r, &entry, header.kind, past, flags);
    if (result != VL_OK) goto done;
    bool begins = place.is_new;
    result = chain_advance(r, &place, past, &header, encoded.size);
    if (result != VL_OK) goto done;
    if (begins) leave_others(r, place.row.index);
    live_stored(r, past);
    count_stored(r, past, flags);
    past_cache_put(&r->pasts, past);
done:
    past_unref(past);
    parents_finish(&parents);
    vl_buffer_finish(&blob);
    vl_buffer_finish(&encoded);
    return result;
}

static vl_result append_control(struct vl_replica *r, const struct vl_control *control, vl_wall now,
                                struct vl_id *id)
{
    struct draft draft = {.kind = VL_ENTRY_CONTROL, .control = control, .now = now};
    return append(r, &draft, id);
}

/* ---- epochs and seals ---- */

static int seal_order(const void *a, const void *b)
{
    const struct vl_seal *x = a, *y = b;
    return memcmp(x->recipient, y->recipient, sizeof x->recipient);
}

/* A device whose card makes no box made that card itself: it gets noise. Without a box for every
 * current device the epoch would be nobody's (R11), and one bad card would keep all from writing.
 */
static void seal_to(struct vl_replica *r, const struct vl_id *key_id,
                    const uint8_t secret[static 32], const struct vl_device_card *card,
                    struct vl_seal *out)
{
    memcpy(out->recipient, card->sign, sizeof out->recipient);
    if (vl_key_box_seal(secret, &r->circle, key_id, card, r->keys->card.sign, out->box) != VL_OK)
        randombytes_buf(out->box, sizeof out->box);
}

static vl_result append_seal(struct vl_replica *r, const struct epoch *epoch,
                             const uint8_t secret[static 32], const struct vl_device_card *card,
                             vl_wall now, struct vl_id *id)
{
    struct vl_seal seal;
    seal_to(r, &epoch->key_id, secret, card, &seal);
    struct vl_control control = {
        .kind = VL_CONTROL_SEAL, .target = epoch->entry, .seals = &seal, .seal_count = 1};
    return append_control(r, &control, now, id);
}

/* The secret sealed to every current device, this one included: it opens its own again when the
 * replica is opened. */
static vl_result seals_for_all(struct vl_replica *r, const struct vl_id *key_id,
                               const uint8_t secret[static 32], struct vl_seal **seals,
                               size_t *count)
{
    size_t devices = vl_membership_device_count(r->membership);
    *count = 0;
    *seals = calloc(devices + 1, sizeof **seals);
    if (*seals == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < devices; i++) {
        struct vl_device_state state;
        vl_membership_device(r->membership, i, &state);
        if (!state.current) continue;
        const struct enrolled *enrolled = member_enrolled(r, state.device.data);
        assert(state.device.size == 32 && enrolled != NULL);
        seal_to(r, key_id, secret, &enrolled->card, &(*seals)[(*count)++]);
    }
    qsort(*seals, *count, sizeof **seals, seal_order);
    return VL_OK;
}

/* A fresh epoch; with more devices than one entry seals to, the rest by seal entries. */
static vl_result append_epoch(struct vl_replica *r, vl_wall now)
{
    uint8_t secret[32];
    struct vl_seal *seals = NULL;
    size_t count = 0;
    struct vl_control control = {.kind = VL_CONTROL_EPOCH};
    struct vl_id epoch, id;
    VL_TRY(vl_membership_settle(r->membership));
    randombytes_buf(secret, sizeof secret);
    vl_epoch_key_id(&r->circle, secret, &control.key_id);
    vl_result result = seals_for_all(r, &control.key_id, secret, &seals, &count);
    control.seals = seals;
    control.seal_count = count < VL_SEALS_MAX ? count : VL_SEALS_MAX;
    if (result == VL_OK) result = append_control(r, &control, now, &epoch);
    if (result == VL_OK) result = epoch_keep_secret(r, &control.key_id, secret);
    for (size_t at = VL_SEALS_MAX; result == VL_OK && at < count; at += VL_SEALS_MAX) {
        struct vl_control more = {.kind = VL_CONTROL_SEAL, .target = epoch, .seals = seals + at};
        more.seal_count = count - at < VL_SEALS_MAX ? count - at : VL_SEALS_MAX;
        result = append_control(r, &more, now, &id);
    }
    free(seals);
    sodium_memzero(secret, sizeof secret);
    return result;
}

#define OWED_AT_ONCE 8u

/* Epochs that others made before they heard of somebody whom this device gave the past: it alone
 * knows that she may read them. It does so while its log has room, so that nobody who makes many
 * epochs has it begin logs. */
static vl_result append_owed_of(struct vl_replica *r, vl_wall now, struct reading_worth *worth)
{
    struct vl_bytes me = vl_bytes(r->keys->card.sign, sizeof r->keys->card.sign);
    struct vl_owed_at at = {0};
    struct vl_owed_seal owed;
    for (size_t sealed = 0; r->owes && sealed < OWED_AT_ONCE;) {
        const struct chain *own = chain_own(r);
        if (own == NULL || own->row.controls >= VL_LOG_CONTROLS_MAX / 2) return VL_OK;
        VL_TRY(vl_membership_settle(r->membership));
        if (!vl_membership_owed(r->membership, me, &at, &owed)) {
            r->owes = false;
            return VL_OK;
        }
        struct vl_id id;
        assert(owed.epoch.size == sizeof id.bytes && owed.device.size == 32);
        memcpy(id.bytes, owed.epoch.data, sizeof id.bytes);
        struct epoch *epoch = epoch_by_entry(r, &id);
        const struct enrolled *enrolled = member_enrolled(r, owed.device.data);
        const uint8_t *secret = epoch == NULL ? NULL : epoch_secret(r, &epoch->key_id);
        if (secret == NULL || enrolled == NULL) continue;
        bool owes = false;
        VL_TRY(reading_is_owed(r, epoch, enrolled, worth, &owes));
        if (!owes) continue;
        vl_result result = append_seal(r, epoch, secret, &enrolled->card, now, &id);
        if (result != VL_OK && result != VL_ERR_AUTHORITY) return result;
        sealed++;
    }
    return VL_OK;
}

static vl_result append_owed(struct vl_replica *r, vl_wall now)
{
    struct reading_worth worth = {0};
    vl_result result = append_owed_of(r, now, &worth);
    free(worth.keys);
    return result;
}

/* Whether content that is written next has the epoch in its past, and what enrols me: else nobody
 * could read it, or take it. */
static vl_result is_grounded(struct vl_replica *r, const struct epoch *epoch, bool *grounded)
{
    const struct draft draft = {.kind = VL_ENTRY_CONTENT};
    struct place place;
    struct vl_entry_header header;
    struct parents parents = {0};
    struct vl_id person;
    uint32_t chain;
    uint64_t seq;
    *grounded = false;
    own_place(r, &draft, &place, &header);
    VL_TRY(branch_place(r, &epoch->entry, &chain, &seq));
    if (!place.is_new) {
        struct past *own = NULL;
        VL_TRY(replica_past_here(r, &place.row.tip, &own));
        *grounded = past_covers(own, chain, seq);
        past_unref(own);
        if (*grounded) return VL_OK;
    }
    vl_result result = links_choose(r, &place, NULL, &parents, &header);
    for (size_t i = 0; result == VL_OK && i < parents.count && !*grounded; i++)
        *grounded = past_covers(parents.items[i], chain, seq);
    if (place.is_new && *grounded)
        *grounded = member_person(r, header.sign_key, header.auth, header.auth_count, &person) &&
                    !vl_id_is_zero(&person);
    parents_finish(&parents);
    return result;
}

/* The epoch to write under (R11), made now if there is none, or none that content could link to: a
 * control entry links to more. One entry links to VL_LINKS_MAX heads at most, so with more of them
 * its past may lack an end; the next one has this one in its past and links to others. */
static vl_result ensure_epoch(struct vl_replica *r, vl_wall now, const struct epoch **out)
{
    const size_t most = r->chain_count / (VL_LINKS_MAX - 1u) + 1u;
    VL_TRY(append_owed(r, now));
    for (size_t made = 0;; made++) {
        bool grounded = false;
        VL_TRY(epoch_current(r, out));
        if (*out != NULL) VL_TRY(is_grounded(r, *out, &grounded));
        if (grounded) return VL_OK;
        if (made == most || !member_is_current(r, r->keys->card.sign)) return VL_ERR_NO_KEY;
        VL_TRY(append_epoch(r, now));
    }
}

/* One key, sealed to somebody new by the newest of its epochs for which the rules let it be. */
static vl_result append_key(struct vl_replica *r, const struct vl_id *key_id,
                            const struct vl_device_card *card, vl_wall now)
{
    const uint8_t *secret = epoch_secret(r, key_id);
    struct vl_id id;
    for (size_t i = r->epoch_count; secret != NULL && i-- > 0;) {
        const struct epoch epoch = r->epochs[i];
        if (!vl_id_equal(&epoch.key_id, key_id)) continue;
        vl_result result = append_seal(r, &epoch, secret, card, now, &id);
        if (result != VL_ERR_AUTHORITY) return result;
    }
    return VL_OK;
}

static vl_result append_seals(struct vl_replica *r, const struct vl_device_card *card, vl_wall now)
{
    struct vl_id *keys = NULL;
    size_t count = 0;
    vl_result result = reading_keys(r, &keys, &count);
    for (size_t i = 0; result == VL_OK && i < count; i++)
        result = append_key(r, &keys[i], card, now);
    free(keys);
    return result;
}

/* ---- the calls ---- */

static vl_result writing_begin(struct vl_replica *r)
{
    VL_TRY(replica_ready(r));
    VL_TRY(merge_pending(r));
    VL_TRY(replica_begin(r));
    vl_result result = live_cite_first(r);
    if (result != VL_OK) replica_abort(r);
    return result;
}

static vl_result writing_end(struct vl_replica *r, vl_result result)
{
    if (result == VL_OK) return replica_commit(r);
    replica_abort(r);
    return result;
}

static vl_result found(struct vl_replica *r, const uint8_t random[static 32],
                       const struct vl_enrolment *second, const uint8_t second_signature[static 64],
                       vl_wall now, struct vl_id *id)
{
    struct vl_enrolment enrolments[2];
    struct vl_id me;
    struct vl_control control = {.kind = VL_CONTROL_FOUND,
                                 .is_private = second == NULL,
                                 .enrolments = enrolments,
                                 .enrolment_count = second == NULL ? 1 : 2};
    struct draft draft = {
        .kind = VL_ENTRY_CONTROL, .control = &control, .founding = random, .now = now};
    const struct epoch *epoch;
    memcpy(control.random, random, sizeof control.random);
    vl_person_id(r->keys->card.sign, &me);
    vl_enrolment_sign(r->keys, &r->circle, &me, &enrolments[0]);
    if (second != NULL) {
        enrolments[1] = *second;
        memcpy(control.second_signature, second_signature, sizeof control.second_signature);
        vl_person_id(second->card.sign, &control.target);
    }
    VL_TRY(append(r, &draft, id));
    return ensure_epoch(r, now, &epoch);
}

vl_result vl_replica_found(struct vl_replica *r, const uint8_t random[static 32],
                           const struct vl_enrolment *second,
                           const uint8_t second_signature[static 64], vl_wall now, struct vl_id *id)
{
    VL_TRY(replica_ready(r));
    if (r->log_count > 0) return VL_ERR_STATE;
    VL_TRY(writing_begin(r));
    return writing_end(r, found(r, random, second, second_signature, now, id));
}

/* R10: what settles who counts cites the content that counts now, so that it goes on counting. */
static vl_result append_citing(struct vl_replica *r, const struct vl_control *control, vl_wall now,
                               struct vl_id *id)
{
    struct vl_control citing = *control;
    bool cites = control->kind == VL_CONTROL_REMOVE || control->kind == VL_CONTROL_DEMOTE ||
                 control->kind == VL_CONTROL_ENDORSE || control->kind == VL_CONTROL_LEAVE;
    if (!cites || control->cite_count > 0) return append_control(r, control, now, id);
    citing.cites = NULL;
    vl_result result = count_heads(r, &citing.cites, &citing.cite_count);
    if (result == VL_OK) result = append_control(r, &citing, now, id);
    free(citing.cites);
    return result;
}

/* AUTHORITY unless this tombstone of ours erases the entry. */
static vl_result erased_by(struct vl_replica *r, const struct vl_id *entry,
                           const struct vl_id *tombstone)
{
    struct rows rows = {0};
    bool it_does = false;
    vl_result result = r->storage.entry_get(r->storage.self, entry, rows_visit, &rows);
    if (result == VL_OK) result = erase_made_by(r, &rows.items[0], tombstone, &it_does);
    rows_finish(&rows);
    return result == VL_OK && !it_does ? VL_ERR_AUTHORITY : result;
}

vl_result vl_replica_control(struct vl_replica *r, const struct vl_control *control, vl_wall now,
                             struct vl_id *id)
{
    if (control->kind == VL_CONTROL_FOUND) return VL_ERR_STATE;
    VL_TRY(writing_begin(r));
    vl_result result = append_citing(r, control, now, id);
    /* said before anything changes in memory, but for what was cited beforehand */
    if (result == VL_ERR_AUTHORITY && !r->relive) {
        replica_cancel(r);
        return result;
    }
    return writing_end(r, result);
}

vl_result vl_replica_erase(struct vl_replica *r, const struct vl_id *entries, size_t count,
                           vl_wall now, struct vl_id *id)
{
    struct vl_control control = {.kind = VL_CONTROL_TOMBSTONE, .id_count = count};
    struct vl_device_info author;
    if (count == 0 || count > VL_TOMBSTONE_MAX) return VL_ERR_INVALID;
    for (size_t i = 0; i < count; i++) {
        vl_result known = vl_replica_author(r, &entries[i], &author);
        if (known != VL_OK) return known;
    }
    control.ids = calloc(count, sizeof *control.ids);
    if (control.ids == NULL) return VL_ERR_NO_MEMORY;
    memcpy(control.ids, entries, count * sizeof *entries);
    qsort(control.ids, count, sizeof *control.ids, id_order);
    vl_result result = writing_begin(r);
    if (result == VL_OK) {
        result = append_control(r, &control, now, id);
        for (size_t i = 0; result == VL_OK && i < count; i++)
            result = erased_by(r, &entries[i], id);
        result = writing_end(r, result);
    }
    free(control.ids);
    return result;
}

vl_result vl_replica_add_person(struct vl_replica *r, const struct vl_enrolment *newcomer,
                                vl_wall now, struct vl_id *id)
{
    struct vl_enrolment enrolment = *newcomer;
    struct vl_control control = {
        .kind = VL_CONTROL_ADD, .enrolments = &enrolment, .enrolment_count = 1};
    vl_person_id(newcomer->card.sign, &control.target);
    VL_TRY(writing_begin(r));
    vl_result result = append_control(r, &control, now, id);
    if (result == VL_OK) result = append_seals(r, &newcomer->card, now);
    return writing_end(r, result);
}

vl_result vl_replica_add_device(struct vl_replica *r, const struct vl_enrolment *device,
                                vl_wall now, struct vl_id *id)
{
    struct vl_enrolment enrolment = *device;
    struct vl_control control = {
        .kind = VL_CONTROL_ADD_DEVICE, .enrolments = &enrolment, .enrolment_count = 1};
    vl_result known = vl_replica_me(r, &control.target);
    if (known != VL_OK) return known == VL_ERR_NOT_FOUND ? VL_ERR_AUTHORITY : known;
    VL_TRY(vl_enrolment_verify(device, &r->circle, &control.target));
    VL_TRY(writing_begin(r));
    vl_result result = append_control(r, &control, now, id);
    if (result == VL_OK) result = append_seals(r, &device->card, now);
    return writing_end(r, result);
}

vl_result vl_replica_ensure_epoch(struct vl_replica *r, vl_wall now, struct vl_id *key_id)
{
    const struct epoch *epoch = NULL;
    VL_TRY(replica_ready(r));
    VL_TRY(epoch_current(r, &epoch));
    if (epoch == NULL) {
        VL_TRY(writing_begin(r));
        VL_TRY(writing_end(r, ensure_epoch(r, now, &epoch)));
        VL_TRY(epoch_current(r, &epoch));
    }
    if (epoch == NULL) return VL_ERR_NO_KEY;
    *key_id = epoch->key_id;
    return VL_OK;
}

struct audience { /* NULL: the circle */
    const struct vl_id *persons;
    size_t count;
};

static vl_result write_body(struct vl_replica *r, struct vl_bytes body,
                            const struct audience *audience, vl_wall now, struct vl_id *id)
{
    struct draft draft = {.kind = VL_ENTRY_CONTENT, .body = body, .now = now};
    struct recipients to = {0};
    VL_TRY(ensure_epoch(r, now, &draft.epoch));
    struct epoch epoch = *draft.epoch;
    draft.epoch = &epoch;
    if (audience != NULL) {
        VL_TRY(sealed_recipients(r, audience->persons, audience->count, &to));
        draft.kind = VL_ENTRY_SEALED;
        draft.to = &to;
    }
    return append(r, &draft, id);
}

static vl_result write_operations(struct vl_replica *r, const struct vl_operation *operations,
                                  size_t count, const struct audience *audience, vl_wall now,
                                  struct vl_id *id)
{
    struct vl_buffer body = {0};
    vl_result result = vl_body_encode(operations, count, &body);
    if (result == VL_OK) result = writing_begin(r);
    if (result == VL_OK)
        result = writing_end(r, write_body(r, vl_buffer_view(&body), audience, now, id));
    vl_buffer_wipe(&body);
    return result;
}

vl_result vl_replica_write(struct vl_replica *r, const struct vl_operation *operations,
                           size_t count, vl_wall now, struct vl_id *id)
{
    return write_operations(r, operations, count, NULL, now, id);
}

vl_result vl_replica_write_to(struct vl_replica *r, const struct vl_operation *operations,
                              size_t count, const struct vl_id *persons, size_t person_count,
                              vl_wall now, struct vl_id *id)
{
    struct audience audience = {persons, person_count};
    return write_operations(r, operations, count, &audience, now, id);
}
