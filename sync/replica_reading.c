/* Which epochs somebody new needs to read the past. Each that is sealed to her takes a control
 * entry of whoever adds her, of which a person has a bounded number; epochs cost a hostile member
 * nothing. So an epoch is worth it by what was written under it:
 *
 *   by two persons or more   always, and by this device's person alone as well
 *   by one other person      the newest KEYS_OF_ONE of hers
 *   by nobody                only if it is the newest of all, under which the next entry may be
 *
 * Epoch entries may repeat a key id. One seal is enough to read what is under it, whatever entry it
 * names; the newest with authority is taken. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_OF_ONE 32u

struct key {                     /* one key id */
    struct vl_id key_id, person; /* who wrote first under it; zeros: nobody */
    uint64_t lamport;            /* of the newest of its epochs */
    bool is_shared;              /* two persons wrote under it */
};
struct keys {
    struct vl_replica *replica;
    struct vl_id me;
    struct key *items; /* sorted by key id, each once */
    size_t count;
};

static int by_id(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    return vl_id_compare(&x->key_id, &y->key_id);
}

static int newest_first(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->lamport != y->lamport) return x->lamport > y->lamport ? -1 : 1;
    return vl_id_compare(&y->key_id, &x->key_id);
}

static vl_result keys_here(struct vl_replica *r, struct keys *keys)
{
    *keys = (struct keys){.replica = r, .items = calloc(r->epoch_count + 1, sizeof *keys->items)};
    if (keys->items == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < r->epoch_count; i++)
        keys->items[i] =
            (struct key){.key_id = r->epochs[i].key_id, .lamport = r->epochs[i].lamport};
    qsort(keys->items, r->epoch_count, sizeof *keys->items, by_id);
    for (size_t i = 0; i < r->epoch_count; i++) {
        const struct key *one = &keys->items[i];
        struct key *last = keys->count == 0 ? NULL : &keys->items[keys->count - 1];
        if (last == NULL || by_id(last, one) != 0)
            keys->items[keys->count++] = *one;
        else if (one->lamport > last->lamport)
            last->lamport = one->lamport;
    }
    return VL_OK;
}

static vl_result note_author(void *context, const struct vl_entry_row *row)
{
    struct keys *keys = context;
    struct vl_entry_header header;
    if (row->chain >= keys->replica->chain_count) return VL_ERR_DAMAGED;
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    const struct key wanted = {.key_id = header.epoch_key};
    struct key *key = bsearch(&wanted, keys->items, keys->count, sizeof wanted, by_id);
    const struct vl_id *person = &keys->replica->chains[row->chain].row.person;
    if (key == NULL || vl_id_is_zero(person)) return VL_OK; /* nobody's: by a claimed key */
    if (vl_id_is_zero(&key->person)) key->person = *person;
    key->is_shared |= !vl_id_equal(&key->person, person);
    return VL_OK;
}

/* How many of the keys before that one are of the same person alone. */
static size_t of_one_before(const struct keys *keys, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; i < at; i++)
        count += !keys->items[i].is_shared &&
                 vl_id_equal(&keys->items[i].person, &keys->items[at].person);
    return count;
}

static bool is_worth_it(const struct keys *keys, size_t at)
{
    const struct key *key = &keys->items[at];
    if (at == 0 || key->is_shared) return true;
    if (vl_id_is_zero(&key->person)) return false;
    return vl_id_equal(&key->person, &keys->me) || of_one_before(keys, at) < KEYS_OF_ONE;
}

void epoch_is_used(struct vl_replica *r, const struct vl_entry_header *header)
{
    for (size_t i = r->epoch_count; i-- > 0;) {
        if (!vl_id_equal(&r->epochs[i].key_id, &header->epoch_key)) continue;
        r->owes |= r->epochs[i].is_passed_over; /* the newest that has the key is weighed */
        return;
    }
}

vl_result reading_keys(struct vl_replica *r, struct vl_id **out, size_t *count)
{
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT};
    struct keys keys;
    *out = NULL;
    *count = 0;
    VL_TRY(keys_here(r, &keys));
    const struct chain *own = chain_own(r);
    assert(own != NULL); /* an entry of this device, the adding at least, was just written */
    keys.me = own->row.person;
    vl_result result = r->storage.entry_scan(r->storage.self, &scan, note_author, &keys);
    if (result == VL_OK) {
        *out = calloc(keys.count + 1, sizeof **out);
        if (*out == NULL) result = VL_ERR_NO_MEMORY;
    }
    if (result == VL_OK) {
        qsort(keys.items, keys.count, sizeof *keys.items, newest_first);
        for (size_t i = 0; i < keys.count; i++)
            if (is_worth_it(&keys, i)) (*out)[(*count)++] = keys.items[i].key_id;
    }
    free(keys.items);
    return result;
}

vl_result reading_is_owed(struct vl_replica *r, struct epoch *epoch,
                          const struct enrolled *newcomer, struct reading_worth *worth, bool *out)
{
    const struct vl_bytes added = vl_bytes(newcomer->entry.bytes, sizeof newcomer->entry.bytes);
    const struct vl_bytes entry = vl_bytes(epoch->entry.bytes, sizeof epoch->entry.bytes);
    *out = !vl_membership_reaches(r->membership, added, entry);
    if (*out) return VL_OK;
    for (const struct epoch *later = epoch + 1; later < r->epochs + r->epoch_count; later++)
        if (vl_id_equal(&later->key_id, &epoch->key_id)) return VL_OK; /* it repeats this one */
    if (worth->keys == NULL) VL_TRY(reading_keys(r, &worth->keys, &worth->count));
    for (size_t i = 0; i < worth->count && !*out; i++)
        *out = vl_id_equal(&worth->keys[i], &epoch->key_id);
    epoch->is_passed_over = !*out;
    return VL_OK;
}
