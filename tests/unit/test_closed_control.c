/* Control entries of a closed log that only content which does not count has in its past: they have
 * an effect, so what honest members write links to them. */
#include "sync/branches.h"
#include "tests/support/forged_entry.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CHAINS_MAX (VL_PERSON_CHAINS_MAX + 1u)

struct hidden {
    struct circle_fixture *f;
    struct entry_run branch; /* an endorsement, an epoch, content, a vouch for FRIEND */
    struct entry_run by_out; /* what OUT, who was removed, wrote upon it */
    uint64_t first;          /* number of the endorsement */
};

enum upon { THE_ENDORSEMENT = 0, THE_CONTENT = 2 }; /* places in the branch */

/* LIAR endorses the removal of OUT, who writes upon that, which nobody honest would. `length`: how
 * much of it others get. */
static void write_branch(struct hidden *h, const struct vl_id *removal, enum upon upon,
                         size_t length)
{
    h->first = hand_tip_of(h->f, LIAR, LIAR).seq + 1;
    (void)liar_circle_control(h->f, LIAR, VL_CONTROL_ENDORSE, removal);
    hand_write_one(h->f, LIAR, 10);
    (void)liar_circle_control(h->f, LIAR, VL_CONTROL_VOUCH, &h->f->nodes[FRIEND].person);
    struct entry_run all = liar_circle_run(h->f, LIAR, h->first, VL_CHUNK_ENTRIES_MAX);
    assert_int_equal(all.count, 4);
    for (size_t i = 0; i < length; i++)
        entry_run_add(&h->branch, &all.items[i]);
    struct entry_run last = liar_circle_last(h->f, OUT);
    h->by_out = forged_upon(h->f, OUT, &last.items[0], &all.items[upon], 0);
    entry_run_finish(&last);
    entry_run_finish(&all);
}

/* ME removes OUT. All have one branch of LIAR's log, and then the one of write_branch. */
static struct hidden hidden_make(uint64_t seed, enum upon upon, size_t length)
{
    struct hidden h = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = h.f;
    struct vl_id removal = liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, LIAR, ME);
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    write_branch(&h, &removal, upon, length);
    liar_circle_turn_back(f, before);
    hand_write_one(f, LIAR, 11);
    static const size_t honest[] = {ME, FRIEND, OTHER};
    for (size_t i = 0; i < 3; i++) {
        (void)circle_fixture_pull(f, honest[i], ME);
        (void)circle_fixture_pull(f, honest[i], LIAR);
        liar_circle_give(f, honest[i], &h.branch);
        liar_circle_give(f, honest[i], &h.by_out);
    }
    memory_storage_destroy(before);
    return h;
}

/* The same with the branch upon what all have already of the log: it goes on from there. */
static struct hidden hidden_make_beyond(uint64_t seed, enum upon upon, size_t length)
{
    struct hidden h = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = h.f;
    struct vl_id removal = liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, LIAR, ME);
    hand_write_one(f, LIAR, 11);
    struct entry_run last = liar_circle_last(f, LIAR);
    struct entry_run beside = forged_branch(f, LIAR, &last.items[0], 1, 1, NULL);
    static const size_t honest[] = {ME, FRIEND, OTHER};
    for (size_t i = 0; i < 3; i++) {
        (void)circle_fixture_pull(f, honest[i], ME);
        (void)circle_fixture_pull(f, honest[i], LIAR);
        liar_circle_give(f, honest[i], &beside);
    }
    write_branch(&h, &removal, upon, length);
    for (size_t i = 0; i < 3; i++) {
        liar_circle_give(f, honest[i], &h.branch);
        liar_circle_give(f, honest[i], &h.by_out);
    }
    entry_run_finish(&last);
    entry_run_finish(&beside);
    return h;
}

/* The same with so many other logs of LIAR's in what all write that with that branch she is
 * crowded, and whoever linked to it showed one branch more than an entry may. */
