/* Calendar files: written as RFC 5545 has it, read back the same; what others' programs write; and
 * files made to harm, each within its bound of bytes and time and refused by name. */
#include "circle/calendar.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const vl_wall now = {1773340200000}; /* 2026-03-12 18:30 UTC */

#define FILE_OF(lines)  "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" lines "END:VCALENDAR\r\n"
#define EVENT_OF(lines) FILE_OF("BEGIN:VEVENT\r\nUID:one\r\n" lines "END:VEVENT\r\n")
#define START           "DTSTART:20260312T183000\r\n"

static void reads(const char *text, struct calendar *out)
{
    struct calendar_problem problem;
    vl_result result = calendar_read(vl_bytes_text(text), out, &problem);
    if (result != VL_OK)
        fail_msg("%s: %s, line %zu", problem.field != NULL ? problem.field : "", problem.reason,
                 problem.line);
}

static void refuses_bytes(struct vl_bytes text, vl_result want, const char *field, size_t line)
{
    struct calendar out = {.count = 7};
    struct calendar_problem problem;
    vl_result result = calendar_read(text, &out, &problem);
    if (result != want)
        fail_msg("%s instead of %s: %s %s, line %zu", vl_result_name(result), vl_result_name(want),
                 problem.field, problem.reason, problem.line);
    if (field == NULL)
        assert_null(problem.field);
    else
        assert_string_equal(problem.field, field);
    assert_non_null(problem.reason);
    assert_int_equal(problem.line, line);
    assert_int_equal(out.count, 0);
    assert_null(out.events);
}

static void refuses(const char *text, vl_result want, const char *field, size_t line)
{
    refuses_bytes(vl_bytes_text(text), want, field, line);
}

static struct date date(const char *text)
{
    struct date out;
    assert_true(date_parse(text, &out));
    return out;
}

static void event_is(const char *text, const char *starts, const char *ends, const char *rule)
{
    struct calendar out;
    reads(text, &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.events[0].starts, starts);
    assert_string_equal(out.events[0].ends, ends);
    assert_string_equal(out.events[0].recurrence, rule);
    calendar_finish(&out);
}

/* ---- there and back ---- */

static char long_text[4001];

static void check_same(const struct calendar_event *a, const struct calendar_event *b)
{
    assert_string_equal(a->uid, b->uid);
    assert_string_equal(a->title, b->title);
    assert_string_equal(a->place, b->place);
    assert_string_equal(a->directions, b->directions);
    assert_string_equal(a->related, b->related);
    assert_string_equal(a->starts, b->starts);
    assert_string_equal(a->ends, b->ends);
    assert_string_equal(a->instance, b->instance);
    assert_string_equal(a->recurrence, b->recurrence);
    assert_int_equal(a->cancelled, b->cancelled);
    assert_int_equal(a->exception_count, b->exception_count);
    for (size_t i = 0; i < a->exception_count; i++)
        assert_int_equal(date_compare(a->exceptions[i], b->exceptions[i]), 0);
}

static void test_round_trip(void **state)
{
    struct date exceptions[] = {date("2026-03-26T18:30"), date("2026-04-09T18:30")};
    struct calendar_event events[] = {
        {.uid = "00112233445566778899aabbccddeeff",
         .title = "Veill\xc3\xa9"
                  "e; chez In\xc3\xa8s, \"au 2\xe1\xb5\x89\" \\ c\xc3\xb4t\xc3\xa9 cour: oui",
         .place = "12, rue du Four",
         .directions = long_text,
         .related = "",
         .starts = "2026-03-12T18:30",
         .ends = "2026-03-12T21:00",
         .recurrence = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;UNTIL=20271231",
         .exceptions = exceptions,
         .exception_count = 2},
        {.uid = "b@example",
         .title = "",
         .place = "",
         .directions = "ligne 1\nligne 2\n\n\tfin",
         .related = "00112233445566778899aabbccddeeff",
         .starts = "2024-02-29",
         .ends = "2024-03-01",
         .recurrence = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1;COUNT=10",
         .cancelled = true},
        {.uid = "c",
         .title = "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 BEGIN:VEVENT",
         .place = "",
         .directions = "",
         .related = "",
         .starts = "0001-01-01T00:00",
         .ends = "",
         .instance = "2026-03-12T18:30"},
    };
    struct calendar out;
    struct calendar_problem problem;
    struct vl_buffer text = {0}, again = {0};
    (void)state;
    for (size_t i = 0; i < 4000; i++)
        long_text[i] = i % 61 == 60 ? '\n' : (char)('a' + i % 26);
    assert_int_equal(calendar_write(events, 3, now, &text), VL_OK);
    assert_int_equal(calendar_read(vl_buffer_view(&text), &out, &problem), VL_OK);
    assert_int_equal(out.count, 3);
    for (size_t i = 0; i < 3; i++)
        check_same(&events[i], &out.events[i]);
    assert_int_equal(calendar_write(out.events, 3, now, &again), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&text), vl_buffer_view(&again)));
    calendar_finish(&out);
    vl_buffer_finish(&text);
    vl_buffer_finish(&again);
    calendar_finish(NULL);
}

