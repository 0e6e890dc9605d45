/* Erasing a record or one entry: its text goes here at once, elsewhere when the word arrives. */
#include "api/request.h"
#include "circle/erasure.h"

#include <string.h>

struct target {
    bool is_record;
    struct erasure_target of;
    char prefix[VL_ID_TEXT_SIZE]; /* of an entry's id */
};

struct erase_body {
    const char *id;
    bool ask;
};
static const struct json_field erase_fields[] = {
    {"id", JSON_KIND_TEXT, offsetof(struct erase_body, id), true, 64},
    {"ask", JSON_KIND_FLAG, offsetof(struct erase_body, ask), false, 0},
};

/* A record's id first, else the beginning of an entry's. */
static vl_result aim(struct request *rq, const struct circle *circle, const char *text,
                     struct target *target)
{
    *target = (struct target){.is_record = false};
    for (size_t i = 0; schema_record_at(i) != NULL; i++) {
        struct vl_record_id id;
        vl_result result = record_look_up(circle->replica, schema_record_at(i), text, &id);
        if (result == VL_ERR_NOT_FOUND) continue;
        if (result == VL_ERR_INVALID || (result == VL_OK && target->is_record)) {
            return request_refuse(rq, "id", "several records match", VL_ERR_INVALID);
        }
        VL_TRY(result);
        *target = (struct target){.is_record = true, .of = {schema_record_at(i)->type, id, 0}};
    }
    if (target->is_record) return VL_OK;
    if (strlen(text) < 4) return request_refuse(rq, "id", "there is no such id", VL_ERR_NOT_FOUND);
    memcpy(target->prefix, text, strlen(text) + 1);
    return VL_OK;
}

static vl_result find(struct request *rq, const struct circle *circle, struct target *target,
                      struct erasure *erasure)
{
    if (target->is_record)
        return erasure_find(circle->replica, &target->of, 1, ERASURE_TOUCHED, erasure);
    vl_result result = erasure_find_entry(circle->replica, target->prefix, erasure);
    if (result != VL_ERR_INVALID) return result;
    return request_refuse(rq, "id", "several entries match: say more of the id", result);
}

static vl_result erase_found(struct request *rq, struct circle *circle, struct erasure *erasure,
                             bool ask)
{
    size_t tombstones = 0;
    if (erasure->count == 0) {
        return request_refuse(rq, "id", "there is no such id", VL_ERR_NOT_FOUND);
    }
    VL_TRY(erasure_keep_allowed(circle->replica, erasure));
    if (erasure->count == 0) {
        return request_refuse(rq, "id", "only who wrote it, or a facilitator, may erase it",
                              VL_ERR_AUTHORITY);
    }
    if (ask) return VL_OK;
    vl_result result = erasure_write(circle->replica, erasure, request_now(), &tombstones);
    if (tombstones > 0) request_wrote(rq, circle);
    return result;
}

static vl_result erase(struct request *rq, struct circle *circle, struct target *target, bool ask)
{
    struct erasure erasure;
    VL_TRY(find(rq, circle, target, &erasure));
    vl_result result = erase_found(rq, circle, &erasure, ask);
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "kind",
                  target->is_record ? schema_record(target->of.type)->name : "entry");
    json_put_integer(&rq->out, "entries", (int64_t)erasure.count);
    json_put_integer(&rq->out, "others", (int64_t)erasure.others);
    json_put_flag(&rq->out, "done", !ask);
    json_close(&rq->out, '}');
    erasure_finish(&erasure);
    return result;
}

vl_result handle_erase(struct request *rq)
{
    struct erase_body body = {0};
    struct target target;
    struct circle *circle;
    VL_TRY(request_decode(rq, erase_fields, 2, &body));
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(aim(rq, circle, body.id, &target));
    return erase(rq, circle, &target, body.ask);
}

/* ?ask=yes: only how much it would be. */
vl_result handle_record_erase(struct request *rq)
{
    const struct schema_record *schema;
    struct target target = {.is_record = true};
    struct circle *circle;
    VL_TRY(request_record(rq, &circle, &schema, &target.of.record));
    target.of.type = schema->type;
    return erase(rq, circle, &target, rq->query(rq->query_context, "ask") != NULL);
}
