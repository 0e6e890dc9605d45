/* Entries that wait for their links: kept in bounds, asked for again, nothing lost. */
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20260202u

/* Node 1 writes x, node 0 sees it and writes `count` entries; node 2 has neither. The chunks of
 * both logs as node 0 has them. */
static struct chunk **waiting_chunks(struct circle_fixture *f, size_t count, size_t *chunks,
                                     struct chunk **link)
{
    struct vl_head before = hand_tip_of(f, 0, 0);
    hand_write_one(f, 1, 9000);
    struct vl_head x = hand_tip_of(f, 1, 1);
    *link = hand_chunk_of(f, 1, 1, x.seq, 1);
    (void)circle_fixture_pull(f, 0, 1);
    for (uint64_t i = 0; i < count; i++)
        hand_write_one(f, 0, i);
    struct chunk **list = calloc(count + 1, sizeof *list);
    assert_non_null(list);
    *chunks = 0;
    for (size_t done = 0; done < count;) {
        struct chunk *c = hand_chunk_of(f, 0, 0, before.seq + 1 + done, VL_CHUNK_ENTRIES_MAX);
        done += c->count;
        list[(*chunks)++] = c;
    }
    return list;
}

static void chunks_destroy(struct chunk **list, size_t count, struct chunk *link)
{
    for (size_t i = 0; i < count; i++)
        chunk_destroy(list[i]);
    free(list);
    chunk_destroy(link);
}

static void entries_wait_for_their_links(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t chunks = 0;
    struct chunk *link = NULL;
    struct chunk **list = waiting_chunks(f, 600, &chunks, &link);
    struct vl_session *s = hand_opened(f, 2, 0);
    for (size_t i = 0; i < chunks; i++)
        assert_int_equal(hand_give_chunk(s, list[i], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 600);
    assert_int_equal(vl_session_counts_of(s).entries_received, 0);
    assert_false(vl_session_in_sync(s));
    /* The link arrives: all follows at once. */
    assert_int_equal(hand_give_chunk(s, link, true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(vl_session_counts_of(s).entries_received, 601);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0));
    vl_session_destroy(s);
    chunks_destroy(list, chunks, link);
    circle_fixture_destroy(f);
}

static void links_may_come_from_somebody_else(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t chunks = 0;
    struct chunk *link = NULL;
    struct chunk **list = waiting_chunks(f, 20, &chunks, &link);
    struct vl_session *s = hand_opened(f, 2, 0);
    assert_int_equal(hand_give_chunk(s, list[0], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 20);
    (void)circle_fixture_pull(f, 2, 1);
    (void)hand_drain(s);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0));
    vl_session_destroy(s);
    chunks_destroy(list, chunks, link);
    circle_fixture_destroy(f);
}

/* A round in which another session brought the links is no round without news. */
static void a_slow_round_is_no_fault(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t chunks = 0;
    struct chunk *link = NULL;
    struct chunk **list = waiting_chunks(f, 20, &chunks, &link);
    struct vl_session *s = fixture_session(f, 2, 0, false, HAND_START);
    session_limit_pending(s, 4);
    assert_int_equal(hand_give_hello(s, false), VL_OK);
    assert_int_equal(hand_give_heads(s, NULL, 0), VL_OK);
    (void)hand_drain(s);
    assert_int_equal(hand_give_chunk(s, list[0], true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0); /* dropped: more than may wait */
    (void)circle_fixture_pull(f, 2, 1);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_true(hand_drain(s) >= 1); /* HEADS */
    assert_int_equal(hand_give_chunk(s, list[0], true), VL_OK);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0));
    vl_session_destroy(s);
    chunks_destroy(list, chunks, link);
    circle_fixture_destroy(f);
}

