/* Devices of my person that were added, as long as I have not acknowledged them on this one: five
 * minutes at an open laptop must not be enough to read along unseen. */
#include "api/people.h"

#include <string.h>

static bool is_this(const struct circle *circle, const struct vl_device_info *device)
{
    return memcmp(device->card.sign, circle->keys->card.sign, sizeof device->card.sign) == 0;
}

vl_result devices_is_new(const struct api *api, const struct circle *circle,
                         const struct vl_device_info *device, bool *is_new)
{
    struct vl_id me;
    bool known = true;
    *is_new = false;
    if (!device->is_added || !device->current || is_this(circle, device)) return VL_OK;
    if (vl_replica_me(circle->replica, &me) != VL_OK || !vl_id_equal(&me, &device->person))
        return VL_OK;
    VL_TRY(store_device_acknowledged(api->store, &circle->id, &device->enrolled_by, &known));
    *is_new = !known;
    return VL_OK;
}

static vl_result take_wall(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_header header;
    VL_TRY(vl_entry_header_decode(row->entry.header, &header));
    *(vl_wall *)context = header.wall;
    return VL_OK;
}

void devices_put_origin(struct json_out *o, const struct circle *circle,
                        const struct vl_device_info *device)
{
    struct vl_device_info by;
    struct vl_id key;
    vl_wall wall = {0};
    if (!device->is_added) return;
    if (circle->storage.entry_get(circle->storage.self, &device->enrolled_by, take_wall, &wall) ==
        VL_OK)
        json_put_time(o, "added", wall.ms);
    if (vl_replica_author(circle->replica, &device->enrolled_by, &by) == VL_OK) {
        memcpy(key.bytes, by.card.sign, sizeof key.bytes);
        json_put_id(o, "added_by", &key);
    }
}

static vl_result put_new(struct json_out *o, const struct api *api, const struct circle *circle,
                         struct vl_bytes sign)
{
    struct vl_device_info device;
    struct vl_id key;
    bool is_new;
    if (sign.size != sizeof key.bytes) return VL_OK;
    VL_TRY(vl_replica_device(circle->replica, sign.data, &device));
    VL_TRY(devices_is_new(api, circle, &device, &is_new));
    if (!is_new) return VL_OK;
    memcpy(key.bytes, device.card.sign, sizeof key.bytes);
    json_open(o, '{');
    json_put_id(o, "device", &key);
    devices_put_origin(o, circle, &device);
    json_close(o, '}');
    return VL_OK;
}

vl_result devices_put_new(struct json_out *o, const struct api *api, const struct circle *circle)
{
    struct vl_id me;
    struct vl_membership *m = vl_replica_membership(circle->replica);
    vl_result result = m == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    bool member = m != NULL && vl_replica_me(circle->replica, &me) == VL_OK;
    json_key(o, "new_devices");
    json_open(o, '[');
    for (size_t i = 0; member && result == VL_OK && i < vl_membership_device_count(m); i++) {
        struct vl_device_state state;
        vl_membership_device(m, i, &state);
        if (vl_bytes_equal(state.person, vl_bytes(me.bytes, sizeof me.bytes)) && state.current)
            result = put_new(o, api, circle, state.device);
    }
    json_close(o, ']');
    return result;
}