static struct hidden hidden_make_crowded(uint64_t seed, size_t length)
{
    struct hidden h = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = h.f;
    static const size_t honest[] = {ME, FRIEND, OTHER};
    struct vl_id removal = liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, LIAR, ME);
    for (size_t i = 0; i < 3; i++) {
        (void)circle_fixture_pull(f, honest[i], ME);
        liar_circle_give_logs(f, honest[i], 1, VL_PERSON_CHAINS_MAX);
    }
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    write_branch(&h, &removal, THE_ENDORSEMENT, length);
    liar_circle_turn_back(f, before);
    hand_write_one(f, LIAR, 11);
    for (size_t i = 0; i < 3; i++) {
        (void)circle_fixture_pull(f, honest[i], LIAR);
        for (size_t times = 0; times < 1 + VL_PERSON_CHAINS_MAX / VL_LINKS_MAX; times++)
            hand_write_one(f, honest[i], 12 + times);
        liar_circle_give(f, honest[i], &h.branch);
        assert_true(vl_replica_is_crowded(replica_of(f, honest[i]), &f->nodes[LIAR].person));
        liar_circle_give(f, honest[i], &h.by_out);
    }
    memory_storage_destroy(before);
    return h;
}

static void hidden_end(struct hidden *h)
{
    entry_run_finish(&h->branch);
    entry_run_finish(&h->by_out);
    circle_fixture_destroy(h->f);
}

/* The scene is what it says: the endorsement is live, and what follows OUT's link is not. */
static void assert_hidden(struct hidden *h, size_t node, enum upon upon)
{
    struct closed_chain chains[CHAINS_MAX];
    struct vl_id id;
    uint32_t chain;
    uint64_t seq;
    size_t count = closed_chains(replica_of(h->f, node), chains, CHAINS_MAX);
    assert_true(count == 2 || count == VL_PERSON_CHAINS_MAX + 1);
    vl_entry_id(h->branch.items[0].header, &id);
    assert_int_equal(closed_place(replica_of(h->f, node), &id, &chain, &seq), VL_OK);
    assert_int_equal(seq, h->first);
    for (size_t i = 0; i < count; i++) {
        if (chains[i].chain != chain) continue;
        assert_int_equal(chains[i].live, h->first + upon + 1);
        assert_int_equal(chains[i].tip_seq, h->first + h->branch.count - 1);
    }
}

static void assert_all_write(struct hidden *h, enum upon upon)
{
    static const size_t honest[] = {ME, FRIEND, OTHER};
    struct circle_fixture *f = h->f;
    for (size_t i = 0; i < 3; i++) {
        assert_hidden(h, honest[i], upon);
        assert_int_equal(liar_circle_write(f, honest[i], 20 + i), VL_OK);
        assert_int_equal(liar_circle_write(f, honest[i], 30 + i), VL_OK);
    }
    assert_true(liar_circle_meet(f, ME, FRIEND));
    assert_true(liar_circle_meet(f, FRIEND, OTHER));
    assert_true(liar_circle_meet(f, OTHER, ME));
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t k = 0; k < 3; k++)
            assert_true(liar_circle_hears(f, honest[i], 20 + k) &&
                        liar_circle_hears(f, honest[i], 30 + k));
        assert_true(liar_circle_same(f, honest[i], ME));
        assert_true(liar_circle_is_sound(f, honest[i]));
    }
    assert_int_equal(liar_circle_write(f, ME, 40), VL_OK);
    assert_true(liar_circle_meet(f, ME, OTHER));
    assert_true(liar_circle_hears(f, OTHER, 40));
}

/* Without the endorsement in its past no epoch can be used (R11), and open logs have it by content
 * that does not count and is not linked. */
static void a_live_endorsement_of_a_closed_log_silences_nobody(void **state)
{
    (void)state;
    struct hidden h = hidden_make(701, THE_ENDORSEMENT, 1);
    assert_all_write(&h, THE_ENDORSEMENT);
    hidden_end(&h);
}

/* The log's newest control entry is none that may be linked: nobody honest made it live. */
static void a_later_control_entry_does_not_hide_the_live_one(void **state)
{
    (void)state;
    for (size_t length = 2; length <= 4; length++) {
        struct hidden h = hidden_make(702 + length, THE_ENDORSEMENT, length);
        assert_all_write(&h, THE_ENDORSEMENT);
        assert_hidden(&h, ME, THE_ENDORSEMENT); /* nor did what they wrote */
        hidden_end(&h);
    }
}

