/* Everything again: a second memory is built from the rows alone, judging each as if it had just
 * come from a peer, and every body is merged anew. What the storage says must be what comes out.
 *
 * Rows are read in the order (lamport, id). A parent's lamport is lower, so each row's parents were
 * verified before it, and the notes on their past that it is judged by are proven ones. */
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

/* ---- cells in memory ---- */

struct scratch_cells {
    struct cell *items;
    size_t count, capacity;
    uint32_t *slots; /* index + 1 */
    size_t slot_count;
};

struct verify {
    struct vl_replica *real;
    struct vl_replica *anew; /* its storage gives the real rows, and takes cells into `cells` */
    struct scratch_cells cells;
    struct chain_state {
        uint64_t next;
        struct vl_id tip;
        uint64_t lamport;
        uint64_t bytes;
        uint32_t controls;
        bool open; /* its last entries wait for a valid signature */
        uint64_t counted;
    } * chains;
    uint64_t *once; /* of each chain: what is below is live, or was once */
    struct vl_verify_report *report;
    struct vl_id *bad;
    size_t cells_seen;
};

static size_t scratch_slot(const struct scratch_cells *cells, const struct vl_cell_key *key)
{
    uint64_t hash;
    memcpy(&hash, key->record.bytes, sizeof hash);
    hash ^= ((uint64_t)key->type << 40) ^ ((uint64_t)key->field << 8) ^ (uint64_t)key->kind;
    hash *= 0x9e3779b97f4a7c15u;
    size_t slot = (size_t)(hash >> 24) & (cells->slot_count - 1);
    while (cells->slots[slot] != 0 &&
           vl_cell_key_compare(&cells->items[cells->slots[slot] - 1].key, key) != 0)
        slot = (slot + 1) & (cells->slot_count - 1);
    return slot;
}

static vl_result scratch_room(struct scratch_cells *cells)
{
    VL_TRY(
        replica_grow((void **)&cells->items, sizeof *cells->items, cells->count, &cells->capacity));
    if (2 * (cells->count + 1) <= cells->slot_count) return VL_OK;
    size_t slots = cells->slot_count == 0 ? 256 : 2 * cells->slot_count;
    uint32_t *larger = calloc(slots, sizeof *larger);
    if (larger == NULL) return VL_ERR_NO_MEMORY;
    free(cells->slots);
    cells->slots = larger;
    cells->slot_count = slots;
    for (size_t i = 0; i < cells->count; i++)
        cells->slots[scratch_slot(cells, &cells->items[i].key)] = (uint32_t)(i + 1);
    return VL_OK;
}

static vl_result scratch_get(void *self, const struct vl_cell_key *key, struct vl_buffer *out)
{
    const struct verify *verify = self;
    const struct scratch_cells *cells = &verify->cells;
    vl_buffer_clear(out);
    if (cells->slot_count == 0) return VL_ERR_NOT_FOUND;
    uint32_t index = cells->slots[scratch_slot(cells, key)];
    if (index == 0) return VL_ERR_NOT_FOUND;
    const struct vl_buffer *state = &cells->items[index - 1].state;
    return vl_buffer_append(out, state->data, state->size);
}

static vl_result scratch_put(void *self, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct verify *verify = self;
    struct scratch_cells *cells = &verify->cells;
    VL_TRY(scratch_room(cells));
    uint32_t *slot = &cells->slots[scratch_slot(cells, key)];
    if (*slot == 0) {
        cells->items[cells->count++] = (struct cell){.key = *key};
        *slot = (uint32_t)cells->count;
    }
    struct vl_buffer *kept = &cells->items[*slot - 1].state;
    vl_buffer_clear(kept);
    return vl_buffer_append(kept, state.data, state.size);
}

static vl_result real_entry_get(void *self, const struct vl_id *id, vl_entry_visit visit,
                                void *context)
{
    const struct vl_storage *real = &((struct verify *)self)->real->storage;
    return real->entry_get(real->self, id, visit, context);
}

static void scratch_finish(struct scratch_cells *cells)
{
    for (size_t i = 0; i < cells->count; i++) {
        vl_buffer_wipe(&cells->items[i].state);
    }
    free(cells->items);
    free(cells->slots);
}

/* ---- one row ---- */

