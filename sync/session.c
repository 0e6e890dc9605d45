/* States and dispatch.
 *
 *  CREATED --greet--> GREETING --receive_hello: current--> admit --equal digests--> LIVE
 *                        |                                  |  '--else--> COMPARING
 *                        '--else--> PROVING --receive_proof-'                 | receive_heads
 *                                   (both ask: receive_unknown)               |
 *                                                                             v
 *                        LIVE <--session_settle: both sides drained------- SENDING
 *                          '--session_begin_heads, receive_heads--------------^
 *  any --fail--> FAILED */
#include "sync/session_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BIT(type) (1u << MESSAGE_##type)
#define TO_MEMBERS                                                                                 \
    (BIT(HEADS) | BIT(ENTRIES) | BIT(HAVE) | BIT(PING) | BIT(PONG) | BIT(FORK) | BIT(CURSOR))

/* Which messages a state accepts; a state without any is in the table too. */
static const unsigned accepted[] = {
    [VL_SESSION_CREATED] = BIT(HELLO), [VL_SESSION_GREETING] = BIT(HELLO),
    [VL_SESSION_PROVING] = BIT(PROOF), [VL_SESSION_COMPARING] = BIT(HEADS),
    [VL_SESSION_SENDING] = TO_MEMBERS, [VL_SESSION_LIVE] = TO_MEMBERS,
    [VL_SESSION_FAILED] = 0,
};

static vl_result fail(struct vl_session *s, vl_result why)
{
    assert(why != VL_OK);
    if (s->state != VL_SESSION_FAILED) {
        s->state = VL_SESSION_FAILED;
        s->error = why;
        pending_clear(&s->pending);
        chunk_destroy(s->receiving);
        s->receiving = NULL;
    }
    return s->error;
}

vl_result vl_session_create(struct vl_session **out, const struct vl_session_config *config,
                            vl_instant now)
{
    size_t heads = 0;
    struct vl_device_info peer;
    /* Loads the replica again when a failed commit has left it without its memory. */
    vl_result known = vl_replica_device_by_noise(config->replica, config->peer_noise, &peer);
    if (known != VL_OK && known != VL_ERR_NOT_FOUND) return known;
    VL_TRY(vl_replica_heads(config->replica, NULL, 0, &heads));
    if (heads == 0 && !config->expect_newcomer) return VL_ERR_STATE;
    struct vl_session *s = calloc(1, sizeof *s);
    if (s == NULL) return VL_ERR_NO_MEMORY;
    *s = (struct vl_session){.replica = config->replica,
                             .expect_newcomer = config->expect_newcomer,
                             .proves_first = config->proves_first && heads > 0,
                             .state = VL_SESSION_CREATED,
                             .heard = now,
                             .quick_pings = VL_SESSION_QUICK_PINGS};
    memcpy(s->peer_noise, config->peer_noise, sizeof s->peer_noise);
    if (config->expect_sign != NULL) {
        s->has_expect_sign = true;
        memcpy(s->expect_sign, config->expect_sign, sizeof s->expect_sign);
        if (config->expect_person != NULL) s->expect_person = *config->expect_person;
    }
    session_limit_pending(s, VL_PENDING_ENTRIES_MAX);
    *out = s;
    return VL_OK;
}

void vl_session_destroy(struct vl_session *s)
{
    if (s == NULL) return;
    proof_destroy(s->proof);
    proof_source_finish(&s->source);
    logs_finish(&s->logs);
    free(s->branches.items);
    free(s->heads);
    free(s->outgoing);
    free(s->incoming);
    chunk_destroy(s->sending);
    chunk_destroy(s->receiving);
    pending_finish(&s->pending);
    session_forks_finish(&s->forks);
    free(s);
}

/* ---- my own copy ---- */

