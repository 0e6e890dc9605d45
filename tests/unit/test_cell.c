/* Cells: equal sets of operations give equal bytes, in whatever order; the text is the one that a
 * plain model of Fugue gives; damaged states are refused. */
#include "support/cell_history.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const enum vl_field_kind kinds[] = {VL_FIELD_REGISTER, VL_FIELD_SET, VL_FIELD_TEXT,
                                           VL_FIELD_LIST};

static bool is_sequence(enum vl_field_kind kind)
{
    return kind == VL_FIELD_TEXT || kind == VL_FIELD_LIST;
}

static void assert_same(const struct vl_buffer *a, const struct vl_buffer *b, const char *what,
                        uint64_t seed)
{
    if (vl_bytes_equal(vl_buffer_view(a), vl_buffer_view(b))) return;
    fail_msg("%s, seed %llu: %zu and %zu bytes differ", what, (unsigned long long)seed, a->size,
             b->size);
}

/* ---- all orders of up to six concurrent operations ---- */

static void next_order(size_t *order, size_t count)
{
    size_t i = count - 1, j = count - 1;
    while (i > 0 && order[i - 1] > order[i])
        i--;
    if (i == 0) {
        order[0] = SIZE_MAX; /* that was the last */
        return;
    }
    while (order[j] < order[i - 1])
        j--;
    size_t kept = order[i - 1];
    order[i - 1] = order[j];
    order[j] = kept;
    for (j = count - 1; i < j; i++, j--) {
        kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static void check_all_orders(const struct history *h, uint64_t seed)
{
    struct vl_buffer first = {0}, text = {0}, model = {0};
    size_t order[6] = {0, 1, 2, 3, 4, 5};
    assert_int_equal(cell_history_apply(h, order, &first), VL_OK);
    if (is_sequence(h->kind)) {
        assert_int_equal(cell_history_text(h->kind, vl_buffer_view(&first), &text), VL_OK);
        cell_history_model(h, &model);
        assert_same(&text, &model, "text and model", seed);
    }
    for (next_order(order, h->count); order[0] != SIZE_MAX; next_order(order, h->count)) {
        struct vl_buffer other = {0};
        assert_int_equal(cell_history_apply(h, order, &other), VL_OK);
        assert_same(&first, &other, "orders", seed);
        vl_buffer_finish(&other);
    }
    vl_buffer_finish(&first);
    vl_buffer_finish(&text);
    vl_buffer_finish(&model);
}

static void test_all_orders(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++)
        for (uint64_t seed = 1; seed <= test_scale(16, 2); seed++) {
            struct history_shape shape = {kinds[k], 2 + seed % 5, 6, 0, seed % 2 == 0};
            struct history h;
            cell_history_random(&h, &shape, seed * 1000 + k);
            if (h.count > 1) check_all_orders(&h, seed);
            cell_history_finish(&h);
        }
}

/* ---- random histories, shuffled: one in twenty is long ---- */

#define LONG_EVERY      20u
#define LONG_OPERATIONS 2000u

static void check_shuffled(const struct history *h, uint64_t seed)
{
    struct random random = {seed};
    struct vl_buffer first = {0}, text = {0}, model = {0};
    size_t *order = calloc(h->count, sizeof *order);
    assert_non_null(order);
    for (size_t i = 0; i < h->count; i++)
        order[i] = i;
    assert_int_equal(cell_history_apply(h, order, &first), VL_OK);
    for (int round = 0; round < 3; round++) {
        struct vl_buffer other = {0};
        cell_history_shuffle(order, h->count, &random);
        assert_int_equal(round == 0 ? cell_history_apply(h, order, &other)
                                    : cell_history_merge(h, order, &other),
                         VL_OK);
        assert_same(&first, &other, "shuffled", seed);
        vl_buffer_finish(&other);
    }
    if (is_sequence(h->kind)) {
        assert_int_equal(cell_history_text(h->kind, vl_buffer_view(&first), &text), VL_OK);
        cell_history_model(h, &model);
        assert_same(&text, &model, "text and model", seed);
    }
    free(order);
    vl_buffer_finish(&first);
    vl_buffer_finish(&text);
    vl_buffer_finish(&model);
}

static void test_shuffled_histories(void **state)
{
    (void)state;
    const uint64_t first = test_first_seed(1);
    for (uint64_t seed = first; seed < first + test_scale(200, 11); seed++) {
        const bool is_long = seed % LONG_EVERY == 0;
        struct history_shape shape = {
            kinds[(seed + seed / LONG_EVERY) % 4], is_long ? LONG_OPERATIONS : 120 + seed % 100,
            (unsigned)(2 + seed % 5), (unsigned)(seed % 60), seed % 3 == 0 || seed % 40 == 0};
        struct history h;
        cell_history_random(&h, &shape, seed);
        assert_true(h.count > 50);
        check_shuffled(&h, seed);
        cell_history_finish(&h);
    }
}

/* ---- what people see ---- */

static struct vl_operation text_insert(const char *text)
{
    return (struct vl_operation){.opcode = VL_OP_SEQUENCE_INSERT,
                                 .left.is_end = true,
                                 .right.is_end = true,
                                 .value = vl_bytes_text(text)};
}

static struct vl_stamp stamp_of(uint64_t entry, uint64_t lamport)
{
    return (struct vl_stamp){lamport, {cell_history_id(entry), 0}};
}

/* Types `word` letter by letter into `cell`, each letter an entry of its own, at position 0
 * (backwards) or at the end of what was typed. */
static void type_word(struct history *h, struct vl_buffer *cell, const char *word, bool backwards,
                      uint64_t entry)
{
    for (size_t i = 0; word[i] != '\0'; i++) {
        char letter[2] = {word[i], '\0'};
        struct vl_operation op = text_insert(letter);
        struct vl_stamp stamp = stamp_of(entry + i, 2 + i);
        assert_int_equal(vl_cell_place(VL_FIELD_TEXT, vl_buffer_view(cell), backwards ? 1 : 1 + i,
                                       &op.left, &op.right),
                         VL_OK);
        cell_history_add(h, &op, &stamp);
        assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, cell, &op, &stamp), VL_OK);
    }
}

