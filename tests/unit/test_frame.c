/* Frames: buckets, the one canonical form, limits, order, close record, rekey. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/frame.h"
#include <veillee/channel.h>

struct ends {
    struct vl_channel *dialler, *answerer;
};

static void ends_finish(struct ends *ends)
{
    vl_channel_destroy(ends->dialler);
    vl_channel_destroy(ends->answerer);
}

static vl_result pass(struct vl_channel *from, struct vl_channel *to)
{
    struct vl_buffer *out = vl_channel_output(from);
    const vl_result result = vl_channel_receive(to, vl_buffer_view(out));

    vl_buffer_consume(out, out->size);
    return result;
}

static void expect_message(struct vl_channel *c, struct vl_bytes expected)
{
    struct vl_buffer message = {0};

    assert_int_equal(vl_channel_take(c, &message), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&message), expected));
    vl_buffer_finish(&message);
}

static void expect_nothing(struct vl_channel *c)
{
    struct vl_buffer message = {0};

    assert_int_equal(vl_channel_take(c, &message), VL_ERR_NOT_FOUND);
    vl_buffer_finish(&message);
}

static void keyed(struct ends *ends)
{
    const uint8_t one[32] = {1}, two[32] = {2};

    *ends = (struct ends){0};
    assert_int_equal(vl_channel_create_keyed(&ends->dialler, one, two), VL_OK);
    assert_int_equal(vl_channel_create_keyed(&ends->answerer, two, one), VL_OK);
}

static void test_message_limit(void **state)
{
    (void)state;
    struct ends ends;
    uint8_t *big = malloc(VL_MESSAGE_BYTES_MAX + 1);

    assert_non_null(big);
    randombytes_buf(big, VL_MESSAGE_BYTES_MAX + 1);
    keyed(&ends);
    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes(big, VL_MESSAGE_BYTES_MAX + 1)),
                     VL_ERR_TOO_LARGE);
    assert_int_equal(vl_channel_output(ends.dialler)->size, 0);
    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes(big, VL_MESSAGE_BYTES_MAX)), VL_OK);
    assert_int_equal(vl_channel_output(ends.dialler)->size, 2 + VL_FRAME_BYTES_MAX);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
    expect_message(ends.answerer, vl_bytes(big, VL_MESSAGE_BYTES_MAX));
    free(big);
    ends_finish(&ends);
}

static void test_buckets(void **state)
{
    (void)state;
    static const size_t cases[][2] = {
        {1, 128},      {128, 128},     {129, 256},     {256, 256},     {257, 512},
        {1024, 1024},  {1025, 2048},   {4096, 4096},   {4097, 8192},   {8192, 8192},
        {8193, 12288}, {61440, 61440}, {61441, 65519}, {65519, 65519},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(frame_bucket(cases[i][0]), cases[i][1]);
    assert_int_equal(FRAME_PLAIN_MAX, 65519);

    /* What is on the wire is a bucket: 126 bytes fill the first with kind and size. */
    static const size_t wires[][2] = {{0, 128},     {126, 128},     {127, 256},
                                      {253, 256},   {254, 512},     {4093, 4096},
                                      {4094, 8192}, {61436, 61440}, {61437, 65519}};
    struct ends ends;
    uint8_t *text = calloc(1, VL_MESSAGE_BYTES_MAX);
    assert_non_null(text);
    keyed(&ends);
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        assert_int_equal(vl_channel_send(ends.dialler, vl_bytes(text, wires[i][0])), VL_OK);
        assert_int_equal(vl_channel_output(ends.dialler)->size, 2 + wires[i][1] + 16);
        assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
        expect_message(ends.answerer, vl_bytes(text, wires[i][0]));
    }
    free(text);
    ends_finish(&ends);
}

/* A frame around any plaintext, as a peer that has the key could make it. */
static vl_result receive_plain(const uint8_t *plain, size_t size)
{
    const uint8_t one[32] = {1}, two[32] = {2};
    struct vl_channel *c = NULL;
    struct noise_cipher cipher = {0};
    uint8_t *frame = malloc(2 + size + 16);

    assert_non_null(frame);
    noise_cipher_set(&cipher, one);
    frame[0] = (uint8_t)((size + 16) >> 8);
    frame[1] = (uint8_t)(size + 16);
    assert_int_equal(
        noise_cipher_seal(&cipher, vl_bytes(NULL, 0), vl_bytes(plain, size), frame + 2), VL_OK);
    assert_int_equal(vl_channel_create_keyed(&c, two, one), VL_OK);
    const vl_result result = vl_channel_receive(c, vl_bytes(frame, 2 + size + 16));
    if (result == VL_OK) {
        assert_int_not_equal(vl_channel_state_of(c), VL_CHANNEL_FAILED);
    } else {
        assert_int_equal(vl_channel_state_of(c), VL_CHANNEL_FAILED);
        assert_int_equal(vl_channel_receive(c, vl_bytes(frame, 1)), result);
    }
    vl_channel_destroy(c);
    free(frame);
    return result;
}

