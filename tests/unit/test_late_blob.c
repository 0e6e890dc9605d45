/* Blobs that come later than their entries: whoever lacks one is told that it is there and asks for
 * it, in whatever order blobs and newer entries come; nobody asks for ever, and nobody who sends
 * entries without their blob gains by it. */
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <veillee/bundle.h>

#include <cmocka.h>

/* Of three. What AUTHOR wrote KEEPER has without a blob, which AUTHOR alone can give, and READER
 * has from KEEPER. */
enum { READER, AUTHOR, KEEPER, THREE };

#define WITHOUT    1u  /* number of what is said in the entry that lacks its blob */
#define TURNS_MAX  40u /* within which two honest sessions rest, whatever each lacks */
#define BRANCH     30u /* entries in a branch of the liar's log */
#define LEFT_OUT   20u /* the one of them whose blob is left out */
#define ALL_BLOBS  SIZE_MAX
#define BRANCH_MAX 3u

static struct vl_id say(struct circle_fixture *f, size_t by, uint64_t number)
{
    hand_write_one(f, by, number);
    return hand_tip_of(f, by, by).id;
}

static bool has(struct circle_fixture *f, size_t node, struct vl_id id)
{
    return memory_storage_entry(f->nodes[node].memory, &id) != NULL;
}

static bool is_bare(struct circle_fixture *f, size_t node, struct vl_id id)
{
    const struct vl_entry_row *row = memory_storage_entry(f->nodes[node].memory, &id);
    assert_non_null(row);
    assert_int_equal((row->flags & VL_ENTRY_BARE) != 0, row->entry.blob.data == NULL);
    return row->entry.blob.data == NULL;
}

static void assert_sound(struct circle_fixture *f, size_t node)
{
    struct vl_id digest = circle_fixture_digest(f, node);
    assert_true(liar_circle_is_sound(f, node));
    circle_fixture_reopen(f, node);
    struct vl_id again = circle_fixture_digest(f, node);
    assert_true(vl_id_equal(&again, &digest));
}

static void assert_live(struct session_pair *pair)
{
    assert_int_equal(vl_session_state_of(pair->sides[0]), VL_SESSION_LIVE);
    assert_int_equal(vl_session_state_of(pair->sides[1]), VL_SESSION_LIVE);
}

/* They have sent each other all that they would, in few turns, and both live on. */
static void assert_rests(struct session_pair *pair)
{
    assert_true(session_pair_rests(pair, TURNS_MAX));
    assert_live(pair);
}

static void assert_meet(struct circle_fixture *f, size_t a, size_t b)
{
    struct session_pair pair;
    session_pair_init(&pair, f, a, b);
    assert_rests(&pair);
    session_pair_finish(&pair);
}

/* ---- one after the other ---- */

/* All logs of AUTHOR's copy given to another one, those entries of them without their blobs. */
static void give_without(struct circle_fixture *f, size_t to, const struct vl_id *ids, size_t count)
{
    struct vl_head heads[8];
    size_t head_count, stored;
    assert_int_equal(vl_replica_heads(replica_of(f, AUTHOR), heads, 8, &head_count), VL_OK);
    for (size_t i = 0; i < head_count; i++) {
        struct entry_run run =
            circle_fixture_run(f, AUTHOR, &heads[i].log, 0, VL_CHUNK_ENTRIES_MAX);
        for (size_t k = 0; k < run.count * count; k++) {
            struct vl_entry *entry = &run.items[k / count];
            struct vl_id id;
            vl_entry_id(entry->header, &id);
            if (vl_id_equal(&id, &ids[k % count])) entry->blob = vl_bytes(NULL, 0);
        }
        assert_int_equal(vl_replica_receive(replica_of(f, to), run.items, run.count, &stored),
                         VL_OK);
        entry_run_finish(&run);
    }
    for (size_t i = 0; i < count; i++)
        assert_true(is_bare(f, to, ids[i]));
}

/* The same with the one entry in which WITHOUT is said. */
static void give_bare(struct circle_fixture *f, size_t to, struct vl_id id)
{
    give_without(f, to, &id, 1);
    assert_false(liar_circle_hears(f, to, WITHOUT));
}

