#include "sync/session_internal.h"

#include <stdlib.h>
#include <string.h>

static size_t position(const struct session_logs *logs, const struct vl_id *log)
{
    size_t low = 0;
    size_t high = logs->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vl_id_compare(&logs->items[middle].log, log) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct session_log *logs_find(struct session_logs *logs, const struct vl_id *log)
{
    size_t at = position(logs, log);
    if (at == logs->count || !vl_id_equal(&logs->items[at].log, log)) return NULL;
    return &logs->items[at];
}

/* How many of the sorted heads' logs have no line yet. */
static size_t count_new(struct session_logs *logs, const struct vl_head *heads, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && vl_id_equal(&heads[i].log, &heads[i - 1].log)) continue;
        if (logs_find(logs, &heads[i].log) == NULL) found++;
    }
    return found;
}

vl_result logs_ensure(struct session_logs *logs, const struct vl_head *heads, size_t count)
{
    size_t more = count_new(logs, heads, count);
    if (more == 0) return VL_OK;
    if (more > SESSION_LOGS_MAX - logs->count) return VL_ERR_LIMIT;

    struct session_log *items = calloc(logs->count + more, sizeof *items);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    size_t old = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        while (old < logs->count && vl_id_compare(&logs->items[old].log, &heads[i].log) <= 0) {
            items[at++] = logs->items[old++];
        }
        if (at > 0 && vl_id_equal(&items[at - 1].log, &heads[i].log)) continue;
        items[at++].log = heads[i].log;
    }
    if (old < logs->count) {
        memcpy(items + at, logs->items + old, (logs->count - old) * sizeof *items);
    }
    free(logs->items);
    logs->items = items;
    logs->count += more;
    return VL_OK;
}

void logs_finish(struct session_logs *logs)
{
    free(logs->items);
    *logs = (struct session_logs){0};
}
