#include "api/cursors.h"

#include "api/events.h"
#include "api/http.h"
#include "api/people.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct place { /* minutes */
    struct vl_id circle;
    struct vl_record_id meeting;
};
struct writer {
    bool writes; /* false: the place is free */
    uint8_t sign[32];
    struct vl_id person;
    struct place at;
    struct vl_place unit;
    vl_instant heard;
};
struct cursors {
    struct api *api;
    struct event *timer; /* may be NULL */
    struct writer items[CURSORS_MAX];
    struct place changed[2 * CURSORS_MAX]; /* to be told */
    size_t changed_count;
    vl_instant told;
};

static bool is_same(const struct place *a, const struct place *b)
{
    return vl_id_equal(&a->circle, &b->circle) &&
           memcmp(&a->meeting, &b->meeting, sizeof a->meeting) == 0;
}

/* ---- what is said ---- */

/* NOT_FOUND: what it names is not here, or not yet. */
static vl_result position_of(const struct circle *circle, const struct vl_record_id *meeting,
                             struct typing *typing, const struct vl_place *unit, size_t *at)
{
    const struct vl_cell_key key = {SCHEMA_MEETING, *meeting, MEETING_MINUTES, VL_FIELD_TEXT};
    struct vl_buffer cell = {0};
    if (typing != NULL) return typing_position(typing, unit, at);
    vl_result result = vl_replica_cell(circle->replica, &key, &cell);
    if (result == VL_OK) result = vl_cell_position(VL_FIELD_TEXT, vl_buffer_view(&cell), unit, at);
    vl_buffer_wipe(&cell);
    return result;
}

static void put_writer(struct json_out *o, const struct circle *circle, const struct writer *writer,
                       struct typing *typing)
{
    size_t at;
    json_open(o, '{');
    json_put_id(o, "person", &writer->person);
    view_person(o, "name", circle, &writer->person);
    if (position_of(circle, &writer->at.meeting, typing, &writer->unit, &at) == VL_OK) {
        json_put_integer(o, "at", (int64_t)at);
    } else {
        json_key(o, "at");
        json_write_null(o);
    }
    json_close(o, '}');
}

vl_result cursors_put(struct cursors *all, struct json_out *o, const struct circle *circle,
                      const struct vl_record_id *meeting, struct typing *typing)
{
    const struct place here = {circle->id, *meeting};
    struct blocked blocked = {.count = 0};
    struct vl_id me = {{0}};
    size_t count = 0;
    vl_result known = vl_replica_me(circle->replica, &me);
    if (known != VL_OK && known != VL_ERR_NOT_FOUND) return known;
    VL_TRY(blocked_read(all->api->store, circle, &blocked));
    json_key(o, "writers");
    json_open(o, '[');
    for (size_t i = 0; i < CURSORS_MAX && count < CURSOR_WRITERS_MAX; i++) {
        const struct writer *writer = &all->items[i];
        if (!writer->writes || !is_same(&writer->at, &here) || vl_id_equal(&writer->person, &me) ||
            blocked_has(&blocked, &writer->person))
            continue;
        put_writer(o, circle, writer, typing);
        count++;
    }
    json_close(o, ']');
    return VL_OK;
}

/* ---- telling who watches ---- */

static void tell(struct cursors *all, const struct place *place)
{
    const struct circle *circle = circles_find(all->api->circles, &place->circle);
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    char id[RECORD_ID_TEXT_SIZE];
    if (circle == NULL || circle->replica == NULL || all->api->events == NULL) return;
    record_id_text(&place->meeting, id);
    json_open(&o, '{');
    json_put_id(&o, "circle", &place->circle);
    json_put_text(&o, "meeting", id);
    vl_result result = cursors_put(all, &o, circle, &place->meeting, NULL);
    json_close(&o, '}');
    if (result == VL_OK && o.result == VL_OK)
        events_pass(all->api->events, "cursor", vl_buffer_view(&text));
    vl_buffer_finish(&text);
}

/* One too many is not told: screens forget by themselves. */
static void mark(struct cursors *all, const struct place *place)
{
    for (size_t i = 0; i < all->changed_count; i++)
        if (is_same(&all->changed[i], place)) return;
    if (all->changed_count == sizeof all->changed / sizeof all->changed[0]) return;
    all->changed[all->changed_count++] = *place;
}

