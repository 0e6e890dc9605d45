/* Texts and lists of which one person's part was erased, on replicas: the others' stays to be read,
 * in the same place on every device, and to be gone on with. */
#include "tests/support/circle_fixture.h"
#include "tests/support/seeded_random.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE      7u
#define NODES_MAX 3u

/* ---- one text and one list, by their kind ---- */

static struct vl_cell_key key_of(enum vl_field_kind kind)
{
    return (struct vl_cell_key){
        .type = TYPE, .record = fixture_record(1), .field = 9 + (uint32_t)kind, .kind = kind};
}

static struct vl_operation operation_on(enum vl_field_kind kind, bool inserts)
{
    const struct vl_cell_key key = key_of(kind);
    const bool list = kind == VL_FIELD_LIST;
    return (struct vl_operation){.type = key.type,
                                 .record = key.record,
                                 .field = key.field,
                                 .opcode = inserts
                                               ? (list ? VL_OP_LIST_INSERT : VL_OP_SEQUENCE_INSERT)
                                               : (list ? VL_OP_LIST_DELETE : VL_OP_SEQUENCE_DELETE),
                                 .left.is_end = true,
                                 .right.is_end = true};
}

static void read_cell(struct circle_fixture *f, size_t node, enum vl_field_kind kind,
                      struct vl_buffer *state)
{
    const struct vl_cell_key key = key_of(kind);
    vl_result result = vl_replica_cell(f->nodes[node].replica, &key, state);
    assert_true(result == VL_OK || result == VL_ERR_NOT_FOUND);
}

/* The text, or the list's elements one behind the other; *units: how long it is. */
static void shown_of(enum vl_field_kind kind, struct vl_bytes state, struct vl_buffer *out,
                     size_t *units)
{
    static struct vl_cell_value values[256];
    *units = 0;
    if (kind == VL_FIELD_TEXT) {
        assert_int_equal(vl_cell_text(state, out), VL_OK);
        *units = out->size; /* ASCII */
        return;
    }
    assert_int_equal(vl_cell_values(kind, state, values, 256, units), VL_OK);
    assert_true(*units <= 256);
    for (size_t i = 0; i < *units; i++)
        assert_int_equal(vl_buffer_append(out, values[i].value.data, values[i].value.size), VL_OK);
}

static size_t shown(struct circle_fixture *f, size_t node, enum vl_field_kind kind,
                    struct vl_buffer *out)
{
    struct vl_buffer state = {0};
    size_t units;
    read_cell(f, node, kind, &state);
    shown_of(kind, vl_buffer_view(&state), out, &units);
    vl_buffer_finish(&state);
    return units;
}

static struct vl_id put(struct circle_fixture *f, size_t by, enum vl_field_kind kind, size_t at,
                        const char *text)
{
    struct vl_operation operation = operation_on(kind, true);
    struct vl_buffer state = {0};
    struct vl_id id;
    read_cell(f, by, kind, &state);
    if (state.size > 0)
        assert_int_equal(
            vl_cell_place(kind, vl_buffer_view(&state), at, &operation.left, &operation.right),
            VL_OK);
    operation.value = vl_bytes_text(text);
    assert_int_equal(vl_replica_write(f->nodes[by].replica, &operation, 1, f->now, &id), VL_OK);
    vl_buffer_finish(&state);
    return id;
}

static struct vl_id take(struct circle_fixture *f, size_t by, enum vl_field_kind kind, size_t at,
                         size_t units)
{
    struct vl_operation operation = operation_on(kind, false);
    struct vl_buffer state = {0};
    struct vl_span spans[64];
    struct vl_id id;
    read_cell(f, by, kind, &state);
    assert_int_equal(
        vl_cell_spans(kind, vl_buffer_view(&state), at, units, spans, 64, &operation.span_count),
        VL_OK);
    assert_true(operation.span_count <= 64);
    operation.spans = spans;
    assert_int_equal(vl_replica_write(f->nodes[by].replica, &operation, 1, f->now, &id), VL_OK);
    vl_buffer_finish(&state);
    return id;
}

static void erase(struct circle_fixture *f, size_t by, struct vl_id id)
{
    struct vl_id tombstone;
    assert_int_equal(vl_replica_erase(f->nodes[by].replica, &id, 1, f->now, &tombstone), VL_OK);
}

static void assert_shows(struct circle_fixture *f, size_t node, enum vl_field_kind kind,
                         const char *text)
{
    struct vl_buffer there = {0};
    (void)shown(f, node, kind, &there);
    if (!vl_bytes_equal(vl_buffer_view(&there), vl_bytes_text(text)))
        fail_msg("%zu shows \"%.*s\", not \"%s\"", node, (int)there.size, (const char *)there.data,
                 text);
    vl_buffer_finish(&there);
}

