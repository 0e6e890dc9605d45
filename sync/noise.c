#include "sync/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(NOISE_HASH_BYTES == crypto_generichash_blake2b_BYTES_MAX, "BLAKE2b-512");
static_assert(NOISE_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "Poly1305");
static_assert(NOISE_KEY_BYTES == crypto_scalarmult_BYTES, "X25519");

const struct noise_pattern noise_xxpsk0 = {
    .protocol = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b",
    .psk_count = 1,
    .message_count = 3,
    .messages = {{NOISE_PSK, NOISE_E}, {NOISE_E, NOISE_EE, NOISE_S, NOISE_ES}, {NOISE_S, NOISE_SE}},
};

/* ---- HMAC and HKDF ---- */

static void hash_start(crypto_generichash_blake2b_state *state)
{
    (void)crypto_generichash_blake2b_init(state, NULL, 0, NOISE_HASH_BYTES);
}

static void hash_add(crypto_generichash_blake2b_state *state, struct vl_bytes bytes)
{
    if (bytes.size > 0) (void)crypto_generichash_blake2b_update(state, bytes.data, bytes.size);
}

static void hash_end(crypto_generichash_blake2b_state *state, uint8_t out[static NOISE_HASH_BYTES])
{
    (void)crypto_generichash_blake2b_final(state, out, NOISE_HASH_BYTES);
    sodium_memzero(state, sizeof *state);
}

void noise_hmac(struct vl_bytes key, const struct vl_bytes *parts, size_t count,
                uint8_t out[static NOISE_HASH_BYTES])
{
    crypto_generichash_blake2b_state state;
    uint8_t block[NOISE_BLOCK_BYTES] = {0};
    uint8_t inner[NOISE_HASH_BYTES];

    if (key.size > sizeof block) {
        hash_start(&state);
        hash_add(&state, key);
        hash_end(&state, block);
    } else if (key.size > 0) {
        memcpy(block, key.data, key.size);
    }
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    hash_start(&state);
    hash_add(&state, vl_bytes(block, sizeof block));
    for (size_t i = 0; i < count; i++)
        hash_add(&state, parts[i]);
    hash_end(&state, inner);

    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    hash_start(&state);
    hash_add(&state, vl_bytes(block, sizeof block));
    hash_add(&state, vl_bytes(inner, sizeof inner));
    hash_end(&state, out);
    sodium_memzero(block, sizeof block);
    sodium_memzero(inner, sizeof inner);
}

/* HKDF of the framework: two outputs, or three when `third` is not NULL. */
static void hkdf(const uint8_t chaining_key[static NOISE_HASH_BYTES], struct vl_bytes input,
                 uint8_t first[static NOISE_HASH_BYTES], uint8_t second[static NOISE_HASH_BYTES],
                 uint8_t *third)
{
    uint8_t temporary[NOISE_HASH_BYTES] = {0}, number = 1;
    const struct vl_bytes key = vl_bytes(temporary, sizeof temporary);

    noise_hmac(vl_bytes(chaining_key, NOISE_HASH_BYTES), &input, 1, temporary);
    noise_hmac(key, (struct vl_bytes[]){vl_bytes(&number, 1)}, 1, first);
    number = 2;
    noise_hmac(key, (struct vl_bytes[]){vl_bytes(first, NOISE_HASH_BYTES), vl_bytes(&number, 1)}, 2,
               second);
    if (third != NULL) {
        number = 3;
        noise_hmac(key,
                   (struct vl_bytes[]){vl_bytes(second, NOISE_HASH_BYTES), vl_bytes(&number, 1)}, 2,
                   third);
    }
    sodium_memzero(temporary, sizeof temporary);
}

/* ---- cipher state ---- */

void noise_cipher_set(struct noise_cipher *c, const uint8_t key[static NOISE_KEY_BYTES])
{
    memcpy(c->key, key, NOISE_KEY_BYTES);
    c->nonce = 0;
    c->has_key = true;
}

static void nonce_bytes(uint64_t number, uint8_t out[static 12])
{
    memset(out, 0, 4);
    for (unsigned i = 0; i < 8; i++)
        out[4 + i] = (uint8_t)(number >> (8 * i));
}

