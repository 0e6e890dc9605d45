#include "tests/support/watched_storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Allocations between these are the storage's own. */
static bool enter(const struct watched_storage *w)
{
    return w->pause != NULL && w->pause(true);
}

static vl_result leave(const struct watched_storage *w, bool before, vl_result result)
{
    if (w->pause != NULL) (void)w->pause(before);
    return result;
}

/* ---- damage ---- */

static bool is_to_be_changed(struct watched_storage *w, const void *name, size_t size)
{
    bool now = ++w->rows == w->damage_at;
    if (w->lasting != NULL) now |= memcmp(w->lasting->bytes, name, size) == 0;
    w->damaged += now;
    return now;
}

static uint8_t *copied(struct vl_bytes *bytes)
{
    uint8_t *copy = malloc(bytes->size + 8);
    if (copy == NULL) abort();
    if (bytes->size > 0) memcpy(copy, bytes->data, bytes->size);
    bytes->data = copy;
    return copy;
}

/* One bit, the end, or all of a string. */
static void change_bytes(uint8_t *data, struct vl_bytes *bytes, unsigned way)
{
    if (bytes->size == 0) return;
    if (way == 0) data[bytes->size / 2] ^= 0x40;
    if (way == 1) data[0] ^= 1;
    if (way == 2) bytes->size--;
    if (way == 3) bytes->size = 0;
}

/* One more chain, which is not here, at the end of the notes on a past. */
static void add_chain(uint8_t *data, struct vl_bytes *past)
{
    static const uint8_t item[] = {0xff, 0xff, 0x03, 0x00, 0x00};
    if (past->size == 0) return;
    data[0]++;
    memcpy(data + past->size, item, sizeof item);
    past->size += sizeof item;
}

static void change_entry(struct vl_entry_row *row, uint8_t *const copies[3], unsigned way)
{
    static const uint32_t flags[] = {VL_ENTRY_VERIFIED, VL_ENTRY_MERGED,      VL_ENTRY_ERASED,
                                     VL_ENTRY_REFUSED,  VL_ENTRY_QUARANTINED, VL_ENTRY_BARE};
    switch (way % WATCHED_WAYS) {
    case 0: row->chain = UINT32_MAX; break;
    case 1: row->chain ^= 1; break;
    case 2: row->seq++; break;
    case 3: row->seq ^= 1; break;
    case 4: row->lamport++; break;
    case 5: row->kind = row->kind == VL_ENTRY_CONTROL ? VL_ENTRY_CONTENT : VL_ENTRY_CONTROL; break;
    case 6: row->id.bytes[7] ^= 1; break;
    case WATCHED_WAY_SIGNATURE: row->entry.signature[9] ^= 1; break;
    case WATCHED_WAY_NO_BLOB: row->entry.blob = vl_bytes(NULL, 0); break;
    case 9: add_chain(copies[2], &row->past); break;
    default:
        if (way % WATCHED_WAYS < 16)
            row->flags ^= flags[way % WATCHED_WAYS - WATCHED_WAY_VERIFIED];
        else if (way % 2 == 0)
            change_bytes(copies[0], &row->entry.header, way / 2 % 4);
        else if (row->entry.blob.data != NULL && way % 4 == 1)
            change_bytes(copies[1], &row->entry.blob, way / 4 % 4);
        else
            change_bytes(copies[2], &row->past, way / 4 % 4);
    }
}

static void change_log(struct vl_log_row *row, unsigned way)
{
    switch (way % WATCHED_LOG_WAYS) {
    case 0: row->index++; break;
    case 1: row->parent = row->index + 1; break;
    case 2: row->log.bytes[3] ^= 1; break;
    case 3: row->sign_key[3] ^= 1; break;
    case 4: row->tip_seq++; break;
    case 5: row->tip.bytes[3] ^= 1; break;
    case 6: row->tip_lamport++; break;
    case 7: row->person.bytes[3] ^= 1; break;
    case 8: row->bytes++; break;
    case 9: row->controls++; break;
    default: row->first_seq++;
    }
}

/* ---- what is given out ---- */

struct giving {
    struct watched_storage *watch;
    bool before; /* what was set before the call */
    union {
        vl_entry_visit entry;
        vl_log_visit log;
        vl_cell_visit cell;
        vl_record_visit record;
    } visit;
    void *context;
};

