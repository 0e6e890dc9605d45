/* Beacons: recognised by members alone, bound to circle, place and device, never accepted twice. */
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>
#include <veillee/beacon.h>

#define SEED 20261122u

static struct vl_beacon sample(uint64_t counter)
{
    struct vl_beacon beacon = {.counter = counter, .port = 41234, .address_count = 2};
    randombytes_buf(beacon.nonce, sizeof beacon.nonce);
    beacon.addresses[0] = (struct vl_address){.family = 4, .bytes = {10, 0, 0, 7}};
    beacon.addresses[1] = (struct vl_address){.family = 6, .bytes = {0xfe, 0x80, [15] = 9}};
    return beacon;
}

static struct vl_sighting opened(struct vl_replica *r, const uint8_t *bytes, vl_result expected)
{
    struct vl_sighting sighting;
    assert_int_equal(vl_beacon_open(r, bytes, &sighting), expected);
    return sighting;
}

static void test_members_recognise_it(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    const struct vl_beacon beacon = sample(7);
    uint8_t bytes[VL_BEACON_BYTES];
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_OK);
    for (size_t k = 0; k < 3; k++) {
        const struct vl_sighting s = opened(f->nodes[k].replica, bytes, VL_OK);
        assert_memory_equal(s.device.card.sign, f->nodes[0].keys->card.sign, 32);
        assert_memory_equal(s.beacon.nonce, beacon.nonce, sizeof beacon.nonce);
        assert_int_equal(s.beacon.counter, 7);
        assert_int_equal(s.beacon.port, 41234);
        assert_int_equal(s.beacon.address_count, 2);
        assert_int_equal(vl_address_compare(&s.beacon.addresses[1], &beacon.addresses[1]), 0);
        assert_false(s.stale);
    }
    circle_fixture_destroy(f);
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    const struct vl_beacon beacon = sample(1);
    uint8_t bytes[VL_BEACON_BYTES];
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_OK);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)opened(f->nodes[1].replica, bytes, VL_ERR_DECRYPT);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    (void)opened(f->nodes[1].replica, bytes, VL_OK);
    circle_fixture_destroy(f);
}

static void test_strangers_see_noise(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    struct circle_fixture *other = circle_fixture_create(2, SEED + 1);
    const struct vl_beacon beacon = sample(1);
    uint8_t bytes[VL_BEACON_BYTES], again[VL_BEACON_BYTES], noise[VL_BEACON_BYTES];
    const size_t stranger = circle_fixture_stranger(f);
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_OK);
    (void)opened(other->nodes[0].replica, bytes, VL_ERR_DECRYPT);
    (void)opened(f->nodes[stranger].replica, bytes, VL_ERR_DECRYPT);
    assert_int_equal(vl_beacon_seal(f->nodes[stranger].replica, &beacon, again), VL_ERR_NO_KEY);
    randombytes_buf(noise, sizeof noise);
    (void)opened(f->nodes[0].replica, noise, VL_ERR_DECRYPT);
    /* Another nonce leaves nothing of it alike. */
    const struct vl_beacon later = sample(1);
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &later, again), VL_OK);
    size_t same = 0;
    for (size_t k = 0; k < sizeof bytes; k++)
        same += bytes[k] == again[k];
    assert_true(same < 16);
    circle_fixture_destroy(other);
    circle_fixture_destroy(f);
}

static void test_what_cannot_be_sealed(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    uint8_t bytes[VL_BEACON_BYTES];
    struct vl_beacon beacon = sample(1);
    const struct vl_address first = beacon.addresses[0];
    beacon.addresses[0] = beacon.addresses[1];
    beacon.addresses[1] = first; /* not sorted */
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_ERR_INVALID);
    beacon.addresses[0] = first; /* twice */
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_ERR_INVALID);
    beacon = sample(1);
    beacon.port = 0;
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_ERR_INVALID);
    beacon = sample(1);
    beacon.address_count = 0;
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_ERR_INVALID);
    beacon.address_count = VL_BEACON_ADDRESSES_MAX + 1;
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_ERR_INVALID);
    beacon.address_count = VL_BEACON_ADDRESSES_MAX;
    for (uint8_t k = 0; k < VL_BEACON_ADDRESSES_MAX; k++)
        beacon.addresses[k] = (struct vl_address){.family = 4, .bytes = {10, 0, 0, k}};
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_OK);
    const struct vl_sighting s = opened(f->nodes[1].replica, bytes, VL_OK);
    assert_int_equal(s.beacon.address_count, VL_BEACON_ADDRESSES_MAX);
    beacon.addresses[0].bytes[9] = 1; /* an IPv4 address has four bytes */
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_ERR_INVALID);
    circle_fixture_destroy(f);
}

