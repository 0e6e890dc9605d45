/* A storage that fails at every call, or gives out every row changed in every way: each call of a
 * replica ends with a named result, and what is stored is as before the call, or sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sync/branches.h"
#include "tests/support/replica_scenes.h"
#include "tests/support/test_scale.h"

static unsigned long points, named, other;

static void assert_sound(struct scene *s, const struct scene_act *act, uint64_t n)
{
    struct vl_verify_report report;
    struct vl_id bad, here, again;
    struct vl_replica *r = s->f->nodes[0].replica;
    vl_result result = vl_replica_verify(r, &report, &bad);
    if (result != VL_OK) fail_msg("%s, %u: not sound any more", act->name, (unsigned)n);
    vl_replica_heads_digest(r, &here);
    circle_fixture_reopen(s->f, 0);
    vl_replica_heads_digest(s->f->nodes[0].replica, &again);
    if (!vl_id_equal(&here, &again)) fail_msg("%s, %u: memory differs", act->name, (unsigned)n);
}

/* ---- calls that fail ---- */

/* false: there is no n-th call. What only reads goes on with the same replica, so that what a
 * failure left in its memory comes to light. */
static bool fail_at(struct scene *s, const struct scene_act *act, uint64_t n, vl_result fault,
                    bool lasting)
{
    bool closely = n % 16 == 0;
    if (act->writes || closely) scene_reset(s);
    if (act->prepare != NULL) act->prepare(s);
    struct memory_storage *memory = s->f->nodes[0].memory;
    struct vl_id before = scene_stored(memory);
    memory_storage_fail(memory, n, fault, lasting);
    vl_result result = act->act(s);
    bool failed = memory_storage_failed(memory);
    memory_storage_fail(memory, 0, VL_OK, false);
    if (result != act->result && !(failed && result == fault))
        fail_msg("%s, call %u: %s", act->name, (unsigned)n, vl_result_name(result));
    if (!failed) return false;
    points++;
    struct vl_id after = scene_stored(memory);
    bool changed = !vl_id_equal(&before, &after);
    if (s->f->nodes[0].replica == NULL) circle_fixture_reopen(s->f, 0);
    if (changed && !act->writes) fail_msg("%s, call %u: it wrote", act->name, (unsigned)n);
    if (changed || closely) assert_sound(s, act, n);
    if (result == act->result || !(act->writes || closely)) return true;
    if (act->prepare != NULL) act->prepare(s); /* a cache may be gone */
    result = act->act(s);
    /* done already, and cannot be done twice */
    if (changed && (result == VL_ERR_AUTHORITY || result == VL_ERR_EXISTS)) return true;
    if (result != act->result)
        fail_msg("%s after call %u: %s", act->name, (unsigned)n, vl_result_name(result));
    if (closely) assert_sound(s, act, n);
    return true;
}

static void any_call_may_fail(void **state)
{
    struct scene *s = *state;
    const size_t step = test_scale(1, 31);
    points = 0;
    for (size_t i = 0; i < s->act_count; i++) {
        for (int way = 0; way < 3; way++) {
            uint64_t n = 1;
            vl_result fault = way == 1 ? VL_ERR_FULL : VL_ERR_STORAGE;
            while (fail_at(s, &s->acts[i], n, fault, way == 2))
                n += step;
        }
    }
    print_message("%lu points\n", points);
}

/* ---- memory that was lost ---- */

static vl_result see_entry(void *context, const struct vl_entry_row *row)
{
    (void)context, (void)row;
    return VL_OK;
}

static vl_result see_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    (void)context, (void)key, (void)state;
    return VL_OK;
}

static vl_result see_record(void *context, const struct vl_record_row *row)
{
    (void)context, (void)row;
    return VL_OK;
}

static vl_result see_fork(void *context, const struct vl_fork *fork)
{
    (void)context, (void)fork;
    return VL_OK;
}

#define CALLS       38u
#define OTHER_CALLS 28u /* from this one on */

