/* Meetings that come again: which is next, taking an occurrence, "we are here now", and who comes.
 */
#include "circle/meeting.h"
#include "circle/reply.h"
#include "circle/series.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/written_record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct circle_fixture *circle;
static const vl_wall wall = {1773340200000};
static struct schema_problem problem;

static int begin(void **state)
{
    (void)state;
    circle = circle_fixture_create(3, 4);
    return 0;
}

static int end(void **state)
{
    (void)state;
    circle_fixture_destroy(circle);
    return 0;
}

static struct vl_replica *of(size_t node)
{
    return circle->nodes[node].replica;
}

static struct date date(const char *text)
{
    struct date out;
    assert_true(date_parse(text, &out));
    return out;
}

struct planned {
    const char *title, *starts, *ends, *recurrence, *exception, *state;
};
static struct vl_record_id plan(const struct planned *p)
{
    const struct schema_field *field = schema_field(SCHEMA_MEETING, MEETING_STATE);
    struct vl_value state = {.tag = VL_VALUE_INTEGER};
    struct vl_record_id id;
    struct edit e;
    record_id_random(&id);
    assert_int_equal(edit_begin(&e, of(0), SCHEMA_MEETING, &id), VL_OK);
    edit_set_text(&e, MEETING_TITLE, p->title);
    edit_set_text(&e, MEETING_STARTS, p->starts);
    edit_set_text(&e, MEETING_ENDS, p->ends);
    edit_set_text(&e, MEETING_RECURRENCE, p->recurrence);
    if (p->exception != NULL)
        edit_add(&e, MEETING_EXCEPTIONS,
                 &(struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(p->exception)});
    if (p->state != NULL) {
        assert_true(schema_choice_named(field, p->state, &state.integer));
        edit_set(&e, MEETING_STATE, &state);
    }
    assert_int_equal(edit_write(&e, wall, &problem), VL_OK);
    edit_finish(&e);
    return id;
}

