#include "node/gathering.h"

#include "node/connection.h"
#include "node/dialler.h"
#include "node/presence.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define RENEW_SOON_MS  100u  /* changes come in company */
#define RENEW_LEAST_MS 2000u /* between two renewals, whatever others do */
#define SILENT_MS      5000u /* without an interface: look again */
#define ALONE_MS       4000u /* nobody connected: ask again, and once more that long by chance */
#define ALONE_LATER_MS 15000u
#define ALONE_SOON     15u /* that often quickly */
#define EPOCHS_MAX     256u
static const char COUNTER_NOTE[] = "beacon counter";

struct link { /* a connection of this gathering, from its first byte */
    struct link *next;
    struct gathering *gathering;
    struct connection *connection;
    uint8_t sign_key[32]; /* dialled: who was meant */
    bool opened;
};

struct slot { /* one interface of the presence */
    uint8_t nonce[VL_BEACON_NONCE_BYTES];
    struct vl_seen *seen;
};

struct gathering {
    struct gathering_config config;
    struct vl_replica *replica;
    struct presence *presence;
    struct slot slots[INTERFACES_MAX];
    struct vl_id epoch_key; /* shown under this one */
    struct dialler *dialler;
    struct vl_counters *counters; /* of others, as in STORE_NOTE_BEACONS_SEEN */
    struct link *links;
    struct event *over, *renew, *alone;
    vl_instant until, renewed;
    unsigned asked; /* again, since something changed or somebody was here */
    bool heard;
};

/* ---- links ---- */

static void link_remove(struct link *link)
{
    struct link **at = &link->gathering->links;
    while (*at && *at != link)
        at = &(*at)->next;
    assert(*at == link);
    *at = link->next;
}

static void moved(void *context, struct connection *c)
{
    const struct link *link = context;
    const struct gathering_config *config = &link->gathering->config;
    struct vl_cursor cursor;
    struct vl_device_info device;
    if (connection_take_cursor(c, &cursor) &&
        vl_replica_device_by_noise(link->gathering->replica, connection_peer(c), &device) == VL_OK)
        config->cursor(config->context, &device, &cursor);
    config->moved(config->context);
}

static void ended(void *context, struct connection *c, vl_result why)
{
    (void)why;
    struct link *link = context;
    struct gathering *g = link->gathering;
    const bool was_open = link->opened;
    link_remove(link);
    if (connection_is_dialled(c)) dialler_ended(g->dialler, link->sign_key, was_open);
    connection_destroy(c);
    free(link);
    if (was_open) g->config.moved(g->config.context);
}

/* Drops a connection that another one of the same pair makes superfluous. */
static void link_drop(struct link *link)
{
    struct gathering *g = link->gathering;
    link_remove(link);
    if (connection_is_dialled(link->connection)) dialler_ended(g->dialler, link->sign_key, true);
    connection_destroy(link->connection);
    free(link);
}

static struct link *link_to(const struct gathering *g, const uint8_t noise_key[static 32],
                            const struct link *but)
{
    for (struct link *link = g->links; link; link = link->next)
        if (link != but && link->opened &&
            memcmp(connection_peer(link->connection), noise_key, 32) == 0)
            return link;
    return NULL;
}

static size_t count_open(const struct gathering *g, bool incoming_only)
{
    size_t count = 0;
    for (const struct link *link = g->links; link; link = link->next)
        count += link->opened && !(incoming_only && connection_is_dialled(link->connection));
    return count;
}

/* See gathering.h. Of two dialled by one side the older is dead, or she would not have dialled. */
static bool newer_wins(const struct gathering *g, const struct link *old, const struct link *new,
                       const uint8_t peer[static 32])
{
    const bool old_mine = connection_is_dialled(old->connection);
    const bool new_mine = connection_is_dialled(new->connection);
    const uint64_t age = vl_instant_since(clock_now(), connection_since(old->connection)).ms;
    if (old_mine == new_mine || age > GATHERING_AT_ONCE_MS) return true;
    const bool mine_wins = memcmp(vl_replica_keys(g->replica)->card.noise, peer, 32) < 0;
    return new_mine == mine_wins;
}

