/* A member whose device is copied many times by somebody who forks its log at will, in random
 * schedules: honest nodes meet in any order, link to whatever branch they saw first, and end with
 * the same entries, the same membership and the same records. */
#include "tests/support/seeded_random.h"
#include "tests/support/session_pair.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE       4u
#define FIELD      2u
#define NODES      6u /* 0 and 2 to 5 are honest */
#define LIAR       1u
#define COPIES     4u
#define SCHEDULES  200u
#define FIRST_SEED 8100u

struct scene {
    struct circle_fixture *f;
    struct fixture_node copies[COPIES]; /* of the liar's device */
    struct seeded random;
    uint64_t seed, records;
    struct vl_id written[1024]; /* by honest nodes */
    size_t written_count;
};

static size_t honest(struct scene *s)
{
    size_t node = (size_t)seeded_below(&s->random, NODES - 1);
    return node == LIAR ? NODES - 1 : node;
}

static void use_copy(struct scene *s, size_t copy)
{
    s->f->nodes[LIAR] = s->copies[copy];
}

static void copy_open(struct scene *s, struct fixture_node *copy,
                      const struct memory_storage *memory)
{
    *copy = s->f->nodes[LIAR];
    copy->memory = memory_storage_clone(memory);
    copy->storage = memory_storage_port(copy->memory);
    copy->replica = NULL;
    assert_int_equal(vl_replica_open(&copy->replica, &s->f->id, copy->keys, &copy->storage, NULL),
                     VL_OK);
}

static void copy_close(struct fixture_node *copy)
{
    vl_replica_close(copy->replica);
    memory_storage_destroy(copy->memory);
}

static void write_one(struct scene *s, size_t node, bool is_honest)
{
    struct vl_record_id record = fixture_record(s->records++ % 40);
    struct vl_operation operation = {.type = TYPE,
                                     .record = record,
                                     .field = FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes(&s->records, sizeof s->records)};
    struct vl_id id;
    vl_result result = vl_replica_write(s->f->nodes[node].replica, &operation, 1, s->f->now, &id);
    if (!is_honest) return; /* his copies may find themselves out */
    assert_int_equal(result, VL_OK);
    assert_true(s->written_count < 1024);
    s->written[s->written_count++] = id;
}

/* What the liar's control entries do is anything that a member may: he is no facilitator. */
static void control_one(struct scene *s, size_t node)
{
    struct vl_control control = {.kind = VL_CONTROL_VOUCH,
                                 .target = s->f->nodes[2 + seeded_below(&s->random, 4)].person};
    struct vl_control tombstone = {.kind = VL_CONTROL_TOMBSTONE, .id_count = 1};
    struct vl_id id, target;
    if (seeded_chance(&s->random, 300) && s->written_count > 0) {
        target = s->written[seeded_below(&s->random, s->written_count)];
        tombstone.ids = &target;
        control = tombstone;
    }
    (void)!vl_replica_control(s->f->nodes[node].replica, &control, s->f->now, &id);
}

static void meet(struct scene *s, size_t a, size_t b, bool must_hold)
{
    struct session_pair pair;
    session_pair_init(&pair, s->f, a, b);
    session_pair_run(&pair);
    for (size_t side = 0; must_hold && side < 2; side++)
        if (!vl_session_in_sync(pair.sides[side]))
            fail_msg("seed %llu: %zu and %zu are not in sync: %s, state %d, %zu wait",
                     (unsigned long long)s->seed, a, b,
                     vl_result_name(vl_session_error(pair.sides[side])),
                     (int)vl_session_state_of(pair.sides[side]),
                     vl_session_counts_of(pair.sides[side]).waiting);
    session_pair_finish(&pair);
}

/* Entries as they are, without a session that would tell: logs that do not follow are passed over.
 */
static void slip(struct scene *s, size_t to, size_t from)
{
    struct vl_head heads[128];
    size_t count;
    assert_int_equal(vl_replica_heads(s->f->nodes[from].replica, heads, 128, &count), VL_OK);
    for (size_t i = 0; i < count && i < 128; i++) {
        struct entry_run run = circle_fixture_run(s->f, from, &heads[i].log, 0, 256);
        struct vl_run one = {
            .entries = run.items, .count = run.count, .server = &s->f->nodes[LIAR].person};
        assert_int_equal(vl_replica_receive_runs(s->f->nodes[to].replica, &one, 1), VL_OK);
        entry_run_finish(&run);
    }
}

static void restore_copy(struct scene *s, size_t to, size_t from)
{
    if (to == from) return;
    copy_close(&s->copies[to]);
    copy_open(s, &s->copies[to], s->copies[from].memory);
}

