#include "circle/minutes_date.h"
#include "circle/schema.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct month {
    const char *name;
    int number;
};

/* French with and without accents, English. */
static const struct month months[] = {
    {"janvier", 1},   {"février", 2},   {"fevrier", 2},   {"mars", 3},      {"avril", 4},
    {"mai", 5},       {"juin", 6},      {"juillet", 7},   {"août", 8},      {"aout", 8},
    {"septembre", 9}, {"octobre", 10},  {"novembre", 11}, {"décembre", 12}, {"decembre", 12},
    {"january", 1},   {"february", 2},  {"march", 3},     {"april", 4},     {"may", 5},
    {"june", 6},      {"july", 7},      {"august", 8},    {"september", 9}, {"october", 10},
    {"november", 11}, {"december", 12},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A letter of any script, as far as a byte tells. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t' || *text == ',')
        text++;
    return text;
}

/* At most `most` digits; -1: none or more of them. */
static int read_number(const char **text, int most)
{
    int number = 0, digits = 0;
    for (; is_digit(**text); (*text)++) {
        if (++digits > most) return -1;
        number = number * 10 + (**text - '0');
    }
    return digits == 0 ? -1 : number;
}

static int read_month(const char **text)
{
    for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
        size_t size = strlen(months[i].name);
        if (strncasecmp(*text, months[i].name, size) != 0 || is_letter((*text)[size])) continue;
        *text += size;
        return months[i].number;
    }
    return -1;
}

static bool write_date(int year, int month, int day, char out[static 17])
{
    if (year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    snprintf(out, 17, "%04d-%02d-%02d", year, month, day);
    return schema_is_date(out);
}

static bool read_iso(const char *text, char out[static 17])
{
    memcpy(out, text, 10);
    out[10] = '\0';
    return !is_digit(text[10]) && schema_is_date(out);
}

/* 12 mars 2026 */
static bool read_day_first(const char *text, char out[static 17])
{
    int day = read_number(&text, 2), month, year;
    if (day < 0) return false;
    if (strncasecmp(text, "er", 2) == 0) text += 2;
    text = skip_blanks(text);
    month = read_month(&text);
    if (month < 0) return false;
    text = skip_blanks(text);
    year = read_number(&text, 4);
    return write_date(year, month, day, out);
}

/* March 12, 2026 */
static bool read_month_first(const char *text, char out[static 17])
{
    int month = read_month(&text), day, year;
    if (month < 0) return false;
    text = skip_blanks(text);
    day = read_number(&text, 2);
    text = skip_blanks(text);
    year = read_number(&text, 4);
    return day > 0 && write_date(year, month, day, out);
}

bool minutes_find_date(const char *text, char out[static 17])
{
    for (const char *at = text; *at != '\0'; at++) {
        bool after_digit = at > text && is_digit(at[-1]);
        bool after_letter = at > text && is_letter(at[-1]);
        if (is_digit(*at) && !after_digit) {
            if (strnlen(at, 10) == 10 && read_iso(at, out)) return true;
            if (read_day_first(at, out)) return true;
        } else if (is_letter(*at) && !after_letter && read_month_first(at, out)) {
            return true;
        }
    }
    out[0] = '\0';
    return false;
}
