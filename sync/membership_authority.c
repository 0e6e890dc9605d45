#include "sync/membership_authority.h"

#include <assert.h>
#include <stdlib.h>

/* ---- the founding entry (R1) ---- */

static bool may_found(const struct member_graph *g, struct member_node *node)
{
    if (vl_bitset_next(&node->past, 0) != SIZE_MAX) return false;
    assert(g->found == VL_NO_INDEX); /* a second one without links is no entry of this circle */
    if (node->key_count != (node->is_private ? 1u : 2u)) return false;
    for (size_t i = 0; i < node->key_count; i++) {
        if (!node->keys[i].first) return false;
        if (node->keys[i].device == node->device) node->author = node->keys[i].person;
    }
    return node->author != VL_NO_INDEX &&
           (node->is_private || node->keys[0].person != node->keys[1].person);
}

/* ---- what the kinds ask for ---- */

/* "A living found or add of her in the past": she was one once. */
static bool was_named(const struct member_graph *g, const struct member_view *past, uint32_t person)
{
    const struct vl_index_list *adds = &g->persons[person].adds;
    for (size_t i = 0; i < adds->count; i++)
        if (vl_view_lives(past, g, adds->at[i])) return true;
    return false;
}

static bool was_ever_added(const struct member_graph *g, const struct member_node *node)
{
    const struct vl_index_list *adds = &g->persons[node->target_person].adds;
    for (size_t i = 0; i < adds->count; i++)
        if (vl_bitset_has(&node->past, adds->at[i])) return true;
    return false;
}

/* R7, R9: a first add lists exactly the first key; a later one only keys enrolled for her. */
static bool may_add(const struct member_graph *g, const struct member_view *past,
                    const struct member_node *node)
{
    if (node->target_person == VL_NO_INDEX || node->key_count == 0) return false;
    if (vl_view_is_person(past, node->target_person)) return false;
    if (g->nodes[g->found]->is_private) return false;
    bool again = was_ever_added(g, node);
    if (!again && (node->key_count != 1 || !node->keys[0].first)) return false;
    for (size_t i = 0; i < node->key_count; i++) {
        const struct member_key *key = &node->keys[i];
        if (key->person != node->target_person) return false;
        bool enrolled = vl_graph_enrolled(g, key->device, &node->past);
        if (enrolled != again) return false;
        if (enrolled && vl_graph_owner(g, key->device, &node->past) != node->target_person)
            return false;
    }
    return true;
}

static bool may_remove(const struct member_graph *g, const struct member_view *past,
                       const struct member_node *node)
{
    return node->target_person != VL_NO_INDEX && node->target_person != node->author &&
           was_named(g, past, node->target_person);
}

static bool may_endorse(const struct member_graph *g, const struct member_view *past,
                        const struct member_node *node)
{
    if (node->target_node == VL_NO_INDEX) return false;
    const struct member_node *proposal = g->nodes[node->target_node];
    if (!vl_bitset_has(&node->past, node->target_node) || !proposal->authorised) return false;
    if (proposal->kind != VL_CONTROL_REMOVE && proposal->kind != VL_CONTROL_DEMOTE) return false;
    uint32_t target = proposal->target_person;
    if (node->author == proposal->author || node->author == target) return false;
    if (!past->persons[node->author].is_confirmed || !past->persons[proposal->author].is_confirmed)
        return false;
    return !(vl_view_is_facilitator(past, target) && past->facilitator_count == 1);
}

static bool may_vouch(const struct member_view *past, const struct member_node *node)
{
    return past->persons[node->author].is_confirmed && node->target_person != node->author &&
           vl_view_is_person(past, node->target_person);
}

static bool may_vote(const struct member_view *past, const struct member_node *node)
{
    return past->facilitator_count == 0 && vl_view_is_elector(past, node->author) &&
           vl_view_is_person(past, node->target_person);
}

static bool may_add_device(const struct member_graph *g, const struct member_view *past,
                           const struct member_node *node)
{
    if (node->key_count != 1 || node->keys[0].person != node->author) return false;
    uint32_t device = node->keys[0].device;
    if (vl_bitset_has(&past->current, device)) return false;
    return !vl_graph_enrolled(g, device, &node->past) ||
           vl_graph_owner(g, device, &node->past) == node->author;
}

static bool may_remove_device(const struct member_graph *g, const struct member_view *past,
                              const struct member_node *node)
{
    return node->target_device != VL_NO_INDEX &&
           vl_bitset_has(&past->current, node->target_device) &&
           vl_graph_owner(g, node->target_device, &node->past) == node->author &&
           past->persons[node->author].device_count >= 2;
}

