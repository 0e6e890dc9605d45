/* The encoding of sequences; its layout is in docs/records.md, "Texts and lists". */
#include "sync/sequence.h"
#include "sync/text_check.h"
#include <stdlib.h>
#include <string.h>

/* ---- saving ---- */

static void mark_place(struct sequence *s, const struct sequence_place *place)
{
    if (!place->is_end) cell_table_mark(&s->table, place->entry);
}

static void mark_named(struct sequence *s)
{
    cell_table_unmark(&s->table);
    for (size_t i = 0; i < s->op_count; i++)
        cell_table_mark(&s->table, s->ops[i].entry);
    for (size_t i = 0; i < s->aside_count; i++)
        cell_table_mark(&s->table, s->aside[i].entry);
    for (size_t i = 0; i < s->waiting_count; i++) {
        cell_table_mark(&s->table, s->waiting[i].entry);
        mark_place(s, &s->waiting[i].left);
        mark_place(s, &s->waiting[i].right);
    }
}

struct ranked { /* anything that is sorted by (entry's rank, number, offset) */
    uint32_t entry, number, offset, index;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    int order = cell_compare_u32(x->entry, y->entry);
    if (order == 0) order = cell_compare_u32(x->number, y->number);
    return order != 0 ? order : cell_compare_u32(x->offset, y->offset);
}

static void sort_ranked(struct ranked *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (compare_ranked(&items[i - 1], &items[i]) <= 0) continue;
        qsort(items, count, sizeof *items, compare_ranked);
        return;
    }
}

static uint32_t rank_of(const struct sequence *s, uint32_t entry)
{
    return s->table.items[entry].rank;
}

static void write_ops(struct vl_writer *w, struct sequence *s, struct ranked *order)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < s->op_count; i++)
        order[i] = (struct ranked){rank_of(s, s->ops[i].entry), s->ops[i].number, 0, i};
    sort_ranked(order, s->op_count);
    for (uint32_t i = 0; i < s->op_count; i++)
        s->ops[order[i].index].rank = i;
    vl_write_varint(w, s->op_count);
    for (size_t i = 0; i < s->op_count; i++) {
        const struct sequence_op *op = &s->ops[order[i].index];
        vl_write_varint(w, order[i].entry - before);
        before = order[i].entry;
        vl_write_varint(w, op->number);
        if (op->parent == SEQUENCE_NONE) {
            vl_write_varint(w, 0);
            continue;
        }
        vl_write_varint(w, (uint64_t)s->ops[op->parent].rank + 1);
        vl_write_varint(w, (uint64_t)op->parent_offset * 2 + op->side);
    }
}

/* The first run after `at` that does not join it. */
static uint32_t joined_end(const struct sequence *s, uint32_t at, uint64_t *size)
{
    const struct sequence_run *run = &s->runs[at];
    uint32_t next = run->next;
    *size = run->deleted ? run->units : run->bytes.size;
    while (next != SEQUENCE_NONE && s->runs[next].op == run->op &&
           s->runs[next].deleted == run->deleted) {
        *size += run->deleted ? s->runs[next].units : s->runs[next].bytes.size;
        next = s->runs[next].next;
    }
    return next;
}

static void write_runs(struct vl_writer *w, const struct sequence *s)
{
    uint64_t count = 0, size;
    for (uint32_t at = s->first; at != SEQUENCE_NONE; at = joined_end(s, at, &size))
        count++;
    vl_write_varint(w, count);
    for (uint32_t at = s->first; at != SEQUENCE_NONE && w->result == VL_OK;) {
        uint32_t end = joined_end(s, at, &size);
        vl_write_varint(w, s->ops[s->runs[at].op].rank);
        vl_write_varint(w, size * 2 + s->runs[at].deleted);
        for (; at != end; at = s->runs[at].next)
            if (!s->runs[at].deleted)
                vl_write_exact(w, s->runs[at].bytes.data, s->runs[at].bytes.size);
    }
}

