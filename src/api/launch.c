#include "api/launch.h"
#include "api/gate.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LAUNCH_BYTES_MAX 1024u

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, text, size);
        if (written <= 0) return false;
        text += written;
        size -= (size_t)written;
    }
    return true;
}

vl_result launch_write(const char *path, uint16_t port, const char *label, const char *token)
{
    char text[LAUNCH_BYTES_MAX];
    int size = snprintf(text, sizeof text,
                        "<!doctype html><meta charset=\"utf-8\">"
                        "<meta name=\"referrer\" content=\"no-referrer\"><title>.</title>"
                        "<form method=\"post\" action=\"http://127.0.0.1:%u" GATE_LAUNCH_PATH "\">"
                        "<input type=\"hidden\" name=\"%.*s\" value=\"%s\">"
                        "<button>%s</button></form>"
                        "<script>document.forms[0].submit()</script>\n",
                        (unsigned)port, (int)strcspn(GATE_LAUNCH_FIELD, "="), GATE_LAUNCH_FIELD,
                        token, label);
    vl_result result = VL_ERR_STORAGE;
    if (size > 0 && (size_t)size < sizeof text) {
        launch_remove(path);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0) {
            if (write_all(fd, text, (size_t)size)) result = VL_OK;
            if (close(fd) != 0) result = VL_ERR_STORAGE;
            if (result != VL_OK) launch_remove(path);
        }
    }
    sodium_memzero(text, sizeof text);
    return result;
}

void launch_remove(const char *path)
{
    (void)unlink(path);
}
