/* What is said in the keyed channel of a pairing: encoding and decoding. Private to the engine.
 *
 *   OFFER    u8 1 | u8 as (enum vl_pairing_as) | 32 circle id, or when founding the random bytes
 *            of it | name | purpose | agreement | inviter's pseudonym | 96 inviter's card |
 *            device: 32 person | 32 blind
 *   ACCEPT   u8 2 | 32 circle id | pseudonym (device: empty) | 160 enrolment | u8 as |
 *            founder: 64 signature | 32 blind
 *   WELCOME  u8 3
 *   REFUSE   u8 4
 *   texts are byte strings that hold a text value (value.h: tag 1, then UTF-8 in NFC)
 *
 * `blind` opens the commitment to the card that went with the sender's point. */
#ifndef SYNC_PAIRING_MESSAGES_H
#define SYNC_PAIRING_MESSAGES_H

#include "sync/pairing_proof.h"

enum pairing_message {
    PAIRING_OFFER = 1,
    PAIRING_ACCEPT = 2,
    PAIRING_WELCOME = 3,
    PAIRING_REFUSE = 4
};

/* The kind, by the first byte. TRUNCATED, KIND. */
VL_MUST_USE vl_result pairing_message_kind(struct vl_bytes message, enum pairing_message *kind);

/* Each appends. Decoding gives views into `message`. UTF8, INVALID (empty or broken name, a device
 * of nobody or with a pseudonym), TOO_LARGE, NOT_CANONICAL, TRUNCATED, TRAILING. */
VL_MUST_USE vl_result pairing_offer_encode(const struct vl_pairing_offer *offer,
                                           const uint8_t blind[static PROOF_BLIND_BYTES],
                                           struct vl_buffer *out);
VL_MUST_USE vl_result pairing_offer_decode(struct vl_bytes message, struct vl_pairing_offer *out,
                                           uint8_t blind[static PROOF_BLIND_BYTES]);
VL_MUST_USE vl_result pairing_answer_encode(const struct vl_pairing_answer *answer,
                                            enum vl_pairing_as as,
                                            const uint8_t blind[static PROOF_BLIND_BYTES],
                                            struct vl_buffer *out);
VL_MUST_USE vl_result pairing_answer_decode(struct vl_bytes message, struct vl_pairing_answer *out,
                                            enum vl_pairing_as *as,
                                            uint8_t blind[static PROOF_BLIND_BYTES]);
/* WELCOME or REFUSE: the kind alone. */
VL_MUST_USE vl_result pairing_word_encode(enum pairing_message kind, struct vl_buffer *out);
VL_MUST_USE vl_result pairing_word_decode(struct vl_bytes message);

#endif
