#include "circle/calendar_lines.h"
#include "circle/calendar_zone.h"
#include "circle/record.h"

#include <assert.h>
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* BEGIN and END are followed here; a line inside an event that says something for a meeting is
 * given to libical alone, in an event of its own, so nothing in a file adds up inside the library.
 */

struct moment {
    struct date date;
    bool utc;
};

struct reader {
    struct calendar_lines lines;
    struct calendar *out;
    size_t capacity, block_capacity;
    struct calendar_problem *problem;
    char open[CALENDAR_DEPTH_MAX][CALENDAR_NAME_SIZE]; /* components that have begun */
    size_t depth;
    char file_zone[CALENDAR_ZONE_SIZE];
    /* Of the event that is read. */
    struct calendar_event *event; /* NULL: between events */
    unsigned seen;                /* bit n: properties[n] */
    struct moment start, end, instance;
    bool has_start, has_end, has_instance;
    int64_t duration; /* minutes; -1: none */
    char zone[CALENDAR_ZONE_SIZE];
    char rule[RECURRENCE_TEXT_SIZE];
    size_t rule_line;
    struct moment *exceptions;
    size_t exception_count;
};

static vl_result refuse(struct reader *r, const char *field, const char *reason, vl_result why)
{
    *r->problem = (struct calendar_problem){field, reason, r->lines.first};
    return why;
}

/* ---- values, as libical reads them ---- */

/* The calendar owns it from now on, also when this fails. NULL counts as no memory. */
static vl_result keep(struct reader *r, void *block)
{
    struct calendar *out = r->out;
    if (block == NULL) return VL_ERR_NO_MEMORY;
    if (out->block_count == r->block_capacity) {
        size_t capacity = r->block_capacity == 0 ? 32 : r->block_capacity * 2;
        void **grown = realloc(out->blocks, capacity * sizeof *grown);
        if (grown == NULL) {
            free(block);
            return VL_ERR_NO_MEMORY;
        }
        out->blocks = grown;
        r->block_capacity = capacity;
    }
    out->blocks[out->block_count++] = block;
    return VL_OK;
}

/* libical lets blanks at the end of a line go, but not those that an escape hides: without them
 * what is written again would be read as something else. */
static void trim(char *text)
{
    size_t from = strspn(text, " \t"), size = strlen(text + from);
    while (size > 0 && (text[from + size - 1] == ' ' || text[from + size - 1] == '\t'))
        size--;
    memmove(text, text + from, size);
    text[size] = '\0';
}

static vl_result read_text(struct reader *r, const char *field, icalproperty *p, bool one_line,
                           const char **out)
{
    const char *text = icalvalue_get_text(icalproperty_get_value(p));
    if (text == NULL) return refuse(r, field, "not a text", VL_ERR_INVALID);
    char *copy = strdup(text);
    for (char *at = copy; one_line && at != NULL && *at != 0; at++) {
        /* Calendars let a title have several lines. */
        if (*at == '\n' || *at == '\r' || *at == '\t') *at = ' ';
    }
    if (copy != NULL) trim(copy);
    VL_TRY(keep(r, copy));
    *out = copy;
    return VL_OK;
}

static vl_result read_moment(struct reader *r, const char *field, icalproperty *p,
                             struct moment *out)
{
    icalvalue *value = icalproperty_get_value(p);
    icalvalue_kind kind = icalvalue_isa(value);
    char text[64] = "";
    struct icaltimetype at = icaltime_null_time();
    if (kind == ICAL_DATE_VALUE) at = icalvalue_get_date(value);
    if (kind == ICAL_DATETIME_VALUE) at = icalvalue_get_datetime(value);
    if (at.is_date) {
        snprintf(text, sizeof text, "%04d-%02d-%02d", at.year, at.month, at.day);
    } else {
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d", at.year, at.month, at.day, at.hour,
                 at.minute);
    }
    out->utc = !at.is_date && icaltime_is_utc(at);
    if (at.year > CALENDAR_YEAR_MAX || !date_parse(text, &out->date)) {
        return refuse(r, field, "not a date that exists", VL_ERR_INVALID);
    }
    return VL_OK;
}

static void read_zone(icalproperty *p, char out[static CALENDAR_ZONE_SIZE])
{
    icalparameter *zone = icalproperty_get_first_parameter(p, ICAL_TZID_PARAMETER);
    const char *name = zone == NULL ? NULL : icalparameter_get_tzid(zone);
    snprintf(out, CALENDAR_ZONE_SIZE, "%s", name == NULL ? "" : name);
}

