#include "node/node.h"

#include "circle/rules.h"
#include "node/discovery.h"
#include "node/gathering.h"
#include "node/interfaces.h"
#include "node/invitation.h"
#include "node/joining.h"
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct node_config config;
    char interface[IF_NAMESIZE];
    struct interfaces *interfaces;
    struct gathering *gathering;
    struct invitation *invitation; /* kept when over, for the view, until the next pairing */
    struct joining *joining;       /* the same */
    bool gathered_for_invitation;  /* the gathering ends with the invitation */
    struct event *settle;          /* what `moved` asked for, from the loop */
    bool gathering_over;
};

/* ---- settling: everything that must not happen inside another's call ---- */

static void end_gathering(struct node *n)
{
    gathering_destroy(n->gathering);
    n->gathering = NULL;
    n->gathered_for_invitation = false;
}

static void settle(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct node *n = context;
    if (n->gathering && n->gathering_over) end_gathering(n);
    n->gathering_over = false;
    if (n->gathered_for_invitation && (!n->invitation || invitation_is_over(n->invitation)))
        end_gathering(n);
    /* What one connection brought goes on to the others. */
    if (n->gathering) gathering_poke(n->gathering);
    if (n->invitation) invitation_poke(n->invitation);
    if (n->joining) joining_poke(n->joining);
    if (n->config.changed) n->config.changed(n->config.context);
}

static void moved(void *context)
{
    struct node *n = context;
    event_active(n->settle, EV_TIMEOUT, 0);
}

static void cursor_came(void *context, const struct vl_device_info *device,
                        const struct vl_cursor *cursor)
{
    const struct node *n = context;
    const struct vl_id *circle = &gathering_circle(n->gathering)->id;
    if (n->config.cursor) n->config.cursor(n->config.context, circle, device, cursor);
}

static void gathering_is_over(void *context)
{
    struct node *n = context;
    n->gathering_over = true;
    moved(n);
}

static void interfaces_changed(void *context)
{
    struct node *n = context;
    if (n->gathering) gathering_renew(n->gathering);
    if (n->invitation) invitation_renew(n->invitation);
    if (n->joining) joining_renew(n->joining);
}

/* ---- gathering ---- */

static vl_result begin_gathering(struct node *n, struct circle *circle, vl_duration length)
{
    if (n->gathering && gathering_circle(n->gathering) == circle) {
        gathering_extend(n->gathering, length);
        return VL_OK;
    }
    end_gathering(n); /* one circle at a time is shown */
    const struct gathering_config config = {.base = n->config.base,
                                            .store = n->config.store,
                                            .circle = circle,
                                            .interfaces = n->interfaces,
                                            .length = length,
                                            .moved = moved,
                                            .cursor = cursor_came,
                                            .over = gathering_is_over,
                                            .context = n};
    return gathering_create(&n->gathering, &config);
}

static bool joining_now(const struct node *n)
{
    return n->joining && !joining_is_over(n->joining);
}

static bool inviting_now(const struct node *n)
{
    return n->invitation && !invitation_is_over(n->invitation);
}

vl_result node_gather(struct node *n, const struct vl_id *id, vl_duration length)
{
    struct circle *circle = circles_find(n->config.circles, id);
    if (!circle) return VL_ERR_NOT_FOUND;
    if (circle->is_draft || joining_now(n)) return VL_ERR_STATE;
    if (inviting_now(n) && invitation_circle(n->invitation) != circle) node_pairing_cancel(n);
    VL_TRY(begin_gathering(n, circle, length));
    n->gathered_for_invitation = false;
    moved(n);
    return VL_OK;
}

void node_away(struct node *n)
{
    node_pairing_cancel(n);
    end_gathering(n);
    moved(n);
}

void node_poke(struct node *n, const struct vl_id *circle)
{
    (void)circle; /* few connections, and one that has nothing to send is cheap to ask */
    moved(n);
}

