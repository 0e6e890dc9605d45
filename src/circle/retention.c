#include "circle/retention.h"
#include "circle/attendance.h"
#include "circle/date.h"
#include "circle/edit.h"
#include "circle/listing.h"
#include "circle/rules.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void retention_finish(struct retention *retention)
{
    free(retention->items);
    *retention = (struct retention){0};
}

static vl_result add_item(struct retention *all, const struct retention_item *item)
{
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 32 : 2 * all->capacity;
        struct retention_item *items = reallocarray(all->items, capacity, sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        all->items = items;
        all->capacity = capacity;
    }
    all->items[all->count++] = *item;
    return VL_OK;
}

/* ---- one record ---- */

/* The value that counts of a register; NULL: none. */
static const struct vl_value *value_of(const struct record *record, const char *name)
{
    const struct schema_field *schema = schema_field_named(record->schema->type, name);
    const struct record_field *field = schema == NULL ? NULL : record_field(record, schema->id);
    if (field == NULL || field->count == 0) return NULL;
    const struct vl_value *value = &field->values[0].value;
    return value->tag == VL_VALUE_NONE ? NULL : value;
}

/* A layer that this program does not know, or months without a number, keeps. */
static void read_layer(const struct record *record, struct retention_item *item)
{
    const struct vl_value *keep = value_of(record, "keep");
    const struct vl_value *months = value_of(record, "keep_months");
    item->keep = KEEP_KEPT;
    if (keep == NULL || keep->tag != VL_VALUE_INTEGER) return;
    item->chosen = true;
    if (keep->integer == KEEP_CLOSING) item->keep = KEEP_CLOSING;
    bool is_counted = months != NULL && months->tag == VL_VALUE_INTEGER && months->integer > 0;
    if (keep->integer != KEEP_MONTHS || !is_counted) return;
    item->keep = KEEP_MONTHS;
    item->months = (uint32_t)months->integer;
}

static void put_title(const struct record *record, struct retention_item *item)
{
    static const char *const names[] = {"title", "text", "kind"};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && item->title[0] == '\0'; i++) {
        const struct vl_value *value = value_of(record, names[i]);
        if (value == NULL || value->tag != VL_VALUE_TEXT) continue;
        size_t size =
            value->bytes.size < sizeof item->title ? value->bytes.size : sizeof item->title - 1;
        while (size < value->bytes.size && size > 0 && (value->bytes.data[size] & 0xc0) == 0x80)
            size--; /* never within a character */
        memcpy(item->title, value->bytes.data, size);
        item->title[size] = '\0';
    }
}

static vl_result read_item(struct vl_replica *r, const struct record *record,
                           struct retention_item *item)
{
    const struct record_value *made = record_made(record);
    const struct vl_value *meeting = value_of(record, "meeting");
    struct vl_id me;
    *item = (struct retention_item){.schema = record->schema, .id = record->id};
    item->has_meeting = meeting != NULL && meeting->tag == VL_VALUE_REFERENCE;
    if (item->has_meeting) item->meeting = meeting->record;
    read_layer(record, item);
    put_title(record, item);
    if (made == NULL) return VL_OK;
    item->author = made->author;
    vl_result known = vl_replica_me(r, &me);
    if (known != VL_OK && known != VL_ERR_NOT_FOUND) return known;
    item->mine = known == VL_OK && vl_id_equal(&me, &made->author);
    return vl_replica_wall(r, &made->stamp.dot.entry, &item->written);
}

/* ---- a meeting ---- */

/* Minutes are as old as their meeting, which may be planned long before. */
static void age_by_start(const struct record *meeting, struct retention_item *item)
{
    struct date starts;
    const struct vl_value *value = value_of(meeting, "starts");
    if (value == NULL || value->tag != VL_VALUE_TEXT ||
        !date_parse((const char *)value->bytes.data, &starts))
        return;
    int64_t ms = starts.day * INT64_C(86400000);
    if (ms > item->written.ms) item->written.ms = ms;
}

/* Whether anything of the minutes is here, seen or not: also what waits for a place that is gone.
 */
