/* The Noise framework against published vectors, through the patterns that they cover. Plain
 * XXpsk0 is in no published set: its parts are here in other patterns, the whole in an example
 * computed with another implementation and in a live handshake (tests/e2e/noise-interop.mjs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "support/vectors.h"
#include "sync/frame.h"

#define E   NOISE_E
#define S   NOISE_S
#define EE  NOISE_EE
#define ES  NOISE_ES
#define SE  NOISE_SE
#define SS  NOISE_SS
#define PSK NOISE_PSK

#define NAME(pattern) "Noise_" pattern "_25519_ChaChaPoly_BLAKE2b"

/* name, initiator's static key known, responder's, psks, messages */
static const struct noise_pattern patterns[] = {
    {NAME("NN"), false, false, 0, 2, {{E}, {E, EE}}},
    {NAME("KK"), true, true, 0, 2, {{E, ES, SS}, {E, EE, SE}}},
    {NAME("XX"), false, false, 0, 3, {{E}, {E, EE, S, ES}, {S, SE}}},
    {NAME("IX"), false, false, 0, 2, {{E, S}, {E, EE, SE, S, ES}}},
    {NAME("NNpsk0"), false, false, 1, 2, {{PSK, E}, {E, EE}}},
    {NAME("NKpsk0"), false, true, 1, 2, {{PSK, E, ES}, {E, EE}}},
    {NAME("KNpsk0"), true, false, 1, 2, {{PSK, E}, {E, EE, SE}}},
    {NAME("KKpsk0"), true, true, 1, 2, {{PSK, E, ES, SS}, {E, EE, SE}}},
    {NAME("KKpsk2"), true, true, 1, 2, {{E, ES, SS}, {E, EE, SE, PSK}}},
    {NAME("IKpsk2"), false, true, 1, 2, {{E, ES, S, SS}, {E, EE, SE, PSK}}},
    {NAME("XXpsk3"), false, false, 1, 3, {{E}, {E, EE, S, ES}, {S, SE, PSK}}},
    {NAME("NNpsk0+psk2"), false, false, 2, 2, {{PSK, E}, {E, EE, PSK}}},
    {NAME("KKpsk0+psk2"), true, true, 2, 2, {{PSK, E, ES, SS}, {E, EE, SE, PSK}}},
    {NAME("XXpsk0+psk1"), false, false, 2, 3, {{PSK, E, PSK}, {E, EE, S, ES}, {S, SE}}},
    {NAME("XXpsk0+psk2"), false, false, 2, 3, {{PSK, E}, {E, EE, S, ES, PSK}, {S, SE}}},
    {NAME("XXpsk0+psk3"), false, false, 2, 3, {{PSK, E}, {E, EE, S, ES}, {S, SE, PSK}}},
    {NAME("XXpsk0+psk1+psk2+psk3"),
     false,
     false,
     4,
     3,
     {{PSK, E, PSK}, {E, EE, S, ES, PSK}, {S, SE, PSK}}},
};
#define PATTERN_COUNT (sizeof patterns / sizeof patterns[0])

struct side {
    struct noise_handshake handshake;
    struct noise_cipher send, receive;
};

static const struct noise_pattern *find_pattern(const char *name)
{
    for (size_t i = 0; i < PATTERN_COUNT; i++)
        if (strcmp(patterns[i].protocol, name) == 0) return &patterns[i];
    return NULL;
}

static const uint8_t *key_member(const cJSON *vector, const char *role, const char *name,
                                 uint8_t out[static 32])
{
    char member[64];

    (void)snprintf(member, sizeof member, "%s_%s", role, name);
    const size_t size = vectors_member(vector, member, out, 32);
    if (size == SIZE_MAX) return NULL;
    assert_int_equal(size, 32);
    return out;
}

