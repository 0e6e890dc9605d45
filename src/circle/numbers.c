#include "circle/numbers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Months since the year 0; false: not YYYY-MM. */
static bool month_of(const char *text, long *out)
{
    static const char form[] = "dddd-dd";
    for (size_t i = 0; form[i] != '\0'; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !is_digit : text[i] != form[i]) return false;
    }
    long month = strtol(text + 5, NULL, 10);
    *out = strtol(text, NULL, 10) * 12 + month - 1;
    return month >= 1 && month <= 12;
}

static const char *key_in(const struct text_section *section, const char *key, const char *language)
{
    char name[32];
    snprintf(name, sizeof name, "%s.%s", key, language);
    const char *value = text_key(section, name);
    if (value != NULL) return value;
    snprintf(name, sizeof name, "%s.en", key);
    return text_key(section, name);
}

static bool read_number(const struct text_section *section, const char *language,
                        struct number *out)
{
    long month;
    *out = (struct number){.number = section->heading,
                           .country = text_key(section, "country"),
                           .name = key_in(section, "name", language),
                           .purpose = key_in(section, "for", language),
                           .source = text_key(section, "source"),
                           .verified = text_key(section, "verified")};
    if (out->number[0] == '\0' || section->body[0] != '\0') return false;
    if (out->country == NULL || out->name == NULL || out->purpose == NULL) return false;
    if (out->source == NULL || out->verified == NULL) return false;
    return strlen(out->verified) == 7 && month_of(out->verified, &month);
}

vl_result numbers_parse(struct vl_bytes file, const char *language, struct numbers *out)
{
    *out = (struct numbers){0};
    VL_TRY(text_parse(file, &out->text, NULL));
    bool holds = out->text.count <= NUMBERS_MAX;
    for (; holds && out->count < out->text.count; out->count++)
        holds = read_number(&out->text.sections[out->count], language, &out->items[out->count]);
    if (holds) return VL_OK;
    numbers_finish(out);
    return VL_ERR_INVALID;
}

vl_result numbers_read(const char *language, struct numbers *out)
{
    struct vl_bytes file;
    *out = (struct numbers){0};
    if (!texts_file("numbers", &file)) return VL_ERR_NOT_FOUND;
    return numbers_parse(file, language, out);
}

void numbers_finish(struct numbers *numbers)
{
    if (numbers == NULL) return;
    text_finish(&numbers->text);
    *numbers = (struct numbers){0};
}

bool number_is_old(const char *verified, const char *today)
{
    long then, now;
    if (!month_of(verified, &then) || !month_of(today, &now)) return false;
    return now - then > (long)NUMBERS_OLD_MONTHS;
}
