/* A bundle brings whoever may read it to the same state, whatever the cuts; nobody else opens it,
 * and nothing that was changed in it is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/bundle_seal.h"
#include "tests/support/circle_fixture.h"
#include <veillee/bundle.h>

#define NOW ((vl_wall){1700000000000})

static void ok(vl_result result)
{
    if (result != VL_OK) print_error("result: %s\n", vl_result_name(result));
    assert_int_equal(result, VL_OK);
}

#define assert_result(got, want) assert_string_equal(vl_result_name(got), vl_result_name(want))

static struct vl_buffer write_bundle(struct vl_replica *replica, const struct vl_head *after,
                                     size_t count, size_t piece)
{
    struct vl_bundle_writer *w = NULL;
    struct vl_buffer file = {0};
    vl_result result = VL_OK;
    ok(vl_bundle_writer_create(&w, replica, after, count, NOW));
    while (result == VL_OK) {
        size_t before = file.size;
        result = vl_bundle_write(w, piece, &file);
        assert_true(file.size - before <= piece);
        assert_true(result != VL_OK || file.size > before);
    }
    assert_result(result, VL_ERR_NOT_FOUND);
    assert_int_equal(vl_bundle_written(w).bytes, file.size);
    vl_bundle_writer_destroy(w);
    return file;
}

static vl_result read_pieces(struct vl_replica *const *replicas, size_t count, struct vl_bytes file,
                             size_t piece, struct vl_bundle_counts *counts)
{
    struct vl_bundle_reader *r = NULL;
    ok(vl_bundle_reader_create(&r, replicas, count));
    vl_result result = VL_OK;
    while (file.size > 0 && result == VL_OK) {
        size_t part = piece < file.size ? piece : file.size;
        result = vl_bundle_read(r, vl_bytes(file.data, part));
        file = vl_bytes(file.data + part, file.size - part);
    }
    vl_result end = vl_bundle_read_end(r);
    if (result != VL_OK) assert_result(end, result); /* the same one for ever */
    if (counts != NULL) *counts = vl_bundle_have_read(r);
    vl_bundle_reader_destroy(r);
    return end;
}

static vl_result read_bundle(struct circle_fixture *f, size_t node, const struct vl_buffer *file)
{
    return read_pieces(&f->nodes[node].replica, 1, vl_buffer_view(file), 100000, NULL);
}

static void assert_same(struct circle_fixture *f, size_t a, size_t b)
{
    struct vl_id one = circle_fixture_digest(f, a);
    struct vl_id two = circle_fixture_digest(f, b);
    assert_memory_equal(one.bytes, two.bytes, sizeof one.bytes);
    vl_replica_heads_digest(f->nodes[a].replica, &one);
    vl_replica_heads_digest(f->nodes[b].replica, &two);
    assert_memory_equal(one.bytes, two.bytes, sizeof one.bytes);
}

static void write_some(struct circle_fixture *f, size_t node, size_t count, size_t size)
{
    char text[4096];
    assert_true(size < sizeof text - 16);
    for (size_t i = 0; i < count; i++) {
        struct vl_record_id record = fixture_record(i % 7);
        snprintf(text, sizeof text, "%zu %0*d", i, (int)size, 0);
        (void)circle_fixture_add_element(f, node, 3, &record, 1, text);
    }
}

static void control(struct circle_fixture *f, size_t by, enum vl_control_kind kind, size_t target)
{
    struct vl_control body = {.kind = kind, .target = f->nodes[target].person};
    struct vl_id id;
    ok(vl_replica_control(f->nodes[by].replica, &body, f->now, &id));
}

static bool is_current(struct circle_fixture *f, size_t node, size_t whose)
{
    struct vl_device_info device;
    vl_result result =
        vl_replica_device(f->nodes[node].replica, f->nodes[whose].keys->card.sign, &device);
    return result == VL_OK && device.current;
}

/* ---- round trips ---- */

