#include "sync/sequence.h"

static struct vl_dot dot_of(const struct sequence *s, uint32_t op)
{
    return sequence_stamp(s, op).dot;
}

vl_result sequence_text(const struct sequence *s, struct vl_buffer *out)
{
    size_t size = 0;
    for (uint32_t at = s->first; at != SEQUENCE_NONE; at = s->runs[at].next)
        size += s->runs[at].bytes.size;
    VL_TRY(vl_buffer_reserve(out, size));
    for (uint32_t at = s->first; at != SEQUENCE_NONE; at = s->runs[at].next)
        VL_TRY(vl_buffer_append(out, s->runs[at].bytes.data, s->runs[at].bytes.size));
    return VL_OK;
}

void sequence_values(const struct sequence *s, struct vl_cell_value *out, size_t max, size_t *count)
{
    *count = 0;
    for (uint32_t at = s->first; at != SEQUENCE_NONE; at = s->runs[at].next) {
        if (s->runs[at].deleted) continue;
        if (*count < max)
            out[*count] =
                (struct vl_cell_value){sequence_stamp(s, s->runs[at].op), s->runs[at].bytes};
        (*count)++;
    }
}

/* The left origin is the visible unit before the position, the right one whatever unit, deleted
 * or not, stands after that: so the insertion hangs as near to its neighbours as it can. */
vl_result sequence_place_at(const struct sequence *s, size_t position, struct vl_place *left,
                            struct vl_place *right)
{
    uint32_t at = s->first, offset = 0; /* the unit after the left origin: run, offset in it */
    size_t before = position;
    *left = *right = (struct vl_place){.is_end = true};
    for (; before > 0 && at != SEQUENCE_NONE; at = s->runs[at].next) {
        const struct sequence_run *run = &s->runs[at];
        if (run->deleted) continue;
        if (run->units < before) {
            before -= run->units;
            continue;
        }
        offset = (uint32_t)before;
        *left = (struct vl_place){false, dot_of(s, run->op), run->offset + offset - 1};
        before = 0;
        if (offset < run->units) break;
        offset = 0;
    }
    if (before > 0) return VL_ERR_INVALID;
    if (at == SEQUENCE_NONE) return VL_OK;
    *right = (struct vl_place){false, dot_of(s, s->runs[at].op), s->runs[at].offset + offset};
    return VL_OK;
}

vl_result sequence_spans(const struct sequence *s, size_t position, size_t length,
                         struct vl_span *out, size_t max, size_t *count)
{
    size_t skip = position, left = length;
    *count = 0;
    for (uint32_t at = s->first; at != SEQUENCE_NONE && left > 0; at = s->runs[at].next) {
        const struct sequence_run *run = &s->runs[at];
        uint32_t units;
        if (run->deleted) continue;
        if (skip >= run->units) {
            skip -= run->units;
            continue;
        }
        units = run->units - (uint32_t)skip;
        if (units > left) units = (uint32_t)left;
        if (*count < max)
            out[*count] = (struct vl_span){dot_of(s, run->op), run->offset + (uint32_t)skip, units};
        (*count)++;
        left -= units;
        skip = 0;
    }
    return left > 0 || skip > 0 ? VL_ERR_INVALID : VL_OK;
}

/* The run that holds the unit. NOT_FOUND. `visible`: units that are seen before it. */
static vl_result find_unit(const struct sequence *s, const struct vl_place *unit, uint32_t *out,
                           size_t *visible)
{
    *visible = 0;
    for (uint32_t at = s->first; at != SEQUENCE_NONE; at = s->runs[at].next) {
        const struct sequence_run *run = &s->runs[at];
        bool has_offset = run->offset <= unit->offset && unit->offset - run->offset < run->units;
        *out = at;
        if (has_offset && s->ops[run->op].number == unit->dot.operation) {
            struct vl_dot dot = dot_of(s, run->op);
            if (vl_dot_compare(&dot, &unit->dot) == 0) return VL_OK;
        }
        if (!run->deleted) *visible += run->units;
    }
    return VL_ERR_NOT_FOUND;
}

vl_result sequence_behind(const struct sequence *s, const struct vl_place *left,
                          struct vl_place *right)
{
    uint32_t at = s->first, offset = 0;
    size_t visible;
    *right = (struct vl_place){.is_end = true};
    if (!left->is_end) {
        VL_TRY(find_unit(s, left, &at, &visible));
        offset = left->offset - s->runs[at].offset + 1;
        if (offset == s->runs[at].units) {
            at = s->runs[at].next;
            offset = 0;
        }
    }
    if (at == SEQUENCE_NONE) return VL_OK;
    *right = (struct vl_place){false, dot_of(s, s->runs[at].op), s->runs[at].offset + offset};
    return VL_OK;
}

vl_result sequence_position_of(const struct sequence *s, const struct vl_place *unit,
                               size_t *position)
{
    uint32_t at;
    *position = 0;
    if (unit->is_end) return VL_OK;
    VL_TRY(find_unit(s, unit, &at, position));
    if (!s->runs[at].deleted) *position += unit->offset - s->runs[at].offset + 1;
    return VL_OK;
}
