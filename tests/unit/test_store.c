/* The store: the engine's port as the memory storage has it, circles and notes, and what survives
 * kills, full disks and failing ones. */
#include "store/store_internal.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/memory_storage.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/storage_contract.h"
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

#define PASSPHRASE "un secret bien garde"

struct scene {
    struct scratch folder;
    struct store *store;
    struct vl_id circle;
    struct vl_storage port;
};

static void open_store(struct scene *s)
{
    uint64_t wait = 0;
    assert_int_equal(
        store_open_over(&s->store, s->folder.path, vl_bytes_text(PASSPHRASE), faulty_vfs(), &wait),
        VL_OK);
    store_storage(s->store, &s->circle, &s->port);
}

static void reopen(struct scene *s)
{
    store_close(s->store);
    s->store = NULL;
    open_store(s);
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    scratch_make(&s->folder);
    memset(s->circle.bytes, 0xc1, sizeof s->circle.bytes);
    assert_int_equal(
        store_create_at_cost(s->folder.path, vl_bytes_text(PASSPHRASE), vault_cost_floor()), VL_OK);
    faulty_vfs_set(NULL);
    open_store(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    faulty_vfs_set(NULL);
    store_close(s->store);
    scratch_remove(&s->folder);
    free(s);
    return 0;
}

/* ---- the port ---- */

static void test_contract_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < storage_check_count; i++) {
        struct memory_storage *memory = memory_storage_create();
        struct vl_storage port = memory_storage_port(memory);
        print_message("    %s\n", storage_checks[i].name);
        storage_checks[i].run(&port);
        memory_storage_destroy(memory);
    }
}

/* Each check in a circle of its own; the same rows in all of them never meet. */
static void test_contract_store(void **state)
{
    struct scene *s = *state;
    for (size_t i = 0; i < storage_check_count; i++) {
        struct vl_id circle = {{(uint8_t)(i + 1)}};
        struct vl_storage port;
        store_storage(s->store, &circle, &port);
        print_message("    %s\n", storage_checks[i].name);
        storage_checks[i].run(&port);
    }
    assert_int_equal(store_check(s->store), VL_OK);
}

static vl_result count_entry(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_row expected;
    size_t *count = context;
    storage_sample_entry(row->chain, row->seq, row->seq + 1, &expected);
    assert_true(storage_same_entry(row, &expected));
    (*count)++;
    return VL_OK;
}

static size_t entry_count(struct scene *s)
{
    size_t count = 0;
    struct vl_scan all = {.kinds = 0};
    assert_int_equal(s->port.entry_scan(s->port.self, &all, count_entry, &count), VL_OK);
    return count;
}

/* One entry, its log and three cells of one record, in one transaction. */
static vl_result put_one(struct scene *s, uint64_t seq)
{
    struct vl_entry_row entry;
    struct vl_log_row log;
    struct vl_cell_key key = {.type = 4};
    storage_sample_entry(0, seq, seq + 1, &entry);
    storage_sample_log(0, &log);
    log.tip_seq = seq;
    memcpy(key.record.bytes, &seq, sizeof seq);
    VL_TRY(s->port.begin(s->port.self));
    vl_result result = s->port.log_put(s->port.self, &log);
    if (result == VL_OK) result = s->port.entry_put(s->port.self, &entry);
    for (key.field = 1; result == VL_OK && key.field <= 3; key.field++) {
        result = s->port.cell_put(s->port.self, &key, vl_bytes("state", 5));
    }
    if (result == VL_OK) return s->port.commit(s->port.self);
    s->port.rollback(s->port.self);
    return result;
}

static vl_result count_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    size_t *count = context;
    (void)key;
    assert_int_equal(state.size, 5);
    (*count)++;
    return VL_OK;
}

static vl_result last_seq(void *context, const struct vl_log_row *row)
{
    *(uint64_t *)context = row->tip_seq + 1;
    return VL_OK;
}

/* How many put_one are there; each wholly. */
static size_t put_count(struct scene *s)
{
    size_t entries = entry_count(s), cells = 0;
    uint64_t log = 0;
    assert_int_equal(s->port.cell_scan(s->port.self, false, 0, count_cell, &cells), VL_OK);
    assert_int_equal(s->port.log_scan(s->port.self, last_seq, &log), VL_OK);
    assert_int_equal(cells, 3 * entries);
    assert_int_equal(log, entries);
    return entries;
}

