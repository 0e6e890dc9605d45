/* One request: what is refused on its head, then its body, then its answer. */
#include "api/gate.h"
#include "api/http_internal.h"
#include "api/language.h"
#include "api/launch.h"
#include "api/message.h"
#include "api/sockets.h"
#include "api/web.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct call { /* one request that is arriving */
    enum gate_verdict verdict;
    uint64_t session;
    struct vl_buffer body;
};

/* ---- answers ---- */

/* On every answer, whoever gets it. Only files of ours, nothing inline, nothing framed, nothing
 * kept, and nothing told to another site. */
static const char *const headers[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
     "img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
     "frame-ancestors 'none'"},
    {"Cache-Control", "no-store"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), "
                           "midi=(), payment=(), publickey-credentials-get=(), usb=()"},
};

/* Lets go of the response; NULL: there was no memory for it. */
static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, const char *type,
                             struct MHD_Response *response)
{
    struct wire *wire = wire_of(connection);
    if (response == NULL) return MHD_NO;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        (void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
    }
    (void)MHD_add_response_header(response, "Content-Type", type);
    if (status == MHD_HTTP_UNAUTHORIZED) {
        (void)MHD_add_response_header(response, "Connection", "close");
    }
    if (wire != NULL) wire_enter(wire, WIRE_ANSWERING);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

#define JSON_TYPE "application/json; charset=utf-8"

/* Takes over the bytes. */
static struct MHD_Response *respond_with(struct vl_buffer *bytes)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bytes->size, bytes->data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) vl_buffer_finish(bytes);
    return response;
}

static const char *header(void *context, const char *name)
{
    return MHD_lookup_connection_value(context, MHD_HEADER_KIND, name);
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status)
{
    struct vl_buffer bytes = {0};
    struct json_out o = json_out(&bytes);
    vl_result why = status == MHD_HTTP_NOT_FOUND             ? VL_ERR_NOT_FOUND
                    : status == MHD_HTTP_CONTENT_TOO_LARGE   ? VL_ERR_TOO_LARGE
                    : status == MHD_HTTP_SERVICE_UNAVAILABLE ? VL_ERR_LIMIT
                                                             : VL_ERR_INVALID;
    json_open(&o, '{');
    message_put(&o, language_accepted(header(connection, "Accept-Language")), why,
                &(struct json_problem){0});
    json_close(&o, '}');
    return queue(connection, status, JSON_TYPE, respond_with(&bytes));
}

/* The same for every reason. */
static enum MHD_Result refuse_at_the_gate(struct MHD_Connection *connection)
{
    static char nothing[] = "401\n";
    return queue(
        connection, MHD_HTTP_UNAUTHORIZED, "text/plain",
        MHD_create_response_from_buffer(sizeof nothing - 1, nothing, MHD_RESPMEM_PERSISTENT));
}

static void put_cookie(struct MHD_Response *response, uint16_t port, const char *value)
{
    char text[160];
    snprintf(text, sizeof text, GATE_COOKIE_PREFIX "%u=%s; Path=/; HttpOnly; SameSite=Strict%s",
             (unsigned)port, value, value[0] == 0 ? "; Max-Age=0" : "");
    (void)MHD_add_response_header(response, "Set-Cookie", text);
    sodium_memzero(text, sizeof text);
}

/* ---- the head ---- */

struct wanted {
    const char *name;
    struct gate_field *field;
};

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name,
                                size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    for (const struct wanted *w = context; w->name != NULL; w++) {
        if (strlen(w->name) != name_size || strncasecmp(w->name, name, name_size) != 0) continue;
        if (w->field->count++ == 0) w->field->value = vl_bytes(value, value_size);
    }
    return MHD_YES;
}