static void write_aside(struct vl_writer *w, const struct sequence *s, struct ranked *order)
{
    size_t joined = 0;
    for (uint32_t i = 0; i < s->aside_count; i++) {
        const struct sequence_span *span = &s->aside[i];
        order[i] = (struct ranked){rank_of(s, span->entry), span->number, span->offset,
                                   span->offset + span->units};
    }
    sort_ranked(order, s->aside_count); /* `index` holds the end */
    for (size_t i = 0; i < s->aside_count; i++) {
        struct ranked *last = joined > 0 ? &order[joined - 1] : NULL;
        if (last != NULL && last->entry == order[i].entry && last->number == order[i].number &&
            order[i].offset <= last->index) {
            if (order[i].index > last->index) last->index = order[i].index;
            continue;
        }
        order[joined++] = order[i];
    }
    vl_write_varint(w, joined);
    for (size_t i = 0; i < joined; i++) {
        vl_write_varint(w, order[i].entry);
        vl_write_varint(w, order[i].number);
        vl_write_varint(w, order[i].offset);
        vl_write_varint(w, order[i].index - order[i].offset);
    }
}

static void write_place(struct vl_writer *w, const struct sequence *s,
                        const struct sequence_place *place)
{
    vl_write_u8(w, place->is_end ? 0 : 1);
    if (place->is_end) return;
    vl_write_varint(w, rank_of(s, place->entry));
    vl_write_varint(w, place->number);
    vl_write_varint(w, place->offset);
}

static void write_waiting(struct vl_writer *w, const struct sequence *s, struct ranked *order)
{
    for (uint32_t i = 0; i < s->waiting_count; i++)
        order[i] = (struct ranked){rank_of(s, s->waiting[i].entry), s->waiting[i].number, 0, i};
    sort_ranked(order, s->waiting_count);
    vl_write_varint(w, s->waiting_count);
    for (size_t i = 0; i < s->waiting_count; i++) {
        const struct sequence_waiting *waiting = &s->waiting[order[i].index];
        vl_write_varint(w, order[i].entry);
        vl_write_varint(w, order[i].number);
        write_place(w, s, &waiting->left);
        write_place(w, s, &waiting->right);
        vl_write_string(w, waiting->bytes);
    }
}

vl_result sequence_save(struct sequence *s, struct vl_buffer *out)
{
    size_t before = out->size, named_count, most = s->op_count;
    struct vl_writer w = vl_writer(out, before + CELL_STATE_MAX);
    struct ranked *order;
    uint32_t *named = NULL;
    vl_result result = VL_ERR_NO_MEMORY;

    if (s->aside_count > most) most = s->aside_count;
    if (s->waiting_count > most) most = s->waiting_count;
    order = malloc((most + 1) * sizeof *order);
    if (order == NULL) goto done;
    mark_named(s);
    result = cell_table_rank(&s->table, &named, &named_count);
    if (result != VL_OK) goto done;
    cell_table_write(&w, &s->table, named, named_count);
    write_ops(&w, s, order);
    write_runs(&w, s);
    write_aside(&w, s, order);
    write_waiting(&w, s, order);
    result = vl_writer_result(&w);
    if (result == VL_ERR_TOO_LARGE) result = VL_ERR_DAMAGED; /* it had less weight than it has */
done:
    if (result != VL_OK) out->size = before;
    free(named);
    free(order);
    return result;
}

/* ---- loading: every index is checked, so whatever the bytes are nothing is read out of bounds
 * and every climb and walk ends ---- */

static void fail(struct vl_reader *r)
{
    vl_reader_fail(r, VL_ERR_DAMAGED);
}

static void keep(struct vl_reader *r, vl_result result)
{
    if (result != VL_OK) vl_reader_fail(r, result);
}

/* Parents are kept as (index + 1) until all operations are there. */
static void read_ops(struct vl_reader *r, struct sequence *s)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 3);
    uint64_t entry = 0;
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct sequence_op op = {.parent = SEQUENCE_NONE, .side = SEQUENCE_RIGHT};
        uint64_t further = vl_read_varint(r, UINT32_MAX), parent, offset;
        uint32_t index;
        entry += further;
        op.number = (uint32_t)vl_read_varint(r, UINT32_MAX);
        parent = vl_read_varint(r, count);
        if (parent > 0) {
            offset = vl_read_varint(r, (uint64_t)UINT32_MAX * 2 + 1);
            op.parent = (uint32_t)parent - 1;
            op.parent_offset = (uint32_t)(offset / 2);
            op.side = (enum sequence_side)(offset % 2);
        }
        if (entry >= s->table.count || !s->table.items[entry].has_lamport ||
            (i > 0 && further == 0 && op.number <= s->ops[i - 1].number))
            fail(r);
        if (r->result != VL_OK) return;
        op.entry = (uint32_t)entry;
        cell_table_mark(&s->table, op.entry);
        s->table.items[op.entry].rank = 1;
        keep(r, sequence_add_op(s, op, &index));
    }
}

