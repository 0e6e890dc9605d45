#include "circle/circle_info.h"
#include "circle/agreement.h"
#include <stdlib.h>
#include <string.h>

void circle_info_id(const struct vl_id *circle, struct vl_record_id *out)
{
    record_id_derive(circle, SCHEMA_CIRCLE, (struct vl_bytes){0}, out);
}

void circle_info_finish(struct circle_info *info)
{
    if (info == NULL) return;
    free(info->name);
    free(info->purpose);
    free(info->agreement);
    record_finish(&info->record);
    record_finish(&info->agreement_record);
    *info = (struct circle_info){0};
}

bool circle_info_agreement(const struct record *record, struct vl_record_id *out)
{
    const struct record_field *field = record_field(record, CIRCLE_AGREEMENT);
    if (field == NULL || field->count == 0) return false;
    if (field->values[0].value.tag != VL_VALUE_REFERENCE) return false;
    *out = field->values[0].value.record;
    return true;
}

static vl_result read_parts(struct vl_replica *r, struct circle_info *info)
{
    struct vl_record_id id;
    if (circle_info_agreement(&info->record, &id)) {
        vl_result result = record_read(r, SCHEMA_AGREEMENT, &id, &info->agreement_record);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    }
    info->name = strdup(record_text(&info->record, CIRCLE_NAME));
    info->purpose = strdup(record_text(&info->record, CIRCLE_PURPOSE));
    info->agreement = strdup(record_text(&info->agreement_record, AGREEMENT_TEXT));
    if (info->name == NULL || info->purpose == NULL || info->agreement == NULL)
        return VL_ERR_NO_MEMORY;
    return VL_OK;
}

vl_result circle_info_read(struct vl_replica *r, struct circle_info *out)
{
    struct vl_record_id id;
    vl_result result;
    *out = (struct circle_info){0};
    circle_info_id(vl_replica_circle(r), &id);
    VL_TRY(record_read(r, SCHEMA_CIRCLE, &id, &out->record));
    result = read_parts(r, out);
    if (result != VL_OK) circle_info_finish(out);
    return result;
}

vl_result circle_info_write(struct vl_replica *r, const char *name, const char *purpose,
                            const char *agreement, vl_wall now, struct schema_problem *problem)
{
    struct vl_value reference = {.tag = VL_VALUE_REFERENCE, .type = SCHEMA_AGREEMENT};
    struct vl_record_id id;
    struct edit e;
    vl_result result = VL_OK;
    if (problem != NULL) *problem = (struct schema_problem){0};
    if (name != NULL && name[0] == '\0') {
        if (problem != NULL)
            *problem = (struct schema_problem){schema_field(SCHEMA_CIRCLE, CIRCLE_NAME),
                                               N_("a circle needs a name")};
        return VL_ERR_INVALID;
    }
    circle_info_id(vl_replica_circle(r), &id);
    VL_TRY(edit_begin(&e, r, SCHEMA_CIRCLE, &id));
    edit_set_text(&e, CIRCLE_NAME, name);
    edit_set_text(&e, CIRCLE_PURPOSE, purpose);
    if (agreement != NULL && agreement[0] == '\0') {
        reference.tag = VL_VALUE_NONE;
        edit_set(&e, CIRCLE_AGREEMENT, &reference);
    } else if (agreement != NULL && e.result == VL_OK) {
        result = edit_allowed(&e); /* before the other record is written */
        if (result == VL_OK)
            result = agreement_propose(r, agreement, now, &reference.record, problem);
        if (result == VL_OK) edit_set(&e, CIRCLE_AGREEMENT, &reference);
    }
    if (result == VL_OK) result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}
