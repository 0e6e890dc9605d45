#include "circle/edit.h"
#include "circle/audience.h"
#include "circle/edit_change.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- collecting ---- */

vl_result edit_begin(struct edit *e, struct vl_replica *r, uint32_t type,
                     const struct vl_record_id *id)
{
    *e = (struct edit){.replica = r, .schema = schema_record(type), .id = *id};
    return e->schema == NULL ? VL_ERR_KIND : VL_OK;
}

void edit_finish(struct edit *e)
{
    if (e == NULL) return;
    for (size_t i = 0; i < e->count; i++) {
        for (size_t j = 0; j < e->changes[i].count; j++)
            vl_buffer_finish(&e->changes[i].items[j]);
        free(e->changes[i].items);
    }
    free(e->changes);
    *e = (struct edit){0};
}

void edit_seal(struct edit *e, const struct vl_id *persons, size_t count)
{
    e->sealed = true;
    e->persons = persons;
    e->person_count = count;
}

static void fail(struct edit *e, vl_result result, struct schema_problem problem)
{
    if (e->result != VL_OK || result == VL_OK) return;
    e->result = result;
    e->problem = problem;
}

/* The change with room for `count` items; NULL after an error. */
static struct edit_change *add_change(struct edit *e, uint32_t id, enum edit_action action,
                                      enum vl_field_kind kind, size_t count)
{
    struct edit_change change = {.action = action};
    if (e->result != VL_OK) return NULL;
    change.field = schema_field(e->schema->type, id);
    if (change.field == NULL || change.field->kind != kind) {
        fail(e, VL_ERR_INVALID, (struct schema_problem){change.field, N_("no field of that kind")});
        return NULL;
    }
    if (e->count == e->capacity) {
        size_t capacity = e->capacity == 0 ? 8 : e->capacity * 2;
        struct edit_change *grown = realloc(e->changes, capacity * sizeof *grown);
        if (grown == NULL) {
            fail(e, VL_ERR_NO_MEMORY, (struct schema_problem){0});
            return NULL;
        }
        e->changes = grown;
        e->capacity = capacity;
    }
    change.items = calloc(count + 1, sizeof *change.items);
    if (change.items == NULL) {
        fail(e, VL_ERR_NO_MEMORY, (struct schema_problem){0});
        return NULL;
    }
    e->changes[e->count] = change;
    return &e->changes[e->count++];
}

static void add_value(struct edit *e, struct edit_change *change, const struct vl_value *value)
{
    struct schema_problem problem = {change->field, NULL};
    struct vl_value normal;
    vl_result result = schema_check(change->field, value, &problem);
    if (result == VL_OK) {
        result = vl_value_encode(value, &change->items[change->count]);
        problem = (struct schema_problem){change->field, N_("it cannot be encoded")};
        change->count++;
    }
    if (result == VL_OK && value->tag == VL_VALUE_TEXT) { /* NFC may be longer */
        result = vl_value_decode(vl_buffer_view(&change->items[change->count - 1]), &normal);
        if (result == VL_OK) result = schema_check(change->field, &normal, &problem);
    }
    fail(e, result, problem);
}

static void all_values(struct edit *e, uint32_t field, enum edit_action action,
                       enum vl_field_kind kind, const struct vl_value *values, size_t count)
{
    struct edit_change *change = add_change(e, field, action, kind, count);
    if (change == NULL) return;
    if (count > change->field->most)
        fail(e, VL_ERR_LIMIT, (struct schema_problem){change->field, N_("too many elements")});
    for (size_t i = 0; i < count && e->result == VL_OK; i++)
        add_value(e, change, &values[i]);
}

void edit_set(struct edit *e, uint32_t field, const struct vl_value *value)
{
    all_values(e, field, EDIT_SET, VL_FIELD_REGISTER, value, 1);
}

void edit_set_text(struct edit *e, uint32_t field, const char *text)
{
    struct vl_value value = {.tag = VL_VALUE_TEXT};
    if (text == NULL) return;
    value.bytes = vl_bytes_text(text);
    if (value.bytes.size == 0) value.tag = VL_VALUE_NONE;
    edit_set(e, field, &value);
}

void edit_add(struct edit *e, uint32_t field, const struct vl_value *element)
{
    edit_add_all(e, field, element, 1);
}

void edit_add_all(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count)
{
    all_values(e, field, EDIT_ADD, VL_FIELD_SET, elements, count);
}

void edit_remove_all(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count)
{
    all_values(e, field, EDIT_REMOVE, VL_FIELD_SET, elements, count);
}

void edit_elements(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count)
{
    all_values(e, field, EDIT_ELEMENTS, VL_FIELD_SET, elements, count);
}

void edit_append_all(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count)
{
    all_values(e, field, EDIT_APPEND, VL_FIELD_LIST, elements, count);
}

