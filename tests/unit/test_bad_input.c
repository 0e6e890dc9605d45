/* Bad input, generated over the whole schema: each field of each type over its limit, of another
 * sort, with control characters, in broken UTF-8; unknown fields. Each time a named error with the
 * field, a sentence in both languages, and nothing is written. */
#include "api/message.h"
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BODY_SIZE (2u << 20)

struct bad {
    struct api_world *w;
    const struct schema_record *schema;
    const struct schema_field *field;
    char meeting[RECORD_ID_TEXT_SIZE], part[RECORD_ID_TEXT_SIZE];
    char path[128]; /* of a record that exists; "": there is none that could be changed */
    char *body;     /* BODY_SIZE */
    size_t cases;
};

static int setup(void **state)
{
    *state = api_world_create(90);
    return 0;
}

static int teardown(void **state)
{
    api_world_destroy(*state);
    return 0;
}

static uint64_t generation(const struct bad *b)
{
    return vl_replica_generation(b->w->fixture->nodes[0].replica);
}

/* ---- what is told ---- */

static void check_sentence(const char *text)
{
    size_t size = strlen(text);
    assert_true(size > 5 && strchr(".!?", text[size - 1]) != NULL);
    assert_true(text[0] < 'a' || text[0] > 'z');
    for (const char *at = text; *at != 0; at++)
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
}

/* Refused with one of the errors, in French and in English. */
static void refuse(struct bad *b, const char *method, const char *path, const char *errors,
                   const char *field)
{
    static const char *const languages[] = {"fr", "en"};
    char sentences[2][MESSAGE_SIZE];
    uint64_t before = generation(b);
    int wrote = b->w->wrote;
    for (size_t i = 0; i < 2; i++) {
        struct json *answer;
        b->w->language = languages[i];
        unsigned status = api_world_send(b->w, 0, method, path, b->body, &answer);
        if (status < 400 || status >= 500 || strstr(errors, json_text(answer, "error")) == NULL ||
            strcmp(json_text(answer, "field"), field) != 0)
            fail_msg("%s %s %.200s: %u %s %s", method, path, b->body, status,
                     json_text(answer, "error"), json_text(answer, "field"));
        snprintf(sentences[i], sizeof sentences[i], "%s", json_text(answer, "message"));
        check_sentence(sentences[i]);
        json_destroy(answer);
    }
    if (strcmp(sentences[0], sentences[1]) == 0) fail_msg("no French: %s", sentences[1]);
    assert_int_equal(generation(b), before);
    assert_int_equal(b->w->wrote, wrote);
    b->cases++;
}

/* ---- bodies ---- */

/* {FIELD:value}, and what else a new record needs. */
static void write_body(struct bad *b, const char *value, size_t size, bool is_new)
{
    size_t at = (size_t)snprintf(b->body, BODY_SIZE, "{\"%s\":", b->field->name);
    memcpy(b->body + at, value, size);
    at += size;
    for (size_t i = 0; is_new && i < b->schema->field_count; i++) {
        const struct schema_field *field = &b->schema->fields[i];
        char sample[256];
        bool is_needed = strstr(b->schema->needs, field->name) != NULL && field != b->field;
        if (!is_needed || strcmp(field->name, "starts") == 0) continue;
        api_world_sample(b->w, field, b->meeting, b->part, sample, sizeof sample);
        at += (size_t)snprintf(b->body + at, BODY_SIZE - at, ",\"%s\":%s", field->name, sample);
    }
    snprintf(b->body + at, BODY_SIZE - at, "}");
}

/* The value is refused in a new record and in one that is there. */
static void refuse_bytes(struct bad *b, const char *value, size_t size, const char *errors)
{
    write_body(b, value, size, true);
    refuse(b, "POST", b->schema->plural, errors, b->field->name);
    if (b->path[0] == 0) return;
    write_body(b, value, size, false);
    refuse(b, "PATCH", b->path, errors, b->field->name);
}

static void refuse_value(struct bad *b, const char *value, const char *errors)
{
    refuse_bytes(b, value, strlen(value), errors);
}

static bool is_many(const struct schema_field *field)
{
    return field->kind == VL_FIELD_SET || field->kind == VL_FIELD_LIST;
}

