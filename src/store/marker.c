#include "store/marker.h"
#include "store/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <veillee/codec.h>

#define MACHINE_ID_MAX 64u

/* A system without a machine-id has an empty one: then inode and birth time decide alone. */
static void read_machine_id(struct vl_buffer *out)
{
    int etc = -1;
    if (folder_open("/etc", &etc) != VL_OK) return;
    if (folder_read(etc, "machine-id", MACHINE_ID_MAX, out) != VL_OK) vl_buffer_clear(out);
    close(etc);
}

vl_result marker_of(const struct vault_keys *keys, int folder, const char *name,
                    uint8_t out[static 32])
{
    struct statx status;
    struct vl_buffer machine = {0}, file = {0};
    if (statx(folder, name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) != 0) {
        return errno == ENOENT ? VL_ERR_NOT_FOUND : VL_ERR_STORAGE;
    }
    read_machine_id(&machine);
    bool has_birth = (status.stx_mask & STATX_BTIME) != 0;
    struct vl_writer w = vl_writer(&file, 64);
    vl_write_u64(&w, status.stx_ino);
    vl_write_i64(&w, has_birth ? status.stx_btime.tv_sec : 0);
    vl_write_u32(&w, has_birth ? status.stx_btime.tv_nsec : 0);
    vl_result result = vl_writer_result(&w);
    if (result == VL_OK) {
        const struct vl_bytes parts[] = {vl_buffer_view(&file), vl_buffer_view(&machine)};
        vl_derive_key(VL_DOMAIN_VAULT_MARKER, keys->marker, parts, 2, out);
    }
    vl_buffer_finish(&machine);
    vl_buffer_finish(&file);
    return result;
}
