/* Connections. The engine's messages travel in a reliable, ordered stream, as TCP and the channel
 * give it: a lost packet makes the stream wait, too many lost ones break it, and what was on its
 * way is gone. Duplicated and reordered packets never reach the engine; what an attacker recorded
 * can only come back as a connection of its own. */
#include "sync/session_internal.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT_MAX   (128u * 1024u)
#define RECORDED_MAX    64u
#define RESENDS_MAX     7u /* of one packet, then the connection is given up */
#define RESEND_AFTER_MS 200u

#define REFUSED_FIRST_MS 5000u /* and twice as long each time */
#define REFUSALS_MAX     8u
#define REFUSALS_CALM    3u

/* ---- streams ---- */

static void stream_push(struct stream *s, uint64_t at, const uint8_t *data, size_t size)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity == 0 ? 8 : s->capacity * 2;
        s->items = need(realloc(s->items, s->capacity * sizeof *s->items));
    }
    uint8_t *copy = need(malloc(size + 1));
    memcpy(copy, data, size);
    s->items[s->count++] = (struct message){.at = at, .data = copy, .size = size};
    s->bytes += size;
    s->last_at = at;
}

static struct message stream_take(struct stream *s)
{
    struct message first = s->items[0];
    s->count--;
    s->bytes -= first.size;
    memmove(s->items, s->items + 1, s->count * sizeof *s->items);
    return first;
}

static void stream_finish(struct stream *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->items[i].data);
    free(s->items);
    *s = (struct stream){0};
}

/* ---- who can reach whom ---- */

bool network_reaches(const struct world *w, const struct node *a, const struct node *b)
{
    return node_awake(w, a) && node_awake(w, b) && a->group == b->group;
}

static bool connected(const struct world *w, unsigned a, unsigned b)
{
    for (size_t i = 0; i < w->slots; i++) {
        const struct connection *c = &w->connections[i];
        if (!c->open || c->sessions[0] == NULL || c->sessions[1] == NULL) continue;
        if ((c->ends[0] == a && c->ends[1] == b) || (c->ends[0] == b && c->ends[1] == a))
            return true;
    }
    return false;
}

/* ---- opening and closing ---- */

static struct connection *open_slot(struct world *w)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *c = &w->connections[i];
        if (c->open) continue;
        if (w->slots < i + 1) w->slots = i + 1;
        *c = (struct connection){.open = true, .number = ++w->connection_numbers};
        c->wake_at[0] = c->wake_at[1] = UINT64_MAX;
        return c;
    }
    return NULL;
}

static void close_connection(struct world *w, struct connection *c)
{
    if (!c->open) return;
    c->open = false;
    for (unsigned end = 0; end < 2; end++) {
        vl_session_destroy(c->sessions[end]);
        c->sessions[end] = NULL;
        stream_finish(&c->to[end]);
    }
    if (c->recorded.count > 0) {
        stream_finish(&w->transcript);
        w->transcript = c->recorded;
        w->transcript_from = c->ends[0];
        w->transcript_to = c->ends[1];
        c->recorded = (struct stream){0};
        if (!w->calm && seeded_chance(&w->random, w->profile.replay))
            world_schedule(w, seeded_wait(&w->random, MINUTE), EVENT_REPLAY, NODES_MAX, 0, 0);
    }
}

void network_break(struct world *w, struct connection *c, const char *why)
{
    tell(w, "connection %" PRIu64 " of %s and %s breaks: %s", c->number, w->nodes[c->ends[0]].name,
         w->nodes[c->ends[1]].name, why);
    w->breaks++;
    close_connection(w, c);
}

static vl_result open_session(struct world *w, struct connection *c, unsigned end)
{
    struct node *me = &w->nodes[c->ends[end]];
    const struct node *peer = &w->nodes[c->ends[1 - end]];
    struct vl_session_config config = {
        .replica = me->replica, .expect_newcomer = !me->joined, .proves_first = end == 0};
    memcpy(config.peer_noise, peer->keys->card.noise, sizeof config.peer_noise);
    if (!me->joined && peer->index == me->adder) config.expect_sign = peer->keys->card.sign;
    VL_TRY(vl_session_create(&c->sessions[end], &config, (vl_instant){w->now}));
    vl_session_set_clock(c->sessions[end], node_wall(w, me), (vl_instant){w->now});
    session_limit_pending(c->sessions[end], w->profile.pending);
    return VL_OK;
}

