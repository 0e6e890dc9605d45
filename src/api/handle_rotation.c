/* Whose turn it is to facilitate. */
#include "api/people.h"
#include "circle/rotation.h"

#include <string.h>

static vl_result answer(struct request *rq, const struct circle *circle)
{
    struct rotation rotation;
    VL_TRY(rotation_read(circle->replica, &rotation));
    json_open(&rq->out, '{');
    json_put_id(&rq->out, "circle", &circle->id);
    json_key(&rq->out, "order");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < rotation.count; i++) {
        people_put(&rq->out, circle, &rotation.persons[i]);
    }
    json_close(&rq->out, ']');
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_rotation(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    return answer(rq, circle);
}

struct rotation_body {
    struct json_texts order;
    bool next;
};
static const struct json_field rotation_fields[] = {
    {"order", JSON_KIND_TEXTS, offsetof(struct rotation_body, order), false, 255},
    {"next", JSON_KIND_FLAG, offsetof(struct rotation_body, next), false, 0},
};

static vl_result change(struct request *rq, const struct circle *circle,
                        const struct rotation_body *body, struct schema_problem *problem)
{
    struct rotation rotation = {.count = 0};
    if (body->order.given == body->next) {
        return request_refuse(rq, "order", "say the order, or that it is the next one's turn",
                              VL_ERR_INVALID);
    }
    if (body->next) return rotation_advance(circle->replica, request_now(), problem);
    if (body->order.count > ROTATION_MAX) {
        return request_refuse(rq, "order", "too many elements", VL_ERR_LIMIT);
    }
    for (size_t i = 0; i < body->order.count; i++) {
        vl_result found =
            people_find(rq, circle, body->order.items[i], &rotation.persons[rotation.count]);
        if (found != VL_OK) rq->problem.field = "order";
        VL_TRY(found);
        rotation.count++;
    }
    return rotation_write(circle->replica, &rotation, request_now(), problem);
}

vl_result handle_rotation_set(struct request *rq)
{
    struct rotation_body body = {0};
    struct schema_problem problem = {0};
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    vl_result result = request_decode(rq, rotation_fields, 2, &body);
    if (result == VL_OK) result = change(rq, circle, &body, &problem);
    json_decode_finish(rotation_fields, 2, &body);
    if (result == VL_ERR_AUTHORITY) {
        return request_refuse(rq, NULL, "only a facilitator may do that", result);
    }
    if (result == VL_ERR_NOT_FOUND && rq->problem.message == NULL) {
        return request_refuse(rq, "order", "nobody is in the order yet", result);
    }
    VL_TRY(request_problem(rq, result, &problem));
    request_wrote(rq, circle);
    return answer(rq, circle);
}
