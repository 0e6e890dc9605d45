/* A device never uses a number of its log twice: restored backups, copied vaults, power cuts. */
#include "api/circle_load.h"
#include "tests/support/seeded_random.h"
#include "tests/support/session_pair.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE       9u
#define FIELD      2u
#define ENTRIES    128u
#define SCHEDULES  1000u
#define FIRST_SEED 4100u

/* ---- every number that device 1 has ever used, with what it stood for ---- */

struct used {
    struct vl_head heads[ENTRIES];
    size_t count;
};

static struct vl_head head_of(struct circle_fixture *f, size_t node, const struct vl_id *id)
{
    struct vl_head heads[64];
    size_t count;
    assert_int_equal(vl_replica_heads(f->nodes[node].replica, heads, 64, &count), VL_OK);
    for (size_t i = 0; i < count; i++)
        if (vl_id_equal(&heads[i].id, id)) return heads[i];
    fail_msg("what was written is no tip");
    return heads[0];
}

static void write_one(struct circle_fixture *f, struct used *used, uint64_t seed)
{
    struct vl_record_id record = fixture_record(used->count);
    struct vl_id id = circle_fixture_add_element(f, 1, TYPE, &record, FIELD, "un mot");
    struct vl_head head = head_of(f, 1, &id);
    for (size_t i = 0; i < used->count; i++)
        if (vl_id_equal(&used->heads[i].log, &head.log) && used->heads[i].seq == head.seq)
            fail_msg("seed %llu: number %llu used twice", (unsigned long long)seed,
                     (unsigned long long)head.seq);
    assert_true(used->count < ENTRIES);
    used->heads[used->count++] = head;
}

static size_t incarnations(struct circle_fixture *f, size_t node, size_t *written)
{
    struct vl_incarnation logs[64];
    size_t count;
    assert_int_equal(vl_replica_incarnations(f->nodes[node].replica, f->nodes[1].keys->card.sign,
                                             logs, 64, &count),
                     VL_OK);
    *written = 0;
    for (size_t i = 0; i < count; i++) {
        assert_false(logs[i].is_forked);
        *written += !logs[i].has_ended;
    }
    return count;
}

/* ---- random schedules ---- */

struct scene {
    struct circle_fixture *f;
    struct fixture_node
        other; /* the other copy of node 1; its replica is NULL while there is none */
    struct memory_storage *backup;
    struct used used;
    struct seeded random;
    uint64_t seed;
};

static void swap_copies(struct scene *s)
{
    struct fixture_node one = s->f->nodes[1];
    if (s->other.memory == NULL) return;
    s->f->nodes[1] = s->other;
    s->other = one;
}

static void back_up(struct scene *s)
{
    memory_storage_destroy(s->backup);
    s->backup = memory_storage_clone(s->f->nodes[1].memory);
}

/* The file is another one, and the marker says so; or the person meets others before writing. */
static void restore(struct scene *s)
{
    if (s->backup == NULL) return;
    vl_replica_close(s->f->nodes[1].replica);
    s->f->nodes[1].replica = NULL;
    memory_storage_restore(s->f->nodes[1].memory, s->backup);
    circle_fixture_reopen(s->f, 1);
    assert_int_equal(vl_replica_new_incarnation(s->f->nodes[1].replica), VL_OK);
}

static void copy(struct scene *s)
{
    if (s->other.memory != NULL) return;
    s->other = s->f->nodes[1];
    s->other.memory = memory_storage_clone(s->f->nodes[1].memory);
    s->other.storage = memory_storage_port(s->other.memory);
    s->other.replica = NULL;
    assert_int_equal(
        vl_replica_open(&s->other.replica, &s->f->id, s->other.keys, &s->other.storage, NULL),
        VL_OK);
    assert_int_equal(vl_replica_new_incarnation(s->other.replica), VL_OK);
}

/* The power goes at a random call of the storage while it writes; whatever came out of that write
 * was seen by nobody. */
