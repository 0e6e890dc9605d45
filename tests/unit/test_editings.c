/* Minutes that are written on several screens at once, through the API. */
#include "api/editings.h"
#include "tests/support/api_world.h"
#include "tests/support/seeded_random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char meeting[RECORD_ID_TEXT_SIZE];

static int setup(void **state)
{
    static uint64_t seed = 900;
    struct api_world *w = api_world_create(seed++);
    struct json *answer = api_world_ask(w, 0, "POST", "meetings", "{\"title\":\"x\"}");
    snprintf(meeting, sizeof meeting, "%s", json_text(answer, "id"));
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    api_world_destroy(*state);
    return 0;
}

/* ---- a screen, which does what the API says and nothing else ---- */

struct screen {
    size_t who;
    char version[64];
    char text[4096]; /* of one-byte letters, so that bytes are code points */
    bool saved;
};

static const char *route(const char *rest)
{
    static char path[128];
    snprintf(path, sizeof path, "meetings/%s/minutes%s", meeting, rest);
    return path;
}

static void take_version(struct screen *s, const struct json *answer)
{
    snprintf(s->version, sizeof s->version, "%s", json_text(answer, "version"));
    s->saved = json_flag(answer, "saved");
}

static void load(struct api_world *w, struct screen *s, size_t who)
{
    struct json *answer = api_world_ask(w, who, "GET", route(""), NULL);
    *s = (struct screen){.who = who};
    snprintf(s->text, sizeof s->text, "%s", json_text(answer, "text"));
    take_version(s, answer);
    assert_true(s->saved);
    json_destroy(answer);
}

static void put(struct screen *s, size_t at, size_t gone, const char *text)
{
    char rest[4096];
    assert_true(at + gone <= strlen(s->text));
    snprintf(rest, sizeof rest, "%s", s->text + at + gone);
    snprintf(s->text + at, sizeof s->text - at, "%s%s", text, rest);
}

static void post(struct api_world *w, struct screen *s, const char *operations, bool save)
{
    char body[2048];
    snprintf(body, sizeof body, "{\"base\":\"%s\",\"operations\":[%s],\"save\":%s}", s->version,
             operations, save ? "true" : "false");
    struct json *answer = api_world_ask(w, s->who, "POST", route("/edits"), body);
    const struct json *changes = json_member(answer, "changes");
    for (size_t i = 0; i < json_count(changes); i++) {
        const struct json *change = json_item(changes, i);
        put(s, (size_t)json_integer(change, "at"), (size_t)json_integer(change, "delete"),
            json_text(change, "insert"));
    }
    take_version(s, answer);
    json_destroy(answer);
}

static void type(struct api_world *w, struct screen *s, size_t at, size_t gone, const char *text,
                 bool save)
{
    char operation[512];
    snprintf(operation, sizeof operation, "{\"at\":%zu,\"delete\":%zu,\"insert\":\"%s\"}", at, gone,
             text);
    put(s, at, gone, text);
    post(w, s, operation, save);
}

static void assert_minutes(struct api_world *w, size_t who, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "meetings/%s", meeting);
    struct json *answer = api_world_ask(w, who, "GET", path, NULL);
    assert_string_equal(json_text(answer, "minutes"), text);
    json_destroy(answer);
}

/* ---- when it is written ---- */

static void test_typing_is_written_after_a_pause(void **state)
{
    struct api_world *w = *state;
    struct editings *all = w->apis[0].editings;
    struct screen s;
    load(w, &s, 0);
    vl_instant begun = request_instant();
    type(w, &s, 0, 0, "bon", false);
    type(w, &s, 3, 0, "soir", false);
    assert_false(s.saved);
    assert_minutes(w, 0, "");
    editings_tick(all, begun); /* not yet */
    assert_minutes(w, 0, "");
    editings_tick(all, (vl_instant){request_instant().ms + EDITING_QUIET_MS});
    assert_minutes(w, 0, "bonsoir");
    post(w, &s, "", false);
    assert_true(s.saved);
    assert_string_equal(s.text, "bonsoir");
}

