#include "api/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const cJSON *node_of(const struct json *value)
{
    return (const cJSON *)(const void *)value;
}

static const struct json *json_of(const cJSON *node)
{
    return (const struct json *)(const void *)node;
}

/* cJSON would cut a string short at it. */
static bool has_escaped_zero(struct vl_bytes text)
{
    for (size_t i = 0; i + 1 < text.size; i++) {
        if (text.data[i] != '\\') continue;
        if (text.size - i >= 6 && memcmp(text.data + i, "\\u0000", 6) == 0) return true;
        i++; /* what is escaped, perhaps a backslash */
    }
    return false;
}

vl_result json_parse(struct vl_bytes text, struct json **out)
{
    if (text.size == 0 || memchr(text.data, 0, text.size) != NULL || has_escaped_zero(text)) {
        return VL_ERR_INVALID;
    }
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts((const char *)text.data, text.size, &end, 0);
    if (root == NULL) return VL_ERR_INVALID;
    for (const char *at = end; at < (const char *)text.data + text.size; at++) {
        if (strchr(" \t\r\n", *at) == NULL) {
            cJSON_Delete(root);
            return VL_ERR_INVALID;
        }
    }
    *out = (struct json *)(void *)root;
    return VL_OK;
}

static void wipe(cJSON *node)
{
    for (; node != NULL; node = node->next) {
        if (cJSON_IsString(node)) sodium_memzero(node->valuestring, strlen(node->valuestring));
        wipe(node->child);
    }
}

void json_destroy(struct json *document)
{
    cJSON *root = (cJSON *)(void *)document;
    wipe(root);
    cJSON_Delete(root);
}

const struct json *json_member(const struct json *object, const char *name)
{
    return json_of(cJSON_GetObjectItemCaseSensitive(node_of(object), name));
}

static const char *text_of(const cJSON *node)
{
    return cJSON_IsString(node) ? node->valuestring : "";
}

const char *json_text(const struct json *object, const char *name)
{
    return text_of(node_of(json_member(object, name)));
}

int64_t json_integer(const struct json *object, const char *name)
{
    int64_t value;
    return json_integer_of(json_member(object, name), &value) ? value : 0;
}

bool json_flag(const struct json *object, const char *name)
{
    return cJSON_IsTrue(node_of(json_member(object, name)));
}

size_t json_count(const struct json *array)
{
    return array == NULL ? 0 : (size_t)cJSON_GetArraySize(node_of(array));
}

const struct json *json_item(const struct json *array, size_t at)
{
    return json_of(cJSON_GetArrayItem(node_of(array), (int)at));
}

const char *json_item_text(const struct json *array, size_t at)
{
    return text_of(node_of(json_item(array, at)));
}

const char *json_item_name(const struct json *object, size_t at)
{
    const cJSON *node = node_of(json_item(object, at));
    return node == NULL || node->string == NULL ? "" : node->string;
}

enum json_sort json_sort_of(const struct json *value)
{
    const cJSON *node = node_of(value);
    if (node == NULL) return JSON_ABSENT;
    if (cJSON_IsNull(node)) return JSON_NULL;
    if (cJSON_IsBool(node)) return JSON_FLAG;
    if (cJSON_IsNumber(node)) return JSON_NUMBER;
    if (cJSON_IsString(node)) return JSON_TEXT;
    return cJSON_IsArray(node) ? JSON_ARRAY : JSON_OBJECT;
}

const char *json_text_of(const struct json *value)
{
    return text_of(node_of(value));
}

bool json_integer_of(const struct json *value, int64_t *out)
{
    const cJSON *node = node_of(value);
    if (!cJSON_IsNumber(node) || !(fabs(node->valuedouble) <= 9007199254740992.0)) return false;
    if (floor(node->valuedouble) < node->valuedouble) return false;
    *out = (int64_t)node->valuedouble;
    return true;
}

bool json_flag_of(const struct json *value)
{
    return cJSON_IsTrue(node_of(value));
}

/* ---- decoding ---- */

static vl_result refuse(struct json_problem *problem, const char *field, const char *message,
                        vl_result why)
{
    *problem = (struct json_problem){.field = field, .message = message};
    return why;
}

