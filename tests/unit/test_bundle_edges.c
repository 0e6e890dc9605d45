/* Bundles that are read in the wrong order, written while the disk fails, or for whom nothing is
 * new: what is told, and that all comes together in the end. */
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/bundle_seal.h"
#include <veillee/bundle.h>

#define NOW ((vl_wall){1700000000000})

static void ok(vl_result result)
{
    if (result != VL_OK) print_error("result: %s\n", vl_result_name(result));
    assert_int_equal(result, VL_OK);
}

#define assert_result(got, want) assert_string_equal(vl_result_name(got), vl_result_name(want))

/* All that `by` has beyond what `like` has; NULL: all. */
static struct vl_buffer bundle_of(struct circle_fixture *f, size_t by, const struct vl_head *after,
                                  size_t count, struct vl_bundle_counts *counts)
{
    struct vl_bundle_writer *w = NULL;
    struct vl_buffer file = {0};
    ok(vl_bundle_writer_create(&w, f->nodes[by].replica, after, count, NOW));
    while (vl_bundle_write(w, SIZE_MAX, &file) == VL_OK)
        continue;
    if (counts != NULL) *counts = vl_bundle_written(w);
    vl_bundle_writer_destroy(w);
    return file;
}

static vl_result read_by(struct circle_fixture *f, size_t node, const struct vl_buffer *file,
                         struct vl_bundle_counts *counts)
{
    struct vl_bundle_reader *r = NULL;
    ok(vl_bundle_reader_create(&r, &f->nodes[node].replica, 1));
    vl_result result = vl_bundle_read(r, vl_buffer_view(file));
    assert_result(vl_bundle_read_end(r), result);
    *counts = vl_bundle_have_read(r);
    vl_bundle_reader_destroy(r);
    return result;
}

static size_t heads_of(struct circle_fixture *f, size_t node, struct vl_head heads[static 16])
{
    size_t count = 0;
    ok(vl_replica_heads(f->nodes[node].replica, heads, 16, &count));
    assert_true(count <= 16);
    return count;
}

/* The second of two is read first: it says that something is missing and keeps nothing that links
 * to it; after the first one it brings all. */
static void test_read_in_the_wrong_order(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 31);
    struct vl_bundle_counts counts;
    struct vl_head heads[16];
    for (uint64_t i = 0; i < 4; i++)
        hand_write_one(f, 0, i);
    struct vl_buffer first = bundle_of(f, 0, NULL, 0, NULL);
    size_t count = heads_of(f, 0, heads);
    (void)circle_fixture_pull(f, 1, 0);
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(f, 1, 10 + i); /* links to what node 0 wrote */
    struct vl_buffer second = bundle_of(f, 1, heads, count, NULL);
    size_t before = hand_entries_of(f, 2);
    assert_result(read_by(f, 2, &second, &counts), VL_ERR_MISSING);
    assert_int_equal(counts.entries, 0);
    assert_int_equal(counts.waiting, 3);
    assert_int_equal(hand_entries_of(f, 2), before);
    ok(read_by(f, 2, &first, &counts));
    assert_int_equal(counts.entries, 4);
    ok(read_by(f, 2, &second, &counts));
    assert_int_equal(counts.entries, 3);
    assert_int_equal(counts.waiting, 0);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 1));
    vl_buffer_finish(&first);
    vl_buffer_finish(&second);
    circle_fixture_destroy(f);
}

/* What was missing comes by a session while the bundle is being read. */
static void test_what_was_missing_comes_meanwhile(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 32);
    struct vl_head heads[16];
    for (uint64_t i = 0; i < 4; i++)
        hand_write_one(f, 0, i);
    size_t count = heads_of(f, 0, heads);
    (void)circle_fixture_pull(f, 1, 0);
    char text[3001];
    memset(text, 'x', 3000);
    text[3000] = 0;
    for (uint64_t i = 0; i < 30; i++) { /* more than one frame */
        struct vl_record_id record = fixture_record(i);
        circle_fixture_add_element(f, 1, 1, &record, 3, text);
    }
    struct vl_buffer file = bundle_of(f, 1, heads, count, NULL);
    struct vl_bundle_reader *r = NULL;
    ok(vl_bundle_reader_create(&r, &f->nodes[2].replica, 1));
    size_t last = file.size - BUNDLE_SEALED_FRAME_BYTES;
    assert_null(vl_bundle_replica(r));
    ok(vl_bundle_read(r, vl_bytes(file.data, last)));
    assert_ptr_equal(vl_bundle_replica(r), f->nodes[2].replica);
    (void)circle_fixture_pull(f, 2, 0);
    ok(vl_bundle_read(r, vl_bytes(file.data + last, file.size - last)));
    ok(vl_bundle_read_end(r));
    assert_int_equal(vl_bundle_have_read(r).waiting, 0);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 1));
    vl_bundle_reader_destroy(r);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* For whoever has everything already there is nothing in it, and it is a bundle all the same. */
