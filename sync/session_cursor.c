/* Where somebody is writing: said now and then, shown, forgotten. Never stored, never sent on. */
#include "sync/session_internal.h"

#include <string.h>

enum where { WHERE_GONE, WHERE_BEGINNING, WHERE_BEHIND, WHERE_COUNT };

/* ---- the message ---- */

vl_result message_cursor_write(const struct vl_cursor *cursor, struct vl_buffer *out)
{
    const enum where where = cursor->is_gone       ? WHERE_GONE
                             : cursor->unit.is_end ? WHERE_BEGINNING
                                                   : WHERE_BEHIND;
    vl_buffer_clear(out);
    struct vl_writer w = vl_writer(out, VL_CURSOR_BYTES_MAX);
    vl_write_u8(&w, MESSAGE_CURSOR);
    vl_write_varint(&w, cursor->type);
    vl_write_exact(&w, cursor->record.bytes, sizeof cursor->record.bytes);
    vl_write_varint(&w, cursor->field);
    vl_write_u8(&w, (uint8_t)where);
    if (where == WHERE_BEHIND) {
        vl_write_exact(&w, cursor->unit.dot.entry.bytes, sizeof cursor->unit.dot.entry.bytes);
        vl_write_varint(&w, cursor->unit.dot.operation);
        vl_write_varint(&w, cursor->unit.offset);
    }
    return vl_writer_result(&w);
}

vl_result message_cursor_read(struct vl_reader *r, struct vl_cursor *out)
{
    *out = (struct vl_cursor){.type = (uint32_t)vl_read_varint(r, VL_TYPE_MAX)};
    vl_read_exact(r, out->record.bytes, sizeof out->record.bytes);
    out->field = (uint32_t)vl_read_varint(r, VL_TYPE_MAX);
    const unsigned where = vl_read_u8(r);
    if (where >= WHERE_COUNT) vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    out->is_gone = where == WHERE_GONE;
    out->unit.is_end = where != WHERE_BEHIND;
    if (where == WHERE_BEHIND) {
        vl_read_exact(r, out->unit.dot.entry.bytes, sizeof out->unit.dot.entry.bytes);
        out->unit.dot.operation = (uint32_t)vl_read_varint(r, VL_OPERATIONS_MAX - 1);
        out->unit.offset = (uint32_t)vl_read_varint(r, UINT32_MAX);
    }
    return vl_reader_end(r);
}

/* ---- receiving ---- */

/* Each that is taken puts `due` one step on; it may run ahead of the clock by VL_CURSOR_BURST of
 * them. More is let go: the next one says where she is by then. */
static bool has_room(struct vl_session *s, vl_instant now)
{
    const uint64_t ahead = (uint64_t)(VL_CURSOR_BURST - 1) * VL_CURSOR_TAKE_MS;
    if (s->cursor_due.ms < now.ms) s->cursor_due = now;
    if (s->cursor_due.ms - now.ms > ahead) return false;
    s->cursor_due.ms += VL_CURSOR_TAKE_MS;
    return true;
}

vl_result session_take_cursor(struct vl_session *s, struct vl_reader *r, vl_instant now)
{
    struct vl_cursor cursor;
    VL_TRY(message_cursor_read(r, &cursor));
    if (!has_room(s, now)) return VL_OK;
    s->cursor_came = true;
    s->peer_cursor = cursor;
    return VL_OK;
}

bool vl_session_take_cursor(struct vl_session *s, struct vl_cursor *out)
{
    const bool came = s->cursor_came && s->state != VL_SESSION_FAILED;
    if (came) *out = s->peer_cursor;
    s->cursor_came = false;
    return came;
}

/* ---- sending ---- */

void vl_session_set_cursor(struct vl_session *s, const struct vl_cursor *cursor)
{
    if (s->state != VL_SESSION_SENDING && s->state != VL_SESSION_LIVE) return;
    s->cursor = *cursor;
    s->must_tell_cursor = true;
}

vl_result session_next_cursor(struct vl_session *s, struct vl_buffer *out, vl_instant now)
{
    if (!s->must_tell_cursor || !vl_instant_reached(now, s->next_cursor)) return VL_ERR_NOT_FOUND;
    s->must_tell_cursor = false;
    s->next_cursor = vl_instant_add(now, VL_MILLISECONDS(VL_CURSOR_PAUSE_MS));
    return message_cursor_write(&s->cursor, out);
}
