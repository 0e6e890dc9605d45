/* What to send next. Nothing queues up: each message is made when the caller pulls it. */
#include "sync/session_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- HEADS and HAVE ---- */

vl_result session_begin_heads(struct vl_session *s)
{
    VL_TRY(session_refresh(s));
    size_t most = s->branches.count > 0 ? VL_HEADS_MAX : s->head_count;
    struct vl_head *heads = calloc(most + 1, sizeof *heads);
    if (heads == NULL) return VL_ERR_NO_MEMORY;
    size_t asked = 0;
    vl_result result = vl_replica_asked_heads(s->replica, heads, most, &asked);
    if (result != VL_OK) {
        free(heads);
        return result;
    }
    free(s->outgoing);
    s->outgoing = heads;
    s->outgoing_count = asked;
    s->outgoing_at = 0;
    s->outgoing_heads = true;

    pending_clear(&s->pending);
    for (size_t i = 0; i < s->logs.count; i++)
        s->logs.items[i].dropped = false;
    session_ask_whole(s);
    s->round_generation = s->generation;
    s->peer_drained = false;
    s->reask = false;
    s->round_open = true;
    s->counts.round_trips++;
    if (s->state == VL_SESSION_LIVE) s->state = VL_SESSION_SENDING;
    return VL_OK;
}

static vl_result begin_have(struct vl_session *s)
{
    struct vl_head *heads = NULL;
    size_t count = 0;
    if (s->to_file) return VL_OK;
    VL_TRY(session_untold(s, &heads, &count));
    if (heads == NULL) return VL_OK;
    free(s->outgoing);
    s->outgoing = heads;
    s->outgoing_count = count;
    s->outgoing_at = 0;
    s->outgoing_heads = false;
    return VL_OK;
}

static vl_result next_outgoing(struct vl_session *s, struct vl_buffer *out)
{
    vl_result result =
        s->outgoing_heads
            ? message_heads_write(s->outgoing, s->outgoing_count, &s->outgoing_at, out)
            : message_have_write(s->outgoing, s->outgoing_count, &s->outgoing_at, false, out);
    if (s->outgoing_at == s->outgoing_count) {
        free(s->outgoing);
        s->outgoing = NULL;
    }
    return result;
}

/* ---- ENTRIES ---- */

static bool has_work(const struct session_log *log)
{
    return log->mine.known && !log->closed && !log->peer_closed && !log->forked &&
           !tip_covers(&log->peer, &log->mine);
}

static uint64_t next_seq(const struct session_log *log)
{
    return log->peer.known ? log->peer.seq + 1 : 0;
}

static vl_result next_lamport(struct vl_session *s, struct session_log *log)
{
    uint64_t seq = next_seq(log);
    if (log->lamport_known && log->lamport_seq == seq) return VL_OK;
    VL_TRY(vl_replica_lamport(s->replica, &log->log, seq, &log->lamport));
    log->lamport_known = true;
    log->lamport_seq = seq;
    return VL_OK;
}

static vl_result branch_lamport(struct vl_session *s, struct session_branch *branch)
{
    if (branch->lamport_known && branch->lamport_seq == branch->next) return VL_OK;
    VL_TRY(closed_lamport(s->replica, branch->is.chain, branch->next, &branch->lamport));
    branch->lamport_known = true;
    branch->lamport_seq = branch->next;
    return VL_OK;
}

struct choice { /* an open log, or a chain of a closed one; both NULL: nothing to send */
    struct session_log *log;
    struct session_branch *branch;
    uint64_t lamport;
    size_t active; /* how many have something to send */
};

static bool goes_first(const struct choice *best, uint64_t lamport, const struct vl_id *log)
{
    if (best->log == NULL && best->branch == NULL) return true;
    const struct vl_id *other = best->log != NULL ? &best->log->log : &best->branch->is.log;
    if (lamport != best->lamport) return lamport < best->lamport;
    return vl_id_compare(log, other) < 0;
}

