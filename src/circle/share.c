#include "circle/share.h"
#include <stdlib.h>
#include <string.h>

static const char *const sort_texts[SHARE_SORT_COUNT] = {"experience", "strategy", "question"};

const char *share_sort_text(int64_t sort)
{
    return sort >= 0 && sort < SHARE_SORT_COUNT ? sort_texts[sort] : NULL;
}

bool share_sort_parse(const char *text, enum share_sort *out)
{
    for (int i = 0; i < SHARE_SORT_COUNT; i++) {
        if (strcmp(sort_texts[i], text) != 0) continue;
        *out = (enum share_sort)i;
        return true;
    }
    return false;
}

const char *share_audience_text(enum share_audience audience)
{
    static const char *const texts[] = {"circle", "facilitators", "persons"};
    return texts[audience];
}

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

#define PERSONS_MAX 100u /* the most of SHARE_TO */

struct persons {
    struct vl_id items[PERSONS_MAX];
    size_t count;
};

static vl_result add_person(struct persons *persons, struct vl_bytes name)
{
    if (persons->count == PERSONS_MAX || name.size != sizeof persons->items[0].bytes)
        return VL_ERR_LIMIT;
    memcpy(persons->items[persons->count++].bytes, name.data, name.size);
    return VL_OK;
}

static vl_result all_facilitators(struct vl_membership *m, struct persons *out)
{
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        vl_membership_person(m, i, &state);
        if (state.role == VL_ROLE_FACILITATOR) VL_TRY(add_person(out, state.name));
    }
    return VL_OK;
}

/* Those of the share's persons who are still here. */
static vl_result persons_of(struct vl_membership *m, const struct record *share,
                            struct persons *out)
{
    const struct record_field *field = record_field(share, SHARE_TO);
    for (size_t i = 0; i < field->count; i++) {
        const struct vl_id *person = &field->values[i].value.person;
        struct vl_bytes name = vl_bytes(person->bytes, sizeof person->bytes);
        struct vl_person_state state;
        vl_result result = vl_membership_find_person(m, name, &state);
        if (result == VL_OK && state.role != VL_ROLE_NONE) VL_TRY(add_person(out, name));
    }
    return VL_OK;
}

static vl_result choose_persons(struct vl_replica *r, const struct share_change *change,
                                struct persons *out)
{
    struct vl_membership *m = vl_replica_membership(r);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    VL_TRY(vl_membership_settle(m));
    if (change->audience == SHARE_FOR_FACILITATORS) return all_facilitators(m, out);
    for (size_t i = 0; i < change->person_count; i++)
        VL_TRY(add_person(out, vl_bytes(change->persons[i].bytes, 32)));
    return VL_OK;
}

static void fill_audience(struct edit *e, enum share_audience audience,
                          const struct persons *persons)
{
    struct vl_value value = {.tag = VL_VALUE_INTEGER, .integer = audience};
    edit_seal(e, persons->items, persons->count);
    edit_set(e, SHARE_AUDIENCE, &value);
    for (size_t i = 0; i < persons->count; i++) {
        value = (struct vl_value){.tag = VL_VALUE_PERSON, .person = persons->items[i]};
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
    struct persons persons = {0};
    struct edit e;
    if (!is_given(change->title) && !is_given(change->text))
        return refuse(problem, SHARE_TEXT, "a share needs a title or a text");
    if (change->audience != SHARE_FOR_CIRCLE) {
        vl_result chosen = choose_persons(r, change, &persons);
        if (chosen == VL_ERR_LIMIT || (chosen == VL_OK && persons.count == 0))
            return refuse(problem, SHARE_TO, "a share is for one to a hundred persons");
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
    struct persons persons = {0};
    struct record record;
    struct edit e;
    if (problem != NULL) *problem = (struct schema_problem){0};
    VL_TRY(share_read(r, id, &record));
    bool sealed = record.sealed;
    vl_result result = VL_OK;
    if (sealed) result = persons_of(vl_replica_membership(r), &record, &persons);
    record_finish(&record);
    VL_TRY(result);
    VL_TRY(edit_begin(&e, r, SCHEMA_SHARE, id));
    if (sealed) edit_seal(&e, persons.items, persons.count);
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
