#include "sync/seen.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 32u

struct vl_seen {
    struct vl_buffer keys; /* sorted; searched by halves, so a chosen order costs no more */
};

vl_result vl_seen_create(struct vl_seen **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? VL_ERR_NO_MEMORY : VL_OK;
}

void vl_seen_destroy(struct vl_seen *seen)
{
    if (seen == NULL) return;
    vl_buffer_finish(&seen->keys);
    free(seen);
}

bool vl_seen_full(const struct vl_seen *seen)
{
    return seen->keys.size / KEY_BYTES >= VL_SEEN_EPHEMERALS_MAX;
}

vl_result seen_add(struct vl_seen *seen, const uint8_t key[static 32])
{
    size_t low = 0, high = seen->keys.size / KEY_BYTES;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = memcmp(seen->keys.data + middle * KEY_BYTES, key, KEY_BYTES);
        if (order == 0) return VL_ERR_REPLAY;
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (vl_seen_full(seen)) return VL_ERR_LIMIT;
    VL_TRY(vl_buffer_reserve(&seen->keys, KEY_BYTES));
    uint8_t *at = seen->keys.data + low * KEY_BYTES;
    memmove(at + KEY_BYTES, at, seen->keys.size - low * KEY_BYTES);
    memcpy(at, key, KEY_BYTES);
    seen->keys.size += KEY_BYTES;
    return VL_OK;
}
