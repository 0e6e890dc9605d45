/* Entries: a signed header and a payload blob that can be detached.
 *
 *   header (canonical; its bytes are what is hashed and signed)
 *     u8 version = 1 | u8 kind | 32 circle | 32 log | varint seq
 *     seq 0: 32 signing key, 16 incarnation     seq > 0: 32 id of the previous entry
 *     u8 count, 32 each: links (sorted, unique)  | varint lamport | i64 wall clock, ms
 *     kind CONTENT, SEALED: 32 epoch key id
 *     u8 count, 32 each: auth (sorted, unique)   | 32 blob hash | varint blob size
 *   entry id  = BLAKE2b(ENTRY_ID, header)
 *   signature = Ed25519(ENTRY_SIGNATURE || 0 || header), not part of the id
 *   log id    = BLAKE2b(LOG_ID, signing key || incarnation)
 *
 * This module encodes, decodes, hashes, signs and verifies one entry by itself. Whether its links,
 * auth, lamport and author are right is judged by the replica, which knows the others. */
#ifndef VEILLEE_ENTRY_H
#define VEILLEE_ENTRY_H

#include <veillee/instant.h>
#include <veillee/keys.h>
#include <veillee/limits.h>

#define VL_FORMAT_VERSION 1u

enum vl_entry_kind {
    VL_ENTRY_CONTENT = 0, /* operations, under the circle's epoch key */
    VL_ENTRY_SEALED = 1,  /* operations, under a random key sealed to some devices */
    VL_ENTRY_CONTROL = 2, /* membership, epochs, tombstones: readable, never erasable */
    VL_ENTRY_KIND_COUNT
};

struct vl_entry_header {
    struct vl_id circle, log;
    uint64_t seq;
    enum vl_entry_kind kind;
    uint8_t sign_key[32];    /* seq 0 only, else zero */
    uint8_t incarnation[16]; /* seq 0 only, else zero */
    struct vl_id prev;       /* seq > 0 only, else zero */
    size_t link_count;
    struct vl_id links[VL_LINKS_MAX];
    uint64_t lamport;
    vl_wall wall;
    struct vl_id epoch_key; /* zero for CONTROL */
    size_t auth_count;
    struct vl_id auth[VL_AUTH_MAX];
    struct vl_id blob_hash;
    uint32_t blob_size;
};

static_assert(2u + 64u + 10u + 48u + 2u + (VL_LINKS_MAX + VL_AUTH_MAX) * 32u + 10u + 8u + 32u +
                      32u + 5u <=
                  VL_HEADER_BYTES_MAX,
              "VL_HEADER_BYTES_MAX holds the largest header");

/* An entry as it is stored and sent. The views belong to whoever made them. */
struct vl_entry {
    struct vl_bytes header;
    uint8_t signature[64];
    struct vl_bytes blob; /* data NULL: erased or not fetched */
};

/* Appends. Refuses what decoding would, and leaves `out` alone then. */
VL_MUST_USE vl_result vl_entry_header_encode(const struct vl_entry_header *header,
                                             struct vl_buffer *out);
/* TRUNCATED, TRAILING, TOO_LARGE, NOT_CANONICAL (also: no blob, of size 0), VERSION, KIND, LINKS,
 * AUTH (unsorted), HASH (the log id of entry 0 is not that of its key). */
VL_MUST_USE vl_result vl_entry_header_decode(struct vl_bytes bytes, struct vl_entry_header *out);

void vl_entry_id(struct vl_bytes header, struct vl_id *out);
void vl_log_id(const uint8_t sign_key[static 32], const uint8_t incarnation[static 16],
               struct vl_id *out);
void vl_entry_sign(struct vl_bytes header, const struct vl_device_keys *keys,
                   uint8_t signature[static 64]);
VL_MUST_USE vl_result vl_entry_verify(struct vl_bytes header, const uint8_t signature[static 64],
                                      const uint8_t sign_key[static 32]);

/* Blobs of content. plaintext = varint size, body, zeros up to the bucket; blob = nonce(24) ||
 * XChaCha20-Poly1305 under vl_derive_key(BLOB_KEY, epoch secret), associated data BLOB_SEAL || 0
 * || circle || log || u64 seq || key id. Buckets: Padme of the plaintext, at least 64 bytes.
 * Sealing appends; TOO_LARGE over VL_BODY_BYTES_MAX. */
#define VL_BODY_BYTES_MAX 27645u          /* in the largest bucket that fits VL_BLOB_BYTES_MAX */
size_t vl_blob_bucket(size_t plain_size); /* padded plaintext size */
VL_MUST_USE vl_result vl_blob_seal(struct vl_bytes body, const uint8_t secret[static 32],
                                   const struct vl_entry_header *place, struct vl_buffer *out);
/* DECRYPT; NOT_CANONICAL when the padding is not zeros or not the bucket. Appends the body. */
VL_MUST_USE vl_result vl_blob_open(struct vl_bytes blob, const uint8_t secret[static 32],
                                   const struct vl_entry_header *place, struct vl_buffer *body);
void vl_blob_hash(struct vl_bytes blob, struct vl_id *out);

#endif