static void test_transactions(void **state)
{
    struct scene *s = *state;
    struct vl_id other = {{7}};
    struct vl_storage second;
    struct vl_entry_row row;
    store_storage(s->store, &other, &second);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(second.begin(second.self), VL_ERR_STATE); /* one at a time */
    assert_int_equal(second.commit(second.self), VL_ERR_STATE);
    second.rollback(second.self); /* not the one whose it is */
    assert_int_equal(store_note_put(s->store, NULL, "n", vl_bytes("v", 1)), VL_ERR_STATE);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_ERR_STATE);
    storage_sample_entry(0, 0, 1, &row);
    assert_int_equal(s->port.entry_put(s->port.self, &row), VL_ERR_STATE); /* none is open */
    assert_int_equal(put_one(s, 0), VL_OK);
    reopen(s);
    assert_int_equal(put_count(s), 1);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    storage_sample_entry(0, 1, 2, &row);
    assert_int_equal(s->port.entry_put(s->port.self, &row), VL_OK);
    reopen(s); /* closed in a transaction: it did not happen */
    assert_int_equal(put_count(s), 1);
}

static void test_row_limits(void **state)
{
    struct scene *s = *state;
    struct vl_entry_row row;
    struct vl_log_row log;
    static const struct {
        uint32_t chain;
        uint64_t seq, lamport;
        vl_result result;
    } cases[] = {
        {ROW_CHAINS_MAX - 1, ROW_SEQ_MAX, INT64_MAX, VL_OK},
        {ROW_CHAINS_MAX, 1, 1, VL_ERR_LIMIT},
        {1, ROW_SEQ_MAX + 1ull, 1, VL_ERR_LIMIT},
        {1, 1, INT64_MAX + 1ull, VL_ERR_LIMIT},
    };
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        storage_sample_entry(cases[i].chain, cases[i].seq, cases[i].lamport, &row);
        row.id.bytes[0] = (uint8_t)i;
        assert_int_equal(s->port.entry_put(s->port.self, &row), cases[i].result);
    }
    storage_sample_log(0, &log);
    log.tip_seq = ROW_SEQ_MAX + 1ull;
    assert_int_equal(s->port.log_put(s->port.self, &log), VL_ERR_LIMIT);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
}

static void test_circle_limit(void **state)
{
    struct scene *s = *state;
    int64_t space = 0;
    assert_int_equal(store_begin(s->store, NULL), VL_OK);
    for (unsigned i = 0; i < ROW_CIRCLES_MAX; i++) {
        struct vl_id circle = {{(uint8_t)i, (uint8_t)(i >> 8), 9}};
        assert_int_equal(store_space(s->store, &circle, true, &space), VL_OK);
    }
    assert_int_equal(store_commit(s->store), VL_OK);
    assert_int_equal(put_one(s, 0), VL_ERR_LIMIT); /* one more */
    assert_int_equal(put_count(s), 0);
    struct vl_id last = {{(ROW_CIRCLES_MAX - 1) & 0xff, (ROW_CIRCLES_MAX - 1) >> 8, 9}};
    store_storage(s->store, &last, &s->port);
    assert_int_equal(put_one(s, 0), VL_OK);
    assert_int_equal(put_count(s), 1);
}

/* ---- circles and notes ---- */

static void sample_circle(uint8_t number, struct store_circle *circle)
{
    *circle = (struct store_circle){.is_draft = number % 2 == 1};
    memset(circle->id.bytes, number, sizeof circle->id.bytes);
    memset(circle->seed, number + 1, sizeof circle->seed);
    memset(circle->random, number + 2, sizeof circle->random);
    memset(circle->name, 'n', 255);
    (void)snprintf(circle->pseudonym, sizeof circle->pseudonym, "personne %u", number);
    if (circle->is_draft) circle->purpose = strdup("se retrouver");
}

static vl_result compare_circle(void *context, const struct store_circle *circle)
{
    uint8_t *number = context;
    struct store_circle expected;
    sample_circle(*number, &expected);
    assert_memory_equal(&circle->id, &expected.id, 32);
    assert_memory_equal(circle->seed, expected.seed, 32);
    assert_memory_equal(circle->random, expected.random, 32);
    assert_int_equal(circle->is_draft, expected.is_draft);
    assert_string_equal(circle->name, expected.name);
    assert_string_equal(circle->pseudonym, expected.pseudonym);
    if (expected.purpose == NULL)
        assert_null(circle->purpose);
    else
        assert_string_equal(circle->purpose, expected.purpose);
    assert_null(circle->agreement);
    store_circle_finish(&expected);
    (*number)++;
    return *number == 9 ? VL_ERR_LIMIT : VL_OK;
}

