#include "circle/erasure.h"
#include <stdlib.h>
#include <string.h>

void erasure_finish(struct erasure *erasure)
{
    free(erasure->entries);
    *erasure = (struct erasure){0};
}

static vl_result add_entry(struct erasure *erasure, const struct vl_id *id)
{
    if (erasure->count == erasure->capacity) {
        size_t capacity = erasure->capacity == 0 ? 256 : 2 * erasure->capacity;
        struct vl_id *entries = reallocarray(erasure->entries, capacity, sizeof *entries);
        if (entries == NULL) return VL_ERR_NO_MEMORY;
        erasure->entries = entries;
        erasure->capacity = capacity;
    }
    erasure->entries[erasure->count++] = *id;
    return VL_OK;
}

static vl_result collect(void *context, const struct vl_entry_row *row)
{
    if ((row->flags & VL_ENTRY_ERASED) != 0) return VL_OK;
    return add_entry(context, &row->id);
}

/* ---- by what they write to ---- */

static int order_targets(const void *a, const void *b)
{
    const struct erasure_target *one = a, *two = b;
    if (one->type != two->type) return one->type < two->type ? -1 : 1;
    int order = memcmp(&one->record, &two->record, sizeof one->record);
    return order != 0 ? order : (one->field > two->field) - (one->field < two->field);
}

static bool is_target(const struct erasure_target *targets, size_t count,
                      const struct vl_operation *op)
{
    struct erasure_target wanted = {.type = op->type, .record = op->record};
    if (bsearch(&wanted, targets, count, sizeof *targets, order_targets) != NULL) return true;
    wanted.field = op->field;
    return bsearch(&wanted, targets, count, sizeof *targets, order_targets) != NULL;
}

struct touch {
    size_t targets, operations;
};

/* Nothing is counted of what cannot be opened or read here. */
static vl_result count_touched(struct vl_replica *r, const struct vl_id *entry,
                               const struct erasure_target *targets, size_t count,
                               struct touch *out)
{
    struct vl_buffer bytes = {0};
    struct vl_body body = {0};
    *out = (struct touch){0};
    vl_result result = vl_replica_entry_body(r, entry, &bytes);
    if (result == VL_OK) {
        result = vl_body_decode(vl_buffer_view(&bytes), entry, &body);
        for (size_t i = 0; result == VL_OK && i < body.count; i++) {
            out->operations++;
            out->targets += is_target(targets, count, &body.operations[i]);
        }
        if (result == VL_OK) vl_body_finish(&body);
    }
    vl_buffer_wipe(&bytes);
    bool is_ours = result == VL_ERR_NO_MEMORY || result == VL_ERR_STORAGE || result == VL_ERR_FULL;
    return is_ours ? result : VL_OK;
}

struct candidate {
    uint64_t lamport;
    struct vl_id id;
};
struct candidates {
    struct candidate *items;
    size_t count, capacity;
};

static vl_result add_candidate(void *context, const struct vl_entry_row *row)
{
    struct candidates *all = context;
    if ((row->flags & VL_ENTRY_ERASED) != 0) return VL_OK;
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 64 : 2 * all->capacity;
        struct candidate *items = reallocarray(all->items, capacity, sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count++] = (struct candidate){row->lamport, row->id};
    return VL_OK;
}

static int order_candidates(const void *a, const void *b)
{
    const struct candidate *one = a, *two = b;
    if (one->lamport != two->lamport) return one->lamport < two->lamport ? -1 : 1;
    return vl_id_compare(&one->id, &two->id);
}

/* Of what is in the cells it is known who wrote to a record; the rest has to be opened. */
static vl_result find_candidates(struct vl_replica *r, const struct erasure_target *targets,
                                 size_t count, struct candidates *out)
{
    const struct vl_scan unmerged = {.kinds = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED,
                                     .flags_mask = VL_ENTRY_MERGED | VL_ENTRY_ERASED};
    VL_TRY(vl_replica_entries(r, &unmerged, add_candidate, out));
    for (size_t i = 0; i < count; i++) {
        const struct erasure_target *target = &targets[i];
        VL_TRY(vl_replica_writers(r, target->type, &target->record, add_candidate, out));
        VL_TRY(vl_replica_writers(r, target->type + VL_TYPE_SEALED, &target->record, add_candidate,
                                  out));
    }
    if (out->count > 0) qsort(out->items, out->count, sizeof *out->items, order_candidates);
    return VL_OK;
}

