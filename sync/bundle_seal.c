#include "sync/bundle_seal.h"

#include "sync/sign.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
static_assert(BUNDLE_BOX_BYTES == 32 + crypto_aead_xchacha20poly1305_ietf_ABYTES, "key and tag");

vl_result bundle_key_create(struct bundle_key **out)
{
    if (sodium_init() < 0) return VL_ERR_INTERNAL;
    *out = sodium_malloc(sizeof **out);
    if (*out == NULL) return VL_ERR_NO_MEMORY;
    memset(*out, 0, sizeof **out);
    return VL_OK;
}

void bundle_key_destroy(struct bundle_key *key)
{
    sodium_free(key); /* wipes */
}

/* The frames' key follows from the file key and the whole prelude: nobody swaps a box in it. */
static void derive_stream(struct bundle_key *key, struct vl_bytes prelude, struct vl_id *hash)
{
    vl_hash(VL_DOMAIN_BUNDLE, &prelude, 1, hash);
    struct vl_bytes part = vl_bytes(hash->bytes, sizeof hash->bytes);
    vl_derive_key(VL_DOMAIN_BUNDLE_KEY, key->file, &part, 1, key->stream);
}

/* ---- boxes ---- */

static const uint8_t box_nonce[NONCE_BYTES]; /* its key seals once */

/* One box key for circle, recipient's device and this ephemeral key. false: of low order. */
static bool box_key(const uint8_t secret[static 32], const uint8_t public_key[static 32],
                    const uint8_t ephemeral[static 32], const struct vl_device_card *recipient,
                    const struct vl_id *circle, uint8_t key[static 32])
{
    uint8_t shared[32];
    bool usable = crypto_scalarmult(shared, secret, public_key) == 0;
    if (usable) {
        struct vl_bytes parts[] = {vl_bytes(ephemeral, 32), vl_bytes(recipient->seal, 32),
                                   vl_bytes(recipient->sign, 32), vl_bytes(circle->bytes, 32)};
        vl_derive_key(VL_DOMAIN_BUNDLE_BOX, shared, parts, 4, key);
    }
    sodium_memzero(shared, sizeof shared);
    return usable;
}

/* false: the recipient's key is none. */
static bool seal_box(const uint8_t ephemeral_secret[static 32], const uint8_t ephemeral[static 32],
                     const struct vl_device_card *recipient, const struct vl_id *circle,
                     const uint8_t file[static 32], uint8_t box[static BUNDLE_BOX_BYTES])
{
    uint8_t key[32];
    if (!box_key(ephemeral_secret, recipient->seal, ephemeral, recipient, circle, key))
        return false;
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, file, 32, NULL, 0, NULL, box_nonce,
                                                     key);
    sodium_memzero(key, sizeof key);
    return true;
}

struct recipient {
    struct vl_device_card card;
    struct vl_id person;
    size_t rank; /* which of her devices it is */
};
struct recipients { /* the current devices */
    struct recipient *items;
    size_t count, capacity;
};

