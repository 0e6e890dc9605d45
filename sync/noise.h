/* The Noise protocol framework (revision 34) with 25519, ChaChaPoly and BLAKE2b, over any pattern
 * of messages; the program uses XXpsk0 alone, the others serve to test this against published
 * vectors. Private to the engine.
 *
 * The states hold keys: they live inside memory from sodium_malloc and are wiped by their finish.
 * Any error of a handshake ends it: wipe it, answer nothing. */
#ifndef SYNC_NOISE_H
#define SYNC_NOISE_H

#include <veillee/bytes.h>

#define NOISE_KEY_BYTES     32u
#define NOISE_TAG_BYTES     16u
#define NOISE_HASH_BYTES    64u  /* BLAKE2b-512 */
#define NOISE_BLOCK_BYTES   128u /* BLAKE2b's block, for HMAC */
#define NOISE_MESSAGE_BYTES 65535u
#define NOISE_MESSAGES_MAX  4u
#define NOISE_TOKENS_MAX    8u
#define NOISE_PSKS_MAX      4u

/* HMAC of RFC 2104 over BLAKE2b-512 (not keyed BLAKE2b), of parts one after the other. */
void noise_hmac(struct vl_bytes key, const struct vl_bytes *parts, size_t count,
                uint8_t out[static NOISE_HASH_BYTES]);

/* One direction's key and the number of the next message. */
struct noise_cipher {
    uint8_t key[NOISE_KEY_BYTES];
    uint64_t nonce;
    bool has_key; /* without one, sealing and opening copy */
};
void noise_cipher_set(struct noise_cipher *c, const uint8_t key[static NOISE_KEY_BYTES]);
/* `out` has room for text and tag, and may be where `text` is. LIMIT: the numbers are used up. */
VL_MUST_USE vl_result noise_cipher_seal(struct noise_cipher *c, struct vl_bytes associated,
                                        struct vl_bytes text, uint8_t *out);
/* `out` has room for the text; the number does not move on failure. DECRYPT, TRUNCATED, LIMIT. */
VL_MUST_USE vl_result noise_cipher_open(struct noise_cipher *c, struct vl_bytes associated,
                                        struct vl_bytes sealed, uint8_t *out);
/* The framework's Rekey(); the numbers go on. */
void noise_cipher_rekey(struct noise_cipher *c);

enum noise_token { NOISE_END, NOISE_E, NOISE_S, NOISE_EE, NOISE_ES, NOISE_SE, NOISE_SS, NOISE_PSK };

struct noise_pattern {
    const char *protocol; /* "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b" */
    bool initiator_known; /* premessages: the static key that the other side has beforehand */
    bool responder_known;
    size_t psk_count;
    size_t message_count;
    enum noise_token messages[NOISE_MESSAGES_MAX][NOISE_TOKENS_MAX]; /* the initiator's first */
};
extern const struct noise_pattern noise_xxpsk0;

struct noise_pair {
    uint8_t secret[NOISE_KEY_BYTES], public[NOISE_KEY_BYTES];
    bool set;
};

struct noise_handshake {
    const struct noise_pattern *pattern;
    bool initiator;
    size_t next;     /* message */
    size_t next_psk; /* in psks */
    uint8_t chaining_key[NOISE_HASH_BYTES], hash[NOISE_HASH_BYTES];
    struct noise_cipher cipher;
    struct noise_pair own_static, own_ephemeral;
    uint8_t remote_static[NOISE_KEY_BYTES], remote_ephemeral[NOISE_KEY_BYTES];
    bool has_remote_static, has_remote_ephemeral;
    uint8_t psks[NOISE_PSKS_MAX][NOISE_KEY_BYTES];
};

struct noise_config { /* the pointers are read by noise_start alone */
    bool initiator;
    struct vl_bytes prologue;
    const uint8_t *static_secret;    /* NULL: none */
    const uint8_t *ephemeral_secret; /* NULL: random, as it must be but in tests with vectors */
    const uint8_t *remote_static;    /* NULL: not known beforehand */
    const uint8_t *psks[NOISE_PSKS_MAX];
};

/* INVALID: a key that the pattern needs is missing. */
VL_MUST_USE vl_result noise_start(struct noise_handshake *h, const struct noise_pattern *pattern,
                                  const struct noise_config *config);
/* The next message. STATE: it is the other side's turn. TOO_LARGE: more than `max` bytes.
 * HANDSHAKE: a Diffie-Hellman result of zero. */
VL_MUST_USE vl_result noise_write(struct noise_handshake *h, struct vl_bytes payload, uint8_t *out,
                                  size_t max, size_t *size);
/* `payload` has room for message.size bytes. HANDSHAKE whatever is wrong with the message. */
VL_MUST_USE vl_result noise_read(struct noise_handshake *h, struct vl_bytes message,
                                 uint8_t *payload, size_t *size);
bool noise_done(const struct noise_handshake *h);
/* After the last message. */
void noise_split(const struct noise_handshake *h, struct noise_cipher *send,
                 struct noise_cipher *receive);
void noise_finish(struct noise_handshake *h); /* wipes */

#endif
