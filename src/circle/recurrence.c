#include "circle/recurrence.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the text of a rule ---- */

static const char *const frequencies[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
static const char *const weekdays[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

struct reading {
    struct recurrence *rule;
    unsigned seen; /* bit n: parts[n] */
    int set_position;
    const char *reason;
};

static bool fail(struct reading *r, const char *reason)
{
    r->reason = reason;
    return false;
}

/* The place of `text` in the names, or -1. */
static int name_at(const char *const *names, int count, const char *text)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0) return i;
    }
    return -1;
}

/* A whole number in 1 to 4 digits with or without a sign, up to its end. */
static bool read_number(const char *text, bool sign, int *out)
{
    bool minus = sign && text[0] == '-';
    if (sign && (text[0] == '-' || text[0] == '+')) text++;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 4 || text[digits] != 0) return false;
    *out = minus ? -atoi(text) : atoi(text);
    return true;
}

static bool read_frequency(struct reading *r, char *value)
{
    int at = name_at(frequencies, 4, value);
    if (at < 0) return fail(r, "FREQ is not DAILY, WEEKLY, MONTHLY or YEARLY");
    r->rule->frequency = (enum recurrence_frequency)at;
    return true;
}

static bool read_interval(struct reading *r, char *value)
{
    if (read_number(value, false, &r->rule->interval) && r->rule->interval >= 1 &&
        r->rule->interval <= RECURRENCE_INTERVAL_MAX) {
        return true;
    }
    return fail(r, "INTERVAL is not from 1 to 99");
}

static bool read_count(struct reading *r, char *value)
{
    if (read_number(value, false, &r->rule->count) && r->rule->count >= 1 &&
        r->rule->count <= RECURRENCE_COUNT_MAX) {
        return true;
    }
    return fail(r, "COUNT is not from 1 to 1000");
}

/* 20261231 or 20261231T183000; seconds are dropped. */
static bool read_until(struct reading *r, char *value)
{
    char text[DATE_TEXT_SIZE];
    size_t size = strlen(value);
    bool timed =
        size == 15 && value[8] == 'T' && strspn(value + 9, "0123456789") == 6 && value[13] < '6';
    if (strspn(value, "0123456789") != 8 || (size != 8 && !timed)) {
        return fail(r, "UNTIL is not a date like 20261231 or 20261231T183000");
    }
    if (timed) {
        snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s", value, value + 4, value + 6,
                 value + 9, value + 11);
    } else {
        snprintf(text, sizeof text, "%.4s-%.2s-%.2s", value, value + 4, value + 6);
    }
    r->rule->has_until = true;
    if (date_parse(text, &r->rule->until)) return true;
    return fail(r, "UNTIL is not a date that exists");
}

static bool read_week_start(struct reading *r, char *value)
{
    r->rule->week_start = name_at(weekdays, 7, value);
    return r->rule->week_start >= 0 || fail(r, "WKST is not a weekday");
}

static bool is_nth(int number)
{
    return number != 0 && number >= RECURRENCE_NTH_MIN && number <= RECURRENCE_NTH_MAX;
}

static bool read_day(struct reading *r, char *value)
{
    size_t size = strlen(value);
    struct recurrence_day day = {.nth = 0};
    if (size < 2) return fail(r, "BYDAY is not a list of weekdays like TH or 2TH");
    day.weekday = name_at(weekdays, 7, value + size - 2);
    value[size - 2] = 0;
    if (day.weekday < 0 || (size > 2 && !read_number(value, true, &day.nth))) {
        return fail(r, "BYDAY is not a list of weekdays like TH or 2TH");
    }
    if (size > 2 && !is_nth(day.nth)) {
        return fail(r, "a number in BYDAY is not from 1 to 5, -1 or -2");
    }
    for (size_t i = 0; i < r->rule->day_count; i++) {
        const struct recurrence_day *other = &r->rule->days[i];
        if (other->nth == day.nth && other->weekday == day.weekday) return true;
    }
    if (r->rule->day_count == RECURRENCE_DAYS_MAX) return fail(r, "BYDAY has more than 10 days");
    r->rule->days[r->rule->day_count++] = day;
    return true;
}

