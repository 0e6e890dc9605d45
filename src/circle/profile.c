#include "circle/profile.h"
#include <stdlib.h>
#include <string.h>

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
    (void)record_id_of(vl_replica_circle(r), schema_record(SCHEMA_PROFILE), NULL, &me, &id);
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

vl_result profile_name(struct vl_replica *r, const struct vl_id *person, char *out, size_t size)
{
    const struct schema_record *schema = schema_record(SCHEMA_PROFILE);
    struct vl_record_id id;
    struct record record;
    char digits[VL_ID_TEXT_SIZE];
    const char *name = digits;
    size_t length;
    (void)record_id_of(vl_replica_circle(r), schema, NULL, person, &id);
    vl_result result = record_get(r, schema, &id, &record); /* only her own values are read */
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
