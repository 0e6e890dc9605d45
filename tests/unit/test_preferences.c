/* What the person on this device prefers, through the routes and in the vault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/events.h"
#include "api/request.h"
#include "tests/support/store_fixture.h"

static const char normal[] =
    "{\"language\":null,\"theme\":\"auto\",\"text\":\"normal\",\"quiet\":false,"
    "\"lock_after_minutes\":15,\"last_circle\":null,\"leave_with_shift\":true,\"warned\":false}";

static struct node {
    struct store_fixture *store;
    struct circle circle, *list[1];
    struct circles circles;
    struct api api;
} node;

static int set_up(void **state)
{
    if (store_fixture_set_up(state) != 0) return -1;
    node = (struct node){.store = *state};
    node.circle.id = node.store->circle;
    node.list[0] = &node.circle;
    node.circles = (struct circles){node.list, 1};
    node.api = (struct api){
        .is_open = true, .store = node.store->store, .circles = &node.circles, .editings = NULL};
    assert_int_equal(events_create(&node.api.events), VL_OK);
    assert_int_equal(preferences_load(node.api.store, &node.api.preferences), VL_OK);
    return 0;
}

static int tear_down(void **state)
{
    events_destroy(node.api.events);
    return store_fixture_tear_down(state);
}

static unsigned send(const char *method, const char *body, char *out, size_t size)
{
    struct vl_buffer answer = {0};
    const struct caller caller = {0};
    unsigned status = routes_answer(&node.api, method, "/api/v1/preferences", vl_bytes_text(body),
                                    &caller, &answer);
    snprintf(out, size, "%.*s", (int)answer.size, (const char *)answer.data);
    vl_buffer_finish(&answer);
    return status;
}

/* After the vault was closed and opened. */
static void reopen(void)
{
    store_fixture_reopen(node.store);
    node.api.store = node.store->store;
    assert_int_equal(preferences_load(node.api.store, &node.api.preferences), VL_OK);
}

static void test_normal_until_set(void **state)
{
    char text[1024];
    (void)state;
    assert_int_equal(send("GET", "", text, sizeof text), 200);
    assert_string_equal(text, normal);
}

/* Each value of each kind is kept, and the others stay as they were. */
static void test_each_is_kept(void **state)
{
    static const char *const members[] = {
        "\"language\":\"fr\"",
        "\"language\":\"en\"",
        "\"language\":null",
        "\"theme\":\"light\"",
        "\"theme\":\"dark\"",
        "\"theme\":\"contrast\"",
        "\"theme\":\"auto\"",
        "\"text\":\"large\"",
        "\"text\":\"normal\"",
        "\"quiet\":true",
        "\"quiet\":false",
        "\"lock_after_minutes\":240",
        "\"lock_after_minutes\":0",
        "\"warned\":true",
        "\"leave_with_shift\":false",
        "\"lock_after_minutes\":15",
        "\"warned\":false",
        "\"leave_with_shift\":true",
        "\"lock_after_minutes\":1",
        "\"last_circle\":null",
        "\"lock_after_minutes\":15",
    };
    char body[128], text[1024];
    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        snprintf(body, sizeof body, "{%s}", members[i]);
        assert_int_equal(send("PATCH", body, text, sizeof text), 200);
        assert_non_null(strstr(text, members[i]));
        reopen();
        assert_int_equal(send("GET", "", text, sizeof text), 200);
        assert_non_null(strstr(text, members[i]));
    }
    assert_string_equal(text, normal);
}

static void test_last_circle(void **state)
{
    char id[VL_ID_TEXT_SIZE], body[128], text[1024];
    (void)state;
    vl_id_text(&node.circle.id, id);
    snprintf(body, sizeof body, "{\"last_circle\":\"%s\"}", id);
    assert_int_equal(send("PATCH", body, text, sizeof text), 200);
    assert_non_null(strstr(text, id));
    reopen();
    node.circles.count = 0; /* it is here no more */
    assert_int_equal(send("GET", "", text, sizeof text), 200);
    assert_string_equal(text, normal);
    assert_int_equal(send("PATCH", body, text, sizeof text), 400);
}

