#include "sync/membership_epochs.h"
#include "sync/membership_authority.h"

#include <stdlib.h>

static int newer_first(const struct member_graph *g, uint32_t a, uint32_t b)
{
    const struct member_node *first = g->nodes[a], *second = g->nodes[b];
    if (first->lamport != second->lamport) return first->lamport > second->lamport ? -1 : 1;
    return -vl_bytes_compare(vl_name_table_name(&g->names, a), vl_name_table_name(&g->names, b));
}

static bool is_recipient(const struct member_node *node, uint32_t device)
{
    for (size_t i = 0; i < node->key_count; i++)
        if (node->keys[i].device == device) return true;
    return false;
}

static bool knows_pairs(const struct member_view *view, const struct member_node *epoch)
{
    for (size_t e = vl_bitset_next(&view->pairs_in, 0); e != SIZE_MAX;
         e = vl_bitset_next(&view->pairs_in, e + 1)) /* its proposal is in its past */
        if (!vl_bitset_has(&epoch->past, e)) return false;
    return true;
}

static void put_recipients(const struct member_node *node, struct vl_bitset *holders)
{
    for (size_t i = 0; i < node->key_count; i++)
        vl_bitset_put(holders, node->keys[i].device);
}

/* Everything that R11 asks of an epoch beside that one can open it. */
static bool is_usable(const struct member_graph *g, const struct member_view *view, uint32_t entry,
                      struct vl_bitset *holders)
{
    const struct member_node *epoch = g->nodes[entry];
    if (!vl_bitset_has(&view->closure, entry)) return false;
    if (!vl_bitset_has(&view->current, epoch->device)) return false;
    if (!vl_bitset_covers(&epoch->known, &view->ends) || !knows_pairs(view, epoch)) return false;
    vl_bitset_empty(holders);
    vl_bitset_put(holders, epoch->device);
    put_recipients(epoch, holders);
    for (size_t i = 0; i < epoch->seals.count; i++)
        if (vl_bitset_has(&view->closure, epoch->seals.at[i]))
            put_recipients(g->nodes[epoch->seals.at[i]], holders);
    return vl_bitset_equal(holders, &view->current);
}

/* Whether the device could open the epoch by the boxes of `past`. honest[i]: the author of the
 * epoch's seal i could, so its boxes hold the secret and not rubbish. */
static bool could_open(const struct member_graph *g, const struct member_node *epoch,
                       const bool *honest, size_t seals, const struct vl_bitset *past,
                       uint32_t device)
{
    if (epoch->device == device || is_recipient(epoch, device)) return true;
    for (size_t i = 0; i < seals; i++)
        if (honest[i] && vl_bitset_has(past, epoch->seals.at[i]) &&
            is_recipient(g->nodes[epoch->seals.at[i]], device))
            return true;
    return false;
}

/* Gives the epoch to the devices that could open it and have none yet. Returns how many. */
static size_t hand_out(const struct member_graph *g, const struct member_view *view, uint32_t entry,
                       bool *honest, uint32_t *chosen)
{
    const struct member_node *epoch = g->nodes[entry];
    for (size_t i = 0; i < epoch->seals.count; i++) { /* seals in a past have lower places */
        const struct member_node *seal = g->nodes[epoch->seals.at[i]];
        honest[i] = could_open(g, epoch, honest, i, &seal->past, seal->device);
    }
    size_t given = 0;
    for (size_t d = vl_bitset_next(&view->current, 0); d != SIZE_MAX;
         d = vl_bitset_next(&view->current, d + 1)) {
        if (chosen[d] != VL_NO_INDEX ||
            !could_open(g, epoch, honest, epoch->seals.count, &view->closure, (uint32_t)d))
            continue;
        chosen[d] = entry;
        given++;
    }
    return given;
}

static size_t count_current(const struct member_view *view)
{
    size_t count = 0;
    for (size_t d = vl_bitset_next(&view->current, 0); d != SIZE_MAX;
         d = vl_bitset_next(&view->current, d + 1))
        count++;
    return count;
}