void node_tell_cursor(struct node *n, const struct vl_id *circle, const struct vl_cursor *cursor)
{
    if (n->gathering && vl_id_equal(&gathering_circle(n->gathering)->id, circle))
        gathering_tell_cursor(n->gathering, cursor);
}

/* ---- pairing ---- */

void node_pairing_cancel(struct node *n)
{
    invitation_destroy(n->invitation);
    joining_destroy(n->joining);
    n->invitation = NULL;
    n->joining = NULL;
    if (n->gathered_for_invitation) end_gathering(n);
    moved(n);
}

/* The draft became a circle, which can be gathered from here on. */
static void founded(void *context, struct circle *circle)
{
    (void)circle;
    moved(context);
}

/* Only a facilitator may add somebody, and the circle may have closed its door: better said now
 * than when she stands at it. */
static vl_result may_invite(const struct circle *circle)
{
    return circle->is_draft ? VL_OK : rules_may_invite(circle->replica);
}

/* A person adds her devices herself (R9); this one has to be one of them. */
static vl_result may_add_device(const struct circle *circle)
{
    struct vl_device_info device;
    if (circle->is_draft) return VL_ERR_STATE;
    const vl_result known = vl_replica_device(circle->replica, circle->keys->card.sign, &device);
    if (known == VL_ERR_NOT_FOUND) return VL_ERR_AUTHORITY;
    VL_TRY(known);
    return device.current ? VL_OK : VL_ERR_AUTHORITY;
}

static vl_result begin_invitation(struct node *n, const struct vl_id *id, vl_duration length,
                                  bool for_device, struct vl_code *code)
{
    struct circle *circle = circles_find(n->config.circles, id);
    if (!circle) return VL_ERR_NOT_FOUND;
    if (joining_now(n) || inviting_now(n)) return VL_ERR_STATE;
    VL_TRY(for_device ? may_add_device(circle) : may_invite(circle));
    node_pairing_cancel(n);
    if (n->gathering && gathering_circle(n->gathering) != circle) end_gathering(n);
    if (!circle->is_draft && !n->gathering) {
        VL_TRY(begin_gathering(n, circle, length));
        n->gathered_for_invitation = true;
    }
    struct invitation_config config = {.base = n->config.base,
                                       .store = n->config.store,
                                       .circles = n->config.circles,
                                       .circle = circle,
                                       .for_device = for_device,
                                       .interfaces = n->interfaces,
                                       .length = length,
                                       .moved = moved,
                                       .founded = founded,
                                       .context = n};
    vl_code_random(&config.code);
    *code = config.code;
    vl_result result = invitation_create(&n->invitation, &config);
    sodium_memzero(&config.code, sizeof config.code);
    if (result != VL_OK && n->gathered_for_invitation) end_gathering(n);
    moved(n);
    return result;
}

vl_result node_invite(struct node *n, const struct vl_id *circle, vl_duration length,
                      struct vl_code *code)
{
    return begin_invitation(n, circle, length, false, code);
}

vl_result node_add_device(struct node *n, const struct vl_id *circle, vl_duration length,
                          struct vl_code *code)
{
    return begin_invitation(n, circle, length, true, code);
}

vl_result node_join(struct node *n, const struct vl_code *code, const char *pseudonym,
                    vl_duration length)
{
    if (joining_now(n) || inviting_now(n)) return VL_ERR_STATE;
    node_pairing_cancel(n);
    end_gathering(n); /* who joins shows nothing */
    const struct joining_config config = {.base = n->config.base,
                                          .store = n->config.store,
                                          .circles = n->config.circles,
                                          .interfaces = n->interfaces,
                                          .code = *code,
                                          .pseudonym = pseudonym,
                                          .length = length,
                                          .moved = moved,
                                          .context = n};
    vl_result result = joining_create(&n->joining, &config);
    moved(n);
    return result;
}

