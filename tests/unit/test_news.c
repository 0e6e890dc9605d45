/* What is new since the last meeting, and who is present: through the routes of several persons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/api_world.h"

#define INES  0u
#define NADIA 1u
#define LOU   2u

static struct api_world *w;

static int set_up(void **state)
{
    (void)state;
    w = api_world_create(20261126);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    api_world_destroy(w);
    return 0;
}

static void sync(void)
{
    circle_fixture_sync_all(w->fixture);
}

/* Makes one; its id. */
static void make(size_t as, const char *plural, const char *body, char id[static 64])
{
    struct json *made = api_world_ask(w, as, "POST", plural, body);
    snprintf(id, 64, "%s", json_text(made, "id"));
    json_destroy(made);
}

static void change(size_t as, const char *plural, const char *id, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", plural, id);
    json_destroy(api_world_ask(w, as, "PATCH", path, body));
}

static struct json *news_of(size_t as)
{
    return api_world_ask(w, as, "GET", "news", NULL);
}

static const struct json *item_of(const struct json *news, const char *id)
{
    const struct json *list = json_member(news, "news");
    for (size_t i = 0; i < json_count(list); i++) {
        if (strcmp(json_text(json_item(list, i), "id"), id) == 0) return json_item(list, i);
    }
    return NULL;
}

static bool is_news(size_t as, const char *id)
{
    struct json *news = news_of(as);
    bool is = item_of(news, id) != NULL;
    json_destroy(news);
    return is;
}

static size_t count_of(size_t as)
{
    struct json *news = news_of(as);
    size_t count = json_count(json_member(news, "news"));
    json_destroy(news);
    return count;
}

/* A meeting that was closed just now, on that day. */
static void meet(const char *day, char id[static 64])
{
    char body[128];
    snprintf(body, sizeof body, "{\"title\":\"Jeudi\",\"starts\":\"%s\"}", day);
    make(INES, "meetings", body, id);
    change(INES, "meetings", id, "{\"state\":\"closed\"}");
    sync();
}

/* Before the first meeting all is new, but what one made oneself. */
static void test_from_the_beginning(void **state)
{
    char share[64];
    (void)state;
    make(NADIA, "shares", "{\"title\":\"Fatigue\",\"content_note\":\"lourd\"}", share);
    sync();
    struct json *news = news_of(INES);
    const struct json *item = item_of(news, share);
    assert_string_equal(json_text(item, "kind"), "share");
    assert_string_equal(json_text(item, "name"), "Nadia");
    assert_string_equal(json_text(json_member(item, "record"), "content_note"), "lourd");
    assert_int_equal(json_count(json_member(news, "news")), 1 + 3); /* and three who came */
    assert_string_equal(json_text(json_item(json_member(news, "news"), 0), "id"), share);
    json_destroy(news);
    assert_false(is_news(NADIA, share));
    assert_int_equal(count_of(NADIA), 3);
}

static void test_since_the_last_closing(void **state)
{
    char old[64], share[64], first[64], second[64], next[64], yes[64], late[64];
    char body[256];
    (void)state;
    make(NADIA, "shares", "{\"title\":\"avant\"}", old);
    sync();
    meet("2026-03-12", first);
    assert_int_equal(count_of(INES), 0);

    make(NADIA, "shares", "{\"title\":\"depuis\"}", share);
    make(INES, "meetings", "{\"starts\":\"2026-03-26\"}", next);
    sync();
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"answer\":\"coming\"}", next);
    make(LOU, "replies", body, yes);
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"answer\":\"not\"}", first);
    make(LOU, "replies", body, late); /* to one that is over */
    sync();
    assert_true(is_news(INES, share) && is_news(INES, yes));
    assert_false(is_news(INES, old) || is_news(INES, late) || is_news(LOU, yes));
    assert_int_equal(count_of(INES), 2);

    change(INES, "meetings", next, "{\"state\":\"closed\"}");
    sync();
    assert_int_equal(count_of(INES), 0);
    meet("2026-01-08", second); /* an earlier one, closed later: the last by its date counts */
    make(NADIA, "shares", "{\"title\":\"encore\"}", share);
    sync();
    assert_true(is_news(INES, share));
}

