#include "sync/sign.h"

#include <assert.h>
#include <string.h>
#include <veillee/entry.h>

void vl_log_id(const uint8_t sign_key[static 32], const uint8_t incarnation[static 16],
               struct vl_id *out)
{
    struct vl_bytes parts[] = {vl_bytes(sign_key, 32), vl_bytes(incarnation, 16)};
    vl_hash(VL_DOMAIN_LOG_ID, parts, 2, out);
}

static bool is_sorted(const struct vl_id *ids, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (vl_id_compare(&ids[i - 1], &ids[i]) >= 0) return false;
    }
    return true;
}

/* What a header must satisfy by itself; the same for what is written and what is read. */
static vl_result check(const struct vl_entry_header *h)
{
    if ((unsigned)h->kind >= VL_ENTRY_KIND_COUNT) return VL_ERR_KIND;
    if (h->link_count > VL_LINKS_MAX || h->auth_count > VL_AUTH_MAX) return VL_ERR_TOO_LARGE;
    if (h->blob_size > VL_BLOB_BYTES_MAX) return VL_ERR_TOO_LARGE;
    if (h->blob_size == 0) return VL_ERR_NOT_CANONICAL;
    if (!is_sorted(h->links, h->link_count)) return VL_ERR_LINKS;
    if (!is_sorted(h->auth, h->auth_count)) return VL_ERR_AUTH;
    if (h->seq == 0) {
        struct vl_id log;
        vl_log_id(h->sign_key, h->incarnation, &log);
        if (!vl_id_equal(&log, &h->log)) return VL_ERR_HASH;
    }
    return VL_OK;
}

vl_result vl_entry_header_encode(const struct vl_entry_header *h, struct vl_buffer *out)
{
    size_t before = out->size;
    VL_TRY(check(h));

    struct vl_writer w = vl_writer(out, before + VL_HEADER_BYTES_MAX);
    vl_write_u8(&w, VL_FORMAT_VERSION);
    vl_write_u8(&w, (uint8_t)h->kind);
    vl_write_exact(&w, h->circle.bytes, 32);
    vl_write_exact(&w, h->log.bytes, 32);
    vl_write_varint(&w, h->seq);
    if (h->seq == 0) {
        vl_write_exact(&w, h->sign_key, sizeof h->sign_key);
        vl_write_exact(&w, h->incarnation, sizeof h->incarnation);
    } else {
        vl_write_exact(&w, h->prev.bytes, 32);
    }
    vl_write_u8(&w, (uint8_t)h->link_count);
    vl_write_exact(&w, h->links, h->link_count * sizeof h->links[0]);
    vl_write_varint(&w, h->lamport);
    vl_write_i64(&w, h->wall.ms);
    if (h->kind != VL_ENTRY_CONTROL) vl_write_exact(&w, h->epoch_key.bytes, 32);
    vl_write_u8(&w, (uint8_t)h->auth_count);
    vl_write_exact(&w, h->auth, h->auth_count * sizeof h->auth[0]);
    vl_write_exact(&w, h->blob_hash.bytes, 32);
    vl_write_varint(&w, h->blob_size);
    if (w.result != VL_OK) out->size = before;
    return vl_writer_result(&w);
}

static size_t read_ids(struct vl_reader *r, struct vl_id *out, size_t max)
{
    size_t count = vl_read_u8(r);
    if (count > max) {
        vl_reader_fail(r, VL_ERR_TOO_LARGE);
        return 0;
    }
    vl_read_exact(r, out, count * sizeof out[0]);
    return count;
}

vl_result vl_entry_header_decode(struct vl_bytes bytes, struct vl_entry_header *out)
{
    struct vl_entry_header *h = out;
    memset(h, 0, sizeof *h);
    if (bytes.size > VL_HEADER_BYTES_MAX) return VL_ERR_TOO_LARGE;

    struct vl_reader r = vl_reader(bytes);
    if (vl_read_u8(&r) != VL_FORMAT_VERSION) vl_reader_fail(&r, VL_ERR_VERSION);
    uint8_t kind = vl_read_u8(&r);
    if (kind >= VL_ENTRY_KIND_COUNT) vl_reader_fail(&r, VL_ERR_KIND);
    h->kind = (enum vl_entry_kind)kind;
    vl_read_exact(&r, h->circle.bytes, 32);
    vl_read_exact(&r, h->log.bytes, 32);
    h->seq = vl_read_varint(&r, UINT64_MAX);
    if (h->seq == 0) {
        vl_read_exact(&r, h->sign_key, sizeof h->sign_key);
        vl_read_exact(&r, h->incarnation, sizeof h->incarnation);
    } else {
        vl_read_exact(&r, h->prev.bytes, 32);
    }
    h->link_count = read_ids(&r, h->links, VL_LINKS_MAX);
    h->lamport = vl_read_varint(&r, UINT64_MAX);
    h->wall.ms = vl_read_i64(&r);
    if (h->kind != VL_ENTRY_CONTROL) vl_read_exact(&r, h->epoch_key.bytes, 32);
    h->auth_count = read_ids(&r, h->auth, VL_AUTH_MAX);
    vl_read_exact(&r, h->blob_hash.bytes, 32);
    h->blob_size = (uint32_t)vl_read_varint(&r, VL_BLOB_BYTES_MAX);
    VL_TRY(vl_reader_end(&r));
    return check(h);
}

void vl_entry_id(struct vl_bytes header, struct vl_id *out)
{
    vl_hash(VL_DOMAIN_ENTRY_ID, &header, 1, out);
}

void vl_entry_sign(struct vl_bytes header, const struct vl_device_keys *keys,
                   uint8_t signature[static 64])
{
    assert(header.size <= VL_HEADER_BYTES_MAX);
    sign_parts(VL_DOMAIN_ENTRY_SIGNATURE, &header, 1, keys->sign_secret, signature);
}

vl_result vl_entry_verify(struct vl_bytes header, const uint8_t signature[static 64],
                          const uint8_t sign_key[static 32])
{
    if (header.size > VL_HEADER_BYTES_MAX) return VL_ERR_TOO_LARGE;
    return sign_verify_parts(VL_DOMAIN_ENTRY_SIGNATURE, &header, 1, signature, sign_key);
}
