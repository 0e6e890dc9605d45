/* Rules R0 to R9 and R11, one test a rule or more, on histories made by hand. Every history is
 * also built in twenty random orders: the state must be the same, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/history.h"
#include <veillee/limits.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void assert_orders_agree(const struct step *steps, size_t count)
{
    size_t order[64];
    struct vl_buffer first = {0};
    assert_true(count <= COUNT(order));
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t random = seed;
        struct vl_membership *m = NULL;
        struct vl_buffer dump = {0};
        assert_int_equal(history_build(steps, count, order, &m), VL_OK);
        assert_int_equal(history_dump(m, steps, count, &dump), VL_OK);
        if (seed == 0) assert_int_equal(vl_buffer_append(&first, dump.data, dump.size), VL_OK);
        if (dump.size != first.size || memcmp(dump.data, first.data, dump.size) != 0)
            fail_msg("order of seed %u gives another state", (unsigned)seed);
        vl_buffer_finish(&dump);
        vl_membership_destroy(m);
        for (size_t i = count; i-- > 1;) {
            size_t j = (size_t)(next_random(&random) % (i + 1)), kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
    }
    vl_buffer_finish(&first);
}

static struct vl_membership *built(const struct step *steps, size_t count)
{
    struct vl_membership *m = NULL;
    assert_orders_agree(steps, count);
    assert_int_equal(history_build(steps, count, NULL, &m), VL_OK);
    return m;
}
#define BUILT(steps) built(steps, COUNT(steps))

static void assert_role(const struct vl_membership *m, const char *name, enum vl_role role)
{
    struct vl_person_state person;
    assert_int_equal(vl_membership_find_person(m, vl_bytes_text(name), &person), VL_OK);
    if (person.role != role) fail_msg("%s has role %d, not %d", name, person.role, role);
}

static bool confirmed(const struct vl_membership *m, const char *name)
{
    struct vl_person_state person;
    assert_int_equal(vl_membership_find_person(m, vl_bytes_text(name), &person), VL_OK);
    return person.confirmed;
}

static bool current(const struct vl_membership *m, const char *name)
{
    struct vl_device_state device;
    assert_int_equal(vl_membership_find_device(m, vl_bytes_text(name), &device), VL_OK);
    return device.current;
}

static void assert_epoch(const struct vl_membership *m, const char *name, const char *epoch)
{
    struct vl_device_state device;
    assert_int_equal(vl_membership_find_device(m, vl_bytes_text(name), &device), VL_OK);
    if (!vl_bytes_equal(device.write_epoch, vl_bytes_text(epoch)))
        fail_msg("%s writes under %.*s, not %s", name, (int)device.write_epoch.size,
                 (const char *)device.write_epoch.data, epoch);
}

static void assert_standing(const struct vl_membership *m, const char *id, enum vl_standing wanted,
                            bool wanted_end)
{
    bool is_end;
    enum vl_standing standing = vl_membership_standing(m, vl_bytes_text(id), &is_end);
    if (standing != wanted || is_end != wanted_end)
        fail_msg("%s has standing %d%s", id, standing, is_end ? ", an end" : "");
}
#define LIVES(m, id)        assert_standing(m, id, VL_STANDING_LIVING, false)
#define ENDS(m, id)         assert_standing(m, id, VL_STANDING_LIVING, true)
#define VOID(m, id)         assert_standing(m, id, VL_STANDING_VOID, false)
#define UNAUTHORISED(m, id) assert_standing(m, id, VL_STANDING_UNAUTHORISED, false)

/* a founds with b; c and d are added, vouched for; b and c are made facilitators. */
#define CIRCLE                                                                                     \
    {"f", "found", "a.1", NULL, "b", NULL, NULL}, {"ac", "add", "a.1", "f", "c", "c.1", NULL},     \
        {"vc", "vouch", "b.1", "ac", "c", NULL, NULL},                                             \
        {"ad", "add", "a.1", "vc", "d", "d.1", NULL},                                              \
        {"vd", "vouch", "b.1", "ad", "d", NULL, NULL},                                             \
        {"pb", "promote", "a.1", "vd", "b", NULL, NULL},                                           \
    {                                                                                              \
        "pc", "promote", "a.1", "pb", "c", NULL, NULL                                              \
    }

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