/* ---- the properties of an event ---- */

static vl_result read_uid(struct reader *r, const char *field, icalproperty *p)
{
    return read_text(r, field, p, true, &r->event->uid);
}

static vl_result read_summary(struct reader *r, const char *field, icalproperty *p)
{
    return read_text(r, field, p, true, &r->event->title);
}

static vl_result read_location(struct reader *r, const char *field, icalproperty *p)
{
    return read_text(r, field, p, true, &r->event->place);
}

static vl_result read_description(struct reader *r, const char *field, icalproperty *p)
{
    return read_text(r, field, p, false, &r->event->directions);
}

static vl_result read_start(struct reader *r, const char *field, icalproperty *p)
{
    read_zone(p, r->zone);
    VL_TRY(read_moment(r, field, p, &r->start));
    r->start.utc = r->start.utc || (r->start.date.minute >= 0 && calendar_zone_is_utc(r->zone));
    r->has_start = true;
    return VL_OK;
}

static vl_result read_end(struct reader *r, const char *field, icalproperty *p)
{
    char zone[CALENDAR_ZONE_SIZE];
    read_zone(p, zone);
    VL_TRY(read_moment(r, field, p, &r->end));
    r->end.utc = r->end.utc || (r->end.date.minute >= 0 && calendar_zone_is_utc(zone));
    r->has_end = true;
    return VL_OK;
}

#define DURATION_DAYS_MAX 366u

static vl_result read_duration(struct reader *r, const char *field, icalproperty *p)
{
    struct icaldurationtype d = icalvalue_get_duration(icalproperty_get_value(p));
    uint64_t days = (uint64_t)d.weeks * 7 + d.days;
    uint64_t minutes = (uint64_t)d.hours * 60 + d.minutes + d.seconds / 60;
    if (d.is_neg || days * 1440 + minutes > DURATION_DAYS_MAX * 1440) {
        return refuse(r, field, "not a length from 0 to 366 days", VL_ERR_INVALID);
    }
    r->duration = (int64_t)(days * 1440 + minutes);
    return VL_OK;
}

static vl_result read_exception(struct reader *r, const char *field, icalproperty *p)
{
    assert(r->exception_count < CALENDAR_EXCEPTIONS_MAX); /* count_exceptions has looked */
    if (r->exceptions == NULL) {
        r->exceptions = calloc(CALENDAR_EXCEPTIONS_MAX, sizeof r->exceptions[0]);
        if (r->exceptions == NULL) return VL_ERR_NO_MEMORY;
    }
    return read_moment(r, field, p, &r->exceptions[r->exception_count++]);
}

static vl_result read_status(struct reader *r, const char *field, icalproperty *p)
{
    (void)field;
    r->event->cancelled = icalproperty_get_status(p) == ICAL_STATUS_CANCELLED;
    return VL_OK;
}

static vl_result read_instance(struct reader *r, const char *field, icalproperty *p)
{
    if (icalproperty_get_first_parameter(p, ICAL_RANGE_PARAMETER) != NULL) {
        return refuse(r, field, "changes all later meetings of a series at once: not known here",
                      VL_ERR_INVALID);
    }
    r->has_instance = true;
    return read_moment(r, field, p, &r->instance);
}

/* The meeting that it comes from; other ways of being related say nothing here. */
static vl_result read_related(struct reader *r, const char *field, icalproperty *p)
{
    icalparameter *sort = icalproperty_get_first_parameter(p, ICAL_RELTYPE_PARAMETER);
    bool is_parent = sort == NULL || icalparameter_get_reltype(sort) == ICAL_RELTYPE_PARENT;
    if (!is_parent || r->event->related[0] != 0) return VL_OK;
    return read_text(r, field, p, true, &r->event->related);
}

static vl_result read_others(struct reader *r, const char *field, icalproperty *p)
{
    (void)p;
    return refuse(r, field, "dates beside a rule are not known here", VL_ERR_INVALID);
}

enum often { ONCE, OFTEN };
static const struct property {
    const char *name;
    vl_result (*read)(struct reader *r, const char *field, icalproperty *p);
    enum often often;
} properties[] = {
    {"UID", read_uid, ONCE},
    {"SUMMARY", read_summary, ONCE},
    {"LOCATION", read_location, ONCE},
    {"DESCRIPTION", read_description, ONCE},
    {"DTSTART", read_start, ONCE},
    {"DTEND", read_end, ONCE},
    {"DURATION", read_duration, ONCE},
    {"RRULE", NULL, ONCE}, /* recurrence.h reads it */
    {"EXDATE", read_exception, OFTEN},
    {"STATUS", read_status, ONCE},
    {"RECURRENCE-ID", read_instance, ONCE},
    {"RELATED-TO", read_related, OFTEN},
    {"RDATE", read_others, OFTEN},
    {"EXRULE", read_others, OFTEN},
};
#define PROPERTY_COUNT (sizeof properties / sizeof properties[0])

