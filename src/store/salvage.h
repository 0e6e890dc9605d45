/* Reading what is left of a damaged database, page by page and without SQLite, which gives up at
 * the first page that it cannot read.
 *
 * Invariants
 *  S1  What is read is what SQLite would read: the file, and over it the pages of the log's whole
 *      transactions, up to the first frame that does not open or does not add up.
 *  S2  A page counts only when its seal opens. Then it is as SQLite wrote it; that its parts lie
 *      within it is checked all the same.
 *  S3  A row is shown whole or not at all.
 *  S4  Rows are found by their pages alone, whether or not what leads there can be read: only
 *      tables have rows of that many columns (database.h), pages that are free are empty
 *      (secure_delete), and others begin with a zero. */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include "store/pages.h"

struct salvage {
    struct pages *pages;
    sqlite3_vfs *vfs;
    const char *names;        /* for sqlite3_filename_wal */
    sqlite3_file *file, *log; /* log NULL: there is none */
    uint32_t count;           /* pages, from 1, those that were cut off with them */
    uint32_t *frames;         /* the page of each frame that counts */
    uint32_t frame_count;
    uint32_t unreadable; /* pages that were asked for by salvage_rows and do not open */
};

/* `has_log`: there is one, so that not getting it is an error. `*s` is zero before, and is closed
 * with salvage_close also on an error. NO_MEMORY, STORAGE. */
VL_MUST_USE vl_result salvage_open(struct salvage *s, const struct vault_keys *keys,
                                   const char *base, const char *path, bool has_log);
void salvage_close(struct salvage *s);
/* Writes the log's pages into the file, as a checkpoint does: durable when it returns, then the log
 * says nothing more. STORAGE, FULL. */
VL_MUST_USE vl_result salvage_fold(struct salvage *s);

#define SALVAGE_COLUMNS_MAX 16u
struct salvage_value {
    enum { SALVAGE_NULL, SALVAGE_NUMBER, SALVAGE_BLOB, SALVAGE_TEXT } kind;
    int64_t number;
    struct vl_bytes bytes; /* of BLOB and TEXT */
};
struct salvage_row {
    bool has_rowid; /* of a table that has one; else of an index, or of a table without */
    size_t count;
    struct salvage_value values[SALVAGE_COLUMNS_MAX];
};
/* Views die with the callback. What it returns but VL_OK ends it. */
typedef vl_result (*salvage_visit)(void *context, const struct salvage_row *row);
/* Every row of every page. What cannot be read is left out, and counted in `unreadable`. */
VL_MUST_USE vl_result salvage_rows(struct salvage *s, salvage_visit visit, void *context);
/* Every row of the table whose root is that page. DAMAGED: one could not be read. */
VL_MUST_USE vl_result salvage_table(struct salvage *s, uint32_t root, salvage_visit visit,
                                    void *context);

/* ---- between the two files of it ---- */
/* Reads a page; false: it does not open. */
bool salvage_page(struct salvage *s, uint32_t number, uint8_t out[static PAGES_SIZE]);

#endif
