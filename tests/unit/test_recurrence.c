/* Rules of recurrence: what is read, what is refused, and the days on which they come true, the
 * last compared with libical's own steps over random rules. */
#include "api/catalog.h"
#include "circle/recurrence.h"
#include "circle/schema.h"
#include "tests/support/test_scale.h"
#include <libical/ical.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct date date(const char *text)
{
    struct date out;
    assert_true(date_parse(text, &out));
    return out;
}

/* ---- reading ---- */

static const char *reason_of(const char *text, vl_result want)
{
    struct recurrence rule;
    const char *reason = "not set";
    vl_result result = recurrence_parse(text, &rule, &reason);
    if (result != want) print_message("%s: %s\n", text, vl_result_name(result));
    assert_int_equal(result, want);
    if (want == VL_OK) assert_null(reason);
    return reason;
}

static void refused(const char *text, const char *part)
{
    const char *reason = reason_of(text, VL_ERR_INVALID);
    if (strstr(reason, part) == NULL) print_message("%s: %s\n", text, reason);
    assert_non_null(strstr(reason, part));
}

static void becomes(const char *text, const char *want)
{
    struct recurrence rule;
    char out[RECURRENCE_TEXT_SIZE];
    reason_of(text, VL_OK);
    assert_int_equal(recurrence_parse(text, &rule, NULL), VL_OK);
    recurrence_text(&rule, out);
    assert_string_equal(out, want);
}

