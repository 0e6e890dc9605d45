/* What somebody who types has in front of her: pieces, written or waiting. Internal to typing.c. */
#ifndef CIRCLE_TYPING_PIECES_H
#define CIRCLE_TYPING_PIECES_H

#include <veillee/operation.h>

struct piece { /* neighbours that wait are one */
    bool waits;
    struct vl_dot dot; /* written: units from `offset` of this insertion */
    uint32_t offset;
    size_t units;
    struct vl_buffer text; /* waits */
};
struct pieces {
    struct piece *items;
    size_t count, capacity;
};

size_t pieces_units(struct vl_bytes text);               /* its code points */
size_t pieces_bytes(struct vl_bytes text, size_t units); /* of the first `units` of a text */

/* Takes over the piece, also when it fails. */
VL_MUST_USE vl_result pieces_put(struct pieces *all, size_t at, struct piece piece);
/* Written units at the end; goes on where the last piece ends. */
VL_MUST_USE vl_result pieces_add_written(struct pieces *all, const struct vl_dot *dot,
                                         uint32_t offset, size_t units);
/* The piece that begins at a position, cutting one in two if it has to. */
VL_MUST_USE vl_result pieces_cut(struct pieces *all, size_t position, size_t *out);
/* Makes one of two neighbours that wait: the piece and the one before it. */
VL_MUST_USE vl_result pieces_join(struct pieces *all, size_t at);
void pieces_remove(struct pieces *all, size_t from, size_t to);
void pieces_finish(struct pieces *all); /* wipes; accepts zeroed */

#endif
