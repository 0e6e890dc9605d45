/* About one virtual day. People sit together for some minutes a few times a day, and then much
 * happens at once; between, most devices sleep, a few stay on, some wake for a moment. */
#include "tests/sim/sim.h"

#define QUIET      40u /* so many times slower is everything between sittings */
#define STAY_ON    2u  /* devices, at most */
#define STIR_MEAN  (10u * MINUTE)
#define SITTING_LO (5u * MINUTE)
#define SITTING_HI (35u * MINUTE)

void day_draw(struct world *w)
{
    struct profile *p = &w->profile;
    p->duration = seeded_between(&w->random, 20 * HOUR, 28 * HOUR);
    p->sitting_count = (size_t)seeded_between(&w->random, 1, SITTINGS_MAX);
    uint64_t share = p->duration / p->sitting_count;
    for (size_t i = 0; i < p->sitting_count; i++) {
        uint64_t length = seeded_between(&w->random, SITTING_LO, SITTING_HI);
        p->sittings[i].begin = i * share + seeded_below(&w->random, share - length);
        p->sittings[i].end = p->sittings[i].begin + length;
    }
}

uint64_t day_wait(const struct world *w, uint64_t activity)
{
    const struct profile *p = &w->profile;
    uint64_t at = w->now;
    if (w->calm) return activity;
    for (size_t i = 0; i < p->sitting_count; i++) {
        uint64_t begin = p->sittings[i].begin;
        uint64_t end = p->sittings[i].end;
        if (at < begin) {
            if (activity <= (begin - at) / QUIET) return at + activity * QUIET - w->now;
            activity -= (begin - at) / QUIET;
            at = begin;
        }
        if (at < end) {
            if (activity <= end - at) return at + activity - w->now;
            activity -= end - at;
            at = end;
        }
    }
    return at + activity * QUIET - w->now;
}

static void wake(struct world *w, struct node *n)
{
    if (!n->asleep || w->now < n->away_until) return;
    n->asleep = false;
    tell(w, "%s wakes", n->name);
}

void day_sleep(struct world *w, struct node *n)
{
    if (n->asleep) return;
    n->asleep = true;
    tell(w, "%s goes to sleep", n->name);
    network_break_node(w, n, "she sleeps");
}

void day_sit(struct world *w)
{
    tell(w, "people sit together");
    for (unsigned i = 0; i < w->profile.nodes; i++)
        wake(w, &w->nodes[i]);
}

void day_rise(struct world *w)
{
    if (w->calm) return;
    tell(w, "people go home");
    size_t first = seeded_below(&w->random, w->profile.nodes);
    size_t stay = seeded_below(&w->random, STAY_ON + 1);
    for (size_t i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[(first + i) % w->profile.nodes];
        if (i < stay) continue;
        day_sleep(w, n);
        world_schedule(w, seeded_below(&w->random, 4 * HOUR), EVENT_STIR, n->index, 1, 0);
    }
}

static bool people_sit(const struct world *w)
{
    for (size_t i = 0; i < w->profile.sitting_count; i++)
        if (w->now >= w->profile.sittings[i].begin && w->now < w->profile.sittings[i].end)
            return true;
    return false;
}

void day_stir(struct world *w, struct node *n, bool wakes)
{
    if (w->calm) return;
    if (wakes) {
        wake(w, n);
        world_schedule(w, seeded_wait(&w->random, STIR_MEAN), EVENT_STIR, n->index, 0, 0);
    } else if (!people_sit(w)) {
        day_sleep(w, n);
    }
}

void day_begin(struct world *w)
{
    const struct profile *p = &w->profile;
    for (size_t i = 0; i < p->sitting_count; i++) {
        world_schedule(w, p->sittings[i].begin, EVENT_SIT, NODES_MAX, 0, 0);
        world_schedule(w, p->sittings[i].end, EVENT_RISE, NODES_MAX, 0, 0);
    }
    day_rise(w);
}
