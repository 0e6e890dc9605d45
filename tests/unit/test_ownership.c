/* What is one person's: operations of others on it are merged into nothing, in whatever order they
 * come and however the cells are made anew, so that her value and what lists find it by stay. The
 * hostile ones are written with the engine's own functions and name every value that is hers. */
#include "circle/edit_plan.h"
#include "circle/ownership.h"
#include "circle/record.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/written_record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/value.h>

#include <cmocka.h>

enum { FACILITATOR, OWNER, HOSTILE, OTHER, PERSONS };

#define DOTS 32u

static const vl_wall now = {1700000000000};

struct scene {
    struct circle_fixture *f;
    struct vl_record_id meeting;
};

/* One field of one record of hers. */
struct target {
    enum schema_type type;
    struct vl_record_id record;
    uint32_t field;
};

static struct vl_replica *replica_of(const struct scene *s, size_t node)
{
    return s->f->nodes[node].replica;
}

static int setup(void **state)
{
    static uint64_t seed = 900;
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->f = circle_fixture_create(PERSONS, seed++);
    circle_fixture_rule(s->f, ownership_may_write);
    assert_int_equal(written_new(replica_of(s, OTHER), SCHEMA_MEETING,
                                 WRITTEN({MEETING_TITLE, .text = "Jeudi"}), now, &s->meeting, NULL),
                     VL_OK);
    circle_fixture_sync_all(s->f);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    circle_fixture_destroy(s->f);
    free(s);
    return 0;
}

/* ---- what is hers ---- */

static struct vl_value in_meeting(const struct scene *s)
{
    return (struct vl_value){
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = s->meeting};
}

static struct vl_record_id hers_by_id(const struct scene *s, enum schema_type type)
{
    struct vl_record_id id;
    assert_true(
        record_id_of(&s->f->id, schema_record(type), &s->meeting, &s->f->nodes[OWNER].person, &id));
    return id;
}

static void again(const struct scene *s, size_t node, const struct target *t,
                  const struct written *fields)
{
    assert_int_equal(written_again(replica_of(s, node), t->type, &t->record, fields, now, NULL),
                     VL_OK);
}

/* Twice, so that her newer value names the one before. */
static void write_twice(const struct scene *s, size_t node, const struct target *t,
                        const struct vl_value *first, const struct vl_value *second)
{
    again(s, node, t, WRITTEN({t->field, .value = first}));
    again(s, node, t, WRITTEN({t->field, .value = second}));
}

static struct vl_value text(const char *words)
{
    return (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(words)};
}

static struct vl_value number(int64_t integer)
{
    return (struct vl_value){.tag = VL_VALUE_INTEGER, .integer = integer};
}

static struct target a_share(const struct scene *s)
{
    struct target t = {.type = SCHEMA_SHARE, .field = SHARE_TITLE};
    const struct vl_value first = text("Marcher"), second = text("Marcher le soir"),
                          meeting = in_meeting(s);
    assert_int_equal(
        written_new(replica_of(s, OWNER), t.type,
                    WRITTEN({SHARE_TEXT, .text = "x"}, {SHARE_MEETING, .value = &meeting}), now,
                    &t.record, NULL),
        VL_OK);
    write_twice(s, OWNER, &t, &first, &second);
    return t;
}

static struct target a_profile(const struct scene *s)
{
    const struct target t = {SCHEMA_PROFILE, hers_by_id(s, SCHEMA_PROFILE), PROFILE_PSEUDONYM};
    const struct vl_value first = text("Nadia"), second = text("Nadia B.");
    write_twice(s, OWNER, &t, &first, &second);
    return t;
}

