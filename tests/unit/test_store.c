/* The store: the engine's port as the memory storage has it, circles and notes, and what can be
 * read on the disk. */
#include "tests/support/memory_storage.h"
#include "tests/support/storage_contract.h"
#include "tests/support/store_fixture.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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
    struct store_fixture *s = *state;
    for (size_t i = 0; i < storage_check_count; i++) {
        struct vl_id circle = {{(uint8_t)(i + 1)}};
        struct vl_storage port;
        store_storage(s->store, &circle, &port);
        print_message("    %s\n", storage_checks[i].name);
        storage_checks[i].run(&port);
    }
    assert_int_equal(store_check(s->store), VL_OK);
}

static void test_transactions(void **state)
{
    struct store_fixture *s = *state;
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
    assert_int_equal(store_fixture_put(s, 0), VL_OK);
    store_fixture_reopen(s);
    assert_int_equal(store_fixture_count(s), 1);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    storage_sample_entry(0, 1, 2, &row);
    assert_int_equal(s->port.entry_put(s->port.self, &row), VL_OK);
    store_fixture_reopen(s); /* closed in a transaction: it did not happen */
    assert_int_equal(store_fixture_count(s), 1);
}

static void test_row_limits(void **state)
{
    struct store_fixture *s = *state;
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
    struct store_fixture *s = *state;
    int64_t space = 0;
    assert_int_equal(store_begin(s->store, NULL), VL_OK);
    for (unsigned i = 0; i < ROW_CIRCLES_MAX; i++) {
        struct vl_id circle = {{(uint8_t)i, (uint8_t)(i >> 8), 9}};
        assert_int_equal(store_space(s->store, &circle, true, &space), VL_OK);
    }
    assert_int_equal(store_commit(s->store), VL_OK);
    assert_int_equal(store_fixture_put(s, 0), VL_ERR_LIMIT); /* one more */
    assert_int_equal(store_fixture_count(s), 0);
    struct vl_id last = {{(ROW_CIRCLES_MAX - 1) & 0xff, (ROW_CIRCLES_MAX - 1) >> 8, 9}};
    store_storage(s->store, &last, &s->port);
    assert_int_equal(store_fixture_put(s, 0), VL_OK);
    assert_int_equal(store_fixture_count(s), 1);
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
    struct store_fixture *s = *state;
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
    store_fixture_reopen(s);
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
    struct store_fixture *s = *state;
    struct store_circle circle;
    struct vl_buffer value = {0};
    struct vl_storage kept;
    struct vl_id other = {{3}};
    sample_circle(2, &circle);
    circle.id = s->circle;
    assert_int_equal(store_circle_add(s->store, &circle), VL_OK);
    store_circle_finish(&circle);
    for (uint64_t seq = 0; seq < 5; seq++)
        assert_int_equal(store_fixture_put(s, seq), VL_OK);
    store_storage(s->store, &other, &kept);
    struct store_fixture second = {.store = s->store, .port = kept};
    assert_int_equal(store_fixture_put(&second, 0), VL_OK);
    assert_int_equal(store_note_put(s->store, &s->circle, "n", vl_bytes("v", 1)), VL_OK);
    assert_int_equal(store_circle_remove(s->store, &s->circle), VL_OK);
    assert_int_equal(store_fixture_count(s), 0);
    assert_int_equal(store_fixture_count(&second), 1);
    assert_int_equal(store_note_get(s->store, &s->circle, "n", &value), VL_ERR_NOT_FOUND);
    assert_int_equal(store_fixture_put(s, 0), VL_OK); /* it can come again */
    assert_int_equal(store_fixture_count(s), 1);
    assert_int_equal(store_check(s->store), VL_OK);
    vl_buffer_finish(&value);
}

static void test_notes(void **state)
{
    struct store_fixture *s = *state;
    struct vl_buffer value = {0};
    assert_int_equal(store_note_get(s->store, NULL, "a", &value), VL_ERR_NOT_FOUND);
    assert_int_equal(store_note_put(s->store, NULL, "a", vl_bytes("one", 3)), VL_OK);
    assert_int_equal(store_note_put(s->store, &s->circle, "a", vl_bytes("two", 3)), VL_OK);
    assert_int_equal(store_note_put(s->store, NULL, "b", vl_bytes(NULL, 0)), VL_OK);
    assert_int_equal(store_note_put(s->store, NULL, "a", vl_bytes("three", 5)), VL_OK);
    store_fixture_reopen(s);
    assert_int_equal(store_note_get(s->store, NULL, "a", &value), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&value), vl_bytes_text("three")));
    assert_int_equal(store_note_get(s->store, &s->circle, "a", &value), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&value), vl_bytes_text("two")));
    assert_int_equal(store_note_get(s->store, NULL, "b", &value), VL_OK);
    assert_int_equal(value.size, 0);
    vl_buffer_finish(&value);
}

/* ---- nothing to read on the disk ---- */

