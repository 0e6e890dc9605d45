/* Ids and domain-separated hashing.
 *
 * Every hash, derived key, signature and sealed box of the program names its domain: the string
 * of VL_DOMAIN_TABLE, then one zero byte, then the input. Two uses never share a string. */
#ifndef VEILLEE_HASH_H
#define VEILLEE_HASH_H

#include <veillee/bytes.h>

struct vl_id {
    uint8_t bytes[32];
};

#define VL_ID_TEXT_SIZE 65 /* 64 hex digits and the final zero */

bool vl_id_equal(const struct vl_id *a, const struct vl_id *b);
int vl_id_compare(const struct vl_id *a, const struct vl_id *b);
bool vl_id_is_zero(const struct vl_id *id);
void vl_id_text(const struct vl_id *id, char out[static VL_ID_TEXT_SIZE]);
/* INVALID unless exactly 64 lower-case hex digits. */
VL_MUST_USE vl_result vl_id_parse(const char *text, struct vl_id *out);

#define VL_DOMAIN_TABLE(X)                                                                         \
    X(ENTRY_ID, "veillee/1 entry id")                                                              \
    X(ENTRY_SIGNATURE, "veillee/1 entry signature")                                                \
    X(LOG_ID, "veillee/1 log id")                                                                  \
    X(CIRCLE_ID, "veillee/1 circle id")                                                            \
    X(PERSON_ID, "veillee/1 person id")                                                            \
    X(DEVICE_KEY, "veillee/1 device key")                                                          \
    X(ENROLMENT, "veillee/1 enrolment")                                                            \
    X(FOUNDING, "veillee/1 founding")                                                              \
    X(BLOB_HASH, "veillee/1 blob hash")                                                            \
    X(BLOB_SEAL, "veillee/1 blob seal")                                                            \
    X(BLOB_KEY, "veillee/1 blob key")                                                              \
    X(SEALED_BODY, "veillee/1 sealed body")                                                        \
    X(SEALED_KEY, "veillee/1 sealed key")                                                          \
    X(SEALED_COMMITMENT, "veillee/1 sealed commitment")                                            \
    X(SEALED_BOX, "veillee/1 sealed box")                                                          \
    X(EPOCH_KEY_ID, "veillee/1 epoch key id")                                                      \
    X(KEY_BOX, "veillee/1 epoch key box")                                                          \
    X(TRANSPORT_PSK, "veillee/1 transport psk")                                                    \
    X(DISCOVERY_KEY, "veillee/1 discovery key")                                                    \
    X(BEACON, "veillee/1 beacon")                                                                  \
    X(BEACON_SIGNATURE, "veillee/1 beacon signature")                                              \
    X(INVITATION, "veillee/1 invitation")                                                          \
    X(HEADS, "veillee/1 heads")                                                                    \
    X(STATE, "veillee/1 state")                                                                    \
    X(RECORD_ID, "veillee/1 record id")                                                            \
    X(RECORD_MAKER, "veillee/1 record maker")                                                      \
    X(RECORD_MEETING, "veillee/1 record meeting")                                                  \
    X(PAIRING, "veillee/1 pairing")                                                                \
    X(PAIRING_CARD, "veillee/1 pairing card")                                                      \
    X(PAIRING_CONFIRM, "veillee/1 pairing confirm")                                                \
    X(PAIRING_KEY, "veillee/1 pairing key")                                                        \
    X(BUNDLE, "veillee/1 bundle")                                                                  \
    X(BUNDLE_BOX, "veillee/1 bundle box")                                                          \
    X(BUNDLE_KEY, "veillee/1 bundle key")                                                          \
    X(BUNDLE_FRAME, "veillee/1 bundle frame")                                                      \
    X(BUNDLE_SIGNATURE, "veillee/1 bundle signature")                                              \
    X(VAULT_SLOT, "veillee/1 vault slot")                                                          \
    X(VAULT_PAGE, "veillee/1 vault page")                                                          \
    X(VAULT_SECRET, "veillee/1 vault secret")                                                      \
    X(VAULT_MARKER, "veillee/1 vault marker")                                                      \
    X(VAULT_KEYS, "veillee/1 vault keys file")

enum vl_domain {
#define VL_DOMAIN_ENUM(name, text) VL_DOMAIN_##name,
    VL_DOMAIN_TABLE(VL_DOMAIN_ENUM)
#undef VL_DOMAIN_ENUM
        VL_DOMAIN_COUNT
};

const char *vl_domain_text(enum vl_domain domain);

/* BLAKE2b-256(domain || 0 || parts one after the other). Parts are not length-prefixed: every
 * caller's parts are of fixed size except at most the last. */
void vl_hash(enum vl_domain domain, const struct vl_bytes *parts, size_t count, struct vl_id *out);
/* BLAKE2b-256 keyed with `key`, over domain || 0 || parts: a key derived for one use. */
void vl_derive_key(enum vl_domain domain, const uint8_t key[static 32],
                   const struct vl_bytes *parts, size_t count, uint8_t out[static 32]);

#endif
