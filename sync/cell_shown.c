/* Cells as people see them: what erasures have left without a place stands in the text again. */
#include "sync/sequence.h"
#include <stdlib.h>
#include <string.h>
#include <veillee/storage.h>

/* ---- one cell ---- */

/* The weight, and what follows it; empty: the cell is over. */
static struct vl_bytes after_weight(struct vl_bytes state, uint64_t *weight)
{
    struct vl_reader r = vl_reader(state);
    *weight = vl_read_varint(&r, UINT64_MAX);
    if (r.result != VL_OK || vl_reader_left(&r) == 0) return (struct vl_bytes){0};
    return vl_bytes(state.data + r.at, state.size - r.at);
}

/* Visits the entries of which no operation is kept. */
static vl_result read_table(struct vl_reader *r, vl_cell_entry_visit visit, void *context,
                            bool *any)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 33);
    *any = false;
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct vl_id id;
        vl_read_exact(r, id.bytes, sizeof id.bytes);
        if (vl_read_u8(r) != 0) {
            (void)vl_read_varint(r, UINT64_MAX);
            continue;
        }
        *any = true;
        if (visit != NULL && r->result == VL_OK) VL_TRY(visit(context, &id));
    }
    return VL_OK;
}

static void skip_varints(struct vl_reader *r, size_t count)
{
    for (size_t i = 0; i < count && r->result == VL_OK; i++)
        (void)vl_read_varint(r, UINT64_MAX);
}

/* Nearly no state names an entry of which it has nothing, so nearly always the table says it all;
 * else the rest is passed over, not taken apart. */
static bool waits(struct vl_bytes sequence)
{
    struct vl_reader r = vl_reader(sequence);
    bool any;
    if (read_table(&r, NULL, NULL, &any) != VL_OK || !any) return false;
    size_t count = (size_t)vl_read_varint(&r, vl_reader_left(&r) / 3);
    for (size_t i = 0; i < count && r.result == VL_OK; i++) { /* operations in the tree */
        skip_varints(&r, 2);
        if (vl_read_varint(&r, UINT64_MAX) != 0) skip_varints(&r, 1);
    }
    count = (size_t)vl_read_varint(&r, vl_reader_left(&r) / 2);
    for (size_t i = 0; i < count && r.result == VL_OK; i++) { /* runs */
        skip_varints(&r, 1);
        uint64_t size = vl_read_varint(&r, UINT64_MAX);
        if (size % 2 == 0) (void)vl_read_view(&r, (size_t)(size / 2));
    }
    count = (size_t)vl_read_varint(&r, vl_reader_left(&r) / 4);
    skip_varints(&r, 4 * count); /* aside */
    return vl_read_varint(&r, UINT64_MAX) > 0;
}

static bool is_waiting(enum vl_field_kind kind, struct vl_bytes *sequence, uint64_t *weight)
{
    if (kind != VL_FIELD_TEXT && kind != VL_FIELD_LIST) return false;
    *sequence = after_weight(*sequence, weight);
    return sequence->size > 0 && waits(*sequence);
}

vl_result vl_cell_missing(enum vl_field_kind kind, struct vl_bytes state, vl_cell_entry_visit visit,
                          void *context)
{
    uint64_t weight;
    bool any;
    if (!is_waiting(kind, &state, &weight)) return VL_OK;
    struct vl_reader r = vl_reader(state);
    return read_table(&r, visit, context, &any);
}

static vl_result save(struct sequence *s, uint64_t weight, struct vl_buffer *out)
{
    struct vl_writer w = vl_writer(out, SIZE_MAX);
    vl_write_varint(&w, weight);
    VL_TRY(vl_writer_result(&w));
    return sequence_save(s, out);
}

vl_result vl_cell_show(enum vl_field_kind kind, struct vl_bytes state, vl_cell_is_erased is_erased,
                       void *context, struct vl_buffer *out)
{
    struct sequence s;
    uint64_t weight;
    bool is_changed;
    vl_buffer_clear(out);
    if (!is_waiting(kind, &state, &weight)) return VL_OK;
    vl_result result = sequence_load(&s, kind, state);
    if (result == VL_ERR_NO_MEMORY) return result;
    if (result != VL_OK) return VL_OK; /* whoever reads it will say so */
    result = sequence_show(&s, is_erased, context, &is_changed);
    if (result == VL_OK && is_changed) result = save(&s, weight, out);
    sequence_finish(&s);
    if (result != VL_OK) vl_buffer_clear(out);
    return result;
}

/* ---- cells of a storage ---- */

struct showing {
    const struct vl_shown_cells *cells;
    vl_cell_visit visit;
    void *context;
    bool holds_back; /* from the first cell on in which something waits */
    struct vl_cell_key from;
    struct vl_id *ids; /* missing, then of these the erased ones, sorted */
    size_t count, capacity;
    struct vl_buffer shown;
};

static vl_result note_missing(void *context, const struct vl_id *entry)
{
    struct showing *v = context;
    VL_TRY(sequence_grow(&v->ids, v->count, &v->capacity, sizeof *v->ids));
    v->ids[v->count++] = *entry;
    return VL_OK;
}

/* Nothing can be asked about entries from inside a scan. */
static vl_result hand_on(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct showing *v = context;
    size_t before = v->count;
    VL_TRY(vl_cell_missing(key->kind, state, note_missing, v));
    if (v->holds_back) return VL_OK;
    if (v->count == before) return v->visit(v->context, key, state);
    v->holds_back = true;
    v->from = *key;
    return VL_OK;
}

static int compare_ids(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

static vl_result keep_erased(struct showing *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++) {
        bool is_erased = false;
        VL_TRY(v->cells->is_erased(v->cells->self, &v->ids[i], &is_erased));
        if (is_erased) v->ids[kept++] = v->ids[i];
    }
    v->count = kept;
    if (kept > 0) qsort(v->ids, kept, sizeof *v->ids, compare_ids);
    return VL_OK;
}

static bool is_among_erased(void *context, const struct vl_id *entry)
{
    const struct showing *v = context;
    return bsearch(entry, v->ids, v->count, sizeof *v->ids, compare_ids) != NULL;
}

static vl_result hand_shown(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct showing *v = context;
    if (vl_cell_key_compare(key, &v->from) < 0) return VL_OK;
    vl_buffer_clear(&v->shown);
    if (v->count > 0) VL_TRY(vl_cell_show(key->kind, state, is_among_erased, v, &v->shown));
    return v->visit(v->context, key, v->shown.size > 0 ? vl_buffer_view(&v->shown) : state);
}

vl_result vl_cells_show(const struct vl_shown_cells *cells, vl_cell_visit visit, void *context)
{
    struct showing v = {.cells = cells, .visit = visit, .context = context};
    vl_result result = cells->scan(cells->self, hand_on, &v);
    if (result == VL_OK && v.holds_back) {
        result = keep_erased(&v);
        if (result == VL_OK) result = cells->scan(cells->self, hand_shown, &v);
    }
    free(v.ids);
    vl_buffer_wipe(&v.shown);
    return result;
}
