/* Persons, devices, rules and blocking through the API's routes: two members of one circle, each
 * with an API of her own, and a third and fourth who only are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/people.h"
#include "circle/circle_info.h"
#include "circle/profile.h"
#include "circle/restate.h"
#include "circle/rules.h"
#include "support/circle_fixture.h"
#include "support/store_fixture.h"

#define PERSONS 4u

static const char *const names[PERSONS] = {"Inès", "Nadia", "Lou", "Max"};

static struct world {
    struct circle_fixture *fixture;
    struct store *store;
    struct circle circles[PERSONS];
    struct circle *lists[PERSONS];
    struct circles sets[PERSONS];
    struct api apis[PERSONS];
    int poked, wrote;
} w;

static void on_poke(void *self, const struct vl_id *circle)
{
    (void)self, (void)circle;
    w.poked++;
}

static void on_wrote(void *self)
{
    (void)self;
    w.wrote++;
}

static const char *no_query(void *context, const char *name)
{
    const char *const *given = context;
    return given != NULL && strcmp(given[0], name) == 0 ? given[1] : NULL;
}

static unsigned send_query(size_t as, const char *method, const char *path, const char *body,
                           const char *const query[2], struct json **out)
{
    struct vl_buffer answer = {0};
    char whole[256];
    snprintf(whole, sizeof whole, "/api/v1/circles/Jeudi%s", path);
    const void *context = query;
    struct caller caller = {.query = no_query, .context = (void *)(uintptr_t)context};
    unsigned status = routes_answer(&w.apis[as], method, whole,
                                    vl_bytes_text(body == NULL ? "" : body), &caller, &answer);
    assert_int_equal(json_parse(vl_buffer_view(&answer), out), VL_OK);
    vl_buffer_finish(&answer);
    return status;
}

static struct json *ask(size_t as, const char *method, const char *path, const char *body)
{
    struct json *answer;
    unsigned status = send_query(as, method, path, body, NULL, &answer);
    if (status != 200) {
        print_error("%s %s: %u %s %s\n", method, path, status, json_text(answer, "error"),
                    json_text(answer, "message"));
    }
    assert_int_equal(status, 200);
    return answer;
}

/* `why`: the sentence, or NULL: whatever is said. */
static void refuses_saying(size_t as, const char *path, const char *body, unsigned status,
                           const char *error, const char *why)
{
    struct json *answer;
    unsigned got =
        send_query(as, strstr(path, "rules") ? "PATCH" : "POST", path, body, NULL, &answer);
    if (got != status || strcmp(json_text(answer, "error"), error) != 0) {
        print_error("%s %s: %u %s %s\n", path, body, got, json_text(answer, "error"),
                    json_text(answer, "message"));
    }
    assert_int_equal(got, status);
    assert_string_equal(json_text(answer, "error"), error);
    if (why != NULL) assert_string_equal(json_text(answer, "message"), why);
    json_destroy(answer);
}

static void refuses(size_t as, const char *path, const char *body, unsigned status,
                    const char *error)
{
    refuses_saying(as, path, body, status, error, NULL);
}

static int setup(void **state)
{
    static uint64_t seed = 7; /* each test its own circle, in one vault */
    struct store_fixture *vault = *state;
    memset(&w, 0, sizeof w);
    w.store = vault->store;
    w.fixture = circle_fixture_create(PERSONS, seed++);
    for (size_t i = 0; i < PERSONS; i++) {
        struct fixture_node *node = &w.fixture->nodes[i];
        const struct profile_change profile = {.pseudonym = names[i]};
        w.circles[i] = (struct circle){.id = w.fixture->id,
                                       .name = "Jeudi",
                                       .keys = node->keys,
                                       .storage = node->storage,
                                       .replica = node->replica};
        w.lists[i] = &w.circles[i];
        w.sets[i] = (struct circles){&w.lists[i], 1};
        w.apis[i] = (struct api){.is_open = true,
                                 .store = w.store,
                                 .circles = &w.sets[i],
                                 .keeper = {.wrote = on_wrote},
                                 .network = {.poke = on_poke}};
        if (profile_write(node->replica, &profile, w.fixture->now, NULL) != VL_OK) return -1;
    }
    circle_fixture_sync_all(w.fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < PERSONS; i++) {
        view_forget(&w.apis[i]);
    }
    circle_fixture_destroy(w.fixture);
    return 0;
}

