/* Which entries wrote to which record, for memory_storage.c. */
#include "tests/support/memory_rows.h"
#include <stdlib.h>
#include <string.h>

static size_t record_slot(const struct memory_storage *m, uint32_t type,
                          const struct vl_record_id *record)
{
    uint64_t hash = 1469598103934665603u ^ type;
    for (size_t i = 0; i < sizeof record->bytes; i++)
        hash = (hash ^ record->bytes[i]) * 1099511628211u;
    size_t slot = (size_t)(hash ^ hash >> 29) & (m->by_record_slots - 1);
    for (; m->by_record[slot] != 0; slot = (slot + 1) & (m->by_record_slots - 1)) {
        const struct written *known = &m->written[m->by_record[slot] - 1];
        if (known->type == type && memcmp(&known->record, record, sizeof *record) == 0) break;
    }
    return slot;
}

static void grow_table(struct memory_storage *m)
{
    free(m->by_record);
    m->by_record_slots = m->by_record_slots == 0 ? 64 : 2 * m->by_record_slots;
    m->by_record = memory_need(calloc(m->by_record_slots, sizeof *m->by_record));
    for (size_t i = 0; i < m->written_count; i++)
        m->by_record[record_slot(m, m->written[i].type, &m->written[i].record)] = i + 1;
}

static struct written *written_of(struct memory_storage *m, const struct vl_write *write, bool make)
{
    if (2 * m->written_count >= m->by_record_slots) grow_table(m);
    size_t slot = record_slot(m, write->type, &write->record);
    if (m->by_record[slot] != 0) return &m->written[m->by_record[slot] - 1];
    if (!make) return NULL;
    memory_grow((void **)&m->written, sizeof *m->written, m->written_count, &m->written_capacity);
    struct written *made = &m->written[m->written_count++];
    *made = (struct written){.type = write->type, .record = write->record};
    m->by_record[slot] = m->written_count;
    return made;
}

/* The first place that is not before (chain, seq). */
static size_t place_of(const struct written *written, const struct vl_write *write)
{
    size_t low = 0, high = written->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct vl_write *at = &written->items[middle];
        if (at->chain < write->chain || (at->chain == write->chain && at->seq < write->seq))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct written *written, size_t at, const struct vl_write *write)
{
    return at < written->count && written->items[at].chain == write->chain &&
           written->items[at].seq == write->seq;
}

bool write_add(struct memory_storage *m, const struct vl_write *write)
{
    struct written *written = written_of(m, write, true);
    size_t at = place_of(written, write);
    if (is_at(written, at, write)) return false;
    memory_grow((void **)&written->items, sizeof *written->items, written->count,
                &written->capacity);
    memmove(written->items + at + 1, written->items + at,
            (written->count - at) * sizeof *written->items);
    written->items[at] = *write;
    written->count++;
    return true;
}

bool write_remove(struct memory_storage *m, const struct vl_write *write)
{
    struct written *written = written_of(m, write, false);
    size_t at = written == NULL ? 0 : place_of(written, write);
    if (written == NULL || !is_at(written, at, write)) return false;
    written->count--;
    memmove(written->items + at, written->items + at + 1,
            (written->count - at) * sizeof *written->items);
    return true;
}

const struct vl_write *writes_from(struct memory_storage *m, const struct vl_write *from,
                                   size_t *count)
{
    struct written *written = written_of(m, from, false);
    size_t at = written == NULL ? 0 : place_of(written, from);
    *count = written == NULL ? 0 : written->count - at;
    return *count == 0 ? NULL : written->items + at;
}

void writes_copy(struct memory_storage *to, const struct memory_storage *from)
{
    for (size_t i = 0; i < from->written_count; i++)
        for (size_t k = 0; k < from->written[i].count; k++)
            (void)write_add(to, &from->written[i].items[k]);
}

void writes_forget(struct memory_storage *m)
{
    for (size_t i = 0; i < m->written_count; i++)
        free(m->written[i].items);
    free(m->written);
    free(m->by_record);
}
