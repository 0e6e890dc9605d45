/* Meetings by the calendar: files out and in, occurrences of a series, the next one, here and now.
 */
#include "api/autolock.h"
#include "api/view_live.h"
#include "api/view_meeting.h"
#include "circle/calendar_records.h"
#include "circle/meeting.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX   1048576
#define TITLE_MAX  4096
#define IMPORT_MAX 100u /* new meetings in one request: each is one durable write */
#define LIST_MAX   100u
#define LISTED     10u

/* This machine's local time, to the minute. */
static struct date local_now(void)
{
    struct tm parts;
    time_t now = (time_t)(request_now().ms / 1000);
    if (localtime_r(&now, &parts) == NULL) return (struct date){.minute = 0};
    return (struct date){.day = date_day(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday),
                         .minute = (int16_t)(parts.tm_hour * 60 + parts.tm_min)};
}

/* ---- files ---- */

static const struct answer_file calendar_file = {"calendar.ics", "text/calendar; charset=utf-8"};

static vl_result answer_file(struct request *rq, struct circle *circle,
                             const struct vl_record_id *id)
{
    VL_TRY(request_export(rq, circle, "calendar"));
    vl_result result = calendar_export(circle->replica, id, request_now(), rq->out.out);
    calendar_rest();
    VL_TRY(result);
    if (rq->caller->file != NULL) *rq->caller->file = &calendar_file;
    return VL_OK;
}

vl_result handle_calendar(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    return answer_file(rq, circle, NULL);
}

vl_result handle_meeting_calendar(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id id;
    VL_TRY(request_meeting(rq, &circle, &id));
    return answer_file(rq, circle, &id);
}

struct import_body {
    const char *text;
};
static const struct json_field import_fields[] = {
    {"text", JSON_KIND_TEXT, offsetof(struct import_body, text), true, TEXT_MAX},
};

/* A long file in portions: whoever sends it sends it again until nothing is left. */
vl_result handle_import_calendar(struct request *rq)
{
    struct circle *circle;
    struct import_body body = {0};
    struct calendar_imported done;
    struct calendar_problem problem = {0};
    VL_TRY(request_decode(rq, import_fields, 1, &body));
    VL_TRY(request_replica(rq, &circle));
    vl_result result = calendar_import(circle->replica, vl_bytes_text(body.text), IMPORT_MAX,
                                       request_now(), &done, &problem);
    calendar_rest();
    if (done.imported > 0) request_wrote(rq, circle);
    if (result == VL_ERR_TRUNCATED) result = VL_ERR_INVALID; /* the file, not the request */
    if (result != VL_OK && problem.reason != NULL) {
        rq->problem = (struct json_problem){problem.field, problem.reason, problem.line};
    }
    VL_TRY(result);
    json_open(&rq->out, '{');
    json_put_integer(&rq->out, "imported", (int64_t)done.imported);
    json_put_integer(&rq->out, "existed", (int64_t)done.existed);
    json_put_integer(&rq->out, "left", (int64_t)done.left);
    json_close(&rq->out, '}');
    return VL_OK;
}

/* ---- series ---- */

static void put_date(struct json_out *o, const char *name, struct date date)
{
    char text[DATE_TEXT_SIZE];
    date_text(date, text);
    json_put_text(o, name, text);
}

static void put_times(struct json_out *o, const struct series *series, struct date starts)
{
    struct date ends = starts;
    put_date(o, "starts", starts);
    if (series->length >= 0 && date_add_minutes(&ends, series->length)) put_date(o, "ends", ends);
}

static vl_result read_from(struct request *rq, struct date *from, size_t *max)
{
    const char *text = rq->query(rq->query_context, "from");
    const char *number = rq->query(rq->query_context, "max");
    *from = local_now();
    *max = LISTED;
    if (text != NULL && !date_parse(text, from)) {
        return request_refuse(rq, "from", "not a date that exists (YYYY-MM-DD)", VL_ERR_INVALID);
    }
    if (number != NULL) {
        char *end;
        unsigned long wanted = strtoul(number, &end, 10);
        if (*end != 0 || wanted == 0 || wanted > LIST_MAX) {
            return request_refuse(rq, "max", "not from 1 to 100", VL_ERR_INVALID);
        }
        *max = wanted;
    }
    return VL_OK;
}

