/* Items and lists of them. Items are kept in step with the cells, at the end of each run of cells
 * of one record, so that an item's age is a function of its record's cells whatever their order. */
#include "store/store_internal.h"

#include <string.h>

/* ---- keeping them ---- */

static void begin_current(struct store *s, int64_t space, const struct vl_cell_key *key)
{
    watch_record(s, key->type, &key->record);
    s->current.space = space;
    s->current.type = key->type;
    s->current.record = key->record;
    s->current.has_low = false;
}

vl_result store_item_touch(struct store *s, int64_t space, const struct vl_cell_key *key,
                           const struct vl_cell_lookup *lookup)
{
    bool is_current = s->current.space == space && s->current.type == key->type &&
                      memcmp(&s->current.record, &key->record, sizeof key->record) == 0;
    if (!is_current) {
        VL_TRY(store_item_flush(s));
        begin_current(s, space, key);
    }
    if (lookup->is_empty) return VL_OK;
    if (!s->current.has_low || (int64_t)lookup->lowest < s->current.low) {
        s->current.has_low = true;
        s->current.low = (int64_t)lookup->lowest;
    }
    return VL_OK;
}

struct item {
    int64_t n, queued, made;
    bool has_made;
};

static void bind_current(const struct store *s, sqlite3_stmt *statement)
{
    bind_number(statement, 1, s->current.space);
    bind_number(statement, 2, s->current.type);
    bind_bytes(statement, 3, vl_bytes(s->current.record.bytes, sizeof s->current.record.bytes));
}

static vl_result column_date(sqlite3_stmt *statement, int at, char out[static VL_DATE_SIZE])
{
    const unsigned char *date = sqlite3_column_text(statement, at);
    size_t size = date == NULL ? 0 : strlen((const char *)date);
    if (size >= VL_DATE_SIZE) return VL_ERR_DAMAGED;
    memcpy(out, date == NULL ? (const unsigned char *)"" : date, size + 1);
    return VL_OK;
}

static void read_made(sqlite3_stmt *statement, int at, struct item *item)
{
    item->has_made = sqlite3_column_type(statement, at) != SQLITE_NULL;
    item->made = sqlite3_column_int64(statement, at);
}

static vl_result get_item(struct store *s, struct item *item)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_ITEM_GET, &statement));
    bind_current(s, statement);
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) {
        item->n = sqlite3_column_int64(statement, 0);
        item->queued = sqlite3_column_int64(statement, 1);
        read_made(statement, 2, item);
    }
    database_done(statement);
    return result;
}

/* EXISTS: it has one already. */
static vl_result add_item(struct store *s)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_ITEM_ADD, &statement));
    bind_current(s, statement);
    if (s->current.has_low) bind_number(statement, 4, s->current.low);
    VL_TRY(store_run(s, statement));
    return sqlite3_changes(s->db.connection) == 1 ? VL_OK : VL_ERR_EXISTS;
}

/* Of all its cells: what was the lowest may be so no longer. */
static vl_result sum_cells(struct store *s, struct item *item)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_CELLS_SUM, &statement));
    bind_current(s, statement);
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) read_made(statement, 0, item);
    database_done(statement);
    return result;
}

static vl_result put_item(struct store *s, const struct item *item)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_ITEM_PUT, &statement));
    bind_number(statement, 1, item->n);
    bind_number(statement, 2, item->queued);
    if (item->has_made) bind_number(statement, 3, item->made);
    return store_run(s, statement);
}

/* A record without an item has no cells but those that were just put. */
vl_result store_item_flush(struct store *s)
{
    struct item was = {.n = 0};
    if (s->current.space == 0 || s->broken != VL_OK) return s->broken;
    vl_result result = add_item(s);
    if (result != VL_ERR_EXISTS) return result;
    VL_TRY(get_item(s, &was));
    struct item is = was;
    VL_TRY(sum_cells(s, &is));
    if (was.queued == 0) is.queued = 2;
    if (is.has_made == was.has_made && is.made == was.made && is.queued == was.queued) return VL_OK;
    return put_item(s, &is);
}

