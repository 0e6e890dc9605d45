/* Forms of a session's messages that honest writers never make: each is refused by its name. And
 * clocks at the ends of their range. */
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct vl_head head_of(uint8_t log, uint64_t seq, uint8_t id)
{
    return (struct vl_head){.log = {{log}}, .seq = seq, .id = {{id}}};
}

/* What is read of two heads that stand in one message in this order. */
static vl_result read_two(struct vl_head a, struct vl_head b, bool several)
{
    struct vl_head heads[2] = {a, b}, out[4];
    struct vl_buffer message = {0};
    size_t at = 0, count = 0;
    bool flag;
    assert_int_equal(message_heads_write(heads, 2, &at, &message), VL_OK);
    struct vl_reader r = vl_reader(vl_bytes(message.data + 1, message.size - 1));
    vl_result result = message_heads_read(&r, several, &flag, out, 4, &count);
    if (result == VL_OK) assert_int_equal(count, 2);
    vl_buffer_finish(&message);
    return result;
}

static void heads_are_sorted_in_every_part(void **state)
{
    (void)state;
    const struct vl_head first = head_of(1, 5, 7);
    const struct {
        struct vl_head second;
        bool several, alone; /* whether it may follow, with several heads of a log or one */
    } cases[] = {
        {head_of(2, 1, 1), true, true},   {head_of(1, 6, 1), true, false},
        {head_of(1, 5, 8), true, false},  {head_of(1, 5, 7), false, false},
        {head_of(1, 5, 6), false, false}, {head_of(1, 4, 9), false, false},
        {head_of(0, 9, 9), false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_two(first, cases[i].second, true),
                         cases[i].several ? VL_OK : VL_ERR_NOT_CANONICAL);
        assert_int_equal(read_two(first, cases[i].second, false),
                         cases[i].alone ? VL_OK : VL_ERR_NOT_CANONICAL);
    }
}

static void a_part_without_heads_says_something(void **state)
{
    (void)state;
    static const uint8_t empty[] = {0, 0}, last[] = {1, 0};
    struct vl_head out[4];
    bool flag;
    for (size_t before = 0; before < 2; before++) {
        size_t count = before;
        struct vl_reader r = vl_reader(vl_bytes(empty, sizeof empty));
        assert_int_equal(message_heads_read(&r, true, &flag, out, 4, &count), VL_ERR_NOT_CANONICAL);
        r = vl_reader(vl_bytes(last, sizeof last));
        assert_int_equal(message_heads_read(&r, true, &flag, out, 4, &count),
                         before == 0 ? VL_OK : VL_ERR_NOT_CANONICAL);
        assert_int_equal(count, before);
    }
}

/* ---- entries by hand ---- */

struct form { /* of one entry, as its first byte says it */
    unsigned byte;
    uint64_t lamport; /* as written */
    uint8_t epoch;    /* written when the form asks for one */
    bool has_auth;
};

static void write_form(struct vl_writer *w, const struct form *form)
{
    static const uint8_t zeros[64];
    uint8_t epoch[32] = {form->epoch};
    vl_write_u8(w, (uint8_t)form->byte);
    vl_write_u8(w, 0); /* links */
    vl_write_varint(w, form->lamport);
    vl_write_i64(w, 0);
    if (form->epoch != 0) vl_write_exact(w, epoch, sizeof epoch);
    if (form->has_auth) vl_write_u8(w, 0);
    vl_write_exact(w, zeros, sizeof zeros);
    vl_write_string(w, vl_bytes("blob", 4));
}

struct part { /* an ENTRIES message */
    unsigned flags;
    uint8_t log;
    uint64_t first;
    struct form forms[2];
    size_t count;
};

