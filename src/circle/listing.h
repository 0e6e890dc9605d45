/* Lists of records: one type, in its order, filtered, a page at a time.
 *
 * Only what a page shows is read; what a filter by REFERENCE wants the storage finds. After
 * LISTING_LOOKED_MAX records a page ends with what it has.
 *
 * A page ends with the place after which the next one begins. A place is text: the key of the order
 * (a date, or a lamport number) and the id, "2026-03-12T19:30-0123...", "417-0123..."; the key
 * alone is the place before all records of that key. */
#ifndef CIRCLE_LISTING_H
#define CIRCLE_LISTING_H

#include "circle/record.h"

#define LISTING_FILTERS_MAX 4u
#define LISTING_LOOKED_MAX  2048u
#define LISTING_PLACE_SIZE  64u /* with its final zero */

struct listing_filter {               /* a register whose value that counts is this one */
    const struct schema_field *field; /* schema_is_filter */
    struct vl_value value;
};

struct listing_query {
    const struct schema_record *schema;
    struct listing_filter filters[LISTING_FILTERS_MAX];
    size_t filter_count;
    bool backward;     /* against the order */
    const char *after; /* a place; NULL: from the beginning */
    size_t max;        /* records, at least 1 */
};

struct listing {
    struct record_list list;
    char next[LISTING_PLACE_SIZE]; /* "": there are no more; else there may be */
};

/* INVALID: `after` is no place. listing_finish. */
VL_MUST_USE vl_result listing_read(struct vl_replica *r, const struct listing_query *query,
                                   struct listing *out);
void listing_finish(struct listing *listing); /* accepts NULL and zeroed */

#endif
