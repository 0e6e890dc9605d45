/* One log ends: what is just within is taken, one more entry is refused, and its device begins
 * another log by itself. */
#include "tests/support/forged_entry.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

static void next_header(struct vl_entry_header *header, const struct vl_id *prev)
{
    memset(header->sign_key, 0, sizeof header->sign_key);
    memset(header->incarnation, 0, sizeof header->incarnation);
    header->link_count = 0;
    header->prev = *prev;
    header->seq++;
    header->lamport++;
}

static size_t logs_of(struct circle_fixture *f, size_t node)
{
    size_t count;
    assert_int_equal(vl_replica_heads(f->nodes[node].replica, NULL, 0, &count), VL_OK);
    return count;
}

/* ---- one log ---- */

static void a_log_has_so_many_control_entries(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 66);
    struct vl_control vouch = {.kind = VL_CONTROL_VOUCH, .target = f->nodes[2].person};
    struct vl_id id;
    for (uint32_t i = 0; i < VL_LOG_CONTROLS_MAX; i++)
        assert_int_equal(vl_replica_control(f->nodes[1].replica, &vouch, f->now, &id), VL_OK);
    size_t before = logs_of(f, 1);
    struct vl_head heads[8];
    assert_int_equal(vl_replica_heads(f->nodes[1].replica, heads, 8, &before), VL_OK);
    struct vl_record_id record = fixture_record(1); /* content still goes into it */
    (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "x");
    assert_int_equal(logs_of(f, 1), before);
    assert_int_equal(vl_replica_control(f->nodes[1].replica, &vouch, f->now, &id), VL_OK);
    assert_int_equal(logs_of(f, 1), before + 1); /* my own program begins another log */
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));

    /* one more in the same log is refused */
    struct vl_incarnation logs[4];
    size_t count, stored;
    assert_int_equal(
        vl_replica_incarnations(f->nodes[0].replica, f->nodes[1].keys->card.sign, logs, 4, &count),
        VL_OK);
    assert_int_equal(count, 2);
    assert_true(logs[0].has_ended);
    struct entry_run last = circle_fixture_run(f, 0, &logs[0].log, logs[0].entries - 2, 1);
    struct entry_run tip = circle_fixture_run(f, 0, &logs[0].log, logs[0].entries - 1, 1);
    struct entry_run more = {0};
    struct vl_entry_header header, after;
    assert_int_equal(vl_entry_header_decode(last.items[0].header, &header), VL_OK);
    assert_int_equal(header.kind, VL_ENTRY_CONTROL);
    assert_int_equal(vl_entry_header_decode(tip.items[0].header, &after), VL_OK);
    vl_entry_id(tip.items[0].header, &header.prev);
    header.seq = after.seq + 1;
    header.lamport = after.lamport + 1;
    header.link_count = 0;
    header.auth_count = after.auth_count;
    memcpy(header.auth, after.auth, sizeof header.auth);
    entry_run_forge(&more, &header, last.items[0].blob, f->nodes[1].keys, &id);
    assert_int_equal(vl_replica_receive(f->nodes[0].replica, more.items, 1, &stored),
                     VL_ERR_TOO_LARGE);
    assert_int_equal(stored, 0);
    entry_run_finish(&last);
    entry_run_finish(&tip);
    entry_run_finish(&more);
    circle_fixture_destroy(f);
}

static void fill_log(struct circle_fixture *f, struct vl_entry_header *header, uint64_t left)
{
    static uint8_t blob[VL_BLOB_BYTES_MAX];
    while (left > 0) {
        struct entry_run run = {0};
        struct vl_id id;
        size_t stored, probe;
        entry_run_forge(&run, header, vl_bytes(blob, 1), f->nodes[1].keys, &id);
        probe = run.items[0].header.size + 64;
        entry_run_finish(&run);
        uint64_t size = left - probe < VL_BLOB_BYTES_MAX - 8 ? left - probe - 2 : VL_BLOB_BYTES_MAX;
        if (left > VL_BLOB_BYTES_MAX && left < 3u * VL_BLOB_BYTES_MAX) size = 20000;
        entry_run_forge(&run, header, vl_bytes(blob, (size_t)size), f->nodes[1].keys, &id);
        uint64_t whole = run.items[0].header.size + 64 + run.items[0].blob.size;
        assert_true(whole <= left);
        assert_int_equal(vl_replica_receive(f->nodes[0].replica, run.items, 1, &stored), VL_OK);
        entry_run_finish(&run);
        next_header(header, &id);
        left -= whole;
        if (left < 1000) return;
    }
}

static void a_log_has_so_many_bytes(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 67);
    static uint8_t blob[VL_BLOB_BYTES_MAX];
    struct vl_entry_header header = forged_log(f, 1, 5);
    struct entry_run run = {0};
    struct vl_id id;
    size_t stored;
    fill_log(f, &header, VL_LOG_BYTES_MAX);
    entry_run_forge(&run, &header, vl_bytes(blob, 1000), f->nodes[1].keys, &id);
    assert_int_equal(vl_replica_receive(f->nodes[0].replica, run.items, 1, &stored),
                     VL_ERR_TOO_LARGE);
    assert_int_equal(stored, 0);
    entry_run_finish(&run);
    /* the member's other log goes on */
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "x");
    assert_int_equal(circle_fixture_pull(f, 0, 1), 1);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_has_so_many_control_entries),
        cmocka_unit_test(a_log_has_so_many_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
