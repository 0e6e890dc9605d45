#include "sync/dot_index.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 64u

void dot_index_finish(struct dot_index *index)
{
    free(index->slots);
    *index = (struct dot_index){0};
}

/* Its slot, or the free one where it belongs. There is always a free one. */
static struct dot_slot *slot_of(const struct dot_index *index, uint32_t entry, uint32_t operation)
{
    const uint32_t dot[2] = {entry, operation};
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t number;
    crypto_shorthash(hash, (const uint8_t *)dot, sizeof dot, index->hash_key);
    memcpy(&number, hash, sizeof number);
    for (size_t i = (size_t)number;; i++) {
        struct dot_slot *slot = &index->slots[i & (index->slot_count - 1)];
        if (slot->at == DOT_NOWHERE || (slot->entry == entry && slot->operation == operation))
            return slot;
    }
}

uint32_t dot_index_find(const struct dot_index *index, uint32_t entry, uint32_t operation)
{
    return index->slots == NULL ? DOT_NOWHERE : slot_of(index, entry, operation)->at;
}

static vl_result grow(struct dot_index *index)
{
    const struct dot_index old = *index;
    size_t slot_count = old.slots == NULL ? SLOTS_FIRST : 2 * old.slot_count;
    struct dot_slot *slots = malloc(slot_count * sizeof *slots);
    if (slots == NULL) return VL_ERR_NO_MEMORY;
    memset(slots, 0xff, slot_count * sizeof *slots); /* DOT_NOWHERE in each */
    if (old.slots == NULL) randombytes_buf(index->hash_key, sizeof index->hash_key);
    index->slots = slots;
    index->slot_count = slot_count;
    for (size_t i = 0; i < (old.slots == NULL ? 0 : old.slot_count); i++) {
        const struct dot_slot *slot = &old.slots[i];
        if (slot->at != DOT_NOWHERE) *slot_of(index, slot->entry, slot->operation) = *slot;
    }
    free(old.slots);
    return VL_OK;
}

vl_result dot_index_put(struct dot_index *index, uint32_t entry, uint32_t operation, uint32_t at)
{
    struct dot_slot *slot = index->slots == NULL ? NULL : slot_of(index, entry, operation);
    if (slot == NULL || slot->at == DOT_NOWHERE) {
        if (index->slots == NULL || 2 * (index->count + 1) > index->slot_count) {
            VL_TRY(grow(index));
            slot = slot_of(index, entry, operation);
        }
        index->count++;
    }
    *slot = (struct dot_slot){entry, operation, at};
    return VL_OK;
}
