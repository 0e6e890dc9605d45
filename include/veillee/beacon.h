/* Beacons: what a gathering shows on the local network. To members a device, a counter and where
 * to dial; to anybody else noise, new at every gathering and address change.
 *
 *   beacon = nonce(12) || ChaCha20-Poly1305-IETF under KDF(epoch secret, DISCOVERY_KEY, circle id),
 *            associated data BEACON, nonce
 *   plaintext, always VL_BEACON_PLAIN_BYTES: u8 version | 8 first bytes of BLAKE2b(BEACON, circle,
 *            signing key) | u64 counter | u16 port | u8 count, addresses (u8 4|6, 16 bytes, sorted,
 *            unique) | 64 signature over BEACON_SIGNATURE, circle, nonce, counter, addresses, port
 *            | zeros
 * A TXT record carries VL_BEACONS_PER_RECORD of them: one real, the rest random bytes, shuffled. */
#ifndef VEILLEE_BEACON_H
#define VEILLEE_BEACON_H

#include <veillee/channel.h>
#include <veillee/replica.h>

#define VL_BEACON_ADDRESSES_MAX 4u
#define VL_BEACON_PLAIN_BYTES   160u
#define VL_BEACON_BYTES                                                                            \
    (VL_BEACON_NONCE_BYTES + VL_BEACON_PLAIN_BYTES + 16u) /* 188, fits a TXT string */
#define VL_BEACONS_PER_RECORD 4u

struct vl_address {
    uint8_t family;    /* 4 or 6 */
    uint8_t bytes[16]; /* IPv4 in the first four, the rest zero */
};
int vl_address_compare(const struct vl_address *a, const struct vl_address *b);

struct vl_beacon {
    uint8_t nonce[VL_BEACON_NONCE_BYTES];
    uint64_t counter;
    uint16_t port;
    size_t address_count;
    struct vl_address addresses[VL_BEACON_ADDRESSES_MAX]; /* sorted, unique */
};

/* Seals `beacon` under the replica's current epoch. NO_KEY. INVALID: addresses not sorted. */
VL_MUST_USE vl_result vl_beacon_seal(struct vl_replica *r, const struct vl_beacon *beacon,
                                     uint8_t out[static VL_BEACON_BYTES]);

struct vl_sighting { /* a recognised beacon */
    struct vl_beacon beacon;
    struct vl_device_info device;
    struct vl_id epoch_key; /* under which it was sealed: the psk to dial with */
    bool stale;             /* an old epoch: we dial, it cannot */
};
/* Tries every epoch held here. DECRYPT: noise to us. SIGNATURE, AUTHORITY (not a current member's
 * device), NOT_CANONICAL. The caller compares counters (vl_counters_check). */
VL_MUST_USE vl_result vl_beacon_open(struct vl_replica *r,
                                     const uint8_t bytes[static VL_BEACON_BYTES],
                                     struct vl_sighting *out);

/* Highest counter seen of each device: a lower one, or an equal one with another nonce, is
 * REPLAY. */
struct vl_counters;
VL_MUST_USE vl_result vl_counters_create(struct vl_counters **out);
void vl_counters_destroy(struct vl_counters *c);
VL_MUST_USE vl_result vl_counters_check(struct vl_counters *c, const struct vl_sighting *sighting);
/* Grows whenever a check or a load changed something. */
uint64_t vl_counters_generation(const struct vl_counters *c);
/* To keep them: u32 count, then for each device, sorted by key, 32 signing key, u64 counter, 12
 * nonce. Replaces `out`. */
VL_MUST_USE vl_result vl_counters_encode(const struct vl_counters *c, struct vl_buffer *out);
/* Into counters that know none yet: STATE. NOT_CANONICAL, TRUNCATED, TRAILING: they stay empty. */
VL_MUST_USE vl_result vl_counters_decode(struct vl_counters *c, struct vl_bytes bytes);

/* The mark of an invitation: it publishes the code's number (never anything of the words) in the
 * shape of a beacon, so that an invitation's record is not told from a gathering's by its form.
 *   salt(12, random) || BLAKE2b(INVITATION, salt, u8 number) || random bytes up to VL_BEACON_BYTES
 * Whoever knows this can try the 99 numbers: the number is public, it only keeps invitations in
 * one room apart. */
void vl_invitation_mark(uint8_t number, uint8_t out[static VL_BEACON_BYTES]);
bool vl_invitation_matches(const uint8_t bytes[static VL_BEACON_BYTES], uint8_t number);

#endif
