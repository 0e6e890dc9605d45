/* What a sync session does between honest nodes. */
#include "tests/support/session_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20260101u

static void write_many(struct circle_fixture *f, size_t node, size_t count, size_t text_size)
{
    char *text = malloc(text_size + 1);
    assert_non_null(text);
    memset(text, 'a' + (int)node, text_size);
    text[text_size] = 0;
    for (size_t i = 0; i < count; i++) {
        struct vl_record_id record = fixture_record(1000 * node + i);
        circle_fixture_add_element(f, node, 1, &record, 3, text);
    }
    free(text);
}

static size_t entries_of(struct circle_fixture *f, size_t node)
{
    return memory_storage_entry_count(f->nodes[node].memory);
}

static void assert_live(const struct session_pair *pair)
{
    for (size_t side = 0; side < 2; side++) {
        assert_int_equal(vl_session_error(pair->sides[side]), VL_OK);
        assert_int_equal(vl_session_state_of(pair->sides[side]), VL_SESSION_LIVE);
        assert_true(vl_session_in_sync(pair->sides[side]));
        assert_int_equal(vl_session_counts_of(pair->sides[side]).waiting, 0);
    }
}

/* ---- comparing ---- */

static void equal_copies_end_with_one_hash(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(10, SEED);
    for (size_t i = 0; i < 10; i++)
        write_many(f, i, 3, 20);
    circle_fixture_sync_all(f);
    struct session_pair pair;
    session_pair_init(&pair, f, 3, 7);
    session_pair_run(&pair);
    assert_live(&pair);
    for (size_t side = 0; side < 2; side++) {
        struct vl_session_counts counts = vl_session_counts_of(pair.sides[side]);
        assert_true(counts.bytes_sent <= 324);
        assert_int_equal(counts.round_trips, 1);
        assert_int_equal(counts.entries_sent, 0);
        assert_int_equal(counts.entries_received, 0);
    }
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

static void both_get_what_they_lack(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, SEED);
    for (size_t i = 0; i < 4; i++)
        write_many(f, i, 5 + i, 40);
    circle_fixture_pull(f, 0, 2);
    circle_fixture_pull(f, 1, 3);
    size_t before[2] = {entries_of(f, 0), entries_of(f, 1)};
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 1);
    session_pair_run(&pair);
    assert_live(&pair);
    assert_int_equal(entries_of(f, 0), entries_of(f, 1));
    for (size_t side = 0; side < 2; side++) {
        struct vl_session_counts counts = vl_session_counts_of(pair.sides[side]);
        size_t got = entries_of(f, side) - before[side];
        /* One exchange of hashes, one of heads: then the entries are on their way. */
        assert_int_equal(counts.round_trips, 2);
        assert_int_equal(counts.entries_received, got);
        assert_int_equal(vl_session_counts_of(pair.sides[1 - side]).entries_sent, got);
    }
    session_pair_finish(&pair);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

/* Entries of two logs that alternate: each links to the last of the other. */
static void interleaved_logs_wait_for_one_another(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    for (size_t i = 0; i < 60; i++) {
        write_many(f, i % 2, 1, 10);
        circle_fixture_pull(f, 1 - i % 2, i % 2);
    }
    circle_fixture_pull(f, 0, 1);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 2);
    session_pair_run(&pair);
    assert_live(&pair);
    assert_int_equal(entries_of(f, 0), entries_of(f, 2));
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

static void a_chunk_goes_over_several_messages(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    write_many(f, 0, 300, 900); /* about 300 kB: two chunks, each of several messages */
    write_many(f, 0, 4, 20000);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 1);
    session_pair_run(&pair);
    assert_live(&pair);
    assert_true(pair.messages[0] > 6);
    assert_true(circle_fixture_agree(f));
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* ---- live ---- */