/* ---- beacons made by hand from the layout in beacon.h, as a hostile member could ---- */

struct hand {
    uint8_t plain[VL_BEACON_PLAIN_BYTES], nonce[VL_BEACON_NONCE_BYTES];
    size_t signature_at;
};

static void put64(uint8_t *at, uint64_t value)
{
    for (unsigned k = 0; k < 8; k++)
        at[k] = (uint8_t)(value >> (8 * k));
}

/* One IPv4 address, signed by `keys` for `circle`. */
static struct hand by_hand(const struct vl_id *circle, const struct vl_device_keys *keys)
{
    struct hand h = {.plain = {1}};
    static const char tag_domain[] = "veillee/1 beacon",
                      sign_domain[] = "veillee/1 beacon signature";
    crypto_generichash_state hash;
    uint8_t tag[32], message[512];
    randombytes_buf(h.nonce, sizeof h.nonce);
    crypto_generichash_init(&hash, NULL, 0, sizeof tag);
    crypto_generichash_update(&hash, (const uint8_t *)tag_domain, sizeof tag_domain);
    crypto_generichash_update(&hash, circle->bytes, 32);
    crypto_generichash_update(&hash, keys->card.sign, 32);
    crypto_generichash_final(&hash, tag, sizeof tag);
    memcpy(h.plain + 1, tag, 8);
    put64(h.plain + 9, 5);
    h.plain[17] = 0x12; /* port, little-endian */
    h.plain[18] = 0xa1;
    h.plain[19] = 1;
    h.plain[20] = 4;
    memcpy(h.plain + 21, (uint8_t[]){192, 168, 1, 2}, 4);
    h.signature_at = 37;
    size_t at = 0;
    memcpy(message, sign_domain, sizeof sign_domain);
    at += sizeof sign_domain;
    memcpy(message + at, circle->bytes, 32);
    at += 32;
    memcpy(message + at, h.nonce, sizeof h.nonce);
    at += sizeof h.nonce;
    memcpy(message + at, h.plain + 9, 8); /* counter */
    at += 8;
    memcpy(message + at, h.plain + 19, 18); /* count, address */
    at += 18;
    memcpy(message + at, h.plain + 17, 2); /* port */
    at += 2;
    crypto_sign_detached(h.plain + h.signature_at, NULL, message, at, keys->sign_secret);
    return h;
}

