/* Proofs of forks that the peer shows.
 *
 * A proof may be here before its log is: the log's first entry waits for its links, or another peer
 * brings it. The peer shows a proof once in a session, and a session may last for days; so a proof
 * about a log that is not here is kept until the log comes or the session ends. */
#include "sync/session_internal.h"

#include <stdlib.h>

struct waiting_fork {
    struct vl_id log;
    struct vl_buffer proof;
};

void session_forks_finish(struct session_forks *forks)
{
    for (size_t i = 0; i < forks->count; i++)
        vl_buffer_finish(&forks->items[i].proof);
    free(forks->items);
    *forks = (struct session_forks){0};
}

static vl_result is_known(struct vl_session *s, const struct vl_id *log, bool *known)
{
    uint64_t lamport;
    vl_result result = vl_replica_lamport(s->replica, log, 0, &lamport);
    *known = result == VL_OK;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

/* The peer need not be shown a proof. */
static void note_shown(struct vl_session *s, const struct vl_id *id)
{
    struct session_log *log = logs_find(&s->logs, id);
    if (log != NULL) log->fork_shown = log->peer_knows = true;
}

static vl_result room(struct session_forks *forks)
{
    if (forks->count < forks->capacity) return VL_OK;
    size_t capacity = forks->capacity == 0 ? 4 : 2 * forks->capacity;
    struct waiting_fork *items = realloc(forks->items, capacity * sizeof *items);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    forks->items = items;
    forks->capacity = capacity;
    return VL_OK;
}

/* The first of a log; over the limit none: it comes again in the next session. */
static vl_result keep(struct session_forks *forks, const struct vl_id *log, struct vl_bytes proof)
{
    for (size_t i = 0; i < forks->count; i++)
        if (vl_id_equal(&forks->items[i].log, log)) return VL_OK;
    if (forks->count == VL_FORKS_WAITING_MAX) return VL_OK;
    VL_TRY(room(forks));
    struct waiting_fork *fork = &forks->items[forks->count];
    *fork = (struct waiting_fork){.log = *log};
    VL_TRY(vl_buffer_append(&fork->proof, proof.data, proof.size));
    forks->count++;
    return VL_OK;
}

vl_result session_take_fork(struct vl_session *s, struct vl_reader *r)
{
    struct vl_bytes proof;
    struct vl_id log;
    bool known;
    VL_TRY(message_fork_read(r, &proof));
    VL_TRY(vl_replica_fork_learn(s->replica, proof));
    vl_log_id(proof.data, proof.data + 32, &log); /* as the proof begins: it was decoded */
    note_shown(s, &log);
    VL_TRY(is_known(s, &log, &known));
    return known ? VL_OK : keep(&s->forks, &log, proof);
}

vl_result session_learn_forks(struct vl_session *s)
{
    struct session_forks *forks = &s->forks;
    uint64_t generation = vl_replica_generation(s->replica);
    if (forks->count == 0 || forks->generation == generation) return VL_OK;
    forks->generation = generation;
    for (size_t i = 0; i < forks->count;) {
        struct waiting_fork *fork = &forks->items[i];
        bool known;
        VL_TRY(is_known(s, &fork->log, &known));
        if (!known) {
            i++;
            continue;
        }
        VL_TRY(vl_replica_fork_learn(s->replica, vl_buffer_view(&fork->proof)));
        note_shown(s, &fork->log);
        vl_buffer_finish(&fork->proof);
        *fork = forks->items[--forks->count];
    }
    return session_note_closed(s);
}