static bool is_text(const struct schema_field *field)
{
    return field->form == SCHEMA_LINE || field->form == SCHEMA_BLOCK ||
           field->form == SCHEMA_DATE || field->form == SCHEMA_RULE || field->form == SCHEMA_ITEM ||
           field->form == SCHEMA_SPEAKER;
}

/* A text as a value or element of the field; `text` as it stands in JSON. */
static void refuse_text(struct bad *b, const char *text, size_t size, const char *errors)
{
    const char *open = b->field->form == SCHEMA_SPEAKER ? "[{\"seat\":\""
                       : is_many(b->field)              ? "[\""
                                                        : "\"";
    const char *close = b->field->form == SCHEMA_SPEAKER ? "\"}]"
                        : is_many(b->field)              ? "\"]"
                                                         : "\"";
    char *value = malloc(size + 64);
    assert_non_null(value);
    size_t at = (size_t)sprintf(value, "%s", open);
    memcpy(value + at, text, size);
    at += size;
    at += (size_t)sprintf(value + at, "%s", close);
    refuse_bytes(b, value, at, errors);
    free(value);
}

/* ---- kinds of bad input ---- */

static void over_its_limit(struct bad *b)
{
    const struct schema_field *field = b->field;
    char number[64];
    if (is_text(field)) {
        char *text = malloc(field->limit + 1);
        assert_non_null(text);
        memset(text, 'a', field->limit + 1);
        refuse_text(b, text, field->limit + 1, "TOO_LARGE");
        free(text);
    }
    if (field->form == SCHEMA_INTEGER) {
        snprintf(number, sizeof number, "%zu", field->limit + 1);
        refuse_value(b, number, "INVALID");
        refuse_value(b, "-1", "INVALID");
        refuse_value(b, "1.5", "INVALID");
        refuse_value(b, "1e300", "INVALID");
    }
    if (field->form == SCHEMA_ENUM) refuse_value(b, "\"never heard of\"", "INVALID");
    if (!is_many(field)) return;
    char *many = malloc((field->most + 1) * 256), sample[256];
    size_t at = 1;
    assert_non_null(many);
    many[0] = '[';
    for (size_t i = 0; i <= field->most; i++) {
        api_world_sample(b->w, field, b->meeting, b->part, sample, sizeof sample);
        at += (size_t)sprintf(many + at, "%s%s", i > 0 ? "," : "", sample);
    }
    sprintf(many + at, "]");
    refuse_value(b, many, "LIMIT");
    free(many);
}

static void of_another_sort(struct bad *b)
{
    static const char *const sorts[] = {"7",     "true",   "{\"what\":1}", "[[]]",
                                        "[7.5]", "[null]", "[true]",       "\"not-one-of-these\""};
    const struct schema_field *field = b->field;
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        bool is_number = sorts[i][0] == '7', is_flag = sorts[i][0] == 't';
        bool is_line = sorts[i][0] == '"';
        if (is_number && field->form == SCHEMA_INTEGER) continue;
        if (is_flag && field->form == SCHEMA_FLAG) continue;
        if (is_line && !is_many(field) &&
            (field->form == SCHEMA_LINE || field->form == SCHEMA_BLOCK))
            continue;
        refuse_value(b, sorts[i], "INVALID NOT_FOUND");
    }
    if (field->kind == VL_FIELD_SET) refuse_value(b, "{\"add\":7}", "INVALID");
    if (field->kind == VL_FIELD_TEXT) refuse_value(b, "{\"append\":[]}", "INVALID");
    if (field->kind == VL_FIELD_LIST) refuse_value(b, "{\"append\":\"x\"}", "INVALID");
}

static void hostile_text(struct bad *b)
{
    static const char *const escapes[] = {"a\\u0001b", "a\\u001b[31mb", "a\\u007fb",
                                          "a\\u0085b", "a\\u009bb",     "a\rb"};
    static const char *const broken[] = {"\xff",         "a\xc0\x80",        "\xed\xa0\x80",
                                         "\xe2\x82",     "\xf4\x90\x80\x80", "\x80",
                                         "a\xe2\x28\xa1"};
    if (!is_text(b->field)) return;
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        refuse_text(b, escapes[i], strlen(escapes[i]), "UTF8");
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        refuse_text(b, broken[i], strlen(broken[i]), "UTF8");
    if (b->field->kind == VL_FIELD_TEXT) refuse_value(b, "{\"append\":\"a\\u0001b\"}", "UTF8");
    if (b->field->form != SCHEMA_BLOCK) refuse_text(b, "a\\nb", 4, "UTF8");
}

