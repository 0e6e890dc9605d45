#include "node/discovery.h"

#include "node/avahi_poll.h"
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/strlst.h>
#include <avahi-core/core.h>
#include <avahi-core/log.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Says nothing by itself, yet whoever reads this file knows it: docs/threat-model.md says what that
 * leaves. */
static const char SERVICE_TYPE[] = "_vl1._tcp";
static const char DOMAIN_NAME[] = "local";
static const char DAEMON_PID[] = "/run/avahi-daemon/pid";

#define NAME_LETTERS 12u /* 62 bits: no two meet by chance */

struct resolution {          /* one instance being asked about */
    struct resolution *next; /* younger */
    struct discovery *owner;
    AvahiSServiceResolver *resolver;
    AvahiIfIndex interface;
    AvahiProtocol protocol;
    bool over; /* freed soon, outside Avahi's call */
    char name[DISCOVERY_NAME_BYTES];
};

struct discovery {
    struct discovery_config config;
    struct interface_list interfaces;
    struct discovery_instance *instances;
    char (*names)[NAME_LETTERS + 1]; /* of the instances */
    struct avahi_poll *poll;
    AvahiServer *server;
    AvahiSEntryGroup *group;
    AvahiSServiceBrowser *browser;
    struct resolution *resolutions; /* oldest first */
    size_t resolution_count;
    struct event *reap;
    struct event *clock_set;
    int clock_fd;
    bool heard, broken;
    char host[NAME_LETTERS + 1]; /* the server's; each instance's own differ from it */
};