/* The member of that name in somebody's list; its values live as long as the answer. */
static const struct json *member(const struct json *answer, const char *name)
{
    const struct json *members = json_member(answer, "members");
    for (size_t i = 0; i < json_count(members); i++) {
        if (strcmp(json_text(json_item(members, i), "name"), name) == 0) {
            return json_item(members, i);
        }
    }
    return NULL;
}

static void has_role(size_t as, const char *name, const char *role)
{
    struct json *answer = ask(as, "GET", "/members", NULL);
    const struct json *one = member(answer, name);
    assert_string_equal(one == NULL ? "none" : json_text(one, "role"), role);
    json_destroy(answer);
}

static void test_asking_changes_nothing(void **state)
{
    (void)state;
    struct json *answer = ask(0, "POST", "/members/remove", "{\"person\":\"Max\",\"ask\":true}");
    assert_string_equal(json_text(answer, "effect"), "at-once");
    assert_string_equal(json_text(answer, "name"), "Max");
    assert_false(json_flag(answer, "done"));
    json_destroy(answer);
    has_role(0, "Max", "member");
    assert_int_equal(w.poked, 0);
    assert_int_equal(w.wrote, 0);
}

static void test_a_member_is_removed_at_once(void **state)
{
    (void)state;
    refuses(1, "/members/remove", "{\"person\":\"Max\"}", 403, "AUTHORITY");
    refuses(0, "/members/remove", "{\"person\":\"Absent\"}", 404, "NOT_FOUND");
    refuses(0, "/members/remove", "{\"person\":\"Inès\"}", 400, "INVALID");
    refuses(0, "/members/remove", "{}", 400, "INVALID");
    struct json *answer = ask(0, "POST", "/members/remove", "{\"person\":\"Max\"}");
    assert_true(json_flag(answer, "done"));
    assert_true(json_flag(answer, "in_effect"));
    json_destroy(answer);
    assert_int_equal(w.poked, 1);
    has_role(0, "Max", "none");
    circle_fixture_sync_all(w.fixture);
    has_role(1, "Max", "none");
    refuses(0, "/members/remove", "{\"person\":\"Max\"}", 409, "STATE");

    const char *const gone[2] = {"gone", "1"};
    assert_int_equal(send_query(0, "GET", "/members", NULL, gone, &answer), 200);
    assert_string_equal(json_text(member(answer, "Max"), "role"), "none");
    json_destroy(answer);
    refuses(3, "/members/vouch", "{\"person\":\"Lou\"}", 403, "AUTHORITY");
}

