/* Who comes to a meeting: each person's own answer, one a meeting. Read with record_get (a record
 * of SCHEMA_REPLY); the fields are in schema.h. */
#ifndef CIRCLE_REPLY_H
#define CIRCLE_REPLY_H

#include "circle/record.h"

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
