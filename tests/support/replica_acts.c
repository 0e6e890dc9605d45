/* The calls of a replica, each as one act on node 0 of the scene. */
#include "tests/support/replica_scenes.h"

#include "sync/proof.h"
#include <stdlib.h>
#include <string.h>

#define TYPE  7u
#define FIELD 3u
#define MAX   64u

static struct vl_replica *me(struct scene *s)
{
    return s->f->nodes[0].replica;
}

static struct vl_operation element(uint64_t number)
{
    return (struct vl_operation){.type = TYPE,
                                 .record = fixture_record(number),
                                 .field = FIELD,
                                 .opcode = VL_OP_SET_ADD,
                                 .value = vl_bytes_text("mine")};
}

/* ---- opening, receiving ---- */

static vl_result act_open(struct scene *s)
{
    struct fixture_node *node = &s->f->nodes[0];
    struct vl_replica *second = NULL;
    vl_result result = vl_replica_open(&second, &s->f->id, node->keys, &node->storage, NULL);
    vl_replica_close(second);
    return result;
}

/* The first result that is no success, of the machine's faults or of the runs'. */
static vl_result receive_runs(struct vl_replica *r, const struct entry_run *runs, size_t count)
{
    struct vl_run given[SCENE_NEWS_MAX];
    for (size_t i = 0; i < count; i++)
        given[i] = (struct vl_run){.entries = runs[i].items, .count = runs[i].count};
    VL_TRY(vl_replica_receive_runs(r, given, count));
    for (size_t i = 0; i < count; i++)
        if (given[i].result != VL_OK) return given[i].result;
    return VL_OK;
}

static vl_result act_receive_at_once(struct scene *s)
{
    return receive_runs(me(s), s->news, s->news_count);
}

/* One after the other and again while any brings something, for they wait for each other. */
static vl_result receive_in_turn(struct vl_replica *r, const struct entry_run *runs, size_t count)
{
    size_t before = 0, now = 1;
    vl_result last = VL_OK;
    while (now > before) {
        before = now;
        now = 1;
        last = VL_OK;
        for (size_t i = 0; i < count; i++) {
            size_t stored;
            vl_result result = vl_replica_receive(r, runs[i].items, runs[i].count, &stored);
            now += stored;
            if (result != VL_OK) last = result;
            if (result != VL_OK && result != VL_ERR_MISSING) return result;
        }
    }
    return last;
}

static vl_result act_receive_in_turn(struct scene *s)
{
    return receive_in_turn(me(s), s->news, s->news_count);
}

/* Only the second entry would have made the first one good. */
static vl_result act_receive_a_cut(struct scene *s)
{
    size_t stored;
    VL_TRY(receive_runs(me(s), s->news, s->news_count));
    return vl_replica_receive(me(s), s->cut.items, s->cut.count, &stored);
}

static vl_result act_receive_a_fork(struct scene *s)
{
    size_t stored;
    return vl_replica_receive(me(s), s->fork.items, s->fork.count, &stored);
}

static vl_result act_learn_a_fork(struct scene *s)
{
    return vl_replica_fork_learn(me(s), vl_buffer_view(&s->proof));
}

/* ---- writing ---- */

static vl_result act_write(struct scene *s)
{
    struct vl_operation operation = element(50);
    struct vl_id id;
    return vl_replica_write(me(s), &operation, 1, s->f->now, &id);
}

static vl_result act_write_to(struct scene *s)
{
    struct vl_operation operation = element(50);
    struct vl_id id;
    return vl_replica_write_to(me(s), &operation, 1, &s->f->nodes[2].person, 1, s->f->now, &id);
}

/* What was removed had the key: the write makes a new one. */
static vl_result act_remove_and_write(struct scene *s)
{
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = s->f->nodes[3].person};
    struct vl_id id;
    vl_result result = vl_replica_control(me(s), &remove, s->f->now, &id);
    return result == VL_OK ? act_write(s) : result;
}

static vl_result act_add_person(struct scene *s)
{
    struct vl_id id;
    return vl_replica_add_person(me(s), &s->newcomer, s->f->now, &id);
}

static vl_result act_add_device(struct scene *s)
{
    struct vl_enrolment enrolment;
    struct vl_id id, person;
    vl_result result = vl_replica_me(me(s), &person);
    if (result != VL_OK) return result;
    vl_enrolment_sign(s->f->nodes[s->f->count - 1].keys, &s->f->id, &person, &enrolment);
    return vl_replica_add_device(me(s), &enrolment, s->f->now, &id);
}

static vl_result act_ensure_epoch(struct scene *s)
{
    struct vl_id key_id;
    return vl_replica_ensure_epoch(me(s), s->f->now, &key_id);
}

static vl_result act_erase(struct scene *s)
{
    struct vl_id id, gone[2] = {s->mine, s->sealed};
    return vl_replica_erase(me(s), gone, 2, s->f->now, &id);
}

static vl_result act_leave(struct scene *s)
{
    struct vl_control leave = {.kind = VL_CONTROL_LEAVE};
    struct vl_id id;
    return vl_replica_control(me(s), &leave, s->f->now, &id);
}

