/* What a storage finds a cell's record by, read from the state without taking it apart. */
#include <string.h>
#include <veillee/cell.h>
#include <veillee/codec.h>
#include <veillee/value.h>

/* A lamport number stands beside exactly the entries of which an operation is kept. */
static void read_table(struct vl_reader *r, struct vl_cell_lookup *out)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 33);
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct vl_id id;
        vl_read_exact(r, id.bytes, sizeof id.bytes);
        if (vl_read_u8(r) == 0) continue;
        uint64_t lamport = vl_read_varint(r, UINT64_MAX);
        if (out->is_empty || lamport < out->lowest) out->lowest = lamport;
        out->is_empty = false;
    }
}

static bool is_date(struct vl_bytes text)
{
    static const char form[] = "dddd-dd-ddTdd:dd";
    if (text.size != 10 && text.size != 16) return false;
    for (size_t i = 0; i < text.size; i++) {
        bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (form[i] == 'd' ? !is_digit : text.data[i] != (uint8_t)form[i]) return false;
    }
    return true;
}

static void take_value(struct vl_bytes encoded, struct vl_cell_lookup *out)
{
    struct vl_value value;
    if (vl_value_decode(encoded, &value) != VL_OK) return; /* a newer program's */
    out->has_names = value.tag == VL_VALUE_REFERENCE;
    if (out->has_names) out->names = value.record;
    if (value.tag != VL_VALUE_TEXT || !is_date(value.bytes)) return;
    memcpy(out->date, value.bytes.data, value.bytes.size);
    out->date[value.bytes.size] = '\0';
}

/* The value that counts comes first. */
static void read_winner(struct vl_reader *r, struct vl_cell_lookup *out)
{
    size_t retired = (size_t)vl_read_varint(r, vl_reader_left(r) / 2);
    for (size_t i = 0; i < 2 * retired && r->result == VL_OK; i++)
        (void)vl_read_varint(r, UINT64_MAX);
    if (vl_read_varint(r, vl_reader_left(r) / 3) == 0) return;
    (void)vl_read_varint(r, UINT64_MAX);
    (void)vl_read_varint(r, UINT64_MAX);
    struct vl_bytes value = vl_read_string(r, VL_VALUE_BYTES_MAX);
    if (r->result == VL_OK) take_value(value, out);
}

vl_result vl_cell_look_up(enum vl_field_kind kind, struct vl_bytes state,
                          struct vl_cell_lookup *out)
{
    struct vl_reader r = vl_reader(state);
    *out = (struct vl_cell_lookup){.is_empty = true};
    if (state.size == 0) return VL_OK;
    (void)vl_read_varint(&r, UINT64_MAX);                           /* weight */
    if (r.result == VL_OK && vl_reader_left(&r) == 0) return VL_OK; /* over */
    read_table(&r, out);
    if (kind == VL_FIELD_REGISTER) read_winner(&r, out);
    if (r.result == VL_OK) return VL_OK;
    *out = (struct vl_cell_lookup){.is_empty = true};
    return VL_ERR_DAMAGED;
}
