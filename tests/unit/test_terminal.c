/* Questions at a terminal: a child has one of its own, the test sits at the other end. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"

#define QUESTION "Is it you? "

/* Reads from the terminal until that text has come. */
static void await(int fd, const char *text)
{
    char seen[512] = {0};
    size_t size = 0;
    while (strstr(seen, text) == NULL) {
        assert_true(size + 1 < sizeof seen);
        ssize_t got = read(fd, seen + size, sizeof seen - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
    }
}

static void type(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    await(fd, "\n"); /* its echo: it lies ready to be read */
}

/* What a person's answer is taken for, who typed `early` before she was asked. */
static bool asked(const char *early, const char *answer)
{
    int go[2], fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    assert_int_equal(grantpt(fd), 0);
    assert_int_equal(unlockpt(fd), 0);
    int there = open(ptsname(fd), O_RDWR | O_NOCTTY); /* kept open, or the line is hung up */
    assert_true(there >= 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte;
        if (setsid() < 0 || open(ptsname(fd), O_RDWR) < 0) _exit(2);
        if (read(go[0], &byte, 1) != 1) _exit(2);
        _exit(confirm(QUESTION) ? 0 : 1);
    }
    if (early[0]) type(fd, early);
    assert_int_equal(write(go[1], "x", 1), 1);
    await(fd, QUESTION);
    type(fd, answer);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    (void)close(go[0]);
    (void)close(go[1]);
    (void)close(there);
    (void)close(fd);
    return WEXITSTATUS(status) == 0;
}

static void yes_and_no(void **state)
{
    (void)state;
    assert_true(asked("", "y\n"));
    assert_true(asked("", "oui\n"));
    assert_false(asked("", "n\n"));
    assert_false(asked("", "\n"));
}

static void what_came_before_the_question_is_no_answer(void **state)
{
    (void)state;
    assert_false(asked("y\n", "n\n"));
    assert_true(asked("n\n", "y\n"));
}

static void without_a_terminal_nobody_agrees(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(setsid() < 0 ? 2 : confirm(QUESTION) ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yes_and_no),
        cmocka_unit_test(what_came_before_the_question_is_no_answer),
        cmocka_unit_test(without_a_terminal_nobody_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