static void check_no_interleaving(bool first_backwards, bool second_backwards)
{
    struct history h = {.kind = VL_FIELD_TEXT};
    struct vl_operation op = text_insert("[]");
    struct vl_stamp stamp = stamp_of(1, 1);
    struct vl_buffer one = {0}, two = {0}, all = {0}, text = {0};
    cell_history_add(&h, &op, &stamp);
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &one, &op, &stamp), VL_OK);
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &two, &op, &stamp), VL_OK);
    type_word(&h, &one, "abcdefgh", first_backwards, 100);
    type_word(&h, &two, "ABCDEFGH", second_backwards, 200);
    assert_int_equal(cell_history_apply(&h, NULL, &all), VL_OK);
    assert_int_equal(vl_cell_text(vl_buffer_view(&all), &text), VL_OK);
    assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
    const char *small = first_backwards ? "hgfedcba" : "abcdefgh";
    const char *large = second_backwards ? "HGFEDCBA" : "ABCDEFGH";
    assert_int_equal(text.size, 19);
    assert_non_null(strstr((const char *)text.data, small));
    assert_non_null(strstr((const char *)text.data, large));
    vl_buffer_finish(&one);
    vl_buffer_finish(&two);
    vl_buffer_finish(&all);
    vl_buffer_finish(&text);
    cell_history_finish(&h);
}

static void test_typed_words_do_not_interleave(void **state)
{
    (void)state;
    check_no_interleaving(false, false);
    check_no_interleaving(true, true);
    check_no_interleaving(false, true);
}

static void apply(struct vl_buffer *cell, enum vl_opcode opcode, const char *value,
                  const struct vl_dot *dots, size_t dot_count, struct vl_stamp stamp)
{
    struct vl_operation op = {
        .opcode = opcode, .value = vl_bytes_text(value), .dots = dots, .dot_count = dot_count};
    assert_int_equal(vl_cell_apply(vl_opcode_field_kind(opcode), cell, &op, &stamp), VL_OK);
}

static void test_register_keeps_concurrent_values(void **state)
{
    struct vl_buffer cell = {0};
    struct vl_cell_value values[4];
    struct vl_dot dots[4];
    size_t count;
    (void)state;
    apply(&cell, VL_OP_REGISTER_SET, "old", NULL, 0, stamp_of(1, 1));
    struct vl_dot old = stamp_of(1, 1).dot;
    apply(&cell, VL_OP_REGISTER_SET, "here", &old, 1, stamp_of(2, 2));
    apply(&cell, VL_OP_REGISTER_SET, "there", &old, 1, stamp_of(3, 5));
    assert_int_equal(vl_cell_values(VL_FIELD_REGISTER, vl_buffer_view(&cell), values, 4, &count),
                     VL_OK);
    assert_int_equal(count, 2);
    assert_true(vl_bytes_equal(values[0].value, vl_bytes_text("there")));
    assert_true(vl_bytes_equal(values[1].value, vl_bytes_text("here")));
    assert_int_equal(vl_cell_dots(VL_FIELD_REGISTER, vl_buffer_view(&cell), NULL, dots, 4, &count),
                     VL_OK);
    assert_int_equal(count, 2);
    apply(&cell, VL_OP_REGISTER_SET, "settled", dots, 2, stamp_of(4, 6));
    assert_int_equal(vl_cell_values(VL_FIELD_REGISTER, vl_buffer_view(&cell), values, 4, &count),
                     VL_OK);
    assert_int_equal(count, 1);
    assert_null(memmem(cell.data, cell.size, "there", 5)); /* what was replaced is not kept */
    vl_buffer_finish(&cell);
}

