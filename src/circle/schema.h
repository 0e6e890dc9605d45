/* The schema: every record type of a circle, its fields, their kinds and limits, in one table.
 * Validation, reading, JSON names and the conflict view are all driven by it; a record type is
 * added here and nowhere else.
 *
 * Types, field ids and kinds are final: they are in entries that nobody can change. A new field
 * gets a new id. Records of types and fields that are not in the table are synced unchanged and
 * not shown. */
#ifndef CIRCLE_SCHEMA_H
#define CIRCLE_SCHEMA_H

#include "circle/choices.h"
#include <veillee/value.h>

#define N_(text) text /* a text that is translated where it is shown: src/share/po */

/* Forms: what a value may be.
 *   LINE       text without a line feed or tab      BLOCK      text of several lines
 *   DATE       text: YYYY-MM-DD or YYYY-MM-DDTHH:MM, the local time of the place (people meet at
 *              one place; a device with a wrong zone still shows what was agreed)
 *   PERSON     a person's id                        REFERENCE  another record
 *   INTEGER    a number from 0 up to the limit      ITEM       LINE or REFERENCE
 *   FLAG       the number 0 or 1                    SPEAKER    PERSON, or LINE: a seat's name
 *   ENUM       the number of one of the choices below, which only ever grow at their end
 *   RULE       text: when a meeting comes again, as recurrence.h reads it
 *   SELF       PERSON: whoever puts it there, nobody else
 *
 * X(constant, id, kind, form, "name in JSON", limit, most elements)
 * The limit is in bytes of UTF-8 for text (each element of a set or list), the type for a
 * REFERENCE, the choices for an ENUM, else the number. */
#define SCHEMA_CIRCLE_FIELDS(X)                                                                    \
    X(CIRCLE_NAME, 1, REGISTER, LINE, "name", 255, 1)                                              \
    X(CIRCLE_PURPOSE, 2, REGISTER, BLOCK, "purpose", 4000, 1)                                      \
    X(CIRCLE_AGREEMENT, 3, REGISTER, REFERENCE, "agreement", SCHEMA_AGREEMENT, 1)                  \
    X(CIRCLE_TOPICS, 4, SET, LINE, "topics", 200, 200)                                             \
    X(CIRCLE_INVITE, 5, REGISTER, ENUM, "invite", CHOICES_INVITE, 1)                               \
    X(CIRCLE_NEWCOMERS_SEE_PAST, 6, REGISTER, FLAG, "newcomers_see_past", 1, 1)                    \
    X(CIRCLE_KEEP_MONTHS, 7, REGISTER, INTEGER, "keep_months", 1200, 1)                            \
    X(CIRCLE_ATTENDANCE, 8, REGISTER, ENUM, "attendance", CHOICES_ATTENDANCE, 1)                   \
    X(CIRCLE_VOICE_SHOWN, 9, REGISTER, FLAG, "voice_shown", 1, 1)                                  \
    X(CIRCLE_ROTATION, 10, LIST, PERSON, "rotation", 0, 200)
/* One record for each version of the agreement; those who assent are its set. */
#define SCHEMA_AGREEMENT_FIELDS(X)                                                                 \
    X(AGREEMENT_TEXT, 1, REGISTER, BLOCK, "text", 16000, 1)                                        \
    X(AGREEMENT_ASSENTS, 2, SET, SELF, "assents", 0, 200)
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
    X(MEETING_SOURCE, 12, REGISTER, LINE, "source", 255, 1)                                        \
    X(MEETING_FORMAT, 13, REGISTER, LINE, "format", 64, 1)                                         \
    X(MEETING_PLACE_KIND, 14, REGISTER, ENUM, "place_kind", CHOICES_PLACE, 1)                      \
    X(MEETING_RECURRENCE, 15, REGISTER, RULE, "recurrence", 255, 1)                                \
    X(MEETING_SERIES, 16, REGISTER, REFERENCE, "series", SCHEMA_MEETING, 1)                        \
    X(MEETING_STATE, 17, REGISTER, ENUM, "state", CHOICES_MEETING, 1)                              \
    X(MEETING_PARTS, 18, LIST, REFERENCE, "parts", SCHEMA_PART, 100)                               \
    X(MEETING_KEEP, 19, REGISTER, ENUM, "keep", CHOICES_KEEP, 1)                                   \
    X(MEETING_KEEP_MONTHS, 20, REGISTER, INTEGER, "keep_months", 1200, 1)                          \
    X(MEETING_UID, 21, REGISTER, LINE, "uid", 255, 1)                                              \
    X(MEETING_EXCEPTIONS, 22, SET, DATE, "exceptions", 16, 500)                                    \
    X(MEETING_ATTENDED, 23, REGISTER, INTEGER, "attended", 1000, 1)