static enum gate_verdict pass_gate(struct http *http, struct MHD_Connection *connection,
                                   const char *method, const char *path, uint64_t *session)
{
    struct gate_head head = {.method = method, .path = path};
    struct wanted wanted[] = {{"Host", &head.host},
                              {"Origin", &head.origin},
                              {"Sec-Fetch-Site", &head.fetch_site},
                              {"Sec-Fetch-Mode", &head.fetch_mode},
                              {"Sec-Fetch-Dest", &head.fetch_dest},
                              {"Cookie", &head.cookie},
                              {"X-Veillee-Token", &head.token},
                              {"Content-Type", &head.content_type},
                              {"Content-Length", &head.content_length},
                              {NULL, NULL}};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_field, wanted);
    return gate_check(http->port, http->api->sessions, &head, session);
}

/* A cookie goes to every port of its host, also to one on which another account listens: having it
 * is not enough. */
static bool is_of_our_account(struct wire *wire)
{
    if (!wire->is_ours) wire->is_ours = sockets_loopback_peer_is_ours(wire->fd);
    return wire->is_ours;
}

/* 0, or the status of a refusal. */
static unsigned check_body(struct MHD_Connection *connection)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding") != NULL) {
        return MHD_HTTP_LENGTH_REQUIRED;
    }
    if (length != NULL && strtoull(length, NULL, 10) > API_BODY_BYTES_MAX) {
        return MHD_HTTP_CONTENT_TOO_LARGE;
    }
    return 0;
}

static enum MHD_Result on_head(struct door *door, struct MHD_Connection *connection,
                               const char *method, const char *path, void **state)
{
    struct wire *wire = wire_of(connection);
    uint64_t session = 0;
    enum gate_verdict verdict = GATE_API;
    if (wire == NULL || (!door->is_page && !wire->is_ours)) return MHD_NO;
    if (door->is_page) {
        verdict = pass_gate(door->http, connection, method, path, &session);
        if (verdict == GATE_REFUSED) return refuse_at_the_gate(connection);
        if (verdict != GATE_LAUNCH && !is_of_our_account(wire)) {
            return refuse_at_the_gate(connection);
        }
    }
    if (verdict != GATE_LAUNCH) wire->is_admitted = true;
    unsigned status = check_body(connection);
    if (status == 0 && verdict == GATE_API) status = routes_known(method, path);
    if (status == 0 && verdict == GATE_FILE && web_find(path) == NULL) status = MHD_HTTP_NOT_FOUND;
    if (status != 0) return refuse(connection, status);

    struct call *call = calloc(1, sizeof *call);
    if (call == NULL) return MHD_NO;
    *call = (struct call){.verdict = verdict, .session = session};
    *state = call;
    return MHD_YES;
}

/* ---- the body, and what it gets ---- */

static enum MHD_Result on_body(struct call *call, const char *data, size_t *size)
{
    if (call->body.size + *size > API_BODY_BYTES_MAX) return MHD_NO;
    vl_result kept = vl_buffer_append(&call->body, data, *size);
    sodium_memzero((void *)(uintptr_t)data, *size); /* MHD's buffer; it may be a passphrase */
    if (kept != VL_OK) return MHD_NO;
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result answer_launch(struct http *http, struct MHD_Connection *connection,
                                     const struct call *call)
{
    /* Not a redirect: that would still count as coming from the file's site, without the cookie. */
    static char text[] = "<!doctype html><meta charset=\"utf-8\"><title>.</title>"
                         "<link rel=\"icon\" href=\"/icon.png\">"
                         "<meta http-equiv=\"refresh\" content=\"0;url=/\">\n";
    const size_t skip = sizeof GATE_LAUNCH_FIELD - 1;
    struct sessions *sessions = http->api->sessions;
    struct wire *wire = wire_of(connection);
    if (call->body.size != GATE_LAUNCH_BYTES ||
        memcmp(call->body.data, GATE_LAUNCH_FIELD, skip) != 0) {
        return refuse_at_the_gate(connection);
    }
    struct vl_bytes token = vl_bytes(call->body.data + skip, SESSION_TOKEN_CHARS);
    if (!sessions_launch_matches(sessions, token, request_instant()) || !is_of_our_account(wire)) {
        return refuse_at_the_gate(connection);
    }
    uint64_t session = sessions_redeem(sessions, token, request_instant());
    api_launch_forget(http->api);
    wire->is_admitted = true;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) put_cookie(response, http->port, sessions_cookie(sessions, session));
    return queue(connection, MHD_HTTP_OK, "text/html; charset=utf-8", response);
}

