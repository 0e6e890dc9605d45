/* One thing at a time: hashes, numbers, keys, boxes, blobs, bodies, one entry. */
#include "api/vectors.h"

#include <stdlib.h>
#include <string.h>
#include <veillee/control.h>

static void domains(struct json_out *o)
{
    struct vl_bytes part = vl_bytes_text("veillee");
    struct vl_id key = vectors_bytes(7);
    json_key(o, "domains");
    json_open(o, '[');
    for (unsigned i = 0; i < VL_DOMAIN_COUNT; i++) {
        struct vl_id hash, derived;
        vl_hash((enum vl_domain)i, &part, 1, &hash);
        vl_derive_key((enum vl_domain)i, key.bytes, &part, 1, derived.bytes);
        json_open(o, '{');
        json_put_text(o, "text", vl_domain_text((enum vl_domain)i));
        json_put_text(o, "input", "veillee");
        json_put_id(o, "hash", &hash);
        json_put_id(o, "key", &key);
        json_put_id(o, "derived", &derived);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static vl_result varints(struct json_out *o)
{
    static const uint64_t values[] = {0,        1,          127,        128,       255,
                                      300,      16383,      16384,      2097151,   2097152,
                                      1u << 31, UINT32_MAX, 1ull << 53, INT64_MAX, UINT64_MAX};
    json_key(o, "varints");
    json_open(o, '[');
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct vl_buffer bytes = {0};
        struct vl_writer w = vl_writer(&bytes, SIZE_MAX);
        vl_write_varint(&w, values[i]);
        VL_TRY(vl_writer_result(&w));
        json_open(o, '{');
        vectors_number(o, "value", values[i]);
        vectors_hex(o, "bytes", bytes.data, bytes.size);
        json_close(o, '}');
        vl_buffer_finish(&bytes);
    }
    json_close(o, ']');
    return VL_OK;
}

static void buckets(struct json_out *o)
{
    static const size_t sizes[] = {1, 63, 64, 65, 100, 129, 1000, 1025, 4097, 20000, 27648};
    json_key(o, "buckets");
    json_open(o, '[');
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        json_open(o, '{');
        json_put_integer(o, "size", (int64_t)sizes[i]);
        json_put_integer(o, "bucket", (int64_t)vl_blob_bucket(sizes[i]));
        json_close(o, '}');
    }
    json_close(o, ']');
}

/* ---- keys ---- */

static void put_enrolment(struct json_out *o, const char *name, const struct vl_enrolment *e)
{
    uint8_t bytes[VL_ENROLMENT_BYTES];
    memcpy(bytes, &e->card, sizeof e->card);
    memcpy(bytes + sizeof e->card, e->signature, sizeof e->signature);
    vectors_hex(o, name, bytes, sizeof bytes);
}

static vl_result devices(struct json_out *o)
{
    struct vl_id circle = vectors_bytes(3);
    json_key(o, "devices");
    json_open(o, '[');
    for (uint8_t i = 1; i <= 3; i++) {
        struct vl_device_keys *keys = NULL;
        struct vl_enrolment enrolment;
        struct vl_id seed = vectors_bytes(i), person;
        VL_TRY(vl_device_keys_from_seed(seed.bytes, &keys));
        vl_person_id(keys->card.sign, &person);
        vl_enrolment_sign(keys, &circle, &person, &enrolment);
        json_open(o, '{');
        json_put_id(o, "seed", &seed);
        vectors_hex(o, "sign_key", keys->card.sign, 32);
        vectors_hex(o, "noise_key", keys->card.noise, 32);
        vectors_hex(o, "seal_key", keys->card.seal, 32);
        json_put_id(o, "person", &person);
        json_put_id(o, "circle", &circle);
        put_enrolment(o, "enrolment", &enrolment);
        json_close(o, '}');
        vl_device_keys_destroy(keys);
    }
    json_close(o, ']');
    return VL_OK;
}

