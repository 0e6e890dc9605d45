/* Bodies of content entries.
 *
 * Invariants of every body that decodes
 *  1  it is the only encoding of its operations: references sorted, unique and all used, dots of
 *     one operation sorted and unique, no two neighbouring groups of one record
 *  2  a dot of the entry itself names an earlier operation of it, so operations never wait in a
 *     circle
 *  3  text that is inserted is UTF-8 of at least one code point without control characters other
 *     than line feed and tab */
#include "sync/text_check.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/operation.h>

#define BODY_VERSION 1u
#define ID_SIZE      32u

int vl_dot_compare(const struct vl_dot *a, const struct vl_dot *b)
{
    int order = memcmp(a->entry.bytes, b->entry.bytes, ID_SIZE);
    if (order != 0) return order;
    return (a->operation > b->operation) - (a->operation < b->operation);
}

enum vl_field_kind vl_opcode_field_kind(enum vl_opcode opcode)
{
    switch (opcode) {
    case VL_OP_SET_ADD:
    case VL_OP_SET_REMOVE: return VL_FIELD_SET;
    case VL_OP_SEQUENCE_INSERT:
    case VL_OP_SEQUENCE_DELETE: return VL_FIELD_TEXT;
    case VL_OP_LIST_INSERT:
    case VL_OP_LIST_DELETE: return VL_FIELD_LIST;
    case VL_OP_REGISTER_SET:
    case VL_OPCODE_COUNT: break;
    }
    return VL_FIELD_REGISTER;
}

static bool has_dots(enum vl_opcode opcode)
{
    return opcode == VL_OP_REGISTER_SET || opcode == VL_OP_SET_REMOVE;
}

static bool has_places(enum vl_opcode opcode)
{
    return opcode == VL_OP_SEQUENCE_INSERT || opcode == VL_OP_LIST_INSERT;
}

static bool has_spans(enum vl_opcode opcode)
{
    return opcode == VL_OP_SEQUENCE_DELETE || opcode == VL_OP_LIST_DELETE;
}

static bool same_record(const struct vl_operation *a, const struct vl_operation *b)
{
    return a->type == b->type && memcmp(&a->record, &b->record, sizeof a->record) == 0;
}

/* ---- encoding ---- */

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, ID_SIZE);
}

struct references {
    struct vl_id *ids;
    size_t count, capacity;
};

static vl_result note_reference(struct references *refs, const struct vl_dot *dot)
{
    if (sodium_is_zero(dot->entry.bytes, ID_SIZE)) return VL_OK;
    if (refs->count > 0 && memcmp(&refs->ids[refs->count - 1], &dot->entry, ID_SIZE) == 0)
        return VL_OK;
    if (refs->count == refs->capacity) {
        size_t capacity = refs->capacity == 0 ? 16 : refs->capacity * 2;
        struct vl_id *ids = realloc(refs->ids, capacity * sizeof *ids);
        if (ids == NULL) return VL_ERR_NO_MEMORY;
        refs->ids = ids;
        refs->capacity = capacity;
    }
    refs->ids[refs->count++] = dot->entry;
    return VL_OK;
}

static vl_result note_references(struct references *refs, const struct vl_operation *op)
{
    if (has_dots(op->opcode))
        for (size_t i = 0; i < op->dot_count; i++)
            VL_TRY(note_reference(refs, &op->dots[i]));
    if (has_spans(op->opcode))
        for (size_t i = 0; i < op->span_count; i++)
            VL_TRY(note_reference(refs, &op->spans[i].dot));
    if (has_places(op->opcode)) {
        if (!op->left.is_end) VL_TRY(note_reference(refs, &op->left.dot));
        if (!op->right.is_end) VL_TRY(note_reference(refs, &op->right.dot));
    }
    return VL_OK;
}

static void sort_references(struct references *refs)
{
    size_t kept = 0;
    if (refs->count == 0) return;
    qsort(refs->ids, refs->count, sizeof *refs->ids, compare_ids);
    for (size_t i = 1; i < refs->count; i++)
        if (memcmp(&refs->ids[i], &refs->ids[kept], ID_SIZE) != 0) refs->ids[++kept] = refs->ids[i];
    refs->count = kept + 1;
}

static vl_result check_dot(const struct vl_dot *dot, size_t number)
{
    bool own = sodium_is_zero(dot->entry.bytes, ID_SIZE);
    return dot->operation >= (own ? number : VL_OPERATIONS_MAX) ? VL_ERR_INVALID : VL_OK;
}

