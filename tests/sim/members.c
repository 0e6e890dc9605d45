/* People come and go: what a person does about the others, and who may know what. */
#include "tests/sim/hostile.h"
#include "tests/support/circle_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADS 512u

bool members_sees(const struct node *n, const struct node *other)
{
    struct vl_device_info device;
    return n->replica != NULL &&
           vl_replica_device(n->replica, other->keys->card.sign, &device) == VL_OK &&
           device.current;
}

static enum vl_role role_of(const struct node *n, const struct node *other)
{
    struct vl_person_state person;
    const struct vl_membership *m = vl_replica_membership(n->replica);
    if (m == NULL) return VL_ROLE_NONE;
    struct vl_bytes name = vl_bytes(other->person.bytes, sizeof other->person.bytes);
    return vl_membership_find_person(m, name, &person) == VL_OK ? person.role : VL_ROLE_NONE;
}

static bool is_facilitator(const struct node *n)
{
    return role_of(n, n) == VL_ROLE_FACILITATOR;
}

static unsigned persons_seen(const struct world *w, const struct node *n)
{
    unsigned count = 0;
    for (unsigned i = 0; i < w->profile.nodes; i++)
        count += role_of(n, &w->nodes[i]) != VL_ROLE_NONE ? 1 : 0;
    return count;
}

/* ---- coming ---- */

static void grow_later(struct world *w)
{
    world_schedule(w, seeded_wait(&w->random, MINUTE), EVENT_GROW, NODES_MAX, 0, 0);
}

void members_grow(struct world *w)
{
    struct node *newcomer = NULL;
    for (unsigned i = 2; i < w->profile.nodes && newcomer == NULL; i++) {
        if (!w->nodes[i].added && !w->nodes[i].is_second) newcomer = &w->nodes[i];
    }
    if (newcomer == NULL) return;
    struct node *adder = node_random_up(w);
    if (adder != NULL && members_sees(adder, newcomer)) { /* the power went before she was told */
        newcomer->added = true;
        newcomer->adder = adder->index;
        return;
    }
    if (adder == NULL || !network_reaches(w, adder, newcomer) || !is_facilitator(adder)) {
        grow_later(w);
        return;
    }
    struct vl_enrolment enrolment = node_enrolment(w, newcomer);
    struct vl_id id;
    vl_result result = vl_replica_add_person(adder->replica, &enrolment, node_wall(w, adder), &id);
    if (result != VL_OK) {
        if (!node_may_refuse(w, adder, result))
            world_fail(w, "%s cannot add %s: %s", adder->name, newcomer->name,
                       vl_result_name(result));
        grow_later(w);
        return;
    }
    newcomer->added = true;
    newcomer->adder = adder->index;
    tell(w, "%s adds %s", adder->name, newcomer->name);
    network_pump_node(w, adder);
    network_dial(w, newcomer, adder);
}

void members_find_host(struct world *w, struct node *newcomer)
{
    const struct node *adder = &w->nodes[newcomer->adder];
    if (newcomer->is_second && members_sees(adder, newcomer)) newcomer->added = true;
    if (!newcomer->added) return;
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *host = &w->nodes[i];
        if (!node_awake(w, host) || !host->joined || !members_sees(host, newcomer)) continue;
        if (!check_in_core(w, i)) continue;
        newcomer->adder = i;
        return;
    }
    for (unsigned i = 0; i < w->profile.nodes; i++)
        if (members_sees(&w->nodes[i], newcomer)) return;
    if (newcomer->index < 2 || newcomer->is_second) return;
    newcomer->added = false; /* who added her lost that with her storage */
    grow_later(w);
}

/* ---- acting ---- */

static void remember(struct world *w, enum vl_control_kind kind, const struct vl_id *id)
{
    if (kind == VL_CONTROL_REMOVE || kind == VL_CONTROL_DEMOTE) {
        w->proposals[w->proposal_count % PROPOSALS_MAX] = *id;
        w->proposal_count++;
    }
    if (kind == VL_CONTROL_REMOVE || kind == VL_CONTROL_DEMOTE || kind == VL_CONTROL_LEAVE ||
        kind == VL_CONTROL_STEPDOWN)
        w->ends++;
}

