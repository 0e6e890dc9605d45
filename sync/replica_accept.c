/* Runs of entries from a peer. All of it is hostile until checked:
 *
 *   run_read     each entry by itself: encoding, circle, log, number, previous id, blob's hash
 *   run_known    what is here already, by id; contradiction is a fork
 *   run_signed   the last entry with a valid signature; every control entry's own
 *   store_runs   in one transaction, by lamport number over all runs, so that parents come first:
 *                links, lamport, auth, bodies; stored, merged
 *
 * Each step can shorten the run; `why` says what was wrong with the first entry left out. */
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

enum signature_state { SIGNATURE_UNKNOWN = 0, SIGNATURE_GOOD, SIGNATURE_BAD };

struct run {
    const struct vl_entry *entries;
    size_t count; /* entries that are still in question */
    size_t known; /* of these, from the start, are stored already */
    vl_result why;
    struct vl_id log;
    uint64_t first_seq;
    uint8_t sign_key[32];
    uint8_t signatures[VL_CHUNK_ENTRIES_MAX]; /* enum signature_state */
    uint8_t kinds[VL_CHUNK_ENTRIES_MAX];      /* enum vl_entry_kind */
    struct vl_id ids[VL_CHUNK_ENTRIES_MAX];
    uint64_t lamports[VL_CHUNK_ENTRIES_MAX];
    size_t next;         /* to be stored */
    struct place place;  /* where it goes */
    uint32_t last_flags; /* of the one before */
};

static void run_shorten(struct run *run, size_t count, vl_result why)
{
    run->count = count;
    run->why = why;
}

/* ---- each entry by itself ---- */

static vl_result check_blob(const struct vl_entry *entry, const struct vl_entry_header *header)
{
    struct vl_id hash;
    if (entry->blob.data == NULL) return header->kind != VL_ENTRY_CONTROL ? VL_OK : VL_ERR_HASH;
    if (entry->blob.size != header->blob_size) return VL_ERR_HASH;
    vl_blob_hash(entry->blob, &hash);
    return vl_id_equal(&hash, &header->blob_hash) ? VL_OK : VL_ERR_HASH;
}

static vl_result check_entry(const struct vl_replica *r, struct run *run, size_t i)
{
    const struct vl_entry *entry = &run->entries[i];
    struct vl_entry_header header;
    if (entry_size(entry) > VL_ENTRY_BYTES_MAX) return VL_ERR_TOO_LARGE;
    VL_TRY(vl_entry_header_decode(entry->header, &header));
    if (!vl_id_equal(&header.circle, &r->circle)) return VL_ERR_CIRCLE;
    if (i == 0) {
        run->log = header.log;
        run->first_seq = header.seq;
        memcpy(run->sign_key, header.sign_key, sizeof run->sign_key); /* zeros if it is not first */
    }
    if (!vl_id_equal(&header.log, &run->log) || header.seq != run->first_seq + i)
        return VL_ERR_PREV;
    if (i > 0 && !vl_id_equal(&header.prev, &run->ids[i - 1])) return VL_ERR_PREV;
    VL_TRY(check_blob(entry, &header));
    vl_entry_id(entry->header, &run->ids[i]);
    run->kinds[i] = (uint8_t)header.kind;
    run->lamports[i] = header.lamport;
    return VL_OK;
}

static void run_read(const struct vl_replica *r, struct run *run, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += entry_size(&run->entries[i]);
        vl_result result = VL_ERR_LIMIT;
        if (i < VL_CHUNK_ENTRIES_MAX && bytes <= VL_CHUNK_BYTES_MAX)
            result = check_entry(r, run, i);
        if (result != VL_OK) {
            run_shorten(run, i, result);
            return;
        }
        run->count = i + 1;
    }
}

/* ---- signatures ---- */

static bool signed_well(struct run *run, size_t i)
{
    if (run->signatures[i] == SIGNATURE_UNKNOWN) {
        vl_result result =
            vl_entry_verify(run->entries[i].header, run->entries[i].signature, run->sign_key);
        run->signatures[i] = result == VL_OK ? SIGNATURE_GOOD : SIGNATURE_BAD;
    }
    return run->signatures[i] == SIGNATURE_GOOD;
}

