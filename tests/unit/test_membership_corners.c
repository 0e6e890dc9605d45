/* Corners of the rules that random histories seldom meet: keys that two persons claim, names that
 * nobody enrolled, limits, and the small sets that all of it is kept in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/member_asserts.h"
#include "sync/bitset.h"
#include "sync/index_list.h"
#include <veillee/counting.h>

/* ---- entries that the steps cannot say ---- */

#define LIST_MAX 4u

struct loose { /* an entry whose keys say for whom they are enrolled; "-": for nobody */
    const char *id, *by, *links[LIST_MAX], *target, *keys[LIST_MAX], *persons[LIST_MAX];
    enum vl_control_kind kind;
};

static enum vl_standing add_loose(struct vl_membership *m, const struct loose *loose)
{
    struct vl_bytes links[LIST_MAX];
    struct vl_member_key keys[LIST_MAX];
    enum vl_standing would;
    bool is_end;
    struct vl_member_entry entry = {.id = vl_bytes_text(loose->id),
                                    .kind = loose->kind,
                                    .by.device = vl_bytes_text(loose->by),
                                    .links = links,
                                    .keys = keys};
    if (loose->target != NULL) entry.target = vl_bytes_text(loose->target);
    for (; entry.link_count < LIST_MAX && loose->links[entry.link_count] != NULL;
         entry.link_count++)
        links[entry.link_count] = vl_bytes_text(loose->links[entry.link_count]);
    for (size_t i = 0; i < LIST_MAX && loose->keys[i] != NULL; i++) {
        char first[VL_MEMBER_NAME_MAX];
        snprintf(first, sizeof first, "%s.1", loose->persons[i]);
        keys[entry.key_count++] =
            (struct vl_member_key){vl_bytes_text(loose->keys[i]), vl_bytes_text(loose->persons[i]),
                                   strcmp(first, loose->keys[i]) == 0};
    }
    assert_int_equal(vl_membership_would(m, &entry, &would), VL_OK);
    assert_int_equal(vl_membership_add(m, &entry), VL_OK);
    assert_int_equal(vl_membership_settle(m), VL_OK);
    /* as it was said before; content of the past does not change it */
    assert_int_equal(vl_membership_standing(m, entry.id, NULL), would);
    assert_int_equal(vl_membership_standing(m, entry.id, &is_end), would);
    return would;
}

static struct vl_membership *circle(void)
{
    static const struct step steps[] = {CIRCLE};
    struct vl_membership *m = NULL;
    assert_int_equal(steps_build(steps, COUNT(steps), NULL, &m), VL_OK);
    return m;
}

#define ADD(m, ...) add_loose(m, &(struct loose){__VA_ARGS__})
#define OPEN        VL_STANDING_LIVING
#define SHUT        VL_STANDING_UNAUTHORISED

static void a_key_of_two_persons_brings_nobody_back(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    assert_int_equal(ADD(m, "1", "d.1", {"pc"}, NULL, {"s"}, {"d"}, VL_CONTROL_ADD_DEVICE), OPEN);
    assert_int_equal(ADD(m, "2", "c.1", {"pc"}, NULL, {"s"}, {"c"}, VL_CONTROL_ADD_DEVICE), OPEN);
    assert_int_equal(ADD(m, "3", "a.1", {"1", "2"}, "d", {NULL}, {NULL}, VL_CONTROL_REMOVE), OPEN);
    assert_int_equal(ADD(m, "4", "a.1", {"3"}, "d", {"d.1", "s"}, {"d", "d"}, VL_CONTROL_ADD),
                     SHUT);
    assert_int_equal(ADD(m, "5", "a.1", {"3"}, "d", {"d.1"}, {"d"}, VL_CONTROL_ADD), OPEN);
    struct vl_device_state device;
    assert_int_equal(vl_membership_find_device(m, vl_bytes_text("s"), &device), VL_OK);
    assert_true(!device.current && device.person.size == 0);
    vl_membership_destroy(m);
}

