/* Rules R0 to R5, one test a rule or more, on histories made by hand. Every history is
 * also built in twenty random orders: the state must be the same, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/member_asserts.h"

static void test_authority_is_judged_in_the_past_for_ever(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"f", "found", "a.1", NULL, "b", NULL, NULL},
        {"1", "add", "b.1", "f", "c", "c.1", NULL},    /* b is no facilitator */
        {"2", "promote", "a.1", "f", "b", NULL, NULL}, /* ... this does not repair it */
        {"3", "add", "b.1", "2", "d", "d.1", NULL},    /* ... but serves what comes after */
        {"4", "remove", "z.1", "f", "a", NULL, NULL},  /* a stranger */
        {"5", "remove", "b.2", "f", "a", NULL, NULL},  /* a key of b that nobody enrolled */
        {"6", "found", "a.1", "f", "b", NULL, NULL},   /* a second founding, with a past */
        {"7", "leave", "c.1", "1", NULL, NULL, NULL},  /* of somebody who never was added */
        {"8", "remove", "a.1", "f", "a", NULL, NULL},  /* oneself */
        {"9", "demote", "a.1", "f", "y", NULL, NULL},  /* somebody nobody named */
    };
    struct vl_membership *m = BUILT(steps);
    UNAUTHORISED(m, "1");
    LIVES(m, "2");
    LIVES(m, "3");
    for (char id[2] = "4"; id[0] <= '9'; id[0]++)
        UNAUTHORISED(m, id);
    assert_role(m, "b", VL_ROLE_FACILITATOR);
    assert_role(m, "d", VL_ROLE_MEMBER);
    struct vl_person_state person;
    assert_int_equal(vl_membership_find_person(m, vl_bytes_text("c"), &person), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_membership_standing(m, vl_bytes_text("none"), NULL), VL_STANDING_UNKNOWN);
    vl_membership_destroy(m);
}

static void test_two_confirm_a_third(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"f", "found", "a.1", NULL, "b", NULL, NULL},
        {"1", "add", "a.1", "f", "c", "c.1", NULL},
        {"2", "add", "a.1", "1", "d", "d.1", NULL},
        {"3", "vouch", "c.1", "2", "d", NULL, NULL}, /* c is not confirmed */
        {"4", "vouch", "a.1", "2", "c", NULL, NULL}, /* the second voice is the first one's */
        {"5", "vouch", "b.1", "4", "d", NULL, NULL},
        {"6", "vouch", "d.1", "5", "d", NULL, NULL}, /* for oneself */
    };
    struct vl_membership *m = BUILT(steps);
    assert_true(confirmed(m, "a") && confirmed(m, "b") && confirmed(m, "d"));
    assert_false(confirmed(m, "c"));
    UNAUTHORISED(m, "3");
    UNAUTHORISED(m, "6");
    vl_membership_destroy(m);
}

static void test_puppets_do_not_remove(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"f", "found", "a.1", NULL, "b", NULL, NULL},
        {"0", "promote", "a.1", "f", "b", NULL, NULL},
        {"1", "add", "a.1", "0", "p", "p.1", NULL},
        {"2", "add", "a.1", "1", "q", "q.1", NULL},
        {"3", "remove", "a.1", "2", "b", NULL, NULL},  /* b is facilitator: a proposal */
        {"4", "endorse", "p.1", "3", "3", NULL, NULL}, /* by a puppet */
        {"5", "vouch", "p.1", "2", "q", NULL, NULL},
    };
    struct vl_membership *m = BUILT(steps);
    LIVES(m, "3");
    UNAUTHORISED(m, "4");
    UNAUTHORISED(m, "5");
    assert_role(m, "b", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

static void test_private_space_stays_of_one(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"f", "found", "a.1", NULL, NULL, NULL, NULL},
        {"1", "add", "a.1", "f", "b", "b.1", NULL},
        {"2", "add-device", "a.1", "f", NULL, "a.2", NULL},
    };
    struct vl_membership *m = BUILT(steps);
    UNAUTHORISED(m, "1");
    LIVES(m, "2");
    assert_role(m, "a", VL_ROLE_FACILITATOR);
    assert_true(current(m, "a.2"));
    vl_membership_destroy(m);
}