/* On all devices, opened again too, and with sound and equal states. */
static void assert_all_show(struct circle_fixture *f, enum vl_field_kind kind, const char *text)
{
    for (size_t i = 0; i < f->count; i++) {
        struct vl_verify_report report;
        struct vl_id bad;
        assert_shows(f, i, kind, text);
        assert_int_equal(vl_replica_verify(f->nodes[i].replica, &report, &bad), VL_OK);
        circle_fixture_reopen(f, i);
        assert_shows(f, i, kind, text);
    }
    assert_true(circle_fixture_agree(f));
}

/* ---- */

static const enum vl_field_kind kinds[] = {VL_FIELD_TEXT, VL_FIELD_LIST};

static void erasing_takes_only_what_was_erased(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const enum vl_field_kind kind = kinds[k];
        struct circle_fixture *f = circle_fixture_create(2, 915);
        struct vl_id hers = put(f, 1, kind, 0, "s");
        circle_fixture_sync_all(f);
        (void)put(f, 0, kind, 1, "what I wrote");
        circle_fixture_sync_all(f);
        erase(f, 1, hers);
        circle_fixture_sync_all(f);
        assert_all_show(f, kind, "what I wrote");
        circle_fixture_destroy(f);
    }
}

static void it_can_be_gone_on_with(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const enum vl_field_kind kind = kinds[k];
        struct circle_fixture *f = circle_fixture_create(2, 916);
        struct vl_id hers = put(f, 1, kind, 0, "s");
        circle_fixture_sync_all(f);
        (void)put(f, 0, kind, 1, "b");
        (void)put(f, 0, kind, 2, "d");
        circle_fixture_sync_all(f);
        erase(f, 1, hers);
        (void)put(f, 1, kind, 1, "c");
        (void)put(f, 1, kind, 0, "a");
        (void)put(f, 1, kind, 4, "ef");
        circle_fixture_sync_all(f);
        assert_all_show(f, kind, "abcdef");
        (void)take(f, 0, kind, 1, 2);
        (void)put(f, 0, kind, 1, "x");
        circle_fixture_sync_all(f);
        assert_all_show(f, kind, "axdef");
        circle_fixture_destroy(f);
    }
}

/* What she took out of others' text comes back with the entry that took it. */
static void what_an_erased_entry_took_out_comes_back(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const enum vl_field_kind kind = kinds[k];
        struct circle_fixture *f = circle_fixture_create(2, 917);
        (void)put(f, 0, kind, 0, "a");
        (void)put(f, 0, kind, 1, "b");
        circle_fixture_sync_all(f);
        struct vl_id hers = take(f, 1, kind, 0, 1);
        circle_fixture_sync_all(f);
        assert_all_show(f, kind, "b");
        erase(f, 1, hers);
        circle_fixture_sync_all(f);
        assert_all_show(f, kind, "ab");
        circle_fixture_destroy(f);
    }
}

/* 2 has it from who has erased already, and in two steps: what is not erased yet is there. */
static void the_order_of_arrival_says_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const enum vl_field_kind kind = kinds[k];
        struct circle_fixture *f = circle_fixture_create(3, 918);
        struct vl_id first = put(f, 1, kind, 0, "1");
        circle_fixture_pull(f, 0, 1);
        (void)put(f, 0, kind, 0, "a");
        (void)put(f, 0, kind, 2, "z");
        circle_fixture_pull(f, 1, 0);
        struct vl_id second = put(f, 1, kind, 1, "0");
        circle_fixture_pull(f, 0, 1);
        (void)put(f, 0, kind, 2, "m"); /* between the two */
        circle_fixture_pull(f, 1, 0);
        assert_shows(f, 1, kind, "a0m1z");
        erase(f, 1, first);
        circle_fixture_pull(f, 2, 1);
        assert_shows(f, 0, kind, "a0m1z");
        assert_shows(f, 2, kind, "a0mz");
        erase(f, 1, second);
        circle_fixture_sync_all(f);
        struct vl_buffer text = {0};
        assert_int_equal(shown(f, 2, kind, &text), 3);
        assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
        assert_all_show(f, kind, (const char *)text.data);
        vl_buffer_finish(&text);
        circle_fixture_destroy(f);
    }
}

