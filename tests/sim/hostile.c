/* A hostile member's program: she has the keys of one device, and makes entries as she likes. What
 * breaks a rule is refused by its name and leaves nothing; what keeps them is stored, and spreads,
 * and does no harm. She keeps on when she has been removed. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

struct forgery {
    struct world *w;
    struct node *victim;
    const struct node *hostile;
    struct vl_device_keys *stranger; /* signs instead, if any */
    struct vl_entry_header header;
    struct vl_control control;
    struct vl_id ids[2];
    uint8_t incarnation[16];
    bool bad_signature;
    vl_result expected;
};

static void random_bytes(struct forgery *f, void *out, size_t size)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)seeded_u64(&f->w->life);
}

/* A content entry with rubbish for a blob, or what the control says; then to the victim. */
static vl_result give(struct forgery *f, bool is_control, size_t *stored)
{
    struct vl_buffer blob = {0};
    struct vl_buffer header = {0};
    uint8_t rubbish[104];
    vl_result result = VL_OK;
    random_bytes(f, rubbish, sizeof rubbish);
    f->header.kind = is_control ? VL_ENTRY_CONTROL : VL_ENTRY_CONTENT;
    if (is_control)
        result = vl_control_encode(&f->control, &blob);
    else
        result = vl_buffer_append(&blob, rubbish, sizeof rubbish);
    if (!is_control) random_bytes(f, f->header.epoch_key.bytes, sizeof f->header.epoch_key.bytes);
    f->header.blob_size = (uint32_t)blob.size;
    vl_blob_hash(vl_buffer_view(&blob), &f->header.blob_hash);
    if (result == VL_OK) result = vl_entry_header_encode(&f->header, &header);
    if (result == VL_OK) {
        struct vl_entry entry = {.header = vl_buffer_view(&header), .blob = vl_buffer_view(&blob)};
        vl_entry_sign(entry.header, f->stranger != NULL ? f->stranger : f->hostile->keys,
                      entry.signature);
        if (f->bad_signature) entry.signature[7] ^= 1;
        vl_entry_id(entry.header, &f->header.prev);
        result = vl_replica_receive(f->victim->replica, &entry, 1, stored);
    }
    vl_buffer_finish(&header);
    vl_buffer_finish(&blob);
    return result;
}

/* ---- what breaks a rule ---- */

static void lamport_inflation(struct forgery *f)
{
    f->header.lamport = seeded_chance(&f->w->life, 500) ? UINT64_C(1) << 63 : 2;
    f->expected = VL_ERR_LAMPORT;
}

static void bad_signature(struct forgery *f)
{
    f->bad_signature = true;
    f->expected = VL_ERR_SIGNATURE;
}

static void other_circle(struct forgery *f)
{
    random_bytes(f, f->header.circle.bytes, sizeof f->header.circle.bytes);
    f->expected = VL_ERR_CIRCLE;
}

static void endless_pending(struct forgery *f)
{
    random_bytes(f, f->header.links[0].bytes, sizeof f->header.links[0].bytes);
    f->header.link_count = 1;
    f->expected = VL_ERR_MISSING;
}

static void unknown_author(struct forgery *f)
{
    uint8_t seed[32];
    random_bytes(f, seed, sizeof seed);
    if (vl_device_keys_from_seed(seed, &f->stranger) != VL_OK) return;
    memcpy(f->header.sign_key, f->stranger->card.sign, sizeof f->header.sign_key);
    vl_log_id(f->header.sign_key, f->header.incarnation, &f->header.log);
    f->expected = VL_ERR_AUTHORITY;
}

static void control_alone(struct forgery *f)
{
    f->control = (struct vl_control){.kind = VL_CONTROL_LEAVE};
    f->expected = VL_ERR_AUTHORITY;
}

/* ---- what keeps them ---- */

static void backdated_removal(struct forgery *f)
{
    const struct node *target = &f->w->nodes[seeded_below(&f->w->life, f->w->profile.nodes)];
    f->control = (struct vl_control){.kind = VL_CONTROL_REMOVE, .target = target->person};
}

static void tombstone(struct forgery *f)
{
    const struct node *author = &f->w->nodes[seeded_below(&f->w->life, f->w->profile.nodes)];
    f->control = (struct vl_control){.kind = VL_CONTROL_TOMBSTONE, .ids = f->ids, .id_count = 1};
    random_bytes(f, &f->ids[0], sizeof f->ids[0]);
    if (author->acknowledged_count > 0)
        f->ids[0] = author->acknowledged[seeded_below(&f->w->life, author->acknowledged_count)];
}

