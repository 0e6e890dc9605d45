/* Seeded randomness, the same on every machine, for the simulator and for fuzzing; libsodium can be
 * made to draw from it too, so that one number decides everything. */
#ifndef TESTS_SUPPORT_SEEDED_RANDOM_H
#define TESTS_SUPPORT_SEEDED_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seeded {
    uint8_t key[32];
    uint64_t block;
    uint8_t bytes[256];
    size_t used;
};
void seeded_init(struct seeded *r, uint64_t seed, uint64_t stream);
uint64_t seeded_u64(struct seeded *r);
uint64_t seeded_below(struct seeded *r, uint64_t n);                    /* 0..n-1 */
uint64_t seeded_between(struct seeded *r, uint64_t low, uint64_t high); /* both included */
bool seeded_chance(struct seeded *r, unsigned per_mille);
/* About `mean` on average, never 0: the time until the next of something. */
uint64_t seeded_wait(struct seeded *r, uint64_t mean);
/* libsodium draws from here; once, before sodium_init. */
void seeded_install_sodium(void);
void seeded_reseed_sodium(uint64_t seed);

#endif
