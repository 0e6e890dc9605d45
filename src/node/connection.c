#include "node/connection.h"

#include "node/clock.h"
#include "node/listener.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_AHEAD_BYTES  262144u /* unread, before TCP makes the other side wait */
#define UNSENT_BYTES_MAX  131072u /* beyond this the session is not asked for more */
#define UNSENT_BYTES_LOW  65536u  /* below this it is asked again */
#define GOODBYE_PARTS_MAX 64u

/* A peer that vanished is noticed within about half a minute. */
#define KEEPALIVE_IDLE_SECONDS 15
#define KEEPALIVE_STEP_SECONDS 5
#define KEEPALIVE_STEPS        3
#define UNACKED_MS             30000u

enum stage { STAGE_CONNECTING, STAGE_SECURING, STAGE_PAIRING, STAGE_SYNCING, STAGE_OVER };

struct connection {
    struct event_base *base;
    struct connection_events events;
    struct vl_replica *replica;
    struct vl_channel *channel;
    struct vl_pairing *pairing; /* the owner's */
    struct vl_session *session;
    struct stranger *stranger; /* while the listener owns the descriptor */
    struct bufferevent *io;
    struct event *deadline; /* of the handshake; dialled only */
    struct event *wake;     /* the session wants to be asked */
    struct event *end;      /* `ended` is called from the loop alone */
    struct endpoint remote;
    struct vl_buffer message;
    uint8_t peer[32];
    vl_instant since;
    enum stage stage;
    vl_result why;
    bool dialled, proves_first;
    int fd;
};

/* ---- the end ---- */

static void end_now(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct connection *c = context;
    c->events.ended(c->events.context, c, c->why);
}

static void fail(struct connection *c, vl_result why)
{
    if (c->stage == STAGE_OVER) return;
    c->stage = STAGE_OVER;
    c->why = why;
    (void)bufferevent_disable(c->io, EV_READ | EV_WRITE);
    event_active(c->end, EV_TIMEOUT, 0);
}

/* ---- sending ---- */

static void put_out(struct connection *c, struct vl_buffer *output)
{
    if (output->size == 0) return;
    if (bufferevent_write(c->io, output->data, output->size) != 0) {
        fail(c, VL_ERR_NO_MEMORY);
        return;
    }
    vl_buffer_consume(output, output->size);
}

static void schedule_wake(struct connection *c)
{
    vl_instant at = vl_session_deadline(c->session);
    if (at.ms == UINT64_MAX) {
        (void)event_del(c->wake);
        return;
    }
    const uint64_t left = vl_instant_since(at, clock_now()).ms;
    const struct timeval wait = clock_timeval(VL_MILLISECONDS(left));
    (void)event_add(c->wake, &wait);
}

/* Pulls from the session while there is room. */
static void pump(struct connection *c)
{
    if (c->stage != STAGE_SYNCING) return;
    vl_session_set_clock(c->session, clock_wall(), clock_now()); /* it may have been set */
    struct evbuffer *unsent = bufferevent_get_output(c->io);
    while (c->stage == STAGE_SYNCING && evbuffer_get_length(unsent) < UNSENT_BYTES_MAX) {
        vl_result result = vl_session_next(c->session, &c->message, clock_now());
        if (result == VL_ERR_NOT_FOUND) break;
        if (result == VL_OK) result = vl_channel_send(c->channel, vl_buffer_view(&c->message));
        if (result != VL_OK) {
            fail(c, result);
            return;
        }
        put_out(c, vl_channel_output(c->channel));
    }
    if (c->stage == STAGE_SYNCING) schedule_wake(c);
}

static void wake(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    pump(context);
}

/* Where the stream ended tells the joiner whether it was the code. */
static void fail_pairing(struct connection *c, vl_result otherwise)
{
    vl_pairing_hangup(c->pairing);
    const vl_result why = vl_pairing_error(c->pairing);
    fail(c, why == VL_OK || why == VL_ERR_CLOSED ? otherwise : why);
}

/* Silence after the joiner's confirmation is an answer too: whoever got it could test one guess. */
static void deadline_came(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct connection *c = context;
    if (c->stage == STAGE_PAIRING)
        fail_pairing(c, VL_ERR_TIMEOUT);
    else
        fail(c, VL_ERR_TIMEOUT);
}

