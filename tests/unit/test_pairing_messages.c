/* What is said in a pairing's channel: one canonical form, limits, and what a peer who knows the
 * code but lies can do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/pairing_messages.h"
#include <veillee/control.h>

static const struct vl_code code = {27, {1, 500, 1023}};
static const uint8_t blind[PROOF_BLIND_BYTES] = {9};
static struct vl_device_keys *inviter_keys, *joiner_keys;

static struct vl_pairing_offer offer_of(enum vl_pairing_as as)
{
    struct vl_pairing_offer offer = {
        .as = as,
        .name = vl_bytes_text("Les mardis"),
        .purpose = vl_bytes_text("Se retrouver."),
        .agreement = vl_bytes_text("Ce qui est dit ici reste ici."),
        .inviter = vl_bytes_text("Ad\xc3\xa8le"),
        .inviter_card = inviter_keys->card,
    };

    memset(as == VL_PAIRING_AS_FOUNDER ? offer.random : offer.circle.bytes, 0x5a, 32);
    if (as == VL_PAIRING_AS_DEVICE) vl_person_id(inviter_keys->card.sign, &offer.person);
    return offer;
}

static void answer_of(enum vl_pairing_as as, struct vl_pairing_answer *answer)
{
    const struct vl_pairing_offer offer = offer_of(as);
    struct vl_id person;

    memset(answer, 0, sizeof *answer);
    if (as != VL_PAIRING_AS_DEVICE) answer->pseudonym = vl_bytes_text("Benoit");
    answer->circle = offer.circle;
    if (as == VL_PAIRING_AS_FOUNDER)
        vl_circle_id(inviter_keys->card.sign, joiner_keys->card.sign, offer.random,
                     &answer->circle);
    vl_person_id(joiner_keys->card.sign, &person);
    if (as == VL_PAIRING_AS_DEVICE) person = offer.person;
    vl_enrolment_sign(joiner_keys, &answer->circle, &person, &answer->enrolment);
    if (as == VL_PAIRING_AS_FOUNDER)
        vl_founding_sign(joiner_keys, &answer->circle, &inviter_keys->card,
                         answer->founding_signature);
}

/* ---- encoding ---- */

static vl_result again(struct vl_bytes message, struct vl_buffer *out)
{
    struct vl_pairing_offer offer;
    struct vl_pairing_answer answer;
    uint8_t back[PROOF_BLIND_BYTES];
    enum pairing_message kind;
    enum vl_pairing_as as;

    VL_TRY(pairing_message_kind(message, &kind));
    switch (kind) {
    case PAIRING_OFFER:
        VL_TRY(pairing_offer_decode(message, &offer, back));
        return pairing_offer_encode(&offer, back, out);
    case PAIRING_ACCEPT:
        VL_TRY(pairing_answer_decode(message, &answer, &as, back));
        return pairing_answer_encode(&answer, as, back, out);
    case PAIRING_WELCOME:
    case PAIRING_REFUSE:
        VL_TRY(pairing_word_decode(message));
        return pairing_word_encode(kind, out);
    }
    return VL_ERR_INTERNAL;
}

/* Decoding gives the same bytes back or refuses: the whole, every prefix, every bit flipped. */
static void check_canonical(const struct vl_buffer *message)
{
    struct vl_buffer back = {0};

    assert_int_equal(again(vl_buffer_view(message), &back), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(message), vl_buffer_view(&back)));
    for (size_t size = 0; size < message->size; size++)
        assert_int_not_equal(again(vl_bytes(message->data, size), &back), VL_OK);
    for (size_t bit = 0; bit < message->size * 8; bit++) {
        vl_buffer_clear(&back);
        message->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (again(vl_buffer_view(message), &back) == VL_OK)
            assert_true(vl_bytes_equal(vl_buffer_view(message), vl_buffer_view(&back)));
        message->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    vl_buffer_finish(&back);
}

