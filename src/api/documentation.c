#include "api/documentation.h"
#include "api/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 1024u

struct page { /* keeps the first error */
    struct vl_buffer *out;
    vl_result result;
};

__attribute__((format(printf, 2, 3))) static void say(struct page *page, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (page->result != VL_OK) return;
    if (size < 0 || (size_t)size >= sizeof line) {
        page->result = VL_ERR_TOO_LARGE;
        return;
    }
    page->result = vl_buffer_append(page->out, line, (size_t)size);
}

static const char *const kinds[] = {"register", "set", "text", "list"};
static const char *writer_text(enum schema_writer writer)
{
    switch (writer) {
    case SCHEMA_WRITER_ANY: return "anybody";
    case SCHEMA_WRITER_FACILITATOR: return "facilitators";
    case SCHEMA_WRITER_SUBJECT: return "its person";
    case SCHEMA_WRITER_AUTHOR: return "its author";
    case SCHEMA_WRITER_ONCE: return "its author, once";
    }
    return "";
}

static const char *id_text(enum schema_id id)
{
    switch (id) {
    case SCHEMA_ID_RANDOM: return "";
    case SCHEMA_ID_ONE: return "; one a circle";
    case SCHEMA_ID_PERSON: return "; one a person";
    case SCHEMA_ID_BOTH: return "; one a meeting and person";
    case SCHEMA_ID_WORDS: return "; its words are its id";
    case SCHEMA_ID_MAKER: return "; its id is its maker's";
    }
    return "";
}

static const char *audience_text(enum schema_audience audience)
{
    switch (audience) {
    case SCHEMA_FOR_CIRCLE: return "";
    case SCHEMA_FOR_FACILITATORS: return "; always for the facilitators";
    case SCHEMA_FOR_CHOSEN: return "; for whom is chosen";
    }
    return "";
}

static const char *order_text(enum schema_order order)
{
    switch (order) {
    case SCHEMA_ORDER_OLDEST: return "oldest first";
    case SCHEMA_ORDER_NEWEST: return "newest first";
    case SCHEMA_ORDER_DATE: return "by date, those without one first";
    }
    return "";
}

static const char *form_name(enum schema_form form)
{
    switch (form) {
    case SCHEMA_LINE: return "line";
    case SCHEMA_BLOCK: return "block";
    case SCHEMA_DATE: return "date";
    case SCHEMA_PERSON: return "person";
    case SCHEMA_REFERENCE: return "record";
    case SCHEMA_INTEGER: return "integer";
    case SCHEMA_ITEM: return "item";
    case SCHEMA_FLAG: return "flag";
    case SCHEMA_SPEAKER: return "speaker";
    case SCHEMA_ENUM: return "choice";
    case SCHEMA_RULE: return "rule";
    case SCHEMA_SELF: return "oneself";
    }
    return "";
}

static void say_choices(struct page *page, const struct schema_field *field, const char *between)
{
    for (int64_t i = 0; schema_choice(field, i) != NULL; i++) {
        say(page, "%s%s", i > 0 ? between : "", schema_choice(field, i));
    }
}

/* ---- docs/records.md ---- */

vl_result documentation_types(struct vl_buffer *out)
{
    struct page page = {.out = out};
    const struct schema_record *record;
    for (size_t i = 0; (record = schema_record_at(i)) != NULL; i++) {
        say(&page, "\n### %u %s: written by %s%s%s\n\nIn the API: `%s`. A new one needs `%s`.\n",
            (unsigned)record->type, record->name, writer_text(record->writer), id_text(record->id),
            audience_text(record->audience), record->plural, record->needs);
        say(&page,
            "\n| field | name | kind | form | limit | at most |\n|---|---|---|---|---|---|\n");
        for (size_t f = 0; f < record->field_count; f++) {
            const struct schema_field *field = &record->fields[f];
            say(&page, "| %u.%u | %s | %s | %s | ", (unsigned)record->type, (unsigned)field->id,
                field->name, kinds[field->kind], form_name(field->form));
            if (field->form != SCHEMA_ENUM) say(&page, "%zu", field->limit);
            say_choices(&page, field, ", ");
            say(&page, " | %zu |\n", field->most);
        }
    }
    return page.result;
}

