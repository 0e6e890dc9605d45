#include "sync/membership_graph.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void vl_graph_init(struct member_graph *g)
{
    *g = (struct member_graph){.found = VL_NO_INDEX};
    vl_name_table_init(&g->names, false);
    vl_name_table_init(&g->person_names, true);
    vl_name_table_init(&g->device_names, true);
    vl_grant_pool_init(&g->grants);
}

static void finish_person(struct member_person *person)
{
    vl_index_list_finish(&person->adds);
    vl_index_list_finish(&person->roles);
    vl_index_list_finish(&person->member_ends);
    vl_index_list_finish(&person->role_ends);
    vl_index_list_finish(&person->authored);
    vl_index_list_finish(&person->supports);
    vl_index_list_finish(&person->votes);
    vl_index_list_finish(&person->pairs);
}

void vl_graph_finish(struct member_graph *g)
{
    for (size_t i = 0; i < g->count; i++)
        vl_graph_destroy_node(g->nodes[i]);
    free(g->nodes);
    for (size_t i = 0; i < g->person_names.count; i++)
        finish_person(&g->persons[i]);
    free(g->persons);
    for (size_t i = 0; i < g->device_names.count; i++) {
        vl_index_list_finish(&g->devices[i].enrolments);
        vl_index_list_finish(&g->devices[i].enrolled_for);
        vl_index_list_finish(&g->devices[i].ends);
    }
    free(g->devices);
    vl_name_table_finish(&g->names);
    vl_name_table_finish(&g->person_names);
    vl_name_table_finish(&g->device_names);
    vl_grant_pool_finish(&g->grants);
    vl_index_list_finish(&g->ends);
    vl_index_list_finish(&g->pairs);
    vl_index_list_finish(&g->epochs);
    vl_index_list_finish(&g->roles);
    vl_index_list_finish(&g->frontier);
    *g = (struct member_graph){0};
}

void vl_graph_destroy_node(struct member_node *node)
{
    if (node == NULL) return;
    if (node->pair != NULL) {
        vl_bitset_finish(&node->pair->cut);
        vl_bitset_finish(&node->pair->rests);
        free(node->pair);
    }
    free(node->keys);
    vl_buffer_finish(&node->cites);
    vl_bitset_finish(&node->past);
    vl_bitset_finish(&node->known);
    vl_bitset_finish(&node->devices_at);
    vl_index_list_finish(&node->seals);
    free(node);
}

/* ---- making a node ---- */

static vl_result intern_person(struct member_graph *g, struct vl_bytes name, uint32_t *number)
{
    if (g->person_names.count == g->person_capacity) {
        size_t capacity = g->person_capacity == 0 ? 16 : g->person_capacity * 2;
        struct member_person *persons = realloc(g->persons, capacity * sizeof *persons);
        if (persons == NULL) return VL_ERR_NO_MEMORY;
        g->persons = persons;
        g->person_capacity = capacity;
    }
    size_t before = g->person_names.count;
    VL_TRY(vl_name_table_intern(&g->person_names, name, number));
    if (g->person_names.count > before) g->persons[*number] = (struct member_person){0};
    return VL_OK;
}

static vl_result intern_device(struct member_graph *g, struct vl_bytes name, uint32_t *number)
{
    if (g->device_names.count == g->device_capacity) {
        size_t capacity = g->device_capacity == 0 ? 16 : g->device_capacity * 2;
        struct member_device *devices = realloc(g->devices, capacity * sizeof *devices);
        if (devices == NULL) return VL_ERR_NO_MEMORY;
        g->devices = devices;
        g->device_capacity = capacity;
    }
    size_t before = g->device_names.count;
    VL_TRY(vl_name_table_intern(&g->device_names, name, number));
    if (g->device_names.count > before) g->devices[*number] = (struct member_device){0};
    return VL_OK;
}

static vl_result take_links(struct member_graph *g, const struct vl_member_entry *entry,
                            struct member_node *node)
{
    uint64_t highest = 0;
    VL_TRY(vl_bitset_reserve(&node->past, g->count));
    for (size_t i = 0; i < entry->link_count; i++) {
        uint32_t link = vl_name_table_find(&g->names, entry->links[i]);
        if (link == VL_NO_INDEX) return VL_ERR_MISSING;
        const struct member_node *parent = g->nodes[link];
        vl_bitset_join(&node->past, &parent->past);
        vl_bitset_put(&node->past, link);
        if (parent->lamport > highest) highest = parent->lamport;
    }
    if (entry->lamport == 0 && highest == UINT64_MAX) return VL_ERR_INVALID;
    node->lamport = entry->lamport != 0 ? entry->lamport : highest + 1;
    return VL_OK;
}

