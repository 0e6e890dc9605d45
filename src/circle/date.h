/* A day, or a time of a day, as a circle agreed on it: the local time of the place where it meets.
 * There is no zone and no clock in it, so arithmetic is that of the calendar alone. */
#ifndef CIRCLE_DATE_H
#define CIRCLE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define DATE_TEXT_SIZE 17      /* "2026-03-12T18:30" and a final zero */
#define DATE_DAY_MAX   2932896 /* 9999-12-31 */
#define DATE_DAY_MIN   -719162 /* 0001-01-01 */

struct date {
    int32_t day;    /* since 1970-01-01, which is 0; from DATE_DAY_MIN to DATE_DAY_MAX */
    int16_t minute; /* of the day, 0 to 1439; -1: the day as a whole */
};
struct date_parts {
    int year, month, day; /* from 1 */
};

/* The forms of schema_is_date. false: another form, or no such day. */
bool date_parse(const char *text, struct date *out);
void date_text(struct date date, char out[static DATE_TEXT_SIZE]);

struct date_parts date_parts(int32_t day);
int32_t date_day(int year, int month, int day); /* the parts exist */
int date_days_in(int year, int month);
int date_weekday(int32_t day); /* 0 Monday to 6 Sunday */

/* Moves by minutes (of a whole day: by whole days). false: it would leave the years 1 to 9999. */
bool date_add_minutes(struct date *date, int64_t minutes);
/* Below 0, 0, over 0. A day as a whole comes before its times. */
int date_compare(struct date a, struct date b);

#endif