vl_result handle_occurrences(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id id;
    struct record meeting;
    struct series series;
    struct recurrence_list list = {.count = 0};
    struct date from;
    size_t max;
    VL_TRY(request_meeting(rq, &circle, &id));
    VL_TRY(read_from(rq, &from, &max));
    VL_TRY(meeting_read(circle->replica, &id, &meeting));
    if (series_of(&meeting, &series)) series_list(&series, from, max, &list);
    record_finish(&meeting);
    json_open(&rq->out, '{');
    view_repeats(rq, &series);
    json_key(&rq->out, "occurrences");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < list.count; i++) {
        json_open(&rq->out, '{');
        put_times(&rq->out, &series, list.items[i]);
        json_close(&rq->out, '}');
    }
    json_close(&rq->out, ']');
    json_close(&rq->out, '}');
    return VL_OK;
}

/* The format that a meeting names, in the language of the request. `has` false: none that is known
 * here. */
static vl_result find_format(struct request *rq, const char *name, struct format *out, bool *has)
{
    const char *language;
    VL_TRY(request_language(rq, &language));
    vl_result found = name[0] == 0 ? VL_ERR_NOT_FOUND : format_find(name, language, out);
    *has = found == VL_OK;
    return found == VL_ERR_NOT_FOUND ? VL_OK : found;
}

static vl_result find_format_of(struct request *rq, const struct circle *circle,
                                const struct vl_record_id *meeting, struct format *out, bool *has)
{
    struct record record;
    VL_TRY(meeting_read(circle->replica, meeting, &record));
    vl_result result = find_format(rq, record_text(&record, MEETING_FORMAT), out, has);
    record_finish(&record);
    return result;
}

/* The meeting, and whether it was here before. */
static vl_result answer_meeting(struct request *rq, const struct circle *circle, vl_result result,
                                const struct vl_record_id *id)
{
    struct record record;
    if (result != VL_OK && result != VL_ERR_EXISTS) return result;
    request_wrote(rq, circle);
    VL_TRY(meeting_read(circle->replica, id, &record));
    json_open(&rq->out, '{');
    view_record(&rq->out, circle, &record, true);
    json_put_flag(&rq->out, "existed", result == VL_ERR_EXISTS);
    vl_result viewed = view_meeting(rq, circle, &record);
    json_close(&rq->out, '}');
    record_finish(&record);
    return viewed;
}

struct take_body {
    const char *starts;
};
static const struct json_field take_fields[] = {
    {"starts", JSON_KIND_TEXT, offsetof(struct take_body, starts), true, DATE_TEXT_SIZE - 1},
};

vl_result handle_occurrence_take(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id series, id;
    struct take_body body = {0};
    struct schema_problem problem;
    struct format format;
    struct date at;
    bool has_format;
    VL_TRY(request_decode(rq, take_fields, 1, &body));
    VL_TRY(request_meeting(rq, &circle, &series));
    if (!date_parse(body.starts, &at)) {
        return request_refuse(rq, "starts", "not a date that exists (YYYY-MM-DD)", VL_ERR_INVALID);
    }
    VL_TRY(find_format_of(rq, circle, &series, &format, &has_format));
    vl_result result = series_take(circle->replica, &series, at, has_format ? &format : NULL,
                                   request_now(), &id, &problem);
    if (has_format) format_finish(&format);
    return answer_meeting(rq, circle, request_problem(rq, result, &problem), &id);
}

/* ---- the next one, and here ---- */

static vl_result put_upcoming(struct request *rq, const struct circle *circle,
                              const struct upcoming *next, bool in_list)
{
    struct record meeting;
    struct series series;
    char id[RECORD_ID_TEXT_SIZE];
    VL_TRY(meeting_read(circle->replica, &next->meeting, &meeting));
    (void)series_of(&meeting, &series);
    record_id_text(&next->meeting, id);
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "meeting", id);
    put_times(&rq->out, &series, next->starts);
    json_put_flag(&rq->out, "occurrence", next->is_occurrence);
    json_put_flag(&rq->out, "open", next->is_open);
    if (in_list) json_put_flag(&rq->out, "cancelled", next->is_cancelled);
    json_put_text(&rq->out, "title", record_text(&meeting, MEETING_TITLE));
    json_put_text(&rq->out, "place", record_text(&meeting, MEETING_PLACE));
    view_repeats(rq, &series);
    json_close(&rq->out, '}');
    record_finish(&meeting);
    return VL_OK;
}