static void test_add_wins_over_concurrent_remove(void **state)
{
    struct vl_buffer cell = {0};
    struct vl_cell_value values[4];
    struct vl_bytes ada = vl_bytes_text("Ada");
    struct vl_dot dots[4];
    size_t count;
    (void)state;
    apply(&cell, VL_OP_SET_ADD, "Ada", NULL, 0, stamp_of(1, 1));
    assert_int_equal(vl_cell_dots(VL_FIELD_SET, vl_buffer_view(&cell), &ada, dots, 4, &count),
                     VL_OK);
    assert_int_equal(count, 1);
    apply(&cell, VL_OP_SET_ADD, "Ada", NULL, 0, stamp_of(2, 2)); /* not seen by the remove */
    apply(&cell, VL_OP_SET_REMOVE, "Ada", dots, 1, stamp_of(3, 2));
    assert_int_equal(vl_cell_values(VL_FIELD_SET, vl_buffer_view(&cell), values, 4, &count), VL_OK);
    assert_int_equal(count, 1);
    assert_true(vl_bytes_equal(values[0].value, ada));
    vl_buffer_finish(&cell);
}

static void test_places_and_spans_are_in_code_points(void **state)
{
    struct vl_buffer cell = {0}, text = {0};
    struct vl_operation op = text_insert("né à Ðôle 🌿!");
    struct vl_stamp stamp = stamp_of(1, 1);
    struct vl_place left, right;
    struct vl_span spans[2];
    size_t count;
    (void)state;
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &stamp), VL_OK);
    assert_int_equal(vl_cell_place(VL_FIELD_TEXT, vl_buffer_view(&cell), 12, &left, &right), VL_OK);
    assert_int_equal(left.offset, 11);
    assert_true(right.is_end);
    assert_int_equal(vl_cell_place(VL_FIELD_TEXT, vl_buffer_view(&cell), 13, &left, &right),
                     VL_ERR_INVALID);
    assert_int_equal(vl_cell_spans(VL_FIELD_TEXT, vl_buffer_view(&cell), 10, 1, spans, 2, &count),
                     VL_OK);
    assert_int_equal(count, 1);
    op =
        (struct vl_operation){.opcode = VL_OP_SEQUENCE_DELETE, .spans = spans, .span_count = count};
    stamp = stamp_of(2, 2);
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &stamp), VL_OK);
    assert_int_equal(vl_cell_text(vl_buffer_view(&cell), &text), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&text), vl_bytes_text("né à Ðôle !")));
    assert_null(memmem(cell.data, cell.size, "🌿", 4)); /* deleted text is not kept */
    assert_int_equal(vl_cell_spans(VL_FIELD_TEXT, vl_buffer_view(&cell), 10, 2, spans, 2, &count),
                     VL_ERR_INVALID);
    vl_buffer_finish(&cell);
    vl_buffer_finish(&text);
}

/* ---- refusals ---- */

static void test_wrong_operations_change_nothing(void **state)
{
    struct vl_buffer cell = {0}, before = {0};
    struct vl_operation op = text_insert("abc");
    struct vl_stamp stamp = stamp_of(1, 1), next = stamp_of(2, 2);
    (void)state;
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &stamp), VL_OK);
    assert_int_equal(vl_buffer_append(&before, cell.data, cell.size), VL_OK);
    op.opcode = VL_OP_SET_ADD;
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &next), VL_ERR_INVALID);
    op = text_insert("a\x01");
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &next), VL_ERR_UTF8);
    op = text_insert("");
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &next), VL_ERR_INVALID);
    op.opcode = VL_OPCODE_COUNT;
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &next), VL_ERR_KIND);
    assert_same(&cell, &before, "state after refusals", 0);
    vl_buffer_finish(&cell);
    vl_buffer_finish(&before);
}

