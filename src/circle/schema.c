#include "circle/schema.h"
#include "circle/recurrence.h"
#include <string.h>
#include <utf8proc.h>

#define FIELD_ROW(constant, id, kind, form, name, limit, most)                                     \
    {(id), VL_FIELD_##kind, SCHEMA_##form, name, (limit), (most)},
static const struct schema_field circle_fields[] = {SCHEMA_CIRCLE_FIELDS(FIELD_ROW)};
static const struct schema_field agreement_fields[] = {SCHEMA_AGREEMENT_FIELDS(FIELD_ROW)};
static const struct schema_field profile_fields[] = {SCHEMA_PROFILE_FIELDS(FIELD_ROW)};
static const struct schema_field meeting_fields[] = {SCHEMA_MEETING_FIELDS(FIELD_ROW)};
static const struct schema_field share_fields[] = {SCHEMA_SHARE_FIELDS(FIELD_ROW)};
static const struct schema_field reply_fields[] = {SCHEMA_REPLY_FIELDS(FIELD_ROW)};
static const struct schema_field part_fields[] = {SCHEMA_PART_FIELDS(FIELD_ROW)};
static const struct schema_field moment_fields[] = {SCHEMA_MOMENT_FIELDS(FIELD_ROW)};
static const struct schema_field signal_fields[] = {SCHEMA_SIGNAL_FIELDS(FIELD_ROW)};
static const struct schema_field decision_fields[] = {SCHEMA_DECISION_FIELDS(FIELD_ROW)};
static const struct schema_field commitment_fields[] = {SCHEMA_COMMITMENT_FIELDS(FIELD_ROW)};

#define RECORD_ROW(constant, type, name, plural, writer, id, audience, order, needs, fields)       \
    {(type),                                                                                       \
     name,                                                                                         \
     plural,                                                                                       \
     SCHEMA_WRITER_##writer,                                                                       \
     SCHEMA_ID_##id,                                                                               \
     SCHEMA_FOR_##audience,                                                                        \
     SCHEMA_ORDER_##order,                                                                         \
     needs,                                                                                        \
     fields##_ROWS,                                                                                \
     sizeof fields##_ROWS / sizeof *fields##_ROWS},
#define SCHEMA_CIRCLE_FIELDS_ROWS     circle_fields
#define SCHEMA_AGREEMENT_FIELDS_ROWS  agreement_fields
#define SCHEMA_PROFILE_FIELDS_ROWS    profile_fields
#define SCHEMA_MEETING_FIELDS_ROWS    meeting_fields
#define SCHEMA_SHARE_FIELDS_ROWS      share_fields
#define SCHEMA_REPLY_FIELDS_ROWS      reply_fields
#define SCHEMA_PART_FIELDS_ROWS       part_fields
#define SCHEMA_MOMENT_FIELDS_ROWS     moment_fields
#define SCHEMA_SIGNAL_FIELDS_ROWS     signal_fields
#define SCHEMA_DECISION_FIELDS_ROWS   decision_fields
#define SCHEMA_COMMITMENT_FIELDS_ROWS commitment_fields
static const struct schema_record records[] = {SCHEMA_TABLE(RECORD_ROW)};

#define RECORD_COUNT (sizeof records / sizeof *records)

const struct schema_record *schema_record_at(size_t at)
{
    return at < RECORD_COUNT ? &records[at] : NULL;
}

const struct schema_record *schema_record(uint32_t type)
{
    for (size_t i = 0; i < RECORD_COUNT; i++)
        if (records[i].type == type) return &records[i];
    return NULL;
}

const struct schema_record *schema_record_named(const char *name)
{
    for (size_t i = 0; i < RECORD_COUNT; i++)
        if (strcmp(records[i].name, name) == 0) return &records[i];
    return NULL;
}

const struct schema_record *schema_record_plural(const char *plural)
{
    for (size_t i = 0; i < RECORD_COUNT; i++)
        if (strcmp(records[i].plural, plural) == 0) return &records[i];
    return NULL;
}

const struct schema_field *schema_field(uint32_t type, uint32_t id)
{
    const struct schema_record *record = schema_record(type);
    for (size_t i = 0; record != NULL && i < record->field_count; i++)
        if (record->fields[i].id == id) return &record->fields[i];
    return NULL;
}

const struct schema_field *schema_field_named(uint32_t type, const char *name)
{
    const struct schema_record *record = schema_record(type);
    for (size_t i = 0; record != NULL && i < record->field_count; i++)
        if (strcmp(record->fields[i].name, name) == 0) return &record->fields[i];
    return NULL;
}

bool schema_is_filter(const struct schema_field *field)
{
    if (field->kind != VL_FIELD_REGISTER) return false;
    return field->form == SCHEMA_REFERENCE || field->form == SCHEMA_PERSON ||
           field->form == SCHEMA_ENUM || field->form == SCHEMA_FLAG;
}

bool schema_is_makers(const struct schema_record *record, const struct schema_field *field)
{
    return record->type == SCHEMA_DECISION &&
           (field->id == DECISION_KEEP || field->id == DECISION_KEEP_MONTHS);
}

/* ---- what a new record needs ---- */

const struct schema_field *schema_lacks(const struct schema_record *record, schema_has has,
                                        void *context)
{
    const struct schema_field *first = NULL;
    bool found = false;
    for (const char *at = record->needs; *at != '\0';) {
        size_t size = strcspn(at, "| ");
        for (size_t i = 0; i < record->field_count; i++) {
            const struct schema_field *field = &record->fields[i];
            if (strlen(field->name) != size || memcmp(field->name, at, size) != 0) continue;
            if (first == NULL) first = field;
            found = found || has(context, field);
        }
        at += size;
        if (*at != '|') { /* the alternatives end */
            if (!found) return first;
            first = NULL;
            found = false;
        }
        at += strspn(at, "| ");
    }
    return NULL;
}

/* ---- choices ---- */

#define CHOICE_NAME(constant, name) name,
#define CHOICES_ROW(constant, type, choices)                                                       \
    [constant] = {(const char *const[]){choices(CHOICE_NAME)},                                     \
                  sizeof((const char *const[]){choices(CHOICE_NAME)}) / sizeof(const char *),      \
                  #type},
static const struct {
    const char *const *names;
    size_t count;
    const char *name;
} choices[CHOICES_COUNT] = {CHOICES_TABLE(CHOICES_ROW)};

const char *schema_choice(const struct schema_field *field, int64_t value)
{
    if (field->form != SCHEMA_ENUM || value < 0) return NULL;
    if ((uint64_t)value >= choices[field->limit].count) return NULL;
    return choices[field->limit].names[value];
}

const char *schema_choices_name(const struct schema_field *field)
{
    return field->form == SCHEMA_ENUM ? choices[field->limit].name : NULL;
}

bool schema_choice_named(const struct schema_field *field, const char *name, int64_t *out)
{
    if (field->form != SCHEMA_ENUM) return false;
    for (size_t i = 0; i < choices[field->limit].count; i++) {
        if (strcmp(choices[field->limit].names[i], name) != 0) continue;
        *out = (int64_t)i;
        return true;
    }
    return false;
}

/* ---- dates ---- */

/* `digits` digits at `text`, or -1. */
static int number_at(const char *text, int digits)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool schema_is_date(const char *text)
{
    size_t size = strnlen(text, 17);
    int year, month, day, hour, minute;
    if (size != 10 && size != 16) return false;
    year = number_at(text, 4);
    month = number_at(text + 5, 2);
    day = number_at(text + 8, 2);
    if (year < 1 || month < 1 || month > 12 || text[4] != '-' || text[7] != '-') return false;
    if (day < 1 || day > days_in(year, month)) return false;
    if (size == 10) return true;
    hour = number_at(text + 11, 2);
    minute = number_at(text + 14, 2);
    return text[10] == 'T' && text[13] == ':' && hour >= 0 && hour < 24 && minute >= 0 &&
           minute < 60;
}

/* ---- values ---- */

static vl_result refuse(const struct schema_field *field, struct schema_problem *problem,
                        vl_result result, const char *reason)
{
    if (problem != NULL) *problem = (struct schema_problem){field, reason};
    return result;
}

static bool is_clean(struct vl_bytes text, bool one_line)
{
    size_t at = 0;
    while (at < text.size) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used =
            utf8proc_iterate(text.data + at, (utf8proc_ssize_t)(text.size - at), &c);
        if (used <= 0) return false;
        if (c < 0x20 && (one_line || (c != '\n' && c != '\t'))) return false;
        if (c >= 0x7f && c < 0xa0) return false;
        at += (size_t)used;
    }
    return true;
}

static vl_result check_rule(const struct schema_field *field, const struct vl_value *value,
                            struct schema_problem *problem)
{
    struct recurrence rule;
    const char *reason;
    char text[RECURRENCE_TEXT_MAX + 2] = {0}; /* without zero bytes: checked */
    size_t size = value->bytes.size < sizeof text ? value->bytes.size : sizeof text - 1;
    memcpy(text, value->bytes.data, size);
    vl_result result = recurrence_parse(text, &rule, &reason);
    return result == VL_OK ? VL_OK : refuse(field, problem, result, reason);
}

static vl_result check_text(const struct schema_field *field, const struct vl_value *value,
                            struct schema_problem *problem)
{
    bool one_line = field->form != SCHEMA_BLOCK;
    char date[18] = {0};
    if (value->tag != VL_VALUE_TEXT) return refuse(field, problem, VL_ERR_INVALID, "not a text");
    if (value->bytes.size > field->limit)
        return refuse(field, problem, VL_ERR_TOO_LARGE, "longer than its limit");
    if (!is_clean(value->bytes, one_line))
        return refuse(field, problem, VL_ERR_UTF8,
                      one_line ? "not one line of UTF-8 without control characters"
                               : "not UTF-8 without control characters");
    if (field->form == SCHEMA_RULE) return check_rule(field, value, problem);
    if (field->form != SCHEMA_DATE) return VL_OK;
    memcpy(date, value->bytes.data, value->bytes.size); /* at most 16 bytes, checked above */
    if (strlen(date) != value->bytes.size || !schema_is_date(date))
        return refuse(field, problem, VL_ERR_INVALID, "not a date that exists (YYYY-MM-DD)");
    return VL_OK;
}

static vl_result check_reference(const struct schema_field *field, const struct vl_value *value,
                                 struct schema_problem *problem)
{
    if (value->tag != VL_VALUE_REFERENCE)
        return refuse(field, problem, VL_ERR_INVALID, "not a record");
    if (field->form == SCHEMA_REFERENCE && value->type != field->limit)
        return refuse(field, problem, VL_ERR_INVALID, "a record of another type");
    return VL_OK;
}

static vl_result check_number(const struct schema_field *field, const struct vl_value *value,
                              struct schema_problem *problem)
{
    if (value->tag != VL_VALUE_INTEGER)
        return refuse(field, problem, VL_ERR_INVALID, "not a number");
    if (field->form == SCHEMA_ENUM) {
        if (schema_choice(field, value->integer) != NULL) return VL_OK;
        return refuse(field, problem, VL_ERR_INVALID, "none of its choices");
    }
    if (value->integer < 0 || (uint64_t)value->integer > field->limit)
        return refuse(field, problem, VL_ERR_INVALID, "a number out of its range");
    return VL_OK;
}

vl_result schema_check(const struct schema_field *field, const struct vl_value *value,
                       struct schema_problem *problem)
{
    bool is_element = field->kind == VL_FIELD_SET || field->kind == VL_FIELD_LIST;
    if (value->tag == VL_VALUE_NONE && field->kind == VL_FIELD_REGISTER) return VL_OK;
    if (is_element && value->tag == VL_VALUE_TEXT && value->bytes.size == 0)
        return refuse(field, problem, VL_ERR_INVALID, "an empty element");
    switch (field->form) {
    case SCHEMA_LINE:
    case SCHEMA_BLOCK:
    case SCHEMA_DATE:
    case SCHEMA_RULE: return check_text(field, value, problem);
    case SCHEMA_PERSON:
    case SCHEMA_SELF:
        if (value->tag == VL_VALUE_PERSON) return VL_OK;
        return refuse(field, problem, VL_ERR_INVALID, "not a person");
    case SCHEMA_REFERENCE: return check_reference(field, value, problem);
    case SCHEMA_INTEGER:
    case SCHEMA_FLAG:
    case SCHEMA_ENUM: return check_number(field, value, problem);
    case SCHEMA_ITEM:
        if (value->tag == VL_VALUE_REFERENCE) return check_reference(field, value, problem);
        return check_text(field, value, problem);
    case SCHEMA_SPEAKER:
        if (value->tag == VL_VALUE_PERSON) return VL_OK;
        return check_text(field, value, problem);
    }
    return refuse(field, problem, VL_ERR_INTERNAL, "a form that the schema does not have");
}
