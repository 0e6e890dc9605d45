/* From the store's row of a circle to the circle in memory. */
#ifndef API_CIRCLE_LOAD_H
#define API_CIRCLE_LOAD_H

#include "circle/circles.h"
#include "store/store.h"

VL_MUST_USE vl_result circle_load(struct store *store, struct circles *circles,
                                  const struct store_circle *row, struct circle **out);
/* All of them, after unlocking; in a vault that was copied or restored each in a new log of this
 * device. On error `circles` holds what was loaded before. */
VL_MUST_USE vl_result circle_load_all(struct store *store, struct circles *circles);

#endif
