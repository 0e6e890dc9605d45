/* Judging an entry against its parents (I3): what may stand in its links, lamport and auth follows
 * from them alone, so every replica judges alike. */
#include "sync/replica_internal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES_MAX (PARENTS_MAX * VL_AUTH_MAX)

void parents_finish(struct parents *parents)
{
    for (size_t i = 0; i < parents->count; i++)
        past_unref(parents->items[i]);
    parents->count = 0;
}

uint64_t parents_lamport(const struct parents *parents)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < parents->count; i++)
        if (parents->items[i]->lamport > highest) highest = parents->items[i]->lamport;
    return highest + 1;
}

static bool same_controls(const struct past *a, const struct past *b)
{
    return a->control_count == b->control_count &&
           memcmp(a->controls, b->controls, a->control_count * sizeof a->controls[0]) == 0;
}

/* Usually all parents know the same newest control entries; then these are the answer. */
static bool auth_all_same(const struct parents *parents)
{
    for (size_t i = 1; i < parents->count; i++)
        if (!same_controls(parents->items[0], parents->items[i])) return false;
    return true;
}

vl_result parents_auth(struct vl_replica *r, const struct parents *parents,
                       struct vl_id out[static VL_AUTH_MAX], size_t *count)
{
    *count = 0;
    if (parents->count == 0) return VL_OK;
    const struct past *first = parents->items[0];
    if (auth_all_same(parents)) {
        memcpy(out, first->controls, first->control_count * sizeof *out);
        *count = first->control_count;
        return VL_OK;
    }
    struct vl_bytes *names = malloc(CANDIDATES_MAX * sizeof *names);
    if (names == NULL) return VL_ERR_NO_MEMORY;
    size_t candidates = 0;
    for (size_t i = 0; i < parents->count; i++) {
        const struct past *past = parents->items[i];
        assert(past->control_count <= VL_AUTH_MAX);
        for (size_t k = 0; k < past->control_count; k++)
            names[candidates++] = vl_bytes(past->controls[k].bytes, sizeof past->controls[k].bytes);
    }
    vl_result result = VL_OK;
    size_t left = vl_membership_maximal(r->membership, names, candidates, &result);
    /* every control entry of a stored entry's past was learnt, so one that is unknown means that
     * the rows contradict each other */
    if (result == VL_ERR_MISSING) result = VL_ERR_DAMAGED;
    if (result == VL_OK && left > VL_AUTH_MAX) result = VL_ERR_LIMIT;
    for (size_t i = 0; result == VL_OK && i < left; i++)
        memcpy(out[i].bytes, names[i].data, sizeof out[i].bytes);
    if (result == VL_OK) *count = left;
    free(names);
    return result;
}

/* Vectors of a and b joined, each chain with its highest number, into `out`. */
static size_t join_vectors(const struct past_item *a, size_t a_count, const struct past_item *b,
                           size_t b_count, struct past_item *out)
{
    size_t i = 0, k = 0, n = 0;
    while (i < a_count || k < b_count) {
        if (k == b_count || (i < a_count && a[i].chain < b[k].chain)) {
            out[n++] = a[i++];
        } else if (i == a_count || b[k].chain < a[i].chain) {
            out[n++] = b[k++];
        } else {
            out[n] = a[i++];
            if (b[k].seq > out[n].seq) out[n].seq = b[k].seq;
            n++, k++;
        }
    }
    return n;
}

struct joined { /* two vectors of `bound` items each: one is joined into the other */
    struct past_item *now, *next;
    size_t count;
};

static void join_one(struct joined *joined, const struct past_item *items, size_t count)
{
    joined->count = join_vectors(joined->now, joined->count, items, count, joined->next);
    struct past_item *swap = joined->now;
    joined->now = joined->next;
    joined->next = swap;
}

/* See struct past: of the parents, content, and what the entry before in the same log had. */
static void join_content(const struct parents *parents, const struct vl_entry_header *header,
                         struct joined *joined)
{
    for (size_t i = 0; i < parents->count; i++) {
        const struct past *parent = parents->items[i];
        bool is_prev = i == 0 && header->seq > 0;
        if (is_prev || (header->kind != VL_ENTRY_CONTROL && !parent->is_control))
            join_one(joined, parent->content, parent->content_count);
    }
}

