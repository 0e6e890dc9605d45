/* Cells: which kind does what. Reading and merging both load the state; the bytes of operations
 * and states are viewed, not copied, except in an open cell, which outlives them. */
#include "sync/cell_register.h"
#include "sync/cell_set.h"
#include "sync/sequence.h"
#include "sync/text_check.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int vl_stamp_compare(const struct vl_stamp *a, const struct vl_stamp *b)
{
    if (a->lamport != b->lamport) return a->lamport < b->lamport ? -1 : 1;
    return vl_dot_compare(&a->dot, &b->dot);
}

struct copy { /* bytes of one operation, kept for an open cell */
    struct copy *next;
    size_t size;
    uint8_t bytes[];
};

struct vl_cell {
    enum vl_field_kind kind;
    uint64_t weight;          /* of everything merged; over the limit nothing else is kept */
    struct living living;     /* REGISTER, SET */
    struct sequence sequence; /* TEXT, LIST */
    struct vl_buffer state;
    struct copy *copies;
};

static bool is_sequence(enum vl_field_kind kind)
{
    return kind == VL_FIELD_TEXT || kind == VL_FIELD_LIST;
}

static bool is_over(uint64_t weight)
{
    return weight > VL_CELL_WEIGHT_MAX;
}

/* The weight, and what follows it. */
static vl_result take_weight(struct vl_bytes *state, uint64_t *weight)
{
    struct vl_reader r = vl_reader(*state);
    *weight = 0;
    if (state->size == 0) return VL_OK;
    *weight = vl_read_varint(&r, UINT64_MAX);
    if (r.result != VL_OK || *weight == 0) return VL_ERR_DAMAGED;
    *state = vl_bytes(state->data + r.at, state->size - r.at);
    return is_over(*weight) == (state->size == 0) ? VL_OK : VL_ERR_DAMAGED;
}

static vl_result load(struct vl_cell *cell, enum vl_field_kind kind, struct vl_bytes state)
{
    *cell = (struct vl_cell){.kind = kind};
    VL_TRY(take_weight(&state, &cell->weight));
    return is_sequence(kind) ? sequence_load(&cell->sequence, kind, state)
                             : living_load(&cell->living, kind, state);
}

/* A sequence that is read, not merged into. */
static vl_result load_sequence(struct sequence *s, enum vl_field_kind kind, struct vl_bytes state)
{
    uint64_t weight;
    VL_TRY(take_weight(&state, &weight));
    return sequence_load(s, kind, state);
}

static void unload(struct vl_cell *cell)
{
    if (is_sequence(cell->kind))
        sequence_finish(&cell->sequence);
    else
        living_finish(&cell->living);
}

/* What an operation must be by itself: the same whatever was merged before it. */
static vl_result check(enum vl_field_kind kind, const struct vl_operation *op)
{
    if ((unsigned)op->opcode >= VL_OPCODE_COUNT) return VL_ERR_KIND;
    if (vl_opcode_field_kind(op->opcode) != kind) return VL_ERR_INVALID;
    if (op->value.size > VL_VALUE_BYTES_MAX) return VL_ERR_TOO_LARGE;
    if (op->opcode == VL_OP_SEQUENCE_INSERT) {
        if (op->value.size == 0) return VL_ERR_INVALID;
        if (!text_is_clean(op->value)) return VL_ERR_UTF8;
    }
    if (op->opcode != VL_OP_SEQUENCE_DELETE && op->opcode != VL_OP_LIST_DELETE) return VL_OK;
    for (size_t i = 0; i < op->span_count; i++)
        if (op->spans[i].length == 0 || op->spans[i].length > UINT32_MAX - op->spans[i].offset)
            return VL_ERR_INVALID;
    return VL_OK;
}

static uint64_t weight_of(const struct vl_operation *op)
{
    uint64_t named = 0;
    switch (op->opcode) {
    case VL_OP_REGISTER_SET:
    case VL_OP_SET_REMOVE: named = op->dot_count; break;
    case VL_OP_SEQUENCE_INSERT:
    case VL_OP_LIST_INSERT:
        named = (op->left.is_end ? 0u : 1u) + (op->right.is_end ? 0u : 1u);
        break;
    case VL_OP_SEQUENCE_DELETE:
    case VL_OP_LIST_DELETE: return VL_CELL_NAME_WEIGHT * (1 + (uint64_t)op->span_count);
    case VL_OP_SET_ADD:
    case VL_OPCODE_COUNT: break;
    }
    return VL_CELL_NAME_WEIGHT * (1 + named) + op->value.size;
}

