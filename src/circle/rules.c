#include "circle/rules.h"

#include "circle/circle_info.h"

static int64_t number_of(const struct record *record, uint32_t id, int64_t otherwise)
{
    const struct record_field *field = record_field(record, id);
    if (field == NULL || field->count == 0) return otherwise;
    const struct vl_value *value = &field->values[0].value;
    return value->tag == VL_VALUE_INTEGER ? value->integer : otherwise;
}

vl_result rules_read(struct vl_replica *r, struct rules *out)
{
    struct vl_record_id id;
    struct record record;
    *out = (struct rules){.newcomers_see_past = true};
    circle_info_id(vl_replica_circle(r), &id);
    vl_result result = record_read(r, SCHEMA_CIRCLE, &id, &record);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    if (number_of(&record, CIRCLE_INVITE, 0) == 1) out->invite = RULES_INVITE_NOBODY;
    out->newcomers_see_past = number_of(&record, CIRCLE_NEWCOMERS_SEE_PAST, 1) == 1;
    out->keep_months = (uint32_t)number_of(&record, CIRCLE_KEEP_MONTHS, 0);
    if (number_of(&record, CIRCLE_ATTENDANCE, 0) == 1) out->attendance = RULES_ATTENDANCE_COUNT;
    record_finish(&record);
    return VL_OK;
}

static void set(struct edit *e, uint32_t field, int64_t before, int64_t now)
{
    const struct vl_value value = {.tag = VL_VALUE_INTEGER, .integer = now};
    if (before != now) edit_set(e, field, &value);
}

vl_result rules_write(struct vl_replica *r, const struct rules *rules, vl_wall now,
                      struct schema_problem *problem)
{
    struct vl_record_id id;
    struct rules before;
    struct edit e;
    VL_TRY(rules_read(r, &before));
    circle_info_id(vl_replica_circle(r), &id);
    VL_TRY(edit_begin(&e, r, SCHEMA_CIRCLE, &id));
    set(&e, CIRCLE_INVITE, before.invite, rules->invite);
    set(&e, CIRCLE_NEWCOMERS_SEE_PAST, before.newcomers_see_past, rules->newcomers_see_past);
    set(&e, CIRCLE_KEEP_MONTHS, before.keep_months, rules->keep_months);
    set(&e, CIRCLE_ATTENDANCE, before.attendance, rules->attendance);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result rules_may_invite(struct vl_replica *r)
{
    struct vl_person_state state;
    struct rules rules;
    struct vl_id me;
    vl_result result = vl_replica_me(r, &me);
    if (result == VL_ERR_NOT_FOUND) return VL_ERR_AUTHORITY;
    VL_TRY(result);
    struct vl_membership *m = vl_replica_membership(r);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    result = vl_membership_find_person(m, vl_bytes(me.bytes, sizeof me.bytes), &state);
    if (result == VL_ERR_NOT_FOUND) return VL_ERR_AUTHORITY;
    VL_TRY(result);
    if (state.role != VL_ROLE_FACILITATOR) return VL_ERR_AUTHORITY;
    VL_TRY(rules_read(r, &rules));
    return rules.invite == RULES_INVITE_FACILITATORS ? VL_OK : VL_ERR_AUTHORITY;
}