static void start_side(struct side *side, const struct noise_pattern *pattern, const cJSON *vector,
                       bool initiator)
{
    const char *role = initiator ? "init" : "resp";
    uint8_t prologue[128], keys[3][32], psks[NOISE_PSKS_MAX][32];
    char member[64];

    (void)snprintf(member, sizeof member, "%s_prologue", role);
    const size_t size = vectors_member(vector, member, prologue, sizeof prologue);
    assert_true(size != SIZE_MAX);
    struct noise_config config = {
        .initiator = initiator,
        .prologue = vl_bytes(prologue, size),
        .static_secret = key_member(vector, role, "static", keys[0]),
        .ephemeral_secret = key_member(vector, role, "ephemeral", keys[1]),
        .remote_static = key_member(vector, role, "remote_static", keys[2]),
    };
    (void)snprintf(member, sizeof member, "%s_psks", role);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(vector, member);
    assert_int_equal(cJSON_GetArraySize(list), pattern->psk_count);
    for (int i = 0; i < cJSON_GetArraySize(list); i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(list, i));
        assert_int_equal(vectors_hex(text, psks[i], 32), 32);
        config.psks[i] = psks[i];
    }
    assert_int_equal(noise_start(&side->handshake, pattern, &config), VL_OK);
}

/* One message of the vector, by the handshake or, after it, by the ciphers. */
static void exchange(struct side *from, struct side *to, const cJSON *message)
{
    uint8_t payload[256], expected[512], out[512], back[512];
    size_t size = 0, back_size = 0;

    const size_t payload_size = vectors_member(message, "payload", payload, sizeof payload);
    const size_t expected_size = vectors_member(message, "ciphertext", expected, sizeof expected);
    assert_true(payload_size != SIZE_MAX && expected_size != SIZE_MAX);
    const struct vl_bytes text = vl_bytes(payload, payload_size);
    if (!noise_done(&from->handshake)) {
        assert_int_equal(noise_write(&from->handshake, text, out, sizeof out, &size), VL_OK);
        assert_int_equal(noise_read(&to->handshake, vl_bytes(out, size), back, &back_size), VL_OK);
        if (noise_done(&from->handshake)) {
            noise_split(&from->handshake, &from->send, &from->receive);
            noise_split(&to->handshake, &to->send, &to->receive);
        }
    } else {
        const struct vl_bytes none = vl_bytes(NULL, 0);
        assert_int_equal(noise_cipher_seal(&from->send, none, text, out), VL_OK);
        size = payload_size + NOISE_TAG_BYTES;
        assert_int_equal(noise_cipher_open(&to->receive, none, vl_bytes(out, size), back), VL_OK);
        back_size = payload_size;
    }
    assert_int_equal(size, expected_size);
    assert_memory_equal(out, expected, size);
    assert_int_equal(back_size, payload_size);
    assert_memory_equal(back, payload, payload_size);
}

static void run_vector(const struct noise_pattern *pattern, const cJSON *vector)
{
    struct side sides[2] = {0};
    uint8_t hash[NOISE_HASH_BYTES];
    const cJSON *messages = cJSON_GetObjectItemCaseSensitive(vector, "messages");

    start_side(&sides[0], pattern, vector, true);
    start_side(&sides[1], pattern, vector, false);
    assert_true(cJSON_GetArraySize(messages) > (int)pattern->message_count);
    for (int i = 0; i < cJSON_GetArraySize(messages); i++)
        exchange(&sides[i % 2], &sides[1 - i % 2], cJSON_GetArrayItem(messages, i));
    if (vectors_member(vector, "handshake_hash", hash, sizeof hash) != SIZE_MAX) {
        assert_memory_equal(sides[0].handshake.hash, hash, sizeof hash);
        assert_memory_equal(sides[1].handshake.hash, hash, sizeof hash);
    }
}

/* Runs every record of the file whose pattern is in the table; all of `names` must be there. */
static void run_file(const char *path, const char *const *names)
{
    cJSON *json = vectors_load(path);
    if (json == NULL) {
        print_message("the Noise vectors are absent\n");
        skip();
    }
    size_t ran = 0, named = 0;
    const cJSON *vector;
    cJSON_ArrayForEach(vector, cJSON_GetObjectItemCaseSensitive(json, "vectors"))
    {
        const char *name =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(vector, "protocol_name"));
        if (name == NULL)
            name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(vector, "name"));
        const struct noise_pattern *pattern = find_pattern(name);
        if (pattern == NULL) continue;
        run_vector(pattern, vector);
        ran++;
        for (const char *const *n = names; *n != NULL; n++)
            named += strcmp(*n, name) == 0;
    }
    cJSON_Delete(json);
    size_t wanted = 0;
    for (const char *const *n = names; *n != NULL; n++)
        wanted++;
    print_message("%zu vectors of %s\n", ran, path);
    assert_int_equal(named, wanted);
}

