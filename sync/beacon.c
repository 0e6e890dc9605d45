#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/beacon.h>

#define BEACON_VERSION   1u
#define DEVICE_TAG_BYTES 8u
#define ADDRESS_BYTES    17u /* family, 16 bytes */
#define EPOCHS_TRIED_MAX 256u

/* Long enough for every domain's text with its zero, see signed_bytes and associated_data. */
#define DOMAIN_BYTES_MAX 64u

static_assert(1u + DEVICE_TAG_BYTES + 8u + 2u + 1u + VL_BEACON_ADDRESSES_MAX * ADDRESS_BYTES +
                      crypto_sign_BYTES <=
                  VL_BEACON_PLAIN_BYTES,
              "the plaintext holds the largest beacon");
static_assert(VL_BEACON_BYTES == VL_BEACON_NONCE_BYTES + VL_BEACON_PLAIN_BYTES +
                                     crypto_aead_chacha20poly1305_ietf_ABYTES,
              "the beacon is nonce, plaintext and tag");
static_assert(VL_BEACON_NONCE_BYTES == crypto_aead_chacha20poly1305_ietf_NPUBBYTES,
              "the nonce is the cipher's");
static_assert(VL_BEACON_BYTES <= 255u, "a TXT string holds a beacon");

static bool address_is_canonical(const struct vl_address *a)
{
    static const uint8_t zeros[12];
    if (a->family == 6) return true;
    return a->family == 4 && memcmp(a->bytes + 4, zeros, sizeof zeros) == 0;
}

static bool addresses_are_canonical(const struct vl_beacon *b)
{
    if (b->address_count == 0 || b->address_count > VL_BEACON_ADDRESSES_MAX) return false;
    for (size_t k = 0; k < b->address_count; k++) {
        if (!address_is_canonical(&b->addresses[k])) return false;
        if (k > 0 && vl_address_compare(&b->addresses[k - 1], &b->addresses[k]) >= 0) return false;
    }
    return true;
}

static void device_tag(const struct vl_id *circle, const uint8_t sign[static 32],
                       uint8_t out[static DEVICE_TAG_BYTES])
{
    struct vl_id hash;
    const struct vl_bytes parts[] = {vl_bytes(circle->bytes, sizeof circle->bytes),
                                     vl_bytes(sign, 32)};
    vl_hash(VL_DOMAIN_BEACON, parts, 2, &hash);
    memcpy(out, hash.bytes, DEVICE_TAG_BYTES);
}

static void write_addresses(struct vl_writer *w, const struct vl_beacon *beacon)
{
    vl_write_u8(w, (uint8_t)beacon->address_count);
    for (size_t k = 0; k < beacon->address_count; k++) {
        vl_write_u8(w, beacon->addresses[k].family);
        vl_write_exact(w, beacon->addresses[k].bytes, sizeof beacon->addresses[k].bytes);
    }
}

static void write_domain(struct vl_writer *w, enum vl_domain domain)
{
    const char *text = vl_domain_text(domain);
    vl_write_exact(w, text, strlen(text) + 1);
}

/* What the device signs. */
static vl_result signed_bytes(const struct vl_id *circle, const struct vl_beacon *beacon,
                              struct vl_buffer *out)
{
    struct vl_writer w = vl_writer(out, VL_BEACON_PLAIN_BYTES + DOMAIN_BYTES_MAX);
    write_domain(&w, VL_DOMAIN_BEACON_SIGNATURE);
    vl_write_exact(&w, circle->bytes, sizeof circle->bytes);
    vl_write_exact(&w, beacon->nonce, sizeof beacon->nonce);
    vl_write_u64(&w, beacon->counter);
    write_addresses(&w, beacon);
    vl_write_u16(&w, beacon->port);
    return vl_writer_result(&w);
}

static vl_result associated_data(const uint8_t nonce[static VL_BEACON_NONCE_BYTES],
                                 struct vl_buffer *out)
{
    struct vl_writer w = vl_writer(out, VL_BEACON_NONCE_BYTES + DOMAIN_BYTES_MAX);
    write_domain(&w, VL_DOMAIN_BEACON);
    vl_write_exact(&w, nonce, VL_BEACON_NONCE_BYTES);
    return vl_writer_result(&w);
}

