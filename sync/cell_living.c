#include "sync/cell_living.h"
#include <stdlib.h>
#include <string.h>

#define INDEXED_FROM 32u         /* fewer dots are found faster by looking through them */
#define LOOKED_FOR   8u          /* so few are found before all are indexed */
#define AT_RETIRED   0x80000000u /* in the index: retired; else the number of the value */

void living_finish(struct living *l)
{
    cell_table_finish(&l->table);
    dot_index_finish(&l->index);
    free(l->retired);
    free(l->values);
    *l = (struct living){0};
}

struct vl_stamp living_stamp(const struct living *l, const struct living_value *value)
{
    const struct cell_entry *entry = &l->table.items[value->dot.entry];
    return (struct vl_stamp){entry->lamport, {entry->id, value->dot.operation}};
}

static bool same_dot(struct living_dot a, struct living_dot b)
{
    return a.entry == b.entry && a.operation == b.operation;
}

static vl_result push_retired(struct living *l, struct living_dot dot)
{
    if (l->retired_count == l->retired_capacity) {
        size_t capacity = l->retired_capacity == 0 ? 8 : l->retired_capacity * 2;
        struct living_dot *grown = realloc(l->retired, capacity * sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        l->retired = grown;
        l->retired_capacity = capacity;
    }
    l->retired[l->retired_count++] = dot;
    return VL_OK;
}

static vl_result push_value(struct living *l, struct living_value value)
{
    if (l->value_count == l->value_capacity) {
        size_t capacity = l->value_capacity == 0 ? 4 : l->value_capacity * 2;
        struct living_value *grown = realloc(l->values, capacity * sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        l->values = grown;
        l->value_capacity = capacity;
    }
    l->values[l->value_count++] = value;
    return VL_OK;
}

/* ---- where a dot stands ---- */

static vl_result index_all(struct living *l)
{
    for (uint32_t i = 0; i < l->retired_count; i++) {
        const struct living_dot *dot = &l->retired[i];
        VL_TRY(dot_index_put(&l->index, dot->entry, dot->operation, AT_RETIRED));
    }
    for (uint32_t i = 0; i < l->value_count; i++) {
        const struct living_dot *dot = &l->values[i].dot;
        VL_TRY(dot_index_put(&l->index, dot->entry, dot->operation, i));
    }
    return VL_OK;
}

static bool is_indexed(const struct living *l)
{
    return l->index.slots != NULL;
}

static vl_result prepare(struct living *l, size_t dots)
{
    l->looked_for += dots > LOOKED_FOR ? LOOKED_FOR : (unsigned)dots;
    if (is_indexed(l) || l->looked_for < LOOKED_FOR) return VL_OK;
    l->looked_for = LOOKED_FOR;
    return l->retired_count + l->value_count + dots < INDEXED_FROM ? VL_OK : index_all(l);
}

/* AT_RETIRED, the number of the value, or DOT_NOWHERE. */
static uint32_t find(const struct living *l, struct living_dot dot)
{
    if (is_indexed(l)) return dot_index_find(&l->index, dot.entry, dot.operation);
    for (size_t i = 0; i < l->retired_count; i++)
        if (same_dot(l->retired[i], dot)) return AT_RETIRED;
    for (uint32_t i = 0; i < l->value_count; i++)
        if (same_dot(l->values[i].dot, dot)) return i;
    return DOT_NOWHERE;
}

static vl_result place(struct living *l, struct living_dot dot, uint32_t at)
{
    return is_indexed(l) ? dot_index_put(&l->index, dot.entry, dot.operation, at) : VL_OK;
}

/* ---- merging ---- */

/* The last value takes its place: their order is made when they are written. */
static vl_result drop_value(struct living *l, uint32_t at)
{
    l->values[at] = l->values[--l->value_count];
    return at < l->value_count ? place(l, l->values[at].dot, at) : VL_OK;
}

static vl_result retire(struct living *l, const struct vl_dot *named)
{
    struct living_dot dot = {.operation = named->operation};
    VL_TRY(cell_table_intern(&l->table, &named->entry, &dot.entry));
    const uint32_t at = find(l, dot);
    if (at == AT_RETIRED) return VL_OK;
    VL_TRY(place(l, dot, AT_RETIRED));
    VL_TRY(push_retired(l, dot));
    return at == DOT_NOWHERE ? VL_OK : drop_value(l, at);
}

vl_result living_apply(struct living *l, const struct vl_operation *op,
                       const struct vl_stamp *stamp, bool brings_value)
{
    struct living_value value = {.dot.operation = stamp->dot.operation, .value = op->value};
    VL_TRY(prepare(l, op->dot_count + 1));
    for (size_t i = 0; i < op->dot_count; i++)
        VL_TRY(retire(l, &op->dots[i]));
    if (!brings_value) return VL_OK;
    VL_TRY(cell_table_stamp(&l->table, stamp, &value.dot.entry));
    if (find(l, value.dot) != DOT_NOWHERE) return VL_OK;
    VL_TRY(place(l, value.dot, (uint32_t)l->value_count));
    return push_value(l, value);
}

/* ---- the encoding ---- */

static int compare_values(const struct living *l, const struct living_value *a,
                          const struct living_value *b)
{
    struct vl_stamp a_stamp, b_stamp;
    if (l->kind == VL_FIELD_SET) {
        int order = vl_bytes_compare(a->value, b->value);
        if (order != 0) return order;
    }
    a_stamp = living_stamp(l, a);
    b_stamp = living_stamp(l, b);
    return vl_stamp_compare(&b_stamp, &a_stamp); /* the highest first */
}

/* qsort hands no context on, so values are sorted by merging halves here. */
static void merge_sort(const struct living *l, struct living_value *values, size_t count,
                       struct living_value *scratch)
{
    size_t half = count / 2, a = 0, b = half, n = 0;
    if (count < 2) return;
    merge_sort(l, values, half, scratch);
    merge_sort(l, values + half, count - half, scratch);
    if (compare_values(l, &values[half - 1], &values[half]) <= 0) return;
    while (a < half && b < count)
        scratch[n++] = compare_values(l, &values[a], &values[b]) <= 0 ? values[a++] : values[b++];
    while (a < half)
        scratch[n++] = values[a++];
    while (b < count)
        scratch[n++] = values[b++];
    memcpy(values, scratch, count * sizeof *values);
}

static vl_result sort_values(struct living *l)
{
    struct living_value *scratch = malloc((l->value_count + 1) * sizeof *scratch);
    if (scratch == NULL) return VL_ERR_NO_MEMORY;
    merge_sort(l, l->values, l->value_count, scratch);
    free(scratch);
    return VL_OK;
}

static int compare_dots(const void *a, const void *b)
{
    const struct living_dot *x = a, *y = b;
    int order = cell_compare_u32(x->entry, y->entry);
    return order != 0 ? order : cell_compare_u32(x->operation, y->operation);
}

/* The retired dots with ranks for indices, sorted. To be freed. */
static struct living_dot *ranked_retired(const struct living *l)
{
    struct living_dot *dots = malloc((l->retired_count + 1) * sizeof *dots);
    if (dots == NULL) return NULL;
    for (size_t i = 0; i < l->retired_count; i++)
        dots[i] =
            (struct living_dot){l->table.items[l->retired[i].entry].rank, l->retired[i].operation};
    qsort(dots, l->retired_count, sizeof *dots, compare_dots);
    return dots;
}

static void mark_named(struct living *l)
{
    cell_table_unmark(&l->table);
    for (size_t i = 0; i < l->table.count; i++)
        l->table.items[i].has_lamport = false;
    for (size_t i = 0; i < l->retired_count; i++)
        cell_table_mark(&l->table, l->retired[i].entry);
    for (size_t i = 0; i < l->value_count; i++) {
        cell_table_mark(&l->table, l->values[i].dot.entry);
        l->table.items[l->values[i].dot.entry].has_lamport = true;
    }
}

static void write_dot(struct vl_writer *w, uint32_t rank, uint32_t operation)
{
    vl_write_varint(w, rank);
    vl_write_varint(w, operation);
}

vl_result living_save(struct living *l, struct vl_buffer *out)
{
    size_t before = out->size, named_count;
    struct vl_writer w = vl_writer(out, before + CELL_STATE_MAX);
    struct living_dot *retired = NULL;
    uint32_t *named = NULL;
    vl_result result = sort_values(l);

    if (result != VL_OK) goto done;
    mark_named(l);
    result = cell_table_rank(&l->table, &named, &named_count);
    if (result != VL_OK) goto done;
    retired = ranked_retired(l);
    if (retired == NULL) {
        result = VL_ERR_NO_MEMORY;
        goto done;
    }
    cell_table_write(&w, &l->table, named, named_count);
    vl_write_varint(&w, l->retired_count);
    for (size_t i = 0; i < l->retired_count; i++)
        write_dot(&w, retired[i].entry, retired[i].operation);
    vl_write_varint(&w, l->value_count);
    for (size_t i = 0; i < l->value_count; i++) {
        const struct living_value *value = &l->values[i];
        write_dot(&w, l->table.items[value->dot.entry].rank, value->dot.operation);
        vl_write_string(&w, value->value);
    }
    result = vl_writer_result(&w);
    if (result == VL_ERR_TOO_LARGE) result = VL_ERR_DAMAGED; /* it had less weight than it has */
done:
    if (result != VL_OK) out->size = before;
    free(retired);
    free(named);
    return result;
}

static struct living_dot read_dot(struct vl_reader *r, const struct living *l)
{
    struct living_dot dot;
    dot.entry = cell_table_read_index(r, &l->table);
    dot.operation = (uint32_t)vl_read_varint(r, UINT32_MAX);
    return dot;
}

static void read_retired(struct vl_reader *r, struct living *l)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 2);
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct living_dot dot = read_dot(r, l);
        vl_result result;
        if (i > 0 && compare_dots(&l->retired[i - 1], &dot) >= 0) vl_reader_fail(r, VL_ERR_DAMAGED);
        if (r->result != VL_OK) return;
        cell_table_mark(&l->table, dot.entry);
        result = push_retired(l, dot);
        if (result != VL_OK) vl_reader_fail(r, result);
    }
}

