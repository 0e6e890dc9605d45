#include "sync/text_check.h"
#include <stdlib.h>
#include <utf8proc.h>
#include <veillee/value.h>

#define RECORD_TYPE_MAX 0xffffu

/* *nfc is the caller's to free; NULL when the text is in NFC as it stands. */
static vl_result to_nfc(struct vl_bytes text, uint8_t **nfc, size_t *size)
{
    *nfc = NULL;
    if (text.size > VL_VALUE_BYTES_MAX) return VL_ERR_TOO_LARGE;
    if (!text_is_clean(text)) return VL_ERR_UTF8;
    if (text_units(text) == text.size) return VL_OK; /* ASCII is NFC */

    utf8proc_ssize_t made = utf8proc_map(text.data, (utf8proc_ssize_t)text.size, nfc,
                                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (made == UTF8PROC_ERROR_NOMEM) return VL_ERR_NO_MEMORY;
    if (made < 0) return VL_ERR_UTF8;
    *size = (size_t)made;
    return VL_OK;
}

static vl_result write_text(struct vl_writer *w, struct vl_bytes text)
{
    uint8_t *nfc;
    size_t size;
    VL_TRY(to_nfc(text, &nfc, &size));
    if (nfc == NULL) {
        vl_write_exact(w, text.data, text.size);
    } else {
        vl_write_exact(w, nfc, size);
    }
    free(nfc);
    return VL_OK;
}

static vl_result check_nfc(struct vl_bytes text)
{
    uint8_t *nfc;
    size_t size;
    VL_TRY(to_nfc(text, &nfc, &size));
    bool same = nfc == NULL || vl_bytes_equal(text, vl_bytes(nfc, size));
    free(nfc);
    return same ? VL_OK : VL_ERR_NOT_CANONICAL;
}

vl_result vl_value_encode(const struct vl_value *value, struct vl_buffer *out)
{
    size_t before = out->size;
    struct vl_writer w = vl_writer(out, before + VL_VALUE_BYTES_MAX);
    vl_result result = VL_OK;

    vl_write_u8(&w, (uint8_t)value->tag);
    switch (value->tag) {
    case VL_VALUE_NONE: break;
    case VL_VALUE_TEXT: result = write_text(&w, value->bytes); break;
    case VL_VALUE_TIME:
    case VL_VALUE_INTEGER: vl_write_i64(&w, value->integer); break;
    case VL_VALUE_BYTES: vl_write_exact(&w, value->bytes.data, value->bytes.size); break;
    case VL_VALUE_FLAG:
        if (value->integer != 0 && value->integer != 1) result = VL_ERR_INVALID;
        vl_write_u8(&w, (uint8_t)value->integer);
        break;
    case VL_VALUE_REFERENCE:
        if (value->type > RECORD_TYPE_MAX) result = VL_ERR_TOO_LARGE;
        vl_write_varint(&w, value->type);
        vl_write_exact(&w, value->record.bytes, sizeof value->record.bytes);
        break;
    case VL_VALUE_PERSON: vl_write_exact(&w, value->person.bytes, 32); break;
    case VL_VALUE_TAG_COUNT:
    default: result = VL_ERR_KIND; break;
    }
    if (result == VL_OK) result = vl_writer_result(&w);
    if (result != VL_OK) out->size = before;
    return result;
}

vl_result vl_value_decode(struct vl_bytes input, struct vl_value *out)
{
    struct vl_value value = {0};
    if (input.size > VL_VALUE_BYTES_MAX) return VL_ERR_TOO_LARGE;

    struct vl_reader r = vl_reader(input);
    uint8_t tag = vl_read_u8(&r);
    value.tag = (enum vl_value_tag)tag;
    switch (value.tag) {
    case VL_VALUE_NONE: break;
    case VL_VALUE_TEXT:
        value.bytes = vl_read_view(&r, vl_reader_left(&r));
        vl_reader_fail(&r, check_nfc(value.bytes));
        break;
    case VL_VALUE_TIME:
    case VL_VALUE_INTEGER: value.integer = vl_read_i64(&r); break;
    case VL_VALUE_BYTES: value.bytes = vl_read_view(&r, vl_reader_left(&r)); break;
    case VL_VALUE_FLAG:
        value.integer = vl_read_u8(&r);
        if (value.integer > 1) vl_reader_fail(&r, VL_ERR_NOT_CANONICAL);
        break;
    case VL_VALUE_REFERENCE:
        value.type = (uint32_t)vl_read_varint(&r, RECORD_TYPE_MAX);
        vl_read_exact(&r, value.record.bytes, sizeof value.record.bytes);
        break;
    case VL_VALUE_PERSON: vl_read_exact(&r, value.person.bytes, 32); break;
    case VL_VALUE_TAG_COUNT:
    default: vl_reader_fail(&r, VL_ERR_KIND); break;
    }
    VL_TRY(vl_reader_end(&r));
    *out = value;
    return VL_OK;
}
