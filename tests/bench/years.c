/* Ten years of a circle: 30 persons, 500 meetings with all that is written in an evening, shares in
 * between, from one seed; brought into a real vault and asked through the API's routes (times of
 * the processor, which is all that they take), then opened by the program itself. */
#include "api/request.h"
#include "circle/edit.h"
#include "circle/profile.h"
#include "tests/bench/measure.h"
#include "tests/support/seeded_random.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PERSONS     30u
#define MEETINGS    500u
#define ASKS        11u
#define READY_TRIES 20000u
#define SETTLE_MS   1500u

struct years {
    struct circle_fixture *f;
    struct seeded random;
    struct vl_record_id meetings[MEETINGS], parts[8];
    size_t meeting_count, records;
    size_t next; /* who writes */
};

/* ---- what is written ---- */

static const char *const words[] = {"fatigue", "marche",  "sommeil", "colère",  "tisane",
                                    "jardin",  "silence", "courage", "voisine", "travail",
                                    "enfant",  "hiver",   "rire",    "honte",   "repas",
                                    "lettre",  "peur",    "chanson", "pluie",   "confiance"};
#define WORDS (sizeof words / sizeof words[0])

static const char *sentence(struct years *y, size_t length)
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

static void set_person(struct years *y, struct edit *e, uint32_t field)
{
    const struct vl_value value = {.tag = VL_VALUE_PERSON,
                                   .person = y->f->nodes[seeded_below(&y->random, PERSONS)].person};
    edit_set(e, field, &value);
}

static void begin_record(struct years *y, struct edit *e, uint32_t type, struct vl_record_id *id)
{
    y->next = (size_t)seeded_below(&y->random, PERSONS);
    record_id_random(id);
    must(edit_begin(e, y->f->nodes[y->next].replica, type, id), "begin");
}

static void end_record(struct years *y, struct edit *e)
{
    struct schema_problem problem = {0};
    vl_result result = edit_write(e, y->f->now, &problem);
    if (result != VL_OK && problem.reason != NULL) fprintf(stderr, "%s\n", problem.reason);
    must(result, "write");
    edit_finish(e);
    y->records++;
}

/* Field 1 of all these is the meeting. */
static void begin_of_meeting(struct years *y, struct edit *e, uint32_t type,
                             struct vl_record_id *id)
{
    begin_record(y, e, type, id);
    set_record(e, 1, SCHEMA_MEETING, y->meetings[y->meeting_count - 1]);
}

static void write_meeting(struct years *y)
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
    edit_set_text(&e, MEETING_STARTS, date);
    edit_set_text(&e, MEETING_PLACE, sentence(y, 10));
    set_number(&e, MEETING_STATE, MEETING_CLOSED);
    edit_text(&e, MEETING_MINUTES, vl_bytes_text(sentence(y, 3000)));
    end_record(y, &e);
    y->meeting_count++;
}

static void write_parts(struct years *y)
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

static void write_replies(struct years *y)
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

static void write_moments(struct years *y, size_t count)
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

static void write_outcome(struct years *y)
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

static void write_shares(struct years *y, size_t count)
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

static void write_profiles(struct years *y)
{
    for (size_t i = 0; i < PERSONS; i++) {
        char name[32];
        const struct profile_change profile = {.pseudonym = name};
        snprintf(name, sizeof name, "Personne %zu", i);
        must(profile_write(y->f->nodes[i].replica, &profile, y->f->now, NULL), "profile");
        y->records++;
    }
}

static void write_years(struct years *y, size_t records)
{
    write_profiles(y);
    for (size_t i = 0; i < MEETINGS; i++) {
        write_meeting(y);
        write_parts(y);
        write_replies(y);
        write_moments(y, records * 6 / 10 / MEETINGS);
        write_outcome(y);
        write_shares(y, records / 20 / MEETINGS);
        size_t due = records / MEETINGS * (i + 1);
        if (i + 1 == MEETINGS) due = records;
        if (y->records < due) write_shares(y, due - y->records);
    }
}

/* ---- asking ---- */