/* Each of the line's values in turn: libical makes one property of each date of an EXDATE. */
static vl_result read_values(struct reader *r, const struct property *property,
                             icalcomponent *event)
{
    vl_result result =
        icalcomponent_count_errors(event) == 0
            ? VL_OK
            : refuse(r, property->name, "not written as it should be", VL_ERR_INVALID);
    icalproperty *p = icalcomponent_get_first_property(event, ICAL_ANY_PROPERTY);
    for (; result == VL_OK && p != NULL;
         p = icalcomponent_get_next_property(event, ICAL_ANY_PROPERTY)) {
        result = property->read(r, property->name, p);
    }
    return result;
}

static vl_result read_by_library(struct reader *r, const struct property *property)
{
    struct vl_buffer text = {0};
    const char *line = (const char *)r->lines.line.data;
    icalcomponent *event = NULL;
    vl_result result = vl_buffer_append(&text, "BEGIN:VEVENT\r\n", 14);
    if (result == VL_OK) result = vl_buffer_append(&text, line, strlen(line));
    if (result == VL_OK) result = vl_buffer_append(&text, "\r\nEND:VEVENT\r\n", 15);
    if (result == VL_OK) {
        event = icalparser_parse_string((const char *)text.data);
        result = event == NULL
                     ? refuse(r, property->name, "not written as it should be", VL_ERR_INVALID)
                     : read_values(r, property, event);
    }
    if (event != NULL) icalcomponent_free(event);
    vl_buffer_finish(&text);
    return result;
}

/* Of a line with more than 500 dates libical reads 500 and says nothing. */
static vl_result count_exceptions(struct reader *r, const char *field)
{
    size_t count = r->exception_count + 1;
    for (const char *at = calendar_lines_value(&r->lines); *at != 0; at++) {
        if (*at == ',') count++;
    }
    if (count <= CALENDAR_EXCEPTIONS_MAX) return VL_OK;
    return refuse(r, field, "more than 500 exceptions", VL_ERR_TOO_LARGE);
}

static vl_result keep_rule(struct reader *r)
{
    const char *rule = calendar_lines_value(&r->lines);
    if (strlen(rule) >= sizeof r->rule) {
        return refuse(r, "RRULE", "a rule longer than its limit", VL_ERR_TOO_LARGE);
    }
    snprintf(r->rule, sizeof r->rule, "%s", rule);
    r->rule_line = r->lines.first;
    return VL_OK;
}

static vl_result read_property(struct reader *r)
{
    size_t at = 0;
    while (at < PROPERTY_COUNT && strcmp(properties[at].name, r->lines.name) != 0) {
        at++;
    }
    if (at == PROPERTY_COUNT) return VL_OK; /* of no interest for a meeting */
    const struct property *property = &properties[at];
    if (r->lines.is_cut) {
        return refuse(r, property->name, "a line longer than its limit", VL_ERR_TOO_LARGE);
    }
    if (calendar_lines_value(&r->lines)[0] == 0) return VL_OK;
    if ((r->seen & 1u << at) != 0 && property->often == ONCE) {
        return refuse(r, property->name, "is there twice", VL_ERR_INVALID);
    }
    r->seen |= 1u << at;
    if (property->read == read_exception) VL_TRY(count_exceptions(r, property->name));
    return property->read == NULL ? keep_rule(r) : read_by_library(r, property);
}

/* ---- an event as a whole ---- */

