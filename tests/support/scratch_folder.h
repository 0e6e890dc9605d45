/* Folders of files that a test makes, damages and searches. Every function aborts the test program
 * when the system fails: no test can go on then. */
#ifndef TESTS_SUPPORT_SCRATCH_FOLDER_H
#define TESTS_SUPPORT_SCRATCH_FOLDER_H

#include <veillee/bytes.h>

struct scratch {
    char path[128];
};

/* Of tests that write thousands of files and learn nothing from a real disk's syncs: from now on
 * folders are made in memory, where there is such a place and TMPDIR does not say otherwise. */
void scratch_in_memory(void);
void scratch_make(struct scratch *s);   /* a new empty folder */
void scratch_remove(struct scratch *s); /* with all that is in it */
void scratch_clear(const struct scratch *s);
/* "path/name" in one of a few static buffers. */
const char *scratch_path(const struct scratch *s, const char *name);
bool scratch_has(const struct scratch *s, const char *name);
size_t scratch_size(const struct scratch *s, const char *name);
void scratch_read(const struct scratch *s, const char *name, struct vl_buffer *out); /* replaces */
void scratch_write(const struct scratch *s, const char *name, struct vl_bytes content);
void scratch_flip(const struct scratch *s, const char *name, size_t at); /* one bit of a byte */
void scratch_truncate(const struct scratch *s, const char *name, size_t size);
/* Copies each file of `from` into `to`, which is emptied first. */
void scratch_copy(const struct scratch *from, const struct scratch *to);
/* The name of a file in which the bytes occur; NULL: in none. Also looks into names of files. */
const char *scratch_find(const struct scratch *s, struct vl_bytes needle);

#endif
