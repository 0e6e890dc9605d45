/* Any header that is accepted is the one encoding of what it says. */
#include <stdlib.h>
#include <veillee/entry.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[32] = {1};
    struct vl_entry_header header;
    struct vl_buffer again = {0};
    struct vl_bytes input = vl_bytes(data, size);

    if (vl_entry_header_decode(input, &header) == VL_OK) {
        if (vl_entry_header_encode(&header, &again) != VL_OK) abort();
        if (!vl_bytes_equal(input, vl_buffer_view(&again))) abort();
        vl_buffer_clear(&again);
    }
    /* The rest of the input as a blob: it must not open, and nothing may break. */
    header.seq = size;
    if (vl_blob_open(input, secret, &header, &again) == VL_OK) abort();
    vl_buffer_finish(&again);
    return 0;
}
