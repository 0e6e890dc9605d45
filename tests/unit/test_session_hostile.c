/* What a session does with messages that no honest node sends: a named error, and nothing stored
 * that its author did not sign. */
#include "tests/support/session_hand.h"
#include "tests/support/test_scale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20260202u

/* ---- bad bytes ---- */

/* A session of `me`, fed with the recorded messages before `upto`. */
static struct vl_session *replayed(struct circle_fixture *f, size_t me, size_t peer, bool newcomer,
                                   const struct session_pair *pair, size_t upto)
{
    struct vl_session *s = fixture_session(f, me, peer, newcomer, HAND_START);
    for (size_t i = 0; i < upto; i++) {
        (void)hand_drain(s);
        assert_int_equal(vl_session_receive(s, vl_buffer_view(&pair->recorded[i]), HAND_START),
                         VL_OK);
    }
    return s;
}

struct mangling {
    struct circle_fixture *f;
    size_t me, peer;
    bool newcomer;
    struct session_pair pair; /* the honest session */
    struct memory_storage *before;
};

/* One changed message at place `at`; `must_fail`: it is no message at all. */
static void try_mangled(struct mangling *m, size_t at, struct vl_bytes message, bool must_fail)
{
    struct vl_session *s = replayed(m->f, m->me, m->peer, m->newcomer, &m->pair, at);
    size_t before = hand_entries_of(m->f, m->me);
    vl_result result = vl_session_receive(s, message, HAND_START);
    if (must_fail) {
        assert_int_not_equal(result, VL_OK);
        assert_int_equal(hand_entries_of(m->f, m->me), before);
    }
    if (result != VL_OK) {
        assert_string_not_equal(vl_result_name(result), "UNKNOWN");
        assert_int_not_equal(result, VL_ERR_INTERNAL);
        assert_int_equal(vl_session_state_of(s), VL_SESSION_FAILED);
        assert_int_equal(vl_session_error(s), result);
        struct vl_buffer out = {0};
        assert_int_equal(vl_session_next(s, &out, HAND_START), result);
        vl_buffer_finish(&out);
    }
    vl_session_destroy(s);
    /* Whatever was stored is what its author signed: the peer has the same entry. */
    assert_true(hand_entries_of(m->f, m->me) <= hand_entries_of(m->f, m->peer));
    struct vl_verify_report report;
    struct vl_id bad;
    assert_int_equal(vl_replica_verify(m->f->nodes[m->me].replica, &report, &bad), VL_OK);
    if (hand_entries_of(m->f, m->me) != memory_storage_entry_count(m->before)) {
        memory_storage_restore(m->f->nodes[m->me].memory, m->before);
        circle_fixture_reopen(m->f, m->me);
    }
}

static void mangle_message(struct mangling *m, size_t at)
{
    struct vl_bytes good = vl_buffer_view(&m->pair.recorded[at]);
    uint8_t *copy = malloc(good.size + 1);
    assert_non_null(copy);
    memcpy(copy, good.data, good.size);
    copy[good.size] = 0;
    size_t step = test_scale(good.size > 600 ? good.size / 200 : 1, good.size / 8 + 1);
    for (size_t size = 0; size < good.size; size += step)
        try_mangled(m, at, vl_bytes(copy, size), true);
    try_mangled(m, at, vl_bytes(copy, good.size + 1), true);
    for (size_t i = 0; i < good.size; i += step) {
        copy[i] = (uint8_t)(copy[i] ^ (1u << (i % 8)));
        try_mangled(m, at, vl_bytes(copy, good.size), false);
        copy[i] = good.data[i];
    }
    free(copy);
}

