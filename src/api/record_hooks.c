#include "api/record_hooks.h"
#include "api/people.h"
#include "api/view_meeting.h"
#include "circle/agenda.h"

#include <string.h>

/* ---- shares: for whom ---- */

/* "to": "facilitators", or persons by name or id. Without it: the circle. */
static vl_result choose_audience(struct record_writing *w, const struct json *to,
                                 enum share_audience *out)
{
    size_t count = json_count(to);
    if (json_sort_of(to) != JSON_ARRAY) {
        return request_refuse(w->rq, "to", "not a list", VL_ERR_INVALID);
    }
    if (count == 0 || count > AUDIENCE_MAX) { /* never open to all by an empty list */
        return request_refuse(w->rq, "to", "a share is for one to a hundred persons",
                              count == 0 ? VL_ERR_INVALID : VL_ERR_LIMIT);
    }
    *out = SHARE_FOR_FACILITATORS;
    if (count == 1 && strcmp(json_item_text(to, 0), "facilitators") == 0)
        return audience_facilitators(w->circle->replica, &w->audience);
    *out = SHARE_FOR_PERSONS;
    for (size_t i = 0; i < count; i++) {
        struct vl_id person;
        vl_result found = people_find(w->rq, w->circle, json_item_text(to, i), &person);
        if (found != VL_OK) w->rq->problem.field = "to";
        VL_TRY(found);
        VL_TRY(audience_add(&w->audience, &person));
    }
    return VL_OK;
}

static vl_result write_share(struct record_writing *w)
{
    const struct json *to = json_member(w->rq->body, "to");
    struct vl_value persons[AUDIENCE_MAX];
    struct vl_value audience = {.tag = VL_VALUE_INTEGER};
    enum share_audience chosen;
    if (w->there != NULL && to != NULL) {
        return request_refuse(w->rq, "to", "whom a share is for stays as it is", VL_ERR_INVALID);
    }
    if (w->there != NULL && w->there->sealed) {
        VL_TRY(audience_still_here(w->circle->replica, record_field(w->there, SHARE_TO),
                                   &w->audience));
        edit_seal(w->edit, w->audience.persons, w->audience.count);
    }
    if (w->there != NULL || to == NULL) return VL_OK;
    VL_TRY(choose_audience(w, to, &chosen));
    edit_seal(w->edit, w->audience.persons, w->audience.count);
    audience.integer = chosen;
    edit_set(w->edit, SHARE_AUDIENCE, &audience);
    for (size_t i = 0; i < w->audience.count; i++) {
        persons[i] = (struct vl_value){.tag = VL_VALUE_PERSON, .person = w->audience.persons[i]};
    }
    edit_add_all(w->edit, SHARE_TO, persons, w->audience.count);
    return VL_OK;
}

/* That a share is for the circle shows by itself, so it cannot be said. */
static vl_result refuse_audience(struct record_writing *w)
{
    if (json_member(w->rq->body, "audience") == NULL) return write_share(w);
    return request_refuse(w->rq, "audience", "say it with \"to\"", VL_ERR_INVALID);
}

/* ---- meetings: the parts of a format ---- */

/* The body once for itself: before a part is written, the meeting must be all right. */
static vl_result try_body(const struct record_writing *w, struct schema_problem *problem)
{
    struct edit tried;
    VL_TRY(edit_begin(&tried, w->edit->replica, w->edit->schema->type, &w->edit->id));
    record_body_apply(w->body, &tried);
    vl_result result = tried.result;
    if (result != VL_OK) *problem = tried.problem;
    edit_finish(&tried);
    return result;
}

/* A new meeting of a format gets its parts, in the language of the request, unless it brings its
 * own, and the format's name, unless it has a title. The format is one of those the program has. */
static vl_result write_meeting(struct record_writing *w)
{
    const struct body_change *change = record_body_change(w->body, MEETING_FORMAT);
    struct schema_problem problem = {0};
    const char *language;
    struct format format;
    if (w->there != NULL || change == NULL || !body_change_gives(change)) return VL_OK;
    VL_TRY(request_language(w->rq, &language));
    vl_result result = format_find((const char *)change->values[0].bytes.data, language, &format);
    if (result == VL_ERR_NOT_FOUND) {
        return request_refuse(w->rq, "format", "there is no such format", VL_ERR_INVALID);
    }
    VL_TRY(result);
    if (record_body_change(w->body, MEETING_TITLE) == NULL) {
        w->given = schema_field(SCHEMA_MEETING, MEETING_TITLE);
        edit_set_text(w->edit, MEETING_TITLE, format.name);
    }
    if (record_body_change(w->body, MEETING_PARTS) == NULL) {
        result = try_body(w, &problem);
        if (result == VL_OK) result = agenda_from_format(w->edit, &format, request_now(), &problem);
    }
    format_finish(&format);
    return request_problem(w->rq, result, &problem);
}

static const struct record_hook hooks[] = {
    {SCHEMA_MEETING, NULL, write_meeting, view_meeting},
    {SCHEMA_SHARE, "to audience", refuse_audience, NULL},
};

const struct record_hook *record_hook(uint32_t type)
{
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        if (hooks[i].type == type) return &hooks[i];
    }
    return NULL;
}
