/* A meeting that goes on, through the API: what people do, what is refused and in which words,
 * whose screens agree, quiet signals, voice; and which records count as moments. */
#include "api/live_cache.h"
#include "api/view_meeting.h"
#include "circle/circle_info.h"
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INES, NADIA, LOU, MAX };

static struct api_world *w;
static char meeting[64];

static int begin(void **state)
{
    (void)state;
    w = api_world_create(77);
    struct json *made =
        api_world_ask(w, INES, "POST", "meetings", "{\"title\":\"Jeudi\",\"format\":\"check-in\"}");
    snprintf(meeting, sizeof meeting, "%s", json_text(made, "id"));
    json_destroy(made);
    circle_fixture_sync_all(w->fixture);
    return 0;
}

static int end(void **state)
{
    (void)state;
    api_world_destroy(w);
    return 0;
}

static const char *path_of(const char *rest)
{
    static char path[256];
    snprintf(path, sizeof path, "meetings/%s/%s", meeting, rest);
    return path;
}

/* Does it, on that person's device, and brings it to the others. */
static struct json *does(size_t as, const char *action, const char *body)
{
    char rest[64];
    snprintf(rest, sizeof rest, "live/%s", action);
    struct json *live = api_world_ask(w, as, "POST", path_of(rest), body);
    circle_fixture_sync_all(w->fixture);
    return live;
}

static void just(size_t as, const char *action, const char *body)
{
    json_destroy(does(as, action, body));
}

static void refuses(size_t as, const char *action, const char *body, unsigned status,
                    const char *message)
{
    char rest[64];
    struct json *answer;
    snprintf(rest, sizeof rest, "live/%s", action);
    assert_int_equal(api_world_send(w, as, "POST", path_of(rest), body, &answer), status);
    assert_string_equal(json_text(answer, "message"), message);
    json_destroy(answer);
}

static struct json *live(size_t as)
{
    return api_world_ask(w, as, "GET", path_of("live"), NULL);
}

static const char *name_of(const struct json *one)
{
    return json_text(one, "seat")[0] != 0 ? json_text(one, "seat") : json_text(one, "name");
}

/* "Ines Nadia" of a list of people. */
static const char *names(const struct json *list)
{
    static char text[512];
    text[0] = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        if (i > 0) strcat(text, " ");
        strcat(text, name_of(json_item(list, i)));
    }
    return text;
}

/* Without what passes by itself, and what is for one person: the same for all. */
static void assert_all_see(const char *state, const char *turn, const char *next, const char *hands)
{
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        struct json *now = live(i);
        assert_string_equal(json_text(now, "state"), state);
        assert_string_equal(name_of(json_member(now, "turn")), turn);
        assert_string_equal(name_of(json_member(now, "next")), next);
        assert_string_equal(names(json_member(now, "hands")), hands);
        json_destroy(now);
    }
}

static void all_arrive(void)
{
    just(INES, "open", NULL);
    just(NADIA, "arrive", NULL);
    just(LOU, "arrive", "{}");
    just(LOU, "arrive", "{\"seat\":\"Zoe\\u0301\"}"); /* in two code points; read as one */
}

static void test_evening(void **state)
{
    (void)state;
    struct json *now = live(MAX);
    assert_string_equal(json_text(now, "state"), "before");
    assert_true(json_count(json_member(now, "parts")) > 1);
    json_destroy(now);
    all_arrive();
    just(LOU, "part", NULL); /* anybody may lead */
    just(INES, "round", NULL);
    assert_all_see("open", "Ines", "Nadia", "");
    just(INES, "done", NULL);
    just(NADIA, "pass", NULL);
    just(NADIA, "hand", NULL);
    just(INES, "hand", NULL);
    just(LOU, "done", "{\"person\":\"Lou\"}");
    assert_all_see("open", "Zoé", "", "Nadia Ines");
    just(MAX, "done", NULL); /* whoever has the word */
    assert_all_see("open", "", "Nadia", "Nadia Ines");
    just(INES, "turn", NULL); /* who is next */
    just(NADIA, "hand_over", "{\"seat\":\"Zoé\"}");
    just(NADIA, "lower", "{\"person\":\"Ines\"}");
    just(LOU, "pause", NULL);
    assert_all_see("paused", "Zoé", "", "");
    now = live(NADIA);
    assert_int_equal(json_integer(json_member(now, "part"), "number"), 1);
    assert_false(json_flag(json_member(now, "part"), "runs"));
    assert_string_equal(names(json_member(now, "places")), "Ines Nadia Lou Zoé");
    assert_string_equal(names(json_member(now, "not_heard")), "");
    assert_true(json_flag(json_member(now, "round"), "over"));
    json_destroy(now);
    just(LOU, "resume", NULL);
    just(LOU, "part", NULL);
    now = live(INES);
    assert_int_equal(json_integer(json_member(now, "part"), "number"), 2);
    assert_int_equal(json_sort_of(json_member(now, "round")), JSON_NULL);
    json_destroy(now);
    just(LOU, "depart", NULL);
    just(INES, "close", NULL);
    assert_all_see("closed", "", "", "");
    char path[128];
    snprintf(path, sizeof path, "meetings/%s", meeting);
    struct json *record = api_world_ask(w, MAX, "GET", path, NULL);
    assert_string_equal(json_text(record, "state"), "closed");
    json_destroy(record);
}