static bool is_written_elsewhere(const struct schema_field *field)
{
    bool is_audience = field->form == SCHEMA_ENUM && field->limit == CHOICES_AUDIENCE;
    return is_audience || strcmp(field->name, "to") == 0 || strcmp(field->name, "format") == 0;
}

/* ---- all of it ---- */

static void make(struct bad *b, const char *plural, const char *body, char id[RECORD_ID_TEXT_SIZE])
{
    struct json *answer = api_world_ask(b->w, 0, "POST", plural, body);
    snprintf(id, RECORD_ID_TEXT_SIZE, "%s", json_text(answer, "id"));
    json_destroy(answer);
}

static void find_path(struct bad *b)
{
    char id[RECORD_ID_TEXT_SIZE], sample[256];
    bool is_changed = b->schema->writer != SCHEMA_WRITER_ONCE;
    b->field = &b->schema->fields[0];
    api_world_sample(b->w, b->field, b->meeting, b->part, sample, sizeof sample);
    write_body(b, sample, strlen(sample), true);
    make(b, b->schema->plural, b->body, id);
    b->path[0] = 0;
    if (is_changed && b->schema->id == SCHEMA_ID_ONE)
        snprintf(b->path, sizeof b->path, "%s", b->schema->plural);
    else if (is_changed)
        snprintf(b->path, sizeof b->path, "%s/%s", b->schema->plural, id);
}

static void unknown_fields(struct bad *b)
{
    snprintf(b->body, BODY_SIZE, "{\"colour_of_sky\":1}");
    refuse(b, "POST", b->schema->plural, "INVALID", "colour_of_sky");
    snprintf(b->body, BODY_SIZE, "{\"%s\":null,\"%s\":null}", b->schema->fields[0].name,
             b->schema->fields[0].name);
    refuse(b, "POST", b->schema->plural, "INVALID", b->schema->fields[0].name);
    snprintf(b->body, BODY_SIZE, "[]");
    refuse(b, "POST", b->schema->plural, "INVALID", "");
    snprintf(b->body, BODY_SIZE, "{\"\\ud800\":1}");
    refuse(b, "POST", b->schema->plural, "INVALID", "");
    snprintf(b->body, BODY_SIZE, "{\"%s\":\"a\\u0000b\"}", b->schema->fields[0].name);
    refuse(b, "POST", b->schema->plural, "INVALID", "");
}

static void test_bad_input_of_every_field(void **state)
{
    struct bad *b = calloc(1, sizeof *b);
    char body[128];
    assert_non_null(b);
    b->w = *state;
    b->body = malloc(BODY_SIZE);
    assert_non_null(b->body);
    make(b, "meetings", "{\"title\":\"x\"}", b->meeting);
    snprintf(body, sizeof body, "{\"meeting\":\"%s\",\"title\":\"y\"}", b->meeting);
    make(b, "parts", body, b->part);
    for (size_t t = 0; schema_record_at(t) != NULL; t++) {
        b->schema = schema_record_at(t);
        find_path(b);
        for (size_t f = 0; f < b->schema->field_count; f++) {
            b->field = &b->schema->fields[f];
            if (is_written_elsewhere(b->field)) continue;
            over_its_limit(b);
            of_another_sort(b);
            hostile_text(b);
        }
        unknown_fields(b);
    }
    assert_true(b->cases > 1000);
    free(b->body);
    free(b);
}

/* Characters that turn the direction of text are text: kept, told as they are. */
static void test_what_only_looks_hostile_is_text(void **state)
{
    static const char title[] =
        "\xe2\x80\xaegnp.\xe2\x80\x8f <script>&amp; \xf0\x9f\x95\xaf '); --";
    char body[256];
    snprintf(body, sizeof body, "{\"title\":\"%s\"}", title);
    struct json *answer = api_world_ask(*state, 0, "POST", "meetings", body);
    assert_string_equal(json_text(answer, "title"), title);
    json_destroy(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bad_input_of_every_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_only_looks_hostile_is_text, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
