#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/bytes.h>

#define FIRST_CAPACITY 64u

struct vl_bytes vl_bytes_text(const char *text)
{
    return vl_bytes(text, strlen(text));
}

bool vl_bytes_equal(struct vl_bytes a, struct vl_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int vl_bytes_compare(struct vl_bytes a, struct vl_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order < 0 ? -1 : 1;
    return (a.size > b.size) - (a.size < b.size);
}

void vl_buffer_finish(struct vl_buffer *buffer)
{
    if (buffer == NULL) return;
    free(buffer->data);
    *buffer = (struct vl_buffer){0};
}

void vl_buffer_wipe(struct vl_buffer *buffer)
{
    if (buffer == NULL) return;
    /* The whole capacity: bytes consumed or cleared before are still there. */
    if (buffer->data != NULL) sodium_memzero(buffer->data, buffer->capacity);
    vl_buffer_finish(buffer);
}

void vl_buffer_clear(struct vl_buffer *buffer)
{
    buffer->size = 0;
}

vl_result vl_buffer_reserve(struct vl_buffer *buffer, size_t extra)
{
    assert(buffer->size <= buffer->capacity);
    if (extra <= buffer->capacity - buffer->size) return VL_OK;
    if (extra > SIZE_MAX / 2 - buffer->size) return VL_ERR_NO_MEMORY;

    size_t need = buffer->size + extra;
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity;
    while (capacity < need) {
        capacity *= 2;
    }
    /* Not realloc: it would leave a copy of what may be a secret behind. */
    uint8_t *data = malloc(capacity);
    if (data == NULL) return VL_ERR_NO_MEMORY;
    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->size);
        sodium_memzero(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return VL_OK;
}

vl_result vl_buffer_append(struct vl_buffer *buffer, const void *data, size_t size)
{
    if (size == 0) return VL_OK;
    VL_TRY(vl_buffer_reserve(buffer, size));
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return VL_OK;
}

void vl_buffer_consume(struct vl_buffer *buffer, size_t size)
{
    if (size >= buffer->size) {
        buffer->size = 0;
        return;
    }
    memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}
