/* The circle of closed logs, and what a replica does with them, as acts on node 0. */
#include "tests/support/replica_scenes.h"

#include "sync/branches.h"
#include "tests/support/forged_entry.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE       7u
#define FIELD      3u
#define PERSONS    7u
#define CHAINS_MAX 256u

/* FIRST and SECOND have forked their logs. KEYED makes a new epoch, and will turn out to be a liar:
 * what she wrote under its key is then readable to nobody. OUT was removed. */
enum { ME, FACILITATOR, FRIEND, FIRST, SECOND, KEYED, OUT };

#define must(held) must_hold((held), #held)

static void must_hold(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "branch_scenes: %s\n", what);
    abort();
}

static struct vl_replica *me(struct scene *s)
{
    return s->f->nodes[ME].replica;
}

/* ---- the circle ---- */

static struct vl_id say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    return circle_fixture_set(f, by, TYPE, &record, FIELD, "said");
}

static void control(struct circle_fixture *f, size_t by, enum vl_control_kind kind, size_t person)
{
    struct vl_control body = {.kind = kind, .target = f->nodes[person].person};
    struct vl_id id;
    must(vl_replica_control(f->nodes[by].replica, &body, f->now, &id) == VL_OK);
}

static struct vl_head head_of(struct circle_fixture *f, size_t node, size_t author)
{
    struct vl_incarnation log;
    struct vl_head heads[SCENE_NEWS_MAX];
    size_t count;
    must(vl_replica_incarnations(f->nodes[node].replica, f->nodes[author].keys->card.sign, &log, 1,
                                 &count) == VL_OK);
    must(count == 1);
    must(vl_replica_heads(f->nodes[node].replica, heads, SCENE_NEWS_MAX, &count) == VL_OK);
    for (size_t i = 0; i < count && i < SCENE_NEWS_MAX; i++)
        if (vl_id_equal(&heads[i].log, &log.log)) return heads[i];
    must(false);
    return heads[0];
}

static void give(struct circle_fixture *f, size_t to, const struct entry_run *run, size_t count)
{
    size_t stored;
    vl_result result = vl_replica_receive(f->nodes[to].replica, run->items, count, &stored);
    must_hold(result == VL_OK && stored == count, vl_result_name(result));
}

/* The last entry of that member's log, which nobody has but node 0. What it needs, a key, FRIEND
 * has too. */
static struct entry_run last_words(struct circle_fixture *f, size_t author, uint64_t number)
{
    (void)say(f, author, number);
    if (author != KEYED) (void)circle_fixture_pull(f, FRIEND, author);
    (void)say(f, author, number);
    (void)circle_fixture_pull(f, ME, author);
    struct vl_head head = head_of(f, ME, author);
    struct entry_run run = circle_fixture_run(f, ME, &head.log, head.seq, 1);
    must(run.count == 1);
    return run;
}

static vl_result keep_proof(void *context, const struct vl_fork *fork)
{
    vl_buffer_clear(context);
    return vl_buffer_append(context, fork->proof.data, fork->proof.size);
}

/* That of a log of which only OUT gets both branches. */
static void prove(struct circle_fixture *f, const struct entry_run *one,
                  const struct entry_run *other, struct vl_buffer *proof)
{
    struct memory_storage *before = memory_storage_clone(f->nodes[OUT].memory);
    size_t stored;
    give(f, OUT, one, one->count);
    must(vl_replica_receive(f->nodes[OUT].replica, other->items, 1, &stored) == VL_OK);
    must(vl_replica_forks(f->nodes[OUT].replica, keep_proof, proof) == VL_OK);
    must(proof->size > 0);
    vl_replica_close(f->nodes[OUT].replica);
    f->nodes[OUT].replica = NULL;
    memory_storage_restore(f->nodes[OUT].memory, before);
    memory_storage_destroy(before);
    circle_fixture_reopen(f, OUT);
}

/* KEYED writes under a new key, which node 0 reads. Of another such entry the proof is kept. */
static void make_keyed(struct scene *s)
{
    struct circle_fixture *f = s->f;
    control(f, ME, VL_CONTROL_REMOVE, OUT);
    circle_fixture_sync_all(f);
    struct vl_head before = head_of(f, ME, KEYED);
    struct entry_run words = last_words(f, KEYED, 50);
    struct entry_run all = circle_fixture_run(f, ME, &before.log, before.seq + 1, 256);
    struct entry_run other = forged_branch(f, KEYED, &words.items[0], 1, 1, NULL);
    must(all.count == 3); /* the epoch, and what is said */
    prove(f, &all, &other, &s->proof);
    entry_run_finish(&words);
    entry_run_finish(&all);
    entry_run_finish(&other);
}

