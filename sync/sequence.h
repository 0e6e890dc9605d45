/* Sequences (text and list) by Fugue, over runs.
 *
 * docs/records.md, "Texts and lists", defines the tree, the walk and the layout of the state. A run
 * is a stretch of one operation's chain whose units follow each other in the walk and are all
 * visible or all deleted.
 *
 * Invariants
 *  1  Where an operation hangs depends on its origins alone: they exist before it is placed and
 *     no ancestor of a unit ever changes. So the tree is a function of the set of operations.
 *  2  The list of runs is the walk of the tree.
 *  3  The pieces of one operation stand in the walk in the order of their offsets, because a unit
 *     is in the right subtree of the one before.
 *  4  Deleted units keep their place and lose their text. Deleting only grows.
 *  5  aside = the units named by deletions and not (yet) in the tree; waiting = the insertions
 *     that lack an origin. Both are functions of the set too. */
#ifndef SYNC_SEQUENCE_H
#define SYNC_SEQUENCE_H

#include "sync/cell_table.h"

#define SEQUENCE_NONE UINT32_MAX /* no run, no operation; the root */

struct sequence_run {
    uint32_t op, offset, units;
    uint32_t next, before; /* in the walk */
    uint32_t piece;        /* the next run of the same operation */
    bool deleted;
    struct vl_bytes bytes; /* empty when deleted */
};

enum sequence_side { SEQUENCE_LEFT = 0, SEQUENCE_RIGHT = 1 };

struct sequence_op {
    uint32_t entry, number, units;
    uint32_t parent, parent_offset; /* parent SEQUENCE_NONE: the root */
    enum sequence_side side;
    uint32_t piece;       /* its first run */
    uint32_t children[2]; /* first child by side, sorted by (parent_offset, stamp) */
    uint32_t sibling;     /* the next of the same parent operation and side */
    uint32_t rank;        /* while encoding; a mark while decoding */
};

struct sequence_span { /* a deletion of what is not in the tree */
    uint32_t entry, number, offset, units;
};
struct sequence_place {
    bool is_end;
    uint32_t entry, number, offset;
};
struct sequence_waiting {
    uint32_t entry, number;
    struct sequence_place left, right;
    struct vl_bytes bytes;
};

struct sequence {
    enum vl_field_kind kind; /* TEXT or LIST: what a unit is */
    struct cell_table table;
    struct sequence_run *runs;
    size_t run_count, run_capacity;
    uint32_t first; /* run of the walk */
    struct sequence_op *ops;
    size_t op_count, op_capacity;
    uint32_t root_children;
    bool is_hung; /* the lists of children are made: before the first insertion, not for reading */
    uint32_t *slots; /* hash of (entry, number) to operation */
    size_t slot_count;
    struct sequence_span *aside;
    size_t aside_count, aside_capacity;
    struct sequence_waiting *waiting;
    size_t waiting_count, waiting_capacity;
};

void sequence_finish(struct sequence *s);

/* sequence.c: merging. Bytes are not copied. After an error the sequence is only to be finished. */
VL_MUST_USE vl_result sequence_insert(struct sequence *s, const struct vl_operation *op,
                                      const struct vl_stamp *stamp);
VL_MUST_USE vl_result sequence_delete(struct sequence *s, const struct vl_operation *op);
/* One of the waiting ones of a hung sequence, whatever was deleted of it. *index SEQUENCE_NONE: a
 * place of it is not in the tree. */
VL_MUST_USE vl_result sequence_place(struct sequence *s, const struct sequence_waiting *w,
                                     uint32_t *index);
/* Deletes what is aside and in the tree by now. */
VL_MUST_USE vl_result sequence_take_aside(struct sequence *s);

/* sequence_erased.c: places in erased entries become ends, and what waited only for them is placed.
 * Of a sequence that was loaded, and is only read or saved from then on. */
typedef bool (*sequence_is_erased)(void *context, const struct vl_id *entry);
VL_MUST_USE vl_result sequence_show(struct sequence *s, sequence_is_erased is_erased, void *context,
                                    bool *is_changed);

/* sequence_tree.c: the tree. */
struct sequence_unit {
    uint32_t op, offset; /* op SEQUENCE_NONE: the root */
};
uint32_t sequence_find(const struct sequence *s, uint32_t entry, uint32_t number);
struct vl_stamp sequence_stamp(const struct sequence *s, uint32_t op);
/* Makes the lists of children of a loaded sequence, once. */
VL_MUST_USE vl_result sequence_hang_all(struct sequence *s);
/* Hangs `op` (its parent and side are set) among its siblings. */
void sequence_hang(struct sequence *s, uint32_t op);
bool sequence_in_right_subtree(const struct sequence *s, struct sequence_unit unit,
                               struct sequence_unit of);
/* Where the hung, not yet walked `op` stands: right before or right after *unit. */
bool sequence_position(const struct sequence *s, uint32_t op, struct sequence_unit *unit);
VL_MUST_USE vl_result sequence_add_op(struct sequence *s, struct sequence_op op, uint32_t *index);

/* sequence_state.c: the encoding. */
VL_MUST_USE vl_result sequence_load(struct sequence *s, enum vl_field_kind kind,
                                    struct vl_bytes state);
VL_MUST_USE vl_result sequence_save(struct sequence *s, struct vl_buffer *out); /* appends */

/* sequence_read.c */
VL_MUST_USE vl_result sequence_text(const struct sequence *s, struct vl_buffer *out);
void sequence_values(const struct sequence *s, struct vl_cell_value *out, size_t max,
                     size_t *count);
VL_MUST_USE vl_result sequence_place_at(const struct sequence *s, size_t position,
                                        struct vl_place *left, struct vl_place *right);
VL_MUST_USE vl_result sequence_spans(const struct sequence *s, size_t position, size_t length,
                                     struct vl_span *out, size_t max, size_t *count);
/* NOT_FOUND: the unit is not in the tree. */
VL_MUST_USE vl_result sequence_behind(const struct sequence *s, const struct vl_place *left,
                                      struct vl_place *right);
VL_MUST_USE vl_result sequence_position_of(const struct sequence *s, const struct vl_place *unit,
                                           size_t *position);

/* Makes room for one more item in an array that doubles. */
VL_MUST_USE vl_result sequence_grow(void *array, size_t count, size_t *capacity, size_t item);

#endif
