#include "tests/support/circle_fixture.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(vl_result result, const char *what)
{
    if (result == VL_OK) return;
    fprintf(stderr, "circle_fixture: %s: %s\n", what, vl_result_name(result));
    abort();
}

static void *need(void *memory)
{
    if (memory == NULL) must(VL_ERR_NO_MEMORY, "memory");
    return memory;
}

/* ---- nodes ---- */

static void open_node(struct circle_fixture *f, struct fixture_node *node)
{
    must(vl_replica_open(&node->replica, &f->id, node->keys, &node->storage, f->may_write), "open");
}

static size_t add_node(struct circle_fixture *f, uint64_t seed)
{
    f->nodes = need(realloc(f->nodes, (f->count + 1) * sizeof *f->nodes));
    struct fixture_node *node = &f->nodes[f->count];
    uint8_t bytes[32];
    uint64_t name[2] = {seed, f->count};
    crypto_generichash(bytes, sizeof bytes, (const uint8_t *)name, sizeof name, NULL, 0);
    *node = (struct fixture_node){0};
    memcpy(node->seed, bytes, sizeof node->seed);
    must(vl_device_keys_from_seed(bytes, &node->keys), "keys");
    vl_person_id(node->keys->card.sign, &node->person);
    node->memory = memory_storage_create();
    node->storage = memory_storage_port(node->memory);
    return f->count++;
}

struct vl_enrolment circle_fixture_enrolment(const struct circle_fixture *f, size_t person)
{
    struct vl_enrolment enrolment;
    const struct fixture_node *node = &f->nodes[person];
    vl_enrolment_sign(node->keys, &f->id, &node->person, &enrolment);
    return enrolment;
}

static void found(struct circle_fixture *f, bool is_private)
{
    static const uint8_t nobody[32];
    const struct vl_device_card *author = &f->nodes[0].keys->card;
    struct vl_id id;
    if (is_private) {
        uint8_t none[64] = {0};
        vl_circle_id(author->sign, nobody, f->random, &f->id);
        open_node(f, &f->nodes[0]);
        must(vl_replica_found(f->nodes[0].replica, f->random, NULL, none, f->now, &id), "found");
        return;
    }
    uint8_t signature[64];
    vl_circle_id(author->sign, f->nodes[1].keys->card.sign, f->random, &f->id);
    vl_founding_sign(f->nodes[1].keys, &f->id, author, signature);
    struct vl_enrolment second = circle_fixture_enrolment(f, 1);
    open_node(f, &f->nodes[0]);
    open_node(f, &f->nodes[1]);
    must(vl_replica_found(f->nodes[0].replica, f->random, &second, signature, f->now, &id),
         "found");
}

struct circle_fixture *circle_fixture_create(size_t persons, uint64_t seed)
{
    struct circle_fixture *f = need(calloc(1, sizeof *f));
    if (sodium_init() < 0) must(VL_ERR_INTERNAL, "sodium");
    f->now = (vl_wall){1700000000000};
    crypto_generichash(f->random, sizeof f->random, (const uint8_t *)&seed, sizeof seed, NULL, 0);
    (void)add_node(f, seed);
    if (persons > 1) (void)add_node(f, seed);
    found(f, persons == 1);
    for (size_t i = 2; i < persons; i++)
        circle_fixture_add(f, 0, circle_fixture_stranger(f));
    circle_fixture_sync_all(f);
    return f;
}

void circle_fixture_destroy(struct circle_fixture *f)
{
    if (f == NULL) return;
    for (size_t i = 0; i < f->count; i++) {
        vl_replica_close(f->nodes[i].replica);
        memory_storage_destroy(f->nodes[i].memory);
        vl_device_keys_destroy(f->nodes[i].keys);
    }
    free(f->nodes);
    free(f);
}

size_t circle_fixture_stranger(struct circle_fixture *f)
{
    uint64_t seed;
    memcpy(&seed, f->random, sizeof seed);
    size_t node = add_node(f, seed);
    open_node(f, &f->nodes[node]);
    return node;
}

