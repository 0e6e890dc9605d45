/* Sealed pages under SQLite: nothing to read on the disk; whatever happens to the file, what was
 * committed is there, or a named error is. */
#include "store/database.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/scratch_folder.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PHYSICAL 4136u /* of a page; these numbers are the format's, see pages.h */
#define LOG_HEAD 72u
#define FRAME    (64u + PHYSICAL)
#define ROW_TEXT "une phrase que personne ne doit lire, numero %d"

struct scene {
    struct scratch folder, copy;
    struct vault_keys *keys;
    struct pages *pages;
    sqlite3 *db;
};

/* ---- a small database ---- */

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int open_in(struct scene *s, const struct scratch *folder, bool create)
{
    int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(scratch_path(folder, "db"), &s->db, flags, pages_name(s->pages));
    if (rc == SQLITE_OK) {
        rc = run(s->db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY;"
                        "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-512");
    }
    if (rc == SQLITE_OK && create) {
        rc = run(s->db, "PRAGMA page_size=4096; PRAGMA journal_mode=MEMORY;"
                        "CREATE TABLE t(n INTEGER PRIMARY KEY, x TEXT, pad BLOB)");
    }
    if (rc == SQLITE_OK) rc = run(s->db, "PRAGMA journal_mode=WAL");
    (void)sqlite3_extended_result_codes(s->db, 1);
    return rc;
}

static void close_db(struct scene *s)
{
    assert_int_equal(sqlite3_close(s->db), SQLITE_OK);
    s->db = NULL;
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    scratch_make(&s->folder);
    scratch_make(&s->copy);
    assert_int_equal(vault_keys_create(&s->keys), VL_OK);
    assert_int_equal(pages_create(&s->pages, s->keys, faulty_vfs()), VL_OK);
    faulty_vfs_set(NULL);
    assert_int_equal(open_in(s, &s->folder, true), SQLITE_OK);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    faulty_vfs_set(NULL);
    close_db(s);
    pages_destroy(s->pages);
    vault_keys_destroy(s->keys);
    scratch_remove(&s->folder);
    scratch_remove(&s->copy);
    free(s);
    return 0;
}

static int insert(struct scene *s, int n)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO t VALUES(%d, '" ROW_TEXT "', zeroblob(2000 + %d * 37 %% 5000))", n,
                   n, n);
    return run(s->db, sql);
}

static void insert_rows(struct scene *s, int from, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(insert(s, from + i), SQLITE_OK);
}

/* Rows 1..*count, each whole. An SQLite error when one cannot be read. */
static int count_rows(sqlite3 *db, int *count)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT n, x, length(pad), pad FROM t ORDER BY n", -1,
                                &statement, NULL);
    *count = 0;
    if (rc != SQLITE_OK) return rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        char text[128];
        (*count)++;
        (void)snprintf(text, sizeof text, ROW_TEXT, *count);
        assert_int_equal(sqlite3_column_int(statement, 0), *count);
        assert_string_equal((const char *)sqlite3_column_text(statement, 1), text);
        int length = sqlite3_column_int(statement, 2);
        assert_int_equal(length, 2000 + *count * 37 % 5000);
        assert_true(sodium_is_zero(sqlite3_column_blob(statement, 3), (size_t)length));
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static bool is_whole(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    bool ok = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL) == SQLITE_OK &&
              sqlite3_step(statement) == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    return ok;
}

static void assert_rows(struct scene *s, int expected)
{
    int count = 0;
    assert_int_equal(count_rows(s->db, &count), SQLITE_OK);
    assert_int_equal(count, expected);
    assert_true(is_whole(s->db));
}

/* Opens what is in `copy`, as after a crash, and expects exactly so many rows; then it goes on. */
static void assert_recovers(struct scene *s, int expected)
{
    sqlite3 *original = s->db; /* may still be open on the folder that was copied */
    assert_int_equal(open_in(s, &s->copy, false), SQLITE_OK);
    assert_rows(s, expected);
    assert_int_equal(insert(s, expected + 1), SQLITE_OK);
    assert_rows(s, expected + 1);
    close_db(s);
    assert_int_equal(open_in(s, &s->copy, false), SQLITE_OK);
    assert_rows(s, expected + 1);
    close_db(s);
    s->db = original;
}

