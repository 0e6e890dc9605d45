/* The clock and the queue of events. Nothing else decides the order in which things happen. */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_EVERY   (10u * 1000u)
#define SETTLE_AT_MOST HOUR

void *need(void *memory)
{
    if (memory != NULL) return memory;
    fputs("veillee-sim: no memory\n", stderr);
    abort();
}

/* ---- the story ---- */

void tell(struct world *w, const char *format, ...)
{
    if (!w->tells) return;
    uint64_t ms = w->now;
    printf("%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 "  ", ms / HOUR, ms / MINUTE % 60,
           ms / 1000 % 60, ms % 1000);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void world_fail(struct world *w, const char *format, ...)
{
    if (w->failed) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->failure, sizeof w->failure, format, arguments);
    va_end(arguments);
    w->failed = true;
    tell(w, "FAILED: %s", w->failure);
}

void world_trace(struct world *w, const char *what, const void *data, size_t size)
{
    uint64_t header[2] = {w->now, size};
    crypto_generichash_update(&w->trace, (const uint8_t *)what, strlen(what) + 1);
    crypto_generichash_update(&w->trace, (const uint8_t *)header, sizeof header);
    crypto_generichash_update(&w->trace, data, size);
}

/* ---- the queue: a heap by (time, order of scheduling) ---- */

static bool earlier(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct event *a, struct event *b)
{
    struct event other = *a;
    *a = *b;
    *b = other;
}

