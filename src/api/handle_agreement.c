/* The circle's agreement: its versions, proposing, assenting, making one hold. */
#include "api/people.h"
#include "circle/agreement.h"
#include "circle/persons.h"

#include <string.h>

/* ---- showing ---- */

/* Everybody who is here and has assented, or has not. */
static vl_result put_people(struct request *rq, const struct circle *circle, const char *key,
                            const struct agreement *version, bool have)
{
    struct vl_membership *m;
    VL_TRY(persons_membership(circle->replica, &m));
    json_key(&rq->out, key);
    json_open(&rq->out, '[');
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id id;
        VL_TRY(people_at(m, i, &state, &id));
        if (state.role == VL_ROLE_NONE || agreement_has(version, &id) != have) continue;
        people_put(&rq->out, circle, &id);
    }
    json_close(&rq->out, ']');
    return VL_OK;
}

/* Members of an object that is open. */
static vl_result put_version(struct request *rq, const struct circle *circle,
                             const struct agreement *version)
{
    const struct record_field *words = record_field(&version->record, AGREEMENT_TEXT);
    char id[RECORD_ID_TEXT_SIZE];
    struct vl_id me;
    record_id_text(&version->record.id, id);
    json_put_text(&rq->out, "id", id);
    json_put_text(&rq->out, "text", record_text(&version->record, AGREEMENT_TEXT));
    view_person(&rq->out, "by", circle, &words->values[0].author);
    json_put_flag(&rq->out, "holds", version->holds);
    bool is_member = vl_replica_me(circle->replica, &me) == VL_OK;
    json_put_flag(&rq->out, "mine", is_member && agreement_has(version, &me));
    VL_TRY(put_people(rq, circle, "assents", version, true));
    return put_people(rq, circle, "missing", version, false);
}

static vl_result put_all(struct request *rq, const struct circle *circle,
                         const struct agreements *all)
{
    const struct agreement *holds = NULL;
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].holds) holds = &all->items[i];
    }
    json_put_id(&rq->out, "circle", &circle->id);
    json_key(&rq->out, "current");
    if (holds == NULL) {
        json_write_null(&rq->out);
    } else {
        json_open(&rq->out, '{');
        VL_TRY(put_version(rq, circle, holds));
        json_close(&rq->out, '}');
    }
    json_key(&rq->out, "versions");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < all->count; i++) {
        json_open(&rq->out, '{');
        VL_TRY(put_version(rq, circle, &all->items[i]));
        json_close(&rq->out, '}');
    }
    json_close(&rq->out, ']');
    return VL_OK;
}

/* `proposed`: the version that the request made; NULL: it made none. */
static vl_result answer(struct request *rq, const struct circle *circle,
                        const struct vl_record_id *proposed)
{
    struct agreements all;
    VL_TRY(agreements_read(circle->replica, &all));
    json_open(&rq->out, '{');
    if (proposed != NULL) {
        char id[RECORD_ID_TEXT_SIZE];
        record_id_text(proposed, id);
        json_put_text(&rq->out, "proposed", id);
    }
    vl_result result = put_all(rq, circle, &all);
    json_close(&rq->out, '}');
    agreements_finish(&all);
    return result;
}

vl_result handle_agreement(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    return answer(rq, circle, NULL);
}

/* ---- writing ---- */

struct agreement_body {
    const char *text, *id;
};
static const struct json_field text_fields[] = {
    {"text", JSON_KIND_TEXT, offsetof(struct agreement_body, text), true, 65536},
};
static const struct json_field id_fields[] = {
    {"id", JSON_KIND_TEXT, offsetof(struct agreement_body, id), false, RECORD_ID_TEXT_SIZE - 1},
};

static vl_result wrote(struct request *rq, const struct circle *circle, vl_result result,
                       const struct schema_problem *problem, const struct vl_record_id *proposed)
{
    VL_TRY(request_problem(rq, result, problem));
    request_wrote(rq, circle);
    return answer(rq, circle, proposed);
}

vl_result handle_agreement_propose(struct request *rq)
{
    struct agreement_body body = {0};
    struct schema_problem problem = {0};
    struct vl_record_id id;
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(request_decode(rq, text_fields, 1, &body));
    vl_result result = agreement_propose(circle->replica, body.text, request_now(), &id, &problem);
    return wrote(rq, circle, result, &problem, &id);
}

/* The version that the body says; *given false: it says none. */
static vl_result read_version(struct request *rq, const struct circle *circle,
                              struct vl_record_id *id, bool *given)
{
    struct agreement_body body = {0};
    VL_TRY(request_decode(rq, id_fields, 1, &body));
    *given = body.id != NULL;
    if (!*given) return VL_OK;
    vl_result found = record_find(circle->replica, SCHEMA_AGREEMENT, body.id, id);
    if (found == VL_ERR_NOT_FOUND) {
        return request_refuse(rq, "id", "there is no such version", found);
    }
    if (found == VL_ERR_INVALID) {
        return request_refuse(rq, "id", "several versions match: say more of the id", found);
    }
    return found;
}

vl_result handle_agreement_assent(struct request *rq)
{
    struct schema_problem problem = {0};
    struct vl_record_id id;
    struct circle *circle;
    bool given;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(read_version(rq, circle, &id, &given));
    vl_result result =
        agreement_assent(circle->replica, given ? &id : NULL, request_now(), &problem);
    if (result == VL_ERR_NOT_FOUND) {
        return request_refuse(rq, NULL, "there is no agreement yet", result);
    }
    return wrote(rq, circle, result, &problem, NULL);
}

vl_result handle_agreement_adopt(struct request *rq)
{
    struct schema_problem problem = {0};
    struct vl_record_id id;
    struct circle *circle;
    bool given;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(read_version(rq, circle, &id, &given));
    if (!given) return request_refuse(rq, "id", "say which version", VL_ERR_INVALID);
    vl_result result = agreement_adopt(circle->replica, &id, request_now(), &problem);
    if (result == VL_ERR_AUTHORITY) {
        return request_refuse(rq, NULL, "only a facilitator may do that", result);
    }
    if (result == VL_ERR_NOT_FOUND) {
        return request_refuse(rq, "id", "there is no such version", result);
    }
    return wrote(rq, circle, result, &problem, NULL);
}
