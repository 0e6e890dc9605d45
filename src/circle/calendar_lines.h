/* A calendar file, line by line: folds undone, checked to be text. Inside circle/calendar*.c. */
#ifndef CIRCLE_CALENDAR_LINES_H
#define CIRCLE_CALENDAR_LINES_H

#include "circle/calendar.h"

#define CALENDAR_NAME_SIZE 32u

struct calendar_lines {
    struct vl_bytes text;
    size_t at, number;             /* number: of the line at `at` in the file */
    struct vl_buffer line;         /* with a final zero */
    char name[CALENDAR_NAME_SIZE]; /* "DTSTART", in capitals; cut when it is longer */
    size_t first;                  /* number of the file's line where this one begins */
    bool is_cut;                   /* it is longer than CALENDAR_LINE_MAX: the rest is not there */
};

/* `text` outlives it. */
void calendar_lines_init(struct calendar_lines *lines, struct vl_bytes text);
void calendar_lines_finish(struct calendar_lines *lines);
/* The next line that is not empty. NOT_FOUND: there is none. UTF8: not text. INVALID: no property.
 */
VL_MUST_USE vl_result calendar_lines_next(struct calendar_lines *lines);
/* What stands behind its colon; "" when there is none. */
const char *calendar_lines_value(const struct calendar_lines *lines);

/* Appends a whole calendar's text with its folds made anew: libical (3.0.16) also folds between
 * the two characters that end a line. Lines end with CR LF and have at most 75 bytes, never half
 * a character. */
#define CALENDAR_FOLD_BYTES 75u
VL_MUST_USE vl_result calendar_lines_fold(const char *text, struct vl_buffer *out);

#endif
