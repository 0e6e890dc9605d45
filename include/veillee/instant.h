/* Three kinds of time that the compiler keeps apart.
 *
 * vl_instant   a point on a monotonic clock of this machine, in ms. The engine gets it as an
 *              argument and decides time-outs by it.
 * vl_duration  a length of time, in ms.
 * vl_wall      what a wall clock said, in ms since 1970 UTC. For display only: no decision of
 *              the program reads it (homes without internet have no NTP). */
#ifndef VEILLEE_INSTANT_H
#define VEILLEE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct vl_instant {
    uint64_t ms;
} vl_instant;
typedef struct vl_duration {
    uint64_t ms;
} vl_duration;
typedef struct vl_wall {
    int64_t ms;
} vl_wall;

#define VL_MILLISECONDS(n) ((vl_duration){(uint64_t)(n)})
#define VL_SECONDS(n)      ((vl_duration){(uint64_t)(n)*1000u})

/* Saturates instead of wrapping. */
static inline vl_instant vl_instant_add(vl_instant at, vl_duration by)
{
    return (vl_instant){at.ms > UINT64_MAX - by.ms ? UINT64_MAX : at.ms + by.ms};
}
/* 0 when `later` is not later. */
static inline vl_duration vl_instant_since(vl_instant later, vl_instant earlier)
{
    return (vl_duration){later.ms > earlier.ms ? later.ms - earlier.ms : 0};
}
static inline bool vl_instant_reached(vl_instant now, vl_instant deadline)
{
    return now.ms >= deadline.ms;
}

#endif
