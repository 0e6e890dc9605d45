/* The tree that the entries of a forked log make, and the accounts for what is not live in it.
 *
 *   own account     a log that is open; of a forked one, until two branches are here; of a person,
 *                   until she is crowded. What was taken so is kept
 *   server's        what a peer sends of closed logs beyond that. It may be what open logs cite,
 * and then the entries that cite it come next and make it live. If they do not, it is dropped: the
 * oldest when the server sends more, everything at the next opening */
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

struct placed {
    const struct vl_replica *replica;
    const struct vl_id *id;
    struct past_item place;
};

/* What is written is put beside it, so a row that is not what it was must not pass. */
static vl_result place_visit(void *context, const struct vl_entry_row *row)
{
    struct placed *placed = context;
    const struct vl_replica *r = placed->replica;
    struct vl_entry_header header;
    struct vl_id id;
    if (row->chain >= r->chain_count) return VL_ERR_DAMAGED;
    const struct vl_log_row *log = &r->chains[row->chain].row;
    VL_TRY(rows_result(vl_entry_header_decode(row->entry.header, &header)));
    vl_entry_id(row->entry.header, &id);
    bool good = vl_id_equal(&id, placed->id) && header.seq == row->seq &&
                vl_id_equal(&header.log, &log->log) && row->seq >= log->first_seq &&
                row->seq <= log->tip_seq;
    placed->place = (struct past_item){.chain = row->chain, .seq = row->seq};
    return good ? VL_OK : VL_ERR_DAMAGED;
}

vl_result branch_place(struct vl_replica *r, const struct vl_id *id, uint32_t *chain, uint64_t *seq)
{
    struct placed placed = {.replica = r, .id = id};
    vl_result result = r->storage.entry_get(r->storage.self, id, place_visit, &placed);
    if (result == VL_ERR_NOT_FOUND) return VL_ERR_MISSING;
    VL_TRY(result);
    *chain = placed.place.chain;
    *seq = placed.place.seq;
    return VL_OK;
}

struct sizes {
    uint64_t bytes;
    uint32_t controls;
};

static vl_result size_visit(void *context, const struct vl_entry_row *row)
{
    struct sizes *sizes = context;
    struct vl_entry_header header;
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    sizes->bytes += row->entry.header.size + 64u + header.blob_size;
    sizes->controls += row->kind == VL_ENTRY_CONTROL;
    return VL_OK;
}

vl_result branch_sizes(struct vl_replica *r, uint32_t chain, uint64_t seq, uint64_t *bytes,
                       uint32_t *controls)
{
    const struct vl_log_row *row = &r->chains[chain].row;
    struct sizes after = {0};
    if (seq < row->tip_seq)
        VL_TRY(r->storage.entry_range(r->storage.self, chain, seq + 1, (size_t)(row->tip_seq - seq),
                                      size_visit, &after));
    if (after.bytes > row->bytes || after.controls > row->controls) return VL_ERR_DAMAGED;
    *bytes = row->bytes - after.bytes;
    *controls = row->controls - after.controls;
    return VL_OK;
}

/* ---- dropping ---- */

static vl_result tip_visit(void *context, const struct vl_entry_row *row)
{
    struct vl_log_row *tip = context;
    tip->tip_seq = row->seq;
    tip->tip = row->id;
    tip->tip_lamport = row->lamport;
    return VL_OK;
}

/* Takes the entries from `from` on out, within a transaction. */
static vl_result cut(struct vl_replica *r, uint32_t index, uint64_t from)
{
    struct chain *chain = &r->chains[index];
    struct vl_id tip;
    VL_TRY(rows_id(r, index, chain->row.tip_seq, &tip));
    if (!vl_id_equal(&tip, &chain->row.tip)) return VL_ERR_DAMAGED; /* nothing is to be mended */
    r->cuts++;
    if (chain->control > from) r->relearn = true;
    if (from > chain->row.first_seq) {
        struct vl_log_row row = chain->row;
        VL_TRY(branch_sizes(r, index, from - 1, &row.bytes, &row.controls));
        VL_TRY(r->storage.entry_range(r->storage.self, index, from - 1, 1, tip_visit, &row));
        if (row.tip_seq != from - 1) return VL_ERR_DAMAGED;
        chain->row = row;
        chain->dirty = true;
    }
    VL_TRY(r->storage.entry_drop(r->storage.self, index, from));
    if (from <= chain->row.first_seq) {
        chain_empty(r, index);
    } else {
        if (chain->counted > from) chain->counted = from;
        chain->server = (struct vl_id){0};
    }
    return VL_OK;
}

static bool is_cut(const struct vl_replica *r, uint32_t chain, const uint64_t *keep)
{
    const struct vl_log_row *row = &r->chains[chain].row;
    return !row_is_empty(row) && keep[chain] <= row->tip_seq;
}

