#include "circle/moment.h"
#include "circle/persons.h"

#include <stdlib.h>
#include <string.h>

void moment_finish(struct moment *moment)
{
    if (moment == NULL) return;
    record_finish(&moment->record);
    free(moment->order);
    *moment = (struct moment){0};
}

void moments_finish(struct moments *moments)
{
    if (moments == NULL) return;
    for (size_t i = 0; i < moments->count; i++)
        moment_finish(&moments->items[i]);
    free(moments->items);
    *moments = (struct moments){0};
}

vl_result moments_add(struct moments *moments, const struct moment *moment)
{
    struct moment *grown = realloc(moments->items, (moments->count + 1) * sizeof *moments->items);
    if (grown == NULL) return VL_ERR_NO_MEMORY;
    moments->items = grown;
    grown[moments->count++] = *moment;
    return VL_OK;
}

/* ---- what a record says ---- */

static bool is_same_record(const struct vl_record_id *a, const struct vl_record_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Made at once: all of it by one entry, no field of one value with several. */
static bool is_of_one_piece(const struct record *record, const struct record_value *made)
{
    for (size_t f = 0; f < record->field_count; f++) {
        const struct record_field *field = &record->fields[f];
        if (field->schema->kind == VL_FIELD_REGISTER && field->count > 1) return false;
        for (size_t v = 0; v < field->count; v++)
            if (!vl_id_equal(&field->values[v].stamp.dot.entry, &made->stamp.dot.entry))
                return false;
    }
    return true;
}

/* NULL: none. */
static const struct vl_value *value_of(const struct record *record, uint32_t id)
{
    const struct record_field *field = record_field(record, id);
    if (field->count == 0 || field->values[0].value.tag == VL_VALUE_NONE) return NULL;
    return &field->values[0].value;
}

static bool is_known(const struct vl_membership *m, const struct vl_id *person)
{
    struct vl_person_state state;
    return vl_membership_find_person(m, vl_bytes(person->bytes, sizeof person->bytes), &state) ==
           VL_OK;
}

/* A person or a seat. false: a person whom the circle never had. */
static bool take_who(const struct vl_membership *m, const struct vl_value *value,
                     struct live_who *out)
{
    *out = (struct live_who){.seat = NULL};
    if (value->tag == VL_VALUE_PERSON)
        out->person = value->person;
    else
        out->seat = (const char *)value->bytes.data;
    return out->seat != NULL || is_known(m, &out->person);
}

static bool take_subject(const struct vl_membership *m, struct moment *moment)
{
    const struct vl_value *person = value_of(&moment->record, MOMENT_PERSON);
    const struct vl_value *seat = value_of(&moment->record, MOMENT_SEAT);
    moment->live.who = (struct live_who){.person = moment->live.author};
    if (person != NULL && seat != NULL) return false;
    if (person == NULL && seat == NULL) return is_known(m, &moment->live.author);
    return take_who(m, person != NULL ? person : seat, &moment->live.who);
}

static vl_result take_order(const struct vl_membership *m, struct moment *moment)
{
    const struct record_field *field = record_field(&moment->record, MOMENT_ORDER);
    if (field->count == 0) return VL_OK;
    moment->order = calloc(field->count, sizeof *moment->order);
    if (moment->order == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < field->count; i++)
        if (!take_who(m, &field->values[i].value, &moment->order[i])) return VL_ERR_NOT_FOUND;
    moment->live.order = moment->order;
    moment->live.order_count = field->count;
    return VL_OK;
}

static vl_result take(struct vl_membership *m, const struct vl_record_id *meeting,
                      struct moment *moment)
{
    const struct record *record = &moment->record;
    const struct record_value *made = record_made(record);
    const struct vl_value *of = value_of(record, MOMENT_MEETING);
    const struct vl_value *kind = value_of(record, MOMENT_KIND);
    const struct vl_value *part = value_of(record, MOMENT_PART);
    if (of == NULL || kind == NULL || !is_same_record(&of->record, meeting) ||
        !is_of_one_piece(record, made))
        return VL_ERR_NOT_FOUND;
    moment->live = (struct live_moment){.stamp = made->stamp,
                                        .author = made->author,
                                        .kind = (enum moment_kind)kind->integer,
                                        .has_part = part != NULL};
    if (part != NULL) moment->live.part = part->record;
    if (!take_subject(m, moment)) return VL_ERR_NOT_FOUND;
    return take_order(m, moment);
}

vl_result moment_read(struct vl_replica *r, const struct vl_record_id *meeting,
                      const struct vl_record_id *id, struct moment *out)
{
    struct vl_membership *m;
    *out = (struct moment){0};
    VL_TRY(persons_membership(r, &m));
    VL_TRY(record_read(r, SCHEMA_MOMENT, id, &out->record));
    vl_result result = take(m, meeting, out);
    if (result != VL_OK) moment_finish(out);
    return result;
}

/* ---- all of a meeting ---- */

struct finding { /* ids of records that name the meeting */
    struct vl_record_id *ids;
    size_t count, capacity;
};

static vl_result visit_row(void *context, const struct vl_record_row *row)
{
    struct finding *finding = context;
    if (finding->count == finding->capacity) {
        size_t capacity = finding->capacity == 0 ? 64 : 2 * finding->capacity;
        struct vl_record_id *grown = reallocarray(finding->ids, capacity, sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        finding->ids = grown;
        finding->capacity = capacity;
    }
    finding->ids[finding->count++] = row->record;
    return VL_OK;
}

vl_result moments_read(struct vl_replica *r, const struct vl_record_id *meeting,
                       struct moments *out)
{
    const struct vl_record_scan of_meeting = {.type = SCHEMA_MOMENT,
                                              .order = VL_RECORDS_BY_ID,
                                              .has_names = true,
                                              .names_field = MOMENT_MEETING,
                                              .names = *meeting};
    struct finding finding = {.count = 0};
    *out = (struct moments){0};
    vl_result result = vl_replica_find_records(r, &of_meeting, visit_row, &finding);
    for (size_t i = 0; result == VL_OK && i < finding.count; i++) {
        struct moment moment;
        result = moment_read(r, meeting, &finding.ids[i], &moment);
        if (result == VL_OK) {
            result = moments_add(out, &moment);
            if (result != VL_OK) moment_finish(&moment);
        } else if (result == VL_ERR_NOT_FOUND) {
            result = VL_OK;
        }
    }
    free(finding.ids);
    if (result != VL_OK) moments_finish(out);
    return result;
}

/* ---- writing ---- */

static struct vl_value value_of_who(const struct live_who *who)
{
    if (who->seat == NULL) return (struct vl_value){.tag = VL_VALUE_PERSON, .person = who->person};
    return (struct vl_value){.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(who->seat)};
}

static vl_result fill(struct edit *e, const struct vl_record_id *meeting,
                      const struct live_moment *m)
{
    const struct vl_value of = {
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = *meeting};
    const struct vl_value kind = {.tag = VL_VALUE_INTEGER, .integer = m->kind};
    const struct vl_value part = {
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_PART, .record = m->part};
    const struct vl_value who = value_of_who(&m->who);
    const bool is_mine = m->who.seat == NULL && vl_id_equal(&m->who.person, &m->author);
    edit_set(e, MOMENT_MEETING, &of);
    edit_set(e, MOMENT_KIND, &kind);
    if (!is_mine) edit_set(e, m->who.seat == NULL ? MOMENT_PERSON : MOMENT_SEAT, &who);
    if (m->has_part) edit_set(e, MOMENT_PART, &part);
    if (m->order_count == 0) return VL_OK;
    struct vl_value *order = calloc(m->order_count, sizeof *order);
    if (order == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < m->order_count; i++)
        order[i] = value_of_who(&m->order[i]);
    edit_append_all(e, MOMENT_ORDER, order, m->order_count);
    free(order);
    return VL_OK;
}

vl_result moment_write(struct vl_replica *r, const struct vl_record_id *meeting,
                       const struct live_moment *moment, vl_wall now,
                       struct schema_problem *problem)
{
    struct vl_record_id id;
    struct edit e;
    VL_TRY(record_id_new(r, SCHEMA_MOMENT, &id));
    VL_TRY(edit_begin(&e, r, SCHEMA_MOMENT, &id));
    vl_result result = fill(&e, meeting, moment);
    if (result == VL_OK) result = edit_write(&e, now, problem);
    edit_finish(&e);
    return result;
}
