/* The connection to the vault's database: how it is set up, its tables, its statements, what its
 * errors mean. Everything else in this folder speaks SQL only by naming a statement of the table
 * below.
 *
 * Tables (docs/store.md says why)
 *   space     circles that have rows here, numbered from 1: `c` everywhere else
 *   log       one row a chain
 *   entry     k = c << 52 | chain << 32 | seq: a chain's entries lie one behind the other
 *   cell      merged state of one field; low, names and date are what vl_cell_look_up says of it
 *   writes    which entries k wrote to a record; r is the beginning of its id
 *   item      records, numbered as they came: made is the lowest `low` of their cells (NULL: all
 *             are empty); queued 1: new, 2: changed since it was indexed
 *   search    their text (FTS5), by number of item
 *   circle    what this device knows of a circle beside its records; its seed sealed again (the
 *             first table that is made: a file that is cut off still has it)
 *   note      small values
 *   rescued   entries of a damaged file that wait for what they rest on (store.h)
 *   circle_copy  the rows of circle again, on pages of their own: kept by triggers, read by nothing
 *             but rebuilding */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "store/pages.h"

#define DATABASE_APPLICATION 0x56656c6c /* "Vell" */
#define DATABASE_VERSION     8 /* of the tables: another one is refused, and nothing is changed */
#define DATABASE_CACHE_KIB   2048
#define DATABASE_TOKENIZER   "unicode61" /* what the search takes for words, */
#define DATABASE_DIACRITICS  "2"         /* all accents left out */
#define DATABASE_ROOM_KIB    8192        /* while much is written at once */

/* Records, all of a type or those of which the register ?6 names ?7; with the date that the
 * register ?8 is. */
#define DATABASE_SHOWN                                                                             \
    "SELECT i.record, i.made, coalesce((SELECT d.date FROM cell d WHERE d.c = i.c AND"             \
    " d.type = i.type AND d.record = i.record AND d.field = ?8 AND d.kind = 0), '') AS day"
#define DATABASE_ALL                                                                               \
    DATABASE_SHOWN " FROM item i WHERE i.c = ?1 AND i.type = ?2 AND i.made IS NOT NULL"
#define DATABASE_OF                                                                                \
    DATABASE_SHOWN                                                                                 \
    " FROM cell t CROSS JOIN item i"                                                               \
    " WHERE t.c = ?1 AND t.type = ?2 AND t.field = ?6 AND t.names = ?7"                            \
    " AND i.c = t.c AND i.type = t.type AND i.record = t.record AND i.made IS NOT NULL"
#define DATABASE_AGE_FORTH " AND (i.made, i.record) > (?3, ?4) ORDER BY i.made, i.record LIMIT ?5"
#define DATABASE_AGE_BACK                                                                          \
    " AND (i.made, i.record) < (?3, ?4) ORDER BY i.made DESC, i.record DESC LIMIT ?5"
#define DATABASE_ID_FORTH   " AND i.record > ?4 ORDER BY i.record LIMIT ?5"
#define DATABASE_ID_BACK    " AND i.record < ?4 ORDER BY i.record DESC LIMIT ?5"
#define DATABASE_DATE_FORTH " AND (day, i.record) > (?3, ?4) ORDER BY day, i.record LIMIT ?5"
#define DATABASE_DATE_BACK                                                                         \
    " AND (day, i.record) < (?3, ?4) ORDER BY day DESC, i.record DESC LIMIT ?5"

