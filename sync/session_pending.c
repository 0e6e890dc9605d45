/* Chunks that arrived complete. One whose links are not here waits, bounded:
 *
 *   complete --all stored--> gone
 *            --MISSING--> waits --something new was stored--> tried again
 *            |               '--the peer drained--> let go, asked for by HEADS, or LIMIT
 *            '--over VL_PENDING_*--> dropped, the log is marked --the peer drained--> the same
 *
 * A round is one HEADS of mine and what the peer sends for it, until its HAVE says drained. */
#include "sync/session_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void pending_clear(struct pending *pending)
{
    for (size_t i = 0; i < pending->count; i++) {
        chunk_destroy(pending->items[i]);
    }
    pending->count = pending->entries = pending->bytes = 0;
}

void pending_finish(struct pending *pending)
{
    pending_clear(pending);
    free(pending->items);
    *pending = (struct pending){0};
}

void session_limit_pending(struct vl_session *s, size_t entries)
{
    assert(entries <= VL_PENDING_ENTRIES_MAX && s->pending.count == 0);
    s->pending.max_entries = entries;
}

static bool follows(const struct chunk *c, const struct chunk *before)
{
    return vl_id_equal(&before->log, &c->log) && chunk_last_seq(before) + 1 == c->first &&
           vl_id_equal(chunk_tip(before), &c->prev);
}

/* Whether it goes on from what is here of its open log, or lies beside that: it may wait for links,
 * but for nothing of its own log. */
static bool is_next(const struct session_log *log, const struct chunk *c)
{
    uint64_t next = log->mine.known ? log->mine.seq + 1 : 0;
    return !log->closed && c->first + c->done <= next;
}

/* Whether something waits that this one would have to wait for: what comes before c in its log.
 * What comes after may wait too (it was on its way when I asked for c), and holds nothing up. Of a
 * forked log several branches may come at once, which may not be closed here yet. */
static bool is_blocked(const struct pending *pending, const struct session_log *log,
                       const struct chunk *c)
{
    if (is_next(log, c)) return false;
    for (size_t i = 0; i < pending->count; i++) {
        const struct chunk *item = pending->items[i];
        if (log->closed ? follows(c, item)
                        : vl_id_equal(&item->log, &c->log) && item->first <= c->first)
            return true;
    }
    return false;
}

/* Takes over the chunk, which stands before those that follow it in its log; on an error it is
 * still the caller's. */
