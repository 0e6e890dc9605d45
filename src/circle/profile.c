#include "circle/profile.h"
#include <stdlib.h>
#include <string.h>

void profile_id(const struct vl_id *circle, const struct vl_id *person, struct vl_record_id *out)
{
    record_id_derive(circle, SCHEMA_PROFILE, vl_bytes(person->bytes, sizeof person->bytes), out);
}

vl_result profile_write(struct vl_replica *r, const struct profile_change *change, vl_wall now,
                        struct schema_problem *problem)
{
    struct vl_record_id id;
    struct vl_id me;
    struct edit e;
    vl_result result;
    if (problem != NULL) *problem = (struct schema_problem){0};
    if (change->pseudonym != NULL && change->pseudonym[0] == '\0') {
        if (problem != NULL)
            *problem = (struct schema_problem){schema_field(SCHEMA_PROFILE, PROFILE_PSEUDONYM),
                                               N_("a person needs a pseudonym")};
        return VL_ERR_INVALID;
    }
    VL_TRY(vl_replica_me(r, &me));
    profile_id(vl_replica_circle(r), &me, &id);
    VL_TRY(edit_begin(&e, r, SCHEMA_PROFILE, &id));
    edit_set_text(&e, PROFILE_PSEUDONYM, change->pseudonym);
    edit_set_text(&e, PROFILE_ABOUT, change->about);
    if (change->colour != NULL) {
        struct vl_value value = {.tag = VL_VALUE_INTEGER, .integer = *change->colour};
        edit_set(&e, PROFILE_COLOUR, &value);
    }
    result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result profile_read(struct vl_replica *r, const struct vl_id *person, struct record *out)
{
    struct vl_record_id id;
    size_t left = 0;
    profile_id(vl_replica_circle(r), person, &id);
    VL_TRY(record_read(r, SCHEMA_PROFILE, &id, out));
    for (size_t i = 0; i < out->field_count; i++)
        left += out->fields[i].count; /* only her own are read */
    if (left > 0) return VL_OK;
    record_finish(out);
    return VL_ERR_NOT_FOUND;
}

vl_result profile_name(struct vl_replica *r, const struct vl_id *person, char *out, size_t size)
{
    struct record record;
    char digits[VL_ID_TEXT_SIZE];
    const char *name = digits;
    size_t length;
    vl_result result = profile_read(r, person, &record);
    if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    vl_id_text(person, digits);
    digits[8] = '\0';
    if (record_text(&record, PROFILE_PSEUDONYM)[0] != '\0')
        name = record_text(&record, PROFILE_PSEUDONYM);
    length = strlen(name);
    if (size > 0) {
        if (length >= size) length = size - 1;
        while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
            length--;
        memcpy(out, name, length);
        out[length] = '\0';
    }
    record_finish(&record);
    return VL_OK;
}
