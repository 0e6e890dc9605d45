/* The gate on any head: one line a field, "=" stands for the right text, "@" in a cookie for its
 * value. What passes is right in every field that counts. */
#include "api/gate.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT   41234
#define HOST   "127.0.0.1:41234"
#define ORIGIN "http://127.0.0.1:41234"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sessions *sessions;
static uint64_t session;

static void set_up(void)
{
    if (sessions != NULL) return;
    if (sodium_init() < 0 || sessions_create(&sessions) != VL_OK) abort();
    const char *launch = sessions_launch(sessions, (vl_instant){0});
    session = sessions_redeem(sessions, vl_bytes_text(launch), (vl_instant){0});
}

/* The next line into `out`; its size. */
static size_t line(const uint8_t **data, size_t *size, const char *right, char *out, size_t most)
{
    size_t length = 0, used = 0;
    while (length < *size && (*data)[length] != '\n') {
        length++;
    }
    for (size_t i = 0; i < length && used + SESSION_TOKEN_CHARS + 1 < most; i++) {
        if ((*data)[i] == '@' || (length == 1 && (*data)[i] == '=')) {
            const char *text = (*data)[i] == '@' ? sessions_cookie(sessions, session) : right;
            memcpy(out + used, text, strlen(text));
            used += strlen(text);
        } else {
            out[used++] = (char)(*data)[i];
        }
    }
    out[used] = 0;
    length += length < *size;
    *data += length;
    *size -= length;
    return used;
}

static bool is(const struct gate_field *field, const char *text)
{
    return field->count == 1 && vl_bytes_equal(field->value, vl_bytes_text(text));
}

static void check(const struct gate_head *head, enum gate_verdict verdict)
{
    bool change = strcmp(head->method, "GET") != 0;
    if (!is(&head->host, HOST)) abort();
    if (verdict == GATE_LAUNCH) {
        if (!is(&head->origin, "null") || !is(&head->content_length, "49")) abort();
        return;
    }
    if (!is(&head->fetch_site, "same-origin") && (change || verdict == GATE_API)) abort();
    if (change &&
        (!is(&head->origin, ORIGIN) || !is(&head->token, sessions_token(sessions, session)))) {
        abort();
    }
    const char *value = sessions_cookie(sessions, session);
    if (memmem(head->cookie.value.data, head->cookie.value.size, value, strlen(value)) == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[11][512];
    set_up();
    struct gate_head head = {.method = text[0], .path = text[1]};
    struct gate_field *fields[] = {&head.host,       &head.origin,       &head.fetch_site,
                                   &head.fetch_mode, &head.fetch_dest,   &head.cookie,
                                   &head.token,      &head.content_type, &head.content_length};
    const char *right[] = {HOST,
                           ORIGIN,
                           "same-origin",
                           "cors",
                           "empty",
                           "session-41234=",
                           sessions_token(sessions, session),
                           "application/x-www-form-urlencoded",
                           "49"};
    uint64_t found = 0;
    (void)line(&data, &size, "GET", text[0], sizeof text[0]);
    (void)line(&data, &size, "/", text[1], sizeof text[1]);
    for (size_t i = 0; i < 9; i++) {
        size_t used = line(&data, &size, right[i], text[2 + i], sizeof text[0]);
        if (used > 0) *fields[i] = (struct gate_field){vl_bytes(text[2 + i], used), 1};
    }
    enum gate_verdict verdict = gate_check(PORT, sessions, &head, &found);
    if (verdict != GATE_REFUSED) check(&head, verdict);
    if ((found != 0) != (verdict == GATE_FILE || verdict == GATE_API)) abort();
    return 0;
}
