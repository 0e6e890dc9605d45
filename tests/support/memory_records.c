/* Lists of records of a memory storage: nothing is kept, all cells are looked at every time. */
#include "tests/support/memory_rows.h"

#include <stdlib.h>
#include <string.h>

struct found {
    struct vl_record_row row;
    bool is_empty, is_wanted;
};

struct finding {
    const struct vl_record_scan *scan;
    struct found *items;
    size_t count, capacity;
};

static int compare_rows(enum vl_record_order by, const struct vl_record_row *a,
                        const struct vl_record_row *b)
{
    int order = by == VL_RECORDS_BY_DATE  ? strcmp(a->date, b->date)
                : by == VL_RECORDS_BY_AGE ? (a->lowest > b->lowest) - (a->lowest < b->lowest)
                                          : 0;
    return order != 0 ? order : memcmp(&a->record, &b->record, sizeof a->record);
}

static void look_at(struct finding *f, const struct cell_row *cell)
{
    const struct vl_record_scan *scan = f->scan;
    struct vl_cell_lookup lookup;
    if (f->count == 0 || memcmp(&f->items[f->count - 1].row.record, &cell->key.record,
                                sizeof cell->key.record) != 0) {
        memory_grow((void **)&f->items, sizeof *f->items, f->count, &f->capacity);
        f->items[f->count++] =
            (struct found){.row = {.record = cell->key.record}, .is_empty = true};
    }
    struct found *found = &f->items[f->count - 1];
    bool is_known =
        vl_cell_look_up(cell->key.kind, vl_bytes(cell->data, cell->size), &lookup) == VL_OK &&
        !lookup.is_empty && lookup.lowest <= INT64_MAX;
    if (is_known && (found->is_empty || lookup.lowest < found->row.lowest))
        found->row.lowest = lookup.lowest;
    found->is_empty = found->is_empty && !is_known;
    if (cell->key.kind != VL_FIELD_REGISTER) return;
    if (scan->has_names && cell->key.field == scan->names_field && lookup.has_names &&
        memcmp(&lookup.names, &scan->names, sizeof scan->names) == 0)
        found->is_wanted = true;
    if (scan->order == VL_RECORDS_BY_DATE && cell->key.field == scan->date_field)
        memcpy(found->row.date, lookup.date, sizeof found->row.date);
}

static int by_age(const void *a, const void *b)
{
    return compare_rows(VL_RECORDS_BY_AGE, a, b);
}

static int by_date(const void *a, const void *b)
{
    return compare_rows(VL_RECORDS_BY_DATE, a, b);
}

static int by_id(const void *a, const void *b)
{
    return compare_rows(VL_RECORDS_BY_ID, a, b);
}

vl_result memory_records(struct memory_storage *m, const struct vl_record_scan *scan,
                         vl_record_visit visit, void *context)
{
    static int (*const orders[])(const void *, const void *) = {by_age, by_date, by_id};
    struct finding f = {.scan = scan};
    vl_result result = VL_OK;
    size_t shown = 0;
    cells_sort(m);
    for (size_t i = 0; i < m->cell_count; i++) {
        const struct cell_row *cell = &m->cells[m->sorted[i]];
        if (cell->alive && cell->key.type == scan->type) look_at(&f, cell);
    }
    if (f.count > 1) qsort(f.items, f.count, sizeof *f.items, orders[scan->order]);
    m->scanning = true;
    for (size_t i = 0; result == VL_OK && i < f.count; i++) {
        const struct found *found = &f.items[scan->backward ? f.count - 1 - i : i];
        int order = scan->after ? compare_rows(scan->order, &found->row, &scan->place) : 0;
        if (found->is_empty || (scan->has_names && !found->is_wanted)) continue;
        if (scan->after && (scan->backward ? order >= 0 : order <= 0)) continue;
        if (scan->max != 0 && shown++ == scan->max) break;
        result = visit(context, &found->row);
    }
    m->scanning = false;
    free(f.items);
    return result;
}