static void test_a_facilitator_falls_by_two(void **state)
{
    (void)state;
    struct json *answer = ask(0, "POST", "/members/promote", "{\"person\":\"Lou\"}");
    assert_true(json_flag(answer, "in_effect"));
    json_destroy(answer);
    refuses(0, "/members/promote", "{\"person\":\"Lou\"}", 409, "STATE");
    refuses(0, "/members/demote", "{\"person\":\"Nadia\"}", 409, "STATE");

    answer = ask(0, "POST", "/members/remove", "{\"person\":\"Lou\"}");
    assert_string_equal(json_text(answer, "effect"), "proposal");
    assert_true(json_flag(answer, "done"));
    assert_false(json_flag(answer, "in_effect"));
    json_destroy(answer);
    has_role(0, "Lou", "facilitator");
    circle_fixture_sync_all(w.fixture);

    answer = ask(1, "GET", "/members", NULL);
    const struct json *open = json_member(answer, "proposals");
    assert_int_equal(json_count(open), 1);
    assert_string_equal(json_text(json_item(open, 0), "kind"), "remove");
    assert_string_equal(json_text(json_item(open, 0), "name"), "Lou");
    assert_string_equal(json_text(json_item(open, 0), "by"), "Inès");
    assert_string_equal(json_text(json_item(open, 0), "needs"), "endorsement");
    json_destroy(answer);

    refuses_saying(0, "/members/remove", "{\"person\":\"Lou\"}", 409, "STATE",
                   "You have proposed that: another confirmed member endorses it.");
    refuses_saying(0, "/members/endorse", "{\"person\":\"Lou\"}", 403, "AUTHORITY",
                   "This proposal is yours: another confirmed member endorses it.");
    refuses_saying(2, "/members/endorse", "{\"person\":\"Lou\"}", 403, "AUTHORITY",
                   "This proposal is about you: another confirmed member endorses it.");
    refuses_saying(3, "/members/endorse", "{\"person\":\"Lou\"}", 403, "AUTHORITY",
                   "Only a confirmed member may do that.");
    refuses_saying(3, "/members/vouch", "{\"person\":\"Lou\"}", 403, "AUTHORITY",
                   "Only a confirmed member may do that.");
    refuses(1, "/members/endorse", "{\"person\":\"Max\"}", 404, "NOT_FOUND");
    answer = ask(1, "POST", "/members/endorse", "{\"person\":\"Lou\"}");
    assert_true(json_flag(answer, "in_effect"));
    assert_string_equal(json_text(answer, "kind"), "remove");
    json_destroy(answer);
    circle_fixture_sync_all(w.fixture);
    has_role(0, "Lou", "none");
    answer = ask(0, "GET", "/members", NULL);
    assert_int_equal(json_count(json_member(answer, "proposals")), 0);
    json_destroy(answer);
}

static void test_without_a_facilitator_members_vote(void **state)
{
    (void)state;
    refuses_saying(1, "/members/vote", "{\"person\":\"Nadia\"}", 403, "AUTHORITY",
                   "There is a facilitator: votes are for when there is none.");
    refuses_saying(0, "/members/stepdown", "{}", 403, "AUTHORITY",
                   "You are the only facilitator: make somebody else one first.");
    struct json *answer = ask(0, "POST", "/members/leave", "{}");
    assert_true(json_flag(answer, "in_effect"));
    json_destroy(answer);
    circle_fixture_sync_all(w.fixture);
    has_role(1, "Inès", "none");

    /* Nadia is the only confirmed one who is left: her vote alone is more than half. */
    answer = ask(1, "POST", "/members/vote", "{\"person\":\"Lou\"}");
    assert_string_equal(json_text(answer, "effect"), "vote");
    assert_true(json_flag(answer, "in_effect"));
    json_destroy(answer);
    circle_fixture_sync_all(w.fixture);
    has_role(2, "Lou", "facilitator");
}

static void test_a_vote_that_does_not_win_is_listed(void **state)
{
    (void)state;
    json_destroy(ask(1, "POST", "/members/vouch", "{\"person\":\"Lou\"}"));
    json_destroy(ask(1, "POST", "/members/vouch", "{\"person\":\"Max\"}"));
    circle_fixture_sync_all(w.fixture);
    struct json *answer = ask(0, "GET", "/members", NULL);
    assert_true(json_flag(member(answer, "Lou"), "confirmed"));
    json_destroy(answer);
    json_destroy(ask(0, "POST", "/members/leave", "{}"));
    circle_fixture_sync_all(w.fixture);
    answer = ask(1, "POST", "/members/vote", "{\"person\":\"Lou\"}");
    assert_false(json_flag(answer, "in_effect"));
    json_destroy(answer);
    circle_fixture_sync_all(w.fixture);
    answer = ask(2, "GET", "/members", NULL);
    const struct json *one = json_item(json_member(answer, "proposals"), 0);
    assert_string_equal(json_text(one, "kind"), "vote");
    assert_int_equal(json_integer(one, "votes"), 1);
    assert_int_equal(json_integer(one, "votes_needed"), 2);
    json_destroy(answer);
    answer = ask(3, "POST", "/members/vote", "{\"person\":\"Lou\"}");
    assert_true(json_flag(answer, "in_effect"));
    json_destroy(answer);
}