static struct target a_reply(const struct scene *s)
{
    const struct target t = {SCHEMA_REPLY, hers_by_id(s, SCHEMA_REPLY), REPLY_ANSWER};
    const struct vl_value first = number(ANSWER_PERHAPS), second = number(ANSWER_COMING),
                          meeting = in_meeting(s);
    again(s, OWNER, &t,
          WRITTEN({REPLY_MEETING, .value = &meeting}, {REPLY_ANSWER, .value = &first}));
    again(s, OWNER, &t, WRITTEN({REPLY_ANSWER, .value = &second}));
    return t;
}

static struct target a_decision(const struct scene *s)
{
    struct target t = {.type = SCHEMA_DECISION, .field = DECISION_KEEP_MONTHS};
    const struct vl_value first = number(3), second = number(12), meeting = in_meeting(s);
    assert_int_equal(written_new(replica_of(s, OWNER), t.type,
                                 WRITTEN({DECISION_TEXT, .text = "Le jeudi"},
                                         {DECISION_MEETING, .value = &meeting}),
                                 now, &t.record, NULL),
                     VL_OK);
    write_twice(s, OWNER, &t, &first, &second);
    return t;
}

/* ---- what others do to it ---- */

static struct vl_buffer state_of(const struct scene *s, size_t node, const struct target *t,
                                 enum vl_field_kind kind)
{
    const struct vl_cell_key key = {
        .type = t->type, .record = t->record, .field = t->field, .kind = kind};
    struct vl_buffer state = {0};
    vl_result result = vl_replica_cell(replica_of(s, node), &key, &state);
    assert_true(result == VL_OK || result == VL_ERR_NOT_FOUND);
    return state;
}

/* All that is in her cell is named, as she has it: it need not be here yet. */
static struct vl_id take_over(const struct scene *s, size_t by, const struct target *t,
                              const struct vl_value *value)
{
    struct vl_buffer state = state_of(s, OWNER, t, VL_FIELD_REGISTER), bytes = {0};
    struct vl_dot dots[DOTS];
    struct vl_operation operation = {.type = t->type,
                                     .record = t->record,
                                     .field = t->field,
                                     .opcode = VL_OP_REGISTER_SET,
                                     .dots = dots};
    struct vl_id id;
    assert_int_equal(vl_cell_dots(VL_FIELD_REGISTER, vl_buffer_view(&state), NULL, dots, DOTS,
                                  &operation.dot_count),
                     VL_OK);
    assert_true(operation.dot_count > 0);
    assert_int_equal(vl_value_encode(value, &bytes), VL_OK);
    operation.value = vl_buffer_view(&bytes);
    assert_int_equal(vl_replica_write(replica_of(s, by), &operation, 1, now, &id), VL_OK);
    vl_buffer_finish(&bytes);
    vl_buffer_finish(&state);
    return id;
}

/* ---- what is to be seen of it ---- */

static bool is_same(const struct vl_value *a, const struct vl_value *b)
{
    return a->tag == b->tag && a->integer == b->integer && vl_bytes_equal(a->bytes, b->bytes);
}

static void sees(const struct scene *s, size_t node, const struct target *t,
                 const struct vl_value *value)
{
    struct record record;
    assert_int_equal(record_get(replica_of(s, node), schema_record(t->type), &t->record, &record),
                     VL_OK);
    const struct record_field *field = record_field(&record, t->field);
    assert_int_equal(field->count, 1);
    assert_int_equal(field->living, 1);
    assert_true(is_same(&field->values[0].value, value));
    record_finish(&record);
}

static vl_result found(void *context, const struct vl_record_row *row)
{
    const struct vl_record_id *wanted = *(const struct vl_record_id **)context;
    if (memcmp(wanted, &row->record, sizeof *wanted) == 0) *(const void **)context = NULL;
    return VL_OK;
}

/* By the register that names its meeting. */
static bool is_listed(const struct scene *s, size_t node, const struct target *t,
                      uint32_t names_field, const struct vl_record_id *meeting)
{
    const struct vl_record_scan scan = {.type = t->type,
                                        .order = VL_RECORDS_BY_ID,
                                        .has_names = true,
                                        .names_field = names_field,
                                        .names = *meeting};
    const struct vl_record_id *looked = &t->record;
    assert_int_equal(vl_replica_find_records(replica_of(s, node), &scan, found, (void *)&looked),
                     VL_OK);
    return looked == NULL;
}

