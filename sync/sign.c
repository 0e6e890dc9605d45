#include "sync/sign.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* Ed25519 hashes its message twice, so it must lie in one piece. */
static bool gather(enum vl_domain domain, const struct vl_bytes *parts, size_t count,
                   uint8_t message[static SIGNED_BYTES_MAX], size_t *size)
{
    const char *text = vl_domain_text(domain);
    size_t at = strlen(text) + 1;
    memcpy(message, text, at);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > SIGNED_BYTES_MAX - at) return false;
        if (parts[i].size > 0) memcpy(message + at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    *size = at;
    return true;
}

void sign_parts(enum vl_domain domain, const struct vl_bytes *parts, size_t count,
                const uint8_t secret_key[static 64], uint8_t signature[static 64])
{
    uint8_t message[SIGNED_BYTES_MAX];
    size_t size = 0;
    bool fits = gather(domain, parts, count, message, &size);
    assert(fits);
    (void)fits;
    (void)crypto_sign_detached(signature, NULL, message, size, secret_key);
}

vl_result sign_verify_parts(enum vl_domain domain, const struct vl_bytes *parts, size_t count,
                            const uint8_t signature[static 64], const uint8_t sign_key[static 32])
{
    uint8_t message[SIGNED_BYTES_MAX];
    size_t size = 0;
    if (!gather(domain, parts, count, message, &size)) return VL_ERR_TOO_LARGE;
    if (crypto_sign_verify_detached(signature, message, size, sign_key) != 0) {
        return VL_ERR_SIGNATURE;
    }
    return VL_OK;
}
