/* What people are told: every name and choice of the schema in French, and sentences made of field
 * and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "api/catalog.h"
#include "api/message.h"
#include "circle/schema.h"
#include <cmocka.h>

static void test_the_catalog_has_what_it_has(void **state)
{
    (void)state;
    assert_string_equal(catalog_text("fr", "one circle"), "un cercle");
    assert_string_equal(catalog_text("fr", "nobody ever wrote this"), "nobody ever wrote this");
    assert_string_equal(catalog_text("en", "one circle"), "one circle");
    assert_string_equal(catalog_text("xx", "one circle"), "one circle");
    assert_string_equal(catalog_text("", "one circle"), "one circle");
    assert_string_equal(catalog_text("fr", ""), "");
    assert_string_equal(catalog_word("fr", "meeting_state", "open"), "ouverte");
    assert_string_equal(catalog_word("fr", "commitment_state", "open"), "à faire");
    assert_string_equal(catalog_word("fr", "nothing", "open"), "open");
}

/* Words that are the same in both languages count as translated: the catalog has them. */
static bool has_word(const char *context, const char *word)
{
    static const char *const same[] = {"question", "silence", "pause", "arrive"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(same[i], word) == 0) return true;
    return strcmp(catalog_word("fr", context, word), word) != 0;
}

static void test_every_choice_has_its_french(void **state)
{
    (void)state;
    for (size_t t = 0; schema_record_at(t) != NULL; t++) {
        const struct schema_record *record = schema_record_at(t);
        for (size_t f = 0; f < record->field_count; f++) {
            const struct schema_field *field = &record->fields[f];
            for (int64_t i = 0; schema_choice(field, i) != NULL; i++)
                if (!has_word(schema_choices_name(field), schema_choice(field, i)))
                    fail_msg("no French for %s of %s", schema_choice(field, i), field->name);
        }
    }
}

static void says(const char *language, const char *field, const char *reason, const char *sentence)
{
    char text[MESSAGE_SIZE];
    message_write(language, VL_ERR_INVALID, field, reason, text, sizeof text);
    assert_string_equal(text, sentence);
}

static void test_sentences(void **state)
{
    (void)state;
    says("en", "title", "longer than its limit", "Title: longer than its limit.");
    says("fr", "title", "longer than its limit", "Titre : plus long que la limite.");
    says("en", "keep_months", "not a number", "Keep months: not a number.");
    says("fr", "place_kind", "not a text", "Genre de lieu : pas un texte.");
    says("fr", "state", "none of its choices", "État : pas un des choix possibles.");
    says("en", "person", "there is no such person", "There is no such person.");
    says("en", NULL, "the body is not JSON", "The body is not JSON.");
    says("en", NULL, NULL, "That is not valid.");
    says("fr", "title", NULL, "Ce n’est pas valable.");
    says("xx", "title", "not a number", "Title: not a number.");
    /* What was sent as a name is told only if it is one. */
    says("en", "\x1b[31mred", "there is no such field", "There is no such field.");
    says("en", "\xe2\x80\xaetitle", "there is no such field", "There is no such field.");
}

/* However small the room: text that ends whole. */
static void test_a_sentence_is_cut_between_characters(void **state)
{
    char text[MESSAGE_SIZE];
    (void)state;
    for (size_t size = 1; size < 64; size++) {
        memset(text, 'x', sizeof text);
        message_write("fr", VL_ERR_INVALID, "state", "none of its choices", text, size);
        assert_true(strlen(text) < size);
        for (const char *at = text; *at != 0;) { /* each character has all of its bytes */
            unsigned char first = (unsigned char)*at;
            size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
            assert_true((first & 0xc0) != 0x80 && strnlen(at, bytes) == bytes);
            at += bytes;
        }
    }
}

/* A refusal says it in the language that was asked for, and in each of ours. */
static void test_a_refusal_in_all_languages(void **state)
{
    (void)state;
    const struct json_problem problem = {
        .field = "title", .message = "longer than its limit", .line = 7};
    struct vl_buffer bytes = {0};
    struct json_out o = json_out(&bytes);
    json_open(&o, '{');
    message_put(&o, "fr", VL_ERR_TOO_LARGE, &problem);
    json_close(&o, '}');
    assert_int_equal(o.result, VL_OK);
    assert_int_equal(vl_buffer_append(&bytes, "", 1), VL_OK);
    assert_string_equal((const char *)bytes.data,
                        "{\"error\":\"TOO_LARGE\",\"field\":\"title\","
                        "\"message\":\"Ligne 7 : Titre : plus long que la limite.\","
                        "\"messages\":{\"fr\":\"Ligne 7 : Titre : plus long que la limite.\","
                        "\"en\":\"Line 7: Title: longer than its limit.\"},\"line\":7}");
    vl_buffer_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_catalog_has_what_it_has),
        cmocka_unit_test(test_every_choice_has_its_french),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_a_sentence_is_cut_between_characters),
        cmocka_unit_test(test_a_refusal_in_all_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
