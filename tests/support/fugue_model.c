/* Fugue as its authors tell it, one node for each unit, nothing fast: placed in rounds until no
 * operation can be placed any more, the document read off by walking the tree. */
#include "support/cell_history.h"
#include <stdlib.h>
#include <string.h>

struct node {
    struct vl_stamp stamp;
    uint32_t offset;
    struct vl_bytes bytes;
    struct node *parent;
    bool is_left, is_deleted;
};

struct model {
    struct node *nodes; /* nodes[0] is the root */
    size_t count;
};

static struct node *find_node(struct model *m, const struct vl_place *place)
{
    if (place->is_end) return &m->nodes[0];
    for (size_t i = 1; i < m->count; i++)
        if (m->nodes[i].offset == place->offset &&
            vl_dot_compare(&m->nodes[i].stamp.dot, &place->dot) == 0)
            return &m->nodes[i];
    return NULL;
}

static bool is_right_descendant(const struct node *node, const struct node *of)
{
    const struct node *at = node;
    while (at->parent != NULL) {
        if (at->parent == of) return !at->is_left;
        at = at->parent;
    }
    return false;
}

static size_t unit_size(enum vl_field_kind kind, struct vl_bytes bytes)
{
    size_t size = 1;
    if (kind == VL_FIELD_LIST) return bytes.size;
    while (size < bytes.size && (bytes.data[size] & 0xc0) == 0x80)
        size++;
    return size;
}

static bool place_op(struct model *m, const struct history *h, const struct history_op *item)
{
    struct node *left = find_node(m, &item->op.left), *right = find_node(m, &item->op.right);
    struct vl_bytes bytes = item->op.value;
    bool is_left;
    if (left == NULL || right == NULL) return false;
    is_left = !item->op.right.is_end && is_right_descendant(right, left);
    struct node *parent = is_left ? right : left;
    uint32_t offset = 0;
    do {
        size_t size = unit_size(h->kind, bytes);
        m->nodes[m->count] = (struct node){item->stamp, offset++, vl_bytes(bytes.data, size),
                                           parent,      is_left,  false};
        parent = &m->nodes[m->count++];
        is_left = false;
        bytes = vl_bytes(bytes.data + size, bytes.size - size);
    } while (bytes.size > 0);
    return true;
}

static void delete_units(struct model *m, const struct vl_operation *op)
{
    for (size_t s = 0; s < op->span_count; s++)
        for (size_t i = 1; i < m->count; i++) {
            const struct vl_span *span = &op->spans[s];
            struct node *node = &m->nodes[i];
            if (vl_dot_compare(&node->stamp.dot, &span->dot) == 0 && node->offset >= span->offset &&
                node->offset - span->offset < span->length)
                node->is_deleted = true;
        }
}

static void walk(const struct model *m, const struct node *node, struct vl_buffer *text);

static void walk_children(const struct model *m, const struct node *node, bool left,
                          struct vl_buffer *text)
{
    const struct node *last = NULL;
    for (;;) { /* the next child by stamp */
        const struct node *next = NULL;
        for (size_t i = 1; i < m->count; i++) {
            const struct node *child = &m->nodes[i];
            if (child->parent != node || child->is_left != left) continue;
            if (last != NULL && vl_stamp_compare(&child->stamp, &last->stamp) <= 0) continue;
            if (next == NULL || vl_stamp_compare(&child->stamp, &next->stamp) < 0) next = child;
        }
        if (next == NULL) return;
        walk(m, next, text);
        last = next;
    }
}

static void walk(const struct model *m, const struct node *node, struct vl_buffer *text)
{
    walk_children(m, node, true, text);
    if (node->parent != NULL && !node->is_deleted &&
        vl_buffer_append(text, node->bytes.data, node->bytes.size) != VL_OK)
        abort();
    walk_children(m, node, false, text);
}

void cell_history_model(const struct history *h, struct vl_buffer *text)
{
    struct model m = {.count = 1};
    bool *placed = calloc(h->count + 1, sizeof *placed), more = true;
    size_t units = 1;
    for (size_t i = 0; i < h->count; i++)
        units += h->items[i].op.value.size + 1;
    m.nodes = calloc(units, sizeof *m.nodes);
    if (m.nodes == NULL || placed == NULL) abort();
    while (more) {
        more = false;
        for (size_t i = 0; i < h->count; i++) {
            enum vl_opcode opcode = h->items[i].op.opcode;
            if (placed[i] || (opcode != VL_OP_SEQUENCE_INSERT && opcode != VL_OP_LIST_INSERT))
                continue;
            placed[i] = place_op(&m, h, &h->items[i]);
            more = more || placed[i];
        }
    }
    for (size_t i = 0; i < h->count; i++)
        delete_units(&m, &h->items[i].op);
    walk(&m, &m.nodes[0], text);
    free(m.nodes);
    free(placed);
}
