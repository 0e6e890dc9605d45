#include "api/changes.h"

#include "api/events.h"
#include "api/http.h"
#include "api/live_cache.h"
#include "circle/record.h"
#include "circle/schema.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct set { /* what changed in one circle */
    struct vl_id circle;
    bool membership, many;
    size_t count;
    struct store_changed records[CHANGES_RECORDS_MAX];
};
struct changes {
    struct api *api;
    struct event *timer;
    struct set sets[CHANGES_CIRCLES_MAX];
    size_t count;
    struct vl_buffer network, circles; /* as they were told last, in bytes to compare */
    struct vl_buffer scratch;
};

/* ---- events ---- */

static void post(struct changes *all, const char *name)
{
    events_post(all->api->events, name, vl_buffer_view(&all->scratch));
    vl_buffer_clear(&all->scratch);
}

static void put_record(struct json_out *o, const struct store_changed *changed)
{
    const struct schema_record *record = schema_record(changed->type & ~VL_TYPE_SEALED);
    char id[RECORD_ID_TEXT_SIZE];
    if (record == NULL) return; /* of a newer version: nobody shows it */
    record_id_text(&changed->record, id);
    json_open(o, '{');
    json_put_text(o, "type", record->name);
    json_put_text(o, "id", id);
    json_close(o, '}');
}

static void tell_set(struct changes *all, const struct set *set)
{
    struct json_out o = json_out(&all->scratch);
    vl_buffer_clear(&all->scratch);
    json_open(&o, '{');
    json_put_id(&o, "circle", &set->circle);
    json_put_flag(&o, "membership", set->membership);
    if (set->many) {
        json_put_text(&o, "records", "many");
    } else {
        json_key(&o, "records");
        json_open(&o, '[');
        for (size_t i = 0; i < set->count; i++) {
            put_record(&o, &set->records[i]);
        }
        json_close(&o, ']');
    }
    json_close(&o, '}');
    post(all, "change");
}

/* ---- the network ---- */

/* Into bytes that are equal when nothing is to be told. Not what counts up by itself: the time that
 * is left, entries that were sent. */
static void add(struct vl_buffer *bytes, const void *data, size_t size)
{
    /* Without memory the bytes differ, and it is told once too often. */
    (void)!vl_buffer_append(bytes, data, size);
}

static void add_text(struct vl_buffer *bytes, const char *text)
{
    if (text != NULL) add(bytes, text, strlen(text));
    add(bytes, "", 1);
}

static vl_result add_peer(void *context, const struct api_peer *peer)
{
    struct vl_buffer *bytes = context;
    const bool flags[] = {peer->connected, peer->in_sync};
    add(bytes, peer->person.bytes, sizeof peer->person.bytes);
    add(bytes, peer->sign_key, sizeof peer->sign_key);
    add(bytes, flags, sizeof flags);
    return VL_OK;
}

static void network_bytes(const struct api_network *network, const struct api_network_view *view,
                          struct vl_buffer *bytes)
{
    const struct api_pairing_view *p = &view->pairing;
    const int numbers[] = {(int)view->state,     (int)view->connections, view->no_network,
                           view->multicast_seen, view->daemon_announces, (int)p->state,
                           (int)p->result,       (int)p->tries_left,     p->inviter};
    add(bytes, numbers, sizeof numbers);
    if (view->state != API_AWAY) add(bytes, view->circle.bytes, sizeof view->circle.bytes);
    add(bytes, p->circle.bytes, sizeof p->circle.bytes);
    add_text(bytes, p->name);
    add_text(bytes, p->pseudonym);
    (void)!network->peers(network->self, add_peer, bytes);
}

static void look_at_network(struct changes *all)
{
    const struct api_network *network = &all->api->network;
    struct api_network_view view = {0};
    present_look(&all->api->met, network);
    live_cache_measure(all->api->live, network, request_instant());
    network->view(network->self, &view);
    vl_buffer_clear(&all->scratch);
    network_bytes(network, &view, &all->scratch);
    if (vl_bytes_equal(vl_buffer_view(&all->scratch), vl_buffer_view(&all->network))) return;
    struct vl_buffer before = all->network;
    all->network = all->scratch;
    all->scratch = before;
    vl_buffer_clear(&all->scratch);
    struct json_out o = json_out(&all->scratch);
    json_open(&o, '{');
    view_network(&o, all->api);
    json_put_text(&o, "pairing", view_pairing_state(view.pairing.state));
    json_close(&o, '}');
    post(all, "network");
}