static vl_result read_part(const struct part *part, struct chunk **chunk)
{
    static const struct vl_id circle = {{1}}, prev = {{2}};
    struct vl_id log = {{part->log}};
    struct vl_buffer message = {0};
    unsigned flags = 0;
    struct vl_writer w = vl_writer(&message, VL_MESSAGE_BYTES_MAX);
    vl_write_u8(&w, (uint8_t)part->flags);
    vl_write_exact(&w, log.bytes, sizeof log.bytes);
    vl_write_varint(&w, part->first);
    if ((part->flags & ENTRIES_FIRST) != 0) vl_write_exact(&w, prev.bytes, sizeof prev.bytes);
    vl_write_varint(&w, part->count);
    for (size_t i = 0; i < part->count; i++)
        write_form(&w, &part->forms[i]);
    assert_int_equal(vl_writer_result(&w), VL_OK);
    struct vl_reader r = vl_reader(vl_buffer_view(&message));
    vl_result result = message_entries_read(&r, &circle, chunk, &flags);
    vl_buffer_finish(&message);
    return result;
}

#define WHOLE      (ENTRIES_FIRST | ENTRIES_LAST)
#define CONTENT    ((unsigned)VL_ENTRY_CONTENT)
#define CONTROL    ((unsigned)VL_ENTRY_CONTROL)
#define SAME_EPOCH 4u
#define SAME_AUTH  8u

