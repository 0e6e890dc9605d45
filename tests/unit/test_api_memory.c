/* Requests to the API in which an allocation or a call of the storage fails: the answer says so or
 * is as ever, nothing is half written, and the same request then goes through. What a whole evening
 * asks for: records, a meeting that goes on, minutes typed and imported, a calendar, closing,
 * erasing, members. */
#include "api/editings.h"
#include "api/live_cache.h"
#include "tests/support/api_world.h"
#include "tests/support/failing_memory.h"
#include "tests/support/test_scale.h"
#include "tests/support/watched_storage.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct named { /* what stands for {M} and so on in a path or body */
    char letter;
    char id[VL_ID_TEXT_SIZE];
};
struct stage {
    struct api_world *w;
    struct watched_storage watch;
    struct memory_storage *before;
    struct named names[8];
    size_t name_count;
    char version[64]; /* {V}: of the minutes that one screen has loaded */
};

static unsigned long points;

/* ---- the evening ---- */

static void name(struct stage *s, char letter, const char *id)
{
    struct named *one = &s->names[s->name_count++];
    one->letter = letter;
    snprintf(one->id, sizeof one->id, "%s", id);
}

static const char *value_of(const struct stage *s, char letter)
{
    if (letter == 'V') return s->version;
    for (size_t i = 0; i < s->name_count; i++)
        if (s->names[i].letter == letter) return s->names[i].id;
    return NULL;
}

/* `text` with its names filled in; NULL stays. */
static const char *fill(const struct stage *s, const char *text, char *out, size_t size)
{
    size_t at = 0;
    if (text == NULL) return NULL;
    for (; *text != 0 && at + 1 < size; text++) {
        const char *value =
            text[0] == '{' && text[1] != 0 && text[2] == '}' ? value_of(s, text[1]) : NULL;
        if (value == NULL) {
            out[at++] = *text;
            continue;
        }
        at += (size_t)snprintf(out + at, size - at, "%s", value);
        text += 2;
    }
    assert_true(at < size);
    out[at] = 0;
    return out;
}

static void make(struct stage *s, char letter, size_t as, const char *plural, const char *form)
{
    char body[1024];
    struct json *made = api_world_ask(s->w, as, "POST", plural, fill(s, form, body, sizeof body));
    name(s, letter, json_text(made, letter == 'A' ? "proposed" : "id"));
    json_destroy(made);
    circle_fixture_sync_all(s->w->fixture);
}

static void just(struct stage *s, size_t as, const char *path, const char *body)
{
    char filled[256];
    json_destroy(api_world_ask(s->w, as, "POST", fill(s, path, filled, sizeof filled), body));
    circle_fixture_sync_all(s->w->fixture);
}

static void an_evening(struct stage *s)
{
    char person[VL_ID_TEXT_SIZE];
    vl_id_text(&s->w->fixture->nodes[2].person, person);
    name(s, 'P', person);
    make(s, 'M', 0, "meetings",
         "{\"title\":\"Jeudi\",\"format\":\"check-in\",\"starts\":\"2999-03-07T18:30\","
         "\"recurrence\":\"FREQ=WEEKLY\"}");
    make(s, 'L', 0, "meetings",
         "{\"title\":\"Ce soir\",\"format\":\"check-in\",\"state\":\"open\",\"keep\":\"closing\","
         "\"minutes\":\"le compte rendu\"}");
    make(s, 'S', 0, "shares", "{\"text\":\"le mot\",\"meeting\":\"{L}\",\"keep\":\"closing\"}");
    make(s, 'D', 2, "decisions", "{\"text\":\"on garde\",\"meeting\":\"{L}\",\"keep\":\"kept\"}");
    make(s, 'A', 1, "agreement", "{\"text\":\"Rien ne sort.\"}");
    just(s, 0, "meetings/{L}/live/open", NULL);
    just(s, 1, "meetings/{L}/live/arrive", NULL);
    just(s, 2, "meetings/{L}/live/arrive", NULL);
    just(s, 2, "meetings/{L}/live/hand", NULL);
    just(s, 1, "meetings/{L}/live/round", NULL);
}

/* ---- what is asked ---- */

