/* The table of tombstones against a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/tombstone_table.h"
#include "tests/support/seeded_random.h"

#define TOMBSTONES 300u
#define NAMES_MAX  40u
#define ENTRIES    500u /* so that many are named several times, and some never */

struct named {
    uint32_t tombstone, entry;
};

static struct vl_id id_of(uint32_t space, uint32_t number)
{
    struct vl_id id = {{0}};
    memcpy(id.bytes, &space, sizeof space);
    memcpy(id.bytes + 28, &number, sizeof number); /* alike at the beginning */
    return id;
}

/* How many tombstones the list and the table name; each of the table's is in the list. */
static void agree(const struct tombstone_table *table, const struct named *list, size_t count,
                  uint32_t entry)
{
    const struct vl_id id = id_of(1, entry);
    size_t wanted = 0, got = 0;
    for (size_t i = 0; i < count; i++)
        wanted += list[i].entry == entry;
    for (uint32_t at = tombstone_table_first(table, &id); at != TOMBSTONE_NONE;
         at = tombstone_table_next(table, at)) {
        bool is_there = false;
        for (size_t i = 0; i < count && !is_there; i++) {
            const struct vl_id tombstone = id_of(2, list[i].tombstone);
            is_there =
                list[i].entry == entry && vl_id_equal(tombstone_table_at(table, at), &tombstone);
        }
        assert_true(is_there);
        got++;
    }
    assert_int_equal(got, wanted);
}

static void test_against_a_list(void **state)
{
    (void)state;
    static struct named list[TOMBSTONES * NAMES_MAX];
    struct tombstone_table table = {0};
    struct seeded random;
    size_t count = 0;
    seeded_init(&random, 1, 0);
    agree(&table, list, 0, 0);
    for (uint32_t i = 0; i < TOMBSTONES; i++) {
        struct vl_id named[NAMES_MAX];
        const struct vl_id tombstone = id_of(2, i);
        const uint32_t first = (uint32_t)seeded_below(&random, ENTRIES - NAMES_MAX);
        const size_t names = seeded_below(&random, NAMES_MAX + 1);
        for (uint32_t k = 0; k < names; k++) {
            named[k] = id_of(1, first + k);
            list[count++] = (struct named){i, first + k};
        }
        assert_int_equal(tombstone_table_add(&table, &tombstone, named, names), VL_OK);
        if (i % 50 == 0) agree(&table, list, count, first);
    }
    for (uint32_t entry = 0; entry < ENTRIES + 5; entry++)
        agree(&table, list, count, entry);
    tombstone_table_finish(&table);
    tombstone_table_finish(&table); /* empty again */
    agree(&table, list, 0, 0);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_a_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
