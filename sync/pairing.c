#include <veillee/pairing.h>

#include "sync/pairing_messages.h"
#include "sync/pairing_proof.h"
#include <sodium.h>
#include <string.h>
#include <veillee/control.h>

/* Invariants
 *  P1  Nothing made from the words leaves but CPace's points and the confirmations; the inviter's
 *      confirmation only after the joiner's was right.
 *  P2  Names, cards and ids are sent in the channel alone, which exists only after this side has
 *      checked the other's confirmation.
 *  P3  A card is the one committed to before the keys were agreed.
 *  P4  FAILED has no secret of the exchange any more.
 *
 *   inviter  AWAIT_HELLO --take_hello--> AWAIT_PROOF --take_proof--> AWAIT_ANSWER --take_answer-->
 *            DECIDING --vl_pairing_decide--> WELCOMED
 *   joiner   AWAIT_SHARE --take_share--> AWAIT_CONFIRM --take_confirm--> AWAIT_OFFER
 *            --take_offer--> DECIDING --vl_pairing_decide--> AWAIT_WELCOME --WELCOME--> WELCOMED
 *   both     fail() --> FAILED */

enum stage {
    AWAIT_HELLO,
    AWAIT_SHARE,
    AWAIT_PROOF,
    AWAIT_CONFIRM,
    AWAIT_OFFER,
    AWAIT_ANSWER,
    AWAIT_WELCOME,
    DECIDING,
    WELCOMED,
    FAILED
};

#define PROTOCOL_VERSION 1u
#define HELLO_BYTES      (1u + PROOF_NONCE_BYTES)
#define SHARE_BYTES      (PROOF_NONCE_BYTES + CPACE_POINT_BYTES + PROOF_COMMITMENT_BYTES)
#define PROVE_BYTES      (CPACE_POINT_BYTES + PROOF_COMMITMENT_BYTES + PROOF_CONFIRM_BYTES)

struct vl_pairing { /* in memory from sodium_malloc */
    enum stage stage;
    vl_result error;
    bool inviter;
    const struct vl_device_keys *keys;
    struct proof proof;
    struct vl_channel *channel;
    struct vl_buffer input, output; /* before the channel */
    struct vl_buffer offer_bytes, answer_bytes, pseudonym;
    struct vl_pairing_offer offer; /* views into offer_bytes */
    struct vl_pairing_answer answer;
    bool has_offer, has_answer;
};

static vl_result fail(struct vl_pairing *p, vl_result why)
{
    p->stage = FAILED;
    p->error = why;
    proof_wipe(&p->proof);
    vl_buffer_wipe(&p->input);
    return why;
}

/* ---- the messages of fixed size ---- */

static vl_result put(struct vl_pairing *p, const uint8_t *bytes, size_t size)
{
    return vl_buffer_append(&p->output, bytes, size);
}

static vl_result put_hello(struct vl_pairing *p)
{
    const uint8_t version = PROTOCOL_VERSION;

    VL_TRY(put(p, &version, 1));
    return put(p, p->proof.own.nonce, PROOF_NONCE_BYTES);
}

static vl_result put_half(struct vl_pairing *p)
{
    VL_TRY(put(p, p->proof.own.point, CPACE_POINT_BYTES));
    return put(p, p->proof.own.ad + 1, PROOF_COMMITMENT_BYTES);
}

static vl_result put_confirmation(struct vl_pairing *p)
{
    uint8_t confirmation[PROOF_CONFIRM_BYTES];

    proof_confirmation(&p->proof, confirmation);
    return put(p, confirmation, sizeof confirmation);
}

/* Both are confirmed. What is still to be written goes before the channel's first frame. */
static vl_result open_channel(struct vl_pairing *p)
{
    VL_TRY(proof_channel(&p->proof, &p->channel));
    proof_wipe(&p->proof);
    VL_TRY(vl_buffer_append(vl_channel_output(p->channel), p->output.data, p->output.size));
    vl_buffer_clear(&p->output);
    return VL_OK;
}

