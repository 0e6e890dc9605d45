#include "circle/typing.h"
#include "circle/edit_plan.h"
#include "circle/typing_pieces.h"
#include <stdlib.h>
#include <string.h>

#define RUN_BYTES       8000u /* of one insertion */
#define SPANS_OF_DELETE 200u

struct typing {
    struct vl_replica *replica;
    const struct schema_field *field;
    struct vl_cell_key key;
    struct pieces pieces;
    size_t units;         /* in front of her */
    struct vl_span *gone; /* written, and deleted since */
    size_t gone_count, gone_capacity;
    size_t waiting; /* bytes of pieces that wait */
    size_t there;   /* bytes of the text that is written, at the last pull */
    uint64_t seen;  /* generation of the replica then */
    bool was_pulled;
};

/* ---- life ---- */

static vl_result check(struct vl_replica *r, uint32_t type, const struct vl_record_id *record,
                       const struct schema_field *field)
{
    struct record there;
    struct edit edit;
    if (field == NULL || field->kind != VL_FIELD_TEXT) return VL_ERR_INVALID;
    VL_TRY(record_read(r, type, record, &there));
    record_finish(&there);
    VL_TRY(edit_begin(&edit, r, type, record));
    vl_result allowed = edit_allowed(&edit);
    edit_finish(&edit);
    return allowed;
}

vl_result typing_open(struct typing **out, struct vl_replica *r, uint32_t type,
                      const struct vl_record_id *record, uint32_t field)
{
    const struct schema_field *schema = schema_field(type, field);
    VL_TRY(check(r, type, record, schema));
    struct typing *t = calloc(1, sizeof *t);
    if (t == NULL) return VL_ERR_NO_MEMORY;
    t->replica = r;
    t->field = schema;
    t->key = (struct vl_cell_key){type, *record, field, VL_FIELD_TEXT};
    *out = t;
    return VL_OK;
}

void typing_close(struct typing *t)
{
    if (t == NULL) return;
    pieces_finish(&t->pieces);
    free(t->gone);
    free(t);
}

const struct vl_replica *typing_replica(const struct typing *t)
{
    return t->replica;
}

size_t typing_waiting(const struct typing *t)
{
    return t->waiting + t->gone_count;
}

/* Empty when nobody has written. */
static vl_result read_cell(struct typing *t, struct vl_buffer *out)
{
    *out = (struct vl_buffer){0};
    vl_result result = vl_replica_cell(t->replica, &t->key, out);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

/* ---- editing ---- */

static vl_result check_edits(const struct typing *t, const struct typing_edit *edits, size_t count)
{
    size_t units = t->units, bytes = t->there + t->waiting;
    for (size_t i = 0; i < count; i++) {
        const struct typing_edit *edit = &edits[i];
        if (edit->at > units || edit->gone > units - edit->at) return VL_ERR_INVALID;
        units -= edit->gone;
        if (edit->typed.size == 0) continue;
        const struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = edit->typed};
        VL_TRY(schema_check(t->field, &value, NULL));
        bytes += edit->typed.size;
        if (bytes > t->field->limit) return VL_ERR_TOO_LARGE;
        units += pieces_units(edit->typed);
    }
    return VL_OK;
}

static vl_result note_gone(struct typing *t, const struct piece *piece)
{
    if (t->gone_count == t->gone_capacity) {
        size_t capacity = t->gone_capacity == 0 ? 16 : 2 * t->gone_capacity;
        struct vl_span *gone = reallocarray(t->gone, capacity, sizeof *gone);
        if (gone == NULL) return VL_ERR_NO_MEMORY;
        t->gone = gone;
        t->gone_capacity = capacity;
    }
    t->gone[t->gone_count++] = (struct vl_span){piece->dot, piece->offset, (uint32_t)piece->units};
    return VL_OK;
}

static vl_result take_out(struct typing *t, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct piece *piece = &t->pieces.items[i];
        if (piece->waits)
            t->waiting -= piece->text.size;
        else
            VL_TRY(note_gone(t, piece));
        t->units -= piece->units;
    }
    pieces_remove(&t->pieces, from, to);
    return VL_OK;
}

