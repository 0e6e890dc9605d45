/* What is kept of a meeting: layers, closing, what is due, whose devices have confirmed. */
#include "circle/meeting.h"
#include "circle/retention.h"
#include "tests/support/api_world.h"
#include "tests/support/written_record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <veillee/value.h>

#include <cmocka.h>

static int setup(void **state)
{
    static uint64_t seed = 700;
    *state = api_world_create(seed++);
    return 0;
}

static int teardown(void **state)
{
    api_world_destroy(*state);
    return 0;
}

/* The id of what a POST made; its values live until the fourth next call. */
__attribute__((format(printf, 4, 5))) static const char *make(struct api_world *w, size_t as,
                                                              const char *plural, const char *form,
                                                              ...)
{
    static char ids[4][RECORD_ID_TEXT_SIZE];
    static unsigned at;
    char body[1024];
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(body, sizeof body, form, arguments);
    va_end(arguments);
    struct json *answer = api_world_ask(w, as, "POST", plural, body);
    char *id = ids[at++ % 4];
    snprintf(id, RECORD_ID_TEXT_SIZE, "%s", json_text(answer, "id"));
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    return id;
}

/* What a meeting's route says; to be destroyed. */
static struct json *of_meeting(struct api_world *w, size_t as, const char *method,
                               const char *meeting, const char *rest, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, "meetings/%s/%s", meeting, rest);
    return api_world_ask(w, as, method, path, body);
}

static void refuses(struct api_world *w, size_t as, const char *method, const char *path,
                    const char *body, const char *error, const char *field)
{
    struct json *answer;
    (void)api_world_send(w, as, method, path, body, &answer);
    assert_string_equal(json_text(answer, "error"), error);
    assert_string_equal(json_text(answer, "field"), field);
    assert_true(strlen(json_text(answer, "message")) > 10);
    json_destroy(answer);
}

static bool is_there(struct api_world *w, size_t as, const char *plural, const char *id)
{
    char path[128];
    struct json *answer;
    snprintf(path, sizeof path, "%s/%s", plural, id);
    unsigned status = api_world_send(w, as, "GET", path, NULL, &answer);
    json_destroy(answer);
    assert_true(status == 200 || status == 404);
    return status == 200;
}

static const struct json *layer_of(const struct json *closing, const char *name)
{
    return json_member(json_member(closing, "layers"), name);
}

static bool has_record(const struct json *list, const char *what, const char *id, bool mine)
{
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *item = json_item(list, i);
        if (strcmp(json_text(item, "what"), what) == 0 && strcmp(json_text(item, "id"), id) == 0 &&
            json_flag(item, "mine") == mine)
            return true;
    }
    return false;
}

/* ---- an evening ---- */

struct evening {
    char meeting[RECORD_ID_TEXT_SIZE], gone[RECORD_ID_TEXT_SIZE], stays[RECORD_ID_TEXT_SIZE],
        months[RECORD_ID_TEXT_SIZE], decision[RECORD_ID_TEXT_SIZE];
};

static void keep_id(char out[static RECORD_ID_TEXT_SIZE], const char *id)
{
    memcpy(out, id, RECORD_ID_TEXT_SIZE);
}

static struct evening an_evening(struct api_world *w)
{
    struct evening e;
    keep_id(e.meeting, make(w, 0, "meetings",
                            "{\"title\":\"Jeudi soir\",\"state\":\"open\",\"keep\":\"closing\","
                            "\"minutes\":\"le compte rendu\"}"));
    keep_id(e.gone,
            make(w, 1, "shares", "{\"text\":\"le mot\",\"meeting\":\"%s\",\"keep\":\"closing\"}",
                 e.meeting));
    keep_id(e.stays, make(w, 2, "shares", "{\"text\":\"reste\",\"meeting\":\"%s\"}", e.meeting));
    keep_id(e.months, make(w, 1, "shares",
                           "{\"text\":\"un an\",\"meeting\":\"%s\",\"keep\":\"months\","
                           "\"keep_months\":12}",
                           e.meeting));
    keep_id(e.decision,
            make(w, 2, "decisions", "{\"text\":\"on garde\",\"meeting\":\"%s\",\"keep\":\"kept\"}",
                 e.meeting));
    make(w, 1, "moments", "{\"meeting\":\"%s\",\"kind\":\"open\"}", e.meeting);
    make(w, 1, "moments", "{\"meeting\":\"%s\",\"kind\":\"arrive\"}", e.meeting);
    make(w, 1, "signals", "{\"meeting\":\"%s\",\"kind\":\"break\"}", e.meeting);
    return e;
}

