/* Reading: chunks for peers, scans for the domain, the digest for everybody. */
#include "sync/branches.h"
#include "sync/replica_internal.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- chunks ---- */

struct chunk { /* the entries that a chunk could hold */
    size_t max_entries, max_bytes;
    size_t count, bytes, verified; /* verified: how many up to the last that was checked */
    struct vl_id ids[VL_CHUNK_ENTRIES_MAX];
};

static vl_result chunk_measure(void *context, const struct vl_entry_row *row)
{
    struct chunk *chunk = context;
    size_t size = entry_size(&row->entry);
    if (chunk->count == chunk->max_entries || chunk->bytes + size > chunk->max_bytes)
        return VL_ERR_LIMIT;
    chunk->ids[chunk->count++] = row->id;
    chunk->bytes += size;
    if ((row->flags & VL_ENTRY_VERIFIED) != 0) chunk->verified = chunk->count;
    return VL_OK;
}

struct signature_check {
    const uint8_t *sign_key;
    bool good;
};

static vl_result check_visit(void *context, const struct vl_entry_row *row)
{
    struct signature_check *check = context;
    check->good =
        vl_entry_verify(row->entry.header, row->entry.signature, check->sign_key) == VL_OK;
    return VL_OK;
}

/* Signatures that came in the middle of a peer's chunk were not checked then: from the end back to
 * a good one. LIMIT: there is none after the last one known to be good, and none at all. */
static vl_result chunk_verify(struct vl_replica *r, const struct chain *chain, struct chunk *chunk)
{
    struct signature_check check = {.sign_key = chain->row.sign_key};
    for (size_t i = chunk->count; i-- > chunk->verified;) {
        VL_TRY(r->storage.entry_get(r->storage.self, &chunk->ids[i], check_visit, &check));
        if (!check.good) continue;
        chunk->verified = i + 1;
        return VL_OK;
    }
    return chunk->verified > 0 ? VL_OK : VL_ERR_LIMIT;
}

struct signed_end {
    const uint8_t *sign_key;
    uint64_t end; /* 0: none yet */
};

static vl_result signed_visit(void *context, const struct vl_entry_row *row)
{
    struct signed_end *found = context;
    bool good = (row->flags & VL_ENTRY_VERIFIED) != 0 ||
                vl_entry_verify(row->entry.header, row->entry.signature, found->sign_key) == VL_OK;
    if (!good) return VL_OK;
    found->end = row->seq + 1;
    return VL_ERR_EXISTS; /* ends the scan */
}

vl_result replica_signed_end(struct vl_replica *r, uint32_t index, uint64_t from, uint64_t *end)
{
    const struct chain *chain = &r->chains[index];
    struct signed_end found = {.sign_key = chain->row.sign_key};
    vl_result result =
        r->storage.entry_range(r->storage.self, index, from,
                               (size_t)(chain->row.tip_seq - from) + 1, signed_visit, &found);
    if (result != VL_OK && result != VL_ERR_EXISTS) return result;
    if (found.end == 0) return VL_ERR_DAMAGED; /* the last entry of every chain is well signed */
    *end = found.end;
    return VL_OK;
}

vl_result replica_signed_before(struct vl_replica *r, uint32_t index, uint64_t before,
                                uint64_t *end)
{
    const struct chain *chain = &r->chains[index];
    struct signed_end found = {.sign_key = chain->row.sign_key};
    for (*end = before; *end > chain->row.first_seq; (*end)--) {
        vl_result result =
            r->storage.entry_range(r->storage.self, index, *end - 1, 1, signed_visit, &found);
        if (result != VL_OK && result != VL_ERR_EXISTS) return result;
        if (found.end == *end) return VL_OK;
    }
    return VL_OK;
}

vl_result closed_signed(struct vl_replica *r, uint32_t chain, uint64_t from, uint64_t *end)
{
    VL_TRY(replica_ready(r));
    if (chain >= r->chain_count || row_is_empty(&r->chains[chain].row) ||
        from > r->chains[chain].row.tip_seq)
        return VL_ERR_NOT_FOUND;
    return replica_signed_end(r, chain, from, end);
}

