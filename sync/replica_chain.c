/* The chains: one row of memory for each log or branch of one, and the heads that they make
 * together. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The first place of by_log that is not before (log, index). */
static size_t chain_place(const struct vl_replica *r, const struct vl_id *log, uint32_t index)
{
    size_t low = 0, high = r->log_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct vl_log_row *row = &r->chains[r->by_log[middle]].row;
        int order = vl_id_compare(&row->log, log);
        if (order < 0 || (order == 0 && row->index < index))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const uint32_t *chain_family(const struct vl_replica *r, const struct vl_id *log, size_t *count)
{
    size_t first = chain_place(r, log, 0), end = first;
    while (end < r->log_count && vl_id_equal(&r->chains[r->by_log[end]].row.log, log))
        end++;
    *count = end - first;
    return *count > 0 ? r->by_log + first : NULL;
}

struct chain *chain_find(const struct vl_replica *r, const struct vl_id *log)
{
    size_t count;
    const uint32_t *family = chain_family(r, log, &count);
    return count > 0 ? &r->chains[family[0]] : NULL;
}

struct chain *chain_own(const struct vl_replica *r)
{
    for (size_t i = r->chain_count; i-- > 0;)
        if ((r->chains[i].row.flags & VL_LOG_OWN) != 0 && !row_is_closed(&r->chains[i].row))
            return &r->chains[i];
    return NULL;
}

/* A chain that another one goes on from at its very end is no end itself. */
size_t chain_leaves(const struct vl_replica *r, const struct vl_id *log, size_t max)
{
    size_t count, leaves = 0;
    const uint32_t *family = chain_family(r, log, &count);
    if (count < 2) return count;
    for (size_t i = 0; i < count && leaves < max; i++) {
        const struct vl_log_row *row = &r->chains[family[i]].row;
        bool goes_on = false;
        for (size_t k = 0; k < count && !goes_on; k++) {
            const struct vl_log_row *other = &r->chains[family[k]].row;
            goes_on = k != i && other->parent == row->index && other->first_seq == row->tip_seq + 1;
        }
        leaves += !goes_on;
    }
    return leaves;
}

size_t chain_count_of(const struct vl_replica *r, const struct vl_id *person)
{
    size_t count = 0;
    for (size_t i = 0; i < r->log_count; i++)
        count += vl_id_equal(&r->chains[r->by_log[i]].row.person, person);
    return count;
}

size_t vl_replica_share(const struct vl_replica *r, const struct vl_id *person)
{
    size_t count = 0;
    const struct vl_id *before = NULL;
    for (size_t i = 0; i < r->log_count; i++) {
        const struct vl_log_row *row = &r->chains[r->by_log[i]].row;
        bool again = before != NULL && vl_id_equal(before, &row->log);
        before = &row->log;
        if (!again && vl_id_equal(&row->person, person))
            count += chain_leaves(r, &row->log, SIZE_MAX);
    }
    return count;
}

uint64_t chain_last_split(const struct vl_replica *r, const struct chain *chain)
{
    size_t count;
    const uint32_t *family = chain_family(r, &chain->row.log, &count);
    uint64_t last = chain->row.first_seq;
    for (size_t i = 0; i < count; i++) {
        const struct vl_log_row *other = &r->chains[family[i]].row;
        if (other->parent == chain->row.index && other->first_seq > last) last = other->first_seq;
    }
    return last;
}

/* ---- rows come and go ---- */

uint32_t chain_free_index(const struct vl_replica *r)
{
    for (size_t i = 0; r->log_count < r->chain_count && i < r->chain_count; i++)
        if (row_is_empty(&r->chains[i].row)) return (uint32_t)i;
    return (uint32_t)r->chain_count;
}

static vl_result chain_room(struct vl_replica *r)
{
    if (r->chain_count < r->chain_capacity) return VL_OK;
    size_t capacity = r->chain_capacity;
    VL_TRY(replica_grow((void **)&r->chains, sizeof *r->chains, r->chain_count, &capacity));
    capacity = r->chain_capacity;
    VL_TRY(replica_grow((void **)&r->by_log, sizeof *r->by_log, r->chain_count, &capacity));
    r->chain_capacity = capacity;
    return VL_OK;
}

vl_result chain_add(struct vl_replica *r, const struct vl_log_row *row)
{
    if (row->index >= VL_HEADS_MAX) return VL_ERR_LIMIT;
    assert(row->index <= r->chain_count);
    VL_TRY(chain_room(r));
    if (row->index == r->chain_count)
        r->chain_count++;
    else
        assert(row_is_empty(&r->chains[row->index].row));
    r->chains[row->index] = (struct chain){.row = *row, .serial = ++r->serving};
    if (row_is_empty(row)) return VL_OK;
    size_t at = chain_place(r, &row->log, row->index);
    memmove(r->by_log + at + 1, r->by_log + at, (r->log_count - at) * sizeof *r->by_log);
    r->by_log[at] = row->index;
    r->log_count++;
    r->closed_count += row_is_closed(row);
    return VL_OK;
}

void chain_empty(struct vl_replica *r, uint32_t index)
{
    struct chain *chain = &r->chains[index];
    size_t at = chain_place(r, &chain->row.log, index);
    assert(r->by_log[at] == index);
    memmove(r->by_log + at, r->by_log + at + 1, (r->log_count - at - 1) * sizeof *r->by_log);
    r->log_count--;
    r->closed_count -= row_is_closed(&chain->row);
    *chain = (struct chain){.dirty = true};
    chain->row.index = chain->row.parent = index;
    chain->row.flags = VL_LOG_EMPTY;
}

void chain_clear(struct vl_replica *r)
{
    free(r->chains);
    free(r->by_log);
    r->chains = NULL;
    r->by_log = NULL;
    r->chain_count = r->log_count = r->chain_capacity = r->closed_count = 0;
}

/* ---- a chain grows ---- */

static uint64_t whole_size(const struct vl_entry_header *header, size_t header_size)
{
    return header_size + 64u + header->blob_size;
}

vl_result chain_has_room(const struct vl_log_row *row, const struct vl_entry_header *header,
                         size_t header_size)
{
    if (row->bytes + whole_size(header, header_size) > VL_LOG_BYTES_MAX) return VL_ERR_TOO_LARGE;
    bool control = header->kind == VL_ENTRY_CONTROL;
    return control && row->controls >= VL_LOG_CONTROLS_MAX ? VL_ERR_TOO_LARGE : VL_OK;
}

vl_result chain_advance(struct vl_replica *r, struct place *place, const struct past *past,
                        const struct vl_entry_header *header, size_t header_size)
{
    place->row.tip_seq = past->seq;
    place->row.tip = past->id;
    place->row.tip_lamport = past->lamport;
    place->row.bytes += whole_size(header, header_size);
    place->row.controls += past->is_control;
    const bool begins = place->is_new;
    if (begins) VL_TRY(chain_add(r, &place->row));
    struct chain *chain = &r->chains[place->row.index];
    /* a new chain may have crowded its person meanwhile, another run shown a fork of the log */
    place->row.flags |= chain->row.flags & (VL_LOG_CROWDED | VL_LOG_FORKED | VL_LOG_FIRST);
    if (chain->row.kept > place->row.kept) place->row.kept = chain->row.kept;
    place->is_new = false;
    chain->row = place->row;
    chain->dirty = true;
    /* what was cut back to where another one goes on may be an end of its own again */
    if (begins || (chain->row.flags & (VL_LOG_FORKED | VL_LOG_CROWDED)) == VL_LOG_FORKED)
        fork_count_person(r, &place->row.person);
    place->row.flags = chain->row.flags;
    place->row.kept = chain->row.kept;
    return VL_OK;
}

vl_result put_entry(struct vl_replica *r, const struct vl_entry *entry, enum vl_entry_kind kind,
                    const struct past *past, uint32_t flags)
{
    struct vl_buffer notes = {0};
    vl_result result = past_encode(past, &notes);
    if (result == VL_OK) {
        struct vl_entry_row row = {.id = past->id,
                                   .chain = past->chain,
                                   .seq = past->seq,
                                   .lamport = past->lamport,
                                   .kind = kind,
                                   .flags = flags,
                                   .entry = *entry,
                                   .past = vl_buffer_view(&notes)};
        result = r->storage.entry_put(r->storage.self, &row);
    }
    vl_buffer_finish(&notes);
    return result;
}

/* ---- heads ---- */

static int head_order(const void *a, const void *b)
{
    const struct vl_head *x = a, *y = b;
    if (x->seq != y->seq) return x->seq < y->seq ? -1 : 1;
    return vl_id_compare(&x->id, &y->id);
}

vl_result vl_replica_heads(const struct vl_replica *r, struct vl_head *out, size_t max,
                           size_t *count)
{
    *count = 0;
    if (r->stale) return VL_ERR_STORAGE;
    size_t first = 0; /* of the same log */
    for (size_t i = 0; i < r->log_count && i < max; i++) {
        const struct vl_log_row *row = &r->chains[r->by_log[i]].row;
        out[i] = (struct vl_head){.log = row->log, .seq = row->tip_seq, .id = row->tip};
        if (!vl_id_equal(&out[first].log, &row->log)) first = i;
        if (i > first) qsort(out + first, i - first + 1, sizeof *out, head_order);
    }
    *count = r->log_count;
    return VL_OK;
}

/* ---- the digest of the heads: docs/protocol.md, "Digests" ---- */

static void digest_open(crypto_generichash_state *state, const struct chain *chain)
{
    uint8_t seq[8];
    for (unsigned byte = 0; byte < 8; byte++)
        seq[byte] = (uint8_t)(chain->row.tip_seq >> (8 * byte));
    crypto_generichash_update(state, chain->row.log.bytes, sizeof chain->row.log.bytes);
    crypto_generichash_update(state, seq, sizeof seq);
    crypto_generichash_update(state, chain->row.tip.bytes, sizeof chain->row.tip.bytes);
}

/* What of a closed log is live follows from the heads of the open ones. */
static void digest_closed(crypto_generichash_state *state, const struct vl_id *name)
{
    crypto_generichash_update(state, name->bytes, sizeof name->bytes);
    crypto_generichash_update(state, (const uint8_t *)"closed", 6);
}

/* The next person in the order of ids of whom a log is crowded; false: there is none. */
static bool next_crowded(const struct vl_replica *r, const struct vl_id *after, struct vl_id *out)
{
    bool any = false;
    for (size_t i = 0; i < r->log_count; i++) {
        const struct chain *chain = &r->chains[r->by_log[i]];
        const struct vl_id *person = &chain->row.person;
        if ((chain->row.flags & VL_LOG_CROWDED) == 0) continue;
        if (after != NULL && vl_id_compare(person, after) <= 0) continue;
        if (any && vl_id_compare(person, out) >= 0) continue;
        *out = *person;
        any = true;
    }
    return any;
}

struct bare_digest {
    const struct vl_replica *replica;
    crypto_generichash_state *state;
    size_t count;
};

static vl_result digest_bare_one(void *context, const struct vl_entry_row *row)
{
    struct bare_digest *d = context;
    if (row->chain >= d->replica->chain_count) return VL_ERR_DAMAGED;
    if (row->seq >= d->replica->chains[row->chain].live) return VL_OK;
    if (d->count == VL_BARE_TOLD_MAX) return VL_ERR_EXISTS; /* ends the scan */
    if (d->count++ == 0) crypto_generichash_update(d->state, (const uint8_t *)"bare", 4);
    crypto_generichash_update(d->state, row->id.bytes, sizeof row->id.bytes);
    return VL_OK;
}

/* Which live entries lack their blob: two who lack different ones do not have the same. */
static vl_result digest_bare(const struct vl_replica *r, crypto_generichash_state *state)
{
    const struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED,
                                 .flags_mask = VL_ENTRY_BARE,
                                 .flags_value = VL_ENTRY_BARE};
    struct bare_digest d = {.replica = r, .state = state};
    bool any = false;
    for (size_t i = 0; i < r->chain_count; i++)
        any |= r->chains[i].bare > 0 && r->chains[i].bare <= r->chains[i].live;
    if (!any) return VL_OK;
    vl_result result = r->storage.entry_scan(r->storage.self, &scan, digest_bare_one, &d);
    return result == VL_ERR_EXISTS ? VL_OK : result;
}

