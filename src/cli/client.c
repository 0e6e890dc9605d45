/* HTTP to the running node: one request a connection, everything bounded. */
#include "api/autolock.h"
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX 67108864u /* 64 MiB */
#define ANSWER_SECONDS   300

bool folder_is_private(const char *folder)
{
    struct stat status;
    return lstat(folder, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 022) == 0;
}

bool socket_path(const char *vault, unsigned at, bool make_folder, char *out, size_t size)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat status;
    int made = -1;
    if (at == 1) {
        made = snprintf(out, size, "%s/api.sock", vault);
    } else if (runtime != NULL && runtime[0] == '/' && stat(vault, &status) == 0) {
        /* Named after the vault's folder itself, whatever path leads to it. */
        char folder[CLI_PATH_MAX];
        snprintf(folder, sizeof folder, "%s/" RUNTIME_FOLDER, runtime);
        if (make_folder && mkdir(folder, 0700) != 0 && errno != EEXIST) return false;
        if (make_folder && !folder_is_private(folder)) return false;
        made = snprintf(out, size, "%s/%llx-%llx.sock", folder, (unsigned long long)status.st_dev,
                        (unsigned long long)status.st_ino);
    }
    return made > 0 && (size_t)made < size &&
           (size_t)made < sizeof((struct sockaddr_un *)0)->sun_path;
}

/* Another account may have laid a socket where ours should be: it would be told the passphrase. */
static bool is_our_own(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

static int dial(const char *vault)
{
    for (unsigned at = 0; at < 2; at++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        if (!socket_path(vault, at, false, address.sun_path, sizeof address.sun_path)) continue;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) return -1;
        struct timeval limit = {.tv_sec = ANSWER_SECONDS};
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 && is_our_own(fd))
            return fd;
        close(fd);
    }
    return -1;
}

static vl_result send_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return VL_ERR_CLOSED;
        at += sent;
        size -= (size_t)sent;
    }
    return VL_OK;
}

/* ---- the answer ---- */

static vl_result receive_all(int fd, struct vl_buffer *out)
{
    char part[65536];
    for (;;) {
        ssize_t got = recv(fd, part, sizeof part, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno == EAGAIN ? VL_ERR_TIMEOUT : VL_ERR_CLOSED;
        if (got == 0) return VL_OK;
        if (out->size + (size_t)got > ANSWER_BYTES_MAX) return VL_ERR_TOO_LARGE;
        VL_TRY(vl_buffer_append(out, part, (size_t)got));
    }
}

/* The value of a header in the head (which ends with a zero); NULL when it is not there. */
static const char *header(const char *head, const char *name)
{
    const char *line = strstr(head, "\r\n");
    for (; line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            line += strlen(name) + 1;
            return line + strspn(line, " \t");
        }
    }
    return NULL;
}

/* Chunks to one piece, in place. */
static vl_result join_chunks(struct vl_buffer *body)
{
    size_t from = 0, to = 0;
    for (;;) {
        size_t size = 0, digits = 0;
        while (from < body->size && isxdigit(body->data[from]) && digits < 8) {
            unsigned c = (unsigned)tolower(body->data[from++]);
            size = size * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
            digits++;
        }
        const uint8_t *end = memchr(body->data + from, '\n', body->size - from);
        if (digits == 0 || end == NULL) return VL_ERR_TRUNCATED;
        from = (size_t)(end - body->data) + 1;
        if (size == 0) break;
        if (size > body->size - from || body->size - from - size < 2) return VL_ERR_TRUNCATED;
        memmove(body->data + to, body->data + from, size);
        to += size;
        from += size + 2;
    }
    body->size = to;
    return VL_OK;
}

static vl_result take_answer(struct vl_buffer *bytes, int *status)
{
    VL_TRY(vl_buffer_append(bytes, "", 1)); /* for the string functions */
    char *text = (char *)bytes->data, *end = strstr(text, "\r\n\r\n");
    if (end == NULL || strncmp(text, "HTTP/1.1 ", 9) != 0) return VL_ERR_CLOSED;
    end[2] = 0;
    *status = atoi(text + 9);
    const char *length = header(text, "Content-Length");
    const char *encoding = header(text, "Transfer-Encoding");
    bool is_chunked = encoding != NULL && strncasecmp(encoding, "chunked", 7) == 0;
    unsigned long long wanted = length == NULL ? 0 : strtoull(length, NULL, 10);
    size_t head = (size_t)(end - text) + 4;
    bytes->size--;
    vl_buffer_consume(bytes, head);
    if (is_chunked) return join_chunks(bytes);
    if (length != NULL && wanted != bytes->size) return VL_ERR_TRUNCATED;
    return VL_OK;
}

static vl_result request(const struct call *call, int fd, const char *method, const char *path,
                         const struct vl_buffer *body, int *status, struct vl_buffer *answer)
{
    char head[CLI_PATH_MAX + 256];
    int size = snprintf(head, sizeof head,
                        "%s /api/v1/%s HTTP/1.1\r\nHost: veillee\r\nConnection: close\r\n"
                        "Accept-Language: %s\r\n%s"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                        method, path, call->language,
                        call->reloads ? AUTOLOCK_RELOAD_HEADER ": yes\r\n" : "",
                        body == NULL ? 0 : body->size);
    if (size < 0 || (size_t)size >= sizeof head) return VL_ERR_TOO_LARGE;
    VL_TRY(send_all(fd, head, (size_t)size));
    /* A refusal on the head may come while we still send: what it says is what counts. */
    vl_result sent = body == NULL ? VL_OK : send_all(fd, body->data, body->size);
    vl_result received = receive_all(fd, answer);
    if (received != VL_OK) return received;
    return answer->size == 0 && sent != VL_OK ? sent : take_answer(answer, status);
}

