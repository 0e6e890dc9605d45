/* Epoch secrets. They are never stored: the control entries carry them sealed to this device, so
 * they are opened anew whenever the replica is. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const uint8_t *epoch_secret(const struct vl_replica *r, const struct vl_id *key_id)
{
    for (size_t i = r->secret_count; i-- > 0;)
        if (vl_id_equal(&r->secrets[i].key_id, key_id)) return r->secrets[i].bytes;
    return NULL;
}

struct epoch *epoch_by_entry(const struct vl_replica *r, const struct vl_id *entry)
{
    for (size_t i = r->epoch_count; i-- > 0;)
        if (vl_id_equal(&r->epochs[i].entry, entry)) return &r->epochs[i];
    return NULL;
}

vl_result epoch_keep_secret(struct vl_replica *r, const struct vl_id *key_id,
                            const uint8_t secret[static 32])
{
    if (epoch_secret(r, key_id) != NULL) return VL_OK;
    if (r->secret_count == r->secret_capacity) {
        size_t capacity = r->secret_capacity == 0 ? 16 : 2 * r->secret_capacity;
        struct secret *larger = sodium_allocarray(capacity, sizeof *larger);
        if (larger == NULL) return VL_ERR_NO_MEMORY;
        if (r->secret_count > 0) memcpy(larger, r->secrets, r->secret_count * sizeof *larger);
        sodium_free(r->secrets); /* wipes */
        r->secrets = larger;
        r->secret_capacity = capacity;
    }
    struct secret *kept = &r->secrets[r->secret_count++];
    kept->key_id = *key_id;
    memcpy(kept->bytes, secret, sizeof kept->bytes);
    r->unmerged = true;
    return VL_OK;
}

/* The box among the seals for this device, if it opens. */
static vl_result open_seals(struct vl_replica *r, const struct control_entry *entry,
                            const struct vl_id *key_id)
{
    const struct vl_control *control = entry->control;
    if (r->keys == NULL || epoch_secret(r, key_id) != NULL) return VL_OK;
    for (size_t i = 0; i < control->seal_count; i++) {
        const struct vl_seal *seal = &control->seals[i];
        if (memcmp(seal->recipient, r->keys->card.sign, sizeof seal->recipient) != 0) continue;
        uint8_t secret[32];
        vl_result result =
            vl_key_box_open(seal->box, &r->circle, key_id, r->keys, entry->author, secret);
        if (result == VL_OK) result = epoch_keep_secret(r, key_id, secret);
        sodium_memzero(secret, sizeof secret);
        if (result == VL_ERR_NO_MEMORY) return result;
    }
    return VL_OK;
}

/* Whether a control entry is in the past of the header, by its auth. */
static bool is_past(const struct vl_replica *r, const struct vl_entry_header *header,
                    const struct vl_id *entry)
{
    const struct vl_bytes name = vl_bytes(entry->bytes, sizeof entry->bytes);
    for (size_t i = 0; i < header->auth_count; i++) {
        const struct vl_id *auth = &header->auth[i];
        if (vl_membership_reaches(r->membership, vl_bytes(auth->bytes, sizeof auth->bytes), name))
            return true;
    }
    return false;
}

bool epoch_is_past(const struct vl_replica *r, const struct vl_entry_header *header)
{
    for (size_t i = r->epoch_count; i-- > 0;)
        if (vl_id_equal(&r->epochs[i].key_id, &header->epoch_key) &&
            is_past(r, header, &r->epochs[i].entry))
            return true;
    return false;
}

static vl_result learn_seal(struct vl_replica *r, const struct control_entry *entry)
{
    const struct epoch *epoch = epoch_by_entry(r, &entry->control->target);
    /* no epoch of its past: membership gives it no authority, whatever came first here */
    if (epoch == NULL || !is_past(r, entry->header, &epoch->entry)) return VL_OK;
    struct vl_id key_id = epoch->key_id;
    return open_seals(r, entry, &key_id);
}

vl_result epoch_learn_once(struct vl_replica *r, const struct control_entry *entry)
{
    return entry->control->kind == VL_CONTROL_SEAL ? learn_seal(r, entry) : VL_OK;
}

vl_result epoch_learn(struct vl_replica *r, const struct control_entry *entry)
{
    const struct vl_control *control = entry->control;
    if (control->kind == VL_CONTROL_SEAL) return learn_seal(r, entry);
    VL_TRY(
        replica_grow((void **)&r->epochs, sizeof *r->epochs, r->epoch_count, &r->epoch_capacity));
    r->epochs[r->epoch_count++] = (struct epoch){
        .entry = *entry->id, .key_id = control->key_id, .lamport = entry->header->lamport};
    return open_seals(r, entry, &control->key_id);
}

void epoch_clear(struct vl_replica *r)
{
    free(r->epochs);
    r->epochs = NULL;
    r->epoch_count = r->epoch_capacity = 0;
    sodium_free(r->secrets); /* wipes; accepts NULL */
    r->secrets = NULL;
    r->secret_count = r->secret_capacity = 0;
}

vl_result epoch_current(struct vl_replica *r, const struct epoch **out)
{
    struct vl_device_state device;
    *out = NULL;
    VL_TRY(vl_membership_settle(r->membership));
    vl_result result = vl_membership_find_device(
        r->membership, vl_bytes(r->keys->card.sign, sizeof r->keys->card.sign), &device);
    struct vl_id entry;
    if (result != VL_OK || device.write_epoch.size != sizeof entry.bytes) return VL_OK;
    memcpy(entry.bytes, device.write_epoch.data, sizeof entry.bytes);
    const struct epoch *epoch = epoch_by_entry(r, &entry);
    assert(device.current && epoch != NULL);
    if (epoch_secret(r, &epoch->key_id) != NULL) *out = epoch;
    return VL_OK;
}

static int current_then_newest(const void *a, const void *b)
{
    const struct vl_epoch_info *x = a, *y = b;
    if (x->current != y->current) return x->current ? -1 : 1;
    if (x->lamport != y->lamport) return x->lamport > y->lamport ? -1 : 1;
    return vl_id_compare(&y->entry, &x->entry);
}

size_t vl_replica_epochs(struct vl_replica *r, struct vl_epoch_info *out, size_t max)
{
    const struct epoch *current = NULL;
    if (replica_ready(r) != VL_OK || epoch_current(r, &current) != VL_OK) return 0;
    struct vl_epoch_info *all = calloc(r->epoch_count + 1, sizeof *all);
    if (all == NULL) return 0;
    size_t count = 0;
    for (size_t i = 0; i < r->epoch_count; i++) {
        const struct epoch *epoch = &r->epochs[i];
        if (epoch_secret(r, &epoch->key_id) == NULL) continue;
        all[count++] = (struct vl_epoch_info){.entry = epoch->entry,
                                              .key_id = epoch->key_id,
                                              .lamport = epoch->lamport,
                                              .current = epoch == current};
    }
    qsort(all, count, sizeof *all, current_then_newest);
    if (max > 0 && count > 0) memcpy(out, all, (count < max ? count : max) * sizeof *all);
    free(all);
    return count;
}

vl_result vl_replica_epoch_key(struct vl_replica *r, const struct vl_id *key_id,
                               enum vl_domain domain, uint8_t out[static 32])
{
    VL_TRY(replica_ready(r));
    const uint8_t *secret = epoch_secret(r, key_id);
    if (secret == NULL) return VL_ERR_NO_KEY;
    struct vl_bytes circle = vl_bytes(r->circle.bytes, sizeof r->circle.bytes);
    vl_derive_key(domain, secret, &circle, 1, out);
    return VL_OK;
}
