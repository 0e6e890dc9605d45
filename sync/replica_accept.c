/* Runs of entries from a peer. All of it is hostile until checked:
 *
 *   run_read     each entry by itself: encoding, circle, log, number, previous id, blob's hash
 *   run_known    what is here already, by id; contradiction is a fork, and closes the log
 *   run_admitted of a closed log, whether more is taken, and on whose account
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
    struct vl_id server; /* who gave it; zero: nobody that is known */
    struct vl_id prev;   /* of its first entry; zero for number 0 */
    bool founds;         /* its first entry is a number 0 with no control entry in its past */
    struct spot spot;    /* where the first one that is not known goes */
    bool owned;          /* a new branch of it is one of the two that are kept */
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
        run->prev = header.prev;
        run->founds = header.seq == 0 && header.auth_count == 0;
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
    return fork_close(r, chain->row.index, run->entries, good, run->count, run->first_seq, split);
}

/* Where the run begins: its first entry's predecessor. GAP: entries before it are missing here.
 * FORK: that one is of a branch that is not here. */
static vl_result run_begins(struct vl_replica *r, struct run *run, struct chain *root)
{
    struct spot *spot = &run->spot;
    *spot = (struct spot){.chain = NO_CHAIN};
    if (run->first_seq == 0) return VL_OK;
    if (root == NULL) return VL_ERR_GAP;
    bool closed = row_is_closed(&root->row);
    if (!closed && run->first_seq > root->row.tip_seq + 1) return VL_ERR_GAP;
    vl_result result = branch_place(r, &run->prev, &spot->chain, &spot->seq);
    if (result == VL_OK && (!vl_id_equal(&r->chains[spot->chain].row.log, &run->log) ||
                            spot->seq + 1 != run->first_seq))
        return VL_ERR_PREV;
    if (result != VL_ERR_MISSING) return result;
    if (!closed) VL_TRY(contradiction(r, run, root, 0));
    return VL_ERR_FORK;
}

/* Most runs go on from the one tip of their log, or have it in them: each names the one before, so
 * what stands before the tip is known. */
static bool run_meets_tip(const struct vl_replica *r, struct run *run, const struct vl_log_row *row)
{
    size_t chains;
    uint64_t here = row->tip_seq + 1 - run->first_seq;
    (void)chain_family(r, &run->log, &chains);
    if (chains != 1 || run->first_seq > row->tip_seq + 1 || here > run->count) return false;
    const struct vl_id *tip = here == 0 ? &run->prev : &run->ids[here - 1];
    if (!vl_id_equal(tip, &row->tip)) return false;
    run->known = (size_t)here;
    run->spot = (struct spot){.chain = row->index, .seq = row->tip_seq};
    return true;
}

/* Sets run->known, and the spot of what is not. */
static vl_result run_known(struct vl_replica *r, struct run *run)
{
    struct chain *root = chain_find(r, &run->log);
    struct spot *spot = &run->spot;
    run->known = 0;
    if (root != NULL) memcpy(run->sign_key, root->row.sign_key, sizeof run->sign_key);
    if (root != NULL && run_meets_tip(r, run, &root->row)) return VL_OK;
    VL_TRY(run_begins(r, run, root));
    while (root != NULL && run->known < run->count) {
        uint32_t chain;
        uint64_t seq;
        vl_result result = branch_place(r, &run->ids[run->known], &chain, &seq);
        if (result == VL_ERR_MISSING) break;
        VL_TRY(result);
        *spot = (struct spot){.chain = chain, .seq = seq};
        run->known++;
    }
    if (run->known == run->count || root == NULL) return VL_OK;
    spot->is_branch = spot->chain == NO_CHAIN || spot->seq != r->chains[spot->chain].row.tip_seq;
    if (!spot->is_branch || row_is_closed(&root->row)) return VL_OK;
    return contradiction(r, run, root, run->known);
}

/* Whether this would be another log of somebody who has too many. */
static bool begins_crowded(const struct vl_replica *r, const struct run *run)
{
    struct vl_entry_header header;
    struct vl_id person;
    return run->first_seq == 0 && r->closed_count > 0 &&
           vl_entry_header_decode(run->entries[0].header, &header) == VL_OK &&
           member_person(r, header.sign_key, header.auth, header.auth_count, &person) &&
           vl_replica_is_crowded(r, &person);
}