/* The one whose next entry is lowest in (lamport, log). */
static vl_result choose(struct vl_session *s, struct choice *out)
{
    *out = (struct choice){0};
    for (size_t i = 0; i < s->logs.count; i++) {
        struct session_log *log = &s->logs.items[i];
        if (!has_work(log)) continue;
        VL_TRY(next_lamport(s, log));
        out->active++;
        if (!goes_first(out, log->lamport, &log->log)) continue;
        *out = (struct choice){.log = log, .lamport = log->lamport, .active = out->active};
    }
    for (size_t i = 0; i < s->branches.count; i++) {
        struct session_branch *branch = &s->branches.items[i];
        if (!branch_has_work(branch)) continue;
        VL_TRY(branch_lamport(s, branch));
        out->active++;
        if (!goes_first(out, branch->lamport, &branch->is.log)) continue;
        *out = (struct choice){.branch = branch, .lamport = branch->lamport, .active = out->active};
    }
    return VL_OK;
}

static vl_result collect(void *context, const struct vl_entry_row *row)
{
    struct chunk *c = context;
    if (c->count == 0 && row->seq > 0) {
        struct vl_entry_header header;
        VL_TRY(vl_entry_header_decode(row->entry.header, &header));
        c->prev = header.prev;
    }
    return chunk_append(c, &row->entry);
}

static size_t most_entries(size_t active)
{
    size_t most = VL_CHUNK_ENTRIES_MAX / active;
    return most < CHUNK_ENTRIES_MIN ? CHUNK_ENTRIES_MIN : most;
}

/* Where to read: a log as it stands, or a chain of one that is closed. */
struct reading {
    const struct vl_id *log;
    const struct session_branch *branch; /* NULL: the log */
    uint64_t from;
};

static vl_result read_into(struct vl_session *s, const struct reading *at, size_t most,
                           struct chunk *c)
{
    if (at->branch != NULL)
        return closed_read(s->replica, at->branch->is.chain, at->from, most, VL_CHUNK_BYTES_MAX,
                           collect, c);
    return vl_replica_read_chunk(s->replica, at->log, at->from, most, VL_CHUNK_BYTES_MAX, collect,
                                 c);
}

/* A chunk ends with a well signed entry. When there is none among so many, its author signed badly
 * within a chunk of hers: then this one ends as late as any chunk may, which is not before hers. */
static vl_result read_chunk(struct vl_session *s, const struct reading *at, size_t most,
                            struct chunk **out)
{
    struct vl_id none = {{0}};
    struct chunk *c = NULL;
    VL_TRY(chunk_create(&c, at->log, at->from, &none));
    vl_result result = read_into(s, at, most, c);
    if (result == VL_ERR_LIMIT && c->count == 0) result = read_into(s, at, VL_CHUNK_ENTRIES_MAX, c);
    if (result == VL_OK && c->count == 0) result = VL_ERR_INTERNAL;
    if (result != VL_OK) {
        chunk_destroy(c);
        return result;
    }
    *out = c;
    return VL_OK;
}

static vl_result read_log(struct vl_session *s, const struct session_log *log, size_t active,
                          struct chunk **out)
{
    struct reading at = {.log = &log->log, .from = next_seq(log)};
    if (log->show_fork && at.from > log->mine.seq) at.from = log->mine.seq; /* of one length */
    return read_chunk(s, &at, most_entries(active), out);
}

static vl_result read_branch(struct vl_session *s, const struct session_branch *branch,
                             size_t active, struct chunk **out)
{
    struct reading at = {.log = &branch->is.log, .branch = branch, .from = branch->next};
    uint64_t left = branch->to - branch->next;
    size_t most = most_entries(active);
    return read_chunk(s, &at, left < most ? (size_t)left : most, out);
}

static vl_result first_prev(void *context, const struct vl_entry_row *row)
{
    struct vl_id *prev = context;
    struct vl_entry_header header;
    VL_TRY(vl_entry_header_decode(row->entry.header, &header));
    *prev = header.prev;
    return VL_ERR_EXISTS; /* ends the scan */
}

