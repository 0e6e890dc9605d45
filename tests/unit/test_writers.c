/* Who may write which record, whose values are read, and for whom it is: the rules of the schema on
 * real replicas. */
#include "circle/audience.h"
#include "circle/edit.h"
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const vl_wall now = {1700000000000};
static const struct vl_record_id meeting = {{1, 2, 3}}, other_meeting = {{4, 5, 6}};

static struct vl_value reference(uint32_t type, struct vl_record_id id)
{
    return (struct vl_value){.tag = VL_VALUE_REFERENCE, .type = type, .record = id};
}

static struct vl_value number(int64_t value)
{
    return (struct vl_value){.tag = VL_VALUE_INTEGER, .integer = value};
}

/* Field 1 becomes the meeting, `field` the number. */
static vl_result write_in(struct circle_fixture *f, size_t node, uint32_t type,
                          const struct vl_record_id *id, struct vl_record_id of, uint32_t field,
                          int64_t value)
{
    const struct vl_value is_of = reference(SCHEMA_MEETING, of), is = number(value);
    struct edit e;
    assert_int_equal(edit_begin(&e, f->nodes[node].replica, type, id), VL_OK);
    edit_set(&e, 1, &is_of);
    edit_set(&e, field, &is);
    vl_result result = edit_write(&e, now, NULL);
    edit_finish(&e);
    return result;
}

/* A new id of a record that a person makes. */
static struct vl_record_id made_by(struct circle_fixture *f, size_t node, uint32_t type)
{
    struct vl_record_id id;
    assert_int_equal(record_id_new(f->nodes[node].replica, type, &id), VL_OK);
    return id;
}

static vl_result set_number(struct circle_fixture *f, size_t node, uint32_t type,
                            const struct vl_record_id *id, uint32_t field, int64_t value)
{
    const struct vl_value is = number(value);
    struct edit e;
    assert_int_equal(edit_begin(&e, f->nodes[node].replica, type, id), VL_OK);
    edit_set(&e, field, &is);
    vl_result result = edit_write(&e, now, NULL);
    edit_finish(&e);
    return result;
}

/* The number that counts in a field; -1: none. */
static int64_t read_number(struct circle_fixture *f, size_t node, uint32_t type,
                           const struct vl_record_id *id, uint32_t field)
{
    struct record record;
    int64_t value = -1;
    vl_result result = record_read(f->nodes[node].replica, type, id, &record);
    if (result == VL_ERR_NOT_FOUND) return -1;
    assert_int_equal(result, VL_OK);
    if (record_field(&record, field)->count > 0)
        value = record_field(&record, field)->values[0].value.integer;
    record_finish(&record);
    return value;
}

static struct vl_record_id reply_of(struct circle_fixture *f, struct vl_record_id of, size_t person)
{
    struct vl_record_id id;
    assert_true(
        record_id_of(&f->id, schema_record(SCHEMA_REPLY), &of, &f->nodes[person].person, &id));
    return id;
}

static void test_a_reply_is_its_person_s_in_its_meeting(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 1);
    const struct vl_record_id hers = reply_of(f, meeting, 1);
    const struct vl_record_id elsewhere = reply_of(f, other_meeting, 1);
    (void)state;
    assert_int_not_equal(memcmp(&hers, &elsewhere, sizeof hers), 0);
    /* Not without saying the meeting, not of another meeting, not by another person. */
    assert_int_equal(set_number(f, 1, SCHEMA_REPLY, &hers, REPLY_ANSWER, ANSWER_COMING),
                     VL_ERR_AUTHORITY);
    assert_int_equal(
        write_in(f, 1, SCHEMA_REPLY, &hers, other_meeting, REPLY_ANSWER, ANSWER_COMING),
        VL_ERR_AUTHORITY);
    assert_int_equal(write_in(f, 0, SCHEMA_REPLY, &hers, meeting, REPLY_ANSWER, ANSWER_COMING),
                     VL_ERR_AUTHORITY);
    assert_int_equal(write_in(f, 1, SCHEMA_REPLY, &hers, meeting, REPLY_ANSWER, ANSWER_PERHAPS),
                     VL_OK);
    assert_int_equal(set_number(f, 1, SCHEMA_REPLY, &hers, REPLY_ANSWER, ANSWER_NOT), VL_OK);
    assert_int_equal(
        write_in(f, 1, SCHEMA_REPLY, &hers, other_meeting, REPLY_ANSWER, ANSWER_COMING),
        VL_ERR_AUTHORITY);
    circle_fixture_sync_all(f);
    assert_int_equal(read_number(f, 2, SCHEMA_REPLY, &hers, REPLY_ANSWER), ANSWER_NOT);
    circle_fixture_destroy(f);
}

