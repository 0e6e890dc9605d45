/* The listener on loopback: how many strangers there may be, who goes first, and that all of them
 * see the same: no byte, one moment, one kind of close. */
#include "node/clock.h"
#include "node/listener.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OWNERS_MAX 1024u

struct owner {
    struct stranger *stranger; /* NULL: evicted or given away */
    size_t slot;
};

struct fixture {
    struct event_base *base;
    struct listener *listener;
    struct interface loopback;
    uint16_t port;
    bool refuse;
    struct owner owners[OWNERS_MAX];
    size_t owner_count, evicted;
};

static void *accepted(void *context, struct stranger *s, size_t slot)
{
    struct fixture *f = context;
    if (f->refuse) return NULL;
    assert_true(f->owner_count < OWNERS_MAX);
    struct owner *owner = &f->owners[f->owner_count++];
    *owner = (struct owner){s, slot};
    return owner;
}

static void evicted(void *context, void *of)
{
    struct fixture *f = context;
    struct owner *owner = of;
    owner->stranger = NULL;
    f->evicted++;
}

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct listener_config config = {.accepted = accepted, .evicted = evicted, .context = f};
    size_t slot;
    f->base = config.base = event_base_new();
    assert_non_null(f->base);
    f->loopback = (struct interface){.index = if_nametoindex("lo"), .name = "lo"};
    f->loopback.address_count = 1;
    f->loopback.addresses[0] = (struct vl_address){.family = 4, .bytes = {127, 0, 0, 1}};
    assert_int_equal(listener_create(&f->listener, &config), VL_OK);
    assert_int_equal(listener_bind(f->listener, &f->loopback, &slot, &f->port), VL_OK);
    assert_int_equal(slot, 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    listener_destroy(f->listener);
    event_base_free(f->base);
    test_free(f);
    return 0;
}

/* A client at 127.0.0.`host`. */
static int dial(const struct fixture *f, uint8_t host)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u | host)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(f->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void turn(struct fixture *f)
{
    for (unsigned k = 0; k < 4; k++)
        (void)event_base_loop(f->base, EVLOOP_NONBLOCK);
}

static int dialled(struct fixture *f, uint8_t host)
{
    int fd = dial(f, host);
    turn(f);
    return fd;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t k = 0; k < count; k++)
        (void)close(fds[k]);
}

static void test_limit_of_one_address(void **state)
{
    struct fixture *f = *state;
    int fds[VL_HALF_OPEN_PER_ADDRESS + 1];
    for (size_t k = 0; k < VL_HALF_OPEN_PER_ADDRESS; k++)
        fds[k] = dialled(f, 2);
    assert_int_equal(listener_counts_of(f->listener).half_open, VL_HALF_OPEN_PER_ADDRESS);
    assert_int_equal(f->evicted, 0);
    fds[VL_HALF_OPEN_PER_ADDRESS] = dialled(f, 2);
    assert_int_equal(listener_counts_of(f->listener).half_open, VL_HALF_OPEN_PER_ADDRESS);
    assert_int_equal(listener_counts_of(f->listener).discarded, 1);
    assert_null(f->owners[0].stranger); /* the oldest */
    assert_non_null(f->owners[1].stranger);
    assert_non_null(f->owners[VL_HALF_OPEN_PER_ADDRESS].stranger);
    close_all(fds, sizeof fds / sizeof fds[0]);
}

static void test_limit_of_all(void **state)
{
    struct fixture *f = *state;
    int fds[VL_HALF_OPEN_MAX + 1];
    size_t count = 0;
    fds[count++] = dialled(f, 9); /* an honest one, and the oldest of all */
    for (; count < 1 + 7; count++)
        fds[count] = dialled(f, 2);
    for (; count < VL_HALF_OPEN_MAX; count++)
        fds[count] = dialled(f, 3);
    assert_int_equal(listener_counts_of(f->listener).half_open, VL_HALF_OPEN_MAX);
    assert_int_equal(f->evicted, 0);
    fds[count++] = dialled(f, 10);
    assert_int_equal(listener_counts_of(f->listener).half_open, VL_HALF_OPEN_MAX);
    assert_int_equal(f->evicted, 1);
    assert_non_null(f->owners[0].stranger);
    assert_null(f->owners[8].stranger); /* the oldest of 127.0.0.3, which had most */
    close_all(fds, count);
}

