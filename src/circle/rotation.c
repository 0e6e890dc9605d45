#include "circle/rotation.h"

#include "circle/circle_info.h"
#include "circle/persons.h"

#include <string.h>

static bool has(const struct rotation *rotation, const struct vl_id *person)
{
    for (size_t i = 0; i < rotation->count; i++)
        if (vl_id_equal(&rotation->persons[i], person)) return true;
    return false;
}

vl_result rotation_read(struct vl_replica *r, struct rotation *out)
{
    struct vl_membership *m;
    struct vl_record_id id;
    struct record record;
    *out = (struct rotation){.count = 0};
    VL_TRY(persons_membership(r, &m));
    circle_info_id(vl_replica_circle(r), &id);
    vl_result result = record_read(r, SCHEMA_CIRCLE, &id, &record);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    const struct record_field *field = record_field(&record, CIRCLE_ROTATION);
    for (size_t i = 0; i < field->count && out->count < ROTATION_MAX; i++) {
        const struct vl_id *person = &field->values[i].value.person;
        if (person_is_here(m, person) && !has(out, person)) out->persons[out->count++] = *person;
    }
    record_finish(&record);
    return VL_OK;
}

static vl_result refuse(struct schema_problem *problem, const char *reason)
{
    if (problem != NULL)
        *problem = (struct schema_problem){schema_field(SCHEMA_CIRCLE, CIRCLE_ROTATION), reason};
    return VL_ERR_INVALID;
}

vl_result rotation_write(struct vl_replica *r, const struct rotation *rotation, vl_wall now,
                         struct schema_problem *problem)
{
    struct vl_value values[ROTATION_MAX];
    struct rotation before = {.count = 0};
    struct vl_membership *m;
    struct vl_record_id id;
    struct edit e;
    VL_TRY(persons_membership(r, &m));
    for (size_t i = 0; i < rotation->count; i++) {
        const struct vl_id *person = &rotation->persons[i];
        if (!person_is_here(m, person))
            return refuse(problem, N_("somebody in it is not in the circle"));
        if (has(&before, person)) return refuse(problem, N_("somebody is in it twice"));
        before.persons[before.count++] = *person;
        values[i] = (struct vl_value){.tag = VL_VALUE_PERSON, .person = *person};
    }
    circle_info_id(vl_replica_circle(r), &id);
    VL_TRY(edit_begin(&e, r, SCHEMA_CIRCLE, &id));
    edit_list(&e, CIRCLE_ROTATION, values, rotation->count);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result rotation_advance(struct vl_replica *r, vl_wall now, struct schema_problem *problem)
{
    struct rotation rotation;
    if (problem != NULL) *problem = (struct schema_problem){0};
    VL_TRY(rotation_read(r, &rotation));
    if (rotation.count == 0) return VL_ERR_NOT_FOUND;
    const struct vl_id first = rotation.persons[0];
    memmove(&rotation.persons[0], &rotation.persons[1],
            (rotation.count - 1) * sizeof rotation.persons[0]);
    rotation.persons[rotation.count - 1] = first;
    return rotation_write(r, &rotation, now, problem);
}
