#include "cli/browser.h"

#include "cli/cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool browser_address(const char *path, char *out, size_t size)
{
    static const char scheme[] = "file://";
    if (path[0] != '/' || size < sizeof scheme) return false;
    memcpy(out, scheme, sizeof scheme);
    while (*path != 0) {
        char part[CLI_PATH_MAX];
        size_t length = strcspn(path, "/");
        if (length == 0) {
            size_t at = strlen(out);
            if (at + 1 >= size) return false;
            out[at] = '/', out[at + 1] = 0;
            path++;
            continue;
        }
        if (length >= sizeof part) return false;
        memcpy(part, path, length);
        part[length] = 0;
        if (!path_add(out, size, part)) return false;
        path += length;
    }
    return true;
}

static bool has_desktop(void)
{
    static const char *const names[] = {"WAYLAND_DISPLAY", "DISPLAY"};
    for (size_t i = 0; i < 2; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != 0) return true;
    }
    return false;
}

/* In a child of a child, which nobody waits for: the browser may stay for hours. */
static void start_in_background(const char *path)
{
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fork() != 0) _exit(0);
    (void)setsid();
    for (int fd = 0; fd < 3 && nowhere >= 0; fd++) {
        (void)dup2(nowhere, fd);
    }
    (void)execlp("xdg-open", "xdg-open", path, (char *)NULL);
    _exit(1);
}

bool browser_open(const char *path)
{
    if (!has_desktop()) return false;
    pid_t child = fork();
    if (child == 0) start_in_background(path);
    if (child > 0) (void)waitpid(child, NULL, 0);
    return child > 0;
}