static bool read_month_day(struct reading *r, char *value)
{
    int day;
    if (!read_number(value, true, &day) || day == 0 || day < -1 || day > 31) {
        return fail(r, "BYMONTHDAY is not a list of days from 1 to 31, or -1");
    }
    for (size_t i = 0; i < r->rule->month_day_count; i++) {
        if (r->rule->month_days[i] == day) return true;
    }
    r->rule->month_days[r->rule->month_day_count++] = day;
    return true;
}

/* One item after the other of a list with commas. */
static bool read_list(struct reading *r, char *value, bool (*read)(struct reading *, char *))
{
    char *item;
    while ((item = strsep(&value, ",")) != NULL) {
        if (!read(r, item)) return false;
    }
    return true;
}

static bool read_days(struct reading *r, char *value)
{
    return read_list(r, value, read_day);
}

static bool read_month_days(struct reading *r, char *value)
{
    return read_list(r, value, read_month_day);
}

static bool read_month(struct reading *r, char *value)
{
    if (read_number(value, false, &r->rule->month) && r->rule->month >= 1 && r->rule->month <= 12) {
        return true;
    }
    return fail(r, "BYMONTH is not one month from 1 to 12");
}

static bool read_set_position(struct reading *r, char *value)
{
    if (read_number(value, true, &r->set_position) && is_nth(r->set_position)) return true;
    return fail(r, "BYSETPOS is not from 1 to 5, -1 or -2");
}

static const struct {
    const char *name;
    bool (*read)(struct reading *r, char *value);
} parts[] = {
    {"FREQ", read_frequency}, {"INTERVAL", read_interval},     {"COUNT", read_count},
    {"UNTIL", read_until},    {"WKST", read_week_start},       {"BYDAY", read_days},
    {"BYMONTH", read_month},  {"BYMONTHDAY", read_month_days}, {"BYSETPOS", read_set_position},
};
#define PART_COUNT (sizeof parts / sizeof parts[0])

/* NAME=VALUE */
static bool read_part(struct reading *r, char *part)
{
    char *value = strchr(part, '=');
    if (value == NULL) return fail(r, "not a rule like FREQ=WEEKLY;BYDAY=TH");
    *value++ = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (strcmp(parts[i].name, part) != 0) continue;
        if ((r->seen & 1u << i) != 0) return fail(r, "a part of the rule is there twice");
        r->seen |= 1u << i;
        return parts[i].read(r, value);
    }
    return fail(r, "a part of the rule that is none of FREQ, INTERVAL, COUNT, UNTIL, WKST, BYDAY, "
                   "BYMONTHDAY, BYMONTH");
}

static bool has_part(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (strcmp(parts[i].name, name) == 0) return (r->seen & 1u << i) != 0;
    }
    return false;
}

/* Brings the two other ways of writing it to ours. */
static bool normalise(struct reading *r)
{
    struct recurrence *rule = r->rule;
    if (r->set_position != 0) {
        bool monthly = rule->frequency >= RECURRENCE_MONTHLY;
        if (!monthly || rule->day_count != 1 || rule->days[0].nth != 0) {
            return fail(r, "BYSETPOS goes only with one BYDAY in a month");
        }
        rule->days[0].nth = r->set_position;
    }
    if (rule->frequency == RECURRENCE_DAILY && rule->day_count > 0 && rule->interval == 1) {
        rule->frequency = RECURRENCE_WEEKLY;
    }
    return true;
}

