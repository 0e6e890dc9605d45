/* JSON: reading (the one user of cJSON) and writing.
 *
 * A body is parsed once and decoded once, by a table, into a struct; nothing else looks at it. */
#ifndef API_JSON_H
#define API_JSON_H

#include <veillee/hash.h>

struct json; /* a parsed document, or a value in one */

/* INVALID: not one JSON document, with U+0000 in a string, or nested over 1,000 deep. */
VL_MUST_USE vl_result json_parse(struct vl_bytes text, struct json **out);
void json_destroy(struct json *document); /* wipes every string; accepts NULL */

/* Members of objects, items of arrays; NULL, "", 0 and false when absent or of another kind, also
 * for NULL. Views into the document. */
const struct json *json_member(const struct json *object, const char *name);
const char *json_text(const struct json *object, const char *name);
int64_t json_integer(const struct json *object, const char *name);
bool json_flag(const struct json *object, const char *name);
size_t json_count(const struct json *array);
const struct json *json_item(const struct json *array, size_t at);
const char *json_item_text(const struct json *array, size_t at);
const char *json_item_name(const struct json *object, size_t at); /* name of the n-th member */

/* What a value is, and its content; the latter as above when it is something else. */
enum json_sort {
    JSON_ABSENT,
    JSON_NULL,
    JSON_FLAG,
    JSON_NUMBER,
    JSON_TEXT,
    JSON_ARRAY,
    JSON_OBJECT
};
enum json_sort json_sort_of(const struct json *value);
const char *json_text_of(const struct json *value);
/* A whole number that a double holds exactly; false: something else. */
bool json_integer_of(const struct json *value, int64_t *out);
bool json_flag_of(const struct json *value);

/* ---- decoding a body into a struct ---- */

enum json_kind {
    JSON_KIND_TEXT,   /* const char *, NULL when absent */
    JSON_KIND_NUMBER, /* int64_t, 0 when absent; from 0 to max */
    JSON_KIND_FLAG,   /* bool */
    JSON_KIND_TEXTS   /* struct json_texts */
};
#define JSON_TEXTS_MAX 512u
struct json_texts { /* items are views; the array is owned, freed by json_decode_finish */
    bool given;
    const char **items;
    size_t count;
};
struct json_field {
    const char *name;
    enum json_kind kind;
    size_t offset; /* in the struct */
    bool required;
    int64_t max; /* bytes of a text (each text of several), or the number */
};
struct json_problem {
    const char *field;   /* NULL: the body as a whole */
    const char *message; /* English, static */
    size_t line;         /* of a file in the body, from 1; 0: none */
};
/* `body` NULL counts as {}. INVALID or TOO_LARGE with *problem: a field that is not in the table,
 * of another kind, over its limit, or missing. */
VL_MUST_USE vl_result json_decode(const struct json *body, const struct json_field *fields,
                                  size_t count, void *out, struct json_problem *problem);
void json_decode_finish(const struct json_field *fields, size_t count, void *out);

/* ---- writing ---- */

struct json_out { /* keeps the first error */
    struct vl_buffer *out;
    bool comma;
    vl_result result;
};
struct json_out json_out(struct vl_buffer *out);
void json_open(struct json_out *o, char bracket);  /* '{' or '[' */
void json_close(struct json_out *o, char bracket); /* '}' or ']' */
void json_key(struct json_out *o, const char *name);
void json_write_text(struct json_out *o, const char *text); /* NULL: null */
void json_write_integer(struct json_out *o, int64_t value);
void json_write_flag(struct json_out *o, bool value);
void json_write_null(struct json_out *o);
void json_write_value(struct json_out *o, const struct json *value); /* as it was read */
void json_put_text(struct json_out *o, const char *name, const char *text);
void json_put_integer(struct json_out *o, const char *name, int64_t value);
void json_put_flag(struct json_out *o, const char *name, bool value);
void json_put_id(struct json_out *o, const char *name, const struct vl_id *id);
/* "2026-03-12T18:30:00Z" */
void json_put_time(struct json_out *o, const char *name, int64_t wall_ms);

#endif