static vl_result act_new_incarnation(struct scene *s)
{
    VL_TRY(vl_replica_new_incarnation(me(s)));
    return act_write(s);
}

/* The peer has more of my log than I have. */
static vl_result act_peer_heads(struct scene *s)
{
    struct vl_incarnation logs[MAX];
    size_t count;
    VL_TRY(vl_replica_incarnations(me(s), s->f->nodes[0].keys->card.sign, logs, MAX, &count));
    for (size_t i = 0; i < count; i++) {
        if (!logs[i].is_own) continue;
        struct vl_head head = {.log = logs[i].log, .seq = logs[i].entries + 3};
        VL_TRY(vl_replica_peer_heads(me(s), &head, 1));
    }
    return act_write(s);
}

/* ---- from nothing ---- */

/* Somebody who joins: her keys come with the entries, and what she could not read is merged then.
 */
static vl_result join(struct scene *s, size_t node, bool at_once)
{
    struct fixture_node *friend = &s->f->nodes[node];
    bool before = s->watch.pause != NULL && s->watch.pause(true);
    struct memory_storage *empty = memory_storage_create();
    if (s->watch.pause != NULL) (void)s->watch.pause(before);
    struct watched_storage watch = {.real = memory_storage_port(empty), .pause = s->watch.pause};
    struct vl_storage port = watched_storage_port(&watch);
    struct vl_replica *r = NULL;
    vl_result result = vl_replica_open(&r, &s->f->id, friend->keys, &port, NULL);
    if (result == VL_OK)
        result = (at_once ? receive_runs : receive_in_turn)(r, s->past, s->past_count);
    vl_replica_close(r);
    memory_storage_destroy(empty);
    return result;
}

static vl_result act_join(struct scene *s)
{
    return join(s, 2, true);
}

static vl_result act_join_in_turn(struct scene *s)
{
    return join(s, 7, false);
}

static vl_result act_found(struct scene *s)
{
    struct fixture_node *nodes = s->f->nodes;
    bool before = s->watch.pause != NULL && s->watch.pause(true);
    struct memory_storage *empty = memory_storage_create();
    uint8_t signature[64];
    vl_founding_sign(nodes[1].keys, &s->f->id, &nodes[0].keys->card, signature);
    struct vl_enrolment second = circle_fixture_enrolment(s->f, 1);
    if (s->watch.pause != NULL) (void)s->watch.pause(before);
    struct watched_storage watch = {.real = memory_storage_port(empty), .pause = s->watch.pause};
    struct vl_storage port = watched_storage_port(&watch);
    struct vl_replica *r = NULL;
    struct vl_id id;
    vl_result result = vl_replica_open(&r, &s->f->id, nodes[0].keys, &port, NULL);
    if (result == VL_OK)
        result = vl_replica_found(r, s->f->random, &second, signature, s->f->now, &id);
    vl_replica_close(r);
    memory_storage_destroy(empty);
    return result;
}

/* ---- reading ---- */

static vl_result see_entry(void *context, const struct vl_entry_row *row)
{
    *(size_t *)context += row->entry.header.size;
    return VL_OK;
}

static vl_result see_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    *(size_t *)context += state.size + key->field;
    return VL_OK;
}

static vl_result see_fork(void *context, const struct vl_fork *fork)
{
    *(size_t *)context += fork->proof.size;
    return VL_OK;
}

static vl_result act_heads(struct scene *s)
{
    struct vl_head heads[MAX];
    struct vl_id digest;
    size_t count, seen = 0;
    VL_TRY(vl_replica_heads(me(s), heads, MAX, &count));
    for (size_t i = 0; i < count; i++) {
        uint64_t lamport;
        VL_TRY(vl_replica_lamport(me(s), &heads[i].log, heads[i].seq, &lamport));
        VL_TRY(vl_replica_read_chunk(me(s), &heads[i].log, 0, 256, SIZE_MAX, see_entry, &seen));
    }
    vl_replica_heads_digest(me(s), &digest);
    VL_TRY(vl_replica_asked_heads(me(s), heads, MAX, &count));
    VL_TRY(vl_replica_control_reach(me(s), heads, MAX, &count));
    VL_TRY(vl_replica_control_since(me(s), &s->mine, 1, see_entry, &seen));
    return vl_replica_forks(me(s), see_fork, &seen);
}

static vl_result act_devices(struct scene *s)
{
    struct vl_device_info device;
    struct vl_erasure_device erasures[MAX];
    struct vl_incarnation logs[MAX];
    struct vl_id person, tombstone;
    size_t count;
    VL_TRY(vl_replica_me(me(s), &person));
    for (size_t i = 0; i < 7; i++) {
        const struct vl_device_card *card = &s->f->nodes[i].keys->card;
        VL_TRY(vl_replica_device(me(s), card->sign, &device));
        VL_TRY(vl_replica_device_by_noise(me(s), card->noise, &device));
        VL_TRY(vl_replica_incarnations(me(s), card->sign, logs, MAX, &count));
    }
    VL_TRY(vl_replica_device_at(me(s), 1, &device));
    VL_TRY(vl_replica_author(me(s), &s->mine, &device));
    return vl_replica_erasure_state(me(s), &s->erased, &tombstone, erasures, MAX, &count);
}