/* Another program writes into a reply that is not its person's: nobody reads it. */
static void test_what_others_say_in_a_reply_is_left_out(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 2);
    const struct vl_record_id hers = reply_of(f, meeting, 1);
    struct record record;
    (void)state;
    (void)circle_fixture_set(f, 0, SCHEMA_REPLY, &hers, REPLY_NOTE, "\001she will not come");
    circle_fixture_sync_all(f);
    assert_int_equal(record_read(f->nodes[2].replica, SCHEMA_REPLY, &hers, &record), VL_OK);
    assert_string_equal(record_text(&record, REPLY_NOTE), "");
    record_finish(&record);
    assert_int_equal(write_in(f, 1, SCHEMA_REPLY, &hers, meeting, REPLY_ANSWER, ANSWER_COMING),
                     VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(read_number(f, 2, SCHEMA_REPLY, &hers, REPLY_ANSWER), ANSWER_COMING);
    assert_int_equal(record_read(f->nodes[2].replica, SCHEMA_REPLY, &hers, &record), VL_OK);
    assert_string_equal(record_text(&record, REPLY_NOTE), "");
    record_finish(&record);
    circle_fixture_destroy(f);
}

static void test_a_moment_is_never_changed(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 3);
    struct vl_record_id id = made_by(f, 0, SCHEMA_MOMENT);
    struct schema_problem problem;
    struct edit e;
    (void)state;
    assert_int_equal(write_in(f, 0, SCHEMA_MOMENT, &id, meeting, MOMENT_KIND, MOMENT_PASS), VL_OK);
    assert_int_equal(edit_begin(&e, f->nodes[0].replica, SCHEMA_MOMENT, &id), VL_OK);
    edit_set_text(&e, MOMENT_SEAT, "Awa");
    assert_int_equal(edit_write(&e, now, &problem), VL_ERR_AUTHORITY);
    assert_non_null(problem.reason);
    edit_finish(&e);
    circle_fixture_sync_all(f);
    assert_int_equal(set_number(f, 1, SCHEMA_MOMENT, &id, MOMENT_KIND, MOMENT_OPEN),
                     VL_ERR_AUTHORITY);
    assert_int_equal(read_number(f, 1, SCHEMA_MOMENT, &id, MOMENT_KIND), MOMENT_PASS);
    circle_fixture_destroy(f);
}

/* An id is one person's, in one circle, of one type; any other one is nobody's to write under. */
static void test_an_id_says_who_made_it(void **state)
{
    static const uint32_t types[] = {SCHEMA_SHARE, SCHEMA_MOMENT, SCHEMA_SIGNAL, SCHEMA_DECISION};
    struct circle_fixture *f = circle_fixture_create(3, 31);
    struct vl_id elsewhere = f->id;
    (void)state;
    elsewhere.bytes[0] ^= 1;
    for (size_t i = 0; i < 4; i++) {
        const struct schema_record *schema = schema_record(types[i]);
        struct vl_record_id id = made_by(f, 1, types[i]);
        const struct vl_id *her = &f->nodes[1].person;
        assert_true(record_id_is_made_by(&f->id, schema, &id, her));
        assert_false(record_id_is_made_by(&f->id, schema, &id, &f->nodes[0].person));
        assert_false(record_id_is_made_by(&elsewhere, schema, &id, her));
        assert_false(record_id_is_made_by(&f->id, schema_record(types[(i + 1) % 4]), &id, her));
        for (size_t at = 0; at < sizeof id.bytes; at++) {
            id.bytes[at] ^= 0x80;
            assert_false(record_id_is_made_by(&f->id, schema, &id, her));
            id.bytes[at] ^= 0x80;
        }
    }
    const struct vl_record_id hers = made_by(f, 1, SCHEMA_MOMENT), nobodys = fixture_record(7);
    assert_int_equal(write_in(f, 0, SCHEMA_MOMENT, &hers, meeting, MOMENT_KIND, MOMENT_PASS),
                     VL_ERR_AUTHORITY);
    assert_int_equal(write_in(f, 0, SCHEMA_MOMENT, &nobodys, meeting, MOMENT_KIND, MOMENT_PASS),
                     VL_ERR_AUTHORITY);
    assert_int_equal(write_in(f, 1, SCHEMA_MOMENT, &hers, meeting, MOMENT_KIND, MOMENT_PASS),
                     VL_OK);
    circle_fixture_destroy(f);
}

