/* Erasure. A tombstone names content entries; what it may erase is said by vl_membership_erases,
 * from its past alone and for ever: an erasure cannot be taken back, so nothing that comes later
 * (a joint removal that voids it, say) may unmake it, or replicas would differ by what came first.
 *
 *   tombstone, then entry    the entry is stored without its blob, which is not looked at
 *   entry, then tombstone    blob and everything made from it go in the tombstone's transaction
 *   entry without blob       with a tombstone: as above; without: BARE (replica_bare.c) */
#include "sync/replica_internal.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Without authority it is without effect, for ever (R0): there is nothing to learn. */
vl_result erase_learn(struct vl_replica *r, const struct control_entry *entry)
{
    const struct vl_control *control = entry->control;
    if (!vl_membership_is_authorised(r->membership,
                                     vl_bytes(entry->id->bytes, sizeof entry->id->bytes)))
        return VL_OK;
    VL_TRY(tombstone_table_add(&r->tombstones, entry->id, control->ids, control->id_count));
    for (size_t i = 0; r->writing && i < control->id_count; i++) {
        VL_TRY(replica_grow((void **)&r->erasing, sizeof *r->erasing, r->erasing_count,
                            &r->erasing_capacity));
        r->erasing[r->erasing_count++] = control->ids[i];
    }
    return VL_OK;
}

void erase_clear(struct vl_replica *r)
{
    tombstone_table_finish(&r->tombstones);
    free(r->erasing);
    r->erasing = NULL;
    r->erasing_count = r->erasing_capacity = 0;
}

static vl_result holds(const struct vl_replica *r, const struct vl_id *tombstone,
                       const uint8_t author[static 32], const struct vl_entry_header *header,
                       bool *out)
{
    struct vl_bytes auth[VL_AUTH_MAX];
    for (size_t i = 0; i < header->auth_count; i++)
        auth[i] = vl_bytes(header->auth[i].bytes, sizeof header->auth[i].bytes);
    return vl_membership_erases(r->membership, vl_bytes(tombstone->bytes, sizeof tombstone->bytes),
                                vl_bytes(author, 32), auth, header->auth_count, out);
}

/* The lowest tombstone that holds for an entry of this device, or NULL. */
static vl_result erase_holds(const struct vl_replica *r, const struct vl_id *target,
                             const uint8_t author[static 32], const struct vl_entry_header *header,
                             const struct vl_id **out)
{
    const struct tombstone_table *all = &r->tombstones;
    *out = NULL;
    for (uint32_t at = tombstone_table_first(all, target); at != TOMBSTONE_NONE;
         at = tombstone_table_next(all, at)) {
        const struct vl_id *one = tombstone_table_at(all, at);
        bool it_does = false;
        if (*out != NULL && vl_id_compare(one, *out) >= 0) continue;
        VL_TRY(holds(r, one, author, header, &it_does));
        if (it_does) *out = one;
    }
    return VL_OK;
}

vl_result erase_made_by(const struct vl_replica *r, const struct vl_entry_row *row,
                        const struct vl_id *tombstone, bool *out)
{
    struct vl_entry_header header;
    *out = false;
    if (row->chain >= r->chain_count) return VL_ERR_DAMAGED;
    if (row->kind == VL_ENTRY_CONTROL) return VL_OK;
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    return holds(r, tombstone, r->chains[row->chain].row.sign_key, &header, out);
}

vl_result erase_arriving(const struct vl_replica *r, const struct vl_entry_header *header,
                         const struct vl_id *id, const uint8_t author[static 32],
                         struct vl_entry *entry, uint32_t *flags)
{
    const struct vl_id *tombstone = NULL;
    if (header->kind == VL_ENTRY_CONTROL) return VL_OK;
    VL_TRY(erase_holds(r, id, author, header, &tombstone));
    if (tombstone != NULL) {
        *flags |= VL_ENTRY_ERASED;
        entry->blob = vl_bytes(NULL, 0);
    } else if (entry->blob.data == NULL) {
        *flags |= VL_ENTRY_BARE;
    }
    return VL_OK;
}

/* Of a stored entry. */
static vl_result row_holds(const struct vl_replica *r, const struct vl_entry_row *row,
                           const struct vl_id **out)
{
    struct vl_entry_header header;
    if (row->chain >= r->chain_count) return VL_ERR_DAMAGED;
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    return erase_holds(r, &row->id, r->chains[row->chain].row.sign_key, &header, out);
}

/* ---- before a commit ---- */

static vl_result erase_row(struct vl_replica *r, const struct vl_entry_row *row, bool *bare)
{
    const uint32_t gone = VL_ENTRY_MERGED | VL_ENTRY_REFUSED | VL_ENTRY_BARE;
    const struct vl_id *tombstone = NULL;
    if (row->kind == VL_ENTRY_CONTROL || (row->flags & VL_ENTRY_ERASED) != 0) return VL_OK;
    VL_TRY(row_holds(r, row, &tombstone));
    if (tombstone == NULL) return VL_OK;
    if ((row->flags & VL_ENTRY_MERGED) != 0) VL_TRY(merge_undo(r, row));
    *bare |= (row->flags & VL_ENTRY_BARE) != 0;
    return r->storage.entry_erase(r->storage.self, &row->id,
                                  (row->flags & ~gone) | VL_ENTRY_ERASED);
}

