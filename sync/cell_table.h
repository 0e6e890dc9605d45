/* The entries that one cell names, each once: its id, and its lamport number where an operation of
 * it is kept in the cell. In memory in order of arrival, in the encoding (docs/records.md)
 * sorted by id. */
#ifndef SYNC_CELL_TABLE_H
#define SYNC_CELL_TABLE_H

#include <veillee/cell.h>
#include <veillee/codec.h>

#define CELL_ABSENT UINT32_MAX

/* No state is as large: what waits longest, an insertion, takes less than twice its weight. */
#define CELL_STATE_MAX (3u * VL_CELL_WEIGHT_MAX)

struct cell_entry {
    struct vl_id id;
    uint64_t lamport;
    bool has_lamport;
    uint32_t rank; /* place in the encoding; CELL_ABSENT: not named there */
};

struct cell_table {
    struct cell_entry *items;
    size_t count, capacity;
    uint32_t *slots; /* hash of ids, once there are many */
    size_t slot_count;
    uint8_t hash_key[16];
};

void cell_table_finish(struct cell_table *t);
/* Index of the id, which is added when it is new. */
VL_MUST_USE vl_result cell_table_intern(struct cell_table *t, const struct vl_id *id,
                                        uint32_t *index);
/* The same for an operation that is kept. INVALID: the entry had another lamport number. */
VL_MUST_USE vl_result cell_table_stamp(struct cell_table *t, const struct vl_stamp *stamp,
                                       uint32_t *index);

/* Ranks are set for the encoding in two steps: mark what is named, then sort. */
void cell_table_unmark(struct cell_table *t);
static inline void cell_table_mark(struct cell_table *t, uint32_t index)
{
    t->items[index].rank = 0;
}
/* *named: the marked ones in order, to be freed. */
VL_MUST_USE vl_result cell_table_rank(struct cell_table *t, uint32_t **named, size_t *count);
void cell_table_write(struct vl_writer *w, const struct cell_table *t, const uint32_t *named,
                      size_t count);
/* Into an empty table. Errors go into the reader. */
void cell_table_read(struct vl_reader *r, struct cell_table *t);
/* One of the table's indices; fails the reader otherwise. */
uint32_t cell_table_read_index(struct vl_reader *r, const struct cell_table *t);

static inline int cell_compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

#endif
