/* What waits while a bundle is read, and on whose account: as in a session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/session_internal.h"
#include "tests/support/forged_bundle.h"
#include "tests/support/forged_entry.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#define FRAME_SEALED (VL_BUNDLE_FRAME_BYTES + 16u)
#define LARGE        28000u
#define CHUNKS       60u

static void ok(vl_result result)
{
    if (result != VL_OK) print_error("result: %s\n", vl_result_name(result));
    assert_int_equal(result, VL_OK);
}

#define assert_result(got, want) assert_string_equal(vl_result_name(got), vl_result_name(want))

/* A message that says itself that it is whole, and is not, before the last frame. */
static void test_a_message_cut_short(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 907);
    hand_write_one(f, 0, 1);
    struct vl_head tip = hand_tip_of(f, 0, 0);
    struct chunk *c = hand_chunk_of(f, 0, 0, tip.seq, 1);
    struct vl_buffer message = {0};
    struct vl_bundle_reader *r = NULL;
    ok(message_entries_write(c, false, &message));
    struct forged forged = forge(f, 0);
    forge_header(f, &forged, 0, &f->id);
    forge_no_proof(&forged);
    forge_message(&forged, vl_bytes(message.data, message.size - 9));
    forge_seal(&forged, 1);
    ok(vl_bundle_reader_create(&r, &f->nodes[1].replica, 1));
    assert_result(vl_bundle_read(r, vl_bytes(forged.file.data, forged.file.size - FRAME_SEALED)),
                  VL_ERR_TRUNCATED);
    vl_bundle_reader_destroy(r);
    forge_finish(&forged);
    vl_buffer_finish(&message);
    chunk_destroy(c);
    circle_fixture_destroy(f);
}

/* Node 0's log goes on with a control entry whose body is cut short, and content that is large. */
static struct chunk *bad_chunk(struct circle_fixture *f, const struct vl_entry_header *like,
                               unsigned number)
{
    static uint8_t large[LARGE];
    uint8_t body[35] = {VL_CONTROL_EPOCH};
    body[33] = 0xc8;
    body[34] = 0x01; /* 200 seals, none of which is there */
    struct vl_entry_header header = *like;
    struct chunk *c = NULL;
    struct vl_id id;
    header.wall.ms += number;
    ok(chunk_create(&c, &header.log, header.seq, &header.prev));
    for (size_t i = 0; i < 9; i++) {
        struct entry_run run = {0};
        entry_run_forge(&run, &header, i == 0 ? vl_bytes(body, 35) : vl_bytes(large, sizeof large),
                        f->nodes[0].keys, &id);
        ok(chunk_append(c, &run.items[0]));
        entry_run_finish(&run);
        header.kind = VL_ENTRY_CONTENT;
        header.prev = id;
        header.seq++;
        header.lamport++;
        header.link_count = 0;
        if (i > 0) continue;
        header.auth[0] = id;
        header.auth_count = 1;
    }
    return c;
}

static void forge_chunk(struct forged *forged, struct chunk *c)
{
    while (c->done < c->count) {
        struct vl_buffer message = {0};
        ok(message_entries_write(c, false, &message));
        forge_message(forged, vl_buffer_view(&message));
        vl_buffer_finish(&message);
    }
    chunk_destroy(c);
}

/* Chunks none of which can be stored: whatever the file's size, no more waits than in a session. */
static void test_what_waits_is_bounded(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 908);
    hand_write_one(f, 0, 1);
    circle_fixture_sync_all(f);
    struct vl_entry_header like = forged_next(f, 0);
    struct forged forged = forge(f, 0);
    struct vl_bundle_reader *r = NULL;
    forge_header(f, &forged, 0, &f->id);
    forge_no_proof(&forged);
    for (unsigned i = 0; i < CHUNKS; i++)
        forge_chunk(&forged, bad_chunk(f, &like, i));
    forge_seal(&forged, forged.plain.size / VL_BUNDLE_FRAME_BYTES + 1);
    ok(vl_bundle_reader_create(&r, &f->nodes[1].replica, 1));
    vl_result result = VL_OK;
    uint64_t most = 0;
    for (size_t at = 0; at < forged.file.size && result == VL_OK; at += 4096) {
        size_t part = forged.file.size - at < 4096 ? forged.file.size - at : 4096;
        result = vl_bundle_read(r, vl_bytes(forged.file.data + at, part));
        const uint64_t waiting = vl_bundle_have_read(r).waiting;
        if (waiting > most) most = waiting;
    }
    assert_int_not_equal(result, VL_OK);
    assert_true(most / 9 * 8 * LARGE <= VL_PENDING_BYTES_MAX + VL_CHUNK_BYTES_MAX);
    vl_bundle_reader_destroy(r);
    forge_finish(&forged);
    circle_fixture_destroy(f);
}

static vl_result carry(struct circle_fixture *f, size_t from, size_t to)
{
    struct vl_bundle_writer *w = NULL;
    struct vl_bundle_reader *r = NULL;
    struct vl_buffer file = {0};
    vl_result result = vl_bundle_writer_create(&w, f->nodes[from].replica, NULL, 0, FORGED_WALL);
    while (result == VL_OK)
        result = vl_bundle_write(w, 1 << 20, &file);
    assert_result(result, VL_ERR_NOT_FOUND); /* all of it is written */
    vl_bundle_writer_destroy(w);
    ok(vl_bundle_reader_create(&r, &f->nodes[to].replica, 1));
    result = vl_bundle_read(r, vl_buffer_view(&file));
    vl_result end = vl_bundle_read_end(r);
    vl_bundle_reader_destroy(r);
    vl_buffer_finish(&file);
    return result == VL_OK ? end : result;
}

/* A third branch of a closed log, upon which somebody honest wrote: taken on the account of the
 * bundle's author. Who syncs by stick alone would never have caught up with her. */
static void test_a_third_branch_comes(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(913);
    hand_write_one(f, LIAR, 11);
    (void)circle_fixture_pull(f, ME, LIAR); /* FRIEND has not got that */
    struct entry_run last = liar_circle_last(f, LIAR);
    struct entry_run second = forged_branch(f, LIAR, &last.items[0], 1, 1, NULL);
    struct entry_run third = forged_branch(f, LIAR, &last.items[0], 2, 1, NULL);
    liar_circle_give(f, FRIEND, &third); /* the only one that FRIEND knows */
    hand_write_one(f, FRIEND, 20);
    liar_circle_give(f, ME, &second); /* closed: two branches */
    ok(carry(f, FRIEND, ME));
    assert_true(liar_circle_hears(f, ME, 20));
    assert_true(liar_circle_meet(f, ME, FRIEND)); /* nothing is wrong with it later */
    entry_run_finish(&last);
    entry_run_finish(&second);
    entry_run_finish(&third);
    circle_fixture_destroy(f);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_cut_short),
        cmocka_unit_test(test_what_waits_is_bounded),
        cmocka_unit_test(test_a_third_branch_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
