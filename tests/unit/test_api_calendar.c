/* Meetings by the calendar through the API: files, occurrences, the next one, here and now, who
 * comes. */
#include "circle/calendar.h"
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct api_world *w;

static int begin(void **state)
{
    (void)state;
    w = api_world_create(31);
    return 0;
}

static int end(void **state)
{
    (void)state;
    api_world_destroy(w);
    return 0;
}

static void refuses(const char *method, const char *path, const char *body, unsigned status,
                    const char *error, const char *field, const char *message)
{
    struct json *answer;
    assert_int_equal(api_world_send(w, 0, method, path, body, &answer), status);
    assert_string_equal(json_text(answer, "error"), error);
    assert_string_equal(json_text(answer, "field"), field);
    assert_string_equal(json_text(answer, "message"), message);
    json_destroy(answer);
}

/* "meetings/ID/REST" of a new meeting. */
static void plan(const char *body, char *path, size_t size, const char *rest)
{
    struct json *answer = api_world_ask(w, 0, "POST", "meetings", body);
    snprintf(path, size, "meetings/%s%s", json_text(answer, "id"), rest);
    json_destroy(answer);
}

static const char thursdays[] =
    "{\"title\":\"Jeudi\",\"starts\":\"2999-03-14T18:30\",\"ends\":\"2999-03-14T21:00\","
    "\"recurrence\":\"FREQ=WEEKLY;INTERVAL=2\",\"place\":\"Chez Ines\"}";

static void test_occurrences(void **state)
{
    char path[128];
    (void)state;
    plan(thursdays, path, sizeof path, "/occurrences");
    strcat(path, "?from=2999-03-15&max=2&lang=fr");
    struct json *answer = api_world_ask(w, 0, "GET", path, NULL);
    assert_string_equal(json_text(answer, "repeats"), "un jeudi sur deux");
    const struct json *list = json_member(answer, "occurrences");
    assert_int_equal(json_count(list), 2);
    assert_string_equal(json_text(json_item(list, 0), "starts"), "2999-03-28T18:30");
    assert_string_equal(json_text(json_item(list, 0), "ends"), "2999-03-28T21:00");
    json_destroy(answer);
    *strchr(path, '?') = 0;
    /* One of them becomes a meeting; the same one again is the same meeting. */
    answer = api_world_ask(w, 0, "POST", path, "{\"starts\":\"2999-03-28T18:30\"}");
    char taken[64];
    snprintf(taken, sizeof taken, "%s", json_text(answer, "id"));
    assert_string_equal(json_text(answer, "title"), "Jeudi");
    assert_string_equal(json_text(answer, "ends"), "2999-03-28T21:00");
    assert_memory_equal(json_text(answer, "series"), path + strlen("meetings/"), 32);
    assert_false(json_flag(answer, "existed"));
    json_destroy(answer);
    answer = api_world_ask(w, 0, "POST", path, "{\"starts\":\"2999-03-28T18:30\"}");
    assert_string_equal(json_text(answer, "id"), taken);
    assert_true(json_flag(answer, "existed"));
    json_destroy(answer);
    refuses("POST", path, "{\"starts\":\"2999-03-27T18:30\"}", 400, "INVALID", "starts",
            "Starts: the series has no meeting then.");
    refuses("POST", path, "{\"starts\":\"soon\"}", 400, "INVALID", "starts",
            "Starts: not a date that exists (YYYY-MM-DD).");
    refuses("POST", path, "{}", 400, "INVALID", "starts", "Starts: missing.");
    strcat(path, "?max=101");
    refuses("GET", path, NULL, 400, "INVALID", "max", "Max: not from 1 to 100.");
    refuses("GET", "meetings/0000/occurrences", NULL, 404, "NOT_FOUND", "",
            "There is no such thing here.");
}

static void test_rules_are_refused_by_name(void **state)
{
    (void)state;
    refuses("POST", "meetings", "{\"title\":\"x\",\"recurrence\":\"FREQ=SECONDLY\"}", 400,
            "INVALID", "recurrence", "Recurrence: FREQ is not DAILY, WEEKLY, MONTHLY or YEARLY.");
    struct json *answer = api_world_ask(w, 0, "GET", "meetings", NULL);
    assert_int_equal(json_count(json_member(answer, "meetings")), 0);
    json_destroy(answer);
}

