/* Sessions and bundles in which an allocation or a call of a storage fails: they end with that
 * error or go on, both copies stay sound, and the next session brings them together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_memory.h"
#include "tests/support/session_pair.h"
#include "tests/support/session_world.h"
#include "tests/support/test_scale.h"
#include <veillee/bundle.h>

static unsigned long points;

/* ---- two who meet ---- */

struct result {
    vl_result sides[2];
    bool live;
};

/* Until neither has anything to send. */
static void carry(struct vl_session *sides[2], struct result *result, vl_instant now)
{
    struct vl_buffer message = {0};
    for (bool any = true; any;) {
        any = false;
        for (size_t from = 0; from < 2; from++) {
            if (result->sides[0] != VL_OK || result->sides[1] != VL_OK) continue;
            vl_result one = vl_session_next(sides[from], &message, now);
            if (one == VL_ERR_NOT_FOUND) continue;
            result->sides[from] = one;
            if (one != VL_OK) continue;
            result->sides[1 - from] =
                vl_session_receive(sides[1 - from], vl_buffer_view(&message), now);
            any = true;
        }
    }
    vl_buffer_finish(&message);
}

static struct result meet(struct session_world *w, const struct meeting *m)
{
    struct vl_session *sides[2] = {NULL, NULL};
    struct result result = {.live = false};
    vl_instant now = {1000};
    for (size_t side = 0; side < 2; side++)
        result.sides[side] = session_world_side(w, m, side, &sides[side]);
    if (sides[0] != NULL && sides[1] != NULL) {
        carry(sides, &result, now);
        result.live = vl_session_state_of(sides[0]) == VL_SESSION_LIVE &&
                      vl_session_state_of(sides[1]) == VL_SESSION_LIVE;
    }
    if (result.live && m->writes) {
        struct vl_operation operation = {.type = SESSION_WORLD_TYPE,
                                         .field = SESSION_WORLD_FIELD,
                                         .opcode = VL_OP_SET_ADD,
                                         .value = vl_bytes_text("live")};
        struct vl_id id;
        result.sides[0] =
            vl_replica_write(w->f->nodes[m->nodes[0]].replica, &operation, 1, w->f->now, &id);
        now.ms += 1000u * VL_SESSION_PING_SECONDS;
        carry(sides, &result, now);
    }
    vl_session_destroy(sides[0]);
    vl_session_destroy(sides[1]);
    return result;
}

/* The first writes a bundle of what the second lacks; the second reads it. */
static struct result pass_bundle(struct session_world *w, const struct meeting *m)
{
    struct vl_replica *from = w->f->nodes[m->nodes[0]].replica;
    struct vl_replica *to = w->f->nodes[m->nodes[1]].replica;
    struct vl_bundle_writer *writer = NULL;
    struct vl_bundle_reader *reader = NULL;
    struct vl_buffer file = {0};
    struct result result = {.live = true};
    struct vl_head heads[64];
    size_t count = 0;
    if (m->after) result.sides[1] = vl_replica_asked_heads(to, heads, 64, &count);
    assert_true(count <= 64);
    result.sides[0] = vl_bundle_writer_create(&writer, from, heads, count, w->f->now);
    while (result.sides[0] == VL_OK)
        result.sides[0] = vl_bundle_write(writer, 40000, &file);
    if (result.sides[0] == VL_ERR_NOT_FOUND) result.sides[0] = VL_OK;
    if (result.sides[0] == VL_OK && result.sides[1] == VL_OK) {
        result.sides[1] = vl_bundle_reader_create(&reader, &to, 1);
        for (size_t at = 0; result.sides[1] == VL_OK && at < file.size; at += 5000) {
            size_t size = file.size - at < 5000 ? file.size - at : 5000;
            result.sides[1] = vl_bundle_read(reader, vl_bytes(file.data + at, size));
        }
        if (result.sides[1] == VL_OK) result.sides[1] = vl_bundle_read_end(reader);
    }
    vl_bundle_writer_destroy(writer);
    vl_bundle_reader_destroy(reader);
    vl_buffer_finish(&file);
    return result;
}

static struct result run(struct session_world *w, const struct meeting *m)
{
    return m->bundle ? pass_bundle(w, m) : meet(w, m);
}

/* ---- what fails ---- */

static void assert_sound(struct session_world *w, const struct meeting *m, uint64_t n)
{
    if (!session_world_is_sound(w, m->nodes[0], m->nodes[1]))
        fail_msg("%s, %u: not sound any more", m->name, (unsigned)n);
}

