#include "sync/tombstone_table.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 256u

static_assert(sizeof((struct tombstone_name *)0)->hash == crypto_shorthash_siphashx24_BYTES,
              "a name is a whole hash");
static_assert(sizeof((struct tombstone_table *)0)->hash_key == crypto_shorthash_siphashx24_KEYBYTES,
              "of a whole key");

void tombstone_table_finish(struct tombstone_table *t)
{
    free(t->tombstones);
    free(t->names);
    free(t->slots);
    *t = (struct tombstone_table){0};
}

static vl_result reserve(void **items, size_t size, size_t count, size_t more, size_t *capacity)
{
    size_t larger = *capacity < 8 ? 8 : *capacity;
    if (*items != NULL && count + more <= *capacity) return VL_OK;
    while (larger < count + more)
        larger *= 2;
    void *grown = realloc(*items, larger * size); /* of control entries: no overflow */
    if (grown == NULL) return VL_ERR_NO_MEMORY;
    *items = grown;
    *capacity = larger;
    return VL_OK;
}

static uint32_t *slot_of(const struct tombstone_table *t, const uint8_t hash[static 16])
{
    uint64_t number;
    memcpy(&number, hash, sizeof number);
    return &t->slots[(size_t)number & (t->slot_count - 1)];
}

static vl_result grow_slots(struct tombstone_table *t, size_t names)
{
    size_t slot_count = t->slots == NULL ? SLOTS_FIRST : t->slot_count;
    while (slot_count < names)
        slot_count *= 2;
    if (t->slots != NULL && slot_count == t->slot_count) return VL_OK;
    uint32_t *slots = malloc(slot_count * sizeof *slots);
    if (slots == NULL) return VL_ERR_NO_MEMORY;
    if (t->slots == NULL) randombytes_buf(t->hash_key, sizeof t->hash_key);
    free(t->slots);
    t->slots = slots;
    t->slot_count = slot_count;
    memset(slots, 0xff, slot_count * sizeof *slots); /* TOMBSTONE_NONE in each */
    for (uint32_t i = 0; i < t->name_count; i++) {
        uint32_t *slot = slot_of(t, t->names[i].hash);
        t->names[i].next = *slot;
        *slot = i;
    }
    return VL_OK;
}

vl_result tombstone_table_add(struct tombstone_table *t, const struct vl_id *tombstone,
                              const struct vl_id *named, size_t count)
{
    VL_TRY(reserve((void **)&t->tombstones, sizeof *t->tombstones, t->tombstone_count, 1,
                   &t->tombstone_capacity));
    VL_TRY(reserve((void **)&t->names, sizeof *t->names, t->name_count, count, &t->name_capacity));
    VL_TRY(grow_slots(t, t->name_count + count));
    for (size_t i = 0; i < count; i++) {
        struct tombstone_name *name = &t->names[t->name_count];
        (void)crypto_shorthash_siphashx24(name->hash, named[i].bytes, sizeof named[i].bytes,
                                          t->hash_key);
        uint32_t *slot = slot_of(t, name->hash);
        name->tombstone = (uint32_t)t->tombstone_count;
        name->next = *slot;
        *slot = (uint32_t)t->name_count++;
    }
    t->tombstones[t->tombstone_count++] = *tombstone;
    return VL_OK;
}

/* From that name of a slot on. */
static uint32_t find(const struct tombstone_table *t, uint32_t at, const uint8_t hash[static 16])
{
    while (at != TOMBSTONE_NONE && memcmp(t->names[at].hash, hash, 16) != 0)
        at = t->names[at].next;
    return at;
}

uint32_t tombstone_table_first(const struct tombstone_table *t, const struct vl_id *entry)
{
    uint8_t hash[16];
    if (t->slots == NULL) return TOMBSTONE_NONE;
    (void)crypto_shorthash_siphashx24(hash, entry->bytes, sizeof entry->bytes, t->hash_key);
    return find(t, *slot_of(t, hash), hash);
}

uint32_t tombstone_table_next(const struct tombstone_table *t, uint32_t at)
{
    return find(t, t->names[at].next, t->names[at].hash);
}
