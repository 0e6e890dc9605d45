/* The circle's rules: reading, and setting some of them. */
#include "api/request.h"
#include "circle/rules.h"

#include <string.h>

static const char *const invite_texts[] = {"facilitators", "nobody"};
static const char *const attendance_texts[] = {"names", "count"};

struct rules_body {
    const char *invite, *attendance;
    bool newcomers_see_past;
    int64_t keep_months;
};
static const struct json_field rules_fields[] = {
    {"invite", JSON_KIND_TEXT, offsetof(struct rules_body, invite), false, 20},
    {"newcomers_see_past", JSON_KIND_FLAG, offsetof(struct rules_body, newcomers_see_past), false,
     0},
    {"keep_months", JSON_KIND_NUMBER, offsetof(struct rules_body, keep_months), false,
     RULES_KEEP_MONTHS_MAX},
    {"attendance", JSON_KIND_TEXT, offsetof(struct rules_body, attendance), false, 20},
};

static vl_result answer(struct request *rq, const struct circle *circle)
{
    struct rules rules;
    VL_TRY(rules_read(circle->replica, &rules));
    json_open(&rq->out, '{');
    json_put_id(&rq->out, "circle", &circle->id);
    json_put_text(&rq->out, "invite", invite_texts[rules.invite]);
    json_put_flag(&rq->out, "newcomers_see_past", rules.newcomers_see_past);
    json_put_integer(&rq->out, "keep_months", rules.keep_months);
    json_put_text(&rq->out, "attendance", attendance_texts[rules.attendance]);
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_rules(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    return answer(rq, circle);
}

/* Which of the two words; false: another one. */
static bool pick(const char *const words[2], const char *word, unsigned *out)
{
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(words[i], word) != 0) continue;
        *out = i;
        return true;
    }
    return false;
}

static vl_result apply(struct request *rq, const struct rules_body *body, struct rules *rules)
{
    unsigned at;
    if (body->invite != NULL) {
        if (!pick(invite_texts, body->invite, &at)) {
            return request_refuse(rq, "invite", "not facilitators or nobody", VL_ERR_INVALID);
        }
        rules->invite = (enum rules_invite)at;
    }
    if (body->attendance != NULL) {
        if (!pick(attendance_texts, body->attendance, &at)) {
            return request_refuse(rq, "attendance", "not names or count", VL_ERR_INVALID);
        }
        rules->attendance = (enum rules_attendance)at;
    }
    if (json_member(rq->body, "newcomers_see_past") != NULL) {
        rules->newcomers_see_past = body->newcomers_see_past;
    }
    if (json_member(rq->body, "keep_months") != NULL) {
        rules->keep_months = (uint32_t)body->keep_months;
    }
    return VL_OK;
}

vl_result handle_rules_set(struct request *rq)
{
    struct rules_body body = {0};
    struct schema_problem problem = {0};
    struct circle *circle;
    struct rules rules;
    VL_TRY(request_decode(rq, rules_fields, 4, &body));
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(rules_read(circle->replica, &rules));
    VL_TRY(apply(rq, &body, &rules));
    vl_result result = rules_write(circle->replica, &rules, request_now(), &problem);
    if (result == VL_ERR_AUTHORITY) {
        return request_refuse(rq, NULL, "only a facilitator may do that", result);
    }
    VL_TRY(request_problem(rq, result, &problem));
    request_wrote(rq, circle);
    return answer(rq, circle);
}
