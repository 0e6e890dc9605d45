#include "api/live_cache.h"
#include "api/timeline.h"
#include "circle/moment.h"

#include <stdlib.h>
#include <string.h>

struct sitting { /* a meeting that is looked at */
    struct vl_id circle;
    struct vl_record_id meeting;
    bool is_read;
    uint64_t looked; /* counts up */
    struct moments moments;
    struct placed { /* of moments.items, in the same order */
        struct time_of of;
        struct time_point point;
    } * placed;
    struct vl_record_id changed[LIVE_CACHE_CHANGES];
    size_t changed_count;
    struct live_state state;
};
struct live_cache {
    struct timeline *timeline;
    struct sitting sittings[LIVE_CACHE_MEETINGS];
    size_t count;
    uint64_t looks;
    bool is_told;
};

static void sitting_forget(struct sitting *s)
{
    moments_finish(&s->moments);
    free(s->placed);
    s->placed = NULL;
    s->is_read = false;
    s->changed_count = 0;
}

vl_result live_cache_create(struct live_cache **out)
{
    struct live_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) return VL_ERR_NO_MEMORY;
    if (timeline_create(&cache->timeline) != VL_OK) {
        free(cache);
        return VL_ERR_NO_MEMORY;
    }
    *out = cache;
    return VL_OK;
}

void live_cache_begin(struct live_cache *cache, bool is_told)
{
    for (size_t i = 0; i < cache->count; i++)
        sitting_forget(&cache->sittings[i]);
    cache->count = 0;
    cache->is_told = is_told;
    timeline_forget(cache->timeline);
}

void live_cache_destroy(struct live_cache *cache)
{
    if (cache == NULL) return;
    live_cache_begin(cache, false);
    timeline_destroy(cache->timeline);
    free(cache);
}

/* ---- what comes ---- */

static void note_change(struct sitting *s, const struct store_change *change)
{
    if (change->many || change->membership) {
        s->is_read = false;
        return;
    }
    for (size_t i = 0; i < change->count; i++) {
        if (change->records[i].type != SCHEMA_MOMENT) continue;
        if (s->changed_count == LIVE_CACHE_CHANGES) {
            s->is_read = false;
            return;
        }
        s->changed[s->changed_count++] = change->records[i].record;
    }
}

void live_cache_commit(struct live_cache *cache, const struct store_change *change, vl_instant now)
{
    for (size_t i = 0; i < change->count && !change->many; i++)
        if (change->records[i].type == SCHEMA_MOMENT)
            timeline_saw(cache->timeline, &change->records[i].record, now);
    for (size_t i = 0; i < cache->count; i++)
        if (vl_id_equal(&cache->sittings[i].circle, &change->circle))
            note_change(&cache->sittings[i], change);
}

struct measuring {
    struct timeline *timeline;
    vl_instant now;
};

static vl_result measure(void *context, const struct api_peer *peer)
{
    const struct measuring *measuring = context;
    timeline_measure(measuring->timeline, peer, measuring->now);
    return VL_OK;
}

void live_cache_measure(struct live_cache *cache, const struct api_network *network, vl_instant now)
{
    struct measuring measuring = {cache->timeline, now};
    /* Without the peers' clocks the times are what they were. */
    if (network->peers != NULL) (void)!network->peers(network->self, measure, &measuring);
}

/* ---- moments with their authors' clocks ---- */

static vl_result take_wall(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_header header;
    VL_TRY(vl_entry_header_decode(row->entry.header, &header));
    *(vl_wall *)context = header.wall;
    return VL_OK;
}

static vl_result read_of(const struct circle *circle, const struct moment *moment,
                         struct time_of *out)
{
    const struct vl_id *entry = &moment->live.stamp.dot.entry;
    struct vl_device_info device;
    *out = (struct time_of){.record = moment->record.id};
    VL_TRY(vl_replica_author(circle->replica, entry, &device));
    memcpy(out->sign_key, device.card.sign, sizeof out->sign_key);
    out->is_own = memcmp(device.card.sign, circle->keys->card.sign, sizeof device.card.sign) == 0;
    return circle->storage.entry_get(circle->storage.self, entry, take_wall, &out->wall);
}

/* `placed` has room for one more. */
static vl_result add(struct sitting *s, const struct circle *circle, const struct moment *moment)
{
    struct placed *grown = realloc(s->placed, (s->moments.count + 1) * sizeof *s->placed);
    if (grown == NULL) return VL_ERR_NO_MEMORY;
    s->placed = grown;
    grown[s->moments.count] = (struct placed){.point = {.at = 0}};
    VL_TRY(read_of(circle, moment, &grown[s->moments.count].of));
    return moments_add(&s->moments, moment);
}

