/* The operations of an edit, gathered into entries that fit: internal to edit.c and typing.c. */
#ifndef CIRCLE_EDIT_PLAN_H
#define CIRCLE_EDIT_PLAN_H

#include <veillee/replica.h>

/* Operations wait until the next one would not fit into an entry with them; then they are written.
 * All they point to must live until plan_flush. */
struct plan {
    struct vl_replica *replica;
    vl_wall now;
    uint32_t type;
    struct vl_record_id record;
    bool sealed; /* for these persons only */
    const struct vl_id *persons;
    size_t person_count;
    struct vl_operation *operations;
    size_t count, capacity, bytes, dots;
    size_t written;    /* entries so far */
    struct vl_id last; /* the newest */
    void **memory;     /* what operations point to; freed by plan_finish */
    size_t memory_count, memory_capacity;
};

/* *dot names the operation: while it waits by zeros for the entry, see plan_resolve. */
VL_MUST_USE vl_result plan_add(struct plan *p, struct vl_operation op, struct vl_dot *dot);
/* Writes what waits. AUTHORITY: some of it is somebody else's (ownership.h), none is written. */
VL_MUST_USE vl_result plan_flush(struct plan *p);
/* Memory that lives as long as the plan. NULL when there is none. */
void *plan_memory(struct plan *p, size_t size);
void plan_finish(struct plan *p);

/* Whether the operation would fit with those that wait. */
bool plan_fits(const struct plan *p, const struct vl_operation *op);

#endif