static void test_single_removal(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "d", NULL, NULL}, /* a member: at once */
        {"2", "vouch", "d.1", "pc", "c", NULL, NULL},  /* concurrent, by d: not void */
        {"3", "remove", "a.1", "1", "c", NULL, NULL},  /* a facilitator: a proposal */
        {"4", "demote", "a.1", "1", "b", NULL, NULL},  /* always a proposal */
        {"5", "vouch", "d.1", "1", "c", NULL, NULL},   /* d is gone there */
    };
    struct vl_membership *m = BUILT(steps);
    ENDS(m, "1");
    LIVES(m, "2");
    LIVES(m, "3");
    LIVES(m, "4");
    UNAUTHORISED(m, "5");
    assert_role(m, "d", VL_ROLE_NONE);
    assert_true(confirmed(m, "d"));
    assert_false(current(m, "d.1"));
    assert_role(m, "c", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

static void test_removal_of_one_promoted_meanwhile_waits(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "d", NULL, NULL},
        {"2", "promote", "b.1", "pc", "d", NULL, NULL},
        {"3", "endorse", "b.1", "1 2", "1", NULL, NULL},
    };
    struct vl_membership *m = built(steps, COUNT(steps) - 1);
    LIVES(m, "1");
    assert_role(m, "d", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
    m = BUILT(steps); /* the endorsement makes it a joint one: remove is above promote */
    ENDS(m, "1");
    assert_role(m, "d", VL_ROLE_NONE);
    vl_membership_destroy(m);
}

static void test_removed_facilitator_cannot_retaliate(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "c", NULL, NULL},
        {"2", "endorse", "b.1", "1", "1", NULL, NULL},
        {"3", "remove", "c.1", "pc", "d", NULL, NULL},    /* leaves her removal out of her links */
        {"4", "demote", "c.1", "3", "a", NULL, NULL},     /* ... and goes on */
        {"5", "endorse", "d.1", "pc 4", "4", NULL, NULL}, /* with an ally she removed: no */
        {"6", "add", "c.1", "pc", "z", "z.1", NULL},      /* and seats somebody */
        {"7", "promote", "c.1", "6", "z", NULL, NULL},
        {"8", "add", "z.1", "7", "y", "y.1", NULL},   /* who seats another one */
        {"9", "leave", "c.1", "7", NULL, NULL, NULL}, /* leaving works even so */
    };
    struct vl_membership *m = BUILT(steps);
    ENDS(m, "1");
    LIVES(m, "2");
    VOID(m, "3");
    VOID(m, "4");
    UNAUTHORISED(m, "5");
    VOID(m, "6");
    VOID(m, "7");
    VOID(m, "8");
    ENDS(m, "9");
    assert_role(m, "a", VL_ROLE_FACILITATOR);
    assert_role(m, "b", VL_ROLE_FACILITATOR);
    assert_role(m, "c", VL_ROLE_NONE);
    assert_role(m, "d", VL_ROLE_MEMBER);
    assert_role(m, "z", VL_ROLE_NONE);
    assert_role(m, "y", VL_ROLE_NONE);
    vl_membership_destroy(m);
}

static void test_founder_cannot_annul_his_removal(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "b.1", "pc", "a", NULL, NULL},
        {"2", "endorse", "c.1", "1", "1", NULL, NULL},
        {"3", "remove", "a.1", "pc", "d", NULL, NULL},
        {"4", "promote", "a.1", "f", "b", NULL, NULL},
        {"5", "remove", "a.1", "1", "b", NULL, NULL}, /* knows the proposal, which is no end yet */
    };
    struct vl_membership *m = BUILT(steps);
    ENDS(m, "1");
    VOID(m, "3");
    VOID(m, "4");
    VOID(m, "5");
    assert_role(m, "a", VL_ROLE_NONE);
    assert_role(m, "b", VL_ROLE_FACILITATOR); /* "pb" is in the past of the removal: it stays */
    assert_role(m, "d", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
}

static void test_endorser_is_a_third_person(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"0", "add-device", "a.1", "pc", NULL, "a.2", NULL},
        {"1", "remove", "a.1", "0", "c", NULL, NULL},
        {"2", "endorse", "a.2", "1", "1", NULL, NULL},  /* the proposer's other device */
        {"3", "endorse", "c.1", "1", "1", NULL, NULL},  /* the target */
        {"4", "endorse", "b.1", "0", "1", NULL, NULL},  /* not in its past */
        {"5", "endorse", "b.1", "1", "pc", NULL, NULL}, /* no proposal */
    };
    struct vl_membership *m = BUILT(steps);
    for (char id[2] = "2"; id[0] <= '5'; id[0]++)
        UNAUTHORISED(m, id);
    assert_role(m, "c", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

static void test_joint_removal_outlives_its_makers(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "c", NULL, NULL},
        {"2", "endorse", "d.1", "1", "1", NULL, NULL},
        {"3", "remove", "b.1", "pc", "d", NULL, NULL},    /* single removal of the endorser */
        {"4", "stepdown", "a.1", "pc", NULL, NULL, NULL}, /* the proposer steps down */
    };
    struct vl_membership *m = BUILT(steps);
    ENDS(m, "1");
    LIVES(m, "2");
    assert_role(m, "c", VL_ROLE_NONE);
    assert_role(m, "d", VL_ROLE_NONE);
    assert_role(m, "a", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
}