static void all_see(const struct scene *s, const struct target *t, const struct vl_value *value)
{
    struct vl_verify_report report;
    struct vl_id bad;
    assert_true(circle_fixture_agree(s->f));
    for (size_t node = 0; node < s->f->count; node++) {
        sees(s, node, t, value);
        assert_int_equal(vl_replica_verify(replica_of(s, node), &report, &bad), VL_OK);
    }
}

static void erase(const struct scene *s, size_t by, const struct vl_id *entry)
{
    struct vl_id id;
    assert_int_equal(vl_replica_erase(replica_of(s, by), entry, 1, now, &id), VL_OK);
    circle_fixture_sync_all(s->f);
}

/* Whatever makes the cells anew: they are what they were. */
static void stays(const struct scene *s, const struct target *t, const struct vl_value *value,
                  const struct vl_id *hostile)
{
    struct circle_fixture *f = s->f;
    all_see(s, t, value);
    for (size_t node = 0; node < f->count; node++)
        circle_fixture_reopen(f, node);
    all_see(s, t, value);

    /* All of it comes in another order. */
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, FACILITATOR, newcomer);
    circle_fixture_sync_all(f);
    all_see(s, t, value);

    /* The record is made anew from what is left of the entries that wrote to it. */
    struct vl_id more = take_over(s, HOSTILE, t, value);
    circle_fixture_sync_all(f);
    erase(s, HOSTILE, &more);
    all_see(s, t, value);
    erase(s, FACILITATOR, hostile);
    all_see(s, t, value);
}

static void try_both_orders(const struct scene *s, const struct target *t,
                            const struct vl_value *value, const struct vl_value *other)
{
    struct circle_fixture *f = s->f;
    struct vl_id before, after;
    before = take_over(s, HOSTILE, t, other); /* HOSTILE and OTHER have nothing of hers yet */
    (void)circle_fixture_pull(f, OTHER, HOSTILE);
    struct vl_buffer alone = state_of(s, OWNER, t, VL_FIELD_REGISTER);
    (void)circle_fixture_pull(f, OTHER, OWNER);
    circle_fixture_sync_all(f);
    after = take_over(s, HOSTILE, t, other);
    (void)circle_fixture_pull(f, OWNER, HOSTILE);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < f->count; node++) { /* the bytes too */
        struct vl_buffer state = state_of(s, node, t, VL_FIELD_REGISTER);
        assert_true(vl_bytes_equal(vl_buffer_view(&state), vl_buffer_view(&alone)));
        vl_buffer_finish(&state);
    }
    vl_buffer_finish(&alone);
    stays(s, t, value, &after);
    erase(s, HOSTILE, &before);
    all_see(s, t, value);
}

static void a_share_keeps_its_title(void **state)
{
    const struct scene *s = *state;
    const struct target t = a_share(s);
    const struct vl_value value = text("Marcher le soir"), other = text("!");
    try_both_orders(s, &t, &value, &other);
}

static void a_profile_keeps_its_name(void **state)
{
    const struct scene *s = *state;
    const struct target t = a_profile(s);
    const struct vl_value value = text("Nadia B."), other = {.tag = VL_VALUE_NONE};
    try_both_orders(s, &t, &value, &other);
}

static void a_reply_keeps_its_answer(void **state)
{
    const struct scene *s = *state;
    const struct target t = a_reply(s);
    const struct vl_value value = number(ANSWER_COMING), other = number(ANSWER_NOT);
    try_both_orders(s, &t, &value, &other);
}

static void a_decision_is_kept_as_its_maker_says(void **state)
{
    const struct scene *s = *state;
    const struct target t = a_decision(s);
    const struct vl_value value = number(12), other = number(0);
    try_both_orders(s, &t, &value, &other);
}