static void test_cacophony(void **state)
{
    (void)state;
    static const char *const names[] = {NAME("NNpsk0"),
                                        NAME("KKpsk0"),
                                        NAME("NKpsk0"),
                                        NAME("KNpsk0"),
                                        NAME("XXpsk3"),
                                        NAME("XX"),
                                        NULL};
    run_file(VEILLEE_SHARED "/vectors/noise-cacophony-25519_ChaChaPoly.json", names);
}

static void test_snow(void **state)
{
    (void)state;
    static const char *const names[] = {NAME("XXpsk0+psk1"), NAME("XXpsk0+psk2"),
                                        NAME("XXpsk0+psk3"), NAME("XXpsk0+psk1+psk2+psk3"),
                                        NAME("XX"),          NULL};
    run_file(VEILLEE_SHARED "/vectors/noise-snow-25519_ChaChaPoly.json", names);
}

/* RFC 2104 with BLAKE2b-512, computed by Python's hmac and hashlib: short key, a key of one block,
 * a key longer than a block. */
static void test_hmac_is_rfc_2104(void **state)
{
    (void)state;
    static const struct {
        size_t key_size;
        const char *hex;
    } cases[] = {
        {0, "136f95d2eeae4fe08eccd925a57c3609705fe786f96c2c2051ffd859f05aef64"
            "150e767a4e1a21acb8f446ce4311add6abadcf233e62fa049d39b32a3fc024de"},
        {64, "a0c9ca5f24c304fffcfb1f2020816c317246a8a4e682c291cc4991e1ff43f56b"
             "b62e95526b570c4b7608562fe6ddc8ba1bdfdb3aeb447ed87d1c36eea3a00326"},
        {128, "dd67a2b80aefe2b425e410708f656dc7a8fc8aaf8cad46924b1640fb6e642d7c"
              "ada4c4ce7f32a5c58029fbf1f6c06713014a97d6c5d61d2e84ac4244cf03af6f"},
        {129, "399d342faaccff35838409d0f032c96e78ab375418afdfd8c516a1db5ba13a5e"
              "04d40552c3f8421e01cdbb0994cb1cbaf9f775d2e89f77255351f737bbb8781b"},
    };
    uint8_t key[129], out[NOISE_HASH_BYTES], expected[NOISE_HASH_BYTES];
    const struct vl_bytes parts[] = {vl_bytes_text("what do ya want "), vl_bytes(NULL, 0),
                                     vl_bytes_text("for nothing?")};

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        noise_hmac(vl_bytes(key, cases[i].key_size), parts, 3, out);
        assert_int_equal(vectors_hex(cases[i].hex, expected, sizeof expected), sizeof expected);
        assert_memory_equal(out, expected, sizeof out);
    }
}

/* The worked example of docs/transport.md: plain XXpsk0, its bytes computed with another
 * implementation (the npm package noise-handshake). */
static const char *const example[] = {
    "0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f2077ce3794acc67f8a"
    "0c5e7a650f63a11c",
    "ff2ee45601ec1b67310c7790404585ae697331eee1c1f8cf2419731c1fff3e6bf260cdff947f637b"
    "3ad2f1ce649abe8679ab0a0ea1e6115bf1e197122e0a726d0eff24f2ec1dbe53831561c3579debe2"
    "770b8470431987c64f23dc08a2e64286d52a5cc3313d320898e7dedaaf00f26b",
    "716abfdc8e4e2090150bdc57359995dc12491fbbe3523e2c226259ac67c7d9c781d08e4e7787c0f6"
    "bb6d8787f31115c76f93652bc390069c4ddcc6acc156e4fd14fac0ccf5b3e2239c41b783d532805f",
};
static const char example_hash[] =
    "59013c7c9700e5615d47dca10eed3155361c49abf5a1b23331b5048f4260eedabdf154fc526e5b45"
    "301b64b19642287eeeb25f9eed88655bc3f7fb94db29ac05";
