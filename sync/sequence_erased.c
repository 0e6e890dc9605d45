/* What waits for erased entries, as it is shown (docs/records.md, "What was erased").
 *
 * With the places in erased entries taken for ends this is the merge's own rule, so the order in
 * which insertions are placed says nothing. It is one that is cheap for long texts: each after
 * those that it names, which go by a stack, and what hangs on one unit from the last one on. */
#include "sync/sequence.h"
#include <stdlib.h>
#include <string.h>

struct showing {
    struct sequence *s;
    uint32_t *order; /* of those that wait */
    uint32_t *stack;
    size_t depth;
    enum { NOT_MET, IS_MET, IS_PLACED } * state;
};

/* Of an erased entry no operation is kept, so only those without one are asked for. False: no
 * place has become an end. */
static bool end_places(struct sequence *s, sequence_is_erased ask, void *context, bool *is_erased)
{
    bool any = false;
    for (size_t i = 0; i < s->table.count; i++)
        is_erased[i] = !s->table.items[i].has_lamport && ask(context, &s->table.items[i].id);
    for (size_t i = 0; i < s->waiting_count; i++) {
        struct sequence_place *places[] = {&s->waiting[i].left, &s->waiting[i].right};
        for (size_t side = 0; side < 2; side++) {
            if (places[side]->is_end || !is_erased[places[side]->entry]) continue;
            *places[side] = (struct sequence_place){.is_end = true};
            any = true;
        }
    }
    return any;
}

/* ---- in which order ---- */

struct ranked {
    struct sequence_place under; /* where it hangs, as far as can be told */
    struct vl_stamp stamp;
    uint32_t index;
};

static int compare_backward(const void *a, const void *b)
{
    const struct ranked *x = b, *y = a;
    int order = cell_compare_u32(x->under.entry, y->under.entry);
    if (order == 0) order = cell_compare_u32(x->under.number, y->under.number);
    if (order == 0) order = cell_compare_u32(x->under.offset, y->under.offset);
    return order != 0 ? order : vl_stamp_compare(&x->stamp, &y->stamp);
}

static vl_result put_in_order(const struct sequence *s, uint32_t *order)
{
    struct ranked *ranked = malloc((s->waiting_count + 1) * sizeof *ranked);
    if (ranked == NULL) return VL_ERR_NO_MEMORY;
    for (uint32_t i = 0; i < s->waiting_count; i++) {
        const struct sequence_waiting *w = &s->waiting[i];
        const struct cell_entry *entry = &s->table.items[w->entry];
        ranked[i] = (struct ranked){
            w->left.is_end ? w->right : w->left, {entry->lamport, {entry->id, w->number}}, i};
    }
    qsort(ranked, s->waiting_count, sizeof *ranked, compare_backward);
    for (size_t i = 0; i < s->waiting_count; i++)
        order[i] = ranked[i].index;
    free(ranked);
    return VL_OK;
}

/* ---- placing ---- */

/* A loaded sequence has those that wait sorted by (entry, number). False: none of them is it. */
static bool find_waiting(const struct sequence *s, const struct sequence_place *place,
                         uint32_t *index)
{
    size_t low = 0, high = s->waiting_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct sequence_waiting *w = &s->waiting[middle];
        int order = cell_compare_u32(w->entry, place->entry);
        if (order == 0) order = cell_compare_u32(w->number, place->number);
        *index = (uint32_t)middle;
        if (order == 0) return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Each gets into the stack once. */
static bool meet(struct showing *v, const struct sequence_place *place)
{
    uint32_t index;
    if (place->is_end || !find_waiting(v->s, place, &index) || v->state[index] != NOT_MET)
        return false;
    v->state[index] = IS_MET;
    v->stack[v->depth++] = index;
    return true;
}

/* What one of the stack names is tried before it, or stands below it and waits for it in turn: so
 * each is tried once. */
static vl_result place_stack(struct showing *v)
{
    while (v->depth > 0) {
        uint32_t top = v->stack[v->depth - 1], placed;
        const struct sequence_waiting *w = &v->s->waiting[top];
        if (meet(v, &w->left) || meet(v, &w->right)) continue;
        v->depth--;
        VL_TRY(sequence_place(v->s, w, &placed));
        if (placed != SEQUENCE_NONE) v->state[top] = IS_PLACED;
    }
    return VL_OK;
}

static vl_result place_all(struct showing *v)
{
    struct sequence *s = v->s;
    size_t kept = 0;
    VL_TRY(sequence_hang_all(s));
    VL_TRY(put_in_order(s, v->order));
    for (size_t i = 0; i < s->waiting_count; i++) {
        if (v->state[v->order[i]] != NOT_MET) continue;
        v->state[v->order[i]] = IS_MET;
        v->stack[v->depth++] = v->order[i];
        VL_TRY(place_stack(v));
    }
    for (size_t i = 0; i < s->waiting_count; i++)
        if (v->state[i] != IS_PLACED) s->waiting[kept++] = s->waiting[i];
    s->waiting_count = kept;
    return sequence_take_aside(s);
}

vl_result sequence_show(struct sequence *s, sequence_is_erased is_erased, void *context,
                        bool *is_changed)
{
    struct showing v = {.s = s};
    vl_result result = VL_ERR_NO_MEMORY;
    bool *erased = calloc(s->table.count + 1, sizeof *erased);
    *is_changed = false;
    if (erased != NULL) {
        *is_changed = end_places(s, is_erased, context, erased);
        result = VL_OK;
    }
    if (*is_changed) {
        v.order = malloc((s->waiting_count + 1) * sizeof *v.order);
        v.stack = malloc((s->waiting_count + 1) * sizeof *v.stack);
        v.state = calloc(s->waiting_count + 1, sizeof *v.state);
        bool is_there = v.order != NULL && v.stack != NULL && v.state != NULL;
        result = is_there ? place_all(&v) : VL_ERR_NO_MEMORY;
    }
    free(erased);
    free(v.order);
    free(v.stack);
    free(v.state);
    return result;
}
