/* Reading sets: an element is in while one of its adds lives. */
#ifndef SYNC_CELL_SET_H
#define SYNC_CELL_SET_H

#include "sync/cell_living.h"

/* Elements in byte order, each with the highest of its adds. */
void set_values(const struct living *l, struct vl_cell_value *out, size_t max, size_t *count);
/* The living adds of one element. */
void set_dots(const struct living *l, struct vl_bytes element, struct vl_dot *out, size_t max,
              size_t *count);

#endif
