#include <string.h>
#include <veillee/codec.h>

#define VARINT_BYTES_MAX 10u

struct vl_reader vl_reader(struct vl_bytes input)
{
    return (struct vl_reader){.input = input, .at = 0, .result = VL_OK};
}

void vl_reader_fail(struct vl_reader *r, vl_result why)
{
    if (r->result == VL_OK) r->result = why;
}

size_t vl_reader_left(const struct vl_reader *r)
{
    return r->result == VL_OK ? r->input.size - r->at : 0;
}

vl_result vl_reader_end(struct vl_reader *r)
{
    if (r->result == VL_OK && r->at < r->input.size) r->result = VL_ERR_TRAILING;
    return r->result;
}

/* NULL after an error and when there are not `size` bytes; never NULL for size > 0 otherwise. */
static const uint8_t *take(struct vl_reader *r, size_t size)
{
    if (r->result != VL_OK) return NULL;
    if (size > r->input.size - r->at) {
        r->result = VL_ERR_TRUNCATED;
        return NULL;
    }
    const uint8_t *at = r->input.data == NULL ? NULL : r->input.data + r->at;
    r->at += size;
    return at;
}

static uint64_t read_fixed(struct vl_reader *r, size_t width)
{
    const uint8_t *at = take(r, width);
    uint64_t value = 0;
    if (at == NULL) return 0;
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

uint8_t vl_read_u8(struct vl_reader *r)
{
    return (uint8_t)read_fixed(r, 1);
}

uint16_t vl_read_u16(struct vl_reader *r)
{
    return (uint16_t)read_fixed(r, 2);
}

uint32_t vl_read_u32(struct vl_reader *r)
{
    return (uint32_t)read_fixed(r, 4);
}

uint64_t vl_read_u64(struct vl_reader *r)
{
    return read_fixed(r, 8);
}

int64_t vl_read_i64(struct vl_reader *r)
{
    uint64_t bits = read_fixed(r, 8);
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t vl_read_varint(struct vl_reader *r, uint64_t max)
{
    uint64_t value = 0;
    for (unsigned i = 0;; i++) { /* the tenth byte ends it, or is refused */
        uint8_t byte = vl_read_u8(r);
        if (r->result != VL_OK) return 0;
        /* The tenth byte has room for one bit; a last byte of zero would be a longer form. */
        bool is_last = (byte & 0x80) == 0;
        if ((i == VARINT_BYTES_MAX - 1 && byte > 1) || (is_last && byte == 0 && i > 0)) {
            vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
            return 0;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (is_last) break;
    }
    if (value > max) {
        vl_reader_fail(r, VL_ERR_TOO_LARGE);
        return 0;
    }
    return value;
}

void vl_read_exact(struct vl_reader *r, void *out, size_t size)
{
    if (size == 0) return;
    const uint8_t *at = take(r, size);
    if (at == NULL) {
        memset(out, 0, size);
    } else {
        memcpy(out, at, size);
    }
}

struct vl_bytes vl_read_view(struct vl_reader *r, size_t size)
{
    const uint8_t *at = take(r, size);
    return r->result == VL_OK ? vl_bytes(at, size) : vl_bytes(NULL, 0);
}

struct vl_bytes vl_read_string(struct vl_reader *r, size_t max)
{
    uint64_t size = vl_read_varint(r, max);
    return vl_read_view(r, (size_t)size);
}

struct vl_writer vl_writer(struct vl_buffer *out, size_t limit)
{
    return (struct vl_writer){.out = out, .limit = limit, .result = VL_OK};
}

vl_result vl_writer_result(const struct vl_writer *w)
{
    return w->result;
}

void vl_write_exact(struct vl_writer *w, const void *data, size_t size)
{
    if (w->result != VL_OK) return;
    if (w->out->size > w->limit || size > w->limit - w->out->size) {
        w->result = VL_ERR_TOO_LARGE;
        return;
    }
    w->result = vl_buffer_append(w->out, data, size);
}

static void write_fixed(struct vl_writer *w, uint64_t value, size_t width)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    vl_write_exact(w, bytes, width);
}

void vl_write_u8(struct vl_writer *w, uint8_t value)
{
    write_fixed(w, value, 1);
}

void vl_write_u16(struct vl_writer *w, uint16_t value)
{
    write_fixed(w, value, 2);
}

void vl_write_u32(struct vl_writer *w, uint32_t value)
{
    write_fixed(w, value, 4);
}

void vl_write_u64(struct vl_writer *w, uint64_t value)
{
    write_fixed(w, value, 8);
}

void vl_write_i64(struct vl_writer *w, int64_t value)
{
    write_fixed(w, (uint64_t)value, 8);
}

void vl_write_varint(struct vl_writer *w, uint64_t value)
{
    uint8_t bytes[VARINT_BYTES_MAX];
    size_t size = 0;
    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    vl_write_exact(w, bytes, size);
}

void vl_write_string(struct vl_writer *w, struct vl_bytes bytes)
{
    vl_write_varint(w, bytes.size);
    vl_write_exact(w, bytes.data, bytes.size);
}
