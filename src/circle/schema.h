/* The schema: every record type of a circle, its fields, their kinds and limits, in one table.
 * Validation, reading, JSON names and the conflict view are all driven by it; a record type is
 * added here and nowhere else.
 *
 * Types, field ids and kinds are final: they are in entries that nobody can change. A new field
 * gets a new id. Records of types and fields that are not in the table are synced unchanged and
 * not shown. */
#ifndef CIRCLE_SCHEMA_H
#define CIRCLE_SCHEMA_H

#include <veillee/value.h>

/* Forms: what a value may be.
 *   LINE       text without a line feed or tab      BLOCK      text of several lines
 *   DATE       text: YYYY-MM-DD or YYYY-MM-DDTHH:MM, the local time of the place (people meet at
 *              one place; a device with a wrong zone still shows what was agreed)
 *   PERSON     a person's id                        REFERENCE  another record
 *   INTEGER    a number from 0 up to the limit      ITEM       LINE or REFERENCE
 *
 * X(constant, id, kind, form, "name in JSON", limit, most elements)
 * The limit is in bytes of UTF-8 for text (each element of a set or list), else the number. */
#define SCHEMA_CIRCLE_FIELDS(X)                                                                    \
    X(CIRCLE_NAME, 1, REGISTER, LINE, "name", 255, 1)                                              \
    X(CIRCLE_PURPOSE, 2, REGISTER, BLOCK, "purpose", 4000, 1)                                      \
    X(CIRCLE_AGREEMENT, 3, REGISTER, REFERENCE, "agreement", SCHEMA_AGREEMENT, 1)                  \
    X(CIRCLE_TOPICS, 4, SET, LINE, "topics", 200, 200)                                             \
    X(CIRCLE_INVITE, 5, REGISTER, INTEGER, "invite", 1, 1)                                         \
    X(CIRCLE_NEWCOMERS_SEE_PAST, 6, REGISTER, INTEGER, "newcomers_see_past", 1, 1)                 \
    X(CIRCLE_KEEP_MONTHS, 7, REGISTER, INTEGER, "keep_months", 1200, 1)                            \
    X(CIRCLE_ATTENDANCE, 8, REGISTER, INTEGER, "attendance", 1, 1)
/* One record for each version of the agreement; those who assent are its set. */
#define SCHEMA_AGREEMENT_FIELDS(X)                                                                 \
    X(AGREEMENT_TEXT, 1, REGISTER, BLOCK, "text", 16000, 1)                                        \
    X(AGREEMENT_ASSENTS, 2, SET, PERSON, "assents", 0, 200)
#define SCHEMA_PROFILE_FIELDS(X)                                                                   \
    X(PROFILE_PSEUDONYM, 1, REGISTER, LINE, "pseudonym", 255, 1)                                   \
    X(PROFILE_ABOUT, 2, REGISTER, BLOCK, "about", 1000, 1)                                         \
    X(PROFILE_COLOUR, 3, REGISTER, INTEGER, "colour", 0xffffff, 1)
#define SCHEMA_MEETING_FIELDS(X)                                                                   \
    X(MEETING_TITLE, 1, REGISTER, LINE, "title", 500, 1)                                           \
    X(MEETING_STARTS, 2, REGISTER, DATE, "starts", 16, 1)                                          \
    X(MEETING_ENDS, 3, REGISTER, DATE, "ends", 16, 1)                                              \
    X(MEETING_PLACE, 4, REGISTER, LINE, "place", 500, 1)                                           \
    X(MEETING_DIRECTIONS, 5, REGISTER, BLOCK, "directions", 4000, 1)                               \
    X(MEETING_FACILITATORS, 6, SET, PERSON, "facilitators", 0, 200)                                \
    X(MEETING_ATTENDANCE, 7, SET, PERSON, "attendance", 0, 200)                                    \
    X(MEETING_SEATS, 8, SET, LINE, "seats", 255, 200)                                              \
    X(MEETING_TOPICS, 9, SET, LINE, "topics", 200, 50)                                             \
    X(MEETING_AGENDA, 10, LIST, ITEM, "agenda", 2000, 500)                                         \
    X(MEETING_MINUTES, 11, TEXT, BLOCK, "minutes", 1048576, 1)                                     \
    X(MEETING_SOURCE, 12, REGISTER, LINE, "source", 255, 1)
