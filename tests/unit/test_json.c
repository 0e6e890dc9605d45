/* JSON bodies: decoded once by a table, everything else refused with the field's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"

struct sample {
    const char *name, *note;
    int64_t count;
    bool flag;
    struct json_texts list;
};
static const struct json_field fields[] = {
    {"name", JSON_KIND_TEXT, offsetof(struct sample, name), true, 5},
    {"note", JSON_KIND_TEXT, offsetof(struct sample, note), false, 100},
    {"count", JSON_KIND_NUMBER, offsetof(struct sample, count), false, 10},
    {"flag", JSON_KIND_FLAG, offsetof(struct sample, flag), false, 0},
    {"list", JSON_KIND_TEXTS, offsetof(struct sample, list), false, 3},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static vl_result decode(const char *text, struct sample *out, struct json_problem *problem)
{
    struct json *body = NULL;
    *out = (struct sample){0};
    *problem = (struct json_problem){0};
    vl_result result = json_parse(vl_bytes_text(text), &body);
    if (result == VL_OK) result = json_decode(body, fields, FIELDS, out, problem);
    /* The views die with the document; what is compared afterwards is copied before. */
    static char name[64];
    if (result == VL_OK && out->name != NULL) {
        snprintf(name, sizeof name, "%s", out->name);
        out->name = name;
    }
    static char field[64];
    if (problem->field != NULL) {
        snprintf(field, sizeof field, "%s", problem->field);
        problem->field = field;
    }
    json_destroy(body);
    return result;
}

static void test_a_body_fills_its_struct(void **state)
{
    (void)state;
    struct sample s;
    struct json_problem problem;
    assert_int_equal(decode("{\"name\":\"In\\u00e8s\",\"count\":10,\"flag\":true,"
                            "\"list\":[\"a\",\"bcd\"]} \n",
                            &s, &problem),
                     VL_OK);
    assert_string_equal(s.name, "In\xc3\xa8s");
    assert_null(s.note);
    assert_int_equal(s.count, 10);
    assert_true(s.flag);
    assert_true(s.list.given);
    assert_int_equal(s.list.count, 2);
    json_decode_finish(fields, FIELDS, &s);

    assert_int_equal(decode("{\"name\":\"\",\"list\":[]}", &s, &problem), VL_OK);
    assert_true(s.list.given && s.list.count == 0 && s.list.items == NULL);
    assert_false(s.flag);
    json_decode_finish(fields, FIELDS, &s);
}

static void test_anything_else_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        vl_result result;
        const char *field;
    } cases[] = {
        {"{}", VL_ERR_INVALID, "name"},
        {"{\"name\":null}", VL_ERR_INVALID, "name"},
        {"{\"name\":5}", VL_ERR_INVALID, "name"},
        {"{\"name\":\"abcdef\"}", VL_ERR_TOO_LARGE, "name"},
        {"{\"name\":\"a\",\"nmae\":\"b\"}", VL_ERR_INVALID, "nmae"},
        {"{\"name\":\"a\",\"name\":\"b\"}", VL_ERR_INVALID, "name"},
        {"{\"name\":\"a\",\"count\":11}", VL_ERR_INVALID, "count"},
        {"{\"name\":\"a\",\"count\":-1}", VL_ERR_INVALID, "count"},
        {"{\"name\":\"a\",\"count\":1.5}", VL_ERR_INVALID, "count"},
        {"{\"name\":\"a\",\"count\":1e300}", VL_ERR_INVALID, "count"},
        {"{\"name\":\"a\",\"count\":\"1\"}", VL_ERR_INVALID, "count"},
        {"{\"name\":\"a\",\"flag\":1}", VL_ERR_INVALID, "flag"},
        {"{\"name\":\"a\",\"list\":\"b\"}", VL_ERR_INVALID, "list"},
        {"{\"name\":\"a\",\"list\":[\"b\",3]}", VL_ERR_INVALID, "list"},
        {"{\"name\":\"a\",\"list\":[\"bcde\"]}", VL_ERR_TOO_LARGE, "list"},
        {"[]", VL_ERR_INVALID, NULL},
        {"\"name\"", VL_ERR_INVALID, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample s;
        struct json_problem problem;
        assert_int_equal(decode(cases[i].text, &s, &problem), cases[i].result);
        assert_non_null(problem.message);
        if (cases[i].field == NULL) {
            assert_null(problem.field);
        } else {
            assert_string_equal(problem.field, cases[i].field);
        }
        json_decode_finish(fields, FIELDS, &s);
    }
}

