/* A presence: what a gathering or an invitation shows of itself while it stands unchanged. One
 * listener on every interface and one mDNS instance for each, with names, ports and strings that
 * were made for this presence alone. It is never changed: whatever changes (an address, an epoch,
 * the clock), the owner destroys it and makes another. */
#ifndef NODE_PRESENCE_H
#define NODE_PRESENCE_H

#include "node/discovery.h"
#include "node/listener.h"

struct presence;
struct presence_config {
    struct event_base *base;
    const struct interface_list *interfaces;
    bool browse;
    /* Fills in what is shown on interface number `slot`, whose port is now known. */
    vl_result (*fill)(void *context, size_t slot, const struct interface *on, uint16_t port,
                      uint8_t strings[VL_BEACONS_PER_RECORD][VL_BEACON_BYTES]);
    void *(*accepted)(void *context, struct stranger *s, size_t slot); /* as in listener.h */
    void (*evicted)(void *context, void *owner);
    void (*found)(void *context, const struct discovery_found *found); /* as in discovery.h */
    void (*broken)(void *context);
    void *context;
};

/* NETWORK: no interface, or none that can be used; what `fill` says. */
VL_MUST_USE vl_result presence_create(struct presence **out, const struct presence_config *config);
void presence_destroy(struct presence *p); /* goodbyes; evicts who is half-open; accepts NULL */
/* Asks the network once more who is there, as at the beginning; `found` tells known ones again. */
void presence_ask_again(struct presence *p);
void presence_ask_no_more(struct presence *p);
bool presence_heard(const struct presence *p);

#endif
