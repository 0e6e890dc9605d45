/* Entry headers and blobs by themselves: one encoding, one place, every bit counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/sign.h"
#include <cmocka.h>
#include <sodium.h>

#include <veillee/entry.h>

static struct vl_device_keys *keys;

static struct vl_id id_of(uint8_t first, uint8_t last)
{
    struct vl_id id = {{0}};
    id.bytes[0] = first;
    id.bytes[31] = last;
    return id;
}

static struct vl_entry_header first_entry(enum vl_entry_kind kind)
{
    struct vl_entry_header h = {.circle = id_of(1, 0),
                                .kind = kind,
                                .lamport = 300,
                                .wall = {-5},
                                .blob_hash = id_of(2, 0),
                                .blob_size = 104};
    memcpy(h.sign_key, keys->card.sign, 32);
    memset(h.incarnation, 7, sizeof h.incarnation);
    vl_log_id(h.sign_key, h.incarnation, &h.log);
    if (kind != VL_ENTRY_CONTROL) h.epoch_key = id_of(3, 0);
    return h;
}

static struct vl_entry_header later_entry(enum vl_entry_kind kind, size_t links, size_t auth)
{
    struct vl_entry_header h = first_entry(kind);
    memset(h.sign_key, 0, sizeof h.sign_key);
    memset(h.incarnation, 0, sizeof h.incarnation);
    h.seq = 128;
    h.prev = id_of(4, 0);
    for (size_t i = 0; i < links; i++) {
        h.links[i] = id_of(10, (uint8_t)i);
    }
    for (size_t i = 0; i < auth; i++) {
        h.auth[i] = id_of(20, (uint8_t)i);
    }
    h.link_count = links;
    h.auth_count = auth;
    return h;
}

static void encode(const struct vl_entry_header *h, struct vl_buffer *out)
{
    vl_buffer_clear(out);
    assert_int_equal(vl_entry_header_encode(h, out), VL_OK);
}

static vl_result decode(const struct vl_buffer *bytes)
{
    struct vl_entry_header h;
    return vl_entry_header_decode(vl_buffer_view(bytes), &h);
}

/* Independent of the encoder: the layout of the header comment, built by hand. */
static void test_the_layout(void **state)
{
    (void)state;
    struct vl_entry_header h = later_entry(VL_ENTRY_CONTENT, 1, 2);
    uint8_t expected[400];
    size_t at = 0;
    expected[at++] = 1;
    expected[at++] = 0;
    memcpy(expected + at, h.circle.bytes, 32), at += 32;
    memcpy(expected + at, h.log.bytes, 32), at += 32;
    expected[at++] = 0x80, expected[at++] = 0x01; /* seq 128 */
    memcpy(expected + at, h.prev.bytes, 32), at += 32;
    expected[at++] = 1;
    memcpy(expected + at, h.links[0].bytes, 32), at += 32;
    expected[at++] = 0xac, expected[at++] = 0x02; /* lamport 300 */
    memcpy(expected + at, "\xfb\xff\xff\xff\xff\xff\xff\xff", 8), at += 8;
    memcpy(expected + at, h.epoch_key.bytes, 32), at += 32;
    expected[at++] = 2;
    memcpy(expected + at, h.auth[0].bytes, 32), at += 32;
    memcpy(expected + at, h.auth[1].bytes, 32), at += 32;
    memcpy(expected + at, h.blob_hash.bytes, 32), at += 32;
    expected[at++] = 104;

    struct vl_buffer out = {0};
    encode(&h, &out);
    assert_int_equal(out.size, at);
    assert_memory_equal(out.data, expected, at);
    vl_buffer_finish(&out);
}