static void pump(struct world *w, struct connection *c);

static struct connection *dial(struct world *w, struct node *a, struct node *b)
{
    if (!network_reaches(w, a, b)) return NULL;
    struct connection *c = open_slot(w);
    if (c == NULL) return NULL;
    c->ends[0] = a->index;
    c->ends[1] = b->index;
    if (open_session(w, c, 0) != VL_OK || open_session(w, c, 1) != VL_OK) {
        close_connection(w, c); /* a disk that cannot be read just now */
        return NULL;
    }
    tell(w, "%s dials %s (connection %" PRIu64 ")", a->name, b->name, c->number);
    return c;
}

void network_dial(struct world *w, struct node *a, struct node *b)
{
    struct connection *c = dial(w, a, b);
    if (c != NULL) pump(w, c);
}

void network_flood(struct world *w, struct node *a, struct node *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct connection *c = dial(w, a, b);
        if (c == NULL) return;
        c->delay = seeded_below(&w->random, 5000);
        pump(w, c);
    }
}

void network_dial_somebody(struct world *w, struct node *a)
{
    struct node *b = &w->nodes[seeded_below(&w->random, w->profile.nodes)];
    if (!a->joined) b = &w->nodes[a->adder]; /* who invited her is all she knows */
    if (w->now < w->refusals[a->index][b->index].not_before) return;
    if (a == b || !b->joined || connected(w, a->index, b->index)) return;
    network_dial(w, a, b);
}

struct connection *network_random(struct world *w)
{
    size_t first = seeded_below(&w->random, w->slots + 1);
    for (size_t i = 0; i < w->slots; i++) {
        struct connection *c = &w->connections[(first + i) % w->slots];
        if (c->open && c->sessions[0] != NULL && c->sessions[1] != NULL) return c;
    }
    return NULL;
}

void network_break_node(struct world *w, const struct node *n, const char *why)
{
    for (size_t i = 0; i < w->slots; i++) {
        struct connection *c = &w->connections[i];
        if (c->open && (c->ends[0] == n->index || c->ends[1] == n->index)) network_break(w, c, why);
    }
}

void network_cut(struct world *w)
{
    for (size_t i = 0; i < w->slots; i++) {
        struct connection *c = &w->connections[i];
        if (c->open && w->nodes[c->ends[0]].group != w->nodes[c->ends[1]].group)
            network_break(w, c, "the network is split");
    }
}

void network_finish(struct world *w)
{
    for (size_t i = 0; i < w->slots; i++)
        close_connection(w, &w->connections[i]);
    stream_finish(&w->transcript);
}

/* ---- sending ---- */

/* When a message sent now arrives; UINT64_MAX: too many packets were lost. */
static uint64_t arrival(struct world *w, const struct connection *c, unsigned end)
{
    const struct stream *s = &c->to[1 - end];
    uint64_t at = w->now + w->profile.latency + seeded_below(&w->random, w->profile.latency + 1);
    uint64_t resend = RESEND_AFTER_MS;
    unsigned loss = w->calm || c->loss < w->profile.loss ? w->profile.loss : c->loss;
    for (unsigned lost = 0; seeded_chance(&w->random, loss); lost++) {
        if (lost == RESENDS_MAX) return UINT64_MAX;
        at += resend;
        resend *= 2;
    }
    if (!w->calm) at += c->delay;
    if (at < c->stalled_until) at = c->stalled_until;
    if (at < w->nodes[c->ends[end]].mute_until) at = w->nodes[c->ends[end]].mute_until;
    if (at < s->last_at) at = s->last_at; /* a stream keeps its order */
    return at;
}

/* An honest session may end for these reasons; any other is a false accusation. */
static bool may_end(const struct world *w, const struct connection *c, vl_result why)
{
    if (c->mangled || c->sessions[0] == NULL || c->sessions[1] == NULL) return true;
    if (!check_honest(&w->nodes[c->ends[0]]) || !check_honest(&w->nodes[c->ends[1]])) return true;
    return why == VL_ERR_AUTHORITY || why == VL_ERR_TIMEOUT || why == VL_ERR_STORAGE ||
           why == VL_ERR_FULL;
}