static vl_result give_entry(void *context, const struct vl_entry_row *row)
{
    const struct giving *giving = context;
    struct watched_storage *w = giving->watch;
    struct vl_entry_row given = *row;
    uint8_t *copies[3] = {NULL, NULL, NULL};
    if (is_to_be_changed(w, row->id.bytes, sizeof row->id.bytes)) {
        if (w->way % WATCHED_WAYS == WATCHED_WAY_LOST) return VL_OK;
        copies[0] = copied(&given.entry.header);
        if (given.entry.blob.data != NULL) copies[1] = copied(&given.entry.blob);
        copies[2] = copied(&given.past);
        change_entry(&given, copies, w->way);
    }
    if (w->pause != NULL) (void)w->pause(giving->before);
    vl_result result = giving->visit.entry(giving->context, &given);
    (void)enter(w);
    for (size_t i = 0; i < 3; i++)
        free(copies[i]);
    return result;
}

static vl_result give_log(void *context, const struct vl_log_row *row)
{
    const struct giving *giving = context;
    struct watched_storage *w = giving->watch;
    struct vl_log_row given = *row;
    if (is_to_be_changed(w, row->log.bytes, sizeof row->log.bytes)) change_log(&given, w->way);
    if (w->pause != NULL) (void)w->pause(giving->before);
    vl_result result = giving->visit.log(giving->context, &given);
    (void)enter(w);
    return result;
}

static vl_result give_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    const struct giving *giving = context;
    struct watched_storage *w = giving->watch;
    struct vl_cell_key given = *key;
    uint8_t *copy = copied(&state);
    if (is_to_be_changed(w, key->record.bytes, sizeof key->record.bytes)) {
        if (w->way % WATCHED_CELL_WAYS == 5) { /* lost */
            free(copy);
            return VL_OK;
        }
        if (w->way % WATCHED_CELL_WAYS == 4)
            given.field++;
        else
            change_bytes(copy, &state, w->way % WATCHED_CELL_WAYS);
    }
    if (w->pause != NULL) (void)w->pause(giving->before);
    vl_result result = giving->visit.cell(giving->context, &given, state);
    (void)enter(w);
    free(copy);
    return result;
}

static vl_result give_record(void *context, const struct vl_record_row *row)
{
    const struct giving *giving = context;
    struct watched_storage *w = giving->watch;
    if (w->pause != NULL) (void)w->pause(giving->before);
    vl_result result = giving->visit.record(giving->context, row);
    (void)enter(w);
    return result;
}

/* ---- the port ---- */

static vl_result port_begin(void *self)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.begin(w->real.self));
}

static vl_result port_commit(void *self)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.commit(w->real.self));
}

static void port_rollback(void *self)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    w->real.rollback(w->real.self);
    (void)leave(w, before, VL_OK);
}

static vl_result port_log_put(void *self, const struct vl_log_row *row)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.log_put(w->real.self, row));
}

static vl_result port_log_scan(void *self, vl_log_visit visit, void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.log = visit}, context};
    return leave(w, giving.before, w->real.log_scan(w->real.self, give_log, &giving));
}

static vl_result port_entry_put(void *self, const struct vl_entry_row *row)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.entry_put(w->real.self, row));
}

static vl_result port_entry_flags(void *self, const struct vl_id *id, uint32_t flags)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.entry_flags(w->real.self, id, flags));
}

static vl_result port_entry_erase(void *self, const struct vl_id *id, uint32_t flags)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.entry_erase(w->real.self, id, flags));
}

static vl_result port_entry_fill(void *self, const struct vl_id *id, struct vl_bytes blob,
                                 uint32_t flags)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.entry_fill(w->real.self, id, blob, flags));
}

static vl_result port_entry_drop(void *self, uint32_t chain, uint64_t from)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.entry_drop(w->real.self, chain, from));
}

static vl_result port_entry_get(void *self, const struct vl_id *id, vl_entry_visit visit,
                                void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.entry = visit}, context};
    uint64_t damaged = w->damaged;
    vl_result result = w->real.entry_get(w->real.self, id, give_entry, &giving);
    bool lost = damaged < w->damaged && w->way % WATCHED_WAYS == WATCHED_WAY_LOST;
    return leave(w, giving.before, lost ? VL_ERR_NOT_FOUND : result);
}

static vl_result port_entry_range(void *self, uint32_t chain, uint64_t from, size_t max,
                                  vl_entry_visit visit, void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.entry = visit}, context};
    return leave(w, giving.before,
                 w->real.entry_range(w->real.self, chain, from, max, give_entry, &giving));
}

