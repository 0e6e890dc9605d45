/* What the API asks of the network and of whoever holds the vault. The node is one implementation
 * (joined in src/cli/run.c, since API and node do not know each other), the tests' is another. */
#ifndef API_NETWORK_H
#define API_NETWORK_H

#include <veillee/pairing.h>
#include <veillee/session.h>

struct store_rebuilt;

enum api_network_state { API_AWAY, API_GATHERING, API_INVITING, API_JOINING };
enum api_pairing_state {
    API_PAIRING_NONE,
    API_PAIRING_SEARCHING,
    API_PAIRING_LISTENING,
    API_PAIRING_PROVING,
    API_PAIRING_DECIDING,
    API_PAIRING_WAITING,
    API_PAIRING_SYNCING,
    API_PAIRING_DONE,
    API_PAIRING_FAILED
};
struct api_pairing_view {
    enum api_pairing_state state;
    vl_result result; /* when FAILED */
    bool inviter;
    enum vl_pairing_as as; /* of a joiner: known from DECIDING */
    bool needs_pseudonym;  /* joiner in DECIDING: none was said yet */
    struct vl_code code;
    unsigned tries_left;
    struct vl_id circle;
    const char *name, *pseudonym;    /* the circle's name, the other person's pseudonym; "" */
    const char *purpose, *agreement; /* may be NULL */
};
struct api_network_view { /* views until the network changes */
    enum api_network_state state;
    struct vl_id circle;
    vl_duration left;
    size_t connections;
    bool no_network, multicast_seen, daemon_announces;
    struct api_pairing_view pairing;
};
struct api_peer {
    struct vl_id person;
    uint8_t sign_key[32];
    bool connected, in_sync, dialled;
    const char *discovered_by;
    uint64_t entries_sent, entries_received;
    bool has_clock_offset;
    int64_t clock_offset_ms;
    /* What an instant here adds to, to be her wall clock's time, and how well that is known. */
    int64_t clock_difference_ms;
    uint64_t clock_error_ms;
};
typedef vl_result (*api_peer_visit)(void *context, const struct api_peer *peer);

struct api_network { /* errors as those of node.h */
    void *self;
    vl_result (*gather)(void *self, const struct vl_id *circle, vl_duration length);
    void (*away)(void *self);
    void (*poke)(void *self, const struct vl_id *circle);
    vl_result (*invite)(void *self, const struct vl_id *circle, vl_duration length,
                        struct vl_code *code);
    vl_result (*join)(void *self, const struct vl_code *code, const char *pseudonym,
                      vl_duration length);
    vl_result (*decide)(void *self, bool accept, const char *pseudonym); /* may be NULL */
    void (*cancel)(void *self);
    void (*view)(void *self, struct api_network_view *out);
    vl_result (*peers)(void *self, api_peer_visit visit, void *context);
    /* Tells whoever is connected in that circle where this person writes. Kept nowhere. */
    void (*cursor)(void *self, const struct vl_id *circle, const struct vl_cursor *cursor);
    /* As invite, for another device of one's own. */
    vl_result (*add_device)(void *self, const struct vl_id *circle, vl_duration length,
                            struct vl_code *code);
};

struct api_keeper { /* who opens and closes the vault */
    void *self;
    /* Opens it and calls api_open. PASSPHRASE, BACKOFF with *wait_ms, DAMAGED, ... */
    vl_result (*unlock)(void *self, struct vl_bytes passphrase, uint64_t *wait_ms);
    void (*lock)(void *self);   /* calls api_close, then wipes */
    void (*wrote)(void *self);  /* records changed: there is something to index */
    bool (*exists)(void *self); /* whether there is a vault */
    /* Makes it, and leaves it closed. EXISTS, INVALID, UTF8, STORAGE, FULL. */
    vl_result (*create)(void *self, struct vl_bytes passphrase);
    /* As `lock`, then the vault is wiped (store_wipe). */
    vl_result (*wipe)(void *self);
    /* As `unlock`, of a damaged vault, which is rebuilt (store_rebuild). */
    vl_result (*rebuild)(void *self, struct vl_bytes passphrase, uint64_t *wait_ms,
                         struct store_rebuilt *told);
};

#endif
