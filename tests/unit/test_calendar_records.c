/* Meetings out to a calendar file and in again, in the same circle and in another. */
#include "circle/calendar_records.h"
#include "circle/meeting.h"
#include "circle/series.h"
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const vl_wall wall = {1773340200000};
static struct circle_fixture *here, *there;
static struct calendar_imported done;
static struct calendar_problem problem;

static int begin(void **state)
{
    (void)state;
    here = circle_fixture_create(2, 11);
    there = circle_fixture_create(2, 12);
    return 0;
}

static int end(void **state)
{
    (void)state;
    circle_fixture_destroy(here);
    circle_fixture_destroy(there);
    return 0;
}

static struct vl_replica *of(struct circle_fixture *circle)
{
    return circle->nodes[0].replica;
}

static uint64_t generation(struct circle_fixture *circle)
{
    return vl_replica_generation(of(circle));
}

static struct vl_record_id add_meeting(const char *title, const char *starts,
                                       const char *recurrence)
{
    struct vl_record_id id;
    struct edit e;
    record_id_random(&id);
    assert_int_equal(edit_begin(&e, of(here), SCHEMA_MEETING, &id), VL_OK);
    edit_set_text(&e, MEETING_TITLE, title);
    edit_set_text(&e, MEETING_STARTS, starts);
    edit_set_text(&e, MEETING_RECURRENCE, recurrence);
    assert_int_equal(edit_write(&e, wall, NULL), VL_OK);
    edit_finish(&e);
    return id;
}

static void fill_circle(struct vl_record_id *series, struct vl_record_id *taken)
{
    struct schema_problem at;
    struct edit e;
    *series = add_meeting("Jeudi, chez In\xc3\xa8s", "2026-03-12T18:30",
                          "FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231");
    assert_int_equal(edit_begin(&e, of(here), SCHEMA_MEETING, series), VL_OK);
    edit_set_text(&e, MEETING_ENDS, "2026-03-12T21:00");
    edit_set_text(&e, MEETING_PLACE, "12 rue du Four; au fond");
    edit_set_text(&e, MEETING_DIRECTIONS, "Code 12A\nsonner \"Four\"");
    edit_text(&e, MEETING_MINUTES, vl_bytes_text("ce qui s'est dit"));
    assert_int_equal(edit_write(&e, wall, NULL), VL_OK);
    edit_finish(&e);
    struct date at_26 = {0};
    assert_true(date_parse("2026-03-26T18:30", &at_26));
    assert_int_equal(series_take(of(here), series, at_26, NULL, wall, taken, &at), VL_OK);
    struct vl_record_id cancelled = add_meeting("Sortie", "2026-06-01", NULL);
    assert_int_equal(edit_begin(&e, of(here), SCHEMA_MEETING, &cancelled), VL_OK);
    edit_set(&e, MEETING_STATE,
             &(struct vl_value){.tag = VL_VALUE_INTEGER, .integer = MEETING_CANCELLED});
    assert_int_equal(edit_write(&e, wall, NULL), VL_OK);
    edit_finish(&e);
    (void)add_meeting("Sans date", NULL, NULL);
}

/* The fields that a calendar file has are the same, by the meetings' starts. */
static void check_same_meetings(struct vl_replica *a, struct vl_replica *b)
{
    static const uint32_t fields[] = {MEETING_TITLE, MEETING_STARTS,     MEETING_ENDS,
                                      MEETING_PLACE, MEETING_DIRECTIONS, MEETING_RECURRENCE};
    struct record_list ours, theirs;
    size_t offset = 1; /* the one without a start comes first, and stays here */
    assert_int_equal(meeting_list(a, &ours), VL_OK);
    assert_int_equal(meeting_list(b, &theirs), VL_OK);
    assert_int_equal(ours.count, theirs.count + offset);
    for (size_t i = 0; i < theirs.count; i++) {
        struct record *x = &ours.items[i + offset], *y = &theirs.items[i];
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
            assert_string_equal(record_text(x, fields[f]), record_text(y, fields[f]));
        const struct record_field *at = record_field(x, MEETING_EXCEPTIONS),
                                  *to = record_field(y, MEETING_EXCEPTIONS);
        assert_int_equal(at->count, to->count);
        for (size_t k = 0; k < at->count; k++)
            assert_true(vl_bytes_equal(at->values[k].value.bytes, to->values[k].value.bytes));
        assert_int_equal(record_field(x, MEETING_SERIES)->count,
                         record_field(y, MEETING_SERIES)->count);
        assert_string_equal(record_text(y, MEETING_MINUTES), "");
    }
    record_list_finish(&ours);
    record_list_finish(&theirs);
}

