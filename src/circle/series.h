/* Meetings that come again. The first of a series is a record with a rule (recurrence.h); the
 * others are occurrences, counted from it and written nowhere, until somebody needs one as a
 * meeting of its own: to answer, to change its place, to open it. Then it is *taken*: a record that
 * refers to the first, and an exception there, so nobody sees it twice.
 *
 * "Now" is a local time that the caller brings; nothing here is decided by it for others. */
#ifndef CIRCLE_SERIES_H
#define CIRCLE_SERIES_H

#include "circle/edit.h"
#include "circle/formats.h"
#include "circle/recurrence.h"

#define SERIES_EXCEPTIONS_MAX 500u /* as many as the schema lets there be */
#define SERIES_DAYS_MAX       366  /* a longer meeting counts as one without an end */

struct series { /* what a meeting's record says of its times */
    bool repeats;
    struct recurrence rule;
    struct date start;
    int64_t length; /* minutes, of a whole day whole days; -1: no end is said */
    struct date exceptions[SERIES_EXCEPTIONS_MAX];
    size_t exception_count;
};
/* false: it has no start. What others wrote and is no rule, end or date counts as not there. */
bool series_of(const struct record *meeting, struct series *out);
/* Those from `from` on, at most `max` (RECURRENCE_LISTED_MAX). */
void series_list(const struct series *series, struct date from, size_t max,
                 struct recurrence_list *out);

struct upcoming {
    struct vl_record_id meeting; /* the record, or the first of its series */
    struct date starts;
    bool is_occurrence; /* of the series, not taken yet */
    bool is_open;
    bool is_cancelled;
};
/* What an open meeting that nobody closed counts for as being on. */
#define SERIES_OPEN_MINUTES 1440

/* The circle's next meeting: one that is open, else the first that is not over and neither closed
 * nor cancelled (a series whose first is cancelled is over). NOT_FOUND. */
VL_MUST_USE vl_result series_next(struct vl_replica *r, struct date now, struct upcoming *out);
/* The first `max` (at least 1, as many as `out` has place for) of what comes: what is open, then by
 * start what is not over at `from`, also what was cancelled by itself. `has_more`: there are others
 * after those. */
VL_MUST_USE vl_result series_coming(struct vl_replica *r, struct date from, size_t max,
                                    struct upcoming *out, size_t *count, bool *has_more);

/* Takes the occurrence: with the series' title, place, directions, topics, format and retention,
 * and the format's parts. EXISTS: taken before, *id is it. NOT_FOUND: no such series; INVALID: no
 * such occurrence. The same occurrence has the same id for everybody. `format` may be NULL. */
VL_MUST_USE vl_result series_take(struct vl_replica *r, const struct vl_record_id *series,
                                  struct date at, const struct format *format, vl_wall now,
                                  struct vl_record_id *id, struct schema_problem *problem);

/* "We are here now". An open meeting is on already: EXISTS. Else today's next one is opened (taken
 * first when it is an occurrence), else, or when `fresh`, a new one that begins now. `format` is
 * that of the series or of the new one, and may be NULL; what is planned for today has its own. */
struct here {
    const char *title, *place; /* of a new one; NULL: none */
    const struct format *format;
    bool fresh;
};
VL_MUST_USE vl_result series_here(struct vl_replica *r, const struct here *here, struct date at,
                                  vl_wall now, struct vl_record_id *id,
                                  struct schema_problem *problem);

#endif