static void check_round_trip(const struct vl_entry_header *h)
{
    struct vl_buffer out = {0}, again = {0};
    struct vl_entry_header read;
    encode(h, &out);
    assert_true(out.size <= VL_HEADER_BYTES_MAX);
    memset(&read, 0xaa, sizeof read);
    assert_int_equal(vl_entry_header_decode(vl_buffer_view(&out), &read), VL_OK);
    encode(&read, &again);
    assert_true(vl_bytes_equal(vl_buffer_view(&out), vl_buffer_view(&again)));

    assert_true(vl_id_equal(&read.circle, &h->circle) && vl_id_equal(&read.log, &h->log));
    assert_true(read.seq == h->seq && read.lamport == h->lamport && read.wall.ms == h->wall.ms);
    assert_int_equal(read.kind, h->kind);
    assert_memory_equal(read.sign_key, h->sign_key, 32);
    assert_memory_equal(read.incarnation, h->incarnation, 16);
    assert_true(vl_id_equal(&read.prev, &h->prev));
    assert_int_equal(read.link_count, h->link_count);
    assert_memory_equal(read.links, h->links, sizeof h->links);
    assert_int_equal(read.auth_count, h->auth_count);
    assert_memory_equal(read.auth, h->auth, sizeof h->auth);
    assert_true(vl_id_equal(&read.epoch_key, &h->epoch_key));
    assert_true(vl_id_equal(&read.blob_hash, &h->blob_hash) && read.blob_size == h->blob_size);

    for (size_t cut = 0; cut < out.size; cut++) {
        struct vl_bytes part = vl_bytes(out.data, cut);
        assert_int_equal(vl_entry_header_decode(part, &read), VL_ERR_TRUNCATED);
    }
    if (out.size < VL_HEADER_BYTES_MAX) {
        assert_int_equal(vl_buffer_append(&out, "", 1), VL_OK);
        assert_int_equal(decode(&out), VL_ERR_TRAILING);
    }
    vl_buffer_finish(&out);
    vl_buffer_finish(&again);
}

static void test_round_trips_and_truncations(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < VL_ENTRY_KIND_COUNT; kind++) {
        struct vl_entry_header h = first_entry((enum vl_entry_kind)kind);
        check_round_trip(&h);
        h = later_entry((enum vl_entry_kind)kind, 0, 1);
        check_round_trip(&h);
        h = later_entry((enum vl_entry_kind)kind, VL_LINKS_MAX, VL_AUTH_MAX);
        h.seq = h.lamport = UINT64_MAX;
        h.wall.ms = INT64_MIN;
        h.blob_size = VL_BLOB_BYTES_MAX;
        check_round_trip(&h);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct vl_buffer out = {0};
    struct vl_entry_header h = later_entry(VL_ENTRY_CONTENT, 2, 1), read;
    struct vl_entry_header over = h;

    over.link_count = VL_LINKS_MAX + 1;
    assert_int_equal(vl_entry_header_encode(&over, &out), VL_ERR_TOO_LARGE);
    over = h;
    over.auth_count = VL_AUTH_MAX + 1;
    assert_int_equal(vl_entry_header_encode(&over, &out), VL_ERR_TOO_LARGE);
    over = h;
    over.blob_size = VL_BLOB_BYTES_MAX + 1;
    assert_int_equal(vl_entry_header_encode(&over, &out), VL_ERR_TOO_LARGE);
    over.blob_size = 0;
    assert_int_equal(vl_entry_header_encode(&over, &out), VL_ERR_NOT_CANONICAL);
    assert_int_equal(out.size, 0);

    encode(&h, &out);
    size_t links_at = 2 + 64 + 2 + 32; /* of the count */
    assert_int_equal(out.data[links_at], 2);
    out.data[links_at] = VL_LINKS_MAX + 1;
    assert_int_equal(decode(&out), VL_ERR_TOO_LARGE);
    out.data[links_at] = 2;
    size_t auth_at = links_at + 1 + 64 + 2 + 8 + 32;
    assert_int_equal(out.data[auth_at], 1);
    out.data[auth_at] = VL_AUTH_MAX + 1;
    assert_int_equal(decode(&out), VL_ERR_TOO_LARGE);
    out.data[auth_at] = 1;
    out.size--; /* the blob's size, one byte */
    assert_int_equal(vl_buffer_append(&out, "\x81\xe0\x01", 3), VL_OK); /* 28,673 */
    assert_int_equal(decode(&out), VL_ERR_TOO_LARGE);
    out.data[out.size - 3] = 0x80; /* 28,672 */
    assert_int_equal(vl_entry_header_decode(vl_buffer_view(&out), &read), VL_OK);
    assert_int_equal(read.blob_size, VL_BLOB_BYTES_MAX);
    out.size -= 2;
    out.data[out.size - 1] = 0;
    assert_int_equal(decode(&out), VL_ERR_NOT_CANONICAL);

    static const uint8_t zeros[VL_HEADER_BYTES_MAX + 1];
    assert_int_equal(vl_entry_header_decode(vl_bytes(zeros, sizeof zeros), &read),
                     VL_ERR_TOO_LARGE);
    vl_buffer_finish(&out);
}

