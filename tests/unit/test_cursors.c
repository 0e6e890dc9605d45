/* Who else writes in the minutes, and where: what a screen says, what others' screens show. */
#include "api/cursors.h"
#include "api/events.h"
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INES, NADIA, LOU, MAX };

static struct api_world *w;
static char meeting[RECORD_ID_TEXT_SIZE];
static char base[64]; /* of the screen that was loaded or edited last */
static struct vl_cursor said;
static size_t said_count;

static void on_cursor(void *self, const struct vl_id *circle, const struct vl_cursor *cursor)
{
    assert_ptr_equal(self, w);
    assert_true(vl_id_equal(circle, &w->fixture->id));
    said = *cursor;
    said_count++;
}

static int begin(void **state)
{
    static uint64_t seed = 4100;
    (void)state;
    w = api_world_create(seed++);
    struct json *made = api_world_ask(w, INES, "POST", "meetings",
                                      "{\"title\":\"Jeudi\",\"minutes\":\"Bonjour a toutes\"}");
    snprintf(meeting, sizeof meeting, "%s", json_text(made, "id"));
    json_destroy(made);
    circle_fixture_sync_all(w->fixture);
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        w->apis[i].network.self = w;
        w->apis[i].network.cursor = on_cursor;
    }
    assert_int_equal(events_create(&w->apis[NADIA].events), VL_OK);
    said_count = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    events_destroy(w->apis[NADIA].events);
    w->apis[NADIA].events = NULL;
    api_world_destroy(w);
    return 0;
}

/* ---- screens ---- */

static struct json *load(size_t as)
{
    char path[128];
    snprintf(path, sizeof path, "meetings/%s/minutes", meeting);
    struct json *answer = api_world_ask(w, as, "GET", path, NULL);
    snprintf(base, sizeof base, "%s", json_text(answer, "version"));
    return answer;
}

/* `rest` of the body: `"operations":[...],"cursor":3`. */
static unsigned post(size_t as, const char *rest, struct json **answer)
{
    char path[128], body[512];
    snprintf(path, sizeof path, "meetings/%s/minutes/edits", meeting);
    snprintf(body, sizeof body, "{\"base\":\"%s\"%s%s}", base, rest[0] == 0 ? "" : ",", rest);
    unsigned status = api_world_send(w, as, "POST", path, body, answer);
    if (status == 200) snprintf(base, sizeof base, "%s", json_text(*answer, "version"));
    return status;
}

static struct json *edit(size_t as, const char *rest)
{
    struct json *answer;
    assert_int_equal(post(as, rest, &answer), 200);
    return answer;
}

static const struct json *only_writer(const struct json *answer)
{
    const struct json *writers = json_member(answer, "writers");
    assert_int_equal(json_count(writers), 1);
    return json_item(writers, 0);
}

static struct vl_device_info device_of(size_t who)
{
    struct vl_device_info device;
    const struct vl_device_keys *keys = w->fixture->nodes[who].keys;
    assert_int_equal(vl_replica_device(w->fixture->nodes[NADIA].replica, keys->card.sign, &device),
                     VL_OK);
    return device;
}

/* As if a session had brought it to Nadia. */
static void comes(const struct vl_device_info *device, const struct vl_cursor *cursor, uint64_t at)
{
    cursors_take(w->apis[NADIA].cursors, &w->fixture->id, device, cursor, (vl_instant){at});
}

/* Ines writes behind so many letters, and Nadia hears of it. */
static void ines_is_at(size_t letters, uint64_t at)
{
    char rest[64];
    const struct vl_device_info ines = device_of(INES);
    json_destroy(load(INES));
    snprintf(rest, sizeof rest, "\"cursor\":%zu", letters);
    json_destroy(edit(INES, rest));
    comes(&ines, &said, at);
}

/* ---- saying ---- */

