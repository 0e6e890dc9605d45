#include "cli/record_options.h"

#include <stdlib.h>
#include <string.h>

#define SEAT_PREFIX "seat:"

static const struct {
    uint32_t type, field;
    const char *name;
} aliases[] = {
    {SCHEMA_MEETING, MEETING_STARTS, "at"},
    {SCHEMA_MEETING, MEETING_MINUTES, "note"},
    {SCHEMA_SHARE, SHARE_NOTE, "note"},
};

const char *field_alias(const struct schema_record *schema, const struct schema_field *field)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (aliases[i].type == schema->type && aliases[i].field == field->id)
            return aliases[i].name;
    }
    return NULL;
}

void field_option(const struct schema_field *field, char *out, size_t size)
{
    snprintf(out, size, "%s", field->name);
    for (char *at = out; *at != 0; at++) {
        if (*at == '_') *at = '-';
    }
}

void field_word(const struct schema_field *field, char *out, size_t size)
{
    static const char *const words[] = {
        [SCHEMA_LINE] = "TEXT",      [SCHEMA_BLOCK] = "TEXT",
        [SCHEMA_DATE] = "DATE",      [SCHEMA_SELF] = "PERSON",
        [SCHEMA_PERSON] = "PERSON",  [SCHEMA_REFERENCE] = "ID",
        [SCHEMA_INTEGER] = "NUMBER", [SCHEMA_ITEM] = "TEXT",
        [SCHEMA_FLAG] = "yes|no",    [SCHEMA_SPEAKER] = "PERSON|seat:NAME",
        [SCHEMA_ENUM] = "CHOICE",    [SCHEMA_RULE] = "RULE",
    };
    size_t at = 0;
    snprintf(out, size, "%s", words[field->form]);
    for (int64_t i = 0; schema_choice(field, i) != NULL && at < size; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? "|" : "",
                               schema_choice(field, i));
    }
}

/* ---- values ---- */

/* The n-th value of an option; NULL: there are no more. */
static const char *option_at(const struct call *call, const char *name, size_t n)
{
    for (int i = 0; i < call->option_count; i++) {
        bool is_one = call->options[i].name_size == strlen(name) &&
                      memcmp(call->options[i].name, name, strlen(name)) == 0;
        if (is_one && n-- == 0) return call->options[i].value;
    }
    return NULL;
}

static void put_number(struct json_out *o, const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != 0) {
        json_write_text(o, text); /* the node says what is wrong with it */
    } else {
        json_write_integer(o, number);
    }
}

static void put_flag(struct json_out *o, const char *text)
{
    if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0) {
        json_write_flag(o, text[0] == 'y');
    } else {
        json_write_text(o, text);
    }
}

/* A blank between date and time is as good as the T. */
static void put_date(struct json_out *o, const char *text)
{
    char date[17];
    if (strlen(text) != 16 || text[10] != ' ') {
        json_write_text(o, text);
        return;
    }
    snprintf(date, sizeof date, "%s", text);
    date[10] = 'T';
    json_write_text(o, date);
}

static void put_value(struct json_out *o, const struct schema_field *field, const char *text)
{
    switch (field->form) {
    case SCHEMA_INTEGER: put_number(o, text); return;
    case SCHEMA_FLAG: put_flag(o, text); return;
    case SCHEMA_DATE: put_date(o, text); return;
    case SCHEMA_SPEAKER:
        if (strncmp(text, SEAT_PREFIX, strlen(SEAT_PREFIX)) != 0) break;
        json_open(o, '{');
        json_put_text(o, "seat", text + strlen(SEAT_PREFIX));
        json_close(o, '}');
        return;
    case SCHEMA_LINE:
    case SCHEMA_BLOCK:
    case SCHEMA_PERSON:
    case SCHEMA_SELF:
    case SCHEMA_REFERENCE:
    case SCHEMA_ITEM:
    case SCHEMA_ENUM:
    case SCHEMA_RULE: break;
    }
    json_write_text(o, text);
}

/* Ids and names of persons may stand in one value with commas between them. */
static bool is_split(const struct schema_field *field)
{
    return field->form == SCHEMA_PERSON || field->form == SCHEMA_SELF ||
           field->form == SCHEMA_REFERENCE || field->form == SCHEMA_SPEAKER;
}

static void put_elements(const struct call *call, struct json_out *o,
                         const struct schema_field *field, const char *option)
{
    const char *value;
    json_open(o, '[');
    for (size_t n = 0; (value = option_at(call, option, n)) != NULL; n++) {
        char *copy = strdup(value), *rest = copy, *part;
        if (copy == NULL) o->result = VL_ERR_NO_MEMORY;
        while (copy != NULL && (part = is_split(field) ? strsep(&rest, ",") : copy) != NULL) {
            part += is_split(field) ? strspn(part, " ") : 0;
            if (part[0] != 0 || !is_split(field)) put_value(o, field, part);
            if (!is_split(field)) break;
        }
        free(copy);
    }
    json_close(o, ']');
}

/* ---- fields ---- */

struct option_names {
    char yes[64], no[68];
    const char *alias; /* NULL: none */
};

static void put_set(const struct call *call, const struct schema_field *field, bool is_edit,
                    const struct option_names *names, struct json_out *o)
{
    if (!is_edit) {
        put_elements(call, o, field, names->yes);
        return;
    }
    json_open(o, '{');
    json_key(o, "add");
    put_elements(call, o, field, names->yes);
    json_key(o, "remove");
    put_elements(call, o, field, names->no);
    json_close(o, '}');
}

static void put_text(const struct call *call, bool is_edit, const struct option_names *names,
                     struct json_out *o)
{
    const char *whole = call_option(call, names->yes);
    const char *note = names->alias == NULL ? NULL : call_option(call, names->alias);
    struct vl_buffer text = {0};
    if (note == NULL || whole != NULL || !is_edit) {
        json_write_text(o, whole != NULL ? whole : note != NULL ? note : "");
        return;
    }
    vl_result made = vl_buffer_append(&text, "\n", 1);
    if (made == VL_OK) made = vl_buffer_append(&text, note, strlen(note) + 1);
    json_open(o, '{');
    json_put_text(o, "append", made == VL_OK ? (const char *)text.data : "");
    json_close(o, '}');
    if (made != VL_OK) o->result = made;
    vl_buffer_finish(&text);
}

static void put_register(const struct call *call, const struct schema_field *field,
                         const struct option_names *names, struct json_out *o)
{
    const char *value = call_option(call, names->yes);
    if (value == NULL && names->alias != NULL) value = call_option(call, names->alias);
    if (value == NULL) {
        json_write_null(o);
    } else {
        put_value(o, field, value);
    }
}

void put_fields(const struct call *call, const struct schema_record *schema, bool is_edit,
                struct json_out *o)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct schema_field *field = &schema->fields[i];
        struct option_names names = {.alias = field_alias(schema, field)};
        field_option(field, names.yes, sizeof names.yes);
        snprintf(names.no, sizeof names.no, "no-%s", names.yes);
        bool is_given = call_option(call, names.yes) != NULL ||
                        call_option(call, names.no) != NULL ||
                        (names.alias != NULL && call_option(call, names.alias) != NULL);
        if (!is_given) continue;
        json_key(o, field->name);
        switch (field->kind) {
        case VL_FIELD_SET: put_set(call, field, is_edit, &names, o); break;
        case VL_FIELD_LIST: put_elements(call, o, field, names.yes); break;
        case VL_FIELD_TEXT: put_text(call, is_edit, &names, o); break;
        case VL_FIELD_REGISTER: put_register(call, field, &names, o); break;
        }
    }
}
