/* What the program brings to read: every text is of its form, and says in each language as much as
 * in the others; the parser refuses anything else. */
#include "circle/formats.h"
#include "circle/handbook.h"
#include "circle/numbers.h"
#include "share/embedded.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/pairing.h>

#include <cmocka.h>

extern const struct embedded_file circle_texts[];
extern const size_t circle_texts_count;

static struct vl_bytes bytes_of(const char *text)
{
    return vl_bytes_text(text);
}

/* ---- the parser ---- */

static void test_a_text_becomes_sections(void **state)
{
    static const char file[] = "# Title\n"
                               "size: two: or more\n"
                               "\n"
                               "First line\n"
                               "and its end.\n"
                               "\n"
                               "- an item\n"
                               "  goes on\n"
                               "- another\n"
                               "\n"
                               "Last.\n"
                               "\n"
                               "## Next\n";
    struct text text;
    (void)state;
    assert_int_equal(text_parse(bytes_of(file), &text, NULL), VL_OK);
    assert_int_equal(text.count, 2);
    assert_string_equal(text.sections[0].heading, "Title");
    assert_string_equal(text_key(&text.sections[0], "size"), "two: or more");
    assert_null(text_key(&text.sections[0], "siz"));
    assert_string_equal(text.sections[0].body, "First line and its end.\n\n"
                                               "- an item goes on\n- another\n\nLast.");
    assert_string_equal(text.sections[1].heading, "Next");
    assert_string_equal(text.sections[1].body, "");
    text_finish(&text);

    assert_int_equal(text_parse(bytes_of("- only\n- items\n"), &text, NULL), VL_OK);
    assert_int_equal(text.count, 1);
    assert_string_equal(text.sections[0].heading, "");
    assert_string_equal(text.sections[0].body, "- only\n- items");
    text_finish(&text);
    text_finish(NULL);
}

static void test_anything_else_is_refused(void **state)
{
    static const struct {
        const char *file;
        size_t line;
    } bad[] = {
        {"", 0},
        {"no end of line", 1},
        {"\nbegins empty\n", 1},
        {"# Title\n\nends empty\n\n", 4},
        {"# Title\n\ntwo\n\n\nempty\n", 5},
        {"# \n", 1},
        {"#Title\n", 1},
        {"##  Two blanks\n", 1},
        {"# Title\n\n### Third\n", 3},
        {"# Title\n\n# Title\n", 3},
        {"# Title\n## Next\n", 2},
        {"# Title\ntext without an empty line\n", 2},
        {"# Title\nkey:\n", 2},
        {"# Title\nkey: \n", 2},
        {"# Title\nKey: value\n", 2},
        {"# Title\nkey: one\nkey: two\n", 3},
        {"# Title\n\nblank at the end \n", 3},
        {"# Title\n\ntab\there\n", 3},
        {"# Title\n\n  indented\n", 3},
        {"# Title\n\ntext\n  indented\n", 4},
        {"# Title\n\ntext\n- item\n", 4},
        {"# Title\n\n- item\nnot indented\n", 4},
        {"# Title\n\n- item\n   three\n", 4},
    };
    static const char zero[] = "# Title\n\nze\0ro\n";
    struct text text;
    size_t line;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        line = 0;
        if (text_parse(bytes_of(bad[i].file), &text, &line) != VL_ERR_INVALID)
            fail_msg("taken: %s", bad[i].file);
        if (line != bad[i].line) fail_msg("line %zu of: %s", line, bad[i].file);
        assert_null(text.sections);
    }
    assert_int_equal(text_parse(vl_bytes(zero, sizeof zero - 1), &text, NULL), VL_ERR_INVALID);
}

static void test_keys_have_a_limit(void **state)
{
    char file[512] = "# Title\n";
    struct text text;
    (void)state;
    for (unsigned i = 0; i < TEXT_KEYS_MAX; i++)
        snprintf(file + strlen(file), sizeof file - strlen(file), "k%c: v\n", 'a' + i);
    assert_int_equal(text_parse(bytes_of(file), &text, NULL), VL_OK);
    assert_int_equal(text.sections[0].key_count, TEXT_KEYS_MAX);
    text_finish(&text);
    strcat(file, "k.more: v\n");
    assert_int_equal(text_parse(bytes_of(file), &text, NULL), VL_ERR_INVALID);
}

