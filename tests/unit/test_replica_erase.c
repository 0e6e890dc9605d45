/* Erasure on replicas: by whom, in what order of arrival, against stale and hostile peers. */
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

static struct vl_id say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    return circle_fixture_set(f, by, TYPE, &record, FIELD, "said");
}

static bool hears(struct circle_fixture *f, size_t node, uint64_t number)
{
    struct vl_cell_key key = {
        .type = TYPE, .record = fixture_record(number), .field = FIELD, .kind = VL_FIELD_REGISTER};
    struct vl_buffer state = {0};
    vl_result result = vl_replica_cell(f->nodes[node].replica, &key, &state);
    vl_buffer_finish(&state);
    return result == VL_OK;
}

static const struct vl_entry_row *row_of(struct circle_fixture *f, size_t node, struct vl_id id)
{
    const struct vl_entry_row *row = memory_storage_entry(f->nodes[node].memory, &id);
    assert_non_null(row);
    return row;
}

static bool is_erased(struct circle_fixture *f, size_t node, struct vl_id id)
{
    const struct vl_entry_row *row = row_of(f, node, id);
    bool erased = (row->flags & VL_ENTRY_ERASED) != 0;
    assert_int_equal(row->entry.blob.data == NULL, erased);
    return erased;
}

static void assert_sound(struct circle_fixture *f, size_t node)
{
    struct vl_verify_report report;
    struct vl_id bad, digest = circle_fixture_digest(f, node);
    assert_int_equal(vl_replica_verify(f->nodes[node].replica, &report, &bad), VL_OK);
    circle_fixture_reopen(f, node);
    struct vl_id again = circle_fixture_digest(f, node);
    assert_true(vl_id_equal(&again, &digest));
}

static size_t confirmed(struct circle_fixture *f, size_t node, struct vl_id entry)
{
    struct vl_erasure_device devices[8];
    struct vl_id tombstone;
    size_t count, erased = 0;
    assert_int_equal(
        vl_replica_erasure_state(f->nodes[node].replica, &entry, &tombstone, devices, 8, &count),
        VL_OK);
    assert_int_equal(count, f->count);
    for (size_t i = 0; i < count; i++)
        erased += devices[i].erased;
    return erased;
}

static void an_author_erases_everywhere_and_devices_confirm(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 31);
    struct vl_id gone = say(f, 2, 1), id, none;
    struct vl_erasure_device device;
    size_t count;
    say(f, 2, 2);
    circle_fixture_sync_all(f);
    assert_int_equal(
        vl_replica_erasure_state(f->nodes[0].replica, &gone, &none, &device, 1, &count),
        VL_ERR_NOT_FOUND);
    assert_int_equal(vl_replica_erase(f->nodes[2].replica, &gone, 1, f->now, &id), VL_OK);
    assert_true(is_erased(f, 2, gone));
    assert_false(hears(f, 2, 1));
    assert_true(hears(f, 2, 2));
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 3; node++) {
        assert_true(is_erased(f, node, gone));
        assert_false(hears(f, node, 1));
        assert_sound(f, node);
    }
    assert_true(circle_fixture_agree(f));
    assert_int_equal(confirmed(f, 2, gone), 1);
    assert_int_equal(confirmed(f, 0, gone), 2); /* 2, who made it, and 0 itself */
    say(f, 0, 3);
    circle_fixture_sync_all(f);
    assert_int_equal(confirmed(f, 2, gone), 2);
    say(f, 1, 4);
    circle_fixture_sync_all(f);
    assert_int_equal(confirmed(f, 2, gone), 3);
    circle_fixture_destroy(f);
}

/* Of what is not here nothing is told. */
static void an_unknown_entry_is_not_erased(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 37);
    struct vl_erasure_device device;
    struct vl_id unknown = {{9}}, tombstone = {{1}};
    size_t count = 7;
    assert_int_equal(
        vl_replica_erasure_state(f->nodes[0].replica, &unknown, &tombstone, &device, 1, &count),
        VL_ERR_NOT_FOUND);
    assert_int_equal(count, 0);
    assert_true(vl_id_is_zero(&tombstone));
    circle_fixture_destroy(f);
}

