/* What is said again for somebody who comes without the past: she knows all of it, and for those
 * who were there nothing has changed. */
#include "circle/agreement.h"
#include "circle/circle_info.h"
#include "circle/restate.h"
#include "circle/rotation.h"
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PERSONS 4u
#define TOPICS  40u

static struct circle_fixture *f;

static int set_up(void **state)
{
    (void)state;
    f = circle_fixture_create(PERSONS, 812);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    circle_fixture_destroy(f);
    return 0;
}

static struct vl_replica *of(size_t node)
{
    return f->nodes[node].replica;
}

static void change_topic(size_t node, size_t number, bool is_add)
{
    struct vl_record_id id;
    struct edit e;
    char name[32];
    snprintf(name, sizeof name, "sujet %zu", number);
    const struct vl_value topic = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(name)};
    circle_info_id(&f->id, &id);
    assert_int_equal(edit_begin(&e, of(node), SCHEMA_CIRCLE, &id), VL_OK);
    if (is_add)
        edit_add(&e, CIRCLE_TOPICS, &topic);
    else
        edit_remove_all(&e, CIRCLE_TOPICS, &topic, 1);
    assert_int_equal(edit_write(&e, f->now, NULL), VL_OK);
    edit_finish(&e);
}

/* Persons in the order 2, 0, 3, 1; an agreement that persons 0 and 1 assent to. */
static void write_settings(void)
{
    static const size_t order[PERSONS] = {2, 0, 3, 1};
    struct rotation rotation = {.count = PERSONS};
    for (size_t i = 0; i < PERSONS; i++)
        rotation.persons[i] = f->nodes[order[i]].person;
    assert_int_equal(
        circle_info_write(of(0), "Jeudi", "Se parler", "Rien ne sort d'ici", f->now, NULL), VL_OK);
    assert_int_equal(rotation_write(of(0), &rotation, f->now, NULL), VL_OK);
    for (size_t i = 0; i < TOPICS; i++)
        change_topic(0, i, true);
    assert_int_equal(agreement_assent(of(0), NULL, f->now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(agreement_assent(of(1), NULL, f->now, NULL), VL_OK);
    circle_fixture_sync_all(f);
}

static void check_settings(size_t node, size_t topics, size_t assents)
{
    static const size_t order[PERSONS] = {2, 0, 3, 1};
    struct circle_info info;
    struct rotation rotation;
    assert_int_equal(circle_info_read(of(node), &info), VL_OK);
    assert_string_equal(info.name, "Jeudi");
    assert_string_equal(info.purpose, "Se parler");
    assert_string_equal(info.agreement, "Rien ne sort d'ici");
    assert_false(record_has_conflict(&info.record));
    assert_int_equal(record_field(&info.record, CIRCLE_TOPICS)->count, topics);
    assert_int_equal(record_field(&info.record, CIRCLE_ROTATION)->count, PERSONS);
    assert_int_equal(record_field(&info.agreement_record, AGREEMENT_ASSENTS)->count, assents);
    circle_info_finish(&info);
    assert_int_equal(rotation_read(of(node), &rotation), VL_OK);
    assert_int_equal(rotation.count, PERSONS);
    for (size_t i = 0; i < PERSONS; i++)
        assert_true(vl_id_equal(&rotation.persons[i], &f->nodes[order[i]].person));
}

static size_t add_newcomer(size_t by)
{
    size_t number = circle_fixture_stranger(f);
    const struct vl_enrolment enrolment = circle_fixture_enrolment(f, number);
    assert_int_equal(restate_add_newcomer(of(by), &enrolment, f->now), VL_OK);
    circle_fixture_sync_all(f);
    return number;
}

static void everything_is_known(void **state)
{
    (void)state;
    write_settings();
    size_t newcomer = add_newcomer(0), second;
    for (size_t i = 0; i < PERSONS; i++)
        check_settings(i, TOPICS, 2);
    check_settings(newcomer, TOPICS, 1); /* of the assents, that of whoever said it again */

    /* What one takes out now is out for all, and so it stays when it is said once more. */
    change_topic(0, 7, false);
    circle_fixture_sync_all(f);
    second = add_newcomer(0);
    for (size_t i = 0; i < PERSONS; i++)
        check_settings(i, TOPICS - 1, 2);
    check_settings(newcomer, TOPICS - 1, 1);
    check_settings(second, TOPICS - 1, 1);
    assert_int_equal(agreement_assent(of(2), NULL, f->now, NULL), VL_OK);
    assert_int_equal(agreement_assent(of(newcomer), NULL, f->now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    check_settings(0, TOPICS - 1, 4);
    check_settings(second, TOPICS - 1, 3);
}

/* Two who add somebody apart from each other: nobody's turn comes twice. */
static void said_again_at_once(void **state)
{
    (void)state;
    struct rotation rotation;
    write_settings();
    assert_int_equal(restate_circle(of(0), f->now), VL_OK);
    assert_int_equal(restate_circle(of(1), f->now), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < PERSONS; i++) {
        assert_int_equal(rotation_read(of(i), &rotation), VL_OK);
        assert_int_equal(rotation.count, PERSONS);
    }
    assert_true(circle_fixture_agree(f));
}

static void nothing_to_say(void **state)
{
    (void)state;
    uint64_t before = vl_replica_generation(of(0));
    assert_int_equal(restate_circle(of(0), f->now), VL_OK);
    assert_true(vl_replica_generation(of(0)) == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_is_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(said_again_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_say, set_up, tear_down),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
