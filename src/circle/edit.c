#include "circle/edit.h"
#include "circle/audience.h"
#include "circle/edit_plan.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define TEXT_RUN_BYTES  8000u /* one insertion of a long text */
#define SPANS_OF_DELETE 200u

enum edit_action {
    EDIT_SET,
    EDIT_ADD,
    EDIT_REMOVE,
    EDIT_TEXT,
    EDIT_APPEND_TEXT,
    EDIT_LIST,
    EDIT_APPEND
};

struct edit_change {
    const struct schema_field *field;
    enum edit_action action;
    struct vl_buffer *items; /* encoded values; of a text: the text in NFC */
    size_t count;
};

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

/* The type that the record's cells have here. */
static uint32_t cell_type(uint32_t type, bool sealed)
{
    return type + (sealed ? VL_TYPE_SEALED : 0);
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
        fail(e, VL_ERR_INVALID, (struct schema_problem){change.field, "no field of that kind"});
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
        problem = (struct schema_problem){change->field, "it cannot be encoded"};
        change->count++;
    }
    if (result == VL_OK && value->tag == VL_VALUE_TEXT) { /* NFC may be longer */
        result = vl_value_decode(vl_buffer_view(&change->items[change->count - 1]), &normal);
        if (result == VL_OK) result = schema_check(change->field, &normal, &problem);
    }
    fail(e, result, problem);
}

static void one_value(struct edit *e, uint32_t field, enum edit_action action,
                      enum vl_field_kind kind, const struct vl_value *value)
{
    struct edit_change *change = add_change(e, field, action, kind, 1);
    if (change != NULL) add_value(e, change, value);
}

void edit_set(struct edit *e, uint32_t field, const struct vl_value *value)
{
    one_value(e, field, EDIT_SET, VL_FIELD_REGISTER, value);
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
    one_value(e, field, EDIT_ADD, VL_FIELD_SET, element);
}

void edit_remove(struct edit *e, uint32_t field, const struct vl_value *element)
{
    one_value(e, field, EDIT_REMOVE, VL_FIELD_SET, element);
}

void edit_append(struct edit *e, uint32_t field, const struct vl_value *element)
{
    one_value(e, field, EDIT_APPEND, VL_FIELD_LIST, element);
}