static void test_canonical_encoding(void **state)
{
    (void)state;
    struct vl_buffer message = {0};

    for (unsigned i = 0; i < VL_PAIRING_AS_COUNT; i++) {
        const enum vl_pairing_as as = (enum vl_pairing_as)i;
        const struct vl_pairing_offer offer = offer_of(as);
        struct vl_pairing_answer answer;
        answer_of(as, &answer);
        vl_buffer_clear(&message);
        assert_int_equal(pairing_offer_encode(&offer, blind, &message), VL_OK);
        check_canonical(&message);
        assert_int_equal(vl_buffer_append(&message, "", 1), VL_OK);
        struct vl_buffer back = {0};
        assert_int_equal(again(vl_buffer_view(&message), &back), VL_ERR_TRAILING);
        vl_buffer_finish(&back);
        vl_buffer_clear(&message);
        assert_int_equal(pairing_answer_encode(&answer, as, blind, &message), VL_OK);
        check_canonical(&message);
    }
    for (unsigned kind = PAIRING_WELCOME; kind <= PAIRING_REFUSE; kind++) {
        vl_buffer_clear(&message);
        assert_int_equal(pairing_word_encode((enum pairing_message)kind, &message), VL_OK);
        check_canonical(&message);
    }
    vl_buffer_finish(&message);
}

/* ---- texts and their limits ---- */

static vl_result try_offer(struct vl_pairing_offer offer)
{
    struct vl_pairing *p = NULL;
    const vl_result result = vl_pairing_invite(&p, &code, inviter_keys, &offer);

    if (result == VL_OK) {
        assert_int_equal(vl_pairing_state_of(p), VL_PAIRING_PROVING);
    } else {
        assert_null(p);
    }
    vl_pairing_destroy(p);
    return result;
}

static vl_result try_pseudonym(struct vl_bytes name)
{
    struct vl_pairing *p = NULL;
    const vl_result result = vl_pairing_join(&p, &code, joiner_keys, name);

    vl_pairing_destroy(p);
    return result;
}

static void test_text_limits(void **state)
{
    (void)state;
    char *text = malloc(VL_AGREEMENT_BYTES_MAX + 1);
    struct vl_pairing_offer offer = offer_of(VL_PAIRING_AS_MEMBER);

    assert_non_null(text);
    memset(text, 'x', VL_AGREEMENT_BYTES_MAX + 1);
    offer.purpose = offer.agreement = vl_bytes(text, VL_AGREEMENT_BYTES_MAX);
    offer.name = offer.inviter = vl_bytes(text, VL_NAME_BYTES_MAX);
    assert_int_equal(try_offer(offer), VL_OK);
    offer.name = vl_bytes(text, VL_NAME_BYTES_MAX + 1);
    assert_int_equal(try_offer(offer), VL_ERR_TOO_LARGE);
    offer.name = vl_bytes(text, 0);
    assert_int_equal(try_offer(offer), VL_ERR_INVALID);
    offer.name = vl_bytes_text("a\nb");
    assert_int_equal(try_offer(offer), VL_ERR_INVALID);
    offer.name = vl_bytes_text("\xff");
    assert_int_equal(try_offer(offer), VL_ERR_UTF8);
    offer = offer_of(VL_PAIRING_AS_MEMBER);
    offer.inviter = vl_bytes(text, VL_NAME_BYTES_MAX + 1);
    assert_int_equal(try_offer(offer), VL_ERR_TOO_LARGE);
    offer = offer_of(VL_PAIRING_AS_MEMBER);
    offer.purpose = vl_bytes(text, VL_AGREEMENT_BYTES_MAX + 1);
    assert_int_equal(try_offer(offer), VL_ERR_TOO_LARGE);
    offer = offer_of(VL_PAIRING_AS_MEMBER);
    offer.agreement = vl_bytes(text, VL_AGREEMENT_BYTES_MAX + 1);
    assert_int_equal(try_offer(offer), VL_ERR_TOO_LARGE);
    offer.agreement = vl_bytes(NULL, 0);
    assert_int_equal(try_offer(offer), VL_OK);

    assert_int_equal(try_pseudonym(vl_bytes(text, VL_NAME_BYTES_MAX)), VL_OK);
    assert_int_equal(try_pseudonym(vl_bytes(text, VL_NAME_BYTES_MAX + 1)), VL_ERR_TOO_LARGE);
    assert_int_equal(try_pseudonym(vl_bytes(text, 0)), VL_OK); /* not said yet */
    assert_int_equal(try_pseudonym(vl_bytes_text("\x1b[31m")), VL_ERR_UTF8);
    free(text);
}