static void look_at_circles(struct changes *all)
{
    const struct circles *circles = all->api->circles;
    vl_buffer_clear(&all->scratch);
    for (size_t i = 0; i < circles->count; i++) {
        const struct circle *circle = circles->items[i];
        add(&all->scratch, circle->id.bytes, sizeof circle->id.bytes);
        add(&all->scratch, &circle->is_draft, sizeof circle->is_draft);
        add_text(&all->scratch, circle->name);
    }
    if (vl_bytes_equal(vl_buffer_view(&all->scratch), vl_buffer_view(&all->circles))) return;
    struct vl_buffer before = all->circles;
    all->circles = all->scratch;
    all->scratch = before;
    vl_buffer_clear(&all->scratch);
    add(&all->scratch, "{}", 2);
    post(all, "circles");
}

/* ---- together ---- */

static void tell(struct changes *all)
{
    if (!all->api->is_open) return;
    for (size_t i = 0; i < all->count; i++) {
        tell_set(all, &all->sets[i]);
    }
    all->count = 0;
    look_at_circles(all);
    look_at_network(all);
    http_wake(all->api->http);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    tell(context);
}

void changes_perhaps(struct changes *all)
{
    const struct timeval pause = {.tv_usec = CHANGES_PAUSE_MS * 1000};
    if (all != NULL && all->api->is_open && !evtimer_pending(all->timer, NULL)) {
        (void)evtimer_add(all->timer, &pause);
    }
}

static struct set *set_of(struct changes *all, const struct vl_id *circle)
{
    for (size_t i = 0; i < all->count; i++) {
        if (vl_id_equal(&all->sets[i].circle, circle)) return &all->sets[i];
    }
    if (all->count == CHANGES_CIRCLES_MAX) { /* too many to wait for their end */
        for (size_t i = 0; i < all->count; i++) {
            tell_set(all, &all->sets[i]);
        }
        all->count = 0;
    }
    struct set *set = &all->sets[all->count++];
    set->circle = *circle;
    set->membership = set->many = false;
    set->count = 0;
    return set;
}

static void add_record(struct set *set, const struct store_changed *changed)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct store_changed *known = &set->records[i];
        if (known->type == changed->type &&
            memcmp(&known->record, &changed->record, sizeof known->record) == 0) {
            return;
        }
    }
    if (set->count == CHANGES_RECORDS_MAX) {
        set->many = true;
    } else {
        set->records[set->count++] = *changed;
    }
}

void changes_commit(void *context, const struct store_change *change)
{
    struct changes *all = context;
    live_cache_commit(all->api->live, change, request_instant());
    struct set *set = set_of(all, &change->circle);
    set->membership = set->membership || change->membership;
    set->many = set->many || change->many;
    for (size_t i = 0; i < change->count && !set->many; i++) {
        add_record(set, &change->records[i]);
    }
    changes_perhaps(all);
}

void changes_circle(struct changes *all, const struct vl_id *circle)
{
    if (all == NULL) return;
    (void)set_of(all, circle);
    changes_perhaps(all);
}

/* ---- life ---- */

vl_result changes_create(struct changes **out, struct api *api, struct event_base *base)
{
    struct changes *all = calloc(1, sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    all->api = api;
    all->timer = evtimer_new(base, on_timer, all);
    if (all->timer == NULL) {
        free(all);
        return VL_ERR_NO_MEMORY;
    }
    *out = all;
    return VL_OK;
}

void changes_forget(struct changes *all)
{
    (void)evtimer_del(all->timer);
    all->count = 0;
    vl_buffer_wipe(&all->network);
    vl_buffer_wipe(&all->circles);
    vl_buffer_wipe(&all->scratch);
}

void changes_destroy(struct changes *all)
{
    if (all == NULL) return;
    changes_forget(all);
    vl_buffer_finish(&all->network);
    vl_buffer_finish(&all->circles);
    vl_buffer_finish(&all->scratch);
    event_free(all->timer);
    free(all);
}
