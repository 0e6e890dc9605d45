/* A device that writes two entries with one number: its log is closed at every honest node, both
 * branches and the proof go round, what honest nodes linked to is taken everywhere, the others go
 * on. */
#include "tests/support/forged_entry.h"
#include "tests/support/session_pair.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/bundle.h>

#include <cmocka.h>

#define TYPE   1u
#define FIELD  3u
#define LIAR   1u
#define NODES  5u
#define TO_ALL 2u /* entries of the liar's log that all have */

/* Nodes 0 and 2 each have another branch of the liar's log, `one` and `two` entries long; 3 and 4
 * know nothing of either. */
struct scene {
    struct circle_fixture *f;
    struct vl_id log;
};

static void write_many(struct circle_fixture *f, size_t node, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        struct vl_record_id record = fixture_record(1000 * node + i);
        (void)circle_fixture_add_element(f, node, TYPE, &record, FIELD, text);
    }
}

static struct scene scene_make(uint64_t seed, size_t one, size_t two)
{
    struct scene s = {.f = circle_fixture_create(NODES, seed)};
    write_many(s.f, LIAR, TO_ALL, "vrai");
    circle_fixture_sync_all(s.f);
    struct vl_incarnation log;
    size_t count;
    assert_int_equal(vl_replica_incarnations(s.f->nodes[0].replica,
                                             s.f->nodes[LIAR].keys->card.sign, &log, 1, &count),
                     VL_OK);
    assert_int_equal(count, 1);
    s.log = log.log;
    struct memory_storage *before = memory_storage_clone(s.f->nodes[LIAR].memory);
    write_many(s.f, LIAR, one, "une chose");
    assert_int_equal(circle_fixture_pull(s.f, 0, LIAR), one);
    vl_replica_close(s.f->nodes[LIAR].replica);
    s.f->nodes[LIAR].replica = NULL;
    memory_storage_restore(s.f->nodes[LIAR].memory, before);
    memory_storage_destroy(before);
    circle_fixture_reopen(s.f, LIAR);
    write_many(s.f, LIAR, two, "une autre");
    assert_int_equal(circle_fixture_pull(s.f, 2, LIAR), two);
    return s;
}

static void meet(struct scene *s, size_t a, size_t b)
{
    struct session_pair pair;
    session_pair_init(&pair, s->f, a, b);
    session_pair_run(&pair);
    for (size_t side = 0; side < 2; side++) {
        assert_int_equal(vl_session_error(pair.sides[side]), VL_OK);
        assert_int_equal(vl_session_state_of(pair.sides[side]), VL_SESSION_LIVE);
    }
    session_pair_finish(&pair);
}

/* ---- what a node knows of it ---- */

struct seen {
    struct vl_fork fork;
    struct vl_buffer proof;
    size_t count;
};

static vl_result see(void *context, const struct vl_fork *fork)
{
    struct seen *seen = context;
    seen->fork = *fork;
    seen->count++;
    vl_buffer_clear(&seen->proof);
    return vl_buffer_append(&seen->proof, fork->proof.data, fork->proof.size);
}

static bool knows(struct scene *s, size_t node, struct seen *out)
{
    struct seen seen = {.count = 0};
    assert_int_equal(vl_replica_forks(s->f->nodes[node].replica, see, &seen), VL_OK);
    assert_int_equal(vl_replica_fork_count(s->f->nodes[node].replica), seen.count);
    assert_in_range(seen.count, 0, 1);
    if (seen.count == 1) {
        assert_true(vl_id_equal(&seen.fork.log, &s->log));
        assert_memory_equal(seen.fork.sign_key, s->f->nodes[LIAR].keys->card.sign, 32);
        assert_true(seen.proof.size > 0 && seen.proof.size <= VL_FORK_PROOF_BYTES_MAX);
        assert_in_range(seen.fork.seqs[1] - seen.fork.seqs[0], 0, 1);
        assert_true(seen.fork.seqs[0] >= TO_ALL - 1);
        assert_false(vl_id_equal(&seen.fork.ids[0], &seen.fork.ids[1]));
    }
    if (out != NULL)
        *out = seen;
    else
        vl_buffer_finish(&seen.proof);
    return seen.count == 1;
}

