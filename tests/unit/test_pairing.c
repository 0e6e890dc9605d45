/* Pairing: good runs, wrong words, and everything somebody in between could do. */
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include <veillee/control.h>
#include <veillee/pairing.h>

#define HELLO_BYTES   33u
#define SHARE_BYTES   96u
#define PROOF_BYTES   96u
#define CONFIRM_BYTES 32u

static const struct vl_code code = {27, {1, 500, 1023}};
static struct vl_device_keys *inviter_keys, *joiner_keys;

struct pair {
    struct vl_pairing *inviter, *joiner;
};

static struct vl_pairing_offer offer_of(enum vl_pairing_as as)
{
    struct vl_pairing_offer offer = {
        .as = as,
        .name = vl_bytes_text("Les mardis"),
        .purpose = vl_bytes_text("Se retrouver.\nParler."),
        .agreement = vl_bytes_text("Ce qui est dit ici reste ici."),
        .inviter = vl_bytes_text("Ad\xc3\xa8le"),
    };

    memset(as == VL_PAIRING_AS_FOUNDER ? offer.random : offer.circle.bytes, 0x5a, 32);
    if (as == VL_PAIRING_AS_DEVICE) vl_person_id(inviter_keys->card.sign, &offer.person);
    return offer;
}

static struct pair pair_make(enum vl_pairing_as as)
{
    struct pair pair = {0};
    const struct vl_pairing_offer offer = offer_of(as);

    assert_int_equal(vl_pairing_invite(&pair.inviter, &code, inviter_keys, &offer), VL_OK);
    assert_int_equal(
        vl_pairing_join(&pair.joiner, &code, joiner_keys, vl_bytes_text("Beno\xc3\xaet")), VL_OK);
    return pair;
}

static void pair_finish(struct pair *pair)
{
    vl_pairing_destroy(pair->inviter);
    vl_pairing_destroy(pair->joiner);
}

static vl_result pass(struct vl_pairing *from, struct vl_pairing *to)
{
    struct vl_buffer *out = vl_pairing_output(from);
    const vl_result result = vl_pairing_receive(to, vl_buffer_view(out));

    vl_buffer_consume(out, out->size);
    return result;
}

/* Until the joiner has the offer before her. */
static void prove(struct pair *pair)
{
    assert_int_equal(vl_pairing_output(pair->joiner)->size, HELLO_BYTES);
    assert_int_equal(pass(pair->joiner, pair->inviter), VL_OK);
    assert_int_equal(vl_pairing_output(pair->inviter)->size, SHARE_BYTES);
    assert_int_equal(pass(pair->inviter, pair->joiner), VL_OK);
    assert_int_equal(vl_pairing_output(pair->joiner)->size, PROOF_BYTES);
    assert_int_equal(vl_pairing_state_of(pair->joiner), VL_PAIRING_PROVING);
    assert_int_equal(pass(pair->joiner, pair->inviter), VL_OK);
    assert_int_equal(vl_pairing_state_of(pair->inviter), VL_PAIRING_WAITING);
    assert_int_equal(pass(pair->inviter, pair->joiner), VL_OK);
    assert_int_equal(vl_pairing_state_of(pair->joiner), VL_PAIRING_DECIDING);
}

static void accept(struct pair *pair)
{
    assert_int_equal(vl_pairing_decide(pair->joiner, true), VL_OK);
    assert_int_equal(vl_pairing_state_of(pair->joiner), VL_PAIRING_WAITING);
    assert_int_equal(pass(pair->joiner, pair->inviter), VL_OK);
    assert_int_equal(vl_pairing_state_of(pair->inviter), VL_PAIRING_DECIDING);
}

static void expect_text(struct vl_bytes bytes, const char *text)
{
    assert_true(vl_bytes_equal(bytes, vl_bytes_text(text)));
}

static void expect_failed(struct vl_pairing *p, vl_result why)
{
    struct vl_channel *channel = NULL;

    assert_int_equal(vl_pairing_state_of(p), VL_PAIRING_FAILED);
    assert_int_equal(vl_pairing_error(p), why);
    assert_int_equal(vl_pairing_receive(p, vl_bytes_text("more")), why);
    assert_int_equal(vl_pairing_decide(p, true), VL_ERR_STATE);
    assert_int_equal(vl_pairing_decide(p, false), VL_ERR_STATE);
    assert_int_equal(vl_pairing_take_channel(p, &channel), VL_ERR_STATE);
    vl_pairing_hangup(p);
    assert_int_equal(vl_pairing_error(p), why);
}

