/* A session at the edges of its states: who is removed while greeting, whom pairing showed, proofs
 * of several messages, what came by another way, tables that are full, clocks at their ends. */
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20261126u

static void control(struct circle_fixture *f, size_t by, enum vl_control_kind kind, size_t person)
{
    struct vl_control body = {.kind = kind, .target = f->nodes[person].person};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &body, f->now, &id), VL_OK);
}

/* Something said and erased: the tombstone is a control entry. */
static void say_and_erase(struct circle_fixture *f, size_t by, uint64_t number)
{
    const struct vl_record_id record = fixture_record(number);
    struct vl_id said = circle_fixture_set(f, by, 1, &record, 3, "dit"), tombstone;
    assert_int_equal(vl_replica_erase(f->nodes[by].replica, &said, 1, f->now, &tombstone), VL_OK);
}

static void assert_live(const struct session_pair *pair)
{
    for (size_t side = 0; side < 2; side++) {
        assert_int_equal(vl_session_error(pair->sides[side]), VL_OK);
        assert_int_equal(vl_session_state_of(pair->sides[side]), VL_SESSION_LIVE);
    }
}

/* ---- who the peer is ---- */

static void a_device_removed_while_it_greets(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    struct vl_session *s = fixture_session(f, 1, 2, false, HAND_START);
    assert_int_equal(hand_drain(s), 1); /* HELLO */
    control(f, 0, VL_CONTROL_REMOVE, 2);
    (void)circle_fixture_pull(f, 1, 0);
    assert_int_equal(hand_give_hello(s, false), VL_ERR_AUTHORITY);
    assert_int_equal(hand_drain(s), 0);
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

static vl_result greet_expecting(struct circle_fixture *f, size_t device, size_t person)
{
    struct vl_session *s = NULL;
    struct vl_session_config config = {.replica = f->nodes[1].replica,
                                       .expect_sign = f->nodes[device].keys->card.sign};
    if (person < f->count) config.expect_person = &f->nodes[person].person;
    memcpy(config.peer_noise, f->nodes[2].keys->card.noise, sizeof config.peer_noise);
    assert_int_equal(vl_session_create(&s, &config, HAND_START), VL_OK);
    (void)hand_drain(s);
    vl_result result = hand_give_hello(s, false);
    vl_session_destroy(s);
    return result;
}

/* Pairing showed a device, and of which person it is to be: no other will do. */
static void only_whom_pairing_showed(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, SEED);
    size_t stranger = circle_fixture_stranger(f), anybody = f->count;
    control(f, 0, VL_CONTROL_REMOVE, 3);
    (void)circle_fixture_pull(f, 1, 0);
    assert_int_equal(greet_expecting(f, 2, anybody), VL_OK);
    assert_int_equal(greet_expecting(f, 2, 2), VL_OK);
    assert_int_equal(greet_expecting(f, 2, 0), VL_ERR_AUTHORITY);
    assert_int_equal(greet_expecting(f, stranger, anybody), VL_ERR_AUTHORITY);
    assert_int_equal(greet_expecting(f, 3, anybody), VL_ERR_AUTHORITY); /* not any more */
    assert_int_equal(greet_expecting(f, 3, 3), VL_ERR_AUTHORITY);
    circle_fixture_destroy(f);
}

/* A proof that does not fit into one message goes in several; it counts when the last has come. */
static void a_proof_in_several_messages(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    for (uint64_t i = 0; i < 300; i++)
        say_and_erase(f, 0, i);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    (void)circle_fixture_pull(f, newcomer, 0);
    struct session_pair pair;
    session_pair_dial(&pair, f, newcomer, 1);
    pair.record = true;
    session_pair_run(&pair);
    size_t proofs = 0;
    for (size_t i = 0; i < pair.recorded_count; i++)
        proofs += pair.recorded[i].data[0] == MESSAGE_PROOF;
    assert_true(proofs > 1);
    assert_live(&pair);
    session_pair_finish(&pair);
    assert_true(hand_entries_of(f, 1) == hand_entries_of(f, 0));
    circle_fixture_destroy(f);
}

