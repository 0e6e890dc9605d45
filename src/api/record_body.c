#include "api/record_body.h"
#include "api/people.h"
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 64u /* of a member that is told back */

struct reading {
    struct request *rq;
    const struct circle *circle;
};

static vl_result refuse(struct reading *in, const struct schema_field *field, const char *message,
                        vl_result why)
{
    return request_refuse(in->rq, field->name, message, why);
}

/* ---- one value ---- */

static vl_result person_of(struct reading *in, const struct schema_field *field, const char *text,
                           struct vl_value *out)
{
    vl_result result = people_find(in->rq, in->circle, text, &out->person);
    out->tag = VL_VALUE_PERSON;
    if (result != VL_OK) in->rq->problem.field = field->name;
    return result;
}

static vl_result record_of(struct reading *in, const struct schema_field *field,
                           const struct schema_record *schema, const char *text,
                           struct vl_value *out)
{
    vl_result result = record_look_up(in->circle->replica, schema, text, &out->record);
    out->tag = VL_VALUE_REFERENCE;
    out->type = schema->type;
    if (result == VL_ERR_NOT_FOUND) return refuse(in, field, "there is no such record", result);
    if (result == VL_ERR_INVALID) return refuse(in, field, "several records match", result);
    return result;
}

static vl_result choice_of(struct reading *in, const struct schema_field *field, const char *text,
                           struct vl_value *out)
{
    out->tag = VL_VALUE_INTEGER;
    if (schema_choice_named(field, text, &out->integer)) return VL_OK;
    return refuse(in, field, "none of its choices", VL_ERR_INVALID);
}