static bool opened(void *context, struct connection *c, const uint8_t noise_key[static 32])
{
    struct link *link = context;
    struct gathering *g = link->gathering;
    struct vl_device_info device;
    if (memcmp(noise_key, vl_replica_keys(g->replica)->card.noise, 32) == 0) return false;
    vl_result known = vl_replica_device_by_noise(g->replica, noise_key, &device);
    /* Who is not known may have been added while we were away: the session asks for the proof. */
    if (known != VL_OK && known != VL_ERR_NOT_FOUND) return false;
    if (known == VL_OK && !device.current) return false;
    struct link *old = link_to(g, noise_key, link);
    if (old && !newer_wins(g, old, link, noise_key)) return false;
    if (old) link_drop(old);
    if (count_open(g, false) >= VL_CONNECTIONS_PER_CIRCLE) return false;
    if (!connection_is_dialled(c) &&
        count_open(g, true) >= VL_CONNECTIONS_PER_CIRCLE - GATHERING_OWN_CONNECTIONS)
        return false;
    link->opened = true;
    if (connection_is_dialled(c)) dialler_opened(g->dialler, noise_key);
    g->config.moved(g->config.context);
    return true;
}

static vl_result link_create(struct gathering *g, struct vl_channel *channel,
                             const struct endpoint *remote, struct stranger *stranger,
                             bool proves_first, struct link **out)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link) {
        vl_channel_destroy(channel);
        return VL_ERR_NO_MEMORY;
    }
    link->gathering = g;
    const struct connection_events events = {
        .opened = opened, .moved = moved, .ended = ended, .context = link};
    const struct connection_config config = {.base = g->config.base,
                                             .events = &events,
                                             .replica = g->replica,
                                             .channel = channel,
                                             .remote = *remote,
                                             .stranger = stranger,
                                             .proves_first = proves_first};
    vl_result result = connection_create(&link->connection, &config);
    if (result != VL_OK) {
        free(link);
        return result;
    }
    link->next = g->links;
    g->links = link;
    *out = link;
    return VL_OK;
}

/* ---- answering ---- */

static void renew_soon(struct gathering *g)
{
    if (evtimer_pending(g->renew, NULL)) return;
    const uint64_t since = vl_instant_since(clock_now(), g->renewed).ms;
    const bool too_soon = g->presence && since + RENEW_SOON_MS < RENEW_LEAST_MS;
    const uint64_t wait = too_soon ? RENEW_LEAST_MS - since : RENEW_SOON_MS;
    const struct timeval at = clock_timeval(VL_MILLISECONDS(wait));
    (void)event_add(g->renew, &at);
}

static vl_result channel_with(const struct gathering *g, const struct vl_id *epoch_key,
                              struct vl_channel_config *config, struct vl_channel **out)
{
    config->keys = vl_replica_keys(g->replica);
    vl_result result =
        vl_replica_epoch_key(g->replica, epoch_key, VL_DOMAIN_TRANSPORT_PSK, config->psk);
    if (result == VL_OK) result = vl_channel_create(out, config);
    sodium_memzero(config->psk, sizeof config->psk);
    return result;
}

static void *accepted(void *context, struct stranger *stranger, size_t slot)
{
    struct gathering *g = context;
    struct vl_channel_config config = {.seen = g->slots[slot].seen};
    struct vl_channel *channel;
    struct link *link;
    memcpy(config.nonce, g->slots[slot].nonce, sizeof config.nonce);
    if (vl_seen_full(config.seen)) renew_soon(g);
    if (channel_with(g, &g->epoch_key, &config, &channel) != VL_OK) return NULL;
    if (link_create(g, channel, stranger_endpoint(stranger), stranger, false, &link) != VL_OK)
        return NULL;
    return link;
}

static void evicted(void *context, void *owner)
{
    (void)context;
    struct link *link = owner;
    link_remove(link);
    connection_destroy_evicted(link->connection);
    free(link);
}

/* ---- dialling ---- */

static bool wanted(void *context, const struct vl_device_card *device)
{
    const struct gathering *g = context;
    return !link_to(g, device->noise, NULL) && count_open(g, false) < VL_CONNECTIONS_PER_CIRCLE;
}