static void power_cut(struct scene *s)
{
    struct fixture_node *node = &s->f->nodes[1];
    struct vl_record_id record = fixture_record(500);
    struct vl_operation operation = {.type = TYPE,
                                     .record = record,
                                     .field = FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("perdu")};
    struct vl_id id;
    memory_storage_fail(node->memory, seeded_between(&s->random, 1, 8), VL_ERR_STORAGE, true);
    vl_result result = vl_replica_write(node->replica, &operation, 1, s->f->now, &id);
    memory_storage_fail(node->memory, 0, VL_OK, false);
    memory_storage_crash(node->memory);
    circle_fixture_reopen(s->f, 1);
    if (result != VL_OK) return;
    assert_true(s->used.count < ENTRIES);
    s->used.heads[s->used.count++] = head_of(s->f, 1, &id); /* saved, so never used again */
}

static void meet(struct scene *s, size_t a, size_t b)
{
    struct session_pair pair;
    session_pair_init(&pair, s->f, a, b);
    session_pair_run(&pair);
    for (size_t side = 0; side < 2; side++) {
        if (!vl_session_in_sync(pair.sides[side]))
            fail_msg("seed %llu: not in sync: %s", (unsigned long long)s->seed,
                     vl_result_name(vl_session_error(pair.sides[side])));
        assert_int_equal(vl_session_forks(pair.sides[side], NULL, 0), 0);
    }
    session_pair_finish(&pair);
}

static void step(struct scene *s)
{
    switch (seeded_below(&s->random, 12)) {
    case 0: back_up(s); break;
    case 1: restore(s); break;
    case 2: copy(s); break;
    case 3: power_cut(s); break;
    case 4: meet(s, 1, 0); break;
    case 5: meet(s, 1, 2); break;
    case 6: meet(s, 0, 2); break;
    case 7: swap_copies(s); break;
    default: write_one(s->f, &s->used, s->seed);
    }
}

static void run_schedule(uint64_t seed)
{
    struct scene s = {.f = circle_fixture_create(3, seed), .seed = seed};
    size_t written[3];
    seeded_init(&s.random, seed, 1);
    for (size_t i = 0; i < 30; i++)
        step(&s);
    for (size_t turn = 0; turn < 4; turn++) {
        meet(&s, 1, 0);
        meet(&s, 1, 2);
        meet(&s, 0, 2);
        swap_copies(&s);
    }
    assert_true(circle_fixture_agree(s.f));
    size_t count = incarnations(s.f, 0, &written[0]);
    assert_int_equal(incarnations(s.f, 2, &written[2]), count);
    assert_int_equal(written[0], written[2]);
    if (s.other.memory != NULL) {
        vl_replica_close(s.other.replica);
        memory_storage_destroy(s.other.memory);
    }
    memory_storage_destroy(s.backup);
    circle_fixture_destroy(s.f);
}

static void no_schedule_forks(void **state)
{
    (void)state;
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + test_scale(SCHEDULES, 30); seed++)
        run_schedule(seed);
}

/* Nothing says that the storage is an old one but the heads of the first who is met. */
static void heads_of_a_peer_are_enough(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 77);
    struct used used = {0};
    size_t written;
    write_one(f, &used, 77);
    struct memory_storage *backup = memory_storage_clone(f->nodes[1].memory);
    for (size_t i = 0; i < 5; i++)
        write_one(f, &used, 77);
    circle_fixture_pull(f, 0, 1);
    vl_replica_close(f->nodes[1].replica);
    f->nodes[1].replica = NULL;
    memory_storage_restore(f->nodes[1].memory, backup);
    memory_storage_destroy(backup);
    circle_fixture_reopen(f, 1);
    struct session_pair pair;
    session_pair_init(&pair, f, 1, 0);
    /* HELLO and HEADS arrive, of the entries none */
    for (size_t i = 0; i < 2; i++) {
        assert_true(session_pair_carry(&pair, 0));
        assert_true(session_pair_carry(&pair, 1));
    }
    write_one(f, &used, 77);
    session_pair_run(&pair);
    session_pair_finish(&pair);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    assert_int_equal(incarnations(f, 2, &written), 2);
    circle_fixture_destroy(f);
}