static void test_next_and_here(void **state)
{
    char path[128], id[64];
    (void)state;
    struct json *answer = api_world_ask(w, 0, "GET", "next-meeting", NULL);
    assert_string_equal(json_text(answer, "meeting"), "");
    json_destroy(answer);
    plan(thursdays, path, sizeof path, "");
    answer = api_world_ask(w, 0, "GET", "next-meeting", NULL);
    assert_string_equal(json_text(answer, "meeting"), path + strlen("meetings/"));
    assert_string_equal(json_text(answer, "starts"), "2999-03-14T18:30");
    assert_string_equal(json_text(answer, "place"), "Chez Ines");
    assert_string_equal(json_text(answer, "repeats"), "every second Thursday");
    assert_false(json_flag(answer, "occurrence"));
    json_destroy(answer);
    /* Nothing today: a new one, with the parts of its format. */
    answer = api_world_ask(w, 0, "POST", "here", "{\"title\":\"Ce soir\",\"format\":\"check-in\"}");
    snprintf(id, sizeof id, "%s", json_text(answer, "id"));
    assert_string_equal(json_text(answer, "state"), "open");
    assert_true(json_count(json_member(answer, "parts")) > 3);
    assert_false(json_flag(answer, "existed"));
    json_destroy(answer);
    answer = api_world_ask(w, 0, "POST", "here", NULL);
    assert_string_equal(json_text(answer, "id"), id);
    assert_true(json_flag(answer, "existed"));
    json_destroy(answer);
    answer = api_world_ask(w, 0, "GET", "next-meeting", NULL);
    assert_string_equal(json_text(answer, "meeting"), id);
    assert_true(json_flag(answer, "open"));
    json_destroy(answer);
    answer = api_world_ask(w, 0, "POST", "here", "{\"new\":true}");
    assert_string_not_equal(json_text(answer, "id"), id);
    json_destroy(answer);
    refuses("POST", "here", "{\"format\":\"none\",\"new\":true}", 400, "INVALID", "format",
            "Format: there is no such format.");
    refuses("POST", "here", "{\"when\":\"now\"}", 400, "INVALID", "when",
            "When: there is no such field.");
}

/* Nothing is planned for today: what is held goes as the meeting that comes, not as nothing. */
static void test_here_goes_as_the_next(void **state)
{
    (void)state;
    json_destroy(api_world_ask(w, 0, "POST", "meetings",
                               "{\"title\":\"Jeudi\",\"starts\":\"2999-03-14T18:30\","
                               "\"recurrence\":\"FREQ=WEEKLY\",\"format\":\"check-in\"}"));
    struct json *answer = api_world_ask(w, 0, "POST", "here", NULL);
    assert_false(json_flag(answer, "existed"));
    assert_string_not_equal(json_text(answer, "starts"), "2999-03-14T18:30");
    assert_string_equal(json_text(answer, "format"), "check-in");
    assert_true(json_count(json_member(answer, "parts")) > 3);
    json_destroy(answer);
    answer = api_world_ask(w, 0, "POST", "here", "{\"new\":true}");
    assert_int_equal(json_count(json_member(answer, "parts")), 0);
    json_destroy(answer);
}

/* "STARTS MARK" of each that comes, in order. */
static void comes(const char *query, const char *wanted, bool more)
{
    char path[64], told[512] = "";
    snprintf(path, sizeof path, "coming?from=2999-01-01%s", query);
    struct json *answer = api_world_ask(w, 0, "GET", path, NULL);
    const struct json *list = json_member(answer, "coming");
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *one = json_item(list, i);
        size_t size = strlen(told);
        snprintf(told + size, sizeof told - size, "%s%s%s\n", json_text(one, "starts"),
                 json_flag(one, "occurrence") ? " again" : "",
                 json_flag(one, "cancelled") ? " cancelled" : "");
    }
    assert_string_equal(told, wanted);
    assert_true(json_flag(answer, "more") == more);
    json_destroy(answer);
}