static void who_may_not_erase_does_not(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 32);
    struct vl_id hers = say(f, 2, 1), id, unknown = {{1}};
    circle_fixture_sync_all(f);
    assert_int_equal(vl_replica_erase(f->nodes[1].replica, &hers, 1, f->now, &id),
                     VL_ERR_AUTHORITY);
    assert_int_equal(vl_replica_erase(f->nodes[1].replica, &unknown, 1, f->now, &id),
                     VL_ERR_NOT_FOUND);
    assert_int_equal(vl_replica_erase(f->nodes[1].replica, &hers, 0, f->now, &id), VL_ERR_INVALID);
    /* one that is written all the same has no effect on anybody */
    struct vl_control control = {.kind = VL_CONTROL_TOMBSTONE, .ids = &hers, .id_count = 1};
    assert_int_equal(vl_replica_control(f->nodes[1].replica, &control, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 3; node++)
        assert_true(!is_erased(f, node, hers) && hears(f, node, 1));
    /* a facilitator may, and control entries never go */
    assert_int_equal(vl_replica_erase(f->nodes[0].replica, &id, 1, f->now, &id), VL_ERR_AUTHORITY);
    assert_int_equal(vl_replica_erase(f->nodes[0].replica, &hers, 1, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 3; node++)
        assert_true(is_erased(f, node, hers) && !hears(f, node, 1));
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

static void a_tombstone_that_comes_first_erases_what_comes_later(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 33);
    struct vl_id gone = say(f, 2, 1), id;
    struct vl_control control = {.kind = VL_CONTROL_TOMBSTONE, .ids = &gone, .id_count = 1};
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &control, f->now, &id), VL_OK);
    (void)circle_fixture_pull(f, 0, 2);
    assert_true(is_erased(f, 0, gone));
    assert_sound(f, 0);
    (void)circle_fixture_pull(f, 1, 2);
    assert_false(is_erased(f, 1, gone));
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 3; node++)
        assert_true(is_erased(f, node, gone) && !hears(f, node, 1));
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

static void a_stale_peer_cannot_bring_a_blob_back(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 34);
    struct vl_id gone = say(f, 2, 1), id;
    circle_fixture_sync_all(f);
    struct entry_run stale =
        circle_fixture_run(f, 1, &(struct vl_id){{0}}, 0, VL_CHUNK_ENTRIES_MAX);
    size_t count, stored;
    struct vl_head heads[8];
    assert_int_equal(vl_replica_heads(f->nodes[1].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < count; i++) {
        entry_run_finish(&stale);
        stale = circle_fixture_run(f, 1, &heads[i].log, 0, VL_CHUNK_ENTRIES_MAX);
        struct vl_id first;
        vl_entry_id(stale.items[0].header, &first);
        if (vl_id_equal(&first, &gone)) break;
    }
    assert_int_equal(vl_replica_erase(f->nodes[2].replica, &gone, 1, f->now, &id), VL_OK);
    (void)circle_fixture_pull(f, 0, 2);
    assert_int_equal(vl_replica_receive(f->nodes[0].replica, stale.items, stale.count, &stored),
                     VL_OK);
    assert_int_equal(stored, stale.count);
    assert_true(is_erased(f, 0, gone) && !hears(f, 0, 1));
    circle_fixture_reopen(f, 0);
    assert_int_equal(vl_replica_receive(f->nodes[0].replica, stale.items, stale.count, &stored),
                     VL_OK);
    assert_true(is_erased(f, 0, gone) && !hears(f, 0, 1));
    entry_run_finish(&stale);
    circle_fixture_destroy(f);
}

static void a_newcomer_gets_the_log_without_the_blob(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 35);
    struct vl_id gone = say(f, 1, 1), id;
    say(f, 1, 2);
    assert_int_equal(vl_replica_erase(f->nodes[1].replica, &gone, 1, f->now, &id), VL_OK);
    say(f, 1, 3);
    circle_fixture_sync_all(f);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    circle_fixture_sync_all(f); /* the entry comes before its tombstone, which is in the same log */
    assert_true(is_erased(f, newcomer, gone));
    assert_true(hears(f, newcomer, 2) && hears(f, newcomer, 3));
    assert_true(circle_fixture_agree(f));
    for (size_t node = 0; node < 3; node++)
        assert_sound(f, node);
    circle_fixture_destroy(f);
}

