#include "sync/membership.h"

#include "sync/membership_authority.h"
#include "sync/membership_epochs.h"
#include <assert.h>
#include <stdlib.h>
#include <veillee/limits.h>

vl_result vl_membership_create(struct vl_membership **out)
{
    struct vl_membership *m = calloc(1, sizeof *m);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    vl_graph_init(&m->graph);
    *out = m;
    return VL_OK;
}

void vl_membership_destroy(struct vl_membership *m)
{
    if (m == NULL) return;
    vl_view_finish(&m->whole);
    for (size_t i = 0; i < MEMBERSHIP_VIEWS; i++)
        vl_view_finish(&m->views[i]);
    vl_index_list_finish(&m->persons);
    vl_index_list_finish(&m->devices);
    vl_index_list_finish(&m->write_epochs);
    vl_graph_finish(&m->graph);
    free(m);
}

/* State(closure), remembered for a while. */
static vl_result view_of(struct vl_membership *m, const struct vl_bitset *closure,
                         struct member_view **out)
{
    if (m->whole_valid && vl_bitset_equal(&m->whole.closure, closure)) {
        *out = &m->whole;
        return VL_OK;
    }
    size_t slot = 0;
    for (size_t i = 0; i < MEMBERSHIP_VIEWS; i++) {
        if (m->valid[i] && vl_bitset_equal(&m->views[i].closure, closure)) {
            m->used[i] = ++m->turn;
            *out = &m->views[i];
            return VL_OK;
        }
        if (m->used[i] < m->used[slot]) slot = i;
    }
    m->valid[slot] = false;
    VL_TRY(vl_view_compute(&m->views[slot], &m->graph, closure));
    m->valid[slot] = true;
    m->used[slot] = ++m->turn;
    *out = &m->views[slot];
    return VL_OK;
}

static vl_result make_judged(struct vl_membership *m, const struct vl_member_entry *entry,
                             struct member_node **out)
{
    struct member_node *node = NULL;
    struct member_view *past = NULL;
    VL_TRY(vl_graph_make(&m->graph, entry, &node));
    vl_result result = view_of(m, &node->past, &past);
    if (result == VL_OK) result = vl_authority_judge(&m->graph, past, node);
    if (result != VL_OK) {
        vl_graph_destroy_node(node);
        return result;
    }
    *out = node;
    return VL_OK;
}

static bool is_root_found(const struct vl_member_entry *entry)
{
    return entry->kind == VL_CONTROL_FOUND && entry->link_count == 0;
}

vl_result vl_membership_add(struct vl_membership *m, const struct vl_member_entry *entry)
{
    struct member_graph *g = &m->graph;
    if (entry->id.size == 0 || entry->id.size > VL_MEMBER_NAME_MAX) return VL_ERR_INVALID;
    if (vl_name_table_find(&g->names, entry->id) != VL_NO_INDEX) return VL_ERR_EXISTS;
    if (g->count >= VL_CONTROL_ENTRIES_MAX) return VL_ERR_LIMIT;
    if (is_root_found(entry) && g->has_root_found) return VL_ERR_INVALID;
    struct member_node *node = NULL;
    VL_TRY(make_judged(m, entry, &node));
    vl_result result = vl_graph_attach(g, node);
    if (result != VL_OK) {
        vl_graph_destroy_node(node);
        return result;
    }
    result = vl_graph_name_last(g, entry->id, entry->links, entry->link_count);
    if (result != VL_OK) {
        vl_graph_destroy_node(vl_graph_detach(g));
        return result;
    }
    if (is_root_found(entry)) g->has_root_found = true;
    m->settled = false;
    return VL_OK;
}

/* ---- the graph ---- */

size_t vl_membership_frontier(const struct vl_membership *m, struct vl_bytes *out, size_t max)
{
    const struct vl_index_list *frontier = &m->graph.frontier;
    for (size_t i = 0; i < frontier->count && i < max; i++)
        out[i] = vl_name_table_name(&m->graph.names, frontier->at[i]);
    return frontier->count;
}

