/* Gathering, peers, and pairing by a spoken code. */
#include "api/request.h"
#include "circle/profile.h"

#include <string.h>

#define GATHER_SECONDS_MAX 86400
#define INVITE_SECONDS_MAX 3600
#define GATHER_SECONDS     10800
#define INVITE_SECONDS     600

void view_network(struct json_out *o, const struct api *api)
{
    static const char *const states[] = {"away", "gathering", "inviting", "joining"};
    struct api_network_view view = {0};
    api->network.view(api->network.self, &view);
    json_put_text(o, "state", states[view.state]);
    if (view.state == API_GATHERING || view.state == API_INVITING) {
        json_put_id(o, "shown", &view.circle);
        json_put_integer(o, "seconds_left", (int64_t)((view.left.ms + 999) / 1000));
    }
    json_put_integer(o, "connections", (int64_t)view.connections);
    json_put_flag(o, "no_network", view.no_network);
    json_put_flag(o, "multicast_seen", view.multicast_seen);
    json_put_flag(o, "daemon_announces", view.daemon_announces);
}

struct time_body {
    int64_t seconds;
};
static const struct json_field gather_fields[] = {
    {"seconds", JSON_KIND_NUMBER, offsetof(struct time_body, seconds), false, GATHER_SECONDS_MAX},
};
static const struct json_field invite_fields[] = {
    {"seconds", JSON_KIND_NUMBER, offsetof(struct time_body, seconds), false, INVITE_SECONDS_MAX},
};

static vl_result answer_flag(struct request *rq, const char *name)
{
    json_open(&rq->out, '{');
    json_put_flag(&rq->out, name, true);
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_gather(struct request *rq)
{
    struct time_body body = {0};
    struct circle *circle;
    VL_TRY(request_decode(rq, gather_fields, 1, &body));
    VL_TRY(request_replica(rq, &circle));
    if (body.seconds == 0) body.seconds = GATHER_SECONDS;
    VL_TRY(rq->api->network.gather(rq->api->network.self, &circle->id, VL_SECONDS(body.seconds)));
    json_open(&rq->out, '{');
    json_put_id(&rq->out, "circle", &circle->id);
    json_put_text(&rq->out, "name", circle->name);
    json_put_integer(&rq->out, "seconds", body.seconds);
    struct api_network_view view = {0};
    rq->api->network.view(rq->api->network.self, &view);
    json_put_flag(&rq->out, "no_network", view.no_network);
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_away(struct request *rq)
{
    rq->api->network.away(rq->api->network.self);
    return answer_flag(rq, "away");
}

/* ---- peers ---- */

struct peers {
    struct api_peer items[128];
    size_t count;
};

static vl_result collect(void *context, const struct api_peer *peer)
{
    struct peers *peers = context;
    if (peers->count < sizeof peers->items / sizeof peers->items[0]) {
        peers->items[peers->count++] = *peer;
    }
    return VL_OK;
}

static const struct circle *circle_of(const struct api *api, const struct api_peer *peer)
{
    for (size_t i = 0; i < api->circles->count; i++) {
        struct vl_device_info device;
        const struct circle *circle = api->circles->items[i];
        if (circle->replica == NULL) continue;
        if (vl_replica_device(circle->replica, peer->sign_key, &device) == VL_OK) return circle;
    }
    return NULL;
}

static void put_peer(struct request *rq, const struct api_peer *peer)
{
    struct json_out *o = &rq->out;
    const struct circle *circle = circle_of(rq->api, peer);
    struct vl_id device;
    memcpy(device.bytes, peer->sign_key, sizeof device.bytes);
    json_open(o, '{');
    json_put_id(o, "person", &peer->person);
    if (circle != NULL) {
        view_person(o, "name", circle, &peer->person);
        json_put_id(o, "circle", &circle->id);
    }
    json_put_id(o, "device", &device);
    json_put_flag(o, "connected", peer->connected);
    json_put_flag(o, "in_sync", peer->in_sync);
    json_put_flag(o, "dialled", peer->dialled);
    json_put_text(o, "discovered_by", peer->discovered_by);
    json_put_integer(o, "entries_sent", (int64_t)peer->entries_sent);
    json_put_integer(o, "entries_received", (int64_t)peer->entries_received);
    if (peer->has_clock_offset) json_put_integer(o, "clock_offset_ms", peer->clock_offset_ms);
    json_close(o, '}');
}

vl_result handle_peers(struct request *rq)
{
    struct peers peers;
    peers.count = 0;
    VL_TRY(rq->api->network.peers(rq->api->network.self, collect, &peers));
    json_open(&rq->out, '{');
    json_key(&rq->out, "peers");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < peers.count; i++) {
        put_peer(rq, &peers.items[i]);
    }
    json_close(&rq->out, ']');
    json_close(&rq->out, '}');
    return VL_OK;
}

/* ---- pairing ---- */

static void put_code(struct json_out *o, const struct vl_code *code)
{
    static const char *const languages[VL_LANGUAGE_COUNT] = {"fr", "en"};
    json_put_integer(o, "number", code->number);
    json_key(o, "words");
    json_open(o, '{');
    for (unsigned language = 0; language < VL_LANGUAGE_COUNT; language++) {
        json_key(o, languages[language]);
        json_open(o, '[');
        for (size_t i = 0; i < VL_CODE_WORDS; i++) {
            json_write_text(o, vl_word((enum vl_language)language, code->words[i]));
        }
        json_close(o, ']');
    }
    json_close(o, '}');
}

static const char *as_text(enum vl_pairing_as as)
{
    static const char *const texts[VL_PAIRING_AS_COUNT] = {"member", "founder", "device"};
    return texts[as];
}

void request_answer_code(struct request *rq, const struct vl_code *code, int64_t seconds,
                         enum vl_pairing_as as)
{
    json_open(&rq->out, '{');
    put_code(&rq->out, code);
    json_put_integer(&rq->out, "seconds", seconds);
    json_put_flag(&rq->out, "founding", as == VL_PAIRING_AS_FOUNDER);
    json_put_text(&rq->out, "as", as_text(as));
    json_close(&rq->out, '}');
}

vl_result handle_invite(struct request *rq)
{
    struct time_body body = {0};
    struct circle *circle;
    struct vl_code code;
    VL_TRY(request_decode(rq, invite_fields, 1, &body));
    VL_TRY(request_circle(rq, &circle));
    if (view_is_private(circle)) {
        return request_refuse(rq, "circle", "nobody else can come into a private space",
                              VL_ERR_STATE);
    }
    if (body.seconds == 0) body.seconds = INVITE_SECONDS;
    VL_TRY(rq->api->network.invite(rq->api->network.self, &circle->id, VL_SECONDS(body.seconds),
                                   &code));
    request_answer_code(rq, &code, body.seconds,
                        circle->is_draft ? VL_PAIRING_AS_FOUNDER : VL_PAIRING_AS_MEMBER);
    return VL_OK;
}

struct join_body {
    const char *code, *pseudonym;
    int64_t seconds;
};
static const struct json_field join_fields[] = {
    {"code", JSON_KIND_TEXT, offsetof(struct join_body, code), true, 200},
    {"pseudonym", JSON_KIND_TEXT, offsetof(struct join_body, pseudonym), false, VL_NAME_BYTES_MAX},
    {"seconds", JSON_KIND_NUMBER, offsetof(struct join_body, seconds), false, INVITE_SECONDS_MAX},
};

static vl_result check_pseudonym(struct request *rq, const char *pseudonym)
{
    struct schema_problem problem = {0};
    struct vl_value name = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(pseudonym)};
    vl_result checked =
        schema_check(schema_field(SCHEMA_PROFILE, PROFILE_PSEUDONYM), &name, &problem);
    return checked == VL_OK ? VL_OK : request_refuse(rq, "pseudonym", problem.reason, checked);
}

