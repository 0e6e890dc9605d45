/* What survives kills, full disks, failing ones and damage: everything that was committed, wholly;
 * of the rest nothing, or a named error. */
#include "tests/support/faulty_vfs.h"
#include "tests/support/storage_contract.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static size_t put_until_killed(struct store_fixture *s, size_t from, uint32_t microseconds)
{
    int report[2];
    size_t acknowledged = from;
    uint8_t byte;
    assert_int_equal(pipe(report), 0);
    pid_t child = fork();
    if (child == 0) {
        close(report[0]);
        store_fixture_open(s);
        (void)!write(report[1], "r", 1);
        for (uint64_t seq = from;; seq++) {
            if (store_fixture_put(s, seq) != VL_OK || write(report[1], "c", 1) != 1) _exit(1);
        }
    }
    close(report[1]);
    assert_int_equal(read(report[0], &byte, 1), 1); /* it is open */
    usleep(microseconds);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(report[0], &byte, 1) == 1)
        acknowledged++;
    close(report[0]);
    return acknowledged;
}

static void test_kill(void **state)
{
    struct store_fixture *s = *state;
    size_t there = 0;
    for (int i = 0; i < 12 || (there <= 12 && i < 200); i++) { /* a slow machine writes less */
        uint32_t moment = randombytes_uniform((uint32_t)test_scale(60000, 1000000));
        store_fixture_close(s);
        size_t acknowledged = put_until_killed(s, there, moment);
        store_fixture_open(s);
        there = store_fixture_count(s);
        if (there < acknowledged || there > acknowledged + 1) {
            fail_msg("%zu acknowledged, %zu there, killed after %u us", acknowledged, there,
                     moment);
        }
        assert_int_equal(store_check(s->store), VL_OK);
    }
    assert_true(there > 12);
}

/* Every write and sync of a commit fails in turn: FULL or STORAGE, nothing of it is kept, and the
 * store goes on. After a reopening the commit is there wholly or not at all. */
static void test_failing_disk(void **state)
{
    struct store_fixture *s = *state;
    static const struct {
        int rc;
        vl_result result;
    } codes[] = {{SQLITE_FULL, VL_ERR_FULL},
                 {SQLITE_IOERR_WRITE, VL_ERR_STORAGE},
                 {SQLITE_IOERR_FSYNC, VL_ERR_STORAGE}};
    size_t rows = 0, hits = 0;
    for (uint64_t nth = 1; nth <= 16; nth++) {
        for (size_t c = 0; c < 3; c++) {
            struct fault fault = {FAULT_WRITE | FAULT_SYNC, nth, codes[c].rc, nth % 2 == 1, c == 0};
            faulty_vfs_set(&fault);
            vl_result result = store_fixture_put(s, rows);
            hits += faulty_vfs_hit();
            faulty_vfs_set(NULL);
            assert_true(result == codes[c].result || (result == VL_OK && !faulty_vfs_hit()));
            if (result == VL_OK) rows++;
            assert_int_equal(store_fixture_count(s), rows);
            if (nth % 4 == 0) {
                store_fixture_reopen(s);
                size_t there = store_fixture_count(s);
                assert_true(there >= rows && there <= rows + 1);
                rows = there;
                assert_int_equal(store_check(s->store), VL_OK);
            }
            assert_int_equal(store_fixture_put(s, rows), VL_OK); /* the disk is well again */
            rows++;
        }
    }
    if (hits < 20 || rows == 0) fail_msg("only %zu faults came, %zu rows", hits, rows);
}

/* A call that fails in the middle spoils the transaction, even when its result is not looked at. */
static void test_broken_transaction(void **state)
{
    struct store_fixture *s = *state;
    struct fault fault = {FAULT_WRITE, 1, SQLITE_FULL, false, false};
    struct vl_cell_key key = {.type = 1};
    uint8_t *big = calloc(1, 4000000); /* does not fit into the cache: written before the commit */
    assert_non_null(big);
    assert_int_equal(store_fixture_put(s, 0), VL_OK);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    faulty_vfs_set(&fault);
    assert_int_equal(s->port.cell_put(s->port.self, &key, vl_bytes(big, 4000000)), VL_ERR_FULL);
    faulty_vfs_set(NULL);
    assert_int_equal(s->port.cell_put(s->port.self, &key, vl_bytes(big, 1)), VL_ERR_FULL);
    assert_int_equal(s->port.commit(s->port.self), VL_ERR_FULL);
    assert_int_equal(store_fixture_count(s), 1);
    assert_int_equal(store_fixture_put(s, 1), VL_OK);
    store_fixture_reopen(s);
    assert_int_equal(store_fixture_count(s), 2);
    free(big);
}

/* A real full disk, where the test may mount one. */
static void test_full_disk(void **state)
{
    struct store_fixture *s = *state;
    struct scratch small = {""};
    size_t rows = 0;
    vl_result result = VL_OK;
    scratch_make(&small);
    if (mount("tmpfs", small.path, "tmpfs", 0, "size=1m") != 0) {
        scratch_remove(&small);
        skip();
    }
    store_fixture_close(s);
    scratch_copy(&s->folder, &small);
    struct store_fixture full = {.folder = small, .circle = s->circle};
    store_fixture_open(&full);
    while (result == VL_OK && rows < 5000) {
        result = store_fixture_put(&full, rows);
        rows += result == VL_OK;
    }
    assert_int_equal(result, VL_ERR_FULL);
    assert_true(rows > 10);
    assert_int_equal(store_fixture_put(&full, rows), VL_ERR_FULL);
    assert_int_equal(store_fixture_count(&full), rows);
    store_fixture_reopen(&full); /* a full disk keeps nobody out */
    assert_int_equal(store_fixture_count(&full), rows);
    assert_int_equal(mount("tmpfs", small.path, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    assert_int_equal(store_fixture_put(&full, rows), VL_OK);
    store_fixture_reopen(&full);
    assert_int_equal(store_fixture_count(&full), rows + 1);
    assert_int_equal(store_check(full.store), VL_OK);
    store_close(full.store);
    scratch_clear(&small);
    assert_int_equal(umount(small.path), 0);
    scratch_remove(&small);
    store_fixture_open(s);
}

/* A page that was damaged while the vault was closed: DAMAGED by name where it is needed, and by
 * store_check wherever it is. */
static void test_check_finds_damage(void **state)
{
    struct store_fixture *s = *state;
    for (uint64_t seq = 0; seq < 40; seq++)
        assert_int_equal(store_fixture_put(s, seq), VL_OK);
    const char *name = s->store->keys->number == 0 ? "vault-0" : "vault-1";
    store_fixture_close(s);
    size_t slots = scratch_size(&s->folder, name) / 4136, seen = 0;
    for (size_t slot = 2; slot < slots; slot += 2) {
        uint64_t wait = 0;
        scratch_flip(&s->folder, name, slot * 4136 + 2000);
        vl_result result =
            store_open(&s->store, s->folder.path, vl_bytes_text(STORE_FIXTURE_PASSPHRASE), &wait);
        if (result == VL_OK) result = store_check(s->store);
        assert_int_equal(result, VL_ERR_DAMAGED);
        seen++;
        store_fixture_close(s);
        scratch_flip(&s->folder, name, slot * 4136 + 2000);
    }
    assert_true(seen > 10);
    store_fixture_open(s);
    assert_int_equal(store_fixture_count(s), 40);
    assert_int_equal(store_check(s->store), VL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, store_fixture_set_up, store_fixture_tear_down)
        TEST(test_kill),      TEST(test_failing_disk),       TEST(test_broken_transaction),
        TEST(test_full_disk), TEST(test_check_finds_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