void edit_list(struct edit *e, uint32_t field, const struct vl_value *elements, size_t count)
{
    struct edit_change *change = add_change(e, field, EDIT_LIST, VL_FIELD_LIST, count);
    if (change == NULL) return;
    if (count > change->field->most)
        fail(e, VL_ERR_LIMIT, (struct schema_problem){change->field, "too many elements"});
    for (size_t i = 0; i < count && e->result == VL_OK; i++)
        add_value(e, change, &elements[i]);
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

/* ---- one change into operations ---- */

struct target { /* one field of the record, as it is here */
    struct plan *plan;
    const struct edit_change *change;
    const struct schema_field *field;
    struct vl_buffer cell;
};

static struct vl_bytes cell_of(const struct target *t)
{
    return vl_buffer_view(&t->cell);
}

static vl_result living_dots(struct target *t, const struct vl_bytes *element,
                             struct vl_operation *op)
{
    struct vl_dot *dots = plan_memory(t->plan, VL_DOTS_MAX * sizeof *dots);
    size_t count;
    if (dots == NULL) return VL_ERR_NO_MEMORY;
    VL_TRY(vl_cell_dots(t->field->kind, cell_of(t), element, dots, VL_DOTS_MAX, &count));
    op->dots = dots;
    op->dot_count = count < VL_DOTS_MAX ? count : VL_DOTS_MAX;
    return VL_OK;
}

static vl_result plan_register(struct target *t)
{
    struct vl_operation op = {.opcode = VL_OP_REGISTER_SET, .field = t->field->id};
    struct vl_cell_value value;
    struct vl_dot dot;
    size_t count;
    op.value = vl_buffer_view(&t->change->items[0]);
    VL_TRY(vl_cell_values(VL_FIELD_REGISTER, cell_of(t), &value, 1, &count));
    if (count == 1 && vl_bytes_equal(value.value, op.value)) return VL_OK;
    if (count == 0 && op.value.size > 0 && op.value.data[0] == VL_VALUE_NONE) return VL_OK;
    VL_TRY(living_dots(t, NULL, &op));
    return plan_add(t->plan, op, &dot);
}

static vl_result plan_element(struct target *t)
{
    bool is_add = t->change->action == EDIT_ADD;
    struct vl_bytes element = vl_buffer_view(&t->change->items[0]);
    struct vl_operation op = {.opcode = is_add ? VL_OP_SET_ADD : VL_OP_SET_REMOVE,
                              .field = t->field->id,
                              .value = element};
    struct vl_dot dot;
    size_t count;
    VL_TRY(living_dots(t, &element, &op));
    if (is_add == (op.dot_count > 0)) return VL_OK; /* so it is already */
    if (is_add) {
        VL_TRY(vl_cell_values(VL_FIELD_SET, cell_of(t), NULL, 0, &count));
        if (count >= t->field->most) return VL_ERR_LIMIT;
        op.dot_count = 0;
    }
    return plan_add(t->plan, op, &dot);
}

static enum vl_opcode opcode_of(const struct target *t, bool insert)
{
    if (t->field->kind == VL_FIELD_TEXT)
        return insert ? VL_OP_SEQUENCE_INSERT : VL_OP_SEQUENCE_DELETE;
    return insert ? VL_OP_LIST_INSERT : VL_OP_LIST_DELETE;
}

static vl_result plan_delete(struct target *t, size_t position, size_t length)
{
    struct vl_operation op = {.opcode = opcode_of(t, false), .field = t->field->id};
    struct vl_span *spans;
    struct vl_dot dot;
    size_t count;
    if (length == 0) return VL_OK;
    VL_TRY(vl_cell_spans(t->field->kind, cell_of(t), position, length, NULL, 0, &count));
    spans = plan_memory(t->plan, count * sizeof *spans);
    if (spans == NULL) return VL_ERR_NO_MEMORY;
    VL_TRY(vl_cell_spans(t->field->kind, cell_of(t), position, length, spans, count, &count));
    for (size_t at = 0; at < count; at += SPANS_OF_DELETE) {
        op.spans = spans + at;
        op.span_count = count - at < SPANS_OF_DELETE ? count - at : SPANS_OF_DELETE;
        VL_TRY(plan_add(t->plan, op, &dot));
    }
    return VL_OK;
}

/* One more insertion right after the last one: *op keeps the places. */
static vl_result plan_insert(struct target *t, struct vl_operation *op, struct vl_bytes value,
                             uint32_t units)
{
    struct vl_dot dot;
    size_t written = t->plan->written;
    op->value = value;
    if (t->plan->count > 0 && !plan_fits(t->plan, op)) VL_TRY(plan_flush(t->plan));
    if (t->plan->written != written && !op->left.is_end && vl_id_is_zero(&op->left.dot.entry))
        op->left.dot.entry = t->plan->last;
    VL_TRY(plan_add(t->plan, *op, &dot));
    op->left = (struct vl_place){false, dot, units - 1};
    return VL_OK;
}

static size_t count_units(struct vl_bytes text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.size; i++)
        units += (text.data[i] & 0xc0) != 0x80;
    return units;
}

static vl_result plan_insert_text(struct target *t, size_t position, struct vl_bytes text)
{
    struct vl_operation op = {.opcode = opcode_of(t, true), .field = t->field->id};
    VL_TRY(vl_cell_place(t->field->kind, cell_of(t), position, &op.left, &op.right));
    while (text.size > 0) {
        size_t size = text.size < TEXT_RUN_BYTES ? text.size : TEXT_RUN_BYTES;
        while (size < text.size && (text.data[size] & 0xc0) == 0x80)
            size--;
        struct vl_bytes run = vl_bytes(text.data, size);
        VL_TRY(plan_insert(t, &op, run, (uint32_t)count_units(run)));
        text = vl_bytes(text.data + size, text.size - size);
    }
    return VL_OK;
}

static vl_result plan_text(struct target *t)
{
    struct vl_bytes text = vl_buffer_view(&t->change->items[0]);
    struct vl_buffer before = {0};
    size_t start = 0, same_end = 0, least;
    vl_result result = vl_cell_text(cell_of(t), &before);
    if (result != VL_OK) goto done;
    if (t->change->action == EDIT_APPEND_TEXT) {
        result = before.size + text.size > t->field->limit
                     ? VL_ERR_TOO_LARGE
                     : plan_insert_text(t, count_units(vl_buffer_view(&before)), text);
        goto done;
    }
    least = before.size < text.size ? before.size : text.size;
    while (start < least && before.data[start] == text.data[start])
        start++;
    while (start > 0 && ((start < before.size && (before.data[start] & 0xc0) == 0x80) ||
                         (start < text.size && (text.data[start] & 0xc0) == 0x80)))
        start--;
    while (same_end < least - start &&
           before.data[before.size - 1 - same_end] == text.data[text.size - 1 - same_end])
        same_end++;
    while (same_end > 0 && (text.data[text.size - same_end] & 0xc0) == 0x80)
        same_end--;
    size_t position = count_units(vl_bytes(before.data, start));
    size_t gone = before.size - start - same_end;
    result =
        plan_delete(t, position, gone == 0 ? 0 : count_units(vl_bytes(before.data + start, gone)));
    if (result == VL_OK && text.size > start + same_end)
        result = plan_insert_text(t, position,
                                  vl_bytes(text.data + start, text.size - start - same_end));
done:
    vl_buffer_finish(&before);
    return result;
}

