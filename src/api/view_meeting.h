/* What the whole view of a meeting has beside its fields. Inside src/api only. */
#ifndef API_VIEW_MEETING_H
#define API_VIEW_MEETING_H

#include "api/request.h"
#include "circle/series.h"

/* "repeats": the rule in words, in the language of the request, and "replies": who comes. */
vl_result view_meeting(struct request *rq, const struct circle *circle,
                       const struct record *meeting);
/* "repeats": null when it does not, or its rule is none. */
void view_repeats(struct request *rq, const struct series *series);

#endif