/* ---- the limit: a sum over the set of operations ---- */

/* Operations on one cell whose weights sum to VL_CELL_WEIGHT_MAX + more; some replace others. */
static void heavy_history(struct history *h, uint64_t more)
{
    static uint8_t value[VL_VALUE_BYTES_MAX];
    uint64_t left = VL_CELL_WEIGHT_MAX + more;
    *h = (struct history){.kind = VL_FIELD_REGISTER};
    for (uint64_t i = 1; left > 0; i++) {
        struct vl_stamp stamp = stamp_of(i, i);
        struct vl_dot before = {cell_history_id(i - 1), 0};
        struct vl_operation op = {.opcode = VL_OP_REGISTER_SET, .value = {value, sizeof value}};
        if (i % 3 == 0) { /* two names: its own, and what it replaces */
            op.dots = &before;
            op.dot_count = 1;
        }
        uint64_t names = VL_CELL_NAME_WEIGHT * (1 + op.dot_count);
        if (left < names + sizeof value + 2 * VL_CELL_NAME_WEIGHT && left >= names)
            op.value.size = left - names <= sizeof value ? (size_t)(left - names) : 100;
        left -= names + op.value.size;
        value[0] = (uint8_t)i;
        cell_history_add(h, &op, &stamp);
    }
}

static void merge_in_order(const struct history *h, uint64_t seed, struct vl_buffer *state)
{
    struct random random = {seed};
    size_t *order = calloc(h->count, sizeof *order);
    assert_non_null(order);
    for (size_t i = 0; i < h->count; i++)
        order[i] = i;
    if (seed > 0) cell_history_shuffle(order, h->count, &random);
    assert_int_equal(cell_history_merge(h, order, state), VL_OK);
    free(order);
}

static void test_limit_is_the_same_in_every_order(void **state)
{
    (void)state;
    for (uint64_t more = 0; more < 2; more++) {
        struct vl_buffer first = {0};
        struct vl_cell_value value;
        struct history h;
        size_t count;
        heavy_history(&h, more);
        merge_in_order(&h, 0, &first);
        assert_int_equal(vl_cell_over(vl_buffer_view(&first)), more == 1);
        assert_int_equal(
            vl_cell_values(VL_FIELD_REGISTER, vl_buffer_view(&first), &value, 1, &count), VL_OK);
        assert_int_equal(count == 0, more == 1);
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct vl_buffer other = {0};
            merge_in_order(&h, seed, &other);
            assert_same(&first, &other, "orders at the limit", seed);
            vl_buffer_finish(&other);
        }
        vl_buffer_finish(&first);
        cell_history_finish(&h);
    }
}

static void test_cell_over_its_limit(void **state)
{
    struct vl_buffer cell = {0};
    struct vl_operation op = {.opcode = VL_OP_SEQUENCE_INSERT,
                              .left.is_end = true,
                              .right.is_end = true,
                              .value = {(const uint8_t *)"a", 1}};
    struct vl_stamp stamp = stamp_of(1, 1);
    struct vl_place left, right;
    struct vl_span span;
    struct vl_dot dot;
    size_t count;
    (void)state;
    static const uint8_t one_over[] = {0x81, 0x80, 0x80, 0x04}; /* 8388609 */
    assert_int_equal(vl_buffer_append(&cell, one_over, 3), VL_OK);
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &stamp), VL_ERR_DAMAGED);
    assert_int_equal(vl_buffer_append(&cell, one_over + 3, 1), VL_OK);
    assert_true(vl_cell_over(vl_buffer_view(&cell)));
    struct vl_bytes view = vl_buffer_view(&cell);
    assert_int_equal(vl_cell_place(VL_FIELD_TEXT, view, 0, &left, &right), VL_ERR_LIMIT);
    assert_int_equal(vl_cell_spans(VL_FIELD_TEXT, view, 0, 0, &span, 1, &count), VL_ERR_LIMIT);
    assert_int_equal(vl_cell_dots(VL_FIELD_REGISTER, view, NULL, &dot, 1, &count), VL_ERR_LIMIT);
    assert_int_equal(vl_cell_apply(VL_FIELD_TEXT, &cell, &op, &stamp), VL_OK);
    assert_int_equal(cell.size, 4); /* 1 + 32 more: the sum goes on, and nothing else is kept */
    assert_memory_equal(cell.data, "\xa2\x80\x80\x04", 4);
    vl_buffer_finish(&cell);
}

/* ---- damage ---- */

