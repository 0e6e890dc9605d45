/* The engine's port for one circle. Scans step a cached statement while the callback looks at its
 * columns; the contract forbids calls from inside a callback, so no statement is in use twice. */
#include "store/port.h"
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
vl_result port_space(struct port *p, bool add, int64_t *space)
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

vl_result port_row_key(int64_t space, uint32_t chain, uint64_t seq, int64_t *k)
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
    VL_TRY(port_space(p, true, &space));
    if (row->tip_seq > ROW_SEQ_MAX || row->first_seq > ROW_SEQ_MAX ||
        row->index >= ROW_CHAINS_MAX || row->tip_lamport > INT64_MAX || row->bytes > INT64_MAX ||
        row->kept > INT64_MAX) {
        return VL_ERR_LIMIT;
    }
    VL_TRY(database_statement(&p->store->db, SQL_LOG_PUT, &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, row->index);
    bind_number(statement, 3, row->parent);
    bind_number(statement, 4, (int64_t)row->first_seq);
    bind_bytes(statement, 5, vl_bytes(row->log.bytes, sizeof row->log.bytes));
    bind_bytes(statement, 6, vl_bytes(row->sign_key, sizeof row->sign_key));
    bind_bytes(statement, 7, vl_bytes(row->person.bytes, sizeof row->person.bytes));
    bind_number(statement, 8, (int64_t)row->tip_seq);
    bind_bytes(statement, 9, vl_bytes(row->tip.bytes, sizeof row->tip.bytes));
    bind_number(statement, 10, (int64_t)row->tip_lamport);
    bind_number(statement, 11, (int64_t)row->bytes);
    bind_number(statement, 12, row->controls);
    bind_number(statement, 13, (int64_t)row->kept);
    bind_number(statement, 14, row->flags);
    return store_run(p->store, statement);
}

static vl_result read_log(sqlite3_stmt *statement, struct vl_log_row *row)
{
    row->index = (uint32_t)sqlite3_column_int64(statement, 0);
    row->parent = (uint32_t)sqlite3_column_int64(statement, 1);
    row->first_seq = (uint64_t)sqlite3_column_int64(statement, 2);
    VL_TRY(column_exact(statement, 3, row->log.bytes, sizeof row->log.bytes));
    VL_TRY(column_exact(statement, 4, row->sign_key, sizeof row->sign_key));
    VL_TRY(column_exact(statement, 5, row->person.bytes, sizeof row->person.bytes));
    row->tip_seq = (uint64_t)sqlite3_column_int64(statement, 6);
    VL_TRY(column_exact(statement, 7, row->tip.bytes, sizeof row->tip.bytes));
    row->tip_lamport = (uint64_t)sqlite3_column_int64(statement, 8);
    row->bytes = (uint64_t)sqlite3_column_int64(statement, 9);
    row->controls = (uint32_t)sqlite3_column_int64(statement, 10);
    row->kept = (uint64_t)sqlite3_column_int64(statement, 11);
    row->flags = (uint32_t)sqlite3_column_int64(statement, 12);
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
    VL_TRY(port_space(p, false, &space));
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

vl_result port_show_entry(void *context, sqlite3_stmt *statement)
{
    const struct entry_scan *scan = context;
    struct vl_entry_row row;
    VL_TRY(read_entry(statement, &row));
    return scan->visit(scan->context, &row);
}

/* What the statement gives of the row that has that id. NOT_FOUND. */
static vl_result number_of(struct store *s, enum database_statement which, int64_t space,
                           const struct vl_id *id, int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, which, &statement));
    bind_number(statement, 1, short_id(id));
    bind_number(statement, 2, space << 52);
    bind_number(statement, 3, ((space + 1) << 52) - 1);
    bind_bytes(statement, 4, vl_bytes(id->bytes, sizeof id->bytes));
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) *number = sqlite3_column_int64(statement, 0);
    database_done(statement);
    return result;
}

/* Which row has that id. NOT_FOUND. */
static vl_result find_entry(struct port *p, int64_t space, const struct vl_id *id, int64_t *k)
{
    return number_of(p->store, SQL_ENTRY_FIND, space, id, k);
}

