/* Abstract histories of membership as JSON (docs/membership.md, "Comparing implementations"): one
 * is read, given to the engine, and the state printed as one line, so that implementations of the
 * rules can be compared by `diff`. */
#ifndef API_JSON_MEMBERSHIP_H
#define API_JSON_MEMBERSHIP_H

#include <stdio.h>
#include <veillee/bytes.h>

#define MEMBERSHIP_JSON_BYTES_MAX 67108864u /* 64 MiB */

/* Appends the line without its newline. INVALID: not such a history (an unknown kind, doubled id,
 * not exactly one found without links, a name over VL_MEMBER_NAME_MAX). TOO_LARGE, LIMIT,
 * NO_MEMORY. */
VL_MUST_USE vl_result membership_json_state(struct vl_bytes history, struct vl_buffer *line);

/* Reads one history from `in`, or with `lines` one a line, and prints a line for each to `out`:
 * the state, or {"error":"NAME"}. The result is the first error. STORAGE: reading or writing. */
VL_MUST_USE vl_result membership_json_print(FILE *in, bool lines, FILE *out);

#endif