/* Every replica leaves it out, her own too: it is refused, not said to be saved. */
static void what_is_left_out_is_not_written(void **state)
{
    const struct scene *s = *state;
    const struct target t = a_profile(s);
    const struct vl_value pseudonym = text("Nadia ?");
    struct vl_buffer encoded = {0};
    struct vl_dot dot;
    circle_fixture_sync_all(s->f);
    const uint64_t before = vl_replica_generation(replica_of(s, HOSTILE));
    assert_int_equal(vl_value_encode(&pseudonym, &encoded), VL_OK);
    struct plan plan = {
        .replica = replica_of(s, HOSTILE), .now = now, .type = t.type, .record = t.record};
    const struct vl_operation operation = {
        .field = t.field, .opcode = VL_OP_REGISTER_SET, .value = vl_buffer_view(&encoded)};
    assert_int_equal(plan_add(&plan, operation, &dot), VL_OK);
    assert_int_equal(plan_flush(&plan), VL_ERR_AUTHORITY);
    assert_true(vl_replica_generation(replica_of(s, HOSTILE)) == before);
    plan_finish(&plan);
    vl_buffer_finish(&encoded);
}

/* ---- lists, sets, sealed records ---- */

static void lists_find_it_by_its_own_meeting(void **state)
{
    const struct scene *s = *state;
    const struct target all[] = {a_share(s), a_reply(s)};
    static const uint32_t fields[] = {SHARE_MEETING, REPLY_MEETING};
    struct vl_value elsewhere = in_meeting(s);
    elsewhere.record = fixture_record(5);
    for (size_t i = 0; i < 2; i++) {
        const struct target meeting = {all[i].type, all[i].record, fields[i]};
        (void)take_over(s, HOSTILE, &meeting, &elsewhere);
    }
    circle_fixture_sync_all(s->f);
    for (size_t node = 0; node < PERSONS; node++)
        for (size_t i = 0; i < 2; i++) {
            assert_true(is_listed(s, node, &all[i], fields[i], &s->meeting));
            assert_false(is_listed(s, node, &all[i], fields[i], &elsewhere.record));
        }
    assert_true(circle_fixture_agree(s->f));
}

static void elements_of_hers_are_not_taken_out(void **state)
{
    const struct scene *s = *state;
    struct target t = a_share(s);
    static const char *const topics[] = {"sommeil"};
    const struct vl_value topic = text("sommeil");
    t.field = SHARE_TOPICS;
    again(s, OWNER, &t, WRITTEN({SHARE_TOPICS, .texts = topics, .count = 1}));
    circle_fixture_sync_all(s->f);

    struct vl_buffer alone = state_of(s, OWNER, &t, VL_FIELD_SET), bytes = {0};
    struct vl_dot dots[DOTS];
    struct vl_operation operations[2] = {{.type = t.type,
                                          .record = t.record,
                                          .field = t.field,
                                          .opcode = VL_OP_SET_REMOVE,
                                          .dots = dots}};
    struct vl_id id;
    assert_int_equal(vl_value_encode(&topic, &bytes), VL_OK);
    operations[0].value = vl_buffer_view(&bytes);
    assert_int_equal(vl_cell_dots(VL_FIELD_SET, vl_buffer_view(&alone), &operations[0].value, dots,
                                  DOTS, &operations[0].dot_count),
                     VL_OK);
    /* What else the same entry says of what is everybody's is merged. */
    operations[1] = (struct vl_operation){.type = SCHEMA_MEETING,
                                          .record = s->meeting,
                                          .field = MEETING_TOPICS,
                                          .opcode = VL_OP_SET_ADD,
                                          .value = vl_buffer_view(&bytes)};
    assert_int_equal(vl_replica_write(replica_of(s, HOSTILE), operations, 2, now, &id), VL_OK);
    circle_fixture_sync_all(s->f);
    for (size_t node = 0; node < PERSONS; node++) {
        struct vl_buffer here = state_of(s, node, &t, VL_FIELD_SET);
        assert_true(vl_bytes_equal(vl_buffer_view(&here), vl_buffer_view(&alone)));
        vl_buffer_finish(&here);
        const struct target meeting = {SCHEMA_MEETING, s->meeting, MEETING_TOPICS};
        here = state_of(s, node, &meeting, VL_FIELD_SET);
        assert_true(here.size > 0);
        vl_buffer_finish(&here);
    }
    assert_true(circle_fixture_agree(s->f));
    vl_buffer_finish(&bytes);
    vl_buffer_finish(&alone);
}

