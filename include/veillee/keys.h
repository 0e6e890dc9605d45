/* A device's keys, made for one circle alone, and their public card.
 *
 * A device is named by its Ed25519 signing key. A person's id is the hash of the first device's
 * signing key. An enrolment is a card signed by its own signing key for one circle and one person:
 * one key, one person. */
#ifndef VEILLEE_KEYS_H
#define VEILLEE_KEYS_H

#include <veillee/codec.h>
#include <veillee/hash.h>

struct vl_device_card { /* public */
    uint8_t sign[32];   /* Ed25519 */
    uint8_t noise[32];  /* X25519, the static key of the transport */
    uint8_t seal[32];   /* X25519, epoch secrets are sealed to it */
};

struct vl_device_keys { /* secret: only in memory from vl_device_keys_create */
    struct vl_device_card card;
    uint8_t sign_secret[64];
    uint8_t noise_secret[32];
    uint8_t seal_secret[32];
};

/* Random keys in guarded, locked memory. NO_MEMORY when none can be had. */
VL_MUST_USE vl_result vl_device_keys_create(struct vl_device_keys **out);
/* Derived from 32 secret bytes (what the vault stores); the same seed gives the same keys:
 * vl_derive_key(DEVICE_KEY, seed, "sign" | "noise" | "seal"). */
VL_MUST_USE vl_result vl_device_keys_from_seed(const uint8_t seed[static 32],
                                               struct vl_device_keys **out);
void vl_device_keys_destroy(struct vl_device_keys *keys); /* wipes; accepts NULL */

void vl_person_id(const uint8_t first_sign_key[static 32], struct vl_id *out);

#define VL_ENROLMENT_BYTES 160u

struct vl_enrolment {
    struct vl_device_card card;
    uint8_t signature[64]; /* over ENROLMENT, circle, person, card */
};

void vl_enrolment_sign(const struct vl_device_keys *keys, const struct vl_id *circle,
                       const struct vl_id *person, struct vl_enrolment *out);
/* SIGNATURE when it does not hold for that circle and person. */
VL_MUST_USE vl_result vl_enrolment_verify(const struct vl_enrolment *enrolment,
                                          const struct vl_id *circle, const struct vl_id *person);
void vl_enrolment_write(struct vl_writer *w, const struct vl_enrolment *enrolment);
void vl_enrolment_read(struct vl_reader *r, struct vl_enrolment *out);

/* A 32-byte secret sealed to one device: ephemeral X25519 key(32) || XChaCha20-Poly1305(48) under
 * vl_derive_key(KEY_BOX, X25519 secret, ephemeral key || recipient's), nonce zero (the key is used
 * once); associated data KEY_BOX || 0 || circle || key id || recipient's || author's signing key,
 * so a box opens in no other place. */
#define VL_KEY_BOX_BYTES 80u

/* INVALID: the recipient's key is no key (of low order). */
VL_MUST_USE vl_result vl_key_box_seal(const uint8_t secret[static 32], const struct vl_id *circle,
                                      const struct vl_id *key_id,
                                      const struct vl_device_card *recipient,
                                      const uint8_t author_sign[static 32],
                                      uint8_t out[static VL_KEY_BOX_BYTES]);
/* DECRYPT when it is not for these keys in this place, or what is in it is not the secret that
 * `key_id` commits to (vl_epoch_key_id). `secret_out` is zeroed then. */
VL_MUST_USE vl_result vl_key_box_open(const uint8_t box[static VL_KEY_BOX_BYTES],
                                      const struct vl_id *circle, const struct vl_id *key_id,
                                      const struct vl_device_keys *recipient,
                                      const uint8_t author_sign[static 32],
                                      uint8_t secret_out[static 32]);

/* id of an epoch secret: commits to the secret, so a box that opens to another one is refused. */
void vl_epoch_key_id(const struct vl_id *circle, const uint8_t secret[static 32],
                     struct vl_id *out);

#endif