static void test_what_was_decided_and_who_does_what(void **state)
{
    char first[64], other[64], decision[64], mine[64], due[64], later[64], done[64], body[512];
    char me[VL_ID_TEXT_SIZE];
    (void)state;
    vl_id_text(&w->fixture->nodes[INES].person, me);
    make(INES, "meetings", "{\"starts\":\"2026-03-12\"}", first);
    sync();
#define COMMIT(more)                                                                               \
    (snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"text\":\"x\",\"person\":\"%s\"" more "}",  \
              first, me),                                                                          \
     body)
    make(NADIA, "commitments", COMMIT(",\"until\":\"2020-01-01\""), due);
    make(NADIA, "commitments", COMMIT(",\"until\":\"2999-01-01\""), later);
    make(NADIA, "commitments", COMMIT(",\"until\":\"2020-01-01\",\"state\":\"done\""), done);
    sync();
    change(INES, "meetings", first, "{\"state\":\"closed\"}");
    sync();
    assert_int_equal(count_of(INES), 1); /* what is due stays until it is done */
    struct json *news = news_of(INES);
    assert_true(json_flag(item_of(news, due), "due"));
    json_destroy(news);

    make(NADIA, "meetings", "{\"starts\":\"2026-03-26\"}", other);
    sync();
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"text\":\"On change de salle.\"}", other);
    make(NADIA, "decisions", body, decision);
    make(NADIA, "commitments", COMMIT(""), mine);
#undef COMMIT
    sync();
    assert_true(is_news(INES, decision) && is_news(INES, mine) && is_news(INES, due));
    assert_false(is_news(INES, later) || is_news(INES, done) || is_news(NADIA, decision));
    assert_true(is_news(LOU, decision));
    assert_false(is_news(LOU, mine));
    news = news_of(INES);
    assert_false(json_flag(item_of(news, mine), "due"));
    json_destroy(news);
}

static void test_agreement_until_i_assent(void **state)
{
    char first[64];
    (void)state;
    meet("2026-03-12", first);
    json_destroy(api_world_ask(w, NADIA, "POST", "agreement", "{\"text\":\"On se tait.\"}"));
    sync();
    struct json *news = news_of(INES);
    const struct json *item = json_item(json_member(news, "news"), 0);
    char body[128];
    assert_string_equal(json_text(item, "kind"), "agreement");
    snprintf(body, sizeof body, "{\"id\":\"%s\"}", json_text(item, "id"));
    json_destroy(news);
    json_destroy(api_world_ask(w, INES, "POST", "agreement/assent", body));
    assert_int_equal(count_of(INES), 0);
}

static void test_blocked(void **state)
{
    char first[64], share[64];
    (void)state;
    meet("2026-03-12", first);
    make(NADIA, "shares", "{\"title\":\"x\"}", share);
    sync();
    json_destroy(api_world_ask(w, INES, "POST", "members/block", "{\"person\":\"Nadia\"}"));
    assert_int_equal(count_of(INES), 0);
    json_destroy(api_world_ask(w, INES, "POST", "members/unblock", "{\"person\":\"Nadia\"}"));
    assert_int_equal(count_of(INES), 1);
}

/* Thirty, the newest; one more is said to be there. */
static void test_bounded(void **state)
{
    char first[64], share[64], newest[64];
    (void)state;
    meet("2026-03-12", first);
    for (unsigned i = 0; i < 30; i++) {
        make(NADIA, "shares", "{\"title\":\"x\"}", share);
        snprintf(newest, sizeof newest, "%s", share);
    }
    sync();
    struct json *news = news_of(INES);
    assert_int_equal(json_count(json_member(news, "news")), 30);
    assert_false(json_flag(news, "more"));
    assert_string_equal(json_text(json_item(json_member(news, "news"), 0), "id"), newest);
    json_destroy(news);
    make(LOU, "shares", "{\"title\":\"y\"}", newest);
    sync();
    news = news_of(INES);
    assert_int_equal(json_count(json_member(news, "news")), 30);
    assert_true(json_flag(news, "more"));
    assert_string_equal(json_text(json_item(json_member(news, "news"), 0), "id"), newest);
    json_destroy(news);
}

