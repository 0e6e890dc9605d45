/* What must hold when nothing goes wrong any more. Who was removed may not know it, and sees the
 * others as members who no longer see her; so what is asked for is agreement of all who see each
 * other. */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool check_honest(const struct node *n)
{
    return !n->hostile && !n->stolen;
}

bool check_in_core(const struct world *w, unsigned index)
{
    const struct node *n = &w->nodes[index];
    if (!n->up || !n->joined || !check_honest(n) || !members_sees(n, n)) return false;
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *other = &w->nodes[i];
        if (check_honest(other) && members_sees(n, other) && other->joined &&
            !members_sees(other, n))
            return false;
    }
    return true;
}

static bool see_each_other(const struct world *w, unsigned a, unsigned b)
{
    return members_sees(&w->nodes[a], &w->nodes[b]) && members_sees(&w->nodes[b], &w->nodes[a]);
}

enum standing { STANDING_UNKNOWN, STANDING_IN, STANDING_OUT };

/* What n holds her for. */
static enum standing standing(const struct node *n, const struct node *other)
{
    struct vl_device_info device;
    if (!n->joined || n->replica == NULL ||
        vl_replica_device(n->replica, other->keys->card.sign, &device) != VL_OK)
        return STANDING_UNKNOWN;
    return device.current ? STANDING_IN : STANDING_OUT;
}

static bool holds_out(const struct node *n, const struct node *other)
{
    return standing(n, other) == STANDING_OUT;
}

/* n never heard of her: who could have told is out at n, or a thief. */
static bool cannot_hear(const struct world *w, const struct node *n, const struct node *other)
{
    if (standing(n, other) != STANDING_UNKNOWN) return false;
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *between = &w->nodes[i];
        if (!holds_out(n, between) && check_honest(between)) continue;
        if (standing(other, between) != STANDING_UNKNOWN) return true;
    }
    return false;
}

static bool refuses(const struct world *w, const struct node *n, const struct node *other)
{
    return holds_out(n, other) || cannot_hear(w, n, other);
}

/* While they were apart, somebody of a's side and somebody of b's put each other out, or who
 * brought the other in. Nobody talks to who is out, so neither side ever hears of it
 * (docs/membership.md, Known limits). */
static bool parted(const struct world *w, unsigned a, unsigned b)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        if (i != a && !see_each_other(w, a, i)) continue;
        for (unsigned k = 0; k < w->profile.nodes; k++) {
            if (k != b && !see_each_other(w, b, k)) continue;
            const struct node *one = &w->nodes[i], *other = &w->nodes[k];
            if (!holds_out(one, other) && !holds_out(other, one)) continue;
            if (refuses(w, one, other) && refuses(w, other, one)) return true;
        }
    }
    return false;
}

/* Of two who belong, whether to the same circle. */
static bool together(const struct world *w, unsigned a, unsigned b)
{
    if (!check_in_core(w, a) || !check_in_core(w, b)) return false;
    if (see_each_other(w, a, b)) return true;
    return w->profile.hostiles == 0 && !parted(w, a, b); /* hostile facilitators part people */
}

/* With whom the others are compared. */
static const struct node *first_to_compare(const struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++)
        if (check_in_core(w, i) && !node_share_is_spent(w, &w->nodes[i])) return &w->nodes[i];
    return NULL;
}

/* Of two who see each other, and of two who both belong, the copies are the same. */
static bool same_heads(const struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *a = &w->nodes[i];
        struct vl_id heads;
        if (!a->joined || !check_honest(a) || !members_sees(a, a)) continue;
        vl_replica_heads_digest(a->replica, &heads);
        for (unsigned k = 0; k < w->profile.nodes; k++) {
            const struct node *b = &w->nodes[k];
            struct vl_id other;
            if (!check_honest(b)) continue;
            if (!b->joined) {
                if (check_in_core(w, i) && members_sees(a, b)) return false;
                continue;
            }
            bool mutual = members_sees(a, b) && members_sees(b, a);
            if (!mutual && !together(w, i, k)) continue;
            vl_replica_heads_digest(b->replica, &other);
            if (!vl_id_equal(&heads, &other)) return false;
        }
    }
    return true;
}

/* ---- forks ---- */

#define FORKS_MAX 64u

struct forks { /* of people who are not crowded: a crowd is not shown log by log */
    const struct world *w;
    const struct node *node;
    struct {
        struct vl_id log;
        size_t branches;
    } logs[FORKS_MAX];
    size_t count;
    bool honest;   /* one is of somebody honest */
    bool unproven; /* of one there is no proof */
};

static vl_result keep_fork(void *context, const struct vl_fork *fork)
{
    struct forks *forks = context;
    bool honest = true; /* the copy of somebody's folder may be the one that was stolen */
    for (unsigned i = 0; i < forks->w->profile.nodes; i++) {
        const struct node *n = &forks->w->nodes[i];
        if (memcmp(n->keys->card.sign, fork->sign_key, 32) == 0) honest = honest && check_honest(n);
    }
    forks->honest |= honest;
    forks->unproven |= fork->proof.size == 0;
    if (vl_replica_is_crowded(forks->node->replica, &fork->person)) return VL_OK;
    if (forks->count == FORKS_MAX) return VL_ERR_LIMIT;
    forks->logs[forks->count].log = fork->log;
    forks->logs[forks->count++].branches = fork->branches;
    return VL_OK;
}

