/* Any body that is accepted is the one encoding of what it says. */
#include <stdlib.h>
#include <veillee/operation.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct vl_id self = {{0}};
    struct vl_bytes input = vl_bytes(data, size);
    struct vl_buffer again = {0};
    struct vl_body body;
    if (vl_body_decode(input, &self, &body) == VL_OK) {
        vl_result result = vl_body_encode(body.operations, body.count, &again);
        if (result == VL_OK ? !vl_bytes_equal(input, vl_buffer_view(&again))
                            : result != VL_ERR_TOO_LARGE || size <= VL_BLOB_BYTES_MAX)
            abort();
    }
    vl_body_finish(&body);
    vl_buffer_finish(&again);
    return 0;
}
