/* A session whose copy was forgotten between two of its messages: a commit of somebody else failed,
 * and so did loading the copy again. The next call loads it, with an allocation or a call of the
 * storage failing on the way: the session ends by that name or goes on, and the copies stay sound
 * and come together afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_memory.h"
#include "tests/support/session_world.h"
#include "tests/support/test_scale.h"

static unsigned long points;

/* What happens to a side's copy before one of its calls. */
struct moment {
    size_t side;
    unsigned call;  /* of that side, from 0 */
    bool written;   /* it has got something new before */
    bool forgotten; /* ... and then a commit failed */
    vl_result why;  /* then fails: NO_MEMORY or STORAGE */
    uint64_t nth;
};

static const struct meeting meetings[] = {
    {.name = "both have news", .nodes = {0, 1}},
    {.name = "little room", .nodes = {2, 1}, .pending = 2},
    {.name = "a member of whom one does not know", .nodes = {4, 0}},
    {.name = "the same, who is dialled", .nodes = {0, 4}},
    {.name = "two branches", .nodes = {1, 2}},
    {.name = "a newcomer", .nodes = {6, 1}},
};
#define MEETINGS (sizeof meetings / sizeof *meetings)

static vl_result write_one(struct session_world *w, size_t node)
{
    struct vl_operation operation = {.type = SESSION_WORLD_TYPE,
                                     .field = SESSION_WORLD_FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("meanwhile")};
    struct vl_id id;
    return vl_replica_write(w->f->nodes[node].replica, &operation, 1, w->f->now, &id);
}

static bool is_forgotten(struct session_world *w, size_t node)
{
    size_t count;
    return vl_replica_heads(w->f->nodes[node].replica, NULL, 0, &count) == VL_ERR_STORAGE;
}

/* A write that fails once it has begun, and all that follows. A newcomer cannot write. */
static void forget(struct session_world *w, size_t node)
{
    for (uint64_t n = 1; n < 8 && !is_forgotten(w, node); n++) {
        memory_storage_fail(w->f->nodes[node].memory, n, VL_ERR_STORAGE, true);
        (void)write_one(w, node);
        memory_storage_fail(w->f->nodes[node].memory, 0, VL_OK, false);
    }
}

struct run {
    struct session_world *w;
    const struct meeting *m;
    const struct moment *moment;
    struct vl_session *sides[2];
    vl_result results[2];
    unsigned calls[2];
    bool came, failed; /* the moment; what should fail in it */
};

/* Before a call of that side. */
static void arm(struct run *run, size_t side)
{
    const struct moment *moment = run->moment;
    const size_t node = run->m->nodes[side];
    if (moment == NULL || side != moment->side || run->calls[side] != moment->call) return;
    run->came = true;
    if (moment->written) (void)write_one(run->w, node);
    if (moment->forgotten) forget(run->w, node);
    if (moment->why == VL_ERR_NO_MEMORY)
        failing_memory_arm(moment->nth);
    else
        memory_storage_fail(run->w->f->nodes[node].memory, moment->nth, moment->why, false);
}

static void disarm(struct run *run, size_t side)
{
    const struct moment *moment = run->moment;
    struct memory_storage *memory = run->w->f->nodes[run->m->nodes[side]].memory;
    if (moment == NULL || side != moment->side || run->calls[side]++ != moment->call) return;
    run->failed =
        moment->why == VL_ERR_NO_MEMORY ? failing_memory_disarm() : memory_storage_failed(memory);
    memory_storage_fail(memory, 0, VL_OK, false);
}

static vl_result pull(struct run *run, size_t side, struct vl_buffer *message)
{
    arm(run, side);
    vl_result result = vl_session_next(run->sides[side], message, SESSION_WORLD_START);
    disarm(run, side);
    return result;
}

static vl_result push(struct run *run, size_t side, const struct vl_buffer *message)
{
    arm(run, side);
    vl_result result =
        vl_session_receive(run->sides[side], vl_buffer_view(message), SESSION_WORLD_START);
    disarm(run, side);
    return result;
}

