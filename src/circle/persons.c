#include "circle/persons.h"

vl_result persons_membership(struct vl_replica *r, struct vl_membership **out)
{
    *out = vl_replica_membership(r);
    return *out == NULL ? VL_ERR_NO_MEMORY : vl_membership_settle(*out);
}

bool person_is_here(const struct vl_membership *m, const struct vl_id *person)
{
    struct vl_person_state state;
    vl_result found =
        vl_membership_find_person(m, vl_bytes(person->bytes, sizeof person->bytes), &state);
    return found == VL_OK && state.role != VL_ROLE_NONE;
}