static vl_result dial(void *context, const struct vl_sighting *whom, const struct endpoint *where)
{
    struct gathering *g = context;
    struct vl_device_info device;
    /* She may have been removed since her beacon was seen. */
    VL_TRY(vl_replica_device(g->replica, whom->device.card.sign, &device));
    if (!device.current) return VL_ERR_AUTHORITY;
    struct vl_channel_config config = {.dialler = true, .expect_peer = device.card.noise};
    struct vl_channel *channel;
    struct link *link;
    memcpy(config.nonce, whom->beacon.nonce, sizeof config.nonce);
    VL_TRY(channel_with(g, &whom->epoch_key, &config, &channel));
    VL_TRY(link_create(g, channel, where, NULL, !whom->stale, &link));
    memcpy(link->sign_key, whom->device.card.sign, sizeof link->sign_key);
    return VL_OK;
}

/* Her beacon changed while we still dial where she was: nobody may ever answer there. */
static void give_up(void *context, const uint8_t sign_key[static 32])
{
    struct gathering *g = context;
    struct link *link = g->links;
    while (link && (link->opened || !connection_is_dialled(link->connection) ||
                    memcmp(link->sign_key, sign_key, 32) != 0))
        link = link->next;
    if (!link) return;
    link_remove(link);
    connection_destroy(link->connection);
    free(link);
}

static bool signed_address(const struct vl_beacon *beacon, const struct endpoint *where)
{
    if (beacon->port != where->port) return false;
    for (size_t k = 0; k < beacon->address_count; k++)
        if (vl_address_compare(&beacon->addresses[k], &where->address) == 0) return true;
    return false;
}

