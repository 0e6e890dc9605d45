/* ChaCha20 under a key made from the seed: the same everywhere, and good enough that nothing in the
 * world is correlated by accident. */
#include "tests/support/seeded_random.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

void seeded_init(struct seeded *r, uint64_t seed, uint64_t stream)
{
    uint64_t name[2] = {seed, stream};
    crypto_generichash(r->key, sizeof r->key, (const uint8_t *)name, sizeof name, NULL, 0);
    r->block = 0;
    r->used = sizeof r->bytes;
}

static void refill(struct seeded *r)
{
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    static_assert(sizeof nonce == sizeof r->block, "the block's number is the nonce");
    memcpy(nonce, &r->block, sizeof nonce);
    crypto_stream_chacha20(r->bytes, sizeof r->bytes, nonce, r->key);
    r->block++;
    r->used = 0;
}

static void draw(struct seeded *r, uint8_t *out, size_t size)
{
    while (size > 0) {
        if (r->used == sizeof r->bytes) refill(r);
        size_t piece = sizeof r->bytes - r->used;
        if (piece > size) piece = size;
        memcpy(out, r->bytes + r->used, piece);
        r->used += piece;
        out += piece;
        size -= piece;
    }
}

uint64_t seeded_u64(struct seeded *r)
{
    uint64_t value = 0;
    draw(r, (uint8_t *)&value, sizeof value);
    return value;
}

uint64_t seeded_below(struct seeded *r, uint64_t n)
{
    return seeded_u64(r) % n; /* n is small beside 2^64 */
}

uint64_t seeded_between(struct seeded *r, uint64_t low, uint64_t high)
{
    return low + seeded_below(r, high - low + 1);
}

bool seeded_chance(struct seeded *r, unsigned per_mille)
{
    return seeded_below(r, 1000) < per_mille;
}

uint64_t seeded_wait(struct seeded *r, uint64_t mean)
{
    /* Two dice: seldom very short, seldom very long, without floating point. */
    return 1 + seeded_below(r, mean) + seeded_below(r, mean);
}

/* ---- libsodium ---- */

static struct seeded sodium;

static const char *sodium_name(void)
{
    return "seeded";
}

static uint32_t sodium_u32(void)
{
    uint32_t value = 0;
    draw(&sodium, (uint8_t *)&value, sizeof value);
    return value;
}

static void sodium_draw(void *const buffer, const size_t size)
{
    draw(&sodium, buffer, size);
}

void seeded_reseed_sodium(uint64_t seed)
{
    seeded_init(&sodium, seed, 2);
}

void seeded_install_sodium(void)
{
    static struct randombytes_implementation implementation = {
        .implementation_name = sodium_name, .random = sodium_u32, .buf = sodium_draw};
    seeded_reseed_sodium(0);
    randombytes_set_implementation(&implementation);
}
