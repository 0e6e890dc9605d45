#include "circle/calendar_lines.h"

#include <string.h>
#include <utf8proc.h>

void calendar_lines_init(struct calendar_lines *lines, struct vl_bytes text)
{
    *lines = (struct calendar_lines){.text = text, .number = 1};
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) lines->at = 3;
}

void calendar_lines_finish(struct calendar_lines *lines)
{
    vl_buffer_finish(&lines->line);
}

static bool is_text(const struct vl_buffer *line)
{
    for (size_t at = 0; at < line->size;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used =
            utf8proc_iterate(line->data + at, (utf8proc_ssize_t)(line->size - at), &c);
        if (used <= 0 || (c < 0x20 && c != '\t') || c == 0x7f) return false;
        at += (size_t)used;
    }
    return true;
}

/* Up to the line feed, which is passed, without it and a carriage return before it. */
static vl_result take_physical(struct calendar_lines *lines)
{
    const uint8_t *from = lines->text.data + lines->at;
    size_t left = lines->text.size - lines->at;
    const uint8_t *feed = memchr(from, '\n', left);
    size_t size = feed == NULL ? left : (size_t)(feed - from);
    lines->at += size + (feed != NULL);
    lines->number++;
    if (size > 0 && from[size - 1] == '\r') size--;
    size_t room = CALENDAR_LINE_MAX - lines->line.size;
    if (size > room) {
        lines->is_cut = true;
        size = room;
    }
    return vl_buffer_append(&lines->line, from, size);
}

static bool is_folded(const struct calendar_lines *lines)
{
    if (lines->at >= lines->text.size) return false;
    uint8_t next = lines->text.data[lines->at];
    return next == ' ' || next == '\t';
}

static vl_result take_name(struct calendar_lines *lines)
{
    const char *line = (const char *)lines->line.data;
    size_t size = strcspn(line, ";:");
    if (size == 0 || line[size] == 0) return VL_ERR_INVALID;
    if (size >= sizeof lines->name) size = sizeof lines->name - 1;
    for (size_t i = 0; i < size; i++) {
        lines->name[i] = line[i] >= 'a' && line[i] <= 'z' ? (char)(line[i] - 'a' + 'A') : line[i];
    }
    lines->name[size] = 0;
    return VL_OK;
}

vl_result calendar_lines_next(struct calendar_lines *lines)
{
    vl_buffer_clear(&lines->line);
    lines->is_cut = false;
    do {
        if (lines->at >= lines->text.size) return VL_ERR_NOT_FOUND;
        lines->first = lines->number;
        VL_TRY(take_physical(lines));
        while (is_folded(lines)) {
            lines->at++;
            VL_TRY(take_physical(lines));
        }
    } while (lines->line.size == 0);
    /* What was cut may end within a character; nobody reads it. */
    if (!lines->is_cut && !is_text(&lines->line)) return VL_ERR_UTF8;
    VL_TRY(vl_buffer_append(&lines->line, "", 1));
    return take_name(lines);
}

const char *calendar_lines_value(const struct calendar_lines *lines)
{
    const char *at = (const char *)lines->line.data;
    bool quoted = false;
    for (; *at != 0; at++) {
        if (*at == '"') quoted = !quoted;
        if (*at == ':' && !quoted) return at + 1;
    }
    return "";
}

/* ---- folding ---- */

/* The text without folds. Nothing else in it is CR LF and a blank: libical escapes line feeds. */
static vl_result unfold(const char *text, struct vl_buffer *out)
{
    const char *fold;
    while ((fold = strstr(text, "\r\n ")) != NULL) {
        VL_TRY(vl_buffer_append(out, text, (size_t)(fold - text)));
        text = fold + 3;
    }
    return vl_buffer_append(out, text, strlen(text));
}

/* One line without its end. */
static vl_result fold_line(const uint8_t *line, size_t size, struct vl_buffer *out)
{
    size_t room = CALENDAR_FOLD_BYTES;
    while (size > room) {
        size_t part = room;
        while (part > 1 && (line[part] & 0xc0) == 0x80) {
            part--;
        }
        VL_TRY(vl_buffer_append(out, line, part));
        VL_TRY(vl_buffer_append(out, "\r\n ", 3));
        line += part;
        size -= part;
        room = CALENDAR_FOLD_BYTES - 1; /* after the blank */
    }
    VL_TRY(vl_buffer_append(out, line, size));
    return vl_buffer_append(out, "\r\n", 2);
}

vl_result calendar_lines_fold(const char *text, struct vl_buffer *out)
{
    struct vl_buffer whole = {0};
    vl_result result = unfold(text, &whole);
    for (size_t at = 0; result == VL_OK && at < whole.size;) {
        const uint8_t *line = whole.data + at;
        const uint8_t *end = memchr(line, '\r', whole.size - at);
        size_t size = end == NULL ? whole.size - at : (size_t)(end - line);
        result = fold_line(line, size, out);
        at += size + 2;
    }
    vl_buffer_finish(&whole);
    return result;
}