/* CRLF, folds of at most 75 bytes, no zone, a stamp in UTC, and nothing of the program. */
static void test_form_of_the_file(void **state)
{
    struct calendar_event event = {.uid = "u",
                                   .title = "R\xc3\xa9union; chez, In\xc3\xa8s",
                                   .directions = long_text,
                                   .starts = "2026-03-12T18:30",
                                   .ends = "2026-03-12T18:00", /* before its start */
                                   .recurrence = "FREQ=SECONDLY"};
    struct calendar_event none = {.uid = "no start", .title = "Un jour"};
    struct vl_buffer text = {0};
    (void)state;
    assert_int_equal(calendar_write(&event, 1, now, &text), VL_OK);
    assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
    const char *file = (const char *)text.data;
    assert_non_null(strstr(file, "BEGIN:VCALENDAR\r\n"));
    assert_non_null(strstr(file, "\r\nSUMMARY:R\xc3\xa9union\\; chez\\, In\xc3\xa8s\r\n"));
    assert_non_null(strstr(file, "\r\nDTSTART:20260312T183000\r\n"));
    assert_non_null(strstr(file, "\r\nDTSTAMP:20260312T183000Z\r\n"));
    assert_null(strstr(file, "DTEND"));
    assert_null(strstr(file, "RRULE"));
    assert_null(strstr(file, "eill")); /* Veillée */
    for (const char *line = file; *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end - line <= 75);
        line = end + 2;
    }
    vl_buffer_clear(&text);
    assert_int_equal(calendar_write(&none, 1, now, &text), VL_OK);
    assert_null(memmem(text.data, text.size, "VEVENT", 6));
    vl_buffer_clear(&text);
    assert_int_equal(calendar_write(&event, 1, (vl_wall){INT64_MIN}, &text), VL_OK);
    vl_buffer_finish(&text);
}

