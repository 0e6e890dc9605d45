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

/* Whether what this device wrote counts by itself: its person is one now. `m` is settled. */
bool vl_counting_is_person(const struct vl_membership *m, struct vl_bytes device);
/* Calls `visit` with each content entry that a control entry whose cites count names: that of
 * somebody who is a person now, or a leave in effect of somebody whom no remove in effect names. */
typedef vl_result (*vl_cite_visit)(void *context, struct vl_bytes content);
VL_MUST_USE vl_result vl_counting_cites(const struct vl_membership *m, vl_cite_visit visit,
                                        void *context);

#endif
