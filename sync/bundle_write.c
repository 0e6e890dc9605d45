/* Writing a bundle: the messages that a session would send to somebody who proved herself and has
 * `after`, put into frames. The session is one of our own that no peer ever answers.
 *
 *   header -> PROOF... -> ENTRIES, as far as control entries reach -> ENTRIES, the rest -> zeros */
#include "sync/bundle_seal.h"
#include "sync/session_internal.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct vl_bundle_writer {
    vl_result error;
    struct bundle_key *key;
    struct vl_session *s;
    struct vl_buffer sealed; /* made and not pulled yet */
    struct vl_buffer plain;  /* not in a frame yet */
    struct vl_buffer message;
    uint64_t frames;
    bool control_over; /* what control entries reach is written */
    bool over;         /* no message is left */
    bool closed;       /* the last frame was made */
    struct vl_bundle_counts counts;
};

/* ---- the session without a peer ---- */

static int log_order(const void *a, const void *b)
{
    const struct vl_head *x = a, *y = b;
    return vl_id_compare(&x->log, &y->log);
}

/* All at once: each time one is added all lines move. */
static vl_result ensure_logs(struct vl_session *s, const struct vl_head *after, size_t count)
{
    if (count == 0) return VL_OK;
    struct vl_head *sorted = calloc(count, sizeof *sorted);
    if (sorted == NULL) return VL_ERR_NO_MEMORY;
    memcpy(sorted, after, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, log_order);
    vl_result result = logs_ensure(&s->logs, sorted, count);
    free(sorted);
    return result;
}

static vl_result add_after(struct vl_session *s, const struct vl_head *after, size_t count)
{
    VL_TRY(ensure_logs(s, after, count));
    for (size_t i = 0; i < count; i++) {
        struct session_log *log = logs_find(&s->logs, &after[i].log);
        log->peer_knows = true;
        if (log->closed) {
            VL_TRY(session_peer_has(s, &after[i].id));
            continue;
        }
        tip_raise(&log->peer, after[i].seq, &after[i].id);
        log->told = log->peer;
    }
    return session_aim_branches(s);
}

/* How many entries there are to write; a few more when a chunk ends later. */
static uint64_t count_all(const struct vl_session *s)
{
    uint64_t total = 0;
    for (size_t i = 0; i < s->logs.count; i++) {
        const struct session_log *log = &s->logs.items[i];
        if (log->closed || tip_covers(&log->peer, &log->mine)) continue;
        total += log->mine.seq + 1 - (log->peer.known ? log->peer.seq + 1 : 0);
    }
    for (size_t i = 0; i < s->branches.count; i++) {
        const struct session_branch *branch = &s->branches.items[i];
        if (branch_has_work(branch)) total += branch->to - branch->next;
    }
    return total;
}

static vl_result open_session(struct vl_bundle_writer *w, struct vl_replica *replica,
                              const struct vl_head *after, size_t count)
{
    struct vl_session_config config = {.replica = replica};
    const struct vl_device_keys *keys = vl_replica_keys(replica);
    /* The peer is this device itself: it stays current, or the writing ends. */
    memcpy(config.peer_noise, keys->card.noise, sizeof config.peer_noise);
    VL_TRY(vl_session_create(&w->s, &config, (vl_instant){0}));
    w->s->state = VL_SESSION_SENDING;
    w->s->hello_sent = w->s->proven = true;
    w->s->round_open = w->s->to_file = true; /* nobody is asked for anything */
    w->s->next_ping = (vl_instant){UINT64_MAX};
    VL_TRY(session_refresh(w->s));
    VL_TRY(add_after(w->s, after, count));
    w->counts.total = count_all(w->s);
    VL_TRY(proof_source_init(&w->s->source, NULL, 0));
    w->s->send_proof = true;
    return VL_OK;
}

/* The same of closed logs, chain by chain. */
static vl_result aim_control(struct vl_session *s)
{
    size_t count = s->branches.count;
    struct closed_chain *chains = calloc(count + 1, sizeof *chains);
    uint64_t *reached = calloc(count + 1, sizeof *reached);
    vl_result result = chains == NULL || reached == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        chains[i] = s->branches.items[i].is;
    }
    if (result == VL_OK) result = closed_reach(s->replica, chains, count, reached);
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        s->branches.items[i].to = reached[i];
    }
    free(chains);
    free(reached);
    return result;
}

