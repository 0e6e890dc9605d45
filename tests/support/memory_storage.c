/* The port over the rows of memory_rows.c. A transaction keeps a list of what to undo. */
#include "tests/support/memory_storage.h"
#include "tests/support/memory_rows.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- faults ---- */

static vl_result called(struct memory_storage *m)
{
    assert(!m->scanning); /* no call from inside a callback */
    m->calls++;
    if (m->fail_at == 0 || m->calls < m->fail_at) return VL_OK;
    if (m->calls > m->fail_at && !m->fail_lasting) return VL_OK;
    m->failed = true;
    return m->fail_result;
}

void memory_storage_fail(struct memory_storage *m, uint64_t nth, vl_result result, bool lasting)
{
    m->fail_at = nth == 0 ? 0 : m->calls + nth;
    m->fail_result = result;
    m->fail_lasting = lasting;
    m->fail_after_commit = m->failed = false;
}

void memory_storage_fail_after_commit(struct memory_storage *m, vl_result result)
{
    memory_storage_fail(m, 0, result, true);
    m->fail_after_commit = true;
}

bool memory_storage_failed(const struct memory_storage *m)
{
    return m->failed;
}

uint64_t memory_storage_calls(const struct memory_storage *m)
{
    return m->calls;
}

uint64_t memory_storage_commits(const struct memory_storage *m)
{
    return m->commits;
}

/* ---- transactions ---- */

static struct undo *undo_add(struct memory_storage *m, enum undo_kind kind)
{
    memory_grow((void **)&m->undos, sizeof *m->undos, m->undo_count, &m->undo_capacity);
    struct undo *undo = &m->undos[m->undo_count++];
    *undo = (struct undo){.kind = kind};
    return undo;
}

void memory_undo(struct memory_storage *m, const struct undo *undo)
{
    switch (undo->kind) {
    case UNDO_FORK: free(m->forks[--m->fork_count].data); break;
    case UNDO_LOG_NEW: m->log_count--; break;
    case UNDO_LOG: m->logs[undo->log.index] = undo->log; break;
    case UNDO_ENTRY:
        entry_remove_last(m, undo->entry);
        free(undo->entry);
        break;
    case UNDO_DROP:
        id_table_build(m, m->by_id_slots); /* rows that were taken out before may be in it */
        entry_insert(m, undo->before);
        break;
    case UNDO_FLAGS: undo->entry->flags = undo->flags; break;
    case UNDO_BLOB:
        entry_replace(m, undo->entry, undo->before);
        entry_wipe(undo->entry);
        break;
    case UNDO_CELL:
        free(m->cells[undo->cell].data);
        m->cells[undo->cell] = undo->was;
        break;
    case UNDO_WRITE_PUT: (void)write_remove(m, &undo->write); break;
    case UNDO_WRITE_DROP: (void)write_add(m, &undo->write); break;
    }
}

static void do_rollback(struct memory_storage *m)
{
    bool entries = false;
    for (size_t i = m->undo_count; i-- > 0;) {
        entries |= m->undos[i].kind == UNDO_ENTRY;
        memory_undo(m, &m->undos[i]);
    }
    if (entries) id_table_build(m, m->by_id_slots);
    m->undo_count = 0;
    m->writing = false;
}

static vl_result port_begin(void *self)
{
    struct memory_storage *m = self;
    assert(!m->writing);
    VL_TRY(called(m));
    m->writing = true;
    return VL_OK;
}

static vl_result port_commit(void *self)
{
    struct memory_storage *m = self;
    assert(m->writing);
    vl_result result = called(m);
    if (result != VL_OK) {
        do_rollback(m);
        return result;
    }
    for (size_t i = 0; i < m->undo_count; i++)
        if (m->undos[i].kind == UNDO_CELL)
            free(m->undos[i].was.data);
        else if (m->undos[i].kind == UNDO_BLOB || m->undos[i].kind == UNDO_DROP)
            entry_wipe(m->undos[i].before);
    m->undo_count = 0;
    m->writing = false;
    m->commits++;
    if (!m->fail_after_commit) return VL_OK;
    m->fail_at = m->calls;
    m->failed = true;
    return m->fail_result;
}

