#include "sync/name_table.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/membership.h>

struct vl_name_cell {
    uint8_t size;
    uint8_t bytes[VL_MEMBER_NAME_MAX];
};

static_assert(crypto_shorthash_KEYBYTES == 16, "vl_name_table.key is a SipHash key");
static_assert(VL_MEMBER_NAME_MAX <= UINT8_MAX, "a name's size is one byte");

void vl_name_table_init(struct vl_name_table *table, bool sorted)
{
    *table = (struct vl_name_table){.is_sorted = sorted};
    randombytes_buf(table->key, sizeof table->key);
}

void vl_name_table_finish(struct vl_name_table *table)
{
    if (table == NULL) return;
    free(table->cells);
    free(table->slots);
    free(table->sorted);
    *table = (struct vl_name_table){0};
}

struct vl_bytes vl_name_table_name(const struct vl_name_table *table, uint32_t number)
{
    assert(number < table->count);
    return vl_bytes(table->cells[number].bytes, table->cells[number].size);
}

static size_t slot_of(const struct vl_name_table *table, struct vl_bytes name)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, name.data, name.size, table->key);
    uint64_t value;
    memcpy(&value, hash, sizeof value);
    size_t slot = (size_t)(value & (table->slot_count - 1));
    while (table->slots[slot] != VL_NO_INDEX &&
           !vl_bytes_equal(vl_name_table_name(table, table->slots[slot]), name))
        slot = (slot + 1) & (table->slot_count - 1);
    return slot;
}

uint32_t vl_name_table_find(const struct vl_name_table *table, struct vl_bytes name)
{
    if (table->slot_count == 0 || name.size == 0 || name.size > VL_MEMBER_NAME_MAX)
        return VL_NO_INDEX;
    return table->slots[slot_of(table, name)];
}

static vl_result grow_cells(struct vl_name_table *table)
{
    if (table->count < table->capacity) return VL_OK;
    size_t capacity = table->capacity == 0 ? 16 : table->capacity * 2;
    struct vl_name_cell *cells = realloc(table->cells, capacity * sizeof *cells);
    if (cells == NULL) return VL_ERR_NO_MEMORY;
    table->cells = cells;
    if (table->is_sorted) {
        uint32_t *sorted = realloc(table->sorted, capacity * sizeof *sorted);
        if (sorted == NULL) return VL_ERR_NO_MEMORY;
        table->sorted = sorted;
    }
    table->capacity = capacity;
    return VL_OK;
}

static vl_result grow_slots(struct vl_name_table *table)
{
    if ((table->count + 1) * 2 <= table->slot_count) return VL_OK;
    size_t slot_count = table->slot_count == 0 ? 32 : table->slot_count * 2;
    uint32_t *slots = malloc(slot_count * sizeof *slots);
    if (slots == NULL) return VL_ERR_NO_MEMORY;
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (size_t i = 0; i < slot_count; i++)
        slots[i] = VL_NO_INDEX;
    for (uint32_t i = 0; i < table->count; i++)
        slots[slot_of(table, vl_name_table_name(table, i))] = i;
    return VL_OK;
}

/* Room for one more name, so that taking it in cannot fail. */
static vl_result reserve(struct vl_name_table *table)
{
    VL_TRY(grow_cells(table));
    return grow_slots(table);
}

static void insert_sorted(struct vl_name_table *table, uint32_t number)
{
    struct vl_bytes name = vl_name_table_name(table, number);
    size_t low = 0, high = number;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vl_bytes_compare(vl_name_table_name(table, table->sorted[middle]), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(table->sorted + low + 1, table->sorted + low, (number - low) * sizeof *table->sorted);
    table->sorted[low] = number;
}

vl_result vl_name_table_intern(struct vl_name_table *table, struct vl_bytes name, uint32_t *number)
{
    if (name.size == 0 || name.size > VL_MEMBER_NAME_MAX) return VL_ERR_INVALID;
    *number = vl_name_table_find(table, name);
    if (*number != VL_NO_INDEX) return VL_OK;
    if (table->count >= VL_NO_INDEX - 1) return VL_ERR_LIMIT;
    VL_TRY(reserve(table));
    *number = (uint32_t)table->count++;
    struct vl_name_cell *cell = &table->cells[*number];
    cell->size = (uint8_t)name.size;
    memcpy(cell->bytes, name.data, name.size);
    table->slots[slot_of(table, name)] = *number;
    if (table->is_sorted) insert_sorted(table, *number);
    return VL_OK;
}
