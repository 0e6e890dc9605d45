/* Making a memory storage, copying it, ending it. */
#include "tests/support/memory_rows.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct memory_storage *memory_storage_create(void)
{
    return memory_need(calloc(1, sizeof(struct memory_storage)));
}

static void forget(struct memory_storage *m)
{
    for (size_t i = 0; i < m->entry_count; i++)
        free(m->order[i]);
    for (size_t i = 0; i < m->cell_count; i++)
        free(m->cells[i].data);
    for (size_t i = 0; i < m->chain_count; i++)
        free(m->chains[i].items);
    for (size_t i = 0; i < m->fork_count; i++)
        free(m->forks[i].data);
    writes_forget(m);
    free(m->forks);
    free(m->logs);
    free(m->chains);
    free(m->order);
    free(m->by_id);
    free(m->cells);
    free(m->by_key);
    free(m->sorted);
    free(m->undos);
}

void memory_storage_destroy(struct memory_storage *m)
{
    if (m == NULL) return;
    memory_storage_crash(m);
    forget(m);
    free(m);
}

static void copy_content(struct memory_storage *to, const struct memory_storage *from)
{
    to->log_capacity = from->log_count + 1;
    to->logs = memory_need(malloc(to->log_capacity * sizeof *to->logs));
    if (from->log_count > 0) memcpy(to->logs, from->logs, from->log_count * sizeof *to->logs);
    to->log_count = from->log_count;
    for (size_t i = 0; i < from->fork_count; i++)
        memory_fork_keep(to, &from->forks[i].log,
                         vl_bytes(from->forks[i].data, from->forks[i].size));
    for (size_t c = 0; c < from->chain_count; c++)
        for (size_t i = 0; i < from->chains[c].count; i++)
            entry_insert(to, entry_copy(from->chains[c].items[i]));
    writes_copy(to, from);
    for (size_t i = 0; i < from->cell_count; i++) {
        const struct cell_row *cell = &from->cells[i];
        if (!cell->alive) continue;
        size_t at = cell_index(to, &cell->key, true) - 1; /* may move the table */
        struct cell_row *copy = &to->cells[at];
        copy->data = memory_need(malloc(cell->size + 1));
        memcpy(copy->data, cell->data, cell->size);
        copy->size = cell->size;
        copy->alive = true;
    }
}

/* What is not committed is undone again in the copy; rows and cells are found there by their key.
 */
static void copy_undo(struct memory_storage *to, const struct memory_storage *from)
{
    for (size_t i = from->undo_count; i-- > 0;) {
        const struct undo *undo = &from->undos[i];
        struct undo mine = *undo;
        if (undo->kind == UNDO_ENTRY || undo->kind == UNDO_FLAGS)
            mine.entry = entry_find(to, &undo->entry->id);
        if (undo->kind == UNDO_BLOB) {
            mine.entry = entry_find(to, &undo->before->id);
            mine.before = entry_copy(undo->before);
        }
        if (undo->kind == UNDO_DROP) mine.before = entry_copy(undo->before);
        if (undo->kind == UNDO_CELL) {
            mine.cell = cell_index(to, &undo->was.key, true) - 1;
            mine.was.data = memory_need(malloc(undo->was.size + 1));
            if (undo->was.size > 0) memcpy(mine.was.data, undo->was.data, undo->was.size);
        }
        memory_undo(to, &mine);
        if (undo->kind == UNDO_ENTRY) id_table_build(to, to->by_id_slots);
    }
}

struct memory_storage *memory_storage_clone(const struct memory_storage *from)
{
    struct memory_storage *to = memory_storage_create();
    copy_content(to, from);
    copy_undo(to, from);
    return to;
}

void memory_storage_restore(struct memory_storage *m, const struct memory_storage *snapshot)
{
    assert(!m->writing);
    struct memory_storage *copy = memory_storage_clone(snapshot);
    forget(m);
    copy->calls = m->calls;
    copy->commits = m->commits;
    copy->fail_at = m->fail_at;
    copy->fail_result = m->fail_result;
    copy->fail_lasting = m->fail_lasting;
    copy->failed = m->failed;
    copy->fail_after_commit = m->fail_after_commit;
    *m = *copy;
    free(copy);
}
