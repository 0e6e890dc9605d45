#include "tests/support/passing_file.h"

sqlite3_file *passing_inner(sqlite3_file *file)
{
    return ((struct passing_file *)(void *)file)->inner;
}

static int pass_close(sqlite3_file *f)
{
    return passing_inner(f)->pMethods->xClose(passing_inner(f));
}
static int pass_read(sqlite3_file *f, void *buffer, int size, sqlite3_int64 at)
{
    return passing_inner(f)->pMethods->xRead(passing_inner(f), buffer, size, at);
}
static int pass_write(sqlite3_file *f, const void *buffer, int size, sqlite3_int64 at)
{
    return passing_inner(f)->pMethods->xWrite(passing_inner(f), buffer, size, at);
}
static int pass_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return passing_inner(f)->pMethods->xTruncate(passing_inner(f), size);
}
static int pass_sync(sqlite3_file *f, int flags)
{
    return passing_inner(f)->pMethods->xSync(passing_inner(f), flags);
}
static int pass_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return passing_inner(f)->pMethods->xFileSize(passing_inner(f), size);
}
static int pass_lock(sqlite3_file *f, int level)
{
    return passing_inner(f)->pMethods->xLock(passing_inner(f), level);
}
static int pass_unlock(sqlite3_file *f, int level)
{
    return passing_inner(f)->pMethods->xUnlock(passing_inner(f), level);
}
static int pass_check(sqlite3_file *f, int *out)
{
    return passing_inner(f)->pMethods->xCheckReservedLock(passing_inner(f), out);
}
static int pass_control(sqlite3_file *f, int operation, void *argument)
{
    return passing_inner(f)->pMethods->xFileControl(passing_inner(f), operation, argument);
}
static int pass_sector(sqlite3_file *f)
{
    return passing_inner(f)->pMethods->xSectorSize(passing_inner(f));
}
static int pass_device(sqlite3_file *f)
{
    return passing_inner(f)->pMethods->xDeviceCharacteristics(passing_inner(f));
}

const sqlite3_io_methods passing_methods = {
    .iVersion = 1,
    .xClose = pass_close,
    .xRead = pass_read,
    .xWrite = pass_write,
    .xTruncate = pass_truncate,
    .xSync = pass_sync,
    .xFileSize = pass_size,
    .xLock = pass_lock,
    .xUnlock = pass_unlock,
    .xCheckReservedLock = pass_check,
    .xFileControl = pass_control,
    .xSectorSize = pass_sector,
    .xDeviceCharacteristics = pass_device,
};
