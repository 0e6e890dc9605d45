/* Sessions over logs that were forked: what waits for something else, what is let go, and when two
 * say that they have the same. */
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/forged_entry.h"
#include "tests/support/session_world.h"

enum { PEER, HONEST, ME, LIAR };

/* I have two branches of the liar's log. The third entry of another one links to what an honest
 * member wrote and I do not have. */
struct scene {
    struct circle_fixture *f;
    struct vl_session *s;
    struct chunk *link, *cited_by; /* of the honest member; of the peer, who has read it */
    struct entry_run third;
    struct vl_head begin; /* where its first entry stands, and the one before */
    size_t before;        /* entries that I have */
};

static struct scene scene_make(void)
{
    struct scene s = {.f = circle_fixture_create(4, 52)};
    for (size_t i = 0; i < 4; i++)
        hand_write_one(s.f, i, i);
    circle_fixture_sync_all(s.f);
    uint64_t first = hand_tip_of(s.f, ME, LIAR).seq + 1;
    hand_write_one(s.f, LIAR, 30);
    (void)circle_fixture_pull(s.f, ME, LIAR);
    struct vl_head tip = hand_tip_of(s.f, ME, LIAR);
    struct entry_run like = circle_fixture_run(s.f, ME, &tip.log, first, 1);
    struct entry_run second = forged_branch(s.f, LIAR, &like.items[0], 1, 2, NULL);
    size_t stored;
    assert_int_equal(vl_replica_receive(s.f->nodes[ME].replica, second.items, 2, &stored), VL_OK);
    hand_write_one(s.f, HONEST, 10);
    (void)circle_fixture_pull(s.f, PEER, HONEST);
    hand_write_one(s.f, PEER, 0);
    struct vl_head link = hand_tip_of(s.f, HONEST, HONEST), cited_by = hand_tip_of(s.f, PEER, PEER);
    struct entry_run of = circle_fixture_run(s.f, HONEST, &link.log, link.seq, 1);
    s.third = forged_branch(s.f, LIAR, &like.items[0], 2, 5, &of.items[0]);
    s.link = hand_chunk_of(s.f, HONEST, HONEST, link.seq, 1);
    s.cited_by = hand_chunk_of(s.f, PEER, PEER, cited_by.seq, 1);
    struct vl_entry_header header;
    assert_int_equal(vl_entry_header_decode(like.items[0].header, &header), VL_OK);
    s.begin = (struct vl_head){.log = tip.log, .seq = first, .id = header.prev};
    entry_run_finish(&like);
    entry_run_finish(&second);
    entry_run_finish(&of);
    s.s = hand_opened(s.f, ME, PEER);
    s.before = hand_entries_of(s.f, ME);
    return s;
}

static void scene_end(struct scene *s)
{
    assert_int_equal(vl_session_error(s->s), VL_OK);
    vl_session_destroy(s->s);
    chunk_destroy(s->link);
    chunk_destroy(s->cited_by);
    entry_run_finish(&s->third);
    circle_fixture_destroy(s->f);
}

/* Entries [from..to) of the third branch; `drained`: and nothing more comes. */
static void give_last(struct scene *s, size_t from, size_t to, bool drained)
{
    struct chunk *c = NULL;
    struct vl_id prev = s->begin.id;
    if (from > 0) vl_entry_id(s->third.items[from - 1].header, &prev);
    assert_int_equal(chunk_create(&c, &s->begin.log, s->begin.seq + from, &prev), VL_OK);
    for (size_t i = from; i < to; i++)
        assert_int_equal(chunk_append(c, &s->third.items[i]), VL_OK);
    assert_int_equal(hand_give_chunk(s->s, c, drained), VL_OK);
    chunk_destroy(c);
}

static void give_third(struct scene *s, size_t from, size_t to)
{
    give_last(s, from, to, false);
}