static vl_result encode(const struct vl_id *circle, const struct vl_device_keys *keys,
                        const struct vl_beacon *beacon, struct vl_buffer *plain)
{
    uint8_t tag[DEVICE_TAG_BYTES], signature[crypto_sign_BYTES];
    static const uint8_t zeros[VL_BEACON_PLAIN_BYTES];
    struct vl_buffer message = {0};
    vl_result result = signed_bytes(circle, beacon, &message);
    if (result == VL_OK) {
        (void)crypto_sign_detached(signature, NULL, message.data, message.size, keys->sign_secret);
        device_tag(circle, keys->card.sign, tag);
        struct vl_writer w = vl_writer(plain, VL_BEACON_PLAIN_BYTES);
        vl_write_u8(&w, BEACON_VERSION);
        vl_write_exact(&w, tag, sizeof tag);
        vl_write_u64(&w, beacon->counter);
        vl_write_u16(&w, beacon->port);
        write_addresses(&w, beacon);
        vl_write_exact(&w, signature, sizeof signature);
        vl_write_exact(&w, zeros, VL_BEACON_PLAIN_BYTES - plain->size);
        result = vl_writer_result(&w);
    }
    vl_buffer_finish(&message);
    return result;
}

/* The plaintext without its signature's check; `tag` names the device. */
static vl_result decode(struct vl_bytes plain, struct vl_beacon *out,
                        uint8_t tag[static DEVICE_TAG_BYTES],
                        uint8_t signature[static crypto_sign_BYTES])
{
    struct vl_reader r = vl_reader(plain);
    if (vl_read_u8(&r) != BEACON_VERSION) vl_reader_fail(&r, VL_ERR_VERSION);
    vl_read_exact(&r, tag, DEVICE_TAG_BYTES);
    out->counter = vl_read_u64(&r);
    out->port = vl_read_u16(&r);
    out->address_count = vl_read_u8(&r);
    if (out->address_count > VL_BEACON_ADDRESSES_MAX) {
        out->address_count = 0;
        vl_reader_fail(&r, VL_ERR_NOT_CANONICAL);
    }
    for (size_t k = 0; k < out->address_count; k++) {
        out->addresses[k].family = vl_read_u8(&r);
        vl_read_exact(&r, out->addresses[k].bytes, sizeof out->addresses[k].bytes);
    }
    vl_read_exact(&r, signature, crypto_sign_BYTES);
    while (vl_reader_left(&r) > 0 && r.result == VL_OK)
        if (vl_read_u8(&r) != 0) vl_reader_fail(&r, VL_ERR_NOT_CANONICAL);
    VL_TRY(vl_reader_end(&r));
    return out->port != 0 && addresses_are_canonical(out) ? VL_OK : VL_ERR_NOT_CANONICAL;
}

static vl_result current_epoch(struct vl_replica *r, struct vl_id *key_id)
{
    struct vl_epoch_info epochs[EPOCHS_TRIED_MAX];
    size_t count = vl_replica_epochs(r, epochs, EPOCHS_TRIED_MAX);
    if (count > EPOCHS_TRIED_MAX) count = EPOCHS_TRIED_MAX;
    for (size_t k = 0; k < count; k++) {
        if (!epochs[k].current) continue;
        *key_id = epochs[k].key_id;
        return VL_OK;
    }
    return VL_ERR_NO_KEY;
}

vl_result vl_beacon_seal(struct vl_replica *r, const struct vl_beacon *beacon,
                         uint8_t out[static VL_BEACON_BYTES])
{
    if (beacon->port == 0 || !addresses_are_canonical(beacon)) return VL_ERR_INVALID;
    struct vl_id key_id;
    uint8_t key[32];
    struct vl_buffer plain = {0}, data = {0};
    VL_TRY(current_epoch(r, &key_id));
    vl_result result = vl_replica_epoch_key(r, &key_id, VL_DOMAIN_DISCOVERY_KEY, key);
    if (result == VL_OK) result = encode(vl_replica_circle(r), vl_replica_keys(r), beacon, &plain);
    if (result == VL_OK) result = associated_data(beacon->nonce, &data);
    if (result == VL_OK) {
        assert(plain.size == VL_BEACON_PLAIN_BYTES);
        memcpy(out, beacon->nonce, VL_BEACON_NONCE_BYTES);
        (void)crypto_aead_chacha20poly1305_ietf_encrypt(out + VL_BEACON_NONCE_BYTES, NULL,
                                                        plain.data, plain.size, data.data,
                                                        data.size, NULL, beacon->nonce, key);
    }
    sodium_memzero(key, sizeof key);
    vl_buffer_wipe(&plain);
    vl_buffer_finish(&data);
    return result;
}

/* Finds the signer among the enrolled devices. SIGNATURE: a device of that tag is known, but it
 * did not sign this; AUTHORITY: no such device, or its person is no member now. */
