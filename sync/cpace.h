/* CPace (draft-irtf-cfrg-cpace) in the initiator-responder setting, over ristretto255 with
 * SHA-512: two sides that share a weak secret agree on a strong key, and somebody in between gets
 * one guess. Private to the engine.
 *
 * Names are the draft's: prs the shared secret, ci who and what for, sid the session, ad what each
 * side adds, Y the public points, isk the key. */
#ifndef SYNC_CPACE_H
#define SYNC_CPACE_H

#include <veillee/bytes.h>

#define CPACE_POINT_BYTES   32u
#define CPACE_SCALAR_BYTES  32u
#define CPACE_KEY_BYTES     64u
#define CPACE_CONTEXT_BYTES 256u /* largest sum of ci and sid */
#define CPACE_SECRET_BYTES  64u  /* largest prs */

/* The generator that both sides reach from the same prs, ci and sid. TOO_LARGE. */
VL_MUST_USE vl_result cpace_generator(struct vl_bytes prs, struct vl_bytes ci, struct vl_bytes sid,
                                      uint8_t generator[static CPACE_POINT_BYTES]);
/* A random scalar and its public point. INTERNAL: the point is the identity (never, in truth). */
VL_MUST_USE vl_result cpace_share(const uint8_t generator[static CPACE_POINT_BYTES],
                                  uint8_t scalar[static CPACE_SCALAR_BYTES],
                                  uint8_t point[static CPACE_POINT_BYTES]);
/* The shared point. HANDSHAKE: `point` is no encoding of a group element, or the identity, or the
 * result is; `shared` is zeros then. */
VL_MUST_USE vl_result cpace_shared(const uint8_t scalar[static CPACE_SCALAR_BYTES],
                                   const uint8_t point[static CPACE_POINT_BYTES],
                                   uint8_t shared[static CPACE_POINT_BYTES]);

struct cpace_side { /* what one side put on the wire */
    const uint8_t *point;
    struct vl_bytes ad;
};
/* isk of (sid, shared point, the initiator's side, the responder's). */
void cpace_key(struct vl_bytes sid, const uint8_t shared[static CPACE_POINT_BYTES],
               const struct cpace_side *initiator, const struct cpace_side *responder,
               uint8_t key[static CPACE_KEY_BYTES]);

#endif
