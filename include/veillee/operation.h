/* Operations: what the body of a content entry says about records.
 *
 *   body  = u8 version = 1 | varint count, 32 each: references (entry ids, sorted, unique)
 *         | varint count, groups
 *   group = varint type | 16 record id | varint count (>= 1), operations
 *           (two neighbouring groups never name the same record)
 *   op    = varint field | u8 opcode | by opcode:
 *     REGISTER_SET     dots replaced, value
 *     SET_ADD          value (the element)
 *     SET_REMOVE       dots removed (>= 1), value (the element)
 *     SEQUENCE_INSERT  place left, place right, value (UTF-8 text of >= 1 code point)
 *     SEQUENCE_DELETE  varint count (>= 1) of: dot, varint offset, varint length (>= 1)
 *     LIST_INSERT      place left, place right, value (one element)
 *   dots  = varint count, dot each (sorted, unique) ; dot = varint entry, varint operation
 *           entry 0 is the entry itself, n is references[n - 1]; operations are numbered through
 *           the whole body from 0; a reference that no dot uses is refused
 *   place = u8 0: the end of the sequence on that side | u8 1, dot, varint offset
 *   value = varint size, bytes; see value.h
 *
 * The field's kind follows from the opcode; a cell is (type, record, field, kind), so unknown
 * types and fields merge, are kept and are synced unchanged. */
#ifndef VEILLEE_OPERATION_H
#define VEILLEE_OPERATION_H

#include <veillee/codec.h>
#include <veillee/hash.h>
#include <veillee/limits.h>

struct vl_record_id {
    uint8_t bytes[16];
};

enum vl_field_kind {
    VL_FIELD_REGISTER = 0,
    VL_FIELD_SET = 1,
    VL_FIELD_TEXT = 2,
    VL_FIELD_LIST = 3
};

enum vl_opcode {
    VL_OP_REGISTER_SET = 0,
    VL_OP_SET_ADD = 1,
    VL_OP_SET_REMOVE = 2,
    VL_OP_SEQUENCE_INSERT = 3,
    VL_OP_SEQUENCE_DELETE = 4,
    VL_OP_LIST_INSERT = 5, /* its elements are deleted by LIST_DELETE, same form as 4 */
    VL_OP_LIST_DELETE = 6,
    VL_OPCODE_COUNT
};

/* The name of one operation for ever: the entry that carries it and its number in there. */
struct vl_dot {
    struct vl_id entry;
    uint32_t operation;
};
int vl_dot_compare(const struct vl_dot *a, const struct vl_dot *b);

struct vl_place { /* one unit (code point, element) of a sequence, or the end of that side */
    bool is_end;
    struct vl_dot dot;
    uint32_t offset;
};

struct vl_span {
    struct vl_dot dot;
    uint32_t offset, length;
};

struct vl_operation {
    uint32_t type; /* record type, < 2^16 */
    struct vl_record_id record;
    uint32_t field; /* < 2^16 */
    enum vl_opcode opcode;
    const struct vl_dot *dots; /* REGISTER_SET, SET_REMOVE */
    size_t dot_count;
    struct vl_place left, right; /* inserts */
    const struct vl_span *spans; /* deletes */
    size_t span_count;
    struct vl_bytes value;
};

enum vl_field_kind vl_opcode_field_kind(enum vl_opcode opcode);

/* Appends a body. A dot whose entry is all zeros means the entry being written ("entry 0").
 * INVALID: not encodable as given (unsorted dots, no operation). TOO_LARGE. */
VL_MUST_USE vl_result vl_body_encode(const struct vl_operation *operations, size_t count,
                                     struct vl_buffer *out);

/* A decoded body. Values are views into the input; the lists belong to the body. */
struct vl_body {
    struct vl_operation *operations;
    size_t count;
    void *memory;
};
/* `self` replaces entry 0. Every error of the codec, KIND for an unknown opcode, UTF8. */
VL_MUST_USE vl_result vl_body_decode(struct vl_bytes input, const struct vl_id *self,
                                     struct vl_body *out);
void vl_body_finish(struct vl_body *body);

#endif