vl_result node_pairing_decide(struct node *n, bool accept, const char *pseudonym)
{
    if (n->invitation) return invitation_decide(n->invitation, accept);
    if (n->joining) return joining_decide(n->joining, accept, pseudonym ? pseudonym : "");
    return VL_ERR_STATE;
}

/* ---- views ---- */

void node_view(const struct node *n, struct node_view *out)
{
    memset(out, 0, sizeof *out);
    out->daemon_announces = discovery_daemon_runs();
    if (n->gathering) {
        out->state = NODE_GATHERING;
        out->circle = gathering_circle(n->gathering)->id;
        out->left = gathering_left(n->gathering);
        out->connections = gathering_connections(n->gathering);
        out->no_network = !gathering_is_shown(n->gathering);
        out->multicast_seen = gathering_heard(n->gathering);
    }
    if (inviting_now(n)) {
        out->state = NODE_INVITING;
        out->circle = invitation_circle(n->invitation)->id;
        if (!n->gathering) out->left = invitation_left(n->invitation);
        out->no_network = out->no_network || invitation_is_silent(n->invitation);
    }
    if (joining_now(n)) {
        out->state = NODE_JOINING;
        out->multicast_seen = joining_heard(n->joining);
    }
    if (n->invitation) invitation_view(n->invitation, &out->pairing);
    if (n->joining) joining_view(n->joining, &out->pairing);
}

static struct circle *active_circle(const struct node *n)
{
    if (n->gathering) return gathering_circle(n->gathering);
    if (n->invitation && !invitation_circle(n->invitation)->is_draft)
        return invitation_circle(n->invitation);
    return n->joining ? joining_circle(n->joining) : NULL;
}

vl_result node_peers(const struct node *n, node_peer_visit visit, void *context)
{
    struct circle *circle = active_circle(n);
    struct vl_device_info device;
    if (!circle || !circle->replica) return VL_OK;
    vl_result result = VL_OK;
    for (size_t at = 0; result == VL_OK; at++) {
        result = vl_replica_device_at(circle->replica, at, &device);
        if (result != VL_OK) break;
        if (!device.current ||
            memcmp(device.card.sign, circle->keys->card.sign, sizeof device.card.sign) == 0)
            continue;
        struct node_peer peer = {.person = device.person, .discovered_by = ""};
        memcpy(peer.sign_key, device.card.sign, sizeof peer.sign_key);
        bool found = n->gathering && gathering_peer(n->gathering, &device.card, &peer);
        found = found || (n->invitation && invitation_peer(n->invitation, &device.card, &peer));
        if (!found && n->joining) (void)joining_peer(n->joining, &device.card, &peer);
        result = visit(context, &peer);
    }
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

/* ---- making ---- */

vl_result node_create(struct node **out, const struct node_config *config)
{
    struct node *n = calloc(1, sizeof *n);
    if (!n) return VL_ERR_NO_MEMORY;
    n->config = *config;
    n->config.interface = NULL;
    if (config->interface)
        (void)snprintf(n->interface, sizeof n->interface, "%s", config->interface);
    const struct interfaces_config interfaces = {.base = config->base,
                                                 .only = n->interface[0] ? n->interface : NULL,
                                                 .allow_loopback = config->allow_loopback,
                                                 .changed = interfaces_changed,
                                                 .context = n};
    vl_result result = VL_ERR_NO_MEMORY;
    n->settle = event_new(config->base, -1, 0, settle, n);
    if (n->settle) result = interfaces_create(&n->interfaces, &interfaces);
    if (result != VL_OK) {
        node_destroy(n);
        return result;
    }
    *out = n;
    return VL_OK;
}

void node_destroy(struct node *n)
{
    if (!n) return;
    invitation_destroy(n->invitation);
    joining_destroy(n->joining);
    gathering_destroy(n->gathering);
    interfaces_destroy(n->interfaces);
    if (n->settle) event_free(n->settle);
    free(n);
}
