#include "circle/edit_change.h"
#include <stdlib.h>
#include <string.h>

#define TEXT_RUN_BYTES  8000u /* one insertion of a long text */
#define SPANS_OF_DELETE 200u

uint32_t edit_cell_type(uint32_t type, bool sealed)
{
    return type + (sealed ? VL_TYPE_SEALED : 0);
}

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

/* One element in or out; *count is kept at how many there will be. */
static vl_result plan_element(struct target *t, struct vl_bytes element, bool is_add, size_t *count)
{
    struct vl_operation op = {.opcode = is_add ? VL_OP_SET_ADD : VL_OP_SET_REMOVE,
                              .field = t->field->id,
                              .value = element};
    struct vl_dot dot;
    VL_TRY(living_dots(t, &element, &op));
    if (is_add == (op.dot_count > 0)) return VL_OK; /* so it is already */
    if (is_add && *count >= t->field->most) return VL_ERR_LIMIT;
    if (is_add) op.dot_count = 0;
    *count += is_add ? 1 : (size_t)-1;
    return plan_add(t->plan, op, &dot);
}

/* An element of the cell, which goes before the operation is written. */
static vl_result take_out(struct target *t, struct vl_bytes element, size_t *count)
{
    uint8_t *copy = plan_memory(t->plan, element.size);
    if (copy == NULL) return VL_ERR_NO_MEMORY;
    if (element.size > 0) memcpy(copy, element.data, element.size);
    return plan_element(t, vl_bytes(copy, element.size), false, count);
}

static bool is_among(struct vl_bytes element, const struct vl_buffer *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (vl_bytes_equal(element, vl_buffer_view(&items[i]))) return true;
    return false;
}

static vl_result plan_set(struct target *t)
{
    const struct edit_change *change = t->change;
    struct vl_cell_value *there;
    size_t count, will;
    VL_TRY(vl_cell_values(VL_FIELD_SET, cell_of(t), NULL, 0, &count));
    will = count;
    if (change->action == EDIT_ELEMENTS && count > 0) {
        there = plan_memory(t->plan, count * sizeof *there);
        if (there == NULL) return VL_ERR_NO_MEMORY;
        VL_TRY(vl_cell_values(VL_FIELD_SET, cell_of(t), there, count, &count));
        for (size_t i = 0; i < count; i++)
            if (!is_among(there[i].value, change->items, change->count))
                VL_TRY(take_out(t, there[i].value, &will));
    }
    for (size_t i = 0; i < change->count; i++) {
        struct vl_bytes element = vl_buffer_view(&change->items[i]);
        if (is_among(element, change->items, i)) continue; /* said twice */
        VL_TRY(plan_element(t, element, change->action != EDIT_REMOVE, &will));
    }
    return VL_OK;
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
        if (count + change->count > t->field->most) return VL_ERR_LIMIT;
        return plan_items(t, count, 0, change->count);
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

/* ---- the same once more ---- */

/* What is said now in place of what said it before. A register that several people set at once
 * stays as it is: it is theirs to settle. */
static vl_result say_register(struct target *t, const struct vl_cell_value *values, size_t count)
{
    struct vl_operation op = {
        .opcode = VL_OP_REGISTER_SET, .field = t->field->id, .value = values[0].value};
    struct vl_dot dot;
    if (count != 1) return VL_OK;
    VL_TRY(living_dots(t, NULL, &op));
    return plan_add(t->plan, op, &dot);
}

static vl_result is_to_say(const struct target *t, struct vl_bytes element, bool *out)
{
    struct vl_value value;
    struct vl_id me;
    *out = true;
    if (t->field->form != SCHEMA_SELF) return VL_OK;
    VL_TRY(vl_replica_me(t->plan->replica, &me));
    *out = vl_value_decode(element, &value) == VL_OK && vl_id_equal(&value.person, &me);
    return VL_OK;
}

static vl_result say_set(struct target *t, const struct vl_cell_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct vl_operation op = {.field = t->field->id, .value = values[i].value};
        struct vl_dot dot;
        bool is_mine;
        VL_TRY(is_to_say(t, op.value, &is_mine));
        if (!is_mine) continue;
        op.opcode = VL_OP_SET_ADD;
        VL_TRY(plan_add(t->plan, op, &dot));
        op.opcode = VL_OP_SET_REMOVE;
        VL_TRY(living_dots(t, &op.value, &op));
        VL_TRY(plan_add(t->plan, op, &dot));
    }
    return VL_OK;
}

/* Nothing of it leans on an older element: who reads only this has all of it, in order. */
static vl_result say_list(struct target *t, const struct vl_cell_value *values, size_t count)
{
    struct vl_operation op = {.opcode = VL_OP_LIST_INSERT,
                              .field = t->field->id,
                              .left.is_end = true,
                              .right.is_end = true};
    for (size_t i = 0; i < count; i++)
        VL_TRY(plan_insert(t, &op, values[i].value, 1));
    return plan_delete(t, 0, count);
}

/* What is new comes before what is old goes: a power cut between two entries loses nothing. */
static vl_result plan_again(struct target *t)
{
    const enum vl_field_kind kind = t->field->kind;
    size_t count;
    VL_TRY(vl_cell_values(kind, cell_of(t), NULL, 0, &count));
    struct vl_cell_value *values = plan_memory(t->plan, count * sizeof *values);
    uint8_t *state = plan_memory(t->plan, t->cell.size); /* values are views of it */
    if (values == NULL || state == NULL) return VL_ERR_NO_MEMORY;
    if (count == 0) return VL_OK;
    memcpy(state, t->cell.data, t->cell.size);
    VL_TRY(vl_cell_values(kind, vl_bytes(state, t->cell.size), values, count, &count));
    switch (kind) {
    case VL_FIELD_REGISTER: return say_register(t, values, count);
    case VL_FIELD_SET: return say_set(t, values, count);
    case VL_FIELD_LIST: return say_list(t, values, count);
    case VL_FIELD_TEXT: break; /* nothing that is said again has one */
    }
    return VL_ERR_INTERNAL;
}

vl_result plan_change(struct plan *plan, const struct edit_change *change)
{
    struct target t = {.plan = plan, .change = change, .field = change->field};
    struct vl_cell_key key = {edit_cell_type(plan->type, plan->sealed), plan->record,
                              change->field->id, change->field->kind};
    vl_result result = vl_replica_cell(plan->replica, &key, &t.cell);
    if (result == VL_ERR_NOT_FOUND) result = VL_OK;
    if (result == VL_OK) switch (change->action) {
        case EDIT_SET: result = plan_register(&t); break;
        case EDIT_ADD:
        case EDIT_REMOVE:
        case EDIT_ELEMENTS: result = plan_set(&t); break;
        case EDIT_TEXT:
        case EDIT_APPEND_TEXT: result = plan_text(&t); break;
        case EDIT_LIST:
        case EDIT_APPEND: result = plan_list(&t); break;
        case EDIT_AGAIN: result = plan_again(&t); break;
        }
    vl_buffer_finish(&t.cell);
    return result;
}