vl_result parents_past(const struct parents *parents, const struct vl_entry_header *header,
                       const struct vl_id *id, uint32_t chain, struct past **out)
{
    size_t bound = 1;
    for (size_t i = 0; i < parents->count; i++)
        bound += parents->items[i]->count;
    bool control = header->kind == VL_ENTRY_CONTROL;
    struct past_item few[96], *memory = few;
    vl_result result = VL_ERR_NO_MEMORY;
    if (4 * bound > sizeof few / sizeof few[0]) memory = malloc(4 * bound * sizeof *memory);
    if (memory == NULL) return VL_ERR_NO_MEMORY;
    struct joined all = {memory, memory + bound, 1};
    struct joined content = {memory + 2 * bound, memory + 3 * bound, control ? 0 : 1};
    *all.now = *content.now = (struct past_item){.chain = chain, .seq = header->seq};
    for (size_t i = 0; i < parents->count; i++)
        join_one(&all, parents->items[i]->vector, parents->items[i]->count);
    join_content(parents, header, &content);
    struct past *past = past_create(control ? 1 : header->auth_count, all.count, content.count);
    if (past == NULL) goto done;
    past->is_control = control;
    past->id = *id;
    past->chain = chain;
    past->seq = header->seq;
    past->lamport = header->lamport;
    if (control)
        past->controls[0] = *id;
    else
        memcpy(past->controls, header->auth, header->auth_count * sizeof header->auth[0]);
    memcpy(past->vector, all.now, all.count * sizeof *all.now);
    if (content.count > 0) memcpy(past->content, content.now, content.count * sizeof *all.now);
    *out = past;
    result = VL_OK;
done:
    if (memory != few) free(memory);
    return result;
}

/* No link is the entry before, of its own log, or in the past of another parent. */
static bool links_minimal(const struct vl_replica *r, const struct parents *parents,
                          size_t first_link, const struct vl_id *log)
{
    for (size_t i = first_link; i < parents->count; i++) {
        const struct past *link = parents->items[i];
        if (vl_id_equal(&r->chains[link->chain].row.log, log)) return false;
        for (size_t k = 0; k < parents->count; k++)
            if (k != i && past_covers(parents->items[k], link->chain, link->seq)) return false;
    }
    return true;
}

/* The entry's own chain may be a new one. */
static const struct vl_log_row *row_of(const struct vl_replica *r, const struct vl_log_row *own,
                                       uint32_t chain)
{
    return chain == own->index ? own : &r->chains[chain].row;
}

/* How many branches of a person's logs a past shows; a log that was not forked is one. */
static size_t branches_shown(const struct vl_replica *r, const struct vl_log_row *own,
                             const struct past *past, const struct vl_id *person)
{
    size_t shown = 0;
    for (size_t i = 0; i < past->count; i++) {
        const struct past_item *item = &past->vector[i];
        if (!vl_id_equal(&row_of(r, own, item->chain)->person, person)) continue;
        bool goes_on = false;
        for (size_t k = 0; k < past->count && !goes_on; k++) {
            const struct vl_log_row *other = row_of(r, own, past->vector[k].chain);
            goes_on = other->parent == item->chain && other->index != item->chain &&
                      other->first_seq == item->seq + 1;
        }
        shown += !goes_on;
    }
    return shown;
}

bool branches_are_few(const struct vl_replica *r, const struct vl_log_row *own,
                      const struct parents *parents, const struct past *past)
{
    if (r->log_count < VL_PERSON_CHAINS_MAX) return true;
    for (size_t i = 0; i <= parents->count; i++) {
        const struct vl_id *person =
            i == parents->count ? &own->person : &row_of(r, own, parents->items[i]->chain)->person;
        if (chain_count_of(r, person) < VL_PERSON_CHAINS_MAX) continue;
        if (branches_shown(r, own, past, person) > VL_PERSON_CHAINS_MAX) return false;
    }
    return true;
}

vl_result replica_judge(struct vl_replica *r, const struct vl_entry_header *header,
                        const struct vl_id *id, const struct vl_log_row *row, struct past *prev,
                        struct past **out)
{
    struct vl_log_row own = *row;
    struct parents parents = {0};
    vl_result result = VL_OK;
    if (prev != NULL) parents.items[parents.count++] = past_ref(prev);
    size_t first_link = parents.count;
    for (size_t i = 0; result == VL_OK && i < header->link_count; i++) {
        result = replica_past(r, &header->links[i], &parents.items[parents.count]);
        if (result == VL_OK) parents.count++;
    }
    if (result == VL_OK && !links_minimal(r, &parents, first_link, &header->log))
        result = VL_ERR_LINKS;
    if (result == VL_OK && header->lamport != parents_lamport(&parents)) result = VL_ERR_LAMPORT;
    if (result == VL_OK) {
        struct vl_id auth[VL_AUTH_MAX];
        size_t auth_count;
        result = parents_auth(r, &parents, auth, &auth_count);
        if (result == VL_ERR_LIMIT) result = VL_ERR_AUTH;
        if (result == VL_OK && (auth_count != header->auth_count ||
                                memcmp(auth, header->auth, auth_count * sizeof auth[0]) != 0))
            result = VL_ERR_AUTH;
    }
    if (result == VL_OK) result = parents_past(&parents, header, id, row->index, out);
    if (header->seq == 0)
        (void)member_person(r, header->sign_key, header->auth, header->auth_count, &own.person);
    if (result == VL_OK && !branches_are_few(r, &own, &parents, *out)) {
        past_unref(*out);
        *out = NULL;
        result = VL_ERR_LINKS;
    }
    parents_finish(&parents);
    return result;
}