static void a_peer_that_never_delivers_the_links(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t chunks = 0;
    struct chunk *link = NULL;
    struct chunk **list = waiting_chunks(f, 20, &chunks, &link);
    struct vl_session *s = hand_opened(f, 2, 0);
    assert_int_equal(hand_give_chunk(s, list[0], true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 20);
    assert_int_equal(hand_give_drained(s), VL_ERR_LIMIT);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    vl_session_destroy(s);
    chunks_destroy(list, chunks, link);
    circle_fixture_destroy(f);
}

/* One more than may wait: dropped, asked for again, and nothing lost in the end. */
static void what_waits_is_bounded(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t chunks = 0;
    struct chunk *link = NULL;
    struct chunk **list = waiting_chunks(f, VL_PENDING_ENTRIES_MAX + 1, &chunks, &link);
    struct vl_session *s = hand_opened(f, 2, 0);
    for (size_t i = 0; i + 1 < chunks; i++)
        assert_int_equal(hand_give_chunk(s, list[i], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, VL_PENDING_ENTRIES_MAX);
    assert_int_equal(hand_give_chunk(s, list[chunks - 1], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, VL_PENDING_ENTRIES_MAX);
    assert_int_equal(hand_give_chunk(s, link, false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0) - 1);

    /* The peer has drained: the last one is asked for by HEADS. */
    uint64_t rounds = vl_session_counts_of(s).round_trips;
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_int_equal(vl_session_counts_of(s).round_trips, rounds + 1);
    assert_true(hand_drain(s) >= 1);
    assert_int_equal(hand_give_chunk(s, list[chunks - 1], true), VL_OK);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0));
    vl_session_destroy(s);
    chunks_destroy(list, chunks, link);
    circle_fixture_destroy(f);
}

static void bytes_that_wait_are_bounded(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    hand_write_one(f, 1, 9000);
    (void)circle_fixture_pull(f, 0, 1);
    uint64_t first = hand_tip_of(f, 0, 0).seq + 1;
    char *text = malloc(24001);
    assert_non_null(text);
    memset(text, 'x', 24000);
    text[24000] = 0;
    for (uint64_t i = 0; i < 180; i++) { /* of about 24 kB each: more than 4 MiB */
        struct vl_record_id record = fixture_record(i);
        circle_fixture_add_element(f, 0, 1, &record, 3, text);
    }
    free(text);
    struct vl_session *s = hand_opened(f, 2, 0);
    size_t dropped = 0;
    uint64_t last = hand_tip_of(f, 0, 0).seq;
    for (uint64_t seq = first; seq <= last;) {
        struct chunk *c = hand_chunk_of(f, 0, 0, seq, VL_CHUNK_ENTRIES_MAX);
        size_t before = vl_session_counts_of(s).waiting;
        seq += c->count;
        assert_int_equal(hand_give_chunk(s, c, false), VL_OK);
        if (vl_session_counts_of(s).waiting == before) dropped += c->count;
        chunk_destroy(c);
    }
    assert_true(dropped > 0);
    assert_true(vl_session_counts_of(s).waiting * 24000 <= VL_PENDING_BYTES_MAX);
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

static void a_gap_without_a_reason_is_refused(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    for (uint64_t i = 0; i < 4; i++)
        hand_write_one(f, 0, i);
    struct chunk *c = hand_chunk_of(f, 0, 0, hand_tip_of(f, 1, 0).seq + 2, 1);
    struct vl_session *s = hand_opened(f, 1, 0);
    assert_int_equal(hand_give_drained(s), VL_OK); /* nothing of mine is on its way any more */
    assert_int_equal(hand_give_chunk(s, c, false), VL_ERR_GAP);
    vl_session_destroy(s);
    chunk_destroy(c);
    circle_fixture_destroy(f);
}

/* What was pushed before the peer knew where I stand waits, and fills all the room there is; what
 * comes before it in the same log is taken all the same, or nothing would ever be. */
static void what_comes_before_is_not_held_up(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, SEED);
    uint64_t first = hand_tip_of(f, 2, 0).seq + 1;
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(f, 0, i);
    size_t chunks = 0;
    struct chunk *link = NULL;
    struct chunk *before = hand_chunk_of(f, 0, 0, first, 3);
    struct chunk **list = waiting_chunks(f, 4, &chunks, &link);
    (void)circle_fixture_pull(f, 3, 1);
    hand_write_one(f, 3, 9001); /* links to x as well */
    struct vl_head other = hand_tip_of(f, 3, 3);
    struct chunk *beside = hand_chunk_of(f, 3, 3, other.seq, 1);

    struct vl_session *s = fixture_session(f, 2, 0, false, HAND_START);
    session_limit_pending(s, 5);
    assert_int_equal(hand_give_hello(s, false), VL_OK);
    assert_int_equal(hand_give_heads(s, NULL, 0), VL_OK);
    (void)hand_drain(s);
    assert_int_equal(hand_give_chunk(s, beside, false), VL_OK);
    assert_int_equal(hand_give_chunk(s, list[0], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 5);
    assert_int_equal(hand_give_chunk(s, before, false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).entries_received, 3);
    assert_int_equal(hand_give_chunk(s, link, true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).entries_received, 9);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0) + 1);
    vl_session_destroy(s);
    chunk_destroy(beside);
    chunk_destroy(before);
    chunks_destroy(list, chunks, link);
    circle_fixture_destroy(f);
}

