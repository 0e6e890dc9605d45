/* Shares: an experience, a strategy that helped, a question. Only who made one changes it. */
#ifndef CIRCLE_SHARE_H
#define CIRCLE_SHARE_H

#include "circle/edit.h"

enum share_sort { SHARE_EXPERIENCE = 0, SHARE_STRATEGY = 1, SHARE_QUESTION = 2, SHARE_SORT_COUNT };
/* "experience", "strategy", "question"; NULL for another number. */
const char *share_sort_text(int64_t sort);
bool share_sort_parse(const char *text, enum share_sort *out);

/* Who can read it: everybody; the facilitators at the time of writing; chosen persons. */
enum share_audience { SHARE_FOR_CIRCLE = 0, SHARE_FOR_FACILITATORS = 1, SHARE_FOR_PERSONS = 2 };
const char *share_audience_text(enum share_audience audience); /* "circle", ... */
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