static void new_entries_go_out_at_once_and_not_back(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    struct session_pair ab;
    struct session_pair bc;
    session_pair_init(&ab, f, 0, 1);
    session_pair_init(&bc, f, 1, 2);
    session_pair_run(&ab);
    session_pair_run(&bc);
    assert_live(&ab);
    assert_live(&bc);

    size_t before = entries_of(f, 0);
    write_many(f, 0, 3, 30);
    size_t written = entries_of(f, 0) - before;
    assert_false(vl_session_in_sync(ab.sides[0]));
    session_pair_run(&ab);
    session_pair_run(&bc);
    session_pair_run(&ab);
    assert_live(&ab);
    assert_live(&bc);
    assert_true(circle_fixture_agree(f));
    assert_int_equal(vl_session_counts_of(ab.sides[0]).entries_sent, written);
    assert_int_equal(vl_session_counts_of(ab.sides[1]).entries_sent, 0);
    assert_int_equal(vl_session_counts_of(bc.sides[0]).entries_sent, written);
    assert_int_equal(vl_session_counts_of(bc.sides[1]).entries_sent, 0);
    session_pair_finish(&ab);
    session_pair_finish(&bc);
    circle_fixture_destroy(f);
}

/* In a triangle what I got from a third is not sent to whoever says that she has it. */
static void have_spares_the_third_side(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    struct session_pair ab;
    struct session_pair bc;
    session_pair_init(&ab, f, 0, 1);
    session_pair_init(&bc, f, 1, 2);
    session_pair_run(&ab);
    session_pair_run(&bc);
    write_many(f, 0, 20, 30);
    session_pair_run(&ab);
    (void)circle_fixture_pull(f, 2, 0);
    /* Both have all of it; one push may cross, but never both ways. */
    session_pair_run(&bc);
    assert_live(&bc);
    uint64_t sent = vl_session_counts_of(bc.sides[0]).entries_sent +
                    vl_session_counts_of(bc.sides[1]).entries_sent;
    assert_true(sent <= 20);
    session_pair_finish(&ab);
    session_pair_finish(&bc);
    circle_fixture_destroy(f);
}

/* ---- who is a member ---- */

