/* Values: text in one normal form, numbers of one width, nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <veillee/value.h>

static struct vl_value text_value(const char *text)
{
    return (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
}

static vl_result encode_result(const struct vl_value *value)
{
    struct vl_buffer out = {0};
    vl_result result = vl_value_encode(value, &out);
    if (result != VL_OK) assert_int_equal(out.size, 0);
    vl_buffer_finish(&out);
    return result;
}

static vl_result decode_result(const void *bytes, size_t size)
{
    struct vl_value value;
    return vl_value_decode(vl_bytes(bytes, size), &value);
}

static void test_every_kind_round_trips(void **state)
{
    (void)state;
    struct vl_value values[] = {
        {.tag = VL_VALUE_NONE},
        text_value(""),
        text_value("Soir\xc3\xa9"
                   "e\n\tdeux"),
        {.tag = VL_VALUE_INTEGER, .integer = INT64_MIN},
        {.tag = VL_VALUE_BYTES, .bytes = vl_bytes("\x00\xff", 2)},
        {.tag = VL_VALUE_FLAG, .integer = 1},
        {.tag = VL_VALUE_REFERENCE, .type = 0xffff, .record = {{1, 2, 3}}},
        {.tag = VL_VALUE_TIME, .integer = -1},
        {.tag = VL_VALUE_PERSON, .person = {{9}}},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct vl_buffer out = {0};
        struct vl_value read;
        assert_int_equal(vl_buffer_append(&out, "kept", 4), VL_OK);
        assert_int_equal(vl_value_encode(&values[i], &out), VL_OK);
        assert_int_equal(out.data[4], values[i].tag);
        struct vl_bytes made = vl_bytes(out.data + 4, out.size - 4);
        assert_int_equal(vl_value_decode(made, &read), VL_OK);
        assert_int_equal(read.tag, values[i].tag);
        assert_true(vl_bytes_equal(read.bytes, values[i].bytes));
        assert_true(read.integer == values[i].integer && read.type == values[i].type);
        assert_memory_equal(read.record.bytes, values[i].record.bytes, 16);
        assert_true(vl_id_equal(&read.person, &values[i].person));

        bool has_end = read.tag != VL_VALUE_TEXT && read.tag != VL_VALUE_BYTES;
        for (size_t cut = 0; has_end && cut < made.size; cut++) {
            assert_int_equal(decode_result(made.data, cut), VL_ERR_TRUNCATED);
        }
        assert_int_equal(vl_buffer_append(&out, "", 1), VL_OK);
        if (has_end) {
            assert_int_equal(decode_result(out.data + 4, out.size - 4), VL_ERR_TRAILING);
        }
        vl_buffer_finish(&out);
    }
    assert_int_equal(decode_result("", 0), VL_ERR_TRUNCATED);
}

static void test_text_is_brought_to_nfc(void **state)
{
    (void)state;
    static const struct {
        const char *given, *nfc;
    } cases[] = {
        {"e\xcc\x81t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},      /* e + acute */
        {"\xe2\x84\xab", "\xc3\x85"},                     /* angstrom sign */
        {"\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80"},     /* Hangul jamo */
        {"a\xcc\xa3\xcc\x82", "\xe1\xba\xad"},            /* two marks */
        {"a\xcc\x82\xcc\xa3", "\xe1\xba\xad"},            /* in the other order */
        {"\xef\xac\x81", "\xef\xac\x81"},                 /* fi ligature: not NFKC */
        {"\xf0\x9f\x94\xa5 feu", "\xf0\x9f\x94\xa5 feu"}, /* an emoji */
        {"\xe2\x80\xae"
         "abc",
         "\xe2\x80\xae"
         "abc"}, /* shown as text, not judged here */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vl_value value = text_value(cases[i].given), read;
        struct vl_buffer out = {0};
        assert_int_equal(vl_value_encode(&value, &out), VL_OK);
        assert_int_equal(vl_value_decode(vl_buffer_view(&out), &read), VL_OK);
        assert_true(vl_bytes_equal(read.bytes, vl_bytes_text(cases[i].nfc)));

        if (strcmp(cases[i].given, cases[i].nfc) != 0) {
            uint8_t bytes[32] = {VL_VALUE_TEXT};
            memcpy(bytes + 1, cases[i].given, strlen(cases[i].given));
            assert_int_equal(decode_result(bytes, 1 + strlen(cases[i].given)),
                             VL_ERR_NOT_CANONICAL);
        }
        vl_buffer_finish(&out);
    }
}