#define SCHEMA_SHARE_FIELDS(X)                                                                     \
    X(SHARE_TITLE, 1, REGISTER, LINE, "title", 500, 1)                                             \
    X(SHARE_TEXT, 2, REGISTER, BLOCK, "text", 20000, 1)                                            \
    X(SHARE_SORT, 3, REGISTER, INTEGER, "sort", 2, 1)                                              \
    X(SHARE_TOPICS, 4, SET, LINE, "topics", 200, 50)                                               \
    X(SHARE_NOTE, 5, REGISTER, LINE, "content_note", 500, 1)                                       \
    X(SHARE_MEETING, 6, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                         \
    X(SHARE_AUDIENCE, 7, REGISTER, INTEGER, "audience", 2, 1)                                      \
    X(SHARE_TO, 8, SET, PERSON, "to", 0, 100)

/* X(constant, type, "name in JSON", who may write, fields)
 *   ANY          every person      FACILITATOR  who holds that role
 *   SUBJECT      the person that the record is about (its id derives from hers)
 *   AUTHOR       whoever made the record
 * Checked when this device writes. When it reads, values that others than SUBJECT or AUTHOR (of the
 * oldest value that is seen) wrote are left out; every value is shown with its author. */
#define SCHEMA_TABLE(X)                                                                            \
    X(SCHEMA_CIRCLE, 1, "circle", FACILITATOR, SCHEMA_CIRCLE_FIELDS)                               \
    X(SCHEMA_AGREEMENT, 2, "agreement", ANY, SCHEMA_AGREEMENT_FIELDS)                              \
    X(SCHEMA_PROFILE, 3, "profile", SUBJECT, SCHEMA_PROFILE_FIELDS)                                \
    X(SCHEMA_MEETING, 4, "meeting", ANY, SCHEMA_MEETING_FIELDS)                                    \
    X(SCHEMA_SHARE, 5, "share", AUTHOR, SCHEMA_SHARE_FIELDS)

enum schema_type {
#define SCHEMA_TYPE_ENUM(constant, type, name, writer, fields) constant = (type),
    SCHEMA_TABLE(SCHEMA_TYPE_ENUM)
#undef SCHEMA_TYPE_ENUM
};

#define SCHEMA_FIELD_ENUM(constant, id, kind, form, name, limit, most) constant = (id),
enum schema_circle_field { SCHEMA_CIRCLE_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_agreement_field { SCHEMA_AGREEMENT_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_profile_field { SCHEMA_PROFILE_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_meeting_field { SCHEMA_MEETING_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_share_field { SCHEMA_SHARE_FIELDS(SCHEMA_FIELD_ENUM) };
#undef SCHEMA_FIELD_ENUM

enum schema_form {
    SCHEMA_LINE,
    SCHEMA_BLOCK,
    SCHEMA_DATE,
    SCHEMA_PERSON,
    SCHEMA_REFERENCE,
    SCHEMA_INTEGER,
    SCHEMA_ITEM
};
enum schema_writer {
    SCHEMA_WRITER_ANY,
    SCHEMA_WRITER_FACILITATOR,
    SCHEMA_WRITER_SUBJECT,
    SCHEMA_WRITER_AUTHOR
};

struct schema_field {
    uint32_t id;
    enum vl_field_kind kind;
    enum schema_form form;
    const char *name;
    size_t limit; /* see above */
    size_t most;  /* elements; 1 for REGISTER and TEXT */
};
struct schema_record {
    uint32_t type;
    const char *name;
    enum schema_writer writer;
    const struct schema_field *fields;
    size_t field_count;
};

/* Static storage. NULL when there is none. */
const struct schema_record *schema_record(uint32_t type);
const struct schema_record *schema_record_named(const char *name);
const struct schema_record *schema_record_at(size_t at); /* from 0 */
const struct schema_field *schema_field(uint32_t type, uint32_t id);
const struct schema_field *schema_field_named(uint32_t type, const char *name);

/* What a writer refused, and where. {0}: nothing. */
struct schema_problem {
    const struct schema_field *field; /* NULL: the record as a whole */
    const char *reason;               /* English, static: "longer than its limit" */
};

/* One value or element (for kind TEXT: the whole text) against its field. `problem` may be NULL.
 * TOO_LARGE: over the limit. UTF8: not UTF-8, or control characters. INVALID: another form, an
 * empty element, not a date. */
VL_MUST_USE vl_result schema_check(const struct schema_field *field, const struct vl_value *value,
                                   struct schema_problem *problem);
/* Whether `text` is a date that exists, in one of the two forms. */
bool schema_is_date(const char *text);

#endif
