#include "circle/agenda.h"

static vl_result write_part(struct vl_replica *r, const struct vl_record_id *meeting,
                            const struct format_part *part, vl_wall now, struct vl_record_id *id,
                            struct schema_problem *problem)
{
    const struct vl_value of = {.tag = VL_VALUE_REFERENCE,
                                .type = SCHEMA_MEETING,
                                .record = *meeting},
                          minutes = {.tag = VL_VALUE_INTEGER, .integer = part->minutes},
                          kind = {.tag = VL_VALUE_INTEGER, .integer = part->kind};
    struct edit e;
    record_id_random(id);
    VL_TRY(edit_begin(&e, r, SCHEMA_PART, id));
    edit_set(&e, PART_MEETING, &of);
    edit_set_text(&e, PART_TITLE, part->title);
    edit_set(&e, PART_MINUTES, &minutes);
    edit_set(&e, PART_KIND, &kind);
    edit_set_text(&e, PART_SCRIPT, part->script);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result agenda_from_format(struct edit *meeting, const struct format *format, vl_wall now,
                             struct schema_problem *problem)
{
    struct vl_value parts[FORMAT_PARTS_MAX];
    struct schema_problem at = {0};
    vl_result result = meeting->result;
    if (result != VL_OK) at = meeting->problem;
    for (size_t i = 0; result == VL_OK && i < format->part_count; i++) {
        parts[i] = (struct vl_value){.tag = VL_VALUE_REFERENCE, .type = SCHEMA_PART};
        result = write_part(meeting->replica, &meeting->id, &format->parts[i], now,
                            &parts[i].record, &at);
    }
    if (result == VL_OK) edit_list(meeting, MEETING_PARTS, parts, format->part_count);
    if (problem != NULL) *problem = at;
    return result;
}
