/* The routes of records: every type of the schema through the same ones. */
#include "circle/listing.h"
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static uint64_t seed = 70;
    *state = api_world_create(seed++);
    return 0;
}

static int teardown(void **state)
{
    api_world_destroy(*state);
    return 0;
}

/* The id of what a POST made; its values live until the next call. */
static const char *make(struct api_world *w, size_t as, const char *plural, const char *body)
{
    static char ids[4][RECORD_ID_TEXT_SIZE];
    static unsigned at;
    struct json *answer = api_world_ask(w, as, "POST", plural, body);
    char *id = ids[at++ % 4];
    snprintf(id, RECORD_ID_TEXT_SIZE, "%s", json_text(answer, "id"));
    assert_int_equal(strlen(id), 32);
    json_destroy(answer);
    return id;
}

static void refuses(struct api_world *w, size_t as, const char *method, const char *path,
                    const char *body, const char *error, const char *field)
{
    struct json *answer;
    unsigned status = api_world_send(w, as, method, path, body, &answer);
    if (status < 400 || strcmp(json_text(answer, "error"), error) != 0 ||
        strcmp(json_text(answer, "field"), field) != 0)
        fail_msg("%s %s %s: %u %s %s", method, path, body, status, json_text(answer, "error"),
                 json_text(answer, "field"));
    assert_true(strlen(json_text(answer, "message")) > 3);
    json_destroy(answer);
}

/* ---- every field of every type comes back as it was written ---- */

static bool is_sampled(const struct schema_field *field)
{
    bool is_audience = field->form == SCHEMA_ENUM && field->limit == CHOICES_AUDIENCE;
    bool is_agreement = field->form == SCHEMA_REFERENCE && field->limit == SCHEMA_AGREEMENT;
    return !is_audience && !is_agreement;
}

static void check_same(const struct json *said, const struct json *told, const char *name)
{
    if (json_sort_of(said) != json_sort_of(told)) fail_msg("%s is of another sort", name);
    if (json_sort_of(said) == JSON_ARRAY || json_sort_of(said) == JSON_OBJECT) {
        assert_int_equal(json_count(said), json_count(told));
        for (size_t i = 0; i < json_count(said); i++)
            check_same(json_item(said, i), json_item(told, i), name);
        return;
    }
    int64_t one = 0, two = 0;
    assert_string_equal(json_text_of(said), json_text_of(told));
    assert_true(json_integer_of(said, &one) == json_integer_of(told, &two) && one == two);
    assert_true(json_flag_of(said) == json_flag_of(told));
}

static void check_type(struct api_world *w, const struct schema_record *schema, const char *meeting,
                       const char *part)
{
    char body[4096] = "{", value[512], path[128];
    struct json *said, *told;
    size_t at = 1;
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct schema_field *field = &schema->fields[i];
        bool is_many = field->kind == VL_FIELD_SET || field->kind == VL_FIELD_LIST;
        if (!is_sampled(field)) continue;
        api_world_sample(w, field, meeting, part, value, sizeof value);
        at += (size_t)snprintf(body + at, sizeof body - at, "%s\"%s\":%s%s%s", at > 1 ? "," : "",
                               field->name, is_many ? "[" : "", value, is_many ? "]" : "");
    }
    snprintf(body + at, sizeof body - at, "}");
    assert_int_equal(json_parse(vl_bytes_text(body), &said), VL_OK);
    told = api_world_ask(w, 0, "POST", schema->plural, body);
    snprintf(path, sizeof path, "%s/%s", schema->plural, json_text(told, "id"));
    json_destroy(told);
    told = api_world_ask(w, 0, "GET", path, NULL);
    assert_string_equal(json_text(told, "type"), schema->name);
    vl_id_text(&w->fixture->nodes[0].person, value);
    assert_string_equal(json_text(told, "author"), value);
    assert_int_equal(json_count(json_member(told, "conflicts")), 0);
    for (size_t i = 0; i < json_count(said); i++)
        check_same(json_item(said, i), json_member(told, json_item_name(said, i)),
                   json_item_name(said, i));
    json_destroy(said);
    json_destroy(told);
}

