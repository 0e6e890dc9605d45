/* Where the dots of one cell stand, found without looking through all of them. A dot's entry is an
 * index of the cell's table. Keyed, because an author may choose among many dots. */
#ifndef SYNC_DOT_INDEX_H
#define SYNC_DOT_INDEX_H

#include <veillee/bytes.h>

#define DOT_NOWHERE UINT32_MAX

struct dot_slot {
    uint32_t entry, operation, at;
};
struct dot_index { /* zeroed: empty */
    struct dot_slot *slots;
    size_t slot_count, count;
    uint8_t hash_key[16];
};

void dot_index_finish(struct dot_index *index);
/* DOT_NOWHERE when it is not in it. */
uint32_t dot_index_find(const struct dot_index *index, uint32_t entry, uint32_t operation);
/* Replaces what was there; `at` is not DOT_NOWHERE. Of a dot that is in it: never fails. */
VL_MUST_USE vl_result dot_index_put(struct dot_index *index, uint32_t entry, uint32_t operation,
                                    uint32_t at);

#endif
