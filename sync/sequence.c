#include "sync/sequence.h"
#include "sync/text_check.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void sequence_finish(struct sequence *s)
{
    cell_table_finish(&s->table);
    free(s->runs);
    free(s->ops);
    free(s->slots);
    free(s->aside);
    free(s->waiting);
    *s = (struct sequence){.first = SEQUENCE_NONE, .root_children = SEQUENCE_NONE};
}

static uint32_t units_of(const struct sequence *s, struct vl_bytes bytes)
{
    return s->kind == VL_FIELD_LIST ? 1 : (uint32_t)text_units(bytes);
}

/* ---- runs ---- */

static vl_result add_run(struct sequence *s, struct sequence_run run, uint32_t *index)
{
    VL_TRY(sequence_grow(&s->runs, s->run_count, &s->run_capacity, sizeof *s->runs));
    *index = (uint32_t)s->run_count++;
    s->runs[*index] = run;
    return VL_OK;
}

static uint32_t run_of(const struct sequence *s, struct sequence_unit unit)
{
    uint32_t at = s->ops[unit.op].piece;
    while (unit.offset - s->runs[at].offset >= s->runs[at].units) {
        at = s->runs[at].piece;
        assert(at != SEQUENCE_NONE);
    }
    return at;
}

/* Links `index` into the walk after `before` (SEQUENCE_NONE: at its start). */
static void link_after(struct sequence *s, uint32_t index, uint32_t before)
{
    struct sequence_run *run = &s->runs[index];
    run->before = before;
    if (before == SEQUENCE_NONE) {
        run->next = s->first;
        s->first = index;
    } else {
        run->next = s->runs[before].next;
        s->runs[before].next = index;
    }
    if (run->next != SEQUENCE_NONE) s->runs[run->next].before = index;
}

/* The run keeps its first `units` units; the rest become a run after it. */
static vl_result split(struct sequence *s, uint32_t index, uint32_t units)
{
    struct sequence_run rest = s->runs[index];
    struct sequence_run *run;
    uint32_t added;
    assert(units > 0 && units < rest.units);
    rest.offset += units;
    rest.units -= units;
    if (!rest.deleted) {
        size_t size = text_bytes_of(rest.bytes, units);
        rest.bytes = vl_bytes(rest.bytes.data + size, rest.bytes.size - size);
    }
    VL_TRY(add_run(s, rest, &added));
    run = &s->runs[index];
    run->units = units;
    run->bytes.size -= rest.bytes.size;
    run->piece = added;
    link_after(s, added, index);
    return VL_OK;
}

/* ---- deletions ---- */

static vl_result put_aside(struct sequence *s, struct sequence_span span)
{
    VL_TRY(sequence_grow(&s->aside, s->aside_count, &s->aside_capacity, sizeof *s->aside));
    s->aside[s->aside_count++] = span;
    return VL_OK;
}

/* Units from..to of an operation in the tree. */
static vl_result delete_units(struct sequence *s, uint32_t op, uint32_t from, uint32_t to)
{
    for (uint32_t at = s->ops[op].piece; at != SEQUENCE_NONE; at = s->runs[at].piece) {
        uint32_t start = s->runs[at].offset, end = start + s->runs[at].units;
        if (end <= from || s->runs[at].deleted) continue;
        if (start >= to) break;
        if (start < from) { /* the rest is the next piece */
            VL_TRY(split(s, at, from - start));
            continue;
        }
        if (end > to) VL_TRY(split(s, at, to - start));
        s->runs[at].deleted = true;
        s->runs[at].bytes = (struct vl_bytes){0};
    }
    return VL_OK;
}

/* What of the span is in the tree is deleted; *left is what is not. */
static vl_result delete_span(struct sequence *s, struct sequence_span span,
                             struct sequence_span *left)
{
    uint32_t op = sequence_find(s, span.entry, span.number);
    uint32_t end = span.offset + span.units, units;
    *left = span;
    if (op == SEQUENCE_NONE) return VL_OK;
    units = s->ops[op].units;
    if (span.offset < units) VL_TRY(delete_units(s, op, span.offset, end < units ? end : units));
    left->offset = span.offset > units ? span.offset : units;
    left->units = end > left->offset ? end - left->offset : 0;
    return VL_OK;
}

vl_result sequence_delete(struct sequence *s, const struct vl_operation *op)
{
    for (size_t i = 0; i < op->span_count; i++) {
        const struct vl_span *named = &op->spans[i];
        struct sequence_span span = {
            .number = named->dot.operation, .offset = named->offset, .units = named->length};
        VL_TRY(cell_table_intern(&s->table, &named->dot.entry, &span.entry));
        VL_TRY(delete_span(s, span, &span));
        if (span.units > 0) VL_TRY(put_aside(s, span));
    }
    return VL_OK;
}

/* Deletions of `op` that came before it. */
static vl_result take_from_aside(struct sequence *s, uint32_t op)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->aside_count; i++) {
        struct sequence_span span = s->aside[i];
        if (span.entry == s->ops[op].entry && span.number == s->ops[op].number)
            VL_TRY(delete_span(s, span, &span));
        if (span.units > 0) s->aside[kept++] = span;
    }
    s->aside_count = kept;
    return VL_OK;
}

/* From the last one on, because what is deleted splits what is before it: so each is found in the
 * first piece. */
vl_result sequence_take_aside(struct sequence *s)
{
    size_t kept = 0;
    for (size_t i = s->aside_count; i-- > 0;)
        VL_TRY(delete_span(s, s->aside[i], &s->aside[i]));
    for (size_t i = 0; i < s->aside_count; i++)
        if (s->aside[i].units > 0) s->aside[kept++] = s->aside[i];
    s->aside_count = kept;
    return VL_OK;
}

