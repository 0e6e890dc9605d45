#include "sync/bitset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void vl_bitset_finish(struct vl_bitset *set)
{
    if (set == NULL) return;
    free(set->words);
    *set = (struct vl_bitset){0};
}

vl_result vl_bitset_reserve(struct vl_bitset *set, size_t bits)
{
    size_t count = bits / 64 + (bits % 64 != 0); /* so its size in bytes is no overflow */
    if (count <= set->count) return VL_OK;
    uint64_t *words = realloc(set->words, count * sizeof *words);
    if (words == NULL) return VL_ERR_NO_MEMORY;
    memset(words + set->count, 0, (count - set->count) * sizeof *words);
    set->words = words;
    set->count = count;
    return VL_OK;
}

vl_result vl_bitset_copy(struct vl_bitset *to, const struct vl_bitset *from)
{
    VL_TRY(vl_bitset_reserve(to, from->count * 64));
    vl_bitset_empty(to);
    if (from->count > 0) memcpy(to->words, from->words, from->count * sizeof *to->words);
    return VL_OK;
}

void vl_bitset_join(struct vl_bitset *to, const struct vl_bitset *from)
{
    assert(from->count <= to->count);
    for (size_t i = 0; i < from->count; i++)
        to->words[i] |= from->words[i];
}

vl_result vl_bitset_unite(struct vl_bitset *to, const struct vl_bitset *from)
{
    VL_TRY(vl_bitset_reserve(to, from->count * 64));
    vl_bitset_join(to, from);
    return VL_OK;
}

void vl_bitset_intersect(struct vl_bitset *to, const struct vl_bitset *with)
{
    for (size_t i = 0; i < to->count; i++)
        to->words[i] &= i < with->count ? with->words[i] : 0;
}

void vl_bitset_empty(struct vl_bitset *set)
{
    if (set->count > 0) memset(set->words, 0, set->count * sizeof *set->words);
}

bool vl_bitset_covers(const struct vl_bitset *set, const struct vl_bitset *part)
{
    for (size_t i = 0; i < part->count; i++) {
        uint64_t have = i < set->count ? set->words[i] : 0;
        if ((part->words[i] & ~have) != 0) return false;
    }
    return true;
}

bool vl_bitset_meets(const struct vl_bitset *a, const struct vl_bitset *b)
{
    size_t count = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < count; i++)
        if ((a->words[i] & b->words[i]) != 0) return true;
    return false;
}

bool vl_bitset_equal(const struct vl_bitset *a, const struct vl_bitset *b)
{
    return vl_bitset_covers(a, b) && vl_bitset_covers(b, a);
}

size_t vl_bitset_next(const struct vl_bitset *set, size_t from)
{
    for (size_t i = from / 64; i < set->count; i++) {
        uint64_t word = set->words[i];
        if (i == from / 64) word &= ~UINT64_C(0) << (from % 64);
        if (word != 0) return i * 64 + (size_t)__builtin_ctzll(word);
    }
    return SIZE_MAX;
}
