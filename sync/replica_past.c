/* The past of an entry, as vectors of local chain numbers: it answers "is a in the past of b"
 * without walking. Kept in the entry's row, and a few recent ones in memory. */
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

struct past *past_create(size_t control_count, size_t count, size_t content_count)
{
    size_t size = sizeof(struct past) + (count + content_count) * sizeof(struct past_item) +
                  control_count * sizeof(struct vl_id);
    struct past *past = calloc(1, size);
    if (past == NULL) return NULL;
    past->references = 1;
    past->count = count;
    past->vector = (struct past_item *)(past + 1);
    past->control_count = control_count;
    past->content_count = content_count;
    past->content = past->vector + count;
    past->controls = (struct vl_id *)(past->content + content_count);
    return past;
}

struct past *past_ref(struct past *past)
{
    past->references++;
    return past;
}

void past_unref(struct past *past)
{
    if (past != NULL && --past->references == 0) free(past);
}

static bool vector_covers(const struct past_item *vector, size_t count, uint32_t chain,
                          uint64_t seq)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vector[middle].chain == chain) return vector[middle].seq >= seq;
        if (vector[middle].chain < chain)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool past_covers(const struct past *past, uint32_t chain, uint64_t seq)
{
    return vector_covers(past->vector, past->count, chain, seq);
}

bool past_reaches_content(const struct past *past, uint32_t chain, uint64_t seq)
{
    return vector_covers(past->content, past->content_count, chain, seq);
}

/* past = varint count, then each, sorted by chain: varint chain, varint seq, varint behind: seq + 1
 * less the number plus one in the content vector (0 there when the chain is not in it) */
vl_result past_encode(const struct past *past, struct vl_buffer *out)
{
    struct vl_writer w = vl_writer(out, SIZE_MAX);
    size_t content = 0;
    vl_write_varint(&w, past->count);
    for (size_t i = 0; i < past->count; i++) {
        const struct past_item *item = &past->vector[i];
        uint64_t behind = item->seq + 1;
        if (content < past->content_count && past->content[content].chain == item->chain)
            behind -= past->content[content++].seq + 1;
        vl_write_varint(&w, item->chain);
        vl_write_varint(&w, item->seq);
        vl_write_varint(&w, behind);
    }
    return vl_writer_result(&w);
}

/* Reads the vectors into a past that has room for both to be of that length. */
static bool read_vectors(struct vl_reader *reader, struct past *past)
{
    bool sorted = true;
    past->content_count = 0;
    for (size_t i = 0; i < past->count; i++) {
        struct past_item *item = &past->vector[i];
        item->chain = (uint32_t)vl_read_varint(reader, UINT32_MAX);
        item->seq = vl_read_varint(reader, UINT64_MAX - 1);
        uint64_t behind = vl_read_varint(reader, item->seq + 1);
        if (i > 0 && past->vector[i - 1].chain >= item->chain) sorted = false;
        if (behind == item->seq + 1) continue;
        past->content[past->content_count++] =
            (struct past_item){.chain = item->chain, .seq = item->seq - behind};
    }
    return sorted;
}

static vl_result past_from_row(const struct vl_entry_row *row, struct past **out)
{
    struct vl_entry_header header;
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    struct vl_reader reader = vl_reader(row->past);
    size_t count = (size_t)vl_read_varint(&reader, VL_HEADS_MAX);
    bool control = header.kind == VL_ENTRY_CONTROL;
    struct past *past = past_create(control ? 1 : header.auth_count, count, count);
    if (past == NULL) return VL_ERR_NO_MEMORY;
    past->is_control = control;
    past->id = row->id;
    past->chain = row->chain;
    past->seq = row->seq;
    past->lamport = row->lamport;
    if (control)
        past->controls[0] = row->id;
    else
        memcpy(past->controls, header.auth, header.auth_count * sizeof header.auth[0]);
    bool sorted = read_vectors(&reader, past);
    if (vl_reader_end(&reader) != VL_OK || !sorted || !past_covers(past, row->chain, row->seq)) {
        past_unref(past);
        return VL_ERR_DAMAGED;
    }
    *out = past;
    return VL_OK;
}

/* ---- cache: direct-mapped by id; forgets everything when it holds too many bytes ---- */

static size_t cache_slot(const struct vl_id *id)
{
    uint32_t hash;
    memcpy(&hash, id->bytes, sizeof hash);
    return hash % PAST_CACHE_SLOTS;
}

static size_t past_bytes(const struct past *past)
{
    return sizeof *past + (past->count + past->content_count) * sizeof past->vector[0] +
           past->control_count * sizeof past->controls[0];
}

void past_cache_clear(struct past_cache *cache)
{
    for (size_t i = 0; i < PAST_CACHE_SLOTS; i++) {
        past_unref(cache->slots[i]);
        cache->slots[i] = NULL;
    }
    cache->bytes = 0;
}

void past_cache_put(struct past_cache *cache, struct past *past)
{
    if (cache->bytes + past_bytes(past) > PAST_CACHE_BYTES) past_cache_clear(cache);
    struct past **slot = &cache->slots[cache_slot(&past->id)];
    if (*slot != NULL) cache->bytes -= past_bytes(*slot);
    past_unref(*slot);
    *slot = past_ref(past);
    cache->bytes += past_bytes(past);
}

struct asked {
    const struct vl_replica *replica;
    const struct vl_id *id;
    struct past *past;
};

/* Chains are looked up by the numbers in here. */
static bool chains_known(const struct vl_replica *r, const struct past *past)
{
    return past->vector[past->count - 1].chain < r->chain_count;
}

static vl_result past_visit(void *context, const struct vl_entry_row *row)
{
    struct asked *asked = context;
    VL_TRY(past_from_row(row, &asked->past));
    bool good = vl_id_equal(&row->id, asked->id) && chains_known(asked->replica, asked->past);
    return good ? VL_OK : VL_ERR_DAMAGED;
}

vl_result replica_past(struct vl_replica *r, const struct vl_id *id, struct past **out)
{
    *out = NULL;
    struct past *cached = r->pasts.slots[cache_slot(id)];
    if (cached != NULL && vl_id_equal(&cached->id, id)) {
        *out = past_ref(cached);
        return VL_OK;
    }
    struct asked asked = {.replica = r, .id = id};
    vl_result result = r->storage.entry_get(r->storage.self, id, past_visit, &asked);
    if (result == VL_ERR_NOT_FOUND) return VL_ERR_MISSING;
    if (result != VL_OK) {
        past_unref(asked.past);
        return result;
    }
    past_cache_put(&r->pasts, asked.past);
    *out = asked.past;
    return VL_OK;
}

vl_result replica_past_here(struct vl_replica *r, const struct vl_id *id, struct past **out)
{
    vl_result result = replica_past(r, id, out);
    return result == VL_ERR_MISSING ? VL_ERR_DAMAGED : result;
}
