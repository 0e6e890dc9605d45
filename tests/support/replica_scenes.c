#include "tests/support/replica_scenes.h"

#include "sync/proof.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE    7u
#define FIELD   3u
#define PERSONS 7u

enum { ME, FACILITATOR, FRIEND, REMOVED_LATER, REMOVED, KNOWN_LIAR, LIAR };

#define must(held) must_hold((held), #held)

static void must_hold(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "replica_scenes: %s\n", what);
    abort();
}

/* ---- what persons do ---- */

static struct vl_id say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    return circle_fixture_set(f, by, TYPE, &record, FIELD, "said");
}

static struct vl_id control(struct circle_fixture *f, size_t by, enum vl_control_kind kind,
                            size_t person)
{
    struct vl_control body = {.kind = kind, .target = f->nodes[person].person};
    struct vl_id id;
    must(vl_replica_control(f->nodes[by].replica, &body, f->now, &id) == VL_OK);
    return id;
}

static struct vl_operation element(uint64_t number)
{
    return (struct vl_operation){.type = TYPE,
                                 .record = fixture_record(number),
                                 .field = FIELD,
                                 .opcode = VL_OP_SET_ADD,
                                 .value = vl_bytes_text("element")};
}

static struct vl_id whisper(struct circle_fixture *f, size_t by, size_t to, uint64_t number)
{
    struct vl_operation operation = element(number);
    struct vl_id id;
    must(vl_replica_write_to(f->nodes[by].replica, &operation, 1, &f->nodes[to].person, 1, f->now,
                             &id) == VL_OK);
    return id;
}

/* Entries that `from` has and `to` lacks; one run for each log. */
static size_t runs_between(struct circle_fixture *f, size_t to, size_t from,
                           struct entry_run runs[static SCENE_NEWS_MAX])
{
    struct vl_head heads[SCENE_NEWS_MAX], own[SCENE_NEWS_MAX];
    size_t count, own_count, runs_count = 0;
    must(vl_replica_heads(f->nodes[from].replica, heads, SCENE_NEWS_MAX, &count) == VL_OK);
    must(vl_replica_heads(f->nodes[to].replica, own, SCENE_NEWS_MAX, &own_count) == VL_OK);
    must(count <= SCENE_NEWS_MAX && own_count <= SCENE_NEWS_MAX);
    for (size_t i = 0; i < count; i++) {
        uint64_t next = 0;
        for (size_t k = 0; k < own_count; k++)
            if (vl_id_equal(&own[k].log, &heads[i].log)) next = own[k].seq + 1;
        if (next > heads[i].seq) continue;
        if (next > 0) next--; /* one that is known, as peers send it after a break */
        runs[runs_count++] = circle_fixture_run(f, from, &heads[i].log, next, 256);
    }
    return runs_count;
}

static struct vl_id log_of(struct circle_fixture *f, size_t node, size_t author)
{
    struct vl_incarnation log;
    size_t count;
    must(vl_replica_incarnations(f->nodes[node].replica, f->nodes[author].keys->card.sign, &log, 1,
                                 &count) == VL_OK);
    must(count > 0);
    return log.log;
}

/* Node `liar` writes one thing for the others, and then, from before it, another. Returns her log
 * as she has it then. */
static struct entry_run lie(struct circle_fixture *f, size_t liar)
{
    struct fixture_node *node = &f->nodes[liar];
    struct memory_storage *before = memory_storage_clone(node->memory);
    struct vl_id log = log_of(f, 0, liar);
    (void)say(f, liar, 900);
    (void)circle_fixture_pull(f, 0, liar);
    (void)circle_fixture_pull(f, 1, liar);
    vl_replica_close(node->replica);
    node->replica = NULL;
    memory_storage_restore(node->memory, before);
    memory_storage_destroy(before);
    circle_fixture_reopen(f, liar);
    (void)say(f, liar, 901);
    return circle_fixture_run(f, liar, &log, 0, 256);
}

static uint64_t next_of(struct circle_fixture *f, size_t node, const struct vl_id *log)
{
    struct vl_head heads[SCENE_NEWS_MAX];
    size_t count;
    must(vl_replica_heads(f->nodes[node].replica, heads, SCENE_NEWS_MAX, &count) == VL_OK);
    for (size_t i = 0; i < count && i < SCENE_NEWS_MAX; i++)
        if (vl_id_equal(&heads[i].log, log)) return heads[i].seq + 1;
    return 0;
}

static vl_result keep_proof(void *context, const struct vl_fork *fork)
{
    struct scene *s = context;
    return vl_buffer_append(&s->proof, fork->proof.data, fork->proof.size);
}

