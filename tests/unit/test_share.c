/* For whom a share is: the circle, the facilitators, chosen persons. */
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "circle/share.h"
#include <cmocka.h>
#include <sodium.h>

static const vl_wall now = {1767225600000};

static struct vl_replica *replica_of(struct circle_fixture *f, size_t node)
{
    return f->nodes[node].replica;
}

static size_t seen(struct circle_fixture *f, size_t node)
{
    struct record_list list;
    assert_int_equal(share_list(replica_of(f, node), &list), VL_OK);
    size_t count = list.count;
    record_list_finish(&list);
    return count;
}

static void assert_share(struct circle_fixture *f, size_t node, const struct vl_record_id *id,
                         const char *text, enum share_audience audience)
{
    char name[RECORD_ID_TEXT_SIZE];
    struct vl_record_id found;
    struct record record;
    record_id_text(id, name);
    name[8] = 0;
    assert_int_equal(share_find(replica_of(f, node), name, &found), VL_OK);
    assert_memory_equal(&found, id, sizeof found);
    assert_int_equal(share_read(replica_of(f, node), id, &record), VL_OK);
    assert_string_equal(record_text(&record, SHARE_TEXT), text);
    assert_int_equal(share_audience_of(&record), audience);
    record_finish(&record);
}

static void for_the_facilitators(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 21); /* 0 is the one facilitator */
    struct share_change change = {.text = "un mot", .audience = SHARE_FOR_FACILITATORS};
    struct vl_record_id id, found;
    struct record record;
    char name[RECORD_ID_TEXT_SIZE];
    assert_int_equal(share_create(replica_of(f, 1), &change, now, &id, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_share(f, 0, &id, "un mot", SHARE_FOR_FACILITATORS);
    assert_share(f, 1, &id, "un mot", SHARE_FOR_FACILITATORS);
    assert_int_equal(seen(f, 0), 1);
    assert_int_equal(seen(f, 2), 0);
    assert_int_equal(share_read(replica_of(f, 2), &id, &record), VL_ERR_NOT_FOUND);
    record_id_text(&id, name);
    assert_int_equal(share_find(replica_of(f, 2), name, &found), VL_ERR_NOT_FOUND);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

static void for_chosen_persons_and_changed(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 22);
    struct vl_id two[] = {f->nodes[1].person, f->nodes[2].person};
    struct share_change change = {
        .text = "avant", .audience = SHARE_FOR_PERSONS, .persons = two, .person_count = 2};
    struct vl_record_id id, open;
    assert_int_equal(share_create(replica_of(f, 3), &change, now, &id, NULL), VL_OK);
    change = (struct share_change){.text = "pour tous"};
    assert_int_equal(share_create(replica_of(f, 3), &change, now, &open, NULL), VL_OK);
    change = (struct share_change){.text = "après"};
    assert_int_equal(share_update(replica_of(f, 3), &id, &change, now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t i = 1; i < 4; i++)
        assert_share(f, i, &id, "après", SHARE_FOR_PERSONS);
    assert_share(f, 0, &open, "pour tous", SHARE_FOR_CIRCLE);
    assert_int_equal(seen(f, 0), 1);
    assert_int_equal(seen(f, 1), 2);
    assert_int_equal(share_update(replica_of(f, 1), &id, &change, now, NULL), VL_ERR_AUTHORITY);

    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[2].person};
    struct vl_id entry;
    assert_int_equal(vl_replica_control(replica_of(f, 0), &remove, now, &entry), VL_OK);
    circle_fixture_sync_all(f);
    change = (struct share_change){.text = "sans elle"};
    assert_int_equal(share_update(replica_of(f, 3), &id, &change, now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_share(f, 1, &id, "sans elle", SHARE_FOR_PERSONS);
    assert_share(f, 2, &id, "après", SHARE_FOR_PERSONS); /* who has gone keeps what she had */
    circle_fixture_destroy(f);
}

/* What another member's program writes into somebody's share is not read. */
static void a_stranger_in_a_share_is_not_read(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 25);
    struct share_change change = {.title = "mien", .text = "mien"};
    struct vl_record_id id;
    struct record record;
    assert_int_equal(share_create(replica_of(f, 0), &change, now, &id, NULL), VL_OK);
    circle_fixture_sync_all(f);
    const uint8_t value[] = {VL_VALUE_TEXT, 'x'};
    struct vl_operation op = {.type = SCHEMA_SHARE,
                              .record = id,
                              .field = SHARE_TITLE,
                              .opcode = VL_OP_REGISTER_SET,
                              .value = vl_bytes(value, sizeof value)};
    struct vl_id entry;
    assert_int_equal(vl_replica_write(replica_of(f, 1), &op, 1, now, &entry), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(share_read(replica_of(f, i), &id, &record), VL_OK);
        assert_string_equal(record_text(&record, SHARE_TITLE), "mien");
        assert_false(record_has_conflict(&record));
        record_finish(&record);
    }
    circle_fixture_destroy(f);
}

static void a_long_text_fits(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 23);
    static char text[20001];
    memset(text, 'a', sizeof text - 1);
    struct share_change change = {.title = "t",
                                  .text = text,
                                  .content_note = "n",
                                  .audience = SHARE_FOR_PERSONS,
                                  .persons = &f->nodes[0].person,
                                  .person_count = 1};
    struct vl_record_id id;
    assert_int_equal(share_create(replica_of(f, 1), &change, now, &id, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_share(f, 0, &id, text, SHARE_FOR_PERSONS);
    circle_fixture_destroy(f);
}

static void for_nobody_is_refused(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 24);
    struct vl_id many[101], stranger = {{7}};
    struct schema_problem problem = {0};
    struct share_change change = {.text = "x", .audience = SHARE_FOR_PERSONS};
    struct vl_record_id id;
    assert_int_equal(share_create(replica_of(f, 0), &change, now, &id, &problem), VL_ERR_INVALID);
    assert_int_equal(problem.field->id, SHARE_TO);
    for (size_t i = 0; i < 101; i++)
        many[i] = f->nodes[1].person;
    change.persons = many;
    change.person_count = 101;
    assert_int_equal(share_create(replica_of(f, 0), &change, now, &id, &problem), VL_ERR_INVALID);
    change.person_count = 100;
    assert_int_equal(share_create(replica_of(f, 0), &change, now, &id, &problem), VL_OK);
    change.persons = &stranger;
    change.person_count = 1;
    assert_int_equal(share_create(replica_of(f, 0), &change, now, &id, &problem), VL_ERR_NOT_FOUND);
    assert_int_equal(seen(f, 0), 1); /* nothing was written in the open instead */
    circle_fixture_destroy(f);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_the_facilitators),
        cmocka_unit_test(for_chosen_persons_and_changed),
        cmocka_unit_test(a_stranger_in_a_share_is_not_read),
        cmocka_unit_test(a_long_text_fits),
        cmocka_unit_test(for_nobody_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
