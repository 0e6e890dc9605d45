/* What the engine asks of its embedder: keep rows, give them back, commit them durably.
 * Two implementations: src/store (SQLite in sealed pages) and tests/support (memory, with the
 * faults of the simulator).
 *
 * One vl_storage serves one circle. Calls come from one thread, never from inside a callback.
 * begin/commit never nest. When commit returns VL_OK everything since begin survives a power cut;
 * when it fails nothing of it is kept (the implementation rolls back by itself). Reads inside a
 * transaction see its writes. Views given to callbacks die when the callback returns. A callback
 * that returns anything but VL_OK ends the scan, which returns that. STORAGE, FULL, DAMAGED. */
#ifndef VEILLEE_STORAGE_H
#define VEILLEE_STORAGE_H

#include <veillee/cell.h>
#include <veillee/entry.h>

/* One chain: a log, or one branch of a log that was forked. `index` is local to this replica,
 * dense from 0, and never leaves it. */
struct vl_log_row {
    uint32_t index;
    uint32_t parent;    /* chain that it branches from; itself when it does not */
    uint64_t first_seq; /* 0, or the first number of the branch */
    struct vl_id log;
    uint8_t sign_key[32];
    struct vl_id person; /* whose log it is, by the past of its entry 0 */
    uint64_t tip_seq;
    struct vl_id tip;
    uint64_t tip_lamport;
    /* Of the log up to the tip, what lies before the branch included: */
    uint64_t bytes;    /* of headers, signatures and whole blobs, those that are gone as well */
    uint32_t controls; /* control entries */
    /* Of a closed log: entries below this number stay, though nobody cites them; they show that the
     * log was forked, or its person crowded. */
    uint64_t kept;
    uint32_t flags; /* VL_LOG_* */
};
#define VL_LOG_OWN    1u /* the incarnation this device writes */
#define VL_LOG_FORKED 2u /* of a log of which two branches are known */
#define VL_LOG_CROWDED                                                                             \
    4u                   /* of a person of whom more than VL_PERSON_CHAINS_MAX chains are known    \
                          */
#define VL_LOG_FIRST 8u  /* of a forked log: what was here before it was closed */
#define VL_LOG_EMPTY 16u /* its entries were dropped: the index is free */

struct vl_entry_row {
    struct vl_id id;
    uint32_t chain;
    uint64_t seq, lamport;
    enum vl_entry_kind kind;
    uint32_t flags;        /* VL_ENTRY_* */
    struct vl_entry entry; /* header, signature, blob */
    struct vl_bytes past;  /* the replica's own notes on its past; opaque to the storage */
};
#define VL_ENTRY_VERIFIED 1u /* its own signature was checked (else a later one of its log was) */
#define VL_ENTRY_MERGED   2u /* its operations are in the cells */
#define VL_ENTRY_ERASED   4u /* its blob is gone for ever, by a tombstone */
#define VL_ENTRY_REFUSED                                                                           \
    8u /* authentic, but its body cannot be read: kept, sent on, not merged                        \
        */
#define VL_ENTRY_QUARANTINED                                                                       \
    16u /* content that does not count now (R10): kept, sent on, shown apart, not in the cells */
#define VL_ENTRY_BARE                                                                              \
    32u /* came without its blob, and no tombstone is known that allows it: asked for again */

/* Added to the type of a cell that is merged from sealed entries: what stands in such cells differs
 * from device to device, so they are apart from all others and not in the state digest. */
#define VL_TYPE_SEALED 0x10000u

struct vl_cell_key {
    uint32_t type; /* record type, with VL_TYPE_SEALED added or not */
    struct vl_record_id record;
    uint32_t field;
    enum vl_field_kind kind;
};
int vl_cell_key_compare(const struct vl_cell_key *a, const struct vl_cell_key *b);

/* An entry of which operations are in the cells of a record. */
struct vl_write {
    uint32_t type; /* with VL_TYPE_SEALED added or not */
    struct vl_record_id record;
    uint32_t chain;
    uint64_t seq;
};

struct vl_scan {    /* which entries, always in the order (lamport, id) */
    unsigned kinds; /* bit 1 << kind; 0 = all */
    uint32_t flags_mask, flags_value;
    bool after; /* only those after (after_lamport, after_id) */
    uint64_t after_lamport;
    struct vl_id after_id;
    size_t max; /* 0 = all */
};

/* Records, as the storage finds them by what vl_cell_look_up says of their cells. One of which all
 * cells are empty is not among them. */
enum vl_record_order {
    VL_RECORDS_BY_AGE,  /* lowest of their cells, then id */
    VL_RECORDS_BY_DATE, /* the date that the register `date_field` is, without one first, then id */
    VL_RECORDS_BY_ID
};
struct vl_record_row {
    struct vl_record_id record;
    uint64_t lowest;
    char date[VL_DATE_SIZE]; /* BY_DATE */
};
struct vl_record_scan {
    uint32_t type; /* with VL_TYPE_SEALED added or not */
    enum vl_record_order order;
    uint32_t date_field; /* BY_DATE */
    bool backward;
    bool after; /* only those after this place, in the direction that is gone */
    struct vl_record_row place;
    bool has_names; /* only those whose register `names_field` names that record */
    uint32_t names_field;
    struct vl_record_id names;
    size_t max; /* 0 = all */
};