/* Another program dates a value back behind all that its maker wrote: nothing is taken over. */
static void test_what_is_dated_back_takes_nothing_over(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 32);
    const struct vl_record_id share = made_by(f, 1, SCHEMA_SHARE);
    const struct vl_record_id decision = made_by(f, 1, SCHEMA_DECISION);
    struct record record;
    (void)state;
    for (uint64_t i = 0; i < 20; i++) /* her lamport numbers are past those of node 2 */
        (void)circle_fixture_set(f, 1, SCHEMA_MEETING, &meeting, MEETING_TITLE, "\001x");
    (void)circle_fixture_set(f, 1, SCHEMA_SHARE, &share, SHARE_TEXT, "\001hers");
    (void)circle_fixture_set(f, 1, SCHEMA_DECISION, &decision, DECISION_TEXT, "\001hers");
    assert_int_equal(set_number(f, 1, SCHEMA_DECISION, &decision, DECISION_KEEP, KEEP_KEPT), VL_OK);
    (void)circle_fixture_set(f, 2, SCHEMA_SHARE, &share, SHARE_TITLE, "\001not hers");
    (void)circle_fixture_set(f, 2, SCHEMA_DECISION, &decision, DECISION_TEXT, "\001not hers");
    assert_int_equal(set_number(f, 2, SCHEMA_DECISION, &decision, DECISION_KEEP, KEEP_CLOSING),
                     VL_ERR_AUTHORITY);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 3; node++) {
        struct vl_replica *r = f->nodes[node].replica;
        assert_int_equal(record_read(r, SCHEMA_SHARE, &share, &record), VL_OK);
        assert_string_equal(record_text(&record, SHARE_TEXT), "hers");
        assert_string_equal(record_text(&record, SHARE_TITLE), "");
        assert_true(vl_id_equal(&record_made(&record)->author, &f->nodes[1].person));
        record_finish(&record);
        assert_int_equal(record_read(r, SCHEMA_DECISION, &decision, &record), VL_OK);
        assert_true(vl_id_equal(&record_made(&record)->author, &f->nodes[1].person));
        record_finish(&record);
        assert_int_equal(read_number(f, node, SCHEMA_DECISION, &decision, DECISION_KEEP),
                         KEEP_KEPT);
    }
    circle_fixture_destroy(f);
}

/* The longest order that the schema takes stands in one entry, so a moment is there or not. */
static void test_the_longest_moment_is_one_entry(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 4);
    const struct schema_field *order = schema_field(SCHEMA_MOMENT, MOMENT_ORDER);
    struct vl_record_id id = made_by(f, 0, SCHEMA_MOMENT);
    struct vl_value speakers[101];
    const struct vl_value is_of = reference(SCHEMA_MEETING, meeting), kind = number(MOMENT_ROUND);
    char seat[101];
    struct edit e;
    (void)state;
    memset(seat, 's', sizeof seat);
    assert_int_equal(order->most, 100);
    for (size_t i = 0; i <= order->most; i++)
        speakers[i] =
            i % 2 == 0
                ? (struct vl_value){.tag = VL_VALUE_PERSON, .person = f->nodes[i % 4 / 2].person}
                : (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes(seat, order->limit)};
    for (size_t past = 0; past <= 1; past++) {
        uint64_t before = vl_replica_generation(f->nodes[0].replica);
        assert_int_equal(edit_begin(&e, f->nodes[0].replica, SCHEMA_MOMENT, &id), VL_OK);
        edit_set(&e, MOMENT_MEETING, &is_of);
        edit_set(&e, MOMENT_KIND, &kind);
        edit_list(&e, MOMENT_ORDER, speakers, order->most + past);
        assert_int_equal(edit_write(&e, now, NULL), past ? VL_ERR_LIMIT : VL_OK);
        edit_finish(&e);
        assert_int_equal(vl_replica_generation(f->nodes[0].replica) - before, past ? 0 : 1);
        id = made_by(f, 0, SCHEMA_MOMENT);
    }
    circle_fixture_destroy(f);
}

