/* The body of a request that makes or changes a record, decoded against the schema in one place.
 * Inside src/api only.
 *
 *   REGISTER  its value; null or "" for none      SET   [all of it] or {"add":[],"remove":[]}
 *   TEXT      all of it, or {"append":"..."}      LIST  [all of it] or {"append":[]}
 *
 * A value by its form: text of LINE, BLOCK, DATE; a number; true or false of FLAG; a choice by its
 * name; a person by id, the beginning of it or her pseudonym; a record by id or the beginning of
 * it; ITEM a text or {"type":"part","id":"..."}; SPEAKER a person or {"seat":"..."}. */
#ifndef API_RECORD_BODY_H
#define API_RECORD_BODY_H

#include "api/request.h"
#include "circle/edit.h"

enum body_action { BODY_WHOLE, BODY_ADD, BODY_REMOVE, BODY_APPEND };

struct body_change {
    const struct schema_field *field;
    enum body_action action;
    struct vl_value *values; /* REGISTER: one; owned; their bytes are views of the request's body */
    size_t count;
};

#define BODY_CHANGES_MAX 64u /* every field, once whole or twice in part */

struct record_body {
    struct body_change changes[BODY_CHANGES_MAX];
    size_t count;
};

/* `skip`: members that the caller reads itself, with blanks between; NULL: none. INVALID, LIMIT,
 * NOT_FOUND with the request's problem, which names the field. record_body_finish. */
VL_MUST_USE vl_result record_body_read(struct request *rq, const struct circle *circle,
                                       const struct schema_record *schema, const char *skip,
                                       struct record_body *out);
void record_body_finish(struct record_body *body);
/* The last change of a field; NULL: none. */
const struct body_change *record_body_change(const struct record_body *body, uint32_t field);
/* Whether that change leaves something in the field. */
bool body_change_gives(const struct body_change *change);
void record_body_apply(const struct record_body *body, struct edit *e);
/* One value of that form; INVALID, NOT_FOUND with the request's problem. For filters: `text` as
 * JSON would have it as a text. */
VL_MUST_USE vl_result record_body_value(struct request *rq, const struct circle *circle,
                                        const struct schema_field *field, const char *text,
                                        struct vl_value *out);

#endif
