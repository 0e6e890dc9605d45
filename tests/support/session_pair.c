#include "tests/support/session_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool held, const char *what)
{
    if (held) return;
    fprintf(stderr, "session_pair: %s\n", what);
    abort();
}

static struct vl_session *create(struct circle_fixture *f, size_t me, size_t peer,
                                 bool expect_newcomer, bool proves_first, vl_instant now)
{
    struct vl_session *session = NULL;
    struct vl_session_config config = {.replica = f->nodes[me].replica,
                                       .expect_newcomer = expect_newcomer,
                                       .proves_first = proves_first};
    memcpy(config.peer_noise, f->nodes[peer].keys->card.noise, sizeof config.peer_noise);
    if (expect_newcomer) config.expect_sign = f->nodes[peer].keys->card.sign;
    must(vl_session_create(&session, &config, now) == VL_OK, "create");
    return session;
}

struct vl_session *fixture_session(struct circle_fixture *f, size_t me, size_t peer,
                                   bool expect_newcomer, vl_instant now)
{
    return create(f, me, peer, expect_newcomer, false, now);
}

static bool is_empty(struct circle_fixture *f, size_t node)
{
    size_t count = 0;
    must(vl_replica_heads(f->nodes[node].replica, NULL, 0, &count) == VL_OK, "heads");
    return count == 0;
}

void session_pair_init(struct session_pair *pair, struct circle_fixture *f, size_t a, size_t b)
{
    *pair = (struct session_pair){.now = {1000}};
    pair->sides[0] = fixture_session(f, a, b, is_empty(f, a), pair->now);
    pair->sides[1] = fixture_session(f, b, a, is_empty(f, b), pair->now);
}

void session_pair_dial(struct session_pair *pair, struct circle_fixture *f, size_t a, size_t b)
{
    *pair = (struct session_pair){.now = {1000}};
    pair->sides[0] = create(f, a, b, is_empty(f, a), true, pair->now);
    pair->sides[1] = fixture_session(f, b, a, is_empty(f, b), pair->now);
}

void session_pair_finish(struct session_pair *pair)
{
    vl_session_destroy(pair->sides[0]);
    vl_session_destroy(pair->sides[1]);
    for (size_t i = 0; i < pair->recorded_count; i++) {
        vl_buffer_finish(&pair->recorded[i]);
    }
    free(pair->recorded);
    *pair = (struct session_pair){0};
}

static void record(struct session_pair *pair, struct vl_bytes message)
{
    size_t count = pair->recorded_count + 1;
    pair->recorded = realloc(pair->recorded, count * sizeof *pair->recorded);
    must(pair->recorded != NULL, "memory");
    struct vl_buffer *copy = &pair->recorded[pair->recorded_count++];
    *copy = (struct vl_buffer){0};
    must(vl_buffer_append(copy, message.data, message.size) == VL_OK, "memory");
}

bool session_pair_carry(struct session_pair *pair, size_t side)
{
    struct vl_buffer message = {0};
    vl_result result = vl_session_next(pair->sides[side], &message, pair->now);
    bool carried = result == VL_OK;
    if (carried) {
        pair->messages[side]++;
        if (side == 0 && pair->record) record(pair, vl_buffer_view(&message));
        if (vl_session_state_of(pair->sides[1 - side]) != VL_SESSION_FAILED) {
            result = vl_session_receive(pair->sides[1 - side], vl_buffer_view(&message), pair->now);
            must(result == vl_session_error(pair->sides[1 - side]), "error of the session");
        }
    }
    vl_buffer_finish(&message);
    return carried;
}

static bool turn(struct session_pair *pair)
{
    bool any = session_pair_carry(pair, 0);
    return session_pair_carry(pair, 1) || any;
}

void session_pair_run(struct session_pair *pair)
{
    while (turn(pair)) {
    }
}

bool session_pair_rests(struct session_pair *pair, size_t turns)
{
    while (turns > 0 && turn(pair))
        turns--;
    return turns > 0;
}