static void a_newcomer_asks_for_a_proof(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    write_many(f, 0, 10, 30);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    struct session_pair pair;
    session_pair_init(&pair, f, newcomer, 0);
    session_pair_run(&pair);
    assert_live(&pair);
    struct vl_id a = circle_fixture_digest(f, 0);
    struct vl_id b = circle_fixture_digest(f, newcomer);
    assert_true(vl_id_equal(&a, &b));
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

static void a_newcomer_expects_who_invited_her(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t newcomer = circle_fixture_stranger(f);
    size_t nobody = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    struct session_pair pair = {.now = {1000}};
    struct vl_session_config config = {.replica = f->nodes[newcomer].replica,
                                       .expect_newcomer = true,
                                       .expect_sign = f->nodes[nobody].keys->card.sign};
    memcpy(config.peer_noise, f->nodes[0].keys->card.noise, sizeof config.peer_noise);
    assert_int_equal(vl_session_create(&pair.sides[0], &config, pair.now), VL_OK);
    pair.sides[1] = fixture_session(f, 0, newcomer, false, pair.now);
    session_pair_run(&pair);
    assert_int_equal(vl_session_error(pair.sides[0]), VL_ERR_AUTHORITY);
    assert_int_equal(entries_of(f, newcomer), 0);
    session_pair_finish(&pair);

    /* An empty copy that does not know it is a newcomer's has nothing to judge anybody by. */
    struct vl_session *session = NULL;
    config.expect_newcomer = false;
    assert_int_equal(vl_session_create(&session, &config, pair.now), VL_ERR_STATE);
    circle_fixture_destroy(f);
}

static void a_newcomer_refuses_another_circle(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct circle_fixture *other = circle_fixture_create(2, SEED + 1);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    /* She was invited to `other`, and the peer shows `f`. */
    struct memory_storage *memory = memory_storage_create();
    struct vl_storage storage = memory_storage_port(memory);
    struct vl_replica *replica = NULL;
    assert_int_equal(vl_replica_open(&replica, &other->id, f->nodes[newcomer].keys, &storage, NULL),
                     VL_OK);
    struct vl_session_config config = {.replica = replica, .expect_newcomer = true};
    memcpy(config.peer_noise, f->nodes[0].keys->card.noise, sizeof config.peer_noise);
    struct session_pair pair = {.now = {1000}};
    assert_int_equal(vl_session_create(&pair.sides[0], &config, pair.now), VL_OK);
    pair.sides[1] = fixture_session(f, 0, newcomer, false, pair.now);
    session_pair_run(&pair);
    assert_int_equal(vl_session_error(pair.sides[0]), VL_ERR_CIRCLE);
    assert_int_equal(memory_storage_entry_count(memory), 0);
    session_pair_finish(&pair);
    vl_replica_close(replica);
    memory_storage_destroy(memory);
    circle_fixture_destroy(other);
    circle_fixture_destroy(f);
}

static void a_member_added_meanwhile_shows_it(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    (void)circle_fixture_pull(f, newcomer, 0);
    write_many(f, newcomer, 4, 30);
    write_many(f, 2, 4, 30);
    struct session_pair pair;
    session_pair_init(&pair, f, newcomer, 2); /* node 2 was away when she was added */
    session_pair_run(&pair);
    assert_live(&pair);
    struct vl_id a = circle_fixture_digest(f, 2);
    struct vl_id b = circle_fixture_digest(f, newcomer);
    assert_true(vl_id_equal(&a, &b));
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* Both sides wait until their deadlines. */
static void greeting_is_over(struct session_pair *pair)
{
    pair->now.ms += 1000u * VL_SESSION_GREET_SECONDS;
    session_pair_run(pair);
}

static void a_stranger_gets_hello_and_nothing_else(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    struct circle_fixture *foreign = circle_fixture_create(2, SEED + 1);
    write_many(f, 0, 10, 30);
    /* She holds a copy of everything (a leak) and a key that nobody enrolled. */
    size_t stranger = circle_fixture_stranger(f);
    (void)circle_fixture_pull(f, stranger, 0);
    struct session_pair pair;
    session_pair_init(&pair, f, stranger, 0);
    session_pair_run(&pair);
    assert_int_equal(vl_session_error(pair.sides[1]), VL_ERR_AUTHORITY);
    assert_int_equal(pair.messages[1], 1);
    assert_true(vl_session_counts_of(pair.sides[1]).bytes_sent <= 36 + 32 * VL_AUTH_MAX);
    session_pair_finish(&pair);

    /* One with an empty copy, who asks for a proof herself; whoever speaks first. */
    size_t empty = circle_fixture_stranger(f);
    for (size_t first = 0; first < 2; first++) {
        session_pair_init(&pair, f, empty, 0);
        (void)session_pair_carry(&pair, first);
        session_pair_run(&pair);
        greeting_is_over(&pair);
        assert_int_equal(vl_session_error(pair.sides[1]), VL_ERR_AUTHORITY);
        assert_true(pair.messages[1] <= 1);
        assert_int_equal(entries_of(f, empty), 0);
        session_pair_finish(&pair);
    }
    circle_fixture_destroy(foreign);
    circle_fixture_destroy(f);
}

/* Two newcomers whom different members added while these were apart. */
static struct circle_fixture *two_unknown(size_t *a, size_t *b)
{
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    *a = circle_fixture_stranger(f);
    *b = circle_fixture_stranger(f);
    struct vl_control promote = {.kind = VL_CONTROL_PROMOTE, .target = f->nodes[1].person};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &promote, f->now, &id), VL_OK);
    (void)circle_fixture_pull(f, 1, 0);
    circle_fixture_add(f, 0, *a);
    circle_fixture_add(f, 1, *b);
    (void)circle_fixture_pull(f, *a, 0);
    (void)circle_fixture_pull(f, *b, 1);
    return f;
}

static void of_two_unknown_the_dialler_proves_first(void **state)
{
    (void)state;
    size_t a, b;
    struct circle_fixture *f = two_unknown(&a, &b);
    struct session_pair pair;
    for (size_t first = 0; first < 2; first++) { /* whoever speaks first */
        session_pair_dial(&pair, f, a, b);
        (void)session_pair_carry(&pair, first);
        (void)session_pair_carry(&pair, 1 - first);
        if (first == 0) assert_false(session_pair_carry(&pair, 1)); /* she waits for the proof */
        session_pair_run(&pair);
        assert_live(&pair);
        struct vl_id one = circle_fixture_digest(f, a);
        struct vl_id two = circle_fixture_digest(f, b);
        assert_true(vl_id_equal(&one, &two));
        session_pair_finish(&pair);
    }
    circle_fixture_destroy(f);
}

