/* Catching up when writers read each other: links go to and fro between logs, so no chunk can be
 * stored far without the others. What waits is stored together, in few durable commits. */
#include "tests/support/session_pair.h"
#include "tests/support/store_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define SEED    20260307u
#define WRITERS 4u
#define ROUNDS  150u

/* Nodes 0 to 3 write in turn, each having read the others; node 4 knows the circle alone. */
static struct circle_fixture *interleaved(void)
{
    struct circle_fixture *f = circle_fixture_create(WRITERS + 1, SEED);
    for (size_t i = 0; i < WRITERS * ROUNDS; i++) {
        size_t writer = i % WRITERS;
        struct vl_record_id record = fixture_record(i);
        (void)circle_fixture_add_element(f, writer, 1, &record, 3, "ce que j'ai lu");
        for (size_t other = 0; other < WRITERS; other++)
            if (other != writer) (void)circle_fixture_pull(f, other, writer);
    }
    return f;
}

static void assert_caught_up(struct circle_fixture *f)
{
    struct vl_id a = circle_fixture_digest(f, 0), b = circle_fixture_digest(f, WRITERS);
    assert_true(vl_id_equal(&a, &b));
}

static void few_commits(void **state)
{
    (void)state;
    struct circle_fixture *f = interleaved();
    uint64_t before = memory_storage_commits(f->nodes[WRITERS].memory);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, WRITERS);
    session_pair_run(&pair);
    assert_true(vl_session_in_sync(pair.sides[1]));
    uint64_t commits = memory_storage_commits(f->nodes[WRITERS].memory) - before;
    struct vl_session_counts counts = vl_session_counts_of(pair.sides[1]);
    assert_int_equal(counts.entries_received, WRITERS * ROUNDS);
    session_pair_finish(&pair);
    assert_caught_up(f);
    circle_fixture_destroy(f);
    print_message("%u entries, %u commits\n", WRITERS * ROUNDS, (unsigned)commits);
    /* a chunk has 64 entries here: about one commit for each that arrives */
    assert_true(commits <= 2 * (WRITERS * ROUNDS / 64 + 1));
}

static void into_a_vault(void **state)
{
    struct store_fixture *vault = *state;
    struct circle_fixture *f = interleaved();
    struct vl_storage port;
    store_storage(vault->store, &f->id, &port);
    f->nodes[WRITERS].storage = port;
    circle_fixture_reopen(f, WRITERS); /* empty: it joins */
    struct session_pair pair;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    session_pair_init(&pair, f, 0, WRITERS);
    session_pair_run(&pair);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(vl_session_in_sync(pair.sides[1]));
    session_pair_finish(&pair);
    assert_caught_up(f);
    circle_fixture_destroy(f);
    print_message("%u entries into a vault in %.0f ms\n", WRITERS * ROUNDS,
                  (double)(to.tv_sec - from.tv_sec) * 1e3 +
                      (double)(to.tv_nsec - from.tv_nsec) / 1e6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_commits),
        cmocka_unit_test_setup_teardown(into_a_vault, store_fixture_set_up,
                                        store_fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
