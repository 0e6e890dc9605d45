#include "circle/date.h"
#include "circle/schema.h"

#include <stdio.h>
#include <stdlib.h>

#define MINUTES_A_DAY 1440

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int date_days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days before 1 January of that year, since 1 January of year 1. */
static int32_t days_before(int year)
{
    int past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

int32_t date_day(int year, int month, int day)
{
    int32_t number = days_before(year) + DATE_DAY_MIN + day - 1;
    for (int before = 1; before < month; before++) {
        number += date_days_in(year, before);
    }
    return number;
}

struct date_parts date_parts(int32_t day)
{
    int32_t left = day - DATE_DAY_MIN;
    /* A guess that is right or one too late. */
    struct date_parts parts = {.year = (int)((int64_t)left * 400 / 146097) + 1, .month = 1};
    while (days_before(parts.year) > left) {
        parts.year--;
    }
    while (days_before(parts.year + 1) <= left) {
        parts.year++;
    }
    left -= days_before(parts.year);
    while (left >= date_days_in(parts.year, parts.month)) {
        left -= date_days_in(parts.year, parts.month++);
    }
    parts.day = left + 1;
    return parts;
}

int date_weekday(int32_t day)
{
    return (int)((day - DATE_DAY_MIN) % 7); /* 0001-01-01 was a Monday */
}

bool date_parse(const char *text, struct date *out)
{
    if (!schema_is_date(text)) return false;
    int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
    out->day = date_day(year, month, day);
    out->minute = text[10] == 0 ? -1 : (int16_t)(atoi(text + 11) * 60 + atoi(text + 14));
    return true;
}

void date_text(struct date date, char out[static DATE_TEXT_SIZE])
{
    struct date_parts parts = date_parts(date.day);
    char text[64]; /* as wide as the compiler thinks that numbers can be */
    if (date.minute < 0) {
        snprintf(text, sizeof text, "%04d-%02d-%02d", parts.year, parts.month, parts.day);
    } else {
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d", parts.year, parts.month, parts.day,
                 date.minute / 60, date.minute % 60);
    }
    snprintf(out, DATE_TEXT_SIZE, "%.16s", text);
}

bool date_add_minutes(struct date *date, int64_t minutes)
{
    const int64_t span = ((int64_t)DATE_DAY_MAX - DATE_DAY_MIN) * MINUTES_A_DAY;
    if (minutes > span || minutes < -span) return false;
    int64_t at = date->day * (int64_t)MINUTES_A_DAY + (date->minute < 0 ? 0 : date->minute);
    at += minutes;
    int64_t day = at / MINUTES_A_DAY, minute = at % MINUTES_A_DAY;
    if (minute < 0) {
        minute += MINUTES_A_DAY;
        day--;
    }
    if (day < DATE_DAY_MIN || day > DATE_DAY_MAX) return false;
    date->day = (int32_t)day;
    if (date->minute >= 0) date->minute = (int16_t)minute;
    return true;
}

int date_compare(struct date a, struct date b)
{
    if (a.day != b.day) return a.day < b.day ? -1 : 1;
    return (a.minute > b.minute) - (a.minute < b.minute);
}