static bool is_among(const struct member_node *node, uint32_t device)
{
    for (size_t i = 0; i < node->key_count; i++)
        if (node->keys[i].device == device) return true;
    return false;
}

/* Keys of other kinds are not looked at. */
static vl_result take_keys(struct member_graph *g, const struct vl_member_entry *entry,
                           struct member_node *node)
{
    bool recipients = entry->kind == VL_CONTROL_EPOCH || entry->kind == VL_CONTROL_SEAL;
    bool enrols = entry->kind == VL_CONTROL_FOUND || entry->kind == VL_CONTROL_ADD ||
                  entry->kind == VL_CONTROL_ADD_DEVICE || entry->kind == VL_CONTROL_RESTORE;
    if (entry->key_count == 0 || (!recipients && !enrols)) return VL_OK;
    node->keys = calloc(entry->key_count, sizeof *node->keys);
    if (node->keys == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < entry->key_count; i++) {
        const struct vl_member_key *given = &entry->keys[i];
        struct member_key key = {VL_NO_INDEX, VL_NO_INDEX, given->first};
        VL_TRY(intern_device(g, given->device, &key.device));
        if (!recipients) VL_TRY(intern_person(g, given->person, &key.person));
        if (!is_among(node, key.device)) node->keys[node->key_count++] = key;
    }
    return VL_OK;
}

static vl_result take_target(struct member_graph *g, const struct vl_member_entry *entry,
                             struct member_node *node)
{
    if (entry->target.size == 0) return VL_OK;
    switch (entry->kind) {
    case VL_CONTROL_ADD:
    case VL_CONTROL_REMOVE:
    case VL_CONTROL_DEMOTE:
    case VL_CONTROL_PROMOTE:
    case VL_CONTROL_VOUCH:
    case VL_CONTROL_VOTE:
    case VL_CONTROL_RESTORE: return intern_person(g, entry->target, &node->target_person);
    case VL_CONTROL_REMOVE_DEVICE: return intern_device(g, entry->target, &node->target_device);
    case VL_CONTROL_ENDORSE:
    case VL_CONTROL_SEAL:
        node->target_node = vl_name_table_find(&g->names, entry->target);
        return VL_OK;
    case VL_CONTROL_FOUND:
    case VL_CONTROL_LEAVE:
    case VL_CONTROL_STEPDOWN:
    case VL_CONTROL_ADD_DEVICE:
    case VL_CONTROL_EPOCH:
    case VL_CONTROL_TOMBSTONE: return VL_OK;
    case VL_CONTROL_KIND_COUNT: break;
    }
    return VL_ERR_INVALID;
}

static vl_result take_cites(const struct vl_member_entry *entry, struct member_node *node)
{
    for (size_t i = 0; i < entry->cite_count; i++) {
        struct vl_bytes cite = entry->cites[i];
        if (cite.size == 0 || cite.size > VL_MEMBER_NAME_MAX) return VL_ERR_INVALID;
        uint8_t size = (uint8_t)cite.size;
        VL_TRY(vl_buffer_append(&node->cites, &size, 1));
        VL_TRY(vl_buffer_append(&node->cites, cite.data, cite.size));
    }
    return VL_OK;
}

vl_result vl_graph_make(struct member_graph *g, const struct vl_member_entry *entry,
                        struct member_node **out)
{
    if ((unsigned)entry->kind >= VL_CONTROL_KIND_COUNT) return VL_ERR_INVALID;
    struct member_node *node = calloc(1, sizeof *node);
    if (node == NULL) return VL_ERR_NO_MEMORY;
    node->kind = entry->kind;
    node->is_private = entry->is_private;
    node->is_outside = entry->is_outside;
    node->author = node->end = VL_NO_INDEX;
    node->target_person = node->target_device = node->target_node = VL_NO_INDEX;
    for (size_t i = 0; i < MEMBER_SORT_COUNT; i++)
        node->rests[i] = VL_NO_INDEX;
    vl_result result = take_links(g, entry, node);
    if (result == VL_OK) result = intern_device(g, entry->by.device, &node->device);
    if (result == VL_OK) result = take_target(g, entry, node);
    if (result == VL_OK) result = take_keys(g, entry, node);
    if (result == VL_OK) result = take_cites(entry, node);
    if (result != VL_OK) {
        vl_graph_destroy_node(node);
        return result;
    }
    *out = node;
    return VL_OK;
}

/* ---- putting it into the lists, and taking it out ---- */

typedef vl_result (*list_visit)(struct vl_index_list *list, uint32_t index);