static void port_rollback(void *self)
{
    struct memory_storage *m = self;
    assert(m->writing && !m->scanning);
    do_rollback(m);
}

void memory_storage_crash(struct memory_storage *m)
{
    m->scanning = false;
    if (m->writing) do_rollback(m);
}

/* ---- the port ---- */

static vl_result port_log_put(void *self, const struct vl_log_row *row)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing && row->index <= m->log_count);
    if (row->index == m->log_count) {
        memory_grow((void **)&m->logs, sizeof *m->logs, m->log_count, &m->log_capacity);
        m->log_count++;
        (void)undo_add(m, UNDO_LOG_NEW);
    } else {
        undo_add(m, UNDO_LOG)->log = m->logs[row->index];
    }
    m->logs[row->index] = *row;
    return VL_OK;
}

void memory_fork_keep(struct memory_storage *m, const struct vl_id *log, struct vl_bytes proof)
{
    memory_grow((void **)&m->forks, sizeof *m->forks, m->fork_count, &m->fork_capacity);
    struct fork_row *row = &m->forks[m->fork_count++];
    *row = (struct fork_row){.log = *log, .size = proof.size};
    row->data = memory_need(malloc(proof.size + 1));
    if (proof.size > 0) memcpy(row->data, proof.data, proof.size);
}

static vl_result port_fork_put(void *self, const struct vl_id *log, struct vl_bytes proof)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    memory_fork_keep(m, log, proof);
    (void)undo_add(m, UNDO_FORK);
    return VL_OK;
}

static vl_result port_fork_get(void *self, const struct vl_id *log, struct vl_buffer *proof)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    vl_buffer_clear(proof);
    for (size_t i = 0; i < m->fork_count; i++)
        if (vl_id_equal(&m->forks[i].log, log))
            return vl_buffer_append(proof, m->forks[i].data, m->forks[i].size);
    return VL_ERR_NOT_FOUND;
}

static vl_result port_log_scan(void *self, vl_log_visit visit, void *context)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    vl_result result = VL_OK;
    m->scanning = true;
    for (size_t i = 0; result == VL_OK && i < m->log_count; i++)
        result = visit(context, &m->logs[i]);
    m->scanning = false;
    return result;
}

static vl_result port_entry_put(void *self, const struct vl_entry_row *row)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    if (entry_find(m, &row->id) != NULL) return VL_ERR_EXISTS;
    struct vl_entry_row *copy = entry_copy(row);
    entry_insert(m, copy);
    undo_add(m, UNDO_ENTRY)->entry = copy;
    return VL_OK;
}

static vl_result port_entry_flags(void *self, const struct vl_id *id, uint32_t flags)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    struct vl_entry_row *row = entry_find(m, id);
    if (row == NULL) return VL_ERR_NOT_FOUND;
    struct undo *undo = undo_add(m, UNDO_FLAGS);
    undo->entry = row;
    undo->flags = row->flags;
    row->flags = flags;
    return VL_OK;
}

static vl_result change_blob(struct memory_storage *m, const struct vl_id *id, struct vl_bytes blob,
                             uint32_t flags)
{
    VL_TRY(called(m));
    assert(m->writing);
    struct vl_entry_row *before = entry_find(m, id);
    if (before == NULL) return VL_ERR_NOT_FOUND;
    struct vl_entry_row changed = *before;
    changed.entry.blob = blob;
    changed.flags = flags;
    struct vl_entry_row *row = entry_copy(&changed);
    entry_replace(m, before, row);
    struct undo *undo = undo_add(m, UNDO_BLOB);
    undo->entry = row;
    undo->before = before;
    return VL_OK;
}

static vl_result port_entry_erase(void *self, const struct vl_id *id, uint32_t flags)
{
    return change_blob(self, id, vl_bytes(NULL, 0), flags);
}

static vl_result port_entry_fill(void *self, const struct vl_id *id, struct vl_bytes blob,
                                 uint32_t flags)
{
    return change_blob(self, id, blob, flags);
}