static void test_brings_up_to_date(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 1);
    write_some(f, 0, 40, 50);
    circle_fixture_pull(f, 1, 0);
    write_some(f, 1, 40, 600);
    circle_fixture_pull(f, 0, 1);
    write_some(f, 0, 5, 10);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, 1000);
    ok(read_bundle(f, 2, &file));
    assert_same(f, 0, 2);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* The same bytes in any pieces: one state. */
static void test_all_cuts(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 2);
    write_some(f, 0, 60, 900);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    struct memory_storage *before = memory_storage_clone(f->nodes[1].memory);
    const size_t pieces[] = {1, 2, 31, 32, 33, 34, 800, 801, 802, 4096, 32783, 32784, 32785, 65568};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        memory_storage_restore(f->nodes[1].memory, before);
        circle_fixture_reopen(f, 1);
        struct vl_bundle_counts counts;
        ok(read_pieces(&f->nodes[1].replica, 1, vl_buffer_view(&file), pieces[i], &counts));
        assert_int_equal(counts.bytes, file.size);
        assert_int_equal(counts.entries, 60);
        assert_same(f, 0, 1);
    }
    memory_storage_destroy(before);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

static void test_again_brings_nothing(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 3);
    write_some(f, 0, 10, 10);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    ok(read_bundle(f, 1, &file));
    struct vl_bundle_counts counts;
    ok(read_pieces(&f->nodes[1].replica, 1, vl_buffer_view(&file), 7777, &counts));
    assert_int_equal(counts.entries, 0);
    assert_true(counts.total >= 10);
    /* The author reads her own. */
    ok(read_pieces(&f->nodes[0].replica, 1, vl_buffer_view(&file), 7777, &counts));
    assert_int_equal(counts.entries, 0);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

static size_t heads_of(struct circle_fixture *f, size_t node, struct vl_head *out, size_t max)
{
    size_t count = 0;
    ok(vl_replica_heads(f->nodes[node].replica, out, max, &count));
    assert_true(count <= max);
    return count;
}

/* After given tips: smaller, enough for whoever has these, MISSING for whoever has not. */
static void test_after_heads(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 4);
    struct vl_head heads[8];
    write_some(f, 0, 100, 1000);
    circle_fixture_pull(f, 1, 0);
    size_t count = heads_of(f, 1, heads, 8);
    write_some(f, 0, 3, 10);
    struct vl_buffer whole = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    struct vl_buffer part = write_bundle(f->nodes[0].replica, heads, count, SIZE_MAX);
    assert_true(part.size < whole.size / 2);
    assert_result(read_bundle(f, 2, &part), VL_ERR_MISSING);
    ok(read_bundle(f, 1, &part));
    assert_same(f, 0, 1);
    ok(read_bundle(f, 2, &whole));
    assert_same(f, 0, 2);
    vl_buffer_finish(&whole);
    vl_buffer_finish(&part);
    circle_fixture_destroy(f);
}

/* What is written while the bundle is being pulled is whole too. */
static void test_grows_while_written(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 5);
    struct vl_bundle_writer *w = NULL;
    struct vl_buffer file = {0};
    write_some(f, 0, 50, 1000);
    ok(vl_bundle_writer_create(&w, f->nodes[0].replica, NULL, 0, NOW));
    ok(vl_bundle_write(w, 5000, &file));
    circle_fixture_pull(f, 1, 0);
    write_some(f, 1, 20, 1000);
    circle_fixture_pull(f, 0, 1);
    write_some(f, 0, 20, 1000);
    vl_result result = VL_OK;
    while (result == VL_OK) {
        result = vl_bundle_write(w, 5000, &file);
    }
    assert_result(result, VL_ERR_NOT_FOUND);
    vl_bundle_writer_destroy(w);
    ok(read_bundle(f, 2, &file));
    assert_same(f, 0, 2);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* ---- members come and go ---- */

