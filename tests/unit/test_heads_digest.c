/* Two copies with equal digests of the heads have the same open logs, hold the same logs and
 * persons for closed, and lack the same blobs of what is live. */
#include "tests/support/forged_entry.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { READER, AUTHOR, KEEPER, THREE };

/* All have the first entry of the author's log. */
static struct circle_fixture *make(uint64_t seed)
{
    struct circle_fixture *f = circle_fixture_create(THREE, seed);
    hand_write_one(f, AUTHOR, 99);
    circle_fixture_sync_all(f);
    return f;
}

static bool same_digest(struct circle_fixture *f, size_t a, size_t b)
{
    struct vl_id one, other;
    vl_replica_heads_digest(replica_of(f, a), &one);
    vl_replica_heads_digest(replica_of(f, b), &other);
    assert_false(vl_id_is_zero(&one) || vl_id_is_zero(&other));
    return vl_id_equal(&one, &other);
}

/* The author's log from number `from` on, those numbers in [bare, end) and `one` without blob. */
static void give(struct circle_fixture *f, size_t to, uint64_t from, uint64_t bare, uint64_t end,
                 uint64_t one)
{
    const struct vl_head tip = hand_tip_of(f, AUTHOR, AUTHOR);
    for (uint64_t at = from; at <= tip.seq;) {
        struct entry_run run = circle_fixture_run(f, AUTHOR, &tip.log, at, VL_CHUNK_ENTRIES_MAX);
        size_t stored;
        for (size_t i = 0; i < run.count; i++)
            if ((at + i >= bare && at + i < end) || at + i == one)
                run.items[i].blob = vl_bytes(NULL, 0);
        assert_int_equal(vl_replica_receive(replica_of(f, to), run.items, run.count, &stored),
                         VL_OK);
        at += stored;
        entry_run_finish(&run);
    }
}

/* The blob of one entry; first with the storage failing at each of its calls, which changes
 * nothing. */
static void give_blob_at_last(struct circle_fixture *f, size_t to, uint64_t number)
{
    const struct vl_head tip = hand_tip_of(f, AUTHOR, AUTHOR);
    struct entry_run run = circle_fixture_run(f, AUTHOR, &tip.log, number, 1);
    struct memory_storage *memory = f->nodes[to].memory;
    struct vl_id before, after;
    bool failed = true;
    vl_replica_heads_digest(replica_of(f, to), &before);
    for (uint64_t nth = 1; failed; nth++) {
        size_t stored;
        memory_storage_fail(memory, nth, VL_ERR_STORAGE, false);
        const vl_result result = vl_replica_receive(replica_of(f, to), run.items, 1, &stored);
        failed = memory_storage_failed(memory);
        memory_storage_fail(memory, 0, VL_OK, false);
        assert_int_equal(result, failed ? VL_ERR_STORAGE : VL_OK);
        circle_fixture_reopen(f, to);
        vl_replica_heads_digest(replica_of(f, to), &after);
        assert_int_equal(vl_id_equal(&before, &after), failed);
    }
    entry_run_finish(&run);
}

/* Who cannot read what is lacking has no digest, and compares heads. */
static void assert_no_digest(struct circle_fixture *f, size_t node)
{
    struct vl_id digest;
    memory_storage_fail(f->nodes[node].memory, 1, VL_ERR_STORAGE, false);
    vl_replica_heads_digest(replica_of(f, node), &digest);
    assert_true(memory_storage_failed(f->nodes[node].memory) && vl_id_is_zero(&digest));
    memory_storage_fail(f->nodes[node].memory, 0, VL_OK, false);
}

static void which_blob_is_lacking_changes_the_digest(void **state)
{
    (void)state;
    struct circle_fixture *f = make(51);
    const uint64_t first = hand_tip_of(f, AUTHOR, AUTHOR).seq + 1;
    for (uint64_t i = 0; i < 4; i++)
        hand_write_one(f, AUTHOR, i);
    give(f, READER, first, 0, 0, first + 1);
    give(f, KEEPER, first, 0, 0, first + 2);
    assert_false(same_digest(f, READER, KEEPER));
    assert_false(same_digest(f, READER, AUTHOR));
    assert_no_digest(f, READER);
    give_blob_at_last(f, READER, first + 1);
    assert_true(same_digest(f, READER, AUTHOR));
    give(f, KEEPER, first + 2, 0, 0, 0);
    assert_true(same_digest(f, KEEPER, AUTHOR));
    circle_fixture_destroy(f);
}

/* Two who could not read what is lacking when they met do not take each other's copy for the same.
 */
static void no_digest_is_like_no_other(void **state)
{
    (void)state;
    size_t lived = 0;
    for (uint64_t nth = 1; nth <= 12; nth++) {
        struct circle_fixture *f = make(56);
        struct session_pair pair;
        const uint64_t first = hand_tip_of(f, AUTHOR, AUTHOR).seq + 1;
        for (uint64_t i = 0; i < 4; i++)
            hand_write_one(f, AUTHOR, i);
        give(f, READER, first, 0, 0, first + 1);
        give(f, KEEPER, first, 0, 0, first + 2);
        session_pair_init(&pair, f, READER, KEEPER);
        memory_storage_fail(f->nodes[READER].memory, nth, VL_ERR_STORAGE, false);
        memory_storage_fail(f->nodes[KEEPER].memory, nth, VL_ERR_STORAGE, false);
        (void)session_pair_carry(&pair, 0);
        (void)session_pair_carry(&pair, 1);
        memory_storage_fail(f->nodes[READER].memory, 0, VL_OK, false);
        memory_storage_fail(f->nodes[KEEPER].memory, 0, VL_OK, false);
        session_pair_run(&pair);
        const bool lives = vl_session_state_of(pair.sides[0]) == VL_SESSION_LIVE &&
                           vl_session_state_of(pair.sides[1]) == VL_SESSION_LIVE;
        lived += lives;
        if (lives) assert_true(same_digest(f, READER, AUTHOR) && same_digest(f, KEEPER, AUTHOR));
        session_pair_finish(&pair);
        circle_fixture_destroy(f);
    }
    assert_true(lived > 0);
}