static bool act(struct world *w, struct node *n, struct vl_control *control, const char *whom)
{
    struct vl_id id;
    vl_result result = vl_replica_control(n->replica, control, node_wall(w, n), &id);
    const char *what = vl_control_kind_text(control->kind);
    if (result == VL_OK) {
        tell(w, "%s: %s %s", n->name, what, whom);
        world_trace(w, "control", id.bytes, sizeof id.bytes);
        remember(w, control->kind, &id);
        network_pump_node(w, n);
    } else if (!node_may_refuse(w, n, result)) {
        world_fail(w, "%s cannot %s %s: %s", n->name, what, whom, vl_result_name(result));
    }
    return result == VL_OK;
}

static bool act_on(struct world *w, struct node *n, enum vl_control_kind kind,
                   const struct node *other)
{
    struct vl_control control = {.kind = kind, .target = other->person};
    bool needs_role = kind != VL_CONTROL_VOUCH && kind != VL_CONTROL_VOTE;
    if (needs_role && !is_facilitator(n) && !seeded_chance(&w->life, 100)) return false;
    return act(w, n, &control, other->name);
}

static void endorse(struct world *w, struct node *n)
{
    size_t known = w->proposal_count < PROPOSALS_MAX ? w->proposal_count : PROPOSALS_MAX;
    if (known == 0) return;
    const struct vl_id *proposal = &w->proposals[seeded_below(&w->life, known)];
    bool has = false;
    struct vl_control control = {.kind = VL_CONTROL_ENDORSE, .target = *proposal};
    if (vl_replica_has(n->replica, proposal, &has) == VL_OK && has)
        (void)act(w, n, &control, "a proposal");
}

/* Somebody who was a person once: with what was written before, or without. */
static void add_again(struct world *w, struct node *n, const struct node *other)
{
    struct vl_enrolment enrolment = node_enrolment(w, other);
    struct vl_control control = {.kind = VL_CONTROL_ADD,
                                 .target = other->person,
                                 .enrolments = &enrolment,
                                 .enrolment_count = 1};
    struct vl_id id;
    if (!other->added || other->is_second || role_of(n, other) != VL_ROLE_NONE) return;
    if (seeded_chance(&w->life, 500)) {
        (void)act(w, n, &control, other->name);
        return;
    }
    vl_result result = vl_replica_add_person(n->replica, &enrolment, node_wall(w, n), &id);
    if (result == VL_OK) {
        tell(w, "%s adds %s again", n->name, other->name);
        network_pump_node(w, n);
    } else if (!node_may_refuse(w, n, result)) {
        world_fail(w, "%s cannot add %s again: %s", n->name, other->name, vl_result_name(result));
    }
}

static void go(struct world *w, struct node *n, enum vl_control_kind kind)
{
    struct vl_control control = {.kind = kind};
    if (kind == VL_CONTROL_LEAVE && persons_seen(w, n) <= 2) return;
    (void)act(w, n, &control, "");
}

static void end_something(struct world *w, struct node *n, const struct node *other)
{
    switch (seeded_below(&w->life, 10)) {
    case 0:
    case 1: (void)act_on(w, n, VL_CONTROL_REMOVE, other); break;
    case 2: (void)act_on(w, n, VL_CONTROL_DEMOTE, other); break;
    case 3:
    case 4:
    case 5: endorse(w, n); break;
    case 6: add_again(w, n, other); break;
    case 7: (void)act_on(w, n, VL_CONTROL_VOTE, other); break;
    case 8: go(w, n, VL_CONTROL_STEPDOWN); break;
    default:
        if (seeded_chance(&w->life, 300)) go(w, n, VL_CONTROL_LEAVE);
        break;
    }
}

