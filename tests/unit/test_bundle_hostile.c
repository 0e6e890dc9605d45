/* Bundles that a member makes who has all the keys, but whose program is not honest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/session_internal.h"
#include "tests/support/forged_bundle.h"
#include "tests/support/session_hand.h"

static void ok(vl_result result)
{
    if (result != VL_OK) print_error("result: %s\n", vl_result_name(result));
    assert_int_equal(result, VL_OK);
}

#define assert_result(got, want) assert_string_equal(vl_result_name(got), vl_result_name(want))

static vl_result read_bundle(struct circle_fixture *f, size_t node, const struct vl_buffer *file)
{
    struct vl_bundle_reader *r = NULL;
    ok(vl_bundle_reader_create(&r, &f->nodes[node].replica, 1));
    vl_result result = vl_bundle_read(r, vl_buffer_view(file));
    vl_result end = vl_bundle_read_end(r);
    if (result != VL_OK) assert_result(end, result);
    vl_bundle_reader_destroy(r);
    return end;
}

static vl_result forge_read(struct circle_fixture *f, struct forged *forged, size_t reader)
{
    assert_true(forged->plain.size <= VL_BUNDLE_FRAME_BYTES);
    forge_seal(forged, 0);
    vl_result result = read_bundle(f, reader, &forged->file);
    forge_finish(forged);
    return result;
}

static void test_forged_headers(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 15);
    size_t stranger = circle_fixture_stranger(f);
    struct forged good = forge(f, 0);
    forge_header(f, &good, 0, &f->id);
    forge_no_proof(&good);
    ok(forge_read(f, &good, 1));

    struct forged unknown = forge(f, 0); /* knows the keys to seal to, but is nobody */
    forge_header(f, &unknown, stranger, &f->id);
    forge_no_proof(&unknown);
    assert_result(forge_read(f, &unknown, 1), VL_ERR_AUTHORITY);

    struct forged circle = forge(f, 0);
    forge_header(f, &circle, 0, &f->nodes[0].person);
    assert_result(forge_read(f, &circle, 1), VL_ERR_CIRCLE);

    struct forged replayed = forge(f, 0); /* a header made for another bundle */
    memset(replayed.hash.bytes, 1, sizeof replayed.hash.bytes);
    forge_header(f, &replayed, 0, &f->id);
    assert_result(forge_read(f, &replayed, 1), VL_ERR_SIGNATURE);

    struct forged version = forge(f, 0);
    forge_header(f, &version, 0, &f->id);
    version.plain.data[3] = 2; /* after the size of two bytes and the kind */
    assert_result(forge_read(f, &version, 1), VL_ERR_VERSION);
    circle_fixture_destroy(f);
}

static void test_forged_messages(void **state)
{
    (void)state;
    static const uint8_t ping[] = {MESSAGE_PING, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t heads[] = {MESSAGE_HEADS, 1, 0};
    static const uint8_t unknown[] = {99};
    static const uint8_t open_proof[] = {MESSAGE_PROOF, 0, 0};
    const struct {
        struct vl_bytes message;
        bool proven;
        vl_result result;
    } cases[] = {
        {vl_bytes(ping, sizeof ping), true, VL_ERR_STATE},
        {vl_bytes(heads, sizeof heads), true, VL_ERR_STATE},
        {vl_bytes((const uint8_t[]){MESSAGE_PROOF, 1, 0}, 3), true,
         VL_ERR_STATE}, /* a second one */
        {vl_bytes(unknown, sizeof unknown), true, VL_ERR_KIND},
        {vl_bytes(open_proof, sizeof open_proof), false, VL_ERR_NOT_CANONICAL},
        {vl_bytes(ping, sizeof ping), false, VL_ERR_STATE},
    };
    struct circle_fixture *f = circle_fixture_create(2, 16);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forged forged = forge(f, 0);
        forge_header(f, &forged, 0, &f->id);
        if (cases[i].proven) forge_no_proof(&forged);
        forge_message(&forged, cases[i].message);
        assert_result(forge_read(f, &forged, 1), cases[i].result);
    }

    struct forged silent = forge(f, 0); /* it ends before its proof */
    forge_header(f, &silent, 0, &f->id);
    assert_result(forge_read(f, &silent, 1), VL_ERR_TRUNCATED);

    struct forged padded = forge(f, 0); /* something after the end mark */
    forge_header(f, &padded, 0, &f->id);
    forge_no_proof(&padded);
    ok(vl_buffer_append(&padded.plain, "\0\1", 2));
    assert_result(forge_read(f, &padded, 1), VL_ERR_NOT_CANONICAL);

    struct forged large = forge(f, 0); /* a message over its limit */
    struct vl_writer w = vl_writer(&large.plain, SIZE_MAX);
    vl_write_varint(&w, VL_MESSAGE_BYTES_MAX + 1);
    assert_result(forge_read(f, &large, 1), VL_ERR_TOO_LARGE);
    circle_fixture_destroy(f);
}

/* A proof with one item, whose strings make the message of any size. */
static void forge_proof(struct forged *forged, bool last, size_t blob, size_t cut, size_t more)
{
    static const uint8_t bytes[VL_BLOB_BYTES_MAX];
    struct vl_buffer message = {0};
    struct proof_item item = {
        .entry = {.header = vl_bytes(bytes, 1), .blob = vl_bytes(bytes, blob)}};
    ok(message_proof_write(&item, 1, last, &message));
    ok(vl_buffer_append(&message, bytes, more));
    forge_message(forged, vl_bytes(message.data, message.size - cut));
    vl_buffer_finish(&message);
}