/* ---- present ---- */

static bool nadia_connected, nadia_in_sync;

static vl_result on_peers(void *self, api_peer_visit visit, void *context)
{
    const struct fixture_node *nadia = &w->fixture->nodes[NADIA], *lou = &w->fixture->nodes[LOU];
    struct api_peer peer = {.person = nadia->person,
                            .connected = nadia_connected,
                            .in_sync = nadia_in_sync,
                            .discovered_by = "mdns"};
    (void)self;
    memcpy(peer.sign_key, nadia->keys->card.sign, sizeof peer.sign_key);
    VL_TRY(visit(context, &peer));
    peer = (struct api_peer){.person = lou->person, .discovered_by = ""};
    memcpy(peer.sign_key, lou->keys->card.sign, sizeof peer.sign_key);
    return visit(context, &peer);
}

static void test_present(void **state)
{
    struct api *api = &w->apis[INES];
    (void)state;
    api->network.peers = on_peers;
    for (unsigned step = 0; step < 4; step++) {
        nadia_connected = step == 1 || step == 2;
        nadia_in_sync = step == 2;
        present_look(&api->met, &api->network);
        struct json *answer = api_world_ask(w, INES, "GET", "present", NULL);
        const struct json *persons = json_member(answer, "persons");
        assert_int_equal(json_count(persons), API_WORLD_PERSONS);
        for (size_t i = 0; i < json_count(persons); i++) {
            const struct json *person = json_item(persons, i),
                              *has = json_member(person, "has_all");
            const char *name = json_text(person, "name");
            bool is_me = strcmp(name, "Ines") == 0, is_nadia = strcmp(name, "Nadia") == 0;
            assert_int_equal(json_flag(person, "me"), is_me);
            assert_int_equal(json_flag(person, "connected"),
                             is_me || (is_nadia && nadia_connected));
            assert_int_equal(json_flag(person, "in_sync"), is_me || (is_nadia && nadia_in_sync));
            assert_int_equal(json_flag(person, "met"), is_me || (is_nadia && step > 0));
            enum json_sort wanted =
                is_me || (is_nadia && nadia_connected) ? JSON_FLAG : JSON_NULL; /* not known */
            assert_int_equal(json_sort_of(has), wanted);
            if (wanted == JSON_FLAG) assert_int_equal(json_flag_of(has), is_me || nadia_in_sync);
        }
        json_destroy(answer);
    }
}

/* As many as are kept, and one more: the oldest goes. */
static vl_result on_crowd(void *self, api_peer_visit visit, void *context)
{
    struct api_peer peer = {.connected = true};
    memcpy(peer.person.bytes, self, sizeof(uint32_t));
    peer.person.bytes[31] = 1;
    return visit(context, &peer);
}

static void test_met_is_bounded(void **state)
{
    struct met met = {0};
    uint32_t number = 0;
    const struct api_network network = {.self = &number, .peers = on_crowd};
    struct vl_id first = {.bytes[31] = 1}, second = {.bytes = {1}};
    (void)state;
    second.bytes[31] = 1;
    for (; number < PRESENT_MET_MAX; number++)
        present_look(&met, &network);
    assert_true(present_has_met(&met, &first) && present_has_met(&met, &second));
    present_look(&met, &network);
    assert_false(present_has_met(&met, &first));
    assert_true(present_has_met(&met, &second));
    assert_int_equal(met.count, PRESENT_MET_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_from_the_beginning, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_since_the_last_closing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_decided_and_who_does_what, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_agreement_until_i_assent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blocked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_present, set_up, tear_down),
        cmocka_unit_test(test_met_is_bounded),
    };
    return cmocka_run_group_tests_name("news", tests, NULL, NULL);
}
