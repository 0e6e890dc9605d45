/* The ten years of a circle (tests/support/ten_years.h) in a real vault: asked through the API's
 * routes (times of the processor, which is all that they take), then opened by the program itself.
 */
#include "api/circle_load.h"
#include "tests/bench/measure.h"
#include "tests/support/ten_years.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASKS        11u
#define READY_TRIES 20000u
#define SETTLE_MS   1500u

/* ---- asking ---- */

static double time_one(struct ten_years *y, const char *path)
{
    double start = processor_seconds();
    json_destroy(ten_years_ask(y, path));
    return (processor_seconds() - start) * 1000;
}

static double time_asking(struct ten_years *y, const char *path)
{
    double times[ASKS];
    for (size_t i = 0; i < ASKS; i++)
        times[i] = time_one(y, path);
    return median(times, ASKS);
}

static void tell_asking(struct ten_years *y, const char *name, const char *path)
{
    tell(name, time_asking(y, path), "ms", "");
}

/* Words that people look for, and what is worst: one letter, one digit, what is in every record,
 * many words at once. */
static void ask_words(struct ten_years *y)
{
    static const char *const queries[] = {
        "tisane",
        "jardin12 silence",
        "conf",
        "absent",
        "personne 7",
        "t",
        "s",
        "1",
        "99",
        "chanson chanson chanson",
        "c p s t",
        "zzzzzzz",
        "courage1",
        "meeting",
        "a b c d e f g h i j k l m n o p",
        "tisane1 tisane2 tisane3 tisane4 tisane5 tisane6 tisane7 tisane8"};
    static char name[96];
    double worst = 0;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        char path[160];
        snprintf(path, sizeof path, "search?words=%s", queries[i]);
        double ms = time_asking(y, path);
        if (ms < worst) continue;
        worst = ms;
        snprintf(name, sizeof name, "11 search: the worst of %zu (%s)",
                 sizeof queries / sizeof *queries, queries[i]);
    }
    tell(name, worst, "ms", "<= 20");
    tell("11 search: one common word", time_asking(y, "search?words=tisane"), "ms", "<= 20");
    tell("11 search: one letter", time_asking(y, "search?words=t"), "ms", "<= 20");
    tell("11 search: nothing", time_asking(y, "search?words=absent"), "ms", "<= 20");
}

static void ask_lists(struct ten_years *y, const char *meeting)
{
    char path[256];
    tell_asking(y, "list: 50 meetings by date", "circles/Jeudi/meetings?max=50");
    tell_asking(y, "list: 50 meetings, from 2022 on",
                "circles/Jeudi/meetings?max=50&after=2022-01-01");
    tell_asking(y, "list: 50 newest shares", "circles/Jeudi/shares?max=50");
    struct json *answer = ten_years_ask(y, "circles/Jeudi/shares?max=500");
    snprintf(path, sizeof path, "circles/Jeudi/shares?max=50&after=%s", json_text(answer, "next"));
    tell_asking(y, "list: 50 shares after the 500th", path);
    json_destroy(answer);
    snprintf(path, sizeof path, "circles/Jeudi/moments?max=500&meeting=%s", meeting);
    tell_asking(y, "list: all moments of one meeting", path);
    snprintf(path, sizeof path, "circles/Jeudi/replies?meeting=%s", meeting);
    tell_asking(y, "list: replies to one meeting", path);
    tell("news: since the last meeting", time_asking(y, "circles/Jeudi/news"), "ms", "<= 20");
    tell_asking(y, "list: 50 open commitments", "circles/Jeudi/commitments?max=50&state=open");
    snprintf(path, sizeof path, "circles/Jeudi/meetings/%s", meeting);
    tell_asking(y, "show: a meeting with its minutes", path);
    snprintf(path, sizeof path, "circles/Jeudi/meetings/%.8s", meeting);
    tell_asking(y, "show: by the beginning of its id", path);
}

/* What is asked once, when nothing is in memory yet. */
static void ask_once(struct ten_years *y, const char *meeting)
{
    char path[256];
    snprintf(path, sizeof path, "circles/Jeudi/meetings/%s/live", meeting);
    tell("first look at a live meeting", time_one(y, path), "ms", "<= 50");
    tell("the next meeting", time_asking(y, "circles/Jeudi/next-meeting"), "ms", "<= 50");
    tell("the next ten dates", time_asking(y, "circles/Jeudi/coming"), "ms", "<= 50");
}

