/* How much of a long test is done. VEILLEE_TEST_SCALE=small: less of it, for slow checkers. */
#ifndef TESTS_SUPPORT_TEST_SCALE_H
#define TESTS_SUPPORT_TEST_SCALE_H

#include <stddef.h>
#include <stdint.h>

size_t test_scale(size_t full, size_t small); /* the one that is wanted */
/* Where a soak goes on: VEILLEE_TEST_SEED, else the usual one. */
uint64_t test_first_seed(uint64_t usual);

#endif
