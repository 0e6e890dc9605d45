/* Rule R0: whether an entry's author may do it, judged once in State(past), for ever. */
#ifndef SYNC_MEMBERSHIP_AUTHORITY_H
#define SYNC_MEMBERSHIP_AUTHORITY_H

#include "sync/membership_view.h"

/* Fills in what depends on State(past): author, authorised, what it rests on, ends it knows...
 * `past` is the view of node->past. NO_MEMORY: the node is to be destroyed. */
VL_MUST_USE vl_result vl_authority_judge(struct member_graph *g, struct member_view *past,
                                         struct member_node *node);

/* R11: whether an authorised epoch may be sealed to the device by an entry with that past: never to
 * somebody who comes back, nor to a device that was put out. */
bool vl_may_get_seal(const struct member_graph *g, const struct vl_bitset *past,
                     const struct member_node *epoch, uint32_t device);

#endif