/* ---- docs/api.md ---- */

static void say_routes(struct page *page)
{
    say(page, "\n| route | | |\n|---|---|---|\n");
    for (size_t i = 0; i < route_count; i++) {
        say(page, "| `%s %s` | %s | %s |\n", routes[i].method, routes[i].pattern, routes[i].summary,
            routes[i].needs_unlocked ? "" : "also locked");
    }
}

static void say_value(struct page *page, const struct schema_field *field)
{
    const struct schema_record *of;
    switch (field->form) {
    case SCHEMA_LINE: say(page, "one line, at most %zu bytes", field->limit); break;
    case SCHEMA_BLOCK: say(page, "text, at most %zu bytes", field->limit); break;
    case SCHEMA_DATE: say(page, "`\"2026-03-12\"` or `\"2026-03-12T19:30\"`"); break;
    case SCHEMA_PERSON: say(page, "a person"); break;
    case SCHEMA_SELF: say(page, "oneself"); break;
    case SCHEMA_REFERENCE:
        of = schema_record((uint32_t)field->limit);
        say(page, "the id of one of the %s", of == NULL ? "records" : of->plural);
        break;
    case SCHEMA_INTEGER: say(page, "a number from 0 to %zu", field->limit); break;
    case SCHEMA_FLAG: say(page, "`true` or `false`"); break;
    case SCHEMA_ITEM: say(page, "one line, at most %zu bytes, or a record", field->limit); break;
    case SCHEMA_SPEAKER: say(page, "a person or a seat"); break;
    case SCHEMA_RULE: say(page, "a rule of recurrence"); break;
    case SCHEMA_ENUM:
        say(page, "`\"");
        say_choices(page, field, "\"`, `\"");
        say(page, "\"`");
        break;
    }
}

static void say_field(struct page *page, const struct schema_field *field, bool is_filter)
{
    bool is_many = field->kind == VL_FIELD_SET || field->kind == VL_FIELD_LIST;
    say(page, "| `%s` | ", field->name);
    if (is_many) {
        say(page, "%s of at most %zu: ", field->kind == VL_FIELD_SET ? "set" : "list", field->most);
    }
    if (field->kind == VL_FIELD_TEXT) say(page, "written together: ");
    say_value(page, field);
    say(page, " | %s |\n", is_filter ? "yes" : "");
}

/* "title|text" -> "`title` or `text`", "meeting kind" -> "`meeting` and `kind`". */
static void say_needs(struct page *page, const char *needs)
{
    for (const char *at = needs; *at != 0;) {
        size_t size = strcspn(at, "| ");
        say(page, "`%.*s`", (int)size, at);
        at += size;
        if (*at != 0) say(page, "%s", *at == '|' ? " or " : " and ");
        at += strspn(at, "| ");
    }
}

vl_result documentation_api(struct vl_buffer *out)
{
    struct page page = {.out = out};
    const struct schema_record *record;
    say_routes(&page);
    for (size_t i = 0; (record = schema_record_at(i)) != NULL; i++) {
        say(&page, "\n### `%s`\n\nType `%s`: written by %s%s%s. Needs ", record->plural,
            record->name, writer_text(record->writer), id_text(record->id),
            audience_text(record->audience));
        say_needs(&page, record->needs);
        if (record->id != SCHEMA_ID_ONE) say(&page, "; listed %s", order_text(record->order));
        say(&page, ".\n");
        say(&page, "\n| field | value | filter |\n|---|---|---|\n");
        for (size_t f = 0; f < record->field_count; f++) {
            bool is_filter = record->id != SCHEMA_ID_ONE && schema_is_filter(&record->fields[f]);
            say_field(&page, &record->fields[f], is_filter);
        }
    }
    return page.result;
}
