/* Searching, and importing minutes. */
#include "api/people.h"
#include "circle/minutes_import.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    1048576
#define SEARCH_MAX  100u
#define INDEX_STEPS 8u
#define INDEX_STEP  500u

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
        return request_refuse(rq, "text", minutes_problem_text(problem), result);
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

/* Its first field, when that is one line. */
static void put_title(struct json_out *o, const struct record *record)
{
    const struct schema_field *first = &record->schema->fields[0];
    if (first->form == SCHEMA_LINE) json_put_text(o, "title", record_text(record, first->id));
    if (record->schema->type == SCHEMA_MEETING)
        json_put_text(o, "starts", record_text(record, MEETING_STARTS));
}

/* Shares of somebody who is blocked here are not found. */
static vl_result put_hit(struct request *rq, const struct hit *hit, size_t *hidden)
{
    struct json_out *o = &rq->out;
    const struct schema_record *schema = schema_record(hit->type % VL_TYPE_SEALED);
    const struct circle *circle = circles_find(rq->api->circles, &hit->circle);
    struct blocked blocked = {.count = 0};
    struct record record = {0};
    char id[RECORD_ID_TEXT_SIZE];
    if (circle != NULL && circle->replica != NULL && schema != NULL) {
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