static const char example_frame[] =
    "0090b40720c42368d8f60e6c80fa6f91bfeac9b3f03e917b05c01dc1bd375b26c4e1b1a5b09d496b"
    "8e560502c18394b5d9f3d3a5984fbf758164d8d0b4d4b88d609c9859f5beae0affb7643d6e5e30f0"
    "fc1fdfffd320ed092e77e708b8d2cca4ec0f6894120266695ce664e117d941b95715d4bf97064769"
    "dee0b87518b8bd50876259b145689807d3bd34ad45c099aa2997";

static void start_example(struct noise_handshake *h, bool initiator)
{
    uint8_t prologue[28] = "veillee/1 noise", secret[2][32], example_psk[32];

    for (size_t i = 0; i < 12; i++)
        prologue[16 + i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < 32; i++)
        example_psk[i] = (uint8_t)i;
    memset(secret[0], initiator ? 0x11 : 0x33, 32);
    memset(secret[1], initiator ? 0x22 : 0x44, 32);
    assert_int_equal(noise_start(h, &noise_xxpsk0,
                                 &(struct noise_config){
                                     .initiator = initiator,
                                     .prologue = vl_bytes(prologue, sizeof prologue),
                                     .static_secret = secret[0],
                                     .ephemeral_secret = secret[1],
                                     .psks = {example_psk},
                                 }),
                     VL_OK);
}

static void test_worked_example(void **state)
{
    (void)state;
    struct noise_handshake sides[2];
    struct noise_cipher send, receive;
    struct vl_buffer frame = {0};
    const uint8_t zeros[16] = {0};
    uint8_t out[160], back[160], expected[160];
    size_t size, back_size;

    start_example(&sides[0], true);
    start_example(&sides[1], false);
    for (size_t i = 0; i < 3; i++) {
        const struct vl_bytes payload = vl_bytes(zeros, i == 0 ? 0 : sizeof zeros);
        assert_int_equal(noise_write(&sides[i % 2], payload, out, sizeof out, &size), VL_OK);
        assert_int_equal(vectors_hex(example[i], expected, sizeof expected), size);
        assert_memory_equal(out, expected, size);
        assert_int_equal(noise_read(&sides[1 - i % 2], vl_bytes(out, size), back, &back_size),
                         VL_OK);
    }
    assert_int_equal(vectors_hex(example_hash, expected, sizeof expected), NOISE_HASH_BYTES);
    assert_memory_equal(sides[0].hash, expected, NOISE_HASH_BYTES);
    noise_split(&sides[0], &send, &receive);
    assert_int_equal(frame_seal(&send, FRAME_MESSAGE, vl_bytes_text("hello"), &frame), VL_OK);
    assert_int_equal(vectors_hex(example_frame, expected, sizeof expected), frame.size);
    assert_memory_equal(frame.data, expected, frame.size);
    vl_buffer_finish(&frame);
}

static const uint8_t psk[32] = {7};

static void start_xxpsk0(struct noise_handshake *h, bool initiator, const uint8_t secret[32])
{
    assert_int_equal(noise_start(h, &noise_xxpsk0,
                                 &(struct noise_config){.initiator = initiator,
                                                        .prologue = vl_bytes_text("prologue"),
                                                        .static_secret = secret,
                                                        .psks = {psk}}),
                     VL_OK);
}

static void test_turns_and_sizes(void **state)
{
    (void)state;
    struct noise_handshake initiator, responder;
    const uint8_t one[32] = {1}, two[32] = {2};
    uint8_t out[256], back[256];
    size_t size, back_size;

    start_xxpsk0(&initiator, true, one);
    start_xxpsk0(&responder, false, two);
    assert_int_equal(noise_write(&responder, vl_bytes(NULL, 0), out, sizeof out, &size),
                     VL_ERR_STATE);
    assert_int_equal(noise_read(&initiator, vl_bytes(out, 48), back, &back_size), VL_ERR_STATE);
    assert_int_equal(noise_write(&initiator, vl_bytes(NULL, 0), out, sizeof out, &size), VL_OK);
    assert_int_equal(size, 48);
    assert_int_equal(noise_read(&responder, vl_bytes(out, size), back, &back_size), VL_OK);
    assert_int_equal(back_size, 0);

    noise_finish(&initiator);
    start_xxpsk0(&initiator, true, one);
    assert_int_equal(noise_write(&initiator, vl_bytes(NULL, 0), out, 47, &size), VL_ERR_TOO_LARGE);
}

