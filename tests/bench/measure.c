#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RESULTS_MAX 40u

static struct result {
    const char *name, *unit, *goal;
    double value;
} results[RESULTS_MAX];
static size_t result_count;

void tell(const char *name, double value, const char *unit, const char *goal)
{
    if (result_count < RESULTS_MAX)
        results[result_count++] =
            (struct result){.name = name, .unit = unit, .goal = goal, .value = value};
}

void must(vl_result result, const char *what)
{
    if (result == VL_OK) return;
    fprintf(stderr, "bench: %s: %s\n", what, vl_result_message(result));
    exit(1);
}

double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double processor_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

void print_results(size_t entries, bool json)
{
    if (json) printf("{\"entries\":%zu,\"seed\":%u,\"results\":[", entries, SEED);
    for (size_t i = 0; i < result_count; i++) {
        const struct result *one = &results[i];
        const char *name = one->name + strspn(one->name, " ");
        if (json) {
            printf("%s{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"goal\":\"%s\"}",
                   i > 0 ? "," : "", name, one->value, one->unit, one->goal);
        } else {
            printf("%-58s %12.2f %-10s %s\n", one->name, one->value, one->unit, one->goal);
        }
    }
    if (json) puts("]}");
}

/* ---- bringing it over ---- */

void feed_begin(struct feed *feed, struct circle_fixture *f, size_t most)
{
    *feed = (struct feed){.most = most};
    must(vl_replica_heads(f->nodes[0].replica, feed->heads, 64, &feed->count), "heads");
}

/* One transaction; how many entries went in, and the time that it took beside the reading. */
size_t feed_step(struct feed *feed, struct circle_fixture *f, struct vl_replica *to, double *took)
{
    struct vl_run runs[64];
    struct entry_run copies[64];
    size_t in = 0;
    for (size_t i = 0; i < feed->count; i++) {
        copies[i] = circle_fixture_run(f, 0, &feed->heads[i].log, feed->next[i], feed->most);
        runs[i] = (struct vl_run){.entries = copies[i].items, .count = copies[i].count};
    }
    double start = seconds();
    must(vl_replica_receive_runs(to, runs, feed->count), "receive");
    *took += seconds() - start;
    for (size_t i = 0; i < feed->count; i++) {
        feed->next[i] += runs[i].stored;
        in += runs[i].stored;
        entry_run_finish(&copies[i]);
    }
    return in;
}
