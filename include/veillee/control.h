/* Control entries: what their blob says. Ids and keys only, never a name.
 *
 *   body = u8 kind | fields of the kind | varint count, 32 each: cites (sorted, unique)
 *
 *   found          u8 private (0|1), 32 random, enrolment of the author's person,
 *                  if not private: enrolment of the second person, 64 her signature
 *   add            32 person, varint count, enrolments (sorted by signing key, unique, >= 1)
 *   remove, demote, promote, vouch, vote     32 person
 *   endorse        32 id of the proposal
 *   leave, stepdown                          nothing
 *   add-device, restore     32 person (add-device: the author's), enrolment
 *   remove-device  32 signing key
 *   epoch          32 key id, varint count, seals
 *   seal           32 id of the epoch entry, varint count, seals
 *   tombstone      varint count, 32 each: ids of entries (sorted, unique, >= 1)
 *   a seal is 32 recipient's signing key, 80 box; sorted by key, unique
 *
 * circle id = BLAKE2b(CIRCLE_ID, author's signing key || second's (zeros if private) || random).
 * The second founder signs FOUNDING, circle id, author's card, her own card.
 * The body is the entry's blob as it is: neither sealed nor padded. */
#ifndef VEILLEE_CONTROL_H
#define VEILLEE_CONTROL_H

#include <veillee/entry.h>

#define VL_CONTROL_TABLE(X)                                                                        \
    X(FOUND, "found")                                                                              \
    X(ADD, "add")                                                                                  \
    X(REMOVE, "remove")                                                                            \
    X(DEMOTE, "demote")                                                                            \
    X(PROMOTE, "promote")                                                                          \
    X(ENDORSE, "endorse")                                                                          \
    X(VOUCH, "vouch")                                                                              \
    X(VOTE, "vote")                                                                                \
    X(LEAVE, "leave")                                                                              \
    X(STEPDOWN, "stepdown")                                                                        \
    X(ADD_DEVICE, "add-device")                                                                    \
    X(REMOVE_DEVICE, "remove-device")                                                              \
    X(RESTORE, "restore")                                                                          \
    X(EPOCH, "epoch")                                                                              \
    X(SEAL, "seal")                                                                                \
    X(TOMBSTONE, "tombstone")

enum vl_control_kind { /* the numbers are the wire's: 0 found, 1 add, ... */
#define VL_CONTROL_ENUM(name, text) VL_CONTROL_##name,
                       VL_CONTROL_TABLE(VL_CONTROL_ENUM)
#undef VL_CONTROL_ENUM
                           VL_CONTROL_KIND_COUNT
};

const char *vl_control_kind_text(enum vl_control_kind kind);

struct vl_seal {
    uint8_t recipient[32]; /* signing key */
    uint8_t box[VL_KEY_BOX_BYTES];
};

struct vl_control {
    enum vl_control_kind kind;
    bool is_private;                 /* found */
    uint8_t random[32];              /* found */
    uint8_t second_signature[64];    /* found */
    struct vl_id target;             /* person, proposal, epoch entry, or device signing key */
    struct vl_id key_id;             /* epoch */
    struct vl_enrolment *enrolments; /* found: author, second; add; add-device; restore */
    size_t enrolment_count;
    struct vl_seal *seals; /* epoch, seal */
    size_t seal_count;
    struct vl_id *ids; /* tombstone */
    size_t id_count;
    struct vl_id *cites;
    size_t cite_count;
};

/* Decoding allocates the lists; finish frees them (accepts NULL and zeroed). Signatures of
 * enrolments and of the second founder are checked by vl_control_verify, not here.
 * TRUNCATED, TRAILING, TOO_LARGE, NOT_CANONICAL (unsorted, doubled or empty lists, founders with
 * one key), KIND. Encoding appends, and refuses what decoding would, and leaves `out` alone then.
 */
VL_MUST_USE vl_result vl_control_encode(const struct vl_control *control, struct vl_buffer *out);
VL_MUST_USE vl_result vl_control_decode(struct vl_bytes body, struct vl_control *out);
void vl_control_finish(struct vl_control *control);
/* Every signature that the body carries, for that circle and author. SIGNATURE, CIRCLE. That the
 * person of add-device is the author's is judged by the replica. */
VL_MUST_USE vl_result vl_control_verify(const struct vl_control *control,
                                        const struct vl_id *circle,
                                        const uint8_t author_sign[static 32]);

void vl_circle_id(const uint8_t author_sign[static 32], const uint8_t second_sign[static 32],
                  const uint8_t random[static 32], struct vl_id *out);
/* What the second founder signs. */
void vl_founding_sign(const struct vl_device_keys *second, const struct vl_id *circle,
                      const struct vl_device_card *author, uint8_t signature[static 64]);

#endif
