#include "tests/support/session_world.h"

#include "sync/session_internal.h"
#include "tests/support/forged_entry.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(held) must_hold((held), #held)

static void must_hold(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "session_world: %s\n", what);
    abort();
}

/* ---- the circle ---- */

static void say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    (void)circle_fixture_set(f, by, SESSION_WORLD_TYPE, &record, SESSION_WORLD_FIELD, "said");
}

static void control(struct circle_fixture *f, size_t by, enum vl_control_kind kind, size_t person)
{
    struct vl_control body = {.kind = kind, .target = f->nodes[person].person};
    struct vl_id id;
    must(vl_replica_control(f->nodes[by].replica, &body, f->now, &id) == VL_OK);
}

/* Node 3 says one thing to 1, goes back to what it was before, and says another to 2. */
static void fork_a_log(struct circle_fixture *f)
{
    struct memory_storage *liar = memory_storage_clone(f->nodes[3].memory);
    say(f, 3, 300);
    (void)circle_fixture_pull(f, 1, 3);
    vl_replica_close(f->nodes[3].replica);
    f->nodes[3].replica = NULL;
    memory_storage_restore(f->nodes[3].memory, liar);
    memory_storage_destroy(liar);
    circle_fixture_reopen(f, 3);
    say(f, 3, 301);
    (void)circle_fixture_pull(f, 2, 3);
}

static struct circle_fixture *circle(void)
{
    struct circle_fixture *f = circle_fixture_create(4, 61);
    control(f, 0, VL_CONTROL_PROMOTE, 1);
    for (size_t i = 0; i < 4; i++)
        say(f, i, i);
    circle_fixture_sync_all(f);
    for (size_t i = 4; i < SESSION_WORLD_NODES; i++)
        must(circle_fixture_stranger(f) == i);
    for (uint64_t i = 0; i < 5; i++) {
        say(f, 0, 100 + i);
        say(f, 1, 200 + i);
    }
    control(f, 0, VL_CONTROL_VOUCH, 2);
    circle_fixture_add(f, 1, 4);
    circle_fixture_add(f, 1, 6);
    say(f, 1, 210);
    (void)circle_fixture_pull(f, 4, 1);
    say(f, 4, 400);
    fork_a_log(f);
    say(f, 2, 201);
    return f;
}

/* ---- forked logs ---- */

/* The author says something that so far only `node` gets; that entry. */
static struct entry_run last_words(struct circle_fixture *f, size_t author, size_t node)
{
    struct vl_incarnation log;
    size_t count;
    say(f, author, 100 * author);
    (void)circle_fixture_pull(f, node, author);
    must(vl_replica_incarnations(f->nodes[node].replica, f->nodes[author].keys->card.sign, &log, 1,
                                 &count) == VL_OK);
    must(count == 1);
    struct entry_run run = circle_fixture_run(f, node, &log.log, log.entries - 1, 1);
    must(run.count == 1);
    return run;
}

static void give(struct circle_fixture *f, size_t to, const struct entry_run *run, size_t count)
{
    size_t stored;
    must(vl_replica_receive(f->nodes[to].replica, run->items, count, &stored) == VL_OK);
    must(stored == count);
}

/* Of the branch that 1 has 0 has more, of which only the last entry is signed well. */
static void fork_logs(struct circle_fixture *f)
{
    struct entry_run three = last_words(f, 3, 0), four = last_words(f, 4, 0);
    struct entry_run beside = forged_branch(f, 3, &three.items[0], 1, 4, NULL);
    struct entry_run other = forged_branch(f, 4, &four.items[0], 2, 2, NULL);
    say(f, 0, 10);
    give(f, 1, &beside, 2);
    say(f, 1, 11);
    give(f, 2, &other, 2);
    say(f, 2, 12);
    for (size_t i = 0; i < 3; i++)
        beside.items[i].signature[0] ^= 1;
    give(f, 0, &beside, 4);
    (void)circle_fixture_pull(f, 0, 1);
    say(f, 0, 13);
    say(f, 5, 50);
    entry_run_finish(&three);
    entry_run_finish(&four);
    entry_run_finish(&beside);
    entry_run_finish(&other);
}

static struct circle_fixture *circle_of_branches(void)
{
    struct circle_fixture *f = circle_fixture_create(6, 62);
    control(f, 0, VL_CONTROL_PROMOTE, 1);
    for (size_t i = 0; i < 6; i++)
        say(f, i, i);
    circle_fixture_sync_all(f);
    must(circle_fixture_stranger(f) == 6);
    circle_fixture_add(f, 0, 6);
    fork_logs(f);
    return f;
}

/* ---- the world ---- */

static struct session_world *world_of(struct circle_fixture *f, bool (*pause)(bool paused))
{
    struct session_world *w = calloc(1, sizeof *w);
    must(w != NULL);
    w->f = f;
    for (size_t i = 0; i < SESSION_WORLD_NODES; i++) {
        struct fixture_node *node = &w->f->nodes[i];
        w->before[i] = memory_storage_clone(node->memory);
        w->watches[i] = (struct watched_storage){.real = node->storage, .pause = pause};
        node->storage = watched_storage_port(&w->watches[i]);
        circle_fixture_reopen(w->f, i);
    }
    return w;
}

struct session_world *session_world_create(bool (*pause)(bool paused))
{
    return world_of(circle(), pause);
}

struct session_world *session_world_create_branches(bool (*pause)(bool paused))
{
    return world_of(circle_of_branches(), pause);
}

void session_world_destroy(struct session_world *w)
{
    for (size_t i = 0; i < SESSION_WORLD_NODES; i++)
        memory_storage_destroy(w->before[i]);
    circle_fixture_destroy(w->f);
    free(w);
}

void session_world_reset(struct session_world *w, size_t node)
{
    vl_replica_close(w->f->nodes[node].replica);
    w->f->nodes[node].replica = NULL;
    memory_storage_restore(w->f->nodes[node].memory, w->before[node]);
    circle_fixture_reopen(w->f, node);
}

bool session_world_is_sound(struct session_world *w, size_t a, size_t b)
{
    struct vl_verify_report report;
    struct vl_id bad;
    return vl_replica_verify(w->f->nodes[a].replica, &report, &bad) == VL_OK &&
           vl_replica_verify(w->f->nodes[b].replica, &report, &bad) == VL_OK;
}

/* ---- two who meet ---- */

vl_result session_world_side(struct session_world *w, const struct meeting *m, size_t side,
                             struct vl_session **out)
{
    const struct fixture_node *peer = &w->f->nodes[m->nodes[1 - side]];
    struct vl_session_config config = {.replica = w->f->nodes[m->nodes[side]].replica,
                                       .expect_newcomer = m->nodes[side] == 6,
                                       .proves_first = side == 0};
    memcpy(config.peer_noise, peer->keys->card.noise, sizeof config.peer_noise);
    if (m->nodes[side] == 6 || m->nodes[1 - side] == 6) config.expect_sign = peer->keys->card.sign;
    VL_TRY(vl_session_create(out, &config, SESSION_WORLD_START));
    vl_session_set_clock(*out, (vl_wall){w->f->now.ms + (int64_t)side}, SESSION_WORLD_START);
    if (m->pending > 0) session_limit_pending(*out, m->pending);
    return VL_OK;
}
