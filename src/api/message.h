/* What a refusal says to people: one sentence, in their language. */
#ifndef API_MESSAGE_H
#define API_MESSAGE_H

#include "api/json.h"

#define MESSAGE_SIZE 512u

/* The sentence. `reason` (English, as it stands in the catalogs): NULL for the result's own.
 * `field` is told before the reason unless that names it already; NULL: none. Cut to fit, never
 * within a character. */
void message_write(const char *language, vl_result why, const char *field, const char *reason,
                   char *out, size_t size);
/* What people call a field: "content note". */
void message_label(const char *language, const char *field, char *out, size_t size);
/* The members of an error: "error", "field", "message" in that language, "messages" in each of ours
 * by its name (a page that shows one may change its language), and "line" of a file that was sent.
 */
void message_put(struct json_out *o, const char *language, vl_result why,
                 const struct json_problem *problem);

#endif
