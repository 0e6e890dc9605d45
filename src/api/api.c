#include "api/autolock.h"
#include "api/changes.h"
#include "api/cursors.h"
#include "api/editings.h"
#include "api/events.h"
#include "api/http.h"
#include "api/launch.h"
#include "api/live_cache.h"

#include <event2/event.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- the launch ---- */

void api_launch_forget(struct api *api)
{
    sessions_launch_forget(api->sessions);
    if (api->page.launch_path != NULL) launch_remove(api->page.launch_path);
    if (api->launch_end != NULL) (void)evtimer_del(api->launch_end);
}

static void on_launch_end(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    api_launch_forget(context);
}

vl_result api_launch(struct api *api)
{
    const struct timeval wait = {.tv_sec = SESSION_LAUNCH_SECONDS};
    if (api->page.launch_path == NULL) return VL_ERR_STATE;
    const char *token = sessions_launch(api->sessions, request_instant());
    vl_result result =
        launch_write(api->page.launch_path, http_port(api->http), api->page.label, token);
    if (result == VL_OK && evtimer_add(api->launch_end, &wait) != 0) result = VL_ERR_NO_MEMORY;
    if (result != VL_OK) api_launch_forget(api);
    return result;
}

/* ---- life ---- */

vl_result api_create(struct api **out, const struct api_config *config)
{
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL) return VL_ERR_NO_MEMORY;
    api->keeper = config->keeper;
    vl_result result = sessions_create(&api->sessions);
    if (result == VL_OK) result = events_create(&api->events);
    if (result == VL_OK) result = live_cache_create(&api->live);
    if (result == VL_OK) result = changes_create(&api->changes, api, config->base);
    if (result == VL_OK) result = editings_create(&api->editings, api, config->base);
    if (result == VL_OK) result = autolock_create(&api->autolock, api, config->base);
    if (result == VL_OK) result = cursors_create(&api->cursors, api, config->base);
    if (result != VL_OK) goto fail;
    if (config->page != NULL) {
        api->page = *config->page;
        result = VL_ERR_NO_MEMORY;
        api->launch_end = evtimer_new(config->base, on_launch_end, api);
        if (api->launch_end == NULL) goto fail;
    }
    result = http_create(&api->http, api, config);
    if (result != VL_OK) goto fail;
    *out = api;
    return VL_OK;
fail:
    autolock_destroy(api->autolock);
    cursors_destroy(api->cursors);
    editings_destroy(api->editings);
    changes_destroy(api->changes);
    live_cache_destroy(api->live);
    events_destroy(api->events);
    if (api->launch_end != NULL) event_free(api->launch_end);
    sessions_destroy(api->sessions);
    free(api);
    return result;
}

void api_destroy(struct api *api)
{
    if (api == NULL) return;
    api_close(api);
    api_launch_forget(api);
    http_destroy(api->http);
    autolock_destroy(api->autolock);
    cursors_destroy(api->cursors);
    editings_destroy(api->editings);
    changes_destroy(api->changes);
    live_cache_destroy(api->live);
    events_destroy(api->events);
    if (api->launch_end != NULL) event_free(api->launch_end);
    sessions_destroy(api->sessions);
    free(api);
}

uint16_t api_port(const struct api *api)
{
    return http_port(api->http);
}

static void tell_state(struct api *api, const char *name)
{
    changes_forget(api->changes);
    events_forget(api->events, !api->is_open);
    events_post(api->events, name, vl_bytes_text("{}"));
    http_wake(api->http);
}

void api_open(struct api *api, struct store *store, struct circles *circles,
              const struct api_network *network)
{
    api->store = store;
    api->circles = circles;
    api->network = *network;
    api->is_open = true;
    /* What cannot be read is as if nothing had been set: the vault locks by itself all the same. */
    if (preferences_load(store, &api->preferences) != VL_OK) preferences_normal(&api->preferences);
    store_watch_set(store, changes_commit, api->changes);
    live_cache_begin(api->live, true);
    autolock_begin(api->autolock);
    tell_state(api, "unlocked");
}

void api_close(struct api *api)
{
    bool was_open = api->is_open;
    autolock_end(api->autolock);
    editings_close(api->editings);
    cursors_forget(api->cursors);
    view_forget(api);
    bundle_forget(api);
    live_cache_begin(api->live, false);
    api->is_open = false;
    if (was_open) {
        store_watch_set(api->store, NULL, NULL);
        sessions_end(api->sessions, api->kept_session);
        tell_state(api, "locked");
    }
    api->store = NULL;
    api->circles = NULL;
    sodium_memzero(&api->preferences, sizeof api->preferences);
    sodium_memzero(&api->met, sizeof api->met);
    memset(&api->network, 0, sizeof api->network);
}

void api_perhaps_changed(struct api *api)
{
    changes_perhaps(api->changes);
}

void api_cursor_came(struct api *api, const struct vl_id *circle,
                     const struct vl_device_info *device, const struct vl_cursor *cursor)
{
    if (api->is_open) cursors_take(api->cursors, circle, device, cursor, request_instant());
}