static bool may_restore(const struct member_graph *g, const struct member_view *past,
                        const struct member_node *node)
{
    return vl_view_is_person(past, node->target_person) &&
           past->persons[node->target_person].device_count == 0 && node->key_count == 1 &&
           node->keys[0].person == node->target_person &&
           vl_graph_owner(g, node->keys[0].device, &node->past) == node->target_person;
}

/* ---- seals (R11): never to somebody who comes back, nor to a device that was put out ----
 * (An epoch that knows of a device's end has the device's enrolment in its past.) */

static bool knows_any(const struct member_graph *g, const struct member_node *epoch,
                      const struct vl_index_list *ends)
{
    for (size_t i = 0; i < ends->count; i++)
        if (vl_graph_knows(g, epoch, ends->at[i])) return true;
    return false;
}

bool vl_may_get_seal(const struct member_graph *g, const struct vl_bitset *past,
                     const struct member_node *epoch, uint32_t device)
{
    if (vl_bitset_has(&epoch->devices_at, device)) return true;
    if (vl_graph_enrolled(g, device, &epoch->past)) return false;
    const struct member_device *d = &g->devices[device];
    bool enrolled = false;
    for (size_t i = 0; i < d->enrolments.count; i++) {
        if (!vl_bitset_has(past, d->enrolments.at[i])) continue;
        const struct member_person *owner = &g->persons[d->enrolled_for.at[i]];
        if (knows_any(g, epoch, &owner->member_ends) || knows_any(g, epoch, &owner->role_ends))
            return false;
        enrolled = true;
    }
    return enrolled;
}

static bool may_seal(const struct member_graph *g, const struct member_node *node)
{
    if (node->target_node == VL_NO_INDEX || !vl_bitset_has(&node->past, node->target_node))
        return false;
    const struct member_node *epoch = g->nodes[node->target_node];
    if (epoch->kind != VL_CONTROL_EPOCH || !epoch->authorised) return false;
    for (size_t i = 0; i < node->key_count; i++)
        if (!vl_may_get_seal(g, &node->past, epoch, node->keys[i].device)) return false;
    return true;
}

static bool needs_role(enum vl_control_kind kind)
{
    return kind == VL_CONTROL_ADD || kind == VL_CONTROL_REMOVE || kind == VL_CONTROL_DEMOTE ||
           kind == VL_CONTROL_PROMOTE || kind == VL_CONTROL_STEPDOWN || kind == VL_CONTROL_RESTORE;
}

static bool may(const struct member_graph *g, const struct member_view *past,
                const struct member_node *node)
{
    if (!vl_view_is_person(past, node->author)) return false;
    if (!vl_bitset_has(&past->current, node->device)) return false;
    if (needs_role(node->kind) && !vl_view_is_facilitator(past, node->author)) return false;
    switch (node->kind) {
    case VL_CONTROL_ADD: return may_add(g, past, node);
    case VL_CONTROL_REMOVE:
    case VL_CONTROL_DEMOTE: return may_remove(g, past, node);
    case VL_CONTROL_PROMOTE:
        return vl_view_is_person(past, node->target_person) &&
               !vl_view_is_facilitator(past, node->target_person);
    case VL_CONTROL_ENDORSE: return may_endorse(g, past, node);
    case VL_CONTROL_VOUCH: return may_vouch(past, node);
    case VL_CONTROL_VOTE: return may_vote(past, node);
    case VL_CONTROL_STEPDOWN: return past->facilitator_count >= 2;
    case VL_CONTROL_ADD_DEVICE: return may_add_device(g, past, node);
    case VL_CONTROL_REMOVE_DEVICE: return may_remove_device(g, past, node);
    case VL_CONTROL_RESTORE: return may_restore(g, past, node);
    case VL_CONTROL_SEAL: return may_seal(g, node);
    case VL_CONTROL_LEAVE:
    case VL_CONTROL_EPOCH:
    case VL_CONTROL_TOMBSTONE: return true;
    case VL_CONTROL_FOUND:
    case VL_CONTROL_KIND_COUNT: break;
    }
    return false;
}

/* ---- winning votes (R8) ---- */