/* ---- receiving ---- */

static void start_session(struct connection *c, const struct vl_session_config *config)
{
    memcpy(c->peer, config->peer_noise, sizeof c->peer);
    vl_result result = vl_session_create(&c->session, config, clock_now());
    if (result != VL_OK) {
        fail(c, result);
        return;
    }
    c->stage = STAGE_SYNCING;
    c->since = clock_now();
    connection_admit(c);
    bufferevent_setwatermark(c->io, EV_READ, 0, READ_AHEAD_BYTES);
}

static void secured(struct connection *c)
{
    struct vl_session_config config = {.replica = c->replica, .proves_first = c->proves_first};
    vl_result result = vl_channel_peer(c->channel, config.peer_noise);
    if (result != VL_OK) {
        fail(c, result);
        return;
    }
    memcpy(c->peer, config.peer_noise, sizeof c->peer);
    if (c->events.opened(c->events.context, c, c->peer))
        start_session(c, &config);
    else
        fail(c, VL_ERR_AUTHORITY);
}

static void take_messages(struct connection *c)
{
    bool any = false;
    while (c->stage == STAGE_SYNCING) {
        vl_result result = vl_channel_take(c->channel, &c->message);
        if (result == VL_ERR_NOT_FOUND) break;
        if (result == VL_OK)
            result = vl_session_receive(c->session, vl_buffer_view(&c->message), clock_now());
        if (result != VL_OK) fail(c, result);
        any = true;
    }
    if (any) c->events.moved(c->events.context, c);
    if (c->stage == STAGE_SYNCING && vl_channel_state_of(c->channel) == VL_CHANNEL_CLOSED)
        fail(c, VL_ERR_CLOSED);
}

static void receive_secured(struct connection *c, struct vl_bytes bytes)
{
    vl_result result = vl_channel_receive(c->channel, bytes);
    if (result != VL_OK && c->stage == STAGE_SECURING) {
        fail(c, result);
        return;
    }
    put_out(c, vl_channel_output(c->channel));
    if (c->stage == STAGE_SECURING && vl_channel_state_of(c->channel) == VL_CHANNEL_OPEN)
        secured(c);
    take_messages(c);
    if (result != VL_OK) fail(c, result);
    pump(c);
}

static void receive_pairing(struct connection *c, struct vl_bytes bytes)
{
    vl_result result = vl_pairing_receive(c->pairing, bytes);
    put_out(c, vl_pairing_output(c->pairing));
    if (result != VL_OK) fail(c, result);
    c->events.paired(c->events.context, c);
}

static void readable(struct bufferevent *io, void *context)
{
    struct connection *c = context;
    struct evbuffer *input = bufferevent_get_input(io);
    const size_t size = evbuffer_get_length(input);
    if (size == 0 || c->stage == STAGE_OVER) return;
    const uint8_t *data = evbuffer_pullup(input, -1);
    if (!data) {
        fail(c, VL_ERR_NO_MEMORY);
        return;
    }
    if (c->stage == STAGE_PAIRING)
        receive_pairing(c, vl_bytes(data, size));
    else
        receive_secured(c, vl_bytes(data, size));
    (void)evbuffer_drain(input, size);
}

static void writable(struct bufferevent *io, void *context)
{
    (void)io;
    pump(context);
}

static void connected(struct connection *c)
{
    if (c->pairing) {
        c->stage = STAGE_PAIRING;
        put_out(c, vl_pairing_output(c->pairing));
        return;
    }
    c->stage = STAGE_SECURING;
    put_out(c, vl_channel_output(c->channel));
}

static void happened(struct bufferevent *io, short what, void *context)
{
    (void)io;
    struct connection *c = context;
    if (c->stage == STAGE_OVER) return;
    if (what & BEV_EVENT_CONNECTED) {
        connected(c);
        return;
    }
    if (c->stage == STAGE_CONNECTING)
        fail(c, VL_ERR_NETWORK);
    else if (c->stage == STAGE_PAIRING)
        fail_pairing(c, VL_ERR_CLOSED);
    else
        fail(c, VL_ERR_CLOSED);
}