/* 2 was away while 3 was removed, 4 came, and the key changed. */
static void test_stale_member_catches_up(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 6);
    write_some(f, 0, 5, 10);
    circle_fixture_sync_all(f);
    control(f, 0, VL_CONTROL_REMOVE, 3);
    write_some(f, 0, 5, 10); /* under a new epoch */
    size_t late = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, late);
    circle_fixture_pull(f, late, 0);
    write_some(f, late, 5, 10);

    /* Written by somebody whom the reader has never heard of. */
    assert_false(is_current(f, 2, late));
    struct vl_buffer file = write_bundle(f->nodes[late].replica, NULL, 0, SIZE_MAX);
    ok(read_bundle(f, 2, &file));
    assert_true(is_current(f, 2, late));
    assert_false(is_current(f, 2, 3));
    assert_same(f, 2, late);
    write_some(f, 2, 1, 10); /* she has the key of now */
    circle_fixture_pull(f, 0, late);
    circle_fixture_pull(f, 0, 2);
    assert_same(f, 0, 2);

    /* The removed person cannot open it. */
    assert_result(read_bundle(f, 3, &file), VL_ERR_NO_KEY);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

static void test_removed_author(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 7);
    control(f, 0, VL_CONTROL_REMOVE, 3);
    write_some(f, 3, 3, 10);
    struct vl_buffer file = write_bundle(f->nodes[3].replica, NULL, 0, SIZE_MAX);
    uint64_t generation = vl_replica_generation(f->nodes[0].replica);
    assert_result(read_bundle(f, 0, &file), VL_ERR_AUTHORITY);
    assert_int_equal(vl_replica_generation(f->nodes[0].replica), generation);
    ok(read_bundle(f, 2, &file)); /* who does not know of the removal */

    circle_fixture_pull(f, 3, 0);
    struct vl_bundle_writer *w = NULL;
    assert_result(vl_bundle_writer_create(&w, f->nodes[3].replica, NULL, 0, NOW), VL_ERR_AUTHORITY);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* A removal and its key are in the first frames, before what others wrote beside it. */
static void test_control_comes_first(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 8);
    write_some(f, 1, 300, 2000);
    control(f, 0, VL_CONTROL_REMOVE, 3);
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(f, 0, 2, &record, 1, "new epoch");
    circle_fixture_pull(f, 0, 1);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    assert_true(file.size > 600000);
    struct vl_bytes start = vl_bytes(file.data, 160000);
    assert_true(is_current(f, 2, 3));
    assert_result(read_pieces(&f->nodes[2].replica, 1, start, 10000, NULL), VL_ERR_TRUNCATED);
    assert_false(is_current(f, 2, 3));
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* ---- who can read it ---- */

static void test_other_circles(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 9);
    struct circle_fixture *other = circle_fixture_create(2, 10);
    write_some(f, 0, 3, 10);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    struct vl_replica *both[] = {other->nodes[1].replica, f->nodes[1].replica};
    assert_result(read_pieces(both, 1, vl_buffer_view(&file), 999, NULL), VL_ERR_NO_KEY);
    assert_result(read_pieces(both, 0, vl_buffer_view(&file), 999, NULL), VL_ERR_NO_KEY);
    ok(read_pieces(both, 2, vl_buffer_view(&file), 999, NULL));
    assert_same(f, 0, 1);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
    circle_fixture_destroy(other);
}

static bool contains(const struct vl_buffer *file, const void *bytes, size_t size)
{
    return memmem(file->data, file->size, bytes, size) != NULL;
}

static void test_finder_learns_nothing(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 11);
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(f, 0, 2, &record, 1, "un secret bien long");
    struct vl_buffer one = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    struct vl_buffer two = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    assert_false(contains(&one, f->id.bytes, 8));
    assert_false(contains(&one, "un secret", 9));
    for (size_t i = 0; i < f->count; i++) {
        const struct vl_device_card *card = &f->nodes[i].keys->card;
        assert_false(contains(&one, card->sign, 8));
        assert_false(contains(&one, card->seal, 8));
        assert_false(contains(&one, card->noise, 8));
    }
    /* Two of the same: equal sizes, and not one box or key in common. */
    assert_int_equal(one.size, two.size);
    for (size_t at = 0; at + 16 <= one.size; at += 16) {
        assert_false(contains(&two, one.data + at, 16));
    }
    /* The length goes in steps, and the number of boxes does not tell that of devices. */
    assert_int_equal(one.data[32], 1);
    assert_int_equal((one.size - 33 - 16 * 48) % BUNDLE_SEALED_FRAME_BYTES, 0);
    vl_buffer_finish(&one);
    vl_buffer_finish(&two);
    circle_fixture_destroy(f);
}

