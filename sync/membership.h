/* The inside of vl_membership, for the other files of the engine that read it. */
#ifndef SYNC_MEMBERSHIP_H
#define SYNC_MEMBERSHIP_H

#include "sync/membership_view.h"

/* Entries that come one after the other mostly have a past that was just looked at. */
#define MEMBERSHIP_VIEWS 4u

struct vl_membership {
    struct member_graph graph;
    struct member_view whole; /* of everything, when `settled` */
    struct member_view views[MEMBERSHIP_VIEWS];
    bool valid[MEMBERSHIP_VIEWS];
    uint64_t used[MEMBERSHIP_VIEWS], turn; /* the least recently used one makes room */
    bool settled, whole_valid;
    struct vl_index_list persons, devices; /* ever enrolled, sorted by name; when settled */
    struct vl_index_list write_epochs;     /* by device number; when settled */
};

#endif
