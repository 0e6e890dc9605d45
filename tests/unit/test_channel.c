/* The secure channel's handshake: fixed sizes, silence in every failure, replay, limits. */
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/noise.h"
#include "sync/seen.h"
#include <veillee/channel.h>

static const uint8_t psk[32] = {1, 2, 3}, nonce[VL_BEACON_NONCE_BYTES] = {4, 5, 6};
static struct vl_device_keys dialler_keys, answerer_keys;

struct ends {
    struct vl_channel *dialler, *answerer;
    struct vl_seen *seen;
};

/* How far apart the tried bits and cuts are: all of them, or fewer under a slow checker. */
static size_t stride(void)
{
    return test_scale(1, 13);
}

static void make_keys(struct vl_device_keys *keys)
{
    randombytes_buf(keys->noise_secret, sizeof keys->noise_secret);
    assert_int_equal(crypto_scalarmult_base(keys->card.noise, keys->noise_secret), 0);
}

static struct vl_channel_config config_of(bool dialler, struct vl_seen *seen)
{
    struct vl_channel_config config = {
        .dialler = dialler, .keys = dialler ? &dialler_keys : &answerer_keys, .seen = seen};

    memcpy(config.psk, psk, sizeof psk);
    memcpy(config.nonce, nonce, sizeof nonce);
    return config;
}

static struct vl_channel *make(bool dialler, struct vl_seen *seen)
{
    struct vl_channel *c = NULL;
    const struct vl_channel_config config = config_of(dialler, seen);

    assert_int_equal(vl_channel_create(&c, &config), VL_OK);
    return c;
}

static struct ends ends_make(void)
{
    struct ends ends = {0};

    assert_int_equal(vl_seen_create(&ends.seen), VL_OK);
    ends.dialler = make(true, NULL);
    ends.answerer = make(false, ends.seen);
    return ends;
}

static void ends_finish(struct ends *ends)
{
    vl_channel_destroy(ends->dialler);
    vl_channel_destroy(ends->answerer);
    vl_seen_destroy(ends->seen);
}

static vl_result pass(struct vl_channel *from, struct vl_channel *to)
{
    struct vl_buffer *out = vl_channel_output(from);
    const vl_result result = vl_channel_receive(to, vl_buffer_view(out));

    vl_buffer_consume(out, out->size);
    return result;
}

static void handshake(struct ends *ends)
{
    assert_int_equal(pass(ends->dialler, ends->answerer), VL_OK);
    assert_int_equal(pass(ends->answerer, ends->dialler), VL_OK);
    assert_int_equal(pass(ends->dialler, ends->answerer), VL_OK);
    assert_int_equal(vl_channel_state_of(ends->dialler), VL_CHANNEL_OPEN);
    assert_int_equal(vl_channel_state_of(ends->answerer), VL_CHANNEL_OPEN);
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

/* Failed, silent, and staying so. */
static void expect_silent_failure(struct vl_channel *c)
{
    uint8_t more[256] = {0};

    assert_int_equal(vl_channel_state_of(c), VL_CHANNEL_FAILED);
    assert_int_equal(vl_channel_output(c)->size, 0);
    assert_int_equal(vl_channel_receive(c, vl_bytes(more, sizeof more)), VL_ERR_HANDSHAKE);
    assert_int_equal(vl_channel_output(c)->size, 0);
    assert_int_equal(vl_channel_send(c, vl_bytes(more, 1)), VL_ERR_STATE);
    assert_int_equal(vl_channel_output(c)->size, 0);
    assert_int_equal(vl_channel_peer(c, more), VL_ERR_STATE);
}

static void test_both_sides_open_and_know_each_other(void **state)
{
    (void)state;
    struct ends ends = ends_make();
    uint8_t key[32];

    assert_int_equal(vl_channel_output(ends.dialler)->size, VL_NOISE_FIRST_BYTES);
    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("x")), VL_ERR_STATE);
    assert_int_equal(vl_channel_send_close(ends.dialler), VL_ERR_STATE);
    assert_int_equal(vl_channel_peer(ends.dialler, key), VL_ERR_STATE);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
    assert_int_equal(vl_channel_output(ends.answerer)->size, VL_NOISE_SECOND_BYTES);
    assert_int_equal(pass(ends.answerer, ends.dialler), VL_OK);
    assert_int_equal(vl_channel_output(ends.dialler)->size, VL_NOISE_THIRD_BYTES);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);

    assert_int_equal(vl_channel_peer(ends.dialler, key), VL_OK);
    assert_memory_equal(key, answerer_keys.card.noise, sizeof key);
    assert_int_equal(vl_channel_peer(ends.answerer, key), VL_OK);
    assert_memory_equal(key, dialler_keys.card.noise, sizeof key);

    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("one")), VL_OK);
    assert_int_equal(vl_channel_send(ends.dialler, vl_bytes(NULL, 0)), VL_OK);
    assert_int_equal(vl_channel_send(ends.answerer, vl_bytes_text("two")), VL_OK);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
    assert_int_equal(pass(ends.answerer, ends.dialler), VL_OK);
    expect_message(ends.answerer, vl_bytes_text("one"));
    expect_message(ends.answerer, vl_bytes(NULL, 0));
    expect_nothing(ends.answerer);
    expect_message(ends.dialler, vl_bytes_text("two"));
    expect_nothing(ends.dialler);
    ends_finish(&ends);
}

