/* When things happened, by devices whose wall clocks differ by years. */
#include "api/timeline.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define YEARS INT64_C(189341556000) /* six */

static struct timeline *t;
static const vl_wall here = {1700000000000};
static const vl_instant now = {5000000};

static int begin(void **unused)
{
    (void)unused;
    assert_int_equal(timeline_create(&t), VL_OK);
    return 0;
}

static int end(void **unused)
{
    (void)unused;
    timeline_destroy(t);
    return 0;
}

static struct api_peer peer(uint8_t device, int64_t difference, uint64_t error)
{
    return (struct api_peer){.sign_key = {device},
                             .connected = true,
                             .in_sync = true,
                             .has_clock_offset = true,
                             .clock_difference_ms = difference,
                             .clock_error_ms = error};
}

static void measure(struct api_peer of, uint64_t at)
{
    timeline_measure(t, &of, (vl_instant){at});
}

/* A record of that device, written `ago` ms before now by a clock that differs by `difference`. */
static struct time_of record(uint8_t number, uint8_t device, int64_t difference, int64_t ago)
{
    return (struct time_of){.record.bytes = {number},
                            .sign_key = {device},
                            .is_own = device == 0,
                            .wall = {(int64_t)now.ms - ago + difference}};
}

static struct time_point place(struct time_of of)
{
    struct time_point point = {.at = 0};
    timeline_place(t, &of, here, now, &point);
    return point;
}

static void test_sources(void **unused)
{
    (void)unused;
    /* Nothing is known: her clock as if it were ours. */
    struct time_point point =
        place((struct time_of){.record.bytes = {1}, .sign_key = {7}, .wall = {here.ms - 3000}});
    assert_int_equal(point.source, TIME_WALL);
    assert_int_equal(point.at, now.ms - 3000);
    /* It came while we were here. */
    const struct vl_record_id two = {{2}};
    timeline_saw(t, &two, (vl_instant){now.ms - 4000});
    timeline_saw(t, &two, (vl_instant){now.ms - 1000}); /* again */
    point = place(record(2, 7, YEARS, 4100));
    assert_int_equal(point.source, TIME_SEEN);
    assert_int_equal(point.at, now.ms - 4000);
    /* Her clock was measured, also when she is gone. */
    measure(peer(7, YEARS, 20), now.ms - 10000);
    struct api_peer gone = {.sign_key = {7}};
    measure(gone, now.ms - 9000);
    point = place(record(3, 7, YEARS, 60000));
    assert_int_equal(point.source, TIME_MEASURED);
    assert_int_equal(point.at, now.ms - 60000);
    assert_int_equal(point.error, 20);
    /* One's own: of this run when it was written, of an earlier one by one's own clock. */
    const struct vl_record_id four = {{4}};
    timeline_saw(t, &four, (vl_instant){now.ms - 777});
    point = place(record(4, 0, -YEARS, 5));
    assert_int_equal(point.source, TIME_OWN);
    assert_int_equal(point.at, now.ms - 777);
    point = place((struct time_of){.is_own = true, .wall = {here.ms - 3000}});
    assert_int_equal(point.source, TIME_OWN);
    assert_int_equal(point.at, now.ms - 3000);
}

static void test_a_point_gets_better(void **unused)
{
    struct time_point point = {.at = 0};
    const struct time_of of = record(1, 7, YEARS, 30000);
    (void)unused;
    timeline_place(t, &of, here, now, &point);
    assert_int_equal(point.source, TIME_WALL);
    measure(peer(7, YEARS - 90, 100), now.ms); /* coarse */
    timeline_place(t, &of, here, now, &point);
    assert_int_equal(point.source, TIME_MEASURED);
    assert_int_equal(point.at, now.ms - 30000 + 90);
    measure(peer(7, YEARS + 1, 3), now.ms);
    timeline_place(t, &of, here, now, &point);
    assert_int_equal(point.at, now.ms - 30000 - 1);
    /* A worse one, or one that contradicts because her clock was set since, changes nothing. */
    measure(peer(7, YEARS + 40, 80), now.ms);
    timeline_place(t, &of, here, now, &point);
    assert_int_equal(point.at, now.ms - 30000 - 1);
    measure(peer(7, -YEARS, 1), now.ms);
    timeline_place(t, &of, here, now, &point);
    assert_int_equal(point.at, now.ms - 30000 - 1);
    /* What is written now is by her clock as it is now. */
    assert_int_equal(place(record(2, 7, -YEARS, 500)).at, now.ms - 500);
}

static void test_a_clock_that_is_set(void **unused)
{
    const struct vl_record_id one = {{1}}, two = {{2}}, three = {{3}};
    (void)unused;
    measure(peer(7, YEARS, 2), now.ms - 60000);
    timeline_saw(t, &one, (vl_instant){now.ms - 3000});
    timeline_saw(t, &two, (vl_instant){now.ms - 2000});
    timeline_saw(t, &three, (vl_instant){now.ms - 59500});
    /* Not measured anew yet. Forward: it did not happen after it was seen. */
    assert_int_equal(place(record(1, 7, YEARS + 3600000, 3005)).at, now.ms - 3000);
    /* Back: a peer in sync does not keep things for an hour. */
    assert_int_equal(place(record(2, 7, YEARS - 3600000, 2005)).at, now.ms - 2000);
    /* But what came right at the beginning of the session may be old. */
    assert_int_equal(place(record(3, 7, YEARS, 1800000)).at, now.ms - 1800000);
}

static void test_hostile_clocks(void **unused)
{
    static const int64_t walls[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
    static const int64_t differences[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    (void)unused;
    for (size_t d = 0; d < 5; d++) {
        measure(peer(7, differences[d], UINT64_MAX), now.ms);
        for (uint8_t w = 0; w < 6; w++) {
            struct time_of of = {.record.bytes = {w}, .sign_key = {7}, .wall = {walls[w]}};
            assert_true(place(of).at <= (int64_t)now.ms);
            of.sign_key[0] = 8;
            assert_true(place(of).at <= (int64_t)now.ms);
        }
    }
}

static void test_limits(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < TIMELINE_DEVICES_MAX; i++)
        measure((struct api_peer){.sign_key = {1, (uint8_t)i},
                                  .has_clock_offset = true,
                                  .clock_difference_ms = (int64_t)i * 1000},
                1000 + i);
    struct time_of of = {.sign_key = {1, 0}, .wall = {1000}};
    assert_int_equal(place(of).source, TIME_MEASURED);
    measure(peer(7, YEARS, 1), 5000); /* one more: the one told first goes */
    assert_int_equal(place(of).source, TIME_WALL);
    of.sign_key[1] = 1;
    assert_int_equal(place(of).source, TIME_MEASURED);
    for (unsigned i = 0; i <= TIMELINE_SEEN_MAX; i++) {
        const struct vl_record_id id = {{9, (uint8_t)i, (uint8_t)(i >> 8)}};
        timeline_saw(t, &id, (vl_instant){100 + i});
    }
    of = (struct time_of){.record = {{9, 0, 0}}, .sign_key = {8}};
    assert_int_equal(place(of).source, TIME_WALL); /* the first */
    of.record = (struct vl_record_id){{9, 1, 0}};
    assert_int_equal(place(of).source, TIME_SEEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sources, begin, end),
        cmocka_unit_test_setup_teardown(test_a_point_gets_better, begin, end),
        cmocka_unit_test_setup_teardown(test_a_clock_that_is_set, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile_clocks, begin, end),
        cmocka_unit_test_setup_teardown(test_limits, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