static void test_to_another_circle(void **state)
{
    struct vl_record_id series, taken;
    struct vl_buffer text = {0}, again = {0};
    (void)state;
    fill_circle(&series, &taken);
    assert_int_equal(calendar_export(of(here), NULL, wall, &text), VL_OK);
    assert_null(memmem(text.data, text.size, "dit", 3)); /* no minutes go out */
    struct vl_bytes file = vl_buffer_view(&text);
    assert_int_equal(calendar_import(of(there), file, 100, wall, &done, &problem), VL_OK);
    assert_true(done.imported == 3 && done.existed == 0 && done.left == 0);
    check_same_meetings(of(here), of(there));
    /* Again, by another person there, and into where it comes from: nothing changes. */
    uint64_t before = generation(there);
    assert_int_equal(calendar_import(of(there), file, 100, wall, &done, &problem), VL_OK);
    assert_true(done.imported == 0 && done.existed == 3);
    assert_int_equal(generation(there), before);
    before = generation(here);
    assert_int_equal(calendar_import(of(here), file, 100, wall, &done, &problem), VL_OK);
    assert_true(done.imported == 0 && done.existed == 3);
    assert_int_equal(generation(here), before);
    /* What is written there is the same file. */
    assert_int_equal(calendar_export(of(there), NULL, wall, &again), VL_OK);
    assert_true(vl_bytes_equal(file, vl_buffer_view(&again)));
    vl_buffer_finish(&text);
    vl_buffer_finish(&again);
}

static void test_by_two_apart(void **state)
{
    struct vl_record_id series, taken;
    struct vl_buffer text = {0};
    struct record_list list;
    (void)state;
    fill_circle(&series, &taken);
    assert_int_equal(calendar_export(of(here), NULL, wall, &text), VL_OK);
    for (size_t node = 0; node < 2; node++)
        assert_int_equal(calendar_import(there->nodes[node].replica, vl_buffer_view(&text), 100,
                                         wall, &done, &problem),
                         VL_OK);
    circle_fixture_sync_all(there);
    assert_true(circle_fixture_agree(there));
    assert_int_equal(meeting_list(of(there), &list), VL_OK);
    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < list.count; i++)
        assert_false(record_has_conflict(&list.items[i]));
    record_list_finish(&list);
    vl_buffer_finish(&text);
}

static void test_one_meeting(void **state)
{
    struct vl_record_id series, taken, nowhere = fixture_record(3);
    struct vl_buffer text = {0};
    char id[RECORD_ID_TEXT_SIZE];
    (void)state;
    fill_circle(&series, &taken);
    assert_int_equal(calendar_export(of(here), &nowhere, wall, &text), VL_ERR_NOT_FOUND);
    assert_int_equal(calendar_export(of(here), &taken, wall, &text), VL_OK);
    record_id_text(&taken, id);
    assert_non_null(memmem(text.data, text.size, id, 32));
    record_id_text(&series, id);
    const char *related = memmem(text.data, text.size, "RELATED-TO:", 11);
    assert_non_null(related);
    assert_memory_equal(related + 11, id, 32);
    assert_null(memmem(text.data, text.size, "RRULE", 5));
    vl_buffer_finish(&text);
}

static const char override[] =
    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:s@x\nRECURRENCE-ID:20260319T183000\n"
    "DTSTART:20260320T190000\nSUMMARY:Vendredi\nEND:VEVENT\n"
    "BEGIN:VEVENT\nUID:s@x\nDTSTART:20260312T183000\nRRULE:FREQ=WEEKLY\nSUMMARY:Jeudi\n"
    "END:VEVENT\nEND:VCALENDAR\n";

