#include "tests/support/faulty_vfs.h"
#include "tests/support/passing_file.h"
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static sqlite3_vfs *base;
static struct fault plan;
static uint64_t calls;
static bool hit, deadly;

void faulty_vfs_set(const struct fault *fault)
{
    plan = fault != NULL ? *fault : (struct fault){0};
    calls = 0;
    hit = deadly = false;
}

void faulty_vfs_set_deadly(const struct fault *fault)
{
    faulty_vfs_set(fault);
    deadly = true;
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
    if (now && deadly && !(plan.torn && operation == FAULT_WRITE)) (void)raise(SIGKILL);
    return now;
}

static int faulty_write(sqlite3_file *f, const void *buffer, int size, sqlite3_int64 at)
{
    if (!fails(FAULT_WRITE)) return passing_methods.xWrite(f, buffer, size, at);
    if (plan.torn) (void)passing_methods.xWrite(f, buffer, size / 2, at);
    if (deadly) (void)raise(SIGKILL);
    return plan.rc;
}
static int faulty_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fails(FAULT_TRUNCATE) ? plan.rc : passing_methods.xTruncate(f, size);
}
static int faulty_sync(sqlite3_file *f, int flags)
{
    return fails(FAULT_SYNC) ? plan.rc : passing_methods.xSync(f, flags);
}

static sqlite3_io_methods methods; /* passing_methods, but for these */

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct passing_file *f = (struct passing_file *)(void *)file;
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
    vfs.szOsFile += (int)sizeof(struct passing_file);
    vfs.xOpen = faulty_open;
    vfs.pNext = NULL;
    methods = passing_methods;
    methods.xWrite = faulty_write;
    methods.xTruncate = faulty_truncate;
    methods.xSync = faulty_sync;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK) abort();
    return vfs.zName;
}
