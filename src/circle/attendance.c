#include "circle/attendance.h"

#include "circle/moment.h"
#include "circle/rules.h"

#include <stdlib.h>
#include <string.h>

/* Room that is left in a set of the record. */
static size_t room(const struct record *record, uint32_t field)
{
    const size_t most = schema_field(SCHEMA_MEETING, field)->most;
    const size_t there = record_field(record, field)->count;
    return there < most ? most - there : 0;
}

static bool is_there(const struct record *record, const struct live_who *who)
{
    const struct record_field *field =
        record_field(record, who->seat == NULL ? MEETING_ATTENDANCE : MEETING_SEATS);
    for (size_t i = 0; i < field->count; i++) {
        const struct vl_value *value = &field->values[i].value;
        if (who->seat != NULL && value->tag == VL_VALUE_TEXT &&
            strcmp((const char *)value->bytes.data, who->seat) == 0)
            return true;
        if (who->seat == NULL && value->tag == VL_VALUE_PERSON &&
            vl_id_equal(&value->person, &who->person))
            return true;
    }
    return false;
}

static void put_names(struct edit *e, const struct record *record, const struct live_state *state)
{
    size_t persons = room(record, MEETING_ATTENDANCE), seats = room(record, MEETING_SEATS);
    for (size_t i = 0; i < state->count; i++) {
        const struct live_who *who = &state->speakers[i].who;
        struct vl_value value = {.tag = VL_VALUE_PERSON, .person = who->person};
        size_t *left = who->seat == NULL ? &persons : &seats;
        if (*left == 0 || is_there(record, who)) continue;
        if (who->seat != NULL)
            value = (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(who->seat)};
        edit_add(e, who->seat == NULL ? MEETING_ATTENDANCE : MEETING_SEATS, &value);
        --*left;
    }
}

/* A second closing, of a meeting whose moments went at the first, has not seen all of them. */
static void put_count(struct edit *e, const struct record *record, const struct live_state *state)
{
    const struct record_field *there = record_field(record, MEETING_ATTENDED);
    const struct vl_value value = {.tag = VL_VALUE_INTEGER, .integer = (int64_t)state->count};
    const bool is_said = there->count > 0 && there->values[0].value.tag == VL_VALUE_INTEGER;
    if (value.integer > (is_said ? there->values[0].value.integer : 0))
        edit_set(e, MEETING_ATTENDED, &value);
}

static vl_result fold(const struct moments *moments, struct live_state *state)
{
    struct live_moment *all = calloc(moments->count + 1, sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < moments->count; i++)
        all[i] = moments->items[i].live;
    live_fold(all, live_sort(all, moments->count), state);
    free(all);
    return VL_OK;
}

/* The state points into the moments. */
static vl_result put(struct edit *e, const struct record *record, const struct moments *moments)
{
    struct rules rules;
    VL_TRY(rules_read(e->replica, &rules));
    struct live_state *state = calloc(1, sizeof *state);
    vl_result result = state == NULL ? VL_ERR_NO_MEMORY : fold(moments, state);
    if (result == VL_OK && rules.attendance == RULES_ATTENDANCE_COUNT)
        put_count(e, record, state);
    else if (result == VL_OK)
        put_names(e, record, state);
    free(state);
    return result;
}

vl_result attendance_put(struct edit *meeting)
{
    struct moments moments;
    struct record record;
    VL_TRY(record_read(meeting->replica, SCHEMA_MEETING, &meeting->id, &record));
    vl_result result = moments_read(meeting->replica, &meeting->id, &moments);
    if (result == VL_OK) result = put(meeting, &record, &moments);
    moments_finish(&moments);
    record_finish(&record);
    return result;
}
