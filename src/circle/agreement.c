#include "circle/agreement.h"
#include "circle/circle_info.h"

#include <stdlib.h>
#include <string.h>

void agreements_finish(struct agreements *all)
{
    if (all == NULL) return;
    for (size_t i = 0; i < all->count; i++)
        record_finish(&all->items[i].record);
    free(all->items);
    *all = (struct agreements){0};
}

static int compare_newest(const void *a, const void *b)
{
    const struct agreement *x = a, *y = b;
    const struct record_field *first = record_field(&x->record, AGREEMENT_TEXT),
                              *second = record_field(&y->record, AGREEMENT_TEXT);
    return vl_stamp_compare(&second->values[0].stamp, &first->values[0].stamp);
}

/* The version that holds; false: none is said. */
static vl_result holding(struct vl_replica *r, struct vl_record_id *out, bool *found)
{
    struct vl_record_id id;
    struct record circle;
    *found = false;
    circle_info_id(vl_replica_circle(r), &id);
    vl_result result = record_read(r, SCHEMA_CIRCLE, &id, &circle);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    *found = circle_info_agreement(&circle, out);
    record_finish(&circle);
    return VL_OK;
}

vl_result agreements_read(struct vl_replica *r, struct agreements *out)
{
    struct record_list list;
    struct vl_record_id id;
    bool found;
    *out = (struct agreements){0};
    VL_TRY(holding(r, &id, &found));
    VL_TRY(record_list_read(r, SCHEMA_AGREEMENT, &list));
    out->items = calloc(list.count + 1, sizeof *out->items);
    for (size_t i = 0; out->items != NULL && i < list.count; i++) {
        struct record *record = &list.items[i];
        if (record_text(record, AGREEMENT_TEXT)[0] == '\0') continue; /* its words are not here */
        out->items[out->count++] = (struct agreement){
            .record = *record, .holds = found && memcmp(&record->id, &id, sizeof id) == 0};
        *record = (struct record){0};
    }
    record_list_finish(&list);
    if (out->items == NULL) return VL_ERR_NO_MEMORY;
    qsort(out->items, out->count, sizeof *out->items, compare_newest);
    return VL_OK;
}

bool agreement_has(const struct agreement *agreement, const struct vl_id *person)
{
    const struct record_field *assents = record_field(&agreement->record, AGREEMENT_ASSENTS);
    for (size_t i = 0; i < assents->count; i++)
        if (vl_id_equal(&assents->values[i].value.person, person)) return true;
    return false;
}

vl_result agreement_propose(struct vl_replica *r, const char *text, vl_wall now,
                            struct vl_record_id *id, struct schema_problem *problem)
{
    const struct schema_record *schema = schema_record(SCHEMA_AGREEMENT);
    const struct schema_field *words = schema_field(SCHEMA_AGREEMENT, AGREEMENT_TEXT);
    const struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    struct edit e;
    VL_TRY(schema_check(words, &value, problem));
    if (text[0] == '\0') {
        if (problem != NULL) *problem = (struct schema_problem){words, N_("it is needed")};
        return VL_ERR_INVALID;
    }
    VL_TRY(record_id_of_words(vl_replica_circle(r), schema, value.bytes, id));
    VL_TRY(edit_begin(&e, r, SCHEMA_AGREEMENT, id));
    edit_set(&e, AGREEMENT_TEXT, &value);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

static vl_result check_words(struct vl_replica *r, const struct vl_record_id *id)
{
    struct record record;
    VL_TRY(record_read(r, SCHEMA_AGREEMENT, id, &record));
    bool here = record_text(&record, AGREEMENT_TEXT)[0] != '\0';
    record_finish(&record);
    return here ? VL_OK : VL_ERR_NOT_FOUND;
}

vl_result agreement_adopt(struct vl_replica *r, const struct vl_record_id *id, vl_wall now,
                          struct schema_problem *problem)
{
    const struct vl_value reference = {
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_AGREEMENT, .record = *id};
    struct vl_record_id circle;
    struct edit e;
    if (problem != NULL) *problem = (struct schema_problem){0};
    VL_TRY(check_words(r, id));
    circle_info_id(vl_replica_circle(r), &circle);
    VL_TRY(edit_begin(&e, r, SCHEMA_CIRCLE, &circle));
    edit_set(&e, CIRCLE_AGREEMENT, &reference);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result agreement_assent(struct vl_replica *r, const struct vl_record_id *id, vl_wall now,
                           struct schema_problem *problem)
{
    struct vl_value me = {.tag = VL_VALUE_PERSON};
    struct vl_record_id version;
    struct edit e;
    bool found = true;
    if (problem != NULL) *problem = (struct schema_problem){0};
    if (id != NULL)
        version = *id;
    else
        VL_TRY(holding(r, &version, &found));
    if (!found) return VL_ERR_NOT_FOUND;
    VL_TRY(check_words(r, &version));
    VL_TRY(vl_replica_me(r, &me.person));
    VL_TRY(edit_begin(&e, r, SCHEMA_AGREEMENT, &version));
    edit_add(&e, AGREEMENT_ASSENTS, &me);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}
