/* The passphrase of a vault that is open: asked for once more, changed. */
#include "store/store_internal.h"

vl_result store_passphrase_check(struct store *s, struct vl_bytes passphrase, uint64_t *wait_ms)
{
    struct vault_file file;
    struct vault_keys *keys = NULL;
    VL_TRY(store_keys_read(s->folder, &file));
    vl_result result = store_keys_open(s, &file, passphrase, &keys, wait_ms);
    vault_keys_destroy(keys);
    return result;
}

vl_result store_passphrase_change(struct store *s, struct vl_bytes old, struct vl_bytes now,
                                  uint64_t *wait_ms)
{
    struct vault_file file;
    struct vault_keys *keys = NULL;
    VL_TRY(vault_passphrase_check(now)); /* before a try is counted */
    VL_TRY(store_keys_read(s->folder, &file));
    vl_result result = store_keys_open(s, &file, old, &keys, wait_ms);
    if (result == VL_OK) result = vault_slot_replace(&file, keys, now);
    if (result == VL_OK) result = store_keys_write(s->folder, &file);
    vault_keys_destroy(keys);
    return result;
}