static void check_offer(const struct pair *pair, enum vl_pairing_as as)
{
    const struct vl_pairing_offer *offer = vl_pairing_offer_of(pair->joiner);
    const struct vl_pairing_offer sent = offer_of(as);
    struct vl_id circle = sent.circle;

    assert_non_null(offer);
    assert_int_equal(offer->as, as);
    assert_true(vl_id_equal(&offer->person, &sent.person));
    if (as == VL_PAIRING_AS_FOUNDER) {
        vl_circle_id(inviter_keys->card.sign, joiner_keys->card.sign, sent.random, &circle);
        assert_memory_equal(offer->random, sent.random, sizeof sent.random);
    }
    assert_true(vl_id_equal(&offer->circle, &circle));
    expect_text(offer->name, "Les mardis");
    expect_text(offer->purpose, "Se retrouver.\nParler.");
    expect_text(offer->agreement, "Ce qui est dit ici reste ici.");
    expect_text(offer->inviter, "Ad\xc3\xa8le");
    assert_memory_equal(&offer->inviter_card, &inviter_keys->card, sizeof offer->inviter_card);
}

static void check_answer(const struct pair *pair, enum vl_pairing_as as)
{
    const struct vl_pairing_answer *answer = vl_pairing_answer_of(pair->inviter);
    struct vl_id person;

    assert_non_null(answer);
    expect_text(answer->pseudonym, as == VL_PAIRING_AS_DEVICE ? "" : "Beno\xc3\xaet");
    assert_true(vl_id_equal(&answer->circle, &vl_pairing_offer_of(pair->joiner)->circle));
    assert_true(vl_id_equal(&answer->circle, &vl_pairing_offer_of(pair->inviter)->circle));
    vl_person_id(as == VL_PAIRING_AS_DEVICE ? inviter_keys->card.sign : joiner_keys->card.sign,
                 &person);
    assert_int_equal(vl_enrolment_verify(&answer->enrolment, &answer->circle, &person), VL_OK);
    assert_memory_equal(&answer->enrolment.card, &joiner_keys->card, sizeof joiner_keys->card);
    if (as != VL_PAIRING_AS_FOUNDER) return;

    /* With it the founding entry's body holds. */
    struct vl_enrolment enrolments[2];
    struct vl_control found = {
        .kind = VL_CONTROL_FOUND, .enrolments = enrolments, .enrolment_count = 2};
    memcpy(found.random, vl_pairing_offer_of(pair->inviter)->random, sizeof found.random);
    memcpy(found.second_signature, answer->founding_signature, sizeof found.second_signature);
    vl_person_id(inviter_keys->card.sign, &person);
    vl_enrolment_sign(inviter_keys, &answer->circle, &person, &enrolments[0]);
    enrolments[1] = answer->enrolment;
    assert_int_equal(vl_control_verify(&found, &answer->circle, inviter_keys->card.sign), VL_OK);
}

static vl_result carry(struct vl_channel *from, struct vl_channel *to)
{
    struct vl_buffer *out = vl_channel_output(from);
    const vl_result result = vl_channel_receive(to, vl_buffer_view(out));

    vl_buffer_consume(out, out->size);
    return result;
}

/* The channels of both, with what was under way, carry the session's messages. */
static void check_channels(struct pair *pair)
{
    struct vl_channel *inviter = NULL, *joiner = NULL;
    struct vl_buffer message = {0};

    /* The welcome and the session's first message arrive in one piece. */
    assert_int_equal(vl_pairing_take_channel(pair->inviter, &inviter), VL_OK);
    assert_int_equal(vl_pairing_take_channel(pair->inviter, &joiner), VL_ERR_STATE);
    assert_int_equal(vl_channel_send(inviter, vl_bytes_text("from the inviter")), VL_OK);
    struct vl_buffer *out = vl_channel_output(inviter);
    assert_int_equal(vl_pairing_receive(pair->joiner, vl_buffer_view(out)), VL_OK);
    vl_buffer_consume(out, out->size);
    assert_int_equal(vl_pairing_state_of(pair->joiner), VL_PAIRING_WELCOMED);
    assert_int_equal(vl_pairing_take_channel(pair->joiner, &joiner), VL_OK);
    assert_int_equal(vl_channel_take(joiner, &message), VL_OK);
    expect_text(vl_buffer_view(&message), "from the inviter");
    assert_int_equal(vl_channel_send(joiner, vl_bytes_text("from the joiner")), VL_OK);
    assert_int_equal(carry(joiner, inviter), VL_OK);
    assert_int_equal(vl_channel_take(inviter, &message), VL_OK);
    expect_text(vl_buffer_view(&message), "from the joiner");
    vl_buffer_finish(&message);
    vl_channel_destroy(inviter);
    vl_channel_destroy(joiner);
}

