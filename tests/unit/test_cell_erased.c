/* Texts and lists of which a part was erased: what others wrote beside it is shown, in the same
 * place whoever looks, and the stored state knows nothing of it. */
#include "support/cell_history.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/codec.h>

#include <cmocka.h>

#define END ((struct vl_place){.is_end = true})

/* ---- by hand ---- */

struct made { /* operations of a text, each an entry of its own: entry n has lamport number n */
    struct vl_buffer state;
    bool erased[16];
};

static bool is_erased(void *context, const struct vl_id *entry)
{
    const struct made *m = context;
    for (size_t i = 0; i < sizeof m->erased; i++) {
        struct vl_id id = cell_history_id(i);
        if (vl_id_equal(&id, entry)) return m->erased[i];
    }
    return false;
}

static struct vl_place at(uint64_t entry, uint32_t offset)
{
    return (struct vl_place){false, {cell_history_id(entry), 0}, offset};
}

static void merge(struct made *m, uint64_t entry, struct vl_operation *op)
{
    const struct vl_stamp stamp = {entry, {cell_history_id(entry), 0}};
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &m->state, op, &stamp), VL_OK);
}

static void put(struct made *m, uint64_t entry, struct vl_place left, struct vl_place right,
                const char *text)
{
    struct vl_operation op = {.opcode = VL_OP_SEQUENCE_INSERT,
                              .left = left,
                              .right = right,
                              .value = vl_bytes_text(text)};
    merge(m, entry, &op);
}

static void take(struct made *m, uint64_t entry, uint64_t from, uint32_t offset, uint32_t units)
{
    const struct vl_span span = {{cell_history_id(from), 0}, offset, units};
    struct vl_operation op = {.opcode = VL_OP_SEQUENCE_DELETE, .spans = &span, .span_count = 1};
    merge(m, entry, &op);
}

static void assert_shown(struct made *m, const char *text)
{
    struct vl_buffer shown = {0}, there = {0};
    assert_int_equal(vl_cell_show(VL_FIELD_TEXT, vl_buffer_view(&m->state), is_erased, m, &shown),
                     VL_OK);
    struct vl_bytes state = vl_buffer_view(shown.size > 0 ? &shown : &m->state);
    assert_int_equal(vl_cell_text(state, &there), VL_OK);
    if (!vl_bytes_equal(vl_buffer_view(&there), vl_bytes_text(text)))
        fail_msg("\"%.*s\", not \"%s\"", (int)there.size, (const char *)there.data, text);
    vl_buffer_finish(&shown);
    vl_buffer_finish(&there);
}

static void made_finish(struct made *m)
{
    vl_buffer_finish(&m->state);
}

/* Entry 3 is between 1 and 2, of which one or both are erased. */
static void the_other_neighbour_counts(void **state)
{
    (void)state;
    for (int both = 0; both < 2; both++) {
        struct made left = {.erased = {[1] = true, [2] = both}};
        struct made right = {.erased = {[1] = both, [2] = true}};
        if (!both) put(&left, 2, END, END, "after");
        if (!both) put(&right, 1, END, END, "before");
        put(&left, 3, at(1, 5), at(2, 0), "mine ");
        put(&right, 3, at(1, 5), at(2, 0), " mine");
        assert_shown(&left, both ? "mine " : "mine after");
        assert_shown(&right, both ? " mine" : "before mine");
        made_finish(&left);
        made_finish(&right);
    }
}

static void what_names_it_is_shown_too(void **state)
{
    (void)state;
    struct made m = {.erased = {[1] = true}};
    put(&m, 5, at(4, 0), END, "d");
    put(&m, 4, at(3, 0), END, "c");
    put(&m, 3, at(2, 0), END, "b");
    put(&m, 2, at(1, 0), END, "a");
    put(&m, 6, at(2, 0), at(3, 0), "-");
    assert_shown(&m, "a-bcd");
    m.erased[1] = false;
    assert_shown(&m, "");
    made_finish(&m);
}

static void deletions_count(void **state)
{
    (void)state;
    struct made m = {.erased = {[1] = true}};
    take(&m, 4, 2, 1, 2);
    put(&m, 2, at(1, 0), END, "abcd");
    take(&m, 5, 2, 3, 9); /* also beyond its end */
    take(&m, 6, 1, 0, 7); /* and of what is erased */
    assert_shown(&m, "a");
    put(&m, 7, at(2, 1), at(2, 2), "-"); /* between deleted ones */
    assert_shown(&m, "a-");
    made_finish(&m);
}

