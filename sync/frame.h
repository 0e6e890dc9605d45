/* Frames: what flows through a channel once its keys are agreed. Private to the engine.
 *
 *   frame     = u16 big-endian size of the rest | ciphertext | 16 tag
 *   plaintext = u8 kind (1 message, 2 close) | varint size | bytes | zeros up to a bucket
 *
 * Buckets of the plaintext: 128, 256, 512, 1024, 2048, 4096, then every 4096 to 61440, then 65519.
 * An observer learns the bucket alone. The nonce is the frame's number; before frame number
 * k * 2^20 (k > 0) that direction rekeys. Padding, kind and size must be exactly what the sender
 * would have made, else the frame is refused. */
#ifndef SYNC_FRAME_H
#define SYNC_FRAME_H

#include "sync/noise.h"
#include <veillee/limits.h>

#define FRAME_SIZE_BYTES  2u
#define FRAME_PLAIN_MIN   128u
#define FRAME_PLAIN_STEP  4096u
#define FRAME_PLAIN_MAX   (VL_FRAME_BYTES_MAX - NOISE_TAG_BYTES)
#define FRAME_REKEY_EVERY ((uint64_t)1 << 20)

enum frame_kind { FRAME_MESSAGE = 1, FRAME_CLOSE = 2 };

/* The bucket for so many bytes of kind, size and message; `size` <= FRAME_PLAIN_MAX. */
size_t frame_bucket(size_t size);

/* Appends one frame to `out`. TOO_LARGE over VL_MESSAGE_BYTES_MAX, then nothing is appended. */
VL_MUST_USE vl_result frame_seal(struct noise_cipher *cipher, enum frame_kind kind,
                                 struct vl_bytes message, struct vl_buffer *out);

/* Whether `input` begins with a whole frame; *size is its size with the two bytes before it.
 * TRUNCATED: more bytes are needed. NOT_CANONICAL: no frame has that size. */
VL_MUST_USE vl_result frame_measure(struct vl_bytes input, size_t *size);
/* Opens a frame measured before, in place; *message is a view into it. DECRYPT, KIND, TOO_LARGE,
 * NOT_CANONICAL. */
VL_MUST_USE vl_result frame_open(struct noise_cipher *cipher, uint8_t *frame, size_t size,
                                 enum frame_kind *kind, struct vl_bytes *message);

#endif
