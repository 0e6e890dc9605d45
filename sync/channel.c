#include <veillee/channel.h>

#include "sync/frame.h"
#include "sync/seen.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

/* Invariants
 *  C1  Before OPEN nothing of the peer is kept but at most one message of fixed size.
 *  C2  An answerer does no Diffie-Hellman and puts out no byte before the first message's tag was
 *      good and its ephemeral key new.
 *  C3  A dialler puts out nothing of its own key before the answerer's static key is the expected
 *      one (if one is expected).
 *  C4  FAILED has no key any more.
 *
 *   dialler   create --first--> HANDSHAKE --second good, third--> OPEN --close record--> CLOSED
 *   answerer  create ---------> HANDSHAKE --first good, second--> HANDSHAKE --third good--> OPEN
 *   both      any error: fail() --> FAILED */

#define PAYLOAD_BYTES    16u /* reserved, zeros */
#define QUEUE_SIZE_BYTES 4u
#define PROLOGUE_BYTES   (sizeof prologue_text + VL_BEACON_NONCE_BYTES)
#define INPUT_KEEP_BYTES 4096u /* a consumed input buffer larger than this is given back */

static const char prologue_text[] = "veillee/1 noise"; /* its final zero is part of it */

static_assert(VL_NOISE_FIRST_BYTES == NOISE_KEY_BYTES + NOISE_TAG_BYTES, "psk, e");
static_assert(VL_NOISE_SECOND_BYTES == 2 * NOISE_KEY_BYTES + 2 * NOISE_TAG_BYTES + PAYLOAD_BYTES,
              "e, ee, s, es");
static_assert(VL_NOISE_THIRD_BYTES == NOISE_KEY_BYTES + 2 * NOISE_TAG_BYTES + PAYLOAD_BYTES,
              "s, se");

struct vl_channel { /* in memory from sodium_malloc */
    enum vl_channel_state state;
    vl_result error; /* when FAILED */
    bool close_sent;
    struct noise_handshake handshake;
    struct noise_cipher send, receive;
    struct vl_seen *seen;
    uint8_t expected[32], peer[32];
    bool has_expected, has_peer;
    struct vl_buffer input, output;
    struct vl_buffer queue; /* u32 size and bytes of each message, from queue_at on */
    size_t queue_at;
};

static vl_result channel_new(struct vl_channel **out)
{
    *out = NULL;
    if (sodium_init() < 0) return VL_ERR_INTERNAL;
    struct vl_channel *c = sodium_malloc(sizeof *c);
    if (c == NULL) return VL_ERR_NO_MEMORY;
    memset(c, 0, sizeof *c);
    *out = c;
    return VL_OK;
}

static void wipe_keys(struct vl_channel *c)
{
    noise_finish(&c->handshake);
    sodium_memzero(&c->send, sizeof c->send);
    sodium_memzero(&c->receive, sizeof c->receive);
}

static vl_result fail(struct vl_channel *c, vl_result why)
{
    c->state = VL_CHANNEL_FAILED;
    c->error = why;
    wipe_keys(c);
    vl_buffer_wipe(&c->input);
    return why;
}

/* ---- handshake ---- */

/* Writes this side's next handshake message. */
static vl_result put_message(struct vl_channel *c, size_t payload)
{
    static const uint8_t zeros[PAYLOAD_BYTES];
    uint8_t message[VL_NOISE_SECOND_BYTES];
    size_t size = 0;

    VL_TRY(noise_write(&c->handshake, vl_bytes(zeros, payload), message, sizeof message, &size));
    return vl_buffer_append(&c->output, message, size);
}

/* Reads the peer's next handshake message of exactly `size` bytes from the input, once all of it
 * is there (TRUNCATED before). */
static vl_result get_message(struct vl_channel *c, size_t payload, size_t size)
{
    uint8_t text[VL_NOISE_SECOND_BYTES];
    size_t text_size = 0;

    if (c->input.size < size) return VL_ERR_TRUNCATED;
    VL_TRY(noise_read(&c->handshake, vl_bytes(c->input.data, size), text, &text_size));
    vl_buffer_consume(&c->input, size);
    if (text_size != payload || !sodium_is_zero(text, text_size)) return VL_ERR_HANDSHAKE;
    return VL_OK;
}