void world_schedule(struct world *w, uint64_t after, enum event_kind kind, uint32_t a, uint32_t b,
                    uint64_t tag)
{
    if (w->heap_count == w->heap_capacity) {
        w->heap_capacity = w->heap_capacity == 0 ? 256 : w->heap_capacity * 2;
        w->heap = need(realloc(w->heap, w->heap_capacity * sizeof *w->heap));
    }
    size_t at = w->heap_count++;
    w->heap[at] = (struct event){
        .at = w->now + after, .order = w->orders++, .kind = kind, .a = a, .b = b, .tag = tag};
    while (at > 0 && earlier(&w->heap[at], &w->heap[(at - 1) / 2])) {
        swap(&w->heap[at], &w->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct event take(struct world *w)
{
    struct event first = w->heap[0];
    w->heap[0] = w->heap[--w->heap_count];
    for (size_t at = 0;;) {
        size_t low = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < w->heap_count; child++) {
            if (earlier(&w->heap[child], &w->heap[low])) low = child;
        }
        if (low == at) break;
        swap(&w->heap[at], &w->heap[low]);
        at = low;
    }
    return first;
}

/* ---- what happens ---- */

static void write_event(struct world *w, struct node *n)
{
    if (w->calm) return;
    world_schedule(w, day_wait(w, seeded_wait(&w->random, w->profile.write_mean)), EVENT_WRITE,
                   n->index, 0, 0);
    if (node_awake(w, n) && n->joined) node_write(w, n);
}

static void dial_event(struct world *w, struct node *n)
{
    uint64_t mean = w->calm ? 3000 : w->profile.dial_mean;
    world_schedule(w, day_wait(w, seeded_wait(&w->random, mean)), EVENT_DIAL, n->index, 0, 0);
    if (w->calm && !n->joined) members_find_host(w, n);
    if (node_awake(w, n) && n->added && !seeded_chance(&w->random, w->profile.loss))
        network_dial_somebody(w, n);
}

static void member_event(struct world *w)
{
    if (w->calm) return;
    if (w->profile.endings)
        world_schedule(w, day_wait(w, seeded_wait(&w->life, w->profile.member_mean)), EVENT_MEMBER,
                       NODES_MAX, 0, 0);
    members_act(w);
}

static void fault_event(struct world *w)
{
    if (w->calm) return;
    world_schedule(w, day_wait(w, seeded_wait(&w->random, w->profile.fault_mean)), EVENT_FAULT, 0,
                   0, 0);
    size_t which = seeded_below(&w->random, fault_count);
    if ((w->profile.faults & (UINT64_C(1) << which)) == 0) return;
    w->faults++;
    w->happened |= UINT64_C(1) << which;
    faults[which].happen(w);
}

static void hostile_event(struct world *w)
{
    if (w->calm) return;
    world_schedule(w, day_wait(w, seeded_wait(&w->life, w->profile.hostile_mean)), EVENT_HOSTILE,
                   NODES_MAX, 0, 0);
    hostile_attack(w);
}

static void heal_partition(struct world *w, uint64_t number)
{
    if (number != w->partition_number) return;
    for (unsigned i = 0; i < NODES_MAX; i++)
        w->nodes[i].group = 0;
    tell(w, "the network is whole again");
}

static void happen(struct world *w, const struct event *event)
{
    struct node *n = event->a < NODES_MAX ? &w->nodes[event->a] : NULL;
    switch (event->kind) {
    case EVENT_WRITE: write_event(w, n); break;
    case EVENT_DIAL: dial_event(w, n); break;
    case EVENT_GROW: members_grow(w); break;
    case EVENT_MEMBER: member_event(w); break;
    case EVENT_FAULT: fault_event(w); break;
    case EVENT_SIT: day_sit(w); break;
    case EVENT_RISE: day_rise(w); break;
    case EVENT_STIR: day_stir(w, n, event->b == 1); break;
    case EVENT_HOSTILE: hostile_event(w); break;
    case EVENT_REPLAY: network_replay(w); break;
    case EVENT_RESTART:
        if (!n->up && n->life == event->tag) node_restart(w, n);
        break;
    case EVENT_HEAL: heal_partition(w, event->tag); break;
    case EVENT_REPAIR:
        if (n->life == event->tag) {
            memory_storage_fail(n->memory, 0, VL_OK, false);
            tell(w, "%s's disk has room again", n->name);
        }
        break;
    case EVENT_DELIVER: network_deliver(w, event); break;
    case EVENT_WAKE: network_wake(w, event); break;
    }
}

/* A storage that failed for want of power takes its node with it. */
static void cut_power(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[i];
        if (n->up && n->power_cut && memory_storage_failed(n->memory))
            node_crash(w, n, "in the middle of a transaction");
    }
}

static void run_until(struct world *w, uint64_t end)
{
    while (!w->failed && w->heap_count > 0 && w->heap[0].at <= end) {
        struct event event = take(w);
        w->now = event.at;
        w->events++;
        uint32_t said[3] = {(uint32_t)event.kind, event.a, event.b};
        world_trace(w, "event", said, sizeof said);
        happen(w, &event);
        cut_power(w);
    }
    w->now = end;
}

/* ---- a run ---- */

static void draw_profile(struct world *w, unsigned nodes)
{
    struct seeded *r = &w->random;
    struct profile *p = &w->profile;
    unsigned drawn = (unsigned)seeded_between(r, NODES_MIN, HONEST_MAX);
    p->nodes = nodes != 0 ? nodes : drawn;
    day_draw(w);
    uint64_t activity = 0;
    for (size_t i = 0; i < p->sitting_count; i++)
        activity += p->sittings[i].end - p->sittings[i].begin;
    p->write_mean = activity * p->nodes / seeded_between(r, 40, 300);
    p->member_mean = activity / 15;
    p->dial_mean = seeded_between(r, 5, 120) * 1000;
    p->fault_mean = seeded_between(r, 10, 200) * 1000;
    p->latency = seeded_between(r, 1, 300);
    p->loss = (unsigned)seeded_below(r, 301);
    p->replay = (unsigned)seeded_below(r, 501);
    p->large = seeded_chance(r, 300) ? (unsigned)seeded_below(r, 100) : 0;
    p->pending = VL_PENDING_ENTRIES_MAX;
    if (seeded_chance(r, 400)) p->pending = seeded_between(r, 1, 40);
    for (size_t i = 0; i < fault_count; i++) {
        if (seeded_chance(r, 700)) p->faults |= UINT64_C(1) << i;
    }
}

/* Anybody but the founder who signs may be one. */
static void draw_hostiles(struct world *w)
{
    struct profile *p = &w->profile;
    p->hostiles =
        seeded_chance(&w->life, 400) ? 0 : (unsigned)seeded_between(&w->life, 1, HOSTILE_MAX);
    p->hostile_mean = seeded_between(&w->life, 15, 200) * 1000;
    p->forks = seeded_chance(&w->life, 300);
    p->nodes += p->hostiles;
}

static void choose_hostiles(struct world *w)
{
    for (unsigned left = w->profile.hostiles; left > 0;) {
        struct node *n = &w->nodes[1 + seeded_below(&w->life, w->profile.nodes - 1)];
        if (n->hostile) continue;
        n->hostile = true;
        tell(w, "%s is hostile", n->name);
        left--;
    }
}

static void begin(struct world *w, unsigned nodes)
{
    draw_profile(w, nodes);
    draw_hostiles(w);
    w->profile.endings = w->profile.hostiles > 0 || seeded_chance(&w->life, 600);
    tell(w,
         "seed %" PRIu64 ": %u people, %u of them hostile, %" PRIu64
         " minutes, %zu sittings, latency %" PRIu64
         " ms, in 1000 packets %u are lost, 1000 connections %u replayed",
         w->seed, w->profile.nodes, w->profile.hostiles, w->profile.duration / MINUTE,
         w->profile.sitting_count, w->profile.latency, w->profile.loss, w->profile.replay);
    for (unsigned i = 0; i < w->profile.nodes; i++)
        node_init(w, i);
    choose_hostiles(w);
    node_found(w);
    day_begin(w);
    const struct profile *p = &w->profile;
    uint64_t grow_mean = p->member_mean * 15 / (2 * p->nodes); /* most come in the first half */
    for (unsigned i = 0; i < p->nodes; i++) {
        world_schedule(w, day_wait(w, seeded_wait(&w->random, p->write_mean)), EVENT_WRITE, i, 0,
                       0);
        world_schedule(w, day_wait(w, seeded_wait(&w->random, 5000)), EVENT_DIAL, i, 0, 0);
        if (i >= 2)
            world_schedule(w, day_wait(w, i * seeded_wait(&w->random, grow_mean) / 2), EVENT_GROW,
                           NODES_MAX, 0, 0);
        world_schedule(w, day_wait(w, seeded_wait(&w->random, p->member_mean * 7)), EVENT_MEMBER,
                       NODES_MAX, 0, 0);
    }
    world_schedule(w, day_wait(w, seeded_wait(&w->random, p->fault_mean)), EVENT_FAULT, NODES_MAX,
                   0, 0);
    world_schedule(w, day_wait(w, seeded_wait(&w->life, p->hostile_mean)), EVENT_HOSTILE, NODES_MAX,
                   0, 0);
}

static void calm_down(struct world *w)
{
    w->calm = true;
    w->profile.loss = w->profile.replay = 0;
    w->cut_chunk = false;
    heal_partition(w, w->partition_number);
    tell(w, "---- nothing goes wrong any more ----");
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[i];
        memory_storage_fail(n->memory, 0, VL_OK, false);
        n->power_cut = n->crash_catching_up = n->asleep = false;
        n->frozen_until = n->mute_until = 0;
        memset(w->refusals[i], 0, sizeof w->refusals[i]);
        if (!n->up) node_restart(w, n);
        world_schedule(w, 1000, EVENT_DIAL, i, 0, 0);
    }
    for (unsigned i = 2; i < w->profile.nodes; i++)
        world_schedule(w, 1000 * i, EVENT_GROW, NODES_MAX, 0, 0);
}

