#include "circle/share.h"
#include "circle/audience.h"
#include <stdlib.h>
#include <string.h>

/* That it is sealed shows by itself; for whom, its author says. */
enum share_audience share_audience_of(const struct record *share)
{
    const struct record_field *field = record_field(share, SHARE_AUDIENCE);
    if (!share->sealed) return SHARE_FOR_CIRCLE;
    if (field != NULL && field->count > 0 &&
        field->values[0].value.integer == SHARE_FOR_FACILITATORS)
        return SHARE_FOR_FACILITATORS;
    return SHARE_FOR_PERSONS;
}

static void fill(struct edit *e, const struct share_change *c)
{
    edit_set_text(e, SHARE_TITLE, c->title);
    edit_set_text(e, SHARE_TEXT, c->text);
    edit_set_text(e, SHARE_NOTE, c->content_note);
    if (c->sort != NULL) {
        struct vl_value value = {.tag = VL_VALUE_INTEGER, .integer = *c->sort};
        edit_set(e, SHARE_SORT, &value);
    }
    if (c->meeting != NULL) {
        struct vl_value value = {
            .tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = *c->meeting};
        edit_set(e, SHARE_MEETING, &value);
    }
    for (size_t i = 0; i < c->topics_remove_count; i++) {
        struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(c->topics_remove[i])};
        edit_remove(e, SHARE_TOPICS, &value);
    }
    for (size_t i = 0; i < c->topics_add_count; i++) {
        struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(c->topics_add[i])};
        edit_add(e, SHARE_TOPICS, &value);
    }
}

/* ---- for whom ---- */

static vl_result choose_persons(struct vl_replica *r, const struct share_change *change,
                                struct audience *out)
{
    if (change->audience == SHARE_FOR_FACILITATORS) return audience_facilitators(r, out);
    for (size_t i = 0; i < change->person_count; i++)
        VL_TRY(audience_add(out, &change->persons[i]));
    return VL_OK;
}

static void fill_audience(struct edit *e, enum share_audience audience,
                          const struct audience *persons)
{
    struct vl_value value = {.tag = VL_VALUE_INTEGER, .integer = audience};
    edit_seal(e, persons->persons, persons->count);
    edit_set(e, SHARE_AUDIENCE, &value);
    for (size_t i = 0; i < persons->count; i++) {
        value = (struct vl_value){.tag = VL_VALUE_PERSON, .person = persons->persons[i]};
        edit_add(e, SHARE_TO, &value);
    }
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static vl_result refuse(struct schema_problem *problem, uint32_t field, const char *reason)
{
    if (problem != NULL)
        *problem = (struct schema_problem){schema_field(SCHEMA_SHARE, field), reason};
    return VL_ERR_INVALID;
}

vl_result share_create(struct vl_replica *r, const struct share_change *change, vl_wall now,
                       struct vl_record_id *id, struct schema_problem *problem)
{
    struct audience persons = {0};
    struct edit e;
    if (!is_given(change->title) && !is_given(change->text))
        return refuse(problem, SHARE_TEXT, N_("a share needs a title or a text"));
    if (change->audience != SHARE_FOR_CIRCLE) {
        vl_result chosen = choose_persons(r, change, &persons);
        if (chosen == VL_ERR_LIMIT || (chosen == VL_OK && persons.count == 0))
            return refuse(problem, SHARE_TO, N_("a share is for one to a hundred persons"));
        VL_TRY(chosen);
    }
    record_id_random(id);
    VL_TRY(edit_begin(&e, r, SCHEMA_SHARE, id));
    if (change->audience != SHARE_FOR_CIRCLE) fill_audience(&e, change->audience, &persons);
    fill(&e, change);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result share_update(struct vl_replica *r, const struct vl_record_id *id,
                       const struct share_change *change, vl_wall now,
                       struct schema_problem *problem)
{
    struct audience persons = {0};
    struct record record;
    struct edit e;
    if (problem != NULL) *problem = (struct schema_problem){0};
    VL_TRY(share_read(r, id, &record));
    bool sealed = record.sealed;
    vl_result result = VL_OK;
    if (sealed) result = audience_still_here(r, record_field(&record, SHARE_TO), &persons);
    record_finish(&record);
    VL_TRY(result);
    VL_TRY(edit_begin(&e, r, SCHEMA_SHARE, id));
    if (sealed) edit_seal(&e, persons.persons, persons.count);
    fill(&e, change);
    result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

/* An id is random, so an open record with a sealed one's id was made by somebody who reads that. */
vl_result share_read(struct vl_replica *r, const struct vl_record_id *id, struct record *out)
{
    vl_result result = record_read(r, SCHEMA_SHARE + VL_TYPE_SEALED, id, out);
    return result == VL_ERR_NOT_FOUND ? record_read(r, SCHEMA_SHARE, id, out) : result;
}

vl_result share_find(struct vl_replica *r, const char *text, struct vl_record_id *out)
{
    struct vl_record_id open, sealed;
    vl_result in_open = record_find(r, SCHEMA_SHARE, text, &open);
    vl_result in_sealed = record_find(r, SCHEMA_SHARE + VL_TYPE_SEALED, text, &sealed);
    if (in_open == VL_OK && in_sealed == VL_OK && memcmp(&open, &sealed, sizeof open) != 0)
        return VL_ERR_INVALID;
    *out = in_sealed == VL_OK ? sealed : open;
    return in_sealed == VL_ERR_NOT_FOUND ? in_open : in_sealed;
}

static uint64_t newest_lamport(const struct record *record)
{
    uint64_t newest = 0;
    for (size_t f = 0; f < record->field_count; f++)
        for (size_t v = 0; v < record->fields[f].count; v++)
            if (record->fields[f].values[v].stamp.lamport > newest)
                newest = record->fields[f].values[v].stamp.lamport;
    return newest;
}

static int compare_newest(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    uint64_t x_newest = newest_lamport(x), y_newest = newest_lamport(y);
    if (x_newest != y_newest) return x_newest > y_newest ? -1 : 1;
    return memcmp(&x->id, &y->id, sizeof x->id);
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

vl_result share_list(struct vl_replica *r, struct record_list *out)
{
    struct record_list sealed;
    VL_TRY(record_list_read(r, SCHEMA_SHARE, out));
    vl_result result = record_list_read(r, SCHEMA_SHARE + VL_TYPE_SEALED, &sealed);
    if (result == VL_OK) {
        result = join(out, &sealed);
        record_list_finish(&sealed);
    }
    if (result != VL_OK) {
        record_list_finish(out);
        return result;
    }
    if (out->count > 1) qsort(out->items, out->count, sizeof *out->items, compare_newest);
    return VL_OK;
}
