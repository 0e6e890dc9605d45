/* What can go wrong. A new fault is one function and one line in the table. */
#include "tests/sim/sim.h"

#include <inttypes.h>

static void split(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++)
        w->nodes[i].group = (unsigned)seeded_below(&w->random, 2);
    tell(w, "the network is split in two");
    network_cut(w);
    world_schedule(w, seeded_wait(&w->random, 20 * MINUTE), EVENT_HEAL, NODES_MAX, 0,
                   ++w->partition_number);
}

static void isolate(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    n->group = 2 + n->index;
    tell(w, "%s walks out of reach", n->name);
    network_cut(w);
    world_schedule(w, seeded_wait(&w->random, 10 * MINUTE), EVENT_HEAL, NODES_MAX, 0,
                   ++w->partition_number);
}

static void break_one(struct world *w)
{
    struct connection *c = network_random(w);
    if (c != NULL) network_break(w, c, "for no reason");
}

static void stall(struct world *w)
{
    network_stall(w, seeded_between(&w->random, 1, 150) * 1000);
}

static void dial_again(struct world *w)
{
    struct connection *c = network_random(w);
    if (c != NULL) network_dial(w, &w->nodes[c->ends[1]], &w->nodes[c->ends[0]]);
}

static void power_cut(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL) node_crash(w, n, "while it does nothing");
}

/* Committed, and nobody heard of it. */
static void power_cut_after_write(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    (void)node_write_quietly(w, n);
    node_crash(w, n, "between saving and sending");
}

/* At some call of the storage from now on, writing or receiving: also before and at the commit. */
static void power_cut_in_storage(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    n->power_cut = true;
    memory_storage_fail(n->memory, seeded_between(&w->random, 1, 60), VL_ERR_STORAGE, true);
    if (seeded_chance(&w->random, 500)) node_write(w, n);
}

static void storage_error(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL || n->power_cut) return;
    tell(w, "%s's storage will fail once", n->name);
    memory_storage_fail(n->memory, seeded_between(&w->random, 1, 60), VL_ERR_STORAGE, false);
    if (seeded_chance(&w->random, 500)) node_write(w, n);
}

static void disk_full(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL || n->power_cut) return;
    tell(w, "%s's disk is full", n->name);
    memory_storage_fail(n->memory, seeded_between(&w->random, 1, 20), VL_ERR_FULL, true);
    world_schedule(w, seeded_wait(&w->random, 5 * MINUTE), EVENT_REPAIR, n->index, 0, n->life);
}

static void clock_jumps(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    const int64_t ten_years = INT64_C(10) * 365 * 24 * 3600 * 1000;
    n->wall_offset = (int64_t)seeded_below(&w->random, (uint64_t)(2 * ten_years)) - ten_years;
    tell(w, "%s's clock jumps by %" PRId64 " days", n->name,
         n->wall_offset / (24 * INT64_C(3600000)));
    network_set_clock(w, n);
}

static void clock_goes_back(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    n->wall_offset -= (int64_t)seeded_between(&w->random, 1, 3 * HOUR);
    tell(w, "%s's clock goes back", n->name);
    network_set_clock(w, n);
}

static void stranger(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL) network_stranger(w, n);
}

static void burst(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    tell(w, "%s writes a lot at once", n->name);
    for (unsigned i = 0; i < 12; i++)
        (void)node_write_quietly(w, n);
    network_pump_node(w, n);
}

static void backup(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL) node_backup(w, n);
}

static void old_backup(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL) node_roll_back(w, n);
}

static void copied_folder(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL && seeded_chance(&w->life, 200)) node_copy(w, n);
}

/* What it sends goes nowhere for a while, and what is sent to it arrives. */
static void one_way(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    n->mute_until = w->now + seeded_between(&w->random, 1, 10) * MINUTE;
    tell(w, "nothing that %s sends arrives", n->name);
}

static void slow_link(struct world *w)
{
    struct connection *c = network_random(w);
    if (c == NULL) return;
    c->delay = seeded_between(&w->random, 1000, 20000);
    tell(w, "connection %" PRIu64 " is slow by %" PRIu64 " ms", c->number, c->delay);
}

static void lossy_link(struct world *w)
{
    struct connection *c = network_random(w);
    if (c == NULL) return;
    c->loss = (unsigned)seeded_between(&w->random, 300, 600);
    tell(w, "connection %" PRIu64 " loses %u in 1000 packets", c->number, c->loss);
}

static void connection_flood(struct world *w)
{
    struct node *a = node_random_up(w);
    struct node *b = node_random_up(w);
    if (a == NULL || a == b || !b->joined) return;
    tell(w, "%s dials %s many times at once", a->name, b->name);
    network_flood(w, a, b, (unsigned)seeded_between(&w->random, 3, 8));
}

static void chunk_cut(struct world *w)
{
    struct node *n = node_random_up(w);
    w->cut_chunk = true;
    if (n == NULL) return;
    unsigned large = w->profile.large; /* a chunk in several messages */
    w->profile.large = 1000;
    for (unsigned i = 0; i < 12; i++)
        (void)node_write_quietly(w, n);
    w->profile.large = large;
    network_pump_node(w, n);
}

