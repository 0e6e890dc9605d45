/* Growing lists of 32-bit indexes into other tables. {0} is the empty list. */
#ifndef SYNC_INDEX_LIST_H
#define SYNC_INDEX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <veillee/result.h>

#define VL_NO_INDEX UINT32_MAX

struct vl_index_list {
    uint32_t *at;
    size_t count, capacity;
};

void vl_index_list_finish(struct vl_index_list *list); /* frees; accepts NULL, zeroed */
/* Room for `extra` more, so that the next pushes cannot fail. NO_MEMORY: as before. */
VL_MUST_USE vl_result vl_index_list_reserve(struct vl_index_list *list, size_t extra);
void vl_index_list_push(struct vl_index_list *list, uint32_t index); /* within the reserved room */
VL_MUST_USE vl_result vl_index_list_append(struct vl_index_list *list, uint32_t index);

#endif
