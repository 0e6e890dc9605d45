/* Sentences for people. */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

static const struct {
    vl_result result;
    int status;
    const char *sentence;
} sentences[] = {
    {VL_ERR_NO_MEMORY, CLI_FAILED, N_("There is not enough memory.")},
    {VL_ERR_LOCKED, CLI_LOCKED, N_("The vault is locked; open it with `veillee unlock`.")},
    {VL_ERR_PASSPHRASE, CLI_PASSPHRASE, N_("That is not the passphrase.")},
    {VL_ERR_BACKOFF, CLI_PASSPHRASE,
     N_("Too many wrong passphrases: wait a moment, then try again.")},
    {VL_ERR_NOT_FOUND, CLI_NOT_FOUND, N_("There is no such thing here.")},
    {VL_ERR_INVALID, CLI_INVALID, N_("That is not valid.")},
    {VL_ERR_TOO_LARGE, CLI_INVALID, N_("That is longer than its limit.")},
    {VL_ERR_UTF8, CLI_INVALID, N_("The text is not valid UTF-8, or has control characters.")},
    {VL_ERR_KIND, CLI_INVALID, N_("That kind of thing is not known here.")},
    {VL_ERR_EXISTS, CLI_INVALID, N_("It is here already; nothing was changed.")},
    {VL_ERR_STATE, CLI_INVALID, N_("That is not possible now.")},
    {VL_ERR_LIMIT, CLI_INVALID, N_("A limit is reached.")},
    {VL_ERR_CODE, CLI_REFUSED, N_("The code does not match: ask for the words again.")},
    {VL_ERR_REFUSED, CLI_REFUSED, N_("The other person refused.")},
    {VL_ERR_AUTHORITY, CLI_REFUSED, N_("You may not do this in this circle.")},
    {VL_ERR_NO_KEY, CLI_REFUSED,
     N_("The circle's current key is not here yet; meet another member first.")},
    {VL_ERR_STORAGE, CLI_STORAGE, N_("The vault's files could not be read or written.")},
    {VL_ERR_FULL, CLI_STORAGE, N_("The disk is full; nothing was lost.")},
    {VL_ERR_DAMAGED, CLI_STORAGE, N_("The vault's files are damaged; they are left as they are.")},
    {VL_ERR_IN_USE, CLI_STORAGE, N_("Another node is running on this vault.")},
    {VL_ERR_VERSION, CLI_STORAGE, N_("This was made by another version of Veillée.")},
    {VL_ERR_HANDSHAKE, CLI_NETWORK, N_("The connection could not be secured.")},
    {VL_ERR_TIMEOUT, CLI_NETWORK, N_("Nobody answered in time.")},
    {VL_ERR_CLOSED, CLI_NETWORK, N_("The other side closed the connection.")},
    {VL_ERR_NETWORK, CLI_NETWORK, N_("No network could be used.")},
};

int exit_of(vl_result result)
{
    if (result == VL_OK) return CLI_OK;
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].result == result) return sentences[i].status;
    }
    return CLI_FAILED;
}

static const char *sentence_of(vl_result result)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].result == result) return _(sentences[i].sentence);
    }
    return _("Something went wrong inside the program.");
}

/* Fields whose refusals are sentences by themselves: they name what the person typed. */
static bool is_named(const char *field)
{
    static const char *const names[] = {"circle", "id",     "person",  "words",
                                        "code",   "device", "proposal"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field, names[i]) == 0) return true;
    }
    return false;
}

static void make_sentence(const char *field, const char *message, char *out, size_t size)
{
    const char *text = _(message);
    bool ended = strchr(".!?", text[strlen(text) - 1]) != NULL;
    bool prefixed = field != NULL && field[0] != 0 && !is_named(field);
    snprintf(out, size, "%s%s%s%s", prefixed ? _(field) : "", prefixed ? ": " : "", text,
             ended ? "" : ".");
    if (out[0] >= 'a' && out[0] <= 'z') out[0] = (char)(out[0] - 'a' + 'A');
}

int complain(const struct call *call, vl_result why, const char *field, const char *message)
{
    char text[512];
    bool own = message != NULL && message[0] != 0;
    if (own) {
        make_sentence(field, message, text, sizeof text);
    } else {
        snprintf(text, sizeof text, "%s", sentence_of(why));
    }
    if (call->json) {
        struct vl_buffer out = {0};
        struct json_out o = json_out(&out);
        json_open(&o, '{');
        json_put_text(&o, "error", vl_result_name(why));
        json_put_text(&o, "field", own ? field : NULL);
        json_put_text(&o, "message", text);
        json_close(&o, '}');
        if (o.result == VL_OK) printf("%.*s\n", (int)out.size, (const char *)out.data);
        vl_buffer_finish(&out);
    }
    fprintf(stderr, "veillee: %s\n", text);
    return exit_of(why);
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
    /* One line a hit. */
    char line[2048];
    size_t at = 0;
    for (; *text != 0 && at + 1 < sizeof line; text++) {
        line[at++] = *text == '\n' ? ' ' : *text;
    }
    line[at] = 0;
    text = line;
    bool bold = isatty(STDOUT_FILENO) == 1;
    print(text, bold ? "\033[1m" : "", bold ? "\033[0m" : "");
}
