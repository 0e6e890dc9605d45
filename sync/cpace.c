#include "sync/cpace.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define DSI       "CPaceRistretto255"
#define DSI_ISK   "CPaceRistretto255_ISK"
#define BLOCK     128u /* of SHA-512 */
#define SIZES_MAX 16u  /* the sizes before the parts */

static_assert(CPACE_POINT_BYTES == crypto_core_ristretto255_BYTES, "point");
static_assert(CPACE_SCALAR_BYTES == crypto_core_ristretto255_SCALARBYTES, "scalar");
static_assert(CPACE_KEY_BYTES == crypto_hash_sha512_BYTES, "key");
static_assert(CPACE_KEY_BYTES == crypto_core_ristretto255_HASHBYTES, "map to the group");

/* The draft's prepend_len: LEB128 size, then the bytes; into the hash. Returns how many. */
static size_t add_sized(crypto_hash_sha512_state *state, struct vl_bytes part)
{
    uint8_t size[SIZES_MAX];
    size_t count = 0, left = part.size;

    do {
        size[count++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
        left >>= 7;
    } while (left > 0);
    (void)crypto_hash_sha512_update(state, size, count);
    if (part.size > 0) (void)crypto_hash_sha512_update(state, part.data, part.size);
    return count + part.size;
}

/* generator_string: the secret and the name fill the hash's first block, so that what an observer
 * can time does not depend on the secret. */
vl_result cpace_generator(struct vl_bytes prs, struct vl_bytes ci, struct vl_bytes sid,
                          uint8_t generator[static CPACE_POINT_BYTES])
{
    static const uint8_t zeros[BLOCK];
    crypto_hash_sha512_state state;
    uint8_t hash[crypto_hash_sha512_BYTES];

    memset(generator, 0, CPACE_POINT_BYTES);
    if (prs.size > CPACE_SECRET_BYTES || ci.size > CPACE_CONTEXT_BYTES ||
        sid.size > CPACE_CONTEXT_BYTES - ci.size)
        return VL_ERR_TOO_LARGE;
    (void)crypto_hash_sha512_init(&state);
    size_t used = add_sized(&state, vl_bytes_text(DSI));
    used += add_sized(&state, prs);
    const size_t padding = BLOCK - 1 > used ? BLOCK - 1 - used : 0;
    (void)add_sized(&state, vl_bytes(zeros, padding));
    (void)add_sized(&state, ci);
    (void)add_sized(&state, sid);
    (void)crypto_hash_sha512_final(&state, hash);
    (void)crypto_core_ristretto255_from_hash(generator, hash);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(hash, sizeof hash);
    return VL_OK;
}

vl_result cpace_share(const uint8_t generator[static CPACE_POINT_BYTES],
                      uint8_t scalar[static CPACE_SCALAR_BYTES],
                      uint8_t point[static CPACE_POINT_BYTES])
{
    crypto_core_ristretto255_scalar_random(scalar);
    return crypto_scalarmult_ristretto255(point, scalar, generator) == 0 ? VL_OK : VL_ERR_INTERNAL;
}

vl_result cpace_shared(const uint8_t scalar[static CPACE_SCALAR_BYTES],
                       const uint8_t point[static CPACE_POINT_BYTES],
                       uint8_t shared[static CPACE_POINT_BYTES])
{
    /* Refuses what is no canonical encoding, and the identity as a result; and the identity's own
     * encoding, zeros, is what the draft wants refused first. */
    if (sodium_is_zero(point, CPACE_POINT_BYTES) ||
        crypto_scalarmult_ristretto255(shared, scalar, point) != 0 ||
        sodium_is_zero(shared, CPACE_POINT_BYTES)) {
        sodium_memzero(shared, CPACE_POINT_BYTES);
        return VL_ERR_HANDSHAKE;
    }
    return VL_OK;
}

void cpace_key(struct vl_bytes sid, const uint8_t shared[static CPACE_POINT_BYTES],
               const struct cpace_side *initiator, const struct cpace_side *responder,
               uint8_t key[static CPACE_KEY_BYTES])
{
    crypto_hash_sha512_state state;

    (void)crypto_hash_sha512_init(&state);
    (void)add_sized(&state, vl_bytes_text(DSI_ISK));
    (void)add_sized(&state, sid);
    (void)add_sized(&state, vl_bytes(shared, CPACE_POINT_BYTES));
    (void)add_sized(&state, vl_bytes(initiator->point, CPACE_POINT_BYTES));
    (void)add_sized(&state, initiator->ad);
    (void)add_sized(&state, vl_bytes(responder->point, CPACE_POINT_BYTES));
    (void)add_sized(&state, responder->ad);
    (void)crypto_hash_sha512_final(&state, key);
    sodium_memzero(&state, sizeof state);
}