static vl_result add_recipient(struct recipients *all, const struct vl_device_info *device)
{
    struct recipient one = {.card = device->card, .person = device->person};
    if (all->count == all->capacity) {
        const size_t capacity = all->capacity == 0 ? 16 : 2 * all->capacity;
        struct recipient *grown = realloc(all->items, capacity * sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        all->items = grown;
        all->capacity = capacity;
    }
    for (size_t i = 0; i < all->count; i++)
        one.rank += vl_id_equal(&all->items[i].person, &one.person);
    all->items[all->count++] = one;
    return VL_OK;
}

static vl_result find_recipients(struct vl_replica *replica, struct recipients *all)
{
    for (size_t at = 0;; at++) {
        struct vl_device_info device;
        vl_result result = vl_replica_device_at(replica, at, &device);
        if (result == VL_ERR_NOT_FOUND) return VL_OK;
        VL_TRY(result);
        if (device.current) VL_TRY(add_recipient(all, &device));
    }
}

/* The current devices' boxes: the first device of each person, then the second ones, and so on, so
 * that somebody who has very many leaves out none but her own. Then noise up to whole groups. A
 * device whose key is no key cannot be sealed to; what it gets is noise too. */
static vl_result make_boxes(const struct recipients *all, const struct vl_id *circle,
                            const struct bundle_key *key, const uint8_t ephemeral_secret[static 32],
                            const uint8_t ephemeral[static 32], uint8_t *boxes, size_t *count)
{
    size_t made = 0, seen = 0;
    for (size_t rank = 0; seen < all->count && made < VL_BUNDLE_BOXES_MAX; rank++) {
        for (size_t i = 0; i < all->count; i++) {
            const struct recipient *one = &all->items[i];
            if (one->rank != rank) continue;
            if (made == VL_BUNDLE_BOXES_MAX && rank == 0) return VL_ERR_LIMIT;
            if (made == VL_BUNDLE_BOXES_MAX) break;
            seen++;
            made += seal_box(ephemeral_secret, ephemeral, &one->card, circle, key->file,
                             boxes + made * BUNDLE_BOX_BYTES);
        }
    }
    size_t groups = (made + VL_BUNDLE_BOXES_STEP - 1) / VL_BUNDLE_BOXES_STEP;
    if (groups == 0) groups = 1;
    *count = groups * VL_BUNDLE_BOXES_STEP;
    randombytes_buf(boxes + made * BUNDLE_BOX_BYTES, (*count - made) * BUNDLE_BOX_BYTES);
    return VL_OK;
}

static int box_order(const void *a, const void *b)
{
    return memcmp(a, b, BUNDLE_BOX_BYTES);
}

vl_result bundle_prelude_write(struct vl_replica *replica, struct bundle_key *key,
                               struct vl_buffer *prelude, struct vl_id *hash)
{
    uint8_t ephemeral_secret[32], ephemeral[32];
    size_t count = 0;
    struct recipients all = {0};
    uint8_t *boxes = malloc(VL_BUNDLE_BOXES_MAX * BUNDLE_BOX_BYTES);
    vl_result result = boxes == NULL ? VL_ERR_NO_MEMORY : find_recipients(replica, &all);
    if (result != VL_OK) goto out;
    randombytes_buf(key->file, sizeof key->file);
    randombytes_buf(ephemeral_secret, sizeof ephemeral_secret);
    (void)crypto_scalarmult_base(ephemeral, ephemeral_secret);
    result = make_boxes(&all, vl_replica_circle(replica), key, ephemeral_secret, ephemeral, boxes,
                        &count);
    sodium_memzero(ephemeral_secret, sizeof ephemeral_secret);
    if (result != VL_OK) goto out;

    qsort(boxes, count, BUNDLE_BOX_BYTES, box_order); /* which are noise does not show */
    vl_buffer_clear(prelude);
    struct vl_writer w = vl_writer(prelude, SIZE_MAX);
    vl_write_exact(&w, ephemeral, sizeof ephemeral);
    vl_write_u8(&w, (uint8_t)(count / VL_BUNDLE_BOXES_STEP));
    vl_write_exact(&w, boxes, count * BUNDLE_BOX_BYTES);
    result = vl_writer_result(&w);
    if (result == VL_OK) derive_stream(key, vl_buffer_view(prelude), hash);
out:
    free(all.items);
    free(boxes);
    return result;
}

vl_result bundle_prelude_size(const uint8_t start[static BUNDLE_PRELUDE_MIN], size_t *size)
{
    size_t groups = start[32];
    if (groups == 0 || groups > VL_BUNDLE_BOXES_MAX / VL_BUNDLE_BOXES_STEP) return VL_ERR_NO_KEY;
    *size = BUNDLE_PRELUDE_MIN + groups * VL_BUNDLE_BOXES_STEP * BUNDLE_BOX_BYTES;
    return VL_OK;
}

/* Tries every box with the keys of this replica's device. */
static bool open_any(struct vl_bytes boxes, const uint8_t ephemeral[static 32],
                     const struct vl_replica *replica, uint8_t file[static 32])
{
    uint8_t key[32];
    bool opened = false;
    const struct vl_device_keys *keys = vl_replica_keys(replica);
    if (!box_key(keys->seal_secret, ephemeral, ephemeral, &keys->card, vl_replica_circle(replica),
                 key)) {
        return false;
    }
    for (size_t at = 0; at < boxes.size && !opened; at += BUNDLE_BOX_BYTES) {
        opened = crypto_aead_xchacha20poly1305_ietf_decrypt(file, NULL, NULL, boxes.data + at,
                                                            BUNDLE_BOX_BYTES, NULL, 0, box_nonce,
                                                            key) == 0;
    }
    sodium_memzero(key, sizeof key);
    return opened;
}

vl_result bundle_prelude_read(struct vl_bytes prelude, struct vl_replica *const *replicas,
                              size_t count, struct bundle_key *key, struct vl_replica **found,
                              struct vl_id *hash)
{
    struct vl_bytes boxes =
        vl_bytes(prelude.data + BUNDLE_PRELUDE_MIN, prelude.size - BUNDLE_PRELUDE_MIN);
    *found = NULL;
    for (size_t i = 0; i < count && *found == NULL; i++) {
        if (open_any(boxes, prelude.data, replicas[i], key->file)) *found = replicas[i];
    }
    if (*found == NULL) return VL_ERR_NO_KEY;
    for (size_t at = BUNDLE_BOX_BYTES; at < boxes.size; at += BUNDLE_BOX_BYTES) {
        if (box_order(boxes.data + at - BUNDLE_BOX_BYTES, boxes.data + at) >= 0) {
            return VL_ERR_NOT_CANONICAL;
        }
    }
    derive_stream(key, prelude, hash);
    return VL_OK;
}

/* ---- frames ---- */

static void frame_nonce(uint64_t number, bool last, uint8_t nonce[static NONCE_BYTES])
{
    memset(nonce, 0, NONCE_BYTES);
    for (unsigned i = 0; i < 8; i++) {
        nonce[i] = (uint8_t)(number >> (8 * i));
    }
    nonce[8] = last ? 1 : 0;
}

vl_result bundle_frame_seal(const struct bundle_key *key, uint64_t number, bool last,
                            const uint8_t plain[static VL_BUNDLE_FRAME_BYTES],
                            struct vl_buffer *out)
{
    const char *domain = vl_domain_text(VL_DOMAIN_BUNDLE_FRAME);
    uint8_t nonce[NONCE_BYTES];
    VL_TRY(vl_buffer_reserve(out, BUNDLE_SEALED_FRAME_BYTES));
    frame_nonce(number, last, nonce);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out->data + out->size, NULL, plain,
                                                     VL_BUNDLE_FRAME_BYTES, (const uint8_t *)domain,
                                                     strlen(domain) + 1, NULL, nonce, key->stream);
    out->size += BUNDLE_SEALED_FRAME_BYTES;
    return VL_OK;
}

