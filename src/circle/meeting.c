#include "circle/meeting.h"
#include <stdlib.h>
#include <string.h>

static void change_names(struct edit *e, uint32_t field, const char *const *names, size_t count,
                         bool add)
{
    for (size_t i = 0; i < count; i++) {
        struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(names[i])};
        if (add)
            edit_add(e, field, &value);
        else
            edit_remove(e, field, &value);
    }
}

static void change_persons(struct edit *e, uint32_t field, const struct vl_id *persons,
                           size_t count, bool add)
{
    for (size_t i = 0; i < count; i++) {
        struct vl_value value = {.tag = VL_VALUE_PERSON, .person = persons[i]};
        if (add)
            edit_add(e, field, &value);
        else
            edit_remove(e, field, &value);
    }
}

static vl_result change_agenda(struct edit *e, const struct meeting_change *change)
{
    struct vl_value *items = calloc(change->agenda_count + 1, sizeof *items);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < change->agenda_count; i++)
        items[i] =
            (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(change->agenda[i])};
    edit_list(e, MEETING_AGENDA, items, change->agenda_count);
    free(items);
    return VL_OK;
}

static vl_result fill(struct edit *e, const struct meeting_change *c)
{
    edit_set_text(e, MEETING_TITLE, c->title);
    edit_set_text(e, MEETING_STARTS, c->starts);
    edit_set_text(e, MEETING_ENDS, c->ends);
    edit_set_text(e, MEETING_PLACE, c->place);
    edit_set_text(e, MEETING_DIRECTIONS, c->directions);
    change_names(e, MEETING_SEATS, c->seats_remove, c->seats_remove_count, false);
    change_names(e, MEETING_SEATS, c->seats_add, c->seats_add_count, true);
    change_names(e, MEETING_TOPICS, c->topics_remove, c->topics_remove_count, false);
    change_names(e, MEETING_TOPICS, c->topics_add, c->topics_add_count, true);
    change_persons(e, MEETING_ATTENDANCE, c->attendance_remove, c->attendance_remove_count, false);
    change_persons(e, MEETING_ATTENDANCE, c->attendance_add, c->attendance_add_count, true);
    change_persons(e, MEETING_FACILITATORS, c->facilitators_remove, c->facilitators_remove_count,
                   false);
    change_persons(e, MEETING_FACILITATORS, c->facilitators_add, c->facilitators_add_count, true);
    if (c->has_agenda) VL_TRY(change_agenda(e, c));
    if (c->minutes != NULL)
        edit_text(e, MEETING_MINUTES, vl_bytes_text(c->minutes));
    else if (c->minutes_append != NULL)
        edit_append_text(e, MEETING_MINUTES, vl_bytes_text(c->minutes_append));
    return VL_OK;
}

static vl_result write_change(struct vl_replica *r, const struct vl_record_id *id,
                              const struct meeting_change *change, vl_wall now,
                              struct schema_problem *problem)
{
    struct edit e;
    vl_result result;
    VL_TRY(edit_begin(&e, r, SCHEMA_MEETING, id));
    result = fill(&e, change);
    if (result == VL_OK) result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

vl_result meeting_create(struct vl_replica *r, const struct meeting_change *change, vl_wall now,
                         struct vl_record_id *id, struct schema_problem *problem)
{
    if (!is_given(change->title) && !is_given(change->starts)) {
        if (problem != NULL)
            *problem = (struct schema_problem){schema_field(SCHEMA_MEETING, MEETING_TITLE),
                                               N_("a meeting needs a title or a start")};
        return VL_ERR_INVALID;
    }
    record_id_random(id);
    return write_change(r, id, change, now, problem);
}

vl_result meeting_update(struct vl_replica *r, const struct vl_record_id *id,
                         const struct meeting_change *change, vl_wall now,
                         struct schema_problem *problem)
{
    struct record record;
    if (problem != NULL) *problem = (struct schema_problem){0};
    VL_TRY(meeting_read(r, id, &record));
    record_finish(&record);
    return write_change(r, id, change, now, problem);
}

vl_result meeting_read(struct vl_replica *r, const struct vl_record_id *id, struct record *out)
{
    return record_read(r, SCHEMA_MEETING, id, out);
}

static int compare_starts(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    int order = strcmp(record_text(x, MEETING_STARTS), record_text(y, MEETING_STARTS));
    return order != 0 ? order : memcmp(&x->id, &y->id, sizeof x->id);
}

vl_result meeting_list(struct vl_replica *r, struct record_list *out)
{
    VL_TRY(record_list_read(r, SCHEMA_MEETING, out));
    if (out->count > 1) qsort(out->items, out->count, sizeof *out->items, compare_starts);
    return VL_OK;
}
