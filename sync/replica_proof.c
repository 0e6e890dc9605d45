/* A replica without storage, that holds control entries alone: see proof.h. */
#include "sync/proof.h"
#include "sync/replica_internal.h"

#include <stdlib.h>
#include <string.h>

struct proof {
    struct vl_replica *from;
    uint64_t generation; /* of `from`, as taken in */
    bool fresh;
    struct vl_replica *scratch; /* membership and enrolments are used, nothing else */
    size_t entries, bytes;      /* that the stranger has shown */
    size_t max_bytes;
};

static struct vl_bytes key_view(const uint8_t key[static 32])
{
    return vl_bytes(key, 32);
}

vl_result proof_create(struct proof **out, struct vl_replica *replica, size_t max_bytes)
{
    vl_result result = VL_ERR_NO_MEMORY;
    struct proof *p = calloc(1, sizeof *p);
    if (p == NULL) return VL_ERR_NO_MEMORY;
    p->from = replica;
    p->max_bytes = max_bytes;
    p->fresh = true;
    p->scratch = calloc(1, sizeof *p->scratch);
    if (p->scratch == NULL) goto failed;
    p->scratch->circle = replica->circle;
    result = vl_membership_create(&p->scratch->membership);
    if (result != VL_OK) goto failed;
    result = proof_update(p);
    if (result != VL_OK) goto failed;
    *out = p;
    return VL_OK;
failed:
    proof_destroy(p);
    return result;
}

void proof_destroy(struct proof *p)
{
    if (p == NULL) return;
    if (p->scratch != NULL) {
        member_clear(p->scratch);
        epoch_clear(p->scratch);
        free(p->scratch);
    }
    free(p);
}

static bool learnt(const struct proof *p, const struct vl_id *id)
{
    struct vl_bytes name = vl_bytes(id->bytes, sizeof id->bytes);
    return vl_membership_reaches(p->scratch->membership, name, name);
}

/* The enrolments of a body and its place in membership; `check` unless it was checked before. */
static vl_result learn(struct proof *p, const struct vl_entry *entry,
                       const struct vl_entry_header *header, const struct vl_id *id,
                       const uint8_t author[static 32], bool check)
{
    struct vl_control control = {0};
    VL_TRY(vl_control_decode(entry->blob, &control));
    struct control_entry view = {.id = id, .header = header, .control = &control, .author = author};
    vl_result result = check ? member_check(p->scratch, &view) : VL_OK;
    if (result == VL_OK) result = member_learn(p->scratch, &view);
    vl_control_finish(&control);
    return result;
}

static vl_result own_visit(void *context, const struct vl_entry_row *row)
{
    struct proof *p = context;
    if (row->chain >= p->from->chain_count) return VL_ERR_DAMAGED;
    if (row->seq >= p->from->chains[row->chain].live || learnt(p, &row->id)) return VL_OK;
    struct vl_entry_header header;
    VL_TRY(rows_result(vl_entry_header_decode(row->entry.header, &header)));
    const uint8_t *author = p->from->chains[row->chain].row.sign_key;
    return rows_result(learn(p, &row->entry, &header, &row->id, author, false));
}

vl_result proof_update(struct proof *p)
{
    struct vl_replica *from = p->from;
    if (!p->fresh && p->generation == vl_replica_generation(from)) return VL_OK;
    VL_TRY(replica_ready(from));
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    VL_TRY(from->storage.entry_scan(from->storage.self, &scan, own_visit, p));
    p->generation = vl_replica_generation(from);
    p->fresh = false;
    return VL_OK;
}

vl_result proof_add(struct proof *p, const struct proof_item *item)
{
    size_t size = item->entry.header.size + sizeof item->entry.signature + item->entry.blob.size;
    if (p->entries == VL_PROOF_ENTRIES_MAX || size > p->max_bytes - p->bytes) {
        return VL_ERR_LIMIT;
    }
    p->entries++;
    p->bytes += size;

    struct vl_entry_header header;
    struct vl_id id;
    struct vl_id hash;
    VL_TRY(vl_entry_header_decode(item->entry.header, &header));
    if (!vl_id_equal(&header.circle, &p->scratch->circle)) return VL_ERR_CIRCLE;
    if (header.kind != VL_ENTRY_CONTROL) return VL_ERR_KIND;
    vl_blob_hash(item->entry.blob, &hash);
    if (!vl_id_equal(&header.blob_hash, &hash) || header.blob_size != item->entry.blob.size) {
        return VL_ERR_HASH;
    }
    if (header.seq == 0 && memcmp(header.sign_key, item->author, sizeof header.sign_key) != 0) {
        return VL_ERR_SIGNATURE;
    }
    vl_entry_id(item->entry.header, &id);
    if (learnt(p, &id)) return VL_OK;
    VL_TRY(vl_entry_verify(item->entry.header, item->entry.signature, item->author));
    return learn(p, &item->entry, &header, &id, item->author, true);
}

/* AUTHORITY unless the device is current. */
static vl_result device_current(struct proof *p, const uint8_t sign[static 32])
{
    struct vl_device_state state;
    vl_result result = vl_membership_find_device(p->scratch->membership, key_view(sign), &state);
    if (result == VL_ERR_NOT_FOUND) return VL_ERR_AUTHORITY;
    VL_TRY(result);
    return state.current ? VL_OK : VL_ERR_AUTHORITY;
}

vl_result proof_noise_current(struct proof *p, const uint8_t noise[static 32])
{
    const struct vl_replica *scratch = p->scratch;
    VL_TRY(vl_membership_settle(scratch->membership));
    for (size_t i = 0; i < scratch->enrolled_count; i++) {
        const struct vl_device_card *card = &scratch->enrolled[i].card;
        if (memcmp(card->noise, noise, sizeof card->noise) != 0) continue;
        /* The card in use: another enrolment of the key may name another transport key. */
        if (member_enrolled(scratch, card->sign) != &scratch->enrolled[i]) continue;
        vl_result result = device_current(p, card->sign);
        if (result != VL_ERR_AUTHORITY) return result;
    }
    return VL_ERR_AUTHORITY;
}

vl_result proof_sign_current(struct proof *p, const uint8_t sign[static 32],
                             const struct vl_id *person)
{
    struct vl_device_state state;
    VL_TRY(vl_membership_settle(p->scratch->membership));
    VL_TRY(device_current(p, sign));
    if (person == NULL) return VL_OK;
    VL_TRY(vl_membership_find_device(p->scratch->membership, key_view(sign), &state));
    bool is_hers = vl_bytes_equal(state.person, vl_bytes(person->bytes, sizeof person->bytes));
    return is_hers ? VL_OK : VL_ERR_AUTHORITY;
}
