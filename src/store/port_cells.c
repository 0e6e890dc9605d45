/* The port's cells, lists of records, and which entries wrote to them. */
#include "store/port.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void bind_cell(sqlite3_stmt *statement, int64_t space, const struct vl_cell_key *key)
{
    bind_number(statement, 1, space);
    bind_number(statement, 2, key->type);
    bind_bytes(statement, 3, vl_bytes(key->record.bytes, sizeof key->record.bytes));
    bind_number(statement, 4, key->field);
    bind_number(statement, 5, (int64_t)key->kind);
}

vl_result port_cell_get(void *self, const struct vl_cell_key *key, struct vl_buffer *out)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    vl_buffer_clear(out);
    VL_TRY(port_space(p, false, &space));
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

vl_result port_cell_put(void *self, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct port *p = self;
    struct vl_cell_lookup lookup;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(port_space(p, true, &space));
    VL_TRY(database_statement(&p->store->db, SQL_CELL_PUT, &statement));
    /* A state that cannot be read is kept, and not found by what is in it. */
    if (vl_cell_look_up(key->kind, state, &lookup) != VL_OK || lookup.lowest > INT64_MAX)
        lookup = (struct vl_cell_lookup){.is_empty = true};
    bind_cell(statement, space, key);
    if (!lookup.is_empty) bind_number(statement, 6, (int64_t)lookup.lowest);
    if (lookup.has_names)
        bind_bytes(statement, 7, vl_bytes(lookup.names.bytes, sizeof lookup.names.bytes));
    if (lookup.date[0] != '\0') bind_text(statement, 8, lookup.date);
    bind_bytes(statement, 9, state.data != NULL ? state : vl_bytes("", 0));
    VL_TRY(store_run(p->store, statement));
    return store_item_touch(p->store, space, key, &lookup);
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

vl_result port_cell_scan(void *self, bool type_filter, uint32_t type, vl_cell_visit visit,
                         void *context)
{
    struct port *p = self;
    struct cell_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(port_space(p, false, &space));
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

vl_result port_cell_record(void *self, uint32_t type, const struct vl_record_id *record,
                           vl_cell_visit visit, void *context)
{
    struct port *p = self;
    int64_t space = 0;
    VL_TRY(port_space(p, false, &space));
    return store_cells_of(p->store, space, type, record, visit, context);
}

/* ---- text that waits for what is erased ---- */

struct waiting_records {
    struct vl_cell_key *keys;
    size_t count, capacity;
};

static vl_result is_one_missing(void *context, const struct vl_id *entry)
{
    (void)context;
    (void)entry;
    return VL_ERR_EXISTS;
}

static vl_result note_waiting(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct waiting_records *w = context;
    if (vl_cell_missing(key->kind, state, is_one_missing, NULL) != VL_ERR_EXISTS) return VL_OK;
    if (w->count == w->capacity) {
        size_t capacity = w->capacity == 0 ? 16 : 2 * w->capacity;
        struct vl_cell_key *keys = reallocarray(w->keys, capacity, sizeof *keys);
        if (keys == NULL) return VL_ERR_NO_MEMORY;
        w->keys = keys;
        w->capacity = capacity;
    }
    w->keys[w->count++] = *key;
    return VL_OK;
}

vl_result store_touch_waiting(struct store *s, int64_t space)
{
    const struct vl_cell_lookup nothing = {.is_empty = true};
    struct waiting_records waiting = {0};
    struct cell_scan scan = {note_waiting, &waiting};
    sqlite3_stmt *statement = NULL;
    vl_result result = database_statement(&s->db, SQL_CELL_SCAN, &statement);
    if (result == VL_OK) {
        bind_number(statement, 1, space);
        result = database_each(&s->db, statement, show_cell, &scan);
    }
    for (size_t i = 0; i < waiting.count && result == VL_OK; i++)
        result = store_item_touch(s, space, &waiting.keys[i], &nothing);
    if (result == VL_OK) result = store_item_flush(s);
    free(waiting.keys);
    return result;
}

/* Its item is made anew and queued, whether cells are put again or not. */
vl_result port_record_clear(void *self, uint32_t type, const struct vl_record_id *record)
{
    const struct vl_cell_key key = {.type = type, .record = *record};
    const struct vl_cell_lookup nothing = {.is_empty = true};
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(port_space(p, true, &space));
    VL_TRY(database_statement(&p->store->db, SQL_RECORD_CLEAR, &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, type);
    bind_bytes(statement, 3, vl_bytes(record->bytes, sizeof record->bytes));
    VL_TRY(store_run(p->store, statement));
    return store_item_touch(p->store, space, &key, &nothing);
}

/* Every record that had a cell is indexed anew, so that what is not merged again is forgotten. */
vl_result port_cells_clear(void *self)
{
    struct port *p = self;
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(port_space(p, true, &space));
    p->store->change.many = true;
    VL_TRY(store_item_flush(p->store));
    p->store->current.space = 0;
    VL_TRY(database_statement(&p->store->db, SQL_ITEMS_QUEUE, &statement));
    bind_number(statement, 1, space);
    VL_TRY(store_run(p->store, statement));
    VL_TRY(database_statement(&p->store->db, SQL_CELLS_CLEAR, &statement));
    bind_number(statement, 1, space);
    VL_TRY(store_run(p->store, statement));
    VL_TRY(database_statement(&p->store->db, SQL_WRITES_CLEAR, &statement));
    bind_number(statement, 1, space);
    return store_run(p->store, statement);
}

vl_result port_record_scan(void *self, const struct vl_record_scan *scan, vl_record_visit visit,
                           void *context)
{
    struct port *p = self;
    int64_t space = 0;
    VL_TRY(port_space(p, false, &space));
    return store_records(p->store, space, scan, visit, context);
}

/* ---- writes ---- */

/* The beginning of a record's id is a smaller key; who reads them looks at the whole. */
static int64_t short_record(const struct vl_record_id *record)
{
    int64_t number;
    static_assert(sizeof record->bytes >= sizeof number, "it has a beginning");
    memcpy(&number, record->bytes, sizeof number);
    return number;
}

static vl_result run_write(struct port *p, enum database_statement which,
                           const struct vl_write *write)
{
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, k = 0;
    VL_TRY(port_space(p, true, &space));
    VL_TRY(port_row_key(space, write->chain, write->seq, &k));
    VL_TRY(database_statement(&p->store->db, which, &statement));
    bind_number(statement, 1, short_record(&write->record));
    bind_number(statement, 2, k);
    return store_run(p->store, statement);
}

vl_result port_write_put(void *self, const struct vl_write *write)
{
    return run_write(self, SQL_WRITE_PUT, write);
}

vl_result port_write_drop(void *self, const struct vl_write *write)
{
    return run_write(self, SQL_WRITE_DROP, write);
}

vl_result port_write_scan(void *self, const struct vl_write *from, size_t max, vl_entry_visit visit,
                          void *context)
{
    struct port *p = self;
    struct entry_scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    int64_t space = 0, first = 0;
    VL_TRY(port_space(p, false, &space));
    if (port_row_key(space, from->chain, from->seq, &first) != VL_OK) return VL_OK; /* none there */
    VL_TRY(database_statement(&p->store->db, SQL_WRITE_SCAN, &statement));
    bind_number(statement, 1, short_record(&from->record));
    bind_number(statement, 2, first);
    bind_number(statement, 3, ((space + 1) << 52) - 1);
    bind_number(statement, 4, port_limit(max));
    return database_each(&p->store->db, statement, port_show_entry, &scan);
}