static vl_instant tell_at(const struct cursors *all)
{
    return vl_instant_add(all->told, VL_MILLISECONDS(CURSOR_TELL_MS));
}

static void set_timer(struct cursors *all, vl_instant now)
{
    uint64_t next = all->changed_count > 0 ? tell_at(all).ms : UINT64_MAX;
    for (size_t i = 0; i < CURSORS_MAX; i++) {
        const uint64_t end = all->items[i].heard.ms + CURSOR_FORGET_MS;
        if (all->items[i].writes && end < next) next = end;
    }
    if (all->timer == NULL || next == UINT64_MAX) return;
    const uint64_t wait = next > now.ms ? next - now.ms : 1;
    const struct timeval pause = {.tv_sec = (time_t)(wait / 1000),
                                  .tv_usec = (suseconds_t)(wait % 1000) * 1000};
    (void)evtimer_add(all->timer, &pause);
}

void cursors_tick(struct cursors *all, vl_instant now)
{
    for (size_t i = 0; i < CURSORS_MAX; i++) {
        struct writer *writer = &all->items[i];
        if (!writer->writes || now.ms - writer->heard.ms < CURSOR_FORGET_MS) continue;
        mark(all, &writer->at);
        *writer = (struct writer){.writes = false};
    }
    if (all->changed_count > 0 && vl_instant_reached(now, tell_at(all))) {
        for (size_t i = 0; i < all->changed_count; i++)
            tell(all, &all->changed[i]);
        all->changed_count = 0;
        all->told = now;
        if (all->api->http != NULL) http_wake(all->api->http);
    }
    set_timer(all, now);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    cursors_tick(context, request_instant());
}

/* ---- what others say ---- */

/* Hers, else a free one, else that of the one silent longest. */
static struct writer *place_for(struct cursors *all, const struct vl_id *circle,
                                const uint8_t sign[static 32])
{
    struct writer *free = NULL, *oldest = &all->items[0];
    for (size_t i = 0; i < CURSORS_MAX; i++) {
        struct writer *writer = &all->items[i];
        if (writer->writes && vl_id_equal(&writer->at.circle, circle) &&
            memcmp(writer->sign, sign, sizeof writer->sign) == 0)
            return writer;
        if (!writer->writes && free == NULL) free = writer;
        if (writer->heard.ms < oldest->heard.ms) oldest = writer;
    }
    return free != NULL ? free : oldest;
}

void cursors_take(struct cursors *all, const struct vl_id *circle,
                  const struct vl_device_info *device, const struct vl_cursor *cursor,
                  vl_instant now)
{
    struct writer *writer = place_for(all, circle, device->card.sign);
    const bool is_in_minutes = cursor->type == SCHEMA_MEETING && cursor->field == MEETING_MINUTES;
    if (writer->writes) mark(all, &writer->at);
    *writer = (struct writer){.writes = device->current && is_in_minutes && !cursor->is_gone,
                              .person = device->person,
                              .at = {*circle, cursor->record},
                              .unit = cursor->unit,
                              .heard = now};
    memcpy(writer->sign, device->card.sign, sizeof writer->sign);
    if (writer->writes) mark(all, &writer->at);
    cursors_tick(all, now);
}

void cursors_say(struct cursors *all, const struct circle *circle,
                 const struct vl_record_id *meeting, const struct vl_place *unit)
{
    const struct api_network *network = &all->api->network;
    const struct vl_cursor cursor = {.type = SCHEMA_MEETING,
                                     .record = *meeting,
                                     .field = MEETING_MINUTES,
                                     .is_gone = unit == NULL,
                                     .unit =
                                         unit == NULL ? (struct vl_place){.is_end = true} : *unit};
    if (network->cursor != NULL) network->cursor(network->self, &circle->id, &cursor);
}

/* ---- life ---- */

vl_result cursors_create(struct cursors **out, struct api *api, struct event_base *base)
{
    struct cursors *all = calloc(1, sizeof *all);
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

void cursors_forget(struct cursors *all)
{
    memset(all->items, 0, sizeof all->items);
    all->changed_count = 0;
    if (all->timer != NULL) (void)evtimer_del(all->timer);
}

void cursors_destroy(struct cursors *all)
{
    if (all == NULL) return;
    cursors_forget(all);
    if (all->timer != NULL) event_free(all->timer);
    free(all);
}