/* ---- insertions ---- */

/* false: not in the tree. */
static bool find_unit(const struct sequence *s, const struct sequence_place *place,
                      struct sequence_unit *unit)
{
    *unit = (struct sequence_unit){SEQUENCE_NONE, 0};
    if (place->is_end) return true;
    unit->op = sequence_find(s, place->entry, place->number);
    unit->offset = place->offset;
    return unit->op != SEQUENCE_NONE && unit->offset < s->ops[unit->op].units;
}

/* The rule of docs/records.md; `right` SEQUENCE_NONE is the end of the document. */
static void choose_parent(const struct sequence *s, struct sequence_unit left,
                          struct sequence_unit right, struct sequence_op *op)
{
    bool under_right = right.op != SEQUENCE_NONE && sequence_in_right_subtree(s, right, left);
    struct sequence_unit parent = under_right ? right : left;
    op->side = under_right ? SEQUENCE_LEFT : SEQUENCE_RIGHT;
    op->parent = parent.op;
    op->parent_offset = parent.offset;
}

static vl_result walk_in(struct sequence *s, uint32_t index, struct vl_bytes bytes)
{
    struct sequence_run run = {
        .op = index, .units = s->ops[index].units, .piece = SEQUENCE_NONE, .bytes = bytes};
    struct sequence_unit unit;
    bool is_before = sequence_position(s, index, &unit);
    uint32_t before = SEQUENCE_NONE, added;

    if (unit.op != SEQUENCE_NONE) {
        uint32_t keep = is_before ? unit.offset : unit.offset + 1;
        uint32_t at = run_of(s, unit);
        keep -= s->runs[at].offset;
        if (keep > 0 && keep < s->runs[at].units) VL_TRY(split(s, at, keep));
        before = keep > 0 ? at : s->runs[at].before;
    }
    VL_TRY(add_run(s, run, &added));
    link_after(s, added, before);
    s->ops[index].piece = added;
    return VL_OK;
}

vl_result sequence_place(struct sequence *s, const struct sequence_waiting *w, uint32_t *index)
{
    struct sequence_op op = {
        .entry = w->entry, .number = w->number, .units = units_of(s, w->bytes)};
    struct sequence_unit left, right;
    *index = SEQUENCE_NONE;
    if (!find_unit(s, &w->left, &left) || !find_unit(s, &w->right, &right)) return VL_OK;
    choose_parent(s, left, right, &op);
    VL_TRY(sequence_add_op(s, op, index));
    sequence_hang(s, *index);
    return walk_in(s, *index, w->bytes);
}

/* *done: it was placed (or was here before). */
static vl_result try_place(struct sequence *s, const struct sequence_waiting *w, bool *done)
{
    uint32_t index;
    *done = sequence_find(s, w->entry, w->number) != SEQUENCE_NONE;
    if (*done) return VL_OK;
    VL_TRY(sequence_place(s, w, &index));
    *done = index != SEQUENCE_NONE;
    return *done ? take_from_aside(s, index) : VL_OK;
}

static bool waits_for(const struct sequence_waiting *w, uint32_t entry, uint32_t number)
{
    return (!w->left.is_end && w->left.entry == entry && w->left.number == number) ||
           (!w->right.is_end && w->right.entry == entry && w->right.number == number);
}

/* Places what waited for (entry, number), then what waited for that, and so on: those that were
 * placed move to the end of the list and are taken from there. */
static vl_result place_waiting(struct sequence *s, uint32_t entry, uint32_t number)
{
    size_t left = s->waiting_count, next = s->waiting_count;
    for (;;) {
        for (size_t i = 0; i < left;) {
            struct sequence_waiting w = s->waiting[i];
            bool done = false;
            if (waits_for(&w, entry, number)) VL_TRY(try_place(s, &w, &done));
            if (!done) {
                i++;
                continue;
            }
            s->waiting[i] = s->waiting[--left];
            s->waiting[left] = w;
        }
        if (next == left) break;
        next--;
        entry = s->waiting[next].entry;
        number = s->waiting[next].number;
    }
    s->waiting_count = left;
    return VL_OK;
}

static vl_result intern_place(struct sequence *s, const struct vl_place *from,
                              struct sequence_place *to)
{
    *to = (struct sequence_place){.is_end = from->is_end};
    if (from->is_end) return VL_OK;
    to->number = from->dot.operation;
    to->offset = from->offset;
    return cell_table_intern(&s->table, &from->dot.entry, &to->entry);
}

vl_result sequence_insert(struct sequence *s, const struct vl_operation *op,
                          const struct vl_stamp *stamp)
{
    struct sequence_waiting w = {.number = stamp->dot.operation, .bytes = op->value};
    bool done;
    VL_TRY(sequence_hang_all(s));
    VL_TRY(cell_table_stamp(&s->table, stamp, &w.entry));
    VL_TRY(intern_place(s, &op->left, &w.left));
    VL_TRY(intern_place(s, &op->right, &w.right));
    VL_TRY(try_place(s, &w, &done));
    if (done) return place_waiting(s, w.entry, w.number);
    for (size_t i = 0; i < s->waiting_count; i++)
        if (s->waiting[i].entry == w.entry && s->waiting[i].number == w.number) return VL_OK;
    VL_TRY(sequence_grow(&s->waiting, s->waiting_count, &s->waiting_capacity, sizeof *s->waiting));
    s->waiting[s->waiting_count++] = w;
    return VL_OK;
}