static vl_result key_boxes(struct json_out *o)
{
    struct vl_id circle = vectors_bytes(3), secret = vectors_bytes(9), key_id;
    struct vl_id author = vectors_bytes(5);
    vl_epoch_key_id(&circle, secret.bytes, &key_id);
    json_key(o, "key_boxes");
    json_open(o, '[');
    for (uint8_t i = 1; i <= 2; i++) {
        struct vl_device_keys *keys = NULL;
        uint8_t box[VL_KEY_BOX_BYTES];
        struct vl_id seed = vectors_bytes(i);
        VL_TRY(vl_device_keys_from_seed(seed.bytes, &keys));
        vl_result result =
            vl_key_box_seal(secret.bytes, &circle, &key_id, &keys->card, author.bytes, box);
        vl_device_keys_destroy(keys);
        VL_TRY(result);
        json_open(o, '{');
        json_put_id(o, "circle", &circle);
        json_put_id(o, "secret", &secret);
        json_put_id(o, "key_id", &key_id);
        json_put_id(o, "recipient_seed", &seed);
        json_put_id(o, "author_sign_key", &author);
        vectors_hex(o, "box", box, sizeof box);
        json_close(o, '}');
    }
    json_close(o, ']');
    return VL_OK;
}

/* ---- blobs ---- */

static vl_result blobs(struct json_out *o)
{
    static const size_t sizes[] = {0, 62, 63, 64, 200, 5000};
    uint8_t body[5000];
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)i;
    }
    json_key(o, "blobs");
    json_open(o, '[');
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct vl_entry_header place = {
            .circle = vectors_bytes(3), .log = vectors_bytes(4), .seq = 1000 * i};
        struct vl_id secret = vectors_bytes(9), hash;
        struct vl_buffer blob = {0};
        vl_epoch_key_id(&place.circle, secret.bytes, &place.epoch_key);
        VL_TRY(vl_blob_seal(vl_bytes(body, sizes[i]), secret.bytes, &place, &blob));
        vl_blob_hash(vl_buffer_view(&blob), &hash);
        json_open(o, '{');
        json_put_id(o, "circle", &place.circle);
        json_put_id(o, "log", &place.log);
        vectors_number(o, "seq", place.seq);
        json_put_id(o, "epoch_key", &place.epoch_key);
        json_put_id(o, "secret", &secret);
        vectors_hex(o, "body", body, sizes[i]);
        vectors_hex(o, "blob", blob.data, blob.size);
        json_put_id(o, "hash", &hash);
        json_close(o, '}');
        vl_buffer_finish(&blob);
    }
    json_close(o, ']');
    return VL_OK;
}

/* ---- control bodies ---- */

struct control_parts { /* made from device seeds 1 and 2 in circle 03... */
    struct vl_enrolment enrolments[2];
    struct vl_seal seals[2];
    struct vl_id ids[2], cites[2], key_id;
    uint8_t second_signature[64];
    struct vl_id random, circle;
};

