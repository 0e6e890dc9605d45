/* Writing again, under the current key, what somebody who came without the past has to know: the
 * circle's own record with its rules, topics and the order of turns, and the agreement that counts
 * with my own assent. Nothing of it changes. Others' assents are theirs to say: she sees those that
 * were said since she came. */
#ifndef CIRCLE_RESTATE_H
#define CIRCLE_RESTATE_H

#include <veillee/replica.h>

/* VL_OK also when there is nothing to say. Errors of vl_replica_write. */
VL_MUST_USE vl_result restate_circle(struct vl_replica *r, vl_wall now);

/* A person who is not to read the past: adds her, and makes the new key with what is said again. */
VL_MUST_USE vl_result restate_add_newcomer(struct vl_replica *r,
                                           const struct vl_enrolment *newcomer, vl_wall now);

#endif