static vl_result decode_texts(const cJSON *node, const struct json_field *field,
                              struct json_texts *out, struct json_problem *problem)
{
    if (!cJSON_IsArray(node)) return refuse(problem, field->name, "not a list", VL_ERR_INVALID);
    size_t count = (size_t)cJSON_GetArraySize(node), at = 0;
    if (count > JSON_TEXTS_MAX) {
        return refuse(problem, field->name, "too many", VL_ERR_TOO_LARGE);
    }
    out->given = true;
    if (count == 0) return VL_OK;
    out->items = calloc(count, sizeof out->items[0]);
    if (out->items == NULL) return VL_ERR_NO_MEMORY;
    const cJSON *item;
    cJSON_ArrayForEach(item, node)
    {
        if (!cJSON_IsString(item)) {
            return refuse(problem, field->name, "not a list of texts", VL_ERR_INVALID);
        }
        if (strlen(item->valuestring) > (size_t)field->max) {
            return refuse(problem, field->name, "longer than its limit", VL_ERR_TOO_LARGE);
        }
        out->items[at++] = item->valuestring;
    }
    out->count = at;
    return VL_OK;
}

static vl_result decode_one(const cJSON *node, const struct json_field *field, char *at,
                            struct json_problem *problem)
{
    switch (field->kind) {
    case JSON_KIND_TEXT:
        if (!cJSON_IsString(node)) {
            return refuse(problem, field->name, "not a text", VL_ERR_INVALID);
        }
        if (strlen(node->valuestring) > (size_t)field->max) {
            return refuse(problem, field->name, "longer than its limit", VL_ERR_TOO_LARGE);
        }
        memcpy(at, &(const char *){node->valuestring}, sizeof(const char *));
        return VL_OK;
    case JSON_KIND_NUMBER:
        if (!cJSON_IsNumber(node) || !(node->valuedouble >= 0) ||
            !(node->valuedouble <= (double)field->max) ||
            floor(node->valuedouble) < node->valuedouble) {
            return refuse(problem, field->name, "not a number in its range", VL_ERR_INVALID);
        }
        memcpy(at, &(int64_t){(int64_t)node->valuedouble}, sizeof(int64_t));
        return VL_OK;
    case JSON_KIND_FLAG:
        if (!cJSON_IsBool(node)) {
            return refuse(problem, field->name, "not true or false", VL_ERR_INVALID);
        }
        memcpy(at, &(bool){cJSON_IsTrue(node) != 0}, sizeof(bool));
        return VL_OK;
    case JSON_KIND_TEXTS:
        return decode_texts(node, field, (struct json_texts *)(void *)at, problem);
    }
    return VL_ERR_INTERNAL;
}

static const struct json_field *field_named(const struct json_field *fields, size_t count,
                                            const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) return &fields[i];
    }
    return NULL;
}

vl_result json_decode(const struct json *body, const struct json_field *fields, size_t count,
                      void *out, struct json_problem *problem)
{
    const cJSON *root = node_of(body), *node;
    if (root != NULL && !cJSON_IsObject(root)) {
        return refuse(problem, NULL, "the body is not a JSON object", VL_ERR_INVALID);
    }
    bool seen[32] = {false};
    assert(count <= sizeof seen / sizeof seen[0]);
    cJSON_ArrayForEach(node, root)
    {
        const struct json_field *field = field_named(fields, count, node->string);
        if (field == NULL) {
            return refuse(problem, node->string, "there is no such field", VL_ERR_INVALID);
        }
        if (seen[field - fields]) {
            return refuse(problem, field->name, "given twice", VL_ERR_INVALID);
        }
        seen[field - fields] = true;
        VL_TRY(decode_one(node, field, (char *)out + field->offset, problem));
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].required && !seen[i]) {
            return refuse(problem, fields[i].name, "missing", VL_ERR_INVALID);
        }
    }
    return VL_OK;
}