static vl_result merge_into(struct vl_cell *cell, const struct vl_operation *op,
                            const struct vl_stamp *stamp)
{
    switch (op->opcode) {
    case VL_OP_REGISTER_SET:
    case VL_OP_SET_ADD: return living_apply(&cell->living, op, stamp, true);
    case VL_OP_SET_REMOVE: return living_apply(&cell->living, op, stamp, false);
    case VL_OP_SEQUENCE_INSERT:
    case VL_OP_LIST_INSERT: return sequence_insert(&cell->sequence, op, stamp);
    case VL_OP_SEQUENCE_DELETE:
    case VL_OP_LIST_DELETE: return sequence_delete(&cell->sequence, op);
    case VL_OPCODE_COUNT: break;
    }
    return VL_ERR_KIND;
}

/* The sum of weights is the same in every order, so whether a cell is over its limit is too. */
static vl_result merge(struct vl_cell *cell, const struct vl_operation *op,
                       const struct vl_stamp *stamp)
{
    VL_TRY(check(cell->kind, op));
    uint64_t weight = cell->weight + weight_of(op);
    if (!is_over(weight)) VL_TRY(merge_into(cell, op, stamp));
    cell->weight = weight;
    return VL_OK;
}

static vl_result save_kind(struct vl_cell *cell, struct vl_buffer *made)
{
    return is_sequence(cell->kind) ? sequence_save(&cell->sequence, made)
                                   : living_save(&cell->living, made);
}

/* Into a new buffer, because the cell views the old one. */
static vl_result save(struct vl_cell *cell, struct vl_buffer *state)
{
    struct vl_buffer made = {0};
    struct vl_writer w = vl_writer(&made, SIZE_MAX);
    vl_result result = VL_OK;
    if (cell->weight > 0) {
        vl_write_varint(&w, cell->weight);
        result = vl_writer_result(&w);
        if (result == VL_OK && !is_over(cell->weight)) result = save_kind(cell, &made);
    }
    if (result == VL_OK) {
        struct vl_buffer old = *state;
        *state = made;
        made = old;
    }
    vl_buffer_finish(&made);
    return result;
}

vl_result vl_cell_apply(enum vl_field_kind kind, struct vl_buffer *state,
                        const struct vl_operation *operation, const struct vl_stamp *stamp)
{
    struct vl_cell cell;
    vl_result result;
    VL_TRY(load(&cell, kind, vl_buffer_view(state)));
    result = merge(&cell, operation, stamp);
    if (result == VL_OK) result = save(&cell, state);
    unload(&cell);
    return result;
}

/* ---- in steps ---- */

vl_result vl_cell_open(enum vl_field_kind kind, struct vl_bytes state, struct vl_cell **out)
{
    struct vl_cell *cell = calloc(1, sizeof *cell);
    struct vl_buffer copy = {0};
    vl_result result = VL_ERR_NO_MEMORY;
    *out = NULL;
    if (cell == NULL) return result;
    result = vl_buffer_append(&copy, state.data, state.size);
    if (result == VL_OK) result = load(cell, kind, vl_buffer_view(&copy));
    if (result != VL_OK) {
        vl_buffer_finish(&copy);
        free(cell);
        return result;
    }
    cell->state = copy;
    *out = cell;
    return VL_OK;
}

vl_result vl_cell_merge(struct vl_cell *cell, const struct vl_operation *operation,
                        const struct vl_stamp *stamp)
{
    struct vl_operation op = *operation;
    if (op.value.size > VL_VALUE_BYTES_MAX) return VL_ERR_TOO_LARGE;
    if (op.value.size > 0) {
        struct copy *copy = malloc(sizeof *copy + op.value.size);
        if (copy == NULL) return VL_ERR_NO_MEMORY;
        memcpy(copy->bytes, op.value.data, op.value.size);
        copy->next = cell->copies;
        copy->size = op.value.size;
        cell->copies = copy;
        op.value.data = copy->bytes;
    }
    return merge(cell, &op, stamp);
}

vl_result vl_cell_save(struct vl_cell *cell, struct vl_buffer *state)
{
    return save(cell, state);
}

