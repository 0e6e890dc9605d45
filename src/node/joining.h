/* A joining: this device looks for the invitation with the code's number, proves the words to it,
 * and takes its copy of the circle. It only browses; it shows nothing and answers nobody.
 *
 *   SEARCHING <--> PROVING --offer--> DECIDING --yes: row durable, then ACCEPT--> WAITING
 *       |             | wrong code, nobody else left                                 | welcome
 *       |             v                                                              v
 *       '--time--> FAILED <---- refused, lost: the row is removed again -------- SYNCING --> DONE
 *
 * DONE: enrolled, in sync, the own profile written and received by the inviter. Another device of a
 * person writes none. */
#ifndef NODE_JOINING_H
#define NODE_JOINING_H

#include "circle/circles.h"
#include "node/clock.h"
#include "node/interfaces.h"
#include "node/node.h"
#include "store/store.h"

#define JOINING_CANDIDATES_MAX 16u /* invitations that show the number */

struct joining;
struct joining_config {
    struct event_base *base;
    struct store *store;
    struct circles *circles;
    struct interfaces *interfaces;
    struct vl_code code;
    const char *pseudonym; /* copied; "": said when it is decided */
    vl_duration length;
    void (*moved)(void *context); /* the view changed, or records were received */
    void *context;
};

/* Without an interface it waits for one. INVALID, UTF8, TOO_LARGE: the pseudonym. */
VL_MUST_USE vl_result joining_create(struct joining **out, const struct joining_config *config);
void joining_destroy(struct joining *j); /* accepts NULL */
void joining_renew(struct joining *j);   /* the interfaces changed */
void joining_poke(struct joining *j);    /* records changed */
/* As node_pairing_decide; `pseudonym` "": none, or the one said before. */
VL_MUST_USE vl_result joining_decide(struct joining *j, bool accept, const char *pseudonym);
bool joining_is_over(const struct joining *j); /* DONE or FAILED, and no connection left */
bool joining_heard(const struct joining *j);
void joining_view(const struct joining *j, struct node_pairing_view *out);
/* As gathering_peer; for the circle that is being joined. */
struct circle *joining_circle(const struct joining *j); /* NULL before WAITING */
bool joining_peer(const struct joining *j, const struct vl_device_card *device,
                  struct node_peer *out);

#endif