/* A second founding of one circle would be another circle: the proof is all that is kept of it. */
static vl_result run_admitted(struct vl_replica *r, const struct run *run)
{
    const struct chain *root = chain_find(r, &run->log);
    if (run->known == run->count) return VL_OK;
    if (root == NULL && !begins_crowded(r, run)) return VL_OK;
    if (root != NULL && !row_is_closed(&root->row)) return VL_OK;
    if (root != NULL && run->founds && run->known == 0) return VL_ERR_FORK;
    if (root != NULL && branch_is_owned(r, &root->row)) return VL_OK;
    return branch_admit(r, &run->spot, &run->server);
}

/* ---- storing ---- */

/* Where the run goes on. A new chain's person is found when its first entry is looked at. */
static vl_result place_of(struct vl_replica *r, struct run *run)
{
    struct place *place = &run->place;
    const struct spot *spot = &run->spot;
    const struct chain *root = chain_find(r, &run->log);
    run->owned = false;
    place->is_new = spot->chain == NO_CHAIN || spot->is_branch;
    if (!place->is_new) {
        place->row = r->chains[spot->chain].row;
        run->owned = row_is_closed(&place->row) && branch_is_owned(r, &place->row);
        return VL_OK;
    }
    uint32_t index = chain_free_index(r);
    if (index >= VL_HEADS_MAX) return VL_ERR_LIMIT;
    place->row = (struct vl_log_row){.index = index,
                                     .parent = spot->chain == NO_CHAIN ? index : spot->chain,
                                     .first_seq = run->first_seq + run->known,
                                     .log = run->log};
    memcpy(place->row.sign_key, run->sign_key, sizeof place->row.sign_key);
    if (root != NULL) {
        place->row.person = root->row.person;
        place->row.flags = root->row.flags & (VL_LOG_FORKED | VL_LOG_CROWDED);
        run->owned = branch_is_owned(r, &root->row);
    }
    if (spot->chain == NO_CHAIN) return VL_OK;
    return branch_sizes(r, spot->chain, spot->seq, &place->row.bytes, &place->row.controls);
}

struct taken { /* of an entry, while it is judged */
    const struct vl_entry *entry;
    struct vl_entry_header header;
    const struct vl_id *id;
    uint32_t flags;
};

static vl_result accept_body(struct vl_replica *r, struct place *place, struct taken *taken)
{
    struct vl_control control = {0};
    const struct vl_entry_header *header = &taken->header;
    bool is_control = header->kind == VL_ENTRY_CONTROL;
    /* an epoch in its past that becomes live with it is learnt before the commit */
    bool counts = count_next(r, place, header->seq) && (is_control || epoch_is_past(r, header));
    if (is_control) VL_TRY(vl_control_decode(taken->entry->blob, &control));
    vl_result result = VL_OK;
    if (header->seq == 0)
        result = member_may_begin(r, header, is_control ? &control : NULL, &place->row.person);
    if (result == VL_OK && place->is_new && vl_replica_is_crowded(r, &place->row.person))
        place->row.flags |= VL_LOG_CROWDED;
    struct control_entry about = {.id = taken->id,
                                  .header = header,
                                  .control = &control,
                                  .author = place->row.sign_key,
                                  .is_outside = !live_is_source(&place->row)};
    if (result == VL_OK && is_control) result = member_check(r, &about);
    if (result == VL_OK && is_control) result = member_learn(r, &about);
    if (result == VL_OK && is_control) taken->flags |= VL_ENTRY_MERGED;
    if (!is_control) epoch_is_used(r, &taken->header);
    if (!is_control && !counts) taken->flags |= VL_ENTRY_QUARANTINED; /* until it is counted */
    if (result == VL_OK && !is_control && counts)
        result =
            merge_entry(r, place->row.index, header, taken->id, taken->entry->blob, &taken->flags);
    vl_control_finish(&control);
    return result;
}

/* Whether control entries are in its past that are not in that of the entry before: what is newest
 * of them is not the same then. */
static bool shows_control(const struct past *past, const struct past *prev)
{
    const size_t count = past->control_count;
    return prev == NULL || prev->control_count != count ||
           memcmp(prev->controls, past->controls, count * sizeof past->controls[0]) != 0;
}