/* Who makes the next epoch needs the endorsement in her past too. */
static void assert_next_epoch(struct hidden *h)
{
    struct circle_fixture *f = h->f;
    assert_hidden(h, ME, THE_CONTENT);
    assert_hidden(h, FRIEND, THE_CONTENT);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OTHER].person);
    assert_int_equal(liar_circle_write(f, ME, 20), VL_OK);
    assert_int_equal(liar_circle_write(f, FRIEND, 21), VL_OK); /* has not heard of it */
    assert_true(liar_circle_meet(f, ME, FRIEND));
    assert_int_equal(liar_circle_write(f, FRIEND, 22), VL_OK);
    assert_true(liar_circle_meet(f, ME, FRIEND));
    for (uint64_t number = 20; number < 23; number++)
        assert_true(liar_circle_hears(f, ME, number) && liar_circle_hears(f, FRIEND, number));
    assert_true(liar_circle_same(f, ME, FRIEND));
    assert_true(liar_circle_is_sound(f, ME) && liar_circle_is_sound(f, FRIEND));
}

/* The last live entry is content; the newest control entry before it is an epoch, with the
 * endorsement in its past. */
static void live_content_does_not_hide_the_live_control_entry(void **state)
{
    (void)state;
    for (size_t length = 3; length <= 4; length++) {
        struct hidden h = hidden_make(710 + length, THE_CONTENT, length);
        assert_next_epoch(&h);
        hidden_end(&h);
    }
}

/* Of the branch that they had first they link to the end that it had then. */
static void a_live_endorsement_beyond_what_is_cited_silences_nobody(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 4; length++) {
        struct hidden h = hidden_make_beyond(720 + length, THE_ENDORSEMENT, length);
        assert_all_write(&h, THE_ENDORSEMENT);
        hidden_end(&h);
    }
    for (size_t length = 3; length <= 4; length++) {
        struct hidden h = hidden_make_beyond(730 + length, THE_CONTENT, length);
        assert_next_epoch(&h);
        hidden_end(&h);
    }
}

/* Of who is crowded nothing is linked, but an end that has it in its past. */
static void a_live_endorsement_of_a_crowded_person_silences_nobody(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 2; length++) {
        struct hidden h = hidden_make_crowded(740 + length, length);
        liar_circle_write_at_last(h.f, ME, 19);
        assert_all_write(&h, THE_ENDORSEMENT);
        hidden_end(&h);
    }
}

/* LIAR, a facilitator, removes FRIEND in a branch that she alone gets, and OUT's log is forked too:
 * FRIEND links to what she had of OUT's, and not to her own removal, which nobody else has. */
static void who_is_put_out_by_a_closed_log_writes_on(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(750);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[LIAR].person);
    (void)circle_fixture_pull(f, LIAR, ME);
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    const uint64_t first = hand_tip_of(f, LIAR, LIAR).seq + 1;
    (void)liar_circle_control(f, LIAR, VL_CONTROL_REMOVE, &f->nodes[FRIEND].person);
    hand_write_one(f, OUT, 12);
    (void)circle_fixture_pull(f, FRIEND, ME);
    (void)circle_fixture_pull(f, FRIEND, LIAR);
    (void)circle_fixture_pull(f, FRIEND, OUT);
    assert_int_equal(liar_circle_write(f, FRIEND, 20), VL_ERR_NO_KEY);
    liar_circle_turn_back(f, before);
    hand_write_one(f, LIAR, 11);
    struct entry_run other = liar_circle_run(f, LIAR, first, VL_CHUNK_ENTRIES_MAX);
    struct entry_run last = liar_circle_last(f, OUT);
    struct entry_run beside = forged_branch(f, OUT, &last.items[0], 1, 1, NULL);
    liar_circle_give(f, FRIEND, &other);
    liar_circle_give(f, FRIEND, &beside);
    assert_false(liar_circle_hears(f, FRIEND, 12)); /* until she links to it */

    liar_circle_write_at_last(f, FRIEND, 20);
    assert_int_equal(liar_circle_write(f, FRIEND, 21), VL_OK);
    assert_true(liar_circle_hears(f, FRIEND, 12));
    (void)circle_fixture_pull(f, ME, LIAR);
    assert_true(liar_circle_meet(f, ME, FRIEND));
    assert_true(liar_circle_hears(f, ME, 12) && liar_circle_hears(f, ME, 20));
    assert_true(liar_circle_same(f, FRIEND, ME));
    assert_true(liar_circle_is_sound(f, ME) && liar_circle_is_sound(f, FRIEND));
    entry_run_finish(&other);
    entry_run_finish(&last);
    entry_run_finish(&beside);
    memory_storage_destroy(before);
    circle_fixture_destroy(f);
}

/* The end of a node's log that the newcomer has, and a branch beside it that makes it forked. */
static struct entry_run last_beside(struct circle_fixture *f, size_t node)
{
    struct entry_run last = liar_circle_last(f, node);
    struct entry_run beside = forged_branch(f, node, &last.items[0], 1, 1, NULL);
    entry_run_finish(&last);
    return beside;
}

