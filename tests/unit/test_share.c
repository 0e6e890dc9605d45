/* For whom a share is: the circle, the facilitators, chosen persons; through the API's routes. */
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INES, NADIA, LOU, MAX }; /* INES is the one facilitator */

static int setup(void **state)
{
    static uint64_t seed = 21;
    *state = api_world_create(seed++);
    return 0;
}

static int teardown(void **state)
{
    api_world_destroy(*state);
    return 0;
}

struct share {
    char id[RECORD_ID_TEXT_SIZE];
};

static struct share give(struct api_world *w, size_t as, const char *body)
{
    struct share share;
    struct json *answer = api_world_ask(w, as, "POST", "shares", body);
    snprintf(share.id, sizeof share.id, "%s", json_text(answer, "id"));
    json_destroy(answer);
    return share;
}

static void change(struct api_world *w, size_t as, const struct share *share, const char *body)
{
    char path[64];
    snprintf(path, sizeof path, "shares/%s", share->id);
    json_destroy(api_world_ask(w, as, "PATCH", path, body));
}

static void refuses(struct api_world *w, size_t as, const char *method, const char *path,
                    const char *body, const char *error, const char *field)
{
    struct json *answer;
    assert_true(api_world_send(w, as, method, path, body, &answer) >= 400);
    assert_string_equal(json_text(answer, "error"), error);
    assert_string_equal(json_text(answer, "field"), field);
    json_destroy(answer);
}

static size_t seen(struct api_world *w, size_t as)
{
    struct json *answer = api_world_ask(w, as, "GET", "shares", NULL);
    size_t count = json_count(json_member(answer, "shares"));
    json_destroy(answer);
    return count;
}

/* By the beginning of its id. */
static void assert_share(struct api_world *w, size_t as, const struct share *share,
                         const char *text, const char *audience)
{
    char path[64];
    snprintf(path, sizeof path, "shares/%.8s", share->id);
    struct json *answer = api_world_ask(w, as, "GET", path, NULL);
    assert_string_equal(json_text(answer, "id"), share->id);
    assert_string_equal(json_text(answer, "text"), text);
    assert_string_equal(json_text(answer, "audience"), audience);
    json_destroy(answer);
}

static void for_the_facilitators(void **state)
{
    struct api_world *w = *state;
    char path[64];
    struct share share = give(w, NADIA, "{\"text\":\"un mot\",\"to\":[\"facilitators\"]}");
    circle_fixture_sync_all(w->fixture);
    assert_share(w, INES, &share, "un mot", "facilitators");
    assert_share(w, NADIA, &share, "un mot", "facilitators");
    assert_int_equal(seen(w, INES), 1);
    assert_int_equal(seen(w, LOU), 0);
    snprintf(path, sizeof path, "shares/%s", share.id);
    refuses(w, LOU, "GET", path, NULL, "NOT_FOUND", "");
    assert_true(circle_fixture_agree(w->fixture));
}

static void for_chosen_persons_and_changed(void **state)
{
    struct api_world *w = *state;
    char path[64];
    struct share share = give(w, MAX, "{\"text\":\"avant\",\"to\":[\"Nadia\",\"Lou\"]}");
    struct share open = give(w, MAX, "{\"text\":\"pour tous\"}");
    change(w, MAX, &share, "{\"text\":\"après\"}");
    circle_fixture_sync_all(w->fixture);
    for (size_t i = NADIA; i <= MAX; i++)
        assert_share(w, i, &share, "après", "persons");
    assert_share(w, INES, &open, "pour tous", "circle");
    assert_int_equal(seen(w, INES), 1);
    assert_int_equal(seen(w, NADIA), 2);
    snprintf(path, sizeof path, "shares/%s", share.id);
    refuses(w, NADIA, "PATCH", path, "{\"text\":\"après\"}", "AUTHORITY", "");

    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = w->fixture->nodes[LOU].person};
    struct vl_id entry;
    assert_int_equal(vl_replica_control(w->circles[INES].replica, &remove, w->fixture->now, &entry),
                     VL_OK);
    circle_fixture_sync_all(w->fixture);
    change(w, MAX, &share, "{\"text\":\"sans elle\"}");
    circle_fixture_sync_all(w->fixture);
    assert_share(w, NADIA, &share, "sans elle", "persons");
    assert_share(w, LOU, &share, "après", "persons"); /* who has gone keeps what she had */
}