bool vl_membership_reaches(const struct vl_membership *m, struct vl_bytes entry,
                           struct vl_bytes ancestor)
{
    uint32_t from = vl_name_table_find(&m->graph.names, entry);
    uint32_t to = vl_name_table_find(&m->graph.names, ancestor);
    return from != VL_NO_INDEX && to != VL_NO_INDEX && vl_graph_reaches(&m->graph, from, to);
}

/* Sorted, each once. Lists are short (VL_AUTH_MAX), mostly sorted already. */
static size_t sort_names(struct vl_bytes *names, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct vl_bytes name = names[i];
        size_t at = i;
        for (; at > 0 && vl_bytes_compare(names[at - 1], name) > 0; at--)
            names[at] = names[at - 1];
        names[at] = name;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !vl_bytes_equal(names[kept - 1], names[i])) names[kept++] = names[i];
    return kept;
}

size_t vl_membership_maximal(const struct vl_membership *m, struct vl_bytes *names, size_t count,
                             vl_result *result)
{
    for (size_t i = 0; i < count; i++) {
        if (vl_name_table_find(&m->graph.names, names[i]) != VL_NO_INDEX) continue;
        *result = VL_ERR_MISSING;
        return count;
    }
    *result = VL_OK;
    count = sort_names(names, count);
    /* What another one reaches is marked by an empty view; it still hides nothing that its
     * successor would not hide too. */
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count && names[i].size > 0; j++)
            if (i != j && names[j].size > 0 && vl_membership_reaches(m, names[j], names[i]))
                names[i].size = 0;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (names[i].size > 0) names[kept++] = names[i];
    return kept;
}

/* ---- the state of everything ---- */

/* All that is not outside. */
static vl_result inside(const struct member_graph *g, struct vl_bitset *out)
{
    VL_TRY(vl_bitset_reserve(out, g->count));
    for (size_t i = 0; i < g->count; i++)
        if (!g->nodes[i]->is_outside) vl_bitset_put(out, i);
    return VL_OK;
}

/* Whether one of these entries is part of the state. Mostly the first one is. */
static bool any_inside(const struct member_graph *g, const struct vl_index_list *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        if (!g->nodes[entries->at[i]]->is_outside) return true;
    return false;
}

static vl_result list_known(struct vl_membership *m)
{
    struct member_graph *g = &m->graph;
    m->persons.count = m->devices.count = 0;
    VL_TRY(vl_index_list_reserve(&m->persons, g->person_names.count));
    VL_TRY(vl_index_list_reserve(&m->devices, g->device_names.count));
    for (size_t i = 0; i < g->person_names.count; i++)
        if (any_inside(g, &g->persons[g->person_names.sorted[i]].adds))
            vl_index_list_push(&m->persons, g->person_names.sorted[i]);
    for (size_t i = 0; i < g->device_names.count; i++)
        if (any_inside(g, &g->devices[g->device_names.sorted[i]].enrolments))
            vl_index_list_push(&m->devices, g->device_names.sorted[i]);
    return VL_OK;
}

vl_result vl_membership_settle(struct vl_membership *m)
{
    if (m->settled) return VL_OK;
    struct member_graph *g = &m->graph;
    struct vl_bitset all = {0};
    m->whole_valid = false;
    vl_result result = inside(g, &all);
    if (result == VL_OK) result = vl_view_compute(&m->whole, g, &all);
    vl_bitset_finish(&all);
    VL_TRY(result);
    m->whole_valid = true;
    VL_TRY(list_known(m));
    m->write_epochs.count = 0;
    VL_TRY(vl_index_list_reserve(&m->write_epochs, g->device_names.count + 1));
    VL_TRY(vl_epochs_choose(g, &m->whole, m->write_epochs.at));
    m->write_epochs.count = g->device_names.count;
    m->settled = true;
    return VL_OK;
}

bool vl_membership_is_private(const struct vl_membership *m)
{
    const struct member_graph *g = &m->graph;
    assert(m->settled);
    return g->found != VL_NO_INDEX && g->nodes[g->found]->is_private;
}

size_t vl_membership_person_count(const struct vl_membership *m)
{
    assert(m->settled);
    return m->persons.count;
}