vl_result erasure_find(struct vl_replica *r, struct erasure_target *targets, size_t count,
                       enum erasure_reach reach, struct erasure *out)
{
    struct candidates all = {0};
    *out = (struct erasure){0};
    if (count == 0) return VL_OK;
    qsort(targets, count, sizeof *targets, order_targets);
    vl_result result = find_candidates(r, targets, count, &all);
    for (size_t i = 0; i < all.count && result == VL_OK; i++) {
        const struct vl_id *id = &all.items[i].id;
        struct touch touch;
        if (i > 0 && vl_id_equal(id, &all.items[i - 1].id)) continue;
        result = count_touched(r, id, targets, count, &touch);
        if (result != VL_OK || touch.targets == 0) continue;
        if (reach == ERASURE_ALONE && touch.targets < touch.operations)
            out->mixed++;
        else
            result = add_entry(out, id);
    }
    free(all.items);
    if (result != VL_OK) erasure_finish(out);
    return result;
}

vl_result erasure_find_entry(struct vl_replica *r, const char *prefix, struct erasure *out)
{
    const struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED};
    size_t kept = 0;
    *out = (struct erasure){0};
    vl_result result = vl_replica_entries(r, &scan, collect, out);
    if (result != VL_OK) {
        erasure_finish(out);
        return result;
    }
    for (size_t i = 0; i < out->count; i++) {
        char hex[VL_ID_TEXT_SIZE];
        vl_id_text(&out->entries[i], hex);
        if (strncmp(hex, prefix, strlen(prefix)) == 0) out->entries[kept++] = out->entries[i];
    }
    out->count = kept;
    if (kept <= 1) return VL_OK;
    erasure_finish(out);
    return VL_ERR_INVALID;
}

/* ---- who may, and doing it ---- */

vl_result erasure_is_facilitator(struct vl_replica *r, bool *out)
{
    struct vl_membership *membership = vl_replica_membership(r);
    struct vl_person_state state;
    struct vl_id me;
    *out = false;
    if (membership == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = vl_replica_me(r, &me);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    VL_TRY(vl_membership_settle(membership));
    result = vl_membership_find_person(membership, vl_bytes(me.bytes, sizeof me.bytes), &state);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    *out = state.role == VL_ROLE_FACILITATOR;
    return VL_OK;
}

vl_result erasure_keep_allowed(struct vl_replica *r, struct erasure *erasure)
{
    struct vl_device_info author;
    struct vl_id me;
    bool is_facilitator;
    size_t kept = 0;
    VL_TRY(vl_replica_me(r, &me));
    VL_TRY(erasure_is_facilitator(r, &is_facilitator));
    for (size_t i = 0; i < erasure->count; i++) {
        vl_result result = vl_replica_author(r, &erasure->entries[i], &author);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
        bool is_mine = result == VL_OK && vl_id_equal(&author.person, &me);
        if (is_mine || is_facilitator) erasure->entries[kept++] = erasure->entries[i];
    }
    erasure->others += erasure->count - kept;
    erasure->count = kept;
    return VL_OK;
}

vl_result erasure_write(struct vl_replica *r, const struct erasure *erasure, vl_wall now,
                        size_t *tombstones)
{
    *tombstones = 0;
    for (size_t at = 0; at < erasure->count; at += VL_TOMBSTONE_MAX) {
        size_t left = erasure->count - at;
        struct vl_id tombstone;
        VL_TRY(vl_replica_erase(r, erasure->entries + at,
                                left < VL_TOMBSTONE_MAX ? left : VL_TOMBSTONE_MAX, now,
                                &tombstone));
        (*tombstones)++;
    }
    return VL_OK;
}
