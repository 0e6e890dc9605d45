/* Entries are found by id in a hash table, by chain in an array each, and in order in one sorted
 * array; cells in a hash table that is sorted when it is scanned. */
#include "tests/support/memory_rows.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *memory_need(void *memory)
{
    if (memory == NULL) {
        fputs("memory_storage: no memory\n", stderr);
        abort();
    }
    return memory;
}

void memory_grow(void **items, size_t size, size_t count, size_t *capacity)
{
    if (count < *capacity) return;
    *capacity = *capacity < 16 ? 16 : *capacity * 2;
    *items = memory_need(realloc(*items, *capacity * size));
}

/* ---- entries ---- */

int order_compare(const struct vl_entry_row *row, uint64_t lamport, const struct vl_id *id)
{
    if (row->lamport != lamport) return row->lamport < lamport ? -1 : 1;
    return vl_id_compare(&row->id, id);
}

/* The first place whose row is not before (lamport, id). */
size_t order_place(const struct memory_storage *m, uint64_t lamport, const struct vl_id *id)
{
    size_t low = 0, high = m->entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_compare(m->order[middle], lamport, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t id_slot(const struct memory_storage *m, const struct vl_id *id)
{
    uint64_t hash;
    memcpy(&hash, id->bytes + 8, sizeof hash);
    size_t slot = (size_t)hash & (m->by_id_slots - 1);
    while (m->by_id[slot] != NULL && !vl_id_equal(&m->by_id[slot]->id, id))
        slot = (slot + 1) & (m->by_id_slots - 1);
    return slot;
}

void id_table_build(struct memory_storage *m, size_t slots)
{
    free(m->by_id);
    m->by_id = memory_need(calloc(slots, sizeof *m->by_id));
    m->by_id_slots = slots;
    for (size_t i = 0; i < m->entry_count; i++)
        m->by_id[id_slot(m, &m->order[i]->id)] = m->order[i];
}

struct vl_entry_row *entry_find(const struct memory_storage *m, const struct vl_id *id)
{
    return m->by_id_slots == 0 ? NULL : m->by_id[id_slot(m, id)];
}

static struct vl_bytes copy_into(uint8_t **to, struct vl_bytes from)
{
    struct vl_bytes copy = from;
    if (from.data == NULL) return copy;
    if (from.size > 0) memcpy(*to, from.data, from.size);
    copy.data = *to;
    *to += from.size;
    return copy;
}

struct vl_entry_row *entry_copy(const struct vl_entry_row *row)
{
    size_t size = row->entry.header.size + row->entry.blob.size + row->past.size;
    struct vl_entry_row *copy = memory_need(malloc(sizeof *copy + size + 1));
    uint8_t *bytes = (uint8_t *)(copy + 1);
    *copy = *row;
    copy->entry.header = copy_into(&bytes, row->entry.header);
    copy->entry.blob = copy_into(&bytes, row->entry.blob);
    copy->past = copy_into(&bytes, row->past);
    return copy;
}

void entry_insert(struct memory_storage *m, struct vl_entry_row *row)
{
    memory_grow((void **)&m->order, sizeof *m->order, m->entry_count, &m->order_capacity);
    size_t at = order_place(m, row->lamport, &row->id);
    memmove(m->order + at + 1, m->order + at, (m->entry_count - at) * sizeof *m->order);
    m->order[at] = row;
    m->entry_count++;
    if (2 * m->entry_count > m->by_id_slots)
        id_table_build(m, m->by_id_slots == 0 ? 64 : 2 * m->by_id_slots);
    else
        m->by_id[id_slot(m, &row->id)] = row;
    if (row->chain >= m->chain_count) {
        size_t count = row->chain + 1u;
        m->chains = memory_need(realloc(m->chains, count * sizeof *m->chains));
        memset(m->chains + m->chain_count, 0, (count - m->chain_count) * sizeof *m->chains);
        m->chain_count = count;
    }
    struct chain_rows *chain = &m->chains[row->chain];
    memory_grow((void **)&chain->items, sizeof *chain->items, chain->count, &chain->capacity);
    assert(chain->count == 0 || chain->items[chain->count - 1]->seq + 1 == row->seq);
    chain->items[chain->count++] = row;
}

void entry_replace(struct memory_storage *m, struct vl_entry_row *before, struct vl_entry_row *row)
{
    struct chain_rows *chain = &m->chains[row->chain];
    m->order[order_place(m, row->lamport, &row->id)] = row;
    m->by_id[id_slot(m, &before->id)] = row;
    chain->items[row->seq - chain->items[0]->seq] = row;
}

void entry_wipe(struct vl_entry_row *row)
{
    size_t size = row->entry.header.size + row->entry.blob.size + row->past.size;
    sodium_memzero(row, sizeof *row + size);
    free(row);
}

void entry_remove_last(struct memory_storage *m, struct vl_entry_row *row)
{
    size_t at = order_place(m, row->lamport, &row->id);
    assert(m->order[at] == row);
    memmove(m->order + at, m->order + at + 1, (m->entry_count - at - 1) * sizeof *m->order);
    m->entry_count--;
    struct chain_rows *chain = &m->chains[row->chain];
    assert(chain->items[chain->count - 1] == row);
    chain->count--;
}

/* ---- cells ---- */

static size_t key_slot(const struct memory_storage *m, const struct vl_cell_key *key)
{
    uint64_t hash;
    memcpy(&hash, key->record.bytes, sizeof hash);
    hash = (hash ^ key->field ^ ((uint64_t)key->type << 20) ^ ((uint64_t)key->kind << 40)) *
           0x9e3779b97f4a7c15u;
    size_t slot = (size_t)(hash >> 20) & (m->by_key_slots - 1);
    while (m->by_key[slot] != 0 &&
           vl_cell_key_compare(&m->cells[m->by_key[slot] - 1].key, key) != 0)
        slot = (slot + 1) & (m->by_key_slots - 1);
    return slot;
}

static void key_table_build(struct memory_storage *m, size_t slots)
{
    free(m->by_key);
    m->by_key = memory_need(calloc(slots, sizeof *m->by_key));
    m->by_key_slots = slots;
    for (size_t i = 0; i < m->cell_count; i++)
        m->by_key[key_slot(m, &m->cells[i].key)] = i + 1;
}

size_t cell_index(struct memory_storage *m, const struct vl_cell_key *key, bool make)
{
    if (2 * (m->cell_count + 1) > m->by_key_slots)
        key_table_build(m, m->by_key_slots == 0 ? 64 : 2 * m->by_key_slots);
    size_t slot = key_slot(m, key);
    if (m->by_key[slot] != 0 || !make) return m->by_key[slot];
    memory_grow((void **)&m->cells, sizeof *m->cells, m->cell_count, &m->cell_capacity);
    m->cells[m->cell_count++] = (struct cell_row){.key = *key};
    m->by_key[slot] = m->cell_count;
    return m->cell_count;
}

static const struct cell_row *sorting;

static int sorted_compare(const void *a, const void *b)
{
    return vl_cell_key_compare(&sorting[*(const size_t *)a].key, &sorting[*(const size_t *)b].key);
}

void cells_sort(struct memory_storage *m)
{
    if (m->sorted_valid) return;
    if (m->sorted_capacity < m->cell_count) {
        m->sorted_capacity = m->cell_capacity;
        m->sorted = memory_need(realloc(m->sorted, m->sorted_capacity * sizeof *m->sorted));
    }
    for (size_t i = 0; i < m->cell_count; i++)
        m->sorted[i] = i;
    sorting = m->cells;
    if (m->cell_count > 0) qsort(m->sorted, m->cell_count, sizeof *m->sorted, sorted_compare);
    m->sorted_valid = true;
}