static vl_result take_hello(struct vl_pairing *p, const uint8_t *at)
{
    if (at[0] != PROTOCOL_VERSION) return VL_ERR_HANDSHAKE;
    memcpy(p->proof.peer.nonce, at + 1, PROOF_NONCE_BYTES);
    VL_TRY(proof_share(&p->proof, &p->keys->card));
    VL_TRY(put(p, p->proof.own.nonce, PROOF_NONCE_BYTES));
    VL_TRY(put_half(p));
    p->stage = AWAIT_PROOF;
    return VL_OK;
}

static vl_result take_share(struct vl_pairing *p, const uint8_t *at)
{
    memcpy(p->proof.peer.nonce, at, PROOF_NONCE_BYTES);
    at += PROOF_NONCE_BYTES;
    VL_TRY(proof_share(&p->proof, &p->keys->card));
    VL_TRY(proof_root(&p->proof, at, at + CPACE_POINT_BYTES));
    VL_TRY(put_half(p));
    VL_TRY(put_confirmation(p));
    p->stage = AWAIT_CONFIRM;
    return VL_OK;
}

static vl_result take_proof(struct vl_pairing *p, const uint8_t *at)
{
    VL_TRY(proof_root(&p->proof, at, at + CPACE_POINT_BYTES));
    VL_TRY(proof_check(&p->proof, at + CPACE_POINT_BYTES + PROOF_COMMITMENT_BYTES));
    VL_TRY(put_confirmation(p));
    VL_TRY(open_channel(p));
    p->stage = AWAIT_ANSWER;

    /* The offer was encoded at the beginning, but its blind was not known then. */
    struct vl_buffer message = {0};
    vl_result result = pairing_offer_encode(&p->offer, p->proof.blind, &message);
    if (result == VL_OK) result = vl_channel_send(p->channel, vl_buffer_view(&message));
    vl_buffer_finish(&message);
    return result;
}

static vl_result take_confirm(struct vl_pairing *p, const uint8_t *at)
{
    VL_TRY(proof_check(&p->proof, at));
    VL_TRY(open_channel(p));
    p->stage = AWAIT_OFFER;
    return VL_OK;
}

/* Size of the message that is awaited before the channel; 0 once it is there. */
static size_t awaited_bytes(const struct vl_pairing *p)
{
    switch (p->stage) {
    case AWAIT_HELLO: return HELLO_BYTES;
    case AWAIT_SHARE: return SHARE_BYTES;
    case AWAIT_PROOF: return PROVE_BYTES;
    case AWAIT_CONFIRM: return PROOF_CONFIRM_BYTES;
    case AWAIT_OFFER:
    case AWAIT_ANSWER:
    case AWAIT_WELCOME:
    case DECIDING:
    case WELCOMED:
    case FAILED: break;
    }
    return 0;
}

static vl_result take_plain(struct vl_pairing *p, const uint8_t *at)
{
    switch (p->stage) {
    case AWAIT_HELLO: return take_hello(p, at);
    case AWAIT_SHARE: return take_share(p, at);
    case AWAIT_PROOF: return take_proof(p, at);
    case AWAIT_CONFIRM: return take_confirm(p, at);
    case AWAIT_OFFER:
    case AWAIT_ANSWER:
    case AWAIT_WELCOME:
    case DECIDING:
    case WELCOMED:
    case FAILED: break;
    }
    return VL_ERR_INTERNAL;
}

/* ---- the messages in the channel ---- */

static vl_result check_card(const struct vl_pairing *p, const struct vl_device_card *card,
                            const uint8_t blind[static PROOF_BLIND_BYTES])
{
    VL_TRY(proof_check_card(&p->proof, card, blind));
    /* Nobody pairs with herself. */
    return memcmp(card->sign, p->keys->card.sign, sizeof card->sign) == 0 ? VL_ERR_INVALID : VL_OK;
}

static vl_result take_offer(struct vl_pairing *p, struct vl_bytes message)
{
    uint8_t blind[PROOF_BLIND_BYTES];

    VL_TRY(vl_buffer_append(&p->offer_bytes, message.data, message.size));
    VL_TRY(pairing_offer_decode(vl_buffer_view(&p->offer_bytes), &p->offer, blind));
    VL_TRY(check_card(p, &p->offer.inviter_card, blind));
    if (p->offer.as == VL_PAIRING_AS_FOUNDER)
        vl_circle_id(p->offer.inviter_card.sign, p->keys->card.sign, p->offer.random,
                     &p->offer.circle);
    p->has_offer = true;
    p->stage = DECIDING;
    return VL_OK;
}