static bool read_run(struct vl_reader *r, const struct sequence *s, struct sequence_run *run)
{
    uint64_t size;
    *run = (struct sequence_run){.piece = SEQUENCE_NONE};
    if (s->op_count == 0) return false;
    run->op = (uint32_t)vl_read_varint(r, s->op_count - 1);
    size = vl_read_varint(r, (uint64_t)UINT32_MAX * 2 + 1);
    run->deleted = size % 2 == 1;
    run->units = (uint32_t)(size / 2);
    if (!run->deleted) {
        run->bytes = vl_read_view(r, (size_t)(size / 2));
        if (r->result != VL_OK) return false;
        if (s->kind == VL_FIELD_TEXT && !text_is_clean(run->bytes)) return false;
        run->units = s->kind == VL_FIELD_LIST ? 1 : (uint32_t)text_units(run->bytes);
    }
    run->offset = s->ops[run->op].units;
    if (s->kind == VL_FIELD_LIST && (run->units != 1 || run->offset != 0)) return false;
    return r->result == VL_OK && run->units > 0 && run->units <= UINT32_MAX - run->offset;
}

static void read_runs(struct vl_reader *r, struct sequence *s, uint32_t *last_piece)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 2);
    uint32_t before = SEQUENCE_NONE;
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct sequence_run run;
        uint32_t index;
        if (!read_run(r, s, &run) || (before != SEQUENCE_NONE && s->runs[before].op == run.op &&
                                      s->runs[before].deleted == run.deleted)) {
            fail(r);
            return;
        }
        run.before = before;
        run.next = SEQUENCE_NONE;
        vl_result result = sequence_grow(&s->runs, s->run_count, &s->run_capacity, sizeof run);
        if (result != VL_OK) {
            vl_reader_fail(r, result);
            return;
        }
        index = (uint32_t)s->run_count++;
        s->runs[index] = run;
        if (before == SEQUENCE_NONE)
            s->first = index;
        else
            s->runs[before].next = index;
        if (s->ops[run.op].piece == SEQUENCE_NONE)
            s->ops[run.op].piece = index;
        else
            s->runs[last_piece[run.op]].piece = index;
        last_piece[run.op] = index;
        s->ops[run.op].units += run.units;
        before = index;
    }
}

/* Every operation has units, hangs on a unit that exists, and no climb goes round. */
static bool tree_is_sound(struct sequence *s)
{
    for (size_t i = 0; i < s->op_count; i++) {
        struct sequence_op *op = &s->ops[i];
        op->rank = 0;
        if (op->units == 0) return false;
        if (op->parent != SEQUENCE_NONE && op->parent_offset >= s->ops[op->parent].units)
            return false;
    }
    for (uint32_t i = 0; i < s->op_count; i++) { /* marks: i + 1 while climbing from i */
        uint32_t at = i;
        while (at != SEQUENCE_NONE && s->ops[at].rank == 0) {
            s->ops[at].rank = i + 1;
            at = s->ops[at].parent;
        }
        if (at != SEQUENCE_NONE && s->ops[at].rank == i + 1) return false;
        for (at = i; at != SEQUENCE_NONE && s->ops[at].rank == i + 1; at = s->ops[at].parent)
            s->ops[at].rank = SEQUENCE_NONE;
    }
    return true;
}

static void read_aside(struct vl_reader *r, struct sequence *s)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 4);
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct sequence_span span, *last = i > 0 ? &s->aside[i - 1] : NULL;
        uint32_t op;
        span.entry = cell_table_read_index(r, &s->table);
        span.number = (uint32_t)vl_read_varint(r, UINT32_MAX);
        span.offset = (uint32_t)vl_read_varint(r, UINT32_MAX);
        span.units = (uint32_t)vl_read_varint(r, UINT32_MAX - span.offset);
        if (span.units == 0) fail(r);
        if (last != NULL) {
            bool same = last->entry == span.entry && last->number == span.number;
            bool later = last->entry < span.entry ||
                         (last->entry == span.entry && last->number < span.number);
            if (same ? last->offset + last->units >= span.offset : !later) fail(r);
        }
        op = sequence_find(s, span.entry, span.number);
        if (op != SEQUENCE_NONE && span.offset < s->ops[op].units) fail(r);
        if (r->result != VL_OK) return;
        if (s->table.items[span.entry].rank == CELL_ABSENT) cell_table_mark(&s->table, span.entry);
        keep(r, sequence_grow(&s->aside, i, &s->aside_capacity, sizeof span));
        if (r->result == VL_OK) s->aside[s->aside_count++] = span;
    }
}