/* ---- what is there ---- */

static size_t items_of(const char *body)
{
    size_t count = strncmp(body, "- ", 2) == 0;
    for (const char *at = body; (at = strstr(at, "\n- ")) != NULL; at++)
        count++;
    return count;
}

static size_t paragraphs_of(const char *body)
{
    size_t count = 1;
    for (const char *at = body; (at = strstr(at, "\n\n")) != NULL; at += 2)
        count++;
    return count;
}

static void same_form(const char *name, const struct text *a, const struct text *b)
{
    if (a->count != b->count) fail_msg("%s: %zu and %zu sections", name, a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct text_section *x = &a->sections[i], *y = &b->sections[i];
        bool same = x->key_count == y->key_count && items_of(x->body) == items_of(y->body) &&
                    (x->heading[0] == '\0') == (y->heading[0] == '\0');
        for (size_t k = 0; same && k < x->key_count; k++)
            same = text_key(y, x->keys[k].name) != NULL;
        if (!same) fail_msg("%s: '%s' and '%s' differ in form", name, x->heading, y->heading);
    }
}

/* Each file stands in each language, has the same form there, and is what lies on the disk. */
static void test_languages_say_the_same(void **state)
{
    size_t compared = 0;
    (void)state;
    for (size_t i = 0; i < circle_texts_count; i++) {
        const char *name = circle_texts[i].name;
        char rest[128];
        struct text first, other;
        if (strncmp(name, "en/", 3) != 0) continue;
        assert_int_equal(
            text_parse(vl_bytes(circle_texts[i].data, circle_texts[i].size), &first, NULL), VL_OK);
        snprintf(rest, sizeof rest, "%.*s", (int)(strlen(name + 3) - 3), name + 3);
        for (size_t l = 0; texts_language_at(l) != NULL; l++) {
            char path[160];
            bool found = false;
            snprintf(path, sizeof path, "%s/%s.md", texts_language_at(l), rest);
            for (size_t k = 0; k < circle_texts_count; k++)
                found = found || strcmp(circle_texts[k].name, path) == 0;
            if (!found) fail_msg("there is no %s", path);
            assert_int_equal(texts_read(texts_language_at(l), rest, &other), VL_OK);
            same_form(rest, &first, &other);
            text_finish(&other);
            compared++;
        }
        text_finish(&first);
    }
    assert_true(compared >= 2 * (6 + 11 + 2));
    assert_int_equal(circle_texts_count, compared + 1); /* numbers.md */
}

static void test_files_lie_in_the_program_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < circle_texts_count; i++) {
        char path[512];
        static char disk[65536];
        snprintf(path, sizeof path, VEILLEE_SOURCE "/src/circle/texts/%s", circle_texts[i].name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(disk, 1, sizeof disk, file);
        fclose(file);
        assert_int_equal(size, circle_texts[i].size);
        assert_memory_equal(disk, circle_texts[i].data, size);
        assert_int_equal(circle_texts[i].data[size], 0);
        if (i > 0) assert_true(strcmp(circle_texts[i - 1].name, circle_texts[i].name) < 0);
    }
}

static void test_a_language_that_is_not_there_is_english(void **state)
{
    struct text text, english;
    (void)state;
    assert_int_equal(texts_read("xx", "agreement", &text), VL_OK);
    assert_int_equal(texts_read("en", "agreement", &english), VL_OK);
    assert_string_equal(text.sections[0].body, english.sections[0].body);
    text_finish(&text);
    text_finish(&english);
    assert_int_equal(texts_read("en", "nothing", &text), VL_ERR_NOT_FOUND);
}