/* The largest offer is one message, and comes back whole. */
static void test_largest_offer(void **state)
{
    (void)state;
    struct vl_pairing_offer offer = offer_of(VL_PAIRING_AS_MEMBER), back;
    struct vl_buffer message = {0};
    uint8_t got[PROOF_BLIND_BYTES];
    char *text = malloc(VL_AGREEMENT_BYTES_MAX);

    assert_non_null(text);
    memset(text, 'y', VL_AGREEMENT_BYTES_MAX);
    offer.purpose = offer.agreement = vl_bytes(text, VL_AGREEMENT_BYTES_MAX);
    offer.name = offer.inviter = vl_bytes(text, VL_NAME_BYTES_MAX);
    assert_int_equal(pairing_offer_encode(&offer, blind, &message), VL_OK);
    assert_true(message.size <= VL_MESSAGE_BYTES_MAX);
    assert_int_equal(pairing_offer_decode(vl_buffer_view(&message), &back, got), VL_OK);
    assert_true(vl_bytes_equal(back.agreement, offer.agreement));
    assert_true(vl_bytes_equal(back.name, offer.name));
    assert_memory_equal(got, blind, sizeof got);
    free(text);
    vl_buffer_finish(&message);
}

/* ---- liars who know the code ---- */

struct liar { /* speaks the protocol by hand, against an honest pairing */
    struct vl_pairing *honest;
    struct proof proof;
    struct vl_channel *channel;
};

static void liar_open(struct liar *liar)
{
    assert_int_equal(proof_channel(&liar->proof, &liar->channel), VL_OK);
}

/* A joiner with these keys, up to the offer that the honest inviter has sent. */
static void lie_as_joiner(struct liar *liar, enum vl_pairing_as as,
                          const struct vl_device_card *card)
{
    const struct vl_pairing_offer offer = offer_of(as);
    uint8_t message[1 + PROOF_NONCE_BYTES] = {1}, confirmation[PROOF_CONFIRM_BYTES];
    struct vl_buffer text = {0};

    memset(liar, 0, sizeof *liar);
    assert_int_equal(vl_pairing_invite(&liar->honest, &code, inviter_keys, &offer), VL_OK);
    assert_int_equal(proof_start(&liar->proof, PROOF_JOINER, &code), VL_OK);
    memcpy(message + 1, liar->proof.own.nonce, PROOF_NONCE_BYTES);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(message, sizeof message)), VL_OK);
    struct vl_buffer *out = vl_pairing_output(liar->honest);
    memcpy(liar->proof.peer.nonce, out->data, PROOF_NONCE_BYTES);
    assert_int_equal(proof_share(&liar->proof, card), VL_OK);
    assert_int_equal(proof_root(&liar->proof, out->data + 32, out->data + 64), VL_OK);
    vl_buffer_clear(out);
    proof_confirmation(&liar->proof, confirmation);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(liar->proof.own.point, 32)), VL_OK);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(liar->proof.own.ad + 1, 32)), VL_OK);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(confirmation, 32)), VL_OK);
    out = vl_pairing_output(liar->honest);
    assert_int_equal(proof_check(&liar->proof, out->data), VL_OK);
    liar_open(liar);
    assert_int_equal(vl_channel_receive(liar->channel, vl_bytes(out->data + 32, out->size - 32)),
                     VL_OK);
    vl_buffer_clear(out);
    assert_int_equal(vl_channel_take(liar->channel, &text), VL_OK);
    vl_buffer_finish(&text);
}

/* An inviter with these keys, up to where the honest joiner waits for the offer. */
static void lie_as_inviter(struct liar *liar, const struct vl_device_card *card)
{
    uint8_t confirmation[PROOF_CONFIRM_BYTES];

    memset(liar, 0, sizeof *liar);
    assert_int_equal(vl_pairing_join(&liar->honest, &code, joiner_keys, vl_bytes_text("B")), VL_OK);
    assert_int_equal(proof_start(&liar->proof, PROOF_INVITER, &code), VL_OK);
    struct vl_buffer *out = vl_pairing_output(liar->honest);
    memcpy(liar->proof.peer.nonce, out->data + 1, PROOF_NONCE_BYTES);
    vl_buffer_clear(out);
    assert_int_equal(proof_share(&liar->proof, card), VL_OK);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(liar->proof.own.nonce, 32)), VL_OK);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(liar->proof.own.point, 32)), VL_OK);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(liar->proof.own.ad + 1, 32)), VL_OK);
    assert_int_equal(proof_root(&liar->proof, out->data, out->data + 32), VL_OK);
    assert_int_equal(proof_check(&liar->proof, out->data + 64), VL_OK);
    vl_buffer_clear(out);
    proof_confirmation(&liar->proof, confirmation);
    assert_int_equal(vl_pairing_receive(liar->honest, vl_bytes(confirmation, 32)), VL_OK);
    liar_open(liar);
}