void circle_fixture_add(struct circle_fixture *f, size_t by, size_t person)
{
    struct vl_enrolment enrolment = circle_fixture_enrolment(f, person);
    struct vl_id id;
    must(vl_replica_add_person(f->nodes[by].replica, &enrolment, f->now, &id), "add person");
}

void circle_fixture_reopen(struct circle_fixture *f, size_t node)
{
    vl_replica_close(f->nodes[node].replica);
    f->nodes[node].replica = NULL;
    open_node(f, &f->nodes[node]);
}

void circle_fixture_rule(struct circle_fixture *f, vl_may_write may_write)
{
    f->may_write = may_write;
    for (size_t i = 0; i < f->count; i++)
        circle_fixture_reopen(f, i);
}

/* ---- runs ---- */

static struct vl_bytes copy(uint8_t **to, struct vl_bytes from)
{
    if (from.data == NULL) return from;
    memcpy(*to, from.data, from.size);
    struct vl_bytes view = vl_bytes(*to, from.size);
    *to += from.size;
    return view;
}

void entry_run_add(struct entry_run *run, const struct vl_entry *entry)
{
    run->items = need(realloc(run->items, (run->count + 1) * sizeof *run->items));
    run->blocks = need(realloc(run->blocks, (run->count + 1) * sizeof *run->blocks));
    uint8_t *block = need(malloc(entry->header.size + entry->blob.size + 1));
    run->blocks[run->count] = block;
    run->items[run->count] = *entry;
    run->items[run->count].header = copy(&block, entry->header);
    run->items[run->count].blob = copy(&block, entry->blob);
    run->count++;
}

void entry_run_forge(struct entry_run *run, struct vl_entry_header *header, struct vl_bytes blob,
                     const struct vl_device_keys *keys, struct vl_id *id)
{
    struct vl_buffer encoded = {0};
    header->blob_size = (uint32_t)blob.size;
    vl_blob_hash(blob, &header->blob_hash);
    must(vl_entry_header_encode(header, &encoded), "encode header");
    struct vl_entry entry = {.header = vl_buffer_view(&encoded), .blob = blob};
    vl_entry_id(entry.header, id);
    vl_entry_sign(entry.header, keys, entry.signature);
    entry_run_add(run, &entry);
    vl_buffer_finish(&encoded);
}

void entry_run_finish(struct entry_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        free(run->blocks[i]);
    free(run->items);
    free(run->blocks);
    *run = (struct entry_run){0};
}

static vl_result run_visit(void *context, const struct vl_entry_row *row)
{
    entry_run_add(context, &row->entry);
    return VL_OK;
}

struct entry_run circle_fixture_run(struct circle_fixture *f, size_t node, const struct vl_id *log,
                                    uint64_t from, size_t max)
{
    struct entry_run run = {0};
    vl_result result =
        vl_replica_read_chunk(f->nodes[node].replica, log, from, max, SIZE_MAX, run_visit, &run);
    if (result != VL_ERR_NOT_FOUND) must(result, "read chunk");
    return run;
}

/* ---- sync ---- */

static struct vl_head *heads_of(struct circle_fixture *f, size_t node, size_t *count)
{
    const struct vl_replica *replica = f->nodes[node].replica;
    must(vl_replica_heads(replica, NULL, 0, count), "heads");
    struct vl_head *heads = need(calloc(*count + 1, sizeof *heads));
    must(vl_replica_heads(replica, heads, *count, count), "heads");
    return heads;
}

static uint64_t next_wanted(struct circle_fixture *f, size_t node, const struct vl_id *log)
{
    size_t count;
    uint64_t next = 0;
    struct vl_head *heads = heads_of(f, node, &count);
    for (size_t i = 0; i < count; i++)
        if (vl_id_equal(&heads[i].log, log)) next = heads[i].seq + 1;
    free(heads);
    return next;
}

