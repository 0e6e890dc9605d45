#include "sync/session_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

vl_result proof_source_init(struct proof_source *source, const struct vl_id *known, size_t count)
{
    *source = (struct proof_source){0};
    if (count == 0) return VL_OK;
    source->known = malloc(count * sizeof *source->known);
    if (source->known == NULL) return VL_ERR_NO_MEMORY;
    memcpy(source->known, known, count * sizeof *source->known);
    source->count = source->capacity = count;
    return VL_OK;
}

void proof_source_finish(struct proof_source *source)
{
    free(source->known);
    *source = (struct proof_source){0};
}

/* `id` is known to the other from now on, and so stands for its parents. */
static vl_result source_told(struct proof_source *source, const struct vl_entry_header *header,
                             const struct vl_id *id)
{
    for (size_t i = 0; i < source->count;) {
        bool parent = false;
        for (size_t k = 0; k < header->auth_count && !parent; k++) {
            parent = vl_id_equal(&source->known[i], &header->auth[k]);
        }
        if (parent) {
            source->known[i] = source->known[--source->count];
        } else {
            i++;
        }
    }
    if (source->count == source->capacity) {
        size_t capacity = source->capacity == 0 ? 8 : source->capacity * 2;
        struct vl_id *known = realloc(source->known, capacity * sizeof *known);
        if (known == NULL) return VL_ERR_NO_MEMORY;
        source->known = known;
        source->capacity = capacity;
    }
    source->known[source->count++] = *id;
    return VL_OK;
}

struct gathered { /* what one message takes */
    struct chunk_item *items;
    size_t count, capacity;
    struct vl_buffer bytes;
    size_t size; /* as written */
    bool more;
};

static vl_result gather(void *context, const struct vl_entry_row *row)
{
    struct gathered *g = context;
    size_t size = message_proof_item_size(&row->entry);
    if (size > PROOF_MESSAGE_BYTES - g->size) {
        g->more = true;
        return VL_ERR_EXISTS; /* ends the scan */
    }
    if (g->count == g->capacity) {
        size_t capacity = g->capacity == 0 ? 16 : g->capacity * 2;
        struct chunk_item *items = realloc(g->items, capacity * sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        g->items = items;
        g->capacity = capacity;
    }
    struct chunk_item *item = &g->items[g->count];
    *item = (struct chunk_item){
        .id = row->id,
        .at = g->bytes.size,
        .header_size = (uint32_t)row->entry.header.size,
        .blob_size = (uint32_t)row->entry.blob.size,
        .has_blob = true,
    };
    memcpy(item->signature, row->entry.signature, sizeof item->signature);
    VL_TRY(vl_buffer_append(&g->bytes, row->entry.header.data, row->entry.header.size));
    VL_TRY(vl_buffer_append(&g->bytes, row->entry.blob.data, row->entry.blob.size));
    g->size += size;
    g->count++;
    return VL_OK;
}

static vl_result write_gathered(struct proof_source *source, struct vl_replica *replica,
                                const struct gathered *g, struct vl_buffer *out)
{
    struct proof_item *items = calloc(g->count + 1, sizeof *items);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = VL_OK;
    for (size_t i = 0; i < g->count; i++) {
        const struct chunk_item *item = &g->items[i];
        struct vl_device_info author;
        result = vl_replica_author(replica, &item->id, &author);
        /* A key that was never enrolled still has its author's name in `author`. */
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) goto out;
        memcpy(items[i].author, author.card.sign, sizeof items[i].author);
        memcpy(items[i].entry.signature, item->signature, sizeof item->signature);
        items[i].entry.header = vl_bytes(g->bytes.data + item->at, item->header_size);
        items[i].entry.blob =
            vl_bytes(g->bytes.data + item->at + item->header_size, item->blob_size);

        struct vl_entry_header header;
        result = vl_entry_header_decode(items[i].entry.header, &header);
        if (result != VL_OK) goto out;
        result = source_told(source, &header, &item->id);
        if (result != VL_OK) goto out;
    }
    result = message_proof_write(items, g->count, !g->more, out);
out:
    free(items);
    return result;
}

vl_result proof_source_next(struct proof_source *source, struct vl_replica *replica, bool *last,
                            struct vl_buffer *out)
{
    struct gathered g = {0};
    vl_result result = vl_replica_control_since(replica, source->known, source->count, gather, &g);
    assert((result == VL_ERR_EXISTS) == g.more);
    if (g.more) result = VL_OK;
    if (result == VL_OK) result = write_gathered(source, replica, &g, out);
    *last = !g.more;
    free(g.items);
    vl_buffer_finish(&g.bytes);
    return result;
}