/* By a changed program: it names what is not in its past, and what nobody ever wrote. */
static void hostile_places_are_ends_too(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 921);
    struct vl_id hers = put(f, 1, VL_FIELD_TEXT, 0, "hers"), id;
    struct vl_operation operation = operation_on(VL_FIELD_TEXT, true);
    operation.left = (struct vl_place){false, {hers, 7}, 70};
    operation.value = vl_bytes_text("liar");
    assert_int_equal(vl_replica_write(f->nodes[2].replica, &operation, 1, f->now, &id), VL_OK);
    operation.left.dot.entry.bytes[0] ^= 1;
    operation.value = vl_bytes_text("nowhere");
    assert_int_equal(vl_replica_write(f->nodes[2].replica, &operation, 1, f->now, &id), VL_OK);
    circle_fixture_pull(f, 0, 2); /* before what it names */
    assert_shows(f, 2, VL_FIELD_TEXT, "");
    erase(f, 1, hers);
    circle_fixture_pull(f, 1, 2); /* behind the erasure */
    assert_shows(f, 1, VL_FIELD_TEXT, "liar");
    circle_fixture_sync_all(f);
    assert_all_show(f, VL_FIELD_TEXT, "liar");
    circle_fixture_destroy(f);
}

struct listing {
    size_t cells, texts;
};

static vl_result list_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct listing *listing = context;
    struct vl_buffer text = {0};
    size_t units;
    listing->cells++;
    if (key->kind != VL_FIELD_TEXT && key->kind != VL_FIELD_LIST) return VL_OK;
    shown_of(key->kind, state, &text, &units);
    listing->texts += vl_bytes_equal(vl_buffer_view(&text), vl_bytes_text("mine"));
    vl_buffer_finish(&text);
    return VL_OK;
}

static vl_result end_at_second(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    (void)key;
    (void)state;
    return ++((struct listing *)context)->cells == 2 ? VL_ERR_EXISTS : VL_OK;
}

/* Each cell once and in order, also when some are shown otherwise than they are stored. */
static void lists_of_cells_show_it(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 919);
    const struct vl_record_id record = fixture_record(1), other = fixture_record(2);
    (void)circle_fixture_set(f, 0, TYPE, &record, 1, "before");
    (void)circle_fixture_set(f, 0, TYPE, &record, 40, "behind");
    (void)circle_fixture_set(f, 0, TYPE, &other, 1, "another");
    for (size_t k = 0; k < 2; k++) {
        const enum vl_field_kind kind = kinds[k];
        struct vl_id first = put(f, 1, kind, 0, "h");
        circle_fixture_sync_all(f);
        (void)put(f, 0, kind, 1, "mine");
        circle_fixture_sync_all(f);
        erase(f, 1, first);
        circle_fixture_sync_all(f);
    }
    struct vl_replica *r = f->nodes[0].replica;
    struct listing all = {0}, one = {0}, ended = {0};
    assert_int_equal(vl_replica_records(r, TYPE, list_cell, &all), VL_OK);
    assert_int_equal(all.cells, 5);
    assert_int_equal(all.texts, 2);
    assert_int_equal(vl_replica_record(r, TYPE, &record, list_cell, &one), VL_OK);
    assert_int_equal(one.cells, 4);
    assert_int_equal(one.texts, 2);
    assert_int_equal(vl_replica_records(r, TYPE, end_at_second, &ended), VL_ERR_EXISTS);
    assert_int_equal(ended.cells, 2);
    circle_fixture_destroy(f);
}

/* ---- the search index ---- */

/* Node 0's copy is in a vault from now on. */
static void move_into_vault(struct circle_fixture *f, struct store_fixture *s)
{
    struct fixture_node *node = &f->nodes[0];
    s->circle = f->id;
    store_storage(s->store, &s->circle, &s->port);
    vl_replica_close(node->replica);
    node->replica = NULL;
    node->storage = s->port;
    assert_int_equal(vl_replica_open(&node->replica, &f->id, node->keys, &node->storage, NULL),
                     VL_OK);
}

static vl_result count_hit(void *context, const struct store_hit *hit)
{
    (void)hit;
    (*(size_t *)context)++;
    return VL_OK;
}

static size_t found(struct store_fixture *s, const char *word)
{
    size_t count = 0;
    assert_int_equal(store_search(s->store, NULL, vl_bytes_text(word), 10, count_hit, &count),
                     VL_OK);
    return count;
}

static void index_all(struct store_fixture *s)
{
    for (size_t left = 1; left > 0;)
        assert_int_equal(store_index_step(s->store, 64, &left), VL_OK);
}