/* Where nobody may begin, nobody is shown anything, and the deadline ends it on both sides. */
static void two_unknown_without_a_dialler_stop(void **state)
{
    (void)state;
    size_t a, b;
    struct circle_fixture *f = two_unknown(&a, &b);
    struct session_pair pair;
    session_pair_init(&pair, f, a, b);
    session_pair_run(&pair);
    assert_int_equal(vl_session_error(pair.sides[0]), VL_OK);
    greeting_is_over(&pair);
    for (size_t side = 0; side < 2; side++) {
        assert_int_equal(vl_session_error(pair.sides[side]), VL_ERR_AUTHORITY);
        assert_int_equal(pair.messages[side], 1);
    }
    session_pair_finish(&pair);

    /* After one of them met somebody who knows both, they can. */
    (void)circle_fixture_pull(f, 0, 1);
    (void)circle_fixture_pull(f, a, 0);
    session_pair_init(&pair, f, a, b);
    session_pair_run(&pair);
    assert_live(&pair);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* What the dialler shows goes to a device it never heard of, never to one that was removed; and
 * who proves first still gets nothing more out before the other proved herself. */
static void the_dialler_shows_a_removed_device_nothing(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, SEED);
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[3].person};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    struct session_pair pair;
    size_t stranger = circle_fixture_stranger(f);
    struct {
        size_t peer, messages;
    } cases[] = {{3, 1}, {stranger, 2}}; /* HELLO; HELLO and PROOF */
    for (size_t k = 0; k < 2; k++) {
        session_pair_dial(&pair, f, 0, cases[k].peer);
        vl_session_destroy(pair.sides[1]);
        /* She answers as one whose copy is empty, so she asks. */
        struct vl_session_config config = {.replica = f->nodes[stranger].replica,
                                           .expect_newcomer = true};
        memcpy(config.peer_noise, f->nodes[0].keys->card.noise, sizeof config.peer_noise);
        assert_int_equal(vl_session_create(&pair.sides[1], &config, pair.now), VL_OK);
        session_pair_run(&pair);
        greeting_is_over(&pair);
        assert_int_equal(vl_session_error(pair.sides[0]), VL_ERR_AUTHORITY);
        assert_int_equal(pair.messages[0], cases[k].messages);
        session_pair_finish(&pair);
    }
    circle_fixture_destroy(f);
}

static void the_session_of_a_removed_member_ends(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, SEED);
    struct session_pair pair;
    session_pair_init(&pair, f, 1, 3);
    session_pair_run(&pair);
    assert_live(&pair);
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[3].person};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    (void)circle_fixture_pull(f, 1, 0); /* node 1 learns it from node 0 */
    size_t sent = pair.messages[0];
    session_pair_run(&pair);
    assert_int_equal(vl_session_error(pair.sides[0]), VL_ERR_AUTHORITY);
    assert_int_equal(pair.messages[0], sent);
    session_pair_finish(&pair);

    session_pair_init(&pair, f, 0, 3);
    session_pair_run(&pair);
    assert_int_equal(vl_session_error(pair.sides[0]), VL_ERR_AUTHORITY);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* ---- forks ---- */

