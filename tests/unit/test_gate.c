/* The gate: requests made of one right head and one field changed, some 1,300 of them. The right
 * ones pass, and not one of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "api/gate.h"

#define PORT         41234
#define HOST         "127.0.0.1:41234"
#define ORIGIN       "http://127.0.0.1:41234"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct world {
    struct sessions *sessions;
    uint64_t session;
    char cookie[64], token[SESSION_TOKEN_CHARS + 1]; /* of that session */
    char other_cookie[64], other_token[SESSION_TOKEN_CHARS + 1];
    size_t asked;
} w;

static struct gate_field once(const char *text)
{
    return (struct gate_field){.value = vl_bytes_text(text), .count = 1};
}

static uint64_t begin_session(char *cookie, char *token)
{
    const char *launch = sessions_launch(w.sessions, (vl_instant){0});
    uint64_t session = sessions_redeem(w.sessions, vl_bytes_text(launch), (vl_instant){1});
    assert_true(session != 0);
    snprintf(cookie, 64, "session-%d=%s", PORT, sessions_cookie(w.sessions, session));
    memcpy(token, sessions_token(w.sessions, session), SESSION_TOKEN_CHARS + 1);
    return session;
}

static int setup(void **state)
{
    (void)state;
    if (sessions_create(&w.sessions) != VL_OK) return -1;
    w.session = begin_session(w.cookie, w.token);
    (void)begin_session(w.other_cookie, w.other_token);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sessions_destroy(w.sessions);
    print_message("%zu requests\n", w.asked);
    return 0;
}

/* ---- the right requests, as browsers send them ---- */

enum kind { OPEN, FOLLOW, SCRIPT, READ, POST, PATCH, DELETE, LAUNCH, KINDS };

static struct gate_head right(enum kind kind)
{
    struct gate_head head = {.host = once(HOST),
                             .cookie = once(w.cookie),
                             .fetch_site = once("same-origin"),
                             .fetch_mode = once("cors"),
                             .fetch_dest = once("empty")};
    static const char *const methods[] = {"GET",  "GET",   "GET",    "GET",
                                          "POST", "PATCH", "DELETE", "POST"};
    static const char *const paths[] = {"/",
                                        "/",
                                        "/main.js",
                                        "/api/v1/status",
                                        "/api/v1/lock",
                                        "/api/v1/circles/a/meetings/b",
                                        "/api/v1/circles/a/meetings/b",
                                        "/launch"};
    head.method = methods[kind];
    head.path = paths[kind];
    if (kind == OPEN || kind == FOLLOW || kind == LAUNCH) {
        head.fetch_mode = once("navigate");
        head.fetch_dest = once("document");
    }
    if (kind == OPEN) head.fetch_site = once("none");
    if (kind == SCRIPT) head.fetch_dest = once("script");
    if (kind == POST || kind == PATCH || kind == DELETE) {
        head.origin = once(ORIGIN);
        head.token = once(w.token);
        head.content_type = once("application/json");
    }
    if (kind == LAUNCH) {
        head.fetch_site = once("cross-site");
        head.origin = once("null");
        head.cookie = (struct gate_field){.count = 0};
        head.content_type = once("application/x-www-form-urlencoded");
        head.content_length = once("49");
    }
    return head;
}

static bool is_change(enum kind kind)
{
    return kind == POST || kind == PATCH || kind == DELETE;
}

static enum gate_verdict verdict_of(const struct gate_head *head, uint64_t *session)
{
    w.asked++;
    return gate_check(PORT, w.sessions, head, session);
}

static void passes(const struct gate_head *head, enum gate_verdict wanted)
{
    uint64_t session = 99;
    assert_int_equal(verdict_of(head, &session), wanted);
    assert_true(session == (wanted == GATE_LAUNCH ? 0 : w.session));
}

static void refused(const struct gate_head *head, const char *why)
{
    uint64_t session = 99;
    if (verdict_of(head, &session) != GATE_REFUSED) fail_msg("let in: %s", why);
    assert_true(session == 0);
}

