/* Who else writes in which minutes just now, and where: what the sessions with others' devices say
 * (docs/sync.md, CURSOR), kept in memory for CURSOR_FORGET_MS and told to who watches. One place
 * for each device. Inside src/api only.
 *
 *   nothing --cursors_take--> writes there --again--> writes there, or in another text
 *                                  '--it says so, CURSOR_FORGET_MS without news, locking--> nothing
 */
#ifndef API_CURSORS_H
#define API_CURSORS_H

#include "api/request.h"
#include "circle/typing.h"

#define CURSORS_MAX        64u    /* devices; one more takes the place of the one silent longest */
#define CURSOR_FORGET_MS   10000u /* without news of it */
#define CURSOR_TELL_MS     200u   /* between two events, at least */
#define CURSOR_WRITERS_MAX 8u     /* that an answer or event names */

struct cursors;
struct event_base;
/* `base` NULL: without a timer; who holds it calls cursors_tick. */
VL_MUST_USE vl_result cursors_create(struct cursors **out, struct api *api,
                                     struct event_base *base);
void cursors_destroy(struct cursors *all); /* accepts NULL */
void cursors_forget(struct cursors *all);  /* the vault is locked */

/* A peer's message. What is no place in minutes says that she writes in none. */
void cursors_take(struct cursors *all, const struct vl_id *circle,
                  const struct vl_device_info *device, const struct vl_cursor *cursor,
                  vl_instant now);
/* Forgets what is old, tells what is due. */
void cursors_tick(struct cursors *all, vl_instant now);

/* "writers": others, in the order in which they came. Where, is in the text of that screen; without
 * one (NULL) in the text that is saved. */
VL_MUST_USE vl_result cursors_put(struct cursors *all, struct json_out *o,
                                  const struct circle *circle, const struct vl_record_id *meeting,
                                  struct typing *typing);
/* Tells the others that this person writes right behind that unit; NULL: that she does no more. */
void cursors_say(struct cursors *all, const struct circle *circle,
                 const struct vl_record_id *meeting, const struct vl_place *unit);

#endif