static vl_result pending_push(struct pending *pending, struct chunk *c)
{
    if (pending->count == pending->capacity) {
        size_t capacity = pending->capacity == 0 ? 8 : pending->capacity * 2;
        struct chunk **items = realloc(pending->items, capacity * sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        pending->items = items;
        pending->capacity = capacity;
    }
    size_t at = 0;
    while (at < pending->count && !(vl_id_equal(&pending->items[at]->log, &c->log) &&
                                    pending->items[at]->first > c->first))
        at++;
    memmove(&pending->items[at + 1], &pending->items[at],
            (pending->count - at) * sizeof *pending->items);
    pending->items[at] = c;
    pending->count++;
    pending->entries += c->count - c->done;
    pending->bytes += chunk_size(c);
    return VL_OK;
}

static bool fits(const struct pending *pending, const struct chunk *c)
{
    return pending->entries + (c->count - c->done) <= pending->max_entries &&
           pending->bytes + chunk_size(c) <= VL_PENDING_BYTES_MAX;
}

/* ---- giving chunks to the replica ----
 *
 * All that wait go in one call, one commit: writers who read each other link to and fro, and one
 * chunk alone would store an entry or two. */

#define BATCH_RUNS_MAX 64u
#define NO_RUN         UINT32_MAX
/* Of an open log in a pass, so that what a hostile peer lets wait costs little. An honest one shows
 * more branches of it only when several members lie together: one past has at most half as many. */
#define OPEN_RUNS_MAX (2u * VL_PERSON_CHAINS_MAX)

struct batch { /* chunks that follow one another make one run */
    struct vl_run runs[BATCH_RUNS_MAX];
    struct session_log *logs[BATCH_RUNS_MAX];
    struct vl_id tips[BATCH_RUNS_MAX];
    size_t bytes[BATCH_RUNS_MAX];
    size_t run_count;
    bool full;                /* a chunk found no run to begin, and may in the next batch */
    struct vl_entry *entries; /* of each run VL_CHUNK_ENTRIES_MAX */
};

/* The run that the chunk goes on, or another one of its log. */
static size_t batch_run(const struct batch *b, const struct session_log *log, const struct chunk *c)
{
    const struct vl_id *after = c->done == 0 ? &c->prev : &c->items[c->done - 1].id;
    size_t of_log = b->run_count;
    for (size_t at = 0; at < b->run_count; at++) {
        if (b->logs[at] != log) continue;
        if (vl_id_equal(&b->tips[at], after)) return at;
        of_log = at;
    }
    return log->closed ? b->run_count : of_log;
}

/* Puts the chunk at the end of its run, or begins one. */
static void batch_add(struct batch *b, struct session_log *log, struct chunk *c,
                      const struct vl_id *server)
{
    size_t at = batch_run(b, log, c);
    size_t count = c->count - c->done;
    if (at == BATCH_RUNS_MAX) {
        b->full = true;
        return;
    }
    struct vl_run *run = &b->runs[at];
    struct vl_entry *entries = &b->entries[at * VL_CHUNK_ENTRIES_MAX];
    const struct vl_id *after = c->done == 0 ? &c->prev : &c->items[c->done - 1].id;
    if (at == b->run_count) {
        b->runs[at] = (struct vl_run){.entries = entries, .server = server};
        b->logs[at] = log;
        b->bytes[at] = 0;
        b->run_count++;
    } else if (!vl_id_equal(&b->tips[at], after) || run->count + count > VL_CHUNK_ENTRIES_MAX ||
               b->bytes[at] + chunk_size(c) > VL_CHUNK_BYTES_MAX) {
        return;
    }
    for (size_t i = 0; i < count; i++)
        entries[run->count++] = chunk_entry(c, c->done + i);
    b->bytes[at] += chunk_size(c);
    b->tips[at] = *chunk_tip(c);
    c->run = (uint32_t)at;
}

/* How many of the first `count` entries the peer has shown that it has, with their blobs. When
 * blobs are lacking here, I asked for what comes; who lacks the same ones sends it without others
 * too, that may be here. */
static size_t count_given(const struct vl_session *s, const struct chunk *c, size_t count)
{
    size_t given = s->lacks_blobs ? 0 : count;
    while (given < count && c->items[given].has_blob)
        given++;
    return given;
}

/* What the replica took of a run is newer than my tip was. */
static vl_result note_stored(struct vl_session *s, struct session_log *log, const struct chunk *c,
                             size_t fresh)
{
    assert(c->done > 0 && fresh <= c->done);
    const struct vl_id *id = &c->items[c->done - 1].id;
    uint64_t last = c->first + c->done - 1;
    if (log->closed) {
        s->counts.entries_received += fresh;
        if (fresh > 0) s->pending.retry = true;
        const size_t given = count_given(s, c, c->done);
        return given > 0 ? session_peer_has(s, &c->items[given - 1].id) : VL_OK;
    }
    uint64_t newer = !log->mine.known                 ? c->done
                     : last <= log->mine.seq          ? 0
                     : last - log->mine.seq < c->done ? last - log->mine.seq
                                                      : c->done;
    s->counts.entries_received += newer;
    if (newer > 0) s->pending.retry = true;
    tip_raise(&log->mine, last, id);
    return VL_OK;
}

/* There can be a gap only where something was let go, or was on its way when HEADS went out. */
static vl_result gap(const struct vl_session *s, struct session_log *log)
{
    if (log->closed) return VL_OK;
    if (!log->dropped && !log->stuck && !s->round_open) return VL_ERR_GAP;
    log->dropped = true;
    return VL_OK;
}

/* What is left of a run after the replica has judged it. An error ends the session. */
static vl_result run_outcome(const struct vl_session *s, struct session_log *log,
                             const struct vl_run *run, bool *let_go)
{
    *let_go = false;
    switch (run->result) {
    case VL_OK: assert(run->stored == run->count); return VL_OK;
    case VL_ERR_MISSING: return VL_OK;
    case VL_ERR_GAP: *let_go = true; return gap(s, log);
    case VL_ERR_FORK: *let_go = true; return VL_OK;
    case VL_ERR_LIMIT: /* of this copy: the others go on */
        *let_go = log->held = true;
        return VL_OK;
    default: return run->result;
    }
}

/* Takes out of the waiting what was stored or let go. */
static vl_result batch_settle(struct vl_session *s, struct batch *b)
{
    struct pending *p = &s->pending;
    vl_result result = VL_OK;
    bool let_go[BATCH_RUNS_MAX];
    size_t stored[BATCH_RUNS_MAX];
    for (size_t at = 0; at < b->run_count; at++) {
        vl_result one = run_outcome(s, b->logs[at], &b->runs[at], &let_go[at]);
        if (result == VL_OK) result = one;
        stored[at] = b->runs[at].stored;
    }
    size_t kept = 0;
    p->entries = p->bytes = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct chunk *c = p->items[i];
        struct session_log *log = logs_find(&s->logs, &c->log);
        size_t at = c->run;
        assert(log != NULL);
        c->run = NO_RUN;
        if (at != NO_RUN) {
            size_t here = c->count - c->done < stored[at] ? c->count - c->done : stored[at];
            c->done += here;
            stored[at] -= here;
            vl_result noted = here > 0 ? note_stored(s, log, c, here) : VL_OK;
            if (result == VL_OK) result = noted;
        }
        if (c->done == c->count || (at != NO_RUN && let_go[at])) {
            chunk_destroy(c);
            continue;
        }
        p->items[kept++] = c;
        p->entries += c->count - c->done;
        p->bytes += chunk_size(c);
    }
    p->count = kept;
    return result;
}

