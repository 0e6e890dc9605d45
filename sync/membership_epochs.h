/* Rule R11: under which epoch each device may write. */
#ifndef SYNC_MEMBERSHIP_EPOCHS_H
#define SYNC_MEMBERSHIP_EPOCHS_H

#include "sync/membership_view.h"

/* `view` is of the whole graph. chosen[device] = the epoch, or VL_NO_INDEX; one place for each
 * device of the graph. */
VL_MUST_USE vl_result vl_epochs_choose(const struct member_graph *g, const struct member_view *view,
                                       uint32_t *chosen);

#endif
