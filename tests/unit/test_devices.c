/* Another device of a person through the API's routes: the passphrase again, what is shown as new
 * on which device, taking one out and in again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "api/events.h"
#include "store/vault.h"
#include "support/api_world.h"

#define PHONE_PASSPHRASE "un autre secret"

static struct world {
    struct api_world *all; /* person 0 is at her laptop */
    struct scratch folder; /* of her phone's vault */
    struct store *store;
    struct circle circle;
    struct circle *list;
    struct circles set;
    struct api phone;
    size_t node;
    vl_duration length; /* for which a device was awaited */
} w;

static vl_result on_add_device(void *self, const struct vl_id *circle, vl_duration length,
                               struct vl_code *code)
{
    (void)self, (void)circle;
    w.length = length;
    *code = (struct vl_code){.number = 28, .words = {1, 2, 3}};
    return VL_OK;
}

static void on_poke(void *self, const struct vl_id *circle)
{
    (void)self, (void)circle;
}

static const char *no_query(void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

static unsigned send(struct api *api, const char *method, const char *path, const char *body,
                     struct json **out)
{
    char whole[256];
    struct vl_buffer answer = {0};
    const struct caller caller = {.query = no_query};
    snprintf(whole, sizeof whole, "/api/v1/circles/Jeudi%s%s", path[0] ? "/" : "", path);
    unsigned status = routes_answer(api, method, whole, vl_bytes_text(body), &caller, &answer);
    assert_int_equal(json_parse(vl_buffer_view(&answer), out), VL_OK);
    vl_buffer_finish(&answer);
    return status;
}

static unsigned on_phone(const char *method, const char *path, const char *body, struct json **out)
{
    return send(&w.phone, method, path, body, out);
}

static void refuses(size_t as, const char *path, const char *body, unsigned status,
                    const char *error, const char *field)
{
    struct json *answer;
    assert_int_equal(api_world_send(w.all, as, "POST", path, body, &answer), status);
    assert_string_equal(json_text(answer, "error"), error);
    assert_string_equal(json_text(answer, "field"), field);
    json_destroy(answer);
}

static void body_of(size_t node, const char *more, char *out, size_t size)
{
    struct vl_id key;
    char text[VL_ID_TEXT_SIZE];
    memcpy(key.bytes, w.all->fixture->nodes[node].keys->card.sign, sizeof key.bytes);
    vl_id_text(&key, text);
    snprintf(out, size, "{\"device\":\"%.16s\"%s}", text, more);
}

static void enrol(size_t by, size_t device)
{
    struct circle_fixture *f = w.all->fixture;
    struct vl_enrolment enrolment;
    struct vl_id id;
    vl_enrolment_sign(f->nodes[device].keys, &f->id, &f->nodes[by].person, &enrolment);
    assert_int_equal(vl_replica_add_device(f->nodes[by].replica, &enrolment, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
}

/* Her laptop has taken in her phone, in a way that her laptop's person does not know of. */
static int setup(void **state)
{
    static uint64_t seed = 50;
    uint64_t wait = 0;
    (void)state;
    memset(&w, 0, sizeof w);
    w.all = api_world_create(seed++);
    w.node = circle_fixture_stranger(w.all->fixture);
    struct fixture_node *node = &w.all->fixture->nodes[w.node];
    node->person = w.all->fixture->nodes[0].person;
    scratch_make(&w.folder);
    const struct vl_bytes passphrase = vl_bytes_text(PHONE_PASSPHRASE);
    assert_int_equal(store_create_at_cost(w.folder.path, passphrase, vault_cost_floor()), VL_OK);
    assert_int_equal(store_open(&w.store, w.folder.path, passphrase, &wait), VL_OK);
    w.circle = (struct circle){.id = w.all->fixture->id,
                               .name = "Jeudi",
                               .keys = node->keys,
                               .storage = node->storage,
                               .replica = node->replica};
    w.list = &w.circle;
    w.set = (struct circles){&w.list, 1};
    w.phone = (struct api){
        .is_open = true, .store = w.store, .circles = &w.set, .network = {.poke = on_poke}};
    w.all->apis[0].network.add_device = on_add_device;
    enrol(0, w.node);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    view_forget(&w.phone);
    api_world_destroy(w.all);
    store_close(w.store);
    scratch_remove(&w.folder);
    return 0;
}

/* How many devices the circle's view shows as new. */
static size_t new_on(struct api *api)
{
    struct json *answer;
    assert_int_equal(send(api, "GET", "", "", &answer), 200);
    size_t count = json_count(json_member(answer, "new_devices"));
    json_destroy(answer);
    return count;
}

static void test_a_new_device_is_shown_until_it_is_acknowledged(void **state)
{
    (void)state;
    char body[128];
    assert_int_equal(new_on(&w.all->apis[0]), 1);
    assert_int_equal(new_on(&w.phone), 0);        /* itself, and one that she came with */
    assert_int_equal(new_on(&w.all->apis[1]), 0); /* another person's */

    struct json *answer = api_world_ask(w.all, 0, "GET", "devices", NULL);
    const struct json *devices = json_member(answer, "devices");
    size_t added = 0;
    for (size_t i = 0; i < json_count(devices); i++) {
        const struct json *one = json_item(devices, i);
        added += json_flag(one, "new") && json_text(one, "added")[0] != 0 &&
                 strlen(json_text(one, "added_by")) == VL_ID_TEXT_SIZE - 1;
        assert_int_equal(json_flag(one, "new"), json_member(one, "added") != NULL);
    }
    assert_int_equal(added, 1);
    json_destroy(answer);

    body_of(w.node, "", body, sizeof body);
    refuses(1, "devices/acknowledge", body, 403, "AUTHORITY", "device");
    body_of(0, "", body, sizeof body);
    refuses(0, "devices/acknowledge", body, 409, "STATE", "device"); /* this one */
    body_of(w.node, ",\"ask\":true", body, sizeof body);
    json_destroy(api_world_ask(w.all, 0, "POST", "devices/acknowledge", body));
    assert_int_equal(new_on(&w.all->apis[0]), 1);
    body_of(w.node, "", body, sizeof body);
    json_destroy(api_world_ask(w.all, 0, "POST", "devices/acknowledge", body));
    assert_int_equal(new_on(&w.all->apis[0]), 0);
    refuses(0, "devices/acknowledge", body, 409, "STATE", "device"); /* once is enough */

    /* A third one: each of the two has to be told by itself. */
    size_t tablet = circle_fixture_stranger(w.all->fixture);
    w.all->fixture->nodes[tablet].person = w.all->fixture->nodes[0].person;
    enrol(0, tablet);
    assert_int_equal(new_on(&w.all->apis[0]), 1);
    assert_int_equal(new_on(&w.phone), 1);
    body_of(tablet, "", body, sizeof body);
    assert_int_equal(on_phone("POST", "devices/acknowledge", body, &answer), 200);
    json_destroy(answer);
    assert_int_equal(new_on(&w.phone), 0);
    assert_int_equal(new_on(&w.all->apis[0]), 1);
}

static void test_adding_asks_for_the_passphrase(void **state)
{
    (void)state;
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 100000000};
    static const char right[] = "{\"passphrase\":\"" STORE_FIXTURE_PASSPHRASE "\"}";
    struct json *answer = api_world_ask(w.all, 0, "POST", "devices/add", "{\"ask\":true}");
    assert_false(json_flag(answer, "done"));
    json_destroy(answer);
    refuses(0, "devices/add", "{}", 400, "INVALID", "passphrase");
    refuses(0, "devices/add", "{\"passphrase\":\"\"}", 400, "INVALID", "");
    refuses(0, "devices/add", "{\"passphrase\":\"x\",\"seconds\":3601}", 400, "INVALID", "seconds");
    assert_int_equal(w.length.ms, 0);
    answer = api_world_ask(w.all, 0, "POST", "devices/add", right);
    assert_int_equal(json_integer(answer, "number"), 28);
    assert_string_equal(json_text(answer, "as"), "device");
    assert_int_equal(json_integer(answer, "seconds"), w.length.ms / 1000);
    json_destroy(answer);

    w.length.ms = 0;
    refuses(0, "devices/add", "{\"passphrase\":\"" PHONE_PASSPHRASE "\"}", 403, "PASSPHRASE", "");
    assert_int_equal(api_world_send(w.all, 0, "POST", "devices/add", right, &answer), 429);
    assert_in_range(json_integer(answer, "wait_ms"), 1, 1000);
    json_destroy(answer);
    assert_int_equal(w.length.ms, 0);
    (void)nanosleep(&second, NULL);
    json_destroy(api_world_ask(w.all, 0, "POST", "devices/add", right));
    assert_int_not_equal(w.length.ms, 0);
}

/* ---- what takes something out of the vault asks for it too ---- */

/* What is told to who watches since the reader was there last. */
static const char *told(struct events_reader *reader)
{
    static char text[4096];
    const size_t size = events_read(reader, w.all->apis[0].events, text, sizeof text - 1);
    text[size] = 0;
    return text;
}

static void test_taking_out_asks_for_the_passphrase(void **state)
{
    (void)state;
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 100000000};
    static const char right[] = "{\"passphrase\":\"" STORE_FIXTURE_PASSPHRASE "\"}";
    static const char wrong[] = "{\"passphrase\":\"" PHONE_PASSPHRASE "\"}";
    struct api *api = &w.all->apis[0];
    struct events_reader reader;
    char path[128];
    assert_int_equal(events_create(&api->events), VL_OK);
    assert_int_equal(events_reader_begin(&reader, api->events, NULL), VL_OK);
    (void)told(&reader);
    struct json *answer = api_world_ask(w.all, 0, "POST", "meetings", "{\"title\":\"Jeudi\"}");
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s%s%scalendar.ics", i == 0 ? "" : "meetings/",
                 i == 0 ? "" : json_text(answer, "id"), i == 0 ? "" : "/");
        refuses(0, path, "{}", 400, "INVALID", "passphrase");
        refuses(0, path, "{\"passphrase\":7}", 400, "INVALID", "passphrase");
    }
    json_destroy(answer);
    refuses(0, "bundle", "{}", 400, "INVALID", "passphrase");
    refuses(0, "bundle", wrong, 403, "PASSPHRASE", "");
    assert_int_equal(api_world_send(w.all, 0, "POST", path, right, &answer), 429);
    json_destroy(answer);
    assert_int_equal(api_world_send(w.all, 0, "POST", "bundle", right, &answer), 429);
    json_destroy(answer);
    assert_null(api->transfer);
    assert_null(strstr(told(&reader), "export"));
    (void)nanosleep(&second, NULL);
    json_destroy(api_world_ask(w.all, 0, "POST", "bundle", right));
    assert_non_null(api->transfer);
    assert_non_null(strstr(told(&reader), "\"what\":\"bundle\""));
    bundle_forget(api);
    free(api_world_file(w.all, 0, path));
    assert_non_null(strstr(told(&reader), "\"what\":\"calendar\""));
    events_reader_finish(&reader);
    events_destroy(api->events);
    api->events = NULL;
}

