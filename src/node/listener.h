/* The listener: accepts strangers on the addresses of a gathering, and lets them learn nothing.
 *
 *              accepted()            listener_admit
 *   (accept) ------------> HALF-OPEN ----------------> the owner's; the listener forgets it
 *                              |  listener_discard, full of them (the oldest of the busiest
 * address)
 *                              v
 *                          DISCARDED: nothing is read or written any more
 *                              |  VL_HANDSHAKE_SECONDS after accept, or full (the same rule)
 *                              v
 *                           closed with a reset
 *
 * A half-open one that is still there VL_HANDSHAKE_SECONDS after accept is closed in the same way.
 * So a wrong first message, no message, a slow one and a late one all look alike: no byte, the same
 * time, the same close. */
#ifndef NODE_LISTENER_H
#define NODE_LISTENER_H

#include "node/address.h"
#include "node/interfaces.h"
#include <event2/event.h>

struct listener;
struct stranger; /* one accepted connection, until it is admitted; the listener's */

struct listener_config {
    struct event_base *base;
    /* A connection came in on the interface that was bound as number `slot`. Gives back what the
     * owner makes of it, or NULL: discard it. The descriptor stays the listener's until admitted.*/
    void *(*accepted)(void *context, struct stranger *s, size_t slot);
    /* It is taken back (too late, too many): stop using the descriptor, at once. */
    void (*evicted)(void *context, void *owner);
    void *context;
};

VL_MUST_USE vl_result listener_create(struct listener **out, const struct listener_config *config);
void listener_destroy(struct listener *l); /* evicts and closes all; accepts NULL */
/* Listens on one random port of every address of that interface. NETWORK. *slot counts from 0. */
VL_MUST_USE vl_result listener_bind(struct listener *l, const struct interface *on, size_t *slot,
                                    uint16_t *port);

int stranger_fd(const struct stranger *s);
const struct endpoint *stranger_endpoint(const struct stranger *s);
/* The handshake succeeded: gives up the descriptor to the caller; `s` is gone. */
int listener_admit(struct stranger *s);
/* The handshake failed; the caller uses the descriptor no more. `evicted` is not called. */
void listener_discard(struct stranger *s);

struct listener_counts {
    size_t half_open, discarded;
};
struct listener_counts listener_counts_of(const struct listener *l);

#endif
