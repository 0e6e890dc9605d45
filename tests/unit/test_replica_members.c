/* Members come and go: what that does to keys, and which content counts (rule R10), on replicas
 * that exchange entries. The rules themselves are tested on membership alone. */
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

static vl_result act(struct circle_fixture *f, size_t by, enum vl_control_kind kind, size_t person,
                     struct vl_id *id)
{
    struct vl_control control = {.kind = kind};
    if (kind != VL_CONTROL_LEAVE && kind != VL_CONTROL_STEPDOWN)
        control.target = f->nodes[person].person;
    return vl_replica_control(f->nodes[by].replica, &control, f->now, id);
}

static struct vl_id must(struct circle_fixture *f, size_t by, enum vl_control_kind kind,
                         size_t person)
{
    struct vl_id id;
    assert_int_equal(act(f, by, kind, person, &id), VL_OK);
    return id;
}

static struct vl_id endorse(struct circle_fixture *f, size_t by, struct vl_id proposal)
{
    struct vl_control control = {.kind = VL_CONTROL_ENDORSE, .target = proposal};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &control, f->now, &id), VL_OK);
    return id;
}

static enum vl_role role_of(struct circle_fixture *f, size_t node, size_t person)
{
    struct vl_person_state state;
    struct vl_membership *membership = vl_replica_membership(f->nodes[node].replica);
    const struct vl_id *id = &f->nodes[person].person;
    assert_non_null(membership);
    if (vl_membership_find_person(membership, vl_bytes(id->bytes, 32), &state) != VL_OK)
        return VL_ROLE_NONE;
    return state.role;
}

/* One record of its own for each text: whether it is in the cells of that node. */
static struct vl_id say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    return circle_fixture_set(f, by, TYPE, &record, FIELD, "said");
}

static bool hears(struct circle_fixture *f, size_t node, uint64_t number)
{
    struct vl_cell_key key = {
        .type = TYPE, .record = fixture_record(number), .field = FIELD, .kind = VL_FIELD_REGISTER};
    struct vl_buffer state = {0};
    vl_result result = vl_replica_cell(f->nodes[node].replica, &key, &state);
    vl_buffer_finish(&state);
    return result == VL_OK;
}

static uint32_t flags_of(struct circle_fixture *f, size_t node, struct vl_id id)
{
    const struct vl_entry_row *row = memory_storage_entry(f->nodes[node].memory, &id);
    assert_non_null(row);
    return row->flags;
}

static bool reads(struct circle_fixture *f, size_t node, struct vl_id id)
{
    struct vl_buffer body = {0};
    vl_result result = vl_replica_entry_body(f->nodes[node].replica, &id, &body);
    vl_buffer_finish(&body);
    if (result != VL_OK) assert_int_equal(result, VL_ERR_NO_KEY);
    return result == VL_OK;
}

static void assert_sound(struct circle_fixture *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct vl_verify_report report;
        struct vl_id bad, digest = circle_fixture_digest(f, i);
        assert_int_equal(vl_replica_verify(f->nodes[i].replica, &report, &bad), VL_OK);
        assert_true(vl_id_equal(&report.digest, &digest));
        circle_fixture_reopen(f, i);
        struct vl_id again = circle_fixture_digest(f, i);
        assert_true(vl_id_equal(&again, &digest));
    }
}

static void sync_some(struct circle_fixture *f, const size_t *nodes, size_t count)
{
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < count; k++)
                if (i != k) (void)circle_fixture_pull(f, nodes[i], nodes[k]);
}

/* ---- what counts ---- */

static void content_seen_before_a_removal_counts_and_later_content_does_not(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 11);
    struct vl_id seen = say(f, 3, 1);
    circle_fixture_sync_all(f);
    struct vl_id unseen = say(f, 3, 2);
    must(f, 0, VL_CONTROL_REMOVE, 3);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    for (size_t node = 0; node < 4; node++) {
        assert_true(hears(f, node, 1));
        assert_false(hears(f, node, 2));
        assert_int_equal(flags_of(f, node, seen) & VL_ENTRY_QUARANTINED, 0);
        assert_int_equal(flags_of(f, node, unseen) & VL_ENTRY_QUARANTINED, VL_ENTRY_QUARANTINED);
        assert_true(reads(f, node, unseen)); /* viewable all the same */
    }
    assert_sound(f);
    circle_fixture_destroy(f);
}