static vl_result has_minutes(struct vl_replica *r, const struct vl_record_id *meeting, bool *out)
{
    const struct vl_cell_key key = {SCHEMA_MEETING, *meeting, MEETING_MINUTES, VL_FIELD_TEXT};
    struct vl_buffer state = {0};
    vl_result result = vl_replica_cell(r, &key, &state);
    vl_buffer_wipe(&state);
    *out = result == VL_OK;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result read_minutes(struct vl_replica *r, const struct record *meeting,
                              struct retention_item *item)
{
    VL_TRY(read_item(r, meeting, item));
    item->has_meeting = true;
    item->meeting = meeting->id;
    age_by_start(meeting, item);
    return VL_OK;
}

static vl_result add_minutes(struct vl_replica *r, const struct record *meeting, bool due,
                             struct retention *out)
{
    struct retention_item item;
    bool has;
    VL_TRY(has_minutes(r, &meeting->id, &has));
    if (!has) return VL_OK;
    VL_TRY(read_minutes(r, meeting, &item));
    item.due = due && item.keep == KEEP_CLOSING;
    return add_item(out, &item);
}

/* When it was opened and closed: without the two a closed meeting would look as if it had never
 * begun. */
static bool is_frame(const struct record *record)
{
    const struct vl_value *kind =
        record->schema->type == SCHEMA_MOMENT ? value_of(record, "kind") : NULL;
    if (kind == NULL || kind->tag != VL_VALUE_INTEGER) return false;
    return kind->integer == MOMENT_OPEN || kind->integer == MOMENT_CLOSE;
}

/* `layer` of the meeting, for what has none of its own. */
static vl_result add_record(struct vl_replica *r, const struct record *record,
                            const struct retention_item *layer, struct retention *out)
{
    struct retention_item item;
    if (is_frame(record)) return VL_OK;
    VL_TRY(read_item(r, record, &item));
    if (record->schema->type == SCHEMA_MOMENT) {
        item.keep = layer->keep;
        item.months = layer->months;
        item.chosen = layer->chosen;
    }
    if (record->schema->type == SCHEMA_SIGNAL) item.keep = KEEP_CLOSING;
    item.due = item.keep == KEEP_CLOSING;
    return add_item(out, &item);
}

static vl_result add_type(struct vl_replica *r, enum schema_type type,
                          const struct vl_record_id *meeting, const struct retention_item *layer,
                          struct retention *out)
{
    struct listing_query query = {.schema = schema_record(type), .filter_count = 1, .max = 200};
    char place[LISTING_PLACE_SIZE];
    query.filters[0].field = schema_field_named(type, "meeting");
    query.filters[0].value =
        (struct vl_value){.tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = *meeting};
    for (;;) {
        struct listing listing;
        VL_TRY(listing_read(r, &query, &listing));
        vl_result result = VL_OK;
        for (size_t i = 0; i < listing.list.count && result == VL_OK; i++)
            result = add_record(r, &listing.list.items[i], layer, out);
        memcpy(place, listing.next, sizeof place);
        listing_finish(&listing);
        VL_TRY(result);
        if (place[0] == '\0') return VL_OK;
        query.after = place;
    }
}

/* Of the moments: the meeting's layer; but a circle that counts who comes keeps no list of them. */
static vl_result layer_of_moments(struct vl_replica *r, struct retention_item *layer)
{
    struct rules rules;
    VL_TRY(rules_read(r, &rules));
    if (rules.attendance == RULES_ATTENDANCE_COUNT) layer->keep = KEEP_CLOSING;
    return VL_OK;
}

static const enum schema_type written_in[] = {SCHEMA_SHARE, SCHEMA_DECISION, SCHEMA_MOMENT,
                                              SCHEMA_SIGNAL};

static vl_result gather_meeting(struct vl_replica *r, const struct record *meeting,
                                struct retention *out)
{
    struct retention_item layer = {.keep = KEEP_KEPT};
    read_layer(meeting, &layer);
    VL_TRY(layer_of_moments(r, &layer));
    VL_TRY(add_minutes(r, meeting, true, out));
    for (size_t i = 0; i < sizeof written_in / sizeof written_in[0]; i++)
        VL_TRY(add_type(r, written_in[i], &meeting->id, &layer, out));
    return VL_OK;
}

vl_result retention_of_meeting(struct vl_replica *r, const struct vl_record_id *meeting,
                               struct retention *out)
{
    struct record record;
    *out = (struct retention){0};
    VL_TRY(record_read(r, SCHEMA_MEETING, meeting, &record));
    vl_result result = gather_meeting(r, &record, out);
    record_finish(&record);
    if (result != VL_OK) retention_finish(out);
    return result;
}

/* ---- what is due ---- */

/* So many months later, by the calendar; a day that a month has not is its last one. */
static int64_t months_later(vl_wall from, uint32_t months)
{
    const int64_t day_ms = 86400000;
    int64_t day = from.ms / day_ms - (from.ms % day_ms < 0);
    if (day < DATE_DAY_MIN || day > DATE_DAY_MAX) return INT64_MAX;
    struct date_parts parts = date_parts((int32_t)day);
    int64_t month = (int64_t)parts.year * 12 + parts.month - 1 + months;
    if (month / 12 > 9999) return INT64_MAX;
    int year = (int)(month / 12), of_year = (int)(month % 12) + 1;
    int most = date_days_in(year, of_year);
    int last = parts.day < most ? parts.day : most;
    return date_day(year, of_year, last) * day_ms + (from.ms - day * day_ms);
}

/* Whether the meeting is closed; false also when it is not here. */
static vl_result is_closed(struct vl_replica *r, const struct vl_record_id *meeting, bool *out)
{
    struct record record;
    *out = false;
    vl_result result = record_read(r, SCHEMA_MEETING, meeting, &record);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    const struct vl_value *state = value_of(&record, "state");
    *out = state != NULL && state->tag == VL_VALUE_INTEGER && state->integer == MEETING_CLOSED;
    record_finish(&record);
    return VL_OK;
}

static vl_result find_due(struct vl_replica *r, vl_wall now, struct retention_item *item)
{
    item->due = false;
    if (item->keep == KEEP_MONTHS) item->due = months_later(item->written, item->months) <= now.ms;
    if (item->keep != KEEP_CLOSING || !item->has_meeting) return VL_OK;
    return is_closed(r, &item->meeting, &item->due);
}

static vl_result add_if_due(struct vl_replica *r, vl_wall now, const struct record *record,
                            struct retention *out)
{
    struct retention_item item;
    VL_TRY(read_item(r, record, &item));
    VL_TRY(find_due(r, now, &item));
    return item.due ? add_item(out, &item) : VL_OK;
}

/* Of a meeting with all that has its layer, and the signals: not the shares and decisions, which
 * are looked at for themselves. */
static vl_result add_due_meeting(struct vl_replica *r, vl_wall now, const struct record *meeting,
                                 struct retention *out)
{
    struct retention_item layer;
    struct retention of_it = {0};
    bool closed, has;
    VL_TRY(read_minutes(r, meeting, &layer));
    VL_TRY(is_closed(r, &meeting->id, &closed));
    VL_TRY(find_due(r, now, &layer));
    VL_TRY(has_minutes(r, &meeting->id, &has));
    if (has && layer.due) VL_TRY(add_item(out, &layer));
    VL_TRY(layer_of_moments(r, &layer));
    layer.due = layer.due || (closed && layer.keep == KEEP_CLOSING);
    vl_result result = VL_OK;
    if (layer.due) result = add_type(r, SCHEMA_MOMENT, &meeting->id, &layer, &of_it);
    if (result == VL_OK && closed)
        result = add_type(r, SCHEMA_SIGNAL, &meeting->id, &layer, &of_it);
    for (size_t i = 0; i < of_it.count && result == VL_OK; i++) {
        of_it.items[i].due = true;
        result = add_item(out, &of_it.items[i]);
    }
    retention_finish(&of_it);
    return result;
}

static const enum schema_type looked_at[] = {SCHEMA_MEETING, SCHEMA_SHARE, SCHEMA_DECISION};
#define LOOKED_AT (sizeof looked_at / sizeof looked_at[0])

/* A place: the plural of a type, a colon, and a place in its list, or none. */
static vl_result place_parse(const char *text, size_t *at, const char **after)
{
    for (*at = 0; *at < LOOKED_AT; (*at)++) {
        const char *plural = schema_record(looked_at[*at])->plural;
        size_t size = strlen(plural);
        if (strncmp(text, plural, size) != 0 || text[size] != ':') continue;
        *after = text[size + 1] == '\0' ? NULL : text + size + 1;
        return VL_OK;
    }
    return VL_ERR_INVALID;
}

static vl_result look_through(struct vl_replica *r, vl_wall now, const struct listing *listing,
                              struct retention *out)
{
    for (size_t i = 0; i < listing->list.count; i++) {
        const struct record *record = &listing->list.items[i];
        VL_TRY(record->schema->type == SCHEMA_MEETING ? add_due_meeting(r, now, record, out)
                                                      : add_if_due(r, now, record, out));
    }
    return VL_OK;
}

vl_result retention_due(struct vl_replica *r, vl_wall now, const char *after,
                        struct retention_page *out)
{
    struct listing_query query = {.max = RETENTION_PAGE};
    struct listing listing;
    size_t at = 0;
    *out = (struct retention_page){.next = ""};
    if (after != NULL) VL_TRY(place_parse(after, &at, &query.after));
    query.schema = schema_record(looked_at[at]);
    VL_TRY(listing_read(r, &query, &listing));
    vl_result result = look_through(r, now, &listing, &out->due);
    bool is_over = listing.next[0] == '\0';
    if (!is_over || at + 1 < LOOKED_AT)
        snprintf(out->next, sizeof out->next, "%s:%s",
                 schema_record(looked_at[is_over ? at + 1 : at])->plural, listing.next);
    listing_finish(&listing);
    if (result != VL_OK) retention_finish(&out->due);
    return result;
}

/* ---- what goes ---- */

vl_result retention_entries(struct vl_replica *r, const struct retention *retention,
                            struct erasure *out)
{
    struct erasure_target *targets = calloc(retention->count + 1, sizeof *targets);
    size_t count = 0;
    *out = (struct erasure){0};
    if (targets == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < retention->count; i++) {
        const struct retention_item *item = &retention->items[i];
        if (!item->due) continue;
        bool are_minutes = item->schema->type == SCHEMA_MEETING;
        targets[count++] = (struct erasure_target){item->schema->type, item->id,
                                                   are_minutes ? (uint32_t)MEETING_MINUTES : 0};
    }
    vl_result result = erasure_find(r, targets, count, ERASURE_ALONE, out);
    free(targets);
    return result;
}

static vl_result write_moment(struct vl_replica *r, const struct vl_record_id *meeting, vl_wall now,
                              struct schema_problem *problem)
{
    const struct vl_value of = {
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = *meeting};
    const struct vl_value kind = {.tag = VL_VALUE_INTEGER, .integer = MOMENT_CLOSE};
    struct vl_record_id id;
    struct edit edit;
    VL_TRY(record_id_new(r, SCHEMA_MOMENT, &id));
    VL_TRY(edit_begin(&edit, r, SCHEMA_MOMENT, &id));
    edit_set(&edit, MOMENT_MEETING, &of);
    edit_set(&edit, MOMENT_KIND, &kind);
    vl_result result = edit_write(&edit, now, problem);
    edit_finish(&edit);
    return result;
}

vl_result retention_close(struct vl_replica *r, const struct vl_record_id *meeting, vl_wall now,
                          struct schema_problem *problem)
{
    const struct vl_value closed = {.tag = VL_VALUE_INTEGER, .integer = MEETING_CLOSED};
    struct record record;
    struct edit edit;
    bool may;
    *problem = (struct schema_problem){0};
    VL_TRY(record_read(r, SCHEMA_MEETING, meeting, &record));
    const struct vl_value *state = value_of(&record, "state");
    int64_t is = state != NULL && state->tag == VL_VALUE_INTEGER ? state->integer : MEETING_PLANNED;
    record_finish(&record);
    VL_TRY(erasure_is_facilitator(r, &may));
    problem->reason = N_("only who facilitates may close a meeting");
    if (!may) return VL_ERR_AUTHORITY;
    problem->reason = N_("it was cancelled");
    if (is == MEETING_CANCELLED) return VL_ERR_STATE;
    problem->reason = NULL;
    if (is == MEETING_OPEN) VL_TRY(write_moment(r, meeting, now, problem));
    VL_TRY(edit_begin(&edit, r, SCHEMA_MEETING, meeting));
    edit_set(&edit, MEETING_STATE, &closed);
    vl_result result = attendance_put(&edit);
    if (result == VL_OK) result = edit_write(&edit, now, problem);
    edit_finish(&edit);
    return result;
}