static void a_key_that_was_put_out_is_taken_up_by_its_person_alone(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    assert_int_equal(ADD(m, "1", "d.1", {"pc"}, NULL, {"d.2"}, {"d"}, VL_CONTROL_ADD_DEVICE), OPEN);
    assert_int_equal(ADD(m, "2", "d.1", {"1"}, "d.2", {NULL}, {NULL}, VL_CONTROL_REMOVE_DEVICE),
                     OPEN);
    assert_int_equal(ADD(m, "3", "c.1", {"2"}, NULL, {"d.2"}, {"c"}, VL_CONTROL_ADD_DEVICE), SHUT);
    assert_int_equal(ADD(m, "4", "d.1", {"2"}, NULL, {"d.2"}, {"d"}, VL_CONTROL_ADD_DEVICE), OPEN);
    assert_true(current(m, "d.2"));
    vl_membership_destroy(m);
}

static void a_restore_names_one_old_key_of_its_person(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    assert_int_equal(ADD(m, "1", "d.1", {"pc"}, NULL, {"d.2"}, {"d"}, VL_CONTROL_ADD_DEVICE), OPEN);
    assert_int_equal(ADD(m, "2", "d.1", {"1"}, "d.2", {NULL}, {NULL}, VL_CONTROL_REMOVE_DEVICE),
                     OPEN);
    assert_int_equal(ADD(m, "3", "d.2", {"1"}, "d.1", {NULL}, {NULL}, VL_CONTROL_REMOVE_DEVICE),
                     OPEN);
    const struct loose refused[] = {
        {"4", "a.1", {"2", "3"}, "d", {"d.1", "d.2"}, {"d", "d"}, VL_CONTROL_RESTORE},
        {"5", "a.1", {"2", "3"}, "d", {"c.1"}, {"c"}, VL_CONTROL_RESTORE},
        {"6", "a.1", {"2", "3"}, "d", {"c.1"}, {"d"}, VL_CONTROL_RESTORE},
        {"7", "a.1", {"2", "3"}, "d", {NULL}, {NULL}, VL_CONTROL_RESTORE},
        {"8", "a.1", {"2", "3"}, "x", {"d.1"}, {"x"}, VL_CONTROL_RESTORE},
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_int_equal(add_loose(m, &refused[i]), SHUT);
    assert_int_equal(ADD(m, "9", "a.1", {"2", "3"}, "d", {"d.1"}, {"d"}, VL_CONTROL_RESTORE), OPEN);
    assert_true(current(m, "d.1"));
    vl_membership_destroy(m);
}

static void no_kind_minds_a_target_that_it_does_not_have(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    static const enum vl_control_kind kinds[] = {VL_CONTROL_TOMBSTONE, VL_CONTROL_EPOCH,
                                                 VL_CONTROL_STEPDOWN, VL_CONTROL_LEAVE};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        char id[] = {(char)('1' + i), 0};
        assert_int_equal(ADD(m, id, "b.1", {"pc"}, "c", {NULL}, {NULL}, kinds[i]), OPEN);
    }
    assert_role(m, "c", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

/* ---- what an entry without links is ---- */

static void only_one_begins(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    struct vl_member_entry second = {.id = vl_bytes_text("F"), .kind = VL_CONTROL_FOUND};
    enum vl_standing standing;
    assert_int_equal(vl_membership_add(m, &second), VL_ERR_INVALID);
    assert_int_equal(vl_membership_would(m, &second, &standing), VL_ERR_INVALID);
    assert_int_equal(ADD(m, "G", "a.1", {"pc"}, "b", {"a.1", "b.1"}, {"a", "b"}, VL_CONTROL_FOUND),
                     SHUT);
    /* often enough that nothing of the empty past is remembered from before the founding */
    for (int i = 0; i < 40; i++) {
        char id[8], kind[8];
        snprintf(id, sizeof id, "v%d", i);
        snprintf(kind, sizeof kind, i == 0 ? "pc" : "v%d", i - 1);
        assert_int_equal(ADD(m, id, "a.1", {kind}, "b", {NULL}, {NULL}, VL_CONTROL_VOUCH), OPEN);
        snprintf(id, sizeof id, "w%d", i);
        assert_int_equal(ADD(m, id, "a.1", {NULL}, "b", {NULL}, {NULL}, VL_CONTROL_VOUCH), SHUT);
    }
    vl_membership_destroy(m);
}

/* ---- votes ---- */

static void a_vote_counts_once(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"0", "add", "a.1", "pc", "e", "e.1", NULL},
        {"1", "vouch", "b.1", "0", "e", NULL, NULL},
        {"2", "stepdown", "b.1", "1", NULL, NULL, NULL},
        {"3", "stepdown", "c.1", "2", NULL, NULL, NULL},
        {"4", "leave", "a.1", "3", NULL, NULL, NULL},
        {"5", "vote", "d.1", "4", "d", NULL, NULL}, /* one of b c d e */
        {"6", "vote", "d.1", "5", "d", NULL, NULL}, /* the same one */
        {"7", "vote", "b.1", "6", "d", NULL, NULL}, /* half of them */
        {"8", "vote", "d.1", "7", "d", NULL, NULL},
        {"9", "vote", "e.1", "8", "d", NULL, NULL},
    };
    struct vl_membership *m = built(steps, COUNT(steps) - 1);
    assert_role(m, "d", VL_ROLE_MEMBER);
    vl_membership_destroy(m);
    m = BUILT(steps);
    assert_role(m, "d", VL_ROLE_FACILITATOR);
    vl_membership_destroy(m);
}

