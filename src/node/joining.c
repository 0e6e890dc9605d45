#include "node/joining.h"

#include "circle/profile.h"
#include "node/connection.h"
#include "node/discovery.h"
#include "node/founding.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define RENEW_SOON_MS 100u
#define AGAIN_MS      2000u /* between two tries at what did not answer */

struct candidate {
    char name[DISCOVERY_NAME_BYTES];
    struct endpoint endpoints[VL_BEACON_ADDRESSES_MAX];
    size_t endpoint_count, tries;
    bool wrong; /* the words are not its words */
};

struct joining {
    struct joining_config config;
    char pseudonym[256];
    uint8_t *seed; /* 32 bytes, guarded */
    struct vl_device_keys *keys;
    struct discovery *discovery;
    struct candidate candidates[JOINING_CANDIDATES_MAX];
    size_t candidate_count;
    struct candidate *trying;
    struct vl_pairing *pairing;
    struct connection *connection;
    struct circle *circle;
    struct event *over, *renew, *again, *close;
    enum node_pairing_state state;
    vl_result result;
    unsigned wrong_codes;
    bool heard, profile_written;
    uint8_t inviter_noise[32], inviter_sign[32];
    /* of the offer, kept for the view */
    enum vl_pairing_as as;
    struct vl_id circle_id, person;
    char name[256], inviter[256];
    char *purpose, *agreement;
};

static void tell(struct joining *j)
{
    j->config.moved(j->config.context);
}

static bool is_over(const struct joining *j)
{
    return j->state == NODE_PAIRING_DONE || j->state == NODE_PAIRING_FAILED;
}

static void after(struct event *timer, unsigned ms)
{
    const struct timeval wait = clock_timeval(VL_MILLISECONDS(ms));
    if (!evtimer_pending(timer, NULL)) (void)event_add(timer, &wait);
}

/* ---- ends ---- */

static void disconnect(struct joining *j)
{
    connection_destroy(j->connection);
    j->connection = NULL;
    vl_pairing_destroy(j->pairing);
    j->pairing = NULL;
    j->trying = NULL;
}

static void stop_looking(struct joining *j)
{
    (void)event_del(j->renew);
    (void)event_del(j->again);
    if (j->discovery) j->heard = j->heard || discovery_heard(j->discovery);
    discovery_destroy(j->discovery);
    j->discovery = NULL;
}

/* A circle that never welcomed us is forgotten: its keys were made for this joining alone. */
static vl_result forget_circle(struct joining *j)
{
    if (!j->circle) return VL_OK;
    const struct vl_id id = j->circle->id;
    circles_remove(j->config.circles, j->circle);
    j->circle = NULL;
    return store_circle_remove(j->config.store, &id);
}

/* The circle behind the welcome is not the one that was offered: nothing of it came. */
static bool was_misled(const struct joining *j, vl_result why)
{
    return why == VL_ERR_AUTHORITY && j->circle &&
           vl_replica_epochs(j->circle->replica, NULL, 0) == 0;
}

static void fail(struct joining *j, vl_result why)
{
    const bool welcomed =
        (j->state == NODE_PAIRING_SYNCING && !was_misled(j, why)) || j->state == NODE_PAIRING_DONE;
    j->state = NODE_PAIRING_FAILED;
    j->result = why;
    stop_looking(j);
    disconnect(j);
    if (!welcomed) {
        const vl_result forgotten = forget_circle(j);
        if (forgotten != VL_OK && forgotten != VL_ERR_NOT_FOUND) j->result = forgotten;
    }
    tell(j);
}

/* ---- syncing ---- */

static void close_now(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct joining *j = context;
    disconnect(j);
    tell(j);
}

/* Enrolled and in sync: writes the own profile, and is done once that has arrived too. The profile
 * of another device's person is there already. */
