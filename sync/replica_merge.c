/* Operations into cells (I4). Within a transaction the touched cells are kept in memory and written
 * once at its end, or when there are too many. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- the write-back cache ---- */

static uint32_t cell_hash(const struct vl_cell_key *key)
{
    uint32_t hash = 2166136261u ^ key->type;
    for (size_t i = 0; i < sizeof key->record.bytes; i++)
        hash = (hash ^ key->record.bytes[i]) * 16777619u;
    hash = (hash ^ key->field) * 16777619u;
    return (hash ^ (uint32_t)key->kind) * 16777619u;
}

void cells_clear(struct cell_cache *cells)
{
    for (size_t i = 0; i < cells->count; i++) {
        vl_cell_close(cells->cells[i].open);
        vl_buffer_wipe(&cells->cells[i].state); /* it may hold what is erased now */
        vl_buffer_finish(&cells->cells[i].state);
        cells->cells[i] = (struct cell){0};
    }
    if (cells->count > 0) memset(cells->slots, 0, sizeof cells->slots);
    cells->count = cells->bytes = 0;
}

vl_result cells_flush(struct vl_replica *r)
{
    struct cell_cache *cells = r->cells;
    vl_result result = VL_OK;
    for (size_t i = 0; result == VL_OK && i < cells->count; i++) {
        struct cell *cell = &cells->cells[i];
        if (cell->open != NULL) result = vl_cell_save(cell->open, &cell->state);
        if (result != VL_OK || cell->state.size == 0) continue;
        result = r->storage.cell_put(r->storage.self, &cell->key, vl_buffer_view(&cell->state));
    }
    cells_clear(cells);
    return result;
}

static vl_result cell_of(struct vl_replica *r, const struct vl_cell_key *key, struct cell **out)
{
    struct cell_cache *cells = r->cells;
    if (cells->last < cells->count &&
        vl_cell_key_compare(&cells->cells[cells->last].key, key) == 0) {
        *out = &cells->cells[cells->last]; /* flushing it now is loading it again at once */
        return VL_OK;
    }
    if (cells->count == CELL_CACHE_MAX || cells->bytes > CELL_CACHE_BYTES) VL_TRY(cells_flush(r));
    size_t slot = cell_hash(key) % CELL_CACHE_SLOTS;
    for (; cells->slots[slot] != 0; slot = (slot + 1) % CELL_CACHE_SLOTS) {
        struct cell *cell = &cells->cells[cells->slots[slot] - 1];
        if (vl_cell_key_compare(&cell->key, key) == 0) {
            cells->last = (size_t)(cell - cells->cells);
            *out = cell;
            return VL_OK;
        }
    }
    struct cell *cell = &cells->cells[cells->count];
    *cell = (struct cell){.key = *key};
    vl_result result = r->storage.cell_get(r->storage.self, key, &cell->state);
    if (result != VL_OK && result != VL_ERR_NOT_FOUND) {
        vl_buffer_finish(&cell->state);
        return result;
    }
    cells->last = cells->count;
    cells->slots[slot] = (uint16_t)++cells->count;
    cells->bytes += cell->state.size;
    *out = cell;
    return VL_OK;
}

#define OPEN_BYTES 8u /* of memory for each byte of state that is open; about */

/* An operation alone is applied to the state. If more come, the cell stays open until the cache is
 * written: loading and saving for each one costs the square of their number. */
static vl_result cell_merge(struct cell_cache *cells, struct cell *cell,
                            const struct vl_operation *operation, const struct vl_stamp *stamp,
                            bool *over)
{
    const size_t before = cell->state.size;
    if (!cell->is_touched) {
        VL_TRY(vl_cell_apply(cell->key.kind, &cell->state, operation, stamp));
        cell->is_touched = true;
        *over |= vl_cell_over(vl_buffer_view(&cell->state));
        cells->bytes += cell->state.size - before; /* wraps rightly when it shrank */
        return VL_OK;
    }
    if (cell->open == NULL) {
        VL_TRY(vl_cell_open(cell->key.kind, vl_buffer_view(&cell->state), &cell->open));
        vl_buffer_wipe(&cell->state);
        cells->bytes += OPEN_BYTES * before;
    }
    VL_TRY(vl_cell_merge(cell->open, operation, stamp));
    *over |= vl_cell_is_over(cell->open);
    cells->bytes += OPEN_BYTES * (operation->value.size + sizeof *stamp);
    return VL_OK;
}

