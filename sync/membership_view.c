#include "sync/membership_view.h"

#include <assert.h>
#include <stdlib.h>

void vl_view_finish(struct member_view *view)
{
    vl_bitset_finish(&view->closure);
    vl_bitset_finish(&view->dead);
    vl_bitset_finish(&view->ends);
    vl_bitset_finish(&view->current);
    vl_bitset_finish(&view->pairs_in);
    vl_bitset_finish(&view->undecided);
    vl_bitset_finish(&view->scratch);
    vl_index_list_finish(&view->queue);
    free(view->persons);
    *view = (struct member_view){0};
}

bool vl_view_lives(const struct member_view *view, const struct member_graph *g, uint32_t entry)
{
    assert(g->nodes[entry]->authorised); /* as all that the lists name (G2) */
    return vl_bitset_has(&view->closure, entry) && !vl_bitset_has(&view->dead, entry);
}

bool vl_view_is_person(const struct member_view *view, uint32_t person)
{
    return person < view->person_count && view->persons[person].is_person;
}

bool vl_view_is_facilitator(const struct member_view *view, uint32_t person)
{
    return person < view->person_count && view->persons[person].is_facilitator;
}

bool vl_view_is_elector(const struct member_view *view, uint32_t person)
{
    if (!vl_view_is_person(view, person)) return false;
    const struct member_standing *standing = &view->persons[person];
    return standing->device_count > 0 && (standing->is_confirmed || !view->confirmed_only);
}

bool vl_view_holds(const struct member_view *view, const struct member_graph *g, uint32_t grant,
                   const struct vl_index_list *ends)
{
    if (!vl_view_lives(view, g, grant)) return false;
    const struct member_node *node = g->nodes[grant];
    for (size_t i = ends->count; i-- > 0;) /* the newest first: it is the least known */
        if (vl_bitset_has(&view->ends, g->nodes[ends->at[i]]->end) &&
            !vl_graph_knows(g, node, ends->at[i]))
            return false;
    return true;
}

static vl_result prepare(struct member_view *view, struct member_graph *g,
                         const struct vl_bitset *closure)
{
    size_t count = g->person_names.count;
    if (count > view->person_capacity) {
        struct member_standing *persons = realloc(view->persons, count * sizeof *persons);
        if (persons == NULL) return VL_ERR_NO_MEMORY;
        view->persons = persons;
        view->person_capacity = count;
    }
    view->person_count = count;
    for (size_t i = 0; i < count; i++)
        view->persons[i] = (struct member_standing){.supporter = VL_NO_INDEX};
    view->facilitator_count = view->elector_count = 0;
    view->confirmed_only = false;
    VL_TRY(vl_bitset_copy(&view->closure, closure));
    VL_TRY(vl_bitset_reserve(&view->dead, g->count));
    VL_TRY(vl_bitset_reserve(&view->ends, g->ends.count));
    VL_TRY(vl_bitset_reserve(&view->current, g->device_names.count));
    VL_TRY(vl_bitset_reserve(&view->pairs_in, g->count));
    VL_TRY(vl_bitset_reserve(&view->undecided, g->count));
    VL_TRY(vl_bitset_reserve(&view->scratch, g->count));
    VL_TRY(vl_index_list_reserve(&view->queue, count > g->pairs.count ? count : g->pairs.count));
    vl_bitset_empty(&view->dead);
    vl_bitset_empty(&view->ends);
    vl_bitset_empty(&view->current);
    vl_bitset_empty(&view->pairs_in);
    vl_bitset_empty(&view->undecided);
    view->queue.count = 0;
    return VL_OK;
}

/* ---- ends (R2, R3) ---- */

/* A living facilitator grant of the removal's target that is concurrent with it. */
static bool promoted_meanwhile(const struct member_view *view, const struct member_graph *g,
                               uint32_t removal)
{
    const struct vl_index_list *roles = &g->persons[g->nodes[removal]->target_person].roles;
    for (size_t i = 0; i < roles->count; i++)
        if (vl_view_lives(view, g, roles->at[i]) && !vl_graph_reaches(g, removal, roles->at[i]) &&
            !vl_graph_reaches(g, roles->at[i], removal))
            return true;
    return false;
}

