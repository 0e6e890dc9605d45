#include "sync/session_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

vl_result chunk_create(struct chunk **out, const struct vl_id *log, uint64_t first,
                       const struct vl_id *prev)
{
    struct chunk *c = calloc(1, sizeof *c);
    if (c == NULL) return VL_ERR_NO_MEMORY;
    c->log = *log;
    c->first = first;
    c->prev = *prev;
    *out = c;
    return VL_OK;
}

void chunk_destroy(struct chunk *c)
{
    if (c == NULL) return;
    free(c->items);
    vl_buffer_finish(&c->bytes);
    free(c);
}

size_t chunk_size(const struct chunk *c)
{
    return c->bytes.size + c->count * sizeof c->items[0].signature;
}

static vl_result grow(struct chunk *c)
{
    if (c->count < c->capacity) return VL_OK;
    size_t capacity = c->capacity == 0 ? 1 : c->capacity * 2;
    struct chunk_item *items = realloc(c->items, capacity * sizeof *items);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    c->items = items;
    c->capacity = capacity;
    return VL_OK;
}

vl_result chunk_append(struct chunk *c, const struct vl_entry *entry)
{
    size_t size = entry->header.size + sizeof entry->signature + entry->blob.size;
    if (c->count == VL_CHUNK_ENTRIES_MAX || size > VL_CHUNK_BYTES_MAX - chunk_size(c)) {
        return VL_ERR_TOO_LARGE;
    }
    VL_TRY(grow(c));
    VL_TRY(vl_buffer_reserve(&c->bytes, entry->header.size + entry->blob.size));

    struct chunk_item *item = &c->items[c->count];
    *item = (struct chunk_item){
        .at = c->bytes.size,
        .header_size = (uint32_t)entry->header.size,
        .blob_size = (uint32_t)entry->blob.size,
        .has_blob = entry->blob.data != NULL,
    };
    memcpy(item->signature, entry->signature, sizeof item->signature);
    vl_entry_id(entry->header, &item->id);
    uint8_t *end = c->bytes.data + c->bytes.size; /* there is room */
    memcpy(end, entry->header.data, entry->header.size);
    if (entry->blob.size > 0) memcpy(end + entry->header.size, entry->blob.data, entry->blob.size);
    c->bytes.size += entry->header.size + entry->blob.size;
    c->count++;
    return VL_OK;
}

struct vl_entry chunk_entry(const struct chunk *c, size_t at)
{
    assert(at < c->count);
    const struct chunk_item *item = &c->items[at];
    const uint8_t *header = c->bytes.data + item->at;
    struct vl_entry entry = {.header = vl_bytes(header, item->header_size)};
    if (item->has_blob) entry.blob = vl_bytes(header + item->header_size, item->blob_size);
    memcpy(entry.signature, item->signature, sizeof entry.signature);
    return entry;
}

const struct vl_id *chunk_tip(const struct chunk *c)
{
    return c->count == 0 ? &c->prev : &c->items[c->count - 1].id;
}
