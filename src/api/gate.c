#include "api/gate.h"

#include <stdio.h>
#include <string.h>

static bool is(const struct gate_field *field, const char *text)
{
    return field->count == 1 && vl_bytes_equal(field->value, vl_bytes_text(text));
}

static bool is_change(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0 ||
           strcmp(method, "DELETE") == 0;
}

static bool is_api(const char *path)
{
    return strncmp(path, GATE_API_PREFIX, strlen(GATE_API_PREFIX)) == 0;
}

static bool is_top_document(const struct gate_head *head)
{
    return is(&head->fetch_mode, "navigate") && is(&head->fetch_dest, "document");
}

/* The value of the cookie that has this name; false: it is not there, or twice. */
static bool cookie_named(struct vl_bytes all, const char *name, struct vl_bytes *value)
{
    bool found = false;
    size_t size = strlen(name);
    while (all.size > 0) {
        const uint8_t *end = memchr(all.data, ';', all.size);
        size_t length = end == NULL ? all.size : (size_t)(end - all.data);
        size_t used = length < all.size ? length + 1 : length;
        struct vl_bytes one = {all.data, length};
        all = (struct vl_bytes){all.data + used, all.size - used};
        while (one.size > 0 && one.data[0] == ' ') {
            one = (struct vl_bytes){one.data + 1, one.size - 1};
        }
        if (one.size <= size || memcmp(one.data, name, size) != 0 || one.data[size] != '=') {
            continue;
        }
        if (found) return false;
        *value = (struct vl_bytes){one.data + size + 1, one.size - size - 1};
        found = true;
    }
    return found;
}

static uint64_t session_of(uint16_t port, const struct sessions *sessions,
                           const struct gate_head *head)
{
    char name[sizeof GATE_COOKIE_PREFIX + 5];
    struct vl_bytes cookie;
    snprintf(name, sizeof name, GATE_COOKIE_PREFIX "%u", (unsigned)port);
    if (head->cookie.count != 1 || !cookie_named(head->cookie.value, name, &cookie)) return 0;
    return sessions_of_cookie(sessions, cookie);
}

/* Where it comes from, as the browser tells it. */
static bool is_from_our_page(const struct gate_head *head, const char *origin)
{
    if (is_change(head->method)) {
        return is(&head->fetch_site, "same-origin") && is(&head->origin, origin);
    }
    if (head->origin.count != 0 && !is(&head->origin, origin)) return false;
    if (is(&head->fetch_site, "same-origin")) return true;
    return is(&head->fetch_site, "none") && !is_api(head->path) && is_top_document(head);
}

static bool is_launch(const struct gate_head *head)
{
    char size[8];
    snprintf(size, sizeof size, "%zu", GATE_LAUNCH_BYTES);
    return strcmp(head->method, "POST") == 0 && is(&head->origin, "null") &&
           is(&head->fetch_site, "cross-site") && is_top_document(head) &&
           is(&head->content_type, "application/x-www-form-urlencoded") &&
           is(&head->content_length, size);
}

enum gate_verdict gate_check(uint16_t port, const struct sessions *sessions,
                             const struct gate_head *head, uint64_t *session)
{
    char host[sizeof "127.0.0.1:65535"], origin[sizeof host + sizeof "http:/" + 1];
    snprintf(host, sizeof host, "127.0.0.1:%u", (unsigned)port);
    snprintf(origin, sizeof origin, "http://%s", host);
    *session = 0;
    if (!is(&head->host, host)) return GATE_REFUSED;
    if (strcmp(head->path, GATE_LAUNCH_PATH) == 0) {
        return is_launch(head) ? GATE_LAUNCH : GATE_REFUSED;
    }
    bool change = is_change(head->method);
    if (!change && strcmp(head->method, "GET") != 0) return GATE_REFUSED;
    if (!is_from_our_page(head, origin)) return GATE_REFUSED;
    uint64_t found = session_of(port, sessions, head);
    if (found == 0) return GATE_REFUSED;
    if (change && (!is_api(head->path) || head->token.count != 1 ||
                   !sessions_token_matches(sessions, found, head->token.value))) {
        return GATE_REFUSED;
    }
    *session = found;
    return is_api(head->path) ? GATE_API : GATE_FILE;
}