struct asked {
    const char *method, *path, *body;
};
static const struct asked requests[] = {
    {"GET", "members", NULL},
    {"GET", "devices", NULL},
    {"GET", "rules", NULL},
    {"GET", "agreement", NULL},
    {"GET", "rotation", NULL},
    {"GET", "next-meeting", NULL},
    {"GET", "coming", NULL},
    {"GET", "meetings", NULL},
    {"GET", "meetings/{L}", NULL},
    {"GET", "meetings/{L}/live", NULL},
    {"GET", "meetings/{L}/closing", NULL},
    {"GET", "meetings/{M}/occurrences", NULL},
    {"GET", "meetings/{L}/minutes", NULL},
    {"GET", "shares", NULL},
    {"GET", "due", NULL},
    {"GET", "erasure", NULL},
    {"GET", "log", NULL},
    {"POST", "meetings", "{\"title\":\"Autre\",\"format\":\"check-in\"}"},
    {"PATCH", "meetings/{M}", "{\"title\":\"Vendredi\",\"agenda\":[\"a\",\"b\"]}"},
    {"POST", "shares", "{\"text\":\"pour toi\",\"to\":[\"{P}\"]}"},
    {"POST", "replies", "{\"meeting\":\"{M}\",\"answer\":\"not\"}"},
    {"POST", "meetings/{M}/occurrences", "{\"starts\":\"2999-03-14T18:30\"}"},
    {"POST", "here", "{\"title\":\"Ici\",\"format\":\"check-in\",\"new\":true}"},
    {"POST", "meetings/{L}/live/done", NULL},
    {"POST", "meetings/{L}/live/turn", "{\"person\":\"{P}\"}"},
    {"POST", "meetings/{L}/live/part", NULL},
    {"POST", "meetings/{L}/live/pause", NULL},
    {"POST", "meetings/{L}/live/close", NULL},
    {"POST", "meetings/{L}/signal", "{\"kind\":\"break\"}"},
    {"POST", "meetings/{L}/minutes/edits",
     "{\"base\":\"{V}\",\"operations\":[{\"at\":2,\"delete\":3,\"insert\":\" long \"},"
     "{\"insert\":\"Tard. \"}],\"save\":true}"},
    {"POST", "import/minutes",
     "{\"name\":\"2026-01-15.md\",\"text\":\"# Rencontre du 15 janvier 2026\\n\\nPrésents : Ines, "
     "Lou\\n\\n## Notes\\n\\nUne tisane.\\n\"}"},
    {"POST", "import/ics",
     "{\"text\":\"BEGIN:VCALENDAR\\r\\nVERSION:2.0\\r\\nPRODID:-//x//x//EN\\r\\nBEGIN:VEVENT\\r\\n"
     "UID:a\\r\\nDTSTAMP:20260101T000000Z\\r\\nDTSTART:20300312T183000\\r\\nSUMMARY:Jeudi\\r\\n"
     "RRULE:FREQ=WEEKLY\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\\r\\n\"}"},
    {"POST", "meetings/{L}/close", "{}"},
    {"POST", "due/erase", "{}"},
    {"DELETE", "shares/{S}", NULL},
    {"PATCH", "rules", "{\"keep_months\":6}"},
    {"PATCH", "rotation", "{\"order\":[\"{P}\"]}"},
    {"POST", "agreement", "{\"text\":\"Ce qui est dit ici reste ici.\"}"},
    {"POST", "agreement/adopt", "{\"id\":\"{A}\"}"},
    {"POST", "members/promote", "{\"person\":\"{P}\"}"},
    {"POST", "members/remove", "{\"person\":\"{P}\"}"},
};
#define REQUESTS (sizeof requests / sizeof *requests)

static const char *no_value(void *context, const char *asked)
{
    (void)context, (void)asked;
    return NULL;
}

/* Its status; the answer's text is for the caller to finish. */
static unsigned ask(struct stage *s, const struct asked *asked, struct vl_buffer *answer)
{
    char path[256], body[1024], whole[512];
    const struct answer_file *file = NULL;
    const struct caller caller = {.query = no_value, .header = no_value, .file = &file};
    snprintf(whole, sizeof whole, "/api/v1/circles/Jeudi/%s",
             fill(s, asked->path, path, sizeof path));
    const char *text = fill(s, asked->body, body, sizeof body);
    return routes_answer(&s->w->apis[0], asked->method, whole,
                         vl_bytes_text(text == NULL ? "" : text), &caller, answer);
}

static void load_minutes(struct stage *s)
{
    struct vl_buffer answer = {0};
    struct json *minutes;
    assert_int_equal(ask(s, &(struct asked){"GET", "meetings/{L}/minutes", NULL}, &answer), 200);
    assert_int_equal(json_parse(vl_buffer_view(&answer), &minutes), VL_OK);
    snprintf(s->version, sizeof s->version, "%s", json_text(minutes, "version"));
    json_destroy(minutes);
    vl_buffer_finish(&answer);
}

/* The copy, and what the API keeps of it, as they were that evening. */
static void reset(struct stage *s)
{
    struct fixture_node *node = &s->w->fixture->nodes[0];
    struct api *api = &s->w->apis[0];
    editings_destroy(api->editings);
    live_cache_destroy(api->live);
    view_forget(api);
    vl_replica_close(node->replica);
    node->replica = NULL;
    memory_storage_restore(node->memory, s->before);
    circle_fixture_reopen(s->w->fixture, 0);
    s->w->circles[0].storage = node->storage;
    s->w->circles[0].replica = node->replica;
    assert_int_equal(live_cache_create(&api->live), VL_OK);
    assert_int_equal(editings_create(&api->editings, api, NULL), VL_OK);
    load_minutes(s);
}

