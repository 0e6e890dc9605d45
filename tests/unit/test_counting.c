/* Rule R10: which content counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/steps.h"
#include <veillee/counting.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct piece {
    const char *id, *by, *link;
    bool counts;
};

static void assert_counts(const struct step *steps, size_t count, const struct piece *pieces,
                          size_t piece_count)
{
    struct vl_content_node nodes[16];
    struct vl_bytes links[16];
    bool counts[16];
    struct vl_membership *m = NULL;
    assert_true(piece_count <= COUNT(nodes));
    for (size_t i = 0; i < piece_count; i++) {
        links[i] = pieces[i].link == NULL ? vl_bytes(NULL, 0) : vl_bytes_text(pieces[i].link);
        nodes[i] =
            (struct vl_content_node){vl_bytes_text(pieces[i].id), vl_bytes_text(pieces[i].by),
                                     &links[i], pieces[i].link != NULL};
    }
    assert_int_equal(steps_build(steps, count, NULL, &m), VL_OK);
    assert_int_equal(vl_counting(m, nodes, piece_count, counts), VL_OK);
    for (size_t i = 0; i < piece_count; i++)
        if (counts[i] != pieces[i].counts) fail_msg("%s: %d", pieces[i].id, counts[i]);
    vl_membership_destroy(m);
}

#define CIRCLE                                                                                     \
    {"f", "found", "a.1", NULL, "b", NULL, NULL}, {"1", "add", "a.1", "f", "c", "c.1", NULL},      \
        {"2", "vouch", "b.1", "1", "c", NULL, NULL},                                               \
    {                                                                                              \
        "3", "promote", "a.1", "2", "c", NULL, NULL                                                \
    }

static void test_authors_and_what_they_follow(void **state)
{
    (void)state;
    static const struct step steps[] = {CIRCLE, {"4", "leave", "b.1", "3", NULL, NULL, NULL}};
    static const struct piece pieces[] = {
        {"x1", "a.1", "x2", true},   {"x2", "z.1", "x3", true},  /* followed by a person's */
        {"x3", "b.1", "gone", true}, {"x4", "b.1", NULL, false}, /* she left and cited nothing */
        {"x5", "z.1", "x1", false},  {"x6", "a.2", NULL, false}, /* a key nobody enrolled */
        {"x7", "c.1", "f", true},
    };
    assert_counts(steps, COUNT(steps), pieces, COUNT(pieces));
}

static void test_cites(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"4", "leave", "b.1", "3", NULL, NULL, "x1 gone"}, /* in peace */
        {"5", "remove", "a.1", "3", "c", NULL, "x2"},
        {"6", "endorse", "b.1", "5", "5", NULL, "x5"}, /* b is gone: carries nothing */
        {"7", "remove", "c.1", "3", "b", NULL, "x3"},  /* void, by somebody gone */
        {"8", "remove", "b.1", "3", "a", NULL, "x4"},  /* without authority */
    };
    static const struct piece pieces[] = {
        {"x1", "b.1", NULL, true},  {"x2", "c.1", NULL, true},  {"x3", "c.1", NULL, false},
        {"x4", "b.1", NULL, false}, {"x5", "b.1", NULL, false},
    };
    assert_counts(steps, COUNT(steps), pieces, COUNT(pieces));
}

static void test_leave_of_somebody_removed_carries_nothing(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"f", "found", "a.1", NULL, "b", NULL, NULL},
        {"1", "remove", "a.1", "f", "b", NULL, NULL},
        {"2", "leave", "b.1", "f", NULL, NULL, "x1"},
        {"3", "add", "a.1", "1 2", "b", "b.1", NULL},
    };
    static const struct piece gone[] = {{"x1", "z.1", NULL, false}, {"x2", "b.1", NULL, false}};
    static const struct piece again[] = {{"x1", "z.1", NULL, true}, {"x2", "b.1", NULL, true}};
    assert_counts(steps, COUNT(steps) - 1, gone, COUNT(gone));
    assert_counts(steps, COUNT(steps), again, COUNT(again)); /* all she wrote counts again */
}

static void test_void_entry_by_a_person_still_cites(void **state)
{
    (void)state;
    static const struct step steps[] = {
        CIRCLE,
        {"4", "demote", "a.1", "3", "c", NULL, NULL},
        {"5", "endorse", "b.1", "4", "4", NULL, NULL},
        {"6", "remove", "c.1", "3", "b", NULL, "x1"}, /* void; c is a member still */
    };
    static const struct piece pieces[] = {{"x1", "z.1", NULL, true}};
    assert_counts(steps, COUNT(steps), pieces, COUNT(pieces));
}

static void test_errors(void **state)
{
    (void)state;
    static const struct step found = {"f", "found", "a.1", NULL, "b", NULL, NULL};
    const struct vl_content_node twice[] = {{vl_bytes_text("x"), vl_bytes_text("a.1"), NULL, 0},
                                            {vl_bytes_text("x"), vl_bytes_text("b.1"), NULL, 0}};
    struct vl_membership *m = NULL;
    bool counts[2];
    assert_int_equal(vl_membership_create(&m), VL_OK);
    assert_int_equal(steps_add(m, &found), VL_OK);
    assert_int_equal(vl_counting(m, twice, 1, counts), VL_ERR_STATE);
    assert_int_equal(vl_membership_settle(m), VL_OK);
    assert_int_equal(vl_counting(m, twice, 2, counts), VL_ERR_INVALID);
    assert_int_equal(vl_counting(m, twice, 0, counts), VL_OK);
    vl_membership_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authors_and_what_they_follow),
        cmocka_unit_test(test_cites),
        cmocka_unit_test(test_leave_of_somebody_removed_carries_nothing),
        cmocka_unit_test(test_void_entry_by_a_person_still_cites),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("counting", tests, NULL, NULL);
}
