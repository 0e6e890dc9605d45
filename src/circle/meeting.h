/* Meetings: planned, attended, with an agenda and minutes written together.
 * Read with meeting_read (a struct record of SCHEMA_MEETING); the fields are in schema.h. */
#ifndef CIRCLE_MEETING_H
#define CIRCLE_MEETING_H

#include "circle/edit.h"

/* What to change. NULL and empty lists leave a field as it is; "" empties it. Views of the
 * caller's. */
struct meeting_change {
    const char *title, *starts, *ends, *place, *directions;
    const char *minutes;        /* the whole new text */
    const char *minutes_append; /* or what is put at its end */
    bool has_agenda;            /* agenda, all of it */
    const char *const *agenda;
    size_t agenda_count;
    const char *const *seats_add, *const *seats_remove;
    size_t seats_add_count, seats_remove_count;
    const char *const *topics_add, *const *topics_remove;
    size_t topics_add_count, topics_remove_count;
    const struct vl_id *attendance_add, *attendance_remove;
    size_t attendance_add_count, attendance_remove_count;
    const struct vl_id *facilitators_add, *facilitators_remove;
    size_t facilitators_add_count, facilitators_remove_count;
};

/* A new meeting under a random id. INVALID: no title and no start, or see edit_write. */
VL_MUST_USE vl_result meeting_create(struct vl_replica *r, const struct meeting_change *change,
                                     vl_wall now, struct vl_record_id *id,
                                     struct schema_problem *problem);
/* NOT_FOUND; else as edit_write. */
VL_MUST_USE vl_result meeting_update(struct vl_replica *r, const struct vl_record_id *id,
                                     const struct meeting_change *change, vl_wall now,
                                     struct schema_problem *problem);
VL_MUST_USE vl_result meeting_read(struct vl_replica *r, const struct vl_record_id *id,
                                   struct record *out); /* record_finish */
/* All of them, by start (none first), then id. record_list_finish. */
VL_MUST_USE vl_result meeting_list(struct vl_replica *r, struct record_list *out);

#endif
