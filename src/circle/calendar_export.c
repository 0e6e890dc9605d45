#include "circle/calendar_records.h"
#include "circle/meeting.h"

#include <stdlib.h>
#include <string.h>

struct exported { /* beside its event */
    char uid[RECORD_ID_TEXT_SIZE], related[RECORD_ID_TEXT_SIZE];
    struct record series; /* zeroed: none */
    struct date *exceptions;
};

/* The UID that it came with, else its id. */
static const char *uid_of(const struct record *meeting, char id[static RECORD_ID_TEXT_SIZE])
{
    const char *uid = record_text(meeting, MEETING_UID);
    record_id_text(&meeting->id, id);
    return uid[0] != 0 ? uid : id;
}

static vl_result fill_exceptions(const struct record *meeting, struct exported *beside,
                                 struct calendar_event *event)
{
    const struct record_field *field = record_field(meeting, MEETING_EXCEPTIONS);
    if (field->count == 0) return VL_OK;
    beside->exceptions = calloc(field->count, sizeof *beside->exceptions);
    if (beside->exceptions == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < field->count; i++) {
        const struct vl_value *value = &field->values[i].value;
        struct date *to = &beside->exceptions[event->exception_count];
        if (value->tag == VL_VALUE_TEXT && date_parse((const char *)value->bytes.data, to)) {
            event->exception_count++;
        }
    }
    event->exceptions = beside->exceptions;
    return VL_OK;
}

static vl_result fill_series(struct vl_replica *r, const struct record *meeting,
                             struct exported *beside, struct calendar_event *event)
{
    const struct record_field *field = record_field(meeting, MEETING_SERIES);
    if (field->count == 0 || field->values[0].value.tag != VL_VALUE_REFERENCE) return VL_OK;
    vl_result found =
        record_read(r, SCHEMA_MEETING, &field->values[0].value.record, &beside->series);
    if (found == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(found);
    event->related = uid_of(&beside->series, beside->related);
    return VL_OK;
}

/* What others wrote may be longer than a date or a rule: then it is none. */
static void take_short(const char *text, char *out, size_t size)
{
    if (strlen(text) < size) memcpy(out, text, strlen(text) + 1);
}

static vl_result fill(struct vl_replica *r, const struct record *meeting, struct exported *beside,
                      struct calendar_event *event)
{
    const struct record_field *state = record_field(meeting, MEETING_STATE);
    event->uid = uid_of(meeting, beside->uid);
    event->title = record_text(meeting, MEETING_TITLE);
    event->place = record_text(meeting, MEETING_PLACE);
    event->directions = record_text(meeting, MEETING_DIRECTIONS);
    take_short(record_text(meeting, MEETING_STARTS), event->starts, sizeof event->starts);
    take_short(record_text(meeting, MEETING_ENDS), event->ends, sizeof event->ends);
    take_short(record_text(meeting, MEETING_RECURRENCE), event->recurrence,
               sizeof event->recurrence);
    event->cancelled = state->count > 0 && state->values[0].value.tag == VL_VALUE_INTEGER &&
                       state->values[0].value.integer == MEETING_CANCELLED;
    VL_TRY(fill_exceptions(meeting, beside, event));
    return fill_series(r, meeting, beside, event);
}

static vl_result export_records(struct vl_replica *r, const struct record *meetings, size_t count,
                                vl_wall now, struct vl_buffer *out)
{
    struct calendar_event *events = calloc(count + 1, sizeof *events);
    struct exported *beside = calloc(count + 1, sizeof *beside);
    vl_result result = events == NULL || beside == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    for (size_t i = 0; result == VL_OK && i < count; i++) {
        result = fill(r, &meetings[i], &beside[i], &events[i]);
    }
    if (result == VL_OK) result = calendar_write(events, count, now, out);
    for (size_t i = 0; beside != NULL && i < count; i++) {
        record_finish(&beside[i].series);
        free(beside[i].exceptions);
    }
    free(beside);
    free(events);
    return result;
}

vl_result calendar_export(struct vl_replica *r, const struct vl_record_id *id, vl_wall now,
                          struct vl_buffer *out)
{
    struct record_list all;
    struct record one;
    vl_result result;
    if (id == NULL) {
        VL_TRY(meeting_list(r, &all));
        result = export_records(r, all.items, all.count, now, out);
        record_list_finish(&all);
        return result;
    }
    VL_TRY(meeting_read(r, id, &one));
    result = export_records(r, &one, 1, now, out);
    record_finish(&one);
    return result;
}
