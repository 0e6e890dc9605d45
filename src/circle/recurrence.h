/* When a meeting comes again: rules in the form of RFC 5545 (RRULE), of the sorts that a circle
 * needs, each of them bounded.
 *
 *   FREQ=DAILY|WEEKLY|MONTHLY|YEARLY     INTERVAL=1..99    WKST=MO..SU
 *   COUNT=1..1000 or UNTIL=20261231 or UNTIL=20261231T183000, or neither: it goes on
 *   WEEKLY    BYDAY=MO,TH                else the weekday of the start
 *   MONTHLY   BYDAY=2TH,-1FR or BYMONTHDAY=15,-1 (the last day), else the day of the start
 *   YEARLY    the same in the month BYMONTH=1..12, else the start's day of the year
 *
 * Two ways in which others write the same are read too: BYDAY=TH;BYSETPOS=2 is BYDAY=2TH, and
 * DAILY with BYDAY and no interval is WEEKLY. All else is refused with the part's name.
 *
 * Everything here is a pure function of its arguments: no clock, no zone. */
#ifndef CIRCLE_RECURRENCE_H
#define CIRCLE_RECURRENCE_H

#include "circle/date.h"
#include <stddef.h>
#include <veillee/result.h>

#define RECURRENCE_TEXT_MAX     255u /* bytes */
#define RECURRENCE_INTERVAL_MAX 99
#define RECURRENCE_COUNT_MAX    1000
#define RECURRENCE_DAYS_MAX     10u  /* in BYDAY */
#define RECURRENCE_MONTH_DAYS   32u  /* in BYMONTHDAY: as many as differ */
#define RECURRENCE_NTH_MIN      (-2) /* the last but one in its month */
#define RECURRENCE_NTH_MAX      5
/* No occurrence is looked for later than this after the start, so a rule that never comes true
 * costs that many days at most. */
#define RECURRENCE_YEARS_MAX  100
#define RECURRENCE_LISTED_MAX 100u /* occurrences told at once */

enum recurrence_frequency {
    RECURRENCE_DAILY,
    RECURRENCE_WEEKLY,
    RECURRENCE_MONTHLY,
    RECURRENCE_YEARLY
};

struct recurrence_day {
    int nth;     /* 0: every; else 1 to 5, -1 the last, -2 the last but one */
    int weekday; /* 0 Monday to 6 Sunday */
};

struct recurrence {
    enum recurrence_frequency frequency;
    int interval;
    int count; /* 0: none. The start is the first */
    bool has_until;
    struct date until; /* the last day or time that may be one */
    int week_start;    /* 0 Monday to 6 Sunday */
    int month;         /* YEARLY: 1 to 12, 0: the start's */
    struct recurrence_day days[RECURRENCE_DAYS_MAX];
    size_t day_count;
    int month_days[RECURRENCE_MONTH_DAYS]; /* 1 to 31, -1 */
    size_t month_day_count;
};

/* INVALID, or TOO_LARGE (over RECURRENCE_TEXT_MAX), with *reason: a static English sentence that
 * names the part. `reason` may be NULL. */
VL_MUST_USE vl_result recurrence_parse(const char *text, struct recurrence *out,
                                       const char **reason);
/* The rule's one text; parsing it gives the same rule. */
#define RECURRENCE_TEXT_SIZE (RECURRENCE_TEXT_MAX + 1)
void recurrence_text(const struct recurrence *rule, char out[static RECURRENCE_TEXT_SIZE]);

/* "every second Thursday", in whatever language `translate` gives for the English words; what it
 * returns must outlive the call. Cut at a whole character when it does not fit. */
typedef const char *(*recurrence_translate)(void *context, const char *english);
void recurrence_describe(const struct recurrence *rule, struct date start,
                         recurrence_translate translate, void *context, char *out, size_t size);

/* What is asked: of the meetings that begin at `start` and come again by `rule` (NULL: never),
 * those from `from` on (a whole day: from its beginning), without the exceptions. */
struct recurrence_query {
    const struct recurrence *rule;
    struct date start, from;
    const struct date *exceptions; /* a whole day takes out all of that day */
    size_t exception_count;
    size_t max; /* at most RECURRENCE_LISTED_MAX */
};
struct recurrence_list {
    struct date items[RECURRENCE_LISTED_MAX]; /* in order; with the start's time of the day */
    size_t count;
};
/* The start is always the first occurrence, whether it fits the rule or not. */
void recurrence_list(const struct recurrence_query *query, struct recurrence_list *out);
/* Whether a meeting of the series begins then, exceptions left aside. */
bool recurrence_has(const struct recurrence *rule, struct date start, struct date at);

#endif
