/* A meeting's moments as anybody's program may write them: the state is the same in whatever order
 * they come and however often, always holds its invariants, and changes only by a moment of which
 * live_refuses says that it has an effect.
 *
 *   input = u8 shuffle | moments of 8 bytes: kind, author, whom, part and order, lamport, entry,
 *           number, clock */
#include <stdlib.h>
#include <string.h>

#include "tests/support/live_checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOMENT_BYTES  8u
#define MOMENTS_LIMIT 300u
#define ORDER_SIZE    6u

static const struct live_who cast[] = {
    {.person.bytes = {'A'}}, {.person.bytes = {'B'}}, {.person.bytes = {'C'}},
    {.person.bytes = {'D'}}, {.seat = "Awa"},         {.seat = "A"},
    {.seat = "Zoé"},         {.person.bytes = {0}},
};
#define CAST (sizeof cast / sizeof cast[0])

static const int64_t leaps[] = {0, 1000, -1000, 60000, INT64_MAX, INT64_MIN, 1, -1};

static struct live_who orders[MOMENTS_LIMIT][ORDER_SIZE];
static struct live_moment moments[2 * MOMENTS_LIMIT];
static struct live_state first, second;

static void need(bool holds)
{
    if (!holds) abort();
}

static void make(const uint8_t *bytes, size_t at, uint64_t lamport)
{
    struct live_moment *m = &moments[at];
    const bool wild = bytes[0] >= 240;
    *m = (struct live_moment){.author = cast[bytes[1] % 4].person,
                              .kind = (enum moment_kind)(wild ? bytes[0] : bytes[0] % 16),
                              .who = cast[bytes[2] % CAST],
                              .has_part = (bytes[3] & 1) != 0,
                              .order = orders[at],
                              .order_count = (size_t)(bytes[3] >> 1) % (ORDER_SIZE + 1),
                              .at = leaps[bytes[7] % 8],
                              .approximate = (bytes[7] & 8) != 0};
    if (bytes[7] % 8 < 4) m->at += (int64_t)at * 1000;
    m->part.bytes[0] = bytes[3] >> 6;
    m->stamp = (struct vl_stamp){lamport, {{{bytes[5] % 4}}, bytes[6] % 4}};
    for (size_t i = 0; i < ORDER_SIZE; i++)
        orders[at][i] = cast[(bytes[2] / CAST + bytes[6] * i) % CAST];
}

/* What has one stamp is one moment. */
static size_t read_moments(const uint8_t *data, size_t size)
{
    size_t count = 0;
    uint64_t lamport = 1;
    for (; size >= MOMENT_BYTES && count < MOMENTS_LIMIT; size -= MOMENT_BYTES) {
        lamport += data[4] % 3;
        make(data, count, lamport);
        bool there = false;
        for (size_t i = 0; i < count && !there; i++)
            there = vl_stamp_compare(&moments[i].stamp, &moments[count].stamp) == 0;
        if (!there) count++;
        data += MOMENT_BYTES;
    }
    return count;
}

static void fold(size_t count, struct live_state *out)
{
    live_fold(moments, count, out);
    need(live_checks_broken(out) == NULL);
}

/* Many twice, and all in another order. */
static size_t confuse(size_t count, uint8_t by)
{
    size_t all = count;
    for (size_t i = 0; i < count; i += 1 + by % 5)
        moments[all++] = moments[i];
    for (size_t i = all; i > 1; i--) {
        const size_t j = (i * (by + 7u) + by / 3u) % i;
        const struct live_moment other = moments[i - 1];
        moments[i - 1] = moments[j];
        moments[j] = other;
    }
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    const size_t count = read_moments(data + 1, size - 1);
    need(live_sort(moments, count) == count);
    for (size_t n = count > 40 ? count - 40 : 0; n < count; n++) {
        fold(n, &first);
        fold(n + 1, &second);
        if ((size_t)moments[n].kind > MOMENT_CLOSE) continue;
        if (live_refuses(&first, &moments[n]) != LIVE_HAS_EFFECT)
            need(live_checks_same(&first, &second));
    }
    fold(count, &first);
    need(live_sort(moments, confuse(count, data[0])) == count);
    fold(count, &second);
    need(live_checks_same(&first, &second));
    need(first.moments == second.moments && first.cut == second.cut);
    return 0;
}
