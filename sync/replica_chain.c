/* The chains: one row of memory for each log, and the heads that they make together. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Where `log` is in by_log, or would go. */
static size_t chain_place(const struct vl_replica *r, const struct vl_id *log, bool *found)
{
    size_t low = 0, high = r->chain_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = vl_id_compare(&r->chains[r->by_log[middle]].row.log, log);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct chain *chain_find(const struct vl_replica *r, const struct vl_id *log)
{
    bool found;
    size_t at = chain_place(r, log, &found);
    return found ? &r->chains[r->by_log[at]] : NULL;
}

struct chain *chain_own(const struct vl_replica *r)
{
    for (size_t i = r->chain_count; i-- > 0;)
        if ((r->chains[i].row.flags & (VL_LOG_OWN | VL_LOG_FORKED)) == VL_LOG_OWN)
            return &r->chains[i];
    return NULL;
}

vl_result chain_add(struct vl_replica *r, const struct vl_log_row *row)
{
    assert(row->index == r->chain_count);
    if (r->chain_count >= VL_HEADS_MAX) return VL_ERR_LIMIT;
    bool found;
    size_t at = chain_place(r, &row->log, &found);
    if (found) return VL_ERR_EXISTS;
    if (r->chain_count == r->chain_capacity) {
        size_t capacity = r->chain_capacity;
        VL_TRY(replica_grow((void **)&r->chains, sizeof *r->chains, r->chain_count, &capacity));
        capacity = r->chain_capacity;
        VL_TRY(replica_grow((void **)&r->by_log, sizeof *r->by_log, r->chain_count, &capacity));
        r->chain_capacity = capacity;
    }
    memmove(r->by_log + at + 1, r->by_log + at, (r->chain_count - at) * sizeof *r->by_log);
    r->by_log[at] = row->index;
    r->chains[r->chain_count++] = (struct chain){.row = *row};
    return VL_OK;
}

void chain_clear(struct vl_replica *r)
{
    free(r->chains);
    free(r->by_log);
    r->chains = NULL;
    r->by_log = NULL;
    r->chain_count = r->chain_capacity = 0;
}

/* ---- a chain grows ---- */

vl_result chain_advance(struct vl_replica *r, struct place *place, const struct past *past)
{
    place->row.tip_seq = past->seq;
    place->row.tip = past->id;
    place->row.tip_lamport = past->lamport;
    if (place->is_new) VL_TRY(chain_add(r, &place->row));
    place->is_new = false;
    r->chains[place->row.index].row = place->row;
    r->chains[place->row.index].dirty = true;
    return VL_OK;
}

vl_result put_entry(struct vl_replica *r, const struct vl_entry *entry, enum vl_entry_kind kind,
                    const struct past *past, uint32_t flags)
{
    struct vl_buffer notes = {0};
    vl_result result = past_encode(past, &notes);
    if (result == VL_OK) {
        struct vl_entry_row row = {.id = past->id,
                                   .chain = past->chain,
                                   .seq = past->seq,
                                   .lamport = past->lamport,
                                   .kind = kind,
                                   .flags = flags,
                                   .entry = *entry,
                                   .past = vl_buffer_view(&notes)};
        result = r->storage.entry_put(r->storage.self, &row);
    }
    vl_buffer_finish(&notes);
    return result;
}

/* ---- heads ---- */

vl_result vl_replica_heads(const struct vl_replica *r, struct vl_head *out, size_t max,
                           size_t *count)
{
    *count = 0;
    if (r->stale) return VL_ERR_STORAGE;
    for (size_t i = 0; i < r->chain_count && i < max; i++) {
        const struct vl_log_row *row = &r->chains[r->by_log[i]].row;
        out[i] = (struct vl_head){.log = row->log, .seq = row->tip_seq, .id = row->tip};
    }
    *count = r->chain_count;
    return VL_OK;
}

/* heads digest = BLAKE2b(HEADS, for each head in order: 32 log, u64 seq, 32 id) */
void vl_replica_heads_digest(const struct vl_replica *r, struct vl_id *out)
{
    const char *domain = vl_domain_text(VL_DOMAIN_HEADS);
    crypto_generichash_state state;
    *out = (struct vl_id){0};
    if (r->stale) return;
    crypto_generichash_init(&state, NULL, 0, sizeof out->bytes);
    crypto_generichash_update(&state, (const uint8_t *)domain, strlen(domain) + 1);
    for (size_t i = 0; i < r->chain_count; i++) {
        const struct vl_log_row *row = &r->chains[r->by_log[i]].row;
        uint8_t seq[8];
        for (unsigned byte = 0; byte < 8; byte++)
            seq[byte] = (uint8_t)(row->tip_seq >> (8 * byte));
        crypto_generichash_update(&state, row->log.bytes, sizeof row->log.bytes);
        crypto_generichash_update(&state, seq, sizeof seq);
        crypto_generichash_update(&state, row->tip.bytes, sizeof row->tip.bytes);
        /* not the same as the log with all its blobs */
        if (r->chains[r->by_log[i]].bare > 0)
            crypto_generichash_update(&state, (const uint8_t *)"bare", 4);
    }
    crypto_generichash_final(&state, out->bytes, sizeof out->bytes);
}