static void assert_filled(struct circle_fixture *f, size_t node, struct vl_id id)
{
    assert_false(is_bare(f, node, id));
    assert_true(liar_circle_hears(f, node, WITHOUT));
    assert_true(liar_circle_same(f, AUTHOR, node));
}

/* Somebody sends an entry without its blob, and there is no tombstone: the next honest peer's copy
 * is taken. */
static void a_blob_left_out_is_asked_for_again(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(THREE, 36);
    struct vl_id id = say(f, AUTHOR, WITHOUT), mine, other;
    struct vl_head heads[8];
    size_t count, asked;
    give_bare(f, KEEPER, id);
    assert_sound(f, KEEPER);
    vl_replica_heads_digest(replica_of(f, AUTHOR), &mine);
    vl_replica_heads_digest(replica_of(f, KEEPER), &other);
    assert_false(vl_id_equal(&mine, &other));
    assert_int_equal(vl_replica_heads(replica_of(f, KEEPER), heads, 8, &count), VL_OK);
    assert_int_equal(vl_replica_asked_heads(replica_of(f, KEEPER), heads, 8, &asked), VL_OK);
    assert_int_equal(asked, count - 1); /* that log begins with the entry */

    assert_meet(f, AUTHOR, KEEPER);
    assert_filled(f, KEEPER, id);
    assert_sound(f, KEEPER);
    circle_fixture_destroy(f);
}

/* KEEPER and READER talk to each other before KEEPER gets the blob. The log has so much `before`
 * it, so much `after` it, and so much `news` that AUTHOR writes meanwhile. */
static void a_blob_comes_late(uint64_t seed, size_t before, size_t after, size_t news)
{
    struct circle_fixture *f = circle_fixture_create(THREE, seed);
    struct session_pair quiet, late;
    for (size_t i = 0; i < before; i++)
        say(f, AUTHOR, 100 + i);
    struct vl_id id = say(f, AUTHOR, WITHOUT);
    for (size_t i = 0; i < after; i++)
        say(f, AUTHOR, 200 + i);
    give_bare(f, KEEPER, id);
    assert_sound(f, KEEPER);
    session_pair_init(&quiet, f, KEEPER, READER);
    assert_rests(&quiet);
    assert_true(is_bare(f, READER, id));
    for (size_t i = 0; i < news; i++)
        say(f, AUTHOR, 300 + i);
    session_pair_init(&late, f, AUTHOR, KEEPER);
    assert_rests(&late);
    assert_filled(f, KEEPER, id);
    assert_rests(&quiet);
    assert_filled(f, READER, id);
    session_pair_finish(&late);
    session_pair_finish(&quiet);
    assert_sound(f, READER);
    assert_sound(f, KEEPER);
    circle_fixture_destroy(f);
}

static void a_blob_that_comes_late_is_told_of(void **state)
{
    (void)state;
    a_blob_comes_late(38, 0, 0, 0);
    a_blob_comes_late(39, 2, 0, 0);
    a_blob_comes_late(40, 0, 3, 0);
    a_blob_comes_late(41, 2, 3, 0);
}

/* What is sent of the news tells nothing of what lies before it. */
static void a_blob_that_comes_late_with_news_is_told_of(void **state)
{
    (void)state;
    a_blob_comes_late(42, 0, 0, 1);
    a_blob_comes_late(43, 1, 0, 1);
    a_blob_comes_late(44, 2, 3, 2);
}

/* The heads are the same then; their digest names which entries lack their blob. */
static void two_who_each_lack_what_the_other_has_exchange_it(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(THREE, 45);
    struct vl_id one = say(f, AUTHOR, WITHOUT), other = say(f, AUTHOR, 2), mine, hers;
    give_bare(f, KEEPER, one);
    give_without(f, READER, &other, 1);
    vl_replica_heads_digest(replica_of(f, READER), &mine);
    vl_replica_heads_digest(replica_of(f, KEEPER), &hers);
    assert_false(vl_id_equal(&mine, &hers));
    assert_meet(f, KEEPER, READER);
    assert_filled(f, KEEPER, one);
    assert_filled(f, READER, other);
    circle_fixture_destroy(f);
}

