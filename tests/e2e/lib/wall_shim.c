/* Shifts the wall clock of the one process that it is preloaded into by WALL_SHIFT_SECONDS, so that
 * real nodes on one machine disagree about the year; monotonic clocks stay. (A time namespace does
 * not shift CLOCK_REALTIME.) Built by tests/e2e/live.mjs. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void)
{
    const char *seconds = getenv("WALL_SHIFT_SECONDS");
    return seconds == NULL ? 0 : strtol(seconds, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    const long result = syscall(SYS_clock_gettime, clock, at);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += shift();
    return (int)result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (out != NULL) *out = now.tv_sec;
    return now.tv_sec;
}
