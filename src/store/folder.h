/* The vault's folder: its files are made 0600 in a 0700 folder, replaced whole or not at all, and
 * one process at a time works in it.
 *
 * Functions take the folder's descriptor and a name in it. STORAGE, FULL, NO_MEMORY; others are
 * named where they occur. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <veillee/bytes.h>

VL_MUST_USE vl_result folder_make(const char *path); /* with its parents; nothing if it is there */
VL_MUST_USE vl_result folder_open(const char *path, int *fd); /* NOT_FOUND */
/* Closes it to all other accounts. STORAGE: it belongs to one of them. */
VL_MUST_USE vl_result folder_close_off(int folder);
/* Takes folder/lock until `*fd` is closed. IN_USE: another process, or another holder here. */
VL_MUST_USE vl_result folder_lock(int folder, int *fd);
bool folder_has(int folder, const char *name);
/* Appends the file's content. NOT_FOUND; TOO_LARGE: more than `max` bytes. */
VL_MUST_USE vl_result folder_read(int folder, const char *name, size_t max, struct vl_buffer *out);
/* Durable when it returns: the new content under `name`, or on any error the old. */
VL_MUST_USE vl_result folder_write(int folder, const char *name, struct vl_bytes content);
/* Like folder_write, in place and of at most one sector: needs no room on a full disk. */
VL_MUST_USE vl_result folder_overwrite(int folder, const char *name, struct vl_bytes content);
/* Durable when it returns. */
VL_MUST_USE vl_result folder_rename(int folder, const char *from, const char *to);
void folder_remove(int folder, const char *name); /* nothing if it is absent; not durable yet */
VL_MUST_USE vl_result folder_sync(int folder);    /* what was removed stays so */
/* A durable file of `size` random bytes. */
VL_MUST_USE vl_result folder_fill(int folder, const char *name, uint64_t size);
/* Writes random bytes over what is behind a descriptor, as far as that goes. */
void folder_scrub(int fd);
VL_MUST_USE vl_result folder_size(int folder, const char *name, uint64_t *size);
/* "path/name", for libraries that open by path; the caller frees. */
VL_MUST_USE vl_result folder_join(const char *path, const char *name, char **out);

#endif
