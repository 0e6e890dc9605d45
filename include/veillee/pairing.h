/* Pairing in person by a spoken code: a number and three words. No I/O.
 *
 * The code: number 1..99 (published with the invitation, tells invitations in one room apart) and
 * three words of 1,024 (30 bits, never published, nor anything made from them). CPace over
 * ristretto255 (draft-irtf-cfrg-cpace): both nonces in the session id, roles and a commitment to
 * each side's card as associated data (the card itself would let a stranger recognise the device),
 * key confirmation both ways before anything else. docs/pairing.md has the layouts.
 *
 *   joiner  -> inviter   33 bytes: version, nonce
 *   inviter -> joiner    96 bytes: nonce, point, commitment
 *   joiner  -> inviter   96 bytes: point, commitment, confirmation
 *   inviter -> joiner    32 bytes: confirmation, only after the joiner's was right
 *   then a keyed channel in which
 *   inviter -> joiner   OFFER    as what she joins, circle id (founding: the random bytes of its
 *                                id), name, purpose, agreement, inviter's pseudonym and card (for
 *                                another device: the person's id)
 *   joiner  -> inviter  ACCEPT   pseudonym, enrolment (and, founding, the second's signature)
 *   inviter -> joiner   WELCOME  | either: REFUSE
 *   then the sync session runs in the same channel
 *
 *   inviter  PROVING -> WAITING (for the answer) -> DECIDING -> WELCOMED                } or FAILED
 *   joiner   PROVING -> WAITING (for the offer) -> DECIDING -> WAITING -> WELCOMED      }
 *
 * A wrong code costs the invitation one of VL_PAIRING_TRIES: the caller counts pairings that end in
 * CODE, across connections. Towards a stranger every failure is silent. */
#ifndef VEILLEE_PAIRING_H
#define VEILLEE_PAIRING_H

#include <veillee/channel.h>

#define VL_WORD_COUNT          1024u
#define VL_CODE_WORDS          3u
#define VL_CODE_NUMBER_MAX     99u
#define VL_NAME_BYTES_MAX      200u  /* circle name, pseudonym */
#define VL_AGREEMENT_BYTES_MAX 8192u /* purpose and agreement, each */

enum vl_language { VL_LANGUAGE_FR = 0, VL_LANGUAGE_EN = 1, VL_LANGUAGE_COUNT };

struct vl_code {
    uint8_t number;                /* 1..99 */
    uint16_t words[VL_CODE_WORDS]; /* 0..1023 */
};
void vl_code_random(struct vl_code *out);
const char *vl_word(enum vl_language language, unsigned index);
/* "27 ampoule tulipe renard": words of either list, any case and spacing (also - , . between),
 * accents ignored. INVALID when a word is in neither list or the form is another. */
VL_MUST_USE vl_result vl_code_parse(struct vl_bytes text, struct vl_code *out);
/* At least 64 bytes. */
void vl_code_text(const struct vl_code *code, enum vl_language language, char *out, size_t size);

struct vl_pairing;

enum vl_pairing_as {                       /* what the joiner becomes; the numbers are the wire's */
                     VL_PAIRING_AS_MEMBER, /* a person, new in the circle */
                     VL_PAIRING_AS_FOUNDER, /* the second founder of a draft */
                     VL_PAIRING_AS_DEVICE,  /* another device of the inviter's person */
                     VL_PAIRING_AS_COUNT
};

struct vl_pairing_offer { /* texts are UTF-8 */
    enum vl_pairing_as as;
    struct vl_id circle; /* when founding: filled in once both keys are known */
    uint8_t random[32];  /* founding */
    /* DEVICE: for whom the joiner enrols. The joiner cannot check here that it is the inviter's
     * own person; its first session does (vl_session_config.expect_person). */
    struct vl_id person;
    struct vl_bytes name, purpose, agreement, inviter;
    struct vl_device_card inviter_card;
};
struct vl_pairing_answer {
    struct vl_bytes pseudonym; /* empty of a DEVICE: the person has one */
    struct vl_id circle;
    struct vl_enrolment enrolment;
    uint8_t founding_signature[64];
};

