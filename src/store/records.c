/* Lists of records: items are kept in step with the cells, at the end of each run of cells of one
 * record, so that an item is a function of its record's cells whatever their order. */
#include "store/store_internal.h"

#include <string.h>

/* ---- keeping them ---- */

static void bind_queued(const struct store *s, sqlite3_stmt *statement)
{
    bind_number(statement, 1, s->queued_space);
    bind_number(statement, 2, s->queued_type);
    bind_bytes(statement, 3, vl_bytes(s->queued, sizeof s->queued));
}

vl_result store_item_flush(struct store *s)
{
    sqlite3_stmt *statement = NULL;
    if (s->queued_space == 0 || s->broken != VL_OK) return s->broken;
    VL_TRY(database_statement(&s->db, SQL_ITEM_GET, &statement));
    bind_queued(s, statement);
    vl_result result = database_step(&s->db, statement);
    bool is_empty = true, was_empty = true;
    int64_t made = 0, was = 0;
    if (result == VL_OK) {
        is_empty = sqlite3_column_type(statement, 0) == SQLITE_NULL;
        was_empty = sqlite3_column_type(statement, 1) == SQLITE_NULL;
        made = sqlite3_column_int64(statement, 0);
        was = sqlite3_column_int64(statement, 1);
    }
    database_done(statement);
    if (result != VL_OK) return result;
    if (is_empty == was_empty && made == was) return VL_OK;
    VL_TRY(database_statement(&s->db, is_empty ? SQL_ITEM_DROP : SQL_ITEM_PUT, &statement));
    bind_queued(s, statement);
    if (!is_empty) bind_number(statement, 4, made);
    return store_run(s, statement);
}

/* ---- reading them ---- */

static enum database_statement statement_of(const struct vl_record_scan *scan)
{
    static const enum database_statement statements[3][2][2] = {
        [VL_RECORDS_BY_AGE] = {{SQL_RECORDS_AGE, SQL_RECORDS_AGE_BACK},
                               {SQL_RECORDS_OF_AGE, SQL_RECORDS_OF_AGE_BACK}},
        [VL_RECORDS_BY_KEY] = {{SQL_RECORDS_KEY, SQL_RECORDS_KEY_BACK},
                               {SQL_RECORDS_OF_KEY, SQL_RECORDS_OF_KEY_BACK}},
        [VL_RECORDS_BY_ID] = {{SQL_RECORDS_ID, SQL_RECORDS_ID_BACK},
                              {SQL_RECORDS_OF_ID, SQL_RECORDS_OF_ID_BACK}},
    };
    return statements[scan->order][scan->has_key][scan->backward];
}

/* Where the scan begins: a place, or before or behind everything. */
static void bind_place(sqlite3_stmt *statement, const struct vl_record_scan *scan)
{
    static const uint8_t last[VL_LOOKUP_KEY_MAX + 1] = {255, 255, 255, 255, 255, 255, 255, 255, 255,
                                                        255, 255, 255, 255, 255, 255, 255, 255};
    const struct vl_record_row *place = &scan->place;
    const struct vl_bytes end = scan->backward ? vl_bytes(last, sizeof last) : vl_bytes("", 0);
    bool is_past_all = scan->after && place->lowest > INT64_MAX;
    int64_t lowest = !scan->after || is_past_all ? (scan->backward || is_past_all ? INT64_MAX : -1)
                                                 : (int64_t)place->lowest;
    if (scan->order == VL_RECORDS_BY_KEY) {
        bind_bytes(statement, 3, scan->after ? vl_bytes(place->key, place->key_size) : end);
    } else if (scan->order == VL_RECORDS_BY_AGE) {
        bind_number(statement, 3, lowest);
    }
    bind_bytes(statement, 4,
               scan->after && !is_past_all
                   ? vl_bytes(place->record.bytes, sizeof place->record.bytes)
                   : (is_past_all ? vl_bytes(last, sizeof last) : end));
}

struct showing {
    vl_record_visit visit;
    void *context;
};

static vl_result show_record(void *context, sqlite3_stmt *statement)
{
    const struct showing *showing = context;
    struct vl_record_row row = {.lowest = (uint64_t)sqlite3_column_int64(statement, 1)};
    struct vl_bytes key = column_bytes(statement, 2);
    VL_TRY(column_exact(statement, 0, row.record.bytes, sizeof row.record.bytes));
    if (key.size > sizeof row.key) return VL_ERR_DAMAGED;
    if (key.size > 0) memcpy(row.key, key.data, key.size);
    row.key_size = key.size;
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
    if (scan->order == VL_RECORDS_BY_KEY) bind_number(statement, 6, scan->order_field);
    if (scan->has_key) {
        bind_number(statement, 7, scan->key_field);
        bind_bytes(statement, 8, vl_bytes(scan->key, scan->key_size));
    }
    return database_each(&s->db, statement, show_record, &showing);
}