static void test_refusals(void **state)
{
    (void)state;
    refuses(INES, "round", NULL, 409, "The meeting is not open yet.");
    refuses(INES, "dance", NULL, 404, "There is no such thing here.");
    all_arrive();
    refuses(NADIA, "open", NULL, 409, "The meeting is open already.");
    refuses(NADIA, "done", NULL, 409, "Nobody has the word.");
    refuses(NADIA, "turn", NULL, 409, "Nobody waits for the word.");
    refuses(NADIA, "turn", "{\"person\":\"Max\"}", 409, "That person is not here.");
    refuses(NADIA, "turn", "{\"person\":\"Ada\"}", 404, "There is no such person.");
    refuses(NADIA, "turn", "{\"seat\":\"Awa\"}", 409, "That person is not here.");
    refuses(NADIA, "turn", "{\"seat\":\"Awa\",\"person\":\"Max\"}", 400,
            "Seat: either a person or a seat.");
    refuses(NADIA, "pass", NULL, 409, "There is no turn to pass.");
    refuses(NADIA, "lower", NULL, 409, "That hand is not raised.");
    refuses(NADIA, "resume", NULL, 409, "The meeting is not paused.");
    refuses(NADIA, "arrive", NULL, 409, "That person is here already.");
    refuses(NADIA, "arrive", "{\"seat\":\"\\u0001\"}", 400,
            "Seat: not one line of UTF-8 without control characters.");
    refuses(NADIA, "open", "{\"person\":\"Max\"}", 400, "It is not said here.");
    refuses(NADIA, "turn", "{\"kind\":\"close\"}", 400, "Kind: it is not said here.");
    refuses(NADIA, "round", "{\"order\":[{\"seat\":\"Nobody\"}]}", 409,
            "Nobody of this round is here.");
    refuses(NADIA, "part", "{\"part\":\"ffffffff\"}", 404, "Part: there is no such record.");
    just(NADIA, "turn", "{\"person\":\"Lou\"}");
    refuses(NADIA, "turn", "{\"person\":\"Lou\"}", 409, "That person has the word already.");
    refuses(NADIA, "done", "{\"person\":\"Ines\"}", 409, "That person does not have the word.");
    refuses(NADIA, "hand_over", "{\"person\":\"Ines\"}", 409,
            "Only who has the word can hand it over.");
    w->language = "fr";
    refuses(NADIA, "hand_over", "{\"person\":\"Ines\"}", 409,
            "Seule la personne qui a la parole peut la donner.");
}

/* ---- voice ---- */

static void test_voice(void **state)
{
    (void)state;
    all_arrive();
    just(INES, "turn", "{\"person\":\"Nadia\"}");
    struct json *now = live(NADIA);
    assert_string_equal(names(json_member(now, "not_heard")), "Ines Lou Zoé");
    assert_int_equal(json_sort_of(json_member(now, "voice")), JSON_NULL);
    json_destroy(now);
    just(NADIA, "done", NULL);
    now = live(NADIA);
    assert_true(json_flag(json_member(now, "mine"), "heard"));
    assert_true(json_integer(json_member(now, "mine"), "speech_ms") >= 0);
    json_destroy(now);
    /* The circle chose so: of all, by places. */
    assert_int_equal(circle_info_write(w->fixture->nodes[INES].replica, "Jeudi", NULL, NULL,
                                       w->fixture->now, NULL),
                     VL_OK);
    json_destroy(api_world_ask(w, INES, "PATCH", "settings", "{\"voice_shown\":true}"));
    circle_fixture_sync_all(w->fixture);
    now = live(LOU);
    assert_string_equal(names(json_member(now, "voice")), "Ines Nadia Lou Zoé");
    json_destroy(now);
}

