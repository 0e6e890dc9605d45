#include "api/record_hooks.h"
#include "api/people.h"
#include "api/view_meeting.h"
#include "circle/agenda.h"
#include "circle/rules.h"

#include <string.h>

/* ---- until when it is kept ---- */

static void set_layer(struct edit *e, const struct schema_field *keep, uint32_t months)
{
    const struct schema_field *field = schema_field_named(e->schema->type, "keep_months");
    const struct vl_value layer = {.tag = VL_VALUE_INTEGER, .integer = KEEP_MONTHS};
    const struct vl_value number = {.tag = VL_VALUE_INTEGER, .integer = months};
    if (keep != NULL) edit_set(e, keep->id, &layer);
    edit_set(e, field->id, &number);
}

/* Who does not choose for a new record writes what the circle's rules say, for all to see: a layer
 * is chosen when something is written, never later by a rule that changes. So many months need a
 * number: hers, else that of the rules. */
static vl_result write_layer(struct record_writing *w)
{
    const struct schema_field *keep = schema_field_named(w->edit->schema->type, "keep");
    const struct schema_field *months = schema_field_named(w->edit->schema->type, "keep_months");
    const struct body_change *layer = record_body_change(w->body, keep->id);
    const struct body_change *number = record_body_change(w->body, months->id);
    const struct record_field *there = w->there == NULL ? NULL : record_field(w->there, months->id);
    bool is_months = layer != NULL && layer->values[0].tag == VL_VALUE_INTEGER &&
                     layer->values[0].integer == KEEP_MONTHS;
    bool has_number = number != NULL
                          ? body_change_gives(number) && number->values[0].integer > 0
                          : there != NULL && there->count > 0 && there->values[0].value.integer > 0;
    struct rules rules;
    if (layer != NULL ? !is_months || has_number : w->there != NULL) return VL_OK;
    VL_TRY(rules_read(w->edit->replica, &rules));
    bool is_given = number == NULL && rules.keep_months > 0;
    if (is_given) set_layer(w->edit, layer == NULL ? keep : NULL, rules.keep_months);
    if (is_given || layer == NULL) return VL_OK;
    return request_refuse(w->rq, months->name, "it is needed", VL_ERR_INVALID);
}

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
    VL_TRY(write_layer(w));
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
    VL_TRY(write_layer(w));
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
    {SCHEMA_DECISION, NULL, write_layer, NULL},
};

const struct record_hook *record_hook(uint32_t type)
{
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        if (hooks[i].type == type) return &hooks[i];
    }
    return NULL;
}
