/* The secure channel fed by a stranger, and by somebody who has the keys.
 * First byte: what is fed; second: in pieces of which size. Then the bytes. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/frame.h"
#include <veillee/channel.h>

#ifdef NDEBUG
#error "fuzzing is done with assertions"
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum feed { TO_ANSWERER, TO_DIALLER, AFTER_THE_HANDSHAKE, SEALED_FRAMES, FEED_COUNT };

static const uint8_t seed_one[32] = {1}, seed_two[32] = {2}, key_one[32] = {3}, key_two[32] = {4};
static struct vl_device_keys *one, *two;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (sodium_init() < 0 || vl_device_keys_from_seed(seed_one, &one) != VL_OK ||
        vl_device_keys_from_seed(seed_two, &two) != VL_OK)
        abort();
    return 0;
}

static struct vl_channel *make(bool dialler, struct vl_seen *seen)
{
    struct vl_channel *c = NULL;
    const struct vl_channel_config config = {
        .dialler = dialler, .keys = dialler ? one : two, .seen = seen};

    if (vl_channel_create(&c, &config) != VL_OK) abort();
    return c;
}

/* Feeds it all; after a failure nothing more may change. */
static void feed(struct vl_channel *c, struct vl_bytes bytes, size_t piece)
{
    struct vl_buffer message = {0};

    while (bytes.size > 0) {
        const size_t part = bytes.size < piece ? bytes.size : piece;
        const size_t before = vl_channel_output(c)->size;
        const vl_result result = vl_channel_receive(c, vl_bytes(bytes.data, part));
        bytes = vl_bytes(bytes.data + part, bytes.size - part);
        if (result == VL_OK) {
            assert(vl_channel_state_of(c) != VL_CHANNEL_FAILED);
        } else {
            assert(vl_channel_state_of(c) == VL_CHANNEL_FAILED);
            assert(vl_channel_output(c)->size == before);
        }
    }
    while (vl_channel_take(c, &message) == VL_OK)
        assert(message.size <= VL_MESSAGE_BYTES_MAX);
    vl_buffer_finish(&message);
}

static void pass(struct vl_channel *from, struct vl_channel *to)
{
    struct vl_buffer *out = vl_channel_output(from);

    if (vl_channel_receive(to, vl_buffer_view(out)) != VL_OK) abort();
    vl_buffer_clear(out);
}

static void after_the_handshake(struct vl_channel *answerer, struct vl_bytes bytes, size_t piece)
{
    struct vl_channel *dialler = make(true, NULL);

    pass(dialler, answerer);
    pass(answerer, dialler);
    pass(dialler, answerer);
    feed(answerer, bytes, piece);
    vl_channel_destroy(dialler);
}

/* The input as plaintexts, each after its u16 size, sealed as a peer with the key would. */
static void sealed_frames(struct vl_bytes bytes, size_t piece)
{
    struct vl_channel *c = NULL;
    struct noise_cipher cipher = {0};
    struct vl_buffer stream = {0};

    if (vl_channel_create_keyed(&c, key_one, key_two) != VL_OK) abort();
    noise_cipher_set(&cipher, key_two);
    while (bytes.size >= 2) {
        size_t size = (size_t)bytes.data[0] | (size_t)bytes.data[1] << 8;
        bytes = vl_bytes(bytes.data + 2, bytes.size - 2);
        if (size > FRAME_PLAIN_MAX) size = FRAME_PLAIN_MAX;
        const size_t given = size < bytes.size ? size : bytes.size;
        if (vl_buffer_reserve(&stream, 2 + size + NOISE_TAG_BYTES) != VL_OK) abort();
        uint8_t *at = stream.data + stream.size;
        at[0] = (uint8_t)((size + NOISE_TAG_BYTES) >> 8);
        at[1] = (uint8_t)(size + NOISE_TAG_BYTES);
        memset(at + 2, 0, size);
        if (given > 0) memcpy(at + 2, bytes.data, given);
        if (noise_cipher_seal(&cipher, vl_bytes(NULL, 0), vl_bytes(at + 2, size), at + 2) != VL_OK)
            abort();
        stream.size += 2 + size + NOISE_TAG_BYTES;
        bytes = vl_bytes(bytes.data + given, bytes.size - given);
    }
    feed(c, vl_buffer_view(&stream), piece);
    vl_buffer_finish(&stream);
    vl_channel_destroy(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vl_seen *seen = NULL;

    if (size < 2) return 0;
    const size_t piece = data[1] == 0 ? size : data[1];
    const struct vl_bytes bytes = vl_bytes(data + 2, size - 2);
    if (vl_seen_create(&seen) != VL_OK) abort();
    struct vl_channel *c = make(data[0] % FEED_COUNT == TO_DIALLER, seen);
    switch ((enum feed)(data[0] % FEED_COUNT)) {
    case TO_ANSWERER:
    case TO_DIALLER: feed(c, bytes, piece); break;
    case AFTER_THE_HANDSHAKE: after_the_handshake(c, bytes, piece); break;
    case SEALED_FRAMES: sealed_frames(bytes, piece); break;
    case FEED_COUNT: break;
    }
    vl_channel_destroy(c);
    vl_seen_destroy(seen);
    return 0;
}
