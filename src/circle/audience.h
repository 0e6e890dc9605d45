/* Persons that something is sealed to. */
#ifndef CIRCLE_AUDIENCE_H
#define CIRCLE_AUDIENCE_H

#include "circle/record.h"

#define AUDIENCE_MAX 100u /* the most of SHARE_TO */

struct audience {
    struct vl_id persons[AUDIENCE_MAX];
    size_t count;
};

/* LIMIT: the audience is full. */
VL_MUST_USE vl_result audience_add(struct audience *audience, const struct vl_id *person);
/* Adds all facilitators as the membership stands. LIMIT. */
VL_MUST_USE vl_result audience_facilitators(struct vl_replica *r, struct audience *audience);
/* Adds those of a field of form PERSON who are still in the circle. */
VL_MUST_USE vl_result audience_still_here(struct vl_replica *r, const struct record_field *field,
                                          struct audience *audience);
/* Whom a share is for: that it is sealed shows by itself, to whom its author says. */
enum share_audience audience_of_share(const struct record *share);

#endif