static vl_result check_lists(const struct vl_operation *op, size_t number)
{
    if (has_dots(op->opcode)) {
        if (op->dot_count > VL_DOTS_MAX) return VL_ERR_TOO_LARGE;
        if (op->opcode == VL_OP_SET_REMOVE && op->dot_count == 0) return VL_ERR_INVALID;
        for (size_t i = 0; i < op->dot_count; i++) {
            VL_TRY(check_dot(&op->dots[i], number));
            if (i > 0 && vl_dot_compare(&op->dots[i - 1], &op->dots[i]) >= 0) return VL_ERR_INVALID;
        }
    }
    if (has_spans(op->opcode)) {
        if (op->span_count > VL_DOTS_MAX) return VL_ERR_TOO_LARGE;
        if (op->span_count == 0) return VL_ERR_INVALID;
        for (size_t i = 0; i < op->span_count; i++) {
            const struct vl_span *span = &op->spans[i];
            VL_TRY(check_dot(&span->dot, number));
            if (span->length == 0 || span->length > UINT32_MAX - span->offset)
                return VL_ERR_INVALID;
        }
    }
    return VL_OK;
}

/* What encoding refuses is exactly what decoding would refuse. */
static vl_result check_operation(const struct vl_operation *op, size_t number)
{
    if (op->type > VL_TYPE_MAX || op->field > VL_TYPE_MAX) return VL_ERR_INVALID;
    if ((unsigned)op->opcode >= VL_OPCODE_COUNT) return VL_ERR_KIND;
    VL_TRY(check_lists(op, number));
    if (has_places(op->opcode)) {
        if (!op->left.is_end) VL_TRY(check_dot(&op->left.dot, number));
        if (!op->right.is_end) VL_TRY(check_dot(&op->right.dot, number));
    }
    if (!has_spans(op->opcode) && op->value.size > VL_VALUE_BYTES_MAX) return VL_ERR_TOO_LARGE;
    if (op->opcode == VL_OP_SEQUENCE_INSERT) {
        if (op->value.size == 0) return VL_ERR_INVALID;
        if (!text_is_clean(op->value)) return VL_ERR_UTF8;
    }
    return VL_OK;
}

static void write_dot(struct vl_writer *w, const struct references *refs, const struct vl_dot *dot)
{
    uint64_t at = 0;
    if (!sodium_is_zero(dot->entry.bytes, ID_SIZE)) {
        const struct vl_id *found =
            bsearch(&dot->entry, refs->ids, refs->count, sizeof *refs->ids, compare_ids);
        at = (uint64_t)(found - refs->ids) + 1;
    }
    vl_write_varint(w, at);
    vl_write_varint(w, dot->operation);
}

static void write_place(struct vl_writer *w, const struct references *refs,
                        const struct vl_place *place)
{
    vl_write_u8(w, place->is_end ? 0 : 1);
    if (place->is_end) return;
    write_dot(w, refs, &place->dot);
    vl_write_varint(w, place->offset);
}

static void write_operation(struct vl_writer *w, const struct references *refs,
                            const struct vl_operation *op)
{
    vl_write_varint(w, op->field);
    vl_write_u8(w, (uint8_t)op->opcode);
    if (has_dots(op->opcode)) {
        vl_write_varint(w, op->dot_count);
        for (size_t i = 0; i < op->dot_count; i++)
            write_dot(w, refs, &op->dots[i]);
    }
    if (has_places(op->opcode)) {
        write_place(w, refs, &op->left);
        write_place(w, refs, &op->right);
    }
    if (has_spans(op->opcode)) {
        vl_write_varint(w, op->span_count);
        for (size_t i = 0; i < op->span_count; i++) {
            write_dot(w, refs, &op->spans[i].dot);
            vl_write_varint(w, op->spans[i].offset);
            vl_write_varint(w, op->spans[i].length);
        }
        return;
    }
    vl_write_string(w, op->value);
}

static size_t group_end(const struct vl_operation *ops, size_t count, size_t from)
{
    size_t to = from + 1;
    while (to < count && same_record(&ops[from], &ops[to]))
        to++;
    return to;
}

static void write_groups(struct vl_writer *w, const struct references *refs,
                         const struct vl_operation *ops, size_t count)
{
    size_t groups = 0;
    for (size_t i = 0; i < count; i = group_end(ops, count, i))
        groups++;
    vl_write_varint(w, groups);
    for (size_t i = 0, end; i < count; i = end) {
        end = group_end(ops, count, i);
        vl_write_varint(w, ops[i].type);
        vl_write_exact(w, ops[i].record.bytes, sizeof ops[i].record.bytes);
        vl_write_varint(w, end - i);
        for (size_t j = i; j < end; j++)
            write_operation(w, refs, &ops[j]);
    }
}

