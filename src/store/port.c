/* The engine's port for one circle. Scans step a cached statement while the callback looks at its
 * columns; the contract forbids calls from inside a callback, so no statement is in use twice. */
#include "store/store_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMN_K,
    COLUMN_LAMPORT,
    COLUMN_KIND,
    COLUMN_FLAGS,
    COLUMN_ID,
    COLUMN_HEADER,
    COLUMN_SIGNATURE,
    COLUMN_PAST,
    COLUMN_BLOB
};

/* ---- keys of rows ---- */

/* Circles without rows have space 0, and nothing is found there. */
static vl_result space_of(struct port *p, bool add, int64_t *space)
{
    if (p == NULL) return VL_ERR_NO_MEMORY;
    if (add && !p->store->writing) return VL_ERR_STATE;
    if (p->space == 0) {
        vl_result result = store_space(p->store, &p->circle, add, &p->space);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
    }
    *space = p->space;
    return VL_OK;
}

static vl_result row_key(int64_t space, uint32_t chain, uint64_t seq, int64_t *k)
{
    if (chain >= ROW_CHAINS_MAX || seq > ROW_SEQ_MAX) return VL_ERR_LIMIT;
    *k = space << 52 | (int64_t)chain << 32 | (int64_t)seq;
    return VL_OK;
}

/* The first eight bytes of an id: a small index; the whole id is compared as well. */
static int64_t short_id(const struct vl_id *id)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | id->bytes[i];
    return (int64_t)number;
}

/* ---- transactions ---- */

static vl_result port_begin(void *self)
{
    struct port *p = self;
    return p == NULL ? VL_ERR_NO_MEMORY : store_begin(p->store, p);
}

static vl_result port_commit(void *self)
{
    struct port *p = self;
    if (p == NULL || p->store->writer != p) return VL_ERR_STATE;
    VL_TRY(store_commit(p->store));
    watch_tell(p->store, &p->circle);
    return VL_OK;
}

static void port_rollback(void *self)
{
    struct port *p = self;
    if (p != NULL && p->store->writer == p) store_rollback(p->store);
}

/* ---- logs ---- */

static vl_result port_log_put(void *self, const struct vl_log_row *row)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(space_of(p, true, &space));
    if (row->tip_seq > ROW_SEQ_MAX || row->first_seq > ROW_SEQ_MAX ||
        row->index >= ROW_CHAINS_MAX || row->tip_lamport > INT64_MAX) {
        return VL_ERR_LIMIT;
    }
    VL_TRY(database_statement(&p->store->db, SQL_LOG_PUT, &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, row->index);
    bind_number(statement, 3, row->parent);
    bind_number(statement, 4, (int64_t)row->first_seq);
    bind_bytes(statement, 5, vl_bytes(row->log.bytes, sizeof row->log.bytes));
    bind_bytes(statement, 6, vl_bytes(row->sign_key, sizeof row->sign_key));
    bind_number(statement, 7, (int64_t)row->tip_seq);
    bind_bytes(statement, 8, vl_bytes(row->tip.bytes, sizeof row->tip.bytes));
    bind_number(statement, 9, (int64_t)row->tip_lamport);
    bind_number(statement, 10, row->flags);
    return store_run(p->store, statement);
}

static vl_result read_log(sqlite3_stmt *statement, struct vl_log_row *row)
{
    row->index = (uint32_t)sqlite3_column_int64(statement, 0);
    row->parent = (uint32_t)sqlite3_column_int64(statement, 1);
    row->first_seq = (uint64_t)sqlite3_column_int64(statement, 2);
    VL_TRY(column_exact(statement, 3, row->log.bytes, sizeof row->log.bytes));
    VL_TRY(column_exact(statement, 4, row->sign_key, sizeof row->sign_key));
    row->tip_seq = (uint64_t)sqlite3_column_int64(statement, 5);
    VL_TRY(column_exact(statement, 6, row->tip.bytes, sizeof row->tip.bytes));
    row->tip_lamport = (uint64_t)sqlite3_column_int64(statement, 7);
    row->flags = (uint32_t)sqlite3_column_int64(statement, 8);
    return VL_OK;
}

struct log_scan {
    vl_log_visit visit;
    void *context;
};