/* Small-order points, whose shared secret is zero (and one in a form that is not reduced). */
static void test_zero_shared_secret_is_refused(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    };
    const struct noise_pattern *nn = find_pattern(NAME("NN"));

    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct noise_handshake responder;
        uint8_t first[32], back[64], out[64];
        size_t size;
        assert_int_equal(vectors_hex(points[i], first, sizeof first), sizeof first);
        assert_int_equal(noise_start(&responder, nn, &(struct noise_config){.initiator = false}),
                         VL_OK);
        assert_int_equal(noise_read(&responder, vl_bytes(first, sizeof first), back, &size), VL_OK);
        assert_int_equal(noise_write(&responder, vl_bytes(NULL, 0), out, sizeof out, &size),
                         VL_ERR_HANDSHAKE);
    }
}

static void test_missing_keys_are_refused(void **state)
{
    (void)state;
    struct noise_handshake h;
    const uint8_t secret[32] = {3};

    assert_int_equal(
        noise_start(&h, &noise_xxpsk0, &(struct noise_config){.static_secret = secret}),
        VL_ERR_INVALID);
    assert_int_equal(
        noise_start(&h, find_pattern(NAME("KK")), &(struct noise_config){.static_secret = secret}),
        VL_ERR_INVALID);
}

static void test_rekey_changes_the_key_and_not_the_number(void **state)
{
    (void)state;
    struct noise_cipher a, b;
    const uint8_t key[32] = {9};
    uint8_t sealed[3 + NOISE_TAG_BYTES], back[3];
    const struct vl_bytes none = vl_bytes(NULL, 0);

    noise_cipher_set(&a, key);
    noise_cipher_set(&b, key);
    a.nonce = b.nonce = 5;
    noise_cipher_rekey(&a);
    assert_int_equal(a.nonce, 5);
    assert_int_equal(noise_cipher_seal(&a, none, vl_bytes_text("abc"), sealed), VL_OK);
    assert_int_equal(noise_cipher_open(&b, none, vl_bytes(sealed, sizeof sealed), back),
                     VL_ERR_DECRYPT);
    assert_int_equal(b.nonce, 5);
    noise_cipher_rekey(&b);
    assert_int_equal(noise_cipher_open(&b, none, vl_bytes(sealed, sizeof sealed), back), VL_OK);
    assert_memory_equal(back, "abc", 3);
}

static void test_numbers_end(void **state)
{
    (void)state;
    struct noise_cipher c;
    const uint8_t key[32] = {9};
    uint8_t sealed[NOISE_TAG_BYTES];
    const struct vl_bytes none = vl_bytes(NULL, 0);

    noise_cipher_set(&c, key);
    c.nonce = UINT64_MAX - 1;
    assert_int_equal(noise_cipher_seal(&c, none, none, sealed), VL_OK);
    assert_int_equal(noise_cipher_seal(&c, none, none, sealed), VL_ERR_LIMIT);
    assert_int_equal(noise_cipher_open(&c, none, vl_bytes(sealed, sizeof sealed), sealed),
                     VL_ERR_LIMIT);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cacophony),
        cmocka_unit_test(test_snow),
        cmocka_unit_test(test_hmac_is_rfc_2104),
        cmocka_unit_test(test_worked_example),
        cmocka_unit_test(test_turns_and_sizes),
        cmocka_unit_test(test_zero_shared_secret_is_refused),
        cmocka_unit_test(test_missing_keys_are_refused),
        cmocka_unit_test(test_rekey_changes_the_key_and_not_the_number),
        cmocka_unit_test(test_numbers_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