static void test_every_field_comes_back(void **state)
{
    struct api_world *w = *state;
    char body[128];
    const char *meeting = make(w, 0, "meetings", "{\"title\":\"x\"}");
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"title\":\"y\"}", meeting);
    const char *part = make(w, 0, "parts", body);
    for (size_t i = 0; schema_record_at(i) != NULL; i++)
        check_type(w, schema_record_at(i), meeting, part);
}

/* Names that every record has beside its fields. */
static void test_fields_have_names_of_their_own(void **state)
{
    static const char *const taken[] = {"id",   "circle",   "type",      "author",   "by",
                                        "at",   "conflict", "conflicts", "blocked",  "hidden",
                                        "next", "max",      "after",     "backward", "ask"};
    (void)state;
    for (size_t i = 0; schema_record_at(i) != NULL; i++)
        for (size_t k = 0; k < sizeof taken / sizeof *taken; k++)
            assert_null(schema_field_named(schema_record_at(i)->type, taken[k]));
}

/* ---- changing ---- */

static void test_changes_in_part_and_whole(void **state)
{
    struct api_world *w = *state;
    char path[128];
    struct json *answer;
    snprintf(path, sizeof path, "meetings/%s",
             make(w, 0, "meetings",
                  "{\"title\":\"Mars\",\"place\":\"Ici\",\"seats\":[\"Awa\",\"Zoe\",\"Awa\"],"
                  "\"agenda\":[\"a\",\"b\"],\"minutes\":\"Un.\"}"));
    answer = api_world_ask(w, 1, "GET", "meetings", NULL);
    assert_int_equal(json_count(json_member(answer, "meetings")), 0); /* not there yet */
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    json_destroy(api_world_ask(w, 1, "PATCH", path,
                               "{\"place\":null,\"seats\":{\"add\":[\"Bea\"],\"remove\":[\"Awa\"]},"
                               "\"agenda\":{\"append\":[\"c\",\"d\"]},"
                               "\"minutes\":{\"append\":\" Deux.\"}}"));
    answer = api_world_ask(w, 1, "GET", path, NULL);
    assert_string_equal(json_text(answer, "title"), "Mars");
    assert_int_equal(json_sort_of(json_member(answer, "place")), JSON_NULL);
    assert_int_equal(json_count(json_member(answer, "seats")), 2);
    assert_string_equal(json_item_text(json_member(answer, "seats"), 0), "Bea");
    assert_int_equal(json_count(json_member(answer, "agenda")), 4);
    assert_string_equal(json_item_text(json_member(answer, "agenda"), 3), "d");
    assert_string_equal(json_text(answer, "minutes"), "Un. Deux.");
    json_destroy(answer);
    answer = api_world_ask(w, 1, "PATCH", path, "{\"seats\":[\"Zoe\",\"Ida\"],\"agenda\":[\"d\"]}");
    assert_int_equal(json_count(json_member(answer, "seats")), 2);
    assert_string_equal(json_item_text(json_member(answer, "seats"), 0), "Ida");
    assert_int_equal(json_count(json_member(answer, "agenda")), 1);
    json_destroy(answer);
    refuses(w, 1, "PATCH", path, "{\"title\":null}", "INVALID", "title"); /* nothing is left */
    refuses(w, 1, "POST", "meetings", "{\"place\":\"Ici\"}", "INVALID", "title");
    refuses(w, 1, "POST", "shares", "{\"sort\":\"question\"}", "INVALID", "title");
    refuses(w, 1, "PATCH", "meetings/0123456789abcdef", "{\"place\":\"Ici\"}", "NOT_FOUND", "");
    json_destroy(api_world_ask(w, 1, "PATCH", path, "{\"title\":\"\",\"starts\":\"2026-03-12\"}"));
}

