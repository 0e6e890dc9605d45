/* A text that several people write at once, as one of them has it in front of her while she types.
 *
 * Every letter of it is known by the unit of the text that it is (docs/records.md), so what others
 * write meanwhile never shifts what she does. What she types waits here and becomes one entry when
 * it is written: each stretch one insertion, and what she typed and took back again is never
 * written at all.
 *
 *   open --edit--> waiting --write--> written        pull: what others wrote comes in, at any time
 *
 * Positions and lengths are in code points of the text in front of her. */
#ifndef CIRCLE_TYPING_H
#define CIRCLE_TYPING_H

#include "circle/edit.h"

struct typing;

/* The text of a field of kind TEXT. NOT_FOUND: there is no such record. AUTHORITY: it is not hers
 * to write. INVALID: another kind. LIMIT: the cell is over. */
VL_MUST_USE vl_result typing_open(struct typing **out, struct vl_replica *r, uint32_t type,
                                  const struct vl_record_id *record, uint32_t field);
void typing_close(struct typing *t); /* what waits is lost; wipes; accepts NULL */

const struct vl_replica *typing_replica(const struct typing *t);
/* What waits to be written: bytes of text and, for anything deleted, at least one. */
size_t typing_waiting(const struct typing *t);

struct typing_edit {
    size_t at, gone;       /* so many are deleted there */
    struct vl_bytes typed; /* and this typed: UTF-8, as it is to be */
};
/* One after the other, all of them or none. INVALID: past the end. TOO_LARGE: over the field's
 * limit. UTF8: not UTF-8, or control characters. After NO_MEMORY it is only to be closed. */
VL_MUST_USE vl_result typing_edit(struct typing *t, const struct typing_edit *edits, size_t count);

/* As one entry, or as few as hold it; durable when it returns. VL_OK also when nothing waits. After
 * an error what was not written waits still. Errors of vl_replica_write. */
VL_MUST_USE vl_result typing_write(struct typing *t, vl_wall now);

struct typing_change {
    size_t at, gone;   /* in the text as the changes before this one have made it */
    size_t from, size; /* in the changes' text: what comes there */
    size_t units;      /* ... in code points */
};
struct typing_changes {
    struct typing_change *items;
    size_t count, capacity;
    struct vl_buffer text;
};
/* What others wrote since, to be done to the text in front of her. First: all of it, from an empty
 * text. What has another place now (because something was erased) is gone at the old one and new at
 * the other. typing_changes_finish. */
VL_MUST_USE vl_result typing_pull(struct typing *t, struct typing_changes *out);
void typing_changes_finish(struct typing_changes *changes); /* wipes; accepts zeroed */
/* What one of them puts there; a view of the changes' text. */
struct vl_bytes typing_change_text(const struct typing_changes *changes, size_t at);

/* The unit before a position that is written already: what names the place to others. INVALID. */
VL_MUST_USE vl_result typing_place(const struct typing *t, size_t at, struct vl_place *out);
/* The other way: up to where that unit is in front of her, itself included; of a deleted one, about
 * where it was. NOT_FOUND: it is not in the text that is written here. */
VL_MUST_USE vl_result typing_position(struct typing *t, const struct vl_place *unit, size_t *at);

#endif