/* ---- what lies on the disk ---- */

static void test_nothing_readable(void **state)
{
    struct scene *s = *state;
    insert_rows(s, 1, 40);
    static const char *const needles[] = {"une phrase", "personne", "SQLite", "CREATE TABLE"};
    for (int closed = 0; closed < 2; closed++) {
        for (size_t i = 0; i < sizeof needles / sizeof *needles; i++) {
            assert_null(scratch_find(&s->folder, vl_bytes_text(needles[i])));
        }
        assert_null(scratch_find(&s->folder, vl_bytes(s->keys->page, 8)));
        assert_null(scratch_find(&s->folder, vl_bytes(s->keys->root, 8)));
        uint8_t zeros[16] = {0};
        assert_null(scratch_find(&s->folder, vl_bytes(zeros, sizeof zeros)));
        assert_int_equal(scratch_size(&s->folder, "db") % PHYSICAL, 0);
        if (closed == 0) {
            assert_int_equal((scratch_size(&s->folder, "db-wal") - LOG_HEAD) % FRAME, 0);
            close_db(s);
        } else {
            assert_false(scratch_has(&s->folder, "db-wal"));
            assert_false(scratch_has(&s->folder, "db-journal"));
        }
    }
}

/* The same content written twice gives no equal unit: every write has a new nonce. */
static void test_no_two_units_alike(void **state)
{
    struct scene *s = *state;
    struct vl_buffer log = {0};
    for (int i = 0; i < 20; i++) {
        assert_int_equal(run(s->db, "INSERT OR REPLACE INTO t VALUES(1, 'x', NULL)"), SQLITE_OK);
    }
    scratch_read(&s->folder, "db-wal", &log);
    size_t frames = (log.size - LOG_HEAD) / FRAME;
    assert_true(frames >= 20);
    for (size_t a = 0; a < frames; a++) {
        for (size_t b = a + 1; b < frames; b++) {
            const uint8_t *one = log.data + LOG_HEAD + a * FRAME + 64;
            assert_memory_not_equal(one, log.data + LOG_HEAD + b * FRAME + 64, 24);
        }
    }
    vl_buffer_finish(&log);
}

/* Format: page n opens by libsodium alone with what pages.h says. */
static void test_unit_is_as_documented(void **state)
{
    struct scene *s = *state;
    struct vl_buffer file = {0};
    uint8_t plain[4096], data[128];
    insert_rows(s, 1, 3);
    close_db(s);
    scratch_read(&s->folder, "db", &file);
    for (uint8_t number = 0; number < 3; number++) {
        size_t size = sizeof "veillee/1 vault page";
        memcpy(data, "veillee/1 vault page", size);
        memcpy(data + size, s->keys->file_id, 16);
        size += 16;
        data[size++] = number == 0 ? 0 : 1; /* part: slot 0, or page */
        memset(data + size, 0, 8);
        data[size] = number;
        size += 8;
        const uint8_t *unit = file.data + (size_t)number * PHYSICAL;
        assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, unit + 24,
                                                                    PHYSICAL - 24, data, size, unit,
                                                                    s->keys->page),
                         0);
        if (number == 0) assert_memory_equal(plain, "VEILLEE", 8);
        if (number == 1) assert_memory_equal(plain, "SQLite format 3", 16);
    }
    vl_buffer_finish(&file);
}

/* ---- damage of the database ---- */

static void assert_damaged(struct scene *s, const char *what, size_t at)
{
    int count = 0;
    int rc = open_in(s, &s->copy, false);
    if (rc == SQLITE_OK) rc = count_rows(s->db, &count);
    if (rc == SQLITE_OK && is_whole(s->db)) fail_msg("%s at %zu was not seen", what, at);
    close_db(s);
}

static void test_flipped_byte(void **state)
{
    struct scene *s = *state;
    insert_rows(s, 1, 12);
    close_db(s);
    size_t size = scratch_size(&s->folder, "db");
    static const size_t places[] = {0, 23, 24, 100, 2000, 4119, 4120, 4135};
    for (size_t slot = 0; slot < size / PHYSICAL; slot++) {
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            scratch_copy(&s->folder, &s->copy);
            scratch_flip(&s->copy, "db", slot * PHYSICAL + places[i]);
            assert_damaged(s, "a flipped bit", slot * PHYSICAL + places[i]);
        }
    }
}

