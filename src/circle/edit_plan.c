#include "circle/edit_plan.h"
#include "circle/ownership.h"
#include <stdlib.h>

/* What one entry takes, below what its sealed and padded blob may hold (VL_BLOB_BYTES_MAX). */
#define ENTRY_BODY_BYTES  26000u
#define SEALED_BODY_BYTES 20500u /* ... and VL_SEALED_BODY_BYTES_MAX */
#define ENTRY_DOTS        480u
#define OPERATION_BYTES   64u
#define DOT_BYTES         44u /* with a reference of its own */

static size_t dots_of(const struct vl_operation *op)
{
    return op->dot_count + op->span_count + 2;
}

static size_t bytes_of(const struct vl_operation *op)
{
    return OPERATION_BYTES + op->value.size + dots_of(op) * DOT_BYTES;
}

bool plan_fits(const struct plan *p, const struct vl_operation *op)
{
    size_t most = p->sealed ? SEALED_BODY_BYTES : ENTRY_BODY_BYTES;
    return p->count < VL_OPERATIONS_MAX && p->bytes + bytes_of(op) <= most &&
           p->dots + dots_of(op) <= ENTRY_DOTS;
}

/* What every replica would leave out, this one too, must not be said to be saved. */
static vl_result all_are_mine_to_write(const struct plan *p)
{
    struct vl_id me;
    VL_TRY(vl_replica_me(p->replica, &me));
    for (size_t i = 0; i < p->count; i++)
        if (!ownership_may_write(vl_replica_circle(p->replica), &p->operations[i], &me))
            return VL_ERR_AUTHORITY;
    return VL_OK;
}

vl_result plan_flush(struct plan *p)
{
    if (p->count == 0) return VL_OK;
    VL_TRY(all_are_mine_to_write(p));
    vl_result result =
        p->sealed ? vl_replica_write_to(p->replica, p->operations, p->count, p->persons,
                                        p->person_count, p->now, &p->last)
                  : vl_replica_write(p->replica, p->operations, p->count, p->now, &p->last);
    VL_TRY(result);
    p->count = p->bytes = p->dots = 0;
    p->written++;
    return VL_OK;
}

vl_result plan_add(struct plan *p, struct vl_operation op, struct vl_dot *dot)
{
    if (p->count > 0 && !plan_fits(p, &op)) VL_TRY(plan_flush(p));
    if (p->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? 16 : p->capacity * 2;
        struct vl_operation *grown = realloc(p->operations, capacity * sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        p->operations = grown;
        p->capacity = capacity;
    }
    op.type = p->type;
    op.record = p->record;
    *dot = (struct vl_dot){.operation = (uint32_t)p->count};
    p->bytes += bytes_of(&op);
    p->dots += dots_of(&op);
    p->operations[p->count++] = op;
    return VL_OK;
}

void *plan_memory(struct plan *p, size_t size)
{
    if (p->memory_count == p->memory_capacity) {
        size_t capacity = p->memory_capacity == 0 ? 16 : p->memory_capacity * 2;
        void **grown = realloc(p->memory, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        p->memory = grown;
        p->memory_capacity = capacity;
    }
    p->memory[p->memory_count] = malloc(size + 1);
    return p->memory[p->memory_count] == NULL ? NULL : p->memory[p->memory_count++];
}

void plan_finish(struct plan *p)
{
    for (size_t i = 0; i < p->memory_count; i++)
        free(p->memory[i]);
    free(p->memory);
    free(p->operations);
    *p = (struct plan){0};
}
