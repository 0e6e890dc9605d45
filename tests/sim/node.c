/* One device: its keys, its storage, its replica, and the person who writes on it. */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE           1u
#define FIELD_REGISTER 1u
#define FIELD_SET      3u
#define FIELD_TEXT     5u
#define WALL_START     INT64_C(1767225600000) /* 2026 */
#define LARGE_TEXT     20000u

static const char *const names[PEOPLE_MAX] = {"Ana",   "Bruno", "Chloe", "David", "Emma",
                                              "Farid", "Gilda", "Hugo",  "Ines",  "Jonas",
                                              "Kim",   "Lou",   "Mona",  "Nour",  "Otto"};

vl_wall node_wall(const struct world *w, const struct node *n)
{
    return (vl_wall){WALL_START + (int64_t)w->now + n->wall_offset};
}

bool node_empty(const struct node *n)
{
    return memory_storage_entry_count(n->memory) == 0;
}

static void must(vl_result result, const char *what)
{
    if (result == VL_OK) return;
    fprintf(stderr, "veillee-sim: %s: %s\n", what, vl_result_name(result));
    abort();
}

/* ---- life ---- */

void node_init(struct world *w, unsigned index)
{
    struct node *n = &w->nodes[index];
    *n = (struct node){.index = index};
    snprintf(n->name, sizeof n->name, "%s", names[index]);
    for (size_t i = 0; i < sizeof n->seed; i++)
        n->seed[i] = (uint8_t)seeded_u64(&w->random);
    must(vl_device_keys_from_seed(n->seed, &n->keys), "keys");
    vl_person_id(n->keys->card.sign, &n->person);
    n->memory = memory_storage_create();
    n->storage = memory_storage_port(n->memory);
    const int64_t ten_years = INT64_C(10) * 365 * 24 * 3600 * 1000;
    if (seeded_chance(&w->random, 700))
        n->wall_offset = (int64_t)seeded_below(&w->random, (uint64_t)(2 * ten_years)) - ten_years;
}

void node_finish(struct node *n)
{
    vl_replica_close(n->replica);
    memory_storage_destroy(n->memory);
    memory_storage_destroy(n->backup);
    vl_device_keys_destroy(n->keys);
    free(n->acknowledged);
}

/* Records with an odd number are of persons with an even one. */
static bool may_write(const struct vl_id *circle, const struct vl_operation *operation,
                      const struct vl_id *person)
{
    (void)circle;
    return (operation->record.bytes[0] & 1) == 0 || (person->bytes[0] & 1) == 0;
}

vl_may_write node_rule(const struct world *w)
{
    return w->seed % 6 == 3 ? may_write : NULL;
}

static void start(struct world *w, struct node *n)
{
    vl_result result = vl_replica_open(&n->replica, &w->circle, n->keys, &n->storage, node_rule(w));
    if (result != VL_OK) {
        world_fail(w, "%s cannot open her copy: %s", n->name, vl_result_name(result));
        n->replica = NULL;
        return;
    }
    n->up = true;
    n->life++;
    if (!n->is_moved) return;
    n->is_moved = false;
    result = vl_replica_new_incarnation(n->replica);
    if (result != VL_OK)
        world_fail(w, "%s cannot begin a new log: %s", n->name, vl_result_name(result));
}

struct vl_enrolment node_enrolment(const struct world *w, const struct node *n)
{
    struct vl_enrolment enrolment;
    vl_enrolment_sign(n->keys, &w->circle, &n->person, &enrolment);
    return enrolment;
}

void node_found(struct world *w)
{
    struct node *a = &w->nodes[0];
    struct node *b = &w->nodes[1];
    uint8_t bytes[32];
    uint8_t signature[64];
    struct vl_id id;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)seeded_u64(&w->random);
    vl_circle_id(a->keys->card.sign, b->keys->card.sign, bytes, &w->circle);
    vl_founding_sign(b->keys, &w->circle, &a->keys->card, signature);
    for (unsigned i = 0; i < w->profile.nodes; i++)
        start(w, &w->nodes[i]);
    struct vl_enrolment second = node_enrolment(w, b);
    must(vl_replica_found(a->replica, bytes, &second, signature, node_wall(w, a), &id), "found");
    a->added = a->joined = b->added = true;
    tell(w, "%s and %s found a circle", a->name, b->name);
}

