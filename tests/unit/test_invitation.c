/* Pairing over sockets, as somebody who guesses meets it: how many guesses an invitation tests, and
 * what a joiner makes of silence. */
#include "node/clock.h"
#include "node/connection.h"
#include "node/node.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define FDS_LOOKED_AT 256
#define GUESSERS      16u
#define KNOWS         11u /* who of them has the right words */

static struct vl_device_keys *keys_of(uint8_t number)
{
    uint8_t seed[32];
    struct vl_device_keys *keys;
    memset(seed, number, sizeof seed);
    assert_int_equal(vl_device_keys_from_seed(seed, &keys), VL_OK);
    return keys;
}

static void turn(struct event_base *base)
{
    for (unsigned k = 0; k < 8; k++)
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
}

/* From 127.0.0.`host`. */
static int dial(uint16_t port, uint8_t host)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u | host)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Gives the pairing what has come; asserts that it is as much as that. */
static void take(int fd, struct vl_pairing *pairing, size_t size)
{
    uint8_t bytes[256];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    assert_int_equal(got, size);
    assert_int_equal(vl_pairing_receive(pairing, vl_bytes(bytes, size)), VL_OK);
}

static void give(int fd, struct vl_pairing *pairing)
{
    struct vl_buffer *output = vl_pairing_output(pairing);
    assert_int_equal(send(fd, output->data, output->size, 0), output->size);
    vl_buffer_clear(output);
}

/* ---- guesses side by side ---- */

struct guesser {
    int fd;
    struct vl_pairing *pairing;
};

/* The port that this process listens at. */
static uint16_t listening_port(void)
{
    for (int fd = 3; fd < FDS_LOOKED_AT; fd++) {
        int listens = 0;
        socklen_t size = sizeof listens;
        struct sockaddr_in at;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens) continue;
        size = sizeof at;
        if (getsockname(fd, (struct sockaddr *)&at, &size) == 0 && at.sin_family == AF_INET)
            return ntohs(at.sin_port);
    }
    return 0;
}

static void begin_guess(struct event_base *base, uint16_t port, const struct vl_code *code,
                        const struct vl_device_keys *keys, uint8_t host, struct guesser *out)
{
    out->fd = dial(port, host);
    turn(base);
    assert_int_equal(vl_pairing_join(&out->pairing, code, keys, vl_bytes_text("Mallory")), VL_OK);
    give(out->fd, out->pairing);
    turn(base);
    take(out->fd, out->pairing, 96);
}

static void add_draft(struct circles *all, struct circle **out)
{
    struct circle draft = {.is_draft = true, .keys = keys_of(1)};
    memset(draft.id.bytes, 7, sizeof draft.id.bytes);
    memcpy(draft.name, "Cercle", sizeof "Cercle");
    memcpy(draft.pseudonym, "Ines", sizeof "Ines");
    assert_int_equal(circles_add(all, &draft, out), VL_OK);
}

static void test_guesses_side_by_side(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct circles all = {0};
    struct circle *circle;
    struct node *node;
    struct vl_code code;
    struct node_view view;
    struct guesser guessers[GUESSERS];
    struct vl_device_keys *keys = keys_of(2);
    add_draft(&all, &circle);
    const struct node_config config = {
        .base = base, .circles = &all, .interface = "lo", .allow_loopback = true};
    assert_int_equal(node_create(&node, &config), VL_OK);
    assert_int_equal(node_invite(node, &circle->id, VL_SECONDS(60), &code), VL_OK);
    const uint16_t port = listening_port();
    assert_int_not_equal(port, 0);

    /* All have got as far as their guess; then all send it before anybody is answered. */
    for (size_t k = 0; k < GUESSERS; k++) {
        struct vl_code guess = code;
        if (k != KNOWS) guess.words[0] = (uint16_t)((guess.words[0] + 1 + k) % VL_WORD_COUNT);
        begin_guess(base, port, &guess, keys, k % 2 ? 3 : 2, &guessers[k]);
    }
    for (size_t k = 0; k < GUESSERS; k++)
        give(guessers[k].fd, guessers[k].pairing);
    turn(base);
    node_view(node, &view);
    assert_int_equal(view.pairing.tries_left, 0);
    assert_int_equal(view.pairing.state, NODE_PAIRING_FAILED);
    assert_int_equal(view.pairing.result, VL_ERR_CODE);
    uint8_t byte;
    assert_true(recv(guessers[KNOWS].fd, &byte, 1, MSG_DONTWAIT) <= 0);

    for (size_t k = 0; k < GUESSERS; k++) {
        (void)close(guessers[k].fd);
        vl_pairing_destroy(guessers[k].pairing);
    }
    node_destroy(node);
    circles_finish(&all);
    vl_device_keys_destroy(keys);
    event_base_free(base);
}