void vl_cell_close(struct vl_cell *cell)
{
    if (cell == NULL) return;
    unload(cell);
    while (cell->copies != NULL) {
        struct copy *next = cell->copies->next;
        sodium_memzero(cell->copies->bytes, cell->copies->size);
        free(cell->copies);
        cell->copies = next;
    }
    vl_buffer_wipe(&cell->state); /* it may hold what is erased now */
    vl_buffer_finish(&cell->state);
    free(cell);
}

/* ---- reading ---- */

bool vl_cell_over(struct vl_bytes state)
{
    uint64_t weight;
    return take_weight(&state, &weight) == VL_OK && is_over(weight);
}

bool vl_cell_is_over(const struct vl_cell *cell)
{
    return is_over(cell->weight);
}

vl_result vl_cell_values(enum vl_field_kind kind, struct vl_bytes state, struct vl_cell_value *out,
                         size_t max, size_t *count)
{
    struct vl_cell cell;
    *count = 0;
    if (kind == VL_FIELD_TEXT) return VL_ERR_INVALID;
    VL_TRY(load(&cell, kind, state));
    if (kind == VL_FIELD_REGISTER) register_values(&cell.living, out, max, count);
    if (kind == VL_FIELD_SET) set_values(&cell.living, out, max, count);
    if (kind == VL_FIELD_LIST) sequence_values(&cell.sequence, out, max, count);
    unload(&cell);
    return VL_OK;
}

static int compare_dots(const void *a, const void *b)
{
    return vl_dot_compare(a, b);
}

vl_result vl_cell_dots(enum vl_field_kind kind, struct vl_bytes state,
                       const struct vl_bytes *element, struct vl_dot *out, size_t max,
                       size_t *count)
{
    struct vl_cell cell;
    *count = 0;
    if (is_sequence(kind) || (kind == VL_FIELD_SET) != (element != NULL)) return VL_ERR_INVALID;
    if (vl_cell_over(state)) return VL_ERR_LIMIT;
    VL_TRY(load(&cell, kind, state));
    if (element == NULL)
        register_dots(&cell.living, out, max, count);
    else
        set_dots(&cell.living, *element, out, max, count);
    unload(&cell);
    if (max > 0) qsort(out, *count < max ? *count : max, sizeof *out, compare_dots);
    return VL_OK;
}

vl_result vl_cell_text(struct vl_bytes state, struct vl_buffer *out)
{
    struct sequence s;
    vl_result result;
    VL_TRY(load_sequence(&s, VL_FIELD_TEXT, state));
    result = sequence_text(&s, out);
    sequence_finish(&s);
    return result;
}

vl_result vl_cell_place(enum vl_field_kind kind, struct vl_bytes state, size_t position,
                        struct vl_place *left, struct vl_place *right)
{
    struct sequence s;
    vl_result result;
    if (!is_sequence(kind)) return VL_ERR_INVALID;
    if (vl_cell_over(state)) return VL_ERR_LIMIT;
    VL_TRY(load_sequence(&s, kind, state));
    result = sequence_place_at(&s, position, left, right);
    sequence_finish(&s);
    return result;
}

vl_result vl_cell_behind(enum vl_field_kind kind, struct vl_bytes state,
                         const struct vl_place *left, struct vl_place *right)
{
    struct sequence s;
    vl_result result;
    if (!is_sequence(kind)) return VL_ERR_INVALID;
    if (vl_cell_over(state)) return VL_ERR_LIMIT;
    VL_TRY(load_sequence(&s, kind, state));
    result = sequence_behind(&s, left, right);
    sequence_finish(&s);
    return result;
}

vl_result vl_cell_position(enum vl_field_kind kind, struct vl_bytes state,
                           const struct vl_place *unit, size_t *position)
{
    struct sequence s;
    vl_result result;
    *position = 0;
    if (!is_sequence(kind)) return VL_ERR_INVALID;
    if (vl_cell_over(state)) return VL_ERR_LIMIT;
    VL_TRY(load_sequence(&s, kind, state));
    result = sequence_position_of(&s, unit, position);
    sequence_finish(&s);
    return result;
}

vl_result vl_cell_spans(enum vl_field_kind kind, struct vl_bytes state, size_t position,
                        size_t length, struct vl_span *out, size_t max, size_t *count)
{
    struct sequence s;
    vl_result result;
    *count = 0;
    if (!is_sequence(kind)) return VL_ERR_INVALID;
    if (vl_cell_over(state)) return VL_ERR_LIMIT;
    VL_TRY(load_sequence(&s, kind, state));
    result = sequence_spans(&s, position, length, out, max, count);
    sequence_finish(&s);
    return result;
}
