/* Who is crowded is so by one measure on every device: whatever showed it can be shown to others,
 * and stays. What honest members write beside a crowd is taken by all, and all can read it. */
#include "sync/replica_internal.h"
#include "tests/support/forged_entry.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CROWD (VL_PERSON_CHAINS_MAX + 1u) /* logs and branches that make one */

static void give_part(struct circle_fixture *f, size_t to, const struct entry_run *run, size_t from,
                      size_t count)
{
    struct entry_run part = {.items = run->items + from, .count = count};
    liar_circle_give(f, to, &part);
}

/* That many logs and branches of the liar's are here; she is crowded or is not. */
static void assert_share(struct circle_fixture *f, size_t node, size_t share, bool crowded)
{
    const struct vl_id *liar = &f->nodes[LIAR].person;
    assert_int_equal(vl_replica_share(replica_of(f, node), liar), share);
    assert_int_equal(vl_replica_is_crowded(replica_of(f, node), liar), crowded);
}

static void assert_agree(struct circle_fixture *f, size_t a, size_t b)
{
    assert_true(liar_circle_meet(f, a, b));
    assert_true(liar_circle_same(f, a, b));
    assert_true(liar_circle_is_sound(f, a) && liar_circle_is_sound(f, b));
}

/* The liar's log of that number, of so many entries; the first as liar_circle_give_logs has it. */
static struct entry_run log_of(struct circle_fixture *f, uint32_t number, size_t length)
{
    struct entry_run run = {0};
    struct vl_entry_header header = forged_log(f, LIAR, number);
    for (size_t i = 0; i < length; i++) {
        struct vl_id id;
        entry_run_forge(&run, &header, vl_bytes_text("x"), f->nodes[LIAR].keys, &id);
        header.prev = id;
        header.seq++;
        header.lamport++;
        header.link_count = 0;
    }
    return run;
}

/* ---- what shows a crowd ---- */

/* The end of the liar's log as a first branch; a second, a third, and a fourth that goes off the
 * third after so many entries of that. */
struct tree {
    struct circle_fixture *f;
    struct entry_run one, two, three, four;
};

static struct tree tree_make(uint64_t seed, size_t length, size_t off)
{
    struct tree t = {.f = liar_circle_create(seed)};
    hand_write_one(t.f, LIAR, 50);
    t.one = liar_circle_last(t.f, LIAR);
    t.two = forged_branch(t.f, LIAR, &t.one.items[0], 1, 1, NULL);
    t.three = forged_branch(t.f, LIAR, &t.one.items[0], 2, length, NULL);
    t.four = forged_branch(t.f, LIAR, &t.three.items[off], 3, 2, NULL);
    return t;
}

static void tree_end(struct tree *t)
{
    entry_run_finish(&t->one);
    entry_run_finish(&t->two);
    entry_run_finish(&t->three);
    entry_run_finish(&t->four);
    circle_fixture_destroy(t->f);
}

static void tree_give(struct tree *t, size_t to)
{
    liar_circle_give(t->f, to, &t->one);
    liar_circle_give(t->f, to, &t->two);
    liar_circle_give(t->f, to, &t->three);
    liar_circle_give(t->f, to, &t->four);
}

/* ME alone has met so many. */
static void assert_shown(uint64_t seed, size_t off)
{
    struct tree t = tree_make(seed, 30, off);
    liar_circle_give_logs(t.f, ME, 1, CROWD - 3);
    liar_circle_give(t.f, ME, &t.one);
    liar_circle_give(t.f, ME, &t.two);
    liar_circle_give(t.f, ME, &t.three);
    assert_share(t.f, ME, CROWD - 1, false);
    liar_circle_give(t.f, ME, &t.four);
    assert_share(t.f, ME, CROWD, true);
    assert_agree(t.f, ME, FRIEND);
    assert_share(t.f, FRIEND, CROWD, true);
    circle_fixture_reopen(t.f, ME);
    assert_share(t.f, ME, CROWD, true);
    assert_agree(t.f, ME, OTHER);
    assert_share(t.f, OTHER, CROWD, true);
    tree_end(&t);
}