static bool same_item(const struct vl_cell_value *value, const struct vl_buffer *item)
{
    return vl_bytes_equal(value->value, vl_buffer_view(item));
}

static vl_result plan_items(struct target *t, size_t position, size_t from, size_t to)
{
    struct vl_operation op = {.opcode = opcode_of(t, true), .field = t->field->id};
    if (from == to) return VL_OK;
    VL_TRY(vl_cell_place(t->field->kind, cell_of(t), position, &op.left, &op.right));
    for (size_t i = from; i < to; i++)
        VL_TRY(plan_insert(t, &op, vl_buffer_view(&t->change->items[i]), 1));
    return VL_OK;
}

static vl_result plan_list(struct target *t)
{
    const struct edit_change *change = t->change;
    struct vl_cell_value *values;
    size_t count, start = 0, same_end = 0, least;
    VL_TRY(vl_cell_values(VL_FIELD_LIST, cell_of(t), NULL, 0, &count));
    if (change->action == EDIT_APPEND) {
        if (count >= t->field->most) return VL_ERR_LIMIT;
        return plan_items(t, count, 0, 1);
    }
    values = plan_memory(t->plan, count * sizeof *values);
    if (values == NULL) return VL_ERR_NO_MEMORY;
    VL_TRY(vl_cell_values(VL_FIELD_LIST, cell_of(t), values, count, &count));
    least = count < change->count ? count : change->count;
    while (start < least && same_item(&values[start], &change->items[start]))
        start++;
    while (same_end < least - start &&
           same_item(&values[count - 1 - same_end], &change->items[change->count - 1 - same_end]))
        same_end++;
    VL_TRY(plan_delete(t, start, count - start - same_end));
    return plan_items(t, start, start, change->count - same_end);
}

static vl_result plan_change(struct plan *plan, const struct edit_change *change)
{
    struct target t = {.plan = plan, .change = change, .field = change->field};
    struct vl_cell_key key = {cell_type(plan->type, plan->sealed), plan->record, change->field->id,
                              change->field->kind};
    vl_result result = vl_replica_cell(plan->replica, &key, &t.cell);
    if (result == VL_ERR_NOT_FOUND) result = VL_OK;
    if (result == VL_OK) switch (change->action) {
        case EDIT_SET: result = plan_register(&t); break;
        case EDIT_ADD:
        case EDIT_REMOVE: result = plan_element(&t); break;
        case EDIT_TEXT:
        case EDIT_APPEND_TEXT: result = plan_text(&t); break;
        case EDIT_LIST:
        case EDIT_APPEND: result = plan_list(&t); break;
        }
    vl_buffer_finish(&t.cell);
    return result;
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

/* Whoever wrote the oldest value that is still seen made the record. */
static vl_result check_author(const struct edit *e, const struct vl_id *me)
{
    const struct record_value *oldest = NULL;
    struct record record;
    vl_result result =
        record_read(e->replica, cell_type(e->schema->type, e->sealed), &e->id, &record);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    if (result != VL_OK) return result;
    for (size_t f = 0; f < record.field_count; f++)
        for (size_t v = 0; v < record.fields[f].count; v++) {
            const struct record_value *value = &record.fields[f].values[v];
            if (oldest == NULL || vl_stamp_compare(&value->stamp, &oldest->stamp) < 0)
                oldest = value;
        }
    bool is_fixed = e->schema->writer == SCHEMA_WRITER_ONCE;
    if (oldest != NULL && (is_fixed || !vl_id_equal(&oldest->author, me)))
        result = VL_ERR_AUTHORITY;
    record_finish(&record);
    return result;
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
        *at = (struct schema_problem){NULL, "what is for everybody is never sealed"};
        return VL_ERR_INVALID;
    }
    result = edit_allowed(e);
    at->reason = e->schema->writer == SCHEMA_WRITER_ONCE ? "it is never changed once it is written"
                                                         : "only somebody else may write it";
    return result;
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
        result = plan_change(&plan, &e->changes[i]);
        at = (struct schema_problem){e->changes[i].field, vl_result_message(result)};
    }
    if (result == VL_OK) {
        result = plan_flush(&plan);
        at = (struct schema_problem){NULL, vl_result_message(result)};
    }
    if (problem != NULL) *problem = result == VL_OK ? (struct schema_problem){0} : at;
    plan_finish(&plan);
    return result;
}
