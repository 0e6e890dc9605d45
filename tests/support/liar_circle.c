#include "tests/support/liar_circle.h"

#include "tests/support/forged_entry.h"
#include "tests/support/session_hand.h"
#include <stdio.h>
#include <stdlib.h>

#define TYPE  1u /* as hand_write_one */
#define FIELD 3u

#define must(held) must_hold((held), #held)

static void must_hold(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "liar_circle: %s\n", what);
    abort();
}

struct circle_fixture *liar_circle_create(uint64_t seed)
{
    struct circle_fixture *f = circle_fixture_create(PERSONS, seed);
    for (size_t i = 0; i < PERSONS; i++)
        hand_write_one(f, i, i);
    circle_fixture_sync_all(f);
    return f;
}

/* ---- entries ---- */

struct entry_run liar_circle_run(struct circle_fixture *f, size_t node, uint64_t from, size_t max)
{
    struct vl_head tip = hand_tip_of(f, node, LIAR);
    struct entry_run run = circle_fixture_run(f, node, &tip.log, from, max);
    must(run.count > 0);
    return run;
}

struct entry_run liar_circle_last(struct circle_fixture *f, size_t node)
{
    struct vl_head tip = hand_tip_of(f, node, node);
    struct entry_run run = circle_fixture_run(f, node, &tip.log, tip.seq, 1);
    must(run.count == 1);
    return run;
}

void liar_circle_give(struct circle_fixture *f, size_t to, const struct entry_run *run)
{
    struct vl_run given = {
        .entries = run->items, .count = run->count, .server = &f->nodes[FRIEND].person};
    must(vl_replica_receive_runs(replica_of(f, to), &given, 1) == VL_OK);
    must_hold(given.result == VL_OK && given.stored == run->count, vl_result_name(given.result));
}

void liar_circle_give_logs(struct circle_fixture *f, size_t to, uint32_t from, uint32_t end)
{
    for (uint32_t log = from; log < end; log++) {
        struct vl_entry_header header = forged_log(f, LIAR, log);
        struct vl_id id;
        must(forged_give(f, LIAR, &header, vl_bytes_text("x"), to, &id) == VL_OK);
    }
}

void liar_circle_turn_back(struct circle_fixture *f, const struct memory_storage *before)
{
    struct fixture_node *liar = &f->nodes[LIAR];
    vl_replica_close(liar->replica);
    liar->replica = NULL;
    memory_storage_restore(liar->memory, before);
    circle_fixture_reopen(f, LIAR);
}

/* ---- what is said ---- */

vl_result liar_circle_write(struct circle_fixture *f, size_t node, uint64_t number)
{
    struct vl_id id;
    struct vl_operation operation = {.type = TYPE,
                                     .record = fixture_record(number),
                                     .field = FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("ligne")};
    return vl_replica_write(replica_of(f, node), &operation, 1, f->now, &id);
}

void liar_circle_write_at_last(struct circle_fixture *f, size_t node, uint64_t number)
{
    struct memory_storage *memory = f->nodes[node].memory;
    vl_result result = VL_ERR_STORAGE;
    for (uint64_t nth = 1; result != VL_OK; nth++) {
        memory_storage_fail(memory, nth, VL_ERR_STORAGE, false);
        result = liar_circle_write(f, node, number);
        const bool failed = memory_storage_failed(memory);
        memory_storage_fail(memory, 0, VL_OK, false);
        must(failed ? result == VL_ERR_STORAGE : result == VL_OK);
        circle_fixture_reopen(f, node);
        must(failed != liar_circle_hears(f, node, number));
    }
}

bool liar_circle_hears(struct circle_fixture *f, size_t node, uint64_t number)
{
    struct vl_cell_key key = {
        .type = TYPE, .record = fixture_record(number), .field = FIELD, .kind = VL_FIELD_SET};
    struct vl_buffer cell = {0};
    vl_result result = vl_replica_cell(replica_of(f, node), &key, &cell);
    must(result == VL_OK || result == VL_ERR_NOT_FOUND);
    vl_buffer_finish(&cell);
    return result == VL_OK;
}

struct vl_id liar_circle_control(struct circle_fixture *f, size_t by, enum vl_control_kind kind,
                                 const struct vl_id *target)
{
    struct vl_control body = {.kind = kind, .target = *target};
    struct vl_id id;
    must(vl_replica_control(replica_of(f, by), &body, f->now, &id) == VL_OK);
    return id;
}

/* ---- two of them ---- */

bool liar_circle_meet(struct circle_fixture *f, size_t a, size_t b)
{
    struct session_pair pair;
    session_pair_init(&pair, f, a, b);
    session_pair_run(&pair);
    bool in_sync = vl_session_in_sync(pair.sides[0]) && vl_session_in_sync(pair.sides[1]);
    session_pair_finish(&pair);
    return in_sync;
}

bool liar_circle_same(struct circle_fixture *f, size_t a, size_t b)
{
    struct vl_id one, other, x = circle_fixture_digest(f, a), y = circle_fixture_digest(f, b);
    vl_replica_heads_digest(replica_of(f, a), &one);
    vl_replica_heads_digest(replica_of(f, b), &other);
    return vl_id_equal(&one, &other) && vl_id_equal(&x, &y);
}

bool liar_circle_is_sound(struct circle_fixture *f, size_t node)
{
    struct vl_verify_report report;
    struct vl_id bad;
    return vl_replica_verify(replica_of(f, node), &report, &bad) == VL_OK;
}
