/* What each side has of the logs that are closed here. My own chains are listed; of the peer's only
 * what it named, or sent, is known: entries that are in my chains too, with all before them.
 *
 * What is live goes to whoever lacks it. A log that was forked, and a person who is crowded, are
 * shown to a peer who may not know: a piece of each chain that is kept for that. */
#include "sync/session_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

/* They are sorted by chain. */
static struct session_branch *branch_of(const struct session_branches *branches, uint32_t chain)
{
    size_t low = 0, high = branches->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (branches->items[middle].is.chain < chain) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < branches->count && branches->items[low].is.chain == chain;
    return found ? &branches->items[low] : NULL;
}

struct session_branch *session_branch_of(struct vl_session *s, uint32_t chain)
{
    return branch_of(&s->branches, chain);
}

static int chain_order(const void *a, const void *b)
{
    const struct session_branch *x = a, *y = b;
    return x->is.chain < y->is.chain ? -1 : x->is.chain > y->is.chain;
}

static vl_result room(struct session_branches *branches, size_t count)
{
    if (count <= branches->capacity) return VL_OK;
    struct session_branch *items = realloc(branches->items, count * sizeof *items);
    if (items == NULL) return VL_ERR_NO_MEMORY;
    branches->items = items;
    branches->capacity = count;
    return VL_OK;
}

/* What was known of the peer: of a chain that was listed, and of a log that was open until now. */
static vl_result take_known(struct vl_session *s, const struct session_branches *before)
{
    struct session_branches *branches = &s->branches;
    for (size_t i = 0; i < branches->count; i++) {
        struct session_branch *branch = &branches->items[i];
        struct session_log *log = logs_find(&s->logs, &branch->is.log);
        const struct session_branch *old = branch_of(before, branch->is.chain);
        bool listed = old != NULL && old->is.serial == branch->is.serial;
        branch->told = listed ? old->told : branch->is.whole;
        branch->was_bare = listed && old->was_bare;
        branch->peer_whole = listed ? old->peer_whole : 0;
        branch->asked = listed ? old->asked : 0;
        if (listed && branch->next < old->next) branch->next = old->next;
        if (!listed && log != NULL && log->peer.known) VL_TRY(session_peer_has(s, &log->peer.id));
    }
    return VL_OK;
}

static void note_closed(struct vl_session *s)
{
    for (size_t i = 0; i < s->branches.count; i++) {
        struct session_log *log = logs_find(&s->logs, &s->branches.items[i].is.log);
        if (log != NULL) log->closed = true;
    }
}

vl_result session_list_branches(struct vl_session *s)
{
    uint64_t generation = closed_generation(s->replica);
    size_t count = closed_chains(s->replica, NULL, 0);
    struct session_branches before = s->branches;
    if (count == 0 && before.count == 0) {
        s->branches.generation = generation;
        return VL_OK;
    }
    struct closed_chain *chains = calloc(count + 1, sizeof *chains);
    if (chains == NULL) return VL_ERR_NO_MEMORY;
    s->branches = (struct session_branches){.generation = generation};
    vl_result result = room(&s->branches, count);
    if (result == VL_OK) (void)closed_chains(s->replica, chains, count);
    for (size_t i = 0; result == VL_OK && i < count; i++) {
        s->branches.items[s->branches.count++] =
            (struct session_branch){.is = chains[i], .next = chains[i].first_seq};
    }
    free(chains);
    if (s->branches.count > 0)
        qsort(s->branches.items, s->branches.count, sizeof *s->branches.items, chain_order);
    if (result == VL_OK) result = take_known(s, &before);
    free(before.items);
    VL_TRY(result);
    if (before.generation != generation) s->reask = true;
    note_closed(s);
    return session_aim_branches(s);
}

vl_result session_note_closed(struct vl_session *s)
{
    return closed_generation(s->replica) == s->branches.generation ? VL_OK
                                                                   : session_list_branches(s);
}

void session_forget_branches(struct vl_session *s)
{
    for (size_t i = 0; i < s->branches.count; i++) {
        s->branches.items[i].next = s->branches.items[i].is.first_seq;
    }
}

vl_result session_peer_has(struct vl_session *s, const struct vl_id *id)
{
    uint32_t chain = 0;
    uint64_t seq = 0;
    if (s->branches.count == 0) return VL_OK;
    vl_result result = closed_place(s->replica, id, &chain, &seq);
    if (result == VL_ERR_MISSING) return VL_OK; /* of a branch that is not here */
    VL_TRY(result);
    for (;;) {
        struct session_branch *branch = branch_of(&s->branches, chain);
        if (branch == NULL) return VL_OK;
        if (branch->next <= seq) branch->next = seq + 1;
        if (branch->is.parent == chain) return VL_OK;
        chain = branch->is.parent;
        seq = branch->is.first_seq - 1;
    }
}

/* ---- how far each goes ---- */