/* ---- writes ---- */

static struct vl_write write_of(const struct vl_operation *operation, uint32_t chain,
                                const struct vl_entry_header *header)
{
    uint32_t space = header->kind == VL_ENTRY_SEALED ? VL_TYPE_SEALED : 0;
    return (struct vl_write){.type = operation->type + space,
                             .record = operation->record,
                             .chain = chain,
                             .seq = header->seq};
}

static int record_order(const void *a, const void *b)
{
    const struct vl_write *x = a, *y = b;
    if (x->type != y->type) return x->type < y->type ? -1 : 1;
    return memcmp(&x->record, &y->record, sizeof x->record);
}

/* Calls `one` for each record that the body writes to: mostly there is one. A record between whose
 * operations others stand is given again. */
static vl_result each_record(struct vl_replica *r, const struct vl_body *body, uint32_t chain,
                             const struct vl_entry_header *header,
                             vl_result (*one)(struct vl_replica *, const struct vl_write *))
{
    struct vl_write last = {0};
    for (size_t i = 0; i < body->count; i++) {
        struct vl_write write = write_of(&body->operations[i], chain, header);
        if (i == 0 || record_order(&write, &last) != 0) VL_TRY(one(r, &write));
        last = write;
    }
    return VL_OK;
}

static vl_result keep_write(struct vl_replica *r, const struct vl_write *write)
{
    return r->storage.write_put(r->storage.self, write);
}

static vl_result drop_write(struct vl_replica *r, const struct vl_write *write)
{
    VL_TRY(replica_grow((void **)&r->remakes, sizeof *r->remakes, r->remake_count,
                        &r->remake_capacity));
    r->remakes[r->remake_count++] = *write;
    return r->storage.write_drop(r->storage.self, write);
}

/* ---- merging ---- */

/* Whose an entry is by what is in its past: the same on every device and for ever, whatever comes
 * later. (The chain's person is another thing: enrolments without authority count for her.) Zeros:
 * nobody's. */
static struct vl_id author_of(const struct vl_replica *r, uint32_t chain,
                              const struct vl_entry_header *header)
{
    const uint8_t *key = header->seq == 0 ? header->sign_key : r->chains[chain].row.sign_key;
    struct vl_bytes auth[VL_AUTH_MAX];
    struct vl_id person = {{0}};
    for (size_t i = 0; i < header->auth_count; i++)
        auth[i] = vl_bytes(header->auth[i].bytes, sizeof header->auth[i].bytes);
    struct vl_bytes owner = vl_membership_owner(
        r->membership, vl_bytes(key, sizeof r->keys->card.sign), auth, header->auth_count);
    if (owner.size == sizeof person.bytes) memcpy(person.bytes, owner.data, sizeof person.bytes);
    return person;
}

static bool is_same_cell(const struct vl_operation *a, const struct vl_operation *b)
{
    return a->field == b->field && a->type == b->type &&
           memcmp(&a->record, &b->record, sizeof a->record) == 0 &&
           vl_opcode_field_kind(a->opcode) == vl_opcode_field_kind(b->opcode);
}

static struct vl_cell_key key_of(const struct vl_operation *operation,
                                 const struct vl_entry_header *header)
{
    return (struct vl_cell_key){.type = write_of(operation, 0, header).type,
                                .record = operation->record,
                                .field = operation->field,
                                .kind = vl_opcode_field_kind(operation->opcode)};
}

/* What is somebody else's by the owner's rule is merged into nothing. `only`: what concerns that
 * record; NULL: all. Cell by cell, whatever the order in the body: two large ones in turn would be
 * written and loaded for each operation. */
