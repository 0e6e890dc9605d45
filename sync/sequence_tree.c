#include "sync/sequence.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

vl_result sequence_grow(void *array, size_t count, size_t *capacity, size_t item)
{
    void *old, *grown;
    size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    if (count < *capacity) return VL_OK;
    if (wanted >= SEQUENCE_NONE) return VL_ERR_LIMIT;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, wanted * item);
    if (grown == NULL) return VL_ERR_NO_MEMORY;
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return VL_OK;
}

/* ---- which operation has that dot ---- */

static size_t slot_of(const struct sequence *s, uint32_t entry, uint32_t number)
{
    uint64_t key = ((uint64_t)entry << 32 | number) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(key >> 32) & (s->slot_count - 1);
}

static void put_slot(struct sequence *s, uint32_t op)
{
    size_t at = slot_of(s, s->ops[op].entry, s->ops[op].number);
    while (s->slots[at] != SEQUENCE_NONE)
        at = (at + 1) & (s->slot_count - 1);
    s->slots[at] = op;
}

uint32_t sequence_find(const struct sequence *s, uint32_t entry, uint32_t number)
{
    if (s->slot_count == 0) return SEQUENCE_NONE;
    for (size_t at = slot_of(s, entry, number); s->slots[at] != SEQUENCE_NONE;
         at = (at + 1) & (s->slot_count - 1)) {
        const struct sequence_op *op = &s->ops[s->slots[at]];
        if (op->entry == entry && op->number == number) return s->slots[at];
    }
    return SEQUENCE_NONE;
}

static vl_result grow_slots(struct sequence *s)
{
    size_t slot_count = s->slot_count == 0 ? 16 : s->slot_count;
    uint32_t *slots;
    while (slot_count < s->op_capacity * 2)
        slot_count *= 2;
    if (slot_count == s->slot_count) return VL_OK;
    slots = malloc(slot_count * sizeof *slots);
    if (slots == NULL) return VL_ERR_NO_MEMORY;
    free(s->slots);
    s->slots = slots;
    s->slot_count = slot_count;
    memset(slots, 0xff, slot_count * sizeof *slots);
    for (uint32_t i = 0; i < s->op_count; i++)
        put_slot(s, i);
    return VL_OK;
}

vl_result sequence_add_op(struct sequence *s, struct sequence_op op, uint32_t *index)
{
    VL_TRY(sequence_grow(&s->ops, s->op_count, &s->op_capacity, sizeof *s->ops));
    VL_TRY(grow_slots(s));
    op.piece = op.children[0] = op.children[1] = op.sibling = SEQUENCE_NONE;
    *index = (uint32_t)s->op_count++;
    s->ops[*index] = op;
    put_slot(s, *index);
    return VL_OK;
}

/* ---- siblings ---- */

struct vl_stamp sequence_stamp(const struct sequence *s, uint32_t op)
{
    const struct cell_entry *entry = &s->table.items[s->ops[op].entry];
    return (struct vl_stamp){entry->lamport, {entry->id, s->ops[op].number}};
}

static bool stands_before(const struct sequence *s, uint32_t a, uint32_t b)
{
    struct vl_stamp x = sequence_stamp(s, a), y = sequence_stamp(s, b);
    return vl_stamp_compare(&x, &y) < 0;
}

static uint32_t first_child(const struct sequence *s, uint32_t parent, enum sequence_side side)
{
    return parent == SEQUENCE_NONE ? s->root_children : s->ops[parent].children[side];
}

void sequence_hang(struct sequence *s, uint32_t index)
{
    struct sequence_op *op = &s->ops[index];
    uint32_t at = first_child(s, op->parent, op->side), before = SEQUENCE_NONE;
    while (at != SEQUENCE_NONE) {
        const struct sequence_op *other = &s->ops[at];
        if (other->parent_offset > op->parent_offset) break;
        if (other->parent_offset == op->parent_offset && stands_before(s, index, at)) break;
        before = at;
        at = other->sibling;
    }
    op->sibling = at;
    if (before != SEQUENCE_NONE)
        s->ops[before].sibling = index;
    else if (op->parent == SEQUENCE_NONE)
        s->root_children = index;
    else
        s->ops[op->parent].children[op->side] = index;
}

struct sibling {
    uint32_t parent, offset, op;
    enum sequence_side side;
    struct vl_stamp stamp;
};

static int compare_siblings(const void *a, const void *b)
{
    const struct sibling *x = a, *y = b;
    int order = cell_compare_u32(x->parent, y->parent);
    if (order == 0) order = cell_compare_u32(x->side, y->side);
    if (order == 0) order = cell_compare_u32(x->offset, y->offset);
    return order != 0 ? order : vl_stamp_compare(&x->stamp, &y->stamp);
}

