/* Records of every type of the schema: listing, making, showing, changing, erasing. What is special
 * about a type is in record_hooks.c. */
#include "api/people.h"
#include "api/record_body.h"
#include "api/record_hooks.h"
#include "circle/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX     500u
#define LIST_DEFAULT 100u

/* ---- which ---- */

static vl_result request_schema(struct request *rq, struct circle **circle,
                                const struct schema_record **schema)
{
    VL_TRY(request_replica(rq, circle));
    if (rq->params[1] == NULL) return VL_ERR_NO_MEMORY;
    *schema = schema_record_plural(rq->params[1]);
    return *schema == NULL ? VL_ERR_NOT_FOUND : VL_OK;
}

vl_result request_record(struct request *rq, struct circle **circle,
                         const struct schema_record **schema, struct vl_record_id *id)
{
    VL_TRY(request_schema(rq, circle, schema));
    if (rq->params[2] == NULL && (*schema)->id != SCHEMA_ID_ONE) {
        return request_refuse(rq, "id", "say which one", VL_ERR_INVALID);
    }
    if ((*schema)->id == SCHEMA_ID_ONE) {
        (void)record_id_of(&(*circle)->id, *schema, NULL, NULL, id);
        return VL_OK;
    }
    vl_result found = record_look_up((*circle)->replica, *schema, rq->params[2], id);
    if (found == VL_ERR_INVALID) {
        return request_refuse(rq, "id", "several records match", VL_ERR_INVALID);
    }
    return found;
}

vl_result request_meeting(struct request *rq, struct circle **circle, struct vl_record_id *id)
{
    VL_TRY(request_replica(rq, circle));
    if (rq->params[1] == NULL) return VL_ERR_NO_MEMORY;
    vl_result found = record_find((*circle)->replica, SCHEMA_MEETING, rq->params[1], id);
    if (found == VL_ERR_INVALID) return request_refuse(rq, "id", "several records match", found);
    return found;
}

/* ---- showing ---- */

/* The whole view of a record. */
static vl_result answer_record(struct request *rq, const struct circle *circle,
                               const struct schema_record *schema, const struct vl_record_id *id)
{
    struct record record;
    struct blocked blocked;
    VL_TRY(blocked_read(rq->api->store, circle, &blocked));
    VL_TRY(record_get(circle->replica, schema, id, &record));
    json_open(&rq->out, '{');
    view_record(&rq->out, circle, &record, true);
    if (blocked_made(&blocked, &record)) json_put_flag(&rq->out, "blocked", true);
    const struct record_hook *hook = record_hook(schema->type);
    vl_result result = hook != NULL && hook->view != NULL ? hook->view(rq, circle, &record) : VL_OK;
    json_close(&rq->out, '}');
    record_finish(&record);
    return result;
}

vl_result handle_record_show(struct request *rq)
{
    const struct schema_record *schema;
    struct circle *circle;
    struct vl_record_id id;
    VL_TRY(request_record(rq, &circle, &schema, &id));
    return answer_record(rq, circle, schema, &id);
}

/* ---- listing ---- */

static vl_result read_filters(struct request *rq, const struct circle *circle,
                              struct listing_query *query)
{
    for (size_t i = 0; i < query->schema->field_count; i++) {
        const struct schema_field *field = &query->schema->fields[i];
        const char *text =
            schema_is_filter(field) ? rq->query(rq->query_context, field->name) : NULL;
        if (text == NULL) continue;
        if (query->filter_count == LISTING_FILTERS_MAX) {
            return request_refuse(rq, field->name, "too many filters", VL_ERR_LIMIT);
        }
        struct listing_filter *filter = &query->filters[query->filter_count++];
        filter->field = field;
        VL_TRY(record_body_value(rq, circle, field, text, &filter->value));
    }
    return VL_OK;
}

/* ?max=, &after=, &backward=yes, and registers that can be compared by their name. */
static vl_result read_query(struct request *rq, const struct circle *circle,
                            struct listing_query *query)
{
    const char *max = rq->query(rq->query_context, "max");
    query->after = rq->query(rq->query_context, "after");
    query->backward = rq->query(rq->query_context, "backward") != NULL;
    query->max = LIST_DEFAULT;
    if (max != NULL) {
        char *end;
        unsigned long wanted = strtoul(max, &end, 10);
        if (*end != 0 || wanted == 0 || wanted > LIST_MAX) {
            return request_refuse(rq, "max", "not from 1 to 500", VL_ERR_INVALID);
        }
        query->max = wanted;
    }
    return read_filters(rq, circle, query);
}

/* A share of somebody who is blocked here is left out (?blocked=show: marked); other records belong
 * to everybody, they are only marked. */