static vl_result list_reserve(struct vl_index_list *list, uint32_t index)
{
    (void)index;
    /* found enrols two keys at most in different lists, so one place in each list is enough */
    return vl_index_list_reserve(list, 1);
}

static vl_result list_push(struct vl_index_list *list, uint32_t index)
{
    vl_index_list_push(list, index);
    return VL_OK;
}

static vl_result list_pop(struct vl_index_list *list, uint32_t index)
{
    (void)index;
    assert(list->count > 0 && list->at[list->count - 1] == index);
    list->count--;
    return VL_OK;
}

static vl_result visit_enrolments(struct member_graph *g, const struct member_node *node,
                                  uint32_t index, list_visit visit)
{
    for (size_t i = 0; i < node->key_count; i++) {
        struct member_device *device = &g->devices[node->keys[i].device];
        VL_TRY(visit(&device->enrolments, index));
        VL_TRY(visit(&device->enrolled_for, node->keys[i].person));
    }
    return VL_OK;
}

static vl_result visit_target_lists(struct member_graph *g, const struct member_node *node,
                                    uint32_t index, list_visit visit)
{
    struct member_person *target = &g->persons[node->target_person];
    switch (node->kind) {
    case VL_CONTROL_ADD: return visit(&target->adds, index);
    case VL_CONTROL_REMOVE: return visit(&target->member_ends, index);
    case VL_CONTROL_DEMOTE: return visit(&target->role_ends, index);
    case VL_CONTROL_VOTE: VL_TRY(visit(&target->votes, index)); break;
    default: break;
    }
    if (node->kind != VL_CONTROL_PROMOTE && !node->wins) return VL_OK;
    VL_TRY(visit(&target->roles, index));
    return visit(&g->roles, index);
}

static vl_result visit_founders(struct member_graph *g, const struct member_node *node,
                                uint32_t index, list_visit visit)
{
    for (size_t i = 0; i < node->key_count; i++)
        VL_TRY(visit(&g->persons[node->keys[i].person].adds, index));
    VL_TRY(visit(&g->persons[node->author].roles, index));
    VL_TRY(visit(&g->roles, index));
    return visit_enrolments(g, node, index, visit);
}

static vl_result visit_kind_lists(struct member_graph *g, const struct member_node *node,
                                  uint32_t index, list_visit visit)
{
    struct member_person *author = &g->persons[node->author];
    switch (node->kind) {
    case VL_CONTROL_FOUND: return visit_founders(g, node, index, visit);
    case VL_CONTROL_ADD:
        VL_TRY(visit(&author->supports, index));
        VL_TRY(visit_enrolments(g, node, index, visit));
        return visit_target_lists(g, node, index, visit);
    case VL_CONTROL_REMOVE:
    case VL_CONTROL_DEMOTE:
    case VL_CONTROL_PROMOTE:
    case VL_CONTROL_VOTE: return visit_target_lists(g, node, index, visit);
    case VL_CONTROL_VOUCH: return visit(&author->supports, index);
    case VL_CONTROL_LEAVE: return visit(&author->member_ends, index);
    case VL_CONTROL_STEPDOWN: return visit(&author->role_ends, index);
    case VL_CONTROL_ADD_DEVICE:
    case VL_CONTROL_RESTORE: return visit_enrolments(g, node, index, visit);
    case VL_CONTROL_REMOVE_DEVICE: return visit(&g->devices[node->target_device].ends, index);
    case VL_CONTROL_ENDORSE:
        VL_TRY(visit(&g->persons[node->pair->target].pairs, index));
        return visit(&g->pairs, index);
    case VL_CONTROL_EPOCH: return visit(&g->epochs, index);
    case VL_CONTROL_SEAL: return visit(&g->nodes[node->target_node]->seals, index);
    case VL_CONTROL_TOMBSTONE:
    case VL_CONTROL_KIND_COUNT: break;
    }
    return VL_OK;
}

static vl_result visit_lists(struct member_graph *g, const struct member_node *node, uint32_t index,
                             list_visit visit)
{
    if (!node->authorised) return VL_OK;
    VL_TRY(visit(&g->persons[node->author].authored, index));
    if (node->end != VL_NO_INDEX) VL_TRY(visit(&g->ends, index));
    return visit_kind_lists(g, node, index, visit);
}

static bool may_end(enum vl_control_kind kind)
{
    return kind == VL_CONTROL_REMOVE || kind == VL_CONTROL_DEMOTE || kind == VL_CONTROL_LEAVE ||
           kind == VL_CONTROL_STEPDOWN || kind == VL_CONTROL_REMOVE_DEVICE;
}

