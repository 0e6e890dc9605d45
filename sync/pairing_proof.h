/* The open part of a pairing: CPace with the spoken words, commitments to both cards, and key
 * confirmation. Private to the engine; the order of the steps is pairing.c's.
 *
 *   prs     u8 number | 3 x u16 words
 *   ci      "veillee/1 pairing" 0 "joiner" 0 "inviter" 0
 *   sid     joiner's nonce | inviter's nonce
 *   ad      u8 role (1 joiner, 2 inviter) | H(PAIRING_CARD, role, blind, card)
 *   root    H(PAIRING, isk); the joiner is CPace's initiator
 *   confirmation of a role = K(PAIRING_CONFIRM, root, role)
 *   the key a role sends with = K(PAIRING_KEY, root, role) */
#ifndef SYNC_PAIRING_PROOF_H
#define SYNC_PAIRING_PROOF_H

#include "sync/cpace.h"
#include <veillee/pairing.h>

#define PROOF_NONCE_BYTES      32u
#define PROOF_BLIND_BYTES      32u
#define PROOF_COMMITMENT_BYTES 32u
#define PROOF_CONFIRM_BYTES    32u

enum proof_role { PROOF_JOINER = 1, PROOF_INVITER = 2 }; /* in the hashes */

struct proof_half { /* what one side says openly */
    uint8_t nonce[PROOF_NONCE_BYTES];
    uint8_t point[CPACE_POINT_BYTES];
    uint8_t ad[1 + PROOF_COMMITMENT_BYTES];
};

struct proof { /* secret: lives in memory from sodium_malloc */
    enum proof_role role;
    uint8_t words[1 + 2 * VL_CODE_WORDS];
    uint8_t scalar[CPACE_SCALAR_BYTES];
    uint8_t root[32];
    uint8_t blind[PROOF_BLIND_BYTES];
    struct proof_half own, peer;
};

/* Makes this side's nonce. INVALID: no such code. */
VL_MUST_USE vl_result proof_start(struct proof *p, enum proof_role role,
                                  const struct vl_code *code);
/* peer.nonce is set: makes this side's point and the commitment to its card. HANDSHAKE: it is our
 * own nonce. */
VL_MUST_USE vl_result proof_share(struct proof *p, const struct vl_device_card *card);
/* peer.point and the commitment are set: makes the root. HANDSHAKE: no point, or our own. */
VL_MUST_USE vl_result proof_root(struct proof *p, const uint8_t point[static CPACE_POINT_BYTES],
                                 const uint8_t commitment[static PROOF_COMMITMENT_BYTES]);
/* This side's confirmation; the other's: CODE when it is wrong. */
void proof_confirmation(const struct proof *p, uint8_t out[static PROOF_CONFIRM_BYTES]);
VL_MUST_USE vl_result proof_check(const struct proof *p,
                                  const uint8_t confirmation[static PROOF_CONFIRM_BYTES]);
/* A channel under the root's keys. */
VL_MUST_USE vl_result proof_channel(const struct proof *p, struct vl_channel **out);
/* HASH: not the card that the other side committed to. Also after proof_wipe. */
VL_MUST_USE vl_result proof_check_card(const struct proof *p, const struct vl_device_card *card,
                                       const uint8_t blind[static PROOF_BLIND_BYTES]);
/* Words, scalar and root; the halves and the blind stay. */
void proof_wipe(struct proof *p);

#endif
