/* Texts on a terminal, in lines that fit. */
#include "cli/cli.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_BYTES (WRAP_COLUMNS * 4)

static unsigned columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return WRAP_COLUMNS;
    return size.ws_col > WRAP_COLUMNS ? WRAP_COLUMNS : size.ws_col - 1u;
}

static unsigned width_of(const char *text, size_t size)
{
    unsigned width = 0;
    for (size_t i = 0; i < size; i++) {
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return width;
}

/* One word. What is longer than a line's bytes goes out in pieces. */
static void print_word(const char *word, size_t size)
{
    char piece[LINE_BYTES + 1];
    while (size > 0) {
        size_t part = size < LINE_BYTES ? size : LINE_BYTES;
        while (part < size && ((unsigned char)word[part] & 0xc0) == 0x80) {
            part--;
        }
        memcpy(piece, word, part);
        piece[part] = 0;
        print_text(piece);
        word += part;
        size -= part;
    }
}

static void print_line(const char *line, size_t size, unsigned indent, unsigned width)
{
    unsigned hang = size >= 2 && line[0] == '-' && line[1] == ' ' ? indent + 2 : indent;
    unsigned at = indent;
    if (size == 0) {
        putchar('\n');
        return;
    }
    printf("%*s", (int)indent, "");
    for (const char *end = line + size; line < end;) {
        const char *blank = memchr(line, ' ', (size_t)(end - line));
        size_t word = (size_t)((blank == NULL ? end : blank) - line);
        unsigned needs = width_of(line, word);
        if (at > hang && at + 1 + needs > width) {
            printf("\n%*s", (int)hang, "");
            at = hang;
        } else if (at > indent) {
            putchar(' ');
            at++;
        }
        print_word(line, word);
        at += needs;
        line += word + (blank != NULL);
    }
    putchar('\n');
}

void print_wrapped(const char *text, unsigned indent)
{
    unsigned width = columns();
    for (;;) {
        size_t size = strcspn(text, "\n");
        print_line(text, size, indent, width);
        if (text[size] == 0) break;
        text += size + 1;
    }
}
