/* Proofs that a log was forked: two well signed headers that cannot both stand in one chain.
 *
 *   proof = 32 signing key | 16 incarnation (they give the log id) | twice: varint size, header,
 *           64 signature
 *
 * Either both have one number and are not the same, or the second has the next number and names
 * another entry before it than the first. Anybody can check it without a copy of the circle. */
#include "sync/replica_internal.h"
#include <string.h>

struct side {
    struct vl_bytes header;
    uint8_t signature[64];
    struct vl_entry_header fields;
    struct vl_id id;
};

struct proof_view {
    uint8_t sign_key[32], incarnation[16];
    struct side sides[2];
};

static bool contradict(const struct side *a, const struct side *b)
{
    if (a->fields.seq == b->fields.seq) return !vl_id_equal(&a->id, &b->id);
    return a->fields.seq < UINT64_MAX && b->fields.seq == a->fields.seq + 1 &&
           !vl_id_equal(&b->fields.prev, &a->id);
}

static vl_result side_decode(struct side *side)
{
    VL_TRY(vl_entry_header_decode(side->header, &side->fields));
    vl_entry_id(side->header, &side->id);
    return VL_OK;
}

static vl_result proof_encode(const struct proof_view *view, struct vl_buffer *out)
{
    struct vl_writer w = vl_writer(out, VL_FORK_PROOF_BYTES_MAX);
    vl_write_exact(&w, view->sign_key, sizeof view->sign_key);
    vl_write_exact(&w, view->incarnation, sizeof view->incarnation);
    for (size_t i = 0; i < 2; i++) {
        vl_write_string(&w, view->sides[i].header);
        vl_write_exact(&w, view->sides[i].signature, sizeof view->sides[i].signature);
    }
    return vl_writer_result(&w);
}

static vl_result proof_decode(struct vl_bytes proof, struct proof_view *view)
{
    struct vl_reader r = vl_reader(proof);
    vl_read_exact(&r, view->sign_key, sizeof view->sign_key);
    vl_read_exact(&r, view->incarnation, sizeof view->incarnation);
    for (size_t i = 0; i < 2; i++) {
        view->sides[i].header = vl_read_string(&r, VL_HEADER_BYTES_MAX);
        vl_read_exact(&r, view->sides[i].signature, sizeof view->sides[i].signature);
    }
    VL_TRY(vl_reader_end(&r));
    VL_TRY(side_decode(&view->sides[0]));
    return side_decode(&view->sides[1]);
}

static vl_result proof_check(const struct vl_replica *r, const struct proof_view *view)
{
    struct vl_id log;
    vl_log_id(view->sign_key, view->incarnation, &log);
    for (size_t i = 0; i < 2; i++) {
        const struct side *side = &view->sides[i];
        if (!vl_id_equal(&side->fields.circle, &r->circle)) return VL_ERR_CIRCLE;
        if (!vl_id_equal(&side->fields.log, &log)) return VL_ERR_HASH;
        VL_TRY(vl_entry_verify(side->header, side->signature, view->sign_key));
    }
    return contradict(&view->sides[0], &view->sides[1]) ? VL_OK : VL_ERR_INVALID;
}

/* ---- closing ---- */

static void mark(struct vl_replica *r, struct chain *chain, uint32_t flags)
{
    if (!row_is_closed(&chain->row)) r->closed_count++;
    chain->row.flags |= flags;
    chain->dirty = true;
    r->relive = true;
    r->closings++;
}

/* What is here of the log is one of its branches, which is kept. */
static vl_result close_log(struct vl_replica *r, const struct vl_id *log, struct vl_bytes proof)
{
    size_t count;
    VL_TRY(replica_begin(r));
    vl_result result = VL_OK;
    if (proof.size > 0) result = r->storage.fork_put(r->storage.self, log, proof);
    if (result != VL_OK) {
        replica_cancel(r);
        return result;
    }
    const uint32_t *family = chain_family(r, log, &count);
    for (size_t i = 0; i < count; i++) {
        struct chain *chain = &r->chains[family[i]];
        bool was_open = !row_is_closed(&chain->row);
        if (was_open) chain->row.kept = chain->row.tip_seq + 1;
        mark(r, chain, VL_LOG_FORKED | (was_open ? VL_LOG_FIRST : 0));
    }
    return replica_commit(r);
}

