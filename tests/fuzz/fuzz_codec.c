/* A sequence of reads chosen by the input; whatever was read without an error is written again and
 * must give the same bytes. The first byte says how many steps there are, the next ones which. */
#include <stdlib.h>
#include <veillee/value.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy_one(uint8_t step, struct vl_reader *r, struct vl_writer *w)
{
    uint8_t exact[16];
    size_t length = step >> 4;
    switch (step & 7) {
    case 0: vl_write_u8(w, vl_read_u8(r)); break;
    case 1: vl_write_u16(w, vl_read_u16(r)); break;
    case 2: vl_write_u32(w, vl_read_u32(r)); break;
    case 3: vl_write_u64(w, vl_read_u64(r)); break;
    case 4: vl_write_i64(w, vl_read_i64(r)); break;
    case 5: vl_write_varint(w, vl_read_varint(r, UINT64_MAX >> (step >> 3))); break;
    case 6: vl_write_string(w, vl_read_string(r, length * 16)); break;
    default:
        vl_read_exact(r, exact, length);
        vl_write_exact(w, exact, length);
        break;
    }
}

static void copy_value(struct vl_bytes input)
{
    struct vl_value value;
    struct vl_buffer again = {0};
    if (vl_value_decode(input, &value) != VL_OK) return;
    if (vl_value_encode(&value, &again) != VL_OK) abort();
    if (!vl_bytes_equal(input, vl_buffer_view(&again))) abort();
    vl_buffer_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vl_buffer again = {0};
    copy_value(vl_bytes(data, size));
    if (size == 0 || (size_t)data[0] + 1 > size) return 0;

    size_t steps = data[0], start = steps + 1;
    struct vl_reader r = vl_reader(vl_bytes(data + start, size - start));
    struct vl_writer w = vl_writer(&again, size);
    for (size_t i = 0; i < steps; i++) {
        size_t before = again.size;
        copy_one(data[1 + i], &r, &w);
        if (r.result != VL_OK) {
            again.size = before; /* what a failed read gave is not part of the copy */
            break;
        }
    }
    if (w.result != VL_OK && r.result == VL_OK) abort();
    size_t read = r.at < again.size ? r.at : again.size;
    if (!vl_bytes_equal(vl_bytes(data + start, read), vl_bytes(again.data, read))) abort();
    if (r.result == VL_OK && r.at != again.size) abort();
    vl_buffer_finish(&again);
    return 0;
}