static void test_only_canonical_frames(void **state)
{
    (void)state;
    uint8_t plain[65536] = {FRAME_MESSAGE, 3, 'a', 'b', 'c'};

    assert_int_equal(receive_plain(plain, 128), VL_OK);
    /* sizes that are no bucket, or not this message's */
    assert_int_equal(receive_plain(plain, 127), VL_ERR_NOT_CANONICAL);
    assert_int_equal(receive_plain(plain, 5), VL_ERR_NOT_CANONICAL);
    assert_int_equal(receive_plain(plain, 129), VL_ERR_NOT_CANONICAL);
    assert_int_equal(receive_plain(plain, 256), VL_ERR_NOT_CANONICAL);
    assert_int_equal(receive_plain(plain, 65519), VL_ERR_NOT_CANONICAL);
    plain[127] = 1; /* padding that is not zero */
    assert_int_equal(receive_plain(plain, 128), VL_ERR_NOT_CANONICAL);
    plain[127] = 0;
    for (unsigned kind = 0; kind < 256; kind++) {
        plain[0] = (uint8_t)kind;
        assert_int_equal(receive_plain(plain, 128), kind == FRAME_MESSAGE ? VL_OK
                                                    : kind == FRAME_CLOSE ? VL_ERR_NOT_CANONICAL
                                                                          : VL_ERR_KIND);
    }
    const uint8_t close[128] = {FRAME_CLOSE, 0};
    assert_int_equal(receive_plain(close, 128), VL_OK);
    const uint8_t longer_varint[128] = {FRAME_MESSAGE, 0x83, 0, 'a', 'b', 'c'};
    assert_int_equal(receive_plain(longer_varint, 128), VL_ERR_NOT_CANONICAL);
    const uint8_t past_the_end[128] = {FRAME_MESSAGE, 127};
    assert_int_equal(receive_plain(past_the_end, 128), VL_ERR_NOT_CANONICAL);
    /* VL_MESSAGE_BYTES_MAX fits, one more would too but is refused */
    plain[0] = FRAME_MESSAGE;
    memset(plain + 2, 0, 3);
    const unsigned max = VL_MESSAGE_BYTES_MAX;
    for (unsigned i = 0; i < 2; i++) {
        plain[1] = (uint8_t)(0x80 | ((max + i) & 0x7f));
        plain[2] = (uint8_t)(0x80 | ((max + i) >> 7 & 0x7f));
        plain[3] = (uint8_t)((max + i) >> 14);
        assert_int_equal(receive_plain(plain, 65519), i == 0 ? VL_OK : VL_ERR_TOO_LARGE);
    }
}

static void test_every_bit_flip_of_a_frame(void **state)
{
    (void)state;
    const size_t size = 2 + 128 + 16;

    for (size_t bit = 0; bit < size * 8; bit++) {
        struct ends ends;
        keyed(&ends);
        assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("hello")), VL_OK);
        struct vl_buffer *out = vl_channel_output(ends.dialler);
        out->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const vl_result result = vl_channel_receive(ends.answerer, vl_buffer_view(out));
        /* Of the size's bits some ask for a longer frame: nothing happens until it is there. */
        if (bit < 16) {
            assert_true(result == VL_OK || result == VL_ERR_NOT_CANONICAL);
        } else {
            assert_int_equal(result, VL_ERR_DECRYPT);
        }
        expect_nothing(ends.answerer);
        ends_finish(&ends);
    }
}