static void test_moved_page(void **state)
{
    struct scene *s = *state;
    struct vl_buffer file = {0};
    insert_rows(s, 1, 12);
    close_db(s);
    scratch_read(&s->folder, "db", &file);
    uint8_t *moved = malloc(file.size);
    assert_non_null(moved);
    for (size_t to = 1; to < file.size / PHYSICAL; to++) { /* slot 2 in place of another */
        if (to == 2) continue;
        memcpy(moved, file.data, file.size);
        memcpy(moved + to * PHYSICAL, file.data + 2 * PHYSICAL, PHYSICAL);
        scratch_copy(&s->folder, &s->copy);
        scratch_write(&s->copy, "db", vl_bytes(moved, file.size));
        assert_damaged(s, "a page of another place", to);
    }
    free(moved);
    vl_buffer_finish(&file);
}

static void test_truncated_database(void **state)
{
    struct scene *s = *state;
    insert_rows(s, 1, 12);
    close_db(s);
    size_t size = scratch_size(&s->folder, "db");
    for (size_t left = 0; left < size; left += left % PHYSICAL == 0 ? 1 : 1033) {
        scratch_copy(&s->folder, &s->copy);
        scratch_truncate(&s->copy, "db", left);
        assert_damaged(s, "a cut", left);
    }
    scratch_copy(&s->folder, &s->copy); /* the whole one is fine */
    assert_recovers(s, 12);
}

static void test_other_keys(void **state)
{
    struct scene *s = *state;
    struct vault_keys *other = NULL, *mine = s->keys;
    insert_rows(s, 1, 3);
    close_db(s);
    scratch_copy(&s->folder, &s->copy);
    pages_destroy(s->pages);
    assert_int_equal(vault_keys_create(&other), VL_OK);
    assert_int_equal(pages_create(&s->pages, other, NULL), VL_OK);
    assert_damaged(s, "another key", 0);
    assert_int_equal(pages_refusal(s->pages), VL_ERR_DAMAGED);
    pages_destroy(s->pages);
    memcpy(other->page, mine->page, sizeof mine->page); /* the right key, another file's id */
    assert_int_equal(pages_create(&s->pages, other, NULL), VL_OK);
    assert_damaged(s, "another file id", 0);
    vault_keys_destroy(other);
}

/* ---- damage of the log ---- */

#define COMMITS 12

/* Commits rows one by one; log_sizes[i] is the log's size when i rows were durable. */
static void commit_rows(struct scene *s, size_t log_sizes[static COMMITS + 1])
{
    log_sizes[0] = scratch_has(&s->folder, "db-wal") ? scratch_size(&s->folder, "db-wal") : 0;
    for (int i = 1; i <= COMMITS; i++) {
        assert_int_equal(insert(s, i), SQLITE_OK);
        log_sizes[i] = scratch_size(&s->folder, "db-wal");
        assert_true(log_sizes[i] > log_sizes[i - 1]);
    }
}

/* How many rows a log that is good up to `at` holds. */
static int rows_before(const size_t log_sizes[static COMMITS + 1], size_t at)
{
    int rows = 0;
    while (rows < COMMITS && log_sizes[rows + 1] <= at)
        rows++;
    return rows;
}

static void test_torn_log(void **state)
{
    struct scene *s = *state;
    size_t sizes[COMMITS + 1];
    commit_rows(s, sizes);
    for (size_t left = 0; left <= sizes[COMMITS]; left += 1 + left % 7 * 611) {
        scratch_copy(&s->folder, &s->copy);
        scratch_truncate(&s->copy, "db-wal", left);
        assert_recovers(s, rows_before(sizes, left));
    }
    for (int i = 1; i <= COMMITS; i++) { /* exactly at, and one byte before, each commit's end */
        for (size_t less = 0; less < 2; less++) {
            scratch_copy(&s->folder, &s->copy);
            scratch_truncate(&s->copy, "db-wal", sizes[i] - less);
            assert_recovers(s, i - (int)less);
        }
    }
}