static vl_result read_chunk(struct vl_replica *r, const struct chain *chain, uint64_t from,
                            size_t max_entries, size_t max_bytes, vl_entry_visit visit,
                            void *context)
{
    if (from < chain->row.first_seq || from > chain->row.tip_seq) return VL_ERR_NOT_FOUND;
    struct chunk chunk = {
        .max_entries = max_entries < VL_CHUNK_ENTRIES_MAX ? max_entries : VL_CHUNK_ENTRIES_MAX,
        .max_bytes = max_bytes < VL_CHUNK_BYTES_MAX ? max_bytes : VL_CHUNK_BYTES_MAX};
    vl_result result = r->storage.entry_range(r->storage.self, chain->row.index, from,
                                              chunk.max_entries + 1, chunk_measure, &chunk);
    if (result != VL_OK && result != VL_ERR_LIMIT) return result;
    if (chunk.count == 0) return VL_ERR_LIMIT;
    /* a chunk that ends where a peer's ended costs nothing; a much longer one is worth a check */
    if (2 * chunk.verified < chunk.count) VL_TRY(chunk_verify(r, chain, &chunk));
    return r->storage.entry_range(r->storage.self, chain->row.index, from, chunk.verified, visit,
                                  context);
}

vl_result vl_replica_read_chunk(struct vl_replica *r, const struct vl_id *log, uint64_t from,
                                size_t max_entries, size_t max_bytes, vl_entry_visit visit,
                                void *context)
{
    VL_TRY(replica_ready(r));
    const struct chain *chain = chain_find(r, log);
    if (chain == NULL) return VL_ERR_NOT_FOUND;
    return read_chunk(r, chain, from, max_entries, max_bytes, visit, context);
}

vl_result closed_read(struct vl_replica *r, uint32_t chain, uint64_t from, size_t max_entries,
                      size_t max_bytes, vl_entry_visit visit, void *context)
{
    VL_TRY(replica_ready(r));
    if (chain >= r->chain_count || row_is_empty(&r->chains[chain].row)) return VL_ERR_NOT_FOUND;
    return read_chunk(r, &r->chains[chain], from, max_entries, max_bytes, visit, context);
}

static vl_result lamport_visit(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_row *out = context;
    out->seq = row->seq;
    out->lamport = row->lamport;
    return VL_OK;
}

static vl_result wall_visit(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_header header;
    VL_TRY(vl_entry_header_decode(row->entry.header, &header));
    *(vl_wall *)context = header.wall;
    return VL_OK;
}

vl_result vl_replica_wall(struct vl_replica *r, const struct vl_id *entry, vl_wall *wall)
{
    *wall = (vl_wall){0};
    VL_TRY(replica_ready(r));
    return r->storage.entry_get(r->storage.self, entry, wall_visit, wall);
}

static vl_result has_visit(void *context, const struct vl_entry_row *row)
{
    (void)context;
    (void)row;
    return VL_OK;
}

