#include "node/interfaces.h"

#include "node/address.h"
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Changes come in bursts (link up, then each address); look once they are over. */
static const struct timeval SETTLE = {0, 300000};

struct interfaces {
    struct interfaces_config config;
    char only[IF_NAMESIZE];
    struct interface_list list;
    struct event *notice, *settle;
    int fd;
};

/* IPv6 addresses still in duplicate detection cannot be bound; the kernel tells when they can. */
static bool can_bind(const struct vl_address *address, unsigned index)
{
    struct endpoint at = {.address = *address, .interface = index, .port = 0};
    struct sockaddr_storage storage;
    socklen_t size = endpoint_to_socket(&at, &storage);
    int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool good = bind(fd, (const struct sockaddr *)&storage, size) == 0;
    (void)close(fd);
    return good;
}

static bool eligible(const struct interfaces *i, const struct ifaddrs *item)
{
    if (!item->ifa_addr) return false;
    if (i->only[0] && strcmp(i->only, item->ifa_name) != 0) return false;
    const unsigned need = IFF_UP | IFF_RUNNING;
    if ((item->ifa_flags & need) != need) return false;
    if (item->ifa_flags & IFF_POINTOPOINT) return false;
    if (item->ifa_flags & IFF_LOOPBACK) return i->config.allow_loopback;
    return (item->ifa_flags & IFF_MULTICAST) != 0;
}

/* The interface of that index in the sorted list, made when absent; NULL: no room. */
static struct interface *place(struct interface_list *list, unsigned index, const char *name)
{
    size_t at = 0;
    while (at < list->count && list->items[at].index < index)
        at++;
    if (at < list->count && list->items[at].index == index) return &list->items[at];
    if (list->count == INTERFACES_MAX) return NULL;
    memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof list->items[0]);
    list->count++;
    struct interface *new = &list->items[at];
    memset(new, 0, sizeof *new);
    new->index = index;
    (void)snprintf(new->name, sizeof new->name, "%s", name);
    return new;
}

static void insert_address(struct interface *to, const struct vl_address *address)
{
    size_t at = 0;
    while (at < to->address_count && vl_address_compare(&to->addresses[at], address) < 0)
        at++;
    if (at < to->address_count && vl_address_compare(&to->addresses[at], address) == 0) return;
    if (to->address_count == VL_BEACON_ADDRESSES_MAX) return;
    memmove(&to->addresses[at + 1], &to->addresses[at],
            (to->address_count - at) * sizeof to->addresses[0]);
    to->addresses[at] = *address;
    to->address_count++;
}

static bool holds(const struct interface_list *list, unsigned index)
{
    for (size_t k = 0; k < list->count; k++)
        if (list->items[k].index == index) return true;
    return false;
}

/* One of two passes: first the addresses of the link, then, where there are none, the others. */
static void collect(const struct interfaces *i, const struct ifaddrs *all, bool others,
                    struct interface_list *list)
{
    const struct interface_list before = *list;
    for (const struct ifaddrs *item = all; item; item = item->ifa_next) {
        struct endpoint at;
        if (!eligible(i, item) || endpoint_from_socket(item->ifa_addr, &at) != VL_OK) continue;
        bool of_link = at.address.family == 4 || address_is_link_local(&at.address) ||
                       (item->ifa_flags & IFF_LOOPBACK) != 0;
        unsigned index = if_nametoindex(item->ifa_name);
        if (of_link == others || index == 0 || holds(&before, index)) continue;
        if (!can_bind(&at.address, index)) continue;
        struct interface *to = place(list, index, item->ifa_name);
        if (to) insert_address(to, &at.address);
    }
}

static vl_result look(const struct interfaces *i, struct interface_list *list)
{
    struct ifaddrs *all;
    memset(list, 0, sizeof *list);
    if (getifaddrs(&all) != 0) return VL_ERR_NETWORK;
    collect(i, all, false, list);
    collect(i, all, true, list);
    freeifaddrs(all);
    return VL_OK;
}

static void settled(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct interfaces *i = context;
    struct interface_list now;
    if (look(i, &now) != VL_OK) return;
    if (memcmp(&now, &i->list, sizeof now) == 0) return; /* both were zeroed, padding included */
    i->list = now;
    i->config.changed(i->config.context);
}

/* What changed is not read from the notice: the list is looked at again as a whole. */
static void noticed(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct interfaces *i = context;
    char drop[8192];
    while (recv(fd, drop, sizeof drop, MSG_DONTWAIT | MSG_TRUNC) > 0)
        continue;
    (void)event_add(i->settle, &SETTLE);
}

static int notices_open(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) return -1;
    struct sockaddr_nl local = {.nl_family = AF_NETLINK,
                                .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    if (bind(fd, (const struct sockaddr *)&local, sizeof local) == 0) return fd;
    (void)close(fd);
    return -1;
}

vl_result interfaces_create(struct interfaces **out, const struct interfaces_config *config)
{
    struct interfaces *i = calloc(1, sizeof *i);
    if (!i) return VL_ERR_NO_MEMORY;
    vl_result result = VL_ERR_NETWORK;
    i->config = *config;
    i->config.only = NULL;
    if (config->only) (void)snprintf(i->only, sizeof i->only, "%s", config->only);
    i->fd = notices_open();
    if (i->fd < 0) goto fail;
    result = VL_ERR_NO_MEMORY;
    i->settle = evtimer_new(config->base, settled, i);
    i->notice = event_new(config->base, i->fd, EV_READ | EV_PERSIST, noticed, i);
    if (!i->settle || !i->notice || event_add(i->notice, NULL) != 0) goto fail;
    result = look(i, &i->list);
    if (result != VL_OK) goto fail;
    *out = i;
    return VL_OK;
fail:
    interfaces_destroy(i);
    return result;
}

void interfaces_destroy(struct interfaces *i)
{
    if (!i) return;
    if (i->notice) event_free(i->notice);
    if (i->settle) event_free(i->settle);
    if (i->fd >= 0) (void)close(i->fd);
    free(i);
}

const struct interface_list *interfaces_current(const struct interfaces *i)
{
    return &i->list;
}
