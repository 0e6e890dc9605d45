/* The circles of an unlocked vault, in memory. Whoever unlocks fills it; node and API share it. */
#ifndef CIRCLE_CIRCLES_H
#define CIRCLE_CIRCLES_H

#include <veillee/replica.h>

struct circle_rescue { /* how far the entries of a damaged file went in (api/circle_rescue.h) */
    bool none;         /* nothing waits */
    bool after, moved; /* within a round, behind this place; something went in in this round */
    uint64_t lamport;
    struct vl_id id;
    uint64_t tried; /* 1 + the replica's generation in which nothing went in; 0: there was none */
};

struct circle {
    struct vl_id id; /* of a draft: its local id */
    bool is_draft;
    uint8_t random[32]; /* drafts: for the founding entry */
    char name[256], pseudonym[256];
    char *purpose, *agreement; /* owned; may be NULL */
    struct vl_device_keys *keys;
    struct vl_storage storage;
    struct vl_replica *replica; /* NULL for a draft */
    struct circle_rescue rescue;
};

struct circles {
    struct circle **items; /* pointers are stable until removed */
    size_t count;
};

/* Takes over `keys`, also when it fails; opens the replica unless draft; copies the texts.
 * EXISTS: that id is among them. Errors of vl_replica_open. */
VL_MUST_USE vl_result circles_add(struct circles *all, const struct circle *from,
                                  struct circle **out);
struct circle *circles_find(const struct circles *all, const struct vl_id *id);
/* By id, by unique prefix of the id (>= 4 digits), or by name (exact, then without case).
 * NOT_FOUND; INVALID: several match. */
VL_MUST_USE vl_result circles_named(const struct circles *all, const char *text,
                                    struct circle **out);
void circles_remove(struct circles *all, struct circle *circle);
void circles_finish(struct circles *all); /* closes and wipes everything */

#endif