static void test_nothing_is_new(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 33);
    struct vl_bundle_counts counts;
    struct vl_head heads[16];
    hand_write_one(f, 0, 1);
    (void)circle_fixture_pull(f, 1, 0);
    size_t count = heads_of(f, 1, heads);
    struct vl_buffer file = bundle_of(f, 0, heads, count, &counts);
    assert_int_equal(counts.total, 0);
    assert_int_equal(counts.entries, 0);
    ok(read_by(f, 1, &file, &counts));
    assert_int_equal(counts.entries, 0);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* After an error nothing more is written, however well the disk is again; and the next bundle is as
 * good as any. */
static void test_writing_ends_with_its_error(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 35);
    struct memory_storage *memory = f->nodes[0].memory;
    struct vl_bundle_counts counts;
    hand_write_one(f, 0, 1);
    unsigned failures = 0;
    for (uint64_t nth = 1;; nth++) {
        struct vl_bundle_writer *w = NULL;
        struct vl_buffer file = {0};
        ok(vl_bundle_writer_create(&w, f->nodes[0].replica, NULL, 0, NOW));
        memory_storage_fail(memory, nth, VL_ERR_STORAGE, false);
        vl_result result = vl_bundle_write(w, SIZE_MAX, &file);
        bool failed = memory_storage_failed(memory);
        memory_storage_fail(memory, 0, VL_OK, false);
        if (failed) {
            assert_result(result, VL_ERR_STORAGE);
            assert_result(vl_bundle_write(w, SIZE_MAX, &file), VL_ERR_STORAGE);
            failures++;
        }
        vl_bundle_writer_destroy(w);
        vl_buffer_finish(&file);
        if (!failed) break;
    }
    assert_true(failures > 2);
    struct vl_buffer file = bundle_of(f, 0, NULL, 0, NULL);
    ok(read_by(f, 1, &file, &counts));
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* Of several copies the one that has the key takes it, wherever it stands; a reader that failed
 * says so for ever. */
static void test_several_copies(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 36), *other = circle_fixture_create(2, 37);
    struct vl_buffer file = bundle_of(f, 0, NULL, 0, NULL);
    for (size_t place = 0; place < 3; place++) {
        struct vl_replica *copies[3] = {other->nodes[0].replica, other->nodes[1].replica,
                                        other->nodes[0].replica};
        struct vl_bundle_reader *r = NULL;
        copies[place] = f->nodes[1].replica;
        ok(vl_bundle_reader_create(&r, copies, 3));
        ok(vl_bundle_read(r, vl_buffer_view(&file)));
        assert_ptr_equal(vl_bundle_replica(r), f->nodes[1].replica);
        vl_bundle_reader_destroy(r);
    }
    struct vl_bundle_reader *r = NULL;
    ok(vl_bundle_reader_create(&r, &other->nodes[0].replica, 1));
    for (int again = 0; again < 2; again++)
        assert_result(vl_bundle_read(r, vl_buffer_view(&file)), VL_ERR_NO_KEY);
    assert_result(vl_bundle_read_end(r), VL_ERR_NO_KEY);
    vl_bundle_reader_destroy(r);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
    circle_fixture_destroy(other);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_in_the_wrong_order),
        cmocka_unit_test(test_what_was_missing_comes_meanwhile),
        cmocka_unit_test(test_nothing_is_new),
        cmocka_unit_test(test_writing_ends_with_its_error),
        cmocka_unit_test(test_several_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