static void test_joining_as_each(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VL_PAIRING_AS_COUNT; i++) {
        const enum vl_pairing_as as = (enum vl_pairing_as)i;
        struct pair pair = pair_make(as);
        assert_null(vl_pairing_offer_of(pair.joiner));
        assert_null(vl_pairing_answer_of(pair.inviter));
        assert_int_equal(vl_pairing_decide(pair.joiner, true), VL_ERR_STATE);
        prove(&pair);
        check_offer(&pair, as);
        assert_int_equal(vl_pairing_decide(pair.inviter, true), VL_ERR_STATE);
        accept(&pair);
        check_answer(&pair, as);
        assert_int_equal(vl_pairing_decide(pair.inviter, true), VL_OK);
        assert_int_equal(vl_pairing_state_of(pair.inviter), VL_PAIRING_WELCOMED);
        check_channels(&pair);
        pair_finish(&pair);
    }
}

/* Who does not know as what she will join says her name when she does; a device needs none. */
static void test_pseudonym_said_late(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VL_PAIRING_AS_COUNT; i++) {
        const enum vl_pairing_as as = (enum vl_pairing_as)i;
        struct pair pair = pair_make(as);
        vl_pairing_destroy(pair.joiner);
        assert_int_equal(vl_pairing_join(&pair.joiner, &code, joiner_keys, vl_bytes_text("")),
                         VL_OK);
        prove(&pair);
        if (as != VL_PAIRING_AS_DEVICE) {
            assert_int_equal(vl_pairing_decide(pair.joiner, true), VL_ERR_INVALID);
            assert_int_equal(vl_pairing_state_of(pair.joiner), VL_PAIRING_DECIDING);
            assert_int_equal(vl_pairing_set_pseudonym(pair.joiner, vl_bytes_text("")),
                             VL_ERR_INVALID);
            assert_int_equal(vl_pairing_set_pseudonym(pair.joiner, vl_bytes_text("a\tb")),
                             VL_ERR_INVALID);
            assert_int_equal(vl_pairing_set_pseudonym(pair.joiner, vl_bytes_text("Beno\xc3\xaet")),
                             VL_OK);
        }
        assert_int_equal(vl_pairing_set_pseudonym(pair.inviter, vl_bytes_text("B")), VL_ERR_STATE);
        accept(&pair);
        check_answer(&pair, as);
        assert_int_equal(vl_pairing_set_pseudonym(pair.joiner, vl_bytes_text("B")), VL_ERR_STATE);
        pair_finish(&pair);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    struct pair pair = pair_make(VL_PAIRING_AS_FOUNDER);
    struct vl_pairing *sides[2] = {pair.joiner, pair.inviter};
    bool accepted = false;

    for (unsigned turn = 0; vl_pairing_state_of(pair.inviter) != VL_PAIRING_DECIDING; turn++) {
        assert_true(turn < 10);
        struct vl_buffer *out = vl_pairing_output(sides[turn % 2]);
        for (size_t i = 0; i < out->size; i++)
            assert_int_equal(vl_pairing_receive(sides[1 - turn % 2], vl_bytes(out->data + i, 1)),
                             VL_OK);
        vl_buffer_clear(out);
        if (!accepted && vl_pairing_state_of(pair.joiner) == VL_PAIRING_DECIDING) {
            assert_int_equal(vl_pairing_decide(pair.joiner, true), VL_OK);
            accepted = true;
        }
    }
    check_answer(&pair, VL_PAIRING_AS_FOUNDER);
    pair_finish(&pair);
}

/* Each part of the code counts; the inviter says nothing to a wrong one, and the joiner learns of
 * it by being hung up on. */
