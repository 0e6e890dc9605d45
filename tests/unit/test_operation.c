/* Bodies of operations: what encodes decodes to the same, everything else has one encoding or is
 * refused by name; every limit at its edge. */
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/operation.h>

#include <cmocka.h>

static const struct vl_id self = {{0}};

static struct vl_dot dot_of(uint8_t entry, uint32_t operation)
{
    struct vl_dot dot = {.operation = operation};
    memset(dot.entry.bytes, entry, sizeof dot.entry.bytes);
    return dot;
}

static vl_result encode(const struct vl_operation *ops, size_t count, struct vl_buffer *out)
{
    vl_buffer_clear(out);
    return vl_body_encode(ops, count, out);
}

static void assert_dots(const struct vl_dot *a, const struct vl_dot *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(vl_dot_compare(&a[i], &b[i]), 0);
}

static void assert_place(const struct vl_place *a, const struct vl_place *b)
{
    assert_int_equal(a->is_end, b->is_end);
    if (a->is_end) return;
    assert_int_equal(vl_dot_compare(&a->dot, &b->dot), 0);
    assert_int_equal(a->offset, b->offset);
}

static void assert_operation(const struct vl_operation *a, const struct vl_operation *b)
{
    assert_int_equal(a->type, b->type);
    assert_memory_equal(&a->record, &b->record, sizeof a->record);
    assert_int_equal(a->field, b->field);
    assert_int_equal(a->opcode, b->opcode);
    assert_int_equal(a->dot_count, b->dot_count);
    assert_dots(a->dots, b->dots, a->dot_count);
    assert_int_equal(a->span_count, b->span_count);
    for (size_t i = 0; i < a->span_count; i++) {
        assert_dots(&a->spans[i].dot, &b->spans[i].dot, 1);
        assert_int_equal(a->spans[i].offset, b->spans[i].offset);
        assert_int_equal(a->spans[i].length, b->spans[i].length);
    }
    assert_true(vl_bytes_equal(a->value, b->value));
    if (a->opcode == VL_OP_SEQUENCE_INSERT || a->opcode == VL_OP_LIST_INSERT) {
        assert_place(&a->left, &b->left);
        assert_place(&a->right, &b->right);
    }
}

/* One of each kind, with dots of other entries and of its own, in two records. */
static size_t all_kinds(struct vl_operation ops[static 7])
{
    static struct vl_dot dots[3];
    static struct vl_span spans[2];
    dots[0] = dot_of(0, 0); /* the entry itself */
    dots[1] = dot_of(3, 2047);
    dots[2] = dot_of(7, 1);
    spans[0] = (struct vl_span){dots[2], 3, 4};
    spans[1] = (struct vl_span){dots[1], 0, UINT32_MAX};
    for (size_t i = 0; i < 7; i++)
        ops[i] = (struct vl_operation){.type = 4, .field = (uint32_t)i};
    ops[0].opcode = VL_OP_SET_ADD;
    ops[0].value = vl_bytes_text("element");
    ops[1].opcode = VL_OP_SET_REMOVE;
    ops[1].value = ops[0].value;
    ops[1].dots = dots;
    ops[1].dot_count = 3;
    ops[2].opcode = VL_OP_REGISTER_SET;
    ops[2].dots = dots + 1;
    ops[2].dot_count = 2;
    ops[3].opcode = VL_OP_SEQUENCE_INSERT;
    ops[3].left = (struct vl_place){false, dots[1], 5};
    ops[3].right.is_end = true;
    ops[3].value = vl_bytes_text("é\n\t🌿");
    ops[4].opcode = VL_OP_SEQUENCE_DELETE;
    ops[4].spans = spans;
    ops[4].span_count = 2;
    ops[5].opcode = VL_OP_LIST_INSERT;
    ops[5].left.is_end = true;
    ops[5].right = (struct vl_place){false, dots[0], 0};
    ops[6].opcode = VL_OP_LIST_DELETE;
    ops[6].type = 0xffff;
    ops[6].spans = spans;
    ops[6].span_count = 1;
    return 7;
}

