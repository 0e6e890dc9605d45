#include "sync/cell_register.h"

void register_values(const struct living *l, struct vl_cell_value *out, size_t max, size_t *count)
{
    *count = l->value_count;
    for (size_t i = 0; i < l->value_count && i < max; i++)
        out[i] = (struct vl_cell_value){living_stamp(l, &l->values[i]), l->values[i].value};
}

void register_dots(const struct living *l, struct vl_dot *out, size_t max, size_t *count)
{
    *count = l->value_count;
    for (size_t i = 0; i < l->value_count && i < max; i++)
        out[i] = living_stamp(l, &l->values[i]).dot;
}
