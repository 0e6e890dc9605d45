/* A circle one of whose members forks her log, for tests of what becomes of a closed log.
 * Everything aborts with a sentence when it cannot be made. */
#ifndef TESTS_SUPPORT_LIAR_CIRCLE_H
#define TESTS_SUPPORT_LIAR_CIRCLE_H

#include "tests/support/circle_fixture.h"

/* ME and LIAR found it; ME, the facilitator, adds the others. */
enum { ME, LIAR, OUT, FRIEND, OTHER, PERSONS };

/* Each has said something, and all have all of it. */
struct circle_fixture *liar_circle_create(uint64_t seed);

static inline struct vl_replica *replica_of(struct circle_fixture *f, size_t node)
{
    return f->nodes[node].replica;
}

/* What a node has of the liar's log, of which it knows one branch, from that number on. */
struct entry_run liar_circle_run(struct circle_fixture *f, size_t node, uint64_t from, size_t max);
/* The newest entry of a node's own log. */
struct entry_run liar_circle_last(struct circle_fixture *f, size_t node);
/* FRIEND shows it to that node, which takes all of it. */
void liar_circle_give(struct circle_fixture *f, size_t to, const struct entry_run *run);
/* Other logs of the liar's, of one entry each, by these numbers: that node takes them. ME has one
 * newest control entry. */
void liar_circle_give_logs(struct circle_fixture *f, size_t to, uint32_t from, uint32_t end);
/* The liar's copy is what it was; what she writes next is another branch. */
void liar_circle_turn_back(struct circle_fixture *f, const struct memory_storage *before);

/* A node writes what others can hear of; OK or why it cannot. */
VL_MUST_USE vl_result liar_circle_write(struct circle_fixture *f, size_t node, uint64_t number);
/* The same, first with the storage failing at each of its calls: nothing is written then. Leaves
 * the copy as it was opened last. */
void liar_circle_write_at_last(struct circle_fixture *f, size_t node, uint64_t number);
bool liar_circle_hears(struct circle_fixture *f, size_t node, uint64_t number);
/* A node writes a control entry that it has the authority for. */
struct vl_id liar_circle_control(struct circle_fixture *f, size_t by, enum vl_control_kind kind,
                                 const struct vl_id *target);

/* Two of them sync until neither has anything to send. Whether both say that they have the same. */
VL_MUST_USE bool liar_circle_meet(struct circle_fixture *f, size_t a, size_t b);
/* Same heads of open logs, blobs and digest. */
bool liar_circle_same(struct circle_fixture *f, size_t a, size_t b);
bool liar_circle_is_sound(struct circle_fixture *f, size_t node); /* the copy verifies */

#endif