static vl_result fill_parts(struct control_parts *p)
{
    struct vl_device_keys *keys[2] = {NULL, NULL};
    struct vl_id secret = vectors_bytes(9);
    *p = (struct control_parts){.random = vectors_bytes(6)};
    vl_result result = VL_OK;
    for (uint8_t i = 0; i < 2 && result == VL_OK; i++) {
        struct vl_id seed = vectors_bytes((uint8_t)(i + 1));
        result = vl_device_keys_from_seed(seed.bytes, &keys[i]);
        p->ids[i] = vectors_bytes((uint8_t)(0x40 + i));
        p->cites[i] = vectors_bytes((uint8_t)(0x60 + i));
    }
    if (result != VL_OK) goto out;
    vl_circle_id(keys[0]->card.sign, keys[1]->card.sign, p->random.bytes, &p->circle);
    vl_epoch_key_id(&p->circle, secret.bytes, &p->key_id);
    vl_founding_sign(keys[1], &p->circle, &keys[0]->card, p->second_signature);
    /* Seals are sorted by the recipient's key. */
    unsigned low = memcmp(keys[0]->card.sign, keys[1]->card.sign, 32) < 0 ? 0 : 1;
    for (unsigned i = 0; i < 2 && result == VL_OK; i++) {
        const struct vl_device_keys *recipient = keys[i == 0 ? low : 1 - low];
        struct vl_id person;
        vl_person_id(keys[i]->card.sign, &person);
        vl_enrolment_sign(keys[i], &p->circle, &person, &p->enrolments[i]);
        memcpy(p->seals[i].recipient, recipient->card.sign, 32);
        result = vl_key_box_seal(secret.bytes, &p->circle, &p->key_id, &recipient->card,
                                 keys[0]->card.sign, p->seals[i].box);
    }
out:
    vl_device_keys_destroy(keys[0]);
    vl_device_keys_destroy(keys[1]);
    return result;
}

static void control_of(struct control_parts *p, enum vl_control_kind kind, struct vl_control *out)
{
    *out = (struct vl_control){.kind = kind, .cites = p->cites, .cite_count = 2};
    out->target = vectors_bytes(0x50);
    switch (kind) {
    case VL_CONTROL_FOUND:
        memcpy(out->random, p->random.bytes, sizeof out->random);
        memcpy(out->second_signature, p->second_signature, sizeof out->second_signature);
        out->enrolments = p->enrolments;
        out->enrolment_count = 2;
        out->target = (struct vl_id){0};
        break;
    case VL_CONTROL_ADD:
    case VL_CONTROL_ADD_DEVICE:
    case VL_CONTROL_RESTORE:
        out->enrolments = p->enrolments;
        out->enrolment_count = 1;
        break;
    case VL_CONTROL_EPOCH:
        out->target = (struct vl_id){0};
        out->key_id = p->key_id;
        out->seals = p->seals;
        out->seal_count = 2;
        break;
    case VL_CONTROL_SEAL:
        out->seals = p->seals;
        out->seal_count = 2;
        break;
    case VL_CONTROL_LEAVE:
    case VL_CONTROL_STEPDOWN: out->target = (struct vl_id){0}; break;
    case VL_CONTROL_TOMBSTONE:
        out->target = (struct vl_id){0};
        out->ids = p->ids;
        out->id_count = 2;
        break;
    default: break;
    }
}

static vl_result controls(struct json_out *o)
{
    struct control_parts parts;
    VL_TRY(fill_parts(&parts));
    json_key(o, "controls");
    json_open(o, '[');
    for (unsigned i = 0; i < VL_CONTROL_KIND_COUNT; i++) {
        struct vl_control control;
        struct vl_buffer body = {0};
        control_of(&parts, (enum vl_control_kind)i, &control);
        VL_TRY(vl_control_encode(&control, &body));
        json_open(o, '{');
        json_put_text(o, "kind", vl_control_kind_text((enum vl_control_kind)i));
        json_put_id(o, "circle", &parts.circle);
        vectors_hex(o, "body", body.data, body.size);
        json_put_id(o, "target", &control.target);
        json_put_integer(o, "enrolments", (int64_t)control.enrolment_count);
        json_put_integer(o, "seals", (int64_t)control.seal_count);
        json_put_integer(o, "ids", (int64_t)control.id_count);
        json_put_integer(o, "cites", (int64_t)control.cite_count);
        json_close(o, '}');
        vl_buffer_finish(&body);
    }
    json_close(o, ']');
    return VL_OK;
}

vl_result vectors_primitives(struct json_out *o)
{
    domains(o);
    VL_TRY(varints(o));
    buckets(o);
    VL_TRY(devices(o));
    VL_TRY(key_boxes(o));
    VL_TRY(blobs(o));
    return controls(o);
}