static enum gate_verdict verdict_wanted(enum kind kind)
{
    return kind == LAUNCH ? GATE_LAUNCH : kind <= SCRIPT ? GATE_FILE : GATE_API;
}

static void test_what_browsers_send_passes(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct gate_head head = right((enum kind)kind);
        passes(&head, verdict_wanted((enum kind)kind));
    }
    /* module scripts name their origin in one browser, in the other not */
    struct gate_head head = right(SCRIPT);
    head.origin = once(ORIGIN);
    passes(&head, GATE_FILE);
    head = right(READ);
    head.origin = once(ORIGIN);
    passes(&head, GATE_API);
}

/* ---- one field changed ---- */

static void test_other_forms_of_host(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:41235",
        "127.0.0.1:4123",
        "127.0.0.1:412340",
        "127.0.0.1:041234",
        "127.0.0.1:+41234",
        "127.0.0.1:41234 ",
        " 127.0.0.1:41234",
        "127.0.0.1.:41234",
        "127.0.0.1:41234.",
        "127.evil.com:41234",
        "127.0.0.1.evil.com:41234",
        "evil.com:41234",
        "127.0.0.1:41234.evil.com",
        "localhost:41234",
        "localhost.:41234",
        "veillee.localhost:41234",
        "LOCALHOST:41234",
        "127.1:41234",
        "127.0.1:41234",
        "127.0.0.2:41234",
        "127.000.000.001:41234",
        "0177.0.0.1:41234",
        "0x7f.1:41234",
        "0x7f000001:41234",
        "2130706433:41234",
        "0.0.0.0:41234",
        "0:41234",
        "192.168.1.20:41234",
        "[::1]:41234",
        "[::ffff:127.0.0.1]:41234",
        "[127.0.0.1]:41234",
        "::1:41234",
        "user@127.0.0.1:41234",
        "127.0.0.1:41234@evil.com",
        "127.0.0.1:41234/",
        "127.0.0.1:41234,127.0.0.1:41234",
        "http://127.0.0.1:41234",
        "127.0.0.1\t:41234",
        "127\xe3\x80\x82"
        "0.0.1:41234", /* an ideographic full stop */
        "\xef\xbc\x91"
        "27.0.0.1:41234", /* a wide digit */
    };
    assert_true(COUNT(forms) >= 25);
    for (int kind = 0; kind < KINDS; kind++) {
        struct gate_head head = right((enum kind)kind);
        for (size_t i = 0; i < COUNT(forms); i++) {
            head.host = once(forms[i]);
            refused(&head, forms[i]);
        }
        head.host = (struct gate_field){.count = 0};
        refused(&head, "no Host");
        head.host = once(HOST);
        head.host.count = 2;
        refused(&head, "two Hosts");
        head.host = (struct gate_field){vl_bytes(HOST "\0.evil.com", sizeof HOST + 9), 1};
        refused(&head, "a Host with a zero byte");
    }
}

static void test_other_origins(void **state)
{
    (void)state;
    static const char *const forms[] = {"",
                                        "null",
                                        "https://127.0.0.1:41234",
                                        "http://127.0.0.1",
                                        "http://127.0.0.1:41235",
                                        "http://127.0.0.1:41234/",
                                        "http://127.0.0.1:41234.evil.com",
                                        "http://127.0.0.1.evil.com:41234",
                                        "http://localhost:41234",
                                        "HTTP://127.0.0.1:41234",
                                        "http://evil.com",
                                        "file://",
                                        HOST};
    for (int kind = 0; kind < KINDS; kind++) {
        struct gate_head head = right((enum kind)kind);
        for (size_t i = 0; i < COUNT(forms); i++) {
            if (kind == LAUNCH && strcmp(forms[i], "null") == 0) continue;
            head.origin = once(forms[i]);
            refused(&head, forms[i]);
        }
        head = right((enum kind)kind);
        head.origin = once(ORIGIN);
        head.origin.count = 2;
        refused(&head, "two Origins");
        head.origin = (struct gate_field){.count = 0};
        if (is_change((enum kind)kind) || kind == LAUNCH) refused(&head, "no Origin");
    }
}