static vl_result read_heads(struct vl_session *s)
{
    size_t count = 0;
    VL_TRY(vl_replica_heads(s->replica, s->heads, s->head_capacity, &count));
    assert(count <= VL_HEADS_MAX); /* a copy takes no more */
    if (count > s->head_capacity) {
        struct vl_head *heads = realloc(s->heads, count * sizeof *heads);
        if (heads == NULL) return VL_ERR_NO_MEMORY;
        s->heads = heads;
        s->head_capacity = count;
        VL_TRY(vl_replica_heads(s->replica, s->heads, s->head_capacity, &count));
    }
    s->head_count = count;
    VL_TRY(logs_ensure(&s->logs, s->heads, count));
    for (size_t i = 0; i < count; i++) {
        const struct vl_head *head = &s->heads[i];
        struct session_log *log = logs_find(&s->logs, &head->log);
        log->mine = (struct session_tip){.known = true, .seq = head->seq, .id = head->id};
    }
    VL_TRY(session_list_branches(s));
    return session_read_whole(s);
}

/* Whether the peer's device is current in my copy, and whose it is. */
static vl_result find_peer(struct vl_session *s, bool *current)
{
    struct vl_device_info device;
    vl_result result = vl_replica_device_by_noise(s->replica, s->peer_noise, &device);
    *current = result == VL_OK && device.current;
    if (result == VL_OK) s->peer_person = device.person;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result check_peer(struct vl_session *s)
{
    bool current = false;
    if (!s->proven) return VL_OK;
    VL_TRY(find_peer(s, &current));
    if (current) {
        /* What she proved has arrived; from now on my own copy decides. */
        proof_destroy(s->proof);
        s->proof = NULL;
        return VL_OK;
    }
    if (s->proof == NULL) return VL_ERR_AUTHORITY;
    VL_TRY(proof_update(s->proof));
    return proof_noise_current(s->proof, s->peer_noise);
}

vl_result session_refresh(struct vl_session *s)
{
    uint64_t generation = vl_replica_generation(s->replica);
    if (s->refreshed && generation == s->generation) return VL_OK;
    VL_TRY(read_heads(s));
    s->refreshed = true;
    s->generation = generation;
    if (generation != s->stored_generation) s->pending.retry = true;
    return check_peer(s);
}

/* ---- greeting ---- */

static int id_order(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

/* Fixes what HELLO says. */
static vl_result greet(struct vl_session *s)
{
    struct vl_bytes names[VL_AUTH_MAX];
    bool current = false;
    VL_TRY(session_refresh(s));
    VL_TRY(find_peer(s, &current));
    s->asked = !current;
    s->proven = false;
    s->hello = (struct message_hello){.prove = s->asked};
    vl_replica_heads_digest(s->replica, &s->hello.digest);
    struct vl_membership *membership = vl_replica_membership(s->replica);
    if (membership == NULL) return VL_ERR_NO_MEMORY;
    size_t count = vl_membership_frontier(membership, names, VL_AUTH_MAX);
    if (count > VL_AUTH_MAX) count = VL_AUTH_MAX;
    for (size_t i = 0; i < count; i++) {
        if (names[i].size != sizeof s->hello.control[i].bytes) return VL_ERR_INTERNAL;
        memcpy(s->hello.control[i].bytes, names[i].data, names[i].size);
    }
    s->hello.control_count = count;
    qsort(s->hello.control, count, sizeof s->hello.control[0], id_order);
    for (size_t i = 0; i < s->logs.count; i++) {
        s->logs.items[i].hello = s->logs.items[i].mine;
        s->logs.items[i].hello_whole = s->logs.items[i].whole;
    }
    s->state = VL_SESSION_GREETING;
    return VL_OK;
}

static void go_live(struct vl_session *s, vl_instant now)
{
    if (s->state < VL_SESSION_SENDING) s->next_ping = now;
    s->state = VL_SESSION_LIVE;
}

static vl_result begin_proof(struct vl_session *s)
{
    if (s->proof_begun) return VL_OK;
    VL_TRY(proof_source_init(&s->source, s->peer_hello.control, s->peer_hello.control_count));
    s->send_proof = s->proof_begun = true;
    return VL_OK;
}

/* The peer is a member: compare. */
static vl_result admit(struct vl_session *s, vl_instant now)
{
    s->proven = true;
    if (s->peer_hello.prove) VL_TRY(begin_proof(s));
    if (vl_id_is_zero(&s->hello.digest) || !vl_id_equal(&s->hello.digest, &s->peer_hello.digest)) {
        s->state = VL_SESSION_COMPARING;
        return session_begin_heads(s);
    }
    for (size_t i = 0; i < s->logs.count; i++) {
        struct session_log *log = &s->logs.items[i];
        log->peer = log->hello;
        log->told = log->hello_whole;
        log->peer_knows = log->hello.known;
    }
    /* Of closed logs what is live is the same; whoever lacks a branch asks. */
    for (size_t i = 0; i < s->branches.count; i++)
        s->branches.items[i].next = s->branches.items[i].is.tip_seq + 1;
    s->sent_drained = s->peer_drained = true;
    /* the digest does not tell whether a branch of a closed log is lacking */
    s->reask = session_lacks_branches(s);
    go_live(s, now);
    return VL_OK;
}

/* I asked for her proof. When she asks for mine as well, one of us has to begin: who dialled, for
 * the answerer showed that it holds the current epoch's secret before it learned anything, while a
 * dialler may be anybody who got hold of that key. The other waits; the deadline ends it when
 * nobody begins. A device that I know to be no longer current is shown nothing. */
static vl_result receive_unknown(struct vl_session *s)
{
    VL_TRY(proof_create(&s->proof, s->replica, PROOF_MAX(s->expect_newcomer)));
    s->state = VL_SESSION_PROVING;
    if (!s->peer_hello.prove || !s->proves_first) return VL_OK;
    struct vl_device_info device;
    vl_result known = vl_replica_device_by_noise(s->replica, s->peer_noise, &device);
    return known == VL_ERR_NOT_FOUND ? begin_proof(s) : known;
}

static vl_result receive_hello(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    struct message_hello hello;
    VL_TRY(message_hello_read(r, &hello));
    s->peer_hello = hello;
    if (s->asked) return receive_unknown(s);
    bool current = false;
    VL_TRY(find_peer(s, &current));
    if (!current) return VL_ERR_AUTHORITY;
    if (s->has_expect_sign) {
        struct vl_device_info device;
        vl_result result = vl_replica_device(s->replica, s->expect_sign, &device);
        if (result == VL_ERR_NOT_FOUND || (result == VL_OK && !device.current)) {
            return VL_ERR_AUTHORITY;
        }
        VL_TRY(result);
        if (!vl_id_is_zero(&s->expect_person) && !vl_id_equal(&s->expect_person, &device.person))
            return VL_ERR_AUTHORITY;
    }
    return admit(s, now);
}

static vl_result receive_proof(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    const struct vl_id *person = vl_id_is_zero(&s->expect_person) ? NULL : &s->expect_person;
    bool last = false;
    size_t count = 0;
    VL_TRY(message_proof_begin(r, &last, &count));
    for (size_t i = 0; i < count; i++) {
        struct proof_item item;
        message_proof_item(r, &item);
        VL_TRY(r->result);
        vl_result result = proof_add(s->proof, &item);
        /* It rests on what I do not have, or have no more: a log was closed since my HELLO. */
        if (result == VL_ERR_MISSING) return VL_ERR_AUTHORITY;
        VL_TRY(result);
    }
    VL_TRY(vl_reader_end(r));
    if (!last) return VL_OK;
    VL_TRY(proof_update(s->proof));
    VL_TRY(proof_noise_current(s->proof, s->peer_noise));
    if (s->has_expect_sign) VL_TRY(proof_sign_current(s->proof, s->expect_sign, person));
    return admit(s, now);
}

/* ---- heads ---- */

static vl_result apply_head(struct vl_session *s, const struct vl_head *head)
{
    struct session_log *log = logs_find(&s->logs, &head->log);
    assert(log != NULL);
    log->peer_knows = true;
    if (log->closed) return session_peer_has(s, &head->id);
    tip_raise(&log->peer, head->seq, &head->id);
    if (log->mine.known && log->mine.seq == head->seq && !vl_id_equal(&log->mine.id, &head->id)) {
        log->show_fork = !log->forked && !log->fork_shown;
        log->forked = true;
    }
    return VL_OK;
}

/* Several heads of one log: the peer holds it for closed. What of them I know the peer has; the
 * rest I learn by what it shows. */
static vl_result apply_several(struct vl_session *s, const struct vl_head *heads, size_t count)
{
    struct session_log *log = logs_find(&s->logs, &heads[0].log);
    log->peer_knows = log->peer_closed = true;
    for (size_t i = 0; i < count; i++) {
        bool has = false;
        if (!log->closed) VL_TRY(vl_replica_has(s->replica, &heads[i].id, &has));
        if (log->closed)
            VL_TRY(session_peer_has(s, &heads[i].id));
        else if (has)
            tip_raise(&log->peer, heads[i].seq, &heads[i].id);
    }
    return VL_OK;
}

static vl_result receive_heads(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    bool last = false;
    if (s->incoming == NULL) {
        s->incoming = malloc(VL_HEADS_MAX * sizeof *s->incoming);
        if (s->incoming == NULL) return VL_ERR_NO_MEMORY;
        s->incoming_count = 0;
    }
    VL_TRY(message_heads_read(r, true, &last, s->incoming, VL_HEADS_MAX, &s->incoming_count));
    if (!last) return VL_OK;

    VL_TRY(vl_replica_peer_heads(s->replica, s->incoming, s->incoming_count));
    VL_TRY(logs_ensure(&s->logs, s->incoming, s->incoming_count));
    for (size_t i = 0; i < s->logs.count; i++) {
        s->logs.items[i].peer = (struct session_tip){0};
        s->logs.items[i].peer_closed = false;
    }
    session_forget_branches(s);
    for (size_t i = 0, next; i < s->incoming_count; i = next) {
        const struct vl_head *head = &s->incoming[i];
        for (next = i + 1; next < s->incoming_count; next++)
            if (!vl_id_equal(&s->incoming[next].log, &head->log)) break;
        VL_TRY(next - i == 1 ? apply_head(s, head) : apply_several(s, head, next - i));
    }
    VL_TRY(session_hear_whole(s, s->incoming, s->incoming_count));
    free(s->incoming);
    s->incoming = NULL;
    if (s->state == VL_SESSION_COMPARING) s->next_ping = now;
    s->state = VL_SESSION_SENDING;
    s->must_drain = true;
    s->sent_drained = false;
    VL_TRY(session_aim_branches(s));
    return session_find_forks(s);
}

static vl_result receive_have(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    bool drained = false;
    size_t count = 0;
    struct vl_head *heads = malloc(MESSAGE_HEADS_MAX * sizeof *heads);
    if (heads == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = message_heads_read(r, false, &drained, heads, MESSAGE_HEADS_MAX, &count);
    if (result == VL_OK) result = logs_ensure(&s->logs, heads, count);
    for (size_t i = 0; result == VL_OK && i < count; i++)
        result = apply_head(s, &heads[i]);
    if (result == VL_OK) result = session_hear_whole(s, heads, count);
    free(heads);
    VL_TRY(result);
    if (!drained) return VL_OK;
    /* It answers a HEADS, once. */
    if (!s->round_open) return VL_ERR_STATE;
    VL_TRY(session_round_ended(s));
    session_settle(s, now);
    return VL_OK;
}

void session_settle(struct vl_session *s, vl_instant now)
{
    if (s->state == VL_SESSION_SENDING && s->sent_drained && s->peer_drained) go_live(s, now);
}

/* ---- entries ---- */

static vl_result receive_entries(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    (void)now;
    unsigned flags = 0;
    VL_TRY(message_entries_read(r, vl_replica_circle(s->replica), &s->receiving, &flags));
    if ((flags & ENTRIES_LAST) == 0) return VL_OK;
    VL_TRY(session_take_chunk(s));
    return (flags & ENTRIES_DRAINED) != 0 ? session_burst_ended(s) : VL_OK;
}

static vl_result receive_fork(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    (void)now;
    return session_take_fork(s, r);
}

/* ---- clocks ---- */

static vl_result receive_ping(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    (void)now;
    uint64_t token = 0;
    VL_TRY(message_ping_read(r, &token));
    s->must_pong = true;
    s->pong_token = token;
    return VL_OK;
}

/* Clocks drift apart by some 50 parts in a million, each. */
#define DRIFT_PARTS 10000u

static uint64_t apart(int64_t a, int64_t b)
{
    return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/* Whether a new measurement says more than the last: it is finer by now, or the two contradict each
 * other because the peer's clock was set. */
static bool is_better(const struct vl_session *s, int64_t difference, uint64_t error,
                      vl_instant now)
{
    if (!s->counts.has_clock_offset) return true;
    uint64_t before =
        s->counts.clock_error_ms + vl_instant_since(now, s->measured).ms / DRIFT_PARTS;
    return error <= before || apart(difference, s->counts.clock_difference_ms) > before + error;
}

static vl_result receive_pong(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    struct message_pong pong;
    VL_TRY(message_pong_read(r, &pong));
    if (!s->pinged || pong.token != s->ping_token) return VL_OK; /* late */
    s->pinged = false;
    if (!pong.has_wall) return VL_OK;
    if (s->quick_pings > 0) {
        s->quick_pings--;
        s->next_ping = vl_instant_add(now, VL_MILLISECONDS(VL_SESSION_QUICK_PING_MS));
    }

    /* Her clock showed that when half of the trip was over, as well as can be told. */
    uint64_t trip = vl_instant_since(now, s->ping_sent).ms;
    uint64_t error = trip / 2 + 1;
    int64_t middle = (int64_t)(s->ping_sent.ms + trip / 2);
    int64_t difference = 0;
    if (__builtin_sub_overflow(pong.wall, middle, &difference)) return VL_OK;
    if (!is_better(s, difference, error, now)) return VL_OK;
    s->measured = now;
    s->counts.has_clock_offset = true;
    s->counts.clock_difference_ms = difference;
    s->counts.clock_error_ms = error;
    return VL_OK;
}

void vl_session_set_clock(struct vl_session *s, vl_wall wall, vl_instant now)
{
    int64_t difference = 0;
    s->has_wall =
        now.ms <= INT64_MAX && !__builtin_sub_overflow(wall.ms, (int64_t)now.ms, &difference);
    s->wall_minus_instant = difference;
}

/* ---- the two calls ---- */

typedef vl_result (*receiver)(struct vl_session *s, struct vl_reader *r, vl_instant now);

static const receiver receivers[MESSAGE_TYPE_COUNT] = {
    [MESSAGE_HELLO] = receive_hello,        [MESSAGE_PROOF] = receive_proof,
    [MESSAGE_HEADS] = receive_heads,        [MESSAGE_ENTRIES] = receive_entries,
    [MESSAGE_HAVE] = receive_have,          [MESSAGE_PING] = receive_ping,
    [MESSAGE_PONG] = receive_pong,          [MESSAGE_FORK] = receive_fork,
    [MESSAGE_CURSOR] = session_take_cursor,
};

static vl_result prepare(struct vl_session *s)
{
    assert(s->state != VL_SESSION_FAILED);
    if (s->state == VL_SESSION_CREATED) VL_TRY(greet(s));
    VL_TRY(session_refresh(s));
    VL_TRY(session_retry(s));
    return session_learn_forks(s);
}

static vl_result receive(struct vl_session *s, struct vl_bytes message, vl_instant now)
{
    if (message.size > VL_MESSAGE_BYTES_MAX) return VL_ERR_TOO_LARGE;
    struct vl_reader r = vl_reader(message);
    unsigned type = vl_read_u8(&r);
    VL_TRY(r.result);
    if (type >= MESSAGE_TYPE_COUNT) return VL_ERR_KIND;
    VL_TRY(prepare(s));
    if ((accepted[s->state] & (1u << type)) == 0) return VL_ERR_STATE;
    return receivers[type](s, &r, now);
}

vl_result vl_session_receive(struct vl_session *s, struct vl_bytes message, vl_instant now)
{
    if (s->state == VL_SESSION_FAILED) return s->error;
    s->counts.bytes_received += message.size;
    s->heard = now;
    vl_result result = receive(s, message, now);
    return result == VL_OK ? VL_OK : fail(s, result);
}

static vl_instant silence_deadline(const struct vl_session *s)
{
    bool greeting = s->state < VL_SESSION_COMPARING;
    return vl_instant_add(
        s->heard, VL_SECONDS(greeting ? VL_SESSION_GREET_SECONDS : VL_SESSION_SILENCE_SECONDS));
}

vl_result vl_session_next(struct vl_session *s, struct vl_buffer *out, vl_instant now)
{
    vl_buffer_clear(out);
    if (s->state == VL_SESSION_FAILED) return s->error;
    if (vl_instant_reached(now, silence_deadline(s))) {
        return fail(s, s->state == VL_SESSION_PROVING ? VL_ERR_AUTHORITY : VL_ERR_TIMEOUT);
    }
    vl_result result = prepare(s);
    if (result == VL_OK) {
        result = session_send_next(s, out, now);
        if (result == VL_ERR_NOT_FOUND) return result;
    }
    if (result != VL_OK) {
        vl_buffer_clear(out);
        return fail(s, result == VL_ERR_NOT_FOUND ? VL_ERR_INTERNAL : result);
    }
    s->counts.bytes_sent += out->size;
    return VL_OK;
}

vl_instant vl_session_deadline(const struct vl_session *s)
{
    if (s->state == VL_SESSION_FAILED) return (vl_instant){UINT64_MAX};
    vl_instant silence = silence_deadline(s);
    if (s->state < VL_SESSION_SENDING) return silence;
    vl_instant first = s->next_ping.ms < silence.ms ? s->next_ping : silence;
    return s->must_tell_cursor && s->next_cursor.ms < first.ms ? s->next_cursor : first;
}

/* ---- what it knows ---- */

enum vl_session_state vl_session_state_of(const struct vl_session *s)
{
    return s->state;
}

vl_result vl_session_error(const struct vl_session *s)
{
    return s->error;
}

struct vl_session_counts vl_session_counts_of(const struct vl_session *s)
{
    struct vl_session_counts counts = s->counts;
    counts.waiting = s->pending.entries;
    counts.has_clock_offset =
        counts.has_clock_offset && s->has_wall &&
        !__builtin_sub_overflow(counts.clock_difference_ms, s->wall_minus_instant,
                                &counts.clock_offset_ms);
    return counts;
}

bool vl_session_in_sync(const struct vl_session *s)
{
    if (s->state != VL_SESSION_LIVE || s->pending.count > 0 || s->sending != NULL) return false;
    if (s->generation != vl_replica_generation(s->replica)) return false;
    for (size_t i = 0; i < s->logs.count; i++) {
        const struct session_log *log = &s->logs.items[i];
        if (log->closed || log->peer_closed || log->forked || log->stuck || log->held) continue;
        if (!tip_covers(&log->peer, &log->mine) || !tip_covers(&log->mine, &log->peer)) {
            return false;
        }
    }
    for (size_t i = 0; i < s->branches.count; i++) {
        if (branch_has_work(&s->branches.items[i])) return false;
    }
    return !s->reask && !session_wants_blobs(s);
}

size_t vl_session_forks(const struct vl_session *s, struct vl_id *out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < s->logs.count; i++) {
        if (!s->logs.items[i].forked && !s->logs.items[i].closed) continue;
        if (count < max) out[count] = s->logs.items[i].log;
        count++;
    }
    return count;
}
