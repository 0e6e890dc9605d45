/* Moments as records: reading those of one meeting for the fold of live.h, and writing one. */
#ifndef CIRCLE_MOMENT_H
#define CIRCLE_MOMENT_H

#include "circle/edit.h"
#include "circle/live.h"

struct moment {
    struct live_moment live; /* `at` is the caller's to fill in; views into the two below */
    struct record record;
    struct live_who *order;
};
struct moments {
    struct moment *items; /* as they come; live_sort does the order */
    size_t count;
};

/* One record. NOT_FOUND: it is no moment of that meeting that counts (docs/live.md). */
VL_MUST_USE vl_result moment_read(struct vl_replica *r, const struct vl_record_id *meeting,
                                  const struct vl_record_id *id, struct moment *out);
void moment_finish(struct moment *moment); /* accepts NULL and zeroed */
/* All of a meeting. Looks through the moments of all meetings. */
VL_MUST_USE vl_result moments_read(struct vl_replica *r, const struct vl_record_id *meeting,
                                   struct moments *out);
void moments_finish(struct moments *moments); /* accepts NULL and zeroed */
/* Adds one, which is taken over. NO_MEMORY: it is the caller's still. */
VL_MUST_USE vl_result moments_add(struct moments *moments, const struct moment *moment);

/* Writes kind, whom it is about, part and order as mine. As edit_write. */
VL_MUST_USE vl_result moment_write(struct vl_replica *r, const struct vl_record_id *meeting,
                                   const struct live_moment *moment, vl_wall now,
                                   struct schema_problem *problem);

#endif
