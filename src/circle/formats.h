/* Formats of a meeting: an agenda of timed parts, each with a script that anybody can read aloud.
 * Every one opens with the circle's agreement, has open time, and ends with a check-out round. */
#ifndef CIRCLE_FORMATS_H
#define CIRCLE_FORMATS_H

#include "circle/schema.h"
#include "circle/texts.h"

#define FORMAT_PARTS_MAX 24u

struct format_part {
    const char *title, *script; /* of the script, what stands in (...) is not read aloud */
    uint32_t minutes;
    enum part_kind kind;
};
struct format { /* its strings live in `text` */
    char id[TEXTS_ID_SIZE];
    const char *name, *purpose; /* one line each */
    const char *size;           /* for how many */
    uint32_t minutes;           /* all parts together */
    struct format_part parts[FORMAT_PARTS_MAX];
    size_t part_count;
    struct text text;
};

/* INVALID: not a text, a key that is missing, unknown or wrong; a part without a script or over
 * its limits; no reading at the beginning, no talk, no closing at the end, or another one before.
 * Without id. */
VL_MUST_USE vl_result format_parse(struct vl_bytes file, struct format *out);
void format_finish(struct format *format); /* accepts NULL and zeroed */

/* From 0, in the order in which they are shown. NOT_FOUND past the last. */
VL_MUST_USE vl_result format_at(size_t at, const char *language, struct format *out);
VL_MUST_USE vl_result format_find(const char *id, const char *language, struct format *out);

#endif