static bool settle(struct world *w)
{
    uint64_t end = w->now + SETTLE_AT_MOST;
    while (!w->failed && w->now < end) {
        run_until(w, w->now + SETTLE_EVERY);
        if (check_converged(w)) return true;
    }
    network_tell(w);
    world_fail(w, "no agreement an hour after everything was healed");
    return false;
}

/* Everybody who is still a member can still write, and everybody else reads it. */
static void last_words(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[i];
        size_t before = n->acknowledged_count;
        if (!check_in_core(w, i) || node_share_is_spent(w, n)) continue;
        for (unsigned tries = 0; tries < 8 && n->acknowledged_count == before; tries++)
            node_write(w, n);
        if (n->acknowledged_count == before) world_fail(w, "%s cannot write at the end", n->name);
    }
}

static void end(struct world *w)
{
    network_finish(w);
    for (unsigned i = 0; i < w->profile.nodes; i++)
        node_finish(&w->nodes[i]);
    free(w->heap);
}

struct outcome world_run(uint64_t seed, unsigned nodes, bool tells)
{
    struct world *w = need(calloc(1, sizeof *w));
    w->seed = seed;
    w->tells = tells;
    seeded_reseed_sodium(seed);
    seeded_init(&w->random, seed, 1);
    seeded_init(&w->life, seed, 2);
    crypto_generichash_init(&w->trace, NULL, 0, 32);
    begin(w, nodes);
    run_until(w, w->profile.duration);
    calm_down(w);
    if (settle(w)) last_words(w);
    if (!w->failed && settle(w)) check_end(w);

    struct outcome outcome = {.failed = w->failed,
                              .events = w->events,
                              .messages = w->messages,
                              .writes = w->writes,
                              .faults = w->faults,
                              .attacks = w->attacks,
                              .minutes = w->now / MINUTE,
                              .happened = w->happened,
                              .attacked = w->attacked};
    memcpy(outcome.failure, w->failure, sizeof outcome.failure);
    crypto_generichash_final(&w->trace, outcome.trace, sizeof outcome.trace);
    end(w);
    free(w);
    return outcome;
}