/* A changed byte or a cut gives DAMAGED or a state that still behaves: it loads, and saves as the
 * bytes that were loaded. */
static void try_damaged(enum vl_field_kind kind, struct vl_bytes bytes)
{
    struct vl_buffer again = {0}, text = {0};
    struct vl_cell *cell;
    vl_result result = vl_cell_open(kind, bytes, &cell);
    if (result != VL_OK) {
        assert_int_equal(result, VL_ERR_DAMAGED);
        return;
    }
    assert_int_equal(vl_cell_save(cell, &again), VL_OK);
    if (bytes.size > 0) assert_true(vl_bytes_equal(vl_buffer_view(&again), bytes));
    assert_int_equal(cell_history_text(kind, bytes, &text), VL_OK);
    vl_cell_close(cell);
    vl_buffer_finish(&again);
    vl_buffer_finish(&text);
}

static void test_damaged_states(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        struct history_shape shape = {kinds[k], 60, 3, 40, true};
        struct vl_buffer cell = {0};
        struct random random = {k};
        struct history h;
        cell_history_random(&h, &shape, 77 + k);
        assert_int_equal(cell_history_apply(&h, NULL, &cell), VL_OK);
        for (size_t size = 0; size < cell.size; size++)
            try_damaged(kinds[k], vl_bytes(cell.data, size));
        for (size_t i = 0; i < test_scale(4000, 200); i++) {
            size_t at = random_below(&random, (uint32_t)cell.size);
            uint8_t kept = cell.data[at];
            cell.data[at] = (uint8_t)random_next(&random);
            try_damaged(kinds[k], vl_buffer_view(&cell));
            cell.data[at] = kept;
        }
        vl_buffer_finish(&cell);
        cell_history_finish(&h);
    }
}

/* ---- what a record is found by ---- */

static void check_lookup(enum vl_field_kind kind, struct vl_bytes state)
{
    struct vl_cell_lookup lookup;
    struct vl_cell_value values[512];
    struct vl_buffer text = {0};
    uint64_t lowest = UINT64_MAX;
    size_t count = 0;
    assert_int_equal(vl_cell_look_up(kind, state, &lookup), VL_OK);
    if (kind == VL_FIELD_TEXT) {
        assert_int_equal(vl_cell_text(state, &text), VL_OK);
        if (text.size > 0) assert_false(lookup.is_empty);
        vl_buffer_finish(&text);
        return;
    }
    assert_int_equal(vl_cell_values(kind, state, values, 512, &count), VL_OK);
    assert_true(count <= 512);
    for (size_t i = 0; i < count; i++)
        if (values[i].stamp.lamport < lowest) lowest = values[i].stamp.lamport;
    if (count > 0) assert_true(!lookup.is_empty && lookup.lowest <= lowest);
    if (kind == VL_FIELD_LIST) return; /* what was deleted counts there */
    assert_int_equal(lookup.is_empty, count == 0);
    if (kind == VL_FIELD_REGISTER && count > 0) assert_true(lookup.lowest == lowest);
}

static void test_the_lookup_is_what_the_values_say(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct history_shape shape = {.kind = kinds[seed % 4],
                                      .operations = 1 + seed % 60,
                                      .writers = 1 + (unsigned)(seed % 5),
                                      .meet_percent = 30};
        struct history h = {0};
        struct vl_buffer bytes = {0};
        struct vl_cell_lookup lookup;
        cell_history_random(&h, &shape, seed);
        assert_int_equal(cell_history_apply(&h, NULL, &bytes), VL_OK);
        check_lookup(shape.kind, vl_buffer_view(&bytes));
        for (size_t cut = 0; cut < bytes.size; cut++) /* whatever is there: no harm */
            if (vl_cell_look_up(shape.kind, vl_bytes(bytes.data, cut), &lookup) != VL_OK)
                assert_true(lookup.is_empty);
        vl_buffer_finish(&bytes);
        cell_history_finish(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_orders),
        cmocka_unit_test(test_shuffled_histories),
        cmocka_unit_test(test_typed_words_do_not_interleave),
        cmocka_unit_test(test_register_keeps_concurrent_values),
        cmocka_unit_test(test_add_wins_over_concurrent_remove),
        cmocka_unit_test(test_places_and_spans_are_in_code_points),
        cmocka_unit_test(test_wrong_operations_change_nothing),
        cmocka_unit_test(test_limit_is_the_same_in_every_order),
        cmocka_unit_test(test_cell_over_its_limit),
        cmocka_unit_test(test_damaged_states),
        cmocka_unit_test(test_the_lookup_is_what_the_values_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