/* What is kept and shown of a branch begins where the last one leaves it: of one that another
 * leaves late the beginning alone would be a part of that one. */
static void a_crowd_with_a_branch_that_leaves_late_is_shown_to_others(void **state)
{
    (void)state;
    assert_shown(900, 5);
    assert_shown(901, VL_SHOWN_ENTRIES - 1);
    assert_shown(902, VL_SHOWN_ENTRIES);
    assert_shown(903, VL_SHOWN_ENTRIES + 4);
}

/* A log of two entries that was forked, and went on before a third branch left it. */
static void give_late(struct circle_fixture *f, size_t to, uint32_t number)
{
    struct entry_run log = log_of(f, number, 8);
    struct entry_run beside = forged_branch(f, LIAR, &log.items[1], 1, 1, NULL);
    struct entry_run off = forged_branch(f, LIAR, &log.items[5], 2, 1, NULL);
    give_part(f, to, &log, 0, 2);
    liar_circle_give(f, to, &beside);
    give_part(f, to, &log, 2, 6);
    liar_circle_give(f, to, &off);
    entry_run_finish(&log);
    entry_run_finish(&beside);
    entry_run_finish(&off);
}

/* Of the branch that was here first more is kept then than when the log was closed: else its end
 * would be dropped, or not shown, and it would be one branch less. */
static void a_crowd_with_a_log_that_went_on_when_it_was_closed_is_shown_to_others(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(904);
    give_late(f, ME, 100);
    liar_circle_give_logs(f, ME, 1, CROWD - 4);
    assert_share(f, ME, CROWD - 1, false);
    liar_circle_give_logs(f, ME, CROWD - 4, CROWD - 3);
    assert_share(f, ME, CROWD, true);
    assert_agree(f, ME, FRIEND);
    assert_share(f, FRIEND, CROWD, true);
    circle_fixture_reopen(f, ME);
    assert_share(f, ME, CROWD, true);
    assert_agree(f, ME, OTHER);
    assert_share(f, OTHER, CROWD, true);
    circle_fixture_destroy(f);
}

/* OTHER, honest, met the fourth branch first and wrote upon it. ME has all four, with other logs
 * one less than a crowd; she dropped the end of the third one, which comes again at last, so that
 * with one more log it is a crowd. */
static struct entry_run grow_back(struct tree *t)
{
    struct circle_fixture *f = t->f;
    liar_circle_give_logs(f, ME, 1, CROWD - 4);
    tree_give(t, ME);
    assert_share(f, ME, CROWD - 1, false);
    give_part(f, OTHER, &t->three, 0, 5);
    liar_circle_give(f, OTHER, &t->four);
    hand_write_one(f, OTHER, 60);
    struct entry_run upon = liar_circle_last(f, OTHER);
    liar_circle_give(f, ME, &upon);
    circle_fixture_reopen(f, ME);
    assert_share(f, ME, CROWD - 2, false);
    liar_circle_give_logs(f, ME, CROWD - 4, CROWD - 3);
    assert_share(f, ME, CROWD - 1, false);
    give_part(f, ME, &t->three, 5, 5);
    return upon;
}

/* What was cut back to where a branch leaves it, and goes on beyond, is an end of its own again:
 * it counts as if it had come at once. */
static void a_branch_that_grows_back_makes_a_crowd(void **state)
{
    (void)state;
    struct tree t = tree_make(910, 10, 5);
    struct entry_run upon = grow_back(&t);
    assert_share(t.f, ME, CROWD, true);
    liar_circle_give_logs(t.f, FRIEND, 1, CROWD - 3);
    tree_give(&t, FRIEND);
    liar_circle_give(t.f, FRIEND, &upon);
    assert_share(t.f, FRIEND, CROWD, true);
    assert_agree(t.f, ME, FRIEND);
    circle_fixture_reopen(t.f, ME);
    assert_share(t.f, ME, CROWD, true);
    assert_agree(t.f, ME, FRIEND);
    entry_run_finish(&upon);
    tree_end(&t);
}