static void assert_expected(const struct meeting *m, uint64_t n, const struct result *result,
                            vl_result fault)
{
    for (size_t side = 0; side < 2; side++)
        if (result->sides[side] != VL_OK && result->sides[side] != fault)
            fail_msg("%s, %u: side %u: %s", m->name, (unsigned)n, (unsigned)side,
                     vl_result_name(result->sides[side]));
}

static void after_fault(struct session_world *w, const struct meeting *m, uint64_t n)
{
    points++;
    if (n % 8 != 0) return;
    assert_sound(w, m, n);
    struct result again = run(w, m);
    assert_expected(m, n, &again, VL_OK);
    if (!again.live) fail_msg("%s, %u: not together again", m->name, (unsigned)n);
    assert_sound(w, m, n);
}

static bool fail_allocation(struct session_world *w, const struct meeting *m, unsigned long n,
                            bool lasting)
{
    session_world_reset(w, m->nodes[0]);
    session_world_reset(w, m->nodes[1]);
    if (lasting)
        failing_memory_arm_lasting(n);
    else
        failing_memory_arm(n);
    struct result result = run(w, m);
    bool failed = failing_memory_disarm();
    assert_expected(m, n, &result, failed ? VL_ERR_NO_MEMORY : VL_OK);
    if (!failed && !result.live) fail_msg("%s: not live", m->name);
    if (failed) after_fault(w, m, n);
    return failed;
}

static bool fail_call(struct session_world *w, const struct meeting *m, size_t side, uint64_t n,
                      bool lasting)
{
    struct memory_storage *memory = w->f->nodes[m->nodes[side]].memory;
    session_world_reset(w, m->nodes[0]);
    session_world_reset(w, m->nodes[1]);
    memory_storage_fail(memory, n, VL_ERR_STORAGE, lasting);
    struct result result = run(w, m);
    bool failed = memory_storage_failed(memory);
    memory_storage_fail(memory, 0, VL_OK, false);
    assert_expected(m, n, &result, failed ? VL_ERR_STORAGE : VL_OK);
    if (failed) after_fault(w, m, n);
    return failed;
}

/* A row is read wrong once. The session may not see it, and may store what follows from it (rows
 * are sealed by what lies below, not signed); it ends all the same, and so does verifying. */
static bool change_row(struct session_world *w, const struct meeting *m, size_t side, uint64_t n,
                       unsigned way)
{
    struct watched_storage *watch = &w->watches[m->nodes[side]];
    session_world_reset(w, m->nodes[0]);
    session_world_reset(w, m->nodes[1]);
    uint64_t damaged = watch->damaged;
    watch->rows = 0;
    watch->damage_at = n;
    watch->way = way;
    (void)run(w, m);
    watch->damage_at = 0;
    if (damaged == watch->damaged) return false;
    for (size_t i = 0; i < 2; i++) {
        struct vl_verify_report report;
        struct vl_id bad;
        vl_result result = vl_replica_verify(w->f->nodes[m->nodes[i]].replica, &report, &bad);
        assert_true(result == VL_OK || result == VL_ERR_DAMAGED);
    }
    points++;
    return true;
}

/* ---- what came by another way ---- */

/* What the peer was about to send came from somebody else: it is told so. */
static void hear_elsewhere(struct circle_fixture *f, struct session_pair *pair)
{
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(f, 0, SESSION_WORLD_TYPE, &record, SESSION_WORLD_FIELD, "new");
    (void)circle_fixture_pull(f, 1, 0);
    session_pair_init(pair, f, 0, 2);
    while (pair->messages[0] < 2) /* HELLO and HEADS */
        assert_true(session_pair_carry(pair, 0) || session_pair_carry(pair, 1));
    (void)circle_fixture_pull(f, 2, 1);
}

/* Without memory for that the session ends by that name, and the next one is in sync. */
static void telling_needs_memory(void **state)
{
    (void)state;
    for (unsigned long n = 1, failed = 1; failed != 0; n++) {
        struct circle_fixture *f = circle_fixture_create(3, 63);
        struct session_pair pair;
        struct vl_buffer message = {0};
        vl_result result = VL_OK;
        hear_elsewhere(f, &pair);
        failing_memory_arm(n);
        while (result == VL_OK)
            result = vl_session_next(pair.sides[1], &message, pair.now);
        failed = failing_memory_disarm();
        assert_int_equal(result, failed ? VL_ERR_NO_MEMORY : VL_ERR_NOT_FOUND);
        assert_int_equal(vl_session_error(pair.sides[1]), failed ? VL_ERR_NO_MEMORY : VL_OK);
        assert_true(failed || n > 3);
        vl_buffer_finish(&message);
        session_pair_finish(&pair);
        session_pair_init(&pair, f, 0, 2);
        session_pair_run(&pair);
        assert_true(vl_session_in_sync(pair.sides[0]) && vl_session_in_sync(pair.sides[1]));
        session_pair_finish(&pair);
        circle_fixture_destroy(f);
    }
}

