/* A vault in a folder of its own, open, over a disk that can fail; and rows to put into it. Asserts
 * by cmocka. */
#ifndef TESTS_SUPPORT_STORE_FIXTURE_H
#define TESTS_SUPPORT_STORE_FIXTURE_H

#include "store/store_internal.h"
#include "tests/support/scratch_folder.h"

#define STORE_FIXTURE_PASSPHRASE "un secret bien garde"

struct store_fixture {
    struct scratch folder;
    struct store *store;
    struct vl_id circle;
    struct vl_storage port; /* of that circle */
};

int store_fixture_set_up(void **state); /* for cmocka: *state is a struct store_fixture */
int store_fixture_tear_down(void **state);
void store_fixture_open(struct store_fixture *s);
void store_fixture_close(struct store_fixture *s);
void store_fixture_reopen(struct store_fixture *s);

/* In one transaction: entry number `seq` of chain 0, its log, three cells of one record. */
VL_MUST_USE vl_result store_fixture_put(struct store_fixture *s, uint64_t seq);
/* How many of these are there; asserts that each is there wholly and in order. */
size_t store_fixture_count(struct store_fixture *s);

#endif
