/* A meeting that goes on, as JSON. Inside src/api only. */
#ifndef API_VIEW_LIVE_H
#define API_VIEW_LIVE_H

#include "api/live_cache.h"
#include "api/request.h"

/* The parts of a meeting in their order. record_list_finish. */
VL_MUST_USE vl_result live_parts(const struct circle *circle, const struct vl_record_id *meeting,
                                 struct record_list *out);
/* The whole answer. */
VL_MUST_USE vl_result view_live(struct request *rq, const struct circle *circle,
                                const struct vl_record_id *meeting, const struct live_now *now);

/* The moment `open` by this device's person, unless it would have no effect; the meeting's own
 * state is the caller's to write. */
VL_MUST_USE vl_result live_open(struct request *rq, const struct circle *circle,
                                const struct vl_record_id *meeting);

/* "signals" of that meeting that this device can read: handle_signal.c. */
VL_MUST_USE vl_result view_signals(struct request *rq, const struct circle *circle,
                                   const struct vl_record_id *meeting);

#endif
