/* Meetings: planned, attended, with an agenda and minutes written together.
 * Read with meeting_read (a struct record of SCHEMA_MEETING); the fields are in schema.h. */
#ifndef CIRCLE_MEETING_H
#define CIRCLE_MEETING_H

#include "circle/record.h"

VL_MUST_USE vl_result meeting_read(struct vl_replica *r, const struct vl_record_id *id,
                                   struct record *out); /* record_finish */
/* All of them, by start (none first), then id. record_list_finish. */
VL_MUST_USE vl_result meeting_list(struct vl_replica *r, struct record_list *out);

#endif