static void answer_list(struct request *rq, const struct circle *circle,
                        const struct blocked *blocked, const struct listing *listing)
{
    bool show_all = rq->query(rq->query_context, "blocked") != NULL;
    size_t hidden = 0;
    json_open(&rq->out, '[');
    for (size_t i = 0; i < listing->list.count; i++) {
        const struct record *record = &listing->list.items[i];
        bool is_blocked = blocked_made(blocked, record);
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
    json_put_text(&rq->out, "next", listing->next[0] == 0 ? NULL : listing->next);
}

vl_result handle_record_list(struct request *rq)
{
    struct listing_query query = {.max = 0};
    struct listing listing;
    struct blocked blocked;
    struct circle *circle;
    VL_TRY(request_schema(rq, &circle, &query.schema));
    if (query.schema->id == SCHEMA_ID_ONE) return handle_record_show(rq);
    VL_TRY(read_query(rq, circle, &query));
    VL_TRY(blocked_read(rq->api->store, circle, &blocked));
    vl_result result = listing_read(circle->replica, &query, &listing);
    if (result == VL_ERR_INVALID) {
        return request_refuse(rq, "after", "not a place in this list", result);
    }
    VL_TRY(result);
    json_open(&rq->out, '{');
    json_key(&rq->out, query.schema->plural);
    answer_list(rq, circle, &blocked, &listing);
    json_close(&rq->out, '}');
    listing_finish(&listing);
    return VL_OK;
}

/* ---- writing ---- */

static bool has_field(void *context, const struct schema_field *field)
{
    const struct record_writing *w = context;
    const struct body_change *change = record_body_change(w->body, field->id);
    if (field == w->given) return true;
    if (change != NULL) return body_change_gives(change);
    if (w->there == NULL) return false;
    const struct record_field *there = record_field(w->there, field->id);
    return there->text_size > 0 ||
           (there->count > 0 && there->values[0].value.tag != VL_VALUE_NONE);
}

static vl_result fill(struct record_writing *w)
{
    const struct schema_record *schema = w->edit->schema;
    const struct record_hook *hook = record_hook(schema->type);
    if (hook != NULL) VL_TRY(hook->write(w));
    const struct schema_field *lacks = schema_lacks(schema, has_field, w);
    if (lacks != NULL) return request_refuse(w->rq, lacks->name, "it is needed", VL_ERR_INVALID);
    record_body_apply(w->body, w->edit);
    return VL_OK;
}

/* `there` NULL: a new record under that id. */
static vl_result write_record(struct request *rq, struct circle *circle,
                              const struct schema_record *schema, const struct vl_record_id *id,
                              const struct record_body *body, const struct record *there)
{
    struct schema_problem problem = {0};
    struct edit edit;
    struct record_writing w = {
        .rq = rq, .circle = circle, .there = there, .body = body, .edit = &edit};
    VL_TRY(edit_begin(&edit, circle->replica, schema->type, id));
    vl_result result = fill(&w);
    if (result == VL_OK) {
        result = edit_write(&edit, request_now(), &problem);
        result = request_problem(rq, result, &problem);
    }
    edit_finish(&edit);
    if (result == VL_OK) request_wrote(rq, circle);
    return result;
}

/* Of a record whose id derives from what it is about. */
static vl_result derive_id(struct request *rq, const struct circle *circle,
                           const struct schema_record *schema, const struct record_body *body,
                           struct vl_record_id *id)
{
    const struct body_change *first = record_body_change(body, schema->fields[0].id);
    const struct vl_value *value = first != NULL && body_change_gives(first) ? first->values : NULL;
    bool needs_it = schema->id == SCHEMA_ID_BOTH || schema->id == SCHEMA_ID_WORDS;
    struct vl_id me;
    VL_TRY(vl_replica_me(circle->replica, &me));
    if (needs_it && value == NULL) {
        return request_refuse(rq, schema->fields[0].name, "it is needed", VL_ERR_INVALID);
    }
    if (schema->id == SCHEMA_ID_WORDS) {
        struct schema_problem problem = {0};
        vl_result checked = schema_check(&schema->fields[0], value, &problem);
        VL_TRY(request_problem(rq, checked, &problem));
        return record_id_of_words(&circle->id, schema, value->bytes, id);
    }
    bool is_derived =
        record_id_of(&circle->id, schema, value == NULL ? NULL : &value->record, &me, id);
    return is_derived ? VL_OK : record_id_new(circle->replica, schema->type, id);
}

static vl_result put_record(struct request *rq, struct circle *circle,
                            const struct schema_record *schema, const struct record_body *body,
                            struct vl_record_id *id)
{
    struct record there;
    VL_TRY(derive_id(rq, circle, schema, body, id));
    vl_result found = record_get(circle->replica, schema, id, &there);
    if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
    vl_result result = write_record(rq, circle, schema, id, body, found == VL_OK ? &there : NULL);
    record_finish(&there);
    return result;
}

static const char *members_of_hook(const struct schema_record *schema)
{
    const struct record_hook *hook = record_hook(schema->type);
    return hook == NULL ? NULL : hook->members;
}

/* A new record; of those that one person has once, what is there is changed. */
vl_result handle_record_add(struct request *rq)
{
    const struct schema_record *schema;
    struct record_body body;
    struct circle *circle;
    struct vl_record_id id;
    VL_TRY(request_schema(rq, &circle, &schema));
    VL_TRY(record_body_read(rq, circle, schema, members_of_hook(schema), &body));
    vl_result result = put_record(rq, circle, schema, &body, &id);
    record_body_finish(&body);
    VL_TRY(result);
    return answer_record(rq, circle, schema, &id);
}

vl_result handle_record_edit(struct request *rq)
{
    const struct schema_record *schema;
    struct record_body body;
    struct circle *circle;
    struct record there;
    struct vl_record_id id;
    VL_TRY(request_record(rq, &circle, &schema, &id));
    VL_TRY(record_get(circle->replica, schema, &id, &there));
    vl_result result = record_body_read(rq, circle, schema, members_of_hook(schema), &body);
    if (result == VL_OK) {
        result = write_record(rq, circle, schema, &id, &body, &there);
        record_body_finish(&body);
    }
    record_finish(&there);
    VL_TRY(result);
    return answer_record(rq, circle, schema, &id);
}