static void test_the_circle_says_how_it_stands(void **state)
{
    (void)state;
    struct json *answer = ask(0, "GET", "", NULL);
    assert_string_equal(json_text(answer, "role"), "facilitator");
    assert_string_equal(json_text(answer, "key"), "current");
    assert_int_equal(json_count(json_member(answer, "without_key")), 0);
    assert_int_equal(json_count(json_member(answer, "unconfirmed")), 2);
    json_destroy(answer);

    json_destroy(ask(0, "POST", "/members/remove", "{\"person\":\"Max\"}"));
    answer = ask(0, "GET", "", NULL);
    assert_string_equal(json_text(answer, "key"), "renewed");
    json_destroy(answer);
    circle_fixture_sync_all(w.fixture);
    answer = ask(3, "GET", "", NULL);
    assert_string_equal(json_text(answer, "key"), "none");
    assert_string_equal(json_text(answer, "role"), "none");
    json_destroy(answer);

    const struct profile_change about = {.about = "nouvelle clé"};
    assert_int_equal(profile_write(w.circles[0].replica, &about, w.fixture->now, NULL), VL_OK);
    answer = ask(0, "GET", "", NULL);
    assert_string_equal(json_text(answer, "key"), "current");
    json_destroy(answer);
}

static void test_rules_are_the_facilitators(void **state)
{
    (void)state;
    struct json *answer = ask(1, "GET", "/rules", NULL);
    assert_string_equal(json_text(answer, "invite"), "facilitators");
    assert_true(json_flag(answer, "newcomers_see_past"));
    assert_int_equal(json_integer(answer, "keep_months"), 0);
    assert_string_equal(json_text(answer, "attendance"), "names");
    json_destroy(answer);
    assert_int_equal(rules_may_invite(w.circles[0].replica), VL_OK);
    assert_int_equal(rules_may_invite(w.circles[1].replica), VL_ERR_AUTHORITY);

    refuses(1, "/rules", "{\"invite\":\"nobody\"}", 403, "AUTHORITY");
    refuses(0, "/rules", "{\"invite\":\"everybody\"}", 400, "INVALID");
    refuses(0, "/rules", "{\"keep_months\":1201}", 400, "INVALID");
    answer = ask(0, "PATCH", "/rules",
                 "{\"invite\":\"nobody\",\"newcomers_see_past\":false,\"keep_months\":1200,"
                 "\"attendance\":\"count\"}");
    assert_string_equal(json_text(answer, "invite"), "nobody");
    json_destroy(answer);
    circle_fixture_sync_all(w.fixture);
    answer = ask(1, "GET", "/rules", NULL);
    assert_false(json_flag(answer, "newcomers_see_past"));
    assert_int_equal(json_integer(answer, "keep_months"), 1200);
    assert_string_equal(json_text(answer, "attendance"), "count");
    json_destroy(answer);
    assert_int_equal(rules_may_invite(w.circles[0].replica), VL_ERR_AUTHORITY);

    /* What is not given stays; what is the same is not written again. */
    json_destroy(ask(0, "PATCH", "/rules", "{\"invite\":\"facilitators\"}"));
    uint64_t generation = vl_replica_generation(w.circles[0].replica);
    answer = ask(0, "PATCH", "/rules", "{\"keep_months\":1200}");
    assert_string_equal(json_text(answer, "attendance"), "count");
    assert_string_equal(json_text(answer, "invite"), "facilitators");
    json_destroy(answer);
    assert_true(vl_replica_generation(w.circles[0].replica) == generation);
}