static void test_comes_back_as_encoded(void **state)
{
    struct vl_operation ops[7];
    struct vl_buffer body = {0}, again = {0};
    struct vl_body decoded;
    size_t count = all_kinds(ops);
    (void)state;
    assert_int_equal(encode(ops, count, &body), VL_OK);
    assert_int_equal(vl_body_decode(vl_buffer_view(&body), &self, &decoded), VL_OK);
    assert_int_equal(decoded.count, count);
    for (size_t i = 0; i < count; i++)
        assert_operation(&decoded.operations[i], &ops[i]);
    assert_int_equal(encode(decoded.operations, decoded.count, &again), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&body), vl_buffer_view(&again)));
    vl_body_finish(&decoded);
    vl_body_finish(NULL);
    struct vl_dot me = dot_of(9, 0);
    assert_int_equal(vl_body_decode(vl_buffer_view(&body), &me.entry, &decoded), VL_OK);
    assert_int_equal(vl_dot_compare(&decoded.operations[1].dots[0], &me), 0);
    vl_body_finish(&decoded);
    vl_buffer_finish(&body);
    vl_buffer_finish(&again);
}

/* The bytes of one small body, written down by hand from the table in operation.h. */
static void test_bytes_of_a_body(void **state)
{
    static const uint8_t expected[] = {1, 0, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0,
                                       0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 3, 1, 'o', 'k'};
    struct vl_operation op = {.type = 4, .field = 1, .value = {(const uint8_t *)"\1ok", 3}};
    struct vl_buffer body = {0};
    (void)state;
    assert_int_equal(encode(&op, 1, &body), VL_OK);
    assert_int_equal(body.size, sizeof expected);
    assert_memory_equal(body.data, expected, sizeof expected);
    vl_buffer_finish(&body);
}

static void test_what_encoding_refuses(void **state)
{
    struct vl_dot dots[2] = {dot_of(3, 1), dot_of(3, 1)}, own = dot_of(0, 0);
    struct vl_span span = {dot_of(3, 1), 0, 0};
    struct vl_operation op = {.dots = dots, .dot_count = 2};
    struct vl_buffer body = {0};
    (void)state;
    assert_int_equal(encode(&op, 0, &body), VL_ERR_INVALID);
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID); /* the same dot twice */
    dots[1] = dot_of(2, 0);
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID); /* not sorted */
    op = (struct vl_operation){.dots = &own, .dot_count = 1};
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID); /* itself */
    op = (struct vl_operation){.opcode = VL_OP_SET_REMOVE};
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID);
    op = (struct vl_operation){.opcode = VL_OP_SEQUENCE_DELETE, .spans = &span, .span_count = 1};
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID); /* of no unit */
    span.length = UINT32_MAX;
    assert_int_equal(encode(&op, 1, &body), VL_OK);
    span.offset = 1;
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID); /* past the last number */
    op = (struct vl_operation){.opcode = VL_OPCODE_COUNT};
    assert_int_equal(encode(&op, 1, &body), VL_ERR_KIND);
    op = (struct vl_operation){.field = 0x10000};
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID);
    op = (struct vl_operation){
        .opcode = VL_OP_SEQUENCE_INSERT, .left.is_end = true, .right.is_end = true};
    assert_int_equal(encode(&op, 1, &body), VL_ERR_INVALID); /* no unit */
    op.value = vl_bytes_text("a\xc3");
    assert_int_equal(encode(&op, 1, &body), VL_ERR_UTF8);
    op.value = vl_bytes_text("\xed\xa0\x80"); /* a surrogate */
    assert_int_equal(encode(&op, 1, &body), VL_ERR_UTF8);
    op.value = vl_bytes_text("\x1b");
    assert_int_equal(encode(&op, 1, &body), VL_ERR_UTF8);
    assert_int_equal(body.size, 0);
    vl_buffer_finish(&body);
}

static void check_count(size_t count, vl_result expected)
{
    struct vl_operation *ops = calloc(count, sizeof *ops);
    struct vl_buffer body = {0};
    struct vl_body decoded;
    assert_non_null(ops);
    assert_int_equal(encode(ops, count, &body), expected);
    if (expected == VL_OK) {
        assert_int_equal(vl_body_decode(vl_buffer_view(&body), &self, &decoded), VL_OK);
        assert_int_equal(decoded.count, count);
        vl_body_finish(&decoded);
    }
    vl_buffer_finish(&body);
    free(ops);
}