static const char *query_of(void *context, const char *name)
{
    static char value[256];
    size_t size = strlen(name);
    for (const char *query = context; query != NULL && *query != 0;) {
        const char *end = strchrnul(query, '&');
        if (strncmp(query, name, size) == 0 && query[size] == '=') {
            snprintf(value, sizeof value, "%.*s", (int)(end - query - (long)size - 1),
                     query + size + 1);
            return strdup(value); /* a few, until the process ends */
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

static struct json *ask(struct api *api, const char *path)
{
    struct vl_buffer answer = {0};
    struct json *parsed;
    char whole[512];
    snprintf(whole, sizeof whole, "/api/v1/%s", path);
    char *query = strchr(whole, '?');
    if (query != NULL) *query++ = 0;
    const struct caller caller = {.query = query_of, .header = no_header, .context = query};
    unsigned status = routes_answer(api, "GET", whole, (struct vl_bytes){0}, &caller, &answer);
    must(json_parse(vl_buffer_view(&answer), &parsed), "json");
    if (status != 200) fprintf(stderr, "%s: %u %s\n", path, status, json_text(parsed, "message"));
    if (status != 200) exit(1);
    vl_buffer_finish(&answer);
    return parsed;
}

static void time_asking(struct api *api, const char *name, const char *path, const char *goal)
{
    double times[ASKS];
    for (size_t i = 0; i < ASKS; i++) {
        double start = processor_seconds();
        struct json *answer = ask(api, path);
        times[i] = (processor_seconds() - start) * 1000;
        json_destroy(answer);
    }
    tell(name, median(times, ASKS), "ms", goal);
}

static void ask_all(struct api *api, const struct years *y)
{
    char meeting[RECORD_ID_TEXT_SIZE], path[256];
    record_id_text(&y->meetings[MEETINGS / 2], meeting);
    time_asking(api, "list: 50 meetings by date", "circles/Jeudi/meetings?max=50", "");
    time_asking(api, "list: 50 meetings, from 2022 on",
                "circles/Jeudi/meetings?max=50&after=2022-01-01", "");
    time_asking(api, "list: 50 newest shares", "circles/Jeudi/shares?max=50", "");
    struct json *answer = ask(api, "circles/Jeudi/shares?max=500");
    snprintf(path, sizeof path, "circles/Jeudi/shares?max=50&after=%s", json_text(answer, "next"));
    time_asking(api, "list: 50 shares after the 500th", path, "");
    json_destroy(answer);
    snprintf(path, sizeof path, "circles/Jeudi/moments?max=500&meeting=%s", meeting);
    time_asking(api, "list: all moments of one meeting", path, "");
    snprintf(path, sizeof path, "circles/Jeudi/replies?meeting=%s", meeting);
    time_asking(api, "list: replies to one meeting", path, "");
    time_asking(api, "list: 50 open commitments", "circles/Jeudi/commitments?max=50&state=open",
                "");
    snprintf(path, sizeof path, "circles/Jeudi/meetings/%s", meeting);
    time_asking(api, "show: a meeting with its minutes", path, "");
    snprintf(path, sizeof path, "circles/Jeudi/meetings/%.8s", meeting);
    time_asking(api, "show: by the beginning of its id", path, "");
    time_asking(api, "11 search: one common word", "search?words=tisane", "<= 20");
    time_asking(api, "11 search: two words", "search?words=jardin12 silence", "<= 20");
    time_asking(api, "11 search: a word's beginning", "search?words=conf", "<= 20");
    time_asking(api, "11 search: nothing", "search?words=absent", "<= 20");
}

/* ---- the program itself ---- */

static bool answers(const char *socket_path)
{
    static const char request[] =
        "GET /api/v1/status?digest=no HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char answer[64] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, socket_path, strnlen(socket_path, sizeof address.sun_path - 1));
    bool is_there = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 &&
                    recv(fd, answer, sizeof answer - 1, MSG_WAITALL) > 0;
    close(fd);
    return is_there && strstr(answer, " 200 ") != NULL;
}

static double resident_kib(pid_t pid)
{
    char path[64];
    long pages = 0, unused;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%ld %ld", &unused, &pages) != 2) pages = 0;
    if (file != NULL) fclose(file);
    return (double)(pages * sysconf(_SC_PAGESIZE)) / 1024;
}

/* Of the process and its threads so far, in steps of 10 ms. */
static double processor_of(pid_t pid)
{
    char path[64];
    unsigned long user = 0, system_time = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    (void)!fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system_time);
    fclose(file);
    return (double)(user + system_time) / (double)sysconf(_SC_CLK_TCK);
}

static pid_t start_node(const char *program, const char *vault)
{
    char fd_text[16];
    int pipes[2];
    if (pipe(pipes) != 0) exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(nothing, STDOUT_FILENO);
        (void)dup2(nothing, STDERR_FILENO);
        close(pipes[1]);
        snprintf(fd_text, sizeof fd_text, "%d", pipes[0]);
        (void)unsetenv("XDG_RUNTIME_DIR");
        execl(program, program, "run", "--vault", vault, "--passphrase-fd", fd_text, (char *)NULL);
        _exit(127);
    }
    close(pipes[0]);
    if (write(pipes[1], PASSPHRASE, strlen(PASSPHRASE)) < 0) exit(1);
    close(pipes[1]);
    return pid;
}

/* Starts the node and ends it: seconds until it answers, memory when it has settled. */
static void run_node(const char *program, const char *vault, double *ready, double *processor,
                     double *kib)
{
    char socket_path[512];
    snprintf(socket_path, sizeof socket_path, "%s/api.sock", vault);
    double start = seconds();
    pid_t pid = start_node(program, vault);
    for (unsigned i = 0; i < READY_TRIES && !answers(socket_path); i++)
        (void)usleep(500);
    *ready = seconds() - start;
    *processor = processor_of(pid);
    (void)usleep(SETTLE_MS * 1000);
    *kib = resident_kib(pid);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
}

static void bench_node(const char *bench, const char *full, const char *empty)
{
    double bare[PAIRS], ready[PAIRS], kib[PAIRS], bare_cpu[PAIRS], cpu[PAIRS], unused;
    char program[512];
    snprintf(program, sizeof program, "%.400s/../veillee", bench);
    if (access(program, X_OK) != 0) {
        fprintf(stderr, "bench: no program at %s\n", program);
        return;
    }
    for (size_t i = 0; i < PAIRS; i++) {
        run_node(program, empty, &bare[i], &bare_cpu[i], &unused);
        run_node(program, full, &ready[i], &cpu[i], &kib[i]);
    }
    tell("10 the node, idle: resident", median(kib, PAIRS) / 1024, "MiB", "<= 16");
    tell("10 the node: start to ready, beside an empty vault",
         (median(ready, PAIRS) - median(bare, PAIRS)) * 1000, "ms", "<= 150");
    tell("  the same, processor", (median(cpu, PAIRS) - median(bare_cpu, PAIRS)) * 1000, "ms", "");
    tell("  the node with an empty vault: start to ready", median(bare, PAIRS) * 1000, "ms", "");
}

/* ---- all of it ---- */

static void load(struct years *y, struct store *store, struct vl_replica *vault)
{
    struct feed feed;
    double took = 0, start = processor_seconds();
    size_t in = 0, moved, left = 1;
    feed_begin(&feed, y->f, VL_CHUNK_ENTRIES_MAX);
    while ((moved = feed_step(&feed, y->f, vault, &took)) > 0)
        in += moved;
    tell("load: entries, merged and committed", (double)in, "entries", "");
    tell("  that took", took, "s", "");
    tell("  of which the processor", processor_seconds() - start, "s", "");
    start = processor_seconds();
    while (left > 0)
        must(store_index_step(store, 500, &left), "index");
    tell("  index of everything, processor", processor_seconds() - start, "s", "");
}

static void add_circle(struct store *store, const struct fixture_node *node,
                       const struct vl_id *circle)
{
    struct store_circle row = {.id = *circle, .name = "Jeudi", .pseudonym = "Personne 0"};
    memcpy(row.seed, node->seed, sizeof row.seed);
    must(store_circle_add(store, &row), "circle");
    store_circle_finish(&row);
}

static double file_mib(const char *folder)
{
    char path[512];
    struct stat one, two;
    snprintf(path, sizeof path, "%s/vault-0", folder);
    bool first = stat(path, &one) == 0;
    snprintf(path, sizeof path, "%s/vault-1", folder);
    bool second = stat(path, &two) == 0;
    double size = first ? (double)one.st_size : 0;
    if (second && (double)two.st_size > size) size = (double)two.st_size;
    return size / 1048576;
}

void bench_years(const char *program, size_t records, const char *folder)
{
    char full[256], empty[256], place[512];
    struct years *y = calloc(1, sizeof *y);
    struct store *store;
    struct circle circle = {.name = "Jeudi"}, *list = &circle;
    struct circles circles = {&list, 1};
    uint64_t wait;
    if (y == NULL) exit(1);
    seeded_init(&y->random, SEED, 0);
    y->f = circle_fixture_create(PERSONS, SEED);
    write_years(y, records);
    for (size_t i = 1; i < PERSONS; i++)
        (void)circle_fixture_pull(y->f, 0, i);
    size_t number = circle_fixture_stranger(y->f);
    circle_fixture_add(y->f, 0, number);
    const struct fixture_node *newcomer = &y->f->nodes[number];
    snprintf(full, sizeof full, "%s/full", folder);
    snprintf(empty, sizeof empty, "%s/empty", folder);
    must(store_create(full, vl_bytes_text(PASSPHRASE)), "vault");
    must(store_create(empty, vl_bytes_text(PASSPHRASE)), "vault");
    must(store_open(&store, full, vl_bytes_text(PASSPHRASE), &wait), "open");
    add_circle(store, newcomer, &y->f->id);
    circle.id = y->f->id;
    circle.keys = newcomer->keys;
    store_storage(store, &y->f->id, &circle.storage);
    must(vl_replica_open(&circle.replica, &y->f->id, newcomer->keys, &circle.storage), "replica");
    load(y, store, circle.replica);
    struct api api = {.is_open = true, .store = store, .circles = &circles};
    ask_all(&api, y);
    view_forget(&api);
    vl_replica_close(circle.replica);
    store_close(store);
    tell("  the vault's file", file_mib(full), "MiB", "");
    snprintf(place, sizeof place, "%s", program);
    *strrchr(place, '/') = 0;
    bench_node(place, full, empty);
    circle_fixture_destroy(y->f);
    free(y);
}