/* Of what was served, for nobody cites it, a piece is enough to show that it is there: of what it
 * has for itself, after the last branch has left it. */
static uint64_t shown_end(const struct vl_replica *r, const struct chain *chain)
{
    uint64_t end = chain_last_split(r, chain) + VL_SHOWN_ENTRIES;
    bool all = vl_id_is_zero(&chain->server) || end > chain->row.tip_seq;
    return all ? chain->row.tip_seq + 1 : end;
}

void fork_count_person(struct vl_replica *r, const struct vl_id *person)
{
    if (vl_replica_share(r, person) <= VL_PERSON_CHAINS_MAX) return;
    bool before = false;
    for (size_t i = 0; i < r->log_count && !before; i++) {
        const struct vl_log_row *row = &r->chains[r->by_log[i]].row;
        before = (row->flags & VL_LOG_CROWDED) != 0 && vl_id_equal(&row->person, person);
    }
    for (size_t i = 0; i < r->log_count; i++) {
        struct chain *chain = &r->chains[r->by_log[i]];
        if (!vl_id_equal(&chain->row.person, person)) continue;
        if ((chain->row.flags & VL_LOG_CROWDED) != 0) continue;
        /* the chains that made it a crowd are kept, so that others can be shown them */
        const uint64_t end = before ? 0 : shown_end(r, chain);
        if (chain->row.kept < end) chain->row.kept = end;
        mark(r, chain, VL_LOG_CROWDED);
    }
}

static void side_of(const struct vl_entry *entry, struct side *side)
{
    side->header = entry->header;
    memcpy(side->signature, entry->signature, sizeof side->signature);
}

/* Looks for a stored entry that contradicts entries[at]: one of its number or beside it. */
static vl_result find_pair(struct vl_replica *r, uint32_t chain, const struct vl_entry *entry,
                           uint64_t split, struct rows *rows, struct proof_view *view, bool *found)
{
    struct side theirs;
    side_of(entry, &theirs);
    VL_TRY(side_decode(&theirs));
    uint64_t seq = theirs.fields.seq, from = seq > split ? seq - 1 : split;
    rows_clear(rows);
    if (seq + 1 < from) return VL_OK;
    VL_TRY(r->storage.entry_range(r->storage.self, chain, from, (size_t)(seq + 2 - from),
                                  rows_visit, rows));
    for (size_t i = 0; i < rows->count; i++) {
        struct side ours;
        side_of(&rows->items[i].entry, &ours);
        if (side_decode(&ours) != VL_OK) return VL_ERR_DAMAGED;
        if (vl_entry_verify(ours.header, ours.signature, view->sign_key) != VL_OK) continue;
        bool ours_first = ours.fields.seq < seq ||
                          (ours.fields.seq == seq && vl_id_compare(&ours.id, &theirs.id) < 0);
        view->sides[0] = ours_first ? ours : theirs;
        view->sides[1] = ours_first ? theirs : ours;
        if (contradict(&view->sides[0], &view->sides[1])) {
            *found = true;
            return VL_OK;
        }
    }
    return VL_OK;
}

static vl_result first_visit(void *context, const struct vl_entry_row *row)
{
    return vl_entry_header_decode(row->entry.header, context) == VL_OK ? VL_OK : VL_ERR_DAMAGED;
}

vl_result fork_close(struct vl_replica *r, uint32_t chain, const struct vl_entry *entries,
                     const bool *good, size_t count, uint64_t first, uint64_t split)
{
    struct rows rows = {0};
    struct vl_buffer proof = {0};
    struct proof_view view = {.sides = {{.header = {NULL, 0}}}};
    struct vl_entry_header zero = {0};
    bool found = false;
    struct vl_id log = r->chains[chain].row.log;
    if ((r->chains[chain].row.flags & VL_LOG_FORKED) != 0) return VL_OK;
    VL_TRY(r->storage.entry_range(r->storage.self, chain, 0, 1, first_visit, &zero));
    memcpy(view.sign_key, zero.sign_key, sizeof view.sign_key);
    memcpy(view.incarnation, zero.incarnation, sizeof view.incarnation);
    vl_result result = VL_OK;
    for (size_t i = 0; result == VL_OK && !found && i < count; i++)
        if (good[i] && first + i >= split)
            result = find_pair(r, chain, &entries[i], split, &rows, &view, &found);
    if (result == VL_OK && found) result = proof_encode(&view, &proof);
    if (result == VL_OK) result = close_log(r, &log, vl_buffer_view(&proof));
    rows_finish(&rows);
    vl_buffer_finish(&proof);
    return result;
}

