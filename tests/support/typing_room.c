#include "tests/support/typing_room.h"

#include "tests/support/written_record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(held) must_hold((held), #held)

static void must_hold(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "typing_room: %s\n", what);
    abort();
}

size_t room_units(const struct vl_buffer *text)
{
    size_t units = 0;
    for (size_t i = 0; i < text->size; i++)
        units += (text->data[i] & 0xc0) != 0x80;
    return units;
}

/* Where the code point begins that is `units` after `from`. */
static size_t after(const struct vl_buffer *text, size_t from, size_t units)
{
    for (; units > 0; units--) {
        must(from < text->size);
        for (from++; from < text->size && (text->data[from] & 0xc0) == 0x80; from++)
            continue;
    }
    return from;
}

void room_change(struct vl_buffer *text, size_t at, size_t gone, struct vl_bytes put)
{
    struct vl_buffer changed = {0};
    size_t from = after(text, 0, at), to = after(text, from, gone);
    must(vl_buffer_append(&changed, text->data, from) == VL_OK);
    must(vl_buffer_append(&changed, put.data, put.size) == VL_OK);
    if (to < text->size)
        must(vl_buffer_append(&changed, text->data + to, text->size - to) == VL_OK);
    vl_buffer_finish(text);
    *text = changed;
}

void room_pull(struct room_writer *w)
{
    struct typing_changes changes;
    must(typing_pull(w->typing, &changes) == VL_OK);
    for (size_t i = 0; i < changes.count; i++) {
        const struct typing_change *c = &changes.items[i];
        room_change(&w->text, c->at, c->gone, typing_change_text(&changes, i));
    }
    typing_changes_finish(&changes);
}

void room_enter(struct room *room, size_t who)
{
    struct room_writer *w = &room->writers[who];
    typing_close(w->typing);
    w->typing = NULL;
    must(typing_open(&w->typing, room->f->nodes[who].replica, SCHEMA_MEETING, &room->meeting,
                     MEETING_MINUTES) == VL_OK);
    vl_buffer_clear(&w->text);
    room_pull(w);
}

struct room room_open(uint64_t seed)
{
    struct room room = {.f = circle_fixture_create(ROOM_WRITERS, seed)};
    must(written_new(room.f->nodes[0].replica, SCHEMA_MEETING,
                     WRITTEN({MEETING_TITLE, .text = "x"}), ROOM_NOW, &room.meeting,
                     NULL) == VL_OK);
    circle_fixture_sync_all(room.f);
    for (size_t i = 0; i < ROOM_WRITERS; i++)
        room_enter(&room, i);
    return room;
}

void room_close(struct room *room)
{
    for (size_t i = 0; i < ROOM_WRITERS; i++) {
        typing_close(room->writers[i].typing);
        vl_buffer_finish(&room->writers[i].text);
    }
    circle_fixture_destroy(room->f);
}

void room_type(struct room_writer *w, size_t at, size_t gone, const char *text)
{
    const struct typing_edit edit = {at, gone, vl_bytes_text(text)};
    must(typing_edit(w->typing, &edit, 1) == VL_OK);
    room_change(&w->text, at, gone, edit.typed);
}

void room_everybody_reads(struct room *room)
{
    circle_fixture_sync_all(room->f);
    for (size_t i = 0; i < ROOM_WRITERS; i++)
        room_pull(&room->writers[i]);
}

void room_written(const struct room *room, size_t who, struct vl_buffer *out)
{
    const struct vl_cell_key key = {SCHEMA_MEETING, room->meeting, MEETING_MINUTES, VL_FIELD_TEXT};
    struct vl_buffer state = {0};
    vl_buffer_clear(out);
    vl_result result = vl_replica_cell(room->f->nodes[who].replica, &key, &state);
    if (result == VL_OK)
        result = vl_cell_text(vl_buffer_view(&state), out);
    else if (result == VL_ERR_NOT_FOUND)
        result = VL_OK;
    must(result == VL_OK);
    vl_buffer_finish(&state);
}

size_t room_entries(const struct room *room, size_t who)
{
    return memory_storage_entry_count(room->f->nodes[who].memory);
}
