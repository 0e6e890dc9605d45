/* A small circle for the test vectors: three persons with real vaults in a temporary folder, who
 * exchange bundles. */
#ifndef API_VECTORS_WORLD_H
#define API_VECTORS_WORLD_H

#include "store/store.h"
#include <veillee/replica.h>

#define WORLD_NODES 3u

struct world_node {
    struct vl_id seed, person;
    char folder[64];
    struct store *store;
    struct vl_storage storage;
    struct vl_device_keys *keys;
    struct vl_replica *replica;
};

struct world {
    struct world_node nodes[WORLD_NODES];
    struct vl_id circle, random;
    struct vl_id second_device; /* seed of a device that person 1 adds */
    vl_wall now;
};

/* Founds the circle and lets all of it happen. After an error finish it too. */
VL_MUST_USE vl_result world_play(struct world *w);
void world_finish(struct world *w); /* removes the folders */
/* All that node `from` writes into a bundle, replacing `file`. */
VL_MUST_USE vl_result world_bundle(struct world *w, unsigned from, struct vl_buffer *file);

#endif