vl_result noise_cipher_seal(struct noise_cipher *c, struct vl_bytes associated,
                            struct vl_bytes text, uint8_t *out)
{
    if (!c->has_key) {
        if (text.size > 0) memmove(out, text.data, text.size);
        return VL_OK;
    }
    /* 2^64 - 1 is Rekey()'s own. */
    if (c->nonce == UINT64_MAX) return VL_ERR_LIMIT;
    uint8_t nonce[12];
    nonce_bytes(c->nonce, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(
        out, NULL, text.data, text.size, associated.data, associated.size, NULL, nonce, c->key);
    c->nonce++;
    return VL_OK;
}

vl_result noise_cipher_open(struct noise_cipher *c, struct vl_bytes associated,
                            struct vl_bytes sealed, uint8_t *out)
{
    if (!c->has_key) {
        if (sealed.size > 0) memmove(out, sealed.data, sealed.size);
        return VL_OK;
    }
    if (c->nonce == UINT64_MAX) return VL_ERR_LIMIT;
    if (sealed.size < NOISE_TAG_BYTES) return VL_ERR_TRUNCATED;
    uint8_t nonce[12];
    nonce_bytes(c->nonce, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.size,
                                                  associated.data, associated.size, nonce,
                                                  c->key) != 0)
        return VL_ERR_DECRYPT;
    c->nonce++;
    return VL_OK;
}

void noise_cipher_rekey(struct noise_cipher *c)
{
    static const uint8_t zeros[NOISE_KEY_BYTES];
    uint8_t nonce[12], out[NOISE_KEY_BYTES + NOISE_TAG_BYTES];

    assert(c->has_key);
    nonce_bytes(UINT64_MAX, nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, zeros, sizeof zeros, NULL, 0, NULL,
                                                    nonce, c->key);
    memcpy(c->key, out, NOISE_KEY_BYTES);
    sodium_memzero(out, sizeof out);
}

/* ---- symmetric state ---- */

static void mix_hash(struct noise_handshake *h, struct vl_bytes bytes)
{
    crypto_generichash_blake2b_state state;

    hash_start(&state);
    hash_add(&state, vl_bytes(h->hash, sizeof h->hash));
    hash_add(&state, bytes);
    hash_end(&state, h->hash);
}

static void mix_key(struct noise_handshake *h, struct vl_bytes input)
{
    uint8_t key[NOISE_HASH_BYTES], next[NOISE_HASH_BYTES];

    hkdf(h->chaining_key, input, next, key, NULL);
    memcpy(h->chaining_key, next, sizeof next);
    noise_cipher_set(&h->cipher, key);
    sodium_memzero(key, sizeof key);
    sodium_memzero(next, sizeof next);
}

static void mix_key_and_hash(struct noise_handshake *h, struct vl_bytes input)
{
    uint8_t key[NOISE_HASH_BYTES], middle[NOISE_HASH_BYTES], next[NOISE_HASH_BYTES];

    hkdf(h->chaining_key, input, next, middle, key);
    memcpy(h->chaining_key, next, sizeof next);
    mix_hash(h, vl_bytes(middle, sizeof middle));
    noise_cipher_set(&h->cipher, key);
    sodium_memzero(key, sizeof key);
    sodium_memzero(middle, sizeof middle);
    sodium_memzero(next, sizeof next);
}

/* ---- handshake ---- */

static void start_hash(struct noise_handshake *h)
{
    const struct vl_bytes name = vl_bytes(h->pattern->protocol, strlen(h->pattern->protocol));

    if (name.size <= sizeof h->hash) {
        memcpy(h->hash, name.data, name.size);
    } else {
        crypto_generichash_blake2b_state state;
        hash_start(&state);
        hash_add(&state, name);
        hash_end(&state, h->hash);
    }
    memcpy(h->chaining_key, h->hash, sizeof h->hash);
}

static bool pair_set(struct noise_pair *pair, const uint8_t *secret)
{
    if (secret == NULL) return true;
    memcpy(pair->secret, secret, sizeof pair->secret);
    pair->set = true;
    return crypto_scalarmult_base(pair->public, pair->secret) == 0;
}

static bool premessage(struct noise_handshake *h, bool of_initiator)
{
    const bool own = of_initiator == h->initiator;

    if (own ? !h->own_static.set : !h->has_remote_static) return false;
    mix_hash(h, vl_bytes(own ? h->own_static.public : h->remote_static, NOISE_KEY_BYTES));
    return true;
}

