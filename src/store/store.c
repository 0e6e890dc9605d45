#include "store/folder.h"
#include "store/marker.h"
#include "store/store_internal.h"
#include "store/tries.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const vault_names[] = {"vault-0", "vault-1"};

/* ---- making ---- */

vl_result store_new_database_clear(int folder)
{
    static const char *const names[] = {STORE_NEW_DATABASE, STORE_NEW_DATABASE "-wal"};
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!folder_has(folder, names[i])) continue;
        any = true;
        folder_remove(folder, names[i]);
        if (folder_has(folder, names[i])) return VL_ERR_STORAGE;
    }
    return any ? folder_sync(folder) : VL_OK;
}

/* Under a name of its own until it is whole; the same for its log. */
static vl_result make_database(const char *path, int folder, const struct vault_keys *keys)
{
    static const char name[] = STORE_NEW_DATABASE;
    struct pages *pages = NULL;
    struct database db;
    char *file = NULL;
    VL_TRY(store_new_database_clear(folder));
    VL_TRY(folder_fill(folder, name, 0)); /* empty and 0600; SQLite gives the log the same mode */
    VL_TRY(folder_join(path, name, &file));
    vl_result result = pages_create(&pages, keys, NULL);
    if (result == VL_OK) result = database_open(&db, file, pages, true);
    if (result == VL_OK) database_close(&db);
    pages_destroy(pages);
    free(file);
    if (result == VL_OK) result = folder_rename(folder, name, vault_names[keys->number]);
    if (result != VL_OK) folder_remove(folder, name);
    return result;
}

static vl_result make_other(int folder, unsigned number)
{
    uint64_t size = 0;
    VL_TRY(folder_size(folder, vault_names[number], &size));
    return folder_fill(folder, vault_names[1 - number], size);
}

static vl_result make_keys(int folder, const struct vault_keys *keys, struct vl_bytes passphrase,
                           struct vault_cost cost)
{
    struct vault_file file;
    uint8_t marker[32];
    VL_TRY(marker_of(keys, folder, vault_names[keys->number], marker));
    VL_TRY(vault_file_make(keys, passphrase, cost, marker, &file));
    return store_keys_write(folder, &file);
}

/* `keys` is written last: with it the vault exists, before it what is there opens for nobody. */
static vl_result make_vault(const char *path, int folder, struct vl_bytes passphrase,
                            struct vault_cost cost)
{
    struct vault_keys *keys = NULL;
    int lock = -1;
    VL_TRY(folder_lock(folder, &lock));
    vl_result result = VL_ERR_EXISTS;
    if (folder_has(folder, "keys")) goto done;
    result = store_wipe_rest(folder);
    if (result != VL_OK) goto done;
    result = vault_keys_create(&keys);
    if (result != VL_OK) goto done;
    result = make_database(path, folder, keys);
    if (result != VL_OK) goto done;
    result = make_other(folder, keys->number);
    if (result != VL_OK) goto done;
    result = tries_clear(folder);
    if (result != VL_OK) goto done;
    result = make_keys(folder, keys, passphrase, cost);
done:
    vault_keys_destroy(keys);
    close(lock);
    return result;
}

vl_result store_prepare(const char *folder)
{
    int fd = -1;
    VL_TRY(folder_make(folder));
    VL_TRY(folder_open(folder, &fd));
    vl_result result = folder_close_off(fd);
    close(fd);
    return result;
}

vl_result store_create_at_cost(const char *folder, struct vl_bytes passphrase,
                               struct vault_cost cost)
{
    int fd = -1;
    VL_TRY(vault_passphrase_check(passphrase));
    if (store_exists(folder)) return VL_ERR_EXISTS;
    VL_TRY(store_prepare(folder));
    VL_TRY(folder_open(folder, &fd));
    vl_result result = make_vault(folder, fd, passphrase, cost);
    close(fd);
    return result;
}

vl_result store_create(const char *folder, struct vl_bytes passphrase)
{
    return store_create_at_cost(folder, passphrase, vault_cost_default());
}

bool store_exists(const char *folder)
{
    int fd = -1;
    if (folder_open(folder, &fd) != VL_OK) return false;
    bool has = folder_has(fd, "keys");
    close(fd);
    return has;
}

/* ---- opening ---- */

vl_result store_keys_read(int folder, struct vault_file *file)
{
    struct vl_buffer bytes = {0};
    vl_result result = folder_read(folder, "keys", VAULT_KEYS_BYTES, &bytes);
    if (result == VL_OK) result = vault_file_decode(vl_buffer_view(&bytes), file);
    vl_buffer_finish(&bytes);
    return result == VL_ERR_TOO_LARGE ? VL_ERR_DAMAGED : result;
}

vl_result store_keys_write(int folder, const struct vault_file *file)
{
    struct vl_buffer bytes = {0};
    vl_result result = vault_file_encode(file, &bytes);
    if (result == VL_OK) result = folder_write(folder, "keys", vl_buffer_view(&bytes));
    vl_buffer_finish(&bytes);
    return result;
}

