/* A new database from what is left of a damaged one. The new one is made whole under a name of its
 * own and takes the vault's by one renaming. SQLite would take the old one's log for the new one's,
 * so what is in it is first written into the old file, and the log removed: until the renaming the
 * old file has all that it had. */
#include "store/folder.h"
#include "store/salvage.h"
#include "store/store_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORK_NOTES "fork "

struct rebuild {
    struct store *fresh; /* in its transaction */
    struct salvage *old;
};

static struct vl_bytes blob_of(const struct salvage_value *value)
{
    return value->kind == SALVAGE_BLOB ? value->bytes : vl_bytes(NULL, 0);
}

static bool is_blob(const struct salvage_value *value, size_t size)
{
    return value->kind == SALVAGE_BLOB && value->bytes.size == size;
}

static void bind_value(sqlite3_stmt *statement, int at, const struct salvage_value *value)
{
    if (value->kind == SALVAGE_BLOB) bind_bytes(statement, at, value->bytes);
    if (value->kind == SALVAGE_NUMBER) bind_number(statement, at, value->number);
    if (value->kind == SALVAGE_TEXT)
        (void)sqlite3_bind_text(statement, at, (const char *)value->bytes.data,
                                (int)value->bytes.size, SQLITE_STATIC);
}

/* ---- circles ---- */

#define CIRCLE_COLUMNS 8u

static bool is_circle(const struct salvage_row *row)
{
    return row->has_rowid && row->count == CIRCLE_COLUMNS &&
           is_blob(&row->values[1], sizeof(struct vl_id)) && row->values[3].kind == SALVAGE_BLOB;
}

/* As it is; whether its secrets open is seen when all are read again. */
static vl_result take_circle(void *context, const struct salvage_row *row)
{
    struct rebuild *b = context;
    sqlite3_stmt *statement = NULL;
    if (!is_circle(row)) return VL_ERR_DAMAGED;
    VL_TRY(database_statement(&b->fresh->db, SQL_CIRCLE_ADD, &statement));
    for (int i = 1; i < (int)CIRCLE_COLUMNS; i++)
        bind_value(statement, i, &row->values[i]);
    return store_run(b->fresh, statement);
}

static vl_result has_circle(struct rebuild *b, struct vl_bytes id, bool *has)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&b->fresh->db, SQL_CIRCLE_FIND, &statement));
    bind_bytes(statement, 1, id);
    vl_result result = database_step(&b->fresh->db, statement);
    database_done(statement);
    *has = result == VL_OK;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result open_secrets(void *context, const struct store_circle *circle)
{
    (void)context, (void)circle;
    return VL_OK;
}

/* Tables are made in one order, so that their roots are the same in every file of this version. */
static vl_result take_circles_of(struct rebuild *b, const char *table)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&b->fresh->db, SQL_TABLE_ROOT, &statement));
    bind_text(statement, 1, table);
    vl_result result = database_step(&b->fresh->db, statement);
    int64_t root = result == VL_OK ? sqlite3_column_int64(statement, 0) : 0;
    database_done(statement);
    if (result != VL_OK) return result == VL_ERR_NOT_FOUND ? VL_ERR_INTERNAL : result;
    VL_TRY(salvage_table(b->old, (uint32_t)root, take_circle, b));
    return store_circle_scan(b->fresh, open_secrets, NULL);
}

/* Either table has all of them. */
static vl_result take_circles(struct rebuild *b)
{
    vl_result result = take_circles_of(b, "circle");
    if (result != VL_ERR_DAMAGED) return result;
    store_rollback(b->fresh); /* some rows may be there */
    VL_TRY(store_begin(b->fresh, NULL));
    return take_circles_of(b, "circle_copy");
}

/* ---- the rest ---- */

/* Who wrote it and what it rests on is judged later, by the replica. */
static vl_result take_entry(struct rebuild *b, const struct salvage_value *header,
                            const struct salvage_value *signature, const struct salvage_value *blob)
{
    struct vl_entry_header fields;
    struct vl_id id;
    sqlite3_stmt *statement = NULL;
    bool known = false;
    if (header->kind != SALVAGE_BLOB || !is_blob(signature, 64)) return VL_OK;
    if (vl_entry_header_decode(header->bytes, &fields) != VL_OK || fields.lamport > INT64_MAX)
        return VL_OK;
    VL_TRY(has_circle(b, vl_bytes(fields.circle.bytes, sizeof fields.circle.bytes), &known));
    if (!known) return VL_OK;
    vl_entry_id(header->bytes, &id);
    VL_TRY(database_statement(&b->fresh->db, SQL_RESCUED_PUT, &statement));
    bind_bytes(statement, 1, vl_bytes(fields.circle.bytes, sizeof fields.circle.bytes));
    bind_number(statement, 2, (int64_t)fields.lamport);
    bind_bytes(statement, 3, vl_bytes(id.bytes, sizeof id.bytes));
    bind_bytes(statement, 4, header->bytes);
    bind_bytes(statement, 5, signature->bytes);
    bind_bytes(statement, 6, blob_of(blob));
    return store_run(b->fresh, statement);
}

