#include "tests/support/recorded_disk.h"
#include "tests/support/passing_file.h"
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 4u

enum change { CHANGE_CREATE, CHANGE_WRITE, CHANGE_TRUNCATE, CHANGE_REMOVE, CHANGE_SYNC };

struct call {
    enum change change;
    unsigned file;
    uint64_t at; /* of a write its place, of a truncation the size */
    struct vl_buffer data;
};

struct content {
    bool there;
    struct vl_buffer bytes;
};

static struct {
    char names[FILES_MAX][64];
    struct content first[FILES_MAX]; /* when the record began */
    unsigned files;
    struct call *calls;
    size_t count, capacity;
    bool on;
} record;

static struct {
    struct content durable[FILES_MAX];
    size_t next;
    size_t *open; /* calls that no sync has made durable, in order */
    size_t open_count;
} replay;

static sqlite3_vfs *base;

struct recorded_file {
    struct passing_file passing; /* first: SQLite sees this */
    unsigned file;
};

static void must(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "recorded_disk: %s\n", what);
    abort();
}

/* ---- the record ---- */

static unsigned number_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    for (unsigned i = 0; i < record.files; i++)
        if (strcmp(record.names[i], name) == 0) return i;
    must(record.files < FILES_MAX && strlen(name) < sizeof record.names[0], "files");
    memcpy(record.names[record.files], name, strlen(name) + 1);
    return record.files++;
}

static void note(enum change change, unsigned file, uint64_t at, const void *data, size_t size)
{
    if (!record.on) return;
    if (record.count == record.capacity) {
        record.capacity = record.capacity == 0 ? 256 : 2 * record.capacity;
        record.calls = realloc(record.calls, record.capacity * sizeof *record.calls);
        must(record.calls != NULL, "memory");
    }
    struct call *call = &record.calls[record.count++];
    *call = (struct call){change, file, at, {0}};
    must(vl_buffer_append(&call->data, data, size) == VL_OK, "memory");
}

static void read_first(const char *path, struct content *content)
{
    uint8_t piece[4096];
    FILE *file = fopen(path, "rb");
    content->there = file != NULL;
    if (file == NULL) return;
    for (size_t size; (size = fread(piece, 1, sizeof piece, file)) > 0;)
        must(vl_buffer_append(&content->bytes, piece, size) == VL_OK, "memory");
    (void)fclose(file);
}

void recorded_disk_begin(void)
{
    recorded_disk_end();
    record.on = true;
}

size_t recorded_disk_calls(void)
{
    return record.count;
}

static void finish_contents(struct content contents[static FILES_MAX])
{
    for (unsigned i = 0; i < FILES_MAX; i++)
        vl_buffer_finish(&contents[i].bytes);
    memset(contents, 0, FILES_MAX * sizeof contents[0]);
}

void recorded_disk_end(void)
{
    for (size_t i = 0; i < record.count; i++)
        vl_buffer_finish(&record.calls[i].data);
    free(record.calls);
    free(replay.open);
    finish_contents(record.first);
    finish_contents(replay.durable);
    memset(&record, 0, sizeof record);
    memset(&replay, 0, sizeof replay);
}

/* ---- what a change does ---- */

static void write_at(struct content *content, uint64_t at, struct vl_bytes data)
{
    struct vl_buffer *bytes = &content->bytes;
    if (bytes->size < at + data.size) {
        size_t old = bytes->size;
        must(vl_buffer_reserve(bytes, at + data.size - old) == VL_OK, "memory");
        bytes->size = at + data.size;
        memset(bytes->data + old, 0, bytes->size - old);
    }
    memcpy(bytes->data + at, data.data, data.size);
}

static void apply(struct content *content, const struct call *call)
{
    switch (call->change) {
    case CHANGE_CREATE: content->there = true; break;
    case CHANGE_WRITE: write_at(content, call->at, vl_buffer_view(&call->data)); break;
    case CHANGE_TRUNCATE:
        if (content->bytes.size > call->at) content->bytes.size = call->at;
        break;
    case CHANGE_REMOVE:
        content->there = false;
        content->bytes.size = 0;
        break;
    case CHANGE_SYNC: break;
    }
}

/* Some of the sectors that it writes. */
static void apply_torn(struct content *content, const struct call *call)
{
    struct vl_bytes data = vl_buffer_view(&call->data);
    for (size_t from = 0; from < data.size;) {
        size_t size = RECORDED_SECTOR - (call->at + from) % RECORDED_SECTOR;
        if (size > data.size - from) size = data.size - from;
        if (randombytes_uniform(2) == 0)
            write_at(content, call->at + from, vl_bytes(data.data + from, size));
        from += size;
    }
}

/* ---- replaying ---- */

static void copy(struct content *to, const struct content *from)
{
    to->there = from->there;
    vl_buffer_clear(&to->bytes);
    must(vl_buffer_append(&to->bytes, from->bytes.data, from->bytes.size) == VL_OK, "memory");
}

