#include "api/message.h"
#include "api/catalog.h"
#include "circle/schema.h"
#include "circle/texts.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

static const struct {
    vl_result result;
    const char *sentence;
} sentences[] = {
    {VL_ERR_NO_MEMORY, N_("There is not enough memory.")},
    {VL_ERR_LOCKED, N_("The vault is locked.")},
    {VL_ERR_PASSPHRASE, N_("That is not the passphrase.")},
    {VL_ERR_BACKOFF, N_("Too many wrong passphrases: wait a moment, then try again.")},
    {VL_ERR_NOT_FOUND, N_("There is no such thing here.")},
    {VL_ERR_INVALID, N_("That is not valid.")},
    {VL_ERR_TOO_LARGE, N_("That is longer than its limit.")},
    {VL_ERR_UTF8, N_("The text is not valid UTF-8, or has control characters.")},
    {VL_ERR_KIND, N_("That kind of thing is not known here.")},
    {VL_ERR_EXISTS, N_("It is here already; nothing was changed.")},
    {VL_ERR_STATE, N_("That is not possible now.")},
    {VL_ERR_LIMIT, N_("A limit is reached.")},
    {VL_ERR_CODE, N_("The code does not match: ask for the words again.")},
    {VL_ERR_REFUSED, N_("The other person refused.")},
    {VL_ERR_AUTHORITY, N_("You may not do this in this circle.")},
    {VL_ERR_NO_KEY, N_("The circle's current key is not here yet; meet another member first.")},
    {VL_ERR_STORAGE, N_("The vault's files could not be read or written.")},
    {VL_ERR_FULL, N_("The disk is full; nothing was lost.")},
    {VL_ERR_DAMAGED, N_("The vault's files are damaged; they are left as they are.")},
    {VL_ERR_IN_USE, N_("Another node is running on this vault.")},
    {VL_ERR_VERSION, N_("This was made by another version of Veillée.")},
    {VL_ERR_HANDSHAKE, N_("The connection could not be secured.")},
    {VL_ERR_TIMEOUT, N_("Nobody answered in time.")},
    {VL_ERR_CLOSED, N_("The other side closed the connection.")},
    {VL_ERR_NETWORK, N_("No network could be used.")},
};

static const char *sentence_of(vl_result result)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (sentences[i].result == result) return sentences[i].sentence;
    }
    return N_("Something went wrong inside the program.");
}

/* Fields whose refusals are sentences by themselves: they name what the person typed. */
static bool is_named(const char *field)
{
    static const char *const names[] = {"circle", "id",     "person",   "words",
                                        "code",   "device", "proposal", "passphrase"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field, names[i]) == 0) return true;
    }
    return false;
}

/* What somebody else could have sent as a name is not told back to a terminal. */
static bool is_plain(const char *field)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123456789";
    return field[0] != 0 && strspn(field, plain) == strlen(field);
}

/* The end of a text that was cut lies between characters. */
static void end_whole(char *text)
{
    size_t size = strlen(text), at = size;
    while (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
        at--;
    if (at == 0) return;
    unsigned char first = (unsigned char)text[at - 1];
    size_t wanted = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (size - (at - 1) < wanted) text[at - 1] = 0;
}

static void begin_great(const char *text, char *out, size_t size)
{
    utf8proc_uint8_t great[4] = {0};
    utf8proc_int32_t point;
    utf8proc_ssize_t used =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)strlen(text), &point);
    utf8proc_ssize_t made = used > 0 ? utf8proc_encode_char(utf8proc_toupper(point), great) : 0;
    snprintf(out, size, "%.*s%s", (int)made, (const char *)great, used > 0 ? text + used : text);
    end_whole(out);
}

void message_label(const char *language, const char *field, char *out, size_t size)
{
    const char *label = catalog_text(language, field);
    snprintf(out, size, "%s", label);
    for (char *at = out; label == field && *at != 0; at++) {
        if (*at == '_') *at = ' ';
    }
    end_whole(out);
}

void message_write(const char *language, vl_result why, const char *field, const char *reason,
                   char *out, size_t size)
{
    char label[64] = "", text[MESSAGE_SIZE];
    if (reason == NULL || reason[0] == 0) {
        snprintf(out, size, "%s", catalog_text(language, sentence_of(why)));
        end_whole(out);
        return;
    }
    reason = catalog_text(language, reason);
    bool is_ended = strchr(".!?", reason[strlen(reason) - 1]) != NULL;
    if (field != NULL && is_plain(field) && !is_named(field)) {
        message_label(language, field, label, sizeof label);
    }
    /* French sets a blank before a colon. */
    const char *colon = label[0] == 0 ? "" : catalog_text(language, N_(": "));
    snprintf(text, sizeof text, "%s%s%s%s", label, colon, reason, is_ended ? "" : ".");
    end_whole(text);
    begin_great(text, out, size);
}

/* The sentence in that language, under that name; after the line that it is about. */
static void put_sentence(struct json_out *o, const char *name, const char *language, vl_result why,
                         const struct json_problem *problem)
{
    char text[MESSAGE_SIZE], placed[MESSAGE_SIZE + 64];
    message_write(language, why, problem->field, problem->message, text, sizeof text);
    if (problem->line == 0) {
        json_put_text(o, name, text);
        return;
    }
    snprintf(placed, sizeof placed, "%s %zu%s%s", catalog_text(language, N_("Line")), problem->line,
             catalog_text(language, N_(": ")), text);
    end_whole(placed);
    json_put_text(o, name, placed);
}

void message_put(struct json_out *o, const char *language, vl_result why,
                 const struct json_problem *problem)
{
    const char *each;
    json_put_text(o, "error", vl_result_name(why));
    json_put_text(o, "field", problem->field);
    put_sentence(o, "message", language, why, problem);
    json_key(o, "messages");
    json_open(o, '{');
    for (size_t i = 0; (each = texts_language_at(i)) != NULL; i++)
        put_sentence(o, each, each, why, problem);
    json_close(o, '}');
    if (problem->line > 0) json_put_integer(o, "line", (int64_t)problem->line);
}
