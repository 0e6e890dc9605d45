/* What is live: the entries of open logs, and all that is in their past (L1 to L3 in
 * replica_internal.h). A log is closed by what is known of it, and all honest nodes come to know
 * the same; so what of closed logs has an effect must not depend on who heard of what first, only
 * on what open logs cite. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The log that this device wrote stands for itself after it was closed, until its next log has it
 * in its past: else a device whose only log was forked would know of no circle to go on in. */
bool live_is_source(const struct vl_log_row *row)
{
    if (row_is_empty(row)) return false;
    return !row_is_closed(row) || (row->flags & VL_LOG_OWN) != 0;
}

static vl_result reach_from(struct vl_replica *r, const struct vl_id *id, uint64_t *reached)
{
    struct past *past = NULL;
    VL_TRY(replica_past_here(r, id, &past));
    for (size_t i = 0; i < past->count; i++) {
        const struct past_item *item = &past->vector[i];
        if (reached[item->chain] <= item->seq) reached[item->chain] = item->seq + 1;
    }
    past_unref(past);
    return VL_OK;
}

/* How far each chain is reached from the tips of sources. */
static vl_result reach_live(struct vl_replica *r, uint64_t *reached)
{
    memset(reached, 0, r->chain_count * sizeof *reached);
    for (uint32_t i = 0; i < r->chain_count; i++) {
        const struct chain *chain = &r->chains[i];
        if (!live_is_source(&chain->row)) continue;
        if (r->closed_count == 0)
            reached[i] = chain->row.tip_seq + 1;
        else
            VL_TRY(reach_from(r, &chain->row.tip, reached));
        if (reached[i] != chain->row.tip_seq + 1) return VL_ERR_DAMAGED;
    }
    return VL_OK;
}

static vl_result reach_kept(struct vl_replica *r, const struct chain *chain, uint64_t *reached)
{
    struct vl_id id = chain->row.tip;
    if (chain->row.kept <= chain->row.first_seq) return VL_OK;
    if (chain->row.kept <= chain->row.tip_seq)
        VL_TRY(rows_id(r, chain->row.index, chain->row.kept - 1, &id));
    return reach_from(r, &id, reached);
}

/* L4: from where a chain would end to its next well signed entry. */
static vl_result reach_signed(struct vl_replica *r, uint32_t index, uint64_t *reached,
                              bool *changed)
{
    const struct vl_log_row *row = &r->chains[index].row;
    uint64_t end;
    struct vl_id id;
    if (row_is_empty(row) || reached[index] <= row->first_seq || reached[index] > row->tip_seq)
        return VL_OK;
    VL_TRY(replica_signed_end(r, index, reached[index] - 1, &end));
    if (end == reached[index]) return VL_OK;
    *changed = true;
    VL_TRY(rows_id(r, index, end - 1, &id));
    return reach_from(r, &id, reached);
}

vl_result live_once(struct vl_replica *r, uint64_t *out)
{
    VL_TRY(reach_live(r, out));
    for (uint32_t i = 0; i < r->chain_count; i++)
        if (!row_is_empty(&r->chains[i].row)) VL_TRY(reach_kept(r, &r->chains[i], out));
    return VL_OK;
}

vl_result live_kept(struct vl_replica *r, uint64_t *out)
{
    VL_TRY(live_once(r, out));
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < r->chain_count; i++)
            VL_TRY(reach_signed(r, i, out, &changed));
    }
    return VL_OK;
}