static vl_result port_entry_drop(void *self, uint32_t chain, uint64_t from)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    if (chain >= m->chain_count) return VL_OK;
    struct chain_rows *rows = &m->chains[chain];
    size_t before = rows->count;
    while (rows->count > 0 && rows->items[rows->count - 1]->seq >= from) {
        struct vl_entry_row *row = rows->items[rows->count - 1];
        assert((row->flags & VL_ENTRY_MERGED) == 0 || row->kind == VL_ENTRY_CONTROL);
        entry_remove_last(m, row);
        undo_add(m, UNDO_DROP)->before = row;
    }
    if (rows->count < before) id_table_build(m, m->by_id_slots);
    return VL_OK;
}

static vl_result visit_entry(struct memory_storage *m, vl_entry_visit visit, void *context,
                             const struct vl_entry_row *row)
{
    m->scanning = true;
    vl_result result = visit(context, row);
    m->scanning = false;
    return result;
}

static vl_result port_entry_get(void *self, const struct vl_id *id, vl_entry_visit visit,
                                void *context)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    const struct vl_entry_row *row = entry_find(m, id);
    return row == NULL ? VL_ERR_NOT_FOUND : visit_entry(m, visit, context, row);
}

static vl_result port_entry_range(void *self, uint32_t chain, uint64_t from, size_t max,
                                  vl_entry_visit visit, void *context)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    if (chain >= m->chain_count || m->chains[chain].count == 0) return VL_OK;
    const struct chain_rows *rows = &m->chains[chain];
    uint64_t first = rows->items[0]->seq;
    uint64_t at = from > first ? from - first : 0;
    for (size_t visited = 0; at < rows->count && visited < max; at++, visited++)
        VL_TRY(visit_entry(m, visit, context, rows->items[at]));
    return VL_OK;
}

static vl_result port_entry_scan(void *self, const struct vl_scan *scan, vl_entry_visit visit,
                                 void *context)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    size_t visited = 0;
    size_t at = scan->after ? order_place(m, scan->after_lamport, &scan->after_id) : 0;
    for (; at < m->entry_count && (scan->max == 0 || visited < scan->max); at++) {
        const struct vl_entry_row *row = m->order[at];
        if (scan->after && order_compare(row, scan->after_lamport, &scan->after_id) == 0) continue;
        if (scan->kinds != 0 && (scan->kinds & (1u << row->kind)) == 0) continue;
        if ((row->flags & scan->flags_mask) != scan->flags_value) continue;
        VL_TRY(visit_entry(m, visit, context, row));
        visited++;
    }
    return VL_OK;
}

static vl_result port_cell_get(void *self, const struct vl_cell_key *key, struct vl_buffer *out)
{
    struct memory_storage *m = self;
    vl_buffer_clear(out);
    VL_TRY(called(m));
    size_t index = cell_index(m, key, false);
    if (index == 0 || !m->cells[index - 1].alive) return VL_ERR_NOT_FOUND;
    return vl_buffer_append(out, m->cells[index - 1].data, m->cells[index - 1].size);
}

static vl_result port_cell_put(void *self, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    size_t before = m->cell_count;
    size_t at = cell_index(m, key, true) - 1;
    if (m->cell_count != before) m->sorted_valid = false;
    struct undo *undo = undo_add(m, UNDO_CELL);
    undo->cell = at;
    undo->was = m->cells[at];
    struct cell_row *cell = &m->cells[at];
    cell->data = memory_need(malloc(state.size + 1));
    if (state.size > 0) memcpy(cell->data, state.data, state.size);
    cell->size = state.size;
    cell->alive = true;
    return VL_OK;
}

static vl_result visit_cells(struct memory_storage *m, bool type_filter, uint32_t type,
                             const struct vl_record_id *record, vl_cell_visit visit, void *context)
{
    vl_result result = VL_OK;
    cells_sort(m);
    m->scanning = true;
    for (size_t i = 0; result == VL_OK && i < m->cell_count; i++) {
        const struct cell_row *cell = &m->cells[m->sorted[i]];
        if (!cell->alive || (type_filter && cell->key.type != type)) continue;
        if (record != NULL && memcmp(record, &cell->key.record, sizeof *record) != 0) continue;
        result = visit(context, &cell->key, vl_bytes(cell->data, cell->size));
    }
    m->scanning = false;
    return result;
}

static vl_result port_cell_scan(void *self, bool type_filter, uint32_t type, vl_cell_visit visit,
                                void *context)
{
    VL_TRY(called(self));
    return visit_cells(self, type_filter, type, NULL, visit, context);
}

