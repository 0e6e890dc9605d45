/* Which content counts (rule R10): what persons of the circle wrote, and what they, or somebody
 * who left in peace, cited. The rest is kept apart. A pure function of the settled membership and
 * the set of content entries. */
#ifndef VEILLEE_COUNTING_H
#define VEILLEE_COUNTING_H

#include <veillee/membership.h>

struct vl_content_node { /* one content entry */
    struct vl_bytes id, device;
    const struct vl_bytes *links; /* content entries it follows; unknown names are skipped */
    size_t link_count;
};

/* counts[i] says whether nodes[i] counts. Ids are unique: INVALID. STATE: `m` is not settled.
 * NO_MEMORY. */
VL_MUST_USE vl_result vl_counting(const struct vl_membership *m,
                                  const struct vl_content_node *nodes, size_t count, bool *counts);

#endif
