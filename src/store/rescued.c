/* Entries of a damaged file that are not checked yet. */
#include "store/store_internal.h"
#include <veillee/codec.h>

static struct vl_bytes id_bytes(const struct vl_id *id)
{
    return vl_bytes(id->bytes, sizeof id->bytes);
}

struct scan {
    store_rescued_visit visit;
    void *context;
};

static vl_result show(void *context, sqlite3_stmt *statement)
{
    const struct scan *scan = context;
    struct store_rescued rescued = {.lamport = (uint64_t)sqlite3_column_int64(statement, 0)};
    VL_TRY(column_exact(statement, 1, rescued.id.bytes, sizeof rescued.id.bytes));
    rescued.entry.header = column_bytes(statement, 2);
    VL_TRY(column_exact(statement, 3, rescued.entry.signature, sizeof rescued.entry.signature));
    rescued.entry.blob = column_bytes(statement, 4);
    return scan->visit(scan->context, &rescued);
}

vl_result store_rescued_scan(struct store *s, const struct vl_id *circle,
                             const struct store_rescued *after, size_t max,
                             store_rescued_visit visit, void *context)
{
    static const struct vl_id none;
    struct scan scan = {visit, context};
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_RESCUED_SCAN, &statement));
    bind_bytes(statement, 1, id_bytes(circle));
    bind_number(statement, 2, after != NULL ? (int64_t)after->lamport : -1);
    bind_bytes(statement, 3, id_bytes(after != NULL ? &after->id : &none));
    bind_number(statement, 4, (int64_t)max);
    return database_each(&s->db, statement, show, &scan);
}

vl_result store_rescued_any(struct store *s, const struct vl_id *circle, bool *any)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_RESCUED_ANY, &statement));
    bind_bytes(statement, 1, id_bytes(circle));
    vl_result result = database_step(&s->db, statement);
    database_done(statement);
    *any = result == VL_OK;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result drop(struct store *s, const struct vl_id *circle, uint64_t lamport,
                      const struct vl_id *id)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_RESCUED_DROP, &statement));
    bind_bytes(statement, 1, id_bytes(circle));
    bind_number(statement, 2, (int64_t)lamport);
    bind_bytes(statement, 3, id_bytes(id));
    return store_run(s, statement);
}

/* None are added while the vault is open, so that there are none has to be looked up once. */
vl_result store_rescued_came(struct port *p, uint64_t lamport, const struct vl_id *id)
{
    bool any = p->rescued == RESCUED_SOME;
    if (p->rescued == RESCUED_NONE) return VL_OK;
    if (p->rescued == RESCUED_UNKNOWN) VL_TRY(store_rescued_any(p->store, &p->circle, &any));
    p->rescued = any ? RESCUED_SOME : RESCUED_NONE;
    return any ? drop(p->store, &p->circle, lamport, id) : VL_OK;
}

vl_result store_rescued_drop(struct store *s, const struct vl_id *circle,
                             const struct store_rescued *entries, size_t count)
{
    vl_result result = VL_OK;
    VL_TRY(store_begin(s, NULL));
    for (size_t i = 0; result == VL_OK && i < count; i++)
        result = drop(s, circle, entries[i].lamport, &entries[i].id);
    if (result == VL_OK) return store_commit(s);
    store_rollback(s);
    return result;
}

vl_result store_rescued_count(struct store *s, uint64_t *count)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_RESCUED_COUNT, &statement));
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) *count = (uint64_t)sqlite3_column_int64(statement, 0);
    database_done(statement);
    return result == VL_ERR_NOT_FOUND ? VL_ERR_INTERNAL : result;
}

static vl_result openings(struct store *s, uint32_t *count)
{
    struct vl_buffer value = {0};
    *count = 0;
    vl_result result = store_note_get(s, NULL, STORE_NOTE_RESCUED_OPENINGS, &value);
    if (result == VL_OK) {
        struct vl_reader r = vl_reader(vl_buffer_view(&value));
        *count = vl_read_u32(&r);
        result = vl_reader_end(&r);
    }
    vl_buffer_finish(&value);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result keep_openings(struct store *s, uint32_t count)
{
    struct vl_buffer value = {0};
    struct vl_writer w = vl_writer(&value, sizeof count);
    vl_write_u32(&w, count);
    vl_result result = vl_writer_result(&w);
    if (result == VL_OK)
        result = store_note_put(s, NULL, STORE_NOTE_RESCUED_OPENINGS, vl_buffer_view(&value));
    vl_buffer_finish(&value);
    return result;
}

vl_result store_rescued_age(struct store *s)
{
    sqlite3_stmt *statement = NULL;
    uint64_t left = 0;
    uint32_t count = 0;
    VL_TRY(store_rescued_count(s, &left));
    if (left == 0) return VL_OK;
    VL_TRY(openings(s, &count));
    if (count < STORE_RESCUED_OPENINGS_MAX) return keep_openings(s, count + 1);
    VL_TRY(database_statement(&s->db, SQL_RESCUED_CLEAR, &statement));
    VL_TRY(store_run_alone(s, statement));
    return database_checkpoint(&s->db);
}
