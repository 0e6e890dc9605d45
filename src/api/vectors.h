/* Test vectors for other implementations, as one JSON document (docs/vectors.md). Everything in it
 * comes out of the engine itself; the random source is a seeded one meanwhile, so the document is
 * always the same. Only for a process that does nothing else. */
#ifndef API_VECTORS_H
#define API_VECTORS_H

#include "api/json.h"

/* The whole document, appended. STORAGE: no room for the small circle's vaults in the temporary
 * folder. */
VL_MUST_USE vl_result vectors_write(struct vl_buffer *out);

/* ---- between vectors*.c ---- */

void vectors_hex(struct json_out *o, const char *name, const void *data, size_t size);
/* A number that may be over 2^53: as text. */
void vectors_number(struct json_out *o, const char *name, uint64_t value);
/* 32 bytes, all `fill`. */
struct vl_id vectors_bytes(uint8_t fill);
void vectors_reseed(uint64_t seed);
/* Members of the object that is open. */
VL_MUST_USE vl_result vectors_primitives(struct json_out *o);
VL_MUST_USE vl_result vectors_circle(struct json_out *o);

#endif
