/* Shares: an experience, a strategy that helped, a question. Only who made one changes it. */
#ifndef CIRCLE_SHARE_H
#define CIRCLE_SHARE_H

#include "circle/edit.h"

/* Whom it is for: that it is sealed shows by itself, to whom its author says. */
enum share_audience share_audience_of(const struct record *share);

struct share_change { /* NULL leaves a field as it is; "" empties it */
    const char *title, *text, *content_note;
    const enum share_sort *sort;
    const struct vl_record_id *meeting;
    const char *const *topics_add, *const *topics_remove;
    size_t topics_add_count, topics_remove_count;
    /* Read by share_create alone: a share's audience stays. */
    enum share_audience audience;
    const struct vl_id *persons; /* SHARE_FOR_PERSONS */
    size_t person_count;
};

/* INVALID: neither title nor text; for nobody, or over 100 persons. Errors of
 * vl_replica_write_to. */
VL_MUST_USE vl_result share_create(struct vl_replica *r, const struct share_change *change,
                                   vl_wall now, struct vl_record_id *id,
                                   struct schema_problem *problem);
/* AUTHORITY: somebody else's. NOT_FOUND. */
VL_MUST_USE vl_result share_update(struct vl_replica *r, const struct vl_record_id *id,
                                   const struct share_change *change, vl_wall now,
                                   struct schema_problem *problem);
VL_MUST_USE vl_result share_read(struct vl_replica *r, const struct vl_record_id *id,
                                 struct record *out); /* record_finish */
/* By its id or the beginning of it, whoever it is for: as record_find. */
VL_MUST_USE vl_result share_find(struct vl_replica *r, const char *text, struct vl_record_id *out);
/* All, newest first (by lamport of their newest visible value, then id). */
VL_MUST_USE vl_result share_list(struct vl_replica *r, struct record_list *out);

#endif
