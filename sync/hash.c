#include <sodium.h>
#include <string.h>
#include <veillee/hash.h>

static const char *const domains[VL_DOMAIN_COUNT] = {
#define DOMAIN_ROW(name, text) text,
    VL_DOMAIN_TABLE(DOMAIN_ROW)
#undef DOMAIN_ROW
};

bool vl_id_equal(const struct vl_id *a, const struct vl_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int vl_id_compare(const struct vl_id *a, const struct vl_id *b)
{
    int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
    return (order > 0) - (order < 0);
}

bool vl_id_is_zero(const struct vl_id *id)
{
    return sodium_is_zero(id->bytes, sizeof id->bytes) == 1;
}

void vl_id_text(const struct vl_id *id, char out[static VL_ID_TEXT_SIZE])
{
    sodium_bin2hex(out, VL_ID_TEXT_SIZE, id->bytes, sizeof id->bytes);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

vl_result vl_id_parse(const char *text, struct vl_id *out)
{
    struct vl_id id;
    if (strlen(text) != VL_ID_TEXT_SIZE - 1) return VL_ERR_INVALID;
    for (size_t i = 0; i < sizeof id.bytes; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) return VL_ERR_INVALID;
        id.bytes[i] = (uint8_t)(high * 16 + low);
    }
    *out = id;
    return VL_OK;
}

const char *vl_domain_text(enum vl_domain domain)
{
    return domains[domain];
}

static void blake2b(enum vl_domain domain, const uint8_t *key, const struct vl_bytes *parts,
                    size_t count, uint8_t out[static 32])
{
    crypto_generichash_state state;
    const char *text = vl_domain_text(domain);

    /* These only fail for sizes that are no constants of BLAKE2b. */
    (void)crypto_generichash_init(&state, key, key == NULL ? 0 : 32, 32);
    (void)crypto_generichash_update(&state, (const unsigned char *)text, strlen(text) + 1);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size == 0) continue;
        (void)crypto_generichash_update(&state, parts[i].data, parts[i].size);
    }
    (void)crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

void vl_hash(enum vl_domain domain, const struct vl_bytes *parts, size_t count, struct vl_id *out)
{
    blake2b(domain, NULL, parts, count, out->bytes);
}

void vl_derive_key(enum vl_domain domain, const uint8_t key[static 32],
                   const struct vl_bytes *parts, size_t count, uint8_t out[static 32])
{
    blake2b(domain, key, parts, count, out);
}
