/* A disk whose power goes: an SQLite VFS over the default one that records every change of files,
 * and makes of the record what a power cut may leave. Of a file's changes after its last sync each
 * is there, lost, or there in some of its sectors, whatever came before or after it; what was
 * synced is there. Aborts when the system fails. */
#ifndef TESTS_SUPPORT_RECORDED_DISK_H
#define TESTS_SUPPORT_RECORDED_DISK_H

#include "tests/support/scratch_folder.h"

#define RECORDED_SECTOR 512u

const char *recorded_disk(void); /* its name; registers it */
void recorded_disk_begin(void); /* files that are opened from now on count as durable as they are */
size_t recorded_disk_calls(void); /* that changed or synced something since then */
void recorded_disk_end(void);     /* forgets the record */

enum recorded_way { RECORDED_ALL_LOST, RECORDED_ALL_THERE, RECORDED_ANY };

/* The record from its beginning, one call after the other: rewind, then next until it is false. */
void recorded_disk_rewind(void);
bool recorded_disk_next(void);
/* The files as a power cut leaves them before the next call; random by libsodium. */
void recorded_disk_cut(enum recorded_way way, const struct scratch *into);

#endif
