/* How far the pasts of the control entries reach into each log. */
#include "sync/replica_internal.h"

#include <stdlib.h>
#include <string.h>

static int head_order(const void *a, const void *b)
{
    const struct vl_head *x = a;
    const struct vl_head *y = b;
    int order = vl_id_compare(&x->log, &y->log);
    if (order != 0) return order;
    if (x->seq != y->seq) return x->seq < y->seq ? 1 : -1; /* the highest first */
    return vl_id_compare(&x->id, &y->id);
}

/* `reached[c]` becomes 1 + the highest number of chain c in the past of the entry. */
static vl_result reach_from(struct vl_replica *r, const struct vl_id *id, uint64_t *reached)
{
    struct past *past = NULL;
    VL_TRY(replica_past_here(r, id, &past));
    for (size_t i = 0; i < past->count; i++) {
        const struct past_item *item = &past->vector[i];
        if (reached[item->chain] < item->seq + 1) reached[item->chain] = item->seq + 1;
    }
    past_unref(past);
    return VL_OK;
}

vl_result reach_all_control(struct vl_replica *r, uint64_t *reached)
{
    size_t count = vl_membership_frontier(r->membership, NULL, 0);
    struct vl_bytes *names = calloc(count + 1, sizeof *names);
    struct vl_id *ids = calloc(count + 1, sizeof *ids);
    vl_result result = names == NULL || ids == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    if (result == VL_OK) (void)vl_membership_frontier(r->membership, names, count);
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        if (names[i].size != sizeof ids[i].bytes) result = VL_ERR_INTERNAL;
        if (result == VL_OK) memcpy(ids[i].bytes, names[i].data, names[i].size);
    }
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        result = reach_from(r, &ids[i], reached);
    }
    free(names);
    free(ids);
    return result;
}

struct reach_tip {
    uint64_t seq;
    struct vl_id id;
};

static vl_result tip_visit(void *context, const struct vl_entry_row *row)
{
    struct reach_tip *tip = context;
    tip->seq = row->seq;
    tip->id = row->id;
    return VL_OK;
}

static vl_result fill(struct vl_replica *r, const uint64_t *reached, struct vl_head *heads,
                      size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < r->chain_count; i++) {
        if (reached[i] == 0) continue;
        const struct vl_log_row *row = &r->chains[i].row;
        struct reach_tip tip = {.seq = UINT64_MAX};
        VL_TRY(r->storage.entry_range(r->storage.self, row->index, reached[i] - 1, 1, tip_visit,
                                      &tip));
        if (tip.seq != reached[i] - 1) return VL_ERR_DAMAGED;
        heads[(*count)++] = (struct vl_head){.log = row->log, .seq = tip.seq, .id = tip.id};
    }
    return VL_OK;
}

vl_result vl_replica_control_reach(struct vl_replica *r, struct vl_head *out, size_t max,
                                   size_t *count)
{
    *count = 0;
    VL_TRY(replica_ready(r));
    size_t found = 0;
    uint64_t *reached = calloc(r->chain_count + 1, sizeof *reached);
    struct vl_head *heads = calloc(r->chain_count + 1, sizeof *heads);
    vl_result result = reached == NULL || heads == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    if (result == VL_OK) result = reach_all_control(r, reached);
    if (result == VL_OK) result = fill(r, reached, heads, &found);
    if (result == VL_OK) qsort(heads, found, sizeof *heads, head_order);
    for (size_t i = 0; i < found && result == VL_OK; i++) {
        if (i > 0 && vl_id_equal(&heads[i].log, &heads[i - 1].log)) continue; /* a branch */
        if (*count < max) out[*count] = heads[i];
        (*count)++;
    }
    free(reached);
    free(heads);
    return result;
}