void node_crash(struct world *w, struct node *n, const char *why)
{
    if (!n->up) return;
    tell(w, "%s's power is cut %s", n->name, why);
    network_break_node(w, n, "her power is cut");
    vl_replica_close(n->replica);
    n->replica = NULL;
    n->up = false;
    n->power_cut = n->crash_catching_up = false;
    n->frozen_until = 0;
    memory_storage_crash(n->memory);
    memory_storage_fail(n->memory, 0, VL_OK, false);
    world_schedule(w, seeded_between(&w->random, 1, 20 * MINUTE), EVENT_RESTART, n->index, 0,
                   n->life);
}

void node_backup(struct world *w, struct node *n)
{
    tell(w, "%s makes a backup", n->name);
    memory_storage_destroy(n->backup);
    n->backup = memory_storage_clone(n->memory);
}

void node_roll_back(struct world *w, struct node *n)
{
    if (n->backup == NULL) return;
    node_crash(w, n, "and her old backup is put back");
    memory_storage_restore(n->memory, n->backup);
    n->rolled_back = n->is_moved = true;
}

static void live(struct world *w, const struct node *n)
{
    world_schedule(w, day_wait(w, seeded_wait(&w->life, w->profile.write_mean)), EVENT_WRITE,
                   n->index, 0, 0);
    world_schedule(w, day_wait(w, seeded_wait(&w->life, 5000)), EVENT_DIAL, n->index, 0, 0);
}

void node_copy(struct world *w, const struct node *n)
{
    if (w->profile.nodes == NODES_MAX) return;
    struct node *copy = &w->nodes[w->profile.nodes];
    *copy = (struct node){.index = w->profile.nodes,
                          .person = n->person,
                          .is_second = n->is_second,
                          .hostile = n->hostile,
                          .stolen = n->stolen,
                          .added = true,
                          .joined = true,
                          .rolled_back = true,
                          .is_moved = true};
    snprintf(copy->name, sizeof copy->name, "%.8s2", n->name);
    memcpy(copy->seed, n->seed, sizeof copy->seed);
    must(vl_device_keys_from_seed(copy->seed, &copy->keys), "keys");
    copy->memory = memory_storage_clone(n->memory);
    copy->storage = memory_storage_port(copy->memory);
    w->profile.nodes++;
    tell(w, "%s's folder is copied, both are used", n->name);
    start(w, copy);
    live(w, copy);
}

struct node *node_second_device(struct world *w, const struct node *n)
{
    if (w->profile.nodes == NODES_MAX) return NULL;
    struct node *second = &w->nodes[w->profile.nodes];
    *second = (struct node){.index = w->profile.nodes,
                            .person = n->person,
                            .hostile = n->hostile,
                            .is_second = true,
                            .adder = n->index,
                            .wall_offset = n->wall_offset};
    snprintf(second->name, sizeof second->name, "%.8s'", n->name);
    for (size_t i = 0; i < sizeof second->seed; i++)
        second->seed[i] = (uint8_t)seeded_u64(&w->life);
    must(vl_device_keys_from_seed(second->seed, &second->keys), "keys");
    second->memory = memory_storage_create();
    second->storage = memory_storage_port(second->memory);
    w->profile.nodes++;
    start(w, second);
    live(w, second);
    return second;
}

void node_restart(struct world *w, struct node *n)
{
    start(w, n);
    if (!n->up) return;
    tell(w, "%s is back with %zu entries", n->name, memory_storage_entry_count(n->memory));
    for (size_t i = 0; i < n->acknowledged_count && !n->rolled_back; i++) {
        if (memory_storage_entry(n->memory, &n->acknowledged[i]) == NULL) {
            world_fail(w, "%s lost an entry that was shown as saved", n->name);
            return;
        }
    }
}

struct node *node_random_up(struct world *w)
{
    size_t first = seeded_below(&w->random, w->profile.nodes);
    for (size_t i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[(first + i) % w->profile.nodes];
        if (node_awake(w, n) && n->joined) return n;
    }
    return NULL;
}

bool node_awake(const struct world *w, const struct node *n)
{
    return n->up && !n->asleep && n->frozen_until <= w->now;
}

/* ---- writing ---- */

