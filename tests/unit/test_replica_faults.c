/* The storage fails at every call in turn, once or for good, or the power goes: the replica is as
 * before the call or as after it, in memory and on disk alike, and the call can be made again. */
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

/* What node 0 is made to do, from a fresh copy of the same beginning each time. */
struct scene {
    struct circle_fixture *f;
    struct memory_storage *before;
    struct entry_run run; /* node 1's new entries, with a control entry among them */
    struct vl_enrolment newcomer;
};

typedef vl_result (*action)(struct scene *s);

struct snapshot {
    struct vl_id heads, digest;
    size_t entries, cells;
};

static struct snapshot snapshot_of(struct scene *s)
{
    struct snapshot snapshot;
    struct fixture_node *node = &s->f->nodes[0];
    snapshot.digest = circle_fixture_digest(s->f, 0); /* loads, should memory be gone */
    vl_replica_heads_digest(node->replica, &snapshot.heads);
    snapshot.entries = memory_storage_entry_count(node->memory);
    snapshot.cells = memory_storage_cell_count(node->memory);
    return snapshot;
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
    return vl_id_equal(&a->heads, &b->heads) && vl_id_equal(&a->digest, &b->digest) &&
           a->entries == b->entries && a->cells == b->cells;
}

static void scene_reset(struct scene *s)
{
    struct fixture_node *node = &s->f->nodes[0];
    memory_storage_fail(node->memory, 0, VL_OK, false);
    vl_replica_close(node->replica);
    node->replica = NULL;
    memory_storage_restore(node->memory, s->before);
    circle_fixture_reopen(s->f, 0);
}

static struct scene scene_make(void)
{
    struct scene s = {.f = circle_fixture_create(3, 50)};
    struct vl_control vouch = {.kind = VL_CONTROL_VOUCH, .target = s.f->nodes[2].person};
    struct vl_head heads[8];
    size_t count;
    struct vl_id id;
    s.before = memory_storage_clone(s.f->nodes[0].memory);
    for (unsigned i = 0; i < 3; i++) {
        struct vl_record_id record = fixture_record(i);
        (void)circle_fixture_set(s.f, 1, TYPE, &record, FIELD, "text");
        if (i == 1)
            assert_int_equal(vl_replica_control(s.f->nodes[1].replica, &vouch, s.f->now, &id),
                             VL_OK);
    }
    assert_int_equal(vl_replica_heads(s.f->nodes[1].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < count; i++) {
        struct entry_run run = circle_fixture_run(s.f, 1, &heads[i].log, 0, 256);
        struct vl_entry_header header;
        assert_int_equal(vl_entry_header_decode(run.items[0].header, &header), VL_OK);
        if (memcmp(header.sign_key, s.f->nodes[1].keys->card.sign, sizeof header.sign_key) == 0)
            s.run = run;
        else
            entry_run_finish(&run);
    }
    assert_int_equal(s.run.count, 4);
    size_t newcomer = circle_fixture_stranger(s.f);
    s.newcomer = circle_fixture_enrolment(s.f, newcomer);
    return s;
}

static void scene_finish(struct scene *s)
{
    entry_run_finish(&s->run);
    memory_storage_destroy(s->before);
    circle_fixture_destroy(s->f);
}

/* ---- actions ---- */

static vl_result receive_run(struct scene *s)
{
    size_t stored;
    return vl_replica_receive(s->f->nodes[0].replica, s->run.items, s->run.count, &stored);
}

static vl_result write_text(struct scene *s)
{
    struct vl_operation operation = {.type = TYPE,
                                     .record = fixture_record(2),
                                     .field = FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("mine")};
    struct vl_id id;
    return vl_replica_write(s->f->nodes[0].replica, &operation, 1, s->f->now, &id);
}

static vl_result add_person(struct scene *s)
{
    struct vl_id id;
    return vl_replica_add_person(s->f->nodes[0].replica, &s->newcomer, s->f->now, &id);
}

/* ---- the faults ---- */

static void assert_as_on_disk(struct scene *s, const struct snapshot *memory)
{
    circle_fixture_reopen(s->f, 0);
    struct snapshot disk = snapshot_of(s);
    assert_true(same(&disk, memory));
}

/* Returns whether the fault was reached. */
static bool fail_at(struct scene *s, action act, uint64_t nth, bool lasting, size_t more_entries)
{
    struct fixture_node *node = &s->f->nodes[0];
    scene_reset(s);
    struct snapshot before = snapshot_of(s);
    memory_storage_fail(node->memory, nth, VL_ERR_STORAGE, lasting);
    vl_result result = act(s);
    bool reached = memory_storage_failed(node->memory);
    memory_storage_fail(node->memory, 0, VL_OK, false);
    struct snapshot after = snapshot_of(s);
    if (result != VL_OK) {
        assert_true(reached);
        assert_int_equal(result, VL_ERR_STORAGE);
        assert_true(same(&before, &after) || after.entries == before.entries + more_entries);
        assert_as_on_disk(s, &after);
        assert_int_equal(act(s), after.entries == before.entries || act == receive_run
                                     ? VL_OK
                                     : VL_ERR_AUTHORITY);
    }
    after = snapshot_of(s);
    assert_int_equal(after.entries, before.entries + more_entries);
    assert_as_on_disk(s, &after);
    struct vl_verify_report report;
    struct vl_id bad;
    assert_int_equal(vl_replica_verify(node->replica, &report, &bad), VL_OK);
    return reached;
}

static void fail_everywhere(action act, size_t more_entries)
{
    struct scene s = scene_make();
    for (int lasting = 0; lasting < 2; lasting++) {
        uint64_t nth = 1;
        while (fail_at(&s, act, nth, lasting != 0, more_entries))
            nth++;
        assert_true(nth > 5); /* there was something to fail */
    }
    scene_finish(&s);
}

static void receiving(void **state)
{
    (void)state;
    fail_everywhere(receive_run, 4);
}

static void writing(void **state)
{
    (void)state;
    fail_everywhere(write_text, 1);
}

static void adding(void **state)
{
    (void)state;
    fail_everywhere(add_person, 2);
}

/* Somebody whose key arrives after the entries: merging them takes transactions of its own. */
static void joining(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct circle_fixture *f = circle_fixture_create(2, 51);
        struct vl_record_id record = fixture_record(1);
        struct vl_id log;
        vl_log_id(f->nodes[0].keys->card.sign, f->random, &log);
        (void)circle_fixture_set(f, 0, TYPE, &record, FIELD, "before her");
        size_t newcomer = circle_fixture_stranger(f);
        circle_fixture_add(f, 0, newcomer);
        struct entry_run run = circle_fixture_run(f, 0, &log, 0, 256);
        struct fixture_node *node = &f->nodes[newcomer];
        size_t stored;
        memory_storage_fail(node->memory, nth, VL_ERR_FULL, false);
        vl_result result = vl_replica_receive(node->replica, run.items, run.count, &stored);
        bool reached = memory_storage_failed(node->memory);
        memory_storage_fail(node->memory, 0, VL_OK, false);
        assert_true(result == VL_OK || (reached && result == VL_ERR_FULL));
        size_t here = memory_storage_entry_count(node->memory);
        assert_true(here == 0 || here == run.count);
        assert_int_equal(vl_replica_receive(node->replica, run.items, run.count, &stored), VL_OK);
        assert_int_equal(stored, run.count);
        circle_fixture_sync_all(f);
        assert_true(circle_fixture_agree(f));
        entry_run_finish(&run);
        circle_fixture_destroy(f);
        if (!reached) break;
    }
}