static vl_result edit_one(struct typing *t, const struct typing_edit *edit)
{
    size_t from, to;
    VL_TRY(pieces_cut(&t->pieces, edit->at, &from));
    VL_TRY(pieces_cut(&t->pieces, edit->at + edit->gone, &to));
    VL_TRY(take_out(t, from, to));
    if (edit->typed.size > 0) {
        struct piece piece = {.waits = true, .units = pieces_units(edit->typed)};
        VL_TRY(vl_buffer_append(&piece.text, edit->typed.data, edit->typed.size));
        t->units += piece.units;
        t->waiting += piece.text.size;
        VL_TRY(pieces_put(&t->pieces, from, piece));
        VL_TRY(pieces_join(&t->pieces, from + 1));
    }
    return pieces_join(&t->pieces, from);
}

vl_result typing_edit(struct typing *t, const struct typing_edit *edits, size_t count)
{
    VL_TRY(check_edits(t, edits, count));
    for (size_t i = 0; i < count; i++)
        VL_TRY(edit_one(t, &edits[i]));
    return VL_OK;
}

/* ---- writing ---- */

struct run { /* an insertion of the plan: the beginning of what is left of a piece */
    size_t piece, units, bytes;
    struct vl_dot dot; /* zeros for the entry: not written yet */
};
struct writing {
    struct typing *typing;
    struct plan plan;
    struct vl_buffer cell;
    struct run *runs;
    size_t count, capacity, resolved;
    size_t gone; /* spans that are in the plan */
    size_t gone_written;
};

static vl_result write_out(struct writing *w)
{
    VL_TRY(plan_flush(&w->plan));
    for (; w->resolved < w->count; w->resolved++)
        w->runs[w->resolved].dot.entry = w->plan.last;
    w->gone_written = w->gone;
    return VL_OK;
}

/* As plan_add, knowing when an entry is full. */
static vl_result add(struct writing *w, const struct vl_operation *op, struct vl_dot *dot)
{
    if (w->plan.count > 0 && !plan_fits(&w->plan, op)) VL_TRY(write_out(w));
    return plan_add(&w->plan, *op, dot);
}

static vl_result write_gone(struct writing *w)
{
    const struct typing *t = w->typing;
    for (size_t at = 0; at < t->gone_count; at += SPANS_OF_DELETE) {
        size_t left = t->gone_count - at;
        struct vl_dot dot;
        struct vl_operation op = {.opcode = VL_OP_SEQUENCE_DELETE,
                                  .field = t->key.field,
                                  .spans = t->gone + at,
                                  .span_count = left < SPANS_OF_DELETE ? left : SPANS_OF_DELETE};
        VL_TRY(add(w, &op, &dot));
        w->gone = at + op.span_count;
    }
    return VL_OK;
}

/* Right behind what is before it in front of her, as far as that is still in the text (not when it
 * was erased meanwhile). */
static vl_result places_of(struct writing *w, size_t piece, struct vl_operation *op)
{
    const struct pieces *all = &w->typing->pieces;
    for (size_t i = piece; i-- > 0;) {
        const struct piece *before = &all->items[i];
        if (before->waits) continue;
        op->left =
            (struct vl_place){false, before->dot, before->offset + (uint32_t)before->units - 1};
        vl_result result =
            vl_cell_behind(VL_FIELD_TEXT, vl_buffer_view(&w->cell), &op->left, &op->right);
        if (result != VL_ERR_NOT_FOUND) return result;
    }
    op->left = (struct vl_place){.is_end = true};
    return vl_cell_behind(VL_FIELD_TEXT, vl_buffer_view(&w->cell), &op->left, &op->right);
}

static vl_result note_run(struct writing *w, const struct run *run)
{
    if (w->count == w->capacity) {
        size_t capacity = w->capacity == 0 ? 16 : 2 * w->capacity;
        struct run *runs = reallocarray(w->runs, capacity, sizeof *runs);
        if (runs == NULL) return VL_ERR_NO_MEMORY;
        w->runs = runs;
        w->capacity = capacity;
    }
    w->runs[w->count++] = *run;
    return VL_OK;
}

static vl_result write_piece(struct writing *w, size_t at)
{
    struct vl_operation op = {.opcode = VL_OP_SEQUENCE_INSERT, .field = w->typing->key.field};
    struct vl_bytes text = vl_buffer_view(&w->typing->pieces.items[at].text);
    VL_TRY(places_of(w, at, &op));
    while (text.size > 0) {
        size_t size = text.size < RUN_BYTES ? text.size : RUN_BYTES;
        while (size < text.size && (text.data[size] & 0xc0) == 0x80)
            size--;
        struct run run = {.piece = at, .bytes = size};
        op.value = vl_bytes(text.data, size);
        run.units = pieces_units(op.value);
        if (w->plan.count > 0 && !plan_fits(&w->plan, &op)) {
            VL_TRY(write_out(w));
            if (w->count > 0 && w->runs[w->count - 1].piece == at)
                op.left.dot = w->runs[w->count - 1].dot;
        }
        VL_TRY(add(w, &op, &run.dot));
        VL_TRY(note_run(w, &run));
        op.left = (struct vl_place){false, run.dot, (uint32_t)run.units - 1};
        text = vl_bytes(text.data + size, text.size - size);
    }
    return VL_OK;
}

