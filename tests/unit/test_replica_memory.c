/* Every allocation of every call of a replica fails, once or for good: the call says NO_MEMORY or
 * does without, what is stored is as before the call or sound, and the same call then succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_memory.h"
#include "tests/support/replica_scenes.h"
#include "tests/support/test_scale.h"

static unsigned long points;

static vl_result disarmed(const struct scene_act *act, struct scene *s, bool *failed)
{
    vl_result result = act->act(s);
    *failed = failing_memory_disarm();
    return result;
}

static void assert_sound(struct scene *s, const struct scene_act *act, unsigned long n)
{
    struct vl_verify_report report;
    struct vl_id bad, here, again;
    struct vl_replica *r = s->f->nodes[0].replica;
    vl_result result = vl_replica_verify(r, &report, &bad);
    if (result != VL_OK) fail_msg("%s, allocation %lu: not sound any more", act->name, n);
    vl_replica_heads_digest(r, &here);
    circle_fixture_reopen(s->f, 0);
    vl_replica_heads_digest(s->f->nodes[0].replica, &again);
    if (!vl_id_equal(&here, &again)) fail_msg("%s, allocation %lu: memory differs", act->name, n);
}

/* false: there is no n-th allocation. What only reads goes on with the same replica, so that what
 * a failure left in its memory comes to light. */
static bool fail_at(struct scene *s, const struct scene_act *act, unsigned long n, bool lasting)
{
    bool failed, closely = n % 16 == 0;
    if (act->writes || closely) scene_reset(s);
    if (act->prepare != NULL) act->prepare(s);
    struct memory_storage *memory = s->f->nodes[0].memory;
    struct vl_id before = scene_stored(memory);
    if (lasting)
        failing_memory_arm_lasting(n);
    else
        failing_memory_arm(n);
    vl_result result = disarmed(act, s, &failed);
    if (result != act->result && !(failed && result == VL_ERR_NO_MEMORY))
        fail_msg("%s, allocation %lu: %s", act->name, n, vl_result_name(result));
    if (!failed) return false;
    points++;
    struct vl_id after = scene_stored(memory);
    bool changed = !vl_id_equal(&before, &after);
    if (s->f->nodes[0].replica == NULL) circle_fixture_reopen(s->f, 0);
    if (changed && !act->writes) fail_msg("%s, allocation %lu: it wrote", act->name, n);
    if (changed || closely) assert_sound(s, act, n);
    if (result == act->result || !(act->writes || closely)) return true;
    if (act->prepare != NULL) act->prepare(s); /* a cache may be gone */
    result = act->act(s);
    /* done already, and cannot be done twice */
    if (changed && (result == VL_ERR_AUTHORITY || result == VL_ERR_EXISTS)) return true;
    if (result != act->result)
        fail_msg("%s after allocation %lu: %s", act->name, n, vl_result_name(result));
    if (closely) assert_sound(s, act, n);
    return true;
}

static void any_allocation_may_fail(void **state)
{
    struct scene *s = *state;
    const size_t step = test_scale(1, 29);
    points = 0;
    for (size_t i = 0; i < s->act_count; i++) {
        for (unsigned long n = 1; fail_at(s, &s->acts[i], n, false); n += step)
            continue;
        for (unsigned long n = 1; fail_at(s, &s->acts[i], n, true); n += 4 * step)
            continue;
    }
    print_message("%lu points\n", points);
    assert_true(points > (s->acts == scene_acts ? 4000 : 400) / step);
}

static void keys_need_guarded_memory(void **state)
{
    (void)state;
    const uint8_t seed[32] = {1};
    struct vl_device_keys *keys = NULL;
    for (unsigned long n = 1; n < 3; n++) {
        failing_memory_arm(n);
        vl_result result = vl_device_keys_create(&keys);
        assert_int_equal(result, failing_memory_disarm() ? VL_ERR_NO_MEMORY : VL_OK);
        assert_true((keys == NULL) == (result != VL_OK));
        vl_device_keys_destroy(keys);
        failing_memory_arm(n);
        result = vl_device_keys_from_seed(seed, &keys);
        assert_int_equal(result, failing_memory_disarm() ? VL_ERR_NO_MEMORY : VL_OK);
        assert_true((keys == NULL) == (result != VL_OK));
        vl_device_keys_destroy(keys);
    }
}

static int setup(void **state)
{
    struct scene *s = scene_create();
    s->watch.pause = failing_memory_pause;
    *state = s;
    return 0;
}

static int setup_branches(void **state)
{
    struct scene *s = scene_create_branches();
    s->watch.pause = failing_memory_pause;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    scene_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(keys_need_guarded_memory),
    };
    const struct CMUnitTest branches[] = {cmocka_unit_test(any_allocation_may_fail)};
    int failed = cmocka_run_group_tests_name("replica without memory", tests, setup, teardown);
    failed += cmocka_run_group_tests_name("closed logs without memory", branches, setup_branches,
                                          teardown);
    return failed;
}
