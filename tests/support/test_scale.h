/* How much of a long test is done. VEILLEE_TEST_SCALE=small: less of it, for slow checkers. */
#ifndef TESTS_SUPPORT_TEST_SCALE_H
#define TESTS_SUPPORT_TEST_SCALE_H

#include <stddef.h>

size_t test_scale(size_t full, size_t small); /* the one that is wanted */

#endif