static void seal_hand(struct fixture_node *node, const struct hand *h, uint8_t *out)
{
    static const char domain[] = "veillee/1 beacon";
    struct vl_epoch_info epoch;
    uint8_t key[32], data[sizeof domain + VL_BEACON_NONCE_BYTES];
    assert_true(vl_replica_epochs(node->replica, &epoch, 1) >= 1);
    assert_int_equal(
        vl_replica_epoch_key(node->replica, &epoch.key_id, VL_DOMAIN_DISCOVERY_KEY, key), VL_OK);
    memcpy(data, domain, sizeof domain);
    memcpy(data + sizeof domain, h->nonce, sizeof h->nonce);
    memcpy(out, h->nonce, sizeof h->nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(out + sizeof h->nonce, NULL, h->plain,
                                              sizeof h->plain, data, sizeof data, NULL, h->nonce,
                                              key);
}

static void expect_hand(struct circle_fixture *f, const struct hand *h, vl_result expected)
{
    uint8_t bytes[VL_BEACON_BYTES];
    seal_hand(&f->nodes[0], h, bytes);
    (void)opened(f->nodes[1].replica, bytes, expected);
}

static void test_layout_and_canonical_form(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    const struct vl_device_keys *keys = f->nodes[0].keys;
    struct hand good = by_hand(&f->id, keys), h = good;
    uint8_t bytes[VL_BEACON_BYTES];
    seal_hand(&f->nodes[0], &good, bytes);
    const struct vl_sighting s = opened(f->nodes[1].replica, bytes, VL_OK);
    assert_int_equal(s.beacon.port, 0xa112);
    assert_int_equal(s.beacon.counter, 5);
    assert_memory_equal(s.beacon.addresses[0].bytes, ((uint8_t[]){192, 168, 1, 2}), 4);

    h.plain[0] = 2;
    expect_hand(f, &h, VL_ERR_VERSION);
    h = good;
    h.plain[VL_BEACON_PLAIN_BYTES - 1] = 1; /* padding */
    expect_hand(f, &h, VL_ERR_NOT_CANONICAL);
    h = good;
    h.plain[h.signature_at + 64] = 1;
    expect_hand(f, &h, VL_ERR_NOT_CANONICAL);
    h = good;
    h.plain[19] = VL_BEACON_ADDRESSES_MAX + 1;
    expect_hand(f, &h, VL_ERR_NOT_CANONICAL);
    h = good;
    h.plain[20] = 5; /* a family that is none */
    expect_hand(f, &h, VL_ERR_NOT_CANONICAL);
    h = good;
    h.plain[30] = 1; /* behind the four bytes */
    expect_hand(f, &h, VL_ERR_NOT_CANONICAL);
    h = good;
    h.plain[17] = h.plain[18] = 0; /* port */
    expect_hand(f, &h, VL_ERR_NOT_CANONICAL);
    circle_fixture_destroy(f);
}

static void test_signature_binds_everything(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, SEED);
    const struct vl_device_keys *keys = f->nodes[0].keys;
    const struct hand good = by_hand(&f->id, keys);
    struct hand h = good;
    h.plain[10] ^= 1; /* counter */
    expect_hand(f, &h, VL_ERR_SIGNATURE);
    h = good;
    h.plain[17] ^= 1; /* port */
    expect_hand(f, &h, VL_ERR_SIGNATURE);
    h = good;
    h.plain[22] ^= 1; /* address */
    expect_hand(f, &h, VL_ERR_SIGNATURE);
    h = good;
    h.nonce[0] ^= 1;
    expect_hand(f, &h, VL_ERR_SIGNATURE);
    struct vl_id other_circle = f->id;
    other_circle.bytes[0] ^= 1;
    h = by_hand(&other_circle, keys);
    memcpy(h.plain + 1, good.plain + 1, 8);
    expect_hand(f, &h, VL_ERR_SIGNATURE);
    /* Another member cannot speak for this one. */
    h = by_hand(&f->id, f->nodes[1].keys);
    memcpy(h.plain + 1, good.plain + 1, 8);
    expect_hand(f, &h, VL_ERR_SIGNATURE);
    /* Somebody with the key whom nobody added. */
    const size_t stranger = circle_fixture_stranger(f);
    h = by_hand(&f->id, f->nodes[stranger].keys);
    expect_hand(f, &h, VL_ERR_AUTHORITY);
    circle_fixture_destroy(f);
}

/* ---- epochs ---- */

/* Sealed to the first `recipients` persons. */
static void make_epoch_for(struct circle_fixture *f, size_t by, size_t recipients)
{
    uint8_t secret[32];
    struct vl_seal seals[8];
    struct vl_id id;
    struct vl_control control = {.kind = VL_CONTROL_EPOCH, .seals = seals};
    randombytes_buf(secret, sizeof secret);
    vl_epoch_key_id(&f->id, secret, &control.key_id);
    for (size_t k = 0; k < recipients; k++) {
        struct vl_seal seal;
        const struct vl_device_card *card = &f->nodes[k].keys->card;
        memcpy(seal.recipient, card->sign, 32);
        assert_int_equal(vl_key_box_seal(secret, &f->id, &control.key_id, card,
                                         f->nodes[by].keys->card.sign, seal.box),
                         VL_OK);
        size_t at = control.seal_count++;
        for (; at > 0 && memcmp(seals[at - 1].recipient, seal.recipient, 32) > 0; at--)
            seals[at] = seals[at - 1];
        seals[at] = seal;
    }
    assert_int_equal(vl_replica_control(f->nodes[by].replica, &control, f->now, &id), VL_OK);
}