/* Of those that sessions and the domain use, too. */
static vl_result call_other(struct scene *s, unsigned which)
{
    struct vl_replica *r = s->f->nodes[0].replica;
    const struct vl_record_id record = fixture_record(1);
    const struct vl_record_scan records = {.type = 7};
    struct vl_id id;
    uint64_t number;
    uint32_t chain;
    vl_wall wall;
    switch (which - OTHER_CALLS) {
    case 0: return closed_place(r, &s->mine, &chain, &number);
    case 1: return closed_past(r, 0, 0, NULL, 0, NULL);
    case 2: return closed_reach(r, NULL, 0, NULL);
    case 3: return closed_signed(r, 0, 0, &number);
    case 4: return closed_lamport(r, 0, 0, &number);
    case 5: return closed_read(r, 0, 0, 1, SIZE_MAX, see_entry, NULL);
    case 6: return vl_replica_wall(r, &s->mine, &wall);
    case 7: return vl_replica_find_records(r, &records, see_record, NULL);
    case 8: return vl_replica_writers(r, 7, &record, see_entry, NULL);
    default: return vl_replica_ensure_epoch(r, s->f->now, &id);
    }
}

/* One call each; what each of them says when all is well is not looked at here. */
static vl_result call(struct scene *s, unsigned which)
{
    struct vl_replica *r = s->f->nodes[0].replica;
    const struct vl_device_card *card = &s->f->nodes[1].keys->card;
    struct vl_head heads[4];
    struct vl_device_info device;
    struct vl_erasure_device erasure;
    struct vl_incarnation log;
    struct vl_epoch_info epoch;
    struct vl_verify_report report;
    struct vl_cell_key key = {.type = 7, .record = fixture_record(1), .field = 3};
    const struct vl_scan all = {0};
    struct vl_buffer bytes = {0};
    struct vl_id id;
    uint8_t secret[32];
    uint64_t lamport;
    size_t count;
    bool has;
    vl_result result = VL_OK;
    if (which >= OTHER_CALLS) return call_other(s, which);
    switch (which) {
    case 0: return vl_replica_asked_heads(r, heads, 4, &count);
    case 1: return vl_replica_control_reach(r, heads, 4, &count);
    case 2: return vl_replica_read_chunk(r, &s->fork_log, 0, 9, SIZE_MAX, see_entry, NULL);
    case 3: return vl_replica_has(r, &s->mine, &has);
    case 4: return vl_replica_lamport(r, &s->fork_log, 0, &lamport);
    case 5: return vl_replica_control_since(r, &s->mine, 1, see_entry, NULL);
    case 6: return vl_replica_device(r, card->sign, &device);
    case 7: return vl_replica_device_by_noise(r, card->noise, &device);
    case 8: return vl_replica_device_at(r, 1, &device);
    case 9: return vl_replica_author(r, &s->mine, &device);
    case 10: return vl_replica_erasure_state(r, &s->erased, &id, &erasure, 1, &count);
    case 11: return vl_replica_me(r, &id);
    case 12: return vl_replica_epochs(r, &epoch, 1) > 0 ? VL_OK : VL_ERR_STORAGE;
    case 13: return vl_replica_epoch_key(r, &s->mine, VL_DOMAIN_TRANSPORT_PSK, secret);
    case 14: return vl_replica_new_incarnation(r);
    case 15: return vl_replica_peer_heads(r, heads, 0);
    case 16: return vl_replica_incarnations(r, card->sign, &log, 1, &count);
    case 17: return vl_replica_forks(r, see_fork, NULL);
    case 18: return vl_replica_fork_learn(r, vl_buffer_view(&s->proof));
    case 19: return vl_replica_record(r, 7, &key.record, see_cell, NULL);
    case 20: return vl_replica_records(r, 7, see_cell, NULL);
    case 21: return vl_replica_entries(r, &all, see_entry, NULL);
    case 22: return vl_replica_digest(r, &id);
    case 23: return vl_replica_verify(r, &report, &id);
    case 24: return vl_replica_membership(r) != NULL ? VL_OK : VL_ERR_STORAGE;
    case 25: result = vl_replica_cell(r, &key, &bytes); break;
    case 26: result = vl_replica_entry_body(r, &s->mine, &bytes); break;
    default: return vl_replica_found(r, secret, NULL, s->fork.items[0].signature, s->f->now, &id);
    }
    vl_buffer_finish(&bytes);
    return result;
}