static vl_result act_records(struct scene *s)
{
    struct vl_cell_key key = {
        .type = TYPE, .record = fixture_record(1), .field = FIELD, .kind = VL_FIELD_REGISTER};
    struct vl_scan scan = {0};
    struct vl_buffer bytes = {0};
    struct vl_id digest;
    size_t seen = 0;
    bool has;
    vl_result result = vl_replica_cell(me(s), &key, &bytes);
    vl_buffer_clear(&bytes);
    if (result == VL_OK) result = vl_replica_entry_body(me(s), &s->sealed, &bytes);
    vl_buffer_finish(&bytes);
    VL_TRY(result);
    VL_TRY(vl_replica_has(me(s), &s->mine, &has));
    VL_TRY(vl_replica_record(me(s), TYPE, &key.record, see_cell, &seen));
    VL_TRY(vl_replica_records(me(s), TYPE, see_cell, &seen));
    VL_TRY(vl_replica_entries(me(s), &scan, see_entry, &seen));
    return vl_replica_digest(me(s), &digest);
}

static vl_result act_epochs(struct scene *s)
{
    struct vl_epoch_info epochs[MAX];
    uint8_t key[32];
    size_t count = vl_replica_epochs(me(s), epochs, MAX);
    if (count == 0) return VL_ERR_NO_MEMORY; /* as it says: it cannot tell why */
    for (size_t i = 0; i < count; i++)
        VL_TRY(vl_replica_epoch_key(me(s), &epochs[i].key_id, VL_DOMAIN_DISCOVERY_KEY, key));
    return vl_replica_membership(me(s)) != NULL ? VL_OK : VL_ERR_NO_MEMORY;
}

static vl_result act_verify(struct scene *s)
{
    struct vl_verify_report report;
    struct vl_id bad;
    return vl_replica_verify(me(s), &report, &bad);
}

/* A stranger shows the control entries that node 0 has not. */
static vl_result act_prove(struct scene *s)
{
    struct proof *proof = NULL;
    VL_TRY(proof_create(&proof, me(s), VL_PROOF_BYTES_MAX));
    vl_result result = VL_OK;
    for (size_t i = 0; result == VL_OK && i < s->past_count; i++) {
        struct vl_entry_header first;
        result = vl_entry_header_decode(s->past[i].items[0].header, &first);
        for (size_t k = 0; result == VL_OK && k < s->past[i].count; k++) {
            struct proof_item item = {.entry = s->past[i].items[k]};
            memcpy(item.author, first.sign_key, sizeof item.author);
            result = proof_add(proof, &item);
            /* what is no control entry, or comes before what it links to, is not shown */
            if (result == VL_ERR_KIND || result == VL_ERR_MISSING) result = VL_OK;
        }
    }
    const struct vl_device_card *card = &s->f->nodes[1].keys->card;
    if (result == VL_OK) result = proof_update(proof);
    if (result == VL_OK) result = proof_noise_current(proof, card->noise);
    if (result == VL_OK) result = proof_sign_current(proof, card->sign, NULL);
    proof_destroy(proof);
    return result;
}

const struct scene_act scene_acts[] = {
    {"open", act_open, VL_OK, false, NULL},
    {"receive at once", act_receive_at_once, VL_OK, true, NULL},
    {"receive in turn", act_receive_in_turn, VL_OK, true, NULL},
    {"receive a cut run", act_receive_a_cut, VL_ERR_MISSING, true, NULL},
    {"receive a fork", act_receive_a_fork, VL_OK, true, NULL},
    {"learn a fork", act_learn_a_fork, VL_OK, true, NULL},
    {"write", act_write, VL_OK, true, NULL},
    {"write to", act_write_to, VL_OK, true, NULL},
    {"remove and write", act_remove_and_write, VL_OK, true, NULL},
    {"add person", act_add_person, VL_OK, true, NULL},
    {"add device", act_add_device, VL_OK, true, NULL},
    {"ensure epoch", act_ensure_epoch, VL_OK, true, NULL},
    {"erase", act_erase, VL_OK, true, NULL},
    {"leave", act_leave, VL_OK, true, NULL},
    {"new incarnation", act_new_incarnation, VL_OK, true, NULL},
    {"peer's heads", act_peer_heads, VL_OK, true, NULL},
    {"join", act_join, VL_OK, false, NULL},
    {"join in turn", act_join_in_turn, VL_OK, false, NULL},
    {"found", act_found, VL_OK, false, NULL},
    {"heads", act_heads, VL_OK, false, NULL},
    {"devices", act_devices, VL_OK, false, NULL},
    {"records", act_records, VL_OK, false, NULL},
    {"epochs", act_epochs, VL_OK, false, NULL},
    {"verify", act_verify, VL_OK, false, NULL},
    {"prove", act_prove, VL_OK, false, NULL},
};
const size_t scene_act_count = sizeof scene_acts / sizeof *scene_acts;
