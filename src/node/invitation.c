#include "node/invitation.h"

#include "circle/restate.h"
#include "circle/rules.h"
#include "node/connection.h"
#include "node/founding.h"
#include "node/presence.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define RENEW_SOON_MS 100u
#define SILENT_MS     5000u

struct guest { /* somebody who came in */
    struct guest *next;
    struct invitation *invitation;
    struct connection *connection;
    struct vl_pairing *pairing;
};

struct invitation {
    struct invitation_config config;
    struct presence *presence;
    struct guest *guests;
    struct guest *chosen; /* who knows the code; NULL: nobody yet */
    struct event *over, *renew;
    vl_instant until;
    enum node_pairing_state state;
    vl_result result;
    unsigned tries_left;
    char pseudonym[256]; /* the chosen one's */
};

static void tell(struct invitation *i)
{
    i->config.moved(i->config.context);
}

/* ---- guests ---- */

static void guest_free(struct guest *guest)
{
    struct invitation *i = guest->invitation;
    struct guest **at = &i->guests;
    while (*at && *at != guest)
        at = &(*at)->next;
    assert(*at == guest);
    *at = guest->next;
    if (i->chosen == guest) i->chosen = NULL;
    vl_pairing_destroy(guest->pairing);
    free(guest);
}

static void guest_dismiss(struct guest *guest)
{
    connection_destroy(guest->connection);
    guest_free(guest);
}

static void dismiss_all_but(struct invitation *i, const struct guest *kept)
{
    struct guest *guest = i->guests;
    while (guest) {
        struct guest *next = guest->next;
        if (guest != kept) guest_dismiss(guest);
        guest = next;
    }
}

/* ---- what is shown ---- */

static void hide(struct invitation *i)
{
    (void)event_del(i->renew);
    presence_destroy(i->presence);
    i->presence = NULL;
}

static void show_after(struct invitation *i, unsigned ms)
{
    const struct timeval wait = clock_timeval(VL_MILLISECONDS(ms));
    if (!evtimer_pending(i->renew, NULL)) (void)event_add(i->renew, &wait);
}

static void fail(struct invitation *i, vl_result why)
{
    i->state = NODE_PAIRING_FAILED;
    i->result = why;
    hide(i);
    dismiss_all_but(i, NULL);
    tell(i);
}

/* Counted when the guess is tested, not when its connection has ended: others wait at the door. */
static void wrong_code(struct invitation *i, const struct guest *guest)
{
    if (i->tries_left > 0) i->tries_left--;
    if (i->tries_left == 0) dismiss_all_but(i, guest);
}

/* ---- events of a guest's connection ---- */

static void begin_sync(struct guest *guest)
{
    struct invitation *i = guest->invitation;
    struct vl_session_config session = {.replica = i->config.circle->replica};
    struct vl_channel *channel;
    memcpy(session.peer_noise, vl_pairing_answer_of(guest->pairing)->enrolment.card.noise,
           sizeof session.peer_noise);
    vl_result result = vl_pairing_take_channel(guest->pairing, &channel);
    if (result == VL_OK) {
        result = connection_sync(guest->connection, channel, &session);
        vl_pairing_destroy(guest->pairing);
        guest->pairing = NULL;
    } /* else the connection still looks at it */
    /* She is a member now, whatever becomes of this connection: she syncs at the next gathering. */
    i->state = result == VL_OK ? NODE_PAIRING_SYNCING : NODE_PAIRING_DONE;
}

static void paired(void *context, struct connection *c)
{
    struct guest *guest = context;
    struct invitation *i = guest->invitation;
    const enum vl_pairing_state state = vl_pairing_state_of(guest->pairing);
    if (state == VL_PAIRING_FAILED) { /* `ended` follows */
        if (guest != i->chosen && vl_pairing_error(guest->pairing) == VL_ERR_CODE)
            wrong_code(i, guest);
        return;
    }
    if (!i->chosen && (state == VL_PAIRING_WAITING || state == VL_PAIRING_DECIDING)) {
        i->chosen = guest;
        i->state = NODE_PAIRING_WAITING;
        connection_admit(c);
        dismiss_all_but(i, guest);
        hide(i);
    }
    if (guest == i->chosen && state == VL_PAIRING_DECIDING && i->state == NODE_PAIRING_WAITING) {
        const struct vl_bytes name = vl_pairing_answer_of(guest->pairing)->pseudonym;
        const size_t size = name.size < sizeof i->pseudonym ? name.size : sizeof i->pseudonym - 1;
        memcpy(i->pseudonym, name.data, size);
        i->pseudonym[size] = 0;
        i->state = NODE_PAIRING_DECIDING;
    }
    tell(i);
}

