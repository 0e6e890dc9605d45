/* Days and times of the calendar: every day of its years, there and back. */
#include "circle/date.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct date date(const char *text)
{
    struct date out;
    assert_true(date_parse(text, &out));
    return out;
}

static void test_every_day_goes_there_and_back(void **state)
{
    int weekday = 0; /* 0001-01-01 was a Monday */
    int32_t day = DATE_DAY_MIN;
    (void)state;
    for (int year = 1; year <= 9999; year++)
        for (int month = 1; month <= 12; month++)
            for (int of = 1; of <= date_days_in(year, month); of++) {
                struct date_parts parts = date_parts(day);
                assert_int_equal(parts.year, year);
                assert_int_equal(parts.month, month);
                assert_int_equal(parts.day, of);
                assert_int_equal(date_day(year, month, of), day);
                assert_int_equal(date_weekday(day), weekday);
                weekday = (weekday + 1) % 7;
                day++;
            }
    assert_int_equal(day, DATE_DAY_MAX + 1);
    assert_int_equal(date("1970-01-01").day, 0);
}

static void test_dates_as_text(void **state)
{
    static const char *const fine[] = {"0001-01-01", "2024-02-29T00:00", "9999-12-31T23:59"};
    static const char *const bad[] = {"",           "2023-02-29", "2026-04-31",       "2026-13-01",
                                      "0000-01-01", "2026-1-1",   "2026-03-12T24:00", "26-03-12"};
    char text[DATE_TEXT_SIZE];
    struct date out;
    (void)state;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        date_text(date(fine[i]), text);
        assert_string_equal(text, fine[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(date_parse(bad[i], &out));
}

static void moved(const char *from, int64_t minutes, const char *to)
{
    char text[DATE_TEXT_SIZE];
    struct date at = date(from);
    assert_true(date_add_minutes(&at, minutes));
    date_text(at, text);
    assert_string_equal(text, to);
}

static void test_minutes_are_added(void **state)
{
    struct date at = date("9999-12-31T23:59");
    (void)state;
    moved("2026-03-12T18:30", 150, "2026-03-12T21:00");
    moved("2026-12-31T23:59", 1, "2027-01-01T00:00");
    moved("2024-03-01T00:00", -1, "2024-02-29T23:59");
    moved("2023-03-01", -1440, "2023-02-28");
    assert_false(date_add_minutes(&at, 1));
    assert_false(date_add_minutes(&at, INT64_MAX));
    assert_false(date_add_minutes(&at, INT64_MIN));
    at = date("0001-01-01T00:00");
    assert_false(date_add_minutes(&at, -1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_goes_there_and_back),
        cmocka_unit_test(test_dates_as_text),
        cmocka_unit_test(test_minutes_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
