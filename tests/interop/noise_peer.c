/* One end of a secure channel on standard input and output, for a live handshake with another
 * implementation. First come 77 bytes: 0 answerer or 1 dialler, 32 psk, 12 nonce, 32 seed of the
 * keys. Then the stream. Each message that arrives is sent back reversed; after the close record,
 * or the end of the input, it ends. On standard error: its own static key, then the peer's once it
 * is known, or the name of the error (exit status 1). */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <veillee/channel.h>

static void print_key(const char *what, const uint8_t key[static 32])
{
    char hex[65];

    (void)fprintf(stderr, "%s %s\n", what, sodium_bin2hex(hex, sizeof hex, key, 32));
}

static bool read_all(uint8_t *out, size_t size)
{
    for (size_t at = 0; at < size;) {
        const ssize_t got = read(STDIN_FILENO, out + at, size - at);
        if (got <= 0) return false;
        at += (size_t)got;
    }
    return true;
}

static bool flush_output(struct vl_channel *c)
{
    struct vl_buffer *out = vl_channel_output(c);

    while (out->size > 0) {
        const ssize_t put = write(STDOUT_FILENO, out->data, out->size);
        if (put <= 0) return false;
        vl_buffer_consume(out, (size_t)put);
    }
    return true;
}

static vl_result answer_messages(struct vl_channel *c)
{
    struct vl_buffer message = {0};
    vl_result result;

    while ((result = vl_channel_take(c, &message)) == VL_OK) {
        for (size_t i = 0; i < message.size / 2; i++) {
            const uint8_t byte = message.data[i];
            message.data[i] = message.data[message.size - 1 - i];
            message.data[message.size - 1 - i] = byte;
        }
        result = vl_channel_send(c, vl_buffer_view(&message));
        if (result != VL_OK) break;
    }
    vl_buffer_finish(&message);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result run(struct vl_channel *c)
{
    uint8_t block[4096], key[32];
    bool said = false;

    while (vl_channel_state_of(c) != VL_CHANNEL_CLOSED) {
        if (!flush_output(c)) return VL_ERR_CLOSED;
        const ssize_t got = read(STDIN_FILENO, block, sizeof block);
        if (got <= 0) return VL_ERR_CLOSED;
        VL_TRY(vl_channel_receive(c, vl_bytes(block, (size_t)got)));
        if (!said && vl_channel_peer(c, key) == VL_OK) {
            print_key("peer", key);
            said = true;
        }
        VL_TRY(answer_messages(c));
    }
    return VL_OK;
}

int main(void)
{
    uint8_t start[1 + 32 + VL_BEACON_NONCE_BYTES + 32];
    struct vl_channel_config config = {0};
    struct vl_device_keys *keys = NULL;
    struct vl_seen *seen = NULL;
    struct vl_channel *c = NULL;

    if (sodium_init() < 0 || !read_all(start, sizeof start)) return 2;
    config.dialler = start[0] == 1;
    memcpy(config.psk, start + 1, sizeof config.psk);
    memcpy(config.nonce, start + 33, sizeof config.nonce);
    vl_result result = vl_device_keys_from_seed(start + 45, &keys);
    if (result == VL_OK) result = vl_seen_create(&seen);
    if (result == VL_OK) {
        print_key("own", keys->card.noise);
        config.keys = keys;
        config.seen = seen;
        result = vl_channel_create(&c, &config);
    }
    if (result == VL_OK) result = run(c);
    if (result != VL_OK) (void)fprintf(stderr, "error %s\n", vl_result_name(result));
    vl_channel_destroy(c);
    vl_seen_destroy(seen);
    vl_device_keys_destroy(keys);
    return result == VL_OK ? 0 : 1;
}
