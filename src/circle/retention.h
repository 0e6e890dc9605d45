/* What a circle keeps of a meeting, and until when. The layer is chosen by who writes, when she
 * writes: that is her word that it may be erased, also when she has left (docs/retention.md).
 *
 *   closing   erased when the meeting is closed      months   may be erased so many months later
 *   kept      stays; also where no layer was chosen
 *
 * Shares and decisions have one each. The minutes have that of their meeting, and so have its
 * moments, but for those that open and close it. Signals go at closing. What is spoken only is
 * never written.
 *
 * No clock decides: it only says what is due. An entry erases. What was written somewhere else
 * before a meeting was closed, and arrives after, is due. */
#ifndef CIRCLE_RETENTION_H
#define CIRCLE_RETENTION_H

#include "circle/erasure.h"
#include "circle/record.h"

#define RETENTION_TITLE_SIZE 160u

struct retention_item { /* of a meeting its minutes, not the rest of it */
    const struct schema_record *schema;
    struct vl_record_id id, meeting; /* has_meeting false: a share of none */
    bool has_meeting;
    struct vl_id author; /* of the minutes: who made the meeting. Zeros: not known */
    bool mine;
    enum keep keep;
    uint32_t months;                  /* of KEEP_MONTHS */
    bool chosen;                      /* somebody said so */
    vl_wall written;                  /* by its author's clock; of minutes not before they begin */
    bool due;                         /* see retention_due; of a meeting's list: at its closing */
    char title[RETENTION_TITLE_SIZE]; /* its beginning, for people */
};
struct retention {
    struct retention_item *items;
    size_t count, capacity;
};
void retention_finish(struct retention *retention); /* accepts zeroed */

/* All that was written in a meeting and can be seen here. NOT_FOUND: no such meeting. */
VL_MUST_USE vl_result retention_of_meeting(struct vl_replica *r, const struct vl_record_id *meeting,
                                           struct retention *out);

/* What is due: of layer closing when its meeting is closed; of layer months when `now` is so many
 * months after the author's clock. A page: looked at are RETENTION_PAGE records or so. */
#define RETENTION_PAGE       500u
#define RETENTION_PLACE_SIZE 80u
struct retention_page {
    struct retention due;
    char next[RETENTION_PLACE_SIZE]; /* "": that was all */
};
/* `after` NULL: from the beginning. INVALID: it is no place. */
VL_MUST_USE vl_result retention_due(struct vl_replica *r, vl_wall now, const char *after,
                                    struct retention_page *out);

/* The entries of those items that are due, and only theirs. erasure_finish. */
VL_MUST_USE vl_result retention_entries(struct vl_replica *r, const struct retention *retention,
                                        struct erasure *out);

/* Closes the meeting: the moment, when it is open, and its state. Nothing is erased by it.
 * AUTHORITY: I do not facilitate. STATE: it was cancelled. Closed already: nothing is done. */
VL_MUST_USE vl_result retention_close(struct vl_replica *r, const struct vl_record_id *meeting,
                                      vl_wall now, struct schema_problem *problem);

#endif
