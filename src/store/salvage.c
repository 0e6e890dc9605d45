/* The pages of a damaged database: from the file, or from the log that lies over it. */
#include "store/salvage.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LOG_HEADER   32
#define FRAME_HEADER 24
#define FRAME        (FRAME_HEADER + (int)PAGES_SIZE)
#define LOG_MAGIC    0x377f0682u /* the lowest bit: checksums over big-endian words */
#define LOG_VERSION  3007000u
#define SIZE_AT      28 /* of the count of pages, on page 1 */

/* ---- the log ---- */

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t word_of(const uint8_t *at, bool big)
{
    if (big) return big_endian(at);
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* As docs of SQLite's file format give it. */
static void add_up(uint32_t sum[static 2], const uint8_t *bytes, size_t size, bool big)
{
    for (size_t i = 0; i + 8 <= size; i += 8) {
        sum[0] += word_of(bytes + i, big) + sum[1];
        sum[1] += word_of(bytes + i + 4, big) + sum[0];
    }
}

static bool sums_match(const uint32_t sum[static 2], const uint8_t *kept)
{
    return sum[0] == big_endian(kept) && sum[1] == big_endian(kept + 4);
}

/* S1. A frame that ends no transaction counts only with a later one that does. */
static vl_result read_frames(struct salvage *s, sqlite3_int64 size)
{
    uint8_t head[LOG_HEADER], frame[FRAME];
    uint32_t sum[2] = {0, 0}, committed = 0;
    if (size < LOG_HEADER) return VL_OK;
    if (s->log->pMethods->xRead(s->log, head, LOG_HEADER, 0) != SQLITE_OK) return VL_OK;
    bool big = (head[3] & 1) != 0;
    add_up(sum, head, 24, big);
    if ((big_endian(head) & ~1u) != LOG_MAGIC || big_endian(head + 4) != LOG_VERSION ||
        big_endian(head + 8) != PAGES_SIZE || !sums_match(sum, head + 24))
        return VL_OK;
    size_t most = (size_t)((size - LOG_HEADER) / FRAME);
    s->frames = calloc(most + 1, sizeof *s->frames);
    if (s->frames == NULL) return VL_ERR_NO_MEMORY;
    for (uint32_t i = 0; i < most; i++) {
        sqlite3_int64 at = LOG_HEADER + (sqlite3_int64)i * FRAME;
        if (s->log->pMethods->xRead(s->log, frame, FRAME, at) != SQLITE_OK) break;
        s->frames[i] = big_endian(frame);
        if (s->frames[i] == 0 || memcmp(frame + 8, head + 16, 8) != 0) break;
        add_up(sum, frame, 8, big);
        add_up(sum, frame + FRAME_HEADER, PAGES_SIZE, big);
        if (!sums_match(sum, frame + 16)) break;
        if (big_endian(frame + 4) == 0) continue;
        committed = i + 1;
        s->count = big_endian(frame + 4);
    }
    sodium_memzero(frame, sizeof frame);
    s->frame_count = committed;
    return VL_OK;
}

static sqlite3_int64 frame_page(uint32_t frame)
{
    return LOG_HEADER + (sqlite3_int64)frame * FRAME + FRAME_HEADER;
}

vl_result salvage_fold(struct salvage *s)
{
    uint8_t page[PAGES_SIZE];
    int rc = SQLITE_OK;
    for (uint32_t i = 0; rc == SQLITE_OK && i < s->frame_count; i++) {
        rc = s->log->pMethods->xRead(s->log, page, (int)PAGES_SIZE, frame_page(i));
        if (rc == SQLITE_OK)
            rc = s->file->pMethods->xWrite(s->file, page, (int)PAGES_SIZE,
                                           (sqlite3_int64)(s->frames[i] - 1) * PAGES_SIZE);
    }
    if (rc == SQLITE_OK && s->frame_count > 0)
        rc = s->file->pMethods->xSync(s->file, SQLITE_SYNC_FULL);
    sodium_memzero(page, sizeof page);
    if (rc == SQLITE_OK) return VL_OK;
    return (rc & 0xff) == SQLITE_FULL ? VL_ERR_FULL : VL_ERR_STORAGE;
}

bool salvage_page(struct salvage *s, uint32_t number, uint8_t out[static PAGES_SIZE])
{
    if (number == 0 || number > s->count) return false;
    for (uint32_t i = s->frame_count; i > 0; i--) {
        if (s->frames[i - 1] != number) continue;
        return s->log->pMethods->xRead(s->log, out, (int)PAGES_SIZE, frame_page(i - 1)) ==
               SQLITE_OK;
    }
    sqlite3_int64 at = (sqlite3_int64)(number - 1) * PAGES_SIZE;
    return s->file->pMethods->xRead(s->file, out, (int)PAGES_SIZE, at) == SQLITE_OK;
}

/* ---- opening ---- */

static vl_result open_one(struct salvage *s, const char *name, int flags, sqlite3_file **out)
{
    int got = 0;
    sqlite3_file *file = calloc(1, (size_t)s->vfs->szOsFile);
    if (file == NULL) return VL_ERR_NO_MEMORY;
    if (s->vfs->xOpen(s->vfs, name, file, flags | SQLITE_OPEN_READWRITE, &got) != SQLITE_OK) {
        free(file);
        return VL_ERR_STORAGE;
    }
    *out = file;
    return VL_OK;
}

static vl_result size_of(sqlite3_file *file, sqlite3_int64 *size)
{
    return file->pMethods->xFileSize(file, size) == SQLITE_OK ? VL_OK : VL_ERR_STORAGE;
}

/* How many pages the file says that it has; 0: that cannot be read. */
static uint32_t said_count(const struct salvage *s)
{
    uint8_t page[PAGES_SIZE];
    int rc = s->file->pMethods->xRead(s->file, page, (int)PAGES_SIZE, 0);
    return rc == SQLITE_OK ? big_endian(page + SIZE_AT) : 0;
}

vl_result salvage_open(struct salvage *s, const struct vault_keys *keys, const char *base,
                       const char *path, bool has_log)
{
    sqlite3_int64 size = 0;
    VL_TRY(pages_create(&s->pages, keys, base));
    pages_salvage(s->pages);
    s->vfs = sqlite3_vfs_find(pages_name(s->pages));
    char *log = sqlite3_mprintf("%s-wal", path);
    s->names = log == NULL ? NULL : sqlite3_create_filename(path, "", log, 0, NULL);
    sqlite3_free(log);
    if (s->names == NULL) return VL_ERR_NO_MEMORY;
    VL_TRY(open_one(s, s->names, SQLITE_OPEN_MAIN_DB, &s->file));
    VL_TRY(size_of(s->file, &size));
    uint32_t there = (uint32_t)(size / PAGES_SIZE);
    s->count = said_count(s);
    if (has_log) VL_TRY(open_one(s, sqlite3_filename_wal(s->names), SQLITE_OPEN_WAL, &s->log));
    if (has_log) VL_TRY(size_of(s->log, &size));
    if (has_log) VL_TRY(read_frames(s, size));
    if (there > s->count) s->count = there;
    return VL_OK;
}

static void close_one(sqlite3_file *file)
{
    if (file == NULL) return;
    (void)file->pMethods->xClose(file);
    free(file);
}

void salvage_close(struct salvage *s)
{
    close_one(s->log);
    close_one(s->file);
    if (s->names != NULL) sqlite3_free_filename((sqlite3_filename)s->names);
    free(s->frames);
    pages_destroy(s->pages);
    *s = (struct salvage){0};
}
