/* The worked example of docs/protocol.md is what the program does: every line `name = hex` of the
 * example is computed again and compared with the document's text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <veillee/control.h>

static char document[65536];

static void expect_line(const char *name, const uint8_t *bytes, size_t size)
{
    char hex[1024], line[1100];
    assert_true(size * 2 + 1 <= sizeof hex);
    sodium_bin2hex(hex, sizeof hex, bytes, size);
    snprintf(line, sizeof line, "\n%s = %s\n", name, hex);
    if (strstr(document, line) == NULL) fail_msg("docs/protocol.md lacks:%s", line);
}

static void the_example_is_true(void **state)
{
    (void)state;
    FILE *file = fopen(VEILLEE_SOURCE "/docs/protocol.md", "r");
    assert_non_null(file);
    size_t size = fread(document, 1, sizeof document - 1, file);
    document[size] = 0;
    fclose(file);

    uint8_t seed[32];
    memset(seed, 0x01, sizeof seed);
    struct vl_device_keys *keys = NULL;
    assert_int_equal(vl_device_keys_from_seed(seed, &keys), VL_OK);

    struct vl_control leave = {.kind = VL_CONTROL_LEAVE};
    struct vl_buffer blob = {0}, header_bytes = {0};
    assert_int_equal(vl_control_encode(&leave, &blob), VL_OK);

    struct vl_entry_header header = {
        .seq = 1,
        .kind = VL_ENTRY_CONTROL,
        .lamport = 3,
        .wall = {1767225600000},
        .auth_count = 1,
        .blob_size = (uint32_t)blob.size,
    };
    uint8_t incarnation[16];
    memset(incarnation, 0x02, sizeof incarnation);
    memset(header.circle.bytes, 0x03, sizeof header.circle.bytes);
    memset(header.prev.bytes, 0x04, sizeof header.prev.bytes);
    memset(header.auth[0].bytes, 0x05, sizeof header.auth[0].bytes);
    vl_log_id(keys->card.sign, incarnation, &header.log);
    vl_blob_hash(vl_buffer_view(&blob), &header.blob_hash);
    assert_int_equal(vl_entry_header_encode(&header, &header_bytes), VL_OK);
    struct vl_id id;
    uint8_t signature[64];
    vl_entry_id(vl_buffer_view(&header_bytes), &id);
    vl_entry_sign(vl_buffer_view(&header_bytes), keys, signature);

    expect_line("signing key", keys->card.sign, 32);
    expect_line("log id", header.log.bytes, 32);
    expect_line("blob", blob.data, blob.size);
    expect_line("blob hash", header.blob_hash.bytes, 32);
    expect_line("header", header_bytes.data, header_bytes.size);
    expect_line("entry id", id.bytes, 32);
    expect_line("signature", signature, 64);

    vl_buffer_finish(&blob);
    vl_buffer_finish(&header_bytes);
    vl_device_keys_destroy(keys);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_example_is_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
