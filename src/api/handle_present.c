/* Who of a circle is here now, and who has received what is on this device. */
#include "api/people.h"
#include "api/present.h"

#include <string.h>

struct seen { /* of one person's devices */
    const struct circle *circle;
    const struct vl_id *person;
    bool connected, in_sync;
};

static vl_result look(void *context, const struct api_peer *peer)
{
    struct seen *seen = context;
    struct vl_device_info device;
    if (!peer->connected || !vl_id_equal(&peer->person, seen->person)) return VL_OK;
    vl_result known = vl_replica_device(seen->circle->replica, peer->sign_key, &device);
    if (known == VL_ERR_NOT_FOUND) return VL_OK; /* of another circle */
    VL_TRY(known);
    seen->connected = true;
    seen->in_sync = seen->in_sync || peer->in_sync;
    return VL_OK;
}

static void put_has_all(struct json_out *o, const struct seen *seen)
{
    if (seen->connected) {
        json_put_flag(o, "has_all", seen->in_sync);
    } else {
        json_key(o, "has_all");
        json_write_null(o);
    }
}

static vl_result put_person(struct request *rq, const struct circle *circle,
                            const struct vl_id *person, bool is_me)
{
    const struct api_network *network = &rq->api->network;
    struct seen seen = {.circle = circle, .person = person, .connected = is_me, .in_sync = is_me};
    struct json_out *o = &rq->out;
    if (!is_me) VL_TRY(network->peers(network->self, look, &seen));
    json_open(o, '{');
    json_put_id(o, "person", person);
    view_person(o, "name", circle, person);
    json_put_flag(o, "me", is_me);
    json_put_flag(o, "connected", seen.connected);
    json_put_flag(o, "in_sync", seen.in_sync);
    put_has_all(o, &seen);
    json_put_flag(o, "met", is_me || present_has_met(&rq->api->met, person));
    json_close(o, '}');
    return VL_OK;
}

vl_result handle_present(struct request *rq)
{
    struct circle *circle;
    struct vl_id me;
    VL_TRY(request_replica(rq, &circle));
    struct vl_membership *m = vl_replica_membership(circle->replica);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    bool is_member = vl_replica_me(circle->replica, &me) == VL_OK;
    json_open(&rq->out, '{');
    json_put_id(&rq->out, "circle", &circle->id);
    json_key(&rq->out, "persons");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id person;
        VL_TRY(people_at(m, i, &state, &person));
        if (state.role == VL_ROLE_NONE) continue;
        VL_TRY(put_person(rq, circle, &person, is_member && vl_id_equal(&person, &me)));
    }
    json_close(&rq->out, ']');
    json_close(&rq->out, '}');
    return VL_OK;
}