void vl_replica_heads_digest(const struct vl_replica *r, struct vl_id *out)
{
    const char *domain = vl_domain_text(VL_DOMAIN_HEADS);
    crypto_generichash_state state;
    struct vl_id person;
    *out = (struct vl_id){0};
    if (r->stale) return;
    crypto_generichash_init(&state, NULL, 0, sizeof out->bytes);
    crypto_generichash_update(&state, (const uint8_t *)domain, strlen(domain) + 1);
    for (size_t i = 0; i < r->log_count; i++) {
        const struct chain *chain = &r->chains[r->by_log[i]];
        if (i > 0 && vl_id_equal(&r->chains[r->by_log[i - 1]].row.log, &chain->row.log)) continue;
        if ((chain->row.flags & VL_LOG_CROWDED) != 0) continue;
        if (row_is_closed(&chain->row))
            digest_closed(&state, &chain->row.log);
        else
            digest_open(&state, chain);
    }
    const struct vl_id *after = NULL;
    struct vl_id last;
    while (r->closed_count > 0 && next_crowded(r, after, &person)) {
        digest_closed(&state, &person);
        last = person;
        after = &last;
    }
    if (digest_bare(r, &state) != VL_OK) return; /* no digest: the heads are compared */
    crypto_generichash_final(&state, out->bytes, sizeof out->bytes);
}
