/* Which language an answer is in, and texts as they stand on a terminal. */
#include "api/language.h"
#include "cli/cli.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_accept_language(void **state)
{
    static const struct {
        const char *header, *language;
    } cases[] = {
        {NULL, "en"},
        {"", "en"},
        {"fr", "fr"},
        {"FR-ca", "fr"},
        {"fra", "en"},
        {"de, nl;q=0.5", "en"},
        {"de,fr;q=0.1", "fr"},
        {"fr-CA,fr;q=0.9,en;q=0.8", "fr"},
        {"en;q=0.8, fr;q=0.9", "fr"},
        {"en;q=0.80,fr;q=0.9", "fr"},
        {"fr;q=0.123,en;q=0.124", "en"},
        {"en,fr", "en"},
        {"fr;q=0", "en"},
        {"fr;q=0.000,en;q=0.001", "en"},
        {"fr;q=7", "en"},
        {"fr;q=x", "en"},
        {"fr;q=", "fr"},
        {"fr;level=1;q=0.4, en ; q=0.3", "fr"},
        {",,, ;;;fr", "en"},
        {", ,fr", "fr"},
        {"*", "en"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = language_accepted(cases[i].header);
        if (strcmp(got, cases[i].language) != 0) fail_msg("%s gives %s", cases[i].header, got);
    }
    assert_string_equal(language_named("fr"), "fr");
    assert_string_equal(language_named("en-GB"), "en");
    assert_null(language_named("de"));
    assert_null(language_named(""));
}

/* What print_wrapped writes, read back from a file. */
static char *wrapped(const char *text, unsigned indent)
{
    static char out[4096];
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    print_wrapped(text, indent);
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    rewind(file);
    out[fread(out, 1, sizeof out - 1, file)] = '\0';
    fclose(file);
    return out;
}

static void test_lines_fit(void **state)
{
    char text[1200] = "", *line;
    (void)state;
    for (size_t i = 0; i < 100; i++)
        strcat(text, i % 7 == 0 ? "élégant " : "mot ");
    text[strlen(text) - 1] = '\0';
    char *out = wrapped(text, 4);
    for (line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        size_t width = 0;
        for (const char *at = line; *at != '\0'; at++)
            width += ((unsigned char)*at & 0xc0) != 0x80;
        assert_true(width <= WRAP_COLUMNS);
        assert_memory_equal(line, "    ", 4);
        assert_true(line[4] != ' ');
    }
}

static void test_paragraphs_and_items_stay(void **state)
{
    char word[WRAP_COLUMNS * 5 + 1];
    (void)state;
    assert_string_equal(wrapped("one\n\ntwo", 0), "one\n\ntwo\n");
    assert_string_equal(wrapped("", 2), "\n");
    /* An item's further lines stand under its words. */
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    char item[sizeof word + 16];
    snprintf(item, sizeof item, "- a %s b", word);
    char *out = wrapped(item, 2);
    assert_memory_equal(out, "  - a\n    xxx", 13);
    assert_non_null(strstr(out, word)); /* too long for any line, and whole */
    assert_non_null(strstr(out, "\n    b\n"));
    /* What would turn the direction of a line is left out. */
    assert_string_equal(wrapped("a\xe2\x80\xae"
                                "b",
                                0),
                        "ab\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_language),
        cmocka_unit_test(test_lines_fit),
        cmocka_unit_test(test_paragraphs_and_items_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
