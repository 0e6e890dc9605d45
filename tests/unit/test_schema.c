/* docs/ lists every record type, field and route exactly as the program has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/documentation.h"
#include "circle/schema.h"
#include <cmocka.h>

#define DOCUMENT_SIZE 262144u

/* The rest of a file after a line. */
static char *rest_of(const char *path, const char *line)
{
    char *document = calloc(1, DOCUMENT_SIZE);
    FILE *file = fopen(path, "r");
    assert_non_null(document);
    assert_non_null(file);
    document[fread(document, 1, DOCUMENT_SIZE - 1, file)] = 0;
    fclose(file);
    char *at = strstr(document, line);
    if (at == NULL) fail_msg("%s has no line %s", path, line);
    char *rest = strdup(at + strlen(line));
    free(document);
    return rest;
}

static void compare(const char *path, const char *line, const char *command,
                    vl_result (*make)(struct vl_buffer *out))
{
    struct vl_buffer page = {0};
    char *rest = rest_of(path, line);
    assert_int_equal(make(&page), VL_OK);
    assert_int_equal(vl_buffer_append(&page, "", 1), VL_OK);
    const char *made = (const char *)page.data;
    size_t same = 0;
    while (made[same] != 0 && made[same] == rest[same])
        same++;
    if (made[same] != rest[same]) {
        while (same > 0 && made[same - 1] != '\n')
            same--;
        fail_msg("%s differs from `veillee debug %s` at:\n%.200s\ninstead of:\n%.200s", path,
                 command, rest + same, made + same);
    }
    vl_buffer_finish(&page);
    free(rest);
}

static void test_the_types_are_written_down(void **state)
{
    (void)state;
    compare(VEILLEE_SOURCE "/docs/records.md",
            "What follows is made by `veillee debug record-doc`.\n", "record-doc",
            documentation_types);
}

static void test_the_routes_are_written_down(void **state)
{
    (void)state;
    compare(VEILLEE_SOURCE "/docs/api.md", "Made by `veillee debug api-doc`; a test compares it.\n",
            "api-doc", documentation_api);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_types_are_written_down),
        cmocka_unit_test(test_the_routes_are_written_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
