/* Closed logs as sessions speak of them, and the heads that a peer is asked by. */
#include "sync/branches.h"
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

uint64_t closed_generation(const struct vl_replica *r)
{
    return r->closings;
}

size_t closed_chains(const struct vl_replica *r, struct closed_chain *out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; r->closed_count > 0 && i < r->log_count; i++) {
        const struct chain *chain = &r->chains[r->by_log[i]];
        const struct vl_log_row *row = &chain->row;
        if (!row_is_closed(row)) continue;
        if (count < max)
            out[count] = (struct closed_chain){.chain = row->index,
                                               .parent = row->parent,
                                               .serial = chain->serial,
                                               .log = row->log,
                                               .person = row->person,
                                               .first_seq = row->first_seq,
                                               .tip_seq = row->tip_seq,
                                               .live = chain->live,
                                               .kept = row->kept,
                                               .whole = bare_whole(r, chain),
                                               .is_crowded = (row->flags & VL_LOG_CROWDED) != 0,
                                               .is_single = chain_leaves(r, &row->log, 2) < 2};
        count++;
    }
    return count;
}

vl_result closed_place(struct vl_replica *r, const struct vl_id *id, uint32_t *chain, uint64_t *seq)
{
    VL_TRY(replica_ready(r));
    return branch_place(r, id, chain, seq);
}

vl_result closed_id(struct vl_replica *r, uint32_t chain, uint64_t seq, struct vl_id *id)
{
    VL_TRY(replica_ready(r));
    return rows_id(r, chain, seq, id);
}

vl_result closed_past(struct vl_replica *r, uint32_t chain, uint64_t seq,
                      const struct closed_chain *chains, size_t count, uint64_t *out)
{
    struct vl_id id;
    struct past *past = NULL;
    VL_TRY(replica_ready(r));
    VL_TRY(rows_id(r, chain, seq, &id));
    VL_TRY(replica_past_here(r, &id, &past));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < past->count; k++) {
            if (past->vector[k].chain != chains[i].chain || past->vector[k].seq < out[i]) continue;
            out[i] = past->vector[k].seq + 1;
        }
    }
    past_unref(past);
    return VL_OK;
}

vl_result closed_reach(struct vl_replica *r, const struct closed_chain *chains, size_t count,
                       uint64_t *out)
{
    VL_TRY(replica_ready(r));
    uint64_t *reached = calloc(r->chain_count + 1, sizeof *reached);
    if (reached == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = reach_all_control(r, reached);
    for (size_t i = 0; result == VL_OK && i < count; i++)
        out[i] = chains[i].chain < r->chain_count ? reached[chains[i].chain] : 0;
    free(reached);
    return result;
}

/* ---- the heads that a peer is asked by ---- */

#define LADDER_MAX 40u /* numbers are below 2^32 in every storage */

struct asked {
    struct vl_replica *replica;
    struct vl_head *items;
    size_t count, capacity;
};

static vl_result ask(struct asked *a, const struct vl_log_row *row, uint64_t seq)
{
    if (a->count == a->capacity) return VL_OK;
    struct vl_head *head = &a->items[a->count];
    *head = (struct vl_head){.log = row->log, .seq = seq, .id = row->tip};
    if (seq != row->tip_seq) VL_TRY(rows_id(a->replica, row->index, seq, &head->id));
    a->count++;
    return VL_OK;
}

/* Of a closed log whoever has another branch looks for where the two part: entries at doubling
 * distances from the end, and the one that the chain branches from. */
static vl_result ask_ladder(struct asked *a, const struct chain *chain)
{
    const struct vl_log_row *row = &chain->row;
    const uint64_t here = bare_whole(a->replica, chain) - row->first_seq;
    for (uint64_t back = 1; back < here; back *= 2)
        VL_TRY(ask(a, row, row->first_seq + here - 1 - back));
    const struct chain *parent = &a->replica->chains[row->parent];
    if (parent == chain || bare_whole(a->replica, parent) < row->first_seq) return VL_OK;
    return ask(a, &parent->row, row->first_seq - 1);
}

static int head_order(const void *a, const void *b)
{
    const struct vl_head *x = a, *y = b;
    int order = vl_id_compare(&x->log, &y->log);
    if (order != 0) return order;
    if (x->seq != y->seq) return x->seq < y->seq ? -1 : 1;
    return vl_id_compare(&x->id, &y->id);
}

static size_t sorted_once(struct vl_head *items, size_t count)
{
    size_t kept = 0;
    qsort(items, count, sizeof *items, head_order);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || head_order(&items[kept - 1], &items[i]) != 0) items[kept++] = items[i];
    return kept;
}

vl_result vl_replica_asked_heads(struct vl_replica *r, struct vl_head *out, size_t max,
                                 size_t *count)
{
    *count = 0;
    VL_TRY(replica_ready(r));
    struct asked a = {.replica = r, .capacity = r->log_count + LADDER_MAX * r->closed_count};
    if (a.capacity > VL_HEADS_MAX) a.capacity = VL_HEADS_MAX;
    a.items = calloc(a.capacity + 1, sizeof *a.items);
    vl_result result = a.items == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    for (size_t i = 0; result == VL_OK && i < r->log_count; i++) {
        const struct chain *chain = &r->chains[r->by_log[i]];
        const uint64_t end = bare_whole(r, chain);
        if (end > chain->row.first_seq) result = ask(&a, &chain->row, end - 1);
    }
    for (size_t i = 0; result == VL_OK && r->closed_count > 0 && i < r->log_count; i++) {
        const struct chain *chain = &r->chains[r->by_log[i]];
        if (row_is_closed(&chain->row)) result = ask_ladder(&a, chain);
    }
    if (result == VL_OK) {
        *count = sorted_once(a.items, a.count);
        memcpy(out, a.items, (*count < max ? *count : max) * sizeof *out);
    }
    free(a.items);
    return result;
}
