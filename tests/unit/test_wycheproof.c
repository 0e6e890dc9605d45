/* The primitives as we call them, against Project Wycheproof's vectors. Skipped where the vectors
 * are not beside the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#define BYTES_MAX 4096u

struct field {
    uint8_t bytes[BYTES_MAX];
    size_t size;
};

static cJSON *load(const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/vectors/%s", VEILLEE_SHARED, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) skip();
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
    text[size] = 0;
    fclose(file);
    cJSON *document = cJSON_Parse(text);
    free(text);
    assert_non_null(document);
    return document;
}

static void hex(const cJSON *object, const char *name, struct field *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    assert_true(cJSON_IsString(item));
    assert_int_equal(sodium_hex2bin(out->bytes, sizeof out->bytes, item->valuestring,
                                    strlen(item->valuestring), NULL, &out->size, NULL),
                     0);
}

static bool is(const cJSON *object, const char *name, const char *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) && strcmp(item->valuestring, value) == 0;
}

static int number(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name)->valueint;
}

static const cJSON *items(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void test_ed25519(void **state)
{
    (void)state;
    cJSON *document = load("wycheproof-ed25519_test.json");
    const cJSON *group, *test;
    static struct field key, message, signature;
    int seen = 0;
    cJSON_ArrayForEach(group, items(document, "testGroups"))
    {
        hex(items(group, "publicKey"), "pk", &key);
        assert_int_equal(key.size, 32);
        cJSON_ArrayForEach(test, items(group, "tests"))
        {
            hex(test, "msg", &message);
            hex(test, "sig", &signature);
            bool verified =
                signature.size == 64 && crypto_sign_verify_detached(signature.bytes, message.bytes,
                                                                    message.size, key.bytes) == 0;
            if (verified != is(test, "result", "valid")) {
                fail_msg("Ed25519 test %d", number(test, "tcId"));
            }
            seen++;
        }
    }
    assert_int_equal(seen, number(document, "numberOfTests"));
    cJSON_Delete(document);
}

static void test_x25519(void **state)
{
    (void)state;
    cJSON *document = load("wycheproof-x25519_test.json");
    const cJSON *group, *test;
    static struct field public_key, private_key, shared;
    int seen = 0, refused = 0;
    cJSON_ArrayForEach(group, items(document, "testGroups"))
    {
        cJSON_ArrayForEach(test, items(group, "tests"))
        {
            uint8_t made[32];
            hex(test, "public", &public_key);
            hex(test, "private", &private_key);
            hex(test, "shared", &shared);
            assert_true(public_key.size == 32 && private_key.size == 32 && shared.size == 32);
            int status = crypto_scalarmult(made, private_key.bytes, public_key.bytes);
            /* A key of low order gives zeros, and we refuse it. */
            bool is_low = sodium_is_zero(shared.bytes, 32) == 1;
            refused += is_low;
            if (is_low != (status != 0) || (!is_low && memcmp(made, shared.bytes, 32) != 0)) {
                fail_msg("X25519 test %d", number(test, "tcId"));
            }
            seen++;
        }
    }
    assert_int_equal(seen, number(document, "numberOfTests"));
    assert_true(refused > 0);
    cJSON_Delete(document);
}

typedef int (*seal_fn)(unsigned char *, unsigned long long *, const unsigned char *,
                       unsigned long long, const unsigned char *, unsigned long long,
                       const unsigned char *, const unsigned char *, const unsigned char *);
typedef int (*open_fn)(unsigned char *, unsigned long long *, unsigned char *,
                       const unsigned char *, unsigned long long, const unsigned char *,
                       unsigned long long, const unsigned char *, const unsigned char *);

static void check_aead(const cJSON *test, seal_fn seal, open_fn open)
{
    static struct field key, nonce, data, message, cipher, tag;
    static uint8_t sealed[BYTES_MAX], opened[BYTES_MAX];
    unsigned long long sealed_size = 0, opened_size = 0;
    bool is_valid = is(test, "result", "valid");
    int id = number(test, "tcId");

    hex(test, "key", &key);
    hex(test, "iv", &nonce);
    hex(test, "aad", &data);
    hex(test, "msg", &message);
    hex(test, "ct", &cipher);
    hex(test, "tag", &tag);
    assert_int_equal(tag.size, 16);
    memcpy(cipher.bytes + cipher.size, tag.bytes, tag.size);
    cipher.size += tag.size;

    int status = open(opened, &opened_size, NULL, cipher.bytes, cipher.size, data.bytes, data.size,
                      nonce.bytes, key.bytes);
    if ((status == 0) != is_valid) fail_msg("test %d: opened %d", id, status);
    if (!is_valid) return;
    assert_int_equal(opened_size, message.size);
    assert_memory_equal(opened, message.bytes, message.size);
    assert_int_equal(seal(sealed, &sealed_size, message.bytes, message.size, data.bytes, data.size,
                          NULL, nonce.bytes, key.bytes),
                     0);
    assert_int_equal(sealed_size, cipher.size);
    if (memcmp(sealed, cipher.bytes, cipher.size) != 0) fail_msg("test %d: sealed", id);
}

static void check_aead_file(const char *name, int nonce_bits, seal_fn seal, open_fn open)
{
    cJSON *document = load(name);
    const cJSON *group, *test;
    int seen = 0, other_sizes = 0;
    cJSON_ArrayForEach(group, items(document, "testGroups"))
    {
        cJSON_ArrayForEach(test, items(group, "tests"))
        {
            if (number(group, "ivSize") == nonce_bits) {
                check_aead(test, seal, open);
            } else { /* not expressible: our nonces have one size */
                assert_true(is(test, "result", "invalid"));
                other_sizes++;
            }
            seen++;
        }
    }
    assert_int_equal(seen, number(document, "numberOfTests"));
    assert_true(other_sizes < seen / 4);
    cJSON_Delete(document);
}

static void test_chacha20_poly1305(void **state)
{
    (void)state;
    check_aead_file("wycheproof-chacha20_poly1305_test.json", 96,
                    crypto_aead_chacha20poly1305_ietf_encrypt,
                    crypto_aead_chacha20poly1305_ietf_decrypt);
}

static void test_xchacha20_poly1305(void **state)
{
    (void)state;
    check_aead_file("wycheproof-xchacha20_poly1305_test.json", 192,
                    crypto_aead_xchacha20poly1305_ietf_encrypt,
                    crypto_aead_xchacha20poly1305_ietf_decrypt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ed25519),
        cmocka_unit_test(test_x25519),
        cmocka_unit_test(test_chacha20_poly1305),
        cmocka_unit_test(test_xchacha20_poly1305),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
