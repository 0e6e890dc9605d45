/* What the program brings to read, as JSON: members of an object that is open. The command line
 * shows the same without a node. */
#ifndef API_VIEW_TEXTS_H
#define API_VIEW_TEXTS_H

#include "api/json.h"
#include "circle/formats.h"
#include "circle/handbook.h"
#include "circle/numbers.h"

/* `whole`: with the scripts. */
void view_format(struct json_out *o, const struct format *format, bool whole);
/* `whole`: with all that it says. */
void view_chapter(struct json_out *o, const struct chapter *chapter, bool whole);

/* "language" and "formats", "chapters", "numbers", "text". */
VL_MUST_USE vl_result view_formats(struct json_out *o, const char *language);
VL_MUST_USE vl_result view_handbook(struct json_out *o, const char *language);
VL_MUST_USE vl_result view_numbers(struct json_out *o, const char *language);
VL_MUST_USE vl_result view_proposed_agreement(struct json_out *o, const char *language);

#endif
