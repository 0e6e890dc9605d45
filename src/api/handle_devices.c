/* Devices of the circle's persons: the list, taking one's own out, bringing a lost one back. */
#include "api/people.h"

#include <string.h>

static void put_device(struct json_out *o, const struct circle *circle,
                       const struct vl_device_info *device)
{
    struct vl_id key;
    memcpy(key.bytes, device->card.sign, sizeof key.bytes);
    json_open(o, '{');
    json_put_id(o, "device", &key);
    json_put_id(o, "person", &device->person);
    view_person(o, "name", circle, &device->person);
    json_put_flag(o, "current", device->current);
    json_put_flag(o, "this", memcmp(device->card.sign, circle->keys->card.sign, 32) == 0);
    json_close(o, '}');
}

vl_result view_devices(struct json_out *o, const struct circle *circle, const struct vl_id *person)
{
    struct vl_device_info device;
    vl_result result = VL_OK;
    json_key(o, person == NULL ? "devices" : "device_list");
    json_open(o, '[');
    for (size_t i = 0; result == VL_OK; i++) {
        result = vl_replica_device_at(circle->replica, i, &device);
        if (result != VL_OK) break;
        if (person == NULL || vl_id_equal(person, &device.person)) put_device(o, circle, &device);
    }
    json_close(o, ']');
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

vl_result handle_device_list(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    json_open(&rq->out, '{');
    VL_TRY(view_devices(&rq->out, circle, NULL));
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

static vl_result restore(struct request *rq, struct circle *circle,
                         const struct vl_device_info *device, struct vl_id *entry)
{
    const struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    struct enrolment_search search = {.device = device};
    VL_TRY(vl_replica_entries(circle->replica, &scan, look_for_enrolment, &search));
    if (!search.any) {
        return request_refuse(rq, "device", "there is no such device", VL_ERR_NOT_FOUND);
    }
    const struct vl_control control = {.kind = VL_CONTROL_RESTORE,
                                       .target = device->person,
                                       .enrolments = &search.found,
                                       .enrolment_count = 1};
    return vl_replica_control(circle->replica, &control, request_now(), entry);
}

/* ---- actions ---- */

struct device_body {
    const char *device;
    bool ask;
};
static const struct json_field device_fields[] = {
    {"device", JSON_KIND_TEXT, offsetof(struct device_body, device), true, 64},
    {"ask", JSON_KIND_FLAG, offsetof(struct device_body, ask), false, 0},
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

static vl_result act(struct request *rq, bool is_removal)
{
    struct device_body body = {0};
    struct vl_device_info device;
    struct circle *circle;
    struct vl_id entry = {{0}};
    VL_TRY(request_decode(rq, device_fields, 2, &body));
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(people_device(rq, circle, body.device, &device));
    VL_TRY(is_removal ? check_removal(rq, circle, &device) : check_restoring(rq, circle, &device));
    if (!body.ask && is_removal) {
        struct vl_control control = {.kind = VL_CONTROL_REMOVE_DEVICE};
        memcpy(control.target.bytes, device.card.sign, sizeof control.target.bytes);
        VL_TRY(vl_replica_control(circle->replica, &control, request_now(), &entry));
    } else if (!body.ask) {
        VL_TRY(restore(rq, circle, &device, &entry));
    }
    if (!body.ask) {
        request_wrote(rq, circle);
        VL_TRY(vl_replica_device(circle->replica, device.card.sign, &device));
    }
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "action", is_removal ? "remove" : "restore");
    json_put_flag(&rq->out, "done", !body.ask);
    if (!body.ask) json_put_id(&rq->out, "entry", &entry);
    json_key(&rq->out, "device");
    put_device(&rq->out, circle, &device);
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_device_remove(struct request *rq)
{
    return act(rq, true);
}

vl_result handle_device_restore(struct request *rq)
{
    return act(rq, false);
}
