/* A person's devices on replicas that exchange entries: what a new one reads, what one that was
 * taken out reads no more, and who adds none. */
#include "tests/support/session_pair.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/value.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

static struct vl_id say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    return circle_fixture_set(f, by, TYPE, &record, FIELD, "said");
}

static struct vl_id say_to(struct circle_fixture *f, size_t by, size_t to, uint64_t number)
{
    static const uint8_t text[] = {VL_VALUE_TEXT, 'a'};
    const struct vl_operation operation = {.type = TYPE,
                                           .record = fixture_record(number),
                                           .field = FIELD,
                                           .opcode = VL_OP_REGISTER_SET,
                                           .value = vl_bytes(text, sizeof text)};
    struct vl_id id;
    assert_int_equal(vl_replica_write_to(f->nodes[by].replica, &operation, 1, &f->nodes[to].person,
                                         1, f->now, &id),
                     VL_OK);
    return id;
}

static bool reads(struct circle_fixture *f, size_t node, struct vl_id id)
{
    struct vl_buffer body = {0};
    vl_result result = vl_replica_entry_body(f->nodes[node].replica, &id, &body);
    vl_buffer_finish(&body);
    if (result != VL_OK) assert_int_equal(result, VL_ERR_NO_KEY);
    return result == VL_OK;
}

static struct vl_enrolment enrolment_for(struct circle_fixture *f, size_t device, size_t person)
{
    struct vl_enrolment enrolment;
    vl_enrolment_sign(f->nodes[device].keys, &f->id, &f->nodes[person].person, &enrolment);
    return enrolment;
}

static vl_result add(struct circle_fixture *f, size_t by, const struct vl_enrolment *enrolment)
{
    struct vl_id id;
    return vl_replica_add_device(f->nodes[by].replica, enrolment, f->now, &id);
}

/* A node that has become another device of that person. */
static size_t new_device(struct circle_fixture *f, size_t by)
{
    size_t device = circle_fixture_stranger(f);
    struct vl_enrolment enrolment = enrolment_for(f, device, by);
    f->nodes[device].person = f->nodes[by].person;
    assert_int_equal(add(f, by, &enrolment), VL_OK);
    return device;
}

static void take_out(struct circle_fixture *f, size_t by, size_t device)
{
    struct vl_control control = {.kind = VL_CONTROL_REMOVE_DEVICE};
    struct vl_id id;
    memcpy(control.target.bytes, f->nodes[device].keys->card.sign, sizeof control.target.bytes);
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &control, f->now, &id), VL_OK);
}

static struct vl_device_info info(struct circle_fixture *f, size_t node, size_t device)
{
    struct vl_device_info out;
    assert_int_equal(
        vl_replica_device(f->nodes[node].replica, f->nodes[device].keys->card.sign, &out), VL_OK);
    return out;
}

static void a_new_device_reads_the_past_and_both_write(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 31);
    struct vl_control control = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[3].person};
    struct vl_id id, first = say(f, 1, 1), word = say_to(f, 1, 0, 2);
    circle_fixture_sync_all(f);
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &control, f->now, &id), VL_OK);
    struct vl_id second = say(f, 0, 3); /* under another key */
    circle_fixture_sync_all(f);

    size_t phone = new_device(f, 1);
    (void)circle_fixture_pull(f, phone, 1); /* the person's devices alone */
    assert_true(reads(f, phone, first) && reads(f, phone, second));
    assert_false(reads(f, phone, word)); /* sealed before there was this device */
    assert_true(reads(f, 1, word));

    /* No new key is needed: everybody has the one that was sealed to it. */
    struct vl_epoch_info here, there;
    assert_true(vl_replica_epochs(f->nodes[1].replica, &here, 1) > 0);
    assert_true(vl_replica_epochs(f->nodes[phone].replica, &there, 1) > 0);
    assert_true(here.current && there.current && vl_id_equal(&here.key_id, &there.key_id));

    struct vl_id there_said = say(f, phone, 4), here_said = say(f, 1, 5);
    (void)circle_fixture_pull(f, 1, phone);
    (void)circle_fixture_pull(f, phone, 1);
    assert_true(reads(f, 1, there_said) && reads(f, phone, here_said));
    circle_fixture_sync_all(f);
    assert_true(reads(f, 0, there_said));
    struct vl_id me;
    assert_int_equal(vl_replica_me(f->nodes[phone].replica, &me), VL_OK);
    assert_true(vl_id_equal(&me, &f->nodes[1].person));
    word = say_to(f, 0, 1, 6); /* from now on both get it */
    circle_fixture_sync_all(f);
    assert_true(reads(f, 1, word) && reads(f, phone, word));
    circle_fixture_destroy(f);
}