static void test_a_newcomer_without_the_past(void **state)
{
    (void)state;
    struct schema_problem problem = {0};
    struct circle_info info;
    struct record_list list;
    struct rules rules;
    struct vl_replica *founder = w.circles[0].replica;
    const vl_wall now = w.fixture->now;
    assert_int_equal(
        circle_info_write(founder, "Jeudi", "Se parler", "Rien ne sort d'ici", now, &problem),
        VL_OK);
    json_destroy(ask(0, "PATCH", "/rules", "{\"newcomers_see_past\":false}"));
    json_destroy(ask(0, "POST", "/shares", "{\"title\":\"Avant\"}"));

    size_t newcomer = circle_fixture_stranger(w.fixture);
    struct vl_enrolment enrolment = circle_fixture_enrolment(w.fixture, newcomer);
    assert_int_equal(restate_add_newcomer(founder, &enrolment, now), VL_OK);
    json_destroy(ask(0, "POST", "/shares", "{\"title\":\"Après\"}"));
    circle_fixture_sync_all(w.fixture);

    struct vl_replica *hers = w.fixture->nodes[newcomer].replica;
    assert_int_equal(circle_info_read(hers, &info), VL_OK);
    assert_string_equal(info.name, "Jeudi");
    assert_string_equal(info.agreement, "Rien ne sort d'ici");
    circle_info_finish(&info);
    assert_int_equal(rules_read(hers, &rules), VL_OK);
    assert_false(rules.newcomers_see_past);
    assert_int_equal(record_list_read(hers, SCHEMA_SHARE, &list), VL_OK);
    assert_int_equal(list.count, 1);
    assert_string_equal(record_text(&list.items[0], SHARE_TITLE), "Après");
    record_list_finish(&list);
    /* For those who were there nothing has changed, and nothing is in conflict. */
    assert_int_equal(circle_info_read(w.circles[1].replica, &info), VL_OK);
    assert_string_equal(info.purpose, "Se parler");
    assert_false(record_has_conflict(&info.record));
    circle_info_finish(&info);
    struct json *answer = ask(1, "GET", "/shares", NULL);
    assert_int_equal(json_count(json_member(answer, "shares")), 2);
    json_destroy(answer);
}

static void test_blocking_hides_shares_here(void **state)
{
    (void)state;
    json_destroy(ask(1, "POST", "/shares", "{\"title\":\"Marcher le soir\"}"));
    circle_fixture_sync_all(w.fixture);
    struct json *answer = ask(0, "GET", "/shares", NULL);
    assert_int_equal(json_count(json_member(answer, "shares")), 1);
    json_destroy(answer);

    refuses(0, "/members/block", "{\"person\":\"Inès\"}", 400, "INVALID");
    answer = ask(0, "POST", "/members/block", "{\"person\":\"Nadia\"}");
    assert_string_equal(json_text(answer, "effect"), "here-only");
    json_destroy(answer);
    answer = ask(0, "GET", "/shares", NULL);
    assert_int_equal(json_count(json_member(answer, "shares")), 0);
    assert_int_equal(json_integer(answer, "hidden"), 1);
    json_destroy(answer);
    const char *const all[2] = {"blocked", "show"};
    assert_int_equal(send_query(0, "GET", "/shares", NULL, all, &answer), 200);
    assert_true(json_flag(json_item(json_member(answer, "shares"), 0), "blocked"));
    json_destroy(answer);
    answer = ask(0, "GET", "/members/Nadia", NULL);
    assert_true(json_flag(answer, "blocked"));
    json_destroy(answer);
    json_destroy(ask(0, "POST", "/members/unblock", "{\"person\":\"Nadia\"}"));
    answer = ask(0, "GET", "/shares", NULL);
    assert_int_equal(json_count(json_member(answer, "shares")), 1);
    json_destroy(answer);
}

static void test_erasing_takes_every_version_away(void **state)
{
    (void)state;
    char body[96], path[96], text[RECORD_ID_TEXT_SIZE];
    struct json *answer = ask(1, "POST", "/shares", "{\"title\":\"Un\",\"text\":\"premier jet\"}");
    snprintf(text, sizeof text, "%s", json_text(answer, "id"));
    json_destroy(answer);
    snprintf(path, sizeof path, "/shares/%s", text);
    json_destroy(ask(1, "PATCH", path, "{\"text\":\"second jet\"}"));
    circle_fixture_sync_all(w.fixture);
    snprintf(body, sizeof body, "{\"id\":\"%s\"}", text);
    refuses(2, "/erase", body, 403, "AUTHORITY"); /* somebody else's */
    refuses(1, "/erase", "{\"id\":\"00000000\"}", 404, "NOT_FOUND");
    refuses(1, "/erase", "{\"id\":\"\"}", 404, "NOT_FOUND");

    snprintf(body, sizeof body, "{\"id\":\"%s\",\"ask\":true}", text);
    answer = ask(1, "POST", "/erase", body);
    assert_int_equal(json_integer(answer, "entries"), 2);
    assert_false(json_flag(answer, "done"));
    json_destroy(answer);
    snprintf(body, sizeof body, "{\"id\":\"%s\"}", text);
    answer = ask(1, "POST", "/erase", body);
    assert_true(json_flag(answer, "done"));
    json_destroy(answer);
    circle_fixture_sync_all(w.fixture);
    for (size_t i = 0; i < 3; i++) {
        answer = ask(i, "GET", "/shares", NULL);
        assert_int_equal(json_count(json_member(answer, "shares")), 0);
        json_destroy(answer);
    }
    refuses(1, "/erase", body, 404, "NOT_FOUND");
}

