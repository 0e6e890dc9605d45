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

static bool waits(const struct pending *pending, const struct vl_id *log)
{
    for (size_t i = 0; i < pending->count; i++) {
        if (vl_id_equal(&pending->items[i]->log, log)) return true;
    }
    return false;
}

/* Takes over the chunk. LIMIT: no room; it is still the caller's. */
static vl_result pending_push(struct pending *pending, struct chunk *c)
{
    size_t entries = c->count - c->done;
    size_t bytes = chunk_size(c);
    if (entries > pending->max_entries - pending->entries ||
        bytes > VL_PENDING_BYTES_MAX - pending->bytes) {
        return VL_ERR_LIMIT;
    }
    if (pending->count == pending->capacity) {
        size_t capacity = pending->capacity == 0 ? 8 : pending->capacity * 2;
        struct chunk **items = realloc(pending->items, capacity * sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        pending->items = items;
        pending->capacity = capacity;
    }
    pending->items[pending->count++] = c;
    pending->entries += entries;
    pending->bytes += bytes;
    return VL_OK;
}

/* ---- giving a chunk to the replica ---- */

enum outcome { OUTCOME_DONE, OUTCOME_BLOCKED, OUTCOME_GAP, OUTCOME_FORK };

/* How many entries of the chunk are newer than my tip was. */
static uint64_t count_new(const struct session_log *log, const struct chunk *c)
{
    if (c->done == 0) return 0;
    uint64_t last = c->first + c->done - 1;
    if (!log->mine.known) return c->done;
    if (last <= log->mine.seq) return 0;
    uint64_t beyond = last - log->mine.seq;
    return beyond < c->done ? beyond : c->done;
}

static vl_result deliver(struct vl_session *s, struct chunk *c, enum outcome *outcome)
{
    struct vl_entry entries[VL_CHUNK_ENTRIES_MAX];
    size_t count = c->count - c->done;
    size_t stored = 0;
    for (size_t i = 0; i < count; i++) {
        entries[i] = chunk_entry(c, c->done + i);
    }
    vl_result result = vl_replica_receive(s->replica, entries, count, &stored);
    assert(stored <= count);
    c->done += stored;

    struct session_log *log = logs_find(&s->logs, &c->log);
    assert(log != NULL);
    uint64_t fresh = count_new(log, c);
    s->counts.entries_received += fresh;
    if (stored > 0) tip_raise(&log->mine, c->first + c->done - 1, &c->items[c->done - 1].id);
    if (fresh > 0) s->pending.retry = true;
    s->stored_generation = vl_replica_generation(s->replica);

    switch (result) {
    case VL_OK: *outcome = OUTCOME_DONE; return stored == count ? VL_OK : VL_ERR_INTERNAL;
    case VL_ERR_MISSING: *outcome = OUTCOME_BLOCKED; return VL_OK;
    case VL_ERR_GAP: *outcome = OUTCOME_GAP; return VL_OK;
    /* The run goes on from another entry than mine, or is another one with the same number. */
    case VL_ERR_PREV:
    case VL_ERR_FORK: *outcome = OUTCOME_FORK; return VL_OK;
    default: return result;
    }
}

/* ---- arrival ---- */

/* The peer has what it sent, and knows that I have it or ask again. */
static vl_result note_peer(struct vl_session *s, const struct chunk *c, struct session_log **out)
{
    struct vl_head head = {.log = c->log, .seq = chunk_last_seq(c), .id = *chunk_tip(c)};
    VL_TRY(logs_ensure(&s->logs, &head, 1));
    struct session_log *log = logs_find(&s->logs, &c->log);
    assert(log != NULL);
    tip_raise(&log->peer, head.seq, &head.id);
    tip_raise(&log->told, head.seq, &head.id);
    *out = log;
    return VL_OK;
}

static vl_result keep_or_drop(struct vl_session *s, struct session_log *log, struct chunk *c)
{
    vl_result result = pending_push(&s->pending, c);
    if (result == VL_OK) return VL_OK;
    chunk_destroy(c);
    if (result != VL_ERR_LIMIT) return result;
    log->dropped = true;
    return VL_OK;
}

/* There can be a gap only where something was let go, or was on its way when HEADS went out. */
static vl_result gap(const struct vl_session *s, struct session_log *log)
{
    if (!log->dropped && !log->stuck && !s->round_open) return VL_ERR_GAP;
    log->dropped = true;
    return VL_OK;
}

vl_result session_take_chunk(struct vl_session *s)
{
    struct chunk *c = s->receiving;
    struct session_log *log = NULL;
    enum outcome outcome = OUTCOME_DONE;
    s->receiving = NULL;
    vl_result result = note_peer(s, c, &log);
    if (result != VL_OK || log->forked) goto let_go;
    if (waits(&s->pending, &c->log)) return keep_or_drop(s, log, c);

    result = deliver(s, c, &outcome);
    if (result != VL_OK) goto let_go;
    switch (outcome) {
    case OUTCOME_DONE: break;
    case OUTCOME_BLOCKED: VL_TRY(keep_or_drop(s, log, c)); return session_retry(s);
    case OUTCOME_GAP: result = gap(s, log); break;
    case OUTCOME_FORK: log->forked = true; break;
    }
let_go:
    chunk_destroy(c);
    return result != VL_OK ? result : session_retry(s);
}

/* ---- trying again ---- */

/* One pass over the waiting chunks; of each log only as far as they are stored. */
static vl_result retry_pass(struct vl_session *s)
{
    struct pending *p = &s->pending;
    size_t kept = 0;
    vl_result result = VL_OK;
    p->pass++;
    p->entries = p->bytes = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct chunk *c = p->items[i];
        struct session_log *log = logs_find(&s->logs, &c->log);
        enum outcome outcome = OUTCOME_BLOCKED;
        assert(log != NULL);
        if (result == VL_OK && log->blocked_pass != p->pass && !log->forked) {
            result = deliver(s, c, &outcome);
        }
        if (outcome == OUTCOME_GAP) result = gap(s, log);
        if (outcome == OUTCOME_FORK) log->forked = true;
        if (log->forked || outcome == OUTCOME_DONE || outcome == OUTCOME_GAP) {
            chunk_destroy(c);
            continue;
        }
        log->blocked_pass = p->pass;
        p->items[kept++] = c;
        p->entries += c->count - c->done;
        p->bytes += chunk_size(c);
    }
    p->count = kept;
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

/* ---- the peer has sent everything ---- */

/* Whether something of the peer's is not stored and could be. */
static bool lacking(const struct vl_session *s)
{
    if (s->pending.count > 0) return true;
    for (size_t i = 0; i < s->logs.count; i++) {
        const struct session_log *log = &s->logs.items[i];
        if (log->dropped && !log->forked && !log->stuck) return true;
    }
    return false;
}

/* What waits or was dropped links to a branch that is refused here, and can never come. */
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
}

vl_result session_burst_ended(struct vl_session *s)
{
    return !s->round_open && lacking(s) ? session_begin_heads(s) : VL_OK;
}

vl_result session_round_ended(struct vl_session *s)
{
    s->round_open = false;
    s->peer_drained = true;
    if (!lacking(s)) return VL_OK;
    /* Whoever it came from: what another session stored meanwhile is no fault of this peer's. */
    if (vl_replica_generation(s->replica) != s->round_generation) return session_begin_heads(s);
    bool forked = false;
    for (size_t i = 0; i < s->logs.count; i++) {
        forked = forked || s->logs.items[i].forked;
    }
    if (!forked) return VL_ERR_LIMIT;
    give_up(s);
    return VL_OK;
}
