/* Opening a replica, its memory, and the transactions that keep memory and storage alike. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

vl_result replica_grow(void **items, size_t size, size_t count, size_t *capacity)
{
    if (*items != NULL && count < *capacity) return VL_OK;
    size_t larger = *capacity < 8 ? 8 : *capacity * 2;
    void *grown = realloc(*items, larger * size);
    if (grown == NULL) return VL_ERR_NO_MEMORY;
    *items = grown;
    *capacity = larger;
    return VL_OK;
}

/* ---- memory ---- */

static void replica_forget(struct vl_replica *r)
{
    chain_clear(r);
    past_cache_clear(&r->pasts);
    member_clear(r);
    epoch_clear(r);
    cells_clear(r->cells);
    r->unmerged = r->recount = r->rebuild = false;
    r->stale = true;
}

static vl_result load_chain(void *context, const struct vl_log_row *row)
{
    struct vl_replica *r = context;
    if (row->index != r->chain_count || row->parent > row->index) return VL_ERR_DAMAGED;
    const uint8_t *key = r->keys->card.sign;
    bool is_mine = memcmp(row->sign_key, key, sizeof row->sign_key) == 0;
    if ((row->flags & VL_LOG_OWN) != 0 && !is_mine) return VL_ERR_DAMAGED; /* I would write in it */
    return rows_result(chain_add(r, row));
}

static vl_result load_control(struct vl_replica *r, const struct vl_entry_row *row)
{
    struct vl_entry_header header;
    struct vl_control control = {0};
    if (row->chain >= r->chain_count) return VL_ERR_DAMAGED;
    VL_TRY(rows_result(vl_entry_header_decode(row->entry.header, &header)));
    VL_TRY(rows_result(vl_control_decode(row->entry.blob, &control)));
    struct control_entry entry = {.id = &row->id,
                                  .header = &header,
                                  .control = &control,
                                  .author = r->chains[row->chain].row.sign_key};
    vl_result result = rows_result(member_learn(r, &entry));
    if (row->seq >= r->chains[row->chain].control) r->chains[row->chain].control = row->seq + 1;
    vl_control_finish(&control);
    return result;
}

static vl_result replica_load(struct vl_replica *r)
{
    struct rows rows = {0};
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    vl_result result = vl_membership_create(&r->membership);
    if (result == VL_OK) result = r->storage.log_scan(r->storage.self, load_chain, r);
    while (result == VL_OK) {
        result = rows_next(r, &scan, &rows);
        if (result != VL_OK || rows.count == 0) break;
        for (size_t i = 0; result == VL_OK && i < rows.count; i++)
            result = load_control(r, &rows.items[i]);
    }
    rows_finish(&rows);
    if (result == VL_OK) result = bare_load(r);
    if (result == VL_OK) result = count_load(r);
    if (result != VL_OK) {
        replica_forget(r);
        return result;
    }
    r->unmerged = true;
    r->stale = false;
    return VL_OK;
}

vl_result replica_ready(struct vl_replica *r)
{
    assert(!r->writing);
    if (r->stale) VL_TRY(replica_load(r));
    return VL_OK;
}

/* ---- transactions ---- */

vl_result replica_begin(struct vl_replica *r)
{
    assert(!r->writing && !r->stale);
    VL_TRY(r->storage.begin(r->storage.self));
    r->writing = true;
    return VL_OK;
}

void replica_abort(struct vl_replica *r)
{
    if (r->writing) r->storage.rollback(r->storage.self);
    r->writing = false;
    replica_forget(r);
    if (replica_load(r) != VL_OK) replica_forget(r); /* loaded by the next call's replica_ready */
}

void replica_cancel(struct vl_replica *r)
{
    assert(r->writing);
    r->storage.rollback(r->storage.self);
    r->writing = false;
    cells_clear(r->cells);
}

vl_result replica_commit(struct vl_replica *r)
{
    assert(r->writing);
    vl_result result = erase_settle(r);
    if (result == VL_OK) result = count_settle(r);
    if (result == VL_OK && r->rebuild) result = merge_rebuild(r);
    if (result == VL_OK) result = cells_flush(r);
    r->rebuild = false;
    for (size_t i = 0; result == VL_OK && i < r->chain_count; i++) {
        if (!r->chains[i].dirty) continue;
        result = r->storage.log_put(r->storage.self, &r->chains[i].row);
        r->chains[i].dirty = false;
    }
    if (result == VL_OK) {
        r->writing = false; /* a commit that fails has rolled back by itself */
        result = r->storage.commit(r->storage.self);
    }
    if (result != VL_OK) {
        replica_abort(r);
        return result;
    }
    r->generation++;
    return VL_OK;
}

/* ---- life ---- */

vl_result vl_replica_open(struct vl_replica **out, const struct vl_id *circle,
                          const struct vl_device_keys *keys, const struct vl_storage *storage)
{
    *out = NULL;
    struct vl_replica *r = calloc(1, sizeof *r);
    if (r == NULL) return VL_ERR_NO_MEMORY;
    r->circle = *circle;
    r->keys = keys;
    r->storage = *storage;
    r->stale = true;
    vl_result result = VL_ERR_NO_MEMORY;
    r->cells = calloc(1, sizeof *r->cells);
    if (r->cells == NULL) goto fail;
    result = replica_ready(r);
    if (result != VL_OK) goto fail;
    result = merge_pending(r);
    if (result != VL_OK) goto fail;
    *out = r;
    return VL_OK;
fail:
    vl_replica_close(r);
    return result;
}

void vl_replica_close(struct vl_replica *r)
{
    if (r == NULL) return;
    assert(!r->writing);
    if (r->cells != NULL) replica_forget(r);
    free(r->cells);
    vl_buffer_wipe(&r->body);
    vl_buffer_finish(&r->body);
    free(r);
}

const struct vl_id *vl_replica_circle(const struct vl_replica *r)
{
    return &r->circle;
}

const struct vl_device_keys *vl_replica_keys(const struct vl_replica *r)
{
    return r->keys;
}

uint64_t vl_replica_generation(const struct vl_replica *r)
{
    return r->generation;
}