static vl_result read_all(struct sitting *s, const struct circle *circle)
{
    struct moments all;
    sitting_forget(s);
    VL_TRY(moments_read(circle->replica, &s->meeting, &all));
    vl_result result = VL_OK;
    for (size_t i = 0; i < all.count; i++) {
        if (result == VL_OK) result = add(s, circle, &all.items[i]);
        if (result == VL_OK) all.items[i] = (struct moment){.order = NULL}; /* taken over */
    }
    moments_finish(&all);
    s->is_read = result == VL_OK;
    return result;
}

static void take_out(struct sitting *s, const struct vl_record_id *id)
{
    for (size_t i = 0; i < s->moments.count; i++) {
        if (memcmp(&s->moments.items[i].record.id, id, sizeof *id) != 0) continue;
        moment_finish(&s->moments.items[i]);
        s->moments.count--;
        s->moments.items[i] = s->moments.items[s->moments.count];
        s->placed[i] = s->placed[s->moments.count];
        return;
    }
}

/* New, changed by its author, or erased. */
static vl_result read_again(struct sitting *s, const struct circle *circle,
                            const struct vl_record_id *id)
{
    struct moment moment;
    take_out(s, id);
    vl_result result = moment_read(circle->replica, &s->meeting, id, &moment);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    VL_TRY(result);
    result = add(s, circle, &moment);
    if (result != VL_OK) moment_finish(&moment);
    return result;
}

static vl_result refresh(struct sitting *s, const struct circle *circle)
{
    vl_result result = VL_OK;
    if (!s->is_read) return read_all(s, circle);
    for (size_t i = 0; result == VL_OK && i < s->changed_count; i++)
        result = read_again(s, circle, &s->changed[i]);
    s->changed_count = 0;
    if (result != VL_OK) s->is_read = false; /* some of it may be missing */
    return result;
}

static struct sitting *find(struct live_cache *cache, const struct vl_id *circle,
                            const struct vl_record_id *meeting)
{
    struct sitting *oldest = &cache->sittings[0];
    for (size_t i = 0; i < cache->count; i++) {
        struct sitting *s = &cache->sittings[i];
        if (vl_id_equal(&s->circle, circle) && memcmp(&s->meeting, meeting, sizeof *meeting) == 0)
            return s;
        if (s->looked < oldest->looked) oldest = s;
    }
    if (cache->count < LIVE_CACHE_MEETINGS) oldest = &cache->sittings[cache->count++];
    sitting_forget(oldest);
    oldest->circle = *circle;
    oldest->meeting = *meeting;
    return oldest;
}

/* ---- the fold ---- */

/* A guess lies at least between what is known of its neighbours. */
static void bound_guesses(struct live_moment *all, size_t count, int64_t now)
{
    int64_t bound = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        if (!all[i].approximate)
            bound = all[i].at;
        else if (all[i].at < bound)
            all[i].at = bound;
    }
    bound = now;
    for (size_t i = count; i-- > 0;) {
        if (!all[i].approximate)
            bound = all[i].at;
        else if (all[i].at > bound)
            all[i].at = bound;
    }
}

static vl_result fold(struct sitting *s, struct timeline *timeline, vl_wall here, vl_instant now)
{
    struct live_moment *all = calloc(s->moments.count + 1, sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < s->moments.count; i++) {
        struct time_point *point = &s->placed[i].point;
        timeline_place(timeline, &s->placed[i].of, here, now, point);
        all[i] = s->moments.items[i].live;
        all[i].at = point->at;
        all[i].approximate = point->source == TIME_WALL;
    }
    const size_t count = live_sort(all, s->moments.count);
    bound_guesses(all, count, (int64_t)now.ms);
    live_fold(all, count, &s->state);
    free(all);
    return VL_OK;
}

vl_result live_cache_read(struct live_cache *cache, const struct api_network *network,
                          const struct circle *circle, const struct vl_record_id *meeting,
                          vl_wall here, vl_instant now, struct live_now *out)
{
    struct sitting *s = find(cache, &circle->id, meeting);
    s->looked = ++cache->looks;
    if (!cache->is_told) s->is_read = false;
    live_cache_measure(cache, network, now);
    VL_TRY(refresh(s, circle));
    VL_TRY(fold(s, cache->timeline, here, now));
    *out = (struct live_now){.state = &s->state, .now = (int64_t)now.ms};
    return VL_OK;
}
