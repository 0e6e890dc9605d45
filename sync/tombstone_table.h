/* Which tombstones name an entry. A member may write millions of names, of entries that are here or
 * not, so that each takes few bytes and is put and found in one step. A name is known by a keyed
 * hash of 16 bytes: whoever chooses ids cannot make two alike, since the key is of this process. */
#ifndef SYNC_TOMBSTONE_TABLE_H
#define SYNC_TOMBSTONE_TABLE_H

#include <veillee/hash.h>

#define TOMBSTONE_NONE UINT32_MAX

struct tombstone_name {
    uint8_t hash[16];         /* of the entry that is named */
    uint32_t tombstone, next; /* number of its tombstone; the next name in its slot */
};
struct tombstone_table { /* zeroed: empty */
    struct vl_id *tombstones;
    size_t tombstone_count, tombstone_capacity;
    struct tombstone_name *names;
    size_t name_count, name_capacity;
    uint32_t *slots; /* names by their hash */
    size_t slot_count;
    uint8_t hash_key[16];
};

void tombstone_table_finish(struct tombstone_table *t);
/* One tombstone and what it names. NO_MEMORY: the table is only to be finished. */
VL_MUST_USE vl_result tombstone_table_add(struct tombstone_table *t, const struct vl_id *tombstone,
                                          const struct vl_id *named, size_t count);
/* The tombstones that name an entry, in no order: the first, and the one after `at`, as places to
 * be handed to tombstone_table_at. TOMBSTONE_NONE: no more. */
uint32_t tombstone_table_first(const struct tombstone_table *t, const struct vl_id *entry);
uint32_t tombstone_table_next(const struct tombstone_table *t, uint32_t at);
static inline const struct vl_id *tombstone_table_at(const struct tombstone_table *t, uint32_t at)
{
    return &t->tombstones[t->names[at].tombstone];
}

#endif
