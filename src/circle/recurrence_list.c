/* The days on which a rule comes true, period by period: a period is the interval's days, weeks or
 * months. Each is looked at once, forwards, up to RECURRENCE_YEARS_MAX. */
#include "circle/recurrence.h"

#include <stdlib.h>

#define PERIOD_DAYS_MAX RECURRENCE_MONTH_DAYS

struct period {
    int32_t days[PERIOD_DAYS_MAX]; /* sorted, unique */
    size_t count;
    int32_t first; /* no day of this or a later period is before it */
};

static int compare_days(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void sort(struct period *p)
{
    size_t kept = 0;
    qsort(p->days, p->count, sizeof p->days[0], compare_days);
    for (size_t i = 0; i < p->count; i++) {
        if (kept == 0 || p->days[kept - 1] != p->days[i]) p->days[kept++] = p->days[i];
    }
    p->count = kept;
}

static void fill_week(const struct recurrence *rule, int32_t start, int32_t number,
                      struct period *p)
{
    int into = (date_weekday(start) - rule->week_start + 7) % 7;
    p->first = start - into + number * rule->interval * 7;
    if (rule->day_count == 0) p->days[p->count++] = p->first + into;
    for (size_t i = 0; i < rule->day_count; i++) {
        p->days[p->count++] = p->first + (rule->days[i].weekday - rule->week_start + 7) % 7;
    }
    sort(p);
}

/* The nth such weekday of a month, or 0 when the month has none. */
static int nth_weekday(int32_t first, int length, const struct recurrence_day *day)
{
    int earliest = 1 + (day->weekday - date_weekday(first) + 7) % 7;
    int there = (length - earliest) / 7 + 1;
    int nth = day->nth > 0 ? day->nth : there + 1 + day->nth;
    return nth >= 1 && nth <= there ? earliest + (nth - 1) * 7 : 0;
}

/* A month that lacks the day (31 April) has no meeting. */
static void fill_month(const struct recurrence *rule, int32_t start, int32_t number,
                       struct period *p)
{
    struct date_parts at = date_parts(start);
    int day = at.day;
    int32_t step = rule->frequency == RECURRENCE_YEARLY ? 12 : 1;
    if (rule->frequency == RECURRENCE_YEARLY && rule->month > 0) at.month = rule->month;
    int32_t month = at.year * 12 + at.month - 1 + number * rule->interval * step;
    at.year = month / 12;
    at.month = month % 12 + 1;
    int length = date_days_in(at.year, at.month);
    p->first = date_day(at.year, at.month, 1);
    for (size_t i = 0; i < rule->day_count; i++) {
        int found = nth_weekday(p->first, length, &rule->days[i]);
        if (found > 0) p->days[p->count++] = p->first + found - 1;
    }
    for (size_t i = 0; i < rule->month_day_count; i++) {
        int wanted = rule->month_days[i] < 0 ? length : rule->month_days[i];
        if (wanted <= length) p->days[p->count++] = p->first + wanted - 1;
    }
    if (rule->day_count + rule->month_day_count == 0 && day <= length) {
        p->days[p->count++] = p->first + day - 1;
    }
    sort(p);
}

static void fill(const struct recurrence *rule, int32_t start, int32_t number, struct period *p)
{
    p->count = 0;
    switch (rule->frequency) {
    case RECURRENCE_DAILY:
        p->first = start + number * rule->interval;
        p->days[p->count++] = p->first;
        break;
    case RECURRENCE_WEEKLY: fill_week(rule, start, number, p); break;
    case RECURRENCE_MONTHLY:
    case RECURRENCE_YEARLY: fill_month(rule, start, number, p); break;
    }
}

static bool is_over(const struct recurrence *rule, struct date at)
{
    if (!rule->has_until) return false;
    if (rule->until.minute < 0 || at.minute < 0) return at.day > rule->until.day;
    return date_compare(at, rule->until) > 0;
}

/* Calls `each` for every occurrence in order, until it says false. */
static void walk(const struct recurrence *rule, struct date start,
                 bool (*each)(void *context, struct date at), void *context)
{
    struct period p;
    int told = 1;
    if (!each(context, start) || rule == NULL) return;
    int64_t last = start.day + (int64_t)RECURRENCE_YEARS_MAX * 366;
    if (last > DATE_DAY_MAX - 366 * RECURRENCE_INTERVAL_MAX) {
        last = DATE_DAY_MAX - 366 * RECURRENCE_INTERVAL_MAX;
    }
    for (int32_t number = 0;; number++) {
        fill(rule, start.day, number, &p);
        if (p.first > last) return;
        for (size_t i = 0; i < p.count; i++) {
            struct date at = {.day = p.days[i], .minute = start.minute};
            if (at.day <= start.day) continue;
            if (is_over(rule, at) || (rule->count > 0 && told == rule->count)) return;
            told++;
            if (!each(context, at)) return;
        }
    }
}

/* ---- what is asked ---- */

struct listing {
    const struct recurrence_query *query;
    struct recurrence_list *out;
};

static bool is_exception(const struct recurrence_query *query, struct date at)
{
    for (size_t i = 0; i < query->exception_count; i++) {
        const struct date *exception = &query->exceptions[i];
        if (exception->day != at.day) continue;
        if (exception->minute < 0 || exception->minute == at.minute) return true;
    }
    return false;
}

static bool list_one(void *context, struct date at)
{
    struct listing *listing = context;
    const struct recurrence_query *query = listing->query;
    bool is_early = at.day < query->from.day ||
                    (at.day == query->from.day && at.minute >= 0 && at.minute < query->from.minute);
    if (is_early || is_exception(query, at)) return true;
    listing->out->items[listing->out->count++] = at;
    return listing->out->count < query->max;
}

void recurrence_list(const struct recurrence_query *query, struct recurrence_list *out)
{
    struct recurrence_query bounded = *query;
    struct listing listing = {.query = &bounded, .out = out};
    out->count = 0;
    if (bounded.max > RECURRENCE_LISTED_MAX) bounded.max = RECURRENCE_LISTED_MAX;
    if (bounded.max > 0) walk(query->rule, query->start, list_one, &listing);
}

struct wanted {
    struct date at;
    bool found;
};

static bool look_for(void *context, struct date at)
{
    struct wanted *wanted = context;
    wanted->found = date_compare(at, wanted->at) == 0;
    return !wanted->found && at.day <= wanted->at.day;
}

bool recurrence_has(const struct recurrence *rule, struct date start, struct date at)
{
    struct wanted wanted = {.at = at};
    walk(rule, start, look_for, &wanted);
    return wanted.found;
}
