#include "circle/series.h"
#include "circle/agenda.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a record says ---- */

static void read_exceptions(const struct record *meeting, struct series *out)
{
    const struct record_field *field = record_field(meeting, MEETING_EXCEPTIONS);
    for (size_t i = 0; i < field->count && out->exception_count < SERIES_EXCEPTIONS_MAX; i++) {
        const struct vl_value *value = &field->values[i].value;
        struct date *to = &out->exceptions[out->exception_count];
        if (value->tag == VL_VALUE_TEXT && date_parse((const char *)value->bytes.data, to)) {
            out->exception_count++;
        }
    }
}

static int64_t minutes_between(struct date from, struct date to)
{
    int64_t days = (int64_t)to.day - from.day;
    if (from.minute < 0 || to.minute < 0) return days * 1440;
    return days * 1440 + to.minute - from.minute;
}

bool series_of(const struct record *meeting, struct series *out)
{
    struct date end;
    *out = (struct series){.length = -1};
    if (!date_parse(record_text(meeting, MEETING_STARTS), &out->start)) return false;
    if (date_parse(record_text(meeting, MEETING_ENDS), &end) &&
        (end.minute < 0) == (out->start.minute < 0)) {
        out->length = minutes_between(out->start, end);
    }
    /* An end before the start says nothing either. */
    if (out->length < 0 || out->length > SERIES_DAYS_MAX * 1440) out->length = -1;
    const char *rule = record_text(meeting, MEETING_RECURRENCE);
    out->repeats = rule[0] != 0 && recurrence_parse(rule, &out->rule, NULL) == VL_OK;
    if (out->repeats) read_exceptions(meeting, out);
    return true;
}

void series_list(const struct series *series, struct date from, size_t max,
                 struct recurrence_list *out)
{
    recurrence_list(&(struct recurrence_query){.rule = series->repeats ? &series->rule : NULL,
                                               .start = series->start,
                                               .from = from,
                                               .exceptions = series->exceptions,
                                               .exception_count = series->exception_count,
                                               .max = max},
                    out);
}

/* When a meeting that begins then is over: its length later, else with its day. */
static struct date end_of(const struct series *series, struct date start)
{
    struct date end = start;
    if (start.minute < 0 || series->length < 0) end.minute = 1439;
    if (series->length > 0 && !date_add_minutes(&end, series->length)) end = start;
    return end;
}

static enum meeting_state state_of(const struct record *meeting)
{
    const struct record_field *field = record_field(meeting, MEETING_STATE);
    if (field->count == 0 || field->values[0].value.tag != VL_VALUE_INTEGER) return MEETING_PLANNED;
    return (enum meeting_state)field->values[0].value.integer;
}

/* ---- the next one ---- */

/* An open one before all others, then by start, then by id, so that every device says the same. */
static bool is_before(const struct upcoming *a, const struct upcoming *b)
{
    if (a->is_open != b->is_open) return a->is_open;
    int order = date_compare(a->starts, b->starts);
    return order != 0 ? order < 0 : memcmp(&a->meeting, &b->meeting, sizeof a->meeting) < 0;
}

struct coming { /* the first `max` of those that were looked at, in order */
    struct upcoming *items;
    size_t max, count;
    bool also_cancelled, has_more;
};

/* false: it comes after all of them, and there is no place for it. */
static bool keep(struct coming *coming, const struct upcoming *one)
{
    size_t at = coming->count;
    while (at > 0 && is_before(one, &coming->items[at - 1])) {
        at--;
    }
    if (coming->count == coming->max) {
        coming->has_more = true;
        if (at == coming->max) return false;
    } else {
        coming->count++;
    }
    for (size_t i = coming->count - 1; i > at; i--) {
        coming->items[i] = coming->items[i - 1];
    }
    coming->items[at] = *one;
    return true;
}

