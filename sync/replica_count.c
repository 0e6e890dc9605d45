/* Which content counts (R10), held for each chain as one number, and flags and cells that follow
 * when membership, citations or what reaches what changes (C1 to C3 in replica_internal.h). */
#include "sync/replica_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/counting.h>

#define RANGE_ENTRIES 256u
#define RANGE_BYTES   (1024u * 1024u)

/* ---- how far each chain counts ---- */

struct count {
    struct vl_replica *replica;
    uint64_t *counted;
};

static void join_source(const struct count *count, const struct past *past)
{
    for (size_t i = 0; i < past->content_count; i++) {
        const struct past_item *item = &past->content[i];
        if (count->counted[item->chain] <= item->seq) count->counted[item->chain] = item->seq + 1;
    }
}

/* What is cited and not here, or not live, counts once it is. A control entry is no content,
 * whoever cites it. */
static vl_result join_cited(void *context, struct vl_bytes content)
{
    const struct count *count = context;
    struct vl_id id;
    struct past *past = NULL;
    if (content.size != sizeof id.bytes) return VL_OK;
    memcpy(id.bytes, content.data, sizeof id.bytes);
    vl_result result = replica_past(count->replica, &id, &past);
    if (result == VL_ERR_MISSING) return VL_OK;
    if (result == VL_OK && !past->is_control &&
        past->seq < count->replica->chains[past->chain].live)
        join_source(count, past);
    past_unref(past);
    return result;
}

/* The last live entry of a chain. NOT_FOUND: none is. */
static vl_result live_tip(struct vl_replica *r, const struct chain *chain, struct past **out)
{
    struct vl_id id = chain->row.tip;
    *out = NULL;
    if (row_is_empty(&chain->row) || chain->live <= chain->row.first_seq) return VL_ERR_NOT_FOUND;
    if (chain->live <= chain->row.tip_seq)
        VL_TRY(rows_id(r, chain->row.index, chain->live - 1, &id));
    return replica_past_here(r, &id, out);
}

vl_result count_chains(struct vl_replica *r, struct vl_membership *membership, uint64_t *counted,
                       bool *is_person)
{
    struct count count = {.replica = r, .counted = counted};
    VL_TRY(vl_membership_settle(membership));
    memset(counted, 0, r->chain_count * sizeof *counted);
    for (size_t i = 0; i < r->chain_count; i++) {
        const struct vl_log_row *row = &r->chains[i].row;
        struct past *tip = NULL;
        is_person[i] =
            vl_counting_is_person(membership, vl_bytes(row->sign_key, sizeof row->sign_key));
        if (!is_person[i]) continue;
        vl_result result = live_tip(r, &r->chains[i], &tip);
        if (result == VL_OK) join_source(&count, tip);
        past_unref(tip);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    }
    VL_TRY(vl_counting_cites(membership, join_cited, &count));
    for (size_t i = 0; i < r->chain_count; i++)
        if (is_person[i] && counted[i] < r->chains[i].live) counted[i] = r->chains[i].live;
    return VL_OK;
}

/* ---- while entries come ---- */

bool count_next(struct vl_replica *r, const struct place *place, uint64_t seq)
{
    if (place->is_new) return false;
    const struct chain *chain = &r->chains[place->row.index];
    return chain->is_person && chain->counted == seq && !row_is_closed(&chain->row);
}

void count_stored(struct vl_replica *r, const struct past *past, uint32_t flags)
{
    struct chain *chain = &r->chains[past->chain];
    bool counts = (flags & VL_ENTRY_QUARANTINED) == 0;
    if (past->is_control) chain->control = past->seq + 1;
    if ((flags & VL_ENTRY_BARE) != 0 && chain->bare == 0) chain->bare = past->seq + 1;
    if (past->is_control || !counts || !chain->is_person) r->recount = true;
    if (counts && chain->counted == past->seq) chain->counted = past->seq + 1;
    for (size_t i = 0; i < past->content_count && !r->recount; i++)
        r->recount = r->chains[past->content[i].chain].counted <= past->content[i].seq;
}

/* ---- before a commit ---- */