typedef vl_result (*vl_record_visit)(void *context, const struct vl_record_row *row);
typedef vl_result (*vl_entry_visit)(void *context, const struct vl_entry_row *row);
typedef vl_result (*vl_log_visit)(void *context, const struct vl_log_row *row);
typedef vl_result (*vl_cell_visit)(void *context, const struct vl_cell_key *key,
                                   struct vl_bytes state);

struct vl_storage {
    void *self;
    vl_result (*begin)(void *self);
    vl_result (*commit)(void *self);
    void (*rollback)(void *self);

    vl_result (*log_put)(void *self, const struct vl_log_row *row);       /* inserts or replaces */
    vl_result (*log_scan)(void *self, vl_log_visit visit, void *context); /* by index */

    vl_result (*entry_put)(void *self, const struct vl_entry_row *row); /* EXISTS: same id */
    vl_result (*entry_flags)(void *self, const struct vl_id *id, uint32_t flags);
    /* Takes the blob away for ever. Once the commit has returned no copy of it is left in the
     * storage, nor of what cells and their derived copies (search) no longer hold since this
     * transaction: not in free pages, nor in a log. NOT_FOUND. */
    vl_result (*entry_erase)(void *self, const struct vl_id *id, uint32_t flags);
    /* Gives an entry that has none its blob. NOT_FOUND. */
    vl_result (*entry_fill)(void *self, const struct vl_id *id, struct vl_bytes blob,
                            uint32_t flags);
    /* Takes the entries of a chain from a number on out again. No operation of them is in the
     * cells. */
    vl_result (*entry_drop)(void *self, uint32_t chain, uint64_t from);
    vl_result (*entry_get)(void *self, const struct vl_id *id, vl_entry_visit visit,
                           void *context); /* NOT_FOUND */
    /* Entries of one chain with from <= seq, ascending, at most max. */
    vl_result (*entry_range)(void *self, uint32_t chain, uint64_t from, size_t max,
                             vl_entry_visit visit, void *context);
    vl_result (*entry_scan)(void *self, const struct vl_scan *scan, vl_entry_visit visit,
                            void *context);

    vl_result (*cell_get)(void *self, const struct vl_cell_key *key, struct vl_buffer *out);
    vl_result (*cell_put)(void *self, const struct vl_cell_key *key, struct vl_bytes state);
    /* All cells (type_filter false) or those of one type, in vl_cell_key_compare order. */
    vl_result (*cell_scan)(void *self, bool type_filter, uint32_t type, vl_cell_visit visit,
                           void *context);
    /* All cells of one record, in order. */
    vl_result (*cell_record)(void *self, uint32_t type, const struct vl_record_id *record,
                             vl_cell_visit visit, void *context);
    /* Before a new merge of one record: its cells go. Or of everything: all cells and writes go. */
    vl_result (*record_clear)(void *self, uint32_t type, const struct vl_record_id *record);
    vl_result (*cells_clear)(void *self);
    /* Writes are kept so that a record can be merged anew from its entries alone. Put before or
     * after the entry itself; once more is nothing. A write that is dropped leaves no trace, as
     * entry_erase. Scan: the entries that wrote to the record of `from`, from its (chain, seq) on,
     * in this order, at most max (0: all); entries that wrote to others may be among them. */
    vl_result (*write_put)(void *self, const struct vl_write *write);
    vl_result (*write_drop)(void *self, const struct vl_write *write);
    vl_result (*write_scan)(void *self, const struct vl_write *from, size_t max,
                            vl_entry_visit visit, void *context);
    vl_result (*record_scan)(void *self, const struct vl_record_scan *scan, vl_record_visit visit,
                             void *context);

    /* The proof that a log was forked; put once for a log. fork_get: replaces; NOT_FOUND. */
    vl_result (*fork_put)(void *self, const struct vl_id *log, struct vl_bytes proof);
    vl_result (*fork_get)(void *self, const struct vl_id *log, struct vl_buffer *proof);
};

/* cell_get: NOT_FOUND leaves *out empty. */

/* Cells as they are shown (vl_cell_show), from wherever they are stored. `scan` gives the same
 * cells each time, in vl_cell_key_compare order, and is called again when something waits in one of
 * them; `is_erased` says whether the entry is here and has VL_ENTRY_ERASED, and is not called from
 * inside a scan. What they return is returned. */
struct vl_shown_cells {
    void *self;
    vl_result (*scan)(void *self, vl_cell_visit visit, void *context);
    vl_result (*is_erased)(void *self, const struct vl_id *entry, bool *is_erased);
};
VL_MUST_USE vl_result vl_cells_show(const struct vl_shown_cells *cells, vl_cell_visit visit,
                                    void *context);

#endif
