/* veillee-sim: kept seeds first, then the ones asked for; several processes share the work, and
 * what they found is said in order. */
#include "tests/sim/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEPT_SEEDS     VEILLEE_SOURCE "/tests/sim/seeds.txt"
#define KEPT_MAX       512u
#define JOBS_MAX       16u
#define PROGRESS_EVERY 5000u
#define WORLD_SECONDS  300u /* of processor time; a world that takes longer never ends */

struct options {
    uint64_t first, last;
    uint64_t seconds; /* 0: no end but the last seed */
    unsigned nodes, jobs;
    bool tells, kept, stops;
};

struct world_of { /* one world to run */
    uint64_t seed;
    unsigned nodes;
};

struct work { /* worlds by number: the kept ones, then first..last */
    const struct options *options;
    struct world_of kept[KEPT_MAX];
    size_t kept_count;
};

struct worker {
    pid_t pid;
    FILE *results; /* one struct outcome for each of its worlds */
};

struct totals {
    uint64_t seeds, failed, events, messages, writes, faults, attacks, minutes;
    uint64_t happened, attacked;
};

static int usage(void)
{
    fputs("veillee-sim [--seeds A..B] [--nodes 3..12] [--jobs N] [--seconds N] [--stop] "
          "[--tell] [--no-kept]\n"
          "  --seeds A..B   which worlds, default 1..20; one number is one world\n"
          "  --nodes N      how many honest people, instead of what the seed says\n"
          "  --jobs N       so many processes share the work\n"
          "  --seconds N    stops after that time\n"
          "  --stop         stops at the first world that fails\n"
          "  --tell         tell the story\n"
          "  --no-kept      leave out the seeds of tests/sim/seeds.txt\n"
          "faults:\n",
          stderr);
    for (size_t i = 0; i < fault_count; i++)
        fprintf(stderr, "  %-24s %s\n", faults[i].name, faults[i].what);
    return 2;
}

/* ---- options ---- */

static bool parse_number(const char **text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(*text, &end, 10);
    if (end == *text || errno != 0 || **text == '-') return false;
    *out = value;
    *text = end;
    return true;
}

static bool parse_between(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    return parse_number(&text, out) && *text == 0 && *out >= low && *out <= high;
}

static bool parse_seeds(const char *text, struct options *o)
{
    if (!parse_number(&text, &o->first)) return false;
    o->last = o->first;
    if (strncmp(text, "..", 2) == 0) {
        text += 2;
        if (!parse_number(&text, &o->last)) return false;
    }
    return *text == 0 && o->last >= o->first;
}

static bool parse(int argc, char **argv, struct options *o)
{
    uint64_t number = 0;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--tell") == 0) {
            o->tells = true;
            continue;
        }
        if (strcmp(argv[i], "--stop") == 0) {
            o->stops = true;
            continue;
        }
        if (strcmp(argv[i], "--no-kept") == 0) {
            o->kept = false;
            continue;
        }
        if (strcmp(argv[i], "--seeds") == 0) {
            if (!parse_seeds(value, o)) return false;
        } else if (strcmp(argv[i], "--nodes") == 0) {
            if (!parse_between(value, NODES_MIN, HONEST_MAX, &number)) return false;
            o->nodes = (unsigned)number;
        } else if (strcmp(argv[i], "--jobs") == 0) {
            if (!parse_between(value, 1, JOBS_MAX, &number)) return false;
            o->jobs = (unsigned)number;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            if (!parse_between(value, 1, UINT32_MAX, &o->seconds)) return false;
        } else {
            return false;
        }
        i++;
    }
    return true;
}

/* ---- which worlds ---- */

static void read_kept(struct work *work)
{
    FILE *file = fopen(KEPT_SEEDS, "r");
    char line[256];
    if (file == NULL) return;
    while (work->kept_count < KEPT_MAX && fgets(line, sizeof line, file) != NULL) {
        const char *at = line;
        uint64_t seed = 0;
        uint64_t nodes = 0;
        if (!parse_number(&at, &seed)) continue;
        if (!parse_number(&at, &nodes) || nodes < NODES_MIN || nodes > HONEST_MAX) nodes = 0;
        work->kept[work->kept_count++] = (struct world_of){seed, (unsigned)nodes};
    }
    fclose(file);
}

/* false: there are no more. */
static bool world_at(const struct work *work, uint64_t number, struct world_of *out)
{
    if (number < work->kept_count) {
        *out = work->kept[number];
        return true;
    }
    number -= work->kept_count;
    if (number > work->options->last - work->options->first) return false;
    *out = (struct world_of){work->options->first + number, work->options->nodes};
    return true;
}

/* A seed is a whole story: the same trace, byte for byte, when it is run again. */
static struct outcome run(const struct work *work, uint64_t number, const struct world_of *of,
                          bool tells)
{
    struct outcome outcome = world_run(of->seed, of->nodes, tells);
    if (number != work->kept_count || outcome.failed) return outcome;
    struct outcome again = world_run(of->seed, of->nodes, false);
    if (memcmp(outcome.trace, again.trace, sizeof again.trace) == 0) return outcome;
    outcome.failed = true;
    snprintf(outcome.failure, sizeof outcome.failure, "run twice, it goes two ways");
    return outcome;
}

/* ---- processes ---- */