static void nobody_makes_quarantined_content_count_by_writing_on(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 12);
    struct vl_id unseen = say(f, 3, 1);
    must(f, 0, VL_CONTROL_REMOVE, 3);
    circle_fixture_sync_all(f);
    for (size_t by = 0; by < 3; by++) {
        say(f, by, 10 + by);
        circle_fixture_sync_all(f);
    }
    for (size_t node = 0; node < 3; node++) {
        assert_false(hears(f, node, 1));
        assert_true(hears(f, node, 12));
        assert_int_equal(flags_of(f, node, unseen) & VL_ENTRY_QUARANTINED, VL_ENTRY_QUARANTINED);
    }
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* Links between control entries carry no content: 3's control entry after her backdated content is
 * a head that everybody links. */
static void control_entries_carry_no_content(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 13);
    struct vl_id id, backdated = say(f, 3, 1);
    assert_int_equal(act(f, 3, VL_CONTROL_LEAVE, 3, &id), VL_OK);
    must(f, 0, VL_CONTROL_REMOVE, 3); /* she did not leave in peace */
    circle_fixture_sync_all(f);
    say(f, 1, 2);
    must(f, 0, VL_CONTROL_PROMOTE, 1);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 3; node++) {
        assert_false(hears(f, node, 1));
        assert_int_equal(flags_of(f, node, backdated) & VL_ENTRY_QUARANTINED, VL_ENTRY_QUARANTINED);
    }
    assert_sound(f);
    circle_fixture_destroy(f);
}

static void who_answered_makes_it_count_wherever_the_answer_arrives(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 14);
    say(f, 3, 1);
    (void)circle_fixture_pull(f, 2, 3); /* 2 alone has seen it, and answers */
    say(f, 2, 2);
    must(f, 0, VL_CONTROL_REMOVE, 3);
    (void)circle_fixture_pull(f, 0, 3); /* first without the answer */
    assert_false(hears(f, 0, 1));
    (void)circle_fixture_pull(f, 0, 2);
    assert_true(hears(f, 0, 1));
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    assert_sound(f);
    circle_fixture_destroy(f);
}

static void what_somebody_wrote_before_leaving_in_peace_counts(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 15);
    say(f, 2, 1);
    must(f, 2, VL_CONTROL_LEAVE, 2);
    circle_fixture_sync_all(f);
    assert_int_equal(role_of(f, 0, 2), VL_ROLE_NONE);
    for (size_t node = 0; node < 3; node++)
        assert_true(hears(f, node, 1));
    assert_true(circle_fixture_agree(f));
    struct vl_record_id record = fixture_record(9);
    struct vl_operation operation = {.type = TYPE,
                                     .record = record,
                                     .field = FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("late")};
    struct vl_id id;
    assert_int_equal(vl_replica_write(f->nodes[2].replica, &operation, 1, f->now, &id),
                     VL_ERR_NO_KEY);
    assert_sound(f);
    circle_fixture_destroy(f);
}

static void adding_again_makes_all_she_wrote_count(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 16);
    say(f, 3, 1);
    must(f, 0, VL_CONTROL_REMOVE, 3);
    circle_fixture_sync_all(f);
    assert_false(hears(f, 1, 1));
    struct vl_id between = say(f, 1, 2);
    circle_fixture_sync_all(f);
    circle_fixture_add(f, 0, 3);
    circle_fixture_sync_all(f);
    assert_int_equal(role_of(f, 1, 3), VL_ROLE_MEMBER);
    for (size_t node = 0; node < 3; node++)
        assert_true(hears(f, node, 1));
    struct vl_id after = say(f, 2, 3);
    circle_fixture_sync_all(f);
    assert_true(reads(f, 3, after));
    assert_false(reads(f, 3, between)); /* she was not there: no seal of that epoch is for her */
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* ---- keys ---- */

static void two_removals_at_once_end_in_a_key_that_neither_has(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(5, 17);
    must(f, 0, VL_CONTROL_PROMOTE, 1);
    circle_fixture_sync_all(f);
    must(f, 0, VL_CONTROL_REMOVE, 3);
    struct vl_id first = say(f, 0, 1); /* each side has its own epoch by then */
    must(f, 1, VL_CONTROL_REMOVE, 4);
    struct vl_id second = say(f, 1, 2);
    circle_fixture_sync_all(f);
    struct vl_id id = say(f, 2, 3);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 3; node++)
        assert_true(reads(f, node, id) && reads(f, node, first) && reads(f, node, second));
    assert_false(reads(f, 3, id) || reads(f, 4, id));
    assert_true(reads(f, 4, first)); /* her removal was not known there */
    assert_false(reads(f, 3, first));
    assert_sound(f);
    circle_fixture_destroy(f);
}

