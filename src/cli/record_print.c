#include "cli/record_print.h"
#include "api/catalog.h"

#include <string.h>

#define LINE_TEXTS 2u /* lines of text in a line of a list */

const char *choice_text(const struct call *call, const struct schema_field *field, const char *name)
{
    const char *context = schema_choices_name(field);
    return context == NULL ? name : catalog_word(call->language, context, name);
}

static const char *name_of(const struct json *members, const char *person)
{
    const struct json *all = json_member(members, "members");
    for (size_t i = 0; i < json_count(all); i++) {
        if (strcmp(json_text(json_item(all, i), "person"), person) == 0)
            return json_text(json_item(all, i), "name");
    }
    return "";
}

static void print_person(const struct json *members, const char *person)
{
    const char *name = name_of(members, person);
    if (name[0] != 0) {
        print_text(name);
    } else {
        printf("%.8s", person);
    }
}

/* The first line of a text, as far as a line of a list has room. */
static void print_beginning(const char *text)
{
    char line[160];
    size_t size = strcspn(text, "\n"), room = sizeof line - 4;
    bool is_cut = size > room || text[size] != 0;
    if (size > room) size = room;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
        size--;
    }
    snprintf(line, sizeof line, "%.*s%s", (int)size, text, is_cut ? "…" : "");
    print_text(line);
}

/* ---- one value ---- */

static bool is_person(const struct schema_field *field)
{
    return field->form == SCHEMA_PERSON || field->form == SCHEMA_SELF ||
           field->form == SCHEMA_SPEAKER;
}

static void print_value(const struct call *call, const struct schema_field *field,
                        const struct json *value, const struct json *members)
{
    int64_t number;
    switch (json_sort_of(value)) {
    case JSON_TEXT:
        if (is_person(field)) {
            print_person(members, json_text_of(value));
        } else if (field->form == SCHEMA_REFERENCE) {
            printf("%.8s", json_text_of(value));
        } else {
            print_text(choice_text(call, field, json_text_of(value)));
        }
        break;
    case JSON_NUMBER:
        if (json_integer_of(value, &number)) printf("%lld", (long long)number);
        break;
    case JSON_FLAG: fputs(json_flag_of(value) ? _("yes") : _("no"), stdout); break;
    case JSON_OBJECT: /* a seat; a record among texts */
        print_text(json_text(value, "seat"));
        printf("%.8s", json_text(value, "id"));
        break;
    case JSON_ARRAY:
    case JSON_NULL:
    case JSON_ABSENT: break;
    }
}

/* ---- a line of a list ---- */

static bool is_line_text(const struct schema_field *field)
{
    return field->kind == VL_FIELD_REGISTER &&
           (field->form == SCHEMA_LINE || field->form == SCHEMA_BLOCK);
}

static void print_marks(const struct call *call, const struct schema_record *schema,
                        const struct json *record, const struct json *members)
{
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct schema_field *field = &schema->fields[i];
        const struct json *value = json_member(record, field->name);
        bool is_audience = field->form == SCHEMA_ENUM && field->limit == CHOICES_AUDIENCE;
        if (json_sort_of(value) != JSON_TEXT || is_audience) continue;
        if (field->form == SCHEMA_ENUM)
            printf("  (%s)", choice_text(call, field, json_text_of(value)));
        if (field->form != SCHEMA_PERSON) continue;
        fputs("  ", stdout);
        if (json_text(record, "name")[0] != 0) /* the node has looked it up: view_meeting.h */
            print_text(json_text(record, "name"));
        else
            print_person(members, json_text_of(value));
    }
}

void print_record_line(const struct call *call, const struct schema_record *schema,
                       const struct json *record, const struct json *members)
{
    const char *audience = json_text(record, "audience");
    size_t texts = 0;
    printf("%.8s", json_text(record, "id"));
    for (size_t i = 0; schema->order == SCHEMA_ORDER_DATE && i < schema->field_count; i++) {
        if (schema->fields[i].form != SCHEMA_DATE) continue;
        printf("  %-16s", json_text(record, schema->fields[i].name));
        break;
    }
    for (size_t i = 0; i < schema->field_count && texts < LINE_TEXTS; i++) {
        const char *text = json_text(record, schema->fields[i].name);
        if (!is_line_text(&schema->fields[i]) || text[0] == 0) continue;
        fputs(texts++ == 0 ? "  " : "  · ", stdout);
        print_beginning(text);
    }
    print_marks(call, schema, record, members);
    if (schema->writer == SCHEMA_WRITER_SUBJECT) {
        fputs("  ", stdout);
        print_text(json_text(record, "by"));
    }
    bool is_sealed = schema->audience == SCHEMA_FOR_FACILITATORS ||
                     (audience[0] != 0 && strcmp(audience, "circle") != 0);
    printf("%s%s\n", is_sealed ? "  [*]" : "", json_flag(record, "conflict") ? "  (!)" : "");
}

