/* A circle, some of whose copies differ, and how two of them meet: what they do is repeated from
 * there while something fails. Everything aborts with a sentence when it cannot be made. */
#ifndef TESTS_SUPPORT_SESSION_WORLD_H
#define TESTS_SUPPORT_SESSION_WORLD_H

#include "tests/support/circle_fixture.h"
#include "tests/support/watched_storage.h"
#include <veillee/session.h>

#define SESSION_WORLD_NODES 7u
#define SESSION_WORLD_TYPE  7u
#define SESSION_WORLD_FIELD 3u
#define SESSION_WORLD_START ((vl_instant){1000})

struct session_world {
    struct circle_fixture *f;
    struct watched_storage watches[SESSION_WORLD_NODES];
    struct memory_storage *before[SESSION_WORLD_NODES];
};

/* 0 and 1 wrote and did things apart; 1 and 2 have different branches of 3's log; 4 is a member
 * that 0 does not know; 5 is known to nobody; 6 is a newcomer with nothing. `pause`: that of
 * failing_memory, for the storages' own allocations; NULL: none fails. */
struct session_world *session_world_create(bool (*pause)(bool paused));
/* The same persons, and forked logs that were cited: 0 has two branches of 3's log and one of 4's;
 * 1 has one of 3's; 2 has another one of 4's; 5 has none, and 6 is a newcomer. */
struct session_world *session_world_create_branches(bool (*pause)(bool paused));
void session_world_destroy(struct session_world *w);
/* A node's copy as it was at first. Its sessions are over. */
void session_world_reset(struct session_world *w, size_t node);
/* Whether both copies verify. */
bool session_world_is_sound(struct session_world *w, size_t a, size_t b);

struct meeting {
    const char *name;
    size_t nodes[2]; /* the first dialled */
    bool writes;     /* the first writes something once they are live */
    size_t pending;  /* entries that may wait; 0: as ever */
    bool bundle;     /* the second reads what the first wrote */
    bool after;      /* ... beyond what the second has */
};

/* The session of one side. Errors of vl_session_create. */
VL_MUST_USE vl_result session_world_side(struct session_world *w, const struct meeting *m,
                                         size_t side, struct vl_session **out);

#endif
