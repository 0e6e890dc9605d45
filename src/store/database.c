#include "store/database.h"
#include <malloc.h>
#include <stdio.h>
#include <string.h>

static const char *const statements[SQL_COUNT] = {
#define STATEMENT_ROW(name, sql) sql,
    DATABASE_STATEMENTS(STATEMENT_ROW)
#undef STATEMENT_ROW
};

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)

/* A new file begins with its journal in memory, so that no plain journal is ever written; once it
 * has pages it gets its log. */
static const char setup_new[] = "PRAGMA page_size = 4096; PRAGMA journal_mode = MEMORY;";

static const char setup[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA cache_size = -" TEXT(DATABASE_CACHE_KIB) ";"
                                                     "PRAGMA secure_delete = ON;"
                                                     "PRAGMA synchronous = FULL;"
                                                     "PRAGMA trusted_schema = OFF;"
                                                     "PRAGMA cell_size_check = ON;";

static const char schema[] =
    "BEGIN;"
    "CREATE TABLE circle(n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, is_draft INTEGER,"
    " seed BLOB, name TEXT, pseudonym TEXT, purpose TEXT, agreement TEXT);"
    "CREATE TABLE space(c INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE);"
    "CREATE TABLE log(c INTEGER, chain INTEGER, parent INTEGER, first_seq INTEGER, log BLOB,"
    " sign_key BLOB, person BLOB, tip_seq INTEGER, tip BLOB, tip_lamport INTEGER,"
    " bytes INTEGER, controls INTEGER, kept INTEGER, flags INTEGER,"
    " PRIMARY KEY(c, chain)) WITHOUT ROWID;"
    "CREATE TABLE entry(k INTEGER PRIMARY KEY, c INTEGER, short INTEGER, lamport INTEGER,"
    " kind INTEGER, flags INTEGER, id BLOB, header BLOB, signature BLOB, past BLOB, blob BLOB);"
    "CREATE INDEX entry_short ON entry(short);"
    "CREATE INDEX entry_order ON entry(c, lamport, id);"
    "CREATE INDEX entry_control ON entry(c, lamport, id) WHERE kind = 2;"
    "CREATE INDEX entry_unmerged ON entry(c, lamport, id) WHERE kind <> 2 AND flags & 2 = 0;"
    "CREATE INDEX entry_bare ON entry(c, lamport, id) WHERE flags & 32;"
    "CREATE TABLE cell(c INTEGER, type INTEGER, record BLOB, field INTEGER, kind INTEGER,"
    " low INTEGER, names BLOB, date TEXT, state BLOB, PRIMARY KEY(c, type, record, field, kind))"
    " WITHOUT ROWID;"
    "CREATE INDEX cell_names ON cell(c, type, field, names) WHERE names IS NOT NULL;"
    "CREATE TABLE writes(r INTEGER, k INTEGER, PRIMARY KEY(r, k)) WITHOUT ROWID;"
    "CREATE TABLE item(n INTEGER PRIMARY KEY, c INTEGER, type INTEGER, record BLOB, queued INTEGER,"
    " made INTEGER, UNIQUE(c, type, record));"
    "CREATE INDEX item_made ON item(c, type, made, record) WHERE made IS NOT NULL;"
    "CREATE INDEX item_queued ON item(queued) WHERE queued > 0;"
    "CREATE VIRTUAL TABLE search USING fts5(body, detail = none, prefix = '1 2 3 4 5 6 7 8',"
    " tokenize = '" DATABASE_TOKENIZER " remove_diacritics " DATABASE_DIACRITICS "');"
    "CREATE TABLE note(circle BLOB, name TEXT, value BLOB, PRIMARY KEY(circle, name))"
    " WITHOUT ROWID;"
    "CREATE TABLE rescued(n INTEGER PRIMARY KEY, circle BLOB, lamport INTEGER, id BLOB,"
    " header BLOB, signature BLOB, blob BLOB);"
    "CREATE UNIQUE INDEX rescued_order ON rescued(circle, lamport, id);"
    "CREATE TABLE circle_copy(n INTEGER PRIMARY KEY, id BLOB, is_draft INTEGER,"
    " seed BLOB, name TEXT, pseudonym TEXT, purpose TEXT, agreement TEXT);"
    "CREATE TRIGGER circle_added AFTER INSERT ON circle BEGIN"
    " INSERT INTO circle_copy SELECT * FROM circle WHERE n = new.n; END;"
    "CREATE TRIGGER circle_changed AFTER UPDATE ON circle BEGIN"
    " REPLACE INTO circle_copy SELECT * FROM circle WHERE n = new.n; END;"
    "CREATE TRIGGER circle_forgotten AFTER DELETE ON circle BEGIN"
    " DELETE FROM circle_copy WHERE n = old.n; END;"
    "PRAGMA application_id = " TEXT(DATABASE_APPLICATION) ";"
                                                          "PRAGMA user_version = " TEXT(
                                                              DATABASE_VERSION) ";"
                                                                                "COMMIT;";

/* ---- errors ---- */

static vl_result meaning(int rc)
{
    if (rc == SQLITE_IOERR_DATA || rc == SQLITE_IOERR_CORRUPTFS) return VL_ERR_DAMAGED;
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return VL_OK;
    case SQLITE_NOMEM: return VL_ERR_NO_MEMORY;
    case SQLITE_FULL: return VL_ERR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return VL_ERR_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return VL_ERR_IN_USE;
    case SQLITE_TOOBIG: return VL_ERR_TOO_LARGE;
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return VL_ERR_INTERNAL;
    default: return VL_ERR_STORAGE;
    }
}