void members_act(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    const struct node *other = &w->nodes[seeded_below(&w->random, w->profile.nodes)];
    if (w->profile.endings && seeded_chance(&w->life, 500)) {
        end_something(w, n, other);
        return;
    }
    bool promotes = is_facilitator(n) && seeded_chance(&w->random, 500);
    (void)act_on(w, n, promotes ? VL_CONTROL_PROMOTE : VL_CONTROL_VOUCH, other);
}

void members_add_device(struct world *w, struct node *n)
{
    for (unsigned i = 0; i < w->profile.nodes; i++)
        if (w->nodes[i].is_second && vl_id_equal(&w->nodes[i].person, &n->person)) return;
    struct node *second = node_second_device(w, n);
    if (second == NULL) return;
    struct vl_enrolment enrolment = node_enrolment(w, second);
    struct vl_control control = {.kind = VL_CONTROL_ADD_DEVICE,
                                 .target = n->person,
                                 .enrolments = &enrolment,
                                 .enrolment_count = 1};
    if (!act(w, n, &control, second->name)) return;
    second->added = true;
    network_dial(w, second, n);
}

void members_lose_device(struct world *w, struct node *n)
{
    struct vl_control control = {.kind = VL_CONTROL_REMOVE_DEVICE};
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        struct node *other = &w->nodes[i];
        if (other == n || !node_awake(w, other) || !other->joined) continue;
        if (!vl_id_equal(&other->person, &n->person) || !members_sees(other, n)) continue;
        if (memcmp(other->keys->card.sign, n->keys->card.sign, 32) == 0) continue; /* a copy */
        memcpy(control.target.bytes, n->keys->card.sign, sizeof control.target.bytes);
        n->stolen = act(w, other, &control, n->name);
        if (n->stolen) tell(w, "%s is stolen", n->name);
        return;
    }
}

void members_rival_removals(struct world *w)
{
    bool done[NODES_MAX + 2] = {false}; /* by side */
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[i];
        if (!node_awake(w, n) || !n->joined || done[n->group] || !is_facilitator(n)) continue;
        const struct node *other = &w->nodes[seeded_below(&w->life, w->profile.nodes)];
        if (other != n && persons_seen(w, n) > 2)
            done[n->group] = act_on(w, n, VL_CONTROL_REMOVE, other);
    }
}

/* ---- who may know what ---- */

static bool names_key(const struct vl_entry_row *row, const struct node *other)
{
    struct vl_control control;
    bool found = false;
    if (row->kind != VL_ENTRY_CONTROL || vl_control_decode(row->entry.blob, &control) != VL_OK)
        return false;
    for (size_t i = 0; i < control.enrolment_count && !found; i++)
        found = memcmp(control.enrolments[i].card.sign, other->keys->card.sign, 32) == 0;
    vl_control_finish(&control);
    return found;
}

/* Whether the past of an epoch enrols her. Not: then, should her adding turn out to be void without
 * an end of hers, a later adding is her first, and with the past it brings that epoch too (R11). */
static bool enrolled_before(const struct node *n, const struct vl_id *epoch,
                            const struct node *other)
{
    const struct vl_membership *m = vl_replica_membership(n->replica);
    struct vl_bytes entry = vl_bytes(epoch->bytes, sizeof epoch->bytes);
    for (size_t i = 0; m != NULL && i < memory_storage_entry_count(n->memory); i++) {
        const struct vl_entry_row *row = memory_storage_entry_at(n->memory, i);
        struct vl_bytes id = vl_bytes(row->id.bytes, sizeof row->id.bytes);
        bool is_end;
        if (!names_key(row, other) || !vl_membership_reaches(m, entry, id)) continue;
        if (vl_membership_standing(m, id, &is_end) != VL_STANDING_UNAUTHORISED) return true;
    }
    return false;
}

static bool holds(const struct vl_epoch_info *epochs, size_t count, const struct vl_id *key_id)
{
    for (size_t i = 0; i < count; i++)
        if (vl_id_equal(&epochs[i].key_id, key_id)) return true;
    return false;
}