/* The occurrences that are not over, as many as there is place for. */
static void keep_left(struct coming *coming, const struct vl_record_id *meeting,
                      const struct series *series, struct date now, bool with_start)
{
    struct recurrence_list list;
    struct date from = now;
    /* What began so long ago may still be on. */
    int64_t back = series->length < 0 ? 1440 : series->length + 1440;
    if (!date_add_minutes(&from, -back)) return;
    for (;;) {
        series_list(series, from, RECURRENCE_LISTED_MAX, &list);
        for (size_t i = 0; i < list.count; i++) {
            bool is_start = date_compare(list.items[i], series->start) == 0;
            if (is_start && !with_start) continue;
            if (date_compare(end_of(series, list.items[i]), now) < 0) continue;
            const struct upcoming one = {
                .meeting = *meeting, .starts = list.items[i], .is_occurrence = !is_start};
            if (!keep(coming, &one)) return;
        }
        if (list.count < RECURRENCE_LISTED_MAX) return;
        from = list.items[list.count - 1];
        if (!date_add_minutes(&from, from.minute < 0 ? 1440 : 1)) return;
    }
}

static void look_at(const struct record *meeting, struct date now, struct coming *coming)
{
    struct series series;
    enum meeting_state state = state_of(meeting);
    if (!series_of(meeting, &series)) return;
    struct upcoming first = {.meeting = meeting->id, .starts = series.start};
    if (state == MEETING_CANCELLED) {
        first.is_cancelled = true;
        if (coming->also_cancelled && date_compare(end_of(&series, series.start), now) >= 0) {
            (void)keep(coming, &first);
        }
        return;
    }
    if (state == MEETING_OPEN) {
        struct date until = series.start;
        first.is_open =
            date_add_minutes(&until, SERIES_OPEN_MINUTES) && date_compare(until, now) >= 0;
        if (first.is_open) (void)keep(coming, &first);
    }
    keep_left(coming, &meeting->id, &series, now, state == MEETING_PLANNED);
}

struct start { /* of a meeting */
    struct vl_record_id meeting;
    struct date at;
};
struct starts {
    struct start *items;
    size_t count, capacity;
};