static void test_limits(void **state)
{
    static uint8_t value[VL_VALUE_BYTES_MAX + 1];
    struct vl_dot dots[VL_REFERENCES_MAX + 1];
    struct vl_operation op = {.value = {value, VL_VALUE_BYTES_MAX}};
    struct vl_operation ops[3] = {{.dots = dots, .dot_count = VL_DOTS_MAX},
                                  {.dots = dots + VL_DOTS_MAX, .dot_count = VL_DOTS_MAX},
                                  {.dots = dots + 2 * VL_DOTS_MAX, .dot_count = 1}};
    struct vl_buffer body = {0};
    struct vl_body decoded;
    (void)state;
    check_count(VL_OPERATIONS_MAX, VL_OK);
    check_count(VL_OPERATIONS_MAX + 1, VL_ERR_TOO_LARGE);
    assert_int_equal(encode(&op, 1, &body), VL_OK);
    assert_int_equal(vl_body_decode(vl_buffer_view(&body), &self, &decoded), VL_OK);
    vl_body_finish(&decoded);
    op.value.size++;
    assert_int_equal(encode(&op, 1, &body), VL_ERR_TOO_LARGE);
    assert_int_equal(2 * VL_DOTS_MAX, VL_REFERENCES_MAX);
    for (uint32_t i = 0; i <= VL_REFERENCES_MAX; i++) {
        dots[i] = dot_of(1, 0);
        dots[i].entry.bytes[0] = (uint8_t)(i >> 8);
        dots[i].entry.bytes[1] = (uint8_t)i;
    }
    assert_int_equal(encode(ops, 2, &body), VL_OK);
    assert_int_equal(vl_body_decode(vl_buffer_view(&body), &self, &decoded), VL_OK);
    vl_body_finish(&decoded);
    assert_int_equal(encode(ops, 3, &body), VL_ERR_TOO_LARGE);
    ops[0].dot_count++;
    assert_int_equal(encode(ops, 1, &body), VL_ERR_TOO_LARGE);
    vl_buffer_finish(&body);
}

static vl_result decode(const uint8_t *bytes, size_t size)
{
    struct vl_body decoded;
    vl_result result = vl_body_decode(vl_bytes(bytes, size), &self, &decoded);
    vl_body_finish(&decoded);
    return result;
}

/* Whatever one byte or cut does: refused, or the one encoding of something else. */
static void test_every_cut_and_change(void **state)
{
    struct vl_operation ops[7];
    struct vl_buffer body = {0}, again = {0};
    struct vl_body decoded;
    size_t accepted = 0;
    (void)state;
    assert_int_equal(encode(ops, all_kinds(ops), &body), VL_OK);
    for (size_t size = 0; size < body.size; size++)
        assert_int_not_equal(decode(body.data, size), VL_OK);
    assert_int_equal(vl_buffer_append(&body, "", 1), VL_OK);
    assert_int_equal(decode(body.data, body.size), VL_ERR_TRAILING);
    body.size--;
    for (size_t at = 0; at < body.size; at++)
        for (int change = 1; change < 256; change += (int)test_scale(1, 23)) {
            body.data[at] ^= (uint8_t)change;
            if (vl_body_decode(vl_buffer_view(&body), &self, &decoded) == VL_OK) {
                accepted++;
                assert_int_equal(encode(decoded.operations, decoded.count, &again), VL_OK);
                assert_true(vl_bytes_equal(vl_buffer_view(&body), vl_buffer_view(&again)));
                vl_body_finish(&decoded);
            }
            body.data[at] ^= (uint8_t)change;
        }
    assert_true(accepted > 100);
    vl_buffer_finish(&body);
    vl_buffer_finish(&again);
}

static void test_what_decoding_refuses(void **state)
{
    /* version, references, groups, type, record, operations, field, opcode, ... */
    uint8_t body[64] = {1, 0, 1, 4};
    (void)state;
    body[20] = 1; /* one operation */
    body[21] = 1; /* field; then REGISTER_SET, no dots, an empty value */
    assert_int_equal(decode(body, 25), VL_OK);
    body[0] = 2;
    assert_int_equal(decode(body, 25), VL_ERR_VERSION);
    body[0] = 1;
    body[22] = VL_OPCODE_COUNT;
    assert_int_equal(decode(body, 25), VL_ERR_KIND);
    body[22] = 0;
    body[2] = 0;
    assert_int_equal(decode(body, 3), VL_ERR_INVALID); /* no group */
    body[2] = 2;
    memcpy(body + 25, body + 3, 22); /* the same record in the next group */
    assert_int_equal(decode(body, 47), VL_ERR_NOT_CANONICAL);
    uint8_t unused[64] = {1, 1, [2] = 9, [34] = 1, [35] = 4, [52] = 1, [53] = 1};
    assert_int_equal(decode(unused, 57), VL_ERR_NOT_CANONICAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back_as_encoded), cmocka_unit_test(test_bytes_of_a_body),
        cmocka_unit_test(test_what_encoding_refuses), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_cut_and_change),  cmocka_unit_test(test_what_decoding_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