vl_result database_result(struct database *db, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE) return VL_OK;
    if (db->connection != NULL) {
        int extended = sqlite3_extended_errcode(db->connection);
        if ((extended & 0xff) == (rc & 0xff)) rc = extended;
    }
    vl_result result = meaning(rc);
    db->is_damaged = db->is_damaged || result == VL_ERR_DAMAGED;
    return result;
}

/* A page that has to leave the room in the middle of a transaction is sealed and written, and read
 * and opened again. It is a matter of speed alone: nothing is wrong when it does not work. */
void database_room(struct database *db, bool much)
{
    (void)sqlite3_exec(db->connection,
                       much ? "PRAGMA cache_size = -" TEXT(DATABASE_ROOM_KIB)
                            : "PRAGMA cache_size = -" TEXT(DATABASE_CACHE_KIB),
                       NULL, NULL, NULL);
    if (!much) (void)sqlite3_db_release_memory(db->connection);
    if (!much) (void)malloc_trim(0);
}

/* ---- opening ---- */

static vl_result execute(struct database *db, const char *sql)
{
    return database_result(db, sqlite3_exec(db->connection, sql, NULL, NULL, NULL));
}

static vl_result query_number(struct database *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_result(db, sqlite3_prepare_v2(db->connection, sql, -1, &statement, NULL)));
    vl_result result = database_step(db, statement);
    if (result == VL_OK) *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == VL_ERR_NOT_FOUND ? VL_ERR_INTERNAL : result;
}

static vl_result use_log(struct database *db)
{
    static const char sql[] = "PRAGMA journal_mode = WAL";
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_result(db, sqlite3_prepare_v2(db->connection, sql, -1, &statement, NULL)));
    vl_result result = database_step(db, statement);
    if (result == VL_OK) {
        const unsigned char *mode = sqlite3_column_text(statement, 0);
        if (mode == NULL || strcmp((const char *)mode, "wal") != 0) result = VL_ERR_INTERNAL;
    }
    sqlite3_finalize(statement);
    return result;
}

static vl_result check_version(struct database *db)
{
    int64_t application = 0, version = 0;
    VL_TRY(query_number(db, "PRAGMA application_id", &application));
    VL_TRY(query_number(db, "PRAGMA user_version", &version));
    if (application != DATABASE_APPLICATION) return VL_ERR_DAMAGED;
    return version == DATABASE_VERSION ? VL_OK : VL_ERR_VERSION;
}

static vl_result set_up(struct database *db, bool create)
{
    int set = 0;
    (void)sqlite3_extended_result_codes(db->connection, 1);
    VL_TRY(
        database_result(db, sqlite3_db_config(db->connection, SQLITE_DBCONFIG_DEFENSIVE, 1, &set)));
    VL_TRY(execute(db, setup));
    if (create) {
        VL_TRY(execute(db, setup_new));
        VL_TRY(execute(db, schema));
    }
    VL_TRY(use_log(db));
    return check_version(db);
}

vl_result database_open(struct database *db, const char *path, const struct pages *pages,
                        bool create)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    *db = (struct database){0};
    int rc = sqlite3_open_v2(path, &db->connection, flags, pages_name(pages));
    vl_result result = database_result(db, rc);
    if (result == VL_OK) result = set_up(db, create);
    if (result == VL_OK) return VL_OK;
    if (pages_refusal(pages) != VL_OK) result = pages_refusal(pages);
    database_close(db);
    return result;
}

