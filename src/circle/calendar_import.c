#include "circle/calendar_records.h"

#include <string.h>

struct import {
    struct vl_replica *r;
    const struct calendar *calendar;
    vl_wall now;
    struct calendar_problem *problem;
};

/* ---- which record ---- */

static vl_result is_here(struct vl_replica *r, const struct vl_record_id *id, bool *here)
{
    struct record record;
    vl_result result = record_read(r, SCHEMA_MEETING, id, &record);
    *here = result == VL_OK;
    record_finish(&record);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

/* Of the circle, the UID and, of an event instead of an occurrence, which one. */
static vl_result id_of(struct vl_replica *r, const char *uid, const char *instance,
                       struct vl_record_id *out)
{
    struct vl_buffer name = {0};
    bool here = false;
    if (instance[0] == 0 && record_id_parse(uid, out) == VL_OK) {
        VL_TRY(is_here(r, out, &here));
        if (here) return VL_OK;
    }
    vl_result result = vl_buffer_append(&name, "", 1);
    if (result == VL_OK) result = vl_buffer_append(&name, uid, strlen(uid) + 1);
    if (result == VL_OK) result = vl_buffer_append(&name, instance, strlen(instance));
    if (result == VL_OK) {
        record_id_derive(vl_replica_circle(r), SCHEMA_MEETING, vl_buffer_view(&name), out);
    }
    vl_buffer_finish(&name);
    return result;
}

/* ---- an event as an edit ---- */

/* The UID of a meeting that was one occurrence is that of the series and when it was. */
static vl_result set_uid(struct edit *e, const struct calendar_event *event)
{
    struct vl_buffer uid = {0};
    vl_result result = vl_buffer_append(&uid, event->uid, strlen(event->uid));
    if (result == VL_OK && event->instance[0] != 0) {
        result = vl_buffer_append(&uid, "/", 1);
        if (result == VL_OK)
            result = vl_buffer_append(&uid, event->instance, strlen(event->instance));
    }
    if (result == VL_OK) result = vl_buffer_append(&uid, "", 1);
    if (result == VL_OK) edit_set_text(e, MEETING_UID, (const char *)uid.data);
    vl_buffer_finish(&uid);
    return result;
}

static void set_exceptions(struct edit *e, const struct calendar_event *event)
{
    for (size_t i = 0; i < event->exception_count; i++) {
        char text[DATE_TEXT_SIZE];
        date_text(event->exceptions[i], text);
        const struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
        edit_add(e, MEETING_EXCEPTIONS, &value);
    }
}

static void set_if(struct edit *e, uint32_t field, const char *text)
{
    if (text[0] != 0) edit_set_text(e, field, text);
}

static vl_result set_series(struct import *im, struct edit *e, const struct calendar_event *event)
{
    struct vl_value of = {.tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING};
    const char *uid = event->instance[0] != 0 ? event->uid : event->related;
    bool here = false;
    if (uid[0] == 0) return VL_OK;
    VL_TRY(id_of(im->r, uid, "", &of.record));
    VL_TRY(is_here(im->r, &of.record, &here));
    for (size_t i = 0; !here && i < im->calendar->count; i++) { /* it may come with this file */
        const struct calendar_event *other = &im->calendar->events[i];
        here = other->instance[0] == 0 && strcmp(other->uid, uid) == 0;
    }
    if (here) edit_set(e, MEETING_SERIES, &of);
    return VL_OK;
}

static vl_result fill(struct import *im, struct edit *e, const struct calendar_event *event)
{
    const struct vl_value cancelled = {.tag = VL_VALUE_INTEGER, .integer = MEETING_CANCELLED};
    set_if(e, MEETING_TITLE, event->title);
    set_if(e, MEETING_STARTS, event->starts);
    set_if(e, MEETING_ENDS, event->ends);
    set_if(e, MEETING_PLACE, event->place);
    set_if(e, MEETING_DIRECTIONS, event->directions);
    set_if(e, MEETING_RECURRENCE, event->recurrence);
    set_exceptions(e, event);
    if (event->cancelled) edit_set(e, MEETING_STATE, &cancelled);
    VL_TRY(set_uid(e, event));
    return set_series(im, e, event);
}

static const char *property_of(const struct schema_field *field)
{
    static const struct {
        uint32_t field;
        const char *property;
    } names[] = {{MEETING_TITLE, "SUMMARY"},          {MEETING_PLACE, "LOCATION"},
                 {MEETING_DIRECTIONS, "DESCRIPTION"}, {MEETING_UID, "UID"},
                 {MEETING_STARTS, "DTSTART"},         {MEETING_ENDS, "DTEND"},
                 {MEETING_RECURRENCE, "RRULE"},       {MEETING_EXCEPTIONS, "EXDATE"}};
    for (size_t i = 0; field != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (names[i].field == field->id) return names[i].property;
    }
    return NULL;
}

/* Writes the event, or only looks whether it could be. */
static vl_result put(struct import *im, const struct calendar_event *event,
                     const struct vl_record_id *id, bool write)
{
    struct schema_problem problem = {0};
    struct edit e;
    VL_TRY(edit_begin(&e, im->r, SCHEMA_MEETING, id));
    vl_result result = fill(im, &e, event);
    if (result == VL_OK && write) result = edit_write(&e, im->now, &problem);
    if (result == VL_OK && !write && e.result != VL_OK) {
        result = e.result;
        problem = e.problem;
    }
    if (result != VL_OK && problem.reason != NULL) {
        *im->problem =
            (struct calendar_problem){property_of(problem.field), problem.reason, event->line};
    }
    edit_finish(&e);
    return result;
}

/* The series has no meeting of its own then. */
static vl_result put_exception(struct import *im, const struct calendar_event *event)
{
    const struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(event->instance)};
    struct vl_record_id series;
    bool here;
    struct edit e;
    VL_TRY(id_of(im->r, event->uid, "", &series));
    VL_TRY(is_here(im->r, &series, &here));
    if (!here) return VL_OK;
    VL_TRY(edit_begin(&e, im->r, SCHEMA_MEETING, &series));
    edit_add(&e, MEETING_EXCEPTIONS, &value);
    vl_result result = edit_write(&e, im->now, NULL);
    edit_finish(&e);
    return result;
}