/* ---- epochs ---- */

/* The newer of two has a seal by somebody who could not open it: its holder goes by the older. */
static void the_older_of_two_epochs_is_for_who_cannot_open_the_newer(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"0", "epoch", "a.1", "pc", NULL, "b.1 c.1 d.1", NULL},
        {"1", "vouch", "b.1", "pc", "d", NULL, NULL},
        {"2", "epoch", "b.1", "1", NULL, "a.1 c.1", NULL}, /* higher, and at once with 0 */
        {"3", "seal", "d.1", "2", "2", "d.1", NULL},       /* rubbish for herself */
    };
    struct vl_membership *m = BUILT(steps);
    assert_epoch(m, "a.1", "2");
    assert_epoch(m, "b.1", "2");
    assert_epoch(m, "c.1", "2");
    assert_epoch(m, "d.1", "0");
    vl_membership_destroy(m);
    static const size_t newer_first[] = {0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 7};
    assert_int_equal(steps_build(steps, COUNT(steps), newer_first, &m), VL_OK);
    assert_epoch(m, "a.1", "2");
    assert_epoch(m, "d.1", "0");
    vl_membership_destroy(m);
}

/* ---- names ---- */

static void who_was_never_enrolled_is_not_found(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    struct vl_device_state device;
    struct vl_person_state person;
    assert_int_equal(ADD(m, "1", "a.1", {"pc"}, NULL, {"z.1"}, {"-"}, VL_CONTROL_EPOCH), OPEN);
    assert_int_equal(ADD(m, "2", "a.1", {"1"}, "y", {NULL}, {NULL}, VL_CONTROL_REMOVE), SHUT);
    assert_int_equal(vl_membership_find_device(m, vl_bytes_text("z.1"), &device), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_membership_find_device(m, vl_bytes_text("q.1"), &device), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_membership_find_person(m, vl_bytes_text("y"), &person), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_membership_find_person(m, vl_bytes_text("q"), &person), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_membership_standing(m, vl_bytes_text("q"), NULL), VL_STANDING_UNKNOWN);
    vl_membership_destroy(m);
}

static bool erases(struct vl_membership *m, struct vl_bytes tombstone, struct vl_bytes device)
{
    bool it_does = false;
    assert_int_equal(vl_membership_erases(m, tombstone, device, NULL, 0, &it_does), VL_OK);
    return it_does;
}

