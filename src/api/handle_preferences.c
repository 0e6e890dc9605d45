/* What the person on this device prefers. */
#include "api/events.h"
#include "api/http.h"
#include "api/request.h"

/* A circle that is here no more (a draft that was founded has another id) is none. */
static void put(struct json_out *o, const struct api *api)
{
    struct preferences now = api->preferences;
    if (circles_find(api->circles, &now.circle) == NULL) now.circle = (struct vl_id){0};
    json_open(o, '{');
    preferences_put(o, &now);
    json_close(o, '}');
}

vl_result handle_preferences(struct request *rq)
{
    put(&rq->out, rq->api);
    return VL_OK;
}

/* The page's other windows follow. Without memory they get a resync, as for any event. */
static void tell(struct api *api)
{
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    put(&o, api);
    events_post(api->events, "preferences",
                o.result == VL_OK ? vl_buffer_view(&text) : vl_bytes_text("{}"));
    vl_buffer_finish(&text);
    if (api->http != NULL) http_wake(api->http);
}

vl_result handle_preferences_set(struct request *rq)
{
    struct preferences changed = rq->api->preferences;
    VL_TRY(preferences_apply(&changed, rq->body, &rq->problem));
    if (json_sort_of(json_member(rq->body, "last_circle")) == JSON_TEXT &&
        circles_find(rq->api->circles, &changed.circle) == NULL) {
        return request_refuse(rq, "last_circle", "there is no such circle", VL_ERR_INVALID);
    }
    VL_TRY(preferences_save(rq->api->store, &changed));
    rq->api->preferences = changed;
    tell(rq->api);
    return handle_preferences(rq);
}
