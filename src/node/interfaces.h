/* The network interfaces that a gathering can be shown on, and word of their changes.
 *
 * Asks the kernel alone (getifaddrs, a netlink socket); no packet leaves the machine.
 * An interface counts when it is up and running, has multicast and an address that can be bound.
 * Addresses: those of the link are enough (IPv4, IPv6 link-local); other IPv6 addresses, which
 * change by themselves and say more, are taken only where there is none of these. */
#ifndef NODE_INTERFACES_H
#define NODE_INTERFACES_H

#include <event2/event.h>
#include <net/if.h>
#include <veillee/beacon.h>

#define INTERFACES_MAX 16u

struct interface {
    unsigned index;
    char name[IF_NAMESIZE];
    size_t address_count;                                 /* at least 1 */
    struct vl_address addresses[VL_BEACON_ADDRESSES_MAX]; /* sorted, unique */
};
struct interface_list {
    size_t count;
    struct interface items[INTERFACES_MAX]; /* sorted by index; beyond that many: left out */
};

struct interfaces;
struct interfaces_config {
    struct event_base *base;
    const char *only; /* copied; NULL: all */
    bool allow_loopback;
    void (*changed)(void *context); /* the list is another one now */
    void *context;
};

/* NETWORK: the kernel does not answer. NO_MEMORY. */
VL_MUST_USE vl_result interfaces_create(struct interfaces **out,
                                        const struct interfaces_config *config);
void interfaces_destroy(struct interfaces *i); /* accepts NULL */
/* As it is now; valid until the next change. May be empty. */
const struct interface_list *interfaces_current(const struct interfaces *i);

#endif