/* All logs of node 1's copy, that entry without its blob. */
static void give_bare(struct circle_fixture *f, struct vl_id bare)
{
    struct vl_head heads[8];
    size_t count, stored;
    assert_int_equal(vl_replica_heads(f->nodes[1].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < 2 * count; i++) { /* one may rest upon the next */
        struct entry_run run = circle_fixture_run(f, 1, &heads[i % count].log, 0, 256);
        for (size_t k = 0; k < run.count; k++) {
            struct vl_id id;
            vl_entry_id(run.items[k].header, &id);
            if (vl_id_equal(&id, &bare)) run.items[k].blob = vl_bytes(NULL, 0);
        }
        vl_result result = vl_replica_receive(f->nodes[0].replica, run.items, run.count, &stored);
        assert_true(result == VL_OK || i < count);
        entry_run_finish(&run);
    }
}

/* Erased on a device that had it, and on one that never had it but as a header: there no cell is
 * merged anew. */
static void what_is_shown_is_found(void **state)
{
    struct store_fixture *s = *state;
    for (int bare = 0; bare < 2; bare++) {
        struct circle_fixture *f = circle_fixture_create(2, 920 + (uint64_t)bare);
        move_into_vault(f, s);
        struct vl_id hers = put(f, 1, VL_FIELD_TEXT, 0, "elle ");
        (void)put(f, 1, VL_FIELD_TEXT, 5, bare ? "plus tard" : "ensuite");
        if (bare)
            give_bare(f, hers);
        else
            circle_fixture_sync_all(f);
        index_all(s);
        assert_int_equal(found(s, "elle"), bare ? 0 : 1);
        assert_int_equal(found(s, bare ? "tard" : "ensuite"), bare ? 0 : 1);
        erase(f, 1, hers);
        circle_fixture_sync_all(f);
        assert_shows(f, 0, VL_FIELD_TEXT, bare ? "plus tard" : "ensuite");
        index_all(s);
        assert_int_equal(found(s, "elle"), 0);
        assert_int_equal(found(s, bare ? "tard" : "ensuite"), 1);
        circle_fixture_destroy(f);
    }
}

/* ---- at random ---- */

struct written {
    struct vl_id id;
    size_t by;
    bool erased;
};

static void random_write(struct circle_fixture *f, size_t by, enum vl_field_kind kind,
                         struct seeded *random, struct vl_id *id)
{
    static const char *const texts[] = {"a", "bc", "def", "ghij", "klmno"};
    struct vl_buffer text = {0};
    size_t units = shown(f, by, kind, &text), at = (size_t)seeded_below(random, units + 1);
    vl_buffer_finish(&text);
    if (units > at && seeded_below(random, 4) == 0) {
        size_t most = units - at < 6 ? units - at : 6;
        *id = take(f, by, kind, at, 1 + (size_t)seeded_below(random, most));
    } else {
        *id = put(f, by, kind, at, texts[seeded_below(random, 5)]);
    }
}

static void erase_one(struct circle_fixture *f, struct written *all, size_t count,
                      struct seeded *random)
{
    struct written *one = count == 0 ? NULL : &all[seeded_below(random, count)];
    if (one == NULL || one->erased) return;
    one->erased = true;
    erase(f, one->by, one->id);
}

static void assert_same(struct circle_fixture *f, enum vl_field_kind kind)
{
    struct vl_buffer text = {0};
    (void)shown(f, 0, kind, &text);
    assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
    assert_all_show(f, kind, (const char *)text.data);
    vl_buffer_finish(&text);
}

/* Three write and erase what is theirs, and hear of each other as chance will have it. */
static void random_histories_are_shown_alike(void **state)
{
    (void)state;
    const uint64_t runs = test_scale(60, 8);
    for (uint64_t seed = 1; seed <= runs; seed++) {
        struct circle_fixture *f = circle_fixture_create(NODES_MAX, 1000 + seed);
        const enum vl_field_kind kind = kinds[seed % 2];
        struct written all[80];
        size_t count = 0;
        struct seeded random;
        seeded_init(&random, seed, 0);
        while (count < 40) {
            size_t who = (size_t)seeded_below(&random, NODES_MAX);
            switch (seeded_below(&random, 5)) {
            case 0: erase_one(f, all, count, &random); break;
            case 1:
            case 2: circle_fixture_pull(f, who, (size_t)seeded_below(&random, NODES_MAX)); break;
            default:
                all[count] = (struct written){.by = who};
                random_write(f, who, kind, &random, &all[count].id);
                count++;
            }
        }
        circle_fixture_sync_all(f);
        assert_same(f, kind);
        circle_fixture_destroy(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erasing_takes_only_what_was_erased),
        cmocka_unit_test(it_can_be_gone_on_with),
        cmocka_unit_test(what_an_erased_entry_took_out_comes_back),
        cmocka_unit_test(the_order_of_arrival_says_nothing),
        cmocka_unit_test(hostile_places_are_ends_too),
        cmocka_unit_test(lists_of_cells_show_it),
        cmocka_unit_test_setup_teardown(what_is_shown_is_found, store_fixture_set_up,
                                        store_fixture_tear_down),
        cmocka_unit_test(random_histories_are_shown_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
