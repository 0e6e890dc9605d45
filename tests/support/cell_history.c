#include "support/cell_history.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITERS_MAX 8u

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t random_below(struct random *random, uint32_t below)
{
    return (uint32_t)(random_next(random) % below);
}

static void *must(void *memory)
{
    if (memory == NULL) abort();
    return memory;
}

struct vl_id cell_history_id(uint64_t number)
{
    struct random random = {number};
    struct vl_id id;
    for (size_t i = 0; i < sizeof id.bytes; i += 8) {
        uint64_t word = random_next(&random);
        memcpy(id.bytes + i, &word, 8);
    }
    return id;
}

static void *copy_of(const void *data, size_t size)
{
    void *copy = must(malloc(size + 1));
    if (size > 0) memcpy(copy, data, size);
    return copy;
}

void cell_history_add(struct history *h, const struct vl_operation *op,
                      const struct vl_stamp *stamp)
{
    struct history_op *item;
    if (h->count == h->capacity) {
        h->capacity = h->capacity == 0 ? 64 : h->capacity * 2;
        h->items = must(realloc(h->items, h->capacity * sizeof *h->items));
    }
    item = &h->items[h->count++];
    *item = (struct history_op){.op = *op, .stamp = *stamp};
    item->op.dots = item->dots = copy_of(op->dots, op->dot_count * sizeof *op->dots);
    item->op.spans = item->spans = copy_of(op->spans, op->span_count * sizeof *op->spans);
    item->value = copy_of(op->value.data, op->value.size);
    item->op.value.data = item->value;
}

void cell_history_finish(struct history *h)
{
    for (size_t i = 0; i < h->count; i++) {
        free(h->items[i].dots);
        free(h->items[i].spans);
        free(h->items[i].value);
    }
    free(h->items);
    *h = (struct history){0};
}

/* ---- writers ---- */

struct writer {
    struct vl_buffer state;
    uint64_t lamport, entry;
    uint32_t number;
    bool *has;     /* operations of the history */
    size_t cursor; /* where she types on */
};

struct making {
    struct history *h;
    const struct history_shape *shape;
    struct random random;
    struct writer writers[WRITERS_MAX];
    uint64_t entries;
};

static void must_be_ok(vl_result result)
{
    if (result == VL_OK) return;
    fprintf(stderr, "history: %s\n", vl_result_name(result));
    abort();
}