void recorded_disk_rewind(void)
{
    record.on = false;
    replay.next = replay.open_count = 0;
    replay.open = realloc(replay.open, (record.count + 1) * sizeof *replay.open);
    must(replay.open != NULL, "memory");
    for (unsigned i = 0; i < record.files; i++)
        copy(&replay.durable[i], &record.first[i]);
}

static void make_durable(unsigned file)
{
    size_t kept = 0;
    for (size_t i = 0; i < replay.open_count; i++) {
        const struct call *call = &record.calls[replay.open[i]];
        if (call->file == file)
            apply(&replay.durable[file], call);
        else
            replay.open[kept++] = replay.open[i];
    }
    replay.open_count = kept;
}

bool recorded_disk_next(void)
{
    if (replay.next == record.count) return false;
    const struct call *call = &record.calls[replay.next];
    if (call->change == CHANGE_SYNC)
        make_durable(call->file);
    else
        replay.open[replay.open_count++] = replay.next;
    replay.next++;
    return true;
}

/* false: what comes later went to another file of that name, which is not there. */
static bool apply_any(struct content *content, const struct call *call)
{
    const bool tears = call->change == CHANGE_WRITE;
    switch (randombytes_uniform(tears ? 3 : 2)) {
    case 0: return tears || call->change == CHANGE_TRUNCATE;
    case 1: apply(content, call); return true;
    default: apply_torn(content, call); return true;
    }
}

void recorded_disk_cut(enum recorded_way way, const struct scratch *into)
{
    static struct content after[FILES_MAX];
    bool over[FILES_MAX] = {false};
    for (unsigned i = 0; i < record.files; i++)
        copy(&after[i], &replay.durable[i]);
    for (size_t i = 0; way != RECORDED_ALL_LOST && i < replay.open_count; i++) {
        const struct call *call = &record.calls[replay.open[i]];
        if (way == RECORDED_ALL_THERE)
            apply(&after[call->file], call);
        else if (!over[call->file])
            over[call->file] = !apply_any(&after[call->file], call);
    }
    scratch_clear(into);
    for (unsigned i = 0; i < record.files; i++)
        if (after[i].there) scratch_write(into, record.names[i], vl_buffer_view(&after[i].bytes));
}

/* ---- methods of a file ---- */

static struct recorded_file *recorded(sqlite3_file *file)
{
    return (struct recorded_file *)(void *)file;
}
static int recorded_write(sqlite3_file *f, const void *buffer, int size, sqlite3_int64 at)
{
    note(CHANGE_WRITE, recorded(f)->file, (uint64_t)at, buffer, (size_t)size);
    return passing_methods.xWrite(f, buffer, size, at);
}
static int recorded_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    note(CHANGE_TRUNCATE, recorded(f)->file, (uint64_t)size, NULL, 0);
    return passing_methods.xTruncate(f, size);
}
static int recorded_sync(sqlite3_file *f, int flags)
{
    int rc = passing_methods.xSync(f, flags);
    if (rc == SQLITE_OK) note(CHANGE_SYNC, recorded(f)->file, 0, NULL, 0);
    return rc;
}

static sqlite3_io_methods methods; /* passing_methods, but for these */

static int recorded_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                         int *out)
{
    struct recorded_file *f = (struct recorded_file *)(void *)file;
    (void)vfs;
    memset(f, 0, sizeof *f);
    f->passing.inner = (sqlite3_file *)(void *)(f + 1);
    if (record.on) {
        unsigned known = record.files;
        f->file = number_of(name);
        if (f->file == known) read_first(name, &record.first[f->file]);
    }
    int rc = base->xOpen(base, name, f->passing.inner, flags, out);
    if (f->passing.inner->pMethods != NULL) f->passing.methods.pMethods = &methods;
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_CREATE) != 0)
        note(CHANGE_CREATE, f->file, 0, NULL, 0);
    return rc;
}

static int recorded_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    int rc = base->xDelete(base, name, sync);
    if (rc != SQLITE_OK || !record.on) return rc;
    unsigned file = number_of(name);
    note(CHANGE_REMOVE, file, 0, NULL, 0);
    if (sync != 0) note(CHANGE_SYNC, file, 0, NULL, 0);
    return rc;
}

const char *recorded_disk(void)
{
    static sqlite3_vfs vfs;
    if (base != NULL) return vfs.zName;
    must(sqlite3_initialize() == SQLITE_OK, "sqlite");
    base = sqlite3_vfs_find(NULL);
    vfs = *base; /* all but these is the default's */
    vfs.zName = "recorded";
    vfs.szOsFile += (int)sizeof(struct recorded_file);
    vfs.xOpen = recorded_open;
    vfs.xDelete = recorded_delete;
    vfs.pNext = NULL;
    methods = passing_methods;
    methods.xWrite = recorded_write;
    methods.xTruncate = recorded_truncate;
    methods.xSync = recorded_sync;
    must(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "sqlite");
    return vfs.zName;
}