static size_t pull_once(struct circle_fixture *f, size_t to, size_t from)
{
    size_t count, moved = 0;
    struct vl_head *heads = heads_of(f, from, &count);
    for (size_t i = 0; i < count; i++) {
        uint64_t next = next_wanted(f, to, &heads[i].log);
        if (next > heads[i].seq) continue;
        struct entry_run run =
            circle_fixture_run(f, from, &heads[i].log, next, VL_CHUNK_ENTRIES_MAX);
        size_t stored;
        vl_result result = vl_replica_receive(f->nodes[to].replica, run.items, run.count, &stored);
        if (result != VL_ERR_MISSING) must(result, "receive");
        moved += stored;
        entry_run_finish(&run);
    }
    free(heads);
    return moved;
}

size_t circle_fixture_pull(struct circle_fixture *f, size_t to, size_t from)
{
    size_t all = 0, moved;
    while ((moved = pull_once(f, to, from)) > 0)
        all += moved;
    return all;
}

void circle_fixture_sync_all(struct circle_fixture *f)
{
    size_t moved;
    do {
        moved = 0;
        for (size_t to = 0; to < f->count; to++)
            for (size_t from = 0; from < f->count; from++)
                if (to != from) moved += circle_fixture_pull(f, to, from);
    } while (moved > 0);
}

/* ---- writing ---- */

struct vl_record_id fixture_record(uint64_t number)
{
    struct vl_record_id record = {{0}};
    for (unsigned i = 0; i < 8; i++)
        record.bytes[i] = (uint8_t)(number >> (8 * i));
    record.bytes[15] = 1;
    return record;
}

struct vl_id circle_fixture_set(struct circle_fixture *f, size_t node, uint32_t type,
                                const struct vl_record_id *record, uint32_t field, const char *text)
{
    struct vl_replica *replica = f->nodes[node].replica;
    struct vl_cell_key key = {
        .type = type, .record = *record, .field = field, .kind = VL_FIELD_REGISTER};
    struct vl_buffer state = {0};
    struct vl_dot dots[VL_DOTS_MAX];
    size_t count = 0;
    struct vl_id id;
    vl_result result = vl_replica_cell(replica, &key, &state);
    if (result != VL_ERR_NOT_FOUND) must(result, "cell");
    if (state.size > 0)
        must(vl_cell_dots(key.kind, vl_buffer_view(&state), NULL, dots, VL_DOTS_MAX, &count),
             "dots");
    struct vl_operation operation = {.type = type,
                                     .record = *record,
                                     .field = field,
                                     .opcode = VL_OP_REGISTER_SET,
                                     .dots = dots,
                                     .dot_count = count,
                                     .value = vl_bytes_text(text)};
    must(vl_replica_write(replica, &operation, 1, f->now, &id), "write");
    vl_buffer_finish(&state);
    return id;
}

struct vl_id circle_fixture_add_element(struct circle_fixture *f, size_t node, uint32_t type,
                                        const struct vl_record_id *record, uint32_t field,
                                        const char *text)
{
    struct vl_operation operation = {.type = type,
                                     .record = *record,
                                     .field = field,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text(text)};
    struct vl_id id;
    must(vl_replica_write(f->nodes[node].replica, &operation, 1, f->now, &id), "write");
    return id;
}

/* ---- comparing ---- */

struct vl_id circle_fixture_digest(struct circle_fixture *f, size_t node)
{
    struct vl_id digest;
    must(vl_replica_digest(f->nodes[node].replica, &digest), "digest");
    return digest;
}

bool circle_fixture_agree(struct circle_fixture *f)
{
    struct vl_id heads, digest = circle_fixture_digest(f, 0);
    vl_replica_heads_digest(f->nodes[0].replica, &heads);
    for (size_t i = 1; i < f->count; i++) {
        struct vl_id other, other_digest = circle_fixture_digest(f, i);
        vl_replica_heads_digest(f->nodes[i].replica, &other);
        if (!vl_id_equal(&heads, &other) || !vl_id_equal(&digest, &other_digest)) return false;
    }
    return true;
}
