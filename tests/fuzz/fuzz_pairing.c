/* Pairing fed by a stranger, and by a liar who knows the code. First byte: what is fed; second: in
 * pieces of which size, or as messages each after its u16 size. Every message decoder must give
 * back the bytes that it accepted. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/pairing_messages.h"

#ifdef NDEBUG
#error "fuzzing is done with assertions"
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum feed { TO_INVITER, TO_JOINER, LIAR_TO_INVITER, LIAR_TO_JOINER, DECODERS, CODE, FEED_COUNT };

static const struct vl_code code = {27, {1, 500, 1023}};
static const uint8_t seed_one[32] = {1}, seed_two[32] = {2};
static struct vl_device_keys *inviter_keys, *joiner_keys;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (sodium_init() < 0 || vl_device_keys_from_seed(seed_one, &inviter_keys) != VL_OK ||
        vl_device_keys_from_seed(seed_two, &joiner_keys) != VL_OK)
        abort();
    return 0;
}

static struct vl_pairing *make(bool inviter)
{
    struct vl_pairing *p = NULL;
    const struct vl_pairing_offer offer = {.name = vl_bytes_text("Les mardis"),
                                           .inviter = vl_bytes_text("Adele")};
    const vl_result result = inviter
                                 ? vl_pairing_invite(&p, &code, inviter_keys, &offer)
                                 : vl_pairing_join(&p, &code, joiner_keys, vl_bytes_text("Benoit"));

    if (result != VL_OK) abort();
    return p;
}

static void feed(struct vl_pairing *p, struct vl_bytes bytes, size_t piece)
{
    while (bytes.size > 0) {
        const size_t part = bytes.size < piece ? bytes.size : piece;
        const vl_result result = vl_pairing_receive(p, vl_bytes(bytes.data, part));
        bytes = vl_bytes(bytes.data + part, bytes.size - part);
        assert((result == VL_OK) == (vl_pairing_state_of(p) != VL_PAIRING_FAILED));
    }
    /* Without the code nobody sees an offer or is seen answering. */
    assert(vl_pairing_answer_of(p) == NULL);
    assert(vl_pairing_state_of(p) == VL_PAIRING_PROVING ||
           vl_pairing_state_of(p) == VL_PAIRING_FAILED);
}

/* The open exchange by hand; true when the honest side is in its channel. */
static struct vl_channel *prove(struct vl_pairing *honest, bool honest_is_inviter)
{
    struct vl_channel *channel = NULL;
    struct proof proof = {0};
    uint8_t confirmation[PROOF_CONFIRM_BYTES], hello[1 + PROOF_NONCE_BYTES] = {1};
    struct vl_buffer *out = vl_pairing_output(honest);
    vl_result result = proof_start(&proof, honest_is_inviter ? PROOF_JOINER : PROOF_INVITER, &code);
    const struct vl_device_card *card =
        honest_is_inviter ? &joiner_keys->card : &inviter_keys->card;

    memcpy(hello + 1, proof.own.nonce, PROOF_NONCE_BYTES);
    if (honest_is_inviter) result = vl_pairing_receive(honest, vl_bytes(hello, sizeof hello));
    memcpy(proof.peer.nonce, out->data + (honest_is_inviter ? 0 : 1), PROOF_NONCE_BYTES);
    if (result == VL_OK) result = proof_share(&proof, card);
    if (!honest_is_inviter) {
        vl_buffer_clear(out);
        result = vl_pairing_receive(honest, vl_bytes(proof.own.nonce, PROOF_NONCE_BYTES));
    }
    if (result == VL_OK && !honest_is_inviter)
        result = vl_pairing_receive(honest, vl_bytes(proof.own.point, CPACE_POINT_BYTES));
    if (result == VL_OK && !honest_is_inviter)
        result = vl_pairing_receive(honest, vl_bytes(proof.own.ad + 1, PROOF_COMMITMENT_BYTES));
    const uint8_t *half = out->data + (honest_is_inviter ? PROOF_NONCE_BYTES : 0);
    if (result == VL_OK) result = proof_root(&proof, half, half + CPACE_POINT_BYTES);
    proof_confirmation(&proof, confirmation);
    if (result == VL_OK && honest_is_inviter)
        result = vl_pairing_receive(honest, vl_bytes(proof.own.point, CPACE_POINT_BYTES));
    if (result == VL_OK && honest_is_inviter)
        result = vl_pairing_receive(honest, vl_bytes(proof.own.ad + 1, PROOF_COMMITMENT_BYTES));
    if (result == VL_OK)
        result = vl_pairing_receive(honest, vl_bytes(confirmation, sizeof confirmation));
    if (result == VL_OK) result = proof_channel(&proof, &channel);
    if (result != VL_OK) abort();
    vl_buffer_clear(vl_pairing_output(honest));
    return channel;
}

