/* Bundles: the client reads and writes the file, its bytes go through here in pieces of base64.
 * One at a time, of either direction: beginning another ends the one before. */
#include "api/request.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/bundle.h>

#define PIECE_BYTES  393216u /* of the file, in one answer */
#define BASE64_MAX   700000u /* in one request */
#define TRANSFER_IDS 2147483647u

struct transfer {
    int64_t id;
    struct vl_bundle_writer *writer; /* or */
    struct vl_bundle_reader *reader;
    struct vl_replica **replicas; /* that it works on: they must still be there */
    size_t replica_count;
    uint64_t told; /* entries read that the network and the index know of */
};

void bundle_forget(struct api *api)
{
    struct transfer *t = api->transfer;
    api->transfer = NULL;
    if (t == NULL) return;
    vl_bundle_writer_destroy(t->writer);
    vl_bundle_reader_destroy(t->reader);
    free(t->replicas);
    free(t);
}

static struct circle *circle_of(const struct request *rq, const struct vl_replica *replica)
{
    const struct circles *all = rq->api->circles;
    for (size_t i = 0; i < all->count; i++) {
        if (replica != NULL && all->items[i]->replica == replica) return all->items[i];
    }
    return NULL;
}

/* A transfer without its writer or reader, instead of the one before. */
static vl_result begin(struct request *rq, const struct circle *only)
{
    const struct circles *all = rq->api->circles;
    bundle_forget(rq->api);
    struct transfer *t = calloc(1, sizeof *t);
    if (t == NULL) return VL_ERR_NO_MEMORY;
    rq->api->transfer = t;
    t->replicas = calloc(all->count + 1, sizeof *t->replicas);
    if (t->replicas == NULL) return VL_ERR_NO_MEMORY;
    t->id = 1 + (int64_t)randombytes_uniform(TRANSFER_IDS);
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i]->replica == NULL || (only != NULL && all->items[i] != only)) continue;
        t->replicas[t->replica_count++] = all->items[i]->replica;
    }
    return VL_OK;
}

/* The one that the request names, if what it works on is still there. */
static vl_result find(struct request *rq, int64_t id, struct transfer **out)
{
    struct transfer *t = rq->api->transfer;
    bool holds = t != NULL && t->id == id;
    for (size_t i = 0; holds && i < t->replica_count; i++) {
        holds = circle_of(rq, t->replicas[i]) != NULL;
    }
    if (!holds) {
        return request_refuse(rq, NULL, "this bundle was ended by another one", VL_ERR_STATE);
    }
    *out = t;
    return VL_OK;
}

static void put_counts(struct json_out *o, const struct vl_bundle_counts *counts)
{
    json_put_integer(o, "entries", (int64_t)counts->entries);
    json_put_integer(o, "total", counts->total > INT64_MAX ? INT64_MAX : (int64_t)counts->total);
    json_put_integer(o, "bytes", (int64_t)counts->bytes);
}

/* ---- writing ---- */

vl_result handle_bundle_write(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(request_export(rq, circle, "bundle"));
    VL_TRY(begin(rq, circle));
    struct transfer *t = rq->api->transfer;
    vl_result result = vl_bundle_writer_create(&t->writer, circle->replica, NULL, 0, request_now());
    if (result != VL_OK) {
        bundle_forget(rq->api);
        return result;
    }
    struct vl_bundle_counts counts = vl_bundle_written(t->writer);
    json_open(&rq->out, '{');
    json_put_integer(&rq->out, "bundle", t->id);
    put_counts(&rq->out, &counts);
    json_close(&rq->out, '}');
    return VL_OK;
}

struct bundle_body {
    int64_t bundle;
    const char *data;
    bool last;
};
static const struct json_field next_fields[] = {
    {"bundle", JSON_KIND_NUMBER, offsetof(struct bundle_body, bundle), true, TRANSFER_IDS},
};

