/* Who was at a meeting that was held live: its moments tell, and whoever closes it puts that into
 * the meeting's own record, by the circle's rule (docs/live.md). */
#ifndef CIRCLE_ATTENDANCE_H
#define CIRCLE_ATTENDANCE_H

#include "circle/edit.h"

/* Into an edit of a meeting, which is written by the caller: persons and seats who ever arrived,
 * beside those that are there; or, in a circle that counts, how many, unless the record says more
 * already. Nobody beyond the fields' limits. What is there is not put in again, so it may be called
 * at each closing. Errors of moments_read. */
VL_MUST_USE vl_result attendance_put(struct edit *meeting);

#endif