static void check_synced(struct joining *j)
{
    struct vl_id me;
    if (j->state != NODE_PAIRING_SYNCING || !j->connection) return;
    if (!connection_in_sync(j->connection)) return;
    if (vl_replica_me(j->circle->replica, &me) != VL_OK) return;
    if (j->as == VL_PAIRING_AS_DEVICE) {
        if (vl_replica_epochs(j->circle->replica, NULL, 0) == 0) return; /* on its way */
    } else if (!j->profile_written) {
        const struct profile_change change = {.pseudonym = j->pseudonym};
        struct schema_problem problem;
        const vl_result result = profile_write(j->circle->replica, &change, clock_wall(), &problem);
        if (result == VL_ERR_NO_KEY) return; /* the seal is on its way */
        if (result != VL_OK) {
            j->result = result;
            j->state = NODE_PAIRING_FAILED;
            after(j->close, 0);
            return;
        }
        j->profile_written = true;
        connection_poke(j->connection);
        if (!connection_in_sync(j->connection)) return;
    }
    j->state = NODE_PAIRING_DONE;
    after(j->close, 0);
}

static void begin_sync(struct joining *j)
{
    struct vl_session_config session = {
        .replica = j->circle->replica, .expect_newcomer = true, .expect_sign = j->inviter_sign};
    struct vl_channel *channel;
    memcpy(session.peer_noise, j->inviter_noise, sizeof session.peer_noise);
    if (j->as == VL_PAIRING_AS_DEVICE) session.expect_person = &j->person;
    vl_result result = vl_pairing_take_channel(j->pairing, &channel);
    j->state = NODE_PAIRING_SYNCING;
    if (result == VL_OK) {
        result = connection_sync(j->connection, channel, &session);
        vl_pairing_destroy(j->pairing);
        j->pairing = NULL;
    }                                        /* else the connection still looks at it */
    if (result != VL_OK) j->result = result; /* `ended` follows */
}

/* ---- the offer ---- */

static void copy_name(struct vl_bytes from, char *to, size_t size)
{
    const size_t length = from.size < size ? from.size : size - 1;
    memcpy(to, from.data, length);
    to[length] = 0;
}

static char *copy_text(struct vl_bytes from)
{
    return from.size > 0 ? strndup((const char *)from.data, from.size) : NULL;
}

static void take_offer(struct joining *j, const struct vl_pairing_offer *offer)
{
    j->as = offer->as;
    j->circle_id = offer->circle;
    j->person = offer->person;
    copy_name(offer->name, j->name, sizeof j->name);
    copy_name(offer->inviter, j->inviter, sizeof j->inviter);
    j->purpose = copy_text(offer->purpose);
    j->agreement = copy_text(offer->agreement);
    memcpy(j->inviter_noise, offer->inviter_card.noise, sizeof j->inviter_noise);
    memcpy(j->inviter_sign, offer->inviter_card.sign, sizeof j->inviter_sign);
    j->state = NODE_PAIRING_DECIDING;
}

static void paired(void *context, struct connection *c)
{
    struct joining *j = context;
    switch (vl_pairing_state_of(j->pairing)) {
    case VL_PAIRING_WAITING:
        if (j->state != NODE_PAIRING_PROVING) break;
        connection_admit(c); /* the words are right: from here on people take their time */
        break;
    case VL_PAIRING_DECIDING:
        connection_admit(c);
        if (j->state == NODE_PAIRING_PROVING) take_offer(j, vl_pairing_offer_of(j->pairing));
        stop_looking(j);
        break;
    case VL_PAIRING_WELCOMED:
        if (j->state == NODE_PAIRING_WAITING) begin_sync(j);
        break;
    case VL_PAIRING_PROVING:
    case VL_PAIRING_FAILED: break;
    }
    tell(j);
}

static void moved(void *context, struct connection *c)
{
    (void)c;
    struct joining *j = context;
    check_synced(j);
    tell(j);
}

/* ---- looking and trying ---- */

