/* Blobs of entries sealed to some devices only: a word to one person, a share for a few. Who they
 * are is not to be read from the blob, and each can open it without learning who the others are.
 *
 *   blob = 32 ephemeral key | 32 commitment | u8 boxes / VL_SEALED_STEP | boxes of 48
 *        | nonce(24) || XChaCha20-Poly1305 of the padded body (as in entry.h)
 * Boxes stand in random order; their number is filled up with random bytes. docs/protocol.md has
 * the keys and what each part is bound to. */
#ifndef VEILLEE_SEALED_H
#define VEILLEE_SEALED_H

#include <veillee/entry.h>

#define VL_SEALED_BOX_BYTES      48u
#define VL_SEALED_STEP           8u
#define VL_SEALED_BODY_BYTES_MAX 21501u /* fits beside VL_SEALED_BOXES_MAX boxes */

/* Appends. A recipient whose key is no key (of low order) gets no box. INVALID: nobody gets one.
 * LIMIT: over VL_SEALED_BOXES_MAX. TOO_LARGE: over VL_SEALED_BODY_BYTES_MAX. */
VL_MUST_USE vl_result vl_sealed_seal(struct vl_bytes body, const struct vl_device_card *recipients,
                                     size_t count, const struct vl_entry_header *place,
                                     struct vl_buffer *out);
/* Appends the body. NO_KEY: there is no box for these keys in this place. DECRYPT: it opens to
 * something else than what the blob commits to. NOT_CANONICAL: no such blob, or wrong padding. */
VL_MUST_USE vl_result vl_sealed_open(struct vl_bytes blob, const struct vl_entry_header *place,
                                     const struct vl_device_keys *keys, struct vl_buffer *body);

#endif
