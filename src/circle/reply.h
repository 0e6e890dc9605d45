/* Who comes to a meeting: each person's own answer, one a meeting. Read with record_get (a record
 * of SCHEMA_REPLY); the fields are in schema.h. */
#ifndef CIRCLE_REPLY_H
#define CIRCLE_REPLY_H

#include "circle/edit.h"

/* What to change. NULL leaves a field as it is; "" empties it. */
struct reply_change {
    const enum answer *answer;
    const char *brings, *note;
};
/* My answer, or a change of it. NOT_FOUND: no such meeting. INVALID: a first one without an answer;
 * else as edit_write. */
VL_MUST_USE vl_result reply_give(struct vl_replica *r, const struct vl_record_id *meeting,
                                 const struct reply_change *change, vl_wall now,
                                 struct vl_record_id *id, struct schema_problem *problem);

struct reply {
    struct vl_id person;
    bool has_answer;
    enum answer answer;
    struct record record; /* zeroed: nothing was written */
};
/* Everybody who is in the circle now, in the order of the membership, with what she answered. */
struct replies {
    struct reply *items;
    size_t count;
    size_t coming, perhaps, not_coming, silent;
};
VL_MUST_USE vl_result replies_read(struct vl_replica *r, const struct vl_record_id *meeting,
                                   struct replies *out);
void replies_finish(struct replies *replies); /* accepts NULL and zeroed */

#endif
