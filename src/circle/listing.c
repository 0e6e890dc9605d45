#include "circle/listing.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void listing_finish(struct listing *listing)
{
    if (listing == NULL) return;
    record_list_finish(&listing->list);
    *listing = (struct listing){0};
}

/* ---- places ---- */

static const struct schema_field *date_field(const struct schema_record *schema)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].form == SCHEMA_DATE && schema->fields[i].kind == VL_FIELD_REGISTER)
            return &schema->fields[i];
    return NULL;
}

static bool is_by_date(const struct schema_record *schema)
{
    return schema->order == SCHEMA_ORDER_DATE;
}

static void place_write(const struct schema_record *schema, const struct vl_record_row *row,
                        char out[static LISTING_PLACE_SIZE])
{
    char id[RECORD_ID_TEXT_SIZE];
    record_id_text(&row->record, id);
    if (is_by_date(schema))
        snprintf(out, LISTING_PLACE_SIZE, "%s-%s", row->date, id);
    else
        snprintf(out, LISTING_PLACE_SIZE, "%llu-%s", (unsigned long long)row->lowest, id);
}

static vl_result key_parse(const struct schema_record *schema, const char *key,
                           struct vl_record_row *out)
{
    size_t size = strlen(key);
    if (is_by_date(schema)) {
        if (size >= sizeof out->date || (size > 0 && !schema_is_date(key))) return VL_ERR_INVALID;
        memcpy(out->date, key, size + 1);
        return VL_OK;
    }
    if (size == 0 || size > 19 || strspn(key, "0123456789") != size) return VL_ERR_INVALID;
    out->lowest = strtoull(key, NULL, 10);
    return VL_OK;
}

/* Without an id: before all of that key, which is what an id of zeros says. */
static vl_result place_parse(const struct schema_record *schema, const char *text,
                             struct vl_record_row *out)
{
    const size_t id_size = RECORD_ID_TEXT_SIZE - 1;
    size_t size = strnlen(text, LISTING_PLACE_SIZE);
    char key[LISTING_PLACE_SIZE];
    *out = (struct vl_record_row){.lowest = 0};
    if (size == LISTING_PLACE_SIZE) return VL_ERR_INVALID;
    if (size > id_size && text[size - id_size - 1] == '-' &&
        record_id_parse(text + size - id_size, &out->record) == VL_OK)
        size -= id_size + 1;
    memcpy(key, text, size);
    key[size] = '\0';
    return key_parse(schema, key, out);
}

/* ---- which rows ---- */

#define ROWS_BATCH 64u

struct rows { /* of one type, open or sealed */
    uint32_t type;
    struct vl_record_row items[ROWS_BATCH];
    size_t count;
};

struct walk {
    struct vl_replica *replica;
    const struct listing_query *query;
    struct vl_record_scan scan; /* `place` moves on */
    struct rows rows[2];
    size_t type_count, looked;
    struct listing *out;
};

static vl_result take_row(void *context, const struct vl_record_row *row)
{
    struct rows *rows = context;
    if (rows->count == ROWS_BATCH) return VL_ERR_INTERNAL;
    rows->items[rows->count++] = *row;
    return VL_OK;
}

static void walk_names(struct walk *w)
{
    const struct listing_query *query = w->query;
    for (size_t i = 0; i < query->filter_count; i++) {
        if (query->filters[i].value.tag != VL_VALUE_REFERENCE) continue;
        w->scan.has_names = true;
        w->scan.names_field = query->filters[i].field->id;
        w->scan.names = query->filters[i].value.record;
        return;
    }
}

static vl_result walk_begin(struct walk *w)
{
    const struct listing_query *query = w->query;
    const struct schema_record *schema = query->schema;
    const bool is_newest = schema->order == SCHEMA_ORDER_NEWEST;
    w->scan = (struct vl_record_scan){.backward = query->backward != is_newest, .max = ROWS_BATCH};
    if (is_by_date(schema)) {
        w->scan.order = VL_RECORDS_BY_DATE;
        w->scan.date_field = date_field(schema)->id;
    }
    walk_names(w);
    if (schema->audience != SCHEMA_FOR_FACILITATORS) w->rows[w->type_count++].type = schema->type;
    if (schema->audience != SCHEMA_FOR_CIRCLE)
        w->rows[w->type_count++].type = schema->type + VL_TYPE_SEALED;
    if (query->after == NULL) return VL_OK;
    w->scan.after = true;
    return place_parse(schema, query->after, &w->scan.place);
}