static void test_order_of_concurrent_kinds(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "demote", "a.1", "pc", "c", NULL, NULL},
        {"2", "endorse", "b.1", "1", "1", NULL, NULL},
        {"3", "remove", "b.1", "2", "d", NULL, NULL},
        {"4", "remove", "a.1", "2", "d", NULL, NULL},
        {"5", "add", "a.1", "4", "d", "d.1", NULL},    /* does not know 3 */
        {"6", "promote", "b.1", "2", "c", NULL, NULL}, /* again, knowing the demotion */
    };
    struct vl_membership *m = BUILT(steps);
    assert_role(m, "d", VL_ROLE_NONE);
    assert_role(m, "c", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

static void test_adding_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"0", "add-device", "c.1", "pc", NULL, "c.2", NULL},
        {"1", "leave", "c.1", "0", NULL, NULL, NULL},
        {"2", "add", "b.1", "1", "c", "c.3", NULL}, /* other keys: another person */
        {"3", "add", "b.1", "1", "c", "c.2", NULL}, /* a key she had */
        {"4", "add", "b.1", "3", "c", "c.1", NULL}, /* she is one already */
        {"5", "remove", "a.1", "pc", "d", NULL, NULL},
        {"6", "add", "b.1", "5 3", "d", "d.1", NULL},
        {"7", "endorse", "c.2", "6", "5", NULL, NULL}, /* the re-add knows 5: nothing changes */
        {"8", "vouch", "d.1", "6", "c", NULL, NULL},
    };
    struct vl_membership *m = BUILT(steps);
    UNAUTHORISED(m, "2");
    LIVES(m, "3");
    UNAUTHORISED(m, "4");
    assert_role(m, "c", VL_ROLE_MEMBER); /* the role does not come back */
    assert_false(current(m, "c.1"));
    assert_true(current(m, "c.2"));
    LIVES(m, "7");
    LIVES(m, "8");
    assert_role(m, "d", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
}

static void test_last_facilitator(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"f", "found", "a.1", NULL, "b", NULL, NULL},
        {"1", "add", "a.1", "f", "c", "c.1", NULL},
        {"2", "vouch", "b.1", "1", "c", NULL, NULL},
        {"3", "stepdown", "a.1", "2", NULL, NULL, NULL}, /* the last one */
        {"4", "vote", "b.1", "2", "b", NULL, NULL},      /* there is a facilitator */
        {"5", "leave", "a.1", "2", NULL, NULL, NULL},    /* always valid */
        {"6", "vote", "b.1", "5", "b", NULL, NULL},      /* one of two is not more than half */
        {"7", "vote", "c.1", "5", "b", NULL, NULL},      /* concurrent: neither wins */
        {"8", "add", "b.1", "6 7", "d", "d.1", NULL},
        {"9", "vote", "c.1", "6 7", "b", NULL, NULL}, /* once more, citing both */
    };
    struct vl_membership *m = built(steps, COUNT(steps) - 1);
    UNAUTHORISED(m, "3");
    UNAUTHORISED(m, "4");
    ENDS(m, "5");
    UNAUTHORISED(m, "8");
    assert_role(m, "b", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
    m = BUILT(steps);
    assert_role(m, "b", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

static void test_old_votes_are_spent(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"f", "found", "a.1", NULL, "b", NULL, NULL},
        {"1", "add", "a.1", "f", "c", "c.1", NULL},
        {"2", "vouch", "b.1", "1", "c", NULL, NULL},
        {"3", "leave", "a.1", "2", NULL, NULL, NULL},
        {"4", "vote", "c.1", "3", "b", NULL, NULL},
        {"5", "vote", "b.1", "4", "b", NULL, NULL}, /* wins: two of two */
        {"6", "promote", "b.1", "5", "c", NULL, NULL},
        {"7", "stepdown", "b.1", "6", NULL, NULL, NULL},
        {"8", "leave", "c.1", "7", NULL, NULL, NULL}, /* headless again, only b is left */
        {"9", "add", "b.1", "8", "z", "z.1", NULL},
        {"v", "vote", "b.1", "8", "b", NULL, NULL}, /* one of one: wins by itself */
        {"w", "add", "b.1", "v", "z", "z.1", NULL},
    };
    struct vl_membership *m = BUILT(steps);
    UNAUTHORISED(m, "9");
    LIVES(m, "w");
    assert_role(m, "b", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

static void test_endorsement_never_removes_the_last_facilitator(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "demote", "b.1", "pc", "a", NULL, NULL},
        {"2", "stepdown", "b.1", "1", NULL, NULL, NULL},
        {"3", "stepdown", "c.1", "2", NULL, NULL, NULL},
        {"4", "endorse", "d.1", "3", "1", NULL, NULL}, /* a is the only one there */
        {"5", "endorse", "d.1", "2", "1", NULL, NULL}, /* here c is one too */
    };
    struct vl_membership *m = BUILT(steps);
    UNAUTHORISED(m, "4");
    LIVES(m, "5");
    assert_role(m, "a", VL_ROLE_MEMBER); /* and by concurrency nobody is left: R8 */
    vl_membership_destroy(m);
}