static bool header_matches(const struct verify *v, const struct vl_entry_row *row,
                           const struct vl_entry_header *header)
{
    const struct chain_state *chain = &v->chains[row->chain];
    const struct vl_log_row *log = &v->real->chains[row->chain].row;
    struct vl_id id;
    vl_entry_id(row->entry.header, &id);
    if (!vl_id_equal(&id, &row->id) || header->kind != row->kind || header->seq != row->seq ||
        header->lamport != row->lamport || row->seq != chain->next)
        return false;
    if (!vl_id_equal(&header->circle, &v->real->circle) || !vl_id_equal(&header->log, &log->log))
        return false;
    if (row->seq == 0) return memcmp(header->sign_key, log->sign_key, sizeof log->sign_key) == 0;
    return vl_id_equal(&header->prev, &chain->tip);
}

/* What a branch goes on from was verified before: its lamport is lower. */
static vl_result begin_chains(struct verify *v)
{
    for (size_t i = 0; i < v->real->chain_count; i++) {
        const struct vl_log_row *row = &v->real->chains[i].row;
        struct chain_state *chain = &v->chains[i];
        *chain = (struct chain_state){.next = row->first_seq};
        if (row_is_empty(row) || row->first_seq == 0) continue;
        VL_TRY(rows_id(v->real, row->parent, row->first_seq - 1, &chain->tip));
        VL_TRY(branch_sizes(v->real, row->parent, row->first_seq - 1, &chain->bytes,
                            &chain->controls));
    }
    return VL_OK;
}

static bool blob_matches(const struct vl_entry_row *row, const struct vl_entry_header *header)
{
    struct vl_id hash;
    if (row->entry.blob.data == NULL) return (row->flags & (VL_ENTRY_ERASED | VL_ENTRY_BARE)) != 0;
    if ((row->flags & (VL_ENTRY_ERASED | VL_ENTRY_BARE)) != 0) return false;
    if (row->entry.blob.size != header->blob_size) return false;
    vl_blob_hash(row->entry.blob, &hash);
    return vl_id_equal(&hash, &header->blob_hash);
}

static bool signature_matches(struct verify *v, const struct vl_entry_row *row)
{
    const uint8_t *key = v->real->chains[row->chain].row.sign_key;
    bool good = vl_entry_verify(row->entry.header, row->entry.signature, key) == VL_OK;
    v->report->signatures += good;
    v->chains[row->chain].open = !good;
    return good || (row->kind != VL_ENTRY_CONTROL && (row->flags & VL_ENTRY_VERIFIED) == 0);
}

static vl_result verify_past(struct verify *v, const struct vl_entry_row *row,
                             const struct vl_entry_header *header)
{
    struct past *prev = NULL, *past = NULL;
    struct vl_buffer notes = {0};
    if (row->seq > 0) VL_TRY(replica_past(v->anew, &v->chains[row->chain].tip, &prev));
    vl_result result =
        replica_judge(v->anew, header, &row->id, &v->real->chains[row->chain].row, prev, &past);
    if (result == VL_OK) result = past_encode(past, &notes);
    if (result == VL_OK && !vl_bytes_equal(vl_buffer_view(&notes), row->past))
        result = VL_ERR_DAMAGED;
    vl_buffer_finish(&notes);
    past_unref(prev);
    past_unref(past);
    return result;
}

static vl_result verify_control(struct verify *v, const struct vl_entry_row *row,
                                const struct vl_entry_header *header)
{
    struct vl_control control = {0};
    bool is_control = row->kind == VL_ENTRY_CONTROL;
    if (is_control) VL_TRY(vl_control_decode(row->entry.blob, &control));
    struct control_entry about = {.id = &row->id,
                                  .header = header,
                                  .control = &control,
                                  .author = v->real->chains[row->chain].row.sign_key,
                                  .is_outside = row->seq >= v->real->chains[row->chain].live,
                                  .was_live = row->seq < v->once[row->chain]};
    struct vl_id person;
    vl_result result = VL_OK;
    if (row->seq == 0)
        result = member_may_begin(v->anew, header, is_control ? &control : NULL, &person);
    if (result == VL_OK && row->seq == 0 &&
        !vl_id_equal(&person, &v->real->chains[row->chain].row.person))
        result = VL_ERR_DAMAGED;
    if (result == VL_OK && is_control) result = member_check(v->anew, &about);
    if (result == VL_OK && is_control) result = member_learn(v->anew, &about);
    vl_control_finish(&control);
    return result;
}

