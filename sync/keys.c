#include "sync/sign.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <veillee/keys.h>

static_assert(sizeof(struct vl_device_card) == 96, "a card is its three keys and nothing else");
static_assert(VL_ENROLMENT_BYTES == sizeof(struct vl_device_card) + 64, "a card, a signature");
static_assert(VL_KEY_BOX_BYTES == 32 + 32 + crypto_aead_xchacha20poly1305_ietf_ABYTES,
              "an ephemeral key, the sealed secret, a tag");

static void derive(const uint8_t seed[static 32], const char *use, uint8_t out[static 32])
{
    struct vl_bytes part = vl_bytes_text(use);
    vl_derive_key(VL_DOMAIN_DEVICE_KEY, seed, &part, 1, out);
}

static vl_result allocate(struct vl_device_keys **out)
{
    if (sodium_init() < 0) return VL_ERR_INTERNAL;
    *out = sodium_malloc(sizeof **out);
    return *out == NULL ? VL_ERR_NO_MEMORY : VL_OK;
}

static void fill(struct vl_device_keys *keys, const uint8_t seed[static 32])
{
    uint8_t sign_seed[32];
    derive(seed, "sign", sign_seed);
    (void)crypto_sign_seed_keypair(keys->card.sign, keys->sign_secret, sign_seed);
    sodium_memzero(sign_seed, sizeof sign_seed);

    derive(seed, "noise", keys->noise_secret);
    derive(seed, "seal", keys->seal_secret);
    (void)crypto_scalarmult_base(keys->card.noise, keys->noise_secret);
    (void)crypto_scalarmult_base(keys->card.seal, keys->seal_secret);
}

vl_result vl_device_keys_from_seed(const uint8_t seed[static 32], struct vl_device_keys **out)
{
    VL_TRY(allocate(out));
    fill(*out, seed);
    return VL_OK;
}

vl_result vl_device_keys_create(struct vl_device_keys **out)
{
    uint8_t seed[32];
    VL_TRY(allocate(out)); /* the library is ready before it gives random bytes */
    randombytes_buf(seed, sizeof seed);
    fill(*out, seed);
    sodium_memzero(seed, sizeof seed);
    return VL_OK;
}

void vl_device_keys_destroy(struct vl_device_keys *keys)
{
    sodium_free(keys); /* wipes */
}

void vl_person_id(const uint8_t first_sign_key[static 32], struct vl_id *out)
{
    struct vl_bytes part = vl_bytes(first_sign_key, 32);
    vl_hash(VL_DOMAIN_PERSON_ID, &part, 1, out);
}

void vl_enrolment_sign(const struct vl_device_keys *keys, const struct vl_id *circle,
                       const struct vl_id *person, struct vl_enrolment *out)
{
    struct vl_bytes parts[] = {vl_bytes(circle->bytes, 32), vl_bytes(person->bytes, 32),
                               vl_bytes(&keys->card, sizeof keys->card)};
    out->card = keys->card;
    sign_parts(VL_DOMAIN_ENROLMENT, parts, 3, keys->sign_secret, out->signature);
}

vl_result vl_enrolment_verify(const struct vl_enrolment *enrolment, const struct vl_id *circle,
                              const struct vl_id *person)
{
    struct vl_bytes parts[] = {vl_bytes(circle->bytes, 32), vl_bytes(person->bytes, 32),
                               vl_bytes(&enrolment->card, sizeof enrolment->card)};
    return sign_verify_parts(VL_DOMAIN_ENROLMENT, parts, 3, enrolment->signature,
                             enrolment->card.sign);
}

void vl_enrolment_write(struct vl_writer *w, const struct vl_enrolment *enrolment)
{
    vl_write_exact(w, &enrolment->card, sizeof enrolment->card);
    vl_write_exact(w, enrolment->signature, sizeof enrolment->signature);
}

void vl_enrolment_read(struct vl_reader *r, struct vl_enrolment *out)
{
    vl_read_exact(r, &out->card, sizeof out->card);
    vl_read_exact(r, out->signature, sizeof out->signature);
}

/* ---- key boxes ---- */

/* The associated data: domain, zero, circle, key id, recipient's and author's signing keys. */
struct box_place {
    uint8_t bytes[64 + 128];
    size_t size;
};