static void test_circles(void **state)
{
    struct scene *s = *state;
    struct store_circle circle;
    uint8_t seen = 1;
    for (uint8_t number = 1; number <= 6; number++) {
        sample_circle(number, &circle);
        assert_int_equal(store_circle_add(s->store, &circle), VL_OK);
        assert_int_equal(store_circle_add(s->store, &circle), VL_ERR_EXISTS);
        store_circle_finish(&circle);
    }
    memset(&circle, 0, sizeof circle);
    memset(circle.name, 'x', sizeof circle.name); /* no end */
    assert_int_equal(store_circle_add(s->store, &circle), VL_ERR_INVALID);
    reopen(s);
    assert_int_equal(store_circle_scan(s->store, compare_circle, &seen), VL_OK);
    assert_int_equal(seen, 7);
    /* 6 is founded: it becomes 8, with its notes. */
    struct vl_id old = {{0}}, new = {{0}};
    struct vl_buffer value = {0};
    memset(old.bytes, 6, sizeof old.bytes);
    memset(new.bytes, 8, sizeof new.bytes);
    assert_int_equal(store_note_put(s->store, &old, "counter", vl_bytes("\0\1", 2)), VL_OK);
    sample_circle(8, &circle);
    assert_int_equal(store_circle_replace(s->store, &new, &circle), VL_ERR_NOT_FOUND);
    assert_int_equal(store_circle_replace(s->store, &old, &circle), VL_OK);
    assert_int_equal(store_note_get(s->store, &old, "counter", &value), VL_ERR_NOT_FOUND);
    assert_int_equal(store_note_get(s->store, &new, "counter", &value), VL_OK);
    assert_true(value.size == 2 && memcmp(value.data, "\0\1", 2) == 0);
    circle.id.bytes[0] = 5; /* another one's id, wholly */
    memset(circle.id.bytes, 5, sizeof circle.id.bytes);
    assert_int_equal(store_circle_replace(s->store, &new, &circle), VL_ERR_EXISTS);
    store_circle_finish(&circle);
    memset(old.bytes, 7, sizeof old.bytes);
    seen = 1;
    for (uint8_t number = 1; number <= 5; number++) {
        memset(old.bytes, number, sizeof old.bytes);
        assert_int_equal(store_circle_remove(s->store, &old), VL_OK);
        assert_int_equal(store_circle_remove(s->store, &old), VL_ERR_NOT_FOUND);
    }
    seen = 8;
    assert_int_equal(store_circle_scan(s->store, compare_circle, &seen), VL_ERR_LIMIT);
    vl_buffer_finish(&value);
}

/* A forgotten circle leaves no row, and its bytes are gone from the pages. */
static void test_remove(void **state)
{
    struct scene *s = *state;
    struct store_circle circle;
    struct vl_buffer value = {0};
    struct vl_storage kept;
    struct vl_id other = {{3}};
    sample_circle(2, &circle);
    circle.id = s->circle;
    assert_int_equal(store_circle_add(s->store, &circle), VL_OK);
    store_circle_finish(&circle);
    for (uint64_t seq = 0; seq < 5; seq++)
        assert_int_equal(put_one(s, seq), VL_OK);
    store_storage(s->store, &other, &kept);
    struct scene second = {.store = s->store, .port = kept};
    assert_int_equal(put_one(&second, 0), VL_OK);
    assert_int_equal(store_note_put(s->store, &s->circle, "n", vl_bytes("v", 1)), VL_OK);
    assert_int_equal(store_circle_remove(s->store, &s->circle), VL_OK);
    assert_int_equal(put_count(s), 0);
    assert_int_equal(put_count(&second), 1);
    assert_int_equal(store_note_get(s->store, &s->circle, "n", &value), VL_ERR_NOT_FOUND);
    assert_int_equal(put_one(s, 0), VL_OK); /* it can come again */
    assert_int_equal(put_count(s), 1);
    assert_int_equal(store_check(s->store), VL_OK);
    vl_buffer_finish(&value);
}

static void test_notes(void **state)
{
    struct scene *s = *state;
    struct vl_buffer value = {0};
    assert_int_equal(store_note_get(s->store, NULL, "a", &value), VL_ERR_NOT_FOUND);
    assert_int_equal(store_note_put(s->store, NULL, "a", vl_bytes("one", 3)), VL_OK);
    assert_int_equal(store_note_put(s->store, &s->circle, "a", vl_bytes("two", 3)), VL_OK);
    assert_int_equal(store_note_put(s->store, NULL, "b", vl_bytes(NULL, 0)), VL_OK);
    assert_int_equal(store_note_put(s->store, NULL, "a", vl_bytes("three", 5)), VL_OK);
    reopen(s);
    assert_int_equal(store_note_get(s->store, NULL, "a", &value), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&value), vl_bytes_text("three")));
    assert_int_equal(store_note_get(s->store, &s->circle, "a", &value), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&value), vl_bytes_text("two")));
    assert_int_equal(store_note_get(s->store, NULL, "b", &value), VL_OK);
    assert_int_equal(value.size, 0);
    vl_buffer_finish(&value);
}