static void make_epoch(struct circle_fixture *f, size_t by)
{
    make_epoch_for(f, by, f->count);
}

/* A member can make epochs without end that nobody may write under. */
static void test_many_useless_epochs(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    const struct vl_beacon beacon = sample(1);
    uint8_t bytes[VL_BEACON_BYTES];
    struct vl_epoch_info epoch;
    for (unsigned k = 0; k < 257; k++)
        make_epoch_for(f, 1, 2);
    circle_fixture_sync_all(f);
    assert_true(vl_replica_epochs(f->nodes[0].replica, &epoch, 1) > 256);
    assert_true(epoch.current);
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, bytes), VL_OK);
    assert_false(opened(f->nodes[1].replica, bytes, VL_OK).stale);
    assert_false(opened(f->nodes[2].replica, bytes, VL_OK).stale);
    circle_fixture_destroy(f);
}

static void test_old_epoch_is_stale(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    const struct vl_beacon beacon = sample(1);
    uint8_t old[VL_BEACON_BYTES], new[VL_BEACON_BYTES];
    assert_int_equal(vl_beacon_seal(f->nodes[2].replica, &beacon, old), VL_OK);
    make_epoch(f, 1);
    circle_fixture_pull(f, 0, 1);
    const struct vl_sighting s = opened(f->nodes[0].replica, old, VL_OK);
    assert_true(s.stale);
    assert_false(opened(f->nodes[2].replica, old, VL_OK).stale);
    assert_int_equal(vl_beacon_seal(f->nodes[0].replica, &beacon, new), VL_OK);
    (void)opened(f->nodes[2].replica, new, VL_ERR_DECRYPT); /* she has not heard of it */
    assert_false(opened(f->nodes[1].replica, new, VL_OK).stale);
    circle_fixture_destroy(f);
}

static void test_removed_members_are_not_dialled(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, SEED);
    const struct vl_beacon beacon = sample(1);
    const struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[2].person};
    uint8_t bytes[VL_BEACON_BYTES];
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    assert_int_equal(vl_beacon_seal(f->nodes[2].replica, &beacon, bytes), VL_OK);
    (void)opened(f->nodes[1].replica, bytes, VL_OK); /* who has not heard of the removal */
    (void)opened(f->nodes[0].replica, bytes, VL_ERR_AUTHORITY);
    circle_fixture_destroy(f);
}

/* ---- counters ---- */

static vl_result check(struct vl_counters *c, uint8_t device, uint64_t counter, uint8_t nonce)
{
    struct vl_sighting s = {.beacon = {.counter = counter}};
    memset(s.device.card.sign, device, 32);
    memset(s.beacon.nonce, nonce, sizeof s.beacon.nonce);
    return vl_counters_check(c, &s);
}

static void test_counters(void **state)
{
    (void)state;
    struct vl_counters *c;
    assert_int_equal(vl_counters_create(&c), VL_OK);
    assert_int_equal(check(c, 1, 5, 1), VL_OK);
    assert_int_equal(check(c, 1, 5, 1), VL_OK);         /* the same one, by another way */
    assert_int_equal(check(c, 1, 5, 2), VL_ERR_REPLAY); /* equal, another nonce */
    assert_int_equal(check(c, 1, 4, 1), VL_ERR_REPLAY);
    assert_int_equal(check(c, 1, 6, 2), VL_OK);
    assert_int_equal(check(c, 1, 5, 1), VL_ERR_REPLAY);
    assert_int_equal(check(c, 1, UINT64_MAX, 3), VL_OK);
    for (uint8_t device = 2; device < 200; device++) {
        assert_int_equal(check(c, device, device, 1), VL_OK); /* each device by itself */
        assert_int_equal(check(c, device, 0, 1), VL_ERR_REPLAY);
    }
    vl_counters_destroy(c);
    vl_counters_destroy(NULL);
}

