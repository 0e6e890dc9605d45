/* Any control body that is accepted is the one encoding of what it says. */
#include <stdlib.h>
#include <veillee/control.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t author[32] = {1};
    struct vl_id circle = {{2}};
    struct vl_control control;
    struct vl_buffer again = {0};
    struct vl_bytes input = vl_bytes(data, size);

    if (vl_control_decode(input, &control) != VL_OK) return 0;
    if (vl_control_encode(&control, &again) != VL_OK) abort();
    if (!vl_bytes_equal(input, vl_buffer_view(&again))) abort();
    vl_result verified = vl_control_verify(&control, &circle, author);
    if (verified == VL_OK && control.enrolment_count > 0) abort(); /* nobody signed this */
    vl_buffer_finish(&again);
    vl_control_finish(&control);
    return 0;
}