static vl_result erase_one(struct vl_replica *r, const struct vl_id *target, bool *bare)
{
    struct rows rows = {0};
    vl_result result = r->storage.entry_get(r->storage.self, target, rows_visit, &rows);
    if (result == VL_OK)
        result = erase_row(r, &rows.items[0], bare);
    else if (result == VL_ERR_NOT_FOUND)
        result = VL_OK; /* erase_arriving, when it comes */
    rows_finish(&rows);
    return result;
}

/* Whether something is to be asked for again. */
static vl_result unlearn_row(struct vl_replica *r, const struct vl_entry_row *row, bool *bare)
{
    const struct vl_id *tombstone = NULL;
    VL_TRY(row_holds(r, row, &tombstone));
    if (tombstone != NULL) return VL_OK;
    *bare = true;
    return rows_flags(r, &row->id, (row->flags & ~(uint32_t)VL_ENTRY_ERASED) | VL_ENTRY_BARE);
}

vl_result erase_unlearn(struct vl_replica *r)
{
    struct rows rows = {0};
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED,
                           .flags_mask = VL_ENTRY_ERASED,
                           .flags_value = VL_ENTRY_ERASED};
    bool bare = false;
    vl_result result = VL_OK;
    while (result == VL_OK) {
        result = rows_next(r, &scan, &rows);
        if (result != VL_OK || rows.count == 0) break;
        for (size_t i = 0; result == VL_OK && i < rows.count; i++)
            result = unlearn_row(r, &rows.items[i], &bare);
    }
    rows_finish(&rows);
    return result == VL_OK && bare ? bare_load(r) : result;
}

vl_result erase_settle(struct vl_replica *r)
{
    bool bare = false;
    for (size_t i = 0; i < r->erasing_count; i++)
        VL_TRY(erase_one(r, &r->erasing[i], &bare));
    r->erasing_count = 0;
    return bare ? bare_load(r) : VL_OK;
}

/* ---- who has erased ---- */

static vl_result place_visit(void *context, const struct vl_entry_row *row)
{
    *(struct past_item *)context = (struct past_item){.chain = row->chain, .seq = row->seq};
    return VL_OK;
}

/* Whether an entry of that device has the tombstone in its past: it knew of it, and a replica that
 * knows of a tombstone has erased in the same transaction. */
static vl_result device_knows(struct vl_replica *r, const struct vl_id *one,
                              const uint8_t sign[static 32], bool *knows)
{
    struct past_item place;
    VL_TRY(r->storage.entry_get(r->storage.self, one, place_visit, &place));
    for (size_t i = 0; i < r->chain_count && !*knows; i++) {
        const struct vl_log_row *row = &r->chains[i].row;
        struct past *tip = NULL;
        if (memcmp(row->sign_key, sign, sizeof row->sign_key) != 0) continue;
        VL_TRY(replica_past_here(r, &row->tip, &tip));
        *knows = past_covers(tip, place.chain, place.seq);
        past_unref(tip);
    }
    return VL_OK;
}

static vl_result fill_device(struct vl_replica *r, const struct vl_entry_row *entry,
                             const struct vl_device_info *info, struct vl_erasure_device *out)
{
    const struct tombstone_table *all = &r->tombstones;
    *out = (struct vl_erasure_device){.person = info->person, .current = info->current};
    memcpy(out->sign, info->card.sign, sizeof out->sign);
    out->erased = memcmp(out->sign, r->keys->card.sign, sizeof out->sign) == 0;
    for (uint32_t at = tombstone_table_first(all, &entry->id); at != TOMBSTONE_NONE && !out->erased;
         at = tombstone_table_next(all, at)) {
        const struct vl_id *one = tombstone_table_at(all, at);
        bool it_does = false;
        VL_TRY(erase_made_by(r, entry, one, &it_does));
        if (it_does) VL_TRY(device_knows(r, one, out->sign, &out->erased));
    }
    return VL_OK;
}

static vl_result fill_devices(struct vl_replica *r, const struct vl_entry_row *entry,
                              struct vl_id *tombstone, struct vl_erasure_device *out, size_t max,
                              size_t *count)
{
    const struct vl_id *one = NULL;
    struct vl_device_info device;
    VL_TRY(row_holds(r, entry, &one));
    if (one == NULL) return VL_ERR_NOT_FOUND;
    *tombstone = *one;
    for (size_t at = 0;; at++) {
        vl_result result = vl_replica_device_at(r, at, &device);
        if (result == VL_ERR_NOT_FOUND) return VL_OK;
        VL_TRY(result);
        if (*count < max) VL_TRY(fill_device(r, entry, &device, &out[*count]));
        (*count)++;
    }
}

vl_result vl_replica_erasure_state(struct vl_replica *r, const struct vl_id *entry,
                                   struct vl_id *tombstone, struct vl_erasure_device *out,
                                   size_t max, size_t *count)
{
    struct rows rows = {0};
    *count = 0;
    *tombstone = (struct vl_id){0};
    VL_TRY(replica_ready(r));
    VL_TRY(vl_membership_settle(r->membership));
    vl_result result = r->storage.entry_get(r->storage.self, entry, rows_visit, &rows);
    if (result == VL_OK && rows.items[0].kind == VL_ENTRY_CONTROL) result = VL_ERR_NOT_FOUND;
    if (result == VL_OK) result = fill_devices(r, &rows.items[0], tombstone, out, max, count);
    rows_finish(&rows);
    return result;
}