static void test_devices(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "add-device", "d.1", "pc", NULL, "d.2", NULL},
        {"2", "remove-device", "d.1", "1", "d.2", NULL, NULL},
        {"3", "remove-device", "d.2", "1", "d.1", NULL, NULL},  /* each other: both out */
        {"4", "remove-device", "d.1", "pc", "d.1", NULL, NULL}, /* the last one */
        {"5", "remove-device", "a.1", "1", "d.2", NULL, NULL},  /* another's */
        {"6", "restore", "a.1", "1", "d", "d.1", NULL},         /* she has devices */
        {"7", "restore", "a.1", "2 3", "d", "d.3", NULL},       /* a key she never had */
        {"8", "restore", "b.1", "2 3", "d", "d.2", NULL},
        {"9", "add-device", "d.1", "pc", NULL, "c.2", NULL}, /* a key of another person */
    };
    struct vl_membership *m = BUILT(steps);
    ENDS(m, "2");
    ENDS(m, "3");
    for (char id[2] = "4"; id[0] <= '7'; id[0]++)
        UNAUTHORISED(m, id);
    UNAUTHORISED(m, "9");
    assert_false(current(m, "d.1"));
    assert_true(current(m, "d.2"));
    assert_role(m, "d", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
}

static void test_key_claimed_for_two_persons_is_nobodys(void **state)
{
    (void)state;
    /* The test format cannot say this: the key s is enrolled for c and, concurrently, for d. */
    static const struct step steps[] = {CIRCLE};
    struct vl_membership *m = NULL;
    struct vl_bytes link = vl_bytes_text("pc");
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(history_build(steps, COUNT(steps), NULL, &m), VL_OK);
        for (int i = 0; i < 2; i++) {
            const char *person = (i ^ turn) == 0 ? "c" : "d";
            struct vl_member_key key = {vl_bytes_text("s"), vl_bytes_text(person), false};
            struct vl_member_entry entry = {
                .id = vl_bytes_text((i ^ turn) == 0 ? "1" : "2"),
                .kind = VL_CONTROL_ADD_DEVICE,
                .by.device = vl_bytes_text((i ^ turn) == 0 ? "c.1" : "d.1"),
                .links = &link,
                .link_count = 1,
                .keys = &key,
                .key_count = 1,
            };
            assert_int_equal(vl_membership_add(m, &entry), VL_OK);
            assert_int_equal(vl_membership_settle(m), VL_OK);
            assert_int_equal(current(m, "s"), i == 0);
        }
        assert_true(current(m, "c.1") && current(m, "d.1"));
        vl_membership_destroy(m);
    }
}

static void test_two_removals_at_once_and_the_epoch(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"0", "epoch", "a.1", "pc", NULL, "b.1 c.1 d.1", NULL},
        {"1", "remove", "a.1", "0", "d", NULL, NULL},
        {"2", "epoch", "a.1", "1", NULL, "b.1 c.1", NULL}, /* fit in the one half */
        {"3", "stepdown", "c.1", "0", NULL, NULL, NULL},
        {"4", "remove", "b.1", "3", "c", NULL, NULL},
        {"5", "epoch", "b.1", "4", NULL, "a.1 d.1", NULL}, /* fit in the other */
        {"6", "epoch", "b.1", "2 5", NULL, "a.1", NULL},
    };
    struct vl_membership *m = built(steps, COUNT(steps) - 1);
    assert_epoch(m, "a.1", ""); /* one or the other removed person holds each key */
    assert_epoch(m, "b.1", "");
    vl_membership_destroy(m);
    m = BUILT(steps);
    assert_epoch(m, "a.1", "6");
    assert_epoch(m, "b.1", "6");
    vl_membership_destroy(m);
}

