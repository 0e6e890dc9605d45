#include "store/vault.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <veillee/codec.h>

#define MAGIC         "VEILLEE"
#define KEYS_VERSION  1u
#define HEAD_BYTES    34u
#define SLOT_BYTES    104u
#define PAYLOAD_BYTES 64u
#define NONCE_BYTES   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES     crypto_aead_xchacha20poly1305_ietf_ABYTES

static_assert(sizeof(MAGIC) == 8, "the magic is eight bytes");
static_assert(8u + 2u + 4u + 4u + VAULT_SALT_BYTES == HEAD_BYTES, "the head's size");
static_assert(HEAD_BYTES + 2u * 32u + VAULT_SLOTS * SLOT_BYTES + 32u == VAULT_KEYS_BYTES,
              "the file's size");
static_assert(NONCE_BYTES + PAYLOAD_BYTES + TAG_BYTES == SLOT_BYTES, "a slot's size");
static_assert(1u + 32u + VAULT_FILE_ID_BYTES <= PAYLOAD_BYTES, "a slot holds the keys");
static_assert(crypto_pwhash_argon2id_SALTBYTES == VAULT_SALT_BYTES, "the salt's size");

struct vault_cost vault_cost_default(void)
{
#ifdef VEILLEE_WEAK_VAULT
    return vault_cost_floor();
#else
    return (struct vault_cost){VAULT_MEMORY_KIB, VAULT_PASSES};
#endif
}

struct vault_cost vault_cost_floor(void)
{
    return (struct vault_cost){VAULT_MEMORY_KIB_FLOOR, VAULT_PASSES_FLOOR};
}

static bool cost_is_allowed(struct vault_cost cost)
{
    return cost.memory_kib >= VAULT_MEMORY_KIB_FLOOR && cost.passes >= VAULT_PASSES_FLOOR &&
           cost.memory_kib <= VAULT_MEMORY_KIB_MAX && cost.passes <= VAULT_PASSES_MAX;
}

static void derive(struct vault_keys *keys)
{
    struct vl_bytes id = vl_bytes(keys->file_id, sizeof keys->file_id);
    vl_derive_key(VL_DOMAIN_VAULT_PAGE, keys->root, &id, 1, keys->page);
    vl_derive_key(VL_DOMAIN_VAULT_SECRET, keys->root, &id, 1, keys->secret);
    vl_derive_key(VL_DOMAIN_VAULT_MARKER, keys->root, &id, 1, keys->marker);
}

static vl_result keys_allocate(struct vault_keys **out)
{
    if (sodium_init() < 0) return VL_ERR_INTERNAL;
    *out = sodium_malloc(sizeof **out);
    if (*out == NULL) return VL_ERR_NO_MEMORY;
    sodium_memzero(*out, sizeof **out);
    return VL_OK;
}

vl_result vault_keys_create(struct vault_keys **out)
{
    VL_TRY(keys_allocate(out));
    (*out)->number = randombytes_uniform(2);
    (*out)->slot = VAULT_SLOTS;
    randombytes_buf((*out)->file_id, sizeof(*out)->file_id);
    randombytes_buf((*out)->root, sizeof(*out)->root);
    derive(*out);
    return VL_OK;
}

void vault_keys_destroy(struct vault_keys *keys)
{
    sodium_free(keys);
}

/* NFC in guarded memory: the same passphrase typed on another keyboard is the same bytes. utf8proc
 * works in our buffer, so no copy is left behind. */
static vl_result normalise(struct vl_bytes text, uint8_t **out, size_t *size)
{
    const utf8proc_option_t options = UTF8PROC_COMPOSE | UTF8PROC_STABLE;
    if (text.size == 0 || text.size > VAULT_PASSPHRASE_MAX) return VL_ERR_INVALID;
    utf8proc_ssize_t length = (utf8proc_ssize_t)text.size;
    utf8proc_ssize_t points = utf8proc_decompose(text.data, length, NULL, 0, options);
    if (points <= 0) return VL_ERR_INVALID;
    utf8proc_int32_t *buffer = sodium_allocarray((size_t)points + 1, sizeof *buffer);
    if (buffer == NULL) return VL_ERR_NO_MEMORY;
    points = utf8proc_decompose(text.data, length, buffer, points, options);
    if (points > 0) points = utf8proc_reencode(buffer, points, options);
    if (points <= 0) {
        sodium_free(buffer);
        return VL_ERR_INVALID;
    }
    *out = (uint8_t *)buffer;
    *size = (size_t)points;
    return VL_OK;
}

vl_result vault_passphrase_check(struct vl_bytes passphrase)
{
    uint8_t *text = NULL;
    size_t size = 0;
    if (sodium_init() < 0) return VL_ERR_INTERNAL;
    VL_TRY(normalise(passphrase, &text, &size));
    sodium_free(text);
    return VL_OK;
}