/* ---- quiet signals ---- */

static void test_signal(void **state)
{
    (void)state;
    struct json *answer = api_world_ask(w, LOU, "POST", path_of("signal"),
                                        "{\"kind\":\"break\",\"text\":\"Deux minutes\"}");
    assert_int_equal(json_count(json_member(answer, "signals")), 1);
    assert_true(json_flag(json_item(json_member(answer, "signals"), 0), "mine"));
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    const size_t sees[] = {INES, LOU};
    const size_t blind[] = {NADIA, MAX};
    for (size_t i = 0; i < 2; i++) {
        struct json *now = live(sees[i]);
        const struct json *signal = json_item(json_member(now, "signals"), 0);
        assert_string_equal(json_text(signal, "kind"), "break");
        assert_string_equal(json_text(signal, "text"), "Deux minutes");
        assert_string_equal(json_text(signal, "name"), "Lou");
        assert_false(json_flag(signal, "seen"));
        json_destroy(now);
        now = live(blind[i]);
        assert_int_equal(json_count(json_member(now, "signals")), 0);
        json_destroy(now);
    }
    answer = api_world_ask(w, INES, "POST", path_of("signal/seen"), NULL);
    assert_true(json_flag(json_item(json_member(answer, "signals"), 0), "seen"));
    json_destroy(answer);
    assert_int_equal(
        api_world_send(w, LOU, "POST", path_of("signal"), "{\"kind\":\"scream\"}", &answer), 400);
    assert_string_equal(json_text(answer, "field"), "kind");
    json_destroy(answer);
}

static void test_agreement(void **state)
{
    (void)state;
    struct json *now = live(NADIA);
    assert_int_equal(json_sort_of(json_member(now, "agreement")), JSON_NULL);
    json_destroy(now);
    struct json *made =
        api_world_ask(w, INES, "POST", "agreement", "{\"text\":\"Ce qui est dit ici...\"}");
    char body[96];
    snprintf(body, sizeof body, "{\"id\":\"%s\"}", json_text(made, "proposed"));
    json_destroy(made);
    json_destroy(api_world_ask(w, INES, "POST", "agreement/adopt", body));
    json_destroy(api_world_ask(w, INES, "POST", "agreement/assent", body));
    circle_fixture_sync_all(w->fixture);
    now = does(NADIA, "open", NULL);
    assert_false(json_flag(json_member(now, "agreement"), "mine"));
    assert_int_equal(json_count(json_member(json_member(now, "agreement"), "missing")), 3);
    json_destroy(now);
}

/* ---- "we are here now" ---- */

static void test_here_opens_live(void **state)
{
    (void)state;
    static const char *const here[] = {"Ines", "Ines Nadia", "Ines Nadia"};
    static const size_t whose[] = {INES, NADIA, INES};
    for (size_t i = 0; i < 3; i++) {
        struct json *made = api_world_ask(w, whose[i], "POST", "here", NULL);
        snprintf(meeting, sizeof meeting, "%s", json_text(made, "id"));
        assert_string_equal(json_text(made, "state"), "open");
        json_destroy(made);
        circle_fixture_sync_all(w->fixture);
        assert_all_see("open", "", "", "");
        struct json *now = live(LOU);
        assert_string_equal(names(json_member(now, "places")), here[i]);
        assert_int_equal(json_integer(now, "moments"), i == 0 ? 1 : 2);
        json_destroy(now);
    }
}

/* ---- what came of it ---- */

/* On Lou's screen: so many of each, and whether there are others. In both views alike. */
static struct json *assert_outcomes(size_t decisions, size_t commitments, bool more)
{
    struct json *now = live(LOU);
    char path[96];
    snprintf(path, sizeof path, "meetings/%s", meeting);
    struct json *whole = api_world_ask(w, LOU, "GET", path, NULL);
    const struct json *views[] = {now, whole};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(json_count(json_member(views[i], "decisions")), decisions);
        assert_int_equal(json_count(json_member(views[i], "commitments")), commitments);
        assert_int_equal(json_flag(views[i], "more_outcomes"), more);
    }
    json_destroy(whole);
    return now;
}