static vl_result port_entry_scan(void *self, const struct vl_scan *scan, vl_entry_visit visit,
                                 void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.entry = visit}, context};
    return leave(w, giving.before, w->real.entry_scan(w->real.self, scan, give_entry, &giving));
}

static vl_result port_cell_get(void *self, const struct vl_cell_key *key, struct vl_buffer *out)
{
    struct watched_storage *w = self;
    bool before = enter(w);
    vl_result result = w->real.cell_get(w->real.self, key, out);
    if (result == VL_OK && is_to_be_changed(w, key->record.bytes, sizeof key->record.bytes)) {
        struct vl_bytes view = vl_buffer_view(out);
        change_bytes(out->data, &view, w->way % 4);
        out->size = view.size;
    }
    return leave(w, before, result);
}

static vl_result port_cell_put(void *self, const struct vl_cell_key *key, struct vl_bytes state)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.cell_put(w->real.self, key, state));
}

static vl_result port_cell_scan(void *self, bool type_filter, uint32_t type, vl_cell_visit visit,
                                void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.cell = visit}, context};
    return leave(w, giving.before,
                 w->real.cell_scan(w->real.self, type_filter, type, give_cell, &giving));
}

static vl_result port_cell_record(void *self, uint32_t type, const struct vl_record_id *record,
                                  vl_cell_visit visit, void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.cell = visit}, context};
    return leave(w, giving.before,
                 w->real.cell_record(w->real.self, type, record, give_cell, &giving));
}

static vl_result port_cells_clear(void *self)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.cells_clear(w->real.self));
}

static vl_result port_record_clear(void *self, uint32_t type, const struct vl_record_id *record)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.record_clear(w->real.self, type, record));
}

static vl_result port_write_put(void *self, const struct vl_write *write)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.write_put(w->real.self, write));
}

static vl_result port_write_drop(void *self, const struct vl_write *write)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.write_drop(w->real.self, write));
}

static vl_result port_write_scan(void *self, const struct vl_write *from, size_t max,
                                 vl_entry_visit visit, void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.entry = visit}, context};
    return leave(w, giving.before,
                 w->real.write_scan(w->real.self, from, max, give_entry, &giving));
}

static vl_result port_record_scan(void *self, const struct vl_record_scan *scan,
                                  vl_record_visit visit, void *context)
{
    struct watched_storage *w = self;
    struct giving giving = {w, enter(w), {.record = visit}, context};
    return leave(w, giving.before, w->real.record_scan(w->real.self, scan, give_record, &giving));
}

static vl_result port_fork_put(void *self, const struct vl_id *log, struct vl_bytes proof)
{
    const struct watched_storage *w = self;
    bool before = enter(w);
    return leave(w, before, w->real.fork_put(w->real.self, log, proof));
}

static vl_result port_fork_get(void *self, const struct vl_id *log, struct vl_buffer *proof)
{
    struct watched_storage *w = self;
    bool before = enter(w);
    vl_result result = w->real.fork_get(w->real.self, log, proof);
    if (result == VL_OK && is_to_be_changed(w, log->bytes, sizeof log->bytes)) {
        struct vl_bytes view = vl_buffer_view(proof);
        change_bytes(proof->data, &view, w->way % 4);
        proof->size = view.size;
    }
    return leave(w, before, result);
}

struct vl_storage watched_storage_port(struct watched_storage *w)
{
    return (struct vl_storage){.self = w,
                               .begin = port_begin,
                               .commit = port_commit,
                               .rollback = port_rollback,
                               .log_put = port_log_put,
                               .log_scan = port_log_scan,
                               .entry_put = port_entry_put,
                               .entry_flags = port_entry_flags,
                               .entry_erase = port_entry_erase,
                               .entry_fill = port_entry_fill,
                               .entry_drop = port_entry_drop,
                               .entry_get = port_entry_get,
                               .entry_range = port_entry_range,
                               .entry_scan = port_entry_scan,
                               .cell_get = port_cell_get,
                               .cell_put = port_cell_put,
                               .cell_scan = port_cell_scan,
                               .cell_record = port_cell_record,
                               .record_clear = port_record_clear,
                               .cells_clear = port_cells_clear,
                               .write_put = port_write_put,
                               .write_drop = port_write_drop,
                               .write_scan = port_write_scan,
                               .record_scan = port_record_scan,
                               .fork_put = port_fork_put,
                               .fork_get = port_fork_get};
}