static struct candidate *next_candidate(struct joining *j)
{
    struct candidate *best = NULL;
    for (size_t k = 0; k < j->candidate_count; k++) {
        struct candidate *c = &j->candidates[k];
        if (!c->wrong && (!best || c->tries < best->tries)) best = c;
    }
    return best;
}

static void ended(void *context, struct connection *c, vl_result why);

static vl_result try_candidate(struct joining *j, struct candidate *candidate)
{
    const struct connection_events events = {
        .paired = paired, .moved = moved, .ended = ended, .context = j};
    const size_t which = candidate->tries++ % candidate->endpoint_count;
    VL_TRY(vl_pairing_join(&j->pairing, &j->config.code, j->keys, vl_bytes_text(j->pseudonym)));
    const struct connection_config config = {.base = j->config.base,
                                             .events = &events,
                                             .pairing = j->pairing,
                                             .remote = candidate->endpoints[which]};
    vl_result result = connection_create(&j->connection, &config);
    if (result != VL_OK) {
        disconnect(j);
        return result;
    }
    j->trying = candidate;
    j->state = NODE_PAIRING_PROVING;
    tell(j);
    return VL_OK;
}

static void try_next(struct joining *j)
{
    if (j->state != NODE_PAIRING_SEARCHING) return;
    struct candidate *candidate = next_candidate(j);
    if (candidate && try_candidate(j, candidate) != VL_OK) after(j->again, AGAIN_MS);
}

static void again(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    try_next(context);
}

/* A try that did not get as far as an offer. Somebody may show the same number, by chance or to
 * get a guess at the words: each wrong answer is one, so they are counted. */
static void try_failed(struct joining *j, vl_result why)
{
    struct candidate *tried = j->trying;
    disconnect(j);
    j->state = NODE_PAIRING_SEARCHING;
    if (why == VL_ERR_CODE) {
        if (tried) tried->wrong = true;
        j->wrong_codes++;
        if (j->wrong_codes >= VL_PAIRING_TRIES || !next_candidate(j)) {
            fail(j, VL_ERR_CODE);
            return;
        }
    }
    after(j->again, why == VL_ERR_CODE ? 0 : AGAIN_MS);
    tell(j);
}

static void ended(void *context, struct connection *c, vl_result why)
{
    (void)c;
    struct joining *j = context;
    switch (j->state) {
    case NODE_PAIRING_PROVING: try_failed(j, why); break;
    case NODE_PAIRING_DONE:
        disconnect(j);
        tell(j);
        break;
    case NODE_PAIRING_DECIDING:
    case NODE_PAIRING_WAITING:
    case NODE_PAIRING_SYNCING: fail(j, why); break;
    case NODE_PAIRING_NONE:
    case NODE_PAIRING_SEARCHING:
    case NODE_PAIRING_LISTENING:
    case NODE_PAIRING_FAILED: disconnect(j); break;
    }
}

static struct candidate *candidate_of(struct joining *j, const char *name)
{
    for (size_t k = 0; k < j->candidate_count; k++)
        if (strcmp(j->candidates[k].name, name) == 0) return &j->candidates[k];
    if (j->candidate_count == JOINING_CANDIDATES_MAX) return NULL;
    struct candidate *new = &j->candidates[j->candidate_count++];
    memcpy(new->name, name, strlen(name));
    return new;
}

static void found(void *context, const struct discovery_found *found)
{
    struct joining *j = context;
    bool matches = false;
    for (size_t k = 0; k < found->string_count; k++)
        matches = matches || vl_invitation_matches(found->strings[k], j->config.code.number);
    struct candidate *c = matches ? candidate_of(j, found->name) : NULL;
    if (c && c->endpoint_count < VL_BEACON_ADDRESSES_MAX)
        c->endpoints[c->endpoint_count++] = found->endpoint;
    if (c && !j->connection) after(j->again, 0);
    tell(j);
}

static void broken(void *context)
{
    struct joining *j = context;
    after(j->renew, RENEW_SOON_MS);
}

