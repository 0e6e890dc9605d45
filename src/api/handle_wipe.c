/* Another passphrase; and the end of the vault, after it was said what is lost. */
#include "api/people.h"

struct passphrase_body {
    const char *old, *now;
};
static const struct json_field passphrase_fields[] = {
    {"old", JSON_KIND_TEXT, offsetof(struct passphrase_body, old), true, 4096},
    {"new", JSON_KIND_TEXT, offsetof(struct passphrase_body, now), true, 4096},
};

vl_result handle_passphrase(struct request *rq)
{
    struct passphrase_body body = {0};
    VL_TRY(request_decode(rq, passphrase_fields, 2, &body));
    if (body.old[0] == 0)
        return request_refuse(rq, "old", "The passphrase may not be empty.", VL_ERR_INVALID);
    if (body.now[0] == 0)
        return request_refuse(rq, "new", "The passphrase may not be empty.", VL_ERR_INVALID);
    vl_result changed = store_passphrase_change(rq->api->store, vl_bytes_text(body.old),
                                                vl_bytes_text(body.now), &rq->wait_ms);
    if (changed == VL_ERR_INVALID)
        return request_refuse(rq, "new", "This passphrase cannot be used; take another one.",
                              changed);
    VL_TRY(changed);
    json_open(&rq->out, '{');
    json_put_flag(&rq->out, "changed", true);
    json_close(&rq->out, '}');
    return VL_OK;
}

/* ---- wiping ---- */

/* Who else has what is in a circle: other members, and other devices of mine. */
static vl_result count_others(const struct circle *circle, int64_t *members, int64_t *devices)
{
    struct vl_id me;
    *members = *devices = 0;
    if (circle->replica == NULL) return VL_OK;
    struct vl_membership *m = vl_replica_membership(circle->replica);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    bool is_member = vl_replica_me(circle->replica, &me) == VL_OK;
    struct vl_bytes mine = is_member ? vl_bytes(me.bytes, sizeof me.bytes) : vl_bytes("", 0);
    const uint8_t *sign = circle->keys->card.sign;
    struct vl_bytes this_one = vl_bytes(sign, sizeof circle->keys->card.sign);
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state person;
        struct vl_id id;
        VL_TRY(people_at(m, i, &person, &id));
        *members += person.device_count > 0 && person.role != VL_ROLE_NONE &&
                    !(is_member && vl_id_equal(&id, &me));
    }
    for (size_t i = 0; i < vl_membership_device_count(m); i++) {
        struct vl_device_state device;
        vl_membership_device(m, i, &device);
        *devices += device.current && vl_bytes_equal(device.person, mine) &&
                    !vl_bytes_equal(device.device, this_one);
    }
    return VL_OK;
}

static vl_result put_loss(struct json_out *o, const struct circle *circle)
{
    int64_t members, devices;
    VL_TRY(count_others(circle, &members, &devices));
    json_open(o, '{');
    json_put_id(o, "id", &circle->id);
    json_put_text(o, "name", circle->name);
    json_put_flag(o, "draft", circle->is_draft);
    json_put_flag(o, "private", view_is_private(circle));
    json_put_integer(o, "other_members", members);
    json_put_integer(o, "other_devices", devices);
    json_close(o, '}');
    return VL_OK;
}

static vl_result answer_losses(struct request *rq)
{
    json_open(&rq->out, '{');
    json_put_flag(&rq->out, "done", false);
    json_key(&rq->out, "circles");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < rq->api->circles->count; i++) {
        VL_TRY(put_loss(&rq->out, rq->api->circles->items[i]));
    }
    json_close(&rq->out, ']');
    json_close(&rq->out, '}');
    return VL_OK;
}

struct wipe_body {
    const char *passphrase;
    bool ask;
};
static const struct json_field wipe_fields[] = {
    {"passphrase", JSON_KIND_TEXT, offsetof(struct wipe_body, passphrase), false, 4096},
    {"ask", JSON_KIND_FLAG, offsetof(struct wipe_body, ask), false, 0},
};

/* The window that asked stays, to make another vault or none. */
vl_result handle_wipe(struct request *rq)
{
    struct wipe_body body = {0};
    VL_TRY(request_decode(rq, wipe_fields, 2, &body));
    if (body.ask) return answer_losses(rq);
    VL_TRY(request_passphrase(rq, body.passphrase));
    rq->api->kept_session = rq->caller->session;
    vl_result wiped = rq->api->keeper.wipe(rq->api->keeper.self);
    rq->api->kept_session = 0;
    VL_TRY(wiped);
    json_open(&rq->out, '{');
    json_put_flag(&rq->out, "done", true);
    json_close(&rq->out, '}');
    return VL_OK;
}