static void test_wrong_codes(void **state)
{
    (void)state;
    static const struct vl_code wrong[] = {
        {28, {1, 500, 1023}}, {27, {2, 500, 1023}}, {27, {1, 501, 1023}},
        {27, {1, 500, 1022}}, {27, {500, 1, 1023}}, {27, {1, 500 + 256, 1023}},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);
        vl_pairing_destroy(pair.joiner);
        assert_int_equal(vl_pairing_join(&pair.joiner, &wrong[i], joiner_keys, vl_bytes_text("B")),
                         VL_OK);
        assert_int_equal(pass(pair.joiner, pair.inviter), VL_OK);
        assert_int_equal(pass(pair.inviter, pair.joiner), VL_OK);
        assert_int_equal(pass(pair.joiner, pair.inviter), VL_ERR_CODE);
        assert_int_equal(vl_pairing_output(pair.inviter)->size, 0);
        expect_failed(pair.inviter, VL_ERR_CODE);
        assert_int_equal(vl_pairing_output(pair.inviter)->size, 0);
        vl_pairing_hangup(pair.joiner);
        expect_failed(pair.joiner, VL_ERR_CODE);
        pair_finish(&pair);
    }
}

static void test_codes_out_of_range(void **state)
{
    (void)state;
    static const struct vl_code bad[] = {
        {0, {1, 2, 3}}, {100, {1, 2, 3}}, {1, {1024, 2, 3}}, {1, {1, 2, 1024}}};
    const struct vl_pairing_offer offer = offer_of(VL_PAIRING_AS_MEMBER);
    struct vl_pairing *p = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(vl_pairing_join(&p, &bad[i], joiner_keys, vl_bytes_text("B")),
                         VL_ERR_INVALID);
        assert_null(p);
        assert_int_equal(vl_pairing_invite(&p, &bad[i], inviter_keys, &offer), VL_ERR_INVALID);
        assert_null(p);
    }
    vl_pairing_destroy(NULL);
}

/* ---- somebody in between ---- */

/* Every bit of the open messages (0 hello, 1 share, 2 proof, 3 confirmation) flipped in turn: no
 * side gets to an offer or an answer. */
static void flip_open_bits(unsigned number, size_t size)
{
    for (size_t bit = 0; bit < size * 8; bit += test_scale(1, 37)) {
        struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);
        struct vl_pairing *sides[2] = {pair.joiner, pair.inviter};
        for (unsigned turn = 0; turn < 4; turn++) {
            struct vl_buffer *out = vl_pairing_output(sides[turn % 2]);
            if (turn == number) {
                assert_true(out->size >= size);
                out->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
            if (pass(sides[turn % 2], sides[1 - turn % 2]) != VL_OK) {
                const vl_result why = vl_pairing_error(sides[1 - turn % 2]);
                assert_true(why == VL_ERR_CODE || why == VL_ERR_HANDSHAKE);
                assert_int_equal(vl_pairing_output(sides[1 - turn % 2])->size, 0);
            }
        }
        assert_null(vl_pairing_offer_of(pair.joiner));
        assert_true(vl_pairing_state_of(pair.inviter) == VL_PAIRING_FAILED ||
                    vl_pairing_state_of(pair.joiner) == VL_PAIRING_FAILED);
        pair_finish(&pair);
    }
}

static void test_every_bit_of_the_open_messages(void **state)
{
    (void)state;
    flip_open_bits(0, HELLO_BYTES);
    flip_open_bits(1, SHARE_BYTES);
    flip_open_bits(2, PROOF_BYTES);
    flip_open_bits(3, CONFIRM_BYTES);
}

static void test_truncated_open_messages(void **state)
{
    (void)state;
    static const size_t sizes[] = {HELLO_BYTES, SHARE_BYTES, PROOF_BYTES, CONFIRM_BYTES};

    for (unsigned number = 0; number < 4; number++) {
        for (size_t cut = 0; cut < sizes[number]; cut += test_scale(1, 7)) {
            struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);
            struct vl_pairing *sides[2] = {pair.joiner, pair.inviter};
            for (unsigned turn = 0; turn < number; turn++)
                assert_int_equal(pass(sides[turn % 2], sides[1 - turn % 2]), VL_OK);
            struct vl_buffer *out = vl_pairing_output(sides[number % 2]);
            struct vl_pairing *to = sides[1 - number % 2];
            assert_int_equal(vl_pairing_receive(to, vl_bytes(out->data, cut)), VL_OK);
            assert_int_equal(vl_pairing_output(to)->size, 0);
            vl_pairing_hangup(to);
            expect_failed(to, number == 3 ? VL_ERR_CODE : VL_ERR_CLOSED);
            pair_finish(&pair);
        }
    }
}