/* ---- damage ---- */

static void test_truncated(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 12);
    write_some(f, 0, 400, 1500);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    size_t prelude = 33 + 16 * 48;
    struct vl_replica *const *to = &f->nodes[2].replica;
    uint64_t entries = 0;
    for (size_t size = 0; size < prelude; size += 50) {
        assert_result(read_pieces(to, 1, vl_bytes(file.data, size), 64, NULL), VL_ERR_NO_KEY);
    }
    for (size_t size = prelude; size < file.size; size += 70001) {
        struct vl_bundle_counts counts;
        vl_result result = read_pieces(to, 1, vl_bytes(file.data, size), 5000, &counts);
        assert_result(result, VL_ERR_TRUNCATED);
        entries += counts.entries; /* each time it goes on where it ended */
    }
    assert_true(entries > 0);
    struct vl_bundle_counts counts;
    ok(read_pieces(to, 1, vl_buffer_view(&file), 5000, &counts));
    assert_int_equal(entries + counts.entries, 400);
    assert_same(f, 0, 2);
    ok(vl_buffer_append(&file, "", 1));
    assert_result(read_bundle(f, 2, &file), VL_ERR_TRAILING);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* A bit changed anywhere is seen, and what was before it is right. */
static void test_mutated(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 13);
    write_some(f, 0, 40, 1500);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    for (size_t at = 0; at < file.size; at += at < 900 ? 1 : 997) {
        uint8_t bit = (uint8_t)(1u << (at % 8));
        /* The highest bit of an X25519 key means nothing to the key, but everything is bound. */
        file.data[at] ^= bit;
        vl_result result = read_bundle(f, 2, &file);
        file.data[at] ^= bit;
        assert_true(result == VL_ERR_NO_KEY || result == VL_ERR_DECRYPT ||
                    result == VL_ERR_NOT_CANONICAL || result == VL_ERR_TRUNCATED);
    }
    file.data[31] ^= 0x80;
    assert_int_not_equal(read_bundle(f, 2, &file), VL_OK);
    file.data[31] ^= 0x80;
    ok(read_bundle(f, 2, &file));
    assert_same(f, 0, 2);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

static void swap_bytes(uint8_t *a, uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

/* Frames out of order, twice, or of another bundle of the same circle. */
static void test_frames_are_bound(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 14);
    write_some(f, 0, 60, 1500);
    struct vl_buffer one = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    struct vl_buffer two = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    uint8_t *frame = one.data + 33 + 16 * 48;
    swap_bytes(frame, frame + BUNDLE_SEALED_FRAME_BYTES, BUNDLE_SEALED_FRAME_BYTES);
    assert_result(read_bundle(f, 1, &one), VL_ERR_DECRYPT);
    memcpy(frame + BUNDLE_SEALED_FRAME_BYTES, frame, BUNDLE_SEALED_FRAME_BYTES);
    assert_result(read_bundle(f, 1, &one), VL_ERR_DECRYPT);
    memcpy(frame, two.data + (frame - one.data), BUNDLE_SEALED_FRAME_BYTES);
    assert_result(read_bundle(f, 1, &one), VL_ERR_DECRYPT);
    vl_buffer_finish(&one);
    vl_buffer_finish(&two);
    circle_fixture_destroy(f);
}

/* ---- limits ---- */

static void test_groups_of_boxes(void **state)
{
    (void)state;
    uint8_t start[BUNDLE_PRELUDE_MIN] = {0};
    size_t size = 0;
    assert_result(bundle_prelude_size(start, &size), VL_ERR_NO_KEY);
    start[32] = VL_BUNDLE_BOXES_MAX / VL_BUNDLE_BOXES_STEP;
    ok(bundle_prelude_size(start, &size));
    assert_int_equal(size, BUNDLE_PRELUDE_MIN + VL_BUNDLE_BOXES_MAX * BUNDLE_BOX_BYTES);
    start[32]++;
    assert_result(bundle_prelude_size(start, &size), VL_ERR_NO_KEY);
}

