#include "tests/support/scratch_folder.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool held, const char *what)
{
    if (held) return;
    perror(what);
    abort();
}

void scratch_in_memory(void)
{
    if (access("/dev/shm", W_OK) == 0) (void)setenv("TMPDIR", "/dev/shm", 0);
}

void scratch_make(struct scratch *s)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(s->path, sizeof s->path, "%s/veillee-test-XXXXXX", base != NULL ? base : "/tmp");
    must(mkdtemp(s->path) != NULL, "mkdtemp");
}

void scratch_clear(const struct scratch *s)
{
    DIR *folder = opendir(s->path);
    must(folder != NULL, s->path);
    for (struct dirent *item = readdir(folder); item != NULL; item = readdir(folder)) {
        if (item->d_name[0] != '.') must(unlinkat(dirfd(folder), item->d_name, 0) == 0, "unlink");
    }
    closedir(folder);
}

void scratch_remove(struct scratch *s)
{
    scratch_clear(s);
    must(rmdir(s->path) == 0, "rmdir");
    s->path[0] = '\0';
}

const char *scratch_path(const struct scratch *s, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", s->path, name);
    return path;
}

bool scratch_has(const struct scratch *s, const char *name)
{
    return access(scratch_path(s, name), F_OK) == 0;
}

size_t scratch_size(const struct scratch *s, const char *name)
{
    struct stat status;
    must(stat(scratch_path(s, name), &status) == 0, name);
    return (size_t)status.st_size;
}

void scratch_read(const struct scratch *s, const char *name, struct vl_buffer *out)
{
    size_t size = scratch_size(s, name);
    FILE *file = fopen(scratch_path(s, name), "rb");
    must(file != NULL, name);
    vl_buffer_clear(out);
    must(vl_buffer_reserve(out, size + 1) == VL_OK, "memory");
    out->size = fread(out->data, 1, size, file);
    must(out->size == size, "read");
    fclose(file);
}

void scratch_write(const struct scratch *s, const char *name, struct vl_bytes content)
{
    FILE *file = fopen(scratch_path(s, name), "wb");
    must(file != NULL, name);
    must(fwrite(content.data, 1, content.size, file) == content.size, "write");
    must(fclose(file) == 0, "close");
}

void scratch_flip(const struct scratch *s, const char *name, size_t at)
{
    FILE *file = fopen(scratch_path(s, name), "r+b");
    must(file != NULL && fseek(file, (long)at, SEEK_SET) == 0, name);
    int byte = fgetc(file);
    must(byte != EOF && fseek(file, (long)at, SEEK_SET) == 0, "seek");
    must(fputc(byte ^ 0x10, file) != EOF && fclose(file) == 0, "write");
}

void scratch_truncate(const struct scratch *s, const char *name, size_t size)
{
    must(truncate(scratch_path(s, name), (off_t)size) == 0, "truncate");
}

void scratch_copy(const struct scratch *from, const struct scratch *to)
{
    struct vl_buffer content = {0};
    scratch_clear(to);
    DIR *folder = opendir(from->path);
    must(folder != NULL, from->path);
    for (struct dirent *item = readdir(folder); item != NULL; item = readdir(folder)) {
        if (item->d_name[0] == '.') continue;
        scratch_read(from, item->d_name, &content);
        scratch_write(to, item->d_name, vl_buffer_view(&content));
    }
    closedir(folder);
    vl_buffer_finish(&content);
}

const char *scratch_find(const struct scratch *s, struct vl_bytes needle)
{
    static char found[256];
    struct vl_buffer content = {0};
    bool is_there = false;
    DIR *folder = opendir(s->path);
    must(folder != NULL, s->path);
    for (struct dirent *item = readdir(folder); item != NULL && !is_there; item = readdir(folder)) {
        if (item->d_name[0] == '.') continue;
        scratch_read(s, item->d_name, &content);
        is_there = memmem(content.data, content.size, needle.data, needle.size) != NULL ||
                   memmem(item->d_name, strlen(item->d_name), needle.data, needle.size) != NULL;
        if (is_there) (void)snprintf(found, sizeof found, "%s", item->d_name);
    }
    closedir(folder);
    vl_buffer_finish(&content);
    return is_there ? found : NULL;
}
