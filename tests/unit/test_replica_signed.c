/* Within a chunk an author may sign badly: the last signature stands for the entries before it.
 * What is passed on ends with a good one again, wherever somebody asks for it to be cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sync/branches.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/test_scale.h"

#define ENTRIES 9u

struct log { /* of node 1, as node 0 has it: the first entry and the last one are well signed */
    struct circle_fixture *f;
    struct vl_id id;
    uint64_t first;
    unsigned bad; /* bit i: entry i is not */
};

static struct log log_make(unsigned bad)
{
    struct log log = {.f = circle_fixture_create(2, 91), .bad = bad};
    struct vl_incarnation one;
    struct vl_record_id record = fixture_record(ENTRIES);
    size_t count, stored;
    (void)circle_fixture_set(log.f, 1, 7, &record, 3,
                             "said"); /* what it needs, a key, comes first */
    (void)circle_fixture_pull(log.f, 0, 1);
    assert_int_equal(vl_replica_incarnations(log.f->nodes[1].replica,
                                             log.f->nodes[1].keys->card.sign, &one, 1, &count),
                     VL_OK);
    log.id = one.log;
    log.first = one.entries;
    for (size_t i = 0; i < ENTRIES; i++) {
        record = fixture_record(i);
        (void)circle_fixture_set(log.f, 1, 7, &record, 3, "said");
        if (i == 0) assert_int_equal(circle_fixture_pull(log.f, 0, 1), 1);
    }
    struct entry_run run = circle_fixture_run(log.f, 1, &log.id, log.first + 1, 256);
    assert_int_equal(run.count, ENTRIES - 1);
    for (unsigned i = 1; i < ENTRIES; i++)
        if ((bad >> i & 1u) != 0) run.items[i - 1].signature[5] ^= 1;
    assert_int_equal(vl_replica_receive(log.f->nodes[0].replica, run.items, run.count, &stored),
                     VL_OK);
    assert_int_equal(stored, run.count);
    entry_run_finish(&run);
    return log;
}

static vl_result see(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_row *last = context;
    assert_true(last->seq == 0 || row->seq == last->seq + 1);
    last->seq = row->seq;
    return VL_OK;
}

/* How many of `max` entries from entry `at` on may be passed on: up to the last well signed one.
 * Half of them will do, as looking costs something. */
static size_t most(const struct log *log, size_t at, size_t max)
{
    size_t count = max < ENTRIES - at ? max : ENTRIES - at;
    while (count > 0 && (log->bad >> (at + count - 1) & 1u) != 0)
        count--;
    return count;
}

static vl_result read_from(const struct log *log, size_t at, size_t max, size_t *count)
{
    struct vl_entry_row last = {.seq = 0};
    vl_result result = vl_replica_read_chunk(log->f->nodes[0].replica, &log->id, log->first + at,
                                             max, SIZE_MAX, see, &last);
    *count = last.seq == 0 ? 0 : (size_t)(last.seq + 1 - log->first - at);
    return result;
}

/* In as many steps as it takes, each call of the storage fails once: then nothing is passed on. */
static void check_cut(const struct log *log, size_t at, size_t max)
{
    struct memory_storage *memory = log->f->nodes[0].memory;
    size_t wanted = most(log, at, max), count;
    vl_result result = VL_ERR_STORAGE;
    for (uint64_t n = 1; result == VL_ERR_STORAGE; n++) {
        memory_storage_fail(memory, n, VL_ERR_STORAGE, false);
        result = read_from(log, at, max, &count);
        assert_int_equal(memory_storage_failed(memory), result == VL_ERR_STORAGE);
        memory_storage_fail(memory, 0, VL_OK, false);
        if (result == VL_ERR_STORAGE) assert_int_equal(count, 0);
    }
    assert_int_equal(result, wanted == 0 ? VL_ERR_LIMIT : VL_OK);
    assert_true(count <= wanted && 2 * count >= wanted);
    if (wanted > 0) assert_int_equal(most(log, at, count), count); /* it ends well signed */
}

static void chunks_end_with_a_good_signature(void **state)
{
    (void)state;
    const unsigned patterns = 1u << (ENTRIES - 2);
    for (unsigned i = 0; i < patterns; i += (unsigned)test_scale(1, 13)) {
        struct log log = log_make(i << 1);
        for (size_t at = 0; at < ENTRIES; at++)
            for (size_t max = 1; max <= ENTRIES; max++)
                check_cut(&log, at, max);
        circle_fixture_destroy(log.f);
    }
}

/* Where a part of a chain could be shown to somebody. */
static void the_next_good_signature_is_found(void **state)
{
    (void)state;
    struct log log = log_make(0x0f6u);
    struct vl_replica *r = log.f->nodes[0].replica;
    struct vl_entry_row row;
    uint32_t chain;
    uint64_t seq, end;
    struct entry_run run = circle_fixture_run(log.f, 0, &log.id, log.first, 1);
    vl_entry_id(run.items[0].header, &row.id);
    entry_run_finish(&run);
    assert_int_equal(closed_place(r, &row.id, &chain, &seq), VL_OK);
    assert_int_equal(seq, log.first);
    for (size_t at = 0; at < ENTRIES; at++) {
        size_t good = at;
        while ((log.bad >> good & 1u) != 0)
            good++;
        assert_int_equal(closed_signed(r, chain, log.first + at, &end), VL_OK);
        assert_int_equal(end, log.first + good + 1);
    }
    assert_int_equal(closed_signed(r, chain, log.first + ENTRIES, &end), VL_ERR_NOT_FOUND);
    assert_int_equal(closed_signed(r, UINT32_MAX, 0, &end), VL_ERR_NOT_FOUND);
    assert_int_equal(closed_read(r, UINT32_MAX, 0, 1, SIZE_MAX, see, &row), VL_ERR_NOT_FOUND);
    circle_fixture_destroy(log.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_end_with_a_good_signature),
        cmocka_unit_test(the_next_good_signature_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