static void open_channel(struct vl_channel *c)
{
    memcpy(c->peer, c->handshake.remote_static, sizeof c->peer);
    c->has_peer = true;
    noise_split(&c->handshake, &c->send, &c->receive);
    noise_finish(&c->handshake);
    c->state = VL_CHANNEL_OPEN;
}

static vl_result dialler_step(struct vl_channel *c)
{
    VL_TRY(get_message(c, PAYLOAD_BYTES, VL_NOISE_SECOND_BYTES));
    if (c->has_expected &&
        sodium_memcmp(c->expected, c->handshake.remote_static, sizeof c->expected) != 0)
        return VL_ERR_HANDSHAKE;
    VL_TRY(put_message(c, PAYLOAD_BYTES));
    open_channel(c);
    return VL_OK;
}

static vl_result answerer_step(struct vl_channel *c)
{
    if (c->handshake.next > 0) {
        VL_TRY(get_message(c, PAYLOAD_BYTES, VL_NOISE_THIRD_BYTES));
        open_channel(c);
        return VL_OK;
    }
    VL_TRY(get_message(c, 0, VL_NOISE_FIRST_BYTES));
    const vl_result seen = seen_add(c->seen, c->handshake.remote_ephemeral);
    if (seen == VL_ERR_REPLAY || seen == VL_ERR_LIMIT) return VL_ERR_HANDSHAKE;
    VL_TRY(seen);
    return put_message(c, PAYLOAD_BYTES);
}

/* Takes handshake messages from the input until one is incomplete or the channel is open. */
static vl_result handshake_step(struct vl_channel *c)
{
    while (c->state == VL_CHANNEL_HANDSHAKE) {
        const vl_result result = c->handshake.initiator ? dialler_step(c) : answerer_step(c);
        if (result == VL_ERR_TRUNCATED) return VL_OK;
        VL_TRY(result);
    }
    return VL_OK;
}

static vl_result handshake_begin(struct vl_channel *c, const struct vl_channel_config *config)
{
    uint8_t prologue[PROLOGUE_BYTES];

    memcpy(prologue, prologue_text, sizeof prologue_text);
    memcpy(prologue + sizeof prologue_text, config->nonce, VL_BEACON_NONCE_BYTES);
    VL_TRY(noise_start(&c->handshake, &noise_xxpsk0,
                       &(struct noise_config){
                           .initiator = config->dialler,
                           .prologue = vl_bytes(prologue, sizeof prologue),
                           .static_secret = config->keys->noise_secret,
                           .psks = {config->psk},
                       }));
    return config->dialler ? put_message(c, 0) : VL_OK;
}

vl_result vl_channel_create(struct vl_channel **out, const struct vl_channel_config *config)
{
    *out = NULL;
    if (!config->dialler && config->seen == NULL) return VL_ERR_INVALID;
    struct vl_channel *c = NULL;
    VL_TRY(channel_new(&c));
    c->state = VL_CHANNEL_HANDSHAKE;
    c->seen = config->seen;
    if (config->dialler && config->expect_peer != NULL) {
        memcpy(c->expected, config->expect_peer, sizeof c->expected);
        c->has_expected = true;
    }
    const vl_result result = handshake_begin(c, config);
    if (result != VL_OK) {
        vl_channel_destroy(c);
        return result;
    }
    *out = c;
    return VL_OK;
}

vl_result vl_channel_create_keyed(struct vl_channel **out, const uint8_t send_key[static 32],
                                  const uint8_t receive_key[static 32])
{
    struct vl_channel *c = NULL;

    *out = NULL;
    VL_TRY(channel_new(&c));
    noise_cipher_set(&c->send, send_key);
    noise_cipher_set(&c->receive, receive_key);
    c->state = VL_CHANNEL_OPEN;
    *out = c;
    return VL_OK;
}

void vl_channel_destroy(struct vl_channel *c)
{
    if (c == NULL) return;
    vl_buffer_wipe(&c->input);
    vl_buffer_wipe(&c->output);
    vl_buffer_wipe(&c->queue);
    sodium_free(c); /* wipes */
}

/* ---- frames ---- */