static vl_result verify_founding(const struct vl_pairing *p)
{
    struct vl_enrolment enrolments[2];
    struct vl_id me;
    struct vl_control found = {
        .kind = VL_CONTROL_FOUND, .enrolments = enrolments, .enrolment_count = 2};

    memcpy(found.random, p->offer.random, sizeof found.random);
    memcpy(found.second_signature, p->answer.founding_signature, sizeof found.second_signature);
    vl_person_id(p->keys->card.sign, &me);
    vl_enrolment_sign(p->keys, &p->answer.circle, &me, &enrolments[0]);
    enrolments[1] = p->answer.enrolment;
    return vl_control_verify(&found, &p->answer.circle, p->keys->card.sign);
}

static vl_result take_answer(struct vl_pairing *p, struct vl_bytes message)
{
    uint8_t blind[PROOF_BLIND_BYTES];
    enum vl_pairing_as as;
    struct vl_id circle = p->offer.circle, person = p->offer.person;

    VL_TRY(vl_buffer_append(&p->answer_bytes, message.data, message.size));
    VL_TRY(pairing_answer_decode(vl_buffer_view(&p->answer_bytes), &p->answer, &as, blind));
    const struct vl_device_card *card = &p->answer.enrolment.card;
    VL_TRY(check_card(p, card, blind));
    if (as != p->offer.as) return VL_ERR_INVALID;
    if (as == VL_PAIRING_AS_FOUNDER)
        vl_circle_id(p->keys->card.sign, card->sign, p->offer.random, &circle);
    if (!vl_id_equal(&circle, &p->answer.circle)) return VL_ERR_CIRCLE;
    if (as != VL_PAIRING_AS_DEVICE) vl_person_id(card->sign, &person);
    VL_TRY(vl_enrolment_verify(&p->answer.enrolment, &circle, &person));
    if (as == VL_PAIRING_AS_FOUNDER) VL_TRY(verify_founding(p));
    p->offer.circle = circle;
    p->has_answer = true;
    p->stage = DECIDING;
    return VL_OK;
}

static vl_result take_message(struct vl_pairing *p, struct vl_bytes message)
{
    enum pairing_message kind;

    VL_TRY(pairing_message_kind(message, &kind));
    if (kind == PAIRING_REFUSE) {
        VL_TRY(pairing_word_decode(message));
        return VL_ERR_REFUSED;
    }
    if (kind == PAIRING_OFFER && p->stage == AWAIT_OFFER) return take_offer(p, message);
    if (kind == PAIRING_ACCEPT && p->stage == AWAIT_ANSWER) return take_answer(p, message);
    if (kind == PAIRING_WELCOME && p->stage == AWAIT_WELCOME) {
        VL_TRY(pairing_word_decode(message));
        p->stage = WELCOMED;
        return VL_OK;
    }
    return VL_ERR_STATE;
}

/* Takes messages until there is none, or the rest belongs to the sync session. */
static vl_result take_messages(struct vl_pairing *p)
{
    struct vl_buffer message = {0};
    vl_result result = VL_OK;

    while (result == VL_OK && p->stage != WELCOMED) {
        result = vl_channel_take(p->channel, &message);
        if (result == VL_OK) result = take_message(p, vl_buffer_view(&message));
    }
    vl_buffer_wipe(&message);
    if (result == VL_ERR_NOT_FOUND) result = VL_OK;
    if (result == VL_OK && p->stage != WELCOMED &&
        vl_channel_state_of(p->channel) == VL_CHANNEL_CLOSED)
        result = VL_ERR_CLOSED;
    return result;
}

/* ---- public ---- */

static vl_result receive_plain(struct vl_pairing *p, struct vl_bytes *stream)
{
    size_t wanted;

    while ((wanted = awaited_bytes(p)) != 0) {
        const size_t missing = wanted - p->input.size;
        const size_t part = stream->size < missing ? stream->size : missing;
        VL_TRY(vl_buffer_append(&p->input, stream->data, part));
        *stream = vl_bytes(stream->data + part, stream->size - part);
        if (p->input.size < wanted) return VL_OK;
        VL_TRY(take_plain(p, p->input.data));
        vl_buffer_clear(&p->input);
    }
    return VL_OK;
}

