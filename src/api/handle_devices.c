/* Devices of the circle's persons: the list, adding and acknowledging another one of one's own,
 * taking one out, bringing a lost one back. */
#include "api/people.h"

#include <string.h>

#define ADD_SECONDS_MAX 3600
#define ADD_SECONDS     600

static vl_result put_device(struct json_out *o, const struct api *api, const struct circle *circle,
                            const struct vl_device_info *device)
{
    struct vl_id key;
    bool is_new;
    VL_TRY(devices_is_new(api, circle, device, &is_new));
    memcpy(key.bytes, device->card.sign, sizeof key.bytes);
    json_open(o, '{');
    json_put_id(o, "device", &key);
    json_put_id(o, "person", &device->person);
    view_person(o, "name", circle, &device->person);
    json_put_flag(o, "current", device->current);
    json_put_flag(o, "this", memcmp(device->card.sign, circle->keys->card.sign, 32) == 0);
    json_put_flag(o, "new", is_new);
    devices_put_origin(o, circle, device);
    json_close(o, '}');
    return VL_OK;
}

vl_result view_devices(struct json_out *o, const struct api *api, const struct circle *circle,
                       const struct vl_id *person)
{
    struct vl_device_info device;
    vl_result result = VL_OK;
    json_key(o, person == NULL ? "devices" : "device_list");
    json_open(o, '[');
    for (size_t i = 0; result == VL_OK; i++) {
        result = vl_replica_device_at(circle->replica, i, &device);
        if (result != VL_OK) break;
        if (person == NULL || vl_id_equal(person, &device.person))
            result = put_device(o, api, circle, &device);
    }
    json_close(o, ']');
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

vl_result handle_device_list(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    json_open(&rq->out, '{');
    VL_TRY(view_devices(&rq->out, rq->api, circle, NULL));
    json_close(&rq->out, '}');
    return VL_OK;
}

/* ---- bringing a device back ---- */

struct enrolment_search { /* the newest enrolment of that key for that person */
    const struct vl_device_info *device;
    struct vl_enrolment found;
    bool any;
};

static vl_result look_for_enrolment(void *context, const struct vl_entry_row *row)
{
    struct enrolment_search *search = context;
    struct vl_control control;
    VL_TRY(vl_control_decode(row->entry.blob, &control));
    for (size_t i = 0; i < control.enrolment_count; i++) {
        if (memcmp(control.enrolments[i].card.sign, search->device->card.sign, 32) != 0) continue;
        search->found = control.enrolments[i];
        search->any = true;
    }
    vl_control_finish(&control);
    return VL_OK;
}

/* One's own comes back as a device is added (R9), a facilitator brings back somebody else's. */
static vl_result restore(struct request *rq, struct circle *circle,
                         const struct vl_device_info *device, bool is_mine, struct vl_id *entry)
{
    const struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    struct enrolment_search search = {.device = device};
    VL_TRY(vl_replica_entries(circle->replica, &scan, look_for_enrolment, &search));
    if (!search.any) {
        return request_refuse(rq, "device", "there is no such device", VL_ERR_NOT_FOUND);
    }
    const struct vl_control control = {.kind = is_mine ? VL_CONTROL_ADD_DEVICE : VL_CONTROL_RESTORE,
                                       .target = device->person,
                                       .enrolments = &search.found,
                                       .enrolment_count = 1};
    VL_TRY(vl_replica_control(circle->replica, &control, request_now(), entry));
    /* The passphrase was typed for it. Unnoted it is shown as new, which does no harm. */
    if (is_mine) (void)!store_device_acknowledge(rq->api->store, &circle->id, entry);
    return VL_OK;
}

/* ---- actions ---- */

struct device_body {
    const char *device, *passphrase;
    bool ask;
};
static const struct json_field device_fields[] = {
    {"device", JSON_KIND_TEXT, offsetof(struct device_body, device), true, 64},
    {"ask", JSON_KIND_FLAG, offsetof(struct device_body, ask), false, 0},
    {"passphrase", JSON_KIND_TEXT, offsetof(struct device_body, passphrase), false, 4096},
};

static vl_result check_removal(struct request *rq, const struct circle *circle,
                               const struct vl_device_info *device)
{
    struct vl_person_state state;
    struct vl_id me;
    VL_TRY(vl_replica_me(circle->replica, &me));
    if (!vl_id_equal(&me, &device->person)) {
        return request_refuse(rq, "device", "it is not one of yours", VL_ERR_AUTHORITY);
    }
    VL_TRY(people_state(circle->replica, &me, &state));
    if (!device->current) {
        return request_refuse(rq, "device", "it has been taken out already", VL_ERR_STATE);
    }
    if (state.device_count < 2) {
        return request_refuse(rq, "device", "it is your only one: taking it out means leaving",
                              VL_ERR_STATE);
    }
    return VL_OK;
}

static vl_result is_own(const struct circle *circle, const struct vl_device_info *device,
                        bool *is_mine)
{
    struct vl_id me;
    vl_result known = vl_replica_me(circle->replica, &me);
    *is_mine = known == VL_OK && vl_id_equal(&me, &device->person);
    return known == VL_ERR_NOT_FOUND ? VL_OK : known;
}

/* This device, in the circle. AUTHORITY unless it is current. */
static vl_result check_this(struct request *rq, const struct circle *circle)
{
    struct vl_device_info own;
    vl_result known = vl_replica_device(circle->replica, circle->keys->card.sign, &own);
    if (known == VL_ERR_NOT_FOUND || (known == VL_OK && !own.current))
        return request_refuse(rq, NULL, "this device is not in the circle", VL_ERR_AUTHORITY);
    return known;
}

static vl_result check_own_restoring(struct request *rq, const struct circle *circle,
                                     const struct vl_device_info *device)
{
    VL_TRY(check_this(rq, circle));
    if (device->current)
        return request_refuse(rq, "device", "it has not been taken out", VL_ERR_STATE);
    return VL_OK;
}

static vl_result check_restoring(struct request *rq, const struct circle *circle,
                                 const struct vl_device_info *device)
{
    struct vl_person_state me_state, state;
    struct vl_id me;
    VL_TRY(vl_replica_me(circle->replica, &me));
    VL_TRY(people_state(circle->replica, &me, &me_state));
    if (me_state.role != VL_ROLE_FACILITATOR) {
        return request_refuse(rq, NULL, "only a facilitator may do that", VL_ERR_AUTHORITY);
    }
    VL_TRY(people_state(circle->replica, &device->person, &state));
    if (state.role == VL_ROLE_NONE) {
        return request_refuse(rq, "device", "this person is no member any more", VL_ERR_STATE);
    }
    if (state.device_count > 0) {
        return request_refuse(rq, "device", "this person still has a device", VL_ERR_STATE);
    }
    return VL_OK;
}

static vl_result remove_device(struct circle *circle, const struct vl_device_info *device,
                               struct vl_id *entry)
{
    struct vl_control control = {.kind = VL_CONTROL_REMOVE_DEVICE};
    memcpy(control.target.bytes, device->card.sign, sizeof control.target.bytes);
    return vl_replica_control(circle->replica, &control, request_now(), entry);
}

/* What was asked about, or done when `entry` is not NULL. */
static vl_result answer_action(struct request *rq, const struct circle *circle, const char *action,
                               const struct vl_device_info *device, bool is_mine,
                               const struct vl_id *entry)
{
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "action", action);
    json_put_flag(&rq->out, "done", entry != NULL);
    json_put_flag(&rq->out, "own", is_mine);
    if (entry != NULL && !vl_id_is_zero(entry)) json_put_id(&rq->out, "entry", entry);
    json_key(&rq->out, "device");
    VL_TRY(put_device(&rq->out, rq->api, circle, device));
    json_close(&rq->out, '}');
    return VL_OK;
}

