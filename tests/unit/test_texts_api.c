/* Formats, the handbook, numbers and the proposed agreement through the routes, with the vault
 * closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/request.h"
#include "circle/formats.h"

static struct head {
    const char *lang, *accept;
} head;

static const char *query(void *context, const char *name)
{
    const struct head *asked = context;
    return strcmp(name, "lang") == 0 ? asked->lang : NULL;
}

static const char *header(void *context, const char *name)
{
    const struct head *asked = context;
    return strcmp(name, "Accept-Language") == 0 ? asked->accept : NULL;
}

/* GET /api/v1/PATH of a node that is locked. */
static struct json *get(const char *path, const char *lang, const char *accept, unsigned status)
{
    struct api api = {0};
    struct vl_buffer answer = {0};
    const struct caller caller = {.query = query, .header = header, .context = &head};
    char whole[128];
    struct json *json;
    head = (struct head){lang, accept};
    snprintf(whole, sizeof whole, "/api/v1/%s", path);
    unsigned got = routes_answer(&api, "GET", whole, (struct vl_bytes){0}, &caller, &answer);
    if (got != status) fail_msg("%s: %u %.*s", path, got, (int)answer.size, answer.data);
    assert_int_equal(json_parse(vl_buffer_view(&answer), &json), VL_OK);
    vl_buffer_finish(&answer);
    return json;
}

static void test_formats_in_both_languages(void **state)
{
    struct json *fr = get("formats", "fr", "en", 200), *en = get("formats", NULL, "en", 200);
    const struct json *formats = json_member(fr, "formats");
    (void)state;
    assert_string_equal(json_text(fr, "language"), "fr"); /* ?lang= is stronger */
    assert_string_equal(json_text(en, "language"), "en");
    assert_int_equal(json_count(formats), 6);
    for (size_t i = 0; i < 6; i++) {
        const struct json *format = json_item(formats, i);
        char path[64];
        snprintf(path, sizeof path, "formats/%s", json_text(format, "id"));
        struct json *whole = get(path, NULL, "fr-FR, en;q=0.5", 200);
        const struct json *parts = json_member(whole, "parts");
        assert_string_equal(json_text(whole, "name"), json_text(format, "name"));
        assert_int_equal(json_count(parts), json_count(json_member(format, "parts")));
        int64_t sum = 0;
        for (size_t k = 0; k < json_count(parts); k++) {
            const struct json *part = json_item(parts, k);
            assert_true(json_text(part, "script")[0] != '\0');
            assert_true(json_text(part, "title")[0] != '\0');
            sum += json_integer(part, "minutes");
        }
        assert_int_equal(sum, json_integer(whole, "minutes"));
        assert_string_equal(json_text(json_item(parts, 0), "kind"), "reading");
        assert_string_equal(json_text(json_item(parts, json_count(parts) - 1), "kind"), "closing");
        json_destroy(whole);
    }
    json_destroy(fr);
    json_destroy(en);
}

static void test_handbook(void **state)
{
    struct json *book = get("handbook", "fr", NULL, 200);
    const struct json *chapters = json_member(book, "chapters");
    (void)state;
    assert_int_equal(json_count(chapters), 11);
    for (size_t i = 0; i < json_count(chapters); i++) {
        const struct json *chapter = json_item(chapters, i);
        char path[64];
        snprintf(path, sizeof path, "handbook/%s", json_text(chapter, "id"));
        struct json *whole = get(path, "fr", NULL, 200);
        assert_string_equal(json_text(whole, "title"), json_text(chapter, "title"));
        assert_string_equal(json_text(whole, "summary"), json_text(chapter, "summary"));
        assert_true(json_count(json_member(whole, "sections")) >= 2);
        json_destroy(whole);
    }
    json_destroy(book);
}

static void test_numbers_and_agreement(void **state)
{
    struct json *numbers = get("numbers", "en", NULL, 200);
    struct json *fr = get("agreement", "fr", NULL, 200), *en = get("agreement", NULL, NULL, 200);
    (void)state;
    assert_int_equal(json_count(json_member(numbers, "numbers")), 9);
    const struct json *first = json_item(json_member(numbers, "numbers"), 0);
    assert_string_equal(json_text(first, "country"), "FR");
    assert_int_equal(strlen(json_text(first, "verified")), 7);
    assert_true(json_text(first, "source")[0] != '\0');
    assert_non_null(strstr(json_text(fr, "text"), "reste ici"));
    assert_non_null(strstr(json_text(en, "text"), "stays here"));
    json_destroy(numbers);
    json_destroy(fr);
    json_destroy(en);
}

static void test_what_is_not_there(void **state)
{
    static const struct {
        const char *path, *lang, *field;
        unsigned status;
    } cases[] = {
        {"formats/dance", "fr", "format", 404}, {"formats/1-talking-circle", "fr", "format", 404},
        {"formats/..", "fr", "format", 404},    {"handbook/nothing", "fr", "chapter", 404},
        {"formats", "de", "lang", 400},         {"numbers", "", "lang", 400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json *json = get(cases[i].path, cases[i].lang, NULL, cases[i].status);
        assert_string_equal(json_text(json, "field"), cases[i].field);
        assert_true(json_text(json, "message")[0] != '\0');
        json_destroy(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats_in_both_languages),
        cmocka_unit_test(test_handbook),
        cmocka_unit_test(test_numbers_and_agreement),
        cmocka_unit_test(test_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
