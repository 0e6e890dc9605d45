/* Ids and domain-separated hashes, against values computed with another BLAKE2b (Python hashlib).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include <veillee/hash.h>

static const char abc_entry_id[] =
    "2376afb834a4c4f3b78b434dff1a0325dd91b7f4d097dd44d8c63079a2c570a8";
static const char abc_entry_signature[] =
    "8f54a2dea9f5aa2b8c1e8978df88d7631d09cc62db6a237c998112c01471631a";
static const char abc_psk[] = "ea3aafce73fa7c472483de26cb85d06e45590f431c1473e0f0a1d2cda142cb4b";

static void test_hash_is_blake2b_of_domain_zero_parts(void **state)
{
    (void)state;
    struct vl_id id;
    char text[VL_ID_TEXT_SIZE];
    struct vl_bytes parts[] = {vl_bytes_text("a"), vl_bytes(NULL, 0), vl_bytes_text("bc")};

    vl_hash(VL_DOMAIN_ENTRY_ID, parts, 3, &id);
    vl_id_text(&id, text);
    assert_string_equal(text, abc_entry_id);

    vl_hash(VL_DOMAIN_ENTRY_SIGNATURE, parts, 3, &id);
    vl_id_text(&id, text);
    assert_string_equal(text, abc_entry_signature);
}

static void test_derived_keys_are_keyed(void **state)
{
    (void)state;
    struct vl_bytes part = vl_bytes_text("abc");
    struct vl_id out, other;
    char text[VL_ID_TEXT_SIZE];
    uint8_t key[32];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    vl_derive_key(VL_DOMAIN_TRANSPORT_PSK, key, &part, 1, out.bytes);
    vl_id_text(&out, text);
    assert_string_equal(text, abc_psk);

    key[31] ^= 1;
    vl_derive_key(VL_DOMAIN_TRANSPORT_PSK, key, &part, 1, other.bytes);
    assert_false(vl_id_equal(&out, &other));
}

static void test_no_two_domains_share_a_string(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VL_DOMAIN_COUNT; i++) {
        const char *text = vl_domain_text((enum vl_domain)i);
        assert_int_equal(strncmp(text, "veillee/1 ", 10), 0);
        for (unsigned k = 0; k < i; k++) {
            struct vl_id a, b;
            uint8_t key[32] = {0};
            assert_string_not_equal(text, vl_domain_text((enum vl_domain)k));
            vl_hash((enum vl_domain)i, NULL, 0, &a);
            vl_hash((enum vl_domain)k, NULL, 0, &b);
            assert_false(vl_id_equal(&a, &b));
            vl_derive_key((enum vl_domain)i, key, NULL, 0, a.bytes);
            vl_derive_key((enum vl_domain)k, key, NULL, 0, b.bytes);
            assert_false(vl_id_equal(&a, &b));
        }
    }
}

static void test_ids_as_text(void **state)
{
    (void)state;
    static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    struct vl_id id, kept;
    char text[80];
    assert_int_equal(vl_id_parse(good, &id), VL_OK);
    assert_int_equal(id.bytes[0], 0x00);
    assert_int_equal(id.bytes[31], 0xff);
    vl_id_text(&id, text);
    assert_string_equal(text, good);

    kept = id;
    static const char wrong[] = {'g', 'A', 'F', ' ', '/', ':', '`', '\n'};
    for (size_t i = 0; i < sizeof wrong; i++) {
        memcpy(text, good, sizeof good);
        text[i * 9] = wrong[i];
        assert_int_equal(vl_id_parse(text, &id), VL_ERR_INVALID);
    }
    memcpy(text, good, sizeof good);
    text[63] = 0;
    assert_int_equal(vl_id_parse(text, &id), VL_ERR_INVALID);
    memcpy(text, good, sizeof good);
    strcat(text, "0");
    assert_int_equal(vl_id_parse(text, &id), VL_ERR_INVALID);
    assert_int_equal(vl_id_parse("", &id), VL_ERR_INVALID);
    assert_true(vl_id_equal(&id, &kept));
}

static void test_order_of_ids(void **state)
{
    (void)state;
    struct vl_id a = {{0}}, b = {{0}};
    assert_true(vl_id_is_zero(&a));
    b.bytes[31] = 1;
    assert_false(vl_id_is_zero(&b));
    assert_int_equal(vl_id_compare(&a, &b), -1);
    assert_int_equal(vl_id_compare(&b, &a), 1);
    assert_int_equal(vl_id_compare(&a, &a), 0);
    a.bytes[0] = 0x80; /* bytes are unsigned */
    assert_int_equal(vl_id_compare(&a, &b), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_is_blake2b_of_domain_zero_parts),
        cmocka_unit_test(test_derived_keys_are_keyed),
        cmocka_unit_test(test_no_two_domains_share_a_string),
        cmocka_unit_test(test_ids_as_text),
        cmocka_unit_test(test_order_of_ids),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