static size_t branches(struct scene *s, size_t node)
{
    struct seen seen;
    bool known = knows(s, node, &seen);
    vl_buffer_finish(&seen.proof);
    return known ? seen.fork.branches : 0;
}

static bool agree(struct scene *s, size_t a, size_t b)
{
    struct vl_id one, other, x = circle_fixture_digest(s->f, a), y = circle_fixture_digest(s->f, b);
    vl_replica_heads_digest(s->f->nodes[a].replica, &one);
    vl_replica_heads_digest(s->f->nodes[b].replica, &other);
    return vl_id_equal(&one, &other) && vl_id_equal(&x, &y);
}

static void verifies(struct scene *s, size_t node)
{
    struct vl_verify_report report;
    struct vl_id bad;
    assert_int_equal(vl_replica_verify(s->f->nodes[node].replica, &report, &bad), VL_OK);
}

static bool has_cell(struct scene *s, size_t node, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    struct vl_cell_key key = {.type = TYPE, .record = record, .field = FIELD, .kind = VL_FIELD_SET};
    struct vl_buffer cell = {0};
    vl_result result = vl_replica_cell(s->f->nodes[node].replica, &key, &cell);
    vl_buffer_finish(&cell);
    return result == VL_OK;
}

/* ---- properties ---- */

static void both_sides_get_the_proof(size_t one, size_t two)
{
    struct scene s = scene_make(100 + 10 * one + two, one, two);
    write_many(s.f, 0, 2, "zero");
    write_many(s.f, 2, 2, "deux");
    write_many(s.f, 3, 2, "trois");
    assert_int_equal(circle_fixture_pull(s.f, 2, 3), 2);
    meet(&s, 0, 2);
    assert_true(knows(&s, 0, NULL));
    assert_true(knows(&s, 2, NULL));
    circle_fixture_reopen(s.f, 0); /* it is remembered */
    assert_true(knows(&s, 0, NULL));
    /* what node 3 wrote has no part in it and arrived */
    assert_true(has_cell(&s, 0, 3000) && has_cell(&s, 0, 3001));
    /* nodes 0 and 2 had linked to their branch, each to another: both are taken by both */
    for (size_t node = 0; node < 3; node += 2) {
        assert_int_equal(branches(&s, node), 2);
        for (uint64_t number = 0; number < (one > two ? one : two); number++)
            assert_true(has_cell(&s, node, 1000 * LIAR + number));
        assert_true(has_cell(&s, node, 0) && has_cell(&s, node, 2000));
        verifies(&s, node);
    }
    assert_true(agree(&s, 0, 2));
    circle_fixture_destroy(s.f);
}

/* Nobody linked to either branch. All the same both are at both, and neither has an effect until
 * somebody writes: each cites the branch that she had. */
static void branches_that_nobody_cites(void **state)
{
    (void)state;
    struct scene s = scene_make(12, 3, 2);
    assert_true(has_cell(&s, 0, 1000 * LIAR + 2));
    meet(&s, 0, 2);
    for (size_t node = 0; node < 3; node += 2) {
        assert_int_equal(branches(&s, node), 2);
        assert_false(has_cell(&s, node, 1000 * LIAR + 2)); /* of branch one alone */
        verifies(&s, node);
        circle_fixture_reopen(s.f, node);
        assert_int_equal(branches(&s, node), 2);
    }
    assert_true(agree(&s, 0, 2));
    size_t entries = memory_storage_entry_count(s.f->nodes[0].memory);
    assert_int_equal(memory_storage_entry_count(s.f->nodes[2].memory), entries);
    write_many(s.f, 0, 1, "zero");
    assert_true(has_cell(&s, 0, 1000 * LIAR + 2));
    meet(&s, 0, 2);
    write_many(s.f, 2, 1, "deux");
    meet(&s, 0, 2);
    meet(&s, 3, 2);
    meet(&s, 4, 3);
    for (size_t node = 0; node < NODES; node++) {
        if (node == LIAR) continue;
        assert_true(has_cell(&s, node, 1000 * LIAR + 2));
        assert_int_equal(branches(&s, node), 2);
        assert_true(agree(&s, node, 0));
        verifies(&s, node);
    }
    circle_fixture_destroy(s.f);
}