static bool begins_with(struct vl_bytes text, const char *start)
{
    return text.size >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

/* Proofs of forks are learnt anew; what waits is counted from now on. */
static vl_result take_note(struct rebuild *b, const struct salvage_row *row)
{
    sqlite3_stmt *statement = NULL;
    struct vl_bytes name = row->values[1].bytes;
    if (begins_with(name, FORK_NOTES) || begins_with(name, STORE_NOTE_RESCUED_OPENINGS))
        return VL_OK;
    VL_TRY(database_statement(&b->fresh->db, SQL_NOTE_PUT, &statement));
    for (int i = 0; i < 3; i++)
        bind_value(statement, i + 1, &row->values[i]);
    return store_run(b->fresh, statement);
}

/* Which table a row is of shows by its columns (database.h). */
static vl_result take_row(void *context, const struct salvage_row *row)
{
    struct rebuild *b = context;
    const struct salvage_value *values = row->values;
    bool known = false;
    if (row->has_rowid && row->count == 11)
        return take_entry(b, &values[7], &values[8], &values[10]);
    if (row->has_rowid && row->count == 7) return take_entry(b, &values[4], &values[5], &values[6]);
    if (!row->has_rowid && row->count == 3 && values[0].kind == SALVAGE_BLOB &&
        values[1].kind == SALVAGE_TEXT && values[2].kind == SALVAGE_BLOB)
        return take_note(b, row);
    if (!is_circle(row)) return VL_OK;
    VL_TRY(has_circle(b, values[1].bytes, &known));
    return known ? VL_OK : VL_ERR_DAMAGED; /* the root was another one */
}

static vl_result fill(struct store *fresh, struct salvage *old, struct store_rebuilt *told)
{
    struct rebuild b = {fresh, old};
    VL_TRY(store_begin(fresh, NULL));
    vl_result result = take_circles(&b);
    if (result == VL_OK) result = salvage_rows(old, take_row, &b);
    if (result == VL_OK) result = store_rescued_count(fresh, &told->entries);
    told->pages = old->unreadable;
    if (result == VL_OK) return store_commit(fresh);
    store_rollback(fresh);
    return result;
}

/* ---- the new file ---- */

/* Whole and durable, without a log, or not there. */
static vl_result make_new(struct store *s, const char *folder, const char *base,
                          struct salvage *old, struct store_rebuilt *told)
{
    struct store fresh = {.keys = s->keys, .folder = -1, .lock = -1};
    char *path = NULL;
    VL_TRY(store_new_database_clear(s->folder));
    VL_TRY(folder_join(folder, STORE_NEW_DATABASE, &path));
    vl_result result = folder_fill(s->folder, STORE_NEW_DATABASE, 0);
    if (result == VL_OK) result = pages_create(&fresh.pages, s->keys, base);
    if (result == VL_OK) result = database_open(&fresh.db, path, fresh.pages, true);
    if (result == VL_OK) {
        result = fill(&fresh, old, told);
        if (result == VL_OK) result = database_checkpoint(&fresh.db);
        database_close(&fresh.db);
        if (result == VL_OK && folder_has(s->folder, STORE_NEW_DATABASE "-wal"))
            result = VL_ERR_STORAGE;
    }
    pages_destroy(fresh.pages);
    free(path);
    return result;
}

/* The old one's place on the disk is written over as far as that goes: it holds what may be erased
 * later. */
static vl_result replace(struct store *s, const char *name, const char *log)
{
    folder_remove(s->folder, log);
    if (folder_has(s->folder, log)) return VL_ERR_STORAGE;
    VL_TRY(folder_sync(s->folder));
    int old = openat(s->folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    vl_result result = folder_rename(s->folder, STORE_NEW_DATABASE, name);
    if (result == VL_OK && old >= 0) folder_scrub(old);
    if (old >= 0) close(old);
    return result;
}

vl_result store_rebuild_file(struct store *s, const char *folder, const char *base,
                             struct store_rebuilt *told)
{
    const char *name = store_vault_name(s->keys);
    struct salvage old = {0};
    char log[32];
    char *path = NULL;
    *told = (struct store_rebuilt){0};
    (void)snprintf(log, sizeof log, "%s-wal", name);
    if (!folder_has(s->folder, name)) return VL_ERR_DAMAGED;
    VL_TRY(folder_join(folder, name, &path));
    vl_result result = salvage_open(&old, s->keys, base, path, folder_has(s->folder, log));
    if (result == VL_OK) result = make_new(s, folder, base, &old, told);
    if (result == VL_OK) result = salvage_fold(&old);
    salvage_close(&old);
    free(path);
    if (result == VL_OK) result = replace(s, name, log);
    if (result != VL_OK) (void)!store_new_database_clear(s->folder);
    return result;
}
