/* Where somebody writes, as a session says it: at most so often, to the peer alone, kept nowhere.
 */
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 1701

static struct vl_cursor behind(uint32_t offset)
{
    return (struct vl_cursor){
        .type = 4,
        .record = {{9, 8, 7}},
        .field = 11,
        .unit = {.dot = {.entry = {{1, 2, 3}}, .operation = 5}, .offset = offset}};
}

static bool same(const struct vl_cursor *a, const struct vl_cursor *b)
{
    if (a->type != b->type || a->field != b->field || a->is_gone != b->is_gone ||
        memcmp(&a->record, &b->record, sizeof a->record) != 0)
        return false;
    if (a->is_gone) return true;
    if (a->unit.is_end || b->unit.is_end) return a->unit.is_end && b->unit.is_end;
    return a->unit.offset == b->unit.offset && vl_dot_compare(&a->unit.dot, &b->unit.dot) == 0;
}

static void assert_taken(struct vl_session *s, const struct vl_cursor *wanted)
{
    struct vl_cursor cursor;
    assert_true(vl_session_take_cursor(s, &cursor));
    assert_true(same(&cursor, wanted));
    assert_false(vl_session_take_cursor(s, &cursor));
}

/* ---- between honest sides ---- */

static void the_peer_is_told_and_nobody_else(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    struct session_pair pair, on;
    session_pair_init(&pair, f, 0, 1);
    session_pair_init(&on, f, 1, 2);
    session_pair_run(&pair);
    session_pair_run(&on);
    const size_t entries = hand_entries_of(f, 1);
    const struct vl_cursor cursors[] = {behind(3),
                                        {.type = 4, .field = 11, .unit = {.is_end = true}},
                                        {.type = 65535, .field = 65535, .is_gone = true}};
    for (size_t i = 0; i < 3; i++) {
        vl_session_set_cursor(pair.sides[0], &cursors[i]);
        session_pair_run(&pair);
        assert_taken(pair.sides[1], &cursors[i]);
        assert_false(session_pair_carry(&on, 0));
        pair.now.ms += VL_CURSOR_PAUSE_MS;
        on.now = pair.now;
    }
    assert_int_equal(hand_entries_of(f, 1), entries);
    assert_true(vl_session_in_sync(pair.sides[0]));
    session_pair_finish(&on);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

static void only_the_newest_and_not_too_often(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 1);
    struct vl_cursor cursor = behind(0);
    vl_session_set_cursor(pair.sides[0], &cursor); /* nothing before they know each other */
    session_pair_run(&pair);
    assert_false(vl_session_take_cursor(pair.sides[1], &cursor));
    for (uint32_t i = 1; i <= 3; i++) {
        cursor = behind(i);
        vl_session_set_cursor(pair.sides[0], &cursor);
    }
    assert_true(session_pair_carry(&pair, 0));
    assert_false(session_pair_carry(&pair, 0));
    assert_taken(pair.sides[1], &cursor);
    const vl_instant said = pair.now;
    cursor = behind(4);
    vl_session_set_cursor(pair.sides[0], &cursor);
    assert_int_equal(vl_session_deadline(pair.sides[0]).ms, said.ms + VL_CURSOR_PAUSE_MS);
    pair.now.ms = said.ms + VL_CURSOR_PAUSE_MS - 1;
    assert_false(session_pair_carry(&pair, 0));
    pair.now.ms++;
    assert_true(session_pair_carry(&pair, 0));
    assert_taken(pair.sides[1], &cursor);
    assert_true(vl_session_deadline(pair.sides[0]).ms > pair.now.ms);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

static void records_go_first(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 1);
    session_pair_run(&pair);
    struct vl_cursor cursor = behind(1);
    vl_session_set_cursor(pair.sides[0], &cursor);
    hand_write_one(f, 0, 1);
    assert_true(session_pair_carry(&pair, 0));
    assert_int_equal(hand_entries_of(f, 1), hand_entries_of(f, 0));
    assert_false(vl_session_take_cursor(pair.sides[1], &cursor));
    session_pair_run(&pair);
    assert_true(vl_session_take_cursor(pair.sides[1], &cursor));
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* ---- a flood ---- */

static bool takes(struct vl_session *s, uint32_t offset, uint64_t at)
{
    struct vl_buffer message = {0};
    struct vl_cursor cursor = behind(offset), taken;
    assert_int_equal(message_cursor_write(&cursor, &message), VL_OK);
    assert_int_equal(vl_session_receive(s, vl_buffer_view(&message), (vl_instant){at}), VL_OK);
    vl_buffer_finish(&message);
    if (!vl_session_take_cursor(s, &taken)) return false;
    assert_int_equal(taken.unit.offset, offset);
    return true;
}

static void a_flood_is_let_go(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct vl_session *s = hand_opened(f, 1, 0);
    uint64_t at = HAND_START.ms;
    for (unsigned burst = 0; burst < 3; burst++) {
        for (uint32_t i = 0; i < VL_CURSOR_BURST; i++)
            assert_true(takes(s, i, at));
        assert_false(takes(s, 99, at));
        assert_false(takes(s, 99, at + VL_CURSOR_TAKE_MS - 1));
        assert_true(takes(s, 100, at + VL_CURSOR_TAKE_MS));
        assert_false(takes(s, 101, at + VL_CURSOR_TAKE_MS));
        at += 1000 * VL_CURSOR_TAKE_MS; /* however long it was quiet: one burst */
    }
    for (uint32_t i = 0; i < 100; i++) { /* who is twice as fast as she may be, for long */
        (void)takes(s, i, at);
        at += VL_CURSOR_TAKE_MS;
        assert_true(takes(s, i, at));
    }
    assert_int_equal(vl_session_error(s), VL_OK);
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

/* ---- forms ---- */

static vl_result read(const uint8_t *bytes, size_t size, struct vl_cursor *out)
{
    uint8_t *copy = malloc(size); /* so that reading past its end is seen */
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    struct vl_reader r = vl_reader(vl_bytes(copy, size));
    (void)vl_read_u8(&r);
    vl_result result = message_cursor_read(&r, out);
    free(copy);
    return result;
}

static void every_form_is_the_only_one(void **state)
{
    (void)state;
    struct vl_cursor last = behind(UINT32_MAX), out;
    struct vl_buffer message = {0};
    last.type = last.field = VL_TYPE_MAX;
    last.unit.dot.operation = VL_OPERATIONS_MAX - 1;
    const struct vl_cursor cursors[] = {
        behind(0), last, {.unit = {.is_end = true}}, {.type = 4, .is_gone = true}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(message_cursor_write(&cursors[i], &message), VL_OK);
        assert_true(message.size <= VL_CURSOR_BYTES_MAX);
        assert_int_equal(read(message.data, message.size, &out), VL_OK);
        assert_true(same(&out, &cursors[i]));
        for (size_t size = 1; size < message.size; size++)
            assert_int_equal(read(message.data, size, &out), VL_ERR_TRUNCATED);
        assert_int_equal(vl_buffer_append(&message, "", 1), VL_OK);
        assert_int_not_equal(read(message.data, message.size, &out), VL_OK);
    }
    vl_buffer_finish(&message);
}

/* One past each bound, and a number that is not in its shortest form. */
static void what_is_past_a_bound_is_refused(void **state)
{
    (void)state;
    struct vl_buffer message = {0};
    struct vl_cursor cursor = behind(0), out;
    for (unsigned which = 0; which < 5; which++) {
        vl_buffer_clear(&message);
        struct vl_writer w = vl_writer(&message, VL_CURSOR_BYTES_MAX);
        vl_write_u8(&w, MESSAGE_CURSOR);
        vl_write_varint(&w, which == 0 ? VL_TYPE_MAX + 1 : VL_TYPE_MAX);
        vl_write_exact(&w, cursor.record.bytes, sizeof cursor.record.bytes);
        vl_write_varint(&w, which == 1 ? VL_TYPE_MAX + 1 : VL_TYPE_MAX);
        vl_write_u8(&w, which == 2 ? 3 : 2);
        vl_write_exact(&w, cursor.unit.dot.entry.bytes, sizeof cursor.unit.dot.entry.bytes);
        vl_write_varint(&w, which == 3 ? VL_OPERATIONS_MAX : VL_OPERATIONS_MAX - 1);
        vl_write_varint(&w, which == 4 ? (uint64_t)UINT32_MAX + 1 : UINT32_MAX);
        assert_int_equal(vl_writer_result(&w), VL_OK);
        assert_int_not_equal(read(message.data, message.size, &out), VL_OK);
    }
    vl_buffer_finish(&message);
    uint8_t longer[] = {
        MESSAGE_CURSOR, 0x84, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_int_not_equal(read(longer, sizeof longer, &out), VL_OK);
}

static void a_broken_one_ends_the_session(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct vl_session *s = hand_opened(f, 1, 0);
    struct vl_buffer message = {0};
    struct vl_cursor cursor = behind(1);
    assert_true(takes(s, 1, HAND_START.ms));
    assert_int_equal(message_cursor_write(&cursor, &message), VL_OK);
    assert_int_equal(vl_session_receive(s, vl_buffer_view(&message), HAND_START), VL_OK);
    message.size--;
    assert_int_equal(hand_give(s, &message), VL_ERR_TRUNCATED);
    assert_false(vl_session_take_cursor(s, &cursor)); /* nor what came before it */
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peer_is_told_and_nobody_else),
        cmocka_unit_test(only_the_newest_and_not_too_often),
        cmocka_unit_test(records_go_first),
        cmocka_unit_test(a_flood_is_let_go),
        cmocka_unit_test(every_form_is_the_only_one),
        cmocka_unit_test(what_is_past_a_bound_is_refused),
        cmocka_unit_test(a_broken_one_ends_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
