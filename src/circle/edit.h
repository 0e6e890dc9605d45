/* An edit: the operations that bring one record to what somebody wants, checked against the
 * schema, written as one entry or (long texts) as several one after the other.
 *
 *   struct edit e;
 *   VL_TRY(edit_begin(&e, replica, SCHEMA_MEETING, &id));
 *   edit_set_text(&e, MEETING_TITLE, "...");
 *   edit_text(&e, MEETING_MINUTES, "...");
 *   result = edit_write(&e, now, &problem);
 *   edit_finish(&e);
 *
 * The first error is kept and every later call ignored, so only edit_write's result is looked at.
 * Texts are read as NFC; what is equal to what is there already is not written again. */
#ifndef CIRCLE_EDIT_H
#define CIRCLE_EDIT_H

#include "circle/record.h"

struct edit_change;

struct edit {
    struct vl_replica *replica;
    const struct schema_record *schema;
    struct vl_record_id id;
    bool sealed;
    const struct vl_id *persons;
    size_t person_count;
    struct edit_change *changes;
    size_t count, capacity;
    vl_result result;
    struct schema_problem problem;
};

/* KIND: unknown type. */
VL_MUST_USE vl_result edit_begin(struct edit *e, struct vl_replica *r, uint32_t type,
                                 const struct vl_record_id *id);
void edit_finish(struct edit *e); /* accepts NULL and zeroed */

/* The edit is of the sealed record, and written for these persons and me alone. They outlive it. A
 * type that is always for the facilitators is sealed to them by edit_write without this. */
void edit_seal(struct edit *e, const struct vl_id *persons, size_t count);

/* Whether the schema lets me write this record: VL_OK or AUTHORITY. edit_write asks it itself. */
VL_MUST_USE vl_result edit_allowed(const struct edit *e);

/* A register. NULL text: nothing is done; "": the value becomes none. */
void edit_set(struct edit *e, uint32_t field, const struct vl_value *value);
void edit_set_text(struct edit *e, uint32_t field, const char *text);
/* A set: the element is put in, or all its adds that are seen here are taken out. */
void edit_add(struct edit *e, uint32_t field, const struct vl_value *element);
void edit_add_all(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count);
void edit_remove_all(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count);
/* ... all of it: others that are seen here are taken out. */
void edit_elements(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count);
/* A text: what differs from the text there (same beginning, same end left alone). */
void edit_text(struct edit *e, uint32_t field, struct vl_bytes text);
/* A text or list: something at the end. */
void edit_append_text(struct edit *e, uint32_t field, struct vl_bytes text);
void edit_append_all(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count);
/* A list: the whole of it, again writing what differs. */
void edit_list(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count);

/* Durable when it returns. VL_OK also when there was nothing to write. AUTHORITY: the schema does
 * not let me, or the record is never changed. INVALID: sealed, and of a type that never is. Errors
 * of schema_check, with *problem (may be NULL); NO_KEY and others of vl_replica_write: a text that
 * needs several entries may then be written in part. */
VL_MUST_USE vl_result edit_write(struct edit *e, vl_wall now, struct schema_problem *problem);

#endif