static struct forks forks_of(struct world *w, const struct node *n)
{
    struct forks forks = {.w = w, .node = n};
    vl_result result = vl_replica_forks(n->replica, keep_fork, &forks);
    if (result != VL_OK) world_fail(w, "%s's forks: %s", n->name, vl_result_name(result));
    return forks;
}

/* Whether b holds two branches of each fork that a holds two of. */
static bool shows_all(const struct forks *a, const struct forks *b)
{
    for (size_t i = 0; i < a->count; i++) {
        bool shown = a->logs[i].branches < 2;
        for (size_t k = 0; k < b->count && !shown; k++)
            shown = vl_id_equal(&a->logs[i].log, &b->logs[k].log) && b->logs[k].branches >= 2;
        if (!shown) return false;
    }
    return true;
}

/* What is here of a fork at one, both branches, is here at everybody who is together with her. */
static bool same_forks(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        if (!check_in_core(w, i)) continue;
        struct forks a = forks_of(w, &w->nodes[i]);
        for (unsigned k = 0; k < i; k++) {
            if (!together(w, i, k)) continue;
            struct forks b = forks_of(w, &w->nodes[k]);
            if (a.count != b.count || !shows_all(&a, &b) || !shows_all(&b, &a)) return false;
        }
    }
    return true;
}

bool check_converged(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        if (!w->nodes[i].up) return false;
        if (!w->nodes[i].joined && !w->profile.endings) return false;
        /* After a failed commit the copy is read again by the next call; heads alone do not. */
        if (vl_replica_membership(w->nodes[i].replica) == NULL) return false;
    }
    if (w->forked && !same_forks(w)) return false;
    return same_heads(w) && network_waiting(w) == 0;
}

static void check_acknowledged(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *author = &w->nodes[i];
        if (!check_in_core(w, i) || author->rolled_back) continue;
        if (node_share_is_spent(w, author)) continue; /* sees her last words alone */
        for (size_t k = 0; k < author->acknowledged_count; k++) {
            for (unsigned j = 0; j < w->profile.nodes; j++) {
                const struct node *n = &w->nodes[j];
                if (!together(w, i, j)) continue;
                if (memory_storage_entry(n->memory, &author->acknowledged[k]) != NULL) continue;
                world_fail(w, "%s lacks an entry that %s saw as saved", n->name, author->name);
                return;
            }
        }
    }
}

static bool is_apart(const struct vl_entry_row *row)
{
    return row == NULL || (row->flags & VL_ENTRY_QUARANTINED) != 0;
}

/* What counts is the same at everybody, whoever has which key. */
static void check_counting(struct world *w)
{
    const uint32_t mask = VL_ENTRY_QUARANTINED | VL_ENTRY_ERASED;
    const struct node *first = first_to_compare(w);
    for (unsigned i = 0; first != NULL && i < w->profile.nodes; i++) {
        const struct node *author = &w->nodes[i];
        /* Of what has no effect each may keep something else, when she forked or crowded; and she
         * herself sees her last words alone. */
        bool whole = check_honest(author) && !node_share_is_spent(w, author) &&
                     !node_share_is_spent_at(w, author, first);
        for (size_t k = 0; k < author->acknowledged_count; k++) {
            const struct vl_entry_row *here =
                memory_storage_entry(first->memory, &author->acknowledged[k]);
            for (unsigned j = 0; j < w->profile.nodes; j++) {
                if (!together(w, first->index, j)) continue;
                const struct vl_entry_row *there =
                    memory_storage_entry(w->nodes[j].memory, &author->acknowledged[k]);
                if (!whole && node_share_is_spent(w, &w->nodes[j])) continue;
                if (!whole && is_apart(here) && is_apart(there)) continue;
                if ((here == NULL) == (there == NULL) &&
                    (here == NULL || (here->flags & mask) == (there->flags & mask)))
                    continue;
                world_fail(w, "what %s wrote counts at %s and not at %s, or is not here",
                           author->name, first->name, w->nodes[j].name);
                return;
            }
        }
    }
}

/* Of what she wrote before she went back to a backup nobody has the blob any more: those whom she
 * gave it to gave it back without. */
static bool is_lost(const struct world *w, const struct node *n, const struct vl_entry_row *row)
{
    if (!n->rolled_back || (row->flags & VL_ENTRY_BARE) == 0) return false;
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct vl_entry_row *there = memory_storage_entry(w->nodes[i].memory, &row->id);
        if (together(w, n->index, i) && there != NULL && there->entry.blob.data != NULL)
            return false;
    }
    return true;
}

