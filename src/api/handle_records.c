/* Meetings, shares, importing minutes, searching. */
#include "api/people.h"
#include "circle/meeting.h"
#include "circle/minutes_import.h"
#include "circle/share.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    1048576
#define SEARCH_MAX  100u
#define INDEX_STEPS 8u
#define INDEX_STEP  500u

static vl_result answer_record(struct request *rq, const struct circle *circle, uint32_t type,
                               const struct vl_record_id *id)
{
    struct record record;
    struct blocked blocked;
    VL_TRY(blocked_read(rq->api->store, circle, &blocked));
    VL_TRY(record_read(circle->replica, type, id, &record));
    json_open(&rq->out, '{');
    view_record(&rq->out, circle, &record, true);
    if (blocked_made(&blocked, &record)) json_put_flag(&rq->out, "blocked", true);
    json_close(&rq->out, '}');
    record_finish(&record);
    return VL_OK;
}

/* A share of somebody who is blocked here is left out (?blocked=show: marked); a meeting belongs to
 * everybody, it is only marked. */
static vl_result answer_list(struct request *rq, const struct circle *circle, const char *name,
                             struct record_list *list)
{
    struct blocked blocked;
    size_t hidden = 0;
    bool show_all = rq->query(rq->query_context, "blocked") != NULL;
    vl_result result = blocked_read(rq->api->store, circle, &blocked);
    json_open(&rq->out, '{');
    json_key(&rq->out, name);
    json_open(&rq->out, '[');
    for (size_t i = 0; result == VL_OK && i < list->count; i++) {
        const struct record *record = &list->items[i];
        bool is_blocked = blocked_made(&blocked, record);
        if (is_blocked && !show_all && record->schema->type == SCHEMA_SHARE) {
            hidden++;
            continue;
        }
        json_open(&rq->out, '{');
        view_record(&rq->out, circle, record, false);
        if (is_blocked) json_put_flag(&rq->out, "blocked", true);
        json_close(&rq->out, '}');
    }
    json_close(&rq->out, ']');
    json_put_integer(&rq->out, "hidden", (int64_t)hidden);
    json_close(&rq->out, '}');
    record_list_finish(list);
    return result;
}

static vl_result find_record(struct request *rq, uint32_t type, struct circle **circle,
                             struct vl_record_id *id)
{
    VL_TRY(request_replica(rq, circle));
    if (rq->params[1] == NULL) return VL_ERR_NO_MEMORY;
    vl_result found = record_find((*circle)->replica, type, rq->params[1], id);
    if (found == VL_ERR_INVALID) {
        return request_refuse(rq, "id", "several records match", VL_ERR_INVALID);
    }
    return found;
}

/* ---- meetings ---- */

struct meeting_body {
    struct meeting_change change;
    struct json_texts agenda, seats_add, seats_remove, topics_add, topics_remove;
};
#define MEETING_TEXT(name, member)                                                                 \
    {                                                                                              \
        name, JSON_KIND_TEXT, offsetof(struct meeting_body, change.member), false, TEXT_MAX        \
    }
#define MEETING_TEXTS(member)                                                                      \
    {                                                                                              \
#member, JSON_KIND_TEXTS, offsetof(struct meeting_body, member), false, 4096               \
    }
static const struct json_field meeting_fields[] = {
    MEETING_TEXT("title", title),
    MEETING_TEXT("starts", starts),
    MEETING_TEXT("ends", ends),
    MEETING_TEXT("place", place),
    MEETING_TEXT("directions", directions),
    MEETING_TEXT("minutes", minutes),
    MEETING_TEXT("minutes_append", minutes_append),
    MEETING_TEXTS(agenda),
    MEETING_TEXTS(seats_add),
    MEETING_TEXTS(seats_remove),
    MEETING_TEXTS(topics_add),
    MEETING_TEXTS(topics_remove),
};
#define MEETING_FIELDS (sizeof meeting_fields / sizeof meeting_fields[0])

