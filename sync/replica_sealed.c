/* Sealed entries: for whom one is, and what a body opens with. */
#include "sync/replica_internal.h"

static bool is_among(const struct vl_id *persons, size_t count, struct vl_bytes person)
{
    for (size_t i = 0; i < count; i++)
        if (vl_bytes_equal(vl_bytes(persons[i].bytes, sizeof persons[i].bytes), person))
            return true;
    return false;
}

static vl_result check_persons(const struct vl_replica *r, const struct vl_id *persons,
                               size_t count)
{
    if (count > VL_SEALED_BOXES_MAX) return VL_ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        struct vl_person_state state;
        struct vl_bytes name = vl_bytes(persons[i].bytes, sizeof persons[i].bytes);
        VL_TRY(vl_membership_find_person(r->membership, name, &state));
        if (state.role == VL_ROLE_NONE) return VL_ERR_NOT_FOUND;
    }
    return VL_OK;
}

vl_result sealed_recipients(struct vl_replica *r, const struct vl_id *persons, size_t count,
                            struct recipients *out)
{
    struct vl_device_state mine;
    out->count = 0;
    VL_TRY(vl_membership_settle(r->membership));
    VL_TRY(check_persons(r, persons, count));
    VL_TRY(vl_membership_find_device(r->membership, vl_bytes(r->keys->card.sign, 32), &mine));
    size_t devices = vl_membership_device_count(r->membership);
    for (size_t i = 0; i < devices; i++) {
        struct vl_device_state device;
        vl_membership_device(r->membership, i, &device);
        if (!device.current || device.device.size != 32) continue;
        if (!vl_bytes_equal(device.person, mine.person) && !is_among(persons, count, device.person))
            continue;
        const struct enrolled *enrolled = member_enrolled(r, device.device.data);
        if (enrolled == NULL) continue;
        if (out->count == VL_SEALED_BOXES_MAX) return VL_ERR_LIMIT;
        out->cards[out->count++] = enrolled->card;
    }
    return VL_OK;
}

vl_result replica_open_body(const struct vl_replica *r, const struct vl_entry_header *header,
                            struct vl_bytes blob, struct vl_buffer *body)
{
    if (header->kind == VL_ENTRY_SEALED) return vl_sealed_open(blob, header, r->keys, body);
    const uint8_t *secret = epoch_secret(r, &header->epoch_key);
    if (secret == NULL) return VL_ERR_NO_KEY;
    return vl_blob_open(blob, secret, header, body);
}
