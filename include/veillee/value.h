/* Values inside registers and sets: one tag byte, then the value. The merge never looks inside;
 * the store indexes TEXT, the domain reads the rest.
 *
 *   0 none | 1 text: UTF-8 in NFC | 2 integer: i64 | 3 bytes | 4 flag: u8 0|1
 *   5 reference: varint type, 16 record id | 6 time: i64 wall clock, ms | 7 person: 32 id */
#ifndef VEILLEE_VALUE_H
#define VEILLEE_VALUE_H

#include <veillee/instant.h>
#include <veillee/operation.h>

enum vl_value_tag {
    VL_VALUE_NONE = 0,
    VL_VALUE_TEXT = 1,
    VL_VALUE_INTEGER = 2,
    VL_VALUE_BYTES = 3,
    VL_VALUE_FLAG = 4,
    VL_VALUE_REFERENCE = 5,
    VL_VALUE_TIME = 6,
    VL_VALUE_PERSON = 7,
    VL_VALUE_TAG_COUNT
};

struct vl_value {
    enum vl_value_tag tag;
    struct vl_bytes bytes; /* TEXT, BYTES */
    int64_t integer;       /* INTEGER, TIME (ms), FLAG (0|1) */
    uint32_t type;         /* REFERENCE */
    struct vl_record_id record;
    struct vl_id person;
};

/* Text is checked to be UTF-8 without control characters (line feed and tab allowed) and brought
 * to NFC on encoding; on decoding anything else is refused: UTF8, NOT_CANONICAL. Appends, and
 * leaves `out` alone on an error. KIND: unknown tag. TOO_LARGE: over VL_VALUE_BYTES_MAX with its
 * tag, or a record type over 16 bits. INVALID: a flag that is neither 0 nor 1 (encoding). */
VL_MUST_USE vl_result vl_value_encode(const struct vl_value *value, struct vl_buffer *out);
VL_MUST_USE vl_result vl_value_decode(struct vl_bytes input, struct vl_value *out);

#endif