bool node_share_is_spent_at(const struct world *w, const struct node *n, const struct node *at)
{
    bool misused = false;
    size_t heads;
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *other = &w->nodes[i];
        bool hers = vl_id_equal(&other->person, &n->person);
        misused |= hers && (other->misused || !check_honest(other));
    }
    if (!misused) return false;
    /* a copy whose storage failed while it took the refused write back knows of no log any more */
    if (vl_replica_heads(at->replica, NULL, 0, &heads) == VL_ERR_STORAGE) return true;
    return vl_replica_share(at->replica, &n->person) >= VL_PERSON_CHAINS_MAX;
}

bool node_share_is_spent(const struct world *w, const struct node *n)
{
    return node_share_is_spent_at(w, n, n);
}

/* Results that a storage with a fault, or the rules, may give. */
bool node_may_refuse(const struct world *w, const struct node *n, vl_result result)
{
    if (result == VL_ERR_LIMIT) return node_share_is_spent(w, n);
    if (result == VL_ERR_STORAGE || result == VL_ERR_FULL) return !w->calm;
    return result == VL_ERR_AUTHORITY || result == VL_ERR_NO_KEY;
}

struct writing {
    struct vl_operation operation;
    struct vl_cell_key key;
    struct vl_buffer state;
    struct vl_dot dots[VL_DOTS_MAX];
    struct vl_span spans[64];
    uint8_t element[64];
    char text[LARGE_TEXT];
};

/* Each sets the operation, or says that there is nothing to do it on. */
static vl_result set_register(struct world *w, struct writing *x)
{
    (void)w;
    size_t count = 0;
    x->operation.opcode = VL_OP_REGISTER_SET;
    if (x->state.size > 0)
        VL_TRY(vl_cell_dots(x->key.kind, vl_buffer_view(&x->state), NULL, x->dots, VL_DOTS_MAX,
                            &count));
    x->operation.dots = x->dots;
    x->operation.dot_count = count < VL_DOTS_MAX ? count : VL_DOTS_MAX;
    x->operation.value = vl_bytes_text(x->text);
    return VL_OK;
}

static vl_result change_set(struct world *w, struct writing *x)
{
    struct vl_cell_value values[32];
    size_t count = 0;
    x->operation.opcode = VL_OP_SET_ADD;
    x->operation.value = vl_bytes_text(x->text);
    if (x->state.size == 0 || seeded_chance(&w->random, 600)) return VL_OK;
    VL_TRY(vl_cell_values(x->key.kind, vl_buffer_view(&x->state), values, 32, &count));
    if (count > 32) count = 32;
    if (count == 0) return VL_OK;
    struct vl_bytes chosen = values[seeded_below(&w->random, count)].value;
    if (chosen.size > sizeof x->element) return VL_OK;
    memcpy(x->element, chosen.data, chosen.size);
    struct vl_bytes element = vl_bytes(x->element, chosen.size);
    VL_TRY(vl_cell_dots(x->key.kind, vl_buffer_view(&x->state), &element, x->dots, VL_DOTS_MAX,
                        &count));
    if (count == 0 || count > VL_DOTS_MAX) return VL_OK;
    x->operation.opcode = VL_OP_SET_REMOVE;
    x->operation.value = element;
    x->operation.dots = x->dots;
    x->operation.dot_count = count;
    return VL_OK;
}

static vl_result change_text(struct world *w, struct writing *x)
{
    struct vl_buffer text = {0};
    if (x->state.size > 0) VL_TRY(vl_cell_text(vl_buffer_view(&x->state), &text));
    size_t length = text.size; /* ASCII alone is written here */
    vl_buffer_finish(&text);
    size_t at = seeded_below(&w->random, length + 1);
    if (length - at >= 3 && seeded_chance(&w->random, 300)) {
        size_t count = 0;
        VL_TRY(vl_cell_spans(x->key.kind, vl_buffer_view(&x->state), at, 3, x->spans, 64, &count));
        x->operation.opcode = VL_OP_SEQUENCE_DELETE;
        x->operation.spans = x->spans;
        x->operation.span_count = count;
        return VL_OK;
    }
    x->operation.opcode = VL_OP_SEQUENCE_INSERT;
    x->operation.value = vl_bytes_text(x->text);
    return vl_cell_place(x->key.kind, vl_buffer_view(&x->state), at, &x->operation.left,
                         &x->operation.right);
}