static void test_reflected_messages(void **state)
{
    (void)state;
    struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);
    uint8_t message[PROOF_BYTES], share[SHARE_BYTES];

    /* The joiner's nonce comes back as the inviter's. */
    randombytes_buf(share, sizeof share);
    memcpy(share, vl_pairing_output(pair.joiner)->data + 1, 32);
    crypto_core_ristretto255_random(share + 32);
    vl_buffer_clear(vl_pairing_output(pair.joiner));
    assert_int_equal(vl_pairing_receive(pair.joiner, vl_bytes(share, sizeof share)),
                     VL_ERR_HANDSHAKE);
    expect_failed(pair.joiner, VL_ERR_HANDSHAKE);
    assert_int_equal(vl_pairing_output(pair.joiner)->size, 0);
    pair_finish(&pair);

    /* The inviter's point and commitment come back as the joiner's. */
    pair = pair_make(VL_PAIRING_AS_MEMBER);
    assert_int_equal(pass(pair.joiner, pair.inviter), VL_OK);
    struct vl_buffer *out = vl_pairing_output(pair.inviter);
    memset(message, 0, sizeof message);
    memcpy(message, out->data + 32, 64);
    vl_buffer_clear(out);
    assert_int_equal(vl_pairing_receive(pair.inviter, vl_bytes(message, sizeof message)),
                     VL_ERR_HANDSHAKE);
    expect_failed(pair.inviter, VL_ERR_HANDSHAKE);
    assert_int_equal(out->size, 0);
    pair_finish(&pair);

    /* The joiner's confirmation comes back as the inviter's. */
    pair = pair_make(VL_PAIRING_AS_MEMBER);
    assert_int_equal(pass(pair.joiner, pair.inviter), VL_OK);
    assert_int_equal(pass(pair.inviter, pair.joiner), VL_OK);
    out = vl_pairing_output(pair.joiner);
    memcpy(message, out->data + 64, CONFIRM_BYTES);
    assert_int_equal(vl_pairing_receive(pair.joiner, vl_bytes(message, CONFIRM_BYTES)),
                     VL_ERR_CODE);
    expect_failed(pair.joiner, VL_ERR_CODE);
    pair_finish(&pair);
}

/* Points that are none, and the identity: refused before any guess is tested. */
static void test_bad_points(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);
        uint8_t point[32] = {0};
        if (i % 2 == 1) memset(point, 0xff, sizeof point);
        assert_int_equal(pass(pair.joiner, pair.inviter), VL_OK);
        struct vl_pairing *to = pair.joiner;
        struct vl_buffer *out = vl_pairing_output(pair.inviter);
        size_t at = 32;
        if (i >= 2) {
            assert_int_equal(pass(pair.inviter, pair.joiner), VL_OK);
            out = vl_pairing_output(pair.joiner);
            to = pair.inviter;
            at = 0;
        }
        memcpy(out->data + at, point, sizeof point);
        assert_int_equal(vl_pairing_receive(to, vl_buffer_view(out)), VL_ERR_HANDSHAKE);
        expect_failed(to, VL_ERR_HANDSHAKE);
        assert_int_equal(vl_pairing_output(to)->size, 0);
        pair_finish(&pair);
    }
}

/* Two joiners with the same code, one made to play the inviter by somebody in between who reorders
 * their messages: the roles are in the keys. */
static void test_swapped_roles(void **state)
{
    (void)state;
    struct vl_pairing *a = NULL, *b = NULL;
    uint8_t share[SHARE_BYTES], proof_b[PROOF_BYTES];

    assert_int_equal(vl_pairing_join(&a, &code, joiner_keys, vl_bytes_text("A")), VL_OK);
    assert_int_equal(vl_pairing_join(&b, &code, inviter_keys, vl_bytes_text("B")), VL_OK);
    /* b gets a's nonce with some point, so that b shows a point of hers */
    memcpy(share, vl_pairing_output(a)->data + 1, 32);
    crypto_core_ristretto255_random(share + 32);
    memset(share + 64, 7, 32);
    const uint8_t *nonce_b = vl_pairing_output(b)->data + 1;
    uint8_t for_a[SHARE_BYTES];
    memcpy(for_a, nonce_b, 32);
    vl_buffer_clear(vl_pairing_output(b));
    assert_int_equal(vl_pairing_receive(b, vl_bytes(share, sizeof share)), VL_OK);
    memcpy(proof_b, vl_pairing_output(b)->data, sizeof proof_b);
    /* a gets b's nonce, point and commitment as an inviter's, then b's confirmation */
    memcpy(for_a + 32, proof_b, 64);
    vl_buffer_clear(vl_pairing_output(a));
    assert_int_equal(vl_pairing_receive(a, vl_bytes(for_a, sizeof for_a)), VL_OK);
    assert_int_equal(vl_pairing_receive(a, vl_bytes(proof_b + 64, CONFIRM_BYTES)), VL_ERR_CODE);
    expect_failed(a, VL_ERR_CODE);
    vl_pairing_destroy(a);
    vl_pairing_destroy(b);
}