static void test_what_was_written_stands_by_its_layer(void **state)
{
    struct api_world *w = *state;
    struct evening e = an_evening(w);
    struct json *closing = of_meeting(w, 1, "GET", e.meeting, "closing", NULL);
    const struct json *first = layer_of(closing, "closing");
    assert_false(json_flag(closing, "may_close"));
    assert_int_equal(json_count(json_member(first, "records")), 2);
    assert_true(has_record(json_member(first, "records"), "minutes", e.meeting, false));
    assert_true(has_record(json_member(first, "records"), "share", e.gone, true));
    assert_int_equal(json_integer(first, "moments"), 1);
    assert_int_equal(json_integer(first, "signals"), 1); /* her own: she reads it */
    first = json_member(layer_of(closing, "months"), "records");
    assert_int_equal(json_count(first), 1);
    assert_int_equal(json_integer(json_item(first, 0), "keep_months"), 12);
    first = json_member(layer_of(closing, "kept"), "records");
    assert_int_equal(json_count(first), 2);
    assert_true(has_record(first, "share", e.stays, false));
    assert_true(has_record(first, "decision", e.decision, false));
    json_destroy(closing);
    closing = of_meeting(w, 2, "GET", e.meeting, "closing", NULL);
    assert_int_equal(json_integer(layer_of(closing, "closing"), "signals"), 0);
    json_destroy(closing);
}

static void test_only_who_wrote_it_moves_it(void **state)
{
    struct api_world *w = *state;
    struct evening e = an_evening(w);
    char path[128];
    snprintf(path, sizeof path, "decisions/%s", e.decision);
    refuses(w, 0, "PATCH", path, "{\"keep\":\"closing\"}", "AUTHORITY", "keep");
    json_destroy(api_world_ask(w, 0, "PATCH", path, "{\"text\":\"on garde tout\"}"));
    snprintf(path, sizeof path, "shares/%s", e.stays);
    struct json *answer;
    assert_int_equal(api_world_send(w, 0, "PATCH", path, "{\"keep\":\"closing\"}", &answer), 403);
    json_destroy(answer);
    json_destroy(api_world_ask(w, 2, "PATCH", path, "{\"keep\":\"closing\"}"));
    circle_fixture_sync_all(w->fixture);
    answer = of_meeting(w, 0, "GET", e.meeting, "closing", NULL);
    assert_true(json_flag(answer, "may_close"));
    assert_true(
        has_record(json_member(layer_of(answer, "closing"), "records"), "share", e.stays, false));
    assert_true(has_record(json_member(layer_of(answer, "kept"), "records"), "decision", e.decision,
                           false));
    json_destroy(answer);
}

/* What another program writes on her decision is left out. */
static void test_a_layer_by_somebody_else_is_not_read(void **state)
{
    struct api_world *w = *state;
    struct evening e = an_evening(w);
    struct vl_record_id id;
    struct vl_buffer value = {0};
    struct vl_id entry;
    const struct vl_value closing = {.tag = VL_VALUE_INTEGER, .integer = KEEP_CLOSING};
    assert_int_equal(record_id_parse(e.decision, &id), VL_OK);
    assert_int_equal(vl_value_encode(&closing, &value), VL_OK);
    struct vl_operation set = {.type = SCHEMA_DECISION,
                               .record = id,
                               .field = DECISION_KEEP,
                               .opcode = VL_OP_REGISTER_SET,
                               .value = vl_buffer_view(&value)};
    assert_int_equal(
        vl_replica_write(w->fixture->nodes[3].replica, &set, 1, w->fixture->now, &entry), VL_OK);
    vl_buffer_finish(&value);
    circle_fixture_sync_all(w->fixture);
    json_destroy(of_meeting(w, 0, "POST", e.meeting, "close", "{}"));
    assert_true(is_there(w, 0, "decisions", e.decision));
}

