#include "api/timeline.h"

#include <stdlib.h>
#include <string.h>

#define AGREE_MS 50 /* two measurements of one clock that was not set differ by less */

struct device {
    uint8_t sign_key[32];
    int64_t difference; /* its wall clock minus our instant */
    uint64_t error;
    bool settled;      /* connected, and was in sync since */
    vl_instant synced; /* at first */
    vl_instant told;
};
struct seen {
    struct vl_record_id record;
    vl_instant at;
};
struct timeline {
    struct device devices[TIMELINE_DEVICES_MAX];
    size_t device_count;
    struct seen seen[TIMELINE_SEEN_MAX]; /* a ring */
    size_t seen_count;                   /* ever */
};

vl_result timeline_create(struct timeline **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? VL_ERR_NO_MEMORY : VL_OK;
}

void timeline_destroy(struct timeline *t)
{
    free(t);
}

void timeline_forget(struct timeline *t)
{
    memset(t, 0, sizeof *t);
}

/* ---- what is known ---- */

static const struct seen *find_seen(const struct timeline *t, const struct vl_record_id *record)
{
    const size_t kept = t->seen_count < TIMELINE_SEEN_MAX ? t->seen_count : TIMELINE_SEEN_MAX;
    for (size_t i = 0; i < kept; i++)
        if (memcmp(&t->seen[i].record, record, sizeof *record) == 0) return &t->seen[i];
    return NULL;
}

void timeline_saw(struct timeline *t, const struct vl_record_id *record, vl_instant at)
{
    if (find_seen(t, record) != NULL) return;
    t->seen[t->seen_count++ % TIMELINE_SEEN_MAX] = (struct seen){*record, at};
}

static struct device *find_device(struct timeline *t, const uint8_t sign_key[static 32])
{
    for (size_t i = 0; i < t->device_count; i++)
        if (memcmp(t->devices[i].sign_key, sign_key, 32) == 0) return &t->devices[i];
    return NULL;
}

static struct device *add_device(struct timeline *t, const uint8_t sign_key[static 32])
{
    struct device *device = &t->devices[0];
    if (t->device_count < TIMELINE_DEVICES_MAX) {
        device = &t->devices[t->device_count++];
    } else {
        for (size_t i = 1; i < t->device_count; i++)
            if (t->devices[i].told.ms < device->told.ms) device = &t->devices[i];
    }
    *device = (struct device){.settled = false};
    memcpy(device->sign_key, sign_key, sizeof device->sign_key);
    return device;
}

void timeline_measure(struct timeline *t, const struct api_peer *peer, vl_instant now)
{
    struct device *device = find_device(t, peer->sign_key);
    const bool settled = peer->connected && (peer->in_sync || (device != NULL && device->settled));
    if (device == NULL && !peer->has_clock_offset) return;
    if (device == NULL) device = add_device(t, peer->sign_key);
    if (settled && !device->settled) device->synced = now;
    device->settled = settled;
    if (!peer->has_clock_offset) return;
    device->difference = peer->clock_difference_ms;
    device->error = peer->clock_error_ms;
    device->told = now;
}

/* ---- placing ---- */

static int64_t minus(int64_t a, int64_t b)
{
    int64_t out;
    if (__builtin_sub_overflow(a, b, &out)) return a < 0 ? INT64_MIN : INT64_MAX;
    return out;
}

static bool agree(int64_t a, int64_t b, uint64_t within)
{
    const int64_t apart = a > b ? minus(a, b) : minus(b, a);
    return (uint64_t)apart <= within;
}

/* By the measured clock, within what is certain from when it was seen: nothing comes before it was
 * written, and a peer who is in sync sends at once. So a clock that is set in the middle does no
 * harm. */
static struct time_point by_clock(const struct device *device, const struct seen *seen,
                                  const struct time_of *of)
{
    struct time_point point = {.at = minus(of->wall.ms, device->difference),
                               .error = device->error,
                               .source = TIME_MEASURED};
    if (seen == NULL) return point;
    const int64_t latest = (int64_t)seen->at.ms;
    const bool is_prompt = device->settled && seen->at.ms >= device->synced.ms + TIMELINE_SETTLE_MS;
    if (is_prompt && point.at < latest - TIMELINE_LATE_MS) point.at = latest;
    if (point.at > latest) point.at = latest;
    return point;
}

static struct time_point by_wall(const struct time_of *of, vl_wall here, vl_instant now,
                                 enum time_source source)
{
    const int64_t ago = minus(here.ms, of->wall.ms);
    return (struct time_point){.at = minus((int64_t)now.ms, ago), .source = source};
}

static struct time_point place(const struct timeline *t, const struct device *device,
                               const struct time_of *of, vl_wall here, vl_instant now)
{
    const struct seen *seen = find_seen(t, &of->record);
    if (seen != NULL && of->is_own)
        return (struct time_point){.at = (int64_t)seen->at.ms, .source = TIME_OWN};
    if (of->is_own) return by_wall(of, here, now, TIME_OWN);
    if (device != NULL) return by_clock(device, seen, of);
    if (seen != NULL) return (struct time_point){.at = (int64_t)seen->at.ms, .source = TIME_SEEN};
    return by_wall(of, here, now, TIME_WALL);
}

void timeline_place(struct timeline *t, const struct time_of *of, vl_wall here, vl_instant now,
                    struct time_point *point)
{
    const struct device *device = find_device(t, of->sign_key);
    const bool is_measured = point->source == TIME_MEASURED;
    if (point->source == TIME_OWN) return;
    if (point->source != TIME_UNKNOWN &&
        (device == NULL || (is_measured && device->error >= point->error)))
        return; /* nothing new is known */
    struct time_point better = place(t, device, of, here, now);
    if (better.at > (int64_t)now.ms) better.at = (int64_t)now.ms;
    /* Of one clock that was set in between, what was known before it was. */
    if (is_measured && !agree(better.at, point->at, better.error + point->error + AGREE_MS)) return;
    *point = better;
}