static vl_result count_votes(const struct member_graph *g, struct member_view *past,
                             struct member_node *node)
{
    struct vl_bitset spent = {0}, voters = {0};
    vl_result result = vl_bitset_reserve(&voters, g->person_names.count);
    for (size_t i = 0; i < g->roles.count && result == VL_OK; i++)
        if (vl_view_lives(past, g, g->roles.at[i]))
            result = vl_bitset_unite(&spent, &g->nodes[g->roles.at[i]]->past);
    if (result != VL_OK) goto finish;
    const struct vl_index_list *votes = &g->persons[node->target_person].votes;
    size_t count = 1;
    vl_bitset_put(&voters, node->author);
    for (size_t i = 0; i < votes->count; i++) {
        uint32_t voter = g->nodes[votes->at[i]]->author;
        if (!vl_view_lives(past, g, votes->at[i]) || vl_bitset_has(&spent, votes->at[i]) ||
            !vl_view_is_elector(past, voter) || vl_bitset_has(&voters, voter))
            continue;
        vl_bitset_put(&voters, voter);
        count++;
    }
    node->wins = count * 2 > past->elector_count;
finish:
    vl_bitset_finish(&spent);
    vl_bitset_finish(&voters);
    return result;
}

/* ---- what it rests on ---- */

static vl_result rest_on(struct member_graph *g, const struct member_view *past,
                         const struct vl_index_list *grants, const struct vl_index_list *ends,
                         const struct vl_index_list *more_ends, uint32_t *list)
{
    struct vl_index_list held = {0};
    vl_result result = VL_OK;
    for (size_t i = 0; i < grants->count && result == VL_OK; i++)
        if (vl_view_holds(past, g, grants->at[i], ends) &&
            (more_ends == NULL || vl_view_holds(past, g, grants->at[i], more_ends)))
            result = vl_index_list_append(&held, grants->at[i]);
    if (result == VL_OK) result = vl_grant_pool_intern(&g->grants, &held, list);
    vl_index_list_finish(&held);
    return result;
}

static vl_result rest(struct member_graph *g, const struct member_view *past,
                      struct member_node *node)
{
    const struct member_person *author = &g->persons[node->author];
    const struct member_device *device = &g->devices[node->device];
    VL_TRY(rest_on(g, past, &author->adds, &author->member_ends, NULL,
                   &node->rests[MEMBER_SORT_AUTHOR]));
    VL_TRY(rest_on(g, past, &device->enrolments, &author->member_ends, &device->ends,
                   &node->rests[MEMBER_SORT_DEVICE]));
    if (needs_role(node->kind))
        VL_TRY(rest_on(g, past, &author->roles, &author->member_ends, &author->role_ends,
                       &node->rests[MEMBER_SORT_ROLE]));
    if (node->kind != VL_CONTROL_PROMOTE && !node->wins) return VL_OK;
    const struct member_person *target = &g->persons[node->target_person];
    return rest_on(g, past, &target->adds, &target->member_ends, NULL,
                   &node->rests[MEMBER_SORT_TARGET]);
}

static vl_result make_pair(struct member_graph *g, struct member_node *node)
{
    node->pair = calloc(1, sizeof *node->pair);
    if (node->pair == NULL) return VL_ERR_NO_MEMORY;
    node->pair->proposal = node->target_node;
    node->pair->endorsement = (uint32_t)g->count;
    node->pair->target = g->nodes[node->target_node]->target_person;
    return vl_voiding_rests(g, node);
}

vl_result vl_authority_judge(struct member_graph *g, struct member_view *past,
                             struct member_node *node)
{
    if (node->kind == VL_CONTROL_FOUND) {
        node->authorised = may_found(g, node);
        return VL_OK;
    }
    node->author = vl_graph_owner(g, node->device, &node->past);
    if (!may(g, past, node)) return VL_OK;
    node->authorised = true;
    VL_TRY(vl_bitset_copy(&node->known, &past->ends));
    if (node->kind == VL_CONTROL_VOTE) VL_TRY(count_votes(g, past, node));
    VL_TRY(rest(g, past, node));
    if (node->kind == VL_CONTROL_EPOCH) VL_TRY(vl_bitset_copy(&node->devices_at, &past->current));
    if (node->kind == VL_CONTROL_TOMBSTONE)
        node->by_facilitator = vl_view_is_facilitator(past, node->author);
    if (node->kind == VL_CONTROL_REMOVE)
        node->target_facilitated = vl_view_is_facilitator(past, node->target_person);
    if (node->kind == VL_CONTROL_ENDORSE) return make_pair(g, node);
    return VL_OK;
}