static void test_seals(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"0", "epoch", "a.1", "pc", NULL, "b.1", NULL},
        {"1", "seal", "b.1", "0", "0", "c.1", NULL},  /* by a holder */
        {"2", "seal", "d.1", "1", "0", "d.1", NULL},  /* to herself, without the secret */
        {"3", "seal", "a.1", "0", "pc", "c.1", NULL}, /* of no epoch */
        {"4", "seal", "a.1", "pc", "0", "c.1", NULL}, /* not in its past */
        {"5", "seal", "a.1", "0", "0", "y.1", NULL},  /* to a stranger */
        {"6", "add-device", "d.1", "2", NULL, "d.2", NULL},
        {"7", "seal", "a.1", "6", "0", "d.2", NULL}, /* enrolled since */
    };
    struct vl_membership *m = BUILT(steps);
    LIVES(m, "1");
    LIVES(m, "2");
    for (char id[2] = "3"; id[0] <= '5'; id[0]++)
        UNAUTHORISED(m, id);
    LIVES(m, "7");
    assert_epoch(m, "a.1", "0");
    assert_epoch(m, "c.1", "0");
    assert_epoch(m, "d.1", ""); /* holds a box of rubbish */
    assert_epoch(m, "d.2", "0");
    vl_membership_destroy(m);
}

static void test_who_returns_gets_a_fresh_epoch(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "d", NULL, NULL},
        {"2", "epoch", "a.1", "1", NULL, "b.1 c.1", NULL},
        {"3", "add", "a.1", "2", "d", "d.1", NULL},
        {"4", "seal", "a.1", "3", "2", "d.1", NULL},
        {"5", "add-device", "d.1", "3", NULL, "d.2", NULL},
        {"6", "seal", "a.1", "5", "2", "d.2", NULL}, /* a new device of somebody ended there */
        {"7", "epoch", "b.1", "5", NULL, "a.1 c.1 d.1 d.2", NULL},
        {"8", "epoch", "a.1", "5", NULL, "b.1 c.1 d.1 d.2", NULL},
    };
    struct vl_membership *m = BUILT(steps);
    UNAUTHORISED(m, "4");
    UNAUTHORISED(m, "6");
    assert_epoch(m, "d.2", "8"); /* equal lamports: the higher id */
    assert_epoch(m, "c.1", "8");
    vl_membership_destroy(m);
}

static void test_graph(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "epoch", "a.1", "pc", NULL, NULL, NULL},
        {"0", "epoch", "b.1", "pc", NULL, NULL, NULL},
        {"lost", "epoch", "b.1", "gone", NULL, NULL, NULL},
    };
    struct vl_membership *m = NULL;
    struct vl_bytes names[4];
    vl_result result;
    assert_int_equal(history_build(steps, COUNT(steps), NULL, &m), VL_OK);
    assert_int_equal(vl_membership_frontier(m, names, 1), 2);
    assert_int_equal(vl_membership_frontier(m, names, 4), 2);
    assert_true(vl_bytes_equal(names[0], vl_bytes_text("0")));
    assert_true(vl_bytes_equal(names[1], vl_bytes_text("1")));
    assert_true(vl_membership_reaches(m, vl_bytes_text("1"), vl_bytes_text("f")));
    assert_true(vl_membership_reaches(m, vl_bytes_text("1"), vl_bytes_text("1")));
    assert_false(vl_membership_reaches(m, vl_bytes_text("1"), vl_bytes_text("0")));
    assert_false(vl_membership_reaches(m, vl_bytes_text("f"), vl_bytes_text("1")));
    assert_false(vl_membership_reaches(m, vl_bytes_text("1"), vl_bytes_text("gone")));
    names[0] = names[3] = vl_bytes_text("1");
    names[1] = vl_bytes_text("f");
    names[2] = vl_bytes_text("0");
    assert_int_equal(vl_membership_maximal(m, names, 4, &result), 2);
    assert_int_equal(result, VL_OK);
    assert_true(vl_bytes_equal(names[0], vl_bytes_text("0")));
    assert_true(vl_bytes_equal(names[1], vl_bytes_text("1")));
    names[0] = vl_bytes_text("gone");
    assert_int_equal(vl_membership_maximal(m, names, 1, &result), 1);
    assert_int_equal(result, VL_ERR_MISSING);
    assert_int_equal(vl_membership_standing(m, vl_bytes_text("lost"), NULL), VL_STANDING_UNKNOWN);
    assert_int_equal(history_add(m, &steps[COUNT(steps) - 1]), VL_ERR_MISSING);
    assert_int_equal(history_add(m, &steps[0]), VL_ERR_EXISTS);
    struct step second = {"f2", "found", "z.1", NULL, "y", NULL, NULL};
    assert_int_equal(history_add(m, &second), VL_ERR_INVALID);
    vl_membership_destroy(m);
    vl_membership_destroy(NULL);
}