static void test_frames_replayed_dropped_reflected(void **state)
{
    (void)state;
    struct vl_buffer one = {0};

    for (unsigned i = 0; i < 3; i++) {
        struct ends ends;
        keyed(&ends);
        struct vl_buffer *out = vl_channel_output(ends.dialler);
        assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("one")), VL_OK);
        vl_buffer_clear(&one);
        assert_int_equal(vl_buffer_append(&one, out->data, out->size), VL_OK);
        vl_result result = VL_OK;
        if (i == 0) { /* replayed */
            assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
            result = vl_channel_receive(ends.answerer, vl_buffer_view(&one));
            expect_message(ends.answerer, vl_bytes_text("one"));
        } else if (i == 1) { /* dropped */
            vl_buffer_clear(out);
            assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("two")), VL_OK);
            result = pass(ends.dialler, ends.answerer);
        } else { /* reflected */
            result = vl_channel_receive(ends.dialler, vl_buffer_view(&one));
        }
        assert_int_equal(result, VL_ERR_DECRYPT);
        expect_nothing(ends.answerer);
        ends_finish(&ends);
    }
    vl_buffer_finish(&one);
}

static void test_close_record(void **state)
{
    (void)state;
    struct ends ends;

    keyed(&ends);
    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("last")), VL_OK);
    assert_int_equal(vl_channel_send_close(ends.dialler), VL_OK);
    assert_int_equal(vl_channel_send_close(ends.dialler), VL_ERR_STATE);
    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("x")), VL_ERR_STATE);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
    assert_int_equal(vl_channel_state_of(ends.answerer), VL_CHANNEL_CLOSED);
    expect_message(ends.answerer, vl_bytes_text("last"));
    expect_nothing(ends.answerer);
    assert_int_equal(vl_channel_send(ends.answerer, vl_bytes_text("x")), VL_ERR_CLOSED);
    assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(NULL, 0)), VL_OK);
    assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes_text("x")), VL_ERR_CLOSED);
    ends_finish(&ends);

    /* Bytes behind the close record in the same piece. */
    keyed(&ends);
    assert_int_equal(vl_channel_send_close(ends.dialler), VL_OK);
    assert_int_equal(vl_buffer_append(vl_channel_output(ends.dialler), "x", 1), VL_OK);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_ERR_CLOSED);
    ends_finish(&ends);
}

static void test_messages_before_an_error_stay(void **state)
{
    (void)state;
    struct ends ends;

    keyed(&ends);
    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("good")), VL_OK);
    const uint8_t bad[2] = {0, 1};
    assert_int_equal(vl_buffer_append(vl_channel_output(ends.dialler), bad, sizeof bad), VL_OK);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_ERR_NOT_CANONICAL);
    expect_message(ends.answerer, vl_bytes_text("good"));
    expect_nothing(ends.answerer);
    ends_finish(&ends);
}

/* Frames around number 2^20 open, and those from it on are under another key. */
static void test_rekey_boundary(void **state)
{
    (void)state;
    const uint8_t key[32] = {5};
    struct noise_cipher send, receive, old;
    struct vl_buffer wire = {0};
    enum frame_kind kind;
    struct vl_bytes message;
    uint8_t plain[128];

    noise_cipher_set(&send, key);
    noise_cipher_set(&receive, key);
    noise_cipher_set(&old, key);
    send.nonce = receive.nonce = old.nonce = FRAME_REKEY_EVERY - 2;
    for (unsigned i = 0; i < 4; i++) {
        size_t size = 0;
        vl_buffer_clear(&wire);
        assert_int_equal(frame_seal(&send, FRAME_MESSAGE, vl_bytes_text("x"), &wire), VL_OK);
        assert_int_equal(frame_measure(vl_buffer_view(&wire), &size), VL_OK);
        assert_int_equal(noise_cipher_open(&old, vl_bytes(NULL, 0),
                                           vl_bytes(wire.data + 2, wire.size - 2), plain),
                         i < 2 ? VL_OK : VL_ERR_DECRYPT);
        assert_int_equal(frame_open(&receive, wire.data, size, &kind, &message), VL_OK);
        assert_true(vl_bytes_equal(message, vl_bytes_text("x")));
    }
    assert_int_equal(receive.nonce, FRAME_REKEY_EVERY + 2);
    assert_memory_equal(send.key, receive.key, sizeof send.key);
    assert_memory_not_equal(send.key, key, sizeof send.key);
    vl_buffer_finish(&wire);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_limit),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_only_canonical_frames),
        cmocka_unit_test(test_every_bit_flip_of_a_frame),
        cmocka_unit_test(test_frames_replayed_dropped_reflected),
        cmocka_unit_test(test_close_record),
        cmocka_unit_test(test_messages_before_an_error_stay),
        cmocka_unit_test(test_rekey_boundary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