static bool same_heads(struct circle_fixture *f, size_t a, size_t b)
{
    struct vl_id one, other;
    vl_replica_heads_digest(f->nodes[a].replica, &one);
    vl_replica_heads_digest(f->nodes[b].replica, &other);
    return vl_id_equal(&one, &other);
}

static size_t waiting(const struct scene *s)
{
    return vl_session_counts_of(s->s).waiting;
}

static size_t taken(const struct scene *s)
{
    return hand_entries_of(s->f, ME) - s->before;
}

/* ---- what waits ---- */

static void a_branch_waits_for_what_it_links_to(void **state)
{
    (void)state;
    struct scene s = scene_make();
    give_third(&s, 0, 3);
    assert_int_equal(taken(&s), 2);
    assert_int_equal(waiting(&s), 1);
    give_third(&s, 3, 5); /* goes on from what waits */
    assert_int_equal(waiting(&s), 3);
    assert_int_equal(hand_give_chunk(s.s, s.link, false), VL_OK);
    assert_int_equal(taken(&s), 6);
    assert_int_equal(waiting(&s), 0);
    scene_end(&s);
}

/* The peer has said it twice; one of them is enough. */
static void what_comes_twice_is_taken_once(void **state)
{
    (void)state;
    struct scene s = scene_make();
    give_third(&s, 0, 3);
    give_third(&s, 2, 3);
    assert_int_equal(waiting(&s), 2);
    assert_int_equal(hand_give_chunk(s.s, s.link, false), VL_OK);
    assert_int_equal(taken(&s), 4);
    assert_int_equal(waiting(&s), 0);
    scene_end(&s);
}

/* The peer sends nothing more: it is forgotten, and no fault of the peer's. When it comes again it
 * is taken. */
static void what_waits_of_a_closed_log_is_let_go(void **state)
{
    (void)state;
    for (unsigned burst = 0; burst < 2; burst++) {
        struct scene s = scene_make();
        if (burst == 1) assert_int_equal(hand_give_drained(s.s), VL_OK);
        give_last(&s, 0, 3, burst == 1);
        if (burst == 0) assert_int_equal(waiting(&s), 1);
        if (burst == 0) assert_int_equal(hand_give_drained(s.s), VL_OK);
        (void)hand_drain(s.s);
        assert_int_equal(waiting(&s), 0);
        assert_int_equal(taken(&s), 2);
        assert_int_equal(hand_give_chunk(s.s, s.link, false), VL_OK);
        assert_int_equal(taken(&s), 3);
        give_third(&s, 0, 5);
        assert_int_equal(taken(&s), 6);
        scene_end(&s);
    }
}

/* Of an open log it is asked for: the peer has it, and once more everything is compared. */
static void what_waits_of_an_open_log_is_asked_for(void **state)
{
    (void)state;
    struct scene s = scene_make();
    struct vl_buffer message = {0};
    assert_int_equal(hand_give_drained(s.s), VL_OK);
    (void)hand_drain(s.s);
    assert_int_equal(hand_give_chunk(s.s, s.cited_by, true), VL_OK);
    assert_int_equal(vl_session_next(s.s, &message, HAND_START), VL_OK);
    assert_int_equal(message.data[0], MESSAGE_HEADS);
    vl_buffer_finish(&message);
    assert_int_equal(hand_give_chunk(s.s, s.link, false), VL_OK);
    assert_int_equal(hand_give_chunk(s.s, s.cited_by, true), VL_OK);
    assert_int_equal(taken(&s), 2);
    scene_end(&s);
}

/* What a peer writes upon a branch that it never shows cannot be read here: it is given up, the
 * peer's log with it, and nothing else is. */