/* What goes with what. */
static bool check(struct reading *r)
{
    struct recurrence *rule = r->rule;
    if (!has_part(r, "FREQ")) return fail(r, "FREQ is missing in the rule");
    if (rule->count > 0 && rule->has_until) return fail(r, "COUNT and UNTIL are both there");
    if (!normalise(r)) return false;
    if (rule->frequency != RECURRENCE_YEARLY && rule->month != 0) {
        return fail(r, "BYMONTH goes only with FREQ=YEARLY");
    }
    if (rule->frequency < RECURRENCE_MONTHLY && rule->month_day_count > 0) {
        return fail(r, "BYMONTHDAY goes only with FREQ=MONTHLY or YEARLY");
    }
    if (rule->frequency == RECURRENCE_DAILY && rule->day_count > 0) {
        return fail(r, "BYDAY does not go with every few days");
    }
    if (rule->day_count > 0 && rule->month_day_count > 0) {
        return fail(r, "BYDAY and BYMONTHDAY are both there");
    }
    if (rule->frequency == RECURRENCE_YEARLY && rule->month == 0 &&
        rule->day_count + rule->month_day_count > 0) {
        return fail(r, "FREQ=YEARLY with BYDAY or BYMONTHDAY needs BYMONTH");
    }
    for (size_t i = 0; i < rule->day_count; i++) {
        bool counted = rule->days[i].nth != 0;
        if (counted == (rule->frequency == RECURRENCE_WEEKLY)) {
            return fail(r, counted ? "BYDAY has no numbers in FREQ=WEEKLY"
                                   : "BYDAY needs a number here, as in 2TH");
        }
    }
    return true;
}

vl_result recurrence_parse(const char *text, struct recurrence *out, const char **reason)
{
    char copy[RECURRENCE_TEXT_MAX + 1];
    struct reading reading = {.rule = out};
    size_t size = strnlen(text, sizeof copy);
    *out = (struct recurrence){.interval = 1};
    if (size == sizeof copy) {
        if (reason != NULL) *reason = "a rule longer than its limit";
        return VL_ERR_TOO_LARGE;
    }
    for (size_t i = 0; i <= size; i++) { /* its words count in either case */
        copy[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
    }
    bool ok = true;
    char *rest = copy, *part;
    while (ok && (part = strsep(&rest, ";")) != NULL) {
        ok = read_part(&reading, part);
    }
    ok = ok && check(&reading);
    if (reason != NULL) *reason = reading.reason;
    return ok ? VL_OK : VL_ERR_INVALID;
}

/* ---- writing it ---- */

struct writing {
    char *out;
    size_t size, at;
};

static void __attribute__((format(printf, 2, 3))) put(struct writing *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(w->out + w->at, w->size - w->at, format, arguments);
    va_end(arguments);
    if (wrote > 0) w->at += (size_t)wrote < w->size - w->at ? (size_t)wrote : w->size - w->at - 1;
}

static void put_until(struct writing *w, struct date until)
{
    struct date_parts day = date_parts(until.day);
    put(w, ";UNTIL=%04d%02d%02d", day.year, day.month, day.day);
    if (until.minute >= 0) put(w, "T%02d%02d00", until.minute / 60, until.minute % 60);
}

void recurrence_text(const struct recurrence *rule, char out[static RECURRENCE_TEXT_SIZE])
{
    struct writing w = {.out = out, .size = RECURRENCE_TEXT_SIZE};
    put(&w, "FREQ=%s", frequencies[rule->frequency]);
    if (rule->interval > 1) put(&w, ";INTERVAL=%d", rule->interval);
    if (rule->month > 0) put(&w, ";BYMONTH=%d", rule->month);
    for (size_t i = 0; i < rule->day_count; i++) {
        put(&w, i == 0 ? ";BYDAY=" : ",");
        if (rule->days[i].nth != 0) put(&w, "%d", rule->days[i].nth);
        put(&w, "%s", weekdays[rule->days[i].weekday]);
    }
    for (size_t i = 0; i < rule->month_day_count; i++) {
        put(&w, "%s%d", i == 0 ? ";BYMONTHDAY=" : ",", rule->month_days[i]);
    }
    if (rule->week_start != 0) put(&w, ";WKST=%s", weekdays[rule->week_start]);
    if (rule->count > 0) put(&w, ";COUNT=%d", rule->count);
    if (rule->has_until) put_until(&w, rule->until);
}