vl_result handle_join(struct request *rq)
{
    struct join_body body = {0};
    struct vl_code code;
    VL_TRY(request_decode(rq, join_fields, 3, &body));
    vl_result parsed = vl_code_parse(vl_bytes_text(body.code), &code);
    if (parsed != VL_OK) {
        return request_refuse(rq, "code", "not a number and three words of the lists", parsed);
    }
    if (body.pseudonym != NULL) VL_TRY(check_pseudonym(rq, body.pseudonym));
    if (body.seconds == 0) body.seconds = INVITE_SECONDS;
    VL_TRY(rq->api->network.join(rq->api->network.self, &code,
                                 body.pseudonym == NULL ? "" : body.pseudonym,
                                 VL_SECONDS(body.seconds)));
    return handle_pairing(rq);
}

const char *view_pairing_state(enum api_pairing_state state)
{
    static const char *const states[] = {"none",    "searching", "listening", "proving", "deciding",
                                         "waiting", "syncing",   "done",      "failed"};
    return states[state];
}

vl_result handle_pairing(struct request *rq)
{
    struct api_network_view view = {0};
    const struct api_pairing_view *p = &view.pairing;
    struct json_out *o = &rq->out;
    rq->api->network.view(rq->api->network.self, &view);
    json_open(o, '{');
    json_put_text(o, "state", view_pairing_state(p->state));
    json_put_text(o, "result", p->state == API_PAIRING_FAILED ? vl_result_name(p->result) : NULL);
    json_put_flag(o, "inviter", p->inviter);
    json_put_text(o, "as", as_text(p->as));
    json_put_flag(o, "needs_pseudonym", p->needs_pseudonym);
    json_put_integer(o, "tries_left", p->tries_left);
    json_put_text(o, "name", p->name == NULL ? "" : p->name);
    json_put_text(o, "pseudonym", p->pseudonym == NULL ? "" : p->pseudonym);
    json_put_text(o, "purpose", p->purpose == NULL ? "" : p->purpose);
    json_put_text(o, "agreement", p->agreement == NULL ? "" : p->agreement);
    if (!vl_id_is_zero(&p->circle)) json_put_id(o, "circle", &p->circle);
    json_close(o, '}');
    return VL_OK;
}

struct decide_body {
    bool accept;
    const char *pseudonym;
};
static const struct json_field decide_fields[] = {
    {"accept", JSON_KIND_FLAG, offsetof(struct decide_body, accept), true, 0},
    {"pseudonym", JSON_KIND_TEXT, offsetof(struct decide_body, pseudonym), false,
     VL_NAME_BYTES_MAX},
};

vl_result handle_decide(struct request *rq)
{
    struct decide_body body = {0};
    struct api_network_view view = {0};
    VL_TRY(request_decode(rq, decide_fields, 2, &body));
    rq->api->network.view(rq->api->network.self, &view);
    if (body.pseudonym != NULL) VL_TRY(check_pseudonym(rq, body.pseudonym));
    const bool is_nameless = body.pseudonym == NULL || body.pseudonym[0] == '\0';
    if (body.accept && view.pairing.needs_pseudonym && is_nameless)
        return request_refuse(rq, "pseudonym", "the name you will have in this circle is missing",
                              VL_ERR_INVALID);
    VL_TRY(rq->api->network.decide(rq->api->network.self, body.accept, body.pseudonym));
    return handle_pairing(rq);
}

vl_result handle_cancel(struct request *rq)
{
    rq->api->network.cancel(rq->api->network.self);
    return handle_pairing(rq);
}