static vl_result decode_meeting(struct request *rq, struct meeting_body *body)
{
    struct meeting_change *change = &body->change;
    *body = (struct meeting_body){0};
    vl_result result = request_decode(rq, meeting_fields, MEETING_FIELDS, body);
    change->has_agenda = body->agenda.given;
    change->agenda = body->agenda.items;
    change->agenda_count = body->agenda.count;
    change->seats_add = body->seats_add.items;
    change->seats_add_count = body->seats_add.count;
    change->seats_remove = body->seats_remove.items;
    change->seats_remove_count = body->seats_remove.count;
    change->topics_add = body->topics_add.items;
    change->topics_add_count = body->topics_add.count;
    change->topics_remove = body->topics_remove.items;
    change->topics_remove_count = body->topics_remove.count;
    return result;
}

vl_result handle_meeting_list(struct request *rq)
{
    struct circle *circle;
    struct record_list list;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(meeting_list(circle->replica, &list));
    return answer_list(rq, circle, "meetings", &list);
}

vl_result handle_meeting_show(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id id;
    VL_TRY(find_record(rq, SCHEMA_MEETING, &circle, &id));
    return answer_record(rq, circle, SCHEMA_MEETING, &id);
}

vl_result handle_meeting_add(struct request *rq)
{
    struct circle *circle;
    struct meeting_body body;
    struct vl_record_id id;
    struct schema_problem problem = {0};
    VL_TRY(request_replica(rq, &circle));
    vl_result result = decode_meeting(rq, &body);
    if (result == VL_OK) {
        result = meeting_create(circle->replica, &body.change, request_now(), &id, &problem);
        result = request_problem(rq, result, &problem);
    }
    json_decode_finish(meeting_fields, MEETING_FIELDS, &body);
    VL_TRY(result);
    request_wrote(rq, circle);
    return answer_record(rq, circle, SCHEMA_MEETING, &id);
}

vl_result handle_meeting_edit(struct request *rq)
{
    struct circle *circle;
    struct meeting_body body;
    struct vl_record_id id;
    struct schema_problem problem = {0};
    VL_TRY(find_record(rq, SCHEMA_MEETING, &circle, &id));
    vl_result result = decode_meeting(rq, &body);
    if (result == VL_OK) {
        result = meeting_update(circle->replica, &id, &body.change, request_now(), &problem);
        result = request_problem(rq, result, &problem);
    }
    json_decode_finish(meeting_fields, MEETING_FIELDS, &body);
    VL_TRY(result);
    request_wrote(rq, circle);
    return answer_record(rq, circle, SCHEMA_MEETING, &id);
}

/* ---- shares ---- */

struct share_body {
    const char *title, *text, *content_note, *sort, *meeting;
    struct json_texts topics, to;
};
static const struct json_field share_fields[] = {
    {"title", JSON_KIND_TEXT, offsetof(struct share_body, title), false, TEXT_MAX},
    {"text", JSON_KIND_TEXT, offsetof(struct share_body, text), false, TEXT_MAX},
    {"content_note", JSON_KIND_TEXT, offsetof(struct share_body, content_note), false, TEXT_MAX},
    {"sort", JSON_KIND_TEXT, offsetof(struct share_body, sort), false, 20},
    {"meeting", JSON_KIND_TEXT, offsetof(struct share_body, meeting), false, 64},
    {"topics", JSON_KIND_TEXTS, offsetof(struct share_body, topics), false, 4096},
    {"to", JSON_KIND_TEXTS, offsetof(struct share_body, to), false, 255},
};
#define SHARE_FIELDS (sizeof share_fields / sizeof share_fields[0])

vl_result handle_share_list(struct request *rq)
{
    struct circle *circle;
    struct record_list list;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(share_list(circle->replica, &list));
    return answer_list(rq, circle, "shares", &list);
}

static vl_result answer_share(struct request *rq, const struct circle *circle,
                              const struct vl_record_id *id)
{
    struct record record;
    VL_TRY(share_read(circle->replica, id, &record));
    json_open(&rq->out, '{');
    view_record(&rq->out, circle, &record, true);
    json_close(&rq->out, '}');
    record_finish(&record);
    return VL_OK;
}

vl_result handle_share_show(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id id;
    VL_TRY(request_replica(rq, &circle));
    if (rq->params[1] == NULL) return VL_ERR_NO_MEMORY;
    vl_result found = share_find(circle->replica, rq->params[1], &id);
    if (found == VL_ERR_INVALID) {
        return request_refuse(rq, "id", "several records match", VL_ERR_INVALID);
    }
    VL_TRY(found);
    return answer_share(rq, circle, &id);
}