vl_result live_compute(struct vl_replica *r)
{
    uint64_t *reached = calloc(r->chain_count + 1, sizeof *reached);
    if (reached == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = reach_live(r, reached);
    for (size_t i = 0; result == VL_OK && i < r->chain_count; i++)
        r->chains[i].live = reached[i];
    free(reached);
    return result;
}

/* ---- while entries come ---- */

void live_stored(struct vl_replica *r, const struct past *past)
{
    struct chain *chain = &r->chains[past->chain];
    if (!live_is_source(&chain->row)) return;
    chain->live = past->seq + 1;
    for (size_t i = 0; r->closed_count > 0 && i < past->count; i++) {
        struct chain *other = &r->chains[past->vector[i].chain];
        if (other->live > past->vector[i].seq) continue;
        if (other->control > other->live) r->relearn = true;
        r->recount = true;
        other->live = past->vector[i].seq + 1;
    }
}

/* ---- before a commit ---- */

static vl_result learn_row(struct vl_replica *r, const struct vl_entry_row *row,
                           const uint64_t *once)
{
    struct vl_entry_header header;
    struct vl_control control = {0};
    if (row->chain >= r->chain_count) return VL_ERR_DAMAGED;
    VL_TRY(rows_result(vl_entry_header_decode(row->entry.header, &header)));
    VL_TRY(rows_result(vl_control_decode(row->entry.blob, &control)));
    struct chain *chain = &r->chains[row->chain];
    struct control_entry entry = {.id = &row->id,
                                  .header = &header,
                                  .control = &control,
                                  .author = chain->row.sign_key,
                                  .is_outside = row->seq >= chain->live,
                                  .was_live = row->seq < once[row->chain]};
    vl_result result = rows_result(member_learn(r, &entry));
    if (row->seq >= chain->control) chain->control = row->seq + 1;
    vl_control_finish(&control);
    return result;
}

vl_result live_learn(struct vl_replica *r)
{
    struct rows rows = {0};
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    uint64_t *once = calloc(r->chain_count + 1, sizeof *once);
    if (once == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = r->closed_count > 0 ? live_once(r, once) : VL_OK;
    for (size_t i = 0; i < r->chain_count; i++)
        r->chains[i].control = 0;
    while (result == VL_OK) {
        result = rows_next(r, &scan, &rows);
        if (result != VL_OK || rows.count == 0) break;
        for (size_t i = 0; result == VL_OK && i < rows.count; i++)
            result = learn_row(r, &rows.items[i], once);
    }
    rows_finish(&rows);
    free(once);
    return result;
}

static vl_result learn_anew(struct vl_replica *r)
{
    member_clear(r);
    epoch_clear(r);
    VL_TRY(vl_membership_create(&r->membership));
    return live_learn(r);
}

bool live_is_cited_next(const struct chain *chain)
{
    const uint32_t wanted = VL_LOG_FORKED | VL_LOG_FIRST;
    const uint32_t flags = chain->row.flags & (wanted | VL_LOG_CROWDED);
    return flags == wanted && chain->is_person && chain->row.kept > chain->row.first_seq;
}

/* As if the own log had all that it links to next in its past. */
static vl_result cite(struct vl_replica *r)
{
    uint64_t *reached = calloc(r->chain_count + 1, sizeof *reached);
    if (reached == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = reach_live(r, reached);
    for (uint32_t i = 0; result == VL_OK && i < r->chain_count; i++)
        if (live_is_cited_next(&r->chains[i])) result = reach_kept(r, &r->chains[i], reached);
    for (uint32_t i = 0; result == VL_OK && i < r->chain_count; i++)
        r->chains[i].live = reached[i];
    free(reached);
    r->relive = true; /* what the entry does link to decides, at the commit */
    return result == VL_OK ? learn_anew(r) : result;
}

/* Whether control entries may be live by it that are not yet. */
static vl_result brings_control(struct vl_replica *r, const struct chain *chain, bool *brings)
{
    uint64_t *reached = calloc(r->chain_count + 1, sizeof *reached);
    if (reached == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = reach_kept(r, chain, reached);
    *brings = false;
    for (uint32_t i = 0; i < r->chain_count; i++)
        *brings |= r->chains[i].control > r->chains[i].live && reached[i] > r->chains[i].live;
    free(reached);
    return result;
}

/* Cites this one too, if this device is a current one with it. */
static vl_result cite_one(struct vl_replica *r, struct chain *chain)
{
    bool brings;
    VL_TRY(brings_control(r, chain, &brings));
    chain->row.flags |= VL_LOG_FIRST;
    if (brings) VL_TRY(cite(r));
    if (member_is_current(r, r->keys->card.sign)) return VL_OK;
    chain->row.flags &= ~VL_LOG_FIRST;
    return brings ? cite(r) : VL_OK;
}

/* Those that leave this device in, tried one after the other; twice, for one of them may be what
 * makes it a current device. All, if none does. */
static vl_result cite_some(struct vl_replica *r, const uint32_t *first, size_t count)
{
    for (size_t i = 0; i < count; i++)
        r->chains[first[i]].row.flags &= ~VL_LOG_FIRST;
    VL_TRY(cite(r));
    for (size_t i = 0; i < 2 * count; i++) {
        struct chain *chain = &r->chains[first[i % count]];
        if ((chain->row.flags & VL_LOG_FIRST) == 0) VL_TRY(cite_one(r, chain));
    }
    const bool is_current = member_is_current(r, r->keys->card.sign);
    for (size_t i = 0; i < count; i++) {
        struct chain *chain = &r->chains[first[i]];
        if (is_current)
            chain->dirty |= (chain->row.flags & VL_LOG_FIRST) == 0;
        else
            chain->row.flags |= VL_LOG_FIRST;
    }
    return cite(r);
}

static vl_result cite_others(struct vl_replica *r)
{
    uint32_t *first = calloc(r->chain_count + 1, sizeof *first);
    size_t count = 0;
    if (first == NULL) return VL_ERR_NO_MEMORY;
    for (uint32_t i = 0; i < r->chain_count; i++)
        if (live_is_cited_next(&r->chains[i])) first[count++] = i;
    vl_result result = cite_some(r, first, count);
    free(first);
    return result;
}

vl_result live_cite_first(struct vl_replica *r)
{
    bool any = false;
    assert(r->writing);
    if (r->closed_count == 0) return VL_OK;
    for (uint32_t i = 0; i < r->chain_count; i++)
        any |= live_is_cited_next(&r->chains[i]) && r->chains[i].live < r->chains[i].row.kept;
    if (!any) return VL_OK;
    VL_TRY(cite(r));
    return member_is_current(r, r->keys->card.sign) ? VL_OK : cite_others(r);
}

vl_result live_settle(struct vl_replica *r)
{
    const bool less = r->relive;
    assert(r->writing);
    if (r->relive) {
        VL_TRY(live_compute(r));
        r->relearn = r->recount = true;
    }
    if (!r->relearn) return VL_OK;
    VL_TRY(learn_anew(r));
    if (less) VL_TRY(erase_unlearn(r));
    r->relearn = r->relive = false;
    r->recount = true;
    return VL_OK;
}