vl_result noise_start(struct noise_handshake *h, const struct noise_pattern *pattern,
                      const struct noise_config *config)
{
    assert(pattern->message_count <= NOISE_MESSAGES_MAX && pattern->psk_count <= NOISE_PSKS_MAX);
    sodium_memzero(h, sizeof *h);
    h->pattern = pattern;
    h->initiator = config->initiator;
    start_hash(h);
    mix_hash(h, config->prologue);

    if (!pair_set(&h->own_static, config->static_secret) ||
        !pair_set(&h->own_ephemeral, config->ephemeral_secret))
        goto invalid;
    if (config->remote_static != NULL) {
        memcpy(h->remote_static, config->remote_static, NOISE_KEY_BYTES);
        h->has_remote_static = true;
    }
    for (size_t i = 0; i < pattern->psk_count; i++) {
        if (config->psks[i] == NULL) goto invalid;
        memcpy(h->psks[i], config->psks[i], NOISE_KEY_BYTES);
    }
    if (pattern->initiator_known && !premessage(h, true)) goto invalid;
    if (pattern->responder_known && !premessage(h, false)) goto invalid;
    return VL_OK;

invalid:
    noise_finish(h);
    return VL_ERR_INVALID;
}

/* The tokens ee, es, se, ss name the initiator's key first. */
static vl_result mix_shared(struct noise_handshake *h, enum noise_token token)
{
    const bool first_static = token == NOISE_SE || token == NOISE_SS;
    const bool second_static = token == NOISE_ES || token == NOISE_SS;
    const bool own_static = h->initiator ? first_static : second_static;
    const bool remote_static = h->initiator ? second_static : first_static;
    const struct noise_pair *own = own_static ? &h->own_static : &h->own_ephemeral;
    uint8_t shared[NOISE_KEY_BYTES];

    if (!own->set || !(remote_static ? h->has_remote_static : h->has_remote_ephemeral))
        return VL_ERR_HANDSHAKE;
    /* libsodium refuses a result of zero: the other side sent a point of small order. */
    if (crypto_scalarmult(shared, own->secret,
                          remote_static ? h->remote_static : h->remote_ephemeral) != 0) {
        sodium_memzero(shared, sizeof shared);
        return VL_ERR_HANDSHAKE;
    }
    mix_key(h, vl_bytes(shared, sizeof shared));
    sodium_memzero(shared, sizeof shared);
    return VL_OK;
}

/* In a handshake with a psk the ephemeral keys are mixed into the key as well. */
static void mix_ephemeral(struct noise_handshake *h, const uint8_t public[static NOISE_KEY_BYTES])
{
    mix_hash(h, vl_bytes(public, NOISE_KEY_BYTES));
    if (h->pattern->psk_count > 0) mix_key(h, vl_bytes(public, NOISE_KEY_BYTES));
}

static void mix_psk(struct noise_handshake *h)
{
    assert(h->next_psk < h->pattern->psk_count);
    mix_key_and_hash(h, vl_bytes(h->psks[h->next_psk], NOISE_KEY_BYTES));
    h->next_psk++;
}

static bool my_turn(const struct noise_handshake *h)
{
    return !noise_done(h) && h->initiator == (h->next % 2 == 0);
}

/* Seals `text` with the hash as associated data, appends it at *size, mixes what was written. */
static vl_result put_sealed(struct noise_handshake *h, struct vl_bytes text, uint8_t *out,
                            size_t max, size_t *size)
{
    const size_t sealed = text.size + (h->cipher.has_key ? NOISE_TAG_BYTES : 0);

    if (sealed > max - *size) return VL_ERR_TOO_LARGE;
    VL_TRY(noise_cipher_seal(&h->cipher, vl_bytes(h->hash, sizeof h->hash), text, out + *size));
    mix_hash(h, vl_bytes(out + *size, sealed));
    *size += sealed;
    return VL_OK;
}

static vl_result put_token(struct noise_handshake *h, enum noise_token token, uint8_t *out,
                           size_t max, size_t *size)
{
    switch (token) {
    case NOISE_E:
        if (NOISE_KEY_BYTES > max - *size) return VL_ERR_TOO_LARGE;
        if (!h->own_ephemeral.set) {
            randombytes_buf(h->own_ephemeral.secret, NOISE_KEY_BYTES);
            if (crypto_scalarmult_base(h->own_ephemeral.public, h->own_ephemeral.secret) != 0)
                return VL_ERR_HANDSHAKE;
            h->own_ephemeral.set = true;
        }
        memcpy(out + *size, h->own_ephemeral.public, NOISE_KEY_BYTES);
        *size += NOISE_KEY_BYTES;
        mix_ephemeral(h, h->own_ephemeral.public);
        return VL_OK;
    case NOISE_S:
        if (!h->own_static.set) return VL_ERR_HANDSHAKE;
        return put_sealed(h, vl_bytes(h->own_static.public, NOISE_KEY_BYTES), out, max, size);
    case NOISE_PSK: mix_psk(h); return VL_OK;
    default: return mix_shared(h, token);
    }
}