static void test_a_conflict_shows_both(void **state)
{
    struct api_world *w = *state;
    char path[128];
    snprintf(path, sizeof path, "meetings/%s", make(w, 0, "meetings", "{\"title\":\"Mars\"}"));
    circle_fixture_sync_all(w->fixture);
    json_destroy(api_world_ask(w, 0, "PATCH", path, "{\"state\":\"open\"}"));
    json_destroy(api_world_ask(w, 1, "PATCH", path, "{\"state\":\"cancelled\"}"));
    circle_fixture_sync_all(w->fixture);
    struct json *answer = api_world_ask(w, 2, "GET", path, NULL);
    const struct json *both = json_member(json_member(answer, "conflicts"), "state");
    assert_int_equal(json_count(both), 2);
    assert_string_equal(json_text(json_item(both, 0), "value"), json_text(answer, "state"));
    assert_string_not_equal(json_text(json_item(both, 0), "by"),
                            json_text(json_item(both, 1), "by"));
    json_destroy(answer);
    json_destroy(api_world_ask(w, 2, "PATCH", path, "{\"state\":\"open\"}")); /* settles it */
    answer = api_world_ask(w, 2, "GET", "meetings", NULL);
    assert_false(json_flag(json_item(json_member(answer, "meetings"), 0), "conflict"));
    json_destroy(answer);
}

/* ---- who, and for whom ---- */

static void test_replies_are_one_a_person(void **state)
{
    struct api_world *w = *state;
    char body[128], path[128], id[33];
    const char *meeting = make(w, 0, "meetings", "{\"title\":\"Mars\"}");
    circle_fixture_sync_all(w->fixture);
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"brings\":\"une tarte\"}", meeting);
    refuses(w, 1, "POST", "replies", body, "INVALID", "answer"); /* nobody would see it */
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"answer\":\"perhaps\"}", meeting);
    snprintf(id, sizeof id, "%s", make(w, 1, "replies", body));
    (void)make(w, 2, "replies", body);
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"brings\":\"une tarte\"}", meeting);
    assert_string_equal(make(w, 1, "replies", body), id); /* hers is changed */
    circle_fixture_sync_all(w->fixture);
    snprintf(path, sizeof path, "replies?meeting=%s&answer=perhaps", meeting);
    struct json *answer = api_world_ask(w, 0, "GET", path, NULL);
    assert_int_equal(json_count(json_member(answer, "replies")), 2);
    json_destroy(answer);
    snprintf(path, sizeof path, "replies/%s", id);
    refuses(w, 1, "PATCH", path, "{\"answer\":null}", "INVALID", "answer");
    refuses(w, 0, "PATCH", path, "{\"answer\":\"not\"}", "AUTHORITY", "");
    refuses(w, 1, "POST", "replies", "{\"answer\":\"not\"}", "INVALID", "meeting");
    refuses(w, 1, "POST", "replies", "{\"meeting\":\"0123456789abcdef0123456789abcdef\"}",
            "NOT_FOUND", "meeting");
}

static void test_what_is_sealed_stays_with_those_it_is_for(void **state)
{
    struct api_world *w = *state;
    char body[128], path[128], share[33];
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"kind\":\"uneasy\"}",
             make(w, 0, "meetings", "{\"title\":\"Mars\"}"));
    circle_fixture_sync_all(w->fixture);
    snprintf(path, sizeof path, "signals/%s", make(w, 2, "signals", body));
    snprintf(share, sizeof share, "%s",
             make(w, 2, "shares", "{\"title\":\"x\",\"to\":[\"Max\"],\"sort\":\"question\"}"));
    (void)make(w, 2, "shares", "{\"title\":\"y\",\"to\":[\"facilitators\"]}");
    (void)make(w, 2, "shares", "{\"title\":\"z\"}");
    circle_fixture_sync_all(w->fixture);
    json_destroy(api_world_ask(w, 0, "GET", path, NULL)); /* a facilitator */
    json_destroy(api_world_ask(w, 2, "GET", path, NULL)); /* herself */
    refuses(w, 1, "GET", path, NULL, "NOT_FOUND", "");
    static const size_t seen[API_WORLD_PERSONS] = {2, 1, 3, 2};
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        struct json *answer = api_world_ask(w, i, "GET", "shares", NULL);
        assert_int_equal(json_count(json_member(answer, "shares")), seen[i]);
        json_destroy(answer);
    }
    snprintf(path, sizeof path, "shares/%s", share);
    struct json *answer = api_world_ask(w, 3, "GET", path, NULL);
    assert_string_equal(json_text(answer, "audience"), "persons");
    json_destroy(answer);
    refuses(w, 3, "PATCH", path, "{\"title\":\"mine\"}", "AUTHORITY", "");
    refuses(w, 2, "PATCH", path, "{\"to\":[\"Ines\"]}", "INVALID", "to");
    json_destroy(api_world_ask(w, 2, "PATCH", path, "{\"title\":\"changed\"}"));
    circle_fixture_sync_all(w->fixture);
    answer = api_world_ask(w, 3, "GET", path, NULL);
    assert_string_equal(json_text(answer, "title"), "changed");
    json_destroy(answer);
    refuses(w, 2, "POST", "shares", "{\"title\":\"x\",\"to\":[]}", "INVALID", "to");
    refuses(w, 2, "POST", "shares", "{\"title\":\"x\",\"to\":[\"Personne\"]}", "NOT_FOUND", "to");
    refuses(w, 2, "POST", "shares", "{\"title\":\"x\",\"audience\":\"circle\"}", "INVALID",
            "audience");
}