/* The next rows of a chain from *from on, below `to`; moves *from. None: the end. */
static vl_result range_next(struct vl_replica *r, uint32_t chain, uint64_t *from, uint64_t to,
                            struct rows *rows)
{
    rows_clear(rows);
    rows->max_bytes = RANGE_BYTES;
    if (*from >= to) return VL_OK;
    size_t max = to - *from < RANGE_ENTRIES ? (size_t)(to - *from) : RANGE_ENTRIES;
    vl_result result = r->storage.entry_range(r->storage.self, chain, *from, max, rows_visit, rows);
    if (result != VL_OK && !(result == VL_ERR_LIMIT && rows->more)) return result;
    if (rows->count == 0) *from = to;
    if (rows->count > 0) *from = rows->items[rows->count - 1].seq + 1;
    return VL_OK;
}

static vl_result set_apart(struct vl_replica *r, const struct vl_entry_row *row)
{
    const uint32_t in_cells = VL_ENTRY_MERGED | VL_ENTRY_REFUSED;
    if ((row->flags & VL_ENTRY_MERGED) != 0) VL_TRY(merge_undo(r, row));
    return rows_flags(r, &row->id, (row->flags & ~in_cells) | VL_ENTRY_QUARANTINED);
}

static vl_result take_in(struct vl_replica *r, const struct vl_entry_row *row)
{
    struct vl_entry_header header;
    uint32_t flags = row->flags & ~VL_ENTRY_QUARANTINED;
    if (flags == row->flags) return VL_OK;
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    if (!r->rebuild) VL_TRY(merge_entry(r, row->chain, &header, &row->id, row->entry.blob, &flags));
    return rows_flags(r, &row->id, flags);
}

static vl_result change_range(struct vl_replica *r, uint32_t chain, uint64_t from, uint64_t to,
                              vl_result (*one)(struct vl_replica *, const struct vl_entry_row *))
{
    struct rows rows = {0};
    vl_result result = VL_OK;
    if (from < r->chains[chain].row.first_seq) from = r->chains[chain].row.first_seq;
    while (result == VL_OK) {
        result = range_next(r, chain, &from, to, &rows);
        if (result != VL_OK || rows.count == 0) break;
        for (size_t i = 0; result == VL_OK && i < rows.count; i++)
            if (rows.items[i].kind != VL_ENTRY_CONTROL) result = one(r, &rows.items[i]);
    }
    rows_finish(&rows);
    return result;
}

/* What counts no more first: if cells have to be made anew, nothing is merged before that. */
static vl_result apply(struct vl_replica *r, const uint64_t *counted)
{
    for (size_t i = 0; i < r->chain_count; i++)
        if (counted[i] < r->chains[i].counted)
            VL_TRY(change_range(r, (uint32_t)i, counted[i], r->chains[i].counted, set_apart));
    for (size_t i = 0; i < r->chain_count; i++)
        if (counted[i] > r->chains[i].counted)
            VL_TRY(change_range(r, (uint32_t)i, r->chains[i].counted, counted[i], take_in));
    return VL_OK;
}

static vl_result count_all(struct vl_replica *r, bool follow)
{
    uint64_t *counted = calloc(r->chain_count + 1, sizeof *counted);
    bool *is_person = calloc(r->chain_count + 1, sizeof *is_person);
    vl_result result = VL_ERR_NO_MEMORY;
    if (counted == NULL || is_person == NULL) goto done;
    result = count_chains(r, r->membership, counted, is_person);
    if (result == VL_OK && follow) result = apply(r, counted);
    for (size_t i = 0; result == VL_OK && i < r->chain_count; i++) {
        r->chains[i].counted = counted[i];
        r->chains[i].is_person = is_person[i];
    }
done:
    free(counted);
    free(is_person);
    return result;
}

vl_result count_settle(struct vl_replica *r)
{
    if (!r->recount) return VL_OK;
    VL_TRY(count_all(r, true));
    r->recount = false;
    return VL_OK;
}

vl_result count_load(struct vl_replica *r)
{
    return r->chain_count == 0 ? VL_OK : count_all(r, false);
}

/* ---- what may be linked and cited ---- */

/* The newest content of a chain that counts; NULL: none. */
static vl_result newest_content(struct vl_replica *r, const struct chain *chain, struct past **out)
{
    const struct vl_log_row *row = &chain->row;
    struct vl_id id = row->tip;
    struct past *past = NULL;
    *out = NULL;
    if (chain->counted <= row->first_seq) return VL_OK;
    if (chain->counted <= row->tip_seq) VL_TRY(rows_id(r, row->index, chain->counted - 1, &id));
    VL_TRY(replica_past_here(r, &id, &past));
    if (!past->is_control) {
        *out = past;
        return VL_OK;
    }
    vl_result result = VL_OK;
    for (size_t i = 0; i < past->content_count; i++) {
        if (past->content[i].chain != row->index) continue;
        result = rows_id(r, row->index, past->content[i].seq, &id);
        if (result == VL_OK) result = replica_past_here(r, &id, out);
    }
    past_unref(past);
    return result;
}