static struct sequence_place read_place(struct vl_reader *r, struct sequence *s)
{
    struct sequence_place place = {.is_end = true};
    uint8_t tag = vl_read_u8(r);
    if (tag > 1) fail(r);
    if (tag != 1 || r->result != VL_OK) return place;
    place.is_end = false;
    place.entry = cell_table_read_index(r, &s->table);
    place.number = (uint32_t)vl_read_varint(r, UINT32_MAX);
    place.offset = (uint32_t)vl_read_varint(r, UINT32_MAX);
    if (r->result == VL_OK && s->table.items[place.entry].rank == CELL_ABSENT)
        cell_table_mark(&s->table, place.entry);
    return place;
}

static bool lacks_origin(const struct sequence *s, const struct sequence_place *place)
{
    uint32_t op;
    if (place->is_end) return false;
    op = sequence_find(s, place->entry, place->number);
    return op == SEQUENCE_NONE || place->offset >= s->ops[op].units;
}

static void read_waiting(struct vl_reader *r, struct sequence *s)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 5);
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct sequence_waiting w = {.entry = cell_table_read_index(r, &s->table)};
        w.number = (uint32_t)vl_read_varint(r, UINT32_MAX);
        w.left = read_place(r, s);
        w.right = read_place(r, s);
        w.bytes = vl_read_string(r, VL_VALUE_BYTES_MAX);
        if (r->result != VL_OK) return;
        if (i > 0) {
            const struct sequence_waiting *last = &s->waiting[i - 1];
            if (last->entry > w.entry || (last->entry == w.entry && last->number >= w.number))
                fail(r);
        }
        if (s->kind == VL_FIELD_TEXT && (w.bytes.size == 0 || !text_is_clean(w.bytes))) fail(r);
        if (!s->table.items[w.entry].has_lamport ||
            sequence_find(s, w.entry, w.number) != SEQUENCE_NONE ||
            (!lacks_origin(s, &w.left) && !lacks_origin(s, &w.right)))
            fail(r);
        s->table.items[w.entry].rank = 1;
        keep(r, sequence_grow(&s->waiting, i, &s->waiting_capacity, sizeof w));
        if (r->result == VL_OK) s->waiting[s->waiting_count++] = w;
    }
}

static bool table_is_minimal(const struct sequence *s)
{
    for (size_t i = 0; i < s->table.count; i++) {
        const struct cell_entry *entry = &s->table.items[i];
        if (entry->rank == CELL_ABSENT || entry->has_lamport != (entry->rank == 1)) return false;
    }
    return true;
}

static vl_result load(struct sequence *s, struct vl_bytes state)
{
    struct vl_reader r = vl_reader(state);
    uint32_t *last_piece;
    cell_table_read(&r, &s->table);
    read_ops(&r, s);
    last_piece = malloc((s->op_count + 1) * sizeof *last_piece);
    if (last_piece == NULL) return VL_ERR_NO_MEMORY;
    read_runs(&r, s, last_piece);
    free(last_piece);
    if (r.result == VL_OK && !tree_is_sound(s)) fail(&r);
    read_aside(&r, s);
    read_waiting(&r, s);
    VL_TRY(vl_reader_end(&r));
    if (!table_is_minimal(s)) return VL_ERR_DAMAGED;
    return VL_OK;
}

vl_result sequence_load(struct sequence *s, enum vl_field_kind kind, struct vl_bytes state)
{
    vl_result result;
    *s = (struct sequence){.kind = kind, .first = SEQUENCE_NONE, .root_children = SEQUENCE_NONE};
    if (state.size == 0) return VL_OK;
    result = load(s, state);
    if (result == VL_OK) return VL_OK;
    sequence_finish(s);
    return result == VL_ERR_NO_MEMORY ? result : VL_ERR_DAMAGED;
}
