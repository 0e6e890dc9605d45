/* When an open vault closes by itself, on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/idle.h"

#define MINUTE 60000u
#define LOOK   (IDLE_LOOK_SECONDS * 1000u)
#define START  ((vl_instant){123456789})

static vl_instant at(uint64_t ms)
{
    return vl_instant_add(START, VL_MILLISECONDS(ms));
}

/* Looks as the node does, up to and without `end`; the first time it is over, or `end`. */
static uint64_t look_until(struct idle *idle, unsigned minutes, bool takes_part, uint64_t from,
                           uint64_t end)
{
    for (uint64_t ms = from; ms < end; ms += LOOK) {
        if (idle_look(idle, minutes, takes_part, at(ms))) return ms;
    }
    return end;
}

/* For every number of minutes that can be preferred: one millisecond before it stays open, at the
 * minute it closes. */
static void test_at_the_limit(void **state)
{
    (void)state;
    for (unsigned minutes = 1; minutes <= 240; minutes++) {
        struct idle idle;
        idle_begin(&idle, START);
        assert_false(idle_look(&idle, minutes, false, at(minutes * MINUTE - 1)));
        assert_int_equal(idle_left(&idle, minutes, at(minutes * MINUTE - 1)).ms, 1);
        assert_true(idle_look(&idle, minutes, false, at(minutes * MINUTE)));
        assert_int_equal(idle_left(&idle, minutes, at(minutes * MINUTE)).ms, 0);
        assert_true(idle_look(&idle, minutes, false, at(minutes * MINUTE + 1)));
    }
}

static void test_doing_begins_anew(void **state)
{
    struct idle idle;
    (void)state;
    idle_begin(&idle, START);
    for (uint64_t ms = 0; ms < 1000 * MINUTE; ms += 15 * MINUTE - 1) {
        assert_false(idle_look(&idle, 15, false, at(ms)));
        idle_did(&idle, at(ms));
    }
}

static void test_never(void **state)
{
    struct idle idle;
    (void)state;
    idle_begin(&idle, START);
    assert_false(idle_look(&idle, 0, false, at(365ull * 1440 * MINUTE)));
    assert_false(idle_look(&idle, 0, true, at(366ull * 1440 * MINUTE)));
}

static void test_not_in_a_meeting(void **state)
{
    struct idle idle;
    const uint64_t most = IDLE_MEETING_MINUTES * (uint64_t)MINUTE;
    (void)state;
    idle_begin(&idle, START);
    assert_int_equal(look_until(&idle, 15, true, 0, 2 * most), most); /* not for ever */

    idle_begin(&idle, START);
    assert_int_equal(look_until(&idle, 15, true, 0, most - LOOK), most - LOOK);
    idle_did(&idle, at(most - LOOK)); /* and from there */
    assert_int_equal(look_until(&idle, 15, true, most - LOOK, 3 * most), 2 * most - LOOK);
}

/* When the meeting ends the whole time is still there. */
static void test_after_the_meeting(void **state)
{
    struct idle idle;
    const uint64_t end = 90 * MINUTE;
    (void)state;
    idle_begin(&idle, START);
    assert_int_equal(look_until(&idle, 15, true, 0, end + 1), end + 1);
    assert_int_equal(look_until(&idle, 15, false, end + LOOK, 2 * end), end + 15 * MINUTE);
}

/* A machine that slept is in nobody's hands that we know of, meeting or not. */
static void test_asleep(void **state)
{
    const uint64_t gap = IDLE_GAP_SECONDS * 1000u;
    struct idle idle;
    (void)state;
    idle_begin(&idle, START);
    assert_false(idle_look(&idle, 15, true, at(5 * MINUTE - gap)));
    assert_true(idle_look(&idle, 15, true, at(60 * MINUTE)));

    idle_begin(&idle, START); /* as long as a gap may be, and one more */
    assert_int_equal(look_until(&idle, 1, true, 0, 10 * MINUTE + 1), 10 * MINUTE + 1);
    assert_false(idle_look(&idle, 1, true, at(10 * MINUTE + gap)));
    assert_true(idle_look(&idle, 1, true, at(10 * MINUTE + 2 * gap + 1)));
}

static void test_what_is_doing(void **state)
{
    static const struct {
        const char *method;
        bool from_page, reload, is;
    } cases[] = {{"GET", true, false, false},  {"POST", true, false, true},
                 {"PATCH", true, false, true}, {"DELETE", true, false, true},
                 {"GET", false, false, true},  {"POST", false, false, true},
                 {"GET", false, true, false},  {"DELETE", false, false, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(idle_is_doing(cases[i].method, cases[i].from_page, cases[i].reload),
                         cases[i].is);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_the_limit),
        cmocka_unit_test(test_doing_begins_anew),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_not_in_a_meeting),
        cmocka_unit_test(test_after_the_meeting),
        cmocka_unit_test(test_asleep),
        cmocka_unit_test(test_what_is_doing),
    };
    return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
