#include "node/dialler.h"

#include <stdlib.h>
#include <string.h>

enum target_state { TARGET_WAITING, TARGET_DIALLING, TARGET_UP };

struct target {
    struct target *next;
    struct vl_sighting whom;
    struct endpoint endpoints[DIALLER_ENDPOINTS_MAX];
    size_t endpoint_count, endpoint_next;
    enum target_state state;
    vl_instant due;
    unsigned failures;
};

struct dialler {
    struct dialler_config config;
    struct target *targets; /* one for each device; devices are members', so there are few */
    struct event *timer;
};

static struct target *find(const struct dialler *d, const uint8_t sign_key[static 32])
{
    for (struct target *t = d->targets; t; t = t->next)
        if (memcmp(t->whom.device.card.sign, sign_key, 32) == 0) return t;
    return NULL;
}

static void schedule(struct dialler *d)
{
    vl_instant soonest = {UINT64_MAX};
    for (const struct target *t = d->targets; t; t = t->next)
        if (t->state == TARGET_WAITING && t->due.ms < soonest.ms) soonest = t->due;
    if (soonest.ms == UINT64_MAX) {
        (void)event_del(d->timer);
        return;
    }
    const struct timeval wait = clock_timeval(vl_instant_since(soonest, clock_now()));
    (void)event_add(d->timer, &wait);
}

static void wait_for(struct target *t, vl_duration least, vl_duration jitter)
{
    t->state = TARGET_WAITING;
    t->due = vl_instant_add(vl_instant_add(clock_now(), least), clock_jitter(jitter));
}

static void back_off(struct target *t)
{
    uint64_t wait = DIALLER_BACKOFF_MS;
    for (unsigned k = 0; k < t->failures && wait < DIALLER_BACKOFF_MAX; k++)
        wait *= 2;
    if (wait > DIALLER_BACKOFF_MAX) wait = DIALLER_BACKOFF_MAX;
    t->failures++;
    wait_for(t, VL_MILLISECONDS(wait / 2), VL_MILLISECONDS(wait));
}

static void try_target(struct dialler *d, struct target *t)
{
    if (!d->config.wanted(d->config.context, &t->whom.device.card)) {
        wait_for(t, VL_MILLISECONDS(DIALLER_LOOK_MS), VL_MILLISECONDS(DIALLER_LOOK_MS / 4));
        return;
    }
    const struct endpoint *where = &t->endpoints[t->endpoint_next++ % t->endpoint_count];
    t->state = TARGET_DIALLING;
    if (d->config.dial(d->config.context, &t->whom, where) != VL_OK) back_off(t);
}

static void due(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct dialler *d = context;
    const vl_instant now = clock_now();
    size_t dialling = 0;
    for (const struct target *t = d->targets; t; t = t->next)
        dialling += t->state == TARGET_DIALLING;
    for (struct target *t = d->targets; t; t = t->next) {
        if (t->state != TARGET_WAITING || !vl_instant_reached(now, t->due)) continue;
        if (dialling >= DIALLER_SLOTS) {
            wait_for(t, VL_MILLISECONDS(DIALLER_FIRST_MS), VL_MILLISECONDS(DIALLER_FIRST_MS));
            continue;
        }
        try_target(d, t);
        dialling += t->state == TARGET_DIALLING;
    }
    schedule(d);
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->interface == b->interface &&
           vl_address_compare(&a->address, &b->address) == 0;
}

static void add_endpoint(struct target *t, const struct endpoint *where)
{
    for (size_t k = 0; k < t->endpoint_count; k++)
        if (same_endpoint(&t->endpoints[k], where)) return;
    if (t->endpoint_count < DIALLER_ENDPOINTS_MAX) t->endpoints[t->endpoint_count++] = *where;
}

vl_result dialler_see(struct dialler *d, const struct vl_sighting *whom,
                      const struct endpoint *where)
{
    struct target *t = find(d, whom->device.card.sign);
    if (t && memcmp(t->whom.beacon.nonce, whom->beacon.nonce, sizeof whom->beacon.nonce) == 0) {
        add_endpoint(t, where); /* another way to what is known */
        return VL_OK;
    }
    if (!t) {
        t = calloc(1, sizeof *t);
        if (!t) return VL_ERR_NO_MEMORY;
        t->next = d->targets;
        d->targets = t;
    }
    const bool first = whom->stale || memcmp(d->config.self, whom->device.card.sign, 32) < 0;
    t->whom = *whom;
    t->endpoint_count = t->endpoint_next = 0;
    t->failures = 0;
    add_endpoint(t, where);
    if (t->state == TARGET_DIALLING) {
        d->config.give_up(d->config.context, whom->device.card.sign);
        t->state = TARGET_WAITING;
    }
    if (t->state == TARGET_WAITING)
        wait_for(t, VL_MILLISECONDS(first ? 0 : DIALLER_SECOND_MS),
                 VL_MILLISECONDS(DIALLER_FIRST_MS));
    schedule(d);
    return VL_OK;
}

void dialler_opened(struct dialler *d, const uint8_t noise_key[static 32])
{
    for (struct target *t = d->targets; t; t = t->next) {
        if (memcmp(t->whom.device.card.noise, noise_key, 32) != 0) continue;
        if (t->state == TARGET_DIALLING) t->state = TARGET_UP;
        t->failures = 0;
    }
}

void dialler_ended(struct dialler *d, const uint8_t sign_key[static 32], bool good)
{
    struct target *t = find(d, sign_key);
    if (!t || t->state == TARGET_WAITING) return;
    if (good) t->failures = 0;
    back_off(t);
    schedule(d);
}

bool dialler_has_seen(const struct dialler *d, const uint8_t sign_key[static 32])
{
    return find(d, sign_key) != NULL;
}

vl_result dialler_create(struct dialler **out, const struct dialler_config *config)
{
    struct dialler *d = calloc(1, sizeof *d);
    if (!d) return VL_ERR_NO_MEMORY;
    d->config = *config;
    d->timer = evtimer_new(config->base, due, d);
    if (!d->timer) {
        free(d);
        return VL_ERR_NO_MEMORY;
    }
    *out = d;
    return VL_OK;
}

void dialler_destroy(struct dialler *d)
{
    if (!d) return;
    while (d->targets) {
        struct target *t = d->targets;
        d->targets = t->next;
        free(t);
    }
    if (d->timer) event_free(d->timer);
    free(d);
}