/* Shortens the run so that its last entry, and each new control entry, is well signed. */
static void run_signed(struct run *run)
{
    for (size_t i = run->known; i < run->count; i++)
        if (run->kinds[i] == VL_ENTRY_CONTROL && !signed_well(run, i))
            run_shorten(run, i, VL_ERR_SIGNATURE);
    size_t end = run->count;
    while (end > run->known && !signed_well(run, end - 1))
        end--;
    if (end < run->count) run_shorten(run, end, VL_ERR_SIGNATURE);
}

/* ---- what is known, and forks ---- */

struct compare {
    const struct run *run;
    size_t equal; /* entries of the run that are the stored ones */
};

static vl_result compare_visit(void *context, const struct vl_entry_row *row)
{
    struct compare *compare = context;
    const struct run *run = compare->run;
    if (row->seq != run->first_seq + compare->equal) return VL_ERR_DAMAGED;
    if (!vl_id_equal(&row->id, &run->ids[compare->equal])) return VL_ERR_FORK;
    compare->equal++;
    return VL_OK;
}

/* The run's entry `from` is not ours: a fork if the log's device signed it or a later one. */
static vl_result contradiction(struct vl_replica *r, struct run *run, struct chain *chain,
                               size_t from)
{
    bool good[VL_CHUNK_ENTRIES_MAX] = {false};
    bool any = false;
    for (size_t i = from; i < run->count; i++)
        any |= good[i] = signed_well(run, i);
    if (!any) return VL_ERR_SIGNATURE;
    /* a run that begins after our tip, at another one, contradicts the tip */
    uint64_t split = run->first_seq + from;
    if (split > chain->row.tip_seq) split = chain->row.tip_seq;
    VL_TRY(fork_close(r, chain->row.index, run->entries, good, run->count, run->first_seq, split));
    return VL_ERR_FORK;
}

/* Sets run->known. GAP, FORK, SIGNATURE (of a contradiction), with known at what is equal. */
static vl_result run_known(struct vl_replica *r, struct run *run)
{
    struct chain *chain = chain_find(r, &run->log);
    if (chain == NULL) return run->first_seq == 0 ? VL_OK : VL_ERR_GAP;
    memcpy(run->sign_key, chain->row.sign_key, sizeof run->sign_key);
    uint64_t tip = chain->row.tip_seq;
    if (run->first_seq > tip + 1) return VL_ERR_GAP;
    if (run->first_seq == tip + 1) {
        struct vl_entry_header header;
        VL_TRY(vl_entry_header_decode(run->entries[0].header, &header));
        if (!vl_id_equal(&header.prev, &chain->row.tip)) return contradiction(r, run, chain, 0);
    } else {
        uint64_t here = tip - run->first_seq + 1;
        size_t overlap = here < run->count ? (size_t)here : run->count;
        bool at_tip = overlap == here && vl_id_equal(&run->ids[overlap - 1], &chain->row.tip);
        if (at_tip) { /* each names the one before, so all are equal */
            run->known = overlap;
        } else {
            struct compare compare = {.run = run};
            vl_result result =
                r->storage.entry_range(r->storage.self, chain->row.index, run->first_seq, overlap,
                                       compare_visit, &compare);
            run->known = compare.equal;
            if (result == VL_ERR_FORK) return contradiction(r, run, chain, compare.equal);
            VL_TRY(result);
            if (compare.equal != overlap) return VL_ERR_DAMAGED;
        }
    }
    bool forked = (chain->row.flags & VL_LOG_FORKED) != 0;
    return forked && run->known < run->count ? VL_ERR_FORK : VL_OK;
}

/* ---- storing ---- */

static void place_of(const struct vl_replica *r, struct run *run)
{
    struct place *place = &run->place;
    const struct chain *chain = chain_find(r, &run->log);
    place->is_new = chain == NULL;
    if (chain != NULL) {
        place->row = chain->row;
        return;
    }
    uint32_t index = (uint32_t)r->chain_count;
    place->row = (struct vl_log_row){.index = index, .parent = index, .log = run->log};
    memcpy(place->row.sign_key, run->sign_key, sizeof place->row.sign_key);
}