/* Of a log that was closed without a proof: its branches are signed too rarely. */
static vl_result keep_proof(struct vl_replica *r, const struct proof_view *view,
                            struct vl_bytes proof)
{
    const struct vl_id *log = &view->sides[0].fields.log;
    struct vl_buffer kept = {0};
    vl_result result = r->storage.fork_get(r->storage.self, log, &kept);
    vl_buffer_finish(&kept);
    if (result != VL_ERR_NOT_FOUND) return result;
    VL_TRY(proof_check(r, view));
    VL_TRY(replica_begin(r));
    result = r->storage.fork_put(r->storage.self, log, proof);
    if (result == VL_OK) return replica_commit(r);
    replica_cancel(r);
    return result;
}

vl_result vl_replica_fork_learn(struct vl_replica *r, struct vl_bytes proof)
{
    struct proof_view view = {.sides = {{.header = {NULL, 0}}}};
    VL_TRY(replica_ready(r));
    VL_TRY(proof_decode(proof, &view));
    struct vl_id log = view.sides[0].fields.log;
    const struct chain *chain = chain_find(r, &log);
    if (chain != NULL && (chain->row.flags & VL_LOG_FORKED) != 0)
        return keep_proof(r, &view, proof);
    VL_TRY(proof_check(r, &view));
    return chain == NULL ? VL_OK : close_log(r, &log, proof);
}

/* ---- showing ---- */

/* One chain stands for each log that was forked. */
static bool is_first_forked(const struct vl_replica *r, size_t at)
{
    const struct vl_log_row *row = &r->chains[r->by_log[at]].row;
    if ((row->flags & VL_LOG_FORKED) == 0) return false;
    return at == 0 || !vl_id_equal(&r->chains[r->by_log[at - 1]].row.log, &row->log);
}

size_t vl_replica_fork_count(const struct vl_replica *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->log_count; i++)
        count += is_first_forked(r, i);
    return count;
}

static vl_result show_fork(struct vl_replica *r, const struct chain *chain, struct vl_buffer *proof,
                           vl_fork_visit visit, void *context)
{
    struct proof_view view;
    struct vl_fork fork = {.log = chain->row.log,
                           .sign_key = chain->row.sign_key,
                           .person = chain->row.person,
                           .branches = chain_leaves(r, &chain->row.log, SIZE_MAX)};
    vl_result result = r->storage.fork_get(r->storage.self, &fork.log, proof);
    if (result == VL_ERR_NOT_FOUND) return visit(context, &fork);
    VL_TRY(result);
    if (proof_decode(vl_buffer_view(proof), &view) != VL_OK) return VL_ERR_DAMAGED;
    for (size_t k = 0; k < 2; k++) {
        fork.seqs[k] = view.sides[k].fields.seq;
        fork.ids[k] = view.sides[k].id;
        fork.walls[k] = view.sides[k].fields.wall;
    }
    fork.proof = vl_buffer_view(proof);
    return visit(context, &fork);
}

vl_result vl_replica_forks(struct vl_replica *r, vl_fork_visit visit, void *context)
{
    struct vl_buffer proof = {0};
    vl_result result = VL_OK;
    VL_TRY(replica_ready(r));
    for (size_t i = 0; result == VL_OK && i < r->log_count; i++)
        if (is_first_forked(r, i))
            result = show_fork(r, &r->chains[r->by_log[i]], &proof, visit, context);
    vl_buffer_finish(&proof);
    return result;
}

bool vl_replica_is_crowded(const struct vl_replica *r, const struct vl_id *person)
{
    for (size_t i = 0; i < r->log_count; i++) {
        const struct vl_log_row *row = &r->chains[r->by_log[i]].row;
        if ((row->flags & VL_LOG_CROWDED) != 0 && vl_id_equal(&row->person, person)) return true;
    }
    return false;
}
