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

struct place { /* ordered by key, then id */
    bool has_date;
    char date[17]; /* "" before all dates */
    uint64_t made;
    bool has_id; /* without: before all of that key */
    struct vl_record_id id;
};

static const struct schema_field *date_field(const struct schema_record *schema)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].form == SCHEMA_DATE && schema->fields[i].kind == VL_FIELD_REGISTER)
            return &schema->fields[i];
    return NULL;
}

static void place_of(const struct record *record, struct place *out)
{
    const struct record_value *made = record_made(record);
    *out = (struct place){.has_id = true, .id = record->id};
    if (record->schema->order == SCHEMA_ORDER_DATE) {
        out->has_date = true;
        snprintf(out->date, sizeof out->date, "%s",
                 record_text(record, date_field(record->schema)->id));
    } else if (made != NULL) {
        out->made = made->stamp.lamport;
    }
}

static int place_compare(const struct place *a, const struct place *b)
{
    int order = strcmp(a->date, b->date);
    if (order != 0) return order;
    if (a->made != b->made) return a->made < b->made ? -1 : 1;
    if (a->has_id != b->has_id) return a->has_id ? 1 : -1;
    return a->has_id ? memcmp(&a->id, &b->id, sizeof a->id) : 0;
}

static void place_write(const struct place *place, char out[static LISTING_PLACE_SIZE])
{
    char id[RECORD_ID_TEXT_SIZE];
    record_id_text(&place->id, id);
    if (place->has_date)
        snprintf(out, LISTING_PLACE_SIZE, "%s-%s", place->date, id);
    else
        snprintf(out, LISTING_PLACE_SIZE, "%llu-%s", (unsigned long long)place->made, id);
}

static vl_result place_parse(const struct schema_record *schema, const char *text,
                             struct place *out)
{
    const size_t id_size = RECORD_ID_TEXT_SIZE - 1;
    size_t size = strnlen(text, LISTING_PLACE_SIZE);
    char key[LISTING_PLACE_SIZE];
    *out = (struct place){.has_date = schema->order == SCHEMA_ORDER_DATE};
    if (size == LISTING_PLACE_SIZE) return VL_ERR_INVALID;
    if (size > id_size && text[size - id_size - 1] == '-' &&
        record_id_parse(text + size - id_size, &out->id) == VL_OK) {
        out->has_id = true;
        size -= id_size + 1;
    }
    memcpy(key, text, size);
    key[size] = '\0';
    if (out->has_date) {
        if (size >= sizeof out->date || (size > 0 && !schema_is_date(key))) return VL_ERR_INVALID;
        memcpy(out->date, key, size + 1);
        return VL_OK;
    }
    if (size == 0 || size > 19 || strspn(key, "0123456789") != size) return VL_ERR_INVALID;
    out->made = strtoull(key, NULL, 10);
    return VL_OK;
}

/* ---- which, and in what order ---- */

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

/* Newest first is the order of places the other way round. */
static bool is_reversed(const struct listing_query *query)
{
    return query->backward != (query->schema->order == SCHEMA_ORDER_NEWEST);
}

static int by_place(const void *a, const void *b)
{
    struct place x, y;
    place_of(a, &x);
    place_of(b, &y);
    return place_compare(&x, &y);
}

static int by_place_reversed(const void *a, const void *b)
{
    return by_place(b, a);
}

/* Moves the items of `more` to the end of `list`; `more` is empty then. */
static vl_result join(struct record_list *list, struct record_list *more)
{
    if (more->count > 0) {
        struct record *items =
            realloc(list->items, (list->count + more->count) * sizeof *list->items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        memcpy(items + list->count, more->items, more->count * sizeof *items);
        list->items = items;
        list->count += more->count;
    }
    free(more->items);
    *more = (struct record_list){0};
    return VL_OK;
}

static vl_result read_all(struct vl_replica *r, const struct schema_record *schema,
                          struct record_list *out)
{
    struct record_list sealed = {0};
    vl_result result = VL_OK;
    *out = (struct record_list){0};
    if (schema->audience != SCHEMA_FOR_FACILITATORS) VL_TRY(record_list_read(r, schema->type, out));
    if (schema->audience != SCHEMA_FOR_CIRCLE) {
        result = record_list_read(r, schema->type + VL_TYPE_SEALED, &sealed);
        if (result == VL_OK) result = join(out, &sealed);
        record_list_finish(&sealed);
    }
    if (result != VL_OK) record_list_finish(out);
    return result;
}

/* Keeps in the list what is wanted and behind the place. */
static void keep_wanted(const struct listing_query *query, const struct place *after,
                        struct record_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        bool is_wanted_here = is_wanted(query, &list->items[i]);
        if (is_wanted_here && query->after != NULL) {
            struct place place;
            place_of(&list->items[i], &place);
            int order = place_compare(&place, after);
            is_wanted_here = is_reversed(query) ? order < 0 : order > 0;
        }
        if (is_wanted_here)
            list->items[kept++] = list->items[i];
        else
            record_finish(&list->items[i]);
    }
    list->count = kept;
}

vl_result listing_read(struct vl_replica *r, const struct listing_query *query, struct listing *out)
{
    struct record_list *list = &out->list;
    struct place place;
    *out = (struct listing){0};
    if (query->after != NULL) VL_TRY(place_parse(query->schema, query->after, &place));
    VL_TRY(read_all(r, query->schema, list));
    keep_wanted(query, &place, list);
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items,
              is_reversed(query) ? by_place_reversed : by_place);
    if (list->count > query->max) {
        place_of(&list->items[query->max - 1], &place);
        place_write(&place, out->next);
    }
    while (list->count > query->max)
        record_finish(&list->items[--list->count]);
    return VL_OK;
}
