#include "circle/circles.h"
#include "circle/ownership.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void circle_destroy(struct circle *circle)
{
    if (circle == NULL) return;
    vl_replica_close(circle->replica);
    vl_device_keys_destroy(circle->keys);
    free(circle->purpose);
    free(circle->agreement);
    sodium_memzero(circle, sizeof *circle);
    free(circle);
}

static vl_result copy_text(char **text)
{
    if (*text == NULL) return VL_OK;
    *text = strdup(*text);
    return *text == NULL ? VL_ERR_NO_MEMORY : VL_OK;
}

static vl_result circle_create(const struct circle *from, struct circle **out)
{
    struct circle *circle = malloc(sizeof *circle);
    vl_result result;
    if (circle == NULL) {
        vl_device_keys_destroy(from->keys);
        return VL_ERR_NO_MEMORY;
    }
    *circle = *from;
    circle->replica = NULL;
    circle->agreement = NULL;
    result = copy_text(&circle->purpose);
    if (result == VL_OK) {
        circle->agreement = from->agreement;
        result = copy_text(&circle->agreement);
    }
    if (result == VL_OK && !circle->is_draft)
        result = vl_replica_open(&circle->replica, &circle->id, circle->keys, &circle->storage,
                                 ownership_may_write);
    if (result != VL_OK) {
        circle_destroy(circle);
        return result;
    }
    *out = circle;
    return VL_OK;
}

vl_result circles_add(struct circles *all, const struct circle *from, struct circle **out)
{
    struct circle **items;
    *out = NULL;
    if (circles_find(all, &from->id) != NULL) {
        vl_device_keys_destroy(from->keys);
        return VL_ERR_EXISTS;
    }
    items = realloc(all->items, (all->count + 1) * sizeof *items);
    if (items == NULL) {
        vl_device_keys_destroy(from->keys);
        return VL_ERR_NO_MEMORY;
    }
    all->items = items;
    VL_TRY(circle_create(from, out));
    all->items[all->count++] = *out;
    return VL_OK;
}

struct circle *circles_find(const struct circles *all, const struct vl_id *id)
{
    for (size_t i = 0; i < all->count; i++)
        if (vl_id_equal(&all->items[i]->id, id)) return all->items[i];
    return NULL;
}

typedef bool (*circle_match)(const struct circle *circle, const char *text);

static bool matches_id(const struct circle *circle, const char *text)
{
    char id[VL_ID_TEXT_SIZE];
    size_t size = strlen(text);
    vl_id_text(&circle->id, id);
    return size >= 4 && strncmp(id, text, size) == 0;
}

static bool matches_name(const struct circle *circle, const char *text)
{
    return strcmp(circle->name, text) == 0;
}

static bool matches_name_loosely(const struct circle *circle, const char *text)
{
    return strcasecmp(circle->name, text) == 0;
}

vl_result circles_named(const struct circles *all, const char *text, struct circle **out)
{
    static const circle_match matches[] = {matches_name, matches_id, matches_name_loosely};
    for (size_t m = 0; m < sizeof matches / sizeof *matches; m++) {
        size_t found = 0;
        for (size_t i = 0; i < all->count; i++) {
            if (!matches[m](all->items[i], text)) continue;
            *out = all->items[i];
            found++;
        }
        if (found == 1) return VL_OK;
        if (found > 1) break;
    }
    bool several = false;
    for (size_t i = 0; i < all->count; i++)
        several =
            several || matches_name_loosely(all->items[i], text) || matches_id(all->items[i], text);
    *out = NULL;
    return several ? VL_ERR_INVALID : VL_ERR_NOT_FOUND;
}

void circles_remove(struct circles *all, struct circle *circle)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i] != circle) continue;
        memmove(&all->items[i], &all->items[i + 1], (all->count - i - 1) * sizeof *all->items);
        all->count--;
        circle_destroy(circle);
        return;
    }
}

void circles_finish(struct circles *all)
{
    if (all == NULL) return;
    for (size_t i = 0; i < all->count; i++)
        circle_destroy(all->items[i]);
    free(all->items);
    *all = (struct circles){0};
}