/* Longer than what may wait: it streams, and is live when the entry that cites it comes. */
static void a_long_branch_is_taken(void **state)
{
    (void)state;
    struct scene s = scene_make(13, 2, 3);
    write_many(s.f, LIAR, VL_PENDING_ENTRIES_MAX + 500, "sans fin");
    assert_int_equal(circle_fixture_pull(s.f, 2, LIAR), VL_PENDING_ENTRIES_MAX + 500);
    write_many(s.f, 2, 1, "deux");
    write_many(s.f, 0, 1, "zero");
    meet(&s, 0, 2);
    assert_true(has_cell(&s, 0, 2000) && has_cell(&s, 2, 0));
    assert_true(agree(&s, 0, 2));
    meet(&s, 0, 4);
    assert_true(agree(&s, 0, 4));
    circle_fixture_destroy(s.f);
}

/* The device whose log it was goes on in a new one, and what she wrote last with it. */
static void the_device_goes_on(void **state)
{
    (void)state;
    struct scene s = scene_make(14, 2, 3);
    meet(&s, 0, 2);
    meet(&s, 0, LIAR);
    assert_true(knows(&s, LIAR, NULL));
    assert_true(has_cell(&s, LIAR, 1000 * LIAR + 2)); /* her own, of branch two */
    write_many(s.f, LIAR, 1, "de nouveau");
    meet(&s, 0, LIAR);
    meet(&s, 0, 2);
    meet(&s, 0, 4);
    for (size_t node = 0; node < NODES; node++) {
        if (node == 3) continue;
        assert_true(has_cell(&s, node, 1000 * LIAR + 2));
        assert_true(agree(&s, node, 0));
    }
    circle_fixture_destroy(s.f);
}

static void branches_of_any_length(void **state)
{
    (void)state;
    both_sides_get_the_proof(1, 1);
    both_sides_get_the_proof(2, 2);
    both_sides_get_the_proof(1, 5);
    both_sides_get_the_proof(5, 1);
    both_sides_get_the_proof(3, 2);
}

/* The one who tells has no copy of what the two saw; the proof alone goes on. */
static void the_proof_goes_round(void **state)
{
    (void)state;
    struct scene s = scene_make(7, 3, 3);
    meet(&s, 0, 2);
    meet(&s, 2, 3);
    assert_true(knows(&s, 3, NULL));
    meet(&s, 4, 3);
    assert_true(knows(&s, 4, NULL));
    assert_int_equal(branches(&s, 3), 2);
    assert_int_equal(branches(&s, 4), 2);
    /* the log is closed: nothing more of it has an effect, from the liar herself either */
    write_many(s.f, LIAR, 1, "encore");
    struct vl_id before = circle_fixture_digest(s.f, 4), after;
    meet(&s, 4, LIAR);
    after = circle_fixture_digest(s.f, 4);
    assert_true(vl_id_equal(&before, &after));
    /* she learns that it is known, and her program goes on in a new log, which is taken */
    assert_true(knows(&s, LIAR, NULL));
    write_many(s.f, LIAR, 1, "neuf");
    meet(&s, 4, 3); /* the others are in no way stopped */
    write_many(s.f, 3, 1, "va");
    meet(&s, 4, 3);
    assert_true(has_cell(&s, 4, 3000));
    circle_fixture_destroy(s.f);
}