static vl_result merge_body(struct vl_replica *r, const struct vl_body *body, uint32_t chain,
                            const struct vl_entry_header *header, const struct vl_id *id,
                            const struct vl_write *only)
{
    bool done[VL_OPERATIONS_MAX] = {false};
    struct vl_id author = {{0}};
    if (r->may_write != NULL) author = author_of(r, chain, header);
    for (size_t first = 0; first < body->count; first++) {
        const struct vl_cell_key key = key_of(&body->operations[first], header);
        const struct vl_write write = write_of(&body->operations[first], 0, header);
        if (done[first] || (only != NULL && record_order(&write, only) != 0)) continue;
        for (size_t i = first; i < body->count; i++) {
            const struct vl_operation *operation = &body->operations[i];
            const struct vl_stamp stamp = {.lamport = header->lamport,
                                           .dot = {.entry = *id, .operation = (uint32_t)i}};
            struct cell *cell;
            if (done[i] || !is_same_cell(operation, &body->operations[first])) continue;
            done[i] = true;
            if (r->may_write != NULL && !r->may_write(&r->circle, operation, &author)) continue;
            VL_TRY(cell_of(r, &key, &cell));
            VL_TRY(cell_merge(r->cells, cell, operation, &stamp, &r->over));
        }
    }
    return VL_OK;
}

/* Views into r->body, which is to be wiped after; it is when this fails. NO_KEY: it is for others,
 * or its key is not here; else it cannot be read. */
static vl_result open_entry(struct vl_replica *r, const struct vl_entry_header *header,
                            const struct vl_id *id, struct vl_bytes blob, struct vl_body *body)
{
    vl_buffer_clear(&r->body);
    vl_result result = replica_open_body(r, header, blob, &r->body);
    if (result == VL_OK) result = vl_body_decode(vl_buffer_view(&r->body), id, body);
    if (result != VL_OK) vl_buffer_wipe(&r->body);
    return result;
}

vl_result merge_entry(struct vl_replica *r, uint32_t chain, const struct vl_entry_header *header,
                      const struct vl_id *id, struct vl_bytes blob, uint32_t *flags)
{
    if (header->kind == VL_ENTRY_CONTROL || blob.data == NULL) return VL_OK;
    struct vl_body body = {0};
    vl_result result = VL_ERR_INVALID; /* whether its key is here or not: that may change */
    if (epoch_is_past(r, header)) result = open_entry(r, header, id, blob, &body);
    if (result == VL_ERR_NO_MEMORY) return result;
    if (result == VL_ERR_NO_KEY) return VL_OK;
    if (result != VL_OK) {
        *flags |= VL_ENTRY_REFUSED;
        return VL_OK;
    }
    result = merge_body(r, &body, chain, header, id, NULL);
    if (result == VL_OK) result = each_record(r, &body, chain, header, keep_write);
    if (result == VL_OK) *flags |= VL_ENTRY_MERGED;
    vl_body_finish(&body);
    vl_buffer_wipe(&r->body);
    return result;
}

vl_result merge_undo(struct vl_replica *r, const struct vl_entry_row *row)
{
    struct vl_entry_header header;
    struct vl_body body = {0};
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    vl_result result = open_entry(r, &header, &row->id, row->entry.blob, &body);
    if (result == VL_ERR_NO_MEMORY) return result;
    if (result == VL_OK) {
        result = each_record(r, &body, row->chain, &header, drop_write);
        vl_body_finish(&body);
        vl_buffer_wipe(&r->body);
        return result;
    }
    r->rebuild = true; /* its key was forgotten since: nobody knows where it wrote to */
    return VL_OK;
}

/* ---- entries whose key came later ---- */

static vl_result merge_rows(struct vl_replica *r, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct vl_entry_row *row = &rows->items[i];
        struct vl_entry_header header;
        uint32_t flags = row->flags;
        if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
        VL_TRY(merge_entry(r, row->chain, &header, &row->id, row->entry.blob, &flags));
        if (flags != row->flags) VL_TRY(rows_flags(r, &row->id, flags));
    }
    return VL_OK;
}

static bool any_key_here(const struct vl_replica *r, const struct rows *rows)
{
    struct vl_entry_header header;
    for (size_t i = 0; i < rows->count; i++)
        if (vl_entry_header_decode(rows->items[i].entry.header, &header) != VL_OK ||
            epoch_secret(r, &header.epoch_key) != NULL)
            return true;
    return false;
}

