/* What the files of the store share. Nothing outside src/store includes this, but tests.
 *
 *   folder.c    files and the lock               tries.c    wrong passphrases
 *   vault.c     key slots                        marker.c   copied or restored?
 *   pages.c     sealed pages, under SQLite       database.c the connection
 *   store.c     making, opening, transactions    port.c     the engine's port for one circle
 *   watch.c     what changed                     records.c  lists of records
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
    struct port *next;
};

struct store {
    struct vault_keys *keys;
    struct pages *pages;
    struct database db;
    int folder, lock;
    struct port *ports;
    const struct port *writer; /* whose transaction is open; NULL: none, or the store's own */
    bool writing;
    vl_result broken; /* a write of this transaction failed: it can only be rolled back */
    bool erasing;     /* this transaction takes blobs away for ever */
    bool erased;      /* a committed one did, and the log was not written back yet */
    bool is_copy;
    /* The record that went into the queue last in this transaction; its item is not made yet. */
    uint8_t queued[16];
    uint32_t queued_type;
    int64_t queued_space; /* 0: none */
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

/* ---- watch.c: of the open transaction, then of the one that was committed ---- */
void watch_begin(struct store *s);
void watch_record(struct store *s, uint32_t type, const struct vl_record_id *record);
void watch_tell(struct store *s, const struct vl_id *circle);

/* All cells of one record by the number of its circle. */
VL_MUST_USE vl_result store_cells_of(struct store *s, int64_t space, uint32_t type,
                                     const struct vl_record_id *record, vl_cell_visit visit,
                                     void *context);

/* Makes the item of the record that was queued last, in the open transaction. */
VL_MUST_USE vl_result store_item_flush(struct store *s);
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

#endif
