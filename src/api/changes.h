/* What changed becomes events: commits of the store, the view of the network, the list of circles.
 * Several that come together within CHANGES_PAUSE_MS become one. Inside src/api only. */
#ifndef API_CHANGES_H
#define API_CHANGES_H

#include "store/store.h"

#define CHANGES_PAUSE_MS    15
#define CHANGES_CIRCLES_MAX 8u  /* at once; one more is told without the pause */
#define CHANGES_RECORDS_MAX 32u /* of one circle; more are "many" */

struct api;
struct changes;
struct event_base;
VL_MUST_USE vl_result changes_create(struct changes **out, struct api *api,
                                     struct event_base *base);
void changes_destroy(struct changes *all); /* accepts NULL */

/* A commit; as a store_watch, with the changes as context. */
void changes_commit(void *changes, const struct store_change *change);
/* Something else of this circle: what is kept beside its records. NULL (also for the next one):
 * there is no listener, nobody watches. */
void changes_circle(struct changes *all, const struct vl_id *circle);
/* Perhaps something of the network, or of the list of circles: looked at, told if it is so. */
void changes_perhaps(struct changes *all);
/* The vault was opened or locked: nothing of before is told any more. */
void changes_forget(struct changes *all);

#endif