/* Who knows of a fork can still write a bundle, and it tells of the fork. */
static void a_bundle_tells_of_it(void **state)
{
    (void)state;
    struct scene s = scene_make(6, 2, 2);
    struct vl_bundle_writer *w = NULL;
    struct vl_bundle_reader *r = NULL;
    struct vl_buffer file = {0};
    write_many(s.f, 2, 1, "deux"); /* cites its branch */
    meet(&s, 0, 2);
    write_many(s.f, 3, 1, "trois");
    assert_int_equal(circle_fixture_pull(s.f, 2, 3), 1);
    assert_int_equal(vl_bundle_writer_create(&w, s.f->nodes[2].replica, NULL, 0, s.f->now), VL_OK);
    assert_int_equal(vl_bundle_write(w, SIZE_MAX, &file), VL_OK);
    vl_bundle_writer_destroy(w);
    assert_int_equal(vl_bundle_reader_create(&r, &s.f->nodes[4].replica, 1), VL_OK);
    assert_int_equal(vl_bundle_read(r, vl_buffer_view(&file)), VL_OK);
    assert_int_equal(vl_bundle_read_end(r), VL_OK);
    vl_bundle_reader_destroy(r);
    vl_buffer_finish(&file);
    assert_true(knows(&s, 4, NULL));
    assert_true(has_cell(&s, 4, 3000) && has_cell(&s, 4, 2000));
    assert_int_equal(branches(&s, 4), 2);
    assert_true(agree(&s, 2, 4));
    circle_fixture_destroy(s.f);
}

/* Three nodes that each saw one branch. */
static void three_branches(void **state)
{
    (void)state;
    struct scene s = scene_make(8, 2, 2);
    write_many(s.f, LIAR, 2, "la suite");
    meet(&s, 0, 2);
    assert_int_equal(circle_fixture_pull(s.f, 3, LIAR), 4);
    write_many(s.f, 0, 1, "zero");
    write_many(s.f, 2, 1, "deux");
    write_many(s.f, 3, 1, "trois");
    meet(&s, 3, 2);
    meet(&s, 3, 0);
    meet(&s, 0, 2);
    for (size_t node = 0; node < 4; node++) {
        if (node == LIAR) continue;
        assert_true(knows(&s, node, NULL));
        assert_true(agree(&s, node, 0));
        verifies(&s, node);
    }
    circle_fixture_destroy(s.f);
}

/* Nobody can be accused who did not do it. */
static void a_false_proof_is_refused(void **state)
{
    (void)state;
    struct scene s = scene_make(9, 2, 3);
    struct seen seen;
    meet(&s, 0, 2);
    assert_true(knows(&s, 0, &seen));
    struct vl_replica *innocent = s.f->nodes[3].replica;
    uint64_t generation = vl_replica_generation(innocent);
    for (size_t bit = 0; bit < 8 * seen.proof.size; bit += 5) {
        seen.proof.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_not_equal(vl_replica_fork_learn(innocent, vl_buffer_view(&seen.proof)), VL_OK);
        seen.proof.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t size = 0; size < seen.proof.size; size++)
        assert_int_not_equal(vl_replica_fork_learn(innocent, vl_bytes(seen.proof.data, size)),
                             VL_OK);
    assert_int_equal(vl_replica_generation(innocent), generation);

    /* two entries that follow each other are no fork, nor is one entry twice */
    struct entry_run run = circle_fixture_run(s.f, 3, &s.log, 0, 2);
    assert_int_equal(run.count, 2);
    for (size_t first = 0; first < 2; first++) {
        for (size_t second = 0; second < 2; second++) {
            struct vl_buffer proof = {0};
            struct vl_writer w = vl_writer(&proof, SIZE_MAX);
            vl_write_exact(&w, seen.proof.data, 48);
            vl_write_string(&w, run.items[first].header);
            vl_write_exact(&w, run.items[first].signature, 64);
            vl_write_string(&w, run.items[second].header);
            vl_write_exact(&w, run.items[second].signature, 64);
            assert_int_equal(vl_writer_result(&w), VL_OK);
            assert_int_equal(vl_replica_fork_learn(innocent, vl_buffer_view(&proof)),
                             VL_ERR_INVALID);
            vl_buffer_finish(&proof);
        }
    }
    entry_run_finish(&run);
    assert_int_equal(vl_replica_fork_learn(innocent, vl_buffer_view(&seen.proof)), VL_OK);
    assert_true(knows(&s, 3, NULL));
    vl_buffer_finish(&seen.proof);
    circle_fixture_destroy(s.f);
}