/* Of a vault that is open already only its own keys count. */
static vl_result open_slot(const struct store *s, const struct vault_file *file,
                           struct vl_bytes passphrase, struct vault_keys **out)
{
    struct vault_keys *keys = NULL;
    VL_TRY(vault_unlock(file, passphrase, &keys));
    if (s->keys != NULL && sodium_memcmp(keys->root, s->keys->root, sizeof keys->root) != 0) {
        vault_keys_destroy(keys);
        return VL_ERR_PASSPHRASE;
    }
    *out = keys;
    return VL_OK;
}

vl_result store_keys_open(const struct store *s, const struct vault_file *file,
                          struct vl_bytes passphrase, struct vault_keys **out, uint64_t *wait_ms)
{
    struct tries_clock clock;
    vl_duration wait = VL_MILLISECONDS(0);
    *wait_ms = 0;
    VL_TRY(vault_passphrase_check(passphrase));
    tries_clock_read(&clock);
    vl_result result = tries_begin(s->folder, &clock, &wait);
    *wait_ms = wait.ms;
    if (result != VL_OK) return result;
    result = open_slot(s, file, passphrase, out);
    if (result == VL_OK) return tries_clear(s->folder);
    if (result == VL_ERR_PASSPHRASE) {
        tries_clock_read(&clock);
        VL_TRY(tries_touch(s->folder, &clock, &wait));
        *wait_ms = wait.ms;
    } else {
        VL_TRY(tries_cancel(s->folder, &clock));
    }
    return result;
}

const char *store_vault_name(const struct vault_keys *keys)
{
    return vault_names[keys->number];
}

/* What may be gone was perhaps sent already. Durable before anything is written over the log, which
 * alone shows it. */
static vl_result note_torn_log(struct store *s, struct vault_file *file)
{
    s->is_copy = true;
    randombytes_buf(file->markers[s->keys->number], sizeof file->markers[0]);
    return store_keys_write(s->folder, file);
}

vl_result store_open_database(struct store *s, const char *folder, struct vault_file *file,
                              const char *base)
{
    const char *name = store_vault_name(s->keys);
    uint8_t marker[32];
    char *path = NULL;
    if (!folder_has(s->folder, name)) return VL_ERR_DAMAGED;
    VL_TRY(pages_create(&s->pages, s->keys, base));
    VL_TRY(folder_join(folder, name, &path));
    vl_result result = database_open(&s->db, path, s->pages, false);
    free(path);
    VL_TRY(result);
    VL_TRY(marker_of(s->keys, s->folder, name, marker));
    s->is_copy = sodium_memcmp(marker, file->markers[s->keys->number], sizeof marker) != 0;
    return !s->is_copy && pages_log_is_torn(s->pages) ? note_torn_log(s, file) : VL_OK;
}

/* Folder, lock, file of the keys, keys: all but the database. On an error store_close. */
static vl_result open_keys(struct store *s, const char *folder, struct vl_bytes passphrase,
                           struct vault_file *file, uint64_t *wait_ms)
{
    VL_TRY(folder_open(folder, &s->folder));
    if (!folder_has(s->folder, "keys")) return VL_ERR_NOT_FOUND;
    VL_TRY(folder_lock(s->folder, &s->lock));
    VL_TRY(store_keys_read(s->folder, file));
    VL_TRY(store_keys_open(s, file, passphrase, &s->keys, wait_ms));
    return store_new_database_clear(s->folder); /* of a rebuilding that was broken off */
}

/* `told` NULL: as it is; else it is rebuilt first. */
static vl_result open_vault(struct store **out, const char *folder, struct vl_bytes passphrase,
                            const char *base, struct store_rebuilt *told, uint64_t *wait_ms)
{
    struct vault_file file;
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) return VL_ERR_NO_MEMORY;
    s->folder = s->lock = -1;
    vl_result result = open_keys(s, folder, passphrase, &file, wait_ms);
    if (result == VL_OK && told != NULL) result = store_rebuild_file(s, folder, base, told);
    if (result == VL_OK) result = store_open_database(s, folder, &file, base);
    if (result != VL_OK) {
        store_close(s);
        return result;
    }
    *out = s;
    return VL_OK;
}

vl_result store_open_over(struct store **out, const char *folder, struct vl_bytes passphrase,
                          const char *base, uint64_t *wait_ms)
{
    return open_vault(out, folder, passphrase, base, NULL, wait_ms);
}

vl_result store_rebuild(struct store **out, const char *folder, struct vl_bytes passphrase,
                        struct store_rebuilt *told, uint64_t *wait_ms)
{
    return open_vault(out, folder, passphrase, NULL, told, wait_ms);
}

vl_result store_open(struct store **out, const char *folder, struct vl_bytes passphrase,
                     uint64_t *wait_ms)
{
    return store_open_over(out, folder, passphrase, NULL, wait_ms);
}