static void lie(struct vl_pairing *honest, bool honest_is_inviter, struct vl_bytes bytes)
{
    struct vl_channel *channel = prove(honest, honest_is_inviter);

    while (bytes.size >= 2) {
        size_t size = (size_t)bytes.data[0] | (size_t)bytes.data[1] << 8;
        bytes = vl_bytes(bytes.data + 2, bytes.size - 2);
        if (size > bytes.size) size = bytes.size;
        if (vl_channel_send(channel, vl_bytes(bytes.data, size)) != VL_OK) break;
        (void)!vl_pairing_receive(honest, vl_buffer_view(vl_channel_output(channel)));
        vl_buffer_clear(vl_channel_output(channel));
        bytes = vl_bytes(bytes.data + size, bytes.size - size);
    }
    /* A card must open a commitment, and the liar's blind is not in the input. */
    assert(vl_pairing_state_of(honest) != VL_PAIRING_WELCOMED);
    assert(vl_pairing_answer_of(honest) == NULL);
    vl_channel_destroy(channel);
}

static void decode(struct vl_bytes message)
{
    struct vl_pairing_offer offer;
    struct vl_pairing_answer answer;
    uint8_t blind[PROOF_BLIND_BYTES];
    struct vl_buffer back = {0};
    enum vl_pairing_as as;
    bool accepted = false;

    if (pairing_offer_decode(message, &offer, blind) == VL_OK) {
        if (pairing_offer_encode(&offer, blind, &back) != VL_OK) abort();
        accepted = true;
    } else if (pairing_answer_decode(message, &answer, &as, blind) == VL_OK) {
        if (pairing_answer_encode(&answer, as, blind, &back) != VL_OK) abort();
        accepted = true;
    }
    assert(!accepted || vl_bytes_equal(message, vl_buffer_view(&back)));
    vl_buffer_finish(&back);
}

static void parse(struct vl_bytes text)
{
    struct vl_code parsed, again;
    char printed[64];

    if (vl_code_parse(text, &parsed) != VL_OK) return;
    vl_code_text(&parsed, VL_LANGUAGE_FR, printed, sizeof printed);
    if (vl_code_parse(vl_bytes_text(printed), &again) != VL_OK) abort();
    assert(memcmp(&parsed, &again, sizeof parsed) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    const enum feed what = (enum feed)(data[0] % FEED_COUNT);
    const size_t piece = data[1] == 0 ? size : data[1];
    const struct vl_bytes bytes = vl_bytes(data + 2, size - 2);
    const bool to_inviter = what == TO_INVITER || what == LIAR_TO_INVITER;

    if (what == DECODERS) {
        decode(bytes);
    } else if (what == CODE) {
        parse(bytes);
    } else {
        struct vl_pairing *p = make(to_inviter);
        if (what == TO_INVITER || what == TO_JOINER) {
            feed(p, bytes, piece);
        } else {
            lie(p, to_inviter, bytes);
        }
        vl_pairing_destroy(p);
    }
    return 0;
}
