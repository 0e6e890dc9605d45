#include "circle/circle_info.h"
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

/* The record of the agreement that counts. */
static bool agreement_id(const struct record *record, struct vl_record_id *out)
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
    if (agreement_id(&info->record, &id)) {
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

/* *id: the new record, or the one that counts when it says the same. */
static vl_result write_agreement(struct vl_replica *r, const char *text, vl_wall now,
                                 struct vl_record_id *id, struct schema_problem *problem)
{
    struct circle_info info;
    struct edit e;
    vl_result result = circle_info_read(r, &info);
    bool same = result == VL_OK && info.agreement_record.schema != NULL &&
                strcmp(info.agreement, text) == 0;
    if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    if (same) *id = info.agreement_record.id;
    circle_info_finish(&info);
    if (same) return VL_OK;
    record_id_random(id);
    VL_TRY(edit_begin(&e, r, SCHEMA_AGREEMENT, id));
    edit_set_text(&e, AGREEMENT_TEXT, text);
    result = edit_write(&e, now, problem);
    edit_finish(&e);
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
            result = write_agreement(r, agreement, now, &reference.record, problem);
        if (result == VL_OK) edit_set(&e, CIRCLE_AGREEMENT, &reference);
    }
    if (result == VL_OK) result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result circle_info_assent(struct vl_replica *r, vl_wall now)
{
    struct vl_value me = {.tag = VL_VALUE_PERSON};
    struct circle_info info;
    struct vl_record_id id;
    struct edit e;
    vl_result result;
    bool found;
    VL_TRY(vl_replica_me(r, &me.person));
    VL_TRY(circle_info_read(r, &info));
    found = agreement_id(&info.record, &id);
    circle_info_finish(&info);
    if (!found) return VL_ERR_NOT_FOUND;
    VL_TRY(edit_begin(&e, r, SCHEMA_AGREEMENT, &id));
    edit_add(&e, AGREEMENT_ASSENTS, &me);
    result = edit_write(&e, now, NULL);
    edit_finish(&e);
    return result;
}