/* The device as it is now that something was done about it. */
static vl_result look_again(const struct circle *circle, struct vl_device_info *device)
{
    uint8_t sign[32];
    memcpy(sign, device->card.sign, sizeof sign);
    return vl_replica_device(circle->replica, sign, device);
}

static vl_result begin_action(struct request *rq, struct device_body *body, struct circle **circle,
                              struct vl_device_info *device, bool *is_mine)
{
    VL_TRY(request_decode(rq, device_fields, sizeof device_fields / sizeof device_fields[0], body));
    VL_TRY(request_replica(rq, circle));
    VL_TRY(people_device(rq, *circle, body->device, device));
    return is_own(*circle, device, is_mine);
}

vl_result handle_device_remove(struct request *rq)
{
    struct device_body body = {0};
    struct vl_device_info device;
    struct circle *circle;
    struct vl_id entry;
    bool is_mine;
    VL_TRY(begin_action(rq, &body, &circle, &device, &is_mine));
    VL_TRY(check_removal(rq, circle, &device));
    if (body.ask) return answer_action(rq, circle, "remove", &device, is_mine, NULL);
    VL_TRY(remove_device(circle, &device, &entry));
    request_wrote(rq, circle);
    VL_TRY(look_again(circle, &device));
    return answer_action(rq, circle, "remove", &device, is_mine, &entry);
}

