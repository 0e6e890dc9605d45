/* How a session measures the peer's wall clock. */
#include "tests/support/session_pair.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEED 11

static void clocks_are_compared(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct session_pair pair;
    const int64_t ten_years = INT64_C(315360000000);
    session_pair_init(&pair, f, 0, 1);
    vl_session_set_clock(pair.sides[0], (vl_wall){INT64_C(1700000000000)}, pair.now);
    vl_session_set_clock(pair.sides[1], (vl_wall){INT64_C(1700000000000) - ten_years}, pair.now);
    session_pair_run(&pair);
    struct vl_session_counts counts = vl_session_counts_of(pair.sides[0]);
    assert_true(counts.has_clock_offset);
    assert_int_equal(counts.clock_offset_ms, -ten_years);
    counts = vl_session_counts_of(pair.sides[1]);
    assert_true(counts.has_clock_offset);
    assert_int_equal(counts.clock_offset_ms, ten_years);
    session_pair_finish(&pair);

    session_pair_init(&pair, f, 0, 1);
    session_pair_run(&pair);
    assert_false(vl_session_counts_of(pair.sides[0]).has_clock_offset);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* Sends what side 0 has to say, lets `trip` pass, and brings back the answer. */
static int64_t measure(struct session_pair *pair, uint64_t trip)
{
    struct vl_buffer out = {0};
    pair->now = vl_session_deadline(pair->sides[0]);
    assert_int_equal(vl_session_next(pair->sides[0], &out, pair->now), VL_OK);
    pair->now.ms += trip / 2;
    assert_int_equal(vl_session_receive(pair->sides[1], vl_buffer_view(&out), pair->now), VL_OK);
    assert_int_equal(vl_session_next(pair->sides[1], &out, pair->now), VL_OK);
    pair->now.ms += trip - trip / 2;
    assert_int_equal(vl_session_receive(pair->sides[0], vl_buffer_view(&out), pair->now), VL_OK);
    vl_buffer_finish(&out);
    return vl_session_counts_of(pair->sides[0]).clock_offset_ms;
}

static void set_clocks(struct session_pair *pair, int64_t mine, int64_t hers)
{
    vl_session_set_clock(pair->sides[0], (vl_wall){mine + (int64_t)pair->now.ms}, pair->now);
    vl_session_set_clock(pair->sides[1], (vl_wall){hers + (int64_t)pair->now.ms}, pair->now);
}

static void clocks_are_measured_finely(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 1);
    set_clocks(&pair, 1000000, 5000000);
    session_pair_run(&pair);
    /* Several at once, in the first seconds; then every 30 s. */
    const uint64_t start = pair.now.ms;
    for (unsigned i = 0; i < VL_SESSION_QUICK_PINGS; i++) {
        assert_true(vl_session_deadline(pair.sides[0]).ms <=
                    pair.now.ms + VL_SESSION_QUICK_PING_MS);
        (void)measure(&pair, 40);
    }
    assert_true(pair.now.ms < start + 3000);
    assert_true(vl_session_deadline(pair.sides[0]).ms > pair.now.ms + 20000);
    assert_int_equal(vl_session_counts_of(pair.sides[0]).clock_offset_ms, 4000000);
    /* A coarser one is not taken, however wrong; a contradiction is: her clock was set. */
    set_clocks(&pair, 1000000, 5000100);
    assert_int_equal(measure(&pair, 400), 4000000);
    set_clocks(&pair, 1000000, 9000000);
    assert_int_equal(measure(&pair, 400), 8000000);
    set_clocks(&pair, 1000000, 2000000);
    assert_int_equal(measure(&pair, 400), 1000000);
    /* Mine was set: another offset, the same difference. */
    const int64_t difference = vl_session_counts_of(pair.sides[0]).clock_difference_ms;
    set_clocks(&pair, 3000000, 2000000);
    assert_int_equal(vl_session_counts_of(pair.sides[0]).clock_offset_ms, -1000000);
    assert_int_equal(measure(&pair, 10), -1000000);
    assert_int_equal(vl_session_counts_of(pair.sides[0]).clock_difference_ms, difference);
    assert_int_equal(vl_session_counts_of(pair.sides[0]).clock_error_ms, 6);
    /* A fine one grows coarser with time. */
    set_clocks(&pair, 3000000, 2000005);
    (void)measure(&pair, 30);
    assert_int_equal(vl_session_counts_of(pair.sides[0]).clock_difference_ms, difference);
    vl_instant late = {pair.now.ms + 200000};
    while (vl_session_deadline(pair.sides[0]).ms < late.ms)
        (void)measure(&pair, 30);
    assert_int_equal(vl_session_counts_of(pair.sides[0]).clock_difference_ms, difference + 5);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_are_compared),
        cmocka_unit_test(clocks_are_measured_finely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
