/* Blobs for some devices only. One ephemeral key serves all boxes: each box's own key depends on
 * its recipient's too. A box is the output of an authenticated cipher, so it looks like the random
 * bytes that fill up the number; who has no box learns that she has none, and no more.
 *
 * All is bound to circle, log, number and epoch key id; the log id commits to the author's key. */
#include "sync/blob.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/sealed.h>

#define HEAD_BYTES 65u /* ephemeral key, commitment, number of steps */
#define NONCE      crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG        crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BUCKET_MAX 21504u /* the last step of Padme that leaves room for all boxes */

static_assert(VL_SEALED_BOX_BYTES == 32u + TAG, "a box is a secret and a tag");
static_assert(VL_SEALED_BODY_BYTES_MAX + 3u == BUCKET_MAX, "the largest body fills it");
static_assert(HEAD_BYTES + VL_SEALED_BOXES_MAX * VL_SEALED_BOX_BYTES + NONCE + BUCKET_MAX + TAG <=
                  VL_BLOB_BYTES_MAX,
              "the largest body fits beside the most boxes");
static_assert(VL_SEALED_BOXES_MAX % VL_SEALED_STEP == 0, "the most boxes are whole steps");

/* Each key belongs to one ephemeral key and one recipient and seals once. */
static const uint8_t box_nonce[NONCE];

static void commit_to(const uint8_t secret[static 32], const struct vl_entry_header *place,
                      uint8_t commitment[static 32])
{
    uint8_t bytes[PLACE_BYTES_MAX];
    size_t size = place_bytes(VL_DOMAIN_SEALED_COMMITMENT, place, bytes);
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, 32);
    crypto_generichash_update(&hash, bytes, size);
    crypto_generichash_update(&hash, secret, 32);
    crypto_generichash_final(&hash, commitment, 32);
    sodium_memzero(&hash, sizeof hash);
}

/* What a box is sealed with, from either side. false: the public key is of low order. */
static bool box_key(const uint8_t secret[static 32], const uint8_t public_key[static 32],
                    const uint8_t ephemeral[static 32], const uint8_t recipient[static 32],
                    uint8_t key[static 32])
{
    uint8_t shared[32];
    bool usable = crypto_scalarmult(shared, secret, public_key) == 0;
    if (usable) {
        struct vl_bytes parts[] = {vl_bytes(ephemeral, 32), vl_bytes(recipient, 32)};
        vl_derive_key(VL_DOMAIN_SEALED_BOX, shared, parts, 2, key);
    }
    sodium_memzero(shared, sizeof shared);
    return usable;
}

static size_t box_place(const struct vl_entry_header *place, const uint8_t commitment[static 32],
                        const uint8_t sign[static 32], uint8_t out[static PLACE_BYTES_MAX])
{
    size_t size = place_bytes(VL_DOMAIN_SEALED_BOX, place, out);
    memcpy(out + size, commitment, 32);
    memcpy(out + size + 32, sign, 32);
    return size + 64;
}

static void body_key(const uint8_t secret[static 32], uint8_t key[static 32])
{
    vl_derive_key(VL_DOMAIN_SEALED_KEY, secret, NULL, 0, key);
}

/* ---- sealing ---- */

/* Slots 0..count-1 in random order. */
static void shuffle(uint32_t *slots, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        slots[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = randombytes_uniform(i), kept = slots[i - 1];
        slots[i - 1] = slots[other];
        slots[other] = kept;
    }
}

/* Fills `boxes`; returns how many recipients got one. */
static size_t seal_boxes(const uint8_t secret[static 32], const uint8_t ephemeral_secret[static 32],
                         const uint8_t head[static HEAD_BYTES],
                         const struct vl_device_card *recipients, size_t count,
                         const struct vl_entry_header *place, uint8_t *boxes, uint32_t box_count)
{
    uint32_t slots[VL_SEALED_BOXES_MAX];
    uint8_t bound[PLACE_BYTES_MAX], key[32];
    size_t sealed = 0;
    shuffle(slots, box_count);
    randombytes_buf(boxes, box_count * VL_SEALED_BOX_BYTES);
    for (size_t i = 0; i < count; i++) {
        const struct vl_device_card *card = &recipients[i];
        if (!box_key(ephemeral_secret, card->seal, head, card->seal, key)) continue;
        size_t size = box_place(place, head + 32, card->sign, bound);
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
            boxes + (size_t)slots[i] * VL_SEALED_BOX_BYTES, NULL, secret, 32, bound, size, NULL,
            box_nonce, key);
        sealed++;
    }
    sodium_memzero(key, sizeof key);
    return sealed;
}

