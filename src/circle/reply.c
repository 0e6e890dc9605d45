#include "circle/reply.h"
#include "circle/persons.h"

#include <stdlib.h>
#include <string.h>

static bool is_answered(const struct record *reply, enum answer *out)
{
    const struct record_field *field = record_field(reply, REPLY_ANSWER);
    if (field->count == 0 || field->values[0].value.tag != VL_VALUE_INTEGER ||
        schema_choice(field->schema, field->values[0].value.integer) == NULL) {
        return false;
    }
    *out = (enum answer)field->values[0].value.integer;
    return true;
}

/* Her record for the meeting; NOT_FOUND. */
static vl_result find(struct vl_replica *r, const struct vl_record_id *meeting,
                      const struct vl_id *person, struct record *out)
{
    struct vl_record_id id;
    const struct schema_record *schema = schema_record(SCHEMA_REPLY);
    *out = (struct record){0};
    if (!record_id_of(vl_replica_circle(r), schema, meeting, person, &id)) return VL_ERR_INTERNAL;
    return record_get(r, schema, &id, out);
}

/* Its id has six bytes of the meeting's hash, and whoever makes meetings finds two alike: the field
 * says which one it is. */
static bool is_of(const struct record *reply, const struct vl_record_id *meeting)
{
    const struct record_field *field = record_field(reply, REPLY_MEETING);
    for (size_t i = 0; i < field->count; i++)
        if (field->values[i].value.tag == VL_VALUE_REFERENCE &&
            memcmp(&field->values[i].value.record, meeting, sizeof *meeting) == 0)
            return true;
    return false;
}

static vl_result read_one(struct vl_replica *r, const struct vl_record_id *meeting,
                          struct reply *reply, struct replies *all)
{
    vl_result result = find(r, meeting, &reply->person, &reply->record);
    if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    reply->has_answer = result == VL_OK && is_of(&reply->record, meeting) &&
                        is_answered(&reply->record, &reply->answer);
    if (!reply->has_answer) {
        all->silent++;
        return VL_OK;
    }
    switch (reply->answer) {
    case ANSWER_COMING: all->coming++; break;
    case ANSWER_PERHAPS: all->perhaps++; break;
    case ANSWER_NOT: all->not_coming++; break;
    }
    return VL_OK;
}

static vl_result list_persons(struct vl_replica *r, struct replies *out)
{
    struct vl_membership *m;
    VL_TRY(persons_membership(r, &m));
    size_t count = vl_membership_person_count(m);
    out->items = calloc(count + 1, sizeof *out->items);
    if (out->items == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct vl_person_state person;
        vl_membership_person(m, i, &person);
        if (person.role == VL_ROLE_NONE) continue;
        struct vl_id *id = &out->items[out->count].person;
        if (person.name.size != sizeof id->bytes) return VL_ERR_INTERNAL;
        memcpy(id->bytes, person.name.data, sizeof id->bytes);
        out->count++;
    }
    return VL_OK;
}

vl_result replies_read(struct vl_replica *r, const struct vl_record_id *meeting,
                       struct replies *out)
{
    *out = (struct replies){0};
    vl_result result = list_persons(r, out);
    for (size_t i = 0; result == VL_OK && i < out->count; i++) {
        result = read_one(r, meeting, &out->items[i], out);
    }
    if (result != VL_OK) replies_finish(out);
    return result;
}

void replies_finish(struct replies *replies)
{
    if (replies == NULL) return;
    for (size_t i = 0; i < replies->count; i++) {
        record_finish(&replies->items[i].record);
    }
    free(replies->items);
    *replies = (struct replies){0};
}
