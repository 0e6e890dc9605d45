/* What a session does with messages that no honest node sends: a named error, and nothing stored
 * that its author did not sign. */
#include "sync/session_internal.h"
#include "tests/support/session_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED 20260202u

static const vl_instant start = {1000};

static void write_one(struct circle_fixture *f, size_t node, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    circle_fixture_add_element(f, node, 1, &record, 3, "ligne");
}

static size_t entries_of(struct circle_fixture *f, size_t node)
{
    return memory_storage_entry_count(f->nodes[node].memory);
}

static struct vl_head tip_of(struct circle_fixture *f, size_t node, size_t author)
{
    struct vl_head heads[64];
    size_t count = 0;
    assert_int_equal(vl_replica_heads(f->nodes[node].replica, heads, 64, &count), VL_OK);
    assert_true(count <= 64);
    for (size_t i = 0; i < count; i++) {
        struct vl_device_info device;
        assert_int_equal(vl_replica_author(f->nodes[node].replica, &heads[i].id, &device), VL_OK);
        if (memcmp(device.card.sign, f->nodes[author].keys->card.sign, 32) == 0) return heads[i];
    }
    fail_msg("node %zu has no log of %zu", node, author);
    return heads[0];
}

/* ---- a peer made by hand ---- */

/* Everything that waits to be sent is taken and thrown away. */
static size_t drain(struct vl_session *s)
{
    struct vl_buffer out = {0};
    size_t count = 0;
    while (vl_session_next(s, &out, start) == VL_OK)
        count++;
    vl_buffer_finish(&out);
    return count;
}

static vl_result give(struct vl_session *s, struct vl_buffer *message)
{
    vl_result result = vl_session_receive(s, vl_buffer_view(message), start);
    vl_buffer_finish(message);
    return result;
}

static vl_result give_hello(struct vl_session *s, bool prove)
{
    struct message_hello hello = {.prove = prove};
    struct vl_buffer out = {0};
    memset(hello.digest.bytes, 7, sizeof hello.digest.bytes);
    assert_int_equal(message_hello_write(&hello, &out), VL_OK);
    return give(s, &out);
}

static vl_result give_heads(struct vl_session *s, const struct vl_head *heads, size_t count)
{
    size_t at = 0;
    do {
        struct vl_buffer out = {0};
        assert_int_equal(message_heads_write(heads, count, &at, &out), VL_OK);
        VL_TRY(give(s, &out));
    } while (at < count);
    return VL_OK;
}

static vl_result give_drained(struct vl_session *s)
{
    size_t at = 0;
    struct vl_buffer out = {0};
    assert_int_equal(message_have_write(NULL, 0, &at, true, &out), VL_OK);
    return give(s, &out);
}

static vl_result give_chunk(struct vl_session *s, struct chunk *c, bool drained)
{
    c->done = 0;
    while (c->done < c->count) {
        struct vl_buffer out = {0};
        assert_int_equal(message_entries_write(c, drained, &out), VL_OK);
        VL_TRY(give(s, &out));
    }
    return VL_OK;
}

/* Node `me`'s session that has greeted and compared: SENDING. */
static struct vl_session *opened(struct circle_fixture *f, size_t me, size_t peer)
{
    struct vl_session *s = fixture_session(f, me, peer, false, start);
    assert_int_equal(give_hello(s, false), VL_OK);
    assert_int_equal(give_heads(s, NULL, 0), VL_OK);
    assert_int_equal(vl_session_state_of(s), VL_SESSION_SENDING);
    (void)drain(s);
    return s;
}

/* Entries of node `author`'s log as node `from` has it. */
static struct chunk *chunk_of(struct circle_fixture *f, size_t from, size_t author, uint64_t first,
                              size_t count)
{
    struct vl_head tip = tip_of(f, from, author);
    struct entry_run run = circle_fixture_run(f, from, &tip.log, first, count);
    assert_true(run.count > 0);
    struct vl_entry_header header;
    assert_int_equal(vl_entry_header_decode(run.items[0].header, &header), VL_OK);
    struct chunk *c = NULL;
    assert_int_equal(chunk_create(&c, &tip.log, first, &header.prev), VL_OK);
    for (size_t i = 0; i < run.count; i++)
        assert_int_equal(chunk_append(c, &run.items[i]), VL_OK);
    entry_run_finish(&run);
    return c;
}

/* ---- bad bytes ---- */

