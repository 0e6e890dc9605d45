/* Avahi's view of an event loop, on libevent. Sends nothing and opens nothing by itself.
 *
 * Avahi names points in time by the wall clock; they are turned into lengths when they are set, so
 * a clock that is set later moves none of them. Avahi itself compares with the wall clock again,
 * so discovery starts anew when the clock was set (discovery.h). */
#ifndef NODE_AVAHI_POLL_H
#define NODE_AVAHI_POLL_H

#include <avahi-common/watch.h>
#include <event2/event.h>
#include <veillee/result.h>

struct avahi_poll;

/* `base` outlives it. NO_MEMORY. */
VL_MUST_USE vl_result avahi_poll_create(struct avahi_poll **out, struct event_base *base);
/* After every watch and timeout was freed by Avahi; accepts NULL. */
void avahi_poll_destroy(struct avahi_poll *poll);
const AvahiPoll *avahi_poll_api(const struct avahi_poll *poll);

#endif