static void a_newcomer_gets_the_past_or_does_not(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 18);
    struct vl_id before = say(f, 0, 1), id;
    size_t with = circle_fixture_stranger(f), without = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, with);
    struct vl_enrolment enrolment = circle_fixture_enrolment(f, without);
    struct vl_control add = {.kind = VL_CONTROL_ADD,
                             .target = f->nodes[without].person,
                             .enrolments = &enrolment,
                             .enrolment_count = 1};
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &add, f->now, &id), VL_OK);
    struct vl_id after = say(f, 0, 2);
    circle_fixture_sync_all(f);
    assert_true(reads(f, with, before) && reads(f, with, after));
    assert_true(reads(f, without, after));
    assert_false(reads(f, without, before));
    circle_fixture_destroy(f);
}

static void add_without_the_past(struct circle_fixture *f, size_t by, size_t newcomer)
{
    struct vl_enrolment enrolment = circle_fixture_enrolment(f, newcomer);
    struct vl_control add = {.kind = VL_CONTROL_ADD,
                             .target = f->nodes[newcomer].person,
                             .enrolments = &enrolment,
                             .enrolment_count = 1};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &add, f->now, &id), VL_OK);
}

static size_t control_entries(struct circle_fixture *f, size_t node)
{
    size_t count = 0;
    for (size_t i = 0; i < memory_storage_entry_count(f->nodes[node].memory); i++)
        count += memory_storage_entry_at(f->nodes[node].memory, i)->kind == VL_ENTRY_CONTROL;
    return count;
}

/* Somebody leaves and is re-keyed without, by who has not heard yet of those who come. */
static void what_was_written_while_she_came_is_hers_too_if_the_past_is(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 24);
    size_t with = circle_fixture_stranger(f), without = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, with);
    add_without_the_past(f, 0, without);
    (void)must(f, 2, VL_CONTROL_LEAVE, 2);
    (void)circle_fixture_pull(f, 1, 2);
    struct vl_id meanwhile = say(f, 1, 1);
    circle_fixture_sync_all(f);
    assert_false(reads(f, with, meanwhile));
    (void)say(f, 1, 2); /* she does not know what the one who added her decided */
    circle_fixture_sync_all(f);
    assert_false(reads(f, with, meanwhile));

    struct vl_id later = say(f, 0, 3);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < f->count; node++)
        assert_true(reads(f, node, later) == (node != 2));
    assert_true(reads(f, with, meanwhile));
    assert_false(reads(f, without, meanwhile));
    const size_t entries = control_entries(f, 0);
    (void)say(f, 0, 4);
    assert_int_equal(control_entries(f, 0), entries); /* once */
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* An epoch made by hand, sealed to its maker and one other alone. */
static void make_epoch(struct circle_fixture *f, size_t by, size_t to, struct vl_id *key_id)
{
    struct vl_seal seal = {0};
    struct vl_control epoch = {.kind = VL_CONTROL_EPOCH, .seals = &seal, .seal_count = 1};
    uint8_t secret[32];
    struct vl_id id;
    randombytes_buf(secret, sizeof secret);
    vl_epoch_key_id(&f->id, secret, &epoch.key_id);
    memcpy(seal.recipient, f->nodes[to].keys->card.sign, sizeof seal.recipient);
    assert_int_equal(vl_key_box_seal(secret, &f->id, &epoch.key_id, &f->nodes[to].keys->card,
                                     f->nodes[by].keys->card.sign, seal.box),
                     VL_OK);
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &epoch, f->now, &id), VL_OK);
    *key_id = epoch.key_id;
}

static bool has_epoch(struct circle_fixture *f, size_t node, const struct vl_id *key_id)
{
    uint8_t key[32];
    return vl_replica_epoch_key(f->nodes[node].replica, key_id, VL_DOMAIN_TRANSPORT_PSK, key) ==
           VL_OK;
}

/* Whoever knew of her and left her out did so on purpose. */
static void an_epoch_made_without_her_on_purpose_is_not_given(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 26);
    size_t with = circle_fixture_stranger(f), second = circle_fixture_stranger(f);
    struct vl_id unknowing, knowing;
    circle_fixture_add(f, 0, with);
    circle_fixture_add(f, 0, second);
    make_epoch(f, 1, 0, &unknowing);
    circle_fixture_sync_all(f);
    make_epoch(f, 1, 0, &knowing);
    (void)circle_fixture_pull(f, 0, 1);
    (void)say(f, 0, 1);
    circle_fixture_sync_all(f);
    assert_true(has_epoch(f, 0, &unknowing) && has_epoch(f, 0, &knowing));
    assert_true(has_epoch(f, with, &unknowing) && has_epoch(f, second, &unknowing));
    assert_false(has_epoch(f, with, &knowing) || has_epoch(f, second, &knowing));
    struct vl_epoch_info newest;
    assert_true(vl_replica_epochs(f->nodes[0].replica, &newest, 1) > 2);
    assert_true(newest.current);
    circle_fixture_destroy(f);
}