static bool current_epoch(const struct node *n, struct vl_epoch_info *first)
{
    return vl_replica_epochs(n->replica, first, 1) > 0 && first->current;
}

void members_note_write(struct world *w, const struct node *n)
{
    struct epoch_note note = {.barred = 0};
    struct vl_epoch_info epoch;
    if (!w->profile.endings || !current_epoch(n, &epoch)) return;
    note.key_id = epoch.key_id;
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *other = &w->nodes[i];
        if (!members_sees(n, other) && enrolled_before(n, &epoch.entry, other))
            note.barred |= 1u << i;
    }
    if (note.barred == 0) return;
    for (size_t i = 0; i < w->note_count; i++) {
        if (!vl_id_equal(&w->notes[i].key_id, &note.key_id)) continue;
        w->notes[i].barred |= note.barred;
        return;
    }
    if (w->note_count < NOTES_MAX) w->notes[w->note_count++] = note;
}

static vl_result keep_row(void *context, const struct vl_entry_row *row)
{
    entry_run_add(context, &row->entry);
    return VL_OK;
}

/* The first number of a log that is lacking. */
static uint64_t lacking(const struct vl_head *heads, size_t count, const struct vl_id *log)
{
    for (size_t i = 0; i < count; i++)
        if (vl_id_equal(&heads[i].log, log)) return heads[i].seq + 1;
    return 0;
}

static size_t heads_of(const struct node *n, struct vl_head *heads)
{
    size_t count = 0;
    if (vl_replica_heads(n->replica, heads, HEADS, &count) != VL_OK) return 0;
    return count < HEADS ? count : HEADS;
}

static size_t give_once(struct node *n, const struct node *from)
{
    struct vl_head heads[HEADS];
    struct vl_head mine[HEADS];
    size_t before = memory_storage_entry_count(n->memory);
    size_t count = heads_of(from, heads);
    size_t mine_count = heads_of(n, mine);
    for (size_t i = 0; i < count; i++) {
        struct entry_run run = {0};
        size_t stored = 0;
        uint64_t seq = lacking(mine, mine_count, &heads[i].log);
        if (seq > heads[i].seq && seq > 0) seq = heads[i].seq; /* another branch, perhaps */
        vl_result result =
            vl_replica_read_chunk(from->replica, &heads[i].log, seq, VL_CHUNK_ENTRIES_MAX,
                                  VL_CHUNK_BYTES_MAX, keep_row, &run);
        if (result == VL_OK) result = vl_replica_receive(n->replica, run.items, run.count, &stored);
        entry_run_finish(&run);
        if (hostile_is_ours(result)) break;
    }
    return memory_storage_entry_count(n->memory) - before;
}

void members_give_all(struct world *w, struct node *n, struct node *from)
{
    (void)w;
    while (give_once(n, from) > 0) {
    }
}

void members_check_secrets(struct world *w)
{
    struct node *source = NULL;
    for (unsigned i = 0; i < w->profile.nodes && source == NULL; i++)
        if (check_in_core(w, i)) source = &w->nodes[i];
    if (source == NULL) return;
    for (unsigned i = 0; i < w->profile.nodes && !w->failed; i++) {
        struct node *n = &w->nodes[i];
        if (!n->joined) continue;
        if (!check_in_core(w, i)) members_give_all(w, n, source);
        size_t count = vl_replica_epochs(n->replica, NULL, 0);
        struct vl_epoch_info *epochs = need(calloc(count + 1, sizeof *epochs));
        count = vl_replica_epochs(n->replica, epochs, count);
        for (size_t k = 0; k < w->note_count; k++)
            if ((w->notes[k].barred & (1u << i)) != 0 && holds(epochs, count, &w->notes[k].key_id))
                world_fail(w, "%s was out and holds an epoch that was written under then", n->name);
        free(epochs);
    }
}