/* Who is refused dials again later and later, as the dialler does. */
static void note_refusal(struct world *w, const struct connection *c)
{
    unsigned *count = &w->refusals[c->ends[0]][c->ends[1]].count;
    if (*count < (w->calm ? REFUSALS_CALM : REFUSALS_MAX)) ++*count;
    w->refusals[c->ends[0]][c->ends[1]].not_before =
        w->now + ((uint64_t)REFUSED_FIRST_MS << *count);
}

static void ended(struct world *w, struct connection *c, unsigned end, vl_result why)
{
    if (!may_end(w, c, why)) {
        world_fail(w, "%s ends an honest session with %s: %s", w->nodes[c->ends[end]].name,
                   w->nodes[c->ends[1 - end]].name, vl_result_name(why));
    }
    if (why == VL_ERR_AUTHORITY && c->sessions[0] != NULL) note_refusal(w, c);
    network_break(w, c, vl_result_name(why));
}

static void record(struct connection *c, struct vl_bytes message)
{
    if (c->recorded.count < RECORDED_MAX) stream_push(&c->recorded, 0, message.data, message.size);
}

/* false: the connection is gone. */
static bool send_one(struct world *w, struct connection *c, unsigned end, struct vl_bytes message)
{
    c->sent[end]++;
    w->messages++;
    world_trace(w, "send", message.data, message.size);
    if (end == 0) record(c, message);
    if (c->stranger && end == 1 && c->sent[1] > 1) {
        world_fail(w, "a stranger got more than HELLO");
        return false;
    }
    if (c->sessions[1 - end] == NULL) return true; /* nobody is there */
    uint64_t at = arrival(w, c, end);
    if (at == UINT64_MAX) {
        network_break(w, c, "packets are lost");
        return false;
    }
    stream_push(&c->to[1 - end], at, message.data, message.size);
    world_schedule(w, at - w->now, EVENT_DELIVER, (uint32_t)(c - w->connections), 1 - end,
                   c->number);
    return true;
}

static void schedule_wake(struct world *w, struct connection *c, unsigned end)
{
    uint64_t at = vl_session_deadline(c->sessions[end]).ms;
    uint64_t frozen = w->nodes[c->ends[end]].frozen_until;
    if (at < frozen) at = frozen;
    if (at <= w->now && c->to[1 - end].bytes >= IN_FLIGHT_MAX) at = w->now + 1000;
    if (at == UINT64_MAX || at >= c->wake_at[end]) return;
    c->wake_at[end] = at < w->now ? w->now : at;
    world_schedule(w, c->wake_at[end] - w->now, EVENT_WAKE, (uint32_t)(c - w->connections), end,
                   c->number);
}

static void pump_end(struct world *w, struct connection *c, unsigned end)
{
    struct vl_buffer message = {0};
    vl_result result = VL_ERR_NOT_FOUND;
    bool frozen = w->nodes[c->ends[end]].frozen_until > w->now;
    while (!frozen && c->open && c->sessions[end] != NULL && c->to[1 - end].bytes < IN_FLIGHT_MAX) {
        result = vl_session_next(c->sessions[end], &message, (vl_instant){w->now});
        if (result != VL_OK || !send_one(w, c, end, vl_buffer_view(&message))) break;
    }
    vl_buffer_finish(&message);
    if (!c->open || c->sessions[end] == NULL) return;
    if (result != VL_OK && result != VL_ERR_NOT_FOUND)
        ended(w, c, end, result);
    else
        schedule_wake(w, c, end);
}

static void pump(struct world *w, struct connection *c)
{
    pump_end(w, c, 0);
    if (c->open) pump_end(w, c, 1);
}

void network_pump_node(struct world *w, const struct node *n)
{
    for (size_t i = 0; i < w->slots; i++) {
        struct connection *c = &w->connections[i];
        for (unsigned end = 0; end < 2 && c->open; end++) {
            if (c->ends[end] == n->index) pump_end(w, c, end);
        }
    }
}

/* ---- arriving ---- */

static void check_session(struct world *w, const struct connection *c, unsigned end)
{
    const struct vl_session *s = c->sessions[end];
    const struct node *n = &w->nodes[c->ends[end]];
    if (vl_session_counts_of(s).waiting > w->profile.pending)
        world_fail(w, "more entries wait than may");
    if (!c->mangled && !w->forked && c->sessions[0] != NULL &&
        vl_replica_fork_count(n->replica) > 0)
        world_fail(w, "%s sees a fork, and nobody forked", n->name);
}