static void sealed_ones_are_hers_too(void **state)
{
    const struct scene *s = *state;
    struct target t = {.type = SCHEMA_SHARE, .field = SHARE_TITLE};
    const struct vl_id *persons[] = {&s->f->nodes[OWNER].person, &s->f->nodes[HOSTILE].person};
    struct vl_buffer bytes[2] = {{0}, {0}};
    struct vl_id id;
    assert_int_equal(record_id_new(replica_of(s, OWNER), t.type, &t.record), VL_OK);
    const struct vl_value words[] = {text("entre nous"), text("!")};
    struct vl_dot dot;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(vl_value_encode(&words[i], &bytes[i]), VL_OK);
        const struct vl_operation operation = {.type = t.type,
                                               .record = t.record,
                                               .field = t.field,
                                               .opcode = VL_OP_REGISTER_SET,
                                               .dots = &dot,
                                               .dot_count = i,
                                               .value = vl_buffer_view(&bytes[i])};
        assert_int_equal(vl_replica_write_to(replica_of(s, i == 0 ? OWNER : HOSTILE), &operation, 1,
                                             persons[1 - i], 1, now, &id),
                         VL_OK);
        dot = (struct vl_dot){.entry = id};
        circle_fixture_sync_all(s->f);
        vl_buffer_finish(&bytes[i]);
    }
    const struct vl_value value = text("entre nous");
    sees(s, OWNER, &t, &value);
    sees(s, HOSTILE, &t, &value);
}

/* ---- what goes on as before ---- */

static struct vl_enrolment enrol(const struct scene *s, size_t device, size_t person)
{
    struct vl_enrolment enrolment;
    vl_enrolment_sign(s->f->nodes[device].keys, &s->f->id, &s->f->nodes[person].person, &enrolment);
    return enrolment;
}

static void her_devices_merge_as_ever(void **state)
{
    const struct scene *s = *state;
    struct circle_fixture *f = s->f;
    const struct target t = a_share(s);
    struct vl_id id;
    size_t phone = circle_fixture_stranger(f);
    struct vl_enrolment enrolment = enrol(s, phone, OWNER);
    assert_int_equal(vl_replica_add_device(replica_of(s, OWNER), &enrolment, now, &id), VL_OK);
    circle_fixture_sync_all(f);
    again(s, OWNER, &t, WRITTEN({SHARE_TITLE, .text = "here"}));
    again(s, phone, &t, WRITTEN({SHARE_TITLE, .text = "there"}));
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < f->count; node++) { /* both, until one of them is chosen */
        struct record record;
        assert_int_equal(record_get(replica_of(s, node), schema_record(t.type), &t.record, &record),
                         VL_OK);
        assert_int_equal(record_field(&record, t.field)->count, 2);
        record_finish(&record);
    }
    again(s, phone, &t, WRITTEN({SHARE_TITLE, .text = "chosen"}));
    circle_fixture_sync_all(f);
    const struct vl_value value = text("chosen");
    all_see(s, &t, &value);
}

