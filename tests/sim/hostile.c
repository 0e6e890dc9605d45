/* Which attack, on whom. A new one is one function and one line in the table. */
#include "tests/sim/hostile.h"

#include <string.h>

void hostile_bytes(struct world *w, void *out, size_t size)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)seeded_u64(&w->life);
}

bool hostile_is_ours(vl_result result)
{
    return result == VL_ERR_STORAGE || result == VL_ERR_FULL;
}

/* Enrolled, and her share of logs is not spent: then how more of hers is refused depends on what is
 * here. */
static bool is_heard(const struct node *victim, const struct node *hostile)
{
    struct vl_device_info device;
    return vl_replica_device(victim->replica, hostile->keys->card.sign, &device) == VL_OK &&
           vl_replica_share(victim->replica, &device.person) < VL_PERSON_CHAINS_MAX;
}

static const size_t one_kind = 1;

static const struct attack {
    size_t (*happen)(struct world *w, struct node *hostile, struct node *victim);
    unsigned weight;
    const size_t *kinds;
} attacks[] = {
    {hostile_entry, 10, &hostile_entry_kinds},
    {hostile_session, 6, &hostile_session_kinds},
    {hostile_unsigned_middle, 2, &one_kind},
    {hostile_many_logs, 1, &one_kind},
    {hostile_flood, 1, &one_kind},
    {hostile_fork, 2, &one_kind},
};

size_t hostile_kinds(void)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        count += *attacks[i].kinds;
    return count;
}

static struct node *somebody_hostile(struct world *w)
{
    size_t first = seeded_below(&w->life, w->profile.nodes);
    for (size_t i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[(first + i) % w->profile.nodes];
        if (n->hostile || n->stolen) return n;
    }
    return NULL;
}

static struct node *somebody_honest(struct world *w)
{
    struct node *victim = node_random_up(w);
    return victim == NULL || victim->hostile || victim->stolen || victim->power_cut ? NULL : victim;
}

void hostile_attack(struct world *w)
{
    struct node *hostile = somebody_hostile(w);
    struct node *victim = somebody_honest(w);
    unsigned weights = 0;
    if (hostile == NULL || victim == NULL || !is_heard(victim, hostile)) return;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        weights += attacks[i].weight;
    unsigned drawn = (unsigned)seeded_below(&w->life, weights);
    const struct attack *attack = attacks;
    size_t before = 0; /* kinds of those that were passed over */
    while (drawn >= attack->weight) {
        drawn -= attack->weight;
        before += *attack++->kinds;
    }
    hostile->misused = true;
    w->attacks++;
    w->attacked |= UINT64_C(1) << (before + attack->happen(w, hostile, victim));
}

/* Entries alone: who only found a key makes them. */
void hostile_forge(struct world *w)
{
    struct node *victim = somebody_honest(w);
    struct node *thief = &w->nodes[seeded_below(&w->life, 2) == 0 ? 1 : 2];
    if (!w->profile.endings || victim == NULL || victim == thief) return;
    if (!is_heard(victim, thief)) return;
    thief->misused = true;
    (void)hostile_entry(w, thief, victim);
}
