/* Pairing in person by a spoken code: a number and three words. No I/O.
 *
 * The code: number 1..99 (published with the invitation, tells invitations in one room apart) and
 * three words of 1,024 (30 bits, never published, nor anything made from them). CPace over
 * ristretto255 (draft-irtf-cfrg-cpace): both nonces in the session id, roles "inviter" and
 * "joiner" as identities, the long-term public keys as associated data, key confirmation both
 * ways before anything else. Then a keyed channel in which
 *
 *   inviter -> joiner   OFFER    circle id (or the founder's random, when it is a draft), name,
 *                                purpose, agreement, inviter's pseudonym, inviter's card
 *   joiner  -> inviter  ACCEPT   pseudonym, enrolment (and, founding, the second's signature)
 *   inviter -> joiner   WELCOME  | either: REFUSE
 *   then the sync session runs in the same channel
 *
 *   inviter  LISTENING -> PROVING -> OFFERED -> CONFIRMING -> WELCOMED      } or FAILED
 *   joiner   PROVING -> WAITING_OFFER -> DECIDING -> ACCEPTED -> WELCOMED   } (CODE, REFUSED, ...)
 *
 * A wrong code costs the invitation one of VL_PAIRING_TRIES; the caller counts across connections.
 */
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
/* "27 cabane tulipe renard": words of either list, any case and spacing, accents ignored. INVALID
 * when a word is in neither list or the form is another. */
VL_MUST_USE vl_result vl_code_parse(struct vl_bytes text, struct vl_code *out);
/* At least 64 bytes. */
void vl_code_text(const struct vl_code *code, enum vl_language language, char *out, size_t size);

struct vl_pairing;

struct vl_pairing_offer { /* texts are UTF-8 */
    bool founding;        /* the joiner is the second founder of a draft */
    struct vl_id circle;  /* when founding: filled in once both keys are known */
    uint8_t random[32];   /* founding */
    struct vl_bytes name, purpose, agreement, inviter;
    struct vl_device_card inviter_card;
};
struct vl_pairing_answer {
    struct vl_bytes pseudonym;
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

/* `keys`: the device's keys for this circle (the joiner's are fresh). Outlive the pairing. */
VL_MUST_USE vl_result vl_pairing_invite(struct vl_pairing **out, const struct vl_code *code,
                                        const struct vl_device_keys *keys,
                                        const struct vl_pairing_offer *offer);
VL_MUST_USE vl_result vl_pairing_join(struct vl_pairing **out, const struct vl_code *code,
                                      const struct vl_device_keys *keys, struct vl_bytes pseudonym);
void vl_pairing_destroy(struct vl_pairing *p); /* wipes; accepts NULL */

/* Stream bytes in; out through vl_pairing_output. CODE: key confirmation failed. */
VL_MUST_USE vl_result vl_pairing_receive(struct vl_pairing *p, struct vl_bytes stream);
struct vl_buffer *vl_pairing_output(struct vl_pairing *p);
enum vl_pairing_state vl_pairing_state_of(const struct vl_pairing *p);
vl_result vl_pairing_error(const struct vl_pairing *p);

/* Joiner in DECIDING: what she is invited to. Views live as long as the pairing. */
const struct vl_pairing_offer *vl_pairing_offer_of(const struct vl_pairing *p);
/* Inviter in DECIDING: who is joining. */
const struct vl_pairing_answer *vl_pairing_answer_of(const struct vl_pairing *p);
/* Joiner: sends ACCEPT (or REFUSE). Inviter: sends WELCOME (or REFUSE); the inviter calls it after
 * the add or the founding is durable. STATE elsewhere. */
VL_MUST_USE vl_result vl_pairing_decide(struct vl_pairing *p, bool accept);
/* In WELCOMED: the channel, now the caller's; stream bytes already received are in it. The peer's
 * transport key is in the offer's card or the answer's enrolment. */
VL_MUST_USE vl_result vl_pairing_take_channel(struct vl_pairing *p, struct vl_channel **out);

#endif
