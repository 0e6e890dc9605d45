#include "circle/formats.h"
#include <string.h>

#define FOLDER "formats"

static bool fits(uint32_t type, uint32_t field, const char *text)
{
    struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    return schema_check(schema_field(type, field), &value, NULL) == VL_OK;
}

/* A number of at most four digits, not 0. */
static bool read_minutes(const char *text, uint32_t *out)
{
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 4 || text[size] != '\0' || text[0] == '0') return false;
    *out = 0;
    for (size_t i = 0; i < size; i++)
        *out = *out * 10 + (uint32_t)(text[i] - '0');
    return *out <= schema_field(SCHEMA_PART, PART_MINUTES)->limit;
}

static bool read_part(const struct text_section *section, struct format_part *part)
{
    const char *kind = text_key(section, "kind"), *minutes = text_key(section, "minutes");
    int64_t number;
    if (section->key_count != 2 || kind == NULL || minutes == NULL) return false;
    if (!schema_choice_named(schema_field(SCHEMA_PART, PART_KIND), kind, &number)) return false;
    *part = (struct format_part){
        .title = section->heading, .script = section->body, .kind = (enum part_kind)number};
    return part->script[0] != '\0' && read_minutes(minutes, &part->minutes) &&
           fits(SCHEMA_PART, PART_TITLE, part->title) &&
           fits(SCHEMA_PART, PART_SCRIPT, part->script);
}

/* Opening, open time and check-out are there. */
static bool has_its_form(const struct format *f)
{
    bool talks = false;
    for (size_t i = 0; i < f->part_count; i++) {
        bool is_last = i + 1 == f->part_count;
        if ((f->parts[i].kind == PART_CLOSING) != is_last) return false;
        if (f->parts[i].kind == PART_TALK) talks = true;
    }
    return talks && f->parts[0].kind == PART_READING;
}

static bool read_sections(struct format *f)
{
    const struct text_section *head = &f->text.sections[0];
    f->name = head->heading;
    f->purpose = text_key(head, "purpose");
    f->size = text_key(head, "size");
    if (f->name[0] == '\0' || head->body[0] != '\0') return false;
    if (head->key_count != 2 || f->purpose == NULL || f->size == NULL) return false;
    if (f->text.count - 1 > FORMAT_PARTS_MAX) return false;
    for (size_t i = 1; i < f->text.count; i++) {
        if (!read_part(&f->text.sections[i], &f->parts[i - 1])) return false;
        f->minutes += f->parts[i - 1].minutes;
        f->part_count++;
    }
    return has_its_form(f);
}

vl_result format_parse(struct vl_bytes file, struct format *out)
{
    *out = (struct format){0};
    VL_TRY(text_parse(file, &out->text, NULL));
    if (read_sections(out)) return VL_OK;
    format_finish(out);
    return VL_ERR_INVALID;
}

static vl_result read_item(const struct texts_item *item, const char *language, struct format *out)
{
    struct vl_bytes file;
    VL_TRY(texts_find(language, item->name, &file));
    VL_TRY(format_parse(file, out));
    memcpy(out->id, item->id, sizeof out->id);
    return VL_OK;
}

vl_result format_at(size_t at, const char *language, struct format *out)
{
    struct texts_item item;
    *out = (struct format){0};
    if (!texts_item_at(FOLDER, at, &item)) return VL_ERR_NOT_FOUND;
    return read_item(&item, language, out);
}

vl_result format_find(const char *id, const char *language, struct format *out)
{
    struct texts_item item;
    *out = (struct format){0};
    if (!texts_item_named(FOLDER, id, &item)) return VL_ERR_NOT_FOUND;
    return read_item(&item, language, out);
}

void format_finish(struct format *format)
{
    if (format == NULL) return;
    text_finish(&format->text);
    *format = (struct format){0};
}