struct suite {
    struct session_world *w;
    const struct meeting *meetings;
    size_t count;
};

static const struct meeting meetings[] = {
    {.name = "both have news", .nodes = {0, 1}, .writes = true},
    {.name = "little room", .nodes = {2, 1}, .writes = true, .pending = 2},
    {.name = "a member of whom one does not know", .nodes = {4, 0}, .writes = true},
    {.name = "the same, who is dialled", .nodes = {0, 4}},
    {.name = "two branches", .nodes = {1, 2}, .writes = true},
    {.name = "a newcomer", .nodes = {6, 1}, .writes = false},
    {.name = "bundle", .nodes = {1, 0}, .bundle = true},
    {.name = "bundle for a newcomer", .nodes = {1, 6}, .bundle = true},
    {.name = "bundle by somebody new", .nodes = {4, 0}, .bundle = true},
};

static const struct meeting branch_meetings[] = {
    {.name = "one has not heard of it", .nodes = {5, 0}, .writes = true},
    {.name = "little room for branches", .nodes = {5, 0}, .pending = 2},
    {.name = "each has another branch", .nodes = {0, 2}, .writes = true},
    {.name = "bundle of branches", .nodes = {0, 6}, .bundle = true},
    {.name = "bundle for whoever has one", .nodes = {0, 1}, .bundle = true, .after = true},
    {.name = "bundle with another branch", .nodes = {2, 0}, .bundle = true},
};

static void any_allocation_may_fail(void **state)
{
    const struct suite *suite = *state;
    const size_t step = test_scale(1, 37);
    points = 0;
    for (size_t i = 0; i < suite->count; i++) {
        for (unsigned long n = 1; fail_allocation(suite->w, &suite->meetings[i], n, false);
             n += step)
            continue;
        for (unsigned long n = 1; fail_allocation(suite->w, &suite->meetings[i], n, true);
             n += 8 * step)
            continue;
    }
    print_message("%lu points\n", points);
}

static void any_call_may_fail(void **state)
{
    const struct suite *suite = *state;
    const size_t step = test_scale(1, 37);
    points = 0;
    for (size_t i = 0; i < suite->count; i++) {
        for (size_t side = 0; side < 2; side++) {
            for (uint64_t n = 1; fail_call(suite->w, &suite->meetings[i], side, n, false);
                 n += step)
                continue;
            for (uint64_t n = 1; fail_call(suite->w, &suite->meetings[i], side, n, true);
                 n += 4 * step)
                continue;
        }
    }
    print_message("%lu points\n", points);
}

static void any_row_may_be_wrong(void **state)
{
    const struct suite *suite = *state;
    const size_t step = test_scale(17, 211);
    points = 0;
    for (size_t i = 0; i < suite->count; i++)
        for (size_t side = 0; side < 2; side++)
            for (unsigned way = 0; way < WATCHED_WAYS; way += (unsigned)test_scale(1, 3))
                for (uint64_t n = 1 + way; change_row(suite->w, &suite->meetings[i], side, n, way);
                     n += step)
                    continue;
    print_message("%lu points\n", points);
}

static int setup(void **state)
{
    static struct suite suite = {.meetings = meetings, .count = sizeof meetings / sizeof *meetings};
    suite.w = session_world_create(failing_memory_pause);
    *state = &suite;
    return 0;
}

static int setup_branches(void **state)
{
    static struct suite suite = {.meetings = branch_meetings,
                                 .count = sizeof branch_meetings / sizeof *branch_meetings};
    suite.w = session_world_create_branches(failing_memory_pause);
    *state = &suite;
    return 0;
}

static int teardown(void **state)
{
    struct suite *suite = *state;
    session_world_destroy(suite->w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(any_call_may_fail),
        cmocka_unit_test(any_row_may_be_wrong),
        cmocka_unit_test(telling_needs_memory),
    };
    int failed =
        cmocka_run_group_tests_name("sessions where something fails", tests, setup, teardown);
    failed +=
        cmocka_run_group_tests_name("the same of forked logs", tests, setup_branches, teardown);
    return failed;
}
