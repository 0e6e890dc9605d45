/* Names (byte strings of 1 to VL_MEMBER_NAME_MAX bytes) as small numbers: 0, 1, 2... in the order
 * of their coming, and on request a list of them sorted by bytes. */
#ifndef SYNC_NAME_TABLE_H
#define SYNC_NAME_TABLE_H

#include "sync/index_list.h"
#include <veillee/bytes.h>

struct vl_name_table {
    struct vl_name_cell *cells; /* by number */
    size_t count, capacity;
    uint32_t *slots; /* hash table of numbers, VL_NO_INDEX: free */
    size_t slot_count;
    uint32_t *sorted; /* numbers in the order of their names, if asked for */
    bool is_sorted;
    uint8_t key[16]; /* of the hash: names come from strangers, who must not choose collisions */
};

void vl_name_table_init(struct vl_name_table *table, bool sorted);
void vl_name_table_finish(struct vl_name_table *table); /* accepts NULL, zeroed */

uint32_t vl_name_table_find(const struct vl_name_table *table, struct vl_bytes name);
/* View valid until the next name comes. */
struct vl_bytes vl_name_table_name(const struct vl_name_table *table, uint32_t number);
/* Finds it or gives it the next number. INVALID: empty or too long. NO_MEMORY: as before. */
VL_MUST_USE vl_result vl_name_table_intern(struct vl_name_table *table, struct vl_bytes name,
                                           uint32_t *number);

#endif
