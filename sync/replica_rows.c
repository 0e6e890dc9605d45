/* Copies of stored rows, a bounded number at a time: a scan's callback may not call the storage,
 * so what needs to is done between scans. */
#include "sync/replica_internal.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_BATCH       256u
#define ROWS_BATCH_BYTES (1024u * 1024u)

static struct vl_bytes copy_bytes(uint8_t **to, struct vl_bytes from)
{
    if (from.data == NULL) return from;
    if (from.size > 0) memcpy(*to, from.data, from.size);
    struct vl_bytes copy = vl_bytes(*to, from.size);
    *to += from.size;
    return copy;
}

vl_result rows_visit(void *context, const struct vl_entry_row *row)
{
    struct rows *rows = context;
    size_t size = row->entry.header.size + row->entry.blob.size + row->past.size;
    if (rows->max_bytes != 0 && rows->count > 0 && rows->bytes + size > rows->max_bytes) {
        rows->more = true;
        return VL_ERR_LIMIT;
    }
    size_t capacity = rows->block_capacity;
    VL_TRY(replica_grow((void **)&rows->blocks, sizeof *rows->blocks, rows->count, &capacity));
    rows->block_capacity = capacity;
    VL_TRY(replica_grow((void **)&rows->items, sizeof *rows->items, rows->count, &rows->capacity));
    uint8_t *block = malloc(size > 0 ? size : 1);
    if (block == NULL) return VL_ERR_NO_MEMORY;
    struct vl_entry_row *copy = &rows->items[rows->count];
    rows->blocks[rows->count++] = block;
    rows->bytes += size;
    *copy = *row;
    copy->entry.header = copy_bytes(&block, row->entry.header);
    copy->entry.blob = copy_bytes(&block, row->entry.blob);
    copy->past = copy_bytes(&block, row->past);
    return VL_OK;
}

void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct vl_entry_row *row = &rows->items[i];
        sodium_memzero(rows->blocks[i],
                       row->entry.header.size + row->entry.blob.size + row->past.size);
        free(rows->blocks[i]);
    }
    rows->count = 0;
    rows->bytes = 0;
    rows->more = false;
}

void rows_finish(struct rows *rows)
{
    rows_clear(rows);
    free(rows->items);
    free(rows->blocks);
    *rows = (struct rows){0};
}

vl_result rows_result(vl_result result)
{
    switch (result) {
    case VL_OK:
    case VL_ERR_NO_MEMORY:
    case VL_ERR_STORAGE:
    case VL_ERR_FULL: return result;
    default: return VL_ERR_DAMAGED;
    }
}

static vl_result id_visit(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_row *out = context;
    out->id = row->id;
    out->seq = row->seq;
    return VL_OK;
}

vl_result rows_id(struct vl_replica *r, uint32_t chain, uint64_t seq, struct vl_id *out)
{
    struct vl_entry_row row = {.seq = UINT64_MAX};
    VL_TRY(r->storage.entry_range(r->storage.self, chain, seq, 1, id_visit, &row));
    if (row.seq != seq) return VL_ERR_DAMAGED;
    *out = row.id;
    return VL_OK;
}

vl_result rows_flags(struct vl_replica *r, const struct vl_id *id, uint32_t flags)
{
    return rows_result(r->storage.entry_flags(r->storage.self, id, flags));
}

vl_result rows_next(struct vl_replica *r, struct vl_scan *scan, struct rows *rows)
{
    rows_clear(rows);
    rows->max_bytes = ROWS_BATCH_BYTES;
    scan->max = ROWS_BATCH;
    vl_result result = r->storage.entry_scan(r->storage.self, scan, rows_visit, rows);
    if (result != VL_OK && !(result == VL_ERR_LIMIT && rows->more)) return result;
    if (rows->count > 0) {
        const struct vl_entry_row *last = &rows->items[rows->count - 1];
        scan->after = true;
        scan->after_lamport = last->lamport;
        scan->after_id = last->id;
    }
    return VL_OK;
}

vl_result rows_of(struct vl_replica *r, struct vl_write *from, struct rows *rows)
{
    rows_clear(rows);
    rows->max_bytes = ROWS_BATCH_BYTES;
    vl_result result = r->storage.write_scan(r->storage.self, from, ROWS_BATCH, rows_visit, rows);
    if (result != VL_OK && !(result == VL_ERR_LIMIT && rows->more)) return result;
    if (rows->count > 0) {
        from->chain = rows->items[rows->count - 1].chain;
        from->seq = rows->items[rows->count - 1].seq + 1;
    }
    return VL_OK;
}