static void fill_person(const struct vl_membership *m, uint32_t person, struct vl_person_state *out)
{
    const struct member_standing *standing = &m->whole.persons[person];
    *out = (struct vl_person_state){
        .name = vl_name_table_name(&m->graph.person_names, person),
        .role = standing->is_facilitator ? VL_ROLE_FACILITATOR
                : standing->is_person    ? VL_ROLE_MEMBER
                                         : VL_ROLE_NONE,
        .confirmed = standing->is_confirmed,
        .device_count = standing->device_count,
    };
}

void vl_membership_person(const struct vl_membership *m, size_t at, struct vl_person_state *out)
{
    assert(m->settled && at < m->persons.count);
    fill_person(m, m->persons.at[at], out);
}

size_t vl_membership_device_count(const struct vl_membership *m)
{
    assert(m->settled);
    return m->devices.count;
}

static void fill_device(const struct vl_membership *m, uint32_t device, struct vl_device_state *out)
{
    const struct member_graph *g = &m->graph;
    uint32_t owner = vl_graph_owner(g, device, &m->whole.closure);
    uint32_t epoch = m->write_epochs.at[device];
    *out = (struct vl_device_state){
        .device = vl_name_table_name(&g->device_names, device),
        .current = vl_bitset_has(&m->whole.current, device),
    };
    if (owner != VL_NO_INDEX) out->person = vl_name_table_name(&g->person_names, owner);
    if (epoch != VL_NO_INDEX) out->write_epoch = vl_name_table_name(&g->names, epoch);
}

void vl_membership_device(const struct vl_membership *m, size_t at, struct vl_device_state *out)
{
    assert(m->settled && at < m->devices.count);
    fill_device(m, m->devices.at[at], out);
}

vl_result vl_membership_find_person(const struct vl_membership *m, struct vl_bytes person,
                                    struct vl_person_state *out)
{
    assert(m->settled);
    uint32_t number = vl_name_table_find(&m->graph.person_names, person);
    *out = (struct vl_person_state){0};
    if (number == VL_NO_INDEX || !any_inside(&m->graph, &m->graph.persons[number].adds))
        return VL_ERR_NOT_FOUND;
    fill_person(m, number, out);
    return VL_OK;
}

vl_result vl_membership_find_device(const struct vl_membership *m, struct vl_bytes device,
                                    struct vl_device_state *out)
{
    assert(m->settled);
    uint32_t number = vl_name_table_find(&m->graph.device_names, device);
    *out = (struct vl_device_state){0};
    if (number == VL_NO_INDEX || !any_inside(&m->graph, &m->graph.devices[number].enrolments))
        return VL_ERR_NOT_FOUND;
    fill_device(m, number, out);
    return VL_OK;
}

bool vl_membership_owed(const struct vl_membership *m, struct vl_bytes giver, struct vl_owed_at *at,
                        struct vl_owed_seal *out)
{
    assert(m->settled);
    struct owed_seal owed = {.device = at->device, .epoch = at->epoch};
    uint32_t number = vl_name_table_find(&m->graph.device_names, giver);
    if (number == VL_NO_INDEX || !vl_epochs_owed(&m->graph, &m->whole, number, &owed)) return false;
    out->epoch = vl_name_table_name(&m->graph.names, m->graph.epochs.at[owed.epoch]);
    out->device = vl_name_table_name(&m->graph.device_names, owed.device);
    *at = (struct vl_owed_at){.device = owed.device, .epoch = owed.epoch + 1};
    return true;
}

/* Of grants in force the last. */
static uint32_t grant_held(const struct vl_membership *m, const struct vl_index_list *grants,
                           const struct vl_index_list *ends, const struct vl_index_list *more_ends)
{
    for (size_t i = grants->count; i-- > 0;)
        if (vl_view_holds(&m->whole, &m->graph, grants->at[i], ends) &&
            vl_view_holds(&m->whole, &m->graph, grants->at[i], more_ends))
            return grants->at[i];
    return VL_NO_INDEX;
}

/* The endorsement of a pair that applies, if it is against the person and the first of its
 * proposal, or (`others`) if it is not. */