/* Epochs that somebody makes without end do not have her who owes them begin logs. */
static void what_is_owed_takes_half_a_log_at_most(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 25);
    size_t with = circle_fixture_stranger(f), hers;
    struct vl_id key_id;
    circle_fixture_add(f, 0, with);
    for (uint64_t i = 0; i < VL_LOG_CONTROLS_MAX - 8; i++)
        make_epoch(f, 1, 0, &key_id);
    (void)circle_fixture_pull(f, 0, 1);
    hers = control_entries(f, 0);
    for (uint64_t i = 0; i < 12; i++) {
        const size_t before = control_entries(f, 0);
        (void)say(f, 0, 10 + i);
        assert_true(control_entries(f, 0) <= before + 9); /* at once, and an epoch of her own */
    }
    assert_true(control_entries(f, 0) > hers + VL_LOG_CONTROLS_MAX / 4);
    assert_true(control_entries(f, 0) <= hers + VL_LOG_CONTROLS_MAX / 2 + 1);
    circle_fixture_destroy(f);
}

/* ---- roles and devices ---- */

static void two_confirmed_persons_remove_a_facilitator(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 19);
    must(f, 1, VL_CONTROL_VOUCH, 2);
    must(f, 0, VL_CONTROL_PROMOTE, 1);
    circle_fixture_sync_all(f);
    say(f, 0, 1);
    circle_fixture_sync_all(f);
    struct vl_id unseen = say(f, 0, 2);
    struct vl_id proposal = must(f, 1, VL_CONTROL_REMOVE, 0);
    assert_int_equal(role_of(f, 1, 0), VL_ROLE_FACILITATOR);
    (void)circle_fixture_pull(f, 2, 1);
    endorse(f, 2, proposal);
    assert_int_equal(role_of(f, 2, 0), VL_ROLE_NONE);
    must(f, 0, VL_CONTROL_REMOVE, 2); /* he does not know yet; voided by the pair */
    circle_fixture_sync_all(f);
    assert_int_equal(role_of(f, 3, 0), VL_ROLE_NONE);
    assert_int_equal(role_of(f, 3, 2), VL_ROLE_MEMBER);
    assert_true(hears(f, 3, 1));
    assert_false(hears(f, 3, 2));
    assert_int_equal(flags_of(f, 3, unseen) & VL_ENTRY_QUARANTINED, VL_ENTRY_QUARANTINED);
    assert_true(circle_fixture_agree(f));
    assert_sound(f);
    circle_fixture_destroy(f);
}

static void a_circle_without_facilitator_votes_one(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 20);
    struct vl_id id;
    must(f, 1, VL_CONTROL_VOUCH, 2);
    circle_fixture_sync_all(f);
    assert_int_equal(act(f, 0, VL_CONTROL_STEPDOWN, 0, &id), VL_ERR_AUTHORITY); /* the last one */
    must(f, 0, VL_CONTROL_LEAVE, 0);
    circle_fixture_sync_all(f);
    must(f, 1, VL_CONTROL_VOTE, 2);
    circle_fixture_sync_all(f);
    assert_int_equal(role_of(f, 1, 2), VL_ROLE_MEMBER);
    must(f, 2, VL_CONTROL_VOTE, 2);
    circle_fixture_sync_all(f);
    assert_int_equal(role_of(f, 1, 2), VL_ROLE_FACILITATOR);
    circle_fixture_destroy(f);
}