static vl_result show_log(void *context, sqlite3_stmt *statement)
{
    const struct log_scan *scan = context;
    struct vl_log_row row;
    VL_TRY(read_log(statement, &row));
    return scan->visit(scan->context, &row);
}

static vl_result port_log_scan(void *self, vl_log_visit visit, void *context)
{
    struct port *p = self;
    struct log_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(space_of(p, false, &space));
    VL_TRY(database_statement(&p->store->db, SQL_LOG_SCAN, &statement));
    bind_number(statement, 1, space);
    return database_each(&p->store->db, statement, show_log, &scan);
}

/* ---- forks: a note of the circle for each ---- */

#define FORK_NAME_SIZE (sizeof "fork " + VL_ID_TEXT_SIZE)

static void fork_name(const struct vl_id *log, char name[static FORK_NAME_SIZE])
{
    memcpy(name, "fork ", 5);
    vl_id_text(log, name + 5);
}

static vl_result port_fork_put(void *self, const struct vl_id *log, struct vl_bytes proof)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    char name[FORK_NAME_SIZE];
    if (p == NULL) return VL_ERR_NO_MEMORY;
    fork_name(log, name);
    VL_TRY(database_statement(&p->store->db, SQL_NOTE_PUT, &statement));
    bind_bytes(statement, 1, vl_bytes(p->circle.bytes, sizeof p->circle.bytes));
    bind_text(statement, 2, name);
    bind_bytes(statement, 3, proof);
    return store_run(p->store, statement);
}

static vl_result port_fork_get(void *self, const struct vl_id *log, struct vl_buffer *proof)
{
    struct port *p = self;
    char name[FORK_NAME_SIZE];
    if (p == NULL) return VL_ERR_NO_MEMORY;
    fork_name(log, name);
    return store_note_get(p->store, &p->circle, name, proof);
}

/* ---- entries ---- */

struct entry_scan {
    vl_entry_visit visit;
    void *context;
};

static vl_result read_entry(sqlite3_stmt *statement, struct vl_entry_row *row)
{
    int64_t k = sqlite3_column_int64(statement, COLUMN_K);
    row->chain = (uint32_t)((k >> 32) & (ROW_CHAINS_MAX - 1));
    row->seq = (uint64_t)(k & (int64_t)ROW_SEQ_MAX);
    row->lamport = (uint64_t)sqlite3_column_int64(statement, COLUMN_LAMPORT);
    row->kind = (enum vl_entry_kind)sqlite3_column_int(statement, COLUMN_KIND);
    row->flags = (uint32_t)sqlite3_column_int64(statement, COLUMN_FLAGS);
    VL_TRY(column_exact(statement, COLUMN_ID, row->id.bytes, sizeof row->id.bytes));
    VL_TRY(column_exact(statement, COLUMN_SIGNATURE, row->entry.signature,
                        sizeof row->entry.signature));
    row->entry.header = column_bytes(statement, COLUMN_HEADER);
    row->past = column_bytes(statement, COLUMN_PAST);
    row->entry.blob = column_bytes(statement, COLUMN_BLOB);
    return VL_OK;
}

static vl_result show_entry(void *context, sqlite3_stmt *statement)
{
    const struct entry_scan *scan = context;
    struct vl_entry_row row;
    VL_TRY(read_entry(statement, &row));
    return scan->visit(scan->context, &row);
}

/* Which row has that id. NOT_FOUND. */
static vl_result find_entry(struct port *p, int64_t space, const struct vl_id *id, int64_t *k)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_FIND, &statement));
    bind_number(statement, 1, short_id(id));
    bind_number(statement, 2, space << 52);
    bind_number(statement, 3, ((space + 1) << 52) - 1);
    bind_bytes(statement, 4, vl_bytes(id->bytes, sizeof id->bytes));
    vl_result result = database_step(&p->store->db, statement);
    if (result == VL_OK) *k = sqlite3_column_int64(statement, 0);
    database_done(statement);
    return result;
}