/* Real apostrophes, and in French blanks that a line does not break at; no outside address. */
static void test_typography(void **state)
{
    static const char *const nowhere[] = {"'", "\"", "://", "www.", "@", "--", "..."};
    static const char *const not_french[] = {" ;", " :", " !", " ?", "« ", " »", "“", "”"};
    (void)state;
    for (size_t i = 0; i < circle_texts_count; i++) {
        const char *text = (const char *)circle_texts[i].data, *name = circle_texts[i].name;
        bool is_french = strncmp(name, "fr/", 3) == 0;
        for (size_t k = 0; k < sizeof nowhere / sizeof *nowhere; k++)
            if (strstr(text, nowhere[k]) != NULL) fail_msg("%s has %s", name, nowhere[k]);
        for (size_t k = 0; is_french && k < sizeof not_french / sizeof *not_french; k++)
            if (strstr(text, not_french[k]) != NULL) fail_msg("%s has '%s'", name, not_french[k]);
    }
}

/* ---- formats ---- */

static void test_six_formats(void **state)
{
    static const char *const ids[] = {"talking-circle", "check-in",      "shared-experience",
                                      "book-session",   "assertiveness", "free-conversation"};
    struct format fr, en;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        uint32_t sum = 0;
        assert_int_equal(format_at(i, "fr", &fr), VL_OK);
        assert_int_equal(format_find(ids[i], "en", &en), VL_OK);
        assert_string_equal(fr.id, ids[i]);
        assert_string_equal(en.id, ids[i]);
        assert_string_not_equal(fr.name, en.name);
        assert_int_equal(fr.minutes, en.minutes);
        assert_int_equal(fr.part_count, en.part_count);
        for (size_t k = 0; k < fr.part_count; k++) {
            assert_int_equal(fr.parts[k].kind, en.parts[k].kind);
            assert_int_equal(fr.parts[k].minutes, en.parts[k].minutes);
            assert_int_equal(paragraphs_of(fr.parts[k].script), paragraphs_of(en.parts[k].script));
            sum += fr.parts[k].minutes;
        }
        assert_int_equal(sum, fr.minutes);
        /* The agreement is read, there is open time, and what is kept is asked at the end. */
        assert_non_null(strstr(fr.parts[0].script, "accord"));
        assert_non_null(strstr(en.parts[0].script, "agreement"));
        assert_non_null(strstr(fr.parts[fr.part_count - 1].script, "efface"));
        format_finish(&fr);
        format_finish(&en);
    }
    assert_int_equal(format_at(6, "fr", &fr), VL_ERR_NOT_FOUND);
    assert_int_equal(format_find("dance", "fr", &fr), VL_ERR_NOT_FOUND);
    format_finish(NULL);
}

#define HEAD    "# Name\npurpose: why\nsize: who\n\n"
#define READING "## Open\nkind: reading\nminutes: 5\n\nHello.\n\n"
#define TALK    "## Talk\nkind: talk\nminutes: 5\n\nSpeak.\n\n"
#define CLOSING "## End\nkind: closing\nminutes: 5\n\nBye.\n"

static void test_formats_are_strict(void **state)
{
    static const char *const bad[] = {
        "# Name\npurpose: why\n\n" READING TALK CLOSING,
        "# Name\npurpose: why\nsize: who\nmore: x\n\n" READING TALK CLOSING,
        HEAD "A body.\n\n" READING TALK CLOSING,
        HEAD TALK CLOSING,                                      /* no opening */
        HEAD READING CLOSING,                                   /* no open time */
        HEAD READING "## Talk\nkind: talk\nminutes: 5\n\nX.\n", /* no check-out */
        HEAD READING TALK CLOSING "\n" CLOSING,
        HEAD READING "## X\nkind: talk\n\nX.\n\n" CLOSING,
        HEAD READING "## X\nkind: dance\nminutes: 5\n\nX.\n\n" CLOSING,
        HEAD READING "## X\nkind: talk\nminutes: 0\n\nX.\n\n" CLOSING,
        HEAD READING "## X\nkind: talk\nminutes: five\n\nX.\n\n" CLOSING,
        HEAD READING "## X\nkind: talk\nminutes: 1441\n\nX.\n\n" CLOSING,
        HEAD READING "## X\nkind: talk\nminutes: 5\n\n" CLOSING, /* no script */
        "# Name\npurpose: why\nsize: who\n",
    };
    struct format format;
    (void)state;
    assert_int_equal(format_parse(bytes_of(HEAD READING TALK CLOSING), &format), VL_OK);
    assert_int_equal(format.part_count, 3);
    assert_int_equal(format.minutes, 15);
    format_finish(&format);
    assert_int_equal(
        format_parse(bytes_of(HEAD READING "## X\nkind: talk\nminutes: 1440\n\nX.\n\n" CLOSING),
                     &format),
        VL_OK);
    format_finish(&format);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (format_parse(bytes_of(bad[i]), &format) != VL_ERR_INVALID)
            fail_msg("taken: %s", bad[i]);
}