static void moved(void *context, struct connection *c)
{
    struct guest *guest = context;
    struct invitation *i = guest->invitation;
    if (i->state == NODE_PAIRING_SYNCING && connection_in_sync(c)) i->state = NODE_PAIRING_DONE;
    tell(i);
}

static void chosen_ended(struct invitation *i, vl_result why)
{
    switch (i->state) {
    case NODE_PAIRING_SYNCING: i->state = NODE_PAIRING_DONE; break;
    case NODE_PAIRING_WAITING:
    case NODE_PAIRING_DECIDING:
        if (why == VL_ERR_REFUSED || i->tries_left == 0) {
            fail(i, why == VL_ERR_REFUSED ? why : VL_ERR_CODE);
            return;
        }
        i->pseudonym[0] = 0; /* gone: perhaps she tries again */
        i->state = NODE_PAIRING_LISTENING;
        show_after(i, RENEW_SOON_MS);
        break;
    case NODE_PAIRING_NONE:
    case NODE_PAIRING_SEARCHING:
    case NODE_PAIRING_LISTENING:
    case NODE_PAIRING_PROVING:
    case NODE_PAIRING_DONE:
    case NODE_PAIRING_FAILED: break;
    }
    tell(i);
}

static void ended(void *context, struct connection *c, vl_result why)
{
    struct guest *guest = context;
    struct invitation *i = guest->invitation;
    const bool was_chosen = guest == i->chosen;
    /* A wrong code is told at once by hanging up: it is a person in this room who mistyped, and
     * whoever guesses learns as much from the missing confirmation. */
    if (why == VL_ERR_CODE) connection_admit(c);
    guest_dismiss(guest);
    if (was_chosen)
        chosen_ended(i, why);
    else if (why == VL_ERR_CODE && i->tries_left == 0)
        fail(i, VL_ERR_CODE);
    else
        tell(i);
}

/* ---- strangers ---- */

static enum vl_pairing_as invites_as(const struct invitation *i)
{
    if (i->config.for_device) return VL_PAIRING_AS_DEVICE;
    return i->config.circle->is_draft ? VL_PAIRING_AS_FOUNDER : VL_PAIRING_AS_MEMBER;
}

static vl_result make_pairing(struct invitation *i, struct vl_pairing **out)
{
    const struct circle *circle = i->config.circle;
    struct vl_pairing_offer offer = {
        .as = invites_as(i),
        .name = vl_bytes_text(circle->name),
        .purpose = vl_bytes_text(circle->purpose ? circle->purpose : ""),
        .agreement = vl_bytes_text(circle->agreement ? circle->agreement : ""),
        .inviter = vl_bytes_text(circle->pseudonym),
    };
    if (circle->is_draft)
        memcpy(offer.random, circle->random, sizeof offer.random);
    else
        offer.circle = circle->id;
    if (i->config.for_device) VL_TRY(vl_replica_me(circle->replica, &offer.person));
    return vl_pairing_invite(out, &i->config.code, circle->keys, &offer);
}

static void *accepted(void *context, struct stranger *stranger, size_t slot)
{
    (void)slot;
    struct invitation *i = context;
    if (i->state != NODE_PAIRING_LISTENING || i->tries_left == 0) return NULL;
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest) return NULL;
    guest->invitation = i;
    guest->next = i->guests;
    i->guests = guest;
    const struct connection_events events = {
        .paired = paired, .moved = moved, .ended = ended, .context = guest};
    vl_result result = make_pairing(i, &guest->pairing);
    if (result == VL_OK) {
        const struct connection_config config = {.base = i->config.base,
                                                 .events = &events,
                                                 .pairing = guest->pairing,
                                                 .remote = *stranger_endpoint(stranger),
                                                 .stranger = stranger};
        result = connection_create(&guest->connection, &config);
    }
    if (result != VL_OK) {
        guest_free(guest);
        return NULL;
    }
    return guest;
}

