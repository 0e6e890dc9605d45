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

/* A closed log is not written any more; it stays mine until the next one goes on from it. */
vl_result vl_replica_new_incarnation(struct vl_replica *r)
{
    VL_TRY(replica_ready(r));
    if (chain_own(r) == NULL) return VL_OK;
    VL_TRY(replica_begin(r));
    for (struct chain *own; (own = chain_own(r)) != NULL; own->dirty = true)
        own->row.flags &= ~VL_LOG_OWN;
    return replica_commit(r);
}

/* A claim costs whoever makes it nothing, and me a log; entries of mine that arrive are proof. So
 * claims alone use up no more than a part of the share. */
vl_result vl_replica_peer_heads(struct vl_replica *r, const struct vl_head *heads, size_t count)
{
    VL_TRY(replica_ready(r));
    const struct chain *own = chain_own(r);
    if (own == NULL || vl_replica_share(r, &own->row.person) >= VL_CLAIMED_MAX) return VL_OK;
    const struct vl_log_row *row = &own->row;
    for (size_t i = 0; i < count; i++) {
        if (!vl_id_equal(&heads[i].log, &row->log) || heads[i].seq < row->tip_seq) continue;
        if (heads[i].seq > row->tip_seq || !vl_id_equal(&heads[i].id, &row->tip))
            return vl_replica_new_incarnation(r);
    }
    return VL_OK;
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
                                    .is_forked = row_is_closed(row),
                                    .has_ended = has_ended(&all, i)};
    }
    if (result == VL_OK) *count = all.count;
    for (size_t i = 0; i < all.count; i++)
        past_unref(all.tips[i]);
    free(all.tips);
    free(all.rows);
    return result;
}