vl_result vl_pairing_receive(struct vl_pairing *p, struct vl_bytes stream)
{
    if (p->stage == FAILED) return p->error;
    if (stream.size == 0) return VL_OK;
    if (p->stage == WELCOMED && p->channel == NULL) return VL_ERR_STATE;
    vl_result result = receive_plain(p, &stream);
    if (result == VL_OK && p->channel != NULL && stream.size > 0) {
        result = vl_channel_receive(p->channel, stream);
        if (p->stage == WELCOMED) return result;
        /* What came before the error was said by the other side: a refusal counts. */
        const vl_result said = take_messages(p);
        if (said != VL_OK) result = said;
    }
    return result == VL_OK ? VL_OK : fail(p, result);
}

void vl_pairing_hangup(struct vl_pairing *p)
{
    if (p->stage == WELCOMED || p->stage == FAILED) return;
    (void)fail(p, p->stage == AWAIT_CONFIRM ? VL_ERR_CODE : VL_ERR_CLOSED);
}

static vl_result pairing_new(struct vl_pairing **out, enum proof_role role,
                             const struct vl_code *code, const struct vl_device_keys *keys)
{
    *out = NULL;
    if (sodium_init() < 0) return VL_ERR_INTERNAL;
    struct vl_pairing *p = sodium_malloc(sizeof *p);
    if (p == NULL) return VL_ERR_NO_MEMORY;
    memset(p, 0, sizeof *p);
    const vl_result result = proof_start(&p->proof, role, code);
    if (result != VL_OK) {
        sodium_free(p);
        return result;
    }
    p->keys = keys;
    p->inviter = role == PROOF_INVITER;
    *out = p;
    return VL_OK;
}

vl_result vl_pairing_invite(struct vl_pairing **out, const struct vl_code *code,
                            const struct vl_device_keys *keys, const struct vl_pairing_offer *offer)
{
    struct vl_pairing_offer own = *offer;
    struct vl_pairing *p = NULL;

    VL_TRY(pairing_new(&p, PROOF_INVITER, code, keys));
    p->stage = AWAIT_HELLO;
    own.inviter_card = keys->card;
    /* Encoded and read again, so that the offer kept here is what the joiner will see. */
    vl_result result = pairing_offer_encode(&own, p->proof.blind, &p->offer_bytes);
    if (result == VL_OK)
        result = pairing_offer_decode(vl_buffer_view(&p->offer_bytes), &p->offer, p->proof.blind);
    if (result != VL_OK) {
        vl_pairing_destroy(p);
        *out = NULL;
        return result;
    }
    p->has_offer = true;
    *out = p;
    return VL_OK;
}

vl_result vl_pairing_join(struct vl_pairing **out, const struct vl_code *code,
                          const struct vl_device_keys *keys, struct vl_bytes pseudonym)
{
    struct vl_pairing *p = NULL;

    VL_TRY(pairing_new(&p, PROOF_JOINER, code, keys));
    p->stage = AWAIT_SHARE;
    vl_result result = pseudonym.size == 0 ? VL_OK : vl_pairing_set_pseudonym(p, pseudonym);
    if (result == VL_OK) result = put_hello(p);
    if (result != VL_OK) {
        vl_pairing_destroy(p);
        *out = NULL;
        return result;
    }
    *out = p;
    return VL_OK;
}

/* A name that cannot be sent is refused now, not after she has said her code. */
vl_result vl_pairing_set_pseudonym(struct vl_pairing *p, struct vl_bytes pseudonym)
{
    const uint8_t blind[PROOF_BLIND_BYTES] = {0};
    const struct vl_pairing_answer wanted = {.pseudonym = pseudonym};
    struct vl_buffer trial = {0}, copy = {0};

    if (p->inviter || p->stage == AWAIT_WELCOME || p->stage == WELCOMED || p->stage == FAILED)
        return VL_ERR_STATE;
    vl_result result = pairing_answer_encode(&wanted, VL_PAIRING_AS_MEMBER, blind, &trial);
    if (result == VL_OK) result = vl_buffer_append(&copy, pseudonym.data, pseudonym.size);
    vl_buffer_finish(&trial);
    VL_TRY(result);
    vl_buffer_wipe(&p->pseudonym);
    p->pseudonym = copy;
    return VL_OK;
}