void json_decode_finish(const struct json_field *fields, size_t count, void *out)
{
    for (size_t i = 0; i < count; i++) {
        if (fields[i].kind != JSON_KIND_TEXTS) continue;
        struct json_texts *texts = (struct json_texts *)(void *)((char *)out + fields[i].offset);
        free(texts->items);
        *texts = (struct json_texts){0};
    }
}

/* ---- writing ---- */

struct json_out json_out(struct vl_buffer *out)
{
    return (struct json_out){.out = out, .comma = false, .result = VL_OK};
}

static void put(struct json_out *o, const char *bytes, size_t size)
{
    if (o->result == VL_OK) o->result = vl_buffer_append(o->out, bytes, size);
}

static void before_value(struct json_out *o)
{
    if (o->comma) put(o, ",", 1);
    o->comma = true;
}

void json_open(struct json_out *o, char bracket)
{
    before_value(o);
    put(o, &bracket, 1);
    o->comma = false;
}

void json_close(struct json_out *o, char bracket)
{
    put(o, &bracket, 1);
    o->comma = true;
}

static void quoted(struct json_out *o, const char *text)
{
    const char *start = text, *at = text;
    put(o, "\"", 1);
    for (; *at != 0; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        char escape[8];
        int size = c == '\n' ? snprintf(escape, sizeof escape, "\\n")
                   : c == '"' || c == '\\'
                       ? snprintf(escape, sizeof escape, "\\%c", c)
                       : snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c);
        put(o, start, (size_t)(at - start));
        put(o, escape, (size_t)size);
        start = at + 1;
    }
    put(o, start, (size_t)(at - start));
    put(o, "\"", 1);
}

void json_key(struct json_out *o, const char *name)
{
    before_value(o);
    quoted(o, name);
    put(o, ":", 1);
    o->comma = false;
}

void json_write_text(struct json_out *o, const char *text)
{
    if (text == NULL) {
        json_write_null(o);
        return;
    }
    before_value(o);
    quoted(o, text);
}

void json_write_integer(struct json_out *o, int64_t value)
{
    char digits[24];
    before_value(o);
    put(o, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)value));
}

void json_write_flag(struct json_out *o, bool value)
{
    before_value(o);
    put(o, value ? "true" : "false", value ? 4 : 5);
}

void json_write_null(struct json_out *o)
{
    before_value(o);
    put(o, "null", 4);
}

void json_write_value(struct json_out *o, const struct json *value)
{
    const cJSON *node = node_of(value), *child;
    bool is_object = cJSON_IsObject(node) != 0;
    if (is_object || cJSON_IsArray(node)) {
        json_open(o, is_object ? '{' : '[');
        cJSON_ArrayForEach(child, node)
        {
            if (is_object) json_key(o, child->string);
            json_write_value(o, json_of(child));
        }
        json_close(o, is_object ? '}' : ']');
    } else if (cJSON_IsString(node)) {
        json_write_text(o, node->valuestring);
    } else if (cJSON_IsBool(node)) {
        json_write_flag(o, cJSON_IsTrue(node) != 0);
    } else if (cJSON_IsNumber(node)) {
        char digits[32];
        before_value(o);
        put(o, digits, (size_t)snprintf(digits, sizeof digits, "%.17g", node->valuedouble));
    } else {
        json_write_null(o);
    }
}

void json_put_text(struct json_out *o, const char *name, const char *text)
{
    json_key(o, name);
    json_write_text(o, text);
}

void json_put_integer(struct json_out *o, const char *name, int64_t value)
{
    json_key(o, name);
    json_write_integer(o, value);
}

void json_put_flag(struct json_out *o, const char *name, bool value)
{
    json_key(o, name);
    json_write_flag(o, value);
}

void json_put_id(struct json_out *o, const char *name, const struct vl_id *id)
{
    char text[VL_ID_TEXT_SIZE];
    vl_id_text(id, text);
    json_put_text(o, name, text);
}

void json_put_time(struct json_out *o, const char *name, int64_t wall_ms)
{
    char text[64];
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
    json_key(o, name);
    /* A clock of somebody else may say anything; years of more than four digits are no date. */
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900 ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        json_write_null(o);
        return;
    }
    json_write_text(o, text);
}
