#include "store/store_internal.h"

#include <string.h>

void store_watch_set(struct store *s, store_watch told, void *context)
{
    s->told = told;
    s->told_context = context;
}

void watch_begin(struct store *s)
{
    s->change.membership = s->change.many = false;
    s->change.count = 0;
}

void watch_record(struct store *s, uint32_t type, const struct vl_record_id *record)
{
    struct store_change *change = &s->change;
    if (change->many) return;
    for (size_t i = change->count; i > 0; i--) { /* those of the same record come close together */
        const struct store_changed *known = &change->records[i - 1];
        if (known->type == type && memcmp(&known->record, record, sizeof *record) == 0) return;
    }
    if (change->count == STORE_CHANGED_MAX) {
        change->many = true;
        return;
    }
    change->records[change->count++] = (struct store_changed){type, *record};
}

void watch_tell(struct store *s, const struct vl_id *circle)
{
    if (s->told == NULL) return;
    s->change.circle = *circle;
    s->told(s->told_context, &s->change);
}
