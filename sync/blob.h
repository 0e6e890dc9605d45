/* Padded, sealed bodies: what blobs of content and of sealed entries have in common. */
#ifndef SYNC_BLOB_H
#define SYNC_BLOB_H

#include <veillee/entry.h>

#define PLACE_BYTES_MAX 256u

/* Associated data: domain, zero, circle, log, u64 seq, epoch key id. Returns its size. */
size_t place_bytes(enum vl_domain domain, const struct vl_entry_header *place,
                   uint8_t out[static PLACE_BYTES_MAX]);
/* nonce(24) || ciphertext of varint size, body, zeros up to the bucket || tag(16); appended. The
 * body is at most VL_BODY_BYTES_MAX. Opening as vl_blob_open. */
VL_MUST_USE vl_result body_seal(struct vl_bytes body, const uint8_t key[static 32],
                                struct vl_bytes associated, struct vl_buffer *out);
VL_MUST_USE vl_result body_open(struct vl_bytes sealed, const uint8_t key[static 32],
                                struct vl_bytes associated, struct vl_buffer *body);

#endif
