/* One record as people see it: every field of its schema with the values that are visible now.
 *
 * A register that several people set at once keeps all those values: values[0] is the one that
 * counts, the rest are the conflict. Equal values of a register are told once. */
#ifndef CIRCLE_RECORD_H
#define CIRCLE_RECORD_H

#include "circle/schema.h"
#include <veillee/replica.h>

struct record_value {
    struct vl_stamp stamp; /* stamp.dot.entry is the entry that says so */
    struct vl_id author;   /* person who wrote it; zeros when that is not known */
    struct vl_value value; /* bytes are owned, and end with a zero that is not counted */
};

struct record_field {
    const struct schema_field *schema;
    struct record_value *values; /* REGISTER: winner first; SET: in byte order; LIST: in order */
    size_t count;
    size_t living; /* how many there are, when that is over VL_CONFLICTS_MAX or the field's most */
    char *text;    /* TEXT: UTF-8 with a final zero, never NULL; else NULL */
    size_t text_size;
};

struct record {
    const struct schema_record *schema;
    struct vl_record_id id;
    bool sealed;                 /* for some persons only */
    struct record_field *fields; /* every field of the schema, in its order */
    size_t field_count;
    bool has_maker; /* SCHEMA_ID_MAKER: somebody who wrote a value that is seen made it */
    struct vl_id maker;
};

/* Reads what is there; with VL_TYPE_SEALED added to the type what sealed entries say, a record of
 * its own (record_list_read and record_find alike). NOT_FOUND: no known field of it was ever
 * written. KIND: unknown type. On error *out is zeroed. */
VL_MUST_USE vl_result record_read(struct vl_replica *r, uint32_t type,
                                  const struct vl_record_id *id, struct record *out);
void record_finish(struct record *record); /* accepts NULL and zeroed */

/* The record as people mean it: of a type that can be sealed the sealed one before the open one (an
 * honest one is under a new id, so only its maker could put an open one beside it).
 * NOT_FOUND also when nothing of it is seen any more. */
VL_MUST_USE vl_result record_get(struct vl_replica *r, const struct schema_record *schema,
                                 const struct vl_record_id *id, struct record *out);

/* NULL when the schema has no such field. */
const struct record_field *record_field(const struct record *record, uint32_t field);
/* The value that counts, or the merged text, as a string; "" when there is none. */
const char *record_text(const struct record *record, uint32_t field);
bool record_has_conflict(const struct record *record); /* any register with several values */
/* The oldest value that is seen: whoever wrote it made the record. Of SCHEMA_ID_MAKER the oldest
 * that its maker wrote, if any of hers is seen. NULL: none is seen. */
const struct record_value *record_made(const struct record *record);
/* Neither value nor text. */
bool record_is_empty(const struct record *record);

/* All records of a type, as a heap list sorted by id. */
struct record_list {
    struct record *items;
    size_t count;
};
VL_MUST_USE vl_result record_list_read(struct vl_replica *r, uint32_t type,
                                       struct record_list *out);
void record_list_finish(struct record_list *list);

/* 32 lower-case hex digits and a final zero. */
#define RECORD_ID_TEXT_SIZE 33
void record_id_text(const struct vl_record_id *id, char out[static RECORD_ID_TEXT_SIZE]);
VL_MUST_USE vl_result record_id_parse(const char *text, struct vl_record_id *out); /* INVALID */
void record_id_random(struct vl_record_id *out);
/* BLAKE2b(RECORD_ID, circle || type u32 || name): the same record for everybody. */
void record_id_derive(const struct vl_id *circle, uint32_t type, struct vl_bytes name,
                      struct vl_record_id *out);
/* The one id that a record may have whose id derives from a person (SCHEMA_ID_PERSON), from a
 * meeting and a person (SCHEMA_ID_BOTH), or from nothing more (SCHEMA_ID_ONE). false: of this type
 * ids are random, the maker's, or come from words. `meeting` and `person` are read where the schema
 * asks for them, else may be NULL.
 */
bool record_id_of(const struct vl_id *circle, const struct schema_record *schema,
                  const struct vl_record_id *meeting, const struct vl_id *person,
                  struct vl_record_id *out);
/* Of SCHEMA_ID_MAKER an id is 6 random bytes, and 10 of H(record maker, circle, type u32, person,
 * the 6): nobody else's. (Of SCHEMA_ID_BOTH the 6 are the first of H(record meeting, meeting).) */
bool record_id_is_made_by(const struct vl_id *circle, const struct schema_record *schema,
                          const struct vl_record_id *id, const struct vl_id *person);
/* Whether the record is that person's by its id alone: made by her, or derived from her and
 * whatever meeting. Of types whose ids say nothing of a person: false. */
bool record_id_is_hers(const struct vl_id *circle, const struct schema_record *schema,
                       const struct vl_record_id *id, const struct vl_id *person);
/* One that this device's person may write under: made by her where the schema asks for that, else
 * random. NOT_FOUND: she is no person of the circle. */
VL_MUST_USE vl_result record_id_new(struct vl_replica *r, enum schema_type type,
                                    struct vl_record_id *out);
/* The id of the record whose words these are (SCHEMA_ID_WORDS). UTF8: not a text. */
VL_MUST_USE vl_result record_id_of_words(const struct vl_id *circle,
                                         const struct schema_record *schema, struct vl_bytes words,
                                         struct vl_record_id *out);
/* The record of that type that the text names: its id, a unique prefix of it (>= 4 digits).
 * NOT_FOUND; INVALID: several match. */
VL_MUST_USE vl_result record_find(struct vl_replica *r, uint32_t type, const char *text,
                                  struct vl_record_id *out);
/* The same among those that record_get sees. */
VL_MUST_USE vl_result record_look_up(struct vl_replica *r, const struct schema_record *schema,
                                     const char *text, struct vl_record_id *out);

#endif
