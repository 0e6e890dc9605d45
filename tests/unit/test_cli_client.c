/* The command line's side of the local socket: whom it talks to. */
#include "cli/cli.h"
#include "tests/support/scratch_folder.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534u

/* Listens at `path` as `uid`, says so, and tells by its exit status whether it was told anything.
 */
static pid_t listen_as(uid_t uid, const char *path, int ready)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) return child;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (setuid(uid) != 0) _exit(90);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0) _exit(91);
    if (write(ready, "r", 1) != 1) _exit(92);
    int from = accept(fd, NULL, NULL);
    char told[64];
    _exit(from >= 0 && recv(from, told, sizeof told, 0) > 0 ? 1 : 0);
}

static void test_another_accounts_socket_is_told_nothing(void **state)
{
    (void)state;
    struct scratch folder;
    struct call call = {.passphrase_fd = -1, .json = true, .language = "en"};
    struct json *answer = NULL;
    char path[CLI_PATH_MAX];
    int ready[2], status = 0;
    char byte;
    if (geteuid() != 0) skip(); /* only root can play two accounts */
    scratch_make(&folder);
    assert_int_equal(chmod(folder.path, 0777), 0);
    assert_true(strlen(folder.path) < sizeof call.vault);
    memcpy(call.vault, folder.path, strlen(folder.path) + 1);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", "", 1), 0);
    assert_true(socket_path(call.vault, 1, false, path, sizeof path));
    assert_int_equal(pipe(ready), 0);
    pid_t child = listen_as(NOBODY, path, ready[1]);
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(ask(&call, "GET", "status", NULL, &answer), CLI_NOT_RUNNING);
    assert_null(answer);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(ready[0]);
    scratch_remove(&folder);
}

/* A folder that another account could write in is not where a socket is made. */
static void test_runtime_folder_must_be_private(void **state)
{
    (void)state;
    struct scratch runtime;
    char path[CLI_PATH_MAX], folder[sizeof runtime.path + 16];
    scratch_make(&runtime);
    (void)snprintf(folder, sizeof folder, "%s/veillee", runtime.path);
    assert_int_equal(setenv("XDG_RUNTIME_DIR", runtime.path, 1), 0);
    assert_true(socket_path("/", 0, true, path, sizeof path));
    assert_true(socket_path("/", 0, true, path, sizeof path));
    assert_int_equal(chmod(folder, 0777), 0);
    assert_false(socket_path("/", 0, true, path, sizeof path));
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(symlink("/tmp", folder), 0);
    assert_false(socket_path("/", 0, true, path, sizeof path));
    assert_int_equal(unlink(folder), 0);
    scratch_remove(&runtime);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_accounts_socket_is_told_nothing),
        cmocka_unit_test(test_runtime_folder_must_be_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