static void box_place(struct box_place *place, const struct vl_id *circle,
                      const struct vl_id *key_id, const uint8_t recipient_sign[static 32],
                      const uint8_t author_sign[static 32])
{
    const char *domain = vl_domain_text(VL_DOMAIN_KEY_BOX);
    size_t domain_size = strlen(domain) + 1;
    assert(domain_size + 128 <= sizeof place->bytes);
    uint8_t *at = place->bytes + domain_size;
    memcpy(place->bytes, domain, domain_size);
    memcpy(at, circle->bytes, 32);
    memcpy(at + 32, key_id->bytes, 32);
    memcpy(at + 64, recipient_sign, 32);
    memcpy(at + 96, author_sign, 32);
    place->size = domain_size + 128;
}

/* The box's key from one side's secret and the other's public key. false: of low order. */
static bool box_key(const uint8_t secret[static 32], const uint8_t public_key[static 32],
                    const uint8_t ephemeral[static 32], const uint8_t recipient[static 32],
                    uint8_t key[static 32])
{
    uint8_t shared[32];
    bool usable = crypto_scalarmult(shared, secret, public_key) == 0;
    if (usable) {
        struct vl_bytes parts[] = {vl_bytes(ephemeral, 32), vl_bytes(recipient, 32)};
        vl_derive_key(VL_DOMAIN_KEY_BOX, shared, parts, 2, key);
    }
    sodium_memzero(shared, sizeof shared);
    return usable;
}

/* The key belongs to one ephemeral key and seals once, so the nonce may stand still. */
static const uint8_t box_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

vl_result vl_key_box_seal(const uint8_t secret[static 32], const struct vl_id *circle,
                          const struct vl_id *key_id, const struct vl_device_card *recipient,
                          const uint8_t author_sign[static 32],
                          uint8_t out[static VL_KEY_BOX_BYTES])
{
    uint8_t ephemeral_secret[32], key[32];
    struct box_place place;

    randombytes_buf(ephemeral_secret, sizeof ephemeral_secret);
    (void)crypto_scalarmult_base(out, ephemeral_secret);
    bool usable = box_key(ephemeral_secret, recipient->seal, out, recipient->seal, key);
    sodium_memzero(ephemeral_secret, sizeof ephemeral_secret);
    if (!usable) {
        memset(out, 0, VL_KEY_BOX_BYTES);
        return VL_ERR_INVALID;
    }
    box_place(&place, circle, key_id, recipient->sign, author_sign);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + 32, NULL, secret, 32, place.bytes,
                                                     place.size, NULL, box_nonce, key);
    sodium_memzero(key, sizeof key);
    return VL_OK;
}

vl_result vl_key_box_open(const uint8_t box[static VL_KEY_BOX_BYTES], const struct vl_id *circle,
                          const struct vl_id *key_id, const struct vl_device_keys *recipient,
                          const uint8_t author_sign[static 32], uint8_t secret_out[static 32])
{
    uint8_t key[32];
    struct box_place place;
    struct vl_id committed;

    memset(secret_out, 0, 32);
    if (!box_key(recipient->seal_secret, box, box, recipient->card.seal, key)) {
        return VL_ERR_DECRYPT;
    }
    box_place(&place, circle, key_id, recipient->card.sign, author_sign);
    int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(secret_out, NULL, NULL, box + 32,
                                                            VL_KEY_BOX_BYTES - 32, place.bytes,
                                                            place.size, box_nonce, key);
    sodium_memzero(key, sizeof key);
    vl_epoch_key_id(circle, secret_out, &committed);
    if (opened != 0 || !vl_id_equal(&committed, key_id)) {
        sodium_memzero(secret_out, 32);
        return VL_ERR_DECRYPT;
    }
    return VL_OK;
}

void vl_epoch_key_id(const struct vl_id *circle, const uint8_t secret[static 32], struct vl_id *out)
{
    struct vl_bytes parts[] = {vl_bytes(circle->bytes, 32), vl_bytes(secret, 32)};
    vl_hash(VL_DOMAIN_EPOCH_KEY_ID, parts, 2, out);
}
