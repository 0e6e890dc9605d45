/* The marker: whether a vault's file is still the one that was made here, or a copy of it.
 *
 * BLAKE2b keyed with the vault's marker key (VAULT_MARKER) over machine-id, inode number and birth
 * time of the file: a copied or restored file has another. Who has no key learns nothing from it.
 */
#ifndef STORE_MARKER_H
#define STORE_MARKER_H

#include "store/vault.h"

/* NOT_FOUND, STORAGE. */
VL_MUST_USE vl_result marker_of(const struct vault_keys *keys, int folder, const char *name,
                                uint8_t out[static 32]);

#endif