/* One's own share, among all that others wrote. */
static void erase_one(struct ten_years *y)
{
    char path[256], ask[280];
    struct json *answer = ten_years_send(y, "POST", "circles/Jeudi/shares",
                                         "{\"title\":\"A effacer\",\"text\":\"tisane\"}");
    snprintf(path, sizeof path, "circles/Jeudi/shares/%s", json_text(answer, "id"));
    json_destroy(answer);
    snprintf(ask, sizeof ask, "%s?ask=yes", path);
    double start = processor_seconds();
    json_destroy(ten_years_send(y, "DELETE", ask, NULL));
    tell("erasing one share: finding what it is", (processor_seconds() - start) * 1000, "ms", "");
    start = processor_seconds();
    json_destroy(ten_years_send(y, "DELETE", path, NULL));
    tell("erasing one share: all of it", (processor_seconds() - start) * 1000, "ms", "");
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
    if (write(pipes[1], TEN_YEARS_PASSPHRASE, strlen(TEN_YEARS_PASSPHRASE)) < 0) exit(1);
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

/* ---- a damaged file ---- */

/* One byte in a page of every two hundred, where entries and cells lie. */
static void break_pages(const char *folder)
{
    for (unsigned number = 0; number < 2; number++) {
        char path[512];
        snprintf(path, sizeof path, "%s/vault-%u", folder, number);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        struct stat status;
        if (fd < 0 || fstat(fd, &status) != 0) exit(1);
        for (off_t page = 100; (page + 1) * 4136 < status.st_size; page += 200)
            if (pwrite(fd, "x", 1, page * 4136 + 1000) != 1) exit(1);
        close(fd);
    }
}

static void bench_rebuild(const char *folder)
{
    struct store *store = NULL;
    struct store_rebuilt told;
    struct circles circles = {0};
    uint64_t wait;
    break_pages(folder);
    double start = processor_seconds();
    must(store_rebuild(&store, folder, vl_bytes_text(TEN_YEARS_PASSPHRASE), &told, &wait),
         "rebuild");
    tell("rebuilding: what can be read of the file, processor", processor_seconds() - start, "s",
         "");
    tell("  pages lost", (double)told.pages, "", "");
    tell("  entries found", (double)told.entries, "", "");
    start = processor_seconds();
    double begin = seconds();
    must(circle_load_all(store, &circles), "loading");
    tell("  checked and taken in, processor", processor_seconds() - start, "s", "");
    tell("  that took", seconds() - begin, "s", "");
    circles_finish(&circles);
    store_close(store);
}

/* ---- all of it ---- */

static void load(struct ten_years *y)
{
    double took = 0, start = processor_seconds();
    size_t in = 0, moved, left = 1;
    while ((moved = ten_years_load_step(y, &took)) > 0)
        in += moved;
    tell("load: entries, merged and committed", (double)in, "entries", "");
    tell("  that took", took, "s", "");
    tell("  of which the processor", processor_seconds() - start, "s", "");
    start = processor_seconds();
    while (left > 0)
        must(store_index_step(y->store, 500, &left), "index");
    tell("  index of everything, processor", processor_seconds() - start, "s", "");
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
    char full[256], empty[256], place[512], meeting[RECORD_ID_TEXT_SIZE];
    struct ten_years *y = ten_years_create(SEED, TEN_YEARS_MEETINGS, records);
    snprintf(full, sizeof full, "%s/full", folder);
    snprintf(empty, sizeof empty, "%s/empty", folder);
    must(store_create(full, vl_bytes_text(TEN_YEARS_PASSPHRASE)), "vault");
    must(store_create(empty, vl_bytes_text(TEN_YEARS_PASSPHRASE)), "vault");
    ten_years_open(y, full);
    load(y);
    record_id_text(&y->meetings[TEN_YEARS_MEETINGS / 2], meeting);
    ask_once(y, meeting);
    ask_lists(y, meeting);
    ask_words(y);
    erase_one(y);
    ten_years_close(y);
    tell("  the vault's file", file_mib(full), "MiB", "");
    snprintf(place, sizeof place, "%s", program);
    *strrchr(place, '/') = 0;
    bench_node(place, full, empty);
    bench_rebuild(full);
    ten_years_destroy(y);
}