vl_result count_live_control(struct vl_replica *r, const struct chain *chain, struct past **out)
{
    const struct vl_log_row *row = &chain->row;
    struct vl_id id = row->tip;
    struct past *past = NULL;
    *out = NULL;
    if (row_is_empty(row) || chain->live <= row->first_seq) return VL_ERR_NOT_FOUND;
    if (chain->live <= row->tip_seq) VL_TRY(rows_id(r, row->index, chain->live - 1, &id));
    VL_TRY(replica_past_here(r, &id, &past));
    vl_result result = VL_OK;
    for (size_t i = 0; result == VL_OK && *out == NULL && i < past->control_count; i++) {
        result = replica_past_here(r, &past->controls[i], out);
        if (result != VL_OK || (*out)->chain == row->index) continue;
        past_unref(*out);
        *out = NULL;
    }
    past_unref(past);
    return result == VL_OK && *out == NULL ? VL_ERR_NOT_FOUND : result;
}

/* Open logs have what else is live of a closed one; but what has it may be content that does not
 * count, which is not cited, and without its control entries no epoch would be valid. They may
 * stand beyond the end that is cited. */
static vl_result closed_link(struct vl_replica *r, const struct chain *chain, struct past **out)
{
    const struct vl_log_row *row = &chain->row;
    struct vl_id id = row->tip;
    vl_result result = count_live_control(r, chain, out);
    if (!live_is_cited_next(chain)) return result;
    if (result == VL_OK && (*out)->seq >= row->kept) return VL_OK;
    past_unref(*out);
    *out = NULL;
    if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    if (row->kept <= row->tip_seq) VL_TRY(rows_id(r, row->index, row->kept - 1, &id));
    return replica_past_here(r, &id, out);
}

vl_result count_link(struct vl_replica *r, const struct chain *chain, struct past **out)
{
    const struct vl_log_row *row = &chain->row;
    struct vl_id id = row->tip;
    *out = NULL;
    if (!live_is_source(row)) return closed_link(r, chain, out);
    if (chain->counted <= row->tip_seq && chain->control <= row->tip_seq) {
        VL_TRY(newest_content(r, chain, out));
        if (*out != NULL && (*out)->seq + 1 >= chain->control) return VL_OK;
        past_unref(*out);
        *out = NULL;
        if (chain->control == 0) return VL_ERR_NOT_FOUND;
        VL_TRY(rows_id(r, row->index, chain->control - 1, &id));
    }
    return replica_past_here(r, &id, out);
}

struct heads {
    struct past **items;
    size_t count;
};

static int newest_first(const void *a, const void *b)
{
    const struct past *const *x = a, *const *y = b;
    if ((*x)->lamport != (*y)->lamport) return (*x)->lamport > (*y)->lamport ? -1 : 1;
    return vl_id_compare(&(*x)->id, &(*y)->id);
}

static int id_order(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

static bool reached(const struct heads *heads, size_t at)
{
    const struct past *past = heads->items[at];
    for (size_t i = 0; i < heads->count; i++)
        if (i != at && past_reaches_content(heads->items[i], past->chain, past->seq)) return true;
    return false;
}

vl_result count_heads(struct vl_replica *r, struct vl_id **out, size_t *count)
{
    struct heads heads = {.items = calloc(r->chain_count + 1, sizeof *heads.items)};
    vl_result result = VL_OK;
    *count = 0;
    *out = calloc(VL_CITES_MAX, sizeof **out);
    if (heads.items == NULL || *out == NULL) result = VL_ERR_NO_MEMORY;
    for (size_t i = 0; result == VL_OK && i < r->chain_count; i++) {
        result = newest_content(r, &r->chains[i], &heads.items[heads.count]);
        if (result == VL_OK && heads.items[heads.count] != NULL) heads.count++;
    }
    if (result == VL_OK) qsort(heads.items, heads.count, sizeof *heads.items, newest_first);
    for (size_t i = 0; result == VL_OK && i < heads.count && *count < VL_CITES_MAX; i++)
        if (!reached(&heads, i)) (*out)[(*count)++] = heads.items[i]->id;
    if (result == VL_OK) qsort(*out, *count, sizeof **out, id_order);
    for (size_t i = 0; i < heads.count; i++)
        past_unref(heads.items[i]);
    free(heads.items);
    return result;
}
