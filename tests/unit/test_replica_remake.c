/* When entries are taken out of the cells, the records that they wrote to are made anew from the
 * entries that are left. After any history each cell is, byte for byte, that of a copy which never
 * had them. */
#include "tests/support/circle_fixture.h"
#include "tests/support/seeded_random.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PERSONS   4u
#define RECORDS   5u
#define TYPES     2u
#define STEPS     60u
#define ENTRY_OPS 3u
#define DOTS      32u
#define SAID_MAX  256u

struct history {
    struct circle_fixture *f;
    struct seeded random;
    struct vl_id said[SAID_MAX]; /* content of anybody */
    size_t said_count;
    size_t spare;        /* a node whose place a copy takes */
    bool out;            /* person 3 was removed */
    size_t seen, erased; /* that something was looked at, and went */
};

/* ---- writing ---- */

struct draft { /* of one operation, with what it points to */
    struct vl_dot dots[DOTS];
    struct vl_span spans[DOTS];
    char text[24];
};

static void state_of(struct history *h, size_t node, const struct vl_operation *op,
                     struct vl_buffer *state)
{
    const struct vl_cell_key key = {.type = op->type,
                                    .record = op->record,
                                    .field = op->field,
                                    .kind = vl_opcode_field_kind(op->opcode)};
    vl_result result = vl_replica_cell(h->f->nodes[node].replica, &key, state);
    assert_true(result == VL_OK || result == VL_ERR_NOT_FOUND);
}

static void fill_dots(struct vl_operation *op, struct draft *draft, struct vl_bytes state)
{
    const struct vl_bytes *element = op->opcode == VL_OP_REGISTER_SET ? NULL : &op->value;
    size_t count = 0;
    if (state.size > 0)
        assert_int_equal(vl_cell_dots(vl_opcode_field_kind(op->opcode), state, element, draft->dots,
                                      DOTS, &count),
                         VL_OK);
    op->dots = draft->dots;
    op->dot_count = count < DOTS ? count : DOTS;
    if (op->opcode == VL_OP_SET_REMOVE && count == 0) op->opcode = VL_OP_SET_ADD;
    if (op->opcode == VL_OP_SET_ADD) op->dot_count = 0;
}

/* Somewhere in the text: new words, or without what is there. */
static void fill_text(struct history *h, struct vl_operation *op, struct draft *draft,
                      struct vl_bytes state)
{
    struct vl_buffer text = {0};
    size_t count = 0;
    op->left.is_end = op->right.is_end = true;
    if (state.size == 0) return;
    assert_int_equal(vl_cell_text(state, &text), VL_OK);
    size_t at = (size_t)seeded_below(&h->random, text.size + 1);
    if (text.size > at && seeded_chance(&h->random, 400)) {
        assert_int_equal(vl_cell_spans(VL_FIELD_TEXT, state, at, 1, draft->spans, DOTS, &count),
                         VL_OK);
        op->opcode = VL_OP_SEQUENCE_DELETE;
        op->spans = draft->spans;
        op->span_count = count;
        op->value = vl_bytes(NULL, 0);
    } else {
        assert_int_equal(vl_cell_place(VL_FIELD_TEXT, state, at, &op->left, &op->right), VL_OK);
    }
    vl_buffer_finish(&text);
}

static void draft_operation(struct history *h, size_t node, struct vl_operation *op,
                            struct draft *draft)
{
    static const enum vl_opcode opcodes[] = {VL_OP_REGISTER_SET, VL_OP_SET_ADD, VL_OP_SET_REMOVE,
                                             VL_OP_SEQUENCE_INSERT};
    struct vl_buffer state = {0};
    snprintf(draft->text, sizeof draft->text, "w%llu",
             (unsigned long long)seeded_below(&h->random, 4));
    *op = (struct vl_operation){.type = 7 + (uint32_t)seeded_below(&h->random, TYPES),
                                .record = fixture_record(seeded_below(&h->random, RECORDS)),
                                .field = 1 + (uint32_t)seeded_below(&h->random, 2),
                                .opcode = opcodes[seeded_below(&h->random, 4)],
                                .value = vl_bytes_text(draft->text)};
    state_of(h, node, op, &state);
    if (op->opcode == VL_OP_SEQUENCE_INSERT)
        fill_text(h, op, draft, vl_buffer_view(&state));
    else
        fill_dots(op, draft, vl_buffer_view(&state));
    vl_buffer_finish(&state);
}