void database_close(struct database *db)
{
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    (void)sqlite3_close(db->connection);
    memset(db->statements, 0, sizeof db->statements);
    db->connection = NULL;
}

/* ---- statements ---- */

vl_result database_statement(struct database *db, enum database_statement which, sqlite3_stmt **out)
{
    if (db->statements[which] == NULL) {
        VL_TRY(database_result(db, sqlite3_prepare_v3(db->connection, statements[which], -1,
                                                      SQLITE_PREPARE_PERSISTENT,
                                                      &db->statements[which], NULL)));
    }
    *out = db->statements[which];
    return VL_OK;
}

vl_result database_step(struct database *db, sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) return VL_OK;
    if (rc == SQLITE_DONE) return VL_ERR_NOT_FOUND;
    return database_result(db, rc);
}

vl_result database_run(struct database *db, sqlite3_stmt *statement)
{
    vl_result result = database_step(db, statement);
    database_done(statement);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

vl_result database_each(struct database *db, sqlite3_stmt *statement, database_visit visit,
                        void *context)
{
    for (;;) {
        vl_result result = database_step(db, statement);
        bool ended = result == VL_ERR_NOT_FOUND;
        if (result == VL_OK) result = visit(context, statement);
        if (ended || result != VL_OK) {
            database_done(statement);
            return ended ? VL_OK : result;
        }
    }
}

void database_done(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}

void bind_bytes(sqlite3_stmt *statement, int at, struct vl_bytes bytes)
{
    if (bytes.data == NULL) {
        (void)sqlite3_bind_null(statement, at);
    } else {
        (void)sqlite3_bind_blob64(statement, at, bytes.data, bytes.size, SQLITE_STATIC);
    }
}

void bind_number(sqlite3_stmt *statement, int at, int64_t number)
{
    (void)sqlite3_bind_int64(statement, at, number);
}

void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

struct vl_bytes column_bytes(sqlite3_stmt *statement, int at)
{
    static const uint8_t nothing[1];
    if (sqlite3_column_type(statement, at) == SQLITE_NULL) return vl_bytes(NULL, 0);
    const void *data = sqlite3_column_blob(statement, at);
    size_t size = (size_t)sqlite3_column_bytes(statement, at);
    return vl_bytes(data != NULL ? data : nothing, size);
}

vl_result column_exact(sqlite3_stmt *statement, int at, void *out, size_t size)
{
    struct vl_bytes bytes = column_bytes(statement, at);
    if (bytes.data == NULL || bytes.size != size) return VL_ERR_DAMAGED;
    memcpy(out, bytes.data, size);
    return VL_OK;
}

/* ---- the check ---- */

#define LOCK_BYTE_PAGE (0x40000000 / PAGES_SIZE) /* SQLite never writes the page of its locks */

vl_result database_checkpoint(struct database *db)
{
    return database_result(db, sqlite3_wal_checkpoint_v2(db->connection, NULL,
                                                         SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

static vl_result check_seals(struct database *db)
{
    uint8_t page[PAGES_SIZE];
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    VL_TRY(database_checkpoint(db));
    VL_TRY(database_result(
        db, sqlite3_file_control(db->connection, "main", SQLITE_FCNTL_FILE_POINTER, &file)));
    VL_TRY(database_result(db, file->pMethods->xFileSize(file, &size)));
    for (sqlite3_int64 at = 0; at < size; at += (sqlite3_int64)PAGES_SIZE) {
        if (at / (sqlite3_int64)PAGES_SIZE == LOCK_BYTE_PAGE) continue;
        int rc = file->pMethods->xRead(file, page, (int)PAGES_SIZE, at);
        if (rc != SQLITE_OK) return database_result(db, rc);
    }
    return VL_OK;
}

vl_result database_check(struct database *db)
{
    sqlite3_stmt *statement = NULL;
    static const char sql[] = "PRAGMA integrity_check(1)";
    VL_TRY(check_seals(db));
    VL_TRY(database_result(db, sqlite3_prepare_v2(db->connection, sql, -1, &statement, NULL)));
    vl_result result = database_step(db, statement);
    if (result == VL_OK) {
        const unsigned char *verdict = sqlite3_column_text(statement, 0);
        if (verdict == NULL || strcmp((const char *)verdict, "ok") != 0) {
            result = database_result(db, SQLITE_CORRUPT);
        }
    }
    sqlite3_finalize(statement);
    if (result != VL_OK) return result == VL_ERR_NOT_FOUND ? VL_ERR_INTERNAL : result;
    return execute(db, "INSERT INTO search(search) VALUES('integrity-check')");
}
