/* The secure channel: Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b over a byte stream, then frames. No
 * I/O: stream bytes in, stream bytes out.
 *
 *   prologue = "veillee/1 noise" || 0 || beacon nonce of the answerer (12 bytes)
 *   -> psk, e            48 bytes (32 key, 16 tag of the empty payload), no length before it
 *   <- e, ee, s, es      fixed size VL_NOISE_SECOND_BYTES (payload: 16 zero bytes, reserved)
 *   -> s, se             fixed size VL_NOISE_THIRD_BYTES (the same)
 *   then frames: u16 big-endian size of what follows, ciphertext with tag;
 *   plaintext = u8 kind (1 message, 2 close) || varint size || bytes || zeros up to a bucket.
 *   Nonces count; rekey before every 2^20th frame. docs/transport.md has the buckets.
 *
 *   DIALLER  START -> SENT_FIRST -> OPEN -> CLOSED        ANSWERER  START -> SENT_SECOND -> OPEN
 *   any error: FAILED. A failed answerer has produced no byte beyond what a good one had by then;
 *   the caller keeps the socket silent until the common deadline. */
#ifndef VEILLEE_CHANNEL_H
#define VEILLEE_CHANNEL_H

#include <veillee/instant.h>
#include <veillee/keys.h>
#include <veillee/limits.h>

#define VL_BEACON_NONCE_BYTES 12u
#define VL_NOISE_FIRST_BYTES  48u
#define VL_NOISE_SECOND_BYTES 112u /* 32 e, 48 s, 16 + 16 payload */
#define VL_NOISE_THIRD_BYTES  80u  /* 48 s, 16 + 16 payload */

struct vl_channel;

enum vl_channel_state {
    VL_CHANNEL_HANDSHAKE,
    VL_CHANNEL_OPEN,
    VL_CHANNEL_CLOSED, /* the close record came */
    VL_CHANNEL_FAILED
};

/* Ephemeral keys accepted under one beacon nonce: a repeated one is refused. One per nonce. */
struct vl_seen;
VL_MUST_USE vl_result vl_seen_create(struct vl_seen **out);
void vl_seen_destroy(struct vl_seen *seen); /* accepts NULL */
/* VL_SEEN_EPHEMERALS_MAX were accepted: nobody more is, until the nonce is renewed. */
bool vl_seen_full(const struct vl_seen *seen);

struct vl_channel_config {
    bool dialler;
    uint8_t psk[32];
    uint8_t nonce[VL_BEACON_NONCE_BYTES];
    const struct vl_device_keys *keys; /* outlives the channel */
    struct vl_seen *seen;              /* answerer only, who needs it; outlives the handshake */
    /* Dialler: the 32-byte static key that must answer, or NULL for any. Another one is refused
     * before this side has shown who it is. With NULL, whoever dials a stale beacon checks
     * vl_channel_peer before writing out what vl_channel_output holds then. */
    const uint8_t *expect_peer;
};

/* The dialler's first message is in the output at once. Psk, nonce and expect_peer are copied.
 * INVALID: an answerer without `seen`. */
VL_MUST_USE vl_result vl_channel_create(struct vl_channel **out,
                                        const struct vl_channel_config *config);
/* Already agreed keys instead of a handshake (pairing): OPEN at once. */
VL_MUST_USE vl_result vl_channel_create_keyed(struct vl_channel **out,
                                              const uint8_t send_key[static 32],
                                              const uint8_t receive_key[static 32]);
void vl_channel_destroy(struct vl_channel *c); /* wipes; accepts NULL */

/* Stream bytes that arrived. Complete messages queue up for vl_channel_take, also those that came
 * before an error or the close record. HANDSHAKE for every handshake failure alike; DECRYPT, KIND,
 * NOT_CANONICAL, TOO_LARGE for frames; CLOSED for bytes after the close record. After an error the
 * state is FAILED and every further call gives the same result. */
VL_MUST_USE vl_result vl_channel_receive(struct vl_channel *c, struct vl_bytes stream);
/* The next complete message, replacing `message`. NOT_FOUND: none. */
VL_MUST_USE vl_result vl_channel_take(struct vl_channel *c, struct vl_buffer *message);
/* Seals one message into stream bytes. TOO_LARGE over VL_MESSAGE_BYTES_MAX (the channel goes on);
 * STATE before OPEN, after FAILED and after send_close; CLOSED when the other side has closed. */
VL_MUST_USE vl_result vl_channel_send(struct vl_channel *c, struct vl_bytes message);
VL_MUST_USE vl_result vl_channel_send_close(struct vl_channel *c);
/* Stream bytes to write; the caller takes them with vl_buffer_consume. */
struct vl_buffer *vl_channel_output(struct vl_channel *c);

enum vl_channel_state vl_channel_state_of(const struct vl_channel *c);
/* The peer's static key, once OPEN by a handshake; STATE before. */
VL_MUST_USE vl_result vl_channel_peer(const struct vl_channel *c, uint8_t noise_key[static 32]);

#endif
