/* Calls that change files, counted: at the n-th the process ends, as by a power cut, or the call
 * fails. They stand before those of the C library, for SQLite too, in the one test program whose
 * source includes this; so it holds definitions. */
#ifndef TESTS_SUPPORT_FAILING_CALLS_H
#define TESTS_SUPPORT_FAILING_CALLS_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    unsigned left; /* calls until it happens; 0: never */
    bool ends;     /* the process; else the call fails */
} fault;

static bool fails(void)
{
    if (fault.left == 0 || --fault.left > 0) return false;
    if (fault.ends) (void)raise(SIGKILL);
    errno = EIO;
    return true;
}

#define FAILING_CALL __attribute__((visibility("default")))

/* Half of what is written when the process ends is. */
FAILING_CALL ssize_t write(int fd, const void *data, size_t size)
{
    if (fault.left == 1 && fault.ends) (void)syscall(SYS_write, fd, data, size / 2);
    return fails() ? -1 : syscall(SYS_write, fd, data, size);
}

FAILING_CALL ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    if (fault.left == 1 && fault.ends) (void)syscall(SYS_pwrite64, fd, data, size / 2, at);
    return fails() ? -1 : syscall(SYS_pwrite64, fd, data, size, at);
}

FAILING_CALL int ftruncate64(int fd, off64_t size)
{
    return fails() ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

FAILING_CALL int fsync(int fd)
{
    return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

FAILING_CALL int fdatasync(int fd)
{
    return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

FAILING_CALL int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return fails() ? -1 : (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
}

FAILING_CALL int unlinkat(int folder, const char *name, int flags)
{
    return fails() ? -1 : (int)syscall(SYS_unlinkat, folder, name, flags);
}

FAILING_CALL int unlink(const char *path)
{
    return fails() ? -1 : (int)syscall(SYS_unlink, path);
}

/* Runs it in a child that is killed at the n-th call. Whether it got so far. A child that is
 * through is ended by a signal too: memory checkers ask of one that exits what its parent holds.
 * Asserts by cmocka, which is included before. */
static bool broken_off(void *context, unsigned nth, vl_result (*run)(void *context))
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fault.left = nth;
        fault.ends = true;
        if (run(context) == VL_OK) (void)raise(SIGTERM);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM);
    return WTERMSIG(status) == SIGKILL;
}

#endif