/* Without room, or with a failing disk, the log stays as it was, and closes the next time. */
static void a_failing_storage_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 8; nth++) {
        struct scene s = scene_make(10, 2, 2);
        struct seen seen;
        meet(&s, 0, 2);
        assert_true(knows(&s, 0, &seen));
        struct fixture_node *node = &s.f->nodes[3];
        memory_storage_fail(node->memory, nth, VL_ERR_STORAGE, false);
        vl_result result = vl_replica_fork_learn(node->replica, vl_buffer_view(&seen.proof));
        bool failed = memory_storage_failed(node->memory);
        memory_storage_fail(node->memory, 0, VL_OK, false);
        assert_int_equal(result, failed ? VL_ERR_STORAGE : VL_OK);
        assert_int_equal(knows(&s, 3, NULL), result == VL_OK);
        assert_int_equal(vl_replica_fork_learn(node->replica, vl_buffer_view(&seen.proof)), VL_OK);
        circle_fixture_reopen(s.f, 3);
        assert_true(knows(&s, 3, NULL));
        vl_buffer_finish(&seen.proof);
        circle_fixture_destroy(s.f);
    }
}

/* Node 0 gets entry TO_ALL of the liar's log as node 2 has it, with another time each time. */
static vl_result give_another(struct scene *s, size_t node, const struct entry_run *run,
                              struct vl_entry_header *header, const struct vl_id *server)
{
    struct entry_run one = {0};
    struct vl_id id;
    header->wall.ms++;
    entry_run_forge(&one, header, run->items[0].blob, s->f->nodes[LIAR].keys, &id);
    struct vl_run given = {.entries = one.items, .count = 1, .server = server};
    assert_int_equal(vl_replica_receive_runs(s->f->nodes[node].replica, &given, 1), VL_OK);
    entry_run_finish(&one);
    return given.result;
}

/* 10,000 branches by one member: two are kept, and what a member brings beside them is a cache with
 * an end. */
static void many_branches_cost_little(void **state)
{
    (void)state;
    struct scene s = scene_make(11, 2, 2);
    meet(&s, 0, 2);
    struct entry_run run = circle_fixture_run(s.f, 2, &s.log, TO_ALL, 1);
    struct vl_entry_header header;
    struct memory_storage *memory = s.f->nodes[0].memory;
    assert_int_equal(run.count, 1);
    assert_int_equal(vl_entry_header_decode(run.items[0].header, &header), VL_OK);
    size_t before = memory_storage_entry_count(memory);
    uint64_t commits = memory_storage_commits(memory);
    for (size_t i = 0; i < test_scale(10000, 300); i++)
        assert_int_equal(give_another(&s, 0, &run, &header, NULL), VL_ERR_FORK);
    assert_int_equal(memory_storage_entry_count(memory), before);
    assert_int_equal(memory_storage_commits(memory), commits);
    for (size_t i = 0; i < 300; i++)
        (void)give_another(&s, 0, &run, &header, &s.f->nodes[LIAR].person);
    assert_true(memory_storage_entry_count(memory) <=
                before + VL_PERSON_CHAINS_MAX + 1 + VL_SERVED_CHAINS_MAX);
    entry_run_finish(&run);
    write_many(s.f, 3, 2, "va");
    meet(&s, 0, 3);
    assert_true(has_cell(&s, 0, 3001));
    verifies(&s, 0);
    circle_fixture_destroy(s.f);
}

/* Whoever shows so many branches that the person is crowded is closed as a whole, and whoever hears
 * of it closes her as well. */
