/* veillee-sim --seeds A..B [--nodes N] [--tell]: runs kept seeds first, then A to B. */
#include "tests/sim/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_SEEDS VEILLEE_SOURCE "/tests/sim/seeds.txt"

struct options {
    uint64_t first, last;
    unsigned nodes;
    bool tells, kept;
};

struct totals {
    uint64_t seeds, failed, events, messages, writes, faults, attacks, minutes, happened;
};

static int usage(void)
{
    fputs("veillee-sim [--seeds A..B] [--nodes 3..12] [--tell] [--no-kept]\n"
          "  --seeds A..B   which worlds, default 1..20; one number is one world\n"
          "  --nodes N      how many people, instead of what the seed says\n"
          "  --tell         tell the story\n"
          "  --no-kept      leave out the seeds of tests/sim/seeds.txt\n"
          "faults:\n",
          stderr);
    for (size_t i = 0; i < fault_count; i++)
        fprintf(stderr, "  %-24s %s\n", faults[i].name, faults[i].what);
    return 2;
}

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
    for (int i = 1; i < argc; i++) {
        uint64_t number = 0;
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--tell") == 0) {
            o->tells = true;
        } else if (strcmp(argv[i], "--no-kept") == 0) {
            o->kept = false;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            if (!parse_seeds(value, o)) return false;
            i++;
        } else if (strcmp(argv[i], "--nodes") == 0) {
            if (!parse_number(&value, &number) || *value != 0 || number < NODES_MIN ||
                number > HONEST_MAX)
                return false;
            o->nodes = (unsigned)number;
            i++;
        } else {
            return false;
        }
    }
    return true;
}

static struct outcome run(uint64_t seed, unsigned nodes, bool tells, struct totals *totals)
{
    struct outcome outcome = world_run(seed, nodes, tells);
    totals->seeds++;
    totals->failed += outcome.failed ? 1 : 0;
    totals->events += outcome.events;
    totals->messages += outcome.messages;
    totals->writes += outcome.writes;
    totals->faults += outcome.faults;
    totals->attacks += outcome.attacks;
    totals->minutes += outcome.minutes;
    totals->happened |= outcome.happened;
    if (outcome.failed)
        printf("seed %" PRIu64 " failed: %s (add it to tests/sim/seeds.txt; --seeds %" PRIu64
               " --tell tells the story)\n",
               seed, outcome.failure, seed);
    return outcome;
}

static void run_kept(struct totals *totals)
{
    FILE *file = fopen(KEPT_SEEDS, "r");
    char line[256];
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) {
        const char *at = line;
        uint64_t seed = 0;
        uint64_t nodes = 0;
        if (!parse_number(&at, &seed)) continue;
        if (!parse_number(&at, &nodes) || nodes < NODES_MIN || nodes > HONEST_MAX) nodes = 0;
        (void)run(seed, (unsigned)nodes, false, totals);
    }
    fclose(file);
}

/* A seed is a whole story: the same trace, byte for byte, when it is run again. */
static void check_repeats(uint64_t seed, unsigned nodes, const struct outcome *once,
                          struct totals *totals)
{
    struct outcome again = world_run(seed, nodes, false);
    if (memcmp(once->trace, again.trace, sizeof again.trace) == 0) return;
    printf("seed %" PRIu64 " failed: run twice, it goes two ways\n", seed);
    totals->failed++;
}

int main(int argc, char **argv)
{
    struct options o = {.first = 1, .last = 20, .kept = true};
    struct totals totals = {0};
    if (!parse(argc, argv, &o)) return usage();
    seeded_install_sodium();
    if (sodium_init() < 0) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);

    bool one = o.first == o.last;
    if (o.kept && !one) run_kept(&totals);
    for (uint64_t seed = o.first;; seed++) {
        struct outcome outcome = run(seed, o.nodes, o.tells && one, &totals);
        if (seed == o.first) check_repeats(seed, o.nodes, &outcome, &totals);
        if (one) {
            char trace[65];
            sodium_bin2hex(trace, sizeof trace, outcome.trace, sizeof outcome.trace);
            printf("trace %s\n", trace);
        }
        if (seed == o.last) break;
    }
    unsigned kinds = 0;
    for (size_t i = 0; i < fault_count; i++)
        kinds += (unsigned)(totals.happened >> i & 1);
    printf("%" PRIu64 " virtual days, %u of %zu kinds of fault\n", totals.minutes / (24 * 60),
           kinds, fault_count);
    printf("%" PRIu64 " events, %" PRIu64 " messages, %" PRIu64 " writes, %" PRIu64
           " faults, %" PRIu64 " attacks\n",
           totals.events, totals.messages, totals.writes, totals.faults, totals.attacks);
    printf("%" PRIu64 " seeds, %" PRIu64 " failed\n", totals.seeds, totals.failed);
    return totals.failed == 0 ? 0 : 1;
}
