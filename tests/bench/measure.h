/* What the benchmarks share: results, times. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include "tests/support/circle_fixture.h"
#include <stdbool.h>
#include <stddef.h>

#define PAIRS      5u
#define SEED       20260312u
#define PASSPHRASE "banc d'essai"

/* Texts are static. `goal`: "" for none. */
void tell(const char *name, double value, const char *unit, const char *goal);
void print_results(size_t entries, bool json);
void must(vl_result result, const char *what); /* ends the process when it is not VL_OK */
double seconds(void);
double processor_seconds(void); /* of this process: what others do at the same time is left out */
double median(double *values, size_t count); /* sorts them */

struct feed { /* node 0's logs, up to `most` entries of each at a time */
    struct vl_head heads[64];
    uint64_t next[64];
    size_t count, most;
};
void feed_begin(struct feed *feed, struct circle_fixture *f, size_t most);
/* One transaction; how many entries went in, and the time that it took beside the reading. */
size_t feed_step(struct feed *feed, struct circle_fixture *f, struct vl_replica *to, double *took);

/* years.c: ten years of a circle, in `folder`. */
void bench_years(const char *program, size_t records, const char *folder);

#endif