static void a_crowd_is_seen_by_all(void **state)
{
    (void)state;
    struct scene s = scene_make(15, 2, 2);
    struct entry_run run = circle_fixture_run(s.f, 2, &s.log, TO_ALL, 1);
    struct vl_entry_header header;
    const struct vl_id *liar = &s.f->nodes[LIAR].person;
    assert_int_equal(vl_entry_header_decode(run.items[0].header, &header), VL_OK);
    write_many(s.f, 3, 1, "trois");
    for (size_t i = 0; i < VL_PERSON_CHAINS_MAX + 5; i++)
        (void)give_another(&s, 0, &run, &header, liar);
    entry_run_finish(&run);
    assert_true(vl_replica_is_crowded(s.f->nodes[0].replica, liar));
    meet(&s, 0, 3);
    meet(&s, 3, 4);
    meet(&s, 0, 2);
    for (size_t node = 0; node < NODES; node++) {
        if (node == LIAR) continue;
        assert_true(vl_replica_is_crowded(s.f->nodes[node].replica, liar));
        assert_true(agree(&s, node, 0));
    }
    for (size_t node = 0; node < NODES; node++)
        if (node != LIAR) write_many(s.f, node, 1, "va");
    meet(&s, 0, 4);
    meet(&s, 0, 3);
    meet(&s, 0, 4);
    assert_true(agree(&s, 4, 0) && has_cell(&s, 4, 3000));
    size_t entries = memory_storage_entry_count(s.f->nodes[4].memory);
    meet(&s, 0, 4); /* of equals: a crowd is no reason to ask for more */
    assert_int_equal(memory_storage_entry_count(s.f->nodes[4].memory), entries);
    circle_fixture_destroy(s.f);
}

/* Who has a branch has, at whom has both, a part of one and the other: it is one log all the same,
 * and not the one that would make a crowd there too. */
static void a_log_that_goes_on_in_a_branch_is_one(void **state)
{
    (void)state;
    struct scene s = scene_make(16, 2, 2);
    const struct vl_id *liar = &s.f->nodes[LIAR].person;
    for (uint32_t i = 1; i < VL_PERSON_CHAINS_MAX; i++) {
        for (size_t node = 0; node < 3; node += 2) {
            struct vl_entry_header header = forged_log(s.f, LIAR, i);
            struct vl_id id;
            assert_int_equal(forged_give(s.f, LIAR, &header, vl_bytes_text("x"), node, &id), VL_OK);
        }
    }
    struct entry_run two = circle_fixture_run(s.f, 2, &s.log, TO_ALL, 2);
    struct vl_run given = {.entries = two.items, .count = two.count};
    assert_int_equal(vl_replica_share(s.f->nodes[0].replica, liar), VL_PERSON_CHAINS_MAX);
    assert_int_equal(vl_replica_receive_runs(s.f->nodes[0].replica, &given, 1), VL_OK);
    assert_int_equal(vl_replica_share(s.f->nodes[0].replica, liar), VL_PERSON_CHAINS_MAX + 1);
    entry_run_finish(&two);
    struct seen seen;
    assert_true(knows(&s, 0, &seen));
    assert_int_equal(vl_replica_fork_learn(s.f->nodes[2].replica, vl_buffer_view(&seen.proof)),
                     VL_OK);
    vl_buffer_finish(&seen.proof);
    assert_int_equal(vl_replica_share(s.f->nodes[2].replica, liar), VL_PERSON_CHAINS_MAX);
    assert_true(vl_replica_is_crowded(s.f->nodes[0].replica, liar));
    assert_false(vl_replica_is_crowded(s.f->nodes[2].replica, liar));
    meet(&s, 2, 0);
    assert_true(vl_replica_is_crowded(s.f->nodes[2].replica, liar));
    assert_int_equal(branches(&s, 2), 2);
    meet(&s, 0, 2);
    assert_true(agree(&s, 0, 2));
    verifies(&s, 2);
    circle_fixture_destroy(s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_of_any_length),
        cmocka_unit_test(branches_that_nobody_cites),
        cmocka_unit_test(a_long_branch_is_taken),
        cmocka_unit_test(the_device_goes_on),
        cmocka_unit_test(the_proof_goes_round),
        cmocka_unit_test(a_bundle_tells_of_it),
        cmocka_unit_test(three_branches),
        cmocka_unit_test(a_false_proof_is_refused),
        cmocka_unit_test(a_failing_storage_changes_nothing),
        cmocka_unit_test(many_branches_cost_little),
        cmocka_unit_test(a_crowd_is_seen_by_all),
        cmocka_unit_test(a_log_that_goes_on_in_a_branch_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