static vl_result write_all(struct writing *w)
{
    const struct pieces *all = &w->typing->pieces;
    VL_TRY(read_cell(w->typing, &w->cell));
    VL_TRY(write_gone(w));
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].waits) VL_TRY(write_piece(w, i));
    return write_out(w);
}

/* What was written stands as such in front of her from now on. */
static vl_result settle(struct writing *w)
{
    struct typing *t = w->typing;
    struct pieces settled = {0};
    size_t run = 0;
    vl_result result = VL_OK;
    for (size_t i = 0; i < t->pieces.count && result == VL_OK; i++) {
        struct piece *piece = &t->pieces.items[i];
        size_t bytes = 0;
        for (; run < w->resolved && w->runs[run].piece == i && result == VL_OK; run++) {
            result = pieces_add_written(&settled, &w->runs[run].dot, 0, w->runs[run].units);
            bytes += w->runs[run].bytes;
            piece->units -= w->runs[run].units;
        }
        t->waiting -= bytes;
        t->there += bytes;
        if (piece->units == 0 || result != VL_OK) continue;
        if (!piece->waits) {
            result = pieces_add_written(&settled, &piece->dot, piece->offset, piece->units);
            continue;
        }
        struct piece rest = {.waits = true, .units = piece->units};
        result = vl_buffer_append(&rest.text, piece->text.data + bytes, piece->text.size - bytes);
        if (result == VL_OK) result = pieces_put(&settled, settled.count, rest);
    }
    pieces_finish(&t->pieces);
    t->pieces = settled;
    if (w->gone_written > 0)
        memmove(t->gone, t->gone + w->gone_written,
                (t->gone_count - w->gone_written) * sizeof *t->gone);
    t->gone_count -= w->gone_written;
    return result;
}

vl_result typing_write(struct typing *t, vl_wall now)
{
    if (typing_waiting(t) == 0) return VL_OK;
    struct writing w = {
        .typing = t,
        .plan = {.replica = t->replica, .now = now, .type = t->key.type, .record = t->key.record}};
    vl_result result = write_all(&w);
    vl_result settled = w.plan.written > 0 ? settle(&w) : VL_OK;
    plan_finish(&w.plan);
    vl_buffer_wipe(&w.cell);
    free(w.runs);
    return result != VL_OK ? result : settled;
}

/* ---- what others wrote ---- */

void typing_changes_finish(struct typing_changes *changes)
{
    free(changes->items);
    vl_buffer_wipe(&changes->text);
    *changes = (struct typing_changes){0};
}

struct vl_bytes typing_change_text(const struct typing_changes *changes, size_t at)
{
    const struct typing_change *change = &changes->items[at];
    if (change->size == 0) return vl_bytes(NULL, 0); /* there may be no text at all */
    return vl_bytes(changes->text.data + change->from, change->size);
}

struct merged { /* the text as it is written now */
    struct vl_buffer text;
    struct vl_span *spans; /* in the order of the text */
    size_t count;
    const struct vl_span **sorted; /* by dot and offset */
};

static int order_spans(const void *a, const void *b)
{
    const struct vl_span *one = *(const struct vl_span *const *)a,
                         *two = *(const struct vl_span *const *)b;
    int order = vl_dot_compare(&one->dot, &two->dot);
    return order != 0 ? order : (one->offset > two->offset) - (one->offset < two->offset);
}

static void merged_finish(struct merged *m)
{
    vl_buffer_wipe(&m->text);
    free(m->spans);
    free(m->sorted);
}

static vl_result merged_spans(struct merged *m, struct vl_bytes cell)
{
    size_t units = pieces_units(vl_buffer_view(&m->text));
    VL_TRY(vl_cell_spans(VL_FIELD_TEXT, cell, 0, units, NULL, 0, &m->count));
    m->spans = calloc(m->count + 1, sizeof *m->spans);
    m->sorted = calloc(m->count + 1, sizeof(const struct vl_span *));
    if (m->spans == NULL || m->sorted == NULL) return VL_ERR_NO_MEMORY;
    VL_TRY(vl_cell_spans(VL_FIELD_TEXT, cell, 0, units, m->spans, m->count, &m->count));
    for (size_t i = 0; i < m->count; i++)
        m->sorted[i] = &m->spans[i];
    qsort(m->sorted, m->count, sizeof(const struct vl_span *), order_spans);
    return VL_OK;
}