static void test_parts_have_a_limit(void **state)
{
    struct format format;
    (void)state;
    for (size_t past = 0; past <= 1; past++) {
        char file[8192] = HEAD READING;
        for (size_t i = 0; i < FORMAT_PARTS_MAX - 2 + past; i++)
            strcat(file, TALK);
        strcat(file, CLOSING);
        assert_int_equal(format_parse(bytes_of(file), &format), past ? VL_ERR_INVALID : VL_OK);
        if (past == 0) assert_int_equal(format.part_count, FORMAT_PARTS_MAX);
        format_finish(&format);
    }
}

/* ---- the handbook, the agreement, recipes ---- */

static void test_handbook(void **state)
{
    static const char *const ids[] = {
        "opening",   "silence", "tears",   "taking-all-the-room", "conflict", "danger",
        "referring", "secrecy", "closing", "caring-for-yourself", "rotating"};
    static const char *const articles[] = {"223-6", "226-13", "226-14", "434-1", "434-3"};
    static const char *const tonight[] = {"17", "112", "15", "114", "115", "119", "3114", "3919"};
    struct chapter chapter;
    (void)state;
    for (size_t l = 0; texts_language_at(l) != NULL; l++) {
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
            assert_int_equal(chapter_at(i, texts_language_at(l), &chapter), VL_OK);
            assert_string_equal(chapter.id, ids[i]);
            assert_true(chapter.text.count >= 2);
            chapter_finish(&chapter);
        }
        assert_int_equal(chapter_at(11, texts_language_at(l), &chapter), VL_ERR_NOT_FOUND);
        for (size_t i = 0; i < circle_texts_count; i++) {
            const char *name = circle_texts[i].name, *text = (const char *)circle_texts[i].data;
            if (strncmp(name, texts_language_at(l), 2) != 0) continue;
            for (size_t k = 0; strstr(name, "secrecy") && k < 5; k++)
                assert_non_null(strstr(text, articles[k]));
            for (size_t k = 0; strstr(name, "danger") && k < 8; k++)
                assert_non_null(strstr(text, tonight[k]));
        }
    }
    assert_int_equal(chapter_find("nothing", "fr", &chapter), VL_ERR_NOT_FOUND);
    chapter_finish(NULL);
}

static void test_the_agreement_fits(void **state)
{
    struct text text;
    (void)state;
    for (size_t l = 0; texts_language_at(l) != NULL; l++) {
        struct vl_value value = {.tag = VL_VALUE_TEXT};
        assert_int_equal(texts_read(texts_language_at(l), "agreement", &text), VL_OK);
        assert_int_equal(text.count, 1);
        value.bytes = vl_bytes_text(text.sections[0].body);
        assert_true(value.bytes.size <= VL_AGREEMENT_BYTES_MAX);
        assert_int_equal(schema_check(schema_field(SCHEMA_AGREEMENT, AGREEMENT_TEXT), &value, NULL),
                         VL_OK);
        text_finish(&text);
    }
}

/* Six recipes, and nothing in that page that says what program it comes from. */
static void test_recipes_say_nothing(void **state)
{
    static const char *const words[] = {"eillée", "eillee", "cercle", "circle", "3919", "secret"};
    struct text text;
    (void)state;
    for (size_t l = 0; texts_language_at(l) != NULL; l++) {
        assert_int_equal(texts_read(texts_language_at(l), "recipes", &text), VL_OK);
        assert_int_equal(text.count, 1 + 6);
        for (size_t i = 0; i < text.count; i++)
            for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
                assert_null(strstr(text.sections[i].heading, words[k]));
                assert_null(strstr(text.sections[i].body, words[k]));
            }
        text_finish(&text);
    }
}