static void test_what_is_no_text_is_refused(void **state)
{
    (void)state;
    static const struct {
        char bytes[8];
        size_t size;
    } cases[] = {
        {"\x80", 1},             /* a continuation alone */
        {"\xc3", 1},             /* cut */
        {"\xc0\x80", 2},         /* overlong */
        {"\xe0\x80\xaf", 3},     /* overlong */
        {"\xed\xa0\x80", 3},     /* surrogate */
        {"\xf4\x90\x80\x80", 4}, /* past U+10FFFF */
        {"\xff", 1},             /* never a byte of UTF-8 */
        {"a\0b", 3},             /* zero */
        {"a\r\n", 3},            /* carriage return */
        {"\x1b[2J", 4},          /* escape */
        {"\x7f", 1},             /* delete */
        {"\xc2\x85", 2},         /* C1 */
        {"\xc2\x9b", 2},         /* C1: control sequence introducer */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct vl_value value = {.tag = VL_VALUE_TEXT,
                                 .bytes = vl_bytes(cases[i].bytes, cases[i].size)};
        uint8_t bytes[16] = {VL_VALUE_TEXT};
        assert_int_equal(encode_result(&value), VL_ERR_UTF8);
        memcpy(bytes + 1, cases[i].bytes, cases[i].size);
        assert_int_equal(decode_result(bytes, 1 + cases[i].size), VL_ERR_UTF8);
    }
}

static void test_other_forms_are_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_result("\x08", 1), VL_ERR_KIND);
    assert_int_equal(decode_result("\xff", 1), VL_ERR_KIND);
    assert_int_equal(decode_result("\x04\x02", 2), VL_ERR_NOT_CANONICAL);
    struct vl_value value = {.tag = VL_VALUE_FLAG, .integer = 2};
    assert_int_equal(encode_result(&value), VL_ERR_INVALID);
    value.tag = VL_VALUE_TAG_COUNT;
    assert_int_equal(encode_result(&value), VL_ERR_KIND);

    static const uint8_t reference[] = {VL_VALUE_REFERENCE, 0x80, 0x80, 0x04, [19] = 0};
    assert_int_equal(decode_result(reference, sizeof reference), VL_ERR_TOO_LARGE);
    value = (struct vl_value){.tag = VL_VALUE_REFERENCE, .type = 0x10000};
    assert_int_equal(encode_result(&value), VL_ERR_TOO_LARGE);
}

static void test_the_limit(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(VL_VALUE_BYTES_MAX + 1);
    assert_non_null(bytes);
    memset(bytes, 'a', VL_VALUE_BYTES_MAX + 1);
    struct vl_value value = {.tag = VL_VALUE_TEXT,
                             .bytes = vl_bytes(bytes, VL_VALUE_BYTES_MAX - 1)};
    assert_int_equal(encode_result(&value), VL_OK);
    value.bytes.size++;
    assert_int_equal(encode_result(&value), VL_ERR_TOO_LARGE);
    value.tag = VL_VALUE_BYTES;
    assert_int_equal(encode_result(&value), VL_ERR_TOO_LARGE);
    value.bytes.size--;
    assert_int_equal(encode_result(&value), VL_OK);

    bytes[0] = VL_VALUE_TEXT;
    assert_int_equal(decode_result(bytes, VL_VALUE_BYTES_MAX), VL_OK);
    assert_int_equal(decode_result(bytes, VL_VALUE_BYTES_MAX + 1), VL_ERR_TOO_LARGE);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_round_trips),
        cmocka_unit_test(test_text_is_brought_to_nfc),
        cmocka_unit_test(test_what_is_no_text_is_refused),
        cmocka_unit_test(test_other_forms_are_refused),
        cmocka_unit_test(test_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