static void opening(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 52);
    struct fixture_node *node = &f->nodes[2];
    struct vl_id before = circle_fixture_digest(f, 2);
    bool reached = true;
    for (uint64_t nth = 1; reached; nth++) {
        vl_replica_close(node->replica);
        memory_storage_fail(node->memory, nth, VL_ERR_STORAGE, false);
        vl_result result =
            vl_replica_open(&node->replica, &f->id, node->keys, &node->storage, NULL);
        reached = memory_storage_failed(node->memory);
        assert_int_equal(result, reached ? VL_ERR_STORAGE : VL_OK);
        assert_true((node->replica == NULL) == reached);
    }
    memory_storage_fail(node->memory, 0, VL_OK, false);
    struct vl_id after = circle_fixture_digest(f, 2);
    assert_true(vl_id_equal(&before, &after));
    circle_fixture_destroy(f);
}

/* A storage that stays away: calls fail and nothing is lost when it comes back. */
static void a_storage_that_comes_back(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 53);
    struct fixture_node *node = &f->nodes[0];
    struct vl_id before = circle_fixture_digest(f, 0), digest;
    struct vl_operation operation = {
        .type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("x")};
    struct vl_id id;
    for (uint64_t nth = 1; nth < 6; nth++) {
        memory_storage_fail(node->memory, nth, VL_ERR_STORAGE, true);
        assert_int_equal(vl_replica_write(node->replica, &operation, 1, f->now, &id),
                         VL_ERR_STORAGE);
        assert_int_equal(vl_replica_write(node->replica, &operation, 1, f->now, &id),
                         VL_ERR_STORAGE);
        assert_int_equal(vl_replica_digest(node->replica, &digest), VL_ERR_STORAGE);
        memory_storage_fail(node->memory, 0, VL_OK, false);
        digest = circle_fixture_digest(f, 0);
        assert_true(vl_id_equal(&before, &digest));
    }
    assert_int_equal(vl_replica_write(node->replica, &operation, 1, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receiving), cmocka_unit_test(writing),
        cmocka_unit_test(adding),    cmocka_unit_test(joining),
        cmocka_unit_test(opening),   cmocka_unit_test(a_storage_that_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
