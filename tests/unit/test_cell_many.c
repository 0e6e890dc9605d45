/* Many operations on one field: an open cell gives the same bytes as one operation after the other,
 * and what somebody fills a field with costs the others no more than its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/support/circle_fixture.h"
#include "tests/support/seeded_random.h"
#include "tests/support/test_scale.h"
#include <veillee/cell.h>

#define TYPE       7u
#define FIELD      3u
#define OPERATIONS 700u
#define ENTRIES    70u  /* beyond what the cache of cells holds */
#define MOST_S     10.0 /* minutes when each operation loads and saves the field */

static void ok(vl_result result)
{
    if (result != VL_OK) print_error("result: %s\n", vl_result_name(result));
    assert_int_equal(result, VL_OK);
}

struct made { /* operation and stamp, with room for what they view */
    struct vl_operation operation;
    struct vl_stamp stamp;
    struct vl_dot dots[4];
    char value[8];
};

/* Of few entries and few values, so that dots are named again, and before they come. */
static void make(struct made *m, struct seeded *random, uint32_t number, bool is_register)
{
    const uint32_t entry = number / 50;
    *m = (struct made){.stamp = {.lamport = entry + 1, .dot = {.operation = number % 50}}};
    memcpy(m->stamp.dot.entry.bytes, &entry, sizeof entry);
    for (size_t i = 0; i < 4; i++) {
        const uint32_t of = (uint32_t)seeded_below(random, OPERATIONS / 50 + 2);
        memcpy(m->dots[i].entry.bytes, &of, sizeof of);
        m->dots[i].operation = (uint32_t)seeded_below(random, 50);
    }
    snprintf(m->value, sizeof m->value, "%u", (unsigned)seeded_below(random, 40));
    const bool removes = !is_register && seeded_below(random, 3) == 0;
    m->operation = (struct vl_operation){
        .type = TYPE,
        .field = FIELD,
        .opcode = is_register ? VL_OP_REGISTER_SET
                  : removes   ? VL_OP_SET_REMOVE
                              : VL_OP_SET_ADD,
        .value = removes ? vl_bytes(NULL, 0) : vl_bytes_text(m->value),
        .dots = m->dots,
        .dot_count = is_register || removes ? seeded_below(random, 4) + (removes ? 1 : 0) : 0};
}

static void agrees(enum vl_field_kind kind, uint64_t seed)
{
    static struct made made[OPERATIONS];
    struct seeded random;
    struct vl_buffer one_by_one = {0}, at_once = {0}, halves = {0};
    struct vl_cell *cell = NULL;
    seeded_init(&random, seed, kind);
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        make(&made[i], &random, i, kind == VL_FIELD_REGISTER);
        ok(vl_cell_apply(kind, &one_by_one, &made[i].operation, &made[i].stamp));
    }
    for (size_t half = 0; half < 2; half++) { /* the other way round, and saved between */
        ok(vl_cell_open(kind, vl_buffer_view(&halves), &cell));
        for (size_t i = 0; i < OPERATIONS / 2; i++) {
            const struct made *m = &made[OPERATIONS - 1 - half * OPERATIONS / 2 - i];
            ok(vl_cell_merge(cell, &m->operation, &m->stamp));
        }
        ok(vl_cell_save(cell, &halves));
        vl_cell_close(cell);
    }
    ok(vl_cell_open(kind, vl_bytes(NULL, 0), &cell));
    for (size_t i = 0; i < OPERATIONS; i++)
        ok(vl_cell_merge(cell, &made[i].operation, &made[i].stamp));
    ok(vl_cell_save(cell, &at_once));
    vl_cell_close(cell);
    assert_int_equal(at_once.size, one_by_one.size);
    assert_memory_equal(at_once.data, one_by_one.data, at_once.size);
    assert_int_equal(halves.size, one_by_one.size);
    assert_memory_equal(halves.data, one_by_one.data, halves.size);
    vl_buffer_finish(&one_by_one);
    vl_buffer_finish(&at_once);
    vl_buffer_finish(&halves);
}

static void test_an_open_cell_gives_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        agrees(VL_FIELD_SET, seed);
        agrees(VL_FIELD_REGISTER, seed);
    }
}

/* Two fields in turn, so that no two operations on one of them follow each other. */
static void test_a_field_is_filled(void **state)
{
    (void)state;
    static struct vl_operation operations[VL_OPERATIONS_MAX];
    static char values[VL_OPERATIONS_MAX][4];
    struct circle_fixture *f = circle_fixture_create(2, 912);
    struct vl_id id;
    const size_t entries = test_scale(ENTRIES, 3);
    for (uint32_t entry = 0; entry < entries; entry++) {
        for (uint32_t i = 0; i < VL_OPERATIONS_MAX; i++) {
            const uint32_t number = entry * VL_OPERATIONS_MAX + i;
            for (unsigned b = 0; b < 4; b++)
                values[i][b] = (char)('!' + ((number >> (6 * b)) & 63));
            operations[i] = (struct vl_operation){.type = TYPE,
                                                  .record = fixture_record(1),
                                                  .field = FIELD + i % 2,
                                                  .opcode = VL_OP_SET_ADD,
                                                  .value = vl_bytes(values[i], 4)};
        }
        ok(vl_replica_write(f->nodes[1].replica, operations, VL_OPERATIONS_MAX, f->now, &id));
    }
    const clock_t begun = clock();
    (void)circle_fixture_pull(f, 0, 1);
    const double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
    if (seconds > MOST_S) fail_msg("taking %zu entries takes %.1f s", entries, seconds);
    circle_fixture_destroy(f);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_open_cell_gives_the_same),
        cmocka_unit_test(test_a_field_is_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
