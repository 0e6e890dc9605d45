/* Lists of grants, each stored once: entries of one author mostly rest on the same grants. */
#ifndef SYNC_GRANT_POOL_H
#define SYNC_GRANT_POOL_H

#include "sync/index_list.h"

struct vl_grant_pool {
    struct vl_index_list *lists; /* by number; ascending */
    size_t count, capacity;
    uint32_t *slots;
    size_t slot_count;
    uint8_t key[16];
};

void vl_grant_pool_init(struct vl_grant_pool *pool);
void vl_grant_pool_finish(struct vl_grant_pool *pool);
/* The number of a list equal to `list`, which is not empty and stays the caller's. NO_MEMORY: as
 * before. */
VL_MUST_USE vl_result vl_grant_pool_intern(struct vl_grant_pool *pool,
                                           const struct vl_index_list *list, uint32_t *number);

#endif