static void a_forked_log_is_named_and_the_others_go_on(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, SEED);
    write_many(f, 1, 2, 20);
    circle_fixture_sync_all(f);
    /* Node 1 was copied: both copies write. */
    struct memory_storage *copy = memory_storage_clone(f->nodes[1].memory);
    write_many(f, 1, 2, 30);
    (void)circle_fixture_pull(f, 0, 1);
    memory_storage_restore(f->nodes[1].memory, copy);
    circle_fixture_reopen(f, 1);
    write_many(f, 1, 5, 50);
    (void)circle_fixture_pull(f, 2, 1);
    write_many(f, 0, 3, 10);
    write_many(f, 3, 3, 10);
    (void)circle_fixture_pull(f, 2, 3);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 2);
    session_pair_run(&pair);
    for (size_t side = 0; side < 2; side++)
        assert_int_equal(vl_session_error(pair.sides[side]), VL_OK);
    struct vl_id logs[4];
    assert_int_equal(
        vl_session_forks(pair.sides[0], logs, 4) + vl_session_forks(pair.sides[1], logs, 4) > 0, 1);
    /* What node 3 wrote has no part in it and arrived. */
    struct vl_record_id record = fixture_record(3000);
    struct vl_cell_key key = {.type = 1, .record = record, .field = 3, .kind = VL_FIELD_SET};
    struct vl_buffer cell = {0};
    assert_int_equal(vl_replica_cell(f->nodes[0].replica, &key, &cell), VL_OK);
    vl_buffer_finish(&cell);
    session_pair_finish(&pair);
    memory_storage_destroy(copy);
    circle_fixture_destroy(f);
}

/* ---- time ---- */

static void silence_ends_a_session(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct vl_buffer out = {0};
    struct vl_session *alone = fixture_session(f, 0, 1, false, (vl_instant){0});
    assert_int_equal(vl_session_next(alone, &out, (vl_instant){0}), VL_OK);
    uint64_t greet = 1000u * VL_SESSION_GREET_SECONDS;
    assert_int_equal(vl_session_deadline(alone).ms, greet);
    assert_int_equal(vl_session_next(alone, &out, (vl_instant){greet - 1}), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_session_next(alone, &out, (vl_instant){greet}), VL_ERR_TIMEOUT);
    assert_int_equal(vl_session_state_of(alone), VL_SESSION_FAILED);
    assert_int_equal(vl_session_deadline(alone).ms, UINT64_MAX);
    vl_session_destroy(alone);

    struct session_pair pair;
    session_pair_init(&pair, f, 0, 1);
    session_pair_run(&pair);
    assert_live(&pair);
    uint64_t start = pair.now.ms;
    /* Pings keep it alive as long as both are there. */
    for (unsigned i = 0; i < 20; i++) {
        pair.now = vl_session_deadline(pair.sides[0]);
        session_pair_run(&pair);
        assert_live(&pair);
    }
    assert_true(pair.now.ms >= start + 10u * 1000u * VL_SESSION_PING_SECONDS);
    /* Nobody answers any more. */
    uint64_t silence = pair.now.ms + 1000u * VL_SESSION_SILENCE_SECONDS;
    vl_result result = vl_session_next(pair.sides[0], &out, (vl_instant){silence - 1});
    assert_int_equal(result, VL_OK); /* a ping */
    result = vl_session_next(pair.sides[0], &out, (vl_instant){silence});
    assert_int_equal(result, VL_ERR_TIMEOUT);
    session_pair_finish(&pair);
    vl_buffer_finish(&out);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_copies_end_with_one_hash),
        cmocka_unit_test(both_get_what_they_lack),
        cmocka_unit_test(interleaved_logs_wait_for_one_another),
        cmocka_unit_test(a_chunk_goes_over_several_messages),
        cmocka_unit_test(new_entries_go_out_at_once_and_not_back),
        cmocka_unit_test(have_spares_the_third_side),
        cmocka_unit_test(a_newcomer_asks_for_a_proof),
        cmocka_unit_test(a_newcomer_expects_who_invited_her),
        cmocka_unit_test(a_newcomer_refuses_another_circle),
        cmocka_unit_test(a_member_added_meanwhile_shows_it),
        cmocka_unit_test(a_stranger_gets_hello_and_nothing_else),
        cmocka_unit_test(of_two_unknown_the_dialler_proves_first),
        cmocka_unit_test(two_unknown_without_a_dialler_stop),
        cmocka_unit_test(the_dialler_shows_a_removed_device_nothing),
        cmocka_unit_test(the_session_of_a_removed_member_ends),
        cmocka_unit_test(a_forked_log_is_named_and_the_others_go_on),
        cmocka_unit_test(silence_ends_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
