/* Numbers to call: who answers, what for, who says so, and in which month that was verified. One
 * file for all languages (src/circle/texts/numbers.md), so that a number is changed in one place.
 */
#ifndef CIRCLE_NUMBERS_H
#define CIRCLE_NUMBERS_H

#include "circle/texts.h"

#define NUMBERS_MAX        64u
#define NUMBERS_OLD_MONTHS 12u /* over this a number is shown with a warning */

struct number {
    const char *number;  /* as it is written: "116 006" */
    const char *country; /* two letters: where it holds */
    const char *name, *purpose;
    const char *source;   /* who says so */
    const char *verified; /* YYYY-MM */
};
struct numbers { /* strings live in `text` */
    struct number items[NUMBERS_MAX];
    size_t count;
    struct text text;
};

/* INVALID: not a text, or a number without something of the above. */
VL_MUST_USE vl_result numbers_parse(struct vl_bytes file, const char *language,
                                    struct numbers *out);
VL_MUST_USE vl_result numbers_read(const char *language, struct numbers *out);
void numbers_finish(struct numbers *numbers); /* accepts NULL and zeroed */

/* Whether that was more than NUMBERS_OLD_MONTHS before the month `today` begins with (YYYY-MM...);
 * for what people see, nothing else. false when either is no date. */
bool number_is_old(const char *verified, const char *today);

#endif