static void mangle_session(struct mangling *m)
{
    m->before = memory_storage_clone(m->f->nodes[m->me].memory);
    m->newcomer = hand_entries_of(m->f, m->me) == 0;
    session_pair_init(&m->pair, m->f, m->peer, m->me);
    m->pair.record = true;
    session_pair_run(&m->pair);
    assert_int_equal(vl_session_error(m->pair.sides[1]), VL_OK);
    memory_storage_restore(m->f->nodes[m->me].memory, m->before);
    vl_session_destroy(m->pair.sides[1]); /* it holds the replica that closes now */
    m->pair.sides[1] = NULL;
    circle_fixture_reopen(m->f, m->me);
    for (size_t at = 0; at < m->pair.recorded_count; at++)
        mangle_message(m, at);
    session_pair_finish(&m->pair);
    memory_storage_destroy(m->before);
}

static void every_bad_byte_is_named(void **state)
{
    (void)state;
    struct mangling m = {.f = circle_fixture_create(3, SEED), .me = 1, .peer = 0};
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(m.f, 0, i);
    hand_write_one(m.f, 2, 100);
    (void)circle_fixture_pull(m.f, 0, 2);
    mangle_session(&m);
    circle_fixture_destroy(m.f);
}

static void every_bad_byte_of_a_proof_is_named(void **state)
{
    (void)state;
    struct mangling m = {.f = circle_fixture_create(2, SEED), .peer = 0};
    m.me = circle_fixture_stranger(m.f);
    circle_fixture_add(m.f, 0, m.me);
    mangle_session(&m);
    circle_fixture_destroy(m.f);
}

/* ---- states ---- */

static void messages_out_of_state_are_refused(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    size_t newcomer = circle_fixture_stranger(f);
    /* What docs/sync.md says each state accepts, as bits of HELLO PROOF HEADS ENTRIES HAVE PING
     * PONG FORK CURSOR. */
    static const unsigned accepts[] = {0x01, 0x01, 0x02, 0x04, 0x1fc, 0x1fc, 0x00};
    for (unsigned at = VL_SESSION_CREATED; at <= VL_SESSION_FAILED; at++) {
        for (unsigned type = 0; type < 10; type++) {
            bool proving = at == VL_SESSION_PROVING;
            struct vl_session *s = fixture_session(f, 0, proving ? newcomer : 1, false, HAND_START);
            struct session_pair pair = {.now = HAND_START};
            if (at != VL_SESSION_CREATED) (void)hand_drain(s);
            if (at == VL_SESSION_LIVE) {
                pair.sides[0] = s;
                pair.sides[1] = fixture_session(f, 1, 0, false, HAND_START);
                session_pair_run(&pair);
            } else if (at > VL_SESSION_GREETING) {
                assert_int_equal(hand_give_hello(s, false), VL_OK);
            }
            if (at == VL_SESSION_SENDING) assert_int_equal(hand_give_heads(s, NULL, 0), VL_OK);
            if (at == VL_SESSION_FAILED)
                assert_int_equal(vl_session_receive(s, vl_bytes("", 0), HAND_START),
                                 VL_ERR_TRUNCATED);
            assert_int_equal(vl_session_state_of(s), at);

            uint8_t message = (uint8_t)type;
            vl_result result = vl_session_receive(s, vl_bytes(&message, 1), HAND_START);
            vl_result expected = VL_ERR_STATE;
            if ((accepts[at] & (1u << type)) != 0) expected = VL_ERR_TRUNCATED;
            if (type >= MESSAGE_TYPE_COUNT) expected = VL_ERR_KIND;
            if (at == VL_SESSION_FAILED) expected = VL_ERR_TRUNCATED; /* it stays what it was */
            assert_int_equal(result, expected);
            if (at == VL_SESSION_LIVE)
                session_pair_finish(&pair);
            else
                vl_session_destroy(s);
        }
    }
    circle_fixture_destroy(f);
}

