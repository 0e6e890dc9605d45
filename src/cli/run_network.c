/* The node behind the API's port: API and node do not know each other, so here each value of one
 * becomes the other's. */
#include "cli/run.h"

#include <string.h>

static_assert((int)API_AWAY == (int)NODE_AWAY && (int)API_GATHERING == (int)NODE_GATHERING &&
                  (int)API_INVITING == (int)NODE_INVITING && (int)API_JOINING == (int)NODE_JOINING,
              "the same states");
static_assert((int)API_PAIRING_NONE == (int)NODE_PAIRING_NONE &&
                  (int)API_PAIRING_SEARCHING == (int)NODE_PAIRING_SEARCHING &&
                  (int)API_PAIRING_LISTENING == (int)NODE_PAIRING_LISTENING &&
                  (int)API_PAIRING_PROVING == (int)NODE_PAIRING_PROVING &&
                  (int)API_PAIRING_DECIDING == (int)NODE_PAIRING_DECIDING &&
                  (int)API_PAIRING_WAITING == (int)NODE_PAIRING_WAITING &&
                  (int)API_PAIRING_SYNCING == (int)NODE_PAIRING_SYNCING &&
                  (int)API_PAIRING_DONE == (int)NODE_PAIRING_DONE &&
                  (int)API_PAIRING_FAILED == (int)NODE_PAIRING_FAILED,
              "the same pairing states");

static vl_result gather(void *self, const struct vl_id *circle, vl_duration length)
{
    return node_gather(((struct runtime *)self)->node, circle, length);
}

static void away(void *self)
{
    node_away(((struct runtime *)self)->node);
}

static void poke(void *self, const struct vl_id *circle)
{
    node_poke(((struct runtime *)self)->node, circle);
}

static vl_result invite(void *self, const struct vl_id *circle, vl_duration length,
                        struct vl_code *code)
{
    return node_invite(((struct runtime *)self)->node, circle, length, code);
}

static vl_result join(void *self, const struct vl_code *code, const char *pseudonym,
                      vl_duration length)
{
    return node_join(((struct runtime *)self)->node, code, pseudonym, length);
}

static vl_result add_device(void *self, const struct vl_id *circle, vl_duration length,
                            struct vl_code *code)
{
    return node_add_device(((struct runtime *)self)->node, circle, length, code);
}

static vl_result decide(void *self, bool accept, const char *pseudonym)
{
    return node_pairing_decide(((struct runtime *)self)->node, accept, pseudonym);
}

static void cancel(void *self)
{
    node_pairing_cancel(((struct runtime *)self)->node);
}

static void view(void *self, struct api_network_view *out)
{
    struct runtime *rt = self;
    struct node_view *from = &rt->view;
    node_view(rt->node, from);
    *out =
        (struct api_network_view){.state = (enum api_network_state)from->state,
                                  .circle = from->circle,
                                  .left = from->left,
                                  .connections = from->connections,
                                  .no_network = from->no_network,
                                  .multicast_seen = from->multicast_seen,
                                  .daemon_announces = from->daemon_announces,
                                  .pairing = {.state = (enum api_pairing_state)from->pairing.state,
                                              .result = from->pairing.result,
                                              .inviter = from->pairing.inviter,
                                              .as = from->pairing.as,
                                              .needs_pseudonym = from->pairing.needs_pseudonym,
                                              .code = from->pairing.code,
                                              .tries_left = from->pairing.tries_left,
                                              .circle = from->pairing.circle,
                                              .name = from->pairing.name,
                                              .pseudonym = from->pairing.pseudonym,
                                              .purpose = from->pairing.purpose,
                                              .agreement = from->pairing.agreement}};
}

static void cursor(void *self, const struct vl_id *circle, const struct vl_cursor *cursor)
{
    node_tell_cursor(((struct runtime *)self)->node, circle, cursor);
}

struct visit {
    api_peer_visit visit;
    void *context;
};

static vl_result on_peer(void *context, const struct node_peer *peer)
{
    struct visit *to = context;
    struct api_peer copy = {.person = peer->person,
                            .connected = peer->connected,
                            .in_sync = peer->in_sync,
                            .dialled = peer->dialled,
                            .discovered_by = peer->discovered_by,
                            .entries_sent = peer->entries_sent,
                            .entries_received = peer->entries_received,
                            .has_clock_offset = peer->has_clock_offset,
                            .clock_offset_ms = peer->clock_offset_ms,
                            .clock_difference_ms = peer->clock_difference_ms,
                            .clock_error_ms = peer->clock_error_ms};
    memcpy(copy.sign_key, peer->sign_key, sizeof copy.sign_key);
    return to->visit(to->context, &copy);
}

static vl_result peers(void *self, api_peer_visit each, void *context)
{
    struct visit to = {.visit = each, .context = context};
    return node_peers(((struct runtime *)self)->node, on_peer, &to);
}

void run_network(struct runtime *rt, struct api_network *out)
{
    *out = (struct api_network){.self = rt,
                                .gather = gather,
                                .away = away,
                                .poke = poke,
                                .invite = invite,
                                .join = join,
                                .decide = decide,
                                .cancel = cancel,
                                .view = view,
                                .peers = peers,
                                .add_device = add_device,
                                .cursor = cursor};
}