static void test_other_sites(void **state)
{
    (void)state;
    static const char *const forms[] = {"",     "same-site",    "cross-site",   "none",
                                        "null", "Same-Origin",  "same-origin ", "same-origin, none",
                                        "self", "same-origin\n"};
    for (int kind = 0; kind < KINDS; kind++) {
        struct gate_head head = right((enum kind)kind);
        for (size_t i = 0; i < COUNT(forms); i++) {
            if (kind == LAUNCH && strcmp(forms[i], "cross-site") == 0) continue;
            if (kind <= FOLLOW && strcmp(forms[i], "none") == 0) continue;
            head.fetch_site = once(forms[i]);
            refused(&head, forms[i]);
        }
        head.fetch_site = (struct gate_field){.count = 0};
        refused(&head, "no Sec-Fetch-Site");
        head.fetch_site = right((enum kind)kind).fetch_site;
        head.fetch_site.count = 2;
        refused(&head, "two Sec-Fetch-Site");
    }
    struct gate_head launch = right(LAUNCH);
    launch.fetch_site = once("same-origin");
    refused(&launch, "a launch from a page of ours");
}

/* "none" is for the top document alone, and so is the launch. */
static void test_only_the_top_document_may_come_from_nowhere(void **state)
{
    (void)state;
    static const char *const modes[] = {"", "cors", "no-cors", "same-origin", "websocket"};
    static const char *const targets[] = {"",      "iframe", "frame", "object", "embed",
                                          "empty", "script", "image", "worker", "serviceworker"};
    for (int turn = 0; turn < 2; turn++) {
        struct gate_head head = right(turn == 0 ? OPEN : LAUNCH);
        for (size_t i = 0; i < COUNT(modes); i++) {
            head.fetch_mode = once(modes[i]);
            refused(&head, modes[i]);
        }
        head = right(turn == 0 ? OPEN : LAUNCH);
        for (size_t i = 0; i < COUNT(targets); i++) {
            head.fetch_dest = once(targets[i]);
            refused(&head, targets[i]);
        }
        head = right(turn == 0 ? OPEN : LAUNCH);
        head.fetch_mode = (struct gate_field){.count = 0};
        refused(&head, "no Sec-Fetch-Mode");
    }
    struct gate_head head = right(OPEN);
    head.path = "/api/v1/status";
    refused(&head, "the API, typed");
}

static void test_other_methods(void **state)
{
    (void)state;
    static const char *const methods[] = {"",    "HEAD", "PUT",    "OPTIONS", "TRACE", "CONNECT",
                                          "get", "post", "PATCH ", "POST\t",  "QUERY", "BREW"};
    for (int kind = 0; kind < KINDS; kind++) {
        struct gate_head head = right((enum kind)kind);
        for (size_t i = 0; i < COUNT(methods); i++) {
            head.method = methods[i];
            refused(&head, methods[i]);
        }
    }
    /* A reading head does not do for a change, nor a change to one of the page's files. */
    struct gate_head head = right(READ);
    head.method = "POST";
    refused(&head, "a change by the head of a GET");
    head = right(POST);
    head.path = "/main.js";
    refused(&head, "a change of a file");
    head = right(LAUNCH);
    head.method = "GET";
    refused(&head, "a launch by GET");
}

/* A text of `like`'s length, each character another one. */
static const char *mangled(const char *like, char *out)
{
    size_t size = strlen(like);
    for (size_t i = 0; i <= size; i++) {
        out[i] = i < size ? (like[i] == 'A' ? 'B' : 'A') : 0;
    }
    return out;
}

