/* Every allocation of membership fails once, at every place: the call says NO_MEMORY, what is there
 * is as before, and the same call then succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_memory.h"
#include "support/steps.h"
#include <veillee/counting.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct step steps[] = {
    {"f", "found", "a.1", NULL, "b", NULL, NULL},
    {"1", "add", "a.1", "f", "c", "c.1", NULL},
    {"2", "vouch", "b.1", "1", "c", NULL, "x1"},
    {"3", "add", "a.1", "2", "d", "d.1", NULL},
    {"4", "vouch", "b.1", "3", "d", NULL, NULL},
    {"5", "promote", "a.1", "4", "c", NULL, NULL},
    {"6", "epoch", "a.1", "5", NULL, "b.1 c.1", NULL},
    {"7", "seal", "b.1", "6", "6", "d.1", NULL},
    {"8", "remove", "a.1", "7", "c", NULL, "x1 x2"},
    {"9", "endorse", "b.1", "8", "8", NULL, NULL},
    {"A", "remove", "c.1", "7", "a", NULL, NULL},
    {"B", "endorse", "d.1", "A", "A", NULL, NULL},
    {"C", "add-device", "d.1", "B", NULL, "d.2", NULL},
    {"D", "remove-device", "d.1", "C", "d.1", NULL, NULL},
    {"E", "vote", "b.1", "9 D", "b", NULL, NULL},
    {"F", "vote", "d.2", "E", "b", NULL, NULL},
    {"G", "epoch", "b.1", "F", NULL, "d.2", NULL},
    {"H", "restore", "b.1", "G", "d", "d.1", NULL},
    {"I", "leave", "d.2", "G", NULL, NULL, NULL},
    {"J", "tombstone", "b.1", "I", NULL, NULL, NULL},
    {"K", "vouch", "q.1", "J", "b", NULL, NULL}, /* by nobody */
    {"L", "add", "b.1", "I", "d", "d.2", NULL},
    {"M", "promote", "b.1", "L", "d", NULL, NULL},
    {"N", "add", "b.1", "M", "e", "e.1", NULL}, /* at once with the next: two grants */
    {"O", "add", "d.2", "M", "e", "e.1", NULL},
    {"P", "epoch", "e.1", "N O", NULL, "b.1 d.2 x.1 y.1", NULL},
    {"Q", "seal", "b.1", "P", "P", "z.1", NULL},
};

static void dump(struct vl_membership *m, struct vl_buffer *out)
{
    vl_buffer_clear(out);
    assert_int_equal(vl_membership_settle(m), VL_OK);
    assert_int_equal(steps_dump(m, steps, COUNT(steps), out), VL_OK);
}

/* Calls with the 1st, 2nd, ... allocation failing until none does. Returns how many failed. */
#define WITH_EVERY_FAILURE(m, before, call)                                                        \
    do {                                                                                           \
        struct vl_buffer after_ = {0};                                                             \
        for (unsigned long n_ = 1;; n_++) {                                                        \
            failing_memory_arm(n_);                                                                \
            vl_result result_ = (call);                                                            \
            bool failed_ = failing_memory_disarm();                                                \
            points += failed_;                                                                     \
            if (!failed_) assert_int_equal(result_, VL_OK);                                        \
            if (result_ == VL_OK) break;                                                           \
            assert_int_equal(result_, VL_ERR_NO_MEMORY);                                           \
            dump(m, &after_);                                                                      \
            assert_true(vl_bytes_equal(vl_buffer_view(before), vl_buffer_view(&after_)));          \
        }                                                                                          \
        vl_buffer_finish(&after_);                                                                 \
    } while (0)

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    unsigned long points = 0;
    struct vl_membership *m = NULL;
    struct vl_buffer before = {0};
    assert_int_equal(vl_membership_create(&m), VL_OK);
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct step_entry made;
        enum vl_standing standing;
        steps_entry(&steps[i], &made);
        dump(m, &before);
        WITH_EVERY_FAILURE(m, &before, vl_membership_would(m, &made.entry, &standing));
        WITH_EVERY_FAILURE(m, &before, vl_membership_add(m, &made.entry));
        failing_memory_arm(1); /* settling may fail and be asked again */
        vl_result settled = vl_membership_settle(m);
        if (failing_memory_disarm()) assert_int_equal(settled, VL_ERR_NO_MEMORY);
    }
    dump(m, &before);
    struct vl_membership *plain = NULL;
    struct vl_buffer wanted = {0};
    assert_int_equal(steps_build(steps, COUNT(steps), NULL, &plain), VL_OK);
    dump(plain, &wanted);
    assert_true(vl_bytes_equal(vl_buffer_view(&before), vl_buffer_view(&wanted)));
    assert_true(points > 200);
    vl_membership_destroy(plain);
    vl_membership_destroy(m);
    vl_buffer_finish(&before);
    vl_buffer_finish(&wanted);
}

static void test_settling_may_fail_anywhere(void **state)
{
    (void)state;
    unsigned long points = 0;
    struct vl_buffer wanted = {0}, got = {0};
    for (unsigned long n = 1;; n++) {
        struct vl_membership *m = NULL;
        assert_int_equal(vl_membership_create(&m), VL_OK);
        for (size_t i = 0; i < COUNT(steps); i++)
            assert_int_equal(steps_add(m, &steps[i]), VL_OK);
        failing_memory_arm(n);
        vl_result result = vl_membership_settle(m);
        bool failed = failing_memory_disarm();
        assert_int_equal(result, failed ? VL_ERR_NO_MEMORY : VL_OK);
        dump(m, n == 1 ? &wanted : &got);
        if (n > 1) assert_true(vl_bytes_equal(vl_buffer_view(&wanted), vl_buffer_view(&got)));
        vl_membership_destroy(m);
        points += failed;
        if (!failed) break;
    }
    assert_true(points > 10);
    vl_buffer_finish(&wanted);
    vl_buffer_finish(&got);
}

static void test_counting_may_fail(void **state)
{
    (void)state;
    struct vl_bytes link = vl_bytes_text("x1");
    const struct vl_content_node nodes[] = {
        {vl_bytes_text("x1"), vl_bytes_text("c.1"), NULL, 0},
        {vl_bytes_text("x2"), vl_bytes_text("z.1"), &link, 1},
        {vl_bytes_text("x3"), vl_bytes_text("b.1"), &link, 1},
    };
    struct vl_membership *m = NULL;
    unsigned long points = 0;
    bool counts[COUNT(nodes)], failed = true;
    assert_int_equal(steps_build(steps, COUNT(steps), NULL, &m), VL_OK);
    for (unsigned long n = 1; failed; n++) {
        failing_memory_arm(n);
        vl_result result = vl_counting(m, nodes, COUNT(nodes), counts);
        failed = failing_memory_disarm();
        assert_int_equal(result, failed ? VL_ERR_NO_MEMORY : VL_OK);
        points += failed;
    }
    assert_true(points > 0);
    assert_true(counts[0] && counts[2] && !counts[1]);
    vl_membership_destroy(m);
}

static void test_creating_may_fail(void **state)
{
    (void)state;
    struct vl_membership *m = NULL;
    failing_memory_arm(1);
    vl_result result = vl_membership_create(&m);
    assert_true(failing_memory_disarm());
    assert_int_equal(result, VL_ERR_NO_MEMORY);
    assert_null(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_settling_may_fail_anywhere),
        cmocka_unit_test(test_counting_may_fail),
        cmocka_unit_test(test_creating_may_fail),
    };
    return cmocka_run_group_tests_name("membership without memory", tests, NULL, NULL);
}