void edit_list(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count)
{
    all_values(e, field, EDIT_LIST, VL_FIELD_LIST, elements, count);
}

static vl_result to_nfc(struct vl_bytes text, struct vl_buffer *out)
{
    utf8proc_uint8_t *made;
    utf8proc_ssize_t size;
    vl_result result;
    if (text.size == 0) return VL_OK;
    size = utf8proc_map(text.data, (utf8proc_ssize_t)text.size, &made,
                        UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (size < 0) return size == UTF8PROC_ERROR_NOMEM ? VL_ERR_NO_MEMORY : VL_ERR_UTF8;
    result = vl_buffer_append(out, made, (size_t)size);
    free(made);
    return result;
}

static void change_text(struct edit *e, uint32_t field, enum edit_action action,
                        struct vl_bytes text)
{
    struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = text};
    struct edit_change *change = add_change(e, field, action, VL_FIELD_TEXT, 1);
    struct schema_problem problem = {0};
    vl_result result;
    if (change == NULL) return;
    problem.field = change->field;
    result = schema_check(change->field, &value, &problem);
    if (result == VL_OK) {
        change->count = 1;
        result = to_nfc(text, &change->items[0]);
    }
    fail(e, result, problem);
}

void edit_text(struct edit *e, uint32_t field, struct vl_bytes text)
{
    change_text(e, field, EDIT_TEXT, text);
}

void edit_append_text(struct edit *e, uint32_t field, struct vl_bytes text)
{
    change_text(e, field, EDIT_APPEND_TEXT, text);
}

/* ---- who may ---- */

/* The meeting that a record of SCHEMA_ID_BOTH is to be of: what the edit says, else what is there.
 */
static vl_result meeting_of(const struct edit *e, struct vl_record_id *out)
{
    struct record record;
    for (size_t i = e->count; i-- > 0;) {
        struct vl_value value;
        if (e->changes[i].field != &e->schema->fields[0]) continue;
        VL_TRY(vl_value_decode(vl_buffer_view(&e->changes[i].items[0]), &value));
        *out = value.record;
        return value.tag == VL_VALUE_REFERENCE ? VL_OK : VL_ERR_NOT_FOUND;
    }
    VL_TRY(record_read(e->replica, e->schema->type, &e->id, &record));
    bool found = record.fields[0].count > 0;
    if (found) *out = record.fields[0].values[0].value.record;
    record_finish(&record);
    return found ? VL_OK : VL_ERR_NOT_FOUND;
}

static vl_result check_subject(const struct edit *e, const struct vl_id *me)
{
    struct vl_record_id meeting = {{0}}, mine;
    if (e->schema->id == SCHEMA_ID_BOTH) {
        vl_result result = meeting_of(e, &meeting);
        if (result != VL_OK) return result == VL_ERR_NOT_FOUND ? VL_ERR_AUTHORITY : result;
    }
    bool is_one = record_id_of(vl_replica_circle(e->replica), e->schema, &meeting, me, &mine);
    return is_one && memcmp(&mine, &e->id, sizeof mine) == 0 ? VL_OK : VL_ERR_AUTHORITY;
}

/* The id says whose it is. */
static vl_result check_author(const struct edit *e, const struct vl_id *me)
{
    const uint32_t type = edit_cell_type(e->schema->type, e->sealed);
    struct record record;
    if (!record_id_is_made_by(vl_replica_circle(e->replica), e->schema, &e->id, me))
        return VL_ERR_AUTHORITY;
    if (e->schema->writer != SCHEMA_WRITER_ONCE) return VL_OK;
    vl_result result = record_read(e->replica, type, &e->id, &record);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    const bool is_there = record_made(&record) != NULL;
    record_finish(&record);
    return is_there ? VL_ERR_AUTHORITY : VL_OK;
}

static vl_result check_facilitator(const struct edit *e, const struct vl_id *me)
{
    struct vl_membership *membership = vl_replica_membership(e->replica);
    struct vl_person_state state;
    if (membership == NULL) return VL_ERR_AUTHORITY;
    VL_TRY(vl_membership_settle(membership));
    if (vl_membership_find_person(membership, vl_bytes(me->bytes, sizeof me->bytes), &state) !=
            VL_OK ||
        state.role != VL_ROLE_FACILITATOR)
        return VL_ERR_AUTHORITY;
    return VL_OK;
}