static vl_result look(struct joining *j)
{
    const struct discovery_config config = {.base = j->config.base,
                                            .interfaces = interfaces_current(j->config.interfaces),
                                            .browse = true,
                                            .found = found,
                                            .broken = broken,
                                            .context = j};
    const vl_result result = discovery_create(&j->discovery, &config);
    return result == VL_ERR_INVALID ? VL_ERR_NETWORK : result;
}

static void renew(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct joining *j = context;
    stop_looking(j);
    if (j->state != NODE_PAIRING_SEARCHING && j->state != NODE_PAIRING_PROVING) return;
    if (look(j) != VL_OK) after(j->renew, AGAIN_MS);
}

static void time_is_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct joining *j = context;
    if (!is_over(j)) fail(j, VL_ERR_TIMEOUT);
}

/* ---- the owner's ---- */

static vl_result make_keys(struct joining *j)
{
    struct vl_pairing *trial = NULL;
    j->seed = sodium_malloc(32);
    if (!j->seed) return VL_ERR_NO_MEMORY;
    randombytes_buf(j->seed, 32);
    VL_TRY(vl_device_keys_from_seed(j->seed, &j->keys));
    /* A pseudonym that cannot be sent fails now. */
    vl_result result =
        vl_pairing_join(&trial, &j->config.code, j->keys, vl_bytes_text(j->pseudonym));
    vl_pairing_destroy(trial);
    return result;
}

static vl_result make_timers(struct joining *j)
{
    const struct timeval length = clock_timeval(j->config.length);
    j->over = evtimer_new(j->config.base, time_is_over, j);
    j->renew = evtimer_new(j->config.base, renew, j);
    j->again = evtimer_new(j->config.base, again, j);
    j->close = evtimer_new(j->config.base, close_now, j);
    if (!j->over || !j->renew || !j->again || !j->close || event_add(j->over, &length) != 0)
        return VL_ERR_NO_MEMORY;
    return VL_OK;
}

vl_result joining_create(struct joining **out, const struct joining_config *config)
{
    struct joining *j = calloc(1, sizeof *j);
    if (!j) return VL_ERR_NO_MEMORY;
    j->config = *config;
    j->state = NODE_PAIRING_SEARCHING;
    vl_result result = VL_ERR_TOO_LARGE;
    if (strlen(config->pseudonym) >= sizeof j->pseudonym) goto fail;
    memcpy(j->pseudonym, config->pseudonym, strlen(config->pseudonym));
    j->config.pseudonym = NULL;
    result = make_timers(j);
    if (result == VL_OK) result = make_keys(j);
    if (result == VL_OK) result = look(j);
    if (result == VL_ERR_NETWORK) { /* it looks once there is an interface */
        after(j->renew, AGAIN_MS);
        result = VL_OK;
    }
    if (result != VL_OK) goto fail;
    *out = j;
    return VL_OK;
fail:
    joining_destroy(j);
    return result;
}

void joining_destroy(struct joining *j)
{
    if (!j) return;
    if (j->pairing && j->connection && vl_pairing_decide(j->pairing, false) == VL_OK)
        connection_flush(j->connection);
    if (!is_over(j) && j->state != NODE_PAIRING_SYNCING && j->circle && forget_circle(j) != VL_OK)
        j->result = VL_ERR_STORAGE; /* the row stays, empty; nothing is lost by it */
    disconnect(j);
    discovery_destroy(j->discovery);
    struct event *timers[] = {j->over, j->renew, j->again, j->close};
    for (size_t k = 0; k < sizeof timers / sizeof timers[0]; k++)
        if (timers[k]) event_free(timers[k]);
    vl_device_keys_destroy(j->keys);
    sodium_free(j->seed);
    free(j->purpose);
    free(j->agreement);
    sodium_memzero(&j->config.code, sizeof j->config.code);
    free(j);
}