/* The next rows of each type behind the place. */
static vl_result walk_fetch(struct walk *w)
{
    for (size_t i = 0; i < w->type_count; i++) {
        w->rows[i].count = 0;
        w->scan.type = w->rows[i].type;
        VL_TRY(vl_replica_find_records(w->replica, &w->scan, take_row, &w->rows[i]));
    }
    return VL_OK;
}

static int row_compare(const struct walk *w, const struct vl_record_row *a,
                       const struct vl_record_row *b)
{
    int order = a->lowest < b->lowest ? -1 : a->lowest > b->lowest;
    if (w->scan.order == VL_RECORDS_BY_DATE) order = strcmp(a->date, b->date);
    if (order == 0) order = memcmp(&a->record, &b->record, sizeof a->record);
    return w->scan.backward ? -order : order;
}

/* The first of what was fetched, in order; NULL: nothing is left. */
static const struct vl_record_row *walk_first(const struct walk *w, const size_t at[2],
                                              size_t *which)
{
    const struct vl_record_row *first = NULL;
    for (size_t i = 0; i < w->type_count; i++) {
        const struct vl_record_row *row = &w->rows[i].items[at[i]];
        if (at[i] == w->rows[i].count || (first != NULL && row_compare(w, first, row) <= 0))
            continue;
        first = row;
        *which = i;
    }
    return first;
}

/* ---- which records ---- */

static bool same_value(const struct vl_value *a, const struct vl_value *b)
{
    if (a->tag != b->tag) return false;
    switch (a->tag) {
    case VL_VALUE_REFERENCE:
        return a->type == b->type && memcmp(&a->record, &b->record, sizeof a->record) == 0;
    case VL_VALUE_PERSON: return vl_id_equal(&a->person, &b->person);
    case VL_VALUE_INTEGER: return a->integer == b->integer;
    default: return false;
    }
}

static bool is_wanted(const struct listing_query *query, const struct record *record)
{
    for (size_t i = 0; i < query->filter_count; i++) {
        const struct record_field *field = record_field(record, query->filters[i].field->id);
        if (field->count == 0 || !same_value(&field->values[0].value, &query->filters[i].value))
            return false;
    }
    return !record_is_empty(record);
}

static vl_result take_record(struct walk *w, uint32_t type, const struct vl_record_id *id)
{
    struct record_list *list = &w->out->list;
    struct record *record = &list->items[list->count];
    vl_result result = record_read(w->replica, type, id, record);
    if (result == VL_ERR_NOT_FOUND) return VL_OK; /* no field that is known here */
    if (result != VL_OK) return result;
    if (is_wanted(w->query, record))
        list->count++;
    else
        record_finish(record);
    return VL_OK;
}

/* What was fetched, until the page is full. `*is_over`: there are no more. */
static vl_result walk_take(struct walk *w, bool *is_over)
{
    const struct vl_record_row *row;
    size_t at[2] = {0, 0}, which = 0, rows = 0;
    for (size_t i = 0; i < w->type_count; i++)
        *is_over = (i == 0 || *is_over) && w->rows[i].count < ROWS_BATCH;
    /* Behind the last row of a batch that was full, the other type's rows may not come yet. */
    while ((row = walk_first(w, at, &which)) != NULL && (*is_over || rows < ROWS_BATCH)) {
        bool is_full = w->out->list.count == w->query->max || w->looked == LISTING_LOOKED_MAX;
        if (is_full) {
            place_write(w->query->schema, &w->scan.place, w->out->next);
            return VL_OK;
        }
        VL_TRY(take_record(w, w->rows[which].type, &row->record));
        w->scan.after = true;
        w->scan.place = *row;
        w->looked++;
        at[which]++;
        rows++;
    }
    return VL_OK;
}

vl_result listing_read(struct vl_replica *r, const struct listing_query *query, struct listing *out)
{
    struct walk *w = calloc(1, sizeof *w);
    bool is_over = false;
    *out = (struct listing){0};
    if (w == NULL) return VL_ERR_NO_MEMORY;
    *w = (struct walk){.replica = r, .query = query, .out = out};
    vl_result result = walk_begin(w);
    if (result == VL_OK) {
        out->list.items = calloc(query->max + 1, sizeof *out->list.items);
        if (out->list.items == NULL) result = VL_ERR_NO_MEMORY;
    }
    while (result == VL_OK && !is_over && out->next[0] == '\0') {
        result = walk_fetch(w);
        if (result == VL_OK) result = walk_take(w, &is_over);
    }
    if (result != VL_OK) listing_finish(out);
    free(w);
    return result;
}
