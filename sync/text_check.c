#include "sync/text_check.h"
#include <utf8proc.h>

bool text_is_clean(struct vl_bytes text)
{
    size_t at = 0;
    while (at < text.size) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used;
        uint8_t byte = text.data[at];
        if (byte >= 0x20 && byte < 0x7f) { /* most text, and no call */
            at++;
            continue;
        }
        used = utf8proc_iterate(text.data + at, (utf8proc_ssize_t)(text.size - at), &c);
        if (used <= 0) return false;
        if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0)) return false;
        at += (size_t)used;
    }
    return true;
}

static bool starts_unit(uint8_t byte)
{
    return (byte & 0xc0) != 0x80;
}

size_t text_units(struct vl_bytes text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.size; i++)
        units += starts_unit(text.data[i]);
    return units;
}

size_t text_bytes_of(struct vl_bytes text, size_t units)
{
    size_t at = 0;
    for (; at < text.size; at++)
        if (starts_unit(text.data[at]) && units-- == 0) break;
    return at;
}