/* ---- what is written beside it ---- */

/* An honest node meets that branch first, writes upon it, and ME hears that. */
static struct entry_run write_upon(struct circle_fixture *f, size_t node,
                                   const struct entry_run *branch, uint64_t number)
{
    liar_circle_give(f, node, branch);
    hand_write_one(f, node, number);
    struct entry_run run = liar_circle_last(f, node);
    liar_circle_give(f, ME, &run);
    return run;
}

/* Each branch is cited by an honest member. An entry that cites them all, and other logs of hers,
 * would show more branches than an entry may (F6), and nobody would take it. */
static void what_is_written_beside_a_crowd_is_taken(void **state)
{
    (void)state;
    struct tree t = tree_make(911, 10, 5);
    struct circle_fixture *f = t.f;
    struct entry_run upon = grow_back(&t);
    assert_share(f, ME, CROWD, true);
    struct entry_run by_out = write_upon(f, OUT, &t.two, 61);
    struct entry_run by_friend = write_upon(f, FRIEND, &t.three, 62);
    struct entry_run goes_on = log_of(f, 7, 2);
    const struct vl_head had = hand_tip_of(f, OTHER, ME);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(liar_circle_write(f, ME, 70 + i), VL_OK);
    liar_circle_give(f, ME, &goes_on);
    assert_int_equal(liar_circle_write(f, ME, 74), VL_OK);
    assert_true(liar_circle_is_sound(f, ME));
    liar_circle_give_logs(f, OTHER, 1, CROWD - 3);
    liar_circle_give(f, OTHER, &goes_on);
    liar_circle_give(f, OTHER, &t.one);
    liar_circle_give(f, OTHER, &t.two);
    liar_circle_give(f, OTHER, &t.three);
    liar_circle_give(f, OTHER, &by_out);
    liar_circle_give(f, OTHER, &by_friend);
    struct entry_run mine = circle_fixture_run(f, ME, &had.log, had.seq + 1, 100);
    assert_in_range(mine.count, 5, 99);
    liar_circle_give(f, OTHER, &mine);
    for (uint64_t i = 0; i < 5; i++)
        assert_true(liar_circle_hears(f, OTHER, 70 + i));
    assert_share(f, OTHER, CROWD, true);
    assert_agree(f, ME, OTHER);
    entry_run_finish(&mine);
    entry_run_finish(&goes_on);
    entry_run_finish(&upon);
    entry_run_finish(&by_out);
    entry_run_finish(&by_friend);
    tree_end(&t);
}

/* Nobody takes a log that a crowded person begins, so her own program begins none, also when her
 * copy is opened again. */
static void who_is_crowded_begins_no_log(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(912);
    static const size_t both[] = {LIAR, ME};
    for (size_t i = 0; i < 2; i++) {
        give_late(f, both[i], 100);
        give_late(f, both[i], 101);
        liar_circle_give_logs(f, both[i], 1, CROWD - 6);
        assert_share(f, both[i], CROWD, true);
    }
    assert_int_equal(liar_circle_write(f, LIAR, 60), VL_ERR_LIMIT);
    circle_fixture_reopen(f, LIAR);
    assert_share(f, LIAR, CROWD, true);
    assert_int_equal(liar_circle_write(f, LIAR, 61), VL_ERR_LIMIT);
    assert_false(liar_circle_hears(f, LIAR, 60) || liar_circle_hears(f, LIAR, 61));
    assert_true(liar_circle_is_sound(f, LIAR));
    circle_fixture_destroy(f);
}

/* ---- control entries of hers that only content which does not count has in its past ---- */

static struct entry_run last_upon(struct circle_fixture *f, const struct vl_entry *link,
                                  int64_t later)
{
    struct entry_run last = liar_circle_last(f, OUT);
    struct entry_run run = forged_upon(f, OUT, &last.items[0], link, later);
    entry_run_finish(&last);
    return run;
}