static void what_is_no_tombstone_erases_nothing(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    struct vl_bytes hers = vl_bytes_text("d.1");
    assert_int_equal(ADD(m, "1", "d.1", {"pc"}, NULL, {NULL}, {NULL}, VL_CONTROL_TOMBSTONE), OPEN);
    assert_int_equal(ADD(m, "2", "q.1", {"pc"}, NULL, {NULL}, {NULL}, VL_CONTROL_TOMBSTONE), SHUT);
    assert_int_equal(ADD(m, "3", "a.1", {"pc"}, NULL, {NULL}, {NULL}, VL_CONTROL_TOMBSTONE), OPEN);
    assert_true(erases(m, vl_bytes_text("1"), hers));
    assert_false(erases(m, vl_bytes_text("1"), vl_bytes_text("c.1")));
    assert_false(erases(m, vl_bytes_text("1"), vl_bytes_text("nobody")));
    assert_false(erases(m, vl_bytes_text("2"), hers)); /* no authority */
    assert_true(erases(m, vl_bytes_text("3"), hers));  /* a facilitator's */
    assert_true(erases(m, vl_bytes_text("3"), vl_bytes_text("nobody")));
    assert_false(erases(m, vl_bytes_text("pc"), hers));
    assert_false(erases(m, vl_bytes_text("unknown"), hers));
    vl_membership_destroy(m);
}

static vl_result count_cite(void *context, struct vl_bytes cite)
{
    (void)cite;
    ++*(size_t *)context;
    return VL_OK;
}

static void cites_have_names(void **state)
{
    (void)state;
    struct vl_membership *m = circle();
    uint8_t long_name[VL_MEMBER_NAME_MAX + 1] = {1};
    struct vl_bytes link = vl_bytes_text("pc"), cite;
    struct vl_member_entry entry = {.id = vl_bytes_text("1"),
                                    .kind = VL_CONTROL_DEMOTE,
                                    .by.device = vl_bytes_text("a.1"),
                                    .links = &link,
                                    .link_count = 1,
                                    .target = vl_bytes_text("c"),
                                    .cites = &cite,
                                    .cite_count = 1};
    size_t count = 0;
    cite = vl_bytes(long_name, 0);
    assert_int_equal(vl_membership_add(m, &entry), VL_ERR_INVALID);
    cite = vl_bytes(long_name, sizeof long_name);
    assert_int_equal(vl_membership_add(m, &entry), VL_ERR_INVALID);
    cite = vl_bytes(long_name, VL_MEMBER_NAME_MAX);
    assert_int_equal(vl_membership_add(m, &entry), VL_OK);
    assert_int_equal(vl_counting_cites(m, count_cite, &count), VL_ERR_STATE); /* not settled */
    assert_int_equal(vl_membership_settle(m), VL_OK);
    assert_int_equal(vl_counting_cites(m, count_cite, &count), VL_OK);
    assert_int_equal(count, 1);
    vl_membership_destroy(m);
}

/* ---- the word boundary of the sets ---- */

/* An entry is tried out as the 65th, beside a joint removal, and then is not there. */
static void trying_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t before = 60; before < 66; before++) {
        struct vl_membership *m = circle();
        struct vl_buffer first = {0}, second = {0};
        static const struct step names[] = {{.id = "p"}, {.id = "e"}, {.id = "pc"}};
        assert_int_equal(ADD(m, "p", "b.1", {"pc"}, "a", {NULL}, {NULL}, VL_CONTROL_REMOVE), OPEN);
        assert_int_equal(ADD(m, "e", "c.1", {"p"}, "p", {NULL}, {NULL}, VL_CONTROL_ENDORSE), OPEN);
        for (size_t i = 0; i + 9 < before; i++) {
            char id[8], link[8];
            snprintf(id, sizeof id, "v%zu", i);
            snprintf(link, sizeof link, i == 0 ? "e" : "v%zu", i - 1);
            assert_int_equal(ADD(m, id, "b.1", {link}, "c", {NULL}, {NULL}, VL_CONTROL_VOUCH),
                             OPEN);
        }
        assert_int_equal(steps_dump(m, names, COUNT(names), &first), VL_OK);
        struct vl_bytes link = vl_bytes_text("pc");
        struct vl_member_entry entry = {.id = vl_bytes_text("t"),
                                        .kind = VL_CONTROL_REMOVE,
                                        .by.device = vl_bytes_text("a.1"),
                                        .links = &link,
                                        .link_count = 1,
                                        .target = vl_bytes_text("d")};
        enum vl_standing standing;
        assert_int_equal(vl_membership_would(m, &entry, &standing), VL_OK);
        assert_int_equal(standing, VL_STANDING_VOID);
        assert_int_equal(ADD(m, "w", "b.1", {"e"}, "d", {NULL}, {NULL}, VL_CONTROL_VOUCH), OPEN);
        assert_int_equal(steps_dump(m, names, COUNT(names), &second), VL_OK);
        assert_true(vl_bytes_equal(vl_buffer_view(&first), vl_buffer_view(&second)));
        vl_buffer_finish(&first);
        vl_buffer_finish(&second);
        vl_membership_destroy(m);
    }
}