vl_result sequence_hang_all(struct sequence *s)
{
    struct sibling *all;
    if (s->is_hung || s->op_count == 0) {
        s->is_hung = true;
        return VL_OK;
    }
    all = malloc(s->op_count * sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    for (uint32_t i = 0; i < s->op_count; i++) {
        const struct sequence_op *op = &s->ops[i];
        all[i] = (struct sibling){op->parent, op->parent_offset, i, op->side, sequence_stamp(s, i)};
    }
    qsort(all, s->op_count, sizeof *all, compare_siblings);
    for (size_t i = s->op_count; i-- > 0;) { /* each goes before what hangs there already */
        struct sequence_op *op = &s->ops[all[i].op];
        uint32_t *first = op->parent == SEQUENCE_NONE ? &s->root_children
                                                      : &s->ops[op->parent].children[op->side];
        op->sibling = *first;
        *first = all[i].op;
    }
    free(all);
    s->is_hung = true;
    return VL_OK;
}

/* The first hung child of that unit and side, and SEQUENCE_NONE. */
static uint32_t child_of(const struct sequence *s, struct sequence_unit unit,
                         enum sequence_side side)
{
    uint32_t at = first_child(s, unit.op, side);
    while (at != SEQUENCE_NONE && s->ops[at].parent_offset < unit.offset)
        at = s->ops[at].sibling;
    if (at != SEQUENCE_NONE && s->ops[at].parent_offset != unit.offset) return SEQUENCE_NONE;
    return at;
}

static uint32_t next_child(const struct sequence *s, uint32_t child)
{
    uint32_t next = s->ops[child].sibling;
    if (next == SEQUENCE_NONE || s->ops[next].parent_offset != s->ops[child].parent_offset)
        return SEQUENCE_NONE;
    return next;
}

/* Whether the unit's own operation goes on after it: the chain's right child. */
static bool has_chain(const struct sequence *s, struct sequence_unit unit)
{
    return unit.op != SEQUENCE_NONE && unit.offset + 1 < s->ops[unit.op].units;
}

/* ---- the walk ---- */

bool sequence_in_right_subtree(const struct sequence *s, struct sequence_unit unit,
                               struct sequence_unit of)
{
    if (of.op == SEQUENCE_NONE) return unit.op != SEQUENCE_NONE;
    if (!has_chain(s, of) && child_of(s, of, SEQUENCE_RIGHT) == SEQUENCE_NONE) return false;
    enum sequence_side came = SEQUENCE_LEFT;
    while (unit.op != SEQUENCE_NONE) {
        const struct sequence_op *op = &s->ops[unit.op];
        if (unit.op == of.op)
            return unit.offset > of.offset || (unit.offset == of.offset && came == SEQUENCE_RIGHT);
        came = op->side;
        unit = (struct sequence_unit){op->parent, op->parent_offset};
    }
    return false;
}

static struct sequence_unit leftmost(const struct sequence *s, struct sequence_unit unit)
{
    uint32_t child;
    while ((child = child_of(s, unit, SEQUENCE_LEFT)) != SEQUENCE_NONE)
        unit = (struct sequence_unit){child, 0};
    return unit;
}

/* Along the chain of unit.op from unit.offset: the first hung right child, last of its siblings,
 * that stands after the rest of the chain; SEQUENCE_NONE: the chain's last unit ends the walk. */
static uint32_t turn_off(const struct sequence *s, struct sequence_unit unit)
{
    const struct sequence_op *op = &s->ops[unit.op];
    for (uint32_t at = op->children[SEQUENCE_RIGHT]; at != SEQUENCE_NONE; at = s->ops[at].sibling) {
        if (s->ops[at].parent_offset < unit.offset || next_child(s, at) != SEQUENCE_NONE) continue;
        if (s->ops[at].parent_offset + 1 == op->units || stands_before(s, unit.op, at)) return at;
    }
    return SEQUENCE_NONE;
}

static struct sequence_unit rightmost(const struct sequence *s, struct sequence_unit unit)
{
    for (;;) {
        uint32_t child = turn_off(s, unit);
        if (child == SEQUENCE_NONE)
            return (struct sequence_unit){unit.op, s->ops[unit.op].units - 1};
        unit = (struct sequence_unit){child, 0};
    }
}

bool sequence_position(const struct sequence *s, uint32_t index, struct sequence_unit *unit)
{
    const struct sequence_op *op = &s->ops[index];
    struct sequence_unit parent = {op->parent, op->parent_offset};
    bool chain = op->side == SEQUENCE_RIGHT && has_chain(s, parent);
    bool chain_before = chain && stands_before(s, parent.op, index);
    uint32_t before = SEQUENCE_NONE, after = next_child(s, index);

    for (uint32_t at = child_of(s, parent, op->side); at != index; at = next_child(s, at)) {
        assert(at != SEQUENCE_NONE);
        before = at;
    }
    /* The chain's next unit is one more sibling, with the stamp of the parent's operation. */
    bool chain_is_next =
        chain && !chain_before && (after == SEQUENCE_NONE || stands_before(s, parent.op, after));
    bool chain_is_last =
        chain_before && (before == SEQUENCE_NONE || stands_before(s, before, parent.op));
    struct sequence_unit next_in_chain = {parent.op, parent.offset + 1};

    if (chain_is_next || after != SEQUENCE_NONE) {
        *unit = leftmost(s, chain_is_next ? next_in_chain : (struct sequence_unit){after, 0});
        return true;
    }
    if (op->side == SEQUENCE_LEFT) { /* last of the left children: right before the parent */
        *unit = parent;
        return true;
    }
    if (chain_is_last || before != SEQUENCE_NONE)
        *unit = rightmost(s, chain_is_last ? next_in_chain : (struct sequence_unit){before, 0});
    else
        *unit = parent;
    return false;
}
