/* Rules R3 to R5: which joint removals apply, and what they void.
 *
 * void(U), the entries that a set U of pairs voids, is the least set that holds the cuts of U and
 * every entry with a sort of grants that are all void. It only grows with U. Hence in each round
 *   void(IN) is part of the final answer's, and final is part of void(IN + undecided),
 * so a pair decided OUT or IN by the two plain steps stays so, in whatever order they are taken. */
#include "sync/membership_view.h"

#include <assert.h>
#include <stdlib.h>

static bool is_cut(const struct member_graph *g, const struct member_pair *pair, uint32_t entry)
{
    const struct member_node *node = g->nodes[entry];
    if (node->kind == VL_CONTROL_LEAVE || node->kind == VL_CONTROL_STEPDOWN ||
        node->kind == VL_CONTROL_REMOVE_DEVICE)
        return false;
    return !vl_graph_reaches(g, pair->proposal, entry) &&
           !vl_graph_reaches(g, pair->endorsement, entry) &&
           !vl_graph_knows(g, node, pair->proposal);
}

static vl_result update_cut(const struct member_graph *g, struct member_pair *pair)
{
    const struct vl_index_list *authored = &g->persons[pair->target].authored;
    if (pair->cut_seen == authored->count) return VL_OK;
    VL_TRY(vl_bitset_reserve(&pair->cut, g->count));
    for (; pair->cut_seen < authored->count; pair->cut_seen++) {
        uint32_t entry = authored->at[pair->cut_seen];
        if (is_cut(g, pair, entry)) vl_bitset_put(&pair->cut, entry);
    }
    return VL_OK;
}

static void put_grants(const struct member_graph *g, const struct member_node *node,
                       struct vl_bitset *set)
{
    for (size_t sort = 0; sort < MEMBER_SORT_COUNT; sort++) {
        if (node->rests[sort] == VL_NO_INDEX) continue;
        const struct vl_index_list *grants = &g->grants.lists[node->rests[sort]];
        for (size_t i = 0; i < grants->count; i++)
            vl_bitset_put(set, grants->at[i]);
    }
}

vl_result vl_voiding_rests(const struct member_graph *g, const struct member_node *endorsement)
{
    struct member_pair *pair = endorsement->pair;
    VL_TRY(vl_bitset_reserve(&pair->rests, g->count + 1));
    vl_bitset_put(&pair->rests, pair->endorsement);
    vl_bitset_put(&pair->rests, pair->proposal);
    put_grants(g, endorsement, &pair->rests);
    /* An entry rests on entries of its past, which have lower numbers: one sweep downwards. */
    for (size_t i = g->count; i-- > 0;)
        if (vl_bitset_has(&pair->rests, i)) put_grants(g, g->nodes[i], &pair->rests);
    return VL_OK;
}

/* Whether some sort of grants of the entry is wholly in `dead`. */
static bool lost_its_grants(const struct member_graph *g, uint32_t entry,
                            const struct vl_bitset *dead)
{
    for (size_t sort = 0; sort < MEMBER_SORT_COUNT; sort++) {
        uint32_t list = g->nodes[entry]->rests[sort];
        if (list == VL_NO_INDEX) continue;
        const struct vl_index_list *grants = &g->grants.lists[list];
        bool one_lives = false;
        for (size_t i = 0; i < grants->count && !one_lives; i++)
            one_lives = !vl_bitset_has(dead, grants->at[i]);
        if (!one_lives) return true;
    }
    return false;
}

/* void(U) within S. U is a set of endorsements, or two. */
static void void_by(const struct member_view *view, const struct member_graph *g,
                    const struct vl_bitset *pairs, const struct vl_bitset *more_pairs,
                    struct vl_bitset *dead)
{
    vl_bitset_empty(dead);
    for (size_t i = 0; i < view->queue.count; i++) {
        uint32_t e = view->queue.at[i];
        if (!vl_bitset_has(pairs, e) && (more_pairs == NULL || !vl_bitset_has(more_pairs, e)))
            continue;
        const struct vl_bitset *cut = &g->nodes[e]->pair->cut;
        for (size_t w = 0; w < cut->count && w < dead->count; w++)
            dead->words[w] |= cut->words[w];
    }
    vl_bitset_intersect(dead, &view->closure);
    size_t first = vl_bitset_next(dead, 0);
    if (first == SIZE_MAX) return;
    for (size_t i = vl_bitset_next(&view->closure, first); i != SIZE_MAX;
         i = vl_bitset_next(&view->closure, i + 1))
        if (g->nodes[i]->authorised && !vl_bitset_has(dead, i) &&
            lost_its_grants(g, (uint32_t)i, dead))
            vl_bitset_put(dead, i);
}

