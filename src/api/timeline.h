/* When things happened, on this device's monotonic clock, although every device's wall clock says
 * something else.
 *
 * An entry carries its author's wall clock. The network measures how far another device's wall
 * clock is from our monotonic one (api_peer); that is remembered here when its session has ended.
 * What came while this node was running has besides the instant at which it was first seen here.
 * Nothing is decided by any of it: it is for showing. docs/live.md has the rules. Inside src/api
 * only. */
#ifndef API_TIMELINE_H
#define API_TIMELINE_H

#include "api/network.h"
#include <veillee/cell.h>

#define TIMELINE_DEVICES_MAX 128u  /* whose clocks are remembered; the oldest goes */
#define TIMELINE_SEEN_MAX    4096u /* records, of which it is known when they came */
#define TIMELINE_LATE_MS     2000  /* at most so long is an entry on its way to a peer in sync */
#define TIMELINE_SETTLE_MS   1000  /* after which a peer in sync has sent all that it had */

struct timeline;

VL_MUST_USE vl_result timeline_create(struct timeline **out);
void timeline_destroy(struct timeline *t); /* accepts NULL */
void timeline_forget(struct timeline *t);

/* A record was first seen at that instant: written here, or brought by a session. */
void timeline_saw(struct timeline *t, const struct vl_record_id *record, vl_instant at);
/* Takes what is known of a peer's clock now. */
void timeline_measure(struct timeline *t, const struct api_peer *peer, vl_instant now);

enum time_source { /* the better, the later */
                   TIME_UNKNOWN,
                   TIME_WALL, /* the author's wall clock as if it were ours: a guess */
                   TIME_SEEN, /* when it was first seen here */
                   TIME_MEASURED,
                   TIME_OWN /* written by this device */
};
struct time_point { /* zeroed: UNKNOWN */
    int64_t at;     /* ms, an instant of this device */
    uint64_t error; /* of MEASURED, in ms */
    enum time_source source;
};
struct time_of { /* what is known of a record */
    struct vl_record_id record;
    uint8_t sign_key[32]; /* of the device that wrote it */
    bool is_own;          /* that is this one */
    vl_wall wall;         /* what its clock said */
};
/* Sets the point, or makes it better; a good one never jumps. `here` and `now` are this device's
 * clocks at the same time. */
void timeline_place(struct timeline *t, const struct time_of *of, vl_wall here, vl_instant now,
                    struct time_point *point);

#endif