static vl_result accept_body(struct vl_replica *r, const struct vl_entry *entry,
                             const struct vl_entry_header *header, const struct vl_id *id,
                             const uint8_t sign_key[static 32], bool counts, uint32_t *flags)
{
    struct vl_control control = {0};
    bool is_control = header->kind == VL_ENTRY_CONTROL;
    if (is_control) VL_TRY(vl_control_decode(entry->blob, &control));
    struct control_entry about = {
        .id = id, .header = header, .control = &control, .author = sign_key};
    vl_result result = VL_OK;
    if (header->seq == 0) result = member_may_begin(r, header, is_control ? &control : NULL);
    if (result == VL_OK && is_control) result = member_check(r, &about);
    if (result == VL_OK && is_control) result = member_learn(r, &about);
    if (result == VL_OK && is_control) *flags |= VL_ENTRY_MERGED;
    if (!is_control && !counts) *flags |= VL_ENTRY_QUARANTINED; /* until it is counted */
    if (result == VL_OK && !is_control && counts)
        result = merge_entry(r, header, id, entry->blob, flags);
    vl_control_finish(&control);
    return result;
}

/* Stores the run's next entry; when it is refused nothing has changed. */
static vl_result store_next(struct vl_replica *r, struct run *run)
{
    const size_t i = run->next;
    struct vl_entry kept = run->entries[i], *entry = &kept;
    struct place *place = &run->place;
    struct vl_entry_header header;
    struct past *prev = NULL, *past = NULL;
    uint32_t flags = run->signatures[i] == SIGNATURE_GOOD ? VL_ENTRY_VERIFIED : 0;
    if (i == run->known) place_of(r, run);
    VL_TRY(vl_entry_header_decode(entry->header, &header));
    if (place->is_new && place->row.index >= VL_HEADS_MAX) return VL_ERR_LIMIT;
    if (header.seq > 0) VL_TRY(replica_past(r, &place->row.tip, &prev));
    vl_result result = replica_judge(r, &header, &run->ids[i], place->row.index, prev, &past);
    erase_arriving(r, &header, &run->ids[i], run->sign_key, entry, &flags);
    if (result == VL_OK)
        result = accept_body(r, entry, &header, &run->ids[i], run->sign_key,
                             count_next(r, place, header.seq), &flags);
    if (result == VL_OK) result = put_entry(r, entry, header.kind, past, flags);
    /* entries of mine that I do not have: I was copied or restored, and begin a new log */
    place->row.flags &= ~VL_LOG_OWN;
    if (result == VL_OK) result = chain_advance(r, place, past);
    if (result == VL_OK) {
        count_stored(r, past, flags);
        past_cache_put(&r->pasts, past);
        run->last_flags = flags;
        run->next++;
    }
    past_unref(prev);
    past_unref(past);
    return result;
}

/* The peer, not this machine, is to blame; what went before can be kept. */
static bool is_peers_fault(vl_result result)
{
    return result != VL_ERR_NO_MEMORY && result != VL_ERR_STORAGE && result != VL_ERR_FULL &&
           result != VL_ERR_DAMAGED && result != VL_ERR_INTERNAL && result != VL_ERR_EXISTS;
}

/* The run whose next entry is lowest; NULL when all are through. */
static struct run *lowest(struct run *runs, size_t count)
{
    struct run *best = NULL;
    for (struct run *run = runs; run < runs + count; run++) {
        if (run->next == run->count) continue;
        if (best == NULL || run->lamports[run->next] < best->lamports[best->next]) best = run;
    }
    return best;
}

/* What was stored of a run ends with a well signed entry, marked so (I1). SIGNATURE: it does not,
 * for what followed and would have made it good was refused. */
