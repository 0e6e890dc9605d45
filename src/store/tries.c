#include "store/tries.h"
#include "store/folder.h"
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <veillee/codec.h>
#include <veillee/hash.h>

#define TRIES_NAME    "tries"
#define TRIES_VERSION 1u
#define TRIES_BYTES   40u
#define TRIES_CHECKED 32u

struct tries {
    uint32_t count;
    struct tries_clock last;
};

vl_duration tries_wait(uint32_t count)
{
    if (count == 0) return VL_MILLISECONDS(0);
    if (count > 16) return VL_MILLISECONDS(TRIES_WAIT_MAX_MS);
    uint64_t wait = (uint64_t)TRIES_WAIT_FIRST_MS << (count - 1);
    return VL_MILLISECONDS(wait < TRIES_WAIT_MAX_MS ? wait : TRIES_WAIT_MAX_MS);
}

void tries_clock_read(struct tries_clock *clock)
{
    static uint8_t process[16]; /* where the system tells no boot id, each process is a boot */
    struct timespec now = {0, 0};
    char text[64];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (fd >= 0) close(fd);
    if (size > 0) {
        (void)crypto_generichash(clock->boot, sizeof clock->boot, (const uint8_t *)text,
                                 (unsigned long long)size, NULL, 0);
    } else {
        if (sodium_is_zero(process, sizeof process)) randombytes_buf(process, sizeof process);
        memcpy(clock->boot, process, sizeof clock->boot);
    }
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    clock->now.ms = (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void checksum(struct vl_bytes bytes, uint8_t out[static 8])
{
    struct vl_id hash;
    vl_hash(VL_DOMAIN_VAULT_KEYS, &bytes, 1, &hash);
    memcpy(out, hash.bytes, 8);
}

static vl_result tries_write(int folder, const struct tries *tries)
{
    struct vl_buffer out = {0};
    struct vl_writer w = vl_writer(&out, TRIES_BYTES);
    uint8_t check[8] = {0};
    vl_write_u8(&w, TRIES_VERSION);
    vl_write_exact(&w, "\0\0\0", 3);
    vl_write_u32(&w, tries->count);
    vl_write_exact(&w, tries->last.boot, sizeof tries->last.boot);
    vl_write_u64(&w, tries->last.now.ms);
    if (vl_writer_result(&w) == VL_OK) checksum(vl_buffer_view(&out), check);
    vl_write_exact(&w, check, sizeof check);
    vl_result result = vl_writer_result(&w);
    if (result == VL_OK) result = folder_overwrite(folder, TRIES_NAME, vl_buffer_view(&out));
    vl_buffer_finish(&out);
    return result;
}

static bool tries_decode(struct vl_bytes bytes, struct tries *tries)
{
    uint8_t check[8], stored[8];
    if (bytes.size != TRIES_BYTES) return false;
    struct vl_reader r = vl_reader(bytes);
    uint8_t version = vl_read_u8(&r);
    (void)vl_read_view(&r, 3);
    tries->count = vl_read_u32(&r);
    vl_read_exact(&r, tries->last.boot, sizeof tries->last.boot);
    tries->last.now.ms = vl_read_u64(&r);
    vl_read_exact(&r, stored, sizeof stored);
    checksum(vl_bytes(bytes.data, TRIES_CHECKED), check);
    return vl_reader_end(&r) == VL_OK && version == TRIES_VERSION &&
           memcmp(check, stored, sizeof check) == 0;
}

static vl_result tries_read(int folder, const struct tries_clock *clock, struct tries *tries)
{
    struct vl_buffer bytes = {0};
    vl_result result = folder_read(folder, TRIES_NAME, TRIES_BYTES, &bytes);
    if (result == VL_ERR_NOT_FOUND) {
        *tries = (struct tries){0, *clock};
        result = VL_OK;
    } else if (result == VL_ERR_TOO_LARGE ||
               (result == VL_OK && !tries_decode(vl_buffer_view(&bytes), tries))) {
        *tries = (struct tries){1, *clock};
        result = tries_write(folder, tries);
    }
    vl_buffer_finish(&bytes);
    return result;
}

vl_result tries_begin(int folder, const struct tries_clock *clock, vl_duration *wait)
{
    struct tries tries;
    VL_TRY(tries_read(folder, clock, &tries));
    vl_duration full = tries_wait(tries.count);
    *wait = VL_MILLISECONDS(0);
    if (tries.count > 0 && memcmp(tries.last.boot, clock->boot, sizeof clock->boot) != 0) {
        tries.last = *clock;
        VL_TRY(tries_write(folder, &tries));
    }
    vl_duration gone = vl_instant_since(clock->now, tries.last.now);
    if (gone.ms < full.ms) {
        *wait = VL_MILLISECONDS(full.ms - gone.ms);
        return VL_ERR_BACKOFF;
    }
    if (tries.count < UINT32_MAX) tries.count++;
    tries.last = *clock;
    return tries_write(folder, &tries);
}

vl_result tries_touch(int folder, const struct tries_clock *clock, vl_duration *wait)
{
    struct tries tries;
    VL_TRY(tries_read(folder, clock, &tries));
    tries.last = *clock;
    *wait = tries_wait(tries.count);
    return tries_write(folder, &tries);
}

vl_result tries_clear(int folder)
{
    struct tries none = {0};
    return tries_write(folder, &none);
}

vl_result tries_cancel(int folder, const struct tries_clock *clock)
{
    struct tries tries;
    VL_TRY(tries_read(folder, clock, &tries));
    if (tries.count > 0) tries.count--;
    return tries_write(folder, &tries);
}
