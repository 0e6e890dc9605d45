#include <string.h>
#include <veillee/beacon.h>

int vl_address_compare(const struct vl_address *a, const struct vl_address *b)
{
    if (a->family != b->family) return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}
