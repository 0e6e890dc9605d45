/* A meeting from a format, and whose turn it is to facilitate, on real replicas. */
#include "circle/agenda.h"
#include "circle/meeting.h"
#include "circle/rotation.h"
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const vl_wall now = {1700000000000};

static struct vl_replica *replica_of(struct circle_fixture *f, size_t node)
{
    return f->nodes[node].replica;
}

static size_t count_of_type(struct vl_replica *r, uint32_t type)
{
    struct record_list list;
    assert_int_equal(record_list_read(r, type, &list), VL_OK);
    size_t count = list.count;
    record_list_finish(&list);
    return count;
}

static int64_t number_of(const struct record *record, uint32_t field)
{
    const struct record_field *there = record_field(record, field);
    assert_int_equal(there->count, 1);
    return there->values[0].value.integer;
}

/* What the others read is the format, part by part. */
static void test_a_meeting_has_the_parts_of_its_format(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 71);
    struct vl_record_id id;
    struct format format;
    struct record meeting;
    struct edit e;
    (void)state;
    for (size_t at = 0; format_at(at, "fr", &format) == VL_OK; at++) {
        record_id_random(&id);
        assert_int_equal(edit_begin(&e, replica_of(f, 0), SCHEMA_MEETING, &id), VL_OK);
        edit_set_text(&e, MEETING_TITLE, "Jeudi");
        edit_set_text(&e, MEETING_FORMAT, format.id);
        assert_int_equal(agenda_from_format(&e, &format, now, NULL), VL_OK);
        assert_int_equal(edit_write(&e, now, NULL), VL_OK);
        edit_finish(&e);
        circle_fixture_sync_all(f);

        assert_int_equal(meeting_read(replica_of(f, 1), &id, &meeting), VL_OK);
        assert_string_equal(record_text(&meeting, MEETING_FORMAT), format.id);
        const struct record_field *parts = record_field(&meeting, MEETING_PARTS);
        assert_int_equal(parts->count, format.part_count);
        for (size_t i = 0; i < parts->count; i++) {
            struct record part;
            assert_int_equal(
                record_read(replica_of(f, 1), SCHEMA_PART, &parts->values[i].value.record, &part),
                VL_OK);
            assert_string_equal(record_text(&part, PART_TITLE), format.parts[i].title);
            assert_string_equal(record_text(&part, PART_SCRIPT), format.parts[i].script);
            assert_int_equal(number_of(&part, PART_MINUTES), format.parts[i].minutes);
            assert_int_equal(number_of(&part, PART_KIND), format.parts[i].kind);
            assert_memory_equal(&record_field(&part, PART_MEETING)->values[0].value.record, &id,
                                sizeof id);
            record_finish(&part);
        }
        record_finish(&meeting);
        format_finish(&format);
    }
    circle_fixture_destroy(f);
}

static void test_a_bad_meeting_leaves_no_parts(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 72);
    struct schema_problem problem = {0};
    struct vl_record_id id;
    struct format format;
    struct edit e;
    (void)state;
    assert_int_equal(format_find("check-in", "en", &format), VL_OK);
    record_id_random(&id);
    assert_int_equal(edit_begin(&e, replica_of(f, 0), SCHEMA_MEETING, &id), VL_OK);
    edit_set_text(&e, MEETING_STARTS, "tomorrow");
    assert_int_equal(agenda_from_format(&e, &format, now, &problem), VL_ERR_INVALID);
    assert_int_equal(problem.field->id, MEETING_STARTS);
    assert_int_equal(edit_write(&e, now, NULL), VL_ERR_INVALID);
    edit_finish(&e);
    assert_int_equal(count_of_type(replica_of(f, 0), SCHEMA_PART), 0);
    assert_int_equal(count_of_type(replica_of(f, 0), SCHEMA_MEETING), 0);
    format_finish(&format);
    circle_fixture_destroy(f);
}

/* ---- whose turn it is ---- */