static void test_would_changes_nothing(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"1", "remove", "a.1", "pc", "c", NULL, NULL},
        {"2", "endorse", "b.1", "1", "1", NULL, NULL},
    };
    static const struct {
        struct step step;
        enum vl_standing standing;
    } cases[] = {
        {{"x", "remove", "a.1", "2", "d", NULL, NULL}, VL_STANDING_LIVING},
        {{"x", "add", "a.1", "2", "z", "z.1", NULL}, VL_STANDING_LIVING},
        {{"x", "endorse", "d.1", "1", "1", NULL, NULL}, VL_STANDING_LIVING},
        {{"x", "remove", "c.1", "pc", "d", NULL, NULL}, VL_STANDING_VOID},
        {{"x", "remove-device", "c.1", "pc", "c.1", NULL, NULL}, VL_STANDING_UNAUTHORISED},
        {{"x", "remove", "d.1", "2", "b", NULL, NULL}, VL_STANDING_UNAUTHORISED},
    };
    struct vl_membership *m = NULL;
    struct vl_buffer before = {0}, after = {0};
    assert_int_equal(history_build(steps, COUNT(steps), NULL, &m), VL_OK);
    assert_int_equal(history_dump(m, steps, COUNT(steps), &before), VL_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct step_entry made;
        enum vl_standing standing = VL_STANDING_UNKNOWN;
        history_entry(&cases[i].step, &made);
        assert_int_equal(vl_membership_would(m, &made.entry, &standing), VL_OK);
        assert_int_equal(standing, cases[i].standing);
        assert_int_equal(vl_membership_standing(m, vl_bytes_text("x"), NULL), VL_STANDING_UNKNOWN);
        vl_buffer_clear(&after);
        assert_int_equal(history_dump(m, steps, COUNT(steps), &after), VL_OK);
        assert_true(vl_bytes_equal(vl_buffer_view(&before), vl_buffer_view(&after)));
    }
    /* and the graph goes on as if nothing had been asked */
    struct step step = {"x", "remove", "c.1", "pc", "d", NULL, NULL};
    assert_int_equal(history_add(m, &step), VL_OK);
    assert_int_equal(vl_membership_settle(m), VL_OK);
    VOID(m, "x");
    vl_buffer_finish(&before);
    vl_buffer_finish(&after);
    vl_membership_destroy(m);
}

static void test_names_and_count_have_limits(void **state)
{
    (void)state;
    char id[VL_MEMBER_NAME_MAX + 2], link[16] = "f";
    struct vl_membership *m = NULL;
    struct step step = {"f", "found", "a.1", NULL, "b", NULL, NULL};
    assert_int_equal(vl_membership_create(&m), VL_OK);
    assert_int_equal(history_add(m, &step), VL_OK);
    memset(id, 'i', sizeof id);
    id[VL_MEMBER_NAME_MAX + 1] = 0;
    step = (struct step){id, "leave", "z.1", "f", NULL, NULL, NULL};
    assert_int_equal(history_add(m, &step), VL_ERR_INVALID);
    id[VL_MEMBER_NAME_MAX] = 0;
    assert_int_equal(history_add(m, &step), VL_OK);
    struct vl_member_entry unnamed = {.kind = VL_CONTROL_LEAVE};
    assert_int_equal(vl_membership_add(m, &unnamed), VL_ERR_INVALID);
    for (unsigned i = 2; i <= VL_CONTROL_ENTRIES_MAX; i++) {
        snprintf(id, sizeof id, "%u", i);
        step.links = link;
        assert_int_equal(history_add(m, &step), i < VL_CONTROL_ENTRIES_MAX ? VL_OK : VL_ERR_LIMIT);
        strcpy(link, id);
    }
    assert_int_equal(vl_membership_settle(m), VL_OK);
    assert_int_equal(vl_membership_person_count(m), 2);
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
        cmocka_unit_test(test_order_of_concurrent_kinds),
        cmocka_unit_test(test_adding_again),
        cmocka_unit_test(test_last_facilitator),
        cmocka_unit_test(test_old_votes_are_spent),
        cmocka_unit_test(test_endorsement_never_removes_the_last_facilitator),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_key_claimed_for_two_persons_is_nobodys),
        cmocka_unit_test(test_two_removals_at_once_and_the_epoch),
        cmocka_unit_test(test_seals),
        cmocka_unit_test(test_who_returns_gets_a_fresh_epoch),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_would_changes_nothing),
        cmocka_unit_test(test_names_and_count_have_limits),
    };
    return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
