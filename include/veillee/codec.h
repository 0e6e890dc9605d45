/* Bounded reader and writer of the canonical encoding.
 *
 * Integers are little-endian of fixed width, or `varint`: LEB128, at most 10 bytes, minimal (a
 * longer form of the same number is refused). Lists are a varint count and the items; byte strings
 * a varint size and the bytes. Decode then encode gives the input back or decoding refuses.
 *
 * Both keep the first error and ignore every call after it, so a caller may decode a whole
 * structure and look at the result once (vl_reader_end / vl_writer_result). After an error a
 * reader yields zeros and empty views; nothing out of bounds is read, nothing over `limit` written.
 */
#ifndef VEILLEE_CODEC_H
#define VEILLEE_CODEC_H

#include <veillee/bytes.h>

struct vl_reader {
    struct vl_bytes input;
    size_t at;
    vl_result result;
};

struct vl_reader vl_reader(struct vl_bytes input);
uint8_t vl_read_u8(struct vl_reader *r);
uint16_t vl_read_u16(struct vl_reader *r);
uint32_t vl_read_u32(struct vl_reader *r);
uint64_t vl_read_u64(struct vl_reader *r);
int64_t vl_read_i64(struct vl_reader *r);
uint64_t vl_read_varint(struct vl_reader *r, uint64_t max); /* over max: TOO_LARGE */
/* Exactly `size` bytes copied to `out`. On error `out` is zeroed. */
void vl_read_exact(struct vl_reader *r, void *out, size_t size);
struct vl_bytes vl_read_view(struct vl_reader *r, size_t size);  /* exactly size */
struct vl_bytes vl_read_string(struct vl_reader *r, size_t max); /* varint size, bytes */
void vl_reader_fail(struct vl_reader *r, vl_result why);         /* keeps the first */
size_t vl_reader_left(const struct vl_reader *r);
/* The first error; TRAILING when none but bytes are left. */
VL_MUST_USE vl_result vl_reader_end(struct vl_reader *r);

struct vl_writer {
    struct vl_buffer *out; /* appended to; the caller's */
    size_t limit;          /* out->size never exceeds it */
    vl_result result;
};

struct vl_writer vl_writer(struct vl_buffer *out, size_t limit);
void vl_write_u8(struct vl_writer *w, uint8_t value);
void vl_write_u16(struct vl_writer *w, uint16_t value);
void vl_write_u32(struct vl_writer *w, uint32_t value);
void vl_write_u64(struct vl_writer *w, uint64_t value);
void vl_write_i64(struct vl_writer *w, int64_t value);
void vl_write_varint(struct vl_writer *w, uint64_t value);
void vl_write_exact(struct vl_writer *w, const void *data, size_t size);
void vl_write_string(struct vl_writer *w, struct vl_bytes bytes);
VL_MUST_USE vl_result vl_writer_result(const struct vl_writer *w); /* TOO_LARGE over the limit */

#endif