vl_result vl_body_encode(const struct vl_operation *operations, size_t count, struct vl_buffer *out)
{
    struct references refs = {0};
    size_t before = out->size;
    struct vl_writer w = vl_writer(out, before + VL_BLOB_BYTES_MAX);
    vl_result result = VL_OK;

    if (count == 0) return VL_ERR_INVALID;
    if (count > VL_OPERATIONS_MAX) return VL_ERR_TOO_LARGE;
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        result = check_operation(&operations[i], i);
        if (result == VL_OK) result = note_references(&refs, &operations[i]);
    }
    if (result != VL_OK) goto done;
    sort_references(&refs);
    if (refs.count > VL_REFERENCES_MAX) {
        result = VL_ERR_TOO_LARGE;
        goto done;
    }
    vl_write_u8(&w, BODY_VERSION);
    vl_write_varint(&w, refs.count);
    for (size_t i = 0; i < refs.count; i++)
        vl_write_exact(&w, refs.ids[i].bytes, ID_SIZE);
    write_groups(&w, &refs, operations, count);
    result = vl_writer_result(&w);
    if (result != VL_OK) out->size = before;
done:
    free(refs.ids);
    return result;
}

/* ---- decoding: once to check and count, once more to fill lists of the right size ---- */

struct parse {
    struct vl_reader r;
    struct vl_id self;
    struct vl_bytes refs; /* the reference ids as they stand in the input */
    size_t ref_count;
    bool used[VL_REFERENCES_MAX];
    struct vl_operation *ops; /* NULL in the first run */
    struct vl_dot *dots;
    struct vl_span *spans;
    size_t op_count, dot_count, span_count;
    struct vl_operation last; /* of the group before: its type and record */
};

static struct vl_dot read_dot(struct parse *p)
{
    struct vl_dot dot = {.entry = p->self};
    size_t at = (size_t)vl_read_varint(&p->r, p->ref_count);
    dot.operation = (uint32_t)vl_read_varint(&p->r, VL_OPERATIONS_MAX - 1);
    if (p->r.result != VL_OK) return dot;
    if (at == 0) {
        if (dot.operation >= p->op_count) vl_reader_fail(&p->r, VL_ERR_INVALID);
        return dot;
    }
    memcpy(dot.entry.bytes, p->refs.data + (at - 1) * ID_SIZE, ID_SIZE);
    p->used[at - 1] = true;
    return dot;
}

/* Sorted by (reference, operation), as encoded: the entry itself first. */
static bool dots_ascend(const struct parse *p, const struct vl_dot *a, const struct vl_dot *b)
{
    bool a_own = memcmp(&a->entry, &p->self, ID_SIZE) == 0;
    bool b_own = memcmp(&b->entry, &p->self, ID_SIZE) == 0;
    if (a_own != b_own) return a_own;
    return vl_dot_compare(a, b) < 0;
}

static void read_dots(struct parse *p, struct vl_operation *op)
{
    size_t count = (size_t)vl_read_varint(&p->r, VL_DOTS_MAX);
    struct vl_dot before = {0};
    if (op->opcode == VL_OP_SET_REMOVE && count == 0) vl_reader_fail(&p->r, VL_ERR_INVALID);
    if (p->dots != NULL) op->dots = p->dots + p->dot_count;
    op->dot_count = count;
    for (size_t i = 0; i < count && p->r.result == VL_OK; i++) {
        struct vl_dot dot = read_dot(p);
        if (i > 0 && !dots_ascend(p, &before, &dot)) vl_reader_fail(&p->r, VL_ERR_NOT_CANONICAL);
        before = dot;
        if (p->dots != NULL) p->dots[p->dot_count] = dot;
        p->dot_count++;
    }
}

static void read_spans(struct parse *p, struct vl_operation *op)
{
    size_t count = (size_t)vl_read_varint(&p->r, VL_DOTS_MAX);
    if (count == 0) vl_reader_fail(&p->r, VL_ERR_INVALID);
    if (p->spans != NULL) op->spans = p->spans + p->span_count;
    op->span_count = count;
    for (size_t i = 0; i < count && p->r.result == VL_OK; i++) {
        struct vl_span span = {.dot = read_dot(p)};
        span.offset = (uint32_t)vl_read_varint(&p->r, UINT32_MAX);
        span.length = (uint32_t)vl_read_varint(&p->r, UINT32_MAX - span.offset);
        if (span.length == 0) vl_reader_fail(&p->r, VL_ERR_INVALID);
        if (p->spans != NULL) p->spans[p->span_count] = span;
        p->span_count++;
    }
}

static struct vl_place read_place(struct parse *p)
{
    struct vl_place place = {.is_end = true};
    uint8_t tag = vl_read_u8(&p->r);
    if (tag > 1) vl_reader_fail(&p->r, VL_ERR_NOT_CANONICAL);
    if (tag != 1) return place;
    place.is_end = false;
    place.dot = read_dot(p);
    place.offset = (uint32_t)vl_read_varint(&p->r, UINT32_MAX);
    return place;
}