/* What was erased is gone at everybody who belongs; nothing else has lost its blob. */
static void check_erased(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        struct node *n = &w->nodes[i];
        if (!check_in_core(w, i)) continue;
        for (size_t k = 0; k < w->erased_count; k++) {
            const struct node *eraser = &w->nodes[w->erasers[k]];
            if (eraser->rolled_back || !together(w, i, w->erasers[k])) continue;
            const struct vl_entry_row *row = memory_storage_entry(n->memory, &w->erased[k]);
            if (row != NULL && row->entry.blob.data != NULL)
                world_fail(w, "%s still has what %s erased", n->name, eraser->name);
        }
        for (size_t k = 0; k < n->acknowledged_count; k++) {
            const struct vl_entry_row *row = memory_storage_entry(n->memory, &n->acknowledged[k]);
            if (row != NULL &&
                (row->entry.blob.data == NULL) != ((row->flags & VL_ENTRY_ERASED) != 0) &&
                !is_lost(w, n, row))
                world_fail(w, "%s's own entry has lost its blob", n->name);
        }
    }
}

/* The secrets that a node holds, as one hash. */
static struct vl_id secrets_of(const struct node *n)
{
    size_t count = vl_replica_epochs(n->replica, NULL, 0);
    struct vl_epoch_info *all = need(calloc(count + 1, sizeof *all));
    struct vl_id *ids = need(calloc(count + 1, sizeof *ids));
    struct vl_id hash;
    count = vl_replica_epochs(n->replica, all, count);
    for (size_t i = 0; i < count; i++)
        ids[i] = all[i].key_id; /* in the one order that all have */
    crypto_generichash(hash.bytes, sizeof hash.bytes, (const uint8_t *)ids, count * sizeof *ids,
                       NULL, 0);
    free(ids);
    free(all);
    return hash;
}

static void check_replica(struct world *w, const struct node *n, struct vl_id *digest)
{
    struct vl_verify_report report;
    struct vl_id bad;
    vl_result result = vl_replica_verify(n->replica, &report, &bad);
    if (result != VL_OK) {
        char hex[VL_ID_TEXT_SIZE];
        vl_id_text(&bad, hex);
        world_fail(w, "%s's copy does not verify: %s at %.16s", n->name, vl_result_name(result),
                   hex);
        return;
    }
    if (vl_replica_fork_count(n->replica) > 0 && !w->forked)
        world_fail(w, "%s knows a fork, and nobody forked", n->name);
    struct forks forks = forks_of(w, n);
    if (forks.honest) world_fail(w, "%s knows a fork of somebody honest", n->name);
    if (forks.unproven) world_fail(w, "%s knows a fork and has no proof of it", n->name);
    if (w->failed) return;
    if (report.unmerged > w->erasures && !w->profile.endings) {
        world_fail(w, "%s cannot read %" PRIu64 " entries", n->name, report.unmerged);
        return;
    }
    if (vl_replica_digest(n->replica, digest) != VL_OK) world_fail(w, "%s has no digest", n->name);
}

/* Who came back never gets the keys of the time between, so she has other cells; of all who hold
 * the same keys the state is the same. */
void check_end(struct world *w)
{
    struct vl_id digests[NODES_MAX];
    struct vl_id secrets[NODES_MAX];
    unsigned members = 0;
    for (unsigned i = 0; i < w->profile.nodes && !w->failed; i++) {
        const struct node *n = &w->nodes[i];
        if (!n->joined || !check_honest(n)) continue;
        check_replica(w, n, &digests[i]);
        if (!check_in_core(w, i)) continue;
        members++;
        secrets[i] = secrets_of(n);
        world_trace(w, "digest", digests[i].bytes, sizeof digests[i].bytes);
        for (unsigned k = 0; k < i && !w->failed; k++) {
            if (!w->nodes[k].joined || !together(w, i, k)) continue;
            /* a closed own log is live for itself (L1), and she cannot go on in another one */
            if (node_share_is_spent(w, n) || node_share_is_spent(w, &w->nodes[k])) continue;
            if (vl_id_equal(&secrets[i], &secrets[k]) && !vl_id_equal(&digests[i], &digests[k]))
                world_fail(w, "%s has the same entries as %s and another state", n->name,
                           w->nodes[k].name);
            if (!vl_id_equal(&secrets[i], &secrets[k]) && !w->profile.endings)
                world_fail(w, "%s has other keys than %s", n->name, w->nodes[k].name);
        }
    }
    if (members == 0 && !w->profile.endings) world_fail(w, "nobody is a member");
    if (!w->failed) check_acknowledged(w);
    if (!w->failed) check_counting(w);
    if (!w->failed) check_erased(w);
    if (!w->failed && w->profile.endings) members_check_secrets(w);
    if (w->failed) return;
    tell(w,
         "all %u of %u agree: %zu endings, %" PRIu64 " writes, %" PRIu64 " messages, %" PRIu64
         " faults, %" PRIu64 " broken connections",
         members, w->profile.nodes, w->ends, w->writes, w->messages, w->faults, w->breaks);
}