vl_result vl_graph_attach(struct member_graph *g, struct member_node *node)
{
    if (g->count == g->capacity) {
        size_t capacity = g->capacity == 0 ? 64 : g->capacity * 2;
        struct member_node **nodes = realloc(g->nodes, capacity * sizeof(struct member_node *));
        if (nodes == NULL) return VL_ERR_NO_MEMORY;
        g->nodes = nodes;
        g->capacity = capacity;
    }
    uint32_t index = (uint32_t)g->count;
    if (node->authorised && may_end(node->kind)) node->end = (uint32_t)g->ends.count;
    VL_TRY(visit_lists(g, node, index, list_reserve));
    vl_result pushed = visit_lists(g, node, index, list_push);
    assert(pushed == VL_OK);
    (void)pushed;
    if (node->authorised && node->kind == VL_CONTROL_FOUND) g->found = index;
    g->nodes[g->count++] = node;
    return VL_OK;
}

/* Sets that looked at the node forget it: its number goes to another one. */
static void forget_cuts(struct member_graph *g, const struct member_node *node, uint32_t index)
{
    if (!node->authorised) return;
    const struct member_person *author = &g->persons[node->author];
    for (size_t i = 0; i < author->pairs.count; i++) {
        struct member_pair *pair = g->nodes[author->pairs.at[i]]->pair;
        vl_bitset_drop(&pair->cut, index);
        if (pair->cut_seen > author->authored.count) pair->cut_seen = author->authored.count;
    }
}

struct member_node *vl_graph_detach(struct member_graph *g)
{
    assert(g->count > 0);
    struct member_node *node = g->nodes[--g->count];
    uint32_t index = (uint32_t)g->count;
    vl_result popped = visit_lists(g, node, index, list_pop);
    assert(popped == VL_OK);
    (void)popped;
    if (g->found == index) g->found = VL_NO_INDEX;
    forget_cuts(g, node, index);
    node->end = VL_NO_INDEX;
    return node;
}

static void frontier_insert(struct member_graph *g, uint32_t index)
{
    struct vl_bytes name = vl_name_table_name(&g->names, index);
    size_t at = g->frontier.count;
    vl_index_list_push(&g->frontier, index);
    while (at > 0 &&
           vl_bytes_compare(vl_name_table_name(&g->names, g->frontier.at[at - 1]), name) > 0) {
        g->frontier.at[at] = g->frontier.at[at - 1];
        at--;
    }
    g->frontier.at[at] = index;
}

vl_result vl_graph_name_last(struct member_graph *g, struct vl_bytes id,
                             const struct vl_bytes *links, size_t link_count)
{
    uint32_t index;
    VL_TRY(vl_index_list_reserve(&g->frontier, 1));
    VL_TRY(vl_name_table_intern(&g->names, id, &index));
    assert(index + 1u == g->count);
    if (g->nodes[index]->is_outside) return VL_OK;
    for (size_t i = 0; i < link_count; i++) {
        uint32_t link = vl_name_table_find(&g->names, links[i]);
        size_t kept = 0;
        for (size_t j = 0; j < g->frontier.count; j++)
            if (g->frontier.at[j] != link) g->frontier.at[kept++] = g->frontier.at[j];
        g->frontier.count = kept;
    }
    frontier_insert(g, index);
    return VL_OK;
}

/* ---- questions ---- */

bool vl_graph_reaches(const struct member_graph *g, uint32_t entry, uint32_t ancestor)
{
    return entry == ancestor || vl_bitset_has(&g->nodes[entry]->past, ancestor);
}

bool vl_graph_enrolled(const struct member_graph *g, uint32_t device, const struct vl_bitset *past)
{
    const struct vl_index_list *enrolments = &g->devices[device].enrolments;
    for (size_t i = 0; i < enrolments->count; i++)
        if (vl_bitset_has(past, enrolments->at[i])) return true;
    return false;
}

uint32_t vl_graph_owner(const struct member_graph *g, uint32_t device, const struct vl_bitset *past)
{
    const struct member_device *d = &g->devices[device];
    uint32_t owner = VL_NO_INDEX;
    for (size_t i = 0; i < d->enrolments.count; i++) {
        if (!vl_bitset_has(past, d->enrolments.at[i])) continue;
        if (owner != VL_NO_INDEX && owner != d->enrolled_for.at[i]) return VL_NO_INDEX;
        owner = d->enrolled_for.at[i];
    }
    return owner;
}

bool vl_graph_knows(const struct member_graph *g, const struct member_node *node, uint32_t end)
{
    return vl_bitset_has(&node->known, g->nodes[end]->end);
}
