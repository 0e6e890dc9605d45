#include "node/presence.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct presence {
    struct presence_config config;
    struct listener *listener;
    struct discovery *discovery;
    struct discovery *asking; /* beside it, see presence_ask_again; or NULL */
};

/* The real string stands at a random place among noise (the filler's business is the real one). */
static void shuffle(uint8_t strings[VL_BEACONS_PER_RECORD][VL_BEACON_BYTES])
{
    uint8_t other[VL_BEACON_BYTES];
    for (uint32_t k = VL_BEACONS_PER_RECORD - 1; k > 0; k--) {
        const uint32_t j = randombytes_uniform(k + 1);
        memcpy(other, strings[k], VL_BEACON_BYTES);
        memmove(strings[k], strings[j], VL_BEACON_BYTES);
        memcpy(strings[j], other, VL_BEACON_BYTES);
    }
}

static vl_result prepare(struct presence *p, const struct presence_config *config,
                         const struct interface *on, struct discovery_instance *out)
{
    size_t slot;
    uint16_t port;
    VL_TRY(listener_bind(p->listener, on, &slot, &port));
    out->interface = on->index;
    out->port = port;
    out->address_count = on->address_count;
    memcpy(out->addresses, on->addresses, sizeof out->addresses);
    randombytes_buf(out->strings, sizeof out->strings);
    VL_TRY(config->fill(config->context, slot, on, port, out->strings));
    shuffle(out->strings);
    return VL_OK;
}

static vl_result show(struct presence *p, const struct presence_config *config)
{
    const struct interface_list *list = config->interfaces;
    struct discovery_instance *instances = calloc(list->count, sizeof *instances);
    if (!instances) return VL_ERR_NO_MEMORY;
    vl_result result = VL_OK;
    for (size_t k = 0; k < list->count && result == VL_OK; k++)
        result = prepare(p, config, &list->items[k], &instances[k]);
    const struct discovery_config discovery = {.base = config->base,
                                               .interfaces = list,
                                               .instances = instances,
                                               .instance_count = list->count,
                                               .browse = config->browse,
                                               .found = config->found,
                                               .broken = config->broken,
                                               .context = config->context};
    if (result == VL_OK) result = discovery_create(&p->discovery, &discovery);
    free(instances);
    return result;
}

vl_result presence_create(struct presence **out, const struct presence_config *config)
{
    if (config->interfaces->count == 0) return VL_ERR_NETWORK;
    struct presence *p = calloc(1, sizeof *p);
    if (!p) return VL_ERR_NO_MEMORY;
    p->config = *config;
    const struct listener_config listener = {.base = config->base,
                                             .accepted = config->accepted,
                                             .evicted = config->evicted,
                                             .context = config->context};
    vl_result result = listener_create(&p->listener, &listener);
    if (result == VL_OK) result = show(p, config);
    if (result != VL_OK) {
        presence_destroy(p);
        return result;
    }
    *out = p;
    return VL_OK;
}

void presence_destroy(struct presence *p)
{
    if (!p) return;
    discovery_destroy(p->asking);
    discovery_destroy(p->discovery);
    listener_destroy(p->listener);
    free(p);
}

bool presence_heard(const struct presence *p)
{
    return discovery_heard(p->discovery);
}

/* Avahi keeps a question's intervals, which double, for as long as somebody may ask it again; a
 * second one beside it, which shows nothing, begins anew. */
void presence_ask_again(struct presence *p)
{
    const struct discovery_config config = {.base = p->config.base,
                                            .interfaces = p->config.interfaces,
                                            .browse = true,
                                            .found = p->config.found,
                                            .context = p->config.context};
    presence_ask_no_more(p);
    if (p->config.browse && discovery_create(&p->asking, &config) != VL_OK) p->asking = NULL;
}

void presence_ask_no_more(struct presence *p)
{
    discovery_destroy(p->asking);
    p->asking = NULL;
}
