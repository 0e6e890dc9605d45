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
    free(r->remakes);
    r->remakes = NULL;
    r->remake_count = r->remake_capacity = 0;
    r->unmerged = r->recount = r->rebuild = r->relearn = r->relive = false;
    r->stale = true;
}

static vl_result load_chain(void *context, const struct vl_log_row *row)
{
    struct vl_replica *r = context;
    /* a branch may have taken the place of a dropped chain that stood before its parent */
    if (row->index != r->chain_count) return VL_ERR_DAMAGED;
    const uint8_t *key = r->keys->card.sign;
    bool is_mine = memcmp(row->sign_key, key, sizeof row->sign_key) == 0;
    if ((row->flags & VL_LOG_OWN) != 0 && !is_mine) return VL_ERR_DAMAGED; /* I would write in it */
    return rows_result(chain_add(r, row));
}

static vl_result check_parents(const struct vl_replica *r)
{
    for (size_t i = 0; i < r->chain_count; i++) {
        const struct vl_log_row *row = &r->chains[i].row;
        if (row_is_empty(row) || row->parent == row->index) continue;
        if (row->parent >= r->chain_count || row->first_seq == 0) return VL_ERR_DAMAGED;
        const struct vl_log_row *parent = &r->chains[row->parent].row;
        if (row_is_empty(parent) || !vl_id_equal(&parent->log, &row->log) ||
            parent->tip_seq + 1 < row->first_seq)
            return VL_ERR_DAMAGED;
    }
    return VL_OK;
}

static vl_result replica_load(struct vl_replica *r)
{
    vl_result result = vl_membership_create(&r->membership);
    if (result == VL_OK) result = r->storage.log_scan(r->storage.self, load_chain, r);
    if (result == VL_OK) result = check_parents(r);
    if (result == VL_OK) result = live_compute(r);
    if (result == VL_OK) result = live_learn(r);
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
    vl_result result = live_settle(r);
    if (result == VL_OK) result = erase_settle(r);
    if (result == VL_OK) result = count_settle(r);
    if (result == VL_OK) result = merge_settle(r);
    if (result == VL_OK) result = cells_flush(r);
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
                          const struct vl_device_keys *keys, const struct vl_storage *storage,
                          vl_may_write may_write)
{
    *out = NULL;
    struct vl_replica *r = calloc(1, sizeof *r);
    if (r == NULL) return VL_ERR_NO_MEMORY;
    r->circle = *circle;
    r->keys = keys;
    r->storage = *storage;
    r->may_write = may_write;
    r->stale = true;
    vl_result result = VL_ERR_NO_MEMORY;
    r->cells = calloc(1, sizeof *r->cells);
    if (r->cells == NULL) goto fail;
    result = replica_ready(r);
    if (result == VL_OK) result = branch_sweep(r);
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
