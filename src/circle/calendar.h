/* Meetings as a calendar file and back: iCalendar (RFC 5545), with libical for its syntax.
 *
 * What the two sides say to each other:
 *
 *   UID          uid, else the record's id            SUMMARY      title
 *   DTSTART      starts; floating: the time of the    LOCATION     place
 *                place, a day as a whole as DATE      DESCRIPTION  directions
 *   DTEND        ends (a whole day: the day after)    RRULE        recurrence
 *   EXDATE       exceptions                           STATUS       CANCELLED: state cancelled
 *   RELATED-TO   the UID of the series' first
 *
 * A file that comes from elsewhere is hostile until it is read: it is cut into lines here, within
 * the limits below, and only lines of events that say one of these things ever reach libical, one
 * at a time. Zones defined in the file are not looked at: a time with a zone is the time of its
 * place. A time in UTC becomes that of the zone that its event, else the file names
 * (X-WR-TIMEZONE), when this machine knows it, else of this machine. */
#ifndef CIRCLE_CALENDAR_H
#define CIRCLE_CALENDAR_H

#include "circle/date.h"
#include "circle/recurrence.h"
#include <veillee/bytes.h>
#include <veillee/instant.h>

#define CALENDAR_BYTES_MAX      1048576u
#define CALENDAR_LINE_MAX       32768u /* of a line that is read, unfolded */
#define CALENDAR_DEPTH_MAX      8u     /* components in components */
#define CALENDAR_EVENTS_MAX     1000u
#define CALENDAR_EXCEPTIONS_MAX 500u /* of one event */
#define CALENDAR_YEAR_MAX       3000 /* libical writes later ones as zeros */

struct calendar_event { /* views; "" or NULL where there is nothing */
    const char *uid, *title, *place, *directions;
    const char *related; /* the UID of the series' first */
    char starts[DATE_TEXT_SIZE], ends[DATE_TEXT_SIZE];
    char instance[DATE_TEXT_SIZE]; /* of the series `uid`: the occurrence that this is instead of */
    char recurrence[RECURRENCE_TEXT_SIZE];
    const struct date *exceptions;
    size_t exception_count;
    bool cancelled;
    size_t line; /* of the file, where it begins; from 1 */
};
struct calendar {
    struct calendar_event *events; /* in the order of the file */
    size_t count;
    void **blocks; /* what the events point into */
    size_t block_count;
};
void calendar_finish(struct calendar *calendar); /* accepts NULL and zeroed */

struct calendar_problem {
    const char *field;  /* "DTSTART"; NULL: the file as a whole. Static, like the next */
    const char *reason; /* English: "not a date that exists" */
    size_t line;        /* of the file, from 1; 0: none */
};

/* *problem says what and where. TOO_LARGE: over a limit. UTF8: binary, or another encoding.
 * TRUNCATED: ends within a component. INVALID: all else, also a file without an event. */
VL_MUST_USE vl_result calendar_read(struct vl_bytes text, struct calendar *out,
                                    struct calendar_problem *problem);
/* Appends the file. `now` is written as the time at which it was made. Events without a start, and
 * what of an event cannot be said (an end before the start), are left out. The file names neither
 * program nor circle. */
VL_MUST_USE vl_result calendar_write(const struct calendar_event *events, size_t count, vl_wall now,
                                     struct vl_buffer *out);

/* After a request, not after each file: gives back the memory that the library's code and its work
 * took. What comes next is slower by a few milliseconds. */
void calendar_rest(void);

#endif