enum vl_pairing_state {
    VL_PAIRING_PROVING,
    VL_PAIRING_WAITING,  /* for the other side's message */
    VL_PAIRING_DECIDING, /* this side's person must accept or refuse */
    VL_PAIRING_WELCOMED, /* take the channel and sync */
    VL_PAIRING_FAILED
};

/* `keys`: the device's keys for this circle (the joiner's are fresh). Outlive the pairing. Texts
 * are copied and brought to NFC; inviter_card is taken from the keys. INVALID: an empty name, or
 * one with a line feed or tab; a DEVICE of nobody; UTF8, TOO_LARGE. The joiner's pseudonym may be
 * empty until she knows as what she joins. */
VL_MUST_USE vl_result vl_pairing_invite(struct vl_pairing **out, const struct vl_code *code,
                                        const struct vl_device_keys *keys,
                                        const struct vl_pairing_offer *offer);
VL_MUST_USE vl_result vl_pairing_join(struct vl_pairing **out, const struct vl_code *code,
                                      const struct vl_device_keys *keys, struct vl_bytes pseudonym);
void vl_pairing_destroy(struct vl_pairing *p); /* wipes; accepts NULL */
/* Joiner, before she accepts: takes the place of the pseudonym given before. INVALID, UTF8,
 * TOO_LARGE: that one stays. STATE: she has accepted, or it is over. */
VL_MUST_USE vl_result vl_pairing_set_pseudonym(struct vl_pairing *p, struct vl_bytes pseudonym);

/* Stream bytes in; out through vl_pairing_output. After an error the state is FAILED and every
 * further call gives the same result.
 *   CODE       key confirmation failed: the words differ, or somebody guesses
 *   HANDSHAKE  a message that no honest side sends, before any guess was tested
 *   REFUSED, CLOSED   the other side's person, or its program, ended it
 *   HASH, CIRCLE, SIGNATURE   the card is not the committed one; the enrolment or the founding
 *              signature does not hold
 *   STATE, KIND, UTF8, INVALID, TOO_LARGE and the codec's   messages out of turn or malformed */
VL_MUST_USE vl_result vl_pairing_receive(struct vl_pairing *p, struct vl_bytes stream);
/* The stream ended. The joiner's result is CODE when it ended where an inviter hangs up on wrong
 * words, else CLOSED. No effect in WELCOMED and FAILED. */
void vl_pairing_hangup(struct vl_pairing *p);
/* To write out, also after a failure (a refusal is in it). */
struct vl_buffer *vl_pairing_output(struct vl_pairing *p);
enum vl_pairing_state vl_pairing_state_of(const struct vl_pairing *p);
vl_result vl_pairing_error(const struct vl_pairing *p);

/* What the joiner is invited to; NULL before her DECIDING. Views live as long as the pairing. */
const struct vl_pairing_offer *vl_pairing_offer_of(const struct vl_pairing *p);
/* Who is joining, every signature checked; NULL before the inviter's DECIDING. */
const struct vl_pairing_answer *vl_pairing_answer_of(const struct vl_pairing *p);
/* Joiner: sends ACCEPT. Inviter: sends WELCOME, after the add or the founding is durable. STATE
 * elsewhere than in DECIDING. INVALID: the joiner has no pseudonym and is no DEVICE; she still
 * decides. With `accept` false: sends REFUSE and fails with REFUSED, also in WAITING. */
VL_MUST_USE vl_result vl_pairing_decide(struct vl_pairing *p, bool accept);
/* In WELCOMED: the channel, now the caller's; stream bytes already received, and those still to be
 * written, are in it. STATE elsewhere, or taken already. The peer's transport key is in the offer's
 * card or the answer's enrolment. */
VL_MUST_USE vl_result vl_pairing_take_channel(struct vl_pairing *p, struct vl_channel **out);

#endif
