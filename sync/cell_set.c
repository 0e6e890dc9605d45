#include "sync/cell_set.h"

void set_values(const struct living *l, struct vl_cell_value *out, size_t max, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < l->value_count; i++) {
        const struct living_value *value = &l->values[i];
        if (i > 0 && vl_bytes_equal(l->values[i - 1].value, value->value)) continue;
        if (*count < max)
            out[*count] = (struct vl_cell_value){living_stamp(l, value), value->value};
        (*count)++;
    }
}

void set_dots(const struct living *l, struct vl_bytes element, struct vl_dot *out, size_t max,
              size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < l->value_count; i++) {
        if (!vl_bytes_equal(l->values[i].value, element)) continue;
        if (*count < max) out[*count] = living_stamp(l, &l->values[i]).dot;
        (*count)++;
    }
}
