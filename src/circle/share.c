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

static vl_result write_change(struct vl_replica *r, const struct vl_record_id *id,
                              const struct share_change *change, vl_wall now,
                              struct schema_problem *problem)
{
    struct edit e;
    vl_result result;
    VL_TRY(edit_begin(&e, r, SCHEMA_SHARE, id));
    fill(&e, change);
    result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

vl_result share_create(struct vl_replica *r, const struct share_change *change, vl_wall now,
                       struct vl_record_id *id, struct schema_problem *problem)
{
    if (!is_given(change->title) && !is_given(change->text)) {
        if (problem != NULL)
            *problem = (struct schema_problem){schema_field(SCHEMA_SHARE, SHARE_TEXT),
                                               "a share needs a title or a text"};
        return VL_ERR_INVALID;
    }
    record_id_random(id);
    return write_change(r, id, change, now, problem);
}

vl_result share_update(struct vl_replica *r, const struct vl_record_id *id,
                       const struct share_change *change, vl_wall now,
                       struct schema_problem *problem)
{
    struct record record;
    if (problem != NULL) *problem = (struct schema_problem){0};
    VL_TRY(share_read(r, id, &record));
    record_finish(&record);
    return write_change(r, id, change, now, problem);
}

vl_result share_read(struct vl_replica *r, const struct vl_record_id *id, struct record *out)
{
    return record_read(r, SCHEMA_SHARE, id, out);
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

vl_result share_list(struct vl_replica *r, struct record_list *out)
{
    VL_TRY(record_list_read(r, SCHEMA_SHARE, out));
    if (out->count > 1) qsort(out->items, out->count, sizeof *out->items, compare_newest);
    return VL_OK;
}
