#include "node/clock.h"

#include <assert.h>
#include <sodium.h>
#include <time.h>

#define LENGTH_MAX_MS (365ull * 24 * 3600 * 1000)

vl_instant clock_now(void)
{
    struct timespec at;
    int result = clock_gettime(CLOCK_BOOTTIME, &at); /* goes on while the machine sleeps */
    assert(result == 0);
    (void)result;
    return (vl_instant){(uint64_t)at.tv_sec * 1000u + (uint64_t)at.tv_nsec / 1000000u};
}

vl_wall clock_wall(void)
{
    struct timespec at;
    int result = clock_gettime(CLOCK_REALTIME, &at);
    assert(result == 0);
    (void)result;
    return (vl_wall){(int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000};
}

struct timeval clock_timeval(vl_duration length)
{
    const uint64_t ms = length.ms < LENGTH_MAX_MS ? length.ms : LENGTH_MAX_MS;
    return (struct timeval){.tv_sec = (time_t)(ms / 1000u),
                            .tv_usec = (suseconds_t)(ms % 1000u * 1000u)};
}

vl_duration clock_jitter(vl_duration most)
{
    const uint64_t bound = most.ms < UINT32_MAX - 1 ? most.ms : UINT32_MAX - 1;
    return VL_MILLISECONDS(randombytes_uniform((uint32_t)bound + 1u));
}
