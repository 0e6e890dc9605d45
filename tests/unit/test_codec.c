/* The canonical encoding: what is written is read back, and nothing else is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <veillee/codec.h>

static void test_integers_are_little_endian(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f,
                                       0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0xfe,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct vl_buffer out = {0};
    struct vl_writer w = vl_writer(&out, 100);
    vl_write_u8(&w, 0x01);
    vl_write_u16(&w, 0x0203);
    vl_write_u32(&w, 0x04050607);
    vl_write_u64(&w, 0x08090a0b0c0d0e0f);
    vl_write_i64(&w, -2);
    assert_int_equal(vl_writer_result(&w), VL_OK);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);

    struct vl_reader r = vl_reader(vl_buffer_view(&out));
    assert_int_equal(vl_read_u8(&r), 0x01);
    assert_int_equal(vl_read_u16(&r), 0x0203);
    assert_int_equal(vl_read_u32(&r), 0x04050607);
    assert_true(vl_read_u64(&r) == 0x08090a0b0c0d0e0f);
    assert_true(vl_read_i64(&r) == -2);
    assert_int_equal(vl_reader_left(&r), 0);
    assert_int_equal(vl_reader_end(&r), VL_OK);
    vl_buffer_finish(&out);
}

static void test_varints_have_one_form(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        uint8_t bytes[10];
        size_t size;
    } cases[] = {
        {0, {0x00}, 1},
        {1, {0x01}, 1},
        {127, {0x7f}, 1},
        {128, {0x80, 0x01}, 2},
        {300, {0xac, 0x02}, 2},
        {16383, {0xff, 0x7f}, 2},
        {16384, {0x80, 0x80, 0x01}, 3},
        {UINT64_MAX, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vl_buffer out = {0};
        struct vl_writer w = vl_writer(&out, 10);
        vl_write_varint(&w, cases[i].value);
        assert_int_equal(vl_writer_result(&w), VL_OK);
        assert_int_equal(out.size, cases[i].size);
        assert_memory_equal(out.data, cases[i].bytes, out.size);

        struct vl_reader r = vl_reader(vl_buffer_view(&out));
        assert_true(vl_read_varint(&r, UINT64_MAX) == cases[i].value);
        assert_int_equal(vl_reader_end(&r), VL_OK);

        for (size_t cut = 0; cut < out.size; cut++) {
            r = vl_reader(vl_bytes(out.data, cut));
            assert_true(vl_read_varint(&r, UINT64_MAX) == 0);
            assert_int_equal(vl_reader_end(&r), VL_ERR_TRUNCATED);
        }
        if (cases[i].value > 0) {
            r = vl_reader(vl_buffer_view(&out));
            assert_true(vl_read_varint(&r, cases[i].value - 1) == 0);
            assert_int_equal(vl_reader_end(&r), VL_ERR_TOO_LARGE);
        }
        vl_buffer_finish(&out);
    }
}

static void test_other_varints_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[11];
        size_t size;
    } cases[] = {
        {{0x80, 0x00}, 2},                                                        /* 0 */
        {{0xff, 0x00}, 2},                                                        /* 127 */
        {{0x81, 0x80, 0x00}, 3},                                                  /* 1 */
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10},       /* 2^64 */
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00}, 11}, /* 11 bytes */
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vl_reader r = vl_reader(vl_bytes(cases[i].bytes, cases[i].size));
        assert_true(vl_read_varint(&r, UINT64_MAX) == 0);
        assert_int_equal(vl_reader_end(&r), VL_ERR_NOT_CANONICAL);
    }
}

static void test_strings(void **state)
{
    (void)state;
    struct vl_buffer out = {0};
    struct vl_writer w = vl_writer(&out, 100);
    vl_write_string(&w, vl_bytes_text("tulipe"));
    vl_write_string(&w, vl_bytes(NULL, 0));
    assert_int_equal(vl_writer_result(&w), VL_OK);
    assert_int_equal(out.size, 8);

    struct vl_reader r = vl_reader(vl_buffer_view(&out));
    assert_true(vl_bytes_equal(vl_read_string(&r, 6), vl_bytes_text("tulipe")));
    assert_int_equal(vl_read_string(&r, 0).size, 0);
    assert_int_equal(vl_reader_end(&r), VL_OK);

    r = vl_reader(vl_buffer_view(&out));
    assert_int_equal(vl_read_string(&r, 5).size, 0);
    assert_int_equal(vl_reader_end(&r), VL_ERR_TOO_LARGE);

    r = vl_reader(vl_bytes(out.data, 6));
    assert_int_equal(vl_read_string(&r, 6).size, 0);
    assert_int_equal(vl_reader_end(&r), VL_ERR_TRUNCATED);
    vl_buffer_finish(&out);
}