static bool was_retired(const struct living *l, const struct living_dot *dot)
{
    return l->retired_count > 0 &&
           bsearch(dot, l->retired, l->retired_count, sizeof *dot, compare_dots) != NULL;
}

static void read_values(struct vl_reader *r, struct living *l)
{
    size_t count = (size_t)vl_read_varint(r, vl_reader_left(r) / 3);
    for (size_t i = 0; i < count && r->result == VL_OK; i++) {
        struct living_value value = {.dot = read_dot(r, l)};
        vl_result result;
        value.value = vl_read_string(r, VL_VALUE_BYTES_MAX);
        if (r->result != VL_OK) return;
        if (!l->table.items[value.dot.entry].has_lamport || was_retired(l, &value.dot) ||
            (i > 0 && compare_values(l, &l->values[i - 1], &value) >= 0)) {
            vl_reader_fail(r, VL_ERR_DAMAGED);
            return;
        }
        l->table.items[value.dot.entry].rank = 1;
        result = push_value(l, value);
        if (result != VL_OK) vl_reader_fail(r, result);
    }
}

static bool table_is_minimal(const struct living *l)
{
    for (size_t i = 0; i < l->table.count; i++) {
        const struct cell_entry *entry = &l->table.items[i];
        if (entry->rank == CELL_ABSENT || entry->has_lamport != (entry->rank == 1)) return false;
    }
    return true;
}

vl_result living_load(struct living *l, enum vl_field_kind kind, struct vl_bytes state)
{
    struct vl_reader r = vl_reader(state);
    vl_result result;
    *l = (struct living){.kind = kind};
    if (state.size == 0) return VL_OK;
    cell_table_read(&r, &l->table);
    read_retired(&r, l);
    read_values(&r, l);
    result = vl_reader_end(&r);
    if (result == VL_OK && table_is_minimal(l)) return VL_OK;
    living_finish(l);
    return result == VL_ERR_NO_MEMORY ? result : VL_ERR_DAMAGED;
}
