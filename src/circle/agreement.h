/* The circle's agreement and its versions. Anybody proposes words, everybody assents for herself, a
 * facilitator makes a version hold. A version is named by its words (SCHEMA_ID_WORDS), so nobody
 * can change what others have assented to. */
#ifndef CIRCLE_AGREEMENT_H
#define CIRCLE_AGREEMENT_H

#include "circle/edit.h"

struct agreement {
    struct record record; /* SCHEMA_AGREEMENT; its assents also of persons who have gone */
    bool holds;
};
struct agreements { /* newest first; the one that holds may be any of them */
    struct agreement *items;
    size_t count;
};

VL_MUST_USE vl_result agreements_read(struct vl_replica *r, struct agreements *out);
void agreements_finish(struct agreements *all); /* accepts NULL and zeroed */

/* Who of the circle has assented to a version. */
bool agreement_has(const struct agreement *agreement, const struct vl_id *person);

/* *id is the version of these words; what was proposed before is not written again. INVALID: no
 * words. Errors of edit_write. */
VL_MUST_USE vl_result agreement_propose(struct vl_replica *r, const char *text, vl_wall now,
                                        struct vl_record_id *id, struct schema_problem *problem);
/* That version holds from now on. NOT_FOUND: its words are not here. AUTHORITY: I am no
 * facilitator. */
VL_MUST_USE vl_result agreement_adopt(struct vl_replica *r, const struct vl_record_id *id,
                                      vl_wall now, struct schema_problem *problem);
/* I assent to a version; NULL: to the one that holds. NOT_FOUND: there is none, or its words are
 * not here. */
VL_MUST_USE vl_result agreement_assent(struct vl_replica *r, const struct vl_record_id *id,
                                       vl_wall now, struct schema_problem *problem);

#endif