static struct rotation order_of(struct circle_fixture *f, const char *digits)
{
    struct rotation rotation = {.count = 0};
    for (; *digits != '\0'; digits++)
        rotation.persons[rotation.count++] = f->nodes[*digits - '0'].person;
    return rotation;
}

static void assert_order(struct circle_fixture *f, size_t node, const char *digits)
{
    struct rotation wanted = order_of(f, digits), there;
    assert_int_equal(rotation_read(replica_of(f, node), &there), VL_OK);
    assert_int_equal(there.count, wanted.count);
    for (size_t i = 0; i < wanted.count; i++)
        assert_true(vl_id_equal(&there.persons[i], &wanted.persons[i]));
}

static void test_turns_go_round(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 73);
    struct rotation order = order_of(f, "120");
    (void)state;
    assert_order(f, 0, "");
    assert_int_equal(rotation_advance(replica_of(f, 0), now, NULL), VL_ERR_NOT_FOUND);
    assert_int_equal(rotation_write(replica_of(f, 0), &order, now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_order(f, 2, "120");
    assert_int_equal(rotation_advance(replica_of(f, 0), now, NULL), VL_OK);
    assert_order(f, 0, "201");
    assert_int_equal(rotation_advance(replica_of(f, 0), now, NULL), VL_OK);
    assert_int_equal(rotation_advance(replica_of(f, 0), now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_order(f, 1, "120");
    /* One alone stays where she is. */
    order = order_of(f, "2");
    assert_int_equal(rotation_write(replica_of(f, 0), &order, now, NULL), VL_OK);
    assert_int_equal(rotation_advance(replica_of(f, 0), now, NULL), VL_OK);
    assert_order(f, 0, "2");
    circle_fixture_destroy(f);
}

static void test_the_order_is_of_members_by_facilitators(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 74);
    struct schema_problem problem = {0};
    struct rotation order = order_of(f, "12");
    (void)state;
    assert_int_equal(rotation_write(replica_of(f, 1), &order, now, &problem), VL_ERR_AUTHORITY);
    assert_order(f, 1, "");
    order = order_of(f, "121");
    assert_int_equal(rotation_write(replica_of(f, 0), &order, now, &problem), VL_ERR_INVALID);
    assert_int_equal(problem.field->id, CIRCLE_ROTATION);
    order = order_of(f, "12");
    memset(order.persons[1].bytes, 7, sizeof order.persons[1].bytes);
    assert_int_equal(rotation_write(replica_of(f, 0), &order, now, &problem), VL_ERR_INVALID);
    assert_order(f, 0, "");
    circle_fixture_destroy(f);
}

/* Who leaves is passed over, and two orders made apart still have everybody once. */
static void test_the_order_outlives_changes(void **state)
{
    struct circle_fixture *f = circle_fixture_create(4, 75);
    struct rotation order = order_of(f, "3120"), merged;
    struct vl_control promote = {.kind = VL_CONTROL_PROMOTE, .target = f->nodes[1].person};
    struct vl_control removal = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[3].person};
    struct vl_id id;
    (void)state;
    assert_int_equal(vl_replica_control(replica_of(f, 0), &promote, now, &id), VL_OK);
    assert_int_equal(rotation_write(replica_of(f, 0), &order, now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(rotation_advance(replica_of(f, 0), now, NULL), VL_OK);
    order = order_of(f, "0213");
    assert_int_equal(rotation_write(replica_of(f, 1), &order, now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    assert_int_equal(rotation_read(replica_of(f, 2), &merged), VL_OK);
    assert_int_equal(merged.count, 4);

    assert_int_equal(rotation_write(replica_of(f, 0), &order, now, NULL), VL_OK);
    assert_int_equal(vl_replica_control(replica_of(f, 0), &removal, now, &id), VL_OK);
    circle_fixture_sync_all(f);
    assert_order(f, 2, "021");
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_meeting_has_the_parts_of_its_format),
        cmocka_unit_test(test_a_bad_meeting_leaves_no_parts),
        cmocka_unit_test(test_turns_go_round),
        cmocka_unit_test(test_the_order_is_of_members_by_facilitators),
        cmocka_unit_test(test_the_order_outlives_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
