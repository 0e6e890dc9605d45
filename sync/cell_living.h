/* Living operations: what registers and sets have in common. Some operations bring a value, any
 * operation may retire others by their dots; an operation lives while nothing retires it.
 *
 * Invariants
 *  1  retired = the dots that any applied operation names, arrived or not; it only grows
 *  2  living = the applied operations whose dots are not in retired
 *  Both are unions over the set of applied operations: their order cannot matter. A retired dot
 *  must be kept for ever, because its operation may still arrive. Its value is dropped at once.
 *
 * docs/records.md, "Registers and sets", defines them and their layout. */
#ifndef SYNC_CELL_LIVING_H
#define SYNC_CELL_LIVING_H

#include "sync/cell_table.h"
#include "sync/dot_index.h"

struct living_dot {
    uint32_t entry, operation;
};
struct living_value {
    struct living_dot dot;
    struct vl_bytes value; /* view into the state or the operation */
};
struct living {
    enum vl_field_kind kind; /* REGISTER or SET: the order of the values */
    struct cell_table table;
    struct living_dot *retired;
    size_t retired_count, retired_capacity;
    struct living_value *values;
    size_t value_count, value_capacity;
    struct dot_index index; /* of both, once there are many and several were looked for */
    unsigned looked_for;
};

/* Empty bytes give an empty one. DAMAGED. The views point into `state`. */
VL_MUST_USE vl_result living_load(struct living *l, enum vl_field_kind kind, struct vl_bytes state);
VL_MUST_USE vl_result living_save(struct living *l, struct vl_buffer *out); /* appends */
void living_finish(struct living *l);

/* Retires op's dots; then the operation itself lives with its value if `brings_value`. */
VL_MUST_USE vl_result living_apply(struct living *l, const struct vl_operation *op,
                                   const struct vl_stamp *stamp, bool brings_value);
struct vl_stamp living_stamp(const struct living *l, const struct living_value *value);

#endif