static void test_a_place_is_said_by_its_unit(void **state)
{
    (void)state;
    json_destroy(load(INES));
    json_destroy(edit(INES, "\"operations\":[{\"at\":7,\"insert\":\", bonsoir\"}],\"cursor\":16,"
                            "\"save\":true"));
    assert_int_equal(said_count, 1);
    assert_int_equal(said.type, SCHEMA_MEETING);
    assert_int_equal(said.field, MEETING_MINUTES);
    assert_false(said.is_gone || said.unit.is_end);
    assert_int_equal(said.unit.offset, 8);
    json_destroy(edit(INES, "\"cursor\":0"));
    assert_true(said.unit.is_end && !said.is_gone);
    json_destroy(edit(INES, "\"cursor\":null"));
    assert_true(said.is_gone);
    json_destroy(edit(INES, "\"cursor\":25"));
    assert_int_equal(said_count, 4);
    json_destroy(edit(INES, "\"cursor\":26")); /* past its end: not told */
    json_destroy(edit(INES, ""));
    assert_int_equal(said_count, 4);
    static const char *const wrong[] = {"\"cursor\":-1", "\"cursor\":\"3\"", "\"cursor\":1.5"};
    for (size_t i = 0; i < 3; i++) {
        struct json *answer;
        assert_int_equal(post(INES, wrong[i], &answer), 400);
        assert_string_equal(json_text(answer, "field"), "cursor");
        json_destroy(answer);
    }
    assert_int_equal(said_count, 4);
}

/* ---- showing ---- */

static void test_it_stays_where_it_was_while_others_write(void **state)
{
    (void)state;
    ines_is_at(7, 1000);
    struct json *answer = load(NADIA);
    assert_string_equal(json_text(only_writer(answer), "name"), "Ines");
    assert_int_equal(json_integer(only_writer(answer), "at"), 7);
    json_destroy(answer);
    answer = edit(NADIA, "\"operations\":[{\"at\":0,\"insert\":\"Oui. \"},"
                         "{\"at\":12,\"insert\":\" !\"}]"); /* not saved yet */
    assert_int_equal(json_integer(only_writer(answer), "at"), 12);
    json_destroy(answer);
    answer = edit(NADIA, "\"operations\":[{\"at\":2,\"delete\":8}],\"save\":true");
    assert_int_equal(json_integer(only_writer(answer), "at"), 4);
    json_destroy(answer);
    /* The letter goes, and those around it. */
    answer = edit(NADIA, "\"operations\":[{\"at\":2,\"delete\":4}],\"save\":true");
    assert_int_equal(json_integer(only_writer(answer), "at"), 2);
    json_destroy(answer);
}

static void test_what_is_not_here_yet_has_no_place(void **state)
{
    (void)state;
    const struct vl_device_info lou = device_of(LOU);
    json_destroy(load(LOU));
    json_destroy(edit(LOU, "\"operations\":[{\"at\":0,\"insert\":\"Et \"}],\"save\":true,"
                           "\"cursor\":2"));
    comes(&lou, &said, 1000);
    struct json *answer = load(NADIA);
    assert_int_equal(json_sort_of(json_member(only_writer(answer), "at")), JSON_NULL);
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    answer = edit(NADIA, "");
    assert_int_equal(json_integer(only_writer(answer), "at"), 2);
    json_destroy(answer);
}

static size_t writers_of(size_t as)
{
    struct json *answer = load(as);
    size_t count = json_count(json_member(answer, "writers"));
    json_destroy(answer);
    return count;
}

static void test_it_is_forgotten(void **state)
{
    (void)state;
    struct cursors *all = w->apis[NADIA].cursors;
    const struct vl_device_info ines = device_of(INES);
    ines_is_at(3, 1000);
    cursors_tick(all, (vl_instant){1000 + CURSOR_FORGET_MS - 1});
    assert_int_equal(writers_of(NADIA), 1);
    cursors_tick(all, (vl_instant){1000 + CURSOR_FORGET_MS});
    assert_int_equal(writers_of(NADIA), 0);

    struct vl_cursor cursor = said;
    comes(&ines, &cursor, 20000);
    assert_int_equal(writers_of(NADIA), 1);
    cursor.is_gone = true;
    comes(&ines, &cursor, 20001);
    assert_int_equal(writers_of(NADIA), 0);
    cursor.is_gone = false;
    comes(&ines, &cursor, 20002);
    cursor.field = MEETING_TITLE; /* she went elsewhere */
    comes(&ines, &cursor, 20003);
    assert_int_equal(writers_of(NADIA), 0);
    comes(&ines, &said, 20004);
    cursors_forget(all);
    assert_int_equal(writers_of(NADIA), 0);
}