/* Persons of whom node 0 alone knows, until the circle has `count` devices. */
static void crowd(struct circle_fixture *f, size_t from, size_t count)
{
    for (size_t i = from; i < count; i++) {
        struct vl_device_keys *keys = NULL;
        struct vl_enrolment enrolment;
        struct vl_control add = {
            .kind = VL_CONTROL_ADD, .enrolments = &enrolment, .enrolment_count = 1};
        struct vl_id id;
        ok(vl_device_keys_create(&keys));
        vl_person_id(keys->card.sign, &add.target);
        vl_enrolment_sign(keys, &f->id, &add.target, &enrolment);
        ok(vl_replica_control(f->nodes[0].replica, &add, f->now, &id));
        vl_device_keys_destroy(keys);
    }
}

static void test_many_devices(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 17);
    const size_t counts[] = {16, 17, VL_BUNDLE_BOXES_MAX};
    const uint8_t groups[] = {1, 2, 16};
    size_t have = 2;
    for (size_t i = 0; i < 3; i++) {
        crowd(f, have, counts[i]);
        have = counts[i];
        struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
        assert_int_equal(file.data[32], groups[i]);
        ok(read_bundle(f, 1, &file));
        vl_buffer_finish(&file);
    }
    crowd(f, have, have + 1);
    struct vl_bundle_writer *w = NULL;
    assert_result(vl_bundle_writer_create(&w, f->nodes[0].replica, NULL, 0, NOW), VL_ERR_LIMIT);
    circle_fixture_destroy(f);
}

/* Node 1 enrols many devices: nobody but she goes without a box for that. */
static void test_many_devices_of_one(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 19);
    for (size_t i = 0; i < VL_BUNDLE_BOXES_MAX; i++) {
        struct vl_device_keys *keys = NULL;
        struct vl_enrolment enrolment;
        struct vl_control add = {.kind = VL_CONTROL_ADD_DEVICE,
                                 .target = f->nodes[1].person,
                                 .enrolments = &enrolment,
                                 .enrolment_count = 1};
        struct vl_id id;
        ok(vl_device_keys_create(&keys));
        vl_enrolment_sign(keys, &f->id, &f->nodes[1].person, &enrolment);
        ok(vl_replica_control(f->nodes[1].replica, &add, f->now, &id));
        vl_device_keys_destroy(keys);
    }
    circle_fixture_sync_all(f);
    crowd(f, 0, 1); /* added last of all */
    const size_t late = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, late);
    circle_fixture_pull(f, late, 0);
    struct vl_buffer file = write_bundle(f->nodes[0].replica, NULL, 0, SIZE_MAX);
    assert_int_equal(file.data[32], VL_BUNDLE_BOXES_MAX / VL_BUNDLE_BOXES_STEP);
    for (size_t node = 1; node < f->count; node++)
        ok(read_bundle(f, node, &file));
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

static void test_empty_copy(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 18);
    size_t stranger = circle_fixture_stranger(f);
    struct vl_bundle_writer *w = NULL;
    assert_result(vl_bundle_writer_create(&w, f->nodes[stranger].replica, NULL, 0, NOW),
                  VL_ERR_STATE);
    vl_bundle_writer_destroy(NULL);
    vl_bundle_reader_destroy(NULL);
    circle_fixture_destroy(f);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brings_up_to_date),
        cmocka_unit_test(test_all_cuts),
        cmocka_unit_test(test_again_brings_nothing),
        cmocka_unit_test(test_after_heads),
        cmocka_unit_test(test_grows_while_written),
        cmocka_unit_test(test_stale_member_catches_up),
        cmocka_unit_test(test_removed_author),
        cmocka_unit_test(test_control_comes_first),
        cmocka_unit_test(test_other_circles),
        cmocka_unit_test(test_finder_learns_nothing),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_frames_are_bound),
        cmocka_unit_test(test_groups_of_boxes),
        cmocka_unit_test(test_many_devices),
        cmocka_unit_test(test_many_devices_of_one),
        cmocka_unit_test(test_empty_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
