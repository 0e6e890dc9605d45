#include "circle/restate.h"

#include "circle/circle_info.h"

#include <stdlib.h>

#define FIELDS_MAX 16u

struct saying { /* one register, set anew to the value that counts */
    struct vl_dot dots[VL_DOTS_MAX];
    struct vl_buffer value;
};
struct sayings {
    struct vl_operation operations[FIELDS_MAX];
    struct saying items[FIELDS_MAX];
    size_t count;
};

static vl_result say(struct vl_replica *r, const struct record *record,
                     const struct record_field *field, struct sayings *all)
{
    struct saying *one = &all->items[all->count];
    const struct vl_cell_key key = {.type = record->schema->type,
                                    .record = record->id,
                                    .field = field->schema->id,
                                    .kind = field->schema->kind};
    struct vl_buffer state = {0};
    size_t dots = 0;
    vl_result result = vl_replica_cell(r, &key, &state);
    if (result == VL_OK)
        result =
            vl_cell_dots(key.kind, vl_buffer_view(&state), NULL, one->dots, VL_DOTS_MAX, &dots);
    if (result == VL_OK) result = vl_value_encode(&field->values[0].value, &one->value);
    vl_buffer_finish(&state);
    VL_TRY(result);
    all->operations[all->count++] = (struct vl_operation){.type = key.type,
                                                          .record = key.record,
                                                          .field = key.field,
                                                          .opcode = VL_OP_REGISTER_SET,
                                                          .dots = one->dots,
                                                          .dot_count = dots,
                                                          .value = vl_buffer_view(&one->value)};
    return VL_OK;
}

/* A register that several people set at once stays as it is: it is theirs to settle. */
static vl_result say_record(struct vl_replica *r, const struct record *record, struct sayings *all)
{
    for (size_t i = 0; i < record->field_count && all->count < FIELDS_MAX; i++) {
        const struct record_field *field = &record->fields[i];
        if (field->schema->kind != VL_FIELD_REGISTER || field->count != 1) continue;
        VL_TRY(say(r, record, field, all));
    }
    return VL_OK;
}

vl_result restate_circle(struct vl_replica *r, vl_wall now)
{
    struct circle_info info;
    struct vl_id id;
    vl_result result = circle_info_read(r, &info);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    struct sayings *all = calloc(1, sizeof *all);
    result = all == NULL ? VL_ERR_NO_MEMORY : say_record(r, &info.record, all);
    if (result == VL_OK) result = say_record(r, &info.agreement_record, all);
    if (result == VL_OK && all->count > 0)
        result = vl_replica_write(r, all->operations, all->count, now, &id);
    for (size_t i = 0; all != NULL && i < FIELDS_MAX; i++)
        vl_buffer_finish(&all->items[i].value);
    free(all);
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
