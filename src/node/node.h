/* The node: gatherings, discovery, connections and pairing of an unlocked vault, on one libevent
 * loop. It exists only while the vault is unlocked. By default it is away: no packet at all, not
 * even a browse.
 *
 *            gather                    its time is over, away
 *   AWAY ------------> GATHERING(c) ----------------------------> AWAY
 *    |  invite                       INVITING(c): as GATHERING, with an invitation's own listener
 *    |  join                         JOINING: browses only, shows nothing
 *
 * One circle at a time is shown. Nothing is sent when away; leaving sends mDNS goodbyes, the close
 * record on each connection, and closes every socket. */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "circle/circles.h"
#include "store/store.h"
#include <veillee/pairing.h>
#include <veillee/session.h>

struct event_base;
struct node;

struct node_config {
    struct event_base *base;
    struct store *store;
    struct circles *circles;
    const char *interface; /* only this one; NULL: all that are up, have multicast, are not lo */
    bool allow_loopback;   /* also lo (tests, several nodes on one machine) */
    void (*changed)(void *context); /* something of node_view or a circle's records changed */
    /* Somebody who is connected writes there just now; what she names need not be here. May be
     * NULL. */
    void (*cursor)(void *context, const struct vl_id *circle, const struct vl_device_info *device,
                   const struct vl_cursor *cursor);
    void *context;
};
VL_MUST_USE vl_result node_create(struct node **out, const struct node_config *config);
void node_destroy(struct node *n); /* goes away first; accepts NULL */

/* Opens a gathering of one circle (replacing another). STATE: a draft. Without an
 * interface it waits for one. */
VL_MUST_USE vl_result node_gather(struct node *n, const struct vl_id *circle, vl_duration length);
void node_away(struct node *n);
/* Records of this circle were written here: push them to whoever is connected. */
void node_poke(struct node *n, const struct vl_id *circle);
/* Tells whoever is connected in that circle where the person of this vault writes. Kept nowhere. */
void node_tell_cursor(struct node *n, const struct vl_id *circle, const struct vl_cursor *cursor);

/* ---- pairing, one at a time ---- */
VL_MUST_USE vl_result node_invite(struct node *n, const struct vl_id *circle, vl_duration length,
                                  struct vl_code *code);
/* The same for another device of the person of this vault. AUTHORITY: she is no member, or this
 * device is not current. STATE also: a draft. Whoever calls has asked for the passphrase again: on
 * this device the new one counts as acknowledged. */
VL_MUST_USE vl_result node_add_device(struct node *n, const struct vl_id *circle,
                                      vl_duration length, struct vl_code *code);
/* `pseudonym` "": said when it is known whether one is needed. */
VL_MUST_USE vl_result node_join(struct node *n, const struct vl_code *code, const char *pseudonym,
                                vl_duration length);
/* Accept or refuse what node_view shows. `pseudonym`, of a joiner who needs one; may be NULL.
 * STATE: nothing to decide. INVALID, UTF8, TOO_LARGE: no pseudonym, or none that can be sent; it is
 * still to be decided. */
VL_MUST_USE vl_result node_pairing_decide(struct node *n, bool accept, const char *pseudonym);
void node_pairing_cancel(struct node *n);

enum node_state { NODE_AWAY, NODE_GATHERING, NODE_INVITING, NODE_JOINING };
enum node_pairing_state {
    NODE_PAIRING_NONE,
    NODE_PAIRING_SEARCHING, /* joiner: no invitation with that number seen yet */
    NODE_PAIRING_LISTENING, /* inviter: waits for somebody */
    NODE_PAIRING_PROVING,
    NODE_PAIRING_DECIDING, /* node_pairing_decide */
    NODE_PAIRING_WAITING,  /* for the other side's person */
    NODE_PAIRING_SYNCING,  /* joiner: receiving the circle */
    NODE_PAIRING_DONE,
    NODE_PAIRING_FAILED /* see result */
};
struct node_pairing_view {
    enum node_pairing_state state;
    vl_result result; /* when FAILED */
    bool inviter;
    enum vl_pairing_as as; /* of a joiner: known from DECIDING */
    bool needs_pseudonym;  /* joiner in DECIDING: none was said yet */
    struct vl_code code;
    unsigned tries_left;             /* inviter */
    struct vl_id circle;             /* known from DECIDING (joiner: final at DONE) */
    char name[256], pseudonym[256];  /* the circle's name; the other person's pseudonym */
    const char *purpose, *agreement; /* joiner in DECIDING; until the state changes; may be NULL */
};
struct node_view {
    enum node_state state;
    struct vl_id circle; /* shown; when not AWAY and not JOINING */
    vl_duration left;
    size_t connections;    /* sessions of two who took each other for members */
    bool no_network;       /* gathering or inviting, and no interface to be shown on yet */
    bool multicast_seen;   /* any mDNS answer of another host came since gathering */
    bool daemon_announces; /* a system avahi-daemon runs here: it announces the host's name */
    struct node_pairing_view pairing;
};
void node_view(const struct node *n, struct node_view *out);

struct node_peer {
    struct vl_id person;
    uint8_t sign_key[32];
    bool connected, in_sync;
    bool dialled;              /* by us */
    const char *discovered_by; /* "mdns", "incoming", "pairing" */
    uint64_t entries_sent, entries_received;
    bool has_clock_offset;
    int64_t clock_offset_ms;
    int64_t clock_difference_ms; /* as in vl_session_counts */
    uint64_t clock_error_ms;
};
typedef vl_result (*node_peer_visit)(void *context, const struct node_peer *peer);
VL_MUST_USE vl_result node_peers(const struct node *n, node_peer_visit visit, void *context);

#endif
