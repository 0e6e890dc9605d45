#include "sync/pairing_proof.h"

#include <sodium.h>
#include <string.h>

static enum proof_role other(enum proof_role role)
{
    return role == PROOF_JOINER ? PROOF_INVITER : PROOF_JOINER;
}

vl_result proof_start(struct proof *p, enum proof_role role, const struct vl_code *code)
{
    if (code->number < 1 || code->number > VL_CODE_NUMBER_MAX) return VL_ERR_INVALID;
    p->role = role;
    p->words[0] = code->number;
    for (size_t i = 0; i < VL_CODE_WORDS; i++) {
        if (code->words[i] >= VL_WORD_COUNT) return VL_ERR_INVALID;
        p->words[1 + 2 * i] = (uint8_t)code->words[i];
        p->words[2 + 2 * i] = (uint8_t)(code->words[i] >> 8);
    }
    randombytes_buf(p->own.nonce, sizeof p->own.nonce);
    return VL_OK;
}

static void commit(enum proof_role role, const uint8_t blind[static PROOF_BLIND_BYTES],
                   const struct vl_device_card *card, uint8_t ad[static 1 + PROOF_COMMITMENT_BYTES])
{
    const uint8_t number = (uint8_t)role;
    struct vl_id id;
    const struct vl_bytes parts[] = {vl_bytes(&number, 1), vl_bytes(blind, PROOF_BLIND_BYTES),
                                     vl_bytes(card->sign, sizeof card->sign),
                                     vl_bytes(card->noise, sizeof card->noise),
                                     vl_bytes(card->seal, sizeof card->seal)};

    vl_hash(VL_DOMAIN_PAIRING_CARD, parts, sizeof parts / sizeof parts[0], &id);
    ad[0] = number;
    memcpy(ad + 1, id.bytes, PROOF_COMMITMENT_BYTES);
}

static void session_id(const struct proof *p, uint8_t sid[static 2 * PROOF_NONCE_BYTES])
{
    const bool joiner = p->role == PROOF_JOINER;

    memcpy(sid, joiner ? p->own.nonce : p->peer.nonce, PROOF_NONCE_BYTES);
    memcpy(sid + PROOF_NONCE_BYTES, joiner ? p->peer.nonce : p->own.nonce, PROOF_NONCE_BYTES);
}

vl_result proof_share(struct proof *p, const struct vl_device_card *card)
{
    static const char context[] = "veillee/1 pairing\0joiner\0inviter"; /* and its final zero */
    uint8_t sid[2 * PROOF_NONCE_BYTES], generator[CPACE_POINT_BYTES];

    if (memcmp(p->own.nonce, p->peer.nonce, PROOF_NONCE_BYTES) == 0) return VL_ERR_HANDSHAKE;
    session_id(p, sid);
    vl_result result =
        cpace_generator(vl_bytes(p->words, sizeof p->words), vl_bytes(context, sizeof context),
                        vl_bytes(sid, sizeof sid), generator);
    if (result == VL_OK) result = cpace_share(generator, p->scalar, p->own.point);
    sodium_memzero(generator, sizeof generator);
    randombytes_buf(p->blind, sizeof p->blind);
    commit(p->role, p->blind, card, p->own.ad);
    return result;
}

vl_result proof_root(struct proof *p, const uint8_t point[static CPACE_POINT_BYTES],
                     const uint8_t commitment[static PROOF_COMMITMENT_BYTES])
{
    uint8_t sid[2 * PROOF_NONCE_BYTES], shared[CPACE_POINT_BYTES], key[CPACE_KEY_BYTES];
    const bool joiner = p->role == PROOF_JOINER;
    const struct cpace_side own = {p->own.point, vl_bytes(p->own.ad, sizeof p->own.ad)};
    const struct cpace_side peer = {p->peer.point, vl_bytes(p->peer.ad, sizeof p->peer.ad)};
    const struct vl_bytes part = vl_bytes(key, sizeof key);
    struct vl_id root;

    memcpy(p->peer.point, point, CPACE_POINT_BYTES);
    p->peer.ad[0] = (uint8_t)other(p->role);
    memcpy(p->peer.ad + 1, commitment, PROOF_COMMITMENT_BYTES);
    if (memcmp(p->own.point, p->peer.point, CPACE_POINT_BYTES) == 0) return VL_ERR_HANDSHAKE;
    VL_TRY(cpace_shared(p->scalar, p->peer.point, shared));
    session_id(p, sid);
    cpace_key(vl_bytes(sid, sizeof sid), shared, joiner ? &own : &peer, joiner ? &peer : &own, key);
    vl_hash(VL_DOMAIN_PAIRING, &part, 1, &root);
    memcpy(p->root, root.bytes, sizeof p->root);
    sodium_memzero(&root, sizeof root);
    sodium_memzero(key, sizeof key);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(p->scalar, sizeof p->scalar);
    return VL_OK;
}

static void role_key(const struct proof *p, enum vl_domain domain, enum proof_role role,
                     uint8_t out[static 32])
{
    const uint8_t number = (uint8_t)role;
    const struct vl_bytes part = vl_bytes(&number, 1);

    vl_derive_key(domain, p->root, &part, 1, out);
}

void proof_confirmation(const struct proof *p, uint8_t out[static PROOF_CONFIRM_BYTES])
{
    role_key(p, VL_DOMAIN_PAIRING_CONFIRM, p->role, out);
}

vl_result proof_check(const struct proof *p, const uint8_t confirmation[static PROOF_CONFIRM_BYTES])
{
    uint8_t expected[PROOF_CONFIRM_BYTES];

    role_key(p, VL_DOMAIN_PAIRING_CONFIRM, other(p->role), expected);
    const bool same = sodium_memcmp(expected, confirmation, sizeof expected) == 0;
    sodium_memzero(expected, sizeof expected);
    return same ? VL_OK : VL_ERR_CODE;
}

vl_result proof_channel(const struct proof *p, struct vl_channel **out)
{
    uint8_t send[32], receive[32];

    role_key(p, VL_DOMAIN_PAIRING_KEY, p->role, send);
    role_key(p, VL_DOMAIN_PAIRING_KEY, other(p->role), receive);
    const vl_result result = vl_channel_create_keyed(out, send, receive);
    sodium_memzero(send, sizeof send);
    sodium_memzero(receive, sizeof receive);
    return result;
}

vl_result proof_check_card(const struct proof *p, const struct vl_device_card *card,
                           const uint8_t blind[static PROOF_BLIND_BYTES])
{
    uint8_t ad[1 + PROOF_COMMITMENT_BYTES];

    commit(other(p->role), blind, card, ad);
    return sodium_memcmp(ad, p->peer.ad, sizeof ad) == 0 ? VL_OK : VL_ERR_HASH;
}

void proof_wipe(struct proof *p)
{
    sodium_memzero(p->words, sizeof p->words);
    sodium_memzero(p->scalar, sizeof p->scalar);
    sodium_memzero(p->root, sizeof p->root);
}