void store_close(struct store *s)
{
    if (s == NULL) return;
    if (s->writing) store_rollback(s);
    database_close(&s->db);
    pages_destroy(s->pages);
    vault_keys_destroy(s->keys);
    while (s->ports != NULL) {
        struct port *next = s->ports->next;
        free(s->ports);
        s->ports = next;
    }
    if (s->lock >= 0) close(s->lock);
    if (s->folder >= 0) close(s->folder);
    free(s);
}

bool store_is_damaged(const struct store *s)
{
    return s->db.is_damaged;
}

bool store_is_copy(const struct store *s)
{
    return s->is_copy;
}

vl_result store_accept_copy(struct store *s)
{
    struct vault_file file;
    unsigned number = s->keys->number;
    VL_TRY(store_keys_read(s->folder, &file));
    VL_TRY(marker_of(s->keys, s->folder, vault_names[number], file.markers[number]));
    vl_result result = store_keys_write(s->folder, &file);
    if (result == VL_OK) s->is_copy = false;
    return result;
}

vl_result store_check(struct store *s)
{
    if (s->writing) return VL_ERR_STATE;
    return database_check(&s->db);
}

/* ---- transactions ---- */

vl_result store_begin(struct store *s, const struct port *writer)
{
    sqlite3_stmt *statement = NULL;
    if (s->writing) return VL_ERR_STATE;
    VL_TRY(database_statement(&s->db, SQL_BEGIN, &statement));
    VL_TRY(database_run(&s->db, statement));
    s->writing = true;
    s->writer = writer;
    s->broken = VL_OK;
    s->erasing = false;
    s->current.space = 0;
    s->writes = 0;
    watch_begin(s);
    return VL_OK;
}

/* Erasure is not deferred. If the log could not be emptied the erasure stands all the same, and
 * emptying it is tried after every commit and at closing. */
static void empty_log(struct store *s)
{
    if (s->erased && database_checkpoint(&s->db) == VL_OK) s->erased = false;
}

void store_room(struct store *s, bool much)
{
    if (s->has_room != much) database_room(&s->db, much);
    s->has_room = much;
}

vl_result store_commit(struct store *s)
{
    sqlite3_stmt *statement = NULL;
    if (!s->writing) return VL_ERR_STATE;
    vl_result result = s->broken;
    if (result == VL_OK) result = store_item_flush(s);
    if (result == VL_OK && s->erasing && s->writer != NULL)
        result = store_touch_waiting(s, s->writer->space);
    if (result == VL_OK && s->erasing) result = store_index_purge(s);
    if (result == VL_OK) result = database_statement(&s->db, SQL_COMMIT, &statement);
    if (result == VL_OK) result = database_run(&s->db, statement);
    if (result != VL_OK) {
        store_rollback(s);
        return result;
    }
    s->writing = false;
    s->writer = NULL;
    s->erased = s->erased || s->erasing;
    empty_log(s);
    return VL_OK;
}

void store_rollback(struct store *s)
{
    sqlite3_stmt *statement = NULL;
    if (!s->writing) return;
    s->writing = false;
    s->writer = NULL;
    for (struct port *p = s->ports; p != NULL; p = p->next)
        p->space = 0;
    /* SQLite may have rolled back by itself when the disk failed. */
    if (sqlite3_get_autocommit(s->db.connection) != 0) return;
    if (database_statement(&s->db, SQL_ROLLBACK, &statement) == VL_OK &&
        database_run(&s->db, statement) == VL_OK) {
        return;
    }
    (void)sqlite3_exec(s->db.connection, "ROLLBACK", NULL, NULL, NULL);
}

vl_result store_run(struct store *s, sqlite3_stmt *statement)
{
    if (!s->writing || s->broken != VL_OK) {
        database_done(statement);
        return s->writing ? s->broken : VL_ERR_STATE;
    }
    if (++s->writes == STORE_MANY_WRITES) store_room(s, true);
    vl_result result = database_run(&s->db, statement);
    if (result != VL_OK) s->broken = result;
    return result;
}

vl_result store_run_alone(struct store *s, sqlite3_stmt *statement)
{
    if (s->writing) {
        database_done(statement);
        return VL_ERR_STATE;
    }
    return database_run(&s->db, statement); /* SQLite commits by itself */
}

vl_result store_space(struct store *s, const struct vl_id *circle, bool add, int64_t *space)
{
    sqlite3_stmt *statement = NULL;
    struct vl_bytes id = vl_bytes(circle->bytes, sizeof circle->bytes);
    VL_TRY(database_statement(&s->db, SQL_SPACE_GET, &statement));
    bind_bytes(statement, 1, id);
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) *space = sqlite3_column_int64(statement, 0);
    database_done(statement);
    if (result != VL_ERR_NOT_FOUND || !add) return result;
    VL_TRY(database_statement(&s->db, SQL_SPACE_ADD, &statement));
    bind_bytes(statement, 1, id);
    VL_TRY(store_run(s, statement));
    *space = sqlite3_last_insert_rowid(s->db.connection);
    if (*space >= 1 && *space <= (int64_t)ROW_CIRCLES_MAX) return VL_OK;
    s->broken = VL_ERR_LIMIT;
    return VL_ERR_LIMIT;
}