vl_result vl_replica_has(struct vl_replica *r, const struct vl_id *entry, bool *has)
{
    VL_TRY(replica_ready(r));
    vl_result result = r->storage.entry_get(r->storage.self, entry, has_visit, NULL);
    *has = result == VL_OK;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

vl_result closed_lamport(struct vl_replica *r, uint32_t chain, uint64_t seq, uint64_t *lamport)
{
    struct vl_entry_row row = {.seq = UINT64_MAX};
    VL_TRY(replica_ready(r));
    VL_TRY(r->storage.entry_range(r->storage.self, chain, seq, 1, lamport_visit, &row));
    if (row.seq != seq) return VL_ERR_DAMAGED;
    *lamport = row.lamport;
    return VL_OK;
}

vl_result vl_replica_lamport(struct vl_replica *r, const struct vl_id *log, uint64_t seq,
                             uint64_t *lamport)
{
    *lamport = 0;
    VL_TRY(replica_ready(r));
    const struct chain *chain = chain_find(r, log);
    if (chain == NULL || seq > chain->row.tip_seq) return VL_ERR_NOT_FOUND;
    return closed_lamport(r, chain->row.index, seq, lamport);
}

struct since {
    const struct vl_replica *replica;
    const struct vl_id *known;
    size_t known_count;
    vl_entry_visit visit;
    void *context;
};

static vl_result since_visit(void *context, const struct vl_entry_row *row)
{
    const struct since *since = context;
    if (row->chain >= since->replica->chain_count) return VL_ERR_DAMAGED;
    if (row->seq >= since->replica->chains[row->chain].live) return VL_OK; /* it has no effect */
    struct vl_bytes name = vl_bytes(row->id.bytes, sizeof row->id.bytes);
    for (size_t i = 0; i < since->known_count; i++)
        if (vl_membership_reaches(since->replica->membership,
                                  vl_bytes(since->known[i].bytes, sizeof since->known[i].bytes),
                                  name))
            return VL_OK;
    return since->visit(since->context, row);
}

/* Parents first, for the order is (lamport, id). */
vl_result vl_replica_control_since(struct vl_replica *r, const struct vl_id *known,
                                   size_t known_count, vl_entry_visit visit, void *context)
{
    VL_TRY(replica_ready(r));
    struct since since = {.replica = r,
                          .known = known,
                          .known_count = known_count,
                          .visit = visit,
                          .context = context};
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    return r->storage.entry_scan(r->storage.self, &scan, since_visit, &since);
}

/* ---- records and entries ---- */

/* Cells go to readers as they are shown; the digest, the merge and verifying have them as stored.
 */
struct shown_scan {
    struct vl_replica *replica;
    const struct vl_cell_key *key; /* of one cell */
    struct vl_buffer *state;       /* its own */
    uint32_t type;
    const struct vl_record_id *record; /* NULL: all of the type */
};

static vl_result erased_visit(void *context, const struct vl_entry_row *row)
{
    *(bool *)context = (row->flags & VL_ENTRY_ERASED) != 0;
    return VL_OK;
}

static vl_result shown_is_erased(void *self, const struct vl_id *entry, bool *is_erased)
{
    const struct vl_storage *storage = &((const struct shown_scan *)self)->replica->storage;
    *is_erased = false;
    vl_result result = storage->entry_get(storage->self, entry, erased_visit, is_erased);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result scan_one(void *self, vl_cell_visit visit, void *context)
{
    const struct shown_scan *scan = self;
    return visit(context, scan->key, vl_buffer_view(scan->state));
}

static vl_result scan_many(void *self, vl_cell_visit visit, void *context)
{
    const struct shown_scan *scan = self;
    const struct vl_storage *storage = &scan->replica->storage;
    if (scan->record != NULL)
        return storage->cell_record(storage->self, scan->type, scan->record, visit, context);
    return storage->cell_scan(storage->self, true, scan->type, visit, context);
}

struct one_shown {
    const uint8_t *stored;
    struct vl_buffer shown; /* empty: as it is stored */
};

static vl_result keep_shown(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct one_shown *one = context;
    (void)key;
    if (state.data == one->stored) return VL_OK;
    return vl_buffer_append(&one->shown, state.data, state.size);
}

vl_result vl_replica_cell(struct vl_replica *r, const struct vl_cell_key *key,
                          struct vl_buffer *state)
{
    struct shown_scan scan = {.replica = r, .key = key, .state = state};
    const struct vl_shown_cells cells = {&scan, scan_one, shown_is_erased};
    VL_TRY(replica_ready(r));
    VL_TRY(r->storage.cell_get(r->storage.self, key, state));
    struct one_shown one = {.stored = state->data};
    vl_result result = vl_cells_show(&cells, keep_shown, &one);
    if (result == VL_OK && one.shown.size > 0) {
        struct vl_buffer stored = *state;
        *state = one.shown;
        one.shown = stored;
    }
    if (result != VL_OK) vl_buffer_clear(state);
    vl_buffer_wipe(&one.shown);
    return result;
}

vl_result vl_replica_record(struct vl_replica *r, uint32_t type, const struct vl_record_id *record,
                            vl_cell_visit visit, void *context)
{
    struct shown_scan scan = {.replica = r, .type = type, .record = record};
    const struct vl_shown_cells cells = {&scan, scan_many, shown_is_erased};
    VL_TRY(replica_ready(r));
    return vl_cells_show(&cells, visit, context);
}

vl_result vl_replica_records(struct vl_replica *r, uint32_t type, vl_cell_visit visit,
                             void *context)
{
    struct shown_scan scan = {.replica = r, .type = type};
    const struct vl_shown_cells cells = {&scan, scan_many, shown_is_erased};
    VL_TRY(replica_ready(r));
    return vl_cells_show(&cells, visit, context);
}

vl_result vl_replica_find_records(struct vl_replica *r, const struct vl_record_scan *scan,
                                  vl_record_visit visit, void *context)
{
    VL_TRY(replica_ready(r));
    return r->storage.record_scan(r->storage.self, scan, visit, context);
}

vl_result vl_replica_entries(struct vl_replica *r, const struct vl_scan *scan, vl_entry_visit visit,
                             void *context)
{
    VL_TRY(replica_ready(r));
    return r->storage.entry_scan(r->storage.self, scan, visit, context);
}

vl_result vl_replica_writers(struct vl_replica *r, uint32_t type, const struct vl_record_id *record,
                             vl_entry_visit visit, void *context)
{
    const struct vl_write all = {.type = type, .record = *record};
    VL_TRY(replica_ready(r));
    return r->storage.write_scan(r->storage.self, &all, 0, visit, context);
}

struct open_body {
    const struct vl_replica *replica;
    struct vl_buffer *body;
};

static vl_result open_visit(void *context, const struct vl_entry_row *row)
{
    const struct open_body *open = context;
    struct vl_entry_header header;
    if (row->entry.blob.data == NULL) return VL_ERR_NOT_FOUND;
    if (row->kind == VL_ENTRY_CONTROL)
        return vl_buffer_append(open->body, row->entry.blob.data, row->entry.blob.size);
    if (vl_entry_header_decode(row->entry.header, &header) != VL_OK) return VL_ERR_DAMAGED;
    if (!epoch_is_past(open->replica, &header)) return VL_ERR_NO_KEY;
    return replica_open_body(open->replica, &header, row->entry.blob, open->body);
}

vl_result vl_replica_entry_body(struct vl_replica *r, const struct vl_id *id,
                                struct vl_buffer *body)
{
    VL_TRY(replica_ready(r));
    struct open_body open = {.replica = r, .body = body};
    return r->storage.entry_get(r->storage.self, id, open_visit, &open);
}

/* ---- the state digest: docs/records.md, "The state digest" ---- */

#define DUMP_PIECE 4096u

struct dump {
    crypto_generichash_state hash;
    struct vl_buffer buffer;
};

static vl_result dump_flush(struct dump *dump)
{
    crypto_generichash_update(&dump->hash, dump->buffer.data, dump->buffer.size);
    vl_buffer_clear(&dump->buffer);
    return VL_OK;
}

static vl_result dump_membership(struct vl_membership *membership, struct dump *dump)
{
    VL_TRY(vl_membership_settle(membership));
    struct vl_writer w = vl_writer(&dump->buffer, SIZE_MAX);
    size_t persons = vl_membership_person_count(membership);
    vl_write_varint(&w, persons);
    for (size_t i = 0; i < persons; i++) {
        struct vl_person_state person;
        vl_membership_person(membership, i, &person);
        vl_write_exact(&w, person.name.data, person.name.size);
        vl_write_u8(&w, person.role == VL_ROLE_FACILITATOR ? 2 : person.role == VL_ROLE_MEMBER);
        vl_write_u8(&w, person.confirmed);
    }
    size_t devices = vl_membership_device_count(membership);
    vl_write_varint(&w, devices);
    for (size_t i = 0; i < devices; i++) {
        struct vl_device_state device;
        vl_membership_device(membership, i, &device);
        vl_write_exact(&w, device.device.data, device.device.size);
        vl_write_exact(&w, device.person.data, device.person.size);
        vl_write_u8(&w, device.current);
    }
    VL_TRY(vl_writer_result(&w));
    return dump_flush(dump);
}

static vl_result dump_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct dump *dump = context;
    struct vl_writer w = vl_writer(&dump->buffer, SIZE_MAX);
    if (key->type >= VL_TYPE_SEALED) return VL_OK;
    vl_write_varint(&w, key->type);
    vl_write_exact(&w, key->record.bytes, sizeof key->record.bytes);
    vl_write_varint(&w, key->field);
    vl_write_u8(&w, (uint8_t)key->kind);
    vl_write_string(&w, state);
    VL_TRY(vl_writer_result(&w));
    return dump->buffer.size < DUMP_PIECE ? VL_OK : dump_flush(dump);
}

vl_result replica_digest(struct vl_membership *membership, const struct vl_storage *storage,
                         struct vl_id *out)
{
    const char *domain = vl_domain_text(VL_DOMAIN_STATE);
    struct dump dump = {0};
    crypto_generichash_init(&dump.hash, NULL, 0, sizeof out->bytes);
    crypto_generichash_update(&dump.hash, (const uint8_t *)domain, strlen(domain) + 1);
    vl_result result = dump_membership(membership, &dump);
    if (result == VL_OK) result = storage->cell_scan(storage->self, false, 0, dump_cell, &dump);
    if (result == VL_OK) result = dump_flush(&dump);
    crypto_generichash_final(&dump.hash, out->bytes, sizeof out->bytes);
    if (result != VL_OK) *out = (struct vl_id){0};
    vl_buffer_wipe(&dump.buffer);
    return result;
}

vl_result vl_replica_digest(struct vl_replica *r, struct vl_id *out)
{
    *out = (struct vl_id){0};
    VL_TRY(replica_ready(r));
    VL_TRY(merge_pending(r));
    return replica_digest(r->membership, &r->storage, out);
}