vl_result noise_write(struct noise_handshake *h, struct vl_bytes payload, uint8_t *out, size_t max,
                      size_t *size)
{
    *size = 0;
    if (!my_turn(h)) return VL_ERR_STATE;
    if (max > NOISE_MESSAGE_BYTES) max = NOISE_MESSAGE_BYTES;
    const enum noise_token *token = h->pattern->messages[h->next];
    for (; *token != NOISE_END; token++)
        VL_TRY(put_token(h, *token, out, max, size));
    VL_TRY(put_sealed(h, payload, out, max, size));
    h->next++;
    return VL_OK;
}

/* Opens the first `size` bytes of *rest into `out`, mixes them, moves *rest on. */
static vl_result get_sealed(struct noise_handshake *h, struct vl_bytes *rest, size_t size,
                            uint8_t *out)
{
    uint8_t before[NOISE_HASH_BYTES];

    if (size > rest->size) return VL_ERR_HANDSHAKE;
    memcpy(before, h->hash, sizeof before);
    mix_hash(h, vl_bytes(rest->data, size));
    if (noise_cipher_open(&h->cipher, vl_bytes(before, sizeof before), vl_bytes(rest->data, size),
                          out) != VL_OK)
        return VL_ERR_HANDSHAKE;
    *rest = vl_bytes(rest->data + size, rest->size - size);
    return VL_OK;
}

static vl_result get_token(struct noise_handshake *h, enum noise_token token, struct vl_bytes *rest)
{
    switch (token) {
    case NOISE_E:
        if (rest->size < NOISE_KEY_BYTES || h->has_remote_ephemeral) return VL_ERR_HANDSHAKE;
        memcpy(h->remote_ephemeral, rest->data, NOISE_KEY_BYTES);
        h->has_remote_ephemeral = true;
        *rest = vl_bytes(rest->data + NOISE_KEY_BYTES, rest->size - NOISE_KEY_BYTES);
        mix_ephemeral(h, h->remote_ephemeral);
        return VL_OK;
    case NOISE_S:
        if (h->has_remote_static) return VL_ERR_HANDSHAKE;
        VL_TRY(get_sealed(h, rest, NOISE_KEY_BYTES + (h->cipher.has_key ? NOISE_TAG_BYTES : 0),
                          h->remote_static));
        h->has_remote_static = true;
        return VL_OK;
    case NOISE_PSK: mix_psk(h); return VL_OK;
    default: return mix_shared(h, token);
    }
}

vl_result noise_read(struct noise_handshake *h, struct vl_bytes message, uint8_t *payload,
                     size_t *size)
{
    *size = 0;
    if (noise_done(h) || my_turn(h)) return VL_ERR_STATE;
    if (message.size > NOISE_MESSAGE_BYTES) return VL_ERR_HANDSHAKE;
    struct vl_bytes rest = message;
    const enum noise_token *token = h->pattern->messages[h->next];
    for (; *token != NOISE_END; token++)
        VL_TRY(get_token(h, *token, &rest));
    const size_t text = rest.size;
    const bool sealed = h->cipher.has_key;
    VL_TRY(get_sealed(h, &rest, text, payload));
    *size = sealed ? text - NOISE_TAG_BYTES : text;
    h->next++;
    return VL_OK;
}

bool noise_done(const struct noise_handshake *h)
{
    return h->next >= h->pattern->message_count;
}

void noise_split(const struct noise_handshake *h, struct noise_cipher *send,
                 struct noise_cipher *receive)
{
    uint8_t first[NOISE_HASH_BYTES], second[NOISE_HASH_BYTES];

    assert(noise_done(h));
    hkdf(h->chaining_key, vl_bytes(NULL, 0), first, second, NULL);
    noise_cipher_set(send, h->initiator ? first : second);
    noise_cipher_set(receive, h->initiator ? second : first);
    sodium_memzero(first, sizeof first);
    sodium_memzero(second, sizeof second);
}

void noise_finish(struct noise_handshake *h)
{
    if (h != NULL) sodium_memzero(h, sizeof *h);
}