static vl_result prepare(struct world *w, struct node *n, struct writing *x)
{
    static const struct {
        uint32_t field;
        enum vl_field_kind kind;
        vl_result (*make)(struct world *w, struct writing *x);
    } kinds[] = {{FIELD_REGISTER, VL_FIELD_REGISTER, set_register},
                 {FIELD_SET, VL_FIELD_SET, change_set},
                 {FIELD_TEXT, VL_FIELD_TEXT, change_text}};
    size_t which = seeded_below(&w->random, 3);
    x->key =
        (struct vl_cell_key){.type = TYPE, .field = kinds[which].field, .kind = kinds[which].kind};
    x->key.record.bytes[0] = (uint8_t)(1 + seeded_below(&w->random, RECORDS));
    snprintf(x->text, sizeof x->text, "%s-%" PRIu64 " ", n->name, seeded_below(&w->random, 1000));
    if (kinds[which].make == set_register && seeded_chance(&w->random, w->profile.large)) {
        size_t size = (size_t)seeded_between(&w->random, 1000, sizeof x->text - 1);
        memset(x->text, 'x', size);
        x->text[size] = 0;
    }
    vl_result result = vl_replica_cell(n->replica, &x->key, &x->state);
    if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    x->operation.type = x->key.type;
    x->operation.record = x->key.record;
    x->operation.field = x->key.field;
    return kinds[which].make(w, x);
}

static void acknowledge(struct node *n, const struct vl_id *id)
{
    if (n->acknowledged_count == n->acknowledged_capacity) {
        n->acknowledged_capacity =
            n->acknowledged_capacity == 0 ? 32 : n->acknowledged_capacity * 2;
        n->acknowledged =
            need(realloc(n->acknowledged, n->acknowledged_capacity * sizeof *n->acknowledged));
    }
    n->acknowledged[n->acknowledged_count++] = *id;
}

bool node_write_quietly(struct world *w, struct node *n)
{
    struct writing *x = need(calloc(1, sizeof *x));
    struct vl_id id;
    char hex[VL_ID_TEXT_SIZE];
    vl_result result = prepare(w, n, x);
    if (result == VL_OK)
        result = vl_replica_write(n->replica, &x->operation, 1, node_wall(w, n), &id);
    if (result == VL_OK) {
        acknowledge(n, &id);
        w->writes++;
        vl_id_text(&id, hex);
        tell(w, "%s writes field %u of record %u: entry %.8s", n->name, x->key.field,
             x->key.record.bytes[0], hex);
        world_trace(w, "write", id.bytes, sizeof id.bytes);
        members_note_write(w, n);
    } else if (!node_may_refuse(w, n, result)) {
        world_fail(w, "%s cannot write: %s", n->name, vl_result_name(result));
    } else {
        tell(w, "%s cannot write: %s", n->name, vl_result_name(result));
    }
    vl_buffer_finish(&x->state);
    free(x);
    return result == VL_OK;
}

void node_write(struct world *w, struct node *n)
{
    if (node_write_quietly(w, n)) network_pump_node(w, n);
}

void node_erase(struct world *w, struct node *n)
{
    struct vl_id tombstone;
    if (n->acknowledged_count == 0 || w->erased_count == ERASED_MAX) return;
    const struct vl_id *gone = &n->acknowledged[seeded_below(&w->life, n->acknowledged_count)];
    const struct vl_entry_row *row = memory_storage_entry(n->memory, gone);
    if (row == NULL || row->kind == VL_ENTRY_CONTROL) return;
    w->erasures++;
    vl_result result = vl_replica_erase(n->replica, gone, 1, node_wall(w, n), &tombstone);
    if (result == VL_OK) {
        char hex[VL_ID_TEXT_SIZE];
        vl_id_text(gone, hex);
        tell(w, "%s erases %.8s", n->name, hex);
        w->erasers[w->erased_count] = n->index;
        w->erased[w->erased_count++] = *gone;
        network_pump_node(w, n);
    } else if (!node_may_refuse(w, n, result)) {
        world_fail(w, "%s cannot erase: %s", n->name, vl_result_name(result));
    }
}