static void read_operation(struct parse *p, struct vl_operation op)
{
    uint8_t opcode;
    op.field = (uint32_t)vl_read_varint(&p->r, VL_TYPE_MAX);
    opcode = vl_read_u8(&p->r);
    if (opcode >= VL_OPCODE_COUNT) vl_reader_fail(&p->r, VL_ERR_KIND);
    if (p->r.result != VL_OK) return;
    op.opcode = (enum vl_opcode)opcode;
    if (has_dots(op.opcode)) read_dots(p, &op);
    if (has_places(op.opcode)) {
        op.left = read_place(p);
        op.right = read_place(p);
    }
    if (has_spans(op.opcode))
        read_spans(p, &op);
    else
        op.value = vl_read_string(&p->r, VL_VALUE_BYTES_MAX);
    if (op.opcode == VL_OP_SEQUENCE_INSERT && p->r.result == VL_OK) {
        if (op.value.size == 0) vl_reader_fail(&p->r, VL_ERR_INVALID);
        if (!text_is_clean(op.value)) vl_reader_fail(&p->r, VL_ERR_UTF8);
    }
    if (p->ops != NULL) p->ops[p->op_count] = op;
    p->op_count++;
}

static void read_group(struct parse *p, bool first)
{
    struct vl_operation op = {0};
    size_t count;
    op.type = (uint32_t)vl_read_varint(&p->r, VL_TYPE_MAX);
    vl_read_exact(&p->r, op.record.bytes, sizeof op.record.bytes);
    count = (size_t)vl_read_varint(&p->r, VL_OPERATIONS_MAX - p->op_count);
    if (count == 0) vl_reader_fail(&p->r, VL_ERR_INVALID);
    if (!first && same_record(&op, &p->last)) vl_reader_fail(&p->r, VL_ERR_NOT_CANONICAL);
    p->last = op;
    for (size_t i = 0; i < count && p->r.result == VL_OK; i++)
        read_operation(p, op);
}

static vl_result parse_body(struct parse *p, struct vl_bytes input)
{
    size_t groups;
    p->r = vl_reader(input);
    p->op_count = p->dot_count = p->span_count = 0;
    memset(p->used, 0, sizeof p->used);
    if (vl_read_u8(&p->r) != BODY_VERSION) vl_reader_fail(&p->r, VL_ERR_VERSION);
    p->ref_count = (size_t)vl_read_varint(&p->r, VL_REFERENCES_MAX);
    p->refs = vl_read_view(&p->r, p->ref_count * ID_SIZE);
    if (p->r.result != VL_OK) return p->r.result;
    for (size_t i = 0; i < p->ref_count; i++) {
        const uint8_t *id = p->refs.data + i * ID_SIZE;
        bool own = memcmp(id, p->self.bytes, ID_SIZE) == 0 || sodium_is_zero(id, ID_SIZE);
        if (own || (i > 0 && memcmp(id - ID_SIZE, id, ID_SIZE) >= 0)) return VL_ERR_NOT_CANONICAL;
    }
    groups = (size_t)vl_read_varint(&p->r, VL_OPERATIONS_MAX);
    if (groups == 0) vl_reader_fail(&p->r, VL_ERR_INVALID);
    for (size_t i = 0; i < groups && p->r.result == VL_OK; i++)
        read_group(p, i == 0);
    VL_TRY(vl_reader_end(&p->r));
    for (size_t i = 0; i < p->ref_count; i++)
        if (!p->used[i]) return VL_ERR_NOT_CANONICAL;
    return VL_OK;
}

vl_result vl_body_decode(struct vl_bytes input, const struct vl_id *self, struct vl_body *out)
{
    struct parse p = {.self = *self};
    size_t ops_size, dots_size, spans_size;
    uint8_t *memory;

    *out = (struct vl_body){0};
    VL_TRY(parse_body(&p, input));
    ops_size = p.op_count * sizeof *p.ops;
    dots_size = p.dot_count * sizeof *p.dots;
    spans_size = p.span_count * sizeof *p.spans;
    memory = malloc(ops_size + dots_size + spans_size);
    if (memory == NULL) return VL_ERR_NO_MEMORY;
    out->memory = memory;
    p.ops = (struct vl_operation *)(void *)memory;
    p.dots = (struct vl_dot *)(void *)(memory + ops_size);
    p.spans = (struct vl_span *)(void *)(memory + ops_size + dots_size);
    VL_TRY(parse_body(&p, input));
    out->operations = p.ops;
    out->count = p.op_count;
    return VL_OK;
}

void vl_body_finish(struct vl_body *body)
{
    if (body == NULL) return;
    free(body->memory);
    *body = (struct vl_body){0};
}
