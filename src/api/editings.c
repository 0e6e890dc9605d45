#include "api/editings.h"

#include "api/changes.h"
#include "api/events.h"
#include "api/http.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct editings {
    struct api *api;
    struct event *timer; /* may be NULL */
    uint64_t last_number;
    struct editing items[EDITINGS_MAX];
};

void editing_version(const struct editing *e, char out[static EDITING_VERSION_SIZE])
{
    snprintf(out, EDITING_VERSION_SIZE, "%llu-%llu", (unsigned long long)e->number,
             (unsigned long long)e->version);
}

/* ---- when ---- */

static bool waits(const struct editing *e)
{
    return e->number != 0 && typing_waiting(e->typing) > 0;
}

static vl_instant due_at(const struct editing *e)
{
    vl_instant quiet = {e->last.ms + EDITING_QUIET_MS};
    vl_instant longest = {e->first.ms + EDITING_LONGEST_MS};
    vl_instant at = quiet.ms < longest.ms ? quiet : longest;
    return at.ms > e->not_before.ms ? at : e->not_before;
}

static void set_timer(struct editings *all, vl_instant now)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < EDITINGS_MAX; i++) {
        if (!waits(&all->items[i])) continue;
        uint64_t at = due_at(&all->items[i]).ms;
        if (at < next) next = at;
    }
    if (all->timer == NULL || next == UINT64_MAX) return;
    uint64_t wait = next > now.ms ? next - now.ms : 1;
    const struct timeval pause = {.tv_sec = (time_t)(wait / 1000),
                                  .tv_usec = (suseconds_t)(wait % 1000) * 1000};
    (void)evtimer_add(all->timer, &pause);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    editings_tick(context, request_instant());
}

/* ---- writing ---- */

/* The circle, when it is still the one that the text was opened in. */
static struct circle *circle_of(const struct editings *all, const struct editing *e)
{
    struct circle *circle =
        all->api->circles == NULL ? NULL : circles_find(all->api->circles, &e->circle);
    bool is_same = circle != NULL && circle->replica == typing_replica(e->typing);
    return is_same ? circle : NULL;
}

/* Tells the screen that what it showed as waiting is written, or could not be. */
static void tell(struct editings *all, const struct editing *e)
{
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    char version[EDITING_VERSION_SIZE], id[RECORD_ID_TEXT_SIZE];
    if (all->api->events == NULL) return;
    editing_version(e, version);
    record_id_text(&e->record, id);
    json_open(&o, '{');
    json_put_id(&o, "circle", &e->circle);
    json_put_text(&o, "meeting", id);
    json_put_text(&o, "version", version);
    json_put_flag(&o, "saved", e->error == VL_OK);
    json_put_text(&o, "error", e->error == VL_OK ? NULL : vl_result_name(e->error));
    json_close(&o, '}');
    if (o.result == VL_OK) events_post(all->api->events, "minutes", vl_buffer_view(&text));
    vl_buffer_finish(&text);
    if (all->api->http != NULL) http_wake(all->api->http);
}

vl_result editings_write(struct editings *all, struct editing *e)
{
    struct circle *circle = circle_of(all, e);
    if (!waits(e)) return VL_OK;
    e->error = circle == NULL ? VL_ERR_STATE : typing_write(e->typing, request_now());
    e->not_before = e->first = (vl_instant){0};
    if (e->error != VL_OK) e->not_before = (vl_instant){request_instant().ms + EDITING_AGAIN_MS};
    if (circle == NULL) return e->error;
    changes_circle(all->api->changes, &circle->id);
    if (all->api->network.poke != NULL) all->api->network.poke(all->api->network.self, &circle->id);
    if (all->api->keeper.wrote != NULL) all->api->keeper.wrote(all->api->keeper.self);
    return e->error;
}

void editings_tick(struct editings *all, vl_instant now)
{
    for (size_t i = 0; i < EDITINGS_MAX; i++) {
        struct editing *e = &all->items[i];
        if (!waits(e) || due_at(e).ms > now.ms) continue;
        vl_result result = editings_write(all, e);
        tell(all, e);
        if (result == VL_ERR_NO_MEMORY || circle_of(all, e) == NULL) editings_let_go(all, e);
    }
    set_timer(all, now);
}

void editings_typed(struct editings *all, struct editing *e, vl_instant now)
{
    if (e->first.ms == 0) e->first = now;
    e->last = now;
    set_timer(all, now);
}

/* ---- which ---- */

void editings_let_go(struct editings *all, struct editing *e)
{
    (void)all;
    typing_close(e->typing);
    *e = (struct editing){0};
}

/* A free place; the one that was used longest ago goes. */
static struct editing *make_place(struct editings *all)
{
    struct editing *oldest = &all->items[0];
    for (size_t i = 0; i < EDITINGS_MAX; i++) {
        if (all->items[i].number == 0) return &all->items[i];
        if (all->items[i].used.ms < oldest->used.ms) oldest = &all->items[i];
    }
    vl_result result = editings_write(all, oldest);
    if (result != VL_OK) tell(all, oldest);
    editings_let_go(all, oldest);
    return oldest;
}

vl_result editings_open(struct editings *all, struct request *rq, const struct circle *circle,
                        const struct vl_record_id *record, struct editing **out)
{
    struct typing *typing;
    VL_TRY(typing_open(&typing, circle->replica, SCHEMA_MEETING, record, MEETING_MINUTES));
    struct editing *e = make_place(all);
    *e = (struct editing){.number = ++all->last_number,
                          .version = 1,
                          .session = rq->caller->session,
                          .circle = circle->id,
                          .record = *record,
                          .typing = typing,
                          .used = request_instant()};
    *out = e;
    return VL_OK;
}

struct editing *editings_find(struct editings *all, const struct request *rq,
                              const struct circle *circle, const struct vl_record_id *record,
                              const char *version)
{
    char own[EDITING_VERSION_SIZE];
    for (size_t i = 0; i < EDITINGS_MAX; i++) {
        struct editing *e = &all->items[i];
        if (e->number == 0 || e->session != rq->caller->session) continue;
        if (memcmp(&e->record, record, sizeof *record) != 0 || circle_of(all, e) != circle)
            continue;
        editing_version(e, own);
        if (strcmp(own, version) != 0) continue;
        e->used = request_instant();
        return e;
    }
    return NULL;
}

/* ---- life ---- */

vl_result editings_create(struct editings **out, struct api *api, struct event_base *base)
{
    struct editings *all = calloc(1, sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    all->api = api;
    if (base != NULL) all->timer = evtimer_new(base, on_timer, all);
    if (base != NULL && all->timer == NULL) {
        free(all);
        return VL_ERR_NO_MEMORY;
    }
    *out = all;
    return VL_OK;
}

void editings_close(struct editings *all)
{
    if (all == NULL) return;
    for (size_t i = 0; i < EDITINGS_MAX; i++) {
        if (all->items[i].number == 0) continue;
        vl_result result = editings_write(all, &all->items[i]);
        if (result != VL_OK) tell(all, &all->items[i]);
        editings_let_go(all, &all->items[i]);
    }
    if (all->timer != NULL) (void)evtimer_del(all->timer);
}

void editings_destroy(struct editings *all)
{
    if (all == NULL) return;
    editings_close(all);
    if (all->timer != NULL) event_free(all->timer);
    free(all);
}
