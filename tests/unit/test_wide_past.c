/* More newest control entries in the pasts of the heads than one auth has room for: whoever writes
 * links to what fits, first to what it cannot be without, and nobody is silenced. */
#include "tests/support/forged_entry.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Without effect on anybody. */
static const struct vl_id target = {{9}};

static void write_harmless(struct circle_fixture *f, size_t node)
{
    struct vl_id at = target, id;
    struct vl_control harmless = {.kind = VL_CONTROL_TOMBSTONE, .ids = &at, .id_count = 1};
    assert_int_equal(vl_replica_control(replica_of(f, node), &harmless, f->now, &id), VL_OK);
}

static int by_id(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

/* 32 control entries of the liar's, each in a log of its own, and content that links to all. */
static struct entry_run wide_make(struct circle_fixture *f)
{
    struct entry_run run = {0};
    struct vl_id at = target, ids[VL_LINKS_MAX], id;
    struct vl_control harmless = {.kind = VL_CONTROL_TOMBSTONE, .ids = &at, .id_count = 1};
    struct vl_buffer body = {0};
    struct vl_entry_header header;
    assert_int_equal(vl_control_encode(&harmless, &body), VL_OK);
    for (uint32_t i = 0; i < VL_LINKS_MAX; i++) {
        header = forged_log(f, LIAR, 200 + i);
        header.kind = VL_ENTRY_CONTROL;
        entry_run_forge(&run, &header, vl_buffer_view(&body), f->nodes[LIAR].keys, &ids[i]);
    }
    header = forged_log(f, LIAR, 300);
    qsort(ids, VL_LINKS_MAX, sizeof ids[0], by_id);
    memcpy(header.links, ids, sizeof ids);
    memcpy(header.auth, ids, sizeof ids);
    header.link_count = header.auth_count = VL_LINKS_MAX;
    header.lamport++;
    entry_run_forge(&run, &header, vl_bytes_text("x"), f->nodes[LIAR].keys, &id);
    vl_buffer_finish(&body);
    return run;
}

static void give_each(struct circle_fixture *f, size_t to, const struct entry_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct entry_run one = {.items = run->items + i, .count = 1};
        liar_circle_give(f, to, &one);
    }
}

/* 33 entries of one member, which stand before all others by their lamport numbers. */
static void one_member_with_a_wide_past_silences_nobody(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(950);
    static const size_t honest[] = {ME, FRIEND, OTHER};
    struct entry_run wide = wide_make(f);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < 3; i++) {
        hand_write_one(f, honest[i], 50 + i);
        circle_fixture_sync_all(f);
    }
    for (size_t i = 0; i < 3; i++)
        give_each(f, honest[i], &wide);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[FRIEND].person);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(liar_circle_write(f, honest[i], 60 + i), VL_OK);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OTHER].person);
    assert_int_equal(liar_circle_write(f, ME, 70), VL_OK);
    (void)circle_fixture_pull(f, FRIEND, ME);
    for (uint64_t number = 80; number < 84; number++)
        assert_int_equal(liar_circle_write(f, FRIEND, number), VL_OK);
    (void)circle_fixture_pull(f, ME, FRIEND);
    assert_true(liar_circle_hears(f, ME, 80) && liar_circle_hears(f, ME, 83));
    assert_true(liar_circle_is_sound(f, ME) && liar_circle_is_sound(f, FRIEND));
    entry_run_finish(&wide);
    circle_fixture_destroy(f);
}

/* What enrols her comes last by its lamport number, and she can be nobody without it. */
static void a_newcomer_beside_a_wide_past_can_write(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(951);
    struct entry_run wide = wide_make(f);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    circle_fixture_sync_all(f);
    give_each(f, ME, &wide);
    const size_t new = circle_fixture_stranger(f);
    circle_fixture_add(f, ME, new);
    (void)circle_fixture_pull(f, new, ME);
    assert_int_equal(liar_circle_write(f, new, 60), VL_OK);
    (void)circle_fixture_pull(f, ME, new);
    assert_true(liar_circle_hears(f, ME, 60));
    assert_true(liar_circle_is_sound(f, new));
    entry_run_finish(&wide);
    circle_fixture_destroy(f);
}

/* ---- nobody is hostile: many wrote a control entry of their own while they were apart ---- */

enum { FOUNDER, FIRST, LAST = 34, REMOVED, PEOPLE };

static struct circle_fixture *apart_make(uint64_t seed)
{
    struct circle_fixture *f = circle_fixture_create(PEOPLE, seed);
    for (size_t i = 0; i < PEOPLE; i++)
        hand_write_one(f, i, i);
    circle_fixture_sync_all(f);
    for (size_t i = FIRST; i <= LAST; i++)
        write_harmless(f, i);
    return f;
}

static void people_who_were_apart_can_write(void **state)
{
    (void)state;
    struct circle_fixture *f = apart_make(960);
    for (size_t i = FIRST + 1; i <= 32; i++)
        (void)circle_fixture_pull(f, FIRST, i);
    hand_write_one(f, FIRST, 100); /* has 32 newest control entries in its past */
    for (uint64_t i = 0; i < 4; i++)
        hand_write_one(f, FOUNDER, 110 + i);
    (void)liar_circle_control(f, FOUNDER, VL_CONTROL_REMOVE, &f->nodes[REMOVED].person);
    hand_write_one(f, FOUNDER, 120); /* a new epoch */
    (void)circle_fixture_pull(f, LAST, FIRST);
    (void)circle_fixture_pull(f, LAST, FOUNDER);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(liar_circle_write(f, LAST, 130 + i), VL_OK);
    for (uint64_t round = 0; round < 2; round++) {
        circle_fixture_sync_all(f);
        for (size_t i = 0; i < REMOVED; i++)
            assert_int_equal(liar_circle_write(f, i, 140 + 40 * round + i), VL_OK);
    }
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < REMOVED; i++)
        assert_true(liar_circle_hears(f, i, 132) && liar_circle_hears(f, i, 140 + 40 + FIRST));
    assert_true(liar_circle_is_sound(f, LAST));
    circle_fixture_destroy(f);
}

/* The head of the epoch's own log has 32 of them: it is linked below that. */
static void an_epoch_below_a_wide_head_can_be_written_under(void **state)
{
    (void)state;
    struct circle_fixture *f = apart_make(961);
    (void)liar_circle_control(f, FOUNDER, VL_CONTROL_REMOVE, &f->nodes[REMOVED].person);
    hand_write_one(f, FOUNDER, 120); /* a new epoch */
    for (size_t i = FIRST; i < 32; i++)
        (void)circle_fixture_pull(f, FOUNDER, i);
    hand_write_one(f, FOUNDER, 121);
    (void)circle_fixture_pull(f, LAST, FOUNDER);
    liar_circle_write_at_last(f, LAST, 130);
    (void)circle_fixture_pull(f, FOUNDER, LAST);
    assert_true(liar_circle_hears(f, FOUNDER, 130));
    assert_true(liar_circle_is_sound(f, LAST));
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_member_with_a_wide_past_silences_nobody),
        cmocka_unit_test(a_newcomer_beside_a_wide_past_can_write),
        cmocka_unit_test(people_who_were_apart_can_write),
        cmocka_unit_test(an_epoch_below_a_wide_head_can_be_written_under),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