/* ---- all of them ---- */

static vl_result check_all(struct import *im)
{
    for (size_t i = 0; i < im->calendar->count; i++) {
        struct vl_record_id id;
        record_id_random(&id); /* of none that is here: all of it is looked at */
        VL_TRY(put(im, &im->calendar->events[i], &id, false));
    }
    return VL_OK;
}

static vl_result put_one(struct import *im, const struct calendar_event *event, size_t max,
                         struct calendar_imported *out)
{
    struct vl_record_id id;
    bool here;
    VL_TRY(id_of(im->r, event->uid, event->instance, &id));
    VL_TRY(is_here(im->r, &id, &here));
    if (here) {
        out->existed++;
        return event->instance[0] == 0 ? VL_OK : put_exception(im, event);
    }
    if (out->imported == max) {
        out->left++;
        return VL_OK;
    }
    VL_TRY(put(im, event, &id, true));
    if (out->imported++ == 0) out->first = id;
    return event->instance[0] == 0 ? VL_OK : put_exception(im, event);
}

vl_result calendar_import(struct vl_replica *r, struct vl_bytes text, size_t max, vl_wall now,
                          struct calendar_imported *out, struct calendar_problem *problem)
{
    struct calendar calendar;
    struct import im = {.r = r, .calendar = &calendar, .now = now, .problem = problem};
    *out = (struct calendar_imported){0};
    VL_TRY(calendar_read(text, &calendar, problem));
    vl_result result = check_all(&im);
    /* The first of a series before what stands instead of its occurrences. */
    for (int instances = 0; instances < 2; instances++) {
        for (size_t i = 0; result == VL_OK && i < calendar.count; i++) {
            const struct calendar_event *event = &calendar.events[i];
            if ((event->instance[0] != 0) != instances) continue;
            result = put_one(&im, event, max, out);
        }
    }
    calendar_finish(&calendar);
    return result;
}