static void test_coming(void **state)
{
    char path[128];
    (void)state;
    comes("", "", false);
    plan("{\"title\":\"Avant\",\"starts\":\"2998-12-31T18:30\"}", path, sizeof path, "");
    plan("{\"title\":\"Sans date\"}", path, sizeof path, "");
    plan("{\"title\":\"Le jour\",\"starts\":\"2999-01-01\"}", path, sizeof path, "");
    plan("{\"title\":\"Entre\",\"starts\":\"2999-03-20T10:00\"}", path, sizeof path, "");
    comes("", "2999-01-01\n2999-03-20T10:00\n", false);
    json_destroy(api_world_ask(w, 0, "PATCH", path, "{\"state\":\"cancelled\"}"));
    plan(thursdays, path, sizeof path, "/occurrences");
    comes("&max=5",
          "2999-01-01\n2999-03-14T18:30\n2999-03-20T10:00 cancelled\n"
          "2999-03-28T18:30 again\n2999-04-11T18:30 again\n",
          true);
    /* One that was taken is there once; a series that is cancelled has nothing to come. */
    json_destroy(api_world_ask(w, 0, "POST", path, "{\"starts\":\"2999-03-28T18:30\"}"));
    comes("&max=4", "2999-01-01\n2999-03-14T18:30\n2999-03-20T10:00 cancelled\n2999-03-28T18:30\n",
          true);
    *strrchr(path, '/') = 0;
    json_destroy(api_world_ask(w, 0, "PATCH", path, "{\"state\":\"cancelled\"}"));
    comes("",
          "2999-01-01\n2999-03-14T18:30 cancelled\n2999-03-20T10:00 cancelled\n"
          "2999-03-28T18:30\n",
          false);
    /* What is open is first. */
    plan("{\"title\":\"Ouverte\",\"starts\":\"2999-05-01T10:00\",\"state\":\"open\"}", path,
         sizeof path, "");
    comes("&max=1", "2999-05-01T10:00\n", true);
}

static void test_as_many_as_may_be_listed_come(void **state)
{
    char path[128];
    (void)state;
    plan("{\"title\":\"x\",\"starts\":\"2999-01-01T08:00\",\"recurrence\":\"FREQ=DAILY\"}", path,
         sizeof path, "");
    struct json *answer = api_world_ask(w, 0, "GET", "coming?max=100", NULL);
    assert_int_equal(json_count(json_member(answer, "coming")), 100);
    assert_true(json_flag(answer, "more"));
    json_destroy(answer);
    refuses("GET", "coming?max=101", NULL, 400, "INVALID", "max", "Max: not from 1 to 100.");
    refuses("GET", "coming?max=0", NULL, 400, "INVALID", "max", "Max: not from 1 to 100.");
    refuses("GET", "coming?from=soon", NULL, 400, "INVALID", "from",
            "From: not a date that exists (YYYY-MM-DD).");
}

static void test_who_comes(void **state)
{
    char path[128], body[256];
    (void)state;
    plan(thursdays, path, sizeof path, "");
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"answer\":\"coming\",\"brings\":\"soupe\"}",
             path + strlen("meetings/"));
    json_destroy(api_world_ask(w, 0, "POST", "replies", body));
    struct json *answer = api_world_ask(w, 0, "GET", path, NULL);
    const struct json *replies = json_member(answer, "replies");
    const struct json *coming = json_member(replies, "coming");
    assert_int_equal(json_count(coming), 1);
    assert_string_equal(json_text(json_item(coming, 0), "name"), "Ines");
    assert_string_equal(json_text(json_item(coming, 0), "brings"), "soupe");
    assert_int_equal(json_count(json_member(replies, "perhaps")), 0);
    assert_int_equal(json_count(json_member(replies, "not")), 0);
    assert_int_equal(json_count(json_member(replies, "silent")), API_WORLD_PERSONS - 1);
    assert_string_equal(json_text(answer, "repeats"), "every second Thursday");
    json_destroy(answer);
}

