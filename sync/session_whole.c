/* Which blobs each side has. Of an entry that came without its blob, and that no tombstone took
 * away, HEADS and HAVE say nothing (S6): they name the last entry up to which all are whole. So
 * when the blob comes at last, what is whole here goes further than what the peer was told. */
#include "sync/session_internal.h"

#include <stdlib.h>

/* ---- in my copy ---- */

static struct session_tip tip_of(const struct vl_head *head)
{
    return (struct session_tip){.known = true, .seq = head->seq, .id = head->id};
}

vl_result session_read_whole(struct vl_session *s)
{
    s->lacks_blobs = false;
    for (size_t i = 0; i < s->head_count; i++) {
        struct vl_head head = s->heads[i];
        struct session_log *log = logs_find(&s->logs, &head.log);
        if (log->closed) continue;
        vl_result result = whole_head(s->replica, &head);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
        log->whole = result == VL_OK ? tip_of(&head) : (struct session_tip){0};
        s->lacks_blobs |= !tip_covers(&log->whole, &log->mine);
    }
    for (size_t i = 0; i < s->branches.count; i++) {
        struct session_branch *branch = &s->branches.items[i];
        const bool bare = branch->is.whole <= branch->is.tip_seq;
        branch->was_bare |= bare;
        s->lacks_blobs |= bare;
    }
    return VL_OK;
}

/* ---- what the peer says ---- */

static vl_result hear(struct vl_session *s, const struct vl_head *head)
{
    struct session_log *log = logs_find(&s->logs, &head->log);
    uint32_t chain;
    uint64_t seq;
    if (!log->closed) {
        tip_raise(&log->peer_whole, head->seq, &head->id);
        return VL_OK;
    }
    vl_result result = closed_place(s->replica, &head->id, &chain, &seq);
    if (result == VL_ERR_MISSING) return VL_OK; /* of a branch that is not here */
    VL_TRY(result);
    struct session_branch *branch = session_branch_of(s, chain);
    if (branch != NULL && branch->peer_whole <= seq) branch->peer_whole = seq + 1;
    return VL_OK;
}

vl_result session_hear_whole(struct vl_session *s, const struct vl_head *heads, size_t count)
{
    vl_result result = VL_OK;
    for (size_t i = 0; result == VL_OK && i < count; i++)
        result = hear(s, &heads[i]);
    return result;
}

/* A claim is asked for once: of two who each claim what the other lacks, and cannot give it,
 * neither would ever stop. */
static bool lacks(const struct session_log *log)
{
    const struct session_tip *said = &log->peer_whole;
    const uint64_t end = said->seq < log->mine.seq ? said->seq : log->mine.seq;
    return !log->closed && !tip_covers(&log->asked, said) && log->mine.known &&
           (!log->whole.known || log->whole.seq < end);
}

/* What is not live has no effect, and does not go to whoever has it without its blob. */
static bool branch_lacks(const struct session_branch *branch)
{
    const uint64_t said = branch->peer_whole;
    return branch->asked < said && branch->is.whole < said && branch->is.whole < branch->is.live;
}

bool session_wants_blobs(const struct vl_session *s)
{
    bool wants = false;
    for (size_t i = 0; s->lacks_blobs && i < s->logs.count; i++)
        wants |= lacks(&s->logs.items[i]);
    for (size_t i = 0; s->lacks_blobs && i < s->branches.count; i++)
        wants |= branch_lacks(&s->branches.items[i]);
    return wants;
}

/* ---- what I say ---- */

void session_ask_whole(struct vl_session *s)
{
    for (size_t i = 0; i < s->logs.count; i++) {
        s->logs.items[i].told = s->logs.items[i].whole;
        s->logs.items[i].asked = s->logs.items[i].peer_whole;
    }
    for (size_t i = 0; i < s->branches.count; i++) {
        s->branches.items[i].told = s->branches.items[i].is.whole;
        s->branches.items[i].asked = s->branches.items[i].peer_whole;
    }
}

/* Before the chunk there may be a blob that came late. */
static bool told_up_to(const struct session_log *log, const struct chunk *c)
{
    return c->first == 0 || (log->told.known && log->told.seq + 1 >= c->first);
}

void session_tell_sent(struct session_log *log, const struct chunk *c)
{
    const uint64_t last = chunk_last_seq(c);
    if (!log->whole.known || !told_up_to(log, c)) return;
    if (last <= log->whole.seq)
        tip_raise(&log->told, last, chunk_tip(c));
    else
        tip_raise(&log->told, log->whole.seq, &log->whole.id);
}

void session_tell_received(struct session_log *log, const struct chunk *c)
{
    size_t whole = 0;
    if (!told_up_to(log, c)) return;
    while (whole < c->count && chunk_entry(c, whole).blob.data != NULL)
        whole++;
    if (whole > 0) tip_raise(&log->told, c->first + whole - 1, &c->items[whole - 1].id);
}

static bool log_is_untold(const struct session_log *log)
{
    return !log->closed && !log->forked && log->whole.known &&
           tip_covers(&log->peer, &log->whole) && !tip_covers(&log->told, &log->whole);
}

/* Of a closed one only what has become whole: the rest each asks for by its own HEADS. */
static bool branch_is_untold(const struct session_branch *branch)
{
    return branch->was_bare && branch->is.whole > branch->told && branch->next >= branch->is.whole;
}

static vl_result tell_branch(struct vl_session *s, struct session_branch *branch,
                             struct vl_head *head)
{
    branch->told = branch->is.whole;
    *head = (struct vl_head){.log = branch->is.log, .seq = branch->is.whole - 1};
    return closed_id(s->replica, branch->is.chain, head->seq, &head->id);
}

static int log_order(const void *a, const void *b)
{
    const struct vl_head *x = a, *y = b;
    return vl_id_compare(&x->log, &y->log);
}

static bool names(const struct vl_head *heads, size_t count, const struct vl_id *log)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= vl_id_equal(&heads[i].log, log);
    return any;
}

vl_result session_untold(struct vl_session *s, struct vl_head **out, size_t *count)
{
    size_t most = 0, open;
    vl_result result = VL_OK;
    *out = NULL;
    *count = 0;
    for (size_t i = 0; i < s->logs.count; i++)
        most += log_is_untold(&s->logs.items[i]);
    for (size_t i = 0; i < s->branches.count; i++)
        most += branch_is_untold(&s->branches.items[i]);
    if (most == 0) return VL_OK;
    struct vl_head *heads = calloc(most, sizeof *heads);
    if (heads == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < s->logs.count; i++) {
        struct session_log *log = &s->logs.items[i];
        if (!log_is_untold(log)) continue;
        heads[(*count)++] =
            (struct vl_head){.log = log->log, .seq = log->whole.seq, .id = log->whole.id};
        log->told = log->whole;
    }
    open = *count;
    for (size_t i = 0; result == VL_OK && i < s->branches.count; i++) {
        struct session_branch *branch = &s->branches.items[i];
        if (!branch_is_untold(branch) || names(heads + open, *count - open, &branch->is.log))
            continue;
        result = tell_branch(s, branch, &heads[(*count)++]);
    }
    qsort(heads, *count, sizeof *heads, log_order);
    *out = result == VL_OK ? heads : NULL;
    if (result != VL_OK) free(heads);
    return result;
}
