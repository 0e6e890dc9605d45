/* How a circle stands, for people: who leads it, who is not confirmed, who has the key. */
#include "api/people.h"

#include <string.h>

static vl_result put_persons(struct json_out *o, const struct circle *circle,
                             struct vl_membership *m, bool facilitators)
{
    json_key(o, facilitators ? "facilitators" : "unconfirmed");
    json_open(o, '[');
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id id;
        VL_TRY(people_at(m, i, &state, &id));
        bool is_one = facilitators ? state.role == VL_ROLE_FACILITATOR
                                   : state.role != VL_ROLE_NONE && !state.confirmed;
        if (!is_one) continue;
        people_put(o, circle, &id);
    }
    json_close(o, ']');
    return VL_OK;
}

/* Current devices that may not write under the key that this device uses: until somebody seals it
 * to them, or makes a new one, they cannot read what is written now. */
static void put_without_key(struct json_out *o, const struct circle *circle,
                            struct vl_membership *m, const struct vl_id *epoch)
{
    json_key(o, "without_key");
    json_open(o, '[');
    for (size_t i = 0; i < vl_membership_device_count(m); i++) {
        struct vl_device_state state;
        struct vl_id device, person;
        vl_membership_device(m, i, &state);
        bool is_known =
            state.device.size == sizeof device.bytes && state.person.size == sizeof person.bytes;
        if (!state.current || !is_known) continue;
        if (vl_bytes_equal(state.write_epoch, vl_bytes(epoch->bytes, sizeof epoch->bytes))) {
            continue;
        }
        memcpy(device.bytes, state.device.data, sizeof device.bytes);
        memcpy(person.bytes, state.person.data, sizeof person.bytes);
        json_open(o, '{');
        json_put_id(o, "device", &device);
        json_put_id(o, "person", &person);
        view_person(o, "name", circle, &person);
        json_close(o, '}');
    }
    json_close(o, ']');
}

/* current   what is written now is under a key that is here
 * renewed   somebody came or went: the next thing written makes a new key
 * waiting   there is a key that has not reached this device
 * none      this device is in the circle no longer, or not yet */
static const char *key_state(const struct circle *circle, struct vl_membership *m,
                             struct vl_id *epoch)
{
    struct vl_epoch_info epochs[1];
    struct vl_device_state device;
    const struct vl_bytes me = vl_bytes(circle->keys->card.sign, sizeof circle->keys->card.sign);
    *epoch = (struct vl_id){{0}};
    if (vl_membership_find_device(m, me, &device) != VL_OK || !device.current) return "none";
    if (device.write_epoch.size != sizeof epoch->bytes) return "renewed";
    memcpy(epoch->bytes, device.write_epoch.data, sizeof epoch->bytes);
    size_t count = vl_replica_epochs(circle->replica, epochs, 1);
    return count > 0 && vl_id_equal(&epochs[0].entry, epoch) && epochs[0].current ? "current"
                                                                                  : "waiting";
}

vl_result view_state(struct json_out *o, const struct circle *circle)
{
    struct vl_membership *m;
    struct vl_person_state state = {.role = VL_ROLE_NONE};
    struct vl_id me, epoch;
    if (circle->replica == NULL) return VL_OK;
    m = vl_replica_membership(circle->replica);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    if (vl_replica_me(circle->replica, &me) == VL_OK &&
        people_state(circle->replica, &me, &state) != VL_OK) {
        state.role = VL_ROLE_NONE;
    }
    json_put_text(o, "role", people_role_text(state.role));
    json_put_flag(o, "confirmed", state.confirmed);
    VL_TRY(put_persons(o, circle, m, true));
    VL_TRY(put_persons(o, circle, m, false));
    const char *key = key_state(circle, m, &epoch);
    json_put_text(o, "key", key);
    if (!vl_id_is_zero(&epoch)) put_without_key(o, circle, m, &epoch);
    return VL_OK;
}