vl_result handle_next_meeting(struct request *rq)
{
    struct circle *circle;
    struct upcoming next;
    VL_TRY(request_replica(rq, &circle));
    vl_result found = series_next(circle->replica, local_now(), &next);
    if (found == VL_ERR_NOT_FOUND) { /* nothing is wrong: there is none */
        json_open(&rq->out, '{');
        json_put_text(&rq->out, "meeting", NULL);
        json_close(&rq->out, '}');
        return VL_OK;
    }
    VL_TRY(found);
    return put_upcoming(rq, circle, &next, false);
}

vl_result handle_coming(struct request *rq)
{
    struct circle *circle;
    struct upcoming coming[LIST_MAX];
    struct date from;
    size_t max, count;
    bool has_more;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(read_from(rq, &from, &max));
    VL_TRY(series_coming(circle->replica, from, max, coming, &count, &has_more));
    json_open(&rq->out, '{');
    json_key(&rq->out, "coming");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < count; i++) {
        VL_TRY(put_upcoming(rq, circle, &coming[i], true));
    }
    json_close(&rq->out, ']');
    json_put_flag(&rq->out, "more", has_more);
    json_close(&rq->out, '}');
    return VL_OK;
}

struct here_body {
    const char *title, *place, *format;
    bool fresh;
};
static const struct json_field here_fields[] = {
    {"title", JSON_KIND_TEXT, offsetof(struct here_body, title), false, TITLE_MAX},
    {"place", JSON_KIND_TEXT, offsetof(struct here_body, place), false, TITLE_MAX},
    {"format", JSON_KIND_TEXT, offsetof(struct here_body, format), false, TITLE_MAX},
    {"new", JSON_KIND_FLAG, offsetof(struct here_body, fresh), false, 0},
};
#define HERE_FIELDS (sizeof here_fields / sizeof here_fields[0])

/* Of the meeting that comes, when no other is asked for: what is held today is an occurrence of its
 * series, or a new one beside it that goes as the circle's meetings do. */
static vl_result format_of_next(struct request *rq, const struct circle *circle,
                                const struct here_body *body, struct format *out, bool *has)
{
    struct upcoming next;
    if (body->format != NULL) {
        VL_TRY(find_format(rq, body->format, out, has));
        if (*has) return VL_OK;
        return request_refuse(rq, "format", "there is no such format", VL_ERR_INVALID);
    }
    *has = false;
    vl_result found =
        body->fresh ? VL_ERR_NOT_FOUND : series_next(circle->replica, local_now(), &next);
    if (found == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(found);
    return find_format_of(rq, circle, &next.meeting, out, has);
}

vl_result handle_here(struct request *rq)
{
    struct circle *circle;
    struct here_body body = {0};
    struct schema_problem problem;
    struct vl_record_id id;
    struct format format;
    bool has_format;
    VL_TRY(request_decode(rq, here_fields, HERE_FIELDS, &body));
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(format_of_next(rq, circle, &body, &format, &has_format));
    struct here here = {.title = body.title,
                        .place = body.place,
                        .format = has_format ? &format : NULL,
                        .fresh = body.fresh};
    vl_result result =
        series_here(circle->replica, &here, local_now(), request_now(), &id, &problem);
    if (has_format) format_finish(&format);
    result = request_problem(rq, result, &problem);
    if (result == VL_OK || result == VL_ERR_EXISTS) {
        vl_result opened = live_open(rq, circle, &id);
        if (opened != VL_OK) result = opened;
        if (opened == VL_OK) autolock_takes_part(rq->api->autolock, &circle->id, &id);
    }
    return answer_meeting(rq, circle, result, &id);
}
