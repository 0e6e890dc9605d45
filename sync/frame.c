#include "sync/frame.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <veillee/codec.h>

static_assert(1u + 3u + VL_MESSAGE_BYTES_MAX <= FRAME_PLAIN_MAX, "one message fits one frame");
static_assert((FRAME_PLAIN_STEP & (FRAME_PLAIN_STEP - 1)) == 0, "doubling meets the first step");

size_t frame_bucket(size_t size)
{
    assert(size <= FRAME_PLAIN_MAX);
    if (size <= FRAME_PLAIN_STEP) {
        size_t bucket = FRAME_PLAIN_MIN;
        while (bucket < size)
            bucket *= 2;
        return bucket;
    }
    const size_t bucket = (size + FRAME_PLAIN_STEP - 1) / FRAME_PLAIN_STEP * FRAME_PLAIN_STEP;
    return bucket < FRAME_PLAIN_MAX ? bucket : FRAME_PLAIN_MAX;
}

static size_t varint_size(size_t value)
{
    return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3;
}

/* Both sides count alike, so the boundary needs no word on the wire. */
static void rekey_when_due(struct noise_cipher *cipher)
{
    if (cipher->nonce > 0 && cipher->nonce % FRAME_REKEY_EVERY == 0) noise_cipher_rekey(cipher);
}

vl_result frame_seal(struct noise_cipher *cipher, enum frame_kind kind, struct vl_bytes message,
                     struct vl_buffer *out)
{
    if (message.size > VL_MESSAGE_BYTES_MAX) return VL_ERR_TOO_LARGE;
    const size_t plain = frame_bucket(1 + varint_size(message.size) + message.size);
    const size_t start = out->size, total = FRAME_SIZE_BYTES + plain + NOISE_TAG_BYTES;
    VL_TRY(vl_buffer_reserve(out, total));

    struct vl_writer w = vl_writer(out, start + total);
    vl_write_u8(&w, (uint8_t)((total - FRAME_SIZE_BYTES) >> 8));
    vl_write_u8(&w, (uint8_t)(total - FRAME_SIZE_BYTES));
    vl_write_u8(&w, (uint8_t)kind);
    vl_write_string(&w, message);
    /* There is room and the limit allows it. */
    assert(vl_writer_result(&w) == VL_OK);
    uint8_t *text = out->data + start + FRAME_SIZE_BYTES;
    memset(out->data + out->size, 0, start + total - out->size);
    rekey_when_due(cipher);
    const vl_result result =
        noise_cipher_seal(cipher, vl_bytes(NULL, 0), vl_bytes(text, plain), text);
    out->size = result == VL_OK ? start + total : start;
    return result;
}

vl_result frame_measure(struct vl_bytes input, size_t *size)
{
    *size = 0;
    if (input.size < FRAME_SIZE_BYTES) return VL_ERR_TRUNCATED;
    const size_t sealed = (size_t)input.data[0] << 8 | input.data[1];
    /* No need to wait for bytes that no honest sender would send. */
    if (sealed < FRAME_PLAIN_MIN + NOISE_TAG_BYTES ||
        frame_bucket(sealed - NOISE_TAG_BYTES) != sealed - NOISE_TAG_BYTES)
        return VL_ERR_NOT_CANONICAL;
    if (input.size - FRAME_SIZE_BYTES < sealed) return VL_ERR_TRUNCATED;
    *size = FRAME_SIZE_BYTES + sealed;
    return VL_OK;
}

vl_result frame_open(struct noise_cipher *cipher, uint8_t *frame, size_t size,
                     enum frame_kind *kind, struct vl_bytes *message)
{
    uint8_t *sealed = frame + FRAME_SIZE_BYTES;
    const size_t plain = size - FRAME_SIZE_BYTES - NOISE_TAG_BYTES;

    *message = vl_bytes(NULL, 0);
    rekey_when_due(cipher);
    VL_TRY(noise_cipher_open(cipher, vl_bytes(NULL, 0), vl_bytes(sealed, plain + NOISE_TAG_BYTES),
                             sealed));
    struct vl_reader r = vl_reader(vl_bytes(sealed, plain));
    const uint8_t number = vl_read_u8(&r);
    if (number != FRAME_MESSAGE && number != FRAME_CLOSE) return VL_ERR_KIND;
    *kind = number == FRAME_MESSAGE ? FRAME_MESSAGE : FRAME_CLOSE;
    const struct vl_bytes text = vl_read_string(&r, VL_MESSAGE_BYTES_MAX);
    if (r.result != VL_OK)
        return r.result == VL_ERR_TOO_LARGE ? VL_ERR_TOO_LARGE : VL_ERR_NOT_CANONICAL;
    const size_t left = vl_reader_left(&r);
    if (frame_bucket(plain - left) != plain) return VL_ERR_NOT_CANONICAL;
    if (left > 0 && !sodium_is_zero(sealed + plain - left, left)) return VL_ERR_NOT_CANONICAL;
    if (*kind == FRAME_CLOSE && text.size != 0) return VL_ERR_NOT_CANONICAL;
    *message = text;
    return VL_OK;
}
