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
#include "sync/session_internal.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/test_scale.h"
#include "tests/support/watched_storage.h"
#include <veillee/bundle.h>

#define TYPE  7u
#define FIELD 3u
#define NODES 7u

/* A circle, some of whose copies differ: what two of them do is repeated from there. */
struct world {
    struct circle_fixture *f;
    struct watched_storage watches[NODES];
    struct memory_storage *before[NODES];
};

static unsigned long points;

/* ---- the circle ---- */

static void say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    (void)circle_fixture_set(f, by, TYPE, &record, FIELD, "said");
}

static void control(struct circle_fixture *f, size_t by, enum vl_control_kind kind, size_t person)
{
    struct vl_control body = {.kind = kind, .target = f->nodes[person].person};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &body, f->now, &id), VL_OK);
}

/* 0 and 1 wrote and did things apart; 1 and 2 have different branches of 3's log; 4 is a member
 * that 0 does not know; 5 is known to nobody; 6 is a newcomer with nothing. */
static struct world *world_create(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->f = circle_fixture_create(4, 61);
    struct circle_fixture *f = w->f;
    control(f, 0, VL_CONTROL_PROMOTE, 1);
    for (size_t i = 0; i < 4; i++)
        say(f, i, i);
    circle_fixture_sync_all(f);
    for (size_t i = 4; i < NODES; i++)
        assert_int_equal(circle_fixture_stranger(f), i);
    for (uint64_t i = 0; i < 5; i++) {
        say(f, 0, 100 + i);
        say(f, 1, 200 + i);
    }
    control(f, 0, VL_CONTROL_VOUCH, 2);
    circle_fixture_add(f, 1, 4);
    circle_fixture_add(f, 1, 6);
    say(f, 1, 210);
    (void)circle_fixture_pull(f, 4, 1);
    say(f, 4, 400);
    struct memory_storage *liar = memory_storage_clone(f->nodes[3].memory);
    say(f, 3, 300);
    (void)circle_fixture_pull(f, 1, 3);
    vl_replica_close(f->nodes[3].replica);
    f->nodes[3].replica = NULL;
    memory_storage_restore(f->nodes[3].memory, liar);
    memory_storage_destroy(liar);
    circle_fixture_reopen(f, 3);
    say(f, 3, 301);
    (void)circle_fixture_pull(f, 2, 3);
    say(f, 2, 201);
    for (size_t i = 0; i < NODES; i++) {
        struct fixture_node *node = &f->nodes[i];
        w->before[i] = memory_storage_clone(node->memory);
        w->watches[i] =
            (struct watched_storage){.real = node->storage, .pause = failing_memory_pause};
        node->storage = watched_storage_port(&w->watches[i]);
        circle_fixture_reopen(f, i);
    }
    return w;
}

static void world_destroy(struct world *w)
{
    for (size_t i = 0; i < NODES; i++)
        memory_storage_destroy(w->before[i]);
    circle_fixture_destroy(w->f);
    free(w);
}

static void world_reset(struct world *w, size_t node)
{
    vl_replica_close(w->f->nodes[node].replica);
    w->f->nodes[node].replica = NULL;
    memory_storage_restore(w->f->nodes[node].memory, w->before[node]);
    circle_fixture_reopen(w->f, node);
}

/* ---- two who meet ---- */

struct meeting {
    const char *name;
    size_t nodes[2]; /* the first dialled */
    bool writes;     /* the first writes something once they are live */
    size_t pending;  /* entries that may wait; 0: as ever */
    bool bundle;     /* the second reads what the first wrote */
};

struct result {
    vl_result sides[2];
    bool live;
};

static vl_result open_side(struct world *w, const struct meeting *m, size_t side,
                           struct vl_session **out)
{
    const struct fixture_node *peer = &w->f->nodes[m->nodes[1 - side]];
    struct vl_session_config config = {.replica = w->f->nodes[m->nodes[side]].replica,
                                       .expect_newcomer = m->nodes[side] == 6,
                                       .proves_first = side == 0};
    memcpy(config.peer_noise, peer->keys->card.noise, sizeof config.peer_noise);
    if (m->nodes[side] == 6 || m->nodes[1 - side] == 6) config.expect_sign = peer->keys->card.sign;
    VL_TRY(vl_session_create(out, &config, (vl_instant){1000}));
    vl_session_set_clock(*out, (vl_wall){w->f->now.ms + (int64_t)side}, (vl_instant){1000});
    if (m->pending > 0) session_limit_pending(*out, m->pending);
    return VL_OK;
}

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