static vl_result begin_event(struct reader *r)
{
    struct calendar *out = r->out;
    if (out->count == CALENDAR_EVENTS_MAX) {
        return refuse(r, "VEVENT", "more than 1000 events", VL_ERR_TOO_LARGE);
    }
    if (out->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 8 : r->capacity * 2;
        struct calendar_event *grown = realloc(out->events, capacity * sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        out->events = grown;
        r->capacity = capacity;
    }
    r->event = &out->events[out->count++];
    *r->event = (struct calendar_event){.line = r->lines.first};
    r->event->title = r->event->place = r->event->directions = r->event->related = "";
    r->seen = 0;
    r->has_start = r->has_end = r->has_instance = false;
    r->duration = -1;
    r->exception_count = 0;
    r->zone[0] = r->rule[0] = 0;
    return VL_OK;
}

/* To the local time of the place, in the form that the start has: of a whole day, the day. */
static vl_result settle(struct reader *r, const char *field, struct moment moment, struct date *out)
{
    bool named = r->zone[0] != 0 && !calendar_zone_is_utc(r->zone);
    *out = moment.date;
    if (moment.utc && !calendar_zone_local(named ? r->zone : r->file_zone, moment.date, out)) {
        return refuse(r, field, "a time in UTC that is not of the years 1970 to 2099",
                      VL_ERR_INVALID);
    }
    if (r->start.date.minute < 0) out->minute = -1;
    return VL_OK;
}

static vl_result settle_end(struct reader *r, struct date start)
{
    struct date end = start;
    bool whole_day = start.minute < 0;
    if (r->has_end) {
        VL_TRY(settle(r, "DTEND", r->end, &end));
        if (!whole_day && end.minute < 0) end.minute = 0; /* the beginning of that day */
    } else if (r->duration < 0) {
        return VL_OK;
    } else {
        bool fits = date_add_minutes(&end, r->duration);
        assert(fits); /* CALENDAR_YEAR_MAX and a year more */
        (void)fits;
    }
    /* The end of whole days is the day after the last. */
    if (whole_day && end.day > start.day) end.day--;
    if (date_compare(end, start) < 0) {
        return refuse(r, "DTEND", "it ends before it begins", VL_ERR_INVALID);
    }
    date_text(end, r->event->ends);
    return VL_OK;
}

/* UNTIL=20261231T173000Z becomes local in place: the text only gets shorter. */
static vl_result settle_until(struct reader *r)
{
    char *until = strcasestr(r->rule, "UNTIL=");
    char text[DATE_TEXT_SIZE];
    struct moment moment = {.utc = true};
    struct date local;
    if (until == NULL) return VL_OK;
    until += strlen("UNTIL=");
    size_t size = strcspn(until, ";");
    if (size != 16 || (until[15] != 'Z' && until[15] != 'z') || until[8] != 'T') return VL_OK;
    snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s", until, until + 4, until + 6, until + 9,
             until + 11);
    if (!date_parse(text, &moment.date)) return VL_OK; /* which the rule's reader says */
    VL_TRY(settle(r, "RRULE", moment, &local));
    struct date_parts parts = date_parts(local.day);
    char made[64];
    int wrote = snprintf(made, sizeof made, "%04d%02d%02d", parts.year, parts.month, parts.day);
    if (local.minute >= 0) {
        wrote += snprintf(made + wrote, sizeof made - (size_t)wrote, "T%02d%02d00",
                          local.minute / 60, local.minute % 60);
    }
    memcpy(until, made, (size_t)wrote);
    memmove(until + wrote, until + size, strlen(until + size) + 1);
    return VL_OK;
}

static vl_result settle_rule(struct reader *r, struct date start)
{
    struct recurrence rule;
    const char *reason;
    if (r->rule[0] == 0) return VL_OK;
    VL_TRY(settle_until(r));
    vl_result result = recurrence_parse(r->rule, &rule, &reason);
    if (result == VL_OK && rule.day_count > 0 && start.day != r->start.date.day) {
        reason = "its days are told in UTC and are others here";
        result = VL_ERR_INVALID;
    }
    if (result != VL_OK) {
        *r->problem = (struct calendar_problem){"RRULE", reason, r->rule_line};
        return result;
    }
    /* A whole day is what the end of one says. */
    if (rule.has_until && rule.until.minute == 1439) rule.until.minute = -1;
    recurrence_text(&rule, r->event->recurrence);
    return VL_OK;
}

static vl_result settle_exceptions(struct reader *r)
{
    if (r->exception_count == 0) return VL_OK;
    struct date *dates = calloc(r->exception_count, sizeof *dates);
    VL_TRY(keep(r, dates));
    for (size_t i = 0; i < r->exception_count; i++) {
        VL_TRY(settle(r, "EXDATE", r->exceptions[i], &dates[i]));
    }
    r->event->exceptions = dates;
    r->event->exception_count = r->exception_count;
    return VL_OK;
}