vl_result vl_sealed_seal(struct vl_bytes body, const struct vl_device_card *recipients,
                         size_t count, const struct vl_entry_header *place, struct vl_buffer *out)
{
    if (body.size > VL_SEALED_BODY_BYTES_MAX) return VL_ERR_TOO_LARGE;
    if (count > VL_SEALED_BOXES_MAX) return VL_ERR_LIMIT;
    size_t steps = (count + VL_SEALED_STEP - 1) / VL_SEALED_STEP, before = out->size;
    uint32_t box_count = (uint32_t)(steps * VL_SEALED_STEP);
    uint8_t secret[32], ephemeral[32], key[32], bound[PLACE_BYTES_MAX];
    VL_TRY(vl_buffer_reserve(out, HEAD_BYTES + box_count * VL_SEALED_BOX_BYTES));

    uint8_t *head = out->data + before;
    randombytes_buf(secret, sizeof secret);
    randombytes_buf(ephemeral, sizeof ephemeral);
    (void)crypto_scalarmult_base(head, ephemeral);
    commit_to(secret, place, head + 32);
    head[64] = (uint8_t)steps;
    size_t sealed =
        seal_boxes(secret, ephemeral, head, recipients, count, place, head + HEAD_BYTES, box_count);
    out->size += HEAD_BYTES + box_count * VL_SEALED_BOX_BYTES;

    vl_result result = sealed == 0 ? VL_ERR_INVALID : VL_OK;
    body_key(secret, key);
    size_t size = place_bytes(VL_DOMAIN_SEALED_BODY, place, bound);
    if (result == VL_OK) result = body_seal(body, key, vl_bytes(bound, size), out);
    if (result != VL_OK) out->size = before;
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(ephemeral, sizeof ephemeral);
    sodium_memzero(key, sizeof key);
    return result;
}

/* ---- opening ---- */

static bool open_boxes(struct vl_bytes blob, size_t box_count, const struct vl_entry_header *place,
                       const struct vl_device_keys *keys, uint8_t secret[static 32])
{
    uint8_t key[32], bound[PLACE_BYTES_MAX];
    bool found = false;
    if (!box_key(keys->seal_secret, blob.data, blob.data, keys->card.seal, key)) return false;
    size_t size = box_place(place, blob.data + 32, keys->card.sign, bound);
    for (size_t i = 0; i < box_count && !found; i++)
        found = crypto_aead_xchacha20poly1305_ietf_decrypt(
                    secret, NULL, NULL, blob.data + HEAD_BYTES + i * VL_SEALED_BOX_BYTES,
                    VL_SEALED_BOX_BYTES, bound, size, box_nonce, key) == 0;
    sodium_memzero(key, sizeof key);
    return found;
}

vl_result vl_sealed_open(struct vl_bytes blob, const struct vl_entry_header *place,
                         const struct vl_device_keys *keys, struct vl_buffer *body)
{
    uint8_t secret[32], commitment[32], key[32], bound[PLACE_BYTES_MAX];
    if (blob.size < HEAD_BYTES) return VL_ERR_NOT_CANONICAL;
    size_t box_count = (size_t)blob.data[64] * VL_SEALED_STEP;
    size_t head = HEAD_BYTES + box_count * VL_SEALED_BOX_BYTES;
    if (box_count == 0 || box_count > VL_SEALED_BOXES_MAX || blob.size < head)
        return VL_ERR_NOT_CANONICAL;
    if (!open_boxes(blob, box_count, place, keys, secret)) return VL_ERR_NO_KEY;

    commit_to(secret, place, commitment);
    body_key(secret, key);
    size_t size = place_bytes(VL_DOMAIN_SEALED_BODY, place, bound);
    vl_result result = VL_ERR_DECRYPT;
    if (sodium_memcmp(commitment, blob.data + 32, sizeof commitment) == 0)
        result = body_open(vl_bytes(blob.data + head, blob.size - head), key, vl_bytes(bound, size),
                           body);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(key, sizeof key);
    return result;
}