/* ---- making ---- */

static void set_socket_options(int fd)
{
    address_keep_on_link(fd);
    const int yes = 1, idle = KEEPALIVE_IDLE_SECONDS, step = KEEPALIVE_STEP_SECONDS,
              steps = KEEPALIVE_STEPS;
    const unsigned unacked = UNACKED_MS;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &step, sizeof step);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &steps, sizeof steps);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked, sizeof unacked);
}

static vl_result dial(struct connection *c)
{
    struct sockaddr_storage storage;
    const struct timeval limit = {VL_HANDSHAKE_SECONDS, 0};
    const socklen_t size = endpoint_to_socket(&c->remote, &storage);
    c->deadline = evtimer_new(c->base, deadline_came, c);
    if (!c->deadline || event_add(c->deadline, &limit) != 0) return VL_ERR_NO_MEMORY;
    c->stage = STAGE_CONNECTING;
    if (bufferevent_socket_connect(c->io, (struct sockaddr *)&storage, (int)size) != 0)
        return VL_ERR_NETWORK;
    return VL_OK;
}

static vl_result open_socket(struct connection *c)
{
    if (c->stranger)
        c->fd = stranger_fd(c->stranger);
    else
        c->fd = socket(c->remote.address.family == 4 ? AF_INET : AF_INET6,
                       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0) return VL_ERR_NETWORK;
    set_socket_options(c->fd);
    c->io = bufferevent_socket_new(c->base, c->fd, BEV_OPT_DEFER_CALLBACKS);
    if (!c->io) return VL_ERR_NO_MEMORY;
    bufferevent_setcb(c->io, readable, writable, happened, c);
    bufferevent_setwatermark(c->io, EV_READ, 0, VL_PREAUTH_BYTES_MAX);
    bufferevent_setwatermark(c->io, EV_WRITE, UNSENT_BYTES_LOW, 0);
    return VL_OK;
}

vl_result connection_create(struct connection **out, const struct connection_config *config)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        vl_channel_destroy(config->channel);
        return VL_ERR_NO_MEMORY;
    }
    c->base = config->base;
    c->events = *config->events;
    c->replica = config->replica;
    c->channel = config->channel;
    c->pairing = config->pairing;
    c->stranger = config->stranger;
    c->remote = config->remote;
    c->dialled = !config->stranger;
    c->proves_first = config->proves_first;
    c->fd = -1;
    vl_result result = VL_ERR_NO_MEMORY;
    c->end = event_new(c->base, -1, 0, end_now, c);
    c->wake = evtimer_new(c->base, wake, c);
    if (!c->end || !c->wake) goto fail;
    result = open_socket(c);
    if (result != VL_OK) goto fail;
    if (c->dialled)
        result = dial(c);
    else
        connected(c);
    if (result != VL_OK) goto fail;
    if (bufferevent_enable(c->io, EV_READ | EV_WRITE) != 0) {
        result = VL_ERR_NETWORK;
        goto fail;
    }
    *out = c;
    return VL_OK;
fail:
    c->stranger = NULL; /* the caller still has it */
    if (config->stranger) c->fd = -1;
    connection_destroy(c);
    return result;
}

/* ---- unmaking ---- */

/* Writes what the kernel takes at once, with the close record last. The output buffer of a
 * bufferevent is frozen for everybody else: it can be looked at, not copied out or written. */
static vl_result copy_unsent(const struct connection *c, struct vl_buffer *to)
{
    struct evbuffer_iovec parts[GOODBYE_PARTS_MAX];
    struct evbuffer *unsent = bufferevent_get_output(c->io);
    const int count = evbuffer_peek(unsent, -1, NULL, parts, (int)GOODBYE_PARTS_MAX);
    if (count < 0 || count > (int)GOODBYE_PARTS_MAX) return VL_ERR_LIMIT;
    for (int k = 0; k < count; k++)
        VL_TRY(vl_buffer_append(to, parts[k].iov_base, parts[k].iov_len));
    return VL_OK;
}

