/* Which entries have to go so that a text is gone, and the tombstones that take them.
 *
 * A record's text lies in every entry that ever wrote to it, in those too whose value another one
 * replaced since. The store knows which entries in the cells wrote to a record; those that are not
 * merged are looked through.
 *
 * An entry may hold more than what is to go. This program writes one record an entry, and a text
 * that is written together apart from the record's other fields, so that either can go without the
 * other; another program may not. Such entries stay, and are counted, where ERASURE_ALONE is asked.
 */
#ifndef CIRCLE_ERASURE_H
#define CIRCLE_ERASURE_H

#include <veillee/replica.h>

struct erasure_target {
    uint32_t type;
    struct vl_record_id record;
    uint32_t field; /* this one of its fields; 0: all of it */
};
enum erasure_reach {
    ERASURE_TOUCHED, /* every entry that wrote to a target */
    ERASURE_ALONE    /* ... and to nothing else */
};

struct erasure {
    struct vl_id *entries; /* in the order of the log */
    size_t count, capacity;
    size_t mixed;  /* left, for they hold something else too */
    size_t others; /* left, for they are somebody else's */
};

/* Finds the entries that are here and not erased; sorts the targets. erasure_finish. */
VL_MUST_USE vl_result erasure_find(struct vl_replica *r, struct erasure_target *targets,
                                   size_t count, enum erasure_reach reach, struct erasure *out);
/* One entry, by the beginning of its id in hex. INVALID: several. count 0: none. */
VL_MUST_USE vl_result erasure_find_entry(struct vl_replica *r, const char *prefix,
                                         struct erasure *out);
/* Leaves what I may erase: my own; a facilitator everybody's. */
VL_MUST_USE vl_result erasure_keep_allowed(struct vl_replica *r, struct erasure *erasure);
/* As few tombstones as VL_TOMBSTONE_MAX lets; *tombstones counts them, also when one fails. Durable
 * when it returns. Errors of vl_replica_erase. */
VL_MUST_USE vl_result erasure_write(struct vl_replica *r, const struct erasure *erasure,
                                    vl_wall now, size_t *tombstones);
void erasure_finish(struct erasure *erasure); /* accepts zeroed */

/* Whether I hold the role of facilitator now. */
VL_MUST_USE vl_result erasure_is_facilitator(struct vl_replica *r, bool *out);

#endif