#define DATABASE_STATEMENTS(X)                                                                     \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(SPACE_GET, "SELECT c FROM space WHERE id = ?1")                                              \
    X(SPACE_ADD, "INSERT INTO space(id) VALUES(?1)")                                               \
    X(LOG_PUT, "INSERT OR REPLACE INTO log"                                                        \
               " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")             \
    X(LOG_SCAN, "SELECT chain, parent, first_seq, log, sign_key, person, tip_seq, tip,"            \
                " tip_lamport, bytes, controls, kept, flags FROM log WHERE c = ?1 ORDER BY chain") \
    X(ENTRY_FIND, "SELECT k FROM entry WHERE short = ?1 AND k BETWEEN ?2 AND ?3 AND id = ?4")      \
    X(ENTRY_ERASED, "SELECT flags & 4 FROM entry"                                                  \
                    " WHERE short = ?1 AND k BETWEEN ?2 AND ?3 AND id = ?4")                       \
    X(ENTRY_PUT, "INSERT INTO entry VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")         \
    X(ENTRY_FLAGS, "UPDATE entry SET flags = ?2 WHERE k = ?1")                                     \
    X(ENTRY_ERASE, "UPDATE entry SET blob = NULL, flags = ?2 WHERE k = ?1")                        \
    X(ENTRY_FILL, "UPDATE entry SET blob = ?3, flags = ?2 WHERE k = ?1")                           \
    X(ENTRY_DROP, "DELETE FROM entry WHERE k BETWEEN ?1 AND ?2")                                   \
    X(ENTRY_GET, "SELECT k, lamport, kind, flags, id, header, signature, past, blob FROM entry"    \
                 " WHERE k = ?1")                                                                  \
    X(ENTRY_RANGE, "SELECT k, lamport, kind, flags, id, header, signature, past, blob FROM entry"  \
                   " WHERE k BETWEEN ?1 AND ?2 ORDER BY k LIMIT ?3")                               \
    X(ENTRY_SCAN, "SELECT k, lamport, kind, flags, id, header, signature, past, blob FROM entry"   \
                  " WHERE c = ?1 AND (lamport, id) > (?2, ?3)"                                     \
                  " AND (1 << kind) & ?4 AND flags & ?5 = ?6 ORDER BY lamport, id LIMIT ?7")       \
    X(ENTRY_SCAN_CONTROL,                                                                          \
      "SELECT k, lamport, kind, flags, id, header, signature, past, blob FROM entry"               \
      " WHERE c = ?1 AND kind = 2 AND (lamport, id) > (?2, ?3)"                                    \
      " AND (1 << kind) & ?4 AND flags & ?5 = ?6 ORDER BY lamport, id LIMIT ?7")                   \
    X(ENTRY_SCAN_UNMERGED,                                                                         \
      "SELECT k, lamport, kind, flags, id, header, signature, past, blob FROM entry"               \
      " WHERE c = ?1 AND kind <> 2 AND flags & 2 = 0 AND (lamport, id) > (?2, ?3)"                 \
      " AND (1 << kind) & ?4 AND flags & ?5 = ?6 ORDER BY lamport, id LIMIT ?7")                   \
    X(ENTRY_SCAN_BARE,                                                                             \
      "SELECT k, lamport, kind, flags, id, header, signature, past, blob FROM entry"               \
      " WHERE c = ?1 AND flags & 32 AND (lamport, id) > (?2, ?3)"                                  \
      " AND (1 << kind) & ?4 AND flags & ?5 = ?6 ORDER BY lamport, id LIMIT ?7")                   \
    X(CELL_GET, "SELECT state FROM cell"                                                           \
                " WHERE c = ?1 AND type = ?2 AND record = ?3 AND field = ?4 AND kind = ?5")        \
    X(CELL_PUT, "INSERT OR REPLACE INTO cell VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")          \
    X(CELL_SCAN, "SELECT type, record, field, kind, state FROM cell WHERE c = ?1"                  \
                 " ORDER BY type, record, field, kind")                                            \
    X(CELL_SCAN_TYPE, "SELECT type, record, field, kind, state FROM cell"                          \
                      " WHERE c = ?1 AND type = ?2 ORDER BY record, field, kind")                  \
    X(CELL_RECORD, "SELECT type, record, field, kind, state FROM cell"                             \
                   " WHERE c = ?1 AND type = ?2 AND record = ?3 ORDER BY field, kind")             \
    X(RECORD_CLEAR, "DELETE FROM cell WHERE c = ?1 AND type = ?2 AND record = ?3")                 \
    X(CELLS_CLEAR, "DELETE FROM cell WHERE c = ?1")                                                \
    X(WRITE_PUT, "INSERT OR IGNORE INTO writes VALUES(?1, ?2)")                                    \
    X(WRITE_DROP, "DELETE FROM writes WHERE r = ?1 AND k = ?2")                                    \
    X(WRITES_CLEAR, "DELETE FROM writes WHERE k BETWEEN ?1 << 52 AND ((?1 + 1) << 52) - 1")        \
    X(WRITE_SCAN, "SELECT e.k, lamport, kind, flags, id, header, signature, past, blob"            \
                  " FROM writes w CROSS JOIN entry e ON e.k = w.k"                                 \
                  " WHERE w.r = ?1 AND w.k BETWEEN ?2 AND ?3 ORDER BY w.k LIMIT ?4")               \
    X(CELLS_SUM, "SELECT min(low) FROM cell WHERE c = ?1 AND type = ?2 AND record = ?3")           \
    X(ITEM_GET, "SELECT n, queued, made FROM item WHERE c = ?1 AND type = ?2 AND record = ?3")     \
    X(ITEM_ADD, "INSERT INTO item(c, type, record, queued, made)"                                  \
                " VALUES(?1, ?2, ?3, 1, ?4) ON CONFLICT DO NOTHING")                               \
    X(ITEM_PUT, "UPDATE item SET queued = ?2, made = ?3 WHERE n = ?1")                             \
    X(ITEM_INDEXED, "UPDATE item SET queued = 0 WHERE n = ?1")                                     \
    X(ITEM_DROP, "DELETE FROM item WHERE n = ?1")                                                  \
    X(ITEMS_QUEUE, "UPDATE item SET made = NULL, queued = 2 WHERE c = ?1")                         \
    X(QUEUE_NEXT, "SELECT n, c, type, record, made, queued FROM item"                              \
                  " WHERE queued > 0 ORDER BY queued, n LIMIT 1")                                  \
    X(QUEUE_COUNT, "SELECT count(*) FROM item WHERE queued > 0")                                   \
    X(RECORDS_AGE_FORTH, DATABASE_ALL DATABASE_AGE_FORTH)                                          \
    X(RECORDS_OF_AGE_FORTH, DATABASE_OF DATABASE_AGE_FORTH)                                        \
    X(RECORDS_AGE_BACK, DATABASE_ALL DATABASE_AGE_BACK)                                            \
    X(RECORDS_OF_AGE_BACK, DATABASE_OF DATABASE_AGE_BACK)                                          \
    X(RECORDS_DATE_FORTH, DATABASE_ALL DATABASE_DATE_FORTH)                                        \
    X(RECORDS_OF_DATE_FORTH, DATABASE_OF DATABASE_DATE_FORTH)                                      \
    X(RECORDS_DATE_BACK, DATABASE_ALL DATABASE_DATE_BACK)                                          \
    X(RECORDS_OF_DATE_BACK, DATABASE_OF DATABASE_DATE_BACK)                                        \
    X(RECORDS_ID_FORTH, DATABASE_ALL DATABASE_ID_FORTH)                                            \
    X(RECORDS_OF_ID_FORTH, DATABASE_OF DATABASE_ID_FORTH)                                          \
    X(RECORDS_ID_BACK, DATABASE_ALL DATABASE_ID_BACK)                                              \
    X(RECORDS_OF_ID_BACK, DATABASE_OF DATABASE_ID_BACK)                                            \
    X(SEARCH_PUT, "INSERT INTO search(rowid, body) VALUES(?1, ?2)")                                \
    X(SEARCH_DROP, "DELETE FROM search WHERE rowid = ?1")                                          \
    X(SEARCH, "SELECT s.id, i.type, i.record,"                                                     \
              " snippet(search, 0, char(0x2068), char(0x2069), char(0x2026), 16)"                  \
              " FROM search CROSS JOIN item i ON i.n = search.rowid JOIN space s ON s.c = i.c"     \
              " WHERE search MATCH ?1 AND (?2 IS NULL OR s.id = ?2)"                               \
              " ORDER BY search.rowid DESC LIMIT ?3")                                              \
    X(CIRCLE_ADD, "INSERT INTO circle(id, is_draft, seed, name, pseudonym, purpose, agreement)"    \
                  " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                           \
    X(CIRCLE_FIND, "SELECT n FROM circle WHERE id = ?1")                                           \
    X(CIRCLE_PUT, "UPDATE circle SET id = ?1, is_draft = ?2, seed = ?3, name = ?4,"                \
                  " pseudonym = ?5, purpose = ?6, agreement = ?7 WHERE n = ?8")                    \
    X(CIRCLE_SCAN, "SELECT id, is_draft, seed, name, pseudonym, purpose, agreement FROM circle"    \
                   " ORDER BY n")                                                                  \
    X(CIRCLE_FORGET, "DELETE FROM circle WHERE n = ?1")                                            \
    X(NOTES_FORGET, "DELETE FROM note WHERE circle = ?1")                                          \
    X(LOGS_FORGET, "DELETE FROM log WHERE c = ?1")                                                 \
    X(ENTRIES_FORGET, "DELETE FROM entry WHERE k BETWEEN ?1 << 52 AND ((?1 + 1) << 52) - 1")       \
    X(SEARCH_FORGET, "DELETE FROM search WHERE rowid IN (SELECT n FROM item WHERE c = ?1)")        \
    X(ITEMS_FORGET, "DELETE FROM item WHERE c = ?1")                                               \
    X(SPACE_FORGET, "DELETE FROM space WHERE c = ?1")                                              \
    X(SEARCH_API, "SELECT fts5(?1)")                                                               \
    X(SEARCH_OPTIMIZE, "INSERT INTO search(search) VALUES('optimize')")                            \
    X(NOTE_PUT, "INSERT OR REPLACE INTO note VALUES(?1, ?2, ?3)")                                  \
    X(NOTE_GET, "SELECT value FROM note WHERE circle = ?1 AND name = ?2")                          \
    X(TABLE_ROOT, "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?1")         \
    X(RESCUED_PUT, "INSERT OR IGNORE INTO rescued(circle, lamport, id, header, signature, blob)"   \
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                              \
    X(RESCUED_COUNT, "SELECT count(*) FROM rescued")                                               \
    X(RESCUED_ANY, "SELECT 1 FROM rescued WHERE circle = ?1 LIMIT 1")                              \
    X(RESCUED_SCAN, "SELECT lamport, id, header, signature, blob FROM rescued"                     \
                    " WHERE circle = ?1 AND (lamport, id) > (?2, ?3)"                              \
                    " ORDER BY lamport, id LIMIT ?4")                                              \
    X(RESCUED_DROP, "DELETE FROM rescued WHERE circle = ?1 AND lamport = ?2 AND id = ?3")          \
    X(RESCUED_FORGET, "DELETE FROM rescued WHERE circle = ?1")                                     \
    X(RESCUED_CLEAR, "DELETE FROM rescued")                                                        \
    X(NOTES_MOVE, "UPDATE OR REPLACE note SET circle = ?2 WHERE circle = ?1")                      \
    X(SPACE_MOVE, "UPDATE OR IGNORE space SET id = ?2 WHERE id = ?1")

enum database_statement {
#define DATABASE_STATEMENT_ENUM(name, sql) SQL_##name,
    DATABASE_STATEMENTS(DATABASE_STATEMENT_ENUM)
#undef DATABASE_STATEMENT_ENUM
        SQL_COUNT
};

struct database {
    sqlite3 *connection;
    sqlite3_stmt *statements[SQL_COUNT]; /* prepared when first asked for */
    bool is_damaged;                     /* something was DAMAGED */
};

/* Opens the file in the sealed pages; `create`: makes its tables. DAMAGED, VERSION, FULL, STORAGE,
 * NO_MEMORY. On an error `*db` is closed. */
VL_MUST_USE vl_result database_open(struct database *db, const char *path,
                                    const struct pages *pages, bool create);
/* Writes the log back into the file and removes it, as far as the disk allows. */
void database_close(struct database *db);

/* The statement, reset and without values. Bind to it, step it, then database_done. */
VL_MUST_USE vl_result database_statement(struct database *db, enum database_statement which,
                                         sqlite3_stmt **out);
/* Steps once. VL_OK: a row is there. NOT_FOUND: it has ended. Errors. */
VL_MUST_USE vl_result database_step(struct database *db, sqlite3_stmt *statement);
/* Steps a statement that gives no row, then resets it. */
VL_MUST_USE vl_result database_run(struct database *db, sqlite3_stmt *statement);
/* Calls `visit` on each row, then resets. What ends it early is returned. */
typedef vl_result (*database_visit)(void *context, sqlite3_stmt *statement);
VL_MUST_USE vl_result database_each(struct database *db, sqlite3_stmt *statement,
                                    database_visit visit, void *context);
/* Resets and drops the values; views of its columns die. */
void database_done(sqlite3_stmt *statement);
/* What an SQLite result means; notes the sentence. */
VL_MUST_USE vl_result database_result(struct database *db, int rc);

/* Every page's seal, SQLite's integrity_check, the search index's own. DAMAGED. */
/* Writes the log back into the file and empties it, so that it holds no older page. */
VL_MUST_USE vl_result database_checkpoint(struct database *db);
VL_MUST_USE vl_result database_check(struct database *db);

/* More room for pages, or what there is at rest; then no more memory is kept than that. */
void database_room(struct database *db, bool much);

/* Binding, so that an error shows at the next step: views must live until then. */
void bind_bytes(sqlite3_stmt *statement, int at, struct vl_bytes bytes); /* data NULL: NULL */
void bind_number(sqlite3_stmt *statement, int at, int64_t number);
/* Texts with a final zero; NULL: NULL. */
void bind_text(sqlite3_stmt *statement, int at, const char *text);
struct vl_bytes column_bytes(sqlite3_stmt *statement, int at); /* data NULL only for NULL */
/* A column of exactly `size` bytes. DAMAGED. */
VL_MUST_USE vl_result column_exact(sqlite3_stmt *statement, int at, void *out, size_t size);

#endif