static void prove_second(struct scene *s, const struct entry_run *other)
{
    struct vl_head head = head_of(s->f, ME, SECOND);
    uint64_t known = head_of(s->f, OUT, SECOND).seq;
    struct entry_run run = circle_fixture_run(s->f, ME, &head.log, known + 1, 256);
    prove(s->f, &run, other, &s->late_proof);
    entry_run_finish(&run);
}

/* Of each liar's log node 0 has two branches; what shows of SECOND's that they contradict each
 * other is badly signed, so there is no proof of it. The others are served: 0  by FIRST; nobody
 * cites it 1  by SECOND; its third entry links to 0 2  by FIRST; FRIEND has its first two entries,
 * signed well, and cites the second. Here only the last one is */
static void make_branches(struct scene *s)
{
    struct circle_fixture *f = s->f;
    struct entry_run one = last_words(f, FIRST, 30), two = last_words(f, SECOND, 40);
    struct entry_run beside_one = forged_branch(f, FIRST, &one.items[0], 900, 2, NULL);
    struct entry_run beside_two = forged_branch(f, SECOND, &two.items[0], 900, 3, NULL);
    give(f, ME, &beside_one, 2);
    prove_second(s, &beside_two);
    for (size_t i = 0; i < 2; i++)
        beside_two.items[i].signature[0] ^= 1;
    give(f, ME, &beside_two, 3);
    s->served[0] = forged_branch(f, FIRST, &one.items[0], 0, 1, NULL);
    s->served[1] = forged_branch(f, SECOND, &two.items[0], 1, 5, &s->served[0].items[0]);
    s->served[2] = forged_branch(f, FIRST, &one.items[0], 2, 3, NULL);
    for (unsigned i = 3; i < SCENE_SERVED_MAX; i++)
        s->served[i] = i % 2 == 0 ? forged_branch(f, FIRST, &one.items[0], i, 1, NULL)
                                  : forged_branch(f, SECOND, &two.items[0], i, 1 + i % 3, NULL);
    give(f, FRIEND, &s->served[2], 2);
    uint64_t next = head_of(f, FRIEND, FRIEND).seq + 1;
    (void)say(f, FRIEND, 20);
    struct vl_head friend = head_of(f, FRIEND, FRIEND);
    s->news[s->news_count++] = circle_fixture_run(f, FRIEND, &friend.log, next, 256);
    for (size_t i = 0; i < 2; i++)
        s->served[2].items[i].signature[0] ^= 1;
    entry_run_finish(&one);
    entry_run_finish(&two);
    entry_run_finish(&beside_one);
    entry_run_finish(&beside_two);
}

vl_result scene_serve(struct scene *s, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        struct vl_run run = {.entries = s->served[i].items,
                             .count = s->served[i].count,
                             .server = &s->f->nodes[FACILITATOR].person};
        VL_TRY(vl_replica_receive_runs(me(s), &run, 1));
        VL_TRY(run.result);
    }
    return VL_OK;
}

struct scene *scene_create_branches(void)
{
    struct scene *s = calloc(1, sizeof *s);
    must(s != NULL);
    s->f = circle_fixture_create(PERSONS, 78);
    s->acts = branch_acts;
    s->act_count = branch_act_count;
    control(s->f, ME, VL_CONTROL_PROMOTE, FACILITATOR);
    for (size_t i = 0; i < PERSONS; i++)
        (void)say(s->f, i, i);
    circle_fixture_sync_all(s->f);
    make_keyed(s);
    make_branches(s);
    s->before = memory_storage_clone(s->f->nodes[ME].memory);
    must(scene_serve(s, 0, VL_SERVED_CHAINS_MAX) == VL_OK);
    size_t stored;
    must(vl_replica_receive(me(s), s->news[0].items, s->news[0].count, &stored) == VL_OK);
    s->full = memory_storage_clone(s->f->nodes[ME].memory);
    s->watch.real = s->f->nodes[ME].storage;
    s->f->nodes[ME].storage = watched_storage_port(&s->watch);
    scene_reset(s);
    return s;
}

/* ---- what comes ---- */

static void serve_all(struct scene *s)
{
    must(scene_serve(s, 0, VL_SERVED_CHAINS_MAX) == VL_OK);
}

/* The one that was served longest ago makes room, and what links to it goes with it. */
static vl_result act_serve_one_more(struct scene *s)
{
    return scene_serve(s, VL_SERVED_CHAINS_MAX, 1);
}

static vl_result act_serve_one(struct scene *s)
{
    return scene_serve(s, 1, 1); /* without what its third entry links to */
}

static vl_result act_receive_a_citation(struct scene *s)
{
    size_t stored;
    return vl_replica_receive(me(s), s->news[0].items, s->news[0].count, &stored);
}

static vl_result act_learn_a_fork(struct scene *s)
{
    return vl_replica_fork_learn(me(s), vl_buffer_view(&s->proof));
}

/* Nobody could tell of the log that is closed here why it is. */
static vl_result act_learn_why(struct scene *s)
{
    return vl_replica_fork_learn(me(s), vl_buffer_view(&s->late_proof));
}