static void a_device_taken_out_gets_no_new_key(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 32);
    size_t phone = new_device(f, 1);
    circle_fixture_sync_all(f);
    struct vl_id before = say(f, 0, 1);
    circle_fixture_sync_all(f);
    take_out(f, 1, phone);
    circle_fixture_sync_all(f);
    assert_false(info(f, 0, phone).current);
    struct vl_id after = say(f, 0, 2);
    circle_fixture_sync_all(f);
    assert_true(reads(f, phone, before) && reads(f, 1, after));
    assert_false(reads(f, phone, after));
    struct vl_epoch_info epoch;
    assert_true(vl_replica_epochs(f->nodes[phone].replica, &epoch, 1) > 0);
    assert_false(epoch.current);

    /* Taken in again with its key: what comes from now on, nothing of the time between. */
    struct vl_enrolment again = enrolment_for(f, phone, 1);
    assert_int_equal(add(f, 1, &again), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(info(f, 0, phone).current && info(f, 0, phone).is_added);
    struct vl_id later = say(f, 0, 3);
    circle_fixture_sync_all(f);
    assert_true(reads(f, phone, later));
    assert_false(reads(f, phone, after));
    struct vl_id a = circle_fixture_digest(f, 0), b = circle_fixture_digest(f, 1);
    assert_true(vl_id_equal(&a, &b));
    circle_fixture_destroy(f);
}

/* Who was in sync and took a device out shows herself under a key that the others do not have yet.
 */
static void an_epoch_is_made_without_a_word(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 39);
    size_t phone = new_device(f, 1);
    circle_fixture_sync_all(f);
    struct vl_id before, after, again;
    assert_int_equal(vl_replica_ensure_epoch(f->nodes[1].replica, f->now, &before), VL_OK);
    uint64_t generation = vl_replica_generation(f->nodes[1].replica);
    assert_int_equal(vl_replica_ensure_epoch(f->nodes[1].replica, f->now, &again), VL_OK);
    assert_true(vl_id_equal(&before, &again)); /* there is one: nothing is written */
    assert_int_equal(vl_replica_generation(f->nodes[1].replica), generation);
    take_out(f, 1, phone);
    assert_int_equal(vl_replica_ensure_epoch(f->nodes[1].replica, f->now, &after), VL_OK);
    assert_false(vl_id_equal(&before, &after));
    circle_fixture_sync_all(f);
    assert_int_equal(vl_replica_ensure_epoch(f->nodes[0].replica, f->now, &again), VL_OK);
    assert_true(vl_id_equal(&after, &again));
    assert_int_equal(vl_replica_ensure_epoch(f->nodes[phone].replica, f->now, &again),
                     VL_ERR_NO_KEY);
    circle_fixture_destroy(f);
}

static void two_devices_that_take_each_other_out_are_both_out(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 33);
    size_t phone = new_device(f, 1);
    circle_fixture_sync_all(f);
    take_out(f, 1, phone);
    take_out(f, phone, 1);
    circle_fixture_sync_all(f);
    assert_false(info(f, 0, phone).current || info(f, 0, 1).current);
    struct vl_id after = say(f, 0, 1);
    circle_fixture_sync_all(f);
    assert_false(reads(f, 1, after) || reads(f, phone, after));
    circle_fixture_destroy(f);
}

static void who_came_with_what_is_told_apart(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 34);
    size_t phone = new_device(f, 1);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < f->count; node++) {
        assert_false(info(f, node, 0).is_added); /* founded */
        assert_false(info(f, node, 2).is_added); /* was added as a person */
        assert_true(info(f, node, phone).is_added);
    }
    /* Its first key goes and comes back: from then on it is one that was added. */
    struct vl_id by = info(f, 1, 1).enrolled_by;
    take_out(f, phone, 1);
    circle_fixture_sync_all(f);
    struct vl_enrolment again = enrolment_for(f, 1, 1);
    assert_int_equal(add(f, phone, &again), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < f->count; node++) {
        struct vl_device_info back = info(f, node, 1);
        assert_true(back.current && back.is_added);
        assert_false(vl_id_equal(&back.enrolled_by, &by));
    }
    circle_fixture_destroy(f);
}

