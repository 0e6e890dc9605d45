/* docs/records.md lists every record type and field exactly as the schema has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "circle/schema.h"
#include <cmocka.h>

static char document[65536];

static const char *const kinds[] = {"register", "set", "text", "list"};
static const char *const forms[] = {"line", "block", "date", "person", "record", "integer", "item"};
static const char *const writers[] = {"anybody", "facilitators", "its person", "its author"};

static int read_document(void **state)
{
    (void)state;
    FILE *file = fopen(VEILLEE_SOURCE "/docs/records.md", "r");
    if (file == NULL) return -1;
    document[fread(document, 1, sizeof document - 1, file)] = 0;
    fclose(file);
    return 0;
}

static size_t expect(const char *line)
{
    if (strstr(document, line) == NULL) fail_msg("docs/records.md lacks:%s", line);
    return 1;
}

static void the_table_is_the_schema(void **state)
{
    (void)state;
    size_t expected = 0, lines = 0;
    for (size_t i = 0; schema_record_at(i) != NULL; i++) {
        const struct schema_record *record = schema_record_at(i);
        char line[256];
        snprintf(line, sizeof line, "\n### %u %s: written by %s\n", (unsigned)record->type,
                 record->name, writers[record->writer]);
        expect(line);
        for (size_t f = 0; f < record->field_count; f++) {
            const struct schema_field *field = &record->fields[f];
            snprintf(line, sizeof line, "\n| %u.%u | %s | %s | %s | %zu | %zu |\n",
                     (unsigned)record->type, (unsigned)field->id, field->name, kinds[field->kind],
                     forms[field->form], field->limit, field->most);
            expected += expect(line);
        }
    }
    const char *at = strstr(document, "\n## Record types\n");
    assert_non_null(at);
    while ((at = strstr(at, "\n| ")) != NULL) {
        at += 3;
        lines += *at >= '0' && *at <= '9';
    }
    assert_int_equal(lines, expected); /* and nothing that the schema does not have */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_is_the_schema)};
    return cmocka_run_group_tests(tests, read_document, NULL);
}