/* ---- numbers ---- */

static void test_numbers(void **state)
{
    static const char *const wanted[] = {"3919", "17",  "112",     "15",  "114",
                                         "115",  "119", "116 006", "3114"};
    struct numbers fr, en;
    (void)state;
    assert_int_equal(numbers_read("fr", &fr), VL_OK);
    assert_int_equal(numbers_read("en", &en), VL_OK);
    assert_int_equal(fr.count, en.count);
    for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
        bool found = false;
        for (size_t i = 0; i < fr.count; i++)
            found = found || strcmp(fr.items[i].number, wanted[k]) == 0;
        if (!found) fail_msg("there is no %s", wanted[k]);
    }
    for (size_t i = 0; i < fr.count; i++) {
        assert_string_equal(fr.items[i].number, en.items[i].number);
        assert_string_not_equal(fr.items[i].purpose, en.items[i].purpose);
        assert_string_equal(fr.items[i].country, "FR");
    }
    numbers_finish(&fr);
    numbers_finish(&en);
    numbers_finish(NULL);
}

#define NUMBER(verified)                                                                           \
    "## 1\ncountry: FR\nname.en: N\nfor.en: P\nsource: S\nverified: " verified "\n"

static void test_numbers_are_strict(void **state)
{
    static const char *const bad[] = {
        NUMBER("2026"),
        NUMBER("2026-13"),
        NUMBER("2026-00"),
        NUMBER("2026-11-01"),
        NUMBER("11-2026"),
        NUMBER("2026-11") "\nA body.\n",
        "## 1\ncountry: FR\nname.en: N\nfor.en: P\nverified: 2026-11\n",
        "## 1\ncountry: FR\nname.en: N\nsource: S\nverified: 2026-11\n",
        "## 1\ncountry: FR\nfor.en: P\nsource: S\nverified: 2026-11\n",
        "## 1\nname.en: N\nfor.en: P\nsource: S\nverified: 2026-11\n",
    };
    static char many[8192];
    struct numbers numbers;
    (void)state;
    assert_int_equal(numbers_parse(bytes_of(NUMBER("2026-11")), "fr", &numbers), VL_OK);
    assert_string_equal(numbers.items[0].name, "N"); /* no French: English */
    numbers_finish(&numbers);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (numbers_parse(bytes_of(bad[i]), "en", &numbers) != VL_ERR_INVALID)
            fail_msg("taken: %s", bad[i]);
    for (size_t i = 0; i <= NUMBERS_MAX; i++) {
        strcat(many, i > 0 ? "\n" NUMBER("2026-11") : NUMBER("2026-11"));
        assert_int_equal(numbers_parse(bytes_of(many), "en", &numbers),
                         i < NUMBERS_MAX ? VL_OK : VL_ERR_INVALID);
        numbers_finish(&numbers);
    }
}

static void test_over_a_year_is_old(void **state)
{
    (void)state;
    assert_false(number_is_old("2026-11", "2026-11-26"));
    assert_false(number_is_old("2026-11", "2027-11-30"));
    assert_true(number_is_old("2026-11", "2027-12-01"));
    assert_true(number_is_old("2026-11", "2036-01-01"));
    assert_false(number_is_old("2026-11", "2020-01-01")); /* a clock that is behind */
    assert_false(number_is_old("2026-11", "today"));
    assert_false(number_is_old("", "2027-12-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text_becomes_sections),
        cmocka_unit_test(test_anything_else_is_refused),
        cmocka_unit_test(test_keys_have_a_limit),
        cmocka_unit_test(test_languages_say_the_same),
        cmocka_unit_test(test_files_lie_in_the_program_as_they_are),
        cmocka_unit_test(test_a_language_that_is_not_there_is_english),
        cmocka_unit_test(test_typography),
        cmocka_unit_test(test_six_formats),
        cmocka_unit_test(test_formats_are_strict),
        cmocka_unit_test(test_parts_have_a_limit),
        cmocka_unit_test(test_handbook),
        cmocka_unit_test(test_the_agreement_fits),
        cmocka_unit_test(test_recipes_say_nothing),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_are_strict),
        cmocka_unit_test(test_over_a_year_is_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
