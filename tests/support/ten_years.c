#include "tests/support/ten_years.h"
#include "api/editings.h"
#include "api/live_cache.h"
#include "circle/edit.h"
#include "circle/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void must(vl_result result, const char *what)
{
    if (result == VL_OK) return;
    fprintf(stderr, "ten years: %s: %s\n", what, vl_result_message(result));
    abort();
}

/* ---- what is written ---- */

static const char *const words[] = {"fatigue", "marche",  "sommeil", "colère",  "tisane",
                                    "jardin",  "silence", "courage", "voisine", "travail",
                                    "enfant",  "hiver",   "rire",    "honte",   "repas",
                                    "lettre",  "peur",    "chanson", "pluie",   "confiance"};
#define WORDS (sizeof words / sizeof words[0])

static const char *sentence(struct ten_years *y, size_t length)
{
    static char text[8192];
    size_t at = 0;
    while (at < length && at + 64 < sizeof text)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%llu", at > 0 ? " " : "",
                               words[seeded_below(&y->random, WORDS)],
                               (unsigned long long)seeded_below(&y->random, 997));
    return text;
}

static void set_record(struct edit *e, uint32_t field, uint32_t type, struct vl_record_id id)
{
    const struct vl_value value = {.tag = VL_VALUE_REFERENCE, .type = type, .record = id};
    edit_set(e, field, &value);
}

static void set_number(struct edit *e, uint32_t field, int64_t number)
{
    const struct vl_value value = {.tag = VL_VALUE_INTEGER, .integer = number};
    edit_set(e, field, &value);
}

static void set_person(struct ten_years *y, struct edit *e, uint32_t field)
{
    const struct vl_value value = {
        .tag = VL_VALUE_PERSON,
        .person = y->f->nodes[seeded_below(&y->random, TEN_YEARS_PERSONS)].person};
    edit_set(e, field, &value);
}

static void begin_record(struct ten_years *y, struct edit *e, uint32_t type,
                         struct vl_record_id *id)
{
    y->next = (size_t)seeded_below(&y->random, TEN_YEARS_PERSONS);
    must(record_id_new(y->f->nodes[y->next].replica, type, id), "id");
    must(edit_begin(e, y->f->nodes[y->next].replica, type, id), "begin");
}

static void end_record(struct ten_years *y, struct edit *e)
{
    struct schema_problem problem = {0};
    vl_result result = edit_write(e, y->f->now, &problem);
    if (result != VL_OK && problem.reason != NULL) fprintf(stderr, "%s\n", problem.reason);
    must(result, "write");
    edit_finish(e);
    y->records++;
}

/* Field 1 of all these is the meeting. */
static void begin_of_meeting(struct ten_years *y, struct edit *e, uint32_t type,
                             struct vl_record_id *id)
{
    begin_record(y, e, type, id);
    set_record(e, 1, SCHEMA_MEETING, y->meetings[y->meeting_count - 1]);
}

/* The last one is still to come. */
static void write_meeting(struct ten_years *y, bool is_last)
{
    struct vl_record_id *id = &y->meetings[y->meeting_count];
    char date[32];
    struct edit e;
    time_t day = 1456000000 + (time_t)y->meeting_count * 7 * 86400;
    struct tm tm;
    begin_record(y, &e, SCHEMA_MEETING, id);
    (void)gmtime_r(&day, &tm);
    (void)strftime(date, sizeof date, "%Y-%m-%dT19:30", &tm);
    edit_set_text(&e, MEETING_TITLE, sentence(y, 20));
    edit_set_text(&e, MEETING_STARTS, is_last ? "2099-01-01T19:30" : date);
    edit_set_text(&e, MEETING_PLACE, sentence(y, 10));
    set_number(&e, MEETING_STATE, is_last ? MEETING_PLANNED : MEETING_CLOSED);
    edit_text(&e, MEETING_MINUTES, vl_bytes_text(sentence(y, 3000)));
    end_record(y, &e);
    y->meeting_count++;
}

static void write_parts(struct ten_years *y)
{
    struct edit e;
    for (size_t i = 0; i < 6; i++) {
        begin_of_meeting(y, &e, SCHEMA_PART, &y->parts[i]);
        edit_set_text(&e, PART_TITLE, sentence(y, 15));
        set_number(&e, PART_MINUTES, 15);
        set_number(&e, PART_KIND, (int64_t)(i % 7));
        end_record(y, &e);
    }
}