/* What was sealed is read, and made anew, by some alone. */
static void write_something(struct history *h, size_t node)
{
    struct vl_operation ops[ENTRY_OPS];
    struct draft drafts[ENTRY_OPS];
    struct vl_replica *r = h->f->nodes[node].replica;
    struct vl_id id;
    size_t count = 1 + (size_t)seeded_below(&h->random, ENTRY_OPS);
    for (size_t i = 0; i < count; i++)
        draft_operation(h, node, &ops[i], &drafts[i]);
    const struct vl_id *reader = &h->f->nodes[seeded_below(&h->random, 3)].person;
    vl_result result = seeded_chance(&h->random, 250)
                           ? vl_replica_write_to(r, ops, count, reader, 1, h->f->now, &id)
                           : vl_replica_write(r, ops, count, h->f->now, &id);
    if (result == VL_ERR_NO_KEY || result == VL_ERR_NOT_FOUND) return; /* who was removed */
    assert_int_equal(result, VL_OK);
    if (h->said_count < SAID_MAX) h->said[h->said_count++] = id;
}

/* One or two of what that node has. */
static void erase_something(struct history *h, size_t node)
{
    struct vl_id id, targets[2];
    size_t count = 0, wanted = 1 + (size_t)seeded_below(&h->random, 2);
    size_t first = (size_t)seeded_below(&h->random, h->said_count + 1);
    for (size_t i = 0; i < h->said_count && count < wanted; i++) {
        const struct vl_id *target = &h->said[(first + i) % h->said_count];
        if (memory_storage_entry(h->f->nodes[node].memory, target) != NULL)
            targets[count++] = *target;
    }
    if (count == 0) return;
    vl_result result = vl_replica_erase(h->f->nodes[node].replica, targets, count, h->f->now, &id);
    assert_true(result == VL_OK || result == VL_ERR_AUTHORITY);
    h->erased += result == VL_OK;
}

static void change_members(struct history *h)
{
    struct vl_control control = {.kind = VL_CONTROL_REMOVE, .target = h->f->nodes[3].person};
    struct vl_id id;
    if (h->out) return;
    h->out = vl_replica_control(h->f->nodes[0].replica, &control, h->f->now, &id) == VL_OK;
}

/* ---- comparing ---- */

struct cells {
    struct vl_buffer bytes;
    size_t count;
};

static vl_result add_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct cells *cells = context;
    const uint32_t numbers[] = {key->type, key->field, key->kind, (uint32_t)state.size};
    cells->count++;
    VL_TRY(vl_buffer_append(&cells->bytes, numbers, sizeof numbers));
    VL_TRY(vl_buffer_append(&cells->bytes, key->record.bytes, sizeof key->record.bytes));
    return vl_buffer_append(&cells->bytes, state.data, state.size);
}

static void cells_of(const struct fixture_node *node, struct cells *out)
{
    *out = (struct cells){.count = 0};
    assert_int_equal(node->storage.cell_scan(node->storage.self, false, 0, add_cell, out), VL_OK);
}

/* A copy with the same keys that gets what is left now, from the first entry on. */
static void equals_a_new_copy(struct history *h, size_t node)
{
    struct fixture_node *spare = &h->f->nodes[h->spare], kept = *spare;
    struct cells here, there;
    spare->keys = h->f->nodes[node].keys;
    spare->memory = memory_storage_create();
    spare->storage = memory_storage_port(spare->memory);
    assert_int_equal(
        vl_replica_open(&spare->replica, &h->f->id, spare->keys, &spare->storage, NULL), VL_OK);
    (void)circle_fixture_pull(h->f, h->spare, node);
    cells_of(&h->f->nodes[node], &here);
    cells_of(spare, &there);
    assert_int_equal(here.count, there.count);
    assert_int_equal(here.bytes.size, there.bytes.size);
    if (here.bytes.size > 0)
        assert_memory_equal(here.bytes.data, there.bytes.data, here.bytes.size);
    vl_buffer_finish(&here.bytes);
    vl_buffer_finish(&there.bytes);
    vl_replica_close(spare->replica);
    memory_storage_destroy(spare->memory);
    *spare = kept;
}

static vl_result is_merged(void *context, const struct vl_entry_row *row)
{
    (*(size_t *)context)++;
    assert_true((row->flags & VL_ENTRY_MERGED) != 0);
    return VL_OK;
}

/* Nothing says of an entry that is not in the cells where it wrote to; of each that is it is said
 * (that is part of verifying). */
