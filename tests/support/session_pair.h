/* Two sessions joined by a perfect wire, for tests. Everything aborts when memory ends. */
#ifndef TESTS_SUPPORT_SESSION_PAIR_H
#define TESTS_SUPPORT_SESSION_PAIR_H

#include "tests/support/circle_fixture.h"
#include <veillee/session.h>

struct session_pair {
    struct vl_session *sides[2];
    vl_instant now;
    size_t messages[2];         /* sent by each side */
    struct vl_buffer *recorded; /* every message of side 0, when record is set */
    size_t recorded_count;
    bool record;
};

/* A session of node `me` whose channel proved the transport key of node `peer`. */
struct vl_session *fixture_session(struct circle_fixture *f, size_t me, size_t peer,
                                   bool expect_newcomer, vl_instant now);

/* Nodes a and b; a replica that is empty joins as a newcomer. */
void session_pair_init(struct session_pair *pair, struct circle_fixture *f, size_t a, size_t b);
/* The same, and node a dialled under the current epoch: it proves first when neither knows the
 * other. */
void session_pair_dial(struct session_pair *pair, struct circle_fixture *f, size_t a, size_t b);
void session_pair_finish(struct session_pair *pair);
/* Carries one message of that side over. false: it had none. An error of the other side ends in
 * its state. */
bool session_pair_carry(struct session_pair *pair, size_t side);
/* Until neither has anything to send. */
void session_pair_run(struct session_pair *pair);
/* The same within fewer than so many turns, in each of which either sends a message at most; false:
 * they have not come to rest. */
VL_MUST_USE bool session_pair_rests(struct session_pair *pair, size_t turns);

#endif
