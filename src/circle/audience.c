#include "circle/audience.h"
#include "circle/persons.h"

#include <string.h>

vl_result audience_add(struct audience *audience, const struct vl_id *person)
{
    if (audience->count == AUDIENCE_MAX) return VL_ERR_LIMIT;
    audience->persons[audience->count++] = *person;
    return VL_OK;
}

vl_result audience_facilitators(struct vl_replica *r, struct audience *audience)
{
    struct vl_membership *m;
    VL_TRY(persons_membership(r, &m));
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id person;
        vl_membership_person(m, i, &state);
        if (state.role != VL_ROLE_FACILITATOR) continue;
        if (state.name.size != sizeof person.bytes) return VL_ERR_INTERNAL;
        memcpy(person.bytes, state.name.data, sizeof person.bytes);
        VL_TRY(audience_add(audience, &person));
    }
    return VL_OK;
}

vl_result audience_still_here(struct vl_replica *r, const struct record_field *field,
                              struct audience *audience)
{
    struct vl_membership *m;
    VL_TRY(persons_membership(r, &m));
    for (size_t i = 0; i < field->count; i++) {
        const struct vl_id *person = &field->values[i].value.person;
        if (person_is_here(m, person)) VL_TRY(audience_add(audience, person));
    }
    return VL_OK;
}

enum share_audience audience_of_share(const struct record *share)
{
    const struct record_field *field = record_field(share, SHARE_AUDIENCE);
    if (!share->sealed) return SHARE_FOR_CIRCLE;
    if (field != NULL && field->count > 0 &&
        field->values[0].value.integer == SHARE_FOR_FACILITATORS)
        return SHARE_FOR_FACILITATORS;
    return SHARE_FOR_PERSONS;
}
