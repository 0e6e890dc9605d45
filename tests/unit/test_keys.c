/* Device keys, enrolments and key boxes: each holds in its own place and in no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include <veillee/keys.h>

static struct vl_id id_of(uint8_t byte)
{
    struct vl_id id;
    memset(id.bytes, byte, sizeof id.bytes);
    return id;
}

static struct vl_device_keys *keys_of(uint8_t byte)
{
    struct vl_device_keys *keys = NULL;
    uint8_t seed[32];
    memset(seed, byte, sizeof seed);
    assert_int_equal(vl_device_keys_from_seed(seed, &keys), VL_OK);
    return keys;
}

static void test_a_seed_gives_the_same_keys(void **state)
{
    (void)state;
    struct vl_device_keys *a = keys_of(1), *b = keys_of(1), *c = keys_of(2);
    assert_memory_equal(a, b, sizeof *a);
    assert_memory_not_equal(&a->card, &c->card, sizeof a->card);
    /* Three uses, three independent keys. */
    assert_memory_not_equal(a->noise_secret, a->seal_secret, 32);
    assert_memory_not_equal(a->noise_secret, a->sign_secret, 32);
    assert_memory_not_equal(a->seal_secret, a->sign_secret, 32);
    vl_device_keys_destroy(a);
    vl_device_keys_destroy(b);
    vl_device_keys_destroy(c);
    vl_device_keys_destroy(NULL);
}

static void test_the_public_keys_belong_to_the_secret_ones(void **state)
{
    (void)state;
    struct vl_device_keys *a = NULL, *b = NULL;
    assert_int_equal(vl_device_keys_create(&a), VL_OK);
    assert_int_equal(vl_device_keys_create(&b), VL_OK);
    assert_memory_not_equal(&a->card, &b->card, sizeof a->card);

    uint8_t left[32], right[32], signature[64];
    assert_int_equal(crypto_scalarmult(left, a->noise_secret, b->card.noise), 0);
    assert_int_equal(crypto_scalarmult(right, b->noise_secret, a->card.noise), 0);
    assert_memory_equal(left, right, 32);
    assert_int_equal(crypto_scalarmult(left, a->seal_secret, b->card.seal), 0);
    assert_int_equal(crypto_scalarmult(right, b->seal_secret, a->card.seal), 0);
    assert_memory_equal(left, right, 32);
    assert_int_equal(crypto_sign_detached(signature, NULL, (const uint8_t *)"x", 1, a->sign_secret),
                     0);
    assert_int_equal(crypto_sign_verify_detached(signature, (const uint8_t *)"x", 1, a->card.sign),
                     0);
    vl_device_keys_destroy(a);
    vl_device_keys_destroy(b);
}

static void test_an_enrolment_holds_for_one_circle_and_person(void **state)
{
    (void)state;
    struct vl_device_keys *keys = keys_of(1), *other = keys_of(2);
    struct vl_id circle = id_of(1), person, stranger = id_of(9), elsewhere = id_of(2);
    struct vl_enrolment enrolment, changed;

    vl_person_id(keys->card.sign, &person);
    vl_enrolment_sign(keys, &circle, &person, &enrolment);
    assert_int_equal(vl_enrolment_verify(&enrolment, &circle, &person), VL_OK);
    assert_int_equal(vl_enrolment_verify(&enrolment, &elsewhere, &person), VL_ERR_SIGNATURE);
    assert_int_equal(vl_enrolment_verify(&enrolment, &circle, &stranger), VL_ERR_SIGNATURE);
    /* Circle and person do not stand for each other. */
    assert_int_equal(vl_enrolment_verify(&enrolment, &person, &circle), VL_ERR_SIGNATURE);

    uint8_t *at = (uint8_t *)&changed;
    for (size_t i = 0; i < sizeof changed; i++) {
        changed = enrolment;
        at[i] ^= 1;
        assert_int_equal(vl_enrolment_verify(&changed, &circle, &person), VL_ERR_SIGNATURE);
    }
    changed = enrolment;
    memcpy(changed.card.sign, other->card.sign, 32);
    assert_int_equal(vl_enrolment_verify(&changed, &circle, &person), VL_ERR_SIGNATURE);

    /* A signature over the same bytes without the domain is worth nothing. */
    uint8_t bare[32 + 32 + 96];
    memcpy(bare, circle.bytes, 32);
    memcpy(bare + 32, person.bytes, 32);
    memcpy(bare + 64, &keys->card, 96);
    changed = enrolment;
    assert_int_equal(
        crypto_sign_detached(changed.signature, NULL, bare, sizeof bare, keys->sign_secret), 0);
    assert_int_equal(vl_enrolment_verify(&changed, &circle, &person), VL_ERR_SIGNATURE);
    vl_device_keys_destroy(keys);
    vl_device_keys_destroy(other);
}

