/* Every allocation fails while a text is shown of which a part was erased: NO_MEMORY, nothing is
 * left of it, and the next look shows it. */
#include "support/failing_memory.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/watched_storage.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define TYPE 7u

static struct vl_cell_key key_of(void)
{
    return (struct vl_cell_key){
        .type = TYPE, .record = fixture_record(1), .field = 9, .kind = VL_FIELD_TEXT};
}

static struct vl_id put(struct circle_fixture *f, size_t by, const char *text)
{
    const struct vl_cell_key key = key_of();
    struct vl_operation operation = {.type = TYPE,
                                     .record = key.record,
                                     .field = key.field,
                                     .opcode = VL_OP_SEQUENCE_INSERT,
                                     .left.is_end = true,
                                     .right.is_end = true,
                                     .value = vl_bytes_text(text)};
    struct vl_buffer state = {0}, before = {0};
    struct vl_id id;
    if (vl_replica_cell(f->nodes[by].replica, &key, &state) == VL_OK) {
        assert_int_equal(vl_cell_text(vl_buffer_view(&state), &before), VL_OK);
        assert_int_equal(vl_cell_place(VL_FIELD_TEXT, vl_buffer_view(&state), before.size,
                                       &operation.left, &operation.right),
                         VL_OK);
    }
    assert_int_equal(vl_replica_write(f->nodes[by].replica, &operation, 1, f->now, &id), VL_OK);
    vl_buffer_finish(&state);
    vl_buffer_finish(&before);
    return id;
}

/* Node 0 has a text behind one that node 1 has erased. */
static struct circle_fixture *circle_with_text(void)
{
    struct circle_fixture *f = circle_fixture_create(2, 930);
    struct vl_id hers = put(f, 1, "hers "), tombstone;
    circle_fixture_sync_all(f);
    (void)put(f, 0, "mine");
    (void)put(f, 0, ", and on");
    circle_fixture_sync_all(f);
    assert_int_equal(vl_replica_erase(f->nodes[1].replica, &hers, 1, f->now, &tombstone), VL_OK);
    circle_fixture_sync_all(f);
    return f;
}

static vl_result keep_text(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    return key->kind == VL_FIELD_TEXT ? vl_cell_text(state, context) : VL_OK;
}

static vl_result look(struct circle_fixture *f, int how, struct vl_buffer *text)
{
    const struct vl_cell_key key = key_of();
    struct vl_replica *r = f->nodes[0].replica;
    if (how == 1) return vl_replica_record(r, TYPE, &key.record, keep_text, text);
    if (how == 2) return vl_replica_records(r, TYPE, keep_text, text);
    struct vl_buffer state = {0};
    vl_result result = vl_replica_cell(r, &key, &state);
    if (result == VL_OK)
        result = vl_cell_text(vl_buffer_view(&state), text);
    else
        assert_int_equal(state.size, 0);
    vl_buffer_finish(&state);
    return result;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_with_text();
    struct watched_storage watch = {.real = f->nodes[0].storage, .pause = failing_memory_pause};
    f->nodes[0].storage = watched_storage_port(&watch);
    circle_fixture_reopen(f, 0);
    for (int how = 0; how < 3; how++) {
        unsigned long points = 0;
        for (bool failed = true; failed; points++) {
            struct vl_buffer text = {0};
            failing_memory_arm(points + 1);
            vl_result result = look(f, how, &text);
            failed = failing_memory_disarm();
            assert_int_equal(result, failed ? VL_ERR_NO_MEMORY : VL_OK);
            if (!failed)
                assert_true(vl_bytes_equal(vl_buffer_view(&text), vl_bytes_text("mine, and on")));
            vl_buffer_finish(&text);
        }
        assert_true(points > 10);
    }
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
