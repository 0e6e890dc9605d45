/* Minutes in Markdown: the real ones, the French form, what is refused, import twice. */
#include "circle/minutes_import.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/test_scale.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const vl_wall now = {1700000000000};

static const char french[] = "\xef\xbb\xbf# Rencontre du 1er août 2026\r\n"
                             "\r\n"
                             "## Présent·e·s :\r\n"
                             "* **Inès**\r\n"
                             "* Awa (sans appareil)\r\n"
                             "- [Lou](lou)\r\n"
                             "\r\n"
                             "## Ordre du jour\r\n"
                             "1. Accueil\r\n"
                             "2. Un point qui tient\r\n"
                             "   sur deux lignes\r\n"
                             "\r\n"
                             "## Compte rendu\r\n"
                             "Lou passe son tour.\r\n";

static void parse(const char *name, const char *text, struct minutes *out)
{
    enum minutes_problem problem;
    assert_int_equal(minutes_parse(name, vl_bytes_text(text), out, &problem), VL_OK);
    assert_int_equal(problem, MINUTES_FINE);
}

static void test_french_form(void **state)
{
    struct minutes m;
    (void)state;
    parse("a.md", french, &m);
    assert_string_equal(m.title, "Rencontre du 1er août 2026");
    assert_string_equal(m.date, "2026-08-01");
    assert_int_equal(m.present_count, 3);
    assert_string_equal(m.present[0], "Inès");
    assert_string_equal(m.present[1], "Awa");
    assert_string_equal(m.present[2], "Lou");
    assert_int_equal(m.agenda_count, 2);
    assert_string_equal(m.agenda[0], "Accueil");
    assert_string_equal(m.agenda[1], "Un point qui tient sur deux lignes");
    assert_string_equal(m.notes, "## Compte rendu\nLou passe son tour.");
    minutes_finish(&m);
    minutes_finish(NULL);
}

static void test_names_in_one_line(void **state)
{
    struct minutes m;
    (void)state;
    parse("2026-03-12.md", "# Rencontre\n\n## Présents\nInès, Nadia et Lou.\n\n## Notes\nRien.\n",
          &m);
    assert_string_equal(m.date, "2026-03-12"); /* of the file's name */
    assert_int_equal(m.present_count, 3);
    assert_string_equal(m.present[0], "Inès");
    assert_string_equal(m.present[1], "Nadia");
    assert_string_equal(m.present[2], "Lou");
    minutes_finish(&m);
}

/* An agenda with words between its points is told in the notes too: nothing is lost. */
static void test_nothing_is_lost(void **state)
{
    struct minutes m;
    (void)state;
    parse("a.md",
          "# 12 March 2026\n## Agenda\n* One\n  * what was said\n* Two\n\nA word.\n## Other\nx\n",
          &m);
    assert_int_equal(m.agenda_count, 2);
    assert_non_null(strstr(m.notes, "what was said"));
    assert_non_null(strstr(m.notes, "A word."));
    assert_non_null(strstr(m.notes, "## Other\nx"));
    minutes_finish(&m);
}

static void test_dates_in_titles(void **state)
{
    static const char *const good[][2] = {
        {"# 12 mars 2026", "2026-03-12"},      {"# Le 1er JANVIER 2026", "2026-01-01"},
        {"# 3 decembre 2025", "2025-12-03"},   {"# Meeting 2026-03-12", "2026-03-12"},
        {"# March 12, 2026", "2026-03-12"},    {"# 29 février 2024", "2024-02-29"},
        {"# n° 12, 5 mai 2026", "2026-05-05"},
    };
    static const char *const bad[] = {"# 30 février 2026", "# 2026-02-30",        "# 2026-03-123",
                                      "# mars 2026",       "# 12 marsouins 2026", "x"};
    struct minutes m;
    enum minutes_problem problem;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        parse("a.md", good[i][0], &m);
        assert_string_equal(m.date, good[i][1]);
        minutes_finish(&m);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(minutes_parse("a.md", vl_bytes_text(bad[i]), &m, &problem),
                         VL_ERR_INVALID);
        assert_int_equal(problem, MINUTES_NO_DATE);
    }
}

