/* Removals and demotions that wait for a second person, and votes while there is no facilitator.
 * Read from the control entries that are here. Inside src/api only. */
#ifndef API_PROPOSALS_H
#define API_PROPOSALS_H

#include "api/request.h"

#define PROPOSALS_MAX 256u

struct proposal {
    enum vl_control_kind kind;      /* REMOVE, DEMOTE or VOTE */
    struct vl_id entry, by, target; /* of votes for one candidate: the newest */
    uint64_t lamport;
    size_t votes, needed; /* VOTE: who voted so far, and how many win */
};
struct proposals {
    struct proposal items[PROPOSALS_MAX]; /* newest last; more than that: the newest */
    size_t count;
    size_t facilitators; /* of the circle now */
};
VL_MUST_USE vl_result proposals_read(struct vl_replica *r, struct proposals *out);
/* The one that the text names: the beginning of its id (at least 4 digits). NOT_FOUND; INVALID. */
VL_MUST_USE vl_result proposals_find(struct request *rq, const struct proposals *all,
                                     const char *text, struct proposal *out);
/* The one about that person; NOT_FOUND; INVALID: several. */
VL_MUST_USE vl_result proposals_about(struct request *rq, const struct proposals *all,
                                      const struct vl_id *person, struct proposal *out);

#endif
