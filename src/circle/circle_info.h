/* What a circle says of itself: name, purpose, agreement. One record with an id that everybody
 * derives from the circle's; each version of the agreement is a record of its own, so that assents
 * belong to the words that were read. */
#ifndef CIRCLE_CIRCLE_INFO_H
#define CIRCLE_CIRCLE_INFO_H

#include "circle/edit.h"

struct circle_info { /* strings are owned, "" when there is nothing */
    char *name, *purpose, *agreement;
    struct record record;           /* SCHEMA_CIRCLE, with its conflicts */
    struct record agreement_record; /* SCHEMA_AGREEMENT; zeroed when there is none */
};

void circle_info_id(const struct vl_id *circle, struct vl_record_id *out);
/* The version of the agreement that holds, by the circle's own record. false: none. */
bool circle_info_agreement(const struct record *circle, struct vl_record_id *out);
/* NULL leaves a part as it is. A new agreement holds from now on. */
VL_MUST_USE vl_result circle_info_write(struct vl_replica *r, const char *name, const char *purpose,
                                        const char *agreement, vl_wall now,
                                        struct schema_problem *problem);
/* NOT_FOUND: nothing of it is here yet. */
VL_MUST_USE vl_result circle_info_read(struct vl_replica *r, struct circle_info *out);
void circle_info_finish(struct circle_info *info); /* accepts NULL and zeroed */

#endif
