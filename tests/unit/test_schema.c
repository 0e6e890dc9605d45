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
static const char *const forms[] = {"line", "block", "date",    "person", "record", "integer",
                                    "item", "flag",  "speaker", "choice", "rule",   "oneself"};
static const char *const writers[] = {"anybody", "facilitators", "its person", "its author",
                                      "its author, once"};
static const char *const ids[] = {"", "; one a circle", "; one a person",
                                  "; one a meeting and person", "; its words are its id"};
static const char *const audiences[] = {"", "; always for the facilitators",
                                        "; for whom is chosen"};

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

/* Of an enum its choices, else the number. */
static void put_limit(const struct schema_field *field, char *out, size_t size)
{
    size_t at = 0;
    if (field->form != SCHEMA_ENUM) {
        snprintf(out, size, "%zu", field->limit);
        return;
    }
    for (int64_t i = 0; schema_choice(field, i) != NULL; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "",
                               schema_choice(field, i));
}

static void the_table_is_the_schema(void **state)
{
    (void)state;
    size_t expected = 0, lines = 0;
    for (size_t i = 0; schema_record_at(i) != NULL; i++) {
        const struct schema_record *record = schema_record_at(i);
        char line[512], limit[256];
        snprintf(line, sizeof line, "\n### %u %s: written by %s%s%s\n", (unsigned)record->type,
                 record->name, writers[record->writer], ids[record->id],
                 audiences[record->audience]);
        expect(line);
        snprintf(line, sizeof line, "\nIn the API: `%s`. A new one needs `%s`.\n", record->plural,
                 record->needs);
        expect(line);
        for (size_t f = 0; f < record->field_count; f++) {
            const struct schema_field *field = &record->fields[f];
            put_limit(field, limit, sizeof limit);
            snprintf(line, sizeof line, "\n| %u.%u | %s | %s | %s | %s | %zu |\n",
                     (unsigned)record->type, (unsigned)field->id, field->name, kinds[field->kind],
                     forms[field->form], limit, field->most);
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