/* LIAR, a facilitator, adds somebody and gives her the past; of all members OUT alone, who was
 * removed, writes upon that. Then both the newcomer and ME see that LIAR is crowded. */
static size_t newcomer_make(struct circle_fixture *f)
{
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[LIAR].person);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    hand_write_one(f, ME, 50);
    (void)circle_fixture_pull(f, LIAR, ME);
    const size_t new = circle_fixture_stranger(f);
    circle_fixture_add(f, LIAR, new);
    struct entry_run last = liar_circle_last(f, LIAR);
    struct entry_run by_out = last_upon(f, &last.items[0], 0);
    const size_t both[] = {new, ME};
    for (size_t i = 0; i < 2; i++) {
        (void)circle_fixture_pull(f, both[i], LIAR);
        liar_circle_give(f, both[i], &by_out);
    }
    for (size_t i = 0; i < 2; i++) {
        liar_circle_give_logs(f, both[i], 1, CROWD);
        assert_share(f, both[i], CROWD, true);
    }
    entry_run_finish(&last);
    entry_run_finish(&by_out);
    return new;
}

/* Her first entry must have in its past what let her in, or it would be nobody's. No content that
 * she could link to has it: a control entry does, and her content comes after that. */
static void a_newcomer_whose_host_is_crowded_can_write(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(940);
    const size_t new = newcomer_make(f);
    assert_true(liar_circle_hears(f, new, 50));
    assert_int_equal(liar_circle_write(f, new, 60), VL_OK);
    assert_true(liar_circle_is_sound(f, new));
    const struct vl_head own = hand_tip_of(f, new, new);
    struct entry_run said = circle_fixture_run(f, new, &own.log, 0, 10);
    assert_int_equal(said.count, own.seq + 1);
    liar_circle_give(f, ME, &said);
    assert_true(liar_circle_hears(f, ME, 60));
    assert_agree(f, ME, new);
    entry_run_finish(&said);
    circle_fixture_destroy(f);
}

/* LIAR's newest entries since OUT was removed, the epoch that she made among them. */
struct epoch_of_liar {
    struct circle_fixture *f;
    struct entry_run all, by_out, beside; /* two branches of OUT's, upon the last of them */
};

/* All honest have that and the one of OUT's, and see that LIAR is crowded. */
static struct epoch_of_liar epoch_make(uint64_t seed)
{
    static const size_t honest[] = {OTHER, FRIEND, ME};
    struct epoch_of_liar e = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = e.f;
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    (void)circle_fixture_pull(f, LIAR, ME);
    hand_write_one(f, LIAR, 51);
    e.all = liar_circle_run(f, LIAR, hand_tip_of(f, FRIEND, LIAR).seq + 1, 10);
    e.by_out = last_upon(f, &e.all.items[e.all.count - 1], 0);
    e.beside = last_upon(f, &e.all.items[e.all.count - 1], 5);
    for (size_t i = 0; i < 3; i++) {
        (void)circle_fixture_pull(f, honest[i], ME);
        liar_circle_give_logs(f, honest[i], 1, CROWD - 1);
    }
    for (size_t i = 0; i < 3; i++) {
        liar_circle_give(f, honest[i], &e.all);
        liar_circle_give(f, honest[i], &e.by_out);
        assert_share(f, honest[i], CROWD - 1, false);
    }
    for (size_t i = 0; i < 3; i++) { /* to ME last: the log is made of what she knows */
        liar_circle_give_logs(f, honest[i], CROWD - 1, CROWD);
        assert_share(f, honest[i], CROWD, true);
    }
    return e;
}

static void epoch_end(struct epoch_of_liar *e)
{
    entry_run_finish(&e->all);
    entry_run_finish(&e->by_out);
    entry_run_finish(&e->beside);
    circle_fixture_destroy(e->f);
}

/* Content stands upon an epoch that it has in its past, also when what has it is no content that
 * counts: when that is closed as well nobody else could read what is written. */