vl_result bundle_frame_open(const struct bundle_key *key, uint64_t number,
                            const uint8_t sealed[static BUNDLE_SEALED_FRAME_BYTES], bool *last,
                            struct vl_buffer *out)
{
    const char *domain = vl_domain_text(VL_DOMAIN_BUNDLE_FRAME);
    uint8_t nonce[NONCE_BYTES];
    VL_TRY(vl_buffer_reserve(out, VL_BUNDLE_FRAME_BYTES));
    for (unsigned is_last = 0; is_last < 2; is_last++) {
        frame_nonce(number, is_last == 1, nonce);
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(
                out->data + out->size, NULL, NULL, sealed, BUNDLE_SEALED_FRAME_BYTES,
                (const uint8_t *)domain, strlen(domain) + 1, nonce, key->stream) != 0) {
            continue;
        }
        *last = is_last == 1;
        out->size += VL_BUNDLE_FRAME_BYTES;
        return VL_OK;
    }
    return VL_ERR_DECRYPT;
}

/* ---- the header ---- */

#define HEADER_BYTES_MAX 256u

vl_result bundle_header_write(const struct bundle_header *header, const struct vl_id *hash,
                              const struct vl_device_keys *keys, struct vl_buffer *out)
{
    uint8_t signature[64];
    vl_buffer_clear(out);
    struct vl_writer w = vl_writer(out, HEADER_BYTES_MAX);
    vl_write_u8(&w, BUNDLE_MESSAGE_HEADER);
    vl_write_u8(&w, BUNDLE_VERSION);
    vl_write_exact(&w, header->circle.bytes, sizeof header->circle.bytes);
    vl_write_exact(&w, header->author, sizeof header->author);
    vl_write_i64(&w, header->wall.ms);
    vl_write_varint(&w, header->entries);
    VL_TRY(vl_writer_result(&w));
    struct vl_bytes parts[] = {vl_bytes(hash->bytes, sizeof hash->bytes), vl_buffer_view(out)};
    sign_parts(VL_DOMAIN_BUNDLE_SIGNATURE, parts, 2, keys->sign_secret, signature);
    vl_write_exact(&w, signature, sizeof signature);
    return vl_writer_result(&w);
}

vl_result bundle_header_read(struct vl_bytes message, const struct vl_id *hash,
                             struct bundle_header *out)
{
    uint8_t signature[64];
    struct vl_reader r = vl_reader(message);
    if (vl_read_u8(&r) != BUNDLE_MESSAGE_HEADER) vl_reader_fail(&r, VL_ERR_KIND);
    if (vl_read_u8(&r) != BUNDLE_VERSION) vl_reader_fail(&r, VL_ERR_VERSION);
    vl_read_exact(&r, out->circle.bytes, sizeof out->circle.bytes);
    vl_read_exact(&r, out->author, sizeof out->author);
    out->wall.ms = vl_read_i64(&r);
    out->entries = vl_read_varint(&r, UINT64_MAX);
    struct vl_bytes parts[] = {vl_bytes(hash->bytes, sizeof hash->bytes),
                               vl_bytes(message.data, r.at)};
    vl_read_exact(&r, signature, sizeof signature);
    VL_TRY(vl_reader_end(&r));
    return sign_verify_parts(VL_DOMAIN_BUNDLE_SIGNATURE, parts, 2, signature, out->author);
}
