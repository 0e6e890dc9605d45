/* Rule R11: under which epoch each device may write. */
#ifndef SYNC_MEMBERSHIP_EPOCHS_H
#define SYNC_MEMBERSHIP_EPOCHS_H

#include "sync/membership_view.h"

/* `view` is of the whole graph. chosen[device] = the epoch, or VL_NO_INDEX; one place for each
 * device of the graph. */
VL_MUST_USE vl_result vl_epochs_choose(const struct member_graph *g, const struct member_view *view,
                                       uint32_t *chosen);

/* Of the whole graph: the next epoch that a newcomer lacks to whom `giver` sealed epochs older than
 * she is (so she may read the past), made by who did not know of her, and that may be sealed to
 * her. Begins with zeros in *at; false: there is none. */
struct owed_seal {
    uint32_t device, epoch; /* epoch: its place in g->epochs */
};
bool vl_epochs_owed(const struct member_graph *g, const struct member_view *view, uint32_t giver,
                    struct owed_seal *at);

#endif