static void write_outcome(size_t as, const char *plural, const char *rest, char *path, size_t size)
{
    char body[256];
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",%s}", meeting, rest);
    struct json *made = api_world_ask(w, as, "POST", plural, body);
    snprintf(path, size, "%s/%s", plural, json_text(made, "id"));
    json_destroy(made);
}

static void test_outcomes(void **state)
{
    (void)state;
    char decision[96], path[96];
    json_destroy(assert_outcomes(0, 0, false));
    write_outcome(NADIA, "decisions", "\"text\":\"On chante\"", decision, sizeof decision);
    write_outcome(INES, "commitments", "\"text\":\"Le pain\",\"person\":\"Nadia\"", path,
                  sizeof path);
    write_outcome(INES, "commitments", "\"text\":\"Le vin\",\"seat\":\"Mia\"", path, sizeof path);
    circle_fixture_sync_all(w->fixture);
    struct json *now = assert_outcomes(1, 2, false);
    const struct json *first = json_item(json_member(now, "decisions"), 0);
    assert_string_equal(json_text(first, "text"), "On chante");
    assert_string_equal(json_text(first, "by"), "Nadia");
    for (size_t i = 0; i < 2; i++) {
        const struct json *one = json_item(json_member(now, "commitments"), i);
        const bool is_hers = strcmp(json_text(one, "text"), "Le pain") == 0;
        assert_string_equal(name_of(one), is_hers ? "Nadia" : "Mia");
    }
    json_destroy(now);
    json_destroy(api_world_ask(w, NADIA, "DELETE", decision, NULL));
    circle_fixture_sync_all(w->fixture);
    json_destroy(assert_outcomes(0, 2, false));
}

static void test_outcomes_at_their_limit(void **state)
{
    (void)state;
    char path[96];
    for (size_t i = 0; i < OUTCOMES_MAX; i++)
        write_outcome(LOU, "decisions", "\"text\":\"Oui\"", path, sizeof path);
    json_destroy(assert_outcomes(OUTCOMES_MAX, 0, false));
    write_outcome(LOU, "decisions", "\"text\":\"Non\"", path, sizeof path);
    json_destroy(assert_outcomes(OUTCOMES_MAX, 0, true));
}

/* ---- which records are moments ---- */

static void said(size_t as, const char *body)
{
    json_destroy(api_world_ask(w, as, "POST", "moments", body));
    circle_fixture_sync_all(w->fixture);
}

/* By hand, as another program could: fields in entries of their own. */
static void write_apart(size_t as, enum moment_kind kind)
{
    struct vl_replica *r = w->fixture->nodes[as].replica;
    const struct vl_value number = {.tag = VL_VALUE_INTEGER, .integer = kind};
    struct vl_record_id id, of;
    struct vl_buffer value = {0};
    struct vl_id entry;
    assert_int_equal(record_id_parse(meeting, &of), VL_OK);
    assert_int_equal(record_id_new(r, SCHEMA_MOMENT, &id), VL_OK);
    const struct vl_value reference = {
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = of};
    const struct vl_value *const values[] = {&reference, &number};
    const uint32_t fields[] = {MOMENT_MEETING, MOMENT_KIND};
    for (size_t i = 0; i < 2; i++) {
        vl_buffer_clear(&value);
        assert_int_equal(vl_value_encode(values[i], &value), VL_OK);
        const struct vl_operation op = {.type = SCHEMA_MOMENT,
                                        .record = id,
                                        .field = fields[i],
                                        .opcode = VL_OP_REGISTER_SET,
                                        .value = vl_buffer_view(&value)};
        assert_int_equal(vl_replica_write(r, &op, 1, w->fixture->now, &entry), VL_OK);
    }
    vl_buffer_finish(&value);
    circle_fixture_sync_all(w->fixture);
}

static int64_t moments_seen(size_t as)
{
    struct json *now = live(as);
    const int64_t count = json_integer(now, "moments");
    json_destroy(now);
    return count;
}