static void test_closing_erases_what_goes(void **state)
{
    struct api_world *w = *state;
    struct evening e = an_evening(w);
    char path[128];
    snprintf(path, sizeof path, "shares/%s", e.gone); /* an older version lies in another entry */
    json_destroy(api_world_ask(w, 1, "PATCH", path, "{\"text\":\"le mot, mieux dit\"}"));
    circle_fixture_sync_all(w->fixture);
    snprintf(path, sizeof path, "meetings/%s/close", e.meeting);
    refuses(w, 1, "POST", path, "{}", "AUTHORITY", "");
    refuses(w, 1, "POST", path, "{\"ask\":true}", "AUTHORITY", "");
    refuses(w, 0, "POST", path, "{\"when\":1}", "INVALID", "when");
    struct json *answer = of_meeting(w, 0, "POST", e.meeting, "close", "{\"ask\":true}");
    assert_false(json_flag(answer, "done"));
    assert_int_equal(json_integer(answer, "entries"), 5); /* share 2, minutes, moment, signal */
    json_destroy(answer);
    assert_true(is_there(w, 0, "shares", e.gone));
    answer = of_meeting(w, 0, "POST", e.meeting, "close", "{}");
    assert_true(json_flag(answer, "done"));
    assert_int_equal(json_integer(answer, "entries"), 5);
    assert_int_equal(json_integer(answer, "tombstones"), 1);
    assert_int_equal(json_integer(answer, "mixed"), 0);
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        assert_false(is_there(w, i, "shares", e.gone));
        assert_true(is_there(w, i, "shares", e.stays));
        assert_true(is_there(w, i, "shares", e.months));
        snprintf(path, sizeof path, "meetings/%s", e.meeting);
        answer = api_world_ask(w, i, "GET", path, NULL);
        assert_string_equal(json_text(answer, "title"), "Jeudi soir");
        assert_string_equal(json_text(answer, "state"), "closed");
        assert_string_equal(json_text(answer, "minutes"), "");
        json_destroy(answer);
    }
    answer = api_world_ask(w, 0, "GET", "moments", NULL);
    const struct json *moments = json_member(answer, "moments");
    assert_int_equal(json_count(moments), 2);
    assert_string_equal(json_text(json_item(moments, 0), "kind"), "open");
    assert_string_equal(json_text(json_item(moments, 1), "kind"), "close");
    json_destroy(answer);
    answer = of_meeting(w, 3, "GET", e.meeting, "live", NULL);
    assert_string_equal(json_text(answer, "state"), "closed");
    json_destroy(answer);
    assert_true(circle_fixture_agree(w->fixture));
    answer = of_meeting(w, 0, "POST", e.meeting, "close", "{}"); /* again: nothing is left */
    assert_int_equal(json_integer(answer, "entries"), 0);
    json_destroy(answer);
}

static void test_a_cancelled_meeting_is_not_closed(void **state)
{
    struct api_world *w = *state;
    char path[128];
    const char *id = make(w, 0, "meetings", "{\"title\":\"x\",\"state\":\"cancelled\"}");
    snprintf(path, sizeof path, "meetings/%s/close", id);
    refuses(w, 0, "POST", path, "{}", "STATE", "");
}

/* An entry of another program that also holds what stays is left, and counted. */
static void test_an_entry_that_holds_more_stays(void **state)
{
    struct api_world *w = *state;
    struct evening e = an_evening(w);
    struct vl_record_id gone, stays;
    struct vl_buffer value = {0};
    struct vl_id entry;
    const struct vl_value text = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text("deux")};
    assert_int_equal(record_id_parse(e.gone, &gone), VL_OK);
    assert_int_equal(record_id_parse(e.months, &stays), VL_OK);
    assert_int_equal(vl_value_encode(&text, &value), VL_OK);
    struct vl_operation sets[2] = {{.type = SCHEMA_SHARE,
                                    .record = gone,
                                    .field = SHARE_TITLE,
                                    .opcode = VL_OP_REGISTER_SET,
                                    .value = vl_buffer_view(&value)}};
    sets[1] = sets[0];
    sets[1].record = stays;
    assert_int_equal(
        vl_replica_write(w->fixture->nodes[1].replica, sets, 2, w->fixture->now, &entry), VL_OK);
    vl_buffer_finish(&value);
    circle_fixture_sync_all(w->fixture);
    struct json *answer = of_meeting(w, 0, "POST", e.meeting, "close", "{}");
    assert_int_equal(json_integer(answer, "mixed"), 1);
    assert_int_equal(json_integer(answer, "entries"), 4);
    json_destroy(answer);
}