/* Who types on and on is written all the same. */
static void test_typing_is_written_while_it_goes_on(void **state)
{
    struct api_world *w = *state;
    struct editings *all = w->apis[0].editings;
    struct editing *e;
    struct screen s;
    struct vl_record_id id;
    load(w, &s, 0);
    type(w, &s, 0, 0, "x", false);
    assert_int_equal(record_id_parse(meeting, &id), VL_OK);
    const struct caller caller = {.session = 0};
    const struct request rq = {.api = &w->apis[0], .caller = &caller};
    e = editings_find(all, &rq, &w->circles[0], &id, s.version);
    assert_non_null(e);
    const vl_instant first = e->first;
    for (uint64_t ms = 100; ms < EDITING_LONGEST_MS; ms += 100) {
        editings_typed(all, e, (vl_instant){first.ms + ms});
        editings_tick(all, (vl_instant){first.ms + ms});
        assert_minutes(w, 0, "");
    }
    editings_tick(all, (vl_instant){first.ms + EDITING_LONGEST_MS});
    assert_minutes(w, 0, "x");
}

static void test_much_is_written_at_once(void **state)
{
    struct api_world *w = *state;
    struct screen s;
    char text[EDITING_BYTES_MAX + 64] = "";
    char body[sizeof text + 256];
    for (size_t more = 0; more < 2; more++) {
        load(w, &s, 0);
        memset(text, 'm', EDITING_BYTES_MAX - 1 + more);
        text[EDITING_BYTES_MAX - 1 + more] = '\0';
        snprintf(body, sizeof body, "{\"base\":\"%s\",\"operations\":[{\"insert\":\"%s\"}]}",
                 s.version, text);
        struct json *answer = api_world_ask(w, 0, "POST", route("/edits"), body);
        assert_int_equal(json_flag(answer, "saved"), more == 1);
        json_destroy(answer);
    }
}

static void test_closing_writes_what_waits(void **state)
{
    struct api_world *w = *state;
    struct screen s;
    load(w, &s, 0);
    type(w, &s, 0, 0, "presque perdu", false);
    editings_close(w->apis[0].editings);
    assert_minutes(w, 0, "presque perdu");
}

static void test_more_screens_than_there_is_room_for(void **state)
{
    struct api_world *w = *state;
    struct screen first, other;
    struct json *answer;
    char body[128];
    load(w, &first, 0);
    type(w, &first, 0, 0, "gardé", false);
    for (size_t i = 0; i < EDITINGS_MAX; i++)
        load(w, &other, 0);
    assert_minutes(w, 0, "gardé");
    snprintf(body, sizeof body, "{\"base\":\"%s\"}", first.version);
    assert_int_equal(api_world_send(w, 0, "POST", route("/edits"), body, &answer), 409);
    assert_string_equal(json_text(answer, "field"), "base");
    json_destroy(answer);
}

/* ---- what is refused ---- */

