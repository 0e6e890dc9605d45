/* A member whose program writes as fast as it can: what others write still arrives at once, and
 * what her entries take of memory and disk is in proportion to them and no more. */
#include "tests/support/session_hand.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HONEST 0u
#define FLOODS 1u
#define EVERY  4u /* messages of hers between two entries of the honest member's */

#define DISK_BYTES_MAX   1600u                 /* of the vault, for one tiny entry ... */
#define DISK_LOG_MAX     (8u * 1024u * 1024u)  /* ... beside what is not in its place yet */
#define MEMORY_BYTES_MAX (12u * 1024u * 1024u) /* that grow while she floods, however long */

static size_t memory_used(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static double cpu_seconds(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void write_flood(struct circle_fixture *f, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct vl_operation operation = {.type = 1,
                                         .record = fixture_record(i),
                                         .field = 1,
                                         .opcode = VL_OP_REGISTER_SET,
                                         .value = vl_bytes_text("x")};
        struct vl_id id;
        assert_int_equal(vl_replica_write(f->nodes[FLOODS].replica, &operation, 1, f->now, &id),
                         VL_OK);
    }
}

/* The honest member writes; it is here before anything more of the flood is. */
static void honest_writes(struct circle_fixture *f, size_t me, struct session_pair *pair,
                          uint64_t number)
{
    hand_write_one(f, HONEST, 1000000 + number);
    while (session_pair_carry(pair, 0)) /* not the flood to her: her copy is in memory */
        continue;
    struct vl_head hers = hand_tip_of(f, HONEST, HONEST), here = hand_tip_of(f, me, HONEST);
    assert_true(vl_id_equal(&hers.id, &here.id));
}

static size_t vault_bytes(const struct store_fixture *s)
{
    const char *name = s->store->keys->number == 0 ? "vault-0" : "vault-1";
    char wal[16];
    snprintf(wal, sizeof wal, "%s-wal", name);
    return scratch_size(&s->folder, name) + scratch_size(&s->folder, wal);
}

static void others_are_heard_while_one_floods(void **state)
{
    struct store_fixture *s = *state;
    const size_t flood = test_scale(12000, 3000);
    struct circle_fixture *f = circle_fixture_create(2, 81);
    size_t me = circle_fixture_stranger(f);
    s->circle = f->id;
    store_storage(s->store, &s->circle, &s->port);
    f->nodes[me].storage = s->port;
    circle_fixture_reopen(f, me);
    circle_fixture_add(f, HONEST, me);
    (void)circle_fixture_pull(f, me, HONEST);
    (void)circle_fixture_pull(f, FLOODS, HONEST);
    write_flood(f, flood);

    struct session_pair floods, honest;
    session_pair_init(&floods, f, FLOODS, me);
    session_pair_init(&honest, f, HONEST, me);
    session_pair_run(&honest);
    const size_t memory = memory_used(), disk = vault_bytes(s);
    const double begun = cpu_seconds();
    size_t most = 0;
    uint64_t number = 0;
    for (bool any = true; any;) {
        const bool more = session_pair_carry(&floods, 0);
        any = session_pair_carry(&floods, 1) || more;
        const struct vl_session_counts counts = vl_session_counts_of(floods.sides[1]);
        assert_true(counts.waiting <= VL_PENDING_ENTRIES_MAX);
        if (memory_used() > most) most = memory_used();
        if (more && floods.messages[0] % EVERY == 0) honest_writes(f, me, &honest, number++);
    }
    const double seconds = cpu_seconds() - begun;
    for (size_t side = 0; side < 2; side++)
        assert_int_equal(vl_session_error(floods.sides[side]), VL_OK);
    assert_int_equal(vl_session_counts_of(floods.sides[1]).entries_received >= flood, 1);
    const size_t grown = most > memory ? most - memory : 0, bytes = vault_bytes(s) - disk;
    print_message("%zu entries in %.1f s of one processor, %.0f bytes of disk each, %zu kB of "
                  "memory; %lu of another's meanwhile\n",
                  flood, seconds, (double)bytes / (double)flood, grown / 1024,
                  (unsigned long)number);
    assert_true(number > 2);
    assert_true(bytes < flood * DISK_BYTES_MAX + DISK_LOG_MAX);
    assert_true(grown < MEMORY_BYTES_MAX);
    session_pair_finish(&floods);
    session_pair_finish(&honest);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(others_are_heard_while_one_floods, store_fixture_set_up,
                                        store_fixture_tear_down),
    };
    return cmocka_run_group_tests_name("a member who floods", tests, NULL, NULL);
}