static vl_result close_run(struct vl_replica *r, struct run *run)
{
    if (run->next == run->known || (run->last_flags & VL_ENTRY_VERIFIED) != 0) return VL_OK;
    if (!signed_well(run, run->next - 1)) return VL_ERR_SIGNATURE;
    return r->storage.entry_flags(r->storage.self, &run->ids[run->next - 1],
                                  run->last_flags | VL_ENTRY_VERIFIED);
}

/* Stores known..count of each run in one transaction, shortening what is refused. *again: nothing
 * was kept, for a run had to be shortened to its last well signed entry. */
static vl_result store_runs(struct vl_replica *r, struct run *runs, size_t count, bool *again)
{
    struct run *run;
    bool any = false;
    vl_result result = VL_OK;
    *again = false;
    for (run = runs; run < runs + count; run++)
        run->next = run->known;
    if (lowest(runs, count) == NULL) return VL_OK;
    VL_TRY(replica_begin(r));
    while ((run = lowest(runs, count)) != NULL) {
        result = store_next(r, run);
        any |= result == VL_OK;
        if (result == VL_OK) continue;
        if (!is_peers_fault(result)) goto failed;
        run_shorten(run, run->next, result);
    }
    if (!any) {
        replica_cancel(r);
        return VL_OK;
    }
    for (run = runs; run < runs + count; run++) {
        result = close_run(r, run);
        if (result != VL_OK && result != VL_ERR_SIGNATURE) goto failed;
        if (result == VL_OK) continue;
        vl_result why = run->why;
        run_signed(run);
        run->why = why;
        *again = true;
    }
    if (!*again) return replica_commit(r);
    result = VL_OK;
failed:
    replica_abort(r);
    return result == VL_OK ? replica_ready(r) : result; /* the reason, if it could not be loaded */
}

static void prepare(struct vl_replica *r, struct run *run, const struct vl_entry *entries,
                    size_t count)
{
    run->entries = entries;
    run_read(r, run, count);
    if (run->count == 0) return;
    vl_result result = run_known(r, run);
    if (result == VL_OK)
        run_signed(run);
    else
        run_shorten(run, run->known, result);
}

static vl_result receive(struct vl_replica *r, struct run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) /* a fault of the machine ends it, forks are marked */
        if (!is_peers_fault(runs[i].why)) return runs[i].why;
    bool again = true;
    while (again)
        VL_TRY(store_runs(r, runs, count, &again));
    return VL_OK;
}

vl_result vl_replica_receive_runs(struct vl_replica *r, struct vl_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        runs[i].stored = 0;
    VL_TRY(replica_ready(r));
    VL_TRY(merge_pending(r));
    if (count == 0) return VL_OK;
    struct run *prepared = calloc(count, sizeof *prepared);
    if (prepared == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        prepare(r, &prepared[i], runs[i].entries, runs[i].count);
        if (prepared[i].count == prepared[i].known) continue;
        for (size_t k = 0; k < i; k++)
            if (vl_id_equal(&prepared[k].log, &prepared[i].log))
                run_shorten(&prepared[i], prepared[i].known, VL_ERR_GAP);
    }
    vl_result result = receive(r, prepared, count);
    for (size_t i = 0; i < count; i++) {
        runs[i].stored = result == VL_OK ? prepared[i].count : prepared[i].known;
        runs[i].result = result == VL_OK ? prepared[i].why : result;
    }
    for (size_t i = 0; result == VL_OK && i < count; i++) {
        const struct chain *chain = chain_find(r, &prepared[i].log);
        if (chain != NULL && prepared[i].known > 0)
            result = bare_fill(r, prepared[i].entries, prepared[i].ids, prepared[i].known,
                               chain->row.index, prepared[i].first_seq);
    }
    free(prepared);
    return result == VL_OK ? merge_pending(r) : result;
}

vl_result vl_replica_receive(struct vl_replica *r, const struct vl_entry *entries, size_t count,
                             size_t *stored)
{
    struct vl_run run = {.entries = entries, .count = count};
    vl_result result = vl_replica_receive_runs(r, &run, 1);
    *stored = run.stored;
    return result == VL_OK ? run.result : result;
}