static void a_drained_that_answers_nothing_is_refused(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct vl_session *s = hand_opened(f, 0, 1);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_int_equal(hand_give_drained(s), VL_ERR_STATE);
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

/* ---- limits ---- */

static void sizes_of_messages(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    uint8_t *large = calloc(1, VL_MESSAGE_BYTES_MAX + 1);
    assert_non_null(large);
    for (size_t size = VL_MESSAGE_BYTES_MAX; size <= VL_MESSAGE_BYTES_MAX + 1; size++) {
        struct vl_session *s = fixture_session(f, 0, 1, false, HAND_START);
        large[0] = MESSAGE_HELLO;
        large[1] = SESSION_VERSION;
        vl_result result = vl_session_receive(s, vl_bytes(large, size), HAND_START);
        assert_int_equal(result, size > VL_MESSAGE_BYTES_MAX ? VL_ERR_TOO_LARGE : VL_ERR_TRAILING);
        vl_session_destroy(s);
    }
    free(large);
    circle_fixture_destroy(f);
}

static void sizes_of_hello(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    for (size_t count = VL_AUTH_MAX; count <= VL_AUTH_MAX + 1; count++) {
        struct vl_session *s = fixture_session(f, 0, 1, false, HAND_START);
        uint8_t message[36 + 32 * (VL_AUTH_MAX + 1)] = {MESSAGE_HELLO, SESSION_VERSION};
        message[35] = (uint8_t)count;
        for (size_t i = 0; i < count; i++)
            message[36 + 32 * i] = (uint8_t)(i + 1);
        vl_result result = vl_session_receive(s, vl_bytes(message, 36 + 32 * count), HAND_START);
        assert_int_equal(result, count > VL_AUTH_MAX ? VL_ERR_TOO_LARGE : VL_OK);
        vl_session_destroy(s);
    }
    uint8_t other[36] = {MESSAGE_HELLO, SESSION_VERSION + 1};
    struct vl_session *s = fixture_session(f, 0, 1, false, HAND_START);
    assert_int_equal(vl_session_receive(s, vl_bytes(other, sizeof other), HAND_START),
                     VL_ERR_VERSION);
    vl_session_destroy(s);
    circle_fixture_destroy(f);
}

static void numbers_of_heads(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct vl_head *heads = calloc(VL_HEADS_MAX + 1, sizeof *heads);
    assert_non_null(heads);
    for (size_t i = 0; i <= VL_HEADS_MAX; i++) {
        heads[i].log.bytes[0] = (uint8_t)(i >> 8);
        heads[i].log.bytes[1] = (uint8_t)i;
        heads[i].seq = i;
    }
    for (size_t count = VL_HEADS_MAX; count <= VL_HEADS_MAX + 1; count++) {
        struct vl_session *s = fixture_session(f, 0, 1, false, HAND_START);
        assert_int_equal(hand_give_hello(s, false), VL_OK);
        assert_int_equal(hand_give_heads(s, heads, count),
                         count > VL_HEADS_MAX ? VL_ERR_LIMIT : VL_OK);
        vl_session_destroy(s);
    }
    /* Not sorted, across two parts. */
    struct vl_session *s = fixture_session(f, 0, 1, false, HAND_START);
    assert_int_equal(hand_give_hello(s, false), VL_OK);
    struct vl_head twice[1000];
    memcpy(twice, heads, sizeof twice);
    twice[999] = twice[10];
    assert_int_equal(hand_give_heads(s, twice, 1000), VL_ERR_NOT_CANONICAL);
    vl_session_destroy(s);
    free(heads);
    circle_fixture_destroy(f);
}

/* Turns the one part of a chunk into a part that goes on with another. */
static void make_later_part(struct vl_buffer *part)
{
    struct vl_reader r = vl_reader(vl_bytes(part->data + 34, part->size - 34));
    (void)vl_read_varint(&r, UINT64_MAX);
    size_t at = 34 + r.at; /* the previous entry's id */
    memmove(part->data + at, part->data + at + 32, part->size - at - 32);
    part->size -= 32;
    part->data[1] = ENTRIES_LAST;
}

static void entries_of_a_chunk(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    for (uint64_t i = 0; i < VL_CHUNK_ENTRIES_MAX + 1; i++)
        hand_write_one(f, 0, i);
    uint64_t known = hand_tip_of(f, 1, 0).seq;
    struct chunk *full = hand_chunk_of(f, 0, 0, known + 1, VL_CHUNK_ENTRIES_MAX);
    struct chunk *more = hand_chunk_of(f, 0, 0, known + 1 + VL_CHUNK_ENTRIES_MAX, 1);
    assert_int_equal(full->count, VL_CHUNK_ENTRIES_MAX);
    struct vl_entry entry = chunk_entry(more, 0);
    assert_int_equal(chunk_append(full, &entry), VL_ERR_TOO_LARGE);

    /* The same over the wire: nothing of a chunk that does not end in time is stored. */
    struct vl_session *s = hand_opened(f, 1, 0);
    while (full->done < full->count) {
        struct vl_buffer part = {0};
        assert_int_equal(message_entries_write(full, false, &part), VL_OK);
        part.data[1] &= (uint8_t)~ENTRIES_LAST;
        assert_int_equal(hand_give(s, &part), VL_OK);
    }
    struct vl_buffer part = {0};
    assert_int_equal(message_entries_write(more, false, &part), VL_OK);
    make_later_part(&part);
    assert_int_equal(hand_give(s, &part), VL_ERR_TOO_LARGE);
    assert_int_equal(hand_tip_of(f, 1, 0).seq, known);
    vl_session_destroy(s);

    s = hand_opened(f, 1, 0);
    assert_int_equal(hand_give_chunk(s, full, false), VL_OK);
    assert_int_equal(hand_tip_of(f, 1, 0).seq, known + VL_CHUNK_ENTRIES_MAX);
    vl_session_destroy(s);
    chunk_destroy(full);
    chunk_destroy(more);
    circle_fixture_destroy(f);
}

static void bytes_of_a_chunk(void **state)
{
    (void)state;
    static const uint8_t bytes[65536];
    struct chunk *c = NULL;
    struct vl_id none = {{0}};
    struct vl_entry entry = {.header = vl_bytes(bytes, 1000), .blob = vl_bytes(bytes, 20000)};
    assert_int_equal(chunk_create(&c, &none, 0, &none), VL_OK);
    while (VL_CHUNK_BYTES_MAX - chunk_size(c) >= 2 * 21064u)
        assert_int_equal(chunk_append(c, &entry), VL_OK);
    entry.blob.size = VL_CHUNK_BYTES_MAX - chunk_size(c) - 1064 + 1;
    assert_int_equal(chunk_append(c, &entry), VL_ERR_TOO_LARGE);
    entry.blob.size--;
    assert_int_equal(chunk_append(c, &entry), VL_OK);
    assert_int_equal(chunk_size(c), VL_CHUNK_BYTES_MAX);
    chunk_destroy(c);
}

static void parts_that_do_not_go_on(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    for (uint64_t i = 0; i < 4; i++)
        hand_write_one(f, 0, i);
    uint64_t known = hand_tip_of(f, 1, 0).seq;
    struct chunk *c = hand_chunk_of(f, 0, 0, known + 1, 1);
    for (unsigned kind = 0; kind < 2; kind++) {
        struct vl_session *s = hand_opened(f, 1, 0);
        struct vl_buffer part = {0};
        c->done = 0;
        assert_int_equal(message_entries_write(c, false, &part), VL_OK);
        if (kind == 0) make_later_part(&part); /* of a chunk that was not begun */
        if (kind == 1) part.data[1] = ENTRIES_FIRST;
        vl_result result = hand_give(s, &part);
        if (kind == 0) assert_int_equal(result, VL_ERR_PREV);
        if (kind == 1) { /* begun twice */
            assert_int_equal(result, VL_OK);
            assert_int_equal(hand_give_chunk(s, c, false), VL_ERR_PREV);
        }
        vl_session_destroy(s);
    }
    chunk_destroy(c);
    circle_fixture_destroy(f);
}

static void bytes_and_entries_of_a_proof(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    size_t newcomer = circle_fixture_stranger(f);
    struct chunk *c = hand_chunk_of(f, 0, 0, 0, 1); /* the founding entry, shown again and again */
    struct proof_item item = {.entry = chunk_entry(c, 0)};
    memcpy(item.author, f->nodes[0].keys->card.sign, sizeof item.author);
    size_t size = chunk_size(c);
    struct proof *proof = NULL;
    assert_int_equal(proof_create(&proof, f->nodes[newcomer].replica, VL_PROOF_BYTES_MAX), VL_OK);
    for (size_t i = 0; i < VL_PROOF_ENTRIES_MAX; i++) {
        assert_true((i + 1) * size <= VL_PROOF_BYTES_MAX);
        assert_int_equal(proof_add(proof, &item), VL_OK);
    }
    assert_int_equal(proof_add(proof, &item), VL_ERR_LIMIT);
    proof_destroy(proof);
    chunk_destroy(c);
    circle_fixture_destroy(f);
}

/* ---- what is shown as a proof ---- */

static void a_proof_is_judged(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    size_t newcomer = circle_fixture_stranger(f);
    hand_write_one(f, 0, 1);
    struct chunk *founding = hand_chunk_of(f, 0, 0, 0, 1);
    struct chunk *next = hand_chunk_of(f, 0, 0, 1, 1);
    struct chunk *content = hand_chunk_of(f, 0, 0, hand_tip_of(f, 0, 0).seq, 1);
    struct proof_item item;
    struct proof *proof = NULL;
    const uint8_t *author = f->nodes[0].keys->card.sign;
    struct {
        struct chunk *shown;
        const uint8_t *author;
        bool bad_signature, bad_blob;
        vl_result expected;
    } cases[] = {
        {next, author, false, false, VL_ERR_MISSING}, /* its parent was not shown */
        {content, author, false, false, VL_ERR_KIND},
        {founding, f->nodes[1].keys->card.sign, false, false, VL_ERR_SIGNATURE},
        {founding, author, true, false, VL_ERR_SIGNATURE},
        {founding, author, false, true, VL_ERR_HASH},
        {founding, author, false, false, VL_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t blob[2048];
        assert_int_equal(proof_create(&proof, f->nodes[newcomer].replica, VL_PROOF_BYTES_MAX),
                         VL_OK);
        item.entry = chunk_entry(cases[i].shown, 0);
        memcpy(item.author, cases[i].author, sizeof item.author);
        assert_true(item.entry.blob.size <= sizeof blob);
        memcpy(blob, item.entry.blob.data, item.entry.blob.size);
        item.entry.blob.data = blob;
        if (cases[i].bad_signature) item.entry.signature[5] ^= 1;
        if (cases[i].bad_blob) blob[10] ^= 1;
        assert_int_equal(proof_add(proof, &item), cases[i].expected);
        vl_result current = proof_noise_current(proof, f->nodes[0].keys->card.noise);
        assert_int_equal(current, cases[i].expected == VL_OK ? VL_OK : VL_ERR_AUTHORITY);
        proof_destroy(proof);
    }
    chunk_destroy(founding);
    chunk_destroy(next);
    chunk_destroy(content);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_byte_is_named),
        cmocka_unit_test(every_bad_byte_of_a_proof_is_named),
        cmocka_unit_test(messages_out_of_state_are_refused),
        cmocka_unit_test(a_drained_that_answers_nothing_is_refused),
        cmocka_unit_test(sizes_of_messages),
        cmocka_unit_test(sizes_of_hello),
        cmocka_unit_test(numbers_of_heads),
        cmocka_unit_test(entries_of_a_chunk),
        cmocka_unit_test(bytes_of_a_chunk),
        cmocka_unit_test(parts_that_do_not_go_on),
        cmocka_unit_test(bytes_and_entries_of_a_proof),
        cmocka_unit_test(a_proof_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