/* ---- what fails ---- */

struct fault {
    const char *what;
    vl_result result; /* NO_MEMORY: an allocation; else of a call of the storage */
    bool lasting;
};

static void arm(struct stage *s, const struct fault *fault, uint64_t n)
{
    if (fault->result != VL_ERR_NO_MEMORY)
        memory_storage_fail(s->w->fixture->nodes[0].memory, n, fault->result, fault->lasting);
    else if (fault->lasting)
        failing_memory_arm_lasting(n);
    else
        failing_memory_arm(n);
}

static bool disarm(struct stage *s, const struct fault *fault)
{
    struct memory_storage *memory = s->w->fixture->nodes[0].memory;
    if (fault->result == VL_ERR_NO_MEMORY) return failing_memory_disarm();
    bool failed = memory_storage_failed(memory);
    memory_storage_fail(memory, 0, VL_OK, false);
    return failed;
}

static void assert_sound(struct stage *s, const struct asked *asked, uint64_t n)
{
    struct vl_verify_report report;
    struct vl_id bad;
    if (vl_replica_verify(s->w->fixture->nodes[0].replica, &report, &bad) != VL_OK)
        fail_msg("%s %s, %u: not sound any more", asked->method, asked->path, (unsigned)n);
}

/* Once more, and nothing fails. What was done already may be refused now; a screen whose text was
 * let go for want of memory loads again. */
static void assert_goes_on(struct stage *s, const struct asked *asked, uint64_t n, bool changed)
{
    struct vl_buffer answer = {0};
    unsigned status = ask(s, asked, &answer);
    if (status == 409 && strstr(asked->path, "minutes/edits") != NULL) {
        load_minutes(s);
        vl_buffer_clear(&answer);
        status = ask(s, asked, &answer);
    }
    if (status != 200 && !(changed && status < 500))
        fail_msg("%s %s after %u: %u %.*s", asked->method, asked->path, (unsigned)n, status,
                 (int)answer.size, answer.data);
    vl_buffer_finish(&answer);
}

/* false: there is no n-th one. */
static bool fails_at(struct stage *s, const struct asked *asked, const struct fault *fault,
                     uint64_t n)
{
    const bool reads = strcmp(asked->method, "GET") == 0, closely = n % 16 == 1;
    const unsigned refused = fault->result == VL_ERR_FULL ? 507 : 500;
    struct memory_storage *memory = s->w->fixture->nodes[0].memory;
    struct vl_buffer answer = {0};
    if (!reads || closely) reset(s);
    const size_t entries = memory_storage_entry_count(memory);
    arm(s, fault, n);
    unsigned status = ask(s, asked, &answer);
    bool failed = disarm(s, fault);
    if (status != 200 && !(failed && status == refused))
        fail_msg("%s %s, %s %u: %u %.*s", asked->method, asked->path, fault->what, (unsigned)n,
                 status, (int)answer.size, answer.data);
    vl_buffer_finish(&answer);
    if (!failed) return false;
    points++;
    const bool changed = memory_storage_entry_count(memory) != entries;
    if (reads) assert_false(changed);
    if (closely) assert_sound(s, asked, n);
    assert_goes_on(s, asked, n, changed || status == 200);
    if (closely) assert_sound(s, asked, n);
    return true;
}

static void try_all(struct stage *s, const struct fault *fault, size_t step)
{
    points = 0;
    for (size_t i = 0; i < REQUESTS; i++)
        for (uint64_t n = 1; fails_at(s, &requests[i], fault, n); n += step)
            continue;
    print_message("%lu points\n", points);
}

static void any_allocation_may_fail(void **state)
{
    try_all(*state, &(struct fault){"allocation", VL_ERR_NO_MEMORY, false}, test_scale(1, 37));
    try_all(*state, &(struct fault){"allocation", VL_ERR_NO_MEMORY, true}, test_scale(8, 61));
}

static void any_call_may_fail(void **state)
{
    try_all(*state, &(struct fault){"call", VL_ERR_STORAGE, false}, test_scale(1, 37));
    try_all(*state, &(struct fault){"call", VL_ERR_STORAGE, true}, test_scale(2, 61));
    try_all(*state, &(struct fault){"call", VL_ERR_FULL, true}, test_scale(2, 41));
}

static int setup(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->w = api_world_create(90);
    an_evening(s);
    struct fixture_node *node = &s->w->fixture->nodes[0];
    s->before = memory_storage_clone(node->memory);
    s->watch = (struct watched_storage){.real = node->storage, .pause = failing_memory_pause};
    node->storage = watched_storage_port(&s->watch); /* its own memory is not under test */
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;
    memory_storage_destroy(s->before);
    api_world_destroy(s->w);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(any_call_may_fail),
    };
    return cmocka_run_group_tests_name("requests where something fails", tests, setup, teardown);
}
