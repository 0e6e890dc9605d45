/* The API through a real socket, with a real vault and replica; only the network behind it is the
 * test's own, which writes down what it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/event.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/api.h"
#include "api/circle_load.h"
#include "api/json.h"
#include "support/unix_client.h"

#define PASSPHRASE "une veillee"

static struct world {
    char folder[64], vault[96], socket[96];
    struct event_base *base;
    struct api *api;
    struct store *store;
    struct circles circles;
    struct vl_id gathered;
    uint64_t gather_ms, device_ms;
    int away, poked, wrote, decided, cancelled;
    struct api_network_view view;
    char joined_as[64];
} w;

/* ---- the network of the test ---- */

static vl_result net_gather(void *self, const struct vl_id *circle, vl_duration length)
{
    struct world *world = self;
    world->gathered = *circle;
    world->gather_ms = length.ms;
    return VL_OK;
}

static void net_away(void *self)
{
    ((struct world *)self)->away++;
}

static void net_poke(void *self, const struct vl_id *circle)
{
    (void)circle;
    ((struct world *)self)->poked++;
}

static vl_result net_invite(void *self, const struct vl_id *circle, vl_duration length,
                            struct vl_code *code)
{
    (void)self, (void)circle, (void)length;
    *code = (struct vl_code){.number = 27, .words = {0, 511, 1023}};
    return VL_OK;
}

static vl_result net_join(void *self, const struct vl_code *code, const char *pseudonym,
                          vl_duration length)
{
    struct world *world = self;
    (void)length;
    world->view.pairing.state = API_PAIRING_SEARCHING;
    world->view.pairing.code = *code;
    snprintf(world->joined_as, sizeof world->joined_as, "%s", pseudonym);
    return VL_OK;
}

static vl_result net_decide(void *self, bool accept, const char *pseudonym)
{
    struct world *world = self;
    if (world->view.pairing.state != API_PAIRING_DECIDING) return VL_ERR_STATE;
    world->decided = accept ? 1 : -1;
    if (pseudonym != NULL) snprintf(world->joined_as, sizeof world->joined_as, "%s", pseudonym);
    world->view.pairing.state = API_PAIRING_DONE;
    return VL_OK;
}

static void net_cancel(void *self)
{
    ((struct world *)self)->cancelled++;
}

static void net_view(void *self, struct api_network_view *out)
{
    *out = ((struct world *)self)->view;
}

static vl_result net_peers(void *self, api_peer_visit visit, void *context)
{
    (void)self;
    struct api_peer peer = {.connected = true, .discovered_by = "mdns", .entries_sent = 3};
    return visit(context, &peer);
}

static vl_result net_add_device(void *self, const struct vl_id *circle, vl_duration length,
                                struct vl_code *code)
{
    ((struct world *)self)->device_ms = length.ms;
    (void)circle;
    *code = (struct vl_code){.number = 28, .words = {1, 2, 3}};
    return VL_OK;
}

static const struct api_network network = {&w,         net_gather, net_away,   net_poke,
                                           net_invite, net_join,   net_decide, net_cancel,
                                           net_view,   net_peers,  NULL,       net_add_device};

/* ---- who holds the vault ---- */

static vl_result keeper_unlock(void *self, struct vl_bytes passphrase, uint64_t *wait_ms)
{
    struct world *world = self;
    VL_TRY(store_open(&world->store, world->vault, passphrase, wait_ms));
    VL_TRY(circle_load_all(world->store, &world->circles));
    api_open(world->api, world->store, &world->circles, &network);
    return VL_OK;
}

static void keeper_lock(void *self)
{
    struct world *world = self;
    api_close(world->api);
    circles_finish(&world->circles);
    world->circles = (struct circles){0};
    store_close(world->store);
    world->store = NULL;
}

static void keeper_wrote(void *self)
{
    ((struct world *)self)->wrote++;
}

static bool keeper_exists(void *self)
{
    return store_exists(((struct world *)self)->vault);
}

static vl_result keeper_create(void *self, struct vl_bytes passphrase)
{
    return store_create(((struct world *)self)->vault, passphrase);
}

static vl_result keeper_wipe(void *self)
{
    keeper_lock(self);
    return store_wipe(((struct world *)self)->vault);
}