/* Where the first branch leaves this chain; past its end when none does. */
static uint64_t split_of(const struct session_branches *branches, const struct closed_chain *is)
{
    uint64_t split = is->tip_seq + 1;
    for (size_t i = 0; i < branches->count; i++) {
        const struct closed_chain *other = &branches->items[i].is;
        if (other->parent == is->chain && other->chain != is->chain && other->first_seq < split)
            split = other->first_seq;
    }
    return split;
}

/* Where the last branch leaves this chain; its beginning when none does. */
static uint64_t last_split(const struct session_branches *branches, const struct closed_chain *is)
{
    uint64_t last = is->first_seq;
    for (size_t i = 0; i < branches->count; i++) {
        const struct closed_chain *other = &branches->items[i].is;
        if (other->parent == is->chain && other->first_seq > last) last = other->first_seq;
    }
    return last;
}

/* The number of the first entry that this chain has for itself. Of a crowded person a whole log is
 * one of many, if it has no branches. */
static uint64_t own_part(const struct session_branches *branches, const struct closed_chain *is)
{
    if (is->is_crowded) return last_split(branches, is);
    return is->parent != is->chain ? is->first_seq : split_of(branches, is);
}

/* Whether what the peer has of this chain goes on in another one. */
static bool goes_on(const struct session_branches *branches, const struct session_branch *branch)
{
    for (size_t i = 0; i < branches->count; i++) {
        const struct session_branch *other = &branches->items[i];
        if (other->is.parent == branch->is.chain && other != branch &&
            other->is.first_seq == branch->next && other->next > other->is.first_seq)
            return true;
    }
    return false;
}

/* Branches of the log, or logs of the person, that the peer is known to have. */
static size_t peer_shows(const struct session_branches *branches, const struct closed_chain *of)
{
    size_t count = 0;
    for (size_t i = 0; i < branches->count; i++) {
        const struct session_branch *branch = &branches->items[i];
        bool related = of->is_crowded ? vl_id_equal(&branch->is.person, &of->person)
                                      : vl_id_equal(&branch->is.log, &of->log);
        if (!related || branch->next == branch->is.first_seq) continue;
        count += !goes_on(branches, branch);
    }
    return count;
}

static uint64_t shown_to(const struct session_branches *branches, const struct closed_chain *is)
{
    size_t enough = is->is_crowded ? VL_PERSON_CHAINS_MAX + 1u : 2;
    if (is->kept == 0 || peer_shows(branches, is) >= enough) return 0;
    uint64_t end = own_part(branches, is) + VL_SHOWN_ENTRIES;
    return end < is->kept ? end : is->kept;
}

/* What is shown goes up to an entry whose own signature is good. */
static vl_result aim_signed(struct vl_session *s, bool *changed)
{
    for (size_t i = 0; i < s->branches.count; i++) {
        struct session_branch *branch = &s->branches.items[i];
        if (!branch_has_work(branch) || branch->to > branch->is.tip_seq) continue;
        uint64_t end;
        VL_TRY(closed_signed(s->replica, branch->is.chain, branch->to - 1, &end));
        *changed = *changed || end != branch->to;
        branch->to = end;
    }
    return VL_OK;
}

/* What is shown can only be taken with its past. */
static vl_result aim_pasts(struct vl_session *s, bool *changed)
{
    struct session_branches *branches = &s->branches;
    struct closed_chain *chains = calloc(branches->count, sizeof *chains);
    uint64_t *reached = calloc(branches->count, sizeof *reached);
    vl_result result = chains == NULL || reached == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    for (size_t i = 0; i < branches->count && result == VL_OK; i++) {
        chains[i] = branches->items[i].is;
        reached[i] = branches->items[i].to;
    }
    for (size_t i = 0; i < branches->count && result == VL_OK; i++) {
        const struct session_branch *branch = &branches->items[i];
        if (branch->to <= branch->is.live || !branch_has_work(branch)) continue;
        result = closed_past(s->replica, branch->is.chain, branch->to - 1, chains, branches->count,
                             reached);
    }
    for (size_t i = 0; i < branches->count && result == VL_OK; i++) {
        *changed = *changed || branches->items[i].to != reached[i];
        branches->items[i].to = reached[i];
    }
    free(chains);
    free(reached);
    return result;
}

vl_result session_aim_branches(struct vl_session *s)
{
    bool any = false;
    for (size_t i = 0; i < s->branches.count; i++) {
        struct session_branch *branch = &s->branches.items[i];
        uint64_t shown = shown_to(&s->branches, &branch->is);
        branch->to = branch->is.live > shown ? branch->is.live : shown;
        any = any || (shown > branch->is.live && branch_has_work(branch));
    }
    for (;;) {
        VL_TRY(aim_signed(s, &any));
        if (!any) return VL_OK;
        any = false;
        VL_TRY(aim_pasts(s, &any));
    }
}

bool session_lacks_branches(const struct vl_session *s)
{
    for (size_t i = 0; i < s->branches.count; i++) {
        const struct closed_chain *is = &s->branches.items[i].is;
        if (!is->is_crowded && is->is_single) return true;
    }
    return false;
}