static vl_result past_is_kept(struct vl_replica *r, uint32_t index, uint64_t seq,
                              const uint64_t *keep, bool *kept)
{
    struct vl_id id;
    struct past *past = NULL;
    VL_TRY(rows_id(r, index, seq, &id));
    VL_TRY(replica_past_here(r, &id, &past));
    *kept = true;
    for (size_t i = 0; i < past->count && *kept; i++)
        *kept = past->vector[i].chain == index || past->vector[i].seq < keep[past->vector[i].chain];
    past_unref(past);
    return VL_OK;
}

/* What is kept of a chain ends before its first entry with something in its past that goes (pasts
 * only grow along a chain), and after a well signed one (L4). */
static vl_result keep_whole(struct vl_replica *r, uint32_t index, uint64_t *keep, bool *changed)
{
    uint64_t low = r->chains[index].row.first_seq, high = keep[index];
    bool kept = true;
    if (high <= low) return VL_OK;
    VL_TRY(past_is_kept(r, index, high - 1, keep, &kept));
    if (kept) return VL_OK;
    for (high--; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        VL_TRY(past_is_kept(r, index, middle, keep, &kept));
        if (kept)
            low = middle + 1;
        else
            high = middle;
    }
    *changed = true;
    return replica_signed_before(r, index, low, &keep[index]);
}

/* Cuts every chain to keep[]; what has something of that in its past goes as well. */
static vl_result cut_all(struct vl_replica *r, uint64_t *keep)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < r->chain_count; i++)
            if (!row_is_empty(&r->chains[i].row)) VL_TRY(keep_whole(r, i, keep, &changed));
    }
    for (uint32_t i = 0; i < r->chain_count; i++)
        if (is_cut(r, i, keep)) VL_TRY(cut(r, i, keep[i]));
    past_cache_clear(&r->pasts);
    return bare_load(r);
}

static vl_result cut_durably(struct vl_replica *r, uint64_t *keep)
{
    VL_TRY(replica_begin(r));
    vl_result result = cut_all(r, keep);
    if (result == VL_OK) return replica_commit(r);
    replica_abort(r);
    return result;
}

vl_result branch_sweep(struct vl_replica *r)
{
    if (r->closed_count == 0) return VL_OK;
    uint64_t *keep = calloc(r->chain_count + 1, sizeof *keep);
    if (keep == NULL) return VL_ERR_NO_MEMORY;
    bool any = false;
    vl_result result = live_kept(r, keep);
    for (uint32_t i = 0; result == VL_OK && i < r->chain_count; i++)
        any |= is_cut(r, i, keep);
    if (result == VL_OK && any) result = cut_durably(r, keep);
    free(keep);
    return result;
}

/* ---- accounts ---- */

/* Whose a chain was is forgotten when the copy is loaded again: it is on every account then, and
 * goes first. */
static bool on_account(const struct vl_replica *r, uint32_t chain, const struct vl_id *server,
                       const uint64_t *keep)
{
    const struct vl_id *whose = &r->chains[chain].server;
    return is_cut(r, chain, keep) && (vl_id_is_zero(whose) || vl_id_equal(whose, server));
}

void branch_served(struct vl_replica *r, uint32_t chain, const struct vl_id *server)
{
    r->chains[chain].server = *server;
    r->chains[chain].served = ++r->serving;
}

/* Makes room for one more chain: the one that was served longest ago goes. */
static vl_result make_room(struct vl_replica *r, const struct vl_id *server, uint64_t *keep)
{
    uint32_t oldest = NO_CHAIN;
    size_t count = 0;
    for (uint32_t i = 0; i < r->chain_count; i++) {
        if (!on_account(r, i, server, keep)) continue;
        count++;
        if (oldest == NO_CHAIN || r->chains[i].served < r->chains[oldest].served) oldest = i;
    }
    if (count < VL_SERVED_CHAINS_MAX) return VL_OK;
    for (uint32_t i = 0; i < r->chain_count; i++)
        if (i != oldest && is_cut(r, i, keep)) keep[i] = r->chains[i].row.tip_seq + 1;
    return cut_durably(r, keep);
}

bool branch_is_owned(const struct vl_replica *r, const struct vl_log_row *root)
{
    return (root->flags & VL_LOG_CROWDED) == 0 && chain_leaves(r, &root->log, 2) < 2;
}

vl_result branch_admit(struct vl_replica *r, const struct spot *spot, const struct vl_id *server)
{
    if (vl_id_is_zero(server)) return VL_ERR_FORK;
    if (spot->chain != NO_CHAIN && !spot->is_branch) return VL_OK; /* a chain goes on */
    uint64_t *keep = calloc(r->chain_count + 1, sizeof *keep);
    if (keep == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = live_kept(r, keep);
    if (result == VL_OK) result = make_room(r, server, keep);
    free(keep);
    return result;
}