static vl_result put_data(struct json_out *o, const struct vl_buffer *piece)
{
    size_t size = sodium_base64_ENCODED_LEN(piece->size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    if (text == NULL) return VL_ERR_NO_MEMORY;
    (void)sodium_bin2base64(text, size, piece->data, piece->size, sodium_base64_VARIANT_ORIGINAL);
    json_put_text(o, "data", text);
    free(text);
    return VL_OK;
}

vl_result handle_bundle_next(struct request *rq)
{
    struct bundle_body body = {0};
    struct transfer *t = NULL;
    struct vl_buffer piece = {0};
    VL_TRY(request_decode(rq, next_fields, 1, &body));
    VL_TRY(find(rq, body.bundle, &t));
    if (t->writer == NULL) return VL_ERR_STATE;
    vl_result result = vl_bundle_write(t->writer, PIECE_BYTES, &piece);
    bool done = result == VL_ERR_NOT_FOUND;
    if (done) result = VL_OK;
    struct vl_bundle_counts counts = vl_bundle_written(t->writer);
    json_open(&rq->out, '{');
    json_put_flag(&rq->out, "done", done);
    put_counts(&rq->out, &counts);
    if (result == VL_OK) result = put_data(&rq->out, &piece);
    json_close(&rq->out, '}');
    vl_buffer_finish(&piece);
    if (result != VL_OK || done) bundle_forget(rq->api);
    return result;
}

/* ---- reading ---- */

vl_result handle_bundle_read(struct request *rq)
{
    VL_TRY(begin(rq, NULL));
    struct transfer *t = rq->api->transfer;
    vl_result result = vl_bundle_reader_create(&t->reader, t->replicas, t->replica_count);
    if (result != VL_OK) {
        bundle_forget(rq->api);
        return result;
    }
    json_open(&rq->out, '{');
    json_put_integer(&rq->out, "bundle", t->id);
    json_close(&rq->out, '}');
    return VL_OK;
}

static const struct json_field data_fields[] = {
    {"bundle", JSON_KIND_NUMBER, offsetof(struct bundle_body, bundle), true, TRANSFER_IDS},
    {"data", JSON_KIND_TEXT, offsetof(struct bundle_body, data), true, BASE64_MAX},
    {"last", JSON_KIND_FLAG, offsetof(struct bundle_body, last), false, 0},
};

static vl_result push(struct request *rq, struct transfer *t, const struct bundle_body *body)
{
    size_t length = strlen(body->data);
    size_t size = 0;
    uint8_t *bytes = malloc(length + 1);
    if (bytes == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = VL_OK;
    if (sodium_base642bin(bytes, length, body->data, length, NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0) {
        result = request_refuse(rq, "data", "not base64", VL_ERR_INVALID);
    }
    if (result == VL_OK) result = vl_bundle_read(t->reader, vl_bytes(bytes, size));
    if (result == VL_OK && body->last) result = vl_bundle_read_end(t->reader);
    free(bytes);
    return result;
}

static void put_read(struct request *rq, const struct transfer *t, const struct circle *circle)
{
    struct vl_bundle_counts counts = vl_bundle_have_read(t->reader);
    json_open(&rq->out, '{');
    put_counts(&rq->out, &counts);
    json_put_integer(&rq->out, "waiting", (int64_t)counts.waiting);
    json_put_integer(&rq->out, "forks", (int64_t)counts.forks);
    json_put_text(&rq->out, "name", circle == NULL ? NULL : circle->name);
    if (circle != NULL) json_put_id(&rq->out, "circle", &circle->id);
    json_close(&rq->out, '}');
}

vl_result handle_bundle_data(struct request *rq)
{
    struct bundle_body body = {0};
    struct transfer *t = NULL;
    VL_TRY(request_decode(rq, data_fields, 3, &body));
    VL_TRY(find(rq, body.bundle, &t));
    if (t->reader == NULL) return VL_ERR_STATE;
    vl_result result = push(rq, t, &body);
    /* Also after an error: what came before it is kept. */
    const struct circle *circle = circle_of(rq, vl_bundle_replica(t->reader));
    uint64_t entries = vl_bundle_have_read(t->reader).entries;
    if (circle != NULL && entries > t->told) {
        t->told = entries;
        request_wrote(rq, circle);
    }
    if (result == VL_OK) put_read(rq, t, circle);
    if (result != VL_OK || body.last) bundle_forget(rq->api);
    return result;
}