/* The dialler's stream from its third message on, with two messages, cut in two at every place,
 * and byte by byte: the same messages come out. */
static void test_every_cut_of_the_stream(void **state)
{
    (void)state;
    const size_t size = VL_NOISE_THIRD_BYTES + 2 * (2 + 128 + 16);

    for (size_t cut = 0; cut <= size;
         cut = cut < size && cut + stride() > size ? size : cut + stride()) {
        struct ends ends = ends_make();
        assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
        assert_int_equal(pass(ends.answerer, ends.dialler), VL_OK);
        assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("first")), VL_OK);
        assert_int_equal(vl_channel_send(ends.dialler, vl_bytes_text("second")), VL_OK);
        const struct vl_bytes stream = vl_buffer_view(vl_channel_output(ends.dialler));
        assert_int_equal(stream.size, size);
        if (cut == size) {
            for (size_t i = 0; i < size; i++)
                assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(stream.data + i, 1)),
                                 VL_OK);
        } else {
            assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(stream.data, cut)), VL_OK);
            assert_int_equal(
                vl_channel_receive(ends.answerer, vl_bytes(stream.data + cut, size - cut)), VL_OK);
        }
        expect_message(ends.answerer, vl_bytes_text("first"));
        expect_message(ends.answerer, vl_bytes_text("second"));
        ends_finish(&ends);
    }
}

static void test_every_cut_of_the_first_two_messages(void **state)
{
    (void)state;

    for (size_t cut = 1; cut < VL_NOISE_SECOND_BYTES; cut += stride()) {
        struct ends ends = ends_make();
        struct vl_bytes stream = vl_buffer_view(vl_channel_output(ends.dialler));
        if (cut < stream.size) {
            assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(stream.data, cut)), VL_OK);
            assert_int_equal(vl_channel_output(ends.answerer)->size, 0);
            stream = vl_bytes(stream.data + cut, stream.size - cut);
        }
        assert_int_equal(vl_channel_receive(ends.answerer, stream), VL_OK);
        vl_buffer_clear(vl_channel_output(ends.dialler));
        stream = vl_buffer_view(vl_channel_output(ends.answerer));
        assert_int_equal(vl_channel_receive(ends.dialler, vl_bytes(stream.data, cut)), VL_OK);
        assert_int_equal(vl_channel_output(ends.dialler)->size, 0);
        assert_int_equal(
            vl_channel_receive(ends.dialler, vl_bytes(stream.data + cut, stream.size - cut)),
            VL_OK);
        assert_int_equal(vl_channel_state_of(ends.dialler), VL_CHANNEL_OPEN);
        ends_finish(&ends);
    }
}

/* Every bit of message `number` (1 to 3) flipped in turn. */
static void flip_each_bit(unsigned number, size_t size)
{
    for (size_t bit = 0; bit < size * 8; bit += stride()) {
        struct ends ends = ends_make();
        if (number > 1) assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
        if (number > 2) assert_int_equal(pass(ends.answerer, ends.dialler), VL_OK);
        struct vl_channel *from = number == 2 ? ends.answerer : ends.dialler;
        struct vl_channel *to = number == 2 ? ends.dialler : ends.answerer;
        struct vl_buffer *out = vl_channel_output(from);
        assert_int_equal(out->size, size);
        out->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(vl_channel_receive(to, vl_buffer_view(out)), VL_ERR_HANDSHAKE);
        expect_silent_failure(to);
        ends_finish(&ends);
    }
}

