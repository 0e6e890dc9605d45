/* Many entries at once: runs with bad signatures in the middle, a flood, more logs than links. */
#include "tests/sim/hostile.h"
#include "tests/support/circle_fixture.h"

#include <string.h>

#define RUN_MAX 12u

/* A run of rubbish content in one new log of hers. */
static bool make_run(struct forgery *f, size_t count, struct entry_run *run)
{
    uint8_t rubbish[104];
    struct vl_id id;
    if (!forgery_take_newest(f)) return false;
    for (size_t i = 0; i < count; i++) {
        hostile_bytes(f->w, rubbish, sizeof rubbish);
        entry_run_forge(run, &f->header, vl_bytes(rubbish, sizeof rubbish), f->hostile->keys, &id);
        f->header.prev = id;
        f->header.seq++;
        f->header.lamport++;
        f->header.link_count = 0;
        memset(f->header.sign_key, 0, sizeof f->header.sign_key);
        memset(f->header.incarnation, 0, sizeof f->header.incarnation);
    }
    return true;
}

/* Given in pieces that end anywhere, what is stored in the end is the run up to its last good
 * signature. */
size_t hostile_unsigned_middle(struct world *w, struct node *hostile, struct node *victim)
{
    struct forgery f;
    struct entry_run run = {0};
    size_t count = seeded_between(&w->life, 2, RUN_MAX);
    size_t good = 0; /* entries up to the last good signature */
    forgery_begin(&f, w, hostile, victim);
    if (!make_run(&f, count, &run)) return 0;
    for (size_t i = 0; i < count; i++) {
        if (seeded_chance(&w->life, 600))
            run.items[i].signature[9] ^= 4;
        else
            good = i + 1;
    }
    vl_result result = VL_OK;
    size_t at = 0;
    for (size_t end = 1; !hostile_is_ours(result) && end <= count;) {
        size_t stored = 0;
        result = vl_replica_receive(victim->replica, &run.items[at], end - at, &stored);
        at += stored;
        end = end == count ? count + 1 : (size_t)seeded_between(&w->life, end + 1, count);
    }
    tell(w, "%s gives %s a run of %zu, signed well up to %zu: %zu are taken", hostile->name,
         victim->name, count, good, at);
    if (!hostile_is_ours(result) && at != good)
        world_fail(w, "%s took %zu entries of a run that is signed up to %zu", victim->name, at,
                   good);
    entry_run_finish(&run);
    network_pump_node(w, victim);
    return 0;
}

size_t hostile_flood(struct world *w, struct node *hostile, struct node *victim)
{
    struct forgery f;
    struct entry_run run = {0};
    size_t stored = 0;
    forgery_begin(&f, w, hostile, victim);
    if (!make_run(&f, seeded_between(&w->life, 60, VL_CHUNK_ENTRIES_MAX), &run)) return 0;
    vl_result result = vl_replica_receive(victim->replica, run.items, run.count, &stored);
    tell(w, "%s floods %s with %zu entries: %s", hostile->name, victim->name, run.count,
         vl_result_name(result));
    if (result != VL_OK && !hostile_is_ours(result))
        world_fail(w, "%s took a long run as %s", victim->name, vl_result_name(result));
    entry_run_finish(&run);
    network_pump_node(w, victim);
    return 0;
}

/* More logs than an entry can link to; then one that links to as many as it may. */
size_t hostile_many_logs(struct world *w, struct node *hostile, struct node *victim)
{
    size_t count = seeded_between(&w->life, 2, VL_LINKS_MAX + 4);
    vl_result result = VL_OK;
    if (w->many_logs) return 0; /* each makes every session slower, for ever */
    w->many_logs = true;
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        struct forgery f;
        struct entry_run run = {0};
        size_t stored = 0;
        forgery_begin(&f, w, hostile, victim);
        if (!make_run(&f, 1, &run)) return 0;
        result = vl_replica_receive(victim->replica, run.items, 1, &stored);
        entry_run_finish(&run);
    }
    tell(w, "%s begins %zu logs at %s: %s", hostile->name, count, victim->name,
         vl_result_name(result));
    /* a log over her share is refused for what it shows, or as one of a closed crowd */
    bool spent = vl_replica_share(victim->replica, &hostile->person) >= VL_PERSON_CHAINS_MAX &&
                 (result == VL_ERR_LINKS || result == VL_ERR_FORK);
    if (result != VL_OK && !hostile_is_ours(result) && !spent)
        world_fail(w, "%s took many logs as %s", victim->name, vl_result_name(result));
    network_pump_node(w, victim);
    return 0;
}