static void test_settings_are_one_record(void **state)
{
    struct api_world *w = *state;
    struct json *answer = api_world_ask(w, 0, "POST", "settings",
                                        "{\"name\":\"Jeudi\",\"rotation\":[\"Nadia\",\"Ines\"]}");
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    refuses(w, 1, "PATCH", "settings", "{\"voice_shown\":true}", "AUTHORITY", "");
    json_destroy(api_world_ask(w, 0, "PATCH", "settings",
                               "{\"voice_shown\":true,\"invite\":\"nobody\",\"keep_months\":24}"));
    answer = api_world_ask(w, 0, "GET", "rules", NULL);
    assert_string_equal(json_text(answer, "invite"), "nobody");
    assert_int_equal(json_integer(answer, "keep_months"), 24);
    json_destroy(answer);
    answer = api_world_ask(w, 0, "GET", "settings", NULL);
    assert_true(json_flag(answer, "voice_shown"));
    assert_int_equal(json_count(json_member(answer, "rotation")), 2);
    json_destroy(answer);
    refuses(w, 0, "PATCH", "meetings", "{\"title\":\"x\"}", "INVALID", "id");
}

static void test_a_moment_stays_as_it_is(void **state)
{
    struct api_world *w = *state;
    char body[256], path[128];
    snprintf(body, sizeof body,
             "{\"meeting\":\"%s\",\"kind\":\"round\",\"order\":[\"Lou\",{\"seat\":\"Awa\"}]}",
             make(w, 0, "meetings", "{\"title\":\"Mars\"}"));
    snprintf(path, sizeof path, "moments/%s", make(w, 0, "moments", body));
    refuses(w, 0, "PATCH", path, "{\"kind\":\"close\"}", "AUTHORITY", "");
}

static void test_erasing(void **state)
{
    struct api_world *w = *state;
    char body[128], path[128], ask[160];
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"text\":\"On se revoit\"}",
             make(w, 0, "meetings", "{\"title\":\"Mars\"}"));
    circle_fixture_sync_all(w->fixture);
    snprintf(path, sizeof path, "decisions/%s", make(w, 1, "decisions", body));
    snprintf(ask, sizeof ask, "%s?ask=yes", path);
    struct json *answer = api_world_ask(w, 1, "DELETE", ask, NULL);
    assert_int_equal(json_integer(answer, "entries"), 1);
    assert_false(json_flag(answer, "done"));
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    refuses(w, 2, "DELETE", path, NULL, "AUTHORITY", "id");
    answer = api_world_ask(w, 1, "DELETE", path, NULL);
    assert_true(json_flag(answer, "done"));
    assert_string_equal(json_text(answer, "kind"), "decision");
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        refuses(w, i, "GET", path, NULL, "NOT_FOUND", "");
        answer = api_world_ask(w, i, "GET", "decisions", NULL);
        assert_int_equal(json_count(json_member(answer, "decisions")), 0);
        json_destroy(answer);
    }
}

/* ---- lists ---- */

