/* The order of cells, shared by every implementation of the storage. */
#include <string.h>
#include <veillee/storage.h>

int vl_cell_key_compare(const struct vl_cell_key *a, const struct vl_cell_key *b)
{
    if (a->type != b->type) return a->type < b->type ? -1 : 1;
    int order = memcmp(a->record.bytes, b->record.bytes, sizeof a->record.bytes);
    if (order != 0) return order < 0 ? -1 : 1;
    if (a->field != b->field) return a->field < b->field ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return 0;
}
