#include "api/autolock.h"

#include "api/idle.h"
#include "api/live_cache.h"
#include "api/request.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct autolock {
    struct api *api;
    struct event *timer;
    struct idle idle;
    uint64_t session; /* of the page that asked last */
    bool takes_part;  /* in this meeting, if it is open */
    struct vl_id circle;
    struct vl_record_id meeting;
};

static unsigned minutes_of(const struct autolock *lock)
{
    return (unsigned)lock->api->preferences.values[PREFERENCE_LOCK_AFTER];
}

/* Whether the meeting in which she did something is open, and she is in it. */
static bool is_in_meeting(struct autolock *lock)
{
    const struct api *api = lock->api;
    struct live_now live;
    struct live_who me = {0};
    if (!lock->takes_part) return false;
    const struct circle *circle = circles_find(api->circles, &lock->circle);
    if (circle == NULL || circle->replica == NULL) return false;
    if (vl_replica_me(circle->replica, &me.person) != VL_OK) return false;
    if (live_cache_read(api->live, &api->network, circle, &lock->meeting, request_now(),
                        request_instant(), &live) != VL_OK) {
        return false;
    }
    if (live.state->phase != LIVE_OPEN && live.state->phase != LIVE_PAUSED) return false;
    size_t at = live_find(live.state, &me);
    return at != LIVE_NOBODY && live.state->speakers[at].here;
}

static void look(struct autolock *lock)
{
    struct api *api = lock->api;
    if (!api->is_open) return;
    if (!idle_look(&lock->idle, minutes_of(lock), is_in_meeting(lock), request_instant())) return;
    api->kept_session = lock->session;
    api->keeper.lock(api->keeper.self);
    api->kept_session = 0;
}

static void later(struct autolock *lock)
{
    const struct timeval wait = {.tv_sec = IDLE_LOOK_SECONDS};
    (void)evtimer_add(lock->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct autolock *lock = context;
    (void)fd, (void)what;
    look(lock);
    if (lock->api->is_open) later(lock);
}

void autolock_request(struct autolock *lock, const char *method, const struct caller *caller)
{
    if (lock == NULL) return;
    look(lock);
    bool reload = caller->header != NULL && caller->session == 0 &&
                  caller->header(caller->context, AUTOLOCK_RELOAD_HEADER) != NULL;
    if (caller->session != 0) lock->session = caller->session;
    if (idle_is_doing(method, caller->session != 0, reload)) {
        idle_did(&lock->idle, request_instant());
    }
}

void autolock_takes_part(struct autolock *lock, const struct vl_id *circle,
                         const struct vl_record_id *meeting)
{
    if (lock == NULL) return;
    lock->takes_part = true;
    lock->circle = *circle;
    lock->meeting = *meeting;
}

bool autolock_left(const struct autolock *lock, vl_duration *left)
{
    if (lock == NULL || minutes_of(lock) == 0) return false;
    *left = idle_left(&lock->idle, minutes_of(lock), request_instant());
    return true;
}

/* ---- life ---- */

void autolock_begin(struct autolock *lock)
{
    if (lock == NULL) return;
    idle_begin(&lock->idle, request_instant());
    lock->takes_part = false;
    later(lock);
}

void autolock_end(struct autolock *lock)
{
    if (lock == NULL) return;
    lock->takes_part = false;
    (void)evtimer_del(lock->timer);
}

vl_result autolock_create(struct autolock **out, struct api *api, struct event_base *base)
{
    struct autolock *lock = calloc(1, sizeof *lock);
    if (lock == NULL) return VL_ERR_NO_MEMORY;
    lock->api = api;
    lock->timer = evtimer_new(base, on_timer, lock);
    if (lock->timer == NULL) {
        free(lock);
        return VL_ERR_NO_MEMORY;
    }
    *out = lock;
    return VL_OK;
}

void autolock_destroy(struct autolock *lock)
{
    if (lock == NULL) return;
    event_free(lock->timer);
    free(lock);
}