static void test_mutual_removal_takes_both(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "c", NULL, NULL},
        {"2", "endorse", "b.1", "1", "1", NULL, NULL},
        {"3", "remove", "c.1", "pc", "a", NULL, NULL},
        {"4", "endorse", "d.1", "3", "3", NULL, NULL},
    };
    struct vl_membership *m = BUILT(steps);
    assert_standing(m, "1", VL_STANDING_VOID, true); /* void, but an applying pair's p ends */
    assert_standing(m, "3", VL_STANDING_VOID, true);
    assert_role(m, "a", VL_ROLE_NONE);
    assert_role(m, "c", VL_ROLE_NONE);
    assert_role(m, "b", VL_ROLE_FACILITATOR);
    assert_role(m, "d", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
}

static void test_ring_of_removals_takes_all(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "c", NULL, NULL},
        {"2", "endorse", "d.1", "1", "1", NULL, NULL},
        {"3", "remove", "c.1", "pc", "b", NULL, NULL},
        {"4", "endorse", "d.1", "3 2", "3", NULL, NULL},
        {"5", "demote", "b.1", "pc", "a", NULL, NULL},
        {"6", "endorse", "d.1", "5", "5", NULL, NULL},
    };
    struct vl_membership *m = BUILT(steps);
    for (char id[2] = "1"; id[0] <= '5'; id[0] = (char)(id[0] + 2))
        assert_standing(m, id, VL_STANDING_VOID, true);
    assert_role(m, "a", VL_ROLE_MEMBER);
    assert_role(m, "b", VL_ROLE_NONE);
    assert_role(m, "c", VL_ROLE_NONE);
    vl_membership_destroy(m);
}

static void test_chain_of_removals_is_decided_from_its_head(void **state)
{
    (void)state;
    /* (1,2) voids what (3,4) stands on, (3,4) what (5,6) stands on, nobody what (1,2) does */
    static const struct step steps[] = {
        CIRCLE,
        {"ae", "add", "a.1", "pc", "e", "e.1", NULL},
        {"pe", "promote", "a.1", "ae", "e", NULL, NULL},
        {"1", "remove", "a.1", "pe", "c", NULL, NULL},
        {"2", "endorse", "d.1", "1", "1", NULL, NULL},
        {"3", "remove", "c.1", "pe", "b", NULL, NULL},
        {"4", "endorse", "d.1", "3 2", "3", NULL, NULL},
        {"5", "demote", "b.1", "pe", "e", NULL, NULL},
        {"6", "endorse", "d.1", "5", "5", NULL, NULL},
    };
    struct vl_membership *m = BUILT(steps);
    ENDS(m, "1");
    VOID(m, "3"); /* so (3,4) is OUT */
    ENDS(m, "5"); /* ... and nothing is left against (5,6) */
    assert_role(m, "b", VL_ROLE_FACILITATOR);
    assert_role(m, "c", VL_ROLE_NONE);
    assert_role(m, "e", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority_is_judged_in_the_past_for_ever),
        cmocka_unit_test(test_two_confirm_a_third),
        cmocka_unit_test(test_puppets_do_not_remove),
        cmocka_unit_test(test_private_space_stays_of_one),
        cmocka_unit_test(test_single_removal),
        cmocka_unit_test(test_removal_of_one_promoted_meanwhile_waits),
        cmocka_unit_test(test_removed_facilitator_cannot_retaliate),
        cmocka_unit_test(test_founder_cannot_annul_his_removal),
        cmocka_unit_test(test_endorser_is_a_third_person),
        cmocka_unit_test(test_joint_removal_outlives_its_makers),
        cmocka_unit_test(test_mutual_removal_takes_both),
        cmocka_unit_test(test_ring_of_removals_takes_all),
        cmocka_unit_test(test_chain_of_removals_is_decided_from_its_head),
    };
    return cmocka_run_group_tests_name("membership: authority and joint removals", tests, NULL,
                                       NULL);
}