/* For now only as far as control entries reach, so that removals and keys come first. */
static vl_result begin_control(struct vl_session *s)
{
    if (s->branches.count > 0) VL_TRY(aim_control(s));
    size_t count = 0;
    struct vl_head *reach = calloc(s->head_count + 1, sizeof *reach);
    if (reach == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = vl_replica_control_reach(s->replica, reach, s->head_count, &count);
    if (result == VL_OK && count > s->head_count) result = VL_ERR_INTERNAL;
    for (size_t i = 0; i < s->logs.count && result == VL_OK; i++) {
        s->logs.items[i].mine = (struct session_tip){0};
    }
    for (size_t i = 0; i < count && result == VL_OK; i++) {
        struct session_log *log = logs_find(&s->logs, &reach[i].log);
        if (log == NULL) continue;
        log->mine = (struct session_tip){.known = true, .seq = reach[i].seq, .id = reach[i].id};
    }
    free(reach);
    return result;
}

/* NOT_FOUND: all is written, also what came in meanwhile. */
static vl_result next_message(struct vl_bundle_writer *w)
{
    struct vl_session *s = w->s;
    for (;;) {
        vl_result result = session_send_next(s, &w->message, (vl_instant){0});
        if (result != VL_ERR_NOT_FOUND) return result;
        if (w->control_over && s->generation == vl_replica_generation(s->replica)) return result;
        w->control_over = true;
        s->refreshed = false; /* the real tips again */
        VL_TRY(session_refresh(s));
    }
}

/* ---- frames ---- */

static vl_result add_message(struct vl_bundle_writer *w)
{
    struct vl_writer out = vl_writer(&w->plain, SIZE_MAX);
    vl_write_string(&out, vl_buffer_view(&w->message));
    return vl_writer_result(&out);
}

static vl_result make_frame(struct vl_bundle_writer *w)
{
    while (!w->over && w->plain.size < VL_BUNDLE_FRAME_BYTES) {
        vl_result result = next_message(w);
        if (result == VL_OK) result = add_message(w);
        if (result == VL_ERR_NOT_FOUND) {
            w->over = true;
            result = VL_OK;
        }
        VL_TRY(result);
    }
    bool last = w->over;
    if (last) {
        assert(w->plain.size < VL_BUNDLE_FRAME_BYTES); /* else nothing would have been looked for */
        size_t missing = VL_BUNDLE_FRAME_BYTES - w->plain.size;
        VL_TRY(vl_buffer_reserve(&w->plain, missing));
        memset(w->plain.data + w->plain.size, 0, missing);
        w->plain.size += missing;
    }
    VL_TRY(bundle_frame_seal(w->key, w->frames, last, w->plain.data, &w->sealed));
    sodium_memzero(w->plain.data, VL_BUNDLE_FRAME_BYTES);
    vl_buffer_consume(&w->plain, VL_BUNDLE_FRAME_BYTES);
    w->frames++;
    w->closed = last;
    return VL_OK;
}

/* ---- the calls ---- */

static vl_result begin_file(struct vl_bundle_writer *w, struct vl_replica *replica, vl_wall now)
{
    struct vl_id hash;
    struct bundle_header header = {
        .circle = *vl_replica_circle(replica), .wall = now, .entries = w->counts.total};
    const struct vl_device_keys *keys = vl_replica_keys(replica);
    memcpy(header.author, keys->card.sign, sizeof header.author);
    VL_TRY(bundle_prelude_write(replica, w->key, &w->sealed, &hash));
    VL_TRY(bundle_header_write(&header, &hash, keys, &w->message));
    return add_message(w);
}

vl_result vl_bundle_writer_create(struct vl_bundle_writer **out, struct vl_replica *replica,
                                  const struct vl_head *after, size_t after_count, vl_wall now)
{
    struct vl_bundle_writer *w = calloc(1, sizeof *w);
    if (w == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = bundle_key_create(&w->key);
    if (result == VL_OK) result = open_session(w, replica, after, after_count);
    if (result == VL_OK) result = begin_file(w, replica, now);
    if (result == VL_OK) result = begin_control(w->s);
    if (result != VL_OK) {
        vl_bundle_writer_destroy(w);
        return result;
    }
    *out = w;
    return VL_OK;
}

void vl_bundle_writer_destroy(struct vl_bundle_writer *w)
{
    if (w == NULL) return;
    vl_session_destroy(w->s);
    bundle_key_destroy(w->key);
    vl_buffer_finish(&w->sealed);
    vl_buffer_wipe(&w->plain);
    vl_buffer_wipe(&w->message);
    free(w);
}

vl_result vl_bundle_write(struct vl_bundle_writer *w, size_t max, struct vl_buffer *out)
{
    if (w->error != VL_OK) return w->error;
    if (w->closed && w->sealed.size == 0) return VL_ERR_NOT_FOUND;
    while (w->sealed.size < max && !w->closed) {
        w->error = make_frame(w);
        VL_TRY(w->error);
    }
    size_t size = w->sealed.size < max ? w->sealed.size : max;
    w->error = vl_buffer_append(out, w->sealed.data, size);
    VL_TRY(w->error);
    vl_buffer_consume(&w->sealed, size);
    w->counts.bytes += size;
    return VL_OK;
}

struct vl_bundle_counts vl_bundle_written(const struct vl_bundle_writer *w)
{
    struct vl_bundle_counts counts = w->counts;
    counts.entries = w->s->counts.entries_sent;
    return counts;
}