static void an_erasure_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 37);
    struct vl_id gone = say(f, 1, 1), id;
    bool failed = true;
    uint64_t nth = 1;
    for (; failed; nth++) {
        assert_true(nth < 200);
        memory_storage_fail(f->nodes[1].memory, nth, VL_ERR_STORAGE, false);
        vl_result result = vl_replica_erase(f->nodes[1].replica, &gone, 1, f->now, &id);
        failed = memory_storage_failed(f->nodes[1].memory);
        memory_storage_fail(f->nodes[1].memory, 0, VL_OK, false);
        assert_int_equal(result, failed ? VL_ERR_STORAGE : VL_OK);
        assert_int_equal(is_erased(f, 1, gone), !failed);
        assert_int_equal(hears(f, 1, 1), failed);
    }
    assert_true(nth > 10);
    assert_sound(f, 1);
    circle_fixture_destroy(f);
}

static void control(struct circle_fixture *f, size_t by, enum vl_control_kind kind,
                    const struct vl_id *target, struct vl_id *id)
{
    struct vl_control control = {.kind = kind, .target = *target};
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &control, f->now, id), VL_OK);
}

/* 2 was a facilitator, and her copy never heard that 0 and 1 put her out. What was written before
 * is hers to erase still (nobody can tell when she did it); what was written since, of which 3 told
 * her the id, is not, whatever comes first. */
static void who_was_put_out_erases_nothing_later(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 903);
    struct vl_id id, proposal, ids[2];
    control(f, 0, VL_CONTROL_PROMOTE, &f->nodes[2].person, &id);
    const struct vl_id before = say(f, 0, 1);
    circle_fixture_sync_all(f);
    control(f, 0, VL_CONTROL_REMOVE, &f->nodes[2].person, &proposal);
    circle_fixture_pull(f, 1, 0);
    control(f, 1, VL_CONTROL_ENDORSE, &proposal, &id);
    circle_fixture_pull(f, 0, 1);
    const struct vl_id since = say(f, 0, 2);
    const bool is_lower = memcmp(&before, &since, sizeof before) < 0;
    ids[0] = is_lower ? before : since;
    ids[1] = is_lower ? since : before;
    struct vl_control tombstone = {.kind = VL_CONTROL_TOMBSTONE, .ids = ids, .id_count = 2};
    assert_int_equal(vl_replica_control(f->nodes[2].replica, &tombstone, f->now, &id), VL_OK);
    circle_fixture_pull(f, 3, 2); /* the tombstone first */
    circle_fixture_pull(f, 3, 0);
    circle_fixture_pull(f, 1, 0); /* what it names first */
    circle_fixture_pull(f, 1, 3);
    circle_fixture_pull(f, 0, 3);
    const size_t nodes[] = {0, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        assert_true(is_erased(f, nodes[i], before));
        assert_false(is_erased(f, nodes[i], since));
        assert_true(hears(f, nodes[i], 2));
        assert_sound(f, nodes[i]);
        struct vl_id mine = circle_fixture_digest(f, nodes[i]), first = circle_fixture_digest(f, 0);
        assert_true(vl_id_equal(&mine, &first));
    }
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_author_erases_everywhere_and_devices_confirm),
        cmocka_unit_test(an_unknown_entry_is_not_erased),
        cmocka_unit_test(who_may_not_erase_does_not),
        cmocka_unit_test(a_tombstone_that_comes_first_erases_what_comes_later),
        cmocka_unit_test(a_stale_peer_cannot_bring_a_blob_back),
        cmocka_unit_test(a_newcomer_gets_the_log_without_the_blob),
        cmocka_unit_test(an_erasure_that_fails_changes_nothing),
        cmocka_unit_test(who_was_put_out_erases_nothing_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
