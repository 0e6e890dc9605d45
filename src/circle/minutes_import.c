#include "circle/minutes_import.h"
#include "circle/edit.h"
#include <string.h>

/* Of the circle, the file's name and its content: the same file is the same meeting. */
static vl_result derive_id(struct vl_replica *r, const char *file_name, struct vl_bytes markdown,
                           struct vl_record_id *id)
{
    struct vl_buffer name = {0};
    vl_result result = vl_buffer_append(&name, file_name, strlen(file_name) + 1);
    if (result == VL_OK) result = vl_buffer_append(&name, markdown.data, markdown.size);
    if (result == VL_OK)
        record_id_derive(vl_replica_circle(r), SCHEMA_MEETING, vl_buffer_view(&name), id);
    vl_buffer_finish(&name);
    return result;
}

/* `source` is written last, so a meeting that has it is whole. */
static vl_result check_imported(struct vl_replica *r, const struct vl_record_id *id)
{
    struct record record;
    vl_result result = record_read(r, SCHEMA_MEETING, id, &record);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    if (result != VL_OK) return result;
    if (record_text(&record, MEETING_SOURCE)[0] != '\0') result = VL_ERR_EXISTS;
    record_finish(&record);
    return result;
}

static void add_names(struct edit *e, const struct minutes *m)
{
    for (size_t i = 0; i < m->present_count; i++) {
        struct vl_value name = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(m->present[i])};
        edit_add(e, MEETING_SEATS, &name);
    }
}

static void set_agenda(struct edit *e, const struct minutes *m)
{
    struct vl_value items[MINUTES_POINTS_MAX];
    for (size_t i = 0; i < m->agenda_count; i++)
        items[i] = (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(m->agenda[i])};
    edit_list(e, MEETING_AGENDA, items, m->agenda_count);
}

static vl_result write_minutes(struct vl_replica *r, const struct vl_record_id *id,
                               const struct minutes *m, const char *file_name, vl_wall now)
{
    struct edit e;
    vl_result result;
    VL_TRY(edit_begin(&e, r, SCHEMA_MEETING, id));
    edit_set_text(&e, MEETING_TITLE, m->title);
    edit_set_text(&e, MEETING_STARTS, m->date);
    add_names(&e, m);
    set_agenda(&e, m);
    edit_text(&e, MEETING_MINUTES, vl_bytes_text(m->notes));
    edit_set_text(&e, MEETING_SOURCE, file_name);
    result = edit_write(&e, now, NULL);
    edit_finish(&e);
    return result;
}

vl_result minutes_import(struct vl_replica *r, const char *file_name, struct vl_bytes markdown,
                         vl_wall now, struct vl_record_id *id, enum minutes_problem *problem)
{
    struct minutes minutes;
    vl_result result;
    VL_TRY(minutes_parse(file_name, markdown, &minutes, problem));
    result = derive_id(r, file_name, markdown, id);
    if (result == VL_OK) result = check_imported(r, id);
    if (result == VL_OK) result = write_minutes(r, id, &minutes, file_name, now);
    minutes_finish(&minutes);
    return result;
}