/* ---- the circle ---- */

/* What node 0 and the others have in common. */
static void make_past(struct scene *s)
{
    struct circle_fixture *f = s->f;
    struct vl_id id;
    (void)control(f, ME, VL_CONTROL_PROMOTE, FACILITATOR);
    circle_fixture_sync_all(f);
    (void)control(f, FACILITATOR, VL_CONTROL_VOUCH, FRIEND);
    /* her log goes on being linked to as far as here */
    struct vl_id target = {{7}};
    struct vl_control harmless = {.kind = VL_CONTROL_TOMBSTONE, .ids = &target, .id_count = 1};
    must(vl_replica_control(f->nodes[REMOVED].replica, &harmless, f->now, &id) == VL_OK);
    for (size_t i = 0; i < PERSONS; i++)
        (void)say(f, i, i);
    circle_fixture_sync_all(f);
    s->sealed = whisper(f, FRIEND, ME, 10);
    (void)whisper(f, REMOVED_LATER, FRIEND, 10);
    s->mine = whisper(f, ME, FACILITATOR, 11);
    s->erased = say(f, REMOVED_LATER, 12);
    circle_fixture_sync_all(f);
    must(vl_replica_erase(f->nodes[ME].replica, &s->erased, 1, f->now, &id) == VL_OK);
    (void)say(f, REMOVED, 13); /* nobody has seen it */
    (void)control(f, ME, VL_CONTROL_REMOVE, REMOVED);
    circle_fixture_sync_all(f);
    (void)say(f, ME, 14); /* under a new key */
    must(vl_replica_new_incarnation(f->nodes[ME].replica) == VL_OK);
    (void)say(f, ME, 15);
    circle_fixture_sync_all(f);
}

static void make_forks(struct scene *s)
{
    struct circle_fixture *f = s->f;
    size_t stored;
    struct entry_run known = lie(f, KNOWN_LIAR);
    must(vl_replica_receive(f->nodes[ME].replica, known.items, known.count, &stored) == VL_OK);
    must(stored == known.count); /* the second branch */
    entry_run_finish(&known);
    s->fork_log = log_of(f, ME, LIAR);
    s->fork = lie(f, LIAR);
    struct vl_replica *other = f->nodes[REMOVED].replica; /* learns of this fork alone */
    (void)circle_fixture_pull(f, REMOVED, ME);
    must(vl_replica_receive(other, s->fork.items, s->fork.count, &stored) == VL_OK);
    must(vl_replica_forks(other, keep_proof, s) == VL_OK);
}

/* Node 0 gets an entry of her friend's without its blob. */
static void make_bare(struct scene *s)
{
    struct circle_fixture *f = s->f;
    struct vl_id log = log_of(f, FRIEND, FRIEND);
    struct vl_head heads[SCENE_NEWS_MAX];
    size_t count, stored;
    s->bare = say(f, FRIEND, 20);
    must(vl_replica_heads(f->nodes[FRIEND].replica, heads, SCENE_NEWS_MAX, &count) == VL_OK);
    for (size_t i = 0; i < count; i++) {
        if (!vl_id_equal(&heads[i].log, &log)) continue;
        struct entry_run run = circle_fixture_run(f, FRIEND, &log, heads[i].seq, 1);
        run.items[0].blob = vl_bytes(NULL, 0);
        must(vl_replica_receive(f->nodes[ME].replica, run.items, 1, &stored) == VL_OK);
        must(stored == 1);
        entry_run_finish(&run);
    }
}

static void make_news(struct scene *s)
{
    struct circle_fixture *f = s->f;
    struct vl_id id, gone = log_of(f, ME, FRIEND);
    (void)say(f, REMOVED_LATER, 19);
    (void)circle_fixture_pull(f, ME, REMOVED_LATER); /* nobody else has seen it */
    (void)whisper(f, FRIEND, ME, 21);
    gone = say(f, FRIEND, 22);
    (void)circle_fixture_pull(f, FACILITATOR, FRIEND);
    (void)control(f, FACILITATOR, VL_CONTROL_REMOVE, REMOVED_LATER);
    circle_fixture_add(f, FACILITATOR, REMOVED);
    (void)say(f, FACILITATOR, 23);
    (void)circle_fixture_pull(f, FRIEND, FACILITATOR);
    must(vl_replica_erase(f->nodes[FRIEND].replica, &gone, 1, f->now, &id) == VL_OK);
    (void)say(f, FRIEND, 24);
    (void)circle_fixture_pull(f, FACILITATOR, FRIEND);
    (void)say(f, FACILITATOR, 25);
    s->news_count = runs_between(f, ME, FACILITATOR, s->news);
    s->past_count = runs_between(f, PERSONS, FRIEND, s->past);
    gone = log_of(f, FRIEND, FRIEND);
    uint64_t first = next_of(f, FRIEND, &gone);
    (void)say(f, FRIEND, 26);
    (void)circle_fixture_pull(f, REMOVED, FACILITATOR);
    (void)say(f, REMOVED, 27);
    (void)circle_fixture_pull(f, FRIEND, REMOVED);
    (void)say(f, FRIEND, 28);
    s->cut = circle_fixture_run(f, FRIEND, &gone, first, 256);
    must(s->cut.count == 2);
    s->cut.items[0].signature[0] ^= 1;
}