void joining_renew(struct joining *j)
{
    if (!j->discovery && j->state != NODE_PAIRING_SEARCHING) return;
    (void)event_del(j->renew);
    after(j->renew, RENEW_SOON_MS);
}

void joining_poke(struct joining *j)
{
    if (j->connection && connection_is_syncing(j->connection)) connection_poke(j->connection);
    check_synced(j);
}

/* The name she will have here: one said now, or before; a device's person has one. */
static vl_result take_pseudonym(struct joining *j, const char *pseudonym)
{
    if (j->as == VL_PAIRING_AS_DEVICE) return VL_OK;
    if (pseudonym[0] == 0) return j->pseudonym[0] != 0 ? VL_OK : VL_ERR_INVALID;
    const size_t size = strlen(pseudonym) + 1;
    if (size > sizeof j->pseudonym) return VL_ERR_TOO_LARGE;
    VL_TRY(vl_pairing_set_pseudonym(j->pairing, vl_bytes_text(pseudonym)));
    memcpy(j->pseudonym, pseudonym, size);
    return VL_OK;
}

vl_result joining_decide(struct joining *j, bool accept, const char *pseudonym)
{
    if (j->state != NODE_PAIRING_DECIDING) return VL_ERR_STATE;
    if (vl_pairing_state_of(j->pairing) != VL_PAIRING_DECIDING) return VL_ERR_STATE;
    if (accept) VL_TRY(take_pseudonym(j, pseudonym));
    const char *name = j->as == VL_PAIRING_AS_DEVICE ? j->inviter : j->pseudonym;
    vl_result result = VL_OK;
    if (accept)
        result = founding_joined(j->config.store, j->config.circles, j->seed,
                                 vl_pairing_offer_of(j->pairing), name, &j->circle);
    const bool yes = accept && result == VL_OK;
    const vl_result told = vl_pairing_decide(j->pairing, yes);
    connection_flush(j->connection);
    if (yes && told == VL_OK) {
        j->state = NODE_PAIRING_WAITING;
        tell(j);
        return VL_OK;
    }
    if (result == VL_OK) result = told;
    fail(j, accept ? result : VL_ERR_REFUSED);
    return result;
}

bool joining_is_over(const struct joining *j)
{
    return is_over(j) && !j->connection;
}

bool joining_heard(const struct joining *j)
{
    return j->heard || (j->discovery && discovery_heard(j->discovery));
}

void joining_view(const struct joining *j, struct node_pairing_view *out)
{
    memset(out, 0, sizeof *out);
    out->state = j->state;
    out->result = j->result;
    out->as = j->as;
    out->needs_pseudonym =
        j->state == NODE_PAIRING_DECIDING && j->pseudonym[0] == 0 && j->as != VL_PAIRING_AS_DEVICE;
    out->code = j->config.code;
    out->circle = j->circle_id;
    memcpy(out->name, j->name, sizeof out->name);
    memcpy(out->pseudonym, j->inviter, sizeof out->pseudonym);
    if (j->state == NODE_PAIRING_DECIDING) {
        out->purpose = j->purpose;
        out->agreement = j->agreement;
    }
}

struct circle *joining_circle(const struct joining *j)
{
    return j->circle;
}

bool joining_peer(const struct joining *j, const struct vl_device_card *device,
                  struct node_peer *out)
{
    if (!j->connection || !connection_is_syncing(j->connection) ||
        memcmp(connection_peer(j->connection), device->noise, 32) != 0)
        return false;
    const struct vl_session_counts counts = connection_counts(j->connection);
    out->connected = true;
    out->in_sync = connection_in_sync(j->connection);
    out->dialled = true;
    out->discovered_by = "pairing";
    out->entries_sent = counts.entries_sent;
    out->entries_received = counts.entries_received;
    out->has_clock_offset = counts.has_clock_offset;
    out->clock_offset_ms = counts.clock_offset_ms;
    out->clock_difference_ms = counts.clock_difference_ms;
    out->clock_error_ms = counts.clock_error_ms;
    return true;
}