static void writes_are_those_of_merged_entries(struct history *h, size_t node)
{
    struct vl_verify_report report;
    struct vl_id bad;
    size_t count = 0;
    for (uint32_t type = 7; type < 7 + TYPES; type++)
        for (uint64_t record = 0; record < RECORDS; record++) {
            const struct vl_record_id id = fixture_record(record);
            struct vl_replica *r = h->f->nodes[node].replica;
            assert_int_equal(vl_replica_writers(r, type, &id, is_merged, &count), VL_OK);
            assert_int_equal(vl_replica_writers(r, type + VL_TYPE_SEALED, &id, is_merged, &count),
                             VL_OK);
        }
    h->seen += count;
    assert_int_equal(vl_replica_verify(h->f->nodes[node].replica, &report, &bad), VL_OK);
}

static void check(struct history *h)
{
    for (size_t node = 0; node < PERSONS; node++) {
        equals_a_new_copy(h, node);
        writes_are_those_of_merged_entries(h, node);
    }
}

/* ---- histories ---- */

static void step(struct history *h)
{
    size_t node = (size_t)seeded_below(&h->random, PERSONS);
    size_t other = (size_t)seeded_below(&h->random, PERSONS);
    uint64_t what = seeded_below(&h->random, 100);
    if (what < 60)
        write_something(h, node);
    else if (what < 75)
        erase_something(h, seeded_chance(&h->random, 700) ? 0 : node);
    else if (what < 77)
        change_members(h);
    else if (other != node)
        (void)circle_fixture_pull(h->f, node, other);
}

static void run_history(uint64_t seed)
{
    struct history h = {.f = circle_fixture_create(PERSONS, seed)};
    seeded_init(&h.random, seed, 7);
    h.spare = circle_fixture_stranger(h.f);
    for (size_t i = 0; i < STEPS; i++) {
        step(&h);
        if (i % 20 == 19) check(&h);
    }
    for (size_t i = 0; i < PERSONS; i++)
        for (size_t k = 0; k < PERSONS; k++)
            if (i != k) (void)circle_fixture_pull(h.f, i, k);
    check(&h);
    assert_true(h.seen > 0 && h.erased > 0);
    circle_fixture_destroy(h.f);
}

static void cells_are_as_if_what_went_had_never_been(void **state)
{
    (void)state;
    const uint64_t histories = test_scale(60, 6);
    for (uint64_t seed = 1; seed <= histories; seed++)
        run_history(9000 + seed);
}

/* An entry that wrote to two records goes from both, and what it had replaced is back. */
static void an_entry_goes_from_every_record_that_it_wrote_to(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 77);
    struct vl_record_id one = fixture_record(1), two = fixture_record(2);
    const struct vl_cell_key key = {.type = 7, .record = one, .field = 1};
    struct vl_buffer before = {0}, after = {0};
    struct vl_dot dots[2];
    struct vl_id both, tombstone;
    size_t count;
    (void)circle_fixture_set(f, 0, 7, &one, 1, "first");
    (void)circle_fixture_set(f, 0, 7, &two, 1, "first");
    assert_int_equal(vl_replica_cell(f->nodes[0].replica, &key, &before), VL_OK);
    assert_int_equal(
        vl_cell_dots(VL_FIELD_REGISTER, vl_buffer_view(&before), NULL, dots, 2, &count), VL_OK);
    struct vl_operation ops[3] = {
        {.type = 7, .record = one, .field = 1, .dots = dots, .dot_count = count},
        {.type = 7, .record = two, .field = 1, .value = vl_bytes_text("second")},
        {.type = 7, .record = one, .field = 2, .value = vl_bytes_text("second")}};
    ops[0].value = vl_bytes_text("second");
    assert_int_equal(vl_replica_write(f->nodes[0].replica, ops, 3, f->now, &both), VL_OK);
    assert_int_equal(vl_replica_erase(f->nodes[0].replica, &both, 1, f->now, &tombstone), VL_OK);
    assert_int_equal(vl_replica_cell(f->nodes[0].replica, &key, &after), VL_OK);
    assert_true(after.size == before.size && memcmp(after.data, before.data, after.size) == 0);
    const struct vl_cell_key second = {.type = 7, .record = one, .field = 2};
    assert_int_equal(vl_replica_cell(f->nodes[0].replica, &second, &after), VL_ERR_NOT_FOUND);
    vl_buffer_finish(&before);
    vl_buffer_finish(&after);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_goes_from_every_record_that_it_wrote_to),
        cmocka_unit_test(cells_are_as_if_what_went_had_never_been),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