/* ---- sets against plain tables ---- */

#define BITS 300u

struct plain {
    struct vl_bitset set;
    bool has[BITS];
};

static void assert_same(const struct plain *p)
{
    size_t next = vl_bitset_next(&p->set, 0);
    for (size_t i = 0; i < BITS; i++) {
        assert_int_equal(vl_bitset_has(&p->set, i), p->has[i]);
        if (!p->has[i]) continue;
        assert_int_equal(next, i);
        next = vl_bitset_next(&p->set, i + 1);
    }
    assert_int_equal(next, SIZE_MAX);
}

static void make_plain(struct plain *p, uint64_t *random)
{
    size_t room = next_random(random) % BITS;
    *p = (struct plain){.set = {0}};
    assert_int_equal(vl_bitset_reserve(&p->set, room), VL_OK);
    for (size_t i = 0; i < room; i++) {
        p->has[i] = next_random(random) % 3 == 0;
        if (p->has[i]) vl_bitset_put(&p->set, i);
    }
}

static void sets_are_as_tables(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (size_t round = 0; round < 400; round++) {
        struct plain a, b;
        bool covers = true, meets = false, equal = true;
        make_plain(&a, &random);
        make_plain(&b, &random);
        assert_same(&a);
        for (size_t i = 0; i < BITS; i++) {
            covers = covers && (a.has[i] || !b.has[i]);
            meets = meets || (a.has[i] && b.has[i]);
            equal = equal && a.has[i] == b.has[i];
        }
        assert_int_equal(vl_bitset_covers(&a.set, &b.set), covers);
        assert_int_equal(vl_bitset_meets(&a.set, &b.set), meets);
        assert_int_equal(vl_bitset_equal(&a.set, &b.set), equal);
        for (size_t i = 0; i < BITS; i++)
            a.has[i] = round % 2 == 0 ? a.has[i] || b.has[i] : a.has[i] && b.has[i];
        if (round % 2 == 0)
            assert_int_equal(vl_bitset_unite(&a.set, &b.set), VL_OK);
        else
            vl_bitset_intersect(&a.set, &b.set);
        assert_same(&a);
        assert_int_equal(vl_bitset_copy(&b.set, &a.set), VL_OK);
        assert_true(vl_bitset_equal(&a.set, &b.set));
        vl_bitset_finish(&a.set);
        vl_bitset_finish(&b.set);
    }
    vl_bitset_finish(NULL);
}

static void lists_grow(void **state)
{
    (void)state;
    struct vl_index_list list = {0};
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(vl_index_list_append(&list, i * i), VL_OK);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(list.at[i], i * i);
    vl_index_list_finish(&list);
    assert_int_equal(list.count, 0);
    vl_index_list_finish(&list);
    vl_index_list_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_of_two_persons_brings_nobody_back),
        cmocka_unit_test(a_key_that_was_put_out_is_taken_up_by_its_person_alone),
        cmocka_unit_test(a_restore_names_one_old_key_of_its_person),
        cmocka_unit_test(no_kind_minds_a_target_that_it_does_not_have),
        cmocka_unit_test(only_one_begins),
        cmocka_unit_test(a_vote_counts_once),
        cmocka_unit_test(the_older_of_two_epochs_is_for_who_cannot_open_the_newer),
        cmocka_unit_test(who_was_never_enrolled_is_not_found),
        cmocka_unit_test(what_is_no_tombstone_erases_nothing),
        cmocka_unit_test(cites_have_names),
        cmocka_unit_test(trying_leaves_nothing_behind),
        cmocka_unit_test(sets_are_as_tables),
        cmocka_unit_test(lists_grow),
    };
    return cmocka_run_group_tests_name("membership, corners", tests, NULL, NULL);
}