/* What was kept refuses what the original refuses; anything else than its one form is refused. */
static void test_counters_are_kept(void **state)
{
    (void)state;
    struct vl_counters *c, *kept;
    struct vl_buffer bytes = {0};
    assert_int_equal(vl_counters_create(&c), VL_OK);
    assert_int_equal(vl_counters_encode(c, &bytes), VL_OK);
    assert_int_equal(bytes.size, 4);
    const uint64_t before = vl_counters_generation(c);
    for (uint8_t device = 200; device > 150; device--) /* not in the order of their keys */
        assert_int_equal(check(c, device, device, 1), VL_OK);
    assert_true(vl_counters_generation(c) > before);
    const uint64_t same = vl_counters_generation(c);
    assert_int_equal(check(c, 200, 200, 1), VL_OK);
    assert_int_equal(vl_counters_generation(c), same); /* nothing new to keep */
    assert_int_equal(vl_counters_encode(c, &bytes), VL_OK);
    assert_int_equal(bytes.size, 4 + 50 * 52);

    assert_int_equal(vl_counters_create(&kept), VL_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_not_equal(vl_counters_decode(kept, vl_bytes(bytes.data, size)), VL_OK);
        assert_int_equal(check(kept, 7, 1, 1), VL_OK); /* it stayed empty ... */
        vl_counters_destroy(kept);
        assert_int_equal(vl_counters_create(&kept), VL_OK);
    }
    assert_int_equal(vl_counters_decode(kept, vl_buffer_view(&bytes)), VL_OK);
    assert_int_equal(vl_counters_decode(kept, vl_buffer_view(&bytes)), VL_ERR_STATE);
    for (uint8_t device = 151; device <= 200; device++) {
        assert_int_equal(check(kept, device, device - 1u, 1), VL_ERR_REPLAY);
        assert_int_equal(check(kept, device, device, 2), VL_ERR_REPLAY);
        assert_int_equal(check(kept, device, device, 1), VL_OK);
    }
    vl_counters_destroy(kept);
    memcpy(bytes.data + 4 + 52, bytes.data + 4, 32); /* one device twice */
    assert_int_equal(vl_counters_create(&kept), VL_OK);
    assert_int_equal(vl_counters_decode(kept, vl_buffer_view(&bytes)), VL_ERR_NOT_CANONICAL);
    vl_counters_destroy(kept);
    vl_counters_destroy(c);
    vl_buffer_finish(&bytes);
}

static void test_invitation_marks(void **state)
{
    (void)state;
    uint8_t mark[VL_BEACON_BYTES], again[VL_BEACON_BYTES];
    for (uint8_t number = 1; number <= 99; number++) {
        vl_invitation_mark(number, mark);
        for (uint8_t other = 0; other < UINT8_MAX; other++)
            assert_int_equal(vl_invitation_matches(mark, other), other == number);
    }
    vl_invitation_mark(99, again);
    assert_memory_not_equal(mark, again, 12);
    assert_memory_not_equal(mark + 12, again + 12, 32);
    mark[12] ^= 1;
    assert_false(vl_invitation_matches(mark, 99));
    randombytes_buf(mark, sizeof mark);
    for (uint8_t number = 0; number <= 99; number++)
        assert_false(vl_invitation_matches(mark, number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_recognise_it),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_strangers_see_noise),
        cmocka_unit_test(test_what_cannot_be_sealed),
        cmocka_unit_test(test_layout_and_canonical_form),
        cmocka_unit_test(test_signature_binds_everything),
        cmocka_unit_test(test_many_useless_epochs),
        cmocka_unit_test(test_old_epoch_is_stale),
        cmocka_unit_test(test_removed_members_are_not_dialled),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_counters_are_kept),
        cmocka_unit_test(test_invitation_marks),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
