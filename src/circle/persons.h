/* Who is in the circle, by the membership as it stands. */
#ifndef CIRCLE_PERSONS_H
#define CIRCLE_PERSONS_H

#include <veillee/replica.h>

/* The membership, settled: good until the next entry. */
VL_MUST_USE vl_result persons_membership(struct vl_replica *r, struct vl_membership **out);
bool person_is_here(const struct vl_membership *m, const struct vl_id *person);

#endif
