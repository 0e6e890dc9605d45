/* A rule in words. A language gives whole phrases with places in braces, in its own order. */
#include "circle/recurrence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHRASE_MAX 1024u

struct words {
    recurrence_translate translate;
    void *context;
};
struct place { /* what stands for "{name}" */
    const char *name, *text;
};

static const char *const weekday_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};
static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
static const char *const days_of_month[] = {
    "{days} of January",   "{days} of February", "{days} of March",    "{days} of April",
    "{days} of May",       "{days} of June",     "{days} of July",     "{days} of August",
    "{days} of September", "{days} of October",  "{days} of November", "{days} of December"};
static const char *const nth_names[] = {"first", "second", "third", "fourth", "fifth"};

static const char *word(const struct words *w, const char *english)
{
    return w->translate(w->context, english);
}

/* Of a character of several bytes, none but the first. */
static bool is_inside(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static void add(char out[static PHRASE_MAX], const char *text, size_t size)
{
    size_t at = strlen(out);
    if (size > PHRASE_MAX - 1 - at) {
        size = PHRASE_MAX - 1 - at;
        while (size > 0 && is_inside(text[size])) {
            size--;
        }
    }
    memcpy(out + at, text, size);
    out[at + size] = 0;
}

/* The phrase's translation with its places filled. `out` may be one of the places' texts. */
static void say(const struct words *w, const char *phrase, const struct place *places, size_t count,
                char out[static PHRASE_MAX])
{
    char text[PHRASE_MAX] = "";
    const char *at = word(w, phrase);
    while (*at != 0) {
        size_t plain = strcspn(at, "{"), name;
        add(text, at, plain);
        at += plain;
        if (*at == 0) break;
        name = strcspn(++at, "}");
        for (size_t i = 0; i < count; i++) {
            if (strlen(places[i].name) == name && memcmp(places[i].name, at, name) == 0) {
                add(text, places[i].text, strlen(places[i].text));
            }
        }
        at += name + (at[name] == '}');
    }
    memcpy(out, text, sizeof text);
}

static void say_number(const struct words *w, const char *phrase, int number, const char *name,
                       const char *text, char out[static PHRASE_MAX])
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", number);
    struct place places[] = {{"n", digits}, {name, text}};
    say(w, phrase, places, 2, out);
}

/* "a, b and c": `item` is the at-th of `count`. */
static void join(const struct words *w, char list[static PHRASE_MAX], const char *item, size_t at,
                 size_t count)
{
    struct place places[] = {{"list", list}, {"item", item}};
    if (at == 0) {
        say(w, "{item}", places + 1, 1, list);
    } else {
        say(w, at + 1 == count ? "{list} and {item}" : "{list}, {item}", places, 2, list);
    }
}

/* "the second Thursday" */
static void say_nth_day(const struct words *w, const struct recurrence_day *day,
                        char out[static PHRASE_MAX])
{
    const char *nth =
        day->nth > 0 ? nth_names[day->nth - 1] : (day->nth == -1 ? "last" : "last but one");
    struct place places[] = {{"nth", word(w, nth)}, {"day", word(w, weekday_names[day->weekday])}};
    say(w, "the {nth} {day}", places, 2, out);
}

/* "day 15", or with a month "15 March" */
static void say_month_day(const struct words *w, int day, int month, char out[static PHRASE_MAX])
{
    const char *name = month == 0 ? "" : word(w, month_names[month - 1]);
    if (day < 0) {
        say(w, "the last day", NULL, 0, out);
        struct place places[] = {{"days", out}};
        if (month != 0) say(w, days_of_month[month - 1], places, 1, out);
    } else if (month == 0) {
        say_number(w, day == 1 ? "day 1" : "day {n}", day, "", "", out);
    } else {
        say_number(w, day == 1 ? "1 {month}" : "{n} {month}", day, "month", name, out);
    }
}

/* The days of a period: weekdays, or days of a month (YEARLY: of one month). */
static void say_days(const struct words *w, const struct recurrence *rule, struct date start,
                     char out[static PHRASE_MAX])
{
    char item[PHRASE_MAX];
    struct date_parts parts = date_parts(start.day);
    bool yearly = rule->frequency == RECURRENCE_YEARLY;
    int month = !yearly ? 0 : (rule->month > 0 ? rule->month : parts.month);
    out[0] = 0;
    for (size_t i = 0; i < rule->day_count; i++) {
        if (rule->frequency == RECURRENCE_WEEKLY) {
            join(w, out, word(w, weekday_names[rule->days[i].weekday]), i, rule->day_count);
            continue;
        }
        say_nth_day(w, &rule->days[i], item);
        join(w, out, item, i, rule->day_count);
    }
    struct place places[] = {{"days", out}};
    if (rule->day_count > 0 && yearly) say(w, days_of_month[month - 1], places, 1, out);
    for (size_t i = 0; i < rule->month_day_count; i++) {
        say_month_day(w, rule->month_days[i], month, item);
        join(w, out, item, i, rule->month_day_count);
    }
    if (rule->day_count + rule->month_day_count > 0) return;
    if (rule->frequency == RECURRENCE_WEEKLY) {
        say(w, weekday_names[date_weekday(start.day)], NULL, 0, out);
    } else {
        say_month_day(w, parts.day, month, out);
    }
}

/* Of every one, every second, every nth period. */
static const char *phrase_of(const struct recurrence *rule)
{
    static const char *const phrases[][3] = {
        {"every day", "every second day", "every {n} days"},
        {"every {days}", "every second {days}", "every {n} weeks on {days}"},
        {"{days} of every month", "{days} of every second month", "{days} every {n} months"},
        {"every year on {days}", "every second year on {days}", "every {n} years on {days}"}};
    if (rule->frequency == RECURRENCE_WEEKLY && rule->interval == 2 && rule->day_count > 1) {
        return "every second week on {days}";
    }
    return phrases[rule->frequency][rule->interval > 2 ? 2 : rule->interval - 1];
}

static void say_end(const struct words *w, const struct recurrence *rule,
                    char out[static PHRASE_MAX])
{
    if (rule->count > 0) {
        say_number(w, rule->count == 1 ? "{rule}, once" : "{rule}, {n} times", rule->count, "rule",
                   out, out);
    } else if (rule->has_until) {
        struct date_parts until = date_parts(rule->until.day);
        char day[16], year[16];
        snprintf(day, sizeof day, "%d", until.day);
        snprintf(year, sizeof year, "%d", until.year);
        struct place places[] = {{"rule", out},
                                 {"n", day},
                                 {"month", word(w, month_names[until.month - 1])},
                                 {"year", year}};
        say(w,
            until.day == 1 ? "{rule}, until 1 {month} {year}" : "{rule}, until {n} {month} {year}",
            places, 4, out);
    }
}

void recurrence_describe(const struct recurrence *rule, struct date start,
                         recurrence_translate translate, void *context, char *out, size_t size)
{
    struct words w = {translate, context};
    char text[PHRASE_MAX] = "", days[PHRASE_MAX] = "";
    if (rule->frequency != RECURRENCE_DAILY) say_days(&w, rule, start, days);
    say_number(&w, phrase_of(rule), rule->interval, "days", days, text);
    say_end(&w, rule, text);
    size_t length = strlen(text);
    if (length >= size) length = size - 1;
    while (length > 0 && is_inside(text[length])) {
        length--;
    }
    memcpy(out, text, length);
    out[length] = 0;
}