/* ---- files ---- */

static struct vl_buffer body_of(const char *text)
{
    struct vl_buffer body = {0};
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "text", text);
    json_close(&o, '}');
    assert_int_equal(o.result, VL_OK);
    assert_int_equal(vl_buffer_append(&body, "", 1), VL_OK);
    return body;
}

static void test_files(void **state)
{
    char path[128];
    (void)state;
    plan(thursdays, path, sizeof path, "/calendar.ics");
    plan("{\"title\":\"Autre\",\"starts\":\"2026-03-12\"}", (char[128]){0}, 128, "");
    char *one = api_world_file(w, 0, path), *all = api_world_file(w, 0, "calendar.ics");
    assert_non_null(strstr(one, "SUMMARY:Jeudi\r\n"));
    assert_null(strstr(one, "Autre"));
    assert_non_null(strstr(all, "SUMMARY:Autre\r\n"));
    struct vl_buffer body = body_of(all);
    struct json *answer = api_world_ask(w, 0, "POST", "import/ics", (const char *)body.data);
    assert_int_equal(json_integer(answer, "imported"), 0);
    assert_int_equal(json_integer(answer, "existed"), 2);
    assert_int_equal(json_integer(answer, "left"), 0);
    json_destroy(answer);
    vl_buffer_finish(&body);
    free(one);
    free(all);
    refuses("POST", "meetings/0000/calendar.ics", "{}", 404, "NOT_FOUND", "",
            "There is no such thing here.");
}

static void test_import(void **state)
{
    struct vl_buffer text = {0};
    size_t left = 150;
    (void)state;
    assert_int_equal(vl_buffer_append(&text, "BEGIN:VCALENDAR\n", 16), VL_OK);
    for (unsigned i = 0; i < 150; i++) {
        char one[160];
        snprintf(one, sizeof one, "BEGIN:VEVENT\nUID:%u\nDTSTART:20260312T1830%02u\nEND:VEVENT\n",
                 i, i % 60);
        assert_int_equal(vl_buffer_append(&text, one, strlen(one)), VL_OK);
    }
    assert_int_equal(vl_buffer_append(&text, "END:VCALENDAR\n", 15), VL_OK);
    struct vl_buffer body = body_of((const char *)text.data);
    for (size_t calls = 0; left > 0; calls++) {
        struct json *answer = api_world_ask(w, 0, "POST", "import/ics", (const char *)body.data);
        assert_int_equal(json_integer(answer, "imported"), calls == 0 ? 100 : 50);
        left = (size_t)json_integer(answer, "left");
        json_destroy(answer);
        assert_true(calls < 2);
    }
    vl_buffer_finish(&body);
    vl_buffer_finish(&text);
    refuses("POST", "import/ics", "{\"text\":\"BEGIN:VCALENDAR\"}", 400, "INVALID", "END",
            "Line 1: END: the file ends too early.");
    refuses("POST", "import/ics", "{\"text\":\"hello\"}", 400, "INVALID", "",
            "Line 1: Not a calendar file.");
    refuses("POST", "import/ics",
            "{\"text\":\"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nUID:u\\nDTSTART:20260230\\n\"}", 400,
            "INVALID", "DTSTART", "Line 4: DTSTART: not a date that exists.");
    refuses("POST", "import/ics", "{}", 400, "INVALID", "text", "Text: missing.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_occurrences, begin, end),
        cmocka_unit_test_setup_teardown(test_coming, begin, end),
        cmocka_unit_test_setup_teardown(test_as_many_as_may_be_listed_come, begin, end),
        cmocka_unit_test_setup_teardown(test_rules_are_refused_by_name, begin, end),
        cmocka_unit_test_setup_teardown(test_next_and_here, begin, end),
        cmocka_unit_test_setup_teardown(test_here_goes_as_the_next, begin, end),
        cmocka_unit_test_setup_teardown(test_who_comes, begin, end),
        cmocka_unit_test_setup_teardown(test_files, begin, end),
        cmocka_unit_test_setup_teardown(test_import, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
