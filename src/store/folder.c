#include "store/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILL_CHUNK 65536u

static vl_result from_errno(int error)
{
    if (error == ENOSPC || error == EDQUOT) return VL_ERR_FULL;
    if (error == ENOMEM) return VL_ERR_NO_MEMORY;
    return VL_ERR_STORAGE;
}

static vl_result close_file(int fd, vl_result result)
{
    /* After fsync a failing close loses nothing; it counts only when all went well so far. */
    if (close(fd) != 0 && result == VL_OK) return from_errno(errno);
    return result;
}

static vl_result write_all(int fd, struct vl_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t done = write(fd, bytes.data, bytes.size);
        if (done < 0) {
            if (errno == EINTR) continue;
            return from_errno(errno);
        }
        bytes.data += done;
        bytes.size -= (size_t)done;
    }
    return VL_OK;
}

static vl_result make_one(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return VL_OK;
    return from_errno(errno);
}

vl_result folder_make(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = VL_OK;
    for (char *slash = strchr(copy + 1, '/'); copy[0] != '\0' && slash != NULL && result == VL_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        result = make_one(copy);
        *slash = '/';
    }
    if (result == VL_OK) result = make_one(copy);
    free(copy);
    return result;
}

vl_result folder_open(const char *path, int *fd)
{
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0) return VL_OK;
    return errno == ENOENT || errno == ENOTDIR ? VL_ERR_NOT_FOUND : from_errno(errno);
}

vl_result folder_close_off(int folder)
{
    struct stat status;
    if (fstat(folder, &status) != 0) return from_errno(errno);
    if (status.st_uid != geteuid() || fchmod(folder, 0700) != 0) return VL_ERR_STORAGE;
    return VL_OK;
}

vl_result folder_lock(int folder, int *fd)
{
    *fd = openat(folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0) return from_errno(errno);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return VL_OK;
    vl_result result = errno == EWOULDBLOCK ? VL_ERR_IN_USE : from_errno(errno);
    close(*fd);
    *fd = -1;
    return result;
}

bool folder_has(int folder, const char *name)
{
    struct stat status;
    return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

vl_result folder_read(int folder, const char *name, size_t max, struct vl_buffer *out)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ENOENT ? VL_ERR_NOT_FOUND : from_errno(errno);
    vl_result result = vl_buffer_reserve(out, max + 1);
    size_t size = 0;
    while (result == VL_OK && size <= max) {
        ssize_t done = read(fd, out->data + out->size + size, max + 1 - size);
        if (done == 0) break;
        if (done < 0 && errno != EINTR) result = from_errno(errno);
        if (done > 0) size += (size_t)done;
    }
    if (result == VL_OK && size > max) result = VL_ERR_TOO_LARGE;
    if (result == VL_OK) out->size += size;
    return close_file(fd, result);
}

vl_result folder_sync(int folder)
{
    return fsync(folder) == 0 ? VL_OK : from_errno(errno);
}

vl_result folder_write(int folder, const char *name, struct vl_bytes content)
{
    char temporary[64];
    int length = snprintf(temporary, sizeof temporary, "%s.new", name);
    if (length < 0 || (size_t)length >= sizeof temporary) return VL_ERR_INVALID;
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return from_errno(errno);
    vl_result result = write_all(fd, content);
    if (result == VL_OK && fsync(fd) != 0) result = from_errno(errno);
    result = close_file(fd, result);
    if (result == VL_OK) result = folder_rename(folder, temporary, name);
    if (result != VL_OK) folder_remove(folder, temporary);
    return result;
}

vl_result folder_overwrite(int folder, const char *name, struct vl_bytes content)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return from_errno(errno);
    vl_result result = write_all(fd, content);
    if (result == VL_OK && fsync(fd) != 0) result = from_errno(errno);
    return close_file(fd, result);
}

vl_result folder_rename(int folder, const char *from, const char *to)
{
    if (renameat(folder, from, folder, to) != 0) return from_errno(errno);
    return folder_sync(folder);
}

void folder_remove(int folder, const char *name)
{
    (void)unlinkat(folder, name, 0);
}

/* Durable when it returns. */
static vl_result write_random(int fd, uint64_t size)
{
    uint8_t *chunk = malloc(FILL_CHUNK);
    if (chunk == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = VL_OK;
    while (result == VL_OK && size > 0) {
        size_t part = size < FILL_CHUNK ? (size_t)size : FILL_CHUNK;
        randombytes_buf(chunk, part);
        result = write_all(fd, vl_bytes(chunk, part));
        size -= part;
    }
    if (result == VL_OK && fsync(fd) != 0) result = from_errno(errno);
    free(chunk);
    return result;
}

vl_result folder_fill(int folder, const char *name, uint64_t size)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return from_errno(errno);
    return close_file(fd, write_random(fd, size));
}

void folder_scrub(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && lseek(fd, 0, SEEK_SET) == 0)
        (void)!write_random(fd, (uint64_t)status.st_size);
}

vl_result folder_size(int folder, const char *name, uint64_t *size)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? VL_ERR_NOT_FOUND : from_errno(errno);
    }
    *size = (uint64_t)status.st_size;
    return VL_OK;
}

vl_result folder_join(const char *path, const char *name, char **out)
{
    if (asprintf(out, "%s/%s", path, name) >= 0) return VL_OK;
    *out = NULL;
    return VL_ERR_NO_MEMORY;
}