static vl_result end_event(struct reader *r)
{
    struct calendar_event *event = r->event;
    struct date start, instance;
    r->lines.first = event->line; /* what is told from here on is about all of it */
    if (event->uid == NULL) return refuse(r, "UID", "is missing in an event", VL_ERR_INVALID);
    if (!r->has_start) return refuse(r, "DTSTART", "is missing in an event", VL_ERR_INVALID);
    if (r->has_end && r->duration >= 0) {
        return refuse(r, "DTEND", "is there beside a DURATION", VL_ERR_INVALID);
    }
    VL_TRY(settle(r, "DTSTART", r->start, &start));
    date_text(start, event->starts);
    VL_TRY(settle_end(r, start));
    VL_TRY(settle_rule(r, start));
    VL_TRY(settle_exceptions(r));
    if (r->has_instance) {
        VL_TRY(settle(r, "RECURRENCE-ID", r->instance, &instance));
        date_text(instance, event->instance);
    }
    r->event = NULL;
    return VL_OK;
}

/* ---- components ---- */

static vl_result begin(struct reader *r, const char *name)
{
    if (r->depth == CALENDAR_DEPTH_MAX) {
        return refuse(r, "BEGIN", "components are nested too deep", VL_ERR_TOO_LARGE);
    }
    if (r->depth == 0 && strcasecmp(name, "VCALENDAR") != 0) {
        return refuse(r, "BEGIN", "not a calendar file", VL_ERR_INVALID);
    }
    if (strlen(name) >= CALENDAR_NAME_SIZE) {
        return refuse(r, "BEGIN", "a line longer than its limit", VL_ERR_TOO_LARGE);
    }
    snprintf(r->open[r->depth++], CALENDAR_NAME_SIZE, "%s", name);
    return r->depth == 2 && strcasecmp(name, "VEVENT") == 0 ? begin_event(r) : VL_OK;
}

static vl_result end(struct reader *r, const char *name)
{
    if (r->depth == 0 || strcasecmp(r->open[r->depth - 1], name) != 0) {
        return refuse(r, "END", "ends a component that is not open", VL_ERR_INVALID);
    }
    r->depth--;
    return r->depth == 1 && r->event != NULL ? end_event(r) : VL_OK;
}

static vl_result take_line(struct reader *r)
{
    const char *value = calendar_lines_value(&r->lines);
    if (strcmp(r->lines.name, "BEGIN") == 0) return begin(r, value);
    if (strcmp(r->lines.name, "END") == 0) return end(r, value);
    if (r->depth == 0) return refuse(r, NULL, "not a calendar file", VL_ERR_INVALID);
    if (r->depth == 1 && strcmp(r->lines.name, "X-WR-TIMEZONE") == 0) {
        snprintf(r->file_zone, sizeof r->file_zone, "%s", value);
    }
    return r->depth == 2 && r->event != NULL ? read_property(r) : VL_OK;
}

static vl_result read_all(struct reader *r)
{
    for (;;) {
        vl_result result = calendar_lines_next(&r->lines);
        if (result == VL_ERR_NOT_FOUND) break;
        if (result == VL_ERR_UTF8) return refuse(r, NULL, "not text in UTF-8", result);
        if (result == VL_ERR_INVALID) {
            return refuse(r, NULL, r->depth == 0 ? "not a calendar file" : "not a calendar's line",
                          result);
        }
        if (result != VL_OK) return result;
        VL_TRY(take_line(r));
    }
    if (r->depth > 0) return refuse(r, "END", "the file ends too early", VL_ERR_TRUNCATED);
    r->lines.first = 0;
    if (r->out->count == 0) return refuse(r, NULL, "there is no event in it", VL_ERR_INVALID);
    return VL_OK;
}

vl_result calendar_read(struct vl_bytes text, struct calendar *out,
                        struct calendar_problem *problem)
{
    struct reader reader = {.out = out, .problem = problem};
    *out = (struct calendar){0};
    *problem = (struct calendar_problem){0};
    if (text.size > CALENDAR_BYTES_MAX) {
        problem->reason = "a file larger than its limit";
        return VL_ERR_TOO_LARGE;
    }
    icalerror_set_errors_are_fatal(0); /* an error is an answer here, never an end */
    calendar_lines_init(&reader.lines, text);
    vl_result result = read_all(&reader);
    calendar_lines_finish(&reader.lines);
    free(reader.exceptions);
    calendar_zone_forget();
    if (result != VL_OK) calendar_finish(out);
    return result;
}

void calendar_finish(struct calendar *calendar)
{
    if (calendar == NULL) return;
    for (size_t i = 0; i < calendar->block_count; i++) {
        free(calendar->blocks[i]);
    }
    free(calendar->blocks);
    free(calendar->events);
    *calendar = (struct calendar){0};
}
