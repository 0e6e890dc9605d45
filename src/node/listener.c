#include "node/listener.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKETS_MAX     (INTERFACES_MAX * VL_BEACON_ADDRESSES_MAX)
#define BIND_TRIES      16u
#define BACKLOG         64
#define ACCEPTS_A_ROUND 32u

static_assert(VL_HALF_OPEN_PER_ADDRESS <= VL_HALF_OPEN_MAX, "one address cannot take all");

/* How long accepting rests when the process has no descriptor left. */
static const struct timeval REST = {0, 200000};

struct stranger {
    struct stranger *next; /* younger */
    struct listener *listener;
    struct endpoint endpoint;
    struct event *deadline;
    void *owner; /* NULL when discarded */
    int fd;
};

struct queue { /* oldest first */
    struct stranger *first;
    size_t count;
};

struct socket {
    struct listener *listener;
    struct event *ready;
    size_t slot;
    int fd;
};

struct listener {
    struct listener_config config;
    struct socket *sockets[SOCKETS_MAX];
    size_t socket_count, slot_count;
    struct queue half_open, discarded;
    struct event *rested;
};

/* ---- queues ---- */

static void queue_push(struct queue *q, struct stranger *s)
{
    struct stranger **at = &q->first;
    while (*at)
        at = &(*at)->next;
    s->next = NULL;
    *at = s;
    q->count++;
}

static void queue_remove(struct queue *q, struct stranger *s)
{
    struct stranger **at = &q->first;
    while (*at && *at != s)
        at = &(*at)->next;
    assert(*at == s);
    *at = s->next;
    q->count--;
}

static size_t queue_of_address(const struct queue *q, const struct vl_address *address)
{
    size_t count = 0;
    for (const struct stranger *s = q->first; s; s = s->next)
        count += vl_address_compare(&s->endpoint.address, address) == 0;
    return count;
}

/* The oldest of the address that has most in the queue; of several such, the oldest of all. */
static struct stranger *queue_victim(const struct queue *q)
{
    struct stranger *victim = NULL;
    size_t most = 0;
    for (struct stranger *s = q->first; s; s = s->next) {
        size_t count = queue_of_address(q, &s->endpoint.address);
        if (count <= most) continue;
        most = count;
        victim = s;
    }
    return victim;
}

static struct stranger *queue_oldest_of(const struct queue *q, const struct vl_address *address)
{
    for (struct stranger *s = q->first; s; s = s->next)
        if (vl_address_compare(&s->endpoint.address, address) == 0) return s;
    return NULL;
}

/* ---- strangers ---- */

/* Always a reset: a plain close would be a reset or not by whether bytes were left unread, and so
 * tell how far we had read. */
static void close_alike(int fd)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    (void)close(fd);
}

static void stranger_free(struct stranger *s)
{
    if (s->deadline) event_free(s->deadline);
    if (s->fd >= 0) close_alike(s->fd);
    free(s);
}

static void stranger_evict(struct stranger *s)
{
    void *owner = s->owner;
    s->owner = NULL;
    if (owner) s->listener->config.evicted(s->listener->config.context, owner);
}

static void drop_discarded(struct stranger *s)
{
    queue_remove(&s->listener->discarded, s);
    stranger_free(s);
}

static void to_discarded(struct stranger *s)
{
    struct listener *l = s->listener;
    queue_remove(&l->half_open, s);
    s->owner = NULL;
    if (l->discarded.count >= VL_DISCARD_MAX) drop_discarded(queue_victim(&l->discarded));
    queue_push(&l->discarded, s);
}

static void deadline_came(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct stranger *s = context;
    if (s->owner) {
        stranger_evict(s);
        queue_remove(&s->listener->half_open, s);
        stranger_free(s);
        return;
    }
    drop_discarded(s);
}

static void make_room(struct listener *l, const struct vl_address *address)
{
    struct stranger *victim = NULL;
    if (queue_of_address(&l->half_open, address) >= VL_HALF_OPEN_PER_ADDRESS)
        victim = queue_oldest_of(&l->half_open, address);
    else if (l->half_open.count >= VL_HALF_OPEN_MAX)
        victim = queue_victim(&l->half_open);
    if (!victim) return;
    stranger_evict(victim);
    to_discarded(victim);
}

static void take_in(struct socket *on, int fd, const struct endpoint *from)
{
    struct listener *l = on->listener;
    static const struct timeval limit = {VL_HANDSHAKE_SECONDS, 0};
    struct stranger *s = calloc(1, sizeof *s);
    if (!s) {
        close_alike(fd);
        return;
    }
    s->listener = l;
    s->fd = fd;
    s->endpoint = *from;
    s->deadline = evtimer_new(l->config.base, deadline_came, s);
    if (!s->deadline || event_add(s->deadline, &limit) != 0) {
        stranger_free(s);
        return;
    }
    make_room(l, &from->address);
    queue_push(&l->half_open, s);
    s->owner = l->config.accepted(l->config.context, s, on->slot);
    if (!s->owner) to_discarded(s);
}

static void set_accepting(struct listener *l, bool on)
{
    for (size_t k = 0; k < l->socket_count; k++)
        (void)(on ? event_add(l->sockets[k]->ready, NULL) : event_del(l->sockets[k]->ready));
}