static bool hits(const struct member_graph *g, const struct vl_bitset *dead, uint32_t e)
{
    return vl_bitset_has(dead, e) || vl_bitset_has(dead, g->nodes[e]->pair->proposal);
}

/* The two plain steps of R5. Returns whether one of them moved. */
static bool step(struct member_view *view, const struct member_graph *g)
{
    bool moved = false;
    void_by(view, g, &view->pairs_in, NULL, &view->scratch);
    for (size_t i = 0; i < view->queue.count; i++) {
        uint32_t e = view->queue.at[i];
        if (!vl_bitset_has(&view->undecided, e) || !hits(g, &view->scratch, e)) continue;
        vl_bitset_drop(&view->undecided, e);
        moved = true;
    }
    void_by(view, g, &view->pairs_in, &view->undecided, &view->scratch);
    for (size_t i = 0; i < view->queue.count; i++) {
        uint32_t e = view->queue.at[i];
        if (!vl_bitset_has(&view->undecided, e) || hits(g, &view->scratch, e)) continue;
        vl_bitset_drop(&view->undecided, e);
        vl_bitset_put(&view->pairs_in, e);
        moved = true;
    }
    return moved;
}

/* reach[u] = pairs (by place in `pairs`) that u reaches over the edges "u voids what v rests on".
 */
static vl_result find_reach(const struct member_graph *g, const struct vl_index_list *pairs,
                            struct vl_bitset *reach)
{
    size_t count = pairs->count;
    for (size_t u = 0; u < count; u++) {
        VL_TRY(vl_bitset_reserve(&reach[u], count));
        for (size_t v = 0; v < count; v++)
            if (vl_bitset_meets(&g->nodes[pairs->at[u]]->pair->cut,
                                &g->nodes[pairs->at[v]]->pair->rests))
                vl_bitset_put(&reach[u], v);
    }
    for (size_t by = 0; by < count; by++)
        for (size_t u = 0; u < count; u++)
            if (vl_bitset_has(&reach[u], by)) vl_bitset_join(&reach[u], &reach[by]);
    return VL_OK;
}

/* When neither step moves: components that no other undecided pair points into become IN. */
static vl_result decide_components(struct member_view *view, const struct member_graph *g)
{
    struct vl_index_list pairs = {0};
    struct vl_bitset *reach = NULL;
    vl_result result = VL_OK;
    for (size_t i = 0; i < view->queue.count && result == VL_OK; i++)
        if (vl_bitset_has(&view->undecided, view->queue.at[i]))
            result = vl_index_list_append(&pairs, view->queue.at[i]);
    if (result != VL_OK) goto finish;
    assert(pairs.count > 0);
    reach = calloc(pairs.count, sizeof *reach);
    result = reach == NULL ? VL_ERR_NO_MEMORY : find_reach(g, &pairs, reach);
    if (result != VL_OK) goto finish;
    for (size_t v = 0; v < pairs.count; v++) {
        bool is_source = true;
        for (size_t u = 0; u < pairs.count && is_source; u++)
            is_source = !vl_bitset_has(&reach[u], v) || vl_bitset_has(&reach[v], u);
        if (!is_source) continue;
        vl_bitset_drop(&view->undecided, pairs.at[v]);
        vl_bitset_put(&view->pairs_in, pairs.at[v]);
    }
finish:
    for (size_t i = 0; reach != NULL && i < pairs.count; i++)
        vl_bitset_finish(&reach[i]);
    free(reach);
    vl_index_list_finish(&pairs);
    return result;
}

vl_result vl_voiding_decide(struct member_view *view, struct member_graph *g)
{
    view->queue.count = 0;
    for (size_t i = 0; i < g->pairs.count; i++) {
        uint32_t e = g->pairs.at[i];
        if (!vl_bitset_has(&view->closure, e)) continue;
        VL_TRY(update_cut(g, g->nodes[e]->pair));
        vl_index_list_push(&view->queue, e);
        vl_bitset_put(&view->undecided, e);
    }
    while (vl_bitset_next(&view->undecided, 0) != SIZE_MAX)
        if (!step(view, g)) VL_TRY(decide_components(view, g));
    void_by(view, g, &view->pairs_in, NULL, &view->dead);
    return VL_OK;
}
