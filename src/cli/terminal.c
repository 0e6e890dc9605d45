/* Asking people: passphrases without echo, lines, yes or no. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define PASSPHRASE_BYTES_MAX 1024u

static vl_result read_from(int fd, char *out)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = read(fd, out + size, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return VL_ERR_CLOSED;
        if (got == 0 || out[size] == '\n') break;
        if (out[size] == 0) return VL_ERR_INVALID;
        if (++size > PASSPHRASE_BYTES_MAX) return VL_ERR_TOO_LARGE;
    }
    out[size] = 0;
    return size == 0 ? VL_ERR_INVALID : VL_OK;
}

/* Key by key, so that an interrupt cannot leave the terminal without echo. */
static vl_result read_keys(int fd, char *out)
{
    size_t size = 0;
    for (;;) {
        char key;
        ssize_t got = read(fd, &key, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0 || key == 3 || (key == 4 && size == 0)) return VL_ERR_CLOSED;
        if (key == '\n' || key == '\r') break;
        if (key == 21) { /* ^U: from the beginning */
            size = 0;
        } else if (key == 127 || key == 8) { /* back over one character of UTF-8 */
            while (size > 0 && ((unsigned char)out[size - 1] & 0xc0) == 0x80) {
                size--;
            }
            if (size > 0) size--;
        } else if (size == PASSPHRASE_BYTES_MAX) {
            return VL_ERR_TOO_LARGE;
        } else {
            out[size++] = key;
        }
    }
    out[size] = 0;
    return size == 0 ? VL_ERR_INVALID : VL_OK;
}

static vl_result read_hidden(const char *prompt, char *out)
{
    struct termios before, hidden;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return VL_ERR_CLOSED;
    if (tcgetattr(fd, &before) != 0) {
        close(fd);
        return VL_ERR_CLOSED;
    }
    hidden = before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    (void)tcsetattr(fd, TCSAFLUSH, &hidden);
    (void)!write(fd, prompt, strlen(prompt));
    vl_result result = read_keys(fd, out);
    (void)!write(fd, "\n", 1);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    close(fd);
    return result;
}

vl_result read_passphrase(const struct call *call, const char *prompt, char **out)
{
    char *text = sodium_malloc(PASSPHRASE_BYTES_MAX + 2);
    if (text == NULL) return VL_ERR_NO_MEMORY;
    vl_result result =
        call->passphrase_fd >= 0 ? read_from(call->passphrase_fd, text) : read_hidden(prompt, text);
    if (result != VL_OK) {
        sodium_free(text);
        return result;
    }
    *out = text;
    return VL_OK;
}

vl_result read_line(const char *prompt, char *out, size_t size)
{
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (terminal == NULL) return VL_ERR_CLOSED;
    fputs(prompt, terminal);
    (void)fflush(terminal);
    char *line = fgets(out, (int)size, terminal);
    fclose(terminal);
    if (line == NULL) return VL_ERR_CLOSED;
    out[strcspn(out, "\n")] = 0;
    return VL_OK;
}

bool confirm(const char *question)
{
    char line[32];
    int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return false;
    (void)tcflush(fd, TCIFLUSH);
    close(fd);
    if (read_line(question, line, sizeof line) != VL_OK) return false;
    return line[0] == 'y' || line[0] == 'Y' || line[0] == 'o' || line[0] == 'O';
}
