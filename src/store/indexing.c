/* The search index follows the records: changed ones stand in the queue, a step gathers the text
 * of each from its cells and puts it in place of what the index had. */
#include "store/store_internal.h"
#include <stdlib.h>
#include <string.h>
#include <veillee/value.h>

struct gathering {
    struct vl_buffer body;
    struct vl_cell_value *values; /* scratch */
    size_t capacity;
};

/* The isolates that an excerpt puts around a match must not come from the text itself. */
static vl_result append_text(struct vl_buffer *body, struct vl_bytes text)
{
    static const uint8_t isolate[] = {0xe2, 0x81}; /* U+2066..2069: e2 81 a6..a9 */
    if (body->size > 0) VL_TRY(vl_buffer_append(body, "\n", 1));
    size_t from = 0;
    for (size_t i = 0; i + 2 < text.size; i++) {
        if (memcmp(text.data + i, isolate, sizeof isolate) != 0) continue;
        if (text.data[i + 2] < 0xa6 || text.data[i + 2] > 0xa9) continue;
        VL_TRY(vl_buffer_append(body, text.data + from, i - from));
        from = i + 3;
        i += 2;
    }
    return text.size > from ? vl_buffer_append(body, text.data + from, text.size - from) : VL_OK;
}

/* Every visible value of the cell: winners and conflicts, elements, items. */
static vl_result values_of(struct gathering *g, enum vl_field_kind kind, struct vl_bytes state,
                           size_t *count)
{
    VL_TRY(vl_cell_values(kind, state, g->values, g->capacity, count));
    if (*count <= g->capacity) return VL_OK;
    struct vl_cell_value *values = reallocarray(g->values, *count, sizeof *values);
    if (values == NULL) return VL_ERR_NO_MEMORY;
    g->values = values;
    g->capacity = *count;
    return vl_cell_values(kind, state, g->values, g->capacity, count);
}

static vl_result gather_text(struct gathering *g, struct vl_bytes state)
{
    struct vl_buffer text = {0};
    vl_result result = vl_cell_text(state, &text);
    if (result == VL_OK && text.size > 0) {
        result = append_text(&g->body, vl_buffer_view(&text));
    }
    vl_buffer_wipe(&text);
    return result;
}

static vl_result gather_values(struct gathering *g, enum vl_field_kind kind, struct vl_bytes state)
{
    size_t count = 0;
    VL_TRY(values_of(g, kind, state, &count));
    for (size_t i = 0; i < count; i++) {
        struct vl_value value;
        if (vl_value_decode(g->values[i].value, &value) != VL_OK) continue; /* a newer version's */
        if (value.tag != VL_VALUE_TEXT) continue;
        VL_TRY(append_text(&g->body, value.bytes));
    }
    return VL_OK;
}

/* A state that cannot be read has no text: it must not stop the index for ever. */
static vl_result gather_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct gathering *g = context;
    vl_result result =
        key->kind == VL_FIELD_TEXT ? gather_text(g, state) : gather_values(g, key->kind, state);
    return result == VL_ERR_NO_MEMORY ? result : VL_OK;
}

static void gathering_finish(struct gathering *g)
{
    vl_buffer_wipe(&g->body);
    free(g->values);
}

struct changed { /* an item of the queue */
    int64_t n, space;
    uint32_t type;
    struct vl_record_id record;
    bool is_empty, was_indexed;
};

static vl_result next_changed(struct store *s, struct changed *changed)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_QUEUE_NEXT, &statement));
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) {
        changed->n = sqlite3_column_int64(statement, 0);
        changed->space = sqlite3_column_int64(statement, 1);
        changed->type = (uint32_t)sqlite3_column_int64(statement, 2);
        result = column_exact(statement, 3, changed->record.bytes, sizeof changed->record.bytes);
        changed->is_empty = sqlite3_column_type(statement, 4) == SQLITE_NULL;
        changed->was_indexed = sqlite3_column_int64(statement, 5) == 2;
    }
    database_done(statement);
    return result;
}

static vl_result run_on(struct store *s, enum database_statement which, int64_t n)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, which, &statement));
    bind_number(statement, 1, n);
    return store_run(s, statement);
}