/* Of an open log one run in a batch, and after the first one in a pass only other branches, for
 * which that one may wait. */
static bool may_begin(const struct pending *p, const struct session_log *log, const struct chunk *c)
{
    if (log->closed || log->pass != p->pass) return true;
    return is_next(log, c) && log->pass_runs < OPEN_RUNS_MAX;
}

/* The chunks that were not yet given in this pass. */
static void batch_fill(struct vl_session *s, struct batch *b)
{
    struct pending *p = &s->pending;
    b->run_count = 0;
    b->full = false;
    for (size_t i = 0; i < p->count; i++) {
        struct chunk *c = p->items[i];
        struct session_log *log = logs_find(&s->logs, &c->log);
        assert(log != NULL);
        c->run = NO_RUN;
        if (c->pass == p->pass) continue;
        bool begun = batch_run(b, log, c) < b->run_count;
        if (!begun && !may_begin(p, log, c)) continue;
        batch_add(b, log, c, vl_id_is_zero(&s->peer_person) ? NULL : &s->peer_person);
        if (c->run == NO_RUN) {
            b->full = b->full || (begun && !log->closed && may_begin(p, log, c));
            continue;
        }
        if (log->pass != p->pass) log->pass_runs = 0;
        log->pass_runs += !begun;
        c->pass = p->pass;
        log->pass = p->pass;
    }
}