static void test_other_cookies(void **state)
{
    (void)state;
    const char *value = strchr(w.cookie, '=') + 1;
    char space[16][256], among[256], bad[64];
    const char *forms[16];
    size_t count = 0;
    snprintf(space[count++], 256, "session-41234=%s", mangled(value, bad));
    snprintf(space[count++], 256, "session-41234=%.42s", value);
    snprintf(space[count++], 256, "session-41234=%sA", value);
    snprintf(space[count++], 256, "session-41234=\"%s\"", value);
    snprintf(space[count++], 256, "session-41234= %s", value);
    snprintf(space[count++], 256, "session-41234=");
    snprintf(space[count++], 256, "session-41234");
    snprintf(space[count++], 256, "session-41235=%s", value);
    snprintf(space[count++], 256, "session-4123=%s", value);
    snprintf(space[count++], 256, "Session-41234=%s", value);
    snprintf(space[count++], 256, "xsession-41234=%s", value);
    snprintf(space[count++], 256, "a=b,session-41234=%s", value);
    snprintf(space[count++], 256, "session-41234=%s; session-41234=%s", value, value);
    snprintf(space[count++], 256, "session-41234=x; session-41234=%s", value);
    snprintf(space[count++], 256, "session-41234=%s", w.token);
    snprintf(space[count++], 256, "%s", value);
    for (size_t i = 0; i < count; i++) {
        forms[i] = space[i];
    }
    for (int kind = 0; kind < LAUNCH; kind++) {
        struct gate_head head = right((enum kind)kind);
        for (size_t i = 0; i < count; i++) {
            head.cookie = once(forms[i]);
            refused(&head, forms[i]);
        }
        head.cookie = (struct gate_field){.count = 0};
        refused(&head, "no cookie");
        head.cookie = once(w.cookie);
        head.cookie.count = 2;
        refused(&head, "two Cookie fields");
        /* Cookies of other programs on other ports come along. */
        snprintf(among, sizeof among, "_xsrf=2|a; session-9=x; %s;theme=dark", w.cookie);
        head.cookie = once(among);
        passes(&head, verdict_wanted((enum kind)kind));
    }
}

static void test_other_tokens(void **state)
{
    (void)state;
    char bad[64], shorter[64], longer[64];
    snprintf(shorter, sizeof shorter, "%.42s", w.token);
    snprintf(longer, sizeof longer, "%s%s", w.token, "A");
    const char *const forms[] = {"",     mangled(w.token, bad), shorter,
                                 longer, w.other_token,         strchr(w.cookie, '=') + 1};
    for (int kind = POST; kind <= DELETE; kind++) {
        struct gate_head head = right((enum kind)kind);
        for (size_t i = 0; i < COUNT(forms); i++) {
            head.token = once(forms[i]);
            refused(&head, forms[i]);
        }
        head.token = (struct gate_field){.count = 0};
        refused(&head, "no token");
        head.token = once(w.token);
        head.token.count = 2;
        refused(&head, "two tokens");
        head.token.count = 1;
        head.cookie = once(w.other_cookie);
        refused(&head, "the token of another session");
    }
}

static void test_other_launches(void **state)
{
    (void)state;
    static const char *const sizes[] = {
        "", "0", "48", "50", "049", "+49", "49 ", "1048576", "18446744073709551665"};
    static const char *const types[] = {"", "application/json", "text/plain", "multipart/form-data",
                                        "application/x-www-form-urlencoded; charset=utf-8"};
    struct gate_head head = right(LAUNCH);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        head.content_length = once(sizes[i]);
        refused(&head, sizes[i]);
    }
    head = right(LAUNCH);
    for (size_t i = 0; i < COUNT(types); i++) {
        head.content_type = once(types[i]);
        refused(&head, types[i]);
    }
    static const char *const paths[] = {"/launch/", "/launch2",       "//launch", "/Launch",
                                        "/",        "/api/v1/unlock", "launch"};
    head = right(LAUNCH);
    for (size_t i = 0; i < COUNT(paths); i++) {
        head.path = paths[i];
        refused(&head, paths[i]);
    }
}

