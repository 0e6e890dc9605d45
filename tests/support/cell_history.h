/* Random histories of one cell, made by several writers who edit and meet at random, and a plain
 * model of Fugue to compare with: a tree of single units, rebuilt from the set of operations. */
#ifndef SUPPORT_CELL_HISTORY_H
#define SUPPORT_CELL_HISTORY_H

#include <veillee/cell.h>

struct random { /* splitmix64 */
    uint64_t state;
};
uint64_t random_next(struct random *random);
uint32_t random_below(struct random *random, uint32_t below);

struct history_op {
    struct vl_operation op;
    struct vl_stamp stamp;
    struct vl_dot *dots;
    struct vl_span *spans;
    uint8_t *value;
};
struct history {
    enum vl_field_kind kind;
    struct history_op *items;
    size_t count, capacity;
};
void cell_history_finish(struct history *h);

/* An id that looks like a hash of the number. */
struct vl_id cell_history_id(uint64_t number);
/* Copies what the operation points to. */
void cell_history_add(struct history *h, const struct vl_operation *op,
                      const struct vl_stamp *stamp);

struct history_shape {
    enum vl_field_kind kind;
    size_t operations;
    unsigned writers;      /* at most 8 */
    unsigned meet_percent; /* chance that a writer first takes in what another has */
    bool odd;              /* also operations with places and dots that no honest writer makes */
};
void cell_history_random(struct history *h, const struct history_shape *shape, uint64_t seed);

/* Applies the operations in that order (NULL: as they are) one by one / in one open cell. */
vl_result cell_history_apply(const struct history *h, const size_t *order, struct vl_buffer *state);
vl_result cell_history_merge(const struct history *h, const size_t *order, struct vl_buffer *state);
/* The text (or the list's elements one after the other) that the plain model gives. */
void cell_history_model(const struct history *h, struct vl_buffer *text);
/* The same of a state. */
vl_result cell_history_text(enum vl_field_kind kind, struct vl_bytes state, struct vl_buffer *text);
void cell_history_shuffle(size_t *order, size_t count, struct random *random);

#endif
