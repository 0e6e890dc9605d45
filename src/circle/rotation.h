/* Whose turn it is to facilitate: an order that the circle keeps, the next one first. A turn is no
 * role: who may invite or remove is the membership's. */
#ifndef CIRCLE_ROTATION_H
#define CIRCLE_ROTATION_H

#include "circle/edit.h"

#define ROTATION_MAX 200u /* persons */

struct rotation {
    struct vl_id persons[ROTATION_MAX];
    size_t count;
};

/* Those who are in the circle now, each once. Empty: none was ever set. */
VL_MUST_USE vl_result rotation_read(struct vl_replica *r, struct rotation *out);
/* The whole order anew. INVALID, with *problem (may be NULL): somebody who is not in the circle, or
 * twice. AUTHORITY: I am no facilitator. */
VL_MUST_USE vl_result rotation_write(struct vl_replica *r, const struct rotation *rotation,
                                     vl_wall now, struct schema_problem *problem);
/* She who was next has had her turn, or passes it: she goes to the end. NOT_FOUND: nobody is in the
 * order. */
VL_MUST_USE vl_result rotation_advance(struct vl_replica *r, vl_wall now,
                                       struct schema_problem *problem);

#endif
