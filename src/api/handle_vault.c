/* Status, unlock, lock, staying open. */
#include "api/autolock.h"
#include "api/events.h"
#include "api/http.h"
#include "api/request.h"

#include <string.h>

/* `told`: what was rebuilt on opening, or NULL. */
static vl_result answer_status(struct request *rq, const struct store_rebuilt *told)
{
    struct json_out *o = &rq->out;
    json_open(o, '{');
    if (told != NULL) {
        json_key(o, "rebuilt");
        json_open(o, '{');
        json_put_integer(o, "entries", (int64_t)told->entries);
        json_put_integer(o, "lost_pages", (int64_t)told->pages);
        json_close(o, '}');
    }
    json_put_flag(o, "locked", !rq->api->is_open);
    if (!rq->api->is_open && !rq->api->keeper.exists(rq->api->keeper.self)) {
        json_put_flag(o, "new", true);
    }
    if (rq->api->is_open) {
        view_network(o, rq->api);
        json_key(o, "circles");
        json_open(o, '[');
        for (size_t i = 0; i < rq->api->circles->count; i++) {
            json_open(o, '{');
            view_circle(rq, rq->api->circles->items[i]);
            json_close(o, '}');
        }
        json_close(o, ']');
    }
    json_close(o, '}');
    return VL_OK;
}

vl_result handle_status(struct request *rq)
{
    return answer_status(rq, NULL);
}

struct unlock_body {
    const char *passphrase;
    bool rebuild;
};
static const struct json_field unlock_fields[] = {
    {"passphrase", JSON_KIND_TEXT, offsetof(struct unlock_body, passphrase), true, 4096},
    {"rebuild", JSON_KIND_FLAG, offsetof(struct unlock_body, rebuild), false, 0},
};

vl_result handle_unlock(struct request *rq)
{
    const struct api_keeper *keeper = &rq->api->keeper;
    struct unlock_body body = {0};
    struct store_rebuilt told = {0};
    VL_TRY(request_decode(rq, unlock_fields, 2, &body));
    if (rq->api->is_open) {
        return request_refuse(rq, NULL, "the vault is open already", VL_ERR_STATE);
    }
    struct vl_bytes passphrase = vl_bytes_text(body.passphrase);
    if (!body.rebuild) VL_TRY(keeper->unlock(keeper->self, passphrase, &rq->wait_ms));
    if (body.rebuild) VL_TRY(keeper->rebuild(keeper->self, passphrase, &rq->wait_ms, &told));
    return answer_status(rq, body.rebuild ? &told : NULL);
}

vl_result handle_vault_new(struct request *rq)
{
    const struct api_keeper *keeper = &rq->api->keeper;
    struct unlock_body body = {0};
    VL_TRY(request_decode(rq, unlock_fields, 1, &body));
    struct vl_bytes passphrase = vl_bytes_text(body.passphrase);
    if (passphrase.size == 0) {
        return request_refuse(rq, "passphrase", "The passphrase may not be empty.", VL_ERR_INVALID);
    }
    VL_TRY(keeper->create(keeper->self, passphrase));
    VL_TRY(keeper->unlock(keeper->self, passphrase, &rq->wait_ms));
    return handle_status(rq);
}

vl_result request_passphrase(struct request *rq, const char *passphrase)
{
    if (passphrase == NULL)
        return request_refuse(rq, "passphrase", "your passphrase is needed again", VL_ERR_INVALID);
    return store_passphrase_check(rq->api->store, vl_bytes_text(passphrase), &rq->wait_ms);
}

struct export_body {
    const char *passphrase;
};
static const struct json_field export_fields[] = {
    {"passphrase", JSON_KIND_TEXT, offsetof(struct export_body, passphrase), false, 4096},
};

vl_result request_export(struct request *rq, const struct circle *circle, const char *what)
{
    struct export_body body = {0};
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    VL_TRY(request_decode(rq, export_fields, 1, &body));
    VL_TRY(request_passphrase(rq, body.passphrase));
    json_open(&o, '{');
    json_put_id(&o, "circle", &circle->id);
    json_put_text(&o, "what", what);
    json_close(&o, '}');
    if (o.result == VL_OK && rq->api->events != NULL) {
        events_post(rq->api->events, "export", vl_buffer_view(&text));
        if (rq->api->http != NULL) http_wake(rq->api->http);
    }
    vl_buffer_finish(&text);
    return o.result;
}

struct lock_body {
    bool keep;
};
static const struct json_field lock_fields[] = {
    {"keep", JSON_KIND_FLAG, offsetof(struct lock_body, keep), false, 0},
};

vl_result handle_lock(struct request *rq)
{
    struct lock_body body = {0};
    VL_TRY(request_decode(rq, lock_fields, 1, &body));
    if (body.keep) rq->api->kept_session = rq->caller->session;
    if (rq->api->is_open) {
        rq->api->keeper.lock(rq->api->keeper.self);
    } else {
        sessions_end(rq->api->sessions, rq->api->kept_session);
    }
    rq->api->kept_session = 0;
    json_open(&rq->out, '{');
    json_put_flag(&rq->out, "locked", true);
    json_close(&rq->out, '}');
    return VL_OK;
}

/* That it was asked counts already (autolock.h). */
vl_result handle_active(struct request *rq)
{
    vl_duration left;
    json_open(&rq->out, '{');
    if (autolock_left(rq->api->autolock, &left)) {
        json_put_integer(&rq->out, "seconds_left", (int64_t)(left.ms / 1000));
    } else {
        json_key(&rq->out, "seconds_left");
        json_write_null(&rq->out);
    }
    json_close(&rq->out, '}');
    return VL_OK;
}