static void unknown_places_are_waited_for(void **state)
{
    (void)state;
    struct made m = {.erased = {[1] = true}};
    put(&m, 3, at(1, 0), at(2, 0), "mine"); /* 2 is nowhere */
    put(&m, 4, at(3, 0), END, "behind");
    assert_shown(&m, "");
    put(&m, 2, END, END, "there");
    assert_shown(&m, "minebehindthere");
    made_finish(&m);
}

/* No honest program writes these: they name each other, themselves, and what is not there. */
static void hostile_places_do_no_harm(void **state)
{
    (void)state;
    struct made m = {.erased = {[1] = true}};
    put(&m, 2, at(3, 0), at(1, 0), "x");
    put(&m, 3, at(2, 0), END, "y");
    put(&m, 4, at(4, 0), at(1, 9), "z");
    put(&m, 6, at(5, 7), at(1, 0), "w"); /* there is no such unit */
    put(&m, 5, at(1, 1000), END, "seen");
    put(&m, 7, at(5, 0), at(1, 3), "!");
    assert_shown(&m, "seen!");
    made_finish(&m);
}

static void nothing_is_done_without_need(void **state)
{
    (void)state;
    struct made m = {.erased = {[1] = true}};
    struct vl_buffer shown = {0};
    take(&m, 3, 1, 0, 4); /* names what is erased; nothing waits */
    put(&m, 2, END, END, "text");
    assert_int_equal(vl_cell_show(VL_FIELD_TEXT, vl_buffer_view(&m.state), is_erased, &m, &shown),
                     VL_OK);
    assert_int_equal(shown.size, 0);
    assert_int_equal(vl_cell_show(VL_FIELD_TEXT, vl_bytes(NULL, 0), is_erased, &m, &shown), VL_OK);
    assert_int_equal(shown.size, 0);
    for (size_t size = 0; size < m.state.size; size++) { /* and of what is damaged */
        struct vl_bytes part = vl_bytes(m.state.data, size);
        assert_int_equal(vl_cell_show(VL_FIELD_TEXT, part, is_erased, &m, &shown), VL_OK);
        assert_int_equal(shown.size, 0);
    }
    vl_buffer_finish(&shown);
    made_finish(&m);
}

/* A long text behind an erased line, as each look at it shows it: it must not take its square. */
static void long_texts_are_shown(void **state)
{
    (void)state;
    const uint32_t count = (uint32_t)test_scale(20000, 2000);
    struct made m = {.erased = {[1] = true}};
    struct vl_cell *cell;
    struct vl_buffer shown = {0}, text = {0};
    assert_int_equal(vl_cell_open(VL_FIELD_TEXT, vl_bytes(NULL, 0), &cell), VL_OK);
    for (uint32_t i = count; i-- > 0;) { /* the last one first, so all are waiting */
        const struct vl_stamp stamp = {9, {cell_history_id(9), i}};
        struct vl_operation op = {.opcode = VL_OP_SEQUENCE_INSERT,
                                  .left = at(i == 0 ? 1 : 9, 0),
                                  .right = END,
                                  .value = vl_bytes_text("a")};
        if (i > 0) op.left.dot.operation = i - 1;
        assert_int_equal(vl_cell_merge(cell, &op, &stamp), VL_OK);
    }
    assert_int_equal(vl_cell_save(cell, &m.state), VL_OK);
    vl_cell_close(cell);
    assert_int_equal(vl_cell_show(VL_FIELD_TEXT, vl_buffer_view(&m.state), is_erased, &m, &shown),
                     VL_OK);
    assert_int_equal(vl_cell_text(vl_buffer_view(&shown), &text), VL_OK);
    assert_int_equal(text.size, count);
    vl_buffer_finish(&shown);
    vl_buffer_finish(&text);
    made_finish(&m);
}

/* ---- at random ---- */

struct chosen {
    struct vl_id ids[600];
    size_t count;
};

static bool is_chosen(void *context, const struct vl_id *entry)
{
    const struct chosen *c = context;
    for (size_t i = 0; i < c->count; i++)
        if (vl_id_equal(&c->ids[i], entry)) return true;
    return false;
}

