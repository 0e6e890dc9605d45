/* A gathering: for a limited time one circle is shown on the local network, its members are looked
 * for, dialled and answered, and synced with.
 *
 *   gathering_create -> SHOWN --address, epoch or clock changed, replays full--> RENEWING -> SHOWN
 *           |             |                                                         |
 *           '-------------|---------> no interface: SILENT, tries again <-----------'
 *                         '--time is over--> `over` is called; the owner destroys it
 *
 * Names, ports, nonces and beacons are made together, once for each presence, never again. Open
 * sessions outlive a renewal, unless the address they stand on is gone. One connection for each
 * pair of devices: of two made within GATHERING_AT_ONCE_MS both sides keep the one dialled by the
 * lower transport key (which both know from the handshake, also when one does not know the other's
 * enrolment yet); else the newer, for nobody dials whom she believes to be connected. */
#ifndef NODE_GATHERING_H
#define NODE_GATHERING_H

#include "circle/circles.h"
#include "node/clock.h"
#include "node/interfaces.h"
#include "node/node.h"
#include "store/store.h"

/* Of VL_CONNECTIONS_PER_CIRCLE, those that only our own dials may take. */
#define GATHERING_OWN_CONNECTIONS 4u
#define GATHERING_AT_ONCE_MS      4000u

struct gathering;
struct gathering_config {
    struct event_base *base;
    struct store *store;
    struct circle *circle;
    struct interfaces *interfaces;
    vl_duration length;
    void (*moved)(void *context); /* something was received, or who is connected changed */
    /* That device's person writes there: as the peer said, may not be here. */
    void (*cursor)(void *context, const struct vl_device_info *device,
                   const struct vl_cursor *cursor);
    void (*over)(void *context); /* destroy it, not from inside the call */
    void *context;
};

/* Without an interface it opens SILENT. NO_KEY: this device is not current, so there is no epoch to
 * show; STORAGE and its like. */
VL_MUST_USE vl_result gathering_create(struct gathering **out,
                                       const struct gathering_config *config);
void gathering_destroy(struct gathering *g); /* goodbyes, close records; accepts NULL */
void gathering_renew(struct gathering *g);   /* the interfaces changed */
void gathering_poke(struct gathering *g);    /* records changed */
/* Tells all who are connected where this device's person writes. */
void gathering_tell_cursor(struct gathering *g, const struct vl_cursor *cursor);
void gathering_extend(struct gathering *g, vl_duration length); /* ends that long from now */

struct circle *gathering_circle(const struct gathering *g);
vl_duration gathering_left(const struct gathering *g);
bool gathering_is_shown(const struct gathering *g);      /* false: SILENT */
size_t gathering_connections(const struct gathering *g); /* with whom connection_has_met */
bool gathering_heard(const struct gathering *g);
/* Fills in what is known of the connection to that device; false: there is none. */
bool gathering_peer(const struct gathering *g, const struct vl_device_card *device,
                    struct node_peer *out);

#endif