/* The replica could neither commit nor load its memory again. */
static void make_stale(struct scene *s)
{
    struct memory_storage *memory = s->f->nodes[0].memory;
    struct vl_operation operation = {
        .type = 7, .field = 3, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("x")};
    struct vl_id id;
    scene_reset(s);
    memory_storage_fail(memory, 4, VL_ERR_STORAGE, true);
    assert_int_equal(vl_replica_write(s->f->nodes[0].replica, &operation, 1, s->f->now, &id),
                     VL_ERR_STORAGE);
    memory_storage_fail(memory, 0, VL_OK, false);
}

static void a_replica_without_memory_loads_it_first(void **state)
{
    struct scene *s = *state;
    for (unsigned which = 0; which < CALLS; which++) {
        scene_reset(s);
        vl_result usual = call(s, which);
        for (uint64_t n = 1; n < 4; n++) {
            struct vl_head head;
            struct vl_id digest, zeros = {{0}};
            size_t count;
            make_stale(s);
            assert_int_equal(vl_replica_heads(s->f->nodes[0].replica, &head, 1, &count),
                             VL_ERR_STORAGE);
            vl_replica_heads_digest(s->f->nodes[0].replica, &digest);
            assert_true(vl_id_equal(&digest, &zeros));
            memory_storage_fail(s->f->nodes[0].memory, n, VL_ERR_STORAGE, false);
            vl_result result = call(s, which);
            bool failed = memory_storage_failed(s->f->nodes[0].memory);
            memory_storage_fail(s->f->nodes[0].memory, 0, VL_OK, false);
            if (failed) assert_int_equal(result, VL_ERR_STORAGE);
            if (call(s, which) != usual) fail_msg("call %u differs after it", which);
        }
    }
}

/* ---- rows that are not what they were ---- */

/* Once, as by a bad cable; false: no n-th row was read. The call may not see it, or take it for
 * something else (a changed number for a missing entry), but it ends, and nothing follows from it
 * for what is stored. */
static bool change_at(struct scene *s, const struct scene_act *act, uint64_t n, unsigned way)
{
    scene_reset(s);
    if (act->prepare != NULL) act->prepare(s);
    struct memory_storage *memory = s->f->nodes[0].memory;
    struct vl_id before = scene_stored(memory);
    s->watch.rows = 0;
    s->watch.damage_at = n;
    s->watch.way = way;
    uint64_t damaged = s->watch.damaged;
    vl_result result = act->act(s);
    s->watch.damage_at = 0;
    if (damaged == s->watch.damaged) return false;
    points++;
    named += result == VL_ERR_DAMAGED;
    other += result != VL_ERR_DAMAGED && result != act->result;
    struct vl_id after = scene_stored(memory);
    bool changed = !vl_id_equal(&before, &after);
    if (changed && !act->writes) fail_msg("%s, row %u: it wrote", act->name, (unsigned)n);
    if (result == act->result) return true;
    circle_fixture_reopen(s->f, 0); /* the rows are as they were */
    if (act->prepare != NULL) act->prepare(s);
    result = act->act(s);
    if (!changed && result != act->result)
        fail_msg("%s after row %u: %s", act->name, (unsigned)n, vl_result_name(result));
    return true;
}

static void any_row_may_be_wrong_once(void **state)
{
    struct scene *s = *state;
    const size_t step = s->acts == scene_acts ? test_scale(3, 113) : test_scale(23, 397);
    points = named = other = 0;
    for (size_t i = 0; i < s->act_count; i++)
        for (unsigned way = 0; way < WATCHED_WAYS; way++)
            for (uint64_t n = 1 + way % step; change_at(s, &s->acts[i], n, way); n += step)
                continue;
    print_message("%lu points, %lu named so, %lu otherwise\n", points, named, other);
    assert_true(named > points / 10);
    /* about 1 in 200 is; a sample of 200 holds now one, now three */
    assert_true(other < points / 50 + 5);
}