static void crash_catching_up(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL) n->crash_catching_up = true;
}

/* The commit is durable, and the power goes before anybody is told so. */
static void torn_commit(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL || n->power_cut) return;
    n->power_cut = true;
    memory_storage_fail_after_commit(n->memory, VL_ERR_STORAGE);
    if (seeded_chance(&w->random, 500)) node_write(w, n);
}

static void blackout(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++)
        node_crash(w, &w->nodes[i], "with everybody's");
}

static void absence(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    n->away_until = w->now + seeded_between(&w->random, 1, 12) * HOUR;
    day_sleep(w, n);
    world_schedule(w, n->away_until - w->now, EVENT_STIR, n->index, 1, 0);
}

static void freeze(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL) return;
    n->frozen_until = w->now + seeded_between(&w->random, 1, 300) * 1000;
    tell(w, "%s stands still for %" PRIu64 " s", n->name, (n->frozen_until - w->now) / 1000);
}

static void other_address(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL) network_break_node(w, n, "it has another address");
}

/* Both sides remove, or add, and write: each makes an epoch that the other does not have. */
static void epochs_apart(struct world *w)
{
    if (!w->profile.endings) return;
    split(w);
    members_rival_removals(w);
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[i];
        if (node_awake(w, n) && n->joined) node_write(w, n);
    }
}

static void erasure(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL) node_erase(w, n);
}

static void erase_while_away(struct world *w)
{
    absence(w);
    erasure(w);
}

static void second_device(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL && w->profile.endings) members_add_device(w, n);
}

static void stolen_device(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n != NULL && w->profile.endings) members_lose_device(w, n);
}

/* The same old backup, put back on the device and on another one. */
static void backup_on_two(struct world *w)
{
    struct node *n = node_random_up(w);
    if (n == NULL || n->backup == NULL) return;
    node_roll_back(w, n);
    node_copy(w, n);
}

static void rival_removals(struct world *w)
{
    if (!w->profile.endings) return;
    split(w);
    members_rival_removals(w);
}

const struct fault faults[] = {
    {"split", "the network falls into two parts for a while", split},
    {"isolate", "one node is out of reach for a while", isolate},
    {"break", "one connection breaks", break_one},
    {"stall", "one connection stands still, perhaps past its time-out", stall},
    {"dial-again", "two nodes have two connections at once", dial_again},
    {"power-cut", "a node stops and starts again", power_cut},
    {"power-cut-after-write", "... between the commit and sending", power_cut_after_write},
    {"power-cut-in-storage", "... at any call of the storage", power_cut_in_storage},
    {"storage-error", "one call of the storage fails", storage_error},
    {"disk-full", "every call of the storage fails for a while", disk_full},
    {"clock-jump", "a wall clock jumps by up to ten years", clock_jumps},
    {"clock-back", "a wall clock goes back by up to three hours", clock_goes_back},
    {"replay", "what was recorded of an old connection is sent again", network_replay},
    {"stranger", "somebody without membership connects", stranger},
    {"mangle", "a member sends a changed message", network_mangle},
    {"burst", "somebody writes a lot at once", burst},
    {"rival-removals", "apart from each other, two facilitators remove somebody each",
     rival_removals},
    {"forgery", "a hostile member, or one who was removed, makes entries by hand", hostile_forge},
    {"backup", "somebody makes a backup", backup},
    {"old-backup", "a power cut, and an old backup is put back", old_backup},
    {"copied-folder", "a folder is copied, and both copies are used", copied_folder},
    {"one-way", "what one node sends goes nowhere for a while, what it is sent arrives", one_way},
    {"slow-link", "one connection is slow by seconds", slow_link},
    {"lossy-link", "one connection loses a third of its packets or more", lossy_link},
    {"connection-flood", "many connections of two nodes at once, each with its own delay",
     connection_flood},
    {"chunk-cut", "a connection breaks in the middle of a chunk, and another begins at once",
     chunk_cut},
    {"crash-catching-up", "a power cut while entries are coming", crash_catching_up},
    {"torn-commit", "the power goes after a commit, before anybody is told so", torn_commit},
    {"blackout", "everybody's power is cut", blackout},
    {"absence", "a node is away for hours", absence},
    {"freeze", "a node stands still, its connections open", freeze},
    {"other-address", "all connections of one node break at once", other_address},
    {"epochs-apart", "both sides of a split remove, write, and make epochs", epochs_apart},
    {"erasure", "somebody erases what she wrote", erasure},
    {"erase-while-away", "... while a copy of it sleeps", erase_while_away},
    {"second-device", "a person adds a second device", second_device},
    {"stolen-device", "a device is stolen, and the person's other one puts it out", stolen_device},
    {"backup-on-two", "one old backup is put back on two devices", backup_on_two},
};
const size_t fault_count = sizeof faults / sizeof *faults;
static_assert(sizeof faults / sizeof *faults <= 64, "the profile has a bit for each");