static void write_replies(struct ten_years *y)
{
    const struct schema_record *schema = schema_record(SCHEMA_REPLY);
    for (size_t i = 0; i < 20; i++) {
        struct vl_record_id id;
        struct edit e;
        const struct fixture_node *node = &y->f->nodes[i];
        (void)record_id_of(&y->f->id, schema, &y->meetings[y->meeting_count - 1], &node->person,
                           &id);
        must(edit_begin(&e, node->replica, SCHEMA_REPLY, &id), "begin");
        set_record(&e, REPLY_MEETING, SCHEMA_MEETING, y->meetings[y->meeting_count - 1]);
        set_number(&e, REPLY_ANSWER, (int64_t)seeded_below(&y->random, 3));
        end_record(y, &e);
    }
}

static void write_moments(struct ten_years *y, size_t count)
{
    struct vl_record_id id;
    struct edit e;
    for (size_t i = 0; i < count; i++) {
        begin_of_meeting(y, &e, SCHEMA_MOMENT, &id);
        set_number(&e, MOMENT_KIND, (int64_t)seeded_below(&y->random, 14));
        set_person(y, &e, MOMENT_PERSON);
        set_record(&e, MOMENT_PART, SCHEMA_PART, y->parts[i % 6]);
        end_record(y, &e);
    }
}

static void write_outcome(struct ten_years *y)
{
    struct vl_record_id id;
    struct edit e;
    for (size_t i = 0; i < 2; i++) {
        begin_of_meeting(y, &e, SCHEMA_DECISION, &id);
        edit_set_text(&e, DECISION_TEXT, sentence(y, 80));
        end_record(y, &e);
    }
    for (size_t i = 0; i < 3; i++) {
        begin_of_meeting(y, &e, SCHEMA_COMMITMENT, &id);
        edit_set_text(&e, COMMITMENT_TEXT, sentence(y, 40));
        set_person(y, &e, COMMITMENT_PERSON);
        set_number(&e, COMMITMENT_STATE, (int64_t)seeded_below(&y->random, 3));
        end_record(y, &e);
    }
}

static void write_shares(struct ten_years *y, size_t count)
{
    struct vl_record_id id;
    struct edit e;
    for (size_t i = 0; i < count; i++) {
        begin_record(y, &e, SCHEMA_SHARE, &id);
        edit_set_text(&e, SHARE_TITLE, sentence(y, 25));
        edit_set_text(&e, SHARE_TEXT, sentence(y, 60 + (size_t)seeded_below(&y->random, 200)));
        set_number(&e, SHARE_SORT, (int64_t)seeded_below(&y->random, 3));
        set_record(&e, SHARE_MEETING, SCHEMA_MEETING, y->meetings[y->meeting_count - 1]);
        end_record(y, &e);
    }
}

static void write_profiles(struct ten_years *y)
{
    for (size_t i = 0; i < TEN_YEARS_PERSONS; i++) {
        char name[32];
        const struct profile_change profile = {.pseudonym = name};
        snprintf(name, sizeof name, "Personne %zu", i);
        must(profile_write(y->f->nodes[i].replica, &profile, y->f->now, NULL), "profile");
        y->records++;
    }
}

static void write_years(struct ten_years *y, size_t meetings, size_t records)
{
    write_profiles(y);
    for (size_t i = 0; i < meetings; i++) {
        write_meeting(y, i + 1 == meetings);
        write_parts(y);
        write_replies(y);
        write_moments(y, records * 6 / 10 / meetings);
        write_outcome(y);
        write_shares(y, records / 20 / meetings);
        size_t due = records / meetings * (i + 1);
        if (i + 1 == meetings) due = records;
        if (y->records < due) write_shares(y, due - y->records);
    }
}

struct ten_years *ten_years_create(uint64_t seed, size_t meetings, size_t records)
{
    struct ten_years *y = calloc(1, sizeof *y);
    if (y == NULL || meetings == 0 || meetings > TEN_YEARS_MEETINGS) abort();
    seeded_init(&y->random, seed, 0);
    y->f = circle_fixture_create(TEN_YEARS_PERSONS, seed);
    write_years(y, meetings, records);
    for (size_t i = 1; i < TEN_YEARS_PERSONS; i++)
        (void)circle_fixture_pull(y->f, 0, i);
    circle_fixture_add(y->f, 0, circle_fixture_stranger(y->f));
    return y;
}

void ten_years_destroy(struct ten_years *y)
{
    if (y == NULL) return;
    ten_years_close(y);
    circle_fixture_destroy(y->f);
    free(y);
}

/* ---- the newcomer's vault ---- */

static void on_poke(void *self, const struct vl_id *circle)
{
    (void)self, (void)circle;
}

static void on_wrote(void *self)
{
    (void)self;
}

/* As the program does it: what is committed is told to whom it keeps in memory. */
static void on_commit(void *context, const struct store_change *change)
{
    live_cache_commit(((struct ten_years *)context)->api.live, change, (vl_instant){0});
}

