#include "api/present.h"

bool present_has_met(const struct met *met, const struct vl_id *person)
{
    for (size_t i = 0; i < met->count; i++) {
        if (vl_id_equal(&met->persons[i], person)) return true;
    }
    return false;
}

static vl_result take(void *context, const struct api_peer *peer)
{
    struct met *met = context;
    if (!peer->connected || present_has_met(met, &peer->person)) return VL_OK;
    if (met->count < PRESENT_MET_MAX) {
        met->persons[met->count++] = peer->person;
    } else {
        met->persons[met->oldest] = peer->person;
        met->oldest = (met->oldest + 1) % PRESENT_MET_MAX;
    }
    return VL_OK;
}

void present_look(struct met *met, const struct api_network *network)
{
    (void)!network->peers(network->self, take, met);
}