static void test_other_forms_are_refused(void **state)
{
    (void)state;
    struct vl_buffer out = {0};
    struct vl_entry_header h = later_entry(VL_ENTRY_CONTENT, 2, 2), bad = h;

    bad.links[1] = bad.links[0];
    assert_int_equal(vl_entry_header_encode(&bad, &out), VL_ERR_LINKS);
    bad.links[1] = id_of(9, 0);
    assert_int_equal(vl_entry_header_encode(&bad, &out), VL_ERR_LINKS);
    bad = h;
    bad.auth[1] = bad.auth[0];
    assert_int_equal(vl_entry_header_encode(&bad, &out), VL_ERR_AUTH);
    bad = h;
    bad.kind = VL_ENTRY_KIND_COUNT;
    assert_int_equal(vl_entry_header_encode(&bad, &out), VL_ERR_KIND);
    bad = first_entry(VL_ENTRY_CONTENT);
    bad.log.bytes[5] ^= 1;
    assert_int_equal(vl_entry_header_encode(&bad, &out), VL_ERR_HASH);
    assert_int_equal(out.size, 0);

    encode(&h, &out);
    out.data[0] = 2;
    assert_int_equal(decode(&out), VL_ERR_VERSION);
    out.data[0] = 0;
    assert_int_equal(decode(&out), VL_ERR_VERSION);
    out.data[0] = 1;
    out.data[1] = VL_ENTRY_KIND_COUNT;
    assert_int_equal(decode(&out), VL_ERR_KIND);
    out.data[1] = 0;
    size_t links_at = 2 + 64 + 2 + 32 + 1;
    out.data[links_at + 63] = 0; /* the second link becomes the first */
    assert_int_equal(decode(&out), VL_ERR_LINKS);
    out.data[links_at + 63] = 1;
    out.data[links_at] = 11; /* the first link is now the higher */
    assert_int_equal(decode(&out), VL_ERR_LINKS);
    out.data[links_at] = 10;
    size_t auth_at = links_at + 64 + 2 + 8 + 32 + 1;
    out.data[auth_at] = 21;
    assert_int_equal(decode(&out), VL_ERR_AUTH);
    out.data[auth_at] = 20;
    assert_int_equal(decode(&out), VL_OK);
    out.data[2 + 64 + 1] = 0; /* seq 0 in two bytes */
    assert_int_equal(decode(&out), VL_ERR_NOT_CANONICAL);

    struct vl_entry_header first = first_entry(VL_ENTRY_CONTROL);
    encode(&first, &out);
    for (size_t i = 0; i < 48; i++) { /* every byte of key and incarnation */
        out.data[2 + 64 + 1 + i] ^= 1;
        assert_int_equal(decode(&out), VL_ERR_HASH);
        out.data[2 + 64 + 1 + i] ^= 1;
    }
    vl_buffer_finish(&out);
}

