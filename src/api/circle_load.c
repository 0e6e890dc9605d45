#include "api/circle_load.h"
#include "api/circle_rescue.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

vl_result circle_load(struct store *store, struct circles *circles, const struct store_circle *row,
                      struct circle **out)
{
    struct circle circle = {.id = row->id,
                            .is_draft = row->is_draft,
                            .purpose = row->purpose,
                            .agreement = row->agreement};
    memcpy(circle.random, row->random, sizeof circle.random);
    memcpy(circle.name, row->name, sizeof circle.name);
    memcpy(circle.pseudonym, row->pseudonym, sizeof circle.pseudonym);
    VL_TRY(vl_device_keys_from_seed(row->seed, &circle.keys));
    if (!row->is_draft) store_storage(store, &row->id, &circle.storage);
    return circles_add(circles, &circle, out); /* takes over the keys */
}

struct rows {
    struct store_circle *items;
    size_t count;
    vl_result result;
};

static char *copy_of(const char *text, vl_result *result)
{
    char *copy = text == NULL ? NULL : strdup(text);
    if (text != NULL && copy == NULL) *result = VL_ERR_NO_MEMORY;
    return copy;
}

static vl_result collect(void *context, const struct store_circle *row)
{
    struct rows *rows = context;
    struct store_circle *items = reallocarray(rows->items, rows->count + 1, sizeof rows->items[0]);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    rows->items = items;
    struct store_circle *copy = &items[rows->count++];
    vl_result result = VL_OK;
    *copy = *row;
    copy->purpose = copy_of(row->purpose, &result);
    copy->agreement = copy_of(row->agreement, &result);
    return result;
}

/* The vault's file was copied or restored. A circle goes on in a new log; a draft gets other keys,
 * for its two copies would else found one circle twice. Done again from the start after an
 * interruption: the store remembers the copy until all are through. */
static vl_result renew_draft(struct store *store, struct store_circle *row)
{
    randombytes_buf(row->seed, sizeof row->seed);
    randombytes_buf(row->random, sizeof row->random);
    return store_circle_replace(store, &row->id, row);
}

/* The rows are gathered first: opening a replica reads the store, which a visit may not. */
vl_result circle_load_all(struct store *store, struct circles *circles)
{
    struct rows rows = {0};
    struct circle *circle;
    vl_result result = store_circle_scan(store, collect, &rows);
    bool is_copy = store_is_copy(store);
    if (result == VL_OK) result = store_rescued_age(store);
    for (size_t i = 0; result == VL_OK && i < rows.count; i++) {
        struct store_circle *row = &rows.items[i];
        if (is_copy && row->is_draft) result = renew_draft(store, row);
        if (result == VL_OK) result = circle_load(store, circles, row, &circle);
        if (result == VL_OK) result = circle_rescue(store, circle);
        if (result == VL_OK && is_copy && circle->replica != NULL)
            result = vl_replica_new_incarnation(circle->replica);
        if (result == VL_OK && is_copy)
            result = store_note_put(store, &row->id, STORE_NOTE_BEACONS_SEEN, vl_bytes_text(""));
    }
    if (result == VL_OK && is_copy) result = store_accept_copy(store);
    for (size_t i = 0; i < rows.count; i++) {
        store_circle_finish(&rows.items[i]);
    }
    free(rows.items);
    return result;
}
