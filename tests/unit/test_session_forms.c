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
        cmocka_unit_test(clocks_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