static void test_signatures_hold_for_one_header_and_key(void **state)
{
    (void)state;
    struct vl_entry_header h = later_entry(VL_ENTRY_CONTENT, 3, 1);
    struct vl_device_keys *other = NULL;
    struct vl_buffer bytes = {0};
    uint8_t signature[64], changed[64];
    encode(&h, &bytes);
    vl_entry_sign(vl_buffer_view(&bytes), keys, signature);
    assert_int_equal(vl_entry_verify(vl_buffer_view(&bytes), signature, keys->card.sign), VL_OK);

    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 1;
        assert_int_equal(vl_entry_verify(vl_buffer_view(&bytes), signature, keys->card.sign),
                         VL_ERR_SIGNATURE);
        bytes.data[i] ^= 1;
    }
    for (size_t i = 0; i < 64; i++) {
        memcpy(changed, signature, 64);
        changed[i] ^= 1;
        assert_int_equal(vl_entry_verify(vl_buffer_view(&bytes), changed, keys->card.sign),
                         VL_ERR_SIGNATURE);
    }
    assert_int_equal(vl_device_keys_create(&other), VL_OK);
    assert_int_equal(vl_entry_verify(vl_buffer_view(&bytes), signature, other->card.sign),
                     VL_ERR_SIGNATURE);
    /* The bare header, and the header under another domain. */
    assert_int_equal(crypto_sign_detached(changed, NULL, bytes.data, bytes.size, keys->sign_secret),
                     0);
    assert_int_equal(vl_entry_verify(vl_buffer_view(&bytes), changed, keys->card.sign),
                     VL_ERR_SIGNATURE);
    struct vl_buffer foreign = {0};
    const char *domain = vl_domain_text(VL_DOMAIN_BEACON_SIGNATURE);
    assert_int_equal(vl_buffer_append(&foreign, domain, strlen(domain) + 1), VL_OK);
    assert_int_equal(vl_buffer_append(&foreign, bytes.data, bytes.size), VL_OK);
    assert_int_equal(
        crypto_sign_detached(changed, NULL, foreign.data, foreign.size, keys->sign_secret), 0);
    assert_int_equal(vl_entry_verify(vl_buffer_view(&bytes), changed, keys->card.sign),
                     VL_ERR_SIGNATURE);

    static const uint8_t zeros[VL_HEADER_BYTES_MAX + 1];
    vl_entry_sign(vl_bytes(zeros, VL_HEADER_BYTES_MAX), keys, signature);
    assert_int_equal(
        vl_entry_verify(vl_bytes(zeros, VL_HEADER_BYTES_MAX), signature, keys->card.sign), VL_OK);
    assert_int_equal(vl_entry_verify(vl_bytes(zeros, sizeof zeros), signature, keys->card.sign),
                     VL_ERR_TOO_LARGE);
    vl_buffer_finish(&foreign);
    vl_buffer_finish(&bytes);
    vl_device_keys_destroy(other);
}

static void test_the_id_does_not_cover_the_signature_only_the_header(void **state)
{
    (void)state;
    struct vl_entry_header h = later_entry(VL_ENTRY_CONTENT, 0, 1);
    struct vl_buffer bytes = {0};
    struct vl_id a, b;
    encode(&h, &bytes);
    vl_entry_id(vl_buffer_view(&bytes), &a);
    bytes.data[bytes.size - 1] ^= 1;
    vl_entry_id(vl_buffer_view(&bytes), &b);
    assert_false(vl_id_equal(&a, &b));
    vl_blob_hash(vl_buffer_view(&bytes), &a);
    assert_false(vl_id_equal(&a, &b)); /* another domain */
    vl_buffer_finish(&bytes);
}

/* Padme by its definition, in floating-free arithmetic of another shape than the code's. */
static size_t padme(size_t size)
{
    unsigned exponent = 0, step_bits = 0;
    while ((size >> exponent) > 1) {
        exponent++;
    }
    while ((exponent >> step_bits) > 1) {
        step_bits++;
    }
    size_t step = (size_t)1 << (exponent - step_bits - 1);
    return (size + step - 1) / step * step;
}

static void test_what_is_signed_fits_into_one_piece(void **state)
{
    (void)state;
    static const uint8_t zeros[SIGNED_BYTES_MAX];
    uint8_t signature[64];
    size_t room = SIGNED_BYTES_MAX - strlen(vl_domain_text(VL_DOMAIN_ENTRY_SIGNATURE)) - 1;
    for (size_t more = 0; more < 2; more++) {
        /* a part may be empty */
        struct vl_bytes parts[] = {vl_bytes(NULL, 0), vl_bytes(zeros, room - 9),
                                   vl_bytes(zeros, 9 + more)};
        if (more == 0)
            sign_parts(VL_DOMAIN_ENTRY_SIGNATURE, parts, 3, keys->sign_secret, signature);
        assert_int_equal(
            sign_verify_parts(VL_DOMAIN_ENTRY_SIGNATURE, parts, 3, signature, keys->card.sign),
            more == 0 ? VL_OK : VL_ERR_TOO_LARGE);
    }
}