static void test_enrolments_are_written_and_read(void **state)
{
    (void)state;
    struct vl_device_keys *keys = keys_of(1);
    struct vl_id circle = id_of(1), person = id_of(2);
    struct vl_enrolment enrolment, read;
    struct vl_buffer out = {0};
    vl_enrolment_sign(keys, &circle, &person, &enrolment);

    struct vl_writer w = vl_writer(&out, VL_ENROLMENT_BYTES);
    vl_enrolment_write(&w, &enrolment);
    assert_int_equal(vl_writer_result(&w), VL_OK);
    assert_int_equal(out.size, VL_ENROLMENT_BYTES);
    assert_memory_equal(out.data, keys->card.sign, 32);

    struct vl_reader r = vl_reader(vl_buffer_view(&out));
    vl_enrolment_read(&r, &read);
    assert_int_equal(vl_reader_end(&r), VL_OK);
    assert_memory_equal(&read, &enrolment, sizeof read);

    r = vl_reader(vl_bytes(out.data, out.size - 1));
    vl_enrolment_read(&r, &read);
    assert_int_equal(vl_reader_end(&r), VL_ERR_TRUNCATED);
    vl_buffer_finish(&out);
    vl_device_keys_destroy(keys);
}

struct boxes {
    struct vl_device_keys *recipient, *other;
    struct vl_id circle, key_id;
    uint8_t secret[32], author[32];
    uint8_t box[VL_KEY_BOX_BYTES];
};

static int boxes_setup(void **state)
{
    static struct boxes b;
    b.recipient = keys_of(1);
    b.other = keys_of(2);
    b.circle = id_of(3);
    memset(b.secret, 4, sizeof b.secret);
    memset(b.author, 5, sizeof b.author);
    vl_epoch_key_id(&b.circle, b.secret, &b.key_id);
    *state = &b;
    vl_result sealed =
        vl_key_box_seal(b.secret, &b.circle, &b.key_id, &b.recipient->card, b.author, b.box);
    return sealed == VL_OK ? 0 : -1;
}

static int boxes_teardown(void **state)
{
    struct boxes *b = *state;
    vl_device_keys_destroy(b->recipient);
    vl_device_keys_destroy(b->other);
    return 0;
}

static void test_a_box_opens_in_its_place_only(void **state)
{
    struct boxes *b = *state;
    uint8_t secret[32], zero[32] = {0}, author[32];
    struct vl_id elsewhere = id_of(7), key_id;

    assert_int_equal(
        vl_key_box_open(b->box, &b->circle, &b->key_id, b->recipient, b->author, secret), VL_OK);
    assert_memory_equal(secret, b->secret, 32);

    vl_epoch_key_id(&elsewhere, b->secret, &key_id);
    assert_int_equal(vl_key_box_open(b->box, &elsewhere, &key_id, b->recipient, b->author, secret),
                     VL_ERR_DECRYPT);
    assert_memory_equal(secret, zero, 32);
    assert_int_equal(
        vl_key_box_open(b->box, &b->circle, &elsewhere, b->recipient, b->author, secret),
        VL_ERR_DECRYPT);
    assert_int_equal(vl_key_box_open(b->box, &b->circle, &b->key_id, b->other, b->author, secret),
                     VL_ERR_DECRYPT);
    memcpy(author, b->author, 32);
    author[0] ^= 1;
    assert_int_equal(vl_key_box_open(b->box, &b->circle, &b->key_id, b->recipient, author, secret),
                     VL_ERR_DECRYPT);
}