#define PERSONS_MAX 100u

/* "facilitators", or persons by name or id. Nothing: the circle. */
static vl_result read_audience(struct request *rq, const struct circle *circle,
                               const struct json_texts *to, struct vl_id *persons,
                               struct share_change *change)
{
    if (!to->given) return VL_OK;
    if (to->count == 0) { /* never open to all by an empty list */
        return request_refuse(rq, "to", "a share is for one to a hundred persons", VL_ERR_INVALID);
    }
    change->audience = SHARE_FOR_FACILITATORS;
    if (to->count == 1 && strcmp(to->items[0], "facilitators") == 0) return VL_OK;
    if (to->count > PERSONS_MAX) {
        return request_refuse(rq, "to", "a share is for one to a hundred persons", VL_ERR_LIMIT);
    }
    change->audience = SHARE_FOR_PERSONS;
    change->persons = persons;
    for (size_t i = 0; i < to->count; i++) {
        VL_TRY(people_find(rq, circle, to->items[i], &persons[i]));
    }
    change->person_count = to->count;
    return VL_OK;
}

static vl_result add_share(struct request *rq, struct circle *circle, const struct share_body *body,
                           struct vl_record_id *id)
{
    struct schema_problem problem = {0};
    struct vl_record_id meeting;
    enum share_sort sort;
    struct share_change change = {.title = body->title,
                                  .text = body->text,
                                  .content_note = body->content_note,
                                  .topics_add = body->topics.items,
                                  .topics_add_count = body->topics.count};
    if (body->sort != NULL) {
        int64_t choice;
        if (!schema_choice_named(schema_field(SCHEMA_SHARE, SHARE_SORT), body->sort, &choice)) {
            return request_refuse(rq, "sort", "not experience, strategy or question",
                                  VL_ERR_INVALID);
        }
        sort = (enum share_sort)choice;
        change.sort = &sort;
    }
    if (body->meeting != NULL) {
        vl_result found = record_find(circle->replica, SCHEMA_MEETING, body->meeting, &meeting);
        if (found != VL_OK) return request_refuse(rq, "meeting", "no such meeting", found);
        change.meeting = &meeting;
    }
    struct vl_id persons[PERSONS_MAX];
    VL_TRY(read_audience(rq, circle, &body->to, persons, &change));
    vl_result result = share_create(circle->replica, &change, request_now(), id, &problem);
    return request_problem(rq, result, &problem);
}

vl_result handle_share_add(struct request *rq)
{
    struct circle *circle;
    struct share_body body = {0};
    struct vl_record_id id;
    VL_TRY(request_replica(rq, &circle));
    vl_result result = request_decode(rq, share_fields, SHARE_FIELDS, &body);
    if (result == VL_OK) result = add_share(rq, circle, &body, &id);
    json_decode_finish(share_fields, SHARE_FIELDS, &body);
    VL_TRY(result);
    request_wrote(rq, circle);
    return answer_share(rq, circle, &id);
}

/* ---- importing ---- */

struct import_body {
    const char *name, *text;
};
static const struct json_field import_fields[] = {
    {"name", JSON_KIND_TEXT, offsetof(struct import_body, name), true, 255},
    {"text", JSON_KIND_TEXT, offsetof(struct import_body, text), true, TEXT_MAX},
};

vl_result handle_import(struct request *rq)
{
    struct circle *circle;
    struct import_body body = {0};
    struct vl_record_id id;
    enum minutes_problem problem = MINUTES_FINE;
    char text[RECORD_ID_TEXT_SIZE];
    VL_TRY(request_decode(rq, import_fields, 2, &body));
    VL_TRY(request_replica(rq, &circle));
    vl_result result = minutes_import(circle->replica, body.name, vl_bytes_text(body.text),
                                      request_now(), &id, &problem);
    if (result != VL_OK && problem != MINUTES_FINE) {
        return request_refuse(rq, "text", minutes_problem_name(problem), result);
    }
    if (result != VL_OK && result != VL_ERR_EXISTS) return result;
    if (result == VL_OK) request_wrote(rq, circle);
    json_open(&rq->out, '{');
    record_id_text(&id, text);
    json_put_text(&rq->out, "id", text);
    json_put_flag(&rq->out, "existed", result == VL_ERR_EXISTS);
    json_close(&rq->out, '}');
    return VL_OK;
}

