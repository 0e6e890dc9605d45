/* A storage around another one, for tests of what the engine does when something else goes wrong:
 * allocations of the storage below do not count as the engine's, and one row that is read can be
 * given out changed, as a damaged disk would. */
#ifndef TESTS_SUPPORT_WATCHED_STORAGE_H
#define TESTS_SUPPORT_WATCHED_STORAGE_H

#include <veillee/storage.h>

struct watched_storage {
    struct vl_storage real;
    bool (*pause)(bool paused);  /* failing_memory_pause; NULL: allocations do not matter */
    uint64_t rows;               /* given out so far */
    uint64_t damage_at;          /* which of them is changed, from 1; 0: none */
    unsigned way;                /* how; any number */
    const struct vl_id *lasting; /* this entry, log or record's cells are changed every time */
    uint64_t damaged;            /* rows that were changed */
};

/* Ways to change a row that differ: of an entry (some by name), a log, a cell. */
#define WATCHED_WAYS          32u
#define WATCHED_LOG_WAYS      11u
#define WATCHED_CELL_WAYS     6u
#define WATCHED_WAY_SIGNATURE 7u
#define WATCHED_WAY_NO_BLOB   8u
#define WATCHED_WAY_VERIFIED  10u
#define WATCHED_WAY_LOST      24u

/* Valid as long as `w` and what lies below. */
struct vl_storage watched_storage_port(struct watched_storage *w);

#endif
