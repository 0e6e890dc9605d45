/* What a circle has agreed on for itself: four registers of its own record, set by facilitators.
 * Where nothing was set, the defaults below hold. The membership rules stand above all of them:
 * only a facilitator can add a person, whatever is written here. */
#ifndef CIRCLE_RULES_H
#define CIRCLE_RULES_H

#include "circle/edit.h"

struct rules {
    enum rules_invite invite;         /* FACILITATORS */
    bool newcomers_see_past;          /* true */
    uint32_t keep_months;             /* 0: for ever */
    enum rules_attendance attendance; /* NAMES */
};

#define RULES_KEEP_MONTHS_MAX 1200u

/* Also when no record is here yet: the defaults. */
VL_MUST_USE vl_result rules_read(struct vl_replica *r, struct rules *out);
/* AUTHORITY: I am no facilitator. What is the same already is not written again. */
VL_MUST_USE vl_result rules_write(struct vl_replica *r, const struct rules *rules, vl_wall now,
                                  struct schema_problem *problem);
/* Whether this device's person may invite now: VL_OK or AUTHORITY. */
VL_MUST_USE vl_result rules_may_invite(struct vl_replica *r);

#endif