static vl_result find_signer(struct vl_replica *r, const struct vl_beacon *beacon,
                             const uint8_t tag[static DEVICE_TAG_BYTES],
                             const uint8_t signature[static crypto_sign_BYTES],
                             struct vl_device_info *out)
{
    struct vl_buffer message = {0};
    const struct vl_id *circle = vl_replica_circle(r);
    vl_result result = signed_bytes(circle, beacon, &message);
    if (result == VL_OK) result = VL_ERR_AUTHORITY;
    for (size_t at = 0; result == VL_ERR_AUTHORITY || result == VL_ERR_SIGNATURE; at++) {
        struct vl_device_info device;
        uint8_t its_tag[DEVICE_TAG_BYTES];
        vl_result found = vl_replica_device_at(r, at, &device);
        if (found == VL_ERR_NOT_FOUND) break;
        if (found != VL_OK) {
            result = found;
            break;
        }
        device_tag(circle, device.card.sign, its_tag);
        if (memcmp(its_tag, tag, DEVICE_TAG_BYTES) != 0) continue;
        if (crypto_sign_verify_detached(signature, message.data, message.size, device.card.sign)) {
            result = VL_ERR_SIGNATURE;
            continue;
        }
        *out = device;
        result = device.current ? VL_OK : VL_ERR_AUTHORITY;
        break;
    }
    vl_buffer_finish(&message);
    return result;
}

static vl_result open_under(struct vl_replica *r, const struct vl_epoch_info *epoch,
                            const uint8_t bytes[static VL_BEACON_BYTES], struct vl_bytes data,
                            uint8_t plain[static VL_BEACON_PLAIN_BYTES])
{
    uint8_t key[32];
    VL_TRY(vl_replica_epoch_key(r, &epoch->key_id, VL_DOMAIN_DISCOVERY_KEY, key));
    int bad = crypto_aead_chacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, bytes + VL_BEACON_NONCE_BYTES, VL_BEACON_BYTES - VL_BEACON_NONCE_BYTES,
        data.data, data.size, bytes, key);
    sodium_memzero(key, sizeof key);
    return bad ? VL_ERR_DECRYPT : VL_OK;
}

vl_result vl_beacon_open(struct vl_replica *r, const uint8_t bytes[static VL_BEACON_BYTES],
                         struct vl_sighting *out)
{
    struct vl_epoch_info epochs[EPOCHS_TRIED_MAX];
    uint8_t plain[VL_BEACON_PLAIN_BYTES], tag[DEVICE_TAG_BYTES], signature[crypto_sign_BYTES];
    struct vl_buffer data = {0};
    memset(out, 0, sizeof *out);
    size_t count = vl_replica_epochs(r, epochs, EPOCHS_TRIED_MAX);
    if (count > EPOCHS_TRIED_MAX) count = EPOCHS_TRIED_MAX;
    vl_result result = associated_data(bytes, &data);
    if (result == VL_OK) result = VL_ERR_DECRYPT;
    size_t at = 0;
    for (; at < count && result == VL_ERR_DECRYPT; at++)
        result = open_under(r, &epochs[at], bytes, vl_buffer_view(&data), plain);
    vl_buffer_finish(&data);
    if (result != VL_OK) return result;

    out->epoch_key = epochs[at - 1].key_id;
    out->stale = !epochs[at - 1].current;
    memcpy(out->beacon.nonce, bytes, VL_BEACON_NONCE_BYTES);
    result = decode(vl_bytes(plain, sizeof plain), &out->beacon, tag, signature);
    if (result == VL_OK) result = find_signer(r, &out->beacon, tag, signature, &out->device);
    sodium_memzero(plain, sizeof plain);
    if (result != VL_OK) memset(out, 0, sizeof *out);
    return result;
}

/* ---- counters ---- */

struct counter {
    uint8_t sign[32];
    uint64_t counter;
    uint8_t nonce[VL_BEACON_NONCE_BYTES];
};

struct vl_counters {
    struct counter *items; /* of members' devices only, so there are few */
    size_t count, capacity;
    uint64_t generation;
};

vl_result vl_counters_create(struct vl_counters **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? VL_OK : VL_ERR_NO_MEMORY;
}

void vl_counters_destroy(struct vl_counters *c)
{
    if (!c) return;
    free(c->items);
    free(c);
}

