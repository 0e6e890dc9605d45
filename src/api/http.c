#include "api/http_internal.h"
#include "api/sockets.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SWEEP_SECONDS 5
#define BACKLOG       256 /* who waits for a place */
#define SPARE         8u  /* places that whoever has not passed the gate cannot hold */

static_assert(API_CONNECTIONS > SPARE, "there are places beside the spare ones");

/* ---- connections ---- */

void wire_enter(struct wire *wire, enum wire_state state)
{
    wire->state = state;
    wire->since = request_instant();
}

struct wire *wire_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void cut(struct wire *wire)
{
    wire->is_cut = true;
    (void)shutdown(wire->fd, SHUT_RDWR); /* libmicrohttpd notices and ends it */
}

/* Somebody who holds connections without ever saying anything right (another account can) must not
 * keep our own browser out: the oldest of them goes. */
static void make_room(struct door *door)
{
    struct wire *oldest = NULL;
    size_t count = 0;
    for (struct wire *wire = door->wires; wire != NULL; wire = wire->next) {
        if (wire->is_cut) continue;
        count++;
        if (!wire->is_admitted) oldest = wire; /* the newest is first in the list */
    }
    if (count > API_CONNECTIONS - SPARE && oldest != NULL) cut(oldest);
}

/* The timers rest while there is nothing for them to do. */
static void later(struct event *timer, unsigned seconds)
{
    const struct timeval wait = {.tv_sec = (time_t)seconds};
    if (!evtimer_pending(timer, NULL)) (void)evtimer_add(timer, &wait);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct door *door = context;
    struct wire *wire = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        wire = calloc(1, sizeof *wire);
        if (wire == NULL || info == NULL) { /* its requests are refused */
            free(wire);
            return;
        }
        *wire = (struct wire){.door = door, .fd = info->connect_fd, .next = door->wires};
        wire->is_ours = !door->is_page && sockets_peer_is_ours(wire->fd);
        wire_enter(wire, WIRE_ARRIVING);
        if (door->wires != NULL) door->wires->prev = wire;
        door->wires = wire;
        *socket_context = wire;
        make_room(door);
        later(door->http->sweep, SWEEP_SECONDS);
    } else if (wire != NULL) {
        if (wire->next != NULL) wire->next->prev = wire->prev;
        if (wire->prev != NULL) wire->prev->next = wire->next;
        if (door->wires == wire) door->wires = wire->next;
        free(wire);
        *socket_context = NULL;
        door->has_room = true;
    }
}

/* libmicrohttpd counts idle time only: one byte now and then would hold a connection for ever. */
static void cut_the_slow(struct door *door)
{
    vl_instant now = request_instant();
    for (struct wire *wire = door->wires; wire != NULL; wire = wire->next) {
        if (wire->is_cut || wire->state == WIRE_STREAMING) continue;
        vl_duration limit =
            VL_SECONDS(wire->state == WIRE_ARRIVING ? API_REQUEST_SECONDS : API_ANSWER_SECONDS);
        if (vl_instant_reached(now, vl_instant_add(wire->since, limit))) cut(wire);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    struct http *http = context;
    (void)fd, (void)what;
    cut_the_slow(&http->socket);
    cut_the_slow(&http->page);
    if (http->socket.wires != NULL || http->page.wires != NULL) later(http->sweep, SWEEP_SECONDS);
}

static void on_beat(evutil_socket_t fd, short what, void *context)
{
    struct http *http = context;
    (void)fd, (void)what;
    streams_wake(http, true);
    if (http->streams != NULL) http_beat_later(http);
}

void http_beat_later(struct http *http)
{
    later(http->beat, API_BEAT_SECONDS);
}

/* ---- the loop ---- */

static void run(struct door *door)
{
    MHD_UNSIGNED_LONG_LONG ms;
    door->has_room = false;
    (void)MHD_run(door->daemon);
    /* At its limit libmicrohttpd does not listen, and only takes that up again in its next run. */
    if (door->has_room) event_active(door->readable, EV_READ, 0);
    if (MHD_get_timeout(door->daemon, &ms) == MHD_YES) {
        struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        (void)evtimer_add(door->timeout, &wait);
    } else {
        (void)evtimer_del(door->timeout);
    }
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    run(context);
}

/* Takes over `fd`. */
static vl_result door_open(struct door *door, struct event_base *base, int fd)
{
    door->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, http_on_request, door,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, API_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, API_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)API_HEAD_BYTES_MAX, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, door, MHD_OPTION_END);
    if (door->daemon == NULL) {
        close(fd);
        return VL_ERR_NETWORK;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0) return VL_ERR_NETWORK;
    door->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_event, door);
    door->timeout = evtimer_new(base, on_event, door);
    if (door->readable == NULL || door->timeout == NULL || event_add(door->readable, NULL) != 0) {
        return VL_ERR_NO_MEMORY;
    }
    return VL_OK;
}

static void door_close(struct door *door)
{
    if (door->readable != NULL) event_free(door->readable);
    if (door->timeout != NULL) event_free(door->timeout);
    if (door->daemon != NULL) MHD_stop_daemon(door->daemon);
}

/* ---- life ---- */

static vl_result open_socket(struct http *http, const struct api_config *config)
{
    int fd = -1;
    VL_TRY(sockets_listen_path(config->socket_path, BACKLOG, &fd));
    memcpy(http->path, config->socket_path, strlen(config->socket_path) + 1);
    return door_open(&http->socket, config->base, fd);
}

static vl_result open_page(struct http *http, const struct api_config *config)
{
    int fd = -1;
    uint16_t port = config->page->port;
    VL_TRY(sockets_listen_loopback(&port, BACKLOG, &fd));
    http->port = port;
    return door_open(&http->page, config->base, fd);
}

vl_result http_create(struct http **out, struct api *api, const struct api_config *config)
{
    static_assert(sizeof((struct http *)0)->path == sizeof((struct sockaddr_un *)0)->sun_path,
                  "what sockets_listen_path took fits");
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) return VL_ERR_NO_MEMORY;
    http->api = api;
    http->socket.http = http->page.http = http;
    http->page.is_page = true;
    http->sweep = evtimer_new(config->base, on_sweep, http);
    http->beat = evtimer_new(config->base, on_beat, http);
    vl_result result = http->sweep == NULL || http->beat == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    if (result == VL_OK) result = open_socket(http, config);
    if (result == VL_OK && config->page != NULL) result = open_page(http, config);
    if (result != VL_OK) {
        http_destroy(http);
        return result;
    }
    *out = http;
    return VL_OK;
}

void http_destroy(struct http *http)
{
    if (http == NULL) return;
    streams_wake(http, false); /* libmicrohttpd ends no listener with suspended connections */
    door_close(&http->socket);
    door_close(&http->page);
    if (http->sweep != NULL) event_free(http->sweep);
    if (http->beat != NULL) event_free(http->beat);
    if (http->path[0] != 0) (void)unlink(http->path);
    free(http);
}

uint16_t http_port(const struct http *http)
{
    return http->port;
}

void http_wake(struct http *http)
{
    streams_wake(http, false);
}