static void liar_finish(struct liar *liar)
{
    vl_channel_destroy(liar->channel);
    vl_pairing_destroy(liar->honest);
    proof_wipe(&liar->proof);
}

static vl_result say(struct liar *liar, const struct vl_buffer *message)
{
    struct vl_buffer *out = vl_channel_output(liar->channel);

    assert_int_equal(vl_channel_send(liar->channel, vl_buffer_view(message)), VL_OK);
    const vl_result result = vl_pairing_receive(liar->honest, vl_buffer_view(out));
    vl_buffer_clear(out);
    if (result != VL_OK) {
        assert_int_equal(vl_pairing_state_of(liar->honest), VL_PAIRING_FAILED);
        assert_int_equal(vl_pairing_output(liar->honest)->size, 0);
        assert_null(vl_pairing_answer_of(liar->honest));
    }
    return result;
}

enum lie {
    TRUE_ANSWER,
    OTHER_CARD,
    OTHER_BLIND,
    OTHER_CIRCLE,
    OTHER_PERSON,
    BAD_ENROLMENT,
    AS_FOUNDER,
    AS_DEVICE,
    BAD_FOUNDING_SIGNATURE,
    INVITERS_KEYS,
    LIE_COUNT
};

static vl_result answer_with(enum lie lie, enum vl_pairing_as as)
{
    struct vl_pairing_answer answer;
    struct vl_buffer message = {0};
    struct liar liar;
    struct vl_id person;
    uint8_t opening[PROOF_BLIND_BYTES];
    enum vl_pairing_as says = as;

    lie_as_joiner(&liar, as, lie == INVITERS_KEYS ? &inviter_keys->card : &joiner_keys->card);
    answer_of(as, &answer);
    memcpy(opening, liar.proof.blind, sizeof opening);
    if (lie == OTHER_CARD) answer.enrolment.card.seal[0] ^= 1;
    if (lie == OTHER_BLIND) opening[0] ^= 1;
    if (lie == OTHER_CIRCLE) {
        answer.circle.bytes[0] ^= 1;
        vl_person_id(joiner_keys->card.sign, &person);
        vl_enrolment_sign(joiner_keys, &answer.circle, &person, &answer.enrolment);
    }
    if (lie == OTHER_PERSON) { /* herself where she is to be a device, else the inviter */
        vl_person_id(as == VL_PAIRING_AS_DEVICE ? joiner_keys->card.sign : inviter_keys->card.sign,
                     &person);
        vl_enrolment_sign(joiner_keys, &answer.circle, &person, &answer.enrolment);
    }
    if (lie == BAD_ENROLMENT) answer.enrolment.signature[63] ^= 1;
    if (lie == AS_FOUNDER) says = VL_PAIRING_AS_FOUNDER;
    if (lie == AS_DEVICE) says = VL_PAIRING_AS_DEVICE;
    if (says != as) answer.pseudonym = vl_bytes_text(says == VL_PAIRING_AS_DEVICE ? "" : "Benoit");
    if (lie == BAD_FOUNDING_SIGNATURE) answer.founding_signature[0] ^= 1;
    if (lie == INVITERS_KEYS) answer.enrolment.card = inviter_keys->card;
    assert_int_equal(pairing_answer_encode(&answer, says, opening, &message), VL_OK);
    const vl_result result = say(&liar, &message);
    vl_buffer_finish(&message);
    liar_finish(&liar);
    return result;
}