static void test_a_blob_has_a_shortest_and_a_longest_form(void **state)
{
    (void)state;
    static const uint8_t zeros[VL_BLOB_BYTES_MAX + 1];
    const uint8_t no_secret[32] = {1};
    const struct vl_entry_header place = {.kind = VL_ENTRY_CONTENT};
    const size_t sizes[] = {0, 1, 24 + 63 + 16, VL_BLOB_BYTES_MAX, VL_BLOB_BYTES_MAX + 1};
    struct vl_buffer body = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(vl_blob_open(vl_bytes(zeros, sizes[i]), no_secret, &place, &body),
                         VL_ERR_DECRYPT);
    assert_int_equal(body.size, 0);
    vl_buffer_finish(&body);
}

static void test_buckets(void **state)
{
    (void)state;
    size_t last = 0;
    for (size_t size = 0; size <= 40000; size++) {
        size_t bucket = vl_blob_bucket(size);
        assert_int_equal(bucket, size <= 64 ? 64 : padme(size));
        assert_true(bucket >= size && bucket >= last);
        assert_int_equal(vl_blob_bucket(bucket), bucket);
        if (size > 64) assert_true((bucket - size) * 100 <= size * 12);
        last = bucket;
    }
}

static const uint8_t secret[32] = {1, 2, 3};

static void test_blobs_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,   1,   62,   63,   64,    65,    127,   128,
                                   129, 511, 1000, 4093, 16383, 16384, 27644, VL_BODY_BYTES_MAX};
    struct vl_entry_header place = later_entry(VL_ENTRY_CONTENT, 0, 1);
    uint8_t *text = malloc(VL_BODY_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, 'x', VL_BODY_BYTES_MAX + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct vl_buffer blob = {0}, body = {0};
        assert_int_equal(vl_buffer_append(&body, "before", 6), VL_OK);
        assert_int_equal(vl_blob_seal(vl_bytes(text, sizes[i]), secret, &place, &blob), VL_OK);
        assert_true(blob.size <= VL_BLOB_BYTES_MAX && blob.size >= 24 + 64 + 16);
        assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body), VL_OK);
        assert_int_equal(body.size, 6 + sizes[i]);
        assert_memory_equal(body.data, "before", 6);
        if (sizes[i] > 0) assert_memory_equal(body.data + 6, text, sizes[i]);
        vl_buffer_finish(&blob);
        vl_buffer_finish(&body);
    }
    struct vl_buffer blob = {0};
    assert_int_equal(vl_blob_seal(vl_bytes(text, VL_BODY_BYTES_MAX + 1), secret, &place, &blob),
                     VL_ERR_TOO_LARGE);
    assert_int_equal(blob.size, 0);
    free(text);
}

static void test_a_blob_opens_in_its_place_only(void **state)
{
    (void)state;
    struct vl_entry_header place = later_entry(VL_ENTRY_CONTENT, 0, 1), other;
    struct vl_buffer blob = {0}, body = {0};
    uint8_t wrong[32] = {9};
    assert_int_equal(vl_blob_seal(vl_bytes_text("bonsoir"), secret, &place, &blob), VL_OK);

    other = place;
    other.circle.bytes[3] ^= 1;
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &other, &body), VL_ERR_DECRYPT);
    other = place;
    other.log.bytes[3] ^= 1;
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &other, &body), VL_ERR_DECRYPT);
    other = place;
    other.seq++;
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &other, &body), VL_ERR_DECRYPT);
    other = place;
    other.epoch_key.bytes[3] ^= 1;
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &other, &body), VL_ERR_DECRYPT);
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), wrong, &place, &body), VL_ERR_DECRYPT);

    for (size_t i = 0; i < blob.size; i++) {
        blob.data[i] ^= 1;
        assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body),
                         VL_ERR_DECRYPT);
        blob.data[i] ^= 1;
    }
    for (size_t cut = 0; cut < blob.size; cut++) {
        assert_int_equal(vl_blob_open(vl_bytes(blob.data, cut), secret, &place, &body),
                         VL_ERR_DECRYPT);
    }
    assert_int_equal(body.size, 0);
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body), VL_OK);
    vl_buffer_finish(&blob);
    vl_buffer_finish(&body);
}

