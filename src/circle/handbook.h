/* The facilitator's handbook: chapters for somebody who holds a circle, trained or not. */
#ifndef CIRCLE_HANDBOOK_H
#define CIRCLE_HANDBOOK_H

#include "circle/texts.h"

struct chapter { /* its strings live in `text`, whose first section has the title */
    char id[TEXTS_ID_SIZE];
    const char *title, *summary; /* one line each */
    struct text text;
};

/* From 0, in their order. NOT_FOUND past the last. */
VL_MUST_USE vl_result chapter_at(size_t at, const char *language, struct chapter *out);
VL_MUST_USE vl_result chapter_find(const char *id, const char *language, struct chapter *out);
void chapter_finish(struct chapter *chapter); /* accepts NULL and zeroed */

#endif
