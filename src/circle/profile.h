/* A person's pseudonym, line about herself and colour in one circle: a record whose id derives
 * from the circle's and the person's id, written by herself. */
#ifndef CIRCLE_PROFILE_H
#define CIRCLE_PROFILE_H

#include "circle/edit.h"

struct profile_change {
    const char *pseudonym, *about; /* NULL: as it is; "": emptied (the pseudonym may not be) */
    const uint32_t *colour;        /* 0xRRGGBB */
};

/* My own. NOT_FOUND: I am not enrolled yet. */
VL_MUST_USE vl_result profile_write(struct vl_replica *r, const struct profile_change *change,
                                    vl_wall now, struct schema_problem *problem);
/* Her pseudonym, or the first eight digits of her id. `out` gets a final zero, never more than
 * size bytes, never half a character. */
VL_MUST_USE vl_result profile_name(struct vl_replica *r, const struct vl_id *person, char *out,
                                   size_t size);

#endif