struct scene *scene_create(void)
{
    struct scene *s = calloc(1, sizeof *s);
    must(s != NULL);
    s->f = circle_fixture_create(PERSONS, 77);
    s->acts = scene_acts;
    s->act_count = scene_act_count;
    struct circle_fixture *f = s->f;
    make_past(s);
    must(circle_fixture_stranger(f) == PERSONS); /* has nothing, and nobody knows her */
    make_forks(s);
    make_bare(s);
    make_news(s);
    s->newcomer = circle_fixture_enrolment(f, PERSONS);
    s->before = memory_storage_clone(f->nodes[ME].memory);
    s->watch.real = f->nodes[ME].storage;
    f->nodes[ME].storage = watched_storage_port(&s->watch);
    circle_fixture_reopen(f, ME);
    return s;
}

void scene_destroy(struct scene *s)
{
    if (s == NULL) return;
    for (size_t i = 0; i < s->news_count; i++)
        entry_run_finish(&s->news[i]);
    for (size_t i = 0; i < s->past_count; i++)
        entry_run_finish(&s->past[i]);
    for (size_t i = 0; i < SCENE_SERVED_MAX; i++)
        entry_run_finish(&s->served[i]);
    entry_run_finish(&s->cut);
    entry_run_finish(&s->fork);
    vl_buffer_finish(&s->proof);
    vl_buffer_finish(&s->late_proof);
    memory_storage_destroy(s->before);
    if (s->full != NULL) memory_storage_destroy(s->full);
    circle_fixture_destroy(s->f);
    free(s);
}

void scene_reset(struct scene *s)
{
    struct fixture_node *node = &s->f->nodes[ME];
    vl_replica_close(node->replica);
    node->replica = NULL;
    memory_storage_restore(node->memory, s->before);
    circle_fixture_reopen(s->f, ME);
}

/* ---- what is stored ---- */

static vl_result hash_log(void *context, const struct vl_log_row *row)
{
    crypto_generichash_state *hash = context;
    const uint64_t numbers[] = {row->index, row->first_seq, row->tip_seq, row->tip_lamport,
                                row->flags};
    crypto_generichash_update(hash, (const uint8_t *)numbers, sizeof numbers);
    crypto_generichash_update(hash, row->log.bytes, sizeof row->log.bytes);
    crypto_generichash_update(hash, row->tip.bytes, sizeof row->tip.bytes);
    return VL_OK;
}

static vl_result hash_entry(void *context, const struct vl_entry_row *row)
{
    crypto_generichash_state *hash = context;
    const uint64_t numbers[] = {row->flags, row->entry.blob.size, row->chain, row->seq};
    crypto_generichash_update(hash, (const uint8_t *)numbers, sizeof numbers);
    crypto_generichash_update(hash, row->id.bytes, sizeof row->id.bytes);
    return VL_OK;
}

static vl_result hash_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    crypto_generichash_state *hash = context;
    crypto_generichash_update(hash, key->record.bytes, sizeof key->record.bytes);
    crypto_generichash_update(hash, state.data, state.size);
    return VL_OK;
}

struct vl_id scene_stored(struct memory_storage *memory)
{
    struct vl_storage port = memory_storage_port(memory);
    const struct vl_scan all = {0};
    crypto_generichash_state hash;
    struct vl_id out;
    crypto_generichash_init(&hash, NULL, 0, sizeof out.bytes);
    must(port.log_scan(port.self, hash_log, &hash) == VL_OK);
    must(port.entry_scan(port.self, &all, hash_entry, &hash) == VL_OK);
    must(port.cell_scan(port.self, false, 0, hash_cell, &hash) == VL_OK);
    crypto_generichash_final(&hash, out.bytes, sizeof out.bytes);
    return out;
}
