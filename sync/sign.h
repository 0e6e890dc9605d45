/* Ed25519 over a domain's string, a zero byte and parts. Used by every signature of the engine. */
#ifndef SYNC_SIGN_H
#define SYNC_SIGN_H

#include <veillee/hash.h>
#include <veillee/limits.h>

#define SIGNED_BYTES_MAX (VL_HEADER_BYTES_MAX + 64u) /* domain, zero and the parts together */

/* The parts must fit SIGNED_BYTES_MAX. */
void sign_parts(enum vl_domain domain, const struct vl_bytes *parts, size_t count,
                const uint8_t secret_key[static 64], uint8_t signature[static 64]);
/* SIGNATURE; TOO_LARGE when the parts do not fit. */
VL_MUST_USE vl_result sign_verify_parts(enum vl_domain domain, const struct vl_bytes *parts,
                                        size_t count, const uint8_t signature[static 64],
                                        const uint8_t sign_key[static 32]);

#endif
