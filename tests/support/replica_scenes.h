/* A circle in which everything has happened, and each call that a replica has, for tests that let
 * something fail at every place of it: memory, the storage, a row.
 *
 * Node 0 is the one under test. In its copy: content that counts, that counts no more, that is
 * erased, sealed, without its blob; a forked log; a log of its own that it goes on from; removed
 * and added persons. In `news`: what the others did since. A second circle is all closed logs. */
#ifndef TESTS_SUPPORT_REPLICA_SCENES_H
#define TESTS_SUPPORT_REPLICA_SCENES_H

#include "tests/support/circle_fixture.h"
#include "tests/support/watched_storage.h"

#define SCENE_NEWS_MAX   16u
#define SCENE_SERVED_MAX (VL_SERVED_CHAINS_MAX + 1u) /* one more than is kept */

struct scene {
    struct circle_fixture *f;
    struct watched_storage watch;          /* what node 0's replica reads and writes */
    struct memory_storage *before;         /* node 0's rows, to begin again from */
    struct entry_run news[SCENE_NEWS_MAX]; /* each begins with what is here already */
    size_t news_count;
    struct entry_run past[SCENE_NEWS_MAX]; /* all that node 2 has, from the first entries on */
    size_t past_count;
    struct entry_run cut;   /* beyond the news; its second entry waits, its first is badly signed */
    struct entry_run fork;  /* contradicts node 0's copy of a log */
    struct vl_buffer proof; /* of that contradiction */
    struct vl_id fork_log, erased, sealed, mine, bare;
    struct vl_enrolment newcomer;
    const struct scene_act *acts;
    size_t act_count;

    /* of closed logs alone (branch_scenes.c) */
    struct entry_run served[SCENE_SERVED_MAX]; /* branches that a member shows */
    struct memory_storage *full;               /* node 0's rows with as many as are kept */
    struct vl_buffer late_proof;               /* of a log that is closed without one */
};

struct scene_act {
    const char *name;
    vl_result (*act)(struct scene *s);
    vl_result result;                 /* when nothing fails */
    bool writes;                      /* what is stored may differ after it */
    void (*prepare)(struct scene *s); /* before it, while nothing fails; or NULL */
};

struct scene *scene_create(void); /* aborts with a sentence when something fails */
/* The other one: two members have forked their logs, at node 0 each has two branches, and others
 * show it as many more as it keeps for them. A third wrote under a key of her own, twice. */
struct scene *scene_create_branches(void);
void scene_destroy(struct scene *s);
/* Node 0 as at first, with an opened replica. */
void scene_reset(struct scene *s);

extern const struct scene_act scene_acts[], branch_acts[];
extern const size_t scene_act_count, branch_act_count;
/* Node 0 gets `count` of what is served. The first result that is no success. */
VL_MUST_USE vl_result scene_serve(struct scene *s, size_t first, size_t count);

/* Equal when two storages hold the same. */
struct vl_id scene_stored(struct memory_storage *memory);

#endif