/* ---- nothing to read on the disk ---- */

static void put_secrets(struct scene *s)
{
    struct store_circle circle;
    struct vl_cell_key key = {.type = 5};
    sample_circle(0x5a, &circle);
    (void)snprintf(circle.name, sizeof circle.name, "Cercle des Tilleuls");
    (void)snprintf(circle.pseudonym, sizeof circle.pseudonym, "Hirondelle");
    assert_int_equal(store_circle_add(s->store, &circle), VL_OK);
    store_circle_finish(&circle);
    assert_int_equal(put_one(s, 0), VL_OK);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(
        s->port.cell_put(s->port.self, &key, vl_bytes_text("ce qui fut confie un soir")), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    assert_int_equal(store_note_put(s->store, NULL, "reglage", vl_bytes_text("valeur rare")),
                     VL_OK);
}

static void assert_unreadable(struct scene *s)
{
    static const char *const words[] = {"Tilleuls", "Hirondelle", "confie", "reglage",  "valeur",
                                        "secret",   "SQLite",     "CREATE", "VEILLEE\1"};
    uint8_t seed[8], id[8];
    struct vl_entry_row row;
    memset(seed, 0x5b, sizeof seed);
    memset(id, 0x5a, sizeof id);
    storage_sample_entry(0, 0, 1, &row);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *file = scratch_find(&s->folder, vl_bytes_text(words[i]));
        if (file != NULL) fail_msg("\"%s\" can be read in %s", words[i], file);
    }
    assert_null(scratch_find(&s->folder, vl_bytes(seed, sizeof seed)));
    assert_null(scratch_find(&s->folder, vl_bytes(id, sizeof id)));
    assert_null(scratch_find(&s->folder, vl_bytes(row.id.bytes, 8)));
    assert_null(scratch_find(&s->folder, vl_bytes(row.entry.header.data, 12)));
}

static void test_nothing_readable(void **state)
{
    struct scene *s = *state;
    put_secrets(s);
    struct vault_keys keys = *s->store->keys;
    assert_unreadable(s);
    store_close(s->store);
    s->store = NULL;
    assert_unreadable(s);
    const uint8_t *const secrets[] = {keys.root, keys.page, keys.secret, keys.marker};
    for (size_t i = 0; i < 4; i++)
        assert_null(scratch_find(&s->folder, vl_bytes(secrets[i], 8)));
    open_store(s);
}