static vl_result result_named(const char *name)
{
    for (unsigned i = 0; i < VL_RESULT_COUNT; i++) {
        if (strcmp(vl_result_name((vl_result)i), name) == 0) return (vl_result)i;
    }
    return VL_ERR_INTERNAL;
}

static int tell(const struct call *call, const struct json *answer, struct refusal *refusal)
{
    vl_result result = result_named(json_text(answer, "error"));
    if (refusal != NULL) {
        refusal->why = result;
        snprintf(refusal->message, sizeof refusal->message, "%s", json_text(answer, "message"));
        return exit_of(result);
    }
    return complain_as_told(call, result, json_text(answer, "field"), json_text(answer, "message"));
}

/* `refusal` NULL: errors are told here. `raw` may be NULL. With `raw` and no `answer` what is not
 * refused need not be JSON. */
static int exchange(const struct call *call, const char *method, const char *path,
                    const struct vl_buffer *body, struct json **answer, struct vl_buffer *raw,
                    struct refusal *refusal)
{
    struct vl_buffer bytes = {0};
    struct json *parsed = NULL;
    int status = 0, end = CLI_OK;
    int fd = dial(call->vault);
    if (fd < 0) {
        (void)complain(call, VL_ERR_NOT_FOUND, NULL,
                       N_("The node is not running; start it with `veillee run`."));
        return CLI_NOT_RUNNING;
    }
    vl_result result = request(call, fd, method, path, body, &status, &bytes);
    close(fd);
    bool is_file = status == 200 && answer == NULL && raw != NULL;
    if (result == VL_OK && !is_file) result = json_parse(vl_buffer_view(&bytes), &parsed);
    if (result != VL_OK) {
        end = complain(call, VL_ERR_CLOSED, NULL, N_("The node did not answer as it should."));
    } else if (status != 200) {
        end = tell(call, parsed, refusal);
    }
    if (end == CLI_OK && raw != NULL) {
        *raw = bytes;
        bytes = (struct vl_buffer){0};
    }
    if (end == CLI_OK && answer != NULL) {
        *answer = parsed;
        parsed = NULL;
    }
    json_destroy(parsed);
    vl_buffer_finish(&bytes);
    return end;
}

int ask(const struct call *call, const char *method, const char *path, const struct vl_buffer *body,
        struct json **answer)
{
    return exchange(call, method, path, body, answer, NULL, NULL);
}

int ask_quietly(const struct call *call, const char *method, const char *path,
                const struct vl_buffer *body, struct json **answer, struct refusal *refusal)
{
    *refusal = (struct refusal){.why = VL_OK};
    return exchange(call, method, path, body, answer, NULL, refusal);
}

int ask_and_print(const struct call *call, const char *method, const char *path,
                  const struct vl_buffer *body)
{
    struct vl_buffer raw = {0};
    int end = exchange(call, method, path, body, NULL, &raw, NULL);
    if (end == CLI_OK) {
        (void)fwrite(raw.data, 1, raw.size, stdout);
        putchar('\n');
        (void)fflush(stdout);
    }
    vl_buffer_finish(&raw);
    return end;
}

int ask_file(const struct call *call, const char *path, const struct vl_buffer *body,
             struct vl_buffer *file)
{
    *file = (struct vl_buffer){0};
    return exchange(call, "POST", path, body, NULL, file, NULL);
}

bool path_add(char *path, size_t size, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t at = strlen(path);
    for (; *text != 0; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '_' || c == '.';
        if (at + (plain ? 1 : 3) >= size) return false;
        if (plain) {
            path[at++] = (char)c;
        } else {
            path[at++] = '%';
            path[at++] = hex[c >> 4];
            path[at++] = hex[c & 15];
        }
        path[at] = 0;
    }
    return true;
}

/* ---- events ---- */

static vl_result begin_events(const struct call *call, int fd)
{
    char head[256];
    int size =
        snprintf(head, sizeof head,
                 "GET /api/v1/events HTTP/1.1\r\nHost: veillee\r\nAccept-Language: %s\r\n\r\n",
                 call->language);
    return send_all(fd, head, (size_t)size);
}

/* Whether lines that are whole name an event; they are taken out. An event's name stands on a line
 * of its own, whatever chunk it comes in. */
static bool take_events(struct vl_buffer *lines)
{
    bool any = false;
    const uint8_t *end;
    while ((end = memchr(lines->data, '\n', lines->size)) != NULL) {
        any = any || (lines->size > 6 && memcmp(lines->data, "event:", 6) == 0);
        vl_buffer_consume(lines, (size_t)(end - lines->data) + 1);
    }
    return any;
}

int follow_changes(const struct call *call, bool (*again)(void *context), void *context)
{
    struct vl_buffer lines = {0};
    char part[4096];
    ssize_t got = 0;
    int fd = dial(call->vault);
    if (fd < 0) {
        (void)complain(call, VL_ERR_NOT_FOUND, NULL,
                       N_("The node is not running; start it with `veillee run`."));
        return CLI_NOT_RUNNING;
    }
    vl_result result = begin_events(call, fd);
    while (result == VL_OK && (got = recv(fd, part, sizeof part, 0)) > 0) {
        result = vl_buffer_append(&lines, part, (size_t)got);
        if (result == VL_OK && take_events(&lines) && !again(context)) break;
        if (lines.size > ANSWER_BYTES_MAX) result = VL_ERR_TOO_LARGE;
    }
    close(fd);
    vl_buffer_finish(&lines);
    return result == VL_OK ? CLI_OK : complain(call, result, NULL, NULL);
}