static vl_result port_entry_put(void *self, const struct vl_entry_row *row)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0, other = 0;
    VL_TRY(space_of(p, true, &space));
    VL_TRY(row_key(space, row->chain, row->seq, &k));
    if (row->lamport > INT64_MAX) return VL_ERR_LIMIT;
    vl_result found = find_entry(p, space, &row->id, &other);
    if (found != VL_ERR_NOT_FOUND) return found == VL_OK ? VL_ERR_EXISTS : found;
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_PUT, &statement));
    bind_number(statement, 1, k);
    bind_number(statement, 2, space);
    bind_number(statement, 3, short_id(&row->id));
    bind_number(statement, 4, (int64_t)row->lamport);
    bind_number(statement, 5, (int64_t)row->kind);
    bind_number(statement, 6, row->flags);
    bind_bytes(statement, 7, vl_bytes(row->id.bytes, sizeof row->id.bytes));
    bind_bytes(statement, 8, row->entry.header);
    bind_bytes(statement, 9, vl_bytes(row->entry.signature, sizeof row->entry.signature));
    bind_bytes(statement, 10, row->past);
    bind_bytes(statement, 11, row->entry.blob);
    if (row->kind == VL_ENTRY_CONTROL) p->store->change.membership = true;
    return store_run(p->store, statement);
}

static vl_result port_entry_flags(void *self, const struct vl_id *id, uint32_t flags)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0;
    VL_TRY(space_of(p, false, &space));
    if (!p->store->writing) return VL_ERR_STATE;
    VL_TRY(find_entry(p, space, id, &k));
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_FLAGS, &statement));
    bind_number(statement, 1, k);
    bind_number(statement, 2, flags);
    return store_run(p->store, statement);
}

static vl_result change_blob(struct port *p, enum database_statement which, const struct vl_id *id,
                             uint32_t flags, struct vl_bytes blob)
{
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0;
    VL_TRY(space_of(p, false, &space));
    if (!p->store->writing) return VL_ERR_STATE;
    VL_TRY(find_entry(p, space, id, &k));
    VL_TRY(database_statement(&p->store->db, which, &statement));
    bind_number(statement, 1, k);
    bind_number(statement, 2, flags);
    if (which == SQL_ENTRY_FILL) bind_bytes(statement, 3, blob);
    return store_run(p->store, statement);
}

/* The transaction then ends with the index in step and the log written back: see store_commit. */
static vl_result port_entry_erase(void *self, const struct vl_id *id, uint32_t flags)
{
    struct port *p = self;
    VL_TRY(change_blob(p, SQL_ENTRY_ERASE, id, flags, vl_bytes(NULL, 0)));
    p->store->erasing = true;
    return VL_OK;
}

static vl_result port_entry_fill(void *self, const struct vl_id *id, struct vl_bytes blob,
                                 uint32_t flags)
{
    return change_blob(self, SQL_ENTRY_FILL, id, flags, blob);
}

static vl_result port_entry_get(void *self, const struct vl_id *id, vl_entry_visit visit,
                                void *context)
{
    struct port *p = self;
    struct entry_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0;
    VL_TRY(space_of(p, false, &space));
    VL_TRY(find_entry(p, space, id, &k));
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_GET, &statement));
    bind_number(statement, 1, k);
    return database_each(&p->store->db, statement, show_entry, &scan);
}

static int64_t limit_of(size_t max)
{
    return max == 0 || max > INT32_MAX ? -1 : (int64_t)max;
}

static vl_result port_entry_range(void *self, uint32_t chain, uint64_t from, size_t max,
                                  vl_entry_visit visit, void *context)
{
    struct port *p = self;
    struct entry_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, first = 0, last = 0;
    VL_TRY(space_of(p, false, &space));
    if (max == 0 || row_key(space, chain, from, &first) != VL_OK) return VL_OK; /* none there */
    VL_TRY(row_key(space, chain, ROW_SEQ_MAX, &last));
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_RANGE, &statement));
    bind_number(statement, 1, first);
    bind_number(statement, 2, last);
    bind_number(statement, 3, limit_of(max));
    return database_each(&p->store->db, statement, show_entry, &scan);
}

/* Control entries, and entries that wait to be merged, have an index of their own. */
static enum database_statement scan_statement(const struct vl_scan *scan)
{
    const unsigned control = 1u << VL_ENTRY_CONTROL;
    if ((scan->flags_mask & scan->flags_value & VL_ENTRY_BARE) != 0) return SQL_ENTRY_SCAN_BARE;
    if (scan->kinds == control) return SQL_ENTRY_SCAN_CONTROL;
    bool unmerged =
        (scan->flags_mask & VL_ENTRY_MERGED) != 0 && (scan->flags_value & VL_ENTRY_MERGED) == 0;
    bool content = scan->kinds != 0 && (scan->kinds & control) == 0;
    return unmerged && content ? SQL_ENTRY_SCAN_UNMERGED : SQL_ENTRY_SCAN;
}