static void test_what_counts(void **state)
{
    char body[256], other[64];
    (void)state;
    just(INES, "open", NULL);
    assert_int_equal(moments_seen(MAX), 1);
    write_apart(NADIA, MOMENT_CLOSE); /* made in two */
    assert_int_equal(moments_seen(MAX), 1);
    snprintf(body, sizeof body,
             "{\"meeting\":\"%s\",\"kind\":\"arrive\",\"person\":\"Lou\",\"seat\":\"Awa\"}",
             meeting);
    said(NADIA, body); /* about two */
    assert_int_equal(moments_seen(MAX), 1);
    struct json *made = api_world_ask(w, INES, "POST", "meetings", "{\"title\":\"Another\"}");
    snprintf(other, sizeof other, "%s", json_text(made, "id"));
    json_destroy(made);
    circle_fixture_sync_all(w->fixture);
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"kind\":\"close\"}", other);
    said(NADIA, body);
    assert_int_equal(moments_seen(MAX), 1);
    /* The records' own route makes moments too; one that makes no sense changes nothing. */
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"kind\":\"done\",\"person\":\"Max\"}",
             meeting);
    said(NADIA, body);
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"kind\":\"part\"}", meeting);
    said(NADIA, body);
    assert_int_equal(moments_seen(MAX), 3);
    assert_all_see("open", "", "", "");
}

/* ---- what is kept between two looks ---- */

static void test_cache(void **state)
{
    struct store_change change = {.circle = w->fixture->id};
    char body[256];
    (void)state;
    just(INES, "open", NULL);
    live_cache_begin(w->apis[MAX].live, true);
    assert_int_equal(moments_seen(MAX), 1);
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"kind\":\"arrive\"}", meeting);
    struct json *made = api_world_ask(w, LOU, "POST", "moments", body);
    assert_int_equal(record_id_parse(json_text(made, "id"), &change.records[0].record), VL_OK);
    json_destroy(made);
    circle_fixture_sync_all(w->fixture);
    assert_int_equal(moments_seen(MAX), 1); /* nobody has told yet */
    change.records[0].type = SCHEMA_MOMENT;
    change.count = 1;
    for (int again = 0; again < 2; again++) {
        live_cache_commit(w->apis[MAX].live, &change, request_instant());
        assert_int_equal(moments_seen(MAX), 2);
    }
    /* More than is noted one by one: all of it is read again. */
    said(NADIA, body);
    for (unsigned i = 0; i <= LIVE_CACHE_CHANGES; i++)
        live_cache_commit(w->apis[MAX].live, &change, request_instant());
    assert_int_equal(moments_seen(MAX), 3);
    said(MAX, body);
    live_cache_commit(w->apis[MAX].live,
                      &(struct store_change){.circle = w->fixture->id, .many = true},
                      request_instant());
    assert_int_equal(moments_seen(MAX), 4);
    /* The one that was not looked at for longest goes, and comes again. */
    char first[64];
    snprintf(first, sizeof first, "%s", meeting);
    for (unsigned i = 0; i <= LIVE_CACHE_MEETINGS; i++) {
        made = api_world_ask(w, MAX, "POST", "meetings", "{\"title\":\"Another\"}");
        snprintf(meeting, sizeof meeting, "%s", json_text(made, "id"));
        json_destroy(made);
        assert_int_equal(moments_seen(MAX), 0);
    }
    snprintf(meeting, sizeof meeting, "%s", first);
    assert_int_equal(moments_seen(MAX), 4);
    /* Erased: it says nothing any more. */
    char path[80], text[RECORD_ID_TEXT_SIZE];
    record_id_text(&change.records[0].record, text);
    snprintf(path, sizeof path, "moments/%s", text);
    json_destroy(api_world_ask(w, LOU, "DELETE", path, NULL));
    circle_fixture_sync_all(w->fixture);
    live_cache_commit(w->apis[MAX].live, &change, request_instant());
    assert_int_equal(moments_seen(MAX), 3);
}

/* ---- other clocks ---- */

static int64_t differences[API_WORLD_PERSONS];

static vl_result peers(void *self, api_peer_visit visit, void *context)
{
    struct api_world *world = self;
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        struct api_peer peer = {.connected = true,
                                .in_sync = true,
                                .has_clock_offset = true,
                                .clock_difference_ms = differences[i],
                                .clock_error_ms = 2};
        memcpy(peer.sign_key, world->circles[i].keys->card.sign, sizeof peer.sign_key);
        VL_TRY(visit(context, &peer));
    }
    return VL_OK;
}