void vl_pairing_destroy(struct vl_pairing *p)
{
    if (p == NULL) return;
    vl_channel_destroy(p->channel);
    vl_buffer_wipe(&p->input);
    vl_buffer_wipe(&p->output);
    vl_buffer_wipe(&p->offer_bytes);
    vl_buffer_wipe(&p->answer_bytes);
    vl_buffer_wipe(&p->pseudonym);
    sodium_free(p); /* wipes */
}

struct vl_buffer *vl_pairing_output(struct vl_pairing *p)
{
    return p->channel != NULL ? vl_channel_output(p->channel) : &p->output;
}

enum vl_pairing_state vl_pairing_state_of(const struct vl_pairing *p)
{
    switch (p->stage) {
    case AWAIT_HELLO:
    case AWAIT_SHARE:
    case AWAIT_PROOF:
    case AWAIT_CONFIRM: return VL_PAIRING_PROVING;
    case AWAIT_OFFER:
    case AWAIT_ANSWER:
    case AWAIT_WELCOME: return VL_PAIRING_WAITING;
    case DECIDING: return VL_PAIRING_DECIDING;
    case WELCOMED: return VL_PAIRING_WELCOMED;
    case FAILED: break;
    }
    return VL_PAIRING_FAILED;
}

vl_result vl_pairing_error(const struct vl_pairing *p)
{
    return p->error;
}

const struct vl_pairing_offer *vl_pairing_offer_of(const struct vl_pairing *p)
{
    return p->has_offer ? &p->offer : NULL;
}

const struct vl_pairing_answer *vl_pairing_answer_of(const struct vl_pairing *p)
{
    return p->has_answer ? &p->answer : NULL;
}

static vl_result send_answer(struct vl_pairing *p)
{
    struct vl_buffer message = {0};
    struct vl_id me;

    const enum vl_pairing_as as = p->offer.as;
    if (as != VL_PAIRING_AS_DEVICE) p->answer.pseudonym = vl_buffer_view(&p->pseudonym);
    if (as != VL_PAIRING_AS_DEVICE && p->pseudonym.size == 0) return VL_ERR_INVALID;
    p->answer.circle = p->offer.circle;
    vl_person_id(p->keys->card.sign, &me);
    if (as == VL_PAIRING_AS_DEVICE) me = p->offer.person;
    vl_enrolment_sign(p->keys, &p->answer.circle, &me, &p->answer.enrolment);
    if (as == VL_PAIRING_AS_FOUNDER)
        vl_founding_sign(p->keys, &p->answer.circle, &p->offer.inviter_card,
                         p->answer.founding_signature);
    vl_result result = pairing_answer_encode(&p->answer, as, p->proof.blind, &message);
    if (result == VL_OK) result = vl_channel_send(p->channel, vl_buffer_view(&message));
    vl_buffer_finish(&message);
    return result;
}

static vl_result send_word(struct vl_pairing *p, enum pairing_message kind)
{
    struct vl_buffer message = {0};

    vl_result result = pairing_word_encode(kind, &message);
    if (result == VL_OK) result = vl_channel_send(p->channel, vl_buffer_view(&message));
    vl_buffer_finish(&message);
    return result;
}

static vl_result refuse(struct vl_pairing *p)
{
    if (p->channel == NULL || p->stage == WELCOMED || p->stage == FAILED) return VL_ERR_STATE;
    VL_TRY(send_word(p, PAIRING_REFUSE));
    VL_TRY(vl_channel_send_close(p->channel));
    (void)fail(p, VL_ERR_REFUSED);
    return VL_OK;
}

vl_result vl_pairing_decide(struct vl_pairing *p, bool accept)
{
    if (!accept) return refuse(p);
    if (p->stage != DECIDING) return VL_ERR_STATE;
    VL_TRY(p->inviter ? send_word(p, PAIRING_WELCOME) : send_answer(p));
    p->stage = p->inviter ? WELCOMED : AWAIT_WELCOME;
    return VL_OK;
}

vl_result vl_pairing_take_channel(struct vl_pairing *p, struct vl_channel **out)
{
    *out = NULL;
    if (p->stage != WELCOMED || p->channel == NULL) return VL_ERR_STATE;
    *out = p->channel;
    p->channel = NULL;
    return VL_OK;
}