/* Several fields wrong at once: every choice of fields, with each wrong text. */
static void test_several_fields_wrong(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "null", "evil.com", "same-site", "x"};
    for (unsigned n = 0; n < LAUNCH * 15 * COUNT(wrong); n++) {
        struct gate_head head = right((enum kind)(n % LAUNCH));
        struct gate_field *fields[] = {&head.host, &head.fetch_site, &head.cookie, &head.origin};
        unsigned some = n / LAUNCH % 15 + 1;
        for (unsigned i = 0; i < COUNT(fields); i++) {
            if ((some >> i & 1) != 0)
                *fields[i] = once(wrong[(n / LAUNCH / 15 + i) % COUNT(wrong)]);
        }
        refused(&head, "several fields wrong");
    }
}

/* ---- sessions ---- */

static void test_a_launch_token_is_good_once_and_for_a_minute(void **state)
{
    (void)state;
    struct sessions *all;
    const vl_instant begin = {5000}, last = {5000 + SESSION_LAUNCH_SECONDS * 1000 - 1};
    char token[SESSION_TOKEN_CHARS + 1];
    assert_int_equal(sessions_create(&all), VL_OK);
    assert_true(sessions_redeem(all, vl_bytes_text(""), begin) == 0);
    memcpy(token, sessions_launch(all, begin), sizeof token);
    assert_int_equal(strlen(token), SESSION_TOKEN_CHARS);
    assert_true(sessions_redeem(all, vl_bytes_text("no"), begin) == 0);
    assert_true(sessions_redeem(all, vl_bytes_text(token), last) == 1);
    assert_true(sessions_redeem(all, vl_bytes_text(token), last) == 0);

    memcpy(token, sessions_launch(all, begin), sizeof token);
    assert_true(sessions_redeem(all, vl_bytes_text(token), (vl_instant){last.ms + 1}) == 0);
    /* a new one takes the place of the old one */
    memcpy(token, sessions_launch(all, begin), sizeof token);
    assert_string_not_equal(sessions_launch(all, begin), token);
    assert_true(sessions_redeem(all, vl_bytes_text(token), begin) == 0);
    sessions_launch_forget(all);
    assert_false(sessions_launch_matches(all, vl_bytes_text(""), begin));
    sessions_destroy(all);
}

static void test_one_session_over_the_limit_ends_the_oldest(void **state)
{
    (void)state;
    struct sessions *all;
    char first[SESSION_TOKEN_CHARS + 1];
    uint64_t numbers[SESSIONS_MAX + 1];
    assert_int_equal(sessions_create(&all), VL_OK);
    for (size_t i = 0; i <= SESSIONS_MAX; i++) {
        const char *launch = sessions_launch(all, (vl_instant){0});
        numbers[i] = sessions_redeem(all, vl_bytes_text(launch), (vl_instant){0});
        if (i == 0) memcpy(first, sessions_cookie(all, numbers[0]), sizeof first);
        assert_true(sessions_has(all, numbers[0]) == (i < SESSIONS_MAX));
    }
    assert_true(sessions_of_cookie(all, vl_bytes_text(first)) == 0);
    for (size_t i = 1; i <= SESSIONS_MAX; i++) {
        assert_true(sessions_has(all, numbers[i]));
    }
    sessions_end(all, numbers[3]);
    assert_true(sessions_has(all, numbers[3]));
    assert_false(sessions_has(all, numbers[4]));
    sessions_end(all, 0);
    assert_false(sessions_has(all, numbers[3]));
    assert_null(sessions_token(all, numbers[3]));
    assert_true(sessions_of_cookie(all, vl_bytes_text("")) == 0);
    sessions_destroy(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_browsers_send_passes),
        cmocka_unit_test(test_other_forms_of_host),
        cmocka_unit_test(test_other_origins),
        cmocka_unit_test(test_other_sites),
        cmocka_unit_test(test_only_the_top_document_may_come_from_nowhere),
        cmocka_unit_test(test_other_methods),
        cmocka_unit_test(test_other_cookies),
        cmocka_unit_test(test_other_tokens),
        cmocka_unit_test(test_other_launches),
        cmocka_unit_test(test_several_fields_wrong),
        cmocka_unit_test(test_a_launch_token_is_good_once_and_for_a_minute),
        cmocka_unit_test(test_one_session_over_the_limit_ends_the_oldest),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}