static void test_every_bit_flip_fails_alike_and_silently(void **state)
{
    (void)state;
    flip_each_bit(1, VL_NOISE_FIRST_BYTES);
    flip_each_bit(2, VL_NOISE_SECOND_BYTES);
    flip_each_bit(3, VL_NOISE_THIRD_BYTES);
}

static void test_random_bytes_fail_silently(void **state)
{
    (void)state;
    uint8_t noise[4096];

    for (unsigned i = 0; i < 32; i++) {
        struct ends ends = ends_make();
        randombytes_buf(noise, sizeof noise);
        assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(noise, sizeof noise)),
                         VL_ERR_HANDSHAKE);
        expect_silent_failure(ends.answerer);
        ends_finish(&ends);
    }
}

static void test_replayed_first_message_is_refused(void **state)
{
    (void)state;
    struct ends ends = ends_make();
    uint8_t first[VL_NOISE_FIRST_BYTES];

    memcpy(first, vl_channel_output(ends.dialler)->data, sizeof first);
    handshake(&ends);
    struct vl_channel *again = make(false, ends.seen);
    assert_int_equal(vl_channel_receive(again, vl_bytes(first, sizeof first)), VL_ERR_HANDSHAKE);
    expect_silent_failure(again);
    vl_channel_destroy(again);

    /* Under another nonce the set is another, and the prologue refuses it. */
    struct vl_seen *fresh = NULL;
    assert_int_equal(vl_seen_create(&fresh), VL_OK);
    struct vl_channel_config config = config_of(false, fresh);
    config.nonce[0] ^= 1;
    assert_int_equal(vl_channel_create(&again, &config), VL_OK);
    assert_int_equal(vl_channel_receive(again, vl_bytes(first, sizeof first)), VL_ERR_HANDSHAKE);
    expect_silent_failure(again);
    vl_channel_destroy(again);
    vl_seen_destroy(fresh);
    ends_finish(&ends);
}

/* A bad first message leaves no trace: the good one with the same ephemeral key is accepted. */
static void test_only_good_first_messages_are_remembered(void **state)
{
    (void)state;
    struct ends ends = ends_make();
    uint8_t first[VL_NOISE_FIRST_BYTES];

    memcpy(first, vl_channel_output(ends.dialler)->data, sizeof first);
    first[VL_NOISE_FIRST_BYTES - 1] ^= 1;
    struct vl_channel *other = make(false, ends.seen);
    assert_int_equal(vl_channel_receive(other, vl_bytes(first, sizeof first)), VL_ERR_HANDSHAKE);
    vl_channel_destroy(other);
    handshake(&ends);
    ends_finish(&ends);
}

static void test_seen_limit(void **state)
{
    (void)state;
    struct vl_seen *seen = NULL;
    uint8_t key[32] = {0};

    assert_int_equal(vl_seen_create(&seen), VL_OK);
    for (unsigned i = 0; i + 1 < VL_SEEN_EPHEMERALS_MAX; i++) {
        const unsigned scattered = i * 2654435761u;
        memcpy(key, &scattered, sizeof scattered);
        assert_int_equal(seen_add(seen, key), VL_OK);
        assert_int_equal(seen_add(seen, key), VL_ERR_REPLAY);
    }
    assert_false(vl_seen_full(seen));
    struct ends last = {make(true, NULL), make(false, seen), NULL};
    handshake(&last);
    assert_true(vl_seen_full(seen));
    struct ends past = {make(true, NULL), make(false, seen), NULL};
    assert_int_equal(pass(past.dialler, past.answerer), VL_ERR_HANDSHAKE);
    expect_silent_failure(past.answerer);
    ends_finish(&last);
    ends_finish(&past);
    vl_seen_destroy(seen);
}

static void test_wrong_psk_or_nonce(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct ends ends = ends_make();
        struct vl_channel_config config = config_of(true, NULL);
        if (i == 0) config.psk[31] ^= 1;
        if (i == 1) config.nonce[11] ^= 1;
        vl_channel_destroy(ends.dialler);
        assert_int_equal(vl_channel_create(&ends.dialler, &config), VL_OK);
        assert_int_equal(pass(ends.dialler, ends.answerer), VL_ERR_HANDSHAKE);
        expect_silent_failure(ends.answerer);
        ends_finish(&ends);
    }
}

