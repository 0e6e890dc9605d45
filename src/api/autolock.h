/* Locks the vault when its person did nothing for as long as she prefers (idle.h), as `POST lock`
 * with `keep` does: the page that asked for something last stays, and asks for the passphrase.
 * Looks every IDLE_LOOK_SECONDS, and before every request: after a machine has slept the first
 * request must not be answered from an open vault. Inside src/api only. */
#ifndef API_AUTOLOCK_H
#define API_AUTOLOCK_H

#include "circle/record.h"
#include <veillee/instant.h>

/* Over the socket: a request that repeats one because something changed (`live --follow`). */
#define AUTOLOCK_RELOAD_HEADER "X-Veillee-Reload"

struct api;
struct autolock;
struct caller;
struct event_base;

VL_MUST_USE vl_result autolock_create(struct autolock **out, struct api *api,
                                      struct event_base *base);
void autolock_destroy(struct autolock *lock); /* accepts NULL */

/* The vault was opened; or closed. NULL, also for the next ones: there is no listener. */
void autolock_begin(struct autolock *lock);
void autolock_end(struct autolock *lock);
/* A request came, and is not answered yet. */
void autolock_request(struct autolock *lock, const char *method, const struct caller *caller);
/* She does something in this meeting, on this device. */
void autolock_takes_part(struct autolock *lock, const struct vl_id *circle,
                         const struct vl_record_id *meeting);
/* How long still as things stand; false: it does not lock by itself. */
bool autolock_left(const struct autolock *lock, vl_duration *left);

#endif