/* An occurrence that another program has moved: a meeting of the series, told once. */
static void test_moved_occurrence(void **state)
{
    struct record_list list;
    struct series series;
    struct recurrence_list days;
    (void)state;
    assert_int_equal(calendar_import(of(here), vl_bytes_text(override), 100, wall, &done, &problem),
                     VL_OK);
    assert_int_equal(done.imported, 2);
    assert_int_equal(meeting_list(of(here), &list), VL_OK);
    assert_int_equal(list.count, 2);
    const struct record *first = &list.items[0], *moved = &list.items[1];
    assert_string_equal(record_text(moved, MEETING_TITLE), "Vendredi");
    assert_string_equal(record_text(moved, MEETING_UID), "s@x/2026-03-19T18:30");
    assert_memory_equal(&record_field(moved, MEETING_SERIES)->values[0].value.record, &first->id,
                        sizeof first->id);
    assert_true(series_of(first, &series));
    series_list(&series, series.start, 2, &days);
    assert_int_equal(days.items[1].day - days.items[0].day, 14);
    record_list_finish(&list);
    uint64_t before = generation(here);
    assert_int_equal(calendar_import(of(here), vl_bytes_text(override), 100, wall, &done, &problem),
                     VL_OK);
    assert_true(done.imported == 0 && done.existed == 2);
    assert_int_equal(generation(here), before);
}

/* A long file in several calls. */
static void test_in_portions(void **state)
{
    char one[160];
    struct vl_buffer text = {0};
    size_t calls = 0, imported = 0;
    (void)state;
    assert_int_equal(vl_buffer_append(&text, "BEGIN:VCALENDAR\n", 16), VL_OK);
    for (unsigned i = 0; i < 25; i++) {
        snprintf(one, sizeof one, "BEGIN:VEVENT\nUID:%u\nDTSTART:202603%02u\nEND:VEVENT\n", i,
                 i + 1);
        assert_int_equal(vl_buffer_append(&text, one, strlen(one)), VL_OK);
    }
    assert_int_equal(vl_buffer_append(&text, "END:VCALENDAR\n", 14), VL_OK);
    do {
        assert_int_equal(
            calendar_import(of(here), vl_buffer_view(&text), 10, wall, &done, &problem), VL_OK);
        assert_true(done.imported <= 10);
        assert_int_equal(done.imported + done.existed + done.left, 25);
        imported += done.imported;
        calls++;
    } while (done.left > 0);
    assert_true(calls == 3 && imported == 25);
    vl_buffer_finish(&text);
}

/* One bad event in many: nothing of the file is here afterwards. */
static void test_nothing_is_changed(void **state)
{
    static const struct {
        const char *before, *fill;
        size_t count;
        const char *field;
        vl_result result;
    } bad[] = {
        {"UID:bad\nSUMMARY:", "x", 501, "SUMMARY", VL_ERR_TOO_LARGE},
        {"UID:bad\nLOCATION:", "x", 501, "LOCATION", VL_ERR_TOO_LARGE},
        {"UID:bad\nDESCRIPTION:", "x", 4001, "DESCRIPTION", VL_ERR_TOO_LARGE},
        {"UID:", "x", 256, "UID", VL_ERR_TOO_LARGE},
        {"UID:bad\nRRULE:FREQ=DAILY;COUNT=1", "0", 9, "RRULE", VL_ERR_INVALID},
        {"UID:bad\nSUMMARY:", "\xc2\x85", 1, "SUMMARY", VL_ERR_UTF8},
    };
    (void)state;
    uint64_t before = generation(here);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static char text[8192];
        snprintf(text, sizeof text,
                 "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:fine\nDTSTART:20260312\nEND:VEVENT\n"
                 "BEGIN:VEVENT\nDTSTART:20260312\n%s",
                 bad[i].before);
        for (size_t k = 0; k < bad[i].count; k++)
            strcat(text, bad[i].fill);
        strcat(text, "\nEND:VEVENT\nEND:VCALENDAR\n");
        assert_int_equal(calendar_import(of(here), vl_bytes_text(text), 100, wall, &done, &problem),
                         bad[i].result);
        assert_string_equal(problem.field, bad[i].field);
        assert_true(problem.line >= 6);
        assert_non_null(problem.reason);
    }
    assert_int_equal(generation(here), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_to_another_circle, begin, end),
        cmocka_unit_test_setup_teardown(test_by_two_apart, begin, end),
        cmocka_unit_test_setup_teardown(test_one_meeting, begin, end),
        cmocka_unit_test_setup_teardown(test_moved_occurrence, begin, end),
        cmocka_unit_test_setup_teardown(test_in_portions, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing_is_changed, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