static uint32_t pair_needed(const struct vl_membership *m, uint32_t person, size_t at, bool others)
{
    const struct member_graph *g = &m->graph;
    const uint32_t entry = g->pairs.at[at];
    const struct member_pair *pair = g->nodes[entry]->pair;
    if (!vl_bitset_has(&m->whole.pairs_in, entry)) return VL_NO_INDEX;
    bool first = pair->target == person;
    for (size_t i = 0; first && i < at; i++) {
        const struct member_pair *before = g->nodes[g->pairs.at[i]]->pair;
        first = before->proposal != pair->proposal ||
                !vl_bitset_has(&m->whole.pairs_in, before->endorsement);
    }
    return first != others ? entry : VL_NO_INDEX;
}

bool vl_membership_needed(const struct vl_membership *m, struct vl_bytes device, size_t *at,
                          struct vl_bytes *out)
{
    const struct member_graph *g = &m->graph;
    const size_t pairs = g->pairs.count;
    uint32_t number = vl_name_table_find(&g->device_names, device), entry = VL_NO_INDEX;
    assert(m->settled);
    if (number == VL_NO_INDEX) return false;
    const uint32_t owner = vl_graph_owner(g, number, &m->whole.closure);
    if (owner == VL_NO_INDEX) return false;
    const struct member_person *person = &g->persons[owner];
    while (entry == VL_NO_INDEX && *at < 3 + 2 * pairs) {
        const size_t i = (*at)++;
        if (i == 0)
            entry = grant_held(m, &person->adds, &person->member_ends, &person->member_ends);
        else if (i == 1)
            entry = grant_held(m, &g->devices[number].enrolments, &person->member_ends,
                               &g->devices[number].ends);
        else if (i == 2)
            entry = grant_held(m, &person->roles, &person->member_ends, &person->role_ends);
        else
            entry = pair_needed(m, owner, (i - 3) % pairs, i - 3 >= pairs);
    }
    if (entry == VL_NO_INDEX) return false;
    *out = vl_name_table_name(&g->names, entry);
    return true;
}

bool vl_membership_rests(const struct vl_membership *m, struct vl_bytes target,
                         struct vl_bytes *out)
{
    const struct member_graph *g = &m->graph;
    const struct vl_index_list none = {0};
    uint32_t entry = vl_name_table_find(&g->names, target);
    const uint32_t person = vl_name_table_find(&g->person_names, target);
    const uint32_t device = vl_name_table_find(&g->device_names, target);
    assert(m->settled);
    if (entry == VL_NO_INDEX && person != VL_NO_INDEX)
        entry = grant_held(m, &g->persons[person].adds, &g->persons[person].member_ends, &none);
    if (entry == VL_NO_INDEX && device != VL_NO_INDEX)
        entry = grant_held(m, &g->devices[device].enrolments, &g->devices[device].ends, &none);
    if (entry == VL_NO_INDEX) return false;
    *out = vl_name_table_name(&g->names, entry);
    return true;
}

enum vl_standing vl_membership_standing(const struct vl_membership *m, struct vl_bytes entry,
                                        bool *is_end)
{
    assert(m->settled);
    const struct member_graph *g = &m->graph;
    if (is_end != NULL) *is_end = false;
    uint32_t number = vl_name_table_find(&g->names, entry);
    if (number == VL_NO_INDEX) return VL_STANDING_UNKNOWN;
    const struct member_node *node = g->nodes[number];
    if (node->is_outside) return VL_STANDING_UNKNOWN;
    if (!node->authorised) return VL_STANDING_UNAUTHORISED;
    if (is_end != NULL && node->end != VL_NO_INDEX)
        *is_end = vl_bitset_has(&m->whole.ends, node->end);
    return vl_bitset_has(&m->whole.dead, number) ? VL_STANDING_VOID : VL_STANDING_LIVING;
}

bool vl_membership_is_authorised(const struct vl_membership *m, struct vl_bytes entry)
{
    uint32_t number = vl_name_table_find(&m->graph.names, entry);
    return number != VL_NO_INDEX && m->graph.nodes[number]->authorised;
}