static void say_goodbye(struct connection *c)
{
    struct vl_buffer bytes = {0};
    vl_result result = copy_unsent(c, &bytes);
    if (result == VL_OK && c->channel && vl_channel_send_close(c->channel) == VL_OK) {
        const struct vl_buffer *record = vl_channel_output(c->channel);
        result = vl_buffer_append(&bytes, record->data, record->size);
    }
    if (result == VL_OK && bytes.size > 0)
        (void)send(c->fd, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    vl_buffer_finish(&bytes);
}

static void finish(struct connection *c, bool touch)
{
    if (touch && c->fd >= 0 && c->io && !c->stranger && c->stage != STAGE_CONNECTING)
        say_goodbye(c);
    if (c->io) bufferevent_free(c->io);
    if (c->stranger) {
        if (touch) listener_discard(c->stranger);
    } else if (c->fd >= 0)
        (void)close(c->fd);
    if (c->deadline) event_free(c->deadline);
    if (c->wake) event_free(c->wake);
    if (c->end) event_free(c->end);
    vl_session_destroy(c->session);
    vl_channel_destroy(c->channel);
    vl_buffer_wipe(&c->message);
    free(c);
}

void connection_destroy(struct connection *c)
{
    if (c) finish(c, true);
}

void connection_destroy_evicted(struct connection *c)
{
    finish(c, false);
}

/* ---- the owner's wishes ---- */

void connection_admit(struct connection *c)
{
    if (c->deadline) (void)event_del(c->deadline);
    if (!c->stranger) return;
    c->fd = listener_admit(c->stranger);
    c->stranger = NULL;
}

void connection_flush(struct connection *c)
{
    if (c->stage == STAGE_PAIRING) put_out(c, vl_pairing_output(c->pairing));
}

vl_result connection_sync(struct connection *c, struct vl_channel *channel,
                          const struct vl_session_config *session)
{
    if (c->stage != STAGE_PAIRING) {
        vl_channel_destroy(channel);
        return VL_ERR_STATE;
    }
    put_out(c, vl_pairing_output(c->pairing));
    c->channel = channel;
    c->replica = session->replica;
    c->pairing = NULL;
    put_out(c, vl_channel_output(channel)); /* the welcome may be in it */
    start_session(c, session);
    if (c->stage == STAGE_OVER) return c->why;
    take_messages(c);
    pump(c);
    return VL_OK;
}

void connection_poke(struct connection *c)
{
    pump(c);
}

void connection_tell_cursor(struct connection *c, const struct vl_cursor *cursor)
{
    if (c->stage != STAGE_SYNCING) return;
    vl_session_set_cursor(c->session, cursor);
    pump(c);
}

bool connection_take_cursor(struct connection *c, struct vl_cursor *out)
{
    return c->stage == STAGE_SYNCING && vl_session_take_cursor(c->session, out);
}

void connection_check_address(struct connection *c, const struct interface_list *now)
{
    struct sockaddr_storage storage;
    socklen_t size = sizeof storage;
    struct endpoint own;
    if (c->fd < 0 || getsockname(c->fd, (struct sockaddr *)&storage, &size) != 0 ||
        endpoint_from_socket((const struct sockaddr *)&storage, &own) != VL_OK)
        return;
    for (size_t k = 0; k < now->count; k++)
        for (size_t j = 0; j < now->items[k].address_count; j++)
            if (vl_address_compare(&now->items[k].addresses[j], &own.address) == 0) return;
    fail(c, VL_ERR_NETWORK);
}

vl_instant connection_since(const struct connection *c)
{
    return c->since;
}

bool connection_is_dialled(const struct connection *c)
{
    return c->dialled;
}

bool connection_is_syncing(const struct connection *c)
{
    return c->stage == STAGE_SYNCING;
}

bool connection_has_met(const struct connection *c)
{
    if (c->stage != STAGE_SYNCING) return false;
    const enum vl_session_state state = vl_session_state_of(c->session);
    return state == VL_SESSION_SENDING || state == VL_SESSION_LIVE;
}

bool connection_in_sync(const struct connection *c)
{
    return c->stage == STAGE_SYNCING && vl_session_in_sync(c->session);
}

const uint8_t *connection_peer(const struct connection *c)
{
    return c->peer;
}

struct vl_session_counts connection_counts(const struct connection *c)
{
    return c->session ? vl_session_counts_of(c->session) : (struct vl_session_counts){0};
}