/* A moment by a device whose clock is years away, said by hand so that it carries that clock. */
static void writes_at(size_t as, enum moment_kind kind, int64_t ago, int64_t away)
{
    struct vl_replica *r = w->fixture->nodes[as].replica;
    const struct vl_value number = {.tag = VL_VALUE_INTEGER, .integer = kind};
    struct vl_value of = {.tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING};
    struct schema_problem problem;
    struct vl_record_id id;
    struct edit e;
    differences[as] = request_now().ms - (int64_t)request_instant().ms + away;
    assert_int_equal(record_id_new(r, SCHEMA_MOMENT, &id), VL_OK);
    assert_int_equal(record_id_parse(meeting, &of.record), VL_OK);
    assert_int_equal(edit_begin(&e, r, SCHEMA_MOMENT, &id), VL_OK);
    edit_set(&e, MOMENT_MEETING, &of);
    edit_set(&e, MOMENT_KIND, &number);
    const vl_wall then = {request_now().ms - ago + away};
    assert_int_equal(edit_write(&e, then, &problem), VL_OK);
    edit_finish(&e);
    circle_fixture_sync_all(w->fixture);
}

static void test_clocks_differ_by_years(void **state)
{
    const int64_t year = INT64_C(31556926000);
    (void)state;
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        differences[i] = request_now().ms - (int64_t)request_instant().ms;
        w->apis[i].network.self = w;
        w->apis[i].network.peers = peers;
    }
    const vl_instant begun = request_instant();
    writes_at(NADIA, MOMENT_OPEN, 600000, -7 * year);
    writes_at(LOU, MOMENT_ARRIVE, 590000, 20 * year);
    writes_at(LOU, MOMENT_ROUND, 65000, 20 * year);
    writes_at(NADIA, MOMENT_DONE, 5000, -7 * year);
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        if (i == NADIA || i == LOU) continue; /* their own clock is not shifted in this test */
        struct json *now = live(i);
        const int64_t turn = json_integer(json_member(now, "turn"), "elapsed_ms");
        const int64_t open = json_integer(now, "elapsed_ms");
        assert_string_equal(name_of(json_member(now, "turn")), "Lou");
        /* and what this test takes itself, on a busy machine or under a checker */
        const int64_t late = (int64_t)(request_instant().ms - begun.ms) + 50;
        assert_true(turn >= 5000 && turn <= 5000 + late);
        assert_true(open >= 600000 && open <= 600000 + late);
        assert_false(json_flag(json_member(now, "turn"), "approximate"));
        json_destroy(now);
    }
}

static void test_unknown_clocks(void **state)
{
    const int64_t year = INT64_C(31556926000);
    (void)state;
    /* Nothing is known of them: bounded, and said to be a guess. */
    writes_at(NADIA, MOMENT_OPEN, 0, 7 * year);
    writes_at(NADIA, MOMENT_ROUND, 0, 7 * year);
    struct json *now = live(MAX);
    assert_true(json_flag(json_member(now, "turn"), "approximate"));
    assert_in_range(json_integer(json_member(now, "turn"), "elapsed_ms"), 0, 1000);
    json_destroy(now);
    writes_at(NADIA, MOMENT_DONE, 0, -7 * year);
    now = live(MAX); /* an end before its beginning counts as nothing */
    assert_int_equal(json_sort_of(json_member(now, "turn")), JSON_NULL);
    json_destroy(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_evening, begin, end),
        cmocka_unit_test_setup_teardown(test_refusals, begin, end),
        cmocka_unit_test_setup_teardown(test_voice, begin, end),
        cmocka_unit_test_setup_teardown(test_signal, begin, end),
        cmocka_unit_test_setup_teardown(test_agreement, begin, end),
        cmocka_unit_test_setup_teardown(test_here_opens_live, begin, end),
        cmocka_unit_test_setup_teardown(test_outcomes, begin, end),
        cmocka_unit_test_setup_teardown(test_outcomes_at_their_limit, begin, end),
        cmocka_unit_test_setup_teardown(test_what_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_cache, begin, end),
        cmocka_unit_test_setup_teardown(test_clocks_differ_by_years, begin, end),
        cmocka_unit_test_setup_teardown(test_unknown_clocks, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
