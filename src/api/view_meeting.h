/* What the whole view of a meeting has beside its fields. Inside src/api only. */
#ifndef API_VIEW_MEETING_H
#define API_VIEW_MEETING_H

#include "api/request.h"
#include "circle/series.h"

#define OUTCOMES_MAX 100u /* decisions, and commitments, of a meeting that its view has */

/* "repeats": the rule in words, in the language of the request, "replies": who comes, and the
 * outcomes. */
VL_MUST_USE vl_result view_meeting(struct request *rq, const struct circle *circle,
                                   const struct record *meeting);
/* "repeats": null when it does not, or its rule is none. */
void view_repeats(struct request *rq, const struct series *series);
/* "decisions" and "commitments", the first OUTCOMES_MAX of each, and "more_outcomes": whether there
 * are others. */
VL_MUST_USE vl_result view_outcomes(struct request *rq, const struct circle *circle,
                                    const struct vl_record_id *meeting);

#endif
