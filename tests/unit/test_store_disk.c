/* A copy of a circle in a real vault on a disk that fails: every write, sync and truncation of what
 * a copy does fails in turn, once or for good, as a broken disk (EIO), a full one (ENOSPC), one
 * that became read-only (EROFS), a short write, or a sync that fails. The call says so or is done;
 * the copy in memory is as before or wholly as after; so is what is there after opening again. */
#include "tests/support/faulty_vfs.h"
#include "tests/support/session_hand.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct stage {
    struct circle_fixture *f;
    struct store_fixture *store;
    size_t me; /* whose copy is in the vault; 0 is the one it hears from */
    uint64_t number;
};

static unsigned long points;

static const struct kind {
    const char *name;
    unsigned operations;
    int rc;
    bool torn;
    vl_result result;
} kinds[] = {
    {"EIO", FAULT_WRITE, SQLITE_IOERR_WRITE, false, VL_ERR_STORAGE},
    {"ENOSPC", FAULT_WRITE, SQLITE_FULL, false, VL_ERR_FULL},
    {"EROFS", FAULT_WRITE | FAULT_TRUNCATE, SQLITE_READONLY, false, VL_ERR_STORAGE},
    {"short write, EIO", FAULT_WRITE, SQLITE_IOERR_WRITE, true, VL_ERR_STORAGE},
    {"short write, ENOSPC", FAULT_WRITE, SQLITE_FULL, true, VL_ERR_FULL},
    {"failed sync", FAULT_SYNC, SQLITE_IOERR_FSYNC, false, VL_ERR_STORAGE},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* ---- what the copy does ---- */

static vl_result write_one(struct stage *s)
{
    struct vl_operation operation = {.type = 1,
                                     .record = fixture_record(s->number % 50),
                                     .field = 3,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("ligne")};
    struct vl_id id;
    return vl_replica_write(s->f->nodes[s->me].replica, &operation, 1, s->f->now, &id);
}

/* What node 0 wrote since. */
static vl_result receive(struct stage *s)
{
    struct vl_head tip = hand_tip_of(s->f, 0, 0);
    uint64_t from = hand_tip_of(s->f, s->me, 0).seq + 1;
    struct entry_run run = circle_fixture_run(s->f, 0, &tip.log, from, VL_CHUNK_ENTRIES_MAX);
    size_t stored = 0;
    vl_result result =
        vl_replica_receive(s->f->nodes[s->me].replica, run.items, run.count, &stored);
    entry_run_finish(&run);
    return result;
}

static vl_result erase(struct stage *s)
{
    struct vl_head tip = hand_tip_of(s->f, s->me, s->me);
    struct vl_id tombstone;
    return vl_replica_erase(s->f->nodes[s->me].replica, &tip.id, 1, s->f->now, &tombstone);
}

static void prepare_nothing(struct stage *s)
{
    (void)s;
}

static void prepare_news(struct stage *s)
{
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(s->f, 0, s->number % 40 + i);
}

static void prepare_own(struct stage *s)
{
    assert_int_equal(write_one(s), VL_OK);
}

static const struct act {
    const char *name;
    void (*prepare)(struct stage *s);
    vl_result (*act)(struct stage *s);
} acts[] = {
    {"write", prepare_nothing, write_one},
    {"receive", prepare_news, receive},
    {"erase", prepare_own, erase},
};
#define ACTS (sizeof acts / sizeof *acts)

/* ---- what fails ---- */

static struct vl_id digest(struct stage *s)
{
    struct vl_id id;
    vl_replica_heads_digest(s->f->nodes[s->me].replica, &id);
    return id;
}

static void reopen(struct stage *s)
{
    struct fixture_node *node = &s->f->nodes[s->me];
    vl_replica_close(node->replica);
    node->replica = NULL;
    store_fixture_reopen(s->store);
    node->storage = s->store->port;
    circle_fixture_reopen(s->f, s->me);
}

static void assert_sound(struct stage *s, const char *name, uint64_t nth)
{
    struct vl_verify_report report;
    struct vl_id bad;
    if (vl_replica_verify(s->f->nodes[s->me].replica, &report, &bad) != VL_OK)
        fail_msg("%s, %u: not sound any more", name, (unsigned)nth);
    if (store_check(s->store->store) != VL_OK) fail_msg("%s, %u: damaged", name, (unsigned)nth);
}

/* false: it has no nth operation of that kind. */
static bool fails_at(struct stage *s, const struct act *act, const struct kind *kind, uint64_t nth,
                     bool lasting)
{
    const struct fault fault = {kind->operations, nth, kind->rc, lasting, kind->torn};
    s->number++;
    act->prepare(s);
    struct vl_id before = digest(s);
    faulty_vfs_set(&fault);
    vl_result result = act->act(s);
    bool hit = faulty_vfs_hit();
    faulty_vfs_set(NULL);
    if (result != VL_OK && !(hit && result == kind->result))
        fail_msg("%s, %s %u: %s", act->name, kind->name, (unsigned)nth, vl_result_name(result));
    if (!hit) return false;
    const bool anew = ++points % 64 == 0; /* a passphrase takes its time */
    if (anew) reopen(s);
    struct vl_id after = digest(s);
    bool same = vl_id_equal(&before, &after);
    if (result == VL_OK && same) fail_msg("%s, %s %u: lost", act->name, kind->name, (unsigned)nth);
    if (result != VL_OK && !anew && !same)
        fail_msg("%s, %s %u: half", act->name, kind->name, (unsigned)nth);
    if (same && act->act(s) != VL_OK)
        fail_msg("%s, %s %u: does not go on", act->name, kind->name, (unsigned)nth);
    if (anew) assert_sound(s, act->name, nth);
    return true;
}

static void any_operation_of_the_disk_may_fail(void **state)
{
    struct stage *s = *state;
    const size_t step = test_scale(1, 5);
    points = 0;
    for (size_t a = 0; a < ACTS; a++)
        for (size_t k = 0; k < KINDS; k++)
            for (unsigned lasting = 0; lasting < 2; lasting++)
                for (uint64_t n = 1; fails_at(s, &acts[a], &kinds[k], n, lasting == 1); n += step)
                    continue;
    print_message("%lu points\n", points);
    assert_sound(s, "all", 0);
    reopen(s);
    assert_sound(s, "all", 0);
    (void)circle_fixture_pull(s->f, 0, s->me);
    (void)circle_fixture_pull(s->f, s->me, 0);
    struct vl_id mine = digest(s), hers;
    vl_replica_heads_digest(s->f->nodes[0].replica, &hers);
    assert_true(vl_id_equal(&mine, &hers));
}

static int setup(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    void *store = NULL;
    assert_non_null(s);
    assert_int_equal(store_fixture_set_up(&store), 0);
    s->store = store;
    s->f = circle_fixture_create(2, 71);
    store_storage(s->store->store, &s->f->id, &s->store->port);
    s->store->circle = s->f->id;
    s->me = circle_fixture_stranger(s->f);
    s->f->nodes[s->me].storage = s->store->port;
    circle_fixture_reopen(s->f, s->me);
    circle_fixture_add(s->f, 0, s->me);
    hand_write_one(s->f, 0, 1);
    (void)circle_fixture_pull(s->f, s->me, 0);
    assert_int_equal(write_one(s), VL_OK);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;
    void *store = s->store;
    faulty_vfs_set(NULL);
    circle_fixture_destroy(s->f);
    store_fixture_tear_down(&store);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_operation_of_the_disk_may_fail)};
    return cmocka_run_group_tests_name("a copy on a failing disk", tests, setup, teardown);
}
