/* Every allocation of reading, writing and importing a calendar file fails, once or for good: the
 * call says NO_MEMORY or does without, and the same call then succeeds. (What libical itself asks
 * for is not under test: it comes from the library's own calls.) */
#include "circle/calendar_records.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/failing_memory.h"
#include "tests/support/test_scale.h"
#include "tests/support/watched_storage.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const vl_wall wall = {1773340200000};
static const char file[] =
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20260312T183000\nDURATION:PT2H\n"
    "SUMMARY:Jeudi\nLOCATION:ici\nDESCRIPTION:a\\nb\nRRULE:FREQ=WEEKLY\n"
    "EXDATE:20260319T183000,20260326T183000\nEND:VEVENT\n"
    "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260402T183000\nDTSTART:20260403T183000\n"
    "SUMMARY:Vendredi\nEND:VEVENT\nEND:VCALENDAR\n";

static void arm(unsigned long n, bool lasting)
{
    if (lasting)
        failing_memory_arm_lasting(n);
    else
        failing_memory_arm(n);
}

/* false: there is no n-th allocation. */
static bool fails_at(unsigned long n, bool lasting)
{
    struct calendar calendar;
    struct calendar_problem problem;
    struct vl_buffer out = {0};
    arm(n, lasting);
    vl_result result = calendar_read(vl_bytes_text(file), &calendar, &problem);
    if (result == VL_OK) result = calendar_write(calendar.events, calendar.count, wall, &out);
    bool failed = failing_memory_disarm();
    assert_true(result == VL_OK || (failed && result == VL_ERR_NO_MEMORY));
    calendar_finish(&calendar);
    vl_buffer_finish(&out);
    return failed;
}

static void test_files(void **state)
{
    (void)state;
    for (int lasting = 0; lasting < 2; lasting++) {
        unsigned long n = 1;
        while (fails_at(n, lasting))
            n++;
        assert_true(n > 12);
    }
}

static void count_meetings(struct vl_replica *r, size_t want)
{
    struct record_list list;
    assert_int_equal(record_list_read(r, SCHEMA_MEETING, &list), VL_OK);
    assert_int_equal(list.count, want);
    record_list_finish(&list);
}

/* After the failure the same import completes what is there. */
static bool import_fails_at(unsigned long n)
{
    struct circle_fixture *circle = circle_fixture_create(2, 5);
    struct fixture_node *node = &circle->nodes[0];
    struct watched_storage watch = {.real = node->storage, .pause = failing_memory_pause};
    node->storage = watched_storage_port(&watch); /* its own memory is not under test */
    circle_fixture_reopen(circle, 0);
    struct vl_replica *r = node->replica;
    struct calendar_imported done;
    struct calendar_problem problem;
    failing_memory_arm(n);
    vl_result result = calendar_import(r, vl_bytes_text(file), 100, wall, &done, &problem);
    bool failed = failing_memory_disarm();
    if (result != VL_OK && !(failed && result == VL_ERR_NO_MEMORY))
        fail_msg("allocation %lu: %s", n, vl_result_name(result));
    if (result != VL_OK) {
        result = calendar_import(r, vl_bytes_text(file), 100, wall, &done, &problem);
        if (result != VL_OK) fail_msg("after allocation %lu: %s", n, vl_result_name(result));
    }
    count_meetings(r, 2);
    circle_fixture_destroy(circle);
    return failed;
}

static void test_import(void **state)
{
    const unsigned long step = test_scale(3, 41);
    unsigned long n = 1;
    (void)state;
    while (import_fails_at(n))
        n += step;
    assert_true(n > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_import)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
