/* The rows of a memory storage, for the files memory_*.c alone. */
#ifndef TESTS_SUPPORT_MEMORY_ROWS_H
#define TESTS_SUPPORT_MEMORY_ROWS_H

#include "tests/support/memory_storage.h"

struct cell_row {
    struct vl_cell_key key;
    uint8_t *data;
    size_t size;
    bool alive;
};

struct chain_rows {
    struct vl_entry_row **items; /* by number from the chain's first */
    size_t count, capacity;
};

enum undo_kind {
    UNDO_FORK,
    UNDO_LOG_NEW,
    UNDO_LOG,
    UNDO_ENTRY,
    UNDO_DROP,
    UNDO_FLAGS,
    UNDO_BLOB,
    UNDO_CELL,
    UNDO_WRITE_PUT,
    UNDO_WRITE_DROP
};

struct undo {
    enum undo_kind kind;
    struct vl_log_row log;
    struct vl_entry_row *entry;
    struct vl_entry_row *before; /* BLOB: what `entry` stands in place of; DROP: what was there */
    uint32_t flags;
    size_t cell;         /* index */
    struct cell_row was; /* owns data */
    struct vl_write write;
};

struct written { /* a record, and who wrote to it */
    uint32_t type;
    struct vl_record_id record;
    struct vl_write *items; /* by (chain, seq) */
    size_t count, capacity;
};

struct fork_row {
    struct vl_id log;
    uint8_t *data;
    size_t size;
};

struct memory_storage {
    struct fork_row *forks;
    size_t fork_count, fork_capacity;
    struct vl_log_row *logs;
    size_t log_count, log_capacity;
    struct chain_rows *chains; /* as many as logs may need */
    size_t chain_count;
    struct vl_entry_row **order; /* by (lamport, id) */
    size_t entry_count, order_capacity;
    struct vl_entry_row **by_id; /* open addressing, a power of two */
    size_t by_id_slots;
    struct cell_row *cells; /* in order of making; dead ones stay */
    size_t cell_count, cell_capacity;
    size_t *by_key; /* index + 1 */
    size_t by_key_slots;
    size_t *sorted; /* indices, when sorted_valid */
    size_t sorted_capacity;
    bool sorted_valid;

    struct written *written;
    size_t written_count, written_capacity;
    size_t *by_record; /* index + 1 */
    size_t by_record_slots;

    bool writing, scanning;
    struct undo *undos;
    size_t undo_count, undo_capacity;

    uint64_t calls, commits, fail_at;
    vl_result fail_result;
    bool fail_lasting, fail_after_commit, failed;
};

/* ---- memory_storage.c ---- */

void memory_undo(struct memory_storage *m, const struct undo *undo);
void memory_fork_keep(struct memory_storage *m, const struct vl_id *log, struct vl_bytes proof);

/* ---- memory_rows.c ---- */

void *memory_need(void *memory); /* aborts on NULL */
void memory_grow(void **items, size_t size, size_t count, size_t *capacity);
int order_compare(const struct vl_entry_row *row, uint64_t lamport, const struct vl_id *id);
/* The first place in `order` whose row is not before (lamport, id). */
size_t order_place(const struct memory_storage *m, uint64_t lamport, const struct vl_id *id);
void id_table_build(struct memory_storage *m, size_t slots);
struct vl_entry_row *entry_find(const struct memory_storage *m, const struct vl_id *id);
struct vl_entry_row *entry_copy(const struct vl_entry_row *row);
/* `row` takes the place of `before`, which has the same id. */
void entry_replace(struct memory_storage *m, struct vl_entry_row *before, struct vl_entry_row *row);
void entry_wipe(struct vl_entry_row *row); /* frees, nothing of it is left */
void entry_insert(struct memory_storage *m, struct vl_entry_row *row);
/* The newest of its chain, not freed; the table by id has to be built anew after. */
void entry_remove_last(struct memory_storage *m, struct vl_entry_row *row);
/* Index + 1; 0 when there is none and none is to be made. May move the cells. */
size_t cell_index(struct memory_storage *m, const struct vl_cell_key *key, bool make);
void cells_sort(struct memory_storage *m);

/* ---- memory_writes.c ---- */

/* Whether anything changed. */
bool write_add(struct memory_storage *m, const struct vl_write *write);
bool write_remove(struct memory_storage *m, const struct vl_write *write);
/* The writes to a record from (chain, seq) on; NULL, 0: none. */
const struct vl_write *writes_from(struct memory_storage *m, const struct vl_write *from,
                                   size_t *count);
void writes_copy(struct memory_storage *to, const struct memory_storage *from);
void writes_forget(struct memory_storage *m);

/* ---- memory_records.c ---- */

/* record_scan, by looking through all cells. */
VL_MUST_USE vl_result memory_records(struct memory_storage *m, const struct vl_record_scan *scan,
                                     vl_record_visit visit, void *context);

#endif