static vl_result port_entry_scan(void *self, const struct vl_scan *scan, vl_entry_visit visit,
                                 void *context)
{
    struct port *p = self;
    struct entry_scan shown = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(space_of(p, false, &space));
    if (scan->after && scan->after_lamport > INT64_MAX) return VL_OK;
    VL_TRY(database_statement(&p->store->db, scan_statement(scan), &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, scan->after ? (int64_t)scan->after_lamport : -1);
    bind_bytes(statement, 3, vl_bytes(scan->after_id.bytes, sizeof scan->after_id.bytes));
    bind_number(statement, 4, scan->kinds == 0 ? -1 : (int64_t)scan->kinds);
    bind_number(statement, 5, scan->flags_mask);
    bind_number(statement, 6, scan->flags_value);
    bind_number(statement, 7, limit_of(scan->max));
    return database_each(&p->store->db, statement, show_entry, &shown);
}

/* ---- cells ---- */

static_assert(VL_ENTRY_CONTROL == 2 && VL_ENTRY_MERGED == 2u && VL_ENTRY_BARE == 32u,
              "as in the schema's indices");

static void bind_cell(sqlite3_stmt *statement, int64_t space, const struct vl_cell_key *key)
{
    bind_number(statement, 1, space);
    bind_number(statement, 2, key->type);
    bind_bytes(statement, 3, vl_bytes(key->record.bytes, sizeof key->record.bytes));
    bind_number(statement, 4, key->field);
    bind_number(statement, 5, (int64_t)key->kind);
}

static vl_result port_cell_get(void *self, const struct vl_cell_key *key, struct vl_buffer *out)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    vl_buffer_clear(out);
    VL_TRY(space_of(p, false, &space));
    VL_TRY(database_statement(&p->store->db, SQL_CELL_GET, &statement));
    bind_cell(statement, space, key);
    vl_result result = database_step(&p->store->db, statement);
    if (result == VL_OK) {
        struct vl_bytes state = column_bytes(statement, 0);
        result = vl_buffer_append(out, state.data, state.size);
    }
    database_done(statement);
    return result;
}

/* Into the queue of the search index, once for many fields of one record in a row. */
static vl_result queue_record(struct port *p, int64_t space, const struct vl_cell_key *key)
{
    struct store *s = p->store;
    sqlite3_stmt *statement = NULL;
    if (s->queued_space == space && s->queued_type == key->type &&
        memcmp(s->queued, key->record.bytes, sizeof s->queued) == 0) {
        return VL_OK;
    }
    VL_TRY(store_item_flush(s));
    VL_TRY(database_statement(&s->db, SQL_QUEUE_PUT, &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, key->type);
    bind_bytes(statement, 3, vl_bytes(key->record.bytes, sizeof key->record.bytes));
    VL_TRY(store_run(s, statement));
    watch_record(s, key->type, &key->record);
    s->queued_space = space;
    s->queued_type = key->type;
    memcpy(s->queued, key->record.bytes, sizeof s->queued);
    return VL_OK;
}

static vl_result port_cell_put(void *self, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct port *p = self;
    struct vl_cell_lookup lookup;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(space_of(p, true, &space));
    VL_TRY(database_statement(&p->store->db, SQL_CELL_PUT, &statement));
    /* A state that cannot be read is kept, and not found by what is in it. */
    bool is_known = vl_cell_look_up(key->kind, state, &lookup) == VL_OK && !lookup.is_empty &&
                    lookup.lowest <= INT64_MAX;
    bind_cell(statement, space, key);
    if (is_known) bind_number(statement, 6, (int64_t)lookup.lowest);
    if (lookup.key_size > 0) bind_bytes(statement, 7, vl_bytes(lookup.key, lookup.key_size));
    bind_bytes(statement, 8, state.data != NULL ? state : vl_bytes("", 0));
    VL_TRY(store_run(p->store, statement));
    return queue_record(p, space, key);
}

struct cell_scan {
    vl_cell_visit visit;
    void *context;
};

static vl_result show_cell(void *context, sqlite3_stmt *statement)
{
    const struct cell_scan *scan = context;
    struct vl_cell_key key;
    key.type = (uint32_t)sqlite3_column_int64(statement, 0);
    VL_TRY(column_exact(statement, 1, key.record.bytes, sizeof key.record.bytes));
    key.field = (uint32_t)sqlite3_column_int64(statement, 2);
    key.kind = (enum vl_field_kind)sqlite3_column_int(statement, 3);
    return scan->visit(scan->context, &key, column_bytes(statement, 4));
}

static vl_result port_cell_scan(void *self, bool type_filter, uint32_t type, vl_cell_visit visit,
                                void *context)
{
    struct port *p = self;
    struct cell_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(space_of(p, false, &space));
    VL_TRY(database_statement(&p->store->db, type_filter ? SQL_CELL_SCAN_TYPE : SQL_CELL_SCAN,
                              &statement));
    bind_number(statement, 1, space);
    if (type_filter) bind_number(statement, 2, type);
    return database_each(&p->store->db, statement, show_cell, &scan);
}

vl_result store_cells_of(struct store *s, int64_t space, uint32_t type,
                         const struct vl_record_id *record, vl_cell_visit visit, void *context)
{
    struct cell_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_CELL_RECORD, &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, type);
    bind_bytes(statement, 3, vl_bytes(record->bytes, sizeof record->bytes));
    return database_each(&s->db, statement, show_cell, &scan);
}

