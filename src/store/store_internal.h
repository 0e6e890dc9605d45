/* What the files of the store share. Nothing outside src/store includes this, but tests.
 *
 *   folder.c    files and the lock               tries.c    wrong passphrases
 *   vault.c     key slots                        marker.c   copied or restored?
 *   pages.c     sealed pages, under SQLite       database.c the connection
 *   store.c     making, opening, transactions    port.c     the engine's port for one circle
 *   watch.c     what changed                     records.c  lists of records
 *   port_cells.c its cells, and which entries wrote to them
 *   passphrase.c asked again, changed   wipe.c     the end of a vault
 *   salvage.c, salvage_rows.c  what is left of a damaged file
 *   rebuild.c   a new file from it             rescued.c  entries that wait since then
 *   circle_rows.c, notes.c, search.c, indexing.c */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/database.h"
#include "store/store.h"
#include "store/vault.h"

/* Parts of the key of an entry's row. One past any of them is LIMIT. */
#define ROW_CIRCLES_MAX 1023u
#define ROW_CHAINS_MAX  (1u << 20)
#define ROW_SEQ_MAX     UINT32_MAX

struct port { /* vl_storage.self: one circle's */
    struct store *store;
    struct vl_id circle;
    int64_t space; /* number of the circle's rows; 0: looked up when needed */
    enum { RESCUED_UNKNOWN, RESCUED_NONE, RESCUED_SOME } rescued; /* of the circle */
    struct port *next;
};

#define STORE_MANY_WRITES 512u

struct store {
    struct vault_keys *keys;
    struct pages *pages;
    struct database db;
    int folder, lock;
    struct port *ports;
    const struct port *writer; /* whose transaction is open; NULL: none, or the store's own */
    bool writing;
    vl_result broken; /* a write of this transaction failed: it can only be rolled back */
    unsigned writes;  /* of this transaction; with STORE_MANY_WRITES there is more room for pages */
    bool has_room;    /* until the index has caught up */
    bool erasing;     /* this transaction takes blobs away for ever */
    bool erased;      /* a committed one did, and the log was not written back yet */
    bool is_copy;
    struct { /* the record whose cells are being put in this transaction; its item is not kept yet
              */
        int64_t space; /* 0: none */
        uint32_t type;
        struct vl_record_id record;
        bool has_low;
        int64_t low; /* the lowest of the cells that were put */
    } current;
    store_watch told;
    void *told_context;
    struct store_change change; /* of this transaction */
};

/* ---- transactions (store.c). STATE: one is open already. ---- */
VL_MUST_USE vl_result store_begin(struct store *s, const struct port *writer);
/* Durable when VL_OK; else rolled back. */
VL_MUST_USE vl_result store_commit(struct store *s);
void store_rollback(struct store *s);
/* Runs a writing statement of the open transaction. An error breaks the transaction. */
VL_MUST_USE vl_result store_run(struct store *s, sqlite3_stmt *statement);
/* The same in a transaction of its own when none is open. */
VL_MUST_USE vl_result store_run_alone(struct store *s, sqlite3_stmt *statement);

/* The number of a circle's rows; NOT_FOUND: it has none (`add`: then it gets one). */
VL_MUST_USE vl_result store_space(struct store *s, const struct vl_id *circle, bool add,
                                  int64_t *space);

/* ---- the file of the keys (store.c) ---- */
VL_MUST_USE vl_result store_keys_read(int folder, struct vault_file *file);
VL_MUST_USE vl_result store_keys_write(int folder, const struct vault_file *file);
/* A try of a passphrase, counted. Of a vault that is open only its own keys count. */
VL_MUST_USE vl_result store_keys_open(const struct store *s, const struct vault_file *file,
                                      struct vl_bytes passphrase, struct vault_keys **out,
                                      uint64_t *wait_ms);
/* Takes away what a wiping that was broken off has left; nothing when there is none. */
VL_MUST_USE vl_result store_wipe_rest(int folder);

/* ---- rescued.c ---- */
#define STORE_NOTE_RESCUED_OPENINGS "rescued openings"
/* The entry goes into the circle's rows in the open transaction: it waits no more. */
VL_MUST_USE vl_result store_rescued_came(struct port *p, uint64_t lamport, const struct vl_id *id);

/* ---- opening, in parts (store.c) ---- */
const char *store_vault_name(const struct vault_keys *keys);
/* The database, and whether it is a copy; its keys are there. Tests use it with keys of theirs. */
VL_MUST_USE vl_result store_open_database(struct store *s, const char *folder,
                                          struct vault_file *file, const char *base);
/* The file in which a new database is made until it is whole; also takes one away that was left. */
#define STORE_NEW_DATABASE "vault.new"
VL_MUST_USE vl_result store_new_database_clear(int folder);

/* ---- watch.c: of the open transaction, then of the one that was committed ---- */
void watch_begin(struct store *s);
void watch_record(struct store *s, uint32_t type, const struct vl_record_id *record);
void watch_tell(struct store *s, const struct vl_id *circle);

/* All cells of one record by the number of its circle. */
VL_MUST_USE vl_result store_cells_of(struct store *s, int64_t space, uint32_t type,
                                     const struct vl_record_id *record, vl_cell_visit visit,
                                     void *context);

/* Whether the entry is here, and its blob gone for ever. */
VL_MUST_USE vl_result store_entry_erased(struct store *s, int64_t space, const struct vl_id *id,
                                         bool *is_erased);
/* Touches, before the end of a transaction that erases, all records of the circle in which text
 * waits: it may be one that is shown now, though no cell of it was put (an entry that came without
 * its blob was in none). */
VL_MUST_USE vl_result store_touch_waiting(struct store *s, int64_t space);

/* A cell of that record was put in the open transaction; `lookup` is what is to be found of it. */
VL_MUST_USE vl_result store_item_touch(struct store *s, int64_t space,
                                       const struct vl_cell_key *key,
                                       const struct vl_cell_lookup *lookup);
/* Brings the item of the record that was touched last in step, and queues it for the index. */
VL_MUST_USE vl_result store_item_flush(struct store *s);
/* Much is written, or no more. */
void store_room(struct store *s, bool much);
/* The port's record_scan; `space` 0: nothing is there. */
VL_MUST_USE vl_result store_records(struct store *s, int64_t space,
                                    const struct vl_record_scan *scan, vl_record_visit visit,
                                    void *context);

/* Indexes all of the queue in the open transaction, and merges the index's segments into one, so
 * that no word of what is gone is left in it. */
VL_MUST_USE vl_result store_index_purge(struct store *s);

/* store_open over another VFS than SQLite's default; for tests of failing disks. */
VL_MUST_USE vl_result store_open_over(struct store **out, const char *folder,
                                      struct vl_bytes passphrase, const char *base,
                                      uint64_t *wait_ms);
/* A new file from what is left of the database; `s` has its keys and no database. Opens none.
 * Tests use it with keys that they have already. */
VL_MUST_USE vl_result store_rebuild_file(struct store *s, const char *folder, const char *base,
                                         struct store_rebuilt *told);

#endif