static void add_circle(struct ten_years *y, const struct fixture_node *node)
{
    struct store_circle row = {.id = y->f->id, .name = "Jeudi", .pseudonym = "Personne 0"};
    memcpy(row.seed, node->seed, sizeof row.seed);
    must(store_circle_add(y->store, &row), "circle");
    store_circle_finish(&row);
}

void ten_years_open(struct ten_years *y, const char *folder)
{
    const struct fixture_node *newcomer = &y->f->nodes[TEN_YEARS_PERSONS];
    uint64_t wait;
    must(store_open(&y->store, folder, vl_bytes_text(TEN_YEARS_PASSPHRASE), &wait), "open");
    add_circle(y, newcomer);
    y->circle = (struct circle){.id = y->f->id, .name = "Jeudi", .keys = newcomer->keys};
    store_storage(y->store, &y->f->id, &y->circle.storage);
    must(vl_replica_open(&y->circle.replica, &y->f->id, newcomer->keys, &y->circle.storage, NULL),
         "replica");
    y->list = &y->circle;
    y->circles = (struct circles){&y->list, 1};
    y->api = (struct api){.is_open = true,
                          .store = y->store,
                          .circles = &y->circles,
                          .keeper = {.self = y, .wrote = on_wrote},
                          .network = {.poke = on_poke}};
    must(live_cache_create(&y->api.live), "live");
    live_cache_begin(y->api.live, true);
    must(editings_create(&y->api.editings, &y->api, NULL), "editings");
    store_watch_set(y->store, on_commit, y);
    must(vl_replica_heads(y->f->nodes[0].replica, y->heads, TEN_YEARS_LOGS, &y->head_count),
         "heads");
    if (y->head_count > TEN_YEARS_LOGS) abort();
}

void ten_years_close(struct ten_years *y)
{
    if (y->store == NULL) return;
    editings_destroy(y->api.editings);
    live_cache_destroy(y->api.live);
    view_forget(&y->api);
    vl_replica_close(y->circle.replica);
    store_close(y->store);
    y->store = NULL;
}

static double now(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

size_t ten_years_load_step(struct ten_years *y, double *seconds)
{
    struct vl_run runs[TEN_YEARS_LOGS];
    struct entry_run copies[TEN_YEARS_LOGS];
    size_t in = 0;
    for (size_t i = 0; i < y->head_count; i++) {
        copies[i] =
            circle_fixture_run(y->f, 0, &y->heads[i].log, y->loaded[i], VL_CHUNK_ENTRIES_MAX);
        runs[i] = (struct vl_run){.entries = copies[i].items, .count = copies[i].count};
    }
    double start = now();
    must(vl_replica_receive_runs(y->circle.replica, runs, y->head_count), "receive");
    *seconds += now() - start;
    for (size_t i = 0; i < y->head_count; i++) {
        y->loaded[i] += runs[i].stored;
        in += runs[i].stored;
        entry_run_finish(&copies[i]);
    }
    return in;
}

/* ---- asking ---- */

#define VALUES 8u

struct query {
    const char *text;
    char values[VALUES][256]; /* one for each that is asked for */
    size_t count;
};

static const char *query_of(void *context, const char *name)
{
    struct query *all = context;
    size_t size = strlen(name);
    for (const char *query = all->text; query != NULL && *query != 0;) {
        const char *end = strchrnul(query, '&');
        if (strncmp(query, name, size) == 0 && query[size] == '=') {
            char *value = all->values[all->count++ % VALUES];
            snprintf(value, sizeof all->values[0], "%.*s", (int)(end - query - (long)size - 1),
                     query + size + 1);
            return value;
        }
        query = *end == 0 ? end : end + 1;
    }
    return NULL;
}

static const char *no_header(void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

struct json *ten_years_send(struct ten_years *y, const char *method, const char *path,
                            const char *body)
{
    struct vl_buffer answer = {0};
    struct json *parsed;
    char whole[512];
    snprintf(whole, sizeof whole, "/api/v1/%s", path);
    char *text = strchr(whole, '?');
    if (text != NULL) *text++ = 0;
    struct query query = {.text = text};
    const struct caller caller = {.query = query_of, .header = no_header, .context = &query};
    const struct vl_bytes sent = body == NULL ? (struct vl_bytes){0} : vl_bytes_text(body);
    unsigned status = routes_answer(&y->api, method, whole, sent, &caller, &answer);
    must(json_parse(vl_buffer_view(&answer), &parsed), "json");
    if (status >= 300) {
        fprintf(stderr, "%s: %u %s\n", path, status, json_text(parsed, "message"));
        abort();
    }
    vl_buffer_finish(&answer);
    return parsed;
}

struct json *ten_years_ask(struct ten_years *y, const char *path)
{
    return ten_years_send(y, "GET", path, NULL);
}