/* A session that was made by hand ends as it must, with its last message, or not at all. */
static void check_script(struct world *w, const struct connection *c, vl_result result)
{
    const char *name = w->nodes[c->ends[1]].name;
    bool is_last = c->to[1].count == 0;
    if (result == VL_ERR_AUTHORITY || result == VL_ERR_STORAGE || result == VL_ERR_FULL) return;
    if (result == (is_last ? c->must_end : VL_OK)) return;
    world_fail(w, "%s ends what %s made by hand as %s", name, w->nodes[c->ends[0]].name,
               vl_result_name(result));
}

static bool catches_up(const struct vl_session *s)
{
    return vl_session_counts_of(s).waiting > 0 || (vl_session_state_of(s) == VL_SESSION_SENDING &&
                                                   vl_session_counts_of(s).entries_received > 0);
}

void network_deliver(struct world *w, const struct event *event)
{
    struct connection *c = &w->connections[event->a];
    unsigned end = event->b;
    if (!c->open || c->number != event->tag || c->to[end].count == 0) return;
    struct node *n = &w->nodes[c->ends[end]];
    if (n->frozen_until > w->now) {
        world_schedule(w, n->frozen_until - w->now, EVENT_DELIVER, event->a, end, event->tag);
        return;
    }
    struct message message = stream_take(&c->to[end]);
    uint64_t generation = vl_replica_generation(n->replica);
    vl_result result = vl_session_receive(c->sessions[end], vl_bytes(message.data, message.size),
                                          (vl_instant){w->now});
    free(message.data);
    if (!n->joined && !node_empty(n)) {
        n->joined = true;
        tell(w, "%s has a copy of the circle", n->name);
    }
    check_session(w, c, end);
    if (c->is_scripted) check_script(w, c, result);
    if (result != VL_OK) {
        ended(w, c, end, result);
        return;
    }
    if (c->mangled && c->mangled_end == end) { /* what was changed said nothing */
        network_break(w, c, "its bytes were changed");
        return;
    }
    if (w->cut_chunk && c->sessions[end]->receiving != NULL) {
        w->cut_chunk = false;
        struct node *peer = &w->nodes[c->ends[1 - end]];
        network_break(w, c, "in the middle of a chunk");
        network_dial(w, n, peer);
        return;
    }
    if (n->crash_catching_up && catches_up(c->sessions[end])) {
        node_crash(w, n, "while it catches up");
        return;
    }
    if (generation != vl_replica_generation(n->replica)) network_pump_node(w, n);
    if (c->open) pump(w, c);
}

void network_wake(struct world *w, const struct event *event)
{
    struct connection *c = &w->connections[event->a];
    if (!c->open || c->number != event->tag || c->wake_at[event->b] > w->now) return;
    c->wake_at[event->b] = UINT64_MAX;
    pump_end(w, c, event->b);
}

/* ---- attacks ---- */

/* A connection whose end 0 is an attacker with some bytes to send. */
static struct connection *open_ghost(struct world *w, unsigned claims, struct node *victim)
{
    struct connection *c = open_slot(w);
    if (c == NULL) return NULL;
    c->ends[0] = claims;
    c->ends[1] = victim->index;
    if (open_session(w, c, 1) != VL_OK) {
        close_connection(w, c);
        return NULL;
    }
    return c;
}

struct connection *network_ghost(struct world *w, const struct node *hostile, struct node *victim)
{
    return open_ghost(w, hostile->index, victim);
}

void network_ghost_begins(struct world *w, struct connection *c)
{
    pump(w, c);
}

void network_ghost_says(struct world *w, struct connection *c, const uint8_t *data, size_t size)
{
    uint64_t at = w->now + 10 * (c->to[1].count + 1);
    stream_push(&c->to[1], at, data, size);
    world_schedule(w, at - w->now, EVENT_DELIVER, (uint32_t)(c - w->connections), 1, c->number);
}

void network_replay(struct world *w)
{
    struct node *victim = &w->nodes[w->transcript_to];
    if (w->transcript.count == 0 || !node_awake(w, victim)) return;
    struct connection *c = open_ghost(w, w->transcript_from, victim);
    if (c == NULL) return;
    tell(w, "an old connection of %s is played to %s again", w->nodes[w->transcript_from].name,
         victim->name);
    for (size_t i = 0; i < w->transcript.count; i++)
        network_ghost_says(w, c, w->transcript.items[i].data, w->transcript.items[i].size);
    pump(w, c);
}