/* More logs wait for one entry than are given to the copy at a time. */
static void many_logs_wait_at_once(void **state)
{
    (void)state;
    const size_t persons = 70, me = persons - 1;
    struct circle_fixture *f = circle_fixture_create(persons, SEED);
    hand_write_one(f, 1, 9000);
    struct vl_head x = hand_tip_of(f, 1, 1);
    struct chunk *link = hand_chunk_of(f, 1, 1, x.seq, 1);
    struct vl_session *s = hand_opened(f, me, 0);
    size_t before = hand_entries_of(f, me);
    for (size_t i = 2; i < me; i++) {
        (void)circle_fixture_pull(f, i, 1);
        hand_write_one(f, i, i);
        struct vl_head tip = hand_tip_of(f, i, i);
        struct chunk *c = hand_chunk_of(f, i, i, tip.seq, 1);
        assert_int_equal(hand_give_chunk(s, c, false), VL_OK);
        chunk_destroy(c);
    }
    assert_int_equal(vl_session_counts_of(s).waiting, me - 2);
    assert_int_equal(hand_give_chunk(s, link, true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(hand_entries_of(f, me), before + me - 1);
    vl_session_destroy(s);
    chunk_destroy(link);
    circle_fixture_destroy(f);
}

/* Chunks of one log that are more together than the copy takes in one run. */
static void large_chunks_follow_one_another(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    hand_write_one(f, 1, 9000);
    struct vl_head x = hand_tip_of(f, 1, 1);
    struct chunk *link = hand_chunk_of(f, 1, 1, x.seq, 1);
    (void)circle_fixture_pull(f, 0, 1);
    uint64_t first = hand_tip_of(f, 0, 0).seq + 1;
    char text[24001];
    memset(text, 'x', 24000);
    text[24000] = 0;
    for (uint64_t i = 0; i < 24; i++) {
        struct vl_record_id record = fixture_record(i);
        circle_fixture_add_element(f, 0, 1, &record, 3, text);
    }
    struct vl_session *s = hand_opened(f, 2, 0);
    for (uint64_t seq = first; seq < first + 24; seq += 8) {
        struct chunk *c = hand_chunk_of(f, 0, 0, seq, 8);
        assert_int_equal(hand_give_chunk(s, c, false), VL_OK);
        chunk_destroy(c);
    }
    assert_int_equal(vl_session_counts_of(s).waiting, 24);
    assert_int_equal(hand_give_chunk(s, link, true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0));
    vl_session_destroy(s);
    chunk_destroy(link);
    circle_fixture_destroy(f);
}

/* What begins with an entry that is taken may stand over the limit, until that entry is taken: then
 * the rest of it goes, and is asked for again. */
static void what_begins_well_is_held_to_the_limit_afterwards(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, SEED);
    hand_write_one(f, 1, 9000);
    struct vl_head x = hand_tip_of(f, 1, 1);
    struct chunk *link = hand_chunk_of(f, 1, 1, x.seq, 1);
    (void)circle_fixture_pull(f, 3, 1);
    for (uint64_t i = 0; i < 2; i++)
        hand_write_one(f, 3, 30 + i);
    struct vl_head other = hand_tip_of(f, 3, 3);
    struct chunk *waits = hand_chunk_of(f, 3, 3, other.seq - 1, 2);
    uint64_t first = hand_tip_of(f, 0, 0).seq + 1;
    hand_write_one(f, 0, 1); /* links to nothing new */
    (void)circle_fixture_pull(f, 0, 1);
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(f, 0, 10 + i);
    struct chunk *begins = hand_chunk_of(f, 0, 0, first, 4);

    struct vl_session *s = fixture_session(f, 2, 0, false, HAND_START);
    session_limit_pending(s, 4);
    assert_int_equal(hand_give_hello(s, false), VL_OK);
    assert_int_equal(hand_give_heads(s, NULL, 0), VL_OK);
    (void)hand_drain(s);
    assert_int_equal(hand_give_chunk(s, waits, false), VL_OK);
    assert_int_equal(hand_give_chunk(s, begins, false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).entries_received, 1);
    assert_true(vl_session_counts_of(s).waiting <= 4);
    assert_int_equal(hand_give_chunk(s, link, true), VL_OK);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_true(hand_drain(s) >= 1); /* HEADS: the rest is asked for */
    chunk_destroy(begins);
    begins = hand_chunk_of(f, 0, 0, first + 1, 3);
    assert_int_equal(hand_give_chunk(s, begins, true), VL_OK);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_int_equal(hand_entries_of(f, 2), hand_entries_of(f, 0) + 2);
    vl_session_destroy(s);
    chunk_destroy(waits);
    chunk_destroy(begins);
    chunk_destroy(link);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_wait_for_their_links),
        cmocka_unit_test(links_may_come_from_somebody_else),
        cmocka_unit_test(a_slow_round_is_no_fault),
        cmocka_unit_test(a_peer_that_never_delivers_the_links),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(bytes_that_wait_are_bounded),
        cmocka_unit_test(a_gap_without_a_reason_is_refused),
        cmocka_unit_test(what_comes_before_is_not_held_up),
        cmocka_unit_test(many_logs_wait_at_once),
        cmocka_unit_test(large_chunks_follow_one_another),
        cmocka_unit_test(what_begins_well_is_held_to_the_limit_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