static void rested(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    set_accepting(context, true);
}

static void ready(evutil_socket_t listening, short what, void *context)
{
    (void)what;
    struct socket *on = context;
    for (unsigned k = 0; k < ACCEPTS_A_ROUND; k++) {
        struct sockaddr_storage from;
        socklen_t size = sizeof from;
        struct endpoint endpoint;
        int fd = accept4(listening, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                set_accepting(on->listener, false); /* else the loop would spin */
                (void)event_add(on->listener->rested, &REST);
            }
            return;
        }
        if (endpoint_from_socket((const struct sockaddr *)&from, &endpoint) == VL_OK)
            take_in(on, fd, &endpoint);
        else
            close_alike(fd);
    }
}

int stranger_fd(const struct stranger *s)
{
    return s->fd;
}

const struct endpoint *stranger_endpoint(const struct stranger *s)
{
    return &s->endpoint;
}

int listener_admit(struct stranger *s)
{
    int fd = s->fd;
    queue_remove(&s->listener->half_open, s);
    s->fd = -1;
    stranger_free(s);
    return fd;
}

void listener_discard(struct stranger *s)
{
    to_discarded(s);
}

struct listener_counts listener_counts_of(const struct listener *l)
{
    return (struct listener_counts){l->half_open.count, l->discarded.count};
}

/* ---- sockets ---- */

static void socket_free(struct socket *s)
{
    if (!s) return;
    if (s->ready) event_free(s->ready);
    if (s->fd >= 0) (void)close(s->fd);
    free(s);
}

/* Binds and listens; *port 0 takes a random one and says which. */
static vl_result socket_open(struct listener *l, const struct endpoint *at, uint16_t *port,
                             struct socket **out)
{
    struct sockaddr_storage storage;
    socklen_t size = endpoint_to_socket(at, &storage);
    struct socket *s = calloc(1, sizeof *s);
    if (!s) return VL_ERR_NO_MEMORY;
    s->listener = l;
    s->slot = l->slot_count;
    vl_result result = VL_ERR_NETWORK;
    const int yes = 1;
    s->fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0) goto fail;
    address_keep_on_link(s->fd); /* what is accepted inherits it */
    if (storage.ss_family == AF_INET6 &&
        setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0)
        goto fail;
    if (bind(s->fd, (const struct sockaddr *)&storage, size) != 0 || listen(s->fd, BACKLOG) != 0)
        goto fail;
    struct endpoint bound;
    size = sizeof storage;
    if (getsockname(s->fd, (struct sockaddr *)&storage, &size) != 0 ||
        endpoint_from_socket((const struct sockaddr *)&storage, &bound) != VL_OK)
        goto fail;
    *port = bound.port;
    result = VL_ERR_NO_MEMORY;
    s->ready = event_new(l->config.base, s->fd, EV_READ | EV_PERSIST, ready, s);
    if (!s->ready || event_add(s->ready, NULL) != 0) goto fail;
    *out = s;
    return VL_OK;
fail:
    socket_free(s);
    return result;
}

static vl_result bind_all(struct listener *l, const struct interface *on, uint16_t *port)
{
    const size_t before = l->socket_count;
    vl_result result = VL_OK;
    *port = 0;
    for (size_t k = 0; k < on->address_count && result == VL_OK; k++) {
        const struct endpoint at = {on->addresses[k], on->index, *port};
        result = socket_open(l, &at, port, &l->sockets[l->socket_count]);
        if (result == VL_OK) l->socket_count++;
    }
    while (result != VL_OK && l->socket_count > before)
        socket_free(l->sockets[--l->socket_count]);
    return result;
}

vl_result listener_bind(struct listener *l, const struct interface *on, size_t *slot,
                        uint16_t *port)
{
    if (l->socket_count + on->address_count > SOCKETS_MAX) return VL_ERR_LIMIT;
    vl_result result = VL_ERR_NETWORK;
    /* The port that is free on the first address may be taken on another. */
    for (unsigned k = 0; k < BIND_TRIES && result == VL_ERR_NETWORK; k++)
        result = bind_all(l, on, port);
    VL_TRY(result);
    *slot = l->slot_count++;
    return VL_OK;
}

vl_result listener_create(struct listener **out, const struct listener_config *config)
{
    struct listener *l = calloc(1, sizeof *l);
    if (!l) return VL_ERR_NO_MEMORY;
    l->config = *config;
    l->rested = evtimer_new(config->base, rested, l);
    if (!l->rested) {
        listener_destroy(l);
        return VL_ERR_NO_MEMORY;
    }
    *out = l;
    return VL_OK;
}

static void queue_finish(struct queue *q)
{
    while (q->first) {
        struct stranger *s = q->first;
        stranger_evict(s);
        queue_remove(q, s);
        stranger_free(s);
    }
}

void listener_destroy(struct listener *l)
{
    if (!l) return;
    while (l->socket_count > 0)
        socket_free(l->sockets[--l->socket_count]);
    queue_finish(&l->half_open);
    queue_finish(&l->discarded);
    if (l->rested) event_free(l->rested);
    free(l);
}