static void test_bad_edits_change_nothing(void **state)
{
    struct api_world *w = *state;
    static const struct {
        const char *members, *error, *field;
    } cases[] = {
        {"\"operations\":7", "INVALID", "operations"},
        {"\"operations\":[7]", "INVALID", "operations"},
        {"\"operations\":[{\"at\":-1}]", "INVALID", "at"},
        {"\"operations\":[{\"at\":\"1\"}]", "INVALID", "at"},
        {"\"operations\":[{\"delete\":1.5}]", "INVALID", "delete"},
        {"\"operations\":[{\"insert\":7}]", "INVALID", "insert"},
        {"\"operations\":[{\"insert\":\"\\u0001\"}]", "UTF8", "insert"},
        {"\"operations\":[{\"wo\":1}]", "INVALID", "operations"},
        {"\"operations\":[{\"at\":0,\"insert\":\"z\"},{\"at\":9}]", "INVALID", "at"},
        {"\"operations\":[{\"at\":0,\"delete\":4}]", "INVALID", "at"},
        {"\"save\":1", "INVALID", "save"},
        {"\"force\":true", "INVALID", "force"},
    };
    struct screen s;
    struct json *answer;
    load(w, &s, 0);
    type(w, &s, 0, 0, "abc", true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512];
        snprintf(body, sizeof body, "{\"base\":\"%s\",%s}", s.version, cases[i].members);
        (void)api_world_send(w, 0, "POST", route("/edits"), body, &answer);
        if (strcmp(json_text(answer, "error"), cases[i].error) != 0 ||
            strcmp(json_text(answer, "field"), cases[i].field) != 0)
            fail_msg("%s: %s %s", cases[i].members, json_text(answer, "error"),
                     json_text(answer, "field"));
        json_destroy(answer);
    }
    char body[8192] = "";
    size_t at =
        (size_t)snprintf(body, sizeof body, "{\"base\":\"%s\",\"operations\":[{}", s.version);
    for (size_t i = 0; i < 256; i++)
        at += (size_t)snprintf(body + at, sizeof body - at, ",{}");
    snprintf(body + at, sizeof body - at, "]}");
    assert_int_equal(api_world_send(w, 0, "POST", route("/edits"), body, &answer), 400);
    assert_string_equal(json_text(answer, "error"), "LIMIT");
    json_destroy(answer);
    post(w, &s, "", true);
    assert_string_equal(s.text, "abc");
    assert_minutes(w, 0, "abc");
}

/* An edit whose answer was lost is not done a second time. */
static void test_an_older_version_is_refused(void **state)
{
    struct api_world *w = *state;
    struct screen s, before;
    struct json *answer;
    char body[256];
    load(w, &s, 0);
    before = s;
    type(w, &s, 0, 0, "une fois", true);
    static const char *const bases[] = {NULL, "", "9-9", "x"};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        snprintf(body, sizeof body, "{\"base\":\"%s\",\"operations\":[{\"insert\":\"deux\"}]}",
                 bases[i] == NULL ? before.version : bases[i]);
        assert_int_equal(api_world_send(w, 0, "POST", route("/edits"), body, &answer), 409);
        assert_string_equal(json_text(answer, "error"), "STATE");
        json_destroy(answer);
    }
    assert_minutes(w, 0, "une fois");
}

/* ---- together ---- */

static void test_three_write_at_once(void **state)
{
    struct api_world *w = *state;
    struct screen screens[3];
    struct seeded random;
    static const char *const words[] = {"a", "bc", "def ", "mots ", "x"};
    seeded_init(&random, 11, 0);
    for (size_t i = 0; i < 3; i++)
        load(w, &screens[i], i);
    for (int step = 0; step < 300; step++) {
        struct screen *s = &screens[seeded_below(&random, 3)];
        size_t size = strlen(s->text), at = (size_t)seeded_below(&random, size + 1), gone = 0;
        if (size - at > 0 && seeded_below(&random, 3) == 0)
            gone = 1 + (size_t)seeded_below(&random, size - at < 4 ? size - at : 4);
        type(w, s, at, gone, words[seeded_below(&random, 5)], seeded_below(&random, 4) == 0);
        if (seeded_below(&random, 3) == 0)
            circle_fixture_pull(w->fixture, s->who, (size_t)seeded_below(&random, 3));
    }
    for (size_t i = 0; i < 3; i++)
        post(w, &screens[i], "", true);
    circle_fixture_sync_all(w->fixture);
    for (size_t i = 0; i < 3; i++) {
        post(w, &screens[i], "", false);
        assert_true(screens[i].saved);
        assert_minutes(w, i, screens[i].text);
        assert_string_equal(screens[i].text, screens[0].text);
    }
    assert_true(circle_fixture_agree(w->fixture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_typing_is_written_after_a_pause, setup, teardown),
        cmocka_unit_test_setup_teardown(test_typing_is_written_while_it_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_much_is_written_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closing_writes_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_screens_than_there_is_room_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_edits_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_older_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_three_write_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
