/* Who was at a meeting: what its closing puts into its record, by the circle's rule. */
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { INES, NADIA, LOU, MAX };

static struct api_world *w;
static char meeting[64]; /* "meetings/ID" */

static void sync(void)
{
    circle_fixture_sync_all(w->fixture);
}

static int begin(void **state)
{
    static uint64_t seed = 900;
    (void)state;
    w = api_world_create(seed++);
    struct json *made = api_world_ask(w, INES, "POST", "meetings", "{\"title\":\"Jeudi\"}");
    snprintf(meeting, sizeof meeting, "meetings/%s", json_text(made, "id"));
    json_destroy(made);
    sync();
    return 0;
}

static int end(void **state)
{
    (void)state;
    api_world_destroy(w);
    return 0;
}

/* On her own device, told to nobody yet. */
static void does_apart(size_t as, const char *rest, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", meeting, rest);
    json_destroy(api_world_ask(w, as, "POST", path, body));
}

static void does(size_t as, const char *rest, const char *body)
{
    does_apart(as, rest, body);
    sync();
}

static void count_only(void)
{
    json_destroy(api_world_ask(w, INES, "PATCH", "rules", "{\"attendance\":\"count\"}"));
    sync();
}

static bool has(const struct json *set, const char *text)
{
    for (size_t i = 0; i < json_count(set); i++)
        if (strcmp(json_item_text(set, i), text) == 0) return true;
    return false;
}

/* The same for all four: these persons (a bit each), so many seats, that number (-1: none). */
static void assert_record(unsigned persons, size_t seats, int64_t attended)
{
    for (size_t as = 0; as < API_WORLD_PERSONS; as++) {
        struct json *record = api_world_ask(w, as, "GET", meeting, NULL);
        size_t count = 0;
        for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
            char id[VL_ID_TEXT_SIZE];
            const bool is_in = ((persons >> i) & 1) != 0;
            vl_id_text(&w->fixture->nodes[i].person, id);
            assert_int_equal(has(json_member(record, "attendance"), id), is_in);
            count += is_in;
        }
        assert_int_equal(json_count(json_member(record, "attendance")), count);
        assert_int_equal(json_count(json_member(record, "seats")), seats);
        if (attended < 0)
            assert_int_equal(json_sort_of(json_member(record, "attended")), JSON_NULL);
        else
            assert_int_equal(json_integer(record, "attended"), attended);
        json_destroy(record);
    }
}

static void arrive_all(void)
{
    does(INES, "live/open", NULL);
    does(NADIA, "live/arrive", NULL);
    does(LOU, "live/arrive", "{\"seat\":\"Zoe\\u0301\"}");
    does(LOU, "live/arrive", NULL);
    does(LOU, "live/depart", NULL);
}

#define ARRIVED (1u << INES | 1u << NADIA | 1u << LOU)

static void test_names_are_written_by_who_closes(void **state)
{
    (void)state;
    arrive_all();
    assert_record(0, 0, -1);
    does(NADIA, "live/close", NULL); /* anybody may */
    assert_record(ARRIVED, 1, -1);
}

static void test_what_was_there_stays(void **state)
{
    (void)state;
    json_destroy(api_world_ask(w, INES, "PATCH", meeting,
                               "{\"attendance\":[\"Max\"],\"seats\":[\"Zo\xc3\xa9\",\"Mia\"]}"));
    sync();
    arrive_all();
    does(INES, "close", "{}");
    assert_record(ARRIVED | 1u << MAX, 2, -1);
}

static void test_closing_again_writes_nothing(void **state)
{
    (void)state;
    arrive_all();
    does(NADIA, "live/close", NULL);
    const uint64_t before = vl_replica_generation(w->fixture->nodes[INES].replica);
    does(INES, "close", "{}");
    does(INES, "close", "{}");
    assert_int_equal(vl_replica_generation(w->fixture->nodes[INES].replica), before);
    assert_record(ARRIVED, 1, -1);
}

static void test_who_came_too_late_is_added_by_the_next_closing(void **state)
{
    (void)state;
    arrive_all();
    does_apart(MAX, "live/arrive", NULL); /* nobody hears of it */
    does_apart(INES, "live/pause", NULL); /* so her closing has a later stamp */
    does_apart(INES, "live/close", NULL);
    sync();
    assert_record(ARRIVED, 1, -1);
    does(INES, "close", "{}");
    assert_record(ARRIVED | 1u << MAX, 1, -1);
}

static void test_it_outlives_the_moments(void **state)
{
    (void)state;
    json_destroy(api_world_ask(w, INES, "PATCH", meeting, "{\"keep\":\"closing\"}"));
    sync();
    arrive_all();
    does(INES, "close", "{}");
    char path[128];
    snprintf(path, sizeof path, "%s/live", meeting);
    struct json *live = api_world_ask(w, MAX, "GET", path, NULL);
    assert_int_equal(json_count(json_member(live, "places")), 1); /* who opened it */
    json_destroy(live);
    assert_record(ARRIVED, 1, -1);
}

static void test_a_count_names_nobody(void **state)
{
    (void)state;
    count_only();
    arrive_all();
    does(LOU, "live/close", NULL);
    assert_record(0, 0, 4);
    does(INES, "close", "{}"); /* the moments go, though the meeting is kept */
    assert_record(0, 0, 4);
    char path[128];
    snprintf(path, sizeof path, "%s/live", meeting);
    struct json *live = api_world_ask(w, INES, "GET", path, NULL);
    assert_int_equal(json_count(json_member(live, "places")), 1);
    json_destroy(live);
    does(INES, "live/open", NULL);
    does(MAX, "live/arrive", NULL);
    does(INES, "close", "{}"); /* two are known now, who were among four */
    assert_record(0, 0, 4);
}

static void test_a_meeting_without_moments(void **state)
{
    (void)state;
    does(INES, "close", "{}");
    assert_record(0, 0, -1);
}

static void test_more_seats_than_the_field_holds(void **state)
{
    (void)state;
    const size_t most = schema_field(SCHEMA_MEETING, MEETING_SEATS)->most;
    does_apart(INES, "live/open", NULL);
    for (size_t i = 0; i <= most; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"seat\":\"Place %zu\"}", i);
        does_apart(INES, "live/arrive", body);
    }
    does(INES, "live/close", NULL);
    assert_record(1u << INES, most, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names_are_written_by_who_closes, begin, end),
        cmocka_unit_test_setup_teardown(test_what_was_there_stays, begin, end),
        cmocka_unit_test_setup_teardown(test_closing_again_writes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_who_came_too_late_is_added_by_the_next_closing, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_it_outlives_the_moments, begin, end),
        cmocka_unit_test_setup_teardown(test_a_count_names_nobody, begin, end),
        cmocka_unit_test_setup_teardown(test_a_meeting_without_moments, begin, end),
        cmocka_unit_test_setup_teardown(test_more_seats_than_the_field_holds, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