static int by_recipient(const void *a, const void *b)
{
    return memcmp(((const struct vl_seal *)a)->recipient, ((const struct vl_seal *)b)->recipient,
                  32);
}

/* An epoch for everybody, whose boxes nobody can open. */
static void rubbish_seals(struct forgery *f)
{
    static struct vl_seal seals[NODES_MAX];
    size_t count = 0;
    for (unsigned i = 0; i < f->w->profile.nodes; i++) {
        const struct node *n = &f->w->nodes[i];
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known |= memcmp(seals[k].recipient, n->keys->card.sign, 32) == 0;
        if (known || !members_sees(f->victim, n)) continue;
        memcpy(seals[count].recipient, n->keys->card.sign, 32);
        random_bytes(f, seals[count++].box, sizeof seals[0].box);
    }
    qsort(seals, count, sizeof *seals, by_recipient);
    f->control = (struct vl_control){.kind = VL_CONTROL_EPOCH, .seals = seals, .seal_count = count};
    random_bytes(f, f->control.key_id.bytes, sizeof f->control.key_id.bytes);
}

static const struct {
    const char *what;
    void (*make)(struct forgery *f);
    bool is_control, has_past; /* past: the newest control entries of the victim */
} kinds[] = {
    {"an inflated lamport number", lamport_inflation, false, false},
    {"a bad signature", bad_signature, false, true},
    {"an entry of another circle", other_circle, false, true},
    {"an entry that waits for ever", endless_pending, false, true},
    {"an entry of a device that nobody enrolled", unknown_author, false, false},
    {"a removal", backdated_removal, true, true},
    {"a tombstone", tombstone, true, true},
    {"a control entry without a past", control_alone, true, false},
    {"an epoch of rubbish", rubbish_seals, true, true},
};

static bool take_past(struct forgery *f)
{
    const struct vl_membership *m = vl_replica_membership(f->victim->replica);
    struct vl_bytes frontier[VL_AUTH_MAX];
    if (m == NULL) return false;
    size_t count = vl_membership_frontier(m, frontier, VL_AUTH_MAX);
    if (count == 0 || count > VL_AUTH_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        const struct vl_entry_row *row;
        struct vl_entry_header header;
        memcpy(f->header.auth[i].bytes, frontier[i].data, sizeof f->header.auth[i].bytes);
        row = memory_storage_entry(f->victim->memory, &f->header.auth[i]);
        if (row == NULL || vl_entry_header_decode(row->entry.header, &header) != VL_OK)
            return false;
        if (header.lamport >= f->header.lamport) f->header.lamport = header.lamport + 1;
    }
    memcpy(f->header.links, f->header.auth, count * sizeof f->header.links[0]);
    f->header.auth_count = f->header.link_count = count;
    return true;
}

static bool is_ours(vl_result result)
{
    return result == VL_ERR_STORAGE || result == VL_ERR_FULL;
}

void hostile_forge(struct world *w)
{
    struct node *victim = node_random_up(w);
    const struct node *hostile = &w->nodes[seeded_below(&w->life, 2) == 0 ? 1 : 2];
    struct vl_device_info device;
    if (!w->profile.endings || victim == NULL || victim == hostile || victim->power_cut) return;
    if (vl_replica_device(victim->replica, hostile->keys->card.sign, &device) != VL_OK) return;
    size_t which = seeded_below(&w->life, sizeof kinds / sizeof *kinds);
    struct forgery f = {.w = w, .victim = victim, .hostile = hostile};
    f.header = (struct vl_entry_header){.circle = w->circle, .lamport = 1, .wall = {0}};
    memcpy(f.header.sign_key, hostile->keys->card.sign, sizeof f.header.sign_key);
    random_bytes(&f, f.header.incarnation, sizeof f.header.incarnation);
    vl_log_id(f.header.sign_key, f.header.incarnation, &f.header.log);
    if (kinds[which].has_past && !take_past(&f)) return;
    kinds[which].make(&f);
    size_t stored = 0;
    vl_result result = give(&f, kinds[which].is_control, &stored);
    vl_device_keys_destroy(f.stranger);
    tell(w, "with the keys of %s somebody gives %s %s: %s", hostile->name, victim->name,
         kinds[which].what, vl_result_name(result));
    if (!is_ours(result) && (result != f.expected || stored != (f.expected == VL_OK ? 1u : 0u)))
        world_fail(w, "%s took %s as %s", victim->name, kinds[which].what, vl_result_name(result));
    network_pump_node(w, victim);
}