/* ---- real vaults ---- */

struct desk { /* a vault with its circles, as when it is unlocked */
    struct scratch folder;
    struct store *store;
    struct circles circles;
};

static void desk_open(struct desk *d)
{
    uint64_t wait = 0;
    assert_int_equal(
        store_open(&d->store, d->folder.path, vl_bytes_text(STORE_FIXTURE_PASSPHRASE), &wait),
        VL_OK);
    assert_int_equal(circle_load_all(d->store, &d->circles), VL_OK);
    assert_false(store_is_copy(d->store)); /* accepted */
}

static void desk_close(struct desk *d)
{
    circles_finish(&d->circles);
    store_close(d->store);
    d->store = NULL;
}

/* The desk's replica stands in for node 1's. */
static void sit_down(struct circle_fixture *f, struct desk *d)
{
    f->nodes[1].replica = circles_find(&d->circles, &f->id)->replica;
}

static void a_copied_folder_forks_nothing(void **state)
{
    struct store_fixture *vault = *state;
    struct circle_fixture *f = circle_fixture_create(3, 91);
    struct vl_replica *memory = f->nodes[1].replica;
    struct desk desk = {.folder = vault->folder}, twin = {0};
    struct used used = {0};
    size_t written;
    struct store_circle row = {.id = f->id}, draft = {.is_draft = true, .id = {{1}}};
    memcpy(row.seed, f->nodes[1].seed, sizeof row.seed);
    assert_int_equal(store_circle_add(vault->store, &row), VL_OK);
    assert_int_equal(store_circle_add(vault->store, &draft), VL_OK);
    store_fixture_close(vault);

    desk_open(&desk);
    sit_down(f, &desk);
    circle_fixture_pull(f, 1, 0);
    write_one(f, &used, 91);
    write_one(f, &used, 91);
    assert_int_equal(incarnations(f, 1, &written), 1);
    desk_close(&desk);
    scratch_make(&twin.folder);
    scratch_copy(&desk.folder, &twin.folder);

    desk_open(&desk);
    desk_open(&twin);
    /* two copies of a draft must not found one circle twice */
    assert_memory_not_equal(circles_find(&desk.circles, &draft.id)->keys->card.sign,
                            circles_find(&twin.circles, &draft.id)->keys->card.sign, 32);
    for (size_t turn = 0; turn < 3; turn++) {
        sit_down(f, turn == 1 ? &twin : &desk);
        write_one(f, &used, 91);
        circle_fixture_pull(f, 0, 1);
        circle_fixture_pull(f, 1, 0);
    }
    assert_int_equal(incarnations(f, 0, &written), 2);
    assert_int_equal(written, 1); /* the first has not yet read the second: a backup restored? */
    for (size_t turn = 0; turn < 2; turn++) {
        sit_down(f, turn == 0 ? &twin : &desk);
        circle_fixture_pull(f, 1, 0);
        write_one(f, &used, 91);
        circle_fixture_pull(f, 0, 1);
    }
    assert_int_equal(incarnations(f, 0, &written), 2);
    assert_int_equal(written, 2); /* both have read each other and go on: copied */
    desk_close(&twin);
    desk_open(&twin); /* no third one by opening it again */
    sit_down(f, &twin);
    write_one(f, &used, 91);
    assert_int_equal(incarnations(f, 1, &written), 2);
    desk_close(&twin);
    desk_close(&desk);
    scratch_remove(&twin.folder);
    f->nodes[1].replica = memory;
    store_fixture_open(vault);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_schedule_forks),
        cmocka_unit_test(heads_of_a_peer_are_enough),
        cmocka_unit_test_setup_teardown(a_copied_folder_forks_nothing, store_fixture_set_up,
                                        store_fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
