/* What seals a bundle: the prelude with its key boxes, and the frames. Writing and reading stand
 * together. Nothing outside sync/bundle*.c includes this.
 *
 *   prelude = 32 ephemeral X25519 key | u8 groups | groups * VL_BUNDLE_BOXES_STEP boxes, sorted
 *   box     = XChaCha20-Poly1305 of the file key, under a key that follows from the ephemeral key,
 *             the recipient's and the circle, nonce zero (each key seals once)
 *   frame   = XChaCha20-Poly1305 of VL_BUNDLE_FRAME_BYTES, nonce = u64 number, u8 last, zeros */
#ifndef SYNC_BUNDLE_SEAL_H
#define SYNC_BUNDLE_SEAL_H

#include <veillee/bundle.h>

#define BUNDLE_BOX_BYTES          48u
#define BUNDLE_PRELUDE_MIN        33u /* what tells how long the prelude is */
#define BUNDLE_SEALED_FRAME_BYTES (VL_BUNDLE_FRAME_BYTES + 16u)
#define BUNDLE_VERSION            1u

static_assert(VL_BUNDLE_BOXES_MAX % VL_BUNDLE_BOXES_STEP == 0, "whole groups");
static_assert(VL_BUNDLE_BOXES_MAX / VL_BUNDLE_BOXES_STEP <= 255, "the number of groups is a byte");

struct bundle_key { /* in guarded memory */
    uint8_t file[32];
    uint8_t stream[32];
};
VL_MUST_USE vl_result bundle_key_create(struct bundle_key **out);
void bundle_key_destroy(struct bundle_key *key); /* wipes; accepts NULL */

/* A new file key, sealed to every current device; replaces `prelude`. LIMIT: too many devices. */
VL_MUST_USE vl_result bundle_prelude_write(struct vl_replica *replica, struct bundle_key *key,
                                           struct vl_buffer *prelude, struct vl_id *hash);
/* How long the prelude is whose first BUNDLE_PRELUDE_MIN bytes these are. NO_KEY: it is none. */
VL_MUST_USE vl_result bundle_prelude_size(const uint8_t start[static BUNDLE_PRELUDE_MIN],
                                          size_t *size);
/* NO_KEY: no box is for a device of these replicas. NOT_CANONICAL: the boxes are not sorted. */
VL_MUST_USE vl_result bundle_prelude_read(struct vl_bytes prelude,
                                          struct vl_replica *const *replicas, size_t count,
                                          struct bundle_key *key, struct vl_replica **found,
                                          struct vl_id *hash);

/* Appends. */
VL_MUST_USE vl_result bundle_frame_seal(const struct bundle_key *key, uint64_t number, bool last,
                                        const uint8_t plain[static VL_BUNDLE_FRAME_BYTES],
                                        struct vl_buffer *out);
/* Appends; *last tells which it was. DECRYPT. */
VL_MUST_USE vl_result bundle_frame_open(const struct bundle_key *key, uint64_t number,
                                        const uint8_t sealed[static BUNDLE_SEALED_FRAME_BYTES],
                                        bool *last, struct vl_buffer *out);

/* The header: the first message in the frames. */
#define BUNDLE_MESSAGE_HEADER 64u /* its first byte; no session message begins so */
struct bundle_header {
    struct vl_id circle;
    uint8_t author[32];
    vl_wall wall;
    uint64_t entries;
};
/* Replaces `out`. `hash` is the prelude's. */
VL_MUST_USE vl_result bundle_header_write(const struct bundle_header *header,
                                          const struct vl_id *hash,
                                          const struct vl_device_keys *keys, struct vl_buffer *out);
/* KIND, VERSION, SIGNATURE, the codec's. */
VL_MUST_USE vl_result bundle_header_read(struct vl_bytes message, const struct vl_id *hash,
                                         struct bundle_header *out);

#endif
