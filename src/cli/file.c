/* Files that a person names. */
#include "cli/cli.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

vl_result file_read(const char *path, size_t max, struct vl_buffer *out)
{
    char part[65536];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return VL_ERR_NOT_FOUND;
    vl_result result = VL_OK;
    for (;;) {
        size_t got = fread(part, 1, sizeof part, file);
        if (got == 0) break;
        if (out->size + got > max) result = VL_ERR_TOO_LARGE;
        if (result == VL_OK) result = vl_buffer_append(out, part, got);
        if (result != VL_OK) break;
    }
    if (result == VL_OK && ferror(file)) result = VL_ERR_STORAGE;
    fclose(file);
    if (result == VL_OK && memchr(out->data == NULL ? "" : (char *)out->data, 0, out->size)) {
        result = VL_ERR_UTF8;
    }
    return result == VL_OK ? vl_buffer_append(out, "", 1) : result;
}

vl_result file_write(const char *path, bool replace, struct vl_bytes bytes)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL);
    int fd = open(path, flags, S_IRUSR | S_IWUSR);
    if (fd < 0) return access(path, F_OK) == 0 && !replace ? VL_ERR_EXISTS : VL_ERR_STORAGE;
    FILE *file = fdopen(fd, "wb");
    if (file == NULL) {
        close(fd);
        return VL_ERR_NO_MEMORY;
    }
    bool wrote = fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
    wrote = fclose(file) == 0 && wrote; /* what was buffered may fail only here */
    if (wrote) return VL_OK;
    if (!replace) (void)unlink(path);
    return VL_ERR_STORAGE;
}