static void test_rules_are_read(void **state)
{
    (void)state;
    becomes("FREQ=DAILY", "FREQ=DAILY");
    becomes("interval=2;freq=weekly;byday=th,mo", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,MO");
    becomes("FREQ=MONTHLY;BYDAY=+2TH,-1FR", "FREQ=MONTHLY;BYDAY=2TH,-1FR");
    becomes("FREQ=MONTHLY;BYDAY=2TH,2TH", "FREQ=MONTHLY;BYDAY=2TH");
    becomes("FREQ=MONTHLY;BYMONTHDAY=15,-1", "FREQ=MONTHLY;BYMONTHDAY=15,-1");
    becomes("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8");
    becomes("FREQ=WEEKLY;WKST=SU;COUNT=1000", "FREQ=WEEKLY;WKST=SU;COUNT=1000");
    becomes("FREQ=WEEKLY;WKST=MO;INTERVAL=1", "FREQ=WEEKLY");
    becomes("FREQ=WEEKLY;UNTIL=20281231", "FREQ=WEEKLY;UNTIL=20281231");
    becomes("FREQ=WEEKLY;UNTIL=20240229T183059", "FREQ=WEEKLY;UNTIL=20240229T183000");
    /* As others write the same. */
    becomes("FREQ=MONTHLY;BYDAY=TH;BYSETPOS=2", "FREQ=MONTHLY;BYDAY=2TH");
    becomes("FREQ=YEARLY;BYMONTH=11;BYDAY=FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=11;BYDAY=-1FR");
    becomes("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR");
}

static void test_limits_and_one_past_them(void **state)
{
    char text[RECURRENCE_TEXT_MAX + 2] = "FREQ=MONTHLY;BYMONTHDAY=", *at = text + strlen(text);
    (void)state;
    reason_of("FREQ=DAILY;INTERVAL=99", VL_OK);
    refused("FREQ=DAILY;INTERVAL=100", "INTERVAL");
    refused("FREQ=DAILY;INTERVAL=0", "INTERVAL");
    reason_of("FREQ=DAILY;COUNT=1000", VL_OK);
    refused("FREQ=DAILY;COUNT=1001", "COUNT");
    refused("FREQ=DAILY;COUNT=0", "COUNT");
    reason_of("FREQ=MONTHLY;BYDAY=5MO,-2SU", VL_OK);
    refused("FREQ=MONTHLY;BYDAY=6MO", "BYDAY");
    refused("FREQ=MONTHLY;BYDAY=-3MO", "BYDAY");
    refused("FREQ=MONTHLY;BYDAY=0MO", "BYDAY");
    reason_of("FREQ=MONTHLY;BYDAY=1MO,1TU,1WE,1TH,1FR,1SA,1SU,2MO,2TU,2WE", VL_OK);
    refused("FREQ=MONTHLY;BYDAY=1MO,1TU,1WE,1TH,1FR,1SA,1SU,2MO,2TU,2WE,2TH", "BYDAY");
    reason_of("FREQ=MONTHLY;BYMONTHDAY=31", VL_OK);
    refused("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY");
    refused("FREQ=MONTHLY;BYMONTHDAY=-2", "BYMONTHDAY");
    refused("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY");
    reason_of("FREQ=YEARLY;BYMONTH=12", VL_OK);
    refused("FREQ=YEARLY;BYMONTH=13", "BYMONTH");
    refused("FREQ=YEARLY;BYMONTH=1,2", "BYMONTH");
    /* As long as it may be, and one byte more. */
    while (at < text + RECURRENCE_TEXT_MAX)
        *at++ = '1';
    text[RECURRENCE_TEXT_MAX - 1] = ',';
    for (size_t i = strlen("FREQ=MONTHLY;BYMONTHDAY=") + 1; i < RECURRENCE_TEXT_MAX; i += 2)
        text[i] = ',';
    text[RECURRENCE_TEXT_MAX - 1] = '1';
    if (text[RECURRENCE_TEXT_MAX - 2] != ',') text[RECURRENCE_TEXT_MAX - 1] = '0';
    reason_of(text, VL_OK);
    strcat(text, "0");
    reason_of(text, VL_ERR_TOO_LARGE);
}

static void test_hostile_rules_are_refused_by_name(void **state)
{
    (void)state;
    refused("", "FREQ=WEEKLY");
    refused("weekly", "FREQ=WEEKLY");
    refused("INTERVAL=2", "FREQ");
    refused("FREQ=SECONDLY", "FREQ");
    refused("FREQ=HOURLY;BYSECOND=1", "FREQ");
    refused("FREQ=", "FREQ");
    refused("FREQ=DAILY;", "FREQ=WEEKLY");
    refused("FREQ=DAILY;INTERVAL=-1", "INTERVAL");
    refused("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL");
    refused("FREQ=DAILY;INTERVAL=1x", "INTERVAL");
    refused("FREQ=DAILY;COUNT=-5", "COUNT");
    refused("FREQ=DAILY;COUNT=4294967297", "COUNT");
    refused("FREQ=DAILY;COUNT=5;UNTIL=20261231", "UNTIL");
    refused("FREQ=DAILY;COUNT=5;COUNT=6", "twice");
    refused("FREQ=DAILY;UNTIL=20230229", "UNTIL");
    refused("FREQ=DAILY;UNTIL=20261231T236000", "UNTIL");
    refused("FREQ=DAILY;UNTIL=20261231T183000Z", "UNTIL");
    refused("FREQ=DAILY;UNTIL=+2026123", "UNTIL");
    refused("FREQ=DAILY;WKST=XX", "WKST");
    refused("FREQ=WEEKLY;BYDAY=2TH", "BYDAY");
    refused("FREQ=WEEKLY;BYDAY=", "BYDAY");
    refused("FREQ=WEEKLY;BYDAY=MO,,TU", "BYDAY");
    refused("FREQ=WEEKLY;BYDAY=XX", "BYDAY");
    refused("FREQ=MONTHLY;BYDAY=TH", "BYDAY");
    refused("FREQ=MONTHLY;BYDAY=--1TH", "BYDAY");
    refused("FREQ=DAILY;INTERVAL=3;BYDAY=MO", "BYDAY");
    refused("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=5", "BYMONTHDAY");
    refused("FREQ=WEEKLY;BYMONTHDAY=5", "BYMONTHDAY");
    refused("FREQ=MONTHLY;BYMONTH=5", "BYMONTH");
    refused("FREQ=YEARLY;BYDAY=20MO", "BYDAY");
    refused("FREQ=YEARLY;BYDAY=1MO", "BYMONTH");
    refused("FREQ=YEARLY;BYMONTHDAY=1", "BYMONTH");
    refused("FREQ=YEARLY;BYYEARDAY=1", "none of");
    refused("FREQ=YEARLY;BYWEEKNO=1", "none of");
    refused("FREQ=DAILY;BYHOUR=1,2,3", "none of");
    refused("FREQ=DAILY;RSCALE=CHINESE", "none of");
    refused("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "BYSETPOS");
    refused("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", "BYSETPOS");
    refused("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366", "BYSETPOS");
    refused("FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=1", "BYSETPOS");
}

/* Whoever writes a meeting's rule is told the same. */
static void test_the_schema_asks(void **state)
{
    const struct schema_field *field = schema_field(SCHEMA_MEETING, MEETING_RECURRENCE);
    struct vl_value value = {.tag = VL_VALUE_TEXT,
                             .bytes = vl_bytes_text("FREQ=MONTHLY;BYDAY=2TH")};
    struct schema_problem problem;
    (void)state;
    assert_int_equal(schema_check(field, &value, &problem), VL_OK);
    value.bytes = vl_bytes_text("FREQ=SECONDLY");
    assert_int_equal(schema_check(field, &value, &problem), VL_ERR_INVALID);
    assert_string_equal(problem.field->name, "recurrence");
    assert_string_equal(problem.reason, "FREQ is not DAILY, WEEKLY, MONTHLY or YEARLY");
    value.bytes = vl_bytes_text("");
    assert_int_equal(schema_check(field, &value, &problem), VL_ERR_INVALID);
}

/* ---- days on which a rule comes true ---- */

static void list(const char *text, const char *start, const char *from, size_t max,
                 struct recurrence_list *out)
{
    struct recurrence rule;
    assert_int_equal(recurrence_parse(text, &rule, NULL), VL_OK);
    recurrence_list(
        &(struct recurrence_query){
            .rule = &rule, .start = date(start), .from = date(from), .max = max},
        out);
}

/* `want`: dates with blanks between them, all that there are or as many as are named. */
static void expect(const char *text, const char *start, const char *from, const char *want)
{
    struct recurrence_list out;
    char told[2048] = "";
    size_t max = 1;
    for (const char *at = want; *at != '\0'; at++)
        max += *at == ' ';
    list(text, start, from, *want == '\0' ? 5 : max, &out);
    for (size_t i = 0; i < out.count; i++) {
        char one[DATE_TEXT_SIZE];
        date_text(out.items[i], one);
        if (i > 0) strcat(told, " ");
        strcat(told, one);
    }
    assert_string_equal(told, want);
}

static void test_occurrences(void **state)
{
    (void)state;
    expect("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "2026-03-12T18:30", "2026-03-12",
           "2026-03-12T18:30 2026-03-26T18:30 2026-04-09T18:30");
    /* The hour stays the hour when summer time begins (29 March 2026) and ends. */
    expect("FREQ=WEEKLY", "2026-03-22T02:30", "2026-03-29", "2026-03-29T02:30 2026-04-05T02:30");
    expect("FREQ=MONTHLY;BYDAY=2TH", "2026-03-12", "2026-03-12",
           "2026-03-12 2026-04-09 2026-05-14 2026-06-11");
    expect("FREQ=MONTHLY;BYDAY=-1FR,1FR", "2026-01-02", "2026-01-01",
           "2026-01-02 2026-01-30 2026-02-06 2026-02-27");
    expect("FREQ=MONTHLY;BYDAY=5TH", "2026-01-29", "2026-01-01",
           "2026-01-29 2026-04-30 2026-07-30 2026-10-29");
    /* Of the same time of the day on: what has begun is not next. */
    expect("FREQ=DAILY", "2026-03-12T18:30", "2026-03-14T18:31", "2026-03-15T18:30");
    expect("FREQ=DAILY", "2026-03-12T18:30", "2026-03-14T18:30", "2026-03-14T18:30");
    expect("FREQ=DAILY", "2026-03-12", "2026-03-14T18:30", "2026-03-14");
}

static void test_ends_of_months_and_leap_days(void **state)
{
    (void)state;
    expect("FREQ=MONTHLY", "2026-01-31", "2026-01-01", "2026-01-31 2026-03-31 2026-05-31");
    expect("FREQ=MONTHLY;BYMONTHDAY=-1", "2024-01-31", "2024-01-01",
           "2024-01-31 2024-02-29 2024-03-31 2024-04-30");
    expect("FREQ=MONTHLY;BYMONTHDAY=31,-1", "2026-03-31", "2026-03-31",
           "2026-03-31 2026-04-30 2026-05-31");
    expect("FREQ=YEARLY", "2024-02-29", "2024-01-01", "2024-02-29 2028-02-29 2032-02-29");
    expect("FREQ=YEARLY", "2096-02-29", "2096-03-01", "2104-02-29"); /* 2100 is no leap year */
    expect("FREQ=YEARLY;INTERVAL=3", "2024-02-29", "2024-03-01", "2036-02-29 2048-02-29");
    expect("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2023-02-28", "2023-01-01",
           "2023-02-28 2024-02-29 2025-02-28");
    expect("FREQ=DAILY", "2024-02-28", "2024-02-28", "2024-02-28 2024-02-29 2024-03-01");
}

static void test_count_and_until(void **state)
{
    (void)state;
    expect("FREQ=WEEKLY;COUNT=3", "2026-03-12", "2026-01-01", "2026-03-12 2026-03-19 2026-03-26");
    expect("FREQ=WEEKLY;COUNT=3", "2026-03-12", "2026-03-27", "");
    expect("FREQ=WEEKLY;COUNT=1", "2026-03-12", "2026-03-13", "");
    expect("FREQ=DAILY;UNTIL=20260314", "2026-03-12T18:30", "2026-03-14", "2026-03-14T18:30");
    expect("FREQ=DAILY;UNTIL=20260314", "2026-03-12T18:30", "2026-03-15", "");
    expect("FREQ=DAILY;UNTIL=20260314T183000", "2026-03-12T18:30", "2026-03-14",
           "2026-03-14T18:30");
    expect("FREQ=DAILY;UNTIL=20260314T182900", "2026-03-12T18:30", "2026-03-14", "");
    expect("FREQ=DAILY;UNTIL=20260314T000000", "2026-03-12", "2026-03-14", "2026-03-14");
    expect("FREQ=DAILY;UNTIL=20200101", "2026-03-12", "2020-01-01", "2026-03-12");
}

static void test_exceptions_count_but_are_not_told(void **state)
{
    struct recurrence rule;
    struct recurrence_list out;
    struct date exceptions[] = {date("2026-03-13"), date("2026-03-14T18:30"),
                                date("2026-03-15T10:00")};
    (void)state;
    assert_int_equal(recurrence_parse("FREQ=DAILY;COUNT=5", &rule, NULL), VL_OK);
    struct recurrence_query query = {.rule = &rule,
                                     .start = date("2026-03-12T18:30"),
                                     .from = date("2026-03-12"),
                                     .exceptions = exceptions,
                                     .exception_count = 3,
                                     .max = 10};
    recurrence_list(&query, &out);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.items[0].day, date("2026-03-12").day);
    assert_int_equal(out.items[1].day, date("2026-03-15").day); /* its exception is another hour */
    assert_int_equal(out.items[2].day, date("2026-03-16").day);
    query.rule = NULL; /* a meeting that does not come again */
    recurrence_list(&query, &out);
    assert_int_equal(out.count, 1);
    query.max = 0;
    recurrence_list(&query, &out);
    assert_int_equal(out.count, 0);
}

static void test_has(void **state)
{
    struct recurrence rule;
    (void)state;
    assert_int_equal(recurrence_parse("FREQ=MONTHLY;BYDAY=2TH", &rule, NULL), VL_OK);
    struct date start = date("2026-03-10T18:30"); /* a Tuesday: the first of them all the same */
    assert_true(recurrence_has(&rule, start, start));
    assert_true(recurrence_has(&rule, start, date("2026-03-12T18:30")));
    assert_true(recurrence_has(&rule, start, date("2031-04-10T18:30")));
    assert_false(recurrence_has(&rule, start, date("2026-03-12T18:31")));
    assert_false(recurrence_has(&rule, start, date("2026-03-12")));
    assert_false(recurrence_has(&rule, start, date("2026-02-12T18:30")));
    assert_false(recurrence_has(&rule, start, date("2026-03-19T18:30")));
}

/* Rules that never come true, far dates, the end of all years: bounded, and nothing made up. */
static void test_bounded(void **state)
{
    struct recurrence_list out;
    (void)state;
    expect("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "2026-02-10", "2026-02-11", "");
    expect("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01", "2026-01-02", "");
    expect("FREQ=DAILY", "1926-01-01", "9999-12-31", "");
    expect("FREQ=DAILY;INTERVAL=99", "9999-12-01", "9999-12-02", "");
    expect("FREQ=YEARLY;INTERVAL=99", "0001-01-01", "0001-01-02", "0100-01-01");
    list("FREQ=DAILY", "2026-03-12", "2026-03-12", 1000, &out);
    assert_int_equal(out.count, RECURRENCE_LISTED_MAX);
}

/* ---- against libical ---- */

static unsigned below(unsigned bound)
{
    return (unsigned)(rand() % (int)bound); /* seeded: the same rules each time */
}

static void random_rule(char *out, size_t size, bool ends)
{
    static const char *const days[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
    static const char *const frequencies[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    unsigned frequency = below(4);
    size_t at = (size_t)snprintf(out, size, "FREQ=%s;INTERVAL=%u;WKST=%s", frequencies[frequency],
                                 1 + below(frequency == 3 ? 4 : 15), days[below(7)]);
    unsigned sort = below(3), count = 1 + below(3);
    if (frequency == 3 && sort > 0)
        at += (size_t)snprintf(out + at, size - at, ";BYMONTH=%u", 1 + below(12));
    for (unsigned i = 0; i < count && sort == 1 && frequency > 0; i++) {
        static const int nth[] = {1, 2, 3, 4, 5, -1, -2};
        at += (size_t)snprintf(out + at, size - at, i == 0 ? ";BYDAY=" : ",");
        if (frequency > 1) at += (size_t)snprintf(out + at, size - at, "%d", nth[below(7)]);
        at += (size_t)snprintf(out + at, size - at, "%s", days[below(7)]);
    }
    for (unsigned i = 0; i < count && sort == 2 && frequency > 1; i++) {
        int day = below(6) == 0 ? -1 : 1 + (int)below(31);
        at += (size_t)snprintf(out + at, size - at, "%s%d", i == 0 ? ";BYMONTHDAY=" : ",", day);
    }
    if (!ends) return;
    if (below(2) == 0)
        snprintf(out + at, size - at, ";COUNT=%u", 1 + below(40));
    else
        snprintf(out + at, size - at, ";UNTIL=20%02u%02u%02u%s", 26 + below(10), 1 + below(12),
                 1 + below(28), below(2) == 0 ? "T235900" : "T183000");
}

/* The first days on which libical says that the rule comes true. */
static size_t steps_of_libical(const char *rule, struct date start, struct date *out, size_t max)
{
    char text[32];
    size_t count = 0;
    struct date_parts parts = date_parts(start.day);
    snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d00", parts.year, parts.month, parts.day,
             start.minute / 60, start.minute % 60);
    struct icalrecurrencetype read = icalrecurrencetype_from_string(rule);
    icalrecur_iterator *steps = icalrecur_iterator_new(read, icaltime_from_string(text));
    while (steps != NULL && count < max) {
        struct icaltimetype at = icalrecur_iterator_next(steps);
        if (icaltime_is_null_time(at)) break;
        out[count++] = (struct date){.day = date_day(at.year, at.month, at.day),
                                     .minute = (int16_t)(at.hour * 60 + at.minute)};
    }
    icalrecur_iterator_free(steps);
    return count;
}

/* Whether there was something to compare. */
static bool compare(const char *random)
{
    struct recurrence rule;
    char text[RECURRENCE_TEXT_SIZE];
    struct recurrence_list ours;
    struct date theirs[RECURRENCE_LISTED_MAX], first;
    struct date start = {.day = date("2024-01-01").day + (int32_t)below(1500), .minute = 1110};
    assert_int_equal(recurrence_parse(random, &rule, NULL), VL_OK);
    recurrence_text(&rule, text); /* each day once: libical tells what is there twice twice */
    /* What a start that does not fit the rule means differs between programs: take one that fits.
     */
    if (steps_of_libical(text, start, &first, 1) == 0) return false;
    size_t count = steps_of_libical(text, first, theirs, 60);
    recurrence_list(
        &(struct recurrence_query){.rule = &rule, .start = first, .from = first, .max = 60}, &ours);
    if (theirs[count - 1].day > first.day + 36000) count = 0; /* beyond what we look for */
    for (size_t i = 0; i < count; i++) {
        if (i >= ours.count || date_compare(ours.items[i], theirs[i]) != 0) {
            char start_text[DATE_TEXT_SIZE];
            date_text(first, start_text);
            fail_msg("%s from %s differs at %zu of %zu", text, start_text, i, count);
        }
    }
    if (count > 0) assert_int_equal(ours.count, count);
    return count > 0;
}

static void test_libical_agrees(void **state)
{
    size_t rules = test_scale(4000, 200), compared = 0;
    char text[RECURRENCE_TEXT_SIZE];
    (void)state;
    srand(5545);
    for (size_t i = 0; i < rules; i++) {
        random_rule(text, sizeof text, below(2) == 0);
        if (compare(text)) compared++;
    }
    assert_true(compared > rules / 2);
}

/* ---- in words ---- */

static const char *english(void *context, const char *text)
{
    (void)context;
    return text;
}

static void described(const char *text, const char *start, const char *want)
{
    struct recurrence rule;
    char out[256];
    assert_int_equal(recurrence_parse(text, &rule, NULL), VL_OK);
    recurrence_describe(&rule, date(start), english, NULL, out, sizeof out);
    assert_string_equal(out, want);
}

static void test_in_words(void **state)
{
    const char *thursday = "2026-03-12T18:30";
    (void)state;
    described("FREQ=DAILY", thursday, "every day");
    described("FREQ=DAILY;INTERVAL=2", thursday, "every second day");
    described("FREQ=DAILY;INTERVAL=10;COUNT=5", thursday, "every 10 days, 5 times");
    described("FREQ=WEEKLY", thursday, "every Thursday");
    described("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", thursday, "every second Thursday");
    described("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", thursday,
              "every second week on Monday and "
              "Thursday");
    described("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,WE,FR", thursday,
              "every 3 weeks on Monday, Wednesday and Friday");
    described("FREQ=MONTHLY;BYDAY=2TH", thursday, "the second Thursday of every month");
    described("FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO,-1FR", thursday,
              "the first Monday and the last Friday of every second month");
    described("FREQ=MONTHLY;BYDAY=-2SU", thursday, "the last but one Sunday of every month");
    described("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1,15,-1", thursday,
              "day 1, day 15 and the last day every 3 months");
    described("FREQ=MONTHLY", thursday, "day 12 of every month");
    described("FREQ=YEARLY", thursday, "every year on 12 March");
    described("FREQ=YEARLY;INTERVAL=2;BYMONTH=3;BYDAY=2TH", thursday,
              "every second year on the second Thursday of March");
    described("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", thursday,
              "every year on the last day of February");
    described("FREQ=WEEKLY;UNTIL=20261231T183000", thursday,
              "every Thursday, until 31 December 2026");
    described("FREQ=WEEKLY;UNTIL=20270101", thursday, "every Thursday, until 1 January 2027");
    described("FREQ=WEEKLY;COUNT=1", thursday, "every Thursday, once");
}

/* What is put together of other words alone is the same in every language. */
static const char *french(void *context, const char *text)
{
    const char *translated = catalog_text("fr", text);
    bool is_frame = strncmp(text, "{item}", 6) == 0 || strncmp(text, "{list}", 6) == 0;
    *(size_t *)context += 1;
    if (!is_frame && strcmp(translated, text) == 0) fail_msg("no French for \"%s\"", text);
    return translated;
}

static void test_every_word_has_its_french(void **state)
{
    char text[RECURRENCE_TEXT_SIZE], words[512];
    size_t asked = 0;
    (void)state;
    srand(7);
    for (size_t i = 0; i < 2000; i++) {
        struct recurrence rule;
        struct date start = {.day = (int32_t)below(2000), .minute = -1};
        random_rule(text, sizeof text, below(2) == 0);
        assert_int_equal(recurrence_parse(text, &rule, NULL), VL_OK);
        recurrence_describe(&rule, start, french, &asked, words, sizeof words);
        assert_null(strchr(words, '{'));
    }
    assert_true(asked > 4000);
}

/* ... and every reason for which a rule is refused. */
static void test_every_reason_has_its_french(void **state)
{
    static const char *const bad[] = {
        "",
        "INTERVAL=2",
        "FREQ=X",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=5;UNTIL=20261231",
        "FREQ=DAILY;COUNT=5;COUNT=6",
        "FREQ=DAILY;UNTIL=20230229",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;WKST=XX",
        "FREQ=WEEKLY;BYDAY=2TH",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=MONTHLY;BYDAY=TH",
        "FREQ=MONTHLY;BYDAY=6TH",
        "FREQ=DAILY;INTERVAL=3;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=5",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=WEEKLY;BYMONTHDAY=5",
        "FREQ=MONTHLY;BYMONTH=5",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYDAY=1MO",
        "FREQ=YEARLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9",
        "FREQ=MONTHLY;BYDAY=1MO,1TU,1WE,1TH,1FR,1SA,1SU,2MO,2TU,2WE,2FR"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *reason = reason_of(bad[i], VL_ERR_INVALID);
        if (strcmp(catalog_text("fr", reason), reason) == 0) fail_msg("no French for: %s", reason);
    }
}

static const char *accents(void *context, const char *text)
{
    (void)context;
    return text[0] == 'e' ? "\xc3\xa9\xc3\xa9" : "x";
}

/* Never half a character, whatever the room. */
static void test_words_are_cut_whole(void **state)
{
    struct recurrence rule;
    char out[8];
    (void)state;
    assert_int_equal(recurrence_parse("FREQ=DAILY", &rule, NULL), VL_OK);
    recurrence_describe(&rule, date("2026-03-12"), accents, NULL, out, 4);
    assert_string_equal(out, "\xc3\xa9");
    recurrence_describe(&rule, date("2026-03-12"), accents, NULL, out, 1);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_are_read),
        cmocka_unit_test(test_limits_and_one_past_them),
        cmocka_unit_test(test_hostile_rules_are_refused_by_name),
        cmocka_unit_test(test_the_schema_asks),
        cmocka_unit_test(test_occurrences),
        cmocka_unit_test(test_ends_of_months_and_leap_days),
        cmocka_unit_test(test_count_and_until),
        cmocka_unit_test(test_exceptions_count_but_are_not_told),
        cmocka_unit_test(test_has),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_libical_agrees),
        cmocka_unit_test(test_in_words),
        cmocka_unit_test(test_every_word_has_its_french),
        cmocka_unit_test(test_every_reason_has_its_french),
        cmocka_unit_test(test_words_are_cut_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