static void what_is_written_under_an_epoch_of_who_is_crowded_can_be_read(void **state)
{
    (void)state;
    static const size_t honest[] = {ME, FRIEND, OTHER};
    struct epoch_of_liar e = epoch_make(941);
    assert_int_equal(liar_circle_write(e.f, ME, 60), VL_OK);
    for (size_t i = 0; i < 3; i++) {
        liar_circle_give(e.f, honest[i], &e.beside);
        assert_int_equal(vl_replica_fork_count(replica_of(e.f, honest[i])), 1);
    }
    for (size_t times = 0; times < 2; times++) {
        assert_true(liar_circle_is_sound(e.f, ME));
        assert_true(liar_circle_hears(e.f, ME, 60));
        circle_fixture_reopen(e.f, ME);
    }
    for (size_t i = 1; i < 3; i++) {
        assert_agree(e.f, ME, honest[i]);
        assert_true(liar_circle_hears(e.f, honest[i], 60));
    }
    epoch_end(&e);
}

/* The same with the epoch in a second branch of LIAR's log, made after a long one, so that it is
 * the newest; and all honest have as many others of hers in their past as an entry may show. */
static struct epoch_of_liar epoch_make_beyond(uint64_t seed)
{
    static const size_t honest[] = {ME, FRIEND, OTHER};
    struct epoch_of_liar e = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = e.f;
    const uint64_t from = hand_tip_of(f, LIAR, LIAR).seq + 1;
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OUT].person);
    for (uint64_t i = 0; i < 20; i++)
        hand_write_one(f, LIAR, 80 + i);
    (void)circle_fixture_pull(f, LIAR, ME);
    hand_write_one(f, LIAR, 51);
    e.all = liar_circle_run(f, LIAR, from, VL_CHUNK_ENTRIES_MAX);
    e.by_out = last_upon(f, &e.all.items[e.all.count - 1], 0);
    liar_circle_turn_back(f, before);
    memory_storage_destroy(before);
    hand_write_one(f, LIAR, 52);
    for (size_t i = 0; i < 3; i++) {
        (void)circle_fixture_pull(f, honest[i], ME);
        (void)circle_fixture_pull(f, honest[i], LIAR);
        liar_circle_give_logs(f, honest[i], 1, CROWD - 1);
        assert_share(f, honest[i], CROWD - 1, false);
    }
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t times = 0; times < 1 + CROWD / VL_LINKS_MAX; times++)
            hand_write_one(f, honest[i], 53 + times);
        liar_circle_give(f, honest[i], &e.all);
        assert_share(f, honest[i], CROWD, true);
        liar_circle_give(f, honest[i], &e.by_out);
    }
    return e;
}

/* All could write under the newest epoch, but nothing that content may link to has it in its past:
 * they make another one. */
static void an_epoch_that_content_cannot_link_to_is_not_written_under(void **state)
{
    (void)state;
    static const size_t honest[] = {ME, FRIEND, OTHER};
    struct epoch_of_liar e = epoch_make_beyond(942);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(liar_circle_write(e.f, honest[i], 60 + i), VL_OK);
    assert_agree(e.f, ME, FRIEND);
    assert_agree(e.f, FRIEND, OTHER);
    assert_agree(e.f, OTHER, ME);
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t number = 60; number < 63; number++)
            assert_true(liar_circle_hears(e.f, honest[i], number));
        assert_true(liar_circle_same(e.f, ME, honest[i]));
    }
    epoch_end(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_with_a_branch_that_leaves_late_is_shown_to_others),
        cmocka_unit_test(a_crowd_with_a_log_that_went_on_when_it_was_closed_is_shown_to_others),
        cmocka_unit_test(a_branch_that_grows_back_makes_a_crowd),
        cmocka_unit_test(what_is_written_beside_a_crowd_is_taken),
        cmocka_unit_test(who_is_crowded_begins_no_log),
        cmocka_unit_test(a_newcomer_whose_host_is_crowded_can_write),
        cmocka_unit_test(what_is_written_under_an_epoch_of_who_is_crowded_can_be_read),
        cmocka_unit_test(an_epoch_that_content_cannot_link_to_is_not_written_under),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