static void what_is_everybodys_is_everybodys(void **state)
{
    const struct scene *s = *state;
    struct target decision = a_decision(s);
    const struct target title = {SCHEMA_MEETING, s->meeting, MEETING_TITLE};
    const struct vl_value value = text("Autrement");
    decision.field = DECISION_TEXT;
    circle_fixture_sync_all(s->f);
    (void)take_over(s, HOSTILE, &decision, &value);
    (void)take_over(s, HOSTILE, &title, &value);
    circle_fixture_sync_all(s->f);
    all_see(s, &decision, &value);
    all_see(s, &title, &value);

    /* Of a type that the schema does not have all is merged. */
    const struct target unknown = {.type = 999, .record = fixture_record(1), .field = 1};
    const struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(s->f, OWNER, 999, &record, 1, "a");
    circle_fixture_sync_all(s->f);
    (void)circle_fixture_set(s->f, HOSTILE, 999, &record, 1, "b");
    circle_fixture_sync_all(s->f);
    struct vl_cell_value values[2];
    size_t count;
    struct vl_buffer cell = state_of(s, OWNER, &unknown, VL_FIELD_REGISTER);
    assert_int_equal(vl_cell_values(VL_FIELD_REGISTER, vl_buffer_view(&cell), values, 2, &count),
                     VL_OK);
    assert_int_equal(count, 1);
    assert_true(vl_bytes_equal(values[0].value, vl_bytes_text("b")));
    vl_buffer_finish(&cell);
}

/* ---- ids ---- */

static void ids_say_whose_a_record_is(void **state)
{
    const struct scene *s = *state;
    const struct schema_record *reply = schema_record(SCHEMA_REPLY);
    const struct vl_id *her = &s->f->nodes[OWNER].person, *other = &s->f->nodes[OTHER].person;
    const struct vl_record_id elsewhere = fixture_record(3);
    struct vl_record_id one = hers_by_id(s, SCHEMA_REPLY), two;
    assert_true(record_id_is_hers(&s->f->id, reply, &one, her));
    assert_false(record_id_is_hers(&s->f->id, reply, &one, other));
    assert_true(record_id_of(&s->f->id, reply, &elsewhere, her, &two));
    assert_memory_not_equal(&one, &two, sizeof one);
    assert_true(record_id_is_hers(&s->f->id, reply, &two, her));
    one = hers_by_id(s, SCHEMA_PROFILE);
    assert_true(record_id_is_hers(&s->f->id, schema_record(SCHEMA_PROFILE), &one, her));
    assert_false(record_id_is_hers(&s->f->id, schema_record(SCHEMA_PROFILE), &one, other));
    assert_false(record_id_is_hers(&s->f->id, schema_record(SCHEMA_MEETING), &s->meeting, other));

    /* Nobody owns nothing, not even what is derived from zeros. */
    const struct vl_id nobody = {{0}};
    struct vl_operation operation = {.type = SCHEMA_PROFILE, .field = PROFILE_PSEUDONYM};
    assert_true(
        record_id_of(&s->f->id, schema_record(SCHEMA_PROFILE), NULL, &nobody, &operation.record));
    assert_false(ownership_may_write(&s->f->id, &operation, &nobody));
    operation.field = 999; /* a field that is not known is hers too */
    operation.record = one;
    assert_false(ownership_may_write(&s->f->id, &operation, other));
    assert_true(ownership_may_write(&s->f->id, &operation, her));
}

#define in_scene(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(a_share_keeps_its_title),          in_scene(a_profile_keeps_its_name),
        in_scene(a_reply_keeps_its_answer),         in_scene(a_decision_is_kept_as_its_maker_says),
        in_scene(lists_find_it_by_its_own_meeting), in_scene(elements_of_hers_are_not_taken_out),
        in_scene(sealed_ones_are_hers_too),         in_scene(her_devices_merge_as_ever),
        in_scene(what_is_everybodys_is_everybodys), in_scene(ids_say_whose_a_record_is),
        in_scene(what_is_left_out_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