static void what_rests_on_a_hidden_branch_is_given_up(void **state)
{
    (void)state;
    struct scene s = scene_make();
    struct fixture_node *peer = &s.f->nodes[PEER];
    size_t stored;
    assert_int_equal(vl_replica_receive(peer->replica, s.third.items, 2, &stored), VL_OK);
    uint64_t first = hand_tip_of(s.f, PEER, PEER).seq + 1;
    hand_write_one(s.f, PEER, 1); /* upon the branch */
    hand_write_one(s.f, PEER, 2);
    struct chunk *upon = hand_chunk_of(s.f, PEER, PEER, first, 1);
    struct chunk *after = hand_chunk_of(s.f, PEER, PEER, first + 1, 1);
    assert_int_equal(hand_give_chunk(s.s, s.link, false), VL_OK);
    (void)hand_drain(s.s);
    assert_int_equal(hand_give_drained(s.s), VL_OK); /* the round that brought the link */
    assert_int_equal(hand_give_chunk(s.s, s.cited_by, true), VL_OK);
    assert_int_equal(taken(&s), 2);
    assert_int_equal(hand_give_chunk(s.s, upon, true), VL_OK);
    (void)hand_drain(s.s); /* asks once more */
    assert_int_equal(hand_give_chunk(s.s, upon, false), VL_OK);
    assert_int_equal(hand_give_drained(s.s), VL_OK);
    assert_int_equal(waiting(&s), 0);
    assert_int_equal(hand_give_chunk(s.s, after, true), VL_OK);
    (void)hand_drain(s.s);
    assert_int_equal(waiting(&s), 0);
    assert_int_equal(taken(&s), 2);
    hand_write_one(s.f, HONEST, 11);
    struct vl_head tip = hand_tip_of(s.f, HONEST, HONEST);
    struct chunk *other = hand_chunk_of(s.f, HONEST, HONEST, tip.seq, 1);
    assert_int_equal(hand_give_chunk(s.s, other, true), VL_OK);
    assert_int_equal(taken(&s), 3);
    chunk_destroy(upon);
    chunk_destroy(after);
    chunk_destroy(other);
    scene_end(&s);
}

static bool asks_at(struct scene *s, uint64_t ms)
{
    struct vl_buffer message = {0};
    bool asks = false;
    while (vl_session_next(s->s, &message, (vl_instant){HAND_START.ms + ms}) == VL_OK)
        asks = asks || message.data[0] == MESSAGE_HEADS;
    vl_buffer_finish(&message);
    return asks;
}

/* The branch comes after all: what rests on it is asked for again, not at once. */
static void what_was_given_up_is_asked_for_again(void **state)
{
    (void)state;
    struct scene s = scene_make();
    size_t stored;
    assert_int_equal(vl_replica_receive(s.f->nodes[PEER].replica, s.third.items, 2, &stored),
                     VL_OK);
    uint64_t first = hand_tip_of(s.f, PEER, PEER).seq + 1;
    hand_write_one(s.f, PEER, 1); /* upon the branch */
    struct chunk *upon = hand_chunk_of(s.f, PEER, PEER, first, 1);
    assert_int_equal(hand_give_chunk(s.s, s.link, false), VL_OK);
    (void)hand_drain(s.s);
    assert_int_equal(hand_give_drained(s.s), VL_OK);
    assert_int_equal(hand_give_chunk(s.s, s.cited_by, true), VL_OK);
    for (int round = 0; round < 2; round++) { /* it is asked for once more, and given up then */
        assert_int_equal(hand_give_chunk(s.s, upon, round == 0), VL_OK);
        if (round == 1) assert_int_equal(hand_give_drained(s.s), VL_OK);
        (void)hand_drain(s.s);
    }
    assert_false(asks_at(&s, VL_PENDING_AGAIN_MS)); /* nothing came */
    give_third(&s, 0, 2);
    (void)hand_drain(s.s);
    assert_false(asks_at(&s, VL_PENDING_AGAIN_MS - 1));
    assert_true(asks_at(&s, VL_PENDING_AGAIN_MS));
    assert_int_equal(hand_give_chunk(s.s, upon, true), VL_OK);
    bool has = false;
    assert_int_equal(vl_replica_has(s.f->nodes[ME].replica, chunk_tip(upon), &has), VL_OK);
    assert_true(has);
    chunk_destroy(upon);
    scene_end(&s);
}