static vl_result act_learn_a_false_why(struct scene *s)
{
    s->late_proof.data[s->late_proof.size - 1] ^= 1;
    vl_result result = act_learn_why(s);
    s->late_proof.data[s->late_proof.size - 1] ^= 1;
    return result;
}

static vl_result act_write(struct scene *s)
{
    struct vl_operation operation = {.type = TYPE,
                                     .record = fixture_record(60),
                                     .field = FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("mine")};
    struct vl_id id;
    return vl_replica_write(me(s), &operation, 1, s->f->now, &id);
}

/* Of FIRST's log a control entry has both branches in its past. */
static void cite_both(struct scene *s)
{
    size_t stored;
    serve_all(s);
    must(vl_replica_receive(me(s), s->news[0].items, s->news[0].count, &stored) == VL_OK);
    control(s->f, ME, VL_CONTROL_VOUCH, FRIEND);
}

/* A log is named once, with the highest number. */
static vl_result act_reach(struct scene *s)
{
    struct vl_head reach[CHAINS_MAX];
    size_t count;
    VL_TRY(vl_replica_control_reach(me(s), reach, CHAINS_MAX, &count));
    for (size_t i = 1; i < count; i++)
        if (vl_id_compare(&reach[i - 1].log, &reach[i].log) >= 0) return VL_ERR_INTERNAL;
    return count > 0 ? VL_OK : VL_ERR_INTERNAL;
}

/* ---- opening ---- */

static void close_full(struct scene *s)
{
    struct fixture_node *node = &s->f->nodes[ME];
    vl_replica_close(node->replica);
    node->replica = NULL;
    memory_storage_restore(node->memory, s->full);
}

/* What is not cited goes. */
static vl_result act_open(struct scene *s)
{
    struct fixture_node *node = &s->f->nodes[ME];
    vl_replica_close(node->replica);
    node->replica = NULL;
    return vl_replica_open(&node->replica, &s->f->id, node->keys, &node->storage, NULL);
}

/* ---- looking ---- */

static vl_result see_entry(void *context, const struct vl_entry_row *row)
{
    *(size_t *)context += row->entry.header.size;
    return VL_OK;
}

static vl_result look_at(struct scene *s, const struct closed_chain *chains, size_t count,
                         const struct closed_chain *at)
{
    struct vl_head heads[CHAINS_MAX];
    uint64_t out[CHAINS_MAX] = {0}, number;
    uint32_t chain;
    size_t seen = 0, heads_count;
    VL_TRY(closed_past(me(s), at->chain, at->tip_seq, chains, count, out));
    VL_TRY(closed_read(me(s), at->chain, at->first_seq, 256, SIZE_MAX, see_entry, &seen));
    VL_TRY(closed_lamport(me(s), at->chain, at->first_seq, &number));
    VL_TRY(closed_signed(me(s), at->chain, at->first_seq, &number));
    VL_TRY(vl_replica_asked_heads(me(s), heads, CHAINS_MAX, &heads_count));
    for (size_t i = 0; i < heads_count; i++)
        VL_TRY(closed_place(me(s), &heads[i].id, &chain, &number));
    return seen > 0 ? VL_OK : VL_ERR_INTERNAL;
}

static vl_result act_look(struct scene *s)
{
    struct closed_chain chains[CHAINS_MAX];
    uint64_t reached[CHAINS_MAX];
    size_t count = closed_chains(me(s), chains, CHAINS_MAX);
    VL_TRY(closed_reach(me(s), chains, count, reached));
    for (size_t i = 0; i < count; i++)
        VL_TRY(look_at(s, chains, count, &chains[i]));
    return count > 0 ? VL_OK : VL_ERR_NO_MEMORY;
}

static vl_result act_verify(struct scene *s)
{
    struct vl_verify_report report;
    struct vl_id bad;
    return vl_replica_verify(me(s), &report, &bad);
}

const struct scene_act branch_acts[] = {
    {"serve one", act_serve_one, VL_ERR_MISSING, true, NULL},
    {"serve one more", act_serve_one_more, VL_OK, true, serve_all},
    {"receive a citation", act_receive_a_citation, VL_OK, true, serve_all},
    {"learn a fork", act_learn_a_fork, VL_OK, true, NULL},
    {"learn why", act_learn_why, VL_OK, true, NULL},
    {"learn a false why", act_learn_a_false_why, VL_ERR_SIGNATURE, true, NULL},
    {"reach", act_reach, VL_OK, true, cite_both},
    {"write", act_write, VL_OK, true, NULL},
    {"open", act_open, VL_OK, true, close_full},
    {"look", act_look, VL_OK, false, NULL},
    {"verify", act_verify, VL_OK, false, NULL},
};
const size_t branch_act_count = sizeof branch_acts / sizeof *branch_acts;