static void a_person_adds_and_removes_her_devices(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 21);
    size_t device = circle_fixture_stranger(f);
    struct vl_enrolment enrolment;
    struct vl_id id;
    f->nodes[device].person = f->nodes[2].person;
    vl_enrolment_sign(f->nodes[device].keys, &f->id, &f->nodes[2].person, &enrolment);
    struct vl_control add = {.kind = VL_CONTROL_ADD_DEVICE,
                             .target = f->nodes[2].person,
                             .enrolments = &enrolment,
                             .enrolment_count = 1};
    assert_int_equal(vl_replica_control(f->nodes[2].replica, &add, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    struct vl_id mine = say(f, device, 1);
    circle_fixture_sync_all(f);
    assert_true(hears(f, 0, 1) && reads(f, 0, mine));
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE_DEVICE};
    memcpy(remove.target.bytes, f->nodes[2].keys->card.sign, 32);
    assert_int_equal(vl_replica_control(f->nodes[device].replica, &remove, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    struct vl_id after = say(f, device, 2);
    circle_fixture_sync_all(f);
    assert_true(hears(f, 0, 2));
    assert_false(reads(f, 2, after)); /* the device that was taken out */
    assert_sound(f);
    circle_fixture_destroy(f);
}

static void a_member_absent_for_a_year_catches_up(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(6, 22);
    const size_t others[] = {0, 1, 2, 3, 5};
    must(f, 0, VL_CONTROL_PROMOTE, 1);
    circle_fixture_sync_all(f);
    say(f, 4, 100); /* before she goes */
    for (uint64_t month = 0; month < 12; month++) {
        f->now.ms += 30LL * 86400000;
        say(f, month % 2 == 0 ? 2 : 0, month);
        if (month == 2) must(f, 0, VL_CONTROL_REMOVE, 5);
        if (month == 5) must(f, 1, VL_CONTROL_LEAVE, 1);
        if (month == 8) circle_fixture_add(f, 0, 5);
        sync_some(f, others, 5);
    }
    circle_fixture_sync_all(f);
    assert_true(hears(f, 0, 100));
    for (uint64_t month = 0; month < 12; month++)
        assert_true(hears(f, 4, month));
    struct vl_id own = circle_fixture_digest(f, 4), other = circle_fixture_digest(f, 0);
    assert_true(vl_id_equal(&own, &other));
    struct vl_id id = say(f, 4, 101);
    circle_fixture_sync_all(f);
    assert_true(reads(f, 0, id) && reads(f, 5, id));
    assert_false(reads(f, 1, id));
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* More concurrent control entries than an entry links to, the removal the one that is left over. */
static void whoever_has_many_heads_before_her_makes_a_key_without_who_was_removed(void **state)
{
    (void)state;
    const size_t gone = VL_LINKS_MAX + 8, count = gone + 1;
    struct circle_fixture *f = circle_fixture_create(count, 23);
    for (size_t i = 2; i < count; i++)
        (void)must(f, 1, VL_CONTROL_VOUCH, i);
    for (size_t i = 0; i < count; i++)
        if (i != 1) (void)circle_fixture_pull(f, i, 1);
    for (size_t i = 2; i < gone; i++)
        (void)must(f, i, VL_CONTROL_VOUCH, 2 + (i - 1) % (gone - 2));
    for (uint64_t i = 0; i < 3; i++)
        (void)say(f, 0, 900 + i); /* a head with a higher lamport number is linked to later */
    (void)must(f, 0, VL_CONTROL_REMOVE, gone);
    for (size_t i = 0; i < gone; i++)
        if (i != 1) (void)circle_fixture_pull(f, 1, i);
    assert_int_equal(role_of(f, 1, gone), VL_ROLE_NONE);
    struct vl_id id = say(f, 1, 950);
    (void)circle_fixture_pull(f, 0, 1);
    (void)circle_fixture_pull(f, gone, 1);
    assert_true(reads(f, 0, id));
    assert_true(memory_storage_entry(f->nodes[gone].memory, &id) == NULL || !reads(f, gone, id));
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_has_many_heads_before_her_makes_a_key_without_who_was_removed),
        cmocka_unit_test(content_seen_before_a_removal_counts_and_later_content_does_not),
        cmocka_unit_test(nobody_makes_quarantined_content_count_by_writing_on),
        cmocka_unit_test(control_entries_carry_no_content),
        cmocka_unit_test(who_answered_makes_it_count_wherever_the_answer_arrives),
        cmocka_unit_test(what_somebody_wrote_before_leaving_in_peace_counts),
        cmocka_unit_test(adding_again_makes_all_she_wrote_count),
        cmocka_unit_test(two_removals_at_once_end_in_a_key_that_neither_has),
        cmocka_unit_test(a_newcomer_gets_the_past_or_does_not),
        cmocka_unit_test(what_was_written_while_she_came_is_hers_too_if_the_past_is),
        cmocka_unit_test(an_epoch_made_without_her_on_purpose_is_not_given),
        cmocka_unit_test(what_is_owed_takes_half_a_log_at_most),
        cmocka_unit_test(two_confirmed_persons_remove_a_facilitator),
        cmocka_unit_test(a_circle_without_facilitator_votes_one),
        cmocka_unit_test(a_person_adds_and_removes_her_devices),
        cmocka_unit_test(a_member_absent_for_a_year_catches_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