static void test_discard_list(void **state)
{
    struct fixture *f = *state;
    static int fds[VL_DISCARD_MAX + 2];
    size_t count = 0;
    f->refuse = true;
    fds[count++] = dialled(f, 9);
    for (; count < VL_DISCARD_MAX; count++)
        fds[count] = dialled(f, 2);
    assert_int_equal(listener_counts_of(f->listener).discarded, VL_DISCARD_MAX);
    assert_int_equal(listener_counts_of(f->listener).half_open, 0);
    struct pollfd first = {.fd = fds[1], .events = POLLIN};
    assert_int_equal(poll(&first, 1, 0), 0); /* still there, and silent */
    fds[count++] = dialled(f, 2);
    assert_int_equal(listener_counts_of(f->listener).discarded, VL_DISCARD_MAX);
    assert_int_equal(poll(&first, 1, 100), 1);
    uint8_t byte;
    assert_int_equal(recv(fds[1], &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    struct pollfd honest = {.fd = fds[0], .events = POLLIN};
    assert_int_equal(poll(&honest, 1, 0), 0); /* of the less busy address */
    close_all(fds, count);
}

static void test_admitted(void **state)
{
    struct fixture *f = *state;
    int fd = dialled(f, 2);
    assert_int_equal(f->owner_count, 1);
    assert_int_equal(stranger_endpoint(f->owners[0].stranger)->address.bytes[3], 2);
    int theirs = listener_admit(f->owners[0].stranger);
    int hops = 0;
    socklen_t size = sizeof hops;
    assert_int_equal(getsockopt(theirs, IPPROTO_IP, IP_TTL, &hops, &size), 0);
    assert_int_equal(hops, 1); /* no router lets it pass */
    assert_int_equal(listener_counts_of(f->listener).half_open, 0);
    assert_int_equal(send(theirs, "x", 1, 0), 1);
    char got;
    assert_int_equal(recv(fd, &got, 1, 0), 1);
    assert_int_equal(got, 'x');
    (void)close(theirs);
    (void)close(fd);
}

static void test_interfaces_have_their_own_port(void **state)
{
    struct fixture *f = *state;
    size_t slot;
    uint16_t port;
    f->loopback.addresses[1] = (struct vl_address){.family = 4, .bytes = {127, 0, 0, 77}};
    f->loopback.address_count = 2;
    assert_int_equal(listener_bind(f->listener, &f->loopback, &slot, &port), VL_OK);
    assert_int_equal(slot, 1);
    assert_int_not_equal(port, f->port);
    f->port = port;
    int fd = dialled(f, 4);
    assert_int_equal(f->owners[0].slot, 1);
    (void)close(fd);
}

/* What a stranger can do, and after how long, and how, it is cut off. */
struct probe {
    const char *what;
    int fd;
    vl_instant dialled, closed;
    bool is_reset;
};

/* Looks until all are closed. Gives the longest that this machine did not let it look, in
 * milliseconds: nobody is measured more sharply than that. */
static uint64_t watch(struct fixture *f, struct probe *probes, size_t count)
{
    size_t open = count;
    uint64_t away = 0;
    vl_instant looked = clock_now();
    const vl_instant end = vl_instant_add(looked, VL_SECONDS(VL_HANDSHAKE_SECONDS + 3));
    while (open > 0 && clock_now().ms < end.ms) {
        turn(f);
        const uint64_t ms = vl_instant_since(clock_now(), looked).ms;
        looked = clock_now();
        if (ms > away) away = ms;
        for (size_t k = 0; k < count; k++) {
            struct pollfd p = {.fd = probes[k].fd, .events = POLLIN};
            uint8_t byte;
            if (probes[k].closed.ms || poll(&p, 1, 2) <= 0) continue;
            ssize_t got = recv(p.fd, &byte, 1, MSG_DONTWAIT);
            assert_true(got <= 0); /* no byte, ever */
            probes[k].is_reset = got < 0 && errno == ECONNRESET;
            probes[k].closed = clock_now();
            open--;
        }
    }
    assert_int_equal(open, 0);
    return away;
}

static void test_all_failures_look_alike(void **state)
{
    struct fixture *f = *state;
    struct probe probes[] = {{.what = "silent"},
                             {.what = "a bad first message"},
                             {.what = "much more than a first message"},
                             {.what = "half closed"},
                             {.what = "taken back"}};
    const size_t count = sizeof probes / sizeof probes[0];
    uint8_t noise[8192];
    randombytes_buf(noise, sizeof noise);
    for (size_t k = 0; k < count; k++) {
        probes[k].dialled = clock_now();
        probes[k].fd = dialled(f, 2);
    }
    (void)send(probes[1].fd, noise, VL_NOISE_FIRST_BYTES, 0);
    listener_discard(f->owners[1].stranger);
    (void)send(probes[2].fd, noise, sizeof noise, 0);
    listener_discard(f->owners[2].stranger);
    (void)shutdown(probes[3].fd, SHUT_WR);
    listener_discard(f->owners[3].stranger);
    const uint64_t away = watch(f, probes, count);
    for (size_t k = 0; k < count; k++) {
        const uint64_t ms = vl_instant_since(probes[k].closed, probes[k].dialled).ms;
        if (!probes[k].is_reset) fail_msg("%s: not a reset", probes[k].what);
        if (ms < VL_HANDSHAKE_SECONDS * 1000u - 50u ||
            ms > VL_HANDSHAKE_SECONDS * 1000u + 500u + away)
            fail_msg("%s: closed after %u ms, looked every %u ms", probes[k].what, (unsigned)ms,
                     (unsigned)away);
        (void)close(probes[k].fd);
    }
    assert_int_equal(listener_counts_of(f->listener).half_open, 0);
    assert_int_equal(listener_counts_of(f->listener).discarded, 0);
}

static void test_addresses_that_can_be_dialled(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool elsewhere, on_loopback;
    } cases[] = {
        {"192.168.1.7", true, true},
        {"10.0.0.1", true, true},
        {"169.254.3.4", true, true},
        {"223.255.255.255", true, true},
        {"0.0.0.0", false, false},
        {"0.1.2.3", false, false},
        {"127.0.0.1", false, true},
        {"127.255.0.9", false, true},
        {"224.0.0.251", false, false},
        {"255.255.255.255", false, false},
        {"fe80::1", true, true},
        {"2001:db8::7", true, true},
        {"fd00::7", true, true},
        {"::", false, false},
        {"::1", false, true},
        {"ff02::fb", false, false},
        {"::ffff:8.8.8.8", false, false},
        {"::ffff:127.0.0.1", false, false},
        {"::8.8.8.8", false, false},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct vl_address address = {.family = strchr(cases[k].text, ':') ? 6 : 4};
        assert_int_equal(
            inet_pton(address.family == 6 ? AF_INET6 : AF_INET, cases[k].text, address.bytes), 1);
        if (address_can_be_dialled(&address, false) != cases[k].elsewhere ||
            address_can_be_dialled(&address, true) != cases[k].on_loopback)
            fail_msg("%s", cases[k].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_that_can_be_dialled),
        cmocka_unit_test_setup_teardown(test_limit_of_one_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit_of_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_discard_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_admitted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interfaces_have_their_own_port, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_failures_look_alike, setup, teardown),
    };
    if (sodium_init() < 0) return 1;
    struct rlimit files = {1024, 1024}; /* both ends of every connection are here */
    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