vl_result edit_allowed(const struct edit *e)
{
    struct vl_id me;
    vl_result result = vl_replica_me(e->replica, &me);
    if (result == VL_ERR_NOT_FOUND) return VL_ERR_AUTHORITY;
    if (result != VL_OK) return result;
    switch (e->schema->writer) {
    case SCHEMA_WRITER_ANY: return VL_OK;
    case SCHEMA_WRITER_FACILITATOR: return check_facilitator(e, &me);
    case SCHEMA_WRITER_SUBJECT: return check_subject(e, &me);
    case SCHEMA_WRITER_AUTHOR:
    case SCHEMA_WRITER_ONCE: return check_author(e, &me);
    }
    return VL_ERR_INTERNAL;
}

/* What only I can say of myself, and words that would be another record's. */
static vl_result check_item(const struct edit *e, const struct edit_change *change,
                            const struct vl_buffer *item, const struct vl_id *me)
{
    const bool are_words =
        e->schema->id == SCHEMA_ID_WORDS && change->field == &e->schema->fields[0];
    struct vl_record_id id;
    struct vl_value value;
    if (change->field->form != SCHEMA_SELF && !are_words) return VL_OK;
    VL_TRY(vl_value_decode(vl_buffer_view(item), &value));
    if (!are_words) return vl_id_equal(&value.person, me) ? VL_OK : VL_ERR_AUTHORITY;
    VL_TRY(record_id_of_words(vl_replica_circle(e->replica), e->schema, value.bytes, &id));
    return memcmp(&id, &e->id, sizeof id) == 0 ? VL_OK : VL_ERR_INVALID;
}

static vl_result check_items(const struct edit *e, struct schema_problem *at)
{
    struct vl_id me;
    VL_TRY(vl_replica_me(e->replica, &me));
    for (size_t i = 0; i < e->count; i++) {
        if (schema_is_makers(e->schema, e->changes[i].field)) {
            *at = (struct schema_problem){e->changes[i].field,
                                          N_("only who wrote it says how long it is kept")};
            VL_TRY(check_author(e, &me));
        }
        for (size_t k = 0; k < e->changes[i].count; k++) {
            vl_result result = check_item(e, &e->changes[i], &e->changes[i].items[k], &me);
            if (result == VL_OK) continue;
            *at = (struct schema_problem){
                e->changes[i].field, result == VL_ERR_AUTHORITY ? "everybody says this for herself"
                                                                : "other words are another record"};
            return result;
        }
    }
    return VL_OK;
}

static vl_result check_allowed(struct edit *e, struct audience *audience, struct schema_problem *at)
{
    vl_result result = VL_OK;
    *at = (struct schema_problem){0};
    if (e->schema->audience == SCHEMA_FOR_FACILITATORS && !e->sealed) {
        result = audience_facilitators(e->replica, audience);
        edit_seal(e, audience->persons, audience->count);
    }
    if (result != VL_OK) return result;
    if (e->sealed && e->schema->audience == SCHEMA_FOR_CIRCLE) {
        *at = (struct schema_problem){NULL, N_("what is for everybody is never sealed")};
        return VL_ERR_INVALID;
    }
    result = edit_allowed(e);
    at->reason = e->schema->writer == SCHEMA_WRITER_ONCE
                     ? N_("it is never changed once it is written")
                     : N_("only somebody else may write it");
    return result == VL_OK ? check_items(e, at) : result;
}

/* Texts written together are in entries of their own: they can be erased without the rest. */
static bool is_together(const struct edit_change *change)
{
    return change->field->kind == VL_FIELD_TEXT;
}

/* What this machine refuses is no field's. */
static struct schema_problem problem_of(vl_result result, const struct schema_field *field)
{
    switch (result) {
    case VL_ERR_LIMIT: return (struct schema_problem){field, N_("too many elements")};
    case VL_ERR_TOO_LARGE: return (struct schema_problem){field, N_("longer than its limit")};
    default: return (struct schema_problem){0};
    }
}

vl_result edit_write(struct edit *e, vl_wall now, struct schema_problem *problem)
{
    struct audience audience = {.count = 0};
    vl_result result = e->result;
    struct schema_problem at = e->problem;
    if (result == VL_OK && e->count > 0) result = check_allowed(e, &audience, &at);
    struct plan plan = {.replica = e->replica,
                        .now = now,
                        .type = e->schema->type,
                        .record = e->id,
                        .sealed = e->sealed,
                        .persons = e->persons,
                        .person_count = e->person_count};
    for (size_t i = 0; i < e->count && result == VL_OK; i++) {
        if (i > 0 && is_together(&e->changes[i]) != is_together(&e->changes[i - 1]))
            result = plan_flush(&plan);
        if (result == VL_OK) result = plan_change(&plan, &e->changes[i]);
        at = problem_of(result, e->changes[i].field);
    }
    if (result == VL_OK) {
        result = plan_flush(&plan);
        at = (struct schema_problem){0};
    }
    if (problem != NULL) *problem = result == VL_OK ? (struct schema_problem){0} : at;
    plan_finish(&plan);
    return result;
}