static void check_refused(const char *name, struct vl_bytes text, enum minutes_problem expected,
                          vl_result result)
{
    enum minutes_problem problem;
    struct minutes m;
    assert_int_equal(minutes_parse(name, text, &m, &problem), result);
    assert_int_equal(problem, expected);
    assert_null(m.title);
}

static void test_hostile_files(void **state)
{
    static const char head[] = "# 2026-03-12\n## Present\n";
    size_t size = MINUTES_BYTES_MAX;
    char *text = malloc(size + 1), name[257];
    enum minutes_problem problem;
    struct minutes m;
    (void)state;
    assert_non_null(text);
    check_refused("a.md", vl_bytes_text("# 2026-03-12\n\xff"), MINUTES_NOT_TEXT, VL_ERR_UTF8);
    check_refused("a.md", vl_bytes_text("# 2026-03-12\n\x1b[2J"), MINUTES_NOT_TEXT, VL_ERR_UTF8);
    check_refused("a.md", vl_bytes("# 2026-03-12\n\0", 14), MINUTES_NOT_TEXT, VL_ERR_UTF8);
    check_refused("a.md", vl_bytes_text(" \n\t\n"), MINUTES_EMPTY, VL_ERR_INVALID);
    check_refused("a.md", vl_bytes_text(""), MINUTES_EMPTY, VL_ERR_INVALID);
    check_refused("../a.md", vl_bytes_text(french), MINUTES_NAME, VL_ERR_INVALID);
    check_refused("", vl_bytes_text(french), MINUTES_NAME, VL_ERR_INVALID);
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    check_refused(name, vl_bytes_text(french), MINUTES_NAME, VL_ERR_INVALID);
    name[255] = '\0';
    parse(name, french, &m);
    minutes_finish(&m);
    for (size_t at = 0; at < size; at += 4)
        memcpy(text + at, "* a\n", 4);
    memcpy(text, head, sizeof head - 1);
    text[size] = 'a';
    assert_int_equal(minutes_parse("a.md", vl_bytes(text, size), &m, &problem), VL_OK);
    minutes_finish(&m);
    check_refused("a.md", vl_bytes(text, size + 1), MINUTES_TOO_LARGE, VL_ERR_TOO_LARGE);
    memset(text + sizeof head, '[', size - sizeof head); /* markup that never ends */
    text[sizeof head - 1] = '\n';
    assert_int_equal(minutes_parse("a.md", vl_bytes(text, size), &m, &problem), VL_OK);
    minutes_finish(&m);
    free(text);
}

static void test_limits_of_lists(void **state)
{
    struct minutes m;
    char *text = malloc(20000);
    size_t at = (size_t)sprintf(text, "# 2026-03-12\n## Present\n");
    (void)state;
    for (size_t i = 0; i <= MINUTES_NAMES_MAX; i++)
        at += (size_t)sprintf(text + at, "* name%zu\n", i);
    at += (size_t)sprintf(text + at, "## Agenda\n");
    for (size_t i = 0; i <= MINUTES_POINTS_MAX; i++)
        at += (size_t)sprintf(text + at, "* point%zu\n", i);
    parse("a.md", text, &m);
    assert_int_equal(m.present_count, MINUTES_NAMES_MAX);
    assert_int_equal(m.agenda_count, MINUTES_POINTS_MAX);
    assert_non_null(strstr(m.notes, "name200")); /* one past the limit */
    assert_non_null(strstr(m.notes, "point500"));
    minutes_finish(&m);
    free(text);
}

static void test_import_twice(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 1);
    struct vl_replica *r = f->nodes[0].replica;
    struct vl_record_id id, again;
    struct record record;
    struct record_list list;
    (void)state;
    assert_int_equal(minutes_import(r, "a.md", vl_bytes_text(french), now, &id, NULL), VL_OK);
    uint64_t generation = vl_replica_generation(r);
    assert_int_equal(minutes_import(r, "a.md", vl_bytes_text(french), now, &again, NULL),
                     VL_ERR_EXISTS);
    assert_memory_equal(&id, &again, sizeof id);
    assert_int_equal(vl_replica_generation(r), generation);
    assert_int_equal(minutes_import(r, "b.md", vl_bytes_text(french), now, &again, NULL), VL_OK);
    assert_int_equal(meeting_read(r, &id, &record), VL_OK);
    assert_string_equal(record_text(&record, MEETING_STARTS), "2026-08-01");
    assert_int_equal(record_field(&record, MEETING_SEATS)->count, 3);
    assert_int_equal(record_field(&record, MEETING_AGENDA)->count, 2);
    assert_string_equal(record_text(&record, MEETING_SOURCE), "a.md");
    record_finish(&record);
    assert_int_equal(meeting_list(r, &list), VL_OK);
    assert_int_equal(list.count, 2);
    record_list_finish(&list);
    circle_fixture_destroy(f);
}

