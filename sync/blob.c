/* Payload blobs of content: padded, sealed to their place. */
#include "sync/blob.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define NONCE      crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG        crypto_aead_xchacha20poly1305_ietf_ABYTES
#define BUCKET_MIN 64u
#define BUCKET_MAX 27648u /* 27 KiB, the last step of Padme below the largest blob */

static_assert(NONCE + BUCKET_MAX + TAG <= VL_BLOB_BYTES_MAX, "the largest bucket fits");
static_assert(VL_BODY_BYTES_MAX + 3u == BUCKET_MAX, "the largest body with its size fills it");

static unsigned log2_of(size_t n)
{
    unsigned bits = 0;
    while (n >>= 1) {
        bits++;
    }
    return bits;
}

/* Padme (Nikitin et al., 2019): all but the top few bits of the size are rounded up, so it leaks
 * O(log log size) bits and costs at most 12 %. */
size_t vl_blob_bucket(size_t plain_size)
{
    if (plain_size <= BUCKET_MIN) return BUCKET_MIN;
    unsigned exponent = log2_of(plain_size);
    size_t mask = ((size_t)1 << (exponent - (log2_of(exponent) + 1))) - 1;
    assert(plain_size <= SIZE_MAX - mask);
    return (plain_size + mask) & ~mask;
}

size_t place_bytes(enum vl_domain domain, const struct vl_entry_header *place,
                   uint8_t out[static PLACE_BYTES_MAX])
{
    const char *text = vl_domain_text(domain);
    size_t at = strlen(text) + 1;
    assert(at + 104 <= PLACE_BYTES_MAX);
    memcpy(out, text, at);
    memcpy(out + at, place->circle.bytes, 32);
    memcpy(out + at + 32, place->log.bytes, 32);
    for (unsigned i = 0; i < 8; i++) {
        out[at + 64 + i] = (uint8_t)(place->seq >> (8 * i));
    }
    memcpy(out + at + 72, place->epoch_key.bytes, 32);
    return at + 104;
}

vl_result body_seal(struct vl_bytes body, const uint8_t key[static 32], struct vl_bytes associated,
                    struct vl_buffer *out)
{
    size_t size_bytes = body.size < 0x80 ? 1 : body.size < 0x4000 ? 2 : 3; /* of the varint */
    size_t bucket = vl_blob_bucket(size_bytes + body.size);
    size_t before = out->size;
    assert(body.size <= VL_BODY_BYTES_MAX);
    VL_TRY(vl_buffer_reserve(out, NONCE + bucket + TAG));

    uint8_t *nonce = out->data + before, *plain = nonce + NONCE;
    randombytes_buf(nonce, NONCE);
    out->size += NONCE;
    struct vl_writer w = vl_writer(out, SIZE_MAX);
    vl_write_string(&w, body);
    assert(w.result == VL_OK && out->size == before + NONCE + size_bytes + body.size);
    memset(plain + size_bytes + body.size, 0, bucket - size_bytes - body.size);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(plain, NULL, plain, bucket, associated.data,
                                                     associated.size, NULL, nonce, key);
    out->size = before + NONCE + bucket + TAG;
    return VL_OK;
}

vl_result vl_blob_seal(struct vl_bytes body, const uint8_t secret[static 32],
                       const struct vl_entry_header *place, struct vl_buffer *out)
{
    if (body.size > VL_BODY_BYTES_MAX) return VL_ERR_TOO_LARGE;

    uint8_t data[PLACE_BYTES_MAX], key[32];
    size_t data_size = place_bytes(VL_DOMAIN_BLOB_SEAL, place, data);
    vl_derive_key(VL_DOMAIN_BLOB_KEY, secret, NULL, 0, key);
    vl_result result = body_seal(body, key, vl_bytes(data, data_size), out);
    sodium_memzero(key, sizeof key);
    return result;
}

/* The body inside an opened plaintext. */
static vl_result unpad(struct vl_bytes plain, struct vl_bytes *body)
{
    struct vl_reader r = vl_reader(plain);
    *body = vl_read_string(&r, VL_BODY_BYTES_MAX);
    if (r.result != VL_OK || vl_blob_bucket(r.at) != plain.size) return VL_ERR_NOT_CANONICAL;
    for (size_t i = r.at; i < plain.size; i++) {
        if (plain.data[i] != 0) return VL_ERR_NOT_CANONICAL;
    }
    return VL_OK;
}

vl_result body_open(struct vl_bytes sealed, const uint8_t key[static 32],
                    struct vl_bytes associated, struct vl_buffer *body)
{
    if (sealed.size < NONCE + BUCKET_MIN + TAG || sealed.size > VL_BLOB_BYTES_MAX) {
        return VL_ERR_DECRYPT;
    }
    struct vl_bytes inner = {0};
    size_t bucket = sealed.size - NONCE - TAG;
    VL_TRY(vl_buffer_reserve(body, bucket));

    uint8_t *plain = body->data + body->size;
    int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed.data + NONCE,
                                                            sealed.size - NONCE, associated.data,
                                                            associated.size, sealed.data, key);
    if (opened != 0) return VL_ERR_DECRYPT;

    vl_result result = unpad(vl_bytes(plain, bucket), &inner);
    if (result != VL_OK) {
        sodium_memzero(plain, bucket);
        return result;
    }
    if (inner.size > 0) memmove(plain, inner.data, inner.size);
    sodium_memzero(plain + inner.size, bucket - inner.size);
    body->size += inner.size;
    return VL_OK;
}

vl_result vl_blob_open(struct vl_bytes blob, const uint8_t secret[static 32],
                       const struct vl_entry_header *place, struct vl_buffer *body)
{
    uint8_t data[PLACE_BYTES_MAX], key[32];
    size_t data_size = place_bytes(VL_DOMAIN_BLOB_SEAL, place, data);
    vl_derive_key(VL_DOMAIN_BLOB_KEY, secret, NULL, 0, key);
    vl_result result = body_open(blob, key, vl_bytes(data, data_size), body);
    sodium_memzero(key, sizeof key);
    return result;
}

void vl_blob_hash(struct vl_bytes blob, struct vl_id *out)
{
    vl_hash(VL_DOMAIN_BLOB_HASH, &blob, 1, out);
}