static vl_result verify_row(struct verify *v, const struct vl_entry_row *row)
{
    struct vl_entry_header header;
    *v->bad = row->id;
    if (row->chain >= v->real->chain_count) return VL_ERR_DAMAGED;
    VL_TRY(vl_entry_header_decode(row->entry.header, &header));
    if (!header_matches(v, row, &header) || !blob_matches(row, &header) ||
        !signature_matches(v, row))
        return VL_ERR_DAMAGED;
    VL_TRY(verify_past(v, row, &header));
    VL_TRY(verify_control(v, row, &header));
    struct chain_state *chain = &v->chains[row->chain];
    chain->next = row->seq + 1;
    chain->bytes += row->entry.header.size + 64u + header.blob_size;
    chain->controls += row->kind == VL_ENTRY_CONTROL;
    chain->tip = row->id;
    chain->lamport = row->lamport;
    v->report->entries++;
    v->report->control += row->kind == VL_ENTRY_CONTROL;
    *v->bad = (struct vl_id){0};
    return VL_OK;
}

static vl_result verify_merge(struct verify *v, const struct vl_entry_row *row)
{
    const uint32_t about = ~(uint32_t)VL_ENTRY_VERIFIED;
    struct vl_entry_header header;
    struct vl_entry entry = row->entry;
    uint32_t flags = 0;
    *v->bad = row->id;
    if (row->chain >= v->real->chain_count) return VL_ERR_DAMAGED; /* read for a second time */
    if (row->kind == VL_ENTRY_CONTROL) {
        if ((row->flags & about) != VL_ENTRY_MERGED) return VL_ERR_DAMAGED;
    } else {
        const uint8_t *author = v->real->chains[row->chain].row.sign_key;
        VL_TRY(vl_entry_header_decode(row->entry.header, &header));
        VL_TRY(erase_arriving(v->anew, &header, &row->id, author, &entry, &flags));
        if (row->seq >= v->chains[row->chain].counted)
            flags |= VL_ENTRY_QUARANTINED;
        else
            VL_TRY(merge_entry(v->anew, row->chain, &header, &row->id, entry.blob, &flags));
        if (flags != (row->flags & about)) return VL_ERR_DAMAGED;
        if (flags == 0 && row->kind == VL_ENTRY_SEALED)
            v->report->sealed++;
        else if (flags != VL_ENTRY_MERGED)
            v->report->unmerged++;
    }
    *v->bad = (struct vl_id){0};
    return VL_OK;
}

/* ---- all of them ---- */

static vl_result verify_rows(struct verify *v,
                             vl_result (*one)(struct verify *, const struct vl_entry_row *))
{
    struct rows rows = {0};
    struct vl_scan scan = {0};
    vl_result result = VL_OK;
    while (result == VL_OK) {
        result = rows_next(v->real, &scan, &rows);
        if (result != VL_OK || rows.count == 0) break;
        for (size_t i = 0; result == VL_OK && i < rows.count; i++)
            result = one(v, &rows.items[i]);
    }
    rows_finish(&rows);
    return result;
}

static vl_result verify_chains(struct verify *v)
{
    for (size_t i = 0; i < v->real->chain_count; i++) {
        const struct vl_log_row *row = &v->real->chains[i].row;
        const struct chain_state *chain = &v->chains[i];
        if (row_is_empty(row)) continue;
        *v->bad = row->tip;
        if (chain->bytes != row->bytes || chain->controls != row->controls) return VL_ERR_DAMAGED;
        if (chain->open || chain->next != row->tip_seq + 1 ||
            !vl_id_equal(&chain->tip, &row->tip) || chain->lamport != row->tip_lamport)
            return VL_ERR_DAMAGED;
    }
    *v->bad = (struct vl_id){0};
    return VL_OK;
}

/* What counts, by the membership that was built anew. */
static vl_result verify_count(struct verify *v)
{
    size_t chains = v->real->chain_count;
    uint64_t *counted = calloc(chains + 1, sizeof *counted);
    bool *is_person = calloc(chains + 1, sizeof *is_person);
    vl_result result = VL_ERR_NO_MEMORY;
    if (counted != NULL && is_person != NULL)
        result = count_chains(v->real, v->anew->membership, counted, is_person);
    for (size_t i = 0; result == VL_OK && i < chains; i++)
        v->chains[i].counted = counted[i];
    free(counted);
    free(is_person);
    return result;
}

