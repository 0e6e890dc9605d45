/* Cells: the merged state of one field of one record, as bytes.
 *
 * vl_cell_apply is the merge: a pure function of the set of operations applied, whatever their
 * order; applying an operation twice is the caller's to prevent (an entry is applied once).
 * An operation may name dots that have not arrived (hostile, or causally odd): the state remembers
 * them, so the result does not depend on the order.
 *
 *   register  visible = operations that no applied operation replaces; winner = highest (lamport,
 *             entry id, operation); the others are shown as a conflict
 *   set       an element is in while one of its adds is not removed (add wins)
 *   text,     Fugue: a tree of units, each beside its left or right origin; concurrent runs do
 *   list      not interleave; a unit whose origin is missing waits until it arrives, and is shown
 *             when that was erased (vl_cell_show)
 *
 * The state's encoding is canonical, so equal sets of operations give equal bytes, and it is what
 * the state digest hashes. docs/records.md defines the merge and the layouts. */
#ifndef VEILLEE_CELL_H
#define VEILLEE_CELL_H

#include <veillee/operation.h>

/* Order of an operation among all: (lamport, entry, operation). */
struct vl_stamp {
    uint64_t lamport;
    struct vl_dot dot;
};
int vl_stamp_compare(const struct vl_stamp *a, const struct vl_stamp *b);

/* Merges `operation`, stamped, into `state` (empty at first); replaces the buffer's content.
 * On error the state is unchanged. DAMAGED: the state is not one of ours. An operation of a decoded
 * body is refused for no reason of its own: KIND, INVALID, TOO_LARGE, UTF8 are the caller's fault.
 *
 * The limit: once the weights of all operations merged sum to more than VL_CELL_WEIGHT_MAX the
 * cell is over, in every order, and has no values any more (docs/records.md, "Limit"). */
VL_MUST_USE vl_result vl_cell_apply(enum vl_field_kind kind, struct vl_buffer *state,
                                    const struct vl_operation *operation,
                                    const struct vl_stamp *stamp);

/* The same in steps, for many operations on one cell: load, merge each, save. An operation's bytes
 * are copied. After an error of vl_cell_merge the cell is only to be closed. */
struct vl_cell;
VL_MUST_USE vl_result vl_cell_open(enum vl_field_kind kind, struct vl_bytes state,
                                   struct vl_cell **out); /* copies `state`; DAMAGED */
VL_MUST_USE vl_result vl_cell_merge(struct vl_cell *cell, const struct vl_operation *operation,
                                    const struct vl_stamp *stamp);
VL_MUST_USE vl_result vl_cell_save(struct vl_cell *cell, struct vl_buffer *state); /* replaces */
void vl_cell_close(struct vl_cell *cell); /* wiped; accepts NULL */

bool vl_cell_over(struct vl_bytes state);
bool vl_cell_is_over(const struct vl_cell *cell); /* the same of an open one */

/* As it is shown (docs/records.md, "What was erased"): what waits in a text or list because a place
 * of it is in an erased entry stands in it all the same. The merge knows nothing of this: such a
 * state is to be read, never to be stored or hashed. Whoever reads cells of a replica has it so.
 * `is_erased` is asked for entries of which the state has no operation. *out is cleared and stays
 * empty when the state is shown as it is, or is not one of ours. */
typedef bool (*vl_cell_is_erased)(void *context, const struct vl_id *entry);
VL_MUST_USE vl_result vl_cell_show(enum vl_field_kind kind, struct vl_bytes state,
                                   vl_cell_is_erased is_erased, void *context,
                                   struct vl_buffer *out);
/* Visits, if anything waits in the state, the entries that it will be asked for. Costs little
 * otherwise. What the visit returns ends it. */
typedef vl_result (*vl_cell_entry_visit)(void *context, const struct vl_id *entry);
VL_MUST_USE vl_result vl_cell_missing(enum vl_field_kind kind, struct vl_bytes state,
                                      vl_cell_entry_visit visit, void *context);

struct vl_cell_value { /* one visible value or element */
    struct vl_stamp stamp;
    struct vl_bytes value; /* view into the state */
};

/* Register: visible values, winner first. Set: elements in byte order, each with its highest add;
 * `dots` of an element by vl_cell_element_dots. List: elements in order. *count is set to how
 * many there are even when that is more than max. */
VL_MUST_USE vl_result vl_cell_values(enum vl_field_kind kind, struct vl_bytes state,
                                     struct vl_cell_value *out, size_t max, size_t *count);
/* The living adds of one set element, or the visible dots of a register (element NULL): what a
 * new operation must name to replace or remove. Sorted. LIMIT: the cell is over, as below. */
VL_MUST_USE vl_result vl_cell_dots(enum vl_field_kind kind, struct vl_bytes state,
                                   const struct vl_bytes *element, struct vl_dot *out, size_t max,
                                   size_t *count);
/* Text as UTF-8, appended. */
VL_MUST_USE vl_result vl_cell_text(struct vl_bytes state, struct vl_buffer *out);
/* For an edit of text or list at `position` (in code points or elements, 0..length): between which
 * units an insertion goes. INVALID past the end. */
VL_MUST_USE vl_result vl_cell_place(enum vl_field_kind kind, struct vl_bytes state, size_t position,
                                    struct vl_place *left, struct vl_place *right);
/* The spans that cover `length` visible units from `position`. *count as above. */
VL_MUST_USE vl_result vl_cell_spans(enum vl_field_kind kind, struct vl_bytes state, size_t position,
                                    size_t length, struct vl_span *out, size_t max, size_t *count);
/* For an insertion right behind a unit, deleted or not (is_end: at the beginning): its right place.
 * NOT_FOUND: the unit is not in the text or list. */
VL_MUST_USE vl_result vl_cell_behind(enum vl_field_kind kind, struct vl_bytes state,
                                     const struct vl_place *left, struct vl_place *right);
/* How many visible units there are up to that one, itself included; is_end: 0. NOT_FOUND. */
VL_MUST_USE vl_result vl_cell_position(enum vl_field_kind kind, struct vl_bytes state,
                                       const struct vl_place *unit, size_t *position);

/* What a storage finds a record by: of one cell. */
#define VL_DATE_SIZE 17u /* YYYY-MM-DDTHH:MM and a final zero */
struct vl_cell_lookup {
    bool is_empty;   /* nothing of it is kept, or it is over */
    uint64_t lowest; /* lamport number of the oldest operation that is kept (lives, or is in the
                        text or list) */
    /* Of a register, by the value that counts: */
    bool has_names;
    struct vl_record_id names; /* the record that it names */
    char date[VL_DATE_SIZE];   /* the date that it is, in one of its two forms; "" */
};
/* DAMAGED, with *out empty: the state is not one of ours. (One that is does not show all damage.)
 */
VL_MUST_USE vl_result vl_cell_look_up(enum vl_field_kind kind, struct vl_bytes state,
                                      struct vl_cell_lookup *out);

#endif