void network_stranger(struct world *w, struct node *victim)
{
    struct connection *c = open_slot(w);
    if (c == NULL) return;
    uint8_t key[32];
    uint8_t hello[36] = {0, 1};
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)seeded_u64(&w->random);
    for (size_t i = 2; i < 34; i++)
        hello[i] = (uint8_t)seeded_u64(&w->random);
    hello[34] = (uint8_t)seeded_below(&w->random, 2);
    c->ends[0] = c->ends[1] = victim->index;
    c->stranger = true;
    struct vl_session_config config = {.replica = victim->replica};
    memcpy(config.peer_noise, key, sizeof key);
    if (vl_session_create(&c->sessions[1], &config, (vl_instant){w->now}) != VL_OK) {
        close_connection(w, c);
        return;
    }
    tell(w, "a stranger who has the key of the channel connects to %s", victim->name);
    static const uint8_t proof[] = {1, 1, 0}; /* nothing to show */
    static const uint8_t heads[] = {2, 1, 0};
    network_ghost_says(w, c, hello, sizeof hello);
    if (seeded_chance(&w->random, 500))
        network_ghost_says(w, c, proof, sizeof proof);
    else
        network_ghost_says(w, c, heads, sizeof heads);
    pump(w, c);
}

void network_mangle(struct world *w)
{
    struct connection *c = network_random(w);
    if (c == NULL) return;
    unsigned end = (unsigned)seeded_below(&w->random, 2);
    if (c->to[end].count == 0) return;
    struct message *message = &c->to[end].items[0];
    if (message->size == 0) return;
    c->mangled = true;
    c->mangled_end = end;
    message->data[seeded_below(&w->random, message->size)] ^=
        (uint8_t)(1u << seeded_below(&w->random, 8));
    tell(w, "a message to %s is changed by a hostile member", w->nodes[c->ends[end]].name);
}

void network_stall(struct world *w, uint64_t length)
{
    struct connection *c = network_random(w);
    if (c == NULL) return;
    c->stalled_until = w->now + length;
    tell(w, "connection %" PRIu64 " stalls for %" PRIu64 " s", c->number, length / 1000);
}

/* ---- for others ---- */

void network_set_clock(struct world *w, const struct node *n)
{
    for (size_t i = 0; i < w->slots; i++) {
        struct connection *c = &w->connections[i];
        for (unsigned end = 0; end < 2 && c->open; end++) {
            if (c->ends[end] == n->index && c->sessions[end] != NULL)
                vl_session_set_clock(c->sessions[end], node_wall(w, n), (vl_instant){w->now});
        }
    }
}

size_t network_waiting(const struct world *w)
{
    size_t waiting = 0;
    for (size_t i = 0; i < w->slots; i++) {
        const struct connection *c = &w->connections[i];
        for (unsigned end = 0; end < 2 && c->open; end++) {
            if (c->sessions[end] != NULL) waiting += vl_session_counts_of(c->sessions[end]).waiting;
        }
    }
    return waiting;
}

void network_tell(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *n = &w->nodes[i];
        char seen[NODES_MAX + 1] = {0};
        for (unsigned k = 0; k < w->profile.nodes; k++)
            seen[k] = members_sees(n, &w->nodes[k]) ? w->nodes[k].name[0] : '.';
        tell(w, "%-10s %4zu entries, sees %s%s%s%s", n->name, memory_storage_entry_count(n->memory),
             seen, check_in_core(w, i) ? ", belongs" : "", n->joined ? "" : ", not joined",
             n->stolen ? ", stolen" : "");
    }
    for (size_t i = 0; i < w->slots; i++) {
        const struct connection *c = &w->connections[i];
        for (unsigned end = 0; end < 2 && c->open; end++) {
            const struct vl_session *s = c->sessions[end];
            if (s == NULL) continue;
            struct vl_session_counts counts = vl_session_counts_of(s);
            tell(w,
                 "connection %" PRIu64 ", %s's end: state %d, %s, %zu wait, sent %" PRIu64
                 ", received %" PRIu64 ", %zu bytes come",
                 c->number, w->nodes[c->ends[end]].name, (int)vl_session_state_of(s),
                 vl_session_in_sync(s) ? "in sync" : "not in sync", counts.waiting,
                 counts.entries_sent, counts.entries_received, c->to[end].bytes);
        }
    }
}
