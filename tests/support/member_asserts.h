/* What unit tests of membership say about a state. Include after cmocka.h. */
#ifndef SUPPORT_MEMBER_ASSERTS_H
#define SUPPORT_MEMBER_ASSERTS_H

#include "support/steps.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline void assert_orders_agree(const struct step *steps, size_t count)
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
        assert_int_equal(steps_build(steps, count, order, &m), VL_OK);
        assert_int_equal(steps_dump(m, steps, count, &dump), VL_OK);
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

static inline struct vl_membership *built(const struct step *steps, size_t count)
{
    struct vl_membership *m = NULL;
    assert_orders_agree(steps, count);
    assert_int_equal(steps_build(steps, count, NULL, &m), VL_OK);
    return m;
}
#define BUILT(steps) built(steps, COUNT(steps))

static inline void assert_role(const struct vl_membership *m, const char *name, enum vl_role role)
{
    struct vl_person_state person;
    assert_int_equal(vl_membership_find_person(m, vl_bytes_text(name), &person), VL_OK);
    if (person.role != role) fail_msg("%s has role %d, not %d", name, person.role, role);
}

static inline bool confirmed(const struct vl_membership *m, const char *name)
{
    struct vl_person_state person;
    assert_int_equal(vl_membership_find_person(m, vl_bytes_text(name), &person), VL_OK);
    return person.confirmed;
}

static inline bool current(const struct vl_membership *m, const char *name)
{
    struct vl_device_state device;
    assert_int_equal(vl_membership_find_device(m, vl_bytes_text(name), &device), VL_OK);
    return device.current;
}

static inline void assert_epoch(const struct vl_membership *m, const char *name, const char *epoch)
{
    struct vl_device_state device;
    assert_int_equal(vl_membership_find_device(m, vl_bytes_text(name), &device), VL_OK);
    if (!vl_bytes_equal(device.write_epoch, vl_bytes_text(epoch)))
        fail_msg("%s writes under %.*s, not %s", name, (int)device.write_epoch.size,
                 (const char *)device.write_epoch.data, epoch);
}

static inline void assert_standing(const struct vl_membership *m, const char *id,
                                   enum vl_standing wanted, bool wanted_end)
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

#endif