/* ---- silence after the joiner's proof ---- */

struct outcome {
    bool over;
    vl_result why;
};

static void moved(void *context, struct connection *c)
{
    (void)context, (void)c;
}

static void ended(void *context, struct connection *c, vl_result why)
{
    (void)c;
    struct outcome *outcome = context;
    *outcome = (struct outcome){true, why};
}

/* Hops that the socket connected to `port` gives its packets. */
static int hops_towards(uint16_t port)
{
    for (int fd = 3; fd < FDS_LOOKED_AT; fd++) {
        struct sockaddr_in to;
        socklen_t size = sizeof to;
        int hops = 0;
        if (getpeername(fd, (struct sockaddr *)&to, &size) != 0 || to.sin_family != AF_INET ||
            ntohs(to.sin_port) != port)
            continue;
        size = sizeof hops;
        assert_int_equal(getsockopt(fd, IPPROTO_IP, IP_TTL, &hops, &size), 0);
        return hops;
    }
    return 0;
}

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* Whoever plays the inviter can test one guess on the joiner's proof. When he then says nothing, it
 * is counted as if he had said that it was wrong. */
static void test_silence_is_a_wrong_code(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    struct vl_device_keys *mine = keys_of(3), *his = keys_of(4);
    struct outcome outcome = {0};
    struct vl_pairing *joiner, *inviter;
    struct vl_code code, guess;
    struct connection *c;
    struct endpoint remote = {.address = {.family = 4, .bytes = {127, 0, 0, 1}}};
    int listening = listen_on_loopback(&remote.port);
    vl_code_random(&code);
    guess = code;
    guess.words[2] ^= 1u;
    const struct vl_pairing_offer offer = {.as = VL_PAIRING_AS_FOUNDER,
                                           .name = vl_bytes_text("Cercle"),
                                           .purpose = vl_bytes_text(""),
                                           .agreement = vl_bytes_text(""),
                                           .inviter = vl_bytes_text("Mallory")};
    assert_int_equal(vl_pairing_join(&joiner, &code, mine, vl_bytes_text("Nadia")), VL_OK);
    assert_int_equal(vl_pairing_invite(&inviter, &guess, his, &offer), VL_OK);
    const struct connection_events events = {
        .paired = moved, .moved = moved, .ended = ended, .context = &outcome};
    const struct connection_config config = {
        .base = base, .events = &events, .pairing = joiner, .remote = remote};
    assert_int_equal(connection_create(&c, &config), VL_OK);

    int fd = accept(listening, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(hops_towards(remote.port), 1);
    turn(base);
    take(fd, inviter, 33);
    give(fd, inviter);
    struct pollfd proof = {.fd = fd, .events = POLLIN};
    while (poll(&proof, 1, 5) == 0)
        turn(base);
    const vl_instant latest = vl_instant_add(clock_now(), VL_SECONDS(VL_HANDSHAKE_SECONDS + 2));
    while (!outcome.over && !vl_instant_reached(clock_now(), latest))
        (void)event_base_loop(base, EVLOOP_ONCE);
    assert_true(outcome.over);
    assert_int_equal(outcome.why, VL_ERR_CODE);

    connection_destroy(c);
    (void)close(fd);
    (void)close(listening);
    vl_pairing_destroy(joiner);
    vl_pairing_destroy(inviter);
    vl_device_keys_destroy(mine);
    vl_device_keys_destroy(his);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guesses_side_by_side),
        cmocka_unit_test(test_silence_is_a_wrong_code),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
