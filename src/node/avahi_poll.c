#include "node/avahi_poll.h"

#include <stdbool.h>
#include <stdlib.h>

struct avahi_poll {
    AvahiPoll api;
    struct event_base *base;
};

struct AvahiWatch {
    struct event *event;
    struct event_base *base;
    int fd;
    AvahiWatchEvent happened; /* while the callback runs */
    AvahiWatchCallback callback;
    void *userdata;
};

struct AvahiTimeout {
    struct event *event;
    AvahiTimeoutCallback callback;
    void *userdata;
};

static void watch_ready(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    AvahiWatch *w = context;
    int happened = 0;
    if (what & EV_READ) happened |= AVAHI_WATCH_IN;
    if (what & EV_WRITE) happened |= AVAHI_WATCH_OUT;
    w->happened = (AvahiWatchEvent)happened;
    w->callback(w, w->fd, w->happened, w->userdata); /* may free w */
}

/* (Re)arms the event. libevent reports an error or a hang-up as readable, which is what Avahi does
 * with them too: it reads and sees. */
static bool watch_arm(AvahiWatch *w, AvahiWatchEvent events)
{
    int what = EV_PERSIST;
    if ((int)events & (AVAHI_WATCH_IN | AVAHI_WATCH_ERR | AVAHI_WATCH_HUP)) what |= EV_READ;
    if ((int)events & AVAHI_WATCH_OUT) what |= EV_WRITE;
    if (event_del(w->event) != 0) return false;
    if (event_assign(w->event, w->base, w->fd, (short)what, watch_ready, w) != 0) return false;
    if ((what & (EV_READ | EV_WRITE)) == 0) return true;
    return event_add(w->event, NULL) == 0;
}

static void watch_free(AvahiWatch *w)
{
    if (!w) return;
    if (w->event) event_free(w->event);
    free(w);
}

static AvahiWatch *watch_new(const AvahiPoll *api, int fd, AvahiWatchEvent events,
                             AvahiWatchCallback callback, void *userdata)
{
    const struct avahi_poll *poll = api->userdata;
    AvahiWatch *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->base = poll->base;
    w->fd = fd;
    w->callback = callback;
    w->userdata = userdata;
    w->event = event_new(poll->base, fd, EV_READ | EV_PERSIST, watch_ready, w);
    if (!w->event || !watch_arm(w, events)) {
        watch_free(w);
        return NULL;
    }
    return w;
}

static void watch_update(AvahiWatch *w, AvahiWatchEvent events)
{
    /* Avahi's interface has no way to say that it failed; the watch is silent then and the
     * gathering ends with its time. */
    (void)watch_arm(w, events);
}

static AvahiWatchEvent watch_get_events(AvahiWatch *w)
{
    return w->happened;
}

static void timeout_ready(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    AvahiTimeout *t = context;
    t->callback(t, t->userdata); /* may free t */
}

static void timeout_update(AvahiTimeout *t, const struct timeval *at)
{
    if (!at) {
        (void)event_del(t->event);
        return;
    }
    struct timeval now, left = {0, 0};
    if (evutil_gettimeofday(&now, NULL) == 0 && evutil_timercmp(at, &now, >))
        evutil_timersub(at, &now, &left);
    (void)event_add(t->event, &left);
}

static void timeout_free(AvahiTimeout *t)
{
    if (!t) return;
    if (t->event) event_free(t->event);
    free(t);
}

static AvahiTimeout *timeout_new(const AvahiPoll *api, const struct timeval *at,
                                 AvahiTimeoutCallback callback, void *userdata)
{
    const struct avahi_poll *poll = api->userdata;
    AvahiTimeout *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->callback = callback;
    t->userdata = userdata;
    t->event = evtimer_new(poll->base, timeout_ready, t);
    if (!t->event) {
        timeout_free(t);
        return NULL;
    }
    timeout_update(t, at);
    return t;
}

vl_result avahi_poll_create(struct avahi_poll **out, struct event_base *base)
{
    struct avahi_poll *poll = calloc(1, sizeof *poll);
    if (!poll) return VL_ERR_NO_MEMORY;
    poll->base = base;
    poll->api = (AvahiPoll){
        .userdata = poll,
        .watch_new = watch_new,
        .watch_update = watch_update,
        .watch_get_events = watch_get_events,
        .watch_free = watch_free,
        .timeout_new = timeout_new,
        .timeout_update = timeout_update,
        .timeout_free = timeout_free,
    };
    *out = poll;
    return VL_OK;
}

void avahi_poll_destroy(struct avahi_poll *poll)
{
    free(poll);
}

const AvahiPoll *avahi_poll_api(const struct avahi_poll *poll)
{
    return &poll->api;
}
