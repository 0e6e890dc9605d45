#include "sync/cell_table.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HASHED_FROM 12u /* fewer are found faster by looking through them */

void cell_table_finish(struct cell_table *t)
{
    free(t->items);
    free(t->slots);
    *t = (struct cell_table){0};
}

/* Keyed, because an author may choose among many ids of her entries. */
static size_t slot_of(const struct cell_table *t, const struct vl_id *id)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t number;
    crypto_shorthash(hash, id->bytes, sizeof id->bytes, t->hash_key);
    memcpy(&number, hash, sizeof number);
    return (size_t)number & (t->slot_count - 1);
}

static void put_slot(struct cell_table *t, uint32_t index)
{
    size_t at = slot_of(t, &t->items[index].id);
    while (t->slots[at] != CELL_ABSENT)
        at = (at + 1) & (t->slot_count - 1);
    t->slots[at] = index;
}

static vl_result grow_slots(struct cell_table *t)
{
    size_t slot_count = t->slot_count == 0 ? 64 : t->slot_count;
    uint32_t *slots;
    while (slot_count < t->capacity * 2)
        slot_count *= 2;
    if (slot_count == t->slot_count) return VL_OK;
    slots = malloc(slot_count * sizeof *slots);
    if (slots == NULL) return VL_ERR_NO_MEMORY;
    if (t->slots == NULL) randombytes_buf(t->hash_key, sizeof t->hash_key);
    free(t->slots);
    t->slots = slots;
    t->slot_count = slot_count;
    memset(slots, 0xff, slot_count * sizeof *slots);
    for (uint32_t i = 0; i < t->count; i++)
        put_slot(t, i);
    return VL_OK;
}

static vl_result reserve(struct cell_table *t)
{
    struct cell_entry *items;
    size_t capacity;
    if (t->count < t->capacity) return VL_OK;
    capacity = t->capacity == 0 ? 8 : t->capacity * 2;
    items = realloc(t->items, capacity * sizeof *items);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    t->items = items;
    t->capacity = capacity;
    return capacity > HASHED_FROM ? grow_slots(t) : VL_OK;
}

static uint32_t find(const struct cell_table *t, const struct vl_id *id)
{
    if (t->slots == NULL) {
        for (uint32_t i = 0; i < t->count; i++)
            if (memcmp(&t->items[i].id, id, sizeof *id) == 0) return i;
        return CELL_ABSENT;
    }
    for (size_t at = slot_of(t, id); t->slots[at] != CELL_ABSENT;
         at = (at + 1) & (t->slot_count - 1))
        if (memcmp(&t->items[t->slots[at]].id, id, sizeof *id) == 0) return t->slots[at];
    return CELL_ABSENT;
}

static vl_result add(struct cell_table *t, const struct vl_id *id, uint32_t *index)
{
    VL_TRY(reserve(t));
    *index = (uint32_t)t->count++;
    t->items[*index] = (struct cell_entry){.id = *id, .rank = CELL_ABSENT};
    if (t->slots != NULL) put_slot(t, *index);
    return VL_OK;
}

vl_result cell_table_intern(struct cell_table *t, const struct vl_id *id, uint32_t *index)
{
    *index = find(t, id);
    return *index == CELL_ABSENT ? add(t, id, index) : VL_OK;
}

vl_result cell_table_stamp(struct cell_table *t, const struct vl_stamp *stamp, uint32_t *index)
{
    struct cell_entry *item;
    VL_TRY(cell_table_intern(t, &stamp->dot.entry, index));
    item = &t->items[*index];
    if (item->has_lamport && item->lamport != stamp->lamport) return VL_ERR_INVALID;
    item->has_lamport = true;
    item->lamport = stamp->lamport;
    return VL_OK;
}

void cell_table_unmark(struct cell_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->items[i].rank = CELL_ABSENT;
}

struct by_id {
    const struct vl_id *id;
    uint32_t index;
};

static int compare_by_id(const void *a, const void *b)
{
    return memcmp(((const struct by_id *)a)->id, ((const struct by_id *)b)->id,
                  sizeof(struct vl_id));
}

vl_result cell_table_rank(struct cell_table *t, uint32_t **named, size_t *count)
{
    struct by_id *order = malloc((t->count + 1) * sizeof *order);
    uint32_t *out = malloc((t->count + 1) * sizeof *out);
    size_t n = 0;
    bool sorted = true;
    if (order == NULL || out == NULL) {
        free(order);
        free(out);
        return VL_ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->items[i].rank == CELL_ABSENT) continue;
        order[n] = (struct by_id){&t->items[i].id, i};
        if (n > 0 && compare_by_id(&order[n - 1], &order[n]) > 0) sorted = false;
        n++;
    }
    if (!sorted) qsort(order, n, sizeof *order, compare_by_id);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = order[i].index;
        t->items[out[i]].rank = i;
    }
    free(order);
    *named = out;
    *count = n;
    return VL_OK;
}

void cell_table_write(struct vl_writer *w, const struct cell_table *t, const uint32_t *named,
                      size_t count)
{
    vl_write_varint(w, count);
    for (size_t i = 0; i < count; i++) {
        const struct cell_entry *item = &t->items[named[i]];
        vl_write_exact(w, item->id.bytes, sizeof item->id.bytes);
        vl_write_u8(w, item->has_lamport ? 1 : 0);
        if (item->has_lamport) vl_write_varint(w, item->lamport);
    }
}

void cell_table_read(struct vl_reader *r, struct cell_table *t)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 33);
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct vl_id id;
        uint32_t index;
        vl_result result;
        uint8_t flag;
        vl_read_exact(r, id.bytes, sizeof id.bytes);
        flag = vl_read_u8(r);
        if (flag > 1) vl_reader_fail(r, VL_ERR_DAMAGED);
        if (i > 0 && memcmp(&t->items[i - 1].id, &id, sizeof id) >= 0)
            vl_reader_fail(r, VL_ERR_DAMAGED);
        if (r->result != VL_OK) return;
        result = add(t, &id, &index);
        if (result != VL_OK) {
            vl_reader_fail(r, result);
            return;
        }
        t->items[index].has_lamport = flag == 1;
        if (flag == 1) t->items[index].lamport = vl_read_varint(r, UINT64_MAX);
    }
}

uint32_t cell_table_read_index(struct vl_reader *r, const struct cell_table *t)
{
    if (t->count == 0) {
        vl_reader_fail(r, VL_ERR_DAMAGED);
        return 0;
    }
    return (uint32_t)vl_read_varint(r, t->count - 1);
}