static vl_result port_cell_record(void *self, uint32_t type, const struct vl_record_id *record,
                                  vl_cell_visit visit, void *context)
{
    VL_TRY(called(self));
    return visit_cells(self, true, type, record, visit, context);
}

/* `type`, `record`: of that one; NULL: all. */
static void clear_cells(struct memory_storage *m, uint32_t type, const struct vl_record_id *record)
{
    for (size_t i = 0; i < m->cell_count; i++) {
        const struct vl_cell_key *key = &m->cells[i].key;
        if (!m->cells[i].alive) continue;
        if (record != NULL &&
            (key->type != type || memcmp(&key->record, record, sizeof *record) != 0))
            continue;
        struct undo *undo = undo_add(m, UNDO_CELL);
        undo->cell = i;
        undo->was = m->cells[i];
        m->cells[i].data = NULL;
        m->cells[i].size = 0;
        m->cells[i].alive = false;
    }
}

static vl_result port_record_clear(void *self, uint32_t type, const struct vl_record_id *record)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    clear_cells(m, type, record);
    return VL_OK;
}

static vl_result port_cells_clear(void *self)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    clear_cells(m, 0, NULL);
    for (size_t i = 0; i < m->written_count; i++)
        while (m->written[i].count > 0) {
            struct undo *undo = undo_add(m, UNDO_WRITE_DROP);
            undo->write = m->written[i].items[m->written[i].count - 1];
            (void)write_remove(m, &undo->write);
        }
    return VL_OK;
}

static vl_result port_write_put(void *self, const struct vl_write *write)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    if (write_add(m, write)) undo_add(m, UNDO_WRITE_PUT)->write = *write;
    return VL_OK;
}

static vl_result port_write_drop(void *self, const struct vl_write *write)
{
    struct memory_storage *m = self;
    VL_TRY(called(m));
    assert(m->writing);
    if (write_remove(m, write)) undo_add(m, UNDO_WRITE_DROP)->write = *write;
    return VL_OK;
}

static const struct vl_entry_row *row_at(const struct memory_storage *m, uint32_t chain,
                                         uint64_t seq)
{
    if (chain >= m->chain_count || m->chains[chain].count == 0) return NULL;
    const struct chain_rows *rows = &m->chains[chain];
    uint64_t first = rows->items[0]->seq;
    return seq < first || seq - first >= rows->count ? NULL : rows->items[seq - first];
}

static vl_result port_write_scan(void *self, const struct vl_write *from, size_t max,
                                 vl_entry_visit visit, void *context)
{
    struct memory_storage *m = self;
    size_t count, visited = 0;
    VL_TRY(called(m));
    const struct vl_write *writes = writes_from(m, from, &count);
    for (size_t i = 0; i < count && (max == 0 || visited < max); i++) {
        const struct vl_entry_row *row = row_at(m, writes[i].chain, writes[i].seq);
        if (row == NULL) continue;
        VL_TRY(visit_entry(m, visit, context, row));
        visited++;
    }
    return VL_OK;
}

static vl_result port_record_scan(void *self, const struct vl_record_scan *scan,
                                  vl_record_visit visit, void *context)
{
    VL_TRY(called(self));
    return memory_records(self, scan, visit, context);
}

struct vl_storage memory_storage_port(struct memory_storage *m)
{
    return (struct vl_storage){.self = m,
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
                               .fork_get = port_fork_get};
}

/* ---- damage ---- */

struct vl_entry_row *memory_storage_entry(struct memory_storage *m, const struct vl_id *id)
{
    return entry_find(m, id);
}

const struct vl_entry_row *memory_storage_entry_at(const struct memory_storage *m, size_t at)
{
    return m->order[at];
}

uint8_t *memory_storage_bytes(struct vl_bytes view)
{
    return (uint8_t *)(uintptr_t)view.data; /* the rows' own bytes, which this file allocated */
}

size_t memory_storage_entry_count(const struct memory_storage *m)
{
    return m->entry_count;
}

size_t memory_storage_cell_count(const struct memory_storage *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->cell_count; i++)
        count += m->cells[i].alive;
    return count;
}
