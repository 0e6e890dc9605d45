/* CPace against the vectors of draft-irtf-cfrg-cpace (ristretto255, SHA-512). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "support/vectors.h"
#include "sync/cpace.h"

#define FILE_NAME VEILLEE_SHARED "/vectors/cpace-ristretto255.json"

static cJSON *load(void)
{
    cJSON *json = vectors_load(FILE_NAME);
    if (json == NULL) {
        print_message("the CPace vectors are absent\n");
        skip();
    }
    return json;
}

static struct vl_bytes member(const cJSON *object, const char *name, uint8_t *out, size_t max)
{
    const size_t size = vectors_member(object, name, out, max);
    assert_true(size != SIZE_MAX);
    return vl_bytes(out, size);
}

static void test_the_drafts_exchange(void **state)
{
    (void)state;
    cJSON *json = load();
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "G_Coffee25519");
    uint8_t prs[64], ci[64], sid[64], g[32], y[2][32], points[2][32], ads[2][16], k[32], isk[64];
    uint8_t out[64];

    assert_int_equal(cpace_generator(member(v, "PRS", prs, sizeof prs),
                                     member(v, "CI", ci, sizeof ci),
                                     member(v, "sid", sid, sizeof sid), out),
                     VL_OK);
    assert_memory_equal(out, member(v, "g", g, sizeof g).data, sizeof g);

    const struct vl_bytes ya = member(v, "ya", y[0], 32), yb = member(v, "yb", y[1], 32);
    const struct vl_bytes pa = member(v, "Ya", points[0], 32), pb = member(v, "Yb", points[1], 32);
    assert_int_equal(cpace_shared(ya.data, g, out), VL_OK);
    assert_memory_equal(out, pa.data, 32);
    assert_int_equal(cpace_shared(yb.data, g, out), VL_OK);
    assert_memory_equal(out, pb.data, 32);

    (void)member(v, "K", k, sizeof k);
    assert_int_equal(cpace_shared(ya.data, pb.data, out), VL_OK);
    assert_memory_equal(out, k, 32);
    assert_int_equal(cpace_shared(yb.data, pa.data, out), VL_OK);
    assert_memory_equal(out, k, 32);

    const struct cpace_side a = {pa.data, member(v, "ADa", ads[0], 16)};
    const struct cpace_side b = {pb.data, member(v, "ADb", ads[1], 16)};
    cpace_key(member(v, "sid", sid, sizeof sid), k, &a, &b, out);
    assert_memory_equal(out, member(v, "ISK_IR", isk, sizeof isk).data, 64);
    /* Swapped roles give another key. */
    cpace_key(member(v, "sid", sid, sizeof sid), k, &b, &a, out);
    assert_memory_not_equal(out, isk, 64);
    cJSON_Delete(json);
}

static void test_the_drafts_points(void **state)
{
    (void)state;
    cJSON *json = load();
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "G_Coffee25519_points");
    const cJSON *valid = cJSON_GetObjectItemCaseSensitive(v, "Valid");
    uint8_t s[32], x[32], expected[32], out[32];
    static const char *const invalid[] = {"Invalid Y1", "Invalid Y2"};

    (void)member(valid, "s", s, sizeof s);
    (void)member(valid, "X", x, sizeof x);
    (void)member(valid, "G.scalar_mult_vfy(s,X)", expected, sizeof expected);
    assert_int_equal(cpace_shared(s, x, out), VL_OK);
    assert_memory_equal(out, expected, sizeof out);
    for (size_t i = 0; i < 2; i++) {
        (void)member(v, invalid[i], x, sizeof x);
        assert_int_equal(cpace_shared(s, x, out), VL_ERR_HANDSHAKE);
        assert_true(sodium_is_zero(out, sizeof out));
    }
    cJSON_Delete(json);
}

/* Encodings that RFC 9496 (appendix A.3) wants refused: not reduced, negative, no square, and the
 * identity, which CPace refuses although it is a point. */
static void test_bad_encodings_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    };
    uint8_t scalar[32], point[32], out[32];

    crypto_core_ristretto255_scalar_random(scalar);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(vectors_hex(bad[i], point, sizeof point), sizeof point);
        memset(out, 1, sizeof out);
        assert_int_equal(cpace_shared(scalar, point, out), VL_ERR_HANDSHAKE);
        assert_true(sodium_is_zero(out, sizeof out));
    }
}

static void test_every_input_counts(void **state)
{
    (void)state;
    const struct vl_bytes x = vl_bytes_text("x"), y = vl_bytes_text("y");
    uint8_t g[4][32], scalars[2][32], points[2][32], shared[2][32];

    assert_int_equal(cpace_generator(x, x, x, g[0]), VL_OK);
    assert_int_equal(cpace_generator(y, x, x, g[1]), VL_OK);
    assert_int_equal(cpace_generator(x, y, x, g[2]), VL_OK);
    assert_int_equal(cpace_generator(x, x, y, g[3]), VL_OK);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(g[i], g[j], 32);

    assert_int_equal(cpace_share(g[0], scalars[0], points[0]), VL_OK);
    assert_int_equal(cpace_share(g[0], scalars[1], points[1]), VL_OK);
    assert_int_equal(cpace_shared(scalars[0], points[1], shared[0]), VL_OK);
    assert_int_equal(cpace_shared(scalars[1], points[0], shared[1]), VL_OK);
    assert_memory_equal(shared[0], shared[1], 32);
    /* With another secret on one side they differ. */
    assert_int_equal(cpace_share(g[1], scalars[1], points[1]), VL_OK);
    assert_int_equal(cpace_shared(scalars[0], points[1], shared[0]), VL_OK);
    assert_int_equal(cpace_shared(scalars[1], points[0], shared[1]), VL_OK);
    assert_memory_not_equal(shared[0], shared[1], 32);
}

static void test_limits(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, CPACE_CONTEXT_BYTES + 1), g[32];
    assert_non_null(bytes);
    const struct vl_bytes one = vl_bytes(bytes, 1);
    const struct vl_bytes context = vl_bytes(bytes, CPACE_CONTEXT_BYTES);
    const struct vl_bytes none = vl_bytes(NULL, 0);

    assert_int_equal(cpace_generator(vl_bytes(bytes, CPACE_SECRET_BYTES), context, none, g), VL_OK);
    assert_int_equal(cpace_generator(vl_bytes(bytes, CPACE_SECRET_BYTES + 1), none, none, g),
                     VL_ERR_TOO_LARGE);
    assert_int_equal(cpace_generator(none, context, one, g), VL_ERR_TOO_LARGE);
    free(bytes);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_drafts_exchange),
        cmocka_unit_test(test_the_drafts_points),
        cmocka_unit_test(test_bad_encodings_are_refused),
        cmocka_unit_test(test_every_input_counts),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
