/* One process that shows itself and browses with the program's own discovery, without a vault: for
 * the network tests. `discovery_probe MILLISECONDS [INTERFACE]`; 0 shows nothing and only watches
 * the interfaces ("away"). Prints one line for each thing that happens. */
#include "node/discovery.h"
#include <arpa/inet.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probe {
    struct event_base *base;
    struct interfaces *interfaces;
    struct discovery *discovery;
    struct event *again;
    bool away;
};

static void print_strings(const char *what, const struct endpoint *at,
                          const uint8_t strings[][VL_BEACON_BYTES], size_t count)
{
    char text[INET6_ADDRSTRLEN] = "?", hex[2 * 16 + 1];
    (void)inet_ntop(at->address.family == 4 ? AF_INET : AF_INET6, at->address.bytes, text,
                    sizeof text);
    for (size_t k = 0; k < count; k++) {
        (void)sodium_bin2hex(hex, sizeof hex, strings[k], 16);
        printf("%s %s %u %s\n", what, text, at->port, hex);
    }
    (void)fflush(stdout);
}

static void found(void *context, const struct discovery_found *f)
{
    (void)context;
    print_strings("found", &f->endpoint, f->strings, f->string_count);
}

static void broken(void *context)
{
    struct probe *p = context;
    const struct timeval soon = {0, 0};
    (void)event_add(p->again, &soon);
}

static void begin(struct probe *p)
{
    const struct interface_list *list = interfaces_current(p->interfaces);
    discovery_destroy(p->discovery);
    p->discovery = NULL;
    if (list->count == 0 || p->away) return;
    struct discovery_instance *instances = calloc(list->count, sizeof *instances);
    if (!instances) abort();
    for (size_t k = 0; k < list->count; k++) {
        struct discovery_instance *i = &instances[k];
        i->interface = list->items[k].index;
        i->port = (uint16_t)(20000u + randombytes_uniform(20000u));
        i->address_count = list->items[k].address_count;
        memcpy(i->addresses, list->items[k].addresses, sizeof i->addresses);
        randombytes_buf(i->strings, sizeof i->strings);
        struct endpoint at = {.address = i->addresses[0], .port = i->port};
        print_strings("shown", &at, (const uint8_t(*)[VL_BEACON_BYTES])i->strings,
                      VL_BEACONS_PER_RECORD);
    }
    const struct discovery_config config = {.base = p->base,
                                            .interfaces = list,
                                            .instances = instances,
                                            .instance_count = list->count,
                                            .browse = true,
                                            .found = found,
                                            .broken = broken,
                                            .context = p};
    vl_result result = discovery_create(&p->discovery, &config);
    if (result != VL_OK) printf("error %s\n", vl_result_name(result));
    free(instances);
}

static void changed(void *context)
{
    begin(context);
}

static void again(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    begin(context);
}

static void stop(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    (void)event_base_loopexit(context, NULL);
}

int main(int argc, char **argv)
{
    if (argc < 2 || sodium_init() < 0) return 2;
    long length = strtol(argv[1], NULL, 10);
    struct probe p = {.away = length == 0};
    p.base = event_base_new();
    if (!p.base) return 1;
    const struct interfaces_config config = {.base = p.base,
                                             .only = argc > 2 ? argv[2] : NULL,
                                             .allow_loopback = argc > 2,
                                             .changed = changed,
                                             .context = &p};
    if (interfaces_create(&p.interfaces, &config) != VL_OK) return 1;
    p.again = evtimer_new(p.base, again, &p);
    struct event *end = evtimer_new(p.base, stop, p.base);
    struct event *quit = evsignal_new(p.base, SIGTERM, stop, p.base);
    if (!p.again || !end || !quit) return 1;
    const struct timeval until = {p.away ? 5 : length / 1000, p.away ? 0 : length % 1000 * 1000};
    (void)event_add(end, &until);
    (void)event_add(quit, NULL);
    printf("daemon %s\n", discovery_daemon_runs() ? "yes" : "no");
    begin(&p);
    (void)event_base_dispatch(p.base);
    printf("heard %s\n", p.discovery && discovery_heard(p.discovery) ? "yes" : "no");
    discovery_destroy(p.discovery);
    interfaces_destroy(p.interfaces);
    event_free(p.again);
    event_free(end);
    event_free(quit);
    event_base_free(p.base);
    return 0;
}
