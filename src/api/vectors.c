/* The document as a whole, and the random source while it is made. */
#include "api/vectors.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* ---- random numbers ---- */

static struct {
    uint64_t seed, block;
} source;

static void draw(void *const out, const size_t size)
{
    uint64_t name[2] = {source.seed, source.block++};
    uint8_t key[randombytes_SEEDBYTES];
    static_assert(sizeof key == crypto_stream_chacha20_KEYBYTES, "a seed is a stream's key");
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    (void)crypto_generichash(key, sizeof key, (const uint8_t *)name, sizeof name, NULL, 0);
    if (size > 0) (void)crypto_stream_chacha20(out, size, nonce, key);
}

static uint32_t draw_u32(void)
{
    uint32_t value = 0;
    draw(&value, sizeof value);
    return value;
}

static const char *source_name(void)
{
    return "veillee-vectors";
}

void vectors_reseed(uint64_t seed)
{
    static struct randombytes_implementation implementation = {
        .implementation_name = source_name, .random = draw_u32, .buf = draw};
    source.seed = seed;
    source.block = 0;
    (void)randombytes_set_implementation(&implementation);
}

/* ---- the document ---- */

void vectors_hex(struct json_out *o, const char *name, const void *data, size_t size)
{
    struct vl_buffer text = {0};
    vl_result result = vl_buffer_reserve(&text, 2 * size + 1);
    if (result != VL_OK) {
        if (o->result == VL_OK) o->result = result;
        return;
    }
    if (size > 0) {
        (void)sodium_bin2hex((char *)text.data, 2 * size + 1, data, size);
    } else {
        text.data[0] = 0;
    }
    if (name != NULL) json_key(o, name);
    json_write_text(o, (const char *)text.data);
    vl_buffer_finish(&text);
}

void vectors_number(struct json_out *o, const char *name, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    json_put_text(o, name, digits + at);
}

struct vl_id vectors_bytes(uint8_t fill)
{
    struct vl_id id;
    memset(id.bytes, fill, sizeof id.bytes);
    return id;
}

vl_result vectors_write(struct vl_buffer *out)
{
    struct json_out o = json_out(out);
    vectors_reseed(1);
    json_open(&o, '{');
    json_put_integer(&o, "version", 1);
    VL_TRY(vectors_primitives(&o));
    vectors_reseed(2);
    VL_TRY(vectors_circle(&o));
    json_close(&o, '}');
    return o.result;
}