static void evicted(void *context, void *owner)
{
    (void)context;
    struct guest *guest = owner;
    connection_destroy_evicted(guest->connection);
    guest_free(guest);
}

static vl_result fill(void *context, size_t slot, const struct interface *on, uint16_t port,
                      uint8_t strings[VL_BEACONS_PER_RECORD][VL_BEACON_BYTES])
{
    (void)slot, (void)on, (void)port;
    const struct invitation *i = context;
    vl_invitation_mark(i->config.code.number, strings[0]);
    return VL_OK;
}

static void broken(void *context)
{
    show_after(context, RENEW_SOON_MS);
}

static vl_result show(struct invitation *i)
{
    const struct presence_config config = {.base = i->config.base,
                                           .interfaces = interfaces_current(i->config.interfaces),
                                           .fill = fill,
                                           .accepted = accepted,
                                           .evicted = evicted,
                                           .broken = broken,
                                           .context = i};
    return presence_create(&i->presence, &config);
}

static void renew(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct invitation *i = context;
    hide(i);
    if (i->state != NODE_PAIRING_LISTENING) return;
    if (show(i) != VL_OK) show_after(i, SILENT_MS);
}

static void time_is_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct invitation *i = context;
    if (i->state == NODE_PAIRING_SYNCING) i->state = NODE_PAIRING_DONE;
    if (i->state != NODE_PAIRING_DONE && i->state != NODE_PAIRING_FAILED) {
        fail(i, VL_ERR_TIMEOUT);
        return;
    }
    dismiss_all_but(i, NULL);
    tell(i);
}

/* ---- the owner's ---- */

vl_result invitation_create(struct invitation **out, const struct invitation_config *config)
{
    struct invitation *i = calloc(1, sizeof *i);
    struct vl_pairing *trial = NULL;
    if (!i) return VL_ERR_NO_MEMORY;
    i->config = *config;
    i->state = NODE_PAIRING_LISTENING;
    i->tries_left = VL_PAIRING_TRIES;
    i->until = vl_instant_add(clock_now(), config->length);
    vl_result result = VL_ERR_NO_MEMORY;
    const struct timeval length = clock_timeval(config->length);
    i->over = evtimer_new(config->base, time_is_over, i);
    i->renew = evtimer_new(config->base, renew, i);
    if (!i->over || !i->renew || event_add(i->over, &length) != 0) goto fail;
    result = make_pairing(i, &trial); /* an offer that cannot be made fails now, not at the door */
    vl_pairing_destroy(trial);
    if (result == VL_OK) result = show(i);
    if (result == VL_ERR_NETWORK) { /* it is shown once there is an interface */
        show_after(i, SILENT_MS);
        result = VL_OK;
    }
    if (result != VL_OK) goto fail;
    *out = i;
    return VL_OK;
fail:
    invitation_destroy(i);
    return result;
}

void invitation_destroy(struct invitation *i)
{
    if (!i) return;
    /* She who is asked to wait is told. */
    if (i->chosen && i->chosen->pairing && vl_pairing_decide(i->chosen->pairing, false) == VL_OK)
        connection_flush(i->chosen->connection);
    dismiss_all_but(i, NULL);
    presence_destroy(i->presence);
    if (i->over) event_free(i->over);
    if (i->renew) event_free(i->renew);
    sodium_memzero(&i->config.code, sizeof i->config.code);
    free(i);
}

void invitation_renew(struct invitation *i)
{
    if (i->state != NODE_PAIRING_LISTENING) return;
    (void)event_del(i->renew);
    show_after(i, RENEW_SOON_MS);
}

bool invitation_is_silent(const struct invitation *i)
{
    return i->state == NODE_PAIRING_LISTENING && !i->presence;
}

void invitation_poke(struct invitation *i)
{
    for (struct guest *guest = i->guests; guest; guest = guest->next)
        if (connection_is_syncing(guest->connection)) connection_poke(guest->connection);
}

/* The passphrase was typed for it, so here it is known. If that cannot be noted it is shown as new
 * here too, which does no harm. */