/* A tip of the peer's that is none of mine is of another branch. It is looked for before anything
 * is sent, and shown first, for what links to the branch can only be understood by who knows it. */
vl_result session_find_forks(struct vl_session *s)
{
    for (size_t i = 0; i < s->logs.count; i++) {
        struct session_log *log = &s->logs.items[i];
        struct vl_id prev = {{0}};
        if (!has_work(log) || !log->peer.known) continue;
        vl_result result =
            vl_replica_read_chunk(s->replica, &log->log, next_seq(log), VL_CHUNK_ENTRIES_MAX,
                                  VL_CHUNK_BYTES_MAX, first_prev, &prev);
        if (result != VL_ERR_EXISTS) return result == VL_OK ? VL_ERR_INTERNAL : result;
        if (vl_id_equal(&prev, &log->peer.id)) continue;
        log->forked = true;
        log->show_fork = true;
    }
    return VL_OK;
}

static struct session_log *fork_to_show(struct vl_session *s)
{
    for (size_t i = 0; i < s->logs.count; i++) {
        if (s->logs.items[i].show_fork) return &s->logs.items[i];
    }
    return NULL;
}

static vl_result begin_log_chunk(struct vl_session *s, struct session_log *log, size_t active)
{
    struct chunk *c = NULL;
    VL_TRY(read_log(s, log, active, &c));
    log->show_fork = false;
    log->peer_knows = true;
    tip_raise(&log->peer, chunk_last_seq(c), chunk_tip(c));
    session_tell_sent(log, c);
    s->counts.entries_sent += c->count;
    s->sending = c;
    return VL_OK;
}

static vl_result begin_branch_chunk(struct vl_session *s, struct session_branch *branch,
                                    size_t active)
{
    struct chunk *c = NULL;
    struct session_log *log = logs_find(&s->logs, &branch->is.log);
    VL_TRY(read_branch(s, branch, active, &c));
    if (log != NULL) log->peer_knows = true;
    branch->next = chunk_last_seq(c) + 1;
    s->counts.entries_sent += c->count;
    s->sending = c;
    return VL_OK;
}

/* Makes s->sending the next chunk; leaves it NULL when there is none. */
static vl_result begin_chunk(struct vl_session *s)
{
    struct choice choice;
    struct session_log *log = fork_to_show(s);
    if (log != NULL) return begin_log_chunk(s, log, 1);
    VL_TRY(choose(s, &choice));
    if (choice.log != NULL) return begin_log_chunk(s, choice.log, choice.active);
    if (choice.branch != NULL) return begin_branch_chunk(s, choice.branch, choice.active);
    return VL_OK;
}

static bool any_work(const struct vl_session *s)
{
    for (size_t i = 0; i < s->logs.count; i++) {
        if (has_work(&s->logs.items[i])) return true;
    }
    for (size_t i = 0; i < s->branches.count; i++) {
        if (branch_has_work(&s->branches.items[i])) return true;
    }
    return false;
}

static vl_result next_part(struct vl_session *s, struct vl_buffer *out)
{
    bool drained = !any_work(s);
    VL_TRY(message_entries_write(s->sending, drained, out));
    if (s->sending->done < s->sending->count) return VL_OK;
    chunk_destroy(s->sending);
    s->sending = NULL;
    return VL_OK;
}

/* ---- PING, PONG ---- */

static vl_result next_pong(struct vl_session *s, struct vl_buffer *out, vl_instant now)
{
    struct message_pong pong = {.token = s->pong_token};
    pong.has_wall =
        s->has_wall && !__builtin_add_overflow(s->wall_minus_instant, (int64_t)now.ms, &pong.wall);
    if (!pong.has_wall) pong.wall = 0;
    s->must_pong = false;
    return message_pong_write(&pong, out);
}

static vl_result next_ping(struct vl_session *s, struct vl_buffer *out, vl_instant now)
{
    s->pinged = true;
    s->ping_token++;
    s->ping_sent = now;
    s->next_ping = vl_instant_add(now, VL_SECONDS(VL_SESSION_PING_SECONDS));
    return message_ping_write(s->ping_token, out);
}