/* Whoever writes it is known here, so the proof is only looked through; it has a form all the
 * same. */
static void test_forged_proofs(void **state)
{
    (void)state;
    const struct {
        size_t cut, more;
        bool stranger;
        vl_result result;
    } cases[] = {
        {0, 0, false, VL_OK},
        {1, 0, false, VL_ERR_TRUNCATED},
        {0, 1, false, VL_ERR_TRAILING},
        {0, 0, true, VL_ERR_VERSION}, /* it proves nothing: its header is none */
    };
    struct circle_fixture *f = circle_fixture_create(2, 17);
    size_t stranger = circle_fixture_stranger(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forged forged = forge(f, 0);
        forge_header(f, &forged, cases[i].stranger ? stranger : 0, &f->id);
        forge_proof(&forged, true, 40, cases[i].cut, cases[i].more);
        assert_result(forge_read(f, &forged, 1), cases[i].result);
    }
    struct forged other = forge(f, 0); /* something else where the header stands */
    forge_no_proof(&other);
    assert_result(forge_read(f, &other, 1), VL_ERR_KIND);
    circle_fixture_destroy(f);
}

/* Many frames of what is in `plain`, the last one filled with zeros; no end mark if it is full. */
static vl_result forge_frames(struct circle_fixture *f, struct forged *forged, size_t last_frame)
{
    forge_seal(forged, last_frame);
    vl_result result = read_bundle(f, 1, &forged->file);
    forge_finish(forged);
    return result;
}

/* The next message begins so many bytes before the frame's end. */
static struct forged forge_until(struct circle_fixture *f, size_t before_end)
{
    struct forged forged = forge(f, 0);
    forge_header(f, &forged, 0, &f->id);
    forge_proof(&forged, false, 5000, 0, 0);
    /* size, kind, last, count, author, a header of one byte, signature, size of the blob */
    const size_t around = 3 + 1 + 1 + 1 + 32 + 2 + 64 + 3;
    forge_proof(&forged, false, VL_BUNDLE_FRAME_BYTES - before_end - forged.plain.size - around, 0,
                0);
    assert_int_equal(forged.plain.size + before_end, VL_BUNDLE_FRAME_BYTES);
    return forged;
}

static void test_messages_over_frames(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 18);
    for (size_t before_end = 0; before_end < 4; before_end++) {
        struct forged whole = forge_until(f, before_end);
        forge_proof(&whole, true, 200, 0, 0);
        assert_result(forge_frames(f, &whole, 1), VL_OK);
        struct forged cut = forge_until(f, before_end); /* the file ends there */
        forge_proof(&cut, true, 200, 0, 0);
        assert_result(forge_frames(f, &cut, 0), VL_ERR_TRUNCATED);
    }
    struct forged early = forge(f, 0); /* the end, and then a frame */
    forge_header(f, &early, 0, &f->id);
    forge_no_proof(&early);
    assert_result(forge_frames(f, &early, 1), VL_ERR_NOT_CANONICAL);

    struct forged after = forge(f, 0); /* one frame after the last */
    forge_header(f, &after, 0, &f->id);
    forge_no_proof(&after);
    uint8_t frame[VL_BUNDLE_FRAME_BYTES] = {0};
    memcpy(frame, after.plain.data, after.plain.size);
    ok(bundle_frame_seal(after.key, 0, true, frame, &after.file));
    ok(vl_buffer_append(&after.file, "x", 1));
    assert_result(read_bundle(f, 1, &after.file), VL_ERR_TRAILING);
    forge_finish(&after);
    circle_fixture_destroy(f);
}

/* A run whose end never comes. */
static void test_half_a_run(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 19);
    hand_write_one(f, 0, 1);
    struct vl_head tip = hand_tip_of(f, 0, 0);
    struct chunk *c = hand_chunk_of(f, 0, 0, tip.seq, 1);
    struct vl_buffer message = {0};
    ok(message_entries_write(c, false, &message));
    message.data[1] = (uint8_t)(message.data[1] & ~ENTRIES_LAST);
    struct forged forged = forge(f, 0);
    forge_header(f, &forged, 0, &f->id);
    forge_no_proof(&forged);
    forge_message(&forged, vl_buffer_view(&message));
    assert_result(forge_read(f, &forged, 1), VL_ERR_TRUNCATED);
    vl_buffer_finish(&message);
    chunk_destroy(c);
    circle_fixture_destroy(f);
}

/* Keys of low order open nothing, and nothing is sealed to them. */
static void test_keys_of_low_order(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 20);
    struct forged forged = forge(f, 0);
    struct bundle_key *key = NULL;
    struct vl_replica *found = NULL;
    struct vl_id hash;
    ok(bundle_key_create(&key));
    memset(forged.file.data, 0, 32);
    assert_result(bundle_prelude_read(vl_buffer_view(&forged.file), &f->nodes[1].replica, 1, key,
                                      &found, &hash),
                  VL_ERR_NO_KEY);
    bundle_key_destroy(key);
    bundle_key_destroy(forged.key);
    vl_buffer_finish(&forged.file);
    circle_fixture_destroy(f);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged_headers), cmocka_unit_test(test_forged_messages),
        cmocka_unit_test(test_forged_proofs),  cmocka_unit_test(test_messages_over_frames),
        cmocka_unit_test(test_half_a_run),     cmocka_unit_test(test_keys_of_low_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