/* Where the key stands, or would; they are sorted. */
static size_t counter_place(const struct vl_counters *c, const uint8_t sign[static 32], bool *found)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memcmp(c->items[middle].sign, sign, 32) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < c->count && memcmp(c->items[low].sign, sign, 32) == 0;
    return low;
}

static vl_result counter_insert(struct vl_counters *c, size_t at, const struct counter *item)
{
    if (c->count == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 16;
        struct counter *items = realloc(c->items, capacity * sizeof *items);
        if (!items) return VL_ERR_NO_MEMORY;
        c->items = items;
        c->capacity = capacity;
    }
    memmove(&c->items[at + 1], &c->items[at], (c->count - at) * sizeof *c->items);
    c->items[at] = *item;
    c->count++;
    return VL_OK;
}

vl_result vl_counters_check(struct vl_counters *c, const struct vl_sighting *sighting)
{
    const struct vl_beacon *beacon = &sighting->beacon;
    struct counter new = {.counter = beacon->counter};
    bool found;
    memcpy(new.sign, sighting->device.card.sign, sizeof new.sign);
    memcpy(new.nonce, beacon->nonce, sizeof new.nonce);
    const size_t at = counter_place(c, new.sign, &found);
    if (!found) {
        VL_TRY(counter_insert(c, at, &new));
        c->generation++;
        return VL_OK;
    }
    struct counter *item = &c->items[at];
    if (new.counter < item->counter) return VL_ERR_REPLAY;
    if (new.counter == item->counter)
        return memcmp(new.nonce, item->nonce, sizeof new.nonce) == 0 ? VL_OK : VL_ERR_REPLAY;
    *item = new;
    c->generation++;
    return VL_OK;
}

uint64_t vl_counters_generation(const struct vl_counters *c)
{
    return c->generation;
}

#define COUNTER_BYTES (32u + 8u + VL_BEACON_NONCE_BYTES)

vl_result vl_counters_encode(const struct vl_counters *c, struct vl_buffer *out)
{
    vl_buffer_clear(out);
    struct vl_writer w = vl_writer(out, 4 + c->count * COUNTER_BYTES);
    vl_write_u32(&w, (uint32_t)c->count);
    for (size_t k = 0; k < c->count; k++) {
        vl_write_exact(&w, c->items[k].sign, sizeof c->items[k].sign);
        vl_write_u64(&w, c->items[k].counter);
        vl_write_exact(&w, c->items[k].nonce, sizeof c->items[k].nonce);
    }
    return vl_writer_result(&w);
}

static vl_result counters_read(struct vl_counters *c, struct vl_reader *r)
{
    const uint32_t count = vl_read_u32(r);
    for (uint32_t k = 0; k < count && r->result == VL_OK; k++) {
        struct counter item;
        vl_read_exact(r, item.sign, sizeof item.sign);
        item.counter = vl_read_u64(r);
        vl_read_exact(r, item.nonce, sizeof item.nonce);
        VL_TRY(r->result);
        if (k > 0 && memcmp(c->items[k - 1].sign, item.sign, sizeof item.sign) >= 0)
            return VL_ERR_NOT_CANONICAL;
        VL_TRY(counter_insert(c, c->count, &item));
    }
    return vl_reader_end(r);
}

vl_result vl_counters_decode(struct vl_counters *c, struct vl_bytes bytes)
{
    if (c->count > 0) return VL_ERR_STATE;
    struct vl_reader r = vl_reader(bytes);
    const vl_result result = counters_read(c, &r);
    if (result != VL_OK) c->count = 0;
    c->generation++;
    return result;
}

/* ---- invitations ---- */

#define MARK_SALT_BYTES 12u

static void mark_of(const uint8_t salt[static MARK_SALT_BYTES], uint8_t number, struct vl_id *out)
{
    const struct vl_bytes parts[] = {vl_bytes(salt, MARK_SALT_BYTES), vl_bytes(&number, 1)};
    vl_hash(VL_DOMAIN_INVITATION, parts, 2, out);
}

void vl_invitation_mark(uint8_t number, uint8_t out[static VL_BEACON_BYTES])
{
    struct vl_id mark;
    randombytes_buf(out, VL_BEACON_BYTES);
    mark_of(out, number, &mark);
    memcpy(out + MARK_SALT_BYTES, mark.bytes, sizeof mark.bytes);
}

bool vl_invitation_matches(const uint8_t bytes[static VL_BEACON_BYTES], uint8_t number)
{
    struct vl_id mark;
    mark_of(bytes, number, &mark);
    return memcmp(bytes + MARK_SALT_BYTES, mark.bytes, sizeof mark.bytes) == 0;
}