static void step(struct scene *s)
{
    size_t copy = (size_t)seeded_below(&s->random, COPIES);
    use_copy(s, copy);
    switch (seeded_below(&s->random, 12)) {
    case 0:
    case 1:
    case 2: write_one(s, LIAR, false); break;
    case 3: control_one(s, LIAR); break;
    case 4:
    case 5: slip(s, honest(s), LIAR); break;
    case 6: slip(s, LIAR, honest(s)); break;
    case 7: meet(s, honest(s), LIAR, false); break;
    case 8: restore_copy(s, copy, (size_t)seeded_below(&s->random, COPIES)); break;
    case 9:
    case 10: write_one(s, honest(s), true); break;
    default: {
        size_t a = honest(s), b = honest(s);
        if (a != b) meet(s, a, b, true);
    }
    }
}

/* ---- what must hold ---- */

static void check_node(struct scene *s, size_t node)
{
    struct vl_verify_report report;
    struct vl_id bad;
    struct memory_storage *memory = s->f->nodes[node].memory;
    for (size_t i = 0; i < s->written_count; i++)
        if (memory_storage_entry(memory, &s->written[i]) == NULL)
            fail_msg("seed %llu: node %zu lacks what an honest node wrote",
                     (unsigned long long)s->seed, node);
    vl_result result = vl_replica_verify(s->f->nodes[node].replica, &report, &bad);
    if (result != VL_OK)
        fail_msg("seed %llu: node %zu does not verify: %s", (unsigned long long)s->seed, node,
                 vl_result_name(result));
}

static void check_same(struct scene *s, size_t node)
{
    struct vl_id one, other;
    vl_replica_heads_digest(s->f->nodes[0].replica, &one);
    vl_replica_heads_digest(s->f->nodes[node].replica, &other);
    if (!vl_id_equal(&one, &other))
        fail_msg("seed %llu: node %zu has other heads", (unsigned long long)s->seed, node);
    one = circle_fixture_digest(s->f, 0);
    other = circle_fixture_digest(s->f, node);
    if (!vl_id_equal(&one, &other))
        fail_msg("seed %llu: node %zu has another state", (unsigned long long)s->seed, node);
    if (vl_replica_fork_count(s->f->nodes[node].replica) !=
        vl_replica_fork_count(s->f->nodes[0].replica))
        fail_msg("seed %llu: node %zu knows of other forks", (unsigned long long)s->seed, node);
}

struct branches { /* of one log, at a node */
    struct vl_id log;
    size_t count;
};

static vl_result count_branches(void *context, const struct vl_fork *fork)
{
    struct branches *branches = context;
    if (vl_id_equal(&fork->log, &branches->log)) branches->count = fork->branches;
    return VL_OK;
}

static vl_result list_forks(void *context, const struct vl_fork *fork)
{
    struct branches *list = context;
    while (list->count > 0)
        list++;
    *list = (struct branches){.log = fork->log, .count = fork->branches};
    return VL_OK;
}

/* A branch that one of them could store, all have; one that nobody could is in the proof alone. */
static void check_branches(struct scene *s, size_t node)
{
    struct branches forks[64] = {{.count = 0}};
    assert_true(vl_replica_fork_count(s->f->nodes[0].replica) < 64);
    assert_int_equal(vl_replica_forks(s->f->nodes[0].replica, list_forks, forks), VL_OK);
    for (size_t i = 0; i < 64 && forks[i].count > 0; i++) {
        struct branches here = {.log = forks[i].log};
        assert_int_equal(vl_replica_forks(s->f->nodes[node].replica, count_branches, &here), VL_OK);
        if ((here.count < 2) != (forks[i].count < 2))
            fail_msg("seed %llu: node %zu has %zu branches of a log, node 0 %zu",
                     (unsigned long long)s->seed, node, here.count, forks[i].count);
    }
}

static void run_schedule(uint64_t seed)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->f = circle_fixture_create(NODES, seed);
    s->seed = seed;
    seeded_init(&s->random, seed, 1);
    struct fixture_node original = s->f->nodes[LIAR];
    for (size_t i = 0; i < COPIES; i++)
        copy_open(s, &s->copies[i], original.memory);
    for (size_t i = 0; i < 120; i++)
        step(s);
    for (size_t turn = 0; turn < 3; turn++)
        for (size_t a = 0; a < NODES; a++)
            for (size_t b = a + 1; b < NODES; b++)
                if (a != LIAR && b != LIAR) meet(s, a, b, true);
    for (size_t node = 0; node < NODES; node++) {
        if (node == LIAR) continue;
        check_node(s, node);
        check_same(s, node);
        check_branches(s, node);
    }
    for (size_t node = 0; node < NODES; node++) { /* and after opening it again */
        if (node == LIAR) continue;
        circle_fixture_reopen(s->f, node);
        check_node(s, node);
        check_same(s, node == 0 ? 2 : node);
    }
    for (size_t i = 0; i < COPIES; i++)
        copy_close(&s->copies[i]);
    s->f->nodes[LIAR] = original;
    circle_fixture_destroy(s->f);
    free(s);
}

static void honest_nodes_converge(void **state)
{
    (void)state;
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + test_scale(SCHEDULES, 10); seed++)
        run_schedule(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_nodes_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