static void test_lying_joiners(void **state)
{
    (void)state;
    static const vl_result expected[LIE_COUNT] = {
        [TRUE_ANSWER] = VL_OK,
        [OTHER_CARD] = VL_ERR_HASH,
        [OTHER_BLIND] = VL_ERR_HASH,
        [OTHER_CIRCLE] = VL_ERR_CIRCLE,
        [OTHER_PERSON] = VL_ERR_SIGNATURE,
        [BAD_ENROLMENT] = VL_ERR_SIGNATURE,
        [AS_FOUNDER] = VL_ERR_INVALID,
        [AS_DEVICE] = VL_ERR_INVALID,
        [BAD_FOUNDING_SIGNATURE] = VL_ERR_SIGNATURE,
        [INVITERS_KEYS] = VL_ERR_INVALID,
    };

    for (unsigned as = 0; as < VL_PAIRING_AS_COUNT; as++) {
        for (unsigned lie = 0; lie < LIE_COUNT; lie++) {
            const bool founder = as == VL_PAIRING_AS_FOUNDER, device = as == VL_PAIRING_AS_DEVICE;
            if ((lie == BAD_FOUNDING_SIGNATURE && !founder) || (lie == AS_FOUNDER && founder) ||
                (lie == AS_DEVICE && device))
                continue;
            assert_int_equal(answer_with((enum lie)lie, (enum vl_pairing_as)as), expected[lie]);
        }
    }
}

static void test_lying_inviters(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4 * VL_PAIRING_AS_COUNT; i++) {
        const unsigned lie = i % 4;
        const enum vl_pairing_as as = (enum vl_pairing_as)(i / 4);
        struct vl_pairing_offer offer = offer_of(as);
        struct vl_buffer message = {0};
        struct liar liar;
        uint8_t opening[PROOF_BLIND_BYTES];
        lie_as_inviter(&liar, lie == 3 ? &joiner_keys->card : &inviter_keys->card);
        memcpy(opening, liar.proof.blind, sizeof opening);
        if (lie == 1) offer.inviter_card.noise[0] ^= 1;
        if (lie == 2) opening[31] ^= 1;
        if (lie == 3) offer.inviter_card = joiner_keys->card;
        assert_int_equal(pairing_offer_encode(&offer, opening, &message), VL_OK);
        assert_int_equal(say(&liar, &message), lie == 0   ? VL_OK
                                               : lie == 3 ? VL_ERR_INVALID
                                                          : VL_ERR_HASH);
        if (lie != 0) assert_null(vl_pairing_offer_of(liar.honest));
        vl_buffer_finish(&message);
        liar_finish(&liar);
    }
}

/* Nothing in a device's answer is free: with any bit of it turned the inviter refuses. */
static void test_every_byte_of_a_device_answer_counts(void **state)
{
    (void)state;
    struct vl_buffer message = {0};
    size_t size = 1;

    for (size_t at = 0; at < size; at++) {
        struct vl_pairing_answer answer;
        struct liar liar;
        answer_of(VL_PAIRING_AS_DEVICE, &answer);
        lie_as_joiner(&liar, VL_PAIRING_AS_DEVICE, &joiner_keys->card);
        vl_buffer_clear(&message);
        assert_int_equal(
            pairing_answer_encode(&answer, VL_PAIRING_AS_DEVICE, liar.proof.blind, &message),
            VL_OK);
        size = message.size;
        message.data[at] ^= (uint8_t)(1u << at % 8);
        assert_int_not_equal(say(&liar, &message), VL_OK);
        liar_finish(&liar);
    }
    assert_true(size > VL_ENROLMENT_BYTES);
    vl_buffer_finish(&message);
}

