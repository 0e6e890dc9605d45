/* An invitation: this device waits, at an address of its own, for one person who knows the code, or
 * for another device of its own person.
 *
 *   LISTENING --somebody knows the code--> WAITING --her answer--> DECIDING --yes, durable-->
 * SYNCING |  ^                                 |                        | | |  '---- she went away
 * --------------'--------- refused -----> FAILED                   DONE
 *       '-- VL_PAIRING_TRIES wrong codes, its time is over --> FAILED
 *
 * Wrong codes are counted across connections; each costs a try at once, so guessing side by side
 * wins nothing. While somebody who knows the code is there, nothing is shown and nobody else is
 * answered. */
#ifndef NODE_INVITATION_H
#define NODE_INVITATION_H

#include "circle/circles.h"
#include "node/clock.h"
#include "node/interfaces.h"
#include "node/node.h"
#include "store/store.h"

struct invitation;
struct invitation_config {
    struct event_base *base;
    struct store *store;
    struct circles *circles;
    struct circle *circle; /* a draft is founded with whom joins */
    bool for_device;       /* another one of this vault's person; of no draft */
    struct interfaces *interfaces;
    struct vl_code code;
    vl_duration length;
    void (*moved)(void *context); /* the view changed, or records were received */
    /* Before a draft leaves `circles`: `circle` took its place. */
    void (*founded)(void *context, struct circle *circle);
    void *context;
};

/* Without an interface it waits for one. INVALID, UTF8, TOO_LARGE: the circle's texts cannot be
 * offered. */
VL_MUST_USE vl_result invitation_create(struct invitation **out,
                                        const struct invitation_config *config);
void invitation_destroy(struct invitation *i); /* accepts NULL */
void invitation_renew(struct invitation *i);   /* the interfaces changed */
void invitation_poke(struct invitation *i);    /* records changed */
VL_MUST_USE vl_result invitation_decide(struct invitation *i, bool accept); /* STATE */
struct circle *invitation_circle(const struct invitation *i);
bool invitation_is_silent(const struct invitation *i); /* nobody can see it: no interface */
bool invitation_is_over(const struct invitation *i);   /* DONE or FAILED, and no connection left */
vl_duration invitation_left(const struct invitation *i);
void invitation_view(const struct invitation *i, struct node_pairing_view *out);
/* As gathering_peer. */
bool invitation_peer(const struct invitation *i, const struct vl_device_card *device,
                     struct node_peer *out);

#endif