/* ---- due ---- */

static struct json *due_of(struct api_world *w, size_t as)
{
    struct json *answer = api_world_ask(w, as, "GET", "due?after=shares:", NULL);
    return answer;
}

static void test_what_comes_after_the_closing_is_due(void **state)
{
    struct api_world *w = *state;
    struct evening e = an_evening(w);
    char body[128], path[64], id[RECORD_ID_TEXT_SIZE];
    snprintf(body, sizeof body, "{\"text\":\"en retard\",\"meeting\":\"%s\"}", e.meeting);
    struct json *answer = api_world_ask(w, 3, "POST", "shares", body); /* apart from the others */
    keep_id(id, json_text(answer, "id"));
    json_destroy(answer);
    snprintf(path, sizeof path, "shares/%s", id);
    json_destroy(api_world_ask(w, 3, "PATCH", path, "{\"keep\":\"closing\"}"));
    json_destroy(of_meeting(w, 0, "POST", e.meeting, "close", "{}"));
    circle_fixture_sync_all(w->fixture);
    assert_true(is_there(w, 0, "shares", id));
    answer = due_of(w, 0);
    assert_int_equal(json_count(json_member(answer, "due")), 1);
    assert_true(has_record(json_member(answer, "due"), "share", id, false));
    json_destroy(answer);
    /* Somebody else's is not hers to erase, nor is anything of it lost. */
    answer = api_world_ask(w, 2, "POST", "due/erase", "{\"after\":\"shares:\"}");
    assert_int_equal(json_integer(answer, "entries"), 0);
    assert_int_equal(json_integer(answer, "others"), 2);
    json_destroy(answer);
    answer = api_world_ask(w, 3, "POST", "due/erase", "{\"after\":\"shares:\"}");
    assert_int_equal(json_integer(answer, "entries"), 2);
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    assert_false(is_there(w, 0, "shares", id));
}