/* More newest control entries than HELLO names: it names as many as it can, and all is as ever. */
static void more_newest_control_entries_than_hello_names(void **state)
{
    (void)state;
    const size_t persons = VL_AUTH_MAX + 2;
    struct circle_fixture *f = circle_fixture_create(persons, SEED);
    for (size_t i = 0; i < persons; i++) /* each without having heard of the others' */
        say_and_erase(f, i, i);
    for (size_t i = 1; i < persons; i++)
        (void)circle_fixture_pull(f, 0, i);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 1);
    session_pair_run(&pair);
    assert_live(&pair);
    session_pair_finish(&pair);
    struct vl_id one = circle_fixture_digest(f, 0), two = circle_fixture_digest(f, 1);
    assert_memory_equal(one.bytes, two.bytes, sizeof one.bytes);
    circle_fixture_destroy(f);
}

/* ---- what the other has ---- */

/* What I got by another way while its sender was about to send it is told to her: she sends none
 * of it. */
static void what_came_by_another_way_is_told(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    for (uint64_t i = 0; i < 5; i++)
        hand_write_one(f, 0, i);
    (void)circle_fixture_pull(f, 1, 0);
    struct session_pair pair;
    session_pair_init(&pair, f, 0, 2);
    while (pair.messages[0] < 2) /* HELLO and HEADS */
        assert_true(session_pair_carry(&pair, 0) || session_pair_carry(&pair, 1));
    (void)circle_fixture_pull(f, 2, 1);
    struct vl_head tip = hand_tip_of(f, 2, 0);
    bool told = false;
    struct vl_buffer out = {0};
    while (vl_session_next(pair.sides[1], &out, pair.now) == VL_OK) {
        if (out.data[0] == MESSAGE_HAVE) {
            struct vl_head heads[8];
            struct vl_reader r = vl_reader(vl_bytes(out.data + 1, out.size - 1));
            size_t count = 0;
            bool drained = true;
            assert_int_equal(message_heads_read(&r, false, &drained, heads, 8, &count), VL_OK);
            for (size_t i = 0; i < count; i++)
                told |= !drained && vl_id_equal(&heads[i].log, &tip.log) && heads[i].seq == tip.seq;
        }
        assert_int_equal(vl_session_receive(pair.sides[0], vl_buffer_view(&out), pair.now), VL_OK);
    }
    vl_buffer_finish(&out);
    assert_true(told);
    session_pair_run(&pair);
    assert_live(&pair);
    assert_int_equal(vl_session_counts_of(pair.sides[0]).entries_sent, 0);
    assert_true(vl_session_in_sync(pair.sides[0]) && vl_session_in_sync(pair.sides[1]));
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* Heads of logs that nobody knows, in increasing order. */
static vl_result give_unknown(struct vl_session *s, size_t from, size_t count)
{
    struct vl_head heads[256] = {{.seq = 0}};
    struct vl_buffer out = {0};
    size_t at = 0;
    assert_true(count <= 256);
    for (size_t i = 0; i < count; i++) {
        heads[i].log.bytes[0] = (uint8_t)((from + i) >> 8);
        heads[i].log.bytes[1] = (uint8_t)(from + i);
        heads[i].id.bytes[0] = 1;
    }
    assert_int_equal(message_have_write(heads, count, &at, false, &out), VL_OK);
    return hand_give(s, &out);
}

/* S3: the table of logs has an end, however many a peer tells of. */
static void the_table_of_logs_is_bounded(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct vl_session *s = hand_opened(f, 1, 0);
    size_t mine = s->logs.count;
    for (size_t told = 0; told < SESSION_LOGS_MAX - mine;) {
        size_t count = SESSION_LOGS_MAX - mine - told < 256 ? SESSION_LOGS_MAX - mine - told : 256;
        assert_int_equal(give_unknown(s, told, count), VL_OK);
        told += count;
    }
    assert_int_equal(s->logs.count, SESSION_LOGS_MAX);
    assert_int_equal(give_unknown(s, 0, 256), VL_OK); /* those are there */
    assert_int_equal(give_unknown(s, SESSION_LOGS_MAX, 1), VL_ERR_LIMIT);
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

/* Live, and yet not in sync: a run that is half sent, and one that waits for its links. */
static void what_is_on_its_way_is_not_in_sync(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    char text[20001];
    struct session_pair pair;
    struct vl_buffer out = {0};
    session_pair_init(&pair, f, 0, 2);
    session_pair_run(&pair);
    assert_live(&pair);
    memset(text, 'x', 20000);
    text[20000] = 0;
    for (uint64_t i = 0; i < 8; i++) {
        struct vl_record_id record = fixture_record(i);
        circle_fixture_add_element(f, 0, 1, &record, 3, text);
    }
    assert_int_equal(vl_session_next(pair.sides[0], &out, pair.now), VL_OK);
    assert_false(vl_session_in_sync(pair.sides[0]));
    assert_int_equal(vl_session_receive(pair.sides[1], vl_buffer_view(&out), pair.now), VL_OK);
    session_pair_run(&pair);
    assert_true(vl_session_in_sync(pair.sides[0]) && vl_session_in_sync(pair.sides[1]));

    hand_write_one(f, 1, 50);
    (void)circle_fixture_pull(f, 0, 1);
    hand_write_one(f, 0, 51); /* links to what 2 lacks */
    struct vl_head tip = hand_tip_of(f, 0, 0);
    struct chunk *c = hand_chunk_of(f, 0, 0, tip.seq, 1);
    assert_int_equal(hand_give_chunk(pair.sides[1], c, false), VL_OK);
    assert_int_equal(vl_session_counts_of(pair.sides[1]).waiting, 1);
    assert_false(vl_session_in_sync(pair.sides[1]));
    chunk_destroy(c);
    vl_buffer_finish(&out);
    session_pair_finish(&pair);
    circle_fixture_destroy(f);
}

/* ---- clocks ---- */

/* One who pings and hears an answer with that clock. */
static struct vl_session_counts measured(struct circle_fixture *f, int64_t hers,
                                         const int64_t *mine)
{
    struct vl_session *s = hand_opened(f, 1, 0);
    struct vl_buffer out = {0};
    if (mine != NULL) vl_session_set_clock(s, (vl_wall){*mine}, HAND_START);
    vl_instant now = vl_session_deadline(s);
    uint64_t token = 0;
    while (vl_session_next(s, &out, now) == VL_OK && out.data[0] != MESSAGE_PING)
        continue;
    assert_int_equal(out.data[0], MESSAGE_PING);
    struct vl_reader r = vl_reader(vl_bytes(out.data + 1, out.size - 1));
    assert_int_equal(message_ping_read(&r, &token), VL_OK);
    const struct message_pong pong = {.token = token, .has_wall = true, .wall = hers};
    assert_int_equal(message_pong_write(&pong, &out), VL_OK);
    assert_int_equal(vl_session_receive(s, vl_buffer_view(&out), now), VL_OK);
    struct vl_session_counts counts = vl_session_counts_of(s);
    vl_buffer_finish(&out);
    vl_session_destroy(s);
    return counts;
}

static void clocks_that_cannot_be_compared(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    const int64_t now = INT64_C(1700000000000), never = INT64_MIN + 1000000;
    assert_true(measured(f, now, &now).has_clock_offset);
    assert_false(measured(f, now, NULL).has_clock_offset);
    assert_false(measured(f, INT64_MIN, &now).has_clock_offset);
    assert_false(measured(f, now, &never).has_clock_offset); /* too far apart to be told */
    circle_fixture_destroy(f);
}

/* Whoever pings into silence wakes for the end of it, not for the next ping. */
static void the_next_thing_may_be_the_end(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct vl_session *s = hand_opened(f, 1, 0);
    struct vl_buffer out = {0};
    const vl_instant end =
        vl_instant_add(HAND_START, VL_SECONDS((uint64_t)VL_SESSION_SILENCE_SECONDS));
    for (vl_instant now = vl_session_deadline(s); now.ms < end.ms; now = vl_session_deadline(s)) {
        vl_result result;
        now.ms += 7000;
        while ((result = vl_session_next(s, &out, now)) == VL_OK)
            continue;
        assert_int_equal(result, VL_ERR_NOT_FOUND);
    }
    assert_int_equal(vl_session_deadline(s).ms, end.ms);
    assert_int_equal(vl_session_next(s, &out, end), VL_ERR_TIMEOUT);
    assert_int_equal(vl_session_deadline(s).ms, UINT64_MAX);
    vl_buffer_finish(&out);
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_removed_while_it_greets),
        cmocka_unit_test(only_whom_pairing_showed),
        cmocka_unit_test(a_proof_in_several_messages),
        cmocka_unit_test(more_newest_control_entries_than_hello_names),
        cmocka_unit_test(what_came_by_another_way_is_told),
        cmocka_unit_test(the_table_of_logs_is_bounded),
        cmocka_unit_test(what_is_on_its_way_is_not_in_sync),
        cmocka_unit_test(clocks_that_cannot_be_compared),
        cmocka_unit_test(the_next_thing_may_be_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