static void test_a_reader_keeps_its_first_error(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct vl_reader r = vl_reader(vl_bytes(bytes, sizeof bytes));
    assert_int_equal(vl_read_u32(&r), 0);
    assert_int_equal(r.result, VL_ERR_TRUNCATED);
    assert_int_equal(vl_read_u8(&r), 0); /* there would be a byte, but it is not looked at */
    uint8_t copy[2] = {9, 9};
    vl_read_exact(&r, copy, sizeof copy);
    assert_int_equal(copy[0] | copy[1], 0);
    assert_null(vl_read_view(&r, 1).data);
    vl_reader_fail(&r, VL_ERR_KIND);
    assert_int_equal(vl_reader_left(&r), 0);
    assert_int_equal(vl_reader_end(&r), VL_ERR_TRUNCATED);

    r = vl_reader(vl_bytes(bytes, sizeof bytes));
    vl_reader_fail(&r, VL_ERR_KIND);
    assert_int_equal(vl_reader_end(&r), VL_ERR_KIND);

    r = vl_reader(vl_bytes(bytes, sizeof bytes));
    assert_int_equal(vl_read_u16(&r), 0x0201);
    assert_int_equal(vl_reader_left(&r), 1);
    assert_int_equal(vl_reader_end(&r), VL_ERR_TRAILING);

    r = vl_reader(vl_bytes(NULL, 0));
    assert_int_equal(vl_reader_end(&r), VL_OK);
    assert_int_equal(vl_read_view(&r, SIZE_MAX).size, 0);
    assert_int_equal(vl_reader_end(&r), VL_ERR_TRUNCATED);
}

static void test_nothing_is_read_from_nothing(void **state)
{
    (void)state;
    uint8_t none[1] = {7};
    struct vl_reader r = vl_reader(vl_bytes(NULL, 0));
    vl_read_exact(&r, none, 0);
    assert_int_equal(none[0], 7);
    assert_int_equal(vl_reader_end(&r), VL_OK);
    assert_int_equal(vl_read_u8(&r), 0);
    assert_int_equal(vl_reader_end(&r), VL_ERR_TRUNCATED);
}

static void test_a_writer_stops_at_its_limit(void **state)
{
    (void)state;
    struct vl_buffer out = {0};
    assert_int_equal(vl_buffer_append(&out, "ab", 2), VL_OK);
    struct vl_writer w = vl_writer(&out, 6);
    vl_write_u32(&w, 1); /* exactly to the limit */
    assert_int_equal(vl_writer_result(&w), VL_OK);
    vl_write_u8(&w, 1);
    assert_int_equal(vl_writer_result(&w), VL_ERR_TOO_LARGE);
    assert_int_equal(out.size, 6);
    vl_write_exact(&w, "", 0);
    assert_int_equal(vl_writer_result(&w), VL_ERR_TOO_LARGE);

    w = vl_writer(&out, 1); /* already over */
    vl_write_u8(&w, 1);
    assert_int_equal(vl_writer_result(&w), VL_ERR_TOO_LARGE);
    assert_int_equal(out.size, 6);
    vl_buffer_finish(&out);
}

static void test_buffers(void **state)
{
    (void)state;
    struct vl_buffer b = {0};
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_int_equal(vl_buffer_append(&b, &byte, 1), VL_OK);
    }
    assert_int_equal(b.size, 1000);
    vl_buffer_consume(&b, 990);
    assert_int_equal(b.size, 10);
    assert_int_equal(b.data[0], (uint8_t)990);
    assert_int_equal(b.data[9], (uint8_t)999);
    assert_int_equal(vl_buffer_reserve(&b, SIZE_MAX), VL_ERR_NO_MEMORY);
    assert_int_equal(vl_buffer_reserve(&b, SIZE_MAX / 2), VL_ERR_NO_MEMORY);
    assert_int_equal(b.size, 10);
    vl_buffer_consume(&b, 11);
    assert_int_equal(b.size, 0);
    assert_int_equal(vl_buffer_append(&b, "x", 1), VL_OK);
    vl_buffer_clear(&b);
    assert_int_equal(b.size, 0);
    assert_non_null(b.data);
    vl_buffer_wipe(&b);
    assert_null(b.data);
    vl_buffer_finish(&b);
    vl_buffer_finish(NULL);
    vl_buffer_wipe(NULL);
}

static void test_order_of_bytes(void **state)
{
    (void)state;
    assert_int_equal(vl_bytes_compare(vl_bytes_text("a"), vl_bytes_text("ab")), -1);
    assert_int_equal(vl_bytes_compare(vl_bytes_text("b"), vl_bytes_text("ab")), 1);
    assert_int_equal(vl_bytes_compare(vl_bytes_text("ab"), vl_bytes_text("ab")), 0);
    assert_int_equal(vl_bytes_compare(vl_bytes_text("\x80"), vl_bytes_text("\x7f")), 1);
    assert_int_equal(vl_bytes_compare(vl_bytes(NULL, 0), vl_bytes_text("")), 0);
    assert_true(vl_bytes_equal(vl_bytes(NULL, 0), vl_bytes_text("")));
    assert_false(vl_bytes_equal(vl_bytes_text("a"), vl_bytes_text("b")));
}

static void test_results_have_names_and_sentences(void **state)
{
    (void)state;
    assert_int_equal(VL_OK, 0);
    assert_string_equal(vl_result_name(VL_ERR_NOT_CANONICAL), "NOT_CANONICAL");
    assert_string_equal(vl_result_name(VL_RESULT_COUNT), "UNKNOWN");
    assert_string_equal(vl_result_name((vl_result)-1), "UNKNOWN");
    for (unsigned i = 0; i < VL_RESULT_COUNT; i++) {
        const char *sentence = vl_result_message((vl_result)i);
        assert_true(strlen(sentence) > 0);
        assert_true(sentence[strlen(sentence) - 1] != '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_little_endian),
        cmocka_unit_test(test_varints_have_one_form),
        cmocka_unit_test(test_other_varints_are_refused),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_a_reader_keeps_its_first_error),
        cmocka_unit_test(test_nothing_is_read_from_nothing),
        cmocka_unit_test(test_a_writer_stops_at_its_limit),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_order_of_bytes),
        cmocka_unit_test(test_results_have_names_and_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
