/* Entries that came without their blob while no tombstone for them was known. Headers are
 * authentic by themselves, and the tombstone may stand later in the same log, so they are stored;
 * but somebody may have left blobs out to hide them. So a log with such an entry is asked for again
 * from there (vl_replica_asked_heads) until its blob, or its tombstone, has come. */
#include "sync/branches.h"
#include "sync/replica_internal.h"
#include <assert.h>

static vl_result bare_visit(void *context, const struct vl_entry_row *row)
{
    struct vl_replica *r = context;
    if (row->chain >= r->chain_count) return VL_ERR_DAMAGED;
    struct chain *chain = &r->chains[row->chain];
    if (chain->bare == 0 || row->seq < chain->bare - 1) chain->bare = row->seq + 1;
    return VL_OK;
}

vl_result bare_load(struct vl_replica *r)
{
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED,
                           .flags_mask = VL_ENTRY_BARE,
                           .flags_value = VL_ENTRY_BARE};
    for (size_t i = 0; i < r->chain_count; i++)
        r->chains[i].bare = 0;
    return r->storage.entry_scan(r->storage.self, &scan, bare_visit, r);
}

/* ---- what is whole ---- */

/* Whether what it branches from lacks a blob before that: who is told that an entry is here takes
 * all before it for here, and whole. */
static bool rests_on_bare(const struct vl_replica *r, const struct chain *chain)
{
    for (; chain->row.parent != chain->row.index; chain = &r->chains[chain->row.parent]) {
        const struct chain *parent = &r->chains[chain->row.parent];
        if (parent->bare > 0 && parent->bare <= chain->row.first_seq) return true;
    }
    return false;
}

uint64_t bare_whole(const struct vl_replica *r, const struct chain *chain)
{
    if (rests_on_bare(r, chain)) return chain->row.first_seq;
    return chain->bare > 0 ? chain->bare - 1 : chain->row.tip_seq + 1;
}

vl_result whole_head(struct vl_replica *r, struct vl_head *head)
{
    VL_TRY(replica_ready(r));
    const struct chain *chain = chain_find(r, &head->log);
    if (chain == NULL) return VL_ERR_NOT_FOUND;
    const uint64_t end = bare_whole(r, chain);
    if (end == chain->row.first_seq) return VL_ERR_NOT_FOUND;
    head->seq = end - 1;
    head->id = chain->row.tip;
    return end > chain->row.tip_seq ? VL_OK : rows_id(r, chain->row.index, head->seq, &head->id);
}

/* ---- blobs that come ---- */

struct stored { /* of an entry */
    uint32_t chain, flags;
};

static vl_result stored_visit(void *context, const struct vl_entry_row *row)
{
    *(struct stored *)context = (struct stored){.chain = row->chain, .flags = row->flags};
    return VL_OK;
}

static vl_result fill_one(struct vl_replica *r, const struct vl_entry *entry,
                          const struct vl_id *id, bool *filled)
{
    struct vl_entry_header header;
    struct stored stored = {0};
    VL_TRY(r->storage.entry_get(r->storage.self, id, stored_visit, &stored));
    uint32_t flags = stored.flags;
    if ((flags & VL_ENTRY_BARE) == 0) return VL_OK;
    *filled = true;
    VL_TRY(vl_entry_header_decode(entry->header, &header));
    flags &= ~VL_ENTRY_BARE;
    if ((flags & VL_ENTRY_QUARANTINED) == 0)
        VL_TRY(merge_entry(r, stored.chain, &header, id, entry->blob, &flags));
    return r->storage.entry_fill(r->storage.self, id, entry->blob, flags);
}

static bool any_bare(const struct vl_replica *r, const struct vl_id *log)
{
    size_t count;
    const uint32_t *family = chain_family(r, log, &count);
    for (size_t i = 0; i < count; i++)
        if (r->chains[family[i]].bare > 0) return true;
    return false;
}

vl_result bare_fill(struct vl_replica *r, const struct vl_id *log, const struct vl_entry *entries,
                    const struct vl_id *ids, size_t count)
{
    vl_result result = VL_OK;
    bool any = false, filled = false;
    for (size_t i = 0; i < count; i++)
        any |= entries[i].blob.data != NULL;
    if (!any || !any_bare(r, log)) return VL_OK;
    VL_TRY(replica_begin(r));
    for (size_t i = 0; result == VL_OK && i < count; i++)
        if (entries[i].blob.data != NULL) result = fill_one(r, &entries[i], &ids[i], &filled);
    if (result == VL_OK && !filled) { /* a commit would say that something new is here */
        replica_cancel(r);
        return VL_OK;
    }
    if (result == VL_OK) result = bare_load(r);
    if (result == VL_OK) return replica_commit(r);
    replica_abort(r);
    return result;
}
