/* Allocations that fail on purpose, in tests whose name ends in _memory (tests/CMakeLists.txt):
 * malloc, calloc, realloc, and libsodium's guarded ones. */
#ifndef SUPPORT_FAILING_MEMORY_H
#define SUPPORT_FAILING_MEMORY_H

#include <stdbool.h>

/* The `count`-th allocation from now on fails, once. 0: none. */
void failing_memory_arm(unsigned long count);
/* The same, and so does every one after it. */
void failing_memory_arm_lasting(unsigned long count);
/* Whether it did fail since. Disarms. */
bool failing_memory_disarm(void);
/* While paused allocations neither count nor fail: what is not under test goes on. Returns what was
 * set before. */
bool failing_memory_pause(bool paused);

#endif
