#include "circle/restate.h"

#include "circle/circle_info.h"
#include "circle/edit_change.h"

/* All fields that a record has; nobody is asked whether I may write them: nothing changes. */
static vl_result say_record(struct plan *plan, const struct record *record)
{
    if (record->schema == NULL) return VL_OK; /* there is none */
    plan->type = record->schema->type;
    plan->record = record->id;
    for (size_t i = 0; i < record->field_count; i++) {
        const struct edit_change again = {.field = record->fields[i].schema, .action = EDIT_AGAIN};
        VL_TRY(plan_change(plan, &again));
    }
    return VL_OK;
}

vl_result restate_circle(struct vl_replica *r, vl_wall now)
{
    struct plan plan = {.replica = r, .now = now};
    struct circle_info info;
    vl_result result = circle_info_read(r, &info);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    result = say_record(&plan, &info.record);
    if (result == VL_OK) result = say_record(&plan, &info.agreement_record);
    if (result == VL_OK) result = plan_flush(&plan);
    plan_finish(&plan);
    circle_info_finish(&info);
    return result;
}

vl_result restate_add_newcomer(struct vl_replica *r, const struct vl_enrolment *newcomer,
                               vl_wall now)
{
    struct vl_enrolment enrolment = *newcomer;
    struct vl_control control = {
        .kind = VL_CONTROL_ADD, .enrolments = &enrolment, .enrolment_count = 1};
    struct vl_id id;
    vl_person_id(newcomer->card.sign, &control.target);
    VL_TRY(vl_replica_control(r, &control, now, &id));
    return restate_circle(r, now);
}