static void test_who_is_not_shown(void **state)
{
    (void)state;
    struct vl_device_info device = device_of(NADIA);
    ines_is_at(3, 1000);
    comes(&device, &said, 1000); /* another device of her own */
    assert_int_equal(writers_of(NADIA), 1);
    device = device_of(LOU);
    device.current = false;
    comes(&device, &said, 1000);
    assert_int_equal(writers_of(NADIA), 1);
    json_destroy(api_world_ask(w, NADIA, "POST", "members/block", "{\"person\":\"Ines\"}"));
    assert_int_equal(writers_of(NADIA), 0);
}

static void test_devices_and_names_are_bounded(void **state)
{
    (void)state;
    struct vl_device_info device = device_of(INES);
    ines_is_at(3, 1000);
    for (size_t i = 1; i < CURSORS_MAX; i++) {
        device.card.sign[0] = (uint8_t)i;
        device.card.sign[1] ^= 0x55;
        memset(device.person.bytes, (int)i, sizeof device.person.bytes);
        comes(&device, &said, 1000 + i);
    }
    assert_int_equal(writers_of(NADIA), CURSOR_WRITERS_MAX);
    struct json *answer = load(NADIA);
    assert_string_equal(json_text(json_item(json_member(answer, "writers"), 0), "name"), "Ines");
    json_destroy(answer);
    device.card.sign[2] ^= 1; /* one more: who was silent longest goes */
    comes(&device, &said, 2000);
    answer = load(NADIA);
    assert_string_not_equal(json_text(json_item(json_member(answer, "writers"), 0), "name"),
                            "Ines");
    json_destroy(answer);
}

/* ---- telling who watches ---- */

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

static void test_who_watches_is_told_not_too_often(void **state)
{
    (void)state;
    const struct vl_device_info ines = device_of(INES);
    struct events_reader reader;
    char text[8192] = "";
    assert_int_equal(events_reader_begin(&reader, w->apis[NADIA].events, NULL), VL_OK);
    (void)events_read(&reader, w->apis[NADIA].events, text, sizeof text - 1);
    ines_is_at(3, 1000);
    for (uint64_t at = 1001; at < 1000 + 2 * CURSOR_TELL_MS; at++)
        comes(&ines, &said, at);
    size_t size = events_read(&reader, w->apis[NADIA].events, text, sizeof text - 1);
    text[size] = 0;
    assert_int_equal(count_of(text, "event: cursor\n"), 2);
    assert_int_equal(count_of(text, "id: "), 0);
    assert_int_equal(count_of(text, "\"name\":\"Ines\",\"at\":3}"), 2);
    assert_int_equal(count_of(text, meeting), 2);
    cursors_tick(w->apis[NADIA].cursors, (vl_instant){20000});
    size = events_read(&reader, w->apis[NADIA].events, text, sizeof text - 1);
    text[size] = 0;
    assert_int_equal(count_of(text, "\"writers\":[]"), 1);
    events_reader_finish(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_place_is_said_by_its_unit, begin, end),
        cmocka_unit_test_setup_teardown(test_it_stays_where_it_was_while_others_write, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_not_here_yet_has_no_place, begin, end),
        cmocka_unit_test_setup_teardown(test_it_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(test_who_is_not_shown, begin, end),
        cmocka_unit_test_setup_teardown(test_devices_and_names_are_bounded, begin, end),
        cmocka_unit_test_setup_teardown(test_who_watches_is_told_not_too_often, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
