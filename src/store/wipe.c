/* The end of a vault. Its name is taken from `keys` first, in one step: before that step the vault
 * is there, after it nothing opens any more, and the new name says that there is something left to
 * do. It goes last. */
#include "store/folder.h"
#include "store/store_internal.h"

#include <sodium.h>
#include <unistd.h>

#define REST "keys.wiped"

static const char *const files[] = {
    "vault-0",     "vault-0-wal",     "vault-0-shm", "vault-0-journal", "vault-1",  "vault-1-wal",
    "vault-1-shm", "vault-1-journal", "vault.new",   "vault.new-wal",   "keys.new", "tries",
};

/* In place; `keys.new` is a copy that was not finished. */
static vl_result overwrite_keys(int folder, const char *name)
{
    uint8_t noise[VAULT_KEYS_BYTES];
    if (!folder_has(folder, name)) return VL_OK;
    randombytes_buf(noise, sizeof noise);
    return folder_overwrite(folder, name, vl_bytes(noise, sizeof noise));
}

vl_result store_wipe_rest(int folder)
{
    if (!folder_has(folder, REST)) return VL_OK;
    VL_TRY(overwrite_keys(folder, REST));
    VL_TRY(overwrite_keys(folder, "keys.new"));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        folder_remove(folder, files[i]);
        if (folder_has(folder, files[i])) return VL_ERR_STORAGE;
    }
    VL_TRY(folder_sync(folder));
    folder_remove(folder, REST);
    return folder_sync(folder);
}

static vl_result wipe(int folder)
{
    int lock = -1;
    VL_TRY(folder_lock(folder, &lock));
    vl_result result = folder_rename(folder, "keys", REST);
    if (result == VL_OK) result = store_wipe_rest(folder);
    close(lock);
    return result;
}

vl_result store_wipe(const char *folder)
{
    int fd = -1;
    VL_TRY(folder_open(folder, &fd));
    vl_result result = folder_has(fd, "keys") ? wipe(fd) : VL_ERR_NOT_FOUND;
    close(fd);
    return result;
}

vl_result store_wipe_resume(const char *folder)
{
    int fd = -1, lock = -1;
    vl_result result = folder_open(folder, &fd);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    /* Never of a vault that is there: somebody put the two beside each other. */
    if (folder_has(fd, REST) && !folder_has(fd, "keys")) {
        result = folder_lock(fd, &lock);
        if (result == VL_OK) result = store_wipe_rest(fd);
        if (lock >= 0) close(lock);
    }
    close(fd);
    return result;
}
