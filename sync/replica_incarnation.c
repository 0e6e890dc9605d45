/* Incarnations: the several logs of one device. A device that was restored or copied lacks entries
 * that its other self has sent, and would use their numbers again; so it begins a new log as soon
 * as anything says that its copy is not the newest. */
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

static bool is_mine(const struct vl_replica *r, const struct vl_log_row *row)
{
    return memcmp(row->sign_key, r->keys->card.sign, sizeof row->sign_key) == 0;
}

/* The chains for which `leave` says so are written no more; durable when it returns. */
static vl_result leave_chains(struct vl_replica *r, const bool *leave)
{
    bool any = false;
    for (size_t i = 0; i < r->chain_count; i++)
        any |= leave[i] && (r->chains[i].row.flags & VL_LOG_OWN) != 0;
    if (!any) return VL_OK;
    VL_TRY(replica_begin(r));
    for (size_t i = 0; i < r->chain_count; i++) {
        if (!leave[i]) continue;
        r->chains[i].row.flags &= ~VL_LOG_OWN;
        r->chains[i].dirty = true;
    }
    return replica_commit(r);
}

vl_result vl_replica_new_incarnation(struct vl_replica *r)
{
    VL_TRY(replica_ready(r));
    bool *leave = malloc(r->chain_count + 1);
    if (leave == NULL) return VL_ERR_NO_MEMORY;
    memset(leave, true, r->chain_count + 1);
    vl_result result = leave_chains(r, leave);
    free(leave);
    return result;
}

vl_result vl_replica_peer_heads(struct vl_replica *r, const struct vl_head *heads, size_t count)
{
    VL_TRY(replica_ready(r));
    bool *leave = calloc(r->chain_count + 1, sizeof *leave);
    if (leave == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct chain *chain = chain_find(r, &heads[i].log);
        if (chain == NULL || (chain->row.flags & VL_LOG_OWN) == 0) continue;
        const struct vl_log_row *row = &chain->row;
        if (heads[i].seq > row->tip_seq ||
            (heads[i].seq == row->tip_seq && !vl_id_equal(&heads[i].id, &row->tip)))
            leave[row->index] = true;
    }
    vl_result result = leave_chains(r, leave);
    free(leave);
    return result;
}

/* ---- which of them are written ---- */

struct incarnations {
    struct past **tips; /* references */
    const struct vl_log_row **rows;
    size_t count;
};

/* One log goes on from another when it has read it; the other has ended if it never read back. */
static bool has_ended(const struct incarnations *all, size_t at)
{
    for (size_t i = 0; i < all->count; i++)
        if (i != at && past_covers(all->tips[i], all->rows[at]->index, 0) &&
            !past_covers(all->tips[at], all->rows[i]->index, 0))
            return true;
    return false;
}

static vl_result collect(struct vl_replica *r, const uint8_t sign[static 32],
                         struct incarnations *all)
{
    all->tips = calloc(r->chain_count + 1, sizeof *all->tips);
    all->rows = calloc(r->chain_count + 1, sizeof *all->rows);
    if (all->tips == NULL || all->rows == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < r->chain_count; i++) {
        const struct vl_log_row *row = &r->chains[i].row;
        if (row->parent != row->index || memcmp(row->sign_key, sign, sizeof row->sign_key) != 0)
            continue;
        VL_TRY(replica_past_here(r, &row->tip, &all->tips[all->count]));
        all->rows[all->count++] = row;
    }
    return VL_OK;
}

vl_result vl_replica_incarnations(struct vl_replica *r, const uint8_t sign[static 32],
                                  struct vl_incarnation *out, size_t max, size_t *count)
{
    struct incarnations all = {0};
    *count = 0;
    VL_TRY(replica_ready(r));
    vl_result result = collect(r, sign, &all);
    for (size_t i = 0; result == VL_OK && i < all.count && i < max; i++) {
        const struct vl_log_row *row = all.rows[i];
        out[i] =
            (struct vl_incarnation){.log = row->log,
                                    .entries = row->tip_seq + 1,
                                    .is_own = is_mine(r, row) && (row->flags & VL_LOG_OWN) != 0,
                                    .is_forked = (row->flags & VL_LOG_FORKED) != 0,
                                    .has_ended = has_ended(&all, i)};
    }
    if (result == VL_OK) *count = all.count;
    for (size_t i = 0; i < all.count; i++)
        past_unref(all.tips[i]);
    free(all.tips);
    free(all.rows);
    return result;
}