vl_result handle_device_restore(struct request *rq)
{
    struct device_body body = {0};
    struct vl_device_info device;
    struct circle *circle;
    struct vl_id entry;
    bool is_mine;
    VL_TRY(begin_action(rq, &body, &circle, &device, &is_mine));
    VL_TRY(is_mine ? check_own_restoring(rq, circle, &device)
                   : check_restoring(rq, circle, &device));
    if (body.ask) return answer_action(rq, circle, "restore", &device, is_mine, NULL);
    if (is_mine) VL_TRY(request_passphrase(rq, body.passphrase));
    VL_TRY(restore(rq, circle, &device, is_mine, &entry));
    request_wrote(rq, circle);
    VL_TRY(look_again(circle, &device));
    return answer_action(rq, circle, "restore", &device, is_mine, &entry);
}

/* ---- another device of one's own ---- */

vl_result handle_device_acknowledge(struct request *rq)
{
    static const struct vl_id none;
    struct device_body body = {0};
    struct vl_device_info device;
    struct circle *circle;
    bool is_mine, is_new;
    VL_TRY(begin_action(rq, &body, &circle, &device, &is_mine));
    if (!is_mine) return request_refuse(rq, "device", "it is not one of yours", VL_ERR_AUTHORITY);
    VL_TRY(devices_is_new(rq->api, circle, &device, &is_new));
    if (!is_new) return request_refuse(rq, "device", "it is not shown as new here", VL_ERR_STATE);
    if (body.ask) return answer_action(rq, circle, "acknowledge", &device, is_mine, NULL);
    VL_TRY(store_device_acknowledge(rq->api->store, &circle->id, &device.enrolled_by));
    request_wrote(rq, circle);
    return answer_action(rq, circle, "acknowledge", &device, is_mine, &none);
}

struct add_body {
    const char *passphrase;
    int64_t seconds;
    bool ask;
};
static const struct json_field add_fields[] = {
    {"passphrase", JSON_KIND_TEXT, offsetof(struct add_body, passphrase), false, 4096},
    {"seconds", JSON_KIND_NUMBER, offsetof(struct add_body, seconds), false, ADD_SECONDS_MAX},
    {"ask", JSON_KIND_FLAG, offsetof(struct add_body, ask), false, 0},
};

vl_result handle_device_add(struct request *rq)
{
    const struct api_network *network = &rq->api->network;
    struct add_body body = {0};
    struct circle *circle;
    struct vl_code code;
    VL_TRY(request_decode(rq, add_fields, sizeof add_fields / sizeof add_fields[0], &body));
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(check_this(rq, circle));
    if (body.ask) {
        json_open(&rq->out, '{');
        json_put_text(&rq->out, "action", "add");
        json_put_flag(&rq->out, "done", false);
        json_put_text(&rq->out, "name", circle->name);
        json_close(&rq->out, '}');
        return VL_OK;
    }
    VL_TRY(request_passphrase(rq, body.passphrase));
    if (body.seconds == 0) body.seconds = ADD_SECONDS;
    VL_TRY(network->add_device(network->self, &circle->id, VL_SECONDS(body.seconds), &code));
    request_answer_code(rq, &code, body.seconds, VL_PAIRING_AS_DEVICE);
    return VL_OK;
}