static const struct api_keeper keeper = {
    &w, keeper_unlock, keeper_lock, keeper_wrote, keeper_exists, keeper_create, keeper_wipe, NULL};

/* ---- requests ---- */

static char *exchange(const char *request, size_t size)
{
    return unix_exchange(w.base, w.socket, request, size);
}

/* One request; its status, and the body parsed. */
static int ask(const char *method, const char *path, const char *body, struct json **out)
{
    size_t size = strlen(path) + (body == NULL ? 0 : strlen(body)) + 256;
    char *request = malloc(size);
    int made = snprintf(request, size,
                        "%s /api/v1/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        method, path, body == NULL ? 0 : strlen(body), body == NULL ? "" : body);
    char *answer = exchange(request, (size_t)made);
    free(request);
    assert_non_null(answer);
    int status = atoi(answer + 9);
    char *start = strstr(answer, "\r\n\r\n");
    assert_non_null(start);
    assert_non_null(strstr(answer, "no-store"));
    assert_int_equal(json_parse(vl_bytes_text(start + 4), out), VL_OK);
    free(answer);
    return status;
}

static void refuses(const char *method, const char *path, const char *body, int status,
                    const char *error, const char *field)
{
    struct json *answer;
    int got = ask(method, path, body, &answer);
    if (got != status || strcmp(json_text(answer, "error"), error) != 0 ||
        strcmp(json_text(answer, "field"), field) != 0) {
        print_error("%s %s: %d %s %s\n", method, path, got, json_text(answer, "error"),
                    json_text(answer, "field"));
    }
    assert_int_equal(got, status);
    assert_string_equal(json_text(answer, "error"), error);
    assert_string_equal(json_text(answer, "field"), field);
    assert_true(strlen(json_text(answer, "message")) > 3);
    json_destroy(answer);
}

/* ---- a founded circle in the store, without a network ---- */

static void found_circle(void)
{
    static const uint8_t nobody[64];
    struct store_circle row = {.name = "Jeudi", .pseudonym = "Un"};
    struct vl_device_keys *keys;
    struct circle *circle;
    struct vl_id entry;
    memset(row.seed, 5, sizeof row.seed);
    memset(row.random, 6, sizeof row.random);
    assert_int_equal(vl_device_keys_from_seed(row.seed, &keys), VL_OK);
    vl_circle_id(keys->card.sign, nobody, row.random, &row.id);
    vl_device_keys_destroy(keys);
    assert_int_equal(store_circle_add(w.store, &row), VL_OK);
    assert_int_equal(circle_load(w.store, &w.circles, &row, &circle), VL_OK);
    assert_int_equal(
        vl_replica_found(circle->replica, row.random, NULL, nobody, (vl_wall){1000}, &entry),
        VL_OK);
    store_circle_finish(&row);
}

static int setup(void **state)
{
    (void)state;
    memset(&w, 0, sizeof w);
    snprintf(w.folder, sizeof w.folder, "/tmp/veillee-api-XXXXXX");
    if (mkdtemp(w.folder) == NULL) return -1;
    snprintf(w.vault, sizeof w.vault, "%s/vault", w.folder);
    snprintf(w.socket, sizeof w.socket, "%s/api.sock", w.folder);
    w.base = event_base_new();
    struct api_config config = {.base = w.base, .socket_path = w.socket, .keeper = keeper};
    return api_create(&w.api, &config) == VL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    if (w.store != NULL) keeper_lock(&w);
    api_destroy(w.api);
    event_base_free(w.base);
    snprintf(command, sizeof command, "rm -rf %s", w.folder);
    return system(command);
}

/* ---- the tests ---- */

static void test_the_socket_is_ours_alone(void **state)
{
    (void)state;
    struct stat status;
    assert_int_equal(stat(w.socket, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);

    /* A second one on the same path is refused while the first lives... */
    struct api_config config = {.base = w.base, .socket_path = w.socket};
    struct api *second = NULL;
    assert_int_equal(api_create(&second, &config), VL_ERR_IN_USE);
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/', longer[sizeof longer - 1] = 0;
    config.socket_path = longer;
    assert_int_equal(api_create(&second, &config), VL_ERR_INVALID);

    /* ... and what a dead process left behind is replaced. */
    api_destroy(w.api);
    w.api = NULL;
    assert_int_equal(stat(w.socket, &status), -1);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", w.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    config.socket_path = w.socket;
    config.keeper = keeper;
    assert_int_equal(api_create(&w.api, &config), VL_OK);
}

static void test_heads_are_refused_before_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /api/v1/nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
        {"GET /api/v2/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
        {"GET /api/v1/status/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
        {"GET /api/v1/circles//log HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404},
        {"DELETE /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405},
        {"POST /api/v1/unlock HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413},
        {"POST /api/v1/unlock HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *answer = exchange(cases[i].request, strlen(cases[i].request));
        assert_non_null(answer);
        if (atoi(answer + 9) != cases[i].status) print_error("%s%s\n", cases[i].request, answer);
        assert_int_equal(atoi(answer + 9), cases[i].status);
        free(answer);
    }
    free(exchange("\x16\x03\x01\x02\r\n\r\n", 8));
    struct json *answer;
    assert_int_equal(ask("GET", "status", NULL, &answer), 200);
    json_destroy(answer);
}

static void test_a_body_of_exactly_the_limit_is_read(void **state)
{
    (void)state;
    char *body = malloc(API_BODY_BYTES_MAX + 1);
    memset(body, ' ', API_BODY_BYTES_MAX);
    body[API_BODY_BYTES_MAX] = 0;
    memcpy(body, "{\"passphrase\":\"x\"}", 18);
    struct json *answer;
    assert_int_equal(ask("POST", "unlock", body, &answer), 409); /* read, and open already */
    assert_string_equal(json_text(answer, "error"), "STATE");
    json_destroy(answer);
    free(body);
}

static void test_locked_until_the_passphrase(void **state)
{
    (void)state;
    struct json *answer;
    assert_int_equal(ask("GET", "status", NULL, &answer), 200);
    assert_true(json_flag(answer, "locked"));
    assert_int_equal(json_count(json_member(answer, "circles")), 0);
    assert_true(json_flag(answer, "new"));
    json_destroy(answer);
    refuses("POST", "unlock", "{\"passphrase\":\"" PASSPHRASE "\"}", 404, "NOT_FOUND", "");
    refuses("POST", "vault", "{\"passphrase\":\"\"}", 400, "INVALID", "passphrase");
    assert_int_equal(ask("POST", "vault", "{\"passphrase\":\"" PASSPHRASE "\"}", &answer), 200);
    assert_false(json_flag(answer, "locked"));
    json_destroy(answer);
    refuses("POST", "vault", "{\"passphrase\":\"autre\"}", 409, "EXISTS", "");
    assert_int_equal(ask("POST", "lock", NULL, &answer), 200);
    json_destroy(answer);
    refuses("POST", "vault", "{\"passphrase\":\"autre\"}", 409, "EXISTS", "");
    refuses("GET", "circles", NULL, 423, "LOCKED", "");
    refuses("POST", "away", NULL, 423, "LOCKED", "");
    refuses("POST", "unlock", "{\"passphrase\":\"autre\"}", 403, "PASSPHRASE", "");
    refuses("POST", "unlock", "{}", 400, "INVALID", "passphrase");
    refuses("POST", "unlock", "{", 400, "INVALID", "");
    sleep(1); /* wrong ones back off */
    assert_int_equal(ask("POST", "unlock", "{\"passphrase\":\"" PASSPHRASE "\"}", &answer), 200);
    assert_false(json_flag(answer, "locked"));
    json_destroy(answer);
    refuses("POST", "unlock", "{\"passphrase\":\"x\"}", 409, "STATE", "");
    found_circle();
    assert_int_equal(ask("POST", "lock", NULL, &answer), 200);
    json_destroy(answer);
    refuses("GET", "circles", NULL, 423, "LOCKED", "");
    assert_null(w.store);
    assert_int_equal(ask("POST", "unlock", "{\"passphrase\":\"" PASSPHRASE "\"}", &answer), 200);
    json_destroy(answer);
}

static void test_circles(void **state)
{
    (void)state;
    struct json *answer;
    assert_int_equal(ask("POST", "circles",
                         "{\"name\":\"Livres\",\"pseudonym\":\"Un\",\"purpose\":\"Lire\"}",
                         &answer),
                     200);
    assert_true(json_flag(answer, "draft"));
    json_destroy(answer);
    assert_int_equal(ask("GET", "circles", NULL, &answer), 200);
    assert_int_equal(json_count(json_member(answer, "circles")), 2);
    json_destroy(answer);
    assert_int_equal(ask("GET", "circles/Livres", NULL, &answer), 200);
    assert_string_equal(json_text(answer, "purpose"), "Lire");
    json_destroy(answer);
    assert_int_equal(ask("GET", "find?name=jeudi", NULL, &answer), 200);
    assert_string_equal(json_text(answer, "name"), "Jeudi");
    assert_int_equal(json_integer(answer, "members"), 1);
    assert_int_equal(strlen(json_text(answer, "digest")), 64);
    json_destroy(answer);
    assert_int_equal(ask("GET", "find", NULL, &answer), 200); /* the only founded one */
    json_destroy(answer);

    refuses("GET", "circles/Nulle%20part", NULL, 404, "NOT_FOUND", "circle");
    refuses("GET", "circles/Livres/meetings", NULL, 409, "STATE", "circle");
    refuses("POST", "circles", "{\"name\":\"\",\"pseudonym\":\"x\"}", 400, "INVALID", "name");
    refuses("POST", "circles", "{\"name\":\"x\",\"pseudonym\":\"\"}", 400, "INVALID", "pseudonym");
    refuses("POST", "circles", "{\"name\":\"x\"}", 400, "INVALID", "pseudonym");
    refuses("POST", "circles", "{\"name\":\"a\\nb\",\"pseudonym\":\"x\"}", 400, "UTF8", "name");
    refuses("POST", "circles", "{\"name\":\"a\",\"pseudonym\":\"x\",\"colour\":1}", 400, "INVALID",
            "colour");
    char body[400], name[VL_NAME_BYTES_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    name[VL_NAME_BYTES_MAX + 1] = 0;
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"pseudonym\":\"x\"}", name);
    refuses("POST", "circles", body, 400, "TOO_LARGE", "name");
    name[VL_NAME_BYTES_MAX] = 0;
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"pseudonym\":\"x\"}", name);
    assert_int_equal(ask("POST", "circles", body, &answer), 200);
    json_destroy(answer);
}

static void test_meetings(void **state)
{
    (void)state;
    struct json *answer;
    char path[128];
    assert_int_equal(ask("POST", "circles/Jeudi/meetings",
                         "{\"title\":\"Mars\",\"starts\":\"2026-03-12T19:30\",\"place\":\"Ici\","
                         "\"agenda\":[\"un\",\"deux\"],\"minutes\":\"Th\xc3\xa9.\"}",
                         &answer),
                     200);
    assert_string_equal(json_text(answer, "starts"), "2026-03-12T19:30");
    assert_int_equal(json_count(json_member(answer, "agenda")), 2);
    snprintf(path, sizeof path, "circles/Jeudi/meetings/%.8s", json_text(answer, "id"));
    json_destroy(answer);
    assert_true(w.poked == 1 && w.wrote == 1);

    assert_int_equal(ask("PATCH", path,
                         "{\"place\":\"L\xc3\xa0\",\"minutes\":{\"append\":\"\\nFin.\"}}", &answer),
                     200);
    json_destroy(answer);
    assert_int_equal(ask("GET", path, NULL, &answer), 200);
    assert_string_equal(json_text(answer, "place"), "L\xc3\xa0");
    assert_string_equal(json_text(answer, "minutes"), "Th\xc3\xa9.\nFin.");
    assert_int_equal(json_count(json_member(answer, "conflicts")), 0);
    json_destroy(answer);
    assert_int_equal(ask("GET", "circles/Jeudi/meetings", NULL, &answer), 200);
    const struct json *first = json_item(json_member(answer, "meetings"), 0);
    assert_string_equal(json_text(first, "title"), "Mars");
    assert_null(json_member(first, "minutes")); /* long texts are not in lists */
    json_destroy(answer);

    refuses("POST", "circles/Jeudi/meetings", "{\"starts\":\"2026-02-30\"}", 400, "INVALID",
            "starts");
    refuses("POST", "circles/Jeudi/meetings", "{}", 400, "INVALID", "title");
    refuses("GET", "circles/Jeudi/meetings/ffffffff", NULL, 404, "NOT_FOUND", "");
    refuses("PATCH", "circles/Jeudi/meetings/ffffffff", "{\"place\":\"x\"}", 404, "NOT_FOUND", "");
}

static void test_shares_minutes_and_search(void **state)
{
    (void)state;
    struct json *answer;
    char path[128];
    assert_int_equal(
        ask("POST", "circles/Jeudi/shares",
            "{\"title\":\"<b>Fatigue</b>\",\"text\":\"Le soir\",\"sort\":\"question\"}", &answer),
        200);
    assert_string_equal(json_text(answer, "title"), "<b>Fatigue</b>");
    assert_string_equal(json_text(answer, "sort"), "question");
    snprintf(path, sizeof path, "circles/Jeudi/shares/%s", json_text(answer, "id"));
    json_destroy(answer);
    assert_int_equal(ask("GET", path, NULL, &answer), 200);
    assert_string_equal(json_text(answer, "text"), "Le soir");
    json_destroy(answer);
    refuses("POST", "circles/Jeudi/shares", "{\"title\":\"x\",\"sort\":\"rant\"}", 400, "INVALID",
            "sort");
    refuses("POST", "circles/Jeudi/shares", "{\"title\":\"a\\u001bb\"}", 400, "UTF8", "title");

    static const char minutes[] =
        "{\"name\":\"2026-01-15.md\",\"text\":\"# Rencontre du 15 janvier "
        "2026\\n\\n## Notes\\n\\nUne tisane.\\n\"}";
    assert_int_equal(ask("POST", "circles/Jeudi/import/minutes", minutes, &answer), 200);
    assert_false(json_flag(answer, "existed"));
    json_destroy(answer);
    assert_int_equal(ask("POST", "circles/Jeudi/import/minutes", minutes, &answer), 200);
    assert_true(json_flag(answer, "existed"));
    json_destroy(answer);
    refuses("POST", "circles/Jeudi/import/minutes", "{\"name\":\"x.md\",\"text\":\"rien\"}", 400,
            "INVALID", "text");

    assert_int_equal(ask("GET", "search?words=tisane", NULL, &answer), 200);
    assert_int_equal(json_count(json_member(answer, "hits")), 1);
    assert_string_equal(json_text(json_item(json_member(answer, "hits"), 0), "type"), "meeting");
    json_destroy(answer);
    assert_int_equal(ask("GET", "search?words=fatigue&circle=Jeudi", NULL, &answer), 200);
    assert_int_equal(json_count(json_member(answer, "hits")), 1);
    json_destroy(answer);
    assert_int_equal(ask("GET", "search?words=absent", NULL, &answer), 200);
    assert_int_equal(json_count(json_member(answer, "hits")), 0);
    json_destroy(answer);
    refuses("GET", "search", NULL, 400, "INVALID", "words");
    refuses("GET", "search?words=a&circle=zz", NULL, 404, "NOT_FOUND", "circle");
}

static void test_log_verify_and_members(void **state)
{
    (void)state;
    struct json *answer;
    char path[200];
    assert_int_equal(ask("GET", "circles/Jeudi/log?max=1", NULL, &answer), 200);
    const struct json *first = json_item(json_member(answer, "entries"), 0);
    assert_string_equal(json_text(first, "control"), "found");
    assert_int_equal(json_integer(first, "lamport"), 1);
    snprintf(path, sizeof path, "circles/Jeudi/log?after=%s", json_text(answer, "next"));
    json_destroy(answer);
    assert_int_equal(ask("GET", path, NULL, &answer), 200);
    first = json_item(json_member(answer, "entries"), 0);
    assert_string_equal(json_text(first, "control"), "epoch");
    json_destroy(answer);
    refuses("GET", "circles/Jeudi/log?max=0", NULL, 400, "INVALID", "max");
    refuses("GET", "circles/Jeudi/log?max=501", NULL, 400, "INVALID", "max");
    refuses("GET", "circles/Jeudi/log?after=1-zz", NULL, 400, "INVALID", "after");

    assert_int_equal(ask("GET", "circles/Jeudi/verify", NULL, &answer), 200);
    assert_true(json_integer(answer, "entries") > 4);
    char digest[65];
    snprintf(digest, sizeof digest, "%s", json_text(answer, "digest"));
    json_destroy(answer);
    assert_int_equal(ask("GET", "status", NULL, &answer), 200);
    assert_string_equal(json_text(json_item(json_member(answer, "circles"), 0), "digest"), digest);
    json_destroy(answer);

    assert_int_equal(ask("GET", "circles/Jeudi/members", NULL, &answer), 200);
    first = json_item(json_member(answer, "members"), 0);
    assert_string_equal(json_text(first, "role"), "facilitator");
    assert_true(json_flag(first, "me"));
    json_destroy(answer);
    refuses("POST", "circles/Jeudi/members/vouch", "{\"person\":\"Personne\"}", 404, "NOT_FOUND",
            "person");
}

static void test_the_network_is_asked(void **state)
{
    (void)state;
    struct json *answer;
    assert_int_equal(ask("POST", "circles/Jeudi/gather", "{\"seconds\":60}", &answer), 200);
    assert_true(vl_id_equal(&w.gathered, &w.circles.items[0]->id));
    assert_true(w.gather_ms == 60000);
    json_destroy(answer);
    refuses("POST", "circles/Jeudi/gather", "{\"seconds\":86401}", 400, "INVALID", "seconds");
    assert_int_equal(ask("POST", "away", NULL, &answer), 200);
    assert_int_equal(w.away, 1);
    json_destroy(answer);

    assert_int_equal(ask("POST", "circles/Livres/invite", "{}", &answer), 200);
    assert_int_equal(json_integer(answer, "number"), 27);
    const struct json *words = json_member(json_member(answer, "words"), "fr");
    assert_int_equal(json_count(words), 3);
    char body[200];
    snprintf(body, sizeof body, "{\"code\":\"27 %s %s %s\",\"pseudonym\":\"Deux\"}",
             json_item_text(words, 0), json_item_text(words, 1), json_item_text(words, 2));
    json_destroy(answer);
    assert_int_equal(ask("POST", "join", body, &answer), 200);
    assert_string_equal(json_text(answer, "state"), "searching");
    assert_string_equal(w.joined_as, "Deux");
    assert_int_equal(w.view.pairing.code.words[2], 1023);
    json_destroy(answer);
    refuses("POST", "join", "{\"code\":\"27 zzz zzz zzz\",\"pseudonym\":\"x\"}", 400, "INVALID",
            "code");
    refuses("POST", "pairing/decide", "{\"accept\":true}", 409, "STATE", "");
    w.view.pairing.state = API_PAIRING_DECIDING;
    w.view.pairing.name = "Jeudi";
    assert_int_equal(ask("GET", "pairing", NULL, &answer), 200);
    assert_string_equal(json_text(answer, "name"), "Jeudi");
    json_destroy(answer);
    assert_int_equal(ask("POST", "pairing/decide", "{\"accept\":false}", &answer), 200);
    assert_int_equal(w.decided, -1);
    json_destroy(answer);
    w.view.pairing.state = API_PAIRING_FAILED;
    w.view.pairing.result = VL_ERR_CODE;
    assert_int_equal(ask("POST", "pairing/cancel", NULL, &answer), 200);
    assert_string_equal(json_text(answer, "result"), "CODE");
    assert_int_equal(w.cancelled, 1);
    json_destroy(answer);
    assert_int_equal(ask("GET", "peers", NULL, &answer), 200);
    const struct json *peer = json_item(json_member(answer, "peers"), 0);
    assert_true(json_flag(peer, "connected"));
    assert_string_equal(json_text(peer, "discovered_by"), "mdns");
    json_destroy(answer);
}

/* One vault for all, since stretching a passphrase takes its time: the first tests find it locked,
 * the later ones open, with the circle that was founded in between. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_socket_is_ours_alone),
        cmocka_unit_test(test_heads_are_refused_before_bodies),
        cmocka_unit_test(test_locked_until_the_passphrase),
        cmocka_unit_test(test_meetings),
        cmocka_unit_test(test_shares_minutes_and_search),
        cmocka_unit_test(test_circles), /* makes the draft that is invited into */
        cmocka_unit_test(test_the_network_is_asked),
        cmocka_unit_test(test_log_verify_and_members),
        cmocka_unit_test(test_a_body_of_exactly_the_limit_is_read),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}