static void test_a_box_is_bound_to_the_recipients_signing_key(void **state)
{
    struct boxes *b = *state;
    uint8_t secret[32];
    struct vl_device_keys *mixed = keys_of(1); /* same sealing key, another signing key */
    memcpy(mixed->card.sign, b->other->card.sign, 32);
    assert_int_equal(vl_key_box_open(b->box, &b->circle, &b->key_id, mixed, b->author, secret),
                     VL_ERR_DECRYPT);
    vl_device_keys_destroy(mixed);
}

static void test_every_bit_of_a_box_counts(void **state)
{
    struct boxes *b = *state;
    uint8_t secret[32], box[VL_KEY_BOX_BYTES];
    for (size_t i = 0; i < sizeof box; i++) {
        memcpy(box, b->box, sizeof box);
        box[i] ^= 0x10;
        assert_int_equal(
            vl_key_box_open(box, &b->circle, &b->key_id, b->recipient, b->author, secret),
            VL_ERR_DECRYPT);
    }
    memset(box, 0, sizeof box); /* an ephemeral key of low order */
    assert_int_equal(vl_key_box_open(box, &b->circle, &b->key_id, b->recipient, b->author, secret),
                     VL_ERR_DECRYPT);
}

static void test_a_box_with_another_secret_is_refused(void **state)
{
    struct boxes *b = *state;
    uint8_t wrong[32] = {1}, secret[32], zero[32] = {0}, box[VL_KEY_BOX_BYTES];
    assert_int_equal(
        vl_key_box_seal(wrong, &b->circle, &b->key_id, &b->recipient->card, b->author, box), VL_OK);
    assert_int_equal(vl_key_box_open(box, &b->circle, &b->key_id, b->recipient, b->author, secret),
                     VL_ERR_DECRYPT);
    assert_memory_equal(secret, zero, 32);
}

static void test_nothing_is_sealed_to_a_key_of_low_order(void **state)
{
    struct boxes *b = *state;
    struct vl_device_card card = b->recipient->card;
    uint8_t box[VL_KEY_BOX_BYTES];
    memset(card.seal, 0, sizeof card.seal);
    assert_int_equal(vl_key_box_seal(b->secret, &b->circle, &b->key_id, &card, b->author, box),
                     VL_ERR_INVALID);
    card.seal[0] = 1;
    assert_int_equal(vl_key_box_seal(b->secret, &b->circle, &b->key_id, &card, b->author, box),
                     VL_ERR_INVALID);
}

static void test_two_boxes_of_one_secret_differ(void **state)
{
    struct boxes *b = *state;
    uint8_t box[VL_KEY_BOX_BYTES];
    assert_int_equal(
        vl_key_box_seal(b->secret, &b->circle, &b->key_id, &b->recipient->card, b->author, box),
        VL_OK);
    assert_memory_not_equal(box, b->box, 32);
    assert_memory_not_equal(box + 32, b->box + 32, 48);
}

#define BOX_TEST(f) cmocka_unit_test_setup_teardown(f, boxes_setup, boxes_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_seed_gives_the_same_keys),
        cmocka_unit_test(test_the_public_keys_belong_to_the_secret_ones),
        cmocka_unit_test(test_an_enrolment_holds_for_one_circle_and_person),
        cmocka_unit_test(test_enrolments_are_written_and_read),
        BOX_TEST(test_a_box_opens_in_its_place_only),
        BOX_TEST(test_a_box_is_bound_to_the_recipients_signing_key),
        BOX_TEST(test_every_bit_of_a_box_counts),
        BOX_TEST(test_a_box_with_another_secret_is_refused),
        BOX_TEST(test_nothing_is_sealed_to_a_key_of_low_order),
        BOX_TEST(test_two_boxes_of_one_secret_differ),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