static vl_result port_cell_record(void *self, uint32_t type, const struct vl_record_id *record,
                                  vl_cell_visit visit, void *context)
{
    struct port *p = self;
    int64_t space = 0;
    VL_TRY(space_of(p, false, &space));
    return store_cells_of(p->store, space, type, record, visit, context);
}

/* Every record that had a cell is indexed anew, so that what is not merged again is forgotten. */
static vl_result port_cells_clear(void *self)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(space_of(p, true, &space));
    p->store->change.many = true;
    VL_TRY(database_statement(&p->store->db, SQL_CELLS_QUEUE, &statement));
    bind_number(statement, 1, space);
    VL_TRY(store_run(p->store, statement));
    VL_TRY(database_statement(&p->store->db, SQL_ITEMS_FORGET, &statement));
    bind_number(statement, 1, space);
    VL_TRY(store_run(p->store, statement));
    p->store->queued_space = 0;
    VL_TRY(database_statement(&p->store->db, SQL_CELLS_CLEAR, &statement));
    bind_number(statement, 1, space);
    return store_run(p->store, statement);
}

static vl_result port_record_scan(void *self, const struct vl_record_scan *scan,
                                  vl_record_visit visit, void *context)
{
    struct port *p = self;
    int64_t space = 0;
    VL_TRY(space_of(p, false, &space));
    return store_records(p->store, space, scan, visit, context);
}

/* ---- the port ---- */

static struct port *port_for(struct store *s, const struct vl_id *circle)
{
    for (struct port *p = s->ports; p != NULL; p = p->next) {
        if (vl_id_equal(&p->circle, circle)) return p;
    }
    struct port *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL; /* then every call says NO_MEMORY */
    p->store = s;
    p->circle = *circle;
    p->next = s->ports;
    s->ports = p;
    return p;
}

void store_storage(struct store *s, const struct vl_id *circle, struct vl_storage *out)
{
    *out = (struct vl_storage){
        .self = port_for(s, circle),
        .begin = port_begin,
        .commit = port_commit,
        .rollback = port_rollback,
        .log_put = port_log_put,
        .log_scan = port_log_scan,
        .entry_put = port_entry_put,
        .entry_flags = port_entry_flags,
        .entry_erase = port_entry_erase,
        .entry_fill = port_entry_fill,
        .entry_get = port_entry_get,
        .entry_range = port_entry_range,
        .entry_scan = port_entry_scan,
        .cell_get = port_cell_get,
        .cell_put = port_cell_put,
        .cell_scan = port_cell_scan,
        .cell_record = port_cell_record,
        .cells_clear = port_cells_clear,
        .record_scan = port_record_scan,
        .fork_put = port_fork_put,
        .fork_get = port_fork_get,
    };
}
