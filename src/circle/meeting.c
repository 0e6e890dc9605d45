#include "circle/meeting.h"
#include <stdlib.h>
#include <string.h>

vl_result meeting_read(struct vl_replica *r, const struct vl_record_id *id, struct record *out)
{
    return record_read(r, SCHEMA_MEETING, id, out);
}

static int compare_starts(const void *a, const void *b)
{
    const struct record *x = a, *y = b;
    int order = strcmp(record_text(x, MEETING_STARTS), record_text(y, MEETING_STARTS));
    return order != 0 ? order : memcmp(&x->id, &y->id, sizeof x->id);
}

vl_result meeting_list(struct vl_replica *r, struct record_list *out)
{
    VL_TRY(record_list_read(r, SCHEMA_MEETING, out));
    if (out->count > 1) qsort(out->items, out->count, sizeof *out->items, compare_starts);
    return VL_OK;
}