vl_result store_entry_erased(struct store *s, int64_t space, const struct vl_id *id,
                             bool *is_erased)
{
    int64_t flag = 0;
    vl_result result = number_of(s, SQL_ENTRY_ERASED, space, id, &flag);
    *is_erased = flag != 0;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result port_entry_put(void *self, const struct vl_entry_row *row)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0, other = 0;
    VL_TRY(port_space(p, true, &space));
    VL_TRY(port_row_key(space, row->chain, row->seq, &k));
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
    VL_TRY(store_run(p->store, statement));
    return store_rescued_came(p, row->lamport, &row->id);
}

static vl_result port_entry_flags(void *self, const struct vl_id *id, uint32_t flags)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0;
    VL_TRY(port_space(p, false, &space));
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
    VL_TRY(port_space(p, false, &space));
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

static vl_result port_entry_drop(void *self, uint32_t chain, uint64_t from)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, first = 0, last = 0;
    VL_TRY(port_space(p, true, &space));
    VL_TRY(port_row_key(space, chain, from, &first));
    VL_TRY(port_row_key(space, chain, ROW_SEQ_MAX, &last));
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_DROP, &statement));
    bind_number(statement, 1, first);
    bind_number(statement, 2, last);
    return store_run(p->store, statement);
}

static vl_result port_entry_get(void *self, const struct vl_id *id, vl_entry_visit visit,
                                void *context)
{
    struct port *p = self;
    struct entry_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0;
    VL_TRY(port_space(p, false, &space));
    VL_TRY(find_entry(p, space, id, &k));
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_GET, &statement));
    bind_number(statement, 1, k);
    return database_each(&p->store->db, statement, port_show_entry, &scan);
}

int64_t port_limit(size_t max)
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
    VL_TRY(port_space(p, false, &space));
    if (max == 0 || port_row_key(space, chain, from, &first) != VL_OK)
        return VL_OK; /* none there */
    VL_TRY(port_row_key(space, chain, ROW_SEQ_MAX, &last));
    VL_TRY(database_statement(&p->store->db, SQL_ENTRY_RANGE, &statement));
    bind_number(statement, 1, first);
    bind_number(statement, 2, last);
    bind_number(statement, 3, port_limit(max));
    return database_each(&p->store->db, statement, port_show_entry, &scan);
}

static_assert(VL_ENTRY_CONTROL == 2 && VL_ENTRY_MERGED == 2u && VL_ENTRY_ERASED == 4u &&
                  VL_ENTRY_BARE == 32u && VL_FIELD_REGISTER == 0,
              "as in the schema's indices and the statements");

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
    VL_TRY(port_space(p, false, &space));
    if (scan->after && scan->after_lamport > INT64_MAX) return VL_OK;
    VL_TRY(database_statement(&p->store->db, scan_statement(scan), &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, scan->after ? (int64_t)scan->after_lamport : -1);
    bind_bytes(statement, 3, vl_bytes(scan->after_id.bytes, sizeof scan->after_id.bytes));
    bind_number(statement, 4, scan->kinds == 0 ? -1 : (int64_t)scan->kinds);
    bind_number(statement, 5, scan->flags_mask);
    bind_number(statement, 6, scan->flags_value);
    bind_number(statement, 7, port_limit(scan->max));
    return database_each(&p->store->db, statement, port_show_entry, &shown);
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
        .entry_drop = port_entry_drop,
        .entry_get = port_entry_get,
        .entry_range = port_entry_range,
        .entry_scan = port_entry_scan,
        .cell_get = port_cell_get,
        .cell_put = port_cell_put,
        .cell_scan = port_cell_scan,
        .cell_record = port_cell_record,
        .record_clear = port_record_clear,
        .cells_clear = port_cells_clear,
        .write_put = port_write_put,
        .write_drop = port_write_drop,
        .write_scan = port_write_scan,
        .record_scan = port_record_scan,
        .fork_put = port_fork_put,
        .fork_get = port_fork_get,
    };
}
