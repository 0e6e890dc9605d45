/* One connection: a TCP socket, what secures it, and the sync session in it.
 *
 *   dialled:   CONNECTING --connected--> SECURING --channel open, `opened` says yes--> SYNCING
 *   incoming:  SECURING (descriptor still the listener's) ------------------------------> SYNCING
 *   pairing:   PAIRING (either way) --connection_sync--> SYNCING
 *   from any:  `ended` is called once, with why; then the owner destroys it
 *
 * Reading stops while much is unread, sending is pulled from the session only while little is
 * unsent, so memory is bounded whatever the other side does. */
#ifndef NODE_CONNECTION_H
#define NODE_CONNECTION_H

#include "node/address.h"
#include "node/interfaces.h"
#include <event2/event.h>
#include <veillee/channel.h>
#include <veillee/pairing.h>
#include <veillee/session.h>

struct connection;
struct listener;
struct stranger;

struct connection_events {
    /* The channel is open and proved `noise_key`: sync with it? A plain yes or no. */
    bool (*opened)(void *context, struct connection *c, const uint8_t noise_key[static 32]);
    /* The pairing moved on or failed (PAIRING only). Must not destroy the connection. */
    void (*paired)(void *context, struct connection *c);
    /* Something was received and kept, or the session's state changed. Must not destroy. */
    void (*moved)(void *context, struct connection *c);
    /* It is over; CLOSED when the other side said goodbye. Destroy it, now or later. */
    void (*ended)(void *context, struct connection *c, vl_result why);
    void *context;
};

struct connection_config {
    struct event_base *base;
    const struct connection_events *events; /* copied */
    struct vl_replica *replica;             /* NULL for a pairing */
    struct vl_channel *channel;             /* taken over, also on error; or NULL and: */
    struct vl_pairing *pairing;             /* the caller's; outlives stage PAIRING */
    struct endpoint remote;                 /* dialled, or who came in */
    struct stranger *stranger;              /* incoming; NULL: dial `remote` */
    bool proves_first;                      /* dialled: as in vl_session_config */
};

/* NETWORK: cannot even begin to connect. NO_MEMORY. */
VL_MUST_USE vl_result connection_create(struct connection **out,
                                        const struct connection_config *config);
/* Says goodbye when it can, closes; an incoming one that was not admitted goes to the listener's
 * discard list. Calls no event. Accepts NULL. */
void connection_destroy(struct connection *c);
/* The listener took the descriptor back: destroy without touching it. */
void connection_destroy_evicted(struct connection *c);

/* PAIRING: the listener may forget it, it is known (incoming); then there is no deadline of the
 * listener's any more. */
void connection_admit(struct connection *c);
/* PAIRING: sends what the pairing has to say. */
void connection_flush(struct connection *c);
/* PAIRING -> SYNCING in `channel`, taken over also on error. */
VL_MUST_USE vl_result connection_sync(struct connection *c, struct vl_channel *channel,
                                      const struct vl_session_config *session);
/* Records changed here: asks the session for what there is to send. */
void connection_poke(struct connection *c);

/* Tells the peer where this device's person writes; nothing before its session is open. */
void connection_tell_cursor(struct connection *c, const struct vl_cursor *cursor);
/* As vl_session_take_cursor. */
bool connection_take_cursor(struct connection *c, struct vl_cursor *out);

/* Ends it when it was bound to an address of ours that is gone: nothing would ever come again. */
void connection_check_address(struct connection *c, const struct interface_list *now);

bool connection_is_dialled(const struct connection *c);
/* When its session began; zero before. */
vl_instant connection_since(const struct connection *c);
bool connection_is_syncing(const struct connection *c);
/* Each side took the other for a member's device: the peer has shown what it has. One that knows a
 * removal which has not come here is silent, as towards any stranger. */
bool connection_has_met(const struct connection *c);
bool connection_in_sync(const struct connection *c);
/* Zeros before the channel is open. */
const uint8_t *connection_peer(const struct connection *c);
struct vl_session_counts connection_counts(const struct connection *c);

#endif