/* The disk fails in the middle of minutes that take several entries: the next import completes
 * them, and the text is what one import would have given. */
static void test_import_that_was_cut_off(void **state)
{
    static const char head[] = "# 2026-03-12\n## Notes\n";
    size_t size = 120000;
    char *text = malloc(size + 1);
    struct vl_record_id id;
    struct record record;
    unsigned cut = 0;
    (void)state;
    assert_non_null(text);
    for (size_t at = 0; at < size; at += 8)
        memcpy(text + at, "une ete\n", 8);
    memcpy(text, head, sizeof head - 1);
    text[size] = '\0';
    for (uint64_t nth = 20; nth < 400; nth += test_scale(40, 190)) {
        struct circle_fixture *f = circle_fixture_create(2, nth);
        memory_storage_fail(f->nodes[0].memory, nth, VL_ERR_STORAGE, false);
        vl_result result =
            minutes_import(f->nodes[0].replica, "a.md", vl_bytes_text(text), now, &id, NULL);
        memory_storage_fail(f->nodes[0].memory, 0, VL_OK, false);
        cut += result != VL_OK;
        if (result != VL_OK) {
            assert_int_equal(result, VL_ERR_STORAGE);
            assert_int_equal(
                minutes_import(f->nodes[0].replica, "a.md", vl_bytes_text(text), now, &id, NULL),
                VL_OK);
        }
        assert_int_equal(meeting_read(f->nodes[0].replica, &id, &record), VL_OK);
        assert_int_equal(record_field(&record, MEETING_MINUTES)->text_size,
                         size - strlen("# 2026-03-12\n") - 1);
        record_finish(&record);
        circle_fixture_destroy(f);
    }
    assert_true(cut > 0);
    free(text);
}

static char *read_file(const char *folder, const char *name, size_t *size)
{
    char path[1024], *text = malloc(MINUTES_BYTES_MAX);
    FILE *file;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_non_null(text);
    *size = fread(text, 1, MINUTES_BYTES_MAX, file);
    fclose(file);
    return text;
}

static void test_real_minutes(void **state)
{
    const char *folder = VEILLEE_SHARED "/data/minutes";
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t files = 0, as_named = 0, with_present = 0, with_agenda = 0, size;
    (void)state;
    if (dir == NULL) skip();
    while ((entry = readdir(dir)) != NULL) {
        struct minutes m;
        char *text;
        if (strstr(entry->d_name, ".md") == NULL) continue;
        text = read_file(folder, entry->d_name, &size);
        assert_int_equal(minutes_parse(entry->d_name, vl_bytes(text, size), &m, NULL), VL_OK);
        assert_true(schema_is_date(m.date));
        as_named += memcmp(m.date, entry->d_name, 10) == 0; /* some titles tell another day */
        with_present += m.present_count >= 3;
        with_agenda += m.agenda_count > 0;
        files++;
        minutes_finish(&m);
        free(text);
    }
    closedir(dir);
    assert_int_equal(files, 154);
    assert_true(as_named >= 150);
    assert_true(with_present >= 150);
    assert_true(with_agenda >= 145);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_french_form),     cmocka_unit_test(test_names_in_one_line),
        cmocka_unit_test(test_nothing_is_lost), cmocka_unit_test(test_dates_in_titles),
        cmocka_unit_test(test_hostile_files),   cmocka_unit_test(test_limits_of_lists),
        cmocka_unit_test(test_import_twice),    cmocka_unit_test(test_import_that_was_cut_off),
        cmocka_unit_test(test_real_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