static vl_result queue_message(struct vl_channel *c, struct vl_bytes message)
{
    uint8_t size[QUEUE_SIZE_BYTES];

    for (unsigned i = 0; i < sizeof size; i++)
        size[i] = (uint8_t)(message.size >> (8 * i));
    VL_TRY(vl_buffer_reserve(&c->queue, sizeof size + message.size));
    VL_TRY(vl_buffer_append(&c->queue, size, sizeof size));
    return vl_buffer_append(&c->queue, message.data, message.size);
}

static vl_result one_frame(struct vl_channel *c, size_t *at)
{
    enum frame_kind kind;
    struct vl_bytes message;
    size_t size = 0;

    VL_TRY(frame_measure(vl_bytes(c->input.data + *at, c->input.size - *at), &size));
    VL_TRY(frame_open(&c->receive, c->input.data + *at, size, &kind, &message));
    *at += size;
    if (kind == FRAME_CLOSE) {
        c->state = VL_CHANNEL_CLOSED;
        return VL_OK;
    }
    return queue_message(c, message);
}

static vl_result frames_step(struct vl_channel *c)
{
    vl_result result = VL_OK;
    size_t at = 0;

    while (result == VL_OK && c->state == VL_CHANNEL_OPEN && at < c->input.size)
        result = one_frame(c, &at);
    vl_buffer_consume(&c->input, at);
    if (result == VL_ERR_TRUNCATED) result = VL_OK;
    if (c->input.size == 0 && c->input.capacity > INPUT_KEEP_BYTES) vl_buffer_wipe(&c->input);
    if (result == VL_OK && c->state == VL_CHANNEL_CLOSED && c->input.size > 0)
        result = VL_ERR_CLOSED;
    return result;
}

vl_result vl_channel_receive(struct vl_channel *c, struct vl_bytes stream)
{
    if (c->state == VL_CHANNEL_FAILED) return c->error;
    if (stream.size == 0) return VL_OK;
    if (c->state == VL_CHANNEL_CLOSED) return fail(c, VL_ERR_CLOSED);

    vl_result result = vl_buffer_append(&c->input, stream.data, stream.size);
    if (result == VL_OK) result = handshake_step(c);
    if (result == VL_OK && c->state == VL_CHANNEL_OPEN) result = frames_step(c);
    return result == VL_OK ? VL_OK : fail(c, result);
}

vl_result vl_channel_take(struct vl_channel *c, struct vl_buffer *message)
{
    vl_buffer_clear(message);
    if (c->queue_at == c->queue.size) return VL_ERR_NOT_FOUND;
    const uint8_t *at = c->queue.data + c->queue_at;
    size_t size = 0;
    for (unsigned i = 0; i < QUEUE_SIZE_BYTES; i++)
        size |= (size_t)at[i] << (8 * i);
    VL_TRY(vl_buffer_append(message, at + QUEUE_SIZE_BYTES, size));
    c->queue_at += QUEUE_SIZE_BYTES + size;
    if (c->queue_at == c->queue.size) {
        c->queue_at = 0;
        vl_buffer_wipe(&c->queue);
    }
    return VL_OK;
}

static vl_result send_frame(struct vl_channel *c, enum frame_kind kind, struct vl_bytes message)
{
    if (c->state == VL_CHANNEL_CLOSED) return VL_ERR_CLOSED;
    if (c->state != VL_CHANNEL_OPEN || c->close_sent) return VL_ERR_STATE;
    return frame_seal(&c->send, kind, message, &c->output);
}

vl_result vl_channel_send(struct vl_channel *c, struct vl_bytes message)
{
    return send_frame(c, FRAME_MESSAGE, message);
}

vl_result vl_channel_send_close(struct vl_channel *c)
{
    VL_TRY(send_frame(c, FRAME_CLOSE, vl_bytes(NULL, 0)));
    c->close_sent = true;
    return VL_OK;
}

struct vl_buffer *vl_channel_output(struct vl_channel *c)
{
    return &c->output;
}

enum vl_channel_state vl_channel_state_of(const struct vl_channel *c)
{
    return c->state;
}

vl_result vl_channel_peer(const struct vl_channel *c, uint8_t noise_key[static 32])
{
    if (!c->has_peer) return VL_ERR_STATE;
    memcpy(noise_key, c->peer, sizeof c->peer);
    return VL_OK;
}