/* ---- when two have the same ---- */

static vl_result keep_proof(void *context, const struct vl_fork *fork)
{
    return vl_buffer_append(context, fork->proof.data, fork->proof.size);
}

/* Who knows of a fork by its proof alone, and lacks nothing else, asks for the branches. */
static void branches_are_asked_for_by_equals(void **state)
{
    (void)state;
    struct scene s = scene_make();
    struct vl_buffer proof = {0};
    struct session_pair pair;
    (void)circle_fixture_pull(s.f, ME, PEER);
    (void)circle_fixture_pull(s.f, ME, HONEST);
    (void)circle_fixture_pull(s.f, HONEST, PEER);
    assert_int_equal(vl_replica_forks(s.f->nodes[ME].replica, keep_proof, &proof), VL_OK);
    assert_int_equal(vl_replica_fork_learn(s.f->nodes[HONEST].replica, vl_buffer_view(&proof)),
                     VL_OK);
    assert_true(same_heads(s.f, ME, HONEST));
    assert_int_equal(hand_entries_of(s.f, HONEST) + 3, hand_entries_of(s.f, ME));
    session_pair_init(&pair, s.f, ME, HONEST);
    session_pair_run(&pair);
    assert_true(vl_session_in_sync(pair.sides[0]) && vl_session_in_sync(pair.sides[1]));
    assert_int_equal(hand_entries_of(s.f, HONEST), hand_entries_of(s.f, ME));
    assert_true(same_heads(s.f, ME, HONEST));
    session_pair_finish(&pair);
    vl_buffer_finish(&proof);
    scene_end(&s);
}

/* Message by message: whenever both say so they have the same. */
static void run_watched(struct session_world *w, struct session_pair *pair, size_t a, size_t b)
{
    for (bool any = true; any;) {
        any = false;
        for (size_t side = 0; side < 2; side++) {
            any |= session_pair_carry(pair, side);
            assert_int_equal(vl_session_error(pair->sides[side]), VL_OK);
            if (vl_session_in_sync(pair->sides[0]) && vl_session_in_sync(pair->sides[1]))
                assert_true(same_heads(w->f, a, b));
        }
    }
    assert_true(vl_session_in_sync(pair->sides[0]) && vl_session_in_sync(pair->sides[1]));
    assert_true(same_heads(w->f, a, b));
}

static void in_sync_is_said_of_equals(void **state)
{
    (void)state;
    static const size_t pairs[][3] = {{0, 1, 2}, {5, 0, 2}, {0, 2, 5}, {1, 2, 0}, {2, 5, 0}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const size_t a = pairs[i][0], b = pairs[i][1], third = pairs[i][2];
        struct session_world *w = session_world_create_branches(NULL);
        struct session_pair pair;
        session_pair_init(&pair, w->f, a, b);
        run_watched(w, &pair, a, b);
        hand_write_one(w->f, b, 70);
        run_watched(w, &pair, a, b);
        struct session_pair other; /* b hears of other branches while it talks to a */
        session_pair_init(&other, w->f, b, third);
        session_pair_run(&other);
        session_pair_finish(&other);
        run_watched(w, &pair, a, b);
        hand_write_one(w->f, b, 71);
        run_watched(w, &pair, a, b);
        session_pair_finish(&pair);
        session_world_destroy(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_branch_waits_for_what_it_links_to),
        cmocka_unit_test(what_comes_twice_is_taken_once),
        cmocka_unit_test(what_waits_of_a_closed_log_is_let_go),
        cmocka_unit_test(what_waits_of_an_open_log_is_asked_for),
        cmocka_unit_test(what_rests_on_a_hidden_branch_is_given_up),
        cmocka_unit_test(what_was_given_up_is_asked_for_again),
        cmocka_unit_test(branches_are_asked_for_by_equals),
        cmocka_unit_test(in_sync_is_said_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
