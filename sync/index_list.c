#include "sync/index_list.h"

#include <assert.h>
#include <stdlib.h>

void vl_index_list_finish(struct vl_index_list *list)
{
    if (list == NULL) return;
    free(list->at);
    *list = (struct vl_index_list){0};
}

vl_result vl_index_list_reserve(struct vl_index_list *list, size_t extra)
{
    if (extra <= list->capacity - list->count) return VL_OK;
    assert(extra <= UINT32_MAX - list->count); /* there are no more indexes */
    size_t needed = list->count + extra;
    size_t capacity = list->capacity < 4 ? 4 : list->capacity * 2;
    if (capacity < needed) capacity = needed;
    uint32_t *at = realloc(list->at, capacity * sizeof *at);
    if (at == NULL) return VL_ERR_NO_MEMORY;
    list->at = at;
    list->capacity = capacity;
    return VL_OK;
}

void vl_index_list_push(struct vl_index_list *list, uint32_t index)
{
    assert(list->count < list->capacity);
    list->at[list->count++] = index;
}

vl_result vl_index_list_append(struct vl_index_list *list, uint32_t index)
{
    VL_TRY(vl_index_list_reserve(list, 1));
    vl_index_list_push(list, index);
    return VL_OK;
}