static size_t length_of(const struct writer *w, enum vl_field_kind kind)
{
    struct vl_buffer text = {0};
    size_t count = 0;
    if (kind == VL_FIELD_LIST) {
        must_be_ok(vl_cell_values(kind, vl_buffer_view(&w->state), NULL, 0, &count));
        return count;
    }
    must_be_ok(vl_cell_text(vl_buffer_view(&w->state), &text));
    for (size_t i = 0; i < text.size; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    vl_buffer_finish(&text);
    return count;
}

static void take_in(struct making *m, struct writer *to, const struct writer *from)
{
    for (size_t i = 0; i < m->h->count; i++) {
        const struct history_op *item = &m->h->items[i];
        if (!from->has[i] || to->has[i]) continue;
        must_be_ok(vl_cell_apply(m->h->kind, &to->state, &item->op, &item->stamp));
        to->has[i] = true;
        if (item->stamp.lamport > to->lamport) to->lamport = item->stamp.lamport;
    }
    to->entry = 0; /* what she writes next is another entry */
}

static struct vl_stamp next_stamp(struct making *m, struct writer *w)
{
    if (w->entry == 0 || random_below(&m->random, 4) == 0) {
        w->entry = ++m->entries;
        w->lamport++;
        w->number = 0;
    }
    return (struct vl_stamp){w->lamport, {cell_history_id(w->entry), w->number++}};
}

static void write_op(struct making *m, struct writer *w, struct vl_operation *op)
{
    struct vl_stamp stamp = next_stamp(m, w);
    w->has[m->h->count] = true;
    cell_history_add(m->h, op, &stamp);
    must_be_ok(vl_cell_apply(m->h->kind, &w->state, op, &stamp));
}

static struct vl_bytes random_text(struct making *m, char *out, size_t size)
{
    static const char *const units[] = {"a", "b", "c", "é", "ß", "—", "日", "🌿", "\n", "z"};
    size_t count = 1 + random_below(&m->random, 6), at = 0;
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(out + at, size - at, "%s", units[random_below(&m->random, 10)]);
    return vl_bytes(out, at);
}

static struct vl_dot any_dot(struct making *m)
{
    if (m->h->count == 0 || random_below(&m->random, 6) == 0)
        return (struct vl_dot){cell_history_id(1 + random_below(&m->random, 400)),
                               random_below(&m->random, 3)};
    return m->h->items[random_below(&m->random, (uint32_t)m->h->count)].stamp.dot;
}

static struct vl_place any_place(struct making *m)
{
    if (random_below(&m->random, 8) == 0) return (struct vl_place){.is_end = true};
    return (struct vl_place){false, any_dot(m), random_below(&m->random, 4)};
}

static void write_odd_sequence(struct making *m, struct writer *w, bool list)
{
    char text[64];
    struct vl_span spans[3];
    struct vl_operation op = {.left = any_place(m), .right = any_place(m)};
    if (random_below(&m->random, 3) > 0) {
        op.opcode = list ? VL_OP_LIST_INSERT : VL_OP_SEQUENCE_INSERT;
        op.value = random_text(m, text, sizeof text);
    } else {
        op.opcode = list ? VL_OP_LIST_DELETE : VL_OP_SEQUENCE_DELETE;
        op.span_count = 1 + random_below(&m->random, 3);
        op.spans = spans;
        for (size_t i = 0; i < op.span_count; i++)
            spans[i] = (struct vl_span){any_dot(m), random_below(&m->random, 5),
                                        1 + random_below(&m->random, 5)};
    }
    write_op(m, w, &op);
}

static void write_sequence(struct making *m, struct writer *w)
{
    bool list = m->h->kind == VL_FIELD_LIST;
    size_t length = length_of(w, m->h->kind), position, count;
    struct vl_span spans[64];
    char text[64];
    struct vl_operation op = {0};
    if (m->shape->odd && random_below(&m->random, 5) == 0) {
        write_odd_sequence(m, w, list);
        return;
    }
    position = w->cursor > length || random_below(&m->random, 3) == 0
                   ? random_below(&m->random, (uint32_t)length + 1)
                   : w->cursor;
    if (length > 0 && random_below(&m->random, 4) == 0) {
        size_t most = length - position < 5 ? length - position : 5;
        if (most == 0) return;
        op.opcode = list ? VL_OP_LIST_DELETE : VL_OP_SEQUENCE_DELETE;
        must_be_ok(vl_cell_spans(m->h->kind, vl_buffer_view(&w->state), position,
                                 1 + random_below(&m->random, (uint32_t)most), spans, 64, &count));
        op.spans = spans;
        op.span_count = count;
    } else {
        op.opcode = list ? VL_OP_LIST_INSERT : VL_OP_SEQUENCE_INSERT;
        must_be_ok(
            vl_cell_place(m->h->kind, vl_buffer_view(&w->state), position, &op.left, &op.right));
        op.value = random_text(m, text, sizeof text);
        w->cursor = position; /* half the time the next goes before it: backwards typing */
        if (random_below(&m->random, 2) == 0) w->cursor = position + 1;
    }
    write_op(m, w, &op);
}

static void write_value(struct making *m, struct writer *w)
{
    struct vl_dot dots[64];
    uint8_t letter = (uint8_t)('a' + random_below(&m->random, 5));
    struct vl_bytes element = vl_bytes(&letter, 1);
    struct vl_operation op = {.value = element, .dots = dots};
    bool set = m->h->kind == VL_FIELD_SET;
    if (m->shape->odd && random_below(&m->random, 5) == 0) {
        op.dot_count = 1 + random_below(&m->random, 3);
        for (size_t i = 0; i < op.dot_count; i++)
            dots[i] = any_dot(m);
        op.opcode = set ? VL_OP_SET_REMOVE : VL_OP_REGISTER_SET;
    } else {
        must_be_ok(vl_cell_dots(m->h->kind, vl_buffer_view(&w->state), set ? &element : NULL, dots,
                                64, &op.dot_count));
        op.opcode = VL_OP_REGISTER_SET;
        if (set) {
            bool remove = op.dot_count > 0 && random_below(&m->random, 2) == 0;
            op.opcode = remove ? VL_OP_SET_REMOVE : VL_OP_SET_ADD;
            if (!remove) op.dot_count = 0;
        }
    }
    write_op(m, w, &op);
}

void cell_history_random(struct history *h, const struct history_shape *shape, uint64_t seed)
{
    struct making m = {.h = h, .shape = shape, .random = {seed}};
    assert(shape->writers > 0 && shape->writers <= WRITERS_MAX);
    *h = (struct history){.kind = shape->kind};
    for (unsigned i = 0; i < shape->writers; i++)
        m.writers[i].has = must(calloc(shape->operations + 1, sizeof(bool)));
    for (size_t tries = 0; h->count < shape->operations && tries < shape->operations * 4; tries++) {
        struct writer *w = &m.writers[random_below(&m.random, shape->writers)];
        if (random_below(&m.random, 100) < shape->meet_percent)
            take_in(&m, w, &m.writers[random_below(&m.random, shape->writers)]);
        if (shape->kind == VL_FIELD_TEXT || shape->kind == VL_FIELD_LIST)
            write_sequence(&m, w);
        else
            write_value(&m, w);
    }
    for (unsigned i = 0; i < shape->writers; i++) {
        vl_buffer_finish(&m.writers[i].state);
        free(m.writers[i].has);
    }
}

void cell_history_shuffle(size_t *order, size_t count, struct random *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below(random, (uint32_t)i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

vl_result cell_history_apply(const struct history *h, const size_t *order, struct vl_buffer *state)
{
    for (size_t i = 0; i < h->count; i++) {
        const struct history_op *item = &h->items[order == NULL ? i : order[i]];
        VL_TRY(vl_cell_apply(h->kind, state, &item->op, &item->stamp));
    }
    return VL_OK;
}

vl_result cell_history_merge(const struct history *h, const size_t *order, struct vl_buffer *state)
{
    struct vl_cell *cell;
    vl_result result = VL_OK;
    VL_TRY(vl_cell_open(h->kind, vl_buffer_view(state), &cell));
    for (size_t i = 0; i < h->count && result == VL_OK; i++) {
        const struct history_op *item = &h->items[order == NULL ? i : order[i]];
        result = vl_cell_merge(cell, &item->op, &item->stamp);
    }
    if (result == VL_OK) result = vl_cell_save(cell, state);
    vl_cell_close(cell);
    return result;
}

vl_result cell_history_text(enum vl_field_kind kind, struct vl_bytes state, struct vl_buffer *text)
{
    struct vl_cell_value *values;
    vl_result result;
    size_t count;
    if (kind == VL_FIELD_TEXT) return vl_cell_text(state, text);
    VL_TRY(vl_cell_values(kind, state, NULL, 0, &count));
    values = must(calloc(count + 1, sizeof *values));
    result = vl_cell_values(kind, state, values, count, &count);
    for (size_t i = 0; i < count && result == VL_OK; i++)
        result = vl_buffer_append(text, values[i].value.data, values[i].value.size);
    free(values);
    return result;
}
