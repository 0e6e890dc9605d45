/* Status, unlock, lock. */
#include "api/request.h"

#include <string.h>

vl_result handle_status(struct request *rq)
{
    struct json_out *o = &rq->out;
    json_open(o, '{');
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
            view_circle(o, rq->api, rq->api->circles->items[i]);
            json_close(o, '}');
        }
        json_close(o, ']');
    }
    json_close(o, '}');
    return VL_OK;
}

struct unlock_body {
    const char *passphrase;
};
static const struct json_field unlock_fields[] = {
    {"passphrase", JSON_KIND_TEXT, offsetof(struct unlock_body, passphrase), true, 4096},
};

vl_result handle_unlock(struct request *rq)
{
    struct unlock_body body = {0};
    VL_TRY(request_decode(rq, unlock_fields, 1, &body));
    if (rq->api->is_open) {
        return request_refuse(rq, NULL, "the vault is open already", VL_ERR_STATE);
    }
    VL_TRY(
        rq->api->keeper.unlock(rq->api->keeper.self, vl_bytes_text(body.passphrase), &rq->wait_ms));
    return handle_status(rq);
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
