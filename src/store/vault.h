/* Key slots: from a passphrase to the keys of one of two vaults.
 *
 * folder/keys
 *   8 magic | u16 version = 1 | u32 Argon2id memory, KiB | u32 passes | 16 salt       (the head)
 *   | 2 x 32 markers | 8 x 104 slots | 32 BLAKE2b(VAULT_KEYS, all before)
 *   slot = nonce(24) || XChaCha20-Poly1305 under KDF(Argon2id(passphrase), VAULT_SLOT), associated
 *          data VAULT_SLOT, 0, head, u8 number of the slot
 *   its plaintext, 64 bytes: u8 vault (0|1) | 32 root key | 16 file id | zeros
 * Empty slots and the marker of the unused vault are random bytes: how many passphrases there are,
 * and for which vault, cannot be seen. One Argon2id run, then all slots are tried whichever opens.
 *
 * Keys of a vault, all BLAKE2b of the root key: pages (VAULT_PAGE), the seeds of device keys
 * (VAULT_SECRET), the marker (VAULT_MARKER). They live in guarded, locked memory. */
#ifndef STORE_VAULT_H
#define STORE_VAULT_H

#include <veillee/hash.h>

#define VAULT_SLOTS          8u
#define VAULT_SALT_BYTES     16u
#define VAULT_FILE_ID_BYTES  16u
#define VAULT_KEYS_BYTES     962u /* of the whole file */
#define VAULT_PASSPHRASE_MAX 1024u
#define VAULT_MEMORY_KIB_MAX 4194304u /* of a file that claims more: DAMAGED */
#define VAULT_PASSES_MAX     64u
#define VAULT_MEMORY_KIB     262144u
#define VAULT_PASSES         3u
#ifdef VEILLEE_WEAK_VAULT
#define VAULT_MEMORY_KIB_FLOOR 8192u
#define VAULT_PASSES_FLOOR     1u
#else
#define VAULT_MEMORY_KIB_FLOOR 65536u
#define VAULT_PASSES_FLOOR     2u
#endif

struct vault_cost {
    uint32_t memory_kib, passes;
};
struct vault_cost vault_cost_default(void); /* of new vaults */
struct vault_cost vault_cost_floor(void);   /* below it: INVALID when made, DAMAGED when read */

struct vault_keys {  /* only from vault_keys_create and vault_unlock */
    unsigned number; /* vault-0 or vault-1 */
    unsigned slot;   /* that opened; VAULT_SLOTS: none yet */
    uint8_t file_id[VAULT_FILE_ID_BYTES];
    uint8_t root[32], page[32], secret[32], marker[32];
};
/* Random keys of a new vault, its number drawn as well. */
VL_MUST_USE vl_result vault_keys_create(struct vault_keys **out);
void vault_keys_destroy(struct vault_keys *keys); /* wipes; accepts NULL */

/* INVALID: empty, over VAULT_PASSPHRASE_MAX bytes, not UTF-8. */
VL_MUST_USE vl_result vault_passphrase_check(struct vl_bytes passphrase);

struct vault_file { /* folder/keys, decoded; nothing in it is secret */
    struct vault_cost cost;
    uint8_t salt[VAULT_SALT_BYTES];
    uint8_t markers[2][32];
    uint8_t slots[VAULT_SLOTS][104];
};
/* INVALID: the passphrase is empty, over VAULT_PASSPHRASE_MAX bytes or not UTF-8; the cost is
 * below the floor. NO_MEMORY also when Argon2id does not get its memory. */
VL_MUST_USE vl_result vault_file_make(const struct vault_keys *keys, struct vl_bytes passphrase,
                                      struct vault_cost cost, const uint8_t marker[static 32],
                                      struct vault_file *out);
VL_MUST_USE vl_result vault_file_encode(const struct vault_file *file, struct vl_buffer *out);
/* DAMAGED; VERSION: made by another version. */
VL_MUST_USE vl_result vault_file_decode(struct vl_bytes bytes, struct vault_file *out);
/* PASSPHRASE. The rest as vault_file_make. */
VL_MUST_USE vl_result vault_unlock(const struct vault_file *file, struct vl_bytes passphrase,
                                   struct vault_keys **out);

/* Seals the keys' slot anew, for another passphrase. INVALID also: that passphrase opens another
 * vault of this folder, which would come first. On an error the file is as it was. */
VL_MUST_USE vl_result vault_slot_replace(struct vault_file *file, const struct vault_keys *keys,
                                         struct vl_bytes passphrase);

/* store_create at another cost; tests use the floor. */
VL_MUST_USE vl_result store_create_at_cost(const char *folder, struct vl_bytes passphrase,
                                           struct vault_cost cost);

#endif
