/* Entries that came without their blob while no tombstone for them was known. Headers are
 * authentic by themselves, and the tombstone may stand later in the same log, so they are stored;
 * but somebody may have left blobs out to hide them. So a log with such an entry is asked for again
 * from there (vl_replica_asked_heads) until its blob, or its tombstone, has come. */
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

static vl_result flags_visit(void *context, const struct vl_entry_row *row)
{
    *(uint32_t *)context = row->flags;
    return VL_OK;
}

static vl_result fill_one(struct vl_replica *r, const struct vl_entry *entry,
                          const struct vl_id *id)
{
    struct vl_entry_header header;
    uint32_t flags = 0;
    VL_TRY(r->storage.entry_get(r->storage.self, id, flags_visit, &flags));
    if ((flags & VL_ENTRY_BARE) == 0) return VL_OK;
    VL_TRY(vl_entry_header_decode(entry->header, &header));
    flags &= ~VL_ENTRY_BARE;
    if ((flags & VL_ENTRY_QUARANTINED) == 0)
        VL_TRY(merge_entry(r, &header, id, entry->blob, &flags));
    return r->storage.entry_fill(r->storage.self, id, entry->blob, flags);
}

vl_result bare_fill(struct vl_replica *r, const struct vl_entry *entries, const struct vl_id *ids,
                    size_t count, uint32_t chain, uint64_t first_seq)
{
    vl_result result = VL_OK;
    uint64_t bare = r->chains[chain].bare;
    bool any = false;
    if (bare == 0) return VL_OK;
    size_t at = bare - 1 > first_seq ? (size_t)(bare - 1 - first_seq) : 0;
    for (size_t i = at; i < count; i++)
        any |= entries[i].blob.data != NULL;
    if (bare - 1 >= first_seq + count || !any) return VL_OK;
    VL_TRY(replica_begin(r));
    for (size_t i = at; result == VL_OK && i < count; i++)
        if (entries[i].blob.data != NULL) result = fill_one(r, &entries[i], &ids[i]);
    if (result == VL_OK) result = bare_load(r);
    if (result == VL_OK) return replica_commit(r);
    replica_abort(r);
    return result;
}

vl_result vl_replica_asked_heads(struct vl_replica *r, struct vl_head *out, size_t max,
                                 size_t *count)
{
    size_t heads = 0;
    *count = 0;
    VL_TRY(replica_ready(r));
    for (size_t i = 0; i < r->chain_count; i++) {
        const struct chain *chain = &r->chains[r->by_log[i]];
        struct vl_head head = {
            .log = chain->row.log, .seq = chain->row.tip_seq, .id = chain->row.tip};
        if (chain->bare == 1) continue;
        if (chain->bare > 1) {
            head.seq = chain->bare - 2;
            VL_TRY(rows_id(r, chain->row.index, head.seq, &head.id));
        }
        if (heads < max) out[heads] = head;
        heads++;
    }
    *count = heads;
    return VL_OK;
}