/* Gives all that waits to the replica, BATCH_RUNS_MAX runs at a time. */
static vl_result retry_pass(struct vl_session *s)
{
    struct pending *p = &s->pending;
    struct batch *b = calloc(1, sizeof *b);
    if (b == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = VL_ERR_NO_MEMORY;
    size_t runs = p->count < BATCH_RUNS_MAX ? p->count : BATCH_RUNS_MAX;
    b->entries = malloc(runs * VL_CHUNK_ENTRIES_MAX * sizeof *b->entries);
    if (b->entries == NULL) goto out;
    p->pass++;
    result = VL_OK;
    for (bool more = true; result == VL_OK && more;) {
        batch_fill(s, b);
        more = b->full;
        if (b->run_count == 0) break;
        result = vl_replica_receive_runs(s->replica, b->runs, b->run_count);
        s->stored_generation = vl_replica_generation(s->replica);
        if (result == VL_OK) result = session_note_closed(s);
        if (result == VL_OK) result = batch_settle(s, b);
    }
out:
    free(b->entries);
    free(b);
    return result;
}

vl_result session_retry(struct vl_session *s)
{
    while (s->pending.retry && s->pending.count > 0) {
        s->pending.retry = false;
        VL_TRY(retry_pass(s));
    }
    s->pending.retry = false;
    return VL_OK;
}

/* ---- arrival ---- */

/* The peer has what it sent, and knows that I have it or ask again. */
static vl_result note_peer(struct vl_session *s, const struct chunk *c, struct session_log **out)
{
    struct vl_head head = {.log = c->log, .seq = chunk_last_seq(c), .id = *chunk_tip(c)};
    VL_TRY(logs_ensure(&s->logs, &head, 1));
    struct session_log *log = logs_find(&s->logs, &c->log);
    assert(log != NULL);
    /* it may lack blobs further back, for which it asked, and send what is newer */
    const size_t given = count_given(s, c, c->count);
    if (given > 0 && (c->first == 0 || (log->peer.known && log->peer.seq + 1 >= c->first)))
        tip_raise(&log->peer, c->first + given - 1, &c->items[given - 1].id);
    session_tell_received(log, c);
    *out = log;
    return VL_OK;
}

/* Whether the chunk lies beside what is here of its open log, and so may show a fork. */
static bool is_beside(const struct session_log *log, const struct vl_entry_header *first)
{
    if (log->closed || !log->mine.known || first->seq > log->mine.seq + 1) return false;
    return first->seq <= log->mine.seq || !vl_id_equal(&first->prev, &log->mine.id);
}

/* Whether the first entry's links are here. If not, nothing that waits can be helped by it; but a
 * fork is seen without them, and everything else may wait for its other branch. */
static vl_result is_free(struct vl_session *s, const struct session_log *log, const struct chunk *c,
                         bool *out)
{
    struct vl_entry_header header;
    struct vl_entry entry = chunk_entry(c, c->done);
    VL_TRY(vl_entry_header_decode(entry.header, &header));
    *out = true;
    if (is_beside(log, &header)) return VL_OK;
    for (size_t i = 0; *out && i < header.link_count; i++)
        VL_TRY(vl_replica_has(s->replica, &header.links[i], out));
    return VL_OK;
}

/* The newest goes: it may have stood in the room of one chunk beyond the limits, until now. */
static void pending_trim(struct vl_session *s)
{
    struct pending *p = &s->pending;
    while (p->entries > p->max_entries || p->bytes > VL_PENDING_BYTES_MAX) {
        struct chunk *last = p->items[--p->count];
        p->entries -= last->count - last->done;
        p->bytes -= chunk_size(last);
        logs_find(&s->logs, &last->log)->dropped = true;
        chunk_destroy(last);
    }
}

vl_result session_take_chunk(struct vl_session *s)
{
    struct pending *p = &s->pending;
    struct chunk *c = s->receiving;
    struct session_log *log = NULL;
    bool blocked = false, is_ready = false;
    s->receiving = NULL;
    vl_result result = note_peer(s, c, &log);
    if (result != VL_OK) goto let_go;
    blocked = is_blocked(p, log, c);
    if (!blocked) {
        result = is_free(s, log, c, &is_ready);
        if (result != VL_OK) goto let_go;
    }
    if (!is_ready && !fits(p, c)) {
        log->dropped = true;
        goto let_go;
    }
    result = pending_push(p, c);
    if (result != VL_OK) goto let_go;
    if (!is_ready && (blocked || p->count > 1)) return VL_OK;
    p->retry = true;
    result = session_retry(s);
    pending_trim(s);
    return result;
let_go:
    chunk_destroy(c);
    return result;
}

/* ---- the peer has sent everything ---- */

/* Whether something of the peer's is not stored and could be. What waits of closed logs may wait
 * for what is never taken here: it is no more than a cache. */
static bool lacking(struct vl_session *s)
{
    for (size_t i = 0; i < s->pending.count; i++) {
        if (!logs_find(&s->logs, &s->pending.items[i]->log)->closed) return true;
    }
    for (size_t i = 0; i < s->logs.count; i++) {
        const struct session_log *log = &s->logs.items[i];
        if (log->dropped && !log->closed && !log->stuck && !log->held) return true;
    }
    return false;
}

/* What waits or was dropped links to what is refused here, and can never come. */
static void give_up(struct vl_session *s)
{
    for (size_t i = 0; i < s->pending.count; i++) {
        struct session_log *log = logs_find(&s->logs, &s->pending.items[i]->log);
        assert(log != NULL);
        log->stuck = true;
    }
    for (size_t i = 0; i < s->logs.count; i++) {
        struct session_log *log = &s->logs.items[i];
        log->stuck = log->stuck || log->dropped;
    }
    pending_clear(&s->pending);
    s->gave_up = true;
    s->gave_up_generation = vl_replica_generation(s->replica);
    s->gave_up_at = s->heard;
}

void session_hope_again(struct vl_session *s, vl_instant now)
{
    if (!s->gave_up || s->round_open) return;
    if (vl_replica_generation(s->replica) == s->gave_up_generation) return;
    if (vl_instant_since(now, s->gave_up_at).ms < VL_PENDING_AGAIN_MS) return;
    for (size_t i = 0; i < s->logs.count; i++)
        s->logs.items[i].stuck = false;
    s->gave_up = false;
    s->reask = true;
}

vl_result session_burst_ended(struct vl_session *s)
{
    if (s->round_open) return VL_OK;
    if (lacking(s)) return session_begin_heads(s);
    pending_clear(&s->pending);
    return VL_OK;
}

vl_result session_round_ended(struct vl_session *s)
{
    s->round_open = false;
    s->peer_drained = true;
    if (!lacking(s)) {
        pending_clear(&s->pending);
        return VL_OK;
    }
    /* Whoever it came from: what another session stored meanwhile is no fault of this peer's. */
    if (vl_replica_generation(s->replica) != s->round_generation) return session_begin_heads(s);
    bool excused = false;
    for (size_t i = 0; i < s->logs.count; i++) {
        const struct session_log *log = &s->logs.items[i];
        excused = excused || log->closed || log->forked || log->held;
    }
    if (!excused) return VL_ERR_LIMIT;
    give_up(s);
    return VL_OK;
}