static void test_blocked_at_the_limit(void **state)
{
    (void)state;
    struct blocked blocked;
    for (uint8_t i = 0; i < BLOCKED_MAX; i++) {
        struct vl_id id = {{i, 1}};
        assert_int_equal(blocked_set(w.store, &w.circles[0], &id, true), VL_OK);
        assert_int_equal(blocked_set(w.store, &w.circles[0], &id, true), VL_OK); /* once */
    }
    struct vl_id more = {{BLOCKED_MAX, 1}}, first = {{0, 1}};
    assert_int_equal(blocked_set(w.store, &w.circles[0], &more, true), VL_ERR_LIMIT);
    assert_int_equal(blocked_set(w.store, &w.circles[0], &first, false), VL_OK);
    assert_int_equal(blocked_set(w.store, &w.circles[0], &more, true), VL_OK);
    assert_int_equal(blocked_read(w.store, &w.circles[0], &blocked), VL_OK);
    assert_int_equal(blocked.count, BLOCKED_MAX);
    assert_true(blocked_has(&blocked, &more));
    assert_false(blocked_has(&blocked, &first));
}

static void test_devices(void **state)
{
    (void)state;
    char body[128];
    struct json *answer = ask(0, "GET", "/devices", NULL);
    const struct json *devices = json_member(answer, "devices");
    assert_int_equal(json_count(devices), PERSONS);
    char mine[VL_ID_TEXT_SIZE] = "", hers[VL_ID_TEXT_SIZE] = "";
    for (size_t i = 0; i < PERSONS; i++) {
        const struct json *device = json_item(devices, i);
        assert_true(json_flag(device, "current"));
        bool is_mine = json_flag(device, "this");
        snprintf(is_mine ? mine : hers, sizeof mine, "%s", json_text(device, "device"));
        if (is_mine) assert_string_equal(json_text(device, "name"), "Inès");
    }
    json_destroy(answer);
    snprintf(body, sizeof body, "{\"device\":\"%.8s\"}", mine);
    refuses(0, "/devices/remove", body, 409, "STATE"); /* the only one */
    snprintf(body, sizeof body, "{\"device\":\"%.8s\"}", hers);
    refuses(0, "/devices/remove", body, 403, "AUTHORITY");
    refuses(0, "/devices/restore", body, 409, "STATE"); /* she has one */
    refuses(1, "/devices/restore", body, 403, "AUTHORITY");
    refuses(0, "/devices/restore", "{\"device\":\"00000000\"}", 404, "NOT_FOUND");
    refuses(0, "/devices/restore", "{\"device\":\"\"}", 404, "NOT_FOUND");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_asking_changes_nothing),
        TEST(test_a_member_is_removed_at_once),
        TEST(test_a_facilitator_falls_by_two),
        TEST(test_without_a_facilitator_members_vote),
        TEST(test_a_vote_that_does_not_win_is_listed),
        TEST(test_the_circle_says_how_it_stands),
        TEST(test_rules_are_the_facilitators),
        TEST(test_a_newcomer_without_the_past),
        TEST(test_blocking_hides_shares_here),
        TEST(test_erasing_takes_every_version_away),
        TEST(test_blocked_at_the_limit),
        TEST(test_devices),
    };
#undef TEST
    return cmocka_run_group_tests(tests, store_fixture_set_up, store_fixture_tear_down);
}