static void put_secrets(struct store_fixture *s)
{
    struct store_circle circle;
    struct vl_cell_key key = {.type = 5};
    sample_circle(0x5a, &circle);
    (void)snprintf(circle.name, sizeof circle.name, "Cercle des Tilleuls");
    (void)snprintf(circle.pseudonym, sizeof circle.pseudonym, "Hirondelle");
    assert_int_equal(store_circle_add(s->store, &circle), VL_OK);
    store_circle_finish(&circle);
    assert_int_equal(store_fixture_put(s, 0), VL_OK);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(
        s->port.cell_put(s->port.self, &key, vl_bytes_text("ce qui fut confie un soir")), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    assert_int_equal(store_note_put(s->store, NULL, "reglage", vl_bytes_text("valeur rare")),
                     VL_OK);
}

static void assert_unreadable(struct store_fixture *s)
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
    struct store_fixture *s = *state;
    put_secrets(s);
    struct vault_keys keys = *s->store->keys;
    assert_unreadable(s);
    store_fixture_close(s);
    assert_unreadable(s);
    const uint8_t *const secrets[] = {keys.root, keys.page, keys.secret, keys.marker};
    for (size_t i = 0; i < 4; i++)
        assert_null(scratch_find(&s->folder, vl_bytes(secrets[i], 8)));
    store_fixture_open(s);
}

static void test_nothing_readable_after_kill(void **state)
{
    struct store_fixture *s = *state;
    int ready[2];
    uint8_t byte;
    store_fixture_close(s);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        store_fixture_open(s);
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
    store_fixture_open(s);
    assert_int_equal(store_fixture_put(s, 1), VL_OK);
    assert_unreadable(s);
}

/* ---- what a commit changed ---- */

struct told {
    unsigned count;
    struct store_change last;
};

static void on_told(void *context, const struct store_change *change)
{
    struct told *told = context;
    told->count++;
    told->last = *change;
}

static void put_cells(struct store_fixture *s, unsigned records)
{
    struct vl_cell_key key = {.type = 4};
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    for (unsigned pass = 0; pass < 2; pass++) { /* each twice, not one after the other */
        for (unsigned i = 0; i < records; i++) {
            memcpy(key.record.bytes, &i, sizeof i);
            key.field = pass + 1;
            assert_int_equal(s->port.cell_put(s->port.self, &key, vl_bytes("state", 5)), VL_OK);
        }
    }
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
}

static void test_watch(void **state)
{
    struct store_fixture *s = *state;
    struct told told = {0};
    struct vl_entry_row row;
    store_watch_set(s->store, on_told, &told);
    assert_int_equal(store_fixture_put(s, 0), VL_OK);
    assert_int_equal(told.count, 1);
    assert_true(vl_id_equal(&told.last.circle, &s->circle));
    assert_true(told.last.count == 1 && told.last.records[0].type == 4 && !told.last.many);

    put_cells(s, STORE_CHANGED_MAX); /* at the limit, one past it, and few again */
    assert_true(told.last.count == STORE_CHANGED_MAX && !told.last.many);
    put_cells(s, STORE_CHANGED_MAX + 1);
    assert_true(told.last.count == STORE_CHANGED_MAX && told.last.many);
    put_cells(s, 1);
    assert_true(told.last.count == 1 && !told.last.many && !told.last.membership);
    assert_int_equal(told.count, 4);

    /* what did not happen is not told, nor with what comes after it */
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    storage_sample_entry(0, 1, 2, &row);
    row.kind = VL_ENTRY_CONTROL;
    assert_int_equal(s->port.entry_put(s->port.self, &row), VL_OK);
    assert_int_equal(s->port.cells_clear(s->port.self), VL_OK);
    s->port.rollback(s->port.self);
    assert_int_equal(told.count, 4);
    put_cells(s, 2);
    assert_true(told.last.count == 2 && !told.last.many && !told.last.membership);

    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(s->port.entry_put(s->port.self, &row), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    assert_true(told.last.membership && told.last.count == 0);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(s->port.cells_clear(s->port.self), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    assert_true(told.last.many);
    assert_int_equal(told.count, 7);

    size_t left; /* the index is no change of a circle */
    assert_int_equal(store_index_step(s->store, 100, &left), VL_OK);
    store_watch_set(s->store, NULL, NULL);
    put_cells(s, 1);
    assert_int_equal(told.count, 7);
}

static void set_version(struct store_fixture *s, unsigned version)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %u", version);
    assert_int_equal(sqlite3_exec(s->store->db.connection, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Tables of another version are refused, and no byte of them changes. */
static void test_other_version(void **state)
{
    static const unsigned others[] = {0, DATABASE_VERSION - 1, DATABASE_VERSION + 1};
    struct store_fixture *s = *state;
    struct vl_buffer ours = {0}, before = {0}, after = {0};
    const char *name = s->store->keys->number == 0 ? "vault-0" : "vault-1"; /* the other is noise */
    struct store *opened;
    uint64_t wait;
    assert_int_equal(store_fixture_put(s, 0), VL_OK);
    store_fixture_close(s);
    scratch_read(&s->folder, name, &ours);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        store_fixture_open(s);
        set_version(s, others[i]);
        store_fixture_close(s);
        scratch_read(&s->folder, name, &before);
        for (unsigned again = 0; again < 2; again++)
            assert_int_equal(
                store_open(&opened, s->folder.path, vl_bytes_text(STORE_FIXTURE_PASSPHRASE), &wait),
                VL_ERR_VERSION);
        scratch_read(&s->folder, name, &after);
        assert_int_equal(after.size, before.size);
        assert_memory_equal(after.data, before.data, before.size);
        scratch_write(&s->folder, name, vl_buffer_view(&ours));
    }
    store_fixture_open(s);
    assert_int_equal(store_fixture_count(s), 1);
    vl_buffer_finish(&ours);
    vl_buffer_finish(&before);
    vl_buffer_finish(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, store_fixture_set_up, store_fixture_tear_down)
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
        TEST(test_watch),
        TEST(test_other_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