/* ---- reading them ---- */

static enum database_statement statement_of(const struct vl_record_scan *scan)
{
    static const enum database_statement statements[3][2][2] = {
        [VL_RECORDS_BY_AGE] = {{SQL_RECORDS_AGE_FORTH, SQL_RECORDS_AGE_BACK},
                               {SQL_RECORDS_OF_AGE_FORTH, SQL_RECORDS_OF_AGE_BACK}},
        [VL_RECORDS_BY_DATE] = {{SQL_RECORDS_DATE_FORTH, SQL_RECORDS_DATE_BACK},
                                {SQL_RECORDS_OF_DATE_FORTH, SQL_RECORDS_OF_DATE_BACK}},
        [VL_RECORDS_BY_ID] = {{SQL_RECORDS_ID_FORTH, SQL_RECORDS_ID_BACK},
                              {SQL_RECORDS_OF_ID_FORTH, SQL_RECORDS_OF_ID_BACK}},
    };
    return statements[scan->order][scan->has_names][scan->backward];
}

/* Before or behind everything: no date begins with ~, no id has more than 16 bytes. */
static void bind_end(sqlite3_stmt *statement, const struct vl_record_scan *scan, bool is_behind)
{
    static const uint8_t last[17] = {255, 255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    if (scan->order == VL_RECORDS_BY_AGE) bind_number(statement, 3, is_behind ? INT64_MAX : -1);
    if (scan->order == VL_RECORDS_BY_DATE) bind_text(statement, 3, is_behind ? "~" : "");
    bind_bytes(statement, 4, is_behind ? vl_bytes(last, sizeof last) : vl_bytes("", 0));
}

static void bind_place(sqlite3_stmt *statement, const struct vl_record_scan *scan)
{
    const struct vl_record_row *place = &scan->place;
    bool is_past_all = scan->order == VL_RECORDS_BY_AGE && place->lowest > INT64_MAX;
    if (!scan->after || is_past_all) {
        bind_end(statement, scan, scan->after || scan->backward);
        return;
    }
    if (scan->order == VL_RECORDS_BY_AGE) bind_number(statement, 3, (int64_t)place->lowest);
    if (scan->order == VL_RECORDS_BY_DATE) bind_text(statement, 3, place->date);
    bind_bytes(statement, 4, vl_bytes(place->record.bytes, sizeof place->record.bytes));
}

struct showing {
    vl_record_visit visit;
    void *context;
};

static vl_result show_record(void *context, sqlite3_stmt *statement)
{
    const struct showing *showing = context;
    struct vl_record_row row = {.lowest = (uint64_t)sqlite3_column_int64(statement, 1)};
    VL_TRY(column_exact(statement, 0, row.record.bytes, sizeof row.record.bytes));
    VL_TRY(column_date(statement, 2, row.date));
    return showing->visit(showing->context, &row);
}

vl_result store_records(struct store *s, int64_t space, const struct vl_record_scan *scan,
                        vl_record_visit visit, void *context)
{
    struct showing showing = {visit, context};
    sqlite3_stmt *statement = NULL;
    if (s->writing) VL_TRY(store_item_flush(s));
    VL_TRY(database_statement(&s->db, statement_of(scan), &statement));
    bind_number(statement, 1, space);
    bind_number(statement, 2, scan->type);
    bind_place(statement, scan);
    bind_number(statement, 5, scan->max == 0 || scan->max > INT32_MAX ? -1 : (int64_t)scan->max);
    if (scan->has_names) {
        bind_number(statement, 6, scan->names_field);
        bind_bytes(statement, 7, vl_bytes(scan->names.bytes, sizeof scan->names.bytes));
    }
    if (scan->order == VL_RECORDS_BY_DATE) bind_number(statement, 8, scan->date_field);
    return database_each(&s->db, statement, show_record, &showing);
}
