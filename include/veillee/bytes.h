/* Views of bytes and a buffer that grows. */
#ifndef VEILLEE_BYTES_H
#define VEILLEE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <veillee/result.h>

/* A view: owns nothing, valid as long as what it points into. data may be NULL when size is 0. */
struct vl_bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct vl_bytes vl_bytes(const void *data, size_t size)
{
    return (struct vl_bytes){(const uint8_t *)data, size};
}
/* Of a string, without its final zero. */
struct vl_bytes vl_bytes_text(const char *text);
bool vl_bytes_equal(struct vl_bytes a, struct vl_bytes b);  /* not constant time: no secrets */
int vl_bytes_compare(struct vl_bytes a, struct vl_bytes b); /* memcmp order, shorter first */

/* A buffer owns `data`. {0} is an empty buffer. */
struct vl_buffer {
    uint8_t *data;
    size_t size, capacity;
};

void vl_buffer_finish(struct vl_buffer *buffer); /* frees; accepts NULL, zeroed, finished */
void vl_buffer_wipe(struct vl_buffer *buffer);   /* zeroes the bytes first; for secrets */
void vl_buffer_clear(struct vl_buffer *buffer);  /* size 0, keeps the memory */
/* Room for `extra` bytes more. NO_MEMORY leaves the buffer as it was. */
VL_MUST_USE vl_result vl_buffer_reserve(struct vl_buffer *buffer, size_t extra);
VL_MUST_USE vl_result vl_buffer_append(struct vl_buffer *buffer, const void *data, size_t size);
/* Drops the first `size` bytes (at most all). */
void vl_buffer_consume(struct vl_buffer *buffer, size_t size);
static inline struct vl_bytes vl_buffer_view(const struct vl_buffer *buffer)
{
    return (struct vl_bytes){buffer->data, buffer->size};
}

#endif