/* ME adds somebody, and (`removed`) LIAR, a facilitator, removes her; the newcomer has both their
 * logs, and then both are forked. */
static void assert_newcomer_writes(uint64_t seed, bool removed)
{
    struct circle_fixture *f = liar_circle_create(seed);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[LIAR].person);
    circle_fixture_sync_all(f);
    const size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, ME, newcomer);
    hand_write_one(f, ME, 40);
    (void)circle_fixture_pull(f, newcomer, ME);
    struct entry_run by_me = last_beside(f, ME);
    (void)circle_fixture_pull(f, LIAR, ME);
    if (removed) (void)liar_circle_control(f, LIAR, VL_CONTROL_REMOVE, &f->nodes[newcomer].person);
    hand_write_one(f, LIAR, 41);
    (void)circle_fixture_pull(f, newcomer, LIAR);
    struct entry_run by_liar = last_beside(f, LIAR);
    liar_circle_give(f, newcomer, &by_me);
    liar_circle_give(f, newcomer, &by_liar);
    assert_int_equal(liar_circle_write(f, newcomer, 60), VL_OK);
    assert_int_equal(liar_circle_write(f, newcomer, 61), VL_OK);
    assert_true(liar_circle_hears(f, newcomer, 40));
    assert_true(liar_circle_is_sound(f, newcomer));
    assert_true(liar_circle_meet(f, FRIEND, newcomer));
    assert_true(liar_circle_hears(f, FRIEND, 60) && liar_circle_hears(f, FRIEND, 61));
    entry_run_finish(&by_me);
    entry_run_finish(&by_liar);
    circle_fixture_destroy(f);
}

/* Who is none without what one closed log says, and none with what another says, links to the first
 * and not to the second, whichever she tries first. */
static void who_was_added_by_one_closed_log_and_put_out_by_another_writes_on(void **state)
{
    (void)state;
    assert_newcomer_writes(760, false);
    assert_newcomer_writes(761, true);
}

/* LIAR adds her, FRIEND removes her, and ME, whose log she heard of before theirs, says something
 * that neither has; then all three are forked. Without LIAR's log she is nobody with ME's: she
 * tries it again. */
static void what_she_heard_of_before_what_added_her_is_linked_too(void **state)
{
    (void)state;
    static const size_t forked[] = {ME, LIAR, FRIEND};
    struct entry_run beside[3];
    struct circle_fixture *f = liar_circle_create(762);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[LIAR].person);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[FRIEND].person);
    circle_fixture_sync_all(f);
    const size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, LIAR, newcomer);
    hand_write_one(f, LIAR, 41);
    hand_write_one(f, ME, 40);
    (void)circle_fixture_pull(f, FRIEND, LIAR);
    (void)liar_circle_control(f, FRIEND, VL_CONTROL_REMOVE, &f->nodes[newcomer].person);
    hand_write_one(f, FRIEND, 42);
    for (size_t i = 0; i < 3; i++)
        (void)circle_fixture_pull(f, newcomer, forked[i]);
    for (size_t i = 0; i < 3; i++)
        beside[i] = last_beside(f, forked[i]);
    for (size_t i = 0; i < 3; i++) {
        liar_circle_give(f, newcomer, &beside[i]);
        entry_run_finish(&beside[i]);
    }
    assert_false(liar_circle_hears(f, newcomer, 40));
    assert_int_equal(liar_circle_write(f, newcomer, 60), VL_OK);
    assert_true(liar_circle_hears(f, newcomer, 40) && liar_circle_hears(f, newcomer, 41));
    assert_true(liar_circle_is_sound(f, newcomer));
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_endorsement_of_a_closed_log_silences_nobody),
        cmocka_unit_test(a_later_control_entry_does_not_hide_the_live_one),
        cmocka_unit_test(live_content_does_not_hide_the_live_control_entry),
        cmocka_unit_test(a_live_endorsement_beyond_what_is_cited_silences_nobody),
        cmocka_unit_test(a_live_endorsement_of_a_crowded_person_silences_nobody),
        cmocka_unit_test(who_is_put_out_by_a_closed_log_writes_on),
        cmocka_unit_test(who_was_added_by_one_closed_log_and_put_out_by_another_writes_on),
        cmocka_unit_test(what_she_heard_of_before_what_added_her_is_linked_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