/* ---- searching ---- */

struct hit {
    struct vl_id circle;
    uint32_t type;
    struct vl_record_id record;
    char *excerpt;
};
struct hits {
    struct hit items[SEARCH_MAX];
    size_t count;
};

static vl_result collect(void *context, const struct store_hit *hit)
{
    struct hits *hits = context;
    if (hits->count == SEARCH_MAX) return VL_OK;
    struct hit *to = &hits->items[hits->count];
    to->excerpt = strdup(hit->excerpt);
    if (to->excerpt == NULL) return VL_ERR_NO_MEMORY;
    to->circle = hit->circle;
    to->type = hit->type;
    to->record = hit->record;
    hits->count++;
    return VL_OK;
}

static void put_title(struct json_out *o, const struct record *record)
{
    bool is_meeting = record->schema->type == SCHEMA_MEETING;
    json_put_text(o, "title", record_text(record, is_meeting ? MEETING_TITLE : SHARE_TITLE));
    if (is_meeting) json_put_text(o, "starts", record_text(record, MEETING_STARTS));
}

/* Shares of somebody who is blocked here are not found. */
static vl_result put_hit(struct request *rq, const struct hit *hit, size_t *hidden)
{
    struct json_out *o = &rq->out;
    const struct schema_record *schema = schema_record(hit->type % VL_TYPE_SEALED);
    const struct circle *circle = circles_find(rq->api->circles, &hit->circle);
    bool is_titled = hit->type == SCHEMA_MEETING || hit->type == SCHEMA_SHARE;
    struct blocked blocked = {.count = 0};
    struct record record = {0};
    char id[RECORD_ID_TEXT_SIZE];
    if (circle != NULL && circle->replica != NULL && is_titled) {
        VL_TRY(blocked_read(rq->api->store, circle, &blocked));
        vl_result result = record_read(circle->replica, hit->type, &hit->record, &record);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    }
    if (hit->type % VL_TYPE_SEALED == SCHEMA_SHARE && blocked_made(&blocked, &record)) {
        record_finish(&record);
        (*hidden)++;
        return VL_OK;
    }
    record_id_text(&hit->record, id);
    json_open(o, '{');
    json_put_id(o, "circle", &hit->circle);
    json_put_text(o, "type", schema == NULL ? NULL : schema->name);
    json_put_text(o, "id", id);
    if (record.schema != NULL) put_title(o, &record);
    json_put_text(o, "excerpt", hit->excerpt);
    json_close(o, '}');
    record_finish(&record);
    return VL_OK;
}

vl_result handle_search(struct request *rq)
{
    const char *words = rq->query(rq->query_context, "words");
    const char *name = rq->query(rq->query_context, "circle");
    struct circle *circle = NULL;
    size_t left = 1, hidden = 0;
    if (words == NULL || words[0] == 0) {
        return request_refuse(rq, "words", "nothing to search for", VL_ERR_INVALID);
    }
    if (name != NULL) {
        rq->params[0] = strdup(name);
        VL_TRY(request_circle(rq, &circle));
    }
    for (unsigned step = 0; left > 0 && step < INDEX_STEPS; step++) {
        VL_TRY(store_index_step(rq->api->store, INDEX_STEP, &left));
    }
    struct hits *hits = calloc(1, sizeof *hits);
    if (hits == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = store_search(rq->api->store, circle == NULL ? NULL : &circle->id,
                                    vl_bytes_text(words), SEARCH_MAX, collect, hits);
    json_open(&rq->out, '{');
    json_key(&rq->out, "hits");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < hits->count; i++) {
        if (result == VL_OK) result = put_hit(rq, &hits->items[i], &hidden);
        free(hits->items[i].excerpt);
    }
    json_close(&rq->out, ']');
    json_put_integer(&rq->out, "hidden", (int64_t)hidden);
    json_put_integer(&rq->out, "not_indexed_yet", (int64_t)left);
    json_close(&rq->out, '}');
    free(hits);
    return result;
}