/* Until neither has anything to send, or one of them has ended. */
static void carry(struct run *run)
{
    struct vl_buffer message = {0};
    for (bool any = true; any;) {
        any = false;
        for (size_t from = 0; from < 2; from++) {
            if (run->results[0] != VL_OK || run->results[1] != VL_OK) continue;
            vl_result result = pull(run, from, &message);
            if (result == VL_ERR_NOT_FOUND) continue;
            run->results[from] = result;
            if (result != VL_OK) continue;
            run->results[1 - from] = push(run, 1 - from, &message);
            any = true;
        }
    }
    vl_buffer_finish(&message);
}

static void open_side(struct run *run, size_t side)
{
    arm(run, side);
    run->results[side] = session_world_side(run->w, run->m, side, &run->sides[side]);
    disarm(run, side);
}

/* false: one of them ended. */
static bool meet(struct run *run)
{
    bool live = false;
    for (size_t side = 0; side < 2; side++)
        open_side(run, side);
    if (run->sides[0] != NULL && run->sides[1] != NULL) {
        carry(run);
        live = vl_session_state_of(run->sides[0]) == VL_SESSION_LIVE &&
               vl_session_state_of(run->sides[1]) == VL_SESSION_LIVE;
    }
    vl_session_destroy(run->sides[0]);
    vl_session_destroy(run->sides[1]);
    return live;
}

/* false: that side has not so many calls, or the call has not so many. */
static bool meet_at(struct session_world *w, const struct meeting *m, const struct moment *moment,
                    bool *came)
{
    struct run run = {.w = w, .m = m, .moment = moment};
    session_world_reset(w, m->nodes[0]);
    session_world_reset(w, m->nodes[1]);
    bool live = meet(&run);
    *came = run.came;
    for (size_t side = 0; side < 2; side++)
        if (run.results[side] != VL_OK && run.results[side] != moment->why &&
            !(moment->forgotten && run.results[side] == VL_ERR_STORAGE))
            fail_msg("%s, call %u of %u, %u: %s", m->name, moment->call, (unsigned)moment->side,
                     (unsigned)moment->nth, vl_result_name(run.results[side]));
    if (run.results[0] == VL_OK && run.results[1] == VL_OK && !live)
        fail_msg("%s, call %u: neither ended nor live", m->name, moment->call);
    if (!run.failed) return false;
    points++;
    if (points % 8 != 0) return true;
    if (!session_world_is_sound(w, m->nodes[0], m->nodes[1]))
        fail_msg("%s, call %u, %u: not sound any more", m->name, moment->call,
                 (unsigned)moment->nth);
    struct run again = {.w = w, .m = m};
    if (!meet(&again)) fail_msg("%s, call %u: not together again", m->name, moment->call);
    return true;
}

static void try_moments(struct session_world *w, struct moment moment, size_t step)
{
    for (size_t i = 0; i < MEETINGS; i++) {
        for (moment.side = 0; moment.side < 2; moment.side++) {
            bool came = true;
            for (moment.call = 0; came; moment.call++)
                for (moment.nth = 1; meet_at(w, &meetings[i], &moment, &came); moment.nth += step)
                    continue;
        }
    }
}

static void a_copy_is_forgotten_between_messages(void **state)
{
    struct session_world *w = *state;
    const size_t step = test_scale(1, 47);
    points = 0;
    for (unsigned written = 0; written < 2; written++) {
        struct moment moment = {.written = written == 1, .forgotten = true};
        moment.why = VL_ERR_STORAGE;
        try_moments(w, moment, 3 * step);
        moment.why = VL_ERR_NO_MEMORY;
        try_moments(w, moment, 11 * step);
    }
    print_message("%lu points\n", points);
}

static void a_copy_grows_between_messages(void **state)
{
    struct session_world *w = *state;
    const size_t step = test_scale(1, 47);
    points = 0;
    struct moment moment = {.written = true, .why = VL_ERR_NO_MEMORY};
    try_moments(w, moment, 3 * step);
    moment.why = VL_ERR_STORAGE;
    try_moments(w, moment, step);
    print_message("%lu points\n", points);
}

static int setup(void **state)
{
    *state = session_world_create(failing_memory_pause);
    return 0;
}

static int teardown(void **state)
{
    session_world_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_forgotten_between_messages),
        cmocka_unit_test(a_copy_grows_between_messages),
    };
    return cmocka_run_group_tests_name("sessions over a copy that changes", tests, setup, teardown);
}
