#include "api/view_texts.h"

void view_format(struct json_out *o, const struct format *format, bool whole)
{
    const struct schema_field *kinds = schema_field(SCHEMA_PART, PART_KIND);
    json_put_text(o, "id", format->id);
    json_put_text(o, "name", format->name);
    json_put_text(o, "purpose", format->purpose);
    json_put_text(o, "size", format->size);
    json_put_integer(o, "minutes", format->minutes);
    json_key(o, "parts");
    json_open(o, '[');
    for (size_t i = 0; i < format->part_count; i++) {
        const struct format_part *part = &format->parts[i];
        json_open(o, '{');
        json_put_text(o, "title", part->title);
        json_put_integer(o, "minutes", part->minutes);
        json_put_text(o, "kind", schema_choice(kinds, part->kind));
        if (whole) json_put_text(o, "script", part->script);
        json_close(o, '}');
    }
    json_close(o, ']');
}

void view_chapter(struct json_out *o, const struct chapter *chapter, bool whole)
{
    json_put_text(o, "id", chapter->id);
    json_put_text(o, "title", chapter->title);
    json_put_text(o, "summary", chapter->summary);
    if (!whole) return;
    json_key(o, "sections");
    json_open(o, '[');
    for (size_t i = 0; i < chapter->text.count; i++) {
        const struct text_section *section = &chapter->text.sections[i];
        json_open(o, '{');
        json_put_text(o, "heading", i == 0 ? "" : section->heading);
        json_put_text(o, "text", section->body);
        json_close(o, '}');
    }
    json_close(o, ']');
}

vl_result view_formats(struct json_out *o, const char *language)
{
    struct format format;
    vl_result result;
    json_put_text(o, "language", language);
    json_key(o, "formats");
    json_open(o, '[');
    for (size_t at = 0; (result = format_at(at, language, &format)) == VL_OK; at++) {
        json_open(o, '{');
        view_format(o, &format, false);
        json_close(o, '}');
        format_finish(&format);
    }
    json_close(o, ']');
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

vl_result view_handbook(struct json_out *o, const char *language)
{
    struct chapter chapter;
    vl_result result;
    json_put_text(o, "language", language);
    json_key(o, "chapters");
    json_open(o, '[');
    for (size_t at = 0; (result = chapter_at(at, language, &chapter)) == VL_OK; at++) {
        json_open(o, '{');
        view_chapter(o, &chapter, false);
        json_close(o, '}');
        chapter_finish(&chapter);
    }
    json_close(o, ']');
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

vl_result view_numbers(struct json_out *o, const char *language)
{
    struct numbers numbers;
    VL_TRY(numbers_read(language, &numbers));
    json_put_text(o, "language", language);
    json_key(o, "numbers");
    json_open(o, '[');
    for (size_t i = 0; i < numbers.count; i++) {
        const struct number *number = &numbers.items[i];
        json_open(o, '{');
        json_put_text(o, "number", number->number);
        json_put_text(o, "country", number->country);
        json_put_text(o, "name", number->name);
        json_put_text(o, "purpose", number->purpose);
        json_put_text(o, "source", number->source);
        json_put_text(o, "verified", number->verified);
        json_close(o, '}');
    }
    json_close(o, ']');
    numbers_finish(&numbers);
    return VL_OK;
}

vl_result view_proposed_agreement(struct json_out *o, const char *language)
{
    struct text text;
    VL_TRY(texts_read(language, "agreement", &text));
    json_put_text(o, "language", language);
    json_put_text(o, "text", text.sections[0].body);
    text_finish(&text);
    return VL_OK;
}
