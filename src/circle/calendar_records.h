/* Meetings of a circle to a calendar file, and events of such a file to meetings. */
#ifndef CIRCLE_CALENDAR_RECORDS_H
#define CIRCLE_CALENDAR_RECORDS_H

#include "circle/calendar.h"
#include "circle/edit.h"

/* Appends a file of all meetings that have a start, by start; with `id` of that one alone.
 * NOT_FOUND: no such meeting. */
VL_MUST_USE vl_result calendar_export(struct vl_replica *r, const struct vl_record_id *id,
                                      vl_wall now, struct vl_buffer *out);

struct calendar_imported {
    size_t imported;           /* new meetings */
    size_t existed;            /* were here already, and stay as they are */
    size_t left;               /* for the next call with the same file */
    struct vl_record_id first; /* of those imported now */
};
/* Makes a meeting of every event, at most `max` new ones in one call: each is durable, and takes
 * its time. An event's record derives from the circle and its UID, so importing it twice, or by two
 * persons, is importing it once; a UID that is a record's id here is that record. An event instead
 * of one occurrence becomes a meeting of the series, and an exception there.
 *
 * Nothing is written unless every event can be: errors of calendar_read, and a text over its
 * field's limit, with *problem. Errors of edit_write: what was written stays. */
VL_MUST_USE vl_result calendar_import(struct vl_replica *r, struct vl_bytes text, size_t max,
                                      vl_wall now, struct calendar_imported *out,
                                      struct calendar_problem *problem);

#endif