static void test_what_is_not_one_document(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",      "{",           "{\"name\":\"a\"", "{\"name\":\"a\"}x",
        "{} {}", "{name:\"\"}", "\"\\u0000\"",     "{\"a\\u0000\":1}",
        "nul",
    };
    struct json *document;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(json_parse(vl_bytes_text(cases[i]), &document), VL_ERR_INVALID);
    }
    assert_int_equal(json_parse(vl_bytes("{}\0", 3), &document), VL_ERR_INVALID);
    /* An escaped backslash before u0000 is no zero. */
    assert_int_equal(json_parse(vl_bytes_text("\"\\\\u0000\""), &document), VL_OK);
    json_destroy(document);

    char deep[4002];
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    deep[4000] = 0;
    assert_int_equal(json_parse(vl_bytes_text(deep), &document), VL_ERR_INVALID);
    json_destroy(NULL);
}

static void test_a_list_at_its_limit_and_one_past(void **state)
{
    (void)state;
    char text[4 * (JSON_TEXTS_MAX + 2) + 64];
    for (size_t count = JSON_TEXTS_MAX; count <= JSON_TEXTS_MAX + 1; count++) {
        struct sample s;
        struct json_problem problem;
        size_t at = (size_t)snprintf(text, sizeof text, "{\"name\":\"a\",\"list\":[");
        for (size_t i = 0; i < count; i++) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s\"b\"", i > 0 ? "," : "");
        }
        snprintf(text + at, sizeof text - at, "]}");
        assert_int_equal(decode(text, &s, &problem),
                         count == JSON_TEXTS_MAX ? VL_OK : VL_ERR_TOO_LARGE);
        json_decode_finish(fields, FIELDS, &s);
    }
}

static void test_what_is_written_is_read_back(void **state)
{
    (void)state;
    static const char text[] = "\"\\ \x01\x1f\x7f\n\t<b>\xc3\xa9\xf0\x9f\x94\xa5";
    struct vl_buffer bytes = {0};
    struct json_out o = json_out(&bytes);
    struct json *document;
    json_open(&o, '{');
    json_put_text(&o, "text", text);
    json_put_text(&o, "nothing", NULL);
    json_put_integer(&o, "number", -9007199254740991);
    json_put_flag(&o, "flag", true);
    json_key(&o, "list");
    json_open(&o, '[');
    json_write_integer(&o, 1);
    json_open(&o, '{');
    json_close(&o, '}');
    json_write_text(&o, "x");
    json_close(&o, ']');
    json_put_time(&o, "at", 1773340200000);
    json_put_time(&o, "before", -1);
    json_put_time(&o, "never", INT64_MAX);
    json_close(&o, '}');
    assert_int_equal(o.result, VL_OK);
    assert_int_equal(json_parse(vl_buffer_view(&bytes), &document), VL_OK);
    assert_string_equal(json_text(document, "text"), text);
    assert_string_equal(json_text(document, "nothing"), "");
    assert_true(json_integer(document, "number") == -9007199254740991);
    assert_true(json_flag(document, "flag"));
    assert_int_equal(json_count(json_member(document, "list")), 3);
    assert_string_equal(json_item_text(json_member(document, "list"), 2), "x");
    assert_string_equal(json_text(document, "at"), "2026-03-12T18:30:00Z");
    assert_string_equal(json_text(document, "before"), "1969-12-31T23:59:59Z");
    assert_string_equal(json_text(document, "never"), "");
    assert_int_equal(json_integer(document, "absent"), 0);
    assert_null(json_member(NULL, "absent"));
    json_destroy(document);
    vl_buffer_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_fills_its_struct),
        cmocka_unit_test(test_anything_else_is_refused_by_name),
        cmocka_unit_test(test_what_is_not_one_document),
        cmocka_unit_test(test_a_list_at_its_limit_and_one_past),
        cmocka_unit_test(test_what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