static vl_result load_counters(struct gathering *g)
{
    struct vl_buffer note = {0};
    VL_TRY(vl_counters_create(&g->counters));
    vl_result result = store_note_get(g->config.store, vl_replica_circle(g->replica),
                                      STORE_NOTE_BEACONS_SEEN, &note);
    if (result == VL_OK && note.size > 0)
        result = vl_counters_decode(g->counters, vl_buffer_view(&note));
    vl_buffer_finish(&note);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

/* Durable before she is dialled, so that a beacon that was once followed is never followed again
 * after a newer one, not even by a process that was killed. */
static vl_result check_counter(struct gathering *g, const struct vl_sighting *sighting)
{
    struct vl_buffer note = {0};
    const uint64_t before = vl_counters_generation(g->counters);
    VL_TRY(vl_counters_check(g->counters, sighting));
    if (vl_counters_generation(g->counters) == before) return VL_OK;
    vl_result result = vl_counters_encode(g->counters, &note);
    if (result == VL_OK)
        result = store_note_put(g->config.store, vl_replica_circle(g->replica),
                                STORE_NOTE_BEACONS_SEEN, vl_buffer_view(&note));
    vl_buffer_finish(&note);
    return result;
}

static void found(void *context, const struct discovery_found *found)
{
    struct gathering *g = context;
    g->heard = true;
    for (size_t k = 0; k < found->string_count; k++) {
        struct vl_sighting sighting;
        if (vl_beacon_open(g->replica, found->strings[k], &sighting) != VL_OK) continue;
        if (memcmp(sighting.device.card.sign, vl_replica_keys(g->replica)->card.sign, 32) == 0)
            continue;
        if (!signed_address(&sighting.beacon, &found->endpoint)) continue;
        if (check_counter(g, &sighting) != VL_OK) continue;
        if (dialler_see(g->dialler, &sighting, &found->endpoint) != VL_OK) continue;
        g->config.moved(g->config.context);
    }
}

static void broken(void *context)
{
    renew_soon(context);
}

/* ---- the presence ---- */

static vl_result current_epoch(struct vl_replica *r, struct vl_id *key_id)
{
    struct vl_epoch_info epochs[EPOCHS_MAX];
    size_t count = vl_replica_epochs(r, epochs, EPOCHS_MAX);
    for (size_t k = 0; k < count && k < EPOCHS_MAX; k++) {
        if (!epochs[k].current) continue;
        *key_id = epochs[k].key_id;
        return VL_OK;
    }
    return VL_ERR_NO_KEY;
}

/* A number that was never shown before, not even by a process that was killed: it is durable
 * before it is used. */
static vl_result next_counter(struct gathering *g, uint64_t *out)
{
    const struct vl_id *circle = vl_replica_circle(g->replica);
    struct vl_buffer value = {0};
    uint64_t counter = 0;
    vl_result result = store_note_get(g->config.store, circle, COUNTER_NOTE, &value);
    if (result == VL_OK) {
        struct vl_reader r = vl_reader(vl_buffer_view(&value));
        counter = vl_read_u64(&r);
        result = vl_reader_end(&r);
    } else if (result == VL_ERR_NOT_FOUND)
        result = VL_OK;
    vl_buffer_clear(&value);
    if (result == VL_OK && counter == UINT64_MAX) result = VL_ERR_LIMIT;
    if (result == VL_OK) {
        struct vl_writer w = vl_writer(&value, sizeof counter);
        vl_write_u64(&w, counter + 1);
        result = vl_writer_result(&w);
    }
    if (result == VL_OK)
        result = store_note_put(g->config.store, circle, COUNTER_NOTE, vl_buffer_view(&value));
    vl_buffer_finish(&value);
    *out = counter + 1;
    return result;
}

static vl_result fill(void *context, size_t at, const struct interface *on, uint16_t port,
                      uint8_t strings[VL_BEACONS_PER_RECORD][VL_BEACON_BYTES])
{
    struct gathering *g = context;
    struct slot *slot = &g->slots[at];
    struct vl_beacon beacon = {.port = port, .address_count = on->address_count};
    memcpy(beacon.addresses, on->addresses, sizeof beacon.addresses);
    randombytes_buf(beacon.nonce, sizeof beacon.nonce);
    memcpy(slot->nonce, beacon.nonce, sizeof slot->nonce);
    VL_TRY(vl_seen_create(&slot->seen));
    VL_TRY(next_counter(g, &beacon.counter));
    return vl_beacon_seal(g->replica, &beacon, strings[0]);
}

static void presence_end(struct gathering *g)
{
    if (g->presence) g->heard = g->heard || presence_heard(g->presence);
    presence_destroy(g->presence);
    g->presence = NULL;
    for (size_t k = 0; k < INTERFACES_MAX; k++) {
        vl_seen_destroy(g->slots[k].seen);
        g->slots[k].seen = NULL;
    }
}

/* Avahi asks at 1, 2, 4, 8 seconds and then ever more rarely. What was asked while the network
 * carried no multicast is lost, and nobody tells us when it carries it again. */
static void ask_when_alone(struct gathering *g)
{
    const bool soon = g->asked < ALONE_SOON;
    const uint64_t wait = soon ? ALONE_MS : ALONE_LATER_MS;
    const vl_instant at = vl_instant_add(vl_instant_add(clock_now(), VL_MILLISECONDS(wait)),
                                         clock_jitter(VL_MILLISECONDS(ALONE_MS)));
    const struct timeval after = clock_timeval(vl_instant_since(at, clock_now()));
    (void)event_add(g->alone, &after);
}

static void still_alone(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct gathering *g = context;
    if (count_open(g, false) > 0) {
        g->asked = 0;
        if (g->presence) presence_ask_no_more(g->presence);
    } else if (g->presence) {
        presence_ask_again(g->presence);
        g->asked++;
    }
    ask_when_alone(g);
}

static vl_result presence_begin(struct gathering *g)
{
    const struct presence_config config = {.base = g->config.base,
                                           .interfaces = interfaces_current(g->config.interfaces),
                                           .browse = true,
                                           .fill = fill,
                                           .accepted = accepted,
                                           .evicted = evicted,
                                           .found = found,
                                           .broken = broken,
                                           .context = g};
    VL_TRY(vl_replica_ensure_epoch(g->replica, clock_wall(), &g->epoch_key));
    vl_result result = presence_create(&g->presence, &config);
    if (result != VL_OK) {
        presence_end(g);
        return result;
    }
    g->renewed = clock_now();
    g->asked = 0;
    ask_when_alone(g);
    return VL_OK;
}

static void try_later(struct gathering *g)
{
    const struct timeval later = clock_timeval(VL_MILLISECONDS(SILENT_MS));
    (void)event_add(g->renew, &later);
}

static void renew(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct gathering *g = context;
    presence_end(g);
    if (presence_begin(g) != VL_OK) try_later(g);
    g->config.moved(g->config.context);
}

/* ---- the owner's ---- */

static void time_is_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct gathering *g = context;
    if (vl_instant_reached(clock_now(), g->until))
        g->config.over(g->config.context);
    else
        gathering_extend(g, vl_instant_since(g->until, clock_now()));
}