static vl_result compare_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct verify *v = context;
    if (v->cells.slot_count == 0) return VL_ERR_DAMAGED;
    uint32_t index = v->cells.slots[scratch_slot(&v->cells, key)];
    if (index == 0 || !vl_bytes_equal(vl_buffer_view(&v->cells.items[index - 1].state), state))
        return VL_ERR_DAMAGED;
    v->cells_seen++;
    return VL_OK;
}

static vl_result verify_all(struct verify *v)
{
    const struct vl_storage *storage = &v->real->storage;
    struct vl_id digest;
    VL_TRY(begin_chains(v));
    VL_TRY(verify_rows(v, verify_row));
    VL_TRY(verify_chains(v));
    VL_TRY(verify_count(v));
    VL_TRY(verify_rows(v, verify_merge));
    VL_TRY(cells_flush(v->anew));
    VL_TRY(storage->cell_scan(storage->self, false, 0, compare_cell, v));
    if (v->cells_seen != v->cells.count) return VL_ERR_DAMAGED;
    VL_TRY(replica_digest(v->anew->membership, storage, &v->report->digest));
    VL_TRY(replica_digest(v->real->membership, storage, &digest));
    return vl_id_equal(&digest, &v->report->digest) ? VL_OK : VL_ERR_DAMAGED;
}

static vl_result place_visit(void *context, const struct vl_entry_row *row)
{
    *(struct past_item *)context = (struct past_item){.chain = row->chain, .seq = row->seq};
    return VL_OK;
}

/* What is merged is kept as a write as well, or erasing it would miss it. */
static vl_result check_write(void *self, const struct vl_write *write)
{
    const struct verify *verify = self;
    const struct vl_storage *storage = &verify->real->storage;
    struct past_item place = {.chain = UINT32_MAX};
    VL_TRY(storage->write_scan(storage->self, write, 1, place_visit, &place));
    bool is_kept = place.chain == write->chain && place.seq == write->seq;
    return is_kept ? VL_OK : VL_ERR_DAMAGED;
}

static vl_result anew_create(struct verify *v)
{
    struct vl_replica *anew = calloc(1, sizeof *anew);
    if (anew == NULL) return VL_ERR_NO_MEMORY;
    v->anew = anew;
    anew->circle = v->real->circle;
    anew->keys = v->real->keys;
    anew->may_write = v->real->may_write;
    anew->storage = (struct vl_storage){.self = v,
                                        .entry_get = real_entry_get,
                                        .cell_get = scratch_get,
                                        .cell_put = scratch_put,
                                        .write_put = check_write};
    anew->chains = v->real->chains; /* lent */
    anew->by_log = v->real->by_log;
    anew->chain_count = v->real->chain_count;
    anew->log_count = v->real->log_count;
    anew->closed_count = v->real->closed_count;
    anew->cells = calloc(1, sizeof *anew->cells);
    v->chains = calloc(v->real->chain_count + 1, sizeof *v->chains);
    v->once = calloc(v->real->chain_count + 1, sizeof *v->once);
    if (anew->cells == NULL || v->chains == NULL || v->once == NULL) return VL_ERR_NO_MEMORY;
    if (v->real->closed_count > 0) VL_TRY(live_once(v->real, v->once));
    return vl_membership_create(&anew->membership);
}

vl_result vl_replica_verify(struct vl_replica *r, struct vl_verify_report *report,
                            struct vl_id *bad_entry)
{
    struct verify v = {.real = r, .report = report, .bad = bad_entry};
    *report = (struct vl_verify_report){0};
    *bad_entry = (struct vl_id){0};
    VL_TRY(replica_ready(r));
    VL_TRY(merge_pending(r));
    vl_result result = anew_create(&v);
    if (result == VL_OK) result = rows_result(verify_all(&v));
    if (v.anew != NULL) {
        v.anew->chains = NULL;
        v.anew->by_log = NULL;
        v.anew->chain_count = v.anew->log_count = 0;
    }
    vl_replica_close(v.anew);
    scratch_finish(&v.cells);
    free(v.once);
    free(v.chains);
    return result;
}