/* Behind so many it does not count: one copy lacks those and another blob right before or behind
 * the last that is named. */
static void the_digest_names_so_many(void **state)
{
    (void)state;
    for (uint64_t over = 0; over < 2; over++) {
        struct circle_fixture *f = make(52);
        const uint64_t first = hand_tip_of(f, AUTHOR, AUTHOR).seq + 1;
        for (uint64_t i = 0; i < VL_BARE_TOLD_MAX + 1; i++)
            hand_write_one(f, AUTHOR, i);
        const uint64_t end = first + VL_BARE_TOLD_MAX - 1 + over;
        give(f, READER, first, first, end, end);
        give(f, KEEPER, first, first, end, UINT64_MAX);
        assert_int_equal(same_digest(f, READER, KEEPER), over == 1);
        circle_fixture_destroy(f);
    }
}

/* Of a closed log each copy may keep something else; without effect it does not count. (Both lack a
 * blob of OUT's as well, so that there is something to name.) */
static void what_is_not_live_is_not_named(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(53);
    const uint64_t first = hand_tip_of(f, LIAR, LIAR).seq + 1;
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    struct entry_run branches[2];
    for (uint64_t k = 0; k < 2; k++) {
        if (k > 0) liar_circle_turn_back(f, before);
        hand_write_one(f, LIAR, 10 + k);
        branches[k] = liar_circle_run(f, LIAR, first, VL_CHUNK_ENTRIES_MAX);
    }
    hand_write_one(f, OUT, 20);
    struct entry_run last = liar_circle_last(f, OUT);
    last.items[0].blob = vl_bytes(NULL, 0);
    liar_circle_give(f, FRIEND, &last);
    liar_circle_give(f, OTHER, &last);
    for (size_t k = 0; k < 2; k++) {
        liar_circle_give(f, FRIEND, &branches[k]);
        if (k == 1) branches[k].items[0].blob = vl_bytes(NULL, 0);
        liar_circle_give(f, OTHER, &branches[k]);
    }
    assert_true(same_digest(f, FRIEND, OTHER));
    for (size_t k = 0; k < 2; k++)
        entry_run_finish(&branches[k]);
    entry_run_finish(&last);
    memory_storage_destroy(before);
    circle_fixture_destroy(f);
}

/* It is kept for whoever asks, and has no effect. */
static void a_blob_of_what_does_not_count_comes_too(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(54);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, FRIEND, ME);
    hand_write_one(f, OUT, 30); /* has not heard of it */
    struct entry_run last = liar_circle_last(f, OUT);
    const struct vl_bytes blob = last.items[0].blob;
    struct vl_id id;
    vl_entry_id(last.items[0].header, &id);
    last.items[0].blob = vl_bytes(NULL, 0);
    liar_circle_give(f, FRIEND, &last);
    const struct vl_entry_row *row = memory_storage_entry(f->nodes[FRIEND].memory, &id);
    assert_non_null(row);
    assert_int_equal(row->flags & VL_ENTRY_BARE, VL_ENTRY_BARE);
    assert_int_equal(row->flags & VL_ENTRY_QUARANTINED, VL_ENTRY_QUARANTINED);
    last.items[0].blob = blob;
    liar_circle_give(f, FRIEND, &last);
    row = memory_storage_entry(f->nodes[FRIEND].memory, &id);
    assert_int_equal(row->flags & VL_ENTRY_BARE, 0);
    assert_non_null(row->entry.blob.data);
    assert_false(liar_circle_hears(f, FRIEND, 30));
    assert_true(liar_circle_is_sound(f, FRIEND));
    entry_run_finish(&last);
    circle_fixture_destroy(f);
}

static void crowd(struct circle_fixture *f, size_t to, size_t author)
{
    for (uint32_t number = 1; number <= VL_PERSON_CHAINS_MAX + 1u; number++) {
        struct vl_entry_header header = forged_log(f, author, number);
        struct entry_run run = {0};
        struct vl_id id;
        entry_run_forge(&run, &header, vl_bytes_text("one of many"), f->nodes[author].keys, &id);
        liar_circle_give(f, to, &run);
        entry_run_finish(&run);
    }
    assert_true(vl_replica_is_crowded(replica_of(f, to), &f->nodes[author].person));
}

/* Whichever was crowded first, and whoever stands first among their logs. */
static void who_is_crowded_is_named_in_one_order(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(55);
    crowd(f, FRIEND, LIAR);
    crowd(f, FRIEND, OUT);
    assert_false(same_digest(f, FRIEND, OTHER));
    crowd(f, OTHER, OUT);
    assert_false(same_digest(f, FRIEND, OTHER));
    crowd(f, OTHER, LIAR);
    assert_true(same_digest(f, FRIEND, OTHER));
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_blob_is_lacking_changes_the_digest),
        cmocka_unit_test(no_digest_is_like_no_other),
        cmocka_unit_test(the_digest_names_so_many),
        cmocka_unit_test(what_is_not_live_is_not_named),
        cmocka_unit_test(a_blob_of_what_does_not_count_comes_too),
        cmocka_unit_test(who_is_crowded_is_named_in_one_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
