/* A space of one's own, through the routes and in the vault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/circle_load.h"
#include "api/request.h"
#include "tests/support/store_fixture.h"

static struct node {
    struct store_fixture *store;
    struct circles circles;
    struct api api;
    unsigned added;
} node;

static void on_poke(void *self, const struct vl_id *circle)
{
    (void)self, (void)circle;
}

static vl_result on_add_device(void *self, const struct vl_id *circle, vl_duration length,
                               struct vl_code *code)
{
    (void)circle, (void)length;
    ((struct node *)self)->added++;
    *code = (struct vl_code){.number = 28, .words = {1, 2, 3}};
    return VL_OK;
}

static void open_all(void)
{
    assert_int_equal(circle_load_all(node.store->store, &node.circles), VL_OK);
    node.api =
        (struct api){.is_open = true,
                     .store = node.store->store,
                     .circles = &node.circles,
                     .network = {.self = &node, .poke = on_poke, .add_device = on_add_device}};
}

static void close_all(void)
{
    view_forget(&node.api);
    circles_finish(&node.circles);
    node.circles = (struct circles){0};
}

static int set_up(void **state)
{
    if (store_fixture_set_up(state) != 0) return -1;
    node = (struct node){.store = *state};
    open_all();
    return 0;
}

static int tear_down(void **state)
{
    close_all();
    return store_fixture_tear_down(state);
}

static const char *no_query(void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

static unsigned send(const char *method, const char *path, const char *body, struct json **out)
{
    struct vl_buffer answer = {0};
    const struct caller caller = {.query = no_query};
    char whole[256];
    snprintf(whole, sizeof whole, "/api/v1/%s", path);
    unsigned status =
        routes_answer(&node.api, method, whole, vl_bytes_text(body), &caller, &answer);
    assert_int_equal(json_parse(vl_buffer_view(&answer), out), VL_OK);
    vl_buffer_finish(&answer);
    return status;
}

static void make(const char *body, char id[static VL_ID_TEXT_SIZE], bool is_private)
{
    struct json *answer;
    assert_int_equal(send("POST", "circles", body, &answer), 200);
    assert_int_equal(json_flag(answer, "private"), is_private);
    assert_int_equal(json_flag(answer, "draft"), !is_private);
    snprintf(id, VL_ID_TEXT_SIZE, "%s", json_text(answer, "id"));
    json_destroy(answer);
}

#define MINE "{\"name\":\"A moi\",\"pseudonym\":\"Moi\",\"private\":true}"

/* It is founded at once, has one person and no agreement, takes records and devices; and after the
 * vault was closed it is there, once, and no draft of it. */
static void test_made(void **state)
{
    char id[VL_ID_TEXT_SIZE], path[160];
    struct json *answer;
    (void)state;
    make(MINE, id, true);
    snprintf(path, sizeof path, "circles/%s/meetings", id);
    assert_int_equal(send("POST", path, "{\"title\":\"Note\"}", &answer), 200);
    json_destroy(answer);

    close_all();
    store_fixture_reopen(node.store);
    open_all();
    assert_int_equal(send("GET", "circles", "", &answer), 200);
    assert_int_equal(json_count(json_member(answer, "circles")), 1);
    const struct json *circle = json_item(json_member(answer, "circles"), 0);
    assert_string_equal(json_text(circle, "id"), id);
    assert_string_equal(json_text(circle, "name"), "A moi");
    assert_string_equal(json_text(circle, "agreement"), "");
    assert_true(json_flag(circle, "private") && !json_flag(circle, "draft"));
    assert_int_equal(json_integer(circle, "members"), 1);
    json_destroy(answer);
    assert_int_equal(send("GET", path, "", &answer), 200);
    assert_int_equal(json_count(json_member(answer, "meetings")), 1);
    json_destroy(answer);
}

static void test_only_my_devices_come_in(void **state)
{
    char id[VL_ID_TEXT_SIZE], path[160];
    struct json *answer;
    (void)state;
    make(MINE, id, true);
    snprintf(path, sizeof path, "circles/%s/invite", id);
    assert_int_equal(send("POST", path, "{}", &answer), 409);
    assert_string_equal(json_text(answer, "error"), "STATE");
    json_destroy(answer);
    snprintf(path, sizeof path, "circles/%s/devices/add", id);
    assert_int_equal(
        send("POST", path, "{\"passphrase\":\"" STORE_FIXTURE_PASSPHRASE "\"}", &answer), 200);
    assert_string_equal(json_text(answer, "as"), "device");
    assert_int_equal(node.added, 1);
    json_destroy(answer);
}

/* Two of them are two; and a draft beside them is one still. */
static void test_several(void **state)
{
    char first[VL_ID_TEXT_SIZE], second[VL_ID_TEXT_SIZE], draft[VL_ID_TEXT_SIZE];
    struct json *answer;
    (void)state;
    make(MINE, first, true);
    make(MINE, second, true);
    make("{\"name\":\"Jeudi\",\"pseudonym\":\"Un\"}", draft, false);
    assert_string_not_equal(first, second);
    assert_int_equal(send("GET", "circles", "", &answer), 200);
    assert_int_equal(json_count(json_member(answer, "circles")), 3);
    json_destroy(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_my_devices_come_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("private_space", tests, NULL, NULL);
}
