#include "tests/support/written_record.h"

#include <stdlib.h>

static struct vl_value element(const struct written *w, size_t at)
{
    if (w->persons != NULL)
        return (struct vl_value){.tag = VL_VALUE_PERSON, .person = w->persons[at]};
    return (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(w->texts[at])};
}

static void write_elements(struct edit *e, const struct written *w, bool is_list)
{
    struct vl_value *values = calloc(w->count + 1, sizeof *values);
    if (values == NULL) abort();
    for (size_t i = 0; i < w->count; i++)
        values[i] = element(w, i);
    if (is_list)
        edit_list(e, w->field, values, w->count);
    else if (w->removes)
        edit_remove_all(e, w->field, values, w->count);
    else
        edit_add_all(e, w->field, values, w->count);
    free(values);
}

static void write_field(struct edit *e, const struct written *w)
{
    switch (schema_field(e->schema->type, w->field)->kind) {
    case VL_FIELD_REGISTER:
        if (w->value != NULL)
            edit_set(e, w->field, w->value);
        else
            edit_set_text(e, w->field, w->text);
        break;
    case VL_FIELD_TEXT: edit_text(e, w->field, vl_bytes_text(w->text)); break;
    case VL_FIELD_SET: write_elements(e, w, false); break;
    case VL_FIELD_LIST: write_elements(e, w, true); break;
    }
}

vl_result written_again(struct vl_replica *r, enum schema_type type, const struct vl_record_id *id,
                        const struct written *fields, vl_wall now, struct schema_problem *problem)
{
    struct edit e;
    VL_TRY(edit_begin(&e, r, type, id));
    for (; fields->field != 0; fields++)
        write_field(&e, fields);
    vl_result result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}

vl_result written_new(struct vl_replica *r, enum schema_type type, const struct written *fields,
                      vl_wall now, struct vl_record_id *id, struct schema_problem *problem)
{
    VL_TRY(record_id_new(r, type, id));
    return written_again(r, type, id, fields, now, problem);
}