/* Runs every jobs-th world from `number` on. */
static void worker_run(const struct work *work, uint64_t number, FILE *results)
{
    const struct itimerval limit = {.it_value = {.tv_sec = WORLD_SECONDS}};
    struct world_of of;
    for (; world_at(work, number, &of); number += work->options->jobs) {
        setitimer(ITIMER_PROF, &limit, NULL);
        struct outcome outcome = run(work, number, &of, false);
        if (fwrite(&outcome, sizeof outcome, 1, results) != 1 || fflush(results) != 0) return;
    }
}

static bool worker_start(struct worker *worker, const struct work *work, uint64_t number)
{
    int ends[2];
    if (pipe(ends) != 0) return false;
    fflush(stdout);
    worker->pid = fork();
    if (worker->pid < 0) return false;
    if (worker->pid == 0) {
        FILE *results = fdopen(ends[1], "w");
        close(ends[0]);
        if (results != NULL) worker_run(work, number, results);
        _exit(results == NULL);
    }
    close(ends[1]);
    worker->results = fdopen(ends[0], "r");
    return worker->results != NULL;
}

/* Returns how it ended, as waitpid() says it. */
static int worker_stop(struct worker *worker)
{
    int status = 0;
    if (worker->results == NULL) return status;
    fclose(worker->results);
    worker->results = NULL;
    kill(worker->pid, SIGKILL);
    (void)waitpid(worker->pid, &status, 0);
    return status;
}

/* The outcome of one world; when the process died of it another goes on after it. */
static struct outcome take(struct worker *worker, const struct work *work, uint64_t number)
{
    struct outcome outcome = {.failed = true};
    if (fread(&outcome, sizeof outcome, 1, worker->results) == 1) return outcome;
    outcome = (struct outcome){.failed = true};
    int status = worker_stop(worker);
    bool endless = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    if (endless)
        snprintf(outcome.failure, sizeof outcome.failure, "it does not end");
    else
        snprintf(outcome.failure, sizeof outcome.failure, "the simulator dies of it, status %d",
                 status);
    (void)worker_start(worker, work, number + work->options->jobs);
    return outcome;
}

/* ---- what came of it ---- */

static void count(struct totals *totals, const struct world_of *of, const struct outcome *outcome)
{
    totals->seeds++;
    totals->failed += outcome->failed ? 1 : 0;
    totals->events += outcome->events;
    totals->messages += outcome->messages;
    totals->writes += outcome->writes;
    totals->faults += outcome->faults;
    totals->attacks += outcome->attacks;
    totals->minutes += outcome->minutes;
    totals->happened |= outcome->happened;
    totals->attacked |= outcome->attacked;
    if (outcome->failed)
        printf("seed %" PRIu64 " failed: %s (add it to tests/sim/seeds.txt; --seeds %" PRIu64
               " --tell tells the story)\n",
               of->seed, outcome->failure, of->seed);
}

static unsigned bits(uint64_t set)
{
    unsigned count = 0;
    for (; set != 0; set &= set - 1)
        count++;
    return count;
}

static void say(const struct totals *t)
{
    printf("%" PRIu64 " virtual days; %" PRIu64 " faults of %u kinds of %zu; %" PRIu64
           " attacks of %u kinds of %zu\n",
           t->minutes / (24 * 60), t->faults, bits(t->happened), fault_count, t->attacks,
           bits(t->attacked), hostile_kinds());
    printf("%" PRIu64 " events, %" PRIu64 " messages, %" PRIu64 " writes\n", t->events, t->messages,
           t->writes);
    printf("%" PRIu64 " seeds, %" PRIu64 " failed\n", t->seeds, t->failed);
}

static void run_all(const struct work *work, struct totals *totals)
{
    struct worker workers[JOBS_MAX] = {{0}};
    struct world_of of;
    const unsigned jobs = work->options->jobs;
    time_t end = time(NULL) + (time_t)work->options->seconds;
    bool started = true;
    for (unsigned i = 0; started && i < jobs; i++)
        started = worker_start(&workers[i], work, i);
    for (uint64_t number = 0; started && world_at(work, number, &of); number++) {
        if (work->options->seconds != 0 && time(NULL) >= end) break;
        struct worker *worker = &workers[number % jobs];
        struct outcome outcome = take(worker, work, number);
        count(totals, &of, &outcome);
        if (totals->seeds % PROGRESS_EVERY == 0) say(totals);
        if (outcome.failed && work->options->stops) break;
        started = worker->results != NULL;
    }
    for (unsigned i = 0; i < jobs; i++)
        (void)worker_stop(&workers[i]);
    if (started) return;
    puts("no process can be started");
    totals->failed++;
}

static void run_one(const struct work *work, struct totals *totals)
{
    struct world_of of;
    char trace[65];
    if (!world_at(work, 0, &of)) return;
    struct outcome outcome = run(work, 0, &of, work->options->tells);
    count(totals, &of, &outcome);
    sodium_bin2hex(trace, sizeof trace, outcome.trace, sizeof outcome.trace);
    printf("trace %s\n", trace);
}

int main(int argc, char **argv)
{
    struct options o = {.first = 1, .last = 20, .jobs = 1, .kept = true};
    struct totals totals = {0};
    if (!parse(argc, argv, &o)) return usage();
    struct work work = {.options = &o};
    bool one = o.first == o.last;
    if (o.kept && !one) read_kept(&work);
    seeded_install_sodium();
    if (sodium_init() < 0) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (one)
        run_one(&work, &totals);
    else
        run_all(&work, &totals);
    say(&totals);
    return totals.failed == 0 ? 0 : 1;
}