static void test_expected_peer(void **state)
{
    (void)state;
    struct ends ends = ends_make();
    struct vl_channel_config config = config_of(true, NULL);
    uint8_t expected[32];

    memcpy(expected, answerer_keys.card.noise, sizeof expected);
    config.expect_peer = expected;
    vl_channel_destroy(ends.dialler);
    assert_int_equal(vl_channel_create(&ends.dialler, &config), VL_OK);
    handshake(&ends);
    ends_finish(&ends);

    /* Another member answers: nothing is said of who dialled. */
    ends = ends_make();
    expected[0] ^= 1;
    vl_channel_destroy(ends.dialler);
    assert_int_equal(vl_channel_create(&ends.dialler, &config), VL_OK);
    assert_int_equal(pass(ends.dialler, ends.answerer), VL_OK);
    assert_int_equal(pass(ends.answerer, ends.dialler), VL_ERR_HANDSHAKE);
    expect_silent_failure(ends.dialler);
    ends_finish(&ends);
}

static void test_answerer_needs_seen(void **state)
{
    (void)state;
    struct vl_channel *c = NULL;
    const struct vl_channel_config config = config_of(false, NULL);

    assert_int_equal(vl_channel_create(&c, &config), VL_ERR_INVALID);
    assert_null(c);
    vl_channel_destroy(NULL);
    vl_seen_destroy(NULL);
}

/* A member (it has the psk) that sends what an honest one would not. */
static void start_member(struct noise_handshake *h)
{
    uint8_t prologue[sizeof "veillee/1 noise" + VL_BEACON_NONCE_BYTES] = "veillee/1 noise";

    memcpy(prologue + sizeof "veillee/1 noise", nonce, sizeof nonce);
    assert_int_equal(noise_start(h, &noise_xxpsk0,
                                 &(struct noise_config){
                                     .initiator = true,
                                     .prologue = vl_bytes(prologue, sizeof prologue),
                                     .static_secret = dialler_keys.noise_secret,
                                     .psks = {psk},
                                 }),
                     VL_OK);
}

static void test_hostile_member_in_the_handshake(void **state)
{
    (void)state;
    struct noise_handshake h;
    uint8_t message[256], back[256], reserved[16] = {0};
    size_t size, back_size;

    /* An ephemeral key of small order. */
    struct ends ends = ends_make();
    start_member(&h);
    memset(h.own_ephemeral.public, 0, sizeof h.own_ephemeral.public);
    h.own_ephemeral.set = true;
    assert_int_equal(noise_write(&h, vl_bytes(NULL, 0), message, sizeof message, &size), VL_OK);
    assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(message, size)), VL_ERR_HANDSHAKE);
    expect_silent_failure(ends.answerer);
    ends_finish(&ends);

    /* The reserved bytes of the third message: zero or refused. */
    for (uint8_t value = 0; value < 2; value++) {
        ends = ends_make();
        start_member(&h);
        assert_int_equal(noise_write(&h, vl_bytes(NULL, 0), message, sizeof message, &size), VL_OK);
        assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(message, size)), VL_OK);
        struct vl_buffer *out = vl_channel_output(ends.answerer);
        assert_int_equal(noise_read(&h, vl_buffer_view(out), back, &back_size), VL_OK);
        vl_buffer_clear(out);
        assert_int_equal(back_size, sizeof reserved);
        assert_memory_equal(back, reserved, sizeof reserved);
        const uint8_t payload[16] = {[15] = value};
        assert_int_equal(
            noise_write(&h, vl_bytes(payload, sizeof payload), message, sizeof message, &size),
            VL_OK);
        assert_int_equal(vl_channel_receive(ends.answerer, vl_bytes(message, size)),
                         value == 0 ? VL_OK : VL_ERR_HANDSHAKE);
        if (value != 0) expect_silent_failure(ends.answerer);
        ends_finish(&ends);
    }
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    make_keys(&dialler_keys);
    make_keys(&answerer_keys);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_sides_open_and_know_each_other),
        cmocka_unit_test(test_every_cut_of_the_stream),
        cmocka_unit_test(test_every_cut_of_the_first_two_messages),
        cmocka_unit_test(test_every_bit_flip_fails_alike_and_silently),
        cmocka_unit_test(test_random_bytes_fail_silently),
        cmocka_unit_test(test_replayed_first_message_is_refused),
        cmocka_unit_test(test_only_good_first_messages_are_remembered),
        cmocka_unit_test(test_seen_limit),
        cmocka_unit_test(test_wrong_psk_or_nonce),
        cmocka_unit_test(test_expected_peer),
        cmocka_unit_test(test_answerer_needs_seen),
        cmocka_unit_test(test_hostile_member_in_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