static void test_a_signal_reaches_the_facilitators_only(void **state)
{
    struct circle_fixture *f = circle_fixture_create(4, 5);
    const uint32_t sealed = SCHEMA_SIGNAL + VL_TYPE_SEALED;
    struct vl_record_id id = made_by(f, 2, SCHEMA_SIGNAL);
    (void)state;
    assert_int_equal(write_in(f, 2, SCHEMA_SIGNAL, &id, meeting, SIGNAL_KIND, SIGNAL_UNEASY),
                     VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(read_number(f, 0, sealed, &id, SIGNAL_KIND), SIGNAL_UNEASY); /* facilitator */
    assert_int_equal(read_number(f, 2, sealed, &id, SIGNAL_KIND), SIGNAL_UNEASY); /* author */
    assert_int_equal(read_number(f, 1, sealed, &id, SIGNAL_KIND), -1);
    assert_int_equal(read_number(f, 3, sealed, &id, SIGNAL_KIND), -1);
    for (size_t node = 0; node < 4; node++)
        assert_int_equal(read_number(f, node, SCHEMA_SIGNAL, &id, SIGNAL_KIND), -1);
    circle_fixture_destroy(f);
}

static void test_what_is_for_all_is_never_sealed(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 6);
    struct vl_record_id id = fixture_record(10);
    struct edit e;
    (void)state;
    assert_int_equal(edit_begin(&e, f->nodes[0].replica, SCHEMA_DECISION, &id), VL_OK);
    edit_seal(&e, &f->nodes[1].person, 1);
    edit_set_text(&e, DECISION_TEXT, "between us");
    assert_int_equal(edit_write(&e, now, NULL), VL_ERR_INVALID);
    edit_finish(&e);
    circle_fixture_destroy(f);
}

/* ---- choices, flags, speakers ---- */

static vl_result check(uint32_t type, uint32_t field, struct vl_value value)
{
    return schema_check(schema_field(type, field), &value, NULL);
}

static void test_forms(void **state)
{
    const struct vl_value line = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text("Awa")};
    const struct vl_value person = {.tag = VL_VALUE_PERSON};
    (void)state;
    assert_int_equal(check(SCHEMA_REPLY, REPLY_ANSWER, number(ANSWER_NOT)), VL_OK);
    assert_int_equal(check(SCHEMA_REPLY, REPLY_ANSWER, number(ANSWER_NOT + 1)), VL_ERR_INVALID);
    assert_int_equal(check(SCHEMA_REPLY, REPLY_ANSWER, number(-1)), VL_ERR_INVALID);
    assert_int_equal(check(SCHEMA_REPLY, REPLY_ANSWER, line), VL_ERR_INVALID);
    assert_int_equal(check(SCHEMA_CIRCLE, CIRCLE_VOICE_SHOWN, number(1)), VL_OK);
    assert_int_equal(check(SCHEMA_CIRCLE, CIRCLE_VOICE_SHOWN, number(2)), VL_ERR_INVALID);
    assert_int_equal(check(SCHEMA_MOMENT, MOMENT_ORDER, line), VL_OK);
    assert_int_equal(check(SCHEMA_MOMENT, MOMENT_ORDER, person), VL_OK);
    assert_int_equal(check(SCHEMA_MOMENT, MOMENT_ORDER, number(1)), VL_ERR_INVALID);
    assert_int_equal(check(SCHEMA_MEETING, MEETING_PARTS, reference(SCHEMA_PART, meeting)), VL_OK);
    assert_int_equal(check(SCHEMA_MEETING, MEETING_PARTS, reference(SCHEMA_SHARE, meeting)),
                     VL_ERR_INVALID);
}

static bool has_named(void *context, const struct schema_field *field)
{
    return strstr(context, field->name) != NULL;
}

static void test_what_a_new_record_needs(void **state)
{
    char both[] = "meeting,title", kind[] = "kind,meeting", title[] = "title", none[] = "";
    const struct schema_record *part = schema_record(SCHEMA_PART);
    (void)state;
    assert_null(schema_lacks(part, has_named, both));
    assert_null(schema_lacks(part, has_named, kind));
    assert_string_equal(schema_lacks(part, has_named, title)->name, "meeting");
    assert_string_equal(schema_lacks(part, has_named, none)->name, "meeting");
    char meeting_only[] = "meeting";
    assert_string_equal(schema_lacks(part, has_named, meeting_only)->name, "title");
    /* Every name in "needs" is one of its fields: asking nothing, something is lacking. */
    for (size_t i = 0; schema_record_at(i) != NULL; i++) {
        char all[512] = "";
        const struct schema_record *record = schema_record_at(i);
        assert_non_null(schema_lacks(record, has_named, none));
        for (size_t f = 0; f < record->field_count; f++) {
            strcat(all, record->fields[f].name);
            strcat(all, ",");
        }
        assert_null(schema_lacks(record, has_named, all));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_is_its_person_s_in_its_meeting),
        cmocka_unit_test(test_what_others_say_in_a_reply_is_left_out),
        cmocka_unit_test(test_an_id_says_who_made_it),
        cmocka_unit_test(test_what_is_dated_back_takes_nothing_over),
        cmocka_unit_test(test_a_moment_is_never_changed),
        cmocka_unit_test(test_the_longest_moment_is_one_entry),
        cmocka_unit_test(test_a_signal_reaches_the_facilitators_only),
        cmocka_unit_test(test_what_is_for_all_is_never_sealed),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_what_a_new_record_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