/* ---- the order of it all ---- */

static vl_result next_hello(struct vl_session *s, struct vl_buffer *out)
{
    s->hello_sent = true;
    s->counts.round_trips++;
    return message_hello_write(&s->hello, out);
}

static vl_result next_proof(struct vl_session *s, struct vl_buffer *out)
{
    bool last = false;
    VL_TRY(proof_source_next(&s->source, s->replica, &last, out));
    if (!last) return VL_OK;
    s->send_proof = false;
    proof_source_finish(&s->source);
    return VL_OK;
}

static vl_result next_drained(struct vl_session *s, struct vl_buffer *out, vl_instant now)
{
    size_t at = 0;
    s->must_drain = false;
    s->sent_drained = true;
    session_settle(s, now);
    return message_have_write(NULL, 0, &at, true, out);
}

struct fork_choice {
    struct vl_session *session;
    struct vl_buffer *out;
    bool to_all; /* also of logs that the peer is not known to know */
};

static vl_result fork_visit(void *context, const struct vl_fork *fork)
{
    struct fork_choice *choice = context;
    struct session_log *log = logs_find(&choice->session->logs, &fork->log);
    if (log == NULL || log->fork_shown || (!log->peer_knows && !choice->to_all)) return VL_OK;
    log->fork_shown = true;
    if (fork->proof.size == 0) return VL_OK;
    VL_TRY(message_fork_write(fork->proof, choice->out));
    return VL_ERR_EXISTS; /* ends the scan */
}

static bool any_to_show(const struct vl_session *s, bool to_all)
{
    for (size_t i = 0; i < s->logs.count; i++) {
        const struct session_log *log = &s->logs.items[i];
        if (log->closed && !log->fork_shown && (log->peer_knows || to_all)) return true;
    }
    return false;
}

/* Shows the peer the next proof that it may not have; of a log that it may not know when it was
 * sent all that there is. NOT_FOUND: there is none. */
static vl_result next_fork(struct vl_session *s, struct vl_buffer *out)
{
    struct fork_choice choice = {s, out, !any_work(s)};
    if (!any_to_show(s, choice.to_all)) return VL_ERR_NOT_FOUND;
    vl_result result = vl_replica_forks(s->replica, fork_visit, &choice);
    if (result == VL_ERR_EXISTS) return VL_OK;
    VL_TRY(result);
    for (size_t i = 0; i < s->logs.count; i++) { /* closed for another reason */
        struct session_log *log = &s->logs.items[i];
        if (log->closed && (log->peer_knows || choice.to_all)) log->fork_shown = true;
    }
    return VL_ERR_NOT_FOUND;
}

vl_result session_send_next(struct vl_session *s, struct vl_buffer *out, vl_instant now)
{
    if (!s->hello_sent) return next_hello(s, out);
    if (s->send_proof) return next_proof(s, out);
    if (!s->proven) return VL_ERR_NOT_FOUND; /* S1 */
    if (s->outgoing != NULL) return next_outgoing(s, out);
    if (s->state != VL_SESSION_SENDING && s->state != VL_SESSION_LIVE) return VL_ERR_NOT_FOUND;

    session_hope_again(s, now);
    if ((s->reask || session_wants_blobs(s)) && !s->round_open) {
        VL_TRY(session_begin_heads(s));
        return next_outgoing(s, out);
    }
    if (s->must_pong) return next_pong(s, out, now);
    if (vl_instant_reached(now, s->next_ping)) return next_ping(s, out, now);
    if (s->sending == NULL) {
        vl_result shown = next_fork(s, out);
        if (shown != VL_ERR_NOT_FOUND) return shown;
        VL_TRY(begin_have(s));
        if (s->outgoing != NULL) return next_outgoing(s, out);
        VL_TRY(begin_chunk(s));
    }
    if (s->sending != NULL) return next_part(s, out);
    if (s->must_drain) return next_drained(s, out, now);
    return session_next_cursor(s, out, now);
}
