#include "circle/typing_pieces.h"
#include <stdlib.h>
#include <string.h>

size_t pieces_units(struct vl_bytes text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.size; i++)
        units += (text.data[i] & 0xc0) != 0x80;
    return units;
}

size_t pieces_bytes(struct vl_bytes text, size_t units)
{
    size_t at = 0;
    for (; at < text.size; at++)
        if ((text.data[at] & 0xc0) != 0x80 && units-- == 0) break;
    return at;
}

static void piece_finish(struct piece *piece)
{
    vl_buffer_wipe(&piece->text);
}

void pieces_finish(struct pieces *all)
{
    for (size_t i = 0; i < all->count; i++)
        piece_finish(&all->items[i]);
    free(all->items);
    *all = (struct pieces){0};
}

vl_result pieces_put(struct pieces *all, size_t at, struct piece piece)
{
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 16 : 2 * all->capacity;
        struct piece *items = reallocarray(all->items, capacity, sizeof *items);
        if (items == NULL) {
            piece_finish(&piece);
            return VL_ERR_NO_MEMORY;
        }
        all->items = items;
        all->capacity = capacity;
    }
    memmove(all->items + at + 1, all->items + at, (all->count - at) * sizeof *all->items);
    all->items[at] = piece;
    all->count++;
    return VL_OK;
}

void pieces_remove(struct pieces *all, size_t from, size_t to)
{
    if (from == to) return; /* there may be no items at all */
    for (size_t i = from; i < to; i++)
        piece_finish(&all->items[i]);
    memmove(all->items + from, all->items + to, (all->count - to) * sizeof *all->items);
    all->count -= to - from;
}

vl_result pieces_add_written(struct pieces *all, const struct vl_dot *dot, uint32_t offset,
                             size_t units)
{
    struct piece *last = all->count > 0 ? &all->items[all->count - 1] : NULL;
    if (last != NULL && !last->waits && last->offset + last->units == offset &&
        vl_dot_compare(&last->dot, dot) == 0) {
        last->units += units;
        return VL_OK;
    }
    return pieces_put(all, all->count,
                      (struct piece){.dot = *dot, .offset = offset, .units = units});
}

vl_result pieces_cut(struct pieces *all, size_t position, size_t *out)
{
    size_t at = 0;
    for (; at < all->count && position >= all->items[at].units; at++)
        position -= all->items[at].units;
    *out = position == 0 ? at : at + 1;
    if (position == 0) return VL_OK;
    struct piece *first = &all->items[at];
    struct piece second = {.waits = first->waits,
                           .dot = first->dot,
                           .offset = first->offset + (uint32_t)position,
                           .units = first->units - position};
    if (first->waits) {
        size_t size = pieces_bytes(vl_buffer_view(&first->text), position);
        VL_TRY(vl_buffer_append(&second.text, first->text.data + size, first->text.size - size));
        first->text.size = size;
    }
    first->units = position;
    return pieces_put(all, at + 1, second);
}

vl_result pieces_join(struct pieces *all, size_t at)
{
    if (at == 0 || at >= all->count) return VL_OK;
    struct piece *first = &all->items[at - 1], *second = &all->items[at];
    if (!first->waits || !second->waits) return VL_OK;
    VL_TRY(vl_buffer_append(&first->text, second->text.data, second->text.size));
    first->units += second->units;
    pieces_remove(all, at, at + 1);
    return VL_OK;
}