static vl_result merged_read(struct typing *t, struct merged *m)
{
    struct vl_buffer cell;
    *m = (struct merged){.count = 0};
    vl_result result = read_cell(t, &cell);
    if (result == VL_OK && vl_cell_over(vl_buffer_view(&cell))) result = VL_ERR_LIMIT;
    if (result == VL_OK && cell.size > 0) {
        result = vl_cell_text(vl_buffer_view(&cell), &m->text);
        if (result == VL_OK) result = merged_spans(m, vl_buffer_view(&cell));
    }
    vl_buffer_wipe(&cell);
    if (result != VL_OK) merged_finish(m);
    return result;
}

/* The first span of that insertion that ends behind the offset; NULL: none. */
static const struct vl_span *merged_find(const struct merged *m, const struct vl_dot *dot,
                                         uint32_t offset)
{
    size_t low = 0, high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct vl_span *span = m->sorted[middle];
        int order = vl_dot_compare(&span->dot, dot);
        if (order < 0 || (order == 0 && span->offset + span->length <= offset))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == m->count || vl_dot_compare(&m->sorted[low]->dot, dot) != 0) return NULL;
    return m->sorted[low];
}

struct pull {
    const struct merged *merged;
    struct pieces pieces; /* what is in front of her afterwards */
    struct typing_changes *out;
    size_t at;                 /* where in it */
    size_t span, inner, bytes; /* how far the written text was gone through */
};

static vl_result tell(struct pull *p, size_t gone, struct vl_bytes text, size_t units)
{
    struct typing_changes *out = p->out;
    struct typing_change *last = out->count > 0 ? &out->items[out->count - 1] : NULL;
    if (last == NULL || last->at + last->units != p->at) {
        if (out->count == out->capacity) {
            size_t capacity = out->capacity == 0 ? 16 : 2 * out->capacity;
            struct typing_change *items = reallocarray(out->items, capacity, sizeof *items);
            if (items == NULL) return VL_ERR_NO_MEMORY;
            out->items = items;
            out->capacity = capacity;
        }
        last = &out->items[out->count++];
        *last = (struct typing_change){.at = p->at, .from = out->text.size};
    }
    last->gone += gone;
    last->size += text.size;
    last->units += units;
    return text.size > 0 ? vl_buffer_append(&out->text, text.data, text.size) : VL_OK;
}

/* The next units of the written text: new to her, or hers already. */
static vl_result go_on(struct pull *p, size_t units, bool is_new)
{
    const struct vl_span *span = &p->merged->spans[p->span];
    struct vl_bytes rest =
        vl_bytes(p->merged->text.data + p->bytes, p->merged->text.size - p->bytes);
    size_t size = pieces_bytes(rest, units);
    if (is_new) VL_TRY(tell(p, 0, vl_bytes(rest.data, size), units));
    VL_TRY(pieces_add_written(&p->pieces, &span->dot, span->offset + (uint32_t)p->inner, units));
    p->at += units;
    p->bytes += size;
    p->inner += units;
    if (p->inner == span->length) {
        p->span++;
        p->inner = 0;
    }
    return VL_OK;
}

/* Everything up to there is new. */
static vl_result go_to(struct pull *p, size_t span, size_t inner)
{
    while (p->span < span)
        VL_TRY(go_on(p, p->merged->spans[p->span].length - p->inner, true));
    return p->inner < inner ? go_on(p, inner - p->inner, true) : VL_OK;
}

/* How many of those units were gone through before: what stood in or behind an erased text can get
 * another place. It was told there as new, so here it is gone. */
static size_t moved_away(const struct pull *p, size_t span, size_t inner, size_t units)
{
    if (p->span > span) return units;
    if (p->span < span || p->inner <= inner) return 0;
    return p->inner - inner < units ? p->inner - inner : units;
}