/* Both lack one blob, which nobody gives, and KEEPER another behind it. What she sends of them
 * comes without both, and says nothing of the second: READER gives it, whoever sends first. */
static void assert_gives_behind(size_t dials, size_t answers)
{
    struct circle_fixture *f = circle_fixture_create(THREE, 46);
    const struct vl_id both[] = {say(f, AUTHOR, WITHOUT), say(f, AUTHOR, 2)};
    give_without(f, KEEPER, both, 2);
    give_without(f, READER, both, 1);
    assert_meet(f, dials, answers);
    assert_false(is_bare(f, KEEPER, both[1]));
    assert_true(is_bare(f, KEEPER, both[0]) && is_bare(f, READER, both[0]));
    assert_true(liar_circle_same(f, KEEPER, READER));
    circle_fixture_destroy(f);
}

static void a_blob_behind_one_that_both_lack_is_given(void **state)
{
    (void)state;
    assert_gives_behind(KEEPER, READER);
    assert_gives_behind(READER, KEEPER);
}

/* ---- at once with what is newer ---- */

/* KEEPER lacks a blob that READER has, and has a newer entry of that log. What she asks and what
 * she sends arrive before READER sends anything. */
static void who_asks_for_a_blob_and_sends_what_is_newer_gets_the_blob(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(THREE, 61);
    struct session_pair pair;
    say(f, AUTHOR, 100);
    struct vl_id id = say(f, AUTHOR, WITHOUT);
    (void)circle_fixture_pull(f, READER, AUTHOR);
    struct vl_id next = say(f, AUTHOR, 2);
    give_bare(f, KEEPER, id);
    assert_false(has(f, READER, next));
    session_pair_init(&pair, f, KEEPER, READER);
    assert_true(session_pair_carry(&pair, 0) && session_pair_carry(&pair, 1)); /* HELLO */
    assert_true(session_pair_carry(&pair, 1));                                 /* HEADS */
    while (session_pair_carry(&pair, 0)) /* her HEADS, the newer entry */
        assert_true(pair.messages[0] < TURNS_MAX);
    assert_true(has(f, READER, next) && is_bare(f, KEEPER, id));
    assert_rests(&pair);
    assert_filled(f, KEEPER, id);
    assert_filled(f, READER, next);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* The same when the blob came late: READER asks for it when she has something newer. */
static void who_asks_for_a_late_blob_and_sends_what_is_newer_gets_the_blob(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(THREE, 62);
    struct session_pair quiet, late;
    say(f, AUTHOR, 100);
    struct vl_id id = say(f, AUTHOR, WITHOUT);
    give_bare(f, KEEPER, id);
    session_pair_init(&quiet, f, KEEPER, READER);
    assert_rests(&quiet);
    session_pair_init(&late, f, AUTHOR, KEEPER);
    assert_rests(&late);
    assert_filled(f, KEEPER, id);
    struct vl_id next = say(f, AUTHOR, 2);
    give_bare(f, READER, id);                   /* from elsewhere; the blob stays away */
    assert_true(session_pair_carry(&quiet, 0)); /* HAVE */
    while (session_pair_carry(&quiet, 1))       /* HEADS, the newer entry */
        assert_true(quiet.messages[1] < TURNS_MAX);
    assert_true(has(f, KEEPER, next) && is_bare(f, READER, id));
    assert_rests(&quiet);
    assert_filled(f, READER, id);
    assert_filled(f, KEEPER, next);
    session_pair_finish(&quiet);
    session_pair_finish(&late);
    circle_fixture_destroy(f);
}

/* A bundle goes to nobody who could ask: what it says at its beginning stays as it is. */
static void a_blob_that_comes_while_a_bundle_is_written_does_no_harm(void **state)
{
    (void)state;
    enum { LENGTH = 300, PIECE = 1000 };
    struct circle_fixture *f = circle_fixture_create(THREE, 55);
    struct vl_bundle_writer *writer = NULL;
    struct vl_bundle_reader *reader = NULL;
    struct vl_buffer file = {0};
    struct vl_id id = say(f, AUTHOR, WITHOUT);
    for (uint64_t i = 0; i < LENGTH; i++)
        say(f, AUTHOR, 100 + i);
    give_bare(f, KEEPER, id);
    assert_int_equal(vl_bundle_writer_create(&writer, replica_of(f, KEEPER), NULL, 0, f->now),
                     VL_OK);
    vl_result result = vl_bundle_write(writer, PIECE, &file);
    assert_int_equal(result, VL_OK);
    assert_meet(f, AUTHOR, KEEPER);
    assert_filled(f, KEEPER, id);
    while (result == VL_OK)
        result = vl_bundle_write(writer, PIECE, &file);
    assert_int_equal(result, VL_ERR_NOT_FOUND);
    assert_int_equal(vl_bundle_reader_create(&reader, &f->nodes[READER].replica, 1), VL_OK);
    assert_int_equal(vl_bundle_read(reader, vl_buffer_view(&file)), VL_OK);
    assert_int_equal(vl_bundle_read_end(reader), VL_OK);
    assert_true(liar_circle_hears(f, READER, 100 + LENGTH - 1));
    vl_bundle_reader_destroy(reader);
    vl_bundle_writer_destroy(writer);
    vl_buffer_finish(&file);
    circle_fixture_destroy(f);
}

/* ---- a liar ---- */

/* Somebody sends again and again an entry whose links never come, and (`known`) one that is here
 * with its blob, of a log that lacks another: nothing new is stored by that, so the round is her
 * last one. */
static void assert_limit(bool known)
{
    struct circle_fixture *f = circle_fixture_create(THREE, 77);
    say(f, AUTHOR, 50);
    struct vl_id id = say(f, AUTHOR, WITHOUT);
    give_bare(f, KEEPER, id);
    (void)circle_fixture_pull(f, READER, AUTHOR);
    struct chunk *here = hand_chunk_of(f, AUTHOR, AUTHOR, 0, 1);
    say(f, AUTHOR, 2);
    (void)circle_fixture_pull(f, READER, AUTHOR);
    say(f, READER, 3);
    struct vl_head tip = hand_tip_of(f, READER, READER);
    struct chunk *waits = hand_chunk_of(f, READER, READER, tip.seq, 1);
    struct vl_session *s = hand_opened(f, KEEPER, READER);
    const uint64_t before = vl_replica_generation(replica_of(f, KEEPER));
    assert_int_equal(hand_give_chunk(s, waits, false), VL_OK);
    if (known) assert_int_equal(hand_give_chunk(s, here, false), VL_OK);
    assert_int_equal(hand_give_drained(s), VL_ERR_LIMIT);
    assert_int_equal(vl_replica_generation(replica_of(f, KEEPER)), before);
    assert_true(is_bare(f, KEEPER, id));
    vl_session_destroy(s);
    chunk_destroy(here);
    chunk_destroy(waits);
    circle_fixture_destroy(f);
}

static void what_is_here_already_does_not_put_off_the_limit(void **state)
{
    (void)state;
    assert_limit(false);
    assert_limit(true);
}

/* Somebody says again and again that she has a blob, which she never sends: she is asked once. */
static void a_claim_is_asked_for_once(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(THREE, 78);
    struct vl_id id = say(f, AUTHOR, WITHOUT);
    give_bare(f, KEEPER, id);
    const struct vl_head tip = hand_tip_of(f, AUTHOR, AUTHOR);
    struct vl_session *s = hand_opened(f, KEEPER, READER);
    assert_int_equal(hand_give_drained(s), VL_OK);
    (void)hand_drain(s);
    const size_t before = vl_session_counts_of(s).round_trips;
    for (size_t i = 0; i < 3; i++) {
        struct vl_buffer have = {0};
        size_t at = 0;
        assert_int_equal(message_have_write(&tip, 1, &at, false, &have), VL_OK);
        assert_int_equal(hand_give(s, &have), VL_OK);
        (void)hand_drain(s);
        if (i == 0) assert_int_equal(hand_give_drained(s), VL_OK);
        (void)hand_drain(s);
        assert_int_equal(vl_session_counts_of(s).round_trips, before + 1);
        assert_int_equal(vl_session_state_of(s), VL_SESSION_LIVE);
    }
    assert_true(is_bare(f, KEEPER, id));
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

/* ---- closed logs ---- */

struct forked { /* the liar's log: branches of BRANCH entries that begin with one number */
    struct circle_fixture *f;
    struct entry_run branches[BRANCH_MAX];
    size_t count;
};

static uint64_t said_in(size_t branch, size_t at)
{
    return 100 * (1 + branch) + at;
}

static struct forked forked_make(uint64_t seed, size_t count)
{
    struct forked k = {.f = liar_circle_create(seed), .count = count};
    const uint64_t first = hand_tip_of(k.f, LIAR, LIAR).seq + 1;
    struct memory_storage *before = memory_storage_clone(k.f->nodes[LIAR].memory);
    for (size_t branch = 0; branch < count; branch++) {
        for (size_t i = 0; i < BRANCH; i++)
            say(k.f, LIAR, said_in(branch, i));
        k.branches[branch] = liar_circle_run(k.f, LIAR, first, VL_CHUNK_ENTRIES_MAX);
        liar_circle_turn_back(k.f, before);
    }
    memory_storage_destroy(before);
    return k;
}

static void forked_end(struct forked *k)
{
    for (size_t branch = 0; branch < k->count; branch++)
        entry_run_finish(&k->branches[branch]);
    circle_fixture_destroy(k->f);
}

static void give_branch(struct forked *k, size_t to, size_t branch, size_t without)
{
    struct entry_run *run = &k->branches[branch];
    const struct vl_bytes blob = run->items[LEFT_OUT].blob;
    if (without == LEFT_OUT) run->items[LEFT_OUT].blob = vl_bytes(NULL, 0);
    liar_circle_give(k->f, to, run);
    run->items[LEFT_OUT].blob = blob;
}

/* Each lacks a blob of another branch, beyond what is live, where nobody gives it: each claims what
 * the other lacks, and neither may ask for ever. */
static void two_who_each_lack_a_blob_of_a_branch_come_to_rest(void **state)
{
    (void)state;
    struct forked k = forked_make(901, 2);
    struct session_pair pair;
    give_branch(&k, ME, 0, LEFT_OUT);
    give_branch(&k, ME, 1, ALL_BLOBS);
    give_branch(&k, FRIEND, 0, ALL_BLOBS);
    give_branch(&k, FRIEND, 1, LEFT_OUT);
    hand_write_one(k.f, OUT, 30);
    (void)circle_fixture_pull(k.f, ME, OUT);
    session_pair_init(&pair, k.f, ME, FRIEND);
    assert_rests(&pair);
    session_pair_finish(&pair);
    forked_end(&k);
}

/* The same after each wrote upon a branch that both have, and again while they live. */
static void two_who_each_lack_a_blob_of_a_branch_come_to_rest_after_they_wrote(void **state)
{
    (void)state;
    struct forked k = forked_make(902, 3);
    struct session_pair pair;
    for (size_t branch = 0; branch < 3; branch++) {
        give_branch(&k, ME, branch, branch == 1 ? LEFT_OUT : ALL_BLOBS);
        give_branch(&k, FRIEND, branch, branch == 2 ? LEFT_OUT : ALL_BLOBS);
    }
    hand_write_one(k.f, ME, 30);
    hand_write_one(k.f, FRIEND, 31);
    session_pair_init(&pair, k.f, ME, FRIEND);
    assert_rests(&pair);
    hand_write_one(k.f, ME, 32);
    hand_write_one(k.f, FRIEND, 33);
    assert_rests(&pair);
    for (uint64_t number = 30; number < 34; number++)
        assert_true(liar_circle_hears(k.f, ME, number) && liar_circle_hears(k.f, FRIEND, number));
    assert_true(liar_circle_same(k.f, ME, FRIEND));
    session_pair_finish(&pair);
    forked_end(&k);
}

/* OUT wrote upon the branch, so it is live and has an effect. ME and FRIEND lack the blob and talk
 * to each other before ME gets it from OTHER. */
static void a_blob_of_a_closed_log_that_comes_late_is_told_of(void **state)
{
    (void)state;
    struct forked k = forked_make(903, 2);
    struct circle_fixture *f = k.f;
    struct session_pair quiet, late;
    static const size_t readers[] = {ME, FRIEND, OTHER};
    struct vl_id id;
    vl_entry_id(k.branches[0].items[LEFT_OUT].header, &id);
    give_branch(&k, OUT, 0, ALL_BLOBS);
    hand_write_one(f, OUT, 30);
    struct entry_run by_out = liar_circle_last(f, OUT);
    for (size_t i = 0; i < 3; i++) {
        give_branch(&k, readers[i], 0, readers[i] == OTHER ? ALL_BLOBS : LEFT_OUT);
        liar_circle_give(f, readers[i], &by_out);
        give_branch(&k, readers[i], 1, ALL_BLOBS);
    }
    session_pair_init(&quiet, f, ME, FRIEND);
    assert_rests(&quiet);
    assert_true(is_bare(f, ME, id) && is_bare(f, FRIEND, id));
    session_pair_init(&late, f, OTHER, ME);
    assert_rests(&late);
    assert_false(is_bare(f, ME, id));
    assert_rests(&quiet);
    assert_false(is_bare(f, FRIEND, id));
    assert_true(liar_circle_hears(f, FRIEND, said_in(0, LEFT_OUT)));
    assert_true(liar_circle_same(f, FRIEND, OTHER) && liar_circle_same(f, ME, OTHER));
    session_pair_finish(&late);
    session_pair_finish(&quiet);
    assert_sound(f, FRIEND);
    entry_run_finish(&by_out);
    forked_end(&k);
}

/* The live branch comes to ME without two blobs, to FRIEND without the first. */
static void assert_branch_gives_behind(uint64_t seed, size_t dials, size_t answers)
{
    struct forked k = forked_make(seed, 2);
    struct circle_fixture *f = k.f;
    struct vl_entry *behind = &k.branches[0].items[LEFT_OUT + 2];
    const struct vl_bytes blob = behind->blob;
    static const size_t readers[] = {ME, FRIEND};
    struct vl_id id;
    vl_entry_id(behind->header, &id);
    give_branch(&k, OUT, 0, ALL_BLOBS);
    hand_write_one(f, OUT, 30);
    struct entry_run by_out = liar_circle_last(f, OUT);
    for (size_t i = 0; i < 2; i++) {
        if (readers[i] == ME) behind->blob = vl_bytes(NULL, 0);
        give_branch(&k, readers[i], 0, LEFT_OUT);
        behind->blob = blob;
        liar_circle_give(f, readers[i], &by_out);
        give_branch(&k, readers[i], 1, ALL_BLOBS);
    }
    assert_true(is_bare(f, ME, id) && !is_bare(f, FRIEND, id));
    assert_meet(f, dials, answers);
    assert_false(is_bare(f, ME, id));
    assert_true(liar_circle_same(f, ME, FRIEND));
    entry_run_finish(&by_out);
    forked_end(&k);
}

static void a_blob_of_a_closed_log_behind_one_that_both_lack_is_given(void **state)
{
    (void)state;
    assert_branch_gives_behind(904, ME, FRIEND);
    assert_branch_gives_behind(905, FRIEND, ME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_left_out_is_asked_for_again),
        cmocka_unit_test(a_blob_that_comes_late_is_told_of),
        cmocka_unit_test(a_blob_that_comes_late_with_news_is_told_of),
        cmocka_unit_test(two_who_each_lack_what_the_other_has_exchange_it),
        cmocka_unit_test(a_blob_behind_one_that_both_lack_is_given),
        cmocka_unit_test(who_asks_for_a_blob_and_sends_what_is_newer_gets_the_blob),
        cmocka_unit_test(who_asks_for_a_late_blob_and_sends_what_is_newer_gets_the_blob),
        cmocka_unit_test(a_blob_that_comes_while_a_bundle_is_written_does_no_harm),
        cmocka_unit_test(what_is_here_already_does_not_put_off_the_limit),
        cmocka_unit_test(a_claim_is_asked_for_once),
        cmocka_unit_test(two_who_each_lack_a_blob_of_a_branch_come_to_rest),
        cmocka_unit_test(two_who_each_lack_a_blob_of_a_branch_come_to_rest_after_they_wrote),
        cmocka_unit_test(a_blob_of_a_closed_log_that_comes_late_is_told_of),
        cmocka_unit_test(a_blob_of_a_closed_log_behind_one_that_both_lack_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