/* Entries are erased as chance will have it, also such as are only named. */
static void choose(const struct history *h, struct random *random, struct chosen *out)
{
    out->count = 0;
    for (size_t i = 0; i < h->count && out->count < 500; i++)
        if (random_below(random, 5) == 0) out->ids[out->count++] = h->items[i].stamp.dot.entry;
    for (size_t i = 0; i < 60; i++)
        out->ids[out->count++] = cell_history_id(1 + random_below(random, 400));
}

static void end_if_erased(struct chosen *chosen, struct vl_place *place)
{
    if (!place->is_end && is_chosen(chosen, &place->dot.entry)) *place = END;
}

/* What is left of a history; `as_shown`: with the erased places taken for ends. */
static void leave(const struct history *h, struct chosen *chosen, bool as_shown,
                  struct history *out)
{
    *out = (struct history){.kind = h->kind};
    for (size_t i = 0; i < h->count; i++) {
        struct vl_operation op = h->items[i].op;
        if (is_chosen(chosen, &h->items[i].stamp.dot.entry)) continue;
        if (as_shown) end_if_erased(chosen, &op.left);
        if (as_shown) end_if_erased(chosen, &op.right);
        cell_history_add(out, &op, &h->items[i].stamp);
    }
}

static struct vl_bytes without_weight(const struct vl_buffer *state)
{
    struct vl_reader r = vl_reader(vl_buffer_view(state));
    (void)vl_read_varint(&r, UINT64_MAX);
    return vl_bytes(state->data + r.at, state->size - r.at);
}

/* The state as shown is the one that the operations give with ends for the erased places, byte for
 * byte; the text is that of the plain model. */
static void assert_as_defined(const struct history *h, struct chosen *chosen, struct random *random)
{
    struct history left, shown_left;
    struct vl_buffer stored = {0}, shown = {0}, wanted = {0}, text = {0}, model = {0};
    leave(h, chosen, false, &left);
    leave(h, chosen, true, &shown_left);
    size_t *order = calloc(left.count + 1, sizeof *order);
    assert_non_null(order);
    for (size_t i = 0; i < left.count; i++)
        order[i] = i;
    cell_history_shuffle(order, left.count, random);
    assert_int_equal(cell_history_merge(&left, order, &stored), VL_OK);
    assert_int_equal(cell_history_merge(&shown_left, NULL, &wanted), VL_OK);
    assert_int_equal(vl_cell_show(h->kind, vl_buffer_view(&stored), is_chosen, chosen, &shown),
                     VL_OK);
    struct vl_buffer *seen = shown.size > 0 ? &shown : &stored;
    assert_true(left.count == 0 || vl_bytes_equal(without_weight(seen), without_weight(&wanted)));
    assert_int_equal(cell_history_text(h->kind, vl_buffer_view(seen), &text), VL_OK);
    cell_history_model(&shown_left, &model);
    assert_true(vl_bytes_equal(vl_buffer_view(&text), vl_buffer_view(&model)));
    free(order);
    cell_history_finish(&left);
    cell_history_finish(&shown_left);
    vl_buffer_finish(&stored);
    vl_buffer_finish(&shown);
    vl_buffer_finish(&wanted);
    vl_buffer_finish(&text);
    vl_buffer_finish(&model);
}

static void random_histories_are_shown_as_defined(void **state)
{
    (void)state;
    const uint64_t runs = test_scale(400, 60);
    for (uint64_t seed = 1; seed <= runs; seed++) {
        struct random random = {seed};
        struct history_shape shape = {.kind = seed % 3 == 0 ? VL_FIELD_LIST : VL_FIELD_TEXT,
                                      .operations = 20 + (size_t)random_below(&random, 150),
                                      .writers = 1 + random_below(&random, 5),
                                      .meet_percent = 30,
                                      .odd = seed % 2 == 0};
        struct history h;
        struct chosen chosen;
        cell_history_random(&h, &shape, seed);
        for (int i = 0; i < 4; i++) {
            choose(&h, &random, &chosen);
            assert_as_defined(&h, &chosen, &random);
        }
        cell_history_finish(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_other_neighbour_counts),
        cmocka_unit_test(what_names_it_is_shown_too),
        cmocka_unit_test(deletions_count),
        cmocka_unit_test(unknown_places_are_waited_for),
        cmocka_unit_test(hostile_places_do_no_harm),
        cmocka_unit_test(nothing_is_done_without_need),
        cmocka_unit_test(long_texts_are_shown),
        cmocka_unit_test(random_histories_are_shown_as_defined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