static bool same(const struct vl_record_id *a, const struct vl_record_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void next_is(const char *now, const struct vl_record_id *meeting, const char *starts,
                    bool is_occurrence)
{
    struct upcoming next;
    char text[DATE_TEXT_SIZE];
    assert_int_equal(series_next(of(0), date(now), &next), VL_OK);
    date_text(next.starts, text);
    assert_string_equal(text, starts);
    assert_true(same(&next.meeting, meeting));
    assert_int_equal(next.is_occurrence, is_occurrence);
}

static void test_next(void **state)
{
    struct upcoming next;
    (void)state;
    assert_int_equal(series_next(of(0), date("2026-03-12T12:00"), &next), VL_ERR_NOT_FOUND);
    (void)plan(&(struct planned){.title = "no start"});
    (void)plan(&(struct planned){.starts = "2026-03-13", .state = "cancelled"});
    (void)plan(&(struct planned){.starts = "2026-03-13", .state = "closed"});
    assert_int_equal(series_next(of(0), date("2026-03-12T12:00"), &next), VL_ERR_NOT_FOUND);
    struct vl_record_id evening =
        plan(&(struct planned){.starts = "2026-03-20T18:30", .ends = "2026-03-20T21:00"});
    struct vl_record_id day = plan(&(struct planned){.starts = "2026-03-21"});
    struct vl_record_id series =
        plan(&(struct planned){.starts = "2026-03-12T18:30",
                               .ends = "2026-03-13T00:30",
                               .recurrence = "FREQ=WEEKLY;INTERVAL=2;COUNT=4",
                               .exception = "2026-04-09"});
    next_is("2026-03-01T12:00", &series, "2026-03-12T18:30", false);
    next_is("2026-03-13T00:30", &series, "2026-03-12T18:30", false); /* just ending */
    next_is("2026-03-13T00:31", &evening, "2026-03-20T18:30", false);
    next_is("2026-03-20T21:00", &evening, "2026-03-20T18:30", false);
    next_is("2026-03-20T21:01", &day, "2026-03-21", false);
    next_is("2026-03-21T23:59", &day, "2026-03-21", false);
    next_is("2026-03-22T00:00", &series, "2026-03-26T18:30", true);
    next_is("2026-03-27T00:31", &series, "2026-04-23T18:30", true); /* the exception is left out */
    assert_int_equal(series_next(of(0), date("2026-04-24T00:31"), &next), VL_ERR_NOT_FOUND);
    /* An open one is next whatever its date, as long as it can be meant. */
    struct vl_record_id open =
        plan(&(struct planned){.starts = "2026-03-11T10:00", .state = "open"});
    next_is("2026-03-12T09:00", &open, "2026-03-11T10:00", false);
    next_is("2026-03-12T10:01", &series, "2026-03-12T18:30", false);
}

/* A series whose first is closed goes on; one whose first is cancelled is over. */
static void test_state_of_the_first(void **state)
{
    struct upcoming next;
    (void)state;
    struct vl_record_id closed = plan(&(struct planned){
        .starts = "2026-03-12T18:30", .recurrence = "FREQ=WEEKLY", .state = "closed"});
    next_is("2026-03-12T12:00", &closed, "2026-03-19T18:30", true);
    struct edit e;
    assert_int_equal(edit_begin(&e, of(0), SCHEMA_MEETING, &closed), VL_OK);
    edit_set(&e, MEETING_STATE,
             &(struct vl_value){.tag = VL_VALUE_INTEGER, .integer = MEETING_CANCELLED});
    assert_int_equal(edit_write(&e, wall, &problem), VL_OK);
    edit_finish(&e);
    assert_int_equal(series_next(of(0), date("2026-03-12T12:00"), &next), VL_ERR_NOT_FOUND);
}

#define TEXT "\x01" /* a value's tag */

/* What others wrote and is nothing: no rule, no end; bounded whatever it says. */
static void test_hostile_times(void **state)
{
    struct vl_record_id id = fixture_record(9);
    struct upcoming next;
    struct record record;
    struct series series;
    (void)state;
    circle_fixture_set(circle, 1, SCHEMA_MEETING, &id, MEETING_STARTS, TEXT "2026-03-12T18:30");
    circle_fixture_set(circle, 1, SCHEMA_MEETING, &id, MEETING_ENDS, TEXT "9999-12-31T23:59");
    circle_fixture_set(circle, 1, SCHEMA_MEETING, &id, MEETING_RECURRENCE, TEXT "FREQ=SECONDLY");
    circle_fixture_add_element(circle, 1, SCHEMA_MEETING, &id, MEETING_EXCEPTIONS, TEXT "tomorrow");
    circle_fixture_sync_all(circle);
    assert_int_equal(meeting_read(of(0), &id, &record), VL_OK);
    assert_true(series_of(&record, &series));
    assert_false(series.repeats);
    assert_int_equal(series.length, -1);
    record_finish(&record);
    next_is("2026-03-12T20:00", &id, "2026-03-12T18:30", false);
    assert_int_equal(series_next(of(0), date("2026-03-13"), &next), VL_ERR_NOT_FOUND);
    circle_fixture_set(circle, 1, SCHEMA_MEETING, &id, MEETING_STARTS, TEXT "soon");
    circle_fixture_sync_all(circle);
    assert_int_equal(series_next(of(0), date("2026-03-12"), &next), VL_ERR_NOT_FOUND);
    assert_int_equal(series_take(of(0), &id, date("2026-03-19T18:30"), NULL, wall, &id, &problem),
                     VL_ERR_INVALID);
}

static void test_take(void **state)
{
    struct vl_record_id taken, again;
    struct record record;
    struct series series;
    struct recurrence_list list;
    (void)state;
    struct vl_record_id first = plan(&(struct planned){.title = "Jeudi",
                                                       .starts = "2026-03-12T18:30",
                                                       .ends = "2026-03-12T21:00",
                                                       .recurrence = "FREQ=WEEKLY"});
    struct date at = date("2026-03-26T18:30");
    struct vl_record_id nowhere = fixture_record(1);
    assert_int_equal(series_take(of(0), &nowhere, at, NULL, wall, &taken, &problem),
                     VL_ERR_NOT_FOUND);
    static const char *const none[] = {"2026-03-25T18:30", "2026-03-26T18:00", "2026-03-26",
                                       "2026-03-05T18:30", "2026-03-12T18:30"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(series_take(of(0), &first, date(none[i]), NULL, wall, &taken, &problem),
                         VL_ERR_INVALID);
        assert_string_equal(problem.field->name, "starts");
    }
    assert_int_equal(series_take(of(0), &first, at, NULL, wall, &taken, &problem), VL_OK);
    assert_int_equal(meeting_read(of(0), &taken, &record), VL_OK);
    assert_string_equal(record_text(&record, MEETING_TITLE), "Jeudi");
    assert_string_equal(record_text(&record, MEETING_STARTS), "2026-03-26T18:30");
    assert_string_equal(record_text(&record, MEETING_ENDS), "2026-03-26T21:00");
    assert_string_equal(record_text(&record, MEETING_RECURRENCE), "");
    assert_true(same(&record_field(&record, MEETING_SERIES)->values[0].value.record, &first));
    record_finish(&record);
    /* It is not told twice. */
    assert_int_equal(meeting_read(of(0), &first, &record), VL_OK);
    assert_true(series_of(&record, &series));
    record_finish(&record);
    series_list(&series, date("2026-03-20"), 2, &list);
    assert_int_equal(list.items[0].day, date("2026-04-02").day);
    next_is("2026-03-20T12:00", &taken, "2026-03-26T18:30", false);
    assert_int_equal(series_take(of(0), &first, at, NULL, wall, &again, &problem), VL_ERR_EXISTS);
    assert_true(same(&taken, &again));
}

/* Two who take the same occurrence apart from each other have one meeting afterwards. */
static void test_taken_by_two(void **state)
{
    struct vl_record_id one, other;
    struct record record;
    struct format format;
    (void)state;
    struct vl_record_id first = plan(
        &(struct planned){.title = "Jeudi", .starts = "2026-03-12", .recurrence = "FREQ=WEEKLY"});
    circle_fixture_sync_all(circle);
    assert_int_equal(format_at(0, "fr", &format), VL_OK);
    assert_int_equal(series_take(of(0), &first, date("2026-03-19"), &format, wall, &one, &problem),
                     VL_OK);
    assert_int_equal(series_take(of(1), &first, date("2026-03-19"), NULL, wall, &other, &problem),
                     VL_OK);
    assert_true(same(&one, &other));
    circle_fixture_sync_all(circle);
    assert_true(circle_fixture_agree(circle));
    assert_int_equal(meeting_read(of(2), &one, &record), VL_OK);
    assert_false(record_has_conflict(&record));
    assert_int_equal(record_field(&record, MEETING_PARTS)->count, format.part_count);
    record_finish(&record);
    format_finish(&format);
}

static void test_here(void **state)
{
    struct here here = {.title = "Chez Awa", .place = "cuisine"};
    struct vl_record_id id, again, taken;
    struct record record;
    (void)state;
    assert_int_equal(series_here(of(0), &here, date("2026-03-12T18:42"), wall, &id, &problem),
                     VL_OK);
    assert_int_equal(meeting_read(of(0), &id, &record), VL_OK);
    assert_string_equal(record_text(&record, MEETING_TITLE), "Chez Awa");
    assert_string_equal(record_text(&record, MEETING_STARTS), "2026-03-12T18:42");
    assert_int_equal(record_field(&record, MEETING_STATE)->values[0].value.integer, MEETING_OPEN);
    record_finish(&record);
    assert_int_equal(series_here(of(0), &here, date("2026-03-12T18:50"), wall, &again, &problem),
                     VL_ERR_EXISTS);
    assert_true(same(&id, &again));
    here.fresh = true;
    assert_int_equal(series_here(of(0), &here, date("2026-03-12T18:50"), wall, &again, &problem),
                     VL_OK);
    assert_false(same(&id, &again));
    /* Another day: the series' meeting of that day is the one. */
    here.fresh = false;
    struct vl_record_id first = plan(&(struct planned){
        .title = "Jeudi", .starts = "2026-04-02T18:30", .recurrence = "FREQ=WEEKLY"});
    assert_int_equal(series_here(of(0), &here, date("2026-04-16T18:00"), wall, &taken, &problem),
                     VL_OK);
    assert_false(same(&taken, &first));
    assert_int_equal(meeting_read(of(0), &taken, &record), VL_OK);
    assert_string_equal(record_text(&record, MEETING_TITLE), "Jeudi");
    assert_string_equal(record_text(&record, MEETING_STARTS), "2026-04-16T18:30");
    assert_int_equal(record_field(&record, MEETING_STATE)->values[0].value.integer, MEETING_OPEN);
    record_finish(&record);
    assert_int_equal(series_here(of(0), &here, date("2026-04-16T18:31"), wall, &again, &problem),
                     VL_ERR_EXISTS);
    assert_true(same(&taken, &again));
}

/* ---- replies ---- */

static vl_result reply(size_t node, size_t whose, const struct vl_record_id *meeting,
                       const enum answer *answer, const char *brings)
{
    const struct vl_value is = {.tag = VL_VALUE_INTEGER, .integer = answer == NULL ? 0 : *answer};
    const struct vl_value of_it = {
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = *meeting};
    const struct written *fields =
        WRITTEN({REPLY_MEETING, .value = &of_it}, {REPLY_BRINGS, .text = brings},
                {REPLY_ANSWER, .value = &is});
    const struct written *silent =
        WRITTEN({REPLY_MEETING, .value = &of_it}, {REPLY_BRINGS, .text = brings});
    struct vl_record_id id;
    assert_true(record_id_of(&circle->id, schema_record(SCHEMA_REPLY), meeting,
                             &circle->nodes[whose].person, &id));
    return written_again(of(node), SCHEMA_REPLY, &id, answer == NULL ? silent : fields, wall,
                         &problem);
}

static void test_replies(void **state)
{
    const enum answer coming = ANSWER_COMING, perhaps = ANSWER_PERHAPS, not = ANSWER_NOT;
    struct replies replies;
    (void)state;
    struct vl_record_id meeting = plan(&(struct planned){.starts = "2026-03-12"});
    circle_fixture_sync_all(circle);
    assert_int_equal(replies_read(of(0), &meeting, &replies), VL_OK);
    assert_int_equal(replies.count, 3);
    assert_int_equal(replies.silent, 3);
    replies_finish(&replies);
    assert_int_equal(reply(0, 0, &meeting, NULL, "pain"), VL_OK); /* no answer is none */
    assert_int_equal(replies_read(of(0), &meeting, &replies), VL_OK);
    assert_int_equal(replies.silent, 3);
    replies_finish(&replies);
    assert_int_equal(reply(0, 0, &meeting, &coming, NULL), VL_OK);
    assert_int_equal(reply(0, 0, &meeting, NULL, "une soupe"), VL_OK);
    assert_int_equal(reply(1, 1, &meeting, &not, NULL), VL_OK);
    /* Somebody else's answer is hers alone. */
    assert_int_equal(reply(1, 0, &meeting, NULL, "rien"), VL_ERR_AUTHORITY);
    circle_fixture_sync_all(circle);
    assert_int_equal(replies_read(of(2), &meeting, &replies), VL_OK);
    assert_true(replies.coming == 1 && replies.not_coming == 1 && replies.silent == 1);
    for (size_t i = 0; i < replies.count; i++)
        if (vl_id_equal(&replies.items[i].person, &circle->nodes[0].person))
            assert_string_equal(record_text(&replies.items[i].record, REPLY_BRINGS), "une soupe");
    replies_finish(&replies);
    assert_int_equal(reply(0, 0, &meeting, &perhaps, ""), VL_OK);
    assert_int_equal(replies_read(of(0), &meeting, &replies), VL_OK);
    assert_true(replies.coming == 0 && replies.perhaps == 1);
    replies_finish(&replies);
    replies_finish(NULL);
}

/* The ids of these two meetings, made by whoever has the time for 2^26 hashes, give everybody one
 * and the same reply: it is of the one that it names. */
static void test_reply_of_two_meetings(void **state)
{
    const enum answer coming = ANSWER_COMING, perhaps = ANSWER_PERHAPS;
    const struct vl_record_id one = {{0xf6, 0x20, 0xe0, 0x01}}, other = {{0xca, 0x12, 0x96, 0x03}};
    const struct schema_record *schema = schema_record(SCHEMA_REPLY);
    struct vl_record_id of_one, of_other;
    struct replies replies;
    (void)state;
    assert_true(record_id_of(&circle->id, schema, &one, &circle->nodes[0].person, &of_one));
    assert_true(record_id_of(&circle->id, schema, &other, &circle->nodes[0].person, &of_other));
    assert_true(same(&of_one, &of_other));
    assert_int_equal(reply(0, 0, &one, &coming, NULL), VL_OK);
    assert_int_equal(replies_read(of(0), &one, &replies), VL_OK);
    assert_true(replies.coming == 1 && replies.silent == 2);
    replies_finish(&replies);
    assert_int_equal(replies_read(of(0), &other, &replies), VL_OK);
    assert_true(replies.coming == 0 && replies.silent == 3);
    replies_finish(&replies);
    assert_int_equal(reply(0, 0, &other, &perhaps, NULL), VL_OK);
    assert_int_equal(replies_read(of(0), &other, &replies), VL_OK);
    assert_true(replies.perhaps == 1 && replies.silent == 2);
    replies_finish(&replies);
    assert_int_equal(replies_read(of(0), &one, &replies), VL_OK);
    assert_int_equal(replies.silent, 3);
    replies_finish(&replies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_next, begin, end),
        cmocka_unit_test_setup_teardown(test_state_of_the_first, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile_times, begin, end),
        cmocka_unit_test_setup_teardown(test_take, begin, end),
        cmocka_unit_test_setup_teardown(test_taken_by_two, begin, end),
        cmocka_unit_test_setup_teardown(test_here, begin, end),
        cmocka_unit_test_setup_teardown(test_reply_of_two_meetings, begin, end),
        cmocka_unit_test_setup_teardown(test_replies, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