/* ---- all of it ---- */

static void print_label(const struct call *call, const char *field)
{
    char label[64];
    message_label(call->language, field, label, sizeof label);
    printf("%s%s", label, _(": "));
}

static void print_field(const struct call *call, const struct schema_field *field,
                        const struct json *value, const struct json *members)
{
    bool is_many = json_sort_of(value) == JSON_ARRAY;
    if (json_sort_of(value) == JSON_NULL || (is_many && json_count(value) == 0)) return;
    if (json_sort_of(value) == JSON_TEXT && json_text_of(value)[0] == 0) return;
    print_label(call, field->name);
    if (!is_many) print_value(call, field, value, members);
    for (size_t i = 0; is_many && i < json_count(value); i++) {
        fputs("\n  - ", stdout);
        print_value(call, field, json_item(value, i), members);
    }
    putchar('\n');
}

static bool is_long(const struct schema_field *field)
{
    return field->kind == VL_FIELD_TEXT || field->form == SCHEMA_BLOCK;
}

static void print_conflicts(const struct call *call, const struct schema_record *schema,
                            const struct json *record, const struct json *members)
{
    const struct json *conflicts = json_member(record, "conflicts");
    for (size_t i = 0; i < json_count(conflicts); i++) {
        const struct json *values = json_item(conflicts, i);
        const char *name = json_item_name(conflicts, i);
        const struct schema_field *field = schema_field_named(schema->type, name);
        char label[64];
        if (field == NULL) continue;
        message_label(call->language, name, label, sizeof label);
        printf(_("Written at the same time (%s); the first one is shown above:\n"), label);
        for (size_t k = 0; k < json_count(values); k++) {
            fputs("  - ", stdout);
            print_value(call, field, json_member(json_item(values, k), "value"), members);
            fputs("  (", stdout);
            print_text(json_text(json_item(values, k), "by"));
            fputs(")\n", stdout);
        }
    }
}

/* ---- who comes ---- */

static void print_answers(const struct call *call, const struct json *replies, const char *answer)
{
    const struct json *list = json_member(replies, answer);
    if (json_count(list) == 0) return;
    printf("  %s%s", catalog_word(call->language, "answer", answer), _(": "));
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *reply = json_item(list, i);
        fputs(i == 0 ? "" : ", ", stdout);
        print_text(json_text(reply, "name"));
        if (json_text(reply, "brings")[0] == 0) continue;
        fputs(" (", stdout);
        print_text(json_text(reply, "brings"));
        putchar(')');
    }
    putchar('\n');
}

static void print_replies(const struct call *call, const struct json *replies)
{
    static const char *const answers[] = {"coming", "perhaps", "not", "silent"};
    print_label(call, "replies");
    putchar('\n');
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        print_answers(call, replies, answers[i]);
    }
}

/* ---- what came of it ---- */

void print_outcomes(const struct call *call, const struct json *meeting)
{
    static const enum schema_type types[] = {SCHEMA_DECISION, SCHEMA_COMMITMENT};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct schema_record *schema = schema_record(types[i]);
        const struct json *list = json_member(meeting, schema->plural);
        if (json_count(list) == 0) continue;
        print_label(call, schema->plural);
        putchar('\n');
        for (size_t k = 0; k < json_count(list); k++) {
            fputs("  ", stdout);
            print_record_line(call, schema, json_item(list, k), NULL);
        }
    }
}

void print_record(const struct call *call, const struct schema_record *schema,
                  const struct json *record, const struct json *members)
{
    const struct schema_field *first = &schema->fields[0];
    bool is_titled = first->form == SCHEMA_LINE && json_text(record, first->name)[0] != 0;
    if (is_titled) {
        print_text(json_text(record, first->name));
        fputs("  ", stdout);
    }
    printf("%.8s\n", json_text(record, "id"));
    for (size_t i = is_titled; i < schema->field_count; i++) {
        const struct schema_field *field = &schema->fields[i];
        if (!is_long(field)) print_field(call, field, json_member(record, field->name), members);
    }
    if (json_text(record, "repeats")[0] != 0) {
        print_label(call, "repeats");
        printf("%s\n", json_text(record, "repeats"));
    }
    if (json_member(record, "replies") != NULL) {
        print_replies(call, json_member(record, "replies"));
    }
    print_outcomes(call, record);
    if (json_text(record, "by")[0] != 0) {
        print_label(call, "by");
        print_text(json_text(record, "by"));
        printf(", %.16s\n", json_text(record, "at"));
    }
    print_conflicts(call, schema, record, members);
    for (size_t i = is_titled; i < schema->field_count; i++) {
        const char *text = json_text(record, schema->fields[i].name);
        if (!is_long(&schema->fields[i]) || text[0] == 0) continue;
        putchar('\n');
        print_label(call, schema->fields[i].name);
        putchar('\n');
        print_text(text);
        putchar('\n');
    }
}
