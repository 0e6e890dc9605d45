#include "tests/support/faulty_vfs.h"
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct faulty_file {
    sqlite3_file methods;
    sqlite3_file *inner;
};

static sqlite3_vfs *base;
static struct fault plan;
static uint64_t calls;
static bool hit;

void faulty_vfs_set(const struct fault *fault)
{
    plan = fault != NULL ? *fault : (struct fault){0};
    calls = 0;
    hit = false;
}

bool faulty_vfs_hit(void)
{
    return hit;
}

static bool fails(enum fault_operation operation)
{
    if (plan.nth == 0 || (plan.operations & operation) == 0) return false;
    calls++;
    bool now = calls == plan.nth || (plan.lasting && calls > plan.nth);
    hit = hit || now;
    return now;
}

static sqlite3_file *inner(sqlite3_file *file)
{
    return ((struct faulty_file *)(void *)file)->inner;
}

static int faulty_close(sqlite3_file *f)
{
    return inner(f)->pMethods->xClose(inner(f));
}
static int faulty_read(sqlite3_file *f, void *buffer, int size, sqlite3_int64 at)
{
    return inner(f)->pMethods->xRead(inner(f), buffer, size, at);
}
static int faulty_write(sqlite3_file *f, const void *buffer, int size, sqlite3_int64 at)
{
    if (!fails(FAULT_WRITE)) return inner(f)->pMethods->xWrite(inner(f), buffer, size, at);
    if (plan.torn) (void)inner(f)->pMethods->xWrite(inner(f), buffer, size / 2, at);
    return plan.rc;
}
static int faulty_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fails(FAULT_TRUNCATE) ? plan.rc : inner(f)->pMethods->xTruncate(inner(f), size);
}
static int faulty_sync(sqlite3_file *f, int flags)
{
    return fails(FAULT_SYNC) ? plan.rc : inner(f)->pMethods->xSync(inner(f), flags);
}
static int faulty_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return inner(f)->pMethods->xFileSize(inner(f), size);
}
static int faulty_lock(sqlite3_file *f, int level)
{
    return inner(f)->pMethods->xLock(inner(f), level);
}
static int faulty_unlock(sqlite3_file *f, int level)
{
    return inner(f)->pMethods->xUnlock(inner(f), level);
}
static int faulty_check(sqlite3_file *f, int *out)
{
    return inner(f)->pMethods->xCheckReservedLock(inner(f), out);
}
static int faulty_control(sqlite3_file *f, int operation, void *argument)
{
    return inner(f)->pMethods->xFileControl(inner(f), operation, argument);
}
static int faulty_sector(sqlite3_file *f)
{
    return inner(f)->pMethods->xSectorSize(inner(f));
}
static int faulty_device(sqlite3_file *f)
{
    return inner(f)->pMethods->xDeviceCharacteristics(inner(f));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_check,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_device,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct faulty_file *f = (struct faulty_file *)(void *)file;
    (void)vfs;
    memset(f, 0, sizeof *f);
    f->inner = (sqlite3_file *)(void *)(f + 1);
    int rc = base->xOpen(base, name, f->inner, flags, out);
    if (f->inner->pMethods != NULL) f->methods.pMethods = &methods;
    return rc;
}

const char *faulty_vfs(void)
{
    static sqlite3_vfs vfs;
    if (base != NULL) return vfs.zName;
    if (sqlite3_initialize() != SQLITE_OK) abort();
    base = sqlite3_vfs_find(NULL);
    vfs = *base; /* all but opening is the default's */
    vfs.zName = "faulty";
    vfs.szOsFile += (int)sizeof(struct faulty_file);
    vfs.xOpen = faulty_open;
    vfs.pNext = NULL;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) abort();
    return vfs.zName;
}