void gathering_extend(struct gathering *g, vl_duration length)
{
    const struct timeval wait = clock_timeval(length);
    g->until = vl_instant_add(clock_now(), length);
    (void)event_add(g->over, &wait);
}

vl_result gathering_create(struct gathering **out, const struct gathering_config *config)
{
    assert(config->circle->replica);
    struct gathering *g = calloc(1, sizeof *g);
    if (!g) return VL_ERR_NO_MEMORY;
    g->config = *config;
    g->replica = config->circle->replica;
    vl_result result = VL_ERR_NO_MEMORY;
    g->over = evtimer_new(config->base, time_is_over, g);
    g->renew = evtimer_new(config->base, renew, g);
    g->alone = evtimer_new(config->base, still_alone, g);
    if (!g->over || !g->renew || !g->alone) goto fail;
    struct dialler_config dialler = {
        .base = config->base, .wanted = wanted, .dial = dial, .give_up = give_up, .context = g};
    memcpy(dialler.self, vl_replica_keys(g->replica)->card.sign, sizeof dialler.self);
    result = dialler_create(&g->dialler, &dialler);
    if (result == VL_OK) result = load_counters(g);
    if (result == VL_OK) result = presence_begin(g);
    if (result == VL_ERR_NETWORK) { /* it opens all the same, and is shown once it can be */
        try_later(g);
        result = VL_OK;
    }
    if (result != VL_OK) goto fail;
    gathering_extend(g, config->length);
    *out = g;
    return VL_OK;
fail:
    gathering_destroy(g);
    return result;
}

void gathering_destroy(struct gathering *g)
{
    if (!g) return;
    while (g->links) { /* before the listener, which would only cut them off */
        struct link *link = g->links;
        g->links = link->next;
        connection_destroy(link->connection);
        free(link);
    }
    presence_end(g);
    dialler_destroy(g->dialler);
    vl_counters_destroy(g->counters);
    if (g->over) event_free(g->over);
    if (g->renew) event_free(g->renew);
    if (g->alone) event_free(g->alone);
    free(g);
}

void gathering_renew(struct gathering *g)
{
    for (struct link *link = g->links; link; link = link->next)
        connection_check_address(link->connection, interfaces_current(g->config.interfaces));
    if (!g->presence) (void)event_del(g->renew); /* the try of later, while nothing was there */
    renew_soon(g);
}

void gathering_poke(struct gathering *g)
{
    struct vl_id now;
    if (current_epoch(g->replica, &now) == VL_OK && !vl_id_equal(&now, &g->epoch_key))
        renew_soon(g);
    for (struct link *link = g->links; link; link = link->next)
        connection_poke(link->connection);
}

void gathering_tell_cursor(struct gathering *g, const struct vl_cursor *cursor)
{
    for (struct link *link = g->links; link; link = link->next)
        connection_tell_cursor(link->connection, cursor);
}

struct circle *gathering_circle(const struct gathering *g)
{
    return g->config.circle;
}

vl_duration gathering_left(const struct gathering *g)
{
    return vl_instant_since(g->until, clock_now());
}

bool gathering_is_shown(const struct gathering *g)
{
    return g->presence != NULL;
}

size_t gathering_connections(const struct gathering *g)
{
    size_t count = 0;
    for (const struct link *link = g->links; link; link = link->next)
        count += link->opened && connection_has_met(link->connection);
    return count;
}

bool gathering_heard(const struct gathering *g)
{
    return g->heard || (g->presence && presence_heard(g->presence));
}

bool gathering_peer(const struct gathering *g, const struct vl_device_card *device,
                    struct node_peer *out)
{
    const struct link *link = link_to(g, device->noise, NULL);
    if (!link || !connection_has_met(link->connection)) return false;
    const struct vl_session_counts counts = connection_counts(link->connection);
    out->connected = true;
    out->in_sync = connection_in_sync(link->connection);
    out->dialled = connection_is_dialled(link->connection);
    out->discovered_by = dialler_has_seen(g->dialler, device->sign) ? "mdns" : "incoming";
    out->entries_sent = counts.entries_sent;
    out->entries_received = counts.entries_received;
    out->has_clock_offset = counts.has_clock_offset;
    out->clock_offset_ms = counts.clock_offset_ms;
    out->clock_difference_ms = counts.clock_difference_ms;
    out->clock_error_ms = counts.clock_error_ms;
    return true;
}