/* A session of `me`, fed with the recorded messages before `upto`. */
static struct vl_session *replayed(struct circle_fixture *f, size_t me, size_t peer, bool newcomer,
                                   const struct session_pair *pair, size_t upto)
{
    struct vl_session *s = fixture_session(f, me, peer, newcomer, start);
    for (size_t i = 0; i < upto; i++) {
        (void)drain(s);
        assert_int_equal(vl_session_receive(s, vl_buffer_view(&pair->recorded[i]), start), VL_OK);
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
    size_t before = entries_of(m->f, m->me);
    vl_result result = vl_session_receive(s, message, start);
    if (must_fail) {
        assert_int_not_equal(result, VL_OK);
        assert_int_equal(entries_of(m->f, m->me), before);
    }
    if (result != VL_OK) {
        assert_string_not_equal(vl_result_name(result), "UNKNOWN");
        assert_int_not_equal(result, VL_ERR_INTERNAL);
        assert_int_equal(vl_session_state_of(s), VL_SESSION_FAILED);
        assert_int_equal(vl_session_error(s), result);
        struct vl_buffer out = {0};
        assert_int_equal(vl_session_next(s, &out, start), result);
        vl_buffer_finish(&out);
    }
    vl_session_destroy(s);
    /* Whatever was stored is what its author signed: the peer has the same entry. */
    assert_true(entries_of(m->f, m->me) <= entries_of(m->f, m->peer));
    struct vl_verify_report report;
    struct vl_id bad;
    assert_int_equal(vl_replica_verify(m->f->nodes[m->me].replica, &report, &bad), VL_OK);
    if (entries_of(m->f, m->me) != memory_storage_entry_count(m->before)) {
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
    size_t step = good.size > 600 ? good.size / 200 : 1;
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
    m->newcomer = entries_of(m->f, m->me) == 0;
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
        write_one(m.f, 0, i);
    write_one(m.f, 2, 100);
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
     * PONG. */
    static const unsigned accepts[] = {0x01, 0x01, 0x02, 0x04, 0x7c, 0x7c, 0x00};
    for (unsigned at = VL_SESSION_CREATED; at <= VL_SESSION_FAILED; at++) {
        for (unsigned type = 0; type < 9; type++) {
            bool proving = at == VL_SESSION_PROVING;
            struct vl_session *s = fixture_session(f, 0, proving ? newcomer : 1, false, start);
            struct session_pair pair = {.now = start};
            if (at != VL_SESSION_CREATED) (void)drain(s);
            if (at == VL_SESSION_LIVE) {
                pair.sides[0] = s;
                pair.sides[1] = fixture_session(f, 1, 0, false, start);
                session_pair_run(&pair);
            } else if (at > VL_SESSION_GREETING) {
                assert_int_equal(give_hello(s, false), VL_OK);
            }
            if (at == VL_SESSION_SENDING) assert_int_equal(give_heads(s, NULL, 0), VL_OK);
            if (at == VL_SESSION_FAILED)
                assert_int_equal(vl_session_receive(s, vl_bytes("", 0), start), VL_ERR_TRUNCATED);
            assert_int_equal(vl_session_state_of(s), at);

            uint8_t message = (uint8_t)type;
            vl_result result = vl_session_receive(s, vl_bytes(&message, 1), start);
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
    struct vl_session *s = opened(f, 0, 1);
    assert_int_equal(give_drained(s), VL_OK);
    assert_int_equal(give_drained(s), VL_ERR_STATE);
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
        struct vl_session *s = fixture_session(f, 0, 1, false, start);
        large[0] = MESSAGE_HELLO;
        large[1] = SESSION_VERSION;
        vl_result result = vl_session_receive(s, vl_bytes(large, size), start);
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
        struct vl_session *s = fixture_session(f, 0, 1, false, start);
        uint8_t message[36 + 32 * (VL_AUTH_MAX + 1)] = {MESSAGE_HELLO, SESSION_VERSION};
        message[35] = (uint8_t)count;
        for (size_t i = 0; i < count; i++)
            message[36 + 32 * i] = (uint8_t)(i + 1);
        vl_result result = vl_session_receive(s, vl_bytes(message, 36 + 32 * count), start);
        assert_int_equal(result, count > VL_AUTH_MAX ? VL_ERR_TOO_LARGE : VL_OK);
        vl_session_destroy(s);
    }
    uint8_t other[36] = {MESSAGE_HELLO, SESSION_VERSION + 1};
    struct vl_session *s = fixture_session(f, 0, 1, false, start);
    assert_int_equal(vl_session_receive(s, vl_bytes(other, sizeof other), start), VL_ERR_VERSION);
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
        struct vl_session *s = fixture_session(f, 0, 1, false, start);
        assert_int_equal(give_hello(s, false), VL_OK);
        assert_int_equal(give_heads(s, heads, count), count > VL_HEADS_MAX ? VL_ERR_LIMIT : VL_OK);
        vl_session_destroy(s);
    }
    /* Not sorted, across two parts. */
    struct vl_session *s = fixture_session(f, 0, 1, false, start);
    assert_int_equal(give_hello(s, false), VL_OK);
    struct vl_head twice[1000];
    memcpy(twice, heads, sizeof twice);
    twice[999] = twice[10];
    assert_int_equal(give_heads(s, twice, 1000), VL_ERR_NOT_CANONICAL);
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
        write_one(f, 0, i);
    uint64_t known = tip_of(f, 1, 0).seq;
    struct chunk *full = chunk_of(f, 0, 0, known + 1, VL_CHUNK_ENTRIES_MAX);
    struct chunk *more = chunk_of(f, 0, 0, known + 1 + VL_CHUNK_ENTRIES_MAX, 1);
    assert_int_equal(full->count, VL_CHUNK_ENTRIES_MAX);
    struct vl_entry entry = chunk_entry(more, 0);
    assert_int_equal(chunk_append(full, &entry), VL_ERR_TOO_LARGE);

    /* The same over the wire: nothing of a chunk that does not end in time is stored. */
    struct vl_session *s = opened(f, 1, 0);
    while (full->done < full->count) {
        struct vl_buffer part = {0};
        assert_int_equal(message_entries_write(full, false, &part), VL_OK);
        part.data[1] &= (uint8_t)~ENTRIES_LAST;
        assert_int_equal(give(s, &part), VL_OK);
    }
    struct vl_buffer part = {0};
    assert_int_equal(message_entries_write(more, false, &part), VL_OK);
    make_later_part(&part);
    assert_int_equal(give(s, &part), VL_ERR_TOO_LARGE);
    assert_int_equal(tip_of(f, 1, 0).seq, known);
    vl_session_destroy(s);

    s = opened(f, 1, 0);
    assert_int_equal(give_chunk(s, full, false), VL_OK);
    assert_int_equal(tip_of(f, 1, 0).seq, known + VL_CHUNK_ENTRIES_MAX);
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
        write_one(f, 0, i);
    uint64_t known = tip_of(f, 1, 0).seq;
    struct chunk *c = chunk_of(f, 0, 0, known + 1, 1);
    for (unsigned kind = 0; kind < 2; kind++) {
        struct vl_session *s = opened(f, 1, 0);
        struct vl_buffer part = {0};
        c->done = 0;
        assert_int_equal(message_entries_write(c, false, &part), VL_OK);
        if (kind == 0) make_later_part(&part); /* of a chunk that was not begun */
        if (kind == 1) part.data[1] = ENTRIES_FIRST;
        vl_result result = give(s, &part);
        if (kind == 0) assert_int_equal(result, VL_ERR_PREV);
        if (kind == 1) { /* begun twice */
            assert_int_equal(result, VL_OK);
            assert_int_equal(give_chunk(s, c, false), VL_ERR_PREV);
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
    struct chunk *c = chunk_of(f, 0, 0, 0, 1); /* the founding entry, shown again and again */
    struct proof_item item = {.entry = chunk_entry(c, 0)};
    memcpy(item.author, f->nodes[0].keys->card.sign, sizeof item.author);
    size_t size = chunk_size(c);
    struct proof *proof = NULL;
    assert_int_equal(proof_create(&proof, f->nodes[newcomer].replica), VL_OK);
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
    write_one(f, 0, 1);
    struct chunk *founding = chunk_of(f, 0, 0, 0, 1);
    struct chunk *next = chunk_of(f, 0, 0, 1, 1);
    struct chunk *content = chunk_of(f, 0, 0, tip_of(f, 0, 0).seq, 1);
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
        assert_int_equal(proof_create(&proof, f->nodes[newcomer].replica), VL_OK);
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

/* ---- entries that wait ---- */

/* Node 1 writes x, node 0 sees it and writes `count` entries; node 2 has neither. The chunks of
 * both logs as node 0 has them. */
static struct chunk **waiting_chunks(struct circle_fixture *f, size_t count, size_t *chunks,
                                     struct chunk **link)
{
    struct vl_head before = tip_of(f, 0, 0);
    write_one(f, 1, 9000);
    struct vl_head x = tip_of(f, 1, 1);
    *link = chunk_of(f, 1, 1, x.seq, 1);
    (void)circle_fixture_pull(f, 0, 1);
    for (uint64_t i = 0; i < count; i++)
        write_one(f, 0, i);
    struct chunk **list = calloc(count + 1, sizeof *list);
    assert_non_null(list);
    *chunks = 0;
    for (size_t done = 0; done < count;) {
        struct chunk *c = chunk_of(f, 0, 0, before.seq + 1 + done, VL_CHUNK_ENTRIES_MAX);
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
    struct vl_session *s = opened(f, 2, 0);
    for (size_t i = 0; i < chunks; i++)
        assert_int_equal(give_chunk(s, list[i], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 600);
    assert_int_equal(vl_session_counts_of(s).entries_received, 0);
    assert_false(vl_session_in_sync(s));
    /* The link arrives: all follows at once. */
    assert_int_equal(give_chunk(s, link, true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(vl_session_counts_of(s).entries_received, 601);
    assert_int_equal(give_drained(s), VL_OK);
    assert_int_equal(entries_of(f, 2), entries_of(f, 0));
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
    struct vl_session *s = opened(f, 2, 0);
    assert_int_equal(give_chunk(s, list[0], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 20);
    (void)circle_fixture_pull(f, 2, 1);
    (void)drain(s);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(entries_of(f, 2), entries_of(f, 0));
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
    struct vl_session *s = fixture_session(f, 2, 0, false, start);
    session_limit_pending(s, 4);
    assert_int_equal(give_hello(s, false), VL_OK);
    assert_int_equal(give_heads(s, NULL, 0), VL_OK);
    (void)drain(s);
    assert_int_equal(give_chunk(s, list[0], true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0); /* dropped: more than may wait */
    (void)circle_fixture_pull(f, 2, 1);
    assert_int_equal(give_drained(s), VL_OK);
    assert_true(drain(s) >= 1); /* HEADS */
    assert_int_equal(give_chunk(s, list[0], true), VL_OK);
    assert_int_equal(give_drained(s), VL_OK);
    assert_int_equal(entries_of(f, 2), entries_of(f, 0));
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
    struct vl_session *s = opened(f, 2, 0);
    assert_int_equal(give_chunk(s, list[0], true), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 20);
    assert_int_equal(give_drained(s), VL_ERR_LIMIT);
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
    struct vl_session *s = opened(f, 2, 0);
    for (size_t i = 0; i + 1 < chunks; i++)
        assert_int_equal(give_chunk(s, list[i], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, VL_PENDING_ENTRIES_MAX);
    assert_int_equal(give_chunk(s, list[chunks - 1], false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, VL_PENDING_ENTRIES_MAX);
    assert_int_equal(give_chunk(s, link, false), VL_OK);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(entries_of(f, 2), entries_of(f, 0) - 1);

    /* The peer has drained: the last one is asked for by HEADS. */
    uint64_t rounds = vl_session_counts_of(s).round_trips;
    assert_int_equal(give_drained(s), VL_OK);
    assert_int_equal(vl_session_counts_of(s).round_trips, rounds + 1);
    assert_true(drain(s) >= 1);
    assert_int_equal(give_chunk(s, list[chunks - 1], true), VL_OK);
    assert_int_equal(give_drained(s), VL_OK);
    assert_int_equal(entries_of(f, 2), entries_of(f, 0));
    vl_session_destroy(s);
    chunks_destroy(list, chunks, link);
    circle_fixture_destroy(f);
}

static void bytes_that_wait_are_bounded(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    write_one(f, 1, 9000);
    (void)circle_fixture_pull(f, 0, 1);
    uint64_t first = tip_of(f, 0, 0).seq + 1;
    char *text = malloc(24001);
    assert_non_null(text);
    memset(text, 'x', 24000);
    text[24000] = 0;
    for (uint64_t i = 0; i < 180; i++) { /* of about 24 kB each: more than 4 MiB */
        struct vl_record_id record = fixture_record(i);
        circle_fixture_add_element(f, 0, 1, &record, 3, text);
    }
    free(text);
    struct vl_session *s = opened(f, 2, 0);
    size_t dropped = 0;
    uint64_t last = tip_of(f, 0, 0).seq;
    for (uint64_t seq = first; seq <= last;) {
        struct chunk *c = chunk_of(f, 0, 0, seq, VL_CHUNK_ENTRIES_MAX);
        size_t before = vl_session_counts_of(s).waiting;
        seq += c->count;
        assert_int_equal(give_chunk(s, c, false), VL_OK);
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
        write_one(f, 0, i);
    struct chunk *c = chunk_of(f, 0, 0, tip_of(f, 1, 0).seq + 2, 1);
    struct vl_session *s = opened(f, 1, 0);
    assert_int_equal(give_drained(s), VL_OK); /* nothing of mine is on its way any more */
    assert_int_equal(give_chunk(s, c, false), VL_ERR_GAP);
    vl_session_destroy(s);
    chunk_destroy(c);
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
        cmocka_unit_test(entries_wait_for_their_links),
        cmocka_unit_test(links_may_come_from_somebody_else),
        cmocka_unit_test(a_slow_round_is_no_fault),
        cmocka_unit_test(a_peer_that_never_delivers_the_links),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(bytes_that_wait_are_bounded),
        cmocka_unit_test(a_gap_without_a_reason_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
