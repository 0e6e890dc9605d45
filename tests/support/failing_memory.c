#include "support/failing_memory.h"

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_sodium_malloc(size_t size);
void *__real_sodium_allocarray(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_sodium_malloc(size_t size);
void *__wrap_sodium_allocarray(size_t count, size_t size);

static unsigned long left; /* until one fails; 0: none will */
static bool lasts, failed, paused;

static bool fails(void)
{
    if (left == 0 || paused) return false;
    if (left > 1) {
        left--;
        return false;
    }
    if (!lasts) left = 0;
    failed = true;
    return true;
}

static void arm(unsigned long count, bool lasting)
{
    left = count;
    lasts = lasting;
    failed = false;
}

void failing_memory_arm(unsigned long count)
{
    arm(count, false);
}

void failing_memory_arm_lasting(unsigned long count)
{
    arm(count, true);
}

bool failing_memory_disarm(void)
{
    left = 0;
    return failed;
}

bool failing_memory_pause(bool pause)
{
    bool before = paused;
    paused = pause;
    return before;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_sodium_malloc(size_t size)
{
    return fails() ? NULL : __real_sodium_malloc(size);
}

void *__wrap_sodium_allocarray(size_t count, size_t size)
{
    return fails() ? NULL : __real_sodium_allocarray(count, size);
}
