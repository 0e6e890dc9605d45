/* A disk that fails: an SQLite VFS over the default one, to lie below the sealed pages. */
#ifndef TESTS_SUPPORT_FAULTY_VFS_H
#define TESTS_SUPPORT_FAULTY_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_operation { FAULT_WRITE = 1, FAULT_SYNC = 2, FAULT_TRUNCATE = 4 };

struct fault {
    unsigned operations; /* bits of fault_operation that count */
    uint64_t nth;        /* which of them fails, from 1; 0: none */
    int rc;              /* what it returns, SQLITE_FULL or SQLITE_IOERR_... */
    bool lasting;        /* so does every later one */
    bool torn;           /* a failing write has written its first half */
};

const char *faulty_vfs(void);                          /* its name; registers it */
void faulty_vfs_set(const struct fault *fault);        /* counts from now; NULL: all goes well */
void faulty_vfs_set_deadly(const struct fault *fault); /* the process ends there, as by kill -9 */
bool faulty_vfs_hit(void);                             /* the fault came since then */

#endif