static void test_nothing_of_the_card_is_open(void **state)
{
    (void)state;
    uint8_t seen[2][32];

    /* Two invitations of one device have nothing in common on the wire. */
    for (unsigned i = 0; i < 2; i++) {
        struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);
        assert_int_equal(pass(pair.joiner, pair.inviter), VL_OK);
        const struct vl_buffer *out = vl_pairing_output(pair.inviter);
        assert_null(memmem(out->data, out->size, inviter_keys->card.sign, 8));
        assert_null(memmem(out->data, out->size, inviter_keys->card.noise, 8));
        memcpy(seen[i], out->data + 64, 32);
        pair_finish(&pair);
    }
    assert_memory_not_equal(seen[0], seen[1], 32);
}

/* ---- decisions ---- */

static void test_refusals(void **state)
{
    (void)state;
    struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);

    prove(&pair); /* the joiner, of the offer */
    assert_int_equal(vl_pairing_decide(pair.joiner, false), VL_OK);
    expect_failed(pair.joiner, VL_ERR_REFUSED);
    assert_int_equal(pass(pair.joiner, pair.inviter), VL_ERR_REFUSED);
    expect_failed(pair.inviter, VL_ERR_REFUSED);
    pair_finish(&pair);

    pair = pair_make(VL_PAIRING_AS_FOUNDER); /* the inviter, of the answer */
    prove(&pair);
    accept(&pair);
    assert_int_equal(vl_pairing_decide(pair.inviter, false), VL_OK);
    expect_failed(pair.inviter, VL_ERR_REFUSED);
    assert_int_equal(pass(pair.inviter, pair.joiner), VL_ERR_REFUSED);
    expect_failed(pair.joiner, VL_ERR_REFUSED);
    pair_finish(&pair);

    pair = pair_make(VL_PAIRING_AS_MEMBER); /* the inviter, before there is an answer */
    prove(&pair);
    assert_int_equal(vl_pairing_decide(pair.inviter, false), VL_OK);
    assert_int_equal(pass(pair.inviter, pair.joiner), VL_ERR_REFUSED);
    pair_finish(&pair);

    pair = pair_make(VL_PAIRING_AS_MEMBER); /* nobody can refuse before the proof */
    assert_int_equal(vl_pairing_decide(pair.inviter, false), VL_ERR_STATE);
    pair_finish(&pair);
}

static void test_hanging_up(void **state)
{
    (void)state;
    struct pair pair = pair_make(VL_PAIRING_AS_MEMBER);

    prove(&pair);
    accept(&pair);
    vl_pairing_hangup(pair.joiner);
    expect_failed(pair.joiner, VL_ERR_CLOSED);
    assert_int_equal(vl_pairing_decide(pair.inviter, true), VL_OK);
    vl_pairing_hangup(pair.inviter);
    assert_int_equal(vl_pairing_state_of(pair.inviter), VL_PAIRING_WELCOMED);
    pair_finish(&pair);
}

int main(void)
{
    if (sodium_init() < 0 || vl_device_keys_create(&inviter_keys) != VL_OK ||
        vl_device_keys_create(&joiner_keys) != VL_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joining_as_each),
        cmocka_unit_test(test_pseudonym_said_late),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_wrong_codes),
        cmocka_unit_test(test_codes_out_of_range),
        cmocka_unit_test(test_every_bit_of_the_open_messages),
        cmocka_unit_test(test_truncated_open_messages),
        cmocka_unit_test(test_reflected_messages),
        cmocka_unit_test(test_bad_points),
        cmocka_unit_test(test_swapped_roles),
        cmocka_unit_test(test_nothing_of_the_card_is_open),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_hanging_up),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vl_device_keys_destroy(inviter_keys);
    vl_device_keys_destroy(joiner_keys);
    return failed;
}