static void test_nothing_readable_after_kill(void **state)
{
    struct scene *s = *state;
    int ready[2];
    uint8_t byte;
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        open_store(s);
        put_secrets(s);
        (void)!write(ready[1], "", 1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_unreadable(s);
    open_store(s);
    assert_int_equal(put_one(s, 1), VL_OK);
    assert_unreadable(s);
}

/* ---- kills and failing disks ---- */

static size_t put_until_killed(struct scene *s, size_t from, uint32_t microseconds)
{
    int report[2];
    size_t acknowledged = from;
    uint8_t byte;
    assert_int_equal(pipe(report), 0);
    pid_t child = fork();
    if (child == 0) {
        close(report[0]);
        open_store(s);
        (void)!write(report[1], "r", 1);
        for (uint64_t seq = from;; seq++) {
            if (put_one(s, seq) != VL_OK || write(report[1], "c", 1) != 1) _exit(1);
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
    struct scene *s = *state;
    size_t there = 0;
    for (int i = 0; i < 12; i++) {
        uint32_t moment = randombytes_uniform(60000);
        store_close(s->store);
        s->store = NULL;
        size_t acknowledged = put_until_killed(s, there, moment);
        open_store(s);
        there = put_count(s);
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
    struct scene *s = *state;
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
            vl_result result = put_one(s, rows);
            hits += faulty_vfs_hit();
            faulty_vfs_set(NULL);
            assert_true(result == codes[c].result || (result == VL_OK && !faulty_vfs_hit()));
            if (result != VL_OK) assert_true(strlen(store_error(s->store)) > 5);
            if (result == VL_OK) rows++;
            assert_int_equal(put_count(s), rows);
            if (nth % 4 == 0) {
                reopen(s);
                size_t there = put_count(s);
                assert_true(there >= rows && there <= rows + 1);
                rows = there;
                assert_int_equal(store_check(s->store), VL_OK);
            }
            assert_int_equal(put_one(s, rows), VL_OK); /* the disk is well again */
            rows++;
        }
    }
    if (hits < 20 || rows == 0) fail_msg("only %zu faults came, %zu rows", hits, rows);
}

/* A call that fails in the middle spoils the transaction, even when its result is not looked at. */
static void test_broken_transaction(void **state)
{
    struct scene *s = *state;
    struct fault fault = {FAULT_WRITE, 1, SQLITE_FULL, false, false};
    struct vl_cell_key key = {.type = 1};
    uint8_t *big = calloc(1, 4000000); /* does not fit into the cache: written before the commit */
    assert_non_null(big);
    assert_int_equal(put_one(s, 0), VL_OK);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    faulty_vfs_set(&fault);
    assert_int_equal(s->port.cell_put(s->port.self, &key, vl_bytes(big, 4000000)), VL_ERR_FULL);
    faulty_vfs_set(NULL);
    assert_int_equal(s->port.cell_put(s->port.self, &key, vl_bytes(big, 1)), VL_ERR_FULL);
    assert_int_equal(s->port.commit(s->port.self), VL_ERR_FULL);
    assert_int_equal(put_count(s), 1);
    assert_int_equal(put_one(s, 1), VL_OK);
    reopen(s);
    assert_int_equal(put_count(s), 2);
    free(big);
}

/* A real full disk, where the test may mount one. */
static void test_full_disk(void **state)
{
    struct scene *s = *state;
    struct scratch small = {""};
    size_t rows = 0;
    vl_result result = VL_OK;
    scratch_make(&small);
    if (mount("tmpfs", small.path, "tmpfs", 0, "size=1m") != 0) {
        scratch_remove(&small);
        skip();
    }
    store_close(s->store);
    s->store = NULL;
    scratch_copy(&s->folder, &small);
    struct scene full = {.folder = small, .circle = s->circle};
    open_store(&full);
    while (result == VL_OK && rows < 5000) {
        result = put_one(&full, rows);
        rows += result == VL_OK;
    }
    assert_int_equal(result, VL_ERR_FULL);
    assert_true(rows > 10);
    assert_int_equal(put_one(&full, rows), VL_ERR_FULL);
    assert_int_equal(put_count(&full), rows);
    reopen(&full); /* a full disk keeps nobody out */
    assert_int_equal(put_count(&full), rows);
    assert_int_equal(mount("tmpfs", small.path, "tmpfs", MS_REMOUNT, "size=8m"), 0);
    assert_int_equal(put_one(&full, rows), VL_OK);
    reopen(&full);
    assert_int_equal(put_count(&full), rows + 1);
    assert_int_equal(store_check(full.store), VL_OK);
    store_close(full.store);
    scratch_clear(&small);
    assert_int_equal(umount(small.path), 0);
    scratch_remove(&small);
    open_store(s);
}

/* A page that was damaged while the vault was closed: DAMAGED by name where it is needed, and by
 * store_check wherever it is. */
static void test_check_finds_damage(void **state)
{
    struct scene *s = *state;
    for (uint64_t seq = 0; seq < 40; seq++)
        assert_int_equal(put_one(s, seq), VL_OK);
    const char *name = s->store->keys->number == 0 ? "vault-0" : "vault-1";
    store_close(s->store);
    s->store = NULL;
    size_t slots = scratch_size(&s->folder, name) / 4136, seen = 0;
    for (size_t slot = 2; slot < slots; slot += 2) {
        uint64_t wait = 0;
        scratch_flip(&s->folder, name, slot * 4136 + 2000);
        vl_result result = store_open(&s->store, s->folder.path, vl_bytes_text(PASSPHRASE), &wait);
        if (result == VL_OK) result = store_check(s->store);
        assert_int_equal(result, VL_ERR_DAMAGED);
        seen++;
        store_close(s->store);
        s->store = NULL;
        scratch_flip(&s->folder, name, slot * 4136 + 2000);
    }
    assert_true(seen > 10);
    open_store(s);
    assert_int_equal(put_count(s), 40);
    assert_int_equal(store_check(s->store), VL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        cmocka_unit_test(test_contract_memory),
        TEST(test_contract_store),
        TEST(test_transactions),
        TEST(test_row_limits),
        TEST(test_circle_limit),
        TEST(test_circles),
        TEST(test_remove),
        TEST(test_notes),
        TEST(test_nothing_readable),
        TEST(test_nothing_readable_after_kill),
        TEST(test_kill),
        TEST(test_failing_disk),
        TEST(test_broken_transaction),
        TEST(test_full_disk),
        TEST(test_check_finds_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