static void name_random(char out[static NAME_LETTERS + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    out[0] = letters[randombytes_uniform(26)]; /* no name begins with a digit */
    for (unsigned k = 1; k < NAME_LETTERS; k++)
        out[k] = letters[randombytes_uniform(36)];
    out[NAME_LETTERS] = 0;
}

static void no_log(AvahiLogLevel level, const char *text)
{
    (void)level; /* Avahi's words hold names and addresses of others */
    (void)text;
}

static void break_off(struct discovery *d)
{
    if (d->broken) return;
    d->broken = true;
    if (d->config.broken) d->config.broken(d->config.context);
}

/* ---- showing ---- */

static void to_avahi(const struct vl_address *from, AvahiAddress *out)
{
    memset(out, 0, sizeof *out);
    out->proto = from->family == 4 ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
    memcpy(out->data.data, from->bytes, from->family == 4 ? 4u : 16u);
}

static bool add_instance(struct discovery *d, const struct discovery_instance *instance,
                         const char *name)
{
    char label[NAME_LETTERS + 1];
    char host[NAME_LETTERS + sizeof DOMAIN_NAME + 1];
    name_random(label);
    (void)snprintf(host, sizeof host, "%s.%s", label, DOMAIN_NAME);
    AvahiIfIndex interface = (AvahiIfIndex)instance->interface;
    for (size_t k = 0; k < instance->address_count; k++) {
        AvahiAddress address;
        to_avahi(&instance->addresses[k], &address);
        /* Without NO_REVERSE two processes on one address would fight over its reverse name. */
        if (avahi_server_add_address(d->server, d->group, interface, AVAHI_PROTO_UNSPEC,
                                     AVAHI_PUBLISH_NO_REVERSE, host, &address) < 0)
            return false;
    }
    AvahiStringList *txt = NULL;
    for (size_t k = 0; k < VL_BEACONS_PER_RECORD; k++) {
        AvahiStringList *more =
            avahi_string_list_add_arbitrary(txt, instance->strings[k], VL_BEACON_BYTES);
        if (!more) {
            avahi_string_list_free(txt);
            return false;
        }
        txt = more;
    }
    int result = avahi_server_add_service_strlst(d->server, d->group, interface, AVAHI_PROTO_UNSPEC,
                                                 AVAHI_PUBLISH_NO_COOKIE, name, SERVICE_TYPE,
                                                 DOMAIN_NAME, host, instance->port, txt);
    avahi_string_list_free(txt);
    return result >= 0;
}

static void group_changed(AvahiServer *s, AvahiSEntryGroup *g, AvahiEntryGroupState state,
                          void *context)
{
    (void)s;
    (void)g;
    if (state == AVAHI_ENTRY_GROUP_COLLISION || state == AVAHI_ENTRY_GROUP_FAILURE)
        break_off(context);
}

static bool show(struct discovery *d)
{
    if (d->config.instance_count == 0 || d->group) return true;
    d->group = avahi_s_entry_group_new(d->server, group_changed, d);
    if (!d->group) return false;
    for (size_t k = 0; k < d->config.instance_count; k++)
        if (!add_instance(d, &d->instances[k], d->names[k])) return false;
    return avahi_s_entry_group_commit(d->group) >= 0;
}

/* ---- looking ---- */

static void resolution_free(struct resolution *r)
{
    if (r->resolver) avahi_s_service_resolver_free(r->resolver);
    free(r);
}

static void reap(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct discovery *d = context;
    struct resolution **at = &d->resolutions;
    while (*at) {
        struct resolution *r = *at;
        if (!r->over) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        resolution_free(r);
    }
}

static void resolution_end(struct resolution *r)
{
    if (r->over) return;
    r->over = true;
    r->owner->resolution_count--;
    static const struct timeval now = {0, 0};
    (void)event_add(r->owner->reap, &now);
}

/* This machine's own addresses are meant only where the interface has nothing else. */
static bool on_loopback(const struct resolution *r)
{
    const struct interface_list *all = &r->owner->interfaces;
    for (size_t k = 0; k < all->count; k++)
        if (all->items[k].index == (unsigned)r->interface)
            return !address_can_be_dialled(&all->items[k].addresses[0], false);
    return false;
}

static bool read_found(const struct resolution *r, const AvahiAddress *address, uint16_t port,
                       const AvahiStringList *txt, struct discovery_found *out)
{
    memset(out, 0, sizeof *out);
    out->name = r->name;
    out->endpoint.port = port;
    out->endpoint.interface = (unsigned)r->interface;
    out->endpoint.address.family = address->proto == AVAHI_PROTO_INET ? 4 : 6;
    memcpy(out->endpoint.address.bytes, address->data.data,
           address->proto == AVAHI_PROTO_INET ? 4u : 16u);
    for (; txt && out->string_count < VL_BEACONS_PER_RECORD; txt = txt->next)
        if (txt->size == VL_BEACON_BYTES)
            memcpy(out->strings[out->string_count++], txt->text, VL_BEACON_BYTES);
    return port != 0 && out->string_count > 0 &&
           address_can_be_dialled(&out->endpoint.address, on_loopback(r));
}

static void resolved(AvahiSServiceResolver *resolver, AvahiIfIndex interface,
                     AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
                     const char *type, const char *domain, const char *host,
                     const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
                     AvahiLookupResultFlags flags, void *context)
{
    (void)resolver, (void)interface, (void)protocol, (void)name, (void)type, (void)domain;
    (void)host, (void)flags;
    struct resolution *r = context;
    if (r->over) return;
    struct discovery *d = r->owner;
    struct discovery_found found;
    /* One answer is enough: our kind renews its name whenever anything else changes. */
    resolution_end(r);
    if (event == AVAHI_RESOLVER_FOUND && address && read_found(r, address, port, txt, &found))
        d->config.found(d->config.context, &found);
}

static void ask(struct discovery *d, AvahiIfIndex interface, AvahiProtocol protocol,
                const char *name)
{
    if (strlen(name) >= DISCOVERY_NAME_BYTES) return; /* none of ours */
    struct resolution **end = &d->resolutions;
    for (; *end; end = &(*end)->next)
        if (d->resolution_count >= DISCOVERY_RESOLVING_MAX) resolution_end(*end);
    struct resolution *r = calloc(1, sizeof *r);
    if (!r) return;
    r->owner = d;
    r->interface = interface;
    r->protocol = protocol;
    memcpy(r->name, name, strlen(name));
    *end = r;
    d->resolution_count++;
    r->resolver =
        avahi_s_service_resolver_new(d->server, interface, protocol, name, SERVICE_TYPE,
                                     DOMAIN_NAME, protocol, (AvahiLookupFlags)0, resolved, r);
    if (!r->resolver) resolution_end(r);
}

static void forget(struct discovery *d, AvahiIfIndex interface, AvahiProtocol protocol,
                   const char *name)
{
    for (struct resolution *r = d->resolutions; r; r = r->next)
        if (r->interface == interface && r->protocol == protocol && strcmp(r->name, name) == 0)
            resolution_end(r);
}

static bool is_own(const struct discovery *d, const char *name)
{
    for (size_t k = 0; k < d->config.instance_count; k++)
        if (strcmp(d->names[k], name) == 0) return true;
    return false;
}

static void browsed(AvahiSServiceBrowser *b, AvahiIfIndex interface, AvahiProtocol protocol,
                    AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
                    AvahiLookupResultFlags flags, void *context)
{
    (void)b, (void)type, (void)domain, (void)flags;
    struct discovery *d = context;
    if (event == AVAHI_BROWSER_FAILURE) {
        break_off(d);
        return;
    }
    if (!name || is_own(d, name)) return;
    if (event == AVAHI_BROWSER_REMOVE) forget(d, interface, protocol, name);
    if (event != AVAHI_BROWSER_NEW) return;
    d->heard = true;
    ask(d, interface, protocol, name);
}

static bool browse(struct discovery *d)
{
    if (!d->config.browse || d->browser) return true;
    d->browser =
        avahi_s_service_browser_new(d->server, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, SERVICE_TYPE,
                                    DOMAIN_NAME, (AvahiLookupFlags)0, browsed, d);
    return d->browser != NULL;
}

/* ---- the server ---- */

static void server_changed(AvahiServer *s, AvahiServerState state, void *context)
{
    struct discovery *d = context;
    if (d->broken) return;
    d->server = s; /* RUNNING may come before avahi_server_new returns */
    switch (state) {
    case AVAHI_SERVER_RUNNING:
        if (!show(d) || !browse(d)) break_off(d);
        break;
    case AVAHI_SERVER_COLLISION:
    case AVAHI_SERVER_FAILURE: break_off(d); break;
    case AVAHI_SERVER_INVALID:
    case AVAHI_SERVER_REGISTERING: break;
    }
}

static bool configure(const struct discovery *d, AvahiServerConfig *c)
{
    (void)avahi_server_config_init(c);
    avahi_free(c->host_name);
    avahi_free(c->domain_name);
    c->host_name = avahi_strdup(d->host);
    c->domain_name = avahi_strdup(DOMAIN_NAME);
    c->publish_addresses = 0;
    c->publish_hinfo = 0;
    c->publish_workstation = 0;
    c->publish_domain = 0;
    c->disable_publishing = d->config.instance_count == 0;
    c->use_ipv4 = 1;
    c->use_ipv6 = 1;
    c->use_iff_running = 1;
    c->enable_reflector = 0;
    c->enable_wide_area = 0;
    c->add_service_cookie = 0;
    c->disallow_other_stacks = 0;
    c->allow_point_to_point = 0;
    c->n_cache_entries_max = DISCOVERY_CACHE_MAX;
    c->ratelimit_interval = 1000000;
    c->ratelimit_burst = DISCOVERY_RATE_BURST;
    for (size_t k = 0; k < d->interfaces.count; k++) {
        AvahiStringList *more =
            avahi_string_list_add(c->allow_interfaces, d->interfaces.items[k].name);
        if (!more) return false;
        c->allow_interfaces = more;
    }
    return c->host_name && c->domain_name;
}

static vl_result start_server(struct discovery *d)
{
    AvahiServerConfig config;
    int error = AVAHI_OK;
    vl_result result = VL_ERR_NO_MEMORY;
    if (configure(d, &config)) {
        AvahiServer *server =
            avahi_server_new(avahi_poll_api(d->poll), &config, server_changed, d, &error);
        d->server = server;
        if (server)
            result = VL_OK;
        else if (error != AVAHI_ERR_NO_MEMORY)
            result = VL_ERR_NETWORK;
    }
    avahi_server_config_free(&config);
    return result;
}

/* Avahi keeps its appointments by the wall clock: when that is set back, they never come. */
static void clock_was_set(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    uint64_t expirations;
    if (read(fd, &expirations, sizeof expirations) < 0 && errno == ECANCELED) break_off(context);
}

static vl_result watch_clock(struct discovery *d)
{
    d->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (d->clock_fd < 0) return VL_ERR_NETWORK;
    const struct itimerspec never = {.it_value = {.tv_sec = (time_t)INT32_MAX * 4}};
    if (timerfd_settime(d->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) !=
        0)
        return VL_ERR_NETWORK;
    d->clock_set = event_new(d->config.base, d->clock_fd, EV_READ | EV_PERSIST, clock_was_set, d);
    if (!d->clock_set || event_add(d->clock_set, NULL) != 0) return VL_ERR_NO_MEMORY;
    return VL_OK;
}

vl_result discovery_create(struct discovery **out, const struct discovery_config *config)
{
    if (config->interfaces->count == 0) return VL_ERR_INVALID;
    struct discovery *d = calloc(1, sizeof *d);
    if (!d) return VL_ERR_NO_MEMORY;
    d->clock_fd = -1;
    d->config = *config;
    d->interfaces = *config->interfaces;
    name_random(d->host);
    vl_result result = VL_ERR_NO_MEMORY;
    if (config->instance_count > 0) {
        d->instances = calloc(config->instance_count, sizeof *d->instances);
        d->names = calloc(config->instance_count, sizeof *d->names);
        if (!d->instances || !d->names) goto fail;
        for (size_t k = 0; k < config->instance_count; k++)
            name_random(d->names[k]);
        memcpy(d->instances, config->instances, config->instance_count * sizeof *d->instances);
    }
    d->reap = evtimer_new(config->base, reap, d);
    if (!d->reap) goto fail;
    result = watch_clock(d);
    if (result != VL_OK) goto fail;
    result = avahi_poll_create(&d->poll, config->base);
    if (result != VL_OK) goto fail;
    avahi_set_log_function(no_log);
    result = start_server(d);
    if (result != VL_OK) goto fail;
    *out = d;
    return VL_OK;
fail:
    discovery_destroy(d);
    return result;
}

void discovery_destroy(struct discovery *d)
{
    if (!d) return;
    d->broken = true; /* nothing is told from here on */
    while (d->resolutions) {
        struct resolution *r = d->resolutions;
        d->resolutions = r->next;
        resolution_free(r);
    }
    if (d->browser) avahi_s_service_browser_free(d->browser);
    if (d->server) avahi_server_free(d->server);
    avahi_poll_destroy(d->poll);
    if (d->clock_set) event_free(d->clock_set);
    if (d->clock_fd >= 0) (void)close(d->clock_fd);
    if (d->reap) event_free(d->reap);
    free(d->instances);
    free(d->names);
    free(d);
}

bool discovery_heard(const struct discovery *d)
{
    return d->heard;
}

bool discovery_daemon_runs(void)
{
    FILE *file = fopen(DAEMON_PID, "re");
    if (!file) return false;
    char text[32] = "";
    bool read = fgets(text, sizeof text, file) != NULL;
    (void)fclose(file);
    if (!read) return false;
    long pid = strtol(text, NULL, 10);
    /* The file may be left over from a daemon that was killed. EPERM: another user's, alive. */
    return pid > 0 && pid <= INT32_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}