/* The key of the slots, in guarded memory. */
static vl_result stretch(const struct vault_file *file, struct vl_bytes passphrase, uint8_t **out)
{
    uint8_t *text = NULL, *key = NULL;
    size_t size = 0;
    if (sodium_init() < 0) return VL_ERR_INTERNAL;
    VL_TRY(normalise(passphrase, &text, &size));
    vl_result result = VL_ERR_NO_MEMORY;
    key = sodium_malloc(64);
    if (key == NULL) goto done;
    if (crypto_pwhash(key, 32, (const char *)text, size, file->salt, file->cost.passes,
                      (size_t)file->cost.memory_kib * 1024u, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        goto done;
    }
    vl_derive_key(VL_DOMAIN_VAULT_SLOT, key, NULL, 0, key + 32);
    memmove(key, key + 32, 32);
    *out = key;
    key = NULL;
    result = VL_OK;
done:
    sodium_free(text);
    sodium_free(key);
    return result;
}

static void write_head(struct vl_writer *w, const struct vault_file *file)
{
    vl_write_exact(w, MAGIC, sizeof(MAGIC));
    vl_write_u16(w, KEYS_VERSION);
    vl_write_u32(w, file->cost.memory_kib);
    vl_write_u32(w, file->cost.passes);
    vl_write_exact(w, file->salt, sizeof file->salt);
}

/* Associated data of every slot; its last byte is the slot's number. */
static vl_result slot_place(const struct vault_file *file, struct vl_buffer *out)
{
    struct vl_writer w = vl_writer(out, 256);
    const char *domain = vl_domain_text(VL_DOMAIN_VAULT_SLOT);
    vl_write_exact(&w, domain, strlen(domain) + 1);
    write_head(&w, file);
    vl_write_u8(&w, 0);
    return vl_writer_result(&w);
}

static void seal_slot(struct vault_file *file, unsigned number, const struct vault_keys *keys,
                      const uint8_t key[static 32], struct vl_buffer *place)
{
    uint8_t plain[PAYLOAD_BYTES] = {0};
    uint8_t *slot = file->slots[number];
    plain[0] = (uint8_t)keys->number;
    memcpy(plain + 1, keys->root, sizeof keys->root);
    memcpy(plain + 33, keys->file_id, sizeof keys->file_id);
    place->data[place->size - 1] = (uint8_t)number;
    randombytes_buf(slot, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(slot + NONCE_BYTES, NULL, plain, sizeof plain,
                                                     place->data, place->size, NULL, slot, key);
    sodium_memzero(plain, sizeof plain);
}

vl_result vault_file_make(const struct vault_keys *keys, struct vl_bytes passphrase,
                          struct vault_cost cost, const uint8_t marker[static 32],
                          struct vault_file *out)
{
    struct vl_buffer place = {0};
    uint8_t *key = NULL;
    if (!cost_is_allowed(cost)) return VL_ERR_INVALID;
    randombytes_buf(out, sizeof *out);
    out->cost = cost;
    memcpy(out->markers[keys->number], marker, 32);
    vl_result result = stretch(out, passphrase, &key);
    if (result == VL_OK) result = slot_place(out, &place);
    if (result == VL_OK) seal_slot(out, randombytes_uniform(VAULT_SLOTS), keys, key, &place);
    vl_buffer_finish(&place);
    sodium_free(key);
    return result;
}

vl_result vault_file_encode(const struct vault_file *file, struct vl_buffer *out)
{
    size_t start = out->size;
    struct vl_writer w = vl_writer(out, start + VAULT_KEYS_BYTES);
    struct vl_id check = {0};
    write_head(&w, file);
    vl_write_exact(&w, file->markers, sizeof file->markers);
    vl_write_exact(&w, file->slots, sizeof file->slots);
    if (vl_writer_result(&w) == VL_OK) {
        struct vl_bytes all = vl_bytes(out->data + start, out->size - start);
        vl_hash(VL_DOMAIN_VAULT_KEYS, &all, 1, &check);
    }
    vl_write_exact(&w, check.bytes, sizeof check.bytes);
    return vl_writer_result(&w);
}

vl_result vault_file_decode(struct vl_bytes bytes, struct vault_file *out)
{
    struct vl_id check, stored;
    struct vl_reader r = vl_reader(bytes);
    struct vl_bytes magic = vl_read_view(&r, sizeof(MAGIC));
    if (!vl_bytes_equal(magic, vl_bytes(MAGIC, sizeof(MAGIC)))) return VL_ERR_DAMAGED;
    uint16_t version = vl_read_u16(&r);
    if (vl_reader_left(&r) > 0 && version != KEYS_VERSION) return VL_ERR_VERSION;
    out->cost.memory_kib = vl_read_u32(&r);
    out->cost.passes = vl_read_u32(&r);
    vl_read_exact(&r, out->salt, sizeof out->salt);
    vl_read_exact(&r, out->markers, sizeof out->markers);
    vl_read_exact(&r, out->slots, sizeof out->slots);
    vl_read_exact(&r, stored.bytes, sizeof stored.bytes);
    if (vl_reader_end(&r) != VL_OK) return VL_ERR_DAMAGED;
    struct vl_bytes all = vl_bytes(bytes.data, bytes.size - sizeof stored.bytes);
    vl_hash(VL_DOMAIN_VAULT_KEYS, &all, 1, &check);
    if (!vl_id_equal(&check, &stored) || !cost_is_allowed(out->cost)) return VL_ERR_DAMAGED;
    return VL_OK;
}

/* Tries every slot, also after one has opened; keeps the first that did. VAULT_SLOTS: none. */
static unsigned open_slots(const struct vault_file *file, const uint8_t key[static 32],
                           struct vl_buffer *place, uint8_t plain[static 2 * PAYLOAD_BYTES])
{
    bool found = false;
    unsigned opened = VAULT_SLOTS;
    for (unsigned i = 0; i < VAULT_SLOTS; i++) {
        const uint8_t *slot = file->slots[i];
        place->data[place->size - 1] = (uint8_t)i;
        int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain + PAYLOAD_BYTES, NULL, NULL, slot + NONCE_BYTES, PAYLOAD_BYTES + TAG_BYTES,
            place->data, place->size, slot, key);
        uint8_t keep = (uint8_t)(0u - (unsigned)(failed == 0 && !found));
        for (size_t at = 0; at < PAYLOAD_BYTES; at++) {
            plain[at] = (uint8_t)((plain[at] & ~keep) | (plain[PAYLOAD_BYTES + at] & keep));
        }
        if (failed == 0 && !found) opened = i;
        found = found || failed == 0;
    }
    return opened;
}

vl_result vault_unlock(const struct vault_file *file, struct vl_bytes passphrase,
                       struct vault_keys **out)
{
    struct vl_buffer place = {0};
    struct vault_keys *keys = NULL;
    uint8_t *key = NULL, *plain = NULL;
    vl_result result = keys_allocate(&keys);
    if (result != VL_OK) goto done;
    result = stretch(file, passphrase, &key);
    if (result != VL_OK) goto done;
    result = slot_place(file, &place);
    if (result != VL_OK) goto done;
    result = VL_ERR_NO_MEMORY;
    plain = sodium_malloc(2 * PAYLOAD_BYTES);
    if (plain == NULL) goto done;
    sodium_memzero(plain, 2 * PAYLOAD_BYTES);
    result = VL_ERR_PASSPHRASE;
    keys->slot = open_slots(file, key, &place, plain);
    if (keys->slot == VAULT_SLOTS) goto done;
    result = VL_ERR_DAMAGED;
    if (plain[0] > 1 || !sodium_is_zero(plain + 49, PAYLOAD_BYTES - 49)) goto done;
    keys->number = plain[0];
    memcpy(keys->root, plain + 1, sizeof keys->root);
    memcpy(keys->file_id, plain + 33, sizeof keys->file_id);
    derive(keys);
    *out = keys;
    keys = NULL;
    result = VL_OK;
done:
    vl_buffer_finish(&place);
    vault_keys_destroy(keys);
    sodium_free(key);
    sodium_free(plain);
    return result;
}

vl_result vault_slot_replace(struct vault_file *file, const struct vault_keys *keys,
                             struct vl_bytes passphrase)
{
    struct vault_file changed = *file;
    struct vl_buffer place = {0};
    uint8_t *key = NULL, *plain = NULL;
    vl_result result = VL_ERR_INVALID;
    if (keys->slot >= VAULT_SLOTS) return result;
    result = stretch(file, passphrase, &key);
    if (result != VL_OK) goto done;
    result = slot_place(file, &place);
    if (result != VL_OK) goto done;
    result = VL_ERR_NO_MEMORY;
    plain = sodium_malloc(2 * PAYLOAD_BYTES);
    if (plain == NULL) goto done;
    sodium_memzero(plain, 2 * PAYLOAD_BYTES);
    seal_slot(&changed, keys->slot, keys, key, &place);
    result = VL_ERR_INVALID;
    if (open_slots(&changed, key, &place, plain) != keys->slot) goto done;
    *file = changed;
    result = VL_OK;
done:
    vl_buffer_finish(&place);
    sodium_free(key);
    sodium_free(plain);
    return result;
}
