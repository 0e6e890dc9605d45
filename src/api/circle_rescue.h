/* Entries that were read from a damaged vault, on their way into the circle's replica: it checks
 * them as those of a peer. What rests on entries that were lost waits until others have brought
 * these. */
#ifndef API_CIRCLE_RESCUE_H
#define API_CIRCLE_RESCUE_H

#include "circle/circles.h"
#include "store/store.h"

/* One batch, from where the last one ended. *more: there are others, or something went in for which
 * the rest may have waited. Once nothing more goes in, nothing is done until the replica has
 * changed. This machine's faults. */
VL_MUST_USE vl_result circle_rescue_step(struct store *store, struct circle *circle, bool *more);
/* All that goes in now. */
VL_MUST_USE vl_result circle_rescue(struct store *store, struct circle *circle);

#endif