/* Seals any plaintext in the right place, as an author who pads otherwise would. */
static void seal_plain(const uint8_t *plain, size_t size, const struct vl_entry_header *place,
                       struct vl_buffer *blob)
{
    uint8_t key[32], data[200], nonce[24] = {5}, sealed[400];
    const char *domain = vl_domain_text(VL_DOMAIN_BLOB_SEAL);
    size_t at = strlen(domain) + 1;
    memcpy(data, domain, at);
    memcpy(data + at, place->circle.bytes, 32);
    memcpy(data + at + 32, place->log.bytes, 32);
    memset(data + at + 64, 0, 8);
    data[at + 64] = (uint8_t)place->seq; /* below 256 here */
    memcpy(data + at + 72, place->epoch_key.bytes, 32);
    vl_derive_key(VL_DOMAIN_BLOB_KEY, secret, NULL, 0, key);
    unsigned long long made = 0;
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, &made, plain, size, data,
                                                                at + 104, NULL, nonce, key),
                     0);
    vl_buffer_clear(blob);
    assert_int_equal(vl_buffer_append(blob, nonce, 24), VL_OK);
    assert_int_equal(vl_buffer_append(blob, sealed, (size_t)made), VL_OK);
}

static void test_padding_has_one_form(void **state)
{
    (void)state;
    struct vl_entry_header place = later_entry(VL_ENTRY_CONTENT, 0, 1);
    struct vl_buffer blob = {0}, body = {0};
    uint8_t plain[128] = {2, 'a', 'b'};

    seal_plain(plain, 64, &place, &blob);
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body), VL_OK);
    assert_int_equal(body.size, 2);
    seal_plain(plain, 128, &place, &blob); /* a larger bucket than it needs */
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body),
                     VL_ERR_NOT_CANONICAL);
    seal_plain(plain, 65, &place, &blob); /* no bucket */
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body),
                     VL_ERR_NOT_CANONICAL);
    seal_plain(plain, 63, &place, &blob);
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body), VL_ERR_DECRYPT);
    for (size_t i = 3; i < 64; i++) { /* something hidden in the padding */
        plain[i] = 1;
        seal_plain(plain, 64, &place, &blob);
        assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body),
                         VL_ERR_NOT_CANONICAL);
        plain[i] = 0;
    }
    plain[0] = 64; /* longer than the plaintext */
    seal_plain(plain, 64, &place, &blob);
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body),
                     VL_ERR_NOT_CANONICAL);
    plain[0] = 0x82, plain[1] = 0; /* the size in a longer form */
    seal_plain(plain, 64, &place, &blob);
    assert_int_equal(vl_blob_open(vl_buffer_view(&blob), secret, &place, &body),
                     VL_ERR_NOT_CANONICAL);
    assert_int_equal(body.size, 2);
    vl_buffer_finish(&blob);
    vl_buffer_finish(&body);
}

static void test_two_blobs_of_one_body_differ(void **state)
{
    (void)state;
    struct vl_entry_header place = later_entry(VL_ENTRY_CONTENT, 0, 1);
    struct vl_buffer a = {0}, b = {0};
    assert_int_equal(vl_blob_seal(vl_bytes_text("oui"), secret, &place, &a), VL_OK);
    assert_int_equal(vl_blob_seal(vl_bytes_text("oui"), secret, &place, &b), VL_OK);
    assert_int_equal(a.size, b.size);
    assert_memory_not_equal(a.data, b.data, 24);
    vl_buffer_finish(&a);
    vl_buffer_finish(&b);
}

static int make_keys(void **state)
{
    (void)state;
    return vl_device_keys_create(&keys) == VL_OK ? 0 : -1;
}

static int drop_keys(void **state)
{
    (void)state;
    vl_device_keys_destroy(keys);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_layout),
        cmocka_unit_test(test_round_trips_and_truncations),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_other_forms_are_refused),
        cmocka_unit_test(test_signatures_hold_for_one_header_and_key),
        cmocka_unit_test(test_the_id_does_not_cover_the_signature_only_the_header),
        cmocka_unit_test(test_what_is_signed_fits_into_one_piece),
        cmocka_unit_test(test_a_blob_has_a_shortest_and_a_longest_form),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_blobs_round_trip),
        cmocka_unit_test(test_a_blob_opens_in_its_place_only),
        cmocka_unit_test(test_padding_has_one_form),
        cmocka_unit_test(test_two_blobs_of_one_body_differ),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