/* What is wrong on the disk: opening or verifying finds it. */
static void find(struct scene *s, const char *what, const struct vl_id *name, unsigned way)
{
    struct fixture_node *node = &s->f->nodes[0];
    struct vl_replica *r = NULL;
    struct vl_verify_report report;
    struct vl_id bad;
    s->watch.lasting = name;
    s->watch.way = way;
    uint64_t damaged = s->watch.damaged;
    vl_result result = vl_replica_open(&r, &s->f->id, node->keys, &node->storage, NULL);
    if (result == VL_OK) result = vl_replica_verify(r, &report, &bad);
    vl_replica_close(r);
    s->watch.lasting = NULL;
    assert_true(damaged < s->watch.damaged);
    points++;
    if (result != VL_ERR_DAMAGED) fail_msg("%s, way %u: %s", what, way, vl_result_name(result));
}

static vl_result name_entry(void *context, const struct vl_entry_row *row)
{
    return vl_buffer_append(context, row->id.bytes, sizeof row->id.bytes);
}

static vl_result name_log(void *context, const struct vl_log_row *row)
{
    return vl_buffer_append(context, row->log.bytes, sizeof row->log.bytes);
}

static vl_result name_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct vl_id name = {{0}};
    (void)state;
    memcpy(name.bytes, key->record.bytes, sizeof key->record.bytes);
    return vl_buffer_append(context, name.bytes, sizeof name.bytes);
}

/* Entries behind a later signature need no good one of their own, nor to be known for it. */
static bool is_harmless(struct scene *s, const struct vl_id *id, unsigned way)
{
    const struct vl_entry_row *row = memory_storage_entry(s->f->nodes[0].memory, id);
    if (way == WATCHED_WAY_SIGNATURE)
        return row->kind != VL_ENTRY_CONTROL && (row->flags & VL_ENTRY_VERIFIED) == 0;
    if (way == WATCHED_WAY_NO_BLOB) return row->entry.blob.data == NULL;
    return way == WATCHED_WAY_VERIFIED;
}

static void whatever_is_wrong_for_good_is_found(void **state)
{
    struct scene *s = *state;
    const struct vl_scan all = {0};
    struct vl_buffer entries = {0}, logs = {0}, cells = {0};
    scene_reset(s);
    const struct vl_storage *storage = &s->watch.real;
    assert_int_equal(storage->entry_scan(storage->self, &all, name_entry, &entries), VL_OK);
    assert_int_equal(storage->log_scan(storage->self, name_log, &logs), VL_OK);
    assert_int_equal(storage->cell_scan(storage->self, false, 0, name_cell, &cells), VL_OK);
    points = 0;
    for (unsigned way = 0; way < WATCHED_WAYS; way++)
        for (size_t i = 0; i < entries.size / 32; i++) {
            const struct vl_id *id = (const struct vl_id *)entries.data + i;
            if (!is_harmless(s, id, way)) find(s, "entry", id, way);
        }
    for (unsigned way = 0; way < WATCHED_LOG_WAYS; way++)
        for (size_t i = 0; i < logs.size / 32; i++)
            find(s, "log", (const struct vl_id *)logs.data + i, way);
    for (unsigned way = 0; way < WATCHED_CELL_WAYS; way++)
        for (size_t i = 0; i < cells.size / 32; i++)
            find(s, "cell", (const struct vl_id *)cells.data + i, way);
    print_message("%lu points\n", points);
    assert_true(points > 500);
    vl_buffer_finish(&entries);
    vl_buffer_finish(&logs);
    vl_buffer_finish(&cells);
}

static int setup(void **state)
{
    *state = scene_create();
    return 0;
}

static int setup_branches(void **state)
{
    *state = scene_create_branches();
    return 0;
}

static int teardown(void **state)
{
    scene_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_call_may_fail),
        cmocka_unit_test(a_replica_without_memory_loads_it_first),
        cmocka_unit_test(any_row_may_be_wrong_once),
        cmocka_unit_test(whatever_is_wrong_for_good_is_found),
    };
    const struct CMUnitTest branches[] = {
        cmocka_unit_test(any_call_may_fail),
        cmocka_unit_test(any_row_may_be_wrong_once),
    };
    int failed = cmocka_run_group_tests_name("replica on a broken storage", tests, setup, teardown);
    failed += cmocka_run_group_tests_name("closed logs on a broken storage", branches,
                                          setup_branches, teardown);
    return failed;
}