static vl_result admit_device(struct invitation *i, const struct vl_enrolment *enrolment)
{
    struct circle *circle = i->config.circle;
    struct vl_id id;
    VL_TRY(vl_replica_add_device(circle->replica, enrolment, clock_wall(), &id));
    (void)!store_device_acknowledge(i->config.store, &circle->id, &id);
    return VL_OK;
}

/* Makes her a member, durably, before she is told. */
static vl_result admit(struct invitation *i, const struct vl_pairing_answer *answer,
                       struct circle **draft)
{
    struct circle *circle = i->config.circle;
    struct vl_id id;
    *draft = NULL;
    if (i->config.for_device) return admit_device(i, &answer->enrolment);
    if (!circle->is_draft) {
        struct rules rules;
        VL_TRY(rules_read(circle->replica, &rules));
        if (!rules.newcomers_see_past)
            return restate_add_newcomer(circle->replica, &answer->enrolment, clock_wall());
        return vl_replica_add_person(circle->replica, &answer->enrolment, clock_wall(), &id);
    }
    VL_TRY(founding_by_two(i->config.store, i->config.circles, circle, answer, &i->config.circle));
    *draft = circle;
    return VL_OK;
}

vl_result invitation_decide(struct invitation *i, bool accept)
{
    if (i->state != NODE_PAIRING_DECIDING) return VL_ERR_STATE;
    struct guest *guest = i->chosen;
    /* She may have gone, and `ended` not have come yet: nobody is made a member for that. */
    if (vl_pairing_state_of(guest->pairing) != VL_PAIRING_DECIDING) return VL_ERR_STATE;
    struct circle *draft = NULL;
    vl_result result = accept ? admit(i, vl_pairing_answer_of(guest->pairing), &draft) : VL_OK;
    const bool yes = accept && result == VL_OK;
    vl_result told = vl_pairing_decide(guest->pairing, yes);
    connection_flush(guest->connection);
    if (!yes) {
        fail(i, result == VL_OK ? VL_ERR_REFUSED : result);
        return result == VL_OK ? told : result;
    }
    begin_sync(guest); /* ends the use of the draft's keys */
    if (draft) {
        i->config.founded(i->config.context, i->config.circle);
        circles_remove(i->config.circles, draft);
    }
    tell(i);
    return told;
}

struct circle *invitation_circle(const struct invitation *i)
{
    return i->config.circle;
}

bool invitation_is_over(const struct invitation *i)
{
    return (i->state == NODE_PAIRING_DONE || i->state == NODE_PAIRING_FAILED) && !i->guests;
}

vl_duration invitation_left(const struct invitation *i)
{
    return vl_instant_since(i->until, clock_now());
}

void invitation_view(const struct invitation *i, struct node_pairing_view *out)
{
    memset(out, 0, sizeof *out);
    out->state = i->state;
    if (i->state == NODE_PAIRING_LISTENING && i->guests) out->state = NODE_PAIRING_PROVING;
    out->result = i->result;
    out->inviter = true;
    out->as = invites_as(i);
    out->code = i->config.code;
    out->tries_left = i->tries_left;
    out->circle = i->config.circle->id;
    memcpy(out->name, i->config.circle->name, sizeof out->name);
    memcpy(out->pseudonym, i->pseudonym, sizeof out->pseudonym);
}

bool invitation_peer(const struct invitation *i, const struct vl_device_card *device,
                     struct node_peer *out)
{
    const struct guest *guest = i->chosen;
    if (!guest || !connection_is_syncing(guest->connection) ||
        memcmp(connection_peer(guest->connection), device->noise, 32) != 0)
        return false;
    const struct vl_session_counts counts = connection_counts(guest->connection);
    out->connected = true;
    out->in_sync = connection_in_sync(guest->connection);
    out->discovered_by = "pairing";
    out->entries_sent = counts.entries_sent;
    out->entries_received = counts.entries_received;
    out->has_clock_offset = counts.has_clock_offset;
    out->clock_offset_ms = counts.clock_offset_ms;
    out->clock_difference_ms = counts.clock_difference_ms;
    out->clock_error_ms = counts.clock_error_ms;
    return true;
}
