#include <veillee/counting.h>

#include "sync/membership.h"
#include <stdlib.h>

struct counting {
    const struct vl_content_node *nodes;
    struct vl_name_table ids;   /* a node's number is its place */
    struct vl_index_list queue; /* reached, links not yet followed: each node once */
    bool *counts;
};

static void reach(struct counting *c, struct vl_bytes id)
{
    uint32_t at = vl_name_table_find(&c->ids, id);
    if (at == VL_NO_INDEX || c->counts[at]) return;
    c->counts[at] = true;
    vl_index_list_push(&c->queue, at);
}

bool vl_counting_is_person(const struct vl_membership *m, struct vl_bytes device)
{
    const struct member_graph *g = &m->graph;
    uint32_t number = vl_name_table_find(&g->device_names, device);
    return number != VL_NO_INDEX &&
           vl_view_is_person(&m->whole, vl_graph_owner(g, number, &m->whole.closure));
}

static bool in_effect(const struct vl_membership *m, uint32_t entry)
{
    return vl_bitset_has(&m->whole.ends, m->graph.nodes[entry]->end);
}

/* A leave in effect, by somebody against whom no remove is. */
static bool is_peaceful_leave(const struct vl_membership *m, uint32_t entry)
{
    const struct member_graph *g = &m->graph;
    if (g->nodes[entry]->kind != VL_CONTROL_LEAVE || !in_effect(m, entry)) return false;
    const struct vl_index_list *ends = &g->persons[g->nodes[entry]->author].member_ends;
    for (size_t i = 0; i < ends->count; i++)
        if (g->nodes[ends->at[i]]->kind == VL_CONTROL_REMOVE && in_effect(m, ends->at[i]))
            return false;
    return true;
}

vl_result vl_counting_cites(const struct vl_membership *m, vl_cite_visit visit, void *context)
{
    const struct member_graph *g = &m->graph;
    if (!m->settled) return VL_ERR_STATE;
    for (uint32_t i = 0; i < g->count; i++) {
        const struct member_node *node = g->nodes[i];
        if (!node->authorised || node->is_outside || node->cites.size == 0) continue;
        if (!vl_view_is_person(&m->whole, node->author) && !is_peaceful_leave(m, i)) continue;
        for (size_t at = 0; at < node->cites.size; at += 1u + node->cites.data[at])
            VL_TRY(visit(context, vl_bytes(node->cites.data + at + 1, node->cites.data[at])));
    }
    return VL_OK;
}

static vl_result reach_cited(void *context, struct vl_bytes content)
{
    reach(context, content);
    return VL_OK;
}

static vl_result reach_sources(struct counting *c, const struct vl_membership *m, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (vl_counting_is_person(m, c->nodes[i].device)) reach(c, c->nodes[i].id);
    return vl_counting_cites(m, reach_cited, c);
}

vl_result vl_counting(const struct vl_membership *m, const struct vl_content_node *nodes,
                      size_t count, bool *counts)
{
    if (!m->settled) return VL_ERR_STATE;
    struct counting c = {.nodes = nodes, .counts = counts};
    vl_name_table_init(&c.ids, false);
    vl_result result = vl_index_list_reserve(&c.queue, count);
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        uint32_t number;
        counts[i] = false;
        result = vl_name_table_intern(&c.ids, nodes[i].id, &number);
        if (result == VL_OK && number != i) result = VL_ERR_INVALID;
    }
    if (result != VL_OK) goto finish;
    result = reach_sources(&c, m, count);
    for (size_t at = 0; at < c.queue.count; at++) {
        const struct vl_content_node *node = &nodes[c.queue.at[at]];
        for (size_t i = 0; i < node->link_count; i++)
            reach(&c, node->links[i]);
    }
finish:
    vl_name_table_finish(&c.ids);
    vl_index_list_finish(&c.queue);
    return result;
}