/* By the author's clock: the fixture's entries are of its own time, the API's of the machine's. */
static void test_months_are_counted_by_the_authors_clock(void **state)
{
    struct api_world *w = *state;
    const struct vl_value layer = {.tag = VL_VALUE_INTEGER, .integer = KEEP_MONTHS};
    const struct vl_value months = {.tag = VL_VALUE_INTEGER, .integer = 1};
    const vl_wall written = {1769817600000}; /* 2026-01-31: a month later is 2026-02-28 */
    const int64_t due_at = 1772236800000;
    struct vl_replica *r = w->fixture->nodes[0].replica;
    struct retention_page page;
    struct vl_record_id id;
    const struct written *fields =
        WRITTEN({SHARE_TEXT, .text = "un mois"}, {SHARE_KEEP, .value = &layer},
                {SHARE_KEEP_MONTHS, .value = &months});
    assert_int_equal(written_new(r, SCHEMA_SHARE, fields, written, &id, NULL), VL_OK);
    for (int64_t step = -1; step <= 1; step++) {
        assert_int_equal(retention_due(r, (vl_wall){due_at + step}, "shares:", &page), VL_OK);
        assert_int_equal(page.due.count, step < 0 ? 0 : 1);
        assert_string_equal(page.next, "decisions:");
        retention_finish(&page.due);
    }
    assert_int_equal(retention_due(r, (vl_wall){due_at}, NULL, &page), VL_OK);
    assert_string_equal(page.next, "shares:");
    assert_int_equal(page.due.count, 0);
    retention_finish(&page.due);
    assert_int_equal(retention_due(r, (vl_wall){due_at}, "decisions:", &page), VL_OK);
    assert_string_equal(page.next, "");
    retention_finish(&page.due);
    static const char *const bad[] = {"", "x", "profiles:", "shares", "shares:x", "meetings:7"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(retention_due(r, (vl_wall){due_at}, bad[i], &page), VL_ERR_INVALID);
    refuses(w, 0, "GET", "due?after=x", NULL, "INVALID", "after");
    refuses(w, 0, "POST", "due/erase", "{\"after\":\"x\"}", "INVALID", "after");
}

/* ---- the layer is chosen at writing ---- */

static void test_the_rules_say_it_for_who_does_not_choose(void **state)
{
    struct api_world *w = *state;
    const char *meeting = make(w, 0, "meetings", "{\"title\":\"x\"}");
    const char *before = make(w, 0, "shares", "{\"text\":\"y\",\"meeting\":\"%s\"}", meeting);
    refuses(w, 0, "POST", "shares", "{\"text\":\"y\",\"keep\":\"months\"}", "INVALID",
            "keep_months");
    json_destroy(api_world_ask(w, 0, "PATCH", "rules", "{\"keep_months\":6}"));
    char path[128];
    snprintf(path, sizeof path, "shares/%s", before);
    struct json *answer = api_world_ask(w, 0, "GET", path, NULL);
    assert_int_equal(json_sort_of(json_member(answer, "keep")), JSON_NULL);
    json_destroy(answer);
    static const struct {
        const char *plural, *body, *keep;
        int64_t months;
    } cases[] = {
        {"shares", "{\"text\":\"y\"}", "months", 6},
        {"shares", "{\"text\":\"y\",\"keep\":\"months\"}", "months", 6},
        {"shares", "{\"text\":\"y\",\"keep\":\"months\",\"keep_months\":2}", "months", 2},
        {"shares", "{\"text\":\"y\",\"keep\":\"kept\"}", "kept", 0},
        {"meetings", "{\"title\":\"y\"}", "months", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer = api_world_ask(w, 0, "POST", cases[i].plural, cases[i].body);
        assert_string_equal(json_text(answer, "keep"), cases[i].keep);
        assert_int_equal(json_integer(answer, "keep_months"), cases[i].months);
        json_destroy(answer);
    }
}

/* ---- who has confirmed ---- */

static void test_devices_confirm(void **state)
{
    struct api_world *w = *state;
    struct evening e = an_evening(w);
    json_destroy(of_meeting(w, 0, "POST", e.meeting, "close", "{}"));
    struct json *answer = api_world_ask(w, 0, "GET", "erasure", NULL);
    const struct json *one = json_item(json_member(answer, "erasures"), 0);
    assert_int_equal(json_count(json_member(answer, "erasures")), 1);
    assert_int_equal(json_integer(one, "entries"), 4);
    assert_int_equal(json_integer(one, "current"), API_WORLD_PERSONS);
    assert_int_equal(json_integer(one, "confirmed"), 1); /* the one that was asked */
    assert_int_equal(json_count(json_member(one, "devices")), API_WORLD_PERSONS);
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    make(w, 1, "shares", "{\"text\":\"plus tard\"}"); /* her next entry confirms */
    answer = api_world_ask(w, 0, "GET", "erasure?max=1", NULL);
    one = json_item(json_member(answer, "erasures"), 0);
    assert_int_equal(json_integer(one, "confirmed"), 2);
    json_destroy(answer);
    refuses(w, 0, "GET", "erasure?max=101", NULL, "INVALID", "max");
    refuses(w, 0, "GET", "erasure?max=0", NULL, "INVALID", "max");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_written_stands_by_its_layer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_who_wrote_it_moves_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_layer_by_somebody_else_is_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closing_erases_what_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_cancelled_meeting_is_not_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_entry_that_holds_more_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_comes_after_the_closing_is_due, setup, teardown),
        cmocka_unit_test_setup_teardown(test_months_are_counted_by_the_authors_clock, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_rules_say_it_for_who_does_not_choose, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_devices_confirm, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