static enum MHD_Result answer_file(struct MHD_Connection *connection, const char *path)
{
    const struct embedded_file *file = web_find(path);
    if (file == NULL) return refuse(connection, MHD_HTTP_NOT_FOUND);
    return queue(connection, MHD_HTTP_OK, web_type(file),
                 MHD_create_response_from_buffer(file->size, (void *)(uintptr_t)file->data,
                                                 MHD_RESPMEM_PERSISTENT));
}

static const char *query(void *context, const char *name)
{
    return MHD_lookup_connection_value(context, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result answer_events(struct http *http, struct MHD_Connection *connection,
                                     const struct call *call)
{
    const char *last = header(connection, "Last-Event-ID");
    if (last == NULL) last = query(connection, "last");
    if (http->stream_count >= API_WATCHERS_MAX) {
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    enum MHD_Result queued = queue(connection, MHD_HTTP_OK, "text/event-stream",
                                   stream_begin(http, connection, call->session, last));
    if (queued == MHD_YES) wire_enter(wire_of(connection), WIRE_STREAMING);
    return queued;
}

static enum MHD_Result answer_api(struct http *http, struct MHD_Connection *connection,
                                  const char *method, const char *path, const struct call *call)
{
    struct vl_buffer bytes = {0};
    const struct answer_file *file = NULL;
    if (call->session != 0 && !sessions_has(http->api->sessions, call->session)) {
        return refuse_at_the_gate(connection); /* it ended while the body came */
    }
    bool watches = false;
    const struct caller caller = {.query = query,
                                  .header = header,
                                  .context = connection,
                                  .session = call->session,
                                  .watches = &watches,
                                  .file = &file};
    unsigned status =
        routes_answer(http->api, method, path, vl_buffer_view(&call->body), &caller, &bytes);
    if (watches && status == MHD_HTTP_OK) {
        vl_buffer_finish(&bytes);
        return answer_events(http, connection, call);
    }
    struct MHD_Response *response = respond_with(&bytes);
    if (response != NULL && call->session != 0 &&
        !sessions_has(http->api->sessions, call->session)) {
        put_cookie(response, http->port, ""); /* it ended with this request */
    }
    if (response == NULL || file == NULL || status != MHD_HTTP_OK) {
        return queue(connection, status, JSON_TYPE, response);
    }
    char disposition[96]; /* to be kept, never shown as a page of ours */
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", file->name);
    (void)MHD_add_response_header(response, "Content-Disposition", disposition);
    return queue(connection, status, file->type, response);
}

enum MHD_Result http_on_request(void *context, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **state)
{
    struct door *door = context;
    struct call *call = *state;
    (void)version;
    if (call == NULL) return on_head(door, connection, method, path, state);
    if (*size > 0) return on_body(call, data, size);

    enum MHD_Result result;
    switch (call->verdict) {
    case GATE_LAUNCH: result = answer_launch(door->http, connection, call); break;
    case GATE_FILE: result = answer_file(connection, path); break;
    case GATE_API: result = answer_api(door->http, connection, method, path, call); break;
    default: result = MHD_NO;
    }
    vl_buffer_wipe(&call->body);
    return result;
}

void http_on_completed(void *context, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode code)
{
    struct call *call = *state;
    struct wire *wire = wire_of(connection);
    (void)context, (void)code;
    if (wire != NULL) wire_enter(wire, WIRE_ARRIVING);
    if (call == NULL) return;
    vl_buffer_wipe(&call->body);
    free(call);
    *state = NULL;
}