/* Stores the run's next entry; when it is refused nothing has changed. */
static vl_result store_next(struct vl_replica *r, struct run *run)
{
    const size_t i = run->next;
    struct vl_entry kept = run->entries[i];
    struct taken taken = {.entry = &kept, .id = &run->ids[i]};
    struct place *place = &run->place;
    struct past *prev = NULL, *past = NULL;
    if (run->signatures[i] == SIGNATURE_GOOD) taken.flags = VL_ENTRY_VERIFIED;
    if (i == run->known) VL_TRY(place_of(r, run));
    VL_TRY(vl_entry_header_decode(kept.header, &taken.header));
    VL_TRY(chain_has_room(&place->row, &taken.header, kept.header.size));
    if (taken.header.seq > 0) VL_TRY(replica_past(r, &taken.header.prev, &prev));
    vl_result result = replica_judge(r, &taken.header, taken.id, &place->row, prev, &past);
    if (result == VL_OK)
        result = erase_arriving(r, &taken.header, taken.id, run->sign_key, &kept, &taken.flags);
    if (result == VL_OK) result = accept_body(r, place, &taken);
    if (result == VL_OK) result = put_entry(r, &kept, taken.header.kind, past, taken.flags);
    /* entries of mine that I do not have: I was copied or restored, and begin a new log */
    if (!row_is_closed(&place->row)) place->row.flags &= ~VL_LOG_OWN;
    if (result == VL_OK) result = chain_advance(r, place, past, &taken.header, kept.header.size);
    if (result == VL_OK) {
        struct vl_log_row *row = &r->chains[place->row.index].row;
        if (run->owned) {
            /* what is kept may hold seals for me */
            if (row->kept != past->seq || shows_control(past, prev)) r->relearn = true;
            row->kept = place->row.kept = past->seq + 1;
        } else if (row_is_closed(row))
            branch_served(r, row->index, &run->server);
        live_stored(r, past);
        count_stored(r, past, taken.flags);
        past_cache_put(&r->pasts, past);
        run->last_flags = taken.flags;
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
    if (result == VL_OK) result = run_admitted(r, run);
    if (result == VL_OK)
        run_signed(run);
    else
        run_shorten(run, run->known, result);
}

static vl_result receive(struct vl_replica *r, struct run *runs, size_t count)
{
    bool again = true;
    while (again)
        VL_TRY(store_runs(r, runs, count, &again));
    return VL_OK;
}

/* Two that would go to one place: the second waits until the first is stored. */
static bool collide(const struct run *a, const struct run *b)
{
    if (!vl_id_equal(&a->log, &b->log) || a->known == a->count || b->known == b->count)
        return false;
    if (a->spot.chain != b->spot.chain || a->spot.is_branch != b->spot.is_branch) return false;
    if (!a->spot.is_branch) return true;
    return vl_id_equal(&a->ids[a->known], &b->ids[b->known]);
}

/* Closing a log, or dropping what makes room, moves the places of runs that were looked at before:
 * then all are looked at again. Both come to an end. Fails only by a fault of the machine. */
static vl_result prepare_all(struct vl_replica *r, const struct vl_run *runs, struct run *prepared,
                             size_t count)
{
    uint64_t changes;
    do {
        changes = r->closings + r->cuts;
        for (size_t i = 0; i < count; i++) {
            prepared[i] = (struct run){0};
            if (runs[i].server != NULL) prepared[i].server = *runs[i].server;
            prepare(r, &prepared[i], runs[i].entries, runs[i].count);
            if (!is_peers_fault(prepared[i].why)) return prepared[i].why;
        }
    } while (r->closings + r->cuts != changes);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (collide(&prepared[k], &prepared[i]))
                run_shorten(&prepared[i], prepared[i].known, VL_ERR_GAP);
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
    vl_result result = prepare_all(r, runs, prepared, count);
    if (result == VL_OK) result = receive(r, prepared, count);
    for (size_t i = 0; i < count; i++) {
        runs[i].stored = result == VL_OK ? prepared[i].count : prepared[i].known;
        runs[i].result = result == VL_OK ? prepared[i].why : result;
    }
    for (size_t i = 0; result == VL_OK && i < count; i++)
        if (prepared[i].known > 0)
            result = bare_fill(r, &prepared[i].log, prepared[i].entries, prepared[i].ids,
                               prepared[i].known);
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
