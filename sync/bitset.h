/* Sets of small numbers, one bit each. {0} is the empty set. Numbers past the reserved room are
 * simply not in the set, so sets of different ages compare. */
#ifndef SYNC_BITSET_H
#define SYNC_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <veillee/result.h>

struct vl_bitset {
    uint64_t *words;
    size_t count; /* words in use; those behind it are not there */
};

void vl_bitset_finish(struct vl_bitset *set); /* frees; accepts NULL, zeroed */
/* Room for the numbers below `bits`; what is in the set stays. NO_MEMORY: as before. */
VL_MUST_USE vl_result vl_bitset_reserve(struct vl_bitset *set, size_t bits);
VL_MUST_USE vl_result vl_bitset_copy(struct vl_bitset *to, const struct vl_bitset *from);
VL_MUST_USE vl_result vl_bitset_unite(struct vl_bitset *to, const struct vl_bitset *from);
/* The same where `to` has at least the room of `from`. */
void vl_bitset_join(struct vl_bitset *to, const struct vl_bitset *from);
void vl_bitset_intersect(struct vl_bitset *to, const struct vl_bitset *with);
void vl_bitset_empty(struct vl_bitset *set);

bool vl_bitset_covers(const struct vl_bitset *set, const struct vl_bitset *part);
bool vl_bitset_meets(const struct vl_bitset *a, const struct vl_bitset *b);
bool vl_bitset_equal(const struct vl_bitset *a, const struct vl_bitset *b);
/* The lowest member at or above `from`; SIZE_MAX: none. */
size_t vl_bitset_next(const struct vl_bitset *set, size_t from);

static inline bool vl_bitset_has(const struct vl_bitset *set, size_t number)
{
    size_t word = number / 64;
    return word < set->count && (set->words[word] >> (number % 64) & 1u) != 0;
}
/* The number is below what was reserved. */
static inline void vl_bitset_put(struct vl_bitset *set, size_t number)
{
    set->words[number / 64] |= UINT64_C(1) << (number % 64);
}
static inline void vl_bitset_drop(struct vl_bitset *set, size_t number)
{
    if (number / 64 < set->count) set->words[number / 64] &= ~(UINT64_C(1) << (number % 64));
}

#endif