/* An offer names somebody whose device the joiner is to be, and an answer to it has no name. */
static void test_devices_of_nobody_and_with_a_name(void **state)
{
    (void)state;
    struct vl_pairing_offer offer = offer_of(VL_PAIRING_AS_DEVICE);
    struct vl_pairing_answer answer;
    struct vl_buffer message = {0};
    uint8_t back[PROOF_BLIND_BYTES];
    enum vl_pairing_as as;

    assert_int_equal(try_offer(offer), VL_OK);
    assert_int_equal(pairing_offer_encode(&offer, blind, &message), VL_OK);
    memset(message.data + message.size - 64, 0, 32);
    assert_int_equal(pairing_offer_decode(vl_buffer_view(&message), &offer, back), VL_ERR_INVALID);
    memset(&offer.person, 0, sizeof offer.person);
    assert_int_equal(try_offer(offer), VL_ERR_INVALID);

    answer_of(VL_PAIRING_AS_DEVICE, &answer);
    answer.pseudonym = vl_bytes_text("B");
    vl_buffer_clear(&message);
    assert_int_equal(pairing_answer_encode(&answer, VL_PAIRING_AS_DEVICE, blind, &message),
                     VL_ERR_INVALID);
    assert_int_equal(message.size, 0);
    assert_int_equal(pairing_answer_encode(&answer, VL_PAIRING_AS_MEMBER, blind, &message), VL_OK);
    message.data[message.size - PROOF_BLIND_BYTES - 1] = VL_PAIRING_AS_DEVICE;
    assert_int_equal(pairing_answer_decode(vl_buffer_view(&message), &answer, &as, back),
                     VL_ERR_INVALID);
    message.data[message.size - PROOF_BLIND_BYTES - 1] = VL_PAIRING_AS_COUNT;
    assert_int_equal(pairing_answer_decode(vl_buffer_view(&message), &answer, &as, back),
                     VL_ERR_NOT_CANONICAL);
    vl_buffer_finish(&message);
}

/* Each message where it does not belong, and what is no message. */
static void test_messages_out_of_turn(void **state)
{
    (void)state;
    struct vl_pairing_answer answer;
    const struct vl_pairing_offer offer = offer_of(VL_PAIRING_AS_MEMBER);
    struct vl_buffer messages[5] = {{0}};
    static const uint8_t unknown[] = {5};

    answer_of(VL_PAIRING_AS_MEMBER, &answer);
    assert_int_equal(pairing_offer_encode(&offer, blind, &messages[0]), VL_OK);
    assert_int_equal(pairing_answer_encode(&answer, VL_PAIRING_AS_MEMBER, blind, &messages[1]),
                     VL_OK);
    assert_int_equal(pairing_word_encode(PAIRING_WELCOME, &messages[2]), VL_OK);
    assert_int_equal(vl_buffer_append(&messages[3], unknown, 1), VL_OK);
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned i = 0; i < 5; i++) {
            struct liar liar;
            if (side == 0) lie_as_joiner(&liar, VL_PAIRING_AS_MEMBER, &joiner_keys->card);
            if (side == 1) lie_as_inviter(&liar, &inviter_keys->card);
            const vl_result result = say(&liar, &messages[i]);
            if (i == 4) {
                assert_int_equal(result, VL_ERR_TRUNCATED);
            } else if (i == 3) {
                assert_int_equal(result, VL_ERR_KIND);
            } else if (i == (side == 0 ? 1u : 0u)) {
                assert_int_equal(result, VL_ERR_HASH); /* its turn, but not its blind */
            } else {
                assert_int_equal(result, VL_ERR_STATE);
            }
            liar_finish(&liar);
        }
    }
    for (unsigned i = 0; i < 5; i++)
        vl_buffer_finish(&messages[i]);
}

/* A close record instead of a message. */
static void test_close_record_instead(void **state)
{
    (void)state;
    struct liar liar;

    lie_as_joiner(&liar, VL_PAIRING_AS_MEMBER, &joiner_keys->card);
    assert_int_equal(vl_channel_send_close(liar.channel), VL_OK);
    assert_int_equal(
        vl_pairing_receive(liar.honest, vl_buffer_view(vl_channel_output(liar.channel))),
        VL_ERR_CLOSED);
    assert_int_equal(vl_pairing_error(liar.honest), VL_ERR_CLOSED);
    liar_finish(&liar);
}

int main(void)
{
    if (sodium_init() < 0 || vl_device_keys_create(&inviter_keys) != VL_OK ||
        vl_device_keys_create(&joiner_keys) != VL_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_encoding),
        cmocka_unit_test(test_text_limits),
        cmocka_unit_test(test_largest_offer),
        cmocka_unit_test(test_lying_joiners),
        cmocka_unit_test(test_lying_inviters),
        cmocka_unit_test(test_messages_out_of_turn),
        cmocka_unit_test(test_close_record_instead),
        cmocka_unit_test(test_every_byte_of_a_device_answer_counts),
        cmocka_unit_test(test_devices_of_nobody_and_with_a_name),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vl_device_keys_destroy(inviter_keys);
    vl_device_keys_destroy(joiner_keys);
    return failed;
}