static void find_ends(struct member_view *view, const struct member_graph *g)
{
    for (uint32_t i = 0; i < g->ends.count; i++) {
        uint32_t entry = g->ends.at[i];
        if (!vl_view_lives(view, g, entry)) continue;
        const struct member_node *node = g->nodes[entry];
        if (node->kind == VL_CONTROL_DEMOTE) continue;
        if (node->kind == VL_CONTROL_REMOVE &&
            (node->target_facilitated || promoted_meanwhile(view, g, entry)))
            continue;
        vl_bitset_put(&view->ends, i);
    }
    for (size_t e = vl_bitset_next(&view->pairs_in, 0); e != SIZE_MAX;
         e = vl_bitset_next(&view->pairs_in, e + 1))
        vl_bitset_put(&view->ends, g->nodes[g->nodes[e]->pair->proposal]->end);
}

/* ---- persons and devices (R6) ---- */

static bool any_holds(const struct member_view *view, const struct member_graph *g,
                      const struct vl_index_list *grants, const struct vl_index_list *ends,
                      const struct vl_index_list *more_ends)
{
    for (size_t i = grants->count; i-- > 0;)
        if (vl_view_holds(view, g, grants->at[i], ends) &&
            (more_ends == NULL || vl_view_holds(view, g, grants->at[i], more_ends)))
            return true;
    return false;
}

static void find_persons(struct member_view *view, const struct member_graph *g)
{
    for (size_t i = 0; i < view->person_count; i++) {
        const struct member_person *person = &g->persons[i];
        struct member_standing *standing = &view->persons[i];
        standing->is_person = any_holds(view, g, &person->adds, &person->member_ends, NULL);
        if (!standing->is_person) continue;
        standing->is_facilitator =
            any_holds(view, g, &person->roles, &person->member_ends, &person->role_ends);
        if (standing->is_facilitator) view->facilitator_count++;
    }
}

static void find_devices(struct member_view *view, const struct member_graph *g)
{
    for (uint32_t i = 0; i < g->device_names.count; i++) {
        const struct member_device *device = &g->devices[i];
        if (device->enrolments.count == 0) continue;
        uint32_t owner = vl_graph_owner(g, i, &view->closure);
        if (!vl_view_is_person(view, owner)) continue;
        if (!any_holds(view, g, &device->enrolments, &g->persons[owner].member_ends, &device->ends))
            continue;
        vl_bitset_put(&view->current, i);
        view->persons[owner].device_count++;
    }
}

/* ---- confirmation (R1) ---- */

static void confirm(struct member_view *view, uint32_t person)
{
    if (view->persons[person].is_confirmed) return;
    view->persons[person].is_confirmed = true;
    vl_index_list_push(&view->queue, person); /* each person once: prepare() made the room */
}

static void spread_confirmation(struct member_view *view, const struct member_graph *g)
{
    view->queue.count = 0;
    if (g->found == VL_NO_INDEX || !vl_view_lives(view, g, g->found)) return;
    const struct member_node *found = g->nodes[g->found];
    for (size_t i = 0; i < found->key_count; i++)
        confirm(view, found->keys[i].person);
    for (size_t at = 0; at < view->queue.count; at++) {
        uint32_t supporter = view->queue.at[at];
        const struct vl_index_list *supports = &g->persons[supporter].supports;
        for (size_t i = 0; i < supports->count; i++) {
            if (!vl_view_lives(view, g, supports->at[i])) continue;
            uint32_t target = g->nodes[supports->at[i]]->target_person;
            uint32_t *first = &view->persons[target].supporter;
            if (*first == VL_NO_INDEX)
                *first = supporter;
            else if (*first != supporter)
                confirm(view, target);
        }
    }
}

static void find_electors(struct member_view *view)
{
    for (size_t i = 0; i < view->person_count; i++) {
        const struct member_standing *standing = &view->persons[i];
        if (standing->is_person && standing->is_confirmed && standing->device_count > 0)
            view->confirmed_only = true;
    }
    for (uint32_t i = 0; i < view->person_count; i++)
        if (vl_view_is_elector(view, i)) view->elector_count++;
}

vl_result vl_view_compute(struct member_view *view, struct member_graph *g,
                          const struct vl_bitset *closure)
{
    VL_TRY(prepare(view, g, closure));
    VL_TRY(vl_voiding_decide(view, g));
    find_ends(view, g);
    find_persons(view, g);
    find_devices(view, g);
    spread_confirmation(view, g);
    find_electors(view);
    return VL_OK;
}