/* Every length of a line, with characters of one to four bytes where the fold would come. */
static void test_folds(void **state)
{
    static const char *const units[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x91\xa9"};
    char title[900];
    (void)state;
    for (size_t unit = 0; unit < 4; unit++)
        for (size_t pad = 0; pad < 4; pad++)
            for (size_t count = 1; count < 200; count++) {
                struct calendar_event event = {.uid = "u", .title = title, .starts = "2026-03-12"};
                struct vl_buffer text = {0};
                struct calendar out;
                title[0] = '\0';
                for (size_t i = 0; i < pad; i++)
                    strcat(title, "x");
                for (size_t i = 0; i < count; i++)
                    strcat(title, units[unit]);
                assert_int_equal(calendar_write(&event, 1, now, &text), VL_OK);
                assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
                for (const char *line = (const char *)text.data; *line != '\0';) {
                    const char *end = strstr(line, "\r\n");
                    assert_non_null(end);
                    assert_true(end > line && end - line <= 75);
                    assert_true(((unsigned char)line[line[0] == ' '] & 0xc0) != 0x80);
                    line = end + 2;
                }
                reads((const char *)text.data, &out);
                assert_string_equal(out.events[0].title, title);
                calendar_finish(&out);
                vl_buffer_finish(&text);
            }
}

/* libical writes zeros for the years after 3000. */
static void test_the_last_year(void **state)
{
    struct calendar_event event = {.uid = "u",
                                   .starts = "3000-12-31",
                                   .ends = "3000-12-31",
                                   .recurrence = "FREQ=DAILY;UNTIL=40000101"};
    struct vl_buffer text = {0};
    (void)state;
    assert_int_equal(calendar_write(&event, 1, now, &text), VL_OK);
    assert_non_null(memmem(text.data, text.size, "DTSTART;VALUE=DATE:30001231\r\n", 29));
    assert_non_null(memmem(text.data, text.size, "RRULE:FREQ=DAILY\r\n", 18));
    assert_null(memmem(text.data, text.size, "00000000", 8));
    vl_buffer_clear(&text);
    strcpy(event.starts, "3001-01-01");
    assert_int_equal(calendar_write(&event, 1, now, &text), VL_OK);
    assert_null(memmem(text.data, text.size, "VEVENT", 6));
    vl_buffer_finish(&text);
    event_is(EVENT_OF("DTSTART:30001231T183000\r\n"), "3000-12-31T18:30", "", "");
    refuses(EVENT_OF("DTSTART:30010101T183000\r\n"), VL_ERR_INVALID, "DTSTART", 5);
}

/* ---- what others write ---- */

static void test_times(void **state)
{
    (void)state;
    event_is(EVENT_OF(START), "2026-03-12T18:30", "", "");
    event_is(EVENT_OF(START "DTEND:20260312T210059\r\n"), "2026-03-12T18:30", "2026-03-12T21:00",
             "");
    event_is(EVENT_OF(START "DURATION:PT2H30M\r\n"), "2026-03-12T18:30", "2026-03-12T21:00", "");
    event_is(EVENT_OF(START "DURATION:P366D\r\n"), "2026-03-12T18:30", "2027-03-13T18:30", "");
    event_is(EVENT_OF("DTSTART;VALUE=DATE:20260312\r\nDTEND;VALUE=DATE:20260313\r\n"), "2026-03-12",
             "2026-03-12", "");
    event_is(EVENT_OF("DTSTART;VALUE=DATE:20260312\r\nDURATION:P2D\r\n"), "2026-03-12",
             "2026-03-13", "");
    /* The time of the place, whatever the zone; here and in summer. */
    event_is(EVENT_OF("DTSTART;TZID=America/New_York:20260712T183000\r\n"), "2026-07-12T18:30", "",
             "");
    event_is(EVENT_OF("DTSTART;TZID=\"Made up: in this file\":20260712T183000\r\n"),
             "2026-07-12T18:30", "", "");
    /* In UTC: this machine's zone, or the one that the file names. */
    event_is(EVENT_OF("DTSTART:20260312T173000Z\r\nDTEND:20260312T200000Z\r\n"), "2026-03-12T18:30",
             "2026-03-12T21:00", "");
    event_is(EVENT_OF("DTSTART;TZID=Etc/UTC:20260712T163000\r\n"), "2026-07-12T18:30", "", "");
    event_is("BEGIN:VCALENDAR\nX-WR-TIMEZONE:America/Montreal\nBEGIN:VEVENT\nUID:u\n"
             "DTSTART:20260713T013000Z\nEND:VEVENT\nEND:VCALENDAR",
             "2026-07-12T21:30", "", "");
    event_is("BEGIN:VCALENDAR\nX-WR-TIMEZONE:../../../etc/passwd\nBEGIN:VEVENT\nUID:u\n"
             "DTSTART:20260312T173000Z\nEND:VEVENT\nEND:VCALENDAR",
             "2026-03-12T18:30", "", "");
    refuses(EVENT_OF("DTSTART:21000312T173000Z\r\n"), VL_ERR_INVALID, "DTSTART", 3);
}

static void test_rules(void **state)
{
    struct calendar out;
    (void)state;
    event_is(EVENT_OF(START "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;WKST=MO\r\n"),
             "2026-03-12T18:30", "", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH");
    event_is(EVENT_OF(START "RRULE:FREQ=MONTHLY;BYDAY=TH;BYSETPOS=2\r\n"), "2026-03-12T18:30", "",
             "FREQ=MONTHLY;BYDAY=2TH");
    /* The last one's start, told in UTC, still is one of them: in Paris it is 18:30. */
    event_is(EVENT_OF("DTSTART;TZID=Europe/Paris:20260312T183000\r\n"
                      "RRULE:FREQ=WEEKLY;UNTIL=20260709T163000Z;BYDAY=TH\r\n"),
             "2026-03-12T18:30", "", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20260709T183000");
    event_is(EVENT_OF("DTSTART;VALUE=DATE:20260312\r\nRRULE:FREQ=DAILY;UNTIL=20260709T163000Z\r\n"),
             "2026-03-12", "", "FREQ=DAILY;UNTIL=20260709");
    reads(EVENT_OF(START "RRULE:FREQ=DAILY\r\nEXDATE:20260313T183000,20260314T183000\r\n"
                         "EXDATE;VALUE=DATE:20260315\r\nEXDATE:20260316T173000Z\r\n"),
          &out);
    assert_int_equal(out.events[0].exception_count, 4);
    assert_int_equal(date_compare(out.events[0].exceptions[1], date("2026-03-14T18:30")), 0);
    assert_int_equal(date_compare(out.events[0].exceptions[2], date("2026-03-15")), 0);
    assert_int_equal(date_compare(out.events[0].exceptions[3], date("2026-03-16T18:30")), 0);
    calendar_finish(&out);
    refuses(EVENT_OF(START "RRULE:FREQ=SECONDLY\r\n"), VL_ERR_INVALID, "RRULE", 6);
    refuses(EVENT_OF(START "RRULE:FREQ=DAILY;COUNT=1000000000\r\n"), VL_ERR_INVALID, "RRULE", 6);
    refuses(EVENT_OF(START "RRULE:FREQ=DAILY\r\nRRULE:FREQ=WEEKLY\r\n"), VL_ERR_INVALID, "RRULE",
            7);
    refuses(EVENT_OF(START "RDATE:20260313T183000\r\n"), VL_ERR_INVALID, "RDATE", 6);
    /* Thursday late in UTC is Friday in Paris: BYDAY would mean another day here. */
    refuses(EVENT_OF("DTSTART:20260312T233000Z\r\nRRULE:FREQ=WEEKLY;BYDAY=TH\r\n"), VL_ERR_INVALID,
            "RRULE", 6);
    refuses(EVENT_OF("RECURRENCE-ID;RANGE=THISANDFUTURE:20260312T183000\r\n" START), VL_ERR_INVALID,
            "RECURRENCE-ID", 5);
}

static void test_texts(void **state)
{
    struct calendar out;
    (void)state;
    reads("\xef\xbb\xbf" FILE_OF(
              "X-WR-CALNAME:Rien\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\n"
              "DTSTART:19700101T000000\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
              "\r\nbegin:vevent\r\nuid:u\r\nsummary;language=fr;X-A=\"b:c;d\":Un \r\n  mot\\, "
              "deux\\nlignes\r\n"
              "LOCATION:\r\nDESCRIPTION:a\\;\\\\n\\Nb\r\nDTSTART:202\r\n 60312\r\n"
              "ATTENDEE;CN=x:mailto:x@example\r\nRELATED-TO;RELTYPE=SIBLING:no\r\nRELATED-TO:"
              "first\r\n"
              "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nDESCRIPTION:no\r\nUID:no\r\nEND:VALARM\r\n"
              "STATUS:CANCELLED\r\nend:vevent\r\nBEGIN:VTODO\r\nUID:no\r\nEND:VTODO\r\n"),
          &out);
    assert_int_equal(out.count, 1);
    assert_string_equal(out.events[0].uid, "u");
    assert_string_equal(out.events[0].title, "Un  mot, deux lignes");
    assert_string_equal(out.events[0].place, "");
    assert_string_equal(out.events[0].directions, "a;\\n\nb");
    assert_string_equal(out.events[0].related, "first");
    assert_string_equal(out.events[0].starts, "2026-03-12");
    assert_true(out.events[0].cancelled);
    calendar_finish(&out);
}

/* ---- files made to harm ---- */

static void test_broken_files(void **state)
{
    (void)state;
    refuses("", VL_ERR_INVALID, NULL, 0);
    refuses("\r\n\r\n", VL_ERR_INVALID, NULL, 0);
    refuses("hello", VL_ERR_INVALID, NULL, 1);
    refuses("<html>\n<p>: no</p>", VL_ERR_INVALID, NULL, 1);
    refuses("BEGIN:VEVENT\r\nUID:u\r\n" START "END:VEVENT\r\n", VL_ERR_INVALID, "BEGIN", 1);
    refuses(FILE_OF(""), VL_ERR_INVALID, NULL, 0);
    refuses(FILE_OF("BEGIN:VTODO\r\nEND:VTODO\r\n"), VL_ERR_INVALID, NULL, 0);
    refuses("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\n" START, VL_ERR_TRUNCATED, "END", 4);
    refuses(FILE_OF("BEGIN:VEVENT\r\nUID:u\r\n" START), VL_ERR_INVALID, "END", 6);
    refuses(FILE_OF("END:VCALENDAR\r\n"), VL_ERR_INVALID, "END", 4);
    refuses(FILE_OF("END:VEVENT\r\n"), VL_ERR_INVALID, "END", 3);
    refuses(FILE_OF("BEGIN:VEVENT\r\n" START "END:VEVENT\r\n"), VL_ERR_INVALID, "UID", 3);
    refuses(EVENT_OF("SUMMARY:x\r\n"), VL_ERR_INVALID, "DTSTART", 3);
    refuses(EVENT_OF(START START), VL_ERR_INVALID, "DTSTART", 6);
    refuses(EVENT_OF("DTSTART:20260230T183000\r\n"), VL_ERR_INVALID, "DTSTART", 5);
    refuses(EVENT_OF("DTSTART:20261312T183000\r\n"), VL_ERR_INVALID, "DTSTART", 5);
    refuses(EVENT_OF("DTSTART:tomorrow\r\n"), VL_ERR_INVALID, "DTSTART", 5);
    refuses(EVENT_OF("DTSTART:20260312T250000\r\n"), VL_ERR_INVALID, "DTSTART", 5);
    refuses(EVENT_OF("DTSTART;VALUE=PERIOD:20260312T183000/PT1H\r\n"), VL_ERR_INVALID, "DTSTART",
            5);
    refuses(EVENT_OF(START "DTEND:20260312T183000/PT1H\r\n"), VL_ERR_INVALID, "DTEND", 6);
    refuses(EVENT_OF(START "DTEND:20260312T180000\r\n"), VL_ERR_INVALID, "DTEND", 3);
    refuses(EVENT_OF(START "DTEND:20260312T190000\r\nDURATION:PT1H\r\n"), VL_ERR_INVALID, "DTEND",
            3);
    refuses(EVENT_OF(START "DURATION:-PT1H\r\n"), VL_ERR_INVALID, "DURATION", 6);
    refuses(EVENT_OF(START "DURATION:P367D\r\n"), VL_ERR_INVALID, "DURATION", 6);
    refuses(EVENT_OF(START "DURATION:P99999999999999W\r\n"), VL_ERR_INVALID, "DURATION", 6);
    refuses(EVENT_OF(START "SUMMARY;VALUE=BINARY:aaaa\r\n"), VL_ERR_INVALID, "SUMMARY", 6);
    refuses(EVENT_OF(START "no colon\r\n"), VL_ERR_INVALID, NULL, 6);
    refuses(EVENT_OF(START ":nothing\r\n"), VL_ERR_INVALID, NULL, 6);
    refuses(EVENT_OF(START "SUMMARY:\xe9t\xe9\r\n"), VL_ERR_UTF8, NULL, 6);
    refuses(EVENT_OF(START "SUMMARY:a\x01"
                           "b\r\n"),
            VL_ERR_UTF8, NULL, 6);
    refuses(EVENT_OF(START "X-ANY:a\rb\r\n"), VL_ERR_UTF8, NULL, 6);
    refuses_bytes(vl_bytes("BEGIN:VCALENDAR\nX:\0\n", 20), VL_ERR_UTF8, NULL, 2);
}

/* Repeats `line` up to that many bytes between the two. */
static struct vl_buffer filled(const char *before, const char *line, const char *after, size_t size)
{
    struct vl_buffer text = {0};
    size_t one = strlen(line), end = strlen(after);
    assert_int_equal(vl_buffer_append(&text, before, strlen(before)), VL_OK);
    while (text.size + one + end <= size)
        assert_int_equal(vl_buffer_append(&text, line, one), VL_OK);
    assert_int_equal(vl_buffer_append(&text, after, end), VL_OK);
    return text;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define CPU_SECONDS_MAX 2.0 /* for any file; a slow checker takes its own time */

static void bounded(const char *what, struct vl_buffer text, vl_result want, const char *field)
{
    struct calendar out;
    struct calendar_problem problem;
    double start = seconds();
    vl_result result = calendar_read(vl_buffer_view(&text), &out, &problem);
    double took = seconds() - start;
    if (getenv("VEILLEE_TELL") != NULL)
        print_message("%-40s %7zu bytes %8.1f ms %s %s\n", what, text.size, took * 1000,
                      vl_result_name(result), problem.field == NULL ? "" : problem.field);
    if (result != want) fail_msg("%s: %s", what, vl_result_name(result));
    if (want != VL_OK && field != NULL) assert_string_equal(problem.field, field);
    if (took > CPU_SECONDS_MAX && test_scale(1, 0) == 1) fail_msg("%s takes %.1f s", what, took);
    calendar_finish(&out);
    vl_buffer_finish(&text);
}

static void test_large_files_are_bounded(void **state)
{
    const char *open = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260312T183000\n";
    const char *close = "END:VEVENT\nEND:VCALENDAR\n";
    const size_t most = CALENDAR_BYTES_MAX;
    (void)state;
    bounded("one byte over the limit", filled("BEGIN:VCALENDAR\n", "X", "", most + 1),
            VL_ERR_TOO_LARGE, NULL);
    bounded("ten megabytes", filled("BEGIN:VCALENDAR\n", "X", "", 10 * most), VL_ERR_TOO_LARGE,
            NULL);
    bounded("properties nobody reads", filled(open, "X-A:b\n", close, most), VL_OK, NULL);
    bounded("short lines", filled(open, "A:\n", close, most), VL_OK, NULL);
    bounded("a huge line nobody reads",
            filled(open, "X-A:0123456789", "\nEND:VEVENT\nEND:VCALENDAR\n", most), VL_OK, NULL);
    bounded("a huge title", filled(open, "SUMMARY:01234567890", close, most), VL_ERR_TOO_LARGE,
            "SUMMARY");
    bounded("a huge title of folds",
            filled("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:", "\n x", close, most),
            VL_ERR_TOO_LARGE, "SUMMARY");
    bounded("nothing but folds", filled("", " \n", "", most), VL_ERR_INVALID, NULL);
    bounded("the same property", filled(open, "SUMMARY:x\n", close, most), VL_ERR_INVALID,
            "SUMMARY");
    bounded("lines of exceptions", filled(open, "EXDATE:20260312T183000\n", close, most),
            VL_ERR_TOO_LARGE, "EXDATE");
    bounded("exceptions in one line",
            filled("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEXDATE:20260312", ",20260312", "\n",
                   CALENDAR_LINE_MAX),
            VL_ERR_TOO_LARGE, "EXDATE");
    bounded("lines of relations", filled(open, "RELATED-TO;RELTYPE=SIBLING:a\n", close, most),
            VL_OK, NULL);
    bounded("parameters",
            filled("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY", ";X-A=b", ":x\n", CALENDAR_LINE_MAX),
            VL_ERR_TRUNCATED, "END");
    bounded(
        "parameter values",
        filled("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY;X-A=b", ",\"c\"", ":x\n", CALENDAR_LINE_MAX),
        VL_ERR_TRUNCATED, "END");
    bounded("zones",
            filled("BEGIN:VCALENDAR\n",
                   "BEGIN:VTIMEZONE\nTZID:a\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
                   "RRULE:FREQ=SECONDLY\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:STANDARD\n"
                   "END:VTIMEZONE\n",
                   "BEGIN:VEVENT\nUID:u\nDTSTART:20260312T183000\nEND:VEVENT\nEND:VCALENDAR\n",
                   most),
            VL_OK, NULL);
    bounded("nested", filled("BEGIN:VCALENDAR\n", "BEGIN:X\n", "", most), VL_ERR_TOO_LARGE,
            "BEGIN");
    bounded("events",
            filled("BEGIN:VCALENDAR\n", "BEGIN:VEVENT\nUID:u\nDTSTART:20260312\nEND:VEVENT\n",
                   "END:VCALENDAR\n", most),
            VL_ERR_TOO_LARGE, "VEVENT");
    bounded("binary", filled("BEGIN:VCALENDAR\n", "\xff\x01\n", "", most), VL_ERR_UTF8, NULL);
}

static void test_a_thousand_full_events(void **state)
{
    char one[1024];
    struct vl_buffer text = {0};
    (void)state;
    assert_int_equal(vl_buffer_append(&text, "BEGIN:VCALENDAR\n", 16), VL_OK);
    for (unsigned i = 0; i < CALENDAR_EVENTS_MAX; i++) {
        snprintf(one, sizeof one,
                 "BEGIN:VEVENT\nUID:%u\nDTSTART:2026%02u%02uT163000Z\nDURATION:PT2H\n"
                 "RRULE:FREQ=WEEKLY;UNTIL=20271231T225959Z\nSUMMARY:Rencontre\\, la %ue\n"
                 "EXDATE:20260401T163000Z,20260408T163000Z\nLOCATION:ici\n"
                 "DESCRIPTION:%0500u\nEND:VEVENT\n",
                 i, i % 12 + 1, i % 28 + 1, i, i);
        assert_int_equal(vl_buffer_append(&text, one, strlen(one)), VL_OK);
    }
    assert_int_equal(vl_buffer_append(&text, "END:VCALENDAR\n", 14), VL_OK);
    bounded("a thousand full events in UTC", text, VL_OK, NULL);
}

/* The limits of lines, depth, exceptions: at each and one past it. */
static void test_limits_and_one_past_them(void **state)
{
    char line[CALENDAR_LINE_MAX + 200] = "",
                                  deep[1024] = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n" START;
    struct calendar out;
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct vl_buffer text = {0};
        struct calendar_problem problem;
        size_t size = CALENDAR_LINE_MAX - strlen("DESCRIPTION:") + more;
        memset(line, 'x', size);
        line[size] = 0;
        const char *parts[] = {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n" START "DESCRIPTION:", line,
                               "\nEND:VEVENT\nEND:VCALENDAR\n"};
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(vl_buffer_append(&text, parts[i], strlen(parts[i])), VL_OK);
        assert_int_equal(calendar_read(vl_buffer_view(&text), &out, &problem),
                         more == 0 ? VL_OK : VL_ERR_TOO_LARGE);
        if (more == 0) assert_int_equal(strlen(out.events[0].directions), size);
        calendar_finish(&out);
        vl_buffer_finish(&text);
    }
    for (size_t i = 2; i < CALENDAR_DEPTH_MAX; i++)
        strcat(deep, "BEGIN:X\n");
    size_t at = strlen(deep);
    for (size_t i = 2; i < CALENDAR_DEPTH_MAX; i++)
        strcat(deep, "END:X\n");
    strcat(deep, "END:VEVENT\nEND:VCALENDAR\n");
    reads(deep, &out);
    calendar_finish(&out);
    deep[at] = 0;
    strcat(deep, "BEGIN:X\n");
    refuses(deep, VL_ERR_TOO_LARGE, "BEGIN", 4 + CALENDAR_DEPTH_MAX - 2 + 1);
    for (size_t more = 0; more < 2; more++) {
        struct vl_buffer text = {0};
        struct calendar_problem problem;
        const char *open = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\n" START;
        assert_int_equal(vl_buffer_append(&text, open, strlen(open)), VL_OK);
        for (size_t i = 0; i < CALENDAR_EXCEPTIONS_MAX / 2; i++)
            assert_int_equal(vl_buffer_append(&text, "EXDATE:20260312\n", 16), VL_OK);
        assert_int_equal(vl_buffer_append(&text, "EXDATE:20260312", 15), VL_OK);
        for (size_t i = CALENDAR_EXCEPTIONS_MAX / 2 + 1; i < CALENDAR_EXCEPTIONS_MAX + more; i++)
            assert_int_equal(vl_buffer_append(&text, ",20260312", 9), VL_OK);
        assert_int_equal(vl_buffer_append(&text, "\n", 1), VL_OK);
        assert_int_equal(vl_buffer_append(&text, "END:VEVENT\nEND:VCALENDAR", 24), VL_OK);
        assert_int_equal(calendar_read(vl_buffer_view(&text), &out, &problem),
                         more == 0 ? VL_OK : VL_ERR_TOO_LARGE);
        if (more == 0) assert_int_equal(out.events[0].exception_count, CALENDAR_EXCEPTIONS_MAX);
        calendar_finish(&out);
        vl_buffer_finish(&text);
    }
}

static int set_zone(void **state)
{
    (void)state;
    setenv("TZ", "Europe/Paris", 1);
    tzset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_form_of_the_file),
        cmocka_unit_test(test_folds),
        cmocka_unit_test(test_the_last_year),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_large_files_are_bounded),
        cmocka_unit_test(test_a_thousand_full_events),
        cmocka_unit_test(test_limits_and_one_past_them),
    };
    return cmocka_run_group_tests(tests, set_zone, NULL);
}