vl_result vl_epochs_choose(const struct member_graph *g, const struct member_view *view,
                           uint32_t *chosen)
{
    struct vl_bitset holders = {0};
    struct vl_index_list usable = {0};
    bool *honest = NULL;
    size_t most_seals = 0, missing = count_current(view);
    for (size_t i = 0; i < g->device_names.count; i++)
        chosen[i] = VL_NO_INDEX;
    vl_result result = vl_bitset_reserve(&holders, g->device_names.count);
    for (size_t i = 0; i < g->epochs.count && result == VL_OK; i++) {
        uint32_t epoch = g->epochs.at[i];
        if (!is_usable(g, view, epoch, &holders)) continue;
        result = vl_index_list_append(&usable, epoch);
        if (g->nodes[epoch]->seals.count > most_seals) most_seals = g->nodes[epoch]->seals.count;
    }
    if (result == VL_OK) honest = calloc(most_seals + 1, sizeof *honest);
    if (result == VL_OK && honest == NULL) result = VL_ERR_NO_MEMORY;
    while (result == VL_OK && missing > 0 && usable.count > 0) {
        size_t best = 0;
        for (size_t i = 1; i < usable.count; i++)
            if (newer_first(g, usable.at[i], usable.at[best]) < 0) best = i;
        missing -= hand_out(g, view, usable.at[best], honest, chosen);
        usable.at[best] = usable.at[--usable.count];
    }
    free(honest);
    vl_index_list_finish(&usable);
    vl_bitset_finish(&holders);
    return result;
}

/* ---- what is owed to newcomers ---- */

static bool holds(const struct member_graph *g, const struct member_view *view,
                  const struct member_node *epoch, uint32_t device)
{
    if (epoch->device == device || is_recipient(epoch, device)) return true;
    for (size_t i = 0; i < epoch->seals.count; i++)
        if (vl_bitset_has(&view->closure, epoch->seals.at[i]) &&
            is_recipient(g->nodes[epoch->seals.at[i]], device))
            return true;
    return false;
}

/* Whether `giver` sealed an epoch to the device in whose past it was not enrolled. */
static bool gave_past(const struct member_graph *g, const struct member_view *view, uint32_t giver,
                      uint32_t device)
{
    for (size_t i = 0; i < g->epochs.count; i++) {
        const struct member_node *epoch = g->nodes[g->epochs.at[i]];
        for (size_t k = 0; k < epoch->seals.count; k++) {
            const struct member_node *seal = g->nodes[epoch->seals.at[k]];
            if (seal->device == giver && vl_bitset_has(&view->closure, epoch->seals.at[k]) &&
                is_recipient(seal, device) && !vl_graph_enrolled(g, device, &epoch->past))
                return true;
        }
    }
    return false;
}

static bool lacks(const struct member_graph *g, const struct member_view *view, uint32_t entry,
                  uint32_t device)
{
    const struct member_node *epoch = g->nodes[entry];
    return vl_bitset_has(&view->closure, entry) && !holds(g, view, epoch, device) &&
           !vl_graph_enrolled(g, device, &epoch->past) &&
           vl_may_get_seal(g, &view->closure, epoch, device);
}

bool vl_epochs_owed(const struct member_graph *g, const struct member_view *view, uint32_t giver,
                    struct owed_seal *at)
{
    for (size_t d = vl_bitset_next(&view->current, at->device); d != SIZE_MAX;
         d = vl_bitset_next(&view->current, d + 1)) {
        if (d != at->device) *at = (struct owed_seal){.device = (uint32_t)d};
        if (d == giver || !gave_past(g, view, giver, at->device)) continue;
        for (; at->epoch < g->epochs.count; at->epoch++)
            if (lacks(g, view, g->epochs.at[at->epoch], at->device)) return true;
    }
    return false;
}