static struct result meet(struct world *w, const struct meeting *m)
{
    struct vl_session *sides[2] = {NULL, NULL};
    struct result result = {.live = false};
    vl_instant now = {1000};
    for (size_t side = 0; side < 2; side++)
        result.sides[side] = open_side(w, m, side, &sides[side]);
    if (sides[0] != NULL && sides[1] != NULL) {
        carry(sides, &result, now);
        result.live = vl_session_state_of(sides[0]) == VL_SESSION_LIVE &&
                      vl_session_state_of(sides[1]) == VL_SESSION_LIVE;
    }
    if (result.live && m->writes) {
        struct vl_operation operation = {
            .type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("live")};
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
static struct result pass_bundle(struct world *w, const struct meeting *m)
{
    struct vl_replica *from = w->f->nodes[m->nodes[0]].replica;
    struct vl_replica *to = w->f->nodes[m->nodes[1]].replica;
    struct vl_bundle_writer *writer = NULL;
    struct vl_bundle_reader *reader = NULL;
    struct vl_buffer file = {0};
    struct result result = {.live = true};
    result.sides[0] = vl_bundle_writer_create(&writer, from, NULL, 0, w->f->now);
    while (result.sides[0] == VL_OK)
        result.sides[0] = vl_bundle_write(writer, 40000, &file);
    if (result.sides[0] == VL_ERR_NOT_FOUND) result.sides[0] = VL_OK;
    if (result.sides[0] == VL_OK) {
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

static struct result run(struct world *w, const struct meeting *m)
{
    return m->bundle ? pass_bundle(w, m) : meet(w, m);
}

/* ---- what fails ---- */

static void assert_sound(struct world *w, const struct meeting *m, uint64_t n)
{
    for (size_t side = 0; side < 2; side++) {
        struct vl_verify_report report;
        struct vl_id bad;
        vl_result result = vl_replica_verify(w->f->nodes[m->nodes[side]].replica, &report, &bad);
        if (result != VL_OK) fail_msg("%s, %u: not sound any more", m->name, (unsigned)n);
    }
}

static void assert_expected(const struct meeting *m, uint64_t n, const struct result *result,
                            vl_result fault)
{
    for (size_t side = 0; side < 2; side++)
        if (result->sides[side] != VL_OK && result->sides[side] != fault)
            fail_msg("%s, %u: side %u: %s", m->name, (unsigned)n, (unsigned)side,
                     vl_result_name(result->sides[side]));
}

static void after_fault(struct world *w, const struct meeting *m, uint64_t n)
{
    points++;
    if (n % 8 != 0) return;
    assert_sound(w, m, n);
    struct result again = run(w, m);
    assert_expected(m, n, &again, VL_OK);
    if (!again.live) fail_msg("%s, %u: not together again", m->name, (unsigned)n);
    assert_sound(w, m, n);
}

static bool fail_allocation(struct world *w, const struct meeting *m, unsigned long n, bool lasting)
{
    world_reset(w, m->nodes[0]);
    world_reset(w, m->nodes[1]);
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

static bool fail_call(struct world *w, const struct meeting *m, size_t side, uint64_t n,
                      bool lasting)
{
    struct memory_storage *memory = w->f->nodes[m->nodes[side]].memory;
    world_reset(w, m->nodes[0]);
    world_reset(w, m->nodes[1]);
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
static bool change_row(struct world *w, const struct meeting *m, size_t side, uint64_t n,
                       unsigned way)
{
    struct watched_storage *watch = &w->watches[m->nodes[side]];
    world_reset(w, m->nodes[0]);
    world_reset(w, m->nodes[1]);
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
#define MEETINGS (sizeof meetings / sizeof *meetings)

static void any_allocation_may_fail(void **state)
{
    struct world *w = *state;
    const size_t step = test_scale(1, 37);
    points = 0;
    for (size_t i = 0; i < MEETINGS; i++) {
        for (unsigned long n = 1; fail_allocation(w, &meetings[i], n, false); n += step)
            continue;
        for (unsigned long n = 1; fail_allocation(w, &meetings[i], n, true); n += 8 * step)
            continue;
    }
    print_message("%lu points\n", points);
}

static void any_call_may_fail(void **state)
{
    struct world *w = *state;
    const size_t step = test_scale(1, 37);
    points = 0;
    for (size_t i = 0; i < MEETINGS; i++) {
        for (size_t side = 0; side < 2; side++) {
            for (uint64_t n = 1; fail_call(w, &meetings[i], side, n, false); n += step)
                continue;
            for (uint64_t n = 1; fail_call(w, &meetings[i], side, n, true); n += 4 * step)
                continue;
        }
    }
    print_message("%lu points\n", points);
}

static void any_row_may_be_wrong(void **state)
{
    struct world *w = *state;
    const size_t step = test_scale(17, 211);
    points = 0;
    for (size_t i = 0; i < MEETINGS; i++)
        for (size_t side = 0; side < 2; side++)
            for (unsigned way = 0; way < WATCHED_WAYS; way++)
                for (uint64_t n = 1 + way; change_row(w, &meetings[i], side, n, way); n += step)
                    continue;
    print_message("%lu points\n", points);
}

static int setup(void **state)
{
    *state = world_create();
    return 0;
}

static int teardown(void **state)
{
    world_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(any_call_may_fail),
        cmocka_unit_test(any_row_may_be_wrong),
    };
    return cmocka_run_group_tests_name("sessions where something fails", tests, setup, teardown);
}
