/* Allocations that fail on purpose, in tests whose name ends in _memory (tests/CMakeLists.txt). */
#ifndef SUPPORT_FAILING_MEMORY_H
#define SUPPORT_FAILING_MEMORY_H

#include <stdbool.h>

/* The `count`-th allocation from now on fails, once. 0: none. */
void failing_memory_arm(unsigned long count);
/* Whether it did fail since. Disarms. */
bool failing_memory_disarm(void);

#endif