static size_t page(struct api_world *w, const char *path, char *next, char *titles, size_t size)
{
    struct json *answer = api_world_ask(w, 0, "GET", path, NULL);
    const struct json *list = json_member(answer, "meetings");
    size_t count = json_count(list);
    for (size_t i = 0; i < count; i++) {
        strncat(titles, json_text(json_item(list, i), "title"), size - strlen(titles) - 1);
        assert_null(json_member(json_item(list, i), "minutes"));
    }
    snprintf(next, LISTING_PLACE_SIZE, "%s", json_text(answer, "next"));
    json_destroy(answer);
    return count;
}

/* Every size of page gives the same list, both ways. */
static void test_pages_of_a_list(void **state)
{
    struct api_world *w = *state;
    static const char *const starts[] = {"2026-03-12", "2026-03-12T19:30", "2025-01-02", "",
                                         "2026-03-12"};
    char body[128], path[256], next[LISTING_PLACE_SIZE], forth[64] = "", back[64] = "";
    for (size_t i = 0; i < 5; i++) {
        snprintf(body, sizeof body, "{\"title\":\"%c\",\"starts\":\"%s\"}", 'a' + (char)i,
                 starts[i]);
        (void)make(w, 0, "meetings", body);
    }
    assert_int_equal(page(w, "meetings", next, forth, sizeof forth), 5);
    assert_true(strncmp(forth, "dc", 2) == 0 && forth[4] == 'b');
    assert_int_equal(page(w, "meetings?backward=yes", next, back, sizeof back), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(back[i], forth[4 - i]);
    for (size_t max = 1; max <= 5; max++) {
        char titles[64] = "";
        next[0] = 0;
        for (size_t got = 0, turn = 0; got < 5 && turn < 6; turn++) {
            snprintf(path, sizeof path, "meetings?max=%zu%s%s", max, turn > 0 ? "&after=" : "",
                     next);
            got += page(w, path, next, titles, sizeof titles);
            assert_int_equal(next[0] == 0, got == 5);
        }
        assert_string_equal(titles, forth);
    }
    char later[64] = "", earlier[64] = "";
    assert_int_equal(page(w, "meetings?after=2026-03-12", next, later, sizeof later), 3);
    assert_string_equal(later, forth + 2);
    assert_int_equal(
        page(w, "meetings?backward=yes&after=2026-03-12", next, earlier, sizeof earlier), 2);
    assert_string_equal(earlier, "cd");
    refuses(w, 0, "GET", "meetings?after=x", NULL, "INVALID", "after");
    refuses(w, 0, "GET", "meetings?max=0", NULL, "INVALID", "max");
    refuses(w, 0, "GET", "meetings?max=501", NULL, "INVALID", "max");
    refuses(w, 0, "GET", "meetings?state=never", NULL, "INVALID", "state");
}

static void test_shares_are_listed_newest_first(void **state)
{
    struct api_world *w = *state;
    char path[128];
    for (char c = 'a'; c <= 'c'; c++) {
        char body[128];
        snprintf(body, sizeof body, "{\"title\":\"%c\"%s}", c, c == 'b' ? ",\"to\":[\"Lou\"]" : "");
        snprintf(path, sizeof path, "shares/%s", make(w, 0, "shares", body));
    }
    struct json *answer = api_world_ask(w, 0, "GET", "shares?max=2", NULL);
    const struct json *list = json_member(answer, "shares");
    assert_string_equal(json_text(json_item(list, 0), "title"), "c");
    assert_string_equal(json_text(json_item(list, 1), "title"), "b");
    snprintf(path, sizeof path, "shares?max=2&after=%s", json_text(answer, "next"));
    json_destroy(answer);
    answer = api_world_ask(w, 0, "GET", path, NULL);
    list = json_member(answer, "shares");
    assert_int_equal(json_count(list), 1);
    assert_string_equal(json_text(json_item(list, 0), "title"), "a");
    assert_string_equal(json_text(answer, "next"), "");
    json_destroy(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_field_comes_back, setup, teardown),
        cmocka_unit_test(test_fields_have_names_of_their_own),
        cmocka_unit_test_setup_teardown(test_changes_in_part_and_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_conflict_shows_both, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replies_are_one_a_person, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_sealed_stays_with_those_it_is_for, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_settings_are_one_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_moment_stays_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erasing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages_of_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shares_are_listed_newest_first, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