static vl_result pull_written(struct pull *p, const struct piece *piece)
{
    uint32_t offset = piece->offset;
    size_t left = piece->units;
    while (left > 0) {
        const struct vl_span *span = merged_find(p->merged, &piece->dot, offset);
        size_t gone = left, same = 0;
        if (span != NULL && span->offset <= offset) {
            size_t at = (size_t)(span - p->merged->spans), inner = offset - span->offset;
            size_t units = span->length - inner < left ? span->length - inner : left;
            gone = moved_away(p, at, inner, units);
            same = gone > 0 ? 0 : units;
            if (same > 0) VL_TRY(go_to(p, at, inner));
            if (same > 0) VL_TRY(go_on(p, same, false));
        } else if (span != NULL && span->offset - offset < left) {
            gone = span->offset - offset;
        }
        if (gone > 0) VL_TRY(tell(p, gone, vl_bytes(NULL, 0), 0));
        offset += (uint32_t)(gone + same);
        left -= gone + same;
    }
    return VL_OK;
}

static vl_result pull_waiting(struct pull *p, const struct piece *piece)
{
    struct piece copy = {.waits = true, .units = piece->units};
    VL_TRY(vl_buffer_append(&copy.text, piece->text.data, piece->text.size));
    VL_TRY(pieces_put(&p->pieces, p->pieces.count, copy));
    p->at += piece->units;
    return pieces_join(&p->pieces, p->pieces.count - 1);
}

static vl_result pull_all(struct pull *p, const struct pieces *before)
{
    for (size_t i = 0; i < before->count; i++)
        VL_TRY(before->items[i].waits ? pull_waiting(p, &before->items[i])
                                      : pull_written(p, &before->items[i]));
    return go_to(p, p->merged->count, 0);
}

vl_result typing_pull(struct typing *t, struct typing_changes *out)
{
    uint64_t generation = vl_replica_generation(t->replica);
    struct merged merged;
    *out = (struct typing_changes){0};
    if (t->was_pulled && t->seen == generation) return VL_OK;
    VL_TRY(merged_read(t, &merged));
    struct pull p = {.merged = &merged, .out = out};
    vl_result result = pull_all(&p, &t->pieces);
    if (result == VL_OK) {
        struct pieces before = t->pieces;
        t->pieces = p.pieces;
        p.pieces = before;
        t->units = p.at;
        t->there = merged.text.size;
        t->seen = generation;
        t->was_pulled = true;
    } else {
        typing_changes_finish(out);
    }
    pieces_finish(&p.pieces);
    merged_finish(&merged);
    return result;
}

vl_result typing_place(const struct typing *t, size_t at, struct vl_place *out)
{
    size_t before = 0;
    *out = (struct vl_place){.is_end = true};
    if (at > t->units) return VL_ERR_INVALID;
    for (size_t i = 0; i < t->pieces.count && before < at; i++) {
        const struct piece *piece = &t->pieces.items[i];
        size_t units = piece->units < at - before ? piece->units : at - before;
        if (!piece->waits)
            *out = (struct vl_place){false, piece->dot, piece->offset + (uint32_t)units - 1};
        before += units;
    }
    return VL_OK;
}

static bool find_unit(const struct typing *t, const struct vl_dot *dot, uint32_t offset, size_t *at)
{
    size_t before = 0;
    for (size_t i = 0; i < t->pieces.count; i++) {
        const struct piece *piece = &t->pieces.items[i];
        const bool is_in = !piece->waits && vl_dot_compare(&piece->dot, dot) == 0 &&
                           offset >= piece->offset && offset - piece->offset < piece->units;
        *at = before + (is_in ? offset - piece->offset + 1 : 0);
        if (is_in) return true;
        before += piece->units;
    }
    return false;
}

/* Not in front of her: deleted, by somebody, or by her and not written yet. */
static vl_result find_before(struct typing *t, struct vl_bytes cell, const struct vl_place *unit,
                             size_t *at)
{
    size_t seen, count;
    struct vl_span span;
    VL_TRY(vl_cell_position(VL_FIELD_TEXT, cell, unit, &seen));
    if (seen > 0) {
        VL_TRY(vl_cell_spans(VL_FIELD_TEXT, cell, seen - 1, 1, &span, 1, &count));
        if (find_unit(t, &span.dot, span.offset, at)) return VL_OK;
    }
    *at = seen < t->units ? seen : t->units;
    return VL_OK;
}

vl_result typing_position(struct typing *t, const struct vl_place *unit, size_t *at)
{
    struct vl_buffer cell;
    *at = 0;
    if (unit->is_end || find_unit(t, &unit->dot, unit->offset, at)) return VL_OK;
    vl_result result = read_cell(t, &cell);
    if (result == VL_OK) {
        result =
            cell.size == 0 ? VL_ERR_NOT_FOUND : find_before(t, vl_buffer_view(&cell), unit, at);
    }
    vl_buffer_wipe(&cell);
    return result;
}