/* By the past of the tombstone and of what has this auth. */
static vl_result is_facilitator_yet(struct vl_membership *m, const struct member_node *node,
                                    const struct vl_bytes *auth, size_t count, bool *out)
{
    const struct member_graph *g = &m->graph;
    struct vl_bitset both = {0};
    struct member_view *view = NULL;
    vl_result result = vl_bitset_copy(&both, &node->past);
    for (size_t i = 0; result == VL_OK && i < count; i++) {
        const uint32_t number = vl_name_table_find(&g->names, auth[i]);
        if (number == VL_NO_INDEX) continue;
        result = vl_bitset_unite(&both, &g->nodes[number]->past);
        if (result == VL_OK) result = vl_bitset_reserve(&both, number + 1u);
        if (result == VL_OK) vl_bitset_put(&both, number);
    }
    *out = true;
    if (result == VL_OK && !vl_bitset_covers(&node->past, &both)) {
        result = view_of(m, &both, &view);
        *out = result == VL_OK && vl_view_is_facilitator(view, node->author);
    }
    vl_bitset_finish(&both);
    return result;
}

vl_result vl_membership_erases(struct vl_membership *m, struct vl_bytes tombstone,
                               struct vl_bytes device, const struct vl_bytes *auth,
                               size_t auth_count, bool *out)
{
    const struct member_graph *g = &m->graph;
    const uint32_t number = vl_name_table_find(&g->names, tombstone);
    *out = false;
    if (number == VL_NO_INDEX) return VL_OK;
    const struct member_node *node = g->nodes[number];
    if (node->kind != VL_CONTROL_TOMBSTONE || !node->authorised || node->is_outside) return VL_OK;
    const uint32_t author = vl_name_table_find(&g->device_names, device);
    *out = author != VL_NO_INDEX && vl_graph_owner(g, author, &node->past) == node->author;
    if (*out || !node->by_facilitator) return VL_OK;
    return is_facilitator_yet(m, node, auth, auth_count, out);
}

static bool any_reaches(const struct vl_membership *m, const struct vl_bytes *entries, size_t count,
                        uint32_t ancestor)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t entry = vl_name_table_find(&m->graph.names, entries[i]);
        if (entry != VL_NO_INDEX && vl_graph_reaches(&m->graph, entry, ancestor)) return true;
    }
    return false;
}

struct vl_bytes vl_membership_owner(const struct vl_membership *m, struct vl_bytes device,
                                    const struct vl_bytes *auth, size_t count)
{
    const struct member_graph *g = &m->graph;
    uint32_t number = vl_name_table_find(&g->device_names, device), owner = VL_NO_INDEX;
    if (number == VL_NO_INDEX) return vl_bytes(NULL, 0);
    const struct member_device *d = &g->devices[number];
    for (size_t i = 0; i < d->enrolments.count; i++) {
        if (!any_reaches(m, auth, count, d->enrolments.at[i])) continue;
        if (owner != VL_NO_INDEX && owner != d->enrolled_for.at[i]) return vl_bytes(NULL, 0);
        owner = d->enrolled_for.at[i];
    }
    return owner == VL_NO_INDEX ? vl_bytes(NULL, 0) : vl_name_table_name(&g->person_names, owner);
}

vl_result vl_membership_would(struct vl_membership *m, const struct vl_member_entry *entry,
                              enum vl_standing *out)
{
    struct member_graph *g = &m->graph;
    if (g->count >= VL_CONTROL_ENTRIES_MAX) return VL_ERR_LIMIT;
    if (is_root_found(entry) && g->has_root_found) return VL_ERR_INVALID;
    struct member_node *node = NULL;
    VL_TRY(make_judged(m, entry, &node));
    if (!node->authorised) {
        vl_graph_destroy_node(node);
        *out = VL_STANDING_UNAUTHORISED;
        return VL_OK;
    }
    vl_result result = vl_graph_attach(g, node);
    if (result != VL_OK) {
        vl_graph_destroy_node(node);
        return result;
    }
    struct member_view view = {0};
    struct vl_bitset all = {0};
    result = inside(g, &all);
    if (result == VL_OK) result = vl_view_compute(&view, g, &all);
    if (result == VL_OK)
        *out = vl_bitset_has(&view.dead, g->count - 1) ? VL_STANDING_VOID : VL_STANDING_LIVING;
    vl_graph_destroy_node(vl_graph_detach(g));
    vl_bitset_finish(&all);
    vl_view_finish(&view);
    return result;
}
