#include "api/http.h"

#include <errno.h>
#include <event2/event.h>
#include <microhttpd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct http {
    struct api *api;
    struct MHD_Daemon *daemon;
    struct event *readable, *timeout;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    bool is_bound;
};

struct call { /* one request that is arriving */
    struct vl_buffer body;
    unsigned refused; /* status; the head was enough */
};

/* ---- the socket ---- */

static bool somebody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    int status = connect(fd, (const struct sockaddr *)address, sizeof *address);
    close(fd);
    return status == 0;
}

static vl_result listen_on(struct http *http, const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return VL_ERR_INVALID;
    memcpy(address.sun_path, path, strlen(path) + 1);
    memcpy(http->path, path, strlen(path) + 1);
    if (somebody_answers(&address)) return VL_ERR_IN_USE;

    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return VL_ERR_STORAGE;
    mode_t before = umask(077);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    (void)umask(before);
    if (bound == 0) http->is_bound = true;
    if (bound != 0 || chmod(path, 0600) != 0 || listen(fd, API_CONNECTIONS) != 0) {
        close(fd);
        return VL_ERR_STORAGE;
    }
    *out = fd;
    return VL_OK;
}

static bool is_our_own(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (info == NULL) return false;
    if (getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == geteuid();
}

/* ---- requests ---- */

/* Takes over the bytes. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              struct vl_buffer *bytes)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bytes->size, bytes->data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        vl_buffer_finish(bytes);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", "application/json; charset=utf-8");
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status)
{
    struct vl_buffer bytes = {0};
    struct json_out o = json_out(&bytes);
    vl_result why = status == MHD_HTTP_NOT_FOUND           ? VL_ERR_NOT_FOUND
                    : status == MHD_HTTP_CONTENT_TOO_LARGE ? VL_ERR_TOO_LARGE
                                                           : VL_ERR_INVALID;
    json_open(&o, '{');
    json_put_text(&o, "error", vl_result_name(why));
    json_put_text(&o, "field", NULL);
    json_put_text(&o, "message", vl_result_message(why));
    json_close(&o, '}');
    return answer(connection, status, &bytes);
}

static unsigned check_head(struct MHD_Connection *connection, const char *method, const char *path)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding") != NULL) {
        return MHD_HTTP_LENGTH_REQUIRED;
    }
    if (length != NULL && strtoull(length, NULL, 10) > API_BODY_BYTES_MAX) {
        return MHD_HTTP_CONTENT_TOO_LARGE;
    }
    return routes_known(method, path);
}

static const char *query(void *context, const char *name)
{
    return MHD_lookup_connection_value(context, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **state)
{
    struct http *http = context;
    struct call *call = *state;
    (void)version;

    if (call == NULL) {
        if (!is_our_own(connection)) return MHD_NO;
        call = calloc(1, sizeof *call);
        if (call == NULL) return MHD_NO;
        *state = call;
        call->refused = check_head(connection, method, path);
        return call->refused == 0 ? MHD_YES : refuse(connection, call->refused);
    }
    if (*size > 0) {
        if (call->body.size + *size > API_BODY_BYTES_MAX) return MHD_NO;
        vl_result kept = vl_buffer_append(&call->body, data, *size);
        sodium_memzero((void *)(uintptr_t)data, *size); /* MHD's buffer; it may be a passphrase */
        if (kept != VL_OK) return MHD_NO;
        *size = 0;
        return MHD_YES;
    }
    struct vl_buffer bytes = {0};
    unsigned status = routes_answer(http->api, method, path, vl_buffer_view(&call->body), query,
                                    connection, &bytes);
    vl_buffer_wipe(&call->body);
    return answer(connection, status, &bytes);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct call *call = *state;
    (void)context, (void)connection, (void)code;
    if (call == NULL) return;
    vl_buffer_wipe(&call->body);
    free(call);
    *state = NULL;
}

/* ---- the loop ---- */

static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG ms;
    (void)MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &ms) == MHD_YES) {
        struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
        (void)evtimer_add(http->timeout, &wait);
    } else {
        (void)evtimer_del(http->timeout);
    }
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    run(context);
}

vl_result http_create(struct http **out, struct api *api, struct event_base *base,
                      const char *socket_path)
{
    int fd = -1;
    vl_result result;
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) return VL_ERR_NO_MEMORY;
    http->api = api;
    result = listen_on(http, socket_path, &fd);
    if (result != VL_OK) goto fail;

    result = VL_ERR_NETWORK;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, API_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        API_IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    if (http->daemon == NULL) {
        close(fd);
        goto fail;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0) goto fail;

    result = VL_ERR_NO_MEMORY;
    http->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_event, http);
    http->timeout = evtimer_new(base, on_event, http);
    if (http->readable == NULL || http->timeout == NULL) goto fail;
    if (event_add(http->readable, NULL) != 0) goto fail;
    *out = http;
    return VL_OK;
fail:
    http_destroy(http);
    return result;
}

void http_destroy(struct http *http)
{
    if (http == NULL) return;
    if (http->readable != NULL) event_free(http->readable);
    if (http->timeout != NULL) event_free(http->timeout);
    if (http->daemon != NULL) MHD_stop_daemon(http->daemon);
    if (http->is_bound) (void)unlink(http->path);
    free(http);
}