/* What is refused names its field, and changes nothing of what stands beside it. */
static void test_refused(void **state)
{
    static const struct {
        const char *member, *field;
    } cases[] = {
        {"\"volume\":3", "volume"},
        {"\"Theme\":\"dark\"", "Theme"},
        {"\"theme\":\"pink\"", "theme"},
        {"\"theme\":null", "theme"},
        {"\"theme\":1", "theme"},
        {"\"language\":\"de\"", "language"},
        {"\"language\":\"\"", "language"},
        {"\"quiet\":null", "quiet"},
        {"\"quiet\":\"true\"", "quiet"},
        {"\"quiet\":1", "quiet"},
        {"\"lock_after_minutes\":241", "lock_after_minutes"},
        {"\"lock_after_minutes\":-1", "lock_after_minutes"},
        {"\"lock_after_minutes\":1.5", "lock_after_minutes"},
        {"\"lock_after_minutes\":\"15\"", "lock_after_minutes"},
        {"\"lock_after_minutes\":null", "lock_after_minutes"},
        {"\"lock_after_minutes\":1e30", "lock_after_minutes"},
        {"\"last_circle\":\"jeudi\"", "last_circle"},
        {"\"last_circle\":false", "last_circle"},
        {"\"last_circle\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\"",
         "last_circle"},
        {"\"warned\":true,\"warned\":true", "warned"},
    };
    char body[256], text[1024], field[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(body, sizeof body, "{\"text\":\"large\",%s}", cases[i].member);
        if (send("PATCH", body, text, sizeof text) != 400) fail_msg("%s: %s", body, text);
        snprintf(field, sizeof field, "\"field\":\"%s\"", cases[i].field);
        if (strstr(text, field) == NULL) fail_msg("%s: %s", body, text);
    }
    assert_int_equal(send("PATCH", "[]", text, sizeof text), 400);
    assert_int_equal(send("PATCH", "7", text, sizeof text), 400);
    assert_int_equal(send("GET", "", text, sizeof text), 200);
    assert_string_equal(text, normal);
    reopen();
    assert_int_equal(send("PATCH", "", text, sizeof text), 200); /* nothing is nothing */
    assert_string_equal(text, normal);
}

/* A vault that another version wrote: what is not known there counts as not set. */
static void test_of_another_version(void **state)
{
    static const char note[] = "{\"theme\":\"sepia\",\"volume\":3,\"text\":\"large\","
                               "\"lock_after_minutes\":9999,\"quiet\":true}";
    char text[1024];
    (void)state;
    assert_int_equal(store_note_put(node.api.store, NULL, "preferences", vl_bytes_text(note)),
                     VL_OK);
    reopen();
    assert_int_equal(send("GET", "", text, sizeof text), 200);
    assert_non_null(strstr(text, "\"theme\":\"auto\""));
    assert_non_null(strstr(text, "\"text\":\"large\""));
    assert_non_null(strstr(text, "\"lock_after_minutes\":15"));
    assert_non_null(strstr(text, "\"quiet\":true"));
    assert_int_equal(store_note_put(node.api.store, NULL, "preferences", vl_bytes_text("{")),
                     VL_OK);
    reopen();
    assert_int_equal(send("GET", "", text, sizeof text), 200);
    assert_string_equal(text, normal);
}

/* Who watches is told each change, and nothing when it was refused. */
static void test_told(void **state)
{
    struct events_reader reader = {0};
    char text[1024], told[4096];
    (void)state;
    assert_int_equal(events_reader_begin(&reader, node.api.events, NULL), VL_OK);
    (void)events_read(&reader, node.api.events, told, sizeof told); /* how it begins */
    assert_int_equal(send("PATCH", "{\"quiet\":2}", text, sizeof text), 400);
    assert_int_equal(events_read(&reader, node.api.events, told, sizeof told), 0);
    assert_int_equal(send("PATCH", "{\"quiet\":true}", text, sizeof text), 200);
    size_t size = events_read(&reader, node.api.events, told, sizeof told - 1);
    told[size] = 0;
    assert_non_null(strstr(told, "event: preferences\n"));
    assert_non_null(strstr(told, text)); /* what the answer says */
    events_reader_finish(&reader);
}

static void test_locked(void **state)
{
    char text[1024];
    (void)state;
    node.api.is_open = false;
    assert_int_equal(send("GET", "", text, sizeof text), 423);
    assert_int_equal(send("PATCH", "{\"quiet\":true}", text, sizeof text), 423);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_normal_until_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_circle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_another_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_locked, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("preferences", tests, NULL, NULL);
}
