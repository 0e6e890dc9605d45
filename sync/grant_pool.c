#include "sync/grant_pool.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static_assert(crypto_shorthash_KEYBYTES == 16, "vl_grant_pool.key is a SipHash key");

void vl_grant_pool_init(struct vl_grant_pool *pool)
{
    *pool = (struct vl_grant_pool){0};
    randombytes_buf(pool->key, sizeof pool->key);
}

void vl_grant_pool_finish(struct vl_grant_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        vl_index_list_finish(&pool->lists[i]);
    free(pool->lists);
    free(pool->slots);
    *pool = (struct vl_grant_pool){0};
}

static bool same(const struct vl_index_list *a, const struct vl_index_list *b)
{
    return a->count == b->count && memcmp(a->at, b->at, a->count * sizeof *a->at) == 0;
}

static size_t slot_of(const struct vl_grant_pool *pool, const struct vl_index_list *list)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const uint8_t *)list->at, list->count * sizeof *list->at, pool->key);
    uint64_t value;
    memcpy(&value, hash, sizeof value);
    size_t slot = (size_t)(value & (pool->slot_count - 1));
    while (pool->slots[slot] != VL_NO_INDEX && !same(&pool->lists[pool->slots[slot]], list))
        slot = (slot + 1) & (pool->slot_count - 1);
    return slot;
}

static vl_result grow(struct vl_grant_pool *pool)
{
    if (pool->count == pool->capacity) {
        size_t capacity = pool->capacity == 0 ? 16 : pool->capacity * 2;
        struct vl_index_list *lists = realloc(pool->lists, capacity * sizeof *lists);
        if (lists == NULL) return VL_ERR_NO_MEMORY;
        pool->lists = lists;
        pool->capacity = capacity;
    }
    if ((pool->count + 1) * 2 <= pool->slot_count) return VL_OK;
    size_t slot_count = pool->slot_count == 0 ? 32 : pool->slot_count * 2;
    uint32_t *slots = malloc(slot_count * sizeof *slots);
    if (slots == NULL) return VL_ERR_NO_MEMORY;
    free(pool->slots);
    pool->slots = slots;
    pool->slot_count = slot_count;
    for (size_t i = 0; i < slot_count; i++)
        slots[i] = VL_NO_INDEX;
    for (uint32_t i = 0; i < pool->count; i++)
        slots[slot_of(pool, &pool->lists[i])] = i;
    return VL_OK;
}

vl_result vl_grant_pool_intern(struct vl_grant_pool *pool, const struct vl_index_list *list,
                               uint32_t *number)
{
    assert(list->count > 0); /* who may do something rests on something */
    VL_TRY(grow(pool));
    size_t slot = slot_of(pool, list);
    *number = pool->slots[slot];
    if (*number != VL_NO_INDEX) return VL_OK;
    struct vl_index_list copy = {0};
    VL_TRY(vl_index_list_reserve(&copy, list->count));
    for (size_t i = 0; i < list->count; i++)
        vl_index_list_push(&copy, list->at[i]);
    *number = (uint32_t)pool->count;
    pool->lists[pool->count++] = copy;
    pool->slots[slot] = *number;
    return VL_OK;
}