/* What another member's program writes into somebody's share is not read. */
static void a_stranger_in_a_share_is_not_read(void **state)
{
    struct api_world *w = *state;
    char path[64];
    struct vl_record_id id;
    struct share share = give(w, INES, "{\"title\":\"mien\",\"text\":\"mien\"}");
    circle_fixture_sync_all(w->fixture);
    assert_int_equal(record_id_parse(share.id, &id), VL_OK);
    const uint8_t value[] = {VL_VALUE_TEXT, 'x'};
    struct vl_operation op = {.type = SCHEMA_SHARE,
                              .record = id,
                              .field = SHARE_TITLE,
                              .opcode = VL_OP_REGISTER_SET,
                              .value = vl_bytes(value, sizeof value)};
    struct vl_id entry;
    assert_int_equal(vl_replica_write(w->circles[NADIA].replica, &op, 1, w->fixture->now, &entry),
                     VL_OK);
    circle_fixture_sync_all(w->fixture);
    snprintf(path, sizeof path, "shares/%s", share.id);
    for (size_t i = INES; i <= NADIA; i++) {
        struct json *answer = api_world_ask(w, i, "GET", path, NULL);
        assert_string_equal(json_text(answer, "title"), "mien");
        assert_int_equal(json_count(json_member(answer, "conflicts")), 0);
        json_destroy(answer);
    }
}

static void a_long_text_fits(void **state)
{
    struct api_world *w = *state;
    static char text[20001], body[sizeof text + 128];
    memset(text, 'a', sizeof text - 1);
    snprintf(body, sizeof body,
             "{\"title\":\"t\",\"text\":\"%s\",\"content_note\":\"n\",\"to\":[\"Ines\"]}", text);
    struct share share = give(w, NADIA, body);
    circle_fixture_sync_all(w->fixture);
    assert_share(w, INES, &share, text, "persons");
}

/* {"text":"x","to":["Nadia", ...]} */
static void to_so_many(char *out, size_t size, size_t persons)
{
    size_t at = (size_t)snprintf(out, size, "{\"text\":\"x\",\"to\":[");
    for (size_t i = 0; i < persons; i++)
        at += (size_t)snprintf(out + at, size - at, "%s\"Nadia\"", i > 0 ? "," : "");
    snprintf(out + at, size - at, "]}");
}

static void for_nobody_is_refused(void **state)
{
    struct api_world *w = *state;
    char body[2048];
    refuses(w, INES, "POST", "shares", "{\"text\":\"x\",\"to\":[]}", "INVALID", "to");
    to_so_many(body, sizeof body, 101);
    refuses(w, INES, "POST", "shares", body, "LIMIT", "to");
    to_so_many(body, sizeof body, 100);
    struct share share = give(w, INES, body);
    assert_share(w, INES, &share, "x", "persons");
    refuses(w, INES, "POST", "shares", "{\"text\":\"x\",\"to\":[\"Zoe\"]}", "NOT_FOUND", "to");
    char stranger[128];
    snprintf(stranger, sizeof stranger, "{\"text\":\"x\",\"to\":[\"%032d%032d\"]}", 7, 7);
    refuses(w, INES, "POST", "shares", stranger, "NOT_FOUND", "to");
    assert_int_equal(seen(w, INES), 1); /* nothing was written in the open instead */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(for_the_facilitators, setup, teardown),
        cmocka_unit_test_setup_teardown(for_chosen_persons_and_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stranger_in_a_share_is_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_text_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(for_nobody_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
