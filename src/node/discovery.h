/* Discovery: DNS-SD over multicast DNS by avahi-core inside the process. The one user of Avahi.
 *
 * What is shown says nothing by itself: a fixed service type that names nothing, random
 * instance and host names made anew by each discovery_create, own addresses without reverse names,
 * and strings that are noise to strangers. The machine's name, HINFO, workstation and domain
 * records are never published. While no discovery exists, nothing is sent.
 *
 *   discovery_create -> STARTING -> RUNNING (shown, browsing) -> discovery_destroy (goodbyes)
 *                          \___________\-> BROKEN: names collide, clock was set, server failed;
 *                                          `broken` is called, the owner makes another one
 */
#ifndef NODE_DISCOVERY_H
#define NODE_DISCOVERY_H

#include "node/address.h"
#include "node/interfaces.h"

#define DISCOVERY_NAME_BYTES    64u
#define DISCOVERY_RESOLVING_MAX 64u  /* instances asked about at one time; the oldest gives way */
#define DISCOVERY_CACHE_MAX     512u /* records of others kept by Avahi, per interface */
#define DISCOVERY_RATE_BURST    200u /* packets that others make us send in one second */

struct discovery_instance { /* what is shown on one interface */
    unsigned interface;
    uint16_t port;
    size_t address_count; /* of the interface, sorted */
    struct vl_address addresses[VL_BEACON_ADDRESSES_MAX];
    uint8_t strings[VL_BEACONS_PER_RECORD][VL_BEACON_BYTES];
};

struct discovery_found { /* somebody else's instance; hostile until its strings are recognised */
    const char *name;    /* of the instance */
    struct endpoint endpoint;
    size_t string_count; /* those of exactly VL_BEACON_BYTES, at most VL_BEACONS_PER_RECORD */
    uint8_t strings[VL_BEACONS_PER_RECORD][VL_BEACON_BYTES];
};

struct discovery;
struct discovery_config {
    struct event_base *base;
    const struct interface_list *interfaces;    /* only on these; copied */
    const struct discovery_instance *instances; /* copied; at most one an interface */
    size_t instance_count;                      /* 0: shows nothing */
    bool browse;
    void (*found)(void *context, const struct discovery_found *found); /* maybe twice (4 and 6) */
    void (*broken)(void *context); /* destroy it, not from inside the call, and begin again */
    void *context;
};

/* NETWORK: port 5353 or the interfaces cannot be used. INVALID: no interface. NO_MEMORY. */
VL_MUST_USE vl_result discovery_create(struct discovery **out,
                                       const struct discovery_config *config);
void discovery_destroy(struct discovery *d); /* sends goodbyes; accepts NULL */
/* Whether an instance of another process or machine was heard. */
bool discovery_heard(const struct discovery *d);
/* Whether a system avahi-daemon runs here; it announces the machine's name whatever we do. Looks
 * for its process number, sends nothing. */
bool discovery_daemon_runs(void);

#endif