#define SCHEMA_SHARE_FIELDS(X)                                                                     \
    X(SHARE_TITLE, 1, REGISTER, LINE, "title", 500, 1)                                             \
    X(SHARE_TEXT, 2, REGISTER, BLOCK, "text", 20000, 1)                                            \
    X(SHARE_SORT, 3, REGISTER, ENUM, "sort", CHOICES_SORT, 1)                                      \
    X(SHARE_TOPICS, 4, SET, LINE, "topics", 200, 50)                                               \
    X(SHARE_NOTE, 5, REGISTER, LINE, "content_note", 500, 1)                                       \
    X(SHARE_MEETING, 6, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                         \
    X(SHARE_AUDIENCE, 7, REGISTER, ENUM, "audience", CHOICES_AUDIENCE, 1)                          \
    X(SHARE_TO, 8, SET, PERSON, "to", 0, 100)                                                      \
    X(SHARE_KEEP, 9, REGISTER, ENUM, "keep", CHOICES_KEEP, 1)                                      \
    X(SHARE_KEEP_MONTHS, 10, REGISTER, INTEGER, "keep_months", 1200, 1)
#define SCHEMA_REPLY_FIELDS(X)                                                                     \
    X(REPLY_MEETING, 1, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                         \
    X(REPLY_ANSWER, 2, REGISTER, ENUM, "answer", CHOICES_ANSWER, 1)                                \
    X(REPLY_BRINGS, 3, REGISTER, LINE, "brings", 500, 1)                                           \
    X(REPLY_NOTE, 4, REGISTER, LINE, "note", 500, 1)
#define SCHEMA_PART_FIELDS(X)                                                                      \
    X(PART_MEETING, 1, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                          \
    X(PART_TITLE, 2, REGISTER, LINE, "title", 500, 1)                                              \
    X(PART_MINUTES, 3, REGISTER, INTEGER, "minutes", 1440, 1)                                      \
    X(PART_KIND, 4, REGISTER, ENUM, "kind", CHOICES_PART, 1)                                       \
    X(PART_SCRIPT, 5, REGISTER, BLOCK, "script", 8000, 1)
/* An order of 100 still fits into the one entry that a moment has to be. */
#define SCHEMA_MOMENT_FIELDS(X)                                                                    \
    X(MOMENT_MEETING, 1, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                        \
    X(MOMENT_KIND, 2, REGISTER, ENUM, "kind", CHOICES_MOMENT, 1)                                   \
    X(MOMENT_PERSON, 3, REGISTER, PERSON, "person", 0, 1)                                          \
    X(MOMENT_SEAT, 4, REGISTER, LINE, "seat", 255, 1)                                              \
    X(MOMENT_PART, 5, REGISTER, REFERENCE, "part", SCHEMA_PART, 1)                                 \
    X(MOMENT_ORDER, 6, LIST, SPEAKER, "order", 100, 100)
#define SCHEMA_SIGNAL_FIELDS(X)                                                                    \
    X(SIGNAL_MEETING, 1, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                        \
    X(SIGNAL_KIND, 2, REGISTER, ENUM, "kind", CHOICES_SIGNAL, 1)                                   \
    X(SIGNAL_TEXT, 3, REGISTER, LINE, "text", 500, 1)
#define SCHEMA_DECISION_FIELDS(X)                                                                  \
    X(DECISION_MEETING, 1, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                      \
    X(DECISION_TEXT, 2, REGISTER, BLOCK, "text", 4000, 1)                                          \
    X(DECISION_STATE, 3, REGISTER, ENUM, "state", CHOICES_DECISION, 1)                             \
    X(DECISION_KEEP, 4, REGISTER, ENUM, "keep", CHOICES_KEEP, 1)                                   \
    X(DECISION_KEEP_MONTHS, 5, REGISTER, INTEGER, "keep_months", 1200, 1)
#define SCHEMA_COMMITMENT_FIELDS(X)                                                                \
    X(COMMITMENT_MEETING, 1, REGISTER, REFERENCE, "meeting", SCHEMA_MEETING, 1)                    \
    X(COMMITMENT_TEXT, 2, REGISTER, LINE, "text", 1000, 1)                                         \
    X(COMMITMENT_PERSON, 3, REGISTER, PERSON, "person", 0, 1)                                      \
    X(COMMITMENT_SEAT, 4, REGISTER, LINE, "seat", 255, 1)                                          \
    X(COMMITMENT_UNTIL, 5, REGISTER, DATE, "until", 16, 1)                                         \
    X(COMMITMENT_STATE, 6, REGISTER, ENUM, "state", CHOICES_COMMITMENT, 1)

/* X(constant, type, "name in JSON", "plural", who may write, what the id derives from, for whom,
 *   order of lists, "what a new one needs", fields)
 *
 * Who may write:
 *   ANY          every person      FACILITATOR  who holds that role
 *   SUBJECT      the person that the record is about: its id derives from hers
 *   AUTHOR       whoever made the record, by its id
 *   ONCE         the same, and it is never changed
 * Checked when this device writes. What others than SUBJECT or AUTHOR write is merged into nothing
 * (ownership.h), and when this device reads values of others are left out; every value is shown
 * with its author.
 *
 * What the id derives from, beside circle and type:
 *   RANDOM       nothing           ONE          nothing more: a circle has one
 *   PERSON       a person's        BOTH         a meeting's and a person's; field 1 says the
 *                                               meeting. Its form is that of MAKER
 *   WORDS        the text in field 1: other words are another record. Others are left out
 *   MAKER        the person who made it, and some random bytes in it: any number of each person
 *
 * For whom:
 *   CIRCLE       everybody         FACILITATORS always sealed to those of them who are now, and me
 *   CHOSEN       the author says so, record by record
 *
 * Order: OLDEST or NEWEST first, by the oldest value that is seen; DATE: by the first field of that
 * form, without one first.
 *
 * Needs: names of fields; of two with a | between them one. */
#define SCHEMA_TABLE(X)                                                                            \
    X(SCHEMA_CIRCLE, 1, "circle", "settings", FACILITATOR, ONE, CIRCLE, OLDEST, "name",            \
      SCHEMA_CIRCLE_FIELDS)                                                                        \
    X(SCHEMA_AGREEMENT, 2, "agreement", "agreements", ANY, WORDS, CIRCLE, NEWEST, "text",          \
      SCHEMA_AGREEMENT_FIELDS)                                                                     \
    X(SCHEMA_PROFILE, 3, "profile", "profiles", SUBJECT, PERSON, CIRCLE, OLDEST, "pseudonym",      \
      SCHEMA_PROFILE_FIELDS)                                                                       \
    X(SCHEMA_MEETING, 4, "meeting", "meetings", ANY, RANDOM, CIRCLE, DATE, "title|starts",         \
      SCHEMA_MEETING_FIELDS)                                                                       \
    X(SCHEMA_SHARE, 5, "share", "shares", AUTHOR, MAKER, CHOSEN, NEWEST, "title|text",             \
      SCHEMA_SHARE_FIELDS)                                                                         \
    X(SCHEMA_REPLY, 6, "reply", "replies", SUBJECT, BOTH, CIRCLE, OLDEST, "meeting answer",        \
      SCHEMA_REPLY_FIELDS)                                                                         \
    X(SCHEMA_PART, 7, "part", "parts", ANY, RANDOM, CIRCLE, OLDEST, "meeting title|kind",          \
      SCHEMA_PART_FIELDS)                                                                          \
    X(SCHEMA_MOMENT, 8, "moment", "moments", ONCE, MAKER, CIRCLE, OLDEST, "meeting kind",          \
      SCHEMA_MOMENT_FIELDS)                                                                        \
    X(SCHEMA_SIGNAL, 9, "signal", "signals", AUTHOR, MAKER, FACILITATORS, NEWEST, "meeting kind",  \
      SCHEMA_SIGNAL_FIELDS)                                                                        \
    X(SCHEMA_DECISION, 10, "decision", "decisions", ANY, MAKER, CIRCLE, OLDEST, "meeting text",    \
      SCHEMA_DECISION_FIELDS)                                                                      \
    X(SCHEMA_COMMITMENT, 11, "commitment", "commitments", ANY, RANDOM, CIRCLE, DATE,               \
      "meeting text", SCHEMA_COMMITMENT_FIELDS)

enum schema_type {
#define SCHEMA_TYPE_ENUM(constant, type, name, plural, writer, id, audience, order, needs, fields) \
    constant = (type),
    SCHEMA_TABLE(SCHEMA_TYPE_ENUM)
#undef SCHEMA_TYPE_ENUM
};

#define SCHEMA_FIELD_ENUM(constant, id, kind, form, name, limit, most) constant = (id),
enum schema_circle_field { SCHEMA_CIRCLE_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_agreement_field { SCHEMA_AGREEMENT_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_profile_field { SCHEMA_PROFILE_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_meeting_field { SCHEMA_MEETING_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_share_field { SCHEMA_SHARE_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_reply_field { SCHEMA_REPLY_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_part_field { SCHEMA_PART_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_moment_field { SCHEMA_MOMENT_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_signal_field { SCHEMA_SIGNAL_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_decision_field { SCHEMA_DECISION_FIELDS(SCHEMA_FIELD_ENUM) };
enum schema_commitment_field { SCHEMA_COMMITMENT_FIELDS(SCHEMA_FIELD_ENUM) };
#undef SCHEMA_FIELD_ENUM

enum schema_form {
    SCHEMA_LINE,
    SCHEMA_BLOCK,
    SCHEMA_DATE,
    SCHEMA_PERSON,
    SCHEMA_REFERENCE,
    SCHEMA_INTEGER,
    SCHEMA_ITEM,
    SCHEMA_FLAG,
    SCHEMA_SPEAKER,
    SCHEMA_ENUM,
    SCHEMA_RULE,
    SCHEMA_SELF
};
enum schema_writer {
    SCHEMA_WRITER_ANY,
    SCHEMA_WRITER_FACILITATOR,
    SCHEMA_WRITER_SUBJECT,
    SCHEMA_WRITER_AUTHOR,
    SCHEMA_WRITER_ONCE
};
enum schema_id {
    SCHEMA_ID_RANDOM,
    SCHEMA_ID_ONE,
    SCHEMA_ID_PERSON,
    SCHEMA_ID_BOTH,
    SCHEMA_ID_WORDS,
    SCHEMA_ID_MAKER
};
enum schema_audience { SCHEMA_FOR_CIRCLE, SCHEMA_FOR_FACILITATORS, SCHEMA_FOR_CHOSEN };
enum schema_order { SCHEMA_ORDER_OLDEST, SCHEMA_ORDER_NEWEST, SCHEMA_ORDER_DATE };

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
    const char *name, *plural;
    enum schema_writer writer;
    enum schema_id id;
    enum schema_audience audience;
    enum schema_order order;
    const char *needs;
    const struct schema_field *fields;
    size_t field_count;
};

/* Static storage. NULL when there is none. */
const struct schema_record *schema_record(uint32_t type);
const struct schema_record *schema_record_named(const char *name);
const struct schema_record *schema_record_plural(const char *plural);
const struct schema_record *schema_record_at(size_t at); /* from 0 */
const struct schema_field *schema_field(uint32_t type, uint32_t id);
const struct schema_field *schema_field_named(uint32_t type, const char *name);
/* The name of an ENUM's value; NULL: it has no such choice, or the field is no ENUM. */
const char *schema_choice(const struct schema_field *field, int64_t value);
/* What its choices are called together ("meeting_state"): the context of their translations. */
const char *schema_choices_name(const struct schema_field *field);
bool schema_choice_named(const struct schema_field *field, const char *name, int64_t *out);
/* Whether lists can be filtered by it: a register of form REFERENCE, PERSON, ENUM or FLAG. */
bool schema_is_filter(const struct schema_field *field);
/* Whether only who made the record sets this field, though anybody may write the rest of it: until
 * when a decision is kept. What others put there is left out. */
bool schema_is_makers(const struct schema_record *record, const struct schema_field *field);
/* A field that the record needs and, by `has`, lacks: the first of its alternatives. NULL: none. */
typedef bool (*schema_has)(void *context, const struct schema_field *field);
const struct schema_field *schema_lacks(const struct schema_record *record, schema_has has,
                                        void *context);

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