static vl_result take_start(void *context, const struct vl_record_row *row)
{
    struct starts *starts = context;
    struct start start = {.meeting = row->record};
    if (!date_parse(row->date, &start.at)) return VL_OK;
    if (starts->count == starts->capacity) {
        size_t capacity = starts->capacity == 0 ? 64 : 2 * starts->capacity;
        struct start *grown = reallocarray(starts->items, capacity, sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        starts->items = grown;
        starts->capacity = capacity;
    }
    starts->items[starts->count++] = start;
    return VL_OK;
}

/* Whether it may be the next one, by its start alone: only a series comes again after so long. */
static vl_result may_come(struct vl_replica *r, const struct start *start, struct date now,
                          bool *out)
{
    const struct vl_cell_key rule = {.type = SCHEMA_MEETING,
                                     .record = start->meeting,
                                     .field = MEETING_RECURRENCE,
                                     .kind = VL_FIELD_REGISTER};
    struct vl_buffer state = {0};
    struct date until = start->at;
    *out = !date_add_minutes(&until, (SERIES_DAYS_MAX + 1) * 1440) || date_compare(until, now) >= 0;
    if (*out) return VL_OK;
    vl_result result = vl_replica_cell(r, &rule, &state);
    *out = result == VL_OK;
    vl_buffer_finish(&state);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result look_up(struct vl_replica *r, const struct start *start, struct date now,
                         struct coming *coming)
{
    struct record meeting;
    bool may;
    VL_TRY(may_come(r, start, now, &may));
    if (!may) return VL_OK;
    vl_result result = record_read(r, SCHEMA_MEETING, &start->meeting, &meeting);
    if (result != VL_OK) return result == VL_ERR_NOT_FOUND ? VL_OK : result;
    look_at(&meeting, now, coming);
    record_finish(&meeting);
    return VL_OK;
}

/* Of most meetings only the start is looked at. */
static vl_result look_for(struct vl_replica *r, struct date now, struct coming *coming)
{
    const struct vl_record_scan by_start = {
        .type = SCHEMA_MEETING, .order = VL_RECORDS_BY_DATE, .date_field = MEETING_STARTS};
    struct starts starts = {.count = 0};
    vl_result result = vl_replica_find_records(r, &by_start, take_start, &starts);
    for (size_t i = 0; result == VL_OK && i < starts.count; i++) {
        result = look_up(r, &starts.items[i], now, coming);
    }
    free(starts.items);
    return result;
}

vl_result series_next(struct vl_replica *r, struct date now, struct upcoming *out)
{
    struct coming coming = {.items = out, .max = 1};
    VL_TRY(look_for(r, now, &coming));
    return coming.count > 0 ? VL_OK : VL_ERR_NOT_FOUND;
}

vl_result series_coming(struct vl_replica *r, struct date from, size_t max, struct upcoming *out,
                        size_t *count, bool *has_more)
{
    struct coming coming = {.items = out, .max = max, .also_cancelled = true};
    VL_TRY(look_for(r, from, &coming));
    *count = coming.count;
    *has_more = coming.has_more;
    return VL_OK;
}

/* ---- taking one ---- */

static void taken_id(struct vl_replica *r, const struct vl_record_id *series, struct date at,
                     struct vl_record_id *out)
{
    uint8_t name[sizeof *series + DATE_TEXT_SIZE];
    char text[DATE_TEXT_SIZE];
    date_text(at, text);
    memcpy(name, series, sizeof *series);
    memcpy(name + sizeof *series, text, strlen(text));
    record_id_derive(vl_replica_circle(r), SCHEMA_MEETING,
                     vl_bytes(name, sizeof *series + strlen(text)), out);
}

/* Only what the schema lets pass: others' records may hold anything. */
static void copy(struct edit *e, const struct record *from)
{
    static const uint32_t registers[] = {MEETING_TITLE,      MEETING_PLACE,  MEETING_DIRECTIONS,
                                         MEETING_PLACE_KIND, MEETING_FORMAT, MEETING_KEEP,
                                         MEETING_KEEP_MONTHS};
    for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++) {
        const struct record_field *field = record_field(from, registers[i]);
        if (field->count > 0 && field->values[0].value.tag != VL_VALUE_NONE &&
            schema_check(field->schema, &field->values[0].value, NULL) == VL_OK) {
            edit_set(e, registers[i], &field->values[0].value);
        }
    }
    const struct record_field *topics = record_field(from, MEETING_TOPICS);
    for (size_t i = 0; i < topics->count; i++) {
        const struct vl_value *topic = &topics->values[i].value;
        if (schema_check(topics->schema, topic, NULL) == VL_OK) edit_add(e, MEETING_TOPICS, topic);
    }
}

static void set_times(struct edit *e, const struct series *series, struct date at)
{
    char text[DATE_TEXT_SIZE];
    date_text(at, text);
    edit_set_text(e, MEETING_STARTS, text);
    struct date end = at;
    if (series->length < 0 || !date_add_minutes(&end, series->length)) return;
    date_text(end, text);
    edit_set_text(e, MEETING_ENDS, text);
}

static vl_result write_taken(struct vl_replica *r, const struct record *first,
                             const struct series *series, struct date at,
                             const struct format *format, vl_wall now,
                             const struct vl_record_id *id, struct schema_problem *problem)
{
    const struct vl_value of = {.tag = VL_VALUE_REFERENCE,
                                .type = SCHEMA_MEETING,
                                .record = first->id},
                          planned = {.tag = VL_VALUE_INTEGER, .integer = MEETING_PLANNED};
    struct edit e;
    vl_result result = VL_OK;
    VL_TRY(edit_begin(&e, r, SCHEMA_MEETING, id));
    copy(&e, first);
    set_times(&e, series, at);
    edit_set(&e, MEETING_SERIES, &of);
    edit_set(&e, MEETING_STATE, &planned);
    if (format != NULL) result = agenda_from_format(&e, format, now, problem);
    if (result == VL_OK) result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

static vl_result write_exception(struct vl_replica *r, const struct vl_record_id *series,
                                 struct date at, vl_wall now, struct schema_problem *problem)
{
    char text[DATE_TEXT_SIZE];
    struct edit e;
    date_text(at, text);
    const struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    VL_TRY(edit_begin(&e, r, SCHEMA_MEETING, series));
    edit_add(&e, MEETING_EXCEPTIONS, &value);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

/* The meeting before the exception: a power cut between the two shows it twice, never not at all,
 * and taking it again writes the exception. */
static vl_result take(struct vl_replica *r, const struct record *first, struct date at,
                      const struct format *format, vl_wall now, struct vl_record_id *id,
                      struct schema_problem *problem)
{
    struct series series;
    struct record there;
    taken_id(r, &first->id, at, id);
    vl_result found = record_read(r, SCHEMA_MEETING, id, &there);
    if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
    record_finish(&there);
    if (found == VL_OK) {
        VL_TRY(write_exception(r, &first->id, at, now, problem));
        return VL_ERR_EXISTS;
    }
    if (!series_of(first, &series) || !series.repeats || date_compare(at, series.start) == 0 ||
        !recurrence_has(&series.rule, series.start, at)) {
        *problem = (struct schema_problem){schema_field(SCHEMA_MEETING, MEETING_STARTS),
                                           "the series has no meeting then"};
        return VL_ERR_INVALID;
    }
    VL_TRY(write_taken(r, first, &series, at, format, now, id, problem));
    return write_exception(r, &first->id, at, now, problem);
}

vl_result series_take(struct vl_replica *r, const struct vl_record_id *series, struct date at,
                      const struct format *format, vl_wall now, struct vl_record_id *id,
                      struct schema_problem *problem)
{
    struct record first;
    *problem = (struct schema_problem){0};
    VL_TRY(record_read(r, SCHEMA_MEETING, series, &first));
    vl_result result = take(r, &first, at, format, now, id, problem);
    record_finish(&first);
    return result;
}

/* ---- here, now ---- */

static vl_result open_one(struct vl_replica *r, const struct vl_record_id *id, vl_wall now,
                          struct schema_problem *problem)
{
    const struct vl_value open = {.tag = VL_VALUE_INTEGER, .integer = MEETING_OPEN};
    struct edit e;
    VL_TRY(edit_begin(&e, r, SCHEMA_MEETING, id));
    edit_set(&e, MEETING_STATE, &open);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

static vl_result open_new(struct vl_replica *r, const struct here *here, struct date at,
                          vl_wall now, struct vl_record_id *id, struct schema_problem *problem)
{
    const struct vl_value open = {.tag = VL_VALUE_INTEGER, .integer = MEETING_OPEN};
    char text[DATE_TEXT_SIZE];
    struct edit e;
    vl_result result = VL_OK;
    record_id_random(id);
    date_text(at, text);
    VL_TRY(edit_begin(&e, r, SCHEMA_MEETING, id));
    edit_set_text(&e, MEETING_TITLE, here->title);
    edit_set_text(&e, MEETING_PLACE, here->place);
    edit_set_text(&e, MEETING_STARTS, text);
    edit_set(&e, MEETING_STATE, &open);
    if (here->format != NULL) {
        edit_set_text(&e, MEETING_FORMAT, here->format->id);
        result = agenda_from_format(&e, here->format, now, problem);
    }
    if (result == VL_OK) result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result series_here(struct vl_replica *r, const struct here *here, struct date at, vl_wall now,
                      struct vl_record_id *id, struct schema_problem *problem)
{
    struct upcoming next;
    *problem = (struct schema_problem){0};
    vl_result found = here->fresh ? VL_ERR_NOT_FOUND : series_next(r, at, &next);
    if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
    if (found == VL_ERR_NOT_FOUND || (!next.is_open && next.starts.day != at.day)) {
        return open_new(r, here, at, now, id, problem);
    }
    *id = next.meeting;
    if (next.is_open) return VL_ERR_EXISTS;
    if (next.is_occurrence) {
        vl_result taken =
            series_take(r, &next.meeting, next.starts, here->format, now, id, problem);
        if (taken != VL_OK && taken != VL_ERR_EXISTS) return taken;
    }
    return open_one(r, id, now, problem);
}