static void test_taken_out_and_in_again(void **state)
{
    (void)state;
    char body[192];
    body_of(w.node, "", body, sizeof body);
    refuses(0, "devices/restore", body, 409, "STATE", "device"); /* it is there */
    json_destroy(api_world_ask(w.all, 0, "POST", "devices/acknowledge", body));
    struct json *answer = api_world_ask(w.all, 0, "POST", "devices/remove", body);
    assert_false(json_flag(json_member(answer, "device"), "current"));
    json_destroy(answer);
    circle_fixture_sync_all(w.all->fixture);
    assert_int_equal(on_phone("POST", "devices/add", "{\"ask\":true}", &answer), 403);
    json_destroy(answer);
    body_of(0, ",\"passphrase\":\"" PHONE_PASSPHRASE "\"", body, sizeof body);
    assert_int_equal(on_phone("POST", "devices/restore", body, &answer), 403);
    json_destroy(answer);

    body_of(w.node, ",\"ask\":true", body, sizeof body);
    answer = api_world_ask(w.all, 0, "POST", "devices/restore", body);
    assert_true(json_flag(answer, "own"));
    json_destroy(answer);
    body_of(w.node, "", body, sizeof body);
    refuses(0, "devices/restore", body, 400, "INVALID", "passphrase");
    refuses(1, "devices/restore", body, 403, "AUTHORITY", "");
    body_of(w.node, ",\"passphrase\":\"" STORE_FIXTURE_PASSPHRASE "\"", body, sizeof body);
    answer = api_world_ask(w.all, 0, "POST", "devices/restore", body);
    assert_true(json_flag(json_member(answer, "device"), "current"));
    json_destroy(answer);
    assert_int_equal(new_on(&w.all->apis[0]), 0); /* the passphrase was said */
    circle_fixture_sync_all(w.all->fixture);

    /* Brought back by another hand it is new once more. */
    body_of(w.node, "", body, sizeof body);
    json_destroy(api_world_ask(w.all, 0, "POST", "devices/remove", body));
    enrol(0, w.node);
    assert_int_equal(new_on(&w.all->apis[0]), 1);
}

/* A passphrase that opens the folder's keys, but not the vault that is open, is a wrong one. */
static void test_the_passphrase_of_another_vault(void **state)
{
    (void)state;
    char from[256], to[256];
    uint64_t wait = 0;
    struct store *laptop = w.all->store.store;
    const struct vl_bytes own = vl_bytes_text(STORE_FIXTURE_PASSPHRASE);
    assert_int_equal(store_passphrase_check(laptop, own, &wait), VL_OK);
    snprintf(from, sizeof from, "%s/keys", w.folder.path);
    snprintf(to, sizeof to, "%s/keys", w.all->store.folder.path);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(store_passphrase_check(laptop, vl_bytes_text(PHONE_PASSPHRASE), &wait),
                     VL_ERR_PASSPHRASE);
    assert_int_equal(wait, 1000);
    assert_int_equal(store_passphrase_check(laptop, own, &wait), VL_ERR_BACKOFF);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_device_is_shown_until_it_is_acknowledged),
        TEST(test_adding_asks_for_the_passphrase),
        TEST(test_taking_out_asks_for_the_passphrase),
        TEST(test_taken_out_and_in_again),
        TEST(test_the_passphrase_of_another_vault),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
