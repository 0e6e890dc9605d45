/* What must hold when nothing goes wrong any more. */
#include "tests/sim/sim.h"

#include <inttypes.h>

static bool same_heads(const struct world *w)
{
    struct vl_id first;
    vl_replica_heads_digest(w->nodes[0].replica, &first);
    for (unsigned i = 1; i < w->profile.nodes; i++) {
        struct vl_id other;
        vl_replica_heads_digest(w->nodes[i].replica, &other);
        if (!vl_id_equal(&first, &other)) return false;
    }
    return true;
}

bool check_converged(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        if (!w->nodes[i].up || !w->nodes[i].joined) return false;
        /* After a failed commit the copy is read again by the next call; heads alone do not. */
        if (vl_replica_membership(w->nodes[i].replica) == NULL) return false;
    }
    return same_heads(w) && network_waiting(w) == 0;
}

static void check_acknowledged(struct world *w)
{
    for (unsigned i = 0; i < w->profile.nodes; i++) {
        const struct node *author = &w->nodes[i];
        for (size_t k = 0; k < author->acknowledged_count; k++) {
            for (unsigned j = 0; j < w->profile.nodes; j++) {
                const struct node *n = &w->nodes[j];
                if (memory_storage_entry(n->memory, &author->acknowledged[k]) != NULL) continue;
                world_fail(w, "%s lacks an entry that %s saw as saved", n->name, author->name);
                return;
            }
        }
    }
}

static void check_replica(struct world *w, const struct node *n, const struct vl_id *digest)
{
    struct vl_verify_report report;
    struct vl_id bad;
    struct vl_id mine;
    vl_result result = vl_replica_verify(n->replica, &report, &bad);
    if (result != VL_OK) {
        char hex[VL_ID_TEXT_SIZE];
        vl_id_text(&bad, hex);
        world_fail(w, "%s's copy does not verify: %s at %.16s", n->name, vl_result_name(result),
                   hex);
        return;
    }
    if (report.unmerged > 0) {
        world_fail(w, "%s cannot read %" PRIu64 " entries", n->name, report.unmerged);
        return;
    }
    result = vl_replica_digest(n->replica, &mine);
    if (result != VL_OK || !vl_id_equal(&mine, digest))
        world_fail(w, "%s has the same entries and another state", n->name);
}

void check_end(struct world *w)
{
    struct vl_id digest;
    if (vl_replica_digest(w->nodes[0].replica, &digest) != VL_OK) {
        world_fail(w, "%s has no digest", w->nodes[0].name);
        return;
    }
    for (unsigned i = 0; i < w->profile.nodes && !w->failed; i++)
        check_replica(w, &w->nodes[i], &digest);
    check_acknowledged(w);
    if (w->failed) return;
    world_trace(w, "digest", digest.bytes, sizeof digest.bytes);
    tell(w,
         "all %u agree: %zu entries, %" PRIu64 " writes, %" PRIu64 " messages, %" PRIu64
         " faults, %" PRIu64 " broken connections",
         w->profile.nodes, memory_storage_entry_count(w->nodes[0].memory), w->writes, w->messages,
         w->faults, w->breaks);
}
