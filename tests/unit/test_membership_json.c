/* The JSON form of histories: the kept histories give their kept answers, and what is no history is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>

#include "api/json_membership.h"

#define HISTORIES VEILLEE_SOURCE "/tests/model/histories/"

static void read_file(const char *name, struct vl_buffer *out)
{
    char path[1024], part[4096];
    size_t size;
    snprintf(path, sizeof path, HISTORIES "%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("cannot read %s", path);
    vl_buffer_clear(out);
    while ((size = fread(part, 1, sizeof part, file)) > 0)
        assert_int_equal(vl_buffer_append(out, part, size), VL_OK);
    fclose(file);
}

static void test_kept_histories(void **state)
{
    (void)state;
    struct vl_buffer history = {0}, wanted = {0}, line = {0};
    size_t checked = 0;
    DIR *folder = opendir(HISTORIES);
    assert_non_null(folder);
    for (struct dirent *each; (each = readdir(folder)) != NULL;) {
        char name[300];
        char *dot = strrchr(each->d_name, '.');
        if (dot == NULL || strcmp(dot, ".json") != 0) continue;
        snprintf(name, sizeof name, "%.*s.expected", (int)(dot - each->d_name), each->d_name);
        read_file(each->d_name, &history);
        read_file(name, &wanted);
        vl_buffer_clear(&line);
        assert_int_equal(membership_json_state(vl_buffer_view(&history), &line), VL_OK);
        assert_int_equal(vl_buffer_append(&line, "\n", 1), VL_OK);
        if (!vl_bytes_equal(vl_buffer_view(&line), vl_buffer_view(&wanted)))
            fail_msg("%s gives %.*s", each->d_name, (int)line.size, (const char *)line.data);
        checked++;
    }
    closedir(folder);
    assert_true(checked >= 10);
    vl_buffer_finish(&history);
    vl_buffer_finish(&wanted);
    vl_buffer_finish(&line);
}

static void assert_answer(const char *history, const char *wanted)
{
    struct vl_buffer line = {0};
    assert_int_equal(membership_json_state(vl_bytes_text(history), &line), VL_OK);
    if (!vl_bytes_equal(vl_buffer_view(&line), vl_bytes_text(wanted)))
        fail_msg("%.*s", (int)line.size, (const char *)line.data);
    vl_buffer_finish(&line);
}

#define FOUND "{\"id\":\"f\",\"kind\":\"found\",\"by\":\"a.1\"}"

static void test_escapes_and_bytes(void **state)
{
    (void)state;
    assert_answer("{\"ops\":[" FOUND ",{\"id\":\"q\\\"\\\\\\n\\u0001\\u00e9\",\"kind\":\"leave\","
                  "\"by\":\"z.1\",\"links\":[\"f\"]}]}",
                  "{\"confirmed\":[\"a\"],\"content\":[],\"devices\":{\"a\":[\"a.1\"]},"
                  "\"ends\":[],\"persons\":{\"a\":\"facilitator\"},"
                  "\"unauthorised\":[\"q\\\"\\\\\\n\\u0001\xc3\xa9\"],\"void\":[],"
                  "\"write_epoch\":{\"a.1\":null}}");
}

static void test_missing_links_and_nulls(void **state)
{
    (void)state;
    assert_answer("{\"ops\":[{\"id\":\"2\",\"kind\":\"leave\",\"by\":\"a.1\",\"links\":[\"1\"]},"
                  "{\"id\":\"1\",\"kind\":\"leave\",\"by\":\"a.1\",\"links\":[\"0\"],"
                  "\"keys\":null,\"cites\":null,\"target\":null}," FOUND "],\"content\":null}",
                  "{\"confirmed\":[\"a\"],\"content\":[],\"devices\":{\"a\":[\"a.1\"]},"
                  "\"ends\":[],\"persons\":{\"a\":\"facilitator\"},\"unauthorised\":[],"
                  "\"void\":[],\"write_epoch\":{\"a.1\":null}}");
}

static void test_what_is_no_history(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "[]",
        "{}",
        "{\"ops\":[]}",
        "{\"ops\":{}}",
        "{\"ops\":[1]}",
        "{\"ops\":[" FOUND "],\"content\":[1]}",
        "{\"ops\":[" FOUND "," FOUND "]}",
        "{\"ops\":[" FOUND "],\"content\":[{\"id\":\"f\",\"by\":\"a.1\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"found\",\"by\":\"b.1\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"dance\",\"by\":\"a.1\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"tombstone\",\"by\":\"a.1\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":7,\"by\":\"a.1\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"leave\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"\",\"kind\":\"leave\",\"by\":\"a.1\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"leave\",\"by\":\"a.1\",\"links\":\"f\"}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"leave\",\"by\":\"a.1\",\"links\":[1]}]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"add\",\"by\":\"a.1\",\"target\":[]}]}",
        "{\"ops\":[" FOUND "],\"ops\":[" FOUND "]}",
        "{\"ops\":[" FOUND ",{\"id\":\"g\",\"kind\":\"leave\",\"by\":\"a.1\",\"by\":\"b.1\"}]}",
        "{\"ops\":[" FOUND "],\"content\":[{\"id\":\"c\",\"by\":\"a.1\",\"id\":\"d\"}]}",
        "{\"ops\":[" FOUND "]} x",
        "{\"ops\":[" FOUND "]}{\"ops\":[" FOUND "]}",
        "{\"ops\":[{\"id\":\"f\\u0000\",\"kind\":\"found\",\"by\":\"a.1\"}]}",
        "{\"ops\":[{\"id\":\"\xff\xfe\",\"kind\":\"found\",\"by\":\"a.1\"}]}",
        "{\"ops\":[{\"id\":\"f\",\"kind\":\"found\",\"by\":\"a.1\",\"target\":\"\"}]}",
        "{\"ops\":[{\"id\":\"f\",\"kind\":\"found\",\"by\":\"a.1\",\"target\":\"b.1\"}]}",
    };
    struct vl_buffer line = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        vl_result result = membership_json_state(vl_bytes_text(wrong[i]), &line);
        if (result != VL_ERR_INVALID) fail_msg("%s: %s", wrong[i], vl_result_name(result));
    }
    uint8_t *large = calloc(1, MEMBERSHIP_JSON_BYTES_MAX + 1u);
    assert_non_null(large);
    memset(large, ' ', MEMBERSHIP_JSON_BYTES_MAX + 1u);
    assert_int_equal(membership_json_state(vl_bytes(large, MEMBERSHIP_JSON_BYTES_MAX + 1u), &line),
                     VL_ERR_TOO_LARGE);
    free(large);
    vl_buffer_finish(&line);
}

static void test_names_of_the_longest_size(void **state)
{
    (void)state;
    char history[512], name[66];
    struct vl_buffer line = {0};
    for (size_t size = 64; size <= 65; size++) {
        memset(name, 'n', size);
        name[size] = 0;
        snprintf(history, sizeof history,
                 "{\"ops\":[" FOUND ",{\"id\":\"%s\",\"kind\":\"leave\",\"by\":\"a.1\"}]}", name);
        assert_int_equal(membership_json_state(vl_bytes_text(history), &line),
                         size == 64 ? VL_OK : VL_ERR_INVALID);
    }
    vl_buffer_finish(&line);
}

/* An object has so many members, known or not, and no more. */
static void test_members_of_an_object(void **state)
{
    (void)state;
    for (int unknown = 63; unknown <= 64; unknown++) {
        struct vl_buffer text = {0}, line = {0};
        char name[16];
        assert_int_equal(vl_buffer_append(&text, "{", 1), VL_OK);
        for (int i = 0; i < unknown; i++) {
            const int size = snprintf(name, sizeof name, "\"x%d\":0,", i);
            assert_int_equal(vl_buffer_append(&text, name, (size_t)size), VL_OK);
        }
        const char *rest = "\"ops\":[" FOUND "]}";
        assert_int_equal(vl_buffer_append(&text, rest, strlen(rest)), VL_OK);
        assert_int_equal(membership_json_state(vl_buffer_view(&text), &line),
                         unknown == 63 ? VL_OK : VL_ERR_INVALID);
        vl_buffer_finish(&text);
        vl_buffer_finish(&line);
    }
}

static void test_lines(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    static char input[] = "{\"ops\":[" FOUND "]}\nrubbish\n{\"ops\":[" FOUND "]}\n";
    FILE *in = fmemopen(input, sizeof input - 1, "r"), *out = open_memstream(&text, &size);
    assert_true(in != NULL && out != NULL);
    assert_int_equal(membership_json_print(in, true, out), VL_ERR_INVALID);
    fclose(in);
    fclose(out);
    const char *second = strchr(text, '\n') + 1;
    const char *third = strchr(second, '\n') + 1;
    assert_int_equal(strncmp(second, "{\"error\":\"INVALID\"}\n", (size_t)(third - second)), 0);
    assert_int_equal(strncmp(text, third, (size_t)(second - text)), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_histories),
        cmocka_unit_test(test_escapes_and_bytes),
        cmocka_unit_test(test_missing_links_and_nulls),
        cmocka_unit_test(test_what_is_no_history),
        cmocka_unit_test(test_names_of_the_longest_size),
        cmocka_unit_test(test_members_of_an_object),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests_name("membership as JSON", tests, NULL, NULL);
}