static void what_is_refused_changes_nothing(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 35);
    struct circle_fixture *other = circle_fixture_create(2, 36);
    size_t stranger = circle_fixture_stranger(f);
    struct vl_id before = circle_fixture_digest(f, 1);
    uint64_t generation = vl_replica_generation(f->nodes[1].replica);

    struct vl_enrolment hers = enrolment_for(f, stranger, 2);
    assert_int_equal(add(f, 1, &hers), VL_ERR_SIGNATURE); /* enrolled for another person */
    struct vl_enrolment elsewhere;
    vl_enrolment_sign(f->nodes[stranger].keys, &other->id, &f->nodes[1].person, &elsewhere);
    assert_int_equal(add(f, 1, &elsewhere), VL_ERR_SIGNATURE);
    struct vl_enrolment own = enrolment_for(f, 1, 1);
    assert_int_equal(add(f, 1, &own), VL_ERR_AUTHORITY); /* it is current */
    struct vl_enrolment taken = enrolment_for(f, 2, 1);
    assert_int_equal(add(f, 1, &taken), VL_ERR_AUTHORITY); /* it is somebody else's */
    struct vl_enrolment mine = enrolment_for(f, stranger, 1);
    assert_int_equal(add(f, stranger, &mine), VL_ERR_AUTHORITY); /* nobody here yet */

    struct vl_id after = circle_fixture_digest(f, 1);
    assert_true(vl_id_equal(&before, &after));
    assert_int_equal(vl_replica_generation(f->nodes[1].replica), generation);
    assert_int_equal(add(f, 1, &mine), VL_OK);
    circle_fixture_destroy(other);
    circle_fixture_destroy(f);
}

static void a_private_space_on_two_devices(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(1, 37);
    struct vl_id note = say(f, 0, 1);
    size_t phone = new_device(f, 0);
    circle_fixture_sync_all(f);
    assert_true(reads(f, phone, note));
    struct vl_id back = say(f, phone, 2);
    circle_fixture_sync_all(f);
    assert_true(reads(f, 0, back));
    take_out(f, phone, 0);
    circle_fixture_sync_all(f);
    struct vl_id after = say(f, phone, 3);
    circle_fixture_sync_all(f);
    assert_false(reads(f, 0, after));
    circle_fixture_destroy(f);
}

/* Whoever is to be another device of a person learns first whether the inviter is one of hers. */
static void a_new_device_expects_its_person(void **state)
{
    (void)state;
    for (unsigned lie = 0; lie < 2; lie++) {
        struct circle_fixture *f = circle_fixture_create(3, 38);
        size_t device = circle_fixture_stranger(f);
        struct vl_enrolment enrolment;
        struct vl_id id;
        /* The lie: node 0 said that it is for person 0, and had person 2's device add it. */
        size_t adder = lie ? 2 : 0;
        vl_enrolment_sign(f->nodes[device].keys, &f->id, &f->nodes[adder].person, &enrolment);
        assert_int_equal(vl_replica_add_device(f->nodes[adder].replica, &enrolment, f->now, &id),
                         VL_OK);
        (void)circle_fixture_pull(f, 0, adder);
        struct session_pair pair = {.now = {1000}};
        struct vl_session_config config = {.replica = f->nodes[device].replica,
                                           .expect_newcomer = true,
                                           .expect_sign = f->nodes[0].keys->card.sign,
                                           .expect_person = &f->nodes[adder].person};
        memcpy(config.peer_noise, f->nodes[0].keys->card.noise, sizeof config.peer_noise);
        assert_int_equal(vl_session_create(&pair.sides[0], &config, pair.now), VL_OK);
        pair.sides[1] = fixture_session(f, 0, device, false, pair.now);
        session_pair_run(&pair);
        assert_int_equal(vl_session_error(pair.sides[0]), lie ? VL_ERR_AUTHORITY : VL_OK);
        assert_int_equal(memory_storage_entry_count(f->nodes[device].memory) == 0, lie);
        session_pair_finish(&pair);

        /* The same with a copy that is not empty, and so can judge by itself. */
        if (!lie) {
            config.expect_person = &f->nodes[1].person;
            assert_int_equal(vl_session_create(&pair.sides[0], &config, pair.now), VL_OK);
            pair.sides[1] = fixture_session(f, 0, device, false, pair.now);
            session_pair_run(&pair);
            assert_int_equal(vl_session_error(pair.sides[0]), VL_ERR_AUTHORITY);
            session_pair_finish(&pair);
        }
        circle_fixture_destroy(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_device_reads_the_past_and_both_write),
        cmocka_unit_test(a_device_taken_out_gets_no_new_key),
        cmocka_unit_test(an_epoch_is_made_without_a_word),
        cmocka_unit_test(two_devices_that_take_each_other_out_are_both_out),
        cmocka_unit_test(who_came_with_what_is_told_apart),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(a_private_space_on_two_devices),
        cmocka_unit_test(a_new_device_expects_its_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