static void test_flipped_byte_in_log(void **state)
{
    struct scene *s = *state;
    size_t sizes[COMMITS + 1];
    commit_rows(s, sizes);
    static const size_t places[] = {0, 30, 63, 64, 90, 2000, FRAME - 1};
    for (size_t frame = 0; LOG_HEAD + (frame + 1) * FRAME <= sizes[COMMITS]; frame++) {
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            size_t start = LOG_HEAD + frame * FRAME;
            scratch_copy(&s->folder, &s->copy);
            scratch_flip(&s->copy, "db-wal", start + places[i]);
            assert_recovers(s, rows_before(sizes, start));
        }
    }
    for (size_t at = 0; at < LOG_HEAD; at += 9) {
        scratch_copy(&s->folder, &s->copy);
        scratch_flip(&s->copy, "db-wal", at);
        assert_recovers(s, 0);
    }
}

/* A power cut in a checkpoint: pages of the database are torn, the log is whole. */
static void test_torn_checkpoint(void **state)
{
    struct scene *s = *state;
    insert_rows(s, 1, 3);
    assert_int_equal(run(s->db, "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
    assert_int_equal(run(s->db, "UPDATE t SET x = x; VACUUM"), SQLITE_OK); /* every page */
    insert_rows(s, 4, 5);
    size_t pages = scratch_size(&s->folder, "db") / PHYSICAL;
    for (size_t slot = 1; slot < pages; slot++) {
        scratch_copy(&s->folder, &s->copy);
        scratch_flip(&s->copy, "db", slot * PHYSICAL + 700);
        assert_recovers(s, 8);
    }
}

/* Once a page of the log was good, a bad one is an error, not zeros, and spreads nowhere. */
static void test_log_damaged_while_open(void **state)
{
    struct scene *s = *state;
    int count = 0;
    insert_rows(s, 1, 10);
    size_t size = scratch_size(&s->folder, "db-wal");
    for (size_t at = LOG_HEAD + 64 + 1000; at < size; at += FRAME) {
        scratch_flip(&s->folder, "db-wal", at);
    }
    assert_int_equal(run(s->db, "PRAGMA shrink_memory"), SQLITE_OK);
    assert_int_equal(count_rows(s->db, &count), SQLITE_IOERR_DATA);
    assert_int_equal(sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL),
                     SQLITE_IOERR_DATA);
    for (size_t at = LOG_HEAD + 64 + 1000; at < size; at += FRAME) {
        scratch_flip(&s->folder, "db-wal", at); /* back */
    }
    assert_rows(s, 10);
}

/* ---- files that are not ours, and writes that do not fit ---- */

static void test_planted_journal(void **state)
{
    struct scene *s = *state;
    uint8_t journal[1024];
    static const uint8_t magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    insert_rows(s, 1, 5);
    close_db(s);
    memset(journal, 0, sizeof journal);
    memcpy(journal, magic, sizeof magic);
    memset(journal + 8, 0xff, 4); /* "as many pages as there are" */
    scratch_copy(&s->folder, &s->copy);
    scratch_write(&s->copy, "db-journal", vl_bytes(journal, sizeof journal));
    assert_recovers(s, 5);
    assert_int_equal(scratch_size(&s->copy, "db-journal"), sizeof journal);
}

static void test_odd_write_refused(void **state)
{
    struct scene *s = *state;
    sqlite3_file *file = NULL;
    uint8_t page[8192] = {0}, bytes[40];
    struct vl_buffer before = {0}, after = {0};
    insert_rows(s, 1, 5);
    assert_int_equal(run(s->db, "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
    scratch_read(&s->folder, "db", &before);
    assert_int_equal(sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file),
                     SQLITE_OK);
    static const struct {
        int size, at;
    } odd[] = {{100, 0}, {4096, 1}, {4095, 4096}, {16, 24}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(file->pMethods->xWrite(file, page, odd[i].size, odd[i].at),
                         SQLITE_IOERR_WRITE);
    }
    scratch_read(&s->folder, "db", &after);
    assert_true(vl_bytes_equal(vl_buffer_view(&before), vl_buffer_view(&after)));
    /* Reads may be of any shape. */
    assert_int_equal(file->pMethods->xRead(file, page, 8192, 0), SQLITE_OK);
    assert_int_equal(file->pMethods->xRead(file, bytes, 40, 4080), SQLITE_OK);
    assert_memory_equal(bytes, page + 4080, 40);
    sqlite3_int64 size = 0;
    assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
    assert_int_equal(file->pMethods->xRead(file, bytes, 40, size - 10), SQLITE_IOERR_SHORT_READ);
    assert_true(sodium_is_zero(bytes + 10, 30));
    vl_buffer_finish(&before);
    vl_buffer_finish(&after);
}

/* ---- kill -9 ---- */

/* The child commits row after row and says so after each; it is killed at some moment. */
static int commit_until_killed(struct scene *s, int from, uint32_t microseconds)
{
    int report[2], acknowledged = from;
    uint8_t byte;
    assert_int_equal(pipe(report), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(report[0]);
        if (open_in(s, &s->folder, false) != SQLITE_OK) _exit(1);
        if (write(report[1], "", 1) != 1) _exit(1); /* ready */
        for (int n = from + 1;; n++) {
            if (insert(s, n) != SQLITE_OK || write(report[1], "", 1) != 1) _exit(1);
        }
    }
    close(report[1]);
    assert_int_equal(read(report[0], &byte, 1), 1);
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
    int rows = 0, count = 0;
    close_db(s);
    for (unsigned i = 0; i < 20 || (rows <= 20 && i < 200); i++) { /* a slow machine writes less */
        uint32_t moment = 2000 + randombytes_uniform(60000);
        int acknowledged = commit_until_killed(s, rows, moment);
        scratch_copy(&s->folder, &s->copy);
        assert_int_equal(open_in(s, &s->folder, false), SQLITE_OK);
        assert_int_equal(count_rows(s->db, &count), SQLITE_OK);
        if (count < acknowledged || count > acknowledged + 1) {
            fail_msg("%d rows were acknowledged, %d are there, killed after %u us", acknowledged,
                     count, moment);
        }
        assert_true(is_whole(s->db));
        close_db(s);
        rows = count;
    }
    assert_true(rows > 20);
}

/* ---- disks that fail ---- */

static void assert_old_or_new(struct scene *s, const struct fault *fault, int *rows)
{
    int count = 0;
    assert_int_equal(open_in(s, &s->folder, false), SQLITE_OK);
    faulty_vfs_set(fault);
    int rc = insert(s, *rows + 1);
    bool hit = faulty_vfs_hit();
    faulty_vfs_set(NULL);
    assert_true(hit || rc == SQLITE_OK);
    if (rc != SQLITE_OK) assert_int_equal(rc & 0xff, fault->rc & 0xff);
    assert_int_equal(count_rows(s->db, &count), SQLITE_OK);
    assert_int_equal(count, rc == SQLITE_OK ? *rows + 1 : *rows);
    close_db(s);
    assert_int_equal(open_in(s, &s->folder, false), SQLITE_OK);
    assert_int_equal(count_rows(s->db, &count), SQLITE_OK);
    assert_true(count >= *rows + (rc == SQLITE_OK) && count <= *rows + 1);
    assert_true(is_whole(s->db));
    close_db(s);
    *rows = count;
}

static void test_failing_disk(void **state)
{
    struct scene *s = *state;
    static const unsigned operations[] = {FAULT_WRITE, FAULT_SYNC, FAULT_TRUNCATE};
    static const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC};
    int rows = 0;
    close_db(s);
    for (size_t o = 0; o < 3; o++) {
        for (size_t c = 0; c < 3; c++) {
            for (uint64_t nth = 1; nth <= 6; nth++) {
                struct fault fault = {operations[o], nth, codes[c], nth % 2 == 0, nth % 3 == 0};
                assert_old_or_new(s, &fault, &rows);
            }
        }
    }
    assert_true(rows > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_nothing_readable),
        TEST(test_no_two_units_alike),
        TEST(test_unit_is_as_documented),
        TEST(test_flipped_byte),
        TEST(test_moved_page),
        TEST(test_truncated_database),
        TEST(test_other_keys),
        TEST(test_torn_log),
        TEST(test_flipped_byte_in_log),
        TEST(test_torn_checkpoint),
        TEST(test_log_damaged_while_open),
        TEST(test_planted_journal),
        TEST(test_odd_write_refused),
        TEST(test_kill),
        TEST(test_failing_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
