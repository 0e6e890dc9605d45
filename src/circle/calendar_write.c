#include "circle/calendar_lines.h"

#include <libical/ical.h>
#include <string.h>

static struct icaltimetype moment_of(struct date date)
{
    struct date_parts parts = date_parts(date.day);
    struct icaltimetype at = icaltime_null_time();
    at.year = parts.year;
    at.month = parts.month;
    at.day = parts.day;
    at.is_date = date.minute < 0;
    if (date.minute >= 0) {
        at.hour = date.minute / 60;
        at.minute = date.minute % 60;
    }
    return at;
}

static bool is_told(struct date date)
{
    return date_parts(date.day).year <= CALENDAR_YEAR_MAX;
}

static bool add(icalcomponent *to, icalproperty *property)
{
    if (property == NULL) return false;
    icalcomponent_add_property(to, property);
    return true;
}

static bool add_text(icalcomponent *to, icalproperty *(*make)(const char *), const char *text)
{
    return text == NULL || text[0] == 0 || add(to, make(text));
}

/* In the form of the start; left out when it is not after it. */
static bool add_end(icalcomponent *to, struct date start, const char *text)
{
    struct date end;
    if (!date_parse(text, &end)) return true;
    if (start.minute < 0) { /* the day after the last */
        end.minute = -1;
        if (end.day < start.day || !date_add_minutes(&end, 1440)) return true;
    } else if (end.minute < 0 || date_compare(end, start) <= 0) {
        return true;
    }
    return !is_told(end) || add(to, icalproperty_new_dtend(moment_of(end)));
}

static bool add_exceptions(icalcomponent *to, struct date start, const struct calendar_event *event)
{
    for (size_t i = 0; i < event->exception_count; i++) {
        struct date at = event->exceptions[i];
        if (start.minute < 0) at.minute = -1;
        /* Of a meeting at an hour, a whole day means its occurrence on that day. */
        if (start.minute >= 0 && at.minute < 0) at.minute = start.minute;
        if (!is_told(at)) continue;
        if (!add(to, icalproperty_new_exdate(moment_of(at)))) return false;
    }
    return true;
}

static bool add_rule(icalcomponent *to, struct date start, const struct calendar_event *event)
{
    struct recurrence rule;
    char text[RECURRENCE_TEXT_SIZE];
    if (recurrence_parse(event->recurrence, &rule, NULL) != VL_OK) return true;
    /* The standard wants its end in the form of the start. */
    if (rule.has_until && start.minute < 0) rule.until.minute = -1;
    if (rule.has_until && start.minute >= 0 && rule.until.minute < 0) rule.until.minute = 1439;
    if (rule.has_until && !is_told(rule.until)) rule.has_until = false;
    recurrence_text(&rule, text);
    struct icalrecurrencetype made = icalrecurrencetype_from_string(text);
    return add(to, icalproperty_new_rrule(made)) && add_exceptions(to, start, event);
}

static bool fill(icalcomponent *to, const struct calendar_event *event, struct date start,
                 struct icaltimetype now)
{
    struct date instance;
    if (!add_text(to, icalproperty_new_uid, event->uid) ||
        !add(to, icalproperty_new_dtstamp(now)) ||
        !add(to, icalproperty_new_dtstart(moment_of(start))) || !add_end(to, start, event->ends) ||
        !add_rule(to, start, event) || !add_text(to, icalproperty_new_summary, event->title) ||
        !add_text(to, icalproperty_new_location, event->place) ||
        !add_text(to, icalproperty_new_description, event->directions) ||
        !add_text(to, icalproperty_new_relatedto, event->related)) {
        return false;
    }
    if (date_parse(event->instance, &instance) && is_told(instance) &&
        !add(to, icalproperty_new_recurrenceid(moment_of(instance)))) {
        return false;
    }
    return !event->cancelled || add(to, icalproperty_new_status(ICAL_STATUS_CANCELLED));
}

static bool add_event(icalcomponent *calendar, const struct calendar_event *event,
                      struct icaltimetype now)
{
    struct date start;
    if (!date_parse(event->starts, &start) || !is_told(start)) return true;
    icalcomponent *made = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    if (made == NULL) return false;
    icalcomponent_add_component(calendar, made);
    return fill(made, event, start, now);
}

static struct icaltimetype moment_in_utc(vl_wall now)
{
    int64_t minutes = now.ms / 60000, day = minutes / 1440, minute = minutes % 1440;
    if (minute < 0) {
        day--;
        minute += 1440;
    }
    if (day < DATE_DAY_MIN || day > DATE_DAY_MAX) day = 0; /* a clock that says nothing */
    struct icaltimetype at =
        moment_of((struct date){.day = (int32_t)day, .minute = (int16_t)minute});
    at.zone = icaltimezone_get_utc_timezone();
    return at;
}

/* libical gives no reason when it makes nothing: memory is the only one left here. */
static vl_result write_all(icalcomponent *calendar, const struct calendar_event *events,
                           size_t count, struct icaltimetype now, struct vl_buffer *out)
{
    if (!add(calendar, icalproperty_new_version("2.0")) ||
        !add(calendar, icalproperty_new_prodid("-//Meetings//EN"))) {
        return VL_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_event(calendar, &events[i], now)) return VL_ERR_NO_MEMORY;
    }
    char *text = icalcomponent_as_ical_string_r(calendar);
    if (text == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = calendar_lines_fold(text, out);
    icalmemory_free_buffer(text);
    return result;
}

vl_result calendar_write(const struct calendar_event *events, size_t count, vl_wall now,
                         struct vl_buffer *out)
{
    icalerror_set_errors_are_fatal(0);
    icalcomponent *calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
    if (calendar == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = write_all(calendar, events, count, moment_in_utc(now), out);
    icalcomponent_free(calendar);
    icalmemory_free_ring();
    return result;
}