vl_result merge_pending(struct vl_replica *r)
{
    if (!r->unmerged) return VL_OK;
    struct rows rows = {0};
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT,
                           .flags_mask = VL_ENTRY_MERGED | VL_ENTRY_REFUSED | VL_ENTRY_ERASED |
                                         VL_ENTRY_QUARANTINED | VL_ENTRY_BARE};
    vl_result result = VL_OK;
    while (result == VL_OK) {
        result = rows_next(r, &scan, &rows);
        if (result != VL_OK || rows.count == 0) break;
        if (!any_key_here(r, &rows)) continue;
        result = replica_begin(r);
        if (result != VL_OK) break;
        result = merge_rows(r, &rows);
        if (result == VL_OK)
            result = replica_commit(r);
        else
            replica_abort(r);
    }
    rows_finish(&rows);
    if (result == VL_OK) r->unmerged = false;
    return result;
}

/* ---- all cells anew ---- */

static vl_result merge_anew(struct vl_replica *r, struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct vl_entry_row *row = &rows->items[i];
        struct vl_entry_header header;
        uint32_t flags = row->flags & ~(uint32_t)(VL_ENTRY_MERGED | VL_ENTRY_REFUSED);
        if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
        VL_TRY(merge_entry(r, row->chain, &header, &row->id, row->entry.blob, &flags));
        if (flags != row->flags) VL_TRY(rows_flags(r, &row->id, flags));
    }
    return VL_OK;
}

static vl_result merge_all(struct vl_replica *r)
{
    struct rows rows = {0};
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED,
                           .flags_mask = VL_ENTRY_ERASED | VL_ENTRY_QUARANTINED | VL_ENTRY_BARE};
    assert(r->writing);
    cells_clear(r->cells);
    vl_result result = r->storage.cells_clear(r->storage.self);
    while (result == VL_OK) {
        result = rows_next(r, &scan, &rows);
        if (result != VL_OK || rows.count == 0) break;
        result = merge_anew(r, &rows);
    }
    rows_finish(&rows);
    return result;
}

/* ---- the cells of some records anew ---- */

/* What of a merged entry concerns that record. */
static vl_result merge_part(struct vl_replica *r, const struct vl_entry_row *row,
                            const struct vl_write *of)
{
    struct vl_entry_header header;
    struct vl_body body = {0};
    if ((row->flags & VL_ENTRY_MERGED) == 0) return VL_OK;
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    vl_result result = open_entry(r, &header, &row->id, row->entry.blob, &body);
    if (result == VL_ERR_NO_MEMORY) return result;
    if (result == VL_OK) {
        result = merge_body(r, &body, row->chain, &header, &row->id, of);
        vl_body_finish(&body);
        vl_buffer_wipe(&r->body);
        return result;
    }
    r->rebuild = true;
    return VL_OK;
}

static vl_result merge_record(struct vl_replica *r, const struct vl_write *record)
{
    struct vl_write from = {.type = record->type, .record = record->record};
    struct rows rows = {0};
    VL_TRY(r->storage.record_clear(r->storage.self, record->type, &record->record));
    vl_result result = VL_OK;
    while (result == VL_OK) {
        result = rows_of(r, &from, &rows);
        if (result != VL_OK || rows.count == 0) break;
        for (size_t i = 0; result == VL_OK && i < rows.count; i++)
            result = merge_part(r, &rows.items[i], record);
    }
    rows_finish(&rows);
    return result;
}

/* The entries' flags are settled by now, and what is merged since is in the cells. */
vl_result merge_settle(struct vl_replica *r)
{
    vl_result result = VL_OK;
    if (r->remake_count > 0) {
        result = cells_flush(r);
        qsort(r->remakes, r->remake_count, sizeof *r->remakes, record_order);
    }
    for (size_t i = 0; i < r->remake_count && result == VL_OK && !r->rebuild; i++)
        if (i == 0 || record_order(&r->remakes[i - 1], &r->remakes[i]) != 0)
            result = merge_record(r, &r->remakes[i]);
    if (result == VL_OK && r->rebuild) result = merge_all(r);
    if (r->remake_count > 0) sodium_memzero(r->remakes, r->remake_count * sizeof *r->remakes);
    r->remake_count = 0;
    r->rebuild = false;
    return result;
}
