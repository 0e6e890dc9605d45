/* Reading registers: visible values, the winner (highest stamp) first. */
#ifndef SYNC_CELL_REGISTER_H
#define SYNC_CELL_REGISTER_H

#include "sync/cell_living.h"

void register_values(const struct living *l, struct vl_cell_value *out, size_t max, size_t *count);
void register_dots(const struct living *l, struct vl_dot *out, size_t max, size_t *count);

#endif