static vl_result from_text(struct reading *in, const struct schema_field *field, const char *text,
                           struct vl_value *out)
{
    switch (field->form) {
    case SCHEMA_LINE:
    case SCHEMA_BLOCK:
    case SCHEMA_DATE:
    case SCHEMA_RULE:
    case SCHEMA_ITEM:
        *out = (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
        return VL_OK;
    case SCHEMA_PERSON:
    case SCHEMA_SELF:
    case SCHEMA_SPEAKER: return person_of(in, field, text, out);
    case SCHEMA_REFERENCE:
        return record_of(in, field, schema_record((uint32_t)field->limit), text, out);
    case SCHEMA_ENUM: return choice_of(in, field, text, out);
    case SCHEMA_INTEGER: return refuse(in, field, "not a number", VL_ERR_INVALID);
    case SCHEMA_FLAG: break;
    }
    return refuse(in, field, "not true or false", VL_ERR_INVALID);
}

/* {"type":...,"id":...} of an ITEM, {"seat":...} of a SPEAKER. */
static vl_result from_object(struct reading *in, const struct schema_field *field,
                             const struct json *value, struct vl_value *out)
{
    const struct json *seat = json_member(value, "seat");
    if (field->form == SCHEMA_SPEAKER && json_count(value) == 1 &&
        json_sort_of(seat) == JSON_TEXT) {
        *out = (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(json_text_of(seat))};
        return VL_OK;
    }
    if (field->form == SCHEMA_ITEM && json_count(value) == 2) {
        const struct schema_record *schema = schema_record_named(json_text(value, "type"));
        if (schema == NULL) return refuse(in, field, "not a record", VL_ERR_INVALID);
        return record_of(in, field, schema, json_text(value, "id"), out);
    }
    return refuse(in, field, "not what this field holds", VL_ERR_INVALID);
}

static vl_result from_json(struct reading *in, const struct schema_field *field,
                           const struct json *value, struct vl_value *out)
{
    *out = (struct vl_value){.tag = VL_VALUE_NONE};
    switch (json_sort_of(value)) {
    case JSON_TEXT: return from_text(in, field, json_text_of(value), out);
    case JSON_OBJECT: return from_object(in, field, value, out);
    case JSON_NUMBER:
        out->tag = VL_VALUE_INTEGER;
        if (field->form == SCHEMA_INTEGER && json_integer_of(value, &out->integer)) return VL_OK;
        break;
    case JSON_FLAG:
        *out = (struct vl_value){.tag = VL_VALUE_INTEGER, .integer = json_flag_of(value)};
        if (field->form == SCHEMA_FLAG) return VL_OK;
        break;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_ABSENT: break;
    }
    return refuse(in, field, "not what this field holds", VL_ERR_INVALID);
}

vl_result record_body_value(struct request *rq, const struct circle *circle,
                            const struct schema_field *field, const char *text,
                            struct vl_value *out)
{
    struct reading in = {rq, circle};
    *out = (struct vl_value){.tag = VL_VALUE_INTEGER};
    if (field->form != SCHEMA_FLAG) return from_text(&in, field, text, out);
    out->integer = strcmp(text, "true") == 0;
    if (out->integer == 1 || strcmp(text, "false") == 0) return VL_OK;
    return refuse(&in, field, "not true or false", VL_ERR_INVALID);
}

/* ---- the changes of a field ---- */

static vl_result begin_change(struct record_body *body, const struct schema_field *field,
                              enum body_action action, size_t count, struct body_change **out)
{
    struct body_change *change = &body->changes[body->count];
    if (body->count == BODY_CHANGES_MAX) return VL_ERR_INTERNAL;
    *change = (struct body_change){.field = field, .action = action};
    change->values = calloc(count + 1, sizeof *change->values);
    if (change->values == NULL) return VL_ERR_NO_MEMORY;
    body->count++;
    *out = change;
    return VL_OK;
}

static vl_result read_array(struct reading *in, struct record_body *body,
                            const struct schema_field *field, enum body_action action,
                            const struct json *array)
{
    struct body_change *change;
    size_t count = json_count(array);
    if (json_sort_of(array) != JSON_ARRAY) {
        return refuse(in, field, "not a list", VL_ERR_INVALID);
    }
    if (count > field->most) return refuse(in, field, "too many elements", VL_ERR_LIMIT);
    VL_TRY(begin_change(body, field, action, count, &change));
    for (; change->count < count; change->count++) {
        VL_TRY(
            from_json(in, field, json_item(array, change->count), &change->values[change->count]));
    }
    return VL_OK;
}

static vl_result read_text(struct reading *in, struct record_body *body,
                           const struct schema_field *field, enum body_action action,
                           const struct json *value)
{
    struct body_change *change;
    if (json_sort_of(value) != JSON_TEXT) return refuse(in, field, "not a text", VL_ERR_INVALID);
    VL_TRY(begin_change(body, field, action, 1, &change));
    change->values[change->count++] =
        (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(json_text_of(value))};
    return VL_OK;
}

static vl_result read_register(struct reading *in, struct record_body *body,
                               const struct schema_field *field, const struct json *value)
{
    struct body_change *change;
    bool is_none = json_sort_of(value) == JSON_NULL ||
                   (json_sort_of(value) == JSON_TEXT && json_text_of(value)[0] == 0);
    VL_TRY(begin_change(body, field, BODY_WHOLE, 1, &change));
    change->values[0].tag = VL_VALUE_NONE;
    if (!is_none) VL_TRY(from_json(in, field, value, &change->values[0]));
    change->count = 1;
    return VL_OK;
}

/* A part of it: {"add":...}, {"remove":...}, {"append":...}. */
static vl_result read_parts(struct reading *in, struct record_body *body,
                            const struct schema_field *field, const struct json *parts)
{
    bool is_set = field->kind == VL_FIELD_SET;
    for (size_t i = 0; i < json_count(parts); i++) {
        const char *name = json_item_name(parts, i);
        const struct json *part = json_item(parts, i);
        if (json_member(parts, name) != part) {
            return refuse(in, field, "given twice", VL_ERR_INVALID);
        }
        if (is_set && strcmp(name, "add") == 0) {
            VL_TRY(read_array(in, body, field, BODY_ADD, part));
        } else if (is_set && strcmp(name, "remove") == 0) {
            VL_TRY(read_array(in, body, field, BODY_REMOVE, part));
        } else if (field->kind == VL_FIELD_LIST && strcmp(name, "append") == 0) {
            VL_TRY(read_array(in, body, field, BODY_APPEND, part));
        } else if (field->kind == VL_FIELD_TEXT && strcmp(name, "append") == 0) {
            VL_TRY(read_text(in, body, field, BODY_APPEND, part));
        } else {
            return refuse(in, field, "not what this field holds", VL_ERR_INVALID);
        }
    }
    return VL_OK;
}

static vl_result read_field(struct reading *in, struct record_body *body,
                            const struct schema_field *field, const struct json *value)
{
    if (field->kind == VL_FIELD_REGISTER) return read_register(in, body, field, value);
    if (json_sort_of(value) == JSON_OBJECT) return read_parts(in, body, field, value);
    if (field->kind == VL_FIELD_TEXT) return read_text(in, body, field, BODY_WHOLE, value);
    return read_array(in, body, field, BODY_WHOLE, value);
}

/* ---- the body ---- */

static bool is_skipped(const char *skip, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = skip; at != NULL && *at != 0;) {
        size_t word = strcspn(at, " ");
        if (word == size && memcmp(at, name, size) == 0) return true;
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

static vl_result read_members(struct reading *in, const struct schema_record *schema,
                              const char *skip, struct record_body *out)
{
    const struct json *root = in->rq->body;
    if (root != NULL && json_sort_of(root) != JSON_OBJECT) {
        return request_refuse(in->rq, NULL, "the body is not a JSON object", VL_ERR_INVALID);
    }
    for (size_t i = 0; i < json_count(root); i++) {
        const struct json *value = json_item(root, i);
        const char *name = json_item_name(root, i);
        const struct schema_field *field = schema_field_named(schema->type, name);
        if (json_member(root, name) != value) {
            return request_refuse(in->rq, name, "given twice", VL_ERR_INVALID);
        }
        if (is_skipped(skip, name)) continue;
        if (field == NULL) {
            return request_refuse(in->rq, strlen(name) > NAME_BYTES_MAX ? NULL : name,
                                  "there is no such field", VL_ERR_INVALID);
        }
        VL_TRY(read_field(in, out, field, value));
    }
    return VL_OK;
}

vl_result record_body_read(struct request *rq, const struct circle *circle,
                           const struct schema_record *schema, const char *skip,
                           struct record_body *out)
{
    struct reading in = {rq, circle};
    *out = (struct record_body){.count = 0};
    vl_result result = read_members(&in, schema, skip, out);
    if (result != VL_OK) record_body_finish(out);
    return result;
}

void record_body_finish(struct record_body *body)
{
    for (size_t i = 0; i < body->count; i++) {
        free(body->changes[i].values);
    }
    body->count = 0;
}

const struct body_change *record_body_change(const struct record_body *body, uint32_t field)
{
    for (size_t i = body->count; i-- > 0;) {
        if (body->changes[i].field->id == field) return &body->changes[i];
    }
    return NULL;
}

bool body_change_gives(const struct body_change *change)
{
    if (change->action == BODY_REMOVE || change->count == 0) return false;
    const struct vl_value *first = &change->values[0];
    return first->tag != VL_VALUE_NONE && (first->tag != VL_VALUE_TEXT || first->bytes.size > 0);
}

static void apply(const struct body_change *change, struct edit *e)
{
    uint32_t id = change->field->id;
    switch (change->field->kind) {
    case VL_FIELD_REGISTER: edit_set(e, id, &change->values[0]); return;
    case VL_FIELD_TEXT:
        if (change->action == BODY_APPEND) {
            edit_append_text(e, id, change->values[0].bytes);
        } else {
            edit_text(e, id, change->values[0].bytes);
        }
        return;
    case VL_FIELD_SET:
    case VL_FIELD_LIST: break;
    }
    bool is_set = change->field->kind == VL_FIELD_SET;
    switch (change->action) {
    case BODY_ADD: edit_add_all(e, id, change->values, change->count); break;
    case BODY_REMOVE: edit_remove_all(e, id, change->values, change->count); break;
    case BODY_APPEND: edit_append_all(e, id, change->values, change->count); break;
    case BODY_WHOLE:
        if (is_set) {
            edit_elements(e, id, change->values, change->count);
        } else {
            edit_list(e, id, change->values, change->count);
        }
        break;
    }
}

void record_body_apply(const struct record_body *body, struct edit *e)
{
    for (size_t i = 0; i < body->count; i++) {
        apply(&body->changes[i], e);
    }
}