/* The number of an item is that of its text. */
static vl_result put_text(struct store *s, const struct changed *changed, struct vl_bytes body)
{
    sqlite3_stmt *statement = NULL;
    if (changed->was_indexed) VL_TRY(run_on(s, SQL_SEARCH_DROP, changed->n));
    if (body.size == 0) return VL_OK;
    VL_TRY(database_statement(&s->db, SQL_SEARCH_PUT, &statement));
    bind_number(statement, 1, changed->n);
    (void)sqlite3_bind_text64(statement, 2, (const char *)body.data, body.size, SQLITE_STATIC,
                              SQLITE_UTF8);
    return store_run(s, statement);
}

struct shown_cells {
    struct store *s;
    const struct changed *changed;
};

static vl_result shown_scan(void *self, vl_cell_visit visit, void *context)
{
    const struct shown_cells *cells = self;
    const struct changed *changed = cells->changed;
    return store_cells_of(cells->s, changed->space, changed->type, &changed->record, visit,
                          context);
}

static vl_result shown_is_erased(void *self, const struct vl_id *entry, bool *is_erased)
{
    const struct shown_cells *cells = self;
    return store_entry_erased(cells->s, cells->changed->space, entry, is_erased);
}

/* What people see, and no more, is found. Of a record that is empty the item goes as well. */
static vl_result index_record(struct store *s, struct gathering *g, const struct changed *changed)
{
    struct shown_cells shown = {s, changed};
    const struct vl_shown_cells cells = {&shown, shown_scan, shown_is_erased};
    vl_buffer_clear(&g->body);
    VL_TRY(vl_cells_show(&cells, gather_cell, g));
    VL_TRY(put_text(s, changed, vl_buffer_view(&g->body)));
    if (changed->is_empty && g->body.size == 0) return run_on(s, SQL_ITEM_DROP, changed->n);
    return run_on(s, SQL_ITEM_INDEXED, changed->n);
}

static vl_result queue_length(struct store *s, size_t *left)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_QUEUE_COUNT, &statement));
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) *left = (size_t)sqlite3_column_int64(statement, 0);
    database_done(statement);
    return result;
}

/* The tokenizer keeps the last words it folded, each over the one before: a long word over all. */
static vl_result fill_tokenizer(struct store *s)
{
    const size_t size = 1u << 16;
    sqlite3_stmt *statement = NULL;
    char *word = malloc(size);
    if (word == NULL) return VL_ERR_NO_MEMORY;
    memset(word, 'a', size);
    vl_result result = database_statement(&s->db, SQL_SEARCH, &statement);
    if (result == VL_OK) {
        (void)sqlite3_bind_text(statement, 1, word, (int)size, SQLITE_STATIC);
        bind_number(statement, 3, 1);
        result = database_step(&s->db, statement);
        if (result == VL_ERR_NOT_FOUND) result = VL_OK;
        database_done(statement);
    }
    free(word);
    return result;
}

vl_result store_index_purge(struct store *s)
{
    struct gathering g = {0};
    struct changed changed;
    sqlite3_stmt *statement = NULL;
    vl_result result = VL_OK;
    while (result == VL_OK) {
        result = next_changed(s, &changed);
        if (result == VL_OK) result = index_record(s, &g, &changed);
    }
    if (result == VL_ERR_NOT_FOUND)
        result = database_statement(&s->db, SQL_SEARCH_OPTIMIZE, &statement);
    if (result == VL_OK) result = store_run(s, statement);
    if (result == VL_OK) result = fill_tokenizer(s);
    gathering_finish(&g);
    return result;
}

vl_result store_index_step(struct store *s, size_t max, size_t *left)
{
    struct gathering g = {0};
    struct changed changed;
    size_t done = 0;
    *left = 0;
    if (s->writing) return VL_ERR_STATE;
    vl_result result = next_changed(s, &changed);
    if (result == VL_ERR_NOT_FOUND) {
        store_room(s, false);
        return VL_OK;
    }
    if (result == VL_OK && max > 0) result = store_begin(s, NULL);
    while (result == VL_OK && done < max) {
        result = index_record(s, &g, &changed);
        done++;
        if (result == VL_OK && done < max) result = next_changed(s, &changed);
    }
    if (result == VL_ERR_NOT_FOUND) result = VL_OK;
    if (s->writing) {
        if (result == VL_OK)
            result = store_commit(s);
        else
            store_rollback(s);
    }
    if (result == VL_OK) result = queue_length(s, left);
    gathering_finish(&g);
    return result;
}
