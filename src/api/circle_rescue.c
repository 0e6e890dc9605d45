#include "api/circle_rescue.h"

#include <stdlib.h>
#include <string.h>

#define BATCH VL_CHUNK_ENTRIES_MAX

struct waiting {
    struct store_rescued rescued; /* its views into `bytes`, once all are there */
    struct vl_id log, prev;
    size_t header, blob; /* where they begin */
    bool has_blob;
    size_t run;
};

struct batch {
    struct waiting items[BATCH];
    size_t count;
    struct vl_buffer bytes;
    struct vl_entry entries[BATCH]; /* run by run */
    struct store_rescued stored[BATCH];
    struct vl_run runs[BATCH];
    size_t run_count;
};

static vl_result collect(void *context, const struct store_rescued *rescued)
{
    struct batch *b = context;
    struct vl_entry_header header;
    struct waiting *w = &b->items[b->count];
    const struct vl_entry *entry = &rescued->entry;
    VL_TRY(vl_entry_header_decode(entry->header, &header));
    *w = (struct waiting){.rescued = *rescued,
                          .log = header.log,
                          .prev = header.prev,
                          .has_blob = entry->blob.data != NULL};
    w->header = b->bytes.size;
    VL_TRY(vl_buffer_append(&b->bytes, entry->header.data, entry->header.size));
    w->blob = b->bytes.size;
    if (w->has_blob) VL_TRY(vl_buffer_append(&b->bytes, entry->blob.data, entry->blob.size));
    b->count++;
    return VL_OK;
}

static void set_views(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct waiting *w = &b->items[i];
        w->rescued.entry.header.data = b->bytes.data + w->header;
        if (w->has_blob) w->rescued.entry.blob.data = b->bytes.data + w->blob;
    }
}

/* Which run it goes on; a log that was forked has several. */
static size_t run_of(const struct batch *b, size_t at)
{
    const struct waiting *w = &b->items[at];
    for (size_t i = at; i-- > 0;)
        if (vl_id_equal(&b->items[i].rescued.id, &w->prev) &&
            vl_id_equal(&b->items[i].log, &w->log))
            return b->items[i].run;
    return b->run_count;
}

static bool ends_run(const struct batch *b, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (vl_id_equal(&b->items[i].prev, &b->items[at].prev) &&
            vl_id_equal(&b->items[i].log, &b->items[at].log))
            return true;
    return false;
}

/* Two that go on from one entry are two runs. */
static void make_runs(struct batch *b)
{
    size_t next = 0;
    b->run_count = 0;
    for (size_t i = 0; i < b->count; i++) {
        b->items[i].run = ends_run(b, i) ? b->run_count : run_of(b, i);
        if (b->items[i].run == b->run_count) b->run_count++;
    }
    for (size_t run = 0; run < b->run_count; run++) {
        b->runs[run] = (struct vl_run){.entries = b->entries + next};
        for (size_t i = 0; i < b->count; i++) {
            if (b->items[i].run != run) continue;
            b->entries[next++] = b->items[i].rescued.entry;
            b->runs[run].count++;
        }
    }
}

/* What is in the replica now, by run: the first ones of each. */
static size_t list_stored(struct batch *b)
{
    size_t count = 0, seen[BATCH] = {0};
    for (size_t i = 0; i < b->count; i++) {
        size_t run = b->items[i].run;
        if (seen[run]++ < b->runs[run].stored) b->stored[count++] = b->items[i].rescued;
    }
    return count;
}

static vl_result give(struct store *store, struct circle *circle, struct batch *b)
{
    struct circle_rescue *place = &circle->rescue;
    struct store_rescued after = {.lamport = place->lamport, .id = place->id};
    VL_TRY(store_rescued_scan(store, &circle->id, place->after ? &after : NULL, BATCH, collect, b));
    place->after = b->count == BATCH;
    if (b->count == 0) return VL_OK;
    place->lamport = b->items[b->count - 1].rescued.lamport;
    place->id = b->items[b->count - 1].rescued.id;
    set_views(b);
    make_runs(b);
    VL_TRY(vl_replica_receive_runs(circle->replica, b->runs, b->run_count));
    size_t stored = list_stored(b);
    place->moved = place->moved || stored > 0;
    return stored > 0 ? store_rescued_drop(store, &circle->id, b->stored, stored) : VL_OK;
}

vl_result circle_rescue_step(struct store *store, struct circle *circle, bool *more)
{
    struct circle_rescue *place = &circle->rescue;
    *more = false;
    if (circle->replica == NULL || place->none) return VL_OK;
    uint64_t generation = vl_replica_generation(circle->replica);
    if (!place->after && !place->moved && place->tried == generation + 1) return VL_OK;
    if (!place->after) place->moved = false;
    struct batch *b = calloc(1, sizeof *b);
    if (b == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = give(store, circle, b);
    vl_buffer_wipe(&b->bytes);
    free(b);
    bool any = false;
    if (result == VL_OK) result = store_rescued_any(store, &circle->id, &any);
    if (result != VL_OK) return result;
    place->none = !any;
    *more = any && (place->after || place->moved);
    place->tried = *more ? 0 : vl_replica_generation(circle->replica) + 1;
    return VL_OK;
}

vl_result circle_rescue(struct store *store, struct circle *circle)
{
    bool more = true;
    while (more)
        VL_TRY(circle_rescue_step(store, circle, &more));
    return VL_OK;
}
