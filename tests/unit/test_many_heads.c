/* More heads are open than one entry links to, all with the same news in their past, and one alone
 * with what makes that whole: who lacks it could write no control entry that has an effect, so
 * neither the epoch for her next words. */
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* OUT takes the newest control entry of ME's, and upon that more logs of LIAR's than she can link
 * to. What comes after `by` has a higher lamport number than they, and would be linked to later. */
static void begin_logs(struct circle_fixture *f, size_t by)
{
    (void)circle_fixture_pull(f, OUT, ME);
    liar_circle_give_logs(f, OUT, 1, VL_LINKS_MAX + 9);
    if (by != ME) (void)circle_fixture_pull(f, by, ME);
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(f, by, 20 + i);
}

static enum vl_role role_at(struct circle_fixture *f, size_t node, size_t person)
{
    struct vl_person_state state;
    const struct vl_id *name = &f->nodes[person].person;
    const struct vl_membership *membership = vl_replica_membership(replica_of(f, node));
    assert_int_equal(
        vl_membership_find_person(membership, vl_bytes(name->bytes, sizeof name->bytes), &state),
        VL_OK);
    return state.role;
}

/* All persons of the circle can read it, and nobody else. */
static void assert_out_writes(struct circle_fixture *f)
{
    assert_int_equal(liar_circle_write(f, OUT, 30), VL_OK);
    assert_true(liar_circle_is_sound(f, OUT));
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < PERSONS; i++)
        assert_int_equal(liar_circle_hears(f, i, 30), role_at(f, i, i) != VL_ROLE_NONE);
}

/* What somebody writes who does not know of her demotion is void, and she knows of it by the
 * endorsement alone. */
static void who_was_demoted_links_to_the_endorsement(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(801);
    struct vl_id demotion = liar_circle_control(f, ME, VL_CONTROL_DEMOTE, &f->nodes[OUT].person);
    begin_logs(f, LIAR);
    (void)liar_circle_control(f, LIAR, VL_CONTROL_ENDORSE, &demotion);
    (void)circle_fixture_pull(f, OUT, LIAR);
    liar_circle_write_at_last(f, OUT, 29);
    assert_out_writes(f);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

static void who_came_back_links_to_what_added_her(void **state)
{
    (void)state;
    const struct vl_id nobody = {{0}};
    struct circle_fixture *f = liar_circle_create(802);
    (void)liar_circle_control(f, OUT, VL_CONTROL_LEAVE, &nobody);
    (void)circle_fixture_pull(f, ME, OUT);
    (void)liar_circle_control(f, ME, VL_CONTROL_VOUCH, &f->nodes[FRIEND].person);
    begin_logs(f, ME);
    circle_fixture_add(f, ME, OUT);
    (void)circle_fixture_pull(f, OUT, ME);
    assert_out_writes(f);
    circle_fixture_destroy(f);
}

/* The removal of OUT by FRIEND is void, for FRIEND was removed by two beside it. */
static void who_was_removed_in_vain_links_to_what_voids_that(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(803);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[FRIEND].person);
    circle_fixture_sync_all(f);
    struct vl_id joint = liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[FRIEND].person);
    (void)circle_fixture_pull(f, LIAR, ME);
    for (uint64_t i = 0; i < 9; i++)
        hand_write_one(f, LIAR, 10 + i);
    (void)liar_circle_control(f, LIAR, VL_CONTROL_ENDORSE, &joint);
    (void)liar_circle_control(f, FRIEND, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, ME, FRIEND);
    (void)liar_circle_control(f, ME, VL_CONTROL_VOUCH, &f->nodes[OTHER].person);
    begin_logs(f, ME);
    (void)circle_fixture_pull(f, OUT, LIAR);
    assert_int_equal(liar_circle_write(f, OUT, 30), VL_OK);
    assert_true(liar_circle_is_sound(f, OUT));
    (void)circle_fixture_pull(f, ME, LIAR);
    (void)circle_fixture_pull(f, ME, OUT);
    assert_true(liar_circle_hears(f, ME, 30));
    circle_fixture_destroy(f);
}

/* Without what made OUT a facilitator her removal of somebody would have no effect. */
static void a_new_facilitator_links_to_what_made_her_one(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(804);
    (void)liar_circle_control(f, ME, VL_CONTROL_VOUCH, &f->nodes[FRIEND].person);
    begin_logs(f, ME);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, OUT, ME);
    (void)liar_circle_control(f, OUT, VL_CONTROL_REMOVE, &f->nodes[LIAR].person);
    assert_out_writes(f);
    for (size_t i = 0; i < PERSONS; i++)
        assert_int_equal(role_at(f, i, LIAR), VL_ROLE_NONE);
    circle_fixture_destroy(f);
}

/* Nor would an endorsement of what she has not in its past. */
static void who_endorses_links_to_what_is_proposed(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(805);
    (void)liar_circle_control(f, ME, VL_CONTROL_VOUCH, &f->nodes[OUT].person);
    circle_fixture_sync_all(f);
    (void)liar_circle_control(f, LIAR, VL_CONTROL_VOUCH, &f->nodes[OUT].person);
    circle_fixture_sync_all(f);
    (void)liar_circle_control(f, ME, VL_CONTROL_VOUCH, &f->nodes[FRIEND].person);
    begin_logs(f, ME);
    struct vl_id joint = liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OTHER].person);
    (void)circle_fixture_pull(f, OUT, ME);
    (void)liar_circle_control(f, OUT, VL_CONTROL_ENDORSE, &joint);
    assert_out_writes(f);
    for (size_t i = 0; i < PERSONS; i++)
        assert_int_equal(role_at(f, i, OTHER), VL_ROLE_NONE);
    circle_fixture_destroy(f);
}

/* What is proposed stands in FRIEND's log, and what made OUT a facilitator in ME's. */
static void who_needs_two_heads_links_to_both(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(806);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[FRIEND].person);
    (void)liar_circle_control(f, ME, VL_CONTROL_VOUCH, &f->nodes[OUT].person);
    circle_fixture_sync_all(f);
    (void)liar_circle_control(f, LIAR, VL_CONTROL_VOUCH, &f->nodes[OUT].person);
    (void)liar_circle_control(f, LIAR, VL_CONTROL_VOUCH, &f->nodes[FRIEND].person);
    circle_fixture_sync_all(f);
    (void)liar_circle_control(f, ME, VL_CONTROL_VOUCH, &f->nodes[OTHER].person);
    (void)circle_fixture_pull(f, FRIEND, ME);
    begin_logs(f, ME);
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(f, FRIEND, 10 + i);
    struct vl_id joint = liar_circle_control(f, FRIEND, VL_CONTROL_REMOVE, &f->nodes[OTHER].person);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, OUT, ME);
    (void)circle_fixture_pull(f, OUT, FRIEND);
    (void)liar_circle_control(f, OUT, VL_CONTROL_ENDORSE, &joint);
    assert_out_writes(f);
    for (size_t i = 0; i < PERSONS; i++)
        assert_int_equal(role_at(f, i, OTHER), VL_ROLE_NONE);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_demoted_links_to_the_endorsement),
        cmocka_unit_test(who_came_back_links_to_what_added_her),
        cmocka_unit_test(who_was_removed_in_vain_links_to_what_voids_that),
        cmocka_unit_test(a_new_facilitator_links_to_what_made_her_one),
        cmocka_unit_test(who_endorses_links_to_what_is_proposed),
        cmocka_unit_test(who_needs_two_heads_links_to_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