/* What can be said in one way only is refused in any other, and no number runs over. */
static void entries_have_one_form(void **state)
{
    (void)state;
    const struct form first = {CONTENT, 7, 1, true}, control = {CONTROL, 7, 0, true};
    const struct {
        struct form forms[2];
        size_t count;
        vl_result result;
    } cases[] = {
        {{first}, 1, VL_OK},
        {{first, {CONTENT | SAME_EPOCH | SAME_AUTH, 0, 0, false}}, 2, VL_OK},
        {{first, {CONTENT | SAME_AUTH, 0, 2, false}}, 2, VL_OK}, /* another epoch */
        {{control, {CONTENT | SAME_AUTH, 0, 1, false}}, 2, VL_OK},
        {{first, {CONTROL | SAME_AUTH, 0, 0, false}}, 2, VL_OK},
        {{{CONTENT | SAME_EPOCH, 7, 0, true}}, 1, VL_ERR_NOT_CANONICAL},
        {{{CONTENT | SAME_AUTH, 7, 1, false}}, 1, VL_ERR_NOT_CANONICAL},
        {{first, {CONTENT | SAME_AUTH, 0, 1, false}}, 2, VL_ERR_NOT_CANONICAL},
        {{first, {CONTENT | SAME_EPOCH, 0, 0, true}}, 2, VL_ERR_NOT_CANONICAL},
        {{first, {CONTROL | SAME_EPOCH | SAME_AUTH, 0, 0, false}}, 2, VL_ERR_NOT_CANONICAL},
        {{control, {CONTENT | SAME_EPOCH | SAME_AUTH, 0, 0, false}}, 2, VL_ERR_NOT_CANONICAL},
        {{{3, 7, 1, true}}, 1, VL_ERR_KIND},
        {{{32, 7, 1, true}}, 1, VL_ERR_NOT_CANONICAL},
        {{{CONTENT, UINT64_MAX - 1, 1, true}, {CONTENT | SAME_EPOCH | SAME_AUTH, 0, 0, false}},
         2,
         VL_OK},
        {{{CONTENT, UINT64_MAX - 1, 1, true}, {CONTENT | SAME_EPOCH | SAME_AUTH, 1, 0, false}},
         2,
         VL_ERR_LAMPORT},
        {{{CONTENT, UINT64_MAX, 1, true}, {CONTENT | SAME_EPOCH | SAME_AUTH, 0, 0, false}},
         2,
         VL_ERR_LAMPORT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct part part = {.flags = WHOLE, .log = 5, .first = 3, .count = cases[i].count};
        struct chunk *chunk = NULL;
        memcpy(part.forms, cases[i].forms, sizeof part.forms);
        vl_result result = read_part(&part, &chunk);
        if (result != cases[i].result) fail_msg("case %zu: %s", i, vl_result_name(result));
        chunk_destroy(chunk);
    }
}

static void parts_of_a_run_go_on(void **state)
{
    (void)state;
    const struct form form = {CONTENT, 7, 1, true};
    const struct {
        unsigned flags;
        uint8_t log;
        uint64_t first;
        size_t count;
        vl_result result;
    } cases[] = {
        {ENTRIES_LAST, 5, 4, 1, VL_OK},
        {ENTRIES_LAST | ENTRIES_DRAINED, 5, 4, 2, VL_OK},
        {0, 5, 4, 1, VL_OK},
        {ENTRIES_DRAINED, 5, 4, 1, VL_ERR_NOT_CANONICAL},
        {8, 5, 4, 1, VL_ERR_NOT_CANONICAL},
        {ENTRIES_LAST, 5, 4, 0, VL_ERR_NOT_CANONICAL},
        {ENTRIES_LAST, 6, 4, 1, VL_ERR_PREV}, /* another log */
        {ENTRIES_LAST, 5, 5, 1, VL_ERR_PREV},
        {ENTRIES_LAST, 5, 3, 1, VL_ERR_PREV},
        {WHOLE, 5, 4, 1, VL_ERR_PREV}, /* begun twice */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct part begun = {ENTRIES_FIRST, 5, 3, {form}, 1};
        const struct part part = {cases[i].flags,
                                  cases[i].log,
                                  cases[i].first,
                                  {form, {CONTENT | SAME_EPOCH | SAME_AUTH, 0, 0, false}},
                                  cases[i].count};
        struct chunk *chunk = NULL;
        assert_int_equal(read_part(&begun, &chunk), VL_OK);
        vl_result result = read_part(&part, &chunk);
        if (result != cases[i].result) fail_msg("case %zu: %s", i, vl_result_name(result));
        chunk_destroy(chunk);
    }
    struct chunk *chunk = NULL; /* never begun */
    assert_int_equal(read_part(&(struct part){ENTRIES_LAST, 5, 3, {form}, 1}, &chunk), VL_ERR_PREV);
    chunk_destroy(chunk);
}

/* HELLO names control entries: what is cut off within the second is nothing but cut off. */
static void names_that_are_cut_off(void **state)
{
    (void)state;
    struct message_hello hello = {.control_count = 2}, read;
    struct vl_buffer message = {0};
    hello.control[1].bytes[0] = 1;
    assert_int_equal(message_hello_write(&hello, &message), VL_OK);
    for (size_t size = 1; size <= message.size; size++) {
        struct vl_reader r = vl_reader(vl_bytes(message.data + 1, size - 1));
        assert_int_equal(message_hello_read(&r, &read),
                         size == message.size ? VL_OK : VL_ERR_TRUNCATED);
    }
    vl_buffer_finish(&message);
}

/* A clock that cannot be told from the monotonic one is not told; nothing else depends on it. */
static void clocks_at_the_ends(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 501);
    const struct {
        int64_t wall;
        uint64_t now;
    } clocks[] = {
        {INT64_MAX, 0}, {INT64_MIN, 1}, {INT64_MIN, UINT64_MAX}, {0, UINT64_MAX}, {INT64_MAX, 1000},
    };
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct session_pair pair;
        session_pair_init(&pair, f, 0, 1);
        vl_session_set_clock(pair.sides[0], (vl_wall){clocks[i].wall}, (vl_instant){clocks[i].now});
        vl_session_set_clock(pair.sides[1], (vl_wall){clocks[(i + 1) % 5].wall},
                             (vl_instant){clocks[(i + 1) % 5].now});
        session_pair_run(&pair);
        for (int round = 0; round < 3; round++) {
            pair.now.ms += 1000u * VL_SESSION_PING_SECONDS;
            session_pair_run(&pair);
        }
        for (size_t side = 0; side < 2; side++)
            assert_int_equal(vl_session_state_of(pair.sides[side]), VL_SESSION_LIVE);
        session_pair_finish(&pair);
    }
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_sorted_in_every_part),
        cmocka_unit_test(a_part_without_heads_says_something),
        cmocka_unit_test(entries_have_one_form),
        cmocka_unit_test(parts_of_a_run_go_on),
        cmocka_unit_test(names_that_are_cut_off),
        cmocka_unit_test(clocks_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
