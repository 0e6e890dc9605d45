/* Sentences for people. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

static const struct {
    vl_result result;
    int status;
} statuses[] = {
    {VL_ERR_LOCKED, CLI_LOCKED},      {VL_ERR_PASSPHRASE, CLI_PASSPHRASE},
    {VL_ERR_BACKOFF, CLI_PASSPHRASE}, {VL_ERR_NOT_FOUND, CLI_NOT_FOUND},
    {VL_ERR_INVALID, CLI_INVALID},    {VL_ERR_TOO_LARGE, CLI_INVALID},
    {VL_ERR_UTF8, CLI_INVALID},       {VL_ERR_KIND, CLI_INVALID},
    {VL_ERR_EXISTS, CLI_INVALID},     {VL_ERR_STATE, CLI_INVALID},
    {VL_ERR_LIMIT, CLI_INVALID},      {VL_ERR_CODE, CLI_REFUSED},
    {VL_ERR_REFUSED, CLI_REFUSED},    {VL_ERR_AUTHORITY, CLI_REFUSED},
    {VL_ERR_NO_KEY, CLI_REFUSED},     {VL_ERR_STORAGE, CLI_STORAGE},
    {VL_ERR_FULL, CLI_STORAGE},       {VL_ERR_DAMAGED, CLI_STORAGE},
    {VL_ERR_IN_USE, CLI_STORAGE},     {VL_ERR_VERSION, CLI_STORAGE},
    {VL_ERR_HANDSHAKE, CLI_NETWORK},  {VL_ERR_TIMEOUT, CLI_NETWORK},
    {VL_ERR_CLOSED, CLI_NETWORK},     {VL_ERR_NETWORK, CLI_NETWORK},
};

int exit_of(vl_result result)
{
    if (result == VL_OK) return CLI_OK;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].result == result) return statuses[i].status;
    }
    return CLI_FAILED;
}

int complain_as_told(const struct call *call, vl_result why, const char *field,
                     const char *sentence)
{
    /* Here there is a command for it. */
    if (why == VL_ERR_LOCKED) sentence = _("The vault is locked; open it with `veillee unlock`.");
    if (call->json) {
        struct vl_buffer out = {0};
        struct json_out o = json_out(&out);
        json_open(&o, '{');
        json_put_text(&o, "error", vl_result_name(why));
        json_put_text(&o, "field", field != NULL && field[0] != 0 ? field : NULL);
        json_put_text(&o, "message", sentence);
        json_close(&o, '}');
        if (o.result == VL_OK) printf("%.*s\n", (int)out.size, (const char *)out.data);
        vl_buffer_finish(&out);
    }
    fprintf(stderr, "veillee: %s\n", sentence);
    return exit_of(why);
}

int complain(const struct call *call, vl_result why, const char *field, const char *message)
{
    char text[MESSAGE_SIZE];
    message_write(call->language, why, field, message, text, sizeof text);
    return complain_as_told(call, why, field, text);
}

/* U+202A to U+202E and U+2066 to U+2069: could make a line read as another. */
static bool turns_direction(const unsigned char *at)
{
    if (at[0] != 0xe2) return false;
    return (at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
           (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

static void print(const char *text, const char *on, const char *off)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != 0;) {
        if (!turns_direction(at)) {
            putchar(*at++);
            continue;
        }
        if (at[1] == 0x81 && at[2] == 0xa8) fputs(on, stdout);
        if (at[1] == 0x81 && at[2] == 0xa9) fputs(off, stdout);
        at += 3;
    }
}

void print_text(const char *text)
{
    print(text, "", "");
}

void print_excerpt(const char *text)
{
    /* One line a hit; a line of it is a field of the record, or a paragraph. */
    static const char between[] = " \xc2\xb7 ";
    char line[2048];
    size_t at = 0;
    for (; *text != 0 && at + sizeof between < sizeof line; text++) {
        if (*text == '\n')
            at = (size_t)(stpcpy(line + at, between) - line);
        else
            line[at++] = *text;
    }
    line[at] = 0;
    text = line;
    bool bold = isatty(STDOUT_FILENO) == 1;
    print(text, bold ? "\033[1m" : "", bold ? "\033[0m" : "");
}
